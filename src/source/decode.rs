//! From bytes to text, without losing anything and without moving anything.

use std::borrow::Cow;

use super::Problem;
use crate::diagnostic::Severity;
use crate::span::{FileId, Span};

/// Decoded bytes.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) problem: Option<Problem>,
    /// Offsets of the text are those of the bytes.
    pub(super) exact: bool,
}

/// How many bytes are looked at to tell a binary file.
const SNIFFED: usize = 8 << 10;

/// Longest file that is read, in bytes. Offsets are 32 bits wide.
pub(super) const MAX_FILE: u64 = 1 << 30;

/// The text alone, to look into: what is wrong with it is not said.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match wide(bytes) {
        Some((rest, unit)) => Cow::Owned(utf16(rest, unit).text),
        None => String::from_utf8_lossy(bytes),
    }
}

/// How two bytes make a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// The bytes behind the byte order mark of UTF-16, and the order. Without a mark, text of which every other byte is zero
/// is UTF-16: SQL is mostly ASCII, and no program has a zero in every second place.
fn wide(bytes: &[u8]) -> Option<(&[u8], Unit)> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => return Some((rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => return Some((rest, u16::from_be_bytes)),
        _ => {}
    }
    let (pairs, rest) = bytes.get(..bytes.len().min(SNIFFED))?.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    // Nine in ten: a comment may be in any script.
    let mostly = |which: fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| which(pair)).count() * 10 >= pairs.len() * 9;
    if mostly(|[low, high]| *low != 0 && *high == 0) {
        Some((bytes, u16::from_le_bytes))
    } else if mostly(|[high, low]| *low != 0 && *high == 0) {
        Some((bytes, u16::from_be_bytes))
    } else {
        None
    }
}

pub(super) fn decode(file: FileId, bytes: Vec<u8>) -> Decoded {
    if let Some((rest, unit)) = wide(&bytes) {
        return utf16(rest, unit);
    }
    if bytes.iter().take(SNIFFED).any(|byte| *byte == 0) {
        return Decoded { text: String::new(), problem: Some(binary(file)), exact: true };
    }
    match String::from_utf8(bytes) {
        Ok(text) => Decoded { text, problem: None, exact: true },
        Err(error) => lossy(file, error.as_bytes()),
    }
}

fn binary(file: FileId) -> Problem {
    Problem {
        rule: "encoding",
        span: Span::file(file),
        severity: Severity::Error,
        message: "the file is binary and was not read".to_owned(),
        help: Some("give paths of SQL and Python sources, or leave it out with `exclude`".to_owned()),
    }
}

/// Each byte that is not UTF-8 becomes one `_`, which keeps words whole and every offset as it is on disk.
fn lossy(file: FileId, bytes: &[u8]) -> Decoded {
    let mut text = String::with_capacity(bytes.len());
    let mut first = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            first.get_or_insert(text.len());
            text.push('_');
        }
    }
    let at = first.unwrap_or(0);
    let problem = Problem {
        rule: "encoding",
        span: Span::new(file, at, (at + 1).min(text.len())),
        severity: Severity::Warning,
        message: "the file is not UTF-8; each byte that is not is read as `_`".to_owned(),
        help: Some("save it as UTF-8".to_owned()),
    };
    Decoded { text, problem: Some(problem), exact: true }
}

fn utf16(bytes: &[u8], unit: Unit) -> Decoded {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let text = char::decode_utf16(units).map(|c| c.unwrap_or('_')).collect();
    Decoded { text, problem: None, exact: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Decoded {
        decode(FileId(0), bytes.to_vec())
    }

    #[test]
    fn invalid_bytes_keep_their_place() {
        let decoded = read(b"-- caf\xe9\nSELECT '\xff\xfe';");
        assert_eq!(decoded.text, "-- caf_\nSELECT '__';");
        assert_eq!(decoded.problem.map(|problem| problem.span.start), Some(6));
    }

    #[test]
    fn utf16_is_converted() {
        let decoded = read(b"\xff\xfeS\0E\0\xe9\0");
        assert_eq!(decoded.text, "SEé");
        assert!(decoded.problem.is_none() && !decoded.exact);
    }

    #[test]
    fn utf16_without_a_mark_is_told_by_its_zeros() {
        let little: Vec<u8> = "ALTER TABLE t ADD b int; -- é".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "ALTER TABLE t ADD b int; -- é".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            assert_eq!(read(&bytes).text, "ALTER TABLE t ADD b int; -- é");
            assert_eq!(text(&bytes), "ALTER TABLE t ADD b int; -- é");
        }
        assert_eq!(read(b"ab").text, "ab");
    }

    #[test]
    fn a_binary_file_is_not_text() {
        let decoded = read(b"\x7fELF\0\0CREATE TABLE t ();");
        assert!(decoded.text.is_empty() && decoded.problem.is_some());
    }
}

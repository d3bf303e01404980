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
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Cow::Owned(decode(FileId(0), bytes.to_vec()).text),
        _ => String::from_utf8_lossy(bytes),
    }
}

pub(super) fn decode(file: FileId, bytes: Vec<u8>) -> Decoded {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
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

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Decoded {
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
    fn a_binary_file_is_not_text() {
        let decoded = read(b"\x7fELF\0\0CREATE TABLE t ();");
        assert!(decoded.text.is_empty() && decoded.problem.is_some());
    }
}

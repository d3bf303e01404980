//! Places in files: which file, which bytes, which line.

use std::fmt;

/// A file of one run, as an index into the list of sources that were read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FileId(pub u32);

/// A half-open range of bytes, `start..end`, in the text of one file.
///
/// For UTF-8 files the offsets are those of the file on disk, also where bytes were invalid (each such byte is
/// replaced by one byte). A UTF-16 file is converted to UTF-8 first and its offsets are those of the converted text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file the bytes are in.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `start..end` in `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start: offset(start), end: offset(end.max(start)) }
    }

    /// The empty span at the start of `file`: what is said about the file as a whole.
    pub fn file(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }

    /// Whether `other` lies within this span (of the same file).
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that holds both; `self` where the files differ.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file {
            Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
        } else {
            self
        }
    }

    /// The bytes as a range for slicing the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The slice of `text` that the span covers; empty where the span does not fit the text.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// Offsets are 32 bits wide: `source` reads no file of 4 GiB or more, so saturation is never seen.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Where the lines of a text start; turns byte offsets into lines and columns.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Offset of the first byte of each line.
    starts: Vec<u32>,
}

impl LineIndex {
    /// Reads the line starts of `text`. LF, CRLF and a lone CR each end a line once.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends_line = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if ends_line {
                starts.push(offset(at + 1));
            }
        }
        Self { starts }
    }

    /// 1-based line of the byte at `at`.
    pub fn line(&self, at: u32) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Number of lines; at least one.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// Offset of the first byte of the 1-based `line`; of the last line where there are fewer.
    pub fn start_of(&self, line: usize) -> u32 {
        let index = line.saturating_sub(1).min(self.starts.len() - 1);
        self.starts[index]
    }

    /// 1-based line and 1-based column of the byte at `at`, counted in characters of `text`.
    pub fn line_column(&self, text: &str, at: u32) -> (usize, usize) {
        let (line, before) = self.before(text, at);
        (line, before.chars().count() + 1)
    }

    /// 1-based line and 1-based column of the byte at `at`, counted in UTF-16 code units of `text`.
    pub fn line_column_utf16(&self, text: &str, at: u32) -> (usize, usize) {
        let (line, before) = self.before(text, at);
        (line, before.encode_utf16().count() + 1)
    }

    fn before<'t>(&self, text: &'t str, at: u32) -> (usize, &'t str) {
        let line = self.line(at);
        let start = self.start_of(line) as usize;
        let mut end = (at as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(start..end).unwrap_or_default();
        // A byte-order mark is no character of the first line.
        (line, before.strip_prefix('\u{feff}').unwrap_or(before))
    }
}

//! SQL text together with where each byte of it stands in a file, also when it was put together from pieces.

use crate::ir::Unknown;
use crate::span::{FileId, Span};

/// The character that stands for a part of the text that is not known. Never part of real SQL (a private-use
/// character); [`SqlText::hole_at`] tells which part it is.
pub const HOLE: char = '\u{10fffd}';

/// SQL text with the file positions of its bytes and the parts that are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqlText {
    /// The text, each unknown part one [`HOLE`].
    pub text: String,
    /// Where the bytes come from, by rising `at`.
    segments: Vec<Segment>,
    /// The unknown parts, by rising offset in `text`.
    holes: Vec<(u32, Unknown)>,
}

/// A run of bytes and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    /// Offset in the text.
    at: u32,
    /// Length in the text.
    len: u32,
    /// The bytes in the file. As long as `len` where the run is copied; else (an escape, a filled-in value) the
    /// whole span stands for every byte of the run.
    span: Span,
}

impl SqlText {
    /// The whole of a file's text.
    pub fn of_file(file: FileId, text: &str) -> Self {
        let mut this = Self::default();
        this.push(text, Span::new(file, 0, text.len()));
        this
    }

    /// A part of a file's text, which starts at byte `start` of it.
    pub fn of_part(file: FileId, part: &str, start: usize) -> Self {
        let mut this = Self::default();
        this.push(part, Span::new(file, start, start + part.len()));
        this
    }

    /// Appends text copied from, or standing for, `span`. Where `text` and `span` have the same length the bytes
    /// are taken to correspond one to one.
    pub fn push(&mut self, text: &str, span: Span) {
        if text.is_empty() {
            return;
        }
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        if let Some(last) = self.segments.last_mut() {
            let copied = last.len as usize == last.span.len() && text.len() == span.len();
            if copied && last.span.file == span.file && last.span.end == span.start {
                last.len += len;
                last.span.end = span.end;
                return;
            }
        }
        self.segments.push(Segment { at, len, span });
    }

    /// Appends a part that is not known.
    pub fn push_hole(&mut self, unknown: Unknown) {
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let span = unknown.span;
        self.holes.push((at, unknown));
        let mut buffer = [0; 4];
        let text = HOLE.encode_utf8(&mut buffer);
        self.text.push_str(text);
        self.segments.push(Segment { at, len: u32::try_from(text.len()).unwrap_or(4), span });
    }

    /// Appends another text, keeping its positions.
    pub fn append(&mut self, other: &Self) {
        let base = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&other.text);
        self.segments.extend(other.segments.iter().map(|s| Segment { at: s.at + base, ..*s }));
        self.holes.extend(other.holes.iter().map(|(at, hole)| (at + base, hole.clone())));
    }

    /// The part `range` of the text (byte offsets on character boundaries), with its positions.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        let mut this = Self { text: self.text.get(range.clone()).unwrap_or_default().to_owned(), ..Self::default() };
        let first = self.segments.partition_point(|s| (s.at + s.len) as usize <= range.start);
        for segment in &self.segments[first..] {
            let (from, to) = (segment.at as usize, (segment.at + segment.len) as usize);
            if from >= range.end {
                break;
            }
            let (start, end) = (from.max(range.start), to.min(range.end));
            let span = if segment.len as usize == segment.span.len() {
                let base = segment.span.start as usize;
                Span::new(segment.span.file, base + start - from, base + end - from)
            } else {
                segment.span
            };
            let at = u32::try_from(start - range.start).unwrap_or(u32::MAX);
            this.segments.push(Segment { at, len: u32::try_from(end - start).unwrap_or(u32::MAX), span });
        }
        let first = self.holes.partition_point(|(at, _)| (*at as usize) < range.start);
        let holes = self.holes.iter().skip(first).take_while(|(at, _)| (*at as usize) < range.end);
        this.holes.extend(holes.map(|(at, hole)| (*at - u32::try_from(range.start).unwrap_or(0), hole.clone())));
        this
    }

    /// Where the bytes `range` stand. Where they come from several files, the place of the first.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        let start = self.place(range.start, false);
        let end = self.place(range.end.max(range.start + 1) - 1, true);
        match (start, end) {
            (Some(start), Some(end)) if start.file == end.file && start.start <= end.end => {
                Span { file: start.file, start: start.start, end: end.end }
            }
            (Some(start), _) => start,
            (None, _) => Span::default(),
        }
    }

    /// The file bytes of the text byte at `at`; with `last`, ending just after that byte.
    fn place(&self, at: usize, last: bool) -> Option<Span> {
        let index = self.segments.partition_point(|s| s.at as usize <= at).checked_sub(1)?;
        let segment = self.segments.get(index)?;
        if segment.len as usize != segment.span.len() {
            return Some(segment.span);
        }
        let offset = (at - segment.at as usize).min(segment.len.saturating_sub(1) as usize);
        let start = segment.span.start as usize + offset;
        let end = if last { start + 1 } else { segment.span.end as usize };
        Some(Span::new(segment.span.file, start, end))
    }

    /// The unknown part whose [`HOLE`] is at byte `at` of the text.
    pub fn hole_at(&self, at: usize) -> Option<&Unknown> {
        let key = u32::try_from(at).ok()?;
        let index = self.holes.binary_search_by_key(&key, |(at, _)| *at).ok()?;
        self.holes.get(index).map(|(_, hole)| hole)
    }

    /// The first unknown part in `range`.
    pub fn first_hole(&self, range: std::ops::Range<usize>) -> Option<&Unknown> {
        let index = self.holes.partition_point(|(at, _)| (*at as usize) < range.start);
        self.holes.get(index).filter(|(at, _)| (*at as usize) < range.end).map(|(_, hole)| hole)
    }

    /// Every unknown part with the byte of the text that it is at.
    pub fn holes(&self) -> impl Iterator<Item = (usize, &Unknown)> {
        self.holes.iter().map(|(at, hole)| (*at as usize, hole))
    }

    /// Whether every byte is known.
    pub fn is_known(&self) -> bool {
        self.holes.is_empty()
    }

    /// The text of `range` with each unknown part shown as the source has it: `{table}`.
    pub fn shown(&self, range: std::ops::Range<usize>) -> String {
        let mut out = String::new();
        let base = range.start;
        for (at, c) in self.text.get(range).unwrap_or_default().char_indices() {
            if c == HOLE {
                out.push_str(self.hole_at(base + at).map_or("{…}", |hole| hole.text.as_str()));
            } else {
                out.push(c);
            }
        }
        out
    }

    /// Every place the text comes from, in order of the text.
    pub fn places(&self) -> impl Iterator<Item = Span> + '_ {
        self.segments.iter().map(|s| s.span)
    }
}

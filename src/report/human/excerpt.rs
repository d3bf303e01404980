//! A few lines of a file. miette's own sources are read from their first byte for every label; this one goes to the
//! lines by the file's index, so that many findings in a big file cost what they show.

use std::borrow::Cow;

use miette::{MietteError, SourceCode, SourceSpan, SpanContents};

use super::CONTEXT_LINES;
use crate::report::place::{Place, Places, Unit};
use crate::report::text::{hidden, replacement};
use crate::source::SourceFile;
use crate::span::Span;

/// Bytes of a label, and of the text kept on either side of it where lines are longer than [`LONG`].
pub(super) const WIDEST: usize = 160;
/// Bytes of an excerpt from which on its lines are cut.
const LONG: usize = 4096;
/// Lines between two labels from which on they are drawn apart.
const APART: usize = 12;

/// The part of a file that labels point into.
pub(super) struct Excerpt<'o> {
    file: Option<&'o SourceFile>,
    /// Where the primary label is, for the header.
    primary: (usize, Place),
    /// Offset of the first byte of `text`.
    base: usize,
    /// The lines around the labels, fit for a terminal.
    text: Cow<'o, str>,
}

impl std::fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Excerpt").field("base", &self.base).field("text", &self.text).finish_non_exhaustive()
    }
}

impl<'o> Excerpt<'o> {
    /// The lines around `primary` and those of `others` that [`beside`] allows, all in one file.
    pub(super) fn new(places: &Places<'o>, primary: Span, others: &[Span]) -> Self {
        let place = places.place(primary, Unit::Character);
        let file = places.file(primary.file);
        let mut this = Self { file, primary: (primary.range().start, place), base: 0, text: Cow::Borrowed("") };
        let Some(file) = file else { return this };
        let all = others.iter().fold(primary, |all, other| all.to(*other));
        let (start, end) = (all.range().start, all.range().end);
        let (mut from, mut to) = bounds(file, start, end, CONTEXT_LINES, CONTEXT_LINES);
        if others.is_empty() && to - from > LONG {
            from = file.text.ceil_char_boundary(from.max(start.saturating_sub(WIDEST)));
            to = file.text.floor_char_boundary(to.min(end + WIDEST));
        }
        this.base = from;
        this.text = shown(file.text.get(from..to).unwrap_or_default());
        this
    }
}

/// Whether `other` can be drawn in the excerpt of `primary`: in the same file, near, and on lines that are not cut.
pub(super) fn beside(places: &Places<'_>, primary: Span, other: Span) -> bool {
    let Some(file) = places.file(primary.file).filter(|_| primary.file == other.file) else { return false };
    let both = primary.to(other);
    let lines = file.lines.line(both.end) - file.lines.line(both.start);
    let (start, end) = bounds(file, both.range().start, both.range().end, CONTEXT_LINES, CONTEXT_LINES);
    lines <= APART && end - start <= LONG
}

/// `span` cut to [`WIDEST`] bytes.
pub(super) fn narrow(span: Span, text: &str) -> Span {
    let end = span.range().end.min(span.range().start + WIDEST);
    Span::new(span.file, span.range().start, text.floor_char_boundary(end))
}

/// First and last byte of the lines of `start..end` with `before` and `after` lines around them, without the last
/// line's break.
fn bounds(file: &SourceFile, start: usize, end: usize, before: usize, after: usize) -> (usize, usize) {
    let line = |at: usize| file.lines.line(u32::try_from(at).unwrap_or(u32::MAX));
    let first = line(start).saturating_sub(before).max(1);
    let last = line(end.max(start + 1) - 1) + after;
    let to = if last < file.lines.lines() { file.lines.start_of(last + 1) as usize } else { file.text.len() };
    let from = file.lines.start_of(first) as usize;
    let text = file.text.get(from..to).unwrap_or_default();
    let without_break = text.strip_suffix('\n').unwrap_or(text);
    let without_break = without_break.strip_suffix('\r').unwrap_or(without_break);
    (from, from + without_break.len())
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let file = self.file.ok_or(MietteError::OutOfBounds)?;
        let (start, end) = (span.offset(), span.offset() + span.len());
        let (from, to) = bounds(file, start, end, context_lines_before, context_lines_after);
        // An empty span at the very end of a text stands behind its last line break.
        let (from, to) = (from.max(self.base), to.max(end).min(self.base + self.text.len()));
        let inside = self.base <= start && end <= to && from <= to;
        let text = if inside { self.text.get(from - self.base..to - self.base) } else { None };
        let text = text.ok_or(MietteError::OutOfBounds)?;
        // Without context miette asks for the line and column in the header, and for nothing else.
        let header = context_lines_before == 0 && context_lines_after == 0;
        let column = match header {
            true if start == self.primary.0 => self.primary.1.column - 1,
            true => text.get(..start - from).unwrap_or_default().chars().count(),
            false => 0,
        };
        Ok(Box::new(Contents {
            path: &file.path,
            text,
            span: (from, to - from).into(),
            line: file.lines.line(u32::try_from(from).unwrap_or(u32::MAX)) - 1,
            column,
            line_count: text.bytes().filter(|byte| *byte == b'\n').count(),
        }))
    }
}

/// `text` fit for a terminal, byte for byte as long.
fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && c != '\t' && hidden(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        out.push(match c {
            '\n' | '\t' => c,
            '\r' if characters.peek() == Some(&'\n') => c,
            // A lone CR ends a line, too.
            '\r' => '\n',
            c => replacement(c),
        });
    }
    Cow::Owned(out)
}

/// What was asked for.
struct Contents<'a> {
    path: &'a str,
    text: &'a str,
    span: SourceSpan,
    line: usize,
    column: usize,
    line_count: usize,
}

impl<'a> SpanContents<'a> for Contents<'a> {
    fn data(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn span(&self) -> &SourceSpan {
        &self.span
    }

    fn line(&self) -> usize {
        self.line
    }

    fn column(&self) -> usize {
        self.column
    }

    fn line_count(&self) -> usize {
        self.line_count
    }

    fn name(&self) -> Option<&str> {
        Some(self.path)
    }
}

//! Lines and columns of spans, at a cost that does not depend on how long a line is.

use std::cell::OnceCell;

use crate::engine::Outcome;
use crate::source::SourceFile;
use crate::span::{FileId, Span};

/// Distance in bytes between two remembered counts.
const STEP: usize = 1024;

/// Where a span starts and ends, 1-based; the end is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    /// Line of the first character.
    pub(super) line: usize,
    /// Column of the first character.
    pub(super) column: usize,
    /// Line of the end.
    pub(super) end_line: usize,
    /// Column just after the last character.
    pub(super) end_column: usize,
}

/// What a column counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// Unicode scalar values.
    Character,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Byte,
}

/// The files of an outcome with what it takes to find columns in them, counted on first use.
pub(super) struct Places<'o> {
    files: Vec<(&'o SourceFile, OnceCell<Counts>)>,
}

impl<'o> Places<'o> {
    /// The files of `outcome`.
    pub(super) fn new(outcome: &'o Outcome) -> Self {
        Self { files: outcome.files.iter().map(|file| (file.as_ref(), OnceCell::new())).collect() }
    }

    /// The file of `id`; absent only for a span that no file of the outcome has.
    pub(super) fn file(&self, id: FileId) -> Option<&'o SourceFile> {
        self.files.get(id.0 as usize).map(|(file, _)| *file)
    }

    /// The path of the file of `id`, empty where there is none.
    pub(super) fn path(&self, id: FileId) -> &'o str {
        self.file(id).map_or("", |file| file.path.as_str())
    }

    /// The part of `span` on its first line, and for an empty span that line from there on: never more than a line.
    pub(super) fn first_line(&self, span: Span) -> Span {
        let Some(file) = self.file(span.file) else { return span };
        let line = file.lines.line(span.start);
        let next = if line < file.lines.lines() { file.lines.start_of(line + 1) as usize } else { file.text.len() };
        let text = file.text.get(span.start as usize..next).unwrap_or_default();
        let end = span.start as usize + text.trim_end_matches(['\n', '\r']).len();
        let end = if span.is_empty() { end } else { end.min(span.end as usize) };
        Span::new(span.file, span.start as usize, end)
    }

    /// Where `span` is, columns in `unit`. A span of no file is at 1:1.
    pub(super) fn place(&self, span: Span, unit: Unit) -> Place {
        let Some((file, counts)) = self.files.get(span.file.0 as usize) else {
            return Place { line: 1, column: 1, end_line: 1, end_column: 1 };
        };
        let counts = counts.get_or_init(|| Counts::new(&file.text));
        let (line, column) = line_column(file, counts, span.start, unit);
        let (end_line, end_column) =
            if span.is_empty() { (line, column) } else { line_column(file, counts, span.end, unit) };
        Place { line, column, end_line, end_column }
    }
}

/// 1-based line and column of the byte at `at`.
fn line_column(file: &SourceFile, counts: &Counts, at: u32, unit: Unit) -> (usize, usize) {
    let line = file.lines.line(at);
    let start = file.lines.start_of(line) as usize;
    let at = (at as usize).min(file.text.len());
    let mut column = counts.before(&file.text, at, unit).saturating_sub(counts.before(&file.text, start, unit));
    // A byte-order mark is no character of the first line.
    if start == 0 && file.text.starts_with('\u{feff}') && at > 0 {
        column = column.saturating_sub(if unit == Unit::Byte { '\u{feff}'.len_utf8() } else { 1 });
    }
    (line, column + 1)
}

/// How many characters and UTF-16 units start before every [`STEP`]th byte of a text.
struct Counts(Vec<(usize, usize)>);

impl Counts {
    fn new(text: &str) -> Self {
        let mut counts = Vec::with_capacity(text.len() / STEP + 1);
        let (mut characters, mut units) = (0, 0);
        for (at, byte) in text.bytes().enumerate() {
            if at.is_multiple_of(STEP) {
                counts.push((characters, units));
            }
            characters += starts_character(byte);
            units += starts_units(byte);
        }
        if text.len().is_multiple_of(STEP) {
            counts.push((characters, units));
        }
        Self(counts)
    }

    /// How many of `unit` start before the byte at `at`.
    fn before(&self, text: &str, at: usize, unit: Unit) -> usize {
        let (characters, units) = self.0.get(at / STEP).copied().unwrap_or_default();
        let rest = text.as_bytes().get(at - at % STEP..at).unwrap_or_default().iter().copied();
        match unit {
            Unit::Character => characters + rest.map(starts_character).sum::<usize>(),
            Unit::Utf16 => units + rest.map(starts_units).sum::<usize>(),
            Unit::Byte => at,
        }
    }
}

/// 1 for the first byte of a character in UTF-8, 0 for the others.
fn starts_character(byte: u8) -> usize {
    usize::from(byte & 0b1100_0000 != 0b1000_0000)
}

/// UTF-16 code units of the character that `byte` is the first of: 2 for those of four bytes.
fn starts_units(byte: u8) -> usize {
    starts_character(byte) + usize::from(byte >= 0b1111_0000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn columns_are_those_of_the_line_index_whatever_the_length_of_the_line() {
        let text = format!("\u{feff}é😀a\r\n{}\n", "é😀a".repeat(1000));
        let outcome = sample::outcome_of(&[("a.sql", &text)], Vec::new());
        let places = Places::new(&outcome);
        let file = &outcome.files[0];
        for (at, _) in text.char_indices().filter(|(at, _)| *at > 0) {
            let span = Span::new(FileId(0), at, at);
            let offset = span.start;
            let place = places.place(span, Unit::Character);
            assert_eq!((place.line, place.column), file.lines.line_column(&text, offset), "at byte {at}");
            let place = places.place(span, Unit::Utf16);
            assert_eq!((place.line, place.column), file.lines.line_column_utf16(&text, offset), "at byte {at}");
        }
    }

    #[test]
    fn a_place_outside_every_file_is_the_first() {
        let outcome = Outcome::default();
        let place = Places::new(&outcome).place(Span::new(FileId(7), 3, 9), Unit::Character);
        assert_eq!((place.line, place.column), (1, 1));
    }
}

//! From bytes to the lines and columns of the protocol: both from 0, columns in what was agreed with the editor.

use lsp_types::{Position, PositionEncodingKind, Range};

use crate::source::SourceFile;
use crate::span::Span;

/// Distance in bytes between two remembered counts, so that a column costs the same however long its line is.
const STEP: usize = 1024;

/// What a column counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// UTF-16 code units, which every editor knows.
    #[default]
    Utf16,
}

impl Encoding {
    /// Bytes where the editor can count them, else UTF-16.
    pub(super) fn choose(offered: Option<&[PositionEncodingKind]>) -> Self {
        let bytes = offered.is_some_and(|offered| offered.contains(&PositionEncodingKind::UTF8));
        if bytes { Self::Utf8 } else { Self::Utf16 }
    }

    /// Its name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }
}

/// Finds columns in one file.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    encoding: Encoding,
    /// UTF-16 units that start before every [`STEP`]th byte; empty where columns are bytes.
    units: Vec<usize>,
}

impl Positions {
    /// Counts `text`, where `encoding` asks for it.
    pub(super) fn new(text: &str, encoding: Encoding) -> Self {
        let mut units = Vec::new();
        if encoding == Encoding::Utf16 {
            let mut count = 0;
            for (at, byte) in text.bytes().enumerate() {
                if at.is_multiple_of(STEP) {
                    units.push(count);
                }
                count += units_of(byte);
            }
            if text.len().is_multiple_of(STEP) {
                units.push(count);
            }
        }
        Self { encoding, units }
    }

    /// The place of the byte at `at` of `file`.
    pub(super) fn position(&self, file: &SourceFile, at: u32) -> Position {
        let line = file.lines.line(at);
        let start = file.lines.start_of(line) as usize;
        let at = (at as usize).min(file.text.len());
        let column = self.before(&file.text, at).saturating_sub(self.before(&file.text, start));
        // Offsets have 32 bits, and there are no more lines or columns than those.
        let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Position { line: narrow(line - 1), character: narrow(column) }
    }

    /// The place of `span` of `file`.
    pub(super) fn range(&self, file: &SourceFile, span: Span) -> Range {
        Range { start: self.position(file, span.start), end: self.position(file, span.end) }
    }

    fn before(&self, text: &str, at: usize) -> usize {
        match self.encoding {
            Encoding::Utf8 => at,
            Encoding::Utf16 => {
                let counted = self.units.get(at / STEP).copied().unwrap_or_default();
                let rest = text.as_bytes().get(at - at % STEP..at).unwrap_or_default();
                counted + rest.iter().copied().map(units_of).sum::<usize>()
            }
        }
    }
}

/// UTF-16 code units of the character that `byte` is the first of; 0 for the bytes after the first.
fn units_of(byte: u8) -> usize {
    usize::from(byte & 0b1100_0000 != 0b1000_0000) + usize::from(byte >= 0b1111_0000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::source::Sources;

    #[test]
    fn columns_are_counted_as_agreed() {
        let text = format!("-- é😀\r\n{}x", "é😀a".repeat(700));
        let settings = Settings::default();
        let sources = Sources::stdin(text.clone().into_bytes(), "a.sql", std::path::Path::new("."), &settings);
        let file = &sources.files()[0];
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let at = u32::try_from(at).expect("short");
            let (line, column) = file.lines.line_column_utf16(&text, at);
            let start = file.lines.start_of(line);
            let line = u32::try_from(line - 1).expect("short");
            let of = |encoding| Positions::new(&text, encoding).position(file, at);
            let units = u32::try_from(column - 1).expect("short");
            assert_eq!(of(Encoding::Utf16), Position { line, character: units }, "at byte {at}");
            assert_eq!(of(Encoding::Utf8), Position { line, character: at - start }, "at byte {at}");
        }
    }
}

//! Atlas: directives in the comments that head a file, and what ends its statements.

use std::ops::Range;

use super::{Cut, Section};
use crate::ir::Direction;

/// The directives of the file itself: name, arguments, bytes. They stand in the comments at its start, where an empty
/// line parts these from the first statement. A carriage return is not an empty line to Atlas.
/// Source: Atlas `sql/migrate/dir.go`, `LocalFile.comments`.
fn directives(text: &str) -> Vec<(&str, &str, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.get(..heading(text)).unwrap_or_default().split_inclusive('\n') {
        let trimmed = line.trim();
        found.extend(directive(trimmed).map(|(name, arguments)| (name, arguments, at..at + trimmed.len())));
        at += line.len();
    }
    found
}

/// Where the comments end that head a file; 0 where no empty line parts them from what follows.
pub(super) fn heading(text: &str) -> usize {
    let comments = text.split_inclusive('\n').take_while(|line| line.starts_with('#') || line.starts_with("--"));
    let end = comments.map(str::len).sum();
    let rest = text.get(end..).unwrap_or_default();
    let parted = rest.is_empty() || rest.trim_start_matches([' ', '\t']).starts_with('\n');
    if parted { end } else { 0 }
}

/// The directive in a comment: its name and arguments.
pub(super) fn directive(comment: &str) -> Option<(&str, &str)> {
    let (before, rest) = comment.split_once("atlas:")?;
    if !before.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, arguments) = rest.split_at(end);
    (!name.is_empty()).then_some((name, arguments.trim()))
}

/// Cuts a file.
pub(super) fn cut(text: &str) -> Cut {
    let mut section = Section::new(Direction::Up, 0..text.len());
    if let Some((_, mode, at)) = directives(text).into_iter().find(|(name, ..)| *name == "txmode") {
        section.transaction = match mode {
            "none" => Some((false, at)),
            "file" => Some((true, at)),
            _ => None,
        };
    }
    // The delimiter counts on the first line and nowhere else: `directive(input, "delimiter", "-- ")`.
    let first = text.lines().next().unwrap_or_default();
    let delimiter = directive(first).filter(|(name, _)| *name == "delimiter" && first.starts_with("-- atlas:"));
    if let Some((_, written)) = delimiter {
        let delimiter = written.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
        if !delimiter.is_empty() {
            section.strings = true;
            section.pieces = pieces(text, first.len(), &delimiter);
        }
    }
    Cut { sections: vec![section], ..Cut::default() }
}

fn pieces(text: &str, from: usize, delimiter: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = from;
    for (at, _) in text.get(from..).unwrap_or_default().match_indices(delimiter) {
        found.push(start..from + at);
        start = from + at + delimiter.len();
    }
    found.push(start..text.len());
    found.retain(|range| text.get(range.clone()).is_some_and(|piece| !piece.trim().is_empty()));
    found
}

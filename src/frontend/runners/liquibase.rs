//! Liquibase's formatted SQL: changesets, each with its attributes and its way back.
//!
//! Source: Liquibase `AbstractFormattedChangeLogParser` and `FormattedSqlChangeLogParser`.

use std::ops::Range;

use super::{Cut, Section, lines};
use crate::config::Dialect;
use crate::ir::Direction;
use crate::source::SourceFile;

/// The text of a comment line behind a word, where the word is followed by what it must be.
fn behind<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let comment = line.trim_start_matches('\u{feff}').trim_start().strip_prefix("--")?.trim_start();
    comment.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
    comment.get(word.len()..)
}

/// What is behind `--changeset` on a line.
pub(super) fn changeset(line: &str) -> Option<&str> {
    behind(line, "changeset").filter(|rest| rest.starts_with(char::is_whitespace) && rest.contains(':')).map(str::trim)
}

/// An attribute of a changeset: `runInTransaction:false`. Case does not count.
fn attribute<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.split_whitespace().find_map(|word| {
        let (key, value) = word.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The dialect of `dbms:postgresql,h2`: the first that is known, and not one that is taken out with `!`.
fn dbms(value: &str) -> Option<Dialect> {
    value.split(',').find_map(|name| match name.trim() {
        "postgresql" | "postgres" | "cockroachdb" | "edb" => Some(Dialect::Postgres),
        "mysql" | "mariadb" => Some(Dialect::Mysql),
        "sqlite" => Some(Dialect::Sqlite),
        "mssql" => Some(Dialect::Mssql),
        _ => None,
    })
}

/// A changeset as it is read.
struct Changeset {
    up: Section,
    down: Section,
    /// `/* liquibase rollback` is open.
    inside_rollback: bool,
    /// What ends a statement, where it is not `;`.
    delimiter: Option<String>,
    /// Statements of it are sent by themselves.
    splits: bool,
}

impl Changeset {
    fn new(said: &str, range: Range<usize>) -> Self {
        // The name is what stands before the first attribute: `author:id`, either in quotes where it has blanks.
        let words = said.split_whitespace();
        let name = words.clone().next().unwrap_or_default();
        let name = if name.contains(':') { name.to_owned() } else { words.take(2).collect::<Vec<_>>().join(" ") };
        let section = |direction| Section {
            name: Some(name.clone()),
            dialect: attribute(said, "dbms").and_then(dbms),
            transaction: attribute(said, "runInTransaction").map(|value| (value != "false", range.clone())),
            pieces: Vec::new(),
            ..Section::new(direction, range.clone())
        };
        Self {
            up: section(Direction::Up),
            down: section(Direction::Down),
            inside_rollback: false,
            delimiter: attribute(said, "endDelimiter").map(|word| word.replace("\\n", "\n")).filter(|word| word != ";"),
            splits: attribute(said, "splitStatements") != Some("false"),
        }
    }

    fn line(&mut self, line: &str, range: Range<usize>) {
        if self.inside_rollback {
            if line.trim_end().ends_with("*/") {
                self.inside_rollback = false;
            } else {
                self.down.pieces.push(range);
            }
            return;
        }
        let open = line.trim_start().strip_prefix("/*").map(str::trim).map(str::to_ascii_lowercase);
        if open.is_some_and(|open| open.split_whitespace().eq(["liquibase", "rollback"])) {
            self.inside_rollback = true;
        } else if let Some(back) = behind(line, "rollback ") {
            let nothing =
                matches!(back.trim(), "empty" | "not required") || back.trim_start().starts_with("changesetId:");
            let start = range.end - back.len();
            if !nothing {
                self.down.pieces.push(start..range.end);
            }
        } else {
            // Other comments are comments to the server, too.
            match self.up.pieces.last_mut() {
                Some(last) if last.end + 2 >= range.start => last.end = range.end,
                _ => self.up.pieces.push(range),
            }
        }
    }

    fn finish(mut self, end: usize, text: &str, sections: &mut Vec<Section>) {
        self.up.range.end = end;
        self.down.range.end = end;
        if !self.splits {
            // One string: what stands around a `--rollback` is one text with a comment in it.
            let whole = self.up.pieces.first().zip(self.up.pieces.last()).map(|(from, to)| from.start..to.end);
            self.up.pieces = whole.into_iter().collect();
            self.up.strings = true;
        } else if let Some(delimiter) = &self.delimiter {
            let pieces = std::mem::take(&mut self.up.pieces);
            self.up.pieces = pieces.into_iter().flat_map(|piece| apart(text, piece, delimiter)).collect();
            self.up.strings = true;
        }
        sections.push(self.up);
        if !self.down.pieces.is_empty() {
            sections.push(self.down);
        }
    }
}

/// The parts of a piece between delimiters. Liquibase takes them for regular expressions; those in use are words.
fn apart(text: &str, piece: Range<usize>, delimiter: &str) -> Vec<Range<usize>> {
    let inside = text.get(piece.clone()).unwrap_or_default();
    if delimiter.is_empty() {
        return vec![piece];
    }
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in inside.match_indices(delimiter) {
        found.push(piece.start + start..piece.start + at);
        start = at + delimiter.len();
    }
    found.push(piece.start + start..piece.end);
    found
}

/// Cuts a file into its changesets, each followed by its way back.
pub(super) fn cut(file: &SourceFile) -> Cut {
    let mut sections = Vec::new();
    let mut open: Option<Changeset> = None;
    for (range, line) in lines(&file.text) {
        if let Some(said) = changeset(line) {
            if let Some(before) = open.take() {
                before.finish(range.start, &file.text, &mut sections);
            }
            open = Some(Changeset::new(said, range));
        } else if let Some(open) = &mut open {
            open.line(line, range);
        }
    }
    if let Some(last) = open {
        last.finish(file.text.len(), &file.text, &mut sections);
    }
    Cut { sections, ..Cut::default() }
}

//! goose, and sql-migrate, which took its format over from an early goose.
//!
//! Both end a statement at a line whose last word ends with `;`, whatever the line is part of; what is between
//! `StatementBegin` and `StatementEnd` is one string. Sources: goose `internal/sqlparser/parser.go`, sql-migrate
//! `sqlparse/sqlparse.go`.

use std::ops::Range;

use super::{Cut, Section, comment, lines, refused};
use crate::frontend::sql;
use crate::ir::Direction;
use crate::source::{Problem, SourceFile};

/// What differs between the two.
#[derive(Clone, Copy)]
pub(super) struct Flavour {
    /// What comes before the words of a marker.
    prefix: &'static str,
    /// Its name in messages.
    name: &'static str,
    /// Case counts, and the prefix is written in one way only.
    exact: bool,
}

pub(super) const GOOSE: Flavour = Flavour { prefix: "+goose", name: "goose", exact: false };
pub(super) const SQL_MIGRATE: Flavour = Flavour { prefix: "+migrate", name: "sql-migrate", exact: true };

/// What a marker says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Marker {
    Up,
    Down,
    Begin,
    End,
    NoTransaction,
    Variables(bool),
}

impl Flavour {
    /// The marker on a line, and whether it says `notransaction`.
    fn marker(self, line: &str) -> Option<(Marker, bool)> {
        if self.exact && !line.starts_with("-- +migrate ") {
            return None;
        }
        let comment = comment(line)?;
        let rest = if self.exact {
            comment.strip_prefix(self.prefix)?
        } else {
            // goose takes its prefix wherever it stands in the comment, and drops every dash pair.
            comment.get(..self.prefix.len()).filter(|head| head.eq_ignore_ascii_case(self.prefix))?;
            comment.get(self.prefix.len()..)?
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let known = [
            ("Up", Marker::Up),
            ("Down", Marker::Down),
            ("StatementBegin", Marker::Begin),
            ("StatementEnd", Marker::End),
            ("NO TRANSACTION", Marker::NoTransaction),
            ("ENVSUB ON", Marker::Variables(true)),
            ("ENVSUB OFF", Marker::Variables(false)),
        ];
        if self.exact {
            let (first, options) = words.split_first()?;
            let (_, marker) = known.iter().take(4).find(|(word, _)| word == first)?;
            return Some((*marker, options.contains(&"notransaction")));
        }
        let said = rest.trim();
        let (_, marker) = known.iter().find(|(word, _)| word.eq_ignore_ascii_case(said))?;
        Some((*marker, false))
    }
}

/// Whether the last word of a line, before a comment, ends with `;`.
fn ends(line: &str) -> bool {
    line.split_whitespace().take_while(|word| !word.starts_with("--")).last().is_some_and(|word| word.ends_with(';'))
}

/// Where the reader stands.
struct State<'a> {
    file: &'a SourceFile,
    flavour: Flavour,
    cut: Cut,
    /// The statement that has begun.
    begun: Option<usize>,
    /// The line of an open `StatementBegin`.
    together: Option<Range<usize>>,
    /// Where variables of the environment are filled in from.
    variables: Option<usize>,
    /// The marker that says that there is no transaction.
    none: Option<Range<usize>>,
}

/// Cuts a file.
pub(super) fn cut(file: &SourceFile, flavour: Flavour) -> Cut {
    let mut state =
        State { file, flavour, cut: Cut::default(), begun: None, together: None, variables: None, none: None };
    for (range, line) in lines(&file.text) {
        match flavour.marker(line) {
            Some((marker, option)) => state.marker(marker, option, range),
            None => state.line(line, range),
        }
    }
    state.finish()
}

impl State<'_> {
    fn marker(&mut self, marker: Marker, no_transaction: bool, range: Range<usize>) {
        match marker {
            Marker::Up | Marker::Down => {
                self.leave(range.start);
                let direction = if marker == Marker::Up { Direction::Up } else { Direction::Down };
                let mut section = Section::new(direction, range.clone()).in_one();
                section.pieces.clear();
                section.transaction = no_transaction.then_some((false, range));
                self.cut.sections.push(section);
            }
            Marker::Begin => {
                self.unfinished(range.start);
                self.together = Some(range.clone());
                self.begun = Some(range.end);
            }
            Marker::End => {
                if let (Some(_), Some(from)) = (self.together.take(), self.begun.take()) {
                    self.piece(from..range.start);
                }
            }
            Marker::NoTransaction => self.none = Some(range),
            Marker::Variables(true) => {
                self.variables.get_or_insert(range.end);
            }
            Marker::Variables(false) => {
                let from = self.variables.take();
                self.cut.variables.extend(from.map(|from| from..range.start));
            }
        }
    }

    fn line(&mut self, line: &str, range: Range<usize>) {
        if self.together.is_some() {
            return;
        }
        if self.cut.sections.is_empty() {
            let blank = line.trim().is_empty() || line.trim_start_matches('\u{feff}').trim_start().starts_with("--");
            if !blank && !self.flavour.exact && self.cut.problems.is_empty() {
                let message = "goose refuses a file with a statement before `-- +goose Up`".to_owned();
                self.cut.problems.push(refused(self.file, range, message, "put the marker on the first line"));
            }
            return;
        }
        if self.begun.is_none() {
            if line.trim().is_empty() || line.trim_start().starts_with("--") {
                return;
            }
            self.begun = Some(range.start);
        }
        if ends(line)
            && let Some(from) = self.begun.take()
        {
            self.piece(from..range.end);
        }
    }

    fn piece(&mut self, range: Range<usize>) {
        if let Some(section) = self.cut.sections.last_mut() {
            section.pieces.push(range);
        }
    }

    /// A statement that the runner does not see the end of.
    fn unfinished(&mut self, at: usize) {
        let Some(from) = self.begun.take() else { return };
        let text = self.file.text.get(from..at).unwrap_or_default();
        let comments = lines(text).all(|(_, line)| line.trim().is_empty() || line.trim_start().starts_with("--"));
        if !comments {
            let message = format!("{} sees no end of this statement: no line of it ends with `;`", self.flavour.name);
            let end = from + text.trim_end().len();
            self.cut.problems.push(refused(self.file, from..end, message, "end it with `;` at the end of a line"));
        }
        self.piece(from..at);
    }

    fn open(&mut self) {
        if let Some(begin) = self.together.take() {
            let message = format!("`StatementBegin` without `StatementEnd`: {} refuses the file", self.flavour.name);
            let help = format!("put `-- {} StatementEnd` after the statement", self.flavour.prefix);
            self.cut.problems.push(refused(self.file, begin, message, &help));
        }
    }

    /// A section ends at `at`.
    fn leave(&mut self, at: usize) {
        if self.together.is_some() {
            self.open();
            let from = self.begun.take();
            self.cut.sections.last_mut().into_iter().for_each(|s| s.pieces.extend(from.map(|from| from..at)));
        }
        self.unfinished(at);
        if let Some(section) = self.cut.sections.last_mut() {
            section.range.end = at;
        }
    }

    fn finish(mut self) -> Cut {
        let end = self.file.text.len();
        self.leave(end);
        let from = self.variables.take();
        self.cut.variables.extend(from.map(|from| from..end));
        for section in &mut self.cut.sections {
            if let Some(marker) = &self.none {
                section.transaction = Some((false, marker.clone()));
            }
            let problem = join(self.file, self.flavour, section);
            self.cut.problems.extend(problem);
        }
        self.cut
    }
}

/// Joins pieces that are one statement after all: the runner ends it at a `;` inside a quote, so it fails there; what
/// was meant is read as a whole. The first such place is said.
fn join(file: &SourceFile, flavour: Flavour, section: &mut Section) -> Option<Problem> {
    let mut problem = None;
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(section.pieces.len());
    let mut until = 0;
    for piece in &section.pieces {
        if piece.start < until {
            if let Some(last) = joined.last_mut() {
                last.end = last.end.max(piece.end);
            }
            continue;
        }
        joined.push(piece.clone());
        let Some((at, what)) = sql::unclosed(file.text.get(piece.clone()).unwrap_or_default(), file.dialect) else {
            continue;
        };
        let rest = file.text.get(piece.start..section.range.end).unwrap_or_default();
        until = piece.start + sql::first_end(rest, file.dialect);
        if until > piece.end && problem.is_none() {
            let at = piece.start + at;
            let message = format!("{} ends the statement at a line inside the {what} that opens here", flavour.name);
            let help =
                format!("put the statement between `-- {0} StatementBegin` and `-- {0} StatementEnd`", flavour.prefix);
            let end = (at + 1..=file.text.len()).find(|at| file.text.is_char_boundary(*at)).unwrap_or(at);
            problem = Some(refused(file, at..end, message, &help));
        }
    }
    section.pieces = joined;
    problem
}

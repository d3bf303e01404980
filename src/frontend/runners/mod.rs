//! What a runner makes of a SQL file: the sections it applies as units, the transaction it opens around each, and the
//! strings it sends to the server.
//!
//! Every runner finds its markers line by line and not by the grammar of SQL, so that is how they are found here. What is
//! known of a runner in words, with the sources of it, is in [`crate::source::About`].

mod atlas;
mod goose;
mod liquibase;
mod markers;
mod placeholders;
mod plan;
mod psql;
mod sections;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

pub(super) use self::plan::{Plan, settle};

use super::text::SqlText;
use crate::config::Dialect;
use crate::diagnostic::Severity;
use crate::ir::{Direction, Guards, Revision};
use crate::source::{Modules, Problem, Runner, SourceFile};
use crate::span::Span;

/// A part of a SQL file that its runner applies as one unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Section {
    /// Which way it goes.
    pub(super) direction: Direction,
    /// The bytes of the file it covers, markers included.
    pub(super) range: Range<usize>,
    /// Whether the runner opens a transaction around it, where a marker says so, and the marker.
    pub(super) transaction: Option<(bool, Range<usize>)>,
    /// A name that a marker gives it.
    pub(super) name: Option<String>,
    /// The databases it is applied to, where a marker says so.
    pub(super) dialect: Option<Dialect>,
    /// The bytes that are sent, in order.
    pub(super) pieces: Vec<Range<usize>>,
    /// Each piece is sent as one string. Else they are one text, of which each statement is sent by itself.
    pub(super) strings: bool,
}

impl Section {
    /// The bytes `range`, of which each statement is sent by itself.
    fn new(direction: Direction, range: Range<usize>) -> Self {
        Self {
            direction,
            pieces: vec![range.clone()],
            range,
            transaction: None,
            name: None,
            dialect: None,
            strings: false,
        }
    }

    /// The same, sent as one string.
    fn in_one(self) -> Self {
        Self { strings: true, ..self }
    }
}

/// A file as its runner cuts it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Cut {
    /// Its sections in order. Never empty.
    pub(super) sections: Vec<Section>,
    /// What its runner would not take, or not take for what it looks like.
    pub(super) problems: Vec<Problem>,
    /// The bytes in which variables of the environment are filled in.
    variables: Vec<Range<usize>>,
}

/// Cuts `file` into sections.
pub(super) fn cut(file: &SourceFile) -> Cut {
    let text = file.text.as_str();
    let whole = || Section::new(Direction::Up, 0..text.len());
    let mut cut = match file.runner {
        Runner::Goose => goose::cut(file, goose::GOOSE),
        Runner::SqlMigrate => goose::cut(file, goose::SQL_MIGRATE),
        Runner::Dbmate => sections::dbmate(file),
        Runner::NodePgMigrate => sections::node_pg_migrate(text),
        Runner::Tern => sections::tern(text),
        Runner::Liquibase => liquibase::cut(file),
        Runner::Atlas => atlas::cut(text),
        Runner::Drizzle => sections::drizzle(text),
        Runner::Sqlx => sections::sqlx(text),
        Runner::PostgresMigrations => sections::postgres_migrations(text),
        Runner::Yoyo => sections::yoyo(file),
        Runner::Aerich => sections::aerich(text),
        Runner::GolangMigrate
        | Runner::Pop
        | Runner::Prisma
        | Runner::Diesel
        | Runner::Hasura
        | Runner::Refinery
        | Runner::Supabase => Cut { sections: vec![whole().in_one()], ..Cut::default() },
        Runner::Plain if file.place.neighbours.program && !refuses_company(&file.text) => {
            Cut { sections: vec![whole().in_one()], ..Cut::default() }
        }
        _ => Cut::default(),
    };
    if cut.sections.is_empty() {
        cut.sections.push(whole());
    }
    for section in &mut cut.sections {
        if file.down {
            section.direction = Direction::Down;
        }
        // Only PostgreSQL makes one transaction of the statements of a string.
        section.strings &= section.dialect.unwrap_or(file.dialect) == Dialect::Postgres;
    }
    cut.problems.extend(markers::check(file));
    cut
}

/// Whether a text holds words of statements that the server refuses beside others in one string. A program that applies
/// migrations reads a file and sends it, as a rule within a transaction; one with such statements does something else.
fn refuses_company(text: &str) -> bool {
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        // A literal of this file; a mistake in it shows at the first test.
        Regex::new(
            r"(?i)\b(?:CONCURRENTLY|VACUUM|ALTER\s+SYSTEM|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION))\b",
        )
        .expect("a pattern of this file compiles")
    });
    ALONE.is_match(text)
}

/// What a file says of its place in the graph of its runner, where that keeps one.
pub(super) fn revision(file: &SourceFile) -> Option<Revision> {
    (file.runner == Runner::Yoyo && !file.down).then(|| sections::yoyo_revision(file)).flatten()
}

/// A text that a section sends.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// The text, with what the runner fills in as unknown parts.
    pub(super) text: SqlText,
    /// The conditions of psql that it stands under, outermost first.
    pub(super) guards: Guards,
    /// A connection of its own is opened for it.
    pub(super) connects: bool,
}

/// The texts that a section sends, in order. Each is one string where the section says so.
pub(super) fn sent(file: &SourceFile, cut: &Cut, section: &Section, modules: &dyn Modules) -> Vec<Sent> {
    if matches!(file.runner, Runner::Psql | Runner::Sqitch) {
        return psql::sent(file, modules);
    }
    let mut texts: Vec<Sent> = Vec::new();
    for piece in &section.pieces {
        let text = placeholders::fill(file, piece.clone(), &cut.variables);
        match texts.first_mut().filter(|_| !section.strings) {
            Some(all) => {
                // Pieces that are parts of one text are lines of it.
                all.text.push("\n", Span::new(file.id, piece.start, piece.start));
                all.text.append(&text);
            }
            None => texts.push(Sent { text, ..Sent::default() }),
        }
    }
    texts
}

/// The lines of a text: the bytes of each without what ends it, and the text.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        (start..start + line.len(), line)
    })
}

/// The text of a comment line without its dashes, and where the line's own text starts.
fn comment(line: &str) -> Option<&str> {
    Some(line.trim_start_matches('\u{feff}').trim_start().strip_prefix("--")?.trim_start_matches('-').trim())
}

/// The problem of a runner that would refuse the file.
fn refused(file: &SourceFile, range: Range<usize>, message: String, help: &str) -> Problem {
    Problem {
        rule: "parse-error",
        span: Span::new(file.id, range.start, range.end),
        severity: Severity::Error,
        message,
        help: Some(help.to_owned()),
    }
}

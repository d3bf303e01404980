//! What real servers say about the statements of PostgreSQL's own regression suite, against what ddlint reads in them.
//!
//! `scripts/coverage` runs the suite and sets `DDLINT_REGRESSION` to what was noted. Without it these tests have
//! nothing to compare and say so.

mod claims;
mod compare;
mod consequence;
mod derived;
mod document;

use std::collections::BTreeMap;

use ddlint::config::Dialect;
use ddlint::frontend::sql::{self, ReadOptions};
use ddlint::frontend::text::SqlText;
use ddlint::ir::Operation;
use ddlint::span::FileId;
use serde::Deserialize;

/// Least share of the statements that the server accepts that must be typed.
const TYPED: f64 = 0.999;
/// Least share of what the server's event triggers saw, and of what ddlint reads, on which both agree.
const AGREED: f64 = 0.995;

/// A statement as psql sent it, and what became of it.
#[derive(Deserialize, Debug)]
pub(crate) struct Noted {
    /// The test of the suite.
    pub(crate) file: String,
    /// Its text.
    pub(crate) sql: String,
    /// The error with which the server refused it.
    pub(crate) sqlstate: Option<String>,
    /// What event triggers saw it do.
    pub(crate) events: Vec<Event>,
}

impl Noted {
    /// The server could parse it.
    pub(crate) fn parses(&self) -> bool {
        self.sqlstate.as_deref() != Some("42601")
    }

    /// Rows follow it that are no part of it.
    fn copies(&self) -> bool {
        let words: Vec<String> = self.sql.split_whitespace().map(str::to_lowercase).collect();
        words.first().is_some_and(|word| word == "copy")
            && words.windows(2).any(|pair| pair[0] == "from" && pair[1].trim_end_matches(';') == "stdin")
    }
}

/// One object that a statement created, altered or dropped.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Event {
    /// `ddl`, `drop` or `rewrite`.
    pub(crate) kind: String,
    /// The command tag, `CREATE TABLE`.
    pub(crate) tag: String,
    /// The server's name of the sort of object, `table column`.
    pub(crate) object_type: String,
    /// Its name as the server writes it; none for privileges.
    pub(crate) identity: Option<String>,
    /// The statement names it, where it is dropped.
    #[serde(default)]
    pub(crate) original: bool,
}

/// What was noted, or `None` with a line that says why there is nothing.
fn noted() -> Option<Vec<Noted>> {
    let Some(path) = std::env::var_os("DDLINT_REGRESSION") else {
        println!("skipped: DDLINT_REGRESSION is not set; scripts/coverage runs the suite and sets it");
        return None;
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect(),
    )
}

/// What ddlint reads in each statement that was noted. What the server cannot parse is not read.
///
/// The statements of one test are read as one text, as they would stand in a migration: a function that the test
/// defines is known where the test calls it.
fn read(noted: &[Noted]) -> Vec<Vec<Operation>> {
    let mut read = Vec::with_capacity(noted.len());
    for file in noted.chunk_by(|a, b| a.file == b.file) {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(file.len());
        for one in file {
            starts.push(text.len());
            if one.parses() {
                text.push_str(&one.sql);
                text.push_str(if one.copies() { "\n;\n\\.\n" } else { "\n;\n" });
            }
        }
        let options = ReadOptions { dialect: Dialect::Postgres, query: 0 };
        let mut operations: Vec<Vec<Operation>> = file.iter().map(|_| Vec::new()).collect();
        for op in sql::read(&SqlText::of_file(FileId(0), &text), options) {
            let after = starts.partition_point(|start| *start <= op.statement.span.start as usize);
            // Refused statements take no room, so the last of those that start here is the one that was read.
            if let Some(slot) = operations.get_mut(after - 1) {
                slot.push(op);
            }
        }
        read.append(&mut operations);
    }
    read
}

/// How many there must be: in all of the suite, or in the sample of it.
fn least(all: usize, sample: usize) -> usize {
    if std::env::var_os("DDLINT_REGRESSION_SAMPLE").is_some() { sample } else { all }
}

#[test]
fn every_statement_that_the_server_accepts_is_typed() {
    let Some(noted) = noted() else { return };
    let read = read(&noted);
    let result = compare::typed(&noted, &read);
    println!("{result}");
    assert!(result.total > least(30_000, 10_000), "the suite was run: {} statements", result.total);
    assert!(result.share() >= TYPED, "{result}");
}

#[test]
fn operations_name_what_event_triggers_see() {
    let Some(noted) = noted() else { return };
    let read = read(&noted);
    let result = compare::events(&noted, &read);
    println!("{result}");
    assert!(result.total > least(10_000, 3_000), "the suite was run: {} objects", result.total);
    assert!(result.share() >= AGREED, "{result}");
}

#[test]
fn the_document_is_what_was_measured() {
    let Some(noted) = noted() else { return };
    let read = read(&noted);
    let by_kind = noted.iter().zip(&read).filter(|(one, _)| one.parses());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for op in by_kind.flat_map(|(_, operations)| operations) {
        *kinds.entry(op.kind.as_str()).or_default() += 1;
    }
    let text = document::write(&compare::typed(&noted, &read), &compare::events(&noted, &read), &kinds);
    document::settle(&text);
}

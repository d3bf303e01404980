//! A file that was read.

use super::detect::Neighbours;
use crate::config::{Dialect, Role, Runner};
use crate::diagnostic::Severity;
use crate::span::{FileId, LineIndex, Span};

/// The language of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Language {
    /// SQL.
    Sql,
    /// Python.
    Python,
}

/// Something wrong with a source, found while reading it. The engine turns it into a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The rule page that documents it: `parse-error`, `encoding` …
    pub rule: &'static str,
    /// Where.
    pub span: Span,
    /// How bad.
    pub severity: Severity,
    /// The headline.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Where a file stands among the files of its runner.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The folder that the runner is pointed at, relative to the project's root and `/`-separated.
    pub root: String,
    /// The version as it is written in the name of the file or of its folder, where the runner takes one from there.
    pub version: Option<String>,
    /// It is applied again whenever it changes, after all that have a version (Flyway's `R__`).
    pub repeatable: bool,
    /// Its number in a list that the runner keeps beside the files (a journal, a plan), where there is one.
    pub listed: Option<usize>,
    /// What the names beside it say.
    pub neighbours: Neighbours,
}

/// Why a file is taken for what it is, each as a clause: for `--show-files`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Evidence {
    /// Why it is read: "in a folder named `migrations`".
    pub read: String,
    /// Why its runner is what it is: "`atlas.sum` beside it".
    pub runner: String,
    /// Why its dialect is what it is.
    pub dialect: String,
    /// Why its role is what it is.
    pub role: String,
    /// Why it is known whether a transaction is opened around it, where a file beside it or the configuration says so.
    pub transaction: Option<String>,
}

/// A file that was read and decoded.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its number in this run.
    pub id: FileId,
    /// Path for output: relative to the project's root, `/`-separated.
    pub path: String,
    /// Its decoded text. Invalid bytes are one `_` each, so that offsets are those of the file.
    pub text: String,
    /// Its lines.
    pub lines: LineIndex,
    /// Its language.
    pub language: Language,
    /// Its role.
    pub role: Role,
    /// What applies it.
    pub runner: Runner,
    /// The dialect it is written for, where nothing inside it says otherwise.
    pub dialect: Dialect,
    /// Major version of the PostgreSQL servers that it runs on, where the configuration says so of this file.
    pub target_version: Option<u32>,
    /// Why it is taken for that.
    pub evidence: Evidence,
    /// Whether its runner opens a transaction around it, where a file beside it or the configuration says so.
    pub transaction: Option<bool>,
    /// The runner applies all that is pending in one transaction.
    pub batch: bool,
    /// The runner lets statements that refuse a transaction stand beside others (Flyway's `mixed`).
    pub mixed: bool,
    /// What stands before and after the name of a placeholder, where the runner can be told (Flyway).
    pub placeholder: Option<(String, String)>,
    /// The file as a whole goes back (`0001_x.down.sql`).
    pub down: bool,
    /// Where it stands among the files of its runner.
    pub place: Place,
    /// It is a migration source in its own right, also where this run has only imported it.
    pub source: bool,
    /// Read for what it defines (imported helpers), not to be judged.
    pub helper: bool,
    /// What was wrong while reading it.
    pub problems: Vec<Problem>,
    /// Whether the text's offsets are those of the bytes on disk (not so for UTF-16).
    pub exact: bool,
}

impl SourceFile {
    /// A file of nothing but `text`, with every answer at its default: for what is not on disk.
    pub fn of_text(id: FileId, path: &str, text: &str, language: Language) -> Self {
        Self {
            id,
            path: path.to_owned(),
            text: text.to_owned(),
            lines: LineIndex::new(text),
            language,
            role: Role::default(),
            runner: Runner::default(),
            dialect: Dialect::default(),
            target_version: None,
            evidence: Evidence::default(),
            transaction: None,
            batch: false,
            mixed: false,
            placeholder: None,
            down: false,
            place: Place::default(),
            source: true,
            helper: false,
            problems: Vec::new(),
            exact: true,
        }
    }
}

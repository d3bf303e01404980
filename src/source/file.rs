//! A file that was read.

use crate::config::Dialect;
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

/// Which of the three pillars a source belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Role {
    /// Schema changes that must succeed.
    #[default]
    Migrations,
    /// The index registry: CREATE INDEX CONCURRENTLY, built after deployment.
    Indexes,
    /// The backfill registry: batched, idempotent changes of data.
    Backfills,
}

impl Role {
    /// The word in configuration, rules and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migrations => "migrations",
            Self::Indexes => "indexes",
            Self::Backfills => "backfills",
        }
    }
}

/// The program that applies a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Runner {
    /// Not recognised: plain SQL, one statement after the other.
    #[default]
    Plain,
    /// A home-made Python script.
    Script,
    /// Alembic.
    Alembic,
    /// Django.
    Django,
    /// goose.
    Goose,
    /// dbmate.
    Dbmate,
    /// Flyway.
    Flyway,
    /// golang-migrate.
    GolangMigrate,
    /// sqlx.
    Sqlx,
    /// Diesel.
    Diesel,
    /// Prisma.
    Prisma,
}

impl Runner {
    /// Every runner.
    pub const ALL: &'static [Self] = &[
        Self::Plain,
        Self::Script,
        Self::Alembic,
        Self::Django,
        Self::Goose,
        Self::Dbmate,
        Self::Flyway,
        Self::GolangMigrate,
        Self::Sqlx,
        Self::Diesel,
        Self::Prisma,
    ];

    /// The runner of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|runner| runner.as_str() == name)
    }

    /// The word in output and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Script => "script",
            Self::Alembic => "alembic",
            Self::Django => "django",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::Flyway => "flyway",
            Self::GolangMigrate => "golang-migrate",
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::Prisma => "prisma",
        }
    }
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
    /// Why it is read, for `--show-files`: "in a folder named `migrations`".
    pub why: String,
    /// Whether its runner opens a transaction around it, where a file beside it says so.
    pub transaction: Option<bool>,
    /// The file as a whole goes back (`0001_x.down.sql`).
    pub down: bool,
    /// It is a migration source in its own right, also where this run has only imported it.
    pub source: bool,
    /// Read for what it defines (imported helpers), not to be judged.
    pub helper: bool,
    /// What was wrong while reading it.
    pub problems: Vec<Problem>,
    /// Whether the text's offsets are those of the bytes on disk (not so for UTF-16).
    pub exact: bool,
}

//! One thing that a migration does to a database, and the circumstances in which it does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Details, Known, OpKind, QualifiedName, Tri};
use crate::config::Dialect;
use crate::diagnostic::Confidence;
use crate::span::{FileId, Span};

/// One effect on the database. A statement can have several.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it does.
    pub kind: OpKind,
    /// The finer word where one kind covers several statements (`op.detail`), else empty.
    pub detail: &'static str,
    /// The clause, or the whole statement where it is not one of several.
    pub span: Span,
    /// The statement it is part of, as it is sent.
    pub statement: Arc<Statement>,
    /// The statement itself, where it is nested in the one that is sent (in a DO block).
    pub nested: Option<Nested>,
    /// The table, view or other relation acted on.
    pub table: Option<Known<QualifiedName>>,
    /// The object created, changed or dropped: index, constraint, column, type, function …
    pub name: Option<Known<QualifiedName>>,
    /// What is particular to its family.
    pub details: Details,
    /// `IF EXISTS` is written.
    pub if_exists: bool,
    /// `IF EXISTS` is written of the table whose part is acted on: ALTER TABLE IF EXISTS.
    pub table_if_exists: bool,
    /// `IF NOT EXISTS` (or `OR REPLACE`) is written.
    pub if_not_exists: bool,
    /// `CASCADE` is written.
    pub cascade: bool,
    /// `ONLY` is written before the table: its partitions and the tables that inherit from it are left alone.
    pub only: bool,
    /// `CONCURRENTLY` is written: CREATE, DROP and REINDEX of an index, DETACH PARTITION, REFRESH.
    pub concurrently: bool,
    /// Written under a condition of its own statement (an IF in a DO block, a data-modifying WITH is not).
    pub conditional: bool,
    /// Written in a loop of its own statement.
    pub in_loop: bool,
    /// All rounds of that loop share one transaction: no COMMIT is in it.
    pub loop_in_transaction: bool,
    /// Words that an unknown part of the statement may hold: where the flag of one is not set, it is not known.
    pub doubts: Vec<Doubt>,
    /// Where it is executed from.
    pub context: Arc<Context>,
}

impl Operation {
    /// The innermost statement that it is part of.
    pub fn place(&self) -> Span {
        self.nested.as_ref().map_or(self.statement.span, |nested| nested.span)
    }

    /// The text of the innermost statement that it is part of.
    pub fn text(&self) -> &str {
        self.nested.as_ref().map_or(self.statement.text.as_str(), |nested| &nested.text)
    }

    /// An operation of `kind` that is the whole of `statement`, with nothing said about its objects yet.
    pub fn new(kind: OpKind, statement: Arc<Statement>) -> Self {
        Self {
            kind,
            detail: "",
            span: statement.span,
            statement,
            nested: None,
            table: None,
            name: None,
            details: Details::None,
            if_exists: false,
            table_if_exists: false,
            if_not_exists: false,
            cascade: false,
            only: false,
            concurrently: false,
            conditional: false,
            in_loop: false,
            loop_in_transaction: false,
            doubts: Vec::new(),
            context: Arc::default(),
        }
    }

    /// Says that an unknown part may hold the word.
    pub fn doubt(&mut self, word: Doubt) {
        if !self.doubts.contains(&word) {
            self.doubts.push(word);
        }
    }

    /// The answer of `flag`, which is not known where an unknown part may hold `word`.
    pub fn flag(&self, flag: bool, word: Doubt) -> Tri {
        if !flag && self.doubts.contains(&word) { Tri::Unknown } else { flag.into() }
    }

    /// Whether CONCURRENTLY is written.
    pub fn is_concurrent(&self) -> Tri {
        self.flag(self.concurrently, Doubt::Concurrently)
    }
}

/// Changes the statements of operations. What is shared stays shared: a statement can have very many operations, and its
/// text can be long.
pub fn restate(operations: &mut [Operation], change: impl Fn(&Statement) -> Statement) {
    let mut last: Option<(Arc<Statement>, Arc<Statement>)> = None;
    for operation in operations {
        let changed = match &last {
            Some((old, new)) if Arc::ptr_eq(old, &operation.statement) => Arc::clone(new),
            _ => Arc::new(change(&operation.statement)),
        };
        last = Some((std::mem::replace(&mut operation.statement, Arc::clone(&changed)), changed));
    }
}

/// A statement inside another one: in a DO block, in the body of a function that is called, in a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nested {
    /// Its place.
    pub span: Span,
    /// Its text with parts that are not known shown as `{…}`. Shared by its operations.
    pub text: Arc<str>,
}

/// A word whose absence is not certain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Doubt {
    /// CONCURRENTLY.
    Concurrently,
    /// UNIQUE.
    Unique,
    /// IF EXISTS.
    IfExists,
    /// IF NOT EXISTS, OR REPLACE.
    IfNotExists,
}

/// A statement as it is sent to the server.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its primary place: the statement in a SQL file or string, or the call that completes it from arguments.
    pub span: Span,
    /// Its text with parts that are not known shown as `{…}`.
    pub text: String,
    /// xxh3-64 of its tokens: comments and white space dropped, unquoted words in lower case.
    pub fingerprint: u64,
    /// Number of the query string, unique in the file. Statements sent in one string share a transaction.
    pub query: u32,
    /// Whether other statements are sent in the same query string.
    pub shares_query: bool,
    /// The dialect it is written in.
    pub dialect: Dialect,
    /// A tool makes it of a directive, with words and objects that stand nowhere in the source: Django's schema editor.
    pub implied: bool,
}

/// Where and how an operation is executed.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The enclosing function, `run_36`.
    pub function: Option<String>,
    /// Every function of the project being run, in any file, outermost first.
    pub helpers: Vec<String>,
    /// The files that the statement's text stands in, where none of it stands in the file being read.
    pub origins: Vec<FileId>,
    /// Conditions under which it runs, outermost first.
    pub guards: Vec<Guard>,
    /// The transaction as the source arranges it, before BEGIN and COMMIT are considered.
    pub scope: Scope,
    /// Inside a loop that runs once per row or until nothing is left (not a loop over a literal list).
    pub in_loop: bool,
    /// Inside a loop over rows that the program read from a database: what runs in it runs once for each of them.
    pub per_row: bool,
    /// The loop is inside the transaction (`scope`), so that all its rounds share it.
    pub loop_in_transaction: bool,
    /// That loop has no condition and no way out (`while True` without break or return).
    pub endless_loop: bool,
    /// Failure is caught and the run goes on.
    pub failure_swallowed: bool,
    /// Lowered where the source is damaged or read by tokens only.
    pub confidence: Option<Confidence>,
    /// Calls that lead here, outermost first, where the statement stands in a helper.
    pub via: Vec<Span>,
    /// The registry record it comes from.
    pub record: Option<Arc<Record>>,
    /// What its text has been put together with that is known only while the program runs.
    pub spliced: Option<Spliced>,
}

/// A part of a statement's text that comes from outside of the program, and is not quoted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spliced {
    /// The part as the source has it: `{row.name}`.
    pub text: String,
    /// Where it comes from: `row` of the database, `environment`, `argument` of the command.
    pub origin: &'static str,
}

/// A condition in the source around an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    /// What it asks.
    pub kind: GuardKind,
    /// Its text in the source.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What a guard asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GuardKind {
    /// The operation runs only if an object is absent (`if not check_column_exists(...)`).
    Absent,
    /// The operation runs only if an object is present (`if table_exists(...)`).
    Present,
    /// The operation runs only on this dialect.
    Dialect(Dialect),
    /// Any other condition.
    Other,
}

/// Whose transaction is open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TransactionKind {
    /// Opened without being written: by the migration tool, the driver, or the server for several statements in
    /// one string.
    Runner,
    /// Written in the source: BEGIN, `engine.begin()`, `conn.transaction()`.
    Explicit,
    /// None: each statement commits by itself.
    None,
    /// The source does not say.
    #[default]
    Unknown,
}

impl TransactionKind {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runner => "runner",
            Self::Explicit => "explicit",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// The transaction that the source arranges around a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Whose it is.
    pub kind: TransactionKind,
    /// Unique in the file: operations of one connection block share it.
    pub id: u32,
    /// The connection that it is on, unique in the file: what SET sets there outlives the transaction.
    pub connection: u32,
    /// What opens it (`engine.begin()`, the marker, the convention), where something does.
    pub opened: Option<Span>,
    /// The runner applies all pending files in it.
    pub batch: bool,
}

/// One record of a registry: its fields as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The variable that holds the registry, `PERFORMANCE_INDEXES`.
    pub registry: String,
    /// Field name to value. Values that are not strings are given as written (`True`, `5000`, a function's name).
    pub fields: BTreeMap<String, Known<String>>,
    /// The record.
    pub span: Span,
}

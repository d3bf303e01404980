//! The transaction that a runner opens around a section.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Dialect;
use crate::ir::{OpKind, Operation, Statement, TransactionKind};
use crate::source::{Runner, SourceFile};
use crate::span::Span;

use super::Section;

/// The transaction around a section, and why it is so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::frontend) struct Plan {
    /// Whose it is, as the source arranges it.
    pub(in crate::frontend) kind: TransactionKind,
    /// The marker that opens it.
    pub(in crate::frontend) opened: Option<Span>,
    /// It holds all that is pending.
    pub(in crate::frontend) batch: bool,
    /// What shows it, as a clause.
    pub(in crate::frontend) why: String,
}

impl Plan {
    /// The plan for a section. Sources: see [`Runner::about`].
    pub(in crate::frontend) fn of(file: &SourceFile, section: &Section) -> Self {
        use TransactionKind::{None, Runner as Opened, Unknown};
        if let Some((on, marker)) = &section.transaction {
            let kind = if *on { Opened } else { None };
            let opened = on.then(|| Span::new(file.id, marker.start, marker.end));
            let text = file.text.get(marker.clone()).unwrap_or_default();
            return Self { kind, opened, batch: *on && file.batch, why: format!("`{text}`") };
        }
        if let Some(on) = file.transaction {
            let why = file.evidence.transaction.clone().unwrap_or_default();
            return Self { kind: if on { Opened } else { None }, opened: Option::None, batch: on && file.batch, why };
        }
        let kind = match file.runner {
            Runner::Aerich
            | Runner::Atlas
            | Runner::Dbmate
            | Runner::Diesel
            | Runner::Drizzle
            | Runner::Flyway
            | Runner::Goose
            | Runner::Hasura
            | Runner::Liquibase
            | Runner::NodePgMigrate
            | Runner::Pop
            | Runner::PostgresMigrations
            | Runner::Refinery
            | Runner::SqlMigrate
            | Runner::Sqlx
            | Runner::Tern
            | Runner::Yoyo => Opened,
            // Its driver for SQLite begins a transaction by itself. Source: golang-migrate `database/sqlite3`.
            Runner::GolangMigrate if section.dialect.unwrap_or(file.dialect) == Dialect::Sqlite => Opened,
            Runner::GolangMigrate | Runner::Prisma | Runner::Psql | Runner::Sqitch | Runner::Supabase => None,
            // A script of batches is for sqlcmd, which commits each statement.
            Runner::Plain if file.dialect == Dialect::Mssql => None,
            Runner::Plain
            | Runner::Script
            | Runner::Alembic
            | Runner::Django
            | Runner::PeeweeMigrate
            | Runner::Piccolo => Unknown,
        };
        let why = if kind == Unknown { "nothing says".to_owned() } else { habit(file) };
        Self { kind, opened: Option::None, batch: kind == Opened && file.batch, why }
    }
}

fn habit(file: &SourceFile) -> String {
    match file.runner {
        Runner::Plain => "batches commit each statement".to_owned(),
        runner => format!("as {} does unless told otherwise", runner.as_str()),
    }
}

/// Changes the plan where the runner looks at the statements themselves.
pub(in crate::frontend) fn settle(file: &SourceFile, plan: &mut Plan, operations: &mut [Operation]) {
    match file.runner {
        Runner::Flyway if file.transaction.is_none() && file.dialect == Dialect::Postgres => {
            flyway(file, plan, operations);
        }
        Runner::Supabase => pipelines(operations),
        Runner::GolangMigrate if plan.kind == TransactionKind::Runner => own_transaction(plan, operations),
        _ => {}
    }
}

/// SQLite refuses a BEGIN inside a transaction, so where files begin their own, golang-migrate was told not to wrap them.
/// Source: golang-migrate `database/sqlite3`, `x-no-tx-wrap`; SQLite documentation, "Transactions".
fn own_transaction(plan: &mut Plan, operations: &[Operation]) {
    if operations.iter().any(|operation| operation.kind == OpKind::TransactionBegin) {
        plan.kind = TransactionKind::None;
        plan.batch = false;
        "it begins its own, which SQLite refuses inside another one".clone_into(&mut plan.why);
    }
}

/// Flyway opens no transaction for a file of nothing but statements that it knows to refuse one; with `mixed` one such
/// statement is enough, and without it a file that holds both sorts is refused.
/// Source: Flyway `PostgreSQLParser.detectCanExecuteInTransaction`, and its documentation of `mixed`.
fn flyway(file: &SourceFile, plan: &mut Plan, operations: &[Operation]) {
    let mut refusing = operations.iter().map(|operation| refuses(&operation.statement.text)).peekable();
    if refusing.peek().is_none() {
        return;
    }
    let none = if file.mixed { refusing.any(|refuses| refuses) } else { refusing.all(|refuses| refuses) };
    if none {
        plan.kind = TransactionKind::None;
        plan.batch = false;
        let why = if file.mixed { "`mixed`, and a statement" } else { "every statement of it is one" };
        plan.why = format!("{why} that Flyway knows to refuse a transaction");
    }
}

/// Whether Flyway knows that a statement refuses a transaction. It compares the first words, so `REINDEX INDEX
/// CONCURRENTLY` is not among them.
fn refuses(statement: &str) -> bool {
    let words: Vec<String> = statement
        .split_ascii_whitespace()
        .take(4)
        .map(|word| word.trim_end_matches(';').to_ascii_uppercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
        | ["ALTER", "SYSTEM", ..]
        | ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]
        | ["REINDEX", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
        | ["REINDEX", "VERBOSE", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
        | ["DISCARD", "ALL", ..] => true,
        [first, ..] => *first == "VACUUM" || first.starts_with("VACUUM("),
        [] => false,
    }
}

/// Supabase sends the statements of a file in one pipeline, and so in one implicit transaction; statements that it knows
/// to refuse a transaction are sent by themselves, and what follows is another pipeline.
/// Source: supabase/cli, pull requests 5671, 6009 and 6276 (version 2.109 on; before, only the first statement of a file
/// was outside of that transaction).
fn pipelines(operations: &mut [Operation]) {
    // Far from the numbers of other queries of the file, of which there is one.
    let mut query = 1_u32;
    let mut runs: Vec<(u32, Span)> = Vec::with_capacity(operations.len());
    for operation in &*operations {
        let place = operation.statement.span;
        if runs.last().is_some_and(|(_, last)| *last == place) {
            continue;
        }
        let alone = alone(&operation.statement.text);
        query += u32::from(alone);
        runs.push((query, place));
        query += u32::from(alone);
    }
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    for (query, _) in &runs {
        *sizes.entry(*query).or_default() += 1;
    }
    let mut runs = runs.into_iter().peekable();
    let mut statement: Option<Arc<Statement>> = None;
    for operation in operations {
        let place = operation.statement.span;
        if statement.as_ref().is_none_or(|statement| statement.span != place) {
            let Some((query, _)) = runs.next() else { return };
            let shares_query = sizes.get(&query).is_some_and(|size| *size > 1);
            statement = Some(Arc::new(Statement { query, shares_query, ..(*operation.statement).clone() }));
        }
        if let Some(statement) = &statement {
            operation.statement = Arc::clone(statement);
        }
    }
}

/// Whether Supabase knows that a statement refuses a pipeline.
fn alone(statement: &str) -> bool {
    let words = words(statement, 12);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..]
        | ["ALTER", "SYSTEM", ..] => true,
        ["REINDEX", rest @ ..] => rest.contains(&"CONCURRENTLY"),
        [first, ..] => matches!(*first, "VACUUM" | "CLUSTER") || first.starts_with("VACUUM("),
        [] => false,
    }
}

/// The first words of a statement in capitals.
fn words(statement: &str, number: usize) -> Vec<String> {
    let words = statement.split_ascii_whitespace().take(number);
    words.map(|word| word.trim_end_matches(';').to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flyway_knows_some_statements_by_their_first_words() {
        for statement in ["create  unique index concurrently i on t (a)", "VACUUM;", "drop index concurrently i"] {
            assert!(refuses(statement), "{statement}");
        }
        for statement in ["REINDEX INDEX CONCURRENTLY i", "CREATE INDEX i ON t (a)", "ALTER TYPE e ADD VALUE 'a'", ""] {
            assert!(!refuses(statement), "{statement}");
        }
    }
}

//! A SQL file as its runner applies it: sections, transactions, and what is sent to the server in one string.

use std::sync::Arc;

use super::python::Reading;
use super::sql::{self, ReadOptions, sections};
use super::text::SqlText;
use crate::diagnostic::Severity;
use crate::ir::{Context, Direction, Migration, Operation, Scope, TransactionKind};
use crate::source::{Problem, Runner, SourceFile};
use crate::span::Span;

/// Reads the migrations of a SQL file, one for each section.
pub(super) fn read(file: &SourceFile) -> Reading {
    let whole = SqlText::of_file(file.id, &file.text);
    let mut reading = Reading::default();
    if let Some((at, what)) = sql::unclosed(&file.text, file.dialect) {
        let end = (at + 1..file.text.len()).find(|at| file.text.is_char_boundary(*at)).unwrap_or(file.text.len());
        reading.problems.push(Problem {
            rule: "parse-error",
            span: Span::new(file.id, at, end),
            severity: Severity::Error,
            message: format!("the {what} that opens here is never closed"),
            help: Some("close it; all that follows is read as part of it".to_owned()),
        });
    }
    for (number, section) in (0..).zip(sections(&file.text)) {
        let text =
            if section.range == (0..file.text.len()) { whole.clone() } else { whole.part(section.range.clone()) };
        let plan = Plan::of(file.runner, section.transaction.or(file.transaction));
        let mut operations = sql::read(&text, ReadOptions { dialect: file.dialect, query: number });
        plan.apply(&mut operations, number);
        let direction = if file.down { Direction::Down } else { section.direction };
        let stem = file.path.rsplit('/').next().unwrap_or(&file.path);
        reading.migrations.push(Migration {
            name: section.name.unwrap_or_else(|| stem.trim_end_matches(".sql").to_owned()),
            span: Span::new(file.id, section.range.start, section.range.end),
            direction,
            role: file.role,
            runner: file.runner,
            operations,
        });
    }
    reading
}

/// How a runner sends a section to the server.
struct Plan {
    transaction: TransactionKind,
    /// All statements in one string.
    together: bool,
}

impl Plan {
    /// Sources: the documentation of each runner, and its code where that says more. golang-migrate and Prisma send a
    /// file as one simple query; dbmate does so for a section.
    fn of(runner: Runner, said: Option<bool>) -> Self {
        use TransactionKind::{None, Runner as Opened, Unknown};
        let (default, together) = match runner {
            Runner::Goose | Runner::Flyway | Runner::Sqlx | Runner::Diesel => (Opened, false),
            Runner::Dbmate => (Opened, true),
            Runner::GolangMigrate | Runner::Prisma => (None, true),
            _ => (Unknown, false),
        };
        let transaction = match said {
            Some(true) => Opened,
            Some(false) => None,
            Option::None => default,
        };
        Self { transaction, together }
    }

    fn apply(&self, operations: &mut [Operation], section: u32) {
        let scope = Scope { kind: self.transaction, id: section, opened: None, batch: false };
        let context = Arc::new(Context { scope, ..Context::default() });
        let several = operations.windows(2).any(|pair| pair[0].statement.span != pair[1].statement.span);
        let shares_query = self.together && several;
        let mut last: Option<(Span, Arc<crate::ir::Statement>)> = None;
        for operation in operations {
            operation.context = Arc::clone(&context);
            if operation.statement.shares_query == shares_query {
                continue;
            }
            let span = operation.statement.span;
            let statement = match &last {
                Some((known, statement)) if *known == span => Arc::clone(statement),
                _ => Arc::new(crate::ir::Statement { shares_query, ..(*operation.statement).clone() }),
            };
            operation.statement = Arc::clone(&statement);
            last = Some((span, statement));
        }
    }
}

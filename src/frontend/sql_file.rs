//! A SQL file as its runner applies it: sections, transactions, and what is sent to the server in one string.

use std::sync::Arc;

use super::python::Reading;
use super::runners::{self, Cut, Plan, Section};
use super::sql::{self, ReadOptions};
use crate::diagnostic::Severity;
use crate::ir::{Context, Direction, Guard, Line, Migration, Operation, Scope, Statement, restate};
use crate::source::{Modules, Problem, SourceFile};
use crate::span::Span;

/// What is applied as one unit, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Which way it goes.
    pub direction: Direction,
    /// The transaction around it: `runner`, `none` or `unknown`.
    pub transaction: &'static str,
    /// What shows that, as a clause.
    pub why: String,
    /// The transaction holds all that is pending.
    pub batch: bool,
    /// Several of its statements are sent in one string, of which the server makes one transaction.
    pub implicit: bool,
}

/// Reads the migrations of a SQL file, one for each section.
pub(super) fn read(file: &SourceFile, modules: &dyn Modules) -> Reading {
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
    let cut = runners::cut(file);
    reading.migrations = migrations(file, &cut, modules).map(|(migration, _)| migration).collect();
    reading.problems.extend(cut.problems);
    reading.revisions.extend(runners::revision(file));
    reading
}

/// The units of a SQL file in words.
pub(super) fn outline(file: &SourceFile, modules: &dyn Modules) -> Vec<Outline> {
    let cut = runners::cut(file);
    let units = migrations(file, &cut, modules).map(|(migration, plan)| Outline {
        name: migration.name,
        direction: migration.direction,
        transaction: plan.kind.as_str(),
        why: plan.why,
        batch: plan.batch,
        implicit: migration.operations.iter().any(|operation| operation.statement.shares_query),
    });
    units.collect()
}

fn migrations<'f>(
    file: &'f SourceFile,
    cut: &'f Cut,
    modules: &'f dyn Modules,
) -> impl Iterator<Item = (Migration, Plan)> + 'f {
    let mut numbers = Numbers::default();
    cut.sections.iter().map(move |section| migration(file, cut, section, modules, &mut numbers))
}

/// Numbers that are unique in the file.
#[derive(Default)]
struct Numbers {
    query: u32,
    scope: u32,
}

fn migration(
    file: &SourceFile,
    cut: &Cut,
    section: &Section,
    modules: &dyn Modules,
    numbers: &mut Numbers,
) -> (Migration, Plan) {
    let mut plan = Plan::of(file, section);
    let dialect = section.dialect.unwrap_or(file.dialect);
    let mut parts = Vec::new();
    let mut operations = Vec::new();
    numbers.scope += 1;
    for sent in runners::sent(file, cut, section, modules) {
        numbers.scope += u32::from(sent.connects);
        numbers.query += 1;
        let mut found = sql::read(&sent.text, ReadOptions { dialect, query: numbers.query });
        if !section.strings {
            // Each statement is sent by itself, though it stands in a text beside others.
            restate(&mut found, |statement| Statement { shares_query: false, ..statement.clone() });
        }
        let start = operations.len();
        operations.extend(found);
        parts.push((start..operations.len(), numbers.scope, sent.guards));
    }
    runners::settle(file, &mut plan, &mut operations);
    for (range, id, guards) in parts {
        let scope = Scope { kind: plan.kind, id, opened: plan.opened, batch: plan.batch, ..Scope::default() };
        arrange(file, operations.get_mut(range).unwrap_or_default(), scope, &guards);
    }
    let stem = file.path.rsplit('/').next().unwrap_or(&file.path);
    let name = section.name.clone().unwrap_or_else(|| stem.trim_end_matches(".sql").to_owned());
    let span = Span::new(file.id, section.range.start, section.range.end);
    let Section { direction, .. } = *section;
    let (role, runner, line) = (file.role, file.runner, Line::Place);
    (Migration { name, span, direction, role, runner, line, operations }, plan)
}

/// Sets the circumstances of what one text sends.
fn arrange(file: &SourceFile, operations: &mut [Operation], scope: Scope, guards: &[Guard]) {
    let plain = Arc::new(Context { scope, guards: guards.to_vec(), ..Context::default() });
    for operation in operations {
        let place = operation.statement.span.file;
        // A statement of an included file belongs to that file, where it is judged itself.
        operation.context = if place == file.id {
            Arc::clone(&plain)
        } else {
            Arc::new(Context { origins: vec![place], ..(*plain).clone() })
        };
    }
}

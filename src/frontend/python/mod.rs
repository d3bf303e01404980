//! Python: parse → evaluate → operations.
//!
//! A script is read by running it over values that may not be known (`interp`): a call that sends SQL is found
//! where it is reached, with the connection, the guards and the arguments it has there. Nothing is matched by shape
//! that a run would show, so a string that is only logged or compared is never an operation.

mod blocks;
mod digest;
mod django;
mod guards;
mod interp;
mod modules;
mod parse;
mod pattern;
mod peewee;
mod piccolo;
mod places;
mod registry;
mod sqlalchemy;
mod site;
mod strings;
#[cfg(test)]
mod tests;
mod value;
mod vars;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::blocks::{Emitted, Output};
pub use self::django::{DjangoMigration, lower as lower_django};
use self::interp::Interp;
pub use self::interp::Wanted;
pub use self::modules::Reader;
use self::modules::{Program, Slot};
use self::parse::Parsed;
use super::Calls;
use super::sql::{self, ReadOptions};
use super::text::SqlText;
use crate::diagnostic::{Confidence, Severity};
use crate::ir::{Context, Direction, MappedTable, Migration, Revision};
use crate::source::{Modules, Problem, Role, SourceFile};
use crate::span::Span;

/// Files that one script can pull in.
const MAX_MODULES: usize = 64;
/// Stack of the thread that runs the interpreter: calls nest deeper than a thread's usual 2 MiB carry.
const STACK: usize = 64 << 20;

/// What a Python source does.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its migrations in order of execution.
    pub migrations: Vec<Migration>,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
    /// What became of its calls that send something; one that is not followed has an opaque operation.
    pub calls: Calls,
    /// Calls that send only what their function is given, each as a migration that is unresolved where no source of the
    /// project is seen to call it (see `sent`).
    pub wrappers: Vec<(Span, Migration)>,
    /// Execute-like calls, in any file, that were seen to send something.
    pub sent: BTreeSet<Span>,
    /// The role that its registries show it to have.
    pub shape: Option<Role>,
    /// What it says of its place among the migrations, where its runner keeps a graph.
    pub revisions: Vec<Revision>,
    /// What a Django migration says; what it sends depends on the others.
    pub django: Option<DjangoMigration>,
}

/// Reads a Python source by itself. Never fails.
#[cfg(test)]
fn read(file: &SourceFile, modules: &dyn Modules) -> Reading {
    Reader::default().read(file, modules)
}

impl Reader {
    /// Reads a Python source. Never fails.
    pub fn read(&self, file: &SourceFile, modules: &dyn Modules) -> Reading {
        let parsed = parse::parse(&file.text);
        let mut problems = Vec::new();
        problems.extend(damage(file, &parsed));
        let damaged = !problems.is_empty();
        let (mut output, ended) = self.run(file, &parsed, damaged, modules);
        problems.extend(cut_short(file, ended));
        if damaged || ended != Ended::Whole {
            rescue(file, &parsed, &mut output);
        }
        let calls = output.all_calls();
        let shape = output.shape;
        let shell = output.shell();
        let django = output.django.take().map(|migration| DjangoMigration { shell: Some(shell), ..migration });
        let (wrappers, sent) = (output.wrappers(), std::mem::take(&mut output.sent));
        let mut revisions = std::mem::take(&mut output.revisions);
        revisions.extend(django.iter().filter_map(|migration| migration.revision.clone()));
        let migrations = output.into_migrations();
        Reading { migrations, problems, calls, wrappers, sent, shape, revisions, django }
    }

    /// The tables that the models in a source map, and whether it was read to its end.
    pub fn mapped(&self, file: &SourceFile, modules: &dyn Modules) -> (Vec<MappedTable>, bool) {
        let parsed = parse::parse(&file.text);
        if parsed.error.is_some() {
            return (Vec::new(), false);
        }
        // A model may be made of many others' parts, and each is only looked at.
        let slots: Vec<Slot> = (0..4 * MAX_MODULES).map(|_| Slot::default()).collect();
        let program = Program { reader: self, modules, slots: &slots };
        let run = || {
            let mut interp = Interp::new(file, &parsed, program, Output::new(file, &parsed.comments));
            let tables = interp.mapped_tables();
            (tables, !interp.out.exhausted)
        };
        with_stack(run).unwrap_or_default()
    }

    /// Runs the interpreter, on a thread of its own for the sake of its stack.
    fn run(&self, file: &SourceFile, parsed: &Parsed, damaged: bool, modules: &dyn Modules) -> (Output, Ended) {
        let blank = || {
            let mut output = Output::new(file, &parsed.comments);
            output.dialect = driver(parsed).unwrap_or(file.dialect);
            output.confidence = damaged.then_some(Confidence::Low);
            output
        };
        let slots: Vec<Slot> = (0..MAX_MODULES).map(|_| Slot::default()).collect();
        let program = Program { reader: self, modules, slots: &slots };
        let run = || {
            let mut interp = Interp::new(file, parsed, program, blank());
            interp.run();
            interp.out
        };
        match with_stack(run) {
            Some(output) => {
                let ended = if output.exhausted { Ended::Exhausted } else { Ended::Whole };
                (output, ended)
            }
            None => (blank(), Ended::Failed),
        }
    }
}

/// What `run` gives on a thread with room for calls that nest; `None` where it fails.
fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        thread.ok().and_then(|thread| thread.join().ok())
    })
}

/// How a run came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    /// By itself.
    Whole,
    /// The budget ran out.
    Exhausted,
    /// By a fault of this program.
    Failed,
}

/// What to say of a run that did not see everything.
fn cut_short(file: &SourceFile, ended: Ended) -> Option<Problem> {
    let (message, help) = match ended {
        Ended::Whole => return None,
        Ended::Exhausted => {
            ("the program is too long to be followed to its end", "split the file, or name only its migrations")
        }
        Ended::Failed => (
            "an error of ddlint's own stopped the reading of this file",
            "its strings are read at low confidence; please report the file to the authors of ddlint",
        ),
    };
    Some(Problem {
        rule: "parse-error",
        span: Span::file(file.id),
        severity: Severity::Warning,
        message: message.to_owned(),
        help: Some(help.to_owned()),
    })
}

/// The dialect of the only driver that the file imports.
fn driver(parsed: &Parsed) -> Option<crate::config::Dialect> {
    use crate::config::Dialect;
    let of = |name: &str| match name.split('.').next().unwrap_or_default() {
        "sqlite3" | "aiosqlite" => Some(Dialect::Sqlite),
        "pymysql" | "MySQLdb" | "mysql" | "aiomysql" => Some(Dialect::Mysql),
        "psycopg2" | "psycopg" | "asyncpg" => Some(Dialect::Postgres),
        "pyodbc" | "pymssql" => Some(Dialect::Mssql),
        _ => None,
    };
    let mut drivers = parsed.imports.iter().filter(|(level, _)| *level == 0).filter_map(|(_, name)| of(name));
    let first = drivers.next()?;
    drivers.all(|other| other == first).then_some(first)
}

/// What the parser could not read, said once.
fn damage(file: &SourceFile, parsed: &Parsed) -> Option<Problem> {
    let (start, end, message) = parsed.error.as_ref()?;
    let python2 = file.text.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("print \"")
            || line.starts_with("print '")
            || line.starts_with("exec \"")
            || (line.starts_with("except ") && line.contains(", ") && line.ends_with(':') && !line.contains('('))
    });
    let (severity, message, help) = if python2 {
        let message = "this is Python 2, which is read by its strings only".to_owned();
        (Severity::Warning, message, "check its SQL by hand, or convert the file to Python 3")
    } else {
        (
            Severity::Error,
            format!("Python syntax error: {message}"),
            "what could be recovered is read at low confidence",
        )
    };
    let span = Span::new(file.id, *start, *end);
    Some(Problem { rule: "parse-error", span, severity, message, help: Some(help.to_owned()) })
}

/// Reads the strings of a damaged source that look like SQL and that the interpreter did not see.
fn rescue(file: &SourceFile, parsed: &Parsed, output: &mut Output) {
    let confidence = Some(Confidence::Low);
    output.confidence = confidence;
    output.entry = 0;
    let places = output.places();
    for (start, end) in &parsed.strings {
        let span = Span::new(file.id, *start, *end);
        let quoting = strings::quoting(&file.text, *start, *end);
        let mut text = SqlText::default();
        strings::decode(&mut text, &file.text, file.id, (quoting.start, quoting.end), quoting.raw, false);
        if !sql::looks_like_sql(&text.text) || places.covers(span) {
            continue;
        }
        let query = output.next_query();
        let mut operations = sql::read(&text, ReadOptions { dialect: output.dialect, query });
        let context = Arc::new(Context { confidence, ..Context::default() });
        for operation in &mut operations {
            operation.context = context.clone();
        }
        let lines = vec![span.start];
        output.push(Emitted { operations, direction: Direction::Up, functions: Vec::new(), lines });
    }
}

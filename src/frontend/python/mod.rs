//! Python: parse → evaluate → operations.
//!
//! A script is read by running it over values that may not be known (`interp`): a call that sends SQL is found
//! where it is reached, with the connection, the guards and the arguments it has there. Nothing is matched by shape
//! that a run would show, so a string that is only logged or compared is never an operation.

mod blocks;
mod guards;
mod interp;
mod parse;
mod registry;
mod strings;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use self::blocks::{Emitted, Output};
use self::interp::{Interp, Unit};
use self::parse::Parsed;
use super::sql::{self, ReadOptions};
use super::text::SqlText;
use crate::diagnostic::{Confidence, Severity};
use crate::ir::{Context, Direction, Migration};
use crate::source::{Modules, Problem, Role, SourceFile};
use crate::span::{FileId, Span};

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
    /// Execute-like calls whose SQL was read in full.
    pub resolved: usize,
    /// Execute-like calls whose SQL could not be read in full; each has an opaque or partly unknown operation.
    pub unresolved: usize,
    /// Calls that send only what their function is given, each as a migration that is unresolved where no source of the
    /// project is seen to call it (see `sent`).
    pub wrappers: Vec<(Span, Migration)>,
    /// Execute-like calls, in any file, that were seen to send something.
    pub sent: BTreeSet<Span>,
    /// The role that its registries show it to have.
    pub shape: Option<Role>,
}

/// Reads a Python source. Never fails.
pub fn read(file: &SourceFile, modules: &dyn Modules) -> Reading {
    Reader::default().read(file, modules)
}

/// Reads Python sources and keeps the trees of the files they import.
#[derive(Debug, Default)]
pub struct Reader {
    helpers: Mutex<BTreeMap<FileId, Arc<Parsed>>>,
}

impl Reader {
    /// Reads a Python source. Never fails.
    pub fn read(&self, file: &SourceFile, modules: &dyn Modules) -> Reading {
        let parsed = Arc::new(parse::parse(&file.text));
        let helpers = self.imported(file, &parsed, modules);
        let mut output = Output::new(file, &parsed.comments);
        output.dialect = driver(file, &parsed).unwrap_or(file.dialect);
        let mut problems = Vec::new();
        if let Some(problem) = damage(file, &parsed) {
            output.confidence = Some(Confidence::Low);
            problems.push(problem);
        }
        let units = units(file, &parsed, &helpers, modules);
        let run = || {
            let mut interp = Interp::new(&units, output);
            interp.run();
            interp.out
        };
        let finished = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
            thread.ok().and_then(|thread| thread.join().ok())
        });
        let lost = finished.is_none();
        let mut output = finished.unwrap_or_else(|| Output::new(file, &parsed.comments));
        if lost || output.exhausted {
            problems.push(Problem {
                rule: "parse-error",
                span: Span::file(file.id),
                severity: Severity::Warning,
                message: "the program is too long to be followed to its end".to_owned(),
                help: Some("split the file, or name only its migrations".to_owned()),
            });
        }
        if parsed.error.is_some() || lost || output.exhausted {
            rescue(file, &parsed, &mut output);
        }
        let (resolved, unresolved) = output.resolved();
        let shape = output.shape;
        let (wrappers, sent) = (output.wrappers(), std::mem::take(&mut output.sent));
        Reading { migrations: output.into_migrations(), problems, resolved, unresolved, wrappers, sent, shape }
    }

    /// The files that `file` imports, directly or not.
    fn imported(
        &self,
        file: &SourceFile,
        parsed: &Parsed,
        modules: &dyn Modules,
    ) -> Vec<(Arc<SourceFile>, Arc<Parsed>)> {
        let mut found: Vec<(Arc<SourceFile>, Arc<Parsed>)> = Vec::new();
        let look = |from: &SourceFile, parsed: &Parsed| -> Vec<Arc<SourceFile>> {
            parsed.imports.iter().filter_map(|(level, dotted)| modules.module(from, *level, dotted)).collect()
        };
        let mut queue = look(file, parsed);
        while let Some(next) = queue.pop() {
            let known = next.id == file.id || found.iter().any(|(other, _)| other.id == next.id);
            if known || found.len() >= MAX_MODULES {
                continue;
            }
            let cached = self.helpers.lock().unwrap_or_else(PoisonError::into_inner).get(&next.id).cloned();
            let parsed = cached.unwrap_or_else(|| {
                let parsed = Arc::new(parse::parse(&next.text));
                self.helpers.lock().unwrap_or_else(PoisonError::into_inner).insert(next.id, parsed.clone());
                parsed
            });
            queue.extend(look(&next, &parsed));
            found.push((next, parsed));
        }
        found
    }
}

/// The file first, then what it imports, each with the places of its imports in the list.
fn units<'a>(
    file: &'a SourceFile,
    parsed: &'a Parsed,
    helpers: &'a [(Arc<SourceFile>, Arc<Parsed>)],
    modules: &dyn Modules,
) -> Vec<Unit<'a>> {
    let all: Vec<(&SourceFile, &Parsed)> =
        std::iter::once((file, parsed)).chain(helpers.iter().map(|(f, p)| (&**f, &**p))).collect();
    let index: BTreeMap<FileId, usize> = all.iter().enumerate().map(|(at, (file, _))| (file.id, at)).collect();
    all.iter()
        .map(|&(file, parsed)| {
            let place = |import: &(u32, String)| {
                let module = modules.module(file, import.0, &import.1)?;
                index.get(&module.id).map(|at| (import.clone(), *at))
            };
            Unit { file, parsed, imports: parsed.imports.iter().filter_map(place).collect() }
        })
        .collect()
}

/// The dialect of the only driver that the file imports.
fn driver(file: &SourceFile, parsed: &Parsed) -> Option<crate::config::Dialect> {
    use crate::config::Dialect;
    let of = |name: &str| match name.split('.').next().unwrap_or_default() {
        "sqlite3" | "aiosqlite" => Some(Dialect::Sqlite),
        "pymysql" | "MySQLdb" | "mysql" | "aiomysql" => Some(Dialect::Mysql),
        "psycopg2" | "psycopg" | "asyncpg" => Some(Dialect::Postgres),
        "pyodbc" | "pymssql" => Some(Dialect::Mssql),
        _ => None,
    };
    let _ = file;
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
    for (start, end) in &parsed.strings {
        let span = Span::new(file.id, *start, *end);
        let quoting = strings::quoting(&file.text, *start, *end);
        let mut text = SqlText::default();
        strings::decode(&mut text, &file.text, file.id, (quoting.start, quoting.end), quoting.raw, false);
        if !sql::looks_like_sql(&text.text) || output.covers(span) {
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

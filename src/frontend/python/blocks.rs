//! Which migration an operation belongs to: a numbered block, a numbered function, an entry function, the file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::places::Places;
use super::registry::Entry;
use crate::config::Dialect;
use crate::diagnostic::Confidence;
use crate::frontend::Calls;
use crate::ir::{
    Context, Details, Direction, Known, Line, Migration, OpKind, OpaqueReason, Operation, Scope, TransactionKind,
};
use crate::source::{Role, Runner, SourceFile};
use crate::span::{FileId, Span};

/// Operations of one call and where in the file it is made from.
pub(super) struct Emitted<'a> {
    pub(super) operations: Vec<Operation>,
    pub(super) direction: Direction,
    /// Functions of this file being run, outermost first.
    pub(super) functions: Vec<(&'a str, Span)>,
    /// Statements of this file being run, outermost first.
    pub(super) lines: Vec<u32>,
}

/// How far what a call sends is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Followed {
    /// To the last letter.
    Whole,
    /// But for a name or value.
    Part,
    /// Not at all.
    Not,
}

/// What makes an operation the same as one already told: places, text, kind, table, transaction.
type Seen = (Span, Span, String, &'static str, Option<String>, (&'static str, u32));

/// The table of an operation, where its text does not name it: that of a model, which a loop may go through several of.
pub(super) fn written_to(operation: &Operation) -> Option<String> {
    let mapped = operation.kind.changes_data();
    operation.table.as_ref().filter(|_| mapped).and_then(Known::known).map(ToString::to_string)
}

#[derive(Debug)]
struct Block {
    migration: Migration,
    entry: u32,
    seen: BTreeSet<Seen>,
}

/// What a run collects.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) dialect: Dialect,
    pub(super) confidence: Option<Confidence>,
    /// One more than the start of the entry function being run; 0 for the module's code.
    pub(super) entry: u32,
    /// The budget ran out.
    pub(super) exhausted: bool,
    /// Role shown by the registries.
    pub(super) shape: Option<Role>,
    /// What it says of its place in a graph.
    pub(super) revisions: Vec<crate::ir::Revision>,
    file: FileId,
    stem: String,
    role: Role,
    runner: Runner,
    end: u32,
    query: u32,
    /// Numbered headings by offset.
    headings: Vec<(u32, String)>,
    blocks: Vec<Block>,
    index: BTreeMap<(Span, bool), usize>,
    calls: BTreeMap<Span, (Followed, bool)>,
    /// Calls, in any file, that have sent something.
    pub(super) sent: BTreeSet<Span>,
    /// Transactions that turned out to be a driver's.
    driven: BTreeSet<u32>,
    /// Calls that send only what their function is given.
    deferred: BTreeMap<Span, Migration>,
    /// What a Django migration says.
    pub(super) django: Option<super::django::DjangoMigration>,
}

impl Output {
    pub(super) fn new(file: &SourceFile, comments: &[(usize, usize)]) -> Self {
        let stem = file.path.rsplit('/').next().unwrap_or(&file.path);
        let heading = |(start, end): &(usize, usize)| {
            let text = file.text.get(*start..*end)?;
            Some((u32::try_from(*start).ok()?, heading(text)?))
        };
        Self {
            dialect: file.dialect,
            confidence: None,
            entry: 0,
            exhausted: false,
            shape: None,
            revisions: Vec::new(),
            file: file.id,
            stem: stem.strip_suffix(".py").unwrap_or(stem).to_owned(),
            role: file.role,
            runner: file.runner,
            end: u32::try_from(file.text.len()).unwrap_or(u32::MAX),
            query: 0,
            headings: comments.iter().filter_map(heading).collect(),
            blocks: Vec::new(),
            index: BTreeMap::new(),
            calls: BTreeMap::new(),
            sent: BTreeSet::new(),
            driven: BTreeSet::new(),
            deferred: BTreeMap::new(),
            django: None,
        }
    }

    /// A migration of this file without operations.
    pub(super) fn shell(&self) -> Migration {
        Migration {
            name: self.stem.clone(),
            span: Span { file: self.file, start: 0, end: self.end },
            direction: Direction::Up,
            role: self.role,
            runner: self.runner,
            line: Line::Place,
            operations: Vec::new(),
        }
    }

    pub(super) fn next_query(&mut self) -> u32 {
        self.query += 1;
        self.query
    }

    /// Notes an execute-like call; one that is unresolved once stays so.
    pub(super) fn count(&mut self, call: Span, followed: Followed, directive: bool) {
        let entry = self.calls.entry(call).or_insert((Followed::Whole, directive));
        entry.0 = entry.0.max(followed);
    }

    /// Keeps a call that sends only what its function is given.
    pub(super) fn defer(&mut self, call: Span, operation: Operation) {
        let (name, role, runner) = (self.stem.clone(), self.role, self.runner);
        let operations = vec![operation];
        let (span, direction, line) = (call, Direction::Up, Line::Place);
        let migration = Migration { name, span, direction, role, runner, line, operations };
        self.deferred.entry(call).or_insert(migration);
    }

    /// The calls that were kept and not seen to send anything.
    pub(super) fn wrappers(&mut self) -> Vec<(Span, Migration)> {
        let deferred = std::mem::take(&mut self.deferred);
        deferred.into_iter().filter(|(call, _)| !self.sent.contains(call)).collect()
    }

    /// What became of all calls.
    pub(super) fn all_calls(&self) -> Calls {
        let mut all = Calls::default();
        for call in self.calls.values() {
            let count = match call {
                (Followed::Not, true) => &mut all.unknown_directives,
                (_, true) => &mut all.directives,
                (Followed::Whole, false) => &mut all.resolved,
                (Followed::Part, false) => &mut all.partly,
                (Followed::Not, false) => &mut all.unresolved,
            };
            *count += 1;
        }
        all
    }

    /// Notes that a transaction of which nothing was known is one that the driver began.
    pub(super) fn proved(&mut self, scope: u32) {
        self.driven.insert(scope);
    }

    /// Whether something on the way forward changes the schema, or may.
    pub(super) fn changes_schema(&self) -> bool {
        let forward = self.blocks.iter().filter(|block| block.migration.direction == Direction::Up);
        let mut operations = forward.flat_map(|block| &block.migration.operations);
        operations.any(|operation| operation.kind.changes_schema() || operation.kind == OpKind::Opaque)
    }

    /// Where operations stand by now.
    pub(super) fn places(&self) -> Places {
        let operations = self.blocks.iter().flat_map(|block| &block.migration.operations);
        Places::new(operations.map(|op| (op.statement.span, 0)))
    }

    /// Gives each record to the operations that stand in it or in a function that it names.
    pub(super) fn attach(&mut self, entries: &[Entry]) {
        let numbered = || entries.iter().enumerate();
        let records = Places::new(numbered().map(|(at, entry)| (entry.record.span, at)));
        let functions = Places::new(numbered().flat_map(|(at, entry)| entry.functions.iter().map(move |f| (*f, at))));
        let held = numbered().flat_map(|(at, entry)| {
            entry.sql.iter().flat_map(move |text| text.sql.places().map(move |place| (place, at)))
        });
        let held = Places::new(held);
        let operations = self.blocks.iter_mut().flat_map(|block| &mut block.migration.operations);
        for operation in operations.filter(|op| op.context.record.is_none()) {
            let span = operation.statement.span;
            let found = [functions.around(span), held.around(span), held.within(span), records.around(span)];
            if let Some(entry) = found.into_iter().flatten().min().and_then(|at| entries.get(at)) {
                let context = Context { record: Some(entry.record.clone()), ..(*operation.context).clone() };
                operation.context = Arc::new(context);
            }
        }
    }

    pub(super) fn push(&mut self, emitted: Emitted<'_>) {
        let (name, span) = self.block_of(&emitted);
        let key = (span, emitted.direction == Direction::Down);
        let (role, runner, direction) = (self.role, self.runner, emitted.direction);
        let at = *self.index.entry(key).or_insert(self.blocks.len());
        if at == self.blocks.len() {
            let (line, operations) = (Line::Place, Vec::new());
            let migration = Migration { name, span, direction, role, runner, line, operations };
            self.blocks.push(Block { migration, entry: self.entry, seen: BTreeSet::new() });
        }
        let Some(block) = self.blocks.get_mut(at) else { return };
        for operation in emitted.operations {
            // A setting or a boundary counts in each transaction; a statement once for each kind of transaction.
            let scope = operation.context.scope;
            let each = matches!(operation.kind.family(), "session" | "transaction");
            let scope = (scope.kind.as_str(), if each { scope.id } else { 0 });
            let unresolved = matches!(operation.details, Details::Opaque(OpaqueReason::Unresolved(_)));
            // A call that may send one of several things which are not known is told once.
            let (text, scope) =
                if unresolved { (String::new(), ("", 0)) } else { (operation.statement.text.clone(), scope) };
            // One call can be a commit many times over; a statement is told once.
            let table = written_to(&operation);
            let key = (operation.statement.span, operation.span, text, operation.kind.as_str(), table, scope);
            if operation.detail == "driver" || block.seen.insert(key) {
                block.migration.operations.push(operation);
            }
        }
    }

    /// Notes that each database has functions of its own here: `upgrade_users` is for the one called `users`.
    pub(super) fn by_database(&mut self) {
        for Block { migration, .. } in &mut self.blocks {
            let named = ["upgrade_", "downgrade_"].iter().find_map(|prefix| migration.name.strip_prefix(prefix));
            if let Some(name) = named {
                migration.line = Line::Database { name: name.into(), site: None };
            }
        }
    }

    fn block_of(&self, emitted: &Emitted<'_>) -> (String, Span) {
        if let Some((name, span)) = emitted.functions.iter().find(|(name, _)| is_numbered(name)) {
            return ((*name).to_owned(), *span);
        }
        // The innermost statement of this file that stands below a numbered heading of its own function.
        for (at, line) in emitted.lines.iter().enumerate().rev() {
            let home = at.checked_sub(emitted.lines.len().saturating_sub(emitted.functions.len()));
            let within = home.and_then(|home| emitted.functions.get(home)).map(|(_, span)| *span);
            let (from, to) = within.map_or((0, self.end), |span| (span.start, span.end));
            let next = self.headings.partition_point(|(start, _)| start <= line);
            let Some((start, name)) = next.checked_sub(1).and_then(|at| self.headings.get(at)) else { continue };
            if *start < from {
                continue;
            }
            let end = self.headings.get(next).map_or(to, |(end, _)| (*end).min(to));
            return (name.clone(), Span { file: self.file, start: *start, end: end.max(*start) });
        }
        let whole = Span { file: self.file, start: 0, end: self.end };
        match emitted.functions.first() {
            Some((name, span)) if self.entry > 0 => ((*name).to_owned(), *span),
            _ => (self.stem.clone(), whole),
        }
    }

    /// The migrations in the order of their entry points.
    pub(super) fn into_migrations(mut self) -> Vec<Migration> {
        let driven = &self.driven;
        for operation in self.blocks.iter_mut().flat_map(|block| &mut block.migration.operations) {
            let scope = operation.context.scope;
            if scope.kind == TransactionKind::Unknown && driven.contains(&scope.id) {
                let scope = Scope { kind: TransactionKind::Runner, ..scope };
                operation.context = Arc::new(Context { scope, ..(*operation.context).clone() });
            }
        }
        self.blocks.sort_by_key(|block| block.entry);
        self.blocks.into_iter().map(|block| block.migration).collect()
    }
}

/// `run_36`, `migration_036`, `m003_x`, `migrate_v7`, `upgrade_to_12`: functions that a dispatcher calls by number.
fn is_numbered(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    let prefixes = ["run_", "migration_", "migration", "migrate_", "upgrade_", "step_", "apply_", "m", "v", "_"];
    prefixes.iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            let rest = rest.trim_start_matches("to_").trim_start_matches('v');
            rest.trim_start_matches('_').starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// The heading in a comment: `# Migration 36: …`, `# --- 036 …`.
///
/// Numbered steps of one migration (`# Step 2: …`, `# 2. …`) are no headings: what one step creates is new to the next.
fn heading(comment: &str) -> Option<String> {
    let text = comment.trim_start_matches('#').trim().trim_matches(['-', '=', '*', '#', ' ']);
    let lower = text.to_lowercase();
    let words = ["migration", "schema version", "revision", "version", "block"];
    let worded = words.iter().find_map(|word| lower.strip_prefix(word));
    let rest = worded.map_or(lower.as_str(), |rest| rest.trim_start_matches([' ', '#', ':']));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let after = rest.get(digits..)?;
    let marked = after.is_empty() || after.starts_with([':', '.', ')', '-', ' ', '–', '—']);
    // A bare number is a heading only where it is set off by dashes before it and written as a version is.
    let set_off = comment.trim_start_matches('#').trim_start().starts_with(['-', '=']) && digits > 1;
    (digits > 0 && marked && (worded.is_some() || set_off)).then(|| text.to_owned())
}

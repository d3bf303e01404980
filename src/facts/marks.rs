//! What later operations need to know of earlier ones, worked out once: which transaction added a constraint NOT VALID,
//! filled a column, added a value to an enum.

use std::collections::{BTreeMap, BTreeSet};

use super::held::Holdings;
use super::limits::Limits;
use super::{Model, enums};
use crate::history::{self, Project, Timeout};
use crate::ir::{ConstraintKind, Details, Direction, Known, OpKind, Operation, Tri};
use crate::source::Runner;
use crate::span::{FileId, Span};

/// The place of an operation: its migration and its number there.
type Place = (usize, usize);

/// What is remembered of the operations of a run.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// By transaction and constraint: where it was added NOT VALID.
    not_valid: BTreeMap<(usize, String), Place>,
    /// By transaction, table and column: where UPDATE filled it.
    filled: BTreeMap<(usize, String, String), Place>,
    /// By migration, table and column: where a default was first set.
    defaults_set: BTreeMap<(usize, String, String), Place>,
    /// By migration, table and column: where its default is dropped, and not set again.
    defaults_gone: BTreeMap<(usize, String, String), Place>,
    /// By transaction and value: where it was added to an enum, and to which.
    pub(super) enum_values: BTreeMap<(usize, String), (Place, String)>,
    /// By innermost statement: its strings that some transaction adds to an enum.
    pub(super) enum_literals: BTreeMap<enums::StatementKey, BTreeSet<enums::Literal>>,
    /// By transaction and type: where it was created.
    pub(super) enum_types: BTreeMap<(usize, String), Place>,
    /// Every type that a column ever has, by table and column.
    pub(super) columns: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Tables that a migration creates, so that all their columns are known.
    pub(super) created: BTreeSet<String>,
    /// Tables that are partitioned.
    partitioned: BTreeSet<String>,
    /// For each migration its first operation that waits for a lock without a limit.
    unlimited: Vec<Option<usize>>,
    /// For each migration and limit, its last operation that blocks others while that limit is switched off.
    off: Vec<[Option<usize>; 3]>,
    /// The migration looked at is the first of its folder and has created a table: it sets up a database that no release
    /// works on yet.
    baseline: bool,
    /// Tables that other sessions use and a file takes a lock on that blocks them.
    locked: BTreeSet<(FileId, String)>,
    /// The file that its runner applies before a file.
    previous: BTreeMap<FileId, FileId>,
    /// For each migration the places of the first two statements that change something: one of them is another one than
    /// any that is asked about, where there are others.
    changing: Vec<[Option<Span>; 2]>,
    /// For each migration the number of its project.
    projects: Vec<usize>,
    /// SQL files that are applied by hand, as far as can be told.
    by_hand: BTreeSet<FileId>,
    /// Files without a way back among files that have one.
    pub(super) one_way: BTreeSet<FileId>,
    /// What each transaction locks.
    pub(super) holdings: Holdings,
    /// Where the wait for locks is limited.
    pub(super) limits: Limits,
}

/// The settings that limit a wait, in the order of [`Marks::off`].
const LIMITS: [&str; 3] = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];

impl Marks {
    pub(super) fn new(model: &Model) -> Self {
        let mut marks = Self::default();
        let mut numbers: BTreeMap<Project, usize> = BTreeMap::new();
        let mut last: BTreeMap<usize, FileId> = BTreeMap::new();
        for (m, migration) in model.timeline.migrations.iter().enumerate() {
            let next = numbers.len();
            let file = migration.span.file;
            let project = model.file(file).map(|file| history::project_of(migration, file));
            let project = project.map_or(usize::MAX, |project| *numbers.entry(project).or_insert(next));
            marks.projects.push(project);
            marks.unlimited.push(None);
            let changes = migration.operations.iter().filter(|op| op.kind.changes_schema() || op.kind.changes_data());
            let mut places = changes.map(|op| op.statement.span);
            let first = places.next();
            marks.changing.push([first, places.find(|place| Some(*place) != first)]);
            marks.off.push([None; 3]);
            marks.baseline = false;
            if migration.direction == Direction::Up
                && let Some(before) = last.insert(project, file).filter(|before| *before != file)
            {
                marks.previous.insert(file, before);
            }
            for o in 0..migration.operations.len() {
                marks.operation(model, (m, o));
            }
        }
        let values = marks.enum_values.keys().map(|(_, value)| value).collect();
        let operations = model.timeline.migrations.iter().flat_map(|migration| &migration.operations);
        marks.enum_literals = enums::strings_of(operations, &values);
        marks.by_hand = super::by_hand::files(model);
        marks.one_way = super::files::one_way(model, &marks.projects);
        marks
    }

    /// Places of statements of a migration that change something, at most two.
    pub(super) fn changing(&self, migration: usize) -> impl Iterator<Item = Span> + '_ {
        self.changing.get(migration).into_iter().flatten().flatten().copied()
    }

    fn operation(&mut self, model: &Model, at: Place) {
        let Some(view) = model.view(at.0, at.1) else { return };
        let (op, group) = (view.op, view.state.group);
        self.remember(model, op, group, at);
        self.limits.add(&view, self.projects.get(at.0).copied().unwrap_or(usize::MAX));
        let effects = view.effects();
        if view.migration.direction == Direction::Up {
            self.holdings.add(&view, effects);
        }
        let blocks = effects.blocks_reads().or(effects.blocks_writes()).and(view.table_preexisting());
        if blocks != Tri::Yes {
            return;
        }
        if let Some(table) = view.table() {
            self.locked.insert((op.span.file, table.name.clone()));
        }
        let timeouts = view.state.timeouts;
        if let Some(first) = self.unlimited.last_mut()
            && timeouts.lock == Timeout::Unset
        {
            first.get_or_insert(at.1);
        }
        if let Some(off) = self.off.last_mut().filter(|_| !self.baseline) {
            let open = view.transaction_open() == Tri::Yes;
            let idle = if open { timeouts.idle } else { Timeout::Unset };
            for (slot, limit) in off.iter_mut().zip([timeouts.lock, timeouts.statement, idle]) {
                if limit == Timeout::Milliseconds(0) {
                    *slot = Some(at.1);
                }
            }
        }
    }

    /// What the operation does that is asked for later.
    fn remember(&mut self, model: &Model, op: &Operation, group: usize, at: Place) {
        let table = op.table.as_ref().and_then(Known::known);
        let name = op.name.as_ref().and_then(Known::known);
        match (op.kind, &op.details) {
            (OpKind::ConstraintAdd, Details::Constraint(constraint)) if constraint.not_valid => {
                if let Some(name) = name.map(|name| &name.name).or(constraint.name.as_ref()) {
                    self.not_valid.entry((group, name.clone())).or_insert(at);
                }
            }
            (OpKind::DataUpdate, Details::Data(data)) => {
                for (table, assignment) in table.iter().flat_map(|t| data.assignments.iter().map(move |a| (t, a))) {
                    let key = (group, table.name.clone(), assignment.column.clone());
                    self.filled.entry(key).or_insert(at);
                }
            }
            (OpKind::ColumnDropDefault | OpKind::ColumnSetDefault, _) => {
                if let (Some(table), Some(name)) = (table, name) {
                    let key = (at.0, table.name.clone(), name.name.clone());
                    match op.kind {
                        OpKind::ColumnDropDefault => self.defaults_gone.insert(key, at),
                        _ => {
                            self.defaults_set.entry(key.clone()).or_insert(at);
                            self.defaults_gone.remove(&key)
                        }
                    };
                }
            }
            (OpKind::TypeCreate, _) => {
                if let Some(name) = name {
                    self.enum_types.entry((group, name.name.clone())).or_insert(at);
                }
            }
            (OpKind::EnumAddValue, _) => {
                if let (Some(name), Some(value)) = (name, enums::added(op)) {
                    self.enum_values.entry((group, value.clone())).or_insert((at, name.name.clone()));
                }
            }
            (OpKind::TableCreate, Details::Table(details)) => {
                let Some(table) = table else { return };
                self.baseline |= model.file(op.span.file).is_some_and(|file| file.place.neighbours.first);
                if !details.as_select && details.partition_of.is_none() && !details.columns.is_empty() {
                    self.created.insert(table.name.clone());
                }
                if details.partitioned {
                    self.partitioned.insert(table.name.clone());
                }
                for column in &details.columns {
                    self.column(&table.name, column.name.as_ref(), column);
                }
            }
            (OpKind::ColumnAdd | OpKind::ColumnRetype, Details::Column(column)) => {
                let own = name.map(|name| &name.name).or(column.name.as_ref());
                if let Some(table) = table {
                    self.column(&table.name, own, column);
                }
            }
            _ => {}
        }
    }

    fn column(&mut self, table: &str, name: Option<&String>, column: &crate::ir::ColumnDetails) {
        if let (Some(name), Some(data_type)) = (name, &column.data_type) {
            let types = self.columns.entry(table.to_owned()).or_default().entry(name.clone()).or_default();
            types.insert(enums::bare(&data_type.name).to_owned());
        }
    }
}

/// Questions of facts.
impl super::View<'_> {
    /// Whether the table acted on is a partitioned one.
    pub(super) fn table_partitioned(&self) -> bool {
        self.table().is_some_and(|table| self.model.marks.partitioned.contains(&table.name))
    }

    /// Whether the constraint acted on was added NOT VALID in this transaction.
    pub(super) fn added_not_valid_here(&self) -> Tri {
        let Some(name) = self.op.name.as_ref().and_then(Known::known) else { return Tri::No };
        let added = self.model.marks.not_valid.get(&(self.state.group, name.name.clone()));
        Tri::from(added.is_some_and(|at| *at < self.at)).and(self.transaction_open())
    }

    /// Whether a column that the operation asks something of was filled by UPDATE in this transaction.
    pub(super) fn filled_here(&self) -> Tri {
        let Some(table) = self.table() else { return Tri::No };
        let filled = |column: &String| {
            let key = (self.state.group, table.name.clone(), column.clone());
            self.model.marks.filled.get(&key).is_some_and(|at| *at < self.at)
        };
        let named = self.op.name.as_ref().and_then(Known::known).map(|name| &name.name);
        let asked = match (self.op.kind, &self.op.details) {
            (OpKind::ColumnSetNotNull, _) => named.is_some_and(filled),
            (OpKind::ConstraintAdd, Details::Constraint(c)) if !c.not_valid => match (c.kind, &c.expression) {
                (ConstraintKind::Check | ConstraintKind::NotNull, Some(text)) => {
                    let word = |c: char| !c.is_alphanumeric() && c != '_';
                    c.columns.iter().any(filled) || text.split(word).any(|word| filled(&word.to_owned()))
                }
                _ => c.columns.iter().any(filled),
            },
            (OpKind::IndexCreate, Details::Index(index)) if index.unique => {
                index.columns.iter().any(|column| !column.expression && filled(&column.text))
            }
            _ => false,
        };
        Tri::from(asked).and(self.transaction_open())
    }

    /// How the default of a column that is added goes again in the same migration, as a clause; empty where it stays.
    pub(super) fn default_gone(&self) -> &'static str {
        let name = self.op.name.as_ref().and_then(Known::known);
        let (Some(table), Some(name)) = (self.table(), name) else { return "" };
        let gone = self.model.marks.defaults_gone.get(&(self.at.0, table.name.clone(), name.name.clone()));
        if gone.is_none_or(|at| *at < self.at) {
            return "";
        }
        match self.migration.runner {
            // What its schema editor sends for one operation stands at one place.
            Runner::Django if gone.is_some_and(|at| self.sent_with(*at)) => {
                ": Django fills the rows there are from `default=` and drops the default in the same step"
            }
            _ => ": the same migration drops the default again",
        }
    }

    /// Whether the default that is dropped was set by the same migration, for the rows that it changes.
    pub(super) fn default_temporary(&self) -> bool {
        let name = self.op.name.as_ref().and_then(Known::known);
        let (Some(table), Some(name)) = (self.table(), name) else { return false };
        let set = self.model.marks.defaults_set.get(&(self.at.0, table.name.clone(), name.name.clone()));
        set.is_some_and(|at| *at < self.at)
    }

    fn sent_with(&self, at: Place) -> bool {
        let other = self.model.timeline.migrations.get(at.0).and_then(|migration| migration.operations.get(at.1));
        other.is_some_and(|other| other.span == self.op.span)
    }

    /// Whether a statement earlier in the migration waits for a lock without a limit, and the setting comes too late
    /// for it.
    pub(super) fn follows_unlimited(&self) -> bool {
        let Details::Setting(setting) = &self.op.details else { return false };
        let first = self.model.marks.unlimited.get(self.at.0).copied().flatten().filter(|first| *first < self.at.1);
        let same = |first: usize| {
            self.model.timeline.state(self.at.0, first).is_some_and(|state| state.group == self.state.group)
        };
        first.is_some_and(|first| !setting.local || same(first))
    }

    /// Whether a statement that blocks others runs later in the migration while the limit that the setting is about is
    /// switched off.
    pub(super) fn covers_blocking(&self) -> bool {
        let Details::Setting(setting) = &self.op.details else { return false };
        let Some(limit) = LIMITS.iter().position(|name| *name == setting.name) else { return false };
        let last = self.model.marks.off.get(self.at.0).and_then(|off| off.get(limit).copied().flatten());
        last.is_some_and(|last| last > self.at.1)
    }

    /// Whether the file that the runner applies just before this one takes a lock on the table that blocks others.
    pub(super) fn locked_in_previous_file(&self) -> bool {
        let previous = self.model.marks.previous.get(&self.op.span.file);
        let (Some(previous), Some(table)) = (previous, self.table()) else { return false };
        self.model.marks.locked.contains(&(*previous, table.name.clone()))
    }

    /// The number of the project that the file belongs to.
    pub fn project(&self) -> usize {
        self.model.marks.projects.get(self.at.0).copied().unwrap_or(usize::MAX)
    }

    /// Whether the evidence says that the file is applied by hand, statement by statement.
    pub(super) fn by_hand(&self) -> bool {
        self.model.marks.by_hand.contains(&self.op.span.file)
    }
}

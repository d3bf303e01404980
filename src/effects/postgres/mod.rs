//! PostgreSQL.
//!
//! What each operation locks, rewrites, builds and reads is what `tests/effects_oracle.rs` measures on servers of every
//! major; where a fact is not in its cases, the documentation's page of the command is its source. What triggers and
//! functions of one's own do to other relations is no part of it.

mod column;
mod constraint;
mod data;
mod index;
mod object;
mod partition;
mod proof;
mod retype;
mod table;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

use super::view::{Found, Part, Relation, RelationKind, Schema};
use super::words::{Word, words};
use super::{Effects, Lock, LockMode, Server};
use crate::ir::{Known, OpKind, Operation, QualifiedName, Tri};

/// A tree of partitions is followed no further than this.
const MOST_RELATIONS: usize = 20_000;

/// What PostgreSQL does for `operation`.
pub(super) fn effects(operation: &Operation, schema: &dyn Schema, server: Server) -> Effects {
    let mut model = Model {
        op: operation,
        schema,
        server,
        effects: Effects::nothing(),
        relations: RefCell::default(),
        noted: Noted::default(),
        planned: BTreeSet::new(),
    };
    if operation.is_concurrent() == Tri::Unknown {
        // CONCURRENTLY, which an unknown part may hold, changes everything.
        return Effects::default();
    }
    model.answer();
    model.effects.locks = model.noted.locks.into_iter().flatten().collect();
    model.effects
}

/// An operation, what is around it, and what is found out so far.
struct Model<'a> {
    op: &'a Operation,
    schema: &'a dyn Schema,
    server: Server,
    /// Its locks are in `noted` until it is complete.
    effects: Effects,
    /// The relations asked for so far: a table that is looked at for each of its keys is worked out once.
    relations: RefCell<BTreeMap<QualifiedName, Option<Relation<'a>>>>,
    noted: Noted,
    /// Tables of which it is noted that a query opens their indexes.
    planned: BTreeSet<QualifiedName>,
}

/// What is noted of relations. A statement can lock very many of them, so that what is there already is looked up.
#[derive(Default)]
struct Noted {
    /// Locks in order; none where a stronger one has come.
    locks: Vec<Option<Lock>>,
    /// By the hash of the name, the places of the locks on what has that name.
    locked: BTreeMap<u64, Vec<usize>>,
    /// By the hash of list and name, the places in that list.
    listed: BTreeMap<u64, Vec<usize>>,
}

/// A list of [`Effects`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Of {
    Rewrites,
    Rebuilds,
    Builds,
    Scans,
}

/// The same in every run, though nothing depends on it.
fn hash(of: impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Relations of one tree, parents first.
struct Family<'a> {
    /// Those that are known.
    members: Vec<Relation<'a>>,
    /// Whether there are no others.
    complete: bool,
}

impl<'a> Model<'a> {
    /// Nothing is known.
    fn unknown(&mut self) {
        self.effects = Effects::default();
        self.noted = Noted::default();
        self.planned.clear();
    }

    fn answer(&mut self) {
        use OpKind as K;
        match self.op.kind {
            K::ColumnAdd => self.add_column(),
            K::ColumnDrop => self.drop_column(),
            K::ColumnRename => self.rename_column(),
            K::ColumnAlter => self.alter_column(),
            K::ColumnRetype => self.retype(),
            K::ColumnSetNotNull => self.set_not_null(),
            K::ColumnDropNotNull | K::ColumnSetDefault | K::ColumnDropDefault => self.column_setting(),
            K::ConstraintAdd => self.add_constraint(),
            K::ConstraintDrop => self.drop_constraint(),
            K::ConstraintValidate => self.validate_constraint(),
            K::ConstraintRename => self.rename_constraint(),
            K::ConstraintAlter => self.alter_constraint(),
            K::IndexCreate => self.create_index(),
            K::IndexDrop => self.drop_index(),
            K::IndexRename | K::IndexAlter => self.alter_index(),
            K::IndexReindex => self.reindex(),
            K::PartitionAttach => self.attach(),
            K::PartitionDetach => self.detach(),
            K::TableCreate => self.create_table(),
            K::TableDrop | K::ForeignTableDrop => self.drop_table(),
            K::TableRename | K::ForeignTableRename | K::ForeignTableAlter => self.rename_table(),
            K::TableAlter => self.alter_table(),
            K::TableSetStorage => self.set_storage(),
            K::TableTruncate => self.truncate(),
            K::TableLock => self.lock_table(),
            K::TableVacuum => self.vacuum(),
            K::TableAnalyze => self.analyze(),
            K::DataInsert | K::DataUpdate | K::DataDelete | K::DataMerge => self.change_rows(),
            K::DataSelect => self.read_rows(),
            K::CodeRun | K::Opaque => self.unknown(),
            _ => self.object(),
        }
    }

    /// The table of the operation, where its name is known.
    fn table(&self) -> Option<&QualifiedName> {
        self.op.table.as_ref().and_then(Known::known)
    }

    /// The object of the operation, where its name is known.
    fn name(&self) -> Option<&QualifiedName> {
        self.op.name.as_ref().and_then(Known::known)
    }

    /// What a name means. What is not known of it stays open; `None` where there certainly is no such relation.
    fn relation(&self, name: &QualifiedName) -> Option<Relation<'a>> {
        if let Some(relation) = self.relations.borrow().get(name) {
            return relation.clone();
        }
        let relation = match self.schema.relation(name) {
            Found::Known(relation) => Some(relation),
            Found::Unknown => Some(Relation { name: name.clone(), ..Relation::default() }),
            Found::Absent => None,
        };
        self.relations.borrow_mut().insert(name.clone(), relation.clone());
        relation
    }

    /// The relation acted on; a lock of `mode` on it is all that is said where its name is not known.
    fn target(&mut self, mode: LockMode) -> Option<Relation<'a>> {
        let found = self.table().map(|name| self.relation(name));
        match found {
            Some(Some(relation)) => {
                self.lock(&relation.name, mode);
                Some(relation)
            }
            // IF EXISTS, or an error: there is nothing to lock.
            Some(None) => None,
            None => {
                self.unknown();
                self.noted.locks.push(Some(Lock { relation: None, mode }));
                None
            }
        }
    }

    /// The relation acted on, its partitions and the tables that inherit from it, each with a lock of `mode`.
    fn family(&mut self, mode: LockMode) -> Option<Family<'a>> {
        let root = self.target(mode)?;
        let only = self.op.only;
        Some(self.family_of(root, only, mode))
    }

    /// The same for a relation that is not the operation's.
    fn family_of(&mut self, root: Relation<'a>, only: bool, mode: LockMode) -> Family<'a> {
        let family = self.tree(root, only);
        for member in &family.members {
            self.lock(&member.name, mode);
        }
        if !family.complete {
            self.others(mode);
        }
        family
    }

    /// A relation and all that is below it, without locks.
    fn tree(&self, root: Relation<'a>, only: bool) -> Family<'a> {
        let mut family = Family { members: vec![root], complete: true };
        if only {
            return family;
        }
        let mut seen = BTreeSet::new();
        let mut at = 0;
        while let Some(member) = family.members.get(at) {
            family.complete &= member.children().complete;
            let children: Vec<_> =
                member.children().items.iter().filter(|child| seen.insert((*child).clone())).cloned().collect();
            for child in children {
                if family.members.len() >= MOST_RELATIONS {
                    family.complete = false;
                    return family;
                }
                family.members.extend(self.relation(&child));
            }
            at += 1;
        }
        family
    }

    /// Notes a lock.
    fn lock(&mut self, relation: &QualifiedName, mode: LockMode) {
        self.lock_shared(relation, mode, || Arc::new(relation.clone()));
    }

    /// Notes a lock on what has a name that is shared.
    fn lock_index(&mut self, index: &Arc<QualifiedName>, mode: LockMode) {
        self.lock_shared(index, mode, || Arc::clone(index));
    }

    fn lock_shared(&mut self, relation: &QualifiedName, mode: LockMode, name: impl FnOnce() -> Arc<QualifiedName>) {
        let Noted { locks, locked, .. } = &mut self.noted;
        let known = locked.entry(hash(relation)).or_default();
        let at = |place: &usize| {
            let lock: Option<&Lock> = locks.get(*place).and_then(Option::as_ref);
            lock.filter(|lock| lock.relation.as_deref() == Some(relation)).map(|lock| lock.mode)
        };
        if known.iter().filter_map(at).any(|held| held.implies(mode)) {
            return;
        }
        let weaker: Vec<usize> =
            known.iter().copied().filter(|place| at(place).is_some_and(|held| mode.implies(held))).collect();
        for place in weaker {
            known.retain(|other| *other != place);
            if let Some(lock) = locks.get_mut(place) {
                *lock = None;
            }
        }
        known.push(locks.len());
        locks.push(Some(Lock { relation: Some(name()), mode }));
    }

    /// Notes that relations that are not known may be locked.
    fn others(&mut self, mode: LockMode) {
        self.effects.others = self.effects.others.max(Some(mode));
    }

    /// Locks the indexes of a relation.
    fn lock_indexes(&mut self, of: &Relation, mode: LockMode) {
        for index in &of.index_names().items {
            self.lock_index(index, mode);
        }
        if !of.is_complete() {
            self.others(mode);
        }
    }

    /// Notes that a table is read in full, or may be.
    fn scan(&mut self, table: &Relation, answer: Tri) {
        self.note(Of::Scans, table, answer);
    }

    /// Notes that an index is built for a table.
    fn build(&mut self, table: &Relation, answer: Tri) {
        self.note(Of::Builds, table, answer);
        self.scan(table, answer);
    }

    /// Notes that an index is built anew.
    fn rebuild(&mut self, table: &Relation, index: &QualifiedName) {
        self.lock(index, LockMode::AccessExclusive);
        self.build(table, Tri::Yes);
        if holds_rows(table) {
            self.add(Of::Rebuilds, index);
        }
    }

    fn list(&mut self, of: Of) -> &mut Part<QualifiedName> {
        match of {
            Of::Rewrites => &mut self.effects.rewrites,
            Of::Rebuilds => &mut self.effects.rebuilds,
            Of::Builds => &mut self.effects.builds,
            Of::Scans => &mut self.effects.scans,
        }
    }

    /// Notes something of a table that holds rows.
    fn note(&mut self, of: Of, table: &Relation, answer: Tri) {
        if !holds_rows(table) {
            return;
        }
        match answer {
            Tri::Yes => self.add(of, &table.name),
            Tri::Unknown => self.list(of).complete = false,
            Tri::No => {}
        }
    }

    /// Adds a name to a list, once.
    fn add(&mut self, of: Of, name: &QualifiedName) {
        let mut known = std::mem::take(self.noted.listed.entry(hash((of, name))).or_default());
        let items = &mut self.list(of).items;
        if !known.iter().any(|place| items.get(*place) == Some(name)) {
            known.push(items.len());
            items.push(name.clone());
        }
        self.noted.listed.insert(hash((of, name)), known);
    }

    /// Notes that a table and all its indexes are written anew, or may be.
    fn rewrite(&mut self, table: &Relation, answer: Tri) {
        match answer {
            Tri::No => {}
            Tri::Unknown => {
                self.maybe_indexes(table);
                self.effects.rewrites.complete = false;
                self.effects.scans.complete = false;
            }
            Tri::Yes => {
                for index in &table.index_names().items {
                    self.rebuild(table, index);
                }
                if !table.is_complete() {
                    self.maybe_indexes(table);
                }
                self.note(Of::Rewrites, table, Tri::Yes);
                self.scan(table, Tri::Yes);
            }
        }
    }

    /// Notes that indexes of a table may be built anew.
    fn maybe_indexes(&mut self, table: &Relation) {
        if table.is_complete() && table.index_names().items.is_empty() {
            return;
        }
        self.others(LockMode::AccessExclusive);
        self.effects.rebuilds.complete = false;
        self.effects.builds.complete = false;
        self.effects.scans.complete = false;
    }

    /// The words of the statement; none where it stands in a block, whose text is all there is.
    fn words(&self) -> Vec<Word> {
        const MOST: usize = 4000;
        if self.op.nested.is_some() {
            return Vec::new();
        }
        words(&self.op.statement.text).take(MOST).collect()
    }
}

/// Whether a relation holds rows of its own, as far as known.
fn holds_rows(relation: &Relation) -> bool {
    relation.empty != Some(true)
        && !matches!(
            relation.kind,
            RelationKind::Partitioned | RelationKind::PartitionedIndex | RelationKind::View | RelationKind::Foreign
        )
}

/// The known part of a found thing, and whether it is certain.
fn known<T>(found: Found<T>) -> (Option<T>, bool) {
    match found {
        Found::Known(value) => (Some(value), true),
        Found::Absent => (None, true),
        Found::Unknown => (None, false),
    }
}

/// Names after a word: `from a`, `join s.b`.
fn names_after(words: &[Word], keyword: &[&str]) -> Vec<QualifiedName> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if !keyword.iter().any(|keyword| word.is(keyword)) {
            continue;
        }
        let part = |n: usize| words.get(at + n).and_then(Word::name);
        let dotted = words.get(at + 2).is_some_and(|word| word.is_sign('.'));
        match (part(1), part(3)) {
            (Some(schema), Some(name)) if dotted => {
                found.push(QualifiedName { schema: Some(schema.to_owned()), name: name.to_owned() });
            }
            (Some(name), _) => found.push(QualifiedName::bare(name)),
            _ => {}
        }
    }
    found
}

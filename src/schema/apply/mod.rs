//! What each operation does to the catalogue.
//!
//! A statement of a migration that has been applied has succeeded, so what it needs was there: a table that is altered
//! but was never seen is put down as one whose parts are not known.

mod call;
mod column;
mod constraint;
mod index;
mod other;
mod relation;
mod star;
mod table;
mod view;

use super::catalogue::{Catalogue, Meaning, TEMPORARY};
use super::history::Step;
use super::object::{ColumnState, Generated, Maybe, RelationKind, RelationState};
use super::{ColumnId, RelationId};
use crate::ir::{Details, Known, OpKind, Operation, QualifiedName, Tri};

/// One operation being applied.
pub(super) struct Apply<'a> {
    pub(super) catalogue: &'a mut Catalogue,
    /// The step from which on what it does is so: the one after its own.
    pub(super) now: Step,
    /// Whether it certainly runs.
    pub(super) sure: bool,
}

/// What is known of a table that is only ever altered.
fn unseen(name: QualifiedName, kind: RelationKind) -> RelationState {
    RelationState {
        exists: Tri::Yes,
        name,
        kind,
        unlogged: Tri::Unknown,
        temporary: false,
        complete: false,
        partition_key: None,
        bound: None,
        parents: Vec::new(),
        query: None,
        reads: Vec::new(),
        index: None,
        sequence: None,
    }
}

impl Apply<'_> {
    /// Applies `op`.
    pub(super) fn operation(&mut self, op: &Operation) {
        use OpKind as K;
        let unknown = matches!(op.table, Some(Known::Unknown(_)));
        let of_table = matches!(op.kind.family(), "table" | "column" | "constraint" | "partition");
        if unknown && of_table && op.kind.changes_schema() && op.kind != K::TableCreate {
            self.somewhere(op);
            return;
        }
        match op.kind {
            K::TableCreate | K::ForeignTableCreate => self.create_table(op),
            K::TableDrop | K::ViewDrop | K::MatviewDrop | K::ForeignTableDrop | K::SequenceDrop | K::IndexDrop => {
                self.drop_relation_of(op);
            }
            K::TableRename
            | K::ViewRename
            | K::MatviewRename
            | K::ForeignTableRename
            | K::SequenceRename
            | K::IndexRename => self.rename_relation_of(op),
            K::TableAlter | K::TableSetStorage | K::ViewAlter | K::MatviewAlter | K::ForeignTableAlter => {
                self.alter_relation(op);
            }
            K::ColumnAdd => self.add_column_of(op),
            K::ColumnDrop => self.drop_column_of(op),
            K::ColumnRename => self.rename_column_of(op),
            K::ColumnRetype
            | K::ColumnSetNotNull
            | K::ColumnDropNotNull
            | K::ColumnSetDefault
            | K::ColumnDropDefault
            | K::ColumnAlter => self.alter_column_of(op),
            K::IndexCreate => self.create_index(op),
            K::ConstraintAdd => self.add_constraint_of(op),
            K::ConstraintDrop => self.drop_constraint_of(op),
            K::ConstraintValidate | K::ConstraintRename => self.alter_constraint_of(op),
            K::PartitionAttach => self.attach(op),
            K::PartitionDetach => self.detach(op),
            K::ViewCreate | K::MatviewCreate => self.create_view(op),
            K::TypeCreate | K::DomainCreate => self.create_type(op),
            K::TypeAlter | K::TypeRename | K::EnumAddValue | K::EnumRenameValue => self.alter_type(op),
            K::DomainAlter | K::DomainRename => self.alter_domain(op),
            K::TypeDrop | K::DomainDrop => self.drop_type(op),
            K::SequenceCreate => self.create_sequence(op),
            K::SequenceAlter | K::IndexAlter => self.alter_named(op),
            K::FunctionCreate => self.create_routine(op),
            K::FunctionAlter | K::FunctionRename | K::FunctionDrop => self.alter_routine(op),
            K::SchemaCreate | K::SchemaDrop | K::SchemaRename => self.change_schema(op),
            K::SessionSet => self.set(op),
            K::TransactionCommit | K::TransactionRollback => self.end_transaction(),
            K::Other => self.savepoint(op),
            K::Opaque => self.unread(op),
            K::CodeRun => self.call(op),
            K::RoleAlter if op.detail == "drop-owned" => self.open(),
            _ => {}
        }
    }

    /// From here on anything may have happened.
    pub(super) fn open(&mut self) {
        self.catalogue.opened.get_or_insert(self.now);
    }

    pub(super) fn state(&self, id: RelationId) -> Option<&RelationState> {
        self.catalogue.relations[id].state.last()
    }

    pub(super) fn kind(&self, id: RelationId) -> RelationKind {
        self.state(id).map_or(RelationKind::Table, |state| state.kind)
    }

    pub(super) fn is_live(&self, id: RelationId) -> bool {
        self.state(id).is_some_and(|state| state.exists != Tri::No)
    }

    pub(super) fn column_state(&self, id: ColumnId) -> Option<&ColumnState> {
        self.catalogue.columns[id].state.last()
    }

    pub(super) fn is_live_column(&self, id: ColumnId) -> bool {
        self.column_state(id).is_some_and(|state| state.exists != Tri::No)
    }

    /// The relation of that name, where it is known to be there or may be.
    pub(super) fn find(&self, name: &QualifiedName) -> Option<RelationId> {
        match self.catalogue.meaning(name, self.now) {
            Meaning::Held(id) => Some(id),
            Meaning::Never | Meaning::Free | Meaning::Elsewhere => None,
        }
    }

    /// Whether IF EXISTS finds a relation of that name. Where the search path does not lead to it, it finds none.
    pub(super) fn is_there(&self, name: &QualifiedName) -> bool {
        let id = self.find(name).filter(|id| self.is_live(*id));
        let Some(state) = id.and_then(|id| self.state(id)) else { return false };
        let path = || self.catalogue.path_at(self.now);
        name.schema.is_some()
            || state.temporary
            || state.name.schema.as_ref().is_some_and(|schema| path().contains(schema))
    }

    /// Views that read `of`.
    pub(super) fn live_readers(&self, of: RelationId) -> Vec<RelationId> {
        let readers = self.catalogue.relations[of].readers.iter().copied();
        readers
            .filter(|id| self.state(*id).is_some_and(|state| state.exists != Tri::No && state.reads.contains(&of)))
            .collect()
    }

    /// The relation that an operation acts on. One that was never seen must be there, and is put down.
    pub(super) fn found(&mut self, name: &QualifiedName, kind: RelationKind) -> Option<RelationId> {
        match self.catalogue.meaning(name, self.now) {
            Meaning::Held(id) => Some(id),
            Meaning::Elsewhere => None,
            Meaning::Never | Meaning::Free => {
                let schema = Some(self.catalogue.creation_schema(name, self.now));
                let full = QualifiedName { schema, name: name.name.clone() };
                Some(self.add_relation(unseen(full, kind)))
            }
        }
    }

    /// The relation that `op` acts on.
    pub(super) fn table(&mut self, op: &Operation) -> Option<RelationId> {
        let name = op.table.as_ref().and_then(Known::known)?.clone();
        if op.table_if_exists && !self.is_there(&name) {
            return None;
        }
        self.found(&name, RelationKind::Table)
    }

    /// Puts down a relation that was not there.
    pub(super) fn add_relation(&mut self, mut state: RelationState) -> RelationId {
        if state.temporary {
            state.name.schema = Some(TEMPORARY.to_owned());
        }
        if let Some(old) = self.find(&state.name).filter(|old| self.is_live(*old)) {
            // It may have been there, and cannot have been: the name was free.
            self.catalogue.set_relation(old, self.now, self.sure, |state| state.exists = Tri::No);
        }
        if !self.sure {
            state.exists = Tri::Unknown;
        }
        let name = state.name.clone();
        let temporary = state.temporary;
        let id = self.catalogue.relations.push(super::catalogue::RelationSlot::new(self.now, state));
        if temporary {
            self.catalogue.temporary.push(id);
        }
        self.catalogue.touch(super::catalogue::Touched::Relation(id));
        self.catalogue.name_relation(&name, self.now, Meaning::Held(id));
        id
    }

    /// A part of `id` is not recorded.
    pub(super) fn forget_parts(&mut self, id: RelationId) {
        self.catalogue.relations[id].full = true;
        self.catalogue.set_relation(id, self.now, true, |state| state.complete = false);
    }

    /// The column of that name; on a relation whose columns are not all known, it is put down.
    pub(super) fn column(&mut self, of: RelationId, name: &str) -> Option<ColumnId> {
        let held = self.catalogue.column_names.get(&(of, name.to_owned())).and_then(|h| h.last()).copied();
        match held {
            Some(Meaning::Held(id)) => Some(id),
            _ if self.state(of).is_some_and(|state| !state.complete) => {
                let state =
                    ColumnState { exists: Tri::Yes, not_null: Tri::Unknown, default: Maybe::Unknown, ..plain(name) };
                self.push_column(of, state)
            }
            _ => None,
        }
    }

    /// Puts down a column that was not there.
    pub(super) fn push_column(&mut self, of: RelationId, mut state: ColumnState) -> Option<ColumnId> {
        if self.catalogue.relations[of].columns.len() >= super::catalogue::MOST_PARTS {
            self.forget_parts(of);
            return None;
        }
        if !self.sure {
            state.exists = Tri::Unknown;
        }
        let name = state.name.clone();
        let user_type = state.user_type;
        let id = self
            .catalogue
            .columns
            .push(super::catalogue::ColumnSlot { relation: of, state: super::history::History::new(self.now, state) });
        self.catalogue.touch(super::catalogue::Touched::Column(id));
        self.catalogue.relations[of].columns.push(id);
        self.catalogue.name_column(of, &name, self.now, Meaning::Held(id));
        if let Some(of_type) = user_type {
            self.catalogue.types[of_type].columns.push(id);
        }
        Some(id)
    }

    /// The columns of `of` that are or may be there, in order.
    pub(super) fn live_columns(&self, of: RelationId) -> Vec<ColumnId> {
        self.catalogue.relations[of].columns.iter().copied().filter(|id| self.is_live_column(*id)).collect()
    }

    /// The partitions of `of`, and the tables that inherit from it.
    pub(super) fn live_children(&self, of: RelationId) -> Vec<RelationId> {
        let children = self.catalogue.relations[of].children.iter().copied();
        let mut seen = std::collections::BTreeSet::new();
        let live = children.filter(|id| {
            self.state(*id).is_some_and(|state| state.exists != Tri::No && state.parents.contains(&of))
                && seen.insert(*id)
        });
        live.collect()
    }

    /// `of` and all below it, each once.
    pub(super) fn descendants(&self, of: RelationId) -> Vec<RelationId> {
        let mut all = vec![of];
        let mut seen = std::collections::BTreeSet::from([of]);
        let mut at = 0;
        while let Some(id) = all.get(at).copied() {
            at += 1;
            all.extend(self.live_children(id).into_iter().filter(|child| seen.insert(*child)));
        }
        all
    }

    /// The name of `id`, without its schema, and the schema.
    pub(super) fn name_of(&self, id: RelationId) -> (String, String) {
        let name = self.state(id).map(|state| state.name.clone()).unwrap_or_default();
        (name.name, name.schema.unwrap_or_else(|| "public".to_owned()))
    }
}

/// A column of which only the name is known.
pub(super) fn plain(name: &str) -> ColumnState {
    ColumnState {
        exists: Tri::Yes,
        name: name.to_owned(),
        data_type: None,
        user_type: None,
        not_null: Tri::No,
        default: Maybe::No,
        generated: Generated::No,
        identity: None,
        collation: None,
        sequence: None,
        local: true,
    }
}

/// The object that `op` names.
pub(super) fn named(op: &Operation) -> Option<&QualifiedName> {
    op.name.as_ref().and_then(Known::known)
}

/// The details of an object.
pub(super) fn object(op: &Operation) -> Option<&crate::ir::ObjectDetails> {
    match &op.details {
        Details::Object(details) => Some(details),
        _ => None,
    }
}

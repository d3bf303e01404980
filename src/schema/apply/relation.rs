//! What all relations have in common: they are renamed, moved and dropped.

use std::sync::Arc;

use super::{Apply, named, object};
use crate::ir::{Details, Known, OpKind, Operation, QualifiedName, Tri};
use crate::schema::RelationId;
use crate::schema::catalogue::{Meaning, shared};
use crate::schema::object::{RelationKind, RelationState, SequenceState};

/// The sort of relation that an operation acts on.
fn sort(op: &Operation) -> RelationKind {
    match op.kind.family() {
        "view" => RelationKind::View,
        "matview" => RelationKind::Matview,
        "sequence" => RelationKind::Sequence,
        "index" => RelationKind::Index,
        "foreign-table" => RelationKind::Foreign,
        _ => RelationKind::Table,
    }
}

/// The relation that an operation on a whole relation names.
fn target(op: &Operation) -> Option<&Known<QualifiedName>> {
    match op.kind.family() {
        "index" | "sequence" => op.name.as_ref(),
        _ => op.table.as_ref().or(op.name.as_ref()),
    }
}

impl Apply<'_> {
    pub(super) fn drop_relation_of(&mut self, op: &Operation) {
        let Some(name) = target(op).and_then(Known::known) else {
            self.open();
            return;
        };
        if op.if_exists && self.find(name).is_some() && !self.is_there(name) {
            return;
        }
        if let Some(id) = self.find(name) {
            self.drop_relation(id, op.cascade);
        } else if self.sure {
            let schema = Some(self.catalogue.creation_schema(name, self.now));
            let full = QualifiedName { schema, name: name.name.clone() };
            self.catalogue.name_relation(&full, self.now, Meaning::Free);
        }
    }

    /// Drops a relation and all that goes with it. A work list instead of recursion: views can read views as deep as a
    /// file says.
    pub(super) fn drop_relation(&mut self, id: RelationId, cascade: bool) {
        let mut work = vec![id];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = work.pop() {
            if !self.is_live(id) || !seen.insert(id) {
                continue;
            }
            let Some(state) = self.state(id).cloned() else { continue };
            self.catalogue.set_relation(id, self.now, self.sure, |state| state.exists = Tri::No);
            if self.sure {
                self.catalogue.name_relation(&state.name, self.now, Meaning::Free);
            }
            if state.kind == RelationKind::Partitioned {
                self.doubt_partitions(&state.name);
            }
            let slot = &self.catalogue.relations[id];
            work.extend(slot.indexes.iter().copied());
            work.extend(self.owned_sequences(id));
            if cascade {
                work.extend(self.live_readers(id));
                self.drop_routines_of(&state);
            }
            let referring = self.catalogue.relations[id].referenced_by.clone();
            for child in self.live_children(id) {
                let partition = state.index.is_some() || self.state(child).is_some_and(|child| child.bound.is_some());
                if cascade || partition {
                    work.push(child);
                }
            }
            for constraint in referring {
                self.drop_constraint(constraint);
            }
        }
    }

    /// Tables that were never seen being made, and are named like partitions of `of`, which is dropped: a function that
    /// was called may have made them as such.
    fn doubt_partitions(&mut self, of: &QualifiedName) {
        if self.catalogue.opened.is_none() {
            return;
        }
        let schema = of.schema.clone().unwrap_or_default();
        let prefix = format!("{}_", of.name);
        let named = self.catalogue.relation_names.range((schema.clone(), prefix.clone())..);
        let named = named.take_while(|((own, name), _)| *own == schema && name.starts_with(&prefix));
        let ids: Vec<_> = named
            .filter_map(|(_, history)| match history.last() {
                Some(Meaning::Held(id)) => Some(*id),
                _ => None,
            })
            .collect();
        for id in ids {
            let unseen = self
                .state(id)
                .is_some_and(|state| !state.complete && state.parents.is_empty() && state.kind == RelationKind::Table);
            if unseen && self.is_live(id) {
                let indexes = self.live_indexes(id);
                for id in indexes.into_iter().chain([id]) {
                    self.catalogue.set_relation(id, self.now, true, |state| state.exists = Tri::Unknown);
                }
            }
        }
    }

    pub(super) fn rename_relation_of(&mut self, op: &Operation) {
        let new = match &op.details {
            Details::Table(details) => details.new_name.as_ref().and_then(Known::known).map(|name| name.name.clone()),
            Details::Index(details) => details.new_name.clone(),
            Details::Object(details) => details.new_name.as_ref().and_then(Known::known).map(|name| name.name.clone()),
            _ => None,
        };
        let Some(name) = target(op).and_then(Known::known).cloned() else {
            self.open();
            return;
        };
        if op.if_exists && !self.is_there(&name) {
            return;
        }
        let Some(id) = self.found(&name, sort(op)) else { return };
        let Some(new) = new else {
            self.open();
            self.catalogue.set_relation(id, self.now, true, |state| state.exists = Tri::Unknown);
            return;
        };
        self.rename_relation(id, &new);
        let constraint = self.state(id).and_then(|state| state.index.clone()).filter(|index| index.constraint);
        if let Some(index) = constraint {
            let behind = self.live_constraints(index.table);
            let behind =
                behind.into_iter().find(|c| self.catalogue.constraints[*c].last().is_some_and(|c| c.index == Some(id)));
            if let Some(behind) = behind {
                self.rename_constraint(index.table, behind, &new);
            }
        }
    }

    /// Gives a relation another name in its schema.
    pub(super) fn rename_relation(&mut self, id: RelationId, new: &str) {
        let Some(old) = self.state(id).map(|state| state.name.clone()) else { return };
        let full = QualifiedName { name: new.to_owned(), ..old.clone() };
        self.move_relation(id, &full);
        if self.kind(id) != RelationKind::Index {
            self.rename_in_readers(id, &old.name, new);
        }
        self.rename_default(id);
    }

    /// The default of a serial column names its sequence.
    fn rename_default(&mut self, id: RelationId) {
        let owner =
            self.state(id).and_then(|state| state.sequence.as_ref()).filter(|s| !s.identity).and_then(|s| s.owner);
        let Some(column) = owner else { return };
        let (name, schema) = self.name_of(id);
        let quoted = crate::schema::text::quoted(&name);
        let full =
            if schema == "public" { quoted } else { format!("{}.{quoted}", crate::schema::text::quoted(&schema)) };
        let serial = self
            .column_state(column)
            .and_then(|state| state.default.known())
            .is_some_and(|text| text.trim_start().to_lowercase().starts_with("nextval("));
        if serial {
            let text = shared(&format!("nextval('{full}'::regclass)"));
            self.catalogue.set_column(column, self.now, self.sure, |state| {
                state.default = crate::schema::Maybe::Yes(text);
            });
        }
    }

    fn move_relation(&mut self, id: RelationId, to: &QualifiedName) {
        let Some(old) = self.state(id).map(|state| state.name.clone()) else { return };
        if let Some(there) = self.find(to).filter(|there| *there != id && self.is_live(*there)) {
            self.catalogue.set_relation(there, self.now, self.sure, |state| state.exists = Tri::No);
        }
        let sure = self.sure;
        self.catalogue.set_relation(id, self.now, true, |state| {
            state.name.clone_from(to);
            if !sure {
                // It may be there under either name.
                state.exists = Tri::Unknown;
                state.complete = false;
            }
        });
        if sure {
            self.catalogue.name_relation(&old, self.now, Meaning::Free);
        }
        self.catalogue.name_relation(to, self.now, Meaning::Held(id));
    }

    /// The sequences that go with a column of `id`.
    pub(super) fn owned_sequences(&self, id: RelationId) -> Vec<RelationId> {
        let all = self.catalogue.relations[id].sequences.iter().copied();
        all.filter(|sequence| {
            let owner = self.state(*sequence).and_then(|state| state.sequence.as_ref()).and_then(|state| state.owner);
            owner.is_some_and(|column| self.catalogue.columns[column].relation == id)
        })
        .collect()
    }

    /// Puts a relation with its indexes and sequences into another schema.
    fn move_to_schema(&mut self, id: RelationId, schema: &str) {
        let slot = &self.catalogue.relations[id];
        let with: Vec<_> =
            std::iter::once(id).chain(slot.indexes.iter().copied()).chain(self.owned_sequences(id)).collect();
        for part in with.into_iter().filter(|part| self.is_live(*part)).collect::<Vec<_>>() {
            let (name, _) = self.name_of(part);
            self.move_relation(part, &QualifiedName { schema: Some(schema.to_owned()), name });
            self.rename_default(part);
        }
    }

    pub(super) fn alter_relation(&mut self, op: &Operation) {
        let Some(name) = target(op).and_then(Known::known).cloned() else { return };
        if op.if_exists && !self.is_there(&name) {
            return;
        }
        let Some(id) = self.found(&name, sort(op)) else { return };
        let none = crate::ir::TableDetails::default();
        let details = match &op.details {
            Details::Table(details) => details.as_ref(),
            _ => &none,
        };
        match op.detail {
            "schema" => match details.new_name.as_ref().and_then(Known::known).and_then(|name| name.schema.clone()) {
                Some(schema) => self.move_to_schema(id, &schema),
                None => self.open(),
            },
            "logged" | "unlogged" => {
                let unlogged = op.detail == "unlogged";
                self.catalogue.set_relation(id, self.now, self.sure, |state| state.unlogged = unlogged.into());
            }
            "inherit" => {
                for parent in details.parents.clone() {
                    if let Some(parent) = self.known_table(Some(&parent)) {
                        self.catalogue.set_relation(id, self.now, self.sure, |state| state.parents.push(parent));
                        self.add_child(parent, id);
                    }
                }
            }
            "no-inherit" => {
                for parent in details.parents.clone() {
                    if let Some(parent) = parent.known().and_then(|name| self.find(name)) {
                        self.catalogue
                            .set_relation(id, self.now, self.sure, |state| state.parents.retain(|p| *p != parent));
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn create_sequence(&mut self, op: &Operation) {
        let Some(name) = named(op).cloned() else {
            self.open();
            return;
        };
        let temporary = op.detail == "temporary";
        let schema = Some(self.catalogue.creation_schema(&name, self.now));
        let full = QualifiedName { schema, name: name.name };
        if self.stands(&full, op) {
            return;
        }
        let data_type = object(op).and_then(|details| details.data_type.clone());
        let sequence = SequenceState { data_type, ..SequenceState::default() };
        let id = self.add_relation(RelationState {
            complete: true,
            temporary,
            unlogged: Tri::No,
            sequence: Some(Arc::new(sequence)),
            ..super::unseen(full, RelationKind::Sequence)
        });
        self.own(id, op);
    }

    /// OWNED BY.
    fn own(&mut self, sequence: RelationId, op: &Operation) {
        let Some(table) = op.table.as_ref().and_then(Known::known) else { return };
        let column = object(op).and_then(|details| details.part.clone());
        let Some(table) = self.found(table, RelationKind::Table) else { return };
        let owner = column.and_then(|column| self.column(table, &column));
        self.catalogue.relations[table].sequences.push(sequence);
        self.change_sequence(sequence, |state| state.owner = owner);
        if let Some(owner) = owner {
            self.catalogue.set_column(owner, self.now, self.sure, |state| state.sequence = Some(sequence));
        }
    }

    pub(super) fn change_sequence(&mut self, id: RelationId, change: impl FnOnce(&mut SequenceState)) {
        let mut sequence = self.state(id).and_then(|state| state.sequence.as_deref().cloned()).unwrap_or_default();
        change(&mut sequence);
        self.catalogue.set_relation(id, self.now, self.sure, |state| state.sequence = Some(Arc::new(sequence)));
    }

    /// ALTER SEQUENCE and ALTER INDEX.
    pub(super) fn alter_named(&mut self, op: &Operation) {
        let Some(name) = named(op).cloned() else { return };
        if op.if_exists && !self.is_there(&name) {
            return;
        }
        let Some(id) = self.found(&name, sort(op)) else { return };
        match op.detail {
            "schema" => {
                let schema = object(op).and_then(|details| details.new_name.as_ref());
                if let Some(schema) = schema.and_then(Known::known).and_then(|name| name.schema.clone()) {
                    self.move_to_schema(id, &schema);
                }
            }
            "owned-by" if op.kind == OpKind::SequenceAlter => {
                if op.table.is_some() {
                    self.own(id, op);
                } else {
                    self.change_sequence(id, |state| state.owner = None);
                }
            }
            _ => {}
        }
    }

    /// CREATE, DROP and RENAME of a schema.
    pub(super) fn change_schema(&mut self, op: &Operation) {
        let Some(name) = named(op).map(|name| name.name.clone()) else {
            self.open();
            return;
        };
        match op.kind {
            OpKind::SchemaCreate => self.catalogue.set_schema(&name, self.now, self.sure, Tri::Yes),
            OpKind::SchemaDrop => {
                self.catalogue.set_schema(&name, self.now, self.sure, Tri::No);
                self.empty_schema(&name);
            }
            _ => {
                let new = object(op).and_then(|details| details.new_name.as_ref()).and_then(Known::known);
                let Some(new) = new.map(|name| name.name.clone()) else {
                    self.open();
                    return;
                };
                self.catalogue.set_schema(&name, self.now, self.sure, Tri::No);
                self.catalogue.set_schema(&new, self.now, self.sure, Tri::Yes);
                self.rename_schema(&name, &new);
            }
        }
    }

    /// The relations of a schema that are or may be there.
    fn relations_in(&self, schema: &str) -> Vec<RelationId> {
        let first = (schema.to_owned(), String::new());
        let names = self.catalogue.relation_names.range(first..).take_while(|((of, _), _)| of == schema);
        let held = names.filter_map(|(_, history)| match history.last() {
            Some(Meaning::Held(id)) => Some(*id),
            _ => None,
        });
        held.filter(|id| self.is_live(*id)).collect()
    }

    fn empty_schema(&mut self, schema: &str) {
        for id in self.relations_in(schema) {
            self.drop_relation(id, true);
        }
        let types: Vec<_> = self.catalogue.types.keys().collect();
        for id in types {
            let inside = self.catalogue.types[id]
                .state
                .last()
                .is_some_and(|state| state.exists != Tri::No && state.name.schema.as_deref() == Some(schema));
            if inside {
                self.drop_type_id(id, true);
            }
        }
        let routines: Vec<_> = self.catalogue.routines.keys().collect();
        for id in routines {
            let inside = self.catalogue.routines[id]
                .last()
                .is_some_and(|state| state.exists != Tri::No && state.name.schema.as_deref() == Some(schema));
            if inside {
                self.catalogue.set_routine(id, self.now, self.sure, |state| state.exists = Tri::No);
            }
        }
    }

    fn rename_schema(&mut self, old: &str, new: &str) {
        for id in self.relations_in(old) {
            let (name, _) = self.name_of(id);
            self.move_relation(id, &QualifiedName { schema: Some(new.to_owned()), name });
            self.rename_default(id);
        }
        let types: Vec<_> = self.catalogue.types.keys().collect();
        for id in types {
            let name = self.catalogue.types[id].state.last().map(|state| state.name.clone());
            if let Some(name) = name.filter(|name| name.schema.as_deref() == Some(old)) {
                let to = QualifiedName { schema: Some(new.to_owned()), name: name.name.clone() };
                self.rename_type(id, &to);
            }
        }
        let routines: Vec<_> = self.catalogue.routines.keys().collect();
        for id in routines {
            let inside =
                self.catalogue.routines[id].last().is_some_and(|state| state.name.schema.as_deref() == Some(old));
            if inside {
                self.catalogue.set_routine(id, self.now, self.sure, |state| state.name.schema = Some(new.to_owned()));
            }
        }
    }
}

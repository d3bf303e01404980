//! CREATE TABLE.

use std::sync::Arc;

use super::{Apply, plain};
use crate::ir::{
    ColumnDetails, ConstraintDetails, ConstraintKind, Details, Known, Like, OpKind, Operation, QualifiedName,
    TableDetails, Tri,
};
use crate::schema::catalogue::{Meaning, RelationSlot, TEMPORARY, Touched, shared};
use crate::schema::object::{ColumnState, Generated, Maybe, RelationKind, RelationState};
use crate::schema::{RelationId, TypeSort, text};

impl Apply<'_> {
    pub(super) fn create_table(&mut self, op: &Operation) {
        let Some(name) = op.table.as_ref().and_then(Known::known).cloned() else {
            self.open();
            return;
        };
        let none = TableDetails::default();
        let details = match &op.details {
            Details::Table(details) => details.as_ref(),
            _ => &none,
        };
        let schema = match &name.schema {
            _ if details.temporary => TEMPORARY.to_owned(),
            _ => self.catalogue.creation_schema(&name, self.now),
        };
        let full = QualifiedName { schema: Some(schema), name: name.name };
        if self.stands(&full, op) {
            return;
        }
        let kind = match op.kind {
            OpKind::ForeignTableCreate => RelationKind::Foreign,
            _ if details.partitioned => RelationKind::Partitioned,
            _ => RelationKind::Table,
        };
        let id = self.add_relation(RelationState {
            exists: Tri::Yes,
            name: full,
            kind,
            unlogged: details.unlogged.into(),
            temporary: details.temporary,
            complete: op.detail != "import",
            partition_key: details.partition_key.as_deref().map(shared),
            bound: details.bound.as_deref().map(shared),
            parents: Vec::new(),
            query: None,
            reads: Vec::new(),
            index: None,
            sequence: None,
        });
        self.fill(id, details);
    }

    /// Whether a relation of that name is there, which `op` would make: the shape of both is not known then, unless `op`
    /// passes over it.
    pub(super) fn stands(&mut self, full: &QualifiedName, op: &Operation) -> bool {
        let Some(id) = self.find(full).filter(|id| self.is_live(*id)) else { return false };
        let certain = self.state(id).is_some_and(|state| state.exists == Tri::Yes);
        if certain && op.if_not_exists {
            return true;
        }
        if certain || op.if_not_exists {
            let sure = self.sure;
            let called = self.state(id).map(|state| state.name.clone()).filter(|name| name != full);
            if sure && called.is_some() {
                // It was renamed under a condition: either it is still there, or the name was left to this one.
                let kind = self.kind(id);
                let unseen = super::unseen(full.clone(), kind);
                let fresh = self.catalogue.relations.push(RelationSlot::new(self.now, unseen));
                self.catalogue.touch(Touched::Relation(fresh));
                self.catalogue.name_relation(full, self.now, Meaning::Held(fresh));
                return true;
            }
            self.catalogue.set_relation(id, self.now, true, |state| {
                state.complete = false;
                if sure {
                    state.exists = Tri::Yes;
                }
            });
            return true;
        }
        false
    }

    fn fill(&mut self, id: RelationId, details: &TableDetails) {
        let parents: Vec<_> = details.partition_of.iter().chain(&details.parents).collect();
        let mut above = Vec::new();
        for parent in parents {
            let Some(parent) = parent.known().and_then(|name| self.found(name, RelationKind::Table)) else {
                self.forget_parts(id);
                continue;
            };
            self.inherit(id, parent);
            above.push(parent);
        }
        for like in &details.like {
            self.copy_columns(id, like);
        }
        if let Some(of) = &details.of_type {
            self.columns_of_type(id, of.known());
        }
        if let Some(query) = &details.query {
            let (columns, complete) = self.columns_of(query, &details.names);
            for column in columns {
                self.push_column(id, column);
            }
            if !complete {
                self.forget_parts(id);
            }
        } else if details.as_select {
            self.forget_parts(id);
        }
        for column in &details.columns {
            self.declare_column(id, column);
        }
        self.constrain_new(id, details);
        if details.partition_of.is_some() {
            for parent in above {
                self.copy_indexes(id, parent);
            }
        }
        for (name, index) in &details.indexes {
            self.index_on(id, name.as_deref(), index, false);
        }
    }

    /// The constraints of a new table, in the order in which the server names them: checks, the primary key, the other
    /// constraints with an index, foreign keys. Source: `transformCreateStmt` (src/backend/parser/parse_utilcmd.c).
    fn constrain_new(&mut self, id: RelationId, details: &TableDetails) {
        let inline = details.columns.iter().flat_map(|column| &column.constraints);
        let all: Vec<&ConstraintDetails> = inline.chain(&details.constraints).collect();
        let order = [
            ConstraintKind::NotNull,
            ConstraintKind::Check,
            ConstraintKind::PrimaryKey,
            ConstraintKind::Unique,
            ConstraintKind::Exclusion,
            ConstraintKind::ForeignKey,
        ];
        let mut keys: Vec<Vec<String>> = Vec::new();
        for kind in order {
            for constraint in all.iter().copied().filter(|constraint| constraint.kind == kind) {
                if matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique) {
                    // Two that come to the same index are one.
                    if keys.contains(&constraint.columns) && constraint.include.is_empty() {
                        continue;
                    }
                    keys.push(constraint.columns.clone());
                }
                // NOT VALID has no effect on a table without rows.
                let mut constraint = ConstraintDetails { not_valid: false, ..constraint.clone() };
                if kind == ConstraintKind::PrimaryKey && constraint.name.is_none() {
                    // One that comes to the same gives it its name.
                    let same = all.iter().find(|other| {
                        other.kind == ConstraintKind::Unique
                            && other.columns == constraint.columns
                            && other.include.is_empty()
                            && other.name.is_some()
                    });
                    constraint.name = same.and_then(|same| same.name.clone());
                }
                if kind == ConstraintKind::NotNull {
                    // Its name counts from PostgreSQL 18 on only.
                    constraint.name = None;
                }
                self.constrain(id, &constraint, false);
            }
        }
    }

    /// A column as it is written, in CREATE TABLE and ADD COLUMN; its constraints are not added yet.
    pub(super) fn declare_column(&mut self, id: RelationId, details: &ColumnDetails) {
        let Some(name) = &details.name else {
            self.forget_parts(id);
            return;
        };
        let serial = details.data_type.as_ref().and_then(crate::schema::typename::serial).is_some();
        let held = self.catalogue.column_names.get(&(id, name.clone())).and_then(|h| h.last()).copied();
        if let Some(Meaning::Held(old)) =
            held.filter(|held| matches!(held, Meaning::Held(old) if self.is_live_column(*old)))
        {
            // A column of a parent that is declared again: with the same type, and perhaps more.
            let (default, not_null) = (details.default.clone(), details.not_null);
            let identity = details.identity.then_some(details.identity_always);
            self.catalogue.set_column(old, self.now, self.sure, |state| {
                state.local = true;
                state.identity = identity.or(state.identity);
                if let Some(text) = &default {
                    state.default = Maybe::Yes(shared(text));
                }
                if not_null {
                    state.not_null = Tri::Yes;
                }
            });
            if serial || details.identity {
                self.own_sequence(id, old, details, serial);
            }
            return;
        }
        let state = self.column_as_written(name, details);
        let Some(column) = self.push_column(id, state) else { return };
        if serial || details.identity {
            self.own_sequence(id, column, details, serial);
        }
    }

    fn column_as_written(&mut self, name: &str, details: &ColumnDetails) -> ColumnState {
        let (data_type, user_type) = match &details.data_type {
            Some(of) => {
                let (data_type, user_type) = self.resolve_type(of);
                (Some(data_type), user_type)
            }
            None => (None, None),
        };
        // DEFAULT NULL is no default.
        let default = details.default.as_deref().filter(|default| !text::is_null(default));
        ColumnState {
            data_type,
            user_type,
            not_null: details.not_null.into(),
            default: default.map(shared).into(),
            generated: match &details.generated {
                Some(text) if details.generated_stored => Generated::Stored(text.clone()),
                Some(text) => Generated::Virtual(text.clone()),
                None => Generated::No,
            },
            identity: details.identity.then_some(details.identity_always),
            collation: details.collation.clone(),
            ..plain(name)
        }
    }

    /// Gives `id` the columns and checks of its parent.
    pub(super) fn inherit(&mut self, id: RelationId, parent: RelationId) {
        for column in self.live_columns(parent) {
            let Some(state) = self.column_state(column).cloned() else { continue };
            let there = self.catalogue.column_names.contains_key(&(id, state.name.clone()));
            if !there {
                let identity = state.identity.filter(|_| self.kind(parent) == RelationKind::Partitioned);
                self.push_column(id, ColumnState { local: false, identity, ..state });
            }
        }
        let complete = self.state(parent).is_some_and(|state| state.complete);
        self.catalogue.set_relation(id, self.now, true, |state| {
            state.parents.push(parent);
            state.complete &= complete;
        });
        self.add_child(parent, id);
        for constraint in self.live_constraints(parent) {
            let state = self.catalogue.constraints[constraint].last().cloned();
            let Some(state) = state.filter(|c| c.kind == ConstraintKind::Check && !c.no_inherit) else { continue };
            let same = self.constraint_named(id, &state.name).is_some();
            if !same {
                self.copy_constraint(id, &state);
            }
        }
    }

    pub(super) fn add_child(&mut self, parent: RelationId, child: RelationId) {
        let bounded =
            self.state(child).and_then(|state| state.bound.as_deref()).is_some_and(|bound| bound != "DEFAULT");
        let slot = &mut self.catalogue.relations[parent];
        let lists = [Some(&mut slot.children), (!bounded).then_some(&mut slot.unbounded)];
        for list in lists.into_iter().flatten() {
            if list.len() > 64 || !list.contains(&child) {
                list.push(child);
            }
        }
    }

    /// LIKE. Source: PostgreSQL documentation, CREATE TABLE: names, types and NOT NULL, and what is included.
    fn copy_columns(&mut self, id: RelationId, like: &Like) {
        let Some(of) = like.table.known().and_then(|name| self.found(name, RelationKind::Table)) else {
            self.forget_parts(id);
            return;
        };
        let included = |word: &str| {
            like.options.iter().fold(false, |found, option| match option.split_at(1) {
                ("+", name) if name == word || name == "all" => true,
                ("-", name) if name == word || name == "all" => false,
                _ => found,
            })
        };
        let (defaults, generated, identity) = (included("defaults"), included("generated"), included("identity"));
        for column in self.live_columns(of) {
            let Some(state) = self.column_state(column).cloned() else { continue };
            let mut copy = ColumnState { local: true, sequence: None, ..state.clone() };
            if !defaults {
                copy.default = Maybe::No;
            }
            if !generated {
                copy.generated = Generated::No;
            }
            let identity = copy.identity.filter(|_| identity);
            copy.identity = identity;
            let Some(new) = self.push_column(id, copy) else { continue };
            if identity.is_some() {
                let details = ColumnDetails { name: Some(state.name), identity: true, ..ColumnDetails::default() };
                self.own_sequence(id, new, &details, false);
                // The copy is of the default type, whatever that of the column. Source: measured on PostgreSQL 15.
                if let Some(sequence) = self.column_state(new).and_then(|state| state.sequence) {
                    self.change_sequence(sequence, |state| state.data_type = None);
                }
            }
        }
        if self.state(of).is_some_and(|state| !state.complete) {
            self.forget_parts(id);
        }
        if included("constraints") {
            for constraint in self.live_constraints(of) {
                let state = self.catalogue.constraints[constraint].last().cloned();
                if let Some(state) = state.filter(|state| state.kind == ConstraintKind::Check) {
                    let copied = self.copy_constraint(id, &state);
                    if let Some(copied) = copied {
                        self.catalogue.set_constraint(copied, self.now, true, |state| state.inherited = false);
                    }
                }
            }
        }
        if included("indexes") {
            self.copy_indexes(id, of);
        }
    }

    fn columns_of_type(&mut self, id: RelationId, of: Option<&QualifiedName>) {
        let found = of.map(|name| self.catalogue.type_meaning(name, self.now));
        let sort = match found {
            Some(Meaning::Held(of)) => self.catalogue.types[of].state.last().map(|state| state.sort.clone()),
            _ => None,
        };
        match sort {
            Some(TypeSort::Composite(attributes)) => {
                for column in self.live_columns(attributes) {
                    if let Some(state) = self.column_state(column).cloned() {
                        self.push_column(id, state);
                    }
                }
            }
            _ => self.forget_parts(id),
        }
    }

    /// A type as it is kept, and which it is where somebody defined it.
    pub(super) fn resolve_type(
        &self,
        of: &crate::ir::TypeName,
    ) -> (Arc<crate::ir::TypeName>, Option<crate::schema::TypeId>) {
        let normal = crate::schema::typename::normalised(of);
        let name = match normal.name.rsplit_once('.') {
            Some((schema, name)) => QualifiedName { schema: Some(schema.to_owned()), name: name.to_owned() },
            None => QualifiedName::bare(normal.name.clone()),
        };
        match self.catalogue.type_meaning(&name, self.now) {
            Meaning::Held(id) => (Arc::new(normal), Some(id)),
            _ => (Arc::new(normal), None),
        }
    }
}

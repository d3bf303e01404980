//! Indexes, and partitions, which go together.

use std::sync::Arc;

use super::Apply;
use crate::ir::{
    ConstraintDetails, ConstraintKind, Details, IndexDetails, Known, Operation, QualifiedName, Tri, names,
};
use crate::schema::catalogue::{MOST_PARTS, Meaning};
use crate::schema::object::{IndexState, KeyState, RelationKind, RelationState};
use crate::schema::{ConstraintId, IndexState as Index, RelationId};

impl Apply<'_> {
    /// The indexes on `of` that are or may be there.
    pub(super) fn live_indexes(&self, of: RelationId) -> Vec<RelationId> {
        self.catalogue.relations[of].indexes.iter().copied().filter(|id| self.is_live(*id)).collect()
    }

    pub(super) fn create_index(&mut self, op: &Operation) {
        let Some(table) = self.table(op) else { return };
        let Details::Index(details) = &op.details else { return };
        let name = match &op.name {
            Some(Known::Known(name, _)) => Some(name.name.clone()),
            Some(Known::Unknown(_)) => {
                self.forget_parts(table);
                return;
            }
            None => None,
        };
        if let Some(name) = &name {
            let (_, schema) = self.name_of(table);
            if self.stands(&QualifiedName { schema: Some(schema), name: name.clone() }, op) {
                return;
            }
        }
        self.index_on(table, name.as_deref(), details, false);
    }

    /// Puts an index on `table`, and one on each of its partitions. The constraint behind one sees to its own.
    pub(super) fn index_on(
        &mut self,
        table: RelationId,
        name: Option<&str>,
        details: &IndexDetails,
        of_constraint: bool,
    ) -> Option<RelationId> {
        let id = self.index_one(table, name, details)?;
        if of_constraint || self.kind(table) != RelationKind::Partitioned {
            return Some(id);
        }
        if details.only {
            let alone = self.live_children(table).is_empty();
            // Partitions may have been made where nothing is read of it.
            let valid = if alone && self.catalogue.opened.is_some() { Tri::Unknown } else { alone.into() };
            self.change_index(id, |state| state.valid = valid);
            return Some(id);
        }
        let mut made = std::collections::BTreeMap::from([(table, id)]);
        for child in self.descendants(table).into_iter().skip(1) {
            let parents = self.state(child).map(|state| state.parents.clone()).unwrap_or_default();
            let above = parents.iter().find_map(|parent| made.get(parent).copied());
            if let Some(below) = self.index_one(child, None, details) {
                self.attach_last_index(child, above);
                made.insert(child, below);
            }
        }
        Some(id)
    }

    fn index_one(&mut self, table: RelationId, name: Option<&str>, details: &IndexDetails) -> Option<RelationId> {
        if self.catalogue.relations[table].indexes.len() >= MOST_PARTS {
            self.forget_parts(table);
            return None;
        }
        let (table_name, schema) = self.name_of(table);
        let name = name.map_or_else(
            || {
                let (second, label) = names::index(details);
                names::free(&table_name, second.as_deref(), label, |name| {
                    self.catalogue.relation_taken(&schema, name, self.now)
                })
            },
            ToOwned::to_owned,
        );
        let mut keys = Vec::new();
        for key in &details.columns {
            let column = if key.expression { None } else { self.column(table, &key.text) };
            let expression = if key.expression { Some(key.text.clone()) } else { None };
            keys.push(KeyState { column, expression, options: key.options.clone() });
        }
        let include = self.columns_named(table, &details.include);
        let temporary = self.state(table).is_some_and(|state| state.temporary);
        let index = IndexState {
            table,
            keys,
            include,
            unique: details.unique,
            primary: false,
            method: details.method.as_deref().map_or_else(|| "btree".to_owned(), str::to_lowercase),
            predicate: details.predicate.clone(),
            nulls_not_distinct: details.nulls_not_distinct,
            valid: Tri::Yes,
            constraint: false,
        };
        let id = self.add_relation(RelationState {
            complete: true,
            temporary,
            unlogged: Tri::No,
            index: Some(Arc::new(index)),
            ..super::unseen(QualifiedName { schema: Some(schema), name }, RelationKind::Index)
        });
        self.catalogue.relations[table].indexes.push(id);
        Some(id)
    }

    /// The index of a constraint that is dropped, and those attached to it.
    pub(super) fn drop_index_only(&mut self, id: RelationId) {
        for id in self.descendants(id) {
            let Some(name) = self.state(id).map(|state| state.name.clone()) else { continue };
            self.catalogue.set_relation(id, self.now, self.sure, |state| state.exists = Tri::No);
            if self.sure {
                self.catalogue.name_relation(&name, self.now, Meaning::Free);
            }
        }
    }

    /// Gives `table` the indexes, keys and foreign keys of another one: a partition those of its parent, LIKE.
    pub(super) fn copy_indexes(&mut self, table: RelationId, of: RelationId) {
        let attach = self.state(table).is_some_and(|state| state.parents.contains(&of));
        let mut behind = Vec::new();
        for constraint in self.live_constraints(of) {
            let Some(state) = self.catalogue.constraints[constraint].last().cloned() else { continue };
            behind.extend(state.index);
            let foreign = state.kind == ConstraintKind::ForeignKey;
            let keyed = matches!(state.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
            if !(keyed || attach && foreign) {
                continue;
            }
            let column_names = |ids: &[crate::schema::ColumnId]| -> Vec<String> {
                ids.iter().filter_map(|id| self.column_state(*id).map(|state| state.name.clone())).collect()
            };
            if foreign {
                let names = column_names(&state.columns);
                if self.has_foreign_key(table, &names, state.references.as_ref().map(|(of, _)| *of)) {
                    continue;
                }
                let taken = self.constraint_named(table, &state.name).is_some();
                let mut copy = state.clone();
                if taken {
                    copy.name.push('1');
                }
                let id = self.copy_constraint(table, &copy);
                if let (Some(id), Some((other, _))) = (id, state.references) {
                    self.catalogue.relations[other].referenced_by.push(id);
                }
                continue;
            }
            let details = ConstraintDetails {
                kind: state.kind,
                columns: column_names(&state.columns),
                deferrable: state.deferrable.0,
                initially_deferred: state.deferrable.1,
                ..ConstraintDetails::default()
            };
            if let Some(own) = self.key_like(table, &details).filter(|_| attach) {
                let own = self.catalogue.constraints[own].last().and_then(|key| key.index);
                if let (Some(own), Some(parent)) = (own, state.index) {
                    self.catalogue.set_relation(own, self.now, true, |state| state.parents = vec![parent]);
                    self.add_child(parent, own);
                }
                continue;
            }
            self.constrain(table, &details, attach);
            if attach {
                self.attach_last_index(table, state.index);
            }
        }
        for index in self.live_indexes(of) {
            let Some(state) = self.state(index).and_then(|state| state.index.clone()) else { continue };
            if behind.contains(&index) || state.constraint {
                continue;
            }
            let details = self.as_details(&state);
            if attach && self.has_index(table, &details, index) {
                continue;
            }
            self.index_on(table, None, &details, false);
            if attach {
                self.attach_last_index(table, Some(index));
            }
        }
    }

    /// An index as it would be written.
    fn as_details(&self, of: &Index) -> IndexDetails {
        let name =
            |id: crate::schema::ColumnId| self.column_state(id).map(|state| state.name.clone()).unwrap_or_default();
        IndexDetails {
            unique: of.unique,
            method: Some(of.method.clone()),
            columns: of
                .keys
                .iter()
                .map(|key| crate::ir::IndexColumn {
                    text: key.expression.clone().or_else(|| key.column.map(name)).unwrap_or_default(),
                    expression: key.expression.is_some(),
                    options: key.options.clone(),
                })
                .collect(),
            include: of.include.iter().map(|id| name(*id)).collect(),
            predicate: of.predicate.clone(),
            nulls_not_distinct: of.nulls_not_distinct,
            ..IndexDetails::default()
        }
    }

    /// The key of `table` that is like that of its parent.
    fn key_like(&self, table: RelationId, details: &ConstraintDetails) -> Option<ConstraintId> {
        let is_like = |id: &ConstraintId| {
            self.catalogue.constraints[*id].last().is_some_and(|state| {
                let columns = state.columns.iter().filter_map(|id| self.column_state(*id));
                state.kind == details.kind && columns.map(|column| &column.name).eq(&details.columns)
            })
        };
        self.live_constraints(table).into_iter().find(is_like)
    }

    fn has_foreign_key(&self, table: RelationId, columns: &[String], other: Option<RelationId>) -> bool {
        self.live_constraints(table).into_iter().filter_map(|id| self.catalogue.constraints[id].last()).any(|state| {
            let names: Vec<_> =
                state.columns.iter().filter_map(|id| self.column_state(*id)).map(|c| c.name.clone()).collect();
            state.kind == ConstraintKind::ForeignKey
                && names == columns
                && state.references.as_ref().map(|(of, _)| *of) == other
        })
    }

    /// Whether `table` has an index like that of its parent; it is attached then.
    fn has_index(&mut self, table: RelationId, details: &IndexDetails, parent: RelationId) -> bool {
        let same = self.live_indexes(table).into_iter().find(|id| {
            self.state(*id).filter(|state| state.parents.is_empty()).and_then(|state| state.index.clone()).is_some_and(
                |index| {
                    let own = self.as_details(&index);
                    own.columns == details.columns
                        && own.unique == details.unique
                        && own.method == details.method
                        && own.predicate == details.predicate
                },
            )
        });
        if let Some(same) = same {
            self.catalogue.set_relation(same, self.now, true, |state| state.parents.push(parent));
            self.add_child(parent, same);
        }
        same.is_some()
    }

    /// ATTACH PARTITION, also of an index to that of the partitioned table.
    pub(super) fn attach(&mut self, op: &Operation) {
        let (parent, child) = (op.table.as_ref(), op.name.as_ref());
        if op.detail == "index" {
            let find =
                |name: Option<&Known<QualifiedName>>| name.and_then(Known::known).and_then(|name| self.find(name));
            let (Some(parent), Some(child)) = (find(parent), find(child)) else { return };
            self.catalogue.set_relation(child, self.now, self.sure, |state| state.parents = vec![parent]);
            self.add_child(parent, child);
            self.validate_partitioned(parent);
            return;
        }
        if op.detail == "add-partition" {
            return;
        }
        let Some(parent) = self.table(op) else { return };
        let Some(child) = self.known_table(child) else { return };
        let bound = match &op.details {
            Details::Table(details) => details.bound.clone(),
            _ => None,
        };
        let bound = bound.unwrap_or_else(|| "DEFAULT".to_owned());
        self.catalogue.set_relation(child, self.now, self.sure, |state| {
            state.bound = Some(Arc::from(bound.as_str()));
            state.parents = vec![parent];
        });
        self.add_child(parent, child);
        self.copy_indexes(child, parent);
    }

    /// A partitioned index is valid when every partition has one attached to it.
    fn validate_partitioned(&mut self, index: RelationId) {
        let Some(table) = self.state(index).and_then(|state| state.index.as_ref()).map(|index| index.table) else {
            return;
        };
        if self.live_children(index).len() >= self.live_children(table).len() {
            self.change_index(index, |state| state.valid = Tri::Yes);
        }
    }

    pub(super) fn detach(&mut self, op: &Operation) {
        let Some(child) = op.name.as_ref().and_then(Known::known).and_then(|name| self.find(name)) else { return };
        if op.detail == "drop-partition" || self.table(op).is_none() {
            return;
        }
        self.catalogue.set_relation(child, self.now, self.sure, |state| {
            state.bound = None;
            state.parents.clear();
        });
        for index in self.live_indexes(child) {
            self.catalogue.set_relation(index, self.now, self.sure, |state| state.parents.clear());
        }
        for column in self.live_columns(child) {
            self.catalogue.set_column(column, self.now, self.sure, |state| {
                state.local = true;
                state.identity = None;
            });
        }
        for constraint in self.live_constraints(child) {
            self.catalogue.set_constraint(constraint, self.now, self.sure, |state| state.inherited = false);
        }
    }
}

//! Constraints.

use std::sync::Arc;

use super::Apply;
use crate::ir::{
    ConstraintDetails, ConstraintKind, Details, IndexColumn, IndexDetails, OpKind, Operation, QualifiedName, Tri, names,
};
use crate::schema::catalogue::{MOST_PARTS, Meaning, Touched, shared};
use crate::schema::history::History;
use crate::schema::object::{ConstraintState, RelationKind};
use crate::schema::{ConstraintId, RelationId, text};

fn details(op: &Operation) -> Option<&ConstraintDetails> {
    match &op.details {
        Details::Constraint(details) => Some(details),
        _ => None,
    }
}

impl Apply<'_> {
    /// The constraints of `of` that are or may be there.
    pub(super) fn live_constraints(&self, of: RelationId) -> Vec<ConstraintId> {
        let all = self.catalogue.relations[of].constraints.iter().copied();
        all.filter(|id| self.catalogue.constraints[*id].last().is_some_and(|state| state.exists != Tri::No)).collect()
    }

    /// The constraint of that name, where it is or may be there.
    pub(super) fn constraint_named(&self, of: RelationId, name: &str) -> Option<ConstraintId> {
        match self.catalogue.constraint_names.get(&(of, name.to_owned())).and_then(|h| h.last()) {
            Some(Meaning::Held(id)) => {
                self.catalogue.constraints[*id].last().is_some_and(|state| state.exists != Tri::No).then_some(*id)
            }
            _ => None,
        }
    }

    pub(super) fn add_constraint_of(&mut self, op: &Operation) {
        let (Some(table), Some(details)) = (self.table(op), details(op)) else { return };
        if let Some(there) = details.name.as_deref().and_then(|name| self.constraint_named(table, name)) {
            let sure = self.sure || op.if_not_exists;
            self.catalogue.set_constraint(there, self.now, true, |state| {
                if sure {
                    state.exists = Tri::Yes;
                }
            });
            return;
        }
        if op.if_not_exists && details.kind == ConstraintKind::PrimaryKey {
            // A table has one at the most: what is around it asks whether there is one.
            let key = self.live_constraints(table).into_iter().filter_map(|id| self.catalogue.constraints[id].last());
            if key.into_iter().any(|state| state.kind == ConstraintKind::PrimaryKey) {
                return;
            }
        }
        self.constrain(table, details, false);
    }

    /// Adds a constraint to `table` and to those below it.
    pub(super) fn constrain(&mut self, table: RelationId, details: &ConstraintDetails, inherited: bool) {
        let Some(id) = self.constrain_one(table, details, inherited) else { return };
        let partitioned = self.kind(table) == RelationKind::Partitioned;
        let below = match details.kind {
            ConstraintKind::Check => !details.no_inherit,
            ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::ForeignKey => partitioned,
            ConstraintKind::NotNull => true,
            ConstraintKind::Exclusion | ConstraintKind::Named => false,
        };
        if !below {
            return;
        }
        let given = self.catalogue.constraints[id].last().map(|state| (state.name.clone(), state.index));
        let (given, index) = given.unwrap_or_default();
        let mut indexes = std::collections::BTreeMap::from([(table, index)]);
        for child in self.descendants(table).into_iter().skip(1) {
            let mut copy = details.clone();
            copy.name = match details.kind {
                ConstraintKind::Check | ConstraintKind::ForeignKey => Some(given.clone()),
                _ => None,
            };
            if copy.name.as_ref().is_some_and(|name| self.constraint_named(child, name).is_some()) {
                continue;
            }
            let made = self.constrain_one(child, &copy, true).and_then(|id| self.catalogue.constraints[id].last());
            let own = made.and_then(|state| state.index);
            let parents = self.state(child).map(|state| state.parents.clone()).unwrap_or_default();
            let above = parents.iter().find_map(|parent| indexes.get(parent).copied().flatten());
            if own.is_some() {
                self.attach_last_index(child, above);
            }
            indexes.insert(child, own);
        }
    }

    /// The newest index of `table` belongs to the partitioned index `parent`.
    pub(super) fn attach_last_index(&mut self, table: RelationId, parent: Option<RelationId>) {
        let (Some(parent), Some(index)) = (parent, self.catalogue.relations[table].indexes.last().copied()) else {
            return;
        };
        self.catalogue.set_relation(index, self.now, true, |state| {
            if state.parents.is_empty() {
                state.parents.push(parent);
            }
        });
        self.add_child(parent, index);
    }

    fn constrain_one(
        &mut self,
        table: RelationId,
        details: &ConstraintDetails,
        inherited: bool,
    ) -> Option<ConstraintId> {
        if details.kind == ConstraintKind::Named {
            return None;
        }
        let mut columns = self.columns_named(table, &details.columns);
        if details.kind == ConstraintKind::Check || details.kind == ConstraintKind::Exclusion {
            columns = self.mentioned(table, details.expression.as_deref().unwrap_or_default());
        }
        if matches!(details.kind, ConstraintKind::PrimaryKey | ConstraintKind::NotNull) && !details.not_valid {
            for column in columns.clone() {
                self.catalogue.set_column(column, self.now, self.sure, |state| state.not_null = Tri::Yes);
            }
        }
        let written_inline = details.kind == ConstraintKind::NotNull && details.name.is_none() && !details.not_valid;
        if written_inline {
            // Before PostgreSQL 18 it is a property of the column and no constraint.
            return None;
        }
        let (name, index) = self.name_and_index(table, details, &columns)?;
        if let Some(index) = index
            && columns.is_empty()
            && let Some(state) = self.state(index).and_then(|state| state.index.as_ref())
        {
            columns = state.keys.iter().filter_map(|key| key.column).collect();
            if details.kind == ConstraintKind::PrimaryKey {
                for column in columns.clone() {
                    self.catalogue.set_column(column, self.now, self.sure, |state| state.not_null = Tri::Yes);
                }
            }
        }
        let references = details.references.as_ref().and_then(|to| {
            let other = self.known_table(Some(&to.table))?;
            let columns =
                if to.columns.is_empty() { self.primary_key(other) } else { self.columns_named(other, &to.columns) };
            Some((other, columns))
        });
        let actions = details.references.as_ref().map_or((None, None), |to| (to.on_delete, to.on_update));
        self.push_constraint(ConstraintState {
            exists: Tri::Yes,
            name,
            table,
            kind: details.kind,
            columns,
            expression: details.expression.as_deref().map(shared),
            validated: (!details.not_valid && !details.not_enforced).into(),
            not_enforced: details.not_enforced,
            no_inherit: details.no_inherit,
            deferrable: (details.deferrable, details.initially_deferred),
            index,
            references,
            actions,
            inherited,
        })
    }

    fn push_constraint(&mut self, mut state: ConstraintState) -> Option<ConstraintId> {
        let table = state.table;
        if self.catalogue.relations[table].constraints.len() >= MOST_PARTS {
            self.forget_parts(table);
            return None;
        }
        if !self.sure {
            state.exists = Tri::Unknown;
        }
        let name = state.name.clone();
        let other = state.references.as_ref().map(|(other, _)| *other);
        let id = self.catalogue.constraints.push(History::new(self.now, state));
        self.catalogue.touch(Touched::Constraint(id));
        self.catalogue.relations[table].constraints.push(id);
        self.catalogue.name_constraint(table, &name, self.now, Meaning::Held(id));
        if let Some(other) = other {
            self.catalogue.relations[other].referenced_by.push(id);
        }
        Some(id)
    }

    /// The columns of the primary key of `of`.
    fn primary_key(&self, of: RelationId) -> Vec<crate::schema::ColumnId> {
        let keys = self.live_constraints(of).into_iter().filter_map(|id| self.catalogue.constraints[id].last());
        keys.filter(|state| state.kind == ConstraintKind::PrimaryKey)
            .map(|state| state.columns.clone())
            .next()
            .unwrap_or_default()
    }

    /// The columns of `of` that an expression mentions.
    fn mentioned(&self, of: RelationId, expression: &str) -> Vec<crate::schema::ColumnId> {
        let mut found = Vec::new();
        for name in text::names(expression) {
            if let Some(Meaning::Held(id)) = self.catalogue.column_names.get(&(of, name)).and_then(|h| h.last())
                && self.is_live_column(*id)
                && !found.contains(id)
            {
                found.push(*id);
            }
        }
        found
    }

    /// The name that a constraint gets, and the index behind it, which is made or taken.
    fn name_and_index(
        &mut self,
        table: RelationId,
        details: &ConstraintDetails,
        columns: &[crate::schema::ColumnId],
    ) -> Option<(String, Option<RelationId>)> {
        let (table_name, schema) = self.name_of(table);
        let indexed =
            matches!(details.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::Exclusion);
        if let Some(using) = &details.using_index {
            let index = self.find(&QualifiedName { schema: Some(schema), name: using.clone() });
            let name = details.name.clone().unwrap_or_else(|| using.clone());
            if let Some(index) = index {
                if name != *using {
                    self.rename_relation(index, &name);
                }
                let primary = details.kind == ConstraintKind::PrimaryKey;
                self.change_index(index, |state| (state.constraint, state.primary) = (true, primary));
            }
            return Some((name, index));
        }
        let name = match &details.name {
            Some(name) => name.clone(),
            None => {
                let (mut second, label) = names::constraint(details)?;
                if details.kind == ConstraintKind::Check {
                    second = match columns {
                        [one] => self.column_state(*one).map(|state| state.name.clone()),
                        _ => None,
                    };
                }
                if details.kind == ConstraintKind::Exclusion {
                    let keys = exclusion_keys(details.expression.as_deref().unwrap_or_default());
                    second = Some(keys.iter().map(|key| key.text.clone()).collect::<Vec<_>>().join("_"));
                }
                names::free(&table_name, second.as_deref(), label, |name| {
                    self.catalogue.constraint_taken(&schema, name, self.now)
                        || (indexed && self.catalogue.relation_taken(&schema, name, self.now))
                })
            }
        };
        if !indexed {
            return Some((name, None));
        }
        let plain = |name: &String| IndexColumn { text: name.clone(), ..IndexColumn::default() };
        let mut of_index = IndexDetails {
            unique: details.kind != ConstraintKind::Exclusion,
            columns: details.columns.iter().map(plain).collect(),
            include: details.include.clone(),
            nulls_not_distinct: details.nulls_not_distinct,
            ..IndexDetails::default()
        };
        if details.kind == ConstraintKind::Exclusion {
            let expression = details.expression.as_deref().unwrap_or_default();
            of_index.columns = exclusion_keys(expression);
            of_index.method = exclusion_method(expression);
        }
        let index = self.index_on(table, Some(&name), &of_index, true);
        if let Some(index) = index {
            let primary = details.kind == ConstraintKind::PrimaryKey;
            self.change_index(index, |state| (state.constraint, state.primary) = (true, primary));
        }
        Some((name, index))
    }

    /// Gives `table` a constraint of its parent.
    pub(super) fn copy_constraint(&mut self, table: RelationId, of: &ConstraintState) -> Option<ConstraintId> {
        let names: Vec<String> =
            of.columns.iter().filter_map(|id| self.column_state(*id).map(|state| state.name.clone())).collect();
        let columns = self.columns_named(table, &names);
        self.push_constraint(ConstraintState { table, columns, index: None, inherited: true, ..of.clone() })
    }

    pub(super) fn drop_constraint_of(&mut self, op: &Operation) {
        let (Some(table), Some(details)) = (self.table(op), details(op)) else { return };
        if details.kind == ConstraintKind::PrimaryKey && details.name.is_none() {
            // MySQL's DROP PRIMARY KEY.
            let key = self.live_constraints(table).into_iter().find(|id| {
                self.catalogue.constraints[*id].last().is_some_and(|state| state.kind == ConstraintKind::PrimaryKey)
            });
            if let Some(id) = key {
                self.drop_constraint(id);
            }
            return;
        }
        let Some(name) = details.name.clone() else {
            for id in self.live_constraints(table) {
                self.catalogue.set_constraint(id, self.now, true, |state| state.exists = Tri::Unknown);
            }
            return;
        };
        match self.constraint_named(table, &name) {
            Some(id) => self.drop_constraint(id),
            None => self.catalogue.name_constraint(table, &name, self.now, Meaning::Free),
        }
    }

    /// Drops a constraint with its index, the foreign keys that rest on it, and what partitions have of it. A work list
    /// instead of recursion: partitions can be nested as deep as a file says.
    pub(super) fn drop_constraint(&mut self, id: ConstraintId) {
        let mut work = vec![id];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = work.pop() {
            let Some(state) = self.catalogue.constraints[id].last().cloned() else { continue };
            if state.exists == Tri::No || !seen.insert(id) {
                continue;
            }
            self.catalogue.set_constraint(id, self.now, self.sure, |state| state.exists = Tri::No);
            if self.sure {
                self.catalogue.name_constraint(state.table, &state.name, self.now, Meaning::Free);
            }
            if let Some(index) = state.index {
                self.drop_index_only(index);
                for attached in self.live_children(index) {
                    let owner = self.state(attached).and_then(|s| s.index.as_ref()).map(|s| s.table);
                    let same = owner.map(|table| self.live_constraints(table)).unwrap_or_default();
                    work.extend(
                        same.into_iter().filter(|c| {
                            self.catalogue.constraints[*c].last().is_some_and(|c| c.index == Some(attached))
                        }),
                    );
                }
                let referring = self.catalogue.relations[state.table].referenced_by.clone();
                work.extend(referring.into_iter().filter(|c| {
                    let other = self.catalogue.constraints[*c].last();
                    other.and_then(|c| c.references.as_ref()).is_some_and(|(_, to)| same_set(to, &state.columns))
                }));
            }
            if state.kind == ConstraintKind::NotNull {
                for column in state.columns {
                    self.catalogue.set_column(column, self.now, self.sure, |state| state.not_null = Tri::No);
                }
            }
            if matches!(state.kind, ConstraintKind::Check | ConstraintKind::ForeignKey) {
                for child in self.live_children(state.table) {
                    let below = self.constraint_named(child, &state.name);
                    work.extend(below.filter(|c| self.catalogue.constraints[*c].last().is_some_and(|c| c.inherited)));
                }
            }
        }
    }

    pub(super) fn alter_constraint_of(&mut self, op: &Operation) {
        let (Some(table), Some(details)) = (self.table(op), details(op)) else { return };
        let Some(name) = details.name.clone() else { return };
        for id in self.descendants(table) {
            let Some(constraint) = self.constraint_named(id, &name) else { continue };
            match (op.kind, &details.new_name) {
                (OpKind::ConstraintRename, Some(new)) => {
                    let index = self.catalogue.constraints[constraint].last().and_then(|state| state.index);
                    self.rename_constraint(id, constraint, new);
                    if let Some(index) = index {
                        self.rename_relation(index, new);
                    }
                }
                (OpKind::ConstraintValidate, _) => {
                    self.catalogue.set_constraint(constraint, self.now, self.sure, |state| state.validated = Tri::Yes);
                    let state = self.catalogue.constraints[constraint].last().cloned();
                    for column in
                        state.filter(|s| s.kind == ConstraintKind::NotNull).into_iter().flat_map(|s| s.columns)
                    {
                        self.catalogue.set_column(column, self.now, self.sure, |state| state.not_null = Tri::Yes);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn rename_constraint(&mut self, table: RelationId, id: ConstraintId, new: &str) {
        let Some(old) = self.catalogue.constraints[id].last().map(|state| state.name.clone()) else { return };
        self.catalogue.set_constraint(id, self.now, self.sure, |state| new.clone_into(&mut state.name));
        if self.sure {
            self.catalogue.name_constraint(table, &old, self.now, Meaning::Free);
        }
        self.catalogue.name_constraint(table, new, self.now, Meaning::Held(id));
    }

    /// Changes what an index is.
    pub(super) fn change_index(&mut self, id: RelationId, change: impl FnOnce(&mut crate::schema::IndexState)) {
        let Some(mut index) = self.state(id).and_then(|state| state.index.as_deref().cloned()) else { return };
        change(&mut index);
        self.catalogue.set_relation(id, self.now, self.sure, |state| state.index = Some(Arc::new(index)));
    }
}

fn same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len() && one.iter().all(|item| other.contains(item))
}

/// The keys of `USING gist (room WITH =, during WITH &&) WHERE (…)`.
fn exclusion_keys(expression: &str) -> Vec<IndexColumn> {
    let Some(open) = expression.find('(') else { return Vec::new() };
    let mut depth = 0_usize;
    let mut start = open + 1;
    let mut keys = Vec::new();
    for (at, letter) in expression.char_indices().skip_while(|(at, _)| *at < open) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if (letter == ',' && depth == 1) || (letter == ')' && depth == 0) {
            let part = expression.get(start..at).unwrap_or_default();
            let lower = part.to_lowercase();
            let end = lower.rfind(" with ").unwrap_or(part.len());
            let (key, options) = part.split_at(end.min(part.len()));
            let plain = key.trim().trim_matches('"');
            let name = plain.chars().all(|c| c.is_alphanumeric() || c == '_');
            keys.push(IndexColumn { text: plain.to_owned(), expression: !name, options: options.trim().to_owned() });
            start = at + 1;
        }
        if letter == ')' && depth == 0 {
            break;
        }
    }
    keys
}

fn exclusion_method(expression: &str) -> Option<String> {
    let mut words = expression.split_whitespace();
    let using = words.next().is_some_and(|word| word.eq_ignore_ascii_case("using"));
    let method = words.next().filter(|_| using)?;
    Some(method.split('(').next().unwrap_or(method).to_lowercase())
}

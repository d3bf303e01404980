//! ADD, DROP, RENAME and ALTER COLUMN.

use std::sync::Arc;

use super::Apply;
use crate::ir::{ColumnDetails, ConstraintKind, Details, Known, OpKind, Operation, QualifiedName, Tri};
use crate::schema::catalogue::{Meaning, shared};
use crate::schema::object::{Generated, Maybe, RelationKind, RelationState, SequenceState};
use crate::schema::{ColumnId, RelationId, text};

fn details(op: &Operation) -> Option<&ColumnDetails> {
    match &op.details {
        Details::Column(details) => Some(details),
        _ => None,
    }
}

impl Apply<'_> {
    pub(super) fn add_column_of(&mut self, op: &Operation) {
        let (Some(table), Some(details)) = (self.table(op), details(op)) else { return };
        let Some(name) = details.name.as_deref().filter(|_| op.name.as_ref().is_none_or(|n| n.known().is_some()))
        else {
            self.forget_parts(table);
            return;
        };
        if let Some(Meaning::Held(there)) =
            self.catalogue.column_names.get(&(table, name.to_owned())).and_then(|h| h.last())
        {
            let there = *there;
            match self.column_state(there).map(|state| state.exists) {
                Some(Tri::Yes) if op.if_not_exists => return,
                Some(Tri::Yes | Tri::Unknown) => {
                    // It is there now; of which shape is not known.
                    let same = self.column_state(there).and_then(|state| state.data_type.clone());
                    let written = details.data_type.as_ref().map(|of| self.resolve_type(of).0);
                    let sure = self.sure || op.if_not_exists;
                    self.catalogue.set_column(there, self.now, true, |state| {
                        if sure {
                            state.exists = Tri::Yes;
                        }
                        if same != written {
                            (state.data_type, state.user_type) = (None, None);
                        }
                        state.not_null = Tri::Unknown;
                    });
                    if !details.constraints.is_empty() {
                        // They came with it, or have not come again.
                        self.forget_parts(table);
                    }
                    return;
                }
                _ => {}
            }
        }
        self.declare_column(table, details);
        let made = self.column(table, name).and_then(|column| self.column_state(column)).cloned();
        for id in self.descendants(table).into_iter().skip(1) {
            let held = self.catalogue.column_names.get(&(id, name.to_owned())).and_then(|h| h.last()).copied();
            let there = matches!(held, Some(Meaning::Held(column)) if self.is_live_column(column));
            if let Some(state) = made.clone().filter(|_| !there) {
                self.push_column(id, crate::schema::ColumnState { local: false, ..state });
            }
        }
        for constraint in &details.constraints {
            let mut constraint = constraint.clone();
            if constraint.kind == ConstraintKind::NotNull {
                // Its name counts from PostgreSQL 18 on only.
                constraint.name = None;
            }
            self.constrain(table, &constraint, false);
        }
    }

    /// The sequence of a serial or identity column.
    pub(super) fn own_sequence(&mut self, table: RelationId, column: ColumnId, details: &ColumnDetails, serial: bool) {
        let (table_name, schema) = self.name_of(table);
        let column_name = details.name.as_deref().unwrap_or_default();
        let (second, label) = crate::ir::names::sequence(column_name);
        let name = match &details.sequence {
            Some(name) => name.name.clone(),
            None => crate::ir::names::free(&table_name, second.as_deref(), label, |name| {
                self.catalogue.relation_taken(&schema, name, self.now)
            }),
        };
        let temporary = self.state(table).is_some_and(|state| state.temporary);
        let of = self.column_state(column).and_then(|state| state.data_type.as_deref().cloned());
        let sequence = self.add_relation(RelationState {
            complete: true,
            temporary,
            unlogged: Tri::No,
            sequence: Some(Arc::new(SequenceState { owner: Some(column), identity: !serial, data_type: of })),
            ..super::unseen(QualifiedName { schema: Some(schema.clone()), name: name.clone() }, RelationKind::Sequence)
        });
        self.catalogue.relations[table].sequences.push(sequence);
        let qualified = if schema == "public" {
            text::quoted(&name)
        } else {
            format!("{}.{}", text::quoted(&schema), text::quoted(&name))
        };
        self.catalogue.set_column(column, self.now, self.sure, |state| {
            state.sequence = Some(sequence);
            state.not_null = Tri::Yes;
            if serial {
                state.default = Maybe::Yes(shared(&format!("nextval('{qualified}'::regclass)")));
            }
        });
    }

    pub(super) fn drop_column_of(&mut self, op: &Operation) {
        let Some(table) = self.table(op) else { return };
        let Some(name) = super::named(op).map(|name| name.name.clone()) else {
            // Any column may be gone.
            self.doubt_columns(table);
            return;
        };
        for id in self.descendants(table) {
            if let Some(Meaning::Held(column)) =
                self.catalogue.column_names.get(&(id, name.clone())).and_then(|h| h.last())
            {
                self.drop_column(id, *column, op.cascade);
            } else {
                self.catalogue.name_column(id, &name, self.now, Meaning::Free);
            }
        }
    }

    /// It is not known which column of `id` is gone.
    fn doubt_columns(&mut self, id: RelationId) {
        for column in self.live_columns(id) {
            self.catalogue.set_column(column, self.now, true, |state| state.exists = Tri::Unknown);
        }
    }

    /// Drops a column with all that is on it. Source: PostgreSQL documentation, ALTER TABLE: "Indexes and table
    /// constraints involving the column will be automatically dropped as well".
    pub(super) fn drop_column(&mut self, table: RelationId, column: ColumnId, cascade: bool) {
        let Some(state) = self.column_state(column).cloned() else { return };
        if cascade {
            let readers: Vec<_> = self.readers_of(table, &state.name);
            for view in readers {
                self.drop_relation(view, true);
            }
        }
        for constraint in self.live_constraints(table) {
            let on = self.catalogue.constraints[constraint].last().is_some_and(|c| {
                c.columns.contains(&column)
                    || c.references.as_ref().is_some_and(|(of, to)| *of == table && to.contains(&column))
            });
            if on {
                self.drop_constraint(constraint);
            }
        }
        for index in self.live_indexes(table) {
            let on = self.state(index).and_then(|state| state.index.clone()).is_some_and(|index| {
                index.include.contains(&column)
                    || index.keys.iter().any(|key| {
                        key.column == Some(column)
                            || key.expression.as_ref().is_some_and(|text| text::mentions(text, &state.name))
                    })
                    || index.predicate.as_ref().is_some_and(|text| text::mentions(text, &state.name))
            });
            if on {
                self.drop_relation(index, false);
            }
        }
        for constraint in self.catalogue.relations[table].referenced_by.clone() {
            let on = self.catalogue.constraints[constraint].last().is_some_and(|c| {
                c.exists != Tri::No && c.references.as_ref().is_some_and(|(_, to)| to.contains(&column))
            });
            if on {
                self.drop_constraint(constraint);
            }
        }
        for sequence in self.catalogue.relations[table].sequences.clone() {
            let owned = self.state(sequence).and_then(|s| s.sequence.as_ref()).is_some_and(|s| s.owner == Some(column));
            if owned && self.is_live(sequence) {
                self.drop_relation(sequence, false);
            }
        }
        if cascade {
            for other in self.live_columns(table) {
                let computed = self.column_state(other).is_some_and(|other| match &other.generated {
                    Generated::Stored(expression) | Generated::Virtual(expression) => {
                        text::mentions(expression, &state.name)
                    }
                    Generated::No => false,
                });
                if computed && other != column {
                    self.drop_column(table, other, false);
                }
            }
        }
        self.catalogue.set_column(column, self.now, self.sure, |state| state.exists = Tri::No);
        if self.sure {
            self.catalogue.name_column(table, &state.name, self.now, Meaning::Free);
        }
    }

    /// Views that read `table` and mention `column`, or take every column.
    fn readers_of(&self, table: RelationId, column: &str) -> Vec<RelationId> {
        let readers = self.live_readers(table);
        readers
            .into_iter()
            .filter(|id| {
                self.is_live(*id)
                    && self.state(*id).and_then(|state| state.query.as_ref()).is_some_and(|query| {
                        let star = |output: &crate::ir::Output| matches!(output, crate::ir::Output::Star(_));
                        query.words.binary_search_by(|word| word.as_str().cmp(column)).is_ok()
                            || query.columns.iter().flatten().any(star)
                    })
            })
            .collect()
    }

    pub(super) fn rename_column_of(&mut self, op: &Operation) {
        let (Some(table), Some(details)) = (self.table(op), details(op)) else { return };
        let old = super::named(op).map(|name| name.name.clone()).or_else(|| details.name.clone());
        let (Some(old), Some(new)) = (old, details.new_name.clone()) else {
            self.doubt_columns(table);
            self.forget_parts(table);
            return;
        };
        for id in self.descendants(table) {
            let Some(column) = self.column(id, &old) else { continue };
            self.catalogue.set_column(column, self.now, self.sure, |state| state.name.clone_from(&new));
            if self.sure {
                self.catalogue.name_column(id, &old, self.now, Meaning::Free);
            } else {
                // It has the one name or the other: under neither is it certain.
                self.catalogue.set_column(column, self.now, true, |state| state.exists = Tri::Unknown);
            }
            self.catalogue.name_column(id, &new, self.now, Meaning::Held(column));
            self.rename_in_texts(id, &old, &new);
        }
    }

    /// Expressions over `id` say the new name of a column, as the server's do.
    fn rename_in_texts(&mut self, id: RelationId, old: &str, new: &str) {
        for constraint in self.live_constraints(id) {
            let Some(expression) = self.catalogue.constraints[constraint].last().and_then(|c| c.expression.clone())
            else {
                continue;
            };
            if text::mentions(&expression, old) {
                let renamed = shared(&text::renamed(&expression, old, new));
                self.catalogue.set_constraint(constraint, self.now, true, |state| state.expression = Some(renamed));
            }
        }
        let key = self.state(id).and_then(|state| state.partition_key.clone());
        if let Some(key) = key.filter(|key| text::mentions(key, old)) {
            let renamed = shared(&text::renamed(&key, old, new));
            self.catalogue.set_relation(id, self.now, true, |state| state.partition_key = Some(renamed));
        }
        for index in self.live_indexes(id) {
            let Some(mut state) = self.state(index).and_then(|state| state.index.as_deref().cloned()) else { continue };
            let before = state.clone();
            let texts = state.keys.iter_mut().filter_map(|key| key.expression.as_mut()).chain(&mut state.predicate);
            texts.for_each(|text| *text = text::renamed(text, old, new));
            if state != before {
                self.catalogue.set_relation(index, self.now, true, |r| r.index = Some(Arc::new(state)));
            }
        }
        for column in self.live_columns(id) {
            let generated = match self.column_state(column).map(|state| &state.generated) {
                Some(Generated::Stored(text)) if text::mentions(text, old) => {
                    Generated::Stored(text::renamed(text, old, new))
                }
                Some(Generated::Virtual(text)) if text::mentions(text, old) => {
                    Generated::Virtual(text::renamed(text, old, new))
                }
                _ => continue,
            };
            self.catalogue.set_column(column, self.now, true, |state| state.generated = generated);
        }
        self.rename_in_readers(id, old, new);
    }

    /// Views over `id` say the new name of it or of one of its columns.
    pub(super) fn rename_in_readers(&mut self, id: RelationId, old: &str, new: &str) {
        for view in self.live_readers(id) {
            let Some(query) = self.state(view).and_then(|state| state.query.clone()) else { continue };
            if query.words.binary_search_by(|word| word.as_str().cmp(old)).is_err() {
                continue;
            }
            let mut query = query.as_ref().clone();
            query.text = text::renamed(&query.text, old, new);
            if let Err(at) = query.words.binary_search_by(|word| word.as_str().cmp(new)) {
                query.words.insert(at, new.to_owned());
            }
            self.catalogue.set_relation(view, self.now, true, |state| state.query = Some(Arc::new(query)));
        }
    }

    pub(super) fn alter_column_of(&mut self, op: &Operation) {
        let (Some(table), Some(details)) = (self.table(op), details(op)) else { return };
        let Some(name) = super::named(op).map(|name| name.name.clone()).or_else(|| details.name.clone()) else {
            return;
        };
        // Each table that inherits has identities of its own.
        let below = !op.detail.ends_with("-identity") || self.kind(table) == RelationKind::Partitioned;
        for id in self.descendants(table).into_iter().take(if below { usize::MAX } else { 1 }) {
            let Some(column) = self.column(id, &name) else { continue };
            self.alter_column(id, column, op, details);
        }
    }

    fn alter_column(&mut self, table: RelationId, column: ColumnId, op: &Operation, details: &ColumnDetails) {
        let (now, sure) = (self.now, self.sure);
        match op.kind {
            OpKind::ColumnRetype => {
                let resolved = details.data_type.as_ref().map(|of| self.resolve_type(of));
                let modify = !op.detail.is_empty();
                let (not_null, default) = (details.not_null, details.default.clone());
                let user = resolved.as_ref().and_then(|(_, user)| *user);
                let identity =
                    self.column_state(column).filter(|state| state.identity.is_some()).and_then(|s| s.sequence);
                if let (Some(sequence), Some((of, _))) = (identity, &resolved) {
                    let of = of.as_ref().clone();
                    self.change_sequence(sequence, |state| state.data_type = Some(of));
                }
                self.catalogue.set_column(column, now, sure, |state| {
                    (state.data_type, state.user_type) = resolved.map_or((None, None), |(of, user)| (Some(of), user));
                    state.collation.clone_from(&details.collation);
                    if modify {
                        // MySQL's MODIFY and CHANGE say the whole column.
                        state.not_null = not_null.into();
                        state.default = default.as_deref().map(shared).into();
                    }
                });
                if let Some(user) = user {
                    self.catalogue.types[user].columns.push(column);
                }
            }
            OpKind::ColumnSetNotNull => self.catalogue.set_column(column, now, sure, |s| s.not_null = Tri::Yes),
            OpKind::ColumnDropNotNull => {
                self.catalogue.set_column(column, now, sure, |s| s.not_null = Tri::No);
                for constraint in self.live_constraints(table) {
                    let state = self.catalogue.constraints[constraint].last();
                    if state.is_some_and(|c| c.kind == ConstraintKind::NotNull && c.columns.contains(&column)) {
                        self.drop_constraint(constraint);
                    }
                }
            }
            OpKind::ColumnSetDefault => {
                let written = details.default.as_deref().filter(|default| !text::is_null(default));
                let default: Maybe<_> = written.map(shared).into();
                self.catalogue.set_column(column, now, sure, |s| s.default = default);
            }
            OpKind::ColumnDropDefault => self.catalogue.set_column(column, now, sure, |s| s.default = Maybe::No),
            OpKind::ColumnAlter => self.alter_property(table, column, op.detail, details),
            _ => {}
        }
    }

    fn alter_property(&mut self, table: RelationId, column: ColumnId, detail: &str, details: &ColumnDetails) {
        let (now, sure) = (self.now, self.sure);
        match detail {
            "add-identity" => {
                let always = details.identity_always;
                self.catalogue.set_column(column, now, sure, |s| s.identity = Some(always));
                self.own_sequence(table, column, details, false);
            }
            "alter-identity" if details.identity_always => {
                self.catalogue.set_column(column, now, sure, |s| s.identity = Some(true));
            }
            "drop-identity" => {
                let sequence = self.column_state(column).and_then(|state| state.sequence);
                self.catalogue.set_column(column, now, sure, |s| (s.identity, s.sequence) = (None, None));
                if let Some(sequence) = sequence {
                    self.drop_relation(sequence, false);
                }
            }
            "drop-expression" => self.catalogue.set_column(column, now, sure, |s| s.generated = Generated::No),
            "set-expression" => {
                let text = details.generated.clone().unwrap_or_default();
                self.catalogue.set_column(column, now, sure, |s| s.generated = Generated::Stored(text));
            }
            _ => {}
        }
    }

    /// The columns of those names, each put down where it must be there.
    pub(super) fn columns_named(&mut self, of: RelationId, names: &[String]) -> Vec<ColumnId> {
        names.iter().filter_map(|name| self.column(of, name)).collect()
    }

    /// The table of an operation's `table`, for those that only name one.
    pub(super) fn known_table(&mut self, name: Option<&Known<QualifiedName>>) -> Option<RelationId> {
        let name = name.and_then(Known::known)?.clone();
        self.found(&name, RelationKind::Table)
    }
}

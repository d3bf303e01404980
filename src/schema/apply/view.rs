//! Views, and the columns that a query gives.

use std::sync::Arc;

use super::{Apply, plain};
use crate::ir::{Details, Known, OpKind, Operation, Output, QualifiedName, QueryDetails, Tri, ViewDetails};
use crate::schema::RelationId;
use crate::schema::catalogue::{Meaning, TEMPORARY};
use crate::schema::object::{ColumnState, Generated, Maybe, RelationKind, RelationState};

impl Apply<'_> {
    pub(super) fn create_view(&mut self, op: &Operation) {
        let name = op.table.as_ref().or(op.name.as_ref()).and_then(Known::known).cloned();
        let Some(name) = name else {
            self.open();
            return;
        };
        let none = ViewDetails::default();
        let details = match &op.details {
            Details::View(details) => details.as_ref(),
            _ => &none,
        };
        let kind = if op.kind == OpKind::MatviewCreate { RelationKind::Matview } else { RelationKind::View };
        let schema = match &name.schema {
            None if details.temporary => TEMPORARY.to_owned(),
            _ => self.catalogue.creation_schema(&name, self.now),
        };
        let full = QualifiedName { schema: Some(schema), name: name.name };
        let (columns, complete) = self.columns_of(&details.query, &details.names);
        let there = self.find(&full).filter(|id| self.is_live(*id) && self.kind(*id) == RelationKind::View);
        let id = match there {
            // OR REPLACE keeps the view and adds columns.
            Some(id) if kind == RelationKind::View && op.if_not_exists => {
                let sure = self.sure;
                self.catalogue.set_relation(id, self.now, true, |state| {
                    if sure {
                        state.exists = Tri::Yes;
                    }
                    state.complete = complete;
                });
                for column in self.live_columns(id) {
                    let name = self.column_state(column).map(|state| state.name.clone()).unwrap_or_default();
                    if complete && !columns.iter().any(|new| new.name == name) {
                        self.drop_column(id, column, false);
                    }
                }
                id
            }
            _ if self.stands(&full, op) => return,
            _ => self.add_relation(RelationState {
                complete,
                temporary: details.temporary,
                unlogged: Tri::No,
                ..super::unseen(full, kind)
            }),
        };
        for column in columns {
            let held = self.catalogue.column_names.get(&(id, column.name.clone())).and_then(|h| h.last()).copied();
            match held {
                Some(Meaning::Held(there)) if self.is_live_column(there) => {
                    self.catalogue.set_column(there, self.now, self.sure, |state| *state = column);
                }
                _ => {
                    self.push_column(id, column);
                }
            }
        }
        self.read(id, &details.query);
    }

    /// `id` is defined by `query`.
    fn read(&mut self, id: RelationId, query: &QueryDetails) {
        let reads: Vec<RelationId> = query.reads.iter().filter_map(|name| self.find(name)).collect();
        for of in &reads {
            let readers = &mut self.catalogue.relations[*of].readers;
            if readers.last() != Some(&id) {
                readers.push(id);
            }
        }
        let query = Arc::new(self.without_stars(query).unwrap_or_else(|| query.clone()));
        self.catalogue.set_relation(id, self.now, self.sure, |state| {
            state.query = Some(query);
            state.reads = reads;
        });
    }

    /// The columns that a query gives, and whether these are all.
    pub(super) fn columns_of(&mut self, query: &QueryDetails, names: &[String]) -> (Vec<ColumnState>, bool) {
        let mut columns = Vec::new();
        let mut complete = query.columns.is_some();
        for output in query.columns.iter().flatten() {
            match output {
                Output::Star(of) => complete &= self.star(query, of.as_deref(), &mut columns),
                Output::Column { of, column, name } => {
                    let mut state = self.source(query, of.as_deref(), column).unwrap_or_else(|| plain(column));
                    name.as_ref().unwrap_or(column).clone_into(&mut state.name);
                    columns.push(state);
                }
                Output::Expression { name, data_type } => {
                    let mut state = plain(name.as_deref().unwrap_or("?column?"));
                    if let Some(of) = data_type {
                        let (data_type, user_type) = self.resolve_type(of);
                        (state.data_type, state.user_type) = (Some(data_type), user_type);
                    }
                    columns.push(state);
                }
            }
        }
        if complete || names.len() <= columns.len() {
            columns.iter_mut().zip(names).for_each(|(column, name)| name.clone_into(&mut column.name));
        }
        if query.columns.is_none() && !names.is_empty() {
            columns = names.iter().map(|name| plain(name)).collect();
        }
        (columns, complete)
    }

    /// `*` and `t.*`; whether all that it stands for is known.
    fn star(&self, query: &QueryDetails, of: Option<&str>, columns: &mut Vec<ColumnState>) -> bool {
        let Some(from) = &query.from else { return false };
        let mut complete = !from.is_empty();
        for (name, _) in from.iter().filter(|(_, alias)| of.is_none_or(|of| of == alias)) {
            let Some(id) = self.find(name) else {
                complete = false;
                continue;
            };
            complete &= self.state(id).is_some_and(|state| state.complete);
            columns.extend(self.live_columns(id).into_iter().filter_map(|id| self.column_state(id)).map(selected));
        }
        complete
    }

    /// The column of a table that a query takes.
    fn source(&self, query: &QueryDetails, of: Option<&str>, column: &str) -> Option<ColumnState> {
        let from = query.from.as_ref()?;
        for (name, _) in from.iter().filter(|(_, alias)| of.is_none_or(|of| of == alias)) {
            let Some(id) = self.find(name) else { continue };
            if let Some(Meaning::Held(column)) =
                self.catalogue.column_names.get(&(id, column.to_owned())).and_then(|h| h.last())
            {
                return self.column_state(*column).map(selected);
            }
        }
        None
    }
}

/// What a query gives of a column: its name and type.
fn selected(of: &ColumnState) -> ColumnState {
    ColumnState {
        exists: Tri::Yes,
        not_null: Tri::No,
        default: Maybe::No,
        generated: Generated::No,
        identity: None,
        sequence: None,
        local: true,
        ..of.clone()
    }
}

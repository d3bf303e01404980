//! Calls of functions whose statements are not read: those that another file defines, and those of a program.

use super::Apply;
use crate::ir::{Details, Operation, Tri};
use crate::schema::RelationId;
use crate::schema::catalogue::Meaning;
use crate::schema::object::{Maybe, Reach};

impl Apply<'_> {
    /// A call may do anything, unless the function is known and its text says that it does not. The tables that it is
    /// given by name may come out with other columns.
    pub(super) fn call(&mut self, op: &Operation) {
        let name = match &op.details {
            Details::Code(details) => details.name.as_str(),
            _ => "",
        };
        let own = name.rsplit('.').next().unwrap_or(name);
        let ids = self.catalogue.routine_names.get(own).into_iter().flatten();
        let known = ids.filter_map(|id| self.catalogue.routines[*id].last()).filter(|state| state.exists != Tri::No);
        let reach = known.map(|state| state.reach).max();
        if reach == Some(Reach::Rows) {
            return;
        }
        self.open();
        if reach == Some(Reach::Objects) {
            return;
        }
        let given: Vec<RelationId> = strings(op.text()).flat_map(|name| self.of_any_schema(name)).collect();
        if given.is_empty() && reach.is_some() {
            self.forget_all_parts();
        }
        for id in given {
            self.forget_parts(id);
        }
    }

    /// A statement whose text is not known may do anything. Where what is known of it says ALTER, the tables that are
    /// named around it come out with other columns, or any where none is.
    pub(super) fn unread(&mut self, op: &Operation) {
        self.open();
        if Reach::of(op.text()) != Reach::Tables || self.catalogue.unread == Some(op.statement.span) {
            return;
        }
        // Each statement that is sent is gone through once, however many of its parts are not known.
        self.catalogue.unread = Some(op.statement.span);
        let given: Vec<RelationId> = strings(&op.statement.text).flat_map(|name| self.of_any_schema(name)).collect();
        if given.is_empty() {
            self.forget_all_parts();
        }
        for id in given {
            self.forget_parts(id);
        }
    }

    /// An operation on a table whose name is not known: it may be any, of those that are named around it where some are.
    pub(super) fn somewhere(&mut self, op: &Operation) {
        self.open();
        if self.catalogue.unread == Some(op.statement.span) {
            return;
        }
        self.catalogue.unread = Some(op.statement.span);
        let given: Vec<RelationId> = strings(&op.statement.text).flat_map(|name| self.of_any_schema(name)).collect();
        if given.is_empty() {
            self.forget_all_parts();
        }
        let (now, stays) = (self.now, matches!(op.kind.family(), "column" | "constraint" | "index"));
        for id in given {
            self.forget_parts(id);
            for column in self.live_columns(id) {
                self.catalogue.set_column(column, now, true, |state| {
                    (state.not_null, state.default) = (Tri::Unknown, Maybe::Unknown);
                });
            }
            if !stays {
                self.catalogue.set_relation(id, now, true, |state| state.exists = Tri::Unknown);
            }
        }
    }

    /// Any table may have other columns from here on. Those that were doubted before are not gone through again.
    fn forget_all_parts(&mut self) {
        let doubted = self.catalogue.doubted;
        for id in self.catalogue.relations.keys().skip(doubted) {
            self.catalogue.doubted += 1;
            if self.is_live(id) {
                self.forget_parts(id);
            }
        }
    }

    /// The tables of that name, in whatever schema.
    fn of_any_schema(&self, name: &str) -> Vec<RelationId> {
        let own = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
        let schemas = self.catalogue.schemas_of.get(own).into_iter().flatten();
        let held = schemas.filter_map(|schema| {
            let place = (schema.clone(), own.to_owned());
            self.catalogue.relation_names.get(&place).and_then(|history| history.last()).copied()
        });
        let ids = held.filter_map(|meaning| if let Meaning::Held(id) = meaning { Some(id) } else { None });
        ids.filter(|id| self.is_live(*id) && self.kind(*id).is_table()).collect()
    }
}

/// What stands between quotes in a statement.
fn strings(text: &str) -> impl Iterator<Item = &str> {
    text.split('\'').skip(1).step_by(2)
}

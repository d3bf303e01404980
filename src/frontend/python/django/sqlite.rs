//! SQLite can change little of a table: Django makes a new one, copies the rows, drops the old one.

use std::fmt::Write as _;

use super::alter::Side;
use super::editor::Editor;
use super::expr;
use super::field::Field;
use super::names::quoted;
use super::state::Model;
use super::value::{Call, Py};

/// What a new table has that the old one has not.
#[derive(Default)]
struct Changes<'a> {
    /// A column that is new, with the value that its rows get.
    created: Option<&'a Field>,
    /// A column that goes.
    deleted: Option<&'a Field>,
    /// A column that changes.
    altered: Vec<(&'a Field, &'a Field)>,
}

impl Editor {
    pub(super) fn sqlite_add(&mut self, model: &Model, field: &Field) {
        if field.is_many_to_many() {
            return self.add_field(model, field);
        }
        if self.state.column_type(model, field).is_none() {
            return;
        }
        let computed =
            field.db_default().is_some_and(|default| default.call().is_some_and(|call| call.name() != "Value"));
        let remade = field.primary_key() || field.unique() || !field.null() || field.effective_default().is_some();
        if remade || computed {
            return self.remake(model, &Changes { created: Some(field), ..Changes::default() });
        }
        let Some(mut definition) = self.definition(model, field, true) else { return };
        if let Some(check) = field.check(&field.column(), self.dialect()) {
            // Writing to a string does not fail.
            let _ = write!(definition, " CHECK ({check})");
        }
        if field.is_relation() && field.db_constraint() {
            definition += &self.inline_reference(model, field);
        }
        self.alter(&model.table(self.dialect()), &format!("ADD COLUMN {} {definition}", quoted(&field.column())));
        self.field_indexes(model, field);
    }

    pub(super) fn sqlite_remove(&mut self, model: &Model, field: &Field) {
        if field.is_many_to_many() {
            return self.remove_field(model, field);
        }
        if self.state.column_type(model, field).is_none() {
            return;
        }
        let bound =
            field.primary_key() || field.unique() || field.db_index() || (field.is_relation() && field.db_constraint());
        if bound {
            return self.remake(model, &Changes { deleted: Some(field), ..Changes::default() });
        }
        let table = model.table(self.dialect());
        self.alter(&table, &format!("DROP COLUMN {}", quoted(&field.column())));
        self.catalogue.drop_column(&table, &field.column());
    }

    pub(super) fn remake_altered(&mut self, model: &Model, old: &Side, new: &Side) {
        let (was, is) = (&old.field, &new.field);
        let bound = (was.is_relation() && was.db_constraint()) || (is.is_relation() && is.db_constraint());
        let same = self.definition(model, was, false) == self.definition(model, is, false);
        if was.column() != is.column() && same && !bound {
            let table = model.table(self.dialect());
            self.alter(&table, &format!("RENAME COLUMN {} TO {}", quoted(&was.column()), quoted(&is.column())));
            self.catalogue.rename_column(&table, &was.column(), &is.column());
            return;
        }
        self.remake(model, &Changes { altered: vec![(was, is)], ..Changes::default() });
        if is.unique() && (old.kind != new.kind || old.collation != new.collation) {
            for (key, through, _) in self.referrers(&model.key(), is) {
                let Some(referrer) = self.state.models.shared(&key) else { continue };
                let through = through.and_then(|name| self.state.through(&referrer, referrer.field(&name)?));
                self.remake(through.as_ref().unwrap_or(&referrer), &Changes::default());
            }
        }
    }

    pub(super) fn remake_through(&mut self, _before: &Model, after: &Model, old: &Side, new: &Side) {
        let altered = old.links.iter().zip(&new.links).rev().map(|(old, new)| (&old.field, &new.field)).collect();
        self.remake(after, &Changes { altered, ..Changes::default() });
    }

    /// Only an index of its own can be added beside the table.
    pub(super) fn sqlite_constraint(&mut self, model: &Model, call: &Call, add: bool) {
        let given = |name: &str| call.get(name).is_some_and(|value| !matches!(value, Py::None));
        let index = call.is("UniqueConstraint")
            && (given("condition") || given("include") || given("deferrable") || call.get("fields").is_none());
        match (index, add) {
            (true, true) => self.add_constraint(model, call, false),
            (true, false) => self.remove_constraint(model, call),
            _ if call.is("ExclusionConstraint") => {}
            _ => self.remake(model, &Changes::default()),
        }
    }

    /// `model` is as it is after the change.
    fn remake(&mut self, model: &Model, changes: &Changes<'_>) {
        let dialect = self.dialect();
        let table = model.table(dialect);
        let mut body = model.clone();
        let mut copied: Vec<(String, String)> = Vec::new();
        body.fields.retain(|field| {
            let named = |other: &Field| other.name == field.name;
            !(changes.deleted.is_some_and(named) || changes.created.is_some_and(named))
        });
        for field in &body.fields {
            let retyped = changes.altered.iter().any(|(_, new)| new.name == field.name);
            let has = self.state.column_type(model, field).is_some() && !field.generated();
            if has && !retyped {
                copied.push((field.column(), quoted(&field.column())));
            }
        }
        if let Some(field) = changes.created {
            let at = model.fields.iter().position(|held| held.name == field.name).unwrap_or(usize::MAX);
            body.fields.insert(at.min(body.fields.len()), field.clone());
            if field.db_default().is_none() && !field.generated() {
                let default = field
                    .effective_default()
                    .map_or_else(|| "NULL".to_owned(), |value| expr::default(&value, field, dialect));
                copied.push((field.column(), default));
            }
        }
        for (old, new) in &changes.altered {
            for field in body.fields.iter_mut().filter(|field| field.name == new.name) {
                (*new).clone_into(field);
            }
            let from = quoted(&old.column());
            let value = match (old.null() && !new.null(), new.effective_default()) {
                (true, default) => {
                    let default =
                        default.map_or_else(|| "NULL".to_owned(), |value| expr::default(&value, new, dialect));
                    format!("coalesce({from}, {default})")
                }
                _ => from,
            };
            if !new.generated() {
                copied.push((new.column(), value));
            }
        }
        let fresh = format!("new__{}", table.trim_matches('"'));
        body.set_option("db_table", Some(Py::Text(fresh.clone())));
        body.fields.retain(|field| !field.is_many_to_many());
        self.create_model(&body);
        let (into, from): (Vec<_>, Vec<_>) = copied.into_iter().map(|(to, from)| (quoted(&to), from)).unzip();
        let (into, from) = (into.join(", "), from.join(", "));
        self.send(&format!("INSERT INTO {} ({into}) SELECT {from} FROM {}", quoted(&fresh), quoted(&table)));
        self.send(&format!("DROP TABLE {}", quoted(&table)));
        self.catalogue.drop_table(&table);
        self.waiting.retain(|(_, statement)| !statement.mentions_table(&table));
        self.rename_table(&fresh, &table);
        self.finish();
    }
}

//! Operations on the indexes and constraints of `Meta`.

use super::editor::Editor;
use super::field::Field;
use super::names::quoted;
use super::value::{Call, Py};

impl Editor {
    pub(super) fn add_index(&mut self, app: &str, name: &str, index: Option<&Call>, concurrently: bool) {
        let Some(index) = index else { return self.opaque(self.span, "the index is not known") };
        let Some(model) = self.model_mut(app, name) else { return };
        model.indexes.push(index.clone());
        if let Some(model) = self.managed(app, name) {
            let statement = self.index_of(&model, index, concurrently && !self.sqlite());
            self.execute(&statement);
        }
    }

    pub(super) fn remove_index(&mut self, app: &str, model: &str, name: &str, concurrently: bool) {
        let Some(state) = self.model_mut(app, model) else { return };
        state.indexes.retain(|index| index.text("name") != Some(name));
        if let Some(model) = self.managed(app, model) {
            let table = model.table(self.dialect());
            self.drop_index(&table, name, concurrently);
        }
    }

    pub(super) fn rename_index(&mut self, app: &str, call: &Call) {
        let text = |at, name| call.argument(at, name).and_then(Py::as_str).unwrap_or_default().to_owned();
        let (model, new) = (text(0, "model_name"), text(1, "new_name"));
        let fields = call.argument(3, "old_fields").map(Py::strings).unwrap_or_default();
        let mut old = text(2, "old_name");
        let Some(before) = self.state.shared(app, &model) else { return self.missing(app, &model) };
        let table = before.table(self.dialect());
        if fields.is_empty() {
            let indexes = self.model_mut(app, &model).map(|model| &mut model.indexes);
            for index in indexes.into_iter().flatten().filter(|index| index.text("name") == Some(old.as_str())) {
                index.set("name", Py::Text(new.clone()));
            }
        } else {
            let columns: Vec<_> =
                fields.iter().map(|name| before.field(name).map_or_else(|| name.clone(), Field::column)).collect();
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let found = self.catalogue.names(&table, &columns, |entry| entry.index && !entry.unique);
            old = found.into_iter().next().unwrap_or_default();
            let together = before.together("index_together").into_iter().filter(|names| *names != fields);
            let together = together.map(|names| Py::List(names.into_iter().map(Py::Text).collect())).collect();
            let mut index = Call { path: "django.db.models.Index".to_owned(), span: call.span, ..Call::default() };
            index.set("fields", Py::List(fields.iter().cloned().map(Py::Text).collect()));
            index.set("name", Py::Text(new.clone()));
            if let Some(model) = self.model_mut(app, &model) {
                model.set_option("index_together", Some(Py::List(together)));
                model.indexes.push(index);
            }
        }
        let Some(model) = self.managed(app, &model).filter(|_| old != new && !old.is_empty()) else { return };
        if self.sqlite() {
            self.drop_index(&table, &old, false);
            let index = model.indexes.iter().find(|index| index.text("name") == Some(new.as_str())).cloned();
            if let Some(index) = index {
                let statement = self.index_of(&model, &index, false);
                self.execute(&statement);
            }
        } else {
            self.send(&format!("ALTER INDEX {} RENAME TO {}", quoted(&old), quoted(&new)));
            self.catalogue.rename(&table, &old, &new);
        }
    }

    pub(super) fn add_meta_constraint(&mut self, app: &str, name: &str, constraint: Option<Call>, not_valid: bool) {
        let Some(constraint) = constraint else { return self.opaque(self.span, "the constraint is not known") };
        let Some(model) = self.model_mut(app, name) else { return };
        model.constraints.push(constraint.clone());
        let Some(model) = self.managed(app, name) else { return };
        if self.sqlite() {
            return self.sqlite_constraint(&model, &constraint, true);
        }
        self.add_constraint(&model, &constraint, not_valid);
    }

    pub(super) fn remove_meta_constraint(&mut self, app: &str, model: &str, name: &str) {
        let Some(state) = self.model_mut(app, model) else { return };
        let named = |call: &Call| call.text("name") == Some(name);
        let found = state.constraints.iter().find(|call| named(call)).cloned();
        state.constraints.retain(|call| !named(call));
        let Some(model) = self.managed(app, model) else { return };
        // A constraint that the state does not know is one all the same: its operation names it.
        let found = found.unwrap_or_else(|| {
            let mut call = Call { path: "django.db.models.CheckConstraint".to_owned(), ..Call::default() };
            call.set("name", Py::Text(name.to_owned()));
            call
        });
        if self.sqlite() {
            return self.sqlite_constraint(&model, &found, false);
        }
        self.remove_constraint(&model, &found);
    }

    /// What a constraint tells the user changes; the database does not (Django 5.2).
    pub(super) fn alter_meta_constraint(&mut self, app: &str, call: &Call) {
        let text = |at, name| call.argument(at, name).and_then(Py::as_str).unwrap_or_default();
        let (model, name) = (text(0, "model_name"), text(1, "name"));
        let Some(constraint) = call.argument(2, "constraint").and_then(Py::call).cloned() else { return };
        if let Some(model) = self.model_mut(app, model) {
            let held = model.constraints.iter_mut().find(|held| held.text("name") == Some(name));
            if let Some(held) = held {
                *held = constraint;
            }
        }
    }
}

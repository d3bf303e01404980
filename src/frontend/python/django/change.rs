//! Operations on fields, and renames: what they leave in the state and what they send.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::alter::Side;
use super::editor::Editor;
use super::field::Field;
use super::state::{Key, Model};
use super::value::Py;

impl Editor {
    pub(super) fn rename(&mut self, app: &str, old: &str, new: &str) {
        let dialect = self.dialect();
        let old_key = (app.to_owned(), old.to_lowercase());
        let Some(before) = self.state.models.shared(&old_key) else { return self.missing(app, old) };
        let related = self.state.references(&old_key);
        let visible = |field: &Field| {
            field.is_many_to_many() || !field.call.text("related_name").is_some_and(|name| name.ends_with('+'))
        };
        let mut relations: Vec<(Key, String, Side)> = Vec::new();
        for (key, name) in &related {
            let Some(model) = self.state.models.get(key) else { continue };
            if let Some(field) = model.field(name).filter(|field| visible(field)) {
                relations.push((key.clone(), name.clone(), self.side(model, field)));
            }
        }
        let own: Vec<Side> = before
            .fields
            .iter()
            .filter(|field| field.is_many_to_many())
            .map(|field| self.side(&before, field))
            .collect();
        // The state: the model under its new name, and all that names it.
        let mut model = (*before).clone();
        new.clone_into(&mut model.name);
        let key = model.key();
        self.state.models.remove(&old_key);
        self.state.models.insert(key.clone(), Arc::new(model));
        let to = Py::Text(format!("{app}.{new}"));
        for (referrer, name) in &related {
            let referrer = if *referrer == old_key { &key } else { referrer };
            let field =
                self.state.models.get_mut(referrer).and_then(|model| model.fields.iter_mut().find(|f| f.name == *name));
            if let Some(field) = field {
                field.call.args.clear();
                field.call.set("to", to.clone());
            }
        }
        self.repoint_users(&old_key, &key, &to);
        let referrers = self.state.referrers.remove(&old_key).unwrap_or_default();
        let referrers = referrers.into_iter().map(|referrer| if referrer == old_key { key.clone() } else { referrer });
        let referrers: Vec<Key> = referrers.collect();
        self.state.referrers.entry(key.clone()).or_default().extend(referrers);
        self.state.refer(&key);
        let Some(after) = self.managed(app, new) else { return };
        if before.table(dialect) == after.table(dialect) && own.is_empty() {
            // Names of columns in joining tables follow the model's even so.
            relations.retain(|(.., side)| side.through.is_some());
        }
        self.rename_table(&before.table(dialect), &after.table(dialect));
        for (referrer, name, side) in relations {
            let referrer = if referrer == old_key { key.clone() } else { referrer };
            self.follow(&referrer, &name, &side);
        }
        for side in own {
            let itself = side.field.to().and_then(|to| self.state.named(to, app, old));
            if itself.is_none_or(|to| to != old_key) {
                self.follow(&key, &side.field.name, &side);
            }
        }
    }

    /// Changes a field to what it is by now.
    fn follow(&mut self, key: &Key, name: &str, before: &Side) {
        let Some(model) = self.state.models.shared(key).filter(|model| model.managed()) else { return };
        let Some(field) = model.field(name) else { return };
        let now = self.side(&model, field);
        self.alter_field(&model, before, &now, &[]);
    }

    /// Models that name a renamed one as what joins them to others, or as what they are derived from, follow it.
    fn repoint_users(&mut self, old: &Key, new: &Key, to: &Py) {
        let users = self.state.users.remove(old).unwrap_or_default();
        let users: BTreeSet<Key> =
            users.into_iter().map(|user| if user == *old { new.clone() } else { user }).collect();
        let named = format!("{}.{}", old.0, old.1);
        for user in &users {
            let Some(model) = self.state.models.get_mut(user) else { continue };
            model.bases.iter_mut().filter(|base| *base == old).for_each(|base| base.clone_from(new));
            for field in &mut model.fields {
                let through = field.call.text("through").map(str::to_lowercase);
                if through.is_some_and(|through| through == named) {
                    field.call.set("through", to.clone());
                }
            }
        }
        self.state.users.entry(new.clone()).or_default().extend(users);
    }

    pub(super) fn add(&mut self, app: &str, name: &str, field: &Field, keep: bool) {
        let Some(model) = self.model_mut(app, name) else { return };
        let mut kept = field.clone();
        if !keep {
            kept.call.kwargs.retain(|(name, _)| name != "default");
        }
        model.fields.push(kept);
        let key = model.key();
        self.state.refer(&key);
        // What the expression or the constraint of the new field names is there by now.
        if let Some(model) = self.state.models.shared(&key).filter(|model| model.managed()) {
            self.add_column(&model, field);
        }
    }

    pub(super) fn remove(&mut self, app: &str, model: &str, name: &str) {
        let Some(before) = self.state.shared(app, model) else { return self.missing(app, model) };
        let left = || before.left.iter().find(|field| field.name == name);
        let Some(field) = before.field(name).or_else(left).cloned() else {
            let reason = format!("no migration before this one adds the field `{name}`");
            return self.opaque(self.span, &reason);
        };
        let silent = self.silent;
        if let Some(model) = self.model_mut(app, model) {
            model.fields.retain(|field| field.name != name);
            model.left.retain(|field| field.name != name);
            if silent {
                model.left.push(field.clone());
            }
        }
        if before.managed() {
            self.remove_column(&before, &field);
        }
    }

    pub(super) fn change(&mut self, app: &str, name: &str, field: &Field, keep: bool) {
        let Some(before) = self.state.shared(app, name) else { return self.missing(app, name) };
        let Some(old) = before.field(&field.name).cloned() else {
            let reason = format!("no migration before this one adds the field `{}`", field.name);
            return self.opaque(self.span, &reason);
        };
        let key = before.key();
        let old_side = self.side(&before, &old);
        let keyed = |field: &Field| field.primary_key() || field.unique();
        let referrers = if keyed(&old) || keyed(field) { self.referrers(&key, field) } else { Vec::new() };
        let mut kept = field.clone();
        if !keep {
            kept.call.kwargs.retain(|(name, _)| name != "default");
        }
        let place = |model: &mut Model, field: Field| {
            let slot = model.fields.iter_mut().find(|held| held.name == field.name);
            if let Some(slot) = slot {
                *slot = field;
            }
        };
        // A model that nobody looks at is changed in place.
        drop(before);
        if let Some(model) = self.state.models.get_mut(&key) {
            place(model, field.clone());
        }
        self.state.refer(&key);
        if let Some(model) = self.managed(app, name) {
            let new_side = self.side(&model, field);
            self.alter_field(&model, &old_side, &new_side, &referrers);
        }
        if let Some(model) = self.state.models.get_mut(&key) {
            place(model, kept);
        }
    }

    pub(super) fn rename_field(&mut self, app: &str, name: &str, old: &str, new: &str) {
        let Some(before) = self.state.shared(app, name) else { return self.missing(app, name) };
        let Some(field) = before.field(old).cloned() else {
            let reason = format!("no migration before this one adds the field `{old}`");
            return self.opaque(self.span, &reason);
        };
        let key = before.key();
        let old_side = self.side(&before, &field);
        let referrers = if field.unique() { self.referrers(&key, &field) } else { Vec::new() };
        let renamed = |names: &Py| rename_in(names, old, new);
        drop(before);
        if let Some(model) = self.state.models.get_mut(&key) {
            for field in model.fields.iter_mut().filter(|field| field.name == old) {
                new.clone_into(&mut field.name);
            }
            for option in ["unique_together", "index_together", "order_with_respect_to"] {
                let value = model.option(option).map(renamed);
                if value.is_some() {
                    model.set_option(option, value);
                }
            }
            for call in model.indexes.iter_mut().chain(&mut model.constraints) {
                if let Some(fields) = call.get("fields").map(renamed) {
                    call.set("fields", fields);
                }
            }
        }
        for (referrer, relation) in self.state.references(&key) {
            let relation = self
                .state
                .models
                .get_mut(&referrer)
                .and_then(|model| model.fields.iter_mut().find(|f| f.name == relation));
            if let Some(relation) = relation.filter(|relation| relation.call.text("to_field") == Some(old)) {
                relation.call.set("to_field", Py::Text(new.to_owned()));
            }
        }
        if let Some(model) = self.managed(app, name)
            && let Some(field) = model.field(new)
        {
            let new_side = self.side(&model, field);
            self.alter_field(&model, &old_side, &new_side, &referrers);
        }
    }
}

fn rename_in(value: &Py, old: &str, new: &str) -> Py {
    match value {
        Py::Text(text) if text == old => Py::Text(new.to_owned()),
        Py::Text(text) if text.strip_prefix('-') == Some(old) => Py::Text(format!("-{new}")),
        Py::List(items) => Py::List(items.iter().map(|item| rename_in(item, old, new)).collect()),
        other => other.clone(),
    }
}

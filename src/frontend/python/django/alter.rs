//! What Django sends where a field is changed (`_alter_field` of its schema editor for PostgreSQL).

use super::editor::{Action, Editor};
use super::expr;
use super::field::Field;
use super::names::{index_name, quoted};
use super::sql::limit;
use super::state::{Key, Model};

/// A field with what the state says of it at one moment.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) field: Field,
    /// The type of its column.
    pub(super) kind: Option<String>,
    /// The table and column that it refers to.
    pub(super) to: Option<(String, String)>,
    pub(super) collation: Option<String>,
    /// Its joining table.
    pub(super) through: Option<Model>,
    /// Sides of the joining table's two links.
    pub(super) links: Vec<Side>,
}

/// A field that refers to the one that is changed: its model, and what it was.
pub(super) type Referrer = (Key, Option<String>, Side);

impl Editor {
    pub(super) fn side(&self, model: &Model, field: &Field) -> Side {
        let through = self.state.through(model, field);
        let links = through.as_ref().map_or_else(Vec::new, |through| {
            through.fields.iter().skip(1).map(|link| self.side(through, link)).collect()
        });
        let target = if field.is_relation() { self.state.target(model, field) } else { None };
        let own = field.call.text("db_collation").map(str::to_owned);
        Side {
            field: field.clone(),
            kind: self.state.column_type(model, field),
            to: target.as_ref().map(|target| (target.table.clone(), target.column.clone())),
            collation: own.or_else(|| target.and_then(|target| target.collation)),
            through,
            links,
        }
    }

    /// What refers to a field by a column of its own, joining tables included, in the order of the relations' names.
    pub(super) fn referrers(&self, key: &Key, field: &Field) -> Vec<Referrer> {
        let mut found: Vec<(String, Referrer)> = Vec::new();
        for (referrer, name) in self.state.references(key) {
            let Some(model) = self.state.models.get(&referrer) else { continue };
            let Some(relation) = model.field(&name) else { continue };
            let to_field = relation.call.text("to_field");
            let relevant = to_field == Some(field.name.as_str()) || (to_field.is_none() && field.primary_key());
            let related = relation.call.text("related_query_name").or(relation.call.text("related_name"));
            let related = related.map_or_else(|| referrer.1.clone(), str::to_owned);
            if relation.is_relation() && relevant {
                found.push((related, (referrer.clone(), None, self.side(model, relation))));
            }
            if relation.is_many_to_many() && field.primary_key() {
                found.extend(self.links_to(model, relation, key));
            }
        }
        if let Some(model) = self.state.models.get(key).filter(|_| field.primary_key()) {
            for relation in model.fields.iter().filter(|field| field.is_many_to_many()) {
                found.extend(self.links_to(model, relation, key));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.dedup_by(|a, b| a.1.0 == b.1.0 && a.1.1 == b.1.1 && a.1.2.field.name == b.1.2.field.name);
        found.into_iter().map(|(_, referrer)| referrer).collect()
    }

    /// The columns of a field's joining table that refer to `key`.
    fn links_to(&self, model: &Model, relation: &Field, key: &Key) -> Vec<(String, Referrer)> {
        let Some(through) = self.state.through(model, relation) else { return Vec::new() };
        let links = through.fields.iter().skip(1).filter(|link| {
            link.to().and_then(|to| self.state.named(to, &model.app, &model.name)).is_some_and(|to| to == *key)
        });
        let name = format!("{}+", through.name);
        links
            .map(|link| (name.clone(), (model.key(), Some(relation.name.clone()), self.side(&through, link))))
            .collect()
    }

    /// Changes a field of `model`, as it is by now, from what it was.
    pub(super) fn alter_field(&mut self, model: &Model, old: &Side, new: &Side, referrers: &[Referrer]) {
        if old.field.is_many_to_many() && new.field.is_many_to_many() {
            return self.alter_many_to_many(old, new);
        }
        let same_target = old.to.is_some() && old.to == new.to;
        if !old.field.differs(&new.field, same_target) || old.kind.is_none() || new.kind.is_none() {
            return;
        }
        if self.sqlite() {
            return self.remake_altered(model, old, new);
        }
        let table = model.table(self.dialect());
        let column = old.field.column();
        let dropped = self.drop_before(model, &table, old, new, same_target);
        let drop_incoming = ((old.field.primary_key() && new.field.primary_key())
            || (old.field.unique() && new.field.unique()))
            && (old.kind != new.kind || old.collation != new.collation);
        if drop_incoming {
            self.drop_incoming(referrers);
        }
        self.drop_index_and_check(model, &table, old, new);
        if column != new.field.column() {
            self.alter(&table, &format!("RENAME COLUMN {} TO {}", quoted(&column), quoted(&new.field.column())));
            self.catalogue.rename_column(&table, &column, &new.field.column());
            for (_, statement) in &mut self.waiting {
                statement.rename_column(&table, &column, &new.field.column());
            }
        }
        let temporary_default = self.alter_column(model, &table, old, new);
        self.add_after(model, &table, old, new);
        let became_key = !old.field.primary_key() && new.field.primary_key();
        if became_key {
            let name = index_name(&table, &[&new.field.column()], "_pk", limit(self.dialect()));
            self.alter(
                &table,
                &format!("ADD CONSTRAINT {} PRIMARY KEY ({})", quoted(&name), quoted(&new.field.column())),
            );
            self.catalogue.remove(&table, &name);
            let columns = vec![new.field.column()];
            let (unique, primary_key) = (true, true);
            let entry = super::sql::Entry { name, columns, unique, primary_key, ..super::sql::Entry::default() };
            self.catalogue.add(&table, entry);
        }
        let updated: &[Referrer] = if drop_incoming || became_key { referrers } else { &[] };
        self.alter_referrers(updated);
        if new.field.is_relation()
            && new.field.db_constraint()
            && (dropped || !old.field.is_relation() || !old.field.db_constraint())
            && let Some(reference) = self.reference(model, &new.field, "")
        {
            self.execute(&reference);
        }
        if drop_incoming {
            for (key, through, side) in updated {
                let Some((model, field)) = self.referring(key, through.as_deref(), &side.field.name) else { continue };
                if field.db_constraint()
                    && let Some(reference) = self.reference(&model, &field, "_fk")
                {
                    self.execute(&reference);
                }
            }
        }
        self.add_check(&table, old, new);
        if temporary_default {
            self.alter(&table, &format!("ALTER COLUMN {} DROP DEFAULT", quoted(&new.field.column())));
        }
        self.like_indexes(model, &table, old, new);
    }

    /// The model and field of a referrer as they are by now.
    fn referring(&self, key: &Key, through: Option<&str>, name: &str) -> Option<(Model, Field)> {
        let model = self.state.models.get(key)?;
        let model = match through {
            Some(relation) => self.state.through(model, model.field(relation)?)?,
            None => model.clone(),
        };
        let field = model.field(name)?.clone();
        Some((model, field))
    }

    /// Foreign key and UNIQUE that are in the way; whether a foreign key was.
    fn drop_before(&mut self, model: &Model, table: &str, old: &Side, new: &Side, same_target: bool) -> bool {
        let column = old.field.column();
        let mut dropped = false;
        let mut commented = (old.field.clone(), new.field.clone());
        commented.0.call.kwargs.retain(|(name, _)| name != "db_comment");
        commented.1.call.kwargs.retain(|(name, _)| name != "db_comment");
        if old.field.is_relation() && old.field.db_constraint() && commented.0.differs(&commented.1, same_target) {
            for name in self.catalogue.names(table, &[&column], |entry| entry.foreign_key.is_some()) {
                dropped = true;
                self.drop_foreign_key(table, &name);
            }
        }
        let became_key = !old.field.primary_key() && new.field.primary_key();
        if old.field.unique() && (!new.field.unique() || became_key) {
            let kept = names_of(&model.constraints);
            let found = self
                .catalogue
                .names(table, &[&column], |entry| entry.unique && !entry.primary_key && !kept.contains(&entry.name));
            for name in found {
                self.drop_constraint(table, &name);
            }
        }
        dropped
    }

    fn drop_incoming(&mut self, referrers: &[Referrer]) {
        for (key, through, side) in referrers {
            let Some((model, field)) = self.referring(key, through.as_deref(), &side.field.name) else { continue };
            let table = model.table(self.dialect());
            for name in self.catalogue.names(&table, &[&field.column()], |entry| entry.foreign_key.is_some()) {
                self.drop_foreign_key(&table, &name);
            }
        }
    }

    fn drop_index_and_check(&mut self, model: &Model, table: &str, old: &Side, new: &Side) {
        let column = old.field.column();
        let indexed = old.field.db_index() && !old.field.unique();
        if indexed && (!new.field.db_index() || new.field.unique()) {
            let kept = names_of(&model.indexes);
            let found = self
                .catalogue
                .names(table, &[&column], |entry| entry.index && entry.btree && !kept.contains(&entry.name));
            for name in found {
                self.drop_index(table, &name, false);
            }
        }
        let checks = (old.field.check("", self.dialect()), new.field.check("", self.dialect()));
        if checks.0 != checks.1 && checks.0.is_some() {
            let kept = names_of(&model.constraints);
            let found = self.catalogue.names(table, &[&column], |entry| entry.check && !kept.contains(&entry.name));
            for name in found {
                self.drop_constraint(table, &name);
            }
        }
    }

    /// Type, default and NOT NULL; whether a default was set that must go again.
    fn alter_column(&mut self, model: &Model, table: &str, old: &Side, new: &Side) -> bool {
        let column = quoted(&new.field.column());
        let mut actions: Vec<Action> = Vec::new();
        let mut after: Vec<String> = Vec::new();
        let comment = old.field.call.get("db_comment") != new.field.call.get("db_comment");
        let counts = old.field.is_auto() != new.field.is_auto();
        if old.kind != new.kind || counts || old.collation != new.collation || comment {
            actions.push(self.retype(model, old, new));
            if new.field.is_auto() && !old.field.is_auto() {
                after.push(format!(
                    "ALTER TABLE {} ALTER COLUMN {column} ADD GENERATED BY DEFAULT AS IDENTITY",
                    quoted(table)
                ));
            }
            if new.field.is_auto()
                && old.field.is_auto()
                && old.field.kind != new.field.kind
                && let Some(sequence) = self.catalogue.sequence(table, &new.field.column())
            {
                let kind = new.kind.clone().unwrap_or_default();
                after.push(format!("ALTER SEQUENCE IF EXISTS {} AS {kind}", quoted(sequence)));
            }
            if comment {
                let text = new.field.call.text("db_comment").unwrap_or_default().replace('\'', "''");
                after.push(format!("COMMENT ON COLUMN {}.{column} IS '{text}'", quoted(table)));
            }
        }
        match (old.field.db_default(), new.field.db_default()) {
            (before, Some(default)) if before != Some(default) => {
                actions
                    .push(format!("ALTER COLUMN {column} SET DEFAULT {}", self.db_default(model, &new.field, default)));
            }
            (Some(_), None) => actions.push(format!("ALTER COLUMN {column} DROP DEFAULT")),
            _ => {}
        }
        let tightened = old.field.null() && !new.field.null();
        let default = new.field.effective_default();
        let mut temporary = false;
        if tightened
            && new.field.db_default().is_none()
            && old.field.effective_default() != default
            && let Some(default) = &default
        {
            temporary = true;
            let sql = expr::default(default, &new.field, self.dialect());
            actions.push(format!("ALTER COLUMN {column} SET DEFAULT {sql}"));
        }
        let nullability = match (old.field.null(), new.field.null()) {
            (true, false) => Some(format!("ALTER COLUMN {column} SET NOT NULL")),
            (false, true) => Some(format!("ALTER COLUMN {column} DROP NOT NULL")),
            _ => None,
        };
        let four_way = tightened && (new.field.has_default() || new.field.db_default().is_some());
        if !four_way {
            actions.extend(nullability.clone());
        }
        if !actions.is_empty() {
            self.alter(table, &actions.join(", "));
        }
        if four_way && (!actions.is_empty() || nullability.is_some()) {
            let sql = match new.field.db_default() {
                Some(default) => self.db_default(model, &new.field, default),
                None => default
                    .map_or_else(|| "NULL".to_owned(), |default| expr::default(&default, &new.field, self.dialect())),
            };
            self.send(&format!(
                "UPDATE {} SET {column} = {sql} WHERE {column} IS NULL; SET CONSTRAINTS ALL IMMEDIATE",
                quoted(table)
            ));
            if let Some(change) = nullability {
                self.alter(table, &change);
            }
        }
        for statement in after {
            self.send(&statement);
        }
        temporary
    }

    /// `ALTER COLUMN … TYPE`, and what has to go before it.
    fn retype(&mut self, model: &Model, old: &Side, new: &Side) -> Action {
        let table = model.table(self.dialect());
        if is_leaving_text(old, new) {
            let name = index_name(&table, &[&old.field.column()], "_like", limit(self.dialect()));
            self.drop_index(&table, &name, false);
        }
        let column = quoted(&new.field.column());
        if old.field.is_auto() && !new.field.is_auto() {
            self.alter(&table, &format!("ALTER COLUMN {column} DROP IDENTITY IF EXISTS"));
        }
        let kind = new.kind.clone().unwrap_or_default();
        let collation = match &new.collation {
            // A key that begins to count is given no collation.
            Some(collation) if !new.field.is_auto() => format!(" COLLATE {}", quoted(collation)),
            _ => String::new(),
        };
        let using = if !new.field.generated() && data_type(old) != data_type(new) {
            format!(" USING {column}::{kind}")
        } else {
            String::new()
        };
        format!("ALTER COLUMN {column} TYPE {kind}{collation}{using}")
    }

    fn add_after(&mut self, model: &Model, table: &str, old: &Side, new: &Side) {
        if old.field.primary_key() && !new.field.primary_key() {
            for name in self.catalogue.names(table, &[], |entry| entry.primary_key) {
                self.drop_constraint(table, &name);
            }
        }
        if !new.field.primary_key() && new.field.unique() && (!old.field.unique() || old.field.primary_key()) {
            let unique = self.unique_of(model, std::slice::from_ref(&new.field.name));
            self.execute(&unique);
        }
        if (!old.field.db_index() || old.field.unique()) && new.field.db_index() && !new.field.unique() {
            let index = self.field_index(model, &new.field, "", "");
            self.execute(&index);
        }
    }

    fn alter_referrers(&mut self, referrers: &[Referrer]) {
        for (key, through, before) in referrers {
            let Some((model, field)) = self.referring(key, through.as_deref(), &before.field.name) else { continue };
            let after = self.side(&model, &field);
            let action = self.retype(&model, before, &after);
            self.alter(&model.table(self.dialect()), &action);
        }
    }

    fn add_check(&mut self, table: &str, old: &Side, new: &Side) {
        let checks = (old.field.check("", self.dialect()), new.field.check("", self.dialect()));
        let column = new.field.column();
        if checks.0 != checks.1
            && let Some(check) = new.field.check(&column, self.dialect())
        {
            let name = index_name(table, &[&column], "_check", limit(self.dialect()));
            self.alter(table, &format!("ADD CONSTRAINT {} CHECK ({check})", quoted(&name)));
            let entry = super::sql::Entry { name, columns: vec![column], check: true, ..super::sql::Entry::default() };
            self.catalogue.add(table, entry);
        }
    }

    fn like_indexes(&mut self, model: &Model, table: &str, old: &Side, new: &Side) {
        let (was, is) = (&old.field, &new.field);
        let begins = (!(was.db_index() || was.unique()) && is.db_index()) || (!was.unique() && is.unique());
        if (begins || is_leaving_text(old, new))
            && let Some(index) = self.like_index(model, is)
        {
            self.execute(&index);
        }
        if was.unique() && !(is.db_index() || is.unique()) {
            let name = index_name(table, &[&was.column()], "_like", limit(self.dialect()));
            self.drop_index(table, &name, false);
        }
    }

    /// The joining table follows the names of its field and of the models it joins.
    fn alter_many_to_many(&mut self, old: &Side, new: &Side) {
        let (Some(before), Some(after)) = (&old.through, &new.through) else { return };
        let dialect = self.dialect();
        if self.sqlite() && before.table(dialect) == after.table(dialect) {
            return self.remake_through(before, after, old, new);
        }
        self.rename_table(&before.table(dialect), &after.table(dialect));
        // The link to the other model first.
        for at in [1, 0] {
            if let (Some(before), Some(now)) = (old.links.get(at), new.links.get(at)) {
                self.alter_field(after, before, now, &[]);
            }
        }
    }
}

/// What Django calls the data type of a field: without its length, except where the type is the class's own.
fn data_type(side: &Side) -> String {
    if side.field.is_relation() {
        return side.kind.clone().unwrap_or_default();
    }
    match side.field.kind {
        "CharField" => "CharField".to_owned(),
        "SlugField" | "FileField" | "FilePathField" => "varchar(%(max_length)s)".to_owned(),
        "DecimalField" => "numeric(%(max_digits)s, %(decimal_places)s)".to_owned(),
        "ArrayField" => {
            let base = side.field.call.argument(0, "base_field").and_then(super::value::Py::call);
            base.map_or_else(String::new, |base| Field::new("", base.clone()).kind.to_owned())
        }
        _ => side.kind.clone().unwrap_or_default(),
    }
}

/// `_is_changing_type_of_indexed_text_column`.
fn is_leaving_text(old: &Side, new: &Side) -> bool {
    let (Some(was), Some(is)) = (&old.kind, &new.kind) else { return false };
    (old.field.db_index() || old.field.unique())
        && ["varchar", "text", "citext"].iter().any(|kind| was.starts_with(kind) && !is.starts_with(kind))
}

fn names_of(calls: &[super::value::Call]) -> Vec<String> {
    calls.iter().filter_map(|call| call.text("name").map(str::to_owned)).collect()
}

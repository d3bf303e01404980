//! The project's state: every model as the migrations so far have made it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::field::Field;
use super::models::Models;
use super::names;
use super::value::{Call, Py};
use crate::config::Dialect;

/// App label and model name in lower case.
pub(super) type Key = (String, String);

/// Models reached from one another.
const MAX_LINKS: u32 = 12;

/// A model.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) app: String,
    /// As written, `OrderLine`.
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) options: Vec<(String, Py)>,
    pub(super) bases: Vec<Key>,
    /// Indexes and constraints, by their calls.
    pub(super) indexes: Vec<Call>,
    pub(super) constraints: Vec<Call>,
    /// The project uses another model in its place: it has no table.
    pub(super) swapped: bool,
    /// Fields that only the state has lost: the database has their columns still.
    pub(super) left: Vec<Field>,
}

impl Model {
    pub(super) fn key(&self) -> Key {
        (self.app.clone(), self.name.to_lowercase())
    }

    pub(super) fn option(&self, name: &str) -> Option<&Py> {
        self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn set_option(&mut self, name: &str, value: Option<Py>) {
        self.options.retain(|(key, _)| key != name);
        self.options.extend(value.map(|value| (name.to_owned(), value)));
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.option(name)? {
            Py::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether migrations touch its table: it is no proxy, not unmanaged, not swapped for another.
    pub(super) fn managed(&self) -> bool {
        !self.swapped && self.flag("managed") != Some(false) && self.flag("proxy") != Some(true)
    }

    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn table(&self, dialect: Dialect) -> String {
        match self.option("db_table").and_then(Py::as_str) {
            Some(table) if !table.is_empty() => table.to_owned(),
            _ => limited(&format!("{}_{}", self.app, self.name.to_lowercase()), dialect),
        }
    }

    /// The lists of fields of `unique_together` or `index_together`.
    pub(super) fn together(&self, option: &str) -> Vec<Vec<String>> {
        self.option(option).map(together).unwrap_or_default()
    }

    /// The primary key.
    pub(super) fn pk(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.primary_key())
    }
}

/// `unique_together` in either form.
pub(super) fn together(value: &Py) -> Vec<Vec<String>> {
    let items = value.items();
    if !items.is_empty() && items.iter().all(|item| item.as_str().is_some()) {
        return vec![value.strings()];
    }
    items.into_iter().map(Py::strings).collect()
}

fn limited(name: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Sqlite { name.to_owned() } else { names::truncated(name, 63) }
}

/// Where a relation leads.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its table.
    pub(super) table: String,
    /// The referenced column.
    pub(super) column: String,
    /// The type of a column that refers to it.
    pub(super) kind: Option<String>,
    /// `db_collation` of the referenced field.
    pub(super) collation: Option<String>,
}

/// Every model.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) models: Models,
    /// The class of keys that nobody wrote, by app.
    pub(super) auto_fields: BTreeMap<String, String>,
    /// `AUTH_USER_MODEL`.
    pub(super) user_model: Option<String>,
    pub(super) dialect: Dialect,
    /// Collations that are not deterministic.
    pub(super) loose_collations: BTreeSet<String>,
    /// Models that refer to a model, by it; only ever added to.
    pub(super) referrers: BTreeMap<Key, BTreeSet<Key>>,
    /// Models that name a model as the one that joins them to others, or as one that they are derived from, by it; only
    /// ever added to.
    pub(super) users: BTreeMap<Key, BTreeSet<Key>>,
}

/// Models of Django's own apps, whose migrations are not in the project: app, model, table, primary key.
const CONTRIB: &[(&str, &str, &str)] = &[
    ("auth", "user", "auth_user"),
    ("auth", "group", "auth_group"),
    ("auth", "permission", "auth_permission"),
    ("contenttypes", "contenttype", "django_content_type"),
    ("sites", "site", "django_site"),
    ("admin", "logentry", "django_admin_log"),
    ("redirects", "redirect", "django_redirect"),
    ("flatpages", "flatpage", "django_flatpage"),
];

impl State {
    pub(super) fn shared(&self, app: &str, name: &str) -> Option<Arc<Model>> {
        self.models.shared(&(app.to_owned(), name.to_lowercase()))
    }

    /// The model that `to` names, as written in `app` by `model`.
    pub(super) fn named(&self, to: &Py, app: &str, model: &str) -> Option<Key> {
        let text = match to {
            Py::Text(text) => text.as_str(),
            Py::Name(path, _) if path.ends_with("AUTH_USER_MODEL") => {
                return Some(split(self.user_model.as_deref().unwrap_or("auth.User"), app));
            }
            // A setting names a model that a project may swap: which, only its settings tell. Where they do not, it is
            // the one that the app brings.
            Py::Name(path, _) if path.starts_with("django.conf.settings.") => return self.swappable(path),
            Py::Unknown(unknown) => return self.swappable(unknown.text.trim_matches(['{', '}'])),
            Py::Name(path, _) => return path.rsplit_once('.').map(|_| split(path, app)),
            Py::Call(call) if call.name() == "swappable_dependency" => {
                return self.named(call.args.first()?, app, model);
            }
            _ => return None,
        };
        Some(match text {
            "self" => (app.to_owned(), model.to_lowercase()),
            "settings.AUTH_USER_MODEL" => split(self.user_model.as_deref().unwrap_or("auth.User"), app),
            text => split(text, app),
        })
    }

    /// The model that can be swapped by a setting: `settings.OAUTH2_PROVIDER_GRANT_MODEL`, `oauth2_settings.GRANT_MODEL`.
    fn swappable(&self, path: &str) -> Option<Key> {
        let name = path.rsplit('.').next().filter(|name| name.ends_with("MODEL"))?;
        let mut found = self.models.all().filter(|model| {
            let setting = model.option("swappable").and_then(Py::as_str).unwrap_or_default();
            setting.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('_'))
        });
        let only = found.next()?;
        found.next().is_none().then(|| only.key())
    }

    /// The model that holds a model's columns: that of a proxy is the one it stands for.
    pub(super) fn concrete(&self, key: &Key) -> Key {
        let mut key = key.clone();
        for _ in 0..MAX_LINKS {
            let Some(model) = self.models.get(&key) else { break };
            match model.bases.first() {
                Some(base) if model.flag("proxy") == Some(true) => key = base.clone(),
                _ => break,
            }
        }
        key
    }

    /// The table of a model, also of one whose migrations are not in the project.
    pub(super) fn table_of(&self, key: &Key) -> String {
        let key = self.concrete(key);
        if let Some(model) = self.models.get(&key) {
            return model.table(self.dialect);
        }
        let known = CONTRIB.iter().find(|(app, name, _)| *app == key.0 && *name == key.1);
        known.map_or_else(|| limited(&format!("{}_{}", key.0, key.1), self.dialect), |(.., table)| (*table).to_owned())
    }

    /// Where a foreign key leads.
    pub(super) fn target(&self, model: &Model, field: &Field) -> Option<Target> {
        self.target_within(model, field, 0)
    }

    fn target_within(&self, model: &Model, field: &Field, depth: u32) -> Option<Target> {
        let key = self.concrete(&self.named(field.to()?, &model.app, &model.name)?);
        let table = self.table_of(&key);
        let to_field = field.call.text("to_field");
        let Some(other) = self.models.get(&key) else {
            let contrib = CONTRIB.iter().any(|(app, name, _)| *app == key.0 && *name == key.1);
            let kind = if contrib {
                "integer".to_owned()
            } else {
                super::field::hole(&format!("{{type of {}.{}}}", table, to_field.unwrap_or("id")))
            };
            let column = to_field.unwrap_or("id").to_owned();
            return Some(Target { table, column, kind: Some(kind), collation: None });
        };
        let found = match to_field {
            Some(name) => other.field(name).or_else(|| self.inherited(other, name)),
            None => other.pk(),
        };
        let Some(referenced) = found else {
            // Migrations of old that leave the automatic key out.
            return Some(Target { table, column: "id".into(), kind: Some("integer".into()), collation: None });
        };
        let collation = referenced.call.text("db_collation").map(str::to_owned);
        let (column, kind) = if referenced.is_relation() && depth < MAX_LINKS {
            (referenced.column(), self.target_within(other, referenced, depth + 1).and_then(|target| target.kind))
        } else {
            (referenced.column(), self.referring_type(referenced))
        };
        Some(Target { table, column, kind, collation })
    }

    /// The type of a column that refers to a field: SQLite counts in `integer` only, and what refers to it need not.
    fn referring_type(&self, field: &Field) -> Option<String> {
        let own = field.own_type(self.dialect)?;
        if self.dialect != Dialect::Sqlite {
            return Some(own);
        }
        Some(match field.kind {
            "BigAutoField" => "bigint".to_owned(),
            "SmallAutoField" => "smallint".to_owned(),
            _ => own.trim_end_matches(" unsigned").to_owned(),
        })
    }

    fn inherited(&self, model: &Model, name: &str) -> Option<&Field> {
        model.bases.iter().find_map(|base| self.models.get(base)?.field(name))
    }

    /// The type of a field's column; `None` where it has none.
    pub(super) fn column_type(&self, model: &Model, field: &Field) -> Option<String> {
        if field.is_relation() {
            let unknown = || Some(super::field::hole("{type}"));
            return self.target(model, field).map_or_else(unknown, |target| target.kind);
        }
        field.own_type(self.dialect)
    }

    /// The table that Django makes for a many-to-many field; `None` where it is a model of its own.
    pub(super) fn through(&self, model: &Model, field: &Field) -> Option<Model> {
        if !field.is_many_to_many() || field.through().is_some() {
            return None;
        }
        let target = self.named(field.to()?, &model.app, &model.name)?;
        let own = model.key();
        let table = match field.call.text("db_table") {
            Some(table) => table.to_owned(),
            None => limited(&format!("{}_{}", model.table(self.dialect).trim_matches('"'), field.name), self.dialect),
        };
        let itself = target == own;
        let (from, to) = if itself {
            (format!("from_{}", own.1), format!("to_{}", own.1))
        } else {
            (own.1.clone(), target.1.clone())
        };
        let link = |name: &str, to: &Key| {
            let mut call =
                Call { path: "django.db.models.ForeignKey".to_owned(), span: field.call.span, ..Call::default() };
            call.set("to", Py::Text(format!("{}.{}", to.0, to.1)));
            if !field.db_constraint() {
                call.set("db_constraint", Py::Bool(false));
            }
            Field::new(name, call)
        };
        let class = self.auto_fields.get(&model.app).map_or("django.db.models.AutoField", String::as_str);
        let mut id = Call { path: class.to_owned(), span: field.call.span, ..Call::default() };
        id.set("primary_key", Py::Bool(true));
        let pair = Py::List(vec![Py::Text(from.clone()), Py::Text(to.clone())]);
        Some(Model {
            app: model.app.clone(),
            name: format!("{}_{}", model.name, field.name),
            fields: vec![Field::new("id", id), link(&from, &own), link(&to, &target)],
            options: vec![
                ("db_table".to_owned(), Py::Text(table)),
                ("unique_together".to_owned(), Py::List(vec![pair])),
            ],
            ..Model::default()
        })
    }

    /// Notes what the fields of a model refer to.
    pub(super) fn refer(&mut self, key: &Key) {
        let Some(model) = self.models.get(key) else { return };
        let targets = model.fields.iter().filter(|field| field.is_relation() || field.is_many_to_many());
        let targets: Vec<Key> = targets.filter_map(|field| self.named(field.to()?, &model.app, &model.name)).collect();
        let through = model.fields.iter().filter_map(|field| self.named(field.through()?, &model.app, &model.name));
        let used: Vec<Key> = through.chain(model.bases.iter().cloned()).collect();
        for other in used {
            self.users.entry(other).or_default().insert(key.clone());
        }
        for target in targets {
            let target = self.concrete(&target);
            self.referrers.entry(target).or_default().insert(key.clone());
        }
    }

    /// Models and their fields that refer to `key` by a column or a joining table.
    pub(super) fn references(&self, key: &Key) -> Vec<(Key, String)> {
        let mut found = Vec::new();
        for referrer in self.referrers.get(key).into_iter().flatten() {
            let Some(model) = self.models.get(referrer) else { continue };
            for field in model.fields.iter().filter(|field| field.is_relation() || field.is_many_to_many()) {
                let to = field.to().and_then(|to| self.named(to, &model.app, &model.name));
                if to.is_some_and(|to| self.concrete(&to) == *key) {
                    found.push((referrer.clone(), field.name.clone()));
                }
            }
        }
        found
    }
}

/// `app.Model`, or `Model` of `app`.
pub(super) fn split(text: &str, app: &str) -> Key {
    match text.rsplit_once('.') {
        Some((path, name)) => (path.rsplit('.').next().unwrap_or(path).to_owned(), name.to_lowercase()),
        None => (app.to_owned(), text.to_lowercase()),
    }
}

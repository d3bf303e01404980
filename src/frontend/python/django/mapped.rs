//! The tables of models as the program has them, beside its migrations.

use std::collections::{BTreeMap, BTreeSet};

use super::field::Field;
use super::state::{Model, State};
use super::value::{Call, Py};
use crate::config::Dialect;
use crate::ir::{MappedTable, QualifiedName};

/// What a class says, with all that it inherits from abstract classes.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Declared {
    /// The class.
    pub(in super::super) name: String,
    /// The label of its app; `None` where it is computed.
    pub(in super::super) app: Option<String>,
    /// `db_table`.
    pub(in super::super) db_table: Option<Py>,
    /// Its rows have a column for their order.
    pub(in super::super) ordered: bool,
    /// It is abstract or a proxy.
    pub(in super::super) without_table: bool,
    /// Attributes by name; `None` where it is not known what they are, or an inherited one is taken away.
    pub(in super::super) fields: BTreeMap<String, Option<Call>>,
    /// Models with a table of their own that it extends.
    pub(in super::super) parents: Vec<String>,
    /// A base class is not in the project.
    pub(in super::super) partial: bool,
}

/// Abstract classes of other packages with columns that they add; what else they add is not known.
/// Sources: django-treebeard `mp_tree.py`, `ns_tree.py`; django-mptt `models.py`.
const TREES: &[(&str, &str, &[&str])] = &[
    ("treebeard.", "MP_Node", &["path", "depth", "numchild"]),
    ("treebeard.", "NS_Node", &["lft", "rgt", "tree_id", "depth"]),
    ("mptt.", "MPTTModel", &["lft", "rght", "tree_id", "level"]),
];

/// Abstract classes of Django with their columns.
/// Source: django.contrib.auth `base_user.py`, `models.py`; django.contrib.sessions `base_session.py`.
const ABSTRACT: &[(&str, &[&str])] = &[
    ("AbstractBaseUser", &["password", "last_login"]),
    ("PermissionsMixin", &["is_superuser"]),
    (
        "AbstractUser",
        &[
            "password",
            "last_login",
            "is_superuser",
            "username",
            "first_name",
            "last_name",
            "email",
            "is_staff",
            "is_active",
            "date_joined",
        ],
    ),
    ("AbstractBaseSession", &["session_key", "session_data", "expire_date"]),
];

impl Declared {
    /// Notes what a class of a library adds.
    pub(in super::super) fn inherit(&mut self, path: &str) {
        let last = path.rsplit('.').next().unwrap_or(path);
        if path.ends_with("models.Model") || path.ends_with("models.base.Model") || is_plain(last) {
            return;
        }
        match ABSTRACT.iter().find(|(name, _)| *name == last && path.starts_with("django.contrib.")) {
            Some((_, columns)) => {
                for column in *columns {
                    let call = Call { path: "django.db.models.TextField".to_owned(), ..Call::default() };
                    self.fields.entry((*column).to_owned()).or_insert(Some(call));
                }
                if matches!(last, "AbstractUser" | "PermissionsMixin") {
                    for (name, to) in [("groups", "auth.Group"), ("user_permissions", "auth.Permission")] {
                        let mut call = Call { path: "django.db.models.ManyToManyField".to_owned(), ..Call::default() };
                        call.set("to", Py::Text(to.to_owned()));
                        self.fields.entry(name.to_owned()).or_insert(Some(call));
                    }
                }
            }
            None => {
                self.partial = true;
                let tree = TREES.iter().find(|(package, name, _)| *name == last && path.starts_with(package));
                for column in tree.into_iter().flat_map(|(.., columns)| *columns) {
                    let call = Call { path: "django.db.models.IntegerField".to_owned(), ..Call::default() };
                    self.fields.entry((*column).to_owned()).or_insert(Some(call));
                }
            }
        }
    }
}

fn is_plain(name: &str) -> bool {
    matches!(name, "object" | "ABC" | "Generic" | "Protocol")
}

/// The tables of a model: its own, and those that join it to others.
pub(in super::super) fn model_tables(declared: &Declared, path: &str, dialect: Dialect) -> Vec<MappedTable> {
    if declared.without_table {
        return Vec::new();
    }
    let state = State { dialect, ..State::default() };
    let mut model = Model { app: declared.app.clone().unwrap_or_default(), ..Model::default() };
    model.name.clone_from(&declared.name);
    model.set_option("db_table", declared.db_table.clone());
    let known = match &declared.db_table {
        Some(table) => table.as_str().is_some(),
        None => declared.app.is_some(),
    };
    let name = known.then(|| named(&model.table(dialect)));
    let (mut columns, mut doubtful, mut keyed) = (BTreeSet::new(), BTreeSet::new(), !declared.parents.is_empty());
    let mut found = Vec::new();
    for (attribute, call) in &declared.fields {
        let Some(call) = call else {
            doubtful.extend([attribute.clone(), format!("{attribute}_id")]);
            continue;
        };
        if call.is("HistoricalRecords") {
            found.push(historical(declared, attribute, call, path));
            continue;
        }
        let field = Field::new(attribute, call.clone());
        keyed |= field.primary_key();
        match field.kind {
            "" => doubtful.extend([field.column(), format!("{attribute}_id")]),
            "Virtual" => {}
            "ManyToManyField" => {
                found.extend(state.through(&model, &field).filter(|_| known).map(|through| MappedTable {
                    path: path.to_owned(),
                    class: format!("{}.{attribute}", declared.name),
                    table: Some(named(&through.table(dialect))),
                    columns: through.fields.iter().map(Field::column).chain(["id".to_owned()]).collect(),
                    doubtful: BTreeSet::new(),
                    likely: BTreeSet::new(),
                    whole: true,
                }));
            }
            _ => {
                columns.insert(field.column());
            }
        }
    }
    columns.extend(declared.parents.iter().map(|parent| format!("{parent}_ptr_id")));
    columns.extend((!keyed).then(|| "id".to_owned()));
    columns.extend(declared.ordered.then(|| "_order".to_owned()));
    let class = declared.name.clone();
    let (path, likely) = (path.to_owned(), BTreeSet::new());
    found.push(MappedTable { path, class, table: name, columns, doubtful, likely, whole: !declared.partial });
    found
}

/// The table in which django-simple-history keeps what the rows of a model were: its columns, and who changed them when.
/// Source: `simple_history/models.py`, `create_history_model`, `get_extra_fields`.
fn historical(declared: &Declared, attribute: &str, call: &Call, path: &str) -> MappedTable {
    let (mut columns, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
    let listed = |name: &str| match call.get(name) {
        Some(Py::List(names)) => names.iter().map(Py::as_str).collect::<Option<Vec<&str>>>(),
        Some(_) => None,
        None => Some(Vec::new()),
    };
    let excluded = listed("excluded_fields");
    for (attribute, call) in &declared.fields {
        let field = call.as_ref().map(|call| Field::new(attribute, call.clone()));
        match field {
            Some(field) if matches!(field.kind, "Virtual" | "ManyToManyField" | "") => doubtful.insert(field.column()),
            Some(field) => match &excluded {
                Some(names) if names.contains(&attribute.as_str()) => false,
                Some(_) => columns.insert(field.column()),
                None => doubtful.insert(field.column()),
            },
            None => doubtful.insert(attribute.clone()),
        };
    }
    let primary = |call: &Call| matches!(call.get("primary_key"), Some(Py::Bool(true)));
    if declared.parents.is_empty() && !declared.fields.values().flatten().any(primary) {
        columns.insert("id".to_owned());
    }
    let of_history = ["history_id", "history_date", "history_type", "history_user_id", "history_change_reason"];
    columns.extend(of_history.map(str::to_owned));
    doubtful.insert("history_relation_id".to_owned());
    let name = match call.get("table_name") {
        Some(name) => name.as_str().map(str::to_owned),
        None if call.get("custom_model_name").is_some() || call.get("app").is_some() => None,
        None => declared.app.as_ref().map(|app| format!("{app}_historical{}", declared.name.to_lowercase())),
    };
    MappedTable {
        path: path.to_owned(),
        class: format!("{}.{attribute}", declared.name),
        table: name.map(QualifiedName::bare),
        columns,
        doubtful,
        likely: BTreeSet::new(),
        // It is given more by those who derive its class or name others to derive its model from.
        whole: false,
    }
}

/// A table's name as Django is given it: some projects put a schema before it by way of the quotes.
fn named(table: &str) -> QualifiedName {
    match table.trim_matches('"').split_once("\".\"") {
        Some((schema, name)) => QualifiedName { schema: Some(schema.to_owned()), name: name.to_owned() },
        None => QualifiedName::bare(table.trim_matches('"')),
    }
}

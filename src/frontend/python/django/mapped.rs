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
            }
            None => self.partial = true,
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
        if call.name() == "HistoricalRecords" {
            // Another table with the same columns, under a name that can be chosen.
            found.push(MappedTable {
                path: path.to_owned(),
                class: format!("{}.{attribute}", declared.name),
                table: None,
                columns: BTreeSet::new(),
                doubtful: BTreeSet::new(),
                whole: false,
            });
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
    found.push(MappedTable { path: path.to_owned(), class, table: name, columns, doubtful, whole: !declared.partial });
    found
}

/// A table's name as Django is given it: some projects put a schema before it by way of the quotes.
fn named(table: &str) -> QualifiedName {
    match table.trim_matches('"').split_once("\".\"") {
        Some((schema, name)) => QualifiedName { schema: Some(schema.to_owned()), name: name.to_owned() },
        None => QualifiedName::bare(table.trim_matches('"')),
    }
}

//! Django: migrations as they are written, then, in the order of their graph, what each sends.
//!
//! A migration does not say enough by itself: what `AlterField` sends depends on what the field was, which other files
//! tell. So each file is read into its operations ([`DjangoMigration`]), and [`lower`] runs all of them over one state,
//! as Django's own executor does, and takes down the statements that its schema editor would send. They are written as
//! SQL and read by the reader of SQL, so that both mean the same.

mod alter;
mod change;
mod editor;
mod expr;
mod field;
mod graph;
mod index;
mod late;
mod lower;
mod mapped;
mod meta;
mod models;
mod names;
mod path;
mod sql;
mod sqlite;
mod state;
mod value;

pub(super) use self::late::{model_table, table_word, user_table};
pub(super) use self::mapped::{Declared, model_tables};
pub(super) use self::path::{Leap, led};
pub use self::value::DjangoMigration;
pub(super) use self::value::{Call, Py, Step};

use std::collections::{BTreeMap, BTreeSet};

use self::editor::Editor;
use crate::config::Dialect;
use crate::ir::{Direction, Line, Migration};
use crate::source::is_tortoise;

/// The app in a dependency on the model of users, where the settings that name it were not seen.
pub(super) const USERS: &str = "settings.AUTH_USER_MODEL";

/// Lowers all migrations of a project, each to one that goes forward and one that goes back where it says how, in the
/// order in which Django runs them. Those that a squashed migration replaces send nothing.
pub fn lower(migrations: &[DjangoMigration], dialect: Dialect) -> Vec<Migration> {
    let mut editor = Editor::default();
    editor.state.dialect = dialect;
    editor.state.user_model = user_model(migrations);
    editor.state.auto_fields = auto_fields(migrations);
    let mut lowered = Vec::new();
    let users = editor.state.user_model.as_deref().and_then(|model| model.split('.').next());
    let order = graph::order(migrations, users);
    let mut begins = begins(migrations, &order);
    let mut before: BTreeMap<usize, Editor> = BTreeMap::new();
    for stop in order {
        let Some(migration) = migrations.get(stop.at) else { continue };
        for squashed in begins.remove(&stop.at).into_iter().flatten() {
            before.insert(squashed, editor.clone());
        }
        let (forward, back) = if stop.beside {
            let Some(before) = before.remove(&stop.at) else { continue };
            // Other apps may have gone on since: what it depends on comes before it.
            let own = before.state.models.of_app(&migration.app);
            let mut beside = Editor { state: editor.state.clone(), ..before };
            beside.state.models.set_app(&migration.app, own);
            beside.migration(migration)
        } else {
            editor.migration(migration)
        };
        let Some(shell) = &migration.shell else { continue };
        let line = if stop.beside { Line::Beside } else { Line::Place };
        let part = |operations, direction| Migration { direction, operations, line: line.clone(), ..shell.clone() };
        if !back.is_empty() {
            lowered.push(part(back, Direction::Down));
        }
        lowered.push(part(forward, Direction::Up));
    }
    lowered
}

/// Squashed migrations that are read beside those that they replace; more than anyone keeps.
const MAX_BESIDE: usize = 500;

/// By the first migration that a squashed one replaces: the squashed ones that begin where it begins.
fn begins(migrations: &[DjangoMigration], order: &[graph::Stop]) -> BTreeMap<usize, Vec<usize>> {
    let place: BTreeMap<(&str, &str), usize> = order
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(place, stop)| migrations.get(stop.at).map(|one| ((one.app.as_str(), one.name.as_str()), place)))
        .collect();
    let mut begins: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for stop in order.iter().filter(|stop| stop.beside).take(MAX_BESIDE) {
        let replaces = migrations.get(stop.at).into_iter().flat_map(|migration| &migration.replaces);
        let first = replaces.filter_map(|(app, name)| place.get(&(app.as_str(), name.as_str()))).min();
        if let Some(first) = first.and_then(|place| order.get(*place)) {
            begins.entry(first.at).or_default().push(stop.at);
        }
    }
    begins
}

/// The class of keys that nobody wrote, by app: what its configuration or the settings say, else what its migrations
/// show, else those of other apps. Where a setting was changed, it was to `BigAutoField`.
fn auto_fields(migrations: &[DjangoMigration]) -> BTreeMap<String, String> {
    let is_big = |class: &String| class.ends_with(".BigAutoField");
    let mut said = BTreeMap::new();
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for migration in migrations {
        if let Some(class) = &migration.auto_field {
            said.insert(migration.app.clone(), class.clone());
        }
        for class in migration.operations.iter().filter_map(automatic_key) {
            let slot = shown.entry(migration.app.clone()).or_insert_with(|| class.clone());
            if is_big(&class) {
                *slot = class;
            }
        }
    }
    let big = shown.values().find(|class| is_big(class)).cloned();
    let apps: BTreeSet<&String> = migrations.iter().map(|migration| &migration.app).collect();
    let class = |app: &String| said.get(app).or_else(|| shown.get(app)).or(big.as_ref()).cloned();
    apps.into_iter().filter_map(|app| Some((app.clone(), class(app)?))).collect()
}

/// The class of a key that a step makes and nobody wrote.
fn automatic_key(step: &Step) -> Option<String> {
    let Step::Call(call) = step else { return None };
    let key = |field: &Py| {
        let call = field.call().filter(|call| call.flag("auto_created") == Some(true))?;
        matches!(call.name(), "AutoField" | "BigAutoField" | "SmallAutoField").then(|| call.path.clone())
    };
    let fields = call.argument(1, "fields").map(Py::items).unwrap_or_default();
    let made = fields.iter().find_map(|pair| pair.items().get(1).and_then(|field| key(field)));
    made.or_else(|| call.argument(2, "field").and_then(key))
}

/// The model of users: what the settings say where they were seen, else the one model of the project that has what a
/// user of Django has, else Django's own.
fn user_model(migrations: &[DjangoMigration]) -> Option<String> {
    if let Some(said) = migrations.iter().find_map(|migration| migration.user_model.clone()) {
        return Some(said);
    }
    let users = |migration: &DjangoMigration| -> Vec<String> {
        let calls =
            migration.operations.iter().filter_map(|step| if let Step::Call(call) = step { Some(call) } else { None });
        let users = calls.filter(|call| call.name() == "CreateModel").filter(|call| {
            let fields = call.argument(1, "fields").map(Py::items).unwrap_or_default();
            let has = |name: &str| {
                fields.iter().any(|field| field.items().first().and_then(|name| name.as_str()) == Some(name))
            };
            has("password") && has("last_login")
        });
        let names = users.filter_map(|call| call.argument(0, "name").and_then(Py::as_str));
        names.map(|name| format!("{}.{name}", migration.app)).collect()
    };
    // A squashed migration makes it again.
    let found: BTreeSet<String> = migrations.iter().flat_map(users).collect();
    let named = |model: &&String| model.to_lowercase().ends_with(".user");
    let mut named = found.iter().filter(named);
    match (found.first(), named.next(), named.next()) {
        (Some(only), ..) if found.len() == 1 => Some(only.clone()),
        // Customers have passwords too.
        (_, Some(user), None) => Some(user.clone()),
        _ => None,
    }
}

/// Whether a file holds a migration of Django.
pub(super) fn is_migration(text: &str) -> bool {
    text.contains("class Migration(") && !is_tortoise(text)
}

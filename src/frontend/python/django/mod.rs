//! Django: migrations as they are written, then, in the order of their graph, what each sends.
//!
//! A migration does not say enough by itself: what `AlterField` sends depends on what the field was, which other files
//! tell. So each file is read into its operations ([`DjangoMigration`]), and [`lower`] runs all of them over one state,
//! as Django's own executor does, and takes down the statements that its schema editor would send. They are written as
//! SQL and read by the reader of SQL, so that both mean the same.

mod alter;
mod editor;
mod expr;
mod field;
mod graph;
mod late;
mod lower;
mod mapped;
mod meta;
mod models;
mod names;
mod sql;
mod sqlite;
mod state;
mod value;

pub(super) use self::late::{model_table, table_word};
pub(super) use self::mapped::{Declared, model_tables};
pub use self::value::DjangoMigration;
pub(super) use self::value::{Call, Py, Step};

use std::collections::{BTreeMap, BTreeSet};

use self::editor::Editor;
use crate::config::Dialect;
use crate::ir::{Direction, Line, Migration};

/// The app in a dependency on the model of users, where the settings that name it were not seen.
pub(super) const USERS: &str = "settings.AUTH_USER_MODEL";

/// Lowers all migrations of a project, each to one that goes forward and one that goes back where it says how, in the
/// order in which Django runs them. Those that a squashed migration replaces send nothing.
pub fn lower(migrations: &[DjangoMigration], dialect: Dialect) -> Vec<Migration> {
    let mut editor = Editor::default();
    editor.state.dialect = dialect;
    editor.state.user_model = user_model(migrations);
    editor.state.big_keys = migrations.iter().flat_map(|migration| &migration.operations).any(makes_big_keys);
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

/// Whether a step shows that the setting `DEFAULT_AUTO_FIELD` is `BigAutoField`: a model has such a key that nobody wrote.
fn makes_big_keys(step: &Step) -> bool {
    let Step::Call(call) = step else { return false };
    let big = |field: &Py| {
        let call = field.call();
        call.is_some_and(|call| call.name() == "BigAutoField" && call.flag("auto_created") == Some(true))
    };
    let fields = call.argument(1, "fields").map(Py::items).unwrap_or_default();
    fields.iter().any(|pair| pair.items().get(1).is_some_and(|field| big(field)))
        || call.argument(2, "field").is_some_and(big)
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

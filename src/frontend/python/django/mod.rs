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
mod lower;
mod meta;
mod names;
mod sql;
mod sqlite;
mod state;
mod value;

pub(super) use self::lower::model_table;
pub use self::value::DjangoMigration;
pub(super) use self::value::{Call, Py, Step};

use self::editor::Editor;
use crate::config::Dialect;
use crate::ir::{Direction, Migration};

/// Lowers all migrations of a project, each to one that goes forward and one that goes back where it says how, in the
/// order in which Django runs them. Those that a squashed migration replaces send nothing.
pub fn lower(migrations: &[DjangoMigration], dialect: Dialect) -> Vec<Migration> {
    let mut editor = Editor::default();
    editor.state.dialect = dialect;
    editor.state.user_model = user_model(migrations);
    editor.state.big_keys = migrations.iter().flat_map(|migration| &migration.operations).any(makes_big_keys);
    let mut lowered = Vec::new();
    for at in graph::order(migrations) {
        let Some(migration) = migrations.get(at) else { continue };
        editor.span = migration.span;
        editor.query = 0;
        let (forward, back) = editor.migration(migration);
        let Some(shell) = &migration.shell else { continue };
        let part = |operations, direction| Migration { direction, operations, ..shell.clone() };
        if !back.is_empty() {
            lowered.push(part(back, Direction::Down));
        }
        lowered.push(part(forward, Direction::Up));
    }
    lowered
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
    let found: Vec<String> = migrations.iter().flat_map(users).collect();
    match &found[..] {
        [only] => Some(only.clone()),
        _ => None,
    }
}

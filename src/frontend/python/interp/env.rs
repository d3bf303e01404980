//! What Alembic's `env.py` arranges for every migration.

use std::sync::Arc;

use super::super::blocks::Output;
use super::super::modules::{Program, Slot};
use super::super::parse::Parsed;
use super::super::sqlalchemy::Convention;
use super::super::value::{Record, Value};
use super::Interp;
use crate::frontend::text::SqlText;
use crate::source::SourceFile;
use crate::span::Span;

/// What `env.py` says.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Settings {
    /// All that is pending is applied in one transaction.
    pub(super) batch: bool,
    /// Statements that set a timeout on the connection.
    pub(super) timeouts: Vec<SqlText>,
    /// What constraints and indexes without a name are called.
    pub(super) convention: Option<Arc<Convention>>,
}

/// Words that a statement or a connection's option sets a timeout by.
const TIMEOUTS: [&str; 4] =
    ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"];
/// Files that `env.py` can pull in.
const MAX_MODULES: usize = 64;

impl Interp<'_> {
    /// What `env.py` in the folder above the migrations, or in the one above that, arranges.
    pub(super) fn env_settings(&mut self) -> Arc<Settings> {
        if let Some(settings) = &self.settings {
            return settings.clone();
        }
        let program = self.program;
        let read = |file: &Arc<SourceFile>| program.reader.settings(file, || read_env(file, program));
        let settings = self.env_file().as_ref().map(read).unwrap_or_default();
        self.settings.insert(settings).clone()
    }

    /// The project's `env.py`.
    pub(super) fn env_file(&self) -> Option<Arc<SourceFile>> {
        let own = self.units.first()?.file;
        let file = (2..=3).find_map(|level| self.program.module(own, level, "env"))?;
        file.text.contains("alembic").then_some(file)
    }
}

/// Transactions and timeouts stand in the text of `env.py`; for the names it is run, as far as that can be followed.
fn read_env(file: &SourceFile, program: Program<'_>) -> Settings {
    let text: String = file.text.split_whitespace().collect();
    // Both are Alembic's own defaults for PostgreSQL.
    let each = text.contains("transaction_per_migration=True") || text.contains("transactional_ddl=False");
    let parsed = program.reader.tree(file);
    let timeouts = timeouts(file, &parsed);
    let convention = text.contains("target_metadata").then(|| convention(file, &parsed, program)).flatten();
    Settings { batch: !each, timeouts, convention: convention.map(Arc::new) }
}

fn timeouts(file: &SourceFile, parsed: &Parsed) -> Vec<SqlText> {
    let mut timeouts = Vec::new();
    for (start, end) in &parsed.strings {
        let quoting = super::super::strings::quoting(&file.text, *start, *end);
        let mut sql = SqlText::default();
        let range = (quoting.start, quoting.end);
        super::super::strings::decode(&mut sql, &file.text, file.id, range, quoting.raw, false);
        let lower = sql.text.trim_start().to_lowercase();
        if !TIMEOUTS.iter().any(|timeout| lower.contains(timeout)) {
            continue;
        }
        if lower.starts_with("set ") {
            timeouts.push(sql);
        } else if let Some((_, option)) = lower.split_once("-c ").or_else(|| lower.split_once("-c")) {
            // `options="-c lock_timeout=1000"` of the connection.
            let option = option.split_whitespace().next().unwrap_or_default();
            if let Some((name, value)) = option.split_once('=')
                && TIMEOUTS.contains(&name)
            {
                let mut set = SqlText::default();
                let place = sql.span(0..sql.text.len());
                set.push(&format!("SET {name} = '{value}'"), place);
                timeouts.push(set);
            }
        }
    }
    timeouts
}

/// The naming convention of the metadata that `env.py` gives to `context.configure`.
fn convention(file: &SourceFile, parsed: &Parsed, program: Program<'_>) -> Option<Convention> {
    let slots: Vec<Slot> = (0..MAX_MODULES).map(|_| Slot::default()).collect();
    let program = Program { reader: program.reader, modules: program.modules, slots: &slots };
    let mut interp = Interp::new(file, parsed, program, Output::new(file, &[]));
    let found = interp.target_convention();
    interp.forget();
    found
}

impl<'a> Interp<'a> {
    fn target_convention(&mut self) -> Option<Convention> {
        // Nothing that it sends is a migration's.
        self.quiet += 1;
        let env = self.module_env(0);
        let place = Span::file(self.units.first()?.file.id);
        let global = env.get("target_metadata");
        let given = self.configured.take().into_iter().chain(global);
        let given: Vec<_> = given.filter_map(|value| self.used_or_external(&value, place)).collect();
        given.iter().flat_map(Value::alternatives).find_map(|metadata| self.convention_of(&metadata, place))
    }

    /// The convention of a metadata, whatever made it.
    fn convention_of(&mut self, metadata: &Value<'a>, place: Span) -> Option<Convention> {
        match metadata {
            Value::Record(_) | Value::Unknown(_) | Value::Class(_) => {
                let value = self.attribute_of(metadata, "naming_convention", place);
                let value = self.used(value)?;
                Convention::of(&value)
            }
            _ => None,
        }
    }
}

/// Whether a record is one through which the metadata of models is reached: `db` of Flask-SQLAlchemy, its `Model`.
pub(super) fn leads_to_metadata(record: &Record<'_>, name: &str) -> bool {
    match record.class.as_str() {
        "SQLAlchemy" => name == "Model",
        "declarative_base" | "registry" => matches!(name, "registry" | "generate_base"),
        _ => false,
    }
}

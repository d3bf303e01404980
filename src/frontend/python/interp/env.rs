//! What Alembic's `env.py` arranges for every migration.

use super::Interp;
use crate::frontend::text::SqlText;

/// What `env.py` says.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    /// All that is pending is applied in one transaction.
    pub(super) batch: bool,
    /// Statements that set a timeout on the connection.
    pub(super) timeouts: Vec<SqlText>,
}

/// Words that a statement or a connection's option sets a timeout by.
const TIMEOUTS: [&str; 4] =
    ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"];

impl Interp<'_> {
    /// Reads `env.py` in the folder above the migrations, or in the one above that.
    ///
    /// It is not run: it would import the whole application. What is asked of it stands in its text.
    pub(super) fn env_settings(&mut self) -> Settings {
        if let Some(settings) = &self.settings {
            return settings.clone();
        }
        let settings = self.read_env().unwrap_or_default();
        self.settings.insert(settings).clone()
    }

    fn read_env(&self) -> Option<Settings> {
        let own = self.units.first()?.file;
        let file = (2..=3).find_map(|level| self.program.module(own, level, "env"))?;
        if !file.text.contains("alembic") {
            return None;
        }
        let text: String = file.text.split_whitespace().collect();
        // Both are Alembic's own defaults for PostgreSQL.
        let each = text.contains("transaction_per_migration=True") || text.contains("transactional_ddl=False");
        let parsed = self.program.reader.tree(&file);
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
        Some(Settings { batch: !each, timeouts })
    }
}

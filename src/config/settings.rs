//! The configuration as meant: nothing optional that has a default.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::error::ConfigError;
use super::raw::{Count, FailOn, Raw, RuleSeverity};
use super::statistics::{Sizes, Statistics};
use super::{Dialect, Role, Runner};
use crate::diagnostic::Severity;
use crate::diagnostic::did_you_mean;

/// Keys of the configuration, for "did you mean" (serde names them in its own message only).
const KEYS: &[&str] = &[
    "select",
    "ignore",
    "extend-select",
    "include",
    "exclude",
    "per-file-ignores",
    "dialect",
    "target-version",
    "fail-on",
    "output-format",
    "rules-dir",
    "baseline",
    "respect-gitignore",
    "require-reason",
    "data-functions",
    "roles",
    "tables",
    "rules",
    "source",
    "migrations",
    "indexes",
    "backfills",
    "large",
    "small",
    "stats",
    "large-rows",
    "large-bytes",
    "small-rows",
    "small-bytes",
    "path",
    "runner",
    "transaction",
    "role",
];

/// Names of functions that are taken to change data.
const DATA_FUNCTIONS: &[&str] = &["exec_dml", "*backfill*", "populate_*", "migrate_data*"];

/// The major version of PostgreSQL that migrations are taken to run on where nothing else is said: the oldest that is
/// supported.
pub const TARGET_VERSION: u32 = 14;

/// What a run is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Only these rules or groups, where given.
    pub select: Option<Vec<String>>,
    /// These rules or groups not.
    pub ignore: Vec<String>,
    /// These rules or groups as well.
    pub extend_select: Vec<String>,
    /// Globs of files that are migration sources whatever they look like.
    pub include: Vec<String>,
    /// Globs of files that are left alone.
    pub exclude: Vec<String>,
    /// Rules or groups that are ignored in files, by glob.
    pub per_file_ignores: BTreeMap<String, Vec<String>>,
    /// The dialect: of everything where it is given, else where nothing else tells.
    pub dialect: Dialect,
    /// Major version of PostgreSQL that the migrations run on.
    pub target_version: u32,
    /// It is given, and not the default.
    pub dialect_given: bool,
    /// The severity from which on a run fails; `None` for never.
    pub fail_on: Option<Severity>,
    /// Name of the output format.
    pub output_format: String,
    /// Folders with a team's rule pages, relative to the configuration.
    pub rules_dirs: Vec<String>,
    /// The baseline file, relative to the configuration.
    pub baseline: Option<String>,
    /// Whether `.gitignore` is honoured.
    pub respect_gitignore: bool,
    /// Whether suppressions need a reason.
    pub require_reason: bool,
    /// Globs of names of functions that change data.
    pub data_functions: Vec<String>,
    /// Globs of sources with the role `migrations`.
    pub migrations: Vec<String>,
    /// Globs of sources with the role `indexes`.
    pub indexes: Vec<String>,
    /// Globs of sources with the role `backfills`.
    pub backfills: Vec<String>,
    /// Names of tables that are large.
    pub large_tables: BTreeSet<String>,
    /// Names of tables that are small.
    pub small_tables: BTreeSet<String>,
    /// The file with the sizes of tables, relative to the configuration.
    pub stats: Option<String>,
    /// The sizes of tables, where they were measured.
    pub statistics: Statistics,
    /// From which size on a table is large, and up to which it is small.
    pub sizes: Sizes,
    /// `[rules.NAME]`
    pub rules: BTreeMap<String, RuleSettings>,
    /// `[[source]]`, first match counts.
    pub sources: Vec<SourceSettings>,
}

/// What is set for a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSettings {
    /// Switched off.
    pub off: bool,
    /// Another severity.
    pub severity: Option<Severity>,
    /// Options of the rule.
    pub options: toml::Table,
}

/// What is said about some files in place of what is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Glob of the files.
    pub path: String,
    /// The runner.
    pub runner: Option<Runner>,
    /// The dialect.
    pub dialect: Option<Dialect>,
    /// Whether the runner opens a transaction around each file.
    pub transaction: Option<bool>,
    /// Which of the three pillars they belong to.
    pub role: Option<Role>,
    /// Major version of PostgreSQL that they run on.
    pub target_version: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::resolve(Raw::default())
    }
}

impl Settings {
    /// Reads `ddlint.toml`. `path` is for messages.
    pub fn from_toml(text: &str, path: &str) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| explain(&error, text, path))?;
        Ok(Self::resolve(raw))
    }

    /// Reads the configuration file at `path`, as shown, by what it is called; `None` where it says nothing of this
    /// program.
    pub fn from_file(text: &str, path: &str) -> Result<Option<Self>, ConfigError> {
        if path.rsplit(['/', '\\']).next() == Some("pyproject.toml") {
            return Self::from_pyproject(text, path);
        }
        Self::from_toml(text, path).map(Some)
    }

    /// Reads `[tool.ddlint]` of `pyproject.toml`; `None` where there is no such table.
    pub fn from_pyproject(text: &str, path: &str) -> Result<Option<Self>, ConfigError> {
        #[derive(serde::Deserialize)]
        struct Pyproject {
            tool: Option<Tool>,
        }
        #[derive(serde::Deserialize)]
        struct Tool {
            ddlint: Option<Raw>,
        }
        let project: Pyproject = toml::from_str(text).map_err(|error| explain(&error, text, path))?;
        Ok(project.tool.and_then(|tool| tool.ddlint).map(Self::resolve))
    }

    fn resolve(raw: Raw) -> Self {
        let rules = raw.rules.into_iter().map(|(name, rule)| {
            let rule = rule.into_inner();
            let settings = RuleSettings {
                off: rule.severity == Some(RuleSeverity::Off),
                severity: rule.severity.and_then(RuleSeverity::severity),
                options: rule.options,
            };
            (name, settings)
        });
        let sources = raw.source.into_iter().map(|source| SourceSettings {
            path: source.path,
            runner: source.runner,
            dialect: source.dialect,
            transaction: source.transaction,
            role: source.role,
            target_version: source.target_version.map(|version| version.0),
        });
        let usual = Sizes::default();
        let count = |written: Option<Count>, usual: u64| written.map_or(usual, |count| count.0);
        let sizes = Sizes {
            large_rows: count(raw.tables.large_rows, usual.large_rows),
            large_bytes: count(raw.tables.large_bytes, usual.large_bytes),
            small_rows: count(raw.tables.small_rows, usual.small_rows),
            small_bytes: count(raw.tables.small_bytes, usual.small_bytes),
        };
        Self {
            select: raw.select,
            ignore: raw.ignore,
            extend_select: raw.extend_select,
            include: raw.include,
            exclude: raw.exclude,
            per_file_ignores: raw.per_file_ignores.into_iter().map(|(glob, words)| (glob, words.list())).collect(),
            dialect: raw.dialect.unwrap_or_default(),
            target_version: raw.target_version.map_or(TARGET_VERSION, |version| version.0),
            dialect_given: raw.dialect.is_some(),
            fail_on: raw.fail_on.map_or(Some(Severity::Warning), FailOn::severity),
            output_format: raw.output_format.unwrap_or_else(|| "full".to_owned()),
            rules_dirs: raw.rules_dir.map(super::raw::Words::list).unwrap_or_default(),
            baseline: raw.baseline,
            respect_gitignore: raw.respect_gitignore.unwrap_or(true),
            require_reason: raw.require_reason.unwrap_or(false),
            data_functions: raw
                .data_functions
                .unwrap_or_else(|| DATA_FUNCTIONS.iter().map(ToString::to_string).collect()),
            migrations: raw.roles.migrations,
            indexes: raw.roles.indexes,
            backfills: raw.roles.backfills,
            large_tables: raw.tables.large.into_iter().collect(),
            small_tables: raw.tables.small.into_iter().collect(),
            stats: raw.tables.stats,
            statistics: Statistics::default(),
            sizes,
            rules: rules.collect(),
            sources: sources.collect(),
        }
    }
}

/// An error of the TOML reader in our words.
fn explain(error: &toml::de::Error, text: &str, path: &str) -> ConfigError {
    let message = error.message().trim().to_owned();
    let range = error.span().unwrap_or(0..0);
    let named = |before: &str| message.strip_prefix(before).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    let (key, what) = match (named("unknown field `"), named("unknown variant `")) {
        (Some(key), _) => (key, "unknown key"),
        (None, Some(word)) => (word, "there is no"),
        (None, None) => return ConfigError::new(path, text, range, message, None),
    };
    let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    let among = if known.is_empty() { KEYS } else { known.as_slice() };
    let help = did_you_mean(&key, among.iter().copied()).unwrap_or_else(|| format!("known here: {}", among.join(", ")));
    ConfigError::new(path, text, range, format!("{what} `{key}`"), Some(help))
}

impl fmt::Display for Settings {
    /// The settings as TOML, for `--show-settings`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |words: &[String]| format!("{words:?}");
        let set = |words: &BTreeSet<String>| format!("{words:?}").replace('{', "[").replace('}', "]");
        if let Some(select) = &self.select {
            writeln!(f, "select = {}", list(select))?;
        }
        writeln!(f, "extend-select = {}", list(&self.extend_select))?;
        writeln!(f, "ignore = {}", list(&self.ignore))?;
        writeln!(f, "include = {}", list(&self.include))?;
        writeln!(f, "exclude = {}", list(&self.exclude))?;
        writeln!(f, "dialect = {:?}", self.dialect.as_str())?;
        writeln!(f, "target-version = {}", self.target_version)?;
        writeln!(f, "fail-on = {:?}", self.fail_on.map_or("never", Severity::as_str))?;
        writeln!(f, "output-format = {:?}", self.output_format)?;
        writeln!(f, "rules-dir = {}", list(&self.rules_dirs))?;
        if let Some(baseline) = &self.baseline {
            writeln!(f, "baseline = {baseline:?}")?;
        }
        writeln!(f, "respect-gitignore = {}", self.respect_gitignore)?;
        writeln!(f, "require-reason = {}", self.require_reason)?;
        writeln!(f, "data-functions = {}", list(&self.data_functions))?;
        writeln!(f, "\n[roles]")?;
        writeln!(f, "migrations = {}", list(&self.migrations))?;
        writeln!(f, "indexes = {}", list(&self.indexes))?;
        writeln!(f, "backfills = {}", list(&self.backfills))?;
        writeln!(f, "\n[tables]")?;
        writeln!(f, "large = {}", set(&self.large_tables))?;
        writeln!(f, "small = {}", set(&self.small_tables))?;
        if let Some(stats) = &self.stats {
            writeln!(f, "stats = {stats:?}")?;
        }
        let Sizes { large_rows, large_bytes, small_rows, small_bytes } = self.sizes;
        writeln!(f, "large-rows = {large_rows}\nlarge-bytes = {large_bytes}")?;
        writeln!(f, "small-rows = {small_rows}\nsmall-bytes = {small_bytes}")?;
        if !self.per_file_ignores.is_empty() {
            writeln!(f, "\n[per-file-ignores]")?;
            for (glob, rules) in &self.per_file_ignores {
                writeln!(f, "{glob:?} = {}", list(rules))?;
            }
        }
        for (name, rule) in &self.rules {
            writeln!(f, "\n[rules.{name}]")?;
            let severity = if rule.off { Some("off") } else { rule.severity.map(Severity::as_str) };
            if let Some(severity) = severity {
                writeln!(f, "severity = {severity:?}")?;
            }
            for (option, value) in &rule.options {
                writeln!(f, "{option} = {value}")?;
            }
        }
        for source in &self.sources {
            writeln!(f, "\n[[source]]\npath = {:?}", source.path)?;
            let words = [
                ("runner", source.runner.map(Runner::as_str)),
                ("dialect", source.dialect.map(Dialect::as_str)),
                ("role", source.role.map(Role::as_str)),
            ];
            for (key, word) in words {
                word.map_or(Ok(()), |word| writeln!(f, "{key} = {word:?}"))?;
            }
            source.transaction.map_or(Ok(()), |on| writeln!(f, "transaction = {on}"))?;
            source.target_version.map_or(Ok(()), |version| writeln!(f, "target-version = {version}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ConfigError {
        Settings::from_toml(text, "ddlint.toml").expect_err("refused")
    }

    #[test]
    fn nothing_typed_means_the_defaults() {
        let settings = Settings::from_toml("", "ddlint.toml").expect("fine");
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.fail_on, Some(Severity::Warning));
    }

    #[test]
    fn an_unknown_key_is_shown_with_what_was_meant() {
        let error = error("[roles]\nindxes = [\"a.py\"]\n");
        assert_eq!((error.line, error.column), (2, 1));
        assert_eq!(error.help.as_deref(), Some("did you mean `indexes`?"));
    }

    #[test]
    fn a_wrong_type_is_shown_at_the_value() {
        let error = error("dialect = 'oracle'\n");
        assert_eq!((error.line, error.column), (1, 11));
    }

    #[test]
    fn an_unknown_runner_is_refused_with_what_was_meant() {
        let error = error("[[source]]\npath = 'db'\nrunner = 'gose'\n");
        assert_eq!((error.line, error.column), (3, 10));
        assert_eq!(error.help.as_deref(), Some("did you mean `goose`?"));
    }

    #[test]
    fn sources_are_shown_as_they_were_typed() {
        let text = "[[source]]\npath = \"db\"\nrunner = \"tern\"\ndialect = \"mysql\"\nrole = \"indexes\"\ntransaction = false\n";
        let settings = Settings::from_toml(text, "ddlint.toml").expect("fine");
        assert!(settings.to_string().ends_with(text), "{settings}");
    }

    #[test]
    fn a_version_that_no_server_has_is_refused() {
        for (value, shown) in [("'16'", "\"16\""), ("160004", "160004"), ("0", "0"), ("-1", "-1"), ("16.2", "16.2")] {
            for (text, line) in [
                (format!("target-version = {value}\n"), 1),
                (format!("[[source]]\npath = 'db'\ntarget-version = {value}\n"), 3),
            ] {
                let error = error(&text);
                assert_eq!(error.line, line, "{error}");
                assert!(error.message.starts_with(&format!("`{shown}` is no major version of PostgreSQL")), "{error}");
            }
        }
    }

    #[test]
    fn a_source_has_a_version_of_its_own() {
        let text = "[[source]]\npath = \"db\"\ntarget-version = 16\n";
        let settings = Settings::from_toml(text, "ddlint.toml").expect("fine");
        assert_eq!((settings.target_version, settings.sources[0].target_version), (TARGET_VERSION, Some(16)));
        assert!(settings.to_string().ends_with(text), "{settings}");
    }

    #[test]
    fn sizes_have_units() {
        let text = "[tables]\nlarge-rows = 5_000_000\nlarge-bytes = '2 GB'\nsmall-bytes = '64kB'\n";
        let sizes = Settings::from_toml(text, "ddlint.toml").expect("fine").sizes;
        assert_eq!((sizes.large_rows, sizes.large_bytes, sizes.small_bytes), (5_000_000, 2 << 30, 64 << 10));
        assert_eq!(sizes.small_rows, Sizes::default().small_rows);
        assert!(error("[tables]\nlarge-bytes = 'much'\n").message.starts_with("`\"much\"` is no number"));
        assert!(error("[tables]\nlarge-rows = -1\n").message.starts_with("`-1` is no number"));
    }

    #[test]
    fn a_rule_has_a_severity_and_options() {
        let text = "[rules.index-name]\nseverity = 'off'\npattern = 'ix_'\n";
        let settings = Settings::from_toml(text, "ddlint.toml").expect("fine");
        let rule = &settings.rules["index-name"];
        assert!(rule.off);
        assert_eq!(rule.options["pattern"].as_str(), Some("ix_"));
    }

    #[test]
    fn pyproject_may_have_no_table_of_ours() {
        assert_eq!(Settings::from_pyproject("[project]\nname = 'x'\n", "pyproject.toml"), Ok(None));
        let own = Settings::from_pyproject("[tool.ddlint]\nignore = ['data']\n", "pyproject.toml");
        assert_eq!(own.expect("fine").expect("ours").ignore, ["data"]);
    }
}

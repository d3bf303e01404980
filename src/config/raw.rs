//! The configuration as typed: every key optional, unknown keys refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Dialect, Role, Runner};
use crate::diagnostic::Severity;

/// A string or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a string or a list of strings")]
pub(super) enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    pub(super) fn list(self) -> Vec<String> {
        match self {
            Self::One(word) => vec![word],
            Self::Many(words) => words,
        }
    }
}

/// `ddlint.toml`, or `[tool.ddlint]` of `pyproject.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) select: Option<Vec<String>>,
    pub(super) ignore: Vec<String>,
    pub(super) extend_select: Vec<String>,
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) per_file_ignores: BTreeMap<String, Words>,
    pub(super) dialect: Option<Dialect>,
    pub(super) target_version: Option<Version>,
    pub(super) fail_on: Option<FailOn>,
    pub(super) output_format: Option<String>,
    pub(super) rules_dir: Option<Words>,
    pub(super) baseline: Option<String>,
    pub(super) respect_gitignore: Option<bool>,
    pub(super) require_reason: Option<bool>,
    pub(super) data_functions: Option<Vec<String>>,
    pub(super) roles: Roles,
    pub(super) tables: Tables,
    pub(super) rules: BTreeMap<String, toml::Spanned<Rule>>,
    pub(super) source: Vec<Source>,
}

/// `[roles]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Roles {
    pub(super) migrations: Vec<String>,
    pub(super) indexes: Vec<String>,
    pub(super) backfills: Vec<String>,
}

/// `[tables]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Tables {
    pub(super) large: Vec<String>,
    pub(super) small: Vec<String>,
    pub(super) stats: Option<String>,
    pub(super) large_rows: Option<Count>,
    pub(super) large_bytes: Option<Count>,
    pub(super) small_rows: Option<Count>,
    pub(super) small_bytes: Option<Count>,
}

/// `[rules.NAME]`: a severity, and the options of that rule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Rule {
    pub(super) severity: Option<RuleSeverity>,
    #[serde(flatten)]
    pub(super) options: toml::Table,
}

/// A severity, or off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RuleSeverity {
    Error,
    Warning,
    Info,
    Off,
}

impl RuleSeverity {
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Off => None,
        }
    }
}

/// The severity from which on a run fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

/// `[[source]]`: what is said about some files in place of what is recognised.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) runner: Option<Runner>,
    pub(super) transaction: Option<bool>,
    pub(super) dialect: Option<Dialect>,
    pub(super) role: Option<Role>,
    pub(super) target_version: Option<Version>,
}

/// A major version of PostgreSQL.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Version(pub(super) u32);

impl Version {
    /// The oldest that anything is known of, and one that is not there yet for years.
    const KNOWN: std::ops::RangeInclusive<u32> = 9..=30;
}

impl TryFrom<toml::Value> for Version {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let known = number.filter(|number| Self::KNOWN.contains(number));
        known.map(Self).ok_or_else(|| {
            format!("`{value}` is no major version of PostgreSQL; write a number such as 16, without quotes")
        })
    }
}

/// A number of rows or bytes: `1000000`, `"10 MB"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Count(pub(super) u64);

impl TryFrom<toml::Value> for Count {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let read = match &value {
            toml::Value::Integer(number) => u64::try_from(*number).ok(),
            toml::Value::String(text) => with_unit(text),
            _ => None,
        };
        read.map(Self).ok_or_else(|| format!("`{value}` is no number; write one such as 1000000 or \"10 MB\""))
    }
}

/// Reads a number with a unit, as the server's own settings have them.
fn with_unit(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let factor: u64 = match text.get(digits.len()..)?.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(factor)
}

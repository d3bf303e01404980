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
    pub(super) target_version: Option<u32>,
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
}

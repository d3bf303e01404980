//! What is reported: a headline, labels at places, help. Knows no renderer and no rule.

use crate::span::Span;

/// How bad a finding is; ordered from mild to severe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; never fails a run.
    Info,
    /// Likely trouble; fails a run by default.
    Warning,
    /// Trouble.
    Error,
}

impl Severity {
    /// The next more severe one, where there is one.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Info => Self::Warning,
            Self::Warning | Self::Error => Self::Error,
        }
    }

    /// The next milder one, where there is one.
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::Info | Self::Warning => Self::Info,
            Self::Error => Self::Warning,
        }
    }

    /// The word used in configuration and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure ddlint is; ordered from unsure to sure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A value that the judgement needs could not be read.
    Low,
    /// Read from a damaged source, or by a convention.
    Medium,
    /// Read from the source.
    High,
}

impl Confidence {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whether a finding counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Counts.
    New,
    /// Known from the baseline file.
    Baselined,
    /// Silenced by a comment.
    Suppressed,
}

/// A place and what is to be seen there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen; may be empty where the headline says it.
    pub text: String,
}

/// One replacement of bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes.
    pub text: String,
}

/// Whether a fix can be applied without a look.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Means the same to the application.
    Safe,
    /// Wants a look.
    Unsafe,
}

/// A change of the source that removes the finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fix {
    /// One sentence on what it does.
    pub description: String,
    /// Whether it wants a look.
    pub applicability: Applicability,
    /// The replacements, in order, none overlapping another.
    pub edits: Vec<Edit>,
}

/// What a finding is about, for machines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct About {
    /// Operation kind, `index.create`; absent for findings about a file.
    pub kind: Option<&'static str>,
    /// The table (or other relation) acted on, where known.
    pub table: Option<String>,
    /// The object named, where known.
    pub name: Option<String>,
}

/// A finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Diagnostic {
    /// The primary place: the statement, or the clause of it.
    pub span: Span,
    /// The whole statement; `span` is the clause of it that is meant.
    pub statement: Span,
    /// Name of the rule.
    pub rule: String,
    /// Group of the rule.
    pub group: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The headline: lower case, no full stop, names in backticks.
    pub message: String,
    /// What to see at the primary place.
    pub label: String,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// Page of the rule.
    pub url: Option<String>,
    /// What it is about.
    pub about: About,
    /// Stable key of rule and statement, 16 hexadecimal digits; no part of it is a line number.
    pub fingerprint: String,
    /// Whether it counts.
    pub status: Status,
    /// Reason given by the suppression, if any.
    pub justification: Option<String>,
    /// A change that removes it, where there is one.
    pub fix: Option<Fix>,
}

/// The candidate that `word` is most likely a slip of: at most a third of its letters differ. Of several, the one
/// with fewest differences, then the first in the alphabet.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
    // Longer words than any name are not worth the quadratic comparison.
    if word.len() > 80 {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// The question to put to who wrote `word`, where one of the candidates is near.
pub fn did_you_mean<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

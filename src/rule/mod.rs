//! Rules: one Markdown page each, compiled and checked when loaded.

use crate::diagnostic::Severity;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The file's name without `.md`.
    pub name: String,
    /// The page's first heading: "Index built without CONCURRENTLY".
    pub title: String,
    /// The page's first paragraph as one line of Markdown.
    pub summary: String,
    /// Its group.
    pub group: String,
    /// Severity before configuration.
    pub severity: Severity,
    /// Whether it is on without configuration.
    pub enabled: bool,
    /// The page as Markdown, without its `toml rule` block.
    pub markdown: String,
    /// Address of the page, for built-in rules.
    pub url: Option<String>,
}

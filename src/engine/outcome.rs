//! What a run gives to the reports.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::frontend::Calls;
use crate::rule::Rule;
use crate::source::SourceFile;

/// Counts of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Summary {
    /// Files read to be judged.
    pub files: usize,
    /// Migrations in them.
    pub migrations: usize,
    /// Operations in them.
    pub operations: usize,
    /// Operations not understood.
    pub opaque: usize,
    /// Execute-like calls whose SQL could not be read.
    pub unresolved: usize,
    /// What became of the calls of Python sources that send something.
    pub calls: Calls,
    /// Findings that count, of severity error.
    pub errors: usize,
    /// Findings that count, of severity warning.
    pub warnings: usize,
    /// Findings that count, of severity info.
    pub infos: usize,
    /// Findings known from the baseline.
    pub baselined: usize,
    /// Findings silenced by a comment.
    pub suppressed: usize,
}

/// All that a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Every file read, helpers included, by `FileId`.
    pub files: Vec<Arc<SourceFile>>,
    /// The rules that were enabled, by name.
    pub rules: Vec<Arc<Rule>>,
    /// The findings, sorted by path, place and rule; those that do not count are among them, by their status.
    pub diagnostics: Vec<Diagnostic>,
    /// Counts.
    pub summary: Summary,
}

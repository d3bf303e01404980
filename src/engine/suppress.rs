//! Comments that silence findings.

use std::collections::BTreeSet;

use crate::source::{Problem, SourceFile};
use crate::span::Span;

/// Why a finding is silenced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Justification {
    /// The comment.
    pub span: Span,
    /// The reason it gives.
    pub reason: Option<String>,
}

/// The suppression comments of a file.
#[derive(Clone, Default, Debug)]
pub struct Suppressions {}

impl Suppressions {
    /// Reads the comments of `file`.
    pub fn scan(file: &SourceFile) -> Self {
        let _ = file;
        Self {}
    }

    /// Whether a comment silences `rule` at `span`, in `statement`, in `block`; marks the comment as used.
    pub fn apply(&mut self, span: Span, statement: Span, block: Option<Span>, rule: &str) -> Option<Justification> {
        let _ = (span, statement, block, rule);
        None
    }

    /// What is wrong with the comments.
    pub fn problems(&self, known: &BTreeSet<String>, require_reason: bool) -> Vec<Problem> {
        let _ = (known, require_reason);
        Vec::new()
    }
}

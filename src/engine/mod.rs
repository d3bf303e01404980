//! The pipeline: read, judge, filter, sort. Severities, selection, suppressions and the baseline are applied here only.

pub mod baseline;
mod check;
mod django;
mod explain;
mod judge;
mod mapped;
mod outcome;
mod past;
mod rules;
mod sizes;
pub mod suppress;

pub use check::{Project, check};
pub use explain::Explained;
pub use outcome::{Outcome, Summary};
pub use rules::{RuleSet, RulesError};
pub use sizes::statistics;

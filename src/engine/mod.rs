//! The pipeline: read, judge, filter, sort. Severities, selection, suppressions and the baseline are applied here only.

pub mod baseline;
mod judge;
mod outcome;
mod rules;
pub mod suppress;

pub use outcome::{Outcome, Summary};

//! The pipeline: read, judge, filter, sort. Severities, selection, suppressions and the baseline are applied here only.

mod judge;
mod outcome;
mod rules;

pub use outcome::{Outcome, Summary};

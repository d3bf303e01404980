//! The pipeline: read, judge, filter, sort. Severities, selection, suppressions and the baseline are applied here only.

mod outcome;

pub use outcome::{Outcome, Summary};

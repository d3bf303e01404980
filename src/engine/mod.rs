//! The pipeline: read, judge, filter, sort. Severities, selection, suppressions and the baseline are applied here only.

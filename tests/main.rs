//! The integration tests: one binary, one sentence a module.

/// The repository keeps its own rules: module order, which room names which crate, lengths.
mod tidy;

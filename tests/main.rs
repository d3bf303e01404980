//! The integration tests: one binary, one sentence a module.

mod support;

/// Input that is wrong, damaged or hostile: a clear message, and nothing lost that can be read.
mod bad_input;
/// The program as a user meets it: exit codes, baseline, suppressions, formats.
mod cli;
/// What is read of PostgreSQL, against a real server and its own regression suite.
mod coverage;
/// Django's migrations: what is worked out from the files against what Django sends to a real server.
mod django;
/// The language server, spoken to as two editors do.
mod lsp;
/// Every rule page is a test.
mod rules;
/// The home-made migration system: every planted hazard is found, no trap.
mod three_pillars;
/// The repository keeps its own rules: module order, which room names which crate, lengths.
mod tidy;

//! ddlint reads database migration files, works out what each statement does to a live database, and judges that
//! with rules that are data.
//!
//! The modules below stand in reading order, and a module uses only those above it; `tests/tidy.rs` enforces it.

/// Stack of the threads that read sources, in bytes. Parsers of deeply nested input need room; the memory is only
/// touched where it is used.
pub const STACK: usize = 256 << 20;

pub mod span;
pub mod diagnostic;
pub mod config;
pub mod source;
pub mod ir;
pub mod frontend;
pub mod history;
pub mod schema;
pub mod effects;
pub mod expr;
pub mod facts;
pub mod rule;
pub mod fix;
pub mod engine;
pub mod report;
pub mod lsp;
pub mod cli;

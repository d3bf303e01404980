//! Named rewrites of a source that a rule can ask for.
//!
//! A rewrite is proposed only where its result, read again, is the same operation with the change and nothing else.

use crate::config::Dialect;
use crate::diagnostic::{Applicability, Edit, Fix};
use crate::frontend::sql::{self, ReadOptions};
use crate::frontend::text::SqlText;
use crate::ir::{Operation, Tri};
use crate::span::Span;

/// The rewrites that a page can name under `fix`.
pub const NAMES: &[&str] = &["index-concurrently", "drop-index-concurrently", "if-not-exists", "if-exists"];

/// Words after which a word is put in: all of a group in order, those in brackets where they stand.
const CONCURRENTLY: &[&[&str]] =
    &[&["create", "[unique]", "index"], &["drop", "index"], &["reindex", "index"], &["reindex", "table"]];
const IF_NOT_EXISTS: &[&[&str]] = &[
    &["create", "[unique]", "index", "[concurrently]"],
    &["create", "[unlogged]", "table"],
    &["create", "schema"],
    &["create", "sequence"],
    &["create", "extension"],
    &["add", "column"],
];
const IF_EXISTS: &[&[&str]] = &[
    &["drop", "index", "[concurrently]"],
    &["drop", "table"],
    &["drop", "type"],
    &["drop", "view"],
    &["drop", "sequence"],
    &["drop", "column"],
    &["drop", "constraint"],
];

/// How far into an operation its keywords are looked for, in bytes.
const REACH: usize = 400;

/// To verify a rewrite its whole statement is read again. Of one that is longer, in bytes, clauses are not rewritten: it
/// can have thousands of them.
const LONG: usize = 4 << 10;

/// What a rewrite changes of an operation.
type Expected = fn(&mut Operation);

/// The rewrite `name` of `operation`, whose source is `text` (of the whole file).
///
/// `None` where the operation's bytes are not written out at its place, or the result would not be what is meant.
pub fn propose(name: &str, operation: &Operation, text: &str, in_transaction: Tri) -> Option<Fix> {
    let (groups, word, expected): (_, _, Expected) = match name {
        "index-concurrently" | "drop-index-concurrently" => (CONCURRENTLY, "CONCURRENTLY", |op| op.concurrently = true),
        "if-not-exists" => (IF_NOT_EXISTS, "IF NOT EXISTS", |op| op.if_not_exists = true),
        "if-exists" => (IF_EXISTS, "IF EXISTS", |op| op.if_exists = true),
        _ => return None,
    };
    let source = operation.span.slice(text);
    // An action of ALTER TABLE that is its only one spans the whole statement.
    let inside_word = |at: usize| source.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric));
    let starts = source.char_indices().map(|(at, _)| at).take_while(|at| *at < REACH).filter(|at| !inside_word(*at));
    let at = starts.into_iter().find_map(|start| {
        let rest = source.get(start..)?;
        groups.iter().find_map(|group| after(rest, group)).map(|end| start + end)
    })?;
    let written = source.get(..at)?.chars().rev().find(char::is_ascii_alphabetic)?;
    let word = if written.is_ascii_lowercase() { word.to_lowercase() } else { word.to_owned() };
    let inserted = format!(" {word}");
    let place = operation.span.start as usize + at;
    let edit = Edit { span: Span::new(operation.span.file, place, place), text: inserted };
    let statement = operation.statement.span;
    let before = statement.slice(text);
    if operation.span != statement && before.len() > LONG {
        return None;
    }
    let inside = place.checked_sub(statement.start as usize)?;
    let after = format!("{}{}{}", before.get(..inside)?, edit.text, before.get(inside..)?);
    if !rewrites(before, &after, operation.statement.dialect, expected) {
        return None;
    }
    // CONCURRENTLY is refused inside a transaction, so the transaction has to go first.
    let safe = groups != CONCURRENTLY || in_transaction == Tri::No;
    let applicability = if safe { Applicability::Safe } else { Applicability::Unsafe };
    Some(Fix { description: format!("write {word}"), applicability, edits: vec![edit] })
}

/// Offset just after the words of `group` at the start of `source`.
fn after(source: &str, group: &[&str]) -> Option<usize> {
    let mut rest = source;
    for word in group {
        let optional = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
        let trimmed = rest.trim_start();
        let wanted = optional.unwrap_or(word);
        let found = trimmed.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted));
        let next = trimmed.get(wanted.len()..).unwrap_or_default();
        let whole = !next.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if found && whole {
            rest = next;
        } else if optional.is_none() {
            return None;
        }
    }
    Some(source.len() - rest.len())
}

/// Whether `after` does what `before` does with exactly one operation changed as `expected` says.
fn rewrites(before: &str, after: &str, dialect: Dialect, expected: Expected) -> bool {
    let read = |text: &str| {
        let text = SqlText::of_file(crate::span::FileId(0), text);
        sql::read(&text, ReadOptions { dialect, query: 0 })
    };
    let (mut old, new) = (read(before), read(after));
    let key = |op: &Operation| {
        (op.kind, shown(op.table.as_ref()), shown(op.name.as_ref()), op.concurrently, op.if_exists, op.if_not_exists)
    };
    let changed: Vec<_> = (0..old.len().min(new.len())).filter(|at| key(&old[*at]) != key(&new[*at])).collect();
    let [at] = changed.as_slice() else { return false };
    expected(&mut old[*at]);
    old.len() == new.len() && key(&old[*at]) == key(&new[*at])
}

fn shown<T: std::fmt::Display>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

/// `text` with the edits made. Edits that overlap one made before are left out; the number made is returned.
pub fn apply(text: &str, edits: &[Edit]) -> (String, usize) {
    let mut sorted: Vec<_> = edits.iter().collect();
    sorted.sort();
    sorted.dedup();
    let (mut out, mut at, mut made) = (String::with_capacity(text.len()), 0, 0);
    for edit in sorted {
        let range = edit.span.range();
        let Some(kept) = text.get(at..range.start) else { continue };
        if made > 0 && range.start < at {
            continue;
        }
        out.push_str(kept);
        out.push_str(&edit.text);
        at = range.end;
        made += 1;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_goes_in_after_the_ones_before_it() {
        assert_eq!(after("CREATE  UNIQUE INDEX ix ON t (a)", CONCURRENTLY[0]), Some(20));
        assert_eq!(after("CREATE INDEX ix ON t (a)", CONCURRENTLY[0]), Some(12));
        assert_eq!(after("CREATE INDEXES", CONCURRENTLY[0]), None);
    }

    #[test]
    fn edits_that_overlap_are_left_out() {
        let edit = |start, end, text: &str| Edit {
            span: Span::new(crate::span::FileId(0), start, end),
            text: text.to_owned(),
        };
        let (text, made) = apply("abcdef", &[edit(1, 3, "X"), edit(2, 4, "Y"), edit(5, 5, "Z")]);
        assert_eq!((text.as_str(), made), ("aXdeZf", 2));
    }
}

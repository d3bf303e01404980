//! What a runner fills in before it sends: each placeholder becomes an unknown part of the text, so that the statement
//! around it is read as it will be sent.

use std::ops::Range;

use crate::frontend::text::SqlText;
use crate::ir::Unknown;
use crate::source::{Runner, SourceFile};
use crate::span::Span;

/// The longest placeholder that is looked for, in bytes, so that a stray bracket costs little.
const LONGEST: usize = 256;

/// What is found in a text.
enum Found {
    /// A value that is filled in.
    Value,
    /// A command of the template, which leaves nothing behind.
    Command,
}

/// The bytes `range` of `file`. `variables` are those in which variables of the environment are filled in.
pub(super) fn fill(file: &SourceFile, range: Range<usize>, variables: &[Range<usize>]) -> SqlText {
    let text = file.text.as_str();
    let inside = text.get(range.clone()).unwrap_or_default();
    let mut out = SqlText::default();
    let mut copied = range.start;
    let first = file.placeholder.as_ref().and_then(|(before, _)| before.chars().next());
    let starts = |c: char| matches!(c, '$' | '{' | '<') || Some(c) == first;
    let mut at = range.start;
    while let Some(offset) = text.get(at..range.end).and_then(|rest| rest.find(starts)) {
        at += offset;
        let rest = text.get(at..range.end).unwrap_or_default();
        // They rise and do not overlap.
        let part = variables.get(variables.partition_point(|part| part.end <= at));
        let here = part.is_some_and(|part| part.contains(&at));
        let Some((length, found)) = placeholder(file, rest, here, text.get(..at).unwrap_or_default()) else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        out.push(text.get(copied..at).unwrap_or_default(), Span::new(file.id, copied, at));
        let span = Span::new(file.id, at, at + length);
        match found {
            Found::Value => {
                let shown = text.get(at..at + length).unwrap_or_default().to_owned();
                let reason = format!("{} fills it in", file.runner.as_str());
                out.push_hole(Unknown { reason, text: shown, span });
            }
            Found::Command => out.push(" ", span),
        }
        at += length;
        copied = at;
    }
    if copied == range.start {
        return SqlText::of_part(file.id, inside, range.start);
    }
    out.push(text.get(copied..range.end).unwrap_or_default(), Span::new(file.id, copied, range.end));
    out
}

/// The placeholder that `rest` starts with, behind `before`: its length and what it is.
fn placeholder(file: &SourceFile, rest: &str, variables: bool, before: &str) -> Option<(usize, Found)> {
    let window = rest.get(..rest.floor_char_boundary(LONGEST)).unwrap_or(rest);
    let until = |open: &str, close: &str| {
        let inner = window.strip_prefix(open)?;
        let end = inner.find(close)?;
        Some((open.len() + end + close.len(), inner.get(..end)?))
    };
    if let Some((open, close)) = &file.placeholder
        && let Some((length, name)) = until(open, close)
        && !name.is_empty()
        && !name.contains(['\n', ';'])
    {
        return Some((length, Found::Value));
    }
    if file.runner == Runner::Liquibase
        && let Some((length, name)) = until("${", "}")
        && !name.is_empty()
        && !name.contains(char::is_whitespace)
    {
        return Some((length, Found::Value));
    }
    if variables && rest.starts_with('$') {
        return variable(window).map(|length| (length, Found::Value));
    }
    if rest.starts_with("<%") {
        let (length, inside) = until("<%", "%>")?;
        return Some((length, if inside.starts_with('=') { Found::Value } else { Found::Command }));
    }
    let (length, inside) = until("{{", "}}")?;
    let templates = matches!(file.runner, Runner::Tern | Runner::Atlas | Runner::Pop);
    // Elsewhere `'{{1,2},{3,4}}'` is an array.
    let action = inside.trim_start_matches('-').trim_start();
    let named = action.starts_with(|c: char| c.is_alphabetic() || matches!(c, '.' | '$' | '_' | '/'));
    let array = inside.contains(['{', '}']) || before.ends_with('\'');
    if !templates && (!named || array) {
        return None;
    }
    Some((length, if command(action) { Found::Command } else { Found::Value }))
}

/// Length of `$X`, `${X}`, `${X:-default}`. Source: goose documentation, "Environment Variable Substitution".
fn variable(window: &str) -> Option<usize> {
    let name = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        (end > 0 && !text.starts_with(|c: char| c.is_ascii_digit())).then_some(end)
    };
    let inner = window.strip_prefix('$')?;
    match inner.strip_prefix('{') {
        Some(braced) => {
            name(braced)?;
            Some(2 + braced.find('}')? + 1)
        }
        // `$tag$` quotes a text.
        None => name(inner).filter(|end| inner.as_bytes().get(*end) != Some(&b'$')).map(|end| 1 + end),
    }
}

/// Whether an action of a Go template, or of Jinja, leaves nothing behind.
fn command(action: &str) -> bool {
    let word = action.split(|c: char| !c.is_alphanumeric() && c != '/').next().unwrap_or_default();
    matches!(word, "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue")
        || action.starts_with("/*")
        || (action.starts_with('$') && action.contains(":="))
}

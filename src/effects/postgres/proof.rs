//! What constraints that hold already prove.

use crate::effects::view::{Constraint, Relation};
use crate::effects::words::{Word, bare, conjuncts};
use crate::ir::{ConstraintKind, Tri};

/// Whether a check is known to hold for every row.
fn holds(constraint: &Constraint) -> Tri {
    if constraint.not_enforced {
        return Tri::No;
    }
    constraint.validated.map_or(Tri::Unknown, Tri::from)
}

/// Whether `constraint` proves that `column` is not null: `CHECK (column IS NOT NULL)`, also as a term of a conjunction.
pub(super) fn proves_not_null(constraint: &Constraint, column: &str) -> Tri {
    if constraint.kind != ConstraintKind::Check {
        return Tri::No;
    }
    let Some(expression) = &constraint.expression else { return Tri::Unknown };
    let proves = conjuncts(expression).iter().any(|term| is_not_null(term, column));
    Tri::from(proves).and(holds(constraint))
}

fn is_not_null(term: &[Word], column: &str) -> bool {
    // NOT column IS NULL
    if let [not, rest @ ..] = term
        && not.is("not")
    {
        let rest = bare(rest.to_vec());
        return matches!(rest.as_slice(), [left @ .., is, null] if is.is("is") && null.is("null") && is_column(left, column));
    }
    let Some(at) = term.len().checked_sub(3) else { return false };
    let (left, end) = term.split_at(at);
    let words = matches!(end, [is, not, null] if is.is("is") && not.is("not") && null.is("null"));
    words && is_column(left, column)
}

fn is_column(words: &[Word], column: &str) -> bool {
    matches!(bare(words.to_vec()).as_slice(), [only] if only.name() == Some(column))
}

/// A bound on the values of a column. Only whole numbers are compared; other values are the same or not.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Limit {
    /// `>= value`
    From(String),
    /// `< value`
    Below(String),
    /// One of these.
    OneOf(Vec<String>),
}

/// Whether the valid checks of `table` prove that every row belongs to a partition of `bound` by `key`.
pub(super) fn proves_bound(table: &Relation, key: &str, bound: &str) -> Tri {
    if !table.is_complete() {
        return Tri::Unknown;
    }
    let any_check = || {
        let check = |c: &Constraint| holds(c) != Tri::No;
        if table.constraints_of(ConstraintKind::Check).items.iter().any(check) { Tri::Unknown } else { Tri::No }
    };
    let Some((column, wanted)) = wanted(key, bound) else { return any_check() };
    let not_null = table.column(&column).known().is_some_and(|there| there.not_null == Some(true));
    let proved = not_null
        || table.constraints_of(ConstraintKind::Check).items.iter().any(|c| proves_not_null(c, &column) == Tri::Yes);
    if !proved {
        return Tri::No;
    }
    let found = limits(table, &column);
    if wanted.iter().all(|limit| found.iter().any(|given| implies(given, limit) == Tri::Yes)) {
        return Tri::Yes;
    }
    if wanted.iter().all(|limit| found.iter().any(|given| implies(given, limit) != Tri::No)) {
        return Tri::Unknown;
    }
    Tri::No
}

/// Whether the valid checks of a default partition prove that none of its rows belongs to `bound`.
pub(super) fn excludes_bound(table: &Relation, key: &str, bound: &str) -> Tri {
    if !table.is_complete() {
        return Tri::Unknown;
    }
    let Some((column, wanted)) = wanted(key, bound) else {
        let check = |c: &Constraint| holds(c) != Tri::No;
        return if table.constraints_of(ConstraintKind::Check).items.iter().any(check) {
            Tri::Unknown
        } else {
            Tri::No
        };
    };
    let given = limits(table, &column);
    let mut answer = Tri::No;
    for (one, other) in given.iter().flat_map(|one| wanted.iter().map(move |other| (one, other))) {
        answer = answer.or(match (one, other) {
            (Limit::From(from), Limit::Below(below)) | (Limit::Below(below), Limit::From(from)) => {
                at_least(from, below)
            }
            _ => Tri::No,
        });
    }
    answer
}

/// The column of a key of one column, and what its partition's rows have to meet.
fn wanted(key: &str, bound: &str) -> Option<(String, Vec<Limit>)> {
    let key: Vec<Word> = crate::effects::words::words(key).collect();
    let column = match key.as_slice() {
        [method, open, column, close] if open.is_sign('(') && close.is_sign(')') && !method.is("hash") => {
            column.name()?.to_owned()
        }
        _ => return None,
    };
    let words: Vec<Word> = crate::effects::words::words(bound).collect();
    let group = |word: &str| {
        let at = words.iter().position(|w| w.is(word))?;
        let inner = words.get(at + 2..)?;
        let end = inner.iter().position(|w| w.is_sign(')'))?;
        Some(inner.get(..end)?.split(|w| w.is_sign(',')).filter_map(value).collect::<Vec<_>>())
    };
    if let (Some(from), Some(to)) = (group("from"), group("to")) {
        let mut limits = Vec::new();
        match from.as_slice() {
            [only] if only != "minvalue" => limits.push(Limit::From(only.clone())),
            [_] => {}
            _ => return None,
        }
        match to.as_slice() {
            [only] if only != "maxvalue" => limits.push(Limit::Below(only.clone())),
            [_] => {}
            _ => return None,
        }
        return Some((column, limits));
    }
    Some((column, vec![Limit::OneOf(group("in")?)]))
}

/// A literal, with or without a cast.
fn value(words: &[Word]) -> Option<String> {
    let words = bare(words.to_vec());
    let words = words.split(|word| *word == Word::Cast).next()?;
    match bare(words.to_vec()).as_slice() {
        [Word::Number(text) | Word::Text(text) | Word::Plain(text)] => Some(text.clone()),
        [Word::Sign('-'), Word::Number(text)] => Some(format!("-{text}")),
        _ => None,
    }
}

/// What the valid checks of a table say of a column.
fn limits(table: &Relation, column: &str) -> Vec<Limit> {
    let checks = table.constraints_of(ConstraintKind::Check);
    let checks = checks.items.iter().filter(|c| holds(c) == Tri::Yes);
    let terms = checks.filter_map(|c| c.expression.as_ref()).flat_map(|text| conjuncts(text));
    terms.filter_map(|term| limit(&term, column)).collect()
}

fn limit(term: &[Word], column: &str) -> Option<Limit> {
    let at = term.iter().position(|word| matches!(word, Word::Sign('<' | '>' | '=')) || word.is("in"))?;
    let (left, rest) = term.split_at(at);
    let left = bare(left.to_vec());
    let left = left.split(|word| *word == Word::Cast).next()?;
    if !is_column(left, column) {
        return None;
    }
    let signs = rest.iter().take_while(|word| matches!(word, Word::Sign('<' | '>' | '='))).count();
    let operator: String = rest
        .iter()
        .take(signs)
        .filter_map(|word| if let Word::Sign(sign) = word { Some(*sign) } else { None })
        .collect();
    let right = rest.get(signs.max(1)..)?;
    if rest.first()?.is("in") || right.first().is_some_and(|word| word.is("any")) {
        let values = right.iter().filter_map(|word| match word {
            Word::Number(text) | Word::Text(text) => Some(text.clone()),
            _ => None,
        });
        return Some(Limit::OneOf(values.collect()));
    }
    let value = value(right)?;
    Some(match operator.as_str() {
        ">=" => Limit::From(value),
        ">" => Limit::From((value.parse::<i64>().ok()?.checked_add(1)?).to_string()),
        "<" => Limit::Below(value),
        "<=" => Limit::Below((value.parse::<i64>().ok()?.checked_add(1)?).to_string()),
        "=" => Limit::OneOf(vec![value]),
        _ => return None,
    })
}

/// Whether one value is at least another. Values that are not numbers can only be seen to be the same.
fn at_least(one: &str, other: &str) -> Tri {
    match (one.parse::<i64>(), other.parse::<i64>()) {
        (Ok(one), Ok(other)) => (one >= other).into(),
        _ if one == other => Tri::Yes,
        _ => Tri::Unknown,
    }
}

fn implies(given: &Limit, wanted: &Limit) -> Tri {
    match (given, wanted) {
        (Limit::From(given), Limit::From(wanted)) => at_least(given, wanted),
        (Limit::Below(given), Limit::Below(wanted)) => at_least(wanted, given),
        (Limit::OneOf(given), Limit::OneOf(wanted)) => given.iter().all(|value| wanted.contains(value)).into(),
        (Limit::OneOf(given), Limit::From(from)) => {
            given.iter().fold(Tri::Yes, |all, value| all.and(at_least(value, from)))
        }
        _ => Tri::No,
    }
}

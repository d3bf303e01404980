//! Facts about changes of rows that take some working out.

use crate::ir::{DataDetails, DataSource, Details, OpKind, Term, TermOperator, TermValue, Tri, Where};

use super::View;

/// Whether the WHERE picks rows by primary key equal to literals, or the one row that the program picks.
pub(super) fn keyed_by_literals(view: &View<'_>) -> bool {
    key_terms(view).any(|term| match (&term.operator, &term.value) {
        (TermOperator::Equal | TermOperator::In, TermValue::Literal(_)) => true,
        // One row that the program picks; in a loop it is one row a round.
        (TermOperator::Equal, TermValue::Parameter) => !view.op.context.in_loop,
        _ => false,
    })
}

/// What the WHERE compares.
fn terms<'v>(view: &'v View<'_>) -> &'v [Term] {
    match view.condition() {
        Some(Where::Predicate(predicate)) => predicate.terms.as_slice(),
        _ => &[],
    }
}

/// What the WHERE says of the primary key.
fn key_terms<'v>(view: &'v View<'_>) -> impl Iterator<Item = &'v Term> {
    let key = view.object.primary_key.as_slice();
    terms(view).iter().filter(move |term| match key {
        [] => term.column == "id",
        [only] => *only == term.column,
        _ => false,
    })
}

/// Whether a column is named as one that tells rows apart, its own or those of another table.
fn names_rows(column: &str) -> bool {
    column.ends_with("_id") || column.ends_with("_uuid") || matches!(column, "id" | "uuid")
}

/// Whether it changes one row, or the few that belong to one, and a loop over rows runs it for each.
pub(super) fn row_by_row(view: &View<'_>) -> bool {
    let (Some(data), context) = (details(view), &view.op.context) else { return false };
    let one = |term: &Term| (&term.operator, &term.value) == (&TermOperator::Equal, &TermValue::Parameter);
    match (data.source, view.op.kind) {
        // A list is written a round.
        (Some(DataSource::Orm), _) if data.bulk => context.in_loop && data.limit.is_some_and(|limit| limit <= 1),
        // An object is written a round; or a query's rows, which are one's where it asks for what a row has.
        (Some(DataSource::Orm), OpKind::DataUpdate | OpKind::DataDelete) => match &data.condition {
            Where::Unknown => context.in_loop,
            _ if key_terms(view).any(one) => context.in_loop,
            _ => context.per_row && terms(view).iter().any(one),
        },
        (Some(DataSource::Orm), _) => context.in_loop,
        (Some(DataSource::Values), OpKind::DataInsert) => context.per_row,
        (_, OpKind::DataUpdate | OpKind::DataDelete) => {
            context.per_row
                && (key_terms(view).any(one) || terms(view).iter().any(|term| one(term) && names_rows(&term.column)))
        }
        _ => false,
    }
}

/// Whether one statement changes a bounded number of rows: by LIMIT, by a range of keys, by a list of keys.
pub(super) fn batched(data: &DataDetails) -> Tri {
    if data.limited {
        return Tri::Yes;
    }
    let predicate = match &data.condition {
        Where::Predicate(predicate) => predicate,
        Where::Unknown => return Tri::Unknown,
        Where::Absent | Where::Always => return Tri::No,
    };
    let bounded = predicate.terms.iter().any(|term| match (&term.operator, &term.value) {
        (TermOperator::In | TermOperator::Equal, TermValue::Parameter) | (TermOperator::Between, _) => true,
        (_, TermValue::Query { limited }) => *limited,
        (TermOperator::Order, TermValue::Parameter) => range_of(predicate.terms.as_slice(), &term.column),
        _ => false,
    });
    match (bounded, predicate.complete) {
        (true, _) => Tri::Yes,
        // What was not understood could bound it; a plain statement with OR does not.
        (false, false) if predicate.text.contains('{') => Tri::Unknown,
        (false, _) => Tri::No,
    }
}

/// Whether `column` is bounded from both sides.
fn range_of(terms: &[Term], column: &str) -> bool {
    terms.iter().filter(|term| term.column == column && term.operator == TermOperator::Order).count() >= 2
}

/// Whether a second run finds nothing to do: the change makes its own condition false.
pub(super) fn idempotent(view: &View<'_>, data: &DataDetails) -> Tri {
    match view.op.kind {
        OpKind::DataInsert | OpKind::DataMerge => (data.on_conflict || data.not_exists).into(),
        OpKind::DataDelete => Tri::Yes,
        OpKind::DataUpdate => {
            if data.assignments.is_empty() {
                return Tri::Unknown;
            }
            let text = searched(view);
            if text.len().saturating_mul(data.assignments.len()) > MOST {
                return Tri::Unknown;
            }
            let asked = data.assignments.iter().any(|a| {
                // `n = n + 1 WHERE n > 0` finds the same rows again; an order that a constant ends is fine.
                asks_about(text, &a.column, !mentions(&a.value, &a.column))
            });
            match (&data.condition, asked) {
                (_, true) => Tri::Yes,
                (Where::Unknown, false) => Tri::Unknown,
                (_, false) => Tri::No,
            }
        }
        _ => Tri::Unknown,
    }
}

/// A statement that is longer, in bytes, is searched only where the operation stands: it may hold thousands of them.
const LONG: usize = 64 << 10;

/// Bytes that are searched for all columns of one operation together.
const MOST: usize = 64 << 20;

/// The text that says what an operation does.
fn searched<'v>(view: &'v View<'_>) -> &'v str {
    let text = view.op.text();
    if text.len() <= LONG {
        return text;
    }
    let clause = |file: &'v crate::source::SourceFile| {
        let span = view.op.span;
        file.text.get(span.start as usize..span.end as usize)
    };
    view.model.file(view.op.span.file).and_then(clause).filter(|clause| clause.len() < text.len()).unwrap_or(text)
}

/// Whether `column` is a word of `text`.
fn mentions(text: &str, column: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word.eq_ignore_ascii_case(column))
}

/// Whether `text` compares `column` anywhere but in the SET list: `c IS NULL`, `c <> …`, `coalesce(c, …)`, a second
/// `c = …`; with `order`, also `c < …` and the like.
fn asks_about(text: &str, column: &str, order: bool) -> bool {
    let lower = text.to_lowercase();
    let column = column.to_lowercase();
    let mut equals = 0;
    for (at, _) in lower.match_indices(&column) {
        let before = lower.get(..at).unwrap_or_default();
        let after = lower.get(at + column.len()..).unwrap_or_default();
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if before.ends_with(word) || after.starts_with(word) {
            continue;
        }
        let after = after.trim_start_matches('"').trim_start();
        let compared = ["is ", "is\n", "<>", "!=", "not ", "in ", "in(", "like ", "ilike ", "~"];
        let ordered = ["<", ">", "between "];
        if (order && ordered.iter().any(|operator| after.starts_with(operator)))
            || compared.iter().any(|operator| after.starts_with(operator))
            || before.trim_end().ends_with("coalesce(")
        {
            return true;
        }
        equals += usize::from(after.starts_with('='));
    }
    equals >= 2
}

/// Whether an INSERT … SELECT reads no table but to ask whether its row is there already: one row, written out.
pub(super) fn constant(view: &View<'_>, data: &DataDetails) -> bool {
    if !data.reads.is_empty() {
        return false;
    }
    let words = searched(view).split(|c: char| !c.is_alphanumeric() && c != '_');
    let sources = words.filter(|word| word.eq_ignore_ascii_case("from")).count();
    sources == 0 || (data.not_exists && sources == 1)
}

/// The details of a change of rows.
pub(super) fn details<'a>(view: &View<'a>) -> Option<&'a DataDetails> {
    match &view.op.details {
        Details::Data(data) => Some(data),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::asks_about;

    #[test]
    fn a_condition_on_the_changed_column_is_seen_wherever_it_stands() {
        assert!(asks_about("UPDATE t SET note = 'x' WHERE note IS NULL", "note", true));
        assert!(asks_about(
            "WITH b AS (SELECT id FROM t WHERE t.note IS NULL) UPDATE t SET note = 'x' FROM b",
            "note",
            true
        ));
        assert!(asks_about("UPDATE t SET state = 'b' WHERE state = 'a'", "state", true));
        assert!(asks_about("UPDATE t SET n = 1 WHERE coalesce(n, 0) = 0", "n", true));
    }

    #[test]
    fn the_set_list_and_longer_names_do_not_count() {
        assert!(!asks_about("UPDATE t SET note = 'x' WHERE id > 5", "note", true));
        assert!(!asks_about("UPDATE t SET note = 'x' WHERE note_id IS NULL", "note", true));
        assert!(!asks_about("UPDATE t SET n = n + 1 WHERE n > 0", "n", false));
    }
}

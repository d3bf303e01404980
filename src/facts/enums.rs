//! Values that ALTER TYPE … ADD VALUE adds, and statements that use them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Details, Known, OpKind, Operation, Tri};
use crate::span::Span;

use super::View;
use crate::effects::words::quoted;

/// The value that `operation` adds to an enum, where it is written.
pub(super) fn added(operation: &Operation) -> Option<&String> {
    match &operation.details {
        Details::Object(details) => details.part.as_ref(),
        _ => None,
    }
}

/// What tells the innermost statement of an operation from others.
pub(super) type StatementKey = (Span, u64);

fn statement(operation: &Operation) -> StatementKey {
    (operation.place(), operation.statement.fingerprint)
}

/// The strings of each statement that are the value of some enum of `values`. Each statement is looked through once,
/// however many operations it has.
pub(super) fn strings_of<'o>(
    operations: impl Iterator<Item = &'o Operation>,
    values: &BTreeSet<&String>,
) -> BTreeMap<StatementKey, BTreeSet<Literal>> {
    let mut found = BTreeMap::new();
    if values.is_empty() {
        return found;
    }
    for operation in operations {
        let known = found.entry(statement(operation));
        known.or_insert_with(|| {
            literals(operation.text()).into_iter().filter(|literal| values.contains(&literal.value)).collect()
        });
    }
    found
}

/// A type's name without its schema.
pub(super) fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name).trim_matches('"')
}

/// Whether the operation uses a value that its own transaction added to an enum, which PostgreSQL refuses until the
/// transaction has committed; and that value.
///
/// Tried on PostgreSQL 15: whatever makes the server read the literal as a value of the type is refused, also where
/// no row is touched (`WHERE false`) and in DEFAULT, CHECK, an index predicate or a view; bodies in PL/pgSQL are not
/// read. Since PostgreSQL 17 the values of a type that is created in the same transaction are free.
pub(super) fn used(view: &View<'_>) -> (Tri, Option<String>) {
    let marks = &view.model.marks;
    let quiet = [OpKind::EnumAddValue, OpKind::EnumRenameValue, OpKind::CommentSet, OpKind::FunctionCreate];
    if marks.enum_values.is_empty()
        || quiet.contains(&view.op.kind)
        || matches!(view.op.kind.family(), "transaction" | "session" | "type" | "opaque")
    {
        return (Tri::No, None);
    }
    let mut answer = (Tri::No, None);
    for literal in marks.enum_literals.get(&statement(view.op)).into_iter().flatten() {
        let key = (view.state.group, literal.value.clone());
        let Some((at, type_name)) = marks.enum_values.get(&key) else { continue };
        if *at >= view.at || free(view, *at, type_name) {
            continue;
        }
        let one = match &literal.cast {
            Some(cast) => Tri::from(bare(cast) == bare(type_name)),
            None => of_type(view, type_name),
        };
        if one == Tri::Yes {
            return (Tri::Yes, Some(literal.value.clone()));
        }
        if one == Tri::Unknown {
            answer = (Tri::Unknown, Some(literal.value.clone()));
        }
    }
    (answer.0.and(view.transaction_open()), answer.1)
}

/// Whether the type was created in the same transaction, on a server that then lets its new values be used.
fn free(view: &View<'_>, added: (usize, usize), type_name: &str) -> bool {
    let created = view.model.marks.enum_types.get(&(view.state.group, type_name.to_owned()));
    // Before version 12 ADD VALUE is allowed in a transaction for such types only, and its values are free.
    let version = view.server_version();
    created.is_some_and(|created| *created < added) && !(12..17).contains(&version)
}

/// Whether a literal without a cast in the operation is read as a value of the type: a column it is about has it.
fn of_type(view: &View<'_>, type_name: &str) -> Tri {
    let wanted = bare(type_name);
    let marks = &view.model.marks;
    let own = |column: &crate::ir::ColumnDetails| column.data_type.as_ref().is_some_and(|t| bare(&t.name) == wanted);
    match &view.op.details {
        Details::Table(table) if !table.columns.is_empty() => return table.columns.iter().any(own).into(),
        Details::Column(column) if column.data_type.is_some() => return own(column).into(),
        _ => {}
    }
    let Some(table) = view.table() else { return Tri::Unknown };
    let of_table = marks.columns.get(&table.name);
    let has = |column: &String| of_table.and_then(|columns| columns.get(column)).map(|types| types.contains(wanted));
    let named = view.op.name.as_ref().and_then(Known::known).map(|name| &name.name);
    match (view.op.kind, &view.op.details) {
        (OpKind::ColumnSetDefault, _) => {
            if let Some(known) = named.and_then(has) {
                return known.into();
            }
        }
        (OpKind::DataInsert, Details::Data(data)) if !data.columns.is_empty() => {
            let answers: Vec<_> = data.columns.iter().map(has).collect();
            if answers.contains(&Some(true)) {
                return Tri::Yes;
            }
            return if answers.contains(&None) { Tri::Unknown } else { Tri::No };
        }
        _ => {}
    }
    let any = of_table.is_some_and(|columns| columns.values().any(|types| types.contains(wanted)));
    match (any, marks.created.contains(&table.name)) {
        (true, _) => Tri::Yes,
        (false, true) => Tri::No,
        (false, false) => Tri::Unknown,
    }
}

/// A string in a statement.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Literal {
    value: String,
    /// The type that `::` after it names, in lower case.
    cast: Option<String>,
}

/// The strings of a statement, comments left out; strings inside dollar quotes count.
fn literals(text: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '-', '/', '"']) {
        rest = rest.get(at..).unwrap_or_default();
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('"') {
            rest.get(1..).and_then(|inner| inner.find('"')).map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('\'') {
            let (value, length) = quoted(rest, '\'');
            let after = rest.get(length..).unwrap_or_default().trim_start();
            found.push(Literal { value, cast: after.strip_prefix("::").and_then(type_after) });
            length
        } else {
            1
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// The type's name that `text` begins with: `public."Mood"`.
fn type_after(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '"')).unwrap_or(text.len());
    let name = text.get(..end).filter(|name| !name.is_empty())?;
    Some(if name.contains('"') { name.to_owned() } else { name.to_lowercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_with_their_casts() {
        let shown = |text: &str| {
            let show = |l: &Literal| format!("{}:{}", l.value, l.cast.as_deref().unwrap_or("-"));
            literals(text).iter().map(show).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("SELECT 'a', 'it''s' -- 'no'\n, 'b'::public.Mood"), "a:- it's:- b:public.mood");
        assert_eq!(shown("/* 'no' */ 'open"), "open:-");
        assert_eq!(shown("SELECT \"it's\", 'c' :: \"Mood\""), "c:\"Mood\"");
    }
}

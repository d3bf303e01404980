//! What an Alembic migration says of its place among the others.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};

use super::super::value::{Env, Value};
use super::Interp;
use crate::ir::{Back, Known, Revision, RevisionId, Unknown};
use crate::span::Span;

impl<'a> Interp<'a> {
    /// The revision that the file is, where it says so: `revision` and `down_revision`.
    pub(super) fn revision(&self, env: &Env<'a>) -> Option<Revision> {
        let unit = self.units.first()?;
        let own = |name: &str| env.vars.borrow().get(name).cloned();
        let id = own("revision")?;
        let parent = own("down_revision")?;
        let place = match &id {
            Value::Text(text) => text.sql.span(0..text.sql.text.len()),
            _ => return None,
        };
        let mut revision = Revision::new(RevisionId::bare(id.as_str()?), place);
        revision.parents = references(&parent, place);
        revision.depends_on = own("depends_on").map(|value| references(&value, place)).unwrap_or_default();
        let labels = own("branch_labels").map(|value| references(&value, place)).unwrap_or_default();
        revision.labels = labels.iter().filter_map(|label| label.known().map(|id| id.name.clone())).collect();
        let functions = || unit.parsed.body.iter().filter_map(|stmt| stmt.as_function_def_stmt());
        let named = |name: &str| functions().find(|def| def.name.as_str() == name);
        revision.back = match (named("upgrade"), named("downgrade")) {
            // What does nothing is taken back by nothing.
            (Some(up), _) if does_nothing(up) => Back::Present,
            (Some(_), None) => Back::Missing,
            (_, Some(down)) => self.back(down),
            (None, None) => Back::Present,
        };
        Some(revision)
    }

    fn back(&self, down: &'a StmtFunctionDef) -> Back {
        if does_nothing(down) {
            return Back::Empty(self.span_in(0, &down.name));
        }
        let raises = down.body.iter().find(|stmt| matches!(stmt, Stmt::Raise(_)));
        match raises {
            Some(stmt) => Back::Refused(vec![(self.span_in(0, stmt), "it raises an error".to_owned())]),
            None => Back::Present,
        }
    }
}

/// The revisions that a value names: one, several, or none.
fn references(value: &Value<'_>, place: Span) -> Vec<Known<RevisionId>> {
    let unknown =
        |reason: &str| Known::Unknown(Unknown { reason: reason.to_owned(), text: "{…}".to_owned(), span: place });
    match value {
        Value::None => Vec::new(),
        Value::Text(text) => match value.as_str() {
            Some(name) => vec![Known::Known(RevisionId::bare(name), text.sql.span(0..text.sql.text.len()))],
            None => vec![unknown("it is put together while the program runs")],
        },
        Value::List(items, _) => items
            .borrow()
            .iter()
            .flat_map(|item| if let Value::List(..) = item { Vec::new() } else { references(item, place) })
            .collect(),
        _ => vec![unknown("it is made by code")],
    }
}

/// Whether a function's body is nothing but `pass`, a text, `...` or `return`.
fn does_nothing(def: &StmtFunctionDef) -> bool {
    def.body.iter().all(|stmt| match stmt {
        Stmt::Pass(_) => true,
        Stmt::Return(stmt) => stmt.value.as_ref().is_none_or(|value| value.is_none_literal_expr()),
        Stmt::Expr(stmt) => matches!(&*stmt.value, Expr::StringLiteral(_) | Expr::EllipsisLiteral(_)),
        _ => false,
    })
}

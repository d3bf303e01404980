//! What a migration of Alembic or yoyo says of its place among the others.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::super::value::{Env, Value};
use super::Interp;
use crate::ir::{Back, Known, Revision, RevisionId, Unknown};
use crate::source::Runner;
use crate::span::Span;

/// What the templates of Alembic, and of projects, say of every way back.
const TEMPLATES: [&str; 6] = [
    "downgrade",
    "downgrade schema",
    "downgrade database",
    "downgrade database schema",
    "downgrade migration",
    "downgrade the database",
];

impl<'a> Interp<'a> {
    /// The revision that the file is, where it says so: `revision` and `down_revision`, or steps given to yoyo.
    pub(super) fn revision(&self, env: &Env<'a>) -> Option<Revision> {
        let unit = self.units.first()?;
        if self.tool.is_yoyo() {
            return self.yoyo_revision(env);
        }
        let own = |name: &str| env.vars.borrow().get(name).cloned();
        let id = own("revision")?;
        let parent = own("down_revision")?;
        let place = match &id {
            Value::Text(text) => text.sql.span(0..text.sql.text.len()),
            _ => return None,
        };
        let mut revision = Revision::new(Runner::Alembic, RevisionId::bare(id.as_str()?), place);
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

    /// yoyo's migration is named after its file, and says in `__depends__` what it waits for.
    /// Source: yoyo `migrations.py`, `read_migrations` and `Migration.load`.
    fn yoyo_revision(&self, env: &Env<'a>) -> Option<Revision> {
        let unit = self.units.first()?;
        let depends = env.vars.borrow().get("__depends__").cloned();
        if depends.is_none() && !self.tool.stepped {
            return None;
        }
        let name = unit.file.path.rsplit('/').next()?.strip_suffix(".py")?;
        let mut revision = Revision::new(Runner::Yoyo, RevisionId::bare(name), Span::file(unit.file.id));
        revision.parents = match &depends {
            // `{}` is a dictionary.
            Some(Value::Dict(pairs, _)) => {
                pairs.borrow().iter().flat_map(|(key, _)| references(key, revision.span)).collect()
            }
            Some(value) => references(value, revision.span),
            None => Vec::new(),
        };
        if let Some(Known::Known(_, span)) = revision.parents.first() {
            revision.span = *span;
        }
        Some(revision)
    }

    fn back(&self, down: &'a StmtFunctionDef) -> Back {
        if does_nothing(down) {
            // Rows that were changed are not always to be changed back, and a reason that is given is a decision.
            let said = !self.out.changes_schema() || self.says_why(down);
            return if said { Back::Present } else { Back::Empty(self.span_in(0, &down.name)) };
        }
        let raises = down.body.iter().find(|stmt| matches!(stmt, Stmt::Raise(_)));
        match raises {
            Some(stmt) => Back::Refused(vec![(self.span_in(0, stmt), "it raises an error".to_owned())]),
            None => Back::Present,
        }
    }
}

impl Interp<'_> {
    /// Whether a comment or a text in a function says something of its own.
    fn says_why(&self, def: &StmtFunctionDef) -> bool {
        let Some(unit) = self.units.first() else { return false };
        let (from, to) = (def.start().to_usize(), def.end().to_usize());
        // The comment after the last statement of its line is beyond the function's end.
        let to = unit.file.text.get(to..).and_then(|rest| rest.find('\n')).map_or(unit.file.text.len(), |at| to + at);
        let comments = unit.parsed.comments.iter().filter(|(start, end)| from < *start && *end <= to);
        let mut own = comments.filter_map(|(start, end)| unit.file.text.get(*start..*end));
        let text = |stmt: &Stmt| match stmt {
            Stmt::Expr(stmt) => stmt.value.as_string_literal_expr().map(|text| text.value.to_str().to_owned()),
            _ => None,
        };
        let texts: Vec<String> = def.body.iter().filter_map(text).collect();
        // What the templates of Alembic and of projects write themselves.
        let written = |text: &str| {
            let text = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            text.is_empty()
                || text.contains("auto generated by alembic")
                || TEMPLATES.contains(&text.as_str())
                || text.ends_with("alembic commands")
        };
        own.any(|comment| !written(comment)) || texts.iter().any(|text| !written(text))
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

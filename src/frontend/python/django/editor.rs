//! The schema editor: what Django sends for a table, a column, an index, a constraint.

use std::fmt::Write as _;
use std::sync::Arc;

use super::expr::{self, Compiler};
use super::field::{Field, hole};
use super::names::quoted;
use super::sql::{self, Catalogue, Wait};
use super::state::{Model, State};
use super::value::Py;
use crate::config::Dialect;
use crate::frontend::sql::{self as reader, ReadOptions};
use crate::ir::{Context, Operation, Statement};
use crate::span::Span;

/// The editor of one run over all migrations.
#[derive(Clone, Debug, Default)]
pub(super) struct Editor {
    pub(super) state: State,
    pub(super) catalogue: Catalogue,
    /// What waits for the end of the migration (`deferred_sql`).
    pub(super) waiting: Vec<(Span, Wait)>,
    /// What the migration sends.
    pub(super) sent: Vec<Operation>,
    /// The operation of the migration that is being run.
    pub(super) span: Span,
    pub(super) context: Arc<Context>,
    pub(super) query: u32,
    /// The state is replayed and nothing is sent: the migration is not judged.
    pub(super) silent: bool,
}

/// A part of ALTER TABLE.
pub(super) type Action = String;

impl Editor {
    pub(super) fn dialect(&self) -> Dialect {
        self.state.dialect
    }

    pub(super) fn sqlite(&self) -> bool {
        self.state.dialect == Dialect::Sqlite
    }

    /// Sends a statement, or several in one string.
    pub(super) fn send(&mut self, sql: &str) {
        if self.silent {
            return;
        }
        self.query += 1;
        let text = sql::text(sql, self.span);
        let operations = reader::read(&text, ReadOptions { dialect: self.dialect(), query: self.query });
        for mut operation in operations {
            operation.span = self.span;
            operation.nested = None;
            operation.statement =
                Arc::new(Statement { span: self.span, implied: true, ..(*operation.statement).clone() });
            operation.context = self.context.clone();
            self.sent.push(operation);
        }
    }

    /// Sends a statement and notes what it makes.
    pub(super) fn execute(&mut self, statement: &Wait) {
        let dialect = self.dialect();
        self.catalogue.send(statement, dialect);
        self.send(&statement.render(dialect));
    }

    /// Sends what has waited for the end of the migration.
    pub(super) fn finish(&mut self) {
        let at = self.span;
        for (span, statement) in std::mem::take(&mut self.waiting) {
            self.span = span;
            self.execute(&statement);
        }
        self.span = at;
    }

    pub(super) fn defer(&mut self, statement: Wait) {
        // Of what is only noted nothing waits to be sent.
        if self.silent {
            let dialect = self.dialect();
            return self.catalogue.send(&statement, dialect);
        }
        self.waiting.push((self.span, statement));
    }

    pub(super) fn alter(&mut self, table: &str, changes: &str) {
        self.send(&format!("ALTER TABLE {} {changes}", quoted(table)));
    }

    /// Type and what follows it, in the definition of a column; `None` where the field has none.
    pub(super) fn definition(&self, model: &Model, field: &Field, with_default: bool) -> Option<String> {
        let dialect = self.dialect();
        let mut sql = self.state.column_type(model, field)?;
        if let Some(collation) = field.call.text("db_collation") {
            // Writing to a string does not fail.
            let _ = write!(sql, " COLLATE {}", quoted(collation));
        }
        if let Some(default) = field.db_default() {
            // Writing to a string does not fail.
            let _ = write!(sql, " DEFAULT {}", self.db_default(model, field, default));
        } else if with_default && let Some(default) = field.effective_default() {
            // Writing to a string does not fail.
            let _ = write!(sql, " DEFAULT {}", expr::default(&default, field, dialect));
        }
        if field.generated() {
            let compiler = Compiler { state: &self.state, model };
            let expression = field.call.get("expression").and_then(|value| compiler.expression(value, 0));
            let expression = expression.unwrap_or_else(|| hole("{expression}"));
            let kept = if field.call.flag("db_persist") == Some(false) { "VIRTUAL" } else { "STORED" };
            // Writing to a string does not fail.
            let _ = write!(sql, " GENERATED ALWAYS AS ({expression}) {kept}");
        } else if !field.null() {
            sql += " NOT NULL";
        } else {
            sql += " NULL";
        }
        if field.primary_key() {
            sql += " PRIMARY KEY";
        } else if field.unique() {
            sql += " UNIQUE";
        }
        Some(sql)
    }

    pub(super) fn db_default(&self, model: &Model, field: &Field, default: &Py) -> String {
        let plain = match default {
            Py::Call(call) => matches!(call.name(), "Value" | "Decimal" | "UUID" | "date" | "datetime"),
            _ => true,
        };
        if plain {
            return expr::default(default, field, self.dialect());
        }
        let compiler = Compiler { state: &self.state, model };
        let sql = compiler.expression(default, 0).unwrap_or_else(|| hole(&expr::shown(default)));
        format!("({sql})")
    }

    /// What PostgreSQL and SQLite write after a key that counts by itself.
    fn type_suffix(&self, field: &Field) -> &'static str {
        match (field.is_auto(), self.sqlite()) {
            (true, false) => " GENERATED BY DEFAULT AS IDENTITY",
            (true, true) => " AUTOINCREMENT",
            _ => "",
        }
    }

    pub(super) fn column(&self, model: &Model, field: &Field) -> Option<String> {
        let mut sql = self.definition(model, field, false)?;
        if let Some(check) = field.check(&field.column(), self.dialect()) {
            // Writing to a string does not fail.
            let _ = write!(sql, " CHECK ({check})");
        }
        sql += self.type_suffix(field);
        Some(format!("{} {sql}", quoted(&field.column())))
    }

    fn note_column(&mut self, table: &str, field: &Field) {
        let check = field.check("", self.dialect()).is_some();
        self.catalogue.add_column(table, &field.column(), (field.primary_key(), field.unique(), check));
        if field.is_auto() {
            self.catalogue.count(table, &field.column());
        }
    }

    pub(super) fn create_model(&mut self, model: &Model) {
        let table = model.table(self.dialect());
        let mut parts = Vec::new();
        for names in model.together("unique_together") {
            let unique = self.unique_of(model, &names);
            self.defer(unique);
        }
        for field in &model.fields {
            let Some(mut column) = self.column(model, field) else { continue };
            if field.is_relation() && field.db_constraint() {
                if self.sqlite() {
                    column += &self.inline_reference(model, field);
                } else if let Some(reference) = self.reference(model, field, "") {
                    self.defer(reference);
                }
            }
            parts.push(column);
        }
        // Where a default of the database's own is a parameter of the statement, what cannot be one waits.
        let parameters = model.fields.iter().any(|field| {
            let plain = |default: &Py| default.call().is_none_or(|call| call.name() == "Value");
            field.db_default().is_some_and(plain)
                || field.call.get("expression").is_some_and(|value| has_literal(value, 0))
        });
        for constraint in &model.constraints {
            if parameters {
                self.defer_constraint(model, constraint);
            } else {
                parts.extend(self.constraint_sql(model, constraint));
            }
        }
        if let Some(key) = model.fields.iter().find(|field| field.call.name() == "CompositePrimaryKey") {
            let compiler = Compiler { state: &self.state, model };
            let columns: Vec<_> =
                key.call.args.iter().filter_map(Py::as_str).map(|name| quoted(&compiler.column(name))).collect();
            parts.push(format!("PRIMARY KEY ({})", columns.join(", ")));
        }
        let mut create = format!("CREATE TABLE {} ({})", quoted(&table), parts.join(", "));
        if let Some(space) = model.option("db_tablespace").and_then(Py::as_str).filter(|_| !self.sqlite()) {
            // Writing to a string does not fail.
            let _ = write!(create, " TABLESPACE {}", quoted(space));
        }
        self.send(&create);
        for field in &model.fields {
            self.note_column(&table, field);
        }
        self.comments(model, &table);
        for field in &model.fields {
            self.field_indexes(model, field);
        }
        for index in &model.indexes {
            let index = self.index_of(model, index, false);
            self.defer(index);
        }
        for field in model.fields.iter().filter(|field| field.is_many_to_many()) {
            if let Some(through) = self.state.through(model, field) {
                self.create_model(&through);
            }
        }
    }

    fn comments(&mut self, model: &Model, table: &str) {
        if self.sqlite() {
            return;
        }
        if let Some(comment) = model.option("db_table_comment").and_then(Py::as_str).filter(|text| !text.is_empty()) {
            self.send(&format!("COMMENT ON TABLE {} IS '{}'", quoted(table), comment.replace('\'', "''")));
        }
        for field in &model.fields {
            self.column_comment(table, field);
        }
    }

    pub(super) fn column_comment(&mut self, table: &str, field: &Field) {
        if let Some(comment) = field.call.text("db_comment").filter(|text| !text.is_empty() && !self.sqlite()) {
            let (table, column) = (quoted(table), quoted(&field.column()));
            self.send(&format!("COMMENT ON COLUMN {table}.{column} IS '{}'", comment.replace('\'', "''")));
        }
    }

    pub(super) fn delete_model(&mut self, model: &Model) {
        for field in model.fields.iter().filter(|field| field.is_many_to_many()) {
            if let Some(through) = self.state.through(model, field) {
                self.delete_model(&through);
            }
        }
        let table = model.table(self.dialect());
        let cascade = if self.sqlite() { "" } else { " CASCADE" };
        self.send(&format!("DROP TABLE {}{cascade}", quoted(&table)));
        self.catalogue.drop_table(&table);
        self.waiting.retain(|(_, statement)| !statement.mentions_table(&table));
    }

    pub(super) fn rename_table(&mut self, old: &str, new: &str) {
        if old == new || (self.sqlite() && old.eq_ignore_ascii_case(new)) {
            return;
        }
        self.alter(old, &format!("RENAME TO {}", quoted(new)));
        self.catalogue.rename_table(old, new);
        for (_, statement) in &mut self.waiting {
            statement.rename_table(old, new);
        }
    }

    /// FOREIGN KEY of a field.
    pub(super) fn reference(&self, model: &Model, field: &Field, suffix: &'static str) -> Option<Wait> {
        let target = self.state.target(model, field)?;
        let (to_table, to_column) = (target.table, target.column);
        Some(Wait::ForeignKey {
            table: model.table(self.dialect()),
            column: field.column(),
            to_table,
            to_column,
            suffix,
        })
    }

    pub(super) fn inline_reference(&self, model: &Model, field: &Field) -> String {
        self.state.target(model, field).map_or_else(String::new, |target| {
            format!(" REFERENCES {} ({}){}", quoted(&target.table), quoted(&target.column), sql::DEFERRABLE)
        })
    }

    pub(super) fn add_field(&mut self, model: &Model, field: &Field) {
        if field.is_many_to_many() {
            if let Some(through) = self.state.through(model, field) {
                self.create_model(&through);
            }
            return;
        }
        let Some(mut definition) = self.definition(model, field, true) else { return };
        let table = model.table(self.dialect());
        let column = field.column();
        definition += self.type_suffix(field);
        if let Some(check) = field.check(&column, self.dialect()) {
            // Writing to a string does not fail.
            let _ = write!(definition, " CHECK ({check})");
        }
        if field.is_relation()
            && field.db_constraint()
            && let Some(reference) = self.reference(model, field, "")
        {
            let name = quoted(&reference.name(self.dialect()));
            let Wait::ForeignKey { to_table, to_column, .. } = &reference else { return };
            // Writing to a string does not fail.
            let _ = write!(
                definition,
                " CONSTRAINT {name} REFERENCES {}({}){}; SET CONSTRAINTS {name} IMMEDIATE",
                quoted(to_table),
                quoted(to_column),
                sql::DEFERRABLE
            );
            let dialect = self.dialect();
            self.catalogue.send(&reference, dialect);
        }
        self.alter(&table, &format!("ADD COLUMN {} {definition}", quoted(&column)));
        self.note_column(&table, field);
        if field.db_default().is_none() && !field.generated() && field.effective_default().is_some() {
            self.alter(&table, &format!("ALTER COLUMN {} DROP DEFAULT", quoted(&column)));
        }
        self.column_comment(&table, field);
        self.field_indexes(model, field);
    }

    pub(super) fn remove_field(&mut self, model: &Model, field: &Field) {
        if field.is_many_to_many() {
            if let Some(through) = self.state.through(model, field) {
                self.delete_model(&through);
            }
            return;
        }
        if self.state.column_type(model, field).is_none() {
            return;
        }
        let (table, column) = (model.table(self.dialect()), field.column());
        if field.is_relation() {
            for name in self.catalogue.names(&table, &[&column], |entry| entry.foreign_key.is_some()) {
                self.drop_foreign_key(&table, &name);
            }
        }
        self.alter(&table, &format!("DROP COLUMN {} CASCADE", quoted(&column)));
        self.catalogue.drop_column(&table, &column);
        self.waiting.retain(|(_, statement)| !statement.mentions_column(&table, &column));
    }
}

/// Whether an expression has a plain value in it.
fn has_literal(value: &Py, depth: u32) -> bool {
    match value {
        Py::Call(call) if depth < 50 && call.name() != "F" => {
            call.name() == "Value" || call.args.iter().any(|value| has_literal(value, depth + 1))
        }
        Py::Int(_) | Py::Number(_) | Py::Bool(_) => true,
        _ => false,
    }
}

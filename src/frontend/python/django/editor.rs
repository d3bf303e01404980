//! The schema editor: what Django sends for a table, a column, an index, a constraint.

use std::fmt::Write as _;
use std::sync::Arc;

use super::expr::{self, Compiler};
use super::field::{Field, hole};
use super::names::{index_name, meta_index_name, quoted};
use super::sql::{self, Catalogue, Index, Wait, limit};
use super::state::{Model, State};
use super::value::{Call, Py};
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

    fn defer(&mut self, statement: Wait) {
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

    /// The indexes that a field makes by itself wait for the end.
    pub(super) fn field_indexes(&mut self, model: &Model, field: &Field) {
        if self.state.column_type(model, field).is_none() {
            return;
        }
        if field.db_index() && !field.unique() {
            let index = self.field_index(model, field, "", "");
            self.defer(index);
        }
        if let Some(like) = self.like_index(model, field) {
            self.defer(like);
        }
        if field.kind == "Geometry" && !self.sqlite() && field.call.flag("spatial_index") != Some(false) {
            let table = model.table(self.dialect());
            let name = index_name(&table, &[&field.column()], "_id", limit(self.dialect()));
            self.defer(Wait::Index(Index {
                table,
                name: Some(name),
                using: " USING GIST".to_owned(),
                columns: vec![(field.column(), String::new())],
                ..Index::default()
            }));
        }
    }

    pub(super) fn field_index(&self, model: &Model, field: &Field, suffix: &'static str, class: &str) -> Wait {
        let columns = vec![(field.column(), class.to_owned())];
        Wait::Index(Index { table: model.table(self.dialect()), suffix, columns, ..Index::default() })
    }

    /// The index for LIKE beside one on text (PostgreSQL, `_create_like_index_sql`).
    pub(super) fn like_index(&self, model: &Model, field: &Field) -> Option<Wait> {
        if self.sqlite() || !(field.db_index() || field.unique()) {
            return None;
        }
        let kind = self.state.column_type(model, field)?;
        // No such index can be on a collation for which different texts are the same.
        let loose = field.call.text("db_collation").is_some_and(|name| self.state.loose_collations.contains(name));
        if kind.contains('[') || loose {
            return None;
        }
        let class = if kind.starts_with("varchar") {
            " varchar_pattern_ops"
        } else if kind.starts_with("text") {
            " text_pattern_ops"
        } else {
            return None;
        };
        Some(self.field_index(model, field, "_like", class))
    }

    pub(super) fn unique_of(&self, model: &Model, names: &[String]) -> Wait {
        let compiler = Compiler { state: &self.state, model };
        let columns = names.iter().map(|name| compiler.column(name)).collect();
        Wait::Unique { table: model.table(self.dialect()), name: None, columns, tail: "", nulls: "" }
    }

    /// The statement for a `Meta.indexes` index.
    pub(super) fn index_of(&self, model: &Model, call: &Call, concurrently: bool) -> Wait {
        let compiler = Compiler { state: &self.state, model };
        let table = model.table(self.dialect());
        let classes = call.get("opclasses").map(Py::strings).unwrap_or_default();
        let fields = call.get("fields").map(Py::strings).unwrap_or_default();
        let columns: Vec<(String, String)> = fields
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let descending = name.starts_with('-');
                let class = classes.get(at).map_or_else(String::new, |class| format!(" {class}"));
                let order = if descending { " DESC" } else { "" };
                (compiler.column(name.trim_start_matches('-')), format!("{class}{order}"))
            })
            .collect();
        let method = ["BTree", "Hash", "Gin", "Gist", "SpGist", "Brin", "Bloom"];
        let method = method.iter().find(|method| call.is(&format!("{method}Index")));
        let suffix = method.map_or("idx", |method| match *method {
            "SpGist" => "spgist",
            "BTree" => "btree",
            "Hash" => "hash",
            "Gin" => "gin",
            "Gist" => "gist",
            "Brin" => "brin",
            _ => "bloom",
        });
        let name = call.text("name").map_or_else(
            || {
                let pairs: Vec<_> = columns.iter().map(|(name, tail)| (name.clone(), tail.ends_with("DESC"))).collect();
                meta_index_name(&table, &pairs, suffix)
            },
            str::to_owned,
        );
        let with = [
            "fastupdate",
            "gin_pending_list_limit",
            "fillfactor",
            "buffering",
            "deduplicate_items",
            "autosummarize",
            "pages_per_range",
            "length",
        ];
        let with: Vec<_> = with
            .iter()
            .filter_map(|name| match call.get(name)? {
                Py::Int(value) => Some(format!("{name} = {value}")),
                Py::Bool(value) => Some(format!("{name} = {}", if *value { "on" } else { "off" })),
                _ => None,
            })
            .collect();
        let mut extra = if with.is_empty() { String::new() } else { format!(" WITH ({})", with.join(", ")) };
        if let Some(space) = call.text("db_tablespace").filter(|space| !space.is_empty() && !self.sqlite()) {
            let _ = write!(extra, " TABLESPACE {}", quoted(space));
        }
        let condition = call.get("condition").filter(|value| !matches!(value, Py::None));
        let include = call.get("include").map(Py::strings).unwrap_or_default();
        let expressions = if columns.is_empty() { compiler.index_keys(&call.args) } else { String::new() };
        let include =
            if self.sqlite() { Vec::new() } else { include.iter().map(|name| compiler.column(name)).collect() };
        Wait::Index(Index {
            table,
            name: Some(name),
            concurrently,
            using: method.map_or_else(String::new, |_| format!(" USING {suffix}")),
            columns,
            expressions,
            include,
            extra,
            condition: condition.map_or_else(String::new, |q| format!(" WHERE {}", compiler.condition(q))),
            ..Index::default()
        })
    }

    /// A constraint in CREATE TABLE; `None` where it becomes an index that waits.
    fn constraint_sql(&mut self, model: &Model, call: &Call) -> Option<String> {
        let name = quoted(call.text("name").unwrap_or_default());
        let table = model.table(self.dialect());
        if call.is("CheckConstraint") || call.is("ExclusionConstraint") {
            let body = self.constraint_body(model, call);
            self.note_constraint(&table, call);
            return Some(format!("CONSTRAINT {name} {body}"));
        }
        let statement = self.unique_constraint(model, call)?;
        match &statement {
            Wait::Unique { columns, tail, nulls: "", .. } => {
                let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
                let sql = format!("CONSTRAINT {name} UNIQUE ({}){tail}", columns.join(", "));
                let dialect = self.dialect();
                self.catalogue.send(&statement, dialect);
                Some(sql)
            }
            _ => {
                self.defer(statement);
                None
            }
        }
    }

    fn defer_constraint(&mut self, model: &Model, call: &Call) {
        if let Some(statement) = self.unique_constraint(model, call) {
            return self.defer(statement);
        }
        let (name, body) = (call.text("name").unwrap_or_default().to_owned(), self.constraint_body(model, call));
        let check = call.is("CheckConstraint");
        self.defer(Wait::Constraint { table: model.table(self.dialect()), name, body, check });
    }

    fn note_constraint(&mut self, table: &str, call: &Call) {
        let name = call.text("name").unwrap_or_default().to_owned();
        let check = call.is("CheckConstraint");
        self.catalogue.add(table, super::sql::Entry { name, check, ..super::sql::Entry::default() });
    }

    /// `CHECK (…)`, `EXCLUDE USING …`.
    pub(super) fn constraint_body(&self, model: &Model, call: &Call) -> String {
        let compiler = Compiler { state: &self.state, model };
        if call.is("CheckConstraint") {
            let check = call.get("condition").or_else(|| call.get("check"));
            return format!("CHECK ({})", check.map_or_else(|| hole("{check}"), |q| compiler.condition(q)));
        }
        let method = call.text("index_type").unwrap_or("GIST");
        let pair = |pair: &Py| match pair.items()[..] {
            [expression, operator] => {
                let operator = match operator {
                    Py::Text(text) => text.clone(),
                    Py::Name(path, _) => range_operator(path).to_owned(),
                    _ => hole("{operator}"),
                };
                let sql = compiler.index_keys(std::slice::from_ref(expression));
                let sql = if matches!(expression, Py::Text(_)) { sql.trim_matches(['(', ')']).to_owned() } else { sql };
                format!("{sql} WITH {operator}")
            }
            _ => hole("{expression}"),
        };
        let pairs = call.get("expressions").map(Py::items).unwrap_or_default();
        let pairs: Vec<_> = pairs.into_iter().map(pair).collect();
        let include = call.get("include").map(Py::strings).unwrap_or_default();
        let include: Vec<_> = include.iter().map(|name| quoted(&compiler.column(name))).collect();
        let include = if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", include.join(", ")) };
        let condition = call.get("condition").filter(|value| !matches!(value, Py::None));
        let condition = condition.map_or_else(String::new, |q| format!(" WHERE ({})", compiler.condition(q)));
        format!("EXCLUDE USING {method} ({}){include}{condition}{}", pairs.join(", "), deferrable(call))
    }

    /// A `UniqueConstraint`: a constraint, or an index where it has what only an index can have.
    pub(super) fn unique_constraint(&self, model: &Model, call: &Call) -> Option<Wait> {
        if !call.is("UniqueConstraint") {
            return None;
        }
        let given = |name: &str| {
            call.get(name).is_some_and(|value| !matches!(value, Py::None) && *value != Py::List(Vec::new()))
        };
        let nulls = match call.flag("nulls_distinct").filter(|_| given("nulls_distinct")) {
            Some(false) => " NULLS NOT DISTINCT",
            Some(true) => " NULLS DISTINCT",
            None => "",
        };
        let fields = call.get("fields").map(Py::strings).unwrap_or_default();
        let index = given("condition") || given("include") || given("opclasses") || fields.is_empty();
        if index {
            let Wait::Index(index) = self.index_of(model, call, false) else { return None };
            return Some(Wait::Index(Index { unique: true, extra: nulls.to_owned(), ..index }));
        }
        let compiler = Compiler { state: &self.state, model };
        let columns = fields.iter().map(|name| compiler.column(name)).collect();
        let name = call.text("name").map(str::to_owned);
        Some(Wait::Unique { table: model.table(self.dialect()), name, columns, tail: deferrable(call), nulls })
    }

    pub(super) fn add_constraint(&mut self, model: &Model, call: &Call, not_valid: bool) {
        if let Some(statement) = self.unique_constraint(model, call) {
            return self.execute(&statement);
        }
        let table = model.table(self.dialect());
        let (name, body) = (quoted(call.text("name").unwrap_or_default()), self.constraint_body(model, call));
        let tail = if not_valid { " NOT VALID" } else { "" };
        self.alter(&table, &format!("ADD CONSTRAINT {name} {body}{tail}"));
        self.note_constraint(&table, call);
    }

    pub(super) fn remove_constraint(&mut self, model: &Model, call: &Call) {
        let table = model.table(self.dialect());
        let name = call.text("name").unwrap_or_default().to_owned();
        if let Some(Wait::Index(_)) = self.unique_constraint(model, call) {
            return self.drop_index(&table, &name, false);
        }
        self.drop_constraint(&table, &name);
    }

    pub(super) fn drop_constraint(&mut self, table: &str, name: &str) {
        self.alter(table, &format!("DROP CONSTRAINT {}", quoted(name)));
        self.catalogue.remove(table, name);
    }

    /// PostgreSQL checks what is deferred before the constraint can go.
    pub(super) fn drop_foreign_key(&mut self, table: &str, name: &str) {
        let (owner, quoted_name) = (quoted(table), quoted(name));
        self.send(&format!(
            "SET CONSTRAINTS {quoted_name} IMMEDIATE; ALTER TABLE {owner} DROP CONSTRAINT {quoted_name}"
        ));
        self.catalogue.remove(table, name);
    }

    pub(super) fn drop_index(&mut self, table: &str, name: &str, concurrently: bool) {
        let dialect = self.dialect();
        let sql = match (self.sqlite(), concurrently) {
            (true, _) => format!("DROP INDEX {}", quoted(name)),
            (_, true) => format!("DROP INDEX CONCURRENTLY IF EXISTS {}", quoted(name)),
            _ => format!("DROP INDEX IF EXISTS {}", quoted(name)),
        };
        self.waiting.retain(|(_, statement)| !(statement.mentions_table(table) && statement.name(dialect) == name));
        self.send(&sql);
        self.catalogue.remove(table, name);
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

fn deferrable(call: &Call) -> &'static str {
    match call.get("deferrable") {
        Some(Py::Name(path, _)) if path.ends_with("DEFERRED") => sql::DEFERRABLE,
        Some(Py::Name(path, _)) if path.ends_with("IMMEDIATE") => " DEFERRABLE INITIALLY IMMEDIATE",
        _ => "",
    }
}

/// `RangeOperators` of `django.contrib.postgres.fields`.
fn range_operator(path: &str) -> &'static str {
    match super::value::last(path) {
        "NOT_EQUAL" => "<>",
        "CONTAINS" => "@>",
        "CONTAINED_BY" => "<@",
        "OVERLAPS" => "&&",
        "FULLY_LT" => "<<",
        "FULLY_GT" => ">>",
        "NOT_LT" => "&>",
        "NOT_GT" => "&<",
        "ADJACENT_TO" => "-|-",
        _ => "=",
    }
}

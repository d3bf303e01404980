//! Indexes and constraints: what they are made by, and what they are dropped by.

use std::fmt::Write as _;

use super::editor::Editor;
use super::expr::Compiler;
use super::field::{Field, hole};
use super::names::{index_name, meta_index_name, quoted};
use super::sql::{self, Index, Wait, limit};
use super::state::Model;
use super::value::{Call, Py};

impl Editor {
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
    pub(super) fn constraint_sql(&mut self, model: &Model, call: &Call) -> Option<String> {
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

    pub(super) fn defer_constraint(&mut self, model: &Model, call: &Call) {
        if let Some(statement) = self.unique_constraint(model, call) {
            return self.defer(statement);
        }
        let (name, body) = (call.text("name").unwrap_or_default().to_owned(), self.constraint_body(model, call));
        let check = call.is("CheckConstraint");
        self.defer(Wait::Constraint { table: model.table(self.dialect()), name, body, check });
    }

    pub(super) fn note_constraint(&mut self, table: &str, call: &Call) {
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

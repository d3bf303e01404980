//! Directives that well-known libraries add to Alembic's own, as the SQL that they send.
//!
//! Sources: alembic-postgresql-enum 1.11, `operations/sync_enum_values.py`, `operations/add_enum_values.py` and
//! `sql_commands/`; alembic_utils 0.8, `reversible_op.py` and the classes of `pg_*.py`.

use super::super::sqlalchemy::{Args, Writer};
use super::super::strings;
use super::super::value::{Text, Value};
use super::Interp;
use crate::config::Dialect;
use crate::frontend::text::SqlText;

/// The classes of alembic_utils that [`entity`] writes.
const ENTITIES: &[&str] = &["PGExtension", "PGFunction", "PGMaterializedView", "PGPolicy", "PGTrigger", "PGView"];
/// What the enum library compares old values with new ones by, while both types are there: operator and function.
const OPERATORS: [(&str, &str); 2] = [("!=", "new_old_not_equals"), ("=", "new_old_equals")];

/// The statements of a directive; `None` where it is none of a library that is known, or not written so that it can be
/// told what it sends.
pub(super) fn directive(name: &str, args: &Args<'_>, w: &Writer) -> Option<Vec<Writer>> {
    match name {
        // Elsewhere the library says that it does nothing.
        "sync_enum_values" | "add_enum_value" if w.dialect != Dialect::Postgres => Some(Vec::new()),
        "sync_enum_values" => sync_enum_values(args, w),
        "add_enum_value" => add_enum_value(args, w),
        "create_entity" | "drop_entity" | "replace_entity" => entity(name, args, w),
        _ => None,
    }
}

/// Words with a hole for each `{}`.
fn sql(w: &Writer, template: &str, parts: &[&dyn Fn(&mut Writer)]) -> Writer {
    let mut one = w.another();
    let mut parts = parts.iter();
    for (at, words) in template.split("{}").enumerate() {
        if at > 0
            && let Some(part) = parts.next()
        {
            part(&mut one);
        }
        one.word(words);
    }
    one
}

/// A type that gets other values: one of the same name takes its place.
struct Enum<'v, 'a> {
    schema: &'v Value<'a>,
    name: &'v Value<'a>,
    /// Pairs of an old value and the new one.
    renamed: Vec<Value<'a>>,
}

impl Enum<'_, '_> {
    fn in_schema(&self, one: &mut Writer, name: &dyn Fn(&mut Writer)) {
        one.name(self.schema);
        one.word(".");
        name(one);
    }

    fn new_type(&self, one: &mut Writer) {
        one.table(Some(self.schema), self.name);
    }

    fn old_type(&self, one: &mut Writer) {
        self.in_schema(one, &|one| self.old_name(one));
    }

    /// What it is called until it goes.
    fn old_name(&self, one: &mut Writer) {
        match self.name {
            Value::Text(text) => {
                let mut old = text.sql.clone();
                old.push("_old", one.place);
                one.name_text(&old);
            }
            other => one.unknown(other, "the name is not known"),
        }
    }

    /// `WHEN … = old THEN new` for each value that gets another name.
    fn cases(&self, one: &mut Writer, compared: &dyn Fn(&mut Writer), typed: bool) {
        for pair in &self.renamed {
            one.word(" WHEN ");
            compared(one);
            one.word("::text = ");
            literal(one, &part(pair, 0, "").unwrap_or(Value::None));
            one.word(" THEN ");
            literal(one, &part(pair, 1, "").unwrap_or(Value::None));
            if typed {
                one.word("::");
                self.new_type(one);
            }
        }
    }

    /// The operators that indexes and conditions need while a column is of the one type and a value of the other.
    fn operators(&self, w: &Writer) -> Vec<Writer> {
        let value = |one: &mut Writer| {
            let old = |one: &mut Writer| one.word("old_enum_val");
            if self.renamed.is_empty() {
                one.word("old_enum_val::text");
                return;
            }
            one.word("CASE");
            self.cases(one, &old, false);
            one.word(" ELSE old_enum_val::text END");
        };
        let (new, old) = (|one: &mut Writer| self.new_type(one), |one: &mut Writer| self.old_type(one));
        let each = OPERATORS.into_iter().flat_map(|(operator, function)| {
            let function = |one: &mut Writer| self.in_schema(one, &|one| one.word(function));
            let compares = format!(
                "CREATE FUNCTION {{}}(new_enum_val {{}}, old_enum_val {{}}) RETURNS boolean AS $$ SELECT \
                 new_enum_val::text {operator} {{}}; $$ LANGUAGE SQL IMMUTABLE"
            );
            let is = format!("CREATE OPERATOR {{}}.{operator} (leftarg = {{}}, rightarg = {{}}, procedure = {{}})");
            [
                sql(w, &compares, &[&function, &new, &old, &value]),
                sql(w, &is, &[&|one| one.name(self.schema), &new, &old, &function]),
            ]
        });
        each.collect()
    }

    fn no_operators(&self, w: &Writer) -> Vec<Writer> {
        let (new, old) = (|one: &mut Writer| self.new_type(one), |one: &mut Writer| self.old_type(one));
        let each = OPERATORS.into_iter().flat_map(|(operator, function)| {
            let function = |one: &mut Writer| self.in_schema(one, &|one| one.word(function));
            let is = format!("DROP OPERATOR IF EXISTS {{}}.{operator} ({{}}, {{}})");
            [
                sql(w, &is, &[&|one| one.name(self.schema), &new, &old]),
                sql(w, "DROP FUNCTION {}(new_enum_val {}, old_enum_val {})", &[&function, &new, &old]),
            ]
        });
        each.collect()
    }
}

/// A type with the values that it shall have, in place of one of the same name.
fn sync_enum_values(args: &Args<'_>, w: &Writer) -> Option<Vec<Writer>> {
    let (schema, name) = (args.get(0, &["enum_schema"])?, args.get(1, &["enum_name"])?);
    let values = args.get(2, &["new_values"])?;
    let columns = args.get(3, &["affected_columns"]).and_then(Value::items)?;
    let renamed = args.get(4, &["enum_values_to_rename"]).and_then(Value::items).unwrap_or_default();
    let indexes = args.get(5, &["indexes_to_recreate"]).and_then(Value::items).unwrap_or_default();
    let of = Enum { schema, name, renamed };
    let mut found = vec![
        sql(w, "ALTER TYPE {} RENAME TO {}", &[&|one| of.new_type(one), &|one| of.old_name(one)]),
        sql(w, "CREATE TYPE {} AS ENUM({})", &[&|one| of.new_type(one), &|one| literals(one, values)]),
    ];
    found.extend(of.operators(w));
    found.extend(indexes.iter().map(|index| {
        let name = |one: &mut Writer| match part(index, 0, "name") {
            Some(Value::Text(name)) => one.dotted(&name.sql),
            _ => one.hole("the name is not known"),
        };
        sql(w, "DROP INDEX IF EXISTS {}", &[&name])
    }));
    found.extend(columns.iter().flat_map(|column| cast_column(column, &of, w)));
    found.extend(of.no_operators(w));
    found.push(sql(w, "DROP TYPE {}", &[&|one| of.old_type(one)]));
    found.extend(indexes.iter().map(|index| {
        let mut one = w.another();
        match part(index, 1, "definition") {
            Some(Value::Text(definition)) => one.append(&definition.sql),
            _ => one.hole("the index is not known"),
        }
        one
    }));
    Some(found)
}

/// What becomes of a column of the type. A default that only the database knows is not told; the library reads it for
/// columns that are given as a pair of names.
fn cast_column<'a>(column: &Value<'a>, of: &Enum<'_, 'a>, w: &Writer) -> Vec<Writer> {
    let given = |at: usize, name: &str| part(column, at, name).unwrap_or(Value::None);
    // A pair, or `TableReference(table_name, column_name, table_schema, column_type, existing_server_default)`.
    let pair = matches!(column, Value::List(..));
    let (table, name) = (given(0, "table_name"), given(1, "column_name"));
    let own = if pair { Value::None } else { given(2, "table_schema") };
    let own = if matches!(own, Value::None) { of.schema.clone() } else { own };
    let kind = if pair { given(2, "column_type") } else { given(3, "column_type") };
    let default = if pair { Value::None } else { given(4, "existing_server_default") };
    let array = kind.path().and_then(|path| path.rsplit('.').next()) == Some("ARRAY");
    let alter = |one: &mut Writer| {
        one.word("ALTER TABLE ");
        one.table(Some(&own), &table);
        one.word(" ALTER COLUMN ");
        one.name(&name);
    };
    let new = |one: &mut Writer| of.new_type(one);
    let mut found = Vec::new();
    let has_default = !matches!(default, Value::None);
    if has_default {
        found.push(sql(w, "{} DROP DEFAULT", &[&alter]));
    }
    let column = |one: &mut Writer| one.name(&name);
    found.push(if array {
        sql(w, "{} TYPE {}[] USING {}::text[]::{}[]", &[&alter, &new, &column, &new])
    } else if of.renamed.is_empty() {
        sql(w, "{} TYPE {} USING {}::text::{}", &[&alter, &new, &column, &new])
    } else {
        let cases = |one: &mut Writer| of.cases(one, &column, true);
        sql(w, "{} TYPE {} USING CASE{} ELSE {}::text::{} END", &[&alter, &new, &cases, &column, &new])
    });
    if has_default {
        // The same value, of the new type.
        let value = |one: &mut Writer| match &default {
            Value::Text(text) => {
                let end = text.sql.text.find("::").unwrap_or(text.sql.text.len());
                one.append(&text.sql.part(0..end));
                one.word("::");
                new(one);
                one.word(if array { "[]" } else { "" });
            }
            other => one.unknown(other, "the default is not known"),
        };
        found.push(sql(w, "{} SET DEFAULT {}", &[&alter, &value]));
    }
    found
}

fn add_enum_value(args: &Args<'_>, w: &Writer) -> Option<Vec<Writer>> {
    let (schema, name) = (args.get(0, &["enum_schema"])?, args.get(1, &["enum_name"])?);
    let value = args.get(2, &["new_value"])?;
    let neighbor = args.get(3, &["before_value"]).filter(|value| !matches!(value, Value::None));
    let mut one =
        sql(w, "ALTER TYPE {} ADD VALUE {}", &[&|one| one.table(Some(schema), name), &|one| literal(one, value)]);
    if let Some(neighbor) = neighbor {
        // So it is written there, whatever the argument is called.
        one.word(" AFTER ");
        literal(&mut one, neighbor);
    }
    Some(vec![one])
}

/// An object that is known by its definition.
fn entity(verb: &str, args: &Args<'_>, w: &Writer) -> Option<Vec<Writer>> {
    let Value::Record(object) = args.get(0, &["target", "entity"])? else { return None };
    let class = object.class.as_str();
    let of = Args::of_record(object);
    if !ENTITIES.contains(&class) {
        return None;
    }
    // `PGView.from_sql("CREATE VIEW …")`: what drops it is made of parts of that.
    if let Some(Value::Text(whole)) = of.given("#sql") {
        let mut one = w.another();
        one.append(&whole.sql);
        return (verb != "drop_entity").then(|| vec![one]);
    }
    let text = |at: usize, name: &str| match of.get(at, &[name]) {
        Some(Value::Text(text)) => Some(text.sql.clone()),
        _ => None,
    };
    let schema = of.get(0, &["schema"]).cloned();
    let signature = text(1, "signature")?;
    let definition = text(2, "definition").map(|sql| strings::strip(&sql, true, true, Some(" \r\n\t;")));
    let (names, on) = (Signature::of(&signature), text(3, "on_entity"));
    let body = |one: &mut Writer| match &definition {
        Some(definition) => one.append(definition),
        None => one.hole("the definition is not known"),
    };
    let name = |one: &mut Writer| one.table(schema.as_ref(), &Value::text(names.name.clone()));
    let bare = |one: &mut Writer| one.name_text(&names.name);
    let arguments = |one: &mut Writer| one.append(&names.arguments);
    let typed = |one: &mut Writer| one.word(&names.without_defaults());
    let table = |one: &mut Writer| match &on {
        Some(on) => {
            // So the library says, whatever the schema of the object is.
            one.word(if on.text.contains('.') { "" } else { "public." });
            one.append(on);
        }
        None => one.hole("the table is not known"),
    };
    let in_schema = |one: &mut Writer| one.name(schema.as_ref().unwrap_or(&Value::None));
    let data = if of.truth("with_data") == Some(false) { "WITH NO DATA" } else { "WITH DATA" };
    let (constraint, cascade) = (of.flag("is_constraint"), if args.flag("cascade") { " CASCADE" } else { "" });
    let drop = |asked: &str| match class {
        "PGFunction" => sql(w, &format!("DROP FUNCTION {asked}{{}}({{}}){cascade}"), &[&name, &typed]),
        "PGView" => sql(w, &format!("DROP VIEW {asked}{{}}{cascade}"), &[&name]),
        "PGMaterializedView" => sql(w, &format!("DROP MATERIALIZED VIEW {asked}{{}}{cascade}"), &[&name]),
        "PGTrigger" => sql(w, &format!("DROP TRIGGER {asked}{{}} ON {{}}{cascade}"), &[&bare, &table]),
        "PGPolicy" => sql(w, &format!("DROP POLICY {asked}{{}} ON {{}}{cascade}"), &[&bare, &table]),
        _ => sql(w, &format!("DROP EXTENSION {asked}{{}}{cascade}"), &[&bare]),
    };
    let create = |again: &str| match class {
        "PGFunction" => sql(w, &format!("CREATE {again}FUNCTION {{}}({{}}) {{}}"), &[&name, &arguments, &body]),
        "PGView" => sql(w, &format!("CREATE {again}VIEW {{}} AS {{}}"), &[&name, &body]),
        "PGMaterializedView" => sql(w, &format!("CREATE MATERIALIZED VIEW {{}} AS {{}} {data}"), &[&name, &body]),
        "PGTrigger" if constraint => sql(w, "CREATE CONSTRAINT TRIGGER {} {}", &[&bare, &body]),
        "PGTrigger" => sql(w, "CREATE TRIGGER {} {}", &[&bare, &body]),
        "PGPolicy" => sql(w, "CREATE POLICY {} ON {} {}", &[&bare, &table, &body]),
        _ => sql(w, "CREATE EXTENSION {} WITH SCHEMA {}", &[&bare, &in_schema]),
    };
    Some(match (verb, class) {
        ("create_entity", _) => vec![create("")],
        ("drop_entity", _) => vec![drop("")],
        // A view that cannot be replaced is dropped and made again, which only the server can tell.
        (_, "PGFunction" | "PGView") => vec![create("OR REPLACE ")],
        _ => vec![drop("IF EXISTS "), create("")],
    })
}

/// `total(a integer, b integer DEFAULT 0)`.
struct Signature {
    name: SqlText,
    arguments: SqlText,
}

impl Signature {
    fn of(text: &SqlText) -> Self {
        let whole = text.text.len();
        let open = text.text.find('(').unwrap_or(whole);
        let close = text.text.rfind(')').filter(|close| *close > open).unwrap_or(whole);
        let name = strings::strip(&text.part(0..open), true, true, Some(" \r\n\t\""));
        Self { name, arguments: text.part((open + 1).min(close)..close) }
    }

    /// What tells a function from another of its name.
    fn without_defaults(&self) -> String {
        let lower = self.arguments.text.to_lowercase();
        let parts = self.arguments.text.split(',').zip(lower.split(','));
        let cut = parts.map(|(part, lower)| {
            let end = lower.find(" default").or_else(|| lower.find('=')).unwrap_or(part.len());
            part.get(..end).unwrap_or(part).trim()
        });
        cut.collect::<Vec<_>>().join(", ")
    }
}

/// An element of a tuple, or what a class was called with at that place or by that name.
fn part<'a>(value: &Value<'a>, at: usize, name: &str) -> Option<Value<'a>> {
    match value {
        Value::List(items, _) => items.borrow().get(at).cloned(),
        Value::Record(record) => Args::of_record(record).get(at, &[name]).cloned(),
        _ => None,
    }
}

fn literal(one: &mut Writer, value: &Value<'_>) {
    match value {
        Value::Text(text) => one.literal(text),
        other => one.unknown(other, "the value is not known"),
    }
}

fn literals(one: &mut Writer, values: &Value<'_>) {
    let Some(items) = Value::items(values) else {
        one.unknown(values, "the values are not known");
        return;
    };
    for (at, item) in items.iter().enumerate() {
        one.word(if at > 0 { ", " } else { "" });
        literal(one, item);
    }
}

impl<'a> Interp<'a> {
    /// `PGView.from_sql("CREATE VIEW …")` of alembic_utils.
    pub(super) fn entity_of_sql(path: &str, name: &str, args: &Args<'a>, span: crate::span::Span) -> Option<Value<'a>> {
        let class = path.strip_prefix("alembic_utils.")?.rsplit('.').next()?;
        let Some(Value::Text(sql)) = args.get(0, &["sql"]) else { return None };
        if name != "from_sql" || !ENTITIES.contains(&class) {
            return None;
        }
        let sql = Value::Text(std::rc::Rc::new(Text { marked: true, ..(**sql).clone() }));
        let mut fields = Args::default();
        fields.named.insert("#sql".to_owned(), sql);
        Some(Value::Record(std::rc::Rc::new(super::alembic::record(class, fields, span))))
    }
}

//! Indexes.

use super::super::value::Value;
use super::{Args, Writer};
use crate::config::Dialect;

/// Writes `CREATE INDEX … ON …` for keys and the options of `Index` or `create_index`.
pub(in super::super) fn index_on(
    w: &mut Writer,
    name: Option<&Value<'_>>,
    table: (Option<&Value<'_>>, &Value<'_>),
    keys: &[Value<'_>],
    args: &Args<'_>,
) {
    let postgres = w.dialect == Dialect::Postgres;
    w.word("CREATE ");
    flag(w, args.given("unique"), "UNIQUE ");
    if let Some(prefix) = args.given("mysql_prefix").filter(|_| w.dialect == Dialect::Mysql) {
        w.phrase(prefix);
        w.word(" ");
    }
    w.word("INDEX ");
    if postgres {
        flag(w, args.given("postgresql_concurrently"), "CONCURRENTLY ");
    }
    flag(w, args.given("if_not_exists"), "IF NOT EXISTS ");
    match name {
        Some(Value::None) | None => w.hole("the index has no name in the source"),
        Some(name) => w.name(name),
    }
    w.word(" ON ");
    w.table(table.0, table.1);
    w.word(" ");
    if let Some(using) = args.given("postgresql_using").filter(|_| postgres) {
        w.word("USING ");
        w.phrase(using);
        w.word(" ");
    }
    w.word("(");
    for (at, key) in keys.iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        self::key(w, key, args);
    }
    w.word(")");
    options(w, args);
}

/// A word that is written where an option asks for it. An option that is not known may ask for it.
fn flag(w: &mut Writer, value: Option<&Value<'_>>, word: &str) {
    match value.map(|value| (value, value.truth())) {
        Some((_, Some(true))) => w.word(word),
        Some((value, None)) => {
            w.unknown(value, "the option is not known");
            w.word(" ");
        }
        _ => {}
    }
}

fn key(w: &mut Writer, key: &Value<'_>, args: &Args<'_>) {
    let mut name = None;
    match key {
        Value::Text(text) if !text.marked => {
            name = key.as_str().map(str::to_owned);
            w.name(key);
        }
        Value::Text(text) => {
            w.append(&text.sql);
        }
        Value::Record(record) if matches!(record.class.as_str(), "column" | "Column") => {
            name = record.fields.borrow().get("0").and_then(|name| name.as_str().map(str::to_owned));
            w.expression(key, false);
        }
        Value::Record(record) if matches!(record.class.as_str(), "#binary" | "#bool" | "#cast" | "#case") => {
            w.word("(");
            w.expression(key, false);
            w.word(")");
        }
        other => w.expression(other, false),
    }
    let options = match w.dialect {
        Dialect::Postgres => args.given("postgresql_ops"),
        Dialect::Mysql => args.given("mysql_length"),
        Dialect::Sqlite | Dialect::Mssql => None,
    };
    if let (Some(length @ Value::Int(_)), Some(_)) = (options, &name) {
        w.word("(");
        w.phrase(length);
        w.word(")");
    }
    if let (Some(name), Some(Value::Dict(pairs, _))) = (name, options) {
        for (column, class) in pairs.borrow().iter() {
            if column.as_str() == Some(&name) {
                let around = if w.dialect == Dialect::Mysql { ["(", ")"] } else { [" ", ""] };
                let [before, after] = around;
                w.word(before);
                w.phrase(class);
                w.word(after);
            }
        }
    }
}

/// INCLUDE, NULLS NOT DISTINCT, WITH, TABLESPACE and WHERE.
fn options(w: &mut Writer, args: &Args<'_>) {
    if w.dialect != Dialect::Postgres {
        if let Some(condition) = args.given("sqlite_where").filter(|_| w.dialect == Dialect::Sqlite) {
            self::condition(w, condition);
        }
        return;
    }
    include(w, args);
    match args.truth("postgresql_nulls_not_distinct") {
        Some(true) => w.word(" NULLS NOT DISTINCT"),
        Some(false) => w.word(" NULLS DISTINCT"),
        None => {}
    }
    if let Some(parameters) = args.given("postgresql_with") {
        w.word(" WITH (");
        storage(w, parameters);
        w.word(")");
    }
    if let Some(tablespace) = args.given("postgresql_tablespace") {
        w.word(" TABLESPACE ");
        w.name(tablespace);
    }
    if let Some(condition) = args.given("postgresql_where") {
        self::condition(w, condition);
    }
}

fn condition(w: &mut Writer, condition: &Value<'_>) {
    w.word(" WHERE ");
    match condition {
        // A plain string is SQL here.
        Value::Text(text) => w.append(&text.sql),
        other => w.expression(other, false),
    }
}

/// INCLUDE of an index or of a constraint that has one.
pub(super) fn include(w: &mut Writer, args: &Args<'_>) {
    if let Some(columns) = args.given("postgresql_include").filter(|_| w.dialect == Dialect::Postgres)
        && Value::items(columns).is_none_or(|columns| !columns.is_empty())
    {
        w.word(" INCLUDE (");
        w.names(columns);
        w.word(")");
    }
}

/// Storage parameters.
pub(super) fn storage(w: &mut Writer, parameters: &Value<'_>) {
    let Value::Dict(pairs, _) = parameters else { return w.unknown(parameters, "the parameters are not known") };
    for (at, (name, value)) in pairs.borrow().iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        w.phrase(name);
        if !matches!(value, Value::None) {
            w.word(" = ");
            w.phrase(value);
        }
    }
}

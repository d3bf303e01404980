//! Types: what a column of SQLAlchemy's type has in the database.

use super::super::value::{Class, Record, Value};
use super::{Args, Writer, vendor};
use crate::config::Dialect;

/// Types derived from one another: a decorator of a decorator is followed this far.
const MAX_BASES: u32 = 8;

/// The field of an instance that holds the type which its `load_dialect_impl` gives.
pub(in super::super) const FOR_DIALECT: &str = "#type";

/// A type with what it was made with.
#[derive(Clone, Debug)]
pub(super) struct Type<'a> {
    /// The library's class.
    pub(super) class: String,
    pub(super) args: Args<'a>,
}

/// What a value says of a type; `None` where that is not known.
pub(super) fn resolve<'a>(value: &Value<'a>, depth: u32) -> Option<Type<'a>> {
    if depth > MAX_BASES {
        return None;
    }
    match value {
        Value::Record(record) => match &record.of {
            Some(class) => made(record, class, depth),
            None => Some(Type { class: record.class.clone(), args: Args::of_record(record) }),
        },
        Value::Class(class) => decorated(class, &Args::default(), depth),
        Value::Unknown(_) => {
            let name = value.path()?.rsplit('.').next()?;
            let class = name.starts_with(|c: char| c.is_ascii_uppercase());
            class.then(|| Type { class: name.to_owned(), args: Args::default() })
        }
        _ => None,
    }
}

/// The type behind an instance: what its class gives for the dialect, or what it was made with.
fn made<'a>(record: &Record<'a>, class: &Class<'a>, depth: u32) -> Option<Type<'a>> {
    let own = |name: &str| record.fields.borrow().get(name).cloned();
    if let Some(found) = own(FOR_DIALECT) {
        return resolve(&found, depth + 1);
    }
    // `self.impl = …` in the class's `__init__`.
    if let (Some(inner), None) = (own("impl"), class.attribute("load_dialect_impl", 0)) {
        return resolve(&inner, depth + 1);
    }
    decorated(class, &Args::of_record(record), depth)
}

/// The type behind a class of the project: `impl` of a decorator, or the class it is derived from.
fn decorated<'a>(class: &Class<'a>, args: &Args<'a>, depth: u32) -> Option<Type<'a>> {
    if class.attribute("load_dialect_impl", 0).is_some() || class.attribute("get_col_spec", 0).is_some() {
        return None;
    }
    let inner = class.attribute("impl", 0);
    let bases = class.bases.iter().filter(|base| !matches!(base.path(), Some(path) if path.ends_with("TypeDecorator")));
    let mut found = inner.iter().chain(bases).filter_map(|value| {
        let written = matches!(value, Value::Record(_));
        resolve(value, depth + 1).map(|found| (found, written))
    });
    let (mut found, written) = found.next()?;
    if !written && found.args.positional.is_empty() && found.args.named.is_empty() {
        // A decorator hands what it is made with to its `impl`.
        found.args = args.clone();
    }
    Some(found)
}

/// Whether a type counts up by itself as a primary key.
pub(super) fn serial(value: &Value<'_>) -> Option<&'static str> {
    let found = resolve(value, 0)?;
    match found.class.as_str() {
        "Integer" | "INTEGER" | "INT" => Some("SERIAL"),
        "BigInteger" | "BIGINT" => Some("BIGSERIAL"),
        "SmallInteger" | "SMALLINT" => Some("SMALLSERIAL"),
        _ => None,
    }
}

/// Writes the type of a column.
pub(in super::super) fn write(w: &mut Writer, value: &Value<'_>) {
    match resolve(value, 0) {
        Some(found) => of_class(w, &found),
        None => match value {
            // `get_col_spec` gives the words.
            Value::Record(record) if let Some(Value::Text(words)) = record.fields.borrow().get(FOR_DIALECT) => {
                w.append(&words.sql);
            }
            Value::Record(record) => w.hole(&format!("the type `{}` is made by code", record.class)),
            other => w.unknown(other, "the type is not known"),
        },
    }
}

/// Whether a type is one that SQLAlchemy takes for a date with a time.
pub(in super::super) fn is_moment(value: &Value<'_>) -> bool {
    resolve(value, 0).is_some_and(|of| matches!(of.class.as_str(), "DateTime" | "DATETIME" | "TIMESTAMP"))
}

/// Writes what MySQL calls otherwise than the other servers; whether it has.
/// Source: `MySQLTypeCompiler` of `sqlalchemy.dialects.mysql.base`.
fn of_mysql(w: &mut Writer, of: &Type<'_>) -> bool {
    let (word, kind) = match of.class.as_str() {
        "Boolean" | "BOOLEAN" | "BOOL" => ("BOOL", ""),
        "Integer" | "INTEGER" | "INT" => ("INTEGER", "number"),
        "BigInteger" | "BIGINT" => ("BIGINT", "number"),
        "SmallInteger" | "SMALLINT" => ("SMALLINT", "number"),
        word @ ("TINYINT" | "MEDIUMINT") => (word, "number"),
        "Numeric" | "NUMERIC" => ("NUMERIC", "fraction"),
        "DECIMAL" => ("DECIMAL", "fraction"),
        "Float" | "FLOAT" => ("FLOAT", "fraction"),
        "DOUBLE_PRECISION" => ("DOUBLE PRECISION", ""),
        "Double" | "DOUBLE" if of.args.get(1, &["scale"]).is_none() => ("DOUBLE", ""),
        "Double" | "DOUBLE" => ("DOUBLE", "fraction"),
        "String" | "Unicode" | "VARCHAR" | "AutoString" => ("VARCHAR", "text"),
        "Text" | "UnicodeText" | "TEXT" => ("TEXT", "text"),
        word @ ("CHAR" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT") => (word, "text"),
        "DateTime" | "DATETIME" => ("DATETIME", "moment"),
        "TIMESTAMP" => ("TIMESTAMP", "moment"),
        "Time" | "TIME" => ("TIME", "moment"),
        "Interval" => ("DATETIME", ""),
        "LargeBinary" | "BLOB" | "PickleType" => ("BLOB", "length"),
        _ => return false,
    };
    w.word(word);
    match kind {
        "number" => counted(w, of, &["display_width"]),
        "fraction" => arguments(w, of, &["precision", "scale"]),
        "text" => counted(w, of, &["length"]),
        "moment" => {
            if let Some(digits) = of.args.given("fsp") {
                w.word("(");
                w.phrase(digits);
                w.word(")");
            }
        }
        "length" if of.class != "PickleType" => counted(w, of, &["length"]),
        _ => {}
    }
    for (flag, words) in [("unsigned", " UNSIGNED"), ("zerofill", " ZEROFILL")] {
        if of.args.flag(flag) {
            w.word(words);
        }
    }
    for (option, words) in [("charset", " CHARACTER SET "), ("collation", " COLLATE ")] {
        if let Some(value) = of.args.given(option) {
            w.word(words);
            w.phrase(value);
        }
    }
    true
}

/// `(11)`, by position or by name.
fn counted(w: &mut Writer, of: &Type<'_>, names: &[&str]) {
    if let Some(value) = of.args.get(0, names).filter(|value| !matches!(value, Value::None)) {
        w.word("(");
        w.phrase(value);
        w.word(")");
    }
}

fn of_class(w: &mut Writer, of: &Type<'_>) {
    if w.dialect == Dialect::Mysql && of_mysql(w, of) {
        return;
    }
    let postgres = w.dialect == Dialect::Postgres;
    let length = |w: &mut Writer, name: &str| {
        w.word(name);
        arguments(w, of, &["length"]);
        collation(w, of);
    };
    match of.class.as_str() {
        "String" | "Unicode" | "VARCHAR" | "AutoString" => length(w, "VARCHAR"),
        "CHAR" => length(w, "CHAR"),
        "NCHAR" | "NVARCHAR" => length(w, &of.class),
        "Text" | "UnicodeText" | "TEXT" | "CLOB" => length(w, "TEXT"),
        "Integer" | "INTEGER" | "INT" => w.word("INTEGER"),
        "BigInteger" | "BIGINT" => w.word("BIGINT"),
        "SmallInteger" | "SMALLINT" => w.word("SMALLINT"),
        "Boolean" | "BOOLEAN" | "BOOL" => w.word("BOOLEAN"),
        "Numeric" | "NUMERIC" => {
            w.word("NUMERIC");
            arguments(w, of, &["precision", "scale"]);
        }
        "DECIMAL" => {
            w.word("DECIMAL");
            arguments(w, of, &["precision", "scale"]);
        }
        "Float" | "FLOAT" => {
            w.word("FLOAT");
            if w.dialect != Dialect::Sqlite {
                arguments(w, of, &["precision"]);
            }
        }
        "Double" | "DOUBLE_PRECISION" | "DOUBLE" => w.word(if postgres { "DOUBLE PRECISION" } else { "DOUBLE" }),
        "DateTime" | "DATETIME" if !postgres => w.word("DATETIME"),
        "DateTime" | "DATETIME" | "TIMESTAMP" | "TIME" | "Time" => moment(w, of),
        "LargeBinary" | "BLOB" | "BYTEA" | "PickleType" => w.word(if postgres { "BYTEA" } else { "BLOB" }),
        // A class in capitals is named as its type, whatever the server.
        "UUID" if of.args.truth("native_uuid") != Some(false) => w.word("UUID"),
        "Uuid" | "UUID" => uuid(w, of),
        "Interval" | "INTERVAL" => interval(w, of),
        "Enum" | "ENUM" => enumeration(w, of),
        "ARRAY" | "Array" => array(w, of),
        "BIT" => {
            w.word(if of.args.flag("varying") { "BIT VARYING" } else { "BIT" });
            if of.args.get(0, &["length"]).is_some() {
                arguments(w, of, &["length"]);
            } else if !of.args.flag("varying") {
                w.word("(1)");
            }
        }
        "DOMAIN" => named(w, of),
        "NullType" => w.word("NULL"),
        "Variant" => w.hole("the type is one of several"),
        other => elsewhere(w, of, other),
    }
}

/// A type that has its own name in SQL, or one of another library.
fn elsewhere(w: &mut Writer, of: &Type<'_>, class: &str) {
    match class {
        _ if vendor::write(w, of) => {}
        // A class in capitals is named as its type.
        _ if class.chars().all(|c| !c.is_ascii_lowercase()) => {
            w.word(class);
            let numbers = of.args.positional.iter().any(|value| matches!(value, Value::Int(_)));
            if numbers || of.args.given("length").is_some() || of.args.given("display_width").is_some() {
                arguments(w, of, &["length"]);
            }
        }
        "Date" | "Json" => w.word(&class.to_uppercase()),
        _ => w.hole(&format!("the type `{class}` is not one of SQLAlchemy's")),
    }
}

/// `(40)`, `(10, 2)`; nothing where no argument is given.
pub(super) fn arguments(w: &mut Writer, of: &Type<'_>, names: &[&str]) {
    let given: Vec<_> = (0..)
        .zip(names)
        .map_while(|(at, name)| of.args.get(at, &[name]).filter(|value| !matches!(value, Value::None)))
        .collect();
    if given.is_empty() {
        return;
    }
    w.word("(");
    for (at, value) in given.into_iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        w.phrase(value);
    }
    w.word(")");
}

fn collation(w: &mut Writer, of: &Type<'_>) {
    if let Some(Value::Text(collation)) = of.args.get(1, &["collation"])
        && w.dialect == Dialect::Postgres
    {
        w.word(" COLLATE \"");
        w.append(&collation.sql);
        w.word("\"");
    }
}

fn moment(w: &mut Writer, of: &Type<'_>) {
    w.word(if of.class.to_lowercase().ends_with("time") && of.class.len() == 4 { "TIME" } else { "TIMESTAMP" });
    if let Some(precision) = of.args.given("precision") {
        w.word("(");
        w.phrase(precision);
        w.word(")");
    }
    match of.args.get(0, &["timezone"]) {
        _ if w.dialect != Dialect::Postgres => {}
        Some(value) if value.truth() == Some(true) => w.word(" WITH TIME ZONE"),
        Some(value) if value.truth().is_none() && !matches!(value, Value::None) => {
            w.unknown(value, "the time zone is not known");
        }
        _ => w.word(" WITHOUT TIME ZONE"),
    }
}

fn uuid(w: &mut Writer, of: &Type<'_>) {
    let native = of.args.truth("native_uuid") != Some(false);
    w.word(if native && w.dialect == Dialect::Postgres { "UUID" } else { "CHAR(32)" });
}

fn interval(w: &mut Writer, of: &Type<'_>) {
    w.word("INTERVAL");
    if let Some(fields) = of.args.given("fields") {
        w.word(" ");
        w.phrase(fields);
    }
    if let Some(precision) = of.args.given("precision").or_else(|| of.args.given("second_precision")) {
        w.word(" (");
        w.phrase(precision);
        w.word(")");
    }
}

fn array(w: &mut Writer, of: &Type<'_>) {
    let Some(item) = of.args.get(0, &["item_type"]) else { return w.hole("the type of its elements is not known") };
    write(w, item);
    let dimensions = match of.args.given("dimensions") {
        Some(Value::Int(n)) => usize::try_from(*n).unwrap_or(1).clamp(1, 8),
        _ => 1,
    };
    w.word(&"[]".repeat(dimensions));
}

/// An enum's labels.
pub(super) fn labels<'a>(of: &Type<'a>) -> Option<Vec<Value<'a>>> {
    if let Some(Value::Class(class)) = of.args.positional.first() {
        return Some(members(class));
    }
    let items: Vec<_> = of.args.positional.clone();
    items.iter().all(|item| matches!(item, Value::Text(_) | Value::Unknown(_))).then_some(items)
}

/// The names of an enum class's members, in order.
fn members<'a>(class: &Class<'a>) -> Vec<Value<'a>> {
    let vars = class.env.vars.borrow();
    let value_at = |value: &Value<'a>| match value {
        Value::Text(text) => Some(text.sql.span(0..text.sql.text.len())),
        _ => None,
    };
    let mut found: Vec<_> =
        vars.iter().filter_map(|(name, value)| Some((value_at(value)?, (*name).to_owned()))).collect();
    found.sort();
    let label = |(span, name): (crate::span::Span, String)| {
        let mut text = crate::frontend::text::SqlText::default();
        text.push(&name, span);
        Value::text(text)
    };
    found.into_iter().map(label).collect()
}

/// The name of a type that is created: of an enum class its own, in lower case.
pub(super) fn type_name<'a>(of: &Type<'a>, w: &Writer) -> Option<Value<'a>> {
    if let Some(name) = of.args.given("name") {
        return Some(name.clone());
    }
    match (of.class.as_str(), of.args.positional.first()) {
        ("DOMAIN", Some(name)) => Some(name.clone()),
        (_, Some(Value::Class(class))) => {
            let mut text = crate::frontend::text::SqlText::default();
            text.push(&class.name.to_lowercase(), w.place);
            Some(Value::text(text))
        }
        _ => None,
    }
}

/// Whether a type is an enum that the server knows as a type of its own.
pub(super) fn is_native_enum(of: &Type<'_>, dialect: Dialect) -> bool {
    matches!(of.class.as_str(), "Enum" | "ENUM")
        && of.args.truth("native_enum") != Some(false)
        && dialect == Dialect::Postgres
}

/// The length of the longest label.
fn longest(of: &Type<'_>) -> Option<usize> {
    let labels = labels(of)?;
    let lengths: Option<Vec<_>> = labels.iter().map(|label| label.as_str().map(|text| text.chars().count())).collect();
    lengths?.into_iter().max()
}

fn enumeration(w: &mut Writer, of: &Type<'_>) {
    if is_native_enum(of, w.dialect) {
        named(w, of);
    } else if w.dialect == Dialect::Mysql && of.args.truth("native_enum") != Some(false) {
        w.word("ENUM(");
        label_list(w, of);
        w.word(")");
    } else {
        w.word("VARCHAR(");
        match (of.args.given("length"), longest(of)) {
            (Some(length), _) => w.phrase(length),
            (None, Some(length)) => w.word(&length.to_string()),
            (None, None) => w.hole("the labels are not known"),
        }
        w.word(")");
    }
}

/// The name of a type, with its schema.
pub(super) fn named(w: &mut Writer, of: &Type<'_>) {
    match type_name(of, w) {
        Some(name) => w.table(of.args.given("schema"), &name),
        None => w.hole("the type has no name"),
    }
}

/// The labels as literals, joined by commas.
pub(super) fn label_list(w: &mut Writer, of: &Type<'_>) {
    let Some(labels) = labels(of) else { return w.hole("the labels are not known") };
    for (at, label) in labels.iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        match label {
            Value::Text(text) => w.literal(text),
            other => w.unknown(other, "the label is not known"),
        }
    }
}

/// `CREATE TYPE … AS ENUM (…)`, `CREATE DOMAIN …`.
pub(super) fn create(of: &Type<'_>, w: &Writer) -> Writer {
    let mut w = w.another();
    if of.class == "DOMAIN" {
        w.word("CREATE DOMAIN ");
        named(&mut w, of);
        w.word(" AS ");
        match of.args.get(1, &["data_type"]) {
            Some(inner) => write(&mut w, inner),
            None => w.hole("the type of the domain is not known"),
        }
        for (name, word) in [("collation", " COLLATE "), ("default", " DEFAULT "), ("constraint_name", " CONSTRAINT ")]
        {
            if let Some(value) = of.args.given(name) {
                w.word(word);
                if name == "constraint_name" { w.name(value) } else { w.phrase(value) }
            }
        }
        if of.args.flag("not_null") {
            w.word(" NOT NULL");
        }
        if let Some(check) = of.args.given("check") {
            w.word(" CHECK (");
            w.expression(check, false);
            w.word(")");
        }
        return w;
    }
    w.word("CREATE TYPE ");
    named(&mut w, of);
    w.word(" AS ENUM (");
    label_list(&mut w, of);
    w.word(")");
    w
}

/// CREATE or DROP of a type of the server's own.
pub(in super::super) fn write_named(w: &mut Writer, record: &Record<'_>, create: bool) {
    let of = Type { class: record.class.clone(), args: Args::of_record(record) };
    if create {
        let written = self::create(&of, w);
        return w.append(&written.out);
    }
    w.word(if of.class == "DOMAIN" { "DROP DOMAIN " } else { "DROP TYPE " });
    named(w, &of);
}

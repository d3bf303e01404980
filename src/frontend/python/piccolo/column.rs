//! Columns.

use super::super::sqlalchemy::{Args, Writer, word};
use super::super::value::{Class, Record, Value};
use crate::config::Dialect;
use crate::span::Span;

/// Columns that refer to columns that refer to columns are followed this far.
const MAX_DEPTH: u32 = 6;

/// A column: the class it is of, and what that is called with.
#[derive(Clone, Debug)]
pub(super) struct Column<'a> {
    pub(super) name: Value<'a>,
    class: String,
    params: Vec<(String, Value<'a>)>,
    /// The dictionary of the parameters was not known.
    open: bool,
    pub(super) place: Span,
}

/// The last part of the name that a value has in a library: `btree` of `IndexMethod.btree`.
pub(super) fn member(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Unknown(opaque) => {
            let shown = opaque.path.as_deref().unwrap_or(&opaque.unknown.text);
            let shown = shown.trim_matches(['{', '}']);
            Some(shown.strip_suffix(".__name__").unwrap_or(shown).rsplit('.').next()?.to_owned())
        }
        Value::Class(class) => Some(class.name.to_owned()),
        Value::Text(_) => value.as_str().map(str::to_owned),
        _ => None,
    }
}

/// The parameters of a dictionary; of those that are given twice the last counts.
pub(super) fn params<'a>(value: Option<&Value<'a>>) -> Option<Vec<(String, Value<'a>)>> {
    match value {
        None | Some(Value::None) => Some(Vec::new()),
        Some(Value::Dict(pairs, _)) => {
            let pairs = pairs.borrow();
            Some(pairs.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.clone()))).collect())
        }
        Some(_) => None,
    }
}

impl<'a> Column<'a> {
    /// The column of a call of `add_column`.
    pub(super) fn of_call(args: &Args<'a>, place: Span) -> Self {
        let name = args.get(2, &["column_name"]).cloned().unwrap_or(Value::None);
        let database = args.get(3, &["db_column_name"]).filter(|name| !matches!(name, Value::None)).cloned();
        let class = args.get(4, &["column_class_name"]).and_then(member).filter(|class| !class.is_empty());
        let class = class.or_else(|| args.get(5, &["column_class"]).and_then(member)).unwrap_or_default();
        let given = params(args.get(6, &["params"]));
        Self { name: database.unwrap_or(name), class, open: given.is_none(), params: given.unwrap_or_default(), place }
    }

    /// A column of a class and parameters.
    pub(super) fn of_class(name: &Value<'a>, class: &Value<'a>, given: Option<&Value<'a>>, place: Span) -> Self {
        let given = params(given);
        let class = member(class).unwrap_or_default();
        Self { name: name.clone(), class, open: given.is_none(), params: given.unwrap_or_default(), place }
    }

    /// A column that a class of a table declares.
    fn of_record(name: &str, record: &Record<'a>) -> Self {
        let fields = record.fields.borrow();
        let params = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let own = fields.get("db_column_name").filter(|name| matches!(name, Value::Text(_))).cloned();
        let name = own.unwrap_or_else(|| word(name, record.span));
        Self { name, class: record.class.clone(), params, open: false, place: record.span }
    }

    /// The column that a table's class takes for its key.
    pub(super) fn implicit_key(place: Span) -> Self {
        let params = vec![("primary_key".to_owned(), Value::Bool(true))];
        Self { name: word("id", place), class: "Serial".to_owned(), params, open: false, place }
    }

    pub(super) fn param(&self, name: &str) -> Option<&Value<'a>> {
        self.params.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    fn flag(&self, name: &str) -> bool {
        self.param(name).and_then(Value::truth) == Some(true)
    }

    pub(super) fn primary(&self) -> bool {
        self.flag("primary_key") || self.class == "PrimaryKey"
    }

    pub(super) fn indexed(&self) -> bool {
        self.flag("index")
    }

    fn counts(&self) -> bool {
        matches!(self.class.as_str(), "Serial" | "BigSerial" | "PrimaryKey")
    }

    /// Its sort of values in Python: a change from one to another needs a cast.
    pub(super) fn sort(&self) -> &str {
        match self.class.as_str() {
            "Varchar" | "Char" | "Email" | "Secret" | "Text" | "JSON" | "JSONB" => "str",
            "Integer" | "BigInt" | "SmallInt" | "Serial" | "BigSerial" | "PrimaryKey" => "int",
            "Real" | "Float" | "DoublePrecision" => "float",
            "Numeric" | "Decimal" => "Decimal",
            "Timestamp" | "Timestamptz" => "datetime",
            "Bytea" | "Blob" => "bytes",
            other => other,
        }
    }

    /// The class of the table that it refers to.
    fn target(&self) -> Option<&Value<'a>> {
        self.param("references")
    }

    /// The name of the table that it refers to, and of its own where it says `self`.
    pub(super) fn refers_to(&self) -> Option<String> {
        match self.target()? {
            Value::Class(class) => {
                class.env.vars.borrow().get("#tablename").and_then(|name| name.as_str().map(str::to_owned))
            }
            _ => None,
        }
    }

    /// Writes its type.
    pub(super) fn data_type(&self, w: &mut Writer) {
        self.type_at(w, 0);
    }

    fn type_at(&self, w: &mut Writer, depth: u32) {
        let postgres = w.dialect == Dialect::Postgres;
        match self.class.as_str() {
            "Varchar" | "Email" | "Secret" => self.sized(w, "VARCHAR"),
            "Char" => self.sized(w, "CHAR"),
            "BigInt" => w.word(if postgres { "BIGINT" } else { "INTEGER" }),
            "SmallInt" => w.word(if postgres { "SMALLINT" } else { "INTEGER" }),
            "Serial" | "PrimaryKey" => w.word(if postgres { "SERIAL" } else { "INTEGER" }),
            "BigSerial" => w.word(if postgres { "BIGSERIAL" } else { "INTEGER" }),
            "Interval" => w.word(if postgres { "INTERVAL" } else { "SECONDS" }),
            "DoublePrecision" => w.word("DOUBLE PRECISION"),
            "Bytea" | "Blob" => w.word(if postgres { "BYTEA" } else { "BLOB" }),
            "JSONB" => w.word("JSONB"),
            "Numeric" | "Decimal" => {
                w.word("NUMERIC");
                if let Some(digits) = self.param("digits").and_then(Value::items) {
                    w.word("(");
                    for (at, digit) in digits.iter().enumerate() {
                        w.word(if at > 0 { ", " } else { "" });
                        w.phrase(digit);
                    }
                    w.word(")");
                }
            }
            "Array" => {
                match self.param("base_column") {
                    Some(Value::Record(base)) if depth < MAX_DEPTH => Self::of_record("", base).type_at(w, depth + 1),
                    _ => w.hole("the type of the elements is not known"),
                }
                w.word("[]");
            }
            "ForeignKey" => match self.target_key() {
                Some(key) if key.counts() => w.word(if key.class == "BigSerial" { "BIGINT" } else { "INTEGER" }),
                Some(key) if depth < MAX_DEPTH => key.type_at(w, depth + 1),
                _ => w.hole("the type of what it refers to is not known"),
            },
            "" => w.hole("the column's class is not known"),
            own @ ("Text" | "UUID" | "Integer" | "Timestamp" | "Timestamptz" | "Date" | "Time" | "Boolean" | "Real"
            | "Float" | "JSON") => w.word(&own.to_uppercase()),
            _ => w.hole("the column's class is defined elsewhere"),
        }
    }

    fn sized(&self, w: &mut Writer, name: &str) {
        w.word(name);
        match self.param("length").or_else(|| self.param("0")) {
            Some(Value::None) => {}
            None if self.open => {}
            None => w.word("(255)"),
            Some(length) => {
                w.word("(");
                w.phrase(length);
                w.word(")");
            }
        }
    }

    /// The column that it refers to, where the migration declares it.
    fn target_key(&self) -> Option<Self> {
        match self.target()? {
            Value::Class(class) => Some(key_of(class, self.param("target_column"), self.place)),
            _ => None,
        }
    }

    /// Writes it as CREATE TABLE and ADD COLUMN have it.
    pub(super) fn ddl(&self, w: &mut Writer, own: &Value<'a>) {
        w.name(&self.name);
        w.word(" ");
        self.data_type(w);
        if self.open {
            w.word(" ");
            return w.hole("the parameters are made by code");
        }
        w.word(if self.primary() { " PRIMARY KEY" } else { "" });
        w.word(if self.flag("unique") { " UNIQUE" } else { "" });
        w.word(if self.flag("null") { "" } else { " NOT NULL" });
        if self.class == "ForeignKey" {
            w.word(" REFERENCES ");
            match self.target() {
                Some(Value::Class(class)) => {
                    let vars = class.env.vars.borrow();
                    let schema = vars.get("#schema").filter(|schema| !matches!(schema, Value::None)).cloned();
                    let name = vars.get("#tablename").cloned().unwrap_or(Value::None);
                    drop(vars);
                    w.table(schema.as_ref(), &name);
                }
                Some(Value::Text(text)) if text.sql.text == "self" => w.name(own),
                Some(other) => w.unknown(other, "the table's class is defined elsewhere"),
                None => w.hole("the table is not named"),
            }
            if let Some(key) = self.target_key() {
                w.word(" (");
                w.name(&key.name);
                w.word(")");
            }
            for (name, words) in [("on_delete", " ON DELETE "), ("on_update", " ON UPDATE ")] {
                w.word(words);
                action(w, self.param(name));
            }
        }
        // What counts has a default of its own.
        if !matches!(self.class.as_str(), "Serial" | "BigSerial") {
            w.word(" DEFAULT ");
            self.default(w);
        }
    }

    fn default(&self, w: &mut Writer) {
        let given = self.param("default");
        match (given, self.class.as_str()) {
            (Some(value), _) => literal(w, value),
            (None, "Varchar" | "Char" | "Email" | "Secret" | "Text") => w.word("''"),
            (None, "Integer" | "BigInt" | "SmallInt") => w.word("0"),
            (None, "Boolean") => w.word("false"),
            (None, "ForeignKey") => w.word("null"),
            (None, "PrimaryKey") => w.word("DEFAULT"),
            (None, "UUID") => w.word("gen_random_uuid()"),
            (None, "Timestamp" | "Timestamptz") => w.word("current_timestamp"),
            (None, _) => w.hole("the default is that of the column's class"),
        }
    }
}

/// The key of a table that the migration declares.
fn key_of<'a>(class: &Class<'a>, named: Option<&Value<'a>>, place: Span) -> Column<'a> {
    let vars = class.env.vars.borrow();
    let columns = vars.iter().filter_map(|(name, value)| match value {
        Value::Record(record) => Some(Column::of_record(name, record)),
        _ => None,
    });
    let wanted = named.and_then(Value::as_str).map(str::to_owned);
    let mut columns = columns.filter(|column| match &wanted {
        Some(name) => column.name.as_str() == Some(name),
        None => column.primary(),
    });
    columns.next().unwrap_or_else(|| Column::implicit_key(place))
}

/// Writes what a key does: `OnDelete.cascade`. Without a word it is Piccolo's own default.
pub(super) fn action(w: &mut Writer, value: Option<&Value<'_>>) {
    match value.map(member) {
        None => w.word("CASCADE"),
        Some(Some(name)) => w.word(&name.replace('_', " ").to_uppercase()),
        Some(None) => w.hole("the action is not known"),
    }
}

/// Writes a default as Piccolo does. Source: `Column.get_sql_value` and the classes of `columns/defaults`.
pub(super) fn literal(w: &mut Writer, value: &Value<'_>) {
    match value {
        Value::None => w.word("null"),
        Value::Text(text) if !text.marked => w.literal(text),
        Value::Int(_) | Value::Bool(_) => w.phrase(value),
        Value::Unknown(opaque) => {
            let shown = opaque.unknown.text.trim_matches(['{', '}']);
            // A fraction is no value that is followed, but it is written as it stands.
            if shown.parse::<f64>().is_ok() { w.word(shown) } else { w.unknown(value, "the default is made by code") }
        }
        Value::Record(record) => default_of_class(w, record),
        Value::List(items, _) => {
            let items = items.borrow();
            let words: Option<Vec<String>> = items
                .iter()
                .map(|item| match item {
                    Value::Int(int) => Some(int.to_string()),
                    item => item.as_str().map(|text| format!("\"{}\"", text.replace('\'', "''"))),
                })
                .collect();
            match words {
                Some(words) => w.word(&format!("'{{{}}}'", words.join(","))),
                None => w.hole("the default is made by code"),
            }
        }
        _ => w.hole("the default is made by code"),
    }
}

fn default_of_class(w: &mut Writer, record: &Record<'_>) {
    let args = Args::of_record(record);
    let interval = |units: &[&str]| {
        let given = units.iter().map(|unit| match args.named(unit) {
            Some(Value::Int(int)) => format!("{int} {unit}"),
            _ => format!("0 {unit}"),
        });
        given.collect::<Vec<_>>().join(" ")
    };
    match record.class.as_str() {
        "TimestampNow" | "TimestamptzNow" => w.word("current_timestamp"),
        "DateNow" => w.word("CURRENT_DATE"),
        "TimeNow" => w.word("CURRENT_TIME"),
        "UUID4" => w.word("gen_random_uuid()"),
        "UUID7" => w.word("uuidv7()"),
        "TimestampOffset" | "TimestamptzOffset" => {
            let interval = interval(&["days", "hours", "minutes", "seconds"]);
            w.word(&format!("CURRENT_TIMESTAMP + INTERVAL '{interval}'"));
        }
        "DateOffset" => w.word(&format!("CURRENT_DATE + INTERVAL '{}'", interval(&["days"]))),
        "TimeOffset" => w.word(&format!("CURRENT_TIME + INTERVAL '{}'", interval(&["hours", "minutes", "seconds"]))),
        "IntervalCustom" => {
            let units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds"];
            w.word(&format!("'{}'", interval(&units)));
        }
        "Decimal" => match args.get(0, &[]) {
            Some(Value::Text(text)) => w.append(&text.sql),
            Some(value) => literal(w, value),
            None => w.word("0"),
        },
        // A moment that is written out; which one changes nothing.
        "TimestampCustom" | "TimestamptzCustom" | "DateCustom" | "TimeCustom" | "UUID" => {
            w.word("'");
            w.hole("the default is a moment or a number that is written out");
            w.word("'");
        }
        _ => w.hole("the default is made by code"),
    }
}

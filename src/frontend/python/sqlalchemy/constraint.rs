//! Constraints of tables.

use super::super::value::{Record, Value};
use super::index::include;
use super::naming::{Kind, Nameless};
use super::{Args, Writer};
use crate::config::Dialect;
use crate::frontend::text::SqlText;

/// The table that a constraint is on: for what names columns through it.
#[derive(Clone, Copy)]
pub(in super::super) struct Owner<'v, 'a> {
    pub(in super::super) schema: Option<&'v Value<'a>>,
    pub(in super::super) table: &'v Value<'a>,
}

/// `CONSTRAINT name `, where the source or a convention gives one.
pub(in super::super) fn name(w: &mut Writer, of: &Nameless<'_, '_>) {
    if let Some(name) = w.derived(of) {
        w.word("CONSTRAINT ");
        w.name(&name);
        w.word(" ");
    }
}

/// The columns of a constraint, as a list or one by one.
fn listed<'a>(items: &[Value<'a>]) -> Vec<Value<'a>> {
    match items {
        // Some give a list where the library wants the names one by one.
        [list @ Value::List(..)] => Value::items(list).unwrap_or_default(),
        items => items.to_vec(),
    }
}

/// Writes a constraint as it stands in CREATE TABLE or after ADD; whether it was one.
pub(in super::super) fn constraint(w: &mut Writer, record: &Record<'_>) -> bool {
    let args = Args::of_record(record);
    match record.class.as_str() {
        "PrimaryKeyConstraint" => {
            name(w, &Nameless::new(Kind::PrimaryKey, args.given("name"), listed(&args.positional)));
            w.word("PRIMARY KEY (");
            columns(w, &args.positional);
            w.word(")");
            include(w, &args);
            deferrability(w, &args);
        }
        "UniqueConstraint" => {
            name(w, &Nameless::new(Kind::Unique, args.given("name"), listed(&args.positional)));
            w.word("UNIQUE ");
            match args.truth("postgresql_nulls_not_distinct").filter(|_| w.dialect == Dialect::Postgres) {
                Some(true) => w.word("NULLS NOT DISTINCT "),
                Some(false) => w.word("NULLS DISTINCT "),
                None => {}
            }
            w.word("(");
            columns(w, &args.positional);
            w.word(")");
            include(w, &args);
            deferrability(w, &args);
        }
        "CheckConstraint" => {
            name(w, &Nameless::new(Kind::Check, args.given("name"), Vec::new()));
            w.word("CHECK (");
            match args.get(0, &["sqltext"]) {
                Some(Value::Text(text)) => w.append(&text.sql),
                Some(other) => w.expression(other, false),
                None => w.hole("the condition is not known"),
            }
            w.word(")");
            deferrability(w, &args);
            validity(w, &args);
        }
        "ForeignKeyConstraint" => {
            let own = args.get(0, &["columns"]).and_then(Value::items).unwrap_or_default();
            let targets = args.get(1, &["refcolumns"]).and_then(Value::items);
            let referred = targets.as_deref().and_then(|targets| referred(w, targets, &own));
            let given = args.named("name").or_else(|| args.positional.get(2));
            name(w, &Nameless { referred, ..Nameless::new(Kind::ForeignKey, given, own) });
            w.word("FOREIGN KEY(");
            match args.get(0, &["columns"]) {
                Some(list) => w.names(list),
                None => w.hole("the columns are not known"),
            }
            w.word(") REFERENCES ");
            match targets {
                Some(targets) => references(w, &targets, &Value::None),
                None => w.hole("what it refers to is not known"),
            }
            foreign_key_options(w, &args);
        }
        "ExcludeConstraint" => exclusion(w, &args),
        _ => return false,
    }
    true
}

/// Columns given as names or as columns.
fn columns(w: &mut Writer, items: &[Value<'_>]) {
    for (at, item) in listed(items).iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        w.name(item);
    }
}

/// The table, without its schema, and the columns that a foreign key refers to.
pub(super) fn referred(w: &Writer, targets: &[Value<'_>], own: &[Value<'_>]) -> Option<(SqlText, Vec<SqlText>)> {
    let mut table = None;
    let mut columns = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        match target {
            Value::Text(text) => {
                let sql = &text.sql;
                let (before, column) = match sql.text.rsplit_once('.') {
                    Some((before, _)) => (before.len(), Some(sql.part(before.len() + 1..sql.text.len()))),
                    None => (sql.text.len(), None),
                };
                let from = sql.text.get(..before)?.rfind('.').map_or(0, |dot| dot + 1);
                table.get_or_insert_with(|| sql.part(from..before));
                let same = || match own.get(at) {
                    Some(Value::Text(text)) => text.sql.clone(),
                    _ => SqlText::default(),
                };
                columns.push(column.unwrap_or_else(same));
            }
            Value::Record(record) => {
                let fields = record.fields.borrow();
                let named = |value: Option<&Value<'_>>| {
                    let mut one = w.another();
                    match value {
                        Some(Value::Record(of)) => {
                            one.append(&of.fields.borrow().get("0").and_then(|name| match name {
                                Value::Text(text) => Some(text.sql.clone()),
                                _ => None,
                            })?);
                        }
                        Some(Value::Text(text)) => one.append(&text.sql),
                        _ => return None,
                    }
                    Some(one.out)
                };
                let of = named(fields.get("table"))?;
                table.get_or_insert(of);
                columns.push(named(fields.get("0"))?);
            }
            _ => return None,
        }
    }
    Some((table?, columns))
}

/// `table (columns)` of targets given as `"schema.table.column"` or as columns. A target that names no column means
/// the column of the same name as `own`.
pub(super) fn references(w: &mut Writer, targets: &[Value<'_>], own: &Value<'_>) {
    let mut columns = w.another();
    for (at, target) in targets.iter().enumerate() {
        if at > 0 {
            columns.word(", ");
        }
        match target {
            Value::Text(text) => {
                let sql = &text.sql;
                let (table, column) = match sql.text.rsplit_once('.') {
                    Some((table, _)) => (sql.part(0..table.len()), Some(sql.part(table.len() + 1..sql.text.len()))),
                    None => (sql.clone(), None),
                };
                if at == 0 {
                    w.dotted(&table);
                }
                match &column {
                    Some(column) => columns.name_text(column),
                    None => columns.name(own),
                }
            }
            Value::Record(record) if matches!(record.class.as_str(), "column" | "Column") => {
                let fields = record.fields.borrow();
                if at == 0 {
                    match fields.get("table") {
                        Some(Value::Record(table)) => {
                            let of = Args::of_record(table);
                            w.table(of.given("schema"), of.get(0, &["name"]).unwrap_or(&Value::None));
                        }
                        Some(name @ Value::Text(_)) => w.name(name),
                        _ => w.hole("the table that it refers to is not known"),
                    }
                }
                columns.name(fields.get("0").unwrap_or(&Value::None));
            }
            other => {
                if at == 0 {
                    w.unknown(other, "what it refers to is not known");
                }
                columns.hole("the column that it refers to is not known");
            }
        }
    }
    w.word(" (");
    w.append(&columns.out);
    w.word(")");
}

/// MATCH, ON DELETE, ON UPDATE, DEFERRABLE, NOT VALID.
pub(in super::super) fn foreign_key_options(w: &mut Writer, args: &Args<'_>) {
    for (option, words) in [("match", " MATCH "), ("ondelete", " ON DELETE "), ("onupdate", " ON UPDATE ")] {
        if let Some(value) = args.given(option) {
            w.word(words);
            w.phrase(value);
        }
    }
    deferrability(w, args);
    validity(w, args);
}

pub(super) fn deferrability(w: &mut Writer, args: &Args<'_>) {
    match args.truth("deferrable") {
        Some(true) => w.word(" DEFERRABLE"),
        Some(false) => w.word(" NOT DEFERRABLE"),
        None => {}
    }
    if let Some(initially) = args.given("initially") {
        w.word(" INITIALLY ");
        w.phrase(initially);
    }
}

fn validity(w: &mut Writer, args: &Args<'_>) {
    let option = args.given("postgresql_not_valid").filter(|_| w.dialect == Dialect::Postgres);
    match option.map(|value| (value, value.truth())) {
        Some((_, Some(true))) => w.word(" NOT VALID"),
        Some((value, None)) => {
            w.word(" ");
            w.unknown(value, "whether it is NOT VALID is not known");
        }
        _ => {}
    }
}

fn exclusion(w: &mut Writer, args: &Args<'_>) {
    if let Some(name) = args.given("name") {
        w.word("CONSTRAINT ");
        w.name(name);
        w.word(" ");
    }
    w.word("EXCLUDE USING ");
    match args.given("using") {
        Some(using) => w.phrase(using),
        None => w.word("gist"),
    }
    w.word(" (");
    for (at, element) in args.positional.iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        let pair = Value::items(element).unwrap_or_default();
        match pair.as_slice() {
            [Value::Text(text), operator, ..] if !text.marked => {
                w.name_text(&text.sql);
                class_of(w, &text.sql, args);
                w.word(" WITH ");
                w.phrase(operator);
            }
            [expression, operator, ..] => {
                w.expression(expression, false);
                w.word(" WITH ");
                w.phrase(operator);
            }
            _ => w.unknown(element, "the element is not known"),
        }
    }
    w.word(")");
    if let Some(condition) = args.given("where") {
        w.word(" WHERE (");
        match condition {
            Value::Text(text) => w.append(&text.sql),
            other => w.expression(other, false),
        }
        w.word(")");
    }
    deferrability(w, args);
}

/// The operator class that `ops` gives to a column.
fn class_of(w: &mut Writer, column: &SqlText, args: &Args<'_>) {
    if let Some(Value::Dict(pairs, _)) = args.given("ops") {
        for (name, class) in pairs.borrow().iter() {
            if name.as_str() == Some(&column.text) {
                w.word(" ");
                w.phrase(class);
            }
        }
    }
}

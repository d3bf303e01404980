//! Rows that are inserted, changed and read by constructs.

use super::super::value::{Construct, Value};
use super::{Args, Writer};
use crate::ir::OpKind;

/// Most rows of one statement that are written out; the rest says nothing new.
const MAX_ROWS: usize = 500;

/// Writes the table that a construct is about.
fn target(w: &mut Writer, table: &Value<'_>) {
    match table {
        Value::Record(record) => {
            let args = Args::of_record(record);
            match (&record.of, args.get(0, &["name"])) {
                (None, Some(name)) => w.table(args.given("schema"), name),
                _ => w.hole("the table is named elsewhere"),
            }
        }
        Value::Class(class) => match class.attribute("__tablename__", 0) {
            Some(name) => w.table(class_schema(class).as_ref(), &name),
            None => match class.attribute("__table__", 0) {
                Some(Value::Record(table)) => {
                    let args = Args::of_record(&table);
                    w.table(args.given("schema"), args.get(0, &["name"]).unwrap_or(&Value::None));
                }
                _ => w.hole("the table is named elsewhere"),
            },
        },
        other => w.unknown(other, "the table is named elsewhere"),
    }
}

/// The schema in a class's `__table_args__`.
fn class_schema<'a>(class: &super::super::value::Class<'a>) -> Option<Value<'a>> {
    let args = class.attribute("__table_args__", 0)?;
    let options = match &args {
        Value::Dict(..) => args.clone(),
        other => Value::items(other)?.into_iter().next_back()?,
    };
    let Value::Dict(pairs, _) = &options else { return None };
    let pairs = pairs.borrow();
    pairs.iter().find(|(name, _)| name.as_str() == Some("schema")).map(|(_, schema)| schema.clone())
}

/// Writes a construct as the statement that it is.
pub(in super::super) fn write(w: &mut Writer, construct: &Construct<'_>) {
    match construct.kind {
        OpKind::DataUpdate => {
            w.word("UPDATE ");
            target(w, &construct.target);
            w.word(" SET ");
            assignments(w, construct);
            condition(w, construct);
        }
        OpKind::DataDelete => {
            w.word("DELETE FROM ");
            target(w, &construct.target);
            condition(w, construct);
        }
        OpKind::DataInsert => insert(w, construct),
        _ => {
            w.word("SELECT ");
            if construct.columns.is_empty() {
                w.word("*");
            }
            for (at, column) in construct.columns.iter().enumerate() {
                if at > 0 {
                    w.word(", ");
                }
                match column {
                    Value::Class(_) => w.word("*"),
                    Value::Record(record) if matches!(record.class.as_str(), "Table" | "table") => w.word("*"),
                    Value::Text(text) if !text.marked => w.append(&text.sql),
                    other => w.expression(other, true),
                }
            }
            w.word(" FROM ");
            target(w, &construct.target);
            condition(w, construct);
            if let Some(limit) = &construct.limit {
                w.word(" LIMIT ");
                w.phrase(limit);
            }
        }
    }
}

fn condition(w: &mut Writer, construct: &Construct<'_>) {
    for (at, filter) in construct.filters.iter().enumerate() {
        w.word(if at == 0 { " WHERE " } else { " AND " });
        match filter {
            Value::Record(record) if record.class == "#bool" => {
                let loose = construct.filters.len() > 1;
                w.word(if loose { "(" } else { "" });
                w.expression(filter, true);
                w.word(if loose { ")" } else { "" });
            }
            Value::Bool(_) | Value::None | Value::Int(_) => w.hole("the condition is not known"),
            other => w.expression(other, true),
        }
    }
}

fn assignments(w: &mut Writer, construct: &Construct<'_>) {
    if construct.values.is_empty() {
        return w.hole("what is set is not known");
    }
    for (at, (column, value)) in construct.values.iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        w.name(column);
        w.word(" = ");
        let grouped = matches!(value, Value::Record(record) if record.class == "#binary");
        w.word(if grouped { "(" } else { "" });
        w.expression(value, true);
        w.word(if grouped { ")" } else { "" });
    }
}

fn insert(w: &mut Writer, construct: &Construct<'_>) {
    if let (Some(rows), None) = (&construct.rows, &construct.source) {
        return inserts(w, &construct.target, Some(rows));
    }
    w.word("INSERT INTO ");
    target(w, &construct.target);
    if let Some(source) = &construct.source {
        let (columns, select) = &**source;
        w.word(" (");
        w.names(columns);
        w.word(") ");
        match select {
            Value::Construct(select) => write(w, select),
            Value::Text(text) => w.append(&text.sql),
            other => {
                w.word("SELECT ");
                w.unknown(other, "the query is made by code");
            }
        }
        return;
    }
    if construct.values.is_empty() {
        w.word(" VALUES (");
        w.hole("the row is made while the program runs");
        return w.word(")");
    }
    w.word(" (");
    for (at, (column, _)) in construct.values.iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        w.name(column);
    }
    w.word(") VALUES (");
    for (at, (_, value)) in construct.values.iter().enumerate() {
        if at > 0 {
            w.word(", ");
        }
        w.expression(value, false);
    }
    w.word(")");
}

/// `INSERT INTO … VALUES …` for rows given as dictionaries; one statement for all.
pub(in super::super) fn inserts(w: &mut Writer, table: &Value<'_>, rows: Option<&Value<'_>>) {
    w.word("INSERT INTO ");
    target(w, table);
    let items = rows.and_then(Value::items);
    let Some(items) = items.filter(|items| items.iter().all(|item| matches!(item, Value::Dict(..)))) else {
        w.word(" VALUES (");
        w.hole("the rows are made while the program runs");
        return w.word(")");
    };
    for (at, item) in items.iter().take(MAX_ROWS).enumerate() {
        let Value::Dict(pairs, _) = item else { continue };
        let pairs = pairs.borrow();
        if at == 0 {
            w.word(" (");
            for (at, (column, _)) in pairs.iter().enumerate() {
                w.word(if at > 0 { ", " } else { "" });
                w.name(column);
            }
            w.word(") VALUES ");
        } else {
            w.word(", ");
        }
        w.word("(");
        for (at, (_, value)) in pairs.iter().enumerate() {
            w.word(if at > 0 { ", " } else { "" });
            match value {
                // A value that no SQL could name still is a value.
                Value::Unknown(_) | Value::Either(_) | Value::Dict(..) | Value::Record(_) => w.word("NULL"),
                other => w.expression(other, false),
            }
        }
        w.word(")");
    }
}

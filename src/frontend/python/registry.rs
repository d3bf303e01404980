//! Registries: lists of records that each hold the SQL of an index or name a batch function.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::value::{Env, Text, Value};
use crate::frontend::sql;
use crate::ir::{Known, Record, Unknown};
use crate::source::Role;
use crate::span::Span;

/// A record and what it has executed.
pub(super) struct Entry {
    /// Its fields.
    pub(super) record: Arc<Record>,
    /// SQL it holds.
    pub(super) sql: Vec<Text>,
    /// Bytes of the functions it names.
    pub(super) functions: Vec<Span>,
}

/// The registries among the variables of a module, in order of the file.
pub(super) fn collect(env: &Env<'_>, source: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, value) in env.vars.borrow().iter() {
        let value = match value {
            Value::Import(import) => import.found.get().and_then(Option::as_ref).unwrap_or(value),
            value => value,
        };
        let items: Vec<Value<'_>> = match value {
            Value::List(items, _) => items.borrow().clone(),
            Value::Dict(pairs, _) => pairs.borrow().iter().map(|(_, value)| value.clone()).collect(),
            _ => continue,
        };
        let records: Option<Vec<Entry>> = items.iter().map(|item| entry(name, item, source)).collect();
        // A list in which one element is no such record is no registry.
        entries.extend(records.unwrap_or_default());
    }
    entries.sort_by_key(|entry| entry.record.span);
    entries.dedup_by_key(|entry| entry.record.span);
    entries
}

/// The role that the registries give to the file.
pub(super) fn shape(entries: &[Entry]) -> Option<Role> {
    if entries.is_empty() {
        return None;
    }
    let index = |text: &Text| {
        let words = text.sql.text.to_lowercase();
        let mut words = words.split_whitespace();
        words.next() == Some("create") && words.find(|word| *word != "unique") == Some("index")
    };
    if entries.iter().all(|entry| !entry.sql.is_empty() && entry.sql.iter().all(index)) {
        return Some(Role::Indexes);
    }
    let says = |text: &str| {
        let text = text.to_lowercase();
        text.contains("backfill") || text.contains("batch")
    };
    let batch = |entry: &Entry| {
        let changes = entry.sql.iter().any(|text| {
            let first = text.sql.text.split_whitespace().next().unwrap_or_default().to_lowercase();
            matches!(first.as_str(), "update" | "delete" | "with")
        });
        let named = says(&entry.record.registry) || entry.record.fields.keys().any(|field| says(field));
        named && (changes || !entry.functions.is_empty())
    };
    entries.iter().all(batch).then_some(Role::Backfills)
}

fn entry(registry: &str, item: &Value<'_>, source: &str) -> Option<Entry> {
    let (fields, span): (Vec<(String, Value<'_>)>, Span) = match item {
        Value::Dict(pairs, span) => {
            let pairs = pairs.borrow();
            (pairs.iter().filter_map(|(k, v)| Some((k.as_str()?.to_owned(), v.clone()))).collect(), *span)
        }
        Value::Record(record) => {
            let fields = record.fields.borrow();
            (fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect(), record.span)
        }
        _ => return None,
    };
    let mut entry = Entry {
        record: Arc::new(Record { registry: registry.to_owned(), fields: BTreeMap::new(), span }),
        sql: Vec::new(),
        functions: Vec::new(),
    };
    let mut shown = BTreeMap::new();
    for (name, value) in fields {
        match &value {
            Value::Text(text) if sql::looks_like_sql(&text.sql.text) => entry.sql.push((**text).clone()),
            Value::Function(function) => entry.functions.push(function.span),
            _ => {}
        }
        shown.insert(name, field(&value, span, source));
    }
    entry.record = Arc::new(Record { registry: registry.to_owned(), fields: shown, span });
    (!entry.sql.is_empty() || !entry.functions.is_empty()).then_some(entry)
}

/// A field's value as written.
fn field(value: &Value<'_>, record: Span, source: &str) -> Known<String> {
    let written = |span: Span| span.slice(source).to_owned();
    match value {
        Value::Text(text) => {
            let all = 0..text.sql.text.len();
            let span = text.sql.span(all.clone());
            match text.sql.first_hole(all) {
                Some(hole) => Known::Unknown(hole.clone()),
                None => Known::Known(text.sql.text.clone(), span),
            }
        }
        Value::Int(int) => Known::Known(int.to_string(), record),
        Value::Bool(value) => Known::Known(if *value { "True" } else { "False" }.to_owned(), record),
        Value::None => Known::Known("None".to_owned(), record),
        Value::Function(function) => Known::Known(function.name.to_owned(), function.span),
        Value::List(_, span) | Value::Dict(_, span) => Known::Known(written(*span), *span),
        Value::Unknown(opaque) => Known::Unknown(opaque.unknown.clone()),
        _ => {
            let unknown =
                Unknown { reason: "the field is not followed".to_owned(), text: "{…}".to_owned(), span: record };
            Known::Unknown(unknown)
        }
    }
}

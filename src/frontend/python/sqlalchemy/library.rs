//! What functions and methods of SQLAlchemy make of their arguments, as far as it is SQL.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::value::{Construct, Record, Text, Value};
use super::Args;
use super::expression::{binary, is_expression, list_node, node, word};
use crate::ir::{Known, OpKind, Unknown};
use crate::span::Span;

/// Expressions within one another that are searched.
const MAX_DEPTH: u32 = 20;

/// A function of the library by its dotted name; `None` where it makes no SQL expression.
pub(in super::super) fn function<'a>(path: &str, args: &Args<'a>, span: Span) -> Option<Value<'a>> {
    let name = path.rsplit('.').next().unwrap_or(path);
    let first = args.positional.first();
    if let Some((_, called)) = path.split_once("func.") {
        let items = args.positional.clone();
        return Some(list_node("#func", called, items, span));
    }
    let sql = |text: &str| {
        let Value::Text(text) = word(text, span) else { return None };
        Some(Value::Text(Rc::new(Text { marked: true, ..(*text).clone() })))
    };
    match (name, first) {
        ("true" | "false", None) => Some(node("#truth", vec![("op", word(name, span))], span)),
        ("null", None) => sql("NULL"),
        ("literal_column", Some(Value::Text(text))) => {
            Some(Value::Text(Rc::new(Text { marked: true, ..(**text).clone() })))
        }
        ("bindparam", _) => Some(args.given("value").cloned().unwrap_or_else(|| node("#parameter", Vec::new(), span))),
        ("and_", Some(_)) => Some(list_node("#bool", "AND", args.positional.clone(), span)),
        ("or_", Some(_)) => Some(list_node("#bool", "OR", args.positional.clone(), span)),
        ("not_", Some(value)) => Some(not(value, span)),
        ("desc" | "asc" | "nulls_first" | "nullsfirst" | "nulls_last" | "nullslast", Some(value)) => {
            ordered(value, name, span)
        }
        ("cast" | "try_cast", Some(value)) => Some(cast(value, args.positional.get(1)?, span)),
        ("literal" | "inline_literal" | "type_coerce" | "label" | "quoted_name", Some(value)) => Some(value.clone()),
        ("case", Some(_)) => {
            // Before 1.4 the pairs stood in one list.
            let pairs = match args.positional.as_slice() {
                [Value::List(items, _)] if items.borrow().iter().all(|item| matches!(item, Value::List(..))) => {
                    items.borrow().clone()
                }
                pairs => pairs.to_vec(),
            };
            let mut fields = vec![("items", Value::list(pairs, span))];
            fields.extend(args.given("else_").map(|value| ("else", value.clone())));
            Some(node("#case", fields, span))
        }
        ("exists", Some(value)) => Some(list_node("#prefix", "EXISTS", vec![value.clone()], span)),
        // Its `where` comes after it.
        ("exists", None) => Some(list_node("#prefix", "EXISTS", Vec::new(), span)),
        ("distinct", Some(value)) => Some(list_node("#prefix", "DISTINCT", vec![value.clone()], span)),
        ("table" | "column", Some(_)) => Some(record(name, args, span)),
        ("mapped_column", _) => Some(record("Column", args, span)),
        ("declarative_base" | "automap_base", _) => Some(record("declarative_base", args, span)),
        // A name that is to be taken as it is.
        ("conv", Some(Value::Text(text))) => Some(Value::Text(Rc::new(Text { final_name: true, ..(**text).clone() }))),
        _ => None,
    }
}

/// A call of a class, with its arguments.
fn record<'a>(class: &str, args: &Args<'a>, span: Span) -> Value<'a> {
    let mut fields: std::collections::BTreeMap<_, _> =
        args.positional.iter().enumerate().map(|(at, value)| (at.to_string(), value.clone())).collect();
    fields.extend(args.named.iter().map(|(name, value)| (name.clone(), value.clone())));
    Value::Record(Rc::new(Record { class: class.to_owned(), of: None, fields: RefCell::new(fields), span }))
}

pub(in super::super) fn not<'a>(value: &Value<'a>, span: Span) -> Value<'a> {
    list_node("#prefix", "NOT", vec![value.clone()], span)
}

fn cast<'a>(value: &Value<'a>, to: &Value<'a>, span: Span) -> Value<'a> {
    node("#cast", vec![("items", Value::list(vec![value.clone()], span)), ("type", to.clone())], span)
}
fn ordered<'a>(value: &Value<'a>, name: &str, span: Span) -> Option<Value<'a>> {
    let op = match name {
        "desc" => "DESC",
        "asc" => "ASC",
        "nulls_first" | "nullsfirst" => "NULLS FIRST",
        "nulls_last" | "nullslast" => "NULLS LAST",
        _ => return None,
    };
    Some(list_node("#postfix", op, vec![value.clone()], span))
}

/// `exists().where(…)`: of the table whose column the condition names first.
fn exists_where<'a>(exists: &Record<'a>, condition: &Value<'a>, span: Span) -> Option<Value<'a>> {
    let empty = exists.fields.borrow().get("items").and_then(Value::items).is_some_and(|items| items.is_empty());
    let unknown = Unknown { reason: "the table is named elsewhere".to_owned(), text: "{exists}".to_owned(), span };
    let target = first_table(condition, 0).filter(|_| empty)?;
    let select = Construct::new(OpKind::DataSelect, Known::Unknown(unknown), target);
    let select = Construct { filters: vec![condition.clone()], ..select };
    Some(list_node("#prefix", "EXISTS", vec![Value::Construct(Rc::new(select))], span))
}

/// The table of the column that an expression names first.
fn first_table<'a>(value: &Value<'a>, depth: u32) -> Option<Value<'a>> {
    let Value::Record(record) = value else { return None };
    if depth > MAX_DEPTH {
        return None;
    }
    let fields = record.fields.borrow();
    if let Some(table @ Value::Record(_)) = fields.get("table") {
        return Some(table.clone());
    }
    let items = fields.get("items").and_then(Value::items).unwrap_or_default();
    let parts = fields.get("left").into_iter().chain(&items).chain(fields.get("right"));
    parts.into_iter().find_map(|part| first_table(part, depth + 1))
}

/// A method of an SQL expression; `None` where the receiver is none.
pub(in super::super) fn method<'a>(base: &Value<'a>, name: &str, args: &Args<'a>, span: Span) -> Option<Value<'a>> {
    let first = args.positional.first();
    if let Value::Record(record) = base {
        match (record.class.as_str(), name, first) {
            ("Sequence", "next_value", _) => return Some(list_node("#func", "nextval", vec![base.clone()], span)),
            ("#prefix", "where", Some(condition)) => return exists_where(record, condition, span),
            _ => {}
        }
    }
    if !is_expression(base) {
        return None;
    }
    let with = |op: &str| first.map(|value| binary(base, op, value, span));
    match name {
        "is_" => with("IS"),
        "is_not" | "isnot" => with("IS NOT"),
        "is_distinct_from" => with("IS DISTINCT FROM"),
        "in_" => with("IN"),
        "not_in" | "notin_" => with("NOT IN"),
        "like" => with("LIKE"),
        "not_like" | "notlike" => with("NOT LIKE"),
        "ilike" => with("ILIKE"),
        "regexp_match" => with("~"),
        "concat" => with("||"),
        "startswith" | "endswith" | "contains" => {
            let (before, after) = (name != "startswith", name != "endswith");
            let mut pattern = first?.clone();
            if before {
                pattern = binary(&word("%", span), "||", &pattern, span);
            }
            if after {
                pattern = binary(&pattern, "||", &word("%", span), span);
            }
            Some(binary(base, "LIKE", &pattern, span))
        }
        "between" => {
            let bounds = list_node("#bool", "AND", args.positional.clone(), span);
            // Written without the parentheses that AND has elsewhere.
            Some(list_node("#bool", "BETWEEN", vec![base.clone(), bounds], span))
        }
        "desc" | "asc" | "nulls_first" | "nullsfirst" | "nulls_last" | "nullslast" => ordered(base, name, span),
        "cast" => first.map(|to| cast(base, to, span)),
        "op" | "bool_op" => {
            let op = first?.as_str()?.to_owned();
            Some(node("#op", vec![("0", base.clone()), ("op", word(&op, span))], span))
        }
        "as_string" | "as_integer" | "label" | "self_group" | "scalar_subquery" | "compile" => Some(base.clone()),
        _ => None,
    }
}

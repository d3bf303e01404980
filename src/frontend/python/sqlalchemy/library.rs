//! What functions and methods of SQLAlchemy make of their arguments, as far as it is SQL.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::value::{Record, Text, Value};
use super::Args;
use super::expression::{binary, is_expression, list_node, node, word};
use crate::span::Span;

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
        ("true", None) => sql("true"),
        ("false", None) => sql("false"),
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

/// A method of an SQL expression; `None` where the receiver is none.
pub(in super::super) fn method<'a>(base: &Value<'a>, name: &str, args: &Args<'a>, span: Span) -> Option<Value<'a>> {
    let Value::Record(record) = base else { return None };
    if record.class == "Sequence" && name == "next_value" {
        return Some(list_node("#func", "nextval", vec![base.clone()], span));
    }
    let marked = matches!(record.class.as_str(), "#func");
    if !(is_expression(base) || marked) {
        return None;
    }
    let first = args.positional.first();
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

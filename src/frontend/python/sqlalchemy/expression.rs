//! SQL expressions that are built by operators, methods and functions.
//!
//! A part of an expression is a record: `column`, and classes whose names start with `#` for what no class of the
//! library is written for in the source (`a == b` is `#binary`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::value::{Record, Value};
use super::{Writer, types};
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::ir::OpKind;
use crate::span::Span;

/// Expressions within one another.
const MAX_DEPTH: u32 = 60;

/// Functions that are written without parentheses.
/// Source: the functions of `sqlalchemy.sql.functions` derived from `AnsiFunction`.
const BARE: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
];

/// A part of an expression.
pub(super) fn node<'a>(class: &str, fields: Vec<(&str, Value<'a>)>, span: Span) -> Value<'a> {
    let fields: BTreeMap<String, Value<'a>> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Record(Rc::new(Record { class: class.to_owned(), of: None, fields: RefCell::new(fields), span }))
}

/// A name or operator that stands at `span`.
pub(in super::super) fn word<'a>(text: &str, span: Span) -> Value<'a> {
    let mut sql = SqlText::default();
    sql.push(text, span);
    Value::text(sql)
}

/// A part of an expression with operands in order.
pub(super) fn list_node<'a>(class: &str, op: &str, items: Vec<Value<'a>>, span: Span) -> Value<'a> {
    node(class, vec![("op", word(op, span)), ("items", Value::list(items, span))], span)
}

/// Whether a value is (a part of) an SQL expression: only then an operator between values makes SQL.
pub(super) fn is_expression(value: &Value<'_>) -> bool {
    match value {
        Value::Record(record) => record.class.starts_with('#') || matches!(record.class.as_str(), "column" | "Column"),
        // A query whose one value is compared.
        Value::Construct(construct) => construct.kind == OpKind::DataSelect && construct.conn.is_none(),
        _ => false,
    }
}

/// `left op right` in Python's words; `None` where no operand is an SQL expression.
pub(in super::super) fn operator<'a>(left: &Value<'a>, op: &str, right: &Value<'a>, span: Span) -> Option<Value<'a>> {
    if !(is_expression(left) || is_expression(right)) {
        return None;
    }
    let null = matches!(right, Value::Text(text) if text.marked && text.sql.text == "NULL");
    Some(match (op, right) {
        ("=", _) if null => binary(left, "IS", right, span),
        ("!=", _) if null => binary(left, "IS NOT", right, span),
        ("&" | "|", _) => {
            let op = if op == "&" { "AND" } else { "OR" };
            list_node("#bool", op, vec![left.clone(), right.clone()], span)
        }
        ("=", Value::None) => binary(left, "IS", right, span),
        ("!=", Value::None) => binary(left, "IS NOT", right, span),
        _ => binary(left, op, right, span),
    })
}

pub(super) fn binary<'a>(left: &Value<'a>, op: &str, right: &Value<'a>, span: Span) -> Value<'a> {
    node("#binary", vec![("left", left.clone()), ("op", word(op, span)), ("right", right.clone())], span)
}

/// `table.c`, `table.c.name`, `Model.name`.
pub(in super::super) fn attribute<'a>(
    base: &Record<'a>,
    whole: &Value<'a>,
    name: &str,
    span: Span,
) -> Option<Value<'a>> {
    match base.class.as_str() {
        "Table" | "table" | "TableClause" if base.of.is_none() && matches!(name, "c" | "columns") => {
            Some(node("#columns", vec![("table", whole.clone())], span))
        }
        // A decorator of a type hands out the type itself.
        _ if name == "impl" && base.of.is_none() => Some(whole.clone()),
        "#columns" => {
            let table = base.fields.borrow().get("table").cloned().unwrap_or(Value::None);
            Some(node("column", vec![("0", word(name, span)), ("table", table)], span))
        }
        _ => None,
    }
}

/// A column of a table of which only the name is known.
pub(in super::super) fn qualified<'a>(table: Value<'a>, name: Value<'a>, span: Span) -> Value<'a> {
    node("column", vec![("0", name), ("table", table)], span)
}

impl Writer {
    /// Writes an expression; `qualify`: columns with the names of their tables.
    pub(in super::super) fn expression(&mut self, value: &Value<'_>, qualify: bool) {
        self.expression_at(value, qualify, 0);
    }

    fn expression_at(&mut self, value: &Value<'_>, qualify: bool, depth: u32) {
        if depth > MAX_DEPTH {
            return self.hole("the expression is too deep");
        }
        match value {
            Value::Text(text) if text.marked => self.append(&text.sql),
            Value::Text(text) => self.literal(text),
            Value::None => self.word("NULL"),
            Value::Bool(truth) => self.truth(*truth),
            Value::Int(_) => self.phrase(value),
            Value::List(items, _) => {
                self.word("(");
                let items = items.borrow().clone();
                self.operands(&items, ", ", qualify, depth);
                self.word(")");
            }
            Value::Record(record) => self.part(record, value, qualify, depth),
            Value::Construct(construct) => {
                self.word("(");
                super::rows::write(self, construct);
                self.word(")");
            }
            other => self.value(other, "the expression is made by code"),
        }
    }

    /// SQLite has numbers for them.
    fn truth(&mut self, value: bool) {
        match (self.dialect, value) {
            (Dialect::Sqlite, true) => self.word("1"),
            (Dialect::Sqlite, false) => self.word("0"),
            (_, value) => self.phrase(&Value::Bool(value)),
        }
    }

    fn operands(&mut self, items: &[Value<'_>], between: &str, qualify: bool, depth: u32) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.word(between);
            }
            self.expression_at(item, qualify, depth + 1);
        }
    }

    fn part(&mut self, record: &Record<'_>, value: &Value<'_>, qualify: bool, depth: u32) {
        let fields = record.fields.borrow();
        let field = |name: &str| fields.get(name).cloned().unwrap_or(Value::None);
        let op = field("op").as_str().unwrap_or_default().to_owned();
        let items = Value::items(&field("items")).unwrap_or_default();
        match record.class.as_str() {
            "column" | "Column" => self.column(record, qualify),
            "Sequence" => self.name(&field("0")),
            "#binary" => {
                self.grouped(&field("left"), qualify, depth);
                self.word(&format!(" {op} "));
                self.grouped(&field("right"), qualify, depth);
            }
            "#bool" => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.word(&format!(" {op} "));
                    }
                    if op == "AND" {
                        self.within(item, "OR", qualify, depth);
                    } else {
                        self.expression_at(item, qualify, depth + 1);
                    }
                }
            }
            "#prefix" => {
                self.word(&op);
                self.word(" ");
                if op == "NOT" {
                    self.parenthesised(&items, qualify, depth);
                } else {
                    self.operands(&items, ", ", qualify, depth);
                }
            }
            "#postfix" => {
                self.operands(&items, ", ", qualify, depth);
                self.word(&format!(" {op}"));
            }
            "#func" => self.function_call(&op, &items, qualify, depth),
            "#cast" => {
                self.word("CAST(");
                self.operands(&items, ", ", qualify, depth);
                self.word(" AS ");
                types::write(self, &field("type"));
                self.word(")");
            }
            "#case" => {
                self.word("CASE");
                for pair in items {
                    let pair = Value::items(&pair).unwrap_or_default();
                    for (word, value) in [" WHEN ", " THEN "].iter().zip(&pair) {
                        self.word(word);
                        self.expression_at(value, qualify, depth + 1);
                    }
                }
                if let Some(otherwise) = fields.get("else") {
                    self.word(" ELSE ");
                    self.expression_at(otherwise, qualify, depth + 1);
                }
                self.word(" END");
            }
            "#parameter" => self.word(":value"),
            "#truth" => self.truth(op == "true"),
            "Table" | "table" | "TableClause" => {
                let schema = fields.get("schema").cloned();
                self.table(schema.as_ref(), &field("0"));
            }
            _ => match (&record.of, fields.get("value")) {
                // A member of an enum of the project.
                (Some(_), Some(inner)) => self.expression_at(&inner.clone(), qualify, depth + 1),
                _ => self.unknown(value, "the expression is made by code"),
            },
        }
    }

    fn function_call(&mut self, name: &str, items: &[Value<'_>], qualify: bool, depth: u32) {
        if BARE.contains(&name.to_lowercase().as_str()) && items.is_empty() {
            return self.word(&name.to_uppercase());
        }
        self.word(name);
        self.word("(");
        if name == "count" && items.is_empty() {
            self.word("*");
        }
        if let ("nextval" | "next_value", [Value::Record(sequence)]) = (name, items) {
            let name = sequence.fields.borrow().get("0").cloned().unwrap_or(Value::None);
            self.word("'");
            self.name(&name);
            self.word("'");
        } else {
            self.operands(items, ", ", qualify, depth);
        }
        self.word(")");
    }

    /// An operand, in parentheses where it is itself AND or OR.
    fn grouped(&mut self, value: &Value<'_>, qualify: bool, depth: u32) {
        self.within(value, "", qualify, depth);
    }

    /// Writes a part in parentheses where its operator is `loose`, or any of AND and OR where that is empty.
    fn within(&mut self, value: &Value<'_>, loose: &str, qualify: bool, depth: u32) {
        let wrap = match value {
            Value::Record(record) if record.class == "#bool" => {
                let op = record.fields.borrow().get("op").and_then(|op| op.as_str().map(str::to_owned));
                loose.is_empty() || op.as_deref() == Some(loose)
            }
            _ => false,
        };
        if wrap {
            self.word("(");
        }
        self.expression_at(value, qualify, depth + 1);
        if wrap {
            self.word(")");
        }
    }

    fn parenthesised(&mut self, items: &[Value<'_>], qualify: bool, depth: u32) {
        self.word("(");
        self.operands(items, ", ", qualify, depth);
        self.word(")");
    }

    fn column(&mut self, record: &Record<'_>, qualify: bool) {
        let fields = record.fields.borrow();
        let name = fields.get("0").or_else(|| fields.get("name")).cloned().unwrap_or(Value::None);
        if qualify {
            match fields.get("table") {
                Some(Value::Record(table)) => {
                    let of = table.fields.borrow();
                    let (schema, name) = (of.get("schema").cloned(), of.get("0").or_else(|| of.get("name")).cloned());
                    self.table(schema.as_ref(), &name.unwrap_or(Value::None));
                    self.word(".");
                }
                Some(name @ Value::Text(_)) => {
                    self.name(name);
                    self.word(".");
                }
                _ => {}
            }
        }
        self.name(&name);
    }
}

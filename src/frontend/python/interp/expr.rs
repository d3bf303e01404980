//! Expressions.

use std::rc::Rc;

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCompare, ExprSlice, Number, Operator, UnaryOp};

use super::super::sqlalchemy as sa;
use super::super::strings;
use super::super::value::{Body, Dj, Function, READ, Text, Value};
use super::{Interp, MAX_DEPTH};
use crate::frontend::text::SqlText;
use crate::span::Span;

impl<'a> Interp<'a> {
    pub(super) fn eval(&mut self, expr: &'a Expr) -> Value<'a> {
        if self.depth > MAX_DEPTH || !self.spend(1) {
            return self.unknown("the source is too deeply nested or too long to be followed", expr);
        }
        self.depth += 1;
        let value = self.evaluate(expr);
        self.depth -= 1;
        value
    }

    fn evaluate(&mut self, expr: &'a Expr) -> Value<'a> {
        let span = self.span(expr);
        match expr {
            Expr::StringLiteral(text) => {
                let mut sql = SqlText::default();
                for part in &text.value {
                    self.literal(&mut sql, part);
                }
                Value::text(sql)
            }
            Expr::FString(text) => self.f_string(text.value.as_slice()),
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(int) => int.as_i64().map_or_else(|| self.unknown("it is a large number", expr), Value::Int),
                _ if self.django.on => {
                    let mut text = SqlText::default();
                    text.push(span.slice(self.source()), span);
                    Self::foreign_record("float", &[Value::text(text)], &[], span)
                }
                _ => self.unknown("it is a fraction", expr),
            },
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::Name(name) => self.name(name.id.as_str(), expr),
            Expr::Attribute(attribute) => {
                let base = self.eval(&attribute.value);
                self.attribute_of(&base, attribute.attr.as_str(), span)
            }
            Expr::Subscript(subscript) => {
                let (base, key) = (self.eval(&subscript.value), self.eval(&subscript.slice));
                self.subscript(&base, &key, expr)
            }
            Expr::List(list) => self.sequence(&list.elts, span),
            Expr::Tuple(tuple) => self.sequence(&tuple.elts, span),
            Expr::Set(set) => self.sequence(&set.elts, span),
            Expr::Dict(dict) => {
                let mut pairs = Vec::new();
                for item in dict {
                    let value = self.eval(&item.value);
                    match &item.key {
                        Some(key) => pairs.push((self.eval(key), value)),
                        None => {
                            if let Value::Dict(more, _) = value {
                                pairs.extend(more.borrow().iter().cloned());
                            }
                        }
                    }
                }
                Value::Dict(Rc::new(std::cell::RefCell::new(pairs)), span)
            }
            Expr::BinOp(_) => self.chain(expr),
            Expr::BoolOp(op) => {
                let values: Vec<_> = op.values.iter().map(|value| self.eval(value)).collect();
                let stop = op.op == BoolOp::Or;
                for value in &values {
                    match value.truth() {
                        Some(truth) if truth == stop => return value.clone(),
                        // `given or "default"`.
                        None if stop && self.django.on => {
                            return values.last().map_or(Value::None, |last| value.clone().join(last.clone()));
                        }
                        None => return self.unknown("it depends on a condition", expr),
                        _ => {}
                    }
                }
                values.last().cloned().unwrap_or(Value::None)
            }
            Expr::UnaryOp(unary) => {
                let value = self.eval(&unary.operand);
                if let (UnaryOp::Invert, Value::Record(_), true) = (unary.op, &value, self.django.on) {
                    return Self::foreign_record("~", &[value], &[], span);
                }
                match (unary.op, value.truth(), &value) {
                    (UnaryOp::Invert, _, Value::Record(_) | Value::Construct(_)) => sa::not(&value, span),
                    (UnaryOp::Not, Some(truth), _) => Value::Bool(!truth),
                    (UnaryOp::USub, _, Value::Int(int)) => Value::Int(-*int),
                    _ => self.part_of(&value, expr, "it is computed from a value that is not known"),
                }
            }
            Expr::Compare(compare) => self.compare(compare, expr),
            Expr::If(ternary) => match self.decided(&ternary.test) {
                Some(true) => self.eval(&ternary.body),
                Some(false) => self.eval(&ternary.orelse),
                None => {
                    let value = self.eval(&ternary.body);
                    value.join(self.eval(&ternary.orelse))
                }
            },
            Expr::Named(named) => {
                let value = self.eval(&named.value);
                self.assign(&named.target, value.clone());
                value
            }
            Expr::Await(inner) => {
                let value = self.eval(&inner.value);
                self.awaited(value, inner)
            }
            Expr::Starred(inner) => self.eval(&inner.value),
            Expr::Lambda(lambda) => Value::Function(Rc::new(Function {
                name: "lambda",
                unit: self.unit(),
                parameters: lambda.parameters.as_deref(),
                body: Body::Expression(&lambda.body),
                env: self.env(),
                bound: None,
                applied: None,
                manager: false,
                span,
            })),
            Expr::ListComp(comp) => self.comprehension(&comp.elt, &comp.generators, expr),
            Expr::SetComp(comp) => self.comprehension(&comp.elt, &comp.generators, expr),
            Expr::DictComp(comp) => self.dict_comprehension(comp, expr),
            Expr::Generator(comp) => self.comprehension(&comp.elt, &comp.generators, expr),
            Expr::Yield(inner) => {
                let value = inner.value.as_ref().map_or(Value::None, |value| self.eval(value));
                let rows = self.row_loops > 0;
                if let Some(frame) = self.frames.last_mut() {
                    frame.yields.get_or_insert_default().push(value);
                    // What a generator gives for each row is as many as there are rows.
                    self.grown.extend(frame.place().filter(|_| rows));
                }
                Value::None
            }
            Expr::YieldFrom(inner) => {
                let value = self.eval(&inner.value);
                let items = Value::items(&value).unwrap_or_else(|| vec![value]);
                if let Some(frame) = self.frames.last_mut() {
                    frame.yields.get_or_insert_default().extend(items);
                }
                Value::None
            }
            Expr::Call(call) => self.call(call),
            _ => self.unknown("the expression is not followed", expr),
        }
    }

    fn name(&mut self, name: &'a str, expr: &'a Expr) -> Value<'a> {
        let span = self.span(expr);
        let held = self.env().get(name);
        // What a Django migration has from outside the project is told by its dotted path.
        let known =
            held.and_then(|value| if self.django.on { self.used(value) } else { self.used_or_external(&value, span) });
        if let Some(value) = known {
            return value;
        }
        if name == "__file__" {
            return self.own_path(span);
        }
        if self.django.on {
            let held = self.env().get(name).map_or_else(Vec::new, |value| value.alternatives());
            let imports =
                held.iter().filter_map(|value| if let Value::Import(import) = value { Some(import) } else { None });
            let paths = imports.map(|import| match import.name {
                Some(name) if import.module.is_empty() => name.to_owned(),
                Some(name) => format!("{}.{name}", import.module),
                None => import.module.clone(),
            });
            if let Some(value) = paths.map(Self::foreign).reduce(Value::join) {
                return value;
            }
            if self.frame().is_none_or(|frame| frame.function.is_none()) {
                return Self::foreign(name);
            }
        }
        if let Some(value) = self.names.get(name) {
            return value.clone();
        }
        let reason = format!("`{name}` is not defined in this project");
        let value = match self.env().get(super::import::STAR) {
            Some(Value::Import(import)) => {
                let unknown = crate::ir::Unknown { reason, text: format!("{{{name}}}"), span };
                Value::external(unknown, &format!("{}.{name}", import.module))
            }
            _ => self.unknown(&reason, expr),
        };
        self.names.insert(name, value.clone());
        value
    }

    fn sequence(&mut self, elements: &'a [Expr], span: Span) -> Value<'a> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let value = self.eval(element);
            match (element, &value) {
                (Expr::Starred(_), Value::List(more, _)) => items.extend(more.borrow().iter().cloned()),
                _ => items.push(value),
            }
        }
        Value::list(items, span)
    }

    /// `a + b + c …`: as long as it likes, without recursion.
    fn chain(&mut self, expr: &'a Expr) -> Value<'a> {
        let mut spine = Vec::new();
        let mut at = expr;
        while let Expr::BinOp(op) = at {
            spine.push(op);
            at = &op.left;
        }
        let mut value = self.eval(at);
        for op in spine.into_iter().rev() {
            let right = self.eval(&op.right);
            let span = self.span(op);
            value = self.binary(&value, op.op, &right, span);
        }
        value
    }

    pub(super) fn binary(&mut self, left: &Value<'a>, op: Operator, right: &Value<'a>, span: Span) -> Value<'a> {
        // `sql += " WHERE …"` after a branch: each text that it can be.
        if let (Value::Either(values), Value::Text(_)) | (Value::Text(_), Value::Either(values)) = (left, right) {
            let first = matches!(left, Value::Either(_));
            let results: Vec<_> = values
                .iter()
                .map(|value| {
                    let (left, right) = if first { (value, right) } else { (left, value) };
                    self.binary(left, op, right, span)
                })
                .collect();
            return results.into_iter().reduce(Value::join).unwrap_or(Value::None);
        }
        // `fields + ([…] if enabled else [])`: each list that it can be.
        if let (Value::Either(values), Value::List(..)) | (Value::List(..), Value::Either(values)) = (left, right)
            && values.iter().all(|value| matches!(value, Value::List(..)))
        {
            let first = matches!(left, Value::Either(_));
            let lists = values.iter().map(|value| {
                if first { self.binary(value, op, right, span) } else { self.binary(left, op, value, span) }
            });
            return lists.reduce(Value::join).unwrap_or(Value::None);
        }
        if let Operator::Div = op
            && let Some(path) = Self::below(left, std::slice::from_ref(right), span)
        {
            return path;
        }
        if let (true, Value::Record(_), _) | (true, _, Value::Record(_)) = (self.django.on, left, right)
            && let Some(sign) = operator_word(op)
        {
            return Self::foreign_record(sign, &[left.clone(), right.clone()], &[], span);
        }
        if let Some(word) = operator_word(op)
            && let Some(value) = sa::operator(left, word, right, span)
        {
            return value;
        }
        match (left, op, right) {
            (Value::Int(a), Operator::Add, Value::Int(b)) => Value::Int(a.saturating_add(*b)),
            (Value::Int(a), Operator::Sub, Value::Int(b)) => Value::Int(a.saturating_sub(*b)),
            (Value::Int(a), Operator::Mult, Value::Int(b)) => Value::Int(a.saturating_mul(*b)),
            (Value::Int(a), Operator::Pow, Value::Int(b)) if (0..64).contains(b) => {
                Value::Int(a.saturating_pow(u32::try_from(*b).unwrap_or(0)))
            }
            (Value::List(a, _), Operator::Add, Value::List(b, _)) => {
                self.spend(a.borrow().len() + b.borrow().len());
                let mut items = a.borrow().clone();
                items.extend(b.borrow().iter().cloned());
                Value::list(items, span)
            }
            (Value::List(a, _), Operator::Mult, Value::Int(n)) => {
                let items = a.borrow();
                let rounds = usize::try_from(*n).unwrap_or(0).min(1_000 / items.len().max(1));
                Value::list((0..rounds).flat_map(|_| items.iter().cloned()).collect(), span)
            }
            (Value::Text(a), Operator::Mult, Value::Int(n)) => {
                let mut out = SqlText::default();
                for _ in 0..usize::try_from(*n).unwrap_or(0).min(1_000 / a.sql.text.len().max(1)) {
                    out.append(&a.sql);
                }
                Value::text(out)
            }
            (Value::Text(a), Operator::Mod, _) => {
                let arguments = match right {
                    Value::List(items, _) => items.borrow().clone(),
                    other => vec![other.clone()],
                };
                let named = match right {
                    Value::Dict(pairs, _) => pairs.borrow().clone(),
                    _ => Vec::new(),
                };
                let pieces = strings::percent_pieces(&a.sql.text);
                self.template(a, &pieces, &arguments, &named)
            }
            (Value::Text(_), Operator::Add, Value::Text(_) | Value::Unknown(_) | Value::Either(_))
            | (Value::Unknown(_) | Value::Either(_), Operator::Add, Value::Text(_)) => {
                let (a, b) = (self.text_of(left, span), self.text_of(right, span));
                self.spend((a.sql.text.len() + b.sql.text.len()) / 8);
                let mut out = Text { sql: a.sql.clone(), ..Text::default() };
                out.sql.append(&b.sql);
                out.mix(&a);
                out.mix(&b);
                Value::Text(Rc::new(out))
            }
            _ => self.part_of_span(left, span),
        }
    }

    fn part_of_span(&self, value: &Value<'a>, span: Span) -> Value<'a> {
        let text = span.slice(self.file_text(span)).split_whitespace().collect::<Vec<_>>().join(" ");
        let reason = "it is computed from values that are not known".to_owned();
        let span = self.script_of(value).unwrap_or(span);
        Value::opaque(crate::ir::Unknown { reason, text: format!("{{{text}}}"), span }, value.is_parameter())
    }

    /// `names[1:]`, `schema[:-1]`: a part of what is known, between bounds that are.
    fn slice_of(&mut self, base: &Value<'a>, slice: &'a ExprSlice, span: Span) -> Option<Value<'a>> {
        let len = match base {
            Value::Text(text) if text.sql.is_known() && text.sql.text.is_ascii() => text.sql.text.len(),
            Value::List(items, _) if !self.is_grown(base) => items.borrow().len(),
            _ => return None,
        };
        if slice.step.is_some() || items_are_read(base) {
            return None;
        }
        let mut bound = |given: &'a Option<Box<Expr>>, default: usize| match given.as_deref().map(|it| self.eval(it)) {
            None | Some(Value::None) => Some(default),
            Some(Value::Int(at)) => {
                let whole = i64::try_from(len).ok()?;
                let at = if at < 0 { whole.saturating_add(at) } else { at };
                usize::try_from(at.clamp(0, whole)).ok()
            }
            Some(_) => None,
        };
        let from = bound(&slice.lower, 0)?;
        let to = bound(&slice.upper, len)?.max(from);
        match base {
            Value::Text(text) => Some(Value::Text(Rc::new(Text { sql: text.sql.part(from..to), ..(**text).clone() }))),
            // A loop may have added more than is known: nothing is left out that could be there.
            Value::List(items, _) if from < to => Some(Value::list(items.borrow().get(from..to)?.to_vec(), span)),
            _ => None,
        }
    }

    fn subscript(&mut self, base: &Value<'a>, key: &Value<'a>, expr: &'a Expr) -> Value<'a> {
        if let Value::Django(django) = base {
            return match &**django {
                Dj::Foreign(path) if path.ends_with("django.db.connections") => {
                    Self::foreign("django.db.connections[]")
                }
                Dj::Query(query) => {
                    let sliced = matches!(expr, Expr::Subscript(subscript) if subscript.slice.is_slice_expr());
                    match (sliced, query.plain) {
                        (true, _) => base.clone(),
                        (false, false) => Value::Django(Rc::new(Dj::Row(query.clone(), false))),
                        (false, true) => self.unknown(READ, expr),
                    }
                }
                _ => self.unknown("its element is not known", expr),
            };
        }
        if let Expr::Subscript(subscript) = expr
            && let Expr::Slice(slice) = &*subscript.slice
            && let Some(part) = self.slice_of(base, slice, self.span(expr))
        {
            return part;
        }
        match (base, key) {
            _ if base.path() == Some(super::peewee::ORM) => return super::peewee::model_named(key, self.span(expr)),
            // Some of the objects that were read one by one.
            (Value::List(items, _), _)
                if matches!(expr, Expr::Subscript(subscript) if subscript.slice.is_slice_expr())
                    && items.borrow().iter().any(|item| matches!(item, Value::Django(_))) =>
            {
                return Value::list(items.borrow().clone(), self.span(expr));
            }
            (Value::Unknown(opaque), Value::Text(_)) if opaque.holds_tables() => {
                let class = opaque.unknown.text.ends_with(".classes}");
                return Self::reflected(key.clone(), class, self.span(expr));
            }
            // The first of the objects that were read.
            (Value::Unknown(opaque), Value::Int(_)) if opaque.row_of.is_some() => return base.clone(),
            (Value::List(items, _), Value::Int(index)) => {
                let items = items.borrow();
                let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = if *index < 0 { len.saturating_add(*index) } else { *index };
                if let Some(item) = usize::try_from(at).ok().and_then(|at| items.get(at)) {
                    return item.clone();
                }
            }
            (Value::Record(record), Value::Text(_)) if record.class == "#columns" => {
                let table = record.fields.borrow().get("table").cloned().unwrap_or(Value::None);
                return sa::qualified(table, key.clone(), self.span(expr));
            }
            (Value::Dict(pairs, _), _) => {
                let pairs = pairs.borrow();
                if let Some((_, value)) = pairs.iter().find(|(k, _)| k.equals(key) == Some(true)) {
                    return value.clone();
                }
                let unknown_key = !matches!(key, Value::Text(t) if t.sql.is_known());
                if unknown_key && !pairs.is_empty() {
                    let mut values = pairs.iter().map(|(_, value)| value.clone());
                    let first = values.next().unwrap_or(Value::None);
                    return values.take(32).fold(first, Value::join);
                }
            }
            _ => {}
        }
        self.part_of(base, expr, "its element is not known")
    }

    fn compare(&mut self, compare: &'a ExprCompare, expr: &'a Expr) -> Value<'a> {
        let left = self.eval(&compare.left);
        let rights: Vec<_> = compare.comparators.iter().map(|side| self.eval(side)).collect();
        if let ([op], [right]) = (&*compare.ops, &rights[..])
            && let Some(word) = comparison_word(*op)
            && let Some(value) = sa::operator(&left, word, right, self.span(expr))
        {
            return value;
        }
        let answer = match (&*compare.ops, rights.first()) {
            ([CmpOp::Eq | CmpOp::Is], Some(right)) => left.equals(right),
            ([CmpOp::NotEq | CmpOp::IsNot], Some(right)) => left.equals(right).map(|same| !same),
            ([op @ (CmpOp::In | CmpOp::NotIn)], Some(Value::List(items, _))) => {
                let answers: Vec<_> = items.borrow().iter().map(|item| left.equals(item)).collect();
                let found = if answers.contains(&Some(true)) {
                    Some(true)
                } else if answers.contains(&None) || answers.is_empty() {
                    None
                } else {
                    Some(false)
                };
                found.map(|found| found == (*op == CmpOp::In))
            }
            _ => None,
        };
        answer.map_or_else(|| self.unknown("it depends on a condition", expr), Value::Bool)
    }
}

/// How SQL writes an operator of Python between expressions.
fn operator_word(op: Operator) -> Option<&'static str> {
    Some(match op {
        Operator::Add => "+",
        Operator::Sub => "-",
        Operator::Mult => "*",
        Operator::Div => "/",
        Operator::Mod => "%",
        Operator::BitAnd => "&",
        Operator::BitOr => "|",
        _ => return None,
    })
}

/// How SQL writes a comparison of Python.
fn comparison_word(op: CmpOp) -> Option<&'static str> {
    Some(match op {
        CmpOp::Eq => "=",
        CmpOp::NotEq => "!=",
        CmpOp::Lt => "<",
        CmpOp::LtE => "<=",
        CmpOp::Gt => ">",
        CmpOp::GtE => ">=",
        _ => return None,
    })
}

/// Whether a list holds objects that were read: they stand for as many as there are.
fn items_are_read(list: &Value<'_>) -> bool {
    matches!(list, Value::List(items, _) if items.borrow().iter().any(|item| matches!(item, Value::Django(_))))
}

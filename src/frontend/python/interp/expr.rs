//! Expressions.

use std::rc::Rc;

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, Expr, ExprCompare, ExprDictComp, FString, FStringPart, InterpolatedStringElement,
    Number, Operator, UnaryOp,
};
use ruff_text_size::Ranged;

use super::super::sqlalchemy as sa;
use super::super::strings::{self, Piece};
use super::super::value::{Body, Dj, Function, READ, Text, Value};
use super::stmt::MAX_ROUNDS;
use super::{Interp, MAX_DEPTH};
use crate::frontend::text::SqlText;
use crate::span::Span;

/// Loops of one comprehension.
const MAX_LOOPS: u32 = 8;

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
                if let Some(frame) = self.frames.last_mut() {
                    frame.yields.get_or_insert_default().push(value);
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

    fn literal(&self, sql: &mut SqlText, part: &ruff_python_ast::StringLiteral) {
        let source = self.source();
        let quoting = strings::quoting(source, part.start().to_usize(), part.end().to_usize());
        let file = self.span(part).file;
        strings::decode(sql, source, file, (quoting.start, quoting.end), quoting.raw, false);
    }

    fn f_string(&mut self, parts: &'a [FStringPart]) -> Value<'a> {
        // `f"{sql}"` and nothing else is the value itself.
        if let [FStringPart::FString(f)] = parts
            && let [InterpolatedStringElement::Interpolation(only)] = &f.elements[..]
        {
            let value = self.eval(&only.expression);
            if let Value::Text(_) | Value::Either(_) = value {
                return value;
            }
            let mut out = Text::default();
            self.fill(&mut out, &value, self.span(only));
            let whole = matches!(value, Value::Unknown(_));
            return Value::Text(Rc::new(Text { parameter: whole && value.is_parameter(), ..out }));
        }
        let mut outs = vec![Text::default()];
        for part in parts {
            match part {
                FStringPart::Literal(literal) => outs.iter_mut().for_each(|out| self.literal(&mut out.sql, literal)),
                FStringPart::FString(f) => self.f_string_part(&mut outs, f),
            }
        }
        let texts = outs.into_iter().map(|out| Value::Text(Rc::new(out)));
        texts.reduce(Value::join).unwrap_or(Value::None)
    }

    /// Appends the parts of an f-string to each text that it can be; a value that is one of a few multiplies them.
    fn f_string_part(&mut self, outs: &mut Vec<Text>, f: &'a FString) {
        let source = self.source();
        let quoting = strings::quoting(source, f.start().to_usize(), f.end().to_usize());
        for element in &f.elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    let range = (literal.start().to_usize(), literal.end().to_usize());
                    let file = self.span(literal).file;
                    for out in outs.iter_mut() {
                        strings::decode(&mut out.sql, source, file, range, quoting.raw, true);
                    }
                }
                InterpolatedStringElement::Interpolation(part) => {
                    let value = self.eval(&part.expression);
                    let span = self.span(part);
                    let mut values = value.alternatives();
                    let known = values.iter().all(|value| matches!(value, Value::Text(_)));
                    if !known || values.len() * outs.len() > 8 {
                        values = vec![value];
                    }
                    let mut before = std::mem::take(outs);
                    for (at, value) in values.iter().enumerate() {
                        // The last takes what is written so far: most have one value, and nothing is copied for it.
                        let texts = if at + 1 == values.len() { std::mem::take(&mut before) } else { before.clone() };
                        for mut out in texts {
                            self.fill(&mut out, value, span);
                            outs.push(out);
                        }
                    }
                }
            }
        }
    }

    /// Appends `value` where the template has `span`.
    pub(super) fn fill(&mut self, out: &mut Text, value: &Value<'a>, span: Span) {
        let text = self.text_of(value, span);
        if text.sql.is_known() {
            out.sql.push(&text.sql.text, span);
        } else {
            let only_hole = text.sql.text.chars().count() == 1;
            if let (true, Some(hole)) = (only_hole, text.sql.hole_at(0)) {
                let shown = span.slice(self.file_text(span)).to_owned();
                out.sql.push_hole(crate::ir::Unknown { reason: hole.reason.clone(), text: shown, span });
            } else {
                out.sql.append(&text.sql);
            }
        }
        out.mix(&text);
    }

    pub(super) fn file_text(&self, span: Span) -> &'a str {
        self.units.iter().find(|unit| unit.file.id == span.file).map_or("", |unit| unit.file.text.as_str())
    }

    /// A value as `str()` shows it.
    pub(super) fn text_of(&mut self, value: &Value<'a>, span: Span) -> Text {
        let mut out = Text::default();
        match value {
            Value::Text(text) => return (**text).clone(),
            Value::Int(int) => out.sql.push(&int.to_string(), span),
            Value::Bool(true) => out.sql.push("True", span),
            Value::Bool(false) => out.sql.push("False", span),
            Value::None => out.sql.push("None", span),
            Value::Unknown(opaque) => {
                out.sql.push_hole(opaque.unknown.clone());
                out.parameter = opaque.parameter;
            }
            Value::Either(values) => {
                let reason = format!("it is one of {} values", values.len());
                let text = format!("{{{}}}", span.slice(self.file_text(span)).trim_matches(['{', '}']));
                out.sql.push_hole(crate::ir::Unknown { reason, text, span });
            }
            _ => {
                let text = format!("{{{}}}", span.slice(self.file_text(span)).trim_matches(['{', '}']));
                let reason = "it is no string in the source".to_owned();
                out.sql.push_hole(crate::ir::Unknown { reason, text, span });
            }
        }
        out
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

    /// Fills a `%` or `format` template; an argument that is one of a few texts gives as many texts.
    pub(super) fn template(
        &mut self,
        template: &Text,
        pieces: &[Piece],
        arguments: &[Value<'a>],
        named: &[(Value<'a>, Value<'a>)],
    ) -> Value<'a> {
        let mut choices: Vec<Vec<Value<'a>>> = vec![Vec::new()];
        for value in arguments.iter().chain(named.iter().map(|(_, value)| value)) {
            let mut values = value.alternatives();
            let known = values.iter().all(|value| matches!(value, Value::Text(_)));
            if !known || values.len() * choices.len() > 8 {
                values = vec![value.clone()];
            }
            if let [only] = &values[..] {
                for choice in &mut choices {
                    choice.push(only.clone());
                }
                continue;
            }
            let before = std::mem::take(&mut choices);
            for choice in before {
                choices.extend(values.iter().map(|value| choice.iter().chain([value]).cloned().collect()));
            }
        }
        let texts = choices.into_iter().map(|mut choice| {
            let values = choice.split_off(arguments.len());
            let named: Vec<_> = named.iter().map(|(name, _)| name.clone()).zip(values).collect();
            self.fill_template(template, pieces, &choice, &named)
        });
        texts.reduce(Value::join).unwrap_or(Value::None)
    }

    /// Fills a template; each value stands where its field stood.
    fn fill_template(
        &mut self,
        template: &Text,
        pieces: &[Piece],
        arguments: &[Value<'a>],
        named: &[(Value<'a>, Value<'a>)],
    ) -> Value<'a> {
        let mut out = Text::default();
        out.mix(&Text { passed: None, ..template.clone() });
        let mut next = 0;
        for piece in pieces {
            match piece {
                Piece::Copy(from, to) => out.sql.append(&template.sql.part(*from..*to)),
                Piece::Escaped(c, at) => out.sql.push(c.encode_utf8(&mut [0; 4]), template.sql.span(*at..*at + 2)),
                Piece::Field(name, from, to) => {
                    let (from, to) = (*from, *to);
                    let span = template.sql.span(from..to);
                    let value = if name.is_empty() {
                        next += 1;
                        arguments.get(next - 1).cloned()
                    } else if let Ok(index) = name.parse::<usize>() {
                        arguments.get(index).cloned()
                    } else {
                        let mut path = name.split('.');
                        let first = path.next().unwrap_or_default();
                        let found = named.iter().find(|(k, _)| k.as_str() == Some(first)).map(|(_, v)| v.clone());
                        path.fold(found, |value, part| value.map(|v| self.attribute_of(&v, part, span)))
                    };
                    let missing =
                        || Value::unknown("its value is not passed in the source", template.sql.shown(from..to), span);
                    let value = value.unwrap_or_else(missing);
                    self.fill(&mut out, &value, span);
                }
            }
        }
        Value::Text(Rc::new(out))
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
        match (base, key) {
            _ if base.path() == Some(super::peewee::ORM) => return super::peewee::model_named(key, self.span(expr)),
            // Some of the objects that were read one by one.
            (Value::List(items, _), _)
                if matches!(expr, Expr::Subscript(subscript) if subscript.slice.is_slice_expr())
                    && items.borrow().iter().any(|item| matches!(item, Value::Django(_))) =>
            {
                return Value::list(items.borrow().clone(), self.span(expr));
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

    fn comprehension(&mut self, element: &'a Expr, generators: &'a [Comprehension], expr: &'a Expr) -> Value<'a> {
        let mut out = Vec::new();
        match self.generate(element, generators, &mut out, 0) {
            Ok(()) => Value::list(out, self.span(expr)),
            Err(rows @ Value::Django(_)) if self.django.on && Self::object_of(&rows).is_some() => rows,
            Err(iterated) => self.part_of(&iterated, expr, "it is built from values that are not known"),
        }
    }

    fn dict_comprehension(&mut self, comp: &'a ExprDictComp, expr: &'a Expr) -> Value<'a> {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        // `{**pairs for pairs in all}` has no key.
        let Some(key) = &comp.key else { return self.unknown("it is built from other dictionaries", expr) };
        let made = self.generate(key, &comp.generators, &mut keys, 0);
        match made.and_then(|()| self.generate(&comp.value, &comp.generators, &mut values, 0)) {
            Ok(()) => {
                let pairs = keys.into_iter().zip(values).collect();
                Value::Dict(Rc::new(std::cell::RefCell::new(pairs)), self.span(expr))
            }
            Err(iterated) => self.part_of(&iterated, expr, "it is built from values that are not known"),
        }
    }

    /// Runs the loops of a comprehension, outermost first; the error is what a loop cannot be run over.
    fn generate(
        &mut self,
        element: &'a Expr,
        generators: &'a [Comprehension],
        out: &mut Vec<Value<'a>>,
        depth: u32,
    ) -> Result<(), Value<'a>> {
        let Some((generator, inner)) = generators.split_first() else {
            let value = self.eval(element);
            out.push(value);
            return Ok(());
        };
        let iterated = self.eval(&generator.iter);
        let Some(items) = Value::items(&iterated).filter(|_| depth < MAX_LOOPS) else {
            let reason = "it comes from a loop over values that are not known";
            let row = self.row_of(&iterated, &generator.target);
            self.assign(&generator.target, row.unwrap_or_else(|| self.part_of(&iterated, &generator.target, reason)));
            let rows = u32::from(iterated.is_read());
            self.loops.push(None);
            self.row_loops += rows;
            let made = self.eval(element);
            self.row_loops -= rows;
            self.loops.pop();
            return Err(Self::mapped_rows(&made).filter(|_| depth == 0).unwrap_or(iterated));
        };
        for item in items {
            if out.len() >= MAX_ROUNDS {
                self.cut("the list has more elements than are followed");
                break;
            }
            if !self.spend(1) {
                break;
            }
            self.assign(&generator.target, item);
            if generator.ifs.iter().all(|test| self.eval(test).truth() != Some(false)) {
                self.generate(element, inner, out, depth + 1)?;
            }
        }
        Ok(())
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

//! Texts with values in them: f-strings, and templates that are filled.

use std::rc::Rc;

use ruff_python_ast::{FString, FStringPart, InterpolatedStringElement};
use ruff_text_size::Ranged;

use super::super::strings::{self, Piece};
use super::super::value::{Text, Value};
use super::Interp;
use crate::frontend::text::SqlText;
use crate::span::Span;

/// Texts that one template can give.
const MAX_TEXTS: usize = 8;

/// The texts that a value can be, each of which multiplies those that a template gives so far; the value as it is where
/// they are not all known, or too many.
fn texts_of<'a>(value: &Value<'a>, so_far: usize) -> Vec<Value<'a>> {
    let values = value.alternatives();
    let known = values.iter().all(|value| matches!(value, Value::Text(_)));
    if known && values.len() * so_far <= MAX_TEXTS { values } else { vec![value.clone()] }
}

impl<'a> Interp<'a> {
    pub(super) fn literal(&self, sql: &mut SqlText, part: &ruff_python_ast::StringLiteral) {
        let source = self.source();
        let quoting = strings::quoting(source, part.start().to_usize(), part.end().to_usize());
        let file = self.span(part).file;
        strings::decode(sql, source, file, (quoting.start, quoting.end), quoting.raw, false);
    }

    pub(super) fn f_string(&mut self, parts: &'a [FStringPart]) -> Value<'a> {
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
                    let values = texts_of(&value, outs.len());
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
            let values = texts_of(value, choices.len());
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
}

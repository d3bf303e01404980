//! Values of the interpreter as migrations keep them: calls that are not run, with nothing left of the interpreter.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::django::{Call, Py};
use super::super::value::{Class, Dj, Record, Value};
use super::Interp;
use super::django::{MAX_NESTING, unknown_of};
use crate::ir::Unknown;
use crate::span::Span;

/// Classes between a class and one it is derived from.
const MAX_BASES: usize = 32;

impl<'a> Interp<'a> {
    /// The paths of a record's class and of all that it is derived from, nearest first.
    pub(super) fn lineage(&self, record: &Record<'a>) -> Vec<String> {
        let Some(class) = &record.of else { return vec![record.class.clone()] };
        let mut paths = Vec::new();
        let mut open: Vec<Value<'a>> = vec![Value::Class(class.clone())];
        while let Some(next) = open.pop() {
            match next {
                Value::Class(class) if paths.len() < MAX_BASES => {
                    paths.push(self.class_path(&class));
                    open.extend(class.bases.iter().rev().cloned());
                }
                Value::Django(django) => {
                    if let Dj::Foreign(path) = &*django {
                        paths.push(path.clone());
                    }
                }
                Value::Either(values) => open.extend(values.first().cloned()),
                _ => {}
            }
        }
        paths
    }

    /// `shop.fields.Money` for a class of `shop/fields.py`.
    fn class_path(&self, class: &Class<'a>) -> String {
        let file = self.units.iter().find(|unit| unit.file.id == class.span.file);
        let module = file.map_or("", |unit| unit.file.path.trim_end_matches(".py").trim_end_matches("/__init__"));
        format!("{}.{}", module.replace('/', "."), class.name)
    }

    pub(super) fn py_call(&mut self, record: &Rc<Record<'a>>, depth: u32) -> Option<Call> {
        if depth > MAX_NESTING {
            return None;
        }
        let mut paths = self.lineage(record).into_iter();
        let mut call = Call { path: paths.next()?, bases: paths.collect(), span: record.span, ..Call::default() };
        let fields: Vec<(String, Value<'a>)> = {
            let fields = record.fields.borrow();
            let given =
                fields.iter().filter_map(|(name, value)| Some((name.strip_prefix('=')?.to_owned(), value.clone())));
            given.collect()
        };
        let mut places: BTreeMap<usize, Py> = BTreeMap::new();
        for (name, value) in fields {
            let value = self.py(&value, depth + 1);
            match name.parse::<usize>() {
                Ok(at) => {
                    places.insert(at, value);
                }
                Err(_) => call.kwargs.push((name, value)),
            }
        }
        call.args = places.into_values().collect();
        if let Some(class) = &record.of
            && let Some(Value::Function(function)) = class.attribute("db_type", 0)
        {
            let bound = super::call::bound(&function, &Value::Record(record.clone()));
            self.quiet += 1;
            let given = self.enter(&bound, &[], &[], Some(record.span), false);
            self.quiet -= 1;
            call.db_type = given.alternatives().iter().find_map(|value| value.as_str().map(str::to_owned));
        }
        Some(call)
    }

    /// A value with nothing of the interpreter left in it.
    pub(super) fn py(&mut self, value: &Value<'a>, depth: u32) -> Py {
        if depth > MAX_NESTING || !self.spend(1) {
            return Py::Unknown(unknown_of(value, Span::default()));
        }
        match value {
            Value::None => Py::None,
            Value::Bool(value) => Py::Bool(*value),
            Value::Int(value) => Py::Int(*value),
            Value::Text(text) => {
                if text.sql.is_known() {
                    Py::Text(text.sql.text.clone())
                } else {
                    Py::Unknown(unknown_of(value, Span::default()))
                }
            }
            Value::List(items, _) => {
                let items = items.borrow().clone();
                Py::List(items.iter().map(|item| self.py(item, depth + 1)).collect())
            }
            Value::Dict(pairs, _) => {
                let pairs = pairs.borrow().clone();
                Py::Dict(
                    pairs.iter().map(|(key, value)| (self.py(key, depth + 1), self.py(value, depth + 1))).collect(),
                )
            }
            Value::Record(record) if record.class == "float" => {
                let text = record.fields.borrow().get("=0").and_then(|text| text.as_str().map(str::to_owned));
                Py::Number(text.unwrap_or_default())
            }
            Value::Record(record) => match self.py_call(record, depth + 1) {
                Some(call) => Py::Call(Box::new(call)),
                None => Py::Unknown(unknown_of(value, record.span)),
            },
            Value::Function(function) => {
                self.quiet += 1;
                let given = self.enter(function, &[], &[], Some(function.span), false);
                self.quiet -= 1;
                let given = match given {
                    Value::Function(_) => Py::None,
                    other => self.py(&other, depth + 1),
                };
                Py::Name(function.name.to_owned(), Box::new(given))
            }
            Value::Class(class) => Py::Name(self.class_path(class), Box::new(Py::None)),
            Value::Django(django) => match &**django {
                Dj::Foreign(path) => {
                    let nothing = Unknown {
                        reason: "it is computed at run time".into(),
                        text: path.clone(),
                        span: Span::default(),
                    };
                    Py::Name(path.clone(), Box::new(Py::Unknown(nothing)))
                }
                _ => Py::Unknown(unknown_of(value, Span::default())),
            },
            Value::Either(values) => {
                // `try: from a import Field` of one version or another: the first is the newer. Of lists the longest
                // is what everything switched on makes.
                let lists = values.iter().all(|value| matches!(value, Value::List(..)));
                let longest = values.iter().rev().max_by_key(|value| value.items().map_or(0, |items| items.len()));
                let chosen = if lists { longest } else { values.first() };
                self.py(&chosen.cloned().unwrap_or(Value::None), depth + 1)
            }
            other => Py::Unknown(unknown_of(other, Span::default())),
        }
    }
}

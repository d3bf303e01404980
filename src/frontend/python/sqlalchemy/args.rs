//! The arguments of a call, whichever way they were written.

use std::collections::BTreeMap;

use super::super::value::{Record, Value};

/// Arguments by position and by name.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Args<'a> {
    pub(in super::super) positional: Vec<Value<'a>>,
    pub(in super::super) named: BTreeMap<String, Value<'a>>,
}

impl<'a> Args<'a> {
    pub(in super::super) fn of_call(arguments: &[Value<'a>], named: &[(&'a str, Value<'a>)]) -> Self {
        let named = named.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { positional: arguments.to_vec(), named }
    }

    /// What a class of a library was called with.
    pub(in super::super) fn of_record(record: &Record<'a>) -> Self {
        let fields = record.fields.borrow();
        let mut positional = Vec::new();
        while let Some(value) = fields.get(&positional.len().to_string()) {
            positional.push(value.clone());
        }
        let named = fields.iter().filter(|(name, _)| !name.starts_with(|c: char| c.is_ascii_digit()));
        Self { positional, named: named.map(|(name, value)| (name.clone(), value.clone())).collect() }
    }

    /// The argument at `at`, or of one of these names; a name that starts with `*` is not looked for.
    pub(in super::super) fn get(&self, at: usize, names: &[&str]) -> Option<&Value<'a>> {
        self.positional.get(at).or_else(|| names.iter().find_map(|name| self.named.get(*name)))
    }

    pub(in super::super) fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.named.get(name)
    }

    /// The named argument, where it is given and is not `None`.
    pub(in super::super) fn given(&self, name: &str) -> Option<&Value<'a>> {
        self.named.get(name).filter(|value| !matches!(value, Value::None))
    }

    /// Whether the named argument is certainly true.
    pub(in super::super) fn flag(&self, name: &str) -> bool {
        self.truth(name) == Some(true)
    }

    /// What the named argument asks for; `None` where it is absent or not known.
    pub(in super::super) fn truth(&self, name: &str) -> Option<bool> {
        self.given(name).and_then(Value::truth)
    }

    /// Puts an argument before the one at `at`.
    pub(in super::super) fn insert(&mut self, at: usize, value: Value<'a>) {
        // A call by keywords alone has nothing at the places before it.
        if at <= self.positional.len() {
            self.positional.insert(at, value);
        } else {
            self.named.insert("table_name".to_owned(), value);
        }
    }
}

//! The table that a class is mapped to: named in it, in what it is derived from, or by its mapper's own rule.

use std::rc::Rc;

use super::super::super::django::Py;
use super::super::super::value::{Class, Record, Value};
use super::super::Interp;
use super::library::{adds_nothing, is_flask_model, known_columns, known_table};
use super::text::snake;
use super::{Base, MAX_DEPTH, Name, is_true};
use crate::ir::QualifiedName;

impl<'a> Interp<'a> {
    /// The table that a class names itself, for the class `of`; `None` where it has none of its own.
    pub(super) fn own_table(&mut self, class: &Rc<Class<'a>>, of: &Rc<Class<'a>>, depth: u32) -> Option<Name> {
        if depth > MAX_DEPTH || !self.spend(1) {
            return Some(None);
        }
        if Self::own(class, "__abstract__").is_some_and(|value| value.truth() != Some(false)) && depth == 0 {
            return None;
        }
        if let Some(Value::Record(table)) = Self::own(class, "__table__") {
            return Some(self.py_call(&table, 0).and_then(|call| super::table_name(&call)));
        }
        let named = Self::own(class, "__tablename__").map(|value| self.said_of(&value, of));
        match named {
            Some(Value::None) => return None,
            Some(value) => {
                let schema = self.schema_of(of);
                return Some(value.as_str().map(|name| QualifiedName { schema, name: name.to_owned() }));
            }
            None => {}
        }
        for base in Self::bases(class) {
            // What a mixin says holds for every class; a table of a model is that model's own.
            let name = match base {
                Base::Own(base) => self.mixed_in_table(&base, of, depth),
                Base::Made(record) => match Self::made_of(&record) {
                    Some(base) => self.own_table(&base, of, depth + 1),
                    None => None,
                },
                Base::Library(path) => known_table(&path)
                    .map(|table| Some(QualifiedName { schema: self.schema_of(of), name: table.to_owned() })),
                Base::Unknown => None,
            };
            if name.is_some() {
                return name;
            }
        }
        if depth > 0 {
            return None;
        }
        let name = if Self::is_sqlmodel_table(class) {
            class.name.to_lowercase()
        } else if Self::comes_from(class, &is_flask_model, 0) {
            // One that is derived from a model shares its table, unless it has a key of its own.
            // Source: flask_sqlalchemy, `should_set_tablename`.
            if self.has_mapped_parent(class, 0) && !self.has_own_key(class) {
                return None;
            }
            snake(class.name)
        } else {
            return None;
        };
        Some(Some(QualifiedName { schema: self.schema_of(of), name }))
    }

    /// Whether a column of the primary key stands in the class itself.
    fn has_own_key(&mut self, class: &Class<'a>) -> bool {
        let own: Vec<Value<'a>> = class.env.vars.borrow().values().cloned().collect();
        let mut calls = own.iter().filter_map(|value| self.taken_down(value));
        calls.any(|call| super::is_column(&call) && matches!(call.get("primary_key"), Some(Py::Bool(true))))
    }

    fn mixed_in_table(&mut self, base: &Rc<Class<'a>>, of: &Rc<Class<'a>>, depth: u32) -> Option<Name> {
        let is_abstract = Self::own(base, "__abstract__").is_some_and(|value| value.truth() != Some(false));
        let named = ["__tablename__", "__table__"].iter().any(|name| Self::own(base, name).is_some());
        if named && !is_abstract && Self::can_be_mapped(base) {
            return None;
        }
        self.own_table(base, of, depth + 1)
    }

    /// The class of the project that `declarative_base(cls=…)` makes a base of.
    pub(super) fn made_of(record: &Record<'a>) -> Option<Rc<Class<'a>>> {
        match record.fields.borrow().get("=cls") {
            Some(Value::Class(class)) => Some(class.clone()),
            _ => None,
        }
    }

    /// Whether a class that is not of the project may name the table, as the one that a library gives its users does.
    pub(super) fn is_named_elsewhere(class: &Class<'a>, depth: u32) -> bool {
        depth < MAX_DEPTH
            && Self::bases(class).iter().any(|base| match base {
                Base::Own(class) => Self::is_named_elsewhere(class, depth + 1),
                Base::Library(path) => !adds_nothing(path) && known_columns(path).is_none(),
                Base::Made(_) => false,
                Base::Unknown => true,
            })
    }

    pub(super) fn is_sqlmodel_table(class: &Class<'a>) -> bool {
        let keywords = class.def.arguments.iter().flat_map(|arguments| &arguments.keywords);
        let mut asked = keywords.filter(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == "table"));
        asked.any(|keyword| is_true(&keyword.value))
    }

    /// A value, or what a `declared_attr` gives for a class.
    pub(super) fn said_of(&mut self, value: &Value<'a>, of: &Rc<Class<'a>>) -> Value<'a> {
        let Value::Function(function) = value else { return value.clone() };
        // Most take the class's name: `return cls.__name__.lower()`.
        let bound = super::super::call::bound(function, &Value::Class(of.clone()));
        self.enter(&bound, &[], &[], Some(function.span), false)
    }

    /// The schema in `__table_args__`, else that of the `MetaData` that the class is of.
    fn schema_of(&mut self, class: &Rc<Class<'a>>) -> Option<String> {
        let own = class.attribute("__table_args__", 0).and_then(|value| {
            let value = self.said_of(&value, class);
            value.alternatives().iter().find_map(|value| {
                let options = match value {
                    Value::List(items, _) => items.borrow().last().cloned()?,
                    other => other.clone(),
                };
                let Value::Dict(pairs, _) = options else { return None };
                let pairs = pairs.borrow();
                let (_, schema) = pairs.iter().find(|(key, _)| key.as_str() == Some("schema"))?;
                schema.as_str().map(str::to_owned)
            })
        });
        own.or_else(|| Self::schema_of_metadata(class, 0))
    }

    /// The schema of the `MetaData` of a class: its own attribute, or what its base is made with.
    fn schema_of_metadata(class: &Class<'a>, depth: u32) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let of = |value: Option<Value<'a>>| match value {
            Some(Value::Record(metadata)) => {
                metadata.fields.borrow().get("=schema").and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        };
        if let Some(metadata @ Value::Record(_)) = Self::own(class, "metadata") {
            return of(Some(metadata));
        }
        Self::bases(class).iter().find_map(|base| match base {
            Base::Own(base) => Self::schema_of_metadata(base, depth + 1),
            Base::Made(record) => of(record.fields.borrow().get("=metadata").cloned()),
            Base::Library(_) | Base::Unknown => None,
        })
    }
}

//! Types that a project makes by code: what they are for the dialect of the code around them.

use std::rc::Rc;

use super::super::guards;
use super::super::sqlalchemy as sa;
use super::super::value::{Class, Value};
use super::Interp;
use super::alembic::record;
use super::call::bound;
use crate::config::Dialect;
use crate::span::Span;

/// The class of what `load_dialect_impl` is handed.
const DIALECT: &str = "#dialect";

impl<'a> Interp<'a> {
    /// A class that stands for its instance where a type is wanted: `Column("id", UUID)`.
    pub(super) fn typed(&mut self, value: &Value<'a>, span: Span) -> Value<'a> {
        match value {
            Value::Class(class) if asks_dialect(class).is_some() => self.instance(class, &[], &[], span, false),
            other => other.clone(),
        }
    }

    /// Asks a type of the project what it is for the dialect, and keeps the answer.
    pub(super) fn settle_type(&mut self, class: &Rc<Class<'a>>, this: &Value<'a>, span: Span) {
        let Some((method, Value::Function(function))) = asks_dialect(class) else { return };
        let Value::Record(of) = this else { return };
        let dialect = sa::Args {
            named: [("name".to_owned(), sa::word(name(self.dialect()), span))].into(),
            ..sa::Args::default()
        };
        let dialect = Value::Record(Rc::new(record(DIALECT, dialect, span)));
        let given = if method == "load_dialect_impl" { vec![dialect] } else { Vec::new() };
        let found = self.enter(&bound(&function, this), &given, &[], Some(span), false);
        if matches!(found, Value::Record(_) | Value::Class(_) | Value::Text(_)) {
            of.fields.borrow_mut().insert(sa::FOR_DIALECT.to_owned(), found);
        }
    }

    /// `dialect.type_descriptor(TYPE)` gives the type back.
    pub(super) fn dialect_method(base: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Option<Value<'a>> {
        let Value::Record(record) = base else { return None };
        (record.class == DIALECT && name == "type_descriptor").then(|| arguments.first().cloned())?
    }

    /// The dialect that a value names, or that all of a list do.
    pub(super) fn dialect_named(value: &Value<'a>) -> Option<Dialect> {
        if let Some(name) = value.as_str() {
            return guards::dialect_word(name);
        }
        let items = value.items()?;
        let mut found = items.iter().map(|item| item.as_str().and_then(guards::dialect_word));
        let first = found.next()??;
        found.all(|other| other == Some(first)).then_some(first)
    }
}

/// The method by which a type tells what it is, with its name.
fn asks_dialect<'a>(class: &Class<'a>) -> Option<(&'static str, Value<'a>)> {
    ["load_dialect_impl", "get_col_spec"].into_iter().find_map(|name| Some((name, class.attribute(name, 0)?)))
}

/// The name that SQLAlchemy has for a dialect.
const fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgresql",
        Dialect::Mysql => "mysql",
        Dialect::Sqlite => "sqlite",
        Dialect::Mssql => "mssql",
    }
}

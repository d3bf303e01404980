//! Attributes: what is behind the dot.

use std::rc::Rc;

use super::super::sqlalchemy as sa;
use super::super::value::{ARGUMENT, Dj, ENVIRONMENT, Opaque, Value};
use super::Interp;
use super::call::bound;
use crate::ir::TransactionKind;
use crate::span::Span;

/// `schema_editor.quote_name`, `connection.ops.quote_name`.
pub(super) const QUOTE_NAME: &str = "django.db.connection.ops.quote_name";

impl<'a> Interp<'a> {
    pub(super) fn attribute_of(&mut self, base: &Value<'a>, name: &str, span: Span) -> Value<'a> {
        let text = format!("{{{}}}", span.slice(self.file_text(span)));
        match base {
            Value::Record(record) => {
                if let Some(value) = Self::path_attribute(base, name, span) {
                    return value;
                }
                if record.of.is_none() {
                    let found = sa::attribute(record, base, name, span);
                    if let Some(value) = found.or_else(|| self.alembic_attribute(record, name)) {
                        return value;
                    }
                }
                if let Some(value) = record.fields.borrow().get(name) {
                    return value.clone();
                }
                if record.of.is_none() && super::env::leads_to_metadata(record, name) {
                    return base.clone();
                }
                let found = record.of.as_ref().and_then(|class| class.attribute(name, 0));
                match found {
                    Some(Value::Function(function)) => Value::Function(bound(&function, base)),
                    Some(value) => value,
                    None => {
                        let value = Value::unknown(format!("`{name}` is not set in this project"), text, span);
                        record.fields.borrow_mut().insert(name.to_owned(), value.clone());
                        value
                    }
                }
            }
            // `objects = OrderManager()` is a manager as well.
            Value::Class(_) if let (true, Some(manager)) = (self.django.on, self.manager(base, name, span)) => manager,
            Value::Class(class) => match class.attribute(name, 0) {
                Some(value) => Self::mapped(class, name, &value, span).unwrap_or(value),
                // `Model.__table__` is the table that the class declares.
                None if name == "__table__" && Self::has_table(base) => base.clone(),
                None if name == "__name__" => sa::word(class.name, span),
                None if let Some(manager) = self.manager(base, name, span) => manager,
                None if let Some(meta) = self.peewee_meta(class, name, span) => meta,
                None if name == "query" && !class.bases.is_empty() => self.query_of(base, class, span),
                None => Value::unknown(format!("`{name}` is not set in this project"), text, span),
            },
            Value::Module(unit) => {
                let env = self.module_env(*unit);
                let value = env.get(name).and_then(|value| self.used_or_external(&value, span));
                // `import shop.types` makes `types` an attribute of the package.
                let value = value.or_else(|| self.module(*unit, 1, name).map(Value::Module));
                value.unwrap_or_else(|| Value::unknown(format!("`{name}` is not defined there"), text, span))
            }
            Value::Django(_) if let Some(manager) = self.manager(base, name, span) => manager,
            Value::Django(django) => match &**django {
                Dj::Foreign(path) => {
                    self.vendor(path, name, span).unwrap_or_else(|| Self::foreign(format!("{path}.{name}")))
                }
                Dj::Model(_) if name == "_meta" => base.clone(),
                Dj::Model(query) if name == "db_table" => Self::table_text(query, span),
                Dj::Model(query) => Self::lead(query, name, true, text, span),
                Dj::Query(_) if name == "object_list" => base.clone(),
                Dj::Row(query, _) if name == "object_list" => Value::Django(Rc::new(Dj::Query(query.clone()))),
                Dj::Row(query, _) => Self::lead(query, name, false, text, span),
                _ => Value::unknown("it is read from the database", text, span),
            },
            Value::Handle(_) if self.django.on && name == "quote_name" => Self::foreign(QUOTE_NAME),
            Value::Handle(handle) => {
                if matches!(name, "dialect" | "name" | "url" | "rowcount" | "description") {
                    return Value::unknown("it is known only while the program runs", text, span);
                }
                Value::Handle(handle.clone())
            }
            Value::Unknown(opaque) => {
                if let Some(value) = opaque.attributes.borrow().get(name) {
                    return value.clone();
                }
                let on = opaque.related.as_ref().and_then(|related| Self::lead_on(related, name, text.clone(), span));
                if let Some(value) = on {
                    return value;
                }
                if opaque.holds_tables() && opaque.unknown.text.ends_with(".classes}") {
                    return Self::reflected(sa::word(name, span), true, span);
                }
                let reason = match (opaque.path.as_deref(), name) {
                    (Some("os"), "environ") => ENVIRONMENT.to_owned(),
                    (Some("sys"), "argv") => ARGUMENT.to_owned(),
                    _ => opaque.unknown.reason.clone(),
                };
                let unknown = crate::ir::Unknown { reason, text, span };
                let value = match &opaque.path {
                    Some(path) => Value::external(unknown, &format!("{path}.{name}")),
                    None => Value::opaque(unknown, opaque.parameter),
                };
                if let (Value::Unknown(session), true) = (&value, name == "session" && is_flask_database(opaque)) {
                    // A session begins a transaction with its first statement, whoever made it.
                    let conn = self.new_conn(TransactionKind::Runner, Some(span));
                    session.conn.get_or_init(|| conn);
                }
                opaque.attributes.borrow_mut().insert(name.to_owned(), value.clone());
                value
            }
            Value::Either(values) => {
                let there = values.iter().filter(|value| !matches!(value, Value::None | Value::Either(_)));
                let found: Vec<_> = there.map(|value| self.attribute_of(value, name, span)).collect();
                let found = found.into_iter().reduce(Value::join);
                found.unwrap_or_else(|| Value::unknown("the attribute is not followed", text, span))
            }
            _ => Value::unknown("the attribute is not followed", text, span),
        }
    }
}

/// Whether it is the object that Flask-SQLAlchemy calls `db` in every one of its examples, by its name or its import:
/// `db.session` is a session of SQLAlchemy.
fn is_flask_database(opaque: &Opaque<'_>) -> bool {
    let imported = opaque.path.as_deref().is_some_and(|path| path.rsplit('.').next() == Some("db"));
    imported || opaque.unknown.text == "{db}"
}

//! What is to be sent when a table is made or goes: `event.listen(table, "after_create", DDL("…"))`.
//!
//! Source: SQLAlchemy, `sqlalchemy.event` and `ExecutableDDLElement.execute_if`. Of an element that is executed directly
//! nobody asks what it waits for.

use std::rc::Rc;

use super::super::sqlalchemy::Args;
use super::super::strings;
use super::super::value::{Conn, Record, Text, Value};
use super::{Interp, alembic};
use crate::frontend::text::SqlText;
use crate::span::Span;

/// The class of a statement that an event sends for some dialects only.
const CONDITIONAL: &str = "#ddl";
/// Listeners that one script can have.
const MAX_LISTENERS: usize = 200;

/// A statement that an event sends.
#[derive(Debug)]
pub(super) struct Listener<'a> {
    target: Rc<Record<'a>>,
    event: String,
    ddl: Value<'a>,
}

impl<'a> Interp<'a> {
    /// `DDL("…").execute_if(dialect="postgresql")`.
    pub(super) fn execute_if(text: &Rc<Text>, dialect: Option<Value<'a>>, span: Span) -> Value<'a> {
        let mut fields = Args { positional: vec![Value::Text(text.clone())], ..Args::default() };
        fields.named.extend(dialect.map(|dialect| ("dialect".to_owned(), dialect)));
        Value::Record(Rc::new(alembic::record(CONDITIONAL, fields, span)))
    }

    /// The statement of one that an event would send for some dialects only.
    pub(super) fn unconditional(record: &Record<'a>) -> Option<Value<'a>> {
        (record.class == CONDITIONAL).then(|| record.fields.borrow().get("0").cloned())?
    }

    /// `event.listen(target, name, element)`.
    pub(super) fn listen(&mut self, args: &Args<'a>) {
        let (target, name, ddl) = (args.get(0, &["target"]), args.get(1, &["identifier"]), args.get(2, &["fn"]));
        if let (Some(Value::Record(target)), Some(Value::Text(name)), Some(ddl)) = (target, name, ddl)
            && self.listeners.len() < MAX_LISTENERS
        {
            let (target, event, ddl) = (target.clone(), name.sql.text.clone(), ddl.clone());
            self.listeners.push(Listener { target, event, ddl });
        }
    }

    /// Sends what waits for an event of `target`; `name` is that of a table.
    pub(super) fn fire(
        &mut self,
        target: &Rc<Record<'a>>,
        event: &str,
        name: Option<&Value<'a>>,
        conn: &Rc<Conn>,
        span: Span,
    ) {
        let waiting = self.listeners.iter().filter(|one| one.event == event && Rc::ptr_eq(&one.target, target));
        let waiting: Vec<Value<'a>> = waiting.map(|one| one.ddl.clone()).collect();
        for ddl in waiting {
            match &ddl {
                Value::Text(text) => self.send_for(text, name, conn, span),
                Value::Record(record) => {
                    let fits = record.fields.borrow().get("dialect").is_none_or(|wanted| self.is_of(wanted));
                    if let (true, Some(Value::Text(text))) = (fits, Self::unconditional(record)) {
                        self.send_for(&text, name, conn, span);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a dialect that a value names is that of the code around it.
    fn is_of(&self, wanted: &Value<'a>) -> bool {
        let names = wanted.items().unwrap_or_else(|| vec![wanted.clone()]);
        names.iter().any(|name| match name.as_str() {
            Some(name) => super::super::guards::dialect_word(name) == Some(self.dialect()),
            None => true,
        })
    }

    /// Sends a statement in which the table's name may stand as `%(table)s`.
    fn send_for(&mut self, text: &Rc<Text>, table: Option<&Value<'a>>, conn: &Rc<Conn>, span: Span) {
        let mut sql = text.sql.clone();
        if let Some(Value::Text(table)) = table {
            for word in ["%(table)s", "%(fullname)s"] {
                sql = strings::replace(&sql, word, &table.sql);
            }
        }
        let mut percent = SqlText::default();
        percent.push("%", span);
        sql = strings::replace(&sql, "%%", &percent);
        self.send(&Value::Text(Rc::new(Text { sql, ..(**text).clone() })), conn, span);
    }
}

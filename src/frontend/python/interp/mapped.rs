//! Tables of mapped classes.

use std::rc::Rc;

use super::super::sqlalchemy::{self as sa, Args, Table, Writer};
use super::super::value::{Class, Value};
use super::Interp;
use crate::span::Span;

/// Classes derived from one another.
const MAX_BASES: u32 = 8;

impl<'a> Interp<'a> {
    /// Creates or drops the table of a mapped class; whether the class has one.
    pub(super) fn mapped_table(&mut self, class: &Class<'a>, create: bool, bind: &Value<'a>, span: Span) -> bool {
        let Some(name) = class.attribute("__tablename__", 0) else { return false };
        let conn = self.conn_of(bind);
        let mut written = Writer::new(span, self.dialect());
        let mut args = Args { positional: vec![name.clone()], ..Args::default() };
        let listed = class.attribute("__table_args__", 0).and_then(|args| Value::items(&args)).unwrap_or_default();
        if let Some(schema) = listed.iter().find_map(schema_of) {
            args.named.insert("schema".to_owned(), schema);
        }
        if create {
            columns(class, &mut args.positional, 0);
            args.positional.extend(listed.into_iter().filter(|item| matches!(item, Value::Record(_))));
            self.create_table(&Table::of(args), written, &conn, span);
        } else {
            written.word("DROP TABLE ");
            written.table(args.given("schema"), &name);
            self.write_out(written, &conn, span);
        }
        true
    }
}

/// The schema among the options of a table.
fn schema_of<'a>(options: &Value<'a>) -> Option<Value<'a>> {
    let Value::Dict(pairs, _) = options else { return None };
    let pairs = pairs.borrow();
    pairs.iter().find(|(name, _)| name.as_str() == Some("schema")).map(|(_, schema)| schema.clone())
}

/// The columns that a class declares, in order, after those of the classes it is derived from; one that is not known
/// stands for columns that are not known.
fn columns<'a>(class: &Class<'a>, found: &mut Vec<Value<'a>>, depth: u32) {
    for base in class.bases.iter().filter(|_| depth < MAX_BASES) {
        match base {
            Value::Class(base) => columns(base, found, depth + 1),
            Value::Unknown(_) if base.path().is_none() => found.push(base.clone()),
            _ => {}
        }
    }
    let vars = class.env.vars.borrow();
    let mut own: Vec<_> = vars
        .iter()
        .filter_map(|(name, value)| match value {
            Value::Record(record) if record.of.is_none() && record.class == "Column" => {
                Some((record.span, *name, record))
            }
            _ => None,
        })
        .collect();
    own.sort_by_key(|(span, ..)| *span);
    for (span, name, record) in own {
        let mut args = Args::of_record(record);
        let named = matches!(args.positional.first(), Some(Value::Text(_))) || args.named("name").is_some();
        if !named {
            args.positional.insert(0, sa::word(name, span));
        }
        found.push(Value::Record(Rc::new(super::alembic::record("Column", args, span))));
    }
}

//! sqlalchemy-migrate: tables, columns and constraints that change themselves.
//!
//! Its statements are those of Alembic's directives, which came after it. Source: sqlalchemy-migrate
//! `migrate/changeset/schema.py` and `ansisql.py`.

use ruff_python_ast::ExprCall;

use super::super::sqlalchemy::{Args, Writer};
use super::super::value::{Record, Value};
use super::Interp;
use super::call::Named;
use super::schema::{TABLES, alter_constraint};

/// The table that a column or a value names, as Alembic's directives want it: schema and name.
fn named<'a>(table: &Value<'a>) -> Option<(Option<Value<'a>>, Value<'a>)> {
    match table {
        Value::Record(record) if TABLES.contains(&record.class.as_str()) => {
            let args = Args::of_record(record);
            Some((args.given("schema").cloned(), args.get(0, &["name"])?.clone()))
        }
        Value::Text(_) => Some((None, table.clone())),
        _ => None,
    }
}

/// The arguments of a directive on a table.
fn on<'a>(table: &Value<'a>, rest: Vec<Value<'a>>) -> Option<Args<'a>> {
    let (schema, name) = named(table)?;
    let mut args = Args { positional: [vec![name], rest].concat(), ..Args::default() };
    args.named.extend(schema.map(|schema| ("schema".to_owned(), schema)));
    Some(args)
}

impl<'a> Interp<'a> {
    /// A method of sqlalchemy-migrate; `None` in other scripts, and for what is SQLAlchemy's own.
    pub(super) fn changeset(
        &mut self,
        base: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        given: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let Value::Record(record) = base else { return None };
        if !self.tool.changeset || record.of.is_some() {
            return None;
        }
        let (directive, args) = match record.class.as_str() {
            "Column" => Self::of_column(base, name, arguments)?,
            "column" => Self::of_bound(record, name, arguments, given)?,
            class if TABLES.contains(&class) => match (name, arguments) {
                ("create_column", [column, ..]) => ("add_column", on(base, vec![column.clone()])?),
                ("drop_column", [column, ..]) => ("drop_column", on(base, vec![column.clone()])?),
                ("rename", [new, ..]) => ("rename_table", on(base, vec![new.clone()])?),
                _ => return None,
            },
            class if class.ends_with("Constraint") && matches!(name, "create" | "drop") => {
                let span = self.span(call);
                let conn = self.tool_conn();
                let mut written = Writer::new(span, self.dialect());
                let record = constraint(record);
                alter_constraint(&mut written, &record, name == "create");
                self.write_out(written, &conn, span);
                return Some(Value::None);
            }
            _ => return None,
        };
        let span = self.span(call);
        let conn = self.tool_conn();
        let w = Writer::new(span, self.dialect());
        for written in Self::directive_sql(directive, &args, &w)? {
            self.write_out(written, &conn, span);
        }
        Some(Value::None)
    }

    /// `column.create(table)`, `column.drop(table)`.
    fn of_column(base: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Option<(&'static str, Args<'a>)> {
        let table = arguments.first()?;
        match name {
            "create" => Some(("add_column", on(table, vec![base.clone()])?)),
            "drop" => {
                let Value::Record(record) = base else { return None };
                let own = record.fields.borrow().get("0").cloned()?;
                Some(("drop_column", on(table, vec![own])?))
            }
            _ => None,
        }
    }

    /// `table.c.name.alter(type=…)`, `table.c.name.drop()`.
    fn of_bound(
        record: &Record<'a>,
        name: &str,
        arguments: &[Value<'a>],
        given: &[Named<'a>],
    ) -> Option<(&'static str, Args<'a>)> {
        let table = record.fields.borrow().get("table").cloned()?;
        let own = record.fields.borrow().get("0").cloned()?;
        if name == "drop" {
            return Some(("drop_column", on(&table, vec![own])?));
        }
        if name != "alter" {
            return None;
        }
        let mut args = on(&table, vec![own])?;
        for (option, value) in given {
            let option = match *option {
                "name" => "new_column_name",
                "type" => "type_",
                "default" => continue,
                other => other,
            };
            args.named.insert(option.to_owned(), value.clone());
        }
        // A column that is given says all of it anew.
        if let Some(Value::Record(column)) = arguments.first() {
            let fields = column.fields.borrow();
            for (from, to) in [("1", "type_"), ("nullable", "nullable"), ("server_default", "server_default")] {
                if let Some(value) = fields.get(from) {
                    args.named.insert(to.to_owned(), value.clone());
                }
            }
        }
        Some(("alter_column", args))
    }
}

/// A constraint as SQLAlchemy writes it: sqlalchemy-migrate names columns by keywords, too.
fn constraint<'a>(record: &Record<'a>) -> Record<'a> {
    let fields = record.fields.borrow();
    let mut own = fields.clone();
    if let (Some(columns), Some(others)) = (fields.get("columns"), fields.get("refcolumns")) {
        own.insert("0".to_owned(), columns.clone());
        own.insert("1".to_owned(), others.clone());
    }
    Record { class: record.class.clone(), of: None, fields: std::cell::RefCell::new(own), span: record.span }
}

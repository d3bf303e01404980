//! SQLAlchemy where it reaches a database: objects that create and drop themselves, DDL that is executed, statements
//! made of calls.

use std::rc::Rc;
use std::sync::Arc;

use ruff_python_ast::ExprCall;

use super::super::sqlalchemy::{self as sa, Args, Table, Writer};
use super::super::value::{Class, Conn, Construct, Record, Value};
use super::Interp;
use crate::config::Dialect;
use crate::ir::{Guard, GuardKind};
use crate::span::Span;

/// A field of the record of a table that is a class, whose rows are objects: `automap_base()` makes it.
pub(super) const MADE_CLASS: &str = "#class";

/// Names that a table made of calls goes by.
pub(super) const TABLES: [&str; 3] = ["Table", "table", "TableClause"];

impl<'a> Interp<'a> {
    /// A table of this name, whose columns the program asks the database for; or the class that is made for it.
    pub(super) fn reflected(name: Value<'a>, class: bool, span: Span) -> Value<'a> {
        let mut args = Args { positional: vec![name], ..Args::default() };
        if class {
            args.named.insert(MADE_CLASS.to_owned(), Value::Bool(true));
        }
        Value::Record(Rc::new(super::alembic::record("Table", args, span)))
    }

    /// A function or method of SQLAlchemy; `None` where the receiver is none of it, or nothing is known of it.
    pub(super) fn library_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        args: &Args<'a>,
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        if let Some(value) = base.path().and_then(|path| Self::entity_of_sql(path, name, args, span)) {
            return Some(value);
        }
        if let (Some("sqlalchemy.event"), "listen") = (base.path(), name) {
            self.listen(args);
            return Some(Value::None);
        }
        if let Some(path) = base
            .path()
            .filter(|path| name != "with_variant" && (path.starts_with("sqlalchemy") || path.starts_with("sqlmodel")))
        {
            return sa::function(&format!("{path}.{name}"), args, span);
        }
        if name == "with_variant" {
            let dialect = args.positional.iter().skip(1).filter_map(Value::as_str);
            let wanted = Some(self.dialect());
            let own = dialect.into_iter().any(|name| crate::frontend::python::guards::dialect_word(name) == wanted);
            return Some(if own { args.positional.first()?.clone() } else { base.clone() });
        }
        if let (Some("string"), "Template") = (base.path(), name) {
            return Some(Value::Record(Rc::new(super::alembic::record(name, args.clone(), span))));
        }
        let Value::Record(record) = base else { return None };
        if let Some(value) = sa::method(base, name, args, span) {
            return Some(value);
        }
        if record.of.is_some() {
            return None;
        }
        match (record.class.as_str(), name) {
            // Only PostgreSQL has them as objects of their own.
            ("Enum" | "ENUM" | "DOMAIN", "create" | "drop") if self.dialect() != Dialect::Postgres => Some(Value::None),
            ("Enum" | "ENUM" | "DOMAIN" | "Table" | "Index" | "Sequence", "create" | "drop") => {
                let mut written = Writer::new(span, self.dialect());
                let bind = args.get(0, &["bind"]).cloned().unwrap_or(Value::None);
                // Types and sequences look before they act, unless they are told not to.
                let default = !matches!(record.class.as_str(), "Table" | "Index");
                let first = args.get(1, &["checkfirst"]).map_or(Some(default), Value::truth) != Some(false);
                if record.class == "Index" && index_table(record).is_none() {
                    return None;
                }
                let unbound = matches!(bind, Value::None) && self.is_changeset();
                let conn = if unbound { self.tool_conn() } else { self.conn_of(&bind) };
                let kind = if name == "create" { GuardKind::Absent } else { GuardKind::Present };
                let guard = Guard { kind, text: "checkfirst".to_owned(), span };
                self.guards.extend(first.then_some(guard));
                if record.class == "Table" && name == "create" {
                    self.make_table(record, &conn, span);
                } else {
                    object(&mut written, record, name == "create");
                    self.write_out(written, &conn, span);
                }
                if first {
                    self.guards.pop();
                }
                Some(Value::None)
            }
            ("MetaData", "create_all" | "drop_all") => self.metadata_method(base, name, args, span),
            _ => None,
        }
    }

    /// `metadata.create_all(bind)` of tables that are written in the source; `None` where none is.
    fn metadata_method(&mut self, base: &Value<'a>, name: &str, args: &Args<'a>, span: Span) -> Option<Value<'a>> {
        let Value::Record(metadata) = base else { return None };
        let own = |table: &&Rc<Record<'a>>| match table.fields.borrow().get("1") {
            Some(Value::Record(of)) => Rc::ptr_eq(of, metadata),
            _ => false,
        };
        let mut tables: Vec<_> = self.tables.iter().filter(own).cloned().collect();
        if let Some(listed) = args.get(1, &["tables"]).and_then(Value::items) {
            tables =
                listed.iter().filter_map(|v| if let Value::Record(r) = v { Some(r.clone()) } else { None }).collect();
        }
        if tables.is_empty() {
            return None;
        }
        let bind = args.get(0, &["bind"]).cloned().unwrap_or(Value::None);
        let conn = self.conn_of(&bind);
        let kind = if name == "create_all" { GuardKind::Absent } else { GuardKind::Present };
        let first = args.get(2, &["checkfirst"]).and_then(Value::truth) != Some(false);
        self.guards.extend(first.then(|| Guard { kind, text: "checkfirst".to_owned(), span }));
        let event = if name == "create_all" { "create" } else { "drop" };
        self.fire(metadata, &format!("before_{event}"), None, &conn, span);
        for record in tables {
            if name == "create_all" {
                self.make_table(&record, &conn, span);
            } else {
                let mut written = Writer::new(span, self.dialect());
                object(&mut written, &record, false);
                self.write_out(written, &conn, span);
            }
        }
        self.fire(metadata, &format!("after_{event}"), None, &conn, span);
        if first {
            self.guards.pop();
        }
        Some(Value::None)
    }

    /// Creates a table, with what waits for that.
    fn make_table(&mut self, record: &Rc<Record<'a>>, conn: &Rc<Conn>, span: Span) {
        let table = Table::of(Args::of_record(record));
        let written = Writer::new(span, self.dialect()).under(table.convention().map(Arc::new));
        self.fire(record, "before_create", Some(&table.name), conn, span);
        self.create_table(&table, written, conn, span);
        self.fire(record, "after_create", Some(&table.name), conn, span);
    }

    /// Keeps a table, for the metadata that it belongs to.
    pub(super) fn note_table(&mut self, value: &Value<'a>) {
        if let Value::Record(record) = value
            && record.class == "Table"
            && self.tables.len() < 1_000
        {
            self.tables.push(record.clone());
        }
    }

    /// Sends a DDL construct: `CreateSequence(Sequence("s"))`; whether it is one.
    pub(super) fn send_record(&mut self, record: &Record<'a>, conn: &Rc<Conn>, span: Span) -> bool {
        if let Some(own) = Self::unconditional(record) {
            self.send(&own, conn, span);
            return true;
        }
        let Some((create, class)) = verb(&record.class) else { return false };
        let args = Args::of_record(record);
        let mut written = Writer::new(span, self.dialect());
        let Some(element) = args.get(0, &["element", "name"]) else { return false };
        match (class, element) {
            ("Schema", name) => {
                written.word(if create { "CREATE SCHEMA " } else { "DROP SCHEMA " });
                let word = if create { "if_not_exists" } else { "if_exists" };
                if args.flag(word) {
                    written.word(if create { "IF NOT EXISTS " } else { "IF EXISTS " });
                }
                written.name(name);
                written.word(if args.flag("cascade") { " CASCADE" } else { "" });
            }
            ("Constraint", Value::Record(constraint)) => alter_constraint(&mut written, constraint, create),
            ("Table", Value::Record(table)) if create => {
                Table::of(Args::of_record(table)).write(&mut written);
            }
            (_, Value::Record(element)) if element.class == class || TABLES.contains(&element.class.as_str()) => {
                object(&mut written, element, create);
            }
            _ => return false,
        }
        self.write_out(written, conn, span);
        true
    }

    /// Whether a construct's table can be named.
    pub(super) fn has_table(target: &Value<'a>) -> bool {
        let named = |value: Option<Value<'a>>| matches!(value, Some(Value::Text(_)));
        match target {
            Value::Record(record) if record.of.is_none() && TABLES.contains(&record.class.as_str()) => {
                let args = Args::of_record(record);
                named(args.get(0, &["name"]).cloned())
            }
            Value::Class(class) => {
                named(class.attribute("__tablename__", 0)) || class.attribute("__table__", 0).is_some()
            }
            _ => false,
        }
    }

    /// `Model.column`: a column of the class's table.
    pub(super) fn mapped(class: &Rc<Class<'a>>, name: &str, found: &Value<'a>, span: Span) -> Option<Value<'a>> {
        let Value::Record(record) = found else { return None };
        if !matches!(record.class.as_str(), "Column" | "mapped_column") {
            return None;
        }
        let table = class.attribute("__tablename__", 0)?;
        let own = record.fields.borrow().get("0").filter(|name| matches!(name, Value::Text(_))).cloned();
        Some(sa::qualified(table, own.unwrap_or_else(|| sa::word(name, span)), span))
    }

    /// What a method of a statement made of calls adds to it.
    pub(super) fn extend_construct(next: &mut Construct<'a>, name: &str, args: &Args<'a>, span: Span) {
        match name {
            "where" | "filter" => next.filters.extend(args.positional.iter().cloned()),
            "filter_by" => {
                for (column, value) in &args.named {
                    let column = sa::qualified(Value::None, sa::word(column, span), span);
                    next.filters.extend(sa::operator(&column, "=", value, span));
                }
            }
            "values" | "update" | "ordered_values" => {
                match args.positional.first() {
                    Some(Value::Dict(pairs, _)) => next.values.extend(pairs.borrow().iter().cloned()),
                    Some(rows @ Value::List(..)) => next.rows = Some(rows.clone()),
                    _ => {}
                }
                if name != "update" {
                    let named = args.named.iter().map(|(column, value)| (sa::word(column, span), value.clone()));
                    next.values.extend(named);
                }
            }
            "from_select" => {
                let names = args.get(0, &["names"]).cloned().unwrap_or(Value::None);
                let select = args.get(1, &["select"]).cloned().unwrap_or(Value::None);
                next.source = Some(Box::new((names, select)));
            }
            "limit" => next.limit = args.positional.first().cloned(),
            "select_from" => {
                if let Some(table) = args.positional.first().filter(|table| Self::has_table(table)) {
                    next.target = table.clone();
                }
            }
            _ => {}
        }
    }
}

/// Whether a class is a statement: `AddConstraint`.
pub(super) fn is_ddl(class: &str) -> bool {
    verb(class).is_some()
}

/// `CreateTable`: a verb and what it acts on.
fn verb(class: &str) -> Option<(bool, &str)> {
    if class == "AddConstraint" {
        return Some((true, "Constraint"));
    }
    let found = class.strip_prefix("Create").map(|of| (true, of));
    let found = found.or_else(|| class.strip_prefix("Drop").map(|of| (false, of)));
    found.filter(|(_, of)| matches!(*of, "Table" | "Index" | "Sequence" | "Schema" | "Constraint"))
}

/// ALTER TABLE that adds or drops a constraint, of the table that its columns are of.
pub(super) fn alter_constraint(w: &mut Writer, record: &Record<'_>, create: bool) {
    let args = Args::of_record(record);
    let columns = args.positional.iter().flat_map(|value| value.items().unwrap_or_else(|| vec![value.clone()]));
    let table = args.given("table").cloned().or_else(|| {
        columns.into_iter().find_map(|value| match &value {
            Value::Record(column) if column.class == "column" => column.fields.borrow().get("table").cloned(),
            _ => None,
        })
    });
    w.word("ALTER TABLE ");
    match table {
        Some(Value::Record(table)) => {
            let of = Args::of_record(&table);
            w.table(of.given("schema"), of.get(0, &["name"]).unwrap_or(&Value::None));
        }
        Some(name @ Value::Text(_)) => w.name(&name),
        _ => w.hole("the constraint's table is not known"),
    }
    if create {
        w.word(" ADD ");
        sa::constraint(w, record);
    } else {
        w.word(" DROP CONSTRAINT ");
        w.name(args.given("name").unwrap_or(&Value::None));
    }
}

/// The table of the columns that an index is on.
fn index_table<'a>(record: &Record<'a>) -> Option<Value<'a>> {
    let args = Args::of_record(record);
    args.positional.iter().skip(1).find_map(|key| match key {
        Value::Record(column) if column.class == "column" => column.fields.borrow().get("table").cloned(),
        _ => None,
    })
}

/// CREATE or DROP of an object that is no table being created.
fn object(w: &mut Writer, record: &Record<'_>, create: bool) {
    let args = Args::of_record(record);
    let name = args.get(0, &["name"]).cloned().unwrap_or(Value::None);
    match (record.class.as_str(), create) {
        ("Enum" | "ENUM" | "DOMAIN", _) => sa::write_named_type(w, record, create),
        ("Index", true) => {
            let table = index_table(record).unwrap_or(Value::None);
            let (schema, table) = match &table {
                Value::Record(table) => {
                    let of = Args::of_record(table);
                    (of.given("schema").cloned(), of.get(0, &["name"]).cloned().unwrap_or(Value::None))
                }
                other => (None, other.clone()),
            };
            let keys = args.positional.get(1..).unwrap_or_default();
            sa::index_on(w, Some(&name), (schema.as_ref(), &table), keys, &args);
        }
        ("Index", false) => {
            w.word("DROP INDEX ");
            w.name(&name);
        }
        ("Sequence", true) => {
            w.word("CREATE SEQUENCE ");
            w.table(args.given("schema"), &name);
            w.word(" ");
            sa::write_counting(w, &args);
        }
        ("Sequence", false) => {
            w.word("DROP SEQUENCE ");
            w.table(args.given("schema"), &name);
        }
        _ => {
            w.word("DROP TABLE ");
            w.table(args.given("schema"), &name);
        }
    }
}

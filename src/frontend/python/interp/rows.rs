//! Rows that are written without SQL: through a session's objects, or copied from a file.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::value::{Class, Conn, Construct, READ, Value};
use super::call::{Named, keyword};
use super::{Interp, last_name};
use crate::ir::{
    DataDetails, DataSource, Known, OpKind, Predicate, QualifiedName, Term, TermOperator, TermValue, TransactionKind,
    Unknown, Where,
};
use crate::span::Span;

impl<'a> Interp<'a> {
    /// A method of a session or cursor that writes rows.
    pub(super) fn row_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let first = arguments.first();
        let given = || call.arguments.args.first();
        if let ("delete", Some(row), true) = (name, first, Self::is_session(base, call)) {
            return self.row_deleted(base, row, call);
        }
        let (kind, source, rows, table) = match name {
            "add" | "merge" if Self::is_session(base, call) => {
                let table = first.zip(given()).map(|(row, expr)| self.table_of(row, expr));
                // In a loop it is one row a round, and how many rounds there are is not known.
                let rows = self.loops.is_empty().then_some(1);
                (OpKind::DataInsert, DataSource::Orm, rows, table)
            }
            "add_all" | "bulk_save_objects" => {
                let items = first.and_then(Value::items);
                let table = items.as_ref().and_then(|items| Some(self.table_of(items.first()?, given()?)));
                (OpKind::DataInsert, DataSource::Orm, items.map(|items| items.len() as u64), table)
            }
            "bulk_insert_mappings" | "bulk_update_mappings" => {
                let rows = arguments.get(1).cloned().or_else(|| keyword(named, "mappings"));
                let rows = rows.and_then(|rows| Value::items(&rows)).map(|items| items.len() as u64);
                let kind = if name.contains("update") { OpKind::DataUpdate } else { OpKind::DataInsert };
                let table = first.zip(given()).map(|(model, expr)| self.table_of(model, expr));
                (kind, DataSource::Orm, rows, table)
            }
            "copy_from" | "copy_records_to_table" | "copy_to_table" => {
                let at = usize::from(name == "copy_from");
                let table = arguments.get(at).cloned().or_else(|| keyword(named, "table"))?;
                let named = call.arguments.args.get(at).map_or_else(|| self.span(call), |table| self.span(table));
                (OpKind::DataInsert, DataSource::Copy, None, Some(self.named_table(&table, named)))
            }
            _ => return None,
        };
        let listed = if name.ends_with("_mappings") { arguments.get(1) } else { first };
        let rows = if listed.is_some_and(|rows| self.is_grown(rows)) { Some(0) } else { rows };
        let source = (kind == OpKind::DataInsert).then_some(source);
        let condition = if source.is_some() { Where::Absent } else { Where::Unknown };
        let bulk = matches!(name, "add_all" | "bulk_save_objects") || name.ends_with("_mappings");
        let details = DataDetails { source, rows, bulk, condition, ..DataDetails::default() };
        let conn = self.conn_of(base);
        self.emit_rows(kind, "", table, details, &conn, self.span(call));
        Some(Value::None)
    }

    /// `session.delete(order)`: one row, by its key.
    fn row_deleted(&mut self, base: &Value<'a>, row: &Value<'a>, call: &'a ExprCall) -> Option<Value<'a>> {
        let span = self.span(call);
        let table = match row {
            Value::Unknown(opaque) if opaque.table.is_some() => opaque.table.clone()?,
            Value::Unknown(_) | Value::Record(_) => self.table_of(row, call.arguments.args.first()?),
            _ => return None,
        };
        let term = Term { column: "id".to_owned(), operator: TermOperator::Equal, value: TermValue::Parameter };
        let condition = Where::Predicate(Predicate { text: "id = …".to_owned(), terms: vec![term], complete: true });
        let details = DataDetails { source: Some(DataSource::Orm), condition, ..DataDetails::default() };
        let conn = self.conn_of(base);
        self.emit_rows(OpKind::DataDelete, "", Some(table), details, &conn, span);
        Some(Value::None)
    }

    /// `Model.query` of Flask-SQLAlchemy: the same as `session.query(Model)`.
    pub(super) fn query_of(&mut self, model: &Value<'a>, class: &Class<'a>, span: Span) -> Value<'a> {
        let conn = self.new_conn(TransactionKind::Unknown, None);
        let name = class.attribute("__tablename__", 0).and_then(|name| name.as_str().map(str::to_lowercase));
        let table = match name {
            Some(name) => Known::Known(QualifiedName::bare(name), span),
            None => {
                let reason = "the table is named elsewhere".to_owned();
                Known::Unknown(Unknown { reason, text: format!("{{{}}}", class.name), span })
            }
        };
        let select = Construct::new(OpKind::DataSelect, table, model.clone());
        Value::Construct(Rc::new(Construct { conn: Some(conn), ..select }))
    }

    /// What a statement made of calls reads, where its rows are objects: `session.execute(select(Model))`.
    pub(super) fn objects_read(&mut self, sent: &Value<'a>, conn: &Rc<Conn>, call: &'a ExprCall) -> Option<Value<'a>> {
        let Value::Construct(construct) = sent else { return None };
        let model = match &construct.target {
            Value::Class(_) | Value::Unknown(_) => true,
            Value::Record(table) => table.fields.borrow().contains_key(super::schema::MADE_CLASS),
            _ => false,
        };
        if construct.kind != OpKind::DataSelect || !model {
            return None;
        }
        let unknown =
            Unknown { reason: READ.to_owned(), text: format!("{{{}}}", self.shown(call)), span: self.span(call) };
        Some(Value::rows(unknown, conn.clone(), Some(construct.table.clone())))
    }

    /// `row.note = "x"` on a row that was read from the database.
    pub(super) fn row_changed(&mut self, row: &Value<'a>, span: Span) {
        let Value::Unknown(opaque) = row else { return };
        if self.saves_rows() {
            return;
        }
        if let (Some(conn), false) = (&opaque.row_of, self.loops.is_empty()) {
            let source = Some(DataSource::Orm);
            let details = DataDetails { source, condition: Where::Unknown, ..DataDetails::default() };
            self.emit_rows(OpKind::DataUpdate, "", opaque.table.clone(), details, conn, span);
        }
    }

    /// One of the rows that a loop over a query sees.
    pub(super) fn row_of(&self, rows: &Value<'a>, target: &'a Expr) -> Option<Value<'a>> {
        if let Some(object) = Self::object_of(rows) {
            return Some(object);
        }
        if let Value::Zip(parts) = rows {
            let part = |part: &Value<'a>| match part {
                // `zip(zip(…), …)` is nobody's.
                Value::Zip(_) => self.part_of(part, target, "it comes from a loop over values that are not known"),
                part => self.row_of(part, target).unwrap_or_else(|| {
                    self.part_of(part, target, "it comes from a loop over values that are not known")
                }),
            };
            return Some(Value::list(parts.iter().map(part).collect(), self.span(target)));
        }
        let (conn, table) = match rows {
            Value::Unknown(opaque) => (opaque.row_of.clone()?, opaque.table.clone()),
            Value::Construct(construct) => (construct.conn.clone()?, Some(construct.table.clone())),
            _ => return None,
        };
        let reason = READ.to_owned();
        let unknown = Unknown { reason, text: format!("{{{}}}", self.shown(target)), span: self.span(target) };
        Some(Value::rows(unknown, conn, table))
    }

    /// Whether it is a list to which a loop over rows has added, or one that was made of rows.
    pub(super) fn is_grown(&self, list: &Value<'a>) -> bool {
        match list {
            Value::List(_, made) => self.grown.contains(made),
            Value::Unknown(opaque) => self.grown.contains(&opaque.unknown.span),
            _ => false,
        }
    }

    /// What belongs to an object that was read is changed: `order.customer.note = "x"`, `order.options["note"] = "x"`.
    pub(super) fn part_changed(&mut self, part: &'a Expr, span: Span) {
        let Expr::Attribute(attribute) = part else { return };
        // To look at a name again runs nothing.
        if !attribute.value.is_name_expr() {
            return;
        }
        let Value::Unknown(opaque) = self.eval(&attribute.value) else { return };
        if opaque.table.is_some() {
            self.row_changed(&Value::Unknown(opaque), span);
        }
    }

    /// One of the objects in a row of `session.query(Order, Customer)`.
    pub(super) fn object_in(&self, row: &Value<'a>, at: usize, target: &'a Expr) -> Option<Value<'a>> {
        let Value::Unknown(opaque) = row else { return None };
        let (conn, table) = (opaque.row_of.clone()?, opaque.table.clone()?);
        let (span, text) = (self.span(target), format!("{{{}}}", self.shown(target)));
        // A query is kept with the first of its models.
        let reason = "which of the query's models it is was not followed".to_owned();
        let table = if at == 0 { table } else { Known::Unknown(Unknown { reason, text: text.clone(), span }) };
        let unknown = Unknown { reason: READ.to_owned(), text, span };
        Some(Value::rows(unknown, conn, Some(table)))
    }

    /// Whether `add` is that of a session: sets have one too.
    fn is_session(base: &Value<'a>, call: &ExprCall) -> bool {
        let Expr::Attribute(attribute) = &*call.func else { return false };
        let name = last_name(&attribute.value).to_lowercase();
        let named = name.ends_with("session") || name == "db";
        named && matches!(base, Value::Handle(_) | Value::Unknown(_)) && call.arguments.args.len() == 1
    }

    /// The table of a row or of its class.
    fn table_of(&self, value: &Value<'a>, expr: &'a Expr) -> Known<QualifiedName> {
        let span = self.span(expr);
        let class = match value {
            Value::Class(class) => Some(class),
            Value::Record(record) => record.of.as_ref(),
            _ => None,
        };
        let literal = class.and_then(|class| {
            class.env.vars.borrow().get("__tablename__").and_then(|name| name.as_str().map(str::to_owned))
        });
        match literal {
            Some(name) => Known::Known(QualifiedName::bare(name.to_lowercase()), span),
            None => {
                let reason = "the table is named elsewhere".to_owned();
                Known::Unknown(Unknown { reason, text: format!("{{{}}}", self.shown(expr)), span })
            }
        }
    }

    fn named_table(&self, table: &Value<'a>, span: Span) -> Known<QualifiedName> {
        match table.as_str() {
            Some(name) => Known::Known(QualifiedName::bare(name.to_lowercase()), span),
            None => {
                let text = format!("{{{}}}", span.slice(self.file_text(span)));
                Known::Unknown(Unknown { reason: "the table's name is not known".to_owned(), text, span })
            }
        }
    }
}

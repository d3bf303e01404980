//! What Django's mapper leads to from a model or an object: `order.lines.create(…)`, `order.customer.save()`,
//! `Order.tags.through`. Which table that is the state of the project tells, when the operations are lowered; until then
//! it is the path that was written.

use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::super::django::{Leap, led};
use super::super::value::{Dj, Query, READ, Related, Value};
use super::Interp;
use super::call::Named;
use crate::ir::{DataDetails, OpKind, Predicate, Unknown, Where};
use crate::span::Span;

/// Methods that only managers have.
const OF_MANAGERS: &[&str] = &[
    "all",
    "filter",
    "exclude",
    "create",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
    "order_by",
    "select_related",
    "prefetch_related",
    "annotate",
    "using",
    "db_manager",
    "iterator",
    "only",
    "defer",
    "values_list",
    "alias",
    "distinct",
    "select_for_update",
    "get_queryset",
    "first",
    "last",
    "earliest",
    "latest",
];

impl<'a> Interp<'a> {
    /// An attribute of an object, or of a model that is no manager by its name: `{text}` in a statement.
    pub(super) fn lead(query: &Query, name: &str, of_class: bool, text: String, span: Span) -> Value<'a> {
        let unknown = Unknown { reason: READ.to_owned(), text, span };
        let leap = |leap| led(&query.table, name, leap, span);
        // A manager under a name of its own: objects of the class itself.
        let table = if of_class { query.table.clone() } else { leap(Leap::Object) };
        // What an object leads to are rows that belong to it.
        let of_object = || Predicate { text: format!("{{{name}}} of one object"), ..Predicate::default() };
        let filter = (!of_class).then(of_object);
        let query = Query { table, filter, imported: query.imported, ..Query::default() };
        Value::related(unknown, Related { query, through: leap(Leap::Between), of_class })
    }

    /// What an attribute of such an attribute is: `line.order.customer`, `Order.tags.through`.
    pub(super) fn lead_on(related: &Related, name: &str, text: String, span: Span) -> Option<Value<'a>> {
        if name == "through" {
            let query = Query { table: related.through.clone(), imported: related.query.imported, ..Query::default() };
            return Some(Value::Django(Rc::new(Dj::Model(query))));
        }
        (!related.of_class).then(|| Self::lead(&related.query, name, false, text, span))
    }

    /// A method of an attribute. Names that values have as well (`update` of a dictionary, `remove` of a list) count
    /// where the state says that the attribute leads to a table; `None` where it is none of the mapper's.
    pub(super) fn related(
        &mut self,
        related: &Related,
        name: &'a str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        let query = &related.query;
        let between = Query { table: related.through.clone(), imported: query.imported, ..Query::default() };
        match (name, arguments.is_empty()) {
            (name, _) if OF_MANAGERS.contains(&name) => {
                return Some(self.query_method(query, name, arguments, named, call));
            }
            // A dictionary is updated by another one, a queryset by its columns.
            ("update" | "delete" | "get", true) if related.of_class || name == "update" => {
                return Some(self.query_method(query, name, arguments, named, call));
            }
            _ if related.of_class => return None,
            ("add" | "set", false) => {
                let details = DataDetails { condition: Where::Absent, ..DataDetails::default() };
                self.orm_write(OpKind::DataInsert, &between, details, span);
            }
            ("remove", false) | ("clear", true) => {
                let details = DataDetails { condition: Where::Unknown, ..DataDetails::default() };
                self.orm_write(OpKind::DataDelete, &between, details, span);
            }
            ("save" | "asave", _) | ("delete", true) => return Some(self.row_call(query, false, name, call)),
            _ => return None,
        }
        Some(Value::None)
    }

    /// `Order(note="x").save()` where the class of the model is imported, and so is today's.
    pub(super) fn instance_call(&mut self, base: &Value<'a>, name: &'a str, call: &'a ExprCall) -> Option<Value<'a>> {
        let Value::Record(record) = base else { return None };
        let class = record.of.as_ref().filter(|_| matches!(name, "save" | "delete"))?;
        let models = self.lineage(record).iter().any(|path| path.ends_with("models.Model"));
        if !models || class.attribute(name, 0).is_some() {
            return None;
        }
        let query = Query {
            table: self.class_table(class.name, class.span, self.span(call)),
            imported: true,
            ..Query::default()
        };
        Some(self.row_call(&query, true, name, call))
    }
}

//! Django's object-relational mapper in functions that migrations run: managers, querysets, objects.

use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::super::django::{model_table, table_word, user_table};
use super::super::value::{Conn, Dj, Query, READ, Value};
use super::Interp;
use super::call::{Named, keyword};
use crate::ir::{
    Assignment, DataDetails, DataSource, Known, OpKind, Predicate, QualifiedName, Term, TermOperator, TermValue,
    Unknown, Where,
};
use crate::span::Span;

/// Attributes of a model that are its managers.
const MANAGERS: &[&str] = &["objects", "_default_manager", "_base_manager", "all_objects", "unfiltered_objects"];

/// Queryset methods that give a queryset.
const CHAINED: &[&str] = &[
    "all",
    "order_by",
    "select_related",
    "prefetch_related",
    "using",
    "only",
    "defer",
    "annotate",
    "alias",
    "distinct",
    "select_for_update",
    "reverse",
    "extra",
    "none",
    "get_queryset",
    "union",
    "db_manager",
];

/// Queryset methods that give neither objects nor a queryset.
const ENDING: &[&str] = &[
    "acount",
    "aexists",
    "aggregate",
    "contains",
    "count",
    "dates",
    "datetimes",
    "exists",
    "explain",
    "in_bulk",
    "items",
    "keys",
    "append",
    "extend",
];

/// Methods that there are under the same name with an `a` before it as well.
const AWAITED: &[&str] = &[
    "bulk_create",
    "bulk_update",
    "create",
    "delete",
    "earliest",
    "first",
    "get",
    "get_or_create",
    "iterator",
    "last",
    "latest",
    "update",
    "update_or_create",
];

impl<'a> Interp<'a> {
    /// A model whose manager is asked for by name; `None` where the name is no manager's.
    pub(super) fn manager(&self, base: &Value<'a>, name: &str, span: Span) -> Option<Value<'a>> {
        if !MANAGERS.contains(&name) {
            return None;
        }
        let (table, imported) = match base {
            Value::Django(django) => match &**django {
                Dj::Model(query) => (query.table.clone(), query.imported),
                Dj::Foreign(path) => (foreign_model(path, span)?, true),
                _ => return None,
            },
            Value::Class(class) => (self.class_table(class.name, class.span, span), true),
            _ => return None,
        };
        Some(Value::Django(Rc::new(Dj::Query(Query { table, imported, ..Query::default() }))))
    }

    /// The table of a model class that the project defines, by the folder that its file is in.
    pub(super) fn class_table(&self, name: &str, class: Span, span: Span) -> Known<QualifiedName> {
        let file = self.units.iter().find(|unit| unit.file.id == class.file);
        let path = file.map_or("", |unit| unit.file.path.as_str());
        let folder =
            path.split_once("/models").map_or_else(|| path.rsplit('/').nth(1).unwrap_or_default(), |(app, _)| app);
        let app = folder.rsplit('/').next().unwrap_or(folder);
        if self.django.on {
            return model_table(app, name, span);
        }
        // No state will tell: the name that Django gives.
        Known::Known(QualifiedName::bare(format!("{app}_{}", name.to_lowercase())), span)
    }

    /// The name of a model's table, in a text: it is put in when the state is known.
    pub(super) fn table_text(query: &Query, span: Span) -> Value<'a> {
        let mut text = crate::frontend::text::SqlText::default();
        match &query.table {
            Known::Known(name, _) => text.push(&table_word(name), span),
            Known::Unknown(unknown) => text.push_hole(unknown.clone()),
        }
        Value::text(text)
    }

    pub(super) fn user_model(span: Span) -> Value<'a> {
        let table = user_table(span);
        Value::Django(Rc::new(Dj::Model(Query { table, imported: true, ..Query::default() })))
    }

    /// A method of something that Django gives.
    pub(super) fn django_method(
        &mut self,
        base: &Rc<Dj>,
        name: &'a str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        match &**base {
            Dj::Apps => match name {
                "get_model" => Self::get_model(arguments, named, span),
                _ => self.unknown("it is known only while the program runs", call),
            },
            Dj::Foreign(path) => {
                // The registry of today's models.
                if path == "django.apps.apps" && name == "get_model" {
                    return match Self::get_model(arguments, named, span) {
                        Value::Django(django) => match &*django {
                            Dj::Model(query) => {
                                Value::Django(Rc::new(Dj::Model(Query { imported: true, ..query.clone() })))
                            }
                            _ => Value::None,
                        },
                        other => other,
                    };
                }
                if path.ends_with("django.db.connection") || path.ends_with("connections[]") {
                    let handle = Value::handle(false, false, self.django.conn.clone());
                    return self.database_method(&handle, name, arguments, named, call);
                }
                if let Some(value) = self.along(path)
                    && !matches!(value, Value::Django(_))
                {
                    return self.method(&value, name, arguments, named, call);
                }
                self.call_foreign(&format!("{path}.{name}"), arguments, named, call)
            }
            Dj::Model(query) => {
                let query = Query { filter: None, ..query.clone() };
                self.query_method(&query, name, arguments, named, call)
            }
            Dj::Query(query) => self.query_method(query, name, arguments, named, call),
            Dj::Row(query, fresh) => self.row_call(query, *fresh, name, call),
        }
    }

    fn get_model(arguments: &[Value<'a>], named: &[Named<'a>], span: Span) -> Value<'a> {
        let part = |at: usize, name| arguments.get(at).cloned().or_else(|| keyword(named, name));
        let first = part(0, "app_label").and_then(|value| value.as_str().map(str::to_owned));
        let second = part(1, "model_name").and_then(|value| value.as_str().map(str::to_owned));
        let pair = match (first, second) {
            (Some(app), Some(model)) => Some((app, model)),
            (Some(both), None) => both.split_once('.').map(|(app, model)| (app.to_owned(), model.to_owned())),
            _ => None,
        };
        let table = match pair {
            Some((app, model)) => model_table(&app, &model, span),
            None => Known::Unknown(Unknown {
                reason: "the name of the model is not known".to_owned(),
                text: "{model}".to_owned(),
                span,
            }),
        };
        Value::Django(Rc::new(Dj::Model(Query { table, ..Query::default() })))
    }

    pub(super) fn query_method(
        &mut self,
        query: &Query,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        // `acreate`, `aupdate`: the same, awaited.
        let name = name.strip_prefix('a').filter(|name| AWAITED.contains(name)).unwrap_or(name);
        let again = |query: Query| Value::Django(Rc::new(Dj::Query(query)));
        let row = |fresh| Value::Django(Rc::new(Dj::Row(query.clone(), fresh)));
        match name {
            "filter" | "exclude" => {
                let mut next = query.clone();
                let predicate = next.filter.get_or_insert_default();
                let text = self.shown(&call.arguments);
                predicate.text = if predicate.text.is_empty() { text } else { format!("{} {text}", predicate.text) };
                if name == "filter" && arguments.is_empty() {
                    predicate.terms.extend(named.iter().filter_map(|(path, value)| term(path, value)));
                }
                again(next)
            }
            "iterator" => again(Query { streamed: true, ..query.clone() }),
            "values" | "values_list" => again(Query { plain: true, ..query.clone() }),
            name if CHAINED.contains(&name) => again(query.clone()),
            "get" | "first" | "last" | "latest" | "earliest" => row(false),
            "create" | "get_or_create" | "update_or_create" => {
                let rows = self.loops.is_empty().then_some(1);
                self.orm_write(OpKind::DataInsert, query, DataDetails { rows, ..DataDetails::default() }, span);
                if name == "create" {
                    row(false)
                } else {
                    Value::list(vec![row(false), self.unknown(READ, call)], span)
                }
            }
            "bulk_create" => {
                let items = arguments.first().and_then(Value::items);
                let batch = batch_size(arguments.get(1), named);
                // How often a loop has added to the list is not known.
                let items = items.filter(|items| !items.iter().any(Value::is_object_read));
                let rows = items.map(|items| items.len() as u64);
                let limited = batch.is_some();
                let details = DataDetails { rows, bulk: true, limited, limit: batch, ..DataDetails::default() };
                self.orm_write(OpKind::DataInsert, query, details, span);
                self.unknown(READ, call)
            }
            "bulk_update" => {
                let batch = batch_size(arguments.get(2), named);
                let fields =
                    arguments.get(1).cloned().or_else(|| keyword(named, "fields")).and_then(|f| Value::items(&f));
                let assigned = |field: &Value<'a>| {
                    Some(Assignment { column: field.as_str()?.to_owned(), value: "CASE".to_owned() })
                };
                let assignments = fields.unwrap_or_default().iter().filter_map(assigned).collect();
                let condition = Where::Predicate(Predicate { text: "id IN (…)".to_owned(), ..Predicate::default() });
                let limited = batch.is_some();
                let details =
                    DataDetails { bulk: true, assignments, condition, limited, limit: batch, ..DataDetails::default() };
                self.orm_write(OpKind::DataUpdate, query, details, span);
                self.unknown(READ, call)
            }
            // How many rows it was is known only while the program runs.
            "update" => {
                let assigned = |(name, value): &Named<'a>| Assignment {
                    column: (*name).to_owned(),
                    value: value.as_str().map_or_else(|| "…".to_owned(), |text| format!("'{text}'")),
                };
                let assignments = named.iter().map(assigned).collect();
                let details = DataDetails { assignments, condition: condition(query), ..DataDetails::default() };
                self.orm_write(OpKind::DataUpdate, query, details, span);
                self.unknown(READ, call)
            }
            "delete" | "_raw_delete" => {
                let details = DataDetails { condition: condition(query), ..DataDetails::default() };
                self.orm_write(OpKind::DataDelete, query, details, span);
                self.unknown(READ, call)
            }
            "raw" => {
                if let Some(sql) = arguments.first() {
                    let conn: Rc<Conn> = self.django.conn.clone();
                    self.send(sql, &conn, span);
                }
                again(query.clone())
            }
            "pop" if !query.plain => row(false),
            // A method of the project's own manager gives objects.
            _ if ENDING.contains(&name) || name.starts_with(['_', 'g']) || query.plain => self.unknown(READ, call),
            _ => again(query.clone()),
        }
    }

    /// A method of an object: `save` and `delete` write.
    pub(super) fn row_call(&mut self, query: &Query, fresh: bool, name: &str, call: &'a ExprCall) -> Value<'a> {
        let span = self.span(call);
        let key = || {
            let term = Term { column: "id".to_owned(), operator: TermOperator::Equal, value: TermValue::Parameter };
            Where::Predicate(Predicate { text: "id = …".to_owned(), terms: vec![term], complete: true })
        };
        match name {
            "save" | "asave" => {
                let kind = if fresh { OpKind::DataInsert } else { OpKind::DataUpdate };
                let rows = (fresh && self.loops.is_empty()).then_some(1);
                let condition = if fresh { Where::Absent } else { key() };
                self.orm_write(kind, query, DataDetails { rows, condition, ..DataDetails::default() }, span);
                Value::None
            }
            "delete" => {
                self.orm_write(
                    OpKind::DataDelete,
                    query,
                    DataDetails { condition: key(), ..DataDetails::default() },
                    span,
                );
                Value::None
            }
            _ => self.unknown("it is known only while the program runs", call),
        }
    }

    pub(super) fn orm_write(&mut self, kind: OpKind, query: &Query, details: DataDetails, span: Span) {
        let details = DataDetails { source: Some(DataSource::Orm), ..details };
        let conn = self.django.conn.clone();
        let detail = match (query.imported, query.streamed || !query.row) {
            (true, _) => "imported-model",
            (_, false) => "rows-in-memory",
            _ => "",
        };
        self.emit_rows(kind, detail, Some(query.table.clone()), details, &conn, span);
    }

    /// One of the objects that a loop over a queryset sees.
    pub(super) fn object_of(rows: &Value<'a>) -> Option<Value<'a>> {
        let Value::Django(django) = rows else { return None };
        match &**django {
            Dj::Query(query) if !query.plain => {
                Some(Value::Django(Rc::new(Dj::Row(Query { row: true, ..query.clone() }, false))))
            }
            _ => None,
        }
    }

    /// What a comprehension over a queryset makes of its objects, where it keeps or makes objects.
    pub(super) fn mapped_rows(element: &Value<'a>) -> Option<Value<'a>> {
        let Value::Django(django) = element else { return None };
        match &**django {
            Dj::Row(query, _) => Some(Value::Django(Rc::new(Dj::Query(query.clone())))),
            _ => None,
        }
    }
}

/// The condition of a queryset.
fn condition(query: &Query) -> Where {
    query.filter.clone().map_or(Where::Absent, Where::Predicate)
}

fn batch_size<'a>(given: Option<&Value<'a>>, named: &[Named<'a>]) -> Option<u64> {
    let value = given.cloned().or_else(|| keyword(named, "batch_size"))?;
    if let Value::Int(size) = value { u64::try_from(size).ok() } else { None }
}

/// `note__isnull=True` as a comparison.
#[expect(clippy::match_same_arms, reason = "one row for each, as a table")]
fn term(path: &str, value: &Value<'_>) -> Option<Term> {
    let (column, lookup) = path.rsplit_once("__").unwrap_or((path, "exact"));
    let literal = match value {
        Value::Text(_) => TermValue::Literal(format!("'{}'", value.as_str()?)),
        Value::Int(int) => TermValue::Literal(int.to_string()),
        Value::None => TermValue::None,
        Value::Bool(value) => TermValue::Literal(value.to_string()),
        _ => TermValue::Parameter,
    };
    let (operator, value) = match (lookup, value) {
        ("exact", Value::None) => (TermOperator::IsNull, TermValue::None),
        ("isnull", Value::Bool(true)) => (TermOperator::IsNull, TermValue::None),
        ("isnull", _) => (TermOperator::IsNotNull, TermValue::None),
        ("exact", _) => (TermOperator::Equal, literal),
        ("in", _) => (TermOperator::In, literal),
        ("lt" | "lte" | "gt" | "gte", _) => (TermOperator::Order, literal),
        ("range", _) => (TermOperator::Between, literal),
        _ => (TermOperator::Other, literal),
    };
    let column = if column == "pk" { "id" } else { column };
    Some(Term { column: column.to_owned(), operator, value })
}

/// The table of a model of an app outside the project: `django.contrib.auth.models.User`.
fn foreign_model(path: &str, span: Span) -> Option<Known<QualifiedName>> {
    let (module, model) = path.rsplit_once('.')?;
    let app = module.split_once(".models").map_or(module, |(app, _)| app);
    let named = model.chars().next().is_some_and(char::is_uppercase);
    named.then(|| model_table(app.rsplit('.').next().unwrap_or(app), model, span))
}

//! Method calls: of strings, lists, dicts, and of what talks to a database.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::sqlalchemy::{self as sa, Args};
use super::super::strings;
use super::super::value::{Construct, READ, Record, Text, Value};
use super::call::{Named, keyword};
use super::schema::TABLES;
use super::{Interp, last_name};
use crate::frontend::text::SqlText;
use crate::ir::{Known, OpKind, QualifiedName, TransactionKind, Unknown};
use crate::span::Span;

/// Methods that add to a list or a set.
const GROWS: [&str; 4] = ["append", "add", "extend", "insert"];

impl<'a> Interp<'a> {
    pub(super) fn method(
        &mut self,
        base: &Value<'a>,
        name: &'a str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        if let Some(value) = self.pattern_method(base, name, arguments, named, span) {
            return value;
        }
        if self.django.on {
            let related = match base {
                Value::Unknown(opaque) => opaque.related.clone(),
                _ => None,
            };
            let value = match &related {
                Some(related) => self.related(related, name, arguments, named, call),
                None => self.instance_call(base, name, call),
            };
            if let Some(value) = value {
                return value;
            }
        }
        if base.path().is_some() || matches!(base, Value::Record(_)) {
            let args = Args::of_call(arguments, named);
            if let Some(value) = self.alembic_method(base, name, args.clone(), call) {
                return value;
            }
            if let Some(value) = self.library_method(base, name, &args, call) {
                return value;
            }
            if let Some(value) = self.manager_method(base, name, &args, span) {
                return value;
            }
        }
        if self.saves_rows() {
            let args = Args::of_call(arguments, named);
            if let Some(value) = self.object_method(base, name, &args, call) {
                return value;
            }
        }
        if let Some(value) = Self::dialect_method(base, name, arguments) {
            return value;
        }
        if let (Value::Construct(_), false) = (base, matches!(name, "cast" | "label" | "compile")) {
            // `query.scalar_subquery().is_not(None)`.
            if let Some(value) = sa::method(base, name, &Args::of_call(arguments, named), span) {
                return value;
            }
        }
        if let Some(value) = self.outside_value(base, name, call) {
            return value;
        }
        if let Some(value) = self.path_method(base, name, arguments, call) {
            return value;
        }
        if let Some(value) = self.changeset(base, name, arguments, named, call) {
            return value;
        }
        if let Some(value) = self.peewee_method(base, name, arguments, named, call) {
            return value;
        }
        match base {
            Value::Record(record)
                if record.of.is_none()
                    && TABLES.contains(&record.class.as_str())
                    && matches!(name, "update" | "insert" | "delete" | "select") =>
            {
                if let Some(value) = self.construct(name, Some(base), arguments, named, call) {
                    return value;
                }
            }
            Value::Handle(_) if self.django.on && name == "quote_name" => {
                return self.call_foreign(super::attribute::QUOTE_NAME, arguments, named, call);
            }
            Value::Record(record) if record.class == "Template" && matches!(name, "substitute" | "safe_substitute") => {
                if let Some(value) = self.substitute(record, arguments, named, span) {
                    return value;
                }
            }
            Value::Django(django) => return self.django_method(django, name, arguments, named, call),
            Value::Record(_) if self.django.on && matches!(name, "desc" | "asc") => {
                return Self::foreign_record(
                    if name == "desc" { ".desc" } else { ".asc" },
                    std::slice::from_ref(base),
                    named,
                    span,
                );
            }
            Value::Text(text) => {
                if let Some(value) = self.text_method(text, name, arguments, named, call) {
                    return value;
                }
                if let Some(part) = self.piece_of(text, call) {
                    return part;
                }
            }
            Value::List(_, made) if self.row_loops > 0 && !self.grown.contains(made) && GROWS.contains(&name) => {
                self.grown.insert(*made);
                return self.method(base, name, arguments, named, call);
            }
            Value::List(items, _) => match (name, arguments.first()) {
                ("append" | "add", Some(value)) => {
                    items.borrow_mut().push(value.clone());
                    return Value::None;
                }
                ("extend", Some(more)) => {
                    let more = match Value::items(more) {
                        Some(more) => more,
                        None => vec![self.part_of(more, call, "the elements are not known")],
                    };
                    items.borrow_mut().extend(more);
                    return Value::None;
                }
                ("insert", Some(_)) => {
                    let value = arguments.get(1).cloned().unwrap_or(Value::None);
                    items.borrow_mut().push(value);
                    return Value::None;
                }
                ("copy", _) => return base.clone(),
                _ => return self.unknown("the list's method is not followed", call),
            },
            Value::Dict(pairs, _) if matches!(name, "setdefault" | "update") => {
                let key = arguments.first().cloned().unwrap_or(Value::None);
                if let (Value::Dict(more, _), "update") = (&key, name) {
                    let more = more.borrow().clone();
                    pairs.borrow_mut().extend(more);
                    return Value::None;
                }
                let found = pairs.borrow().iter().find(|(k, _)| k.equals(&key) == Some(true)).map(|(_, v)| v.clone());
                let value = found.or_else(|| arguments.get(1).cloned());
                let value = value.unwrap_or_else(|| self.unknown("the dictionary's elements are not known", call));
                pairs.borrow_mut().push((key, value.clone()));
                return value;
            }
            Value::Dict(pairs, _) => {
                let pairs = pairs.borrow().clone();
                let key = arguments.first();
                return match name {
                    "items" => {
                        Value::list(pairs.into_iter().map(|(k, v)| Value::list(vec![k, v], span)).collect(), span)
                    }
                    "values" => Value::list(pairs.into_iter().map(|(_, v)| v).collect(), span),
                    "keys" => Value::list(pairs.into_iter().map(|(k, _)| k).collect(), span),
                    "get" | "pop" => {
                        let found = pairs.iter().find(|(k, _)| key.is_some_and(|key| k.equals(key) == Some(true)));
                        let default = || arguments.get(1).cloned().unwrap_or(Value::None);
                        // A key that is not known can be the one that is asked for.
                        let open = pairs.iter().any(|(k, _)| matches!(k, Value::Unknown(_) | Value::Either(_)));
                        let unknown = open || key.is_none_or(|key| key.as_str().is_none());
                        match found {
                            Some((_, value)) => value.clone(),
                            None if unknown => {
                                pairs.into_iter().map(|(_, v)| v).reduce(Value::join).unwrap_or_else(default)
                            }
                            None => default(),
                        }
                    }
                    _ => self.unknown("the dictionary's method is not followed", call),
                };
            }
            // `Model.__table__.create(bind)`.
            Value::Class(class) if matches!(name, "create" | "drop") && asks_table(call) => {
                let bind = arguments.first().cloned().or_else(|| keyword(named, "bind")).unwrap_or(Value::None);
                if self.mapped_table(class, name == "create", &bind, span) {
                    return Value::None;
                }
            }
            Value::Record(_) | Value::Class(_) | Value::Module(_) => {
                let value = self.attribute_of(base, name, span);
                // What a module passes on of a library is called as if it were imported from there.
                let passed_on = self.django.on && matches!(value, Value::Django(_));
                if passed_on || matches!(value, Value::Function(_) | Value::Class(_)) {
                    return self.apply(&value, arguments, named, call, span);
                }
            }
            // A string method of a parameter: still the parameter.
            Value::Unknown(_)
                if matches!(name, "strip" | "lstrip" | "rstrip" | "replace" | "format" | "lower" | "upper") =>
            {
                return self.part_of(base, call, "it is not known");
            }
            Value::Unknown(_) if self.script_of(base).is_some() && !name.starts_with("exec") => {
                return self.part_of(base, call, "it is a part of a text");
            }
            Value::Construct(construct) => return self.construct_method(construct, name, arguments, named, call),
            Value::Either(values)
                if values.iter().any(|v| {
                    matches!(v, Value::Text(_) | Value::Record(_) | Value::Django(_)) || self.script_of(v).is_some()
                }) =>
            {
                let values = values.iter().filter(|value| !matches!(value, Value::None));
                let results: Vec<_> = values.map(|v| self.method(v, name, arguments, named, call)).collect();
                return results.into_iter().reduce(Value::join).unwrap_or(Value::None);
            }
            // A table that is not known: what is done to it still is.
            Value::Unknown(_) | Value::None
                if arguments.is_empty()
                    && named.is_empty()
                    && !self.django.on
                    && !base.is_read()
                    && matches!(name, "insert" | "update" | "delete") =>
            {
                if let Some(value) = self.construct(name, Some(base), arguments, named, call) {
                    return value;
                }
            }
            _ => {}
        }
        self.database_method(base, name, arguments, named, call)
    }

    /// `string.Template("… $name …").substitute(name=…)`.
    fn substitute(
        &mut self,
        template: &Record<'a>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        let Some(Value::Text(text)) = template.fields.borrow().get("0").cloned() else { return None };
        let mut pairs = match arguments.first() {
            Some(Value::Dict(pairs, _)) => pairs.borrow().clone(),
            _ => Vec::new(),
        };
        pairs.extend(named.iter().map(|(name, value)| (sa::word(name, span), value.clone())));
        self.spend(text.sql.text.len() / 8);
        let pieces = strings::dollar_pieces(&text.sql.text);
        Some(self.template(&text, &pieces, &[], &pairs))
    }

    fn text_method(
        &mut self,
        text: &Rc<Text>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let sql = &text.sql;
        self.spend(sql.text.len() / 8);
        let first = arguments.first();
        let keep = |sql: SqlText| Some(Value::Text(Rc::new(Text { sql, ..(**text).clone() })));
        match name {
            "strip" | "rstrip" | "lstrip" => {
                let set = first.and_then(Value::as_str);
                keep(strings::strip(sql, name != "rstrip", name != "lstrip", set))
            }
            "lower" | "casefold" => keep(strings::change_case(sql, false)),
            "upper" => keep(strings::change_case(sql, true)),
            "replace" => {
                let from = first.and_then(Value::as_str)?.to_owned();
                let span = self.span(call);
                let to = self.text_of(arguments.get(1)?, span);
                let mut out = Text { sql: strings::replace(sql, &from, &to.sql), ..(**text).clone() };
                out.mix(&to);
                Some(Value::Text(Rc::new(out)))
            }
            "format_map" => {
                let pairs = match first {
                    Some(Value::Dict(pairs, _)) => pairs.borrow().clone(),
                    _ => Vec::new(),
                };
                let pieces = strings::format_pieces(&sql.text);
                Some(self.template(text, &pieces, &[], &pairs))
            }
            "format" => {
                let pairs: Vec<_> = named
                    .iter()
                    .map(|(name, value)| {
                        let mut key = SqlText::default();
                        key.push(name, self.span(call));
                        (Value::text(key), value.clone())
                    })
                    .collect();
                let pieces = strings::format_pieces(&sql.text);
                let value = self.template(text, &pieces, arguments, &pairs);
                Some(if text.marked { self.mark(&value, self.span(call)) } else { value })
            }
            "join" => {
                // What is composed for SQL is joined as a whole.
                let one = first.filter(|value| text.marked && matches!(value, Value::Text(_)));
                let one = one.map(|value| vec![value.clone()]);
                let Some(items) = one.or_else(|| first.and_then(Value::items)) else {
                    let base = first.cloned().unwrap_or(Value::None);
                    return Some(self.part_of(&base, call, "the joined values are not known"));
                };
                let mut out = Text::default();
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.sql.append(sql);
                    }
                    let part = self.text_of(item, self.span(call));
                    self.spend(part.sql.text.len() / 8);
                    out.sql.append(&part.sql);
                    out.mix(&part);
                }
                Some(Value::Text(Rc::new(out)))
            }
            "splitlines" => {
                let mut at = 0;
                let mut lines = Vec::new();
                for line in sql.text.split_inclusive('\n') {
                    // With their ends, so that what puts them together again has the text.
                    let part = Text { sql: sql.part(at..at + line.len()), ..(**text).clone() };
                    lines.push(Value::Text(Rc::new(part)));
                    at += line.len();
                }
                Some(Value::list(lines, self.span(call)))
            }
            "split" => {
                let separator = first.and_then(Value::as_str).filter(|s| !s.is_empty())?;
                let mut at = 0;
                let mut parts = Vec::new();
                for piece in sql.text.split(separator) {
                    let part = Text { sql: sql.part(at..at + piece.len()), ..(**text).clone() };
                    parts.push(Value::Text(Rc::new(part)));
                    at += piece.len() + separator.len();
                }
                Some(Value::list(parts, self.span(call)))
            }
            "bindparams" | "columns" | "compile" | "execution_options" | "encode" | "as_string" => keep(sql.clone()),
            "execute_if" => Some(Self::execute_if(text, keyword(named, "dialect"), self.span(call))),
            "against" if text.marked => keep(sql.clone()),
            "startswith" if sql.is_known() => Some(Value::Bool(sql.text.starts_with(first?.as_str()?))),
            _ => None,
        }
    }

    /// What a receiver of unknown make does when asked for a connection, a transaction, a cursor.
    pub(super) fn handle_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        let driver = match &*call.func {
            Expr::Attribute(attribute) => last_name(&attribute.value),
            _ => "",
        };
        let (engine, autocommit) = match base {
            Value::Handle(handle) => (handle.engine, handle.autocommit),
            _ => (false, false),
        };
        let handle = |engine, autocommit, conn| Some(Value::handle(engine, autocommit, conn));
        match name {
            "execution_options" | "set_isolation_level" => {
                let level = keyword(named, "isolation_level");
                let auto = level.is_some_and(|v| v.as_str() == Some("AUTOCOMMIT"))
                    || (name == "set_isolation_level"
                        && self.span(&call.arguments).slice(self.source()).contains(['0', 'A']));
                if !auto {
                    return Some(base.clone());
                }
                let scope = self.fresh(TransactionKind::None, Some(span));
                if engine {
                    let conn = self.new_conn(TransactionKind::None, Some(span));
                    return handle(true, true, conn);
                }
                let conn = self.conn_of(base);
                conn.scope.set(scope);
                handle(false, true, conn)
            }
            "connect" | "acquire" | "raw_connection" | "begin" | "async_connect" => {
                let auto = autocommit
                    || matches!(driver, "asyncpg")
                    || name == "acquire"
                    || keyword(named, "autocommit").is_some_and(|v| v.truth() == Some(true))
                    || keyword(named, "isolation_level").is_some_and(|v| matches!(v, Value::None));
                let kind = match (auto, name) {
                    (true, _) => TransactionKind::None,
                    (false, "begin") => TransactionKind::Explicit,
                    _ => TransactionKind::Runner,
                };
                if name == "begin" && !engine {
                    let scope = self.fresh(kind, Some(span));
                    let conn = self.conn_of(base);
                    conn.scope.set(scope);
                    return handle(false, autocommit, conn);
                }
                let conn = self.new_conn(kind, Some(span));
                handle(false, auto, conn)
            }
            "cursor" | "create_cursor" | "chunked_cursor" | "connection" | "get_bind" | "session"
            | "get_connection" | "__enter__" | "__aenter__" => {
                let conn = self.conn_of(base);
                handle(false, autocommit, conn)
            }
            "commit" | "rollback" => {
                let kind = if name == "commit" { OpKind::TransactionCommit } else { OpKind::TransactionRollback };
                let conn = self.conn_of(base);
                let joined = matches!(base, Value::Handle(handle) if handle.joined);
                if joined && name == "commit" && self.is_within(base) {
                    return Some(Value::None);
                }
                self.emit_plain(kind, "driver", None, &conn, span);
                let mut scope = conn.scope.get();
                if scope.kind == TransactionKind::Unknown && scope.id > 0 {
                    // Only what has a transaction is committed, and a connection begins it by itself (PEP 249).
                    self.out.proved(scope.id);
                    scope.kind = TransactionKind::Runner;
                }
                if scope.kind == TransactionKind::Runner {
                    let next = self.fresh(scope.kind, scope.opened);
                    conn.scope.set(next);
                }
                Some(Value::None)
            }
            _ => None,
        }
    }

    /// Whether a transaction is open on a connection that is given by its handle, and goes on whatever is begun on it:
    /// one that is written, or that of the tool which applies migrations. A driver's own begins with a statement.
    pub(super) fn is_within(&self, value: &Value<'a>) -> bool {
        let Value::Handle(handle) = value else { return false };
        let own = self.migration.as_ref().is_some_and(|own| Rc::ptr_eq(own, &handle.conn));
        let kind = handle.conn.scope.get().kind;
        !handle.engine && (kind == TransactionKind::Explicit || own && kind != TransactionKind::None)
    }

    /// `session.query(M)`, `table.update()`, `select(…)`: a statement made of calls.
    pub(super) fn construct(
        &mut self,
        name: &str,
        base: Option<&Value<'a>>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let kind = match name {
            "update" => OpKind::DataUpdate,
            "insert" => OpKind::DataInsert,
            "delete" => OpKind::DataDelete,
            "select" | "query" => OpKind::DataSelect,
            _ => return None,
        };
        let own = base.is_some() && name != "query";
        let (target, mut value) = match (&*call.func, base) {
            (Expr::Attribute(attribute), Some(base)) if own => (&*attribute.value, base.clone()),
            _ if own => return None,
            _ => (call.arguments.args.first()?, arguments.first()?.clone()),
        };
        let conn = match (base, name) {
            (Some(base), "query") => Some(self.conn_of(base)),
            _ => None,
        };
        let mut columns = Vec::new();
        if kind == OpKind::DataSelect {
            // Before 1.4 the columns stood in one list.
            columns = match arguments {
                [list @ Value::List(..)] => Value::items(list).unwrap_or_default(),
                others => others.to_vec(),
            };
            if let Some(table) = columns.iter().find_map(Self::table_behind).filter(|_| !own) {
                value = table;
            }
        }
        let (shown, span) = (self.shown(target), self.span(target));
        let literal = match &value {
            Value::Class(class) => class.attribute("__tablename__", 0).and_then(|v| v.as_str().map(str::to_owned)),
            Value::Record(record) if record.of.is_none() && TABLES.contains(&record.class.as_str()) => {
                record.fields.borrow().get("0").and_then(|v| v.as_str().map(str::to_owned))
            }
            _ => None,
        };
        let table = match literal {
            Some(name) => Known::Known(QualifiedName::bare(name.to_lowercase()), span),
            None => Known::Unknown(Unknown { reason: "the table is named elsewhere".into(), text: shown, span }),
        };
        let mut construct = Construct { conn, columns, ..Construct::new(kind, table, value) };
        if own && kind != OpKind::DataSelect {
            // Before 1.4 these were arguments: `t.update(t.c.id == 1, {"a": 1})`.
            let args = Args::of_call(arguments, named);
            let (condition, values) = if kind == OpKind::DataInsert { (9, 0) } else { (0, 1) };
            construct.filters.extend(args.get(condition, &["whereclause"]).cloned());
            if let Some(values) = args.get(values, &["values"]).cloned() {
                let args = Args { positional: vec![values], ..Args::default() };
                Self::extend_construct(&mut construct, "values", &args, span);
            }
        }
        Some(Value::Construct(Rc::new(construct)))
    }

    /// The table of a selected column, or the selected table itself.
    fn table_behind(value: &Value<'a>) -> Option<Value<'a>> {
        match value {
            Value::Class(_) => Some(value.clone()),
            Value::Record(record) if TABLES.contains(&record.class.as_str()) => Some(value.clone()),
            Value::Record(record) => {
                let fields = record.fields.borrow();
                match fields.get("table") {
                    Some(table @ Value::Record(_)) => Some(table.clone()),
                    Some(name @ Value::Text(_)) => {
                        let args = Args { positional: vec![name.clone()], ..Args::default() };
                        Some(Value::Record(Rc::new(super::alembic::record("table", args, record.span))))
                    }
                    _ => {
                        let items = fields.get("items").and_then(Value::items)?;
                        items.iter().find_map(|item| match item {
                            Value::Record(inner) if inner.class == "column" => Self::table_behind(item),
                            _ => None,
                        })
                    }
                }
            }
            _ => None,
        }
    }

    fn construct_method(
        &mut self,
        base: &Rc<Construct<'a>>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        let mut next = (**base).clone();
        let args = Args::of_call(arguments, named);
        match name {
            "where" | "filter" | "filter_by" => {
                next.filter = Some(self.shown(&call.arguments));
                Self::extend_construct(&mut next, name, &args, span);
            }
            "update" | "delete" if base.conn.is_some() => {
                next.kind = if name == "update" { OpKind::DataUpdate } else { OpKind::DataDelete };
                let conn = base.conn.clone().unwrap_or_default();
                Self::extend_construct(&mut next, name, &args, span);
                self.emit_construct(&next, &conn, span);
                return Value::Int(0);
            }
            "all" | "first" | "one" | "one_or_none" | "get" | "yield_per" if base.conn.is_some() => {
                let reason = READ.to_owned();
                let unknown = Unknown { reason, text: format!("{{{}}}", self.shown(call)), span };
                return Value::rows(unknown, base.conn.clone().unwrap_or_default(), Some(base.table.clone()));
            }
            "scalar" | "count" if base.conn.is_some() => return self.unknown(READ, call),
            // Peewee, and SQLAlchemy's tables whose metadata is bound to an engine.
            "execute" if arguments.is_empty() && base.kind != OpKind::DataSelect => {
                let conn = base.conn.clone().unwrap_or_else(|| self.tool_conn());
                self.emit_construct(&next, &conn, span);
                return Value::Int(0);
            }
            _ => Self::extend_construct(&mut next, name, &args, span),
        }
        Value::Construct(Rc::new(next))
    }
}

/// Whether a method is one of `X.__table__`.
fn asks_table(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else { return false };
    matches!(&*method.value, Expr::Attribute(base) if base.attr.as_str() == "__table__")
}

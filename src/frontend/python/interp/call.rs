//! Calls: entering functions of the project, and what is known of those outside it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::guards;
use super::super::sqlalchemy::{self as sa, Args};
use super::super::value::{
    ARGUMENT, Applied, Body, Class, Dj, ENVIRONMENT, Env, Function, Handle, Opaque, Query, Record, Text, Value, origin,
};
use super::{Frame, Interp, MAX_FRAMES, last_name};
use crate::frontend::sql;
use crate::ir::{Direction, TransactionKind};
use crate::span::Span;

/// `schema_editor.quote_name`, `connection.ops.quote_name`.
pub(super) const QUOTE_NAME: &str = "django.db.connection.ops.quote_name";

/// A keyword argument.
pub(super) type Named<'a> = (&'a str, Value<'a>);

impl<'a> Interp<'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall) -> Value<'a> {
        let span = self.span(call);
        if let Expr::Attribute(attribute) = &*call.func {
            if self.django.on
                && let Expr::Call(inner) = &*attribute.value
                && last_name(&inner.func) == "super"
            {
                let (arguments, named) = self.arguments(call);
                return self.super_call(attribute.attr.as_str(), &arguments, &named, span);
            }
            let base = self.eval(&attribute.value);
            let (arguments, named) = self.arguments(call);
            return self.method(&base, attribute.attr.as_str(), &arguments, &named, call);
        }
        let callee = self.eval(&call.func);
        let (arguments, named) = self.arguments(call);
        self.apply(&callee, &arguments, &named, call, span)
    }

    /// A keyword's name as it stands somewhere in the program, which outlives the values that are made of it.
    pub(super) fn interned(&mut self, name: &str) -> Option<&'a str> {
        let found = self.units.iter().find_map(|unit| {
            let at = unit.file.text.find(name)?;
            unit.file.text.get(at..at + name.len())
        });
        self.spend(self.source().len() / 64);
        found
    }

    pub(super) fn apply(
        &mut self,
        callee: &Value<'a>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
        span: Span,
    ) -> Value<'a> {
        if let Value::Function(function) = callee
            && guards::splits_statements(function.name)
            && let Some(text) = whole_sql(arguments)
        {
            // The SQL reader splits a text better than a program of unknown make can be followed.
            return Value::list(vec![text], span);
        }
        match callee {
            Value::Function(function) if function.unit != 0 && guards::makes_application(function.name) => {
                self.unknown("it is the application", call)
            }
            Value::Function(function) => self.enter(function, arguments, named, Some(span), false),
            Value::Class(class) if self.django.on => self.django_instance(class, arguments, named, span),
            Value::Record(record) if Self::callable(record).is_some() => match Self::callable(record) {
                Some(function) => self.enter(&function, arguments, named, Some(span), false),
                None => Value::None,
            },
            Value::Class(class) => self.instance(class, arguments, named, span, false),
            Value::Django(django) => match &**django {
                Dj::Foreign(path) => self.call_foreign(path, arguments, named, call),
                Dj::Model(query) => {
                    let query = Query { row: !self.loops.is_empty(), ..query.clone() };
                    Value::Django(Rc::new(Dj::Row(query, true)))
                }
                _ => self.unknown("it is known only while the program runs", call),
            },
            Value::Either(values) => {
                let results: Vec<_> =
                    values.iter().map(|value| self.apply(value, arguments, named, call, span)).collect();
                results.into_iter().reduce(Value::join).unwrap_or(Value::None)
            }
            _ => {
                if let Value::Crowded = callee {
                    self.beyond(arguments);
                }
                let name = last_name(&call.func);
                let Some((module, own)) = callee.path().and_then(|path| path.rsplit_once('.')) else {
                    return self.builtin(name, arguments, named, call);
                };
                // Under whichever name it was imported.
                let (module, own) = (module.to_owned(), own.to_owned());
                let text = format!("{{{module}}}");
                let unknown = crate::ir::Unknown { reason: "it is a library".to_owned(), text, span };
                let args = Args::of_call(arguments, named);
                let base = Value::external(unknown, &module);
                if let ("typing", "cast", Some(value)) = (module.as_str(), own.as_str(), arguments.get(1)) {
                    return value.clone();
                }
                if module == super::alembic::OP {
                    if let Some(value) = self.alembic_method(&base, &own, args, call) {
                        return value;
                    }
                    return Value::None;
                }
                if let Some(value) = self.library_method(&base, &own, &args, call) {
                    return value;
                }
                let name = if module.starts_with("sqlalchemy") { &own } else { name };
                self.builtin(name, arguments, named, call)
            }
        }
    }

    fn arguments(&mut self, call: &'a ExprCall) -> (Vec<Value<'a>>, Vec<Named<'a>>) {
        let mut positional = Vec::new();
        for argument in &call.arguments.args {
            let value = self.eval(argument);
            match (argument, &value) {
                (Expr::Starred(_), Value::List(items, _)) => positional.extend(items.borrow().iter().cloned()),
                _ => positional.push(value),
            }
        }
        let mut named = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.eval(&keyword.value);
            match (&keyword.arg, value) {
                (Some(name), value) => named.push((name.as_str(), value)),
                // `**options` of a dictionary that is known.
                (None, Value::Dict(pairs, _)) => {
                    for (key, value) in pairs.borrow().iter() {
                        if let Some(name) = key.as_str().and_then(|name| self.interned(name)) {
                            named.push((name, value.clone()));
                        }
                    }
                }
                (None, _) => {}
            }
        }
        (positional, named)
    }

    /// Runs a function's body with its parameters bound, and returns what it returns.
    pub(super) fn enter(
        &mut self,
        function: &Rc<Function<'a>>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: Option<Span>,
        entry: bool,
    ) -> Value<'a> {
        let again = self.frames.iter().any(|f| f.function.as_ref().is_some_and(|f| f.span == function.span));
        let place = call.unwrap_or(function.span);
        if again || self.frames.len() > MAX_FRAMES || !self.spend(1) {
            if !again {
                self.cut("calls are nested too deeply to be followed");
            }
            return Value::unknown("the call is too deep to be followed", "{…}", place);
        }
        self.reached.insert(function.span);
        let env = Rc::new(Env { vars: RefCell::default(), parent: Some(function.env.clone()) });
        if let Some(applied) = &function.applied {
            let arguments: Vec<_> = applied.positional.iter().chain(arguments).cloned().collect();
            let named: Vec<_> = named.iter().chain(&applied.named).cloned().collect();
            self.bind(function, &env, &arguments, &named, entry);
        } else {
            self.bind(function, &env, arguments, named, entry);
        }
        let before = self.frame().map_or(Direction::Up, |frame| frame.direction);
        let direction = if guards::is_down(function.name) { Direction::Down } else { before };
        let mut nested = None;
        let (unit, at) = (function.unit, function.span);
        let function = function.clone();
        self.frames.push(Frame {
            unit,
            env,
            function: Some(function.clone()),
            call,
            returns: Vec::new(),
            guards: self.guards.len(),
            yields: None,
            at,
            direction,
        });
        match function.body {
            Body::Block(body) => {
                self.block(body);
            }
            Body::Expression(expr) => nested = Some(self.eval(expr)),
        }
        if entry {
            self.returned_sql(&function);
        }
        let Some(frame) = self.frames.pop() else { return Value::None };
        match frame.yields {
            Some(given) if function.manager => return given.into_iter().reduce(Value::join).unwrap_or(Value::None),
            Some(given) => return Value::list(given, place),
            None => {}
        }
        nested.unwrap_or_else(|| returned(frame.returns))
    }

    fn bind(
        &mut self,
        function: &Function<'a>,
        env: &Env<'a>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        entry: bool,
    ) {
        let Some(parameters) = function.parameters else { return };
        let depth = u32::try_from(self.frames.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let passing = |value: Value<'a>| if entry { value } else { passed(value, depth) };
        let handed = if entry && arguments.is_empty() { self.handed(function) } else { Vec::new() };
        let given = function.bound.iter().cloned().chain(arguments.iter().cloned());
        let mut given = given.chain(handed);
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            let name = parameter.parameter.name.as_str();
            let value = match given.next().or_else(|| keyword(named, name)) {
                Some(value) => passing(value),
                None => match &parameter.default {
                    Some(default) if !entry => self.default_of(function, default),
                    // `def upgrade(op, …)`: some projects hand the directives over.
                    _ if name == "op" && matches!(function.name, "upgrade" | "downgrade") => {
                        let value = self.parameter(name, function.unit, &parameter.parameter);
                        let Value::Unknown(opaque) = value else { continue };
                        Value::external(opaque.unknown.clone(), super::alembic::OP)
                    }
                    _ => self.parameter(name, function.unit, &parameter.parameter),
                },
            };
            env.vars.borrow_mut().insert(name, value);
        }
        for parameter in &parameters.kwonlyargs {
            let name = parameter.parameter.name.as_str();
            let value = match (keyword(named, name), &parameter.default) {
                (Some(value), _) => passing(value),
                (None, Some(default)) if !entry => self.default_of(function, default),
                _ => self.parameter(name, function.unit, &parameter.parameter),
            };
            env.vars.borrow_mut().insert(name, value);
        }
        if let Some(rest) = &parameters.vararg {
            let value = if entry {
                self.parameter(rest.name.as_str(), function.unit, &**rest)
            } else {
                Value::list(given.collect(), function.span)
            };
            env.vars.borrow_mut().insert(rest.name.as_str(), value);
        }
        if let Some(rest) = &parameters.kwarg {
            let taken = |name: &str| {
                let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
                all.into_iter().any(|parameter| parameter.parameter.name.as_str() == name)
            };
            let value = if entry {
                self.parameter(rest.name.as_str(), function.unit, &**rest)
            } else {
                let given = named.iter().filter(|(name, _)| !taken(name)).map(|(name, value)| {
                    let mut key = crate::frontend::text::SqlText::default();
                    key.push(name, function.span);
                    (Value::text(key), value.clone())
                });
                Value::Dict(Rc::new(RefCell::new(given.collect())), function.span)
            };
            env.vars.borrow_mut().insert(rest.name.as_str(), value);
        }
    }

    /// A default is evaluated where the function is defined.
    fn default_of(&mut self, function: &Function<'a>, default: &'a Expr) -> Value<'a> {
        self.frames.push(Frame {
            unit: function.unit,
            env: function.env.clone(),
            function: None,
            call: None,
            returns: Vec::new(),
            guards: self.guards.len(),
            yields: None,
            at: function.span,
            direction: Direction::Up,
        });
        let value = self.eval(default);
        self.frames.pop();
        value
    }

    /// An instance of a class of the project.
    pub(super) fn instance(
        &mut self,
        class: &Rc<Class<'a>>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
        entry: bool,
    ) -> Value<'a> {
        let mut fields: BTreeMap<String, Value<'a>> = BTreeMap::new();
        for name in &class.fields {
            if let Some(value) = class.env.vars.borrow().get(name) {
                fields.insert((*name).to_owned(), value.clone());
            }
        }
        for (name, value) in class.fields.iter().zip(arguments) {
            fields.insert((*name).to_owned(), value.clone());
        }
        for (name, value) in named {
            fields.insert((*name).to_owned(), value.clone());
        }
        let record =
            Record { class: class.name.to_owned(), of: Some(class.clone()), fields: RefCell::new(fields), span };
        let this = Value::Record(Rc::new(record));
        if let Some(Value::Function(init)) = class.attribute("__init__", 0) {
            let init = bound(&init, &this);
            self.enter(&init, arguments, named, Some(span), entry);
        }
        self.settle_type(class, &this, span);
        this
    }

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
            Value::Class(_) if self.django.on && self.manager(base, name, span).is_some() => {
                self.manager(base, name, span).unwrap_or(Value::None)
            }
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
                value.unwrap_or_else(|| Value::unknown(format!("`{name}` is not defined there"), text, span))
            }
            Value::Django(_) if self.manager(base, name, span).is_some() => {
                self.manager(base, name, span).unwrap_or(Value::None)
            }
            Value::Django(django) => match &**django {
                Dj::Foreign(path) => {
                    self.vendor(path, name, span).unwrap_or_else(|| Self::foreign(format!("{path}.{name}")))
                }
                Dj::Model(_) if name == "_meta" => base.clone(),
                Dj::Model(query) if name == "db_table" => Self::table_text(query, span),
                Dj::Model(query) => Self::lead(query, name, true, text, span),
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
            _ => Value::unknown("the attribute is not followed", text, span),
        }
    }

    /// A function that the project does not define.
    pub(super) fn builtin(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        let first = arguments.first();
        if let Some(value) = first.and_then(|value| self.text_function(name, value, call)) {
            return value;
        }
        if let Some(value) = self.path_function(name, arguments, call) {
            return value;
        }
        match (name, first) {
            ("str", Some(value)) => Value::Text(Rc::new(self.text_of(value, span))),
            ("Identifier" | "Literal" | "quote_ident", Some(_)) => self.quoted(arguments, span),
            ("Placeholder", _) => sa::word("%s", span),
            ("map", Some(function)) => {
                let Some(items) = arguments.get(1).and_then(Value::items) else {
                    return self.unknown("it is not known", call);
                };
                let function = function.clone();
                let quotes =
                    function.path().is_some_and(|path| path.ends_with(".Identifier") || path.ends_with(".Literal"));
                let one = |item: Value<'a>| {
                    let item = [item];
                    if quotes { self.quoted(&item, span) } else { self.apply(&function, &item, &[], call, span) }
                };
                Value::list(items.into_iter().map(one).collect(), span)
            }
            ("getenv", Some(_)) => self.unknown(ENVIRONMENT, call),
            ("input" | "getpass", _) => self.unknown(ARGUMENT, call),
            ("list" | "tuple" | "sorted" | "set" | "reversed" | "iter" | "frozenset" | "tqdm", Some(value)) => {
                match Value::items(value) {
                    Some(items) => Value::list(items, span),
                    None => value.clone(),
                }
            }
            ("zip", Some(_)) if arguments.iter().any(Value::is_read) => Value::Zip(Rc::new(arguments.to_vec())),
            ("enumerate", Some(value)) if value.is_read() => {
                let number = self.unknown("it is one of many numbers", call);
                Value::Zip(Rc::new(vec![number, value.clone()]))
            }
            ("dict" | "OrderedDict", None) if !named.is_empty() => {
                let key = |name: &str| {
                    let mut sql = crate::frontend::text::SqlText::default();
                    sql.push(name, span);
                    Value::text(sql)
                };
                let pairs = named.iter().map(|(name, value)| (key(name), value.clone())).collect();
                Value::Dict(Rc::new(RefCell::new(pairs)), span)
            }
            ("enumerate", Some(value)) => match Value::items(value) {
                Some(items) => {
                    let from = match arguments.get(1).cloned().or_else(|| keyword(named, "start")) {
                        Some(Value::Int(from)) => from,
                        _ => 0,
                    };
                    let pair = |(at, item)| Value::list(vec![Value::Int(at), item], span);
                    Value::list((from..).zip(items).map(pair).collect(), span)
                }
                None => self.part_of(value, call, "it is not known"),
            },
            ("zip", Some(_)) => {
                let lists: Option<Vec<_>> = arguments.iter().map(Value::items).collect();
                let Some(lists) = lists else { return self.unknown("it is not known", call) };
                let rows = lists.iter().map(Vec::len).min().unwrap_or(0);
                let row = |at: usize| Value::list(lists.iter().filter_map(|l| l.get(at).cloned()).collect(), span);
                Value::list((0..rows).map(row).collect(), span)
            }
            ("range", Some(Value::Int(n))) if arguments.iter().all(|bound| matches!(bound, Value::Int(_))) => {
                let (from, to) = match arguments.get(1) {
                    Some(Value::Int(to)) => (*n, *to),
                    _ => (0, *n),
                };
                if to.saturating_sub(from) > 64 {
                    return self.unknown("it is one of many numbers", call);
                }
                Value::list((from..to).map(Value::Int).collect(), span)
            }
            // How often a loop has added to the list is not known.
            ("len", Some(Value::List(items, _))) if items.borrow().iter().any(Value::is_object_read) => {
                self.unknown("it is one of many numbers", call)
            }
            ("len", Some(Value::List(items, _))) => Value::Int(i64::try_from(items.borrow().len()).unwrap_or(i64::MAX)),
            ("getattr", Some(base)) => match arguments.get(1).and_then(Value::as_str) {
                Some(name) => {
                    let name = name.to_owned();
                    match Self::unset(base, &name, arguments) {
                        Some(default) => default,
                        None => self.attribute_of(&base.clone(), &name, span),
                    }
                }
                None => match Self::unset(base, "", arguments) {
                    Some(default) => default,
                    None => self.unknown("the attribute's name is not known", call),
                },
            },
            ("next" | "anext", Some(value)) => match Value::items(value).and_then(|items| items.into_iter().next()) {
                Some(first) => first,
                None => self.part_of(value, call, "it is not known"),
            },
            ("partial", Some(Value::Function(function))) => {
                Value::Function(applied(function, arguments.get(1..).unwrap_or_default(), named))
            }
            ("run" | "run_until_complete" | "gather" | "partial", Some(value)) => value.clone(),
            _ => self.database_call(name, arguments, named, call),
        }
    }

    /// Names that are quoted and joined by dots, or a value that is made a literal.
    pub(super) fn quoted(&mut self, parts: &[Value<'a>], span: Span) -> Value<'a> {
        let mut out = Text::default();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.sql.push(".", span);
            }
            let part = self.text_of(&part.quoted(), span);
            out.sql.append(&part.sql);
            out.mix(&part);
        }
        Value::Text(Rc::new(out))
    }

    /// A value that a method of what comes from outside gives: `os.environ.get("X")`, `parser.parse_args()`.
    pub(super) fn outside_value(&mut self, base: &Value<'a>, name: &str, call: &'a ExprCall) -> Option<Value<'a>> {
        if let (Value::Record(record), "parse_args" | "parse_known_args") = (base, name)
            && record.of.is_none()
        {
            return Some(self.unknown(ARGUMENT, call));
        }
        let Value::Unknown(opaque) = base else { return None };
        match (opaque.path.as_deref(), name) {
            (Some("os"), "getenv") => Some(self.unknown(ENVIRONMENT, call)),
            (_, "parse_args" | "parse_known_args") => Some(self.unknown(ARGUMENT, call)),
            (_, "get" | "pop" | "setdefault")
                if origin(&opaque.unknown.reason).is_some() && opaque.row_of.is_none() =>
            {
                Some(self.part_of(base, call, ENVIRONMENT))
            }
            _ => None,
        }
    }

    pub(super) fn mark(&mut self, value: &Value<'a>, span: Span) -> Value<'a> {
        if let Value::Either(values) = value {
            let marked: Vec<_> = values.iter().map(|value| self.mark(value, span)).collect();
            return Value::Either(Rc::new(marked));
        }
        let text = self.text_of(value, span);
        Value::Text(Rc::new(Text { marked: true, ..text }))
    }

    /// Engines, connections and sessions that the program opens.
    pub(super) fn open_database(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        let bind = keyword(named, "bind");
        let first = arguments.first().or(bind.as_ref());
        let autocommit = keyword(named, "isolation_level").is_some_and(|v| v.as_str() == Some("AUTOCOMMIT"))
            || keyword(named, "autocommit").is_some_and(|v| v.truth() == Some(true));
        let engine = matches!(
            name,
            "create_engine" | "create_async_engine" | "create_pool" | "get_engine" | "engine_from_config"
        );
        let connection =
            matches!(name, "Session" | "SessionLocal" | "AsyncSession" | "scoped_session" | "get_session" | "connect");
        if super::peewee::DATABASES.contains(&name) {
            // Each statement is committed, unless `atomic()` says otherwise.
            let conn = self.new_conn(TransactionKind::None, Some(span));
            return Some(Value::Handle(Rc::new(Handle { engine: false, autocommit: true, conn })));
        }
        if !(engine || connection) {
            return None;
        }
        if let (true, Some(bind @ Value::Handle(_))) = (connection, first) {
            // A session over a connection works in that one's transaction.
            return Some(bind.clone());
        }
        let kind = if autocommit || name == "create_pool" { TransactionKind::None } else { TransactionKind::Runner };
        let conn = self.new_conn(kind, Some(span));
        Some(Value::Handle(Rc::new(Handle { engine, autocommit: kind == TransactionKind::None, conn })))
    }
}

/// The value of a call: what was returned for the dialect of the code around it, where something was.
fn returned(all: Vec<(Value<'_>, bool)>) -> Value<'_> {
    let fitting = all.iter().any(|(_, fits)| *fits);
    let kept = all.into_iter().filter(|(_, fits)| *fits || !fitting).map(|(value, _)| value);
    kept.reduce(Value::join).unwrap_or(Value::None)
}

/// Whether it is the object that Flask-SQLAlchemy calls `db` in every one of its examples, by its name or its import:
/// `db.session` is a session of SQLAlchemy.
fn is_flask_database(opaque: &Opaque<'_>) -> bool {
    let imported = opaque.path.as_deref().is_some_and(|path| path.rsplit('.').next() == Some("db"));
    imported || opaque.unknown.text == "{db}"
}

/// The SQL that a function which splits it is given: a text, or its lines.
fn whole_sql<'a>(arguments: &[Value<'a>]) -> Option<Value<'a>> {
    let first = arguments.first()?;
    let parts = if let Value::Text(_) = first { vec![first.clone()] } else { first.items()? };
    let mut out = Text::default();
    for part in &parts {
        let Value::Text(part) = part else { return None };
        out.sql.append(&part.sql);
        out.mix(part);
    }
    sql::looks_like_sql(&out.sql.text).then(|| Value::Text(Rc::new(out)))
}

pub(super) fn keyword<'a>(named: &[Named<'a>], name: &str) -> Option<Value<'a>> {
    named.iter().find(|(given, _)| *given == name).map(|(_, value)| value.clone())
}

pub(super) fn bound<'a>(function: &Rc<Function<'a>>, this: &Value<'a>) -> Rc<Function<'a>> {
    Rc::new(Function {
        name: function.name,
        unit: function.unit,
        parameters: function.parameters,
        body: function.body,
        env: function.env.clone(),
        bound: Some(this.clone()),
        applied: function.applied.clone(),
        manager: function.manager,
        span: function.span,
    })
}

/// `functools.partial(function, …)`: arguments given now and before.
fn applied<'a>(function: &Rc<Function<'a>>, arguments: &[Value<'a>], named: &[Named<'a>]) -> Rc<Function<'a>> {
    let before = function.applied.as_deref();
    let positional = before.iter().flat_map(|before| &before.positional).chain(arguments).cloned().collect();
    // A later keyword takes the place of an earlier one.
    let named = named.iter().chain(before.iter().flat_map(|before| &before.named)).cloned().collect();
    Rc::new(Function {
        name: function.name,
        unit: function.unit,
        parameters: function.parameters,
        body: function.body,
        env: function.env.clone(),
        bound: function.bound.clone(),
        applied: Some(Rc::new(Applied { positional, named })),
        manager: function.manager,
        span: function.span,
    })
}

/// Notes on texts that they were passed as an argument by the frame `depth`.
fn passed(value: Value<'_>, depth: u32) -> Value<'_> {
    match value {
        Value::Text(text) if text.passed.is_none_or(|before| before > depth) => {
            Value::Text(Rc::new(Text { passed: Some(depth), ..(*text).clone() }))
        }
        other => other,
    }
}

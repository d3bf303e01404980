//! Functions that the project does not define: those of Python, and those that open databases or make values.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::super::sqlalchemy::{self as sa, Args};
use super::super::value::{ARGUMENT, Applied, ENVIRONMENT, Function, Handle, Text, Value, origin};
use super::Interp;
use super::call::{Named, keyword};
use crate::ir::TransactionKind;
use crate::span::Span;

/// The class of a factory of sessions: `sessionmaker(bind=engine)`.
pub(super) const SESSIONS: &str = "#sessions";

impl<'a> Interp<'a> {
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
                let function = function.clone();
                let Some(items) = arguments.get(1).and_then(Value::items) else {
                    return self.mapped_over(&function, arguments.get(1), call);
                };
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
            ("setattr", Some(object)) => {
                self.row_changed(object, span);
                if let (Some(name), Some(value)) = (arguments.get(1).and_then(Value::as_str), arguments.get(2)) {
                    match object {
                        Value::Record(record) => &record.fields,
                        Value::Unknown(opaque) => &opaque.attributes,
                        _ => return Value::None,
                    }
                    .borrow_mut()
                    .insert(name.to_owned(), value.clone());
                }
                Value::None
            }
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

    /// `map(function, rows)`: a loop over what is known only while the program runs.
    fn mapped_over(&mut self, function: &Value<'a>, over: Option<&Value<'a>>, call: &'a ExprCall) -> Value<'a> {
        let (Some(over), Some(given)) = (over, call.arguments.args.get(1)) else {
            return self.unknown("it is not known", call);
        };
        let reason = "it comes from a loop over values that are not known";
        let row = self.row_of(over, given).unwrap_or_else(|| self.part_of(over, given, reason));
        let rows = u32::from(super::comprehension::gives_rows(over));
        self.loops.push(None);
        self.row_loops += rows;
        self.apply(function, &[row], &[], call, self.span(call));
        self.row_loops -= rows;
        self.loops.pop();
        self.part_of(over, call, "it is not known")
    }

    pub(super) fn mark(&mut self, value: &Value<'a>, span: Span) -> Value<'a> {
        if let Value::Either(values) = value {
            let marked: Vec<_> = values.iter().map(|value| self.mark(value, span)).collect();
            return Value::Either(Rc::new(marked));
        }
        let text = self.text_of(value, span);
        Value::Text(Rc::new(Text { marked: true, ..text }))
    }

    /// What a factory of sessions makes when it is called.
    pub(super) fn made_session(
        &mut self,
        maker: &Value<'a>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        let given = !arguments.is_empty() || keyword(named, "bind").is_some();
        let arguments = if given { arguments } else { std::slice::from_ref(maker) };
        self.open_database("Session", arguments, named, span)
    }

    /// Engines, connections and sessions that the program opens.
    pub(super) fn open_database(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        if matches!(name, "sessionmaker" | "async_sessionmaker") {
            let made = super::alembic::record(SESSIONS, Args::of_call(arguments, named), span);
            return Some(Value::Record(Rc::new(made)));
        }
        let mut bind = keyword(named, "bind").or_else(|| arguments.first().cloned());
        if let Some(Value::Record(maker)) = &bind
            && maker.class == SESSIONS
        {
            // `scoped_session(sessionmaker(bind))`
            let fields = maker.fields.borrow();
            let own = fields.get("bind").or_else(|| fields.get("0")).cloned();
            drop(fields);
            bind = own;
        }
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
            return Some(Value::handle(false, true, conn));
        }
        if !(engine || connection) {
            return None;
        }
        let over = bind.as_ref().filter(|_| connection);
        if let Some(bind @ Value::Handle(handle)) = over
            && !handle.engine
        {
            // A session over a connection works in that one's transaction, and does not commit what it has not begun.
            // Source: "Joining a Session into an External Transaction" of SQLAlchemy's documentation.
            let joined = name.contains("ession") && self.is_within(bind);
            let Handle { engine, autocommit, .. } = **handle;
            return Some(Value::Handle(Rc::new(Handle { engine, autocommit, joined, conn: handle.conn.clone() })));
        }
        let by_engine = matches!(over, Some(Value::Handle(handle)) if handle.autocommit);
        let kind = if autocommit || by_engine || name == "create_pool" {
            TransactionKind::None
        } else {
            TransactionKind::Runner
        };
        let conn = self.new_conn(kind, Some(span));
        Some(Value::handle(engine, kind == TransactionKind::None, conn))
    }
}

/// `functools.partial(function, …)`: arguments given now and before.
fn applied<'a>(function: &Function<'a>, arguments: &[Value<'a>], named: &[Named<'a>]) -> Rc<Function<'a>> {
    let before = function.applied.as_deref();
    let positional = before.iter().flat_map(|before| &before.positional).chain(arguments).cloned().collect();
    // A later keyword takes the place of an earlier one.
    let named = named.iter().chain(before.iter().flat_map(|before| &before.named)).cloned().collect();
    Rc::new(Function { applied: Some(Rc::new(Applied { positional, named })), ..function.clone() })
}

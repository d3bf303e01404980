//! Calls: entering functions of the project, and what is known of those outside it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::super::guards;
use super::super::sqlalchemy::Args;
use super::super::value::{Body, Class, Dj, Env, Function, Query, Record, Text, Value};
use super::{Frame, Interp, MAX_FRAMES, last_name};
use crate::frontend::sql;
use crate::ir::Direction;
use crate::span::Span;

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
        let callee = match &*call.func {
            // `ManyToManyField[Tag, Tag](Tag)`: the brackets are for readers of types.
            Expr::Subscript(subscript) if self.django.on && is_class(last_name(&subscript.value)) => {
                self.eval(&subscript.value)
            }
            func => self.eval(func),
        };
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
            Value::Record(record) if let Some(function) = Self::callable(record) => {
                self.enter(&function, arguments, named, Some(span), false)
            }
            Value::Record(record) if record.class == super::builtin::SESSIONS => {
                self.made_session(callee, arguments, named, span).unwrap_or(Value::None)
            }
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
                // What is called is there.
                let there = values.iter().filter(|value| !matches!(value, Value::None));
                let results: Vec<_> = there.map(|value| self.apply(value, arguments, named, call, span)).collect();
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
            guards: self.guards.clone(),
            yields: None,
            at,
            direction,
        });
        match function.body {
            Body::Block(body) => {
                self.block(body);
                self.run_registered(body);
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

    /// Runs the functions of a body that a decorator was given and that nothing names: whoever registered them calls
    /// them, in order. The steps of an upgrade are often written so.
    fn run_registered(&mut self, body: &'a [Stmt]) {
        let steps = body.iter().filter_map(Stmt::as_function_def_stmt);
        let steps: Vec<_> = steps.filter(|def| def.decorator_list.iter().any(|by| registers(&by.expression))).collect();
        let (Some(first), Some(last), 0) = (body.first(), body.last(), self.quiet) else { return };
        if steps.is_empty() {
            return;
        }
        let text = self.source().get(first.start().to_usize()..last.end().to_usize()).unwrap_or_default();
        let mut used = BTreeSet::new();
        super::names_used(text, &mut used);
        self.spend(text.len() / 16);
        let env = self.env();
        for step in steps.into_iter().filter(|step| !used.contains(step.name.as_str())) {
            if let Some(Value::Function(function)) = env.get(step.name.as_str())
                && function.span == self.span(step)
                && !self.reached.contains(&function.span)
            {
                self.enter(&function, &[], &[], None, true);
            }
        }
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
            guards: self.guards.clone(),
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
}

/// Whether a name is written as those of classes are.
fn is_class(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// Whether a decorator may keep the function it is given. Those of the standard library only change it.
fn registers(decorator: &Expr) -> bool {
    let plain =
        ["wraps", "contextmanager", "asynccontextmanager", "cache", "lru_cache", "singledispatch", "total_ordering"];
    !plain.contains(&last_name(decorator))
}

/// The value of a call: what was returned for the dialect of the code around it, where something was.
fn returned(all: Vec<(Value<'_>, bool)>) -> Value<'_> {
    let fitting = all.iter().any(|(_, fits)| *fits);
    let kept = all.into_iter().filter(|(_, fits)| *fits || !fitting).map(|(value, _)| value);
    kept.reduce(Value::join).unwrap_or(Value::None)
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

pub(super) fn bound<'a>(function: &Function<'a>, this: &Value<'a>) -> Rc<Function<'a>> {
    Rc::new(Function { bound: Some(this.clone()), ..function.clone() })
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

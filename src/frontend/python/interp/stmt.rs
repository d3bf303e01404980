//! Statements.

use std::rc::Rc;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtClassDef, StmtFor, StmtTry, StmtWith};
use ruff_text_size::Ranged;

use super::super::value::{Class, Conn, Env, Text, Value};
use super::super::vars::Changed;
use super::{Flow, Interp, MAX_DEPTH, last_name};
use crate::ir::{Direction, Scope, TransactionKind};
use crate::span::Span;

/// Rounds of one loop over values that are known.
pub(super) const MAX_ROUNDS: usize = 2_000;

impl<'a> Interp<'a> {
    /// Runs statements in order; guards that an early exit leaves behind last to the end of the block.
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Flow {
        let guards = self.guards.clone();
        let direction = self.frame().map_or(Direction::Up, |f| f.direction);
        let mut flow = Flow::Next;
        self.depth += 1;
        for stmt in body {
            if self.depth > MAX_DEPTH || !self.spend(1) {
                break;
            }
            let at = self.span(stmt);
            if let Some(frame) = self.frames.last_mut() {
                frame.at = at;
            }
            flow = self.statement(stmt);
            if flow != Flow::Next {
                break;
            }
        }
        self.depth -= 1;
        self.guards = guards;
        if let Some(frame) = self.frames.last_mut() {
            frame.direction = direction;
        }
        flow
    }

    fn statement(&mut self, stmt: &'a Stmt) -> Flow {
        match stmt {
            Stmt::Expr(stmt) => {
                self.eval(&stmt.value);
                if matches!(last_name(&stmt.value), "exit" | "_exit") && matches!(&*stmt.value, Expr::Call(_)) {
                    return Flow::Leave;
                }
            }
            Stmt::Assign(stmt) => {
                let value = self.eval(&stmt.value);
                for target in &stmt.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(stmt) => {
                if let Some(value) = &stmt.value {
                    let value = self.eval(value);
                    self.assign(&stmt.target, value);
                }
            }
            Stmt::AugAssign(stmt) => {
                let (left, right) = (self.eval(&stmt.target), self.eval(&stmt.value));
                let span = self.span(stmt);
                let value = self.binary(&left, stmt.op, &right, span);
                self.assign(&stmt.target, value);
            }
            Stmt::FunctionDef(def) => {
                let env = self.env();
                if self.frames.len() > 1 {
                    self.cycles.push(env.clone());
                }
                let function = self.function(def, self.unit(), &env);
                self.register_function(def, &function);
                if def.decorator_list.iter().any(|by| matches!(last_name(&by.expression), "setter" | "deleter")) {
                    // The property of the name stays what it is.
                    return Flow::Next;
                }
                env.vars.borrow_mut().insert(def.name.as_str(), function);
            }
            Stmt::ClassDef(def) => self.class(def),
            Stmt::Return(stmt) => {
                let value = stmt.value.as_ref().map_or(Value::None, |value| self.eval(value));
                let fits = self.frame().is_none_or(|frame| self.fits(&frame.guards, self.dialect_at(&frame.guards)));
                if let Some(frame) = self.frames.last_mut() {
                    frame.returns.push((value, fits));
                }
                return Flow::Leave;
            }
            Stmt::Raise(_) => return Flow::Leave,
            Stmt::Continue(_) => return Flow::Continue,
            Stmt::Break(_) => return Flow::Break,
            Stmt::If(stmt) => return self.branch(stmt),
            Stmt::For(stmt) => return self.for_loop(stmt),
            Stmt::While(stmt) => {
                self.eval(&stmt.test);
                let endless = u32::from(is_true(&stmt.test) && !exits_loop(&stmt.body, 0));
                self.endless += endless;
                self.open_loop(&stmt.body);
                self.block(&stmt.body);
                self.loops.pop();
                self.endless -= endless;
            }
            Stmt::With(stmt) => return self.with(stmt),
            Stmt::Try(stmt) => return self.try_block(stmt),
            Stmt::Match(stmt) => return self.match_cases(stmt),
            Stmt::Delete(stmt) => {
                for subscript in stmt.targets.iter().filter_map(Expr::as_subscript_expr) {
                    self.part_changed(&subscript.value, self.span(subscript));
                }
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(stmt),
            _ => {}
        }
        Flow::Next
    }

    fn class(&mut self, def: &'a StmtClassDef) {
        let outer = self.env();
        let arguments = def.arguments.as_deref();
        let bases = arguments.map(|a| a.args.iter().map(|base| self.eval(base)).collect()).unwrap_or_default();
        let (bases, ways) = Class::weigh(bases);
        let env = Rc::new(Env { vars: std::cell::RefCell::default(), parent: Some(outer.clone()) });
        self.cycles.push(env.clone());
        if let Some(frame) = self.frames.last_mut() {
            frame.env = env.clone();
        }
        self.block(&def.body);
        if let Some(frame) = self.frames.last_mut() {
            frame.env = outer.clone();
        }
        for keyword in arguments.iter().flat_map(|arguments| &arguments.keywords) {
            // Piccolo's tables are named so.
            let name = match keyword.arg.as_ref().map(ruff_python_ast::Identifier::as_str) {
                Some("tablename") => "#tablename",
                Some("schema") => "#schema",
                _ => continue,
            };
            let value = self.eval(&keyword.value);
            env.vars.borrow_mut().insert(name, value);
        }
        let fields = def.body.iter().filter_map(|stmt| match stmt {
            Stmt::AnnAssign(field) => field.target.as_name_expr().map(|name| name.id.as_str()),
            _ => None,
        });
        let (name, span) = (def.name.as_str(), self.span(def));
        let class = Rc::new(Class { name, span, env, bases, fields: fields.collect(), def, ways });
        self.name_table(def, &class);
        if self.unit() == 0 {
            self.classes.push(class.clone());
        }
        let class = Value::Class(class);
        self.register_class(def, &class);
        outer.vars.borrow_mut().insert(name, class.clone());
        for decorator in &def.decorator_list {
            self.decorated(&decorator.expression, &class, span);
        }
    }

    pub(super) fn assign(&mut self, target: &'a Expr, value: Value<'a>) {
        match target {
            Expr::Name(name) => {
                let env = self.env();
                env.vars.borrow_mut().insert(name.id.as_str(), value);
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, &value),
            Expr::List(list) => self.unpack(&list.elts, &value),
            Expr::Starred(starred) => self.assign(&starred.value, value),
            Expr::Attribute(attribute) => {
                let base = self.eval(&attribute.value);
                let name = attribute.attr.as_str();
                match (&base, name) {
                    (Value::Record(record), _) => {
                        record.fields.borrow_mut().insert(name.to_owned(), value);
                    }
                    (_, "autocommit" | "isolation_level") => {
                        let on =
                            value.truth() == Some(true) || (name == "isolation_level" && value.truth() == Some(false));
                        let kind = if on { TransactionKind::None } else { TransactionKind::Runner };
                        let scope = self.fresh(kind, Some(self.span(target)));
                        self.conn_of(&base).scope.set(scope);
                    }
                    (Value::Unknown(opaque), _) => {
                        let span = self.span(target);
                        self.row_changed(&base, span);
                        if opaque.row_of.is_none() {
                            self.part_changed(&attribute.value, span);
                        }
                        opaque.attributes.borrow_mut().insert(name.to_owned(), value);
                    }
                    _ => {}
                }
            }
            Expr::Subscript(subscript) => {
                let (base, key) = (self.eval(&subscript.value), self.eval(&subscript.slice));
                if let Value::Unknown(_) = base {
                    self.part_changed(&subscript.value, self.span(target));
                }
                if let Value::Dict(pairs, _) = base {
                    let mut pairs = pairs.borrow_mut();
                    match pairs.iter_mut().find(|(k, _)| k.equals(&key) == Some(true)) {
                        Some((_, slot)) => *slot = value,
                        None => pairs.push((key, value)),
                    }
                }
            }
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Value<'a>) {
        let items = match value {
            Value::List(items, _) => items.borrow().clone(),
            _ => Vec::new(),
        };
        for (at, target) in targets.iter().enumerate() {
            let part = match items.get(at).cloned().or_else(|| self.object_in(value, at, target)) {
                Some(item) => item,
                None => self.part_of(value, target, "it is unpacked from a value that is not known"),
            };
            self.assign(target, part);
        }
    }

    /// An unknown part of an unknown value; a part of a parameter is as unknown as the parameter.
    pub(super) fn part_of(&self, value: &Value<'a>, node: &impl Ranged, reason: &str) -> Value<'a> {
        let reason = match value {
            Value::Unknown(opaque) => opaque.unknown.reason.clone(),
            _ => reason.to_owned(),
        };
        let text = format!("{{{}}}", self.shown(node));
        let unknown =
            crate::ir::Unknown { reason, text, span: self.script_of(value).unwrap_or_else(|| self.span(node)) };
        Value::opaque(unknown, value.is_parameter())
    }

    /// The text that an unknown value is a part of.
    pub(super) fn script_of(&self, value: &Value<'a>) -> Option<Span> {
        match value {
            Value::Unknown(opaque) => Some(opaque.unknown.span).filter(|span| self.scripts.contains_key(span)),
            _ => None,
        }
    }

    /// A part of a known text that is taken from it in a way that is not followed. Where the text is SQL and such a
    /// part is sent, all of it is taken to be sent.
    pub(super) fn piece_of(&mut self, text: &Rc<Text>, node: &impl Ranged) -> Option<Value<'a>> {
        if !crate::frontend::sql::looks_like_sql(&text.sql.text) {
            return None;
        }
        let place = text.sql.span(0..text.sql.text.len());
        self.scripts.entry(place).or_insert_with(|| Rc::clone(text));
        let (reason, shown) = ("it is a part of a text".to_owned(), format!("{{{}}}", self.shown(node)));
        Some(Value::opaque(crate::ir::Unknown { reason, text: shown, span: place }, false))
    }

    fn open_loop(&mut self, body: &[Stmt]) {
        let from = body.first().map_or(0, |s| s.start().to_usize());
        let to = body.last().map_or(0, |s| s.end().to_usize());
        let text = self.source().get(from..to).unwrap_or_default();
        let commits = text.contains(".commit(") || text.contains(".begin(") || text.contains(".transaction(");
        self.loops.push((!commits).then_some(self.next_id));
    }

    /// What a loop goes over, and what it gives each to. `for at, row in enumerate(rows)` is a loop over `rows`.
    fn iterated(&mut self, stmt: &'a StmtFor) -> (Value<'a>, &'a Expr) {
        if let (Expr::Call(call), Expr::Tuple(target)) = (&*stmt.iter, &*stmt.target)
            && call.func.as_name_expr().is_some_and(|name| name.id.as_str() == "enumerate")
            && let (Some(rows), [at, row]) = (call.arguments.args.first(), &target.elts[..])
        {
            let value = self.eval(rows);
            if value.is_read() && Value::items(&value).is_none() {
                let number = self.unknown("it is a number", at);
                self.assign(at, number);
                return (value, row);
            }
        }
        (self.eval(&stmt.iter), &stmt.target)
    }

    fn for_loop(&mut self, stmt: &'a StmtFor) -> Flow {
        let (iterated, target) = self.iterated(stmt);
        if let Some(items) = Value::items(&iterated) {
            // A list that a loop over rows has filled with them.
            let rows = self.is_grown(&iterated) || items.iter().any(Value::is_object_read);
            if rows {
                self.open_loop(&stmt.body);
                self.row_loops += 1;
            }
            for (round, item) in items.into_iter().enumerate() {
                if round == MAX_ROUNDS {
                    self.cut("the loop has more rounds than are followed");
                    break;
                }
                if !self.spend(1) {
                    break;
                }
                self.assign(target, item);
                if self.block(&stmt.body) == Flow::Break {
                    break;
                }
            }
            if rows {
                self.row_loops -= 1;
                self.loops.pop();
            }
        } else {
            // What a generator yields stands for its values.
            let values = iterated.alternatives().into_iter();
            let mut items: Vec<_> =
                values.filter(|value| matches!(value, Value::Text(_)) || self.script_of(value).is_some()).collect();
            if items.is_empty() {
                let reason = "it comes from a loop over values that are not known";
                let row = self.row_of(&iterated, target);
                items.push(row.unwrap_or_else(|| self.part_of(&iterated, target, reason)));
            }
            let rows = u32::from(super::comprehension::gives_rows(&iterated));
            for item in items {
                self.assign(target, item);
                self.open_loop(&stmt.body);
                self.row_loops += rows;
                self.block(&stmt.body);
                self.row_loops -= rows;
                self.loops.pop();
            }
        }
        self.block(&stmt.orelse);
        Flow::Next
    }

    fn try_block(&mut self, stmt: &'a StmtTry) -> Flow {
        let swallowed = stmt.handlers.iter().any(|ExceptHandler::ExceptHandler(h)| !leaves(&h.body, 0));
        self.swallowed += u32::from(swallowed);
        let mut flow = self.block(&stmt.body);
        self.swallowed -= u32::from(swallowed);
        // A handler may run or not: what it assigns is one of two values.
        let env = self.env();
        let tried = env.vars.borrow_mut().mark();
        let mut joined = Changed::default();
        for ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
            let ended = self.block(&handler.body);
            let after = env.vars.borrow_mut().back_to(&tried);
            self.spend(after.len() / 4);
            if ended == Flow::Next {
                // What the body did not get to leaves the handler's values alone.
                joined = match flow {
                    Flow::Next => super::branch::join(&env.vars.borrow(), joined, after),
                    _ => after,
                };
                flow = Flow::Next;
            }
        }
        {
            let mut vars = env.vars.borrow_mut();
            vars.extend(joined);
            vars.unmark(tried);
        }
        if flow == Flow::Next {
            flow = self.block(&stmt.orelse);
        }
        let last = self.block(&stmt.finalbody);
        if last == Flow::Next { flow } else { last }
    }

    fn with(&mut self, stmt: &'a StmtWith) -> Flow {
        let mut restore: Vec<(Rc<Conn>, Scope)> = Vec::new();
        let mut swallowed = 0;
        for item in &stmt.items {
            let opened = self.open_context(&item.context_expr, &mut restore);
            swallowed += u32::from(last_name(&item.context_expr) == "suppress");
            if let Some(target) = &item.optional_vars {
                self.assign(target, opened);
            }
        }
        self.swallowed += swallowed;
        let flow = self.block(&stmt.body);
        self.swallowed -= swallowed;
        for (conn, before) in restore.into_iter().rev() {
            // The transaction that ended is not the one that comes next.
            let scope = self.fresh(before.kind, before.opened);
            conn.scope.set(if before.kind == TransactionKind::Runner { scope } else { before });
        }
        flow
    }

    /// Enters a context manager; what it does to a connection is undone by `restore`.
    fn open_context(&mut self, expr: &'a Expr, restore: &mut Vec<(Rc<Conn>, Scope)>) -> Value<'a> {
        let expr = if let Expr::Await(inner) = expr { &*inner.value } else { expr };
        let span = self.span(expr);
        if let Expr::Call(call) = expr
            && let Expr::Attribute(attribute) = &*call.func
            && matches!(attribute.attr.as_str(), "begin" | "transaction" | "begin_nested" | "atomic")
        {
            let base = self.eval(&attribute.value);
            if let (Value::Django(_), "atomic") = (&base, attribute.attr.as_str()) {
                let conn = self.django.conn.clone();
                if conn.scope.get().kind == TransactionKind::None {
                    restore.push((conn.clone(), conn.scope.get()));
                    let scope = self.fresh(TransactionKind::Explicit, Some(span));
                    conn.scope.set(scope);
                }
                return Value::None;
            }
            let own = match &base {
                Value::Record(_) => self.eval(expr),
                _ => Value::None,
            };
            if let Value::Handle(_) = own {
                return own;
            }
            let (engine, autocommit) = match &base {
                Value::Handle(handle) => (handle.engine, handle.autocommit),
                _ => (false, false),
            };
            // A connection of SQLAlchemy that commits by itself begins nothing; those of drivers do.
            let begins = matches!(attribute.attr.as_str(), "transaction" | "atomic");
            if self.is_within(&base) {
                return base;
            }
            let kind = if autocommit && !begins { TransactionKind::None } else { TransactionKind::Explicit };
            let scope = self.fresh(kind, Some(span));
            let conn = self.conn_of(&base);
            restore.push((conn.clone(), conn.scope.get()));
            if !(engine || attribute.attr.as_str() == "begin_nested") {
                conn.scope.set(scope);
                return Value::handle(false, autocommit, conn);
            }
            // A savepoint is set on the connection itself.
            let id = if engine { scope.id } else { conn.id };
            let conn = Rc::new(Conn { id, ..Conn::new(scope) });
            return Value::handle(false, autocommit, conn);
        }
        let value = self.eval(expr);
        if let Value::Record(record) = &value
            && record.class == super::alembic::AUTOCOMMIT
        {
            // The transaction before it is committed, and another begins after it.
            let conn = self.migration_conn();
            let scope = self.fresh(TransactionKind::None, Some(span));
            let before = conn.scope.replace(scope);
            restore.push((conn, before));
            return value;
        }
        if let (Value::Handle(handle), Expr::Name(name)) = (&value, expr)
            && !(handle.engine || name.id.contains("cur"))
        {
            // `with conn:` of a driver commits at its end.
            restore.push((handle.conn.clone(), handle.conn.scope.get()));
        }
        if let Value::Record(record) = &value
            && let Value::Function(enter) = self.attribute_of(&value, "__enter__", record.span)
        {
            return self.enter(&enter, &[], &[], Some(span), false);
        }
        value
    }
}

/// Whether a handler ends the run or the function with an error.
fn leaves(body: &[Stmt], depth: u32) -> bool {
    depth < 50
        && body.iter().any(|stmt| match stmt {
            Stmt::Raise(_) => true,
            Stmt::Return(stmt) => stmt.value.is_some(),
            Stmt::Expr(stmt) => matches!(last_name(&stmt.value), "exit" | "_exit"),
            Stmt::With(stmt) => leaves(&stmt.body, depth + 1),
            Stmt::If(stmt) => {
                let all = stmt.elif_else_clauses.iter().all(|clause| leaves(&clause.body, depth + 1));
                leaves(&stmt.body, depth + 1) && all
            }
            _ => false,
        })
}

/// `while True`, `while 1`.
fn is_true(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(literal) => literal.value,
        Expr::NumberLiteral(_) => true,
        _ => false,
    }
}

/// Whether a loop's body can leave the loop: by `break` of its own, `return`, `raise`, or a call that exits.
fn exits_loop(body: &[Stmt], inner: u32) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break(_) => inner == 0,
        Stmt::Return(_) | Stmt::Raise(_) => true,
        Stmt::If(stmt) => {
            exits_loop(&stmt.body, inner) || stmt.elif_else_clauses.iter().any(|clause| exits_loop(&clause.body, inner))
        }
        Stmt::With(stmt) => exits_loop(&stmt.body, inner),
        Stmt::Try(stmt) => {
            let handlers = stmt.handlers.iter().filter_map(|handler| handler.as_except_handler());
            exits_loop(&stmt.body, inner)
                || exits_loop(&stmt.orelse, inner)
                || exits_loop(&stmt.finalbody, inner)
                || handlers.into_iter().any(|handler| exits_loop(&handler.body, inner))
        }
        Stmt::For(stmt) => exits_loop(&stmt.body, inner + 1),
        Stmt::While(stmt) => exits_loop(&stmt.body, inner + 1),
        Stmt::Match(stmt) => stmt.cases.iter().any(|case| exits_loop(&case.body, inner)),
        _ => false,
    })
}

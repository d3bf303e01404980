//! What the operations of Django's migrations run at once: SQL, functions, operations of the project's own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::blocks::written_to;
use super::super::strings;
use super::super::value::{Dj, Function, Record, Text, Value};
use super::Interp;
use super::django::{last, unknown_of};
use crate::ir::{Operation, TransactionKind};
use crate::span::Span;

impl<'a> Interp<'a> {
    /// What is sent while `run` runs.
    fn capture(&mut self, run: impl FnOnce(&mut Self)) -> Vec<Operation> {
        let before = self.django.captured.replace(Vec::new());
        let (guards, loops) = (std::mem::take(&mut self.guards), std::mem::take(&mut self.loops));
        let scope = self.django.conn.now();
        run(self);
        self.django.conn.scope.set(scope);
        (self.guards, self.loops) = (guards, loops);
        let captured = std::mem::replace(&mut self.django.captured, before).unwrap_or_default();
        // A statement that branches and rounds of a loop send again is told once.
        let mut seen = BTreeSet::new();
        let key = |op: &Operation| (op.statement.span, op.statement.text.clone(), op.kind, op.span, written_to(op));
        captured.into_iter().filter(|op| seen.insert(key(op)) || op.detail == "driver").collect()
    }

    pub(super) fn run_sql(&mut self, sql: Option<Value<'a>>, span: Span) -> Vec<Operation> {
        let Some(sql) = sql else { return Vec::new() };
        let conn = self.django.conn.clone();
        self.capture(|this| {
            let items = match &sql {
                Value::List(items, _) => items.borrow().clone(),
                other => vec![other.clone()],
            };
            for item in items {
                let statement = match &item {
                    // A statement with its parameters.
                    Value::List(pair, _) => {
                        let pair = pair.borrow().clone();
                        match (pair.first(), pair.get(1).and_then(Value::items)) {
                            (Some(Value::Text(text)), Some(parameters)) => this.filled(text, &parameters, span),
                            (Some(text), _) => text.clone(),
                            _ => continue,
                        }
                    }
                    other => other.clone(),
                };
                // `RunSQL.noop` and what is blank sends nothing.
                if statement.as_str().is_none_or(|text| !text.trim().is_empty()) && !is_noop(&statement) {
                    this.send(&statement, &conn, span);
                }
            }
        })
    }

    /// A statement with its parameters in their places, as the driver of Django fills them in.
    fn filled(&mut self, text: &Rc<Text>, parameters: &[Value<'a>], span: Span) -> Value<'a> {
        let pieces = strings::percent_pieces(&text.sql.text);
        let quoted: Vec<Value<'a>> = parameters
            .iter()
            .map(|value| match value {
                Value::Text(inner) if inner.sql.is_known() => {
                    let mut sql = crate::frontend::text::SqlText::default();
                    sql.push(&format!("'{}'", inner.sql.text.replace('\'', "''")), span);
                    Value::text(sql)
                }
                Value::None => {
                    let mut sql = crate::frontend::text::SqlText::default();
                    sql.push("NULL", span);
                    Value::text(sql)
                }
                other => other.clone(),
            })
            .collect();
        self.template(text, &pieces, &quoted, &[])
    }

    pub(super) fn run_python(&mut self, code: Option<Value<'a>>, atomic: bool, span: Span) -> Vec<Operation> {
        let Some(code) = code else { return Vec::new() };
        let conn = self.django.conn.clone();
        self.capture(|this| {
            if atomic && conn.scope.get().kind == TransactionKind::None {
                let scope = this.fresh(TransactionKind::Explicit, Some(span));
                conn.scope.set(scope);
            }
            let apps = Value::Django(Rc::new(Dj::Apps));
            let editor = Value::handle(false, false, conn.clone());
            let mut codes = code.alternatives();
            if codes.iter().any(|code| matches!(code, Value::Function(_) | Value::Record(_))) {
                // `try: from a import f`, `f = f or None`: what is not followed stands beside what is.
                codes.retain(|code| matches!(code, Value::Function(_) | Value::Record(_)));
            }
            for code in codes {
                match code {
                    Value::Function(function) => {
                        this.enter(&function, &[apps.clone(), editor.clone()], &[], Some(span), false);
                    }
                    // An object that can be called.
                    Value::Record(record) if let Some(function) = Self::callable(&record) => {
                        this.enter(&function, &[apps.clone(), editor.clone()], &[], Some(span), false);
                    }
                    Value::None => {}
                    code if is_noop(&code) => {}
                    code => this.not_followed(&code, span),
                }
            }
        })
    }

    /// What calling an object of the project runs.
    pub(super) fn callable(record: &Rc<Record<'a>>) -> Option<Rc<Function<'a>>> {
        match record.of.as_ref()?.attribute("__call__", 0)? {
            Value::Function(function) => Some(super::call::bound(&function, &Value::Record(record.clone()))),
            _ => None,
        }
    }

    /// Says that what a migration runs is not in the project.
    fn not_followed(&mut self, code: &Value<'a>, span: Span) {
        let reason = match code {
            Value::Django(django) => match &**django {
                Dj::Foreign(path) => format!("`{path}` is not in this project"),
                _ => return,
            },
            other => unknown_of(other, span).reason,
        };
        self.emit_unresolved(&reason, span);
    }

    /// Runs `database_forwards` of an operation that the project defines.
    pub(super) fn run_operation(
        &mut self,
        function: &Rc<Function<'a>>,
        this: &Value<'a>,
        span: Span,
    ) -> Vec<Operation> {
        let conn = self.django.conn.clone();
        let app = self.django.app.clone();
        let bound = super::call::bound(function, this);
        self.capture(|interp| {
            let editor = Value::handle(false, false, conn);
            let state = || {
                let fields = BTreeMap::from([("apps".to_owned(), Value::Django(Rc::new(Dj::Apps)))]);
                let fields = RefCell::new(fields);
                Value::Record(Rc::new(Record { class: "ProjectState".to_owned(), of: None, fields, span }))
            };
            let mut label = crate::frontend::text::SqlText::default();
            label.push(&app, span);
            interp.enter(&bound, &[Value::text(label), editor, state(), state()], &[], Some(span), false);
        })
    }
}

fn is_noop(value: &Value<'_>) -> bool {
    matches!(value, Value::Django(django) if matches!(&**django, Dj::Foreign(path) if last(path) == "noop"))
}

//! What migration tools run of a script: the steps given to yoyo, the SQL returned to Aerich.

use std::rc::Rc;

use super::super::value::{Env, Function, Value};
use super::Interp;
use super::call::{Named, keyword};
use crate::frontend::sql;
use crate::ir::{Direction, TransactionKind};
use crate::span::Span;

/// Steps of one file that are kept.
const MAX_STEPS: usize = 10_000;

/// A step of yoyo, which waits until the whole file was run.
pub(super) struct Step<'a> {
    apply: Option<Value<'a>>,
    rollback: Option<Value<'a>>,
    /// `ignore_errors`: the ways in which it may fail.
    ignored: (bool, bool),
    /// The call, and the statement that it is in.
    span: Span,
    at: Span,
}

impl<'a> Interp<'a> {
    /// yoyo's `step(apply, rollback)`; `false` where it is some other function of that name.
    pub(super) fn step(&mut self, arguments: &[Value<'a>], named: &[Named<'a>], span: Span) -> bool {
        let part = |at: usize, name| arguments.get(at).cloned().or_else(|| keyword(named, name));
        let apply = part(0, "apply");
        let known = match &apply {
            Some(Value::Text(text)) => self.tool.is_yoyo() || sql::looks_like_sql(&text.sql.text),
            Some(Value::Function(_)) => true,
            Some(_) => self.tool.is_yoyo(),
            None => false,
        };
        if known && self.tool.steps.len() >= MAX_STEPS {
            self.cut("the file has more steps than are followed");
        } else if known && self.quiet == 0 {
            let ignored = part(2, "ignore_errors");
            let ignored = ignored.as_ref().and_then(Value::as_str).unwrap_or_default();
            let ignored = (matches!(ignored, "apply" | "all"), matches!(ignored, "rollback" | "all"));
            let at = self.frame().map_or(span, |frame| frame.at);
            let (at, _) = self.call_in_root(at);
            let (span, _) = self.call_in_root(span);
            self.tool.steps.push(Step { apply, rollback: part(1, "rollback"), ignored, span, at });
        }
        known
    }

    /// yoyo's `group(step(…), step(…), ignore_errors=…)`, which older files call `transaction`: the steps run as they
    /// would without it, and fail as it says. Source: yoyo `migrations.py`, `add_step_group`.
    pub(super) fn group(&mut self, named: &[Named<'a>], span: Span) -> bool {
        let ignored = keyword(named, "ignore_errors");
        let ignored = ignored.as_ref().and_then(Value::as_str).unwrap_or_default();
        let ignored = (matches!(ignored, "apply" | "all"), matches!(ignored, "rollback" | "all"));
        for step in self.tool.steps.iter_mut().filter(|step| span.contains(step.span)) {
            step.ignored = (step.ignored.0 || ignored.0, step.ignored.1 || ignored.1);
        }
        self.tool.is_yoyo()
    }

    /// Runs the steps that the file has given to yoyo: forward in order, and back in the opposite one. All of them work on
    /// one connection. Source: yoyo `migrations.py`, `Migration.load` and `process_steps`.
    pub(super) fn run_steps(&mut self, env: &Rc<Env<'a>>) {
        let steps = std::mem::take(&mut self.tool.steps);
        if steps.is_empty() {
            return;
        }
        self.tool.stepped = true;
        let kind = match env.get("__transactional__").map(|value| value.truth()) {
            Some(Some(false)) => TransactionKind::None,
            Some(None) => TransactionKind::Unknown,
            Some(Some(true)) | None => TransactionKind::Runner,
        };
        let conn = self.new_conn(kind, None);
        for step in &steps {
            self.run_step(env, step, Direction::Up, &conn);
        }
        let conn = self.new_conn(kind, None);
        for step in steps.iter().rev() {
            self.run_step(env, step, Direction::Down, &conn);
        }
    }

    fn run_step(
        &mut self,
        env: &Rc<Env<'a>>,
        step: &Step<'a>,
        direction: Direction,
        conn: &Rc<super::super::value::Conn>,
    ) {
        let (value, ignored) = match direction {
            Direction::Up => (&step.apply, step.ignored.0),
            Direction::Down => (&step.rollback, step.ignored.1),
        };
        let Some(value) = value else { return };
        self.within(env, step.at, direction, |this| {
            this.swallowed += u32::from(ignored);
            if let Value::Function(function) = value {
                let handle = Value::handle(false, false, conn.clone());
                this.enter(function, &[handle], &[], Some(step.span), false);
            } else {
                this.send(value, conn, step.span);
            }
            this.swallowed -= u32::from(ignored);
        });
    }

    /// The SQL that `async def upgrade(db)` returns is what Aerich executes.
    pub(super) fn returned_sql(&mut self, function: &Rc<Function<'a>>) {
        let given = function.parameters.is_some_and(|p| p.args.iter().any(|p| p.parameter.name.as_str() == "db"));
        if !(given && matches!(function.name, "upgrade" | "downgrade")) {
            return;
        }
        let returns = self.frame().map(|frame| frame.returns.clone()).unwrap_or_default();
        for (value, _) in returns {
            let texts = value.alternatives();
            let any = texts.iter().any(|text| matches!(text, Value::Text(text) if sql::looks_like_sql(&text.sql.text)));
            // What Aerich is given it sends, whatever it looks like.
            let sent = self.tool.runner == crate::source::Runner::Aerich && !blank(&value);
            if any || sent {
                let conn = if sent { self.tool_conn() } else { self.new_conn(TransactionKind::Runner, None) };
                self.send(&value, &conn, function.span);
            }
        }
    }
}

/// Whether a value is no text, or one of white space.
fn blank(value: &Value<'_>) -> bool {
    match value {
        Value::Text(text) => text.sql.text.trim().is_empty(),
        Value::None => true,
        _ => false,
    }
}

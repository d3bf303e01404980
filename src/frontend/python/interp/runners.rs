//! What migration tools run of a script: the steps given to yoyo, the SQL returned to Aerich.

use std::rc::Rc;

use super::super::value::{Function, Value};
use super::Interp;
use super::call::{Named, keyword};
use crate::frontend::sql;
use crate::ir::{Direction, TransactionKind};
use crate::span::Span;

impl<'a> Interp<'a> {
    /// yoyo's `step(apply, rollback)`; `false` where it is some other function of that name.
    pub(super) fn step(&mut self, arguments: &[Value<'a>], named: &[Named<'a>], span: Span) -> bool {
        let part = |at: usize, name| arguments.get(at).cloned().or_else(|| keyword(named, name));
        let apply = part(0, "apply");
        let known = match &apply {
            Some(Value::Text(text)) => sql::looks_like_sql(&text.sql.text),
            Some(Value::Function(_)) => true,
            _ => false,
        };
        if !known {
            return false;
        }
        let each = self.env().get("__transactional__").and_then(|value| value.truth()) == Some(false);
        let kind = if each { TransactionKind::None } else { TransactionKind::Runner };
        for (value, direction) in [(apply, Direction::Up), (part(1, "rollback"), Direction::Down)] {
            let Some(before) = self.frames.last_mut().map(|frame| std::mem::replace(&mut frame.direction, direction))
            else {
                continue;
            };
            match value {
                Some(Value::Function(function)) => {
                    self.enter(&function, &[], &[], Some(span), true);
                }
                Some(text @ (Value::Text(_) | Value::Either(_))) => {
                    let conn = self.new_conn(kind, None);
                    self.send(&text, &conn, span);
                }
                _ => {}
            }
            if let Some(frame) = self.frames.last_mut() {
                frame.direction = before;
            }
        }
        true
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
            if any {
                let conn = self.new_conn(TransactionKind::Runner, None);
                self.send(&value, &conn, function.span);
            }
        }
    }
}

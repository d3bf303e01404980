//! Piccolo's `MigrationManager`: what it is asked for, and when it does it.

use std::rc::Rc;

use super::super::piccolo::{Call, Plan, plan};
use super::super::sqlalchemy::Args;
use super::super::value::{Conn, Env, Record, Value};
use super::Interp;
use crate::ir::{Direction, TransactionKind};
use crate::source::Runner;
use crate::span::Span;

/// The manager's class.
const MANAGER: &str = "MigrationManager";
/// Calls of one file that are kept.
const MAX_CALLS: usize = 20_000;

impl<'a> Interp<'a> {
    /// A method of a manager, kept until it is run; `None` for other receivers.
    pub(super) fn manager_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        args: &Args<'a>,
        span: Span,
    ) -> Option<Value<'a>> {
        let Value::Record(record) = base else { return None };
        if record.class != MANAGER || record.of.is_some() || self.tool.runner != Runner::Piccolo {
            return None;
        }
        let known = name.starts_with("add_")
            || name.starts_with("drop_")
            || name.starts_with("rename_")
            || matches!(name, "alter_column" | "change_table_schema");
        if !known {
            return None;
        }
        if self.tool.calls.len() >= MAX_CALLS {
            self.cut("the manager is asked for more than is followed");
        } else if self.quiet == 0 {
            let at = self.frame().map_or(span, |frame| frame.at);
            let (at, _) = self.call_in_root(at);
            // A helper of another file may ask for it: the migration's own call stands for that.
            let (span, _) = self.call_in_root(span);
            let call = Call { name: name.to_owned(), args: args.clone(), span, at };
            self.tool.calls.push((record.clone(), call));
        }
        Some(Value::None)
    }

    /// Runs the manager that `forwards` has returned, forward and then back.
    pub(super) fn run_manager(&mut self, env: &Rc<Env<'a>>, returned: &Value<'a>) {
        let calls = std::mem::take(&mut self.tool.calls);
        let alternatives = returned.alternatives();
        let run = |manager: &Rc<Record<'a>>| {
            // Where it is not seen which is returned, all of them are.
            let seen = alternatives.iter().any(|value| matches!(value, Value::Record(_)));
            !seen || alternatives.iter().any(|value| matches!(value, Value::Record(one) if Rc::ptr_eq(one, manager)))
        };
        let Some((manager, _)) = calls.iter().find(|(manager, _)| run(manager)) else { return };
        let wrap = manager.fields.borrow().get("wrap_in_transaction").map(Value::truth);
        let kind = match wrap {
            Some(Some(false)) => TransactionKind::None,
            Some(None) => TransactionKind::Unknown,
            Some(Some(true)) | None => TransactionKind::Runner,
        };
        let calls: Vec<Call<'a>> =
            calls.iter().filter(|(manager, _)| run(manager)).map(|(_, call)| call.clone()).collect();
        for back in [false, true] {
            let direction = if back { Direction::Down } else { Direction::Up };
            let conn = self.new_conn(kind, None);
            self.migration = Some(conn.clone());
            // Functions come first, whatever the order of the calls.
            let raw = if back { "add_raw_backwards" } else { "add_raw" };
            for call in calls.iter().filter(|call| call.name == raw) {
                let function = call.args.get(0, &["raw"]).cloned();
                self.within(env, call.at, direction, |this| {
                    if let Some(Value::Function(function)) = function {
                        this.enter(&function, &[], &[], Some(call.span), false);
                    } else {
                        this.emit_opaque("the function is defined elsewhere", &conn, call.span);
                    }
                });
            }
            for (at, planned) in plan(&calls, back, self.dialect()) {
                let Some(call) = calls.get(at) else { continue };
                self.within(env, call.at, direction, |this| this.carry_out(planned, &conn, call.span));
            }
        }
    }

    pub(super) fn carry_out(&mut self, planned: Plan, conn: &Rc<Conn>, span: Span) {
        match planned {
            Plan::Send(written) => {
                let place = written.place;
                self.write_out(written, conn, place);
            }
            Plan::Unknown(reason) => self.emit_opaque(reason, conn, span),
        }
    }
}

//! What migration tools run of a script, and what they hand to it: Aerich, peewee-migrate, Piccolo, yoyo.

use std::rc::Rc;

use super::super::peewee::Models;
use super::super::piccolo::Call;
use super::super::value::{Conn, Env, Function, Record, Value};
use super::runners::Step;
use super::{Frame, Interp};
use crate::ir::{Direction, TransactionKind, Unknown};
use crate::source::{Runner, SourceFile};
use crate::span::Span;

/// The state of a tool.
pub(super) struct Tool<'a> {
    pub(super) runner: Runner,
    /// Peewee's models, as the migrations so far leave them.
    pub(super) models: Models<'a>,
    /// `playhouse.migrate` is imported.
    pub(super) playhouse: bool,
    /// It is a script of sqlalchemy-migrate: `upgrade(migrate_engine)`.
    pub(super) changeset: bool,
    /// The function that is being handed a connection takes the migration back.
    back: bool,
    /// Steps given to yoyo.
    pub(super) steps: Vec<Step<'a>>,
    /// There were such steps.
    pub(super) stepped: bool,
    /// What Piccolo's managers were asked for.
    pub(super) calls: Vec<(Rc<Record<'a>>, Call<'a>)>,
}

impl Tool<'_> {
    pub(super) fn new(file: &SourceFile) -> Self {
        let models = Models::new(file.text.contains("postgres_ext"));
        let playhouse = file.text.contains("playhouse.migrate");
        let changeset = file.runner == Runner::Script && file.text.contains("(migrate_engine");
        Self {
            runner: file.runner,
            models,
            playhouse,
            changeset,
            back: false,
            steps: Vec::new(),
            stepped: false,
            calls: Vec::new(),
        }
    }

    pub(super) fn is_yoyo(&self) -> bool {
        self.runner == Runner::Yoyo
    }
}

/// The functions that a tool calls, in the order in which a migration is applied and taken back.
fn entries(runner: Runner) -> &'static [&'static str] {
    match runner {
        Runner::Aerich => &["upgrade", "downgrade"],
        Runner::PeeweeMigrate => &["migrate", "rollback"],
        Runner::Piccolo => &["forwards"],
        _ => &[],
    }
}

impl<'a> Interp<'a> {
    /// Runs something as if the statement at `at` were being run: what a tool keeps until the file has been read.
    pub(super) fn within(&mut self, env: &Rc<Env<'a>>, at: Span, direction: Direction, run: impl FnOnce(&mut Self)) {
        self.frames.push(Frame {
            unit: 0,
            env: env.clone(),
            function: None,
            call: None,
            returns: Vec::new(),
            guards: self.guards.len(),
            yields: None,
            at,
            direction,
        });
        run(self);
        self.frames.pop();
    }

    /// Runs the functions that the tool of the file calls.
    pub(super) fn run_tool(&mut self, env: &Rc<Env<'a>>) {
        if self.tool.runner == Runner::PeeweeMigrate {
            self.replay();
        }
        self.run_steps(env);
        for name in entries(self.tool.runner) {
            let Some(Value::Function(function)) = env.get(name) else { continue };
            self.out.entry = function.span.start.saturating_add(1);
            self.migration = None;
            let returned = self.enter(&function, &[], &[], None, true);
            if self.tool.runner == Runner::Piccolo {
                self.run_manager(env, &returned);
            }
        }
    }

    /// What the tool hands to a function that it calls.
    pub(super) fn handed(&mut self, function: &Function<'a>) -> Vec<Value<'a>> {
        if self.tool.changeset && matches!(function.name, "upgrade" | "downgrade") {
            let conn = self.tool_conn();
            return vec![Value::handle(true, false, conn)];
        }
        if !entries(self.tool.runner).contains(&function.name) {
            return Vec::new();
        }
        self.tool.back = super::super::guards::is_down(function.name);
        match self.tool.runner {
            Runner::Aerich => vec![self.tool_handle()],
            Runner::PeeweeMigrate => {
                let unknown = Unknown {
                    reason: "it is peewee-migrate's".to_owned(),
                    text: "{migrator}".to_owned(),
                    span: function.span,
                };
                vec![Value::external(unknown, super::peewee::MIGRATOR), self.tool_handle()]
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is a script of sqlalchemy-migrate, whose tables know their engine.
    pub(super) fn is_changeset(&self) -> bool {
        self.tool.changeset
    }

    /// A connection that the tool has, in its transaction.
    fn tool_handle(&mut self) -> Value<'a> {
        let conn = self.tool_conn();
        Value::handle(false, false, conn)
    }

    /// The connection that the tool applies the migration on.
    pub(super) fn tool_conn(&mut self) -> Rc<Conn> {
        if let Some(conn) = &self.migration {
            return conn.clone();
        }
        let kind = match self.tool.runner {
            Runner::Aerich | Runner::PeeweeMigrate | Runner::Piccolo | Runner::Yoyo => self.tool_transaction(),
            Runner::Alembic => return self.migration_conn(),
            // Each statement is committed: there is an engine, and no connection.
            _ if self.tool.changeset => TransactionKind::None,
            _ => TransactionKind::Unknown,
        };
        let conn = self.new_conn(kind, None);
        self.migration = Some(conn.clone());
        conn
    }

    /// Whether the tool opens a transaction, as a variable of the module says. Aerich asks it for the way forward only.
    fn tool_transaction(&mut self) -> TransactionKind {
        let variable = match self.tool.runner {
            Runner::Aerich if !self.tool.back => "RUN_IN_TRANSACTION",
            Runner::Yoyo => "__transactional__",
            _ => return TransactionKind::Runner,
        };
        let env = self.module_env(0);
        match env.get(variable).map(|value| value.truth()) {
            Some(Some(false)) => TransactionKind::None,
            Some(None) => TransactionKind::Unknown,
            Some(Some(true)) | None => TransactionKind::Runner,
        }
    }
}

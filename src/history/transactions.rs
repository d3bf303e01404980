//! Replays BEGIN, COMMIT and SET over the operations of each file.

use std::collections::BTreeMap;

use crate::ir::{Details, Migration, OpKind, Operation, TransactionKind};
use crate::span::Span;

use super::{Timeouts, settings::Timeout};

/// What is open and set when an operation runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OperationState {
    /// Whose transaction block is open.
    pub transaction: TransactionKind,
    /// Which transaction of the timeline it is part of. Operations without a transaction block have one each;
    /// where it is not known, all of one connection are taken together.
    pub group: usize,
    /// Timeouts in force.
    pub timeouts: Timeouts,
}

/// Operations that commit together (or, where that is not known, run on one connection).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Transaction {
    /// Whose it is.
    pub kind: TransactionKind,
    /// What opens it in the source.
    pub opened: Option<Span>,
    /// Its operations as (migration, operation), in order.
    pub operations: Vec<(usize, usize)>,
}

/// The migrations in order, with what is open and set at each operation.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The migrations in order.
    pub migrations: Vec<Migration>,
    /// For each migration, the state at each of its operations.
    pub states: Vec<Vec<OperationState>>,
    /// The transactions.
    pub transactions: Vec<Transaction>,
}

impl Timeline {
    /// Replays `migrations`, which are in order, those of one file next to each other.
    pub fn new(mut migrations: Vec<Migration>) -> Self {
        super::paths::settle(&mut migrations);
        let mut replay = Replay::default();
        let mut states = Vec::with_capacity(migrations.len());
        let mut previous = None;
        for (index, migration) in migrations.iter().enumerate() {
            let file = (migration.span.file, migration.direction);
            if previous != Some(file) {
                replay.sessions.clear();
                replay.queries.clear();
                previous = Some(file);
            }
            let states_here = migration.operations.iter().enumerate();
            states.push(states_here.map(|(at, operation)| replay.step((index, at), operation)).collect());
        }
        Self { migrations, states, transactions: replay.transactions }
    }

    /// The transaction that an operation is part of.
    pub fn transaction(&self, migration: usize, operation: usize) -> Option<&Transaction> {
        self.transactions.get(self.state(migration, operation)?.group)
    }

    /// The state at an operation.
    pub fn state(&self, migration: usize, operation: usize) -> Option<&OperationState> {
        self.states.get(migration)?.get(operation)
    }

    /// The operations of a transaction.
    pub fn operations<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = &'a Operation> {
        transaction.operations.iter().filter_map(|(m, o)| self.migrations.get(*m)?.operations.get(*o))
    }
}

/// What is known of one connection.
#[derive(Default)]
struct Session {
    /// The statement BEGIN that is open.
    begun: Option<Span>,
    /// A statement COMMIT or ROLLBACK closed the transaction that the source arranges around it. The driver does
    /// not notice and opens no other, so what follows commits by itself.
    closed: bool,
    /// The open group.
    group: Option<usize>,
    /// SET.
    settings: Timeouts,
    /// SET LOCAL, until the transaction ends.
    local: Timeouts,
}

#[derive(Default)]
struct Replay {
    transactions: Vec<Transaction>,
    /// By scope id.
    sessions: BTreeMap<u32, Session>,
    /// The implicit transaction of each query string with several statements.
    queries: BTreeMap<u32, usize>,
}

impl Replay {
    fn step(&mut self, at: (usize, usize), operation: &Operation) -> OperationState {
        let scope = operation.context.scope;
        let session = self.sessions.entry(scope.id).or_default();
        let driver = operation.detail == "driver";
        if operation.kind == OpKind::TransactionBegin && !driver {
            session.begun = Some(operation.span);
            session.closed = false;
            session.group = None;
        }
        let (kind, opened) = match (session.begun, scope.kind) {
            (Some(begin), _) => (TransactionKind::Explicit, Some(begin)),
            (None, _) if session.closed => (TransactionKind::None, None),
            (None, kind) => (kind, scope.opened),
        };
        // Several statements of one string run in one implicit transaction of the server where none is open.
        // Source: PostgreSQL documentation, "Message Flow", "Multiple Statements in a Simple Query".
        let implicit = operation.statement.shares_query
            && matches!(kind, TransactionKind::None | TransactionKind::Unknown)
            && !session.closed;
        let query = operation.statement.query;
        let (kind, group) = if implicit {
            let transactions = &mut self.transactions;
            let group = *self.queries.entry(query).or_insert_with(|| push(transactions, TransactionKind::Runner, None));
            (TransactionKind::Runner, group)
        } else if kind == TransactionKind::None {
            (kind, push(&mut self.transactions, kind, None))
        } else {
            let group = *session.group.get_or_insert_with(|| push(&mut self.transactions, kind, opened));
            (kind, group)
        };
        if let Some(transaction) = self.transactions.get_mut(group) {
            transaction.operations.push(at);
        }
        let state = OperationState { transaction: kind, group, timeouts: session.settings.overlaid(session.local) };
        session.after(operation, driver, kind);
        state
    }
}

impl Session {
    /// What changes for the operations that follow.
    fn after(&mut self, operation: &Operation, driver: bool, kind: TransactionKind) {
        match (operation.kind, &operation.details) {
            (OpKind::TransactionCommit | OpKind::TransactionRollback, _) => {
                // A COMMIT written as SQL where no SQL BEGIN is open ends the driver's transaction behind its back.
                if !driver && self.begun.is_none() && kind != TransactionKind::None {
                    self.closed = true;
                }
                if driver {
                    self.closed = false;
                }
                self.begun = None;
                self.group = None;
                self.local = Timeouts::default();
            }
            (OpKind::SessionSet, Details::Setting(setting)) => {
                let slot = if setting.local { &mut self.local } else { &mut self.settings };
                slot.apply(setting);
                if !setting.local && self.local.lock != Timeout::Unset {
                    // SET after SET LOCAL wins for the rest of the transaction as well.
                    self.local = Timeouts::default();
                }
            }
            _ => {}
        }
    }
}

fn push(transactions: &mut Vec<Transaction>, kind: TransactionKind, opened: Option<Span>) -> usize {
    transactions.push(Transaction { kind, opened, operations: Vec::new() });
    transactions.len() - 1
}

//! One connection: what is open on it, and what is set.

use std::collections::BTreeMap;

use crate::config::Dialect;
use crate::ir::{Details, Operation, SettingDetails, TransactionKind};
use crate::span::Span;

use super::transactions::{End, Opener, OperationState, Transaction, step_of};
use super::{Timeouts, Zone};

/// What an operation is to a transaction.
pub(super) enum Step<'a> {
    Begin,
    /// How, and whether AND CHAIN begins the next one at once.
    End(End, bool),
    Set(&'a SettingDetails),
    Plain,
}

/// A BEGIN that is open.
#[derive(Clone, Copy)]
struct Begun {
    at: Span,
    /// BEGIN TRANSACTION of T-SQL counts: as many COMMITs end it, and one ROLLBACK.
    depth: u32,
}

/// What is known of one connection.
#[derive(Default)]
struct Session {
    lasting: Lasting,
    /// By scope id.
    scopes: BTreeMap<u32, Inner>,
}

/// What outlives a transaction.
#[derive(Clone, Copy, Default)]
struct Lasting {
    /// SET.
    settings: Timeouts,
    /// The time zone, as SET leaves it.
    zone: Zone,
}

/// What goes on inside of what the source arranges: a transaction, or none.
#[derive(Default)]
struct Inner {
    begun: Option<Begun>,
    /// A COMMIT or ROLLBACK written in SQL ended the transaction that the source arranges around it. What opened it
    /// does not notice and opens no other, so what follows commits by itself.
    closed: bool,
    /// The open group.
    group: Option<usize>,
    /// The query string whose implicit transaction `group` is.
    query: Option<u32>,
    /// SET as it was when the open transaction began: ROLLBACK brings it back.
    saved: Lasting,
    /// SET LOCAL, until the transaction ends.
    local: Lasting,
}

/// Walks over operations in the order in which they run.
#[derive(Default)]
pub(super) struct Replay {
    pub(super) transactions: Vec<Transaction>,
    /// By connection.
    sessions: BTreeMap<u32, Session>,
}

impl Replay {
    /// What follows is run on other connections.
    pub(super) fn next_file(&mut self) {
        self.sessions.clear();
    }

    pub(super) fn step(&mut self, at: (usize, usize), operation: &Operation) -> OperationState {
        let scope = operation.context.scope;
        let Session { lasting, scopes } = self.sessions.entry(scope.connection).or_default();
        let inner = scopes.entry(scope.id).or_default();
        let transactions = &mut self.transactions;
        let driver = operation.detail == "driver";
        let step = step_of(operation);
        if inner.query.is_some_and(|query| query != operation.statement.query) {
            inner.end();
        }
        let reopens = inner.closed;
        let outer = match step {
            Step::Begin if !driver => inner.begin(operation, *lasting, transactions),
            _ => None,
        };
        if commits_first(operation) {
            inner.begun = None;
            inner.end();
        }
        let (kind, group) = inner.enter(operation, *lasting, transactions);
        if let Some(transaction) = transactions.get_mut(group) {
            transaction.operations.push(at);
        }
        let timeouts = lasting.settings.overlaid(inner.local.settings);
        let zone = lasting.zone.overlaid(inner.local.zone);
        match step {
            Step::End(end, chain) => {
                if let Some(transaction) = transactions.get_mut(group).filter(|_| kind != TransactionKind::None) {
                    transaction.end = end;
                }
                if end == End::Rollback && kind != TransactionKind::None {
                    *lasting = inner.saved;
                }
                inner.leave(operation, kind, end, chain, driver);
            }
            // SET LOCAL outside a transaction block has no effect but a warning.
            Step::Set(setting) if setting.local && kind != TransactionKind::None => {
                inner.local.settings.apply(setting);
                inner.local.zone = Zone::of(setting).unwrap_or(inner.local.zone);
            }
            Step::Set(setting) if !setting.local => {
                inner.local.settings.forget(setting);
                lasting.settings.apply(setting);
                if let Some(zone) = Zone::of(setting) {
                    (lasting.zone, inner.local.zone) = (zone, Zone::Unset);
                }
            }
            Step::Begin | Step::Set(_) | Step::Plain => {}
        }
        OperationState { transaction: kind, group, timeouts, zone, outer, reopens }
    }
}

impl Inner {
    /// BEGIN; whose transaction is open already.
    fn begin(
        &mut self,
        operation: &Operation,
        lasting: Lasting,
        transactions: &mut [Transaction],
    ) -> Option<TransactionKind> {
        let scope = operation.context.scope.kind;
        if let Some(begun) = &mut self.begun {
            match operation.statement.dialect {
                Dialect::Mssql => {
                    begun.depth = begun.depth.saturating_add(1);
                    return None;
                }
                Dialect::Mysql => self.end(),
                Dialect::Postgres | Dialect::Sqlite => return Some(TransactionKind::Explicit),
            }
        } else if !self.closed && matches!(scope, TransactionKind::Runner | TransactionKind::Explicit) {
            // The server warns, and the transaction that is open goes on: the next COMMIT ends that.
            return Some(scope);
        }
        self.begun = Some(Begun { at: operation.span, depth: 1 });
        // In a query string the implicit transaction becomes an explicit one, with all that was done in it.
        // Source: PostgreSQL documentation, "Multiple Statements in a Simple Query".
        let implicit = self.query.take().and(self.group);
        match implicit.and_then(|group| transactions.get_mut(group)) {
            Some(transaction) => {
                transaction.kind = TransactionKind::Explicit;
                transaction.opener = Opener::Begin;
                transaction.opened = Some(operation.span);
            }
            None => self.group = None,
        }
        self.saved = lasting;
        None
    }

    /// The transaction that the operation runs in.
    fn enter(
        &mut self,
        operation: &Operation,
        lasting: Lasting,
        transactions: &mut Vec<Transaction>,
    ) -> (TransactionKind, usize) {
        let scope = operation.context.scope;
        let arranged = if self.closed { TransactionKind::None } else { scope.kind };
        let (kind, opener, place) = match (self.begun, arranged) {
            (Some(begun), _) => (TransactionKind::Explicit, Opener::Begin, Some(begun.at)),
            (None, TransactionKind::Runner) => (TransactionKind::Runner, Opener::Runner, scope.opened),
            (None, TransactionKind::Explicit) => (TransactionKind::Explicit, Opener::Block, scope.opened),
            // Several statements of one string run in one implicit transaction where none is open.
            (None, _) if operation.statement.shares_query && operation.statement.dialect == Dialect::Postgres => {
                self.query = Some(operation.statement.query);
                (TransactionKind::Runner, Opener::Query, None)
            }
            // What other drivers do with several statements differs: most run them one by one, some in a transaction.
            (None, _) if operation.statement.shares_query && operation.statement.dialect != Dialect::Mssql => {
                (TransactionKind::Unknown, Opener::Nothing, None)
            }
            (None, kind) => (kind, Opener::Nothing, None),
        };
        if kind == TransactionKind::None || commits_first(operation) {
            let alone = Transaction { kind: TransactionKind::None, ..Transaction::default() };
            return (TransactionKind::None, push(transactions, alone));
        }
        let group = self.group.unwrap_or_else(|| {
            self.saved = lasting;
            push(transactions, Transaction { kind, opener, opened: place, ..Transaction::default() })
        });
        self.group = Some(group);
        (kind, group)
    }

    /// COMMIT or ROLLBACK.
    fn leave(&mut self, operation: &Operation, kind: TransactionKind, end: End, chain: bool, driver: bool) {
        if let Some(begun) = &mut self.begun
            && begun.depth > 1
            && end == End::Commit
            && !driver
        {
            begun.depth -= 1;
            return;
        }
        let implicit = self.query.is_some();
        if driver {
            self.closed = false;
        } else if self.begun.is_none() && !implicit && !chain && kind != TransactionKind::None {
            // What is written in SQL ends the transaction of the source behind its back.
            self.closed = true;
        }
        self.begun = match self.begun {
            Some(_) if chain => Some(Begun { at: operation.span, depth: 1 }),
            _ => None,
        };
        self.end();
    }

    /// Nothing is open any more but what the source arranges.
    fn end(&mut self) {
        self.group = None;
        self.query = None;
        self.local = Lasting::default();
    }
}

/// MySQL commits before a statement that changes the schema, and the statement is in no transaction.
/// Source: MySQL documentation, "Statements That Cause an Implicit Commit".
fn commits_first(operation: &Operation) -> bool {
    let temporary = matches!(&operation.details, Details::Table(table) if table.temporary);
    operation.statement.dialect == Dialect::Mysql && operation.kind.changes_schema() && !temporary
}

fn push(transactions: &mut Vec<Transaction>, transaction: Transaction) -> usize {
    transactions.push(transaction);
    transactions.len() - 1
}

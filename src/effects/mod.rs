//! What a server does for an operation: locks, rewrites, scans, whether a transaction block is allowed.

mod lock;
mod postgres;
mod refused;

pub use lock::{Lock, LockMode};

use crate::config::Dialect;
use crate::ir::{Operation, QualifiedName, Tri};
use crate::schema::ObjectState;

/// What a server does for one operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effects {
    /// Locks taken on relations that exist. `None` where the model does not know.
    pub locks: Option<Vec<Lock>>,
    /// Whether a table is rewritten.
    pub rewrites: Tri,
    /// Whether a table is read in full.
    pub scans: Tri,
}

impl Default for Effects {
    fn default() -> Self {
        Self { locks: None, rewrites: Tri::Unknown, scans: Tri::Unknown }
    }
}

impl Effects {
    /// The strongest lock.
    pub fn strongest(&self) -> Option<LockMode> {
        self.locks.as_ref()?.iter().map(|lock| lock.mode).max()
    }

    /// Whether another session's SELECT has to wait.
    pub fn blocks_reads(&self) -> Tri {
        self.any(LockMode::blocks_reads)
    }

    /// Whether another session's INSERT, UPDATE or DELETE has to wait.
    pub fn blocks_writes(&self) -> Tri {
        self.any(LockMode::blocks_writes)
    }

    fn any(&self, test: fn(LockMode) -> bool) -> Tri {
        self.locks.as_ref().map_or(Tri::Unknown, |locks| locks.iter().any(|lock| test(lock.mode)).into())
    }
}

/// What the server does for `operation`, given what existed before it. Only PostgreSQL has a model; for the other
/// dialects nothing is claimed.
pub fn of(operation: &Operation, state: &ObjectState) -> Effects {
    match operation.statement.dialect {
        Dialect::Postgres => postgres::effects(operation, relation(operation, state)),
        Dialect::Mysql | Dialect::Sqlite | Dialect::Mssql => Effects::default(),
    }
}

/// The command as the server names it where it refuses `operation` inside a transaction block; `partitioned` tells
/// whether the table acted on is a partitioned one.
pub fn refused_in_transaction(operation: &Operation, partitioned: bool) -> Option<&'static str> {
    match operation.statement.dialect {
        Dialect::Postgres => refused::command(operation, partitioned),
        Dialect::Mysql | Dialect::Sqlite | Dialect::Mssql => None,
    }
}

/// The relation an operation acts on, by its own word or by the history's.
fn relation<'a>(operation: &'a Operation, state: &'a ObjectState) -> Option<&'a QualifiedName> {
    operation.table.as_ref().and_then(crate::ir::Known::known).or(state.index_table.as_ref())
}

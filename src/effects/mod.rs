//! What a server does for an operation: locks, rewrites, scans, whether a transaction block is allowed.
//!
//! The truth is what real servers do: `tests/effects_oracle.rs` compares this model with them case by case, and
//! docs/locks.md is what was measured.

pub mod keys;
mod lock;
mod postgres;
mod refused;
mod types;
pub mod view;
mod volatility;
pub(crate) mod words;

pub use lock::{Lock, LockMode};
pub use view::Schema;
pub use volatility::Volatility;

use crate::config::Dialect;
use crate::ir::{Operation, QualifiedName, Tri};
use view::Part;

/// The server that an operation runs on, and what its session has set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Server {
    /// Its major version.
    pub version: u32,
    /// Whether `TimeZone` is UTC: then `timestamp` and `timestamptz` are stored alike.
    pub utc: Tri,
}

impl Default for Server {
    /// Version 14, and a time zone that is not known.
    fn default() -> Self {
        Self { version: crate::config::TARGET_VERSION, utc: Tri::Unknown }
    }
}

/// What a server does for one operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effects {
    /// Locks on relations that are there before, the strongest of each.
    pub locks: Vec<Lock>,
    /// The strongest mode that relations can get that are not in [`Self::locks`]; `None` where there are no others.
    pub others: Option<LockMode>,
    /// Tables and materialized views that are written anew.
    pub rewrites: Part<QualifiedName>,
    /// Indexes that are there before and are built anew.
    pub rebuilds: Part<QualifiedName>,
    /// Tables for which an index is built, new or anew.
    pub builds: Part<QualifiedName>,
    /// Tables that are read in full. Those that hold no rows do not count.
    pub scans: Part<QualifiedName>,
}

impl Default for Effects {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            locks: Vec::new(),
            others: Some(LockMode::AccessExclusive),
            rewrites: Part::default(),
            rebuilds: Part::default(),
            builds: Part::default(),
            scans: Part::default(),
        }
    }
}

impl Effects {
    /// No relation that is there before is touched.
    pub fn nothing() -> Self {
        Self {
            locks: Vec::new(),
            others: None,
            rewrites: Part::all(Vec::new()),
            rebuilds: Part::all(Vec::new()),
            builds: Part::all(Vec::new()),
            scans: Part::all(Vec::new()),
        }
    }

    /// The strongest lock; `None` where there is none, or where a stronger one is possible that is not known.
    pub fn strongest(&self) -> Option<LockMode> {
        let known = self.locks.iter().map(|lock| lock.mode).max();
        if self.others > known { None } else { known }
    }

    /// Whether it is certain that no table is locked.
    pub fn locks_nothing(&self) -> bool {
        self.locks.is_empty() && self.others.is_none()
    }

    /// Whether another session's SELECT has to wait.
    pub fn blocks_reads(&self) -> Tri {
        self.any(LockMode::blocks_reads)
    }

    /// Whether another session's INSERT, UPDATE or DELETE has to wait.
    pub fn blocks_writes(&self) -> Tri {
        self.any(LockMode::blocks_writes)
    }

    /// Whether a table is written anew.
    pub fn rewrites_any(&self) -> Tri {
        any(&self.rewrites)
    }

    /// Whether a table is read in full.
    pub fn scans_any(&self) -> Tri {
        any(&self.scans)
    }

    /// Whether an index is built.
    pub fn builds_any(&self) -> Tri {
        any(&self.builds)
    }

    fn any(&self, test: fn(LockMode) -> bool) -> Tri {
        if self.locks.iter().any(|lock| test(lock.mode)) {
            Tri::Yes
        } else if self.others.is_some_and(test) {
            Tri::Unknown
        } else {
            Tri::No
        }
    }
}

fn any(part: &Part<QualifiedName>) -> Tri {
    part.any(|_| Tri::Yes)
}

/// What the server does for `operation`, given the schema just before it. Only PostgreSQL has a model; for the other
/// dialects nothing is claimed.
pub fn of(operation: &Operation, schema: &dyn Schema, server: Server) -> Effects {
    match operation.statement.dialect {
        Dialect::Postgres => postgres::effects(operation, schema, server),
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

//! Python: parse → evaluate → operations.

use crate::ir::Migration;
use crate::source::{Modules, Problem, Role, SourceFile};

/// What a Python source does.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its migrations in order of execution.
    pub migrations: Vec<Migration>,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
    /// The role that its shape shows: a registry of indexes or of backfills.
    pub shape: Option<Role>,
    /// Execute-like calls whose SQL was read in full.
    pub resolved: usize,
    /// Execute-like calls whose SQL could not be read in full; each has an opaque or partly unknown operation.
    pub unresolved: usize,
}

/// Reads a Python source. Never fails.
pub fn read(file: &SourceFile, modules: &dyn Modules) -> Reading {
    let _ = (file, modules);
    Reading::default()
}

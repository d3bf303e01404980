//! From sources to operations. A frontend never fails: what it cannot read becomes an opaque operation.

pub mod text;
pub mod sql;
pub mod python;
mod runners;
mod sql_file;

pub use python::{DjangoMigration, Reading, Wanted, lower_django};
pub use sql_file::Outline;

use crate::ir::MappedTable;
use crate::source::{Language, Modules, SourceFile};

/// What became of the calls that send something to a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Calls {
    /// Directives of a library (`op.add_column`, `migrations.AddField`) whose SQL was written.
    pub directives: usize,
    /// Directives that are not known.
    pub unknown_directives: usize,
    /// Execute-like calls whose SQL is known to the last letter.
    pub resolved: usize,
    /// Execute-like calls whose statement is known, and some name or value of it is not.
    pub partly: usize,
    /// Execute-like calls whose statement is not known.
    pub unresolved: usize,
}

impl Calls {
    /// Directives and execute-like calls of which nothing is known.
    pub fn not_followed(&self) -> usize {
        self.unknown_directives + self.unresolved
    }
}

impl std::ops::AddAssign for Calls {
    fn add_assign(&mut self, other: Self) {
        self.directives += other.directives;
        self.unknown_directives += other.unknown_directives;
        self.resolved += other.resolved;
        self.partly += other.partly;
        self.unresolved += other.unresolved;
    }
}

/// Reads sources, and keeps what several of them share.
#[derive(Debug, Default)]
pub struct Reader {
    python: python::Reader,
}

impl Reader {
    /// Reads a source. Never fails.
    pub fn read(&self, file: &SourceFile, modules: &dyn Modules) -> Reading {
        match file.language {
            Language::Sql => sql_file::read(file, modules),
            Language::Python => self.python.read(file, modules),
        }
    }

    /// The tables that the models in a source map, and whether it was read to its end.
    pub fn mapped(&self, file: &SourceFile, modules: &dyn Modules) -> (Vec<MappedTable>, bool) {
        match file.language {
            Language::Sql => (Vec::new(), true),
            Language::Python => self.python.mapped(file, modules),
        }
    }

    /// What of a source is applied as one unit, and in which transaction. Empty for Python, which is followed and not
    /// cut.
    pub fn outline(&self, file: &SourceFile, modules: &dyn Modules) -> Vec<Outline> {
        match file.language {
            Language::Sql => sql_file::outline(file, modules),
            Language::Python => Vec::new(),
        }
    }
}

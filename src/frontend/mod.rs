//! From sources to operations. A frontend never fails: what it cannot read becomes an opaque operation.

pub mod text;
pub mod sql;
pub mod python;
mod runners;
mod sql_file;

pub use python::{DjangoMigration, Reading, lower_django, may_map};
pub use sql_file::Outline;

use crate::ir::MappedTable;
use crate::source::{Language, Modules, SourceFile};

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

    /// The tables that the models in a source map; `None` where it cannot be read.
    pub fn mapped(&self, file: &SourceFile, modules: &dyn Modules) -> Option<Vec<MappedTable>> {
        match file.language {
            Language::Sql => Some(Vec::new()),
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

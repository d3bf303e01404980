//! From sources to operations. A frontend never fails: what it cannot read becomes an opaque operation.

pub mod text;
pub mod sql;
pub mod python;
mod sql_file;

pub use python::Reading;

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
            Language::Sql => sql_file::read(file),
            Language::Python => self.python.read(file, modules),
        }
    }
}

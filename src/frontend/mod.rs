//! From sources to operations. A frontend never fails: what it cannot read becomes an opaque operation.

pub mod text;
pub mod sql;
pub mod python;
mod sql_file;

pub use python::Reading;

use crate::source::{Language, Modules, SourceFile};

/// Reads a source. Never fails.
pub fn read(file: &SourceFile, modules: &dyn Modules) -> Reading {
    match file.language {
        Language::Sql => sql_file::read(file),
        Language::Python => python::read(file, modules),
    }
}

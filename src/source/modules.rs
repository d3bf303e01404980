//! Finding the files that a source pulls in.

use std::sync::Arc;

use super::SourceFile;

/// Looks up files of the project that a source names.
pub trait Modules: Sync {
    /// The file of the module `dotted` (`server.db.helpers`; may be empty for `from . import x`), imported by
    /// `from` with `level` leading dots (0 for an absolute import).
    ///
    /// `None` where the module is no file of the project (the standard library, an installed package). The same
    /// file is returned as the same `Arc`, also when it is itself one of the sources to be judged.
    fn module(&self, from: &SourceFile, level: u32, dotted: &str) -> Option<Arc<SourceFile>>;

    /// The SQL file that `from` includes as `path`: relative to the folder of `from` where it says so (`beside`, psql's
    /// `\ir`), else to that of the process, which is taken to be the folder of `from` or one above it.
    fn included(&self, _from: &SourceFile, _path: &str, _beside: bool) -> Option<Arc<SourceFile>> {
        None
    }

    /// The names of the Python modules in the folder of `from` whose names come before its own, in order.
    fn earlier(&self, _from: &SourceFile) -> Vec<String> {
        Vec::new()
    }
}

/// A project of one file: nothing can be imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoModules;

impl Modules for NoModules {
    fn module(&self, _from: &SourceFile, _level: u32, _dotted: &str) -> Option<Arc<SourceFile>> {
        None
    }
}

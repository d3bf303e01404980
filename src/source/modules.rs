//! Finding the files that a Python source imports.

use std::sync::Arc;

use super::SourceFile;

/// Looks up Python modules of the project.
pub trait Modules: Sync {
    /// The file of the module `dotted` (`server.db.helpers`; may be empty for `from . import x`), imported by
    /// `from` with `level` leading dots (0 for an absolute import).
    ///
    /// `None` where the module is no file of the project (the standard library, an installed package). The same
    /// file is returned as the same `Arc`, also when it is itself one of the sources to be judged.
    fn module(&self, from: &SourceFile, level: u32, dotted: &str) -> Option<Arc<SourceFile>>;
}

/// A project of one file: nothing can be imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoModules;

impl Modules for NoModules {
    fn module(&self, _from: &SourceFile, _level: u32, _dotted: &str) -> Option<Arc<SourceFile>> {
        None
    }
}

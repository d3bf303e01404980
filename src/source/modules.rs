//! Finding the files that a source pulls in.

use std::path::{Path, PathBuf};
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

/// The file of the module `dotted` as `from` imports it, below `root`: beside it, or from a folder above it, where the
/// path of modules may begin, or the `src` in one; never the file itself. `find` gives the file at a path.
pub(super) fn lookup(
    root: &Path,
    from: &SourceFile,
    level: u32,
    dotted: &str,
    find: &dyn Fn(&Path) -> Option<Arc<SourceFile>>,
) -> Option<Arc<SourceFile>> {
    let parts: Vec<&str> = dotted.split('.').filter(|part| !part.is_empty()).collect();
    let own = root.join(&from.path);
    let folder = own.parent()?;
    // `a/b.py` or `a/b/__init__.py`.
    let below = |folder: &Path| {
        let mut path = PathBuf::from(folder);
        path.extend(&parts);
        [path.with_extension("py"), path.join("__init__.py")].iter().find_map(|candidate| find(candidate))
    };
    if level > 0 {
        let up = usize::try_from(level - 1).ok()?;
        return below(folder.ancestors().nth(up)?);
    }
    if parts.is_empty() {
        return None;
    }
    let mut inside = None;
    for ancestor in folder.ancestors().take_while(|ancestor| ancestor.starts_with(root)) {
        let found = below(ancestor).or_else(|| below(&ancestor.join("src")));
        let Some(found) = found.filter(|found| found.path != from.path) else { continue };
        // The path of modules does not begin in a package, unless the file is run by itself.
        if find(&ancestor.join("__init__.py")).is_none() {
            return Some(found);
        }
        inside.get_or_insert(found);
    }
    inside
}

/// A project of one file: nothing can be imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoModules;

impl Modules for NoModules {
    fn module(&self, _from: &SourceFile, _level: u32, _dotted: &str) -> Option<Arc<SourceFile>> {
        None
    }
}

//! Finding files below a folder, as git sees them.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use walkdir::WalkDir;

/// Folders of other people's code and of built things.
pub(super) const VENDORED: &[&str] = &[
    "node_modules",
    "vendor",
    "vendored",
    "third_party",
    "site-packages",
    "dist-packages",
    "venv",
    "env",
    "dist",
    "build",
    "target",
    "__pycache__",
    "__pypackages__",
];

/// Globs, each matched against a path relative to the root; one without `/` matches a name at any depth, and one that
/// matches a folder matches all that is in it.
pub fn globs<'g>(patterns: impl IntoIterator<Item = &'g String>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        let anywhere = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
        for glob in [anywhere.clone(), format!("{anywhere}/**")] {
            // A pattern that is no glob is taken as a literal name.
            let built = GlobBuilder::new(&glob).literal_separator(true).build();
            if let Ok(glob) = built.or_else(|_| Glob::new(&globset::escape(&glob))) {
                set.add(glob);
            }
        }
    }
    set.build().unwrap_or_default()
}

/// The rules of `.gitignore` and `.ignore` that hold in a folder, innermost last.
struct Ignores {
    stack: Vec<(usize, Gitignore)>,
}

impl Ignores {
    /// Those of the folders from the root of the repository down to `start`.
    fn above(start: &Path) -> Self {
        let mut this = Self { stack: Vec::new() };
        let mut folders: Vec<&Path> = Vec::new();
        for folder in start.ancestors().skip(1) {
            folders.push(folder);
            if folder.join(".git").exists() {
                break;
            }
        }
        // Outside a repository a file above the start is somebody else's.
        if folders.last().is_some_and(|folder| folder.join(".git").exists()) && !start.join(".git").exists() {
            for folder in folders.into_iter().rev() {
                this.enter(folder, 0);
            }
        }
        this
    }

    fn enter(&mut self, folder: &Path, depth: usize) {
        let mut builder = GitignoreBuilder::new(folder);
        for name in [".git/info/exclude", ".gitignore", ".ignore"] {
            let file = folder.join(name);
            if file.is_file() {
                // A pattern that cannot be read is passed over, as git does.
                let _ = builder.add(file);
            }
        }
        if let Ok(rules) = builder.build()
            && !rules.is_empty()
        {
            self.stack.push((depth, rules));
        }
    }

    fn leave_to(&mut self, depth: usize) {
        while self.stack.last().is_some_and(|(at, _)| *at >= depth && *at > 0) {
            self.stack.pop();
        }
    }

    /// Whether git would leave `path` alone. The innermost file that says anything decides.
    fn ignored(&self, path: &Path, folder: bool) -> bool {
        for (_, rules) in self.stack.iter().rev() {
            let said = rules.matched(path, folder);
            if !said.is_none() {
                return said.is_ignore();
            }
        }
        false
    }
}

/// Every file below `start`, sorted by path. Hidden, vendored and ignored folders are left out; a link is followed to
/// a file and not to a folder.
pub(super) fn files(start: &Path, respect_gitignore: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ignores = if respect_gitignore { Ignores::above(start) } else { Ignores { stack: Vec::new() } };
    let mut walk = WalkDir::new(start).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        // What cannot be read is passed over: the folder was not asked for by name.
        let Ok(entry) = entry else { continue };
        let depth = entry.depth();
        let folder = entry.file_type().is_dir();
        ignores.leave_to(depth);
        let name = entry.file_name().to_string_lossy();
        let left_out = depth > 0
            && (name.starts_with('.')
                || (folder && VENDORED.contains(&&*name))
                || (respect_gitignore && ignores.ignored(entry.path(), folder)));
        if left_out {
            if folder {
                walk.skip_current_dir();
            }
        } else if folder {
            if respect_gitignore {
                ignores.enter(entry.path(), depth);
            }
        } else if entry.path().is_file() {
            found.push(entry.into_path());
        }
    }
    found
}

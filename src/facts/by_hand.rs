//! SQL files that nothing but a person applies.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use crate::ir::{Direction, OpKind, Operation};
use crate::source::{Language, Runner, SourceFile};
use crate::span::FileId;

/// What is in a folder.
#[derive(Default)]
struct Folder {
    /// The file that is applied first, to an empty database: if it fails it is given a new one.
    first: Option<FileId>,
    /// SQL files of no known runner, and whether each guards all that it could, none of it, or some.
    files: BTreeMap<FileId, Guards>,
    /// Python files that are started by name.
    scripts: usize,
    /// Python files that something loads, which then applies the SQL files as well.
    loaded: usize,
}

/// Statements of a file that IF [NOT] EXISTS could be written in.
#[derive(Clone, Copy, Default)]
struct Guards {
    with: usize,
    without: usize,
}

/// Files of folders that show a policy of being applied again: no runner is known, no module beside them is loaded by one,
/// and either scripts are beside them that a person starts, or at least three files, and no fewer than half, are
/// guarded. One guarded file says nothing: it was copied from somewhere.
pub(super) fn files(model: &Model) -> BTreeSet<FileId> {
    let mut folders: BTreeMap<&str, Folder> = BTreeMap::new();
    for migration in &model.timeline.migrations {
        let Some(file) = model.file(migration.span.file).filter(|_| migration.direction == Direction::Up) else {
            continue;
        };
        let folder = folders.entry(shared(&file.path)).or_default();
        folder.first.get_or_insert(file.id);
        match file.language {
            Language::Python => folder.python(file),
            Language::Sql if matches!(migration.runner, Runner::Plain | Runner::Psql) => {
                let guards = folder.files.entry(file.id).or_default();
                migration.operations.iter().for_each(|op| guards.count(op));
            }
            Language::Sql => {}
        }
    }
    let by_hand = folders.into_values().filter(Folder::is_by_hand);
    by_hand.flat_map(|folder| folder.files.into_keys().filter(move |file| Some(*file) != folder.first)).collect()
}

/// The folder of a file; folders that are versions (`delta/16`, `delta/17`) are one.
fn shared(path: &str) -> &str {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match folder.rsplit_once('/') {
        Some((above, name)) if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => above,
        _ => folder,
    }
}

impl Folder {
    fn python(&mut self, file: &SourceFile) {
        if file.text.contains("__main__") {
            self.scripts += 1;
        } else {
            self.loaded += 1;
        }
    }

    fn is_by_hand(&self) -> bool {
        let guarded = self.files.values().filter(|guards| guards.with > guards.without).count();
        let bare = self.files.values().filter(|guards| guards.without > guards.with).count();
        self.loaded == 0 && guarded > 0 && (self.scripts > 0 || (guarded >= 3 && guarded >= bare))
    }
}

impl Guards {
    fn count(&mut self, op: &Operation) {
        let verb = op.kind.as_str().rsplit('.').next().unwrap_or_default();
        // A function or view is replaced because it changes, not to be safe.
        let replaced = matches!(op.kind.family(), "function" | "view" | "trigger");
        let guarded = match verb {
            "create" if !replaced => op.if_not_exists,
            "drop" => op.if_exists,
            "add" if op.kind == OpKind::ColumnAdd => op.if_not_exists,
            _ => return,
        };
        *(if guarded { &mut self.with } else { &mut self.without }) += 1;
    }
}

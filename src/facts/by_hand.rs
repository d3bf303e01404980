//! SQL files that nothing but a person applies.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use crate::ir::{Direction, Known, OpKind, Operation, Tri};
use crate::source::{Language, Runner, SourceFile};
use crate::span::FileId;

/// What is in a folder.
#[derive(Default)]
struct Folder {
    /// The file that is applied first, to an empty database: if it fails it is given a new one.
    first: Option<FileId>,
    /// SQL files of no known runner, and whether each guards all that it could, none of it, or some.
    files: BTreeMap<FileId, Guards>,
    /// Those that change what is there, and say nothing of what applies them.
    changes: BTreeSet<FileId>,
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

/// Files of which no runner is known, and which no code beside them loads. Either their folder shows a policy of being
/// applied again: scripts are beside them that a person starts, or at least three files, and no fewer than half, are
/// guarded (one guarded file says nothing: it was copied from somewhere). Or the file changes a table that was there
/// before, writes no books about itself, and has no places that a program fills in.
pub(super) fn files(model: &Model) -> BTreeSet<FileId> {
    let mut folders: BTreeMap<&str, Folder> = BTreeMap::new();
    for (m, migration) in model.timeline.migrations.iter().enumerate() {
        let Some(file) = model.file(migration.span.file).filter(|_| migration.direction == Direction::Up) else {
            continue;
        };
        let folder = folders.entry(shared(&file.path)).or_default();
        folder.first.get_or_insert(file.id);
        match file.language {
            Language::Python => folder.python(file),
            Language::Sql if migration.runner == Runner::Plain && !file.place.neighbours.embedded => {
                let guards = folder.files.entry(file.id).or_default();
                migration.operations.iter().for_each(|op| guards.count(op));
                if changes_by_itself(model, m) {
                    folder.changes.insert(file.id);
                }
            }
            Language::Sql => {}
        }
    }
    let mut found = BTreeSet::new();
    for folder in folders.into_values().filter(|folder| folder.loaded == 0) {
        let policy = folder.shows_a_policy();
        let first = folder.first;
        found.extend(folder.files.into_keys().filter(|file| policy && Some(*file) != first));
        found.extend(folder.changes);
    }
    found
}

/// Whether a file changes a table that was there before, and nothing in it speaks of what applies it.
fn changes_by_itself(model: &Model, migration: usize) -> bool {
    let Some(operations) = model.timeline.migrations.get(migration).map(|migration| &migration.operations) else {
        return false;
    };
    let views = || (0..operations.len()).filter_map(|o| model.view(migration, o));
    let kept = |op: &Operation| op.kind.changes_data() && super::model::keeps_books_of(op);
    let filled = |op: &Operation| {
        op.table.as_ref().is_some_and(|table| table.known().is_none()) || op.statement.text.contains(['{', '\u{fffd}'])
    };
    let known = |op: &Operation| op.table.as_ref().and_then(Known::known).is_some();
    !operations.iter().any(|op| kept(op) || filled(op))
        && views().any(|view| {
            matches!(view.op.kind.family(), "column" | "constraint")
                && known(view.op)
                && view.table_preexisting() == Tri::Yes
        })
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

    fn shows_a_policy(&self) -> bool {
        let guarded = self.files.values().filter(|guards| guards.with > guards.without).count();
        let bare = self.files.values().filter(|guards| guards.without > guards.with).count();
        guarded > 0 && (self.scripts > 0 || (guarded >= 3 && guarded >= bare))
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

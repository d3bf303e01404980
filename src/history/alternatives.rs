//! Lines of history of which a database takes one.
//!
//! Revisions of one folder may have several bases. Such branches share a database as a rule (Alembic's documentation
//! calls them independent bases), and then they make one schema. But two that are never tied, and that make the same
//! table with nothing asked, cannot both be applied: a project that took over the databases of another keeps the history
//! of both, and each database goes its own way. Then each branch is a line by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Graph;
use crate::ir::{Direction, Migration, OpKind};
use crate::source::SourceFile;
use crate::span::FileId;

/// The line of each file whose branch is one of several alternatives; named after the first file of the branch.
pub fn alternatives(graph: &Graph, migrations: &[Migration], files: &[Arc<SourceFile>]) -> BTreeMap<FileId, Arc<str>> {
    let mut lines = BTreeMap::new();
    for branches in graph.untied() {
        let branch_of: BTreeMap<FileId, usize> =
            (0..).zip(&branches).flat_map(|(at, branch)| branch.iter().map(move |file| (*file, at))).collect();
        let made = tables(migrations, &branch_of);
        let twice: BTreeSet<usize> = made.values().filter(|makers| makers.len() > 1).flatten().copied().collect();
        for (at, branch) in branches.iter().enumerate().filter(|(at, _)| twice.contains(at)) {
            let first = branches.get(at).and_then(|branch| branch.first());
            let Some(path) = first.and_then(|file| files.get(file.0 as usize)).map(|file| file.path.as_str()) else {
                continue;
            };
            let name: Arc<str> = Arc::from(path);
            lines.extend(branch.iter().map(|file| (*file, name.clone())));
        }
    }
    lines
}

/// By the name of a table: the branches that make it with nothing asked.
fn tables(migrations: &[Migration], branch_of: &BTreeMap<FileId, usize>) -> BTreeMap<String, BTreeSet<usize>> {
    let mut made: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for migration in migrations.iter().filter(|migration| migration.direction == Direction::Up) {
        let Some(branch) = branch_of.get(&migration.span.file) else { continue };
        for operation in &migration.operations {
            let asked = operation.if_not_exists || operation.conditional || !operation.context.guards.is_empty();
            if operation.kind != OpKind::TableCreate || asked {
                continue;
            }
            if let Some(name) = operation.table.as_ref().and_then(|table| table.known()) {
                made.entry(name.to_string()).or_default().insert(*branch);
            }
        }
    }
    made
}

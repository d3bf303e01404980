//! Django's migrations make sense only together: what one sends depends on those before it, also where only some of
//! the files are to be judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::frontend::{DjangoMigration, Reader, lower_django};
use crate::ir::Migration;
use crate::source::{Modules, SourceFile, Sources};

/// Migrations that are read besides those that are judged.
const MAX_OTHERS: usize = 10_000;

/// The migrations of `read`, each with the file it is in, lowered in the order of their graph. What they depend on and
/// was not read is read too; nothing of that is judged.
pub(super) fn lower(
    read: Vec<(Arc<SourceFile>, DjangoMigration)>,
    reader: &Reader,
    sources: &Sources,
) -> Vec<Migration> {
    let Some(dialect) = read.first().map(|(file, _)| file.dialect) else { return Vec::new() };
    let mut known: BTreeSet<(String, String)> =
        read.iter().map(|(_, migration)| (migration.app.clone(), migration.name.clone())).collect();
    let mut open: Vec<(Arc<SourceFile>, String, (String, String))> = Vec::new();
    let wanted = |file: &Arc<SourceFile>, migration: &DjangoMigration| -> Vec<_> {
        let nodes = migration.dependencies.iter().chain(&migration.replaces);
        nodes.map(|node| (file.clone(), migration.app.clone(), node.clone())).collect()
    };
    for (file, migration) in &read {
        open.extend(wanted(file, migration));
    }
    let mut migrations: Vec<DjangoMigration> = read.into_iter().map(|(_, migration)| migration).collect();
    while let Some((file, app, node)) = open.pop() {
        if known.len() > MAX_OTHERS || node.1.starts_with("__") || !known.insert(node.clone()) {
            continue;
        }
        let found = if node.0 == app {
            sources.module(&file, 1, &node.1)
        } else {
            // An app beside this one, most often.
            sources.module(&file, 3, &format!("{}.migrations.{}", node.0, node.1))
        };
        let Some(found) = found.filter(|found| found.id != file.id) else { continue };
        if let Some(migration) = reader.read(&found, sources).django {
            open.extend(wanted(&found, &migration));
            migrations.push(DjangoMigration { shell: None, ..migration });
        }
    }
    lower_django(&migrations, dialect)
}

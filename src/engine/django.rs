//! Django's migrations make sense only together: what one sends depends on those before it, also where only some of
//! the files are to be judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::frontend::{DjangoMigration, Reader, lower_django};
use crate::ir::{Details, Direction, Line, Migration, Operation};
use crate::source::{Modules, SourceFile, Sources};
use crate::span::FileId;

/// Migrations that are read besides those that are judged.
const MAX_OTHERS: usize = 10_000;

/// A migration and the file it is in.
type Read = (Arc<SourceFile>, DjangoMigration);

/// The migrations of `read`, lowered in the order of their graph, and the files in that order. What they depend on and
/// was not read is read too; nothing of that is judged.
pub(super) fn lower(read: Vec<Read>, reader: &Reader, sources: &Sources) -> (Vec<Migration>, Vec<FileId>) {
    let all = with_others(read, reader, sources);
    let mut lowered = Vec::new();
    for Site { root, migrations } in sites(all) {
        let Some(dialect) = migrations.first().map(|(file, _)| file.dialect) else { continue };
        let migrations: Vec<DjangoMigration> = migrations.into_iter().map(|(_, migration)| migration).collect();
        let root: Arc<str> = root.into();
        lowered.extend(lower_django(&migrations, dialect).into_iter().map(|migration| match migration.line {
            Line::Place => Migration { line: Line::Site(root.clone()), ..migration },
            Line::Site(_) | Line::Database { .. } | Line::Beside => migration,
        }));
    }
    let order = lowered.iter().map(|migration| migration.span.file).collect();
    (lowered, order)
}

/// How many operations of Django were not known when they were lowered. What stands in such a place was written by nobody.
pub(super) fn not_known(lowered: &[Migration]) -> usize {
    let forward = lowered.iter().filter(|migration| migration.direction == Direction::Up);
    let unknown = |op: &&Operation| op.statement.implied && matches!(op.details, Details::Opaque(_));
    forward.flat_map(|migration| &migration.operations).filter(unknown).count()
}

/// Reads what the migrations depend on too.
fn with_others(read: Vec<Read>, reader: &Reader, sources: &Sources) -> Vec<Read> {
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
    let mut all = read;
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
            all.push((found, DjangoMigration { shell: None, ..migration }));
        }
    }
    all
}

/// Apps that share a database, below one folder.
struct Site {
    root: String,
    migrations: Vec<Read>,
}

/// The sites of the run. Labels of apps are unique in a site: where none is there twice, all is one site. Else the apps
/// whose migrations depend on each other are one, each label meaning the nearest app of that label.
fn sites(all: Vec<Read>) -> Vec<Site> {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, migration) in &all {
        folders.entry(migration.app.clone()).or_default().insert(folder(file).to_owned());
    }
    let mut parts = Parts::default();
    let several = folders.values().any(|folders| folders.len() > 1);
    for (file, migration) in &all {
        let own = folder(file);
        parts.join(own, own);
        if !several {
            if let Some((first, _)) = all.first() {
                parts.join(folder(first), own);
            }
            continue;
        }
        for (app, _) in
            migration.dependencies.iter().chain(&migration.run_before).filter(|(app, _)| *app != migration.app)
        {
            if let Some(other) = folders.get(app).and_then(|folders| nearest(folders, own)) {
                parts.join(own, other);
            }
        }
    }
    let mut roots: BTreeMap<String, String> = BTreeMap::new();
    for (file, _) in &all {
        let own = above(folder(file));
        let root = roots.entry(parts.top(folder(file))).or_insert_with(|| own.to_owned());
        *root = common(root, own).to_owned();
    }
    let mut sites: BTreeMap<String, Vec<Read>> = BTreeMap::new();
    for one in all {
        let root = roots.get(&parts.top(folder(&one.0))).cloned().unwrap_or_default();
        sites.entry(root).or_default().push(one);
    }
    sites.into_iter().map(|(root, migrations)| Site { root, migrations }).collect()
}

/// The folder that a file is in.
fn folder(file: &SourceFile) -> &str {
    file.path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder that an app is in, from that of its migrations.
fn above(folder: &str) -> &str {
    let app = folder.rsplit_once('/').map_or("", |(app, _)| app);
    app.rsplit_once('/').map_or("", |(above, _)| above)
}

/// The folder that two folders have in common.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let mut end = 0;
    for (part, same) in one.split('/').zip(other.split('/')) {
        if part != same {
            break;
        }
        end += part.len() + usize::from(end > 0);
    }
    one.get(..end).unwrap_or(one)
}

/// Of `folders` the one that has most of its path in common with `own`.
fn nearest<'a>(folders: &'a BTreeSet<String>, own: &str) -> Option<&'a String> {
    // In the order of paths it stands next to it.
    let after = folders.range::<str, _>((std::ops::Bound::Included(own), std::ops::Bound::Unbounded)).next();
    let before = folders.range::<str, _>((std::ops::Bound::Unbounded, std::ops::Bound::Excluded(own))).next_back();
    let shared = |folder: &&String| common(own, folder).len();
    before.into_iter().chain(after).max_by_key(shared)
}

/// Folders that belong together.
#[derive(Default)]
struct Parts(BTreeMap<String, String>);

impl Parts {
    fn top(&mut self, folder: &str) -> String {
        let (mut at, mut path) = (folder.to_owned(), Vec::new());
        while let Some(up) = self.0.get(&at).filter(|up| **up != at).cloned() {
            path.push(std::mem::replace(&mut at, up));
        }
        for folder in path {
            self.0.insert(folder, at.clone());
        }
        at
    }

    fn join(&mut self, one: &str, other: &str) {
        let (one, other) = (self.top(one), self.top(other));
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        self.0.insert(high, low.clone());
        self.0.insert(low.clone(), low);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Language;

    fn read(path: &str, app: &str, dependencies: &[&str]) -> Read {
        let file = SourceFile::of_text(FileId(0), path, "", Language::Python);
        let dependencies = dependencies.iter().map(|app| ((*app).to_owned(), "0001".to_owned())).collect();
        (Arc::new(file), DjangoMigration { app: app.to_owned(), dependencies, ..DjangoMigration::default() })
    }

    fn shown(all: Vec<Read>) -> Vec<String> {
        let site = |site: Site| {
            let apps: Vec<_> = site.migrations.iter().map(|(_, migration)| migration.app.as_str()).collect();
            format!("{}: {}", site.root, apps.join(" "))
        };
        sites(all).into_iter().map(site).collect()
    }

    #[test]
    fn apps_are_one_site_as_long_as_their_labels_differ() {
        let all = vec![
            read("web/shop/migrations/0001.py", "shop", &["auth"]),
            read("web/apps/cart/migrations/0001.py", "cart", &[]),
        ];
        assert_eq!(shown(all), ["web: shop cart"]);
    }

    #[test]
    fn a_label_that_is_there_twice_means_the_nearest_app() {
        let all = vec![
            read("one/shop/migrations/0001.py", "shop", &[]),
            read("one/cart/migrations/0001.py", "cart", &["shop"]),
            read("two/shop/migrations/0001.py", "shop", &[]),
            read("two/cart/migrations/0001.py", "cart", &["shop"]),
        ];
        assert_eq!(shown(all), ["one: shop cart", "two: shop cart"]);
    }
}

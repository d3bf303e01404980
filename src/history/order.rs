//! Which files belong to one runner project, and in which order it applies them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Graph, Version};
use crate::ir::{Line, Migration};
use crate::source::{Language, Runner, SourceFile};
use crate::span::FileId;

/// The files of one runner that are applied one after the other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Project {
    /// What applies them.
    pub runner: Runner,
    /// The folder that the runner is pointed at.
    pub root: String,
}

/// Runners that keep each migration in a folder of its own, which carries the version.
const FOLDERS: &[Runner] = &[Runner::Diesel, Runner::Prisma, Runner::Hasura];

/// The project that a file belongs to.
pub fn project(file: &SourceFile) -> Project {
    let root = if file.place.root.is_empty() {
        let (folder, _) = split(&file.path);
        if FOLDERS.contains(&file.runner) { split(folder).0 } else { folder }.to_owned()
    } else {
        file.place.root.clone()
    };
    Project { runner: file.runner, root }
}

/// The project that a migration of `file` belongs to.
pub fn project_of(migration: &Migration, file: &SourceFile) -> Project {
    match &migration.line {
        Line::Site(root) => Project { runner: file.runner, root: root.as_ref().to_owned() },
        Line::Database { name, site } => {
            let of = project(file);
            let root = site.as_ref().map_or(of.root, |site| site.as_ref().to_owned());
            let root = if name.is_empty() { root } else { format!("{root} ({name})") };
            Project { root, ..of }
        }
        Line::Place | Line::Beside => project(file),
    }
}

/// The version of a file as it is written: the runner's, else the digits that the name of a SQL file begins with.
pub fn version(file: &SourceFile) -> Option<&str> {
    if let Some(version) = &file.place.version {
        return Some(version);
    }
    // A Python file may begin with the digits of a random revision; its own text tells the order.
    if file.language != Language::Sql || file.place != crate::source::Place::default() {
        return None;
    }
    let (folder, name) = split(&file.path);
    let name = if FOLDERS.contains(&file.runner) { split(folder).1 } else { name };
    let name = if matches!(file.runner, Runner::Flyway | Runner::Refinery) { name.get(1..)? } else { name };
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    let end = match name.find("__") {
        Some(at) if matches!(file.runner, Runner::Flyway | Runner::Refinery) => at,
        _ => end,
    };
    name.get(..end).filter(|version| !version.is_empty())
}

/// What a version is compared by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Its letters: `20250604085536` comes before `20250625`.
    Letters(String),
    /// Its numbers; `None` where it has none.
    Numbers(Option<Version>),
}

/// Runners that sort by the letters of the version or of the name. Sources: Prisma's engine lists its folders by name,
/// dbmate, Atlas and the command line of Supabase their files; `MigrationVersion` of Diesel and `Migrations.Less` of pop
/// compare text.
const BY_LETTERS: &[Runner] =
    &[Runner::Prisma, Runner::Dbmate, Runner::Atlas, Runner::Supabase, Runner::Diesel, Runner::Pop];

fn ordered_by(runner: Runner, written: &str) -> Rank {
    if !BY_LETTERS.contains(&runner) {
        return Rank::Numbers(Version::parse(written));
    }
    Rank::Letters(match runner {
        // Diesel takes the dashes out of the date that `diesel migration generate` writes.
        // Source: `diesel_migrations::file_based_migrations`, `version_from_string`.
        Runner::Diesel => written.replace('-', ""),
        Runner::Pop => written.to_owned(),
        // Whole names are compared, and what follows the version sorts behind digits: `20250625_b` comes after
        // `20250625000000_a`.
        _ => format!("{written}_"),
    })
}

/// Whether a file that has no number makes what those with one change, as its name says.
fn begins(path: &str) -> bool {
    const WORDS: [&str; 7] = ["schema", "structure", "init", "initial", "base", "baseline", "setup"];
    let name = split(path).1.to_ascii_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}

/// Sorts migrations as they are applied: the projects in the order in which they come, in each what its runner lists
/// as it is listed, else by version as that runner compares them, else by path. What is repeated whenever it changes comes last. Those of one file
/// stay next to each other, in their order.
pub fn order(migrations: &mut [Migration], files: &[Arc<SourceFile>], graph: &Graph) {
    let revisions = graph.order();
    let mut projects: BTreeMap<Project, usize> = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate() {
        let id = migration.span.file;
        if keys.contains_key(&id) {
            continue;
        }
        let key = files.get(id.0 as usize).map(|file| {
            let first = *projects.entry(project_of(migration, file)).or_insert(at);
            let version = version(file).map(|written| ordered_by(file.runner, written));
            let place = &file.place;
            // What is not listed beside files that are was added later than the list.
            let listed = place.listed.or_else(|| revisions.get(&id).copied()).unwrap_or(usize::MAX);
            let late = file.runner == Runner::Plain && version.is_none() && !begins(&file.path);
            (first, place.repeatable, listed, late, version, file.path.clone())
        });
        keys.insert(id, key);
    }
    let key = |id: FileId| keys.get(&id);
    migrations.sort_by(|a, b| key(a.span.file).cmp(&key(b.span.file)));
}

/// The folder and the name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Direction, Line};
    use crate::source::{Place, Role};
    use crate::span::Span;

    fn file(runner: Runner, path: &str, place: Place) -> SourceFile {
        let mut file = SourceFile::of_text(FileId(0), path, "", Language::Sql);
        (file.runner, file.place) = (runner, place);
        file
    }

    fn ordered(files: Vec<SourceFile>) -> Vec<String> {
        let files: Vec<_> =
            (0..).zip(files).map(|(id, file)| Arc::new(SourceFile { id: FileId(id), ..file })).collect();
        let migration = |file: &Arc<SourceFile>| Migration {
            name: file.path.clone(),
            span: Span::file(file.id),
            direction: Direction::Up,
            role: Role::Migrations,
            runner: file.runner,
            line: Line::Place,
            operations: Vec::new(),
        };
        let mut migrations: Vec<_> = files.iter().map(migration).collect();
        order(&mut migrations, &files, &Graph::default());
        migrations.into_iter().map(|migration| migration.name).collect()
    }

    fn placed(version: &str) -> Place {
        Place { root: "sql".to_owned(), version: Some(version.to_owned()), ..Place::default() }
    }

    #[test]
    fn versions_are_compared_as_numbers_also_where_nothing_is_said_of_them() {
        let plain = |path| file(Runner::Plain, path, Place::default());
        assert_eq!(ordered(vec![plain("m/10_b.sql"), plain("m/9_a.sql")]), ["m/9_a.sql", "m/10_b.sql"]);
        let flyway = |path| file(Runner::Flyway, path, Place::default());
        assert_eq!(
            ordered(vec![flyway("m/V1.10__b.sql"), flyway("m/V1_9__a.sql")]),
            ["m/V1_9__a.sql", "m/V1.10__b.sql"]
        );
    }

    #[test]
    fn some_runners_compare_letters() {
        let diesel = |path| file(Runner::Diesel, path, Place::default());
        assert_eq!(ordered(vec![diesel("m/9_a/up.sql"), diesel("m/10_b/up.sql")]), ["m/10_b/up.sql", "m/9_a/up.sql"]);
        let prisma = |path| file(Runner::Prisma, path, Place::default());
        let files = vec![prisma("m/20250625_b/migration.sql"), prisma("m/20250604085536_a/migration.sql")];
        assert_eq!(ordered(files), ["m/20250604085536_a/migration.sql", "m/20250625_b/migration.sql"]);
        let goose = |path| file(Runner::Goose, path, Place::default());
        let files = vec![goose("m/20250604085536_a.sql"), goose("m/20250625_b.sql")];
        assert_eq!(ordered(files), ["m/20250625_b.sql", "m/20250604085536_a.sql"]);
    }

    #[test]
    fn the_place_of_a_file_says_more_than_its_name() {
        let named = |path, version| file(Runner::Tern, path, placed(version));
        assert_eq!(ordered(vec![named("sql/1_a.sql", "7"), named("sql/2_b.sql", "3")]), ["sql/2_b.sql", "sql/1_a.sql"]);
        let listed = |path: &str, at| file(Runner::Drizzle, path, Place { listed: at, ..placed("1") });
        let files = vec![listed("sql/a.sql", None), listed("sql/b.sql", Some(1)), listed("sql/c.sql", Some(0))];
        assert_eq!(ordered(files), ["sql/c.sql", "sql/b.sql", "sql/a.sql"]);
    }

    #[test]
    fn dashes_are_no_part_of_a_version_of_diesel() {
        let diesel = |path| file(Runner::Diesel, path, Place::default());
        let placed = |path, version: &str| {
            file(
                Runner::Diesel,
                path,
                Place { root: "m".to_owned(), version: Some(version.to_owned()), ..Place::default() },
            )
        };
        assert_eq!(ordered(vec![diesel("m/2_b/up.sql"), diesel("m/1_a/up.sql")]), ["m/1_a/up.sql", "m/2_b/up.sql"]);
        let files = vec![
            placed("m/2017-10-08-193512_b/up.sql", "2017-10-08-193512"),
            placed("m/20140924113530_a/up.sql", "20140924113530"),
        ];
        assert_eq!(ordered(files), ["m/20140924113530_a/up.sql", "m/2017-10-08-193512_b/up.sql"]);
    }

    #[test]
    fn what_is_repeated_comes_last() {
        let repeated =
            file(Runner::Flyway, "sql/R__views.sql", Place { repeatable: true, version: None, ..placed("") });
        let files = vec![repeated, file(Runner::Flyway, "sql/V2__a.sql", placed("2"))];
        assert_eq!(ordered(files), ["sql/V2__a.sql", "sql/R__views.sql"]);
    }

    #[test]
    fn projects_stay_apart() {
        let at = |path| file(Runner::Plain, path, Place::default());
        let files = vec![at("b/2_x.sql"), at("a/1_x.sql"), at("b/1_x.sql")];
        assert_eq!(ordered(files), ["b/1_x.sql", "b/2_x.sql", "a/1_x.sql"]);
    }
}

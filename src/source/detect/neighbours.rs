//! What the names beside a file say about it: another file of its version, a number that is left out, the way back, a
//! name that its runner does not read. All names of the folder count, also of files that were not asked for and of
//! migrations in another language.

use std::collections::BTreeMap;

use super::flyway::{Flyway, Named};
use super::{Folder, prefix, version_after};
use crate::config::Runner;
use crate::source::{dialects, recognise};

/// What stands beside a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Neighbours {
    /// Name of the file (or folder) of the same version that comes before this one, where its runner tells migrations
    /// apart by version.
    pub twin: Option<String>,
    /// The number before its own, where no file has it and those of the folder are counted without gaps otherwise.
    pub missing: Option<String>,
    /// No other version comes before its own.
    pub first: bool,
    /// The file that goes back from this one is there.
    pub way_back: bool,
    /// It is part of a program: code that may well load it lies in its folder or the one above, a manifest names it, or a
    /// folder that it is in is one of several for a database each.
    pub embedded: bool,
    /// Code that may well load it lies in its folder or the one above.
    pub program: bool,
    /// The runner of the folder, which does not read a file of this name.
    pub passed_over: Option<Runner>,
}

/// How the names of a folder begin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Style {
    /// `0001_x.sql`.
    Number,
    /// `V1_2__x.sql`.
    Letter,
    /// `2024-01-01-000000_x`, a folder.
    Folder,
}

/// The names of a folder by version.
#[derive(Debug, Default)]
pub(super) struct Index {
    names: BTreeMap<String, Vec<String>>,
    /// Most numbers follow on another.
    dense: bool,
}

/// Languages that runners take migrations in.
const ENDINGS: [&str; 9] = [".sql", ".go", ".js", ".mjs", ".cjs", ".ts", ".rs", ".java", ".kt"];

impl Index {
    /// The versions of the names `names`.
    pub(super) fn of<'n>(style: Style, flyway: &Flyway, names: impl Iterator<Item = &'n String>) -> Self {
        let mut index = Self::default();
        for name in names {
            if let Some(key) = key(style, flyway, name) {
                index.names.entry(key).or_default().push(name.clone());
            }
        }
        let follows = |key: &&String| before(key).is_some_and(|before| index.names.contains_key(&before));
        let following = index.names.keys().filter(follows).count();
        // The first follows on none.
        index.dense = following >= 3 && following * 4 >= (index.names.len() - 1) * 3;
        index
    }
}

/// The version that a name begins with, in one form: zeros that change nothing left out.
fn key(style: Style, flyway: &Flyway, name: &str) -> Option<String> {
    let version = match style {
        Style::Folder => name.split_once('_')?.0.replace('-', ""),
        _ if !ENDINGS.iter().any(|ending| name.ends_with(ending)) => return None,
        Style::Number => prefix(name)?.to_owned(),
        Style::Letter => match flyway.named(name) {
            Some(Named::Versioned(version)) => version,
            // A migration in another language; Flyway knows its own suffixes of SQL.
            None if ENDINGS.iter().skip(1).any(|ending| name.ends_with(ending)) => version_after(name, &["V"])?,
            Some(_) | None => return None,
        },
    };
    let mut parts: Vec<_> = version.split(['.', '_']).map(|part| part.trim_start_matches('0')).collect();
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    if version.is_empty() || !parts.iter().all(number) {
        return None;
    }
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    Some(parts.join("."))
}

/// The number before a counter; `None` for what is a date, a time or made of several numbers.
fn before(key: &str) -> Option<String> {
    let number: u32 = if key.is_empty() { 0 } else { key.parse().ok().filter(|_| key.len() < 5)? };
    let before = number.checked_sub(1)?;
    Some(if before == 0 { String::new() } else { before.to_string() })
}

/// Whether a folder is called after a server: `postgresql`.
fn named_for_a_server(folder: &Folder) -> bool {
    recognise::dialect_word(&folder.name().to_ascii_lowercase()).is_some()
}

/// What stands beside the file `name` of `runner`.
pub(super) fn of(runner: Runner, folder: &Folder, name: &str) -> Neighbours {
    let way_back = match runner {
        Runner::GolangMigrate | Runner::Pop | Runner::Sqlx => comes_back(folder, name),
        Runner::Diesel | Runner::Hasura => folder.has("down.sql"),
        _ => false,
    };
    let own = match runner {
        Runner::Diesel | Runner::Hasura => folder.parent.as_deref().map(|above| (Style::Folder, above, folder.name())),
        Runner::Flyway | Runner::Refinery => Some((Style::Letter, folder, name)),
        Runner::Atlas
        | Runner::Dbmate
        | Runner::GolangMigrate
        | Runner::Goose
        | Runner::Pop
        | Runner::PostgresMigrations
        | Runner::Sqlx
        | Runner::Supabase
        | Runner::Tern => Some((Style::Number, folder, name)),
        _ => None,
    };
    // A migration that has a folder of its own lies a step further down.
    let near = if dialects::has_own_folder(name) { 3 } else { 2 };
    let program = runner == Runner::Plain && folder.upwards().take(near).any(Folder::holds_a_program);
    let mut this = Neighbours {
        way_back,
        program,
        embedded: runner == Runner::Plain
            && (program
                || folder.has("manifest.json")
                || folder.upwards().take(2).any(Folder::is_of_a_database)
                || folder.upwards().skip(2).any(|at| named_for_a_server(at) && at.is_of_a_database())),
        passed_over: passed_over(runner, folder, name),
        ..Neighbours::default()
    };
    this.first = match (runner, own) {
        (_, Some((style, folder, name))) => first(style, folder, name),
        (Runner::Prisma, None) => {
            folder.parent.as_deref().is_some_and(|above| first(Style::Folder, above, folder.name()))
        }
        (_, None) => first(Style::Number, folder, name),
    };
    if let Some((style, folder, name)) = own {
        let index = folder.index(style);
        let flyway = Flyway::default();
        let flyway = folder.find(|folder| folder.flyway.as_ref()).map_or(&flyway, |(_, flyway)| flyway);
        if let Some(key) = key(style, flyway, name) {
            let same = index.names.get(&key).into_iter().flatten();
            this.twin = same.filter(|other| other.as_str() < name).find(|other| alike(other, name)).cloned();
            this.missing = missing(runner, index, &key);
        }
    }
    this
}

/// Whether no version in the folder comes before that of `name`.
fn first(style: Style, folder: &Folder, name: &str) -> bool {
    let flyway = Flyway::default();
    let flyway = folder.find(|folder| folder.flyway.as_ref()).map_or(&flyway, |(_, flyway)| flyway);
    // Numbers without leading zeros: the longer one is the larger.
    let order = |key: &str| key.split('.').map(|part| (part.len(), part.to_owned())).collect::<Vec<_>>();
    let own = key(style, flyway, name).as_deref().map(order);
    own.is_some_and(|own| !folder.index(style).names.keys().any(|key| order(key) < own))
}

/// Whether another file of its version goes back. One way back can serve files for several databases.
fn comes_back(folder: &Folder, name: &str) -> bool {
    let key = key(Style::Number, &Flyway::default(), name);
    let same = key.and_then(|key| folder.index(Style::Number).names.get(&key));
    same.into_iter().flatten().any(|other| other.ends_with(".down.sql"))
}

/// Whether two names of one version go the same way, on the same database.
fn alike(one: &str, other: &str) -> bool {
    let words = |name: &str| name.split('.').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (words(one), words(other));
    let special = |words: &[String]| words.iter().any(|word| recognise::dialect_word(word).is_some());
    let down = |words: &[String]| words.iter().any(|word| word == "down");
    down(&one) == down(&other) && !special(&one) && !special(&other)
}

/// The number before `key`, where nothing has it.
fn missing(runner: Runner, index: &Index, key: &str) -> Option<String> {
    let consecutive = matches!(runner, Runner::Tern | Runner::PostgresMigrations);
    let counted = index.dense && matches!(runner, Runner::GolangMigrate | Runner::Goose | Runner::Dbmate);
    if !(consecutive || counted) {
        return None;
    }
    let before = before(key).filter(|before| !index.names.contains_key(before))?;
    // Counting starts at 0 or 1; what is counted on from a history that was cut off starts anywhere.
    let smaller = index.names.keys().any(|other| (other.len(), other.as_str()) < (key.len(), key));
    (!before.is_empty() && (smaller || consecutive)).then_some(before)
}

/// The runner that would apply the file if it were named as that runner wants.
fn passed_over(runner: Runner, folder: &Folder, name: &str) -> Option<Runner> {
    let numbered =
        prefix(name).is_some_and(|digits| name.get(digits.len()..).is_some_and(|rest| rest.starts_with('_')));
    match runner {
        Runner::Goose | Runner::Tern => (!numbered).then_some(runner),
        Runner::Dbmate => prefix(name).is_none().then_some(runner),
        Runner::Plain => {
            if folder.name() == "migrations"
                && folder.parent.as_ref().is_some_and(|above| above.name() == "supabase")
                && !numbered
            {
                return Some(Runner::Supabase);
            }
            let first = name.bytes().next().unwrap_or_default();
            let second = name.as_bytes().get(1).copied().unwrap_or_default();
            let letter =
                matches!(first.to_ascii_uppercase(), b'V' | b'U' | b'R') && (second.is_ascii_digit() || second == b'_');
            if (letter || first.is_ascii_digit()) && folder.index(Style::Letter).names.len() >= 2 {
                return Some(if folder.uses("refinery") { Runner::Refinery } else { Runner::Flyway });
            }
            let reversible = || folder.names_any(|other| other.ends_with(".up.sql"));
            (first.is_ascii_digit() && !folder.uses("sqlx") && reversible()).then_some(Runner::GolangMigrate)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(runner: Runner, names: &[&str], name: &str) -> Neighbours {
        of(runner, &Folder::of_names("db/migrations", names), name)
    }

    #[test]
    fn one_version_has_one_file() {
        let names = ["01_c.sql", "1_a.sql", "1_b.sql", "2_x.sql"];
        assert_eq!(beside(Runner::Goose, &names, "1_b.sql").twin.as_deref(), Some("01_c.sql"));
        assert_eq!(beside(Runner::Goose, &names, "01_c.sql").twin, None);
        assert_eq!(beside(Runner::Goose, &names, "2_x.sql").twin, None);
        let flyway = ["V1.0__a.sql", "V1__b.sql", "V1_1__c.sql", "U1__b.sql", "V1_1__d.java"];
        assert_eq!(beside(Runner::Flyway, &flyway, "V1__b.sql").twin.as_deref(), Some("V1.0__a.sql"));
        assert_eq!(beside(Runner::Flyway, &flyway, "V1_1__c.sql").twin, None);
        assert_eq!(beside(Runner::Flyway, &flyway, "U1__b.sql").twin, None);
    }

    #[test]
    fn the_first_version_has_none_before_it() {
        let names = ["0009_a.sql", "10_b.sql", "README.md", "x.sql"];
        let first = |name| beside(Runner::Goose, &names, name).first;
        assert!(first("0009_a.sql") && !first("10_b.sql") && !first("x.sql"));
        let names = ["V1.2__a.sql", "V1.10__b.sql"];
        assert!(beside(Runner::Flyway, &names, "V1.2__a.sql").first);
        assert!(!beside(Runner::Flyway, &names, "V1.10__b.sql").first);
    }

    #[test]
    fn directions_and_databases_stay_apart() {
        let names =
            ["1_a.down.sql", "1_a.mysql.up.sql", "1_a.up.sql", "2_a.mysql.up.sql", "2_a.postgres.up.sql", "2_a.up.sql"];
        for name in names {
            assert_eq!(beside(Runner::GolangMigrate, &names, name).twin, None, "{name}");
        }
        assert!(beside(Runner::GolangMigrate, &names, "1_a.up.sql").way_back);
        assert!(beside(Runner::GolangMigrate, &names, "1_a.mysql.up.sql").way_back);
        assert!(!beside(Runner::GolangMigrate, &names, "2_a.up.sql").way_back);
    }

    #[test]
    fn a_gap_is_one_among_numbers_that_follow_on_each_other() {
        let missing = |runner, names: &[&str], name| beside(runner, names, name).missing;
        let names = ["1_a.sql", "2_b.sql", "3_b.go", "4_c.sql", "5_d.sql", "7_e.sql"];
        assert_eq!(missing(Runner::Goose, &names, "7_e.sql").as_deref(), Some("6"));
        assert_eq!(missing(Runner::Goose, &names, "4_c.sql"), None);
        assert_eq!(missing(Runner::Goose, &["10_a.sql", "20_b.sql", "30_c.sql"], "30_c.sql"), None);
        assert_eq!(missing(Runner::Tern, &["001_a.sql", "003_b.sql"], "003_b.sql").as_deref(), Some("2"));
        assert_eq!(missing(Runner::Tern, &["001_a.sql"], "001_a.sql"), None);
        assert_eq!(missing(Runner::Tern, &["20240101_a.sql"], "20240101_a.sql"), None);
    }

    #[test]
    fn names_that_no_runner_reads() {
        let flyway = ["V1__a.sql", "V2__b.sql", "V3_c.sql", "v4__d.sql", "notes.sql"];
        for (name, over) in [("V3_c.sql", true), ("v4__d.sql", true), ("notes.sql", false)] {
            assert_eq!(beside(Runner::Plain, &flyway, name).passed_over.is_some(), over, "{name}");
        }
        let pairs = ["1_a.up.sql", "1_a.down.sql", "2_b.sql"];
        assert_eq!(beside(Runner::Plain, &pairs, "2_b.sql").passed_over, Some(Runner::GolangMigrate));
        assert_eq!(beside(Runner::Goose, &["x.sql"], "x.sql").passed_over, Some(Runner::Goose));
        assert_eq!(beside(Runner::Dbmate, &["1x.sql"], "1x.sql").passed_over, None);
    }
}

//! What is asked of the files of a project as files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Model, View};
use crate::history::{self, Version};
use crate::ir::{Direction, Migration};
use crate::source::{Runner, SourceFile};
use crate::span::FileId;

/// Files without a way back, after files that have one. `projects` are the numbers of the migrations'
/// projects.
pub(super) fn one_way(model: &Model, projects: &[usize]) -> BTreeSet<FileId> {
    let mut back: BTreeSet<(usize, Result<Version, FileId>)> = BTreeSet::new();
    let mut forth: BTreeMap<usize, Vec<&SourceFile>> = BTreeMap::new();
    for (migration, project) in model.timeline.migrations.iter().zip(projects) {
        let id = migration.span.file;
        let Some(file) = model.file(id).filter(|file| goes_back(file.runner)) else { continue };
        match migration.direction {
            Direction::Down => {
                back.extend(versions(file).map(|version| (*project, Ok(version))));
                back.insert((*project, Err(id)));
            }
            Direction::Up if !file.place.repeatable && !migration.operations.is_empty() => {
                let files = forth.entry(*project).or_default();
                if files.last().is_none_or(|last| last.id != id) {
                    files.push(file);
                }
            }
            Direction::Up => {}
        }
    }
    let mut found = BTreeSet::new();
    for (project, files) in forth {
        let has = |file: &&SourceFile| {
            file.place.neighbours.way_back
                || back.contains(&(project, Err(file.id)))
                || versions(file).is_some_and(|version| back.contains(&(project, Ok(version))))
        };
        // A policy is what was done before: files from before it began are left alone.
        let with: Vec<bool> = files.iter().map(has).collect();
        for (at, file) in files.iter().enumerate() {
            let before = with.get(at.saturating_sub(POLICY)..at).unwrap_or_default();
            let here = with.get(at).copied().unwrap_or(true);
            if !here && before.len() >= 2 && before.iter().all(|has| *has) {
                found.insert(file.id);
            }
        }
    }
    found
}

/// So many files with a way back, one after the other, show a policy; two are enough at the start.
const POLICY: usize = 5;

/// The version, where the way back is a file of its own with the same.
fn versions(file: &SourceFile) -> Option<Version> {
    matches!(
        file.runner,
        Runner::GolangMigrate | Runner::Pop | Runner::Sqlx | Runner::Diesel | Runner::Hasura | Runner::Flyway
    )
    .then(|| history::version(file).and_then(Version::parse))
    .flatten()
}

/// Runners whose command for going back needs something written for it.
fn goes_back(runner: Runner) -> bool {
    matches!(
        runner,
        Runner::Dbmate
            | Runner::Diesel
            | Runner::Flyway
            | Runner::GolangMigrate
            | Runner::Goose
            | Runner::Hasura
            | Runner::NodePgMigrate
            | Runner::Pop
            | Runner::SqlMigrate
            | Runner::Sqlx
            | Runner::Tern
    )
}

/// Questions of facts. Each is about the file that the migration stands in.
impl View<'_> {
    fn own_file(&self) -> Option<&SourceFile> {
        // What a file includes is part of the file that includes it.
        let Migration { span, .. } = self.migration;
        self.model.file(span.file)
    }

    /// Name of another file of the same version.
    pub(super) fn twin(&self) -> &str {
        self.own_file().and_then(|file| file.place.neighbours.twin.as_deref()).unwrap_or_default()
    }

    /// The version before, which no file has.
    pub(super) fn missing_version(&self) -> &str {
        self.own_file().and_then(|file| file.place.neighbours.missing.as_deref()).unwrap_or_default()
    }

    /// The version as it is written.
    pub(super) fn version(&self) -> &str {
        self.own_file().and_then(history::version).unwrap_or_default()
    }

    /// The runner that does not read a file of this name.
    pub(super) fn passed_over(&self) -> &'static str {
        self.own_file().and_then(|file| file.place.neighbours.passed_over).map_or("", Runner::as_str)
    }

    /// How that runner wants its files named, as an example.
    pub(super) fn naming(&self) -> &'static str {
        match self.own_file().and_then(|file| file.place.neighbours.passed_over) {
            Some(Runner::Flyway | Runner::Refinery) => "V2__what_it_does.sql",
            Some(Runner::GolangMigrate) => "0002_what_it_does.up.sql",
            Some(Runner::Supabase) => "20240131120000_what_it_does.sql",
            Some(_) => "0002_what_it_does.sql",
            None => "",
        }
    }
}

//! What the configuration says about paths, compiled once a run.

use globset::GlobSet;

use super::{Role, walk};
use crate::config::{Settings, SourceSettings};

/// The globs of the configuration.
#[derive(Debug)]
pub(super) struct Globs {
    pub(super) include: GlobSet,
    pub(super) exclude: GlobSet,
    roles: [(Role, GlobSet); 3],
    /// `[[source]]`, in the order in which it is written.
    sources: Vec<(GlobSet, SourceSettings)>,
}

impl Globs {
    pub(super) fn new(settings: &Settings) -> Self {
        let roles = [
            (Role::Indexes, walk::globs(&settings.indexes)),
            (Role::Backfills, walk::globs(&settings.backfills)),
            (Role::Migrations, walk::globs(&settings.migrations)),
        ];
        let sources = settings.sources.iter().map(|source| (walk::globs([&source.path]), source.clone()));
        Self {
            include: walk::globs(&settings.include),
            exclude: walk::globs(&settings.exclude),
            roles,
            sources: sources.collect(),
        }
    }

    /// The first value that a `[[source]]` whose glob fits gives: two of them can share a file.
    pub(super) fn said<T>(&self, shown: &str, value: impl Fn(&SourceSettings) -> Option<T>) -> Option<T> {
        let fitting = self.sources.iter().filter(|(glob, _)| glob.is_match(shown));
        fitting.into_iter().find_map(|(_, source)| value(source))
    }

    /// The role that the configuration gives.
    pub(super) fn role(&self, shown: &str) -> Option<(Role, &'static str)> {
        let listed = || self.roles.iter().find(|(_, globs)| globs.is_match(shown)).map(|(role, _)| *role);
        let source = self.said(shown, |source| source.role).map(|role| (role, "`[[source]]` in the configuration"));
        source.or_else(|| Some((listed()?, "`[roles]` in the configuration")))
    }

    /// Why the configuration says that a file is a source.
    pub(super) fn configured(&self, shown: &str) -> Option<String> {
        if self.include.is_match(shown) {
            return Some("included by the configuration".to_owned());
        }
        if let Some((role, _)) = self.role(shown) {
            return Some(format!("has the role `{}` in the configuration", role.as_str()));
        }
        let runner = self.said(shown, |source| source.runner)?;
        Some(format!("has the runner `{}` in the configuration", runner.as_str()))
    }
}

//! The files that scripts import: found and parsed once for all of them, and only where a name is used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::interp::Settings;
use super::parse::{self, Parsed};
use super::site::Site;
use crate::source::{Modules, SourceFile};
use crate::span::FileId;

/// Where an import stands and what it names: folder, leading dots, dotted name.
type Place = (String, u32, String);

/// Reads Python sources and keeps what they import: many scripts import the same few helpers.
#[derive(Debug, Default)]
pub struct Reader {
    trees: Mutex<BTreeMap<FileId, Arc<Parsed>>>,
    found: Mutex<BTreeMap<Place, Option<Arc<SourceFile>>>>,
    settings: Mutex<BTreeMap<FileId, Arc<Settings>>>,
    sites: Mutex<BTreeMap<String, Arc<Site>>>,
}

/// Room for a file that is imported, filled on first use.
pub(super) type Slot = OnceLock<(Arc<SourceFile>, Arc<Parsed>)>;

/// What a run needs to follow imports.
#[derive(Clone, Copy)]
pub(super) struct Program<'a> {
    pub(super) reader: &'a Reader,
    pub(super) modules: &'a dyn Modules,
    /// As many as one script can pull in.
    pub(super) slots: &'a [Slot],
}

impl Reader {
    /// What an `env.py` arranges, read once for all migrations of its project.
    pub(super) fn settings(&self, env: &SourceFile, read: impl FnOnce() -> Settings) -> Arc<Settings> {
        let cached = self.settings.lock().unwrap_or_else(PoisonError::into_inner).get(&env.id).cloned();
        cached.unwrap_or_else(|| {
            // Read outside the lock, as trees are.
            let settings = Arc::new(read());
            self.settings.lock().unwrap_or_else(PoisonError::into_inner).entry(env.id).or_insert(settings).clone()
        })
    }

    /// What the settings of the site say that the migrations of a folder belong to, read once for each folder.
    pub(super) fn site(&self, folder: &str, read: impl FnOnce() -> Site) -> Arc<Site> {
        let cached = self.sites.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        cached.unwrap_or_else(|| {
            let site = Arc::new(read());
            let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
            sites.entry(folder.to_owned()).or_insert(site).clone()
        })
    }

    /// The tree of an imported file.
    pub(super) fn tree(&self, file: &SourceFile) -> Arc<Parsed> {
        let cached = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&file.id).cloned();
        cached.unwrap_or_else(|| {
            // Parsed outside the lock: at worst twice, and nobody waits.
            let parsed = Arc::new(parse::parse(&file.text));
            self.trees.lock().unwrap_or_else(PoisonError::into_inner).entry(file.id).or_insert(parsed).clone()
        })
    }
}

impl Program<'_> {
    /// The file of the module `dotted` as `from` imports it.
    pub(super) fn module(&self, from: &SourceFile, level: u32, dotted: &str) -> Option<Arc<SourceFile>> {
        let folder = from.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let place = (folder.to_owned(), level, dotted.to_owned());
        let known = self.reader.found.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        known.unwrap_or_else(|| {
            let found = self.modules.module(from, level, dotted);
            self.reader.found.lock().unwrap_or_else(PoisonError::into_inner).insert(place, found.clone());
            found
        })
    }
}

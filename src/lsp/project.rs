//! The configured project that documents are judged in.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Settings;
use crate::engine::baseline::Baseline;
use crate::engine::{self, Outcome, RuleSet};
use crate::source::{self, SourceFile, Sources, matcher};

/// Which configuration is read, as the command line says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Configured {
    /// This file, instead of the nearest.
    pub file: Option<PathBuf>,
    /// None at all.
    pub isolated: bool,
}

/// What is said for a project, as far as it could be read: for the rest the defaults hold.
#[derive(Debug)]
pub(super) struct Project {
    /// The folder that paths are relative to.
    pub(super) root: PathBuf,
    /// The configuration.
    settings: Settings,
    /// The rules.
    pub(super) rules: RuleSet,
    /// Findings that do not count.
    baseline: Option<Baseline>,
    /// What is wrong with the configuration, for the user.
    pub(super) problems: Vec<String>,
}

/// A document that was judged, and all that was read for it.
#[derive(Debug)]
pub(super) struct Judgement {
    /// The findings, and the files read.
    pub(super) outcome: Outcome,
    /// The document.
    pub(super) file: Arc<SourceFile>,
}

impl Project {
    /// Reads the configuration, the nearest from `start` upwards unless told otherwise, and what it names.
    ///
    /// Paths are relative to the folder of the nearest configuration; without one to the repository, else to `open`, the
    /// folder that the editor has open, where it holds `start`.
    pub(super) fn load(configured: &Configured, start: &Path, open: Option<&Path>) -> Self {
        let mut problems = Vec::new();
        let open = open.filter(|open| start.starts_with(open)).map(Path::to_owned);
        let fallback = || source::repository(start).or(open).unwrap_or_else(|| start.to_owned());
        let (base, root, settings) = match configured {
            Configured { isolated: true, .. } => (PathBuf::new(), fallback(), Settings::default()),
            Configured { file: Some(path), .. } => {
                let base = path.parent().unwrap_or(path).to_owned();
                (base, fallback(), named(path, &mut problems))
            }
            Configured { file: None, .. } => match nearest(start, &mut problems) {
                Some((base, settings)) => (base.clone(), base, settings),
                None => (PathBuf::new(), fallback(), Settings::default()),
            },
        };
        let mut settings = settings;
        if let Some(file) = &settings.stats {
            match engine::statistics(&base.join(file)) {
                Ok(statistics) => settings.statistics = statistics,
                Err(problem) => problems.push(problem),
            }
        }
        let pages = RuleSet::pages(&settings, &base, &root).unwrap_or_else(|error| {
            problems.push(error.to_string());
            Vec::new()
        });
        let (settings, rules) = match RuleSet::load(&pages, &settings) {
            Ok(rules) => (settings, rules),
            Err(error) => {
                problems.push(error.to_string());
                let settings = Settings::default();
                // The built-in pages load with the defaults, as the tests of `engine` see to.
                let rules = RuleSet::load(&[], &settings).unwrap_or_default();
                (settings, rules)
            }
        };
        let baseline = settings.baseline.as_ref().and_then(|file| {
            let path = base.join(file);
            let text = source::read_text(&path).map_err(|error| error.to_string());
            let parse = |text: String| Baseline::parse(&text).map_err(|e| format!("`{}`: {e}", path.display()));
            text.and_then(parse).map_err(|problem| problems.push(problem)).ok()
        });
        Self { root, settings, rules, baseline, problems }
    }

    /// Judges `text` as the file `name`, a path relative to the root; `None` where that file is left alone.
    ///
    /// A failure, which is a bug, is said and not passed on: the next change of the text may be fine again.
    pub(super) fn judge(self: &Arc<Self>, text: &str, name: &str) -> Result<Option<Judgement>, String> {
        if matcher(&self.settings.exclude).is_match(name) {
            return Ok(None);
        }
        let (project, text, name) = (Arc::clone(self), text.to_owned(), name.to_owned());
        guarded(move || {
            let sources = Sources::stdin(text.into_bytes(), &name, &project.root, &project.settings);
            let mut baseline = project.baseline.clone();
            let outcome = engine::check(&sources, &project.settings, &project.rules, baseline.as_mut());
            let file = sources.files().first().cloned()?;
            Some(Judgement { outcome, file })
        })
    }
}

/// The settings in the file at `path`; the defaults where it cannot be read.
fn named(path: &Path, problems: &mut Vec<String>) -> Settings {
    let read = source::read_text(path).map_err(|error| error.to_string());
    let settings = read.and_then(|text| parse(&text, path));
    settings.map_err(|problem| problems.push(problem)).ok().flatten().unwrap_or_default()
}

/// Folder and settings of the nearest configuration that has something to say; one with an error says the defaults.
fn nearest(start: &Path, problems: &mut Vec<String>) -> Option<(PathBuf, Settings)> {
    let files = source::config_files(start).unwrap_or_else(|error| {
        problems.push(error.to_string());
        Vec::new()
    });
    files.into_iter().find_map(|file| {
        let settings = parse(&file.text, &file.path).unwrap_or_else(|problem| {
            problems.push(problem);
            Some(Settings::default())
        });
        Some((file.path.parent()?.to_owned(), settings?))
    })
}

fn parse(text: &str, path: &Path) -> Result<Option<Settings>, String> {
    Settings::from_file(text, &path.display().to_string()).map_err(|error| error.to_string())
}

/// Does `work` on a thread with a stack that the parsers of nested input need; a panic there becomes a message.
fn guarded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let caught = move || std::panic::catch_unwind(AssertUnwindSafe(work));
    let thread = std::thread::Builder::new().stack_size(crate::STACK).spawn(caught);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(panic)) | Err(panic)) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            Err(said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_message() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| -> u8 { panic!("at {}", "once") }), Err("at once".to_owned()));
    }
}

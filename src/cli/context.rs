//! What every command needs first: the configuration, the project's root, the sources and the rules.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::args::{GlobalArgs, SelectionArgs};
use super::output::Failure;
use crate::config::Settings;
use crate::engine::{RuleSet, statistics};
use crate::source::{self, Sources, matcher};

/// The path that stands for standard input.
const STDIN: &str = "-";

/// A configured project.
#[derive(Debug)]
pub(super) struct Context {
    /// The folder that paths are shown relative to: that of the configuration, else the repository, else the current
    /// one, or the project of a path that is not below the current folder.
    pub(super) root: PathBuf,
    /// The folder of the configuration, which paths in it are relative to.
    pub(super) base: PathBuf,
    /// The configuration, with the command line's selection.
    pub(super) settings: Settings,
    /// The rules.
    pub(super) rules: RuleSet,
}

impl Context {
    /// Reads the configuration for `paths`, and the rules.
    pub(super) fn new(global: &GlobalArgs, selection: &SelectionArgs, paths: &[PathBuf]) -> Result<Self, Failure> {
        let current = std::env::current_dir()?;
        let start = start(&current, paths);
        let Configuration { root, base, mut settings } = configuration(global, &start, &current)?;
        if !selection.select.is_empty() {
            settings.select = Some(selection.select.clone());
        }
        settings.ignore.extend(selection.ignore.iter().cloned());
        settings.extend_select.extend(selection.extend_select.iter().cloned());
        let rules = RuleSet::load(&RuleSet::pages(&settings, &base, &root)?, &settings)?;
        Ok(Self { root, base, settings, rules })
    }

    /// Reads the sizes of tables: from `file`, else from the one that the configuration names.
    pub(super) fn measure(&mut self, file: Option<&Path>) -> Result<(), Failure> {
        let configured = || self.settings.stats.as_ref().map(|file| self.base.join(file));
        let Some(path) = file.map(Path::to_owned).or_else(configured) else { return Ok(()) };
        self.settings.statistics = statistics(&path).map_err(Failure)?;
        Ok(())
    }

    /// The sources under `paths`, or standard input, named as `stdin_filename`.
    pub(super) fn sources(
        &self,
        paths: &[PathBuf],
        stdin_filename: Option<&Path>,
        force_exclude: bool,
    ) -> Result<Sources, Failure> {
        if paths.iter().any(|path| path.as_os_str() == STDIN) {
            let mut text = Vec::new();
            std::io::stdin().lock().read_to_end(&mut text)?;
            let name = stdin_filename.unwrap_or(Path::new("stdin.sql"));
            return Ok(Sources::stdin(text, &name.to_string_lossy(), &self.root, &self.settings));
        }
        let excluded = matcher(&self.settings.exclude);
        let kept = paths.iter().filter(|path| !(force_exclude && excluded.is_match(self.relative(path))));
        Ok(Sources::discover(&kept.cloned().collect::<Vec<_>>(), &self.root, &self.settings)?)
    }

    /// `path` relative to the root, as globs are written.
    fn relative(&self, path: &Path) -> PathBuf {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), Path::to_owned)
    }
}

/// The folder to look for a configuration from: that of the one path given, else the current one.
fn start(current: &Path, paths: &[PathBuf]) -> PathBuf {
    let [path] = paths else { return current.to_owned() };
    let path = current.join(path);
    let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent().filter(|parent| parent.is_dir()) };
    // `.` in the middle of a path would hide the folders above it.
    folder.and_then(|folder| folder.canonicalize().ok()).unwrap_or_else(|| current.to_owned())
}

/// What a configuration file, or its absence, says.
struct Configuration {
    root: PathBuf,
    base: PathBuf,
    settings: Settings,
}

/// The root and the settings: from `--config`, else from the nearest file that has something to say.
fn configuration(global: &GlobalArgs, start: &Path, current: &Path) -> Result<Configuration, Failure> {
    let fallback = || {
        let inside =
            current.canonicalize().is_ok_and(|current| start.starts_with(current)) || start.starts_with(current);
        source::repository(start)
            .unwrap_or_else(|| if inside { current.to_owned() } else { source::project(start).to_owned() })
    };
    if global.isolated {
        return Ok(Configuration { root: fallback(), base: current.to_owned(), settings: Settings::default() });
    }
    if let Some(path) = &global.config {
        let text = source::read_text(path)?;
        let settings = Settings::from_file(&text, &path.display().to_string())?;
        let base = current.join(path).parent().map_or_else(|| current.to_owned(), Path::to_owned);
        return Ok(Configuration { root: fallback(), base, settings: settings.unwrap_or_default() });
    }
    for file in source::config_files(start)? {
        let shown = file.path.strip_prefix(current).unwrap_or(&file.path).display().to_string();
        if let Some(settings) = Settings::from_file(&file.text, &shown)? {
            let root = file.path.parent().map_or_else(fallback, Path::to_owned);
            return Ok(Configuration { base: root.clone(), root, settings });
        }
    }
    Ok(Configuration { root: fallback(), base: current.to_owned(), settings: Settings::default() })
}

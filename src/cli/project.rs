//! From arguments to the settings, rules and sources of a run.

use std::path::{Path, PathBuf};

use super::args::{GlobalArgs, SelectionArgs};
use super::output::Failure;
use crate::config::Settings;
use crate::engine::RuleSet;
use crate::rule::Page;
use crate::source::{self, Sources};

/// What a run works with.
pub(super) struct Setup {
    /// The settings, with the command line applied.
    pub(super) settings: Settings,
    /// The folder that paths are relative to: that of the configuration, else of the repository, else the current.
    pub(super) root: PathBuf,
    /// The configuration file, where one was read.
    pub(super) config: Option<PathBuf>,
}

impl Setup {
    /// Reads the configuration that holds for `paths`: the nearest from the first of them upwards.
    pub(super) fn new(paths: &[PathBuf], global: &GlobalArgs, selection: &SelectionArgs) -> Result<Self, Failure> {
        let here = std::env::current_dir().map_err(|error| Failure(format!("there is no current folder: {error}")))?;
        let start = paths.first().map_or_else(|| here.clone(), |path| here.join(path));
        let start = if start.is_dir() { start } else { start.parent().map_or(here.clone(), Path::to_owned) };
        let start = std::path::absolute(&start)?;
        let found = configuration(&start, global)?;
        let (mut settings, config) = match found {
            Some((settings, path)) => (settings, Some(path)),
            None => (Settings::default(), None),
        };
        if !selection.select.is_empty() {
            settings.select = Some(selection.select.clone());
        }
        settings.ignore.extend(selection.ignore.iter().cloned());
        settings.extend_select.extend(selection.extend_select.iter().cloned());
        let beside = config.as_deref().and_then(Path::parent).filter(|_| global.config.is_none()).map(Path::to_owned);
        let root = beside.or_else(|| source::repository(&start)).unwrap_or(here);
        Ok(Self { settings, root, config })
    }

    /// The rules, built-in and the team's.
    pub(super) fn rules(&self) -> Result<RuleSet, Failure> {
        let base = self.config.as_deref().and_then(Path::parent).unwrap_or(&self.root);
        let mut pages = Vec::new();
        for folder in &self.settings.rules_dirs {
            for (name, path, text) in source::pages(&base.join(folder))? {
                let shown = path.strip_prefix(&self.root).unwrap_or(&path);
                pages.push(Page { name, path: shown.to_string_lossy().replace('\\', "/"), text });
            }
        }
        Ok(RuleSet::load(&pages, &self.settings)?)
    }

    /// The sources under `paths`; `-` is standard input, judged as `stdin_filename`.
    pub(super) fn sources(&self, paths: &[PathBuf], stdin_filename: Option<&Path>) -> Result<Sources, Failure> {
        if paths.iter().any(|path| path.as_os_str() == "-") {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)?;
            let name = stdin_filename.unwrap_or(Path::new("stdin.sql")).to_string_lossy().into_owned();
            return Ok(Sources::stdin(bytes, &name, &self.root, &self.settings));
        }
        Ok(Sources::discover(paths, &self.root, &self.settings)?)
    }
}

fn configuration(start: &Path, global: &GlobalArgs) -> Result<Option<(Settings, PathBuf)>, Failure> {
    if global.isolated {
        return Ok(None);
    }
    if let Some(path) = &global.config {
        let text = source::read_text(path)?;
        let shown = path.display().to_string();
        let settings = if path.file_name().is_some_and(|name| name == "pyproject.toml") {
            Settings::from_pyproject(&text, &shown)?.unwrap_or_default()
        } else {
            Settings::from_toml(&text, &shown)?
        };
        return Ok(Some((settings, path.clone())));
    }
    let here = std::env::current_dir().unwrap_or_default();
    for file in source::config_files(start) {
        let shown = file.path.strip_prefix(&here).unwrap_or(&file.path).display().to_string();
        if file.pyproject {
            if let Some(settings) = Settings::from_pyproject(&file.text, &shown)? {
                return Ok(Some((settings, file.path)));
            }
        } else {
            return Ok(Some((Settings::from_toml(&file.text, &shown)?, file.path)));
        }
    }
    Ok(None)
}

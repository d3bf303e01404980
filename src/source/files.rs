//! The other files of a run: configuration, rule pages, baseline, output.

use std::path::{Path, PathBuf};

use super::SourceError;

/// A configuration file that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The configuration files from `start` upwards, nearest first, up to the one that decides in any case. The caller takes
/// the first that has something to say: a `pyproject.toml` may have no table of ours. Fails where a file of ours is there
/// and cannot be read: to go on without it would be to judge by other rules than those that were meant.
pub fn config_files(start: &Path) -> Result<Vec<ConfigFile>, SourceError> {
    let mut found = Vec::new();
    for folder in start.ancestors() {
        for name in ["ddlint.toml", ".ddlint.toml", "pyproject.toml"] {
            let path = folder.join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => found.push(ConfigFile { path, text }),
                // Whether a `pyproject.toml` that is not readable has a table of ours cannot be told.
                Err(error) if name != "pyproject.toml" && path.is_file() => return Err(failed("read", &path, &error)),
                Err(_) => continue,
            }
            if name != "pyproject.toml" {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// The folder of the repository that `start` is in: the nearest with `.git`.
pub fn repository(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// The project that `start` is in, where there is no repository: the nearest folder with a file that projects have at their
/// top, else the one above `start`, whose name may tell as well.
pub fn project(start: &Path) -> &Path {
    const AT_THE_TOP: [&str; 9] = [
        "Cargo.toml",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "go.mod",
        "pom.xml",
        "build.gradle",
        "Gemfile",
        "composer.json",
    ];
    let top = start.ancestors().find(|folder| AT_THE_TOP.iter().any(|name| folder.join(name).is_file()));
    top.or_else(|| start.parent()).unwrap_or(start)
}

/// The text of a file.
pub fn read_text(path: &Path) -> Result<String, SourceError> {
    std::fs::read_to_string(path).map_err(|error| failed("read", path, &error))
}

/// Writes a file as a whole.
pub fn write_text(path: &Path, text: &str) -> Result<(), SourceError> {
    std::fs::write(path, text).map_err(|error| failed("write", path, &error))
}

/// Name (without `.md`), path and text of each rule page in a folder, by name.
pub fn pages(folder: &Path) -> Result<Vec<(String, PathBuf, String)>, SourceError> {
    let entries = std::fs::read_dir(folder).map_err(|error| failed("read", folder, &error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed("read", folder, &error))?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "md") && !name.eq_ignore_ascii_case("readme") {
            let text = read_text(&path)?;
            found.push((name, path, text));
        }
    }
    found.sort();
    Ok(found)
}

fn failed(verb: &str, path: &Path, error: &std::io::Error) -> SourceError {
    let path = path.display();
    if error.kind() == std::io::ErrorKind::InvalidData {
        let message = format!("cannot {verb} `{path}`: it is not UTF-8");
        return SourceError { message, help: Some("save it as UTF-8".to_owned()) };
    }
    SourceError { message: format!("cannot {verb} `{path}`: {error}"), help: None }
}

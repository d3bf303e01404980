//! Runs the built program and reads what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a run printed, and its exit code.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The findings of a run with `--output-format json`.
    pub(crate) fn findings(&self) -> Vec<Value> {
        let json: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err));
        json["findings"].as_array().cloned().unwrap_or_default()
    }

    /// The names of the rules that found something.
    pub(crate) fn rules(&self) -> Vec<String> {
        self.findings().iter().map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Runs ddlint in `folder`, without colour and with a fixed width.
pub(crate) fn ddlint(folder: &Path, arguments: &[&str]) -> Run {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_ddlint"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .expect("the program was built");
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

/// A folder that is removed at the end, with these files in it.
pub(crate) fn project(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), files);
    folder
}

/// Writes these files below `folder`.
pub(crate) fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
}

/// Makes `folder` a repository of git, unless it is one, and commits all that is in it.
pub(crate) fn commit(folder: &Path) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git is there");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if !folder.join(".git").exists() {
        git(&["init", "--quiet"]);
    }
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "what runs"]);
}

/// Writes a generated file (with `DDLINT_BLESS` set), or checks that what is committed is what is generated.
pub(crate) fn same_as_committed(path: &str, text: &str) {
    let path = root().join(path);
    if std::env::var_os("DDLINT_BLESS").is_some() {
        std::fs::write(&path, text).expect("the repository can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is not what is generated; DDLINT_BLESS=1 writes it", path.display());
}

/// Runs a program of the repository that sets something up; `None`, with a visible line, where it cannot. Not so under
/// `CI`, where everything has to be there.
pub(crate) fn set_up(program: &str, arguments: &[&str]) -> Option<String> {
    match output(program, arguments) {
        Ok(text) => Some(text),
        Err(said) => {
            println!("skipped: {program}: {}", said.lines().last().unwrap_or_default());
            assert!(std::env::var_os("CI").is_none(), "{said}");
            None
        }
    }
}

/// Runs a program, all that it needs being there, and returns what it prints.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    output(program, arguments).unwrap_or_else(|said| panic!("{program} {arguments:?}: {said}"))
}

/// What a program, run in the repository, prints; else what it says went wrong.
fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(root().join(program)).args(arguments).current_dir(root()).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// A PostgreSQL server that is stopped at the end.
pub(crate) struct Server {
    pub(crate) folder: String,
    pub(crate) port: String,
}

impl Server {
    pub(crate) fn start() -> Option<Self> {
        let said = set_up("scripts/postgres", &["start", "15"])?;
        let (folder, port) = said.trim().split_once(' ').expect("a folder and a port");
        Some(Self { folder: folder.to_owned(), port: port.to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where the test has failed, its failure is what counts.
        let _ = output("scripts/postgres", &["stop", &self.folder]);
    }
}

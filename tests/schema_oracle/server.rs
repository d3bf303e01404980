//! A throw-away server, by `scripts/postgres`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A server that is stopped when it goes out of scope.
pub(crate) struct Server {
    folder: String,
    port: String,
}

fn script() -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres"));
    command.stdin(Stdio::null());
    command
}

impl Server {
    /// Starts one; `None`, with one line that says so, where this machine has none.
    pub(crate) fn start() -> Option<Self> {
        let major = std::env::var("DDLINT_SCHEMA_MAJOR").unwrap_or_else(|_| "15".to_owned());
        if !Path::new(&format!("/usr/lib/postgresql/{major}/bin/postgres")).exists()
            && !Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(".cache/postgres/{major}")).exists()
        {
            eprintln!("skipped: no PostgreSQL {major} here (scripts/postgres install {major})");
            return None;
        }
        let output = script().args(["start", &major]).output().expect("the script starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let mut words = text.split_whitespace().map(ToOwned::to_owned);
        Some(Self { folder: words.next().expect("a folder"), port: words.next().expect("a port") })
    }

    /// What psql prints for `script`, run in a database of its own.
    fn psql(&self, database: &str, script: &str) -> (String, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("script.sql");
        std::fs::write(&file, script).expect("written");
        let output = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-F", "\t", "-h", &self.folder, "-p", &self.port, "-U", "postgres"])
            .args(["-d", database, "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .expect("psql runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        if std::env::var_os("DDLINT_SCHEMA_VERBOSE").is_some() {
            eprintln!("{errors}");
        }
        (String::from_utf8_lossy(&output.stdout).into_owned(), errors.into_owned())
    }

    /// Runs a script; what the server says of it.
    pub(crate) fn run(&self, database: &str, script: &str) -> String {
        self.psql(database, script).1
    }

    /// Makes an empty database.
    pub(crate) fn database(&self, name: &str) {
        self.psql("postgres", &format!("CREATE DATABASE {name};"));
    }

    /// Sends each of `statements`; which of them the server took.
    pub(crate) fn send(&self, database: &str, statements: &[String]) -> Vec<bool> {
        let mut script =
            String::from("\\set VERBOSITY terse\n\\set ON_ERROR_ROLLBACK on\nSET client_min_messages = error;\n");
        for (at, statement) in statements.iter().enumerate() {
            let statement = statement.trim_end().trim_end_matches(';');
            write!(script, "{statement}\n;\n\\if :ERROR\n\\else\n\\echo :taken: {at}\n\\endif\n").expect("written");
        }
        let (printed, _) = self.psql(database, &script);
        let mut taken = vec![false; statements.len()];
        for at in printed.lines().filter_map(|line| line.split_once(":taken: ")) {
            taken[at.1.parse::<usize>().expect("a number")] = true;
        }
        taken
    }

    /// The catalogue of the server, a line an object.
    pub(crate) fn catalogue(&self, database: &str) -> Vec<String> {
        let (printed, _) = self.psql(database, include_str!("catalogue.sql"));
        printed.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that does not stop is the next run's to find; a test cannot do more about it.
        let _ = script().args(["stop", &self.folder]).output();
    }
}

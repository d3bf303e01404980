//! Real servers, and sessions on them through psql.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running server, which ends when it is dropped.
pub(crate) struct Server {
    /// Its major version.
    pub(crate) major: u8,
    /// The folder with its socket.
    folder: String,
    port: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The majors that can be started without fetching anything, and whether psql is there.
pub(crate) fn available() -> Vec<u8> {
    let psql = Command::new("psql").arg("--version").output().is_ok_and(|output| output.status.success());
    let there = |major: &u8| {
        let cached = root().join(format!(".cache/postgres/{major}/bin/postgres"));
        cached.exists() || PathBuf::from(format!("/usr/lib/postgresql/{major}/bin/postgres")).exists()
    };
    (12..=18).filter(|major| psql && there(major)).collect()
}

impl Server {
    /// Starts a new server.
    pub(crate) fn start(major: u8) -> Self {
        let output = Command::new(root().join("scripts/postgres"))
            .args(["start", &major.to_string()])
            .output()
            .expect("scripts/postgres can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (folder, port) = said.trim().split_once(' ').expect("it prints a folder and a port");
        Self { major, folder: folder.to_owned(), port: port.to_owned() }
    }

    /// What psql prints for a script, called as the documentation says.
    pub(crate) fn answer(&self, script: &str) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("script.sql");
        std::fs::write(&file, script).expect("a file");
        let arguments = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", &self.folder, "-p", &self.port, "-U", "postgres"];
        let output = Command::new("psql").args(arguments).args(["-d", "postgres", "-f"]).arg(&file).output();
        let output = output.expect("psql can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Opens a session.
    pub(crate) fn session(&self) -> Session {
        // psql writes results to one stream and messages to another: both are wanted in the order of their coming.
        let mut child = Command::new("sh")
            .args(["-c", "exec psql -XqAt -h \"$1\" -p \"$2\" -U postgres -d postgres 2>&1", "sh"])
            .args([&self.folder, &self.port])
            .env("PGOPTIONS", OPTIONS)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql can be run");
        let input = child.stdin.take().expect("its input is a pipe");
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut session = Session { child, input, output, pid: 0 };
        session.run("\\set VERBOSITY verbose");
        session.pid = session.value("SELECT pg_backend_pid();").parse().expect("a process has a number");
        session
    }
}

/// Plans do not depend on how few rows the cases have: what can be looked up in an index is.
const OPTIONS: &str = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_sort=on \
    -c max_parallel_workers_per_gather=0 -c max_parallel_maintenance_workers=0 -c client_min_messages=warning \
    -c statement_timeout=20s -c jit=off";

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(root().join("scripts/postgres")).args(["stop", &self.folder]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!("the server of major {} in {} is not stopped", self.major, self.folder);
        }
    }
}

/// A psql of its own.
pub(crate) struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Number of the server's process.
    pub(crate) pid: u32,
}

/// What stands at the end of what a script prints.
const END: &str = "@@end";

impl Session {
    /// Sends a script without waiting for its end.
    pub(crate) fn send(&mut self, script: &str) {
        writeln!(self.input, "{script}\n\\warn {END}").and_then(|()| self.input.flush()).expect("psql reads");
    }

    /// Waits for the end of what was sent, and returns the lines it printed.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("psql writes UTF-8");
            assert!(read > 0, "psql ended: {lines:?}");
            let line = line.trim_end_matches('\n');
            if line == END {
                return lines;
            }
            lines.push(line.to_owned());
        }
    }

    /// Runs a script and returns the lines it printed.
    pub(crate) fn run(&mut self, script: &str) -> Vec<String> {
        self.send(script);
        self.finish()
    }

    /// Runs a query of one value.
    pub(crate) fn value(&mut self, query: &str) -> String {
        let lines = self.run(query);
        assert_eq!(lines.len(), 1, "{query}: {lines:?}");
        lines.into_iter().next().unwrap_or_default()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The end of its input ends psql; a session that waits for a lock must not keep the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

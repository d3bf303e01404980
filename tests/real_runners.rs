//! The migration runners that a package registry has, run on a real PostgreSQL: whether `CREATE INDEX CONCURRENTLY` is
//! refused, and which statements share a transaction. What they did is recorded in `fixtures/runners/README.md`; what
//! ddlint says of the same files is compared with the record, and the record with the runners that are installed.
//!
//! `scripts/runners install` brings the runners. Without them, and without a server, one line says so; under CI it fails.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::runners::{copy, explain};
use crate::support::{ddlint, project, root};

/// The major version of the server.
const MAJOR: &str = "15";

/// The runners to ask. Of two only the way in which they send a file can be had: psql sends it for them.
const RUNNERS: &[&str] = &[
    "dbmate",
    "diesel",
    "drizzle",
    "golang-migrate",
    "node-pg-migrate",
    "postgres-migrations",
    "prisma",
    "psql",
    "refinery",
    "sqitch",
    "sql-migrate",
    "sqlx",
    "yoyo",
];

/// Those that take minutes to compile, so that CI may do without.
const COMPILED: &[&str] = &["diesel", "refinery", "sqlx"];

/// Those whose projects hold a `DROP INDEX CONCURRENTLY`, with the marker, for the way back.
const REVERTED: &[&str] = &["dbmate", "diesel", "sqitch", "sql-migrate", "sqlx", "yoyo"];

/// What the probes are about, in a schema of its own: Prisma refuses to start where `public` holds tables.
const SCHEMA: &str =
    "CREATE SCHEMA probe CREATE TABLE parcels (depot text) CREATE TABLE seen (number int, transaction text)";
const CONCURRENTLY: &str = "CREATE INDEX CONCURRENTLY parcels_depot_idx ON probe.parcels (depot)";
const ANOTHER: &str = "ALTER TABLE probe.parcels ADD COLUMN weight integer";

/// A statement that records the transaction it runs in.
fn record(number: u32) -> String {
    format!("INSERT INTO probe.seen SELECT {number}, txid_current()")
}

/// One migration of a probe.
struct Step {
    statements: Vec<String>,
    /// With the runner's marker that leaves its transaction out.
    opted_out: bool,
}

impl Step {
    fn new(statements: &[&str], opted_out: bool) -> Self {
        Self { statements: statements.iter().map(|&one| one.to_owned()).collect(), opted_out }
    }

    fn sql(&self) -> String {
        self.statements.iter().fold(String::new(), |sql, one| sql + one + ";\n")
    }
}

/// Whether a runner has a marker that leaves its transaction out.
fn has_marker(runner: &str) -> bool {
    matches!(runner, "dbmate" | "diesel" | "postgres-migrations" | "sql-migrate" | "sqlx" | "yoyo")
}

/// The files of a project of `runner` with these migrations, numbered from one.
fn files(runner: &str, steps: &[Step]) -> Vec<(String, String)> {
    let steps = || (1..).zip(steps);
    let each = |file: &dyn Fn(u32, &Step) -> (String, String)| steps().map(|(n, step)| file(n, step)).collect();
    let marked =
        |step: &Step, marker: &str| if step.opted_out { format!("{marker}\n{}", step.sql()) } else { step.sql() };
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let mut files: Vec<(String, String)> = match runner {
        "dbmate" => each(&|n, step| {
            let option = if step.opted_out { " transaction:false" } else { "" };
            let text = format!("-- migrate:up{option}\n{}\n-- migrate:down\n", step.sql());
            (format!("db/migrations/2024010100000{n}_probe.sql"), text)
        }),
        "diesel" => {
            let folder = |n| format!("migrations/2024-01-01-00000{n}_probe");
            let metadata = steps().filter(|(_, step)| step.opted_out);
            let metadata =
                metadata.map(|(n, _)| (folder(n) + "/metadata.toml", "run_in_transaction = false\n".to_owned()));
            let downs = steps().map(|(n, _)| (folder(n) + "/down.sql", "SELECT 1;\n".to_owned()));
            let ups = steps().map(|(n, step)| (folder(n) + "/up.sql", step.sql()));
            ups.chain(downs).chain(metadata).collect()
        }
        "drizzle" => each(&|n, step| {
            (format!("drizzle/000{}_probe.sql", n - 1), step.statements.join(";\n--> statement-breakpoint\n") + ";\n")
        }),
        "golang-migrate" => each(&|n, step| (format!("migrations/00000{n}_probe.up.sql"), step.sql())),
        "node-pg-migrate" => each(&|n, step| {
            (format!("migrations/170000000000{n}_probe.sql"), format!("-- Up Migration\n{}", step.sql()))
        }),
        "postgres-migrations" => each(&|n, step| {
            (format!("migrations/{n}_probe{n}.sql"), marked(step, "-- postgres-migrations disable-transaction"))
        }),
        "prisma" => each(&|n, step| (format!("prisma/migrations/2024010100000{n}_probe/migration.sql"), step.sql())),
        "psql" => each(&|n, step| (format!("steps/0{n}_probe.sql"), step.sql())),
        "refinery" => each(&|n, step| (format!("migrations/V{n}__probe.sql"), step.sql())),
        "sql-migrate" => each(&|n, step| {
            let option = if step.opted_out { " notransaction" } else { "" };
            (format!("migrations/{n}-probe.sql"), format!("-- +migrate Up{option}\n{}\n-- +migrate Down\n", step.sql()))
        }),
        "sqitch" => each(&|n, step| (format!("deploy/probe{n}.sql"), step.sql())),
        "sqlx" => {
            each(&|n, step| (format!("migrations/2024010100000{n}_probe.sql"), marked(step, "-- no-transaction")))
        }
        "yoyo" => each(&|n, step| (format!("migrations/000{n}.probe.sql"), marked(step, "-- transactional: false"))),
        _ => panic!("{runner} has no probe"),
    };
    match runner {
        "diesel" => files.push(file("diesel.toml", "[migrations_directory]\ndir = \"migrations\"\n")),
        "drizzle" => {
            let entry = |(n, _)| {
                let index = n - 1;
                let when = 1_700_000_000_000_u64 + u64::from(n);
                format!(
                    r#"{{"idx": {index}, "version": "7", "when": {when}, "tag": "000{index}_probe", "breakpoints": true}}"#
                )
            };
            let entries: Vec<String> = steps().map(entry).collect();
            let head = r#"{"version": "7", "dialect": "postgresql", "entries": ["#;
            files.push(("drizzle/meta/_journal.json".to_owned(), format!("{head}{}]}}\n", entries.join(", "))));
            files.push(file("drizzle.config.ts", "export default { dialect: \"postgresql\", out: \"./drizzle\" };\n"));
        }
        "node-pg-migrate" | "postgres-migrations" => {
            files.push(("package.json".to_owned(), format!("{{\"dependencies\": {{\"{runner}\": \"*\"}}}}\n")));
        }
        "prisma" => {
            let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";
            files.push(file("prisma/schema.prisma", schema));
            files.push(file("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"));
        }
        "psql" => {
            let includes = files.iter().map(|(path, _)| format!("\\i {path}\n"));
            let script = "\\set ON_ERROR_STOP on\n".to_owned() + &includes.collect::<String>();
            files.push(("deploy.sql".to_owned(), script));
        }
        "refinery" | "sqlx" => {
            let name = "[package]\nname = \"probe\"\nversion = \"0.1.0\"\n\n[dependencies]\n";
            files.push(("Cargo.toml".to_owned(), format!("{name}{runner} = \"*\"\n")));
        }
        "sql-migrate" => files.push(file("dbconfig.yml", "development:\n  dialect: postgres\n  dir: migrations\n")),
        "sqitch" => {
            let row = |(n, _)| format!("probe{n} 2024-01-01T00:00:0{n}Z A <a@example.org> # Probe\n");
            let head = "%syntax-version=1.0.0\n%project=probe\n\n";
            files.push(("sqitch.plan".to_owned(), head.to_owned() + &steps().map(row).collect::<String>()));
            files.push(file("sqitch.conf", "[core]\n\tengine = pg\n"));
        }
        "yoyo" => files.push(file("yoyo.ini", "[DEFAULT]\nsources = migrations\n")),
        _ => {}
    }
    files
}

/// A server that ends with the value.
struct Server {
    folder: String,
    port: String,
    databases: AtomicUsize,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new(root().join("scripts/postgres")).args(["stop", &self.folder]).status();
    }
}

impl Server {
    fn start() -> Self {
        let output = Command::new(root().join("scripts/postgres"))
            .args(["start", MAJOR, "--tcp"])
            .stdin(Stdio::null())
            .output()
            .expect("bash is there");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (folder, port) = said.trim().split_once(' ').unwrap_or_else(|| panic!("no server: {output:?}"));
        Self { folder: folder.to_owned(), port: port.to_owned(), databases: AtomicUsize::new(0) }
    }

    /// The rows that a query gives, unaligned.
    fn query(&self, database: &str, sql: &str) -> String {
        let output = Command::new("psql")
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-h",
                &self.folder,
                "-p",
                &self.port,
            ])
            .args(["-d", database, "-c", sql])
            .output()
            .expect("psql is there");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A new database, by name.
    fn database(&self) -> String {
        let name = format!("probe{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.query("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Applies the project in `folder` with the real runner: whether it is content, and what it says.
    fn run(&self, runner: &str, folder: &Path, database: &str) -> (bool, String) {
        self.runner("run", runner, folder, database)
    }

    fn runner(&self, way: &str, runner: &str, folder: &Path, database: &str) -> (bool, String) {
        let output = Command::new("timeout")
            .arg("120")
            .arg(root().join("scripts/runners"))
            .args([way, runner])
            .arg(folder)
            .envs([("PGHOST", "127.0.0.1"), ("PGPORT", &self.port), ("PGUSER", "postgres"), ("PGDATABASE", database)])
            .stdin(Stdio::null())
            .output()
            .expect("bash is there");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

/// What `scripts/runners run` is asked for: golang-migrate and Prisma (its native engine, up to 7.3) are downloads, and
/// send a file as one simple query.
fn program(runner: &str) -> &str {
    if matches!(runner, "golang-migrate" | "prisma") { "simple-query" } else { runner }
}

/// A line that is seen: what a test prints with `println!` is kept back unless it fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The runners that are installed. The others are named; under CI only those may be missing that are compiled.
fn installed() -> Vec<&'static str> {
    let version = |name: &str| {
        let output = Command::new(root().join("scripts/runners"))
            .args(["version", program(name)])
            .output()
            .expect("bash is there");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let (here, missing): (Vec<&str>, Vec<&str>) = RUNNERS.iter().partition(|name| !version(name).is_empty());
    // psql alone is no sign that the rest is wanted.
    let nothing = !root().join(".cache/runners").exists();
    if nothing || !missing.is_empty() {
        let names = if nothing { RUNNERS.join(", ") } else { missing.join(", ") };
        let compiled = !nothing && missing.iter().all(|name| COMPILED.contains(name));
        assert!(compiled || std::env::var_os("CI").is_none(), "not installed: {names}");
        say(&format!("skipped: not installed (scripts/runners install): {names}"));
    }
    if nothing { Vec::new() } else { here }
}

/// What `task` gives for each runner, two at a time.
fn for_each<T: Send>(runners: &[&'static str], task: impl Fn(&'static str) -> T + Sync) -> BTreeMap<&'static str, T> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(runner) = runners.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = task(runner);
                    results.lock().expect("no task panics while it holds it").insert(*runner, result);
                }
            });
        }
    });
    results.into_inner().expect("all tasks are done")
}

/// A folder with the project of a probe.
fn written(runner: &str, steps: &[Step]) -> tempfile::TempDir {
    let files = files(runner, steps);
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    project(&files)
}

/// Somebody who knows what a runner does with the migrations of a probe, with the mistakes met on the way.
trait Oracle {
    /// What becomes of an index that is built concurrently.
    fn built(&mut self, steps: &[Step]) -> &'static str;
    /// Whether two statements of a file share a transaction, and two files.
    fn shared(&mut self, steps: &[Step]) -> [&'static str; 2];
}

/// All that is asked about a runner: the cells of its row in the record.
fn row(runner: &str, oracle: &mut dyn Oracle) -> String {
    let mut cells = Vec::new();
    for opted_out in [false, true] {
        if opted_out && !has_marker(runner) {
            cells.extend(["–"; 3].map(str::to_owned));
            continue;
        }
        let mut build = |statements: &[&str]| oracle.built(&[Step::new(statements, opted_out)]);
        cells.push(build(&[CONCURRENTLY]).to_owned());
        let (before, after) = (build(&[CONCURRENTLY, ANOTHER]), build(&[ANOTHER, CONCURRENTLY]));
        cells.push(if before == after { before.to_owned() } else { format!("{before} before, {after} after") });
        let inserts = |numbers: &[u32]| Step { statements: numbers.iter().map(|n| record(*n)).collect(), opted_out };
        let [statements, files] = oracle.shared(&[inserts(&[1, 2]), inserts(&[3])]);
        cells.push(statements.to_owned());
        if !opted_out {
            cells.push(files.to_owned());
        }
    }
    cells.join(" | ")
}

/// The row of a runner in the record, without its version: the system's own runners have their own.
fn recorded(runner: &str) -> String {
    let readme = std::fs::read_to_string(root().join("fixtures/runners/README.md")).unwrap_or_default();
    let row = readme.lines().find_map(|line| line.strip_prefix(&format!("| {runner} | "))?.split_once(" | "));
    row.map(|(_, cells)| cells.trim_end_matches(" |").to_owned()).unwrap_or_default()
}

/// The runner itself, on a server.
struct Real<'s> {
    server: &'s Server,
    runner: &'s str,
    wrong: String,
}

impl Real<'_> {
    /// Applies a probe to a new database: which, and what the runner said.
    fn apply(&self, steps: &[Step]) -> (String, String) {
        let (folder, database) = (written(self.runner, steps), self.server.database());
        self.server.query(&database, SCHEMA);
        let (_, said) = self.server.run(program(self.runner), folder.path(), &database);
        (database, said)
    }
}

impl Oracle for Real<'_> {
    fn built(&mut self, steps: &[Step]) -> &'static str {
        let (database, said) = self.apply(steps);
        let valid =
            "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = to_regclass('probe.parcels_depot_idx')";
        if self.server.query(&database, valid) == "1" {
            return "runs";
        }
        // A runner that stumbles over something else proves nothing.
        if !said.contains("cannot run inside a transaction block") {
            let _ = writeln!(self.wrong, "{}: {}", self.runner, last_lines(&said));
        }
        "refused"
    }

    fn shared(&mut self, steps: &[Step]) -> [&'static str; 2] {
        let (database, said) = self.apply(steps);
        let rows = self.server.query(&database, "SELECT transaction FROM probe.seen ORDER BY number");
        let rows: Vec<&str> = rows.lines().collect();
        let [first, second, third] = rows[..] else {
            let _ = writeln!(self.wrong, "{}: {rows:?}\n  {}", self.runner, last_lines(&said));
            return ["?", "?"];
        };
        [first == second, second == third].map(|shared| if shared { "one" } else { "one each" })
    }
}

/// What ddlint says of the same files.
struct Told<'r> {
    runner: &'r str,
    wrong: String,
}

/// The transactions that ddlint gives to operations of a kind, in order.
fn told(folder: &Path, kind: &str) -> Vec<String> {
    let operations = explain(folder);
    let of_kind = operations.iter().filter(|operation| operation["kind"] == kind);
    of_kind.map(|operation| operation["transaction"].as_str().unwrap_or_default().to_owned()).collect()
}

impl Oracle for Told<'_> {
    fn built(&mut self, steps: &[Step]) -> &'static str {
        let folder = written(self.runner, steps);
        let word = match told(folder.path(), "index.create").first().map(String::as_str) {
            Some("none") => "runs",
            Some("runner" | "explicit") => "refused",
            _ => "?",
        };
        let rule = "concurrent-in-transaction";
        let findings = ddlint(folder.path(), &["check", ".", "--select", rule, "--output-format", "json"]);
        if findings.rules().contains(&rule.to_owned()) != (word == "refused") {
            let _ = writeln!(self.wrong, "{}: `{rule}` does not fit `{word}`: {}", self.runner, findings.out);
        }
        word
    }

    fn shared(&mut self, steps: &[Step]) -> [&'static str; 2] {
        let folder = written(self.runner, steps);
        let told = told(folder.path(), "data.insert");
        let statements = match told.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["runner", "runner", _] => "one",
            ["none", "none", "none"] => "one each",
            _ => "?",
        };
        let files = ddlint(folder.path(), &["check", ".", "--show-files"]).out;
        [statements, if files.contains("with all that is pending") { "one" } else { "one each" }]
    }
}

/// The end of what a runner said, which holds its reason.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.trim().lines().collect();
    lines[lines.len().saturating_sub(3)..].join("\n  ")
}

/// The differences from the record, as the rows that it should have.
fn differences(rows: BTreeMap<&'static str, (String, String)>) -> String {
    let mut wrong = String::new();
    for (runner, (cells, mistakes)) in rows {
        wrong += &mistakes;
        if cells != recorded(runner) {
            let _ = writeln!(wrong, "recorded: | {runner} | … | {} |", recorded(runner));
            let _ = writeln!(wrong, "   found: | {runner} | … | {cells} |");
        }
    }
    wrong
}

#[test]
fn what_is_said_of_every_runner_is_what_it_did() {
    let rows = for_each(RUNNERS, |runner| {
        let mut told = Told { runner, wrong: String::new() };
        (row(runner, &mut told), told.wrong)
    });
    let wrong = differences(rows);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_real_runners_do_what_is_recorded() {
    let runners = installed();
    if runners.is_empty() {
        return;
    }
    let server = Server::start();
    let rows = for_each(&runners, |runner| {
        let mut real = Real { server: &server, runner, wrong: String::new() };
        (row(runner, &mut real), real.wrong)
    });
    let wrong = differences(rows);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_real_runners_apply_the_projects_and_take_them_back() {
    let runners = installed();
    if runners.is_empty() {
        return;
    }
    let server = Server::start();
    server.query("postgres", "CREATE ROLE astronomers");
    server.query("postgres", "CREATE ROLE observers");
    server.query("postgres", "CREATE ROLE visitors");
    let results = for_each(&runners, |runner| {
        let (folder, database) = (copy(runner), server.database());
        let program = if runner == "prisma" { runner } else { program(runner) };
        let (content, said) = server.run(program, folder.path(), &database);
        if content && REVERTED.contains(&runner) {
            return server.runner("revert", program, folder.path(), &database);
        }
        (content, said)
    });
    let failed: Vec<_> = results.into_iter().filter(|(_, (content, _))| !content).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

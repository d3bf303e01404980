//! Sizes of tables: named in the configuration, or measured by a server, and what they do to findings.

use std::path::Path;

use serde_json::Value;

use crate::effects_oracle;
use crate::effects_oracle::server::Server;
use crate::support::{ddlint, project, root};

const MIGRATION: &str = "\
CREATE INDEX orders_note ON orders (note);
CREATE INDEX states_note ON states (note);
CREATE INDEX events_note ON events (note);
CREATE INDEX lines_note ON shop.lines (note);
";

/// Tables of known sizes: a large one, a small one, a partitioned one, one in another schema that nobody analysed.
const TABLES: &str = "
CREATE TABLE orders (id bigint, note text);
INSERT INTO orders SELECT n, 'x' FROM generate_series(1, 50000) AS n;
CREATE TABLE states (name text, note text);
INSERT INTO states VALUES ('open', ''), ('closed', '');
CREATE TABLE events (at int, note text) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (at);
CREATE TABLE events_2_1 PARTITION OF events_2 FOR VALUES FROM (100) TO (200);
INSERT INTO events SELECT n % 200, 'x' FROM generate_series(1, 30000) AS n;
CREATE SCHEMA shop;
CREATE TABLE shop.lines (note text);
CREATE TABLE shop.empty (note text) PARTITION BY LIST (note);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orders;
VACUUM ANALYZE orders;
VACUUM ANALYZE states;
VACUUM ANALYZE events_1;
VACUUM ANALYZE events_2_1;
";

const SETTINGS: &str = "[tables]\nlarge-rows = 20000\nlarge-bytes = '1GB'\n";

/// Severity and message of each finding about an index, by its table.
fn judged(folder: &Path, arguments: &[&str]) -> Vec<(String, String)> {
    let select = ["check", "--select", "index-not-concurrent", "--output-format", "json"];
    let run = ddlint(folder, &[&select[..], arguments].concat());
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    run.findings().iter().map(|finding| (word(finding, "severity"), word(finding, "message"))).collect()
}

fn query() -> String {
    let folder = project(&[]);
    let run = ddlint(folder.path(), &["init", "--stats-query"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!folder.path().join("ddlint.toml").exists(), "the query is printed, nothing is written");
    run.out
}

#[test]
fn the_query_answers_with_a_file_on_every_major() {
    let Some(majors) = effects_oracle::majors() else { return };
    for major in majors {
        let server = Server::start(major);
        server.answer(TABLES);
        let answer = server.answer(&query());
        let stats: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{major}: {error}: {answer}"));
        let tables = stats["tables"].as_array().expect("a list");
        let of = |name: &str| tables.iter().find(|t| t["name"] == name).unwrap_or_else(|| panic!("{major}: {answer}"));
        assert_eq!(stats["server"], major, "{answer}");
        assert_eq!(of("orders")["rows"], 50_000, "{major}: {answer}");
        assert_eq!(of("states")["rows"], 2, "{major}: {answer}");
        assert_eq!(of("events")["rows"], 30_000, "{major}: a partitioned table counts its partitions: {answer}");
        assert_eq!(of("lines")["schema"], "shop", "{major}: {answer}");
        assert_eq!(of("empty")["bytes"], 0, "{major}: {answer}");
        assert!(of("orders")["bytes"].as_u64() > of("states")["bytes"].as_u64(), "{major}: {answer}");
        assert!(of("totals")["total_bytes"].is_u64(), "{major}: {answer}");
        assert!(tables.iter().all(|table| table["schema"] != "pg_catalog"), "{major}: {answer}");

        let files = [
            ("migrations/0002_notes.sql", MIGRATION.as_bytes()),
            ("stats.json", answer.as_bytes()),
            ("ddlint.toml", SETTINGS.as_bytes()),
        ];
        let folder = project(&files);
        let findings = judged(folder.path(), &["--stats", "stats.json"]);
        let severities: Vec<&str> = findings.iter().map(|(severity, _)| severity.as_str()).collect();
        // Large, small, large by its partitions, small by its bytes.
        assert_eq!(severities, ["error", "warning", "error", "warning"], "{major}: {findings:?}");
        let orders = "; `orders` has about 50 thousand rows, ";
        assert!(findings[0].1.contains(orders) && findings[0].1.ends_with(" MB"), "{}", findings[0].1);
        assert!(findings[1].1.contains("; `states` has 2 rows, "), "{}", findings[1].1);
        assert!(findings[3].1.contains("; `shop.lines` has "), "{}", findings[3].1);
    }
}

const STATS: &str = r#"{"schema": 1, "server": 16, "tables": [
    {"schema": "public", "name": "orders", "rows": 12345678, "bytes": 9663676416, "total_bytes": 11811160064},
    {"schema": "public", "name": "states", "rows": 12, "bytes": 8192, "total_bytes": 24576}]}"#;

#[test]
fn a_size_moves_the_severity_and_is_said() {
    let migration = "BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nUPDATE orders SET note = '';\nCOMMIT;\nUPDATE states SET name = lower(name);\nUPDATE shelves SET name = lower(name);\n";
    let folder = project(&[("migrations/0002_notes.sql", migration.as_bytes()), ("stats.json", STATS.as_bytes())]);
    let select = "mixed-schema-and-data,backfill-in-migration,long-work-under-lock,lock-timeout-missing";
    let run = ddlint(
        folder.path(),
        &["check", "--select", select, "--output-format", "concise", "--stats", "stats.json", "--quiet"],
    );
    let size = "`orders` has about 12 million rows, 9 GB";
    let expected = [
        "migrations/0002_notes.sql:2:1: info[lock-timeout-missing] `ADD COLUMN` on `orders` waits for its ACCESS EXCLUSIVE lock without a limit".to_owned(),
        format!("migrations/0002_notes.sql:3:1: error[backfill-in-migration] `UPDATE` changes rows of `orders` in a migration; {size}"),
        format!("migrations/0002_notes.sql:3:1: error[long-work-under-lock] `UPDATE` changes rows of `orders` while the transaction holds ACCESS EXCLUSIVE on `orders`, which blocks its reads and writes; {size}"),
        "migrations/0002_notes.sql:3:1: error[mixed-schema-and-data] ".to_owned(),
        "migrations/0002_notes.sql:5:1: warning[backfill-in-migration] `UPDATE` changes rows of `states` in a migration; `states` has 12 rows, 8 kB".to_owned(),
        "migrations/0002_notes.sql:6:1: error[backfill-in-migration] `UPDATE` changes rows of `shelves` in a migration".to_owned(),
    ];
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{}{}", run.out, run.err);
    for (line, expected) in lines.iter().zip(&expected) {
        assert!(line.starts_with(expected.as_str()), "{line}\n{expected}");
    }
}

#[test]
fn the_configuration_names_the_file_and_what_is_large() {
    let settings = "[tables]\nstats = \"db/stats.json\"\nlarge = [\"events\"]\nsmall-rows = 5\n";
    let migration = "DROP INDEX orders_note;\nCREATE INDEX orders_note ON orders (note);\nCREATE INDEX states_note ON states (note);\n";
    let folder = project(&[
        ("db/migrations/0002_notes.sql", migration.as_bytes()),
        ("db/stats.json", STATS.as_bytes()),
        ("ddlint.toml", settings.as_bytes()),
    ]);
    let severities: Vec<String> = judged(folder.path(), &[]).into_iter().map(|(severity, _)| severity).collect();
    // With 12 rows of 5 that are small, the table of states is of middling size.
    assert_eq!(severities, ["error", "error"]);
    let severities: Vec<String> =
        judged(&folder.path().join("db/migrations"), &["."]).into_iter().map(|(severity, _)| severity).collect();
    assert_eq!(severities, ["error", "error"], "the path is relative to the configuration");
}

#[test]
fn a_severity_that_is_configured_stays() {
    let settings = "[tables]\nsmall = [\"states\"]\n[rules.index-not-concurrent]\nseverity = \"error\"\n";
    let folder = project(&[("migrations/0002_notes.sql", MIGRATION.as_bytes()), ("ddlint.toml", settings.as_bytes())]);
    assert!(judged(folder.path(), &[]).iter().all(|(severity, _)| severity == "error"));
}

#[test]
fn a_file_that_cannot_be_used_is_said_and_exits_with_2() {
    for (bytes, said) in [
        (None, "cannot read `stats.json`"),
        (Some(&b"CREATE TABLE"[..]), "`stats.json` is no JSON: expected value at line 1 column 1"),
        (Some(b"\xff\xfe{}"), "cannot read `stats.json`: it is not UTF-8"),
        (Some(b"[1, 2]"), "`stats.json` is not what the query prints: "),
        (Some(b"{\"schema\": 1, \"tables\": [{\"name\": 5}]}"), "`stats.json` is not what the query prints: "),
        (Some(b"{\"schema\": 7, \"tables\": []}"), "`stats.json` is of version 7"),
    ] {
        let mut files = vec![("migrations/0002_notes.sql", MIGRATION.as_bytes())];
        files.extend(bytes.map(|bytes| ("stats.json", bytes)));
        let folder = project(&files);
        for command in ["check", "explain"] {
            let run = ddlint(folder.path(), &[command, "--stats", "stats.json", "migrations"]);
            assert_eq!(run.code, 2, "{}", run.err);
            assert!(run.err.starts_with(&format!("error: {said}")), "{}", run.err);
            assert!(run.out.is_empty(), "{}", run.out);
        }
    }
}

#[test]
fn the_documentation_has_the_query() {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).expect("it is there");
    assert!(page.contains(&format!("```sql\n{}```", query())), "docs/configuration.md shows another query");
}

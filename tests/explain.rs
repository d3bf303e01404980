//! `ddlint explain`, as a person reads it.

use crate::support::{ddlint, project};

const MIGRATION: &str = "\
BEGIN;
ALTER TABLE orders ADD COLUMN a text, ADD COLUMN token uuid DEFAULT gen_random_uuid();
ALTER TABLE lines ADD CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders (id);
UPDATE lines SET note = '' WHERE note IS NULL;
CREATE TABLE shelves (id int PRIMARY KEY);
CREATE INDEX shelves_id ON shelves (id);
COMMIT;
CREATE INDEX CONCURRENTLY orders_a ON orders (a);
";

const EXPLAINED: &str = "\
migrations/0001_a.sql: 0001_a (up)
 ┌     1  BEGIN
 │     2  ALTER TABLE orders ADD COLUMN a text, ADD COLUMN token uuid DEFAULT gen_random_uuid()
 │        ████████ orders: ACCESS EXCLUSIVE, reads and writes wait
 │                 rewrites orders and its indexes
 │     3  ALTER TABLE lines ADD CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders (i …
 │        ██████░░ lines: SHARE ROW EXCLUSIVE, writes wait
 │        ██████░░ orders: SHARE ROW EXCLUSIVE, writes wait
 │                 reads all of lines
 │     4  UPDATE lines SET note = '' WHERE note IS NULL
 │        ███░░░░░ lines: ROW EXCLUSIVE
 │                 may read all of the table
 │     5  CREATE TABLE shelves (id int PRIMARY KEY)
 │        ░░░░░░░░ no lock on a table that is there
 │     6  CREATE INDEX shelves_id ON shelves (id)
 │        █████░░░ shelves: SHARE, made here: nobody waits
 │                 builds an index of shelves; reads all of shelves
 │     7  COMMIT
 └        ████████ transaction: ACCESS EXCLUSIVE on orders is held from line 2 until commit
                   2 tables are locked against writes
                   meanwhile line 3 reads all of lines; line 4 changes rows of lines
                   no lock_timeout: the wait for the lock, and of all behind it, has no limit
       8  CREATE INDEX CONCURRENTLY orders_a ON orders (a)
          ████░░░░ orders: SHARE UPDATE EXCLUSIVE, reads and writes go on
                   builds an index of orders; reads all of orders
                   CREATE INDEX CONCURRENTLY is refused inside a transaction block
";

#[test]
fn a_statement_shows_its_lock_and_a_transaction_its_strongest() {
    let folder = project(&[("migrations/0001_a.sql", MIGRATION.as_bytes())]);
    let run = ddlint(folder.path(), &["explain", "."]);
    assert_eq!(run.out, EXPLAINED);
}

#[test]
fn the_bar_has_the_colour_of_its_strength() {
    let folder = project(&[("migrations/0001_a.sql", b"DROP TABLE orders;\n")]);
    let run = ddlint(folder.path(), &["explain", ".", "--color", "always"]);
    assert!(run.out.contains("\u{1b}[31m████████\u{1b}[0m orders: ACCESS EXCLUSIVE"), "{}", run.out);
}

const RUNNER: &str = "\
-- +goose Up
SET lock_timeout = '5s';
ALTER TABLE orders ADD COLUMN state text;
UPDATE orders SET state = 'open';
CREATE INDEX lines_order ON lines (order_id);
-- +goose Down
ALTER TABLE orders DROP COLUMN state;
";

const STATS: &str = r#"{"schema": 1, "tables": [
    {"schema": "public", "name": "orders", "rows": 12345678, "bytes": 9663676416, "total_bytes": 11811160064}]}"#;

const OF_RUNNER: &str = "\
migrations/00002_a.sql: 00002_a (up)
 ┌     2  SET lock_timeout = '5s'
 │     3  ALTER TABLE orders ADD COLUMN state text
 │        ████████ orders (about 12 million rows, 9 GB): ACCESS EXCLUSIVE, reads and writes wait
 │     4  UPDATE orders SET state = 'open'
 │        ███░░░░░ orders (about 12 million rows, 9 GB): ROW EXCLUSIVE
 │                 reads all of orders
 │     5  CREATE INDEX lines_order ON lines (order_id)
 │        █████░░░ lines: SHARE, writes wait
 │                 builds an index of lines; reads all of lines
 └        ████████ transaction of the runner: ACCESS EXCLUSIVE on orders is held from line 3 until commit
                   2 tables are locked against writes
                   meanwhile line 4 changes rows of orders; line 5 builds an index on lines
                   lock_timeout = 5s

migrations/00002_a.sql: 00002_a (down)
 ┌     7  ALTER TABLE orders DROP COLUMN state
 │        ████████ orders (about 12 million rows, 9 GB): ACCESS EXCLUSIVE, reads and writes wait
 └        ████████ transaction of the runner: ACCESS EXCLUSIVE on orders is held until commit
                   no lock_timeout: the wait for the lock, and of all behind it, has no limit
";

#[test]
fn a_transaction_of_the_runner_shows_what_is_done_under_its_locks() {
    let folder = project(&[("migrations/00002_a.sql", RUNNER.as_bytes()), ("stats.json", STATS.as_bytes())]);
    let run = ddlint(folder.path(), &["explain", ".", "--stats", "stats.json"]);
    assert_eq!(run.out, OF_RUNNER);
}

#[test]
fn a_statement_by_itself_says_how_long_it_waits() {
    let text =
        "-- +goose NO TRANSACTION\n-- +goose Up\nDROP TABLE orders;\nSET lock_timeout = '2s';\nDROP TABLE lines;\n";
    let folder = project(&[("migrations/00002_a.sql", text.as_bytes())]);
    let run = ddlint(folder.path(), &["explain", "."]);
    let remarks: Vec<&str> = run.out.lines().map(str::trim).filter(|line| line.contains("lock_timeout")).collect();
    assert_eq!(
        remarks,
        [
            "no lock_timeout: the wait for the lock, and of all behind it, has no limit",
            "4  SET lock_timeout = '2s'",
            "lock_timeout = 2s"
        ]
    );
}

#[test]
fn programs_get_what_the_contract_says() {
    let folder = project(&[("migrations/00002_a.sql", RUNNER.as_bytes())]);
    let run = ddlint(folder.path(), &["explain", ".", "--output-format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let index = &answer["operations"][3];
    let mut keys: Vec<&str> = index.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    let contract = "blocks_reads blocks_writes direction end_line kind line locks migration name path rewrites scans \
                    statement table transaction";
    assert_eq!(keys.join(" "), contract);
    assert_eq!(index["locks"], serde_json::json!([{"relation": "lines", "mode": "ShareLock"}]));
    assert_eq!((&index["blocks_reads"], &index["blocks_writes"]), (&false.into(), &true.into()));
    assert_eq!((&index["direction"], &index["transaction"]), (&"up".into(), &"runner".into()));
    assert_eq!(index["scans"], serde_json::json!(["lines"]));
}

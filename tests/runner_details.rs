//! Each habit of a runner by itself, in the smallest project that shows it: a marker, a placeholder, a way back, an order.
//! What is expected is written from the runner's documentation or code (docs/runners.md names them).

use std::fmt::Write as _;

use crate::runners::{explain, lines};
use crate::support::{ddlint, project};

/// What is shown, the files that show it, and a line for each operation:
/// `path:line direction transaction kind table name`.
type Detail = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

#[rustfmt::skip]
const DETAILS: &[Detail] = &[
    ("Flyway: a repeatable migration goes up, and an undo migration down",
        &[("db/migration/R__v.sql", "CREATE VIEW v AS SELECT 1;"), ("db/migration/U1__a.sql", "DROP TABLE a;"), ("db/migration/V1__a.sql", "CREATE TABLE a (b int);")],
        &["db/migration/U1__a.sql:1 down runner table.drop a -", "db/migration/V1__a.sql:1 up runner table.create a -", "db/migration/R__v.sql:1 up runner view.create v v"]),
    ("Flyway: executeInTransaction in the .conf of a script",
        &[("V1__a.sql", "REINDEX INDEX CONCURRENTLY i;"), ("V1__a.sql.conf", "executeInTransaction=false\n")],
        &["V1__a.sql:1 up none index.reindex - i"]),
    ("Flyway: a placeholder is a hole, between the configured prefix and suffix as well",
        &[("flyway.conf", "flyway.placeholderPrefix=#[\nflyway.placeholderSuffix=]\n"), ("V1__a.sql", "ALTER TABLE #[schema].orders DROP COLUMN note;")],
        &["V1__a.sql:1 up runner column.drop #[schema].orders note"]),
    ("goose: what is between StatementBegin and StatementEnd is one string",
        &[("00001_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nDROP TABLE z;\n-- +goose StatementBegin\nDROP TABLE a;\nDROP TABLE b;\n-- +goose StatementEnd\n")],
        &["00001_a.sql:3 up none table.drop z -", "00001_a.sql:5 up runner table.drop a -", "00001_a.sql:6 up runner table.drop b -"]),
    ("goose: NO TRANSACTION holds for both ways",
        &[("00001_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nDROP TABLE a;\n-- +goose Down\nDROP TABLE b;\n")],
        &["00001_a.sql:3 up none table.drop a -", "00001_a.sql:5 down none table.drop b -"]),
    ("goose: a variable is filled in behind ENVSUB ON and nowhere else",
        &[("00001_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nDROP TABLE ${P}a;\n-- +goose ENVSUB OFF\nDO $body$ BEGIN DROP TABLE b; END $body$;\n")],
        &["00001_a.sql:3 up runner table.drop - -", "00001_a.sql:5 up runner table.drop b -"]),
    ("dbmate: transaction:false above several statements leaves the implicit transaction of their string",
        &[("1_a.sql", "-- migrate:up transaction:false\nDROP TABLE a;\nDROP TABLE b;\n-- migrate:down transaction:false\nDROP TABLE c;\n")],
        &["1_a.sql:2 up runner table.drop a -", "1_a.sql:3 up runner table.drop b -", "1_a.sql:5 down none table.drop c -"]),
    ("sqlx: the marker counts at the very start, and the name tells the way",
        &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"), ("1_a.up.sql", "-- no-transaction\nDROP TABLE a;"), ("1_a.down.sql", "\n-- no-transaction\nDROP TABLE b;")],
        &["1_a.down.sql:3 down runner table.drop b -", "1_a.up.sql:2 up none table.drop a -"]),
    ("Diesel: metadata.toml holds for both ways",
        &[("diesel.toml", ""), ("migrations/1_a/up.sql", "DROP TABLE a;"), ("migrations/1_a/down.sql", "DROP TABLE b;"), ("migrations/1_a/metadata.toml", "run_in_transaction = false\n")],
        &["migrations/1_a/down.sql:1 down none table.drop b -", "migrations/1_a/up.sql:1 up none table.drop a -"]),
    ("refinery: U is unversioned and goes up",
        &[("Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n"), ("V1__a.sql", "DROP TABLE a;"), ("U2__b.sql", "DROP TABLE b;")],
        &["V1__a.sql:1 up runner table.drop a -", "U2__b.sql:1 up runner table.drop b -"]),
    ("Prisma: a file is one simple query",
        &[("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"), ("prisma/migrations/1_a/migration.sql", "DROP TABLE a;\nDROP TABLE b;"), ("prisma/migrations/2_b/migration.sql", "DROP TABLE c;")],
        &["prisma/migrations/1_a/migration.sql:1 up runner table.drop a -", "prisma/migrations/1_a/migration.sql:2 up runner table.drop b -", "prisma/migrations/2_b/migration.sql:1 up none table.drop c -"]),
    ("Drizzle: an embedded COMMIT ends the transaction; the journal gives the order",
        &[("meta/_journal.json", r#"{"dialect":"postgresql","entries":[{"tag":"0000_b"},{"tag":"0001_a"}]}"#), ("0000_b.sql", "COMMIT;--> statement-breakpoint\nCREATE INDEX CONCURRENTLY i ON t (a);--> statement-breakpoint\nBEGIN;--> statement-breakpoint\nDROP TABLE a;"), ("0001_a.sql", "DROP TABLE b;")],
        &["0000_b.sql:1 up runner transaction.commit - -", "0000_b.sql:2 up none index.create t i", "0000_b.sql:3 up explicit transaction.begin - -", "0000_b.sql:4 up explicit table.drop a -", "0001_a.sql:1 up runner table.drop b -"]),
    ("Supabase: what cannot run in a transaction is sent by itself",
        &[("supabase/migrations/1_a.sql", "DROP TABLE a;\nCREATE INDEX CONCURRENTLY i ON t (a);\nDROP TABLE b;\nDROP TABLE c;")],
        &["supabase/migrations/1_a.sql:1 up none table.drop a -", "supabase/migrations/1_a.sql:2 up none index.create t i", "supabase/migrations/1_a.sql:3 up runner table.drop b -", "supabase/migrations/1_a.sql:4 up runner table.drop c -"]),
    ("Hasura: up.sql and down.sql in a folder named by the time in milliseconds",
        &[("migrations/default/1704963600000_a/up.sql", "DROP TABLE a;"), ("migrations/default/1704963600000_a/down.sql", "DROP TABLE b;")],
        &["migrations/default/1704963600000_a/down.sql:1 down runner table.drop b -", "migrations/default/1704963600000_a/up.sql:1 up runner table.drop a -"]),
    ("sqitch: the plan gives the order, verify is passed over, the file has its own transaction",
        &[("sqitch.plan", "%syntax-version=1.0.0\n%project=x\n\nz 2024-01-01T00:00:00Z N <n@x> # z\na 2024-01-01T00:00:00Z N <n@x> # a\n"), ("deploy/a.sql", "DROP TABLE a;"), ("deploy/z.sql", "BEGIN;\nDROP TABLE z;\nCOMMIT;"), ("verify/a.sql", "DROP TABLE v;"), ("revert/a.sql", "DROP TABLE r;")],
        &["deploy/z.sql:1 up explicit transaction.begin - -", "deploy/z.sql:2 up explicit table.drop z -", "deploy/z.sql:3 up explicit transaction.commit - -", "deploy/a.sql:1 up none table.drop a -", "revert/a.sql:1 down none table.drop r -"]),
    ("Liquibase: changesets, their ways back, and runInTransaction, which holds for both",
        &[("a.sql", "--liquibase formatted sql\n--changeset n:1 runInTransaction:false\nDROP TABLE a;\nDROP TABLE b;\n--rollback DROP TABLE c;\n--changeset n:2\nDROP TABLE d;\n/* liquibase rollback\nDROP TABLE e;\n*/\n")],
        &["a.sql:3 up none table.drop a -", "a.sql:4 up none table.drop b -", "a.sql:5 down none table.drop c -", "a.sql:7 up runner table.drop d -", "a.sql:9 down runner table.drop e -"]),
    ("Liquibase: splitStatements:false makes one string of a changeset",
        &[("a.sql", "--liquibase formatted sql\n--changeset n:1 runInTransaction:false splitStatements:false\nDROP TABLE a;\nDROP TABLE b;\n")],
        &["a.sql:3 up runner table.drop a -", "a.sql:4 up runner table.drop b -"]),
    ("Liquibase: endDelimiter ends a statement in place of the semicolon",
        &[("a.sql", "--liquibase formatted sql\n--changeset n:1 endDelimiter:@@ runInTransaction:false\nDO $$ BEGIN DROP TABLE a; END $$;\n@@\nDROP TABLE b @@\n")],
        &["a.sql:3 up none table.drop a -", "a.sql:5 up none table.drop b -"]),
    ("Atlas: txmode none in the head of a file; atlas.sum gives the order",
        &[("atlas.sum", "h1:a=\n2_b.sql h1:x=\n1_a.sql h1:y=\n"), ("1_a.sql", "-- atlas:txmode none\n\nDROP TABLE a;\nDROP TABLE c;"), ("2_b.sql", "DROP TABLE b;")],
        &["2_b.sql:1 up runner table.drop b -", "1_a.sql:3 up none table.drop a -", "1_a.sql:4 up none table.drop c -"]),
    ("node-pg-migrate: both ways in a file",
        &[("package.json", "{\"dependencies\": {\"node-pg-migrate\": \"*\"}}"), ("1_a.sql", "-- Up Migration\nDROP TABLE a;\n-- Down Migration\nDROP TABLE b;\n")],
        &["1_a.sql:2 up runner table.drop a -", "1_a.sql:4 down runner table.drop b -"]),
    ("tern: a template before a name, and no transaction for one way",
        &[("tern.conf", ""), ("001_a.sql", "---- tern: disable-tx ----\nDROP TABLE {{.prefix}}a;\nDROP TABLE c;\n---- create above / drop below ----\n{{ if .x }}DROP TABLE b;{{ end }}\n")],
        &["001_a.sql:2 up none table.drop - -", "001_a.sql:3 up none table.drop c -", "001_a.sql:5 down runner table.drop b -"]),
    ("Rails: structure.sql is passed over, also where nothing else is there",
        &[("db/structure.sql", "CREATE TABLE a (b int);")],
        &[]),
    ("postgres-migrations: the marker counts wherever it stands",
        &[("package.json", "{\"dependencies\": {\"postgres-migrations\": \"*\"}}"), ("1_a.sql", "DROP TABLE a; -- postgres-migrations disable-transaction\n"), ("2_b.sql", "DROP TABLE b;")],
        &["1_a.sql:1 up none table.drop a -", "2_b.sql:1 up runner table.drop b -"]),
    ("psql: a variable that the script sets, another file in place, a condition",
        &[("all.sql", "\\set t orders\nDROP TABLE :t;\n\\if :{?x}\nDROP TABLE b;\n\\endif\nBEGIN;\n\\ir part.sql\nCOMMIT;\n"), ("part.sql", "DROP TABLE c;")],
        &["all.sql:2 up none table.drop orders -", "all.sql:4 up none table.drop b -", "all.sql:6 up explicit transaction.begin - -", "part.sql:1 up explicit table.drop c -", "all.sql:8 up explicit transaction.commit - -"]),
    ("T-SQL: GO ends a batch",
        &[("migrations/1_a.sql", "CREATE TABLE dbo.a (b int)\nGO\nDROP TABLE dbo.c\nGO\n")],
        &["migrations/1_a.sql:1 up none table.create dbo.a -", "migrations/1_a.sql:3 up none table.drop dbo.c -"]),
    ("numbered files in numbered folders are one history, by the numbers of both",
        &[("10/01_a.up.sql", "DROP TABLE d;"), ("9/02_b.up.sql", "DROP TABLE c;"), ("9/01_a.up.sql", "DROP TABLE b;")],
        &["9/01_a.up.sql:1 up none table.drop b -", "9/02_b.up.sql:1 up none table.drop c -", "10/01_a.up.sql:1 up none table.drop d -"]),
    ("a plain folder of numbered files has an order, and no known transaction",
        &[("sql/10_b.sql", "DROP TABLE b;"), ("sql/9_a.sql", "DROP TABLE a;")],
        &["sql/9_a.sql:1 up unknown table.drop a -", "sql/10_b.sql:1 up unknown table.drop b -"]),
    ("pop: a transaction around a single statement, where golang-migrate has none",
        &[("go.mod", "require github.com/gobuffalo/pop/v6 v6.1.1\n"), ("1_a.up.sql", "DROP TABLE {{ index .Options \"Namespace\" }}.a;"), ("1_a.down.sql", "DROP TABLE b;")],
        &["1_a.down.sql:1 down runner table.drop b -", "1_a.up.sql:1 up runner table.drop {{ index .Options \"Namespace\" }}.a -"]),
    ("pop: Ory's way of running it leaves the transaction out by name, and on CockroachDB",
        &[("go.mod", "require github.com/ory/pop/v6 v6.4.2\n"), ("1_a.autocommit.up.sql", "DROP TABLE a;"), ("2_b.cockroach.up.sql", "DROP TABLE b;"), ("2_b.postgres.up.sql", "DROP TABLE c;")],
        &["1_a.autocommit.up.sql:1 up none table.drop a -", "2_b.cockroach.up.sql:1 up none table.drop b -", "2_b.postgres.up.sql:1 up runner table.drop c -"]),
    ("golang-migrate stays what it is in a project that has pop for something else",
        &[("go.mod", "require (\n\tgithub.com/gobuffalo/pop/v6 v6.1.1\n\tgithub.com/golang-migrate/migrate/v4 v4.17.0\n)\n"), ("1_a.up.sql", "DROP TABLE a;")],
        &["1_a.up.sql:1 up none table.drop a -"]),
    ("dbmate: a file whose ending names the database",
        &[("a/x.sql.postgres", "-- migrate:up transaction:false\nDROP TABLE a;")],
        &["a/x.sql.postgres:2 up none table.drop a -"]),
    ("up.sql in a folder that Diesel would not take is nobody's, and goes by its number",
        &[("store/store.go", ""), ("store/migrations/2-add-b/up.sql", "ALTER TABLE a ADD b int;\nDROP TABLE c;"), ("store/migrations/10-drop/up.sql", "DROP TABLE a;")],
        &["store/migrations/2-add-b/up.sql:1 up runner column.add a b", "store/migrations/2-add-b/up.sql:2 up runner table.drop c -", "store/migrations/10-drop/up.sql:1 up unknown table.drop a -"]),
    ("What a program loads is one string, unless the server would refuse it as one",
        &[("db/run.go", ""), ("db/sql/01_a.sql", "ALTER TABLE a ADD b int;\nDROP TABLE c;"), ("db/sql/02_b.sql", "CREATE INDEX CONCURRENTLY i ON a (b);\nDROP TABLE d;")],
        &["db/sql/01_a.sql:1 up runner column.add a b", "db/sql/01_a.sql:2 up runner table.drop c -", "db/sql/02_b.sql:1 up unknown index.create a i", "db/sql/02_b.sql:2 up unknown table.drop d -"]),
    ("A file without a number comes after those that have one, unless it makes what they change",
        &[("sql/XXXX-drop.sql", "DROP TABLE b;"), ("sql/schema_base.sql", "CREATE TABLE a (b int);"), ("sql/0001-b.sql", "CREATE TABLE b (c int);")],
        &["sql/schema_base.sql:1 up unknown table.create a -", "sql/0001-b.sql:1 up unknown table.create b -", "sql/XXXX-drop.sql:1 up unknown table.drop b -"]),
    ("golang-migrate on SQLite: a file with a BEGIN of its own is not wrapped",
        &[("sqlite/1_a.up.sql", "BEGIN;\nDROP TABLE a;\nCOMMIT;\nDROP TABLE b;"), ("sqlite/2_c.up.sql", "DROP TABLE c;")],
        &["sqlite/1_a.up.sql:1 up explicit transaction.begin - -", "sqlite/1_a.up.sql:2 up explicit table.drop a -", "sqlite/1_a.up.sql:3 up explicit transaction.commit - -", "sqlite/1_a.up.sql:4 up none table.drop b -", "sqlite/2_c.up.sql:1 up runner table.drop c -"]),
    ("A folder of ways back",
        &[("harmony/sql/20240101-a.sql", "CREATE TABLE a (b int);"), ("harmony/downgrade/20240101-a.sql", "DROP TABLE a;")],
        &["harmony/downgrade/20240101-a.sql:1 down unknown table.drop a -", "harmony/sql/20240101-a.sql:1 up unknown table.create a -"]),
    ("Drizzle: a journal that names few of the files is no longer kept",
        &[("meta/_journal.json", r#"{"dialect":"postgresql","entries":[{"tag":"0000_a"}]}"#), ("0000_a.sql", "DROP TABLE a;"), ("0001_b.sql", "DROP TABLE b;"), ("0002_c.sql", "DROP TABLE c;")],
        &["0000_a.sql:1 up runner table.drop a -", "0001_b.sql:1 up unknown table.drop b -", "0002_c.sql:1 up unknown table.drop c -"]),
];

#[test]
fn each_habit_of_a_runner() {
    let mut wrong = String::new();
    for (what, files, expected) in DETAILS {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let found = lines(&explain(project(&files).path()));
        let found: Vec<&str> = found.lines().collect();
        if found != *expected {
            let _ = writeln!(wrong, "{what}:\n  is        {found:#?}\n  should be {expected:#?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is recognised, as `--show-files` tells it, without the paths.
fn recognised(from: &std::path::Path, arguments: &[&str]) -> Vec<String> {
    let run = ddlint(from, &[&["check", "--show-files"], arguments].concat());
    let told = run.out.lines().filter(|line| line.starts_with("  ") && !line.starts_with("  read"));
    told.map(str::to_owned).collect()
}

#[test]
fn what_is_recognised_does_not_depend_on_the_working_directory() {
    let folder = project(&[
        ("shop/diesel.toml", b""),
        ("shop/migrations/1_a/up.sql", b"DROP TABLE a;"),
        ("shop/migrations/1_a/metadata.toml", b"run_in_transaction = false\n"),
        ("other/notes.txt", b""),
    ]);
    let shop = folder.path().join("shop");
    let inside = recognised(&shop, &["--isolated", "."]);
    assert!(inside.iter().any(|line| line.contains("diesel — `diesel.toml`")), "{inside:#?}");
    assert!(inside.iter().any(|line| line.contains("up          in no transaction — `metadata.toml`")), "{inside:#?}");
    let told = |lines: &[String]| lines.iter().filter(|line| !line.contains("  runner")).cloned().collect::<Vec<_>>();
    let absolute = shop.display().to_string();
    for (from, path) in
        [("other", absolute.as_str()), ("shop/migrations", "."), ("", "shop"), ("shop/migrations/1_a", "up.sql")]
    {
        let lines = recognised(&folder.path().join(from), &["--isolated", path]);
        assert_eq!(told(&lines), told(&inside), "from {from:?}");
        assert!(lines.iter().any(|line| line.contains("runner      diesel — ")), "from {from:?}: {lines:#?}");
    }
}

/// Files, one of which does not say its dialect by itself, and what is told of the dialect of the last one.
type Told = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[rustfmt::skip]
const DIALECTS: &[Told] = &[
    ("Diesel: the files of its kind lie in the folders beside its own",
        &[("m/1_a/up.sql", "PRAGMA foreign_keys = off;\nDROP TABLE a;"), ("m/2_b/up.sql", "CREATE TABLE b (c text DEFAULT (datetime('now')));"), ("m/3_c/up.sql", "DROP INDEX i;")],
        "sqlite — 2 of the files beside it are written for it"),
    ("a quarter of the files that were looked at is enough",
        &[("m/1_a.up.sql", "CREATE VIRTUAL TABLE f USING fts5(a);"), ("m/2_b.up.sql", "INSERT OR IGNORE INTO a SELECT 1;"), ("m/3_c.up.sql", "DROP TABLE c;"), ("m/4_d.up.sql", "DROP INDEX i;")],
        "sqlite — 2 of the files beside it are written for it"),
    ("MySQL's users name the host that they come from",
        &[("db/01-users.sql", "CREATE USER IF NOT EXISTS 'sa'@'%';\nGRANT SELECT ON orders TO 'sa'@'%';\nDROP TABLE a;")],
        "mysql — `ENGINE=InnoDB`, `AUTO_INCREMENT` or other words of MySQL in it"),
    ("files that differ in nothing but the name of a database",
        &[("sql/shop_h2.sql", "CREATE TABLE a (b int);"), ("sql/shop_postgresql.sql", "CREATE TABLE a (b int);"), ("sql/shop_mysql.sql", "CREATE TABLE a (b int);")],
        "postgres — `postgresql` in its name, and another in the name of one beside it"),
    ("SQL Server has types and functions of its own",
        &[("m/V1__a.sql", "CREATE TABLE a (id UNIQUEIDENTIFIER NOT NULL, made DATETIME2 NOT NULL);"), ("m/V2__b.sql", "INSERT INTO a VALUES (NEWID(), NULL);"), ("m/V3__c.sql", "DROP INDEX i ON a;")],
        "mssql — 2 of the files beside it are written for it"),
    ("one file is about a database, and need not be for it",
        &[("migrations/01_import_from_mysql.sql", "CREATE TABLE a (b int);")],
        "postgres — the default"),
];

#[test]
fn the_dialect_of_a_file_is_that_of_its_kind() {
    for (what, files, expected) in DIALECTS {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let told = recognised(project(&files).path(), &["--isolated", "."]);
        let last = told.iter().rfind(|line| line.starts_with("  dialect"));
        assert_eq!(last.map(|line| line.trim_start_matches("  dialect     ")), Some(*expected), "{what}: {told:#?}");
        assert!(!told.iter().any(|line| line.contains("h2")), "{what}: {told:#?}");
    }
}

#[test]
fn what_is_written_for_a_database_that_is_not_read_is_never_read() {
    let folder = project(&[
        ("clickhouse/1_a.up.sql", b"CREATE TABLE a (b Int32) ENGINE = MergeTree ORDER BY b;"),
        ("report/counts.sql", b"CREATE TABLE @results.counts (n int);\nINSERT INTO @results.counts SELECT 1;"),
    ]);
    let run = ddlint(folder.path(), &["check", "--isolated", "--show-files", "."]);
    assert!(run.out.contains("left alone  written for a database that is not read"), "{}", run.out);
    assert!(run.out.contains("0 files read") || !run.out.contains("clickhouse/1_a.up.sql\n  read"), "{}", run.out);
}

#[test]
fn a_source_in_the_configuration_overrides_what_is_recognised() {
    let files: &[(&str, &[u8])] = &[
        ("ddlint.toml", b"[[source]]\npath = 'mysql/*.sql'\nrunner = 'tern'\ndialect = 'postgres'\n\n[[source]]\npath = 'mysql'\ntransaction = false\n"),
        ("mysql/1_a.up.sql", b"DROP TABLE a;"),
        ("mysql/b/1_a.up.sql", b"DROP TABLE a;"),
    ];
    let folder = project(files);
    let said = "`[[source]]` in the configuration";
    let told = ddlint(folder.path(), &["check", "--show-files", "."]).out;
    for line in [
        format!("runner      tern — {said}"),
        format!("dialect     postgres — {said}"),
        format!("in no transaction — {said}"),
    ] {
        assert!(told.contains(&line), "{line} is not in:\n{told}");
    }
    // The first glob ends at its folder.
    assert!(
        told.contains("golang-migrate — named") && told.contains("dialect     mysql — `mysql` in the path"),
        "{told}"
    );
    let settings = ddlint(folder.path(), &["check", "--show-settings", "."]).out;
    for line in [
        "[[source]]\npath = \"mysql/*.sql\"\nrunner = \"tern\"\ndialect = \"postgres\"",
        "path = \"mysql\"\ntransaction = false",
    ] {
        assert!(settings.contains(line), "{line} is not in:\n{settings}");
    }
}

#[test]
fn a_mistake_in_a_source_is_said_with_what_was_meant() {
    let folder =
        project(&[("ddlint.toml", b"[[source]]\npath = 'db'\nrunner = 'flywya'\n"), ("db/1_a.sql", b"DROP TABLE a;")]);
    let run = ddlint(folder.path(), &["check", "."]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `flyway`?") && run.err.contains("ddlint.toml:3:10"), "{}", run.err);
}

#[test]
fn a_configuration_that_is_not_utf8_is_said_and_nothing_is_judged_without_it() {
    for bytes in [b"# caf\xe9\n".as_slice(), b"\xff\xfed\0i\0"] {
        let run = ddlint(project(&[("ddlint.toml", bytes), ("1_a.sql", b"DROP TABLE a;")]).path(), &["check", "."]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(
            run.err.contains("ddlint.toml`: it is not UTF-8") && run.err.contains("help: save it as UTF-8"),
            "{}",
            run.err
        );
    }
}

#[test]
fn utf16_and_endings_that_name_a_database_are_read() {
    let wide: Vec<u8> = "CREATE TABLE a (b int)\r\nGO\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = project(&[("sql/a.sql", wide.as_slice()), ("sql/b.sql.sqlite", b"CREATE TABLE b (c int);")]);
    let told = recognised(folder.path(), &["."]);
    let has = |words: &str| told.iter().any(|line| line.contains(words));
    assert!(has("dialect     mssql — a line `GO` or other words of SQL Server in it"), "{told:#?}");
    assert!(has("dialect     sqlite — `sqlite` in the path"), "{told:#?}");
}

#[test]
fn folders_for_one_database_each_are_part_of_a_program() {
    let create = "CREATE TABLE clients (id integer NOT NULL PRIMARY KEY);\n".as_bytes();
    let add = "ALTER TABLE clients ADD COLUMN claims integer;\n".as_bytes();
    let told = |other: &str| {
        let of = |name: &str| format!("store/{other}/{name}");
        let folder = project(&[
            ("store/lite/0.1/00_clients.sql", create),
            ("store/lite/0.2/00_claims.sql", add),
            (&of("0.1/00_clients.sql"), create),
        ]);
        let run = ddlint(
            folder.path(),
            &["check", "--exit-zero", "--output-format", "concise", "--select", "unguarded-add-column", "."],
        );
        run.out.contains("unguarded-add-column")
    };
    // A folder beside it that is no database's says nothing.
    assert!(told("archive") && !told("postgres"));
}

#[test]
fn files_of_sqlite_are_told_by_what_only_it_has() {
    let folder = project(&[
        ("migrations/1_a.sql", b"CREATE TABLE a\n(\n    id TEXT NOT NULL\n) STRICT;\n"),
        ("migrations/2_b.sql", b"ALTER TABLE a ADD COLUMN claims BLOB;\n"),
        ("migrations/3_c.sql", b"ALTER TABLE a ADD COLUMN note TEXT;\n"),
        ("riversqlite/migrations/1_a.sql", b"CREATE TABLE b (id TEXT NOT NULL);\n"),
        ("shop/migrations/1_a.sql", b"CREATE TABLE c (id TEXT NOT NULL);\n"),
    ]);
    let shown = ddlint(folder.path(), &["check", "--show-files", "."]).out;
    let dialect = |path: &str| {
        let own = shown.split_once(&format!("{path}\n")).map_or("", |(_, rest)| rest);
        own.lines().find_map(|line| line.trim().strip_prefix("dialect")).unwrap_or_default().trim().to_owned()
    };
    for path in ["migrations/1_a.sql", "migrations/2_b.sql", "migrations/3_c.sql", "riversqlite/migrations/1_a.sql"] {
        assert!(dialect(path).starts_with("sqlite"), "{path}: {}", dialect(path));
    }
    assert!(dialect("shop/migrations/1_a.sql").starts_with("postgres"), "{shown}");
}

#[test]
fn an_index_without_a_name_is_shown_by_its_keys() {
    let folder = project(&[("migrations/V1__i.sql", b"CREATE INDEX ON orders (note, lower(name));\n")]);
    let run = ddlint(
        folder.path(),
        &["check", "--exit-zero", "--output-format", "concise", "--select", "index-not-concurrent", "."],
    );
    assert!(run.out.contains("building index `(note, lower(name))` blocks writes to `orders`"), "{}", run.out);
}

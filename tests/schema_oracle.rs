//! What is folded from migrations, against the catalogue of a server that has run the same statements.

mod compare;
mod generate;
mod project;
mod server;

use std::path::Path;
use std::sync::Arc;

use ddlint::config::Dialect;
use ddlint::frontend::sql::{ReadOptions, read};
use ddlint::frontend::text::SqlText;
use ddlint::history::Timeline;
use ddlint::ir::{Direction, Migration};
use ddlint::report::schema::{Described, sql};
use ddlint::schema::World;
use ddlint::source::{Language, Role, Runner, SourceFile};
use ddlint::span::{FileId, Span};

use compare::{differences, lines};
use generate::{Random, statement};
use project::compare_project;
use server::Server;

/// The catalogue of one file of SQL.
pub(crate) fn folded(text: &str) -> World {
    let file = SourceFile::of_text(FileId(0), "1_all.sql", text, Language::Sql);
    let operations = read(&SqlText::of_file(FileId(0), text), ReadOptions { dialect: Dialect::Postgres, query: 0 });
    let migration = Migration {
        name: "all".to_owned(),
        span: Span::file(FileId(0)),
        direction: Direction::Up,
        role: Role::Migrations,
        runner: Runner::Psql,
        line: ddlint::ir::Line::default(),
        operations: operations.into_iter().map(alone).collect(),
    };
    World::new(&Timeline::new(vec![migration]), &[Arc::new(file)], true)
}

/// Each statement is sent by itself, as psql does.
fn alone(mut operation: ddlint::ir::Operation) -> ddlint::ir::Operation {
    let mut statement = operation.statement.as_ref().clone();
    statement.shares_query = false;
    operation.statement = Arc::new(statement);
    operation
}

fn lines_of(world: &World) -> Vec<String> {
    world.ends().next().map(|(_, _, snapshot)| lines(&snapshot)).unwrap_or_default()
}

#[test]
fn generated_histories_fold_to_the_servers_catalogue() {
    let Some(server) = Server::start() else { return };
    let seeds = std::env::var("DDLINT_SCHEMA_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_u64);
    let first = std::env::var("DDLINT_SCHEMA_FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(1_u64);
    for seed in first..first + seeds {
        let mut random = Random::new(seed);
        let mut statements = vec!["CREATE SCHEMA s1".to_owned()];
        statements.extend((0..1200).map(|_| statement(&mut random)));
        let database = format!("generated_{seed}");
        server.database(&database);
        let taken = server.send(&database, &statements);
        let accepted: Vec<&str> =
            statements.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(text, _)| text.as_str()).collect();
        assert!(accepted.len() > 250, "only {} statements of seed {seed} were taken", accepted.len());
        let accepted: Vec<String> = accepted.into_iter().map(ToOwned::to_owned).collect();
        if let Some(folder) = std::env::var_os("DDLINT_SCHEMA_KEEP") {
            std::fs::write(Path::new(&folder).join(&database), accepted.join(";\n")).expect("written");
        }
        let found = disagreements(&server, accepted.clone(), &database);
        assert!(found.is_empty(), "seed {seed}:\n{}", found.join("\n"));
        eprintln!("seed {seed}: {} statements agree", accepted.len());
        let text = scripted(&accepted);
        let found = printed_again(&server, &folded(&text), &database);
        assert!(found.is_empty(), "seed {seed}, printed:\n{}", found.join("\n"));
    }
}

/// The statements as a script.
fn scripted(statements: &[String]) -> String {
    let mut text = statements.join(";\n");
    text.push_str(";\n");
    text
}

/// What is different in a database that is made from the schema as `ddlint schema` prints it.
fn printed_again(server: &Server, world: &World, database: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (project, _, snapshot) in world.ends() {
        let described =
            Described { runner: project.runner.as_str(), root: &project.root, dialect: "postgres", snapshot };
        let again = format!("{database}_printed");
        server.database(&again);
        let errors = server.run(&again, &sql(&[described]));
        found.extend(errors.lines().filter(|line| line.contains("ERROR")).map(ToOwned::to_owned));
        let differing = differences(&lines(&snapshot), &server.catalogue(&again));
        found.extend(differing.into_iter().filter(|line| !is_validity(line)));
    }
    found
}

/// Whether the two say differently only whether an index is valid: one that was made for a partitioned table alone, while
/// it had partitions, stays invalid when they are gone, which no statement says.
fn is_validity(line: &str) -> bool {
    let Some((folded, server)) = line.strip_prefix("index ").and_then(|line| line.split_once(", server ")) else {
        return false;
    };
    let fields =
        |text: &str| text.split(" | ").enumerate().filter(|(at, _)| *at != 3).map(|(_, f)| f.to_owned()).collect();
    let folded: Vec<String> = fields(folded.split_once(": folded ").map_or("", |(_, fields)| fields));
    let server: Vec<String> = fields(server);
    folded == server
}

/// What a server in which `statements` were run says differently.
fn compare(server: &Server, statements: &[String], database: &str) -> Vec<String> {
    let text = scripted(statements);
    differences(&lines_of(&folded(&text)), &server.catalogue(database))
}

/// Statements after which the two differ: each is left out to find the next one, up to as many as are worth reading.
fn disagreements(server: &Server, mut statements: Vec<String>, database: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut differing = compare(server, &statements, database);
    while !differing.is_empty() && found.len() < 12 {
        let round = format!("{database}_{}", found.len());
        let (at, first) = first_difference(server, &statements, &round);
        found.push(format!("statement {at}: {}\n    {}", statements[at], first.join("\n    ")));
        statements.remove(at);
        server.database(&round);
        let taken = server.send(&round, &statements);
        let mut taken = taken.into_iter();
        statements.retain(|_| taken.next().unwrap_or(false));
        differing = compare(server, &statements, &round);
    }
    found
}

/// The statement after which the two begin to differ, and in what.
fn first_difference(server: &Server, statements: &[String], database: &str) -> (usize, Vec<String>) {
    let (mut same, mut differ) = (0, statements.len());
    let mut found = Vec::new();
    while differ - same > 1 {
        let middle = usize::midpoint(same, differ);
        let database = format!("{database}_{middle}");
        server.database(&database);
        let prefix = &statements[..middle];
        server.send(&database, prefix);
        let differing = compare(server, prefix, &database);
        if differing.is_empty() {
            same = middle;
        } else {
            (differ, found) = (middle, differing);
        }
    }
    (differ - 1, found)
}

#[test]
fn fixture_projects_fold_to_the_servers_catalogue() {
    let Some(server) = Server::start() else { return };
    let mut folders: Vec<_> = std::fs::read_dir(crate::support::root().join("fixtures/runners"))
        .expect("the fixtures")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let (mut count, mut found) = (0, Vec::new());
    for (at, folder) in folders.iter().enumerate() {
        for compared in compare_project(&server, folder, &format!("fixture_{at}")) {
            count += 1;
            let own = compared.differing.iter().map(|line| format!("{}: {line}", folder.display()));
            found.extend(own);
        }
    }
    assert!(count > 10, "only {count} projects were compared");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Histories of which one case or other was once folded wrongly, each in a database of its own.
const HISTORIES: &[(&str, &str)] = &[
    (
        "a transaction that is rolled back leaves nothing",
        "CREATE TABLE a (id int PRIMARY KEY, note text); BEGIN; ALTER TABLE a DROP COLUMN note; CREATE TABLE b (x int); \
         CREATE TYPE mood AS ENUM ('sad'); CREATE SCHEMA s; ALTER TABLE a RENAME TO c; ROLLBACK; \
         ALTER TABLE a ADD COLUMN more int;",
    ),
    (
        "a savepoint takes back what came after it",
        "CREATE TABLE a (id int); BEGIN; CREATE TABLE b (x int); SAVEPOINT one; ALTER TABLE b ADD COLUMN y int; \
         SAVEPOINT two; ALTER TABLE b DROP COLUMN x; DROP TABLE a; ROLLBACK TO SAVEPOINT two; CREATE INDEX i ON b (y); \
         ROLLBACK TO one; RELEASE SAVEPOINT one; ALTER TABLE b ADD COLUMN z int; COMMIT;",
    ),
    (
        "what was released goes with what is around it",
        "CREATE TABLE a (id int); BEGIN; SAVEPOINT one; CREATE TABLE b (x int); SAVEPOINT two; \
         ALTER TABLE a ADD COLUMN y int; RELEASE two; ROLLBACK TO one; CREATE TABLE c (x int); COMMIT; \
         BEGIN; SAVEPOINT one; CREATE TABLE d (x int); RELEASE one; ROLLBACK;",
    ),
    (
        "the search path says where a name is made and found",
        "CREATE SCHEMA s; CREATE TABLE t (a int); SET search_path = s, public; CREATE TABLE t (b int); \
         ALTER TABLE t ADD COLUMN c int; CREATE VIEW v AS SELECT b FROM t; RESET search_path; \
         ALTER TABLE t ADD COLUMN d int; BEGIN; SET LOCAL search_path TO s; CREATE INDEX i ON t (b); COMMIT; \
         CREATE INDEX i ON t (a); CREATE TABLE u (a int);",
    ),
    (
        "everything is renamed and moved",
        "CREATE SCHEMA s; CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN money2 AS numeric(10,2) CHECK (VALUE > 0); \
         CREATE TABLE a (id serial PRIMARY KEY, m mood, c money2, CONSTRAINT positive CHECK (id > 0)); \
         CREATE INDEX i ON a (m); CREATE VIEW v AS SELECT id, m FROM a; CREATE MATERIALIZED VIEW w AS SELECT m FROM a; \
         CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE SEQUENCE q; \
         ALTER TYPE mood RENAME TO feeling; ALTER TYPE feeling RENAME VALUE 'sad' TO 'low'; ALTER DOMAIN money2 RENAME TO price; \
         ALTER TABLE a RENAME COLUMN m TO feels; ALTER TABLE a RENAME CONSTRAINT positive TO above; \
         ALTER INDEX i RENAME TO j; ALTER TABLE a RENAME TO b; ALTER VIEW v RENAME TO v2; ALTER VIEW v2 RENAME COLUMN m TO n; \
         ALTER MATERIALIZED VIEW w RENAME TO w2; ALTER FUNCTION f(int) RENAME TO g; ALTER SEQUENCE q RENAME TO r; \
         ALTER TABLE b SET SCHEMA s; ALTER TYPE feeling SET SCHEMA s; ALTER VIEW v2 SET SCHEMA s; \
         ALTER FUNCTION g(int) SET SCHEMA s; ALTER SEQUENCE r SET SCHEMA s; ALTER SCHEMA s RENAME TO z;",
    ),
    (
        "partitions come, go, and keep what they had",
        "CREATE TABLE p (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); \
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); \
         CREATE TABLE p2 (LIKE p INCLUDING ALL); ALTER TABLE p ADD COLUMN note text; ALTER TABLE p2 ADD COLUMN note text; \
         ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); \
         CREATE INDEX pn ON p (note); ALTER TABLE p RENAME COLUMN at TO day; ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p1 DROP COLUMN note; \
         CREATE TABLE base (a int CHECK (a > 0)); CREATE TABLE below (b int) INHERITS (base); \
         ALTER TABLE base ADD COLUMN c int DEFAULT 1; ALTER TABLE base RENAME COLUMN a TO d; \
         ALTER TABLE below NO INHERIT base; ALTER TABLE base DROP COLUMN c;",
    ),
    (
        "a key gets the name of what comes to the same",
        "CREATE TABLE a (k text PRIMARY KEY NOT NULL, CONSTRAINT a_k_unique UNIQUE (k)); \
         CREATE TABLE b (k text DEFAULT NULL::character varying); \
         CREATE TABLE c (a serial) INHERITS (b); CREATE TABLE d (k text); CREATE TABLE e (k text) INHERITS (b, d);",
    ),
    (
        "a view keeps the columns that a star stood for",
        "CREATE TABLE a (x int, y int); CREATE VIEW v AS SELECT a.*, a.x * 2 AS twice FROM a; \
         ALTER TABLE a ADD COLUMN z int; ALTER TABLE a RENAME COLUMN y TO w; ALTER TABLE a DROP COLUMN z;",
    ),
    (
        "a function goes with the table whose rows it takes",
        "CREATE TABLE \"Limit\" (x int); CREATE FUNCTION f(of_limit \"Limit\", -- the user's (\n n int) RETURNS interval \
         LANGUAGE sql IMMUTABLE RETURN '1 day'::interval; \
         CREATE FUNCTION g(n int) RETURNS int LANGUAGE sql AS 'SELECT n'; DROP TABLE \"Limit\" CASCADE;",
    ),
];

#[test]
fn known_cases_fold_to_the_servers_catalogue() {
    let Some(server) = Server::start() else { return };
    let mut found = Vec::new();
    for (at, (about, history)) in HISTORIES.iter().enumerate() {
        let database = format!("case_{at}");
        server.database(&database);
        server.run(&database, history);
        let world = folded(history);
        found.extend(
            differences(&lines_of(&world), &server.catalogue(&database)).iter().map(|line| format!("{about}: {line}")),
        );
        let printed = printed_again(&server, &world, &database);
        found.extend(printed.iter().map(|line| format!("{about}, printed: {line}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Any other projects, a folder each: `scripts/schema-compare FOLDER…`.
#[test]
fn named_projects_fold_to_the_servers_catalogue() {
    let Some(folders) = std::env::var_os("DDLINT_SCHEMA_PROJECT") else { return };
    let Some(server) = Server::start() else { return };
    let mut differing = 0;
    for (at, folder) in std::env::split_paths(&folders).enumerate() {
        for compared in compare_project(&server, &folder, &format!("named_{at}")) {
            println!("{}: {}", folder.display(), compared.summary());
            compared.differing.iter().for_each(|line| println!("    {line}"));
            differing += compared.differing.len();
        }
    }
    assert_eq!(differing, 0, "differences");
}

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
        found.extend(differences(&lines(&snapshot), &server.catalogue(&again)));
    }
    found
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

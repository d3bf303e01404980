//! What is folded from migrations, against the catalogue of a server that has run the same statements.

mod compare;
mod generate;
mod server;

use std::path::Path;
use std::sync::Arc;

use ddlint::config::{Dialect, Settings};
use ddlint::engine::Project;
use ddlint::frontend::sql::{ReadOptions, read};
use ddlint::frontend::text::SqlText;
use ddlint::history::Timeline;
use ddlint::ir::{Direction, Migration};
use ddlint::report::schema::{Described, sql};
use ddlint::schema::World;
use ddlint::source::{Language, Role, Runner, SourceFile, Sources};
use ddlint::span::{FileId, Span};

use compare::{differences, lines};
use generate::{Random, statement};
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

/// The statements of a project, as they are sent going forward, by catalogue.
fn sent(project: &Project, at: usize) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for migration in project.model.world.migrations_of(at) {
        let Some(migration) = project.model.timeline.migrations.get(migration) else { continue };
        let mut last = None;
        for operation in &migration.operations {
            // Who may do what is not compared, and the roles are not there.
            let of_roles = operation.kind.family() == "privilege" || operation.detail == "owner";
            if last != Some(operation.statement.span) && !of_roles {
                // The delimiter that a file declares is no part of the statement.
                statements.push(operation.statement.text.trim_end_matches('/').to_owned());
            }
            last = Some(operation.statement.span);
        }
        // Another file is another session.
        statements.push("RESET ALL".to_owned());
    }
    statements
}

/// A placeholder as a runner could fill it in: `${schema}` is `filled_schema`, `{{ .Schema }}` is `filled_schema` too.
fn filled(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        result.push_str(before);
        result.push_str("filled_");
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        result.push_str(name);
        rest = behind;
    }
    result.push_str(rest);
    while let Some(((start, end), name)) = template(&result) {
        result.replace_range(start..end, &format!("filled_{name}"));
    }
    result
}

/// The first `{{ … }}` that stands for a schema, and a name for it. Where it is a part of a table's name, what is
/// folded knows no such table.
fn template(text: &str) -> Option<((usize, usize), String)> {
    text.match_indices("{{").find_map(|(start, _)| {
        let end = start + text[start..].find("}}")? + 2;
        let letters = text[start..end].chars().filter(char::is_ascii_alphanumeric);
        text[end..].starts_with('.').then(|| ((start, end), letters.collect::<String>().to_lowercase()))
    })
}

/// What a platform brings, or an administrator makes, before the first migration.
const SURROUNDINGS: [&str; 8] = [
    "CREATE ROLE observers",
    "CREATE ROLE astronomers",
    "CREATE ROLE authenticated",
    "CREATE ROLE anon",
    "CREATE ROLE service_role",
    "CREATE SCHEMA auth",
    "CREATE TABLE auth.users (id uuid PRIMARY KEY)",
    "CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
];

/// Makes the schemas that placeholders stand for.
fn placeholder_schemas(statements: &[String]) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    for statement in statements {
        for part in statement.split("filled_").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if part[name.len()..].starts_with('.') {
                names.insert(name);
            }
        }
    }
    names.into_iter().map(|name| format!("CREATE SCHEMA filled_{name}")).collect()
}

/// Compares the projects under `folder` that are PostgreSQL's; how many there are.
fn compare_project(server: &Server, folder: &Path, database: &str) -> (usize, Vec<String>) {
    let settings = Settings::default();
    let sources = Sources::discover(&[folder.to_owned()], folder, &settings).expect("readable");
    let project = Project::read(&sources, &settings);
    let (mut count, mut found) = (0, Vec::new());
    for (at, (name, dialect, snapshot)) in project.model.world.ends().enumerate() {
        if dialect != Dialect::Postgres {
            continue;
        }
        let statements: Vec<String> = sent(&project, at).iter().map(|text| filled(text)).collect();
        if statements.len() < 2 {
            continue;
        }
        count += 1;
        let database = format!("{database}_{at}");
        server.database(&database);
        server.send(&database, &SURROUNDINGS.map(ToOwned::to_owned));
        server.send(&database, &placeholder_schemas(&statements));
        let taken = server.send(&database, &statements);
        let refused: Vec<_> = statements.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(s, _)| s).collect();
        if std::env::var_os("DDLINT_SCHEMA_VERBOSE").is_some() {
            eprintln!("{} {}: {} statements, {} refused", name.root, database, statements.len(), refused.len());
            for statement in refused.iter().take(20) {
                eprintln!("  refused: {}", statement.split_whitespace().take(14).collect::<Vec<_>>().join(" "));
            }
        }
        let own: Vec<String> = lines(&snapshot).iter().map(|line| filled(line)).collect();
        let mut differing = differences(&own, &server.catalogue(&database));
        differing.retain(|line| !line.contains(" auth") && !line.starts_with("only the server: schema filled_"));
        found.extend(differing.into_iter().map(|line| format!("{} ({database}): {line}", name.root)));
    }
    (count, found)
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
        let (projects, differing) = compare_project(&server, folder, &format!("fixture_{at}"));
        count += projects;
        found.extend(differing.into_iter().map(|line| format!("{}: {line}", folder.display())));
    }
    assert!(count > 10, "only {count} projects were compared");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Any other project: `DDLINT_SCHEMA_PROJECT=folder cargo test schema_oracle::a_named_project`.
#[test]
fn a_named_project_folds_to_the_servers_catalogue() {
    let Some(folder) = std::env::var_os("DDLINT_SCHEMA_PROJECT") else { return };
    let Some(server) = Server::start() else { return };
    let (count, found) = compare_project(&server, Path::new(&folder), "named");
    eprintln!("{count} projects, {} differences", found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

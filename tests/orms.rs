//! What ddlint reads in the source of a migration of Peewee or Piccolo is what the tool sends for it to a real server.
//!
//! `scripts/python-tools` installs the tools, `scripts/orm-sql` runs them. Differences that are meant, and evened out here:
//! - what a tool gives to the server as a parameter, here stands as the value it has;
//! - a sequence that Peewee renames with its table, if the server says that there is one, is left out;
//! - Piccolo writes some constraints' removal twice into one statement;
//! - what Piccolo does for several tables comes in the order of a set, so the operations of a file are compared as one.

use std::collections::BTreeMap;

use ddlint::config::{Dialect, Settings};
use ddlint::frontend::Reader;
use ddlint::frontend::sql::{self, ReadOptions};
use ddlint::frontend::text::SqlText;
use ddlint::ir::Operation;
use ddlint::source::Sources;
use ddlint::span::FileId;
use serde_json::Value;

use crate::alembic::{apart, shown};
use crate::support::{Server, root, run, set_up};

/// The versions that the expectations were written against.
const PACKAGES: [&str; 5] =
    ["peewee==4.5.3", "peewee-migrate==2.3.0", "piccolo==1.38.0", "asyncpg==0.32.0", "psycopg2-binary"];

/// Operations by file and direction.
type Lines = BTreeMap<(String, String), Vec<String>>;

fn line(operation: &Operation) -> Option<String> {
    let sequence = operation.kind.as_str() == "table.rename" && shown(operation).contains("_seq");
    (operation.kind.family() != "transaction" && !sequence).then(|| {
        let line = shown(operation);
        // What is set, and to what it is set.
        if line.starts_with("data.update") || line.starts_with("column.set-default") {
            line.split(" [").next().unwrap_or_default().to_owned()
        } else {
            line
        }
    })
}

/// What the tool sent.
fn sent(output: &str) -> Lines {
    let mut all = Lines::new();
    for line_of_output in output.lines() {
        let told: Value = serde_json::from_str(line_of_output).expect("a line is an object");
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        let statements = told["sql"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let lines = statements.flat_map(|statement| {
            let sql = SqlText::of_part(FileId(0), statement, 0);
            sql::read(&sql, ReadOptions { dialect: Dialect::Postgres, query: 0 })
        });
        let lines = lines.filter_map(|operation| line(&operation)).collect();
        all.insert((text("file"), text("direction")), lines);
    }
    all
}

/// What is read.
fn read(project: &str) -> Lines {
    let project = root().join(project);
    let sources = Sources::discover(std::slice::from_ref(&project), &project, &Settings::default()).expect("a folder");
    let reader = Reader::default();
    let mut all = Lines::new();
    for file in sources.files() {
        let reading = reader.read(file, &sources);
        for migration in reading.migrations {
            let key = (file.path.clone(), migration.direction.as_str().to_owned());
            all.entry(key).or_default().extend(migration.operations.iter().filter_map(line));
        }
    }
    all
}

/// Compares what was sent with what is read; returns how many operations were compared.
fn compare(tool: &str, project: &str, ordered: bool) -> usize {
    let Some(python) = set_up("scripts/python-tools", &PACKAGES) else { return usize::MAX };
    let Some(server) = Server::start() else { return usize::MAX };
    let output = run(python.trim(), &["scripts/orm-sql", tool, project, &server.folder, &server.port]);
    let (sent, read) = (sent(&output), read(project));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (key, mut sent) in sent {
        let mut read = read.get(&key).cloned().unwrap_or_default();
        if !ordered {
            sent.sort();
            sent.dedup();
            read.sort();
        }
        count += sent.len();
        for at in 0..sent.len().max(read.len()) {
            let none = "nothing".to_owned();
            let (left, right) = (sent.get(at).unwrap_or(&none), read.get(at).unwrap_or(&none));
            if left != right {
                let (left, right) = apart(left, right);
                wrong.push(format!("{} {}\n  sent: {left}\n  read: {right}", key.0, key.1));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

#[test]
fn every_method_of_peewee_migrate_is_what_it_sends() {
    let count = compare("peewee-migrate", "fixtures/peewee/directives", true);
    assert!(count > 60, "{count} operations were compared");
}

#[test]
fn every_operation_of_playhouse_is_what_it_sends() {
    let count = compare("playhouse", "fixtures/peewee/playhouse", true);
    assert!(count > 25, "{count} operations were compared");
}

#[test]
fn every_call_of_piccolos_manager_is_what_it_sends() {
    let count = compare("piccolo", "fixtures/piccolo/directives", false);
    assert!(count > 28, "{count} operations were compared");
}

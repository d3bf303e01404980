//! What ddlint reads in the source of an Alembic migration is what it reads in the SQL that the real Alembic prints for
//! it (`upgrade --sql`, PostgreSQL).
//!
//! `scripts/python-tools` installs Alembic. Differences that are meant, and evened out here:
//! - a type that two migrations bring is printed once in one run, and read in both;
//! - rows of `bulk_insert` are printed one by one, and read as one statement;
//! - the percent sign is printed twice, as drivers want it;
//! - indexes and constraints of one CREATE TABLE, and what one UPDATE or INSERT sets, come in another order;
//! - what stands under a condition on another server's dialect is not printed;
//! - what `env.py` sends before the migrations is not printed by `scripts/alembic-print`, which runs each by itself;
//! - a value that comes from a package which is not among the sources is a hole, and agrees with anything;
//! - a computed column of which the source does not say that it is stored is taken to be (SQLAlchemy 2.1 prints nothing,
//!   and leaves it to the server).

use std::path::Path;
use std::process::Command;

use ddlint::config::{Dialect, Settings};
use ddlint::frontend::sql::{self, ReadOptions};
use ddlint::frontend::text::SqlText;
use ddlint::frontend::{Reader, Reading};
use ddlint::ir::{Details, Direction, GuardKind, OpKind, Operation};
use ddlint::source::Sources;
use ddlint::span::FileId;

use crate::support::{ddlint, project, root, set_up};

/// The version that the expectations were written against.
const PACKAGES: [&str; 2] = ["alembic==1.20.1", "SQLAlchemy==2.1.9"];

/// The interpreter that has Alembic; `None`, with a line that says so, where there is no Python.
fn python() -> Option<String> {
    Some(set_up("scripts/python-tools", &PACKAGES)?.trim().to_owned())
}

/// The SQL of each revision, by the head of its section: the file's revision.
fn printed(python: &str, project: &Path) -> Vec<(String, String)> {
    let mut run = Command::new(python);
    run.args(["-m", "alembic", "-c", "alembic.ini", "upgrade", "heads", "--sql"]).current_dir(project);
    let output = run.env("PYTHONDONTWRITEBYTECODE", "1").output().expect("Python runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {error}", project.display());
    let text = String::from_utf8(output.stdout).expect("SQL is UTF-8");
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("-- Running upgrade ") {
            let own = head.rsplit("-> ").next().unwrap_or_default().trim().to_owned();
            sections.push((own, String::new()));
        } else if let Some((_, section)) = sections.last_mut() {
            section.push_str(line);
        }
    }
    sections
}

/// An operation as both sides must have it.
pub(crate) fn shown(operation: &Operation) -> String {
    let mut details = operation.details.clone();
    match &mut details {
        Details::Table(table) => {
            table.constraints.sort_by_key(|constraint| without_spans(&format!("{constraint:?}")));
        }
        // What the program adds, no SQL says.
        Details::Column(column) => (column.mapper_default, column.old_type) = (false, None),
        Details::Data(data) => {
            data.assignments.sort_by(|a, b| a.column.cmp(&b.column));
            data.columns.sort();
            // Rows are counted differently.
            data.rows = data.rows.filter(|_| operation.kind != OpKind::DataInsert);
        }
        _ => {}
    }
    let flags = [operation.if_exists, operation.if_not_exists, operation.cascade, operation.concurrently];
    let named = |name: &Option<ddlint::ir::Known<ddlint::ir::QualifiedName>>| {
        name.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let head = format!("{} {} {}", operation.kind.as_str(), named(&operation.table), named(&operation.name));
    without_spans(&format!("{head} {} {flags:?} {details:?}", operation.detail)).replace("%%", "%")
}

/// A debug text with every place (`, 0:12..20`) taken out, and white space evened out.
fn without_spans(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("..") {
        let place = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let file = place.strip_suffix(':').map(|place| place.trim_end_matches(|c: char| c.is_ascii_digit()));
        if let Some(kept) = file.and_then(|file| file.strip_suffix(", ")) {
            out.push_str(kept);
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        } else {
            out.push_str(before);
            out.push_str("..");
            rest = after;
        }
    }
    out.push_str(rest);
    out.replace("\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The operations in order, those of Alembic's own books and of transactions left out.
fn lines<'o>(operations: impl Iterator<Item = &'o Operation>) -> Vec<String> {
    let own = |operation: &&Operation| {
        let books = operation.table.as_ref().is_some_and(|table| table.to_string() == "alembic_version");
        !(books || operation.kind.family() == "transaction")
    };
    let mut lines: Vec<String> = operations.filter(own).map(shown).collect();
    // A table's indexes are a set: those that are made together come in no order.
    for together in lines.chunk_by_mut(|a, b| [a, b].iter().all(|line| line.starts_with("index.create"))) {
        together.sort();
    }
    lines.dedup_by(|a, b| a == b && a.starts_with("data.insert"));
    lines
}

fn of_sql(text: &str, dialect: Dialect) -> Vec<String> {
    let sql = SqlText::of_part(FileId(0), text, 0);
    lines(sql::read(&sql, ReadOptions { dialect, query: 0 }).iter())
}

/// What is read for a server, without the branches for others, and without what `env.py` sets before: that is not printed.
fn of_python(reading: &Reading, dialect: Dialect) -> Vec<String> {
    let up = reading.migrations.iter().filter(|migration| migration.direction == Direction::Up);
    let elsewhere = |operation: &&Operation| {
        let asked = operation.context.guards.iter().any(|guard| matches!(guard.kind, GuardKind::Dialect(_)));
        !asked || operation.statement.dialect == dialect
    };
    let before = |operation: &&Operation| operation.kind == OpKind::SessionSet && !operation.context.origins.is_empty();
    lines(up.flat_map(|migration| &migration.operations).filter(elsewhere).filter(|operation| !before(operation)))
}

/// Compares a project revision by revision; returns how many operations were compared.
fn compare(python: &str, project: &Path) -> usize {
    let sources = Sources::discover(&[project.to_owned()], project, &Settings::default()).expect("a folder");
    let reader = Reader::default();
    let mut compared = 0;
    let mut differences = Vec::new();
    let sections = printed(python, project);
    for file in sources.files() {
        let stem = file.path.rsplit('/').next().unwrap_or_default();
        let own = |revision: &str| stem.strip_prefix(revision).is_some_and(|rest| rest.starts_with(['_', '.']));
        let Some((_, section)) = sections.iter().find(|(revision, _)| own(revision)) else { continue };
        let dialect = file.dialect;
        let (expected, found) = (of_sql(section, dialect), of_python(&reader.read(file, &sources), dialect));
        compared += expected.len();
        let mut at = 0;
        while at < expected.len().max(found.len()) {
            let (left, right) = (expected.get(at), found.get(at));
            if left != right {
                let none = "nothing".to_owned();
                let (left, right) = (left.unwrap_or(&none), right.unwrap_or(&none));
                let (left, right) = apart(left, right);
                differences.push(format!("{}\n  printed: {left}\n  read:    {right}", file.path));
            }
            at += 1;
        }
    }
    let count = differences.len();
    differences.truncate(40);
    assert!(count == 0, "{count} differences in {}\n{}", project.display(), differences.join("\n"));
    compared
}

/// Whether two lines say the same but for what is not known in the second: a hole stands for anything.
fn agree(printed: &str, read: &str) -> bool {
    let (mut left, mut right) = (printed.split('"'), read.split('"'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if left == right || fits(left, right) => {}
            _ => return false,
        }
    }
}

/// Whether a text is one that a text with holes can be: what is around the first and the last hole is the same.
fn fits(text: &str, with_holes: &str) -> bool {
    let from = with_holes.find(['{', '%']);
    let to = with_holes.rfind(['}', 's']).map(|at| at + 1);
    let (Some(from), Some(to)) = (from, to) else { return false };
    let around = with_holes.get(..from).zip(with_holes.get(to..));
    from < to && around.is_some_and(|(before, after)| text.starts_with(before) && text.ends_with(after))
}

/// What is to be shown of two lines: their beginning, and what is around the first difference.
pub(crate) fn apart<'l>(left: &'l str, right: &'l str) -> (String, String) {
    let same = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(60);
    let part = |line: &str| {
        let head: String = line.chars().take(40).collect();
        let tail: String = line.chars().skip(from).take(160).collect();
        format!("{head} … {tail}")
    };
    (part(left), part(right))
}

#[test]
fn random_migrations_are_what_alembic_prints() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = Command::new(&python)
        .arg(root().join("scripts/alembic-sample"))
        .args(["7", "300"])
        .arg(folder.path())
        .status()
        .expect("Python runs");
    assert!(made.success(), "scripts/alembic-sample");
    let compared = compare(&python, folder.path());
    assert!(compared > 1_000, "{compared} operations were compared");
    println!("{compared} operations of random migrations");
}

/// Public projects: `DDLINT_ALEMBIC` is a folder with an unpacked package `NAME` and, beside it, `NAME.jsonl`, which
/// `scripts/alembic-print NAME` has written; `NAME.mysql.jsonl` and `NAME.sqlite.jsonl` are what it has written for those.
#[test]
fn public_projects_are_read_as_alembic_prints_them() {
    let Some(folder) = std::env::var_os("DDLINT_ALEMBIC").map(std::path::PathBuf::from) else {
        println!("skipped: DDLINT_ALEMBIC is not set; scripts/alembic-print says what it is");
        return;
    };
    let entries = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut all = [0; 3];
    let mut lists: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    lists.sort();
    for list in lists {
        let project = list.with_extension("");
        let dialect = match project.extension().and_then(|end| end.to_str()) {
            Some("mysql") => Dialect::Mysql,
            Some("sqlite") => Dialect::Sqlite,
            _ => Dialect::Postgres,
        };
        let project = if dialect == Dialect::Postgres { project } else { project.with_extension("") };
        let text = std::fs::read_to_string(&list).expect("a list");
        let settings = Settings { dialect, dialect_given: true, ..Settings::default() };
        let sources = Sources::discover(std::slice::from_ref(&project), &project, &settings).expect("a folder");
        let reader = Reader::default();
        let (mut same, mut known, mut files) = (0, 0, 0);
        for line in text.lines() {
            let printed: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let (path, sql) = (printed["path"].as_str().expect("a path"), printed["sql"].as_str().expect("SQL"));
            let Some(file) = sources.files().iter().find(|file| file.path == path) else { continue };
            let (expected, found) = (of_sql(sql, dialect), of_python(&reader.read(file, &sources), dialect));
            files += 1;
            same += usize::from(expected == found);
            let agreed = expected.iter().zip(&found).take_while(|(a, b)| agree(a, b)).count();
            if agreed == expected.len().max(found.len()) {
                known += usize::from(expected != found);
            } else {
                let at = agreed;
                let none = "nothing".to_owned();
                let (left, right) = apart(expected.get(at).unwrap_or(&none), found.get(at).unwrap_or(&none));
                println!("{path}\n  printed: {left}\n  read:    {right}");
            }
        }
        all = [all[0] + same, all[1] + known, all[2] + files];
        let (project, dialect) = (project.display(), dialect.as_str());
        println!("{project} ({dialect}): {same} of {files} files are the same, {known} but for what is not known");
    }
    println!("{} of {} files are the same, {} but for what is not known", all[0], all[2], all[1]);
}

#[test]
fn every_directive_is_what_alembic_prints() {
    let Some(python) = python() else { return };
    let projects = std::fs::read_dir(root().join("fixtures/alembic")).expect("the fixtures");
    let mut projects: Vec<_> = projects.map(|entry| entry.expect("an entry").path()).collect();
    projects.retain(|project| project.join("alembic.ini").exists());
    projects.sort();
    let compared: usize = projects.iter().map(|project| compare(&python, project)).sum();
    assert!(compared > 80, "{compared} operations were compared");
    println!("{compared} operations of {} projects", projects.len());
}

/// One revision that does what is given.
fn revision(id: &str, parent: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '{id}'\ndown_revision = {parent}\n\n\ndef upgrade():\n{body}"
    );
    text.into_bytes()
}

/// Two histories that make the same tables are two lines; branches that share a database are one.
#[test]
fn a_database_takes_one_of_two_histories() {
    let table =
        |name: &str| format!("    op.create_table('{name}', sa.Column('id', sa.Integer(), primary_key=True))\n");
    let orders = table("orders");
    let old =
        format!("branch_labels = ('old',)\n{}", String::from_utf8(revision("aaaa", "None", &orders)).expect("text"));
    let new =
        format!("branch_labels = ('new',)\n{}", String::from_utf8(revision("bbbb", "None", &orders)).expect("text"));
    let noted = revision("cccc", "'bbbb'", "    op.add_column('orders', sa.Column('note', sa.Text()))\n");
    let used = revision("dddd", "'aaaa'", "    op.drop_column('orders', 'note')\n");
    let files: [(&str, &[u8]); 4] = [
        ("db/versions/a_old.py", old.as_bytes()),
        ("db/versions/b_new.py", new.as_bytes()),
        ("db/versions/c_noted.py", &noted),
        ("db/versions/d_used.py", &used),
    ];
    let project = project(&files);
    let arguments = ["check", "--exit-zero", "--output-format", "json", "."];
    let rules = ddlint(project.path(), &arguments).rules();
    assert!(!rules.iter().any(|rule| rule == "already-exists"), "{rules:?}");
    // The column is one of the other history.
    assert!(rules.iter().any(|rule| rule == "unknown-column"), "{rules:?}");
    // With tables of their own they share the database.
    let own = String::from_utf8(revision("bbbb", "None", &table("lines"))).expect("text");
    std::fs::write(project.path().join("db/versions/b_new.py"), format!("branch_labels = ('new',)\n{own}"))
        .expect("a file");
    let rules = ddlint(project.path(), &arguments).rules();
    assert!(!rules.iter().any(|rule| rule == "unknown-column" || rule == "unknown-table"), "{rules:?}");
}

/// Folders of one graph, a branch for another server at the start of a revision, a key that a later directive adds.
#[test]
fn a_graph_makes_one_schema() {
    let base = revision(
        "aaaa",
        "None",
        "    op.create_table('orders', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('last', sa.Integer()),\n        sa.ForeignKeyConstraint(['last'], ['lines.id'], name='orders_last', use_alter=True))\n    op.create_table('lines', sa.Column('id', sa.Integer(), primary_key=True))\n    op.create_foreign_key('orders_last', 'orders', 'lines', ['last'], ['id'])\n",
    );
    let renamed = revision(
        "bbbb",
        "'aaaa'",
        "    if op.get_bind().dialect.name == 'mysql':\n        op.execute('ALTER TABLE orders ENGINE = InnoDB')\n    op.rename_table('orders', 'purchases')\n",
    );
    let used = revision("cccc", "'bbbb'", "    op.add_column('purchases', sa.Column('note', sa.Text()))\n");
    let project = project(&[
        ("db/versions/base/aaaa_base.py", &base),
        ("db/versions/base/bbbb_renamed.py", &renamed),
        ("db/versions/expand/cccc_used.py", &used),
    ]);
    let rules = ddlint(project.path(), &["check", "--exit-zero", "--output-format", "json", "."]).rules();
    let wrong = ["unknown-table", "unknown-column", "already-exists", "broken-statement", "missing-parent"];
    assert!(!rules.iter().any(|rule| wrong.contains(&rule.as_str())), "{rules:?}");
    assert!(rules.iter().any(|rule| rule == "table-renamed"), "{rules:?}");
    // What is certainly not there is still said.
    let late = revision("dddd", "'cccc'", "    op.add_column('orders', sa.Column('late', sa.Text()))\n");
    std::fs::write(project.path().join("db/versions/expand/dddd_late.py"), late).expect("a file");
    let rules = ddlint(project.path(), &["check", "--exit-zero", "--output-format", "json", "."]).rules();
    assert!(rules.iter().any(|rule| rule == "unknown-table"), "{rules:?}");
}

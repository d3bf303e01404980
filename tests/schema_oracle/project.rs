//! A project on disk: what its runner would send is sent to a server, and the two catalogues are compared.

use std::collections::BTreeSet;
use std::path::Path;

use ddlint::config::{Dialect, Settings};
use ddlint::engine::Project;
use ddlint::history::{Opener, Timeline};
use ddlint::ir::{Operation, QualifiedName, Tri};
use ddlint::schema::{Snapshot, World};
use ddlint::source::Sources;
use ddlint::span::Span;

use super::compare::{differences, lines};
use super::server::Server;

/// One catalogue of a project, compared.
pub(crate) struct Compared {
    /// The folder of its migrations.
    root: String,
    statements: usize,
    /// What the server would not run. It is not folded either.
    refused: Vec<String>,
    /// What the two say differently.
    pub(crate) differing: Vec<String>,
    /// What only the server has, of which the folded schema says that it does not know whether it is there: a function
    /// that was called has made it.
    unknown: usize,
}

impl Compared {
    /// In one line, and with DDLINT_SCHEMA_VERBOSE one more for each of the first statements that were refused.
    pub(crate) fn summary(&self) -> String {
        let mut text = format!(
            "{}: {} statements, {} refused, {} differences, {} not known",
            self.root,
            self.statements,
            self.refused.len(),
            self.differing.len(),
            self.unknown
        );
        let told = if std::env::var_os("DDLINT_SCHEMA_VERBOSE").is_some() { 20 } else { 0 };
        for statement in self.refused.iter().take(told) {
            let words: Vec<_> = statement.split_whitespace().take(14).collect();
            text.push_str("\n    refused: ");
            text.push_str(&words.join(" "));
        }
        text
    }
}

/// A statement as it is sent, or what stands between two.
struct Sent {
    text: String,
    /// Which one it is; none for BEGIN and COMMIT of the runner.
    which: Option<Which>,
}

/// Who may do what is not compared, and the roles are not there.
fn is_of_roles(operation: &Operation) -> bool {
    operation.kind.family() == "privilege" || operation.detail == "owner"
}

/// The place and the fingerprint of a statement: one directive of Python can send several.
type Which = (Span, u64);

fn which(operation: &Operation) -> Which {
    (operation.statement.span, operation.statement.fingerprint)
}

/// What is sent going forward, for the catalogue number `at`.
fn sent(project: &Project, at: usize) -> Vec<Sent> {
    let timeline = &project.model.timeline;
    let mut sent: Vec<Sent> = Vec::new();
    let between = |sent: &mut Vec<Sent>, text: &str| sent.push(Sent { text: text.to_owned(), which: None });
    for at in project.model.world.migrations_of(at) {
        let Some(migration) = timeline.migrations.get(at) else { continue };
        let mut last = None;
        for (index, operation) in migration.operations.iter().enumerate() {
            let transaction = timeline.transaction(at, index);
            // What a runner opens is not written; what is sent in one query string is one at the server alone.
            let around = transaction.filter(|t| matches!(t.opener, Opener::Runner | Opener::Block));
            if around.is_some_and(|t| t.operations.first() == Some(&(at, index))) {
                between(&mut sent, "BEGIN");
            }
            if last != Some(which(operation)) && !is_of_roles(operation) {
                // The delimiter that a file declares is no part of the statement.
                let text = filled(operation.statement.text.trim_end_matches('/'));
                sent.push(Sent { text, which: Some(which(operation)) });
            }
            last = Some(which(operation));
            if around.is_some_and(|t| t.operations.last() == Some(&(at, index))) {
                between(&mut sent, "COMMIT");
            }
        }
        // Another file is another session.
        between(&mut sent, "DISCARD ALL");
    }
    sent
}

/// Compares the catalogues of the project in `folder` that are PostgreSQL's.
pub(crate) fn compare_project(server: &Server, folder: &Path, database: &str) -> Vec<Compared> {
    let settings = Settings::default();
    let sources = Sources::discover(&[folder.to_owned()], folder, &settings).expect("readable");
    let project = Project::read(&sources, &settings);
    let mut all = Vec::new();
    for (at, (name, dialect, _)) in project.model.world.ends().enumerate() {
        let sent = sent(&project, at);
        let statements = sent.iter().filter(|sent| sent.which.is_some()).count();
        if dialect != Dialect::Postgres || statements < 2 {
            continue;
        }
        let database = format!("{database}_{at}");
        let texts: Vec<String> = sent.iter().map(|sent| sent.text.clone()).collect();
        server.database(&database);
        server.send(&database, &SURROUNDINGS.map(ToOwned::to_owned));
        server.send(&database, &placeholder_schemas(&texts));
        let taken = server.send(&database, &texts);
        let refused: Vec<&Sent> =
            sent.iter().zip(&taken).filter(|(sent, taken)| !**taken && sent.which.is_some()).map(|(s, _)| s).collect();
        let world = folded_without(&project, &refused.iter().filter_map(|sent| sent.which).collect());
        let own = world.ends().find(|(other, of, _)| *other == name && *of == dialect).map(|(_, _, snapshot)| snapshot);
        let schema: Vec<String> =
            own.map(|own| lines(&own)).unwrap_or_default().iter().map(|line| filled(line)).collect();
        let mut differing = differences(&schema, &server.catalogue(&database));
        differing.retain(|line| !line.contains(" auth") && !line.starts_with("only the server: schema filled_"));
        let before = differing.len();
        differing.retain(|line| !own.is_some_and(|own| is_open(&own, line)));
        all.push(Compared {
            root: name.root.clone(),
            statements,
            refused: refused.into_iter().map(|sent| sent.text.clone()).collect(),
            unknown: before - differing.len(),
            differing,
        });
    }
    all
}

/// The schema folded from what the server has run.
fn folded_without(project: &Project, refused: &BTreeSet<Which>) -> World {
    let mut migrations = project.model.timeline.migrations.clone();
    for migration in &mut migrations {
        migration.operations.retain(|op| !is_of_roles(op) && !refused.contains(&which(op)));
    }
    World::new(&Timeline::new(migrations), &project.files, true)
}

/// Whether the folded schema says of what only the server has that it does not know it.
fn is_open(own: &Snapshot<'_>, line: &str) -> bool {
    let Some(rest) = line.strip_prefix("only the server: ") else { return false };
    let (Some(sort), Some(name)) = (rest.split(' ').next(), rest.split(' ').nth(1)) else { return false };
    let mut parts = name.split('.');
    let (Some(schema), Some(relation)) = (parts.next(), parts.next()) else { return !own.is_complete() };
    let relation = own.relation(&QualifiedName { schema: Some(schema.to_owned()), name: relation.to_owned() });
    match sort {
        "relation" | "index" | "column" | "constraint" | "sequence" | "parent" => match relation.as_ref().known() {
            Some(known) => !known.is_complete(),
            None => relation.is_there() == Tri::Unknown,
        },
        _ => !own.is_complete(),
    }
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
        let name = letters.collect::<String>().to_lowercase();
        // Quoted, where it is printed.
        let quoted = text[..start].ends_with('"') && text[end..].starts_with("\".");
        if quoted {
            return Some(((start - 1, end + 1), name));
        }
        text[end..].starts_with('.').then_some(((start, end), name))
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
    let mut names = BTreeSet::new();
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

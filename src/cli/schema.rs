//! `ddlint schema`.

use super::args::{GlobalArgs, SchemaArgs, SchemaFormat, SelectionArgs};
use super::context::Context;
use super::output::{Failure, note, print};
use super::verdict::CLEAN;
use crate::engine::Project;
use crate::history::{Version, version};
use crate::report::schema::{Described, json, mermaid, sql};

/// Prints the schema that the migrations leave.
pub(super) fn run(args: &SchemaArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let context = Context::new(global, &SelectionArgs::default(), &args.paths)?;
    let sources = context.sources(&args.paths, None, false)?;
    let project = Project::read(&sources, &context.settings);
    let described = match &args.at {
        Some(at) => described_at(&project, at)?,
        None => described(&project),
    };
    if described.is_empty() {
        note("no migration that goes forward was found");
    }
    print(&match args.format {
        SchemaFormat::Sql => sql(&described),
        SchemaFormat::Json => json(&described),
        SchemaFormat::Mermaid => mermaid(&described),
    })?;
    Ok(CLEAN)
}

/// Every project at its end.
fn described(project: &Project) -> Vec<Described<'_>> {
    let ends = project.model.world.ends();
    ends.map(|(of, dialect, snapshot)| Described {
        runner: of.runner.as_str(),
        root: &of.root,
        dialect: dialect.as_str(),
        snapshot,
    })
    .collect()
}

/// The projects that have a migration called `at`, after the last one that is: its version, its name, or its file.
fn described_at<'p>(project: &'p Project, at: &str) -> Result<Vec<Described<'p>>, Failure> {
    let world = &project.model.world;
    let mut found = Vec::new();
    for (number, mut described) in described(project).into_iter().enumerate() {
        let called = world.migrations_of(number).filter(|migration| is_called(project, *migration, at));
        if let Some(snapshot) = called.last().and_then(|migration| world.end(migration)) {
            described.snapshot = snapshot;
            found.push(described);
        }
    }
    if found.is_empty() {
        return Err(Failure(format!("no migration is called `{at}`: give a version, a name or a file")));
    }
    Ok(found)
}

fn is_called(project: &Project, migration: usize, at: &str) -> bool {
    let Some(migration) = project.model.timeline.migrations.get(migration) else { return false };
    let Some(file) = project.files.get(migration.span.file.0 as usize) else { return false };
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let same = |own: &str| own == at || Version::parse(own).is_some_and(|own| Some(own) == Version::parse(at));
    let revision = project.revisions.get(&migration.span.file);
    revision.is_some_and(|revision| revision == at)
        || migration.name == at
        || file.path == at
        || name == at
        || version(file).is_some_and(same)
}

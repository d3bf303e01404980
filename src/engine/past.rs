//! What has run as the base of the comparison has it: a migration that is changed afterwards, and a new one that comes
//! before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RuleSet;
use crate::diagnostic::Severity;
use crate::facts::Model;
use crate::frontend::{Reader, Reading};
use crate::history::{self, Graph};
use crate::ir::Direction;
use crate::source::{Problem, Role, Runner, SourceFile, Sources, has_own_folder};
use crate::span::{FileId, Span};

/// The rule about migrations that are changed.
const EDITED: &str = "edited-after-merge";
/// The rule about migrations that come too early.
const LATE: &str = "out-of-order";

/// The files of migrations as the base has them; `None` for a file that is new.
type Before = BTreeMap<FileId, Option<Arc<SourceFile>>>;

/// What is wrong with the migrations, held against those of the base.
pub(super) fn problems(
    model: &Model,
    graph: &Graph,
    files: &[Arc<SourceFile>],
    sources: &Sources,
    rules: &RuleSet,
) -> Vec<Problem> {
    let Some(base) = sources.base() else { return Vec::new() };
    let (edited, late) = (rules.enabled.contains(EDITED), rules.enabled.contains(LATE));
    if !edited && !late {
        return Vec::new();
    }
    let judged = files.iter().filter(|file| file.source && file.role == Role::Migrations && !file.down);
    // Where nothing is known of a runner, a file may be meant to run again whenever it changes.
    let judged = judged.filter(|file| !matches!(file.runner, Runner::Plain | Runner::Psql | Runner::Script));
    let judged: Vec<&Arc<SourceFile>> = judged.filter(|file| !file.place.repeatable).collect();
    let before: Before = judged.iter().map(|file| (file.id, base.before(file))).collect();
    let revision = base.revision().unwrap_or_default();
    let mut problems = Vec::new();
    if edited {
        // What was read of the project is not to be taken for what the base has, and the other way round.
        let (reader, of_base) = (Reader::default(), Reader::default());
        let changed = judged.iter().filter(|file| !file.helper).filter_map(|file| {
            let then = before.get(&file.id)?.as_ref().filter(|then| then.text != file.text)?;
            let then = as_read(file, then);
            let (then_does, now_does) = (done(&of_base.read(&then, base)), done(&reader.read(file, sources)));
            changed((file, &now_does), (&then, &then_does)).map(|(span, effect)| (file, span, effect))
        });
        problems.extend(changed.map(|(file, span, effect)| Problem {
            rule: EDITED,
            span,
            severity: Severity::Error,
            message: format!("`{}` is not what `{revision}` has: {effect}", name(file)),
            help: Some("take the change back, and write a new migration that makes it".to_owned()),
        }));
    }
    if late {
        problems.extend(too_early(model, graph, files, &before).into_iter().filter_map(|(file, other)| {
            let effect = file.runner.late()?;
            let message =
                format!("`{}` is new and comes before `{}`, which `{revision}` has: {effect}", name(file), name(other));
            let help = match file.runner {
                Runner::Alembic | Runner::Django => "let it follow the newest migration",
                _ => "give it a version that comes after those",
            };
            let (rule, severity) = (LATE, Severity::Error);
            Some(Problem { rule, span: Span::file(file.id), severity, message, help: Some(help.to_owned()) })
        }));
    }
    problems
}

/// The name that a runner knows a file by: its own, or that of the folder which is kept for it.
fn name(file: &SourceFile) -> &str {
    let (folders, own) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let folder = folders.rsplit('/').next().unwrap_or_default();
    if has_own_folder(own) && !folder.is_empty() { folder } else { own }
}

/// What a file does on the way forward, in the order in which it does it.
fn done(reading: &Reading) -> Vec<(String, Span)> {
    if let Some(django) = &reading.django {
        return django.said();
    }
    let forward = reading.migrations.iter().filter(|migration| migration.direction == Direction::Up);
    let operations = forward.flat_map(|migration| &migration.operations);
    operations.map(|op| (format!("{:016x}", op.statement.fingerprint), op.statement.span)).collect()
}

/// The file of the base, taken for what the file of today is taken for.
fn as_read(file: &SourceFile, then: &SourceFile) -> SourceFile {
    let place = file.place.clone();
    let (runner, role, dialect, placeholder) = (file.runner, file.role, file.dialect, file.placeholder.clone());
    SourceFile { role, runner, dialect, placeholder, place, ..then.clone() }
}

/// Where a file differs from what the base has in a way that counts, and what comes of it; each with what it does.
fn changed(
    (file, now_does): (&SourceFile, &[(String, Span)]),
    (then, then_does): (&SourceFile, &[(String, Span)]),
) -> Option<(Span, &'static str)> {
    let same = then_does.iter().zip(now_does).take_while(|(then, now)| then.0 == now.0).count();
    let differs = same < then_does.len() || same < now_does.len();
    let whole = Span::file(file.id);
    let span = now_does
        .get(same)
        .filter(|_| differs)
        .map_or(whole, |(_, span)| if span.file == file.id { *span } else { whole });
    if file.runner == Runner::Liquibase {
        // Changesets are compared one by one, and new ones are written beside them.
        let again = ["runonchange:true", "runalways:true"].iter().any(|word| file.text.to_lowercase().contains(word));
        let mut now = now_does.iter();
        let kept = then_does.iter().all(|(text, _)| now.any(|(other, _)| other == text));
        return (!kept && !again).then_some((span, "Liquibase compares checksums of changesets, and refuses to go on"));
    }
    if let Some(effect) = file.runner.compares() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        return (lines(&then.text) != lines(&file.text)).then_some((span, effect));
    }
    // A file that held nothing yet has changed nothing either.
    let effect = "databases that have applied it stay as they are, new ones come out different";
    (differs && !then_does.is_empty()).then_some((span, effect))
}

/// New migrations with one that the base has and that comes after them.
fn too_early<'a>(
    model: &Model,
    graph: &Graph,
    files: &'a [Arc<SourceFile>],
    before: &Before,
) -> Vec<(&'a SourceFile, &'a SourceFile)> {
    let file = |id: FileId| files.get(id.0 as usize).map(Arc::as_ref);
    let is_new = |id: FileId| before.get(&id).is_some_and(Option::is_none);
    let is_old = |id: FileId| before.get(&id).is_some_and(Option::is_some);
    let mut found = graph.followed(&is_new, &is_old);
    // Where versions tell the order, those of a project are next to each other, the newest last.
    let mut newest: BTreeMap<history::Project, FileId> = BTreeMap::new();
    for migration in model.timeline.migrations.iter().rev().filter(|migration| migration.direction == Direction::Up) {
        let id = migration.span.file;
        let Some(own) = file(id).filter(|own| !matches!(own.runner, Runner::Alembic | Runner::Django)) else {
            continue;
        };
        // A migration of refinery that begins with `U` may come at any time.
        let any_time = own.runner == Runner::Refinery && name(own).starts_with('U');
        if history::version(own).is_none() || any_time {
            continue;
        }
        let project = history::project_of(migration, own);
        if is_old(id) {
            newest.entry(project).or_insert(id);
        } else if is_new(id)
            && let Some(later) = newest.get(&project)
        {
            found.insert(id, *later);
        }
    }
    found.into_iter().filter_map(|(new, old)| Some((file(new)?, file(old)?))).collect()
}

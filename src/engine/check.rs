//! The pipeline of `ddlint check`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::baseline::Baseline;
use super::judge::{Finding, Judge, about_file};
use super::rules::{RuleSet, names};
use super::suppress::Suppressions;
use super::{Outcome, Summary};
use crate::config::Settings;
use crate::diagnostic::{Diagnostic, Severity, Status};
use crate::facts::{Model, Policy};
use crate::frontend::{Calls, Reader, Reading};
use crate::history::{Graph, alternatives, way_back_problems};
use crate::ir::{Details, Direction, Line, Migration, OpKind, OpaqueReason};
use crate::source::{Problem, Role, SourceFile, Sources, matcher};
use crate::span::{FileId, Span};

/// Everything that was read, before it is judged.
#[derive(Debug)]
pub struct Project {
    /// What is known about the operations.
    pub model: Model,
    /// Every file read, helpers included, by number.
    pub files: Vec<Arc<SourceFile>>,
    /// The revision that a file of Alembic or Django declares.
    pub revisions: BTreeMap<FileId, String>,
    /// What was wrong with the sources.
    problems: Vec<Problem>,
    /// Execute-like calls whose SQL could not be read.
    unresolved: usize,
    /// What became of the calls that send something.
    calls: Calls,
    /// How revisions follow each other.
    graph: Graph,
}

impl Project {
    /// Reads every source.
    pub fn read(sources: &Sources, settings: &Settings) -> Self {
        let reader = Reader::default();
        let readings = read_all(sources, &reader);
        let mut django = Vec::new();
        let sent: BTreeSet<Span> = readings.iter().flat_map(|reading| reading.sent.iter().copied()).collect();
        let all = sources.all();
        let judged: BTreeSet<FileId> = all.iter().filter(|file| file.source).map(|file| file.id).collect();
        let mut migrations = Vec::new();
        let mut problems = sources.problems().to_vec();
        let mut revisions = Vec::new();
        let (mut calls, mut unresolved) = (Calls::default(), 0);
        let mut registry = !settings.indexes.is_empty();
        for (file, reading) in sources.files().iter().zip(readings) {
            let role = shape(file, &reading).unwrap_or(file.role);
            registry |= role == Role::Indexes;
            problems.extend(file.problems.iter().cloned());
            problems.extend(reading.problems);
            revisions.extend(reading.revisions);
            django.extend(reading.django.map(|migration| (file.clone(), migration)));
            unresolved += reading.calls.not_followed();
            calls += reading.calls;
            let wrappers = reading.wrappers.into_iter().filter(|(call, _)| !sent.contains(call));
            let wrappers: Vec<Migration> = wrappers.map(|(_, migration)| migration).collect();
            unresolved += wrappers.len();
            calls.unresolved += wrappers.len();
            migrations.extend(reading.migrations.into_iter().chain(wrappers).map(|mut migration| {
                // A runner that imports a source runs what is judged there.
                migration.operations.retain(|op| !op.context.origins.iter().any(|file| judged.contains(file)));
                Migration { role, ..migration }
            }));
        }
        let directives: usize = django.iter().map(|(_, migration)| migration.directives()).sum();
        let (lowered, order) = super::django::lower(django, &reader, sources);
        let unknown = super::django::not_known(&lowered);
        calls.unknown_directives += unknown;
        calls.directives += directives.saturating_sub(unknown);
        migrations.extend(lowered.into_iter().map(|mut migration| {
            migration.operations.retain(|op| !op.context.origins.iter().any(|file| judged.contains(file)));
            migration
        }));
        let policy = Policy {
            server_version: settings.target_version,
            small_tables: settings.small_tables.clone(),
            large_tables: settings.large_tables.clone(),
            statistics: settings.statistics.clone(),
            sizes: settings.sizes,
            data_functions: matcher(&settings.data_functions),
        };
        let files = sources.all();
        let names = revisions.iter().map(|revision| (revision.span.file, revision.id.name.clone())).collect();
        let graph = Graph::new(revisions, &files).settled(order);
        let mut lines = graph.lines(&files);
        lines.extend(alternatives(&graph, &migrations, &files));
        for migration in &mut migrations {
            let Some(root) = lines.get(&migration.span.file) else { continue };
            match &mut migration.line {
                Line::Database { site, .. } => *site = Some(root.clone()),
                line @ Line::Place => *line = Line::Site(root.clone()),
                Line::Site(_) | Line::Beside => {}
            }
        }
        let whole = |file: FileId| files.get(file.0 as usize).is_some_and(|file| sources.is_whole(&file.path));
        problems.extend(graph.problems(&whole));
        let model = Model::new(migrations, sources.all(), policy, registry, sources.whole(), &graph);
        problems.extend(way_back_problems(&model.timeline.migrations, &files, &graph.one_way()));
        Self { model, files: sources.all(), revisions: names, problems, unresolved, calls, graph }
    }

    fn summary(&self, judged: usize) -> Summary {
        let up = || self.model.timeline.migrations.iter().filter(|m| m.direction == Direction::Up);
        let operations = || up().flat_map(|migration| &migration.operations);
        let opaque = operations().filter(|op| op.kind == OpKind::Opaque);
        let opaque = opaque.filter(|op| !matches!(op.details, Details::Opaque(OpaqueReason::Unresolved(_))));
        Summary {
            files: judged,
            migrations: up().count(),
            operations: operations().count(),
            opaque: opaque.count(),
            unresolved: self.unresolved,
            calls: self.calls,
            ..Summary::default()
        }
    }
}

/// The role that a source shows by its shape. A migration may hold a list of records too: the shape counts only where
/// the file is named for it and does nothing that its records do not say.
fn shape(file: &SourceFile, reading: &Reading) -> Option<Role> {
    let shape = reading.shape.filter(|_| file.role == Role::Migrations)?;
    let words: &[&str] = match shape {
        Role::Indexes => &["index", "indices"],
        Role::Backfills => &["backfill"],
        Role::Migrations => return None,
    };
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let named = words.iter().any(|word| name.contains(word)) && !name.contains("migrat") && !name.starts_with("add_");
    let changes = reading.migrations.iter().flat_map(|migration| &migration.operations);
    let mut changes = changes.filter(|op| op.kind.changes_schema() || op.kind.changes_data());
    (named && changes.all(|op| op.context.record.is_some())).then_some(shape)
}

/// The readings of the sources, in their order. Sources are independent of each other, so they are read on as many
/// threads as there are processors.
fn read_all(sources: &Sources, reader: &Reader) -> Vec<Reading> {
    let files = sources.files();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    if threads < 2 || files.len() < 16 {
        return files.iter().map(|file| reader.read(file, sources)).collect();
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut readings: Vec<(usize, Reading)> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(file) = files.get(at) else { return done };
                done.push((at, reader.read(file, sources)));
            }
        };
        let build = || std::thread::Builder::new().stack_size(crate::STACK);
        let workers: Vec<_> = (0..threads).filter_map(|_| build().spawn_scoped(scope, work).ok()).collect();
        let mut readings: Vec<_> = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        // Where no thread could be had, the work is still to be done.
        readings.extend(work());
        readings
    });
    readings.sort_by_key(|(at, _)| *at);
    readings.into_iter().map(|(_, reading)| reading).collect()
}

/// Reads and judges `sources`. Findings that `baseline` knows do not count; it is left with what is stale in it.
pub fn check(sources: &Sources, settings: &Settings, rules: &RuleSet, baseline: Option<&mut Baseline>) -> Outcome {
    let mut project = Project::read(sources, settings);
    let mut summary = project.summary(sources.files().len());
    let enabled = rules.enabled();
    project.model.mapped = super::mapped::read(&project.model, &project.files, sources, &enabled);
    let past = super::past::problems(&project.model, &project.graph, &project.files, sources, rules);
    let mut findings = Judge::new(&project.model, &enabled, &project.files).findings();
    findings.extend(raised(&project.problems, rules));
    findings.extend(raised(&past, rules));
    let findings = settle(findings, &project, settings, rules);
    let path = |diagnostic: &Diagnostic| {
        project.files.get(diagnostic.span.file.0 as usize).map_or("", |file| file.path.as_str())
    };
    let mut diagnostics: Vec<Diagnostic> = findings.into_iter().map(|finding| finding.diagnostic).collect();
    diagnostics.sort_by(|a, b| (path(a), a.span.start, &a.rule, a).cmp(&(path(b), b.span.start, &b.rule, b)));
    diagnostics.dedup();
    if let Some(baseline) = baseline {
        // A run may be given some files only, so the disk is asked whether a file was renamed.
        let exists = |path: &str| sources.exists(path);
        for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.status == Status::New) {
            if baseline.matches(path(diagnostic), diagnostic, &exists) {
                diagnostic.status = Status::Baselined;
            }
        }
    }
    for diagnostic in &diagnostics {
        let slot = match (diagnostic.status, diagnostic.severity) {
            (Status::Suppressed, _) => &mut summary.suppressed,
            (Status::Baselined, _) => &mut summary.baselined,
            (Status::New, Severity::Error) => &mut summary.errors,
            (Status::New, Severity::Warning) => &mut summary.warnings,
            (Status::New, Severity::Info) => &mut summary.infos,
        };
        *slot += 1;
    }
    Outcome { files: project.files, rules: enabled, diagnostics, summary }
}

/// Findings for what was wrong with the sources.
fn raised(problems: &[Problem], rules: &RuleSet) -> Vec<Finding> {
    let on = problems.iter().filter(|problem| rules.enabled.contains(problem.rule));
    on.filter_map(|problem| {
        let rule = rules.get(problem.rule)?;
        Some(about_file(rule, problem.severity, problem.span, problem.message.clone(), problem.help.clone()))
    })
    .collect()
}

/// Applies `per-file-ignores` and suppressions, and adds what is wrong with the latter.
fn settle(findings: Vec<Finding>, project: &Project, settings: &Settings, rules: &RuleSet) -> Vec<Finding> {
    let ignores: Vec<_> = settings.per_file_ignores.iter().map(|(glob, rules)| (matcher([glob]), rules)).collect();
    let left_out = |rule: &str, file: FileId| {
        let path = project.files.get(file.0 as usize).map_or("", |file| file.path.as_str());
        let rule = rules.get(rule);
        ignores.iter().any(|(glob, list)| rule.is_some_and(|rule| names(list, rule)) && glob.is_match(path))
    };
    let judged = project.files.iter().filter(|file| !file.helper);
    let mut suppressions: BTreeMap<FileId, Suppressions> =
        judged.map(|file| (file.id, Suppressions::scan(file))).collect();
    let mut kept = Vec::with_capacity(findings.len());
    for mut finding in findings {
        let diagnostic = &mut finding.diagnostic;
        if left_out(&diagnostic.rule, diagnostic.span.file) {
            continue;
        }
        let silenced = suppressions
            .get_mut(&diagnostic.span.file)
            .and_then(|all| all.apply(diagnostic.span, diagnostic.statement, Some(finding.block), &diagnostic.rule));
        if let Some(justification) = silenced {
            diagnostic.status = Status::Suppressed;
            diagnostic.justification = justification.reason;
        }
        kept.push(finding);
    }
    let known: BTreeSet<&str> = rules.all.iter().map(|rule| rule.name.as_str()).collect();
    // What is silenced for all runs may have nothing to silence in one that knows more.
    let evident = super::mapped::evident(&project.model, rules);
    let enabled = rules.enabled.iter().map(String::as_str).filter(|rule| !evident.contains(rule));
    let enabled: BTreeSet<&str> = enabled.collect();
    let problems = suppressions.values().flat_map(|all| all.problems(&known, &enabled, settings.require_reason));
    let problems: Vec<Problem> = problems.filter(|problem| !left_out(problem.rule, problem.span.file)).collect();
    let mut of_comments = raised(&problems, rules);
    if settings.require_reason {
        // Asked for in so many words, though its group is off by default.
        let off = problems.iter().filter(|p| p.rule == "suppression-without-reason" && !enabled.contains(p.rule));
        of_comments.extend(off.filter_map(|problem| {
            let rule = rules.get(problem.rule)?;
            Some(about_file(rule, problem.severity, problem.span, problem.message.clone(), problem.help.clone()))
        }));
    }
    kept.extend(of_comments);
    kept
}

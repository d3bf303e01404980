//! `ddlint baseline`.

use std::collections::BTreeMap;

use super::args::{BaselineArgs, BaselineCommand, BaselineFileArgs, GlobalArgs};
use super::output::{Failure, note, print};
use super::project::Setup;
use super::verdict::CLEAN;
use crate::diagnostic::Status;
use crate::engine::baseline::{Baseline, Finding};
use crate::engine::{self, Outcome};
use crate::source;

/// Creates, updates, prunes or shows a baseline.
pub(super) fn run(args: &BaselineArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    match &args.command {
        BaselineCommand::Create(file) => create(file, global),
        BaselineCommand::Update(file) => create(file, global),
        BaselineCommand::Prune(file) => prune(file, global),
        BaselineCommand::Show(file) => show(file),
    }
}

fn judge(args: &BaselineFileArgs, global: &GlobalArgs, baseline: Option<&mut Baseline>) -> Result<Outcome, Failure> {
    let setup = Setup::new(&args.paths, global, &args.selection)?;
    let rules = setup.rules()?;
    let sources = setup.sources(&args.paths, None)?;
    Ok(engine::check(&sources, &setup.settings, &rules, baseline))
}

fn create(args: &BaselineFileArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let outcome = judge(args, global, None)?;
    let findings = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.status == Status::New);
    let file = |diagnostic: &crate::diagnostic::Diagnostic| outcome.files.get(diagnostic.span.file.0 as usize);
    let baseline = Baseline::of(findings.map(|diagnostic| Finding {
        path: file(diagnostic).map_or("", |file| file.path.as_str()),
        diagnostic,
        source: file(diagnostic).map_or("", |file| diagnostic.span.slice(&file.text)),
    }));
    source::write_text(&args.baseline, &baseline.render())?;
    note(&format!("{} findings of now are in {}", baseline.len(), args.baseline.display()));
    Ok(CLEAN)
}

fn prune(args: &BaselineFileArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut baseline = load(args)?;
    let outcome = judge(args, global, Some(&mut baseline))?;
    let paths: std::collections::BTreeSet<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
    let stale = baseline.stale(&|path| paths.contains(path));
    baseline.remove(&stale);
    source::write_text(&args.baseline, &baseline.render())?;
    note(&format!("{} lines dropped, {} left in {}", stale.len(), baseline.len(), args.baseline.display()));
    Ok(CLEAN)
}

fn show(args: &BaselineFileArgs) -> Result<u8, Failure> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for entry in load(args)?.entries() {
        *counts.entry((entry.rule, entry.path)).or_default() += 1;
    }
    let lines: Vec<_> = counts.iter().map(|((rule, path), count)| format!("{count:5}  {rule}  {path}\n")).collect();
    print(&lines.concat())?;
    Ok(CLEAN)
}

fn load(args: &BaselineFileArgs) -> Result<Baseline, Failure> {
    let text = source::read_text(&args.baseline)?;
    Baseline::parse(&text).map_err(|error| Failure(format!("{}: {error}", args.baseline.display())))
}

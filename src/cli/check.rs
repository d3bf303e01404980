//! `ddlint check`.

use std::path::Path;

use super::args::{CheckArgs, FailOn, GlobalArgs};
use super::output::{Failure, note, print};
use super::project::Setup;
use super::terminal;
use super::verdict::{self, CLEAN};
use crate::diagnostic::Severity;
use crate::engine::baseline::Baseline;
use crate::engine::{self, Outcome};
use crate::fix;
use crate::report::Format;
use crate::source::{self, Sources};

/// Judges, reports, and says how it went.
pub(super) fn run(args: &CheckArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let setup = Setup::new(&args.paths, global, &args.selection)?;
    if args.show_settings {
        let from = setup.config.as_ref().map_or("# no configuration file".to_owned(), |p| format!("# {}", p.display()));
        print(&format!("{from}\n{}", setup.settings))?;
        return Ok(CLEAN);
    }
    let rules = setup.rules()?;
    let sources = setup.sources(&args.paths, args.stdin_filename.as_deref())?;
    if args.show_files {
        print(&files(&sources))?;
        return Ok(CLEAN);
    }
    let mut baseline = baseline(args, &setup)?;
    let outcome = engine::check(&sources, &setup.settings, &rules, baseline.as_mut());
    if args.fix {
        return apply(&outcome, &sources, args.unsafe_fixes);
    }
    let format = match args.output_format {
        Some(format) => format,
        None => {
            setup.settings.output_format.parse().map_err(|error| Failure(format!("in `output-format`: {error}")))?
        }
    };
    let fail_on = match args.fail_on {
        Some(FailOn::Error) => Some(Severity::Error),
        Some(FailOn::Warning) => Some(Severity::Warning),
        Some(FailOn::Info) => Some(Severity::Info),
        Some(FailOn::Never) => None,
        None => setup.settings.fail_on,
    };
    let fail_on = if args.exit_zero { None } else { fail_on };
    let screen = args.output_file.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout());
    let options = terminal::options(global.color, screen, &|name| std::env::var_os(name));
    let (text, code) = verdict::report(&outcome, args, (format, fail_on), global.quiet, options);
    match &args.output_file {
        Some(path) => source::write_text(path, &text)?,
        None => print(&text)?,
    }
    if !global.quiet {
        remarks(&outcome, &sources, baseline.as_ref(), format);
    }
    Ok(code)
}

/// The baseline of the command line, else of the configuration.
fn baseline(args: &CheckArgs, setup: &Setup) -> Result<Option<Baseline>, Failure> {
    let base = setup.config.as_deref().and_then(Path::parent).unwrap_or(&setup.root);
    let configured = setup.settings.baseline.as_ref().map(|path| base.join(path));
    let Some(path) = args.baseline.clone().or(configured) else { return Ok(None) };
    let text = source::read_text(&path)?;
    let parsed = Baseline::parse(&text);
    parsed.map(Some).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

/// What a reader should know besides the findings; on standard error.
fn remarks(outcome: &Outcome, sources: &Sources, baseline: Option<&Baseline>, format: Format) {
    if sources.files().is_empty() {
        note("warning: no migration was found; `ddlint check --show-files` tells what was looked at");
    }
    let stale = baseline.map_or(0, |baseline| {
        let paths: std::collections::BTreeSet<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
        baseline.stale(&|path| paths.contains(path)).len()
    });
    if stale > 0 && matches!(format, Format::Full | Format::Concise) {
        note(&format!(
            "note: {stale} lines of the baseline match nothing any more; `ddlint baseline prune` drops them"
        ));
    }
}

/// Each file with what was recognised and why.
fn files(sources: &Sources) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for file in sources.files() {
        let (runner, role) = (file.runner.as_str(), file.role.as_str());
        let back = if file.down { ", goes back" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}: {role}, {runner}, {}{back}: {}", file.path, file.dialect.as_str(), file.why);
    }
    for skipped in sources.skipped() {
        let _ = writeln!(out, "{}: left alone: {}", skipped.path, skipped.why);
    }
    out
}

/// Writes the fixes into the files.
fn apply(outcome: &Outcome, sources: &Sources, unsafe_too: bool) -> Result<u8, Failure> {
    use crate::diagnostic::{Applicability, Status};
    let (mut made, mut left) = (0, 0);
    for file in &outcome.files {
        let mut edits = Vec::new();
        let findings = outcome.diagnostics.iter().filter(|d| d.span.file == file.id && d.status == Status::New);
        for fix in findings.filter_map(|diagnostic| diagnostic.fix.as_ref()) {
            if fix.applicability == Applicability::Safe || unsafe_too {
                edits.extend(fix.edits.iter().cloned());
            } else {
                left += 1;
            }
        }
        if !edits.is_empty() {
            let (text, count) = fix::apply(&file.text, &edits);
            source::write_text(&sources.root().join(&file.path), &text)?;
            made += count;
        }
    }
    let hint = if left > 0 { format!("; {left} more with --unsafe-fixes") } else { String::new() };
    note(&format!("{made} fixes made{hint}"));
    Ok(CLEAN)
}

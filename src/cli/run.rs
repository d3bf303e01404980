//! From arguments to work.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use super::args::{
    BaselineArgs, BaselineCommand, BaselineFileArgs, CheckArgs, Cli, Command, GlobalArgs, InitArgs, RuleArgs,
    SelectionArgs, TextOrJson,
};
use super::context::Context;
use super::output::{Failure, finish, note, print};
use super::verdict::{CLEAN, FINDINGS};
use super::{CONFIGURATION, STATS_QUERY, explain, files, fixes, pages, schema, terminal, verdict};
use crate::engine::baseline::{Baseline, Finding};
use crate::engine::{self, Outcome};
use crate::lsp;
use crate::report::Format;
use crate::source::{self, Tree};

/// Runs the command line of this process. Misuse is said by clap, which exits with 2 then.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Parsers of nested input need a deeper stack than a main thread has.
    let worker = std::thread::Builder::new().stack_size(crate::STACK).spawn(move || run(&cli));
    finish(match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        // The panic has been printed; here it becomes the exit code.
        Ok(Err(_)) => Err(Failure("this is a bug in ddlint; please report it with the message above".to_owned())),
        Err(error) => Err(error.into()),
    })
}

/// Does what the command line asks for; the exit code, or why it cannot be done.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Check(args) => check(args, &cli.global),
        Command::Rule(args) => rules(args, &cli.global),
        Command::Baseline(args) => baseline(args, &cli.global),
        Command::Init(args) => init(args, &cli.global),
        Command::Explain(args) => explain::run(args, &cli.global),
        Command::Schema(args) => schema::run(args, &cli.global),
        Command::Server => server(&cli.global),
    }
}

fn server(global: &GlobalArgs) -> Result<u8, Failure> {
    // The editor may have another folder in mind than the one it started us in.
    let file = global.config.as_ref().map(std::path::absolute).transpose()?;
    let orderly = lsp::serve(lsp::Configured { file, isolated: global.isolated })?;
    // 1 for an editor that leaves without `shutdown` is what the protocol asks for.
    Ok(if orderly { CLEAN } else { FINDINGS })
}

fn check(args: &CheckArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut context = Context::new(global, &args.selection, &args.paths)?;
    context.measure(args.stats.as_deref())?;
    if args.show_settings {
        print(&format!("# root: {}\n{}", context.root.display(), context.settings))?;
        return Ok(CLEAN);
    }
    let sources = context.sources(&args.paths, args.stdin_filename.as_deref(), args.force_exclude)?;
    if args.show_files {
        print(&files::list(&sources))?;
        return Ok(CLEAN);
    }
    let sources = match &args.diff_base {
        Some(revision) => sources.compared_with(revision)?,
        None => sources,
    };
    let format: Format = match args.output_format {
        Some(format) => format,
        None => context.settings.output_format.parse()?,
    };
    let file = match (&args.baseline, &context.settings.baseline) {
        (Some(file), _) => Some(file.clone()),
        (None, Some(file)) => Some(context.base.join(file)),
        (None, None) => None,
    };
    let mut baseline = file.as_deref().map(read_baseline).transpose()?;
    let outcome = engine::check(&sources, &context.settings, &context.rules, baseline.as_mut());
    if let Some(error) = sources.base().and_then(Tree::absent) {
        return Err(error.into());
    }
    if args.fix {
        return fixes::write(&outcome, &sources, args.unsafe_fixes);
    }
    let to_terminal = args.output_file.is_none() && std::io::stdout().is_terminal();
    let options = terminal::options(global.color, to_terminal, &|name| std::env::var_os(name));
    let fail_on = args.fail_on.map_or(context.settings.fail_on, super::FailOn::severity);
    let (text, code) = verdict::report(&outcome, args, format, fail_on, global.quiet, options);
    match &args.output_file {
        Some(path) => source::write_text(path, &text)?,
        None => print(&text)?,
    }
    if sources.files().is_empty() && !global.quiet {
        note("warning: no migration was found; `ddlint check --show-files` tells what was looked at");
    }
    if let (Some(baseline), Some(file), false) = (&baseline, &file, global.quiet) {
        let stale = stale(baseline, &outcome, &context).len();
        if stale > 0 {
            note(&format!("{stale} stale in `{}`: `ddlint baseline prune` drops what is gone", file.display()));
        }
    }
    Ok(code)
}

fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let text = source::read_text(path)?;
    Baseline::parse(&text).map_err(|error| Failure(format!("`{}`: {error}", path.display())))
}

/// The stale entries among those of files that were judged, or that are gone.
fn stale(baseline: &Baseline, outcome: &Outcome, context: &Context) -> Vec<engine::baseline::Entry> {
    let judged: std::collections::BTreeSet<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
    baseline.stale(&|path| judged.contains(path) || !context.root.join(path).exists())
}

fn baseline(args: &BaselineArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let (BaselineCommand::Create(files)
    | BaselineCommand::Update(files)
    | BaselineCommand::Prune(files)
    | BaselineCommand::Show(files)) = &args.command;
    let BaselineFileArgs { paths, baseline: path, selection } = files;
    if let BaselineCommand::Show(_) = args.command {
        let lines = read_baseline(path)?.entries().into_iter();
        let lines = lines.map(|entry| format!("{}: {}: {}\n", entry.path, entry.rule, entry.excerpt));
        print(&lines.collect::<String>())?;
        return Ok(CLEAN);
    }
    if matches!(args.command, BaselineCommand::Create(_)) && path.exists() {
        let message = format!("`{}` is there already; `ddlint baseline update` changes it", path.display());
        return Err(Failure(message));
    }
    let context = Context::new(global, selection, paths)?;
    let sources = context.sources(paths, None, false)?;
    let mut old = match args.command {
        BaselineCommand::Create(_) => Baseline::default(),
        _ => read_baseline(path)?,
    };
    let outcome = engine::check(&sources, &context.settings, &context.rules, Some(&mut old));
    let gone = stale(&old, &outcome, &context);
    let kept = match args.command {
        BaselineCommand::Prune(_) => {
            old.remove(&gone);
            old
        }
        _ => merged(&old, &outcome, &context),
    };
    source::write_text(path, &kept.render())?;
    if !global.quiet {
        note(&format!("{} findings in `{}`", kept.len(), path.display()));
    }
    Ok(CLEAN)
}

/// The findings of now, and what `old` holds of files that were not judged but are still there.
fn merged(old: &Baseline, outcome: &Outcome, context: &Context) -> Baseline {
    let file = |finding: &crate::diagnostic::Diagnostic| outcome.files.get(finding.span.file.0 as usize);
    let counting = outcome.diagnostics.iter().filter(|d| d.status != crate::diagnostic::Status::Suppressed);
    let mut new = Baseline::of(counting.filter_map(|diagnostic| {
        let file = file(diagnostic)?;
        Some(Finding { path: &file.path, diagnostic, source: diagnostic.span.slice(&file.text) })
    }));
    let judged: std::collections::BTreeSet<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
    let unread = |path: &str| !judged.contains(path) && context.root.join(path).exists();
    new.extend(old.entries().into_iter().filter(|entry| unread(&entry.path)));
    new
}

fn init(args: &InitArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    if args.stats_query {
        print(STATS_QUERY)?;
        return Ok(CLEAN);
    }
    let folder = args.folder.strip_prefix(".").unwrap_or(&args.folder);
    let path = folder.join("ddlint.toml");
    if path.exists() && !args.force {
        return Err(Failure(format!("`{}` is there already; `--force` replaces it", path.display())));
    }
    source::write_text(&path, CONFIGURATION)?;
    if !global.quiet {
        note(&format!("wrote `{}`", path.display()));
    }
    Ok(CLEAN)
}

fn rules(args: &RuleArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let rules = Context::new(global, &SelectionArgs::default(), &[])?.rules.all;
    let text = match (&args.name, args.output_format) {
        (None, TextOrJson::Text) => pages::list(&rules),
        (None, TextOrJson::Json) => pages::list_json(&rules),
        (Some(name), format) => {
            let rule = pages::find(&rules, name).map_err(Failure)?;
            if format == TextOrJson::Json { pages::page_json(rule) } else { pages::page(rule) }
        }
    };
    print(&text)?;
    Ok(CLEAN)
}

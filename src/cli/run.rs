//! From arguments to work.

use clap::Parser;

use super::args::{Cli, Command, GlobalArgs, InitArgs, RuleArgs, SelectionArgs, TextOrJson};
use super::output::{Failure, finish, note, print};
use super::project::Setup;
use super::verdict::CLEAN;
use super::{CONFIGURATION, baseline, check, explain, pages};
use crate::rule::Rule;
use crate::source;

/// Runs the command line of this process. Misuse is said by clap, which exits with 2 then.
///
/// The work is done on a thread with a large stack: sources may be nested deeply.
pub fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let worker = std::thread::Builder::new().stack_size(crate::STACK).spawn(move || run(&cli));
    let result = match worker {
        Ok(worker) => {
            worker.join().unwrap_or_else(|_| Err(Failure("ddlint has stopped on an error of its own".to_owned())))
        }
        Err(error) => Err(Failure(format!("no thread can be started: {error}"))),
    };
    finish(result)
}

/// Does what the command line asks for; the exit code, or why it cannot be done.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Rule(args) => rules(args, &cli.global),
        Command::Check(args) => check::run(args, &cli.global),
        Command::Explain(args) => explain::run(args, &cli.global),
        Command::Baseline(args) => baseline::run(args, &cli.global),
        Command::Init(args) => init(args),
    }
}

fn rules(args: &RuleArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let setup = Setup::new(&[], global, &SelectionArgs::default())?;
    let rules: Vec<Rule> = setup.rules()?.all.iter().map(|rule| (**rule).clone()).collect();
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

/// Writes a commented configuration; one that is there stays unless `--force` is given.
fn init(args: &InitArgs) -> Result<u8, Failure> {
    let path = args.folder.join("ddlint.toml");
    if path.exists() && !args.force {
        return Err(Failure(format!("{} is there already; --force replaces it", path.display())));
    }
    source::write_text(&path, CONFIGURATION)?;
    note(&format!("wrote {}", path.display()));
    Ok(CLEAN)
}

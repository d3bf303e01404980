//! From arguments to work.

use clap::Parser;

use super::args::{Cli, Command, RuleArgs, TextOrJson};
use super::output::{Failure, finish, print};
use super::pages;
use super::verdict::CLEAN;
use crate::facts::Schema;
use crate::rule::{self, Rule};

/// Runs the command line of this process. Misuse is said by clap, which exits with 2 then.
pub fn main() -> std::process::ExitCode {
    finish(run(&Cli::parse()))
}

/// Does what the command line asks for; the exit code, or why it cannot be done.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Rule(args) => rules(args),
        Command::Check(_) | Command::Explain(_) | Command::Baseline(_) | Command::Init(_) => {
            Err(Failure("this command is not connected yet".to_owned()))
        }
    }
}

fn rules(args: &RuleArgs) -> Result<u8, Failure> {
    let rules = load()?;
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

/// The rules, or every error in their pages.
fn load() -> Result<Vec<Rule>, Failure> {
    let (rules, errors) = rule::load_all(&[], &Schema);
    if errors.is_empty() {
        return Ok(rules);
    }
    Err(Failure(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

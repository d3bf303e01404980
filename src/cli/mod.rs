//! The command line: arguments, what goes where, exit codes.

mod args;
mod explain;
mod explain_text;
mod files;
mod fixes;
mod context;
mod output;
mod pages;
mod run;
mod schema;
mod terminal;
mod verdict;

pub use args::{
    BaselineArgs, BaselineCommand, BaselineFileArgs, CheckArgs, Cli, Color, Command, ExplainArgs, FailOn, GlobalArgs,
    InitArgs, RuleArgs, SchemaArgs, SchemaFormat, SelectionArgs, TextOrJson,
};
pub use output::{Failure, finish, note, print};
pub use run::{main, run};
pub use verdict::{CLEAN, FAILURE, FINDINGS, exit_code, report, statistics};

/// The file that `ddlint init` writes.
pub const CONFIGURATION: &str = include_str!("ddlint.toml");

/// The query that `ddlint init --stats-query` prints.
pub const STATS_QUERY: &str = include_str!("stats.sql");

//! The command line as it is typed. Names and habits follow ruff where it has them.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::diagnostic::Severity;
use crate::report::Format;

/// A linter for database migrations: reads SQL and Python, runs nothing, needs no database.
#[derive(Parser, Debug)]
#[command(
    name = "ddlint",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    /// Options of every command.
    pub global: GlobalArgs,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Judge migrations and report findings
    Check(Box<CheckArgs>),
    /// Show what each statement does: lock, rewrite, scan, transaction
    Explain(ExplainArgs),
    /// Print the schema that the migrations leave
    Schema(SchemaArgs),
    /// List the rules, or show the page of one
    Rule(RuleArgs),
    /// Keep the findings of the past from counting
    Baseline(BaselineArgs),
    /// Write a commented `ddlint.toml`
    Init(InitArgs),
    /// Serve an editor: the Language Server Protocol on standard input and output
    Server,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct GlobalArgs {
    /// Use this configuration file instead of the nearest `ddlint.toml` or `pyproject.toml`
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "isolated", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, global = true, help_heading = "Global options")]
    pub isolated: bool,
    /// Print findings only: no summary, no notes
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t = Color::Auto,
        help_heading = "Global options"
    )]
    pub color: Color,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Color {
    /// On a terminal, and as NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE say
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which rules are on.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Rules")]
pub struct SelectionArgs {
    /// Only these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// These rules or groups as well
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub extend_select: Vec<String>,
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Files and folders; `-` reads standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    /// Which rules are on.
    pub selection: SelectionArgs,
    /// Exit with 1 for findings of this severity or above [default: warning]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Exit code")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 whatever is found
    #[arg(long, conflicts_with = "fail_on", help_heading = "Exit code")]
    pub exit_zero: bool,
    /// Form of the report [default: full]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub output_format: Option<Format>,
    /// Write the fixes that change nothing for the application into the files
    #[arg(long, help_heading = "Fixes")]
    pub fix: bool,
    /// With --fix, also those that want a look
    #[arg(long, requires = "fix", help_heading = "Fixes")]
    pub unsafe_fixes: bool,
    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output_file: Option<PathBuf>,
    /// Show baselined and suppressed findings as well
    #[arg(long, help_heading = "Output")]
    pub show_suppressed: bool,
    /// Count findings by rule instead of listing them
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// List the files that would be read, each with the reason, and stop
    #[arg(long, conflicts_with = "show_settings", help_heading = "Output")]
    pub show_files: bool,
    /// Print the settings as they are understood, and stop
    #[arg(long, help_heading = "Output")]
    pub show_settings: bool,
    /// Findings in this file do not count
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub baseline: Option<PathBuf>,
    /// Sizes of tables: what the query of `ddlint init --stats-query` prints
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub stats: Option<PathBuf>,
    /// Compare with the revision of git that is deployed, `origin/main` or a tag: columns and tables that its models use
    /// must stay, and migrations that it has count as run
    #[arg(long, value_name = "REF", help_heading = "Files")]
    pub diff_base: Option<String>,
    /// Path that standard input is judged as
    #[arg(long, value_name = "PATH", help_heading = "Files")]
    pub stdin_filename: Option<PathBuf>,
    /// Leave excluded files out also where they are named
    #[arg(long, help_heading = "Files")]
    pub force_exclude: bool,
}

/// Arguments of `explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TextOrJson::Text)]
    pub output_format: TextOrJson,
    /// Sizes of tables: what the query of `ddlint init --stats-query` prints
    #[arg(long, value_name = "FILE")]
    pub stats: Option<PathBuf>,
}

/// Arguments of `schema`.
#[derive(Args, Clone, Debug)]
pub struct SchemaArgs {
    /// Files and folders
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// As it is after the migration of this version, name or file, instead of the last one
    #[arg(long, value_name = "VERSION")]
    pub at: Option<String>,
    /// Form of the schema
    #[arg(long, alias = "output-format", value_enum, value_name = "FORMAT", default_value_t = SchemaFormat::Sql)]
    pub format: SchemaFormat,
}

/// Forms of a schema.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SchemaFormat {
    /// Statements that make it on an empty database
    #[default]
    Sql,
    /// For programs
    Json,
    /// An entity relationship diagram
    Mermaid,
}

/// Arguments of `rule`.
#[derive(Args, Clone, Debug)]
pub struct RuleArgs {
    /// Name of the rule
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TextOrJson::Text)]
    pub output_format: TextOrJson,
}

/// Forms of an answer that is no report of findings.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TextOrJson {
    /// For people
    #[default]
    #[value(alias = "full")]
    Text,
    /// For programs
    Json,
}

/// Arguments of `baseline`.
#[derive(Args, Clone, Debug)]
pub struct BaselineArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// What to do with the baseline.
#[derive(Subcommand, Clone, Debug)]
pub enum BaselineCommand {
    /// Write the findings of now into a new baseline
    Create(BaselineFileArgs),
    /// Add what is new and drop what is gone
    Update(BaselineFileArgs),
    /// Drop what is gone, add nothing
    Prune(BaselineFileArgs),
    /// Print the baseline by rule and file
    Show(BaselineFileArgs),
}

/// Arguments of every `baseline` command.
#[derive(Args, Clone, Debug)]
pub struct BaselineFileArgs {
    /// Files and folders to judge
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The baseline file
    #[arg(long, value_name = "FILE", default_value = ".ddlint-baseline")]
    pub baseline: PathBuf,
    #[command(flatten)]
    /// Which rules are on.
    pub selection: SelectionArgs,
}

/// Arguments of `init`.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// Folder of the project
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
    /// Replace a `ddlint.toml` that is there
    #[arg(long)]
    pub force: bool,
    /// Print the query whose answer is the file for `--stats`, and write nothing
    #[arg(long, conflicts_with = "force")]
    pub stats_query: bool,
}

/// From which severity on findings fail a run.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FailOn {
    /// Errors only
    Error,
    /// Warnings and errors
    #[default]
    Warning,
    /// Nothing
    Never,
}

impl FailOn {
    /// The mildest severity that fails a run; `None` for none.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Never => None,
        }
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(self.description()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn check_judges_the_folder_one_is_in() {
        let cli = Cli::try_parse_from(["ddlint", "check"]).unwrap();
        let Command::Check(check) = cli.command else { panic!("{cli:?}") };
        assert_eq!(check.paths, [PathBuf::from(".")]);
        assert_eq!((check.fail_on, check.output_format), (None, None));
    }

    #[test]
    fn lists_are_separated_by_commas_or_repeated() {
        let cli = Cli::try_parse_from(["ddlint", "check", "--select", "a,b", "--select=c", "x.sql"]).unwrap();
        let Command::Check(check) = cli.command else { panic!("{cli:?}") };
        assert_eq!(check.selection.select, ["a", "b", "c"]);
        assert_eq!(check.paths, [PathBuf::from("x.sql")]);
    }

    #[test]
    fn misuse_exits_with_2() {
        for line in [
            &["ddlint"][..],
            &["ddlint", "chekc"],
            &["ddlint", "check", "--output-format", "sariff"],
            &["ddlint", "check", "--exit-zero", "--fail-on", "error"],
            &["ddlint", "baseline"],
        ] {
            assert_eq!(Cli::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}

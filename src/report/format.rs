//! The formats by name.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::{Diagnostic, Status};
use crate::engine::Outcome;

/// A format of the report; the names are those of `--output-format`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Format {
    /// Source excerpts with underlines, for people.
    #[default]
    Full,
    /// One line per finding: `path:line:column: severity[rule] message`.
    Concise,
    /// The JSON contract, described at the top of `json.rs`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab Code Quality.
    Gitlab,
    /// JUnit XML.
    Junit,
    /// Reviewdog Diagnostic Format.
    Rdjson,
    /// A Markdown table.
    Markdown,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: &'static [Self] = &[
        Self::Full,
        Self::Concise,
        Self::Json,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Rdjson,
        Self::Markdown,
    ];

    /// The name in `--output-format`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Rdjson => "rdjson",
            Self::Markdown => "markdown",
        }
    }
}

impl Format {
    /// What it is for, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Full => "excerpts with underlines",
            Self::Concise => "one line per finding",
            Self::Json => "for programs, a contract",
            Self::Sarif => "SARIF 2.1.0, for code scanning",
            Self::Github => "annotations of GitHub Actions",
            Self::Gitlab => "Code Quality of GitLab",
            Self::Junit => "JUnit XML",
            Self::Rdjson => "for reviewdog",
            Self::Markdown => "a table for job summaries",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no format has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFormat(pub String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        write!(f, "unknown format `{}`; the formats are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownFormat {}

/// How to render. The defaults are those of output into a pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether `full` and `concise` use ANSI colours.
    pub color: bool,
    /// Whether `full` makes rule names links (OSC 8). Only sensible on a terminal.
    pub hyperlinks: bool,
    /// Whether `full` draws with box characters rather than ASCII.
    pub unicode: bool,
    /// Columns that `full` wraps at.
    pub width: usize,
    /// Whether baselined and suppressed findings are shown. JSON always lists them, by their `status`.
    pub show_suppressed: bool,
    /// Whether `full` ends with what the findings add up to.
    pub summary: bool,
    /// The exit code of the run, which SARIF records.
    pub exit_code: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            hyperlinks: false,
            unicode: true,
            width: 100,
            show_suppressed: false,
            summary: true,
            exit_code: 0,
        }
    }
}

impl Options {
    /// The findings that these options show, in order.
    pub fn shown<'o>(&self, outcome: &'o Outcome) -> impl Iterator<Item = &'o Diagnostic> + use<'o> {
        let all = self.show_suppressed;
        outcome.diagnostics.iter().filter(move |diagnostic| all || diagnostic.status == Status::New)
    }
}

/// Renders `outcome` in `format`. Every format ends with a line break, or is empty.
pub fn render(format: Format, outcome: &Outcome, options: &Options) -> String {
    match format {
        Format::Full => super::human::render(outcome, options),
        Format::Concise => super::concise::render(outcome, options),
        Format::Json => super::json::render(outcome, options),
        Format::Sarif => super::sarif::render(outcome, options),
        Format::Github => super::github::render(outcome, options),
        Format::Gitlab => super::gitlab::render(outcome, options),
        Format::Junit => super::junit::render(outcome, options),
        Format::Rdjson => super::rdjson::render(outcome, options),
        Format::Markdown => super::markdown::render(outcome, options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_format_has_its_own_name() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(*format));
        }
        let error = "sariff".parse::<Format>().unwrap_err().to_string();
        assert!(error.contains("`sariff`") && error.contains("sarif"), "{error}");
    }

    #[test]
    fn the_same_outcome_gives_the_same_bytes_and_a_last_line_that_ends() {
        for format in Format::ALL {
            let text = render(*format, &sample::outcome(), &Options::default());
            assert_eq!(text, render(*format, &sample::outcome(), &Options::default()), "{format}");
            assert!(text.ends_with('\n'), "{format}");
        }
    }
}

//! What is wrong with a rule's page, shown at its place.

use std::fmt;
use std::ops::Range;

use crate::diagnostic::did_you_mean;
use crate::span::LineIndex;

/// Characters of a line that are shown.
const WIDTH: usize = 120;

/// What is wrong with a rule's page. `Display` gives several lines with the place underlined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleError {
    /// The page.
    pub path: String,
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// The line, cut around the place where it is long.
    pub excerpt: Box<str>,
    /// 0-based character of `excerpt` where the place starts.
    pub offset: usize,
    /// Characters of `excerpt` that are meant; at least one.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        write!(f, "{margin} | {}{}", " ".repeat(self.offset), "^".repeat(self.width))?;
        match &self.help {
            Some(help) => write!(f, "\n{margin} = help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RuleError {}

/// An error and the bytes of the page it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error for a word that is none of `known`.
    pub(super) fn unknown(range: Range<usize>, what: &str, word: &str, known: &[&str]) -> Self {
        let fault = Self::new(range, format!("unknown {what} `{word}`"));
        match did_you_mean(word, known.iter().copied()) {
            Some(meant) => fault.help(meant),
            None if known.len() <= 30 => fault.help(format!("one of `{}`", known.join("`, `"))),
            None => fault,
        }
    }

    /// The error as the user sees it, in the page `text` at `path`.
    pub(super) fn at(self, path: &str, text: &str) -> RuleError {
        let lines = LineIndex::new(text);
        let at = u32::try_from(self.range.start.min(text.len())).unwrap_or(u32::MAX);
        let (line, column) = lines.line_column(text, at);
        let start = lines.start_of(line) as usize;
        let rest = text.get(start..).unwrap_or_default();
        let content = rest.split(['\n', '\r']).next().unwrap_or_default().trim_start_matches('\u{feff}');

        let meant = text.get(self.range.clone()).unwrap_or_default();
        let meant = meant.split(['\n', '\r']).next().unwrap_or_default().chars().count();
        let offset = column - 1;
        // A long line is cut so that the place stands in its first half.
        let skip = offset.saturating_sub(WIDTH / 2);
        let excerpt: String = content.chars().skip(skip).take(WIDTH).map(plain).collect();
        let offset = offset - skip;
        let room = excerpt.chars().count().saturating_sub(offset);
        RuleError {
            path: path.to_owned(),
            line,
            column,
            excerpt: excerpt.into_boxed_str(),
            offset,
            width: meant.min(room).max(1),
            message: self.message,
            help: self.help,
        }
    }
}

/// Tabs and control characters would move the underlining, or the terminal.
fn plain(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

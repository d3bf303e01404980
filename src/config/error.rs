//! What is wrong with a configuration, with the place and what was probably meant.

use std::fmt;
use std::ops::Range;

use crate::span::LineIndex;

/// An error in a configuration file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The file, as shown.
    pub path: String,
    /// 1-based line.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
    /// The line's text.
    pub excerpt: String,
    /// Number of characters that are meant.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ConfigError {
    /// An error about the bytes `range` of `text`.
    pub(super) fn new(path: &str, text: &str, range: Range<usize>, message: String, help: Option<String>) -> Self {
        let lines = LineIndex::new(text);
        let at = u32::try_from(range.start.min(text.len())).unwrap_or(u32::MAX);
        let (line, column) = lines.line_column(text, at);
        let excerpt = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        let meant = text.get(range).unwrap_or_default().lines().next().unwrap_or_default();
        Self { path: path.to_owned(), line, column, excerpt, width: meant.chars().count().max(1), message, help }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = " ".repeat(self.line.to_string().len());
        writeln!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{} | {}", self.line, self.excerpt)?;
        write!(f, "{margin} | {}{}", " ".repeat(self.column - 1), "^".repeat(self.width))?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n{margin} = help: {help}"))
    }
}

impl std::error::Error for ConfigError {}

//! The examples of a page, which are its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::error::Fault;
use super::head::{DIALECTS, ROLES};
use super::page::{Block, Fence};
use crate::config::Dialect;
use crate::source::Role;

/// Attributes without a value, besides the names of dialects.
const FLAGS: [&str; 13] = [
    "base",
    "fixed",
    "plain",
    "script",
    "alembic",
    "django",
    "goose",
    "dbmate",
    "flyway",
    "golang-migrate",
    "sqlx",
    "diesel",
    "prisma",
];

/// Attributes with a value.
const SETTINGS: [&str; 3] = ["path", "role", "version"];

/// What a rule must say to an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// At least one finding of the rule.
    Reports,
    /// No finding of the rule.
    Quiet,
}

/// The language of an example's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExampleLanguage {
    /// SQL.
    Sql,
    /// Python.
    Python,
    /// A configuration.
    Toml,
    /// A file that a runner keeps beside its migrations.
    Json,
}

impl ExampleLanguage {
    /// Whether there is something to judge in it.
    pub fn is_source(self) -> bool {
        matches!(self, Self::Sql | Self::Python)
    }
}

/// A file of an example.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExampleFile {
    /// Its path in the example's project, as written, else one under `migrations/`.
    pub path: String,
    /// Its language.
    pub language: ExampleLanguage,
    /// Its text.
    pub text: String,
    /// Its role, where written.
    pub role: Option<Role>,
    /// Its dialect, where written.
    pub dialect: Option<Dialect>,
    /// It is what the release has that runs: it stays, unless another file of its path takes its place.
    pub base: bool,
    /// Every attribute of the block, as written; those without a value have an empty one.
    pub attributes: BTreeMap<String, String>,
    /// 1-based line of the block on the page.
    pub line: usize,
}

/// A small project and what the rule says to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// What the rule must say.
    pub expect: Expect,
    /// Its files, in the order of the page; one at least is no configuration.
    pub files: Vec<ExampleFile>,
    /// What a fix makes of its first source.
    pub fixed: Option<String>,
    /// 1-based line of its first block on the page.
    pub line: usize,
}

/// Reads the blocks under *Reports* and *Stays quiet*.
pub(super) fn read(page: &str, blocks: &[Block<'_>]) -> Result<Vec<Example>, Fault> {
    let mut reader = Reader { page, expect: None, examples: Vec::new(), project: None };
    for block in blocks {
        match block {
            Block::Heading { level, text } => reader.heading(*level, text)?,
            Block::Fence(fence) => reader.fence(fence)?,
            Block::Paragraph(_) => {}
        }
    }
    reader.end_section()?;
    Ok(reader.examples)
}

struct Reader<'p> {
    page: &'p str,
    /// The section being read, if it is one of the two.
    expect: Option<Expect>,
    examples: Vec<Example>,
    /// Place in `examples` of the project that blocks with `path=` of this section belong to, and where it starts.
    project: Option<(usize, Range<usize>)>,
}

impl Reader<'_> {
    fn heading(&mut self, level: usize, text: &str) -> Result<(), Fault> {
        self.end_section()?;
        if level <= 2 {
            self.expect = match text.to_ascii_lowercase().as_str() {
                "reports" => Some(Expect::Reports),
                "stays quiet" => Some(Expect::Quiet),
                _ => None,
            };
        }
        Ok(())
    }

    fn end_section(&mut self) -> Result<(), Fault> {
        let Some((project, range)) = self.project.take() else { return Ok(()) };
        let source = |example: &Example| example.files.iter().any(|file| file.language.is_source());
        if self.examples.get(project).is_some_and(source) {
            return Ok(());
        }
        let fault = Fault::new(range, "this example is a configuration and nothing to judge");
        Err(fault.help("give the other blocks under the heading a `path=` too"))
    }

    fn fence(&mut self, fence: &Fence<'_>) -> Result<(), Fault> {
        let Some(expect) = self.expect else { return Ok(()) };
        let mut words = words(fence).into_iter();
        let language = match words.next() {
            Some(("sql", _)) => ExampleLanguage::Sql,
            Some(("python", _)) => ExampleLanguage::Python,
            Some(("toml", _)) => ExampleLanguage::Toml,
            Some(("json", _)) => ExampleLanguage::Json,
            Some(("text" | "console", _)) => return Ok(()),
            Some((word, range)) => {
                return Err(Fault::unknown(
                    range,
                    "language",
                    word,
                    &["sql", "python", "toml", "json", "text", "console"],
                ));
            }
            None => {
                let fault = Fault::new(fence.range.start..fence.range.start + 3, "the block has no language");
                return Err(fault.help("`sql` or `python`; `text` for what is no example"));
            }
        };
        let (file, fixed) = self.file(fence, language, words)?;
        if fixed {
            return self.fixed(fence, file.text);
        }
        let written_path = file.attributes.contains_key("path");
        if !language.is_source() && !written_path {
            let fault = Fault::new(fence.info_range.clone(), "a configuration needs a path");
            return Err(fault.help("write `toml path=ddlint.toml`, and give the blocks it is for a `path=`"));
        }
        match (&self.project, written_path) {
            (Some((project, _)), true) => {
                // The place was given by `examples.len()` before a push, and nothing is removed.
                let example = &mut self.examples[*project];
                if example.files.iter().any(|other| other.path == file.path && other.base == file.base) {
                    let fault = Fault::new(fence.info_range.clone(), format!("`{}` is there already", file.path));
                    return Err(fault.help("blocks with `path=` under one heading are one project; use `###` headings"));
                }
                example.files.push(file);
            }
            _ => {
                if written_path {
                    self.project = Some((self.examples.len(), fence.info_range.clone()));
                }
                self.examples.push(Example { expect, line: fence.line, files: vec![file], fixed: None });
            }
        }
        Ok(())
    }

    /// The file of a block, and whether it is marked `fixed`.
    fn file<'w>(
        &self,
        fence: &Fence<'_>,
        language: ExampleLanguage,
        words: impl Iterator<Item = (&'w str, Range<usize>)>,
    ) -> Result<(ExampleFile, bool), Fault> {
        let indent = self.page.get(fence.range.start..).unwrap_or_default();
        let indent = indent.len() - indent.trim_start_matches(' ').len();
        let mut file = ExampleFile {
            path: match language {
                ExampleLanguage::Sql => "migrations/0001_example.sql",
                ExampleLanguage::Python => "migrations/0001_example.py",
                ExampleLanguage::Toml | ExampleLanguage::Json => "ddlint.toml",
            }
            .to_owned(),
            language,
            text: unindent(fence.text, indent),
            role: None,
            dialect: None,
            base: false,
            attributes: BTreeMap::new(),
            line: fence.line,
        };
        for (word, range) in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let dialect = DIALECTS.iter().find(|(name, _)| *name == word).map(|(_, dialect)| *dialect);
            file.dialect = dialect.or(file.dialect);
            match (key, value) {
                ("path", path) if !path.is_empty() => path.clone_into(&mut file.path),
                ("role", role) if word.contains('=') => {
                    let known: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
                    let found = ROLES.iter().find(|(name, _)| *name == role).map(|(_, role)| *role);
                    file.role = Some(found.ok_or_else(|| Fault::unknown(range, "role", role, &known))?);
                }
                ("version", version) if !version.is_empty() => {}
                _ if dialect.is_some() || FLAGS.contains(&word) => {}
                _ => return Err(unknown_attribute(key, word, range)),
            }
            file.attributes.insert(key.to_owned(), value.to_owned());
        }
        let fixed = file.attributes.contains_key("fixed");
        file.base = file.attributes.contains_key("base");
        Ok((file, fixed))
    }

    /// A block that shows what a fix makes of the example before it.
    fn fixed(&mut self, fence: &Fence<'_>, text: String) -> Result<(), Fault> {
        match self.examples.last_mut() {
            Some(example) if example.fixed.is_none() && example.expect == Expect::Reports => {
                example.fixed = Some(text);
                Ok(())
            }
            _ => {
                let fault = Fault::new(fence.info_range.clone(), "`fixed` shows what becomes of the example before it");
                Err(fault.help("put it after a block under `## Reports` that has none yet"))
            }
        }
    }
}

fn unknown_attribute(key: &str, word: &str, range: Range<usize>) -> Fault {
    if SETTINGS.contains(&key) {
        return Fault::new(range, format!("`{key}` needs a value")).help(format!("write `{key}=…`"));
    }
    if key != word {
        return Fault::unknown(range, "attribute", key, &SETTINGS);
    }
    let mut known: BTreeSet<&str> = FLAGS.into_iter().collect();
    known.extend(DIALECTS.iter().map(|(name, _)| *name));
    Fault::unknown(range, "attribute", word, &known.into_iter().collect::<Vec<_>>())
}

/// The words after a fence, with their bytes of the page.
fn words<'p>(fence: &Fence<'p>) -> Vec<(&'p str, Range<usize>)> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in fence.info.split_whitespace() {
        // Words are found in order, so each is searched for after the one before.
        let found = fence.info.get(at..).and_then(|rest| rest.find(word)).map_or(at, |offset| at + offset);
        at = found + word.len();
        words.push((word, fence.info_range.start + found..fence.info_range.start + at));
    }
    words
}

/// The text without as many spaces at the start of each line as the fence has.
fn unindent(text: &str, indent: usize) -> String {
    if indent == 0 {
        return text.to_owned();
    }
    let cut = |line: &str| {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line.get(spaces.min(indent)..).unwrap_or_default().to_owned()
    };
    text.split_inclusive('\n').map(cut).collect()
}

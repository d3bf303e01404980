//! Rules: one Markdown page each, compiled and checked when loaded.
//!
//! A page is the rule's documentation, its condition and sentences (the `toml rule` block), and its tests (the blocks
//! under *Reports* and *Stays quiet*). The file's name is the rule's name. Whatever is wrong with a page is said by
//! [`load`], with line and column; a rule that loaded has no errors left.

mod error;
mod example;
mod head;
mod options;
mod page;
mod template;
#[cfg(test)]
mod tests;
mod toml_block;

use std::collections::{BTreeMap, BTreeSet};

pub use error::RuleError;
pub use example::{Example, ExampleFile, ExampleLanguage, Expect};
pub use options::{FactLookup, FactNames, RuleOption};
pub use template::Template;

use crate::config::Dialect;
use crate::diagnostic::did_you_mean;
use crate::diagnostic::{Confidence, Severity};
use crate::expr::{Program, Type, Value};
use crate::ir::OpKind;
use crate::source::Role;
use error::Fault;
use page::Block;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The file's name without `.md`.
    pub name: String,
    /// The file, for messages.
    pub path: String,
    /// The page's first heading: "Index built without CONCURRENTLY".
    pub title: String,
    /// The page's first paragraph as one line of Markdown.
    pub summary: String,
    /// The release that first had it.
    pub since: Option<String>,
    /// Its group.
    pub group: String,
    /// Severity before configuration.
    pub severity: Severity,
    /// How sure its findings are where all that they need is known.
    pub confidence: Confidence,
    /// Whether it is on without configuration.
    pub enabled: bool,
    /// The engine raises it from what it finds while reading; the page documents it and has no condition.
    pub raised_by_engine: bool,
    /// Kinds of operation it judges, in the order of the vocabulary, each once.
    pub on: Vec<OpKind>,
    /// Dialects it is for; empty means all.
    pub dialects: Vec<Dialect>,
    /// Roles of sources it is for; empty means all.
    pub roles: Vec<Role>,
    /// When it reports; absent means always.
    pub when: Option<Program>,
    /// The headline.
    pub message: Template,
    /// What to see at the place.
    pub label: Template,
    /// Which place is underlined.
    pub label_at: LabelAt,
    /// What to do.
    pub help: Option<Template>,
    /// Whether it reports where the condition is not known.
    pub on_unknown: OnUnknown,
    /// How often it reports.
    pub once_per: OncePer,
    /// Whether the size of the table raises or lowers the severity.
    pub by_size: bool,
    /// A higher severity on evidence.
    pub escalate: Option<Escalate>,
    /// Where this holds, a finding has low confidence.
    pub doubt: Option<Program>,
    /// The rewrite it asks for, by name.
    pub fix: Option<String>,
    /// What a team can set, by name.
    pub options: BTreeMap<String, RuleOption>,
    /// Its tests.
    pub examples: Vec<Example>,
    /// The page as Markdown, without its `toml rule` block.
    pub markdown: String,
    /// Address of the page, for built-in rules.
    pub url: Option<String>,
}

impl Default for Rule {
    /// A rule that judges nothing and says nothing.
    fn default() -> Self {
        Self {
            name: String::new(),
            path: String::new(),
            title: String::new(),
            summary: String::new(),
            since: None,
            group: String::new(),
            severity: Severity::Warning,
            confidence: Confidence::High,
            enabled: true,
            raised_by_engine: false,
            on: Vec::new(),
            dialects: Vec::new(),
            roles: Vec::new(),
            when: None,
            message: Template::default(),
            label: Template::default(),
            label_at: LabelAt::default(),
            help: None,
            on_unknown: OnUnknown::default(),
            once_per: OncePer::default(),
            by_size: false,
            escalate: None,
            doubt: None,
            fix: None,
            options: BTreeMap::new(),
            examples: Vec::new(),
            markdown: String::new(),
            url: None,
        }
    }
}

/// A severity that holds where a condition does: `[escalate]` on a page.
#[derive(Clone, Debug)]
pub struct Escalate {
    /// The severity, where it is higher than the rule's.
    pub severity: Severity,
    /// The evidence.
    pub when: Program,
}

/// Which place of an operation is underlined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LabelAt {
    /// The clause that is the operation.
    #[default]
    Op,
    /// The whole statement.
    Statement,
    /// The name of the table.
    Table,
    /// The name of the object.
    Name,
}

/// What a rule does where its condition is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnUnknown {
    /// Nothing.
    #[default]
    Quiet,
    /// It reports with low confidence.
    Report,
}

/// Of what a rule reports the first finding only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum OncePer {
    /// Every operation.
    #[default]
    Operation,
    /// Every statement.
    Statement,
    /// Every transaction.
    Transaction,
    /// Every migration.
    Migration,
    /// Every file.
    File,
    /// Every project: the files of one runner that are applied one after the other.
    Project,
}

/// A page that was read from somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The file's name without `.md`.
    pub name: String,
    /// The file, for messages.
    pub path: String,
    /// Its text.
    pub text: String,
}

static PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Name and text of each built-in rule's page, sorted by name.
pub fn builtin_pages() -> &'static [(&'static str, &'static str)] {
    PAGES
}

/// Loads the built-in rules and the pages of a team, sorted by name. A page with an error is left out of the rules;
/// so is a page with the name of another rule.
pub fn load_all(pages: &[Page], names: &dyn FactNames) -> (Vec<Rule>, Vec<RuleError>) {
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    for (name, text) in builtin_pages() {
        match load(name, &format!("rules/{name}.md"), text, names) {
            Ok(rule) => rules.push(Rule { url: builtin_url(name), ..rule }),
            Err(error) => errors.push(error),
        }
    }
    let mut taken: BTreeSet<&str> = builtin_pages().iter().map(|(name, _)| *name).collect();
    for page in pages {
        if taken.insert(&page.name) {
            match load(&page.name, &page.path, &page.text, names) {
                Ok(rule) => rules.push(rule),
                Err(error) => errors.push(error),
            }
        } else {
            let fault = Fault::new(0..0, format!("there is a rule `{}` already", page.name));
            errors.push(fault.help("give the page another file name").at(&page.path, &page.text));
        }
    }
    rules.sort_by(|one, other| one.name.cmp(&other.name));
    (rules, errors)
}

/// Address of a built-in rule's page, where the package names its repository.
fn builtin_url(name: &str) -> Option<String> {
    let repository = env!("CARGO_PKG_REPOSITORY");
    (!repository.is_empty()).then(|| format!("{repository}/blob/main/rules/{name}.md"))
}

/// Reads the page `text` of the rule `name` and checks all of it against the facts.
pub fn load(name: &str, path: &str, text: &str, names: &dyn FactNames) -> Result<Rule, RuleError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rule = read(name, text, names).map_err(|fault| fault.at(path, text))?;
    path.clone_into(&mut rule.path);
    Ok(rule)
}

fn read(name: &str, text: &str, names: &dyn FactNames) -> Result<Rule, Fault> {
    if text.len() > page::MAX_PAGE {
        let message = format!("a page has at most {} bytes, this one has {}", page::MAX_PAGE, text.len());
        return Err(Fault::new(0..0, message));
    }
    if !is_kebab(name) {
        let fault = Fault::new(0..0, format!("`{name}` is no name of a rule"));
        return Err(fault.help("name the file with lower-case letters, digits and `-`: `index-not-concurrent.md`"));
    }
    let blocks = page::blocks(text)?;
    let (title, summary) = opening(&blocks)?;
    let fence = rule_block(&blocks)?;
    let rule = head::read(text, fence, names)?;
    let examples = example::read(text, &blocks)?;
    let (before, after) = (text.get(..fence.range.start), text.get(fence.range.end..));
    let markdown =
        format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default().trim_start_matches(['\r', '\n']));
    Ok(Rule { name: name.to_owned(), title, summary, examples, markdown, ..rule })
}

/// Whether `word` is made of lower-case letters, digits and `-`: rules, groups, options.
fn is_kebab(word: &str) -> bool {
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    !word.is_empty() && word.chars().all(plain)
}

/// The first heading and the first paragraph after it.
fn opening(blocks: &[Block<'_>]) -> Result<(String, String), Fault> {
    let no_title = || {
        let fault = Fault::new(0..0, "the page has no title");
        fault.help("start it with a heading: `# Index built without CONCURRENTLY`")
    };
    let no_summary = || {
        let fault = Fault::new(0..0, "the page has no summary");
        fault.help("after the title, say in one paragraph what is reported and why")
    };
    let mut rest = blocks.iter();
    let title = rest.find_map(|block| match block {
        Block::Heading { level: 1, text } if !text.is_empty() => Some((*text).to_owned()),
        _ => None,
    });
    let title = title.ok_or_else(no_title)?;
    let summary = rest.take_while(|block| !matches!(block, Block::Heading { .. })).find_map(|block| match block {
        Block::Paragraph(text) => Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        _ => None,
    });
    Ok((title, summary.ok_or_else(no_summary)?))
}

/// The one block that is marked `toml rule`.
fn rule_block<'b, 'p>(blocks: &'b [Block<'p>]) -> Result<&'b page::Fence<'p>, Fault> {
    let mut found: Option<&page::Fence<'_>> = None;
    let mut unmarked = None;
    for block in blocks {
        let Block::Fence(fence) = block else { continue };
        let mut words = fence.info.split_whitespace();
        match (words.next(), words.next()) {
            (Some("toml"), Some("rule")) if found.is_some() => {
                return Err(Fault::new(fence.info_range.clone(), "a page has one `toml rule` block, this is a second"));
            }
            (Some("toml"), Some("rule")) => found = Some(fence),
            (Some("toml"), None) => unmarked = unmarked.or(Some(fence)),
            _ => {}
        }
    }
    found.ok_or_else(|| match unmarked {
        Some(fence) => {
            let fault = Fault::new(fence.info_range.clone(), "the page has no `toml rule` block");
            fault.help("is it this one? Then write ```` ```toml rule ````")
        }
        None => {
            let fault = Fault::new(0..0, "the page has no `toml rule` block");
            fault.help("after the summary, a block that starts with ```` ```toml rule ```` says what the rule judges")
        }
    })
}

impl Rule {
    /// The rule with options set as in `[rules.NAME]` of the configuration. The message of an error is a clause
    /// about one option.
    pub fn with_options(&self, settings: &toml::Table) -> Result<Self, String> {
        let mut rule = self.clone();
        for (name, setting) in settings {
            let Some(option) = rule.options.get_mut(name) else { return Err(self.unknown_option(name)) };
            let wanted = option.default.kind().map_or("nothing", Type::describe);
            option.default = match head::value_of(setting) {
                Some(value) if value.kind() == option.default.kind() => value,
                _ => return Err(format!("option `{name}` of `{}` is {wanted}, not `{setting}`", self.name)),
            };
        }
        let values: BTreeMap<u32, Value> =
            options::numbered(&rule.options).map(|(id, _, option)| (id, option.default.clone())).collect();
        let constants = |id: u32| values.get(&id).cloned();
        if let Some(when) = &rule.when {
            let rebound = when.rebind(&constants);
            rule.when = Some(rebound.map_err(|error| format!("an option of `{}`: {}", self.name, error.message))?);
        }
        if let Some(doubt) = &rule.doubt {
            let rebound = doubt.rebind(&constants);
            rule.doubt = Some(rebound.map_err(|error| format!("an option of `{}`: {}", self.name, error.message))?);
        }
        if let Some(escalate) = &mut rule.escalate {
            let rebound = escalate.when.rebind(&constants);
            escalate.when = rebound.map_err(|error| format!("an option of `{}`: {}", self.name, error.message))?;
        }
        rule.message = rule.message.rebind(&constants);
        rule.label = rule.label.rebind(&constants);
        rule.help = rule.help.map(|help| help.rebind(&constants));
        Ok(rule)
    }

    fn unknown_option(&self, name: &str) -> String {
        if self.options.is_empty() {
            return format!("`{}` has no option `{name}`, and no other", self.name);
        }
        match did_you_mean(name, self.options.keys().map(String::as_str)) {
            Some(meant) => format!("`{}` has no option `{name}`; {meant}", self.name),
            None => {
                let known: Vec<&str> = self.options.keys().map(String::as_str).collect();
                format!("`{}` has no option `{name}`; it has `{}`", self.name, known.join("`, `"))
            }
        }
    }
}

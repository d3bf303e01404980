//! The rules of a run: built-in pages and a team's, with the configuration applied.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::config::Settings;
use crate::diagnostic::did_you_mean;
use crate::facts::{self, FACTS, Schema};
use crate::ir::OpKind;
use crate::rule::{self, FactLookup, FactNames, Page, Rule};
use crate::source::{self, SourceError};

impl FactNames for Schema {
    fn lookup(&self, name: &str, kinds: &[OpKind]) -> FactLookup {
        match facts::find(name) {
            Some((id, fact)) if kinds.iter().any(|kind| fact.applies_to(*kind)) => FactLookup::Found(id, fact.ty),
            Some((_, fact)) => FactLookup::WrongKind(Self::kinds(fact)),
            None => FactLookup::Missing,
        }
    }

    fn all(&self) -> Vec<String> {
        FACTS.iter().map(|fact| fact.name.to_owned()).collect()
    }
}

/// What is wrong with the rules of a run: pages with errors, names that do not exist, options that do not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulesError(pub Vec<String>);

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n\n"))
    }
}

impl std::error::Error for RulesError {}

/// Every rule that is known, and which of them are on.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// All, by name, with severities and options as configured.
    pub all: Vec<Arc<Rule>>,
    /// Names of those that are on.
    pub enabled: BTreeSet<String>,
}

impl RuleSet {
    /// The pages in the folders that `settings` name relative to `base`, with paths relative to `root`.
    pub fn pages(settings: &Settings, base: &Path, root: &Path) -> Result<Vec<Page>, SourceError> {
        let mut pages = Vec::new();
        for folder in &settings.rules_dirs {
            for (name, path, text) in source::pages(&base.join(folder))? {
                let path = path.strip_prefix(root).unwrap_or(&path).display().to_string().replace('\\', "/");
                pages.push(Page { name, path, text });
            }
        }
        Ok(pages)
    }

    /// Loads the built-in rules and a team's `pages`, and applies `settings`.
    pub fn load(pages: &[Page], settings: &Settings) -> Result<Self, RulesError> {
        let (rules, errors) = rule::load_all(pages, &Schema);
        let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let known: BTreeSet<String> = rules.iter().flat_map(|rule| [rule.name.clone(), rule.group.clone()]).collect();
        let mut ask = |word: &str, place: &str| {
            if word != "ALL" && !known.contains(word) {
                errors.push(unknown(word, place, &known));
            }
        };
        settings.select.iter().flatten().for_each(|word| ask(word, "select"));
        settings.ignore.iter().for_each(|word| ask(word, "ignore"));
        settings.extend_select.iter().for_each(|word| ask(word, "extend-select"));
        settings.per_file_ignores.values().flatten().for_each(|word| ask(word, "per-file-ignores"));
        settings.rules.keys().for_each(|word| ask(word, "rules"));
        let mut all = Vec::new();
        for rule in rules {
            match configured(rule, settings) {
                Ok(rule) => all.push(Arc::new(rule)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(RulesError(errors));
        }
        let on = all.iter().filter(|rule| enabled(rule, settings)).map(|rule| rule.name.clone());
        Ok(Self { enabled: on.collect(), all })
    }

    /// The rules that are on.
    pub fn enabled(&self) -> Vec<Arc<Rule>> {
        self.all.iter().filter(|rule| self.enabled.contains(&rule.name)).cloned().collect()
    }

    /// The rule of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Rule>> {
        let at = self.all.binary_search_by(|rule| rule.name.as_str().cmp(name)).ok()?;
        self.all.get(at)
    }
}

/// Whether a list of names and groups names the rule.
pub(super) fn names(list: &[String], rule: &Rule) -> bool {
    list.iter().any(|word| *word == rule.name || *word == rule.group || word == "ALL")
}

fn enabled(rule: &Rule, settings: &Settings) -> bool {
    let said = settings.rules.get(&rule.name);
    if said.is_some_and(|said| said.off) || names(&settings.ignore, rule) {
        return false;
    }
    match &settings.select {
        Some(select) => names(select, rule) || names(&settings.extend_select, rule),
        // A rule that is off by itself is on when the configuration says something about it.
        None => rule.enabled || said.is_some() || names(&settings.extend_select, rule),
    }
}

fn configured(mut rule: Rule, settings: &Settings) -> Result<Rule, String> {
    let Some(said) = settings.rules.get(&rule.name) else { return Ok(rule) };
    if let Some(severity) = said.severity {
        rule.severity = severity;
        rule.escalate = None;
        rule.by_size = false;
    }
    let rule = rule.with_options(&said.options);
    rule.map_err(|message| format!("in [rules]: {message}"))
}

fn unknown(word: &str, place: &str, known: &BTreeSet<String>) -> String {
    let meant = did_you_mean(word, known.iter().map(String::as_str));
    let help = meant.unwrap_or_else(|| "`ddlint rule` lists them".to_owned());
    format!("in `{place}`: there is no rule or group `{word}`; {help}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_page_loads() {
        let (rules, errors) = rule::load_all(&[], &Schema);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n\n"));
        assert!(rules.len() > 30, "the pages are embedded");
    }

    #[test]
    fn what_is_on_follows_the_configuration() {
        let set = |toml: &str| {
            let settings = Settings::from_toml(toml, "ddlint.toml").expect("fine");
            RuleSet::load(&[], &settings).expect("fine").enabled
        };
        assert!(!set("").contains("unique-index-name"));
        assert!(set("[rules.unique-index-name]\npattern = '^uq_'").contains("unique-index-name"));
        assert!(set("extend-select = ['naming']").contains("unique-index-name"));
        assert!(!set("ignore = ['locking']").contains("index-not-concurrent"));
        assert_eq!(set("select = ['table-truncated']").len(), 1);
    }

    #[test]
    fn a_name_that_does_not_exist_is_an_error() {
        let settings = Settings::from_toml("ignore = ['index-not-concurent']", "ddlint.toml").expect("fine");
        let error = RuleSet::load(&[], &settings).expect_err("refused").to_string();
        assert!(error.contains("did you mean `index-not-concurrent`?"), "{error}");
    }
}

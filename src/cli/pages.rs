//! `ddlint rule`: the list of rules, and the page of one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::Severity;
use crate::diagnostic::did_you_mean;
use crate::rule::Rule;

/// A rule for programs.
#[derive(Serialize)]
struct Entry<'r> {
    name: &'r str,
    title: &'r str,
    summary: &'r str,
    group: &'r str,
    severity: Severity,
    enabled: bool,
    since: Option<&'r str>,
    url: Option<&'r str>,
    markdown: &'r str,
}

impl<'r> From<&'r Rule> for Entry<'r> {
    fn from(rule: &'r Rule) -> Self {
        Self {
            name: &rule.name,
            title: &rule.title,
            summary: &rule.summary,
            group: &rule.group,
            severity: rule.severity,
            enabled: rule.enabled,
            since: rule.since.as_deref(),
            url: rule.url.as_deref(),
            markdown: &rule.markdown,
        }
    }
}

/// The rules by group, one line each.
pub(super) fn list(rules: &[Arc<Rule>]) -> String {
    let mut groups: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        groups.entry(&rule.group).or_default().push(rule);
    }
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (group, rules) in &groups {
        // Writing to a `String` does not fail.
        let _ = writeln!(out, "{group}");
        for rule in rules {
            let off = if rule.enabled { "" } else { " (off by default)" };
            let _ = writeln!(out, "  {:width$}  {:7}  {}{off}", rule.name, rule.severity.as_str(), rule.title);
        }
        out.push('\n');
    }
    out.push_str("`ddlint rule NAME` shows the page of a rule\n");
    out
}

/// The page of `rule` as Markdown, after a line of what its head says.
pub(super) fn page(rule: &Rule) -> String {
    let since = rule.since.as_ref().map(|since| format!(", since {since}")).unwrap_or_default();
    let off = if rule.enabled { "" } else { ", off by default" };
    let mut out = format!("{} ({}, {}{off}{since})\n\n", rule.name, rule.group, rule.severity.as_str());
    out.push_str(rule.markdown.trim());
    out.push('\n');
    if let Some(url) = &rule.url {
        let _ = writeln!(out, "\n{url}");
    }
    out
}

/// The list for programs.
pub(super) fn list_json(rules: &[Arc<Rule>]) -> String {
    json(&rules.iter().map(|rule| Entry::from(rule.as_ref())).collect::<Vec<_>>())
}

/// One rule for programs.
pub(super) fn page_json(rule: &Rule) -> String {
    json(&Entry::from(rule))
}

/// The rule of the name, or what to say where there is none.
pub(super) fn find<'r>(rules: &'r [Arc<Rule>], name: &str) -> Result<&'r Rule, String> {
    rules.iter().map(AsRef::as_ref).find(|rule: &&Rule| rule.name == name).ok_or_else(|| {
        let meant = did_you_mean(name, rules.iter().map(|rule| rule.name.as_str()));
        let hint = meant.unwrap_or_else(|| "`ddlint rule` lists the rules".to_owned());
        format!("no rule is named `{name}`; {hint}")
    })
}

fn json<T: Serialize>(value: &T) -> String {
    // Structs of strings cannot fail to serialise.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<Arc<Rule>> {
        let rule = |name: &str, group: &str, enabled| {
            Arc::new(Rule {
                name: name.to_owned(),
                title: format!("Title of {name}"),
                group: group.to_owned(),
                enabled,
                markdown: "# Title\n\nSummary.\n\n## Why\n\nBecause.\n".to_owned(),
                since: Some("0.1.0".to_owned()),
                ..Rule::default()
            })
        };
        vec![rule("index-not-concurrent", "locking", true), rule("index-name", "naming", false)]
    }

    #[test]
    fn the_list_is_by_group() {
        insta::assert_snapshot!(list(&rules()), @"
        locking
          index-not-concurrent  warning  Title of index-not-concurrent

        naming
          index-name            warning  Title of index-name (off by default)

        `ddlint rule NAME` shows the page of a rule
        ");
    }

    #[test]
    fn a_page_is_its_markdown() {
        insta::assert_snapshot!(page(&rules()[1]), @"
        index-name (naming, warning, off by default, since 0.1.0)

        # Title

        Summary.

        ## Why

        Because.
        ");
    }

    #[test]
    fn a_misspelt_name_is_answered_with_what_was_meant() {
        let error = find(&rules(), "index-not-concurent").unwrap_err();
        assert_eq!(error, "no rule is named `index-not-concurent`; did you mean `index-not-concurrent`?");
    }
}

//! The page of a rule, over a finding.

use std::collections::BTreeSet;

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position, Range};

use super::client::Client;
use super::judged::Judged;
use crate::engine::RuleSet;
use crate::rule::Rule;

/// The pages of the rules that found something at `position`.
pub(super) fn hover(judged: &Judged, rules: &RuleSet, position: Position, client: &Client) -> Option<Hover> {
    let mut range = None;
    let mut seen = BTreeSet::new();
    let mut pages = Vec::new();
    for (found, shown) in judged.at(Range { start: position, end: position }) {
        if let Some(rule) = rules.get(&found.rule)
            && seen.insert(&rule.name)
        {
            range = range.or(Some(shown.range));
            pages.push(page(rule));
        }
    }
    let kind = if client.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    let contents = HoverContents::Markup(MarkupContent { kind, value: pages.join("\n\n---\n\n") });
    Some(Hover { contents, range: Some(range?) })
}

/// The page of `rule` for people: without the block that is for the program.
fn page(rule: &Rule) -> String {
    let text = rule.markdown.trim();
    let without = text.split_once("```toml rule").and_then(|(before, rest)| {
        let (_, after) = rest.split_once("\n```")?;
        Some(format!("{}\n\n{}", before.trim_end(), after.trim_start()))
    });
    let url = rule.url.as_ref().map(|url| format!("\n\n{url}")).unwrap_or_default();
    format!("{}\n\n`{}`{url}", without.as_deref().unwrap_or(text).trim_end(), rule.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_without_its_head() {
        let markdown = "# Title\n\nSummary.\n\n```toml rule\nwhen = \"x\"\n```\n\n## Why\n\nBecause.\n".to_owned();
        let rule = Rule { name: "a-rule".to_owned(), markdown, ..Rule::default() };
        assert_eq!(page(&rule), "# Title\n\nSummary.\n\n## Why\n\nBecause.\n\n`a-rule`");
    }
}

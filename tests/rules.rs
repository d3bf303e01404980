//! Every rule page is a test: what stands under *Reports* is reported, what stands under *Stays quiet* is not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ddlint::config::Settings;
use ddlint::engine::{self, RuleSet};
use ddlint::facts::FACTS;
use ddlint::fix;
use ddlint::rule::{Example, Expect, Rule};
use ddlint::source::{Role, Sources};

use crate::support::{commit, project, same_as_committed, write};

/// The rules with the settings of nobody.
fn rules() -> RuleSet {
    RuleSet::load(&[], &Settings::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The settings of an example: its own configuration, with the roles that its blocks are marked with.
fn settings(rule: &Rule, example: &Example) -> Settings {
    let configuration = example.files.iter().find(|file| file.path == "ddlint.toml");
    let text = configuration.map_or("", |file| file.text.as_str());
    let mut settings = Settings::from_toml(text, "ddlint.toml").unwrap_or_else(|error| panic!("{error}"));
    if configuration.is_none() {
        settings.extend_select.push(rule.name.clone());
    }
    for file in &example.files {
        match file.role {
            Some(Role::Indexes) => settings.indexes.push(file.path.clone()),
            Some(Role::Backfills) => settings.backfills.push(file.path.clone()),
            Some(Role::Migrations) | None => {}
        }
        settings.dialect = file.dialect.unwrap_or(settings.dialect);
        if file.language.is_source() {
            settings.include.push(file.path.clone());
        }
    }
    settings
}

/// What the rule says to an example: the number of findings, all of them as text, and the fixed first source.
fn judge(rule: &Rule, example: &Example) -> (usize, String, String) {
    let files = |base: bool| {
        let files = example.files.iter().filter(move |file| file.base == base);
        files.map(|file| (file.path.as_str(), file.text.as_bytes())).collect::<Vec<_>>()
    };
    // What runs is committed; the rest is written over it.
    let folder = project(&files(true));
    let compared = !files(true).is_empty();
    if compared {
        commit(folder.path());
    }
    write(folder.path(), &files(false));
    let settings = settings(rule, example);
    let rules = RuleSet::load(&[], &settings).unwrap_or_else(|errors| panic!("{errors}"));
    let sources = Sources::discover(&[folder.path().to_owned()], folder.path(), &settings).expect("it is there");
    let sources = if compared { sources.compared_with("HEAD").expect("it was committed") } else { sources };
    let outcome = engine::check(&sources, &settings, &rules, None);
    let mut said = String::new();
    for diagnostic in &outcome.diagnostics {
        let _ = writeln!(said, "      {}: {}", diagnostic.rule, diagnostic.message);
    }
    let own: Vec<_> = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.rule == rule.name).collect();
    let edits: Vec<_> = own.iter().filter_map(|d| d.fix.as_ref()).flat_map(|fix| fix.edits.clone()).collect();
    let first = outcome.files.first().map_or("", |file| file.text.as_str());
    (own.len(), said, fix::apply(first, &edits).0)
}

#[test]
fn every_example_does_what_its_page_says() {
    let mut wrong = String::new();
    let mut count = 0;
    for rule in &rules().all {
        for example in &rule.examples {
            let (found, said, fixed) = judge(rule, example);
            count += 1;
            let expected = match example.expect {
                Expect::Reports => found > 0,
                Expect::Quiet => found == 0,
            };
            if !expected {
                let _ = writeln!(
                    wrong,
                    "{}:{}: {:?}, and found {found}; all:\n{said}",
                    rule.path, example.line, example.expect
                );
            }
            if let Some(wanted) = &example.fixed
                && *wanted != fixed
            {
                let _ = writeln!(wrong, "{}:{}: the fix gives\n{fixed}", rule.path, example.line);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 100, "the pages have examples");
}

#[test]
fn every_rule_has_both_sorts_of_example_and_every_fix_is_shown() {
    for rule in rules().all.iter().filter(|rule| !rule.raised_by_engine) {
        let has = |expect| rule.examples.iter().any(|example| example.expect == expect);
        assert!(has(Expect::Reports) && has(Expect::Quiet), "{} lacks examples", rule.path);
        if let Some(name) = &rule.fix {
            assert!(fix::NAMES.contains(&name.as_str()), "{}: there is no rewrite `{name}`", rule.path);
            assert!(rule.examples.iter().any(|example| example.fixed.is_some()), "{} shows no fixed block", rule.path);
        }
    }
}

#[test]
fn facts_are_few_for_the_rules_there_are() {
    let rules = rules();
    let judged = rules.all.iter().filter(|rule| !rule.raised_by_engine).count();
    let mut used: BTreeMap<&str, usize> = FACTS.iter().map(|fact| (fact.name, 0)).collect();
    for rule in &rules.all {
        let mentioned = rule.when.iter().flat_map(|when| when.facts().to_vec()).chain(rule.message.facts());
        for id in mentioned {
            *used.entry(FACTS[id as usize].name).or_default() += 1;
        }
    }
    // A fact that says what is written is the vocabulary; one that is worked out is analysis.
    let analysis = ["data.batched", "data.idempotent", "data.keyed_by_literals", "op.guarded", "record.faults"];
    let analysis = analysis.len()
        + ["record.duplicate", "migration.partial", "transaction.alters_existing", "table.preexisting"].len()
        + ["op.preexisting", "op.dropped_before", "op.loop_in_transaction"].len()
        + ["column.filled_here", "constraint.added_here", "enum.used_early"].len()
        + ["setting.too_late", "setting.covers_blocking", "table.locked_in_previous_file", "migration.by_hand"].len()
        + ["migration.twin", "migration.missing_version", "migration.passed_over_by", "migration.one_way"].len()
        + ["transaction.uncommitted"].len()
        + ["op.exists_already", "op.missing_tables", "op.missing_columns", "table.read_by"].len()
        + ["table.view_takes_name", "table.rebuilt", "column.narrowed"].len()
        + ["foreign_key.mismatch", "foreign_key.target_not_unique", "foreign_key.without_index"].len()
        + ["constraint.never_validated", "index.repeats"].len()
        + ["transaction.holds", "transaction.tables_locked", "effect.work", "index.left_invalid"].len()
        + ["column.type_change", "column.computed", "effect.scanned", "lock.others"].len()
        + ["index.built", "partition.scanned", "foreign_key.validated", "op.mapping"].len();
    println!("{analysis} analysis facts for {judged} rules; {} facts in all", FACTS.len());
    assert!(analysis * 2 <= judged, "more than one analysis fact for two rules: the vocabulary is wrong");
}

/// Writes (with DDLINT_BLESS set) or checks the page that is generated from the table of facts.
#[test]
fn the_documentation_of_facts_is_that_of_the_table() {
    let mut page = String::from(
        "# Facts\n\nGenerated from `src/facts/table.rs` by `DDLINT_BLESS=1 cargo test documentation_of_facts`.\n\n| fact | type | of | meaning |\n|---|---|---|---|\n",
    );
    for fact in FACTS {
        let of = if fact.families.is_empty() { "every operation".to_owned() } else { fact.families.join(", ") };
        let _ = writeln!(page, "| `{}` | {:?} | {of} | {} |", fact.name, fact.ty, fact.doc);
    }
    same_as_committed("docs/facts.md", &page);
}

#[test]
fn the_list_of_rules_is_that_of_the_pages() {
    let mut page = String::from(
        "# Rules\n\nGenerated from `rules/` by `DDLINT_BLESS=1 cargo test list_of_rules`.\n\n| rule | group | severity | on by default | reports |\n|---|---|---|---|---|\n",
    );
    for rule in &rules().all {
        let on = if rule.enabled { "yes" } else { "no" };
        let _ = writeln!(
            page,
            "| [{0}](../rules/{0}.md) | {1} | {2} | {on} | {3} |",
            rule.name,
            rule.group,
            rule.severity.as_str(),
            rule.title
        );
    }
    same_as_committed("docs/rules.md", &page);
}

//! `fixtures/three-pillars` is a home-made migration system that grew over years. Beside it stand lists of every
//! hazard planted in it (`expected.txt`) and of every trap (`traps.txt`): all hazards are found, and nothing else.

use std::collections::BTreeSet;

use crate::support::{ddlint, root};

/// The rows of a list: path, line, rule or reason.
fn rows(name: &str) -> Vec<(String, u64, String)> {
    let path = root().join("fixtures/three-pillars").join(name);
    let text = std::fs::read_to_string(&path).expect("the list is there");
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut fields = line.split('\t');
            let mut next = || fields.next().expect("path, line, rule").to_owned();
            (next(), next().parse().expect("a line number"), next())
        })
        .collect()
}

fn found() -> BTreeSet<(String, u64, String)> {
    let run = ddlint(&root().join("fixtures/three-pillars"), &["check", ".", "--output-format", "json"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    run.findings()
        .iter()
        .map(|finding| (text(&finding["path"]), finding["line"].as_u64().unwrap_or(0), text(&finding["rule"])))
        .collect()
}

#[test]
fn every_planted_hazard_is_found_and_nothing_else() {
    let expected: BTreeSet<_> = rows("expected.txt").into_iter().collect();
    let found = found();
    let list = |set: Vec<&(String, u64, String)>| {
        let rows: Vec<_> = set.iter().map(|(path, line, rule)| format!("  {path}:{line} {rule}")).collect();
        rows.join("\n")
    };
    let missed = list(expected.difference(&found).collect());
    let extra = list(found.difference(&expected).collect());
    assert!(expected.len() > 100, "the fixture is a real one");
    assert!(missed.is_empty() && extra.is_empty(), "missed:\n{missed}not planted:\n{extra}");
}

#[test]
fn no_trap_is_taken_for_a_hazard() {
    let planted: BTreeSet<_> = rows("expected.txt").into_iter().map(|(path, line, _)| (path, line)).collect();
    let found: BTreeSet<_> = found().into_iter().map(|(path, line, _)| (path, line)).collect();
    let traps = rows("traps.txt");
    assert!(traps.len() > 70, "the fixture has traps");
    for (path, line, why) in traps {
        let place = (path, line);
        assert!(!found.contains(&place) || planted.contains(&place), "{place:?} is a trap: {why}");
    }
}

//! `ddlint check --show-files`: what was found, and why it is taken for what it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::config::Role;
use crate::frontend::{Outline, Reader};
use crate::history;
use crate::source::{Language, SourceFile, Sources};

/// The files to be read and those left alone, each with the reasons; then how many there are.
pub(super) fn list(sources: &Sources) -> String {
    let reader = Reader::default();
    let mut out = String::new();
    let mut runners: BTreeMap<&str, usize> = BTreeMap::new();
    for file in sources.files() {
        describe(&mut out, file, &reader, sources);
        *runners.entry(file.runner.as_str()).or_default() += 1;
    }
    for file in sources.skipped() {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}\n  left alone  {}\n", file.path, file.why);
    }
    let number = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let runners: Vec<_> = runners.into_iter().map(|(runner, count)| format!("{count} {runner}")).collect();
    let runners = if runners.is_empty() { String::new() } else { format!(" ({})", runners.join(", ")) };
    let _ = writeln!(out, "{} read{runners}, {} left alone", number(sources.files().len()), sources.skipped().len());
    out
}

/// A block of a file: a line for each thing that is known of it, and behind a dash why.
fn describe(out: &mut String, file: &SourceFile, reader: &Reader, sources: &Sources) {
    let evidence = &file.evidence;
    let mut lines: Vec<(&str, String, String)> = vec![
        ("read", evidence.read.clone(), String::new()),
        ("runner", file.runner.as_str().to_owned(), evidence.runner.clone()),
    ];
    if let Some(version) = history::version(file) {
        let list = file.place.listed.map(|number| format!("number {} in its list", number + 1));
        lines.push(("version", version.to_owned(), list.unwrap_or_default()));
    } else if let Some(number) = file.place.listed {
        lines.push(("version", format!("number {} in its list", number + 1), String::new()));
    } else if file.place.repeatable {
        lines.push(("version", "none".to_owned(), "repeated whenever it changes".to_owned()));
    }
    lines.push(("dialect", file.dialect.as_str().to_owned(), evidence.dialect.clone()));
    if file.role != Role::default() || !evidence.role.is_empty() {
        lines.push(("role", file.role.as_str().to_owned(), evidence.role.clone()));
    }
    for unit in reader.outline(file, sources) {
        lines.push((unit.direction.as_str(), transaction(file, &unit), unit.why));
    }
    if file.language == Language::Python {
        lines.push(("up", "in transactions as the code arranges them".to_owned(), String::new()));
    }
    // The sections of a file mostly agree.
    lines.dedup();
    let _ = writeln!(out, "{}", file.path);
    for (key, value, why) in lines {
        let because = if why.is_empty() { String::new() } else { format!(" — {why}") };
        let _ = writeln!(out, "  {key:<10}  {value}{because}");
    }
    out.push('\n');
}

/// The transaction of a unit in words.
fn transaction(file: &SourceFile, unit: &Outline) -> String {
    match (unit.transaction, unit.implicit) {
        ("runner", _) if unit.batch => {
            format!("in one transaction of {} with all that is pending", file.runner.as_str())
        }
        ("runner", _) => format!("in a transaction of {}", file.runner.as_str()),
        ("none", true) => "in no transaction of its runner, but statements sent in one string share one".to_owned(),
        ("none", false) => "in no transaction".to_owned(),
        _ => "in a transaction or not".to_owned(),
    }
}

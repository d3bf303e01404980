//! `ddlint check --show-files`: what was found, and why it is taken for what it is.

use std::fmt::Write as _;

use crate::frontend::Reader;
use crate::source::{Language, SourceFile, Sources};

/// The files to be read and those left alone, each with the reasons.
pub(super) fn list(sources: &Sources) -> String {
    let reader = Reader::default();
    let mut out = String::new();
    for file in sources.files() {
        describe(&mut out, file, &reader, sources);
    }
    for file in sources.skipped() {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}: left alone: {}", file.path, file.why);
    }
    out
}

fn describe(out: &mut String, file: &SourceFile, reader: &Reader, sources: &Sources) {
    let evidence = &file.evidence;
    let because = |why: &str| if why.is_empty() { String::new() } else { format!(" ({why})") };
    let mut lines: Vec<(&str, String, String)> = vec![
        ("runner", file.runner.as_str().to_owned(), evidence.runner.clone()),
        ("role", file.role.as_str().to_owned(), evidence.role.clone()),
        ("dialect", file.dialect.as_str().to_owned(), evidence.dialect.clone()),
    ];
    for unit in reader.outline(file, sources) {
        let batch = if unit.batch { ", with all that is pending" } else { "" };
        lines.push((unit.direction.as_str(), format!("transaction: {}{batch}", unit.transaction), unit.why));
    }
    if file.language == Language::Python {
        lines.push(("transaction", "as the code arranges it".to_owned(), String::new()));
    }
    // The sections of a file mostly agree.
    lines.dedup();
    let _ = writeln!(out, "{}: {}", file.path, evidence.read);
    for (key, value, why) in lines {
        let _ = writeln!(out, "  {key}: {value}{}", because(&why));
    }
}

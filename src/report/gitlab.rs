//! `gitlab`: the Code Quality report of GitLab.

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::Options;
use super::place::{Places, Unit};
use crate::diagnostic::Severity;
use crate::engine::Outcome;

#[derive(Serialize)]
struct Issue<'o> {
    description: &'o str,
    check_name: &'o str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'o>,
}

#[derive(Serialize)]
struct Location<'o> {
    path: &'o str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Renders the array of issues. GitLab wants each fingerprint once, so it is made of rule, path, statement and the
/// ordinal among equals.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let mut seen = BTreeMap::new();
    let mut issues = Vec::new();
    for diagnostic in options.shown(outcome) {
        let place = places.place(diagnostic.span, Unit::Character);
        let path = places.path(diagnostic.span.file);
        let ordinal = seen.entry((&diagnostic.rule, path, &diagnostic.fingerprint)).or_insert(0_usize);
        *ordinal += 1;
        let key = format!("{}\0{path}\0{}\0{ordinal}", diagnostic.rule, diagnostic.fingerprint);
        issues.push(Issue {
            description: &diagnostic.message,
            check_name: &diagnostic.rule,
            fingerprint: format!("{:016x}", xxh3_64(key.as_bytes())),
            severity: match diagnostic.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Info => "info",
            },
            location: Location { path, lines: Lines { begin: place.line, end: place.end_line } },
        });
    }
    super::text::json(&issues)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn an_issue_and_no_fingerprint_twice() {
        let text = render(&sample::outcome(), &Options { show_suppressed: true, ..Options::default() });
        let issues: serde_json::Value = serde_json::from_str(&text).unwrap();
        insta::assert_snapshot!(issues[1], @r##"{"check_name":"index-not-concurrent","description":"building index `ix` blocks writes to `orders`","fingerprint":"554623c24cf9e757","location":{"lines":{"begin":2,"end":2},"path":"db/migrations/0002 note.sql"},"severity":"major"}"##);
        let mut fingerprints: Vec<_> =
            issues.as_array().unwrap().iter().map(|i| i["fingerprint"].to_string()).collect();
        fingerprints.sort();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), 5);
    }
}

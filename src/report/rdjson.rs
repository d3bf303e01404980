//! `rdjson`: the Reviewdog Diagnostic Format. Its columns count bytes of UTF-8.

use serde::Serialize;

use super::Options;
use super::place::{Places, Unit};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Outcome;
use crate::span::Span;

#[derive(Serialize)]
struct Report<'o> {
    source: Source,
    diagnostics: Vec<Entry<'o>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
}

#[derive(Serialize)]
struct Entry<'o> {
    message: &'o str,
    severity: &'static str,
    code: Code<'o>,
    location: Location<'o>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'o>>,
}

#[derive(Serialize)]
struct Code<'o> {
    value: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'o str>,
}

#[derive(Serialize)]
struct Location<'o> {
    path: &'o str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Suggestion<'o> {
    range: Range,
    text: &'o str,
}

/// Renders one diagnostic result.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let diagnostics = options.shown(outcome).map(|diagnostic| entry(diagnostic, &places)).collect();
    super::text::json(&Report { source: Source { name: env!("CARGO_PKG_NAME") }, diagnostics })
}

fn entry<'o>(diagnostic: &'o Diagnostic, places: &Places<'o>) -> Entry<'o> {
    // A suggestion is for the file of its diagnostic.
    let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits).filter(|edit| edit.span.file == diagnostic.span.file);
    Entry {
        message: &diagnostic.message,
        severity: match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        },
        code: Code { value: &diagnostic.rule, url: diagnostic.url.as_deref() },
        location: Location { path: places.path(diagnostic.span.file), range: range(diagnostic.span, places) },
        suggestions: edits.map(|edit| Suggestion { range: range(edit.span, places), text: &edit.text }).collect(),
    }
}

fn range(span: Span, places: &Places<'_>) -> Range {
    let place = places.place(span, Unit::Byte);
    Range {
        start: Position { line: place.line, column: place.column },
        end: Position { line: place.end_line, column: place.end_column },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn columns_are_bytes() {
        let report: serde_json::Value = serde_json::from_str(&render(&sample::outcome(), &Options::default())).unwrap();
        insta::assert_snapshot!(report["diagnostics"][1], @r##"{"code":{"url":"https://example.org/rules/index-not-concurrent","value":"index-not-concurrent"},"location":{"path":"db/migrations/0002 note.sql","range":{"end":{"column":44,"line":2},"start":{"column":12,"line":2}}},"message":"building index `ix` blocks writes to `orders`","severity":"ERROR","suggestions":[{"range":{"end":{"column":24,"line":2},"start":{"column":24,"line":2}},"text":" CONCURRENTLY"}]}"##);
    }
}

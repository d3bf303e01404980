//! `json`: the contract with programs.
//!
//! ```json
//! {"schema": 1, "tool": {"name": "ddlint", "version": "…"},
//!  "findings": [{"rule", "group", "severity": "error" | "warning" | "info", "confidence": "high" | "medium" | "low",
//!    "path", "line", "column", "end_line", "end_column", "clause": {"path", "line", …}, "message", "help", "url",
//!    "operation": {"kind", "table", "name"} | null,
//!    "related": [{"path", "line", "column", "end_line", "end_column", "text"}],
//!    "fingerprint", "status": "new" | "baselined" | "suppressed", "justification",
//!    "fix": {"description", "applicability": "safe" | "unsafe",
//!            "edits": [{"path", "start": {"line", "column"}, "end": {"line", "column"}, "text"}]} | null}],
//!  "summary": {"files", "migrations", "operations", "opaque", "unresolved",
//!    "calls": {"directives", "unknown_directives", "resolved", "partly", "unresolved"},
//!    "errors", "warnings", "infos", "baselined", "suppressed"}}
//! ```
//!
//! Lines and columns are 1-based, columns count characters, ends are exclusive. What is not known is `null`. Every
//! finding is listed; those that do not count have another `status` than `new` and are not among the errors, warnings
//! and infos of the summary. Keys may be added under the same `schema`; none changes its meaning or goes.

use serde::Serialize;

use super::Options;
use super::place::{Place, Places, Unit};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Severity, Status};
use crate::engine::{Outcome, Summary};
use crate::span::Span;

/// The version of the contract.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report<'o> {
    schema: u32,
    tool: Tool,
    findings: Vec<Finding<'o>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Finding<'o> {
    rule: &'o str,
    group: &'o str,
    severity: Severity,
    confidence: Confidence,
    #[serde(flatten)]
    at: At<'o>,
    /// The part of the statement that is meant; the statement itself where it is not one of several.
    clause: At<'o>,
    message: &'o str,
    help: Option<&'o str>,
    url: Option<&'o str>,
    operation: Option<Operation<'o>>,
    related: Vec<Related<'o>>,
    fingerprint: &'o str,
    status: Status,
    justification: Option<&'o str>,
    fix: Option<Fix<'o>>,
}

#[derive(Serialize)]
struct At<'o> {
    path: &'o str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Operation<'o> {
    kind: &'static str,
    table: Option<&'o str>,
    name: Option<&'o str>,
}

#[derive(Serialize)]
struct Related<'o> {
    #[serde(flatten)]
    at: At<'o>,
    text: &'o str,
}

#[derive(Serialize)]
struct Fix<'o> {
    description: &'o str,
    applicability: Applicability,
    edits: Vec<Replacement<'o>>,
}

#[derive(Serialize)]
struct Replacement<'o> {
    path: &'o str,
    start: Point,
    end: Point,
    text: &'o str,
}

#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
}

/// Renders the contract above.
pub(super) fn render(outcome: &Outcome, _options: &Options) -> String {
    let places = Places::new(outcome);
    let report = Report {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        findings: outcome.diagnostics.iter().map(|diagnostic| finding(diagnostic, &places)).collect(),
        summary: outcome.summary,
    };
    super::text::json(&report)
}

fn finding<'o>(diagnostic: &'o Diagnostic, places: &Places<'o>) -> Finding<'o> {
    let about = &diagnostic.about;
    let related = diagnostic.related.iter();
    let fix = diagnostic.fix.as_ref().map(|fix| Fix {
        description: &fix.description,
        applicability: fix.applicability,
        edits: fix.edits.iter().map(|edit| replacement(edit, places)).collect(),
    });
    Finding {
        rule: &diagnostic.rule,
        group: &diagnostic.group,
        severity: diagnostic.severity,
        confidence: diagnostic.confidence,
        at: at(diagnostic.statement, places),
        clause: at(diagnostic.span, places),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        url: diagnostic.url.as_deref(),
        operation: about.kind.map(|kind| Operation {
            kind,
            table: about.table.as_deref(),
            name: about.name.as_deref(),
        }),
        related: related.map(|label| Related { at: at(label.span, places), text: &label.text }).collect(),
        fingerprint: &diagnostic.fingerprint,
        status: diagnostic.status,
        justification: diagnostic.justification.as_deref(),
        fix,
    }
}

fn at<'o>(span: Span, places: &Places<'o>) -> At<'o> {
    let Place { line, column, end_line, end_column } = places.place(span, Unit::Character);
    At { path: places.path(span.file), line, column, end_line, end_column }
}

fn replacement<'o>(edit: &'o Edit, places: &Places<'o>) -> Replacement<'o> {
    let place = places.place(edit.span, Unit::Character);
    Replacement {
        path: places.path(edit.span.file),
        start: Point { line: place.line, column: place.column },
        end: Point { line: place.end_line, column: place.end_column },
        text: &edit.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_contract() {
        let mut outcome = sample::outcome();
        outcome.diagnostics.retain(|diagnostic| diagnostic.fix.is_some());
        let text = render(&outcome, &Options::default()).replace(env!("CARGO_PKG_VERSION"), "[version]");
        insta::assert_snapshot!(text, @r#"
        {
          "schema": 1,
          "tool": {
            "name": "ddlint",
            "version": "[version]"
          },
          "findings": [
            {
              "rule": "index-not-concurrent",
              "group": "locking",
              "severity": "error",
              "confidence": "high",
              "path": "db/migrations/0002 note.sql",
              "line": 2,
              "column": 9,
              "end_line": 2,
              "end_column": 41,
              "clause": {
                "path": "db/migrations/0002 note.sql",
                "line": 2,
                "column": 9,
                "end_line": 2,
                "end_column": 41
              },
              "message": "building index `ix` blocks writes to `orders`",
              "help": "create it CONCURRENTLY, outside a transaction",
              "url": "https://example.org/rules/index-not-concurrent",
              "operation": {
                "kind": "index.create",
                "table": "orders",
                "name": "ix"
              },
              "related": [
                {
                  "path": "db/migrations/0002 note.sql",
                  "line": 1,
                  "column": 14,
                  "end_line": 1,
                  "end_column": 20,
                  "text": "the table is created here"
                },
                {
                  "path": "server/db_migrate.py",
                  "line": 2,
                  "column": 5,
                  "end_line": 2,
                  "end_column": 13,
                  "text": "the transaction is opened here"
                }
              ],
              "fingerprint": "00000000000000aa",
              "status": "new",
              "justification": null,
              "fix": {
                "description": "build the index CONCURRENTLY",
                "applicability": "unsafe",
                "edits": [
                  {
                    "path": "db/migrations/0002 note.sql",
                    "start": {
                      "line": 2,
                      "column": 21
                    },
                    "end": {
                      "line": 2,
                      "column": 21
                    },
                    "text": " CONCURRENTLY"
                  }
                ]
              }
            }
          ],
          "summary": {
            "files": 2,
            "migrations": 3,
            "operations": 4,
            "opaque": 0,
            "unresolved": 0,
            "calls": {
              "directives": 0,
              "unknown_directives": 0,
              "resolved": 0,
              "partly": 0,
              "unresolved": 0
            },
            "errors": 2,
            "warnings": 1,
            "infos": 0,
            "baselined": 1,
            "suppressed": 1
          }
        }
        "#);
    }

    #[test]
    fn every_finding_is_listed_by_its_status() {
        let text = render(&sample::outcome(), &Options::default());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let status: Vec<_> = value["findings"].as_array().unwrap().iter().map(|finding| &finding["status"]).collect();
        assert_eq!(status, ["new", "new", "suppressed", "new", "baselined"]);
        assert_eq!(value["findings"][2]["justification"], "kept as it was");
    }
}

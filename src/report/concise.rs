//! `concise`: one line per finding, as editors and problem matchers read it.

use std::fmt::Write;

use super::Options;
use super::place::{Places, Unit};
use super::text::printable;
use crate::diagnostic::{Severity, Status};
use crate::engine::Outcome;

/// Renders `path:line:column: severity[rule] message` per finding.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let mut out = String::new();
    for diagnostic in options.shown(outcome) {
        let place = places.place(diagnostic.span, Unit::Character);
        let (color, reset) = match (options.color, diagnostic.severity) {
            (false, _) => ("", ""),
            (true, Severity::Error) => ("\u{1b}[31m", "\u{1b}[0m"),
            (true, Severity::Warning) => ("\u{1b}[33m", "\u{1b}[0m"),
            (true, Severity::Info) => ("\u{1b}[36m", "\u{1b}[0m"),
        };
        let status = match diagnostic.status {
            Status::New => "",
            Status::Baselined => " (baselined)",
            Status::Suppressed => " (suppressed)",
        };
        // Writing to a `String` does not fail.
        let _ = writeln!(
            out,
            "{}:{}:{}: {color}{}{reset}[{}] {}{status}",
            printable(places.path(diagnostic.span.file)),
            place.line,
            place.column,
            diagnostic.severity.as_str(),
            diagnostic.rule,
            printable(&diagnostic.message),
        );
    }
    out
}

//! `junit`: the XML of JUnit, one suite per file and one failed case per finding.

use std::fmt::Write;

use super::Options;
use super::place::{Places, Unit};
use crate::diagnostic::Diagnostic;
use crate::engine::Outcome;
use crate::span::FileId;

/// Renders the suites of the files with findings, or one case that passed where there is none.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let shown: Vec<&Diagnostic> = options.shown(outcome).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let total = shown.len();
    // Writing to a `String` does not fail, here and below.
    let _ = writeln!(out, "<testsuites name=\"ddlint\" tests=\"{}\" failures=\"{total}\" errors=\"0\">", total.max(1));
    if shown.is_empty() {
        out.push_str("  <testsuite name=\"ddlint\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">\n");
        out.push_str("    <testcase name=\"no findings\" classname=\"ddlint\"/>\n  </testsuite>\n");
    }
    // Findings are sorted by path, so those of a file stand together.
    for suite in shown.chunk_by(|one, other| one.span.file == other.span.file) {
        let file = suite.first().map_or(FileId::default(), |diagnostic| diagnostic.span.file);
        let (path, count) = (escape(places.path(file)), suite.len());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{path}\" tests=\"{count}\" failures=\"{count}\" errors=\"0\" skipped=\"0\">"
        );
        for diagnostic in suite {
            case(&mut out, diagnostic, &path, &places);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, diagnostic: &Diagnostic, path: &str, places: &Places<'_>) {
    let place = places.place(diagnostic.span, Unit::Character);
    let (rule, message) = (escape(&diagnostic.rule), escape(&diagnostic.message));
    let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {}", escape(help))).unwrap_or_default();
    let (line, column) = (place.line, place.column);
    let _ = writeln!(
        out,
        "    <testcase name=\"{rule} at {line}:{column}\" classname=\"{path}\" file=\"{path}\" line=\"{line}\">\n      \
         <failure type=\"{}\" message=\"{message}\">{path}:{line}:{column}: {message}{help}</failure>\n    </testcase>",
        diagnostic.severity.as_str(),
    );
}

/// `text` as XML character data or attribute value; characters that XML 1.0 cannot hold are replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_sample() {
        insta::assert_snapshot!(render(&sample::outcome(), &Options::default()), @r##"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="ddlint" tests="3" failures="3" errors="0">
          <testsuite name="db/migrations/0002 note.sql" tests="2" failures="2" errors="0" skipped="0">
            <testcase name="parse-error at 1:27" classname="db/migrations/0002 note.sql" file="db/migrations/0002 note.sql" line="1">
              <failure type="warning" message="this cannot be read">db/migrations/0002 note.sql:1:27: this cannot be read</failure>
            </testcase>
            <testcase name="index-not-concurrent at 2:9" classname="db/migrations/0002 note.sql" file="db/migrations/0002 note.sql" line="2">
              <failure type="error" message="building index `ix` blocks writes to `orders`">db/migrations/0002 note.sql:2:9: building index `ix` blocks writes to `orders`
        help: create it CONCURRENTLY, outside a transaction</failure>
            </testcase>
          </testsuite>
          <testsuite name="server/db_migrate.py" tests="1" failures="1" errors="0" skipped="0">
            <testcase name="backfill-in-migration at 5:9" classname="server/db_migrate.py" file="server/db_migrate.py" line="5">
              <failure type="error" message="`UPDATE` changes rows of `users` in a migration">server/db_migrate.py:5:9: `UPDATE` changes rows of `users` in a migration</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "##);
    }

    #[test]
    fn no_findings_are_a_test_that_passed() {
        assert!(render(&Outcome::default(), &Options::default()).contains("tests=\"1\" failures=\"0\""));
    }

    #[test]
    fn names_cannot_break_the_markup() {
        assert_eq!(escape("a<b>&\"c\u{1b}"), "a&lt;b&gt;&amp;&quot;c\u{fffd}");
    }
}

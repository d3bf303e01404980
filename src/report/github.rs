//! `github`: workflow commands, which GitHub Actions shows as annotations.

use std::fmt::Write;

use super::Options;
use super::place::{Place, Places, Unit};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Outcome;

/// Annotations of one severity that GitHub shows per step; it drops the others without a word.
const SHOWN: usize = 10;

/// Renders one workflow command per finding.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let mut out = String::new();
    let mut by_severity = [0_usize; 3];
    for diagnostic in options.shown(outcome) {
        let (command, count) = match diagnostic.severity {
            Severity::Error => ("error", &mut by_severity[0]),
            Severity::Warning => ("warning", &mut by_severity[1]),
            Severity::Info => ("notice", &mut by_severity[2]),
        };
        *count += 1;
        write_command(&mut out, command, diagnostic, &places);
    }
    let dropped: usize = by_severity.iter().map(|count| count.saturating_sub(SHOWN)).sum();
    if dropped > 0 {
        // Writing to a `String` does not fail, here and below.
        let _ = writeln!(
            out,
            "{dropped} more in this log: GitHub annotates {SHOWN} findings of a severity; \
             `--output-format sarif` and code scanning show all"
        );
    }
    out
}

fn write_command(out: &mut String, command: &str, diagnostic: &Diagnostic, places: &Places<'_>) {
    let Place { line, column, end_line, end_column } = places.place(diagnostic.span, Unit::Character);
    let _ = write!(
        out,
        "::{command} title={},file={},line={line},",
        property(&format!("ddlint[{}]", diagnostic.rule)),
        property(places.path(diagnostic.span.file)),
    );
    // Columns of an annotation over several lines are not understood; the end column is exclusive here, not there.
    if end_line == line {
        let _ = write!(out, "col={column},endColumn={}", end_column.saturating_sub(1).max(column));
    } else {
        let _ = write!(out, "endLine={end_line}");
    }
    let _ = write!(out, "::{}", data(&diagnostic.message));
    if let Some(help) = &diagnostic.help {
        let _ = write!(out, "%0Ahelp: {}", data(help));
    }
    out.push('\n');
}

/// Escapes the text after `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_sample() {
        insta::assert_snapshot!(render(&sample::outcome(), &Options::default()), @"
        ::warning title=ddlint[parse-error],file=db/migrations/0002 note.sql,line=1,col=27,endColumn=30::this cannot be read
        ::error title=ddlint[index-not-concurrent],file=db/migrations/0002 note.sql,line=2,col=9,endColumn=40::building index `ix` blocks writes to `orders`%0Ahelp: create it CONCURRENTLY, outside a transaction
        ::error title=ddlint[backfill-in-migration],file=server/db_migrate.py,line=5,endLine=6::`UPDATE` changes rows of `users` in a migration
        ");
    }

    #[test]
    fn nothing_in_a_file_can_start_a_command_of_its_own() {
        assert_eq!(data("a\n::error::b 100%"), "a%0A::error::b 100%25");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}

//! `markdown`: a table, for job summaries and comments.

use std::fmt::Write;

use super::Options;
use super::place::{Places, Unit};
use super::text::printable;
use crate::engine::Outcome;

/// Renders a table with a row per finding.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let mut rows = String::new();
    for diagnostic in options.shown(outcome) {
        let place = places.place(diagnostic.span, Unit::Character);
        let rule = match &diagnostic.url {
            Some(url) => format!("[{}]({url})", diagnostic.rule),
            None => diagnostic.rule.clone(),
        };
        // Writing to a `String` does not fail.
        let _ = writeln!(
            rows,
            "| {} | {rule} | {}:{} | {} |",
            diagnostic.severity.as_str(),
            cell(places.path(diagnostic.span.file)),
            place.line,
            cell(&diagnostic.message),
        );
    }
    if rows.is_empty() {
        return "ddlint found nothing.\n".to_owned();
    }
    format!("| severity | rule | place | finding |\n| --- | --- | --- | --- |\n{rows}")
}

/// `text` in a cell: on one line, its markup shown and not meant, but for the backticks of names.
fn cell(text: &str) -> String {
    printable(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('[', "\\[")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_sample() {
        insta::assert_snapshot!(render(&sample::outcome(), &Options::default()), @"
        | severity | rule | place | finding |
        | --- | --- | --- | --- |
        | warning | parse-error | db/migrations/0002 note.sql:1 | this cannot be read |
        | error | [index-not-concurrent](https://example.org/rules/index-not-concurrent) | db/migrations/0002 note.sql:2 | building index `ix` blocks writes to `orders` |
        | error | backfill-in-migration | server/db_migrate.py:5 | `UPDATE` changes rows of `users` in a migration |
        ");
    }

    #[test]
    fn a_cell_stays_a_cell() {
        assert_eq!(cell("a | b\n<img> [x](y)"), "a \\| b &lt;img> \\[x](y)");
    }
}

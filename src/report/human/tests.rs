use super::*;
use crate::report::sample;
use crate::span::FileId;

fn plain() -> Options {
    Options { width: 80, ..Options::default() }
}

/// One finding at the first `needle` of `text`, rendered.
fn rendered(text: &str, needle: &str, options: &Options) -> String {
    let span = sample::span_of(0, text, needle);
    let mut diagnostic = sample::diagnostic("rule", Severity::Error, span, "headline");
    diagnostic.label = "here".to_owned();
    render(&sample::outcome_of(&[("a.sql", text)], vec![diagnostic]), options)
}

#[test]
fn the_sample() {
    insta::assert_snapshot!(render(&sample::outcome(), &plain()), @r##"
        warning[parse-error]

          ⚠ this cannot be read
           ╭─[db/migrations/0002 note.sql:1:27]
         1 │ CREATE TABLE orders (note text); -- 😀
           ·                           ────
         2 │ /* 😀 */ CREATE INDEX ix ON orders (note);
           ╰────

        error[index-not-concurrent]

          × building index `ix` blocks writes to `orders`
           ╭─[db/migrations/0002 note.sql:2:9]
         1 │ CREATE TABLE orders (note text); -- 😀
           ·              ───┬──
           ·                 ╰── the table is created here
         2 │ /* 😀 */ CREATE INDEX ix ON orders (note);
           ·          ────────────────┬───────────────
           ·                          ╰── takes SHARE lock for the whole build
           ╰────
          help: create it CONCURRENTLY, outside a transaction
                fix available: build the index CONCURRENTLY
          ☞ the transaction is opened here
           ╭─[server/db_migrate.py:2:5]
         1 │ def run_36(engine):
         2 │     exec_ddl(
           ·     ────────
         3 │         engine,
           ╰────

        error[backfill-in-migration]

          × `UPDATE` changes rows of `users` in a migration
           ╭─[server/db_migrate.py:5:9]
         4 │             """
         5 │ ╭─▶         UPDATE users
         6 │ ╰─▶         SET plan = 'free'
         7 │             """,
           ╰────

        Found 2 errors and 1 warning in 2 files (3 migrations, 4 operations); 1 baselined, 1 suppressed
        `ddlint rule parse-error` says more
        "##);
}

#[test]
fn ascii_where_the_terminal_has_no_box_characters() {
    let text = rendered("SELECT 1;\nDROP TABLE a;\n", "DROP TABLE a", &Options { unicode: false, ..plain() });
    insta::assert_snapshot!(text, @"
        error[rule]

          x headline
           ,-[a.sql:2:1]
         1 | SELECT 1;
         2 | DROP TABLE a;
           : ^^^^^^|^^^^^
           :       `-- here
           `----

        Found nothing in 0 files (0 migrations, 0 operations)
        `ddlint rule rule` says more
        ");
}

#[test]
fn crlf_a_lone_cr_and_a_byte_order_mark_keep_lines_and_columns() {
    let text = rendered("\u{feff}SELECT 1;\r\nSELECT 2;\rDROP TABLE a;\r\n", "DROP TABLE a", &plain());
    insta::assert_snapshot!(text, @"
        error[rule]

          × headline
           ╭─[a.sql:3:1]
         2 │ SELECT 2;
         3 │ DROP TABLE a;
           · ──────┬─────
           ·       ╰── here
           ╰────

        Found nothing in 0 files (0 migrations, 0 operations)
        `ddlint rule rule` says more
        ");
}

#[test]
fn the_source_cannot_write_to_the_terminal() {
    let text = rendered("DROP TABLE a; -- \u{1b}[2J\u{202e}\n", "DROP TABLE a", &plain());
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[test]
fn an_empty_file_can_have_a_finding() {
    let diagnostic = sample::diagnostic("rule", Severity::Warning, Span::file(FileId(0)), "nothing here");
    let text = render(&sample::outcome_of(&[("a.sql", "")], vec![diagnostic]), &plain());
    assert!(text.contains("nothing here"), "{text}");
    assert!(text.contains("a.sql:1:1"), "{text}");
}

#[test]
fn a_place_outside_the_file_costs_the_excerpt_and_not_the_finding() {
    for span in [Span::new(FileId(0), 90, 99), Span::new(FileId(9), 0, 1)] {
        let diagnostic = sample::diagnostic("rule", Severity::Error, span, "headline");
        let text = render(&sample::outcome_of(&[("a.sql", "SELECT 1;")], vec![diagnostic]), &plain());
        assert!(text.contains("headline") && text.contains("[rule]"), "{text}");
    }
}

#[test]
fn a_long_statement_is_shown_by_its_first_line() {
    let long = format!("UPDATE a SET\n{}x = 1", "  y = 1,\n".repeat(100));
    let text = rendered(&format!("SELECT 1;\n{long};\n"), &long, &plain());
    assert!(text.lines().count() < 15, "{text}");
    assert!(text.contains("UPDATE a SET"), "{text}");
}

#[test]
fn a_long_line_is_cut_around_the_finding_and_its_column_is_right() {
    let line = format!("{}DROP TABLE a;{}", "SELECT 1; ".repeat(5000), " SELECT 2;".repeat(5000));
    let text = rendered(&line, "DROP TABLE a", &plain());
    assert!(text.contains("a.sql:1:50001"), "{text}");
    assert!(text.contains("DROP TABLE a;"), "{text}");
    assert!(text.len() < 4000, "{} bytes", text.len());
}

#[test]
fn what_is_printed_of_a_big_file_is_what_its_findings_show() {
    // Ten thousand findings on one line of two megabytes: anything that walks the line for each would not end.
    let text = "DROP TABLE a; -- x\t\t\t\t ".repeat(100_000);
    let findings = (0..10_000)
        .map(|n| sample::diagnostic("rule", Severity::Error, Span::new(FileId(0), n * 230, n * 230 + 12), "headline"));
    let outcome = sample::outcome_of(&[("a.sql", &text)], findings.collect());
    assert!(render(&outcome, &plain()).len() < 20_000_000);
}

#[test]
fn links_are_made_only_where_asked_for() {
    let outcome = sample::outcome();
    assert!(!render(&outcome, &plain()).contains("https://example.org"));
    let linked = render(&outcome, &Options { hyperlinks: true, ..plain() });
    assert!(linked.contains("\u{1b}]8;;https://example.org/rules/index-not-concurrent"), "{linked}");
}

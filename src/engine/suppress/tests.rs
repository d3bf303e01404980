use super::*;
use crate::source::Language;

fn file(path: &str, text: &str) -> SourceFile {
    let language = if path == "m.py" { Language::Python } else { Language::Sql };
    SourceFile::of_text(FileId(0), path, text, language)
}

fn span(text: &str, needle: &str) -> Span {
    let start = text.find(needle).unwrap_or_else(|| panic!("{needle:?} is in the text"));
    Span::new(FileId(0), start, start + needle.len())
}

/// Whether `rule` is silenced at the statement `needle`.
fn silenced(path: &str, text: &str, needle: &str, rule: &str) -> bool {
    let at = span(text, needle);
    Suppressions::scan(&file(path, text)).apply(at, at, None, rule).is_some()
}

fn rules(names: &[&'static str]) -> BTreeSet<&'static str> {
    names.iter().copied().collect()
}

#[test]
fn before_the_statement_or_on_one_of_its_lines() {
    let text = "\
-- ddlint: ignore[x] why
-- another comment

DROP TABLE a;
DROP TABLE b; -- ddlint: ignore[x] why
DROP TABLE
  -- ddlint: ignore[x] why
  c;
/* ddlint: ignore[x] why
   over two lines */
DROP TABLE d; DROP TABLE e;
DROP TABLE f;
";
    for statement in
        ["DROP TABLE a", "DROP TABLE b", "DROP TABLE\n  -- ddlint: ignore[x] why\n  c", "DROP TABLE d", "DROP TABLE e"]
    {
        assert!(silenced("m.sql", text, statement, "x"), "{statement}");
        assert!(!silenced("m.sql", text, statement, "y"), "{statement}");
    }
    assert!(!silenced("m.sql", text, "DROP TABLE f", "x"));
}

#[test]
fn a_string_is_no_comment() {
    let text = "INSERT INTO t VALUES ('-- ddlint: ignore[x]', E'\\'-- ddlint: ignore[x]',\n\"-- ddlint: ignore[x]\");";
    assert!(!silenced("m.sql", text, "INSERT INTO t VALUES", "x"));
    let text = "print('# ddlint: ignore[x]'); execute(\"DROP TABLE a\")";
    assert!(!silenced("m.py", text, "DROP TABLE a", "x"));
}

#[test]
fn a_dollar_quoted_body_is_code_and_its_odd_apostrophe_ends_with_it() {
    let text = "DO $f$ BEGIN\n  DROP TABLE a; -- ddlint: ignore[x] why\nEND $f$;\nSELECT $$don't$$;\nDROP TABLE b; -- ddlint: ignore[x]";
    assert!(silenced("m.sql", text, "DROP TABLE a", "x"));
    assert!(silenced("m.sql", text, "DROP TABLE b", "x"));
    assert!(!silenced("m.sql", text, "SELECT $$don't$$", "x"));
}

#[test]
fn python_comments_speak_about_the_whole_call() {
    let text = "\
exec_ddl(
    engine,
    \"\"\"
    UPDATE a SET x = 1
    \"\"\",
)  # ddlint: ignore[x] at its end
# ddlint: ignore[x] before it
exec_ddl(engine, \"\"\"
    UPDATE b SET x = 1
\"\"\")
exec_ddl(engine, \"\"\"  -- no comment of Python
    UPDATE c SET x = 1
\"\"\")  # noqa # ddlint: ignore[x] after the string
exec_ddl(engine, 'UPDATE d SET x = 1')
";
    for (table, expected) in [("a", true), ("b", true), ("c", true), ("d", false)] {
        assert_eq!(silenced("m.py", text, &format!("UPDATE {table} SET x = 1"), "x"), expected, "{table}");
    }
}

#[test]
fn one_entry_of_a_list_is_not_the_list() {
    let text = "\
INDEXES = [
    # ddlint: ignore[x] why
    {\"name\": \"a\", \"sql\": \"CREATE INDEX a\"},
    {
        \"sql\": \"CREATE INDEX b\",  # ddlint: ignore[x] why
    },
    {\"sql\": \"CREATE INDEX c\"},
]
MORE = [  # ddlint: ignore[x] all of them
    \"CREATE INDEX d\",
]
";
    for (index, expected) in [("a", true), ("b", true), ("c", false), ("d", true)] {
        assert_eq!(silenced("m.py", text, &format!("CREATE INDEX {index}"), "x"), expected, "{index}");
    }
}

#[test]
fn sql_comments_in_python_strings_speak_about_their_statement() {
    let text = "\
cur.execute(\"\"\"
    -- ddlint: ignore[x] why
    UPDATE a SET x = 1;
    UPDATE b SET x = 1;
    UPDATE c SET x = 1; -- ddlint: ignore[x] why
\"\"\")
cur.execute(\"-- ddlint: ignore[x] why\\nUPDATE d SET x = 1\")
";
    for (table, expected) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        assert_eq!(silenced("m.py", text, &format!("UPDATE {table} SET x = 1"), "x"), expected, "{table}");
    }
}

#[test]
fn a_docstring_that_shows_a_suppression_is_none() {
    let text =
        "def upgrade():\n    \"\"\"Write\n    -- ddlint: ignore[x] why\n    \"\"\"\n    execute('DROP TABLE a')\n";
    assert!(!silenced("m.py", text, "DROP TABLE a", "x"));
    assert_eq!(Suppressions::scan(&file("m.py", text)).problems(&rules(&["x"]), &rules(&["x"]), false), []);
}

#[test]
fn a_file_is_silenced_before_its_first_statement() {
    let text = "-- some licence\n-- ddlint: ignore-file[x] generated\nDROP TABLE a;\nDROP TABLE b;\n";
    assert!(silenced("m.sql", text, "DROP TABLE b", "x"));
    let text = "\"\"\"What this is.\"\"\"\n# ddlint: ignore-file[x] generated\nimport os\nexecute('DROP TABLE b')\n";
    assert!(silenced("m.py", text, "DROP TABLE b", "x"));

    let late = "DROP TABLE a;\n-- ddlint: ignore-file[x] why\nDROP TABLE b;\n";
    assert!(!silenced("m.sql", late, "DROP TABLE b", "x"));
    let problems = Suppressions::scan(&file("m.sql", late)).problems(&rules(&["x"]), &rules(&["x"]), false);
    assert_eq!(problems[0].message, "`ddlint: ignore-file` counts only before the first statement");
}

#[test]
fn a_block_is_silenced_from_within_or_from_just_before() {
    let text = "def run_1():\n    # ddlint: ignore-block[x] why\n    execute('DROP TABLE a')\n\n# ddlint: ignore-block[y] why\ndef run_2():\n    execute('DROP TABLE b')\n";
    let (one, two) = (
        span(text, "def run_1():\n    # ddlint: ignore-block[x] why\n    execute('DROP TABLE a')"),
        span(text, "def run_2():\n    execute('DROP TABLE b')"),
    );
    let (a, b) = (span(text, "DROP TABLE a"), span(text, "DROP TABLE b"));
    let mut suppressions = Suppressions::scan(&file("m.py", text));
    assert!(suppressions.apply(a, a, Some(one), "x").is_some());
    assert!(suppressions.apply(b, b, Some(two), "x").is_none());
    assert!(suppressions.apply(b, b, Some(two), "y").is_some());
    assert!(suppressions.apply(a, a, None, "x").is_none(), "no block, no reach");
}

#[test]
fn the_reason_is_handed_on() {
    let text = "DROP TABLE a; -- ddlint: ignore[x]: nobody reads it";
    let at = span(text, "DROP TABLE a");
    let justification = Suppressions::scan(&file("m.sql", text)).apply(at, at, None, "x").unwrap();
    assert_eq!(justification.reason.as_deref(), Some("nobody reads it"));
    assert_eq!(justification.span, span(text, "-- ddlint: ignore[x]: nobody reads it"));
}

#[test]
fn without_a_list_every_rule_is_meant() {
    let text = "DROP TABLE a; -- ddlint: ignore";
    assert!(silenced("m.sql", text, "DROP TABLE a", "anything"));
}

#[test]
fn what_is_wrong_with_the_comments_is_said() {
    let text = "\
DROP TABLE a; -- ddlint: ignore[x, index-not-concurent] why
DROP TABLE b; -- ddlint: ignore[y, off]
DROP TABLE c; -- ddlint: ignore
DROP TABLE d; -- ddlint: ignroe[x]
";
    let mut suppressions = Suppressions::scan(&file("m.sql", text));
    let at = span(text, "DROP TABLE a");
    assert!(suppressions.apply(at, at, None, "x").is_some());
    let known = rules(&["x", "y", "off", "index-not-concurrent"]);
    let problems = suppressions.problems(&known, &rules(&["x", "y", "index-not-concurrent"]), true);
    let shown: Vec<String> = problems
        .iter()
        .map(|p| {
            format!("{}: {} ({}) at {}", p.rule, p.message, p.help.as_deref().unwrap_or_default(), p.span.slice(text))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    unknown-rule: no rule is named `index-not-concurent` (did you mean `index-not-concurrent`?) at index-not-concurent
    suppression-without-reason: `ddlint: ignore` gives no reason (say after the list why this is fine here) at -- ddlint: ignore[y, off]
    unused-suppression: no finding of `y` at this statement (delete the comment) at y
    suppression-without-reason: `ddlint: ignore` gives no reason (say after the list why this is fine here) at -- ddlint: ignore
    unused-suppression: no finding of any rule at this statement (delete the comment) at -- ddlint: ignore
    unused-suppression: `ddlint: ignroe` is no suppression (write `ddlint: ignore[rule] reason`, or `ignore-block` or `ignore-file` for more than a statement) at -- ddlint: ignroe[x]
    ");
}

#[test]
fn hostile_input_is_read_once() {
    let text = format!("# ddlint: ignore[x]\n{}", "$a$b$c$d\n/* -- ' \" (".repeat(20_000));
    Suppressions::scan(&file("m.sql", &text));
    Suppressions::scan(&file("m.py", &text));
    let many = "DROP TABLE a; -- ddlint: ignore[x] y\n".repeat(20_000);
    let mut suppressions = Suppressions::scan(&file("m.sql", &many));
    for start in (0..many.len()).step_by(37) {
        let at = Span::new(FileId(0), start, start + 1);
        suppressions.apply(at, Span::new(FileId(0), 0, many.len()), None, "z");
    }
}

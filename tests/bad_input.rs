//! Input that is wrong, damaged or hostile: a clear message, and nothing lost that can be read.

use crate::runners::{copy_of, explain, lines, snapshots};
use crate::support::{Run, ddlint, project, root};

/// Checks one file by name.
fn check(name: &str, bytes: &[u8]) -> Run {
    let folder = project(&[(name, bytes)]);
    ddlint(folder.path(), &["check", name, "--output-format", "json"])
}

fn has(run: &Run, rule: &str) -> bool {
    run.rules().iter().any(|name| name == rule)
}

#[test]
fn a_missing_path_is_said_and_the_run_does_not_start() {
    let folder = project(&[("migrations/0001_a.sql", b"SELECT 1;")]);
    let run = ddlint(folder.path(), &["check", "migration"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("`migration`") && run.err.contains("migrations"), "{}", run.err);
}

#[test]
#[cfg(unix)]
fn an_unreadable_file_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = project(&[("a.sql", b"SELECT 1;")]);
    let file = folder.path().join("a.sql");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).expect("own file");
    if std::fs::read(&file).is_ok() {
        // The superuser reads everything; a folder in place of the file is refused to everybody.
        std::fs::remove_file(&file).expect("own file");
        std::os::unix::fs::symlink("a.sql", &file).expect("a link to itself");
    }
    let run = ddlint(folder.path(), &["check", "a.sql"]);
    assert_eq!(run.code, 2, "{}{}", run.out, run.err);
    assert!(run.err.contains("a.sql"), "{}", run.err);
}

#[test]
fn a_binary_file_is_said() {
    let run = check("a.sql", b"\x7fELF\x00\x00\x01\x02CREATE INDEX i ON t (a);");
    assert_eq!(run.code, 1);
    assert!(has(&run, "encoding") && !has(&run, "index-not-concurrent"), "{}", run.out);
}

#[test]
fn invalid_utf8_is_said_once_and_the_file_is_judged() {
    let run = check(
        "a.sql",
        b"-- caf\xe9 na\xefve\nUPDATE orders SET note = 'caf\xe9';\nCREATE INDEX ix ON orders (note);\n",
    );
    assert_eq!(run.rules().iter().filter(|rule| *rule == "encoding").count(), 1, "{}", run.out);
    let index = run.findings().into_iter().find(|f| f["rule"] == "index-not-concurrent").expect("judged");
    assert_eq!((index["line"].as_u64(), index["column"].as_u64()), (Some(3), Some(1)));
}

#[test]
fn utf16_with_a_byte_order_mark_is_read() {
    let text = "CREATE INDEX ix_é ON orders (note);\r\n";
    let little: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for bytes in [little, big] {
        let run = check("a.sql", &bytes);
        assert!(has(&run, "index-not-concurrent"), "{}{}", run.out, run.err);
    }
}

#[test]
fn lines_may_end_in_any_way() {
    let run = check("a.sql", b"-- one\r\n-- two\r\nCREATE INDEX ix ON orders (note);\r\n");
    assert_eq!(run.findings().first().and_then(|f| f["line"].as_u64()), Some(3));
}

#[test]
fn an_empty_file_is_fine() {
    for name in ["a.sql", "a.py"] {
        let run = check(name, b"");
        assert_eq!((run.code, run.findings().len()), (0, 0), "{}", run.err);
    }
}

#[test]
fn fifty_megabytes_are_read_to_the_end() {
    let mut text = Vec::with_capacity(51 << 20);
    while text.len() < 50 << 20 {
        text.extend_from_slice(b"INSERT INTO states (id, name) VALUES (1, 'it''s; a \"state\" -- of things');\n");
    }
    text.extend_from_slice(b"CREATE INDEX ix ON orders (note);\n");
    let run = check("a.sql", &text);
    assert!(has(&run, "index-not-concurrent"), "{}", run.err);
}

#[test]
fn a_python_file_of_fifty_megabytes_is_said_and_read_by_tokens() {
    let mut text = b"def run(conn):\n    conn.execute('CREATE INDEX ix ON orders (note)')\n".to_vec();
    while text.len() < 50 << 20 {
        text.extend_from_slice(b"    values.append({'a': [1, 2, 3], 'b': 'a long and harmless string of words'})\n");
    }
    let run = check("a.py", &text);
    assert!(has(&run, "parse-error"), "{}", run.err);
    assert!(has(&run, "index-not-concurrent"), "{}", run.err);
}

#[test]
fn ten_thousand_brackets_are_no_match() {
    let nested = format!("SELECT {}1{};\nCREATE INDEX ix ON orders (note);\n", "(".repeat(10_000), ")".repeat(10_000));
    assert!(has(&check("a.sql", nested.as_bytes()), "index-not-concurrent"));
    let nested = format!(
        "x = {}1{}\nconn.execute('CREATE INDEX ix ON orders (note)')\n",
        "(".repeat(10_000),
        ")".repeat(10_000)
    );
    assert!(has(&check("a.py", nested.as_bytes()), "index-not-concurrent"));
    let nested = format!("UPDATE orders SET a = {}1{};\n", "coalesce(".repeat(10_000), ")".repeat(10_000));
    assert!(has(&check("a.sql", nested.as_bytes()), "backfill-without-where"));
}

/// Statements of very many operations, and very many operations on one name: each would take minutes if an operation
/// looked through all of its statement, or through all that was made before.
#[test]
fn many_operations_of_one_statement_cost_as_much_as_of_many() {
    const MANY: usize = 12_000;
    let list = |one: &dyn Fn(usize) -> String, between: &str| (0..MANY).map(one).collect::<Vec<_>>().join(between);
    let shapes = [
        format!("ALTER TABLE t {};", list(&|n| format!("ADD COLUMN c{n} int NOT NULL DEFAULT 0"), ", ")),
        format!("WITH {} SELECT 1;", list(&|n| format!("w{n} AS (UPDATE t SET a = {n} RETURNING *)"), ", ")),
        format!("DO $$ BEGIN {} END $$;", list(&|n| format!("UPDATE t SET a = {n} WHERE id = {n};"), "\n")),
        format!("DROP TABLE {};", list(&|n| format!("t{n}"), ", ")),
        format!("CREATE SCHEMA s {};", list(&|n| format!("CREATE TABLE t{n} (a int)"), "\n")),
        list(&|_| "CREATE INDEX i ON t (a);".to_owned(), "\n"),
        format!(
            "DO $$ BEGIN {} EXCEPTION {} END $$;",
            list(&|n| format!("DELETE FROM t WHERE id = {n};"), "\n"),
            list(&|_| "WHEN duplicate_table THEN NULL;".to_owned(), "\n")
        ),
        format!(
            "ALTER TYPE e ADD VALUE 'v'; DO $$ BEGIN {} END $$;",
            list(&|n| format!("INSERT INTO t VALUES ({n}, 'v');"), "\n")
        ),
    ];
    for text in shapes {
        let run = check("a.sql", format!("{text}\nCREATE INDEX ix ON orders (note);\n").as_bytes());
        assert!(has(&run, "index-not-concurrent"), "{}: {}", text.get(..40).unwrap_or(&text), run.err);
    }
}

/// Each part that is not known would copy all of the text before it.
#[test]
fn an_f_string_of_very_many_parts() {
    let parts = "{x} ".repeat(20_000);
    let text = format!(
        "def run(conn):\n    conn.execute('CREATE INDEX ix ON orders (note)')\n    conn.execute(f\"{parts}\")\n"
    );
    assert!(has(&check("a.py", text.as_bytes()), "index-not-concurrent"));
}

/// What psql fills in is bounded, as what it includes is.
#[test]
fn a_long_variable_of_psql_that_is_named_often() {
    let value = "x".repeat(1 << 20);
    let text = format!("\\set v '{value}'\n{}CREATE INDEX ix ON orders (note);\n", "SELECT :'v';\n".repeat(20_000));
    assert!(has(&check("a.sql", text.as_bytes()), "index-not-concurrent"));
}

#[test]
fn an_open_string_or_dollar_quote_does_not_lose_what_is_before_it() {
    for (tail, column) in
        [("SELECT 'open", Some(8)), ("DO $x$ BEGIN UPDATE", Some(4)), ("SELECT \"open", Some(8)), ("/* open", None)]
    {
        let run = check("a.sql", format!("CREATE INDEX ix ON orders (note);\n{tail}").as_bytes());
        assert!(has(&run, "index-not-concurrent"), "{tail}: {}", run.out);
        let said = run.findings().into_iter().find(|finding| finding["rule"] == "parse-error");
        let place = said.map(|finding| (finding["line"].as_u64(), finding["column"].as_u64()));
        assert_eq!(place, column.map(|column| (Some(2), Some(column))), "{tail}: {}", run.out);
    }
}

/// Files of migration tools that no tool would write, and one finding in each that must not be lost.
#[test]
fn hostile_files_of_pythons_tools_end_soon() {
    let index = "CREATE INDEX ix ON orders (note)";
    let many = |one: &dyn Fn(usize) -> String| (0..3_000).map(one).collect::<String>();
    let piccolo = format!(
        "from piccolo.x import MigrationManager, X\nclass A(X, tablename=A):\n    pass\nasync def raw():\n    await A.raw('{index}')\nasync def forwards():\n    m = MigrationManager()\n    m.add_raw(raw)\n{}    return m\n",
        many(&|at| format!(
            "    m.add_table('C{at}', 'c{at}')\n    m.add_column('C{at}', 'c{at}', 'a', 'a', 'ForeignKey', params={{'references': A, **x}})\n"
        ))
    );
    let classes = many(&|at| {
        let base = at.checked_sub(1).map_or_else(|| "Model".to_owned(), |before| format!("M{before}"));
        format!(
            "    @migrator.create_model\n    class M{at}({base}):\n        k = ForeignKeyField(M{at}, field='k', primary_key=True)\n"
        )
    });
    let peewee = format!(
        "def migrate(migrator, database):\n    migrator.sql('{index}')\n    migrator.run(migrate, migrator)\n    migrator.add_fields(migrator, *x, **y)\n    migrator.orm[migrator.orm].x.rename_table()\n{classes}"
    );
    let yoyo = format!(
        "from yoyo import step\ndef f(c):\n    step(f, f)\nstep('{index}')\nstep(f, f, f, *f, **f)\n{}",
        "step(step)\n".repeat(3_000)
    );
    let aerich = format!(
        "async def upgrade(db: BaseDBAsyncClient):\n    await db.execute_script('{index}')\n    return [upgrade(db)] + {}None{}\n",
        "(".repeat(5_000),
        ")".repeat(5_000)
    );
    let open = format!(
        "import os\nx = __file__\n{}def run(conn):\n    conn.execute('{index}')\n    conn.execute(open(x + 'a.sql').read())\n",
        "x = os.path.join(os.path.dirname(x), '../..', 'a.sql')\n".repeat(3_000)
    );
    let playhouse = format!(
        "from playhouse.migrate import *\nm = SchemaMigrator.from_database(m)\nmigrate(m.sql('{index}'), migrate(m.migrate(migrate)), *[m.add_column()] * 9999)\n"
    );
    for (name, text) in [
        ("piccolo", piccolo),
        ("peewee", peewee),
        ("yoyo", yoyo),
        ("aerich", aerich),
        ("open", open),
        ("playhouse", playhouse),
    ] {
        let run = check("001_a.py", text.as_bytes());
        assert!(has(&run, "index-not-concurrent"), "{name}: {}{}", run.out, run.err);
    }
}

#[test]
fn migrations_that_import_each_other_are_read() {
    let model = "import peewee as pw\nfrom {other} import Base\n\n\nclass Base(Base):\n    pass\n\n\ndef migrate(migrator, database):\n    migrator.create_model(Base)\n    migrator.sql('CREATE INDEX ix ON orders (note)')\n";
    let (a, b) = (model.replace("{other}", "m002_b"), model.replace("{other}", "m001_a"));
    let folder = crate::support::project(&[("001_a.py", a.as_bytes()), ("002_b.py", b.as_bytes())]);
    let run = crate::support::ddlint(folder.path(), &["check", "--output-format", "json", "."]);
    assert_eq!(
        run.findings().iter().filter(|finding| finding["rule"] == "index-not-concurrent").count(),
        2,
        "{}",
        run.err
    );
}

#[test]
fn python_with_a_syntax_error_is_said_and_read() {
    let run = check(
        "a.py",
        b"def run(conn):\n    if x\n        pass\n    conn.execute('CREATE INDEX ix ON orders (note)')\n",
    );
    assert!(has(&run, "parse-error"), "{}", run.out);
    let index = run.findings().into_iter().find(|f| f["rule"] == "index-not-concurrent").expect("found all the same");
    assert_eq!(index["confidence"], "low");
}

#[test]
fn python_2_is_said_and_read() {
    let run = check(
        "a.py",
        b"def run(cur):\n    print 'adding'\n    try:\n        cur.execute(\"UPDATE orders SET note = 'x'\")\n    except Exception, e:\n        print e\n",
    );
    assert!(has(&run, "parse-error"), "{}", run.out);
    let update = run.findings().into_iter().find(|f| f["rule"] == "backfill-in-migration").expect("found all the same");
    assert_eq!(update["confidence"], "low");
}

#[test]
fn a_broken_configuration_is_shown_with_its_place_and_what_was_meant() {
    let folder = project(&[("ddlint.toml", b"[roles]\nindxes = [\"a.py\"]\n"), ("a.sql", b"SELECT 1;")]);
    let run = ddlint(folder.path(), &["check", "a.sql"]);
    assert_eq!(run.code, 2);
    for part in ["ddlint.toml:2:1", "indxes", "did you mean `indexes`"] {
        assert!(run.err.contains(part), "{part} is not in:\n{}", run.err);
    }
}

#[test]
fn an_unknown_rule_in_the_configuration_is_an_error() {
    let folder = project(&[("ddlint.toml", b"ignore = [\"index-not-concurent\"]\n"), ("a.sql", b"SELECT 1;")]);
    let run = ddlint(folder.path(), &["check", "a.sql"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `index-not-concurrent`"), "{}", run.err);
}

#[test]
fn an_unknown_rule_in_a_suppression_is_said() {
    let run = check("a.sql", b"-- ddlint: ignore[index-not-concurent] small\nCREATE INDEX ix ON orders (note);\n");
    assert!(has(&run, "unknown-rule") && has(&run, "index-not-concurrent"), "{}", run.out);
}

#[test]
fn a_rule_page_with_a_misspelt_fact_is_shown_with_its_place() {
    let page = "# No notes\n\nWe keep no notes.\n\n```toml rule\nsince = \"0.1.0\"\ngroup = \"policy\"\nseverity = \"error\"\non = \"index.create\"\nwhen = \"index.nam == 'note'\"\nmessage = \"no\"\n```\n";
    let folder = project(&[
        ("ddlint.toml", b"rules-dir = \"our-rules\"\n"),
        ("our-rules/no-notes.md", page.as_bytes()),
        ("a.sql", b"SELECT 1;"),
    ]);
    let run = ddlint(folder.path(), &["check", "a.sql"]);
    assert_eq!(run.code, 2);
    for part in ["our-rules/no-notes.md:10:9", "index.nam", "did you mean `index.name`"] {
        assert!(run.err.contains(part), "{part} is not in:\n{}", run.err);
    }
}

/// A mistake in a runner's project is said, and what is around it is read as the runner would have it.
#[test]
fn mistakes_in_the_projects_of_runners() {
    // What other rules find in them is theirs to test.
    const RULES: &str =
        "parse-error,encoding,missing-file,unknown-marker,unresolved-sql,broken-statement,concurrent-in-transaction";
    let folder = root().join("fixtures/broken/runners");
    let mut names: Vec<_> = std::fs::read_dir(&folder).expect("the fixtures are there").flatten().collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    snapshots("snapshots/mistakes").bind(|| {
        for entry in names {
            let project = copy_of(&entry.path());
            let files = ddlint(project.path(), &["check", ".", "--show-files"]);
            let findings = ddlint(project.path(), &["check", ".", "--select", RULES]);
            let operations = lines(&explain(project.path()));
            let all = [files.out, findings.out, findings.err, operations].join("\n");
            insta::assert_snapshot!(entry.file_name().to_string_lossy().into_owned(), all);
        }
    });
}

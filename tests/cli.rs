//! The program as a user meets it: exit codes, baseline, suppressions, formats, results that do not depend on how files
//! are handed over.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Run, ddlint, project, root};

/// A migration with `count` backfills, each of its own table.
fn backfills(count: usize) -> String {
    let one = |n| format!("UPDATE t{n} SET a = 1 WHERE a IS NULL;\n");
    (0..count).map(one).collect::<Vec<_>>().concat()
}

const CHECK: &[&str] = &["check", "--select", "backfill-in-migration", "--output-format", "json"];

fn with(first: &[&str], more: &[&str]) -> Vec<String> {
    first.iter().chain(more).map(ToString::to_string).collect()
}

fn run(folder: &std::path::Path, first: &[&str], more: &[&str]) -> Run {
    let arguments = with(first, more);
    ddlint(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn the_exit_code_says_how_it_went() {
    let folder =
        project(&[("migrations/0001_a.sql", b"TRUNCATE orders;\n"), ("migrations/0002_b.sql", b"SELECT 1;\n")]);
    let code = |arguments: &[&str]| ddlint(folder.path(), arguments).code;
    assert_eq!(code(&["check", "migrations/0002_b.sql"]), 0);
    assert_eq!(code(&["check", "."]), 1);
    assert_eq!(code(&["check", ".", "--exit-zero"]), 0);
    assert_eq!(code(&["check", ".", "--fail-on", "never"]), 0);
    assert_eq!(code(&["check", ".", "--ignore", "table-truncated"]), 0);
    assert_eq!(code(&["check", ".", "--select", "no-such-rule"]), 2);
    assert_eq!(code(&["check", "nowhere"]), 2);
    assert_eq!(code(&["chekc"]), 2);
    for format in ["full", "concise", "json", "sarif", "github", "gitlab", "junit", "rdjson", "markdown"] {
        assert_eq!(code(&["check", ".", "--output-format", format]), 1, "{format}");
    }
}

#[test]
fn of_25_old_backfills_the_26th_fails() {
    let folder = project(&[("migrations/0001_a.sql", backfills(25).as_bytes())]);
    let path = folder.path();
    let created = run(path, &["baseline", "create"], &["--select", "backfill-in-migration"]);
    assert_eq!(created.code, 0, "{}", created.err);
    let known = run(path, CHECK, &["--baseline", ".ddlint-baseline"]);
    assert_eq!(known.code, 0, "{}", known.out);
    assert!(known.findings().iter().all(|finding| finding["status"] == "baselined"));

    // Lines move, and one comes in between.
    let text = format!("-- a remark\n\n\nUPDATE new SET a = 1 WHERE a IS NULL;\n{}", backfills(25));
    std::fs::write(path.join("migrations/0001_a.sql"), text).expect("own file");
    let more = run(path, CHECK, &["--baseline", ".ddlint-baseline"]);
    assert_eq!(more.code, 1);
    let new: Vec<_> = more.findings().into_iter().filter(|finding| finding["status"] == "new").collect();
    assert_eq!(new.len(), 1);
    assert_eq!(new[0]["operation"]["table"], "new");

    // The same statement once more is one too many.
    let text = format!("{}UPDATE t0 SET a = 1 WHERE a IS NULL;\n", backfills(25));
    std::fs::write(path.join("migrations/0001_a.sql"), text).expect("own file");
    assert_eq!(run(path, CHECK, &["--baseline", ".ddlint-baseline"]).code, 1);
}

#[test]
fn a_baseline_is_the_same_bytes_each_time_and_follows_a_renamed_file() {
    let folder = project(&[("migrations/0001_a.sql", backfills(3).as_bytes())]);
    let path = folder.path();
    let text = || std::fs::read_to_string(path.join(".ddlint-baseline")).expect("it was written");
    run(path, &["baseline", "create"], &[]);
    let first = text();
    run(path, &["baseline", "update"], &[]);
    assert_eq!(first, text());
    std::fs::rename(path.join("migrations/0001_a.sql"), path.join("migrations/0002_a.sql")).expect("own file");
    assert_eq!(run(path, CHECK, &["--baseline", ".ddlint-baseline"]).code, 0);
}

#[test]
fn a_comment_silences_a_statement_a_block_or_a_file() {
    let statement = "-- ddlint: ignore[backfill-in-migration] ten rows\nUPDATE a SET b = 1 WHERE b IS NULL;\nUPDATE c SET b = 1 WHERE b IS NULL;\n";
    let file = "-- ddlint: ignore-file[backfill-in-migration] a snapshot\nUPDATE a SET b = 1 WHERE b IS NULL;\nUPDATE c SET b = 1 WHERE b IS NULL;\n";
    let block = "def run_1(conn):\n    # ddlint: ignore-block[backfill-in-migration] ten rows\n    conn.execute('UPDATE a SET b = 1 WHERE b IS NULL')\n    conn.execute('UPDATE c SET b = 1 WHERE b IS NULL')\n\n\ndef run_2(conn):\n    conn.execute('UPDATE d SET b = 1 WHERE b IS NULL')\n";
    for (name, text, counting) in [("a.sql", statement, 1), ("a.sql", file, 0), ("a.py", block, 1)] {
        let folder = project(&[(name, text.as_bytes())]);
        let run = run(folder.path(), CHECK, &[name]);
        let new = run.findings().iter().filter(|finding| finding["status"] == "new").count();
        assert_eq!(new, counting, "{text}\n{}", run.out);
    }
}

#[test]
fn a_comment_that_silences_nothing_is_a_finding() {
    let folder = project(&[("a.sql", b"-- ddlint: ignore[table-truncated] gone\nSELECT 1;\n")]);
    let run = ddlint(folder.path(), &["check", "a.sql", "--output-format", "json"]);
    assert_eq!(run.rules(), ["unused-suppression"]);
}

/// Path, line and rule of each finding.
fn found(run: &Run) -> BTreeSet<(String, u64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = run.findings().into_iter();
    findings.map(|f| (text(&f["path"]), f["line"].as_u64().unwrap_or(0), text(&f["rule"]))).collect()
}

#[test]
fn findings_do_not_depend_on_which_files_are_given_together() {
    let folder = root().join("fixtures/three-pillars");
    let whole = ddlint(&folder, &["check", ".", "--output-format", "json"]);
    let paths: BTreeSet<String> = found(&whole).into_iter().map(|(path, _, _)| path).collect();
    let mut parts = BTreeSet::new();
    for path in &paths {
        parts.extend(found(&ddlint(&folder, &["check", path, "--output-format", "json"])));
    }
    assert_eq!(found(&whole), parts);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = root().join("fixtures/three-pillars");
    for format in ["full", "json", "sarif"] {
        let once = ddlint(&folder, &["check", ".", "--output-format", format]).out;
        let twice = ddlint(&folder, &["check", ".", "--output-format", format]).out;
        assert!(once == twice && !once.is_empty(), "{format}");
        assert!(!once.contains(env!("CARGO_MANIFEST_DIR")), "{format} names an absolute path");
    }
}

#[test]
fn json_keeps_its_contract() {
    let folder = project(&[(
        "migrations/0001_a.sql",
        b"ALTER TABLE orders\n  ADD COLUMN a text,\n  ADD COLUMN b text;\nCREATE INDEX ix ON orders (a);\n",
    )]);
    let run = ddlint(folder.path(), &["check", ".", "--output-format", "json"]);
    let json: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["tool"]["name"], "ddlint");
    let finding = json["findings"].as_array().and_then(|all| all.iter().find(|f| f["rule"] == "index-not-concurrent"));
    let finding = finding.expect("the index is found");
    let expected = serde_json::json!({"kind": "index.create", "table": "orders", "name": "ix"});
    assert_eq!(finding["operation"], expected);
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(4), Some(1)));
    assert_eq!(finding["status"], "new");
    assert_eq!(json["summary"]["operations"], 3);
    let explained = ddlint(folder.path(), &["explain", ".", "--output-format", "json"]);
    let json: Value = serde_json::from_str(&explained.out).expect("JSON");
    assert_eq!(json["operations"][2]["locks"], serde_json::json!([{"relation": "orders", "mode": "ShareLock"}]));
    assert_eq!(json["operations"][0]["line"], 1);
}

#[test]
fn a_gitignored_folder_is_left_alone_also_outside_a_repository() {
    let folder = project(&[
        (".gitignore", b"/old/\n"),
        ("migrations/0001_a.sql", b"TRUNCATE orders;\n"),
        ("old/migrations/0001_a.sql", b"TRUNCATE orders;\n"),
    ]);
    let run = ddlint(folder.path(), &["check", ".", "--output-format", "json"]);
    let paths: BTreeSet<String> = found(&run).into_iter().map(|(path, _, _)| path).collect();
    assert_eq!(paths, BTreeSet::from(["migrations/0001_a.sql".to_owned()]));
}

#[test]
fn a_team_adds_a_rule_with_a_page() {
    let page = "# Index on the audit table\n\nAsk the platform team first.\n\n```toml rule\nsince = \"0.1.0\"\ngroup = \"policy\"\ndefault = true\nseverity = \"error\"\non = \"index.create\"\nwhen = \"table.name == 'audit_log'\"\nmessage = \"index `{index.name}` on the audit table\"\n```\n";
    let folder = project(&[
        ("ddlint.toml", b"rules-dir = \"our-rules\"\n"),
        ("our-rules/audit-index.md", page.as_bytes()),
        ("migrations/0001_a.sql", b"CREATE INDEX CONCURRENTLY ix ON audit_log (actor);\n"),
    ]);
    let run = ddlint(folder.path(), &["check", ".", "--output-format", "json"]);
    assert!(run.rules().contains(&"audit-index".to_owned()), "{}{}", run.out, run.err);
}

#[test]
fn fixes_are_written_and_remove_the_finding() {
    let folder = project(&[("a.py", b"from sqlalchemy import text\n\n\ndef run_1(engine):\n    with engine.connect().execution_options(isolation_level=\"AUTOCOMMIT\") as conn:\n        conn.execute(text(\"ALTER TABLE orders ADD COLUMN note text\"))\n")]);
    let before = ddlint(folder.path(), &["check", "a.py", "--select", "idempotency"]);
    assert_eq!(before.code, 1);
    ddlint(folder.path(), &["check", "a.py", "--select", "idempotency", "--fix"]);
    let after = ddlint(folder.path(), &["check", "a.py", "--select", "idempotency"]);
    assert_eq!(after.code, 0, "{}", after.out);
}

#[test]
fn a_registry_is_recognised_by_its_shape() {
    let indexes = "INDEXES = [\n    {\"name\": \"ix_a\", \"table\": \"a\", \"sql\": \"CREATE INDEX IF NOT EXISTS ix_a ON a (x)\", \"critical\": False, \"description\": \"x\"},\n]\n";
    let backfills = "def fill(conn):\n    conn.execute(\"UPDATE a SET x = 1 WHERE x IS NULL\")\n\n\nBACKFILLS = [{\"name\": \"fill\", \"batch\": fill}]\n";
    let folder =
        project(&[("tools/shop_indexes.py", indexes.as_bytes()), ("tools/shop_backfills.py", backfills.as_bytes())]);
    let run = ddlint(folder.path(), &["check", ".", "--output-format", "json"]);
    let rules: BTreeSet<String> = run.rules().into_iter().collect();
    for rule in ["registry-not-concurrent", "backfill-not-batched"] {
        assert!(rules.contains(rule), "{rule} is not among {rules:?}\n{}", run.err);
    }
    assert!(!rules.contains("index-not-concurrent") && !rules.contains("backfill-in-migration"), "{rules:?}");
}

#[test]
fn a_module_that_django_passes_over_is_read_with_the_migration_that_imports_it() {
    let helper: &[u8] = b"def fill(apps, schema_editor):\n    for order in apps.get_model('shop', 'Order').objects.all():\n        order.note = ''\n        order.save()\n";
    let first: &[u8] = b"from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = [migrations.CreateModel('Order', [('id', models.AutoField(primary_key=True)), ('note', models.TextField())])]\n";
    let second: &[u8] = b"from django.db import migrations\nfrom shop.migrations._fill import fill\n\n\nclass Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n    operations = [migrations.RunPython(fill)]\n";
    let folder = project(&[
        ("shop/migrations/__init__.py", b""),
        ("shop/migrations/_fill.py", helper),
        ("shop/migrations/0001_initial.py", first),
        ("shop/migrations/0002_fill.py", second),
    ]);
    let found = run(folder.path(), CHECK, &["."]).findings();
    let places: Vec<_> = found.iter().map(|finding| (finding["path"].as_str(), finding["line"].as_u64())).collect();
    assert_eq!(places, [(Some("shop/migrations/0002_fill.py"), Some(7))]);
}

#[test]
fn the_driver_that_a_django_site_installs_names_its_server() {
    let index: &[u8] = b"from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = [migrations.AddIndex('order', models.Index(fields=['note'], name='order_note'))]\n";
    let found = |list: &str, drivers: &[u8]| {
        let folder = project(&[("shop/migrations/0002_note.py", index), (list, drivers)]);
        let rule = ["check", ".", "--select", "index-not-concurrent", "--output-format", "json"];
        ddlint(folder.path(), &rule).findings().len()
    };
    assert_eq!(found("requirements/production.txt", b"Django==4.2\nmysqlclient==2.2\n"), 0);
    assert_eq!(found("requirements.txt", b"mysqlclient==2.2\npsycopg2-binary==2.9\n"), 1);
    assert_eq!(found("requirements.txt", b"Django==4.2\n"), 1);
}

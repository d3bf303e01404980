//! `ddlint schema`.

use serde_json::Value;

use crate::support::{Run, ddlint, project};

const FIRST: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL DEFAULT '');\n";
const SECOND: &str = "ALTER TABLE orders ADD COLUMN total numeric(12,2);\nCREATE INDEX orders_note ON orders (note);\n";

fn shop() -> tempfile::TempDir {
    project(&[
        ("db/migrations/0001_orders.up.sql", FIRST.as_bytes()),
        ("db/migrations/0001_orders.down.sql", b"DROP TABLE orders;\n"),
        ("db/migrations/0002_total.up.sql", SECOND.as_bytes()),
        ("db/migrations/0002_total.down.sql", b"ALTER TABLE orders DROP COLUMN total;\n"),
    ])
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err))
}

/// The names of the columns of the first table.
fn columns(schema: &Value) -> Vec<&str> {
    let columns = schema["projects"][0]["tables"][0]["columns"].as_array().expect("columns");
    columns.iter().filter_map(|column| column["name"].as_str()).collect()
}

#[test]
fn it_prints_what_the_migrations_leave_in_three_forms() {
    let folder = shop();
    let sql = ddlint(folder.path(), &["schema"]);
    assert_eq!(sql.code, 0, "{}", sql.err);
    assert!(sql.out.contains("total numeric(12,2)"), "{}", sql.out);
    assert!(sql.out.contains("CREATE INDEX orders_note ON orders USING btree (note);"), "{}", sql.out);
    let schema = json(&ddlint(folder.path(), &["schema", "--format", "json"]));
    assert_eq!(columns(&schema), ["id", "note", "total"]);
    assert_eq!(schema["projects"][0]["complete"], true);
    let mermaid = ddlint(folder.path(), &["schema", "--format", "mermaid"]).out;
    assert!(mermaid.starts_with("erDiagram") && mermaid.contains("\"orders\" {"), "{mermaid}");
}

#[test]
fn it_prints_the_schema_as_it_was_after_a_migration() {
    let folder = shop();
    for at in ["1", "0001", "0001_orders.up.sql", "db/migrations/0001_orders.up.sql"] {
        let schema = json(&ddlint(folder.path(), &["schema", "--format", "json", "--at", at]));
        assert_eq!(columns(&schema), ["id", "note"], "at {at}");
    }
}

#[test]
fn a_migration_that_is_not_there_is_said() {
    let folder = shop();
    let run = ddlint(folder.path(), &["schema", "--at", "0007"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("no migration is called `0007`"), "{}", run.err);
    assert_eq!(ddlint(folder.path(), &["schema", "--format", "xml"]).code, 2);
}

#[test]
fn a_folder_without_migrations_has_an_empty_schema() {
    let folder = project(&[("README.md", b"nothing here\n")]);
    let run = ddlint(folder.path(), &["schema", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(json(&run)["projects"], Value::Array(Vec::new()));
    assert!(run.err.contains("no migration that goes forward was found"), "{}", run.err);
}

#[test]
fn projects_in_one_folder_keep_schemas_of_their_own() {
    let folder = project(&[
        ("billing/migrations/0001_a.up.sql", b"CREATE TABLE invoices (id bigint);\n"),
        ("billing/migrations/0001_a.down.sql", b"DROP TABLE invoices;\n"),
        ("shop/prisma/migrations/20240101000000_a/migration.sql", b"CREATE TABLE invoices (number text);\n"),
        ("shop/prisma/migrations/migration_lock.toml", b"provider = \"postgresql\"\n"),
    ]);
    let schema = json(&ddlint(folder.path(), &["schema", "--format", "json"]));
    let projects = schema["projects"].as_array().expect("projects");
    let roots: Vec<_> = projects.iter().filter_map(|project| project["root"].as_str()).collect();
    assert_eq!(roots, ["billing/migrations", "shop/prisma/migrations"]);
    let first: Vec<_> = projects.iter().map(|project| &project["tables"][0]["columns"][0]["name"]).collect();
    assert_eq!(first, ["id", "number"]);
}

#[test]
fn an_index_of_another_project_is_not_there() {
    let table = "CREATE TABLE t (a int);\n".as_bytes();
    let index = "CREATE INDEX IF NOT EXISTS i ON t (a);\n".as_bytes();
    let folder = project(&[
        ("one/migrations/001_t.up.sql", table),
        ("one/migrations/002_i.up.sql", index),
        ("two/migrations/001_t.up.sql", table),
        ("two/migrations/002_i.up.sql", index),
        ("two/migrations/003_i.up.sql", index),
    ]);
    let run = ddlint(folder.path(), &["check", "--output-format", "json", "--select", "index-not-concurrent"]);
    let found = json(&run);
    let paths: Vec<_> = found["findings"].as_array().expect("findings").iter().map(|f| &f["path"]).collect();
    assert_eq!(paths, ["one/migrations/002_i.up.sql", "two/migrations/002_i.up.sql"], "{}", run.out);
}

#[test]
fn revisions_of_alembic_are_folded_along_their_graph() {
    let revision = |id: &str, down: &str, body: &str| {
        format!(
            "from alembic import op\nimport sqlalchemy as sa\n\nrevision = '{id}'\ndown_revision = {down}\n\n\n\
             def upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n"
        )
    };
    // The second one comes first by name.
    let first = revision("bb", "None", "op.create_table('orders', sa.Column('id', sa.BigInteger(), primary_key=True))");
    let second = revision("aa", "'bb'", "op.add_column('orders', sa.Column('note', sa.Text(), nullable=False))");
    let folder = project(&[
        ("alembic.ini", b"[alembic]\nscript_location = migrations\n"),
        ("migrations/env.py", b"from alembic import context\n"),
        ("migrations/versions/bb_orders.py", first.as_bytes()),
        ("migrations/versions/aa_note.py", second.as_bytes()),
    ]);
    let schema = json(&ddlint(folder.path(), &["schema", "--format", "json"]));
    assert_eq!(columns(&schema), ["id", "note"]);
    let note = &schema["projects"][0]["tables"][0]["columns"][1];
    assert_eq!((&note["type"], &note["nullable"]), (&Value::from("text"), &Value::from(false)));
    let before = json(&ddlint(folder.path(), &["schema", "--format", "json", "--at", "bb"]));
    assert_eq!(columns(&before), ["id"]);
}

#[test]
fn migrations_of_django_are_folded_with_what_it_makes_of_its_fields() {
    let first = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
                 initial = True\n    dependencies = []\n    operations = [\n        migrations.CreateModel(\n            \
                 name='Order',\n            fields=[\n                ('id', models.BigAutoField(primary_key=True)),\n\
                 \x20               ('note', models.CharField(max_length=20)),\n            ],\n        ),\n    ]\n";
    let second = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
                  dependencies = [('shop', '0001_initial')]\n    operations = [\n        migrations.AddField(\n            \
                  'order', 'paid', models.BooleanField(default=False)\n        ),\n    ]\n";
    let folder = project(&[
        ("manage.py", b"import django\n"),
        ("shop/__init__.py", b""),
        ("shop/migrations/__init__.py", b""),
        ("shop/migrations/0001_initial.py", first.as_bytes()),
        ("shop/migrations/0002_paid.py", second.as_bytes()),
    ]);
    let schema = json(&ddlint(folder.path(), &["schema", "--format", "json"]));
    let table = &schema["projects"][0]["tables"][0];
    assert_eq!(table["name"], "shop_order");
    assert_eq!(columns(&schema), ["id", "note", "paid"]);
    assert_eq!(table["columns"][1]["type"], "character varying(20)");
    assert_eq!(table["columns"][2]["has_default"], false, "Django drops the default again");
}

#[test]
fn what_is_not_known_is_said_to_be_not_known() {
    // The table is never made here, and the second one is made twice.
    let folder = project(&[(
        "migrations/0004_late.up.sql",
        b"ALTER TABLE elders ADD COLUMN note text;\nCREATE TABLE twice (a int);\nCREATE TABLE twice (b int);\n",
    )]);
    let schema = json(&ddlint(folder.path(), &["schema", "--format", "json"]));
    assert_eq!(schema["projects"][0]["complete"], false);
    let tables = schema["projects"][0]["tables"].as_array().expect("tables");
    let whole: Vec<_> = tables.iter().map(|table| (&table["name"], &table["complete"])).collect();
    let (elders, twice, no) = (Value::from("elders"), Value::from("twice"), Value::from(false));
    assert_eq!(whole, [(&elders, &no), (&twice, &no)]);
}

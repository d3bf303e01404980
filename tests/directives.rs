//! Directives that libraries add to Alembic's own, statements that wait for an event, projects of Flask-Migrate.

use std::path::Path;

use ddlint::config::Dialect;
use ddlint::frontend::sql::{self, ReadOptions};
use ddlint::frontend::text::SqlText;
use ddlint::span::FileId;

use crate::support::{ddlint, project};

/// Kind, table, name and statement of each operation on the way forward, as `ddlint explain` has them.
fn explained(folder: &Path, file: &str) -> Vec<[String; 4]> {
    let run = ddlint(folder, &["explain", "--output-format", "json", file]);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all: serde_json::Value = serde_json::from_str(&run.out).expect("explain prints JSON");
    let all = all["operations"].as_array().cloned().unwrap_or_default();
    let forward = all.iter().filter(|operation| operation["direction"] == "up");
    forward.map(|of| [text(&of["kind"]), text(&of["table"]), text(&of["name"]), text(&of["statement"])]).collect()
}

/// A revision of Alembic whose `upgrade` is this.
fn revision(imports: &str, upgrade: &str) -> String {
    let body = upgrade.replace('\n', "\n    ");
    format!(
        "from alembic import op\n{imports}\n\nrevision = \"1a\"\ndown_revision = None\n\n\ndef upgrade():\n    {body}\n"
    )
}

fn statements(imports: &str, upgrade: &str) -> Vec<String> {
    let text = revision(imports, upgrade);
    let folder = project(&[("alembic/versions/1a_first.py", text.as_bytes())]);
    let operations = explained(folder.path(), "alembic/versions/1a_first.py");
    operations.into_iter().map(|[.., statement]| statement).collect()
}

/// Kind, table and name of what a statement does.
fn read(statement: &str) -> Vec<String> {
    let sql = SqlText::of_part(FileId(0), statement, 0);
    let operations = sql::read(&sql, ReadOptions { dialect: Dialect::Postgres, query: 0 });
    let shown = |operation: &ddlint::ir::Operation| {
        let name = |of: &Option<ddlint::ir::Known<ddlint::ir::QualifiedName>>| {
            of.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        format!("{} {} {}", operation.kind.as_str(), name(&operation.table), name(&operation.name))
    };
    operations.iter().map(shown).collect()
}

/// What is read in `upgrade` is what is read in the statements that the real library sent for it: the same statements, but
/// for names that need no quotes.
fn assert_sends(imports: &str, upgrade: &str, sent: &[&str]) {
    let found = statements(imports, upgrade);
    let plain = |statement: &str| {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let text = words.join(" ").replace(['"', ' '], "").to_lowercase();
        text.replace("::public.order_status", "::order_status")
    };
    let (found_plain, sent_plain): (Vec<_>, Vec<_>) =
        (found.iter().map(|one| plain(one)).collect(), sent.iter().map(|one| plain(one)).collect());
    assert_eq!(found_plain, sent_plain);
    for (found, sent) in found.iter().zip(sent) {
        assert_eq!(read(found), read(sent));
    }
}

/// What alembic-postgresql-enum 1.11 sends; the default of a column is that of the new type.
#[test]
fn an_enum_that_gets_other_values() {
    let imports = "from alembic_postgresql_enum import ColumnType, TableReference\nfrom \
                   alembic_postgresql_enum.sql_commands.indexes import TableIndex\n";
    let upgrade = "op.sync_enum_values(\n    enum_schema=\"public\",\n    enum_name=\"order_status\",\n    \
                   new_values=[\"active\", \"gone\"],\n    affected_columns=[\n        \
                   TableReference(table_schema=\"public\", table_name=\"orders\", column_name=\"status\", \
                   existing_server_default=\"'active'::order_status\"),\n        TableReference(table_schema=\"shop\", \
                   table_name=\"tags\", column_name=\"all_status\", column_type=ColumnType.ARRAY),\n    ],\n    \
                   enum_values_to_rename=[],\n    indexes_to_recreate=[TableIndex(name=\"ix_orders_status\", \
                   definition=\"CREATE INDEX ix_orders_status ON public.orders USING btree (status)\")],\n)";
    assert_sends(
        imports,
        upgrade,
        &[
            r#"ALTER TYPE "public"."order_status" RENAME TO "order_status_old""#,
            r#"CREATE TYPE "public"."order_status" AS ENUM('active', 'gone')"#,
            r#"CREATE FUNCTION "public".new_old_not_equals( new_enum_val "public"."order_status", old_enum_val "public"."order_status_old" ) RETURNS boolean AS $$ SELECT new_enum_val::text != old_enum_val::text; $$ LANGUAGE SQL IMMUTABLE"#,
            r#"CREATE OPERATOR "public".!= ( leftarg = "public"."order_status", rightarg = "public"."order_status_old", procedure = "public".new_old_not_equals )"#,
            r#"CREATE FUNCTION "public".new_old_equals( new_enum_val "public"."order_status", old_enum_val "public"."order_status_old" ) RETURNS boolean AS $$ SELECT new_enum_val::text = old_enum_val::text; $$ LANGUAGE SQL IMMUTABLE"#,
            r#"CREATE OPERATOR "public".= ( leftarg = "public"."order_status", rightarg = "public"."order_status_old", procedure = "public".new_old_equals )"#,
            r#"DROP INDEX IF EXISTS "ix_orders_status""#,
            r#"ALTER TABLE "public"."orders" ALTER COLUMN "status" DROP DEFAULT"#,
            r#"ALTER TABLE "public"."orders" ALTER COLUMN "status" TYPE "public"."order_status" USING "status"::text::"public"."order_status""#,
            r#"ALTER TABLE "public"."orders" ALTER COLUMN "status" SET DEFAULT 'active'::public.order_status"#,
            r#"ALTER TABLE "shop"."tags" ALTER COLUMN "all_status" TYPE "public"."order_status"[] USING "all_status"::text[]::"public"."order_status"[]"#,
            r#"DROP OPERATOR IF EXISTS "public".!= ( "public"."order_status", "public"."order_status_old" )"#,
            r#"DROP FUNCTION "public".new_old_not_equals( new_enum_val "public"."order_status", old_enum_val "public"."order_status_old" )"#,
            r#"DROP OPERATOR IF EXISTS "public".= ( "public"."order_status", "public"."order_status_old" )"#,
            r#"DROP FUNCTION "public".new_old_equals( new_enum_val "public"."order_status", old_enum_val "public"."order_status_old" )"#,
            r#"DROP TYPE "public"."order_status_old""#,
            "CREATE INDEX ix_orders_status ON public.orders USING btree (status)",
        ],
    );

    // The older way to name columns, values that get another name, and one value more.
    let upgrade = "op.sync_enum_values(\"public\", \"user_status\", [\"on\", \"off\"], [(\"users\", \"status\")], \
                   enum_values_to_rename=[(\"yes\", \"on\")])\nop.add_enum_value(\"public\", \"user_status\", \
                   \"never\", \"off\")";
    let found = statements("", upgrade);
    let retyped = found.iter().find(|one| one.contains("ALTER COLUMN")).map(String::as_str);
    let expected = "ALTER TABLE public.users ALTER COLUMN status TYPE public.user_status USING CASE WHEN status::text = \
                    'yes' THEN 'on'::public.user_status ELSE status::text::public.user_status END";
    assert_eq!(retyped, Some(expected));
    assert!(
        found.iter().any(|one| one.contains("CASE WHEN old_enum_val::text = 'yes' THEN 'on' ELSE old_enum_val::text"))
    );
    assert_eq!(found.last().map(String::as_str), Some("ALTER TYPE public.user_status ADD VALUE 'never' AFTER 'off'"));
}

/// What alembic_utils 0.8 sends.
#[test]
fn entities() {
    let imports = "from alembic_utils.pg_extension import PGExtension\nfrom alembic_utils.pg_function import \
                   PGFunction\nfrom alembic_utils.pg_materialized_view import PGMaterializedView\nfrom \
                   alembic_utils.pg_policy import PGPolicy\nfrom alembic_utils.pg_trigger import PGTrigger\nfrom \
                   alembic_utils.pg_view import PGView\n";
    let upgrade = "total = PGFunction(schema=\"public\", signature=\"total(a integer, b integer DEFAULT 0)\", \
                   definition=\"RETURNS integer LANGUAGE sql AS $$ SELECT a + b \
                   $$;\")\nop.create_entity(total)\nop.replace_entity(total)\nop.drop_entity(total)\nview = \
                   PGView(schema=\"public\", signature=\"active_orders\", definition=\"SELECT id FROM orders WHERE \
                   active\")\nop.create_entity(view)\nop.drop_entity(view)\ntotals = \
                   PGMaterializedView(schema=\"public\", signature=\"totals\", definition=\"SELECT count(*) FROM \
                   orders\", with_data=False)\nop.replace_entity(totals)\ntouch = PGTrigger(schema=\"public\", \
                   signature=\"touch\", on_entity=\"public.orders\", definition=\"BEFORE UPDATE ON public.orders FOR EACH \
                   ROW EXECUTE FUNCTION touch()\")\nop.replace_entity(touch)\nop.create_entity(PGExtension(\"public\", \
                   \"citext\"))\nown = PGPolicy(schema=\"public\", signature=\"own_rows\", on_entity=\"orders\", \
                   definition=\"FOR SELECT USING (owner = current_user)\")\nop.create_entity(own)\nop.drop_entity(own)";
    assert_sends(
        imports,
        upgrade,
        &[
            r#"CREATE FUNCTION "public"."total"(a integer, b integer DEFAULT 0) RETURNS integer LANGUAGE sql AS $$ SELECT a + b $$"#,
            r#"CREATE OR REPLACE FUNCTION "public"."total"(a integer, b integer DEFAULT 0) RETURNS integer LANGUAGE sql AS $$ SELECT a + b $$"#,
            r#"DROP FUNCTION "public"."total"(a integer, b integer)"#,
            r#"CREATE VIEW "public"."active_orders" AS SELECT id FROM orders WHERE active"#,
            r#"DROP VIEW "public"."active_orders""#,
            r#"DROP MATERIALIZED VIEW IF EXISTS "public"."totals""#,
            r#"CREATE MATERIALIZED VIEW "public"."totals" AS SELECT count(*) FROM orders WITH NO DATA"#,
            r#"DROP TRIGGER IF EXISTS "touch" ON public.orders"#,
            r#"CREATE TRIGGER "touch" BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION touch()"#,
            r#"CREATE EXTENSION "citext" WITH SCHEMA "public""#,
            "CREATE POLICY own_rows on public.orders FOR SELECT USING (owner = current_user)",
            "DROP POLICY own_rows on public.orders",
        ],
    );
    // One that is given as SQL is that; what drops it is not put together from its parts.
    let upgrade = "op.create_entity(PGView.from_sql(\"CREATE VIEW public.v AS SELECT 1\"))";
    assert_eq!(statements(imports, upgrade), ["CREATE VIEW public.v AS SELECT 1"]);
}

#[test]
fn a_statement_that_waits_for_an_event_is_sent_with_it() {
    let imports = "import sqlalchemy as sa\nfrom sqlalchemy import DDL, event\n\nmetadata = sa.MetaData()\norders = \
                   sa.Table(\"orders\", metadata, sa.Column(\"id\", sa.Integer))\nevent.listen(orders, \"after_create\", \
                   DDL(\"ALTER TABLE %(table)s ADD a int\").execute_if(dialect=\"postgresql\"))\nsa.event.listen(orders, \
                   \"after_create\", sa.DDL(\"ALTER TABLE orders ADD b int\").execute_if(dialect=(\"mysql\", \
                   \"mariadb\")))\nevent.listen(metadata, \"before_create\", DDL(\"CREATE SCHEMA shop\"))\n";
    let created = "CREATE TABLE orders (id INTEGER)";
    assert_eq!(
        statements(imports, "metadata.create_all(op.get_bind())"),
        ["CREATE SCHEMA shop", created, "ALTER TABLE orders ADD a int"]
    );
    // Nobody asks what it waits for where it is executed.
    let direct = "op.execute(DDL(\"DROP TABLE a\").execute_if(dialect=\"mysql\"))";
    assert_eq!(statements("from sqlalchemy import DDL\n", direct), ["DROP TABLE a"]);
}

#[test]
fn a_branch_by_the_driver_or_the_dialects_class_is_one_by_the_dialect() {
    let imports = "from sqlalchemy.dialects import mysql, postgresql\n";
    for test in [
        "op.get_bind().dialect.driver == \"pymysql\"",
        "op.get_bind().engine.url.drivername == \"mysql+pymysql\"",
        "isinstance(op.get_context().dialect, mysql.dialect)",
        "op.get_context().bind.dialect.name == \"mysql\"",
        "op.get_context().dialect.name in [\"mysql\", \"mariadb\"]",
    ] {
        let found = statements(imports, &format!("if {test}:\n    op.drop_table(\"Orders\")"));
        assert_eq!(found, ["DROP TABLE `Orders`"], "{test}");
    }
    // Among others, the dialect of the file is as if nothing were asked.
    for (test, quoted) in
        [("in (\"postgresql\", \"sqlite\")", "\"Orders\""), ("not in (\"postgresql\", \"sqlite\")", "`Orders`")]
    {
        let found =
            statements(imports, &format!("if op.get_bind().dialect.name {test}:\n    op.drop_table(\"Orders\")"));
        assert_eq!(found, [format!("DROP TABLE {quoted}")], "{test}");
    }
}

/// The template `multidb`: one file, and functions for each database.
#[test]
fn databases_that_share_files_have_schemas_of_their_own() {
    let text = |revision: &str, parent: &str, default: &str, users: &str| {
        format!(
            "from alembic import op\nimport sqlalchemy as sa\n\nrevision = \"{revision}\"\ndown_revision = {parent}\n\n\ndef \
             upgrade(engine_name):\n    globals()[\"upgrade_%s\" % engine_name]()\n\n\ndef downgrade(engine_name):\n    \
             globals()[\"downgrade_%s\" % engine_name]()\n\n\ndef upgrade_():\n    {default}\n\n\ndef downgrade_():\n    \
             pass\n\n\ndef upgrade_users():\n    {users}\n\n\ndef downgrade_users():\n    pass\n"
        )
    };
    let create = "op.create_table(\"user\", sa.Column(\"id\", sa.Integer()))";
    let first = text("1a", "None", create, create);
    let index = "op.create_index(\"ix_user_id\", \"user\", [\"id\"])";
    let second = text("2b", "\"1a\"", "pass", index);
    let env = "from flask import current_app\nfrom alembic import context\n\n\ndef run(engines):\n    for name, rec in \
               engines.items():\n        context.configure(connection=rec)\n        \
               context.run_migrations(engine_name=name)\n";
    let folder = project(&[
        ("migrations/env.py", env.as_bytes()),
        ("migrations/versions/1a_first.py", first.as_bytes()),
        ("migrations/versions/2b_second.py", second.as_bytes()),
    ]);
    let run =
        ddlint(folder.path(), &["check", "--select", "already-exists,index-not-concurrent", "--output-format", "json"]);
    let found: Vec<String> =
        run.findings().iter().map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(found, ["index-not-concurrent"]);
    let schema = ddlint(folder.path(), &["schema", "."]).out;
    assert_eq!(schema.matches("CREATE TABLE \"user\"").count(), 2, "{schema}");
    assert!(schema.contains("(users)") && schema.matches("CREATE INDEX").count() == 1, "{schema}");
}

/// The dialect of a Flask application is what its configuration says, where it says it literally.
#[test]
fn the_database_of_a_flask_application() {
    let env = "from flask import current_app\nfrom alembic import context\n\nconfig = \
               context.config\nconfig.set_main_option(\"sqlalchemy.url\", \
               current_app.config.get(\"SQLALCHEMY_DATABASE_URI\"))\n";
    let first = revision("import sqlalchemy as sa\n", "op.drop_table(\"Orders\")");
    let uri = |value: &str| format!("class Config:\n    SQLALCHEMY_DATABASE_URI = {value}\n");
    for (path, text, quoted) in [
        ("config.py", uri("\"mysql+pymysql://root@localhost/shop\""), "`Orders`"),
        ("shop/settings.py", uri("\\\n        \"mysql://root@localhost/shop\""), "`Orders`"),
        ("config.py", uri("\"postgresql:///shop\""), "\"Orders\""),
        ("config.py", uri("os.environ[\"DATABASE_URL\"]"), "\"Orders\""),
    ] {
        let folder = project(&[
            ("migrations/env.py", env.as_bytes()),
            ("migrations/versions/1a_first.py", first.as_bytes()),
            (path, text.as_bytes()),
        ]);
        let found = explained(folder.path(), "migrations/versions/1a_first.py");
        let found: Vec<&str> = found.iter().map(|[.., statement]| statement.as_str()).collect();
        assert_eq!(found, [format!("DROP TABLE {quoted}")], "{path}: {text}");
    }
    // A file of SQLite is one where the environment has nothing to say, and no driver of a server is installed.
    let local = uri("\"sqlite:///shop.db\"");
    let either = uri("os.environ.get(\"DATABASE_URL\") or \"sqlite:///shop.db\"");
    for (text, packages, dialect) in [
        (&local, "flask\n", "sqlite"),
        (&local, "psycopg2-binary\n", "postgres"),
        (&local, "PyMySQL\npsycopg2-binary\n", "postgres"),
        (&either, "flask\n", "postgres"),
    ] {
        let folder = project(&[
            ("migrations/env.py", env.as_bytes()),
            ("migrations/versions/1a_first.py", first.as_bytes()),
            ("config.py", text.as_bytes()),
            ("requirements.txt", packages.as_bytes()),
        ]);
        let shown = ddlint(folder.path(), &["check", "--show-files", "migrations/versions/1a_first.py"]).out;
        assert!(
            shown.lines().any(|line| line.contains("dialect") && line.contains(dialect)),
            "{text}{packages}: {shown}"
        );
    }
}

//! Which files are migration sources, and what applies them: from where they are, what they are called, and what is
//! in them.

use std::sync::LazyLock;

use regex::Regex;

use super::{Language, Role, Runner, detect};
use crate::config::Dialect;

/// Whether a file is read, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It is a source: why.
    Read(String),
    /// It is left alone, though it looks relevant: why.
    Leave(&'static str),
    /// It is left alone also where nothing else in the folder is read: why.
    Never(&'static str),
    /// It has nothing to do with migrations.
    Other,
    /// Its content decides.
    Look,
}

/// The language of a file, from its name.
pub(super) fn language(path: &str) -> Option<Language> {
    let (stem, extension) = path.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "sql" | "psql" | "pgsql" | "ddl" => Some(Language::Sql),
        "py" => Some(Language::Python),
        // `01_users.sql.postgres`, where the extension names the database.
        word if dialect_word(word).is_some() && stem.to_ascii_lowercase().ends_with(".sql") => Some(Language::Sql),
        _ => None,
    }
}

/// Whether a file is called `….sql`.
pub(super) fn is_sql(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("sql"))
}

/// Folders whose files are migrations.
const FOLDERS: &[&str] = &[
    "migration",
    "migrations",
    "migrate",
    "db_migrations",
    "dbmigrations",
    "schema_migrations",
    "sql_migrations",
    "versions",
    "deltas",
    "delta",
    "changelog",
    "changesets",
    "upgrades",
    "upgrade",
    "piccolo_migrations",
];

/// Folders of tests, examples and documentation.
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "__tests__",
    "spec",
    "specs",
    "fixtures",
    "examples",
    "docs",
    "doc",
    "seeds",
    "seed",
    "queries",
];

/// Those of them that are what an application can be about.
const APPS: &[&str] = &["examples", "docs", "doc", "seeds", "seed", "queries"];

/// Databases whose SQL is of another kind.
const FOREIGN: &[&str] = &[
    "clickhouse",
    "cassandra",
    "bigquery",
    "snowflake",
    "redshift",
    "oracle",
    "influx",
    "neo4j",
    "h2",
    "hsqldb",
    "derby",
];

/// The words that can name a database, in lower case: those of the folders, and the extensions of the file
/// (`x.sqlite.sql`). What a file is called is its subject: `0003_import_from_mysql.sql` is not written for MySQL.
fn lower_words(path: &str) -> Vec<String> {
    let lower = path.to_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let words = folders.split(|c: char| !c.is_ascii_alphanumeric());
    words.chain(name.split('.').skip(1)).map(str::to_owned).collect()
}

/// A pattern that is known to compile: each is covered by a test.
fn pattern(source: &str) -> Regex {
    // A literal of this file; a mistake in it shows at the first test.
    Regex::new(source).expect("a pattern of this file compiles")
}

static SQL_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(^[VUR]\d[\w.]*__|^R__|^\d{2,}[-_.]|\.(up|down)\.sql$|^(up|down|deploy|revert)\.sql$|migrat)")
});
static PYTHON_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)(?i) ( migrat | ^db_(indexes|indices|backfills?|schema|upgrades?) | backfill | (^|_)(indexes|indices|index_registry|index_definitions)
          | ^(add|drop|create|remove|rename|alter|fix|update)_\w*(column|columns|table|tables|index|indexes|indices|constraint|schema)\w*
          | ^(upgrade|schema_update|update_schema|alter_db|alter_tables?)\w* ) .*\.py$",
    )
});
static DDL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TEMP\w*\s+)?(TABLE|INDEX|TYPE|SEQUENCE|SCHEMA|VIEW|MATERIALIZED|FUNCTION|TRIGGER|EXTENSION|DOMAIN|POLICY)\b",
    )
});
static INCLUDES: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^[ \t]*\\(i|ir|include|include_relative)[ \t]+\S"));
static EXECUTES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\.(execute|executescript|exec_driver_sql|executemany|fetch|fetchval)\s*\(|\bRunSQL\s*\(")
});
static SCRIPT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)__name__\s*==\s*['"]__main__['"]|^(async\s+)?def\s+(main|run|upgrade|migrate|run_migrations?|apply_migrations?)\s*\(|^\w+\.execute"#,
    )
});
/// Peewee's own tool for migrations has no files of its own: scripts call it.
static PLAYHOUSE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?ms)^\s*(?:from|import)\s+playhouse\.migrate\b.*\bmigrate\s*\("));
/// What serves requests is an application, also where it creates its tables at start.
static APPLICATION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^\s*(from|import)\s+(fastapi|starlette|aiohttp\.web|django\.(http|views)|streamlit|celery|sanic|tornado)\b|\b(Flask|Blueprint|APIRouter|FastAPI)\(|^@\w+\.(route|get|post|put|delete)\(",
    )
});
/// How `pg_dump` and `mysqldump` begin, the first also where its comments were taken out.
static DUMP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^--\s*(PostgreSQL database dump|MySQL dump|Dump completed)|pg_dump version|\A\s*SET statement_timeout = 0;\s*SET lock_timeout = 0;(?s:.{0,600}?)SELECT pg_catalog\.set_config\('search_path', ''",
    )
});

/// Blocks and comments of Jinja: which statements there are is known only to the program that fills it in.
static JINJA: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\{%-?\s*(?:if|for|include|macro|set|import|block|extends)\b|\{#"));

/// What where a file is and what it is called say. `given` is the folder that was asked for: that it holds tests or
/// examples is no reason to leave alone what is in it.
pub(super) fn by_path(path: &str, given: &str) -> Verdict {
    let Some(language) = language(path) else { return Verdict::Other };
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let below = folders.strip_prefix(given).unwrap_or(folders).to_lowercase();
    let parts: Vec<String> = folders.split('/').filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    let lower = name.to_lowercase();
    let test = named_test(&lower);
    // An app of Django may have such a name; one that is called `tests` is there for tests.
    let app = match language {
        Language::Python => below.strip_suffix("/migrations"),
        Language::Sql => None,
    };
    let app = app.filter(|app| APPS.contains(&app.rsplit('/').next().unwrap_or(app)));
    let around = app.map_or(below.as_str(), |app| app.rsplit_once('/').map_or("", |(around, _)| around));
    if test || around.split('/').any(|part| TEST_FOLDERS.contains(&part)) {
        return if language == Language::Sql || test {
            Verdict::Leave("a test, an example or documentation")
        } else {
            Verdict::Other
        };
    }
    let words = lower_words(path);
    if words.iter().any(|word| FOREIGN.contains(&word.as_str())) {
        return Verdict::Leave("written for a database that is not read");
    }
    if matches!(lower.as_str(), "env.py" | "__init__.py" | "setup.py" | "manage.py" | "models.py") {
        return Verdict::Other;
    }
    if lower == "structure.sql" && language == Language::Sql {
        return Verdict::Never("the schema as Rails dumps it, not a change of it");
    }
    if matches!(lower.as_str(), "schema.sql" | "dump.sql" | "full_schema.sql" | "init.sql") {
        let named = parts.iter().any(|part| FOLDERS.contains(&part.as_str()));
        return if named { Verdict::Look } else { Verdict::Leave("a snapshot of a schema, not a change of it") };
    }
    if let Some(folder) = parts.iter().rev().find(|part| FOLDERS.contains(&part.as_str())) {
        return Verdict::Read(format!("in a folder named `{folder}`"));
    }
    if language == Language::Sql
        && (matches!(lower.as_str(), "seed.sql" | "seeds.sql") || parts.iter().any(|p| p == "seeds"))
    {
        return Verdict::Leave("rows to start with, not a change of a schema");
    }
    match language {
        Language::Sql if SQL_NAME.is_match(name) => Verdict::Read("named like a migration".to_owned()),
        Language::Python if PYTHON_NAME.is_match(name) => Verdict::Look,
        Language::Sql | Language::Python => Verdict::Look,
    }
}

/// Whether a file is named as tests of Python are.
fn named_test(name: &str) -> bool {
    name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py"
}

/// Whether a path is that of a test, an example or documentation. `connection_test.py` need not be one, and neither do
/// the models of an application that is about documents.
pub(super) fn is_test(path: &str) -> bool {
    let path = path.to_lowercase();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let app = folders.strip_suffix("/models").or_else(|| (name == "models.py").then_some(folders));
    let app = app.map(|app| app.rsplit_once('/').unwrap_or(("", app))).filter(|(_, app)| APPS.contains(app));
    let around = app.map_or(folders, |(around, _)| around);
    name.starts_with("test_") || name == "conftest.py" || around.split('/').any(|part| TEST_FOLDERS.contains(&part))
}

/// What is in a file that its path does not decide about.
pub(super) fn by_content(path: &str, text: &str) -> Verdict {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ddl = DDL.is_match(text);
    match language(path) {
        Some(Language::Sql) if DUMP.is_match(text) => Verdict::Never("a dump, not a change"),
        Some(Language::Sql) if JINJA.is_match(text) => Verdict::Leave("a template that a program fills in"),
        Some(Language::Sql) if ddl => Verdict::Read("a SQL file that changes a schema".to_owned()),
        Some(Language::Sql) if INCLUDES.is_match(text) => {
            Verdict::Read("a script of psql that includes others".to_owned())
        }
        Some(Language::Sql) if detect::marked(text) => Verdict::Read("holds a marker of a runner".to_owned()),
        Some(Language::Python) => {
            let executes = EXECUTES.is_match(text);
            // The import alone would do for a test or a tool; a migration has what its runner calls.
            let (runner, why) = python_runner(path, text);
            if matches!(runner, Runner::Aerich | Runner::PeeweeMigrate | Runner::Piccolo) {
                Verdict::Read(why.to_owned())
            } else if PLAYHOUSE.is_match(text) && !APPLICATION.is_match(text) {
                Verdict::Read("calls `migrate(…)` of `playhouse.migrate`".to_owned())
            } else if PYTHON_NAME.is_match(name) && (ddl || executes || text.contains("CREATE INDEX")) {
                Verdict::Read("named like a migration, and holds SQL".to_owned())
            } else if ddl && executes && SCRIPT.is_match(text) && !APPLICATION.is_match(text) {
                Verdict::Read("a script that changes a schema".to_owned())
            } else if ddl {
                Verdict::Leave("holds DDL, but is no script that runs it")
            } else {
                Verdict::Other
            }
        }
        _ => Verdict::Other,
    }
}

/// The role that a well-known name gives.
pub(super) fn role(path: &str) -> Option<(Role, &'static str)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "db_indexes.py" | "db_indices.py" | "index_registry.py" => {
            Some((Role::Indexes, "named like an index registry"))
        }
        "db_backfills.py" | "backfill_registry.py" => Some((Role::Backfills, "named like a backfill registry")),
        _ => None,
    }
}

/// The runner of a Python file, and what shows it.
pub(super) fn python_runner(path: &str, text: &str) -> (Runner, &'static str) {
    static RETURNS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^async\s+def\s+upgrade\s*\(\s*db\b"));
    static MIGRATOR: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^def\s+(?:migrate|rollback)\s*\(\s*migrator\b"));
    static STEPS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^steps\s*=\s*\[\s*(?:#.*\s*)*(?:step|group)\s*\("));
    let head = text.get(..text.floor_char_boundary(64 << 10)).unwrap_or(text);
    if head.contains("down_revision") && head.contains("revision") {
        (Runner::Alembic, "`down_revision` in it")
    } else if head.contains("migrations.Migration") && !is_tortoise(head) {
        (Runner::Django, "`migrations.Migration` in it")
    } else if head.contains("class Migration(") && head.contains("from django.db import") {
        // Derived from a class of the project.
        (Runner::Django, "a class `Migration` and `django.db` in it")
    } else if head.lines().any(|line| line.starts_with("from yoyo import") || line.starts_with("import yoyo")) {
        (Runner::Yoyo, "`yoyo` imported in it")
    } else if RETURNS.is_match(head) && head.contains("BaseDBAsyncClient") {
        (Runner::Aerich, "`BaseDBAsyncClient` and `upgrade(db)` in it")
    } else if RETURNS.is_match(head) && text.contains("MODELS_STATE") {
        (Runner::Aerich, "`MODELS_STATE` and `upgrade(db)` in it")
    } else if MIGRATOR.is_match(head) {
        (Runner::PeeweeMigrate, "`def migrate(migrator, …)` in it")
    } else if head.contains("MigrationManager(") && head.contains("piccolo") {
        (Runner::Piccolo, "`MigrationManager` of Piccolo in it")
    } else if piccolo(path, head) {
        (Runner::Piccolo, "`async def forwards()` in a folder `piccolo_migrations`")
    } else if STEPS.is_match(head) {
        (Runner::Yoyo, "`steps = [step(…` in it")
    } else {
        (Runner::Script, "written in Python")
    }
}

/// Whether a text is one of Tortoise ORM, whose migrations look like Django's and follow other rules.
pub fn is_tortoise(text: &str) -> bool {
    static TORTOISE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?m)^from\s+tortoise(?:\.migrations[\w.]*)?\s+import\b"));
    let head = text.get(..text.floor_char_boundary(64 << 10)).unwrap_or(text);
    TORTOISE.is_match(head)
}

/// Whether a file is where Piccolo keeps migrations, and holds one whose manager a helper makes.
fn piccolo(path: &str, text: &str) -> bool {
    static FORWARDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^async\s+def\s+forwards\s*\(\s*\)"));
    path.rsplit('/').nth(1) == Some("piccolo_migrations") && FORWARDS.is_match(text)
}

/// The dialect that words of a SQL file give away, and the word that does.
pub(super) fn dialect_by_content(text: &str) -> Option<(Dialect, &'static str)> {
    static SQLITE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?mi)\bAUTOINCREMENT\b|^\s*PRAGMA\s|\bWITHOUT\s+ROWID\b|^\s*\)\s*STRICT\s*;"));
    static MYSQL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\bENGINE\s*=\s*InnoDB\b|\bAUTO_INCREMENT\b"));
    static MSSQL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?mi)^[ \t]*GO[ \t]*(?:\d+[ \t]*)?\r?$"));
    let head = text.get(..text.floor_char_boundary(64 << 10)).unwrap_or(text);
    if SQLITE.is_match(head) {
        Some((Dialect::Sqlite, "`AUTOINCREMENT`, `PRAGMA`, `WITHOUT ROWID` or `STRICT` in it"))
    } else if MYSQL.is_match(head) {
        Some((Dialect::Mysql, "`ENGINE=InnoDB` or `AUTO_INCREMENT` in it"))
    } else if MSSQL.is_match(head) {
        Some((Dialect::Mssql, "a line `GO` in it"))
    } else {
        None
    }
}

/// The dialect that a Python file gives away. A file that names dialects may choose between them, and tells nothing.
pub(super) fn dialect_by_python(text: &str) -> Option<(Dialect, &'static str)> {
    static CHOOSES: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r#"(?i)dialect|postgres|psycopg|asyncpg|mysql\.|mysql['"]|mariadb|['"]sqlite['"]|create_engine"#)
    });
    static SQLITE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?m)['"]\s*PRAGMA\s+\w|^\s*PRAGMA\s+\w+\s*(?:=|;|\()|\bSqlite(?:Ext)?(?:Database|Migrator)\b|^\s*(?:from|import)\s+[\w.]*sqlite\w*\b|\b(?:INSERT|UPDATE)\s+OR\s+(?:IGNORE|REPLACE)\b"#,
        )
    });
    static MYSQL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\bENGINE\s*=\s*InnoDB\b|\bAUTO_INCREMENT\b|\b(?:TINY|MEDIUM|LONG)(?:BLOB|TEXT)\b|\b(?:ALTER|CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?`\w|\bMySQL(?:Database|Migrator)\b",
        )
    });
    let head = text.get(..text.floor_char_boundary(64 << 10)).unwrap_or(text);
    if CHOOSES.is_match(head) {
        None
    } else if SQLITE.is_match(head) {
        Some((Dialect::Sqlite, "`PRAGMA`, `OR IGNORE`, a class or a module for SQLite in it"))
    } else if MYSQL.is_match(head) {
        Some((Dialect::Mysql, "`ENGINE=InnoDB`, `AUTO_INCREMENT`, a type, quotes or a class for MySQL in it"))
    } else {
        None
    }
}

/// The dialect that a path names, and the word that does.
pub(super) fn dialect(path: &str) -> Option<(Dialect, String)> {
    lower_words(path).into_iter().rev().find_map(|word| Some((dialect_word(&word)?, word)))
}

/// The dialect that the scheme of a URL names.
pub(super) fn dialect_of_url(scheme: &str) -> Option<Dialect> {
    match scheme.to_ascii_lowercase().as_str() {
        "cockroachdb" => Some(Dialect::Postgres),
        word => dialect_word(word),
    }
}

/// The dialect that a word in a path names: the server's name alone, or grown together with another (`riversqlite`).
pub(super) fn dialect_word(word: &str) -> Option<Dialect> {
    let holds = |name: &str| word.starts_with(name) || word.ends_with(name);
    match word {
        "pg" | "psql" | "pgsql" | "cockroach" => Some(Dialect::Postgres),
        "sqlserver" => Some(Dialect::Mssql),
        _ if holds("postgres") || holds("postgresql") => Some(Dialect::Postgres),
        _ if holds("mysql") || holds("mariadb") => Some(Dialect::Mysql),
        _ if holds("sqlite") || holds("sqlite3") => Some(Dialect::Sqlite),
        _ if holds("mssql") => Some(Dialect::Mssql),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(path: &str) -> bool {
        matches!(by_path(path, ""), Verdict::Read(_))
    }

    #[test]
    fn folders_and_names_of_migrations_decide() {
        for path in ["db/migrations/0001_a.sql", "alembic/versions/3f2a_b.py", "V1__init.sql", "sql/0003_add.up.sql"] {
            assert!(reads(path), "{path}");
        }
    }

    #[test]
    fn tests_models_and_queries_are_left_alone() {
        for path in [
            "tests/migrations/test_a.py",
            "app/models.py",
            "queries/list.sql",
            "docs/migrations/a.sql",
            "db/structure.sql",
        ] {
            assert!(!reads(path), "{path}");
            assert_ne!(by_path(path, ""), Verdict::Look, "{path}");
        }
        assert!(matches!(by_path("fixtures/x/migrations/1_a.sql", "fixtures/x"), Verdict::Read(_)));
    }

    #[test]
    fn an_extension_can_name_the_database() {
        assert_eq!(language("delta/72/01_x.sql.sqlite"), Some(Language::Sql));
        assert_eq!(language("app.sqlite"), None);
        assert_eq!(dialect_by_content("SELECT 1\r\nGO\r\n").map(|found| found.0), Some(Dialect::Mssql));
        assert_eq!(dialect_by_content("SELECT go\n"), None);
    }

    #[test]
    fn a_python_file_of_one_dialect_gives_it_away() {
        let of = |text| dialect_by_python(text).map(|found| found.0);
        assert_eq!(of("conn.execute(\"PRAGMA legacy_alter_table=ON\")\n"), Some(Dialect::Sqlite));
        assert_eq!(of("from shop.drivers.sqlite import Cursor\n"), Some(Dialect::Sqlite));
        assert_eq!(of("import sqlite3\nimport psycopg\n"), None);
        assert_eq!(of("cur.execute('UPDATE OR IGNORE t SET a = 1')\n"), Some(Dialect::Sqlite));
        assert_eq!(of("step('ALTER TABLE t ADD c TINYBLOB NULL')\n"), Some(Dialect::Mysql));
        assert_eq!(of("if bind.dialect.name == 'sqlite':\n    op.execute('PRAGMA foreign_keys=OFF')\n"), None);
        assert_eq!(of("# pragma: no cover\nsa.Column('id', autoincrement=True)\n"), None);
    }

    #[test]
    fn content_decides_about_scripts_and_application_code() {
        let ddl = "conn.execute('ALTER TABLE orders ADD COLUMN note text')\n";
        let script = format!("def main():\n    {ddl}\nif __name__ == '__main__':\n    main()\n");
        assert!(matches!(by_content("tools/columns.py", &script), Verdict::Read(_)));
        let code = format!("class Store:\n    def setup(self, conn):\n        {ddl}");
        assert!(matches!(by_content("app/store.py", &code), Verdict::Leave(_)));
        assert!(matches!(by_content("sql/all.sql", "begin;\n  \\ir one.sql\n"), Verdict::Read(_)));
        assert_eq!(by_content("app/views.py", "conn.execute('UPDATE orders SET note = 1')"), Verdict::Other);
    }

    #[test]
    fn dumps_and_seeds_are_no_changes() {
        let dump = "\n\nSET statement_timeout = 0;\nSET lock_timeout = 0;\nSET client_encoding = 'UTF8';\n\
            SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE a (b int);\n";
        assert!(matches!(by_content("schemas/prod.sql", dump), Verdict::Never(_)));
        let change = "SET statement_timeout = 0;\nSET lock_timeout = 0;\nALTER TABLE a ADD b int;\n";
        assert!(matches!(by_content("schemas/prod.sql", change), Verdict::Read(_)));
        assert!(matches!(by_path("supabase/seed.sql", ""), Verdict::Leave(_)));
        assert!(matches!(by_path("db/seeds/01_users.sql", ""), Verdict::Leave(_)));
        assert!(reads("db/migrations/seed.sql"));
        let template = "{% if data.name %}\nCREATE TABLE {{ data.name }} (a int);\n{% endif %}\n";
        assert!(matches!(by_content("templates/create.sql", template), Verdict::Leave(_)));
    }

    #[test]
    fn models_of_an_application_are_no_documentation() {
        for path in ["docs/models.py", "site/queries/models/saved.py", "shop/models.py", "shop/connection_test.py"] {
            assert!(!is_test(path), "{path}");
        }
        for path in ["docs/conf.py", "tests/models.py", "docs/tests/models.py", "shop/test_models.py"] {
            assert!(is_test(path), "{path}");
        }
    }

    #[test]
    fn tools_of_python_are_told_by_what_they_call() {
        let of = |text| python_runner("m/x.py", text).0;
        let returns = "async def upgrade(db: BaseDBAsyncClient) -> str:\n    return ''\n";
        assert_eq!(of(returns), Runner::Aerich);
        assert_eq!(of("async def upgrade(db):\n    return ''\n\nMODELS_STATE = ''\n"), Runner::Aerich);
        assert_eq!(of("def migrate(migrator, database, fake=False, **kwargs):\n    pass\n"), Runner::PeeweeMigrate);
        assert_eq!(of("from piccolo.x import MigrationManager\nm = MigrationManager(\n"), Runner::Piccolo);
        assert_eq!(of("steps = [\n    # the first\n    step('SELECT 1')]\n"), Runner::Yoyo);
        // A home-made tool may have the same words.
        assert_eq!(of("async def upgrade(db):\n    await db.execute('SELECT 1')\n"), Runner::Script);
        assert_eq!(of("manager = MigrationManager(engine)\n"), Runner::Script);
        let script = "from playhouse.migrate import *\nmigrate(migrator.drop_column('t', 'c'))\n";
        assert!(matches!(by_content("tools/change.py", script), Verdict::Read(_)));
        assert_eq!(dialect_by_python("db = SqliteDatabase('x.db')\n").map(|found| found.0), Some(Dialect::Sqlite));
        assert_eq!(dialect_by_python("'ALTER TABLE `t` ADD `c` INT'\n").map(|found| found.0), Some(Dialect::Mysql));
    }

    #[test]
    fn every_pattern_compiles() {
        for each in [&SQL_NAME, &PYTHON_NAME, &DDL, &INCLUDES, &EXECUTES, &SCRIPT, &APPLICATION, &DUMP, &PLAYHOUSE] {
            assert!(!each.as_str().is_empty());
        }
    }

    #[test]
    fn a_path_can_name_the_dialect() {
        assert_eq!(dialect("schema/delta/72/01_x.sql.sqlite"), Some((Dialect::Sqlite, "sqlite".to_owned())));
        assert_eq!(dialect("migrations/0001_x.sql"), None);
        assert_eq!(dialect("migrations/0003_import_from_mysql.sql"), None);
        assert!(reads("migrations/0002_price_oracle.sql"));
    }
}

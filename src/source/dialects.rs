//! The dialect of a source that does not say it: what its runner's configuration names, what the files beside it are
//! written for, which driver the project installs. What is found does not depend on the files that a run is given.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::detect::Folder;
use super::{Language, Runner, decode, recognise};
use crate::config::Dialect;

/// Files of a folder that are looked into, spread over all of them.
const MAX_FILES: usize = 64;
/// How much of a file is looked at, in bytes.
const HEAD: usize = 64 << 10;
/// Folders above the migrations of a Flask application in which its configuration is looked for, and folders in each.
const MAX_ABOVE: usize = 4;
const MAX_PACKAGES: usize = 30;
/// Modules that configure a Flask application.
const FLASK: [&str; 8] = [
    "config.py",
    "settings.py",
    "default_settings.py",
    "app.py",
    "application.py",
    "__init__.py",
    "extensions.py",
    "config/__init__.py",
];
/// The votes that one dialect needs for each vote of another.
const MAJORITY: usize = 3;

/// A pattern that is known to compile: each is covered by a test.
fn pattern(source: &str) -> Regex {
    // A literal of this file; a mistake in it shows at the first test.
    Regex::new(source).expect("a pattern of this file compiles")
}

/// What is written for one server only.
static POSTGRES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)dialects[ \t]+import[^\n]*\bpostgresql\b|dialects\.postgresql|\bpostgresql_\w+[ \t]*=|\bJSONB\b|\bTIMESTAMPTZ\b|\b(?:BIG|SMALL)?SERIAL\b|INDEX[ \t]+CONCURRENTLY|\w::[a-z]|\bgen_random_uuid\b|\bplpgsql\b|\bCREATE[ \t]+EXTENSION\b",
    )
});
static MYSQL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)dialects[ \t]+import[^\n]*\bmysql\b|dialects\.mysql|\bmysql_\w+[ \t]*=|\bENGINE[ \t]*=[ \t]*InnoDB\b|\bAUTO_INCREMENT\b|\b(?:TINY|MEDIUM|LONG)(?:BLOB|TEXT|INT)\b|\butf8mb4\b|\b(?:TABLE|INTO|UPDATE|FROM|EXISTS)[ \t]+`\w+`|\bUNSIGNED\b|\b(?:VAR)?BINARY[ \t]*\(\d+\)|\bFOREIGN_KEY_CHECKS\b|\bDROP[ \t]+FOREIGN[ \t]+KEY\b|\bALTER[ \t]+TABLE[ \t]+\S+[ \t]+(?:ADD|DROP)[ \t]+(?:UNIQUE[ \t]+)?(?:INDEX|KEY)\b|_ibfk_\d|\bCHARSET[ \t]*=[ \t]*utf8",
    )
});
static SQLITE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)dialects[ \t]+import[^\n]*\bsqlite\b|dialects\.sqlite|\bsqlite_\w+[ \t]*=|\b(?-i:AUTOINCREMENT)\b|\bPRAGMA[ \t]+\w+|\bWITHOUT[ \t]+ROWID\b|\bsqlite_master\b|\bCREATE[ \t]+VIRTUAL[ \t]+TABLE\b|\b(?:INSERT|UPDATE)[ \t]+OR[ \t]+(?:IGNORE|REPLACE)\b|\b(?:date)?time[ \t]*\([ \t]*'now'|\bstrftime[ \t]*\(|(?m:^[ \t]*\)[ \t]*STRICT[ \t]*;)",
    )
});
static MSSQL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\bUNIQUEIDENTIFIER\b|\bDATETIME2\b|\bNEWID[ \t]*\([ \t]*\)|\bN?VARCHAR[ \t]*\([ \t]*MAX[ \t]*\)|(?m:^[ \t]*GO[ \t]*\r?$)",
    )
});
/// A type that PostgreSQL has not, and that MySQL has beside other words of its own.
static BLOB: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)^[ \t]*[`\x22\[]?\w+[`\x22\]]?[ \t]+BLOB\b|\bADD[ \t]+(?:COLUMN[ \t]+)?[`\x22\[]?\w+[`\x22\]]?[ \t]+BLOB\b",
    )
});
/// A type that only SQLite and MySQL take, in SQL of one line: Peewee's migrations hold such where its own words do not do.
static DATETIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"[(,][ \t]*[`\x22]\w+[`\x22][ \t]+DATETIME\b"));
/// A literal URL of a database.
static URL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(postgres(?:ql)?|cockroachdb|mysql|mariadb|sqlite|mssql)(?:\+\w+)?://"));
/// The URL of a Flask application's database, up to its scheme, on its line or the next.
static DATABASE_URI: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"SQLALCHEMY_DATABASE_URI\b[^\n#]*(?:[=(\\]\s*\n[^\n#]*)?["'](postgres(?:ql)?|cockroachdb|mysql|mariadb|sqlite|mssql)(?:\+\w+)?://"#,
    )
});
/// A URL that `env.py` sets itself.
static OVERRIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"set_main_option\(\s*["']sqlalchemy\.url|["']sqlalchemy\.url["']\s*\]\s*=|\burl\s*=\s*(?:os\.|get_|settings)"#,
    )
});
/// Drivers by name, as packages are installed.
static DRIVERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)(?:^|[\s\x22'=\[,])(psycopg2?(?:-binary|cffi)?|asyncpg|pg8000|pymysql|mysqlclient|aiomysql|asyncmy|mysql-connector(?:-python)?)(?:\[[\w,]*\])?[\s\x22'=<>~!;,)]",
    )
});

/// The dialect that is found around a file in `folder` at `path`, and what shows it. `nested` says that each file lies
/// in a folder of its own in that one.
pub(super) fn around(
    root: &Path,
    folder: &Folder,
    path: &Path,
    language: Language,
    runner: Runner,
    nested: bool,
) -> Option<(Dialect, String)> {
    let configured = if runner == Runner::Alembic { alembic(root, folder) } else { None };
    // A database file in the configuration is often the one that developers try things on.
    let firm = configured.as_ref().is_some_and(|(dialect, _, firm)| *firm && *dialect != Dialect::Sqlite);
    if let (true, Some((dialect, why, _))) = (firm, &configured) {
        return Some((*dialect, why.clone()));
    }
    let vote = vote(path, folder, language, runner, nested);
    if let Some((dialect, votes)) = vote {
        if dialect == Dialect::default() {
            return None;
        }
        return Some((dialect, format!("{votes} of the files beside it are written for it")));
    }
    let configured = configured.map(|(dialect, why, _)| (dialect, why));
    configured.or_else(|| if language == Language::Python { driver(root, folder, runner) } else { None })
}

/// The files that migrations with a folder of their own are named by: Diesel's and Hasura's, Prisma's.
const OWN_FILES: [&str; 2] = ["up.sql", "migration.sql"];

/// Whether a file of this name is alone in the folder of its migration, so that those beside it lie in other folders.
pub fn has_own_folder(name: &str) -> bool {
    name == "down.sql" || OWN_FILES.contains(&name)
}

/// The dialect that most files of a folder are written for, and how many are. `nested` says that each file lies in a
/// folder of its own in that one.
fn vote(path: &Path, folder: &Folder, language: Language, runner: Runner, nested: bool) -> Option<(Dialect, usize)> {
    let of_language = |name: &&str| nested || recognise::language(name) == Some(language);
    let names: Vec<&str> =
        folder.names().filter(of_language).filter(|name| recognise::dialect(name).is_none()).collect();
    let step = names.len().div_ceil(MAX_FILES).max(1);
    let mut sample = 0;
    let mut votes = [(Dialect::Postgres, 0_usize), (Dialect::Mysql, 0), (Dialect::Sqlite, 0), (Dialect::Mssql, 0)];
    for name in names.into_iter().step_by(step) {
        let file = path.join(name);
        let text = if nested { OWN_FILES.iter().find_map(|own| head(&file.join(own))) } else { head(&file) };
        let Some(text) = text else { continue };
        sample += 1;
        let mut says = [&POSTGRES, &MYSQL, &SQLITE, &MSSQL].map(|words| words.is_match(&text));
        let peewee = runner == Runner::PeeweeMigrate;
        says[2] |= says == [false; 4] && (BLOB.is_match(&text) || (peewee && DATETIME.is_match(&text)));
        // What names several chooses between them.
        if says.iter().filter(|said| **said).count() == 1 {
            for ((_, count), said) in votes.iter_mut().zip(says) {
                *count += usize::from(said);
            }
        }
    }
    let all: usize = votes.iter().map(|(_, count)| count).sum();
    let (dialect, count) = votes.into_iter().max_by_key(|(_, count)| *count)?;
    // A few files prove little against the default: a project that supports several databases has options for each in
    // Python, and in SQL files of its own.
    let needed = match (dialect, runner) {
        // Scripts that lie together need not be for one database: most must say so, and none anything else.
        (_, Runner::Script) if all > count => return None,
        (_, Runner::Script) => (sample / 2).max(3),
        (Dialect::Postgres, _) => 1,
        (_, Runner::PeeweeMigrate) => 2,
        _ if language == Language::Sql => (sample / 12).max(2),
        _ => (sample / 4).max(2),
    };
    (count >= needed && count >= MAJORITY * (all - count)).then_some((dialect, count))
}

/// The dialect of the database that Alembic is configured for, what shows it, and whether nothing overrides it.
fn alembic(root: &Path, folder: &Folder) -> Option<(Dialect, String, bool)> {
    let file = |at: &Folder, name: &str| if at.has(name) { head(&root.join(&at.shown).join(name)) } else { None };
    let env = folder.upwards().take(3).find_map(|at| file(at, "env.py")).unwrap_or_default();
    let overridden = OVERRIDDEN.is_match(&env);
    let ini = folder.upwards().find_map(|at| file(at, "alembic.ini")).unwrap_or_default();
    let mut lines = ini.lines().filter_map(|line| line.trim_start().strip_prefix("sqlalchemy.url"));
    let url = lines.find_map(|rest| rest.trim_start().strip_prefix('='));
    let of_url = |text: &str| URL.captures(text).and_then(|found| recognise::dialect_of_url(found.get(1)?.as_str()));
    if let Some(dialect) = url.and_then(of_url) {
        return Some((dialect, "`sqlalchemy.url` in `alembic.ini`".to_owned(), !overridden));
    }
    let mut named = URL.captures_iter(&env).filter_map(|found| recognise::dialect_of_url(found.get(1)?.as_str()));
    // A database file there is mostly for tests.
    match named.next() {
        Some(first) if first != Dialect::Sqlite => {
            named.all(|other| other == first).then(|| (first, "a URL in `env.py`".to_owned(), true))
        }
        _ if env.contains("current_app") => flask(root, folder),
        _ => None,
    }
}

/// The dialect that the configuration of a Flask application says literally, in a folder above the migrations or in one
/// beside them; what the environment may say instead proves nothing of a file of SQLite.
fn flask(root: &Path, folder: &Folder) -> Option<(Dialect, String, bool)> {
    for at in folder.upwards().take(MAX_ABOVE) {
        let here = FLASK.iter().filter(|name| at.has(name)).map(|name| (*name).to_owned());
        let packages = at.names().filter(|name| !name.contains('.')).take(MAX_PACKAGES);
        let below = packages.flat_map(|package| FLASK.iter().map(move |name| format!("{package}/{name}")));
        let (mut servers, mut file_at) = (BTreeMap::new(), None);
        for path in here.chain(below) {
            let Some(text) = head(&root.join(&at.shown).join(&path)) else { continue };
            for found in DATABASE_URI.captures_iter(&text) {
                let (Some(line), Some(scheme)) = (found.get(0), found.get(1)) else { continue };
                match recognise::dialect_of_url(scheme.as_str()) {
                    Some(Dialect::Sqlite) => {
                        let asked = line.as_str().contains("env") || line.as_str().contains("TEST");
                        // `sqlite://` and `sqlite:///:memory:` are for tests.
                        let rest = text.get(line.end()..).unwrap_or_default();
                        let kept = rest.starts_with('/') && !rest.starts_with("/:memory:");
                        file_at = file_at.or_else(|| (kept && !asked).then(|| path.clone()));
                    }
                    Some(dialect) => {
                        servers.entry(dialect.as_str()).or_insert_with(|| (dialect, path.clone()));
                    }
                    None => {}
                }
            }
        }
        let why = |path: &str| format!("`SQLALCHEMY_DATABASE_URI` in `{path}`");
        if let Some((dialect, path)) = servers.pop_first().map(|(_, found)| found) {
            return servers.is_empty().then(|| (dialect, why(&path), true));
        }
        if let Some(path) = file_at {
            // With a server's driver, or several, the file is what developers try things on.
            let installs = drivers(root, folder, Runner::Alembic) != Drivers::None;
            return (!installs).then(|| (Dialect::Sqlite, why(&path), false));
        }
    }
    None
}

/// The dialect of a Django site that installs drivers of another server than PostgreSQL, and of no other.
pub(super) fn of_django(root: &Path, folder: &Folder) -> Option<(Dialect, String)> {
    driver(root, folder, Runner::Django).filter(|(dialect, _)| *dialect == Dialect::Mysql)
}

/// The drivers that a project installs.
#[derive(PartialEq)]
enum Drivers {
    /// None of a server that it needs a package for.
    None,
    /// Those of one dialect, and what shows it.
    Of(Dialect, String),
    /// Of several.
    Several,
}

/// The dialect of the drivers that the project installs, where they are of one.
fn driver(root: &Path, folder: &Folder, runner: Runner) -> Option<(Dialect, String)> {
    if let Drivers::Of(dialect, why) = drivers(root, folder, runner) { Some((dialect, why)) } else { None }
}

/// The drivers that the project installs. Python brings that of SQLite.
fn drivers(root: &Path, folder: &Folder, runner: Runner) -> Drivers {
    const LISTS: [&str; 6] =
        ["requirements.txt", "pyproject.toml", "Pipfile", "setup.cfg", "setup.py", "requirements.in"];
    // A folder of lists has one for what runs in production, by itself or under what all have in common.
    const NAMES: [&str; 6] = ["production", "prod", "base", "common", "main", "requirements"];
    let mut without = Drivers::None;
    for at in folder.upwards() {
        let lists = LISTS.into_iter().filter(|list| at.has(list)).map(str::to_owned);
        let more = if at.has("requirements") { &NAMES[..] } else { &[] };
        let more = more.iter().flat_map(|name| ["txt", "in"].map(|ending| format!("requirements/{name}.{ending}")));
        for list in lists.chain(more) {
            let list = list.as_str();
            let text = head(&root.join(&at.shown).join(list)).unwrap_or_default();
            if without == Drivers::None && runner == Runner::PeeweeMigrate && text.contains("peewee") {
                without = Drivers::Of(Dialect::Sqlite, format!("`peewee` in `{list}`, and no driver of a server"));
            }
            let of =
                |name: &str| if name.to_ascii_lowercase().contains("my") { Dialect::Mysql } else { Dialect::Postgres };
            let mut found = DRIVERS.captures_iter(&text).filter_map(|found| found.get(1));
            let Some(first) = found.next() else { continue };
            let dialect = of(first.as_str());
            let one = found.all(|other| of(other.as_str()) == dialect);
            return if one {
                Drivers::Of(dialect, format!("`{}` in `{list}`", first.as_str()))
            } else {
                Drivers::Several
            };
        }
    }
    without
}

/// The beginning of a file; `None` where it cannot be read.
fn head(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let data = std::fs::metadata(path).ok()?;
    if !data.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(HEAD as u64).read_to_end(&mut bytes).ok()?;
    Some(decode::text(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_server_are_told() {
        for text in ["from sqlalchemy.dialects import postgresql", "x::text", "postgresql_where=x", "id SERIAL"] {
            assert!(POSTGRES.is_match(text) && !MYSQL.is_match(text) && !SQLITE.is_match(text), "{text}");
        }
        for text in ["from sqlalchemy.dialects import mysql", "mysql_engine='InnoDB'", "UPDATE `t`", "h VARBINARY(20)"]
            .into_iter()
            .chain(["SET FOREIGN_KEY_CHECKS=0", "ALTER TABLE t DROP FOREIGN KEY f", "alter table t add index i (a)"])
            .chain(["'account_ibfk_2'"])
        {
            assert!(MYSQL.is_match(text) && !POSTGRES.is_match(text) && !SQLITE.is_match(text), "{text}");
        }
        assert!(SQLITE.is_match("PRAGMA foreign_keys = ON") && SQLITE.is_match("id INTEGER PRIMARY KEY AUTOINCREMENT"));
        assert!(
            SQLITE.is_match("CREATE TABLE t\n(\n    id INTEGER\n) STRICT;")
                && BLOB.is_match("ALTER TABLE t\n    ADD claims BLOB;")
        );
        assert!(!SQLITE.is_match("CREATE TABLE t (id integer)") && !SQLITE.is_match("Column(autoincrement=False)"));
    }

    #[test]
    fn a_type_that_postgres_lacks_is_told_in_sql_alone() {
        assert!(DATETIME.is_match("CREATE TABLE \"event\" (\"id\" TEXT, \"start_time\" DATETIME NOT NULL)"));
        assert!(!DATETIME.is_match("sa.Column(\"created\", DATETIME)"));
        assert!(SQLITE.is_match("'INSERT OR IGNORE INTO t(a) VALUES (?)'"));
    }

    #[test]
    fn drivers_are_whole_words() {
        for text in ["psycopg2-binary==2.9", "  \"asyncpg>=0.29\",", "psycopg[binary]>=3\n", "PyMySQL~=1.1\n"] {
            assert!(DRIVERS.is_match(text), "{text}");
        }
        assert!(!DRIVERS.is_match("types-psycopg2==2.9") && !DRIVERS.is_match("my-asyncpg-tools==1"));
    }

    #[test]
    fn the_url_of_a_flask_application_is_seen() {
        for (text, scheme) in [
            ("SQLALCHEMY_DATABASE_URI = 'postgresql+psycopg2:///app'", "postgresql"),
            (
                "    SQLALCHEMY_DATABASE_URI = os.environ.get('DATABASE_URL') or \\\n        'sqlite:///' + path",
                "sqlite",
            ),
            ("app.config['SQLALCHEMY_DATABASE_URI'] = (\n    \"mysql://root@localhost/app\"\n)", "mysql"),
            ("app.config.setdefault('SQLALCHEMY_DATABASE_URI', 'sqlite:///app.db')", "sqlite"),
        ] {
            let found = DATABASE_URI.captures(text).and_then(|found| found.get(1));
            assert_eq!(found.map(|found| found.as_str()), Some(scheme), "{text}");
        }
        assert!(!DATABASE_URI.is_match("url = config.get('SQLALCHEMY_DATABASE_URI')\nother = 'sqlite:///x'"));
    }

    #[test]
    fn a_url_that_env_sets_is_seen() {
        assert!(OVERRIDDEN.is_match("config.set_main_option('sqlalchemy.url', url)"));
        assert!(OVERRIDDEN.is_match("configuration[\"sqlalchemy.url\"] = get_url()"));
        assert!(!OVERRIDDEN.is_match("url = config.get_main_option('sqlalchemy.url')"));
        assert!(URL.is_match("mysql+pymysql://root@localhost/x") && !URL.is_match("driver://user"));
    }
}

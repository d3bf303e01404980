//! Which runner applies a SQL file, and what its files say about how: from markers in it, what lies beside it, and what
//! it is called. A marker counts before a layout, and a layout before a name.

mod flyway;
mod folder;
mod lists;
mod neighbours;

use std::sync::LazyLock;

use regex::Regex;

pub(super) use self::flyway::execute_in_transaction;
use self::flyway::{Flyway, Named};
pub(super) use self::folder::{Folder, Folders};
use self::folder::{GOBUFFALO_POP, GOLANG_MIGRATE, ORY_POP};
pub(super) use self::lists::{Entry, List};
pub use self::neighbours::Neighbours;
use super::Place;
use super::recognise::{Verdict, is_sql};
use crate::config::{Dialect, Runner};

/// What is known of a SQL file before it is read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Detected {
    /// What applies it.
    pub(super) runner: Runner,
    /// Why that is so, as a clause.
    pub(super) why: String,
    /// The dialect that a configuration file of the runner names, and where.
    pub(super) dialect: Option<(Dialect, String)>,
    /// Whether the runner opens a transaction around it, where a file beside it says so, and which does.
    pub(super) transaction: Option<(bool, String)>,
    /// The runner applies all that is pending in one transaction.
    pub(super) batch: bool,
    /// Statements of both sorts may stand together (Flyway's `mixed`).
    pub(super) mixed: bool,
    /// The file as a whole goes back.
    pub(super) down: bool,
    /// Where it stands.
    pub(super) place: Place,
    /// What stands before and after the name of a placeholder.
    pub(super) placeholder: Option<(String, String)>,
}

/// How much of a file is looked at for markers, in bytes.
const HEAD: usize = 64 << 10;

/// A pattern that is known to compile: each is covered by a test.
fn pattern(source: &str) -> Regex {
    // A literal of this file; a mistake in it shows at the first test.
    Regex::new(source).expect("a pattern of this file compiles")
}

/// Finds out about the SQL file `name` in `folder`.
pub(super) fn detect(folder: &Folder, name: &str, text: &str) -> Detected {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text);
    let (runner, why) = by_marker(head)
        .map(|(runner, marker)| (runner, format!("`{marker}` in it")))
        .or_else(|| by_layout(folder, name))
        .or_else(|| by_name(folder, name))
        .or_else(|| weak_marker(head).map(|(runner, marker)| (runner, format!("`{marker}` in it"))))
        .unwrap_or((Runner::Plain, "nothing shows a runner".to_owned()));
    describe(runner, why, folder, name)
}

/// What is known of the file once its runner is, as [`detect`] or the configuration says.
pub(super) fn describe(runner: Runner, why: String, folder: &Folder, name: &str) -> Detected {
    let mut this = Detected { runner, why, down: goes_back(folder, name), ..Detected::default() };
    this.place = Place { root: folder.shown.clone(), ..Place::default() };
    match runner {
        Runner::Flyway => flyway_file(&mut this, folder, name),
        Runner::Refinery => {
            // `U` is a migration that may come out of order, and goes up.
            this.down = false;
            this.place.version = version_after(name, &["V", "U"]);
        }
        Runner::Diesel | Runner::Hasura => {
            in_own_folder(&mut this, folder);
            this.transaction = folder.metadata.as_deref().filter(|_| runner == Runner::Diesel).and_then(|text| {
                let table: toml::Table = toml::from_str(text).ok()?;
                Some((table.get("run_in_transaction")?.as_bool()?, "`metadata.toml` beside it".to_owned()))
            });
        }
        Runner::Prisma => {
            in_own_folder(&mut this, folder);
            let lock = folder.find(|folder| folder.prisma);
            this.dialect = lock.and_then(|(_, named)| Some((named.0?, "`migration_lock.toml`".to_owned())));
        }
        Runner::Drizzle => drizzle_file(&mut this, folder, name),
        Runner::Atlas => {
            this.place.version = prefix(name).map(str::to_owned);
            this.place.listed = folder.list.as_ref().and_then(|list| list.number(name));
        }
        Runner::Sqitch => sqitch_file(&mut this, folder, name),
        Runner::Pop => {
            this.place.version = prefix(name).map(str::to_owned);
            this.transaction = without_transaction(folder, name);
        }
        Runner::NodePgMigrate => this.batch = !folder.uses("--no-single-transaction"),
        // Hooks, which are run after every run that applied something. Source: yoyo `migrations.py`, `read_migrations`.
        Runner::Yoyo => this.place.repeatable = name.starts_with("post-apply"),
        // These take the whole name for the identity of a file.
        Runner::SqlMigrate
        | Runner::Liquibase
        | Runner::Script
        | Runner::Alembic
        | Runner::Django
        | Runner::PeeweeMigrate
        | Runner::Piccolo => {}
        _ => {
            this.place.version = prefix(name).map(str::to_owned);
            in_numbered_folder(&mut this, folder);
        }
    }
    this.place.neighbours = neighbours::of(runner, folder, name);
    this
}

/// Markers that no other program's files have.
fn by_marker(head: &str) -> Option<(Runner, &'static str)> {
    static LIQUIBASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\A\s*--\s*liquibase\s*formatted"));
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?mi)^[ \t]*(--+)[ \t]*(\+goose\b|\+migrate\b|migrate:(?:up|down)\b|create above / drop below|tern:|postgres-migrations |atlas:\w|> statement-breakpoint|(?:up|down)grade --[ \t]*\r?$)",
        )
    });
    let head = head.trim_start_matches('\u{feff}');
    if LIQUIBASE.is_match(head) {
        return Some((Runner::Liquibase, "--liquibase formatted sql"));
    }
    let found = LINE.captures(head)?.get(2)?.as_str().to_ascii_lowercase();
    Some(match found.as_str() {
        "+goose" => (Runner::Goose, "-- +goose"),
        "+migrate" => (Runner::SqlMigrate, "-- +migrate"),
        "create above / drop below" => (Runner::Tern, "---- create above / drop below ----"),
        "tern:" => (Runner::Tern, "---- tern:"),
        "> statement-breakpoint" => (Runner::Drizzle, "--> statement-breakpoint"),
        found if found.starts_with("upgrade") || found.starts_with("downgrade") => (Runner::Aerich, "-- upgrade --"),
        found if found.starts_with("migrate:") => (Runner::Dbmate, "-- migrate:"),
        found if found.starts_with("atlas:") => (Runner::Atlas, "-- atlas:"),
        _ => (Runner::PostgresMigrations, "-- postgres-migrations"),
    })
}

/// Whether a file holds a marker that no other program's files have.
pub(super) fn marked(text: &str) -> bool {
    by_marker(text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text)).is_some()
}

/// What the folder says about whether its file is read.
pub(super) fn by_folder(folder: &Folder, name: &str) -> Option<Verdict> {
    if let Some((part, top)) = sqitch_part(folder)
        && top.upwards().any(|folder| folder.has_any(&["sqitch.plan", "sqitch.conf"]).is_some())
    {
        return Some(match part {
            "verify" => Verdict::Leave("a check of sqitch, which changes nothing"),
            part => Verdict::Read(format!("in `{part}` of sqitch")),
        });
    }
    if !is_sql(name) {
        return None;
    }
    if let Some(list) = folder.list.as_ref().filter(|list| list.path != "sqitch.plan") {
        return Some(Verdict::Read(format!("beside `{}`", list.path)));
    }
    let flyway = folder.find(|folder| folder.flyway.as_ref());
    let default = Flyway::default();
    let patterns = flyway.map_or(&default, |(_, flyway)| flyway);
    let beside = || folder.names_any(|other| patterns.named(other).is_some());
    let ours = patterns.named(name).is_some() || (patterns.callback(name) && beside());
    ours.then(|| Verdict::Read("named like a migration of Flyway".to_owned()))
}

/// What Django says of a Python file among its migrations: a module whose name starts so is passed over, and is there for
/// those that import it. Source: `MigrationLoader.load_disk` in django/db/migrations/loader.py.
pub(super) fn beside_django(folder: &Folder, name: &str) -> Option<Verdict> {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4}_\w+\.py$"));
    let package = name.starts_with(['_', '~']) && folder.has("__init__.py");
    let helper = package && folder.names_any(|other| NUMBERED.is_match(other));
    helper.then_some(Verdict::Leave("a module that Django passes over, read where a migration imports it"))
}

/// Markers that count where nothing else tells.
fn weak_marker(head: &str) -> Option<(Runner, &str)> {
    static UP: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?mi)^\s*--[\s-]*(up|down)\s+migration\b"));
    static YOYO: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?m)\A(?:\s*--.*\n)*\s*--\s*(transactional|depends)\s*:"));
    static PSQL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?m)^[ \t]*\\(?:set|unset|i|ir|include|include_relative|c|connect|if|elif|else|endif|echo|qecho|warn|gset|gexec|timing|pset|prompt|encoding|copy|q|quit|o)(?:\s|$)",
        )
    });
    if head.starts_with("-- no-transaction") {
        Some((Runner::Sqlx, "-- no-transaction"))
    } else if UP.is_match(head) {
        Some((Runner::NodePgMigrate, "-- Up Migration"))
    } else if YOYO.is_match(head) {
        Some((Runner::Yoyo, "-- depends:"))
    } else {
        PSQL.find(head).map(|command| (Runner::Psql, command.as_str().trim()))
    }
}

/// What lies beside the file or above it.
fn by_layout(folder: &Folder, name: &str) -> Option<(Runner, String)> {
    let beside = |what: &str| format!("`{what}` beside it");
    let above = |what: &str, at: &Folder| match at.shown.as_str() {
        "" => format!("`{what}`"),
        folder => format!("`{folder}/{what}`"),
    };
    if let Some(list) = &folder.list {
        match list.path {
            "meta/_journal.json" => return Some((Runner::Drizzle, beside(list.path))),
            "atlas.sum" => return Some((Runner::Atlas, beside(list.path))),
            _ => {}
        }
    }
    if name == "migration.sql" || (name == "down.sql" && folder.has("migration.sql")) {
        if folder.has("snapshot.json") {
            return Some((Runner::Drizzle, beside("snapshot.json")));
        }
        if let Some((at, _)) = folder.find(|folder| folder.prisma) {
            return Some((Runner::Prisma, above("migration_lock.toml", at)));
        }
        if folder.upwards().skip(1).any(|above| above.name() == "migrations") {
            return Some((Runner::Prisma, "named `migrations/…/migration.sql`".to_owned()));
        }
    }
    if let Some((part, _)) = sqitch_part(folder)
        && let Some((at, file)) = folder.find(|folder| folder.has_any(&["sqitch.plan", "sqitch.conf"]))
    {
        return Some((Runner::Sqitch, format!("in `{part}`, with {}", above(file, at))));
    }
    if let Some(file) = folder.has_any(&["tern.conf"]) {
        return Some((Runner::Tern, beside(file)));
    }
    if matches!(name, "up.sql" | "down.sql") {
        return Some(up_and_down(folder, above));
    }
    if folder.name() == "migrations"
        && folder.parent.as_ref().is_some_and(|above| above.name() == "supabase")
        && prefix(name).is_some()
    {
        return Some((Runner::Supabase, "in `supabase/migrations`".to_owned()));
    }
    None
}

/// `up.sql` and `down.sql` in a folder for each migration: Hasura's and Diesel's habit.
fn up_and_down(folder: &Folder, above: impl Fn(&str, &Folder) -> String) -> (Runner, String) {
    if let Some((at, _)) = folder.find(|folder| folder.hasura.then_some(folder)) {
        return (Runner::Hasura, above("config.yaml", at));
    }
    if let Some((at, _)) = folder.find(|folder| folder.has("diesel.toml").then_some(folder)) {
        return (Runner::Diesel, above("diesel.toml", at));
    }
    if folder.has("metadata.toml") {
        return (Runner::Diesel, "`metadata.toml` beside it".to_owned());
    }
    // Hasura counts milliseconds, Diesel writes a date.
    let digits = folder.name().bytes().take_while(u8::is_ascii_digit).count();
    if digits == 13 && !folder.uses("diesel") {
        return (Runner::Hasura, "in a folder named with 13 digits".to_owned());
    }
    (Runner::Diesel, "`up.sql` and `down.sql` in a folder of their own".to_owned())
}

/// What the file is called, with the packages that the project uses.
fn by_name(folder: &Folder, name: &str) -> Option<(Runner, String)> {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d+_[^/]*\.sql$"));
    static CONSECUTIVE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d+[-_ ]?[^/]*\.sql$"));
    let flyway = folder.find(|folder| folder.flyway.as_ref());
    let default = Flyway::default();
    let (names, configured) = flyway.map_or((&default, false), |(_, flyway)| (flyway, true));
    if names.named(name).is_some() {
        let refinery = folder.uses("refinery") || folder.upwards().any(|folder| folder.has("refinery.toml"));
        if refinery && matches!(names.named(name), Some(Named::Versioned(_) | Named::Undo(_))) {
            return Some((Runner::Refinery, "named so, in a project that uses refinery".to_owned()));
        }
        let why = if configured { "named as its configuration says" } else { "named `V…__…`" };
        return Some((Runner::Flyway, why.to_owned()));
    }
    if names.callback(name) && folder.names_any(|other| names.named(other).is_some()) {
        return Some((Runner::Flyway, "named like a callback, beside its migrations".to_owned()));
    }
    let reversible = name.ends_with(".up.sql") || name.ends_with(".down.sql");
    if NUMBERED.is_match(name) && folder.uses("sqlx") {
        return Some((Runner::Sqlx, "in a project that uses sqlx".to_owned()));
    }
    if reversible && let Some(why) = pop(folder, name) {
        return Some((Runner::Pop, why));
    }
    if reversible {
        return Some((Runner::GolangMigrate, "named `.up.sql`, `.down.sql`".to_owned()));
    }
    let stem = name.trim_end_matches(".sql").trim_end_matches(".rollback");
    if folder.has(&format!("{stem}.rollback.sql")) && folder.has(&format!("{stem}.sql")) {
        return Some((Runner::Yoyo, format!("`{stem}.rollback.sql` beside `{stem}.sql`")));
    }
    if let Some((at, _)) = folder.find(|folder| folder.has_any(&["yoyo.ini"])) {
        return Some((Runner::Yoyo, format!("`{}`", join(&at.shown, "yoyo.ini"))));
    }
    if let Some((at, _)) = folder.find(|folder| folder.has_any(&["tern.conf"]))
        && NUMBERED.is_match(name)
    {
        return Some((Runner::Tern, format!("`{}`", join(&at.shown, "tern.conf"))));
    }
    let packages = [
        ("postgres-migrations", Runner::PostgresMigrations),
        ("node-pg-migrate", Runner::NodePgMigrate),
        ("yoyo-migrations", Runner::Yoyo),
    ];
    let used = packages.into_iter().find(|(package, _)| CONSECUTIVE.is_match(name) && folder.uses(package));
    used.map(|(package, runner)| (runner, format!("in a project that uses {package}")))
}

/// What shows that `1_x.up.sql` is pop's and not golang-migrate's, which has the same names.
fn pop(folder: &Folder, name: &str) -> Option<String> {
    let endings = [".up.fizz", ".down.fizz", ".autocommit.up.sql", ".autocommit.down.sql"];
    if let Some(ending) = endings.into_iter().find(|ending| name.ends_with(ending)) {
        return Some(format!("named `{ending}`"));
    }
    if let Some(ending) = endings.into_iter().find(|ending| folder.names_any(|other| other.ends_with(ending))) {
        return Some(format!("a file named `{ending}` beside it"));
    }
    let module = [GOBUFFALO_POP, ORY_POP].into_iter().find(|module| folder.uses(module))?;
    // A module that another one needs is named there, too; golang-migrate is a program for itself.
    (!folder.uses(GOLANG_MIGRATE)).then(|| format!("in a project that uses {module}"))
}

/// Ory's way of running pop opens no transaction for `.autocommit.`, and none on CockroachDB and MySQL.
/// Source: ory/x `popx/match.go`, `popx/migrator.go`.
fn without_transaction(folder: &Folder, name: &str) -> Option<(bool, String)> {
    let mut words = name.split('.').skip(1);
    if words.clone().any(|word| word == "autocommit") {
        return Some((false, "`.autocommit` in its name".to_owned()));
    }
    let database = words.find(|word| matches!(*word, "cockroach" | "cockroachdb" | "crdb" | "mysql"))?;
    folder.uses(ORY_POP).then(|| (false, format!("`.{database}` in its name, where Ory opens none")))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The number that a name starts with.
fn prefix(name: &str) -> Option<&str> {
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name.get(..end).filter(|digits| !digits.is_empty() && name.as_bytes().get(end).is_some())
}

/// The version between one of these letters and two underscores.
fn version_after(name: &str, letters: &[&str]) -> Option<String> {
    let (head, _) = name.split_once("__")?;
    letters.iter().find_map(|letter| head.strip_prefix(letter)).map(str::to_owned)
}

/// A migration that has a folder of its own: the version is the folder's name up to `_`, and the root the one above.
fn in_own_folder(this: &mut Detected, folder: &Folder) {
    this.place.root = folder.parent.as_ref().map(|above| above.shown.clone()).unwrap_or_default();
    this.place.version = folder.name().split('_').next().filter(|word| !word.is_empty()).map(str::to_owned);
}

/// Numbered files in numbered folders, `3/01_iam.up.sql`: one history, in which a folder holds one release. The root is
/// the folder above, and the version begins with the folder's.
fn in_numbered_folder(this: &mut Detected, folder: &Folder) {
    let numbered = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let Some(above) = folder.parent.as_ref().filter(|_| numbered(folder.name())) else { return };
    if let Some(version) = &mut this.place.version {
        *version = format!("{}.{version}", folder.name());
        // An empty root is none.
        this.place.root = if above.shown.is_empty() { ".".to_owned() } else { above.shown.clone() };
    }
}

fn flyway_file(this: &mut Detected, folder: &Folder, name: &str) {
    let default = Flyway::default();
    let flyway = folder.find(|folder| folder.flyway.as_ref()).map_or(&default, |(_, flyway)| flyway);
    this.placeholder.clone_from(&flyway.placeholder);
    this.batch = flyway.group;
    this.mixed = flyway.mixed;
    this.down = false;
    match flyway.named(name) {
        Some(Named::Versioned(version)) => this.place.version = Some(version),
        Some(Named::Undo(version)) => {
            this.place.version = Some(version);
            this.down = true;
        }
        Some(Named::Repeatable) => this.place.repeatable = true,
        // What stands for all up to a version is not that version a second time.
        Some(Named::Baseline) | None => {}
    }
    // A location is read with all that is below it; folders for databases are locations of their own.
    let location = folder
        .upwards()
        .find(|at| at.name() == "migration" && at.parent.as_ref().is_some_and(|above| above.name() == "db"));
    if let Some(location) = location
        && !folder.shown.split('/').any(|part| super::recognise::dialect_word(part).is_some())
    {
        this.place.root.clone_from(&location.shown);
    }
}

fn drizzle_file(this: &mut Detected, folder: &Folder, name: &str) {
    this.batch = true;
    if name == "migration.sql" && folder.has("snapshot.json") {
        in_own_folder(this, folder);
    } else {
        this.place.version = prefix(name).map(str::to_owned);
    }
    if let Some(list) = &folder.list {
        this.place.listed = list.number(name);
        this.dialect = list.dialect.map(|dialect| (dialect, "`meta/_journal.json`".to_owned()));
    }
    if this.dialect.is_none() {
        let configured = folder.find(|folder| folder.drizzle);
        this.dialect = configured.and_then(|(_, named)| Some((named.0?, "`drizzle.config`".to_owned())));
    }
}

/// The part of sqitch's layout that `folder` is in, and the folder that holds the parts.
pub(super) fn sqitch_part(folder: &Folder) -> Option<(&'static str, &Folder)> {
    folder.upwards().find_map(|at| {
        let part = ["deploy", "revert", "verify"].into_iter().find(|part| at.name() == *part)?;
        Some((part, at.parent.as_deref()?))
    })
}

fn sqitch_file(this: &mut Detected, folder: &Folder, name: &str) {
    let Some((part, top)) = sqitch_part(folder) else { return };
    this.down = part == "revert";
    this.place.root.clone_from(&top.shown);
    let mut names: Vec<&str> = folder.upwards().take_while(|at| !std::ptr::eq(*at, top)).map(Folder::name).collect();
    names.reverse();
    let inside = join(&names.join("/"), name);
    let deployed = inside.strip_prefix(part).map(|rest| format!("deploy{rest}")).unwrap_or_default();
    // The plan may lie above a `top_dir`.
    let list = top.upwards().find_map(|folder| folder.list.as_ref()).filter(|list| list.path == "sqitch.plan");
    this.place.listed = list.and_then(|list| list.number(&deployed));
}

/// Whether a file as a whole goes back, where its runner does not say otherwise: `0001_x.down.sql`, `down.sql`, a folder
/// `revert`.
fn goes_back(folder: &Folder, name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.ends_with(".down.sql")
        || matches!(lower.as_str(), "down.sql" | "revert.sql" | "rollback.sql")
        || lower.ends_with("_down.sql")
        || lower.ends_with("_rollback.sql")
        || lower.ends_with(".rollback.sql")
        || matches!(folder.name(), "revert" | "down" | "rollback" | "rollbacks")
}

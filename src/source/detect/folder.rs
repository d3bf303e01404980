//! What the files of a folder say about the migrations in and below it. Each folder is looked at once a run, nothing
//! outside the repository is, and nothing found is executed. What is found does not depend on the folder that a run is
//! started in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::flyway::Flyway;
use super::lists::{self, List};
use super::neighbours::{Index, Style};
use crate::config::Dialect;
use crate::source::recognise;

/// Longest configuration file that is read, in bytes: a journal of ten thousand migrations has two million.
const MAX_CONFIGURATION: u64 = 16 << 20;

/// A configuration file that is there, and the dialect that it names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named(pub(super) Option<Dialect>);

/// A folder, and those above it up to the top of its repository.
#[derive(Debug, Default)]
pub(in crate::source) struct Folder {
    /// Path as shown: relative to the root, empty for the root itself, `..` for the folder above it.
    pub(in crate::source) shown: String,
    /// Its own name.
    name: String,
    /// Names of what is in it.
    names: BTreeSet<String>,
    /// Its names by version, for each [`Style`].
    indexes: [OnceLock<Index>; 3],
    /// A module of a program is in it.
    program: OnceLock<bool>,
    /// Its list names at least half of its SQL files.
    kept: OnceLock<bool>,
    /// Those of its names that are of a server.
    servers: OnceLock<Vec<String>>,
    /// The list that is kept of its files.
    pub(in crate::source) list: Option<List>,
    /// Flyway's configuration.
    pub(super) flyway: Option<Flyway>,
    /// Prisma's `migration_lock.toml`, and the dialect it names.
    pub(super) prisma: Option<Named>,
    /// `drizzle.config.*`, and the dialect it names.
    pub(super) drizzle: Option<Named>,
    /// Dependencies that tell, of `Cargo.toml`, `package.json`, `pyproject.toml` and `requirements.txt`.
    packages: BTreeSet<&'static str>,
    /// `config.yaml` of Hasura.
    pub(super) hasura: bool,
    /// Text of `metadata.toml`.
    pub(super) metadata: Option<String>,
    /// The folder above.
    pub(in crate::source) parent: Option<Arc<Folder>>,
}

impl Folder {
    /// Whether a file or folder of this name is in it.
    pub(in crate::source) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Names of what is in it, in order.
    pub(in crate::source) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Names of what is in it, in order, from `first` on.
    pub(super) fn names_from(&self, first: &str) -> impl Iterator<Item = &str> {
        self.names.range(first.to_owned()..).map(String::as_str)
    }

    /// Whether one of these is in it.
    pub(super) fn has_any(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// Whether a name in it answers.
    pub(super) fn names_any(&self, answers: impl Fn(&str) -> bool) -> bool {
        self.names.iter().any(|name| answers(name))
    }

    /// Whether a module of a program is in it. A Python file alone may be a script that a person starts.
    pub(super) fn holds_a_program(&self) -> bool {
        *self.program.get_or_init(|| {
            const MODULES: [&str; 14] = [
                ".go", ".rs", ".java", ".kt", ".scala", ".clj", ".cs", ".fs", ".ex", ".rb", ".php", ".ts", ".swift",
                ".cpp",
            ];
            self.names_any(|name| name == "__init__.py" || MODULES.iter().any(|ending| name.ends_with(ending)))
        })
    }

    /// Whether `list`, which is its own, names at least half of the SQL files in it.
    pub(super) fn keeps(&self, list: &List) -> bool {
        *self.kept.get_or_init(|| {
            let files = || self.names().filter(|name| recognise::is_sql(name));
            files().filter(|name| list.number(name).is_some()).count() * 2 >= files().count()
        })
    }

    /// Whether the folders beside it and it are one for each database that a program supports.
    pub(super) fn is_of_a_database(&self) -> bool {
        let of_server = |name: &&String| recognise::dialect_word(&name.to_ascii_lowercase()).is_some();
        self.parent.as_deref().is_some_and(|above| {
            let servers = above.servers.get_or_init(|| above.names.iter().filter(of_server).cloned().collect());
            servers.iter().any(|name| *name != self.name)
        })
    }

    /// The names in it by version.
    pub(super) fn index(&self, style: Style) -> &Index {
        let [number, letter, folder] = &self.indexes;
        let index = match style {
            Style::Number => number,
            Style::Letter => letter,
            Style::Folder => folder,
        };
        index.get_or_init(|| {
            let default = Flyway::default();
            let flyway = self.find(|folder| folder.flyway.as_ref()).map_or(&default, |(_, flyway)| flyway);
            Index::of(style, flyway, self.names.iter())
        })
    }

    /// Its own name.
    pub(in crate::source) fn name(&self) -> &str {
        &self.name
    }

    /// It and those above it, nearest first.
    pub(in crate::source) fn upwards(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |folder| folder.parent.as_deref())
    }

    /// The nearest folder upwards with something in it.
    pub(super) fn find<'f, T>(&'f self, what: impl Fn(&'f Self) -> Option<T>) -> Option<(&'f Self, T)> {
        self.upwards().find_map(|folder| what(folder).map(|found| (folder, found)))
    }

    /// Whether a package file of it or above it names `package`.
    pub(super) fn uses(&self, package: &str) -> bool {
        self.upwards().any(|folder| folder.packages.contains(package))
    }

    /// A folder of nothing but names.
    #[cfg(test)]
    pub(super) fn of_names(shown: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let name = shown.rsplit('/').next().unwrap_or_default().to_owned();
        Self { shown: shown.to_owned(), name, names, ..Self::default() }
    }

    fn read(path: &Path, shown: String, parent: Option<Arc<Self>>) -> Self {
        let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        let names: BTreeSet<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let text = |name: &str| if names.contains(name) { read_text(&path.join(name)) } else { None };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut this = Self { shown, name, parent, ..Self::default() };
        this.flyway = text("flyway.toml").and_then(|text| Flyway::of_toml(&text)).or_else(|| {
            let files = ["flyway.conf", "flyway.user.conf", "application.properties"];
            let files = files.into_iter().filter_map(text);
            files.into_iter().find_map(|text| Flyway::of_properties(&text))
        });
        this.list = match () {
            () if names.contains("meta") => {
                read_text(&path.join("meta/_journal.json")).and_then(|text| lists::journal(&text))
            }
            () => None,
        };
        this.list = this.list.or_else(|| text("atlas.sum").map(|text| lists::sums(&text)));
        this.list = this.list.or_else(|| text("sqitch.plan").map(|text| lists::plan(&text)));
        this.prisma = text("migration_lock.toml").map(|text| {
            let table: Option<toml::Table> = toml::from_str(&text).ok();
            Named(dialect(table.as_ref().and_then(|table| table.get("provider")?.as_str()).unwrap_or_default()))
        });
        let drizzle = names.iter().find(|name| name.starts_with("drizzle.config."));
        this.drizzle = drizzle.and_then(|name| text(name)).map(|text| Named(drizzle_dialect(&text)));
        this.hasura = text("config.yaml").is_some_and(|text| {
            text.contains("metadata_directory") || (text.contains("endpoint:") && text.contains("version:"))
        }) && names.contains("migrations");
        this.metadata = text("metadata.toml");
        for name in ["Cargo.toml", "package.json", "pyproject.toml", "requirements.txt", "Gemfile", "go.mod"] {
            if let Some(text) = text(name) {
                this.packages.extend(PACKAGES.iter().filter(|package| names_package(&text, package)));
            }
        }
        if !names.contains("go.mod") {
            let sums = text("go.sum").unwrap_or_default();
            this.packages.extend(PACKAGES.iter().filter(|package| is_built(&sums, package)));
        }
        this.names = names;
        this
    }
}

/// The modules of pop, of its fork that Ory's programs use, and of golang-migrate.
pub(super) const GOBUFFALO_POP: &str = "github.com/gobuffalo/pop";
pub(super) const ORY_POP: &str = "github.com/ory/pop";
pub(super) const GOLANG_MIGRATE: &str = "github.com/golang-migrate/migrate";

/// Whether a `go.sum` has the sum of the module itself, and not of its `go.mod` alone: then it is built.
fn is_built(sums: &str, module: &str) -> bool {
    let rest = sums.lines().filter_map(|line| line.strip_prefix(module));
    rest.into_iter().any(|rest| rest.starts_with(['/', ' ']) && !rest.contains("/go.mod "))
}

/// Packages that tell which runner a project uses. The last is an option on a command line of node-pg-migrate.
const PACKAGES: &[&str] = &[
    "sqlx",
    "diesel",
    "diesel_migrations",
    "refinery",
    "node-pg-migrate",
    "postgres-migrations",
    "yoyo-migrations",
    GOBUFFALO_POP,
    ORY_POP,
    GOLANG_MIGRATE,
    "--no-single-transaction",
];

/// Whether a package file names `package`, as a whole word.
fn names_package(text: &str, package: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(package).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The dialect of a name as configuration files write it.
fn dialect(name: &str) -> Option<Dialect> {
    match name {
        "postgresql" | "postgres" | "cockroachdb" | "pg" => Some(Dialect::Postgres),
        "mysql" | "mariadb" | "singlestore" => Some(Dialect::Mysql),
        "sqlite" | "turso" | "libsql" => Some(Dialect::Sqlite),
        "sqlserver" | "mssql" => Some(Dialect::Mssql),
        _ => None,
    }
}

/// `dialect: "postgresql"` of a `drizzle.config.ts`, read as text.
fn drizzle_dialect(text: &str) -> Option<Dialect> {
    let (_, rest) = text.split_once("dialect")?;
    let value = rest.trim_start_matches(['"', '\'', ' ']).strip_prefix(':')?.trim_start();
    dialect(value.trim_start_matches(['"', '\'', '`']).split(['"', '\'', '`']).next()?)
}

fn read_text(path: &Path) -> Option<String> {
    let data = std::fs::metadata(path).ok()?;
    if !data.is_file() || data.len() > MAX_CONFIGURATION {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The folders looked at so far.
#[derive(Debug, Default)]
pub(in crate::source) struct Folders {
    known: BTreeMap<PathBuf, Arc<Folder>>,
}

impl Folders {
    /// The folder `path`, shown relative to `root`, with those above it up to the top of the repository. Outside of a
    /// repository nobody says where a project ends, so there it is up to the folders that hold projects.
    pub(in crate::source) fn get(&mut self, root: &Path, path: &Path) -> Arc<Folder> {
        let mut parent = None;
        let mut unknown: Vec<&Path> = Vec::new();
        for at in path.ancestors() {
            if !unknown.is_empty() && holds_projects(at) {
                break;
            }
            if let Some(known) = self.known.get(at) {
                parent = Some(Arc::clone(known));
                break;
            }
            unknown.push(at);
            if at.join(".git").exists() {
                break;
            }
        }
        // From the top down, so that deep trees need no deep stack.
        for at in unknown.into_iter().rev() {
            let folder = Arc::new(Folder::read(at, shown(root, at), parent.take()));
            self.known.insert(at.to_owned(), Arc::clone(&folder));
            parent = Some(folder);
        }
        parent.unwrap_or_default()
    }
}

/// Whether a folder is one that holds projects of all sorts, and is none itself.
fn holds_projects(path: &Path) -> bool {
    path.parent().is_none() || path == std::env::temp_dir()
}

/// The folder `path` relative to `root`.
fn shown(root: &Path, path: &Path) -> String {
    if let Ok(inside) = root.strip_prefix(path) {
        return vec![".."; inside.components().count()].join("/");
    }
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_a_whole_word() {
        assert!(names_package("[dependencies]\nsqlx = \"0.8\"\n", "sqlx"));
        assert!(names_package("sqlx.workspace = true", "sqlx"));
        assert!(!names_package("sqlx-core = \"0.8\"\nmysqlx = \"1\"", "sqlx"));
        assert!(names_package(
            "\"migrate\": \"node-pg-migrate --no-single-transaction up\"",
            "--no-single-transaction"
        ));
    }

    #[test]
    fn a_module_is_built_where_its_own_sum_is_kept() {
        let sums = "github.com/gobuffalo/pop/v6 v6.1.1 h1:eU=\ngithub.com/ory/pop/v6 v6.4.2/go.mod h1:vd=\n";
        assert!(is_built(sums, GOBUFFALO_POP));
        assert!(!is_built(sums, ORY_POP) && !is_built(sums, "github.com/gobuffalo/po"));
    }

    #[test]
    fn folders_are_shown_relative_to_the_root() {
        let root = Path::new("/a/b");
        let shown = |path| shown(root, Path::new(path));
        assert_eq!(["/a/b", "/a/b/c/d", "/a", "/", "/x"].map(shown), ["", "c/d", "..", "../..", "/x"]);
    }

    #[test]
    fn a_dialect_is_read_from_typescript() {
        assert_eq!(drizzle_dialect("export default { dialect: 'sqlite', out: './x' }"), Some(Dialect::Sqlite));
        assert_eq!(drizzle_dialect("defineConfig({\"dialect\" : \"postgresql\"})"), Some(Dialect::Postgres));
        assert_eq!(drizzle_dialect("dialect"), None);
    }
}

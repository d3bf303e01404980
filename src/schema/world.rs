//! One catalogue for each project, folded from its migrations in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Snapshot;
use super::apply::Apply;
use super::catalogue::{Catalogue, default_path};
use super::history::Step;
use crate::config::Dialect;
use crate::history::{self, End, Project, Timeline};
use crate::ir::{Details, Direction, GuardKind, Known, Line, Migration, OpKind, OpaqueReason, Operation, Tri};
use crate::source::{Role, Runner, SourceFile};
use crate::span::FileId;

/// Extensions that make no relation of their own.
const PLAIN_EXTENSIONS: &[&str] = &[
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "pg_bigm",
    "pg_trgm",
    "pg_uuidv7",
    "pgcrypto",
    "plpgsql",
    "postgres_fdw",
    "seg",
    "tablefunc",
    "tsm_system_rows",
    "unaccent",
    "uuid-ossp",
    "vector",
    "xml2",
];

/// The catalogues of all projects of a run.
#[derive(Clone, Debug, Default)]
pub struct World {
    catalogues: Vec<Catalogue>,
    projects: Vec<(Project, Dialect)>,
    /// For each migration: its catalogue, and the step of its first operation.
    places: Vec<Option<(usize, Step)>>,
    /// For each catalogue: the last migration.
    last: Vec<usize>,
    /// For each migration: the step after its last operation.
    ends: Vec<Step>,
    /// For each step, in order: the migration and the operation.
    steps: Vec<(usize, usize)>,
}

impl World {
    /// Folds all migrations that go forward. `whole` says that every file of each project is among `files`, not only
    /// some that were named.
    pub fn new(timeline: &Timeline, files: &[Arc<SourceFile>], whole: bool) -> Self {
        let mut world = Self { places: vec![None; timeline.migrations.len()], ..Self::default() };
        world.ends = vec![0; timeline.migrations.len()];
        let file = |id: FileId| files.get(id.0 as usize).map(AsRef::as_ref);
        let mut numbers: BTreeMap<(Project, Dialect), usize> = BTreeMap::new();
        let migrations = || timeline.migrations.iter().enumerate().filter(|(_, m)| m.direction == Direction::Up);
        let main = |role: Role| role == Role::Migrations;
        let left_out = left_out(files);
        for (at, migration) in migrations().filter(|(_, migration)| main(migration.role)) {
            let Some(project) = file(migration.span.file).map(|file| history::project_of(migration, file)) else {
                continue;
            };
            if left_out.contains(&migration.span.file) || migration.line == Line::Beside {
                continue;
            }
            let versioned = file(migration.span.file).is_some_and(|file| history::version(file).is_some());
            let named = !matches!(project.runner, Runner::Plain | Runner::Psql | Runner::Script);
            let whole = whole && (versioned || named);
            let key = (project, dialect_of(migration));
            let number = *numbers.entry(key.clone()).or_insert_with(|| world.add(key));
            world.fold(number, at, timeline, whole);
        }
        // An index registry or a backfill runs after the migrations. Of several projects it is not known after which.
        let only = if world.catalogues.len() == 1 { Some(0) } else { None };
        for (at, migration) in migrations().filter(|(_, migration)| !main(migration.role)) {
            let Some(project) = file(migration.span.file).map(|file| history::project_of(migration, file)) else {
                continue;
            };
            let key = (project, dialect_of(migration));
            let number = only.unwrap_or_else(|| *numbers.entry(key.clone()).or_insert_with(|| world.add(key)));
            world.fold(number, at, timeline, whole && only.is_some());
        }
        world
    }

    fn add(&mut self, key: (Project, Dialect)) -> usize {
        // Apps that Django or a package brings make tables that no migration of the project does.
        let shared = key.0.runner == Runner::Django;
        self.catalogues.push(Catalogue { shared, ..Catalogue::default() });
        self.projects.push(key);
        self.last.push(0);
        self.catalogues.len() - 1
    }

    fn fold(&mut self, number: usize, at: usize, timeline: &Timeline, whole: bool) {
        let Some(migration) = timeline.migrations.get(at) else { return };
        let Some(catalogue) = self.catalogues.get_mut(number) else { return };
        let first = step(self.steps.len());
        if let Some(place) = self.places.get_mut(at) {
            *place = Some((number, first));
        }
        catalogue.around_local = None;
        let begins = catalogue.path.last().is_some();
        if begins {
            // Another file is another session, as far as one can tell.
            catalogue.set_path(first, default_path());
        }
        catalogue.doubt_temporary(first);
        let dialect = self.projects.get(number).map_or(Dialect::Postgres, |(_, dialect)| *dialect);
        for (index, operation) in migration.operations.iter().enumerate() {
            let now = step(self.steps.len());
            self.steps.push((at, index));
            if !catalogue.begun && operation.kind.changes_schema() {
                catalogue.begun = true;
                catalogue.from_scratch = whole && creates(operation.kind) && !needs_table(operation.kind);
            }
            let group = timeline.state(at, index).map(|state| state.group);
            let transaction = group.and_then(|group| timeline.transactions.get(group));
            let undone = transaction.filter(|t| t.end == End::Rollback);
            if undone.is_some_and(|t| t.operations.first() == Some(&(at, index))) {
                catalogue.begin(now);
            }
            apply(catalogue, operation, now + 1, dialect);
            if undone.is_some_and(|t| t.operations.last() == Some(&(at, index))) {
                catalogue.rollback(now + 1);
            }
        }
        catalogue.commit();
        if let Some(last) = self.last.get_mut(number) {
            *last = at;
        }
        if let Some(end) = self.ends.get_mut(at) {
            *end = step(self.steps.len());
        }
    }

    /// Whether another catalogue than that of `migration` ever held a relation called `name`.
    pub fn is_spoken_of_beside(&self, migration: usize, name: &str) -> bool {
        let own = self.places.get(migration).copied().flatten().map(|(number, _)| number);
        self.catalogues.iter().enumerate().any(|(at, other)| Some(at) != own && other.has_relation_named(name))
    }

    /// The catalogue before an operation; `None` on the way back.
    pub fn before(&self, migration: usize, operation: usize) -> Option<Snapshot<'_>> {
        let (number, first) = (*self.places.get(migration)?)?;
        Some(Snapshot::new(self.catalogues.get(number)?, first + step(operation)))
    }

    /// The catalogue after an operation; `None` on the way back.
    pub fn after(&self, migration: usize, operation: usize) -> Option<Snapshot<'_>> {
        let (number, first) = (*self.places.get(migration)?)?;
        Some(Snapshot::new(self.catalogues.get(number)?, first + step(operation) + 1))
    }

    /// The catalogue as a migration finds it; `None` on the way back.
    pub fn start(&self, migration: usize) -> Option<Snapshot<'_>> {
        self.before(migration, 0)
    }

    /// The catalogue as a migration leaves it; `None` on the way back.
    pub fn end(&self, migration: usize) -> Option<Snapshot<'_>> {
        let (number, _) = (*self.places.get(migration)?)?;
        Some(Snapshot::new(self.catalogues.get(number)?, *self.ends.get(migration)?))
    }

    /// The last migration that goes forward of the project of `migration`, and the catalogue that it leaves.
    pub fn last_of(&self, migration: usize) -> Option<(usize, Snapshot<'_>)> {
        let (number, _) = (*self.places.get(migration)?)?;
        let last = self.last.get(number).copied()?;
        Some((last, self.end(last)?))
    }

    /// The catalogues at the end, each with its project and dialect.
    pub fn ends(&self) -> impl Iterator<Item = (&Project, Dialect, Snapshot<'_>)> {
        let last = step(self.steps.len());
        self.projects
            .iter()
            .zip(&self.catalogues)
            .map(move |((project, dialect), catalogue)| (project, *dialect, Snapshot::new(catalogue, last)))
    }

    /// The migrations whose catalogue is number `at` of [`Self::ends`].
    pub fn migrations_of(&self, at: usize) -> impl Iterator<Item = usize> {
        let of = move |place: &Option<(usize, Step)>| place.is_some_and(|(number, _)| number == at);
        self.places.iter().enumerate().filter(move |(_, place)| of(place)).map(|(migration, _)| migration)
    }

    /// The operation that runs at `step`: its migration and its number there.
    pub fn operation_at(&self, step: Step) -> Option<(usize, usize)> {
        self.steps.get(step as usize).copied()
    }
}

/// Steps are counted in 32 bits; more operations than that do not fit the memory.
fn step(index: usize) -> Step {
    Step::try_from(index).unwrap_or(Step::MAX - 1)
}

/// Words before `.sql` or `.up.sql` that say for which server a file is, where a project has one for each.
const FLAVOURS: &[&str] =
    &["postgres", "postgresql", "cockroach", "cockroachdb", "mysql", "mariadb", "sqlite", "sqlite3"];

/// The server that the name of a file says: `1_users.postgres.up.sql`.
fn flavour(file: &SourceFile) -> Option<&str> {
    let mut parts = file.path.rsplit('/').next()?.rsplit('.').skip(1);
    let last = parts.next()?;
    let word = if matches!(last, "up" | "autocommit") { parts.next()? } else { last };
    let word = if word == "autocommit" { parts.next()? } else { word };
    FLAVOURS.contains(&word).then_some(word)
}

/// Files that are not run on the server of the others: those for CockroachDB beside others, those for every server
/// beside one of the same version for this one, and whole schemas as `pg_dump` writes them, which no runner applies
/// after the migrations that they sum up.
fn left_out(files: &[Arc<SourceFile>]) -> BTreeSet<FileId> {
    let postgres = |file: &SourceFile| matches!(flavour(file), Some("postgres" | "postgresql"));
    let mut special = BTreeSet::new();
    let mut many: BTreeMap<Project, usize> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.down) {
        let project = history::project(file);
        if postgres(file) {
            special.insert((project.clone(), history::version(file)));
        }
        *many.entry(project).or_default() += 1;
    }
    let own = |file: &&Arc<SourceFile>| {
        let project = history::project(file);
        let several = many.get(&project).is_some_and(|count| *count > 1);
        let cockroach = matches!(flavour(file), Some("cockroach" | "cockroachdb"));
        let dump = file.text.trim_start().starts_with("--\n-- PostgreSQL database dump");
        let replaced = flavour(file).is_none() && special.contains(&(project, history::version(file)));
        several && (cockroach || dump || replaced)
    };
    files.iter().filter(own).map(|file| file.id).collect()
}

/// The dialect that a migration is written in: that of what runs on every server, not of a branch for one of them.
fn dialect_of(migration: &Migration) -> Dialect {
    let branch = |operation: &&Operation| operation.context.guards.kinds().has_dialect();
    let dialects = || migration.operations.iter().map(|operation| operation.statement.dialect);
    let common = migration.operations.iter().find(|operation| !branch(operation));
    let common = common.map(|operation| operation.statement.dialect);
    // Of branches only, that of the server which is judged is the one that counts.
    let judged = || dialects().find(|dialect| *dialect == Dialect::Postgres);
    common.or_else(judged).or_else(|| dialects().next()).unwrap_or(Dialect::Postgres)
}

/// Applies an operation, as far as it certainly runs.
fn apply(catalogue: &mut Catalogue, operation: &Operation, now: Step, dialect: Dialect) {
    let (runs, asks) = runs(operation, dialect);
    if runs == Tri::No {
        return;
    }
    let mut apply = Apply { catalogue, now, sure: runs == Tri::Yes };
    if operation.conditional
        && operation.kind.family() != "table"
        && let Some(table) = operation.table.as_ref().and_then(Known::known)
        && !apply.find(table).is_some_and(|id| apply.is_live(id))
    {
        // IF NOT EXISTS of a column says nothing of a table that the condition asks for.
        apply.sure = false;
    }
    let cut = super::long::cut(operation);
    let operation = cut.as_ref().unwrap_or(operation);
    match (operation.kind, &operation.details) {
        (OpKind::Opaque, Details::Opaque(OpaqueReason::Empty | OpaqueReason::Broken(_))) => {}
        // An action that was not understood changes its own table only.
        (OpKind::Opaque, _) if operation.table.is_some() => {
            let table = operation.table.as_ref().and_then(Known::known);
            match table.and_then(|name| apply.find(name)) {
                Some(id) => apply.forget_parts(id),
                None => apply.open(),
            }
        }
        (OpKind::ExtensionCreate, _) => {
            let name = operation.name.as_ref().and_then(Known::known);
            if !name.is_some_and(|name| PLAIN_EXTENSIONS.contains(&name.name.as_str())) {
                apply.open();
            }
        }
        _ if asks => {
            let mut operation = operation.clone();
            (operation.if_exists, operation.if_not_exists) = (true, true);
            apply.operation(&operation);
        }
        _ => apply.operation(operation),
    }
}

/// Whether operations of `kind` are CREATE.
fn creates(kind: OpKind) -> bool {
    kind.as_str().split_once('.').is_some_and(|(_, verb)| verb == "create")
}

/// Whether what is made is a part of a table, which is there before it.
fn needs_table(kind: OpKind) -> bool {
    matches!(kind.family(), "index" | "trigger" | "policy" | "rule" | "statistics")
}

/// Whether an operation runs, and whether something around it asks for its object first, so that after it the object is
/// there (or gone) either way.
fn runs(operation: &Operation, dialect: Dialect) -> (Tri, bool) {
    let creates = creates(operation.kind)
        || matches!(operation.kind, OpKind::ColumnAdd | OpKind::ConstraintAdd | OpKind::EnumAddValue);
    let drops = operation.kind.as_str().split_once('.').is_some_and(|(_, verb)| verb == "drop");
    let written = (creates && operation.if_not_exists) || (drops && operation.if_exists);
    let mut asks = operation.conditional && written;
    let mut sure = !operation.conditional || written;
    let guards = operation.context.guards.kinds();
    if guards.has_dialect_but(dialect) {
        return (Tri::No, false);
    }
    for (kind, own) in [(GuardKind::Absent, creates), (GuardKind::Present, drops), (GuardKind::Other, false)] {
        let there = guards.has(&kind);
        asks |= there && own;
        sure &= !there || own;
    }
    if operation.context.failure_swallowed {
        asks |= creates || drops;
        sure &= creates || drops;
    }
    (if sure { Tri::Yes } else { Tri::Unknown }, asks)
}

//! What facts are read from: the timeline, the objects, and what is worked out once for all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::config::{Dialect, Sizes, Statistics};
use crate::effects::{self, Effects, Server};
use crate::history::{self, OperationState, Timeline};
use crate::ir::{
    DataSource, Details, Doubt, Known, Migration, OpKind, Operation, QualifiedName, Record, TransactionKind, Tri, Where,
};
use crate::schema::{self, ObjectState, Snapshot, World};
use crate::source::{Role, SourceFile};
use crate::span::FileId;

use super::mapped::Mapped;
use super::marks::Marks;
use super::sight::Sight;

/// What a team says about its project, as far as facts need it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Major version of the servers that migrations run on, where no other is said of their files.
    pub server_version: u32,
    /// Names of tables that are small.
    pub small_tables: BTreeSet<String>,
    /// Names of tables that are large.
    pub large_tables: BTreeSet<String>,
    /// What a server measured of tables.
    pub statistics: Statistics,
    /// From which size on a table is large, and up to which it is small.
    pub sizes: Sizes,
    /// Names of functions that change data.
    pub data_functions: globset::GlobSet,
}

impl Policy {
    /// Whether the configuration names the table small.
    pub(super) fn names_small(&self, table: &QualifiedName) -> bool {
        listed(&self.small_tables, table)
    }

    /// Whether the configuration names the table large.
    pub(super) fn names_large(&self, table: &QualifiedName) -> bool {
        listed(&self.large_tables, table)
    }

    /// Whether nothing is said of the size of any table.
    pub(super) fn knows_no_sizes(&self) -> bool {
        self.small_tables.is_empty() && self.large_tables.is_empty() && self.statistics.is_empty()
    }
}

/// Whether the table is in `names`, with or without its schema.
fn listed(names: &BTreeSet<String>, table: &QualifiedName) -> bool {
    names.contains(&table.name) || names.contains(&table.to_string())
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            server_version: crate::config::TARGET_VERSION,
            small_tables: BTreeSet::new(),
            large_tables: BTreeSet::new(),
            statistics: Statistics::default(),
            sizes: Sizes::default(),
            data_functions: globset::GlobSet::default(),
        }
    }
}

/// Operations that change the schema on so many ways through one transaction are looked at for each of its operations.
/// What they do not say, hundreds more hardly do.
const MOST_WAYS: usize = 256;

/// The operations of a transaction that (may) change the schema of relations that other sessions use.
#[derive(Debug, Default)]
struct Altering {
    /// One for each answer and the conditions that it runs under.
    operations: Vec<((usize, usize), Tri)>,
    /// The answers by those conditions.
    by_guards: BTreeMap<u64, Tri>,
}

/// Everything that is known about the migrations of a run.
#[derive(Debug)]
pub struct Model {
    /// The migrations in order, with transactions and settings.
    pub timeline: Timeline,
    /// The state of the objects before each operation.
    pub objects: Vec<Vec<ObjectState>>,
    /// The catalogue before and after each operation.
    pub world: World,
    /// Every file read, by number.
    files: Vec<Arc<SourceFile>>,
    /// What later operations need to know of earlier ones.
    pub(super) marks: Marks,
    /// What a team says.
    pub policy: Policy,
    /// What the program's models map, once they have been asked for.
    pub mapped: Mapped,
    /// A source has the role `indexes`.
    pub has_index_registry: bool,
    /// For each transaction, its operations that (may) change the schema of relations that other sessions use, under a
    /// lock that blocks writes.
    altering: Vec<Altering>,
    /// How often each record name occurs in its registry.
    record_names: BTreeMap<(String, String), BTreeSet<(u32, u32)>>,
    /// Files that are applied only to a database that holds nothing of theirs yet.
    replacing: BTreeSet<FileId>,
    /// By file that begins an app: the tables that it and others which begin that app make.
    beginning: BTreeMap<FileId, Arc<BTreeSet<String>>>,
    /// For each migration, the names that it gives to tables.
    taken: Vec<Taken>,
    /// What the server does for each operation, once it has been asked for.
    effects: Vec<Vec<OnceLock<Effects>>>,
}

impl Model {
    /// Works out what facts need. Of `migrations`, those of one file are next to each other; `files` are all that were
    /// read, by number. `whole` says that no file was left out because others were named.
    pub fn new(
        mut migrations: Vec<Migration>,
        files: Vec<Arc<SourceFile>>,
        policy: Policy,
        has_index_registry: bool,
        whole: bool,
        graph: &history::Graph,
    ) -> Self {
        history::order(&mut migrations, &files, graph);
        let project = |m: &Migration| files.get(m.span.file.0 as usize).map(|file| history::project_of(m, file));
        let objects = schema::fold(&migrations, project);
        let timeline = Timeline::new(migrations);
        let world = World::new(&timeline, &files, whole);
        let operations = || timeline.migrations.iter().flat_map(|m| &m.operations);
        let mut record_names: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for record in operations().filter_map(|op| op.context.record.as_deref()) {
            if let Some(name) = record_name(record) {
                let place = (record.span.file.0, record.span.start);
                record_names.entry((record.registry.clone(), name)).or_default().insert(place);
            }
        }
        let taken: Vec<Taken> = timeline.migrations.iter().map(Taken::of).collect();
        let beginning = beginning(&graph.initial(), &timeline.migrations, &taken);
        let effects = objects.iter().map(|states| vec![OnceLock::new(); states.len()]).collect();
        let mut model = Self {
            timeline,
            objects,
            world,
            files,
            marks: Marks::default(),
            policy,
            mapped: Mapped::default(),
            has_index_registry,
            altering: Vec::new(),
            record_names,
            replacing: graph.replacing(),
            beginning,
            taken,
            effects,
        };
        model.marks = Marks::new(&model);
        model.altering = model.timeline.transactions.iter().map(|t| model.altering(&t.operations)).collect();
        model
    }

    /// The view of one operation.
    pub fn view(&self, migration: usize, operation: usize) -> Option<View<'_>> {
        let in_migration = self.timeline.migrations.get(migration)?;
        let op = in_migration.operations.get(operation)?;
        let state = self.timeline.state(migration, operation)?;
        let object = self.objects.get(migration)?.get(operation)?;
        let effects = self.effects.get(migration)?.get(operation)?;
        Some(View { model: self, migration: in_migration, op, state, object, effects, at: (migration, operation) })
    }

    /// Whether the migration of that number makes a table of that name, or all that there is.
    pub(super) fn makes(&self, migration: usize, name: &QualifiedName) -> bool {
        let file = self.timeline.migrations.get(migration).map(|migration| migration.span.file);
        file.is_some_and(|file| self.replacing.contains(&file))
            || self.taken.get(migration).is_some_and(|taken| taken.made.contains_key(&name.name))
    }

    /// Whether the migration gives a table that name after the operation at `at`, by making or renaming it.
    pub(super) fn takes_later(&self, at: (usize, usize), name: &QualifiedName) -> bool {
        self.taken.get(at.0).is_some_and(|taken| taken.after(at.1, &name.name))
    }

    /// Whether the table `name` at the operation `at` had another name when the migration began, which a table has that
    /// the migration makes since.
    pub(super) fn gave_way(&self, at: (usize, usize), name: &QualifiedName) -> bool {
        let Some(taken) = self.taken.get(at.0) else { return false };
        let renamed = taken.renamed.get(&name.name).into_iter().flatten().rev().find(|(o, _)| *o < at.1);
        renamed.is_some_and(|(o, old)| taken.after(*o, old))
    }

    /// Whether the migration moves rows from table to table, or may.
    pub(super) fn carries_rows(&self, migration: usize) -> bool {
        self.taken.get(migration).is_some_and(|taken| taken.carries_rows)
    }

    /// Whether the steps of the migration put another table in the place of `name`, which the operation `op` takes
    /// away, as they are written: also where they are for a server that the rest of the history is not for.
    pub(super) fn replaces(&self, migration: usize, op: &Operation, name: &QualifiedName) -> bool {
        let Some(taken) = self.taken.get(migration) else { return false };
        let made = |name: &String| taken.made.contains_key(name);
        let moved_in = || taken.renamed.get(&name.name).is_some_and(|moves| moves.iter().any(|(_, old)| made(old)));
        match op.kind {
            OpKind::TableDrop => made(&name.name) && taken.carries_rows || moved_in(),
            OpKind::TableRename => made(&name.name) || moved_in(),
            _ => moved_in(),
        }
    }

    /// The file of that number.
    pub(super) fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize).map(AsRef::as_ref)
    }

    /// Those of `operations` that take a lock that blocks writes to a relation that other sessions use, for a change of
    /// its schema; of those under the same conditions one for each answer.
    fn altering(&self, operations: &[(usize, usize)]) -> Altering {
        let mut seen = BTreeSet::new();
        let mut first = |((m, o), answer): &((usize, usize), Tri)| {
            let op = self.timeline.operation((*m, *o));
            seen.insert((op.map(|op| op.context.guards.key()), *answer == Tri::Yes))
        };
        let answers = operations.iter().filter_map(|at| {
            let view = self.view(at.0, at.1).filter(|view| view.op.kind.changes_schema())?;
            Some((*at, view.effects().blocks_writes().and(view.table_preexisting())))
        });
        let found: Vec<_> = answers.filter(|(_, answer)| *answer != Tri::No).filter(|found| first(found)).collect();
        let mut by_guards: BTreeMap<u64, Tri> = BTreeMap::new();
        for (at, answer) in &found {
            if let Some(op) = self.timeline.operation(*at) {
                let known = by_guards.entry(op.context.guards.key()).or_insert(Tri::No);
                *known = known.or(*answer);
            }
        }
        Altering { operations: found, by_guards }
    }

    /// Whether the transaction of `view` changes the schema of an existing table on a path that `view` can be on.
    pub(super) fn alters_existing(&self, view: &View<'_>) -> Tri {
        let own = &view.op.context.guards;
        let Some(altering) = self.altering.get(view.state.group) else { return Tri::No };
        // What is done under the same conditions says it at once.
        let mut answer = altering.by_guards.get(&own.key()).copied().unwrap_or(Tri::No);
        for (at, one) in altering.operations.iter().take(MOST_WAYS) {
            if answer == Tri::Yes {
                break;
            }
            if self.timeline.operation(*at).is_some_and(|other| !own.exclude(&other.context.guards)) {
                answer = answer.or(*one);
            }
        }
        answer
    }
}

/// The tables that an app begins with, for each file that begins it. A table of another app was there before: an app can
/// come to a project that has run for years.
fn beginning(
    initial: &BTreeMap<FileId, &str>,
    migrations: &[Migration],
    taken: &[Taken],
) -> BTreeMap<FileId, Arc<BTreeSet<String>>> {
    let mut tables: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (migration, taken) in migrations.iter().zip(taken) {
        if let Some(app) = initial.get(&migration.span.file) {
            tables.entry(app).or_default().extend(taken.made.keys().cloned());
        }
    }
    let tables: BTreeMap<&str, Arc<BTreeSet<String>>> =
        tables.into_iter().map(|(app, tables)| (app, Arc::new(tables))).collect();
    initial.iter().filter_map(|(file, app)| Some((*file, tables.get(app)?.clone()))).collect()
}

/// The names that a migration gives to tables.
#[derive(Default, Debug)]
struct Taken {
    /// Those of tables that it makes, and by which of its operations last.
    made: BTreeMap<String, usize>,
    /// Those that it gives by renaming: by which operations in order, and the names before.
    renamed: BTreeMap<String, Vec<(usize, String)>>,
    /// It moves rows from table to table, or may.
    carries_rows: bool,
}

impl Taken {
    fn of(migration: &Migration) -> Self {
        let mut taken = Self::default();
        for (o, op) in migration.operations.iter().enumerate() {
            taken.carries_rows |= carries_rows(op);
            let Some(table) = op.table.as_ref().and_then(Known::known) else { continue };
            match (op.kind, &op.details) {
                (OpKind::TableCreate, _) => {
                    taken.made.insert(table.name.clone(), o);
                }
                (OpKind::TableRename, Details::Table(details)) => {
                    if let Some(new) = details.new_name.as_ref().and_then(Known::known) {
                        taken.renamed.entry(new.name.clone()).or_default().push((o, table.name.clone()));
                    }
                }
                _ => {}
            }
        }
        taken
    }

    /// Whether an operation after that one gives the name.
    fn after(&self, operation: usize, name: &str) -> bool {
        let renamed = self.renamed.get(name).and_then(|all| all.last()).map(|(o, _)| *o);
        self.made.get(name).copied().max(renamed).is_some_and(|last| last > operation)
    }
}

/// Whether an operation moves rows from table to table, or may.
fn carries_rows(op: &Operation) -> bool {
    match (op.kind, &op.details) {
        (OpKind::DataInsert, Details::Data(data)) => {
            matches!(data.source, Some(DataSource::Select | DataSource::Copy | DataSource::Orm) | None)
        }
        (OpKind::DataMerge | OpKind::CodeRun | OpKind::Opaque, _) => true,
        _ => false,
    }
}

/// Tables in which tools keep what they have applied: a row a migration at the most.
const BOOKS: &[&str] = &[
    "alembic_version",
    "aerich",
    "applied_schema_deltas",
    "db_version",
    "dbversions",
    "flyway_schema_history",
    "goose_db_version",
    "migration",
    "migration_history",
    "migration_version",
    "migrations",
    "refinery_schema_history",
    "schema_compat_version",
    "schema_migration",
    "schema_version",
    "schema_versions",
    "schemaversion",
];

pub(super) fn keeps_books(table: &str) -> bool {
    BOOKS.contains(&table) || table.ends_with("_migrations") || table.ends_with("_schema_version")
}

/// Whether the operation is about such a table.
pub(super) fn keeps_books_of(op: &Operation) -> bool {
    op.table.as_ref().and_then(Known::known).is_some_and(|table| keeps_books(&table.name) || table.name == "metadata")
}

/// The value of a record's `name`.
fn record_name(record: &Record) -> Option<String> {
    record.fields.get("name").and_then(Known::known).cloned()
}

/// One operation with all that is around it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Everything.
    pub model: &'a Model,
    /// The migration it is in.
    pub migration: &'a Migration,
    /// The operation.
    pub op: &'a Operation,
    /// What is open and set.
    pub state: &'a OperationState,
    /// What existed.
    pub object: &'a ObjectState,
    /// What the server does, once it has been asked for.
    effects: &'a OnceLock<Effects>,
    /// The number of its migration, and its own number there.
    pub at: (usize, usize),
}

impl View<'_> {
    /// The relation acted on, by the statement's own word or by the history's.
    pub fn table(&self) -> Option<&QualifiedName> {
        self.op.table.as_ref().and_then(Known::known).or(self.object.index_table.as_ref())
    }

    /// The catalogue just before it; `None` on the way back.
    pub fn before(&self) -> Option<Snapshot<'_>> {
        self.model.world.before(self.at.0, self.at.1)
    }

    /// The catalogue just after it; `None` on the way back.
    pub fn after(&self) -> Option<Snapshot<'_>> {
        self.model.world.after(self.at.0, self.at.1)
    }

    /// Whether the relation existed before this migration.
    pub fn table_preexisting(&self) -> Tri {
        let temporary = self.table().is_some_and(|table| table.schema.as_deref() == Some("pg_temp"));
        let squashed = self.model.replacing.contains(&self.migration.span.file);
        let made_first = self.model.beginning.get(&self.migration.span.file);
        let begun = made_first.zip(self.table()).is_some_and(|(made, table)| made.contains(&table.name));
        if temporary || squashed || begun { Tri::No } else { self.object.table_preexisting }
    }

    /// What the server does; worked out once for each operation.
    pub fn effects(&self) -> &Effects {
        let server = Server { version: self.server_version(), utc: self.state.zone.is_utc() };
        self.effects.get_or_init(|| effects::of(self.op, &Sight(self), server))
    }

    /// Major version of the server that it runs on.
    pub fn server_version(&self) -> u32 {
        let own = self.model.file(self.migration.span.file).and_then(|file| file.target_version);
        own.unwrap_or(self.model.policy.server_version)
    }

    /// The command, where the server refuses it inside a transaction block.
    pub fn refused(&self) -> Option<&'static str> {
        super::transaction::refused(self)
    }

    /// Whether a transaction block is open.
    pub fn transaction_open(&self) -> Tri {
        match self.state.transaction {
            TransactionKind::Runner | TransactionKind::Explicit => Tri::Yes,
            TransactionKind::None => Tri::No,
            TransactionKind::Unknown => Tri::Unknown,
        }
    }

    /// Whether the table is small: the configuration says so, or a migration tool keeps its books in it.
    pub(super) fn small(&self) -> bool {
        self.table().is_some_and(|table| self.model.policy.names_small(table) || keeps_books(&table.name))
    }

    /// Whether the table is partitioned, as the migrations before tell.
    pub fn table_is_partitioned(&self) -> bool {
        super::effects::partitioned(self)
    }

    /// Whether a lock on an existing table of a server is meant (locks are PostgreSQL's here).
    pub fn is_postgres(&self) -> bool {
        self.op.statement.dialect == Dialect::Postgres
    }

    /// Whether a repeated run passes over the operation: IF [NOT] EXISTS, a condition in the code that asks for the
    /// object, a failure that is caught.
    pub(super) fn guarded(&self) -> Tri {
        use crate::ir::GuardKind;
        let op = self.op;
        let creates = op.kind.as_str().ends_with("create") || op.kind == OpKind::ColumnAdd;
        let written = if creates {
            op.flag(op.if_not_exists, Doubt::IfNotExists)
        } else {
            op.flag(op.if_exists, Doubt::IfExists)
        };
        if written == Tri::Yes || op.conditional || op.context.failure_swallowed {
            return Tri::Yes;
        }
        let guards = op.context.guards.kinds();
        if guards.has(&GuardKind::Absent) || guards.has(&GuardKind::Present) {
            return Tri::Yes;
        }
        written.or(if guards.has(&GuardKind::Other) { Tri::Unknown } else { Tri::No })
    }

    /// Whether a failed run can leave a part of the migration behind. What a script has done is recorded by its own
    /// code, if at all; a runner of files records each file.
    pub(super) fn partial(&self) -> bool {
        let own = self.op.statement.span;
        let others = self.model.marks.changing(self.at.0).any(|place| place != own);
        self.op.context.function.is_some() || others || self.by_hand()
    }

    /// Rows that are written out in the statement; 0 where they come from elsewhere, `None` where it is not known.
    pub(super) fn written_rows(&self) -> Option<u64> {
        let Details::Data(data) = &self.op.details else { return None };
        if self.op.kind != OpKind::DataInsert {
            return Some(0);
        }
        match data.source {
            // Once for each row of another table: that table says how many.
            Some(DataSource::Values) if self.op.context.per_row => Some(0),
            Some(DataSource::Values) => Some(data.rows.unwrap_or(1)),
            Some(DataSource::Orm) => data.rows.or(self.op.context.per_row.then_some(0)),
            Some(DataSource::Select) if super::data::constant(self, data) => Some(1),
            Some(DataSource::Copy) => Some(data.rows.unwrap_or(0)),
            Some(DataSource::Select) | None => Some(0),
        }
    }

    /// The registry record it comes from.
    pub(super) fn record(&self) -> Option<&Record> {
        self.op.context.record.as_deref()
    }

    /// What is wrong with the record as a record, a phrase each.
    pub(super) fn record_faults(&self) -> Vec<String> {
        let missing = self.missing_fields().into_iter().map(|field| format!("`{field}` is missing"));
        let disagreeing =
            self.disagreeing_fields().into_iter().map(|field| format!("`{field}` is not that of its SQL"));
        missing.chain(disagreeing).collect()
    }

    /// Fields that a record of an index registry must have and this one has not.
    fn missing_fields(&self) -> Vec<String> {
        let Some(record) = self.record() else { return Vec::new() };
        let required: &[&[&str]] = match self.migration.role {
            Role::Indexes => &[
                &["name"],
                &["table", "table_name"],
                &["sql", "ddl", "statement", "create_sql"],
                &["critical"],
                &["description"],
            ],
            Role::Backfills | Role::Migrations => &[],
        };
        let absent = |names: &&&[&str]| !names.iter().any(|name| record.fields.contains_key(*name));
        required.iter().filter(absent).filter_map(|names| names.first()).map(ToString::to_string).collect()
    }

    /// Fields of the record that say something else than its SQL.
    fn disagreeing_fields(&self) -> Vec<String> {
        let Some(record) = self.record() else { return Vec::new() };
        let mut fields = Vec::new();
        let mut compare = |field: &str, actual: Option<&QualifiedName>| {
            let written = record.fields.get(field).and_then(Known::known);
            if let (Some(written), Some(actual)) = (written, actual) {
                let written = written.to_lowercase();
                let written = written.rsplit('.').next().unwrap_or_default();
                if written != actual.name.to_lowercase() {
                    fields.push(field.to_owned());
                }
            }
        };
        if self.op.kind == OpKind::IndexCreate {
            compare("name", self.op.name.as_ref().and_then(Known::known));
            compare("table", self.op.table.as_ref().and_then(Known::known));
            compare("table_name", self.op.table.as_ref().and_then(Known::known));
        }
        fields
    }

    /// Whether another record of the registry has the same name, and comes before this one.
    pub(super) fn record_is_duplicate(&self) -> bool {
        let Some(record) = self.record() else { return false };
        let Some(name) = record_name(record) else { return false };
        let places = self.model.record_names.get(&(record.registry.clone(), name));
        let first = places.and_then(|places| places.first());
        first.is_some_and(|first| *first < (record.span.file.0, record.span.start))
    }

    /// The WHERE of a change of rows.
    pub(super) fn condition(&self) -> Option<&Where> {
        match &self.op.details {
            Details::Data(data) => Some(&data.condition),
            _ => None,
        }
    }
}

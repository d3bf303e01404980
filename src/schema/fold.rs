//! What is new in the migration that an operation is part of.
//!
//! It stands beside the catalogue and not on it: it is asked on the way back too, and of files whose place in a history is
//! not known, which the catalogue does not fold; and "made by this migration, under the same conditions" is about how
//! two operations of one migration stand to each other, which a state between two steps does not tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{ConstraintKind, Details, Guards, Known, Migration, OpKind, Operation, QualifiedName, Tri};

/// The state of the objects that one operation is about, just before it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectState {
    /// Whether the table existed before this migration, so that other sessions use it.
    pub table_preexisting: Tri,
    /// Whether the object named (an index to be dropped) existed before this migration.
    pub object_preexisting: Tri,
    /// The table of the index named, where the operation does not say it and the history does.
    pub index_table: Option<QualifiedName>,
    /// Whether the same migration drops an object of this kind and name earlier.
    pub dropped_before: bool,
    /// Columns of the table's primary key, where the history tells.
    pub primary_key: Vec<String>,
}

impl Default for ObjectState {
    fn default() -> Self {
        Self {
            table_preexisting: Tri::Unknown,
            object_preexisting: Tri::Unknown,
            index_table: None,
            dropped_before: false,
            primary_key: Vec::new(),
        }
    }
}

/// What the migrations so far have made.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Table of each index, by the index's name.
    indexes: BTreeMap<String, QualifiedName>,
    /// Primary key columns of each table, by the table's name.
    primary_keys: BTreeMap<String, Vec<String>>,
}

/// What the migration being read has made: by name, then by schema; what is temporary, and found in every one, by none.
#[derive(Default)]
struct Names(BTreeMap<String, BTreeMap<Option<String>, Vec<Made>>>);

/// An object made by the migration being read.
struct Made {
    /// Conditions that must hold for it to have been made; those that only ask whether it is there do not count.
    guards: Guards,
    /// Made under a condition of its own statement.
    conditional: bool,
}

/// Folds `migrations` in order; the states are those before each operation. What `project` tells apart has its own
/// objects: two may well have an index of one name. What a project never makes is looked for in all the others, since an
/// index registry or a backfill is often a project of its own.
pub fn fold<P: Ord>(migrations: &[Migration], project: impl Fn(&Migration) -> P) -> Vec<Vec<ObjectState>> {
    let mut own: BTreeMap<P, Seen> = BTreeMap::new();
    let mut all = Seen::default();
    let fold = |migration: &Migration| {
        let own = own.entry(project(migration)).or_default();
        let mut local = Local::default();
        let mut states = Vec::with_capacity(migration.operations.len());
        for operation in &migration.operations {
            states.push(before([own, &all], &local, operation));
            local.apply(operation);
            own.apply(operation);
            all.apply(operation);
        }
        states
    };
    migrations.iter().map(fold).collect()
}

/// Columns of a key that are told: each operation on the table tells them again. The server refuses a key of more.
const MOST_OF_KEY: usize = 32;

/// The state before an operation; the first of `seen` that knows a name tells.
fn before(seen: [&Seen; 2], local: &Local, operation: &Operation) -> ObjectState {
    let named = operation.name.as_ref().and_then(Known::known);
    let of_index = operation.kind.family() == "index";
    let table_of = |name: &QualifiedName| seen.iter().find_map(|seen| seen.indexes.get(&name.name)).cloned();
    let key_of = |table: &QualifiedName| seen.iter().find_map(|seen| seen.primary_keys.get(&table.name)).cloned();
    let index_table = named.filter(|_| of_index).and_then(table_of);
    let table = operation.table.as_ref().map_or(index_table.as_ref(), Known::known);
    ObjectState {
        table_preexisting: match operation.kind {
            // What is being created is seen by nobody yet.
            OpKind::TableCreate | OpKind::ViewCreate | OpKind::MatviewCreate | OpKind::ForeignTableCreate => Tri::No,
            _ => table.map_or(Tri::Unknown, |table| !local.tables.made(table, operation)),
        },
        object_preexisting: named.map_or(Tri::Unknown, |name| !local.objects.made(name, operation)),
        dropped_before: local.dropped.contains(&identity(operation)),
        primary_key: table.and_then(key_of).unwrap_or_default(),
        index_table,
    }
}

impl Seen {
    fn apply(&mut self, operation: &Operation) {
        let Some(table) = operation.table.as_ref().and_then(Known::known) else { return };
        match (&operation.kind, &operation.details) {
            (OpKind::IndexCreate, _) => {
                if let Some(name) = operation.name.as_ref().and_then(Known::known) {
                    self.indexes.insert(name.name.clone(), table.clone());
                }
            }
            (OpKind::TableCreate, Details::Table(details)) => {
                let inline = details.columns.iter().filter(|c| c.primary_key).filter_map(|c| c.name.clone());
                let of_table = details.constraints.iter().filter(|c| c.kind == ConstraintKind::PrimaryKey);
                let key = inline.chain(of_table.flat_map(|c| c.columns.iter().cloned()));
                self.primary_keys.insert(table.name.clone(), key.take(MOST_OF_KEY).collect());
            }
            (OpKind::ConstraintAdd, Details::Constraint(details)) if details.kind == ConstraintKind::PrimaryKey => {
                let key = details.columns.iter().take(MOST_OF_KEY).cloned();
                self.primary_keys.insert(table.name.clone(), key.collect());
            }
            _ => {}
        }
    }
}

/// What the migration being read has made and dropped so far.
#[derive(Default)]
struct Local {
    tables: Names,
    objects: Names,
    dropped: BTreeSet<Identity>,
}

/// What is dropped and made again: its family, the name of its table (of a view or table, its own), and its name.
type Identity = (&'static str, Option<String>, Option<String>);

/// The object that an operation creates or drops. An index has a name of its own in its schema, whatever its table.
fn identity(operation: &Operation) -> Identity {
    let own = |name: &Option<Known<QualifiedName>>| name.as_ref().and_then(Known::known).map(|name| name.name.clone());
    let family = operation.kind.family();
    let table = if family == "index" { None } else { own(&operation.table) };
    let name = if matches!(family, "table" | "view" | "matview") { None } else { own(&operation.name) };
    (family, table, name)
}

impl Local {
    fn apply(&mut self, operation: &Operation) {
        let guards = operation.context.guards.clone();
        let made = Made { guards, conditional: operation.conditional && !operation.if_not_exists };
        let table = operation.table.as_ref().and_then(Known::known);
        let named = operation.name.as_ref().and_then(Known::known);
        let drops = operation.kind.as_str().rsplit('.').next() == Some("drop");
        if drops && (table.is_some() || named.is_some()) {
            self.dropped.insert(identity(operation));
        }
        match (operation.kind, &operation.details) {
            (OpKind::TableCreate | OpKind::ForeignTableCreate, details) => {
                let temporary = matches!(details, Details::Table(t) if t.temporary);
                if let Some(table) = table {
                    self.tables.add(table, temporary, made);
                }
            }
            (OpKind::TableDrop | OpKind::ForeignTableDrop, _) => {
                // What has the name from here on is another table.
                if let Some(table) = table {
                    self.tables.add(table, false, made);
                }
            }
            (OpKind::MatviewCreate | OpKind::ViewCreate, _) => {
                if let Some(name) = table.or(named) {
                    self.tables.add(name, false, made);
                }
            }
            (
                OpKind::TableRename
                | OpKind::ViewRename
                | OpKind::MatviewRename
                | OpKind::ForeignTableRename
                | OpKind::TableAlter,
                Details::Table(details),
            ) => {
                let new = details.new_name.as_ref().and_then(Known::known);
                if let (Some(table), Some(new)) = (table, new)
                    && self.tables.made(table, operation) == Tri::Yes
                {
                    self.tables.add(new, false, made);
                }
            }
            (kind, _) if kind.as_str().ends_with(".create") || kind == OpKind::ConstraintAdd => {
                if let Some(name) = named {
                    self.objects.add(name, false, made);
                }
            }
            _ => {}
        }
    }
}

impl Names {
    /// What is made again in the same circumstances is remembered once.
    fn add(&mut self, name: &QualifiedName, temporary: bool, made: Made) {
        let schema = (!temporary).then(|| name.schema_or_public().to_owned());
        let known = self.0.entry(name.name.clone()).or_default().entry(schema).or_default();
        let same = |other: &Made| (other.guards.key(), other.conditional) == (made.guards.key(), made.conditional);
        if !known.iter().any(same) {
            known.push(made);
        }
    }

    /// Whether the migration has made `name` on every path that reaches `operation`.
    fn made(&self, name: &QualifiedName, operation: &Operation) -> Tri {
        let Some(schemas) = self.0.get(&name.name) else { return Tri::No };
        let schema = Some(name.schema_or_public().to_owned());
        let mut answer = Tri::No;
        for made in [schemas.get(&schema), schemas.get(&None)].into_iter().flatten().flatten() {
            if made.elsewhere(operation) {
                continue;
            }
            if made.reaches(operation) {
                return Tri::Yes;
            }
            answer = Tri::Unknown;
        }
        answer
    }
}

impl Made {
    /// Whether it has been made in a branch for another server.
    fn elsewhere(&self, operation: &Operation) -> bool {
        self.guards.kinds().has_dialect_but(operation.statement.dialect)
    }

    /// Whether it has been made wherever `operation` runs.
    fn reaches(&self, operation: &Operation) -> bool {
        (!self.conditional || operation.conditional) && self.guards.reach(&operation.context.guards)
    }
}

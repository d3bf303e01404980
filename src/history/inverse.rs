//! Whether the way back undoes the way forward: the names of objects before both, and after both.
//!
//! Only names are compared, and only where every step of both ways is known. What a condition creates or drops on the way
//! forward may have been there before; on the way back it is taken to happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::order::{Project, project, version};
use crate::config::Dialect;
use crate::diagnostic::Severity;
use crate::ir::{
    ConstraintDetails, ConstraintKind, Details, Direction, IndexDetails, Known, Migration, OpKind, Operation,
    QualifiedName,
};
use crate::source::{Problem, Runner, SourceFile};
use crate::span::{FileId, Span};

/// Objects named in one message.
const SHOWN: usize = 3;

/// Something with a name. The names of indexes and constraints are one set, as a constraint may be an index.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Object {
    Table(QualifiedName),
    Column(QualifiedName, String),
    /// The table is told where an index is its own (MySQL).
    Index(Option<QualifiedName>, String),
    Type(QualifiedName),
    View(QualifiedName),
}

impl Object {
    fn shown(&self) -> String {
        match self {
            Self::Table(name) => format!("table `{name}`"),
            Self::Column(table, name) => format!("column `{table}.{name}`"),
            Self::Index(_, name) => format!("`{name}`"),
            Self::Type(name) => format!("type `{name}`"),
            Self::View(name) => format!("view `{name}`"),
        }
    }
}

/// What is known of an object.
#[derive(Clone, Debug)]
struct Seen {
    /// It was there before both ways.
    before: bool,
    now: bool,
    /// The way forward touched it.
    forward: bool,
    /// It depends on a condition, or went with something else.
    unsure: bool,
    /// The step that decides.
    span: Span,
    /// The table that it goes with.
    table: Option<QualifiedName>,
    /// Words that may be columns which it goes with.
    words: BTreeSet<String>,
}

/// The two ways, one after the other. A step that is not known ends it.
#[derive(Debug, Default)]
struct Net {
    objects: BTreeMap<Object, Seen>,
    back: bool,
    /// A constraint or index was made that the server names.
    nameless: bool,
    /// Something took constraints with it that are not named.
    cascaded: bool,
}

/// What stands in a way of comparing.
struct GiveUp;

type Step = Result<(), GiveUp>;

fn known<T: Clone>(name: Option<&Known<T>>) -> Result<T, GiveUp> {
    name.and_then(Known::known).cloned().ok_or(GiveUp)
}

/// A name without the schema that a search path leads to.
fn plain(name: QualifiedName) -> QualifiedName {
    QualifiedName { schema: name.schema.filter(|schema| schema != "public"), ..name }
}

/// Words of an expression.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn words_of_index(index: &IndexDetails) -> BTreeSet<String> {
    let keys = index.columns.iter().flat_map(|column| words(&column.text));
    let others = index.include.iter().chain(&index.predicate).flat_map(|text| words(text));
    keys.chain(others).collect()
}

fn words_of_constraint(constraint: &ConstraintDetails) -> BTreeSet<String> {
    let keys = constraint.keys.iter().map(|key| &key.text);
    let texts = constraint.columns.iter().chain(keys).chain(&constraint.expression);
    texts.flat_map(|text| words(text)).collect()
}

impl Net {
    fn create(&mut self, object: Object, operation: &Operation, table: Option<QualifiedName>, words: BTreeSet<String>) {
        let unsure = !self.back && (operation.if_not_exists || conditional(operation));
        let back = self.back;
        let seen = self.objects.entry(object).or_insert_with(|| Seen {
            before: false,
            now: true,
            forward: !back,
            // What only the way back makes may have gone with something else.
            unsure: back,
            span: operation.span,
            table: None,
            words: BTreeSet::new(),
        });
        seen.now = true;
        seen.unsure |= unsure;
        seen.span = if back { seen.span } else { operation.span };
        seen.table = table;
        seen.words = words;
    }

    fn drop(&mut self, object: Object, operation: &Operation) {
        let unsure = !self.back && (operation.if_exists || conditional(operation));
        let back = self.back;
        let seen = self.objects.entry(object).or_insert_with(|| Seen {
            before: true,
            now: false,
            forward: !back,
            unsure: false,
            span: operation.span,
            table: None,
            words: BTreeSet::new(),
        });
        seen.now = false;
        seen.unsure |= unsure;
    }

    fn rename(&mut self, from: &Object, to: &Object, operation: &Operation) {
        let (table, words) =
            self.objects.get(from).map(|seen| (seen.table.clone(), seen.words.clone())).unwrap_or_default();
        self.drop(from.clone(), operation);
        self.create(to.clone(), operation, table, words);
        let Some(seen) = self.objects.get_mut(to) else { return };
        // A name that is given back was there before.
        seen.unsure &= !self.back || seen.forward;
        if let (Object::Table(from), Object::Table(to)) = (from, to) {
            self.move_parts(from, to);
        }
    }

    /// The parts of a table that is renamed go with it.
    fn move_parts(&mut self, from: &QualifiedName, to: &QualifiedName) {
        let moved = |object: &Object| match object {
            Object::Column(table, name) if table == from => Some(Object::Column(to.clone(), name.clone())),
            Object::Index(Some(table), name) if table == from => Some(Object::Index(Some(to.clone()), name.clone())),
            _ => None,
        };
        let all: Vec<(Object, Object)> =
            self.objects.keys().filter_map(|object| Some((object.clone(), moved(object)?))).collect();
        for (old, new) in all {
            if let Some(seen) = self.objects.remove(&old) {
                self.objects.insert(new, seen);
            }
        }
        for seen in self.objects.values_mut().filter(|seen| seen.table.as_ref() == Some(from)) {
            seen.table = Some(to.clone());
        }
    }

    /// What goes with a table that is dropped.
    fn drop_parts(&mut self, table: &QualifiedName, cascade: bool) {
        for (object, seen) in &mut self.objects {
            let own = match object {
                Object::Column(of, _) => of == table,
                Object::View(_) => cascade,
                Object::Index(..) => cascade || seen.table.as_ref() == Some(table),
                Object::Table(_) => seen.table.as_ref() == Some(table),
                Object::Type(_) => false,
            };
            seen.unsure |= own;
        }
    }

    /// Indexes and constraints that go with a column.
    fn drop_users(&mut self, table: &QualifiedName, column: &str) {
        for (object, seen) in &mut self.objects {
            let index = matches!(object, Object::Index(..)) && seen.table.as_ref() == Some(table);
            seen.unsure |= index && seen.words.contains(column);
        }
    }

    fn constraint(&mut self, constraint: &ConstraintDetails, operation: &Operation, table: &QualifiedName) {
        match &constraint.name {
            Some(name) => {
                let of = scope(operation, table);
                let words = words_of_constraint(constraint);
                self.create(Object::Index(of, name.clone()), operation, Some(table.clone()), words);
            }
            None => self.nameless |= constraint.kind != ConstraintKind::NotNull,
        }
    }

    fn step(&mut self, operation: &Operation) -> Step {
        self.cascaded |= operation.cascade;
        let table = || known(operation.table.as_ref()).map(plain);
        let name = || known(operation.name.as_ref()).map(plain);
        match (operation.kind, &operation.details) {
            (
                OpKind::Opaque
                | OpKind::CodeRun
                | OpKind::SchemaDrop
                | OpKind::SchemaRename
                | OpKind::ViewRename
                | OpKind::MatviewRename,
                _,
            ) => return Err(GiveUp),
            (OpKind::TableCreate, Details::Table(details)) => {
                let table = table()?;
                if details.temporary {
                    return Ok(());
                }
                let parent = details.partition_of.as_ref().or(details.parents.first());
                let parent = parent.and_then(Known::known).cloned().map(plain);
                self.create(Object::Table(table.clone()), operation, parent, BTreeSet::new());
                let of_columns = details.columns.iter().flat_map(|column| &column.constraints);
                for constraint in details.constraints.iter().chain(of_columns) {
                    self.constraint(constraint, operation, &table);
                }
            }
            (OpKind::TableDrop, _) => {
                let table = table()?;
                self.drop(Object::Table(table.clone()), operation);
                self.drop_parts(&table, operation.cascade);
            }
            (OpKind::TableRename | OpKind::TableAlter, Details::Table(details)) => {
                let Some(to) = &details.new_name else { return Ok(()) };
                let (from, to) = (table()?, plain(known(Some(to))?));
                // Without a schema the new name stays in the old one's.
                let to = QualifiedName { schema: to.schema.or_else(|| from.schema.clone()), ..to };
                self.rename(&Object::Table(from), &Object::Table(to), operation);
            }
            (OpKind::ColumnAdd, Details::Column(details)) => {
                let (table, name) = (table()?, details.name.clone().ok_or(GiveUp)?);
                self.create(Object::Column(table.clone(), name), operation, Some(table.clone()), BTreeSet::new());
                for constraint in &details.constraints {
                    self.constraint(constraint, operation, &table);
                }
            }
            (OpKind::ColumnDrop, Details::Column(details)) => {
                let (table, name) = (table()?, details.name.clone().ok_or(GiveUp)?);
                self.drop(Object::Column(table.clone(), name.clone()), operation);
                self.drop_users(&table, &name);
            }
            (OpKind::ColumnRename, Details::Column(details)) => {
                let from = details.name.clone().ok_or(GiveUp)?;
                let (table, to) = (table()?, details.new_name.clone().ok_or(GiveUp)?);
                self.rename(&Object::Column(table.clone(), from), &Object::Column(table, to), operation);
            }
            (OpKind::IndexCreate, Details::Index(details)) => {
                let table = table()?;
                match &operation.name {
                    Some(name) => {
                        let name = known(Some(name))?.name;
                        let object = Object::Index(scope(operation, &table), name);
                        self.create(object, operation, Some(table), words_of_index(details));
                    }
                    None => self.nameless = true,
                }
            }
            (OpKind::IndexDrop, _) => {
                let of = operation.table.as_ref().and_then(Known::known).cloned().map(plain).unwrap_or_default();
                self.drop(Object::Index(scope(operation, &of), name()?.name), operation);
            }
            (OpKind::IndexRename, Details::Index(details)) => {
                let of = operation.table.as_ref().and_then(Known::known).cloned().map(plain).unwrap_or_default();
                let object = |name: String| Object::Index(scope(operation, &of), name);
                let to = details.new_name.clone().ok_or(GiveUp)?;
                self.rename(&object(name()?.name), &object(to), operation);
            }
            (OpKind::ConstraintAdd, Details::Constraint(details)) => self.constraint(details, operation, &table()?),
            (OpKind::ConstraintDrop, Details::Constraint(details))
                if details.kind != ConstraintKind::PrimaryKey || details.name.is_some() =>
            {
                let of = scope(operation, &table()?);
                self.drop(Object::Index(of, details.name.clone().ok_or(GiveUp)?), operation);
            }
            (OpKind::ConstraintRename, Details::Constraint(details)) => {
                let of = scope(operation, &table()?);
                let (from, to) = (details.name.clone().ok_or(GiveUp)?, details.new_name.clone().ok_or(GiveUp)?);
                self.rename(&Object::Index(of.clone(), from), &Object::Index(of, to), operation);
            }
            (OpKind::TypeCreate | OpKind::DomainCreate, _) => {
                self.create(Object::Type(name()?), operation, None, BTreeSet::new());
            }
            (OpKind::TypeDrop | OpKind::DomainDrop, _) => {
                if operation.cascade {
                    return Err(GiveUp);
                }
                self.drop(Object::Type(name()?), operation);
            }
            (OpKind::TypeRename | OpKind::DomainRename, Details::Object(details)) => {
                let from = name()?;
                let to = plain(known(details.new_name.as_ref())?);
                let to = QualifiedName { schema: to.schema.or_else(|| from.schema.clone()), ..to };
                self.rename(&Object::Type(from), &Object::Type(to), operation);
            }
            (OpKind::ViewCreate | OpKind::MatviewCreate, _) => {
                self.create(Object::View(table()?), operation, None, BTreeSet::new());
            }
            (OpKind::ViewDrop | OpKind::MatviewDrop, _) => {
                let view = table()?;
                self.drop(Object::View(view.clone()), operation);
                self.drop_parts(&view, operation.cascade);
            }
            _ => {}
        }
        Ok(())
    }

    /// What is not as it was: the place that the first is told at, and a message.
    fn difference(&self) -> Option<(Span, String)> {
        let part = |object: &Object| matches!(object, Object::Index(..));
        let told = |object: &Object| !(self.cascaded && part(object));
        let all = || {
            let all = self.objects.iter();
            all.filter(|(object, seen)| !seen.unsure && seen.before != seen.now && told(object))
        };
        let made = |object: &Object| !(part(object) && self.nameless);
        let left = all().filter(|(_, seen)| seen.now && seen.forward);
        let gone = all().filter(|(object, seen)| !seen.now && seen.forward && made(object));
        let taken = all().filter(|(object, seen)| !seen.now && !seen.forward && !part(object));
        let listed = |found: Vec<(&Object, &Seen)>| {
            let first = found.iter().map(|(_, seen)| seen.span).min()?;
            let mut names: Vec<String> = found.iter().take(SHOWN).map(|(object, _)| object.shown()).collect();
            if found.len() > SHOWN {
                names.push(format!("{} more", found.len() - SHOWN));
            }
            Some((first, names.join(", ")))
        };
        if let Some((span, names)) = listed(left.collect()) {
            return Some((span, format!("the way back leaves {names} in place")));
        }
        if let Some((span, names)) = listed(gone.collect()) {
            return Some((span, format!("the way back does not bring {names} back")));
        }
        let (span, names) = listed(taken.collect())?;
        Some((span, format!("the way back drops {names}, which this migration does not create")))
    }
}

/// The table, where the names of indexes are its own.
fn scope(operation: &Operation, table: &QualifiedName) -> Option<QualifiedName> {
    (operation.statement.dialect == Dialect::Mysql).then(|| table.clone())
}

fn conditional(operation: &Operation) -> bool {
    operation.conditional || operation.context.guards.kinds().has_others()
}

/// Whether an operation is for the dialect that the file is written in.
fn concerns(operation: &Operation, dialect: Dialect) -> bool {
    !operation.context.guards.kinds().has_dialect_but(dialect)
}

/// One migration: its file, or the version of the files that it stands in.
type Key = (Project, Result<String, FileId>);

fn key(file: &SourceFile) -> Option<Key> {
    let of = project(file);
    match file.runner {
        Runner::Alembic
        | Runner::Goose
        | Runner::Dbmate
        | Runner::SqlMigrate
        | Runner::Tern
        | Runner::NodePgMigrate => Some((of, Err(file.id))),
        Runner::GolangMigrate | Runner::Sqlx | Runner::Diesel | Runner::Pop | Runner::Hasura => {
            Some((of, Ok(version(file)?.to_owned())))
        }
        _ => None,
    }
}

/// Migrations whose way back does not undo them. `refused` are the files whose way back does nothing, or says no.
pub fn problems(migrations: &[Migration], files: &[Arc<SourceFile>], refused: &BTreeSet<FileId>) -> Vec<Problem> {
    let mut pairs: BTreeMap<Key, (Vec<&Migration>, Vec<&Migration>)> = BTreeMap::new();
    for migration in migrations {
        let Some(file) = files.get(migration.span.file.0 as usize) else { continue };
        if refused.contains(&file.id) {
            continue;
        }
        let Some(key) = key(file) else { continue };
        let (forward, back) = pairs.entry(key).or_default();
        if migration.direction == Direction::Up { forward.push(migration) } else { back.push(migration) }
    }
    let mut found = Vec::new();
    for (forward, back) in pairs.into_values() {
        let (Some(first), Some(_)) = (forward.first(), back.first()) else { continue };
        // Two files of one version are told elsewhere.
        let one_file = |all: &[&Migration]| {
            let mut files = all.iter().map(|migration| migration.span.file);
            let first = files.next();
            files.all(|file| Some(file) == first)
        };
        if !one_file(&forward) || !one_file(&back) {
            continue;
        }
        let dialect = files.get(first.span.file.0 as usize).map(|file| file.dialect).unwrap_or_default();
        // There a table is changed by making it anew, often over several files.
        let says = |operation: &Operation| operation.kind.changes_schema() || operation.kind.changes_data();
        let empty = !back.iter().flat_map(|migration| &migration.operations).any(says);
        if dialect == Dialect::Sqlite || empty {
            continue;
        }
        let mut net = Net::default();
        let mut ways = [(false, &forward), (true, &back)].into_iter().flat_map(|(back, all)| {
            all.iter().flat_map(|migration| &migration.operations).map(move |operation| (back, operation))
        });
        let complete = ways.all(|(back, operation)| {
            net.back = back;
            !concerns(operation, dialect) || net.step(operation).is_ok()
        });
        let Some((span, message)) = net.difference().filter(|_| complete) else { continue };
        let help = "undo every step, the last one first".to_owned();
        found.push(Problem { rule: "down-not-inverse", span, severity: Severity::Info, message, help: Some(help) });
    }
    found
}

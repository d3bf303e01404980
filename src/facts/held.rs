//! What a transaction holds when an operation runs: the tables that statements before it have locked until the commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::effects::{Effects, LockMode};
use crate::ir::{Known, OpKind, Operation, QualifiedName, Tri};
use crate::schema::{RelationId, RelationKind, Snapshot};
use crate::span::Span;

use super::View;

/// The place of an operation: its migration and its number there.
type Place = (usize, usize);

/// What commits together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unit {
    /// A transaction of the timeline.
    Transaction(usize),
    /// A statement with a block in it, where no transaction is open around it.
    Block(Span),
}

/// A table, whatever it is called meanwhile.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Which {
    Known(RelationId),
    Named(QualifiedName),
}

/// The first lock of a strength that a transaction takes on a table.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    at: Place,
    which: Which,
    name: QualifiedName,
}

/// Tables that a transaction holds ACCESS EXCLUSIVE and that are looked through for one operation. What the first of
/// them does not say, hundreds more hardly do.
const MOST_LOOKED_THROUGH: usize = 64;

/// The tables that one transaction locks, of those that other sessions use, in the order in which it does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Tables {
    /// Under a lock that blocks writes.
    strong: Vec<Held>,
    /// Under ACCESS EXCLUSIVE.
    exclusive: Vec<Held>,
    /// Those in `strong` and (`true`) in `exclusive`.
    seen: BTreeSet<(bool, Which)>,
}

/// What every transaction holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Holdings {
    units: BTreeMap<Unit, Tables>,
}

/// Names of relations, each with its schema.
type Names<'n> = BTreeSet<(&'n str, &'n str)>;

fn key(name: &QualifiedName) -> (&str, &str) {
    (name.schema_or_public(), &name.name)
}

impl Holdings {
    /// Takes in what an operation locks. Operations come in the order in which they run.
    pub(super) fn add(&mut self, view: &View<'_>, effects: &Effects) {
        let strong = |lock: &&crate::effects::Lock| lock.mode.blocks_writes();
        if !effects.locks.iter().any(|lock| strong(&lock)) {
            return;
        }
        let Some(unit) = unit(view) else { return };
        let named: Names<'_> = effects.locks.iter().filter_map(|lock| lock.relation.as_deref()).map(key).collect();
        for lock in effects.locks.iter().filter(strong) {
            let Some(name) = lock.relation.as_deref() else { continue };
            let exclusive = lock.mode == LockMode::AccessExclusive;
            if !counts(view, name, exclusive, &named) {
                continue;
            }
            let held = Held { at: view.at, which: which(view, name), name: name.clone() };
            let tables = self.units.entry(unit).or_default();
            if tables.seen.insert((false, held.which.clone())) {
                tables.strong.push(held.clone());
            }
            if exclusive && tables.seen.insert((true, held.which.clone())) {
                tables.exclusive.push(held);
            }
        }
    }

    fn of(&self, view: &View<'_>) -> Option<&Tables> {
        self.units.get(&unit(view)?)
    }
}

/// What the operation commits with; `None` where it commits by itself, or where that is not known.
fn unit(view: &View<'_>) -> Option<Unit> {
    match view.transaction_open() {
        Tri::Yes => Some(Unit::Transaction(view.state.group)),
        _ if view.op.nested.is_some() => Some(Unit::Block(view.op.statement.span)),
        Tri::No | Tri::Unknown => None,
    }
}

/// Whether a lock that blocks writes, on this relation, keeps other sessions waiting: it is a table that was there
/// before, that stays, and that is no mere partition of another one that is locked with it.
///
/// A foreign key from a new table blocks writes to the table it refers to for a moment; nothing is read there, and every
/// new table has some.
fn counts(view: &View<'_>, name: &QualifiedName, exclusive: bool, locked: &Names<'_>) -> bool {
    let own = view.table().is_some_and(|table| table.same_object(name));
    if own && view.op.kind == OpKind::TableDrop {
        return false;
    }
    if !exclusive && view.table_preexisting() == Tri::No {
        return false;
    }
    if relation_preexisting(view, name) != Tri::Yes {
        return false;
    }
    let Some(relation) = view.before().and_then(|before| before.possible(name)) else {
        // Nothing is known of it but the statement: what that is about is a table, or an index of one.
        let of_table = ["table", "column", "constraint", "index", "partition", "trigger", "policy"];
        let index = view.op.kind.family() == "index"
            && view.op.name.as_ref().and_then(Known::known).is_some_and(|index| index.same_object(name));
        return of_table.contains(&view.op.kind.family()) && !index;
    };
    let stored = relation.state.kind.is_table() || relation.state.kind == RelationKind::Matview;
    let goes =
        view.after().is_some_and(|after| after.relation_of(relation.id).is_none_or(|r| r.state.exists == Tri::No));
    let part = relation.parents().iter().any(|parent| locked.contains(&key(&parent.state.name)));
    stored && !goes && !part
}

fn which(view: &View<'_>, name: &QualifiedName) -> Which {
    let found = |snapshot: Option<Snapshot<'_>>| snapshot.and_then(|snapshot| snapshot.possible(name)).map(|r| r.id);
    match found(view.before()).or_else(|| found(view.after())) {
        Some(id) => Which::Known(id),
        None => Which::Named(name.clone()),
    }
}

/// Whether a relation of any statement was there before the migration, so that other sessions use it.
pub(super) fn relation_preexisting(view: &View<'_>, name: &QualifiedName) -> Tri {
    if view.table().is_some_and(|table| table.same_object(name)) {
        return view.table_preexisting();
    }
    if view.model.makes(view.at.0, name) {
        return Tri::No;
    }
    let (Some(before), Some(start)) = (view.before(), view.model.world.start(view.at.0)) else { return Tri::Unknown };
    let Some(now) = before.possible(name) else {
        // What no migration has made is there since before all of them.
        return Tri::from(name.schema.as_deref() != Some("pg_temp"));
    };
    match start.relation_of(now.id) {
        Some(then) => (then.state.exists != Tri::No).into(),
        // Only spoken of: nobody has seen it being made.
        None => (!now.is_complete()).into(),
    }
}

/// Questions of facts.
impl View<'_> {
    /// The first table that an earlier statement of the same transaction has locked ACCESS EXCLUSIVE, that other
    /// sessions use, and that the operation does not lock so by itself; and where that was.
    pub(crate) fn holds(&self) -> Option<(&QualifiedName, &Operation)> {
        let tables = self.model.marks.holdings.of(self)?;
        let own: BTreeSet<Which> = self
            .effects()
            .locks
            .iter()
            .filter(|lock| lock.mode == LockMode::AccessExclusive)
            .filter_map(|lock| Some(which(self, lock.relation.as_deref()?)))
            .collect();
        tables.exclusive.iter().take(MOST_LOOKED_THROUGH).find_map(|held| {
            let operation = self.model.timeline.operation(held.at)?;
            let earlier = held.at < self.at && operation.place() != self.op.place();
            let together = !self.op.context.guards.exclude(&operation.context.guards);
            (earlier && together && !own.contains(&held.which)).then_some((&held.name, operation))
        })
    }

    /// How many tables that other sessions use the transaction has locked against writes, this operation's among them.
    pub(super) fn tables_locked(&self) -> usize {
        let tables = self.model.marks.holdings.of(self);
        tables.map_or(0, |tables| tables.strong.partition_point(|held| held.at <= self.at))
    }

    /// All tables that the transaction locks against writes, this operation's or later ones, and where.
    pub(crate) fn locked_tables(&self) -> impl Iterator<Item = (&QualifiedName, &Operation)> {
        let tables = self.model.marks.holdings.of(self);
        let strong = tables.map_or(&[][..], |tables| tables.strong.as_slice());
        strong.iter().filter_map(|held| Some((&held.name, self.model.timeline.operation(held.at)?)))
    }
}

/// Names that a message shows.
const SHOWN: usize = 4;

/// The tables that a transaction locks, in words.
pub(super) fn in_words(view: &View<'_>) -> String {
    let names: Vec<_> = view.locked_tables().map(|(table, _)| format!("`{table}`")).collect();
    match names.split_at_checked(SHOWN) {
        Some((shown, rest)) if rest.len() > 1 => format!("{} and {} more", shown.join(", "), rest.len()),
        _ => match names.split_last() {
            Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => names.concat(),
        },
    }
}

//! The schema as an operation sees it, in the words of the effects model.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effects::view::{
    Column, Constraint, DefinedType, Found, Index, Key, Part, Parts, Relation, RelationKind, Told,
};
use crate::effects::{Schema, Volatility};
use crate::ir::{ConstraintKind, Known, OpKind, QualifiedName, Tri};
use crate::schema::{self, Maybe, Snapshot, TypeSort};

use super::View;

/// The schema as an operation sees it.
pub(super) struct Sight<'v, 'a>(pub(super) &'v View<'a>);

fn certain(answer: Tri) -> Option<bool> {
    match answer {
        Tri::Yes => Some(true),
        Tri::No => Some(false),
        Tri::Unknown => None,
    }
}

/// Parts that the history may not all tell: those that other objects have with this one.
fn part<T>(snapshot: &Snapshot<'_>, items: Vec<T>) -> Part<T> {
    Part { items, complete: snapshot.is_complete() }
}

impl Schema for Sight<'_, '_> {
    fn relation(&self, name: &QualifiedName) -> Found<Relation<'_>> {
        let View { op, object, .. } = self.0;
        let found = self.0.before().map_or(Found::Unknown, |before| match before.relation(name) {
            // A relation that no migration speaks of may well be made by something else; one that was dropped is gone.
            Found::Absent if !before.was_seen(name) => Found::Unknown,
            found => found.map(relation_of),
        });
        // The table of the index that the operation names is what the history tells; what is created is not there yet.
        let named = op.kind != OpKind::IndexCreate && op.name.as_ref().and_then(Known::known) == Some(name);
        match &object.index_table {
            Some(table) if named && op.kind.family() == "index" && !matches!(found, Found::Known(_)) => {
                Found::Known(Relation {
                    name: name.clone(),
                    kind: RelationKind::Index,
                    table: Found::Known(table.clone()),
                    ..Relation::default()
                })
            }
            _ => found,
        }
    }

    fn type_named(&self, name: &str) -> Found<DefinedType> {
        let Some(before) = self.0.before() else { return Found::Unknown };
        let name = match name.rsplit_once('.') {
            Some((schema, name)) => QualifiedName { schema: Some(schema.to_owned()), name: name.to_owned() },
            None => QualifiedName::bare(name),
        };
        // What is gone may be there again under the name of an extension's type.
        before.type_named(&name).known().map_or(Found::Unknown, |of| Found::Known(type_of(&before, &of)))
    }

    fn function(&self, name: &str) -> Found<Volatility> {
        let Some(before) = self.0.before() else { return Found::Unknown };
        let name = name.rsplit('.').next().unwrap_or(name);
        let all = before.routines_named(name);
        let has = |word: &str| all.iter().any(|routine| routine.volatility == word);
        if all.is_empty() {
            return Found::Unknown;
        }
        Found::Known(if has("volatile") {
            Volatility::Volatile
        } else if has("stable") {
            Volatility::Stable
        } else {
            Volatility::Immutable
        })
    }
}

/// The name of a relation as most statements write it: what is in `public` without the schema.
fn plain(name: &QualifiedName) -> QualifiedName {
    QualifiedName { schema: name.schema.clone().filter(|schema| schema != "public"), name: name.name.clone() }
}

fn type_of(snapshot: &Snapshot<'_>, of: &schema::Type<'_>) -> DefinedType {
    match &of.state.sort {
        TypeSort::Enum => DefinedType::Enum,
        TypeSort::Domain(domain) => DefinedType::Domain {
            base: domain.base.clone(),
            constrained: domain.not_null || !domain.checks.is_empty(),
            checked: !domain.checks.is_empty(),
            default: domain.default.clone(),
            columns: part(
                snapshot,
                of.columns()
                    .iter()
                    .map(|(relation, column)| (plain(&relation.state.name), column.state.name.clone()))
                    .collect(),
            ),
        },
        TypeSort::Composite(_) => DefinedType::Composite {
            tables: part(snapshot, of.columns().iter().map(|(relation, _)| plain(&relation.state.name)).collect()),
        },
        TypeSort::Other(_) => DefinedType::Other,
    }
}

fn relation_of(relation: schema::Relation<'_>) -> Relation<'_> {
    let snapshot = relation.snapshot();
    let state = relation.state;
    let table = match (&state.index, &state.sequence) {
        (Some(index), _) => snapshot.relation_of(index.table),
        (None, Some(sequence)) => sequence.owner.and_then(|column| snapshot.relation_with(column)),
        (None, None) => None,
    };
    Relation {
        name: plain(&state.name),
        kind: kind_of(&snapshot, &relation),
        empty: None,
        unlogged: certain(state.unlogged),
        bound: state.bound.as_deref().map(ToOwned::to_owned),
        partition_key: state.partition_key.as_deref().map(ToOwned::to_owned),
        table: table.map_or(Found::Unknown, |table| Found::Known(plain(&table.state.name))),
        parts: Told::by(History { relation, snapshot, complete: state.complete }),
    }
}

/// The parts of a relation as the history tells them.
struct History<'a> {
    relation: schema::Relation<'a>,
    snapshot: Snapshot<'a>,
    complete: bool,
}

impl History<'_> {
    fn part<T>(&self, items: Vec<T>) -> Part<T> {
        Part { items, complete: self.complete }
    }

    fn some_constraints(&self, test: impl Fn(&schema::ConstraintState) -> bool) -> Part<Constraint> {
        let all = self.relation.constraints();
        let some = all.iter().filter(|constraint| test(constraint.state));
        self.part(some.map(|constraint| constraint_of(&self.snapshot, constraint)).collect())
    }

    fn some_indexes(&self, test: impl Fn(&schema::IndexState) -> bool) -> Part<Index> {
        let all = self.relation.indexes();
        let some: Vec<_> = all.iter().filter(|(_, index)| test(index)).collect();
        // Where no index belongs to a constraint, no constraint is looked at.
        let constraints = if some.is_empty() { Vec::new() } else { self.relation.constraints() };
        let behind = constraints.iter().rev();
        let behind = behind.filter_map(|constraint| Some((constraint.state.index?, constraint.state.name.as_str())));
        let behind: BTreeMap<_, _> = behind.collect();
        self.part(each(&some, |(own, index)| index_of(&self.snapshot, own, index, &behind)))
    }
}

impl Parts for History<'_> {
    fn columns(&self) -> Part<Column> {
        self.part(each(&self.relation.columns(), |column| column_of(&self.snapshot, column)))
    }

    fn constraints(&self) -> Part<Constraint> {
        self.some_constraints(|_| true)
    }

    fn indexes(&self) -> Part<Index> {
        self.some_indexes(|_| true)
    }

    fn referenced_by(&self) -> Part<(QualifiedName, Option<String>)> {
        let named = |constraint: schema::Constraint<'_>| {
            let table = self.snapshot.relation_of(constraint.state.table)?;
            Some((plain(&table.state.name), Some(constraint.state.name.clone())))
        };
        let items = self.relation.referenced_by().into_iter().filter_map(named).collect();
        Part { items, complete: self.snapshot.is_complete() }
    }

    fn children(&self) -> Part<QualifiedName> {
        Part { items: names(&self.relation.children()), complete: knows_children(&self.relation) }
    }

    fn unbounded(&self) -> Part<QualifiedName> {
        Part { items: names(&self.relation.unbounded()), complete: knows_children(&self.relation) }
    }

    fn parents(&self) -> Part<QualifiedName> {
        self.part(names(&self.relation.parents()))
    }

    fn read_by(&self) -> Part<QualifiedName> {
        Part { items: names(&self.relation.read_by()), complete: self.snapshot.is_complete() }
    }

    fn reads(&self) -> Part<QualifiedName> {
        let reads = self.relation.state.reads.iter().filter_map(|id| self.snapshot.relation_of(*id));
        Part { items: names(&reads.collect::<Vec<_>>()), complete: false }
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn refers(&self) -> bool {
        self.relation.constraints().iter().any(|constraint| constraint.state.kind == ConstraintKind::ForeignKey)
    }

    fn may_be_referenced(&self) -> bool {
        !self.snapshot.is_complete() || self.relation.is_referenced()
    }

    fn knows_users(&self) -> bool {
        self.snapshot.is_complete()
    }

    fn column(&self, name: &str) -> Found<Column> {
        match self.relation.possible_column(name) {
            Some(column) => Found::Known(column_of(&self.snapshot, &column)),
            None if self.complete => Found::Absent,
            None => Found::Unknown,
        }
    }

    fn numbered(&self) -> Part<Column> {
        let all = self.relation.columns();
        let some = all.iter().filter(|column| column.state.sequence.is_some());
        self.part(some.map(|column| column_of(&self.snapshot, column)).collect())
            .only(|column| column.sequence.is_some())
    }

    fn constraint(&self, name: &str) -> Found<Constraint> {
        match self.relation.possible_constraint(name) {
            Some(constraint) => Found::Known(constraint_of(&self.snapshot, &constraint)),
            None if self.complete => Found::Absent,
            None => Found::Unknown,
        }
    }

    fn constraints_of(&self, kind: ConstraintKind) -> Part<Constraint> {
        self.some_constraints(|state| state.kind == kind)
    }

    fn constraints_on(&self, column: &str) -> Part<Constraint> {
        self.some_constraints(|state| {
            state.kind == ConstraintKind::Check
                || state.columns.iter().any(|id| self.snapshot.column_name(*id) == column)
        })
    }

    fn index_names(&self) -> Part<Arc<QualifiedName>> {
        self.part(each(&self.relation.indexes(), |(own, _)| own.plain_name()))
    }

    fn indexes_on(&self, column: &str) -> Part<Index> {
        let named = |id: &schema::ColumnId| self.snapshot.column_name(*id) == column;
        self.some_indexes(|index| {
            index.predicate.is_some()
                || index.keys.iter().any(|key| key.column.as_ref().is_none_or(named))
                || index.include.iter().any(named)
        })
    }
}

fn each<P, T>(parts: &[P], convert: impl Fn(&P) -> T) -> Vec<T> {
    parts.iter().map(convert).collect()
}

fn names(relations: &[schema::Relation<'_>]) -> Vec<QualifiedName> {
    each(relations, |relation| plain(&relation.state.name))
}

/// Partitions, and tables that inherit. Partitions are often made outside of migrations: a partitioned table of which
/// none are known is taken to have others. Tables that inherit from a plain one are rare, and made where it is made: what
/// is not understood elsewhere leaves no doubt about those.
fn knows_children(relation: &schema::Relation<'_>) -> bool {
    match relation.state.kind {
        schema::RelationKind::Table if relation.is_complete() => true,
        schema::RelationKind::Partitioned if !relation.has_children() => false,
        _ => relation.snapshot().is_complete(),
    }
}

fn kind_of(snapshot: &Snapshot<'_>, relation: &schema::Relation<'_>) -> RelationKind {
    use schema::RelationKind as K;
    let of = relation.state.index.as_ref().and_then(|index| snapshot.relation_of(index.table));
    match relation.state.kind {
        K::Table => RelationKind::Table,
        K::Partitioned => RelationKind::Partitioned,
        K::Index if of.is_some_and(|table| table.state.kind == K::Partitioned) => RelationKind::PartitionedIndex,
        K::Index => RelationKind::Index,
        K::View => RelationKind::View,
        K::Matview => RelationKind::Matview,
        K::Sequence => RelationKind::Sequence,
        K::Foreign => RelationKind::Foreign,
        K::Composite => RelationKind::Composite,
    }
}

fn column_of(snapshot: &Snapshot<'_>, column: &schema::Column<'_>) -> Column {
    let state = column.state;
    Column {
        name: state.name.clone(),
        data_type: state.data_type.as_deref().cloned(),
        collation: state.collation.clone(),
        not_null: certain(state.not_null),
        default: match &state.default {
            Maybe::Yes(text) => Some(text.as_ref().to_owned()),
            Maybe::No | Maybe::Unknown => None,
        },
        generated: state.generated.clone(),
        identity: state.identity.is_some(),
        sequence: state.sequence.and_then(|id| snapshot.relation_of(id)).map(|sequence| plain(&sequence.state.name)),
    }
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(ToOwned::to_owned).collect()
}

fn constraint_of(snapshot: &Snapshot<'_>, constraint: &schema::Constraint<'_>) -> Constraint {
    let state = constraint.state;
    let named = |id| snapshot.relation_of(id).map(|relation| plain(&relation.state.name));
    Constraint {
        name: Some(state.name.clone()),
        kind: state.kind,
        columns: owned(snapshot.column_names(&state.columns)),
        expression: state.expression.as_deref().map(ToOwned::to_owned),
        validated: certain(state.validated),
        not_enforced: state.not_enforced,
        no_inherit: state.no_inherit,
        index: state.index.and_then(named),
        references: state.references.as_ref().and_then(|(id, _)| named(*id)),
    }
}

fn index_of(
    snapshot: &Snapshot<'_>,
    relation: &schema::Relation<'_>,
    index: &schema::IndexState,
    behind: &BTreeMap<schema::RelationId, &str>,
) -> Index {
    let key = |key: &schema::KeyState| Key {
        column: key.column.map(|id| snapshot.column_name(id).to_owned()),
        text: key
            .column
            .map_or_else(|| key.expression.clone(), |id| Some(snapshot.column_name(id).to_owned()))
            .unwrap_or_default(),
        options: key.options.clone(),
    };
    Index {
        name: plain(&relation.state.name),
        keys: index.keys.iter().map(key).collect(),
        include: owned(snapshot.column_names(&index.include)),
        unique: index.unique,
        // Empty stands for btree there.
        method: if index.method == "btree" { String::new() } else { index.method.clone() },
        predicate: index.predicate.clone(),
        constraint: behind.get(&relation.id).map(|name| (*name).to_owned()),
        primary: index.primary,
        valid: certain(index.valid),
        clustered: false,
    }
}

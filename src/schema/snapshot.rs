//! The catalogue as it is at one step.

use std::sync::Arc;

use super::catalogue::{Catalogue, Meaning};
use super::history::Step;
use super::object::{
    ColumnState, ConstraintState, IndexState, LabelState, RelationState, RoutineState, TypeSort, TypeState,
};
use super::{ColumnId, ConstraintId, Maybe, RelationId, TypeId};
use crate::ir::{ConstraintKind, QualifiedName, Tri};

/// What has been found under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Found<T> {
    /// This.
    Known(T),
    /// There is certainly nothing.
    Absent,
    /// It is not known.
    #[default]
    Unknown,
}

impl<T> Found<T> {
    /// What is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// The same for what is known, by reference.
    pub fn as_ref(&self) -> Found<&T> {
        match self {
            Self::Known(value) => Found::Known(value),
            Self::Absent => Found::Absent,
            Self::Unknown => Found::Unknown,
        }
    }

    /// Whether it is there.
    pub fn is_there(&self) -> Tri {
        match self {
            Self::Known(_) => Tri::Yes,
            Self::Absent => Tri::No,
            Self::Unknown => Tri::Unknown,
        }
    }

    /// Something else about what is known.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Self::Known(value) => Found::Known(change(value)),
            Self::Absent => Found::Absent,
            Self::Unknown => Found::Unknown,
        }
    }
}

/// The catalogue at one step. Cheap to make and to copy; nothing of the catalogue is copied.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    catalogue: &'a Catalogue,
    step: Step,
}

/// A relation at one step.
#[derive(Clone, Copy, Debug)]
pub struct Relation<'a> {
    snapshot: Snapshot<'a>,
    /// Which one.
    pub id: RelationId,
    /// What it is.
    pub state: &'a RelationState,
}

/// A column at one step.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Which one.
    pub id: ColumnId,
    /// What it is.
    pub state: &'a ColumnState,
}

/// A constraint at one step.
#[derive(Clone, Copy, Debug)]
pub struct Constraint<'a> {
    /// Which one.
    pub id: ConstraintId,
    /// What it is.
    pub state: &'a ConstraintState,
}

/// A type at one step.
#[derive(Clone, Copy, Debug)]
pub struct Type<'a> {
    snapshot: Snapshot<'a>,
    /// Which one.
    pub id: TypeId,
    /// What it is.
    pub state: &'a TypeState,
}

/// Schemas of the server's own, in which nothing is ever said to be missing.
const OWN_SCHEMAS: &[&str] = &["pg_catalog", "information_schema", "pg_toast", "pg_temp"];

impl<'a> Snapshot<'a> {
    /// The catalogue at `step`.
    pub fn new(catalogue: &'a Catalogue, step: Step) -> Self {
        Self { catalogue, step }
    }

    /// Whether the history makes everything there is: it begins with an empty database, and all of it up to here has
    /// been read.
    pub fn is_complete(&self) -> bool {
        self.catalogue.from_scratch && self.catalogue.opened.is_none_or(|opened| opened > self.step)
    }

    /// What a name of a relation means. What nobody has ever spoken of is absent only where the history is complete and
    /// makes its schema.
    pub fn relation(&self, name: &QualifiedName) -> Found<Relation<'a>> {
        match self.catalogue.meaning(name, self.step) {
            Meaning::Held(id) => match self.relation_of(id) {
                Some(relation) if relation.state.exists == Tri::Yes => Found::Known(relation),
                Some(relation) if relation.state.exists == Tri::Unknown => Found::Unknown,
                _ => Found::Absent,
            },
            Meaning::Free => Found::Absent,
            Meaning::Elsewhere => Found::Unknown,
            Meaning::Never => {
                if self.is_complete() && !self.catalogue.shared && self.makes_schema(name) {
                    Found::Absent
                } else {
                    Found::Unknown
                }
            }
        }
    }

    /// The relation of a name that may be there.
    pub fn possible(&self, name: &QualifiedName) -> Option<Relation<'a>> {
        match self.catalogue.meaning(name, self.step) {
            Meaning::Held(id) => self.relation_of(id).filter(|relation| relation.state.exists != Tri::No),
            _ => None,
        }
    }

    /// Whether `name` was ever the name of a relation up to here.
    pub fn was_seen(&self, name: &QualifiedName) -> bool {
        self.catalogue.meaning(name, self.step) != Meaning::Never
    }

    /// The relation that would stand in the way of one that is made under `name`.
    pub fn in_the_way(&self, name: &QualifiedName) -> Found<Relation<'a>> {
        let schema = Some(self.catalogue.creation_schema(name, self.step));
        self.relation(&QualifiedName { schema, name: name.name.clone() })
    }

    fn makes_schema(&self, name: &QualifiedName) -> bool {
        let Some(schema) = &name.schema else { return !name.name.starts_with("pg_") };
        let made = self.catalogue.schemas.get(schema).and_then(|history| history.at(self.step));
        !OWN_SCHEMAS.contains(&schema.as_str()) && (schema == "public" || made == Some(&Tri::Yes))
    }

    /// The relation of that number, if it was ever there up to here.
    pub fn relation_of(&self, id: RelationId) -> Option<Relation<'a>> {
        let state = self.catalogue.relations[id].state.at(self.step)?;
        Some(Relation { snapshot: *self, id, state })
    }

    /// The column of that number.
    pub fn column_of(&self, id: ColumnId) -> Option<Column<'a>> {
        let state = self.catalogue.columns[id].state.at(self.step)?;
        Some(Column { id, state })
    }

    /// The relation that a column belongs to.
    pub fn relation_with(&self, id: ColumnId) -> Option<Relation<'a>> {
        self.relation_of(self.catalogue.columns[id].relation)
    }

    /// The name of a column.
    pub fn column_name(&self, id: ColumnId) -> &'a str {
        self.column_of(id).map_or("", |column| column.state.name.as_str())
    }

    /// Every relation that is or may be there, by schema and name.
    pub fn relations(&self) -> Vec<Relation<'a>> {
        let all = self.catalogue.relations.keys().filter_map(|id| self.relation_of(id));
        let mut all: Vec<_> = all.filter(|relation| relation.state.exists != Tri::No).collect();
        all.sort_by(|a, b| a.state.name.cmp(&b.state.name).then(a.id.cmp(&b.id)));
        all
    }

    /// What a name of a type means. Types of the server and of extensions are not known here.
    pub fn type_named(&self, name: &QualifiedName) -> Found<Type<'a>> {
        match self.catalogue.type_meaning(name, self.step) {
            Meaning::Held(id) => match self.type_of(id) {
                Some(of) if of.state.exists == Tri::Yes => Found::Known(of),
                Some(of) if of.state.exists == Tri::Unknown => Found::Unknown,
                _ => Found::Absent,
            },
            Meaning::Free => Found::Absent,
            Meaning::Elsewhere | Meaning::Never => Found::Unknown,
        }
    }

    /// The type of that number.
    pub fn type_of(&self, id: TypeId) -> Option<Type<'a>> {
        let state = self.catalogue.types[id].state.at(self.step)?;
        Some(Type { snapshot: *self, id, state })
    }

    /// Every type that is or may be there, in the order in which they were made.
    pub fn types(&self) -> Vec<Type<'a>> {
        let all = self.catalogue.types.keys().filter_map(|id| self.type_of(id));
        all.filter(|of| of.state.exists != Tri::No).collect()
    }

    /// Every function that is or may be there, by name and arguments.
    pub fn routines(&self) -> Vec<&'a RoutineState> {
        let all = self.catalogue.routines.keys().filter_map(|id| self.catalogue.routines[id].at(self.step));
        let mut all: Vec<_> = all.filter(|state| state.exists != Tri::No).collect();
        all.sort_by(|a, b| (&a.name, &a.arguments).cmp(&(&b.name, &b.arguments)));
        all
    }

    /// The functions of that name.
    pub fn routines_named(&self, name: &str) -> Vec<&'a RoutineState> {
        let ids = self.catalogue.routine_names.get(name).into_iter().flatten();
        let all = ids.filter_map(|id| self.catalogue.routines[*id].at(self.step));
        all.filter(|state| state.exists != Tri::No && state.name.name == name).collect()
    }

    /// Every schema that was made, by name.
    pub fn schemas(&self) -> Vec<&'a str> {
        let there =
            self.catalogue.schemas.iter().filter(|(_, history)| history.at(self.step).is_some_and(|t| *t != Tri::No));
        there.map(|(name, _)| name.as_str()).collect()
    }

    /// The columns of `ids` by name.
    pub fn column_names(&self, ids: &[ColumnId]) -> Vec<&'a str> {
        ids.iter().map(|id| self.column_name(*id)).collect()
    }

    /// The step at which the name of a relation became what it is, and the one at which it was last held.
    pub fn freed_at(&self, name: &QualifiedName) -> Option<Step> {
        let schema = self.catalogue.creation_schema(name, self.step);
        let history = self.catalogue.relation_names.get(&(schema, name.name.clone()))?;
        history.since(self.step)
    }
}

impl<'a> Relation<'a> {
    /// Its columns that are or may be there, in order.
    pub fn columns(&self) -> Vec<Column<'a>> {
        let snapshot = self.snapshot;
        let slot = &snapshot.catalogue.relations[self.id];
        let all = slot.columns.iter().filter_map(|id| snapshot.column_of(*id));
        all.filter(|column| column.state.exists != Tri::No).collect()
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Found<Column<'a>> {
        let snapshot = self.snapshot;
        let key = (self.id, name.to_owned());
        let held = snapshot.catalogue.column_names.get(&key).and_then(|history| history.at(snapshot.step));
        match held {
            Some(Meaning::Held(id)) => match snapshot.column_of(*id) {
                Some(column) if column.state.exists == Tri::Yes => Found::Known(column),
                Some(column) if column.state.exists == Tri::Unknown => Found::Unknown,
                _ => Found::Absent,
            },
            Some(Meaning::Free) => Found::Absent,
            _ if self.state.complete => Found::Absent,
            _ => Found::Unknown,
        }
    }

    /// The column that may be there under that name.
    pub fn possible_column(&self, name: &str) -> Option<Column<'a>> {
        let snapshot = self.snapshot;
        let held = snapshot.catalogue.column_names.get(&(self.id, name.to_owned()))?.at(snapshot.step)?;
        let Meaning::Held(id) = held else { return None };
        let column = snapshot.column_of(*id).filter(|column| column.state.exists != Tri::No);
        // One that was renamed under a condition may have either name, and goes by the new one.
        column
            .filter(|column| column.state.name == name)
            .or_else(|| self.columns().into_iter().find(|column| column.state.name == name))
    }

    /// The constraint that may be there under that name.
    pub fn possible_constraint(&self, name: &str) -> Option<Constraint<'a>> {
        let snapshot = self.snapshot;
        let held = snapshot.catalogue.constraint_names.get(&(self.id, name.to_owned()))?.at(snapshot.step)?;
        let Meaning::Held(id) = held else { return None };
        let state = snapshot.catalogue.constraints[*id].at(snapshot.step)?;
        let own = (state.exists != Tri::No && state.name == name).then_some(Constraint { id: *id, state });
        own.or_else(|| self.constraints().into_iter().find(|constraint| constraint.state.name == name))
    }

    /// Whether all its columns and constraints are known.
    pub fn is_complete(&self) -> bool {
        self.state.complete
    }

    /// Its constraints that are or may be there.
    pub fn constraints(&self) -> Vec<Constraint<'a>> {
        let snapshot = self.snapshot;
        let slot = &snapshot.catalogue.relations[self.id];
        let all = slot.constraints.iter().filter_map(|id| {
            let state = snapshot.catalogue.constraints[*id].at(snapshot.step)?;
            Some(Constraint { id: *id, state })
        });
        all.filter(|constraint| constraint.state.exists != Tri::No).collect()
    }

    /// The constraint of that name.
    pub fn constraint(&self, name: &str) -> Found<Constraint<'a>> {
        let snapshot = self.snapshot;
        let key = (self.id, name.to_owned());
        let held = snapshot.catalogue.constraint_names.get(&key).and_then(|history| history.at(snapshot.step));
        match held {
            Some(Meaning::Held(id)) => match snapshot.catalogue.constraints[*id].at(snapshot.step) {
                Some(state) if state.exists == Tri::Yes => Found::Known(Constraint { id: *id, state }),
                Some(state) if state.exists == Tri::Unknown => Found::Unknown,
                _ => Found::Absent,
            },
            Some(Meaning::Free) => Found::Absent,
            _ if self.state.complete => Found::Absent,
            _ => Found::Unknown,
        }
    }

    /// The columns of its primary key, empty where it has none or it is not known.
    pub fn primary_key(&self) -> Vec<&'a str> {
        let keys =
            self.constraints().into_iter().find(|constraint| constraint.state.kind == ConstraintKind::PrimaryKey);
        keys.map(|key| self.snapshot.column_names(&key.state.columns)).unwrap_or_default()
    }

    /// Indexes on it that are or may be there.
    pub fn indexes(&self) -> Vec<(Relation<'a>, &'a IndexState)> {
        self.related(&self.snapshot.catalogue.relations[self.id].indexes)
            .filter_map(|index| Some((index, index.state.index.as_deref()?)))
            .collect()
    }

    fn related(&self, ids: &'a [RelationId]) -> impl Iterator<Item = Relation<'a>> + use<'a> {
        let snapshot = self.snapshot;
        ids.iter().filter_map(move |id| snapshot.relation_of(*id)).filter(|relation| relation.state.exists != Tri::No)
    }

    /// Its partitions, and the tables that inherit from it; of an index, those attached to it.
    pub fn children(&self) -> Vec<Relation<'a>> {
        let id = self.id;
        let all = self.related(&self.snapshot.catalogue.relations[self.id].children);
        all.filter(|child| child.state.parents.contains(&id)).collect()
    }

    /// Whether it has such.
    pub fn has_children(&self) -> bool {
        let id = self.id;
        // What came last is there most likely.
        let all = self.snapshot.catalogue.relations[self.id].children.iter().rev();
        let mut all = all.filter_map(|child| self.snapshot.relation_of(*child));
        all.any(|child| child.state.exists != Tri::No && child.state.parents.contains(&id))
    }

    /// Those of its children that are its default partition, or whose bound is not known.
    pub fn unbounded(&self) -> Vec<Relation<'a>> {
        let id = self.id;
        let all = self.related(&self.snapshot.catalogue.relations[self.id].unbounded);
        let bounded = |child: &Relation<'_>| child.state.bound.as_deref().is_some_and(|bound| bound != "DEFAULT");
        all.filter(|child| child.state.parents.contains(&id) && !bounded(child)).collect()
    }

    /// What it is a partition of, inherits from, or is attached to.
    pub fn parents(&self) -> Vec<Relation<'a>> {
        self.related(&self.state.parents).collect()
    }

    /// Foreign keys that refer to it.
    pub fn referenced_by(&self) -> Vec<Constraint<'a>> {
        let snapshot = self.snapshot;
        let ids = snapshot.catalogue.relations[self.id].referenced_by.iter();
        let all = ids.filter_map(|id| {
            let state = snapshot.catalogue.constraints[*id].at(snapshot.step)?;
            Some(Constraint { id: *id, state })
        });
        all.filter(|constraint| constraint.state.exists != Tri::No).collect()
    }

    /// Whether a foreign key refers to it, or may.
    pub fn is_referenced(&self) -> bool {
        let snapshot = self.snapshot;
        let there = |id: &ConstraintId| {
            snapshot.catalogue.constraints[*id].at(snapshot.step).is_some_and(|state| state.exists != Tri::No)
        };
        // What was added last is there most likely.
        snapshot.catalogue.relations[self.id].referenced_by.iter().rev().any(there)
    }

    /// Views that read it.
    pub fn read_by(&self) -> Vec<Relation<'a>> {
        let mut seen = std::collections::BTreeSet::new();
        let id = self.id;
        let all = self.related(&self.snapshot.catalogue.relations[id].readers);
        all.filter(|view| view.state.reads.contains(&id) && seen.insert(view.id)).collect()
    }

    /// Its name as most statements write it: what is in `public` without the schema.
    pub fn plain_name(&self) -> Arc<QualifiedName> {
        let names = &self.snapshot.catalogue.relations[self.id].plain;
        names.at(self.snapshot.step).map_or_else(|| Arc::new(self.state.name.clone()), Arc::clone)
    }

    /// The first step at which it was there.
    pub fn made_at(&self) -> Option<Step> {
        self.snapshot.catalogue.relations[self.id].state.first()
    }

    /// The snapshot that it is of.
    pub fn snapshot(&self) -> Snapshot<'a> {
        self.snapshot
    }
}

impl<'a> Type<'a> {
    /// The values of an enum, sorted.
    pub fn labels(&self) -> Vec<&'a LabelState> {
        let slot = &self.snapshot.catalogue.types[self.id];
        let mut all: Vec<_> = slot.labels.iter().filter_map(|history| history.at(self.snapshot.step)).collect();
        all.retain(|label| label.exists != Tri::No);
        all.sort_by(|a, b| a.rank.0.total_cmp(&b.rank.0));
        all
    }

    /// Whether it certainly has that value.
    pub fn has_label(&self, label: &str) -> bool {
        let all = self.snapshot.catalogue.types[self.id].labels_named(label);
        let mut all = all.filter_map(|(_, history)| history.at(self.snapshot.step));
        all.any(|state| state.label == label && state.exists == Tri::Yes)
    }

    /// The relation whose columns are the attributes of a composite type.
    pub fn attributes(&self) -> Option<Relation<'a>> {
        match &self.state.sort {
            TypeSort::Composite(of) => self.snapshot.relation_of(*of),
            _ => None,
        }
    }

    /// Columns of this type, each with its relation.
    pub fn columns(&self) -> Vec<(Relation<'a>, Column<'a>)> {
        let mut seen = std::collections::BTreeSet::new();
        let slot = &self.snapshot.catalogue.types[self.id];
        let all = slot.columns.iter().filter(|id| seen.insert(**id)).filter_map(|id| {
            let relation = self.snapshot.relation_of(self.snapshot.catalogue.columns[*id].relation)?;
            Some((relation, self.snapshot.column_of(*id)?))
        });
        all.filter(|(relation, column)| {
            relation.state.exists != Tri::No
                && column.state.exists != Tri::No
                && column.state.user_type == Some(self.id)
        })
        .collect()
    }
}

impl Column<'_> {
    /// Text of its default, where it certainly has one.
    pub fn default(&self) -> Option<&str> {
        match &self.state.default {
            Maybe::Yes(text) => Some(text),
            Maybe::No | Maybe::Unknown => None,
        }
    }
}

//! The store: every object that the migrations of one project make, with all it was from step to step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::history::{Arena, History, Step};
use super::object::{ColumnState, ConstraintState, Either, LabelState, RelationState, RoutineState, TypeState};
use super::{ColumnId, ConstraintId, RelationId, RoutineId, TypeId};
use crate::ir::{QualifiedName, Tri};

/// A relation keeps no more parts of one sort than this, counting those that were dropped; further ones are not
/// recorded, and it counts as not completely known. (The server itself allows 1600 columns.) So one relation that is
/// altered over and over costs no more than many relations. `facts::sight` goes through all parts of a relation for each
/// operation on it, so that a file of many statements on one wide table costs their product: this bounds the one side.
pub(super) const MOST_PARTS: usize = 500;

/// Savepoints of a transaction beyond these are not followed.
const MOST_SAVEPOINTS: usize = 1000;

/// Each name without a schema is looked for in all schemas of the search path; in those beyond these it is not.
const MOST_OF_PATH: usize = 64;

/// The schema in which temporary relations are kept.
pub(super) const TEMPORARY: &str = "pg_temp";

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning<K> {
    /// Nothing was ever said of it.
    Never,
    /// Nothing: what had the name is gone.
    Free,
    /// This.
    Held(K),
    /// It is not known where to look: the name was seen in another schema than those of the search path.
    Elsewhere,
}

/// A relation and its parts, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct RelationSlot {
    pub(super) state: History<RelationState>,
    /// Its name as most statements write it: what is in `public` without the schema. Shared by all who tell it.
    pub(super) plain: History<Arc<QualifiedName>>,
    pub(super) columns: Vec<ColumnId>,
    pub(super) constraints: Vec<ConstraintId>,
    /// Indexes on it.
    pub(super) indexes: Vec<RelationId>,
    /// Partitions, and tables that inherit from it; of an index, those attached to it.
    pub(super) children: Vec<RelationId>,
    /// Those of them that came as the default partition, or without a bound.
    pub(super) unbounded: Vec<RelationId>,
    /// Foreign keys that refer to it.
    pub(super) referenced_by: Vec<ConstraintId>,
    /// Views that read it.
    pub(super) readers: Vec<RelationId>,
    /// Sequences that go with one of its columns.
    pub(super) sequences: Vec<RelationId>,
    /// A part was not recorded.
    pub(super) full: bool,
}

impl RelationSlot {
    /// A relation that is there from `since` on.
    pub(super) fn new(since: Step, state: RelationState) -> Self {
        let mut slot = Self { state: History::new(since, state), ..Self::default() };
        slot.name(since);
        slot
    }

    /// Keeps the name that the last state has.
    fn name(&mut self, since: Step) {
        let Some(QualifiedName { schema, name }) = self.state.last().map(|state| &state.name) else { return };
        let schema = schema.as_ref().filter(|schema| *schema != "public");
        let same = |known: &Arc<QualifiedName>| known.name == *name && known.schema.as_ref() == schema;
        if !self.plain.last().is_some_and(same) {
            let plain = QualifiedName { schema: schema.cloned(), name: name.clone() };
            self.plain.set(since, Arc::new(plain));
        }
    }
}

/// A type and, of an enum, its values.
#[derive(Clone, Debug, Default)]
pub(super) struct TypeSlot {
    pub(super) state: History<TypeState>,
    pub(super) labels: Vec<History<LabelState>>,
    /// The places of those that ever were this value.
    named: BTreeMap<String, Vec<usize>>,
    /// What the last of them is sorted by.
    pub(super) top: f64,
    /// Columns that had this type at some step.
    pub(super) columns: Vec<ColumnId>,
}

impl TypeSlot {
    /// A type that is there from `since` on.
    pub(super) fn new(since: Step, state: TypeState) -> Self {
        Self { state: History::new(since, state), ..Self::default() }
    }

    /// Adds a value; its place.
    pub(super) fn push_label(&mut self, since: Step, state: LabelState) -> usize {
        let at = self.labels.len();
        self.call_label(&state.label, at);
        self.top = self.top.max(state.rank.0);
        self.labels.push(History::new(since, state));
        at
    }

    /// The value at a place has that name, from some step on.
    pub(super) fn call_label(&mut self, label: &str, at: usize) {
        let places = self.named.entry(label.to_owned()).or_default();
        if places.last() != Some(&at) {
            places.push(at);
        }
    }

    /// The values that ever had that name.
    pub(super) fn labels_named(&self, label: &str) -> impl Iterator<Item = (usize, &History<LabelState>)> {
        let places = self.named.get(label).into_iter().flatten();
        places.filter_map(|at| Some((*at, self.labels.get(*at)?)))
    }
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct ColumnSlot {
    pub(super) relation: RelationId,
    pub(super) state: History<ColumnState>,
}

/// A key of one of the maps of names: the schema and the name.
pub(super) type Place = (String, String);

/// What was changed since a transaction began, so that ROLLBACK can take it back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Touched {
    Relation(RelationId),
    Column(ColumnId),
    Constraint(ConstraintId),
    Type(TypeId),
    Label(TypeId, usize),
    Routine(RoutineId),
    RelationName(Place),
    TypeName(Place),
    ColumnName(RelationId, String),
    ConstraintName(RelationId, String),
    Schema(String),
    Path,
}

/// All that the migrations of a project make, as it is before each of their operations.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub(super) relations: Arena<RelationId, RelationSlot>,
    pub(super) columns: Arena<ColumnId, ColumnSlot>,
    pub(super) constraints: Arena<ConstraintId, History<ConstraintState>>,
    pub(super) types: Arena<TypeId, TypeSlot>,
    pub(super) routines: Arena<RoutineId, History<RoutineState>>,
    pub(super) schemas: BTreeMap<String, History<Tri>>,
    pub(super) relation_names: BTreeMap<Place, History<Meaning<RelationId>>>,
    /// The schemas in which a name was ever given to a relation.
    pub(super) schemas_of: BTreeMap<String, BTreeSet<String>>,
    pub(super) type_names: BTreeMap<Place, History<Meaning<TypeId>>>,
    pub(super) routine_names: BTreeMap<String, Vec<RoutineId>>,
    pub(super) column_names: BTreeMap<(RelationId, String), History<Meaning<ColumnId>>>,
    pub(super) constraint_names: BTreeMap<(RelationId, String), History<Meaning<ConstraintId>>>,
    /// Constraints by their own name, whatever their table.
    pub(super) constraints_named: BTreeMap<String, Vec<ConstraintId>>,
    /// Functions by the type of an argument, without its schema.
    pub(super) takers: BTreeMap<String, Vec<RoutineId>>,
    /// Temporary relations of the file being folded.
    pub(super) temporary: Vec<RelationId>,
    /// The last statement of which a part was not known that can alter tables.
    pub(super) unread: Option<crate::span::Span>,
    /// The first so many relations are known to have parts that are not known.
    pub(super) doubted: usize,
    /// `search_path`.
    pub(super) path: History<Vec<String>>,
    /// What `search_path` was before SET LOCAL.
    pub(super) around_local: Option<Vec<String>>,
    /// The first step from which on something may have happened that was not read.
    pub(super) opened: Option<Step>,
    /// An operation that changes the schema was seen.
    pub(super) begun: bool,
    /// Others make tables in the database too: what nobody has spoken of may be there.
    pub(super) shared: bool,
    /// The first operation makes something, so that the history may begin with an empty database.
    pub(super) from_scratch: bool,
    /// What the open transaction has changed, and what it has since each of its savepoints.
    pub(super) journals: Vec<Journal>,
}

/// What was changed since a transaction began, or since a savepoint in it.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    /// The savepoint.
    name: Option<String>,
    /// The step at which it began.
    began: Step,
    touched: BTreeSet<Touched>,
}

impl Catalogue {
    /// Changes go to the journal from here on.
    pub(super) fn begin(&mut self, step: Step) {
        self.journals = vec![Journal { name: None, began: step, touched: BTreeSet::new() }];
    }

    pub(super) fn commit(&mut self) {
        self.journals.clear();
    }

    /// Everything that was changed since [`Self::begin`] is from `since` on what it was then.
    pub(super) fn rollback(&mut self, since: Step) {
        while let Some(journal) = self.journals.pop() {
            self.take_back(journal.touched, journal.began, since);
        }
    }

    /// SAVEPOINT.
    pub(super) fn savepoint(&mut self, name: &str, step: Step) {
        // Each costs a search when it is released; a transaction with more of them is not followed so far.
        if self.journals.len() < MOST_SAVEPOINTS {
            self.journals.push(Journal { name: Some(name.to_owned()), began: step, touched: BTreeSet::new() });
        }
    }

    /// ROLLBACK TO: what was changed since the savepoint is from `since` on what it was then. The savepoint stays.
    pub(super) fn rollback_to(&mut self, name: &str, since: Step) {
        let Some(at) = self.journals.iter().rposition(|journal| journal.name.as_deref() == Some(name)) else { return };
        // The innermost first: what an outer one says of the same object is older.
        for journal in self.journals.split_off(at + 1).into_iter().rev() {
            self.take_back(journal.touched, journal.began, since);
        }
        if let Some(journal) = self.journals.get_mut(at) {
            let (touched, began) = (std::mem::take(&mut journal.touched), journal.began);
            self.take_back(touched, began, since);
        }
    }

    /// RELEASE: what was changed since the savepoint belongs to what is around it.
    pub(super) fn release(&mut self, name: &str) {
        let Some(at) = self.journals.iter().rposition(|journal| journal.name.as_deref() == Some(name)) else { return };
        for journal in self.journals.split_off(at) {
            let Some(around) = self.journals.last_mut() else { continue };
            let (mut more, mut fewer) = (std::mem::take(&mut around.touched), journal.touched);
            if more.len() < fewer.len() {
                std::mem::swap(&mut more, &mut fewer);
            }
            more.extend(fewer);
            around.touched = more;
        }
    }

    fn take_back(&mut self, touched: BTreeSet<Touched>, began: Step, since: Step) {
        for touched in touched {
            self.restore(touched, began, since);
        }
    }

    fn restore(&mut self, touched: Touched, began: Step, since: Step) {
        fn back<T: Clone>(history: &mut History<T>, began: Step, since: Step, gone: impl FnOnce(&mut T)) {
            let before = history.at(began).cloned();
            let restored = before.or_else(|| {
                let mut last = history.last().cloned()?;
                gone(&mut last);
                Some(last)
            });
            if let Some(value) = restored {
                history.set(since, value);
            }
        }
        match touched {
            Touched::Relation(id) => {
                back(&mut self.relations[id].state, began, since, |s| s.exists = Tri::No);
                self.relations[id].name(since);
            }
            Touched::Column(id) => back(&mut self.columns[id].state, began, since, |s| s.exists = Tri::No),
            Touched::Constraint(id) => back(&mut self.constraints[id], began, since, |s| s.exists = Tri::No),
            Touched::Type(id) => back(&mut self.types[id].state, began, since, |s| s.exists = Tri::No),
            Touched::Label(id, at) => {
                if let Some(label) = self.types[id].labels.get_mut(at) {
                    back(label, began, since, |s| s.exists = Tri::No);
                }
            }
            Touched::Routine(id) => back(&mut self.routines[id], began, since, |s| s.exists = Tri::No),
            Touched::RelationName(place) => {
                back(self.relation_names.entry(place).or_default(), began, since, |m| *m = Meaning::Never);
            }
            Touched::TypeName(place) => {
                back(self.type_names.entry(place).or_default(), began, since, |m| *m = Meaning::Never);
            }
            Touched::ColumnName(id, name) => {
                back(self.column_names.entry((id, name)).or_default(), began, since, |m| *m = Meaning::Never);
            }
            Touched::ConstraintName(id, name) => {
                back(self.constraint_names.entry((id, name)).or_default(), began, since, |m| *m = Meaning::Never);
            }
            Touched::Schema(name) => back(self.schemas.entry(name).or_default(), began, since, |s| *s = Tri::No),
            Touched::Path => back(&mut self.path, began, since, |path| *path = default_path()),
        }
    }

    pub(super) fn touch(&mut self, touched: Touched) {
        if let Some(journal) = self.journals.last_mut() {
            journal.touched.insert(touched);
        }
    }

    /// Another file may be run on another connection, on which no temporary relation of an earlier one is there.
    pub(super) fn doubt_temporary(&mut self, since: Step) {
        for id in std::mem::take(&mut self.temporary) {
            if self.relations[id].state.last().is_some_and(|state| state.exists == Tri::Yes) {
                self.set_relation(id, since, true, |state| state.exists = Tri::Unknown);
            }
        }
    }

    /// The search path at `step`.
    pub(super) fn path_at(&self, step: Step) -> &[String] {
        self.path.at(step).unwrap_or(&DEFAULT_PATH)
    }

    /// Whether a relation was ever called `name`, in any schema.
    pub(super) fn has_relation_named(&self, name: &str) -> bool {
        self.schemas_of.contains_key(name)
    }

    /// What the name of a relation means at `step`.
    pub(super) fn meaning(&self, name: &QualifiedName, step: Step) -> Meaning<RelationId> {
        let mut place = (String::new(), name.name.clone());
        let mut at = |schema: &str| {
            schema.clone_into(&mut place.0);
            self.relation_names.get(&place).and_then(|h| h.at(step)).copied().unwrap_or(Meaning::Never)
        };
        if let Some(schema) = &name.schema {
            let own = at(schema);
            // A schema that is filled in when the migration runs can be the one of names that are written without.
            if schema.contains('{') && !matches!(own, Meaning::Held(_)) {
                let mut path = self.path_at(step).iter().map(|schema| at(schema));
                return path.find(|meaning| matches!(meaning, Meaning::Held(_))).unwrap_or(own);
            }
            return own;
        }
        let mut found = Meaning::Never;
        for schema in std::iter::once(TEMPORARY).chain(self.path_at(step).iter().map(String::as_str)) {
            match at(schema) {
                Meaning::Held(id) => return Meaning::Held(id),
                // What was in the temporary schema says nothing of the others.
                Meaning::Free if schema != TEMPORARY => found = Meaning::Free,
                _ => {}
            }
        }
        if found == Meaning::Free {
            return found;
        }
        // The connection of the runner may have a search path that no file says.
        let elsewhere = self.schemas_of.get(&name.name).into_iter().flatten().filter(|schema| *schema != TEMPORARY);
        let mut elsewhere = elsewhere.filter_map(|schema| match at(schema) {
            Meaning::Held(id) => Some(id),
            _ => None,
        });
        match (elsewhere.next(), elsewhere.next()) {
            (Some(one), None) => Meaning::Held(one),
            (Some(_), Some(_)) => Meaning::Elsewhere,
            _ => found,
        }
    }

    /// What the name of a type means at `step`.
    pub(super) fn type_meaning(&self, name: &QualifiedName, step: Step) -> Meaning<TypeId> {
        let mut place = (String::new(), name.name.clone());
        let mut at = |schema: &str| {
            schema.clone_into(&mut place.0);
            self.type_names.get(&place).and_then(|h| h.at(step)).copied().unwrap_or(Meaning::Never)
        };
        if let Some(schema) = &name.schema {
            return at(schema);
        }
        let mut found = Meaning::Never;
        for schema in self.path_at(step) {
            match at(schema) {
                Meaning::Held(id) => return Meaning::Held(id),
                Meaning::Free => found = Meaning::Free,
                _ => {}
            }
        }
        found
    }

    /// The schema in which an object of that name is made.
    pub(super) fn creation_schema(&self, name: &QualifiedName, step: Step) -> String {
        if let Some(schema) = &name.schema {
            return schema.clone();
        }
        let path = self.path_at(step);
        let there = |schema: &&String| {
            *schema == "public" || self.schemas.get(*schema).and_then(|h| h.at(step)).is_some_and(|t| *t != Tri::No)
        };
        path.iter().find(there).or_else(|| path.first()).cloned().unwrap_or_else(|| "public".to_owned())
    }

    /// Whether a name of a relation is taken in `schema`, by anything that is or may be there.
    pub(super) fn relation_taken(&self, schema: &str, name: &str, step: Step) -> bool {
        let held = self.relation_names.get(&(schema.to_owned(), name.to_owned())).and_then(|h| h.at(step));
        match held {
            Some(Meaning::Held(id)) => self.relations[*id].state.at(step).is_some_and(|s| s.exists != Tri::No),
            _ => false,
        }
    }

    /// Whether a constraint of that name is in `schema`.
    pub(super) fn constraint_taken(&self, schema: &str, name: &str, step: Step) -> bool {
        self.constraints_named.get(name).into_iter().flatten().any(|id| {
            self.constraints[*id].at(step).is_some_and(|constraint| {
                constraint.exists != Tri::No
                    && constraint.name == name
                    && self.relations[constraint.table]
                        .state
                        .at(step)
                        .is_some_and(|table| table.exists != Tri::No && table.name.schema.as_deref() == Some(schema))
            })
        })
    }

    /// Changes a relation from `since` on; where `sure` is unknown, it may also stay as it was.
    pub(super) fn set_relation(
        &mut self,
        id: RelationId,
        since: Step,
        sure: bool,
        change: impl FnOnce(&mut RelationState),
    ) {
        self.touch(Touched::Relation(id));
        alter(&mut self.relations[id].state, since, sure, change);
        self.relations[id].name(since);
    }

    pub(super) fn set_column(&mut self, id: ColumnId, since: Step, sure: bool, change: impl FnOnce(&mut ColumnState)) {
        self.touch(Touched::Column(id));
        alter(&mut self.columns[id].state, since, sure, change);
    }

    pub(super) fn set_constraint(
        &mut self,
        id: ConstraintId,
        since: Step,
        sure: bool,
        change: impl FnOnce(&mut ConstraintState),
    ) {
        self.touch(Touched::Constraint(id));
        alter(&mut self.constraints[id], since, sure, change);
    }

    pub(super) fn set_type(&mut self, id: TypeId, since: Step, sure: bool, change: impl FnOnce(&mut TypeState)) {
        self.touch(Touched::Type(id));
        alter(&mut self.types[id].state, since, sure, change);
    }

    pub(super) fn set_routine(
        &mut self,
        id: RoutineId,
        since: Step,
        sure: bool,
        change: impl FnOnce(&mut RoutineState),
    ) {
        self.touch(Touched::Routine(id));
        alter(&mut self.routines[id], since, sure, change);
    }

    /// From `since` on the name of a relation means `meaning`.
    pub(super) fn name_relation(&mut self, name: &QualifiedName, since: Step, meaning: Meaning<RelationId>) {
        let place = (name.schema.clone().unwrap_or_default(), name.name.clone());
        self.schemas_of.entry(place.1.clone()).or_default().insert(place.0.clone());
        self.touch(Touched::RelationName(place.clone()));
        self.relation_names.entry(place).or_default().set(since, meaning);
    }

    pub(super) fn name_type(&mut self, name: &QualifiedName, since: Step, meaning: Meaning<TypeId>) {
        let place = (name.schema.clone().unwrap_or_default(), name.name.clone());
        self.touch(Touched::TypeName(place.clone()));
        self.type_names.entry(place).or_default().set(since, meaning);
    }

    pub(super) fn name_column(&mut self, of: RelationId, name: &str, since: Step, meaning: Meaning<ColumnId>) {
        self.touch(Touched::ColumnName(of, name.to_owned()));
        self.column_names.entry((of, name.to_owned())).or_default().set(since, meaning);
    }

    pub(super) fn name_constraint(&mut self, of: RelationId, name: &str, since: Step, meaning: Meaning<ConstraintId>) {
        if let Meaning::Held(id) = meaning {
            let same = self.constraints_named.entry(name.to_owned()).or_default();
            // A name that thousands of tables share is no derived one that has to be avoided.
            if same.len() < 64 && !same.contains(&id) {
                same.push(id);
            }
        }
        self.touch(Touched::ConstraintName(of, name.to_owned()));
        self.constraint_names.entry((of, name.to_owned())).or_default().set(since, meaning);
    }

    pub(super) fn set_schema(&mut self, name: &str, since: Step, sure: bool, exists: Tri) {
        self.touch(Touched::Schema(name.to_owned()));
        let history = self.schemas.entry(name.to_owned()).or_default();
        let before = history.last().copied().unwrap_or(Tri::No);
        history.set(since, if sure { exists } else { before.either(&exists) });
    }

    pub(super) fn set_path(&mut self, since: Step, mut path: Vec<String>) {
        path.truncate(MOST_OF_PATH);
        self.touch(Touched::Path);
        self.path.set(since, path);
    }
}

static DEFAULT_PATH: LazyLock<Vec<String>> = LazyLock::new(|| vec!["public".to_owned()]);

/// The search path of a session that sets none.
pub(super) fn default_path() -> Vec<String> {
    DEFAULT_PATH.clone()
}

fn alter<T: Clone + Either>(history: &mut History<T>, since: Step, sure: bool, change: impl FnOnce(&mut T)) {
    let Some(before) = history.last() else { return };
    let mut after = before.clone();
    change(&mut after);
    let after = if sure { after } else { before.either(&after) };
    history.set(since, after);
}

/// Shared text.
pub(super) fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}

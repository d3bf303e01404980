//! Types, functions, and the search path.

use std::sync::Arc;

use super::{Apply, named, object, plain};
use crate::ir::{ConstraintKind, Details, Known, ObjectDetails, OpKind, Operation, QualifiedName, Tri, TypeDetails};
use crate::schema::catalogue::{Meaning, Touched, TypeSlot};
use crate::schema::history::History;
use crate::schema::object::{
    DomainState, LabelState, Rank, Reach, RelationKind, RelationState, RoutineState, TypeSort, TypeState,
};
use crate::schema::{TypeId, typename};

/// An enum keeps no more values than this, so that one that gets value after value costs no more than many enums.
const MOST_LABELS: usize = 4096;

/// Functions of one name beyond these are not told apart.
const MOST_OVERLOADS: usize = 64;

impl Apply<'_> {
    pub(super) fn create_type(&mut self, op: &Operation) {
        let Some(name) = named(op).cloned() else {
            self.open();
            return;
        };
        let schema = Some(self.catalogue.creation_schema(&name, self.now));
        let full = QualifiedName { schema, name: name.name };
        if let Meaning::Held(there) = self.catalogue.type_meaning(&full, self.now) {
            let exists = self.catalogue.types[there].state.last().map(|state| state.exists);
            let shell = self.catalogue.types[there].state.last().is_some_and(|s| s.sort == TypeSort::Other("shell"));
            if exists == Some(Tri::Yes) && !shell {
                return;
            }
            if exists == Some(Tri::Unknown) && op.if_not_exists {
                self.catalogue.set_type(there, self.now, self.sure, |state| state.exists = Tri::Yes);
                return;
            }
        }
        let none = TypeDetails::default();
        let details = match &op.details {
            Details::Type(details) => details.as_ref(),
            _ => &none,
        };
        let sort = match op.detail {
            _ if op.kind == OpKind::DomainCreate => TypeSort::Domain(Arc::new(domain(&full, details))),
            "enum" => TypeSort::Enum,
            "composite" => self.composite(&full, details),
            other => TypeSort::Other(other),
        };
        let exists = if self.sure { Tri::Yes } else { Tri::Unknown };
        let state = TypeState { exists, name: full.clone(), sort };
        let mut slot = TypeSlot::new(self.now, state);
        for (at, label) in (1_u32..).zip(details.labels.iter().take(MOST_LABELS)) {
            let state = LabelState { exists: Tri::Yes, label: label.clone(), rank: Rank(f64::from(at)) };
            slot.push_label(self.now, state);
        }
        let id = self.catalogue.types.push(slot);
        self.catalogue.touch(Touched::Type(id));
        self.catalogue.name_type(&full, self.now, Meaning::Held(id));
    }

    fn composite(&mut self, full: &QualifiedName, details: &TypeDetails) -> TypeSort {
        let id = self.add_relation(RelationState {
            complete: true,
            unlogged: Tri::No,
            ..super::unseen(full.clone(), RelationKind::Composite)
        });
        for attribute in &details.attributes {
            self.declare_column(id, attribute);
        }
        TypeSort::Composite(id)
    }

    /// The type that an operation names, where it is or may be there.
    fn type_of(&self, op: &Operation) -> Option<TypeId> {
        match self.catalogue.type_meaning(named(op)?, self.now) {
            Meaning::Held(id) => Some(id),
            _ => None,
        }
    }

    pub(super) fn alter_type(&mut self, op: &Operation) {
        let (Some(id), Some(details)) = (self.type_of(op), object(op)) else { return };
        match (op.kind, op.detail) {
            (OpKind::EnumAddValue, _) => self.add_label(id, op, details),
            (OpKind::EnumRenameValue, _) => {
                let (Some(old), Some(new)) = (&details.part, &details.new_part) else { return };
                self.set_label(id, old, |state| state.label.clone_from(new));
            }
            (OpKind::TypeRename, _) | (_, "schema") => self.rename_type_of(id, details),
            (_, "add-attribute" | "drop-attribute" | "alter-attribute" | "rename-attribute") => {
                self.alter_attribute(id, op, details);
            }
            _ => {}
        }
    }

    fn set_label(&mut self, id: TypeId, label: &str, change: impl FnOnce(&mut LabelState)) {
        let is_last = |history: &History<LabelState>| history.last().is_some_and(|state| state.label == label);
        let found = self.catalogue.types[id].labels_named(label).find(|(_, history)| is_last(history));
        let Some(at) = found.map(|(at, _)| at) else { return };
        self.catalogue.touch(Touched::Label(id, at));
        if let Some(history) = self.catalogue.types[id].labels.get_mut(at)
            && let Some(mut state) = history.last().cloned()
        {
            change(&mut state);
            let label = state.label.clone();
            history.set(self.now, state);
            self.catalogue.types[id].call_label(&label, at);
        }
    }

    fn add_label(&mut self, id: TypeId, op: &Operation, details: &ObjectDetails) {
        let Some(label) = details.part.clone() else { return };
        let exists = if self.sure { Tri::Yes } else { Tri::Unknown };
        let slot = &self.catalogue.types[id];
        let live = |history: &History<LabelState>| history.last().filter(|state| state.exists != Tri::No).cloned();
        let find = |label: &str| {
            slot.labels_named(label).filter_map(|(_, history)| live(history)).find(|state| state.label == label)
        };
        if find(&label).is_some() {
            if op.if_not_exists || self.sure {
                self.set_label(id, &label, |state| state.exists = Tri::Yes);
            }
            return;
        }
        if slot.labels.len() >= MOST_LABELS {
            return;
        }
        let ranks = || slot.labels.iter().filter_map(History::last).filter(|s| s.exists != Tri::No).map(|s| s.rank.0);
        let last = slot.top;
        let beside = details.beside.as_ref().and_then(|(before, beside)| {
            let at = find(beside)?.rank.0;
            Some(if *before {
                let below = ranks().filter(|rank| *rank < at).fold(f64::NEG_INFINITY, f64::max);
                if below.is_finite() { f64::midpoint(below, at) } else { at - 1.0 }
            } else {
                let above = ranks().filter(|rank| *rank > at).fold(f64::INFINITY, f64::min);
                if above.is_finite() { f64::midpoint(above, at) } else { at + 1.0 }
            })
        });
        let state = LabelState { exists, label, rank: Rank(beside.unwrap_or(last + 1.0)) };
        let at = self.catalogue.types[id].push_label(self.now, state);
        self.catalogue.touch(Touched::Label(id, at));
    }

    fn rename_type_of(&mut self, id: TypeId, details: &ObjectDetails) {
        let Some(new) = details.new_name.as_ref().and_then(Known::known) else { return };
        let schema = self.catalogue.types[id].state.last().and_then(|state| state.name.schema.clone());
        let full = QualifiedName { schema: new.schema.clone().or(schema), name: new.name.clone() };
        self.rename_type(id, &full);
    }

    /// Gives a type another name; columns of it are of that name then.
    pub(super) fn rename_type(&mut self, id: TypeId, to: &QualifiedName) {
        let Some(old) = self.catalogue.types[id].state.last().map(|state| state.name.clone()) else { return };
        self.catalogue.set_type(id, self.now, self.sure, |state| state.name.clone_from(to));
        if self.sure {
            self.catalogue.name_type(&old, self.now, Meaning::Free);
        }
        self.catalogue.name_type(to, self.now, Meaning::Held(id));
    }

    fn alter_attribute(&mut self, id: TypeId, op: &Operation, details: &ObjectDetails) {
        let sort = self.catalogue.types[id].state.last().map(|state| state.sort.clone());
        let (Some(TypeSort::Composite(of)), Some(part)) = (sort, &details.part) else { return };
        let resolved = details.data_type.as_ref().map(|data_type| self.resolve_type(data_type));
        if op.detail == "add-attribute" {
            let mut state = plain(part);
            (state.data_type, state.user_type) = resolved.map_or((None, None), |(of, user)| (Some(of), user));
            self.push_column(of, state);
            return;
        }
        let Some(column) = self.column(of, part) else { return };
        match op.detail {
            "drop-attribute" => self.drop_column(of, column, false),
            "rename-attribute" => {
                if let Some(new) = details.new_part.clone() {
                    self.catalogue.set_column(column, self.now, self.sure, |state| state.name.clone_from(&new));
                    self.catalogue.name_column(of, part, self.now, Meaning::Free);
                    self.catalogue.name_column(of, &new, self.now, Meaning::Held(column));
                }
            }
            _ => self.catalogue.set_column(column, self.now, self.sure, |state| {
                (state.data_type, state.user_type) = resolved.map_or((None, None), |(of, user)| (Some(of), user));
            }),
        }
    }

    pub(super) fn alter_domain(&mut self, op: &Operation) {
        let Some(id) = self.type_of(op) else { return };
        let none = ObjectDetails::default();
        let details = object(op).unwrap_or(&none);
        if op.kind == OpKind::DomainRename || op.detail == "schema" {
            self.rename_type_of(id, details);
            return;
        }
        let state = self.catalogue.types[id].state.last().cloned();
        let Some(TypeState { sort: TypeSort::Domain(domain), name, .. }) = state else { return };
        let mut domain = domain.as_ref().clone();
        match op.detail {
            "set-not-null" => domain.not_null = true,
            "drop-not-null" => domain.not_null = false,
            "drop-default" => domain.default = None,
            "set-default" => domain.default = Some(details.default.clone().unwrap_or_default()),
            "add-constraint" => {
                if let Some(constraint) = &details.constraint {
                    if constraint.kind == ConstraintKind::NotNull {
                        domain.not_null = true;
                    }
                    if let Some(text) = &constraint.expression {
                        let check = constraint.name.clone().unwrap_or_else(|| check_name(&name.name, &domain));
                        domain.checks.push((check, text.clone()));
                    }
                }
            }
            "drop-constraint" => domain.checks.retain(|(name, _)| Some(name) != details.part.as_ref()),
            "rename-constraint" => {
                for (name, _) in &mut domain.checks {
                    if Some(&*name) == details.part.as_ref()
                        && let Some(new) = &details.new_part
                    {
                        name.clone_from(new);
                    }
                }
            }
            _ => {}
        }
        self.catalogue.set_type(id, self.now, self.sure, |state| state.sort = TypeSort::Domain(Arc::new(domain)));
    }

    pub(super) fn drop_type(&mut self, op: &Operation) {
        if let Some(id) = self.type_of(op) {
            self.drop_type_id(id, op.cascade);
        } else if let Some(name) = named(op).filter(|_| self.sure) {
            let schema = Some(self.catalogue.creation_schema(name, self.now));
            let full = QualifiedName { schema, name: name.name.clone() };
            self.catalogue.name_type(&full, self.now, Meaning::Free);
        }
    }

    pub(super) fn drop_type_id(&mut self, id: TypeId, cascade: bool) {
        let Some(state) = self.catalogue.types[id].state.last().cloned() else { return };
        self.catalogue.set_type(id, self.now, self.sure, |state| state.exists = Tri::No);
        if self.sure {
            self.catalogue.name_type(&state.name, self.now, Meaning::Free);
        }
        if let TypeSort::Composite(of) = state.sort {
            self.drop_relation(of, cascade);
        }
        if cascade {
            for column in self.catalogue.types[id].columns.clone() {
                let table = self.catalogue.columns[column].relation;
                let of = self.column_state(column).is_some_and(|c| c.user_type == Some(id) && c.exists != Tri::No);
                if of && self.is_live(table) {
                    self.drop_column(table, column, true);
                }
            }
        }
    }

    pub(super) fn create_routine(&mut self, op: &Operation) {
        let Some(name) = named(op) else { return };
        let schema = self.catalogue.creation_schema(name, self.now);
        let none = ObjectDetails::default();
        let details = object(op).unwrap_or(&none);
        let written = details.arguments.clone().unwrap_or_default();
        let state = RoutineState {
            exists: if self.sure { Tri::Yes } else { Tri::Unknown },
            name: QualifiedName { schema: Some(schema), name: name.name.clone() },
            arguments: typename::arguments(&written),
            written,
            procedure: op.detail == "procedure" || is_procedure(&op.statement.text),
            volatility: details.volatility.unwrap_or("volatile"),
            returns: details.returns.clone(),
            reach: Reach::of(&op.statement.text),
            text: Arc::from(op.statement.text.as_str()),
        };
        let same = self.catalogue.routine_names.entry(name.name.clone()).or_default().clone();
        if same.len() >= MOST_OVERLOADS {
            return;
        }
        let there = same.iter().copied().find(|id| {
            let there = self.catalogue.routines[*id].last();
            there.is_some_and(|there| there.name == state.name && there.arguments == state.arguments)
        });
        if let Some(id) = there {
            self.catalogue.set_routine(id, self.now, self.sure, |there| *there = state);
            return;
        }
        let taken: Vec<String> = state.arguments.iter().map(|of| of.trim_end_matches("[]").to_owned()).collect();
        let id = self.catalogue.routines.push(History::new(self.now, state));
        for of in taken {
            self.catalogue.takers.entry(of).or_default().push(id);
        }
        self.catalogue.touch(Touched::Routine(id));
        self.catalogue.routine_names.entry(name.name.clone()).or_default().push(id);
    }

    /// DROP … CASCADE of a table takes the functions with it that take its rows.
    pub(super) fn drop_routines_of(&mut self, table: &RelationState) {
        if !table.kind.is_table() {
            return;
        }
        let taking = self.catalogue.takers.get(&table.name.name).cloned().unwrap_or_default();
        for id in taking {
            if self.catalogue.routines[id].last().is_some_and(|state| state.exists != Tri::No) {
                self.catalogue.set_routine(id, self.now, self.sure, |state| state.exists = Tri::No);
            }
        }
    }

    pub(super) fn alter_routine(&mut self, op: &Operation) {
        let Some(name) = named(op) else { return };
        let arguments = object(op).and_then(|details| details.arguments.as_deref()).map(typename::arguments);
        let all = self.catalogue.routine_names.get(&name.name).cloned().unwrap_or_default();
        let fits = |id: &crate::schema::RoutineId| {
            self.catalogue.routines[*id].last().is_some_and(|state| {
                state.exists != Tri::No
                    && state.name.name == name.name
                    && (name.schema.is_none() || state.name.schema == name.schema)
                    && arguments.as_ref().is_none_or(|arguments| *arguments == state.arguments)
            })
        };
        let Some(id) = all.iter().copied().find(fits) else { return };
        let new = object(op).and_then(|details| details.new_name.as_ref()).and_then(Known::known).cloned();
        match (op.kind, new) {
            (OpKind::FunctionDrop, _) => {
                self.catalogue.set_routine(id, self.now, self.sure, |state| state.exists = Tri::No);
            }
            (_, Some(new)) => {
                self.catalogue.routine_names.entry(new.name.clone()).or_default().push(id);
                self.catalogue.set_routine(id, self.now, self.sure, |state| {
                    state.name.schema = new.schema.or_else(|| state.name.schema.clone());
                    state.name.name = new.name;
                });
            }
            _ => {
                if let Some(volatility) = object(op).and_then(|details| details.volatility) {
                    self.catalogue.set_routine(id, self.now, self.sure, |state| state.volatility = volatility);
                }
            }
        }
    }

    /// COMMIT and ROLLBACK end what SET LOCAL has set.
    pub(super) fn end_transaction(&mut self) {
        if let Some(path) = self.catalogue.around_local.take() {
            self.catalogue.set_path(self.now, path);
        }
    }

    /// SAVEPOINT, ROLLBACK TO, RELEASE.
    pub(super) fn savepoint(&mut self, op: &Operation) {
        let Some(name) = named(op).filter(|_| self.sure) else { return };
        match op.detail {
            // The state *at* a step is the one before its operation, and `now` is the step behind this one.
            "savepoint" => self.catalogue.savepoint(&name.name, self.now),
            "rollback-to" => self.catalogue.rollback_to(&name.name, self.now),
            "release" => self.catalogue.release(&name.name),
            _ => {}
        }
    }

    /// SET search_path.
    pub(super) fn set(&mut self, op: &Operation) {
        let Details::Setting(setting) = &op.details else { return };
        if setting.name != "search_path" && setting.name != "schema" {
            return;
        }
        let path = match &setting.value {
            Some(value) => {
                let parts = value.split(',').map(|part| part.trim().trim_matches(['\'', '"']).to_owned());
                let own =
                    |part: &String| !part.is_empty() && !matches!(part.as_str(), "$user" | "pg_catalog" | "pg_temp");
                parts.filter(own).collect()
            }
            None => crate::schema::catalogue::default_path(),
        };
        if setting.local && self.catalogue.around_local.is_none() {
            self.catalogue.around_local = Some(self.catalogue.path_at(self.now).to_vec());
        }
        self.catalogue.set_path(self.now, path);
    }
}

/// A domain as it is written.
fn domain(name: &QualifiedName, details: &TypeDetails) -> DomainState {
    let Some(written) = &details.domain else { return DomainState::default() };
    let mut domain = DomainState {
        base: written.data_type.as_ref().map(typename::normalised).unwrap_or_default(),
        not_null: written.not_null,
        default: written.default.clone(),
        checks: Vec::new(),
    };
    for constraint in &written.constraints {
        if let Some(text) = &constraint.expression {
            let check = constraint.name.clone().unwrap_or_else(|| check_name(&name.name, &domain));
            domain.checks.push((check, text.clone()));
        }
    }
    domain
}

/// The name that the server gives to a check of a domain.
fn check_name(domain: &str, state: &DomainState) -> String {
    crate::ir::names::free(domain, None, "check", |name| state.checks.iter().any(|(taken, _)| taken == name))
}

/// Whether CREATE [OR REPLACE] PROCEDURE is written.
fn is_procedure(text: &str) -> bool {
    text.split_whitespace().take(4).any(|word| word.eq_ignore_ascii_case("procedure"))
}

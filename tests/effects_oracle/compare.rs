//! What was measured against what the model says.

use std::collections::{BTreeMap, BTreeSet};

use ddlint::effects::view::{Found, Nothing, Part, RelationKind, Schema};
use ddlint::effects::{self, Effects, LockMode, Server};
use ddlint::ir::{Operation, QualifiedName, Tri};

use super::cases::Case;
use super::measure::{Run, strongest};
use super::world::{World, operations};

/// What the model says of a whole statement.
#[derive(Default)]
struct Predicted {
    locks: BTreeMap<String, BTreeSet<LockMode>>,
    /// A relation whose name is not known.
    unnamed: Option<LockMode>,
    others: Option<LockMode>,
    rewrites: Names,
    rebuilds: Names,
    builds: Names,
    scans: Names,
    refuses_transaction: bool,
}

#[derive(Default)]
struct Names {
    known: BTreeSet<String>,
    open: bool,
}

impl Names {
    fn add(&mut self, part: &Part<QualifiedName>) {
        self.known.extend(part.items.iter().map(|name| name.name.clone()));
        self.open |= !part.complete;
    }
}

impl Predicted {
    fn new(all: &[Operation], schema: &dyn Schema, server: Server) -> Self {
        let mut predicted = Self::default();
        for operation in all {
            let effects = effects::of(operation, schema, server);
            predicted.add(&effects);
            let name =
                |name: &Option<ddlint::ir::Known<QualifiedName>>| name.as_ref().and_then(|name| name.known().cloned());
            let relation = name(&operation.table).or_else(|| name(&operation.name)).map(|name| schema.relation(&name));
            let partitioned = matches!(
                relation,
                Some(Found::Known(relation)) if matches!(relation.kind, RelationKind::Partitioned | RelationKind::PartitionedIndex)
            );
            predicted.refuses_transaction |= effects::refused_in_transaction(operation, partitioned).is_some();
        }
        for modes in predicted.locks.values_mut() {
            strongest(modes);
        }
        predicted
    }

    fn add(&mut self, effects: &Effects) {
        for lock in &effects.locks {
            match &lock.relation {
                Some(relation) => {
                    self.locks.entry(relation.name.clone()).or_default().insert(lock.mode);
                }
                None => self.unnamed = self.unnamed.max(Some(lock.mode)),
            }
        }
        self.others = self.others.max(effects.others);
        self.rewrites.add(&effects.rewrites);
        self.rebuilds.add(&effects.rebuilds);
        self.builds.add(&effects.builds);
        self.scans.add(&effects.scans);
    }
}

/// What is wrong with the model's answer, with the schema known: each a line.
pub(crate) fn disagreements(case: &Case, major: u8, run: &Run) -> Vec<String> {
    let world = World::new(&run.state);
    let measured = &run.measured;
    if let Some(error) = &measured.error {
        return vec![format!("the server refuses the statement: {error}")];
    }
    let server = Server { version: u32::from(major), utc: case.utc.map_or(Tri::Unknown, Tri::from) };
    let all = operations(&case.statement);
    let predicted = Predicted::new(&all, &world, server);
    let mut wrong = Vec::new();
    if measured.refuses_transaction != predicted.refuses_transaction {
        wrong.push(format!("refused in a transaction: {}", measured.refuses_transaction));
    }
    locks(case, &world, run, &predicted, &mut wrong);
    let parts = [
        ("rewrites", &measured.rewrites, &predicted.rewrites),
        ("rebuilds", &measured.rebuilds, &predicted.rebuilds),
        ("builds", &measured.builds, &predicted.builds),
        ("scans", &measured.scans, &predicted.scans),
    ];
    for (what, measured, predicted) in parts {
        let open = predicted.open && case.unknown.contains(what);
        let fine = if case.idle {
            measured.is_subset(&predicted.known)
        } else if open {
            predicted.known.is_subset(measured)
        } else {
            predicted.known == *measured && !predicted.open
        };
        if !fine {
            let more = if predicted.open { " and perhaps others" } else { "" };
            wrong.push(format!("{what}: {measured:?}, the model says {:?}{more}", predicted.known));
        }
    }
    wrong.extend(without_schema(case, &world, &all, server, run));
    wrong
}

fn locks(case: &Case, world: &World, run: &Run, predicted: &Predicted, wrong: &mut Vec<String>) {
    let measured = &run.measured;
    let names: BTreeSet<_> = measured.locks.keys().chain(predicted.locks.keys()).collect();
    let open = predicted.others.is_some() && case.unknown.contains("locks");
    if predicted.others.is_some() && !open {
        wrong.push(format!("locks: the model leaves others open, up to {:?}", predicted.others));
    }
    let none = BTreeSet::new();
    let waiting = measured.refuses_transaction;
    for name in names {
        let of_server = measured.locks.get(name).unwrap_or(&none);
        let of_model = predicted.locks.get(name).unwrap_or(&none);
        let of_table = matches!(world.kind(name), Some(RelationKind::Table | RelationKind::Partitioned));
        let held_by_model = || of_server.iter().all(|mode| of_model.iter().any(|other| other.implies(*mode)));
        let fine = if case.idle || (waiting && !of_table) {
            // Only what is held while the statement waits for another one is seen.
            held_by_model()
        } else if of_model.is_empty() && open {
            of_server.iter().all(|mode| Some(*mode) <= predicted.others)
        } else {
            of_server == of_model
        };
        if !fine {
            wrong.push(format!("lock on {name}: {of_server:?}, the model says {of_model:?}"));
        }
    }
}

/// Without any schema the model may know less, but nothing that is not so.
fn without_schema(case: &Case, world: &World, all: &[Operation], server: Server, run: &Run) -> Vec<String> {
    let measured = &run.measured;
    let mut wrong = Vec::new();
    // A relation that is not there, or holds no rows, is all the model cannot know of.
    let empty = run.state["rows"].as_object().is_some_and(|rows| rows.values().any(|count| *count == 0));
    let predicted = Predicted::new(all, &Nothing, server);
    let known =
        |name: &str| run.state["storage"].as_object().into_iter().flatten().any(|(_, there)| there["name"] == name);
    for (name, modes) in &predicted.locks {
        let of_server = measured.locks.get(name);
        let there = known(name) && of_server.is_some();
        if there && !modes.iter().all(|mode| of_server.is_some_and(|all| all.iter().any(|held| held.implies(*mode)))) {
            wrong.push(format!("without schema, lock on {name}: {of_server:?}, the model says {modes:?}"));
        }
    }
    for (name, modes) in &measured.locks {
        let listed = predicted.locks.get(name);
        let fine = modes.iter().all(|mode| {
            listed.is_some_and(|all| all.iter().any(|other| other.implies(*mode)))
                || predicted.others.is_some_and(|other| other >= *mode)
                || predicted.unnamed.is_some_and(|other| other >= *mode)
        });
        if !fine {
            wrong.push(format!(
                "without schema, lock on {name}: {modes:?}, the model says {listed:?}, others {:?}",
                predicted.others
            ));
        }
    }
    let parts = [
        ("rewrites", &measured.rewrites, &predicted.rewrites),
        ("builds", &measured.builds, &predicted.builds),
        ("scans", &measured.scans, &predicted.scans),
    ];
    for (what, measured, predicted) in parts {
        // What is said of a partitioned table is meant of its partitions.
        let of_itself = |name: &String| known(name) && world.kind(name) != Some(RelationKind::Partitioned);
        let extra = predicted.known.difference(measured).any(of_itself) && !empty && !case.idle;
        if extra || (!predicted.open && predicted.known.is_empty() && !measured.is_empty()) {
            wrong.push(format!("without schema, {what}: {measured:?}, the model says {:?}", predicted.known));
        }
    }
    wrong
}

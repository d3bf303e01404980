//! What each statement does, for `ddlint explain`.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Project;
use crate::effects::LockMode;
use crate::effects::view::Part;
use crate::ir::{QualifiedName, Tri};
use crate::schema::RelationKind;
use crate::span::Span;

/// One operation as it is explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// The statement.
    pub span: Span,
    /// Name of the migration.
    pub migration: String,
    /// Operation kind.
    pub kind: &'static str,
    /// The table acted on, where known.
    pub table: Option<String>,
    /// The table is made by the same migration: nobody waits for it.
    pub new: bool,
    /// The object named, where known.
    pub name: Option<String>,
    /// `up` or `down`.
    pub direction: &'static str,
    /// `runner`, `explicit`, `none`, `unknown`.
    pub transaction: &'static str,
    /// Number of the transaction, the same for operations that commit together.
    pub group: usize,
    /// Relations that are there before and the modes of their locks, where the model knows.
    pub locks: Option<Vec<(String, LockMode)>>,
    /// The strongest mode that relations can get that are not among them.
    pub others: Option<LockMode>,
    /// Reads of others wait.
    pub blocks_reads: Option<bool>,
    /// Writes of others wait.
    pub blocks_writes: Option<bool>,
    /// Relations rewritten, where known.
    pub rewrites: Option<Vec<String>>,
    /// Relations read in full, where known.
    pub scans: Option<Vec<String>>,
    /// Tables for which an index is built, where known.
    pub builds: Option<Vec<String>>,
    /// The command, where the server refuses it inside a transaction block.
    pub refused: Option<&'static str>,
    /// Those of the relations in [`Self::locks`] that are indexes.
    pub indexes: BTreeSet<String>,
    /// What was measured of relations in [`Self::locks`], by name: about 12 million rows, 9 GB.
    pub sizes: BTreeMap<String, String>,
    /// What it certainly does to existing tables that takes longer the larger they are, in words.
    pub work: Option<String>,
    /// The first existing table that an earlier statement of the transaction holds ACCESS EXCLUSIVE.
    pub holds: Option<String>,
    /// The limit in force for the wait for a lock, in words; `None` where there is none.
    pub lock_timeout: Option<String>,
    /// The statement's text.
    pub statement: String,
}

impl Project {
    /// Every operation of the sources, in order.
    pub fn explain(&self) -> Vec<Explained> {
        let mut all = Vec::new();
        for (m, migration) in self.model.timeline.migrations.iter().enumerate() {
            for o in 0..migration.operations.len() {
                if let Some(view) = self.model.view(m, o) {
                    all.push(explain(&view));
                }
            }
        }
        all
    }
}

fn explain(view: &crate::facts::View<'_>) -> Explained {
    let op = view.op;
    let effects = view.effects();
    let shown = |name: &crate::ir::Known<crate::ir::QualifiedName>| name.known().map(ToString::to_string);
    let table = view.table().map(ToString::to_string);
    let relations = |part: &Part<QualifiedName>| {
        let names: Vec<_> = part.items.iter().map(ToString::to_string).collect();
        (part.complete || !names.is_empty()).then_some(names)
    };
    let known = |answer: Tri| match answer {
        Tri::Yes => Some(true),
        Tri::No => Some(false),
        Tri::Unknown => None,
    };
    // A lock on a relation that is not known is no row of the answer; without any row nothing is known.
    let rows = effects.locks.iter().filter_map(|lock| Some((lock.relation.as_ref()?.to_string(), lock.mode)));
    let rows: Vec<_> = rows.collect();
    let is_index = |name: &QualifiedName| {
        let known = view.before().and_then(|before| before.possible(name)).map(|found| found.state.kind);
        let named = op.kind.family() == "index" && op.name.as_ref().and_then(|own| own.known()) == Some(name);
        known == Some(RelationKind::Index) || (known.is_none() && named)
    };
    let relations_locked = || effects.locks.iter().filter_map(|lock| lock.relation.as_deref());
    let locks = (!rows.is_empty() || effects.locks_nothing()).then_some(rows);
    Explained {
        span: op.place(),
        migration: view.migration.name.clone(),
        kind: op.kind.as_str(),
        name: op.name.as_ref().and_then(shown),
        direction: view.migration.direction.as_str(),
        transaction: view.state.transaction.as_str(),
        locks,
        new: view.table_preexisting() == Tri::No,
        group: view.state.group,
        others: effects.others,
        blocks_reads: known(effects.blocks_reads()),
        blocks_writes: known(effects.blocks_writes()),
        rewrites: relations(&effects.rewrites),
        scans: relations(&effects.scans),
        builds: relations(&effects.builds),
        refused: view.refused(),
        indexes: relations_locked().filter(|name| is_index(name)).map(ToString::to_string).collect(),
        sizes: relations_locked()
            .filter_map(|name| Some((name.to_string(), view.measured(name)?.to_string())))
            .collect(),
        work: view.work_in_words(),
        holds: view.holds().map(|(table, _)| table.to_string()),
        lock_timeout: view.lock_timeout_in_words(),
        statement: op.text().to_owned(),
        table,
    }
}

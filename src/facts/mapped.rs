//! What the program's models say of a column or table that goes.
//!
//! While a migration is rolled out, the release before it runs with its own models. Those of `--diff-base` are that
//! release's: what they map breaks with the drop, and what they do not map any more is free to go. The models of the
//! working tree are those of the release that comes: of them only what breaks is evidence, as the release before is
//! another one.

use std::collections::BTreeSet;

use super::{Model, View};
use crate::ir::{Direction, Known, MappedTable, OpKind, QualifiedName, Tri};
use crate::schema::{Found, Relation};
use crate::source::Runner;

/// Migrations at the end of a line that are compared with the working tree. What was dropped before has been released,
/// and whoever maps it knows by now.
const NEWEST: usize = 20;

/// Models that were read.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    /// Those that run now.
    pub base: Option<Models>,
    /// Operations that the base has too: they have run.
    pub past: BTreeSet<(usize, usize)>,
    /// Those of the working tree.
    pub tree: Option<Models>,
    /// Operations that these are asked about.
    pub newest: BTreeSet<(usize, usize)>,
}

/// The models of one revision.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// The revision as it is shown; `None` for the working tree.
    pub revision: Option<String>,
    /// The tables that they map, as far as they were asked for.
    pub tables: Vec<MappedTable>,
    /// There are models at all.
    pub any: bool,
    /// A file that may hold one could not be read.
    pub damaged: bool,
}

/// Whether models map what an operation takes away.
enum Answer<'a> {
    /// They do: this one, of that revision.
    Mapped(&'a MappedTable, Option<&'a str>),
    /// They do not, or the operation has run before they did.
    Unmapped,
    /// It cannot be told.
    Unknown,
}

/// Whether the operation takes a name away that statements of a program may have.
fn takes_away(kind: OpKind) -> bool {
    matches!(kind, OpKind::ColumnDrop | OpKind::ColumnRename | OpKind::TableDrop | OpKind::TableRename)
}

impl Model {
    /// The operations that models are to be asked about: those on the way forward that take away a table or column
    /// that was there before.
    pub fn takes_away(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (m, migration) in self.timeline.migrations.iter().enumerate() {
            if migration.direction == Direction::Down {
                continue;
            }
            for (o, op) in migration.operations.iter().enumerate() {
                let asked = takes_away(op.kind) && self.view(m, o).is_some_and(|view| view.table().is_some());
                if asked && self.view(m, o).is_some_and(|view| view.table_preexisting() != Tri::No) {
                    found.push((m, o));
                }
            }
        }
        found
    }

    /// Those of `operations` that are compared with the working tree: of the newest migrations, where the history is
    /// known to its end and what goes does not come again.
    pub fn newest(&self, operations: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut newest: BTreeSet<usize> = BTreeSet::new();
        for (number, _) in self.world.ends().enumerate() {
            let forward = self.world.migrations_of(number);
            let mut forward: Vec<usize> = forward.filter(|m| self.is_forward(*m)).collect();
            let older = forward.len().saturating_sub(NEWEST);
            newest.extend(forward.drain(older..));
        }
        let gone = |at: &(usize, usize)| {
            let Some(view) = self.view(at.0, at.1) else { return false };
            // A table that goes may be made again by the program when it starts.
            let (Some(table), Some(column)) = (view.table(), column(&view)) else { return false };
            let Some((_, end)) = self.world.last_of(at.0) else { return false };
            // Another line of migrations may make what this one takes away, where the table is not its own.
            let relation = end.relation(table).known().filter(Relation::is_complete);
            relation.is_some_and(|relation| matches!(relation.column(&column.name), Found::Absent))
        };
        operations.iter().copied().filter(|at| newest.contains(&at.0) && gone(at)).collect()
    }

    fn is_forward(&self, migration: usize) -> bool {
        self.timeline.migrations.get(migration).is_some_and(|migration| migration.direction == Direction::Up)
    }
}

/// The column acted on.
fn column<'a>(v: &View<'a>) -> Option<&'a QualifiedName> {
    if v.op.kind.family() == "column" { v.op.name.as_ref().and_then(Known::known) } else { None }
}

impl View<'_> {
    /// `mapped`, `unmapped` or `unknown`.
    pub(super) fn mapping(&self) -> &'static str {
        match answer(self) {
            Answer::Mapped(..) => "mapped",
            Answer::Unmapped => "unmapped",
            Answer::Unknown => "unknown",
        }
    }

    /// Which model it is that maps it, as a clause behind a colon; empty where none is known to.
    pub(super) fn mapper(&self) -> String {
        let Answer::Mapped(model, revision) = answer(self) else { return String::new() };
        let MappedTable { class, path, .. } = model;
        let at = revision.map(|revision| format!(" at `{revision}`")).unwrap_or_default();
        format!(": `{class}` in `{path}`{at} maps it")
    }
}

fn answer<'a>(v: &View<'a>) -> Answer<'a> {
    let mapped = &v.model.mapped;
    let Some(table) = v.table().filter(|_| takes_away(v.op.kind)) else { return Answer::Unknown };
    let column = column(v);
    if v.op.kind.family() == "column" && column.is_none() {
        return Answer::Unknown;
    }
    if mapped.past.contains(&v.at) {
        return Answer::Unmapped;
    }
    // What comes again under the same name may be what is mapped.
    if comes_again(v, table, column) {
        return Answer::Unknown;
    }
    let of_base = mapped.base.as_ref().map_or(Answer::Unknown, |base| asked(v, base, table, column));
    let tree = mapped.tree.as_ref().filter(|_| mapped.newest.contains(&v.at));
    let of_tree = tree.map(|tree| asked(v, tree, table, column));
    match (of_base, of_tree) {
        (mapped @ Answer::Mapped(..), _) | (_, Some(mapped @ Answer::Mapped(..))) => mapped,
        (of_base, _) => of_base,
    }
}

/// Whether a later migration, or the same, leaves something under the name that is taken away.
fn comes_again(v: &View<'_>, table: &QualifiedName, column: Option<&QualifiedName>) -> bool {
    let Some((_, end)) = v.model.world.last_of(v.at.0) else { return false };
    let Some(relation) = end.relation(table).known() else { return false };
    let sure = !v.op.conditional && v.op.context.guards.is_empty();
    column.is_none_or(|column| match relation.column(&column.name) {
        Found::Known(_) => true,
        Found::Absent => false,
        // What takes it away runs in any case, so something may make it again.
        Found::Unknown => sure && relation.is_complete(),
    })
}

/// What the models of a revision say.
fn asked<'a>(v: &View<'a>, models: &'a Models, table: &QualifiedName, column: Option<&QualifiedName>) -> Answer<'a> {
    let own = v.model.file(v.migration.span.file).map_or("", |file| file.path.as_str());
    let of_table: Vec<&MappedTable> = models.tables.iter().filter(|model| model.is(table)).collect();
    // A repository can hold several programs with tables of one name: the models nearest to the migration are meant.
    let nearest = of_table.iter().map(|model| shared(own, &model.path)).max().unwrap_or(0);
    let (near, far): (Vec<&MappedTable>, Vec<&MappedTable>) =
        of_table.into_iter().partition(|model| shared(own, &model.path) == nearest && fits(v, model));
    // A class whose table is named out of sight has that of a like name which holds all of its columns.
    let unnamed = models.tables.iter().filter(|model| near.is_empty() && far.is_empty() && is_like(v, model, table));
    let hit = near.iter().copied().chain(unnamed).find(|model| column.is_none_or(|column| model.maps(&column.name)));
    if let Some(model) = hit {
        return Answer::Mapped(model, models.revision.as_deref());
    }
    if models.damaged {
        return Answer::Unknown;
    }
    let mut nameless = models.tables.iter().filter(|model| model.table.is_none());
    match column {
        Some(column) => {
            // Two classes seldom share a table without one naming it for both.
            let hidden = nameless.any(|model| model.may_hold(&column.name) || model.may_be(table));
            let leaves_out = near.iter().chain(&far).all(|model| model.leaves_out(&column.name));
            if near.is_empty() || hidden || !leaves_out { Answer::Unknown } else { Answer::Unmapped }
        }
        // The tables of these tools are those of models, so that none is left where no model has it.
        None => {
            let of_models = matches!(v.migration.runner, Runner::Django | Runner::Alembic) && models.any;
            if of_models && far.is_empty() && nameless.count() == 0 { Answer::Unmapped } else { Answer::Unknown }
        }
    }
}

/// Whether a model can be one of the table: half of its columns at least are there, where they are known.
fn fits(v: &View<'_>, model: &MappedTable) -> bool {
    let relation = v.before().zip(v.table()).and_then(|(before, table)| before.relation(table).known());
    let Some(relation) = relation.filter(Relation::is_complete) else { return true };
    let there = relation.columns();
    let held = |name: &&String| there.iter().any(|column| column.state.name.eq_ignore_ascii_case(name));
    model.columns.iter().filter(held).count() * 2 >= model.columns.len()
}

/// Whether the table is that of a model whose own name for it is not known: it is called like the class, and none of the
/// class's columns is missing there, where one alone would say little.
fn is_like(v: &View<'_>, model: &MappedTable, table: &QualifiedName) -> bool {
    if !model.may_be(table) {
        return false;
    }
    // As the migration finds it: it may take several of them away.
    let Some(first) = v.model.view(v.at.0, 0) else { return false };
    let Some(relation) = first.before().and_then(|before| before.relation(table).known()) else { return false };
    let mut held = 0;
    let mut there = model.columns.iter().map(|name| relation.column(name));
    there.all(|column| {
        held += usize::from(matches!(column, Found::Known(_)));
        !matches!(column, Found::Absent)
    }) && held >= 2
}

/// How many folders two paths share from the top.
fn shared(one: &str, other: &str) -> usize {
    let folders = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folders, _)| folders.to_owned());
    let (one, other) = (folders(one), folders(other));
    one.split('/').zip(other.split('/')).take_while(|(a, b)| a == b && !a.is_empty()).count()
}

//! Work that takes as long as a table is large.

use crate::effects::Effects;
use crate::ir::{Details, OpKind, QualifiedName, Tri};

use super::View;
use super::held::relation_preexisting;
use super::model::keeps_books;

/// Rows written out in an INSERT that are still a seed.
const SEED: u64 = 1000;

/// What an operation does to tables that other sessions use and that may hold many rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Work {
    /// With the table: `reads all of`.
    pub(super) verb: &'static str,
    /// The tables, by name.
    pub(super) tables: Vec<QualifiedName>,
}

impl Work {
    /// In words: reads all of `orders`.
    pub(super) fn words(&self) -> String {
        let names: Vec<_> = self.tables.iter().map(|table| format!("`{table}`")).collect();
        format!("{} {}", self.verb, names.join(" and "))
    }
}

impl View<'_> {
    /// The work of the operation that takes as long as tables are large, where it certainly does such.
    pub(super) fn work(&self) -> Option<Work> {
        let effects = self.effects();
        let existing = |names: &[QualifiedName]| -> Vec<QualifiedName> {
            names.iter().filter(|name| self.may_be_large(name)).cloned().collect()
        };
        let said =
            |verb: &'static str, tables: Vec<QualifiedName>| (!tables.is_empty()).then_some(Work { verb, tables });
        if self.op.kind.changes_data() {
            return self.changes_rows(effects);
        }
        if self.op.is_concurrent() != Tri::No || self.fails_on_rows() {
            return None;
        }
        said("rewrites", existing(&effects.rewrites.items))
            .or_else(|| said("builds an index on", existing(&effects.builds.items)))
            .or_else(|| said("reads all of", existing(&effects.scans.items)))
            .or_else(|| said("runs a query over", existing(self.query(effects)?)))
    }

    /// The same in words.
    pub(crate) fn work_in_words(&self) -> Option<String> {
        self.work().map(|work| work.words())
    }

    /// Whether other sessions use the table, and nothing says that it is small.
    fn may_be_large(&self, name: &QualifiedName) -> bool {
        let small = self.model.policy.names_small(name);
        !small && !keeps_books(&name.name) && relation_preexisting(self, name) == Tri::Yes
    }

    /// Whether it fails at the first row there is: a column that must not be NULL and gets no value. Where it succeeds
    /// the table is empty, and nothing takes long.
    fn fails_on_rows(&self) -> bool {
        match &self.op.details {
            Details::Column(column) if self.op.kind == OpKind::ColumnAdd => {
                (column.not_null || column.primary_key) && !super::table::filled_by_server(column)
            }
            _ => false,
        }
    }

    /// A change of rows that is no seed and is not about single rows.
    fn changes_rows(&self, effects: &Effects) -> Option<Work> {
        let Details::Data(data) = &self.op.details else { return None };
        let rows = self.written_rows()?;
        if super::data::keyed_by_literals(self) || (1..=SEED).contains(&rows) {
            return None;
        }
        let own = self.table().filter(|table| self.may_be_large(table));
        let reads: Vec<_> = data.reads.iter().filter(|name| self.may_be_large(name)).cloned().collect();
        match own {
            // Where no existing table is locked for it, the rows are those of a view or of something unknown.
            Some(_) if effects.locks.is_empty() => None,
            Some(table) if self.op.kind == OpKind::DataInsert => {
                Some(Work { verb: "inserts rows into", tables: vec![table.clone()] })
            }
            Some(table) => Some(Work { verb: "changes rows of", tables: vec![table.clone()] }),
            None if self.op.kind == OpKind::DataInsert && !reads.is_empty() => {
                Some(Work { verb: "copies rows from", tables: reads })
            }
            None => None,
        }
    }

    /// What is read by the query that fills a table or materialized view.
    fn query(&self, effects: &Effects) -> Option<&[QualifiedName]> {
        let query = match &self.op.details {
            Details::Table(table) if self.op.kind == OpKind::TableCreate && table.as_select => table.query.as_ref()?,
            Details::View(view) if self.op.kind == OpKind::MatviewCreate => &view.query,
            _ => return None,
        };
        // WITH NO DATA reads nothing, and that is known.
        query.known_reads().filter(|_| !effects.scans.complete)
    }
}

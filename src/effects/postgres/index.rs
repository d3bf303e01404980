//! Indexes.

use super::{Model, Of};
use crate::effects::LockMode::{AccessExclusive, AccessShare, Share, ShareUpdateExclusive};
use crate::effects::view::{Found, Index, Relation, RelationKind};
use crate::ir::{Details, IndexDetails, Tri};

impl Model<'_> {
    pub(super) fn create_index(&mut self) {
        let details = match &self.op.details {
            Details::Index(details) => details.as_ref().clone(),
            _ => IndexDetails::default(),
        };
        let mode = if self.op.concurrently { ShareUpdateExclusive } else { Share };
        let Some(table) = self.target(mode) else { return };
        if self.op.if_not_exists
            && let Some(name) = self.name()
        {
            // Where it is not known, it is taken not to be there.
            if matches!(self.schema.relation(name), Found::Known(_)) {
                return;
            }
        }
        if details.only && (table.kind == RelationKind::Partitioned || !table.children().complete) {
            // ONLY is written for partitioned tables, of which nothing is built.
            let answer = if table.kind == RelationKind::Partitioned { Tri::No } else { Tri::Unknown };
            self.build(&table, answer);
            return;
        }
        if table.kind == RelationKind::Table && table.children().complete {
            self.build(&table, Tri::Yes);
            return;
        }
        if table.kind == RelationKind::Partitioned {
            let tree = self.tree(table, false);
            for member in tree.members.iter().skip(1) {
                self.lock(&member.name, mode);
                match member.indexes().items.iter().find(|index| same(index, &details)) {
                    // It is attached, and nothing is built.
                    Some(index) => self.lock(&index.name, mode),
                    None => self.build(member, Tri::Yes),
                }
            }
            if !tree.complete {
                self.others(mode);
            }
            return;
        }
        self.build(&table, Tri::Yes);
        if !table.children().complete {
            self.others(mode);
        }
    }

    pub(super) fn drop_index(&mut self) {
        let mode = if self.op.concurrently { ShareUpdateExclusive } else { AccessExclusive };
        let Some(name) = self.name().cloned() else {
            self.unknown();
            return;
        };
        let Some(index) = self.relation(&name) else { return };
        let tree = self.tree(index, false);
        for member in &tree.members {
            self.lock(&member.name, mode);
            match &member.table {
                Found::Known(table) => self.lock(table, mode),
                Found::Absent => {}
                Found::Unknown => self.others(mode),
            }
        }
        if !tree.complete {
            self.others(mode);
        }
    }

    /// ALTER INDEX: the index alone is locked.
    pub(super) fn alter_index(&mut self) {
        let Some(name) = self.name().cloned() else { return };
        let Some(index) = self.relation(&name) else { return };
        match self.op.detail {
            "tablespace" | "depends" | "owner" | "schema" | "options" => self.lock(&index.name, AccessExclusive),
            _ => self.lock(&index.name, ShareUpdateExclusive),
        }
    }

    pub(super) fn reindex(&mut self) {
        match self.op.detail {
            "index" => {
                let Some(index) = self.name().cloned().and_then(|name| self.relation(&name)) else { return };
                let tree = self.tree(index, false);
                for member in &tree.members {
                    let table = match &member.table {
                        Found::Known(table) => self.relation(table),
                        _ => None,
                    };
                    self.reindex_one(member, table.as_ref());
                }
                if !tree.complete {
                    self.others(AccessExclusive);
                }
            }
            "table" => {
                let mode = if self.op.concurrently { ShareUpdateExclusive } else { Share };
                let Some(table) = self.target(mode) else { return };
                let partitioned = table.kind == RelationKind::Partitioned;
                let tree = self.tree(table, !partitioned);
                for table in &tree.members {
                    self.lock(&table.name, mode);
                    self.reindex_all(table);
                }
                if !tree.complete {
                    self.others(mode);
                }
            }
            // A schema, a database, the system.
            _ => self.unknown(),
        }
    }

    /// Every index of a table.
    fn reindex_all(&mut self, table: &Relation) {
        if table.kind == RelationKind::Partitioned {
            return;
        }
        for index in &table.index_names().items {
            if self.op.concurrently {
                self.lock(index, ShareUpdateExclusive);
                self.build(table, Tri::Yes);
            } else {
                self.rebuild(table, index);
            }
        }
        if !table.is_complete() {
            self.maybe_indexes(table);
        }
    }

    fn reindex_one(&mut self, index: &Relation, table: Option<&Relation>) {
        let (of_table, of_index) =
            if self.op.concurrently { (ShareUpdateExclusive, ShareUpdateExclusive) } else { (Share, AccessExclusive) };
        self.lock(&index.name, of_index);
        match table {
            Some(table) => {
                self.lock(&table.name, of_table);
                if index.kind != RelationKind::PartitionedIndex {
                    self.build(table, Tri::Yes);
                }
                if !self.op.concurrently && super::holds_rows(table) && index.kind != RelationKind::PartitionedIndex {
                    self.add(Of::Rebuilds, &index.name);
                }
            }
            None => {
                self.others(of_table);
                self.effects.builds.complete = false;
                self.effects.scans.complete = false;
            }
        }
    }

    /// ALTER INDEX … ATTACH PARTITION: the tables are only looked at.
    pub(super) fn attach_index(&mut self) {
        let (Some(parent), Some(child)) = (self.table().cloned(), self.name().cloned()) else { return self.unknown() };
        for (name, mode) in [(parent, ShareUpdateExclusive), (child, AccessExclusive)] {
            let Some(index) = self.relation(&name) else { continue };
            self.lock(&index.name, mode);
            match &index.table {
                Found::Known(table) => self.lock(table, AccessShare),
                Found::Absent => {}
                Found::Unknown => self.others(AccessShare),
            }
        }
    }
}

/// Whether an index that is there is what the statement describes.
fn same(index: &Index, details: &IndexDetails) -> bool {
    let method = details.method.as_deref().unwrap_or("btree");
    let own = if index.method.is_empty() { "btree" } else { &index.method };
    index.unique == details.unique
        && own == method
        && index.predicate.is_none()
        && details.predicate.is_none()
        && index.keys.len() == details.columns.len()
        && index.keys.iter().zip(&details.columns).all(|(key, column)| {
            !column.expression && key.column.as_ref() == Some(&column.text) && key.options.is_empty()
        })
}

/// Whether an index of a partition is like one of its parent.
pub(super) fn alike(one: &Index, other: &Index) -> bool {
    let keys = |index: &Index| {
        index.keys.iter().map(|key| (key.column.clone(), key.text.clone(), key.options.clone())).collect::<Vec<_>>()
    };
    one.unique == other.unique
        && one.method == other.method
        && one.predicate == other.predicate
        && keys(one) == keys(other)
}

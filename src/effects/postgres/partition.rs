//! Partitions: attached, detached, created.

use std::collections::BTreeSet;

use super::Model;
use super::index::alike;
use super::proof::{excludes_bound, proves_bound};
use crate::effects::LockMode::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
use crate::effects::view::{Found, Part, Relation, RelationKind};
use crate::ir::{ConstraintKind, Details, QualifiedName, Tri};

impl<'a> Model<'a> {
    pub(super) fn attach(&mut self) {
        if self.op.detail == "index" {
            return self.attach_index();
        }
        let bound = match &self.op.details {
            Details::Table(details) => details.bound.clone(),
            _ => None,
        };
        let Some(parent) = self.target(ShareUpdateExclusive) else { return };
        let Some(partition) = self.name().cloned().and_then(|name| self.relation(&name)) else {
            self.others(AccessExclusive);
            self.effects.scans.complete = false;
            return;
        };
        let family = self.family_of(partition, false, AccessExclusive);
        let default = self.op.detail == "default";
        let proved = match (&parent.partition_key, &bound) {
            _ if default && !parent.children().complete => Tri::Unknown,
            _ if default => parent.children().items.iter().all(|name| self.relation(name).is_none()).into(),
            (Some(key), Some(bound)) => {
                family.members.first().map_or(Tri::Unknown, |table| proves_bound(table, key, bound))
            }
            _ => Tri::Unknown,
        };
        for table in &family.members {
            self.scan(table, !proved);
            self.given_by_parent(&parent, table);
        }
        if let (false, Some(bound)) = (default, &bound) {
            self.default_partition(&parent, bound);
        }
    }

    /// The partitions among which are the default one and those whose bound is not known.
    fn unbounded(&self, parent: &Relation) -> Option<Vec<Relation<'a>>> {
        let Part { items, complete } = parent.unbounded();
        complete.then(|| items.iter().filter_map(|name| self.relation(name)).collect())
    }

    /// Indexes, keys and triggers of the parent are made in the partition.
    fn given_by_parent(&mut self, parent: &Relation, table: &Relation) {
        for index in &parent.indexes().items {
            self.lock(&index.name, ShareUpdateExclusive);
            if !table.indexes().items.iter().any(|own| alike(own, index)) {
                let answer = if table.is_complete() { Tri::Yes } else { Tri::Unknown };
                self.build(table, answer);
            }
        }
        if !parent.is_complete() {
            self.others(ShareUpdateExclusive);
            self.effects.builds.complete = false;
        }
        for references in parent
            .constraints_of(ConstraintKind::ForeignKey)
            .items
            .iter()
            .filter_map(|constraint| constraint.references.clone())
        {
            self.reference(&references);
            let family = super::Family { members: vec![table.clone()], complete: true };
            self.validate_reference(&family, &references, Tri::Yes);
        }
        if !parent.is_complete() {
            self.others(ShareRowExclusive);
        }
    }

    /// The default partition may hold rows that belong to a new one: it is read, unless a check says that it has none.
    pub(super) fn default_partition(&mut self, parent: &Relation, bound: &str) {
        let Some(siblings) = self.unbounded(parent) else {
            self.others(AccessExclusive);
            self.effects.scans.complete = false;
            return;
        };
        let is_default = |table: &&Relation| table.bound.as_deref() == Some("DEFAULT");
        if let Some(default) = siblings.iter().find(is_default) {
            self.lock(&default.name, AccessExclusive);
            let excluded = match &parent.partition_key {
                Some(key) => excludes_bound(default, key, bound),
                None => Tri::Unknown,
            };
            self.scan(default, !excluded);
        } else if siblings.iter().any(|table| table.bound.is_none()) {
            self.others(AccessExclusive);
        }
    }

    /// The lock on the default partition when a partition goes.
    pub(super) fn lock_default(&mut self, parent: &Relation) {
        match self.unbounded(parent) {
            Some(siblings) => {
                if let Some(default) = siblings.iter().find(|table| table.bound.as_deref() == Some("DEFAULT")) {
                    self.lock(&default.name, AccessExclusive);
                }
            }
            None => self.others(AccessExclusive),
        }
    }

    pub(super) fn detach(&mut self) {
        let of_parent = if self.op.concurrently { ShareUpdateExclusive } else { AccessExclusive };
        let Some(parent) = self.target(of_parent) else { return };
        let Some(partition) = self.name().cloned().and_then(|name| self.relation(&name)) else {
            self.others(AccessExclusive);
            return;
        };
        let mode = if self.server.version < 14 { ShareUpdateExclusive } else { AccessExclusive };
        self.lock(&partition.name, mode);
        if !self.op.concurrently {
            self.lock_default(&parent);
        }
        // Indexes that belong to one of the parent become independent.
        let of_parent: BTreeSet<&QualifiedName> = parent.index_names().items.iter().map(AsRef::as_ref).collect();
        for index in &partition.indexes().items {
            let attached = match self.schema.relation(&index.name) {
                Found::Known(index) => index.parents().items.iter().any(|parent| of_parent.contains(parent)),
                _ => parent.indexes().items.iter().any(|of| alike(of, index)),
            };
            if attached {
                self.lock(&index.name, AccessExclusive);
            }
        }
        if !(parent.is_complete() && partition.is_complete()) {
            self.others(AccessExclusive);
        }
        for references in parent
            .constraints_of(ConstraintKind::ForeignKey)
            .items
            .iter()
            .filter_map(|constraint| constraint.references.clone())
        {
            self.reference(&references);
        }
    }

    /// CREATE TABLE … PARTITION OF.
    pub(super) fn create_partition(&mut self, parent: &Relation, bound: Option<&str>) {
        self.lock(&parent.name, AccessExclusive);
        for index in &parent.index_names().items {
            self.lock(index, ShareUpdateExclusive);
        }
        if !parent.is_complete() {
            self.others(ShareUpdateExclusive);
        }
        for references in
            parent.constraints_of(ConstraintKind::ForeignKey).items.into_iter().filter_map(|c| c.references)
        {
            self.reference(&references);
        }
        match bound {
            Some("DEFAULT") => {}
            Some(bound) => self.default_partition(parent, bound),
            None => self.others(AccessExclusive),
        }
        if parent.kind != RelationKind::Partitioned && !parent.is_complete() {
            self.others(ShareRowExclusive);
        }
    }
}

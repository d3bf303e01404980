//! Tables as a whole.

use std::collections::BTreeSet;

use super::{Model, Of};
use crate::effects::LockMode::{
    self, AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive,
    ShareUpdateExclusive,
};
use crate::effects::view::{Found, Relation, RelationKind};
use crate::ir::{ConstraintKind, Details, Known, QualifiedName, QueryDetails, TableDetails, Tri};

/// Storage parameters that are changed under ACCESS EXCLUSIVE; the others let reads and writes go on.
/// Source: src/backend/access/common/reloptions.c.
const STRONG_PARAMETERS: &[&str] = &["user_catalog_table", "security_barrier", "security_invoker", "check_option"];

impl<'a> Model<'a> {
    fn table_details(&self) -> TableDetails {
        match &self.op.details {
            Details::Table(details) => details.as_ref().clone(),
            _ => TableDetails::default(),
        }
    }

    pub(super) fn create_table(&mut self) {
        let details = self.table_details();
        let own = self.table().cloned();
        // Without rows the query is looked at, and not planned.
        let filled = !self.words().windows(2).any(|pair| matches!(pair, [a, b] if a.is("no") && b.is("data")));
        if self.op.if_not_exists
            && own.as_ref().is_some_and(|name| matches!(self.schema.relation(name), Found::Known(_)))
        {
            self.look_at(details.query.as_ref().and_then(QueryDetails::known_reads).unwrap_or_default());
            return;
        }
        let inline = details.columns.iter().filter_map(|column| column.references.as_ref());
        let tables = details.constraints.iter().filter_map(|constraint| constraint.references.as_ref());
        for references in inline.chain(tables) {
            match references.table.known() {
                Some(name) if own.as_ref().is_some_and(|own| own.same_object(name)) => {}
                Some(name) => self.reference(name),
                None => self.others(ShareRowExclusive),
            }
        }
        for like in &details.like {
            self.lock_named(&like.table, AccessShare);
        }
        for parent in &details.parents {
            self.lock_named(parent, ShareUpdateExclusive);
        }
        if let Some(parent) = &details.partition_of {
            match parent.known().map(|name| self.relation(name)) {
                Some(Some(parent)) => self.create_partition(&parent, details.bound.as_deref()),
                Some(None) => {}
                None => self.others(AccessExclusive),
            }
        }
        if details.as_select {
            match details.query.as_ref().and_then(QueryDetails::known_reads) {
                Some(reads) if !filled => self.look_at(reads),
                Some(reads) => self.read(reads, true),
                None => self.unknown_reads(),
            }
        }
    }

    /// A lock on what is named, whatever it is.
    fn lock_named(&mut self, name: &Known<QualifiedName>, mode: LockMode) {
        match name.known().map(|name| self.relation(name)) {
            Some(Some(relation)) => self.lock(&relation.name, mode),
            Some(None) => {}
            None => self.others(mode),
        }
    }

    pub(super) fn drop_table(&mut self) {
        let Some(root) = self.target(AccessExclusive) else { return };
        for parent in root.parents().items.clone() {
            let Some(parent) = self.relation(&parent) else { continue };
            // The parent of a partition is locked, a table that is merely inherited from is not.
            if parent.kind == RelationKind::Partitioned {
                self.lock(&parent.name, AccessExclusive);
                self.lock_default(&parent);
            }
        }
        if !root.parents().complete {
            self.others(AccessExclusive);
        }
        self.drop_relation(root);
    }

    /// A relation with all that goes with it.
    pub(super) fn drop_relation(&mut self, root: Relation<'a>) {
        let mut open = vec![root];
        let mut seen = BTreeSet::new();
        while let Some(relation) = open.pop() {
            if !seen.insert(relation.name.clone()) {
                continue;
            }
            self.lock(&relation.name, AccessExclusive);
            self.lock_indexes(&relation, AccessExclusive);
            for sequence in relation.numbered().items.iter().filter_map(|column| column.sequence.as_ref()) {
                self.lock(sequence, AccessExclusive);
            }
            // A foreign key that a partition has from its parent goes without a look at the other table.
            let parents: Vec<_> = relation.parents().items.iter().filter_map(|name| self.relation(name)).collect();
            let of_parent = |references: &QualifiedName| {
                let has = |parent: &Relation| {
                    parent
                        .constraints_of(ConstraintKind::ForeignKey)
                        .items
                        .iter()
                        .any(|c| c.references.as_ref() == Some(references))
                };
                relation.bound.is_some() && parents.iter().any(has)
            };
            for references in
                relation.constraints_of(ConstraintKind::ForeignKey).items.iter().filter_map(|c| c.references.clone())
            {
                if !of_parent(&references) {
                    self.lock(&references, AccessExclusive);
                }
            }
            if !(relation.is_complete() && relation.children().complete) {
                self.others(AccessExclusive);
            }
            let goes = relation.kind == RelationKind::Partitioned || self.op.cascade;
            if goes {
                open.extend(relation.children().items.iter().filter_map(|name| self.relation(name)));
            }
            if self.op.cascade {
                for (other, _) in &relation.referenced_by().items {
                    self.lock(other, AccessExclusive);
                }
                open.extend(relation.read_by().items.iter().filter_map(|name| self.relation(name)));
                if !relation.knows_users() {
                    self.others(AccessExclusive);
                }
            }
        }
    }

    pub(super) fn rename_table(&mut self) {
        self.target(AccessExclusive);
    }

    pub(super) fn alter_table(&mut self) {
        let details = self.table_details();
        let Some(table) = self.target(AccessExclusive) else { return };
        match self.op.detail {
            // Where the owner stays the same, nothing else is touched; it is taken to change.
            "owner" => {
                self.lock_indexes(&table, AccessExclusive);
                self.lock_sequences(&table);
            }
            "schema" => self.lock_sequences(&table),
            "inherit" | "no-inherit" => {
                let mode = if self.op.detail == "inherit" { ShareUpdateExclusive } else { AccessShare };
                for parent in &details.parents {
                    self.lock_named(parent, mode);
                }
                self.family_of(table, false, AccessExclusive);
            }
            "replica-identity" => {
                let words = self.words();
                match super::names_after(&words, &["index"]).first() {
                    Some(name) => self.lock(&name.clone(), Share),
                    None if words.is_empty() => self.others(Share),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// Sequences of the columns of a table.
    fn lock_sequences(&mut self, of: &Relation) {
        for sequence in of.numbered().items.iter().filter_map(|column| column.sequence.as_ref()) {
            self.lock(sequence, AccessExclusive);
        }
        if !of.is_complete() {
            self.others(AccessExclusive);
        }
    }

    pub(super) fn set_storage(&mut self) {
        match self.op.detail {
            "parameters" => {
                let parameters = self.table_details().parameters.unwrap_or_default().to_lowercase();
                let strong = STRONG_PARAMETERS.iter().any(|name| parameters.contains(name));
                self.target(if strong { AccessExclusive } else { ShareUpdateExclusive });
            }
            "cluster-on" | "no-cluster" => {
                self.target(ShareUpdateExclusive);
                if self.op.detail == "cluster-on"
                    && let Some(index) = self.name().cloned()
                {
                    self.lock(&index, ShareUpdateExclusive);
                }
            }
            "logged" | "unlogged" => self.persistence(),
            "tablespace" | "access-method" => {
                let Some(table) = self.target(AccessExclusive) else { return };
                if table.kind == RelationKind::Partitioned {
                    return;
                }
                // It is taken to be elsewhere so far, or there would be nothing to do. Indexes stay where they are.
                if self.op.detail == "tablespace" {
                    self.note(Of::Rewrites, &table, Tri::Yes);
                    self.scan(&table, Tri::Yes);
                } else {
                    self.rewrite(&table, Tri::Yes);
                }
            }
            "cluster" | "vacuum-full" => {
                // Without a table: all that were clustered before, every table.
                if self.op.table.is_none() {
                    return self.unknown();
                }
                let Some(table) = self.target(AccessExclusive) else { return };
                // From 18 on VACUUM goes on to the tables that inherit.
                let family = if self.op.detail == "vacuum-full" && self.server.version >= 18 {
                    self.family_of(table, self.op.only, AccessExclusive).members
                } else {
                    self.family_of_partitioned(table, AccessExclusive)
                };
                for table in &family {
                    self.rewrite(table, Tri::Yes);
                }
            }
            _ => self.unknown(),
        }
    }

    /// A partitioned table with its partitions, any other alone.
    fn family_of_partitioned(&mut self, table: Relation<'a>, mode: LockMode) -> Vec<Relation<'a>> {
        if table.kind == RelationKind::Partitioned { self.family_of(table, false, mode).members } else { vec![table] }
    }

    fn persistence(&mut self) {
        let unlogged = self.op.detail == "unlogged";
        let Some(table) = self.target(AccessExclusive) else { return };
        let changes = table.unlogged.map_or(Tri::Unknown, |now| (now != unlogged).into());
        self.rewrite(&table, if table.unlogged.is_none() { Tri::Yes } else { changes });
        // Sequences of its columns follow from 15 on.
        if changes != Tri::No && self.server.version >= 15 {
            self.lock_sequences(&table);
        }
    }

    pub(super) fn truncate(&mut self) {
        let restart = self.words().windows(2).any(|pair| matches!(pair, [a, b] if a.is("restart") && b.is("identity")));
        let Some(family) = self.family(AccessExclusive) else { return };
        let mut open = family.members;
        let mut seen = BTreeSet::new();
        while let Some(table) = open.pop() {
            if !seen.insert(table.name.clone()) {
                continue;
            }
            self.lock(&table.name, AccessExclusive);
            self.lock_indexes(&table, AccessExclusive);
            if restart {
                for sequence in table.numbered().items.iter().filter_map(|column| column.sequence.as_ref()) {
                    self.lock(sequence, AccessExclusive);
                }
            }
            if self.op.cascade {
                open.extend(table.referenced_by().items.iter().filter_map(|(name, _)| self.relation(name)));
                if !table.knows_users() {
                    self.others(AccessExclusive);
                }
            }
        }
    }

    pub(super) fn lock_table(&mut self) {
        let mode = match self.op.detail {
            "access-share" => AccessShare,
            "row-share" => RowShare,
            "row-exclusive" => RowExclusive,
            "share-update-exclusive" => ShareUpdateExclusive,
            "share" => Share,
            "share-row-exclusive" => ShareRowExclusive,
            "exclusive" => Exclusive,
            _ => AccessExclusive,
        };
        let Some(family) = self.family(mode) else { return };
        // What a view reads is locked with it.
        let mut open: Vec<_> = family.members.into_iter().filter(|root| root.kind == RelationKind::View).collect();
        let mut seen = BTreeSet::new();
        while let Some(view) = open.pop() {
            if !view.reads().complete {
                self.others(mode);
            }
            for name in view.reads().items.iter().filter(|name| seen.insert((*name).clone())) {
                self.lock(name, mode);
                open.extend(self.relation(name).filter(|found| found.kind == RelationKind::View));
            }
        }
    }

    pub(super) fn vacuum(&mut self) {
        if self.op.table.is_none() {
            return self.unknown();
        }
        let Some(table) = self.target(ShareUpdateExclusive) else { return };
        // From 18 on also the tables that inherit from it.
        if table.kind == RelationKind::Partitioned || !table.children().complete || self.server.version >= 18 {
            self.family_of(table, self.op.only, ShareUpdateExclusive);
        }
    }

    /// ANALYZE reads a sample.
    pub(super) fn analyze(&mut self) {
        if self.op.table.is_none() {
            return self.unknown();
        }
        let Some(table) = self.target(ShareUpdateExclusive) else { return };
        let partitioned = table.kind == RelationKind::Partitioned;
        let all = partitioned || self.server.version >= 18;
        let tree = self.tree(table, self.op.only);
        for (at, member) in tree.members.iter().enumerate() {
            self.lock(&member.name, if at == 0 || all { ShareUpdateExclusive } else { AccessShare });
            if at == 0 || all {
                self.lock_indexes(member, AccessShare);
            }
        }
        if !tree.complete {
            self.others(ShareUpdateExclusive);
        }
    }
}

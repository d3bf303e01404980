//! Constraints.

use super::column::nulls_looked_for;
use super::{Family, Model};
use crate::effects::LockMode::{
    self, AccessExclusive, AccessShare, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive,
};
use crate::effects::view::{Constraint, Found, Relation, RelationKind};
use crate::ir::{ConstraintDetails, ConstraintKind, Details, QualifiedName, Tri};

impl<'a> Model<'a> {
    fn constraint_details(&self) -> Option<&ConstraintDetails> {
        match &self.op.details {
            Details::Constraint(details) => Some(details),
            _ => None,
        }
    }

    /// The name written, or given by the operation.
    fn constraint_name(&self) -> Option<String> {
        let written = self.constraint_details().and_then(|details| details.name.clone());
        written.or_else(|| self.name().map(|name| name.name.clone()))
    }

    pub(super) fn add_constraint(&mut self) {
        let Some(details) = self.constraint_details().cloned() else { return self.unknown() };
        let validated = !details.not_valid && !details.not_enforced;
        match details.kind {
            ConstraintKind::Check => {
                let family =
                    if details.no_inherit { self.alone(AccessExclusive) } else { self.family(AccessExclusive) };
                self.scan_family(family, validated.into());
            }
            ConstraintKind::NotNull => {
                let Some(family) = self.family(AccessExclusive) else { return };
                for table in &family.members {
                    let nulls = details.columns.first().map_or(Tri::Unknown, |c| nulls_looked_for(table, c));
                    self.scan(table, nulls.and(validated.into()));
                }
            }
            ConstraintKind::ForeignKey => self.add_foreign_key(&details, validated),
            ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::Exclusion => self.add_key(&details),
            ConstraintKind::Named => self.unknown(),
        }
    }

    /// The table alone, as a family of one.
    fn alone(&mut self, mode: LockMode) -> Option<Family<'a>> {
        let table = self.target(mode)?;
        Some(Family { members: vec![table], complete: true })
    }

    fn scan_family(&mut self, family: Option<Family<'a>>, answer: Tri) {
        let Some(family) = family else { return };
        for table in &family.members {
            self.scan(table, answer);
        }
        if !family.complete && answer != Tri::No && self.effects.scans.items.is_empty() {
            self.effects.scans.complete = false;
        }
    }

    fn add_foreign_key(&mut self, details: &ConstraintDetails, validated: bool) {
        let Some(family) = self.family_of_partitions(ShareRowExclusive) else { return };
        // From 18 on also tables that merely inherit are locked.
        if let (true, Some(table)) = (self.server.version >= 18, family.members.first()) {
            self.family_of(table.clone(), self.op.only, ShareRowExclusive);
        }
        let Some(name) = details.references.as_ref().and_then(|references| references.table.known().cloned()) else {
            self.others(ShareRowExclusive);
            return;
        };
        self.reference(&name);
        if validated {
            self.validate_reference(&family, &name, Tri::Yes);
        }
    }

    /// A table and its partitions; tables that merely inherit from it are not meant.
    fn family_of_partitions(&mut self, mode: LockMode) -> Option<Family<'a>> {
        let table = self.target(mode)?;
        let only = self.op.only || table.kind == RelationKind::Table && table.children().complete;
        Some(if only { Family { members: vec![table], complete: true } } else { self.family_of(table, false, mode) })
    }

    /// PRIMARY KEY, UNIQUE, EXCLUDE.
    fn add_key(&mut self, details: &ConstraintDetails) {
        let Some(table) = self.target(AccessExclusive) else { return };
        let primary = details.kind == ConstraintKind::PrimaryKey;
        if let Some(index) = &details.using_index {
            self.adopt_index(&table, index, details);
            return;
        }
        // Their columns become not null in every partition; an index alone is built under a weaker lock.
        let mode = if primary || self.server.version >= 18 { AccessExclusive } else { Share };
        let inherited = table.kind == RelationKind::Table && table.children().complete;
        // Tables that merely inherit get no index, but their columns are not null with those of a primary key; from 18
        // on every key is looked for there.
        if self.op.only || (inherited && mode == Share) {
            self.build(&table, Tri::Yes);
            return;
        }
        let tree = self.tree(table, false);
        for (at, member) in tree.members.iter().enumerate() {
            if at > 0 {
                self.lock(&member.name, mode);
            }
            if at == 0 || !inherited {
                self.build(member, Tri::Yes);
            } else if primary {
                for column in &details.columns {
                    let answer = nulls_looked_for(member, column);
                    self.scan(member, answer);
                }
            }
        }
        if !tree.complete {
            self.others(mode);
        }
    }

    /// USING INDEX.
    fn adopt_index(&mut self, table: &Relation, index: &str, details: &ConstraintDetails) {
        // The index is given the constraint's name, which is that of the index where none is written.
        let renamed = self.constraint_name().is_some_and(|name| name != index);
        let name = QualifiedName { schema: table.name.schema.clone(), name: index.to_owned() };
        let found = table.indexes().find(|there| there.name.name == index).map(Clone::clone);
        let name = found.as_ref().map(|found| found.name.clone()).known().unwrap_or(name);
        self.lock(&name, if renamed { ShareUpdateExclusive } else { AccessShare });
        if details.kind != ConstraintKind::PrimaryKey {
            return;
        }
        match found {
            Found::Known(found) => {
                for column in found.keys.iter().filter_map(|key| key.column.as_ref()) {
                    let answer = nulls_looked_for(table, column);
                    self.scan(table, answer);
                }
            }
            _ => self.effects.scans.complete = false,
        }
    }

    /// The constraint that the operation names.
    fn named(&self, table: &Relation) -> Found<Constraint> {
        let name = self.constraint_name();
        match name {
            Some(name) => table.constraint(&name),
            None => Found::Unknown,
        }
    }

    pub(super) fn drop_constraint(&mut self) {
        let Some(table) = self.target(AccessExclusive) else { return };
        let constraint = match self.named(&table) {
            Found::Known(constraint) => constraint,
            Found::Absent => return,
            Found::Unknown => {
                self.others(AccessExclusive);
                return;
            }
        };
        if let Some(references) = &constraint.references {
            self.lock(references, AccessExclusive);
        }
        let index = constraint.index.clone().filter(|_| constraint.references.is_none());
        if let Some(index) = &index {
            self.lock(index, AccessExclusive);
        }
        if index.is_some() && self.op.cascade {
            let others: Vec<_> = table.referenced_by().items.iter().map(|(other, _)| other.clone()).collect();
            for other in others {
                self.lock(&other, AccessExclusive);
            }
            if !table.knows_users() {
                self.others(AccessExclusive);
            }
        }
        let inherited = matches!(constraint.kind, ConstraintKind::Check | ConstraintKind::NotNull);
        if (inherited && !constraint.no_inherit) || table.kind == RelationKind::Partitioned {
            let partitioned = table.kind == RelationKind::Partitioned;
            let family = self.family_of(table, self.op.only, AccessExclusive);
            if partitioned && index.is_some() {
                // Their names are those of the partitions' own constraints.
                for member in family.members.iter().skip(1) {
                    self.lock_indexes(member, AccessExclusive);
                }
            }
        }
    }

    pub(super) fn validate_constraint(&mut self) {
        let Some(table) = self.target(ShareUpdateExclusive) else { return };
        let constraint = match self.named(&table) {
            Found::Known(constraint) => constraint,
            // One that is not there is an error, unless the same statement makes it.
            Found::Absent | Found::Unknown => {
                // A foreign key locks the table it refers to, whichever that is.
                self.others(ShareUpdateExclusive);
                self.scan(&table, Tri::Yes);
                return;
            }
        };
        if constraint.validated == Some(true) {
            return;
        }
        let answer = if constraint.validated.is_some() { Tri::Yes } else { Tri::Unknown };
        match (&constraint.kind, &constraint.references) {
            (ConstraintKind::ForeignKey, Some(references)) => {
                let family = Family { members: vec![table], complete: true };
                self.lock(references, RowShare);
                self.validate_reference(&family, references, answer);
            }
            _ if constraint.no_inherit => self.scan(&table, answer),
            _ => {
                let family = self.family_of(table, self.op.only, ShareUpdateExclusive);
                self.scan_family(Some(family), answer);
            }
        }
    }

    pub(super) fn rename_constraint(&mut self) {
        let Some(table) = self.target(AccessExclusive) else { return };
        match self.named(&table) {
            Found::Known(constraint) => {
                if let Some(index) = constraint.index.filter(|_| constraint.references.is_none()) {
                    self.lock(&index, ShareUpdateExclusive);
                }
                if matches!(constraint.kind, ConstraintKind::Check | ConstraintKind::NotNull) && !constraint.no_inherit
                {
                    self.family_of(table, self.op.only, AccessExclusive);
                }
            }
            Found::Absent => {}
            Found::Unknown => self.others(AccessExclusive),
        }
    }

    pub(super) fn alter_constraint(&mut self) {
        let detail = self.op.detail;
        let Some(family) = self.family_of_partitions(AccessExclusive) else { return };
        let Some(table) = family.members.first() else { return };
        let references = match self.named(table) {
            Found::Known(constraint) => constraint.references,
            Found::Absent => return,
            Found::Unknown => {
                self.others(AccessExclusive);
                self.effects.scans.complete = false;
                return;
            }
        };
        if let Some(references) = references {
            match detail {
                "enforced" => {
                    self.reference(&references);
                    self.validate_reference(&family, &references, Tri::Yes);
                }
                "not-enforced" => self.lock(&references, AccessExclusive),
                _ => {}
            }
        }
    }
}

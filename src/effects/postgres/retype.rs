//! ALTER COLUMN … TYPE.

use super::Model;
use super::column::mentions;
use crate::effects::LockMode::{AccessExclusive, ShareRowExclusive};
use crate::effects::types::{self, Change};
use crate::effects::view::{Column, Found, Index, Relation, RelationKind};
use crate::ir::{ColumnDetails, ConstraintKind, Details, QualifiedName, Tri};

impl Model<'_> {
    pub(super) fn retype(&mut self) {
        let Details::Column(details) = &self.op.details else { return self.unknown() };
        let details = details.as_ref().clone();
        let name = details.name.clone().or_else(|| self.name().map(|name| name.name.clone()));
        let Some(family) = self.family(AccessExclusive) else { return };
        let partitioned = family.members.first().is_some_and(|root| root.kind == RelationKind::Partitioned);
        for table in &family.members {
            let own = match &name {
                Some(name) => table.columns.find(|there| &there.name == name).map(Clone::clone),
                None => Found::Unknown,
            };
            let column = own.known();
            let change = self.type_change(column.as_ref(), &details);
            self.rewrite(table, change.rewrite);
            let Some(name) = &name else {
                self.others(AccessExclusive);
                continue;
            };
            self.retyped_indexes(table, name, change, partitioned);
            self.retyped_checks(table, name);
            self.retyped_references(table, name, change.rewrite);
            if let Some(sequence) = column.filter(|column| column.identity).and_then(|column| column.sequence) {
                self.lock(&sequence, ShareRowExclusive);
            }
            if !(table.columns.complete && table.constraints.complete && table.referenced_by.complete) {
                self.others(AccessExclusive);
            }
        }
        // Of a table that no migration makes, what the source says of the column is all that is known. Those that are
        // derived from a table have its column with its type.
        let said = || details.old_type.is_some() && self.type_change(None, &details).rewrite == Tri::No;
        if !family.complete && self.effects.rewrites.items.is_empty() && !said() {
            self.effects.rewrites.complete = false;
        }
    }

    fn type_change(&self, column: Option<&Column>, details: &ColumnDetails) -> Change {
        let unknown = Change { rewrite: Tri::Unknown, same_order: Tri::Unknown };
        let Some(to) = &details.data_type else { return unknown };
        if let (Some(using), Some(name)) = (&details.using, &details.name)
            && !types::using_is_plain(using, name, to)
        {
            return Change { rewrite: Tri::Yes, same_order: Tri::No };
        }
        let said = details.old_type.as_ref().map(crate::schema::normalised);
        let Some(from) = column.and_then(|column| column.data_type.as_ref()).or(said.as_ref()) else { return unknown };
        let mut change = types::change(from, to, self.schema, self.server);
        let collation = details.collation.as_ref().map(|name| name.trim_matches('"').to_owned());
        match column {
            Some(column) if column.collation != collation => change.same_order = Tri::No,
            // Which collation the column had is not said beside its type.
            None if collation.is_some() => change.same_order = change.same_order.and(Tri::Unknown),
            _ => {}
        }
        change
    }

    /// Indexes on the column are dropped and made again; one that would be the same keeps its storage.
    fn retyped_indexes(&mut self, table: &Relation, name: &str, change: Change, partitioned: bool) {
        for index in table.indexes.items.iter().filter(|index| uses(index, name)) {
            self.lock(&index.name, AccessExclusive);
            if change.rewrite == Tri::Yes {
                continue;
            }
            // CheckIndexCompatible looks at keys that are columns only. An index that a partition gets from its parent
            // is always made anew.
            let plain = index.predicate.is_none() && index.keys.iter().all(|key| key.column.is_some());
            let in_key = index.keys.iter().any(|key| key.column.as_deref() == Some(name));
            let kept = match (plain && !partitioned, in_key) {
                (false, _) => Tri::No,
                (true, false) => Tri::Yes,
                (true, true) => change.same_order,
            };
            match kept {
                Tri::Yes => {}
                Tri::No => self.rebuild(table, index),
                Tri::Unknown => {
                    self.effects.rebuilds.complete = false;
                    self.effects.builds.complete = false;
                    self.effects.scans.complete = false;
                }
            }
        }
        if !table.indexes.complete {
            self.maybe_indexes(table);
        }
    }

    /// Checks on the column are made again, and validated where they were valid.
    fn retyped_checks(&mut self, table: &Relation, name: &str) {
        for constraint in table.constraints.items.iter().filter(|c| c.kind == ConstraintKind::Check) {
            let on_it = constraint.columns.iter().any(|column| column == name)
                || constraint.expression.as_ref().is_some_and(|text| mentions(text, name));
            if on_it {
                let answer = constraint.validated.map_or(Tri::Unknown, Tri::from);
                self.scan(table, answer.and((!constraint.not_enforced).into()));
            }
        }
        if !table.constraints.complete {
            self.effects.scans.complete = false;
        }
    }

    /// Foreign keys at either end are made again, and looked up for every row where the values were stored anew.
    fn retyped_references(&mut self, table: &Relation, name: &str, rewrite: Tri) {
        let own: Vec<(bool, QualifiedName)> = table
            .constraints
            .items
            .iter()
            .filter(|c| c.columns.iter().any(|column| column == name))
            .filter_map(|c| Some((c.validated != Some(false), c.references.clone()?)))
            .collect();
        for (valid, references) in own {
            self.lock(&references, AccessExclusive);
            if valid && rewrite != Tri::No {
                let family = super::Family { members: vec![table.clone()], complete: true };
                self.validate_reference(&family, &references, rewrite);
            }
        }
        let key = table.constraints.any(|constraint| {
            let key = matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
            (key && constraint.columns.iter().any(|column| column == name)).into()
        });
        for (other, constraint) in &table.referenced_by.items {
            let Some(other) = self.relation(other).filter(|_| key != Tri::No) else { continue };
            let valid = other.constraints.find(|c| c.name == *constraint).map(|c| c.validated != Some(false));
            self.lock(&other.name, AccessExclusive);
            if valid != Found::Known(false) && rewrite != Tri::No {
                let references = table.name.clone();
                let family = super::Family { members: vec![other], complete: true };
                self.validate_reference(&family, &references, rewrite);
            }
        }
    }
}

/// Whether an index has to do with a column.
fn uses(index: &Index, column: &str) -> bool {
    index.keys.iter().any(|key| match &key.column {
        Some(name) => name == column,
        None => mentions(&key.text, column),
    }) || index.include.iter().any(|name| name == column)
        || index.predicate.as_ref().is_some_and(|text| mentions(text, column))
}

//! Rows: changed and read.

use std::collections::BTreeSet;

use super::Model;
use crate::effects::LockMode::{self, AccessShare, RowExclusive, RowShare};
use crate::effects::view::{Relation, RelationKind};
use crate::effects::volatility;
use crate::ir::{ConstraintKind, DataDetails, Details, OpKind, QualifiedName, Tri, Where};

impl Model<'_> {
    fn data_details(&self) -> DataDetails {
        match &self.op.details {
            Details::Data(details) => details.as_ref().clone(),
            _ => DataDetails::default(),
        }
    }

    pub(super) fn change_rows(&mut self) {
        let details = self.data_details();
        let kind = self.op.kind;
        let Some(table) = self.target(RowExclusive) else { return };
        if table.kind == RelationKind::View {
            // The change is made in what the view reads.
            for name in &table.reads().items {
                self.lock(name, RowExclusive);
            }
        }
        let keys = table.refers();
        if kind == OpKind::DataInsert {
            if details.on_conflict {
                self.lock_indexes(&table, RowExclusive);
            }
            if table.kind == RelationKind::Partitioned {
                // Where the rows go depends on them.
                self.others(RowExclusive);
            }
            self.sequences(&table, &details);
        } else {
            let tree = self.tree(table.clone(), self.op.only);
            for member in &tree.members {
                self.lock(&member.name, RowExclusive);
                self.lock_indexes(member, RowExclusive);
                self.scan(member, whole(&details));
            }
            if !tree.complete {
                self.others(RowExclusive);
            }
            if table.may_be_referenced() {
                // What happens to the rows that refer to one that goes or changes; without an index they are looked for
                // in the whole table.
                self.others(RowExclusive);
                self.effects.scans.complete = false;
            }
        }
        if keys || !table.is_complete() {
            // Rows that are referred to, where there are such.
            let on_key = details
                .assignments
                .iter()
                .any(|a| table.constraints_on(&a.column).items.iter().any(|c| c.kind == ConstraintKind::ForeignKey));
            if !matches!(kind, OpKind::DataDelete) && (kind != OpKind::DataUpdate || on_key) {
                self.others(RowShare);
            }
        }
        if !details.reads.is_empty() {
            self.read(&details.reads, true);
            // The plan decides which of them, and of the table itself, is read in full.
            if kind != OpKind::DataInsert && self.effects.scans.items.is_empty() {
                self.effects.scans.complete = false;
            }
        }
    }

    /// Sequences that give a value to columns that the statement leaves out.
    fn sequences(&mut self, table: &Relation, details: &DataDetails) {
        let given = |name: &String| details.columns.contains(name);
        for column in &table.numbered().items {
            let numbered = column.identity || column.default.as_ref().is_some_and(|text| text.contains("nextval("));
            let Some(sequence) = column.sequence.clone().filter(|_| numbered && !given(&column.name)) else { continue };
            if details.columns.is_empty() {
                self.others(RowExclusive);
            } else {
                self.lock(&sequence, RowExclusive);
            }
        }
        if !table.is_complete() {
            self.others(RowExclusive);
        }
    }

    pub(super) fn read_rows(&mut self) {
        let details = self.data_details();
        let words = self.words();
        if words.is_empty() {
            self.unknown_reads();
        }
        let copies = words.first().is_some_and(|word| word.is("copy"));
        let picks = words.windows(2).any(|pair| matches!(pair, [a, b] if a.is("for") && (b.is("update") || b.is("share") || b.is("no") || b.is("key"))));
        let mut reads = details.reads;
        reads.extend(self.table().cloned());
        if picks {
            for name in &reads {
                let Some(relation) = self.relation(name) else { continue };
                self.lock(&relation.name, RowShare);
                self.lock_indexes(&relation, RowShare);
            }
            self.effects.scans.complete = false;
            return;
        }
        self.read(&reads, !copies);
        // A function that is called does what it does.
        let volatile = volatility::calls(&self.op.statement.text, self.schema, self.server.version).volatile;
        if volatile != Tri::No && !copies {
            self.others(RowExclusive);
        }
    }

    /// A query that reads these relations. Which of them it reads in full is the plan's decision.
    pub(super) fn read(&mut self, names: &[QualifiedName], planned: bool) {
        let mut open = names.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(relation) = self.relation(&name) else { continue };
            self.lock(&relation.name, AccessShare);
            if planned {
                self.planned(&relation);
            }
            open.extend(relation.children().items.iter().cloned());
            if relation.kind == RelationKind::View {
                open.extend(relation.reads().items.iter().cloned());
            }
            if !(relation.children().complete && relation.reads().complete) {
                self.others(AccessShare);
            }
        }
        if !seen.is_empty() {
            self.effects.scans.complete = false;
        }
    }

    /// A query of which it is not known what it reads.
    pub(super) fn unknown_reads(&mut self) {
        self.others(LockMode::AccessShare);
        self.effects.scans.complete = false;
    }
}

/// Whether every row is looked at.
fn whole(details: &DataDetails) -> Tri {
    match details.condition {
        Where::Absent | Where::Always if details.reads.is_empty() => Tri::Yes,
        _ => Tri::Unknown,
    }
}

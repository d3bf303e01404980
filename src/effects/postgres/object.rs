//! Everything that is no table, column, constraint, index or row.

use super::{Model, Of, names_after};
use crate::effects::LockMode::{
    self, AccessExclusive, AccessShare, Exclusive, RowExclusive, Share, ShareRowExclusive, ShareUpdateExclusive,
};
use crate::effects::view::{DefinedType, Found, Relation, RelationKind};
use crate::ir::{Details, ObjectDetails, OpKind, QualifiedName, Tri};

impl Model<'_> {
    pub(super) fn object(&mut self) {
        use OpKind as K;
        match self.op.kind {
            K::ViewCreate | K::MatviewCreate => self.create_view(),
            K::ViewDrop | K::MatviewDrop | K::SequenceDrop => self.drop_named(),
            K::ViewAlter | K::ViewRename | K::MatviewRename => {
                self.target(AccessExclusive);
            }
            K::MatviewAlter => self.alter_matview(),
            K::MatviewRefresh => self.refresh(),
            K::TriggerCreate | K::TriggerAlter | K::TriggerDrop => self.trigger(),
            K::RuleCreate | K::RuleAlter | K::RuleDrop => self.rule(),
            K::PolicyCreate | K::PolicyAlter | K::PolicyDrop => self.policy(),
            K::SequenceCreate => self.create_sequence(),
            K::SequenceAlter | K::SequenceRename => self.alter_sequence(),
            K::TypeAlter => self.alter_type(),
            K::TypeDrop | K::DomainDrop => self.drop_type(),
            K::DomainAlter => self.alter_domain(),
            K::CommentSet | K::SecurityLabelSet => self.comment(),
            K::PrivilegeGrant | K::PrivilegeRevoke => self.privilege(),
            K::StatisticsCreate => {
                self.target(ShareUpdateExclusive);
            }
            // Its table is not named.
            K::StatisticsDrop => self.others(ShareUpdateExclusive),
            K::PublicationCreate | K::PublicationAlter => self.publication(),
            K::ExtensionDrop => self.others(AccessExclusive),
            // What depends on it goes too.
            _ if self.op.cascade && self.op.kind.as_str().ends_with("drop") => self.others(AccessExclusive),
            // The scripts of an extension may do anything to its own tables.
            K::ExtensionAlter => self.others(AccessExclusive),
            K::RoleAlter if matches!(self.op.detail, "drop-owned" | "reassign-owned") => self.unknown(),
            K::Other if matches!(self.op.detail, "execute") => self.unknown(),
            // What is new is seen by nobody yet, and the rest locks no relation of the application.
            _ => {}
        }
    }

    fn object_details(&self) -> ObjectDetails {
        match &self.op.details {
            Details::Object(details) => details.as_ref().clone(),
            _ => ObjectDetails::default(),
        }
    }

    fn create_view(&mut self) {
        let matview = self.op.kind == OpKind::MatviewCreate;
        let there = self.table().or(self.name()).map(|name| self.schema.relation(name));
        match there {
            Some(Found::Known(_)) if matview && self.op.if_not_exists => {
                if let Details::View(view) = &self.op.details {
                    self.look_at(view.query.known_reads().unwrap_or_default());
                }
                return;
            }
            Some(Found::Known(view)) => self.lock(&view.name, AccessExclusive),
            Some(Found::Unknown) if self.op.if_not_exists && !matview => self.others(AccessExclusive),
            _ => {}
        }
        let filled = matview && self.op.detail != "no-data";
        let reads = match &self.op.details {
            Details::View(view) => view.query.known_reads(),
            _ => None,
        };
        match reads {
            Some(reads) if filled => self.read(reads, true),
            Some(reads) => self.look_at(reads),
            None => self.unknown_reads(),
        }
    }

    /// A query that is looked at, and not planned.
    pub(super) fn look_at(&mut self, reads: &[QualifiedName]) {
        for name in reads {
            self.lock_there(name, AccessShare);
        }
    }

    /// DROP VIEW, MATERIALIZED VIEW, SEQUENCE.
    fn drop_named(&mut self) {
        let Some(name) = self.table().or(self.name()).cloned() else {
            self.unknown();
            return;
        };
        let Some(relation) = self.relation(&name) else { return };
        if self.op.kind == OpKind::SequenceDrop {
            self.lock(&relation.name, AccessExclusive);
            if self.op.cascade {
                // The default that reads it goes: that of its owner, and of others.
                match &relation.table {
                    Found::Known(table) => self.lock(table, AccessExclusive),
                    _ => self.others(AccessExclusive),
                }
            }
            return;
        }
        let view = Relation { kind: relation.kind, ..relation };
        if self.op.kind == OpKind::ViewDrop && !view.is_complete() {
            // A view has no indexes, columns with sequences, or constraints.
            self.lock(&view.name, AccessExclusive);
            if self.op.cascade {
                self.others(AccessExclusive);
            }
            return;
        }
        self.drop_relation(view);
    }

    fn alter_matview(&mut self) {
        match self.op.detail {
            "parameters" | "no-cluster" => {
                self.target(ShareUpdateExclusive);
            }
            "cluster-on" => {
                let index = self.name().cloned();
                self.target(ShareUpdateExclusive);
                if let Some(index) = index {
                    self.lock(&index, ShareUpdateExclusive);
                }
            }
            "owner" => {
                if let Some(view) = self.target(AccessExclusive) {
                    self.lock_indexes(&view, AccessExclusive);
                }
            }
            "tablespace" | "access-method" => {
                if let Some(table) = self.target(AccessExclusive) {
                    self.note(Of::Rewrites, &table, Tri::Yes);
                }
            }
            _ => {
                self.target(AccessExclusive);
            }
        }
    }

    fn refresh(&mut self) {
        let concurrently = self.op.concurrently;
        let Some(view) = self.target(if concurrently { Exclusive } else { AccessExclusive }) else { return };
        if self.op.detail == "no-data" {
            self.lock_indexes(&view, AccessExclusive);
            return;
        }
        if concurrently {
            self.lock_indexes(&view, RowExclusive);
        } else {
            for index in &view.index_names().items {
                self.rebuild(&view, index);
            }
            if !view.is_complete() {
                self.maybe_indexes(&view);
            }
            self.note(Of::Rewrites, &view, Tri::Yes);
        }
        self.read(&view.reads().items, true);
        if !view.reads().complete {
            self.unknown_reads();
        }
        self.effects.scans.complete = false;
    }

    fn trigger(&mut self) {
        let mode = match (self.op.kind, self.op.detail) {
            (OpKind::TriggerDrop, _) | (_, "rename") => AccessExclusive,
            (_, "depends") => AccessShare,
            _ => ShareRowExclusive,
        };
        let Some(table) = self.target(mode) else { return };
        if self.op.kind == OpKind::TriggerCreate {
            let words = self.words();
            for name in names_after(&words, &["from"]) {
                self.lock(&name, AccessShare);
            }
        }
        // Triggers of a partitioned table are those of its partitions. From 15 on a rename reaches them too.
        let reaches = match self.op.detail {
            "rename" => self.server.version >= 15,
            "depends" => false,
            _ => true,
        };
        if reaches && (table.kind == RelationKind::Partitioned || !table.children().complete) {
            self.family_of(table, self.op.only, mode);
        }
    }

    fn rule(&mut self) {
        if self.target(AccessExclusive).is_none() || self.op.kind != OpKind::RuleCreate {
            return;
        }
        let words = self.words();
        if words.is_empty() {
            self.others(RowExclusive);
        }
        // What its actions write and read. `ON UPDATE TO` is no action.
        let start = words.iter().position(|word| word.is("do")).unwrap_or(words.len());
        let actions = words.get(start..).unwrap_or_default();
        let deletes = actions.iter().any(|word| word.is("delete"));
        for (keyword, mode) in [("into", RowExclusive), ("update", RowExclusive), ("from", AccessShare)] {
            for name in names_after(actions, &[keyword]) {
                let mode = if keyword == "from" && deletes { RowExclusive } else { mode };
                self.lock_there(&name, mode);
            }
        }
    }

    /// A lock on a relation, where there is one of that name.
    fn lock_there(&mut self, name: &QualifiedName, mode: LockMode) {
        if let Some(relation) = self.relation(name) {
            self.lock(&relation.name, mode);
        }
    }

    fn policy(&mut self) {
        if self.target(AccessExclusive).is_none() {
            return;
        }
        let words = self.words();
        for name in names_after(&words, &["from", "join"]) {
            self.lock_there(&name, AccessShare);
        }
        if words.is_empty() && self.op.kind != OpKind::PolicyDrop {
            self.others(AccessShare);
        }
    }

    fn create_sequence(&mut self) {
        if self.table().is_some() {
            self.target(AccessShare);
        }
    }

    fn alter_sequence(&mut self) {
        let Some(name) = self.name().cloned() else {
            self.unknown();
            return;
        };
        let Some(sequence) = self.relation(&name) else { return };
        let mode = match self.op.detail {
            "options" | "owned-by" | "" if self.op.kind == OpKind::SequenceAlter => ShareRowExclusive,
            _ => AccessExclusive,
        };
        self.lock(&sequence.name, mode);
        if self.op.detail == "owned-by" && self.table().is_some() {
            self.target(AccessShare);
        }
    }

    /// Tables of a type: each of its attributes is a column of theirs.
    fn alter_type(&mut self) {
        if !matches!(self.op.detail, "add-attribute" | "drop-attribute" | "alter-attribute" | "rename-attribute") {
            return;
        }
        // Without CASCADE the server refuses what concerns the columns of a table.
        if !self.op.cascade {
            return;
        }
        let Some(name) = self.name().cloned() else { return };
        match self.schema.type_named(&name.name) {
            Found::Known(DefinedType::Composite { tables }) => {
                for table in &tables.items {
                    let Some(table) = self.relation(table) else { continue };
                    self.lock(&table.name, AccessExclusive);
                    if self.op.detail == "alter-attribute" {
                        let details = self.object_details();
                        let from = details.part.as_ref().and_then(|name| table.column(name).known());
                        let from = from.and_then(|column| column.data_type);
                        let rewrite = match (from, details.data_type) {
                            (Some(from), Some(to)) => {
                                crate::effects::types::change(&from, &to, self.schema, self.server).rewrite
                            }
                            _ => Tri::Unknown,
                        };
                        self.rewrite(&table, rewrite);
                    }
                }
                if !tables.complete {
                    self.others(AccessExclusive);
                }
            }
            Found::Known(_) | Found::Absent => {}
            Found::Unknown => {
                self.others(AccessExclusive);
                if self.op.detail == "alter-attribute" {
                    self.effects.rewrites.complete = false;
                    self.effects.scans.complete = false;
                }
            }
        }
    }

    fn drop_type(&mut self) {
        if !self.op.cascade {
            return;
        }
        // Columns of the type go with it.
        let found = self.name().map(|name| self.schema.type_named(&name.name));
        match found {
            Some(Found::Known(DefinedType::Domain { columns, .. })) => {
                for (table, _) in &columns.items {
                    self.lock(table, AccessExclusive);
                }
                if !columns.complete {
                    self.others(AccessExclusive);
                }
            }
            Some(Found::Absent) => {}
            _ => self.others(AccessExclusive),
        }
    }

    fn alter_domain(&mut self) {
        let validates = match self.op.detail {
            "add-constraint" => {
                let constraint = self.object_details().constraint;
                !constraint.is_some_and(|constraint| constraint.not_valid || constraint.not_enforced)
            }
            "validate-constraint" | "set-not-null" => true,
            _ => false,
        };
        if !validates {
            return;
        }
        let found = self.name().map(|name| self.schema.type_named(&name.name));
        match found {
            Some(Found::Known(DefinedType::Domain { columns, .. })) => {
                for (table, _) in &columns.items {
                    let Some(table) = self.relation(table) else { continue };
                    self.lock(&table.name, Share);
                    self.scan(&table, Tri::Yes);
                }
                if !columns.complete {
                    self.others(Share);
                    self.effects.scans.complete = false;
                }
            }
            Some(Found::Absent) => {}
            _ => {
                self.others(Share);
                self.effects.scans.complete = false;
            }
        }
    }

    fn comment(&mut self) {
        let mode = match self.op.detail {
            "constraint" | "trigger" | "policy" | "rule" => AccessShare,
            "table" | "column" | "view" | "matview" | "index" | "sequence" | "foreign-table" => ShareUpdateExclusive,
            _ => return,
        };
        if let Some(name) = self.table().or(self.name()).cloned() {
            self.lock_there(&name, mode);
        }
    }

    fn privilege(&mut self) {
        // From 18 on the relation is held while its privileges are changed.
        if self.server.version < 18 {
            return;
        }
        match self.op.detail {
            "" | "table" | "sequence" | "view" | "matview" | "foreign-table" => {
                if let Some(name) = self.table().or(self.name()).cloned() {
                    self.lock_there(&name, AccessShare);
                }
            }
            "all-tables" | "all-sequences" => self.others(AccessShare),
            _ => {}
        }
    }

    fn publication(&mut self) {
        if self.table().is_some() {
            self.target(ShareUpdateExclusive);
            return;
        }
        let words = self.words();
        let all = words.iter().any(|word| word.is("all"));
        let names = names_after(&words, &["table"]);
        for name in names.iter().filter(|_| !all) {
            self.lock_there(name, ShareUpdateExclusive);
        }
        // Further names after commas.
        if words.iter().any(|word| word.is_sign(',')) || (words.is_empty() && self.op.nested.is_some()) {
            self.others(ShareUpdateExclusive);
        }
    }
}

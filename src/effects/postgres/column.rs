//! Columns: added, dropped, renamed and altered in other ways than their type.

use super::proof::proves_not_null;
use super::{Family, Model, known};
use crate::effects::LockMode::{AccessExclusive, AccessShare, ShareRowExclusive, ShareUpdateExclusive};
use crate::effects::types;
use crate::effects::view::{Column, DefinedType, Found, Generated, Relation, RelationKind};
use crate::effects::volatility;
use crate::ir::{ColumnDetails, ConstraintKind, Details, QualifiedName, Tri};

impl Model<'_> {
    fn column_details(&self) -> Option<&ColumnDetails> {
        match &self.op.details {
            Details::Column(details) => Some(details),
            _ => None,
        }
    }

    /// The column's name.
    fn column_name(&self) -> Option<String> {
        let written = self.column_details().and_then(|details| details.name.clone());
        written.or_else(|| self.name().map(|name| name.name.clone()))
    }

    pub(super) fn add_column(&mut self) {
        let Some(column) = self.column_details().cloned() else { return self.unknown() };
        let Some(root) = self.target(AccessExclusive) else { return };
        if self.op.if_not_exists {
            let there = column_named(&root, column.name.as_ref());
            if matches!(there, Found::Known(_)) {
                return;
            }
        }
        let only = self.op.only;
        let family = self.family_of(root, only, AccessExclusive);
        let added = self.added(&column);
        for table in &family.members {
            self.rewrite(table, added.rewrite);
            if added.rewrite != Tri::Yes {
                self.scan(table, added.scan);
            } else if super::holds_rows(table) {
                // A default is computed only where there is a row.
                for sequence in &added.sequences {
                    self.lock(sequence, crate::effects::LockMode::RowExclusive);
                }
            }
            if column.unique || column.primary_key {
                self.build(table, Tri::Yes);
            }
        }
        let validated = added.looked_up;
        if let Some(references) = &column.references {
            let Some(name) = references.table.known().cloned() else {
                self.others(ShareRowExclusive);
                return;
            };
            let itself = family.members.first().is_some_and(|table| table.name.same_object(&name));
            if !itself {
                self.reference(&name);
            }
            if validated != Tri::No {
                self.validate_reference(&family, &name, validated);
            }
        }
    }

    /// What a new column asks of the rows that are there.
    fn added(&self, column: &ColumnDetails) -> Added {
        let version = self.server.version;
        let serial = column.data_type.as_ref().is_some_and(|of| of.name.ends_with("serial"));
        let virtual_column = column.generated.is_some() && !column.generated_stored && version >= 18;
        let mut rewrite = Tri::from(serial || column.identity || column.generated_stored);
        let mut sequences = Vec::new();
        let mut default = column.default.clone().filter(|text| !text.trim().eq_ignore_ascii_case("null"));
        let mut of_domain = Tri::No;
        if let Some(of) = column.data_type.as_ref().filter(|of| !serial && of.dimensions == 0) {
            let of_known = types::base(of, self.schema);
            of_domain = of_known.map_or(Tri::Unknown, |(_, constrained)| constrained);
            if column.default.is_none()
                && let Found::Known(DefinedType::Domain { default: own, .. }) = self.schema.type_named(&of.name)
            {
                default = own;
            }
        }
        rewrite = rewrite.or(of_domain);
        if let Some(text) = &default {
            let calls = volatility::calls(text, self.schema, version);
            rewrite = rewrite.or(calls.volatile);
            sequences = calls.sequences.iter().map(|name| sequence_name(name)).collect();
        }
        if virtual_column {
            rewrite = Tri::No;
        }
        // A foreign key is looked up where a default is written, be it NULL.
        let written = column.default.is_some();
        let valued = default.is_some() || serial || column.identity || column.generated.is_some();
        // A row without a value for a column that may not be null is an error; with one there is nothing to look at.
        let nulls = column.not_null && (virtual_column || !valued);
        let checks = column.constraints.iter().any(|constraint| {
            constraint.kind == ConstraintKind::Check && !constraint.not_valid && !constraint.not_enforced
        });
        Added { rewrite, scan: (nulls || checks).into(), sequences, looked_up: (valued || written).into() }
    }

    pub(super) fn drop_column(&mut self) {
        let column = self.column_name();
        let Some(root) = self.target(AccessExclusive) else { return };
        let there = match &column {
            Some(column) => known(root.column(column).map(|_| ())),
            None => (None, false),
        };
        if there == (None, true) {
            return;
        }
        let only = self.op.only;
        let family = self.family_of(root, only, AccessExclusive);
        let Some(column) = column else {
            self.others(AccessExclusive);
            return;
        };
        for table in &family.members {
            self.drop_parts(table, &column);
        }
    }

    /// What goes with a column.
    fn drop_parts(&mut self, table: &Relation, column: &str) {
        for index in &table.indexes_on(column).items {
            let in_key = index.keys.iter().any(|key| match &key.column {
                Some(name) => name == column,
                None => mentions(&key.text, column),
            });
            let in_predicate = index.predicate.as_ref().is_some_and(|text| mentions(text, column));
            if in_key || in_predicate || index.include.iter().any(|name| name == column) {
                self.lock(&index.name, AccessExclusive);
            }
        }
        let mut key_of_others = Tri::No;
        for constraint in &table.constraints_on(column).items {
            let on_it = constraint.columns.iter().any(|name| name == column);
            if let Some(references) = constraint.references.as_ref().filter(|_| on_it) {
                self.lock(references, AccessExclusive);
            }
            let key = matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
            key_of_others = key_of_others.or((on_it && key).into());
        }
        if !table.is_complete() {
            self.others(AccessExclusive);
        }
        if let Some(sequence) = table.column(column).known().and_then(|column| column.sequence) {
            self.lock(&sequence, AccessExclusive);
        }
        if self.op.cascade {
            if key_of_others != Tri::No {
                for (other, _) in &table.referenced_by().items {
                    self.lock(other, AccessExclusive);
                }
            }
            // Which of the views read the column is not known.
            if !table.knows_users() || !table.read_by().items.is_empty() {
                self.others(AccessExclusive);
            }
        }
    }

    pub(super) fn rename_column(&mut self) {
        self.family(AccessExclusive);
    }

    /// DROP NOT NULL, SET DEFAULT, DROP DEFAULT.
    pub(super) fn column_setting(&mut self) {
        self.family(AccessExclusive);
    }

    pub(super) fn alter_column(&mut self) {
        match self.op.detail {
            "statistics" => {
                self.family(ShareUpdateExclusive);
            }
            // These are about the table itself only.
            "options" => {
                self.target(ShareUpdateExclusive);
            }
            "compression" => {
                self.target(AccessExclusive);
            }
            "add-identity" | "alter-identity" | "drop-identity" => self.identity(),
            "set-expression" => self.set_expression(),
            _ => {
                self.family(AccessExclusive);
            }
        }
    }

    fn identity(&mut self) {
        let column = self.column_name();
        let Some(table) = self.target(AccessExclusive) else { return };
        let mode = match self.op.detail {
            "alter-identity" => ShareRowExclusive,
            _ => AccessExclusive,
        };
        if self.op.detail != "add-identity" {
            let found = column_named(&table, column.as_ref());
            match found.map(|found| found.sequence) {
                Found::Known(Some(sequence)) => self.lock(&sequence, mode),
                Found::Known(None) | Found::Absent => {}
                Found::Unknown => self.others(mode),
            }
        }
        // From 17 on partitions have the identity of their parent.
        if (table.kind == RelationKind::Partitioned || !table.children().complete) && self.server.version >= 17 {
            self.family_of(table, false, AccessExclusive);
        }
    }

    fn set_expression(&mut self) {
        let column = self.column_name();
        let Some(family) = self.family(AccessExclusive) else { return };
        for table in &family.members {
            let found = column_named(table, column.as_ref());
            let stored = match found.map(|found| found.generated) {
                Found::Known(Generated::Stored(_)) => Tri::Yes,
                Found::Known(_) => Tri::No,
                _ if self.server.version < 18 => Tri::Yes,
                _ => Tri::Unknown,
            };
            self.rewrite(table, stored);
        }
    }

    pub(super) fn set_not_null(&mut self) {
        let column = self.column_name();
        let Some(family) = self.family(AccessExclusive) else { return };
        for table in &family.members {
            let answer = column.as_ref().map_or(Tri::Unknown, |column| nulls_looked_for(table, column));
            self.scan(table, answer);
        }
        if !family.complete {
            self.effects.scans.complete = false;
        }
    }

    /// The lock on a table that a foreign key refers to, and its partitions.
    pub(super) fn reference(&mut self, name: &QualifiedName) {
        if let Some(table) = self.relation(name) {
            if table.kind == RelationKind::Partitioned || !table.children().complete {
                let tree = self.tree(table, false);
                let partitioned = tree.members.first().is_some_and(|root| root.kind == RelationKind::Partitioned);
                for (at, member) in tree.members.iter().enumerate() {
                    if at == 0 || partitioned {
                        self.lock(&member.name, ShareRowExclusive);
                    }
                }
                if !tree.complete {
                    self.others(ShareRowExclusive);
                }
            } else {
                self.lock(&table.name, ShareRowExclusive);
            }
        }
    }

    /// A foreign key is looked up for every row: the query opens every index of both tables, and reads the referring
    /// one in full. Whether it reads the other one in full as well is decided by its plan.
    pub(super) fn validate_reference(&mut self, family: &Family, references: &QualifiedName, answer: Tri) {
        for table in &family.members {
            self.scan(table, answer);
            self.planned(table);
        }
        if let Some(table) = self.relation(references) {
            let tree = self.tree(table, false);
            for member in &tree.members {
                self.planned(member);
            }
            let itself = family.members.iter().any(|referring| referring.name.same_object(references));
            if !itself && answer != Tri::No {
                self.effects.scans.complete = false;
            }
        }
    }

    /// The locks that a query takes on the indexes of a table it reads.
    pub(super) fn planned(&mut self, table: &Relation) {
        if !self.planned.insert(table.name.clone()) {
            return;
        }
        // Indexes of partitioned tables are looked at from 16 on.
        if table.kind != RelationKind::Partitioned || self.server.version >= 16 {
            self.lock_indexes(table, AccessShare);
        }
    }
}

/// Whether SET NOT NULL reads the table: unless the column is not null already, or a check proves it.
pub(super) fn nulls_looked_for(table: &Relation, column: &str) -> Tri {
    let own = table.column(column).map(|there| there.not_null);
    let not_valid =
        table.constraints_of(ConstraintKind::NotNull).items.iter().any(|constraint| {
            constraint.validated == Some(false) && constraint.columns.iter().any(|name| name == column)
        });
    if own == Found::Known(Some(true)) && !not_valid {
        return Tri::No;
    }
    let proved = table.constraints_of(ConstraintKind::Check).any(|constraint| proves_not_null(constraint, column));
    let already = match own {
        Found::Known(Some(false)) => Tri::No,
        _ if not_valid => Tri::No,
        _ => Tri::Unknown,
    };
    // What nobody knows of is not counted on: a constraint of that sort is made for this statement, and seen.
    match already.or(proved) {
        Tri::Yes => Tri::No,
        Tri::No => Tri::Yes,
        Tri::Unknown => Tri::Unknown,
    }
}

/// The column of a name that may not be known.
fn column_named(table: &Relation, name: Option<&String>) -> Found<Column> {
    match name {
        Some(name) => table.column(name),
        None if table.is_complete() => Found::Absent,
        None => Found::Unknown,
    }
}

struct Added {
    rewrite: Tri,
    scan: Tri,
    sequences: Vec<QualifiedName>,
    /// A foreign key on the column is looked up for the rows that are there.
    looked_up: Tri,
}

/// A name as it stands in a string.
fn sequence_name(text: &str) -> QualifiedName {
    let part = |text: &str| text.trim_matches('"').to_owned();
    match text.split_once('.') {
        Some((schema, name)) => QualifiedName { schema: Some(part(schema)), name: part(name) },
        None => QualifiedName::bare(part(text)),
    }
}

/// Whether a column is named in an expression.
pub(super) fn mentions(expression: &str, column: &str) -> bool {
    crate::effects::words::words(expression).any(|word| word.name() == Some(column))
}

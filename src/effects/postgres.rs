//! PostgreSQL.
//!
//! Source of the lock modes: PostgreSQL documentation, the page of each command, and "Explicit Locking".

use crate::ir::{ConstraintDetails, ConstraintKind, DataSource, Details, Known, OpKind, Operation, QualifiedName, Tri};

use super::{Effects, Lock, LockMode};

/// What PostgreSQL does for `operation` on `relation`.
pub(super) fn effects(operation: &Operation, relation: Option<&QualifiedName>) -> Effects {
    let mode = mode(operation);
    // An unknown part may hold CONCURRENTLY: then the lock is not known.
    if mode == Acquired::Unknown || operation.is_concurrent() == Tri::Unknown {
        return Effects::default();
    }
    let mut locks = Vec::new();
    if let Acquired::Mode(mode) = mode {
        locks.push(Lock { relation: relation.cloned(), mode });
    }
    if let Some(mode) = referenced_mode(operation) {
        locks.extend(referenced(operation).map(|table| Lock { relation: Some(table), mode }));
    }
    Effects { locks: Some(locks), rewrites: rewrites(operation), scans: scans(operation) }
}

/// The lock on the relation acted on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acquired {
    Mode(LockMode),
    /// No table of the application is locked.
    Nothing,
    /// The model does not know.
    Unknown,
}

fn mode(operation: &Operation) -> Acquired {
    use LockMode::{
        AccessExclusive, AccessShare, Exclusive, RowExclusive, Share, ShareRowExclusive, ShareUpdateExclusive,
    };
    let concurrently = operation.concurrently;
    let mode = match operation.kind {
        OpKind::IndexCreate | OpKind::IndexReindex | OpKind::IndexDrop | OpKind::PartitionDetach if concurrently => {
            ShareUpdateExclusive
        }
        OpKind::IndexCreate | OpKind::IndexReindex => Share,
        OpKind::MatviewRefresh if concurrently => Exclusive,
        OpKind::MatviewAlter if matches!(operation.detail, "parameters" | "cluster-on" | "no-cluster") => {
            ShareUpdateExclusive
        }
        OpKind::IndexDrop
        | OpKind::PartitionDetach
        | OpKind::MatviewRefresh
        | OpKind::TableDrop
        | OpKind::TableRename
        | OpKind::TableTruncate
        | OpKind::ColumnAdd
        | OpKind::ColumnDrop
        | OpKind::ColumnRename
        | OpKind::ColumnRetype
        | OpKind::ColumnSetNotNull
        | OpKind::ColumnDropNotNull
        | OpKind::ColumnSetDefault
        | OpKind::ColumnDropDefault
        | OpKind::ConstraintDrop
        | OpKind::ConstraintRename
        | OpKind::MatviewDrop
        | OpKind::ViewDrop
        | OpKind::PolicyCreate
        | OpKind::PolicyAlter
        | OpKind::PolicyDrop
        | OpKind::TriggerDrop
        | OpKind::TableAlter
        | OpKind::ConstraintAlter
        | OpKind::ViewAlter
        | OpKind::ViewRename
        | OpKind::MatviewRename
        | OpKind::MatviewAlter
        | OpKind::ForeignTableAlter
        | OpKind::ForeignTableRename
        | OpKind::ForeignTableDrop
        | OpKind::RuleCreate
        | OpKind::RuleAlter
        | OpKind::RuleDrop => AccessExclusive,
        // ALTER COLUMN … SET STATISTICS and SET (options) let reads and writes go on.
        OpKind::ColumnAlter => match operation.detail {
            "statistics" | "options" => ShareUpdateExclusive,
            _ => AccessExclusive,
        },
        OpKind::PublicationAlter if operation.table.is_some() => ShareUpdateExclusive,
        OpKind::ConstraintAdd => match &operation.details {
            Details::Constraint(c) if c.kind == ConstraintKind::ForeignKey => ShareRowExclusive,
            _ => AccessExclusive,
        },
        OpKind::ConstraintValidate
        | OpKind::PartitionAttach
        | OpKind::IndexRename
        | OpKind::CommentSet
        | OpKind::SecurityLabelSet
        | OpKind::StatisticsCreate
        | OpKind::TableVacuum
        | OpKind::TableAnalyze => ShareUpdateExclusive,
        OpKind::TriggerAlter if matches!(operation.detail, "rename" | "depends") => AccessExclusive,
        OpKind::TriggerCreate | OpKind::TriggerAlter => ShareRowExclusive,
        OpKind::TableSetStorage => match operation.detail {
            "parameters" | "cluster-on" | "no-cluster" => ShareUpdateExclusive,
            "logged" | "unlogged" | "tablespace" | "access-method" | "cluster" | "vacuum-full" => AccessExclusive,
            _ => return Acquired::Unknown,
        },
        OpKind::DataUpdate | OpKind::DataDelete | OpKind::DataInsert | OpKind::DataMerge => RowExclusive,
        OpKind::DataSelect => AccessShare,
        // ALTER INDEX locks the index and not its table; how strongly depends on the option.
        OpKind::TableLock | OpKind::CodeRun | OpKind::Opaque | OpKind::IndexAlter => return Acquired::Unknown,
        // What is being created is seen by nobody, and these lock no table of the application.
        _ => return Acquired::Nothing,
    };
    Acquired::Mode(mode)
}

/// The lock on the tables that foreign keys of the operation refer to.
fn referenced_mode(operation: &Operation) -> Option<LockMode> {
    match operation.kind {
        OpKind::TableCreate | OpKind::ColumnAdd | OpKind::ConstraintAdd => Some(LockMode::ShareRowExclusive),
        OpKind::DataInsert | OpKind::DataUpdate | OpKind::DataDelete | OpKind::DataMerge => Some(LockMode::AccessShare),
        _ => None,
    }
}

/// Those tables; for a change of rows, the tables it reads.
fn referenced(operation: &Operation) -> impl Iterator<Item = QualifiedName> {
    let of_constraint = |c: &ConstraintDetails| c.references.as_ref().and_then(|r| r.table.known().cloned());
    let tables: Vec<_> = match &operation.details {
        Details::Table(table) => {
            let inline = table.columns.iter().filter_map(|c| c.references.as_ref()?.table.known().cloned());
            inline.chain(table.constraints.iter().filter_map(of_constraint)).collect()
        }
        Details::Column(column) => column.references.iter().filter_map(|r| r.table.known().cloned()).collect(),
        Details::Constraint(constraint) => of_constraint(constraint).into_iter().collect(),
        Details::Data(data) => data.reads.clone(),
        _ => Vec::new(),
    };
    let own = operation.table.as_ref().and_then(Known::known).cloned();
    tables.into_iter().filter(move |table| Some(table) != own.as_ref())
}

/// Whether the table is rewritten, as far as the statement alone tells.
fn rewrites(operation: &Operation) -> Tri {
    match (operation.kind, &operation.details) {
        (OpKind::ColumnRetype, _) => Tri::Unknown,
        (OpKind::ColumnAdd, Details::Column(column)) => {
            if column.generated_stored || column.identity {
                Tri::Yes
            } else if column.default.is_some() {
                Tri::Unknown
            } else {
                Tri::No
            }
        }
        (OpKind::TableSetStorage, _) => {
            let words = ["logged", "unlogged", "tablespace", "access-method", "cluster", "vacuum-full"];
            words.contains(&operation.detail).into()
        }
        (OpKind::ColumnAlter, _) if operation.detail == "set-expression" => Tri::Yes,
        (OpKind::MatviewRefresh, _) => (!operation.concurrently).into(),
        _ => Tri::No,
    }
}

/// Whether a table is read in full, as far as the statement alone tells.
fn scans(operation: &Operation) -> Tri {
    match (operation.kind, &operation.details) {
        (OpKind::IndexCreate | OpKind::IndexReindex | OpKind::ConstraintValidate, _) => Tri::Yes,
        (OpKind::ConstraintAdd, Details::Constraint(c)) => (!c.not_valid && c.using_index.is_none()).into(),
        (OpKind::DataInsert, Details::Data(d)) => {
            if d.source == Some(DataSource::Values) {
                Tri::No
            } else {
                Tri::Unknown
            }
        }
        (
            OpKind::ColumnSetNotNull
            | OpKind::ColumnRetype
            | OpKind::PartitionAttach
            | OpKind::DataUpdate
            | OpKind::DataDelete
            | OpKind::DataMerge
            | OpKind::DataSelect,
            _,
        ) => Tri::Unknown,
        _ => rewrites(operation),
    }
}

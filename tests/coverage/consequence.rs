//! What the server does besides, and no statement names: each sort with its reason.

use ddlint::ir::{Details, OpKind, Operation};

use super::Event;
use super::claims::Claim;

/// The reason why an event is a consequence of what a statement names, and not named itself.
pub(crate) fn reason(event: &Event, operations: &[Operation], claims: &[Claim]) -> Option<&'static str> {
    let any = |test: fn(&Operation) -> bool| operations.iter().any(test);
    if event.object_type == "trigger"
        && event.identity.as_deref().is_some_and(|name| name.contains("RI_ConstraintTrigger"))
    {
        return Some("triggers behind a foreign key");
    }
    if event.tag == "DROP OWNED" || (event.tag == "REVOKE" && any(|op| op.detail == "drop-owned")) {
        return Some("what a role owns and what it may do, in DROP OWNED");
    }
    if event.tag.starts_with("REFRESH")
        || event.identity.as_deref().is_some_and(|name| name.starts_with("pg_temp.pg_temp_"))
    {
        return Some("the temporary table of REFRESH MATERIALIZED VIEW CONCURRENTLY");
    }
    if event.tag.starts_with("ALTER TABLE") && event.kind == "ddl" && any(inherits) {
        return Some("inherited columns that a primary key makes NOT NULL");
    }
    if event.tag == "ALTER FOREIGN TABLE" && any(|op| op.kind == OpKind::ForeignTableCreate) {
        return Some("constraints of a foreign table, which are added behind its columns");
    }
    if event.object_type == "default acl" {
        return Some("an entry of default privileges that is the same as none");
    }
    if claims.iter().any(|claim| claim.meets_elsewhere(event)) {
        return Some("the same part of a child or partition");
    }
    if any(copies)
        && matches!(
            event.tag.as_str(),
            "CREATE INDEX" | "COMMENT" | "CREATE STATISTICS" | "ALTER TABLE" | "CREATE SEQUENCE" | "ALTER SEQUENCE"
        )
    {
        return Some("what LIKE copies");
    }
    if event.tag == "ALTER SEQUENCE" && any(|op| op.kind == OpKind::ColumnRetype) {
        return Some("the sequence of an identity column whose type changes");
    }
    if event.tag == "ALTER PUBLICATION" && any(|op| op.kind == OpKind::PublicationAlter && op.detail.starts_with("set"))
    {
        return Some("what leaves a publication because SET does not name it");
    }
    if any(|op| op.detail == "all-in-tablespace") {
        return Some("what is in a tablespace, in ALL IN TABLESPACE");
    }
    if any(joins) && (event.tag == "CREATE INDEX" || event.kind == "drop" || event.tag == "ALTER TABLE") {
        return Some("the parts of a partition that are made to match those of its table");
    }
    None
}

/// CREATE TABLE … LIKE.
fn copies(op: &Operation) -> bool {
    matches!(&op.details, Details::Table(table) if !table.like.is_empty())
}

/// Columns that come from elsewhere: INHERITS, OF a type.
fn inherits(op: &Operation) -> bool {
    matches!(&op.details, Details::Table(table) if !table.parents.is_empty() || table.of_type.is_some())
}

/// A partition that is made or attached, or a statement that reaches the partitions of its table.
fn joins(op: &Operation) -> bool {
    match &op.details {
        Details::Table(table) if table.partition_of.is_some() => true,
        _ => op.kind == OpKind::PartitionAttach || op.kind == OpKind::PartitionDetach,
    }
}

//! What PostgreSQL refuses inside a transaction block.

use crate::ir::{OpKind, Operation};

/// The command as the server names it in "… cannot run inside a transaction block", where it refuses `operation`
/// there. `partitioned` tells whether the table acted on is a partitioned one.
///
/// Source: every call of `PreventInTransactionBlock` in PostgreSQL 15, tried on a server.
pub(super) fn command(operation: &Operation, partitioned: bool) -> Option<&'static str> {
    let concurrently = operation.concurrently;
    let fixed = match operation.kind {
        OpKind::IndexCreate if concurrently => "CREATE INDEX CONCURRENTLY",
        OpKind::IndexDrop if concurrently => "DROP INDEX CONCURRENTLY",
        OpKind::IndexReindex if concurrently => "REINDEX CONCURRENTLY",
        OpKind::PartitionDetach if concurrently => "ALTER TABLE … DETACH CONCURRENTLY",
        OpKind::IndexReindex => match operation.detail {
            "schema" => "REINDEX SCHEMA",
            "database" => "REINDEX DATABASE",
            "system" => "REINDEX SYSTEM",
            "table" if partitioned => "REINDEX TABLE",
            "index" if partitioned => "REINDEX INDEX",
            _ => return None,
        },
        OpKind::TableVacuum => "VACUUM",
        OpKind::TableSetStorage if operation.detail == "vacuum-full" => "VACUUM",
        OpKind::DatabaseCreate => "CREATE DATABASE",
        OpKind::DatabaseDrop => "DROP DATABASE",
        OpKind::TablespaceCreate => "CREATE TABLESPACE",
        OpKind::TablespaceDrop => "DROP TABLESPACE",
        OpKind::SystemAlter => "ALTER SYSTEM",
        _ => return by_words(operation, partitioned),
    };
    Some(fixed)
}

/// Commands of which no kind tells them apart from their harmless neighbours.
fn by_words(operation: &Operation, partitioned: bool) -> Option<&'static str> {
    // Inside a block the statement's text is that of the block.
    if operation.nested.is_some() {
        return None;
    }
    let words = words(&operation.statement.text);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let has = |phrase: &[&str]| words.windows(phrase.len()).any(|window| window == phrase);
    match (word(0), word(1)) {
        ("CLUSTER", "") => Some("CLUSTER"),
        ("CLUSTER", "VERBOSE") if words.len() == 2 => Some("CLUSTER"),
        ("CLUSTER", _) if partitioned => Some("CLUSTER"),
        ("ALTER", "DATABASE") if has(&["SET", "TABLESPACE"]) => Some("ALTER DATABASE SET TABLESPACE"),
        ("CREATE", "SUBSCRIPTION") => makes_a_slot(&words).then_some("CREATE SUBSCRIPTION … WITH (create_slot = true)"),
        ("DROP", "SUBSCRIPTION") => Some("DROP SUBSCRIPTION"),
        ("ALTER", "SUBSCRIPTION") if has(&["REFRESH", "PUBLICATION"]) => Some("ALTER SUBSCRIPTION … REFRESH"),
        ("DISCARD", "ALL") => Some("DISCARD ALL"),
        _ => None,
    }
}

/// Whether CREATE SUBSCRIPTION makes a replication slot: unless it is told not to, or not even to connect.
fn makes_a_slot(words: &[String]) -> bool {
    let off = |option: &str| {
        let at = words.iter().position(|word| word == option);
        at.and_then(|at| words.get(at + 1)).is_some_and(|value| matches!(value.as_str(), "FALSE" | "OFF" | "0" | "NO"))
    };
    !(off("CREATE_SLOT") || off("CONNECT"))
}

/// The words of a statement in upper case, without comments, strings and signs. No more of them than are asked for.
fn words(text: &str) -> Vec<String> {
    const MOST: usize = 64;
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next().filter(|_| words.len() < MOST) {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if first == '\'' || first == '"' {
            rest.get(1..).and_then(|inner| inner.find(first)).map_or(rest.len(), |at| at + 2)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            words.push(rest.get(..end).unwrap_or_default().to_uppercase());
            end
        } else {
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::sql::{ReadOptions, read};
    use crate::frontend::text::SqlText;
    use crate::span::FileId;

    fn refused(sql: &str) -> Option<&'static str> {
        let operations = read(&SqlText::of_file(FileId(0), sql), ReadOptions::default());
        command(operations.first().expect("a statement"), sql.contains("parted"))
    }

    /// The same list was run between BEGIN and ROLLBACK on PostgreSQL 15.
    #[test]
    fn what_the_server_refuses() {
        for sql in [
            "VACUUM",
            "-- tidy\nVACUUM (ANALYZE) t",
            "VACUUM FULL t",
            "CREATE DATABASE d",
            "DROP DATABASE IF EXISTS d",
            "ALTER DATABASE d SET TABLESPACE pg_default",
            "ALTER SYSTEM SET work_mem = '5MB'",
            "ALTER SYSTEM RESET ALL",
            "REINDEX DATABASE d",
            "REINDEX SYSTEM d",
            "REINDEX SCHEMA public",
            "REINDEX TABLE CONCURRENTLY t",
            "REINDEX TABLE parted",
            "CREATE TABLESPACE x LOCATION '/srv'",
            "DROP TABLESPACE IF EXISTS x",
            "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
            "DROP SUBSCRIPTION s",
            "CLUSTER",
            "CLUSTER VERBOSE",
            "CLUSTER parted USING i",
            "DISCARD ALL",
            "DROP INDEX CONCURRENTLY i",
        ] {
            assert!(refused(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn what_the_server_allows() {
        for sql in [
            "ANALYZE",
            "ALTER DATABASE d SET work_mem = '5MB'",
            "ALTER DATABASE d RENAME TO e",
            "REINDEX TABLE t",
            "REINDEX INDEX i",
            "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false)",
            "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (copy_data, create_slot = off)",
            "CLUSTER t USING i",
            "DISCARD TEMP",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "CHECKPOINT",
            "COMMENT ON TABLE t IS 'VACUUM'",
        ] {
            assert_eq!(refused(sql), None, "{sql}");
        }
    }
}

//! What the reader makes of statements, one line per operation.

use std::fmt::Write as _;

use super::{ReadOptions, read};
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::ir::{Details, OpaqueReason, Operation, Where};
use crate::span::FileId;

/// `kind table name flags @start..end`
fn show(op: &Operation) -> String {
    let mut out = op.kind.as_str().to_owned();
    if !op.detail.is_empty() {
        let _ = write!(out, "/{}", op.detail);
    }
    if let Some(table) = &op.table {
        let _ = write!(out, " {table}");
    }
    if let Some(name) = &op.name {
        let _ = write!(out, " .{name}");
    }
    let flags = [
        (op.concurrently, "concurrently"),
        (op.if_exists, "if-exists"),
        (op.if_not_exists, "if-not-exists"),
        (op.cascade, "cascade"),
        (op.conditional, "conditional"),
    ];
    for (_, word) in flags.iter().filter(|(set, _)| *set) {
        let _ = write!(out, " {word}");
    }
    match &op.details {
        Details::Opaque(OpaqueReason::Broken(_)) => out.push_str(" broken"),
        Details::Opaque(OpaqueReason::NotUnderstood(_)) => out.push_str(" not-understood"),
        Details::Opaque(OpaqueReason::Unresolved(_)) => out.push_str(" unresolved"),
        Details::Setting(set) => {
            let _ = write!(out, " {}={}", set.name, set.value.as_deref().unwrap_or("?"));
            out.push_str(if set.local { " local" } else { "" });
        }
        Details::Data(data) => show_data(&mut out, data),
        _ => {}
    }
    let _ = write!(out, " @{}..{}", op.span.start, op.span.end);
    out
}

fn show_data(out: &mut String, data: &crate::ir::DataDetails) {
    if let Some(source) = data.source {
        let _ = write!(out, " {}", source.as_str());
    }
    if let Some(rows) = data.rows {
        let _ = write!(out, " rows={rows}");
    }
    for set in &data.assignments {
        let _ = write!(out, " {}:={}", set.column, set.value);
    }
    match &data.condition {
        Where::Absent => {}
        Where::Always => out.push_str(" where-always"),
        Where::Unknown => out.push_str(" where-unknown"),
        Where::Predicate(predicate) => {
            for term in &predicate.terms {
                let _ = write!(out, " [{} {:?} {:?}]", term.column, term.operator, term.value);
            }
            out.push_str(if predicate.complete { "" } else { " …" });
        }
    }
    if data.limited || data.limit.is_some() {
        let _ = write!(out, " limit={:?}{}", data.limit, if data.limited { "" } else { "(list)" });
    }
    for (_, word) in [(data.skip_locked, "skip-locked"), (data.on_conflict, "on-conflict")].iter().filter(|(set, _)| *set) {
        let _ = write!(out, " {word}");
    }
}

fn lines(sql: &str, dialect: Dialect) -> Vec<String> {
    let text = SqlText::of_file(FileId(0), sql);
    read(&text, ReadOptions { dialect, query: 0 }).iter().map(show).collect()
}

/// Asserts that `sql` gives these operations.
#[track_caller]
fn check(sql: &str, expected: &[&str]) {
    assert_eq!(lines(sql, Dialect::Postgres), expected, "{sql}");
}

#[test]
fn an_index_is_read_with_its_table_and_its_place() {
    check(
        "CREATE INDEX CONCURRENTLY ix_orders_note ON orders (note);",
        &["index.create orders .ix_orders_note concurrently @0..57"],
    );
    check(
        "create unique index if not exists \"Ix\" on only Shop.Orders using gin (lower(note), id desc) where note is null",
        &["index.create shop.orders .Ix if-not-exists @0..110"],
    );
    check("DROP INDEX CONCURRENTLY IF EXISTS a, s.b", &[
        "index.drop .a concurrently if-exists @0..40",
        "index.drop .s.b concurrently if-exists @0..40",
    ]);
    check("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", &["index.reindex/table t concurrently @0..39"]);
}

#[test]
fn each_action_of_alter_table_is_an_operation() {
    check("ALTER TABLE ONLY t ADD COLUMN a int DEFAULT (1), DROP COLUMN b, FROBNICATE c, ADD CONSTRAINT k CHECK (a > 0) NOT VALID", &[
        "column.add t .a @19..47",
        "column.drop t .b @49..62",
        "opaque t not-understood @64..76",
        "constraint.add t .k @78..118",
    ]);
    check("ALTER TABLE t ALTER c SET NOT NULL", &["column.set-not-null t .c @0..34"]);
    check("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", &["partition.detach t .p concurrently @0..45"]);
    check("ALTER TABLE t ATTACH PARTITION p DEFAULT", &["partition.attach/default t .p @0..40"]);
}

#[test]
fn changes_of_rows_are_read() {
    check("UPDATE t AS x SET a = 1, b = x.c WHERE x.a IS NULL AND id > $1", &[
        "data.update t a:=1 b:=x.c [a IsNull None] [id Order Parameter] @0..62",
    ]);
    check("DELETE FROM t WHERE true", &["data.delete t where-always @0..24"]);
    check("DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 500 FOR UPDATE SKIP LOCKED)", &[
        "data.delete t [id In Query { limited: true }] limit=Some(500) skip-locked @0..77",
    ]);
    check(
        "WITH b AS (SELECT id FROM t LIMIT %s) UPDATE t SET a = 1 FROM b WHERE t.id = b.id",
        &["data.update t a:=1 [id Equal Expression(\"b.id\")] limit=None @0..81"],
    );
    check("INSERT INTO t (a, b) VALUES (1, 2), (3, 4) ON CONFLICT DO NOTHING", &[
        "data.insert t values rows=2 on-conflict @0..65",
    ]);
    check("INSERT INTO t SELECT * FROM u", &["data.insert t select @0..29"]);
}

#[test]
fn a_block_is_read_to_the_statements_inside_it() {
    check(
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'x') THEN CREATE TYPE x AS ENUM ('a'); END IF; END $$;",
        &["type.create/enum .x if-not-exists conditional @75..102"],
    );
    check("DO $$ DECLARE n int; BEGIN n := 1; EXECUTE format('DROP TABLE %I', n); EXECUTE q; END $$", &[
        "table.drop {n} @51..64",
        "opaque unresolved @79..80",
    ]);
    check("DO $x$ BEGIN ALTER TABLE t ADD COLUMN a int; EXCEPTION WHEN duplicate_column THEN RAISE NOTICE 'x'; END; $x$", &[
        "column.add t .a if-not-exists @13..43",
    ]);
    check("DO $$ BEGIN RAISE NOTICE 'DROP TABLE t'; END $$", &["other/do @0..47"]);
    check("DO 'BEGIN EXECUTE ''DROP TABLE t''; END'", &["table.drop t @20..32"]);
}

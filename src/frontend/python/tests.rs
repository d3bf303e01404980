//! Short scripts and the operations they come to.

use super::read;
use crate::config::Dialect;
use crate::ir::{Direction, GuardKind, Migration, Operation};
use crate::source::{Language, NoModules, Role, Runner, SourceFile};
use crate::span::{FileId, LineIndex};

fn source(text: &str) -> SourceFile {
    SourceFile {
        id: FileId(0),
        path: "migrate.py".into(),
        text: text.into(),
        lines: LineIndex::new(text),
        language: Language::Python,
        role: Role::Migrations,
        runner: Runner::Script,
        dialect: Dialect::Postgres,
        why: String::new(),
        source: true,
        down: false,
        transaction: None,
        helper: false,
        problems: Vec::new(),
        exact: true,
    }
}

fn operation(op: &Operation, text: &str) -> String {
    let mut out = format!("  {}", op.kind.as_str());
    if let Some(table) = &op.table {
        out += &format!(" {table}");
    }
    out += &format!(" {}", op.context.scope.kind.as_str());
    for guard in &op.context.guards {
        out += match guard.kind {
            GuardKind::Absent => " absent",
            GuardKind::Present => " present",
            GuardKind::Dialect(dialect) => dialect.as_str(),
            GuardKind::Other => " other",
        };
    }
    if op.context.in_loop {
        out += " loop";
    }
    if op.context.failure_swallowed {
        out += " swallowed";
    }
    let slice = op.statement.span.slice(text).split_whitespace().collect::<Vec<_>>().join(" ");
    out + &format!(" | {slice}\n")
}

fn migration(migration: &Migration, text: &str) -> String {
    let down = if migration.direction == Direction::Down { " (down)" } else { "" };
    let operations: String = migration.operations.iter().map(|op| operation(op, text)).collect();
    format!("{}{down}\n{operations}", migration.name)
}

fn shown(text: &str) -> String {
    let reading = read(&source(text), &NoModules);
    reading.migrations.iter().map(|m| migration(m, text)).collect()
}

#[test]
fn a_wrapper_decides_the_transaction_and_the_literal_is_the_place() {
    let text = "def exec_ddl(engine, sql):\n    with engine.begin() as conn:\n        conn.execute(text(sql))\n\n\ndef upgrade(engine):\n    exec_ddl(engine, \"ALTER TABLE t ADD x int\")\n";
    assert_eq!(shown(text), "upgrade\n  column.add t explicit | ALTER TABLE t ADD x int\n");
}

#[test]
fn a_statement_put_together_from_arguments_is_placed_at_the_call() {
    let text = "def add(conn, table, column):\n    conn.execute(text(f'ALTER TABLE {table} ADD {column} int'))\n\n\ndef upgrade(conn):\n    add(conn, 't', 'x')\n";
    assert_eq!(shown(text), "upgrade\n  column.add t unknown | add(conn, 't', 'x')\n");
}

#[test]
fn numbered_comments_cut_a_function_into_migrations() {
    let text = "def migrate(conn):\n    # Migration 1: a\n    if not check_column_exists(conn, 't', 'a'):\n        conn.execute('ALTER TABLE t ADD a int')\n    # Migration 2: b\n    conn.execute('ALTER TABLE t ADD b int')\n";
    assert_eq!(
        shown(text),
        "Migration 1: a\n  column.add t unknown absent | ALTER TABLE t ADD a int\nMigration 2: b\n  column.add t unknown | ALTER TABLE t ADD b int\n"
    );
}

#[test]
fn text_that_is_only_shown_is_no_operation() {
    assert_eq!(shown("def upgrade(conn):\n    print('DROP TABLE t')\n    log.info('UPDATE t SET a = 1')\n"), "");
}

#[test]
fn loops_over_literals_are_unrolled() {
    let text = "def upgrade(conn):\n    for name, sql in {'a': 'DROP TABLE a', 'b': 'DROP TABLE b'}.items():\n        conn.execute(text(sql))\n";
    assert_eq!(shown(text), "upgrade\n  table.drop a unknown | DROP TABLE a\n  table.drop b unknown | DROP TABLE b\n");
}

#[test]
fn autocommit_and_downgrade_are_seen() {
    let text = "engine = create_engine('x')\n\ndef upgrade():\n    with engine.connect().execution_options(isolation_level='AUTOCOMMIT') as conn:\n        conn.execute(text('DROP TABLE a'))\n\n\ndef downgrade():\n    with engine.begin() as conn:\n        conn.execute(text('DROP TABLE b'))\n";
    assert_eq!(
        shown(text),
        "upgrade\n  table.drop a none | DROP TABLE a\ndowngrade (down)\n  table.drop b explicit | DROP TABLE b\n"
    );
}

#[test]
fn hostile_nesting_is_refused() {
    let text = format!("x = {}1{}\n", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(read(&source(&text), &NoModules).problems.len(), 1);
    let text = format!("x = 1{}\n", " + 1".repeat(10_000));
    assert_eq!(read(&source(&text), &NoModules).problems.len(), 1);
}

#[test]
fn a_damaged_source_still_gives_its_sql() {
    let text = "def upgrade(conn):\n    print 'x'\n    conn.execute('DROP TABLE t')\n";
    assert!(shown(text).contains("table.drop t"), "{}", shown(text));
}

#[test]
fn records_of_an_index_registry_are_operations_with_their_record() {
    let text =
        "INDEXES = [\n    {'name': 'ix_a', 'sql': 'CREATE INDEX CONCURRENTLY ix_a ON t (a)', 'critical': True},\n]\n";
    let reading = read(&source(text), &NoModules);
    assert_eq!(reading.shape, Some(Role::Indexes));
    let record = reading.migrations[0].operations[0].context.record.clone().expect("a record");
    assert_eq!(record.registry, "INDEXES");
    assert_eq!(record.fields["critical"].known().map(String::as_str), Some("True"));
}

#[test]
fn a_text_extended_under_a_condition_is_each_of_its_texts() {
    let text = "def upgrade(conn, x):\n    q = 'DELETE FROM t'\n    if x:\n        q += ' WHERE a = 1'\n    conn.execute(text(q))\n";
    assert_eq!(shown(text).matches("data.delete t").count(), 2, "{}", shown(text));
}

#[test]
fn a_conditional_part_of_a_statement_gives_both_statements() {
    let text = "def upgrade(conn, pg):\n    c = 'CONCURRENTLY' if pg else ''\n    conn.execute(f'CREATE INDEX {c} i ON t (a)')\n";
    assert_eq!(shown(text).matches("index.create t").count(), 2, "{}", shown(text));
}

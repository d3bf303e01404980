//! Short scripts and the operations they come to.

mod rows;

use super::{Reader, Reading, read};
use crate::ir::{
    DataSource, Details, Direction, GuardKind, Migration, OpKind, OpaqueReason, Operation, TransactionKind, Where,
};
use crate::source::{Language, Modules, NoModules, Role, Runner, SourceFile};
use crate::span::FileId;

fn source(text: &str) -> SourceFile {
    SourceFile { runner: Runner::Script, ..SourceFile::of_text(FileId(0), "migrate.py", text, Language::Python) }
}

fn operation(op: &Operation, text: &str) -> String {
    let table = op.table.as_ref().map(|table| format!(" {table}")).unwrap_or_default();
    let mut out = format!("  {}{table} {}", op.kind.as_str(), op.context.scope.kind.as_str());
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

/// A project of the script and one helper, `helpers.py`.
struct Helper(std::sync::Arc<SourceFile>);

impl Modules for Helper {
    fn module(&self, _from: &SourceFile, _level: u32, dotted: &str) -> Option<std::sync::Arc<SourceFile>> {
        (dotted == "helpers" || dotted == "project.helpers").then(|| self.0.clone())
    }
}

fn with_helper(text: &str, helper: &str) -> Reading {
    let helper = SourceFile { id: FileId(1), path: "helpers.py".into(), helper: true, ..source(helper) };
    Reader::default().read(&source(text), &Helper(std::sync::Arc::new(helper)))
}

fn operations(text: &str) -> Vec<Operation> {
    read(&source(text), &NoModules).migrations.into_iter().flat_map(|migration| migration.operations).collect()
}

fn first(text: &str) -> Operation {
    let reading = read(&source(text), &NoModules);
    reading.migrations[0].operations[0].clone()
}

#[test]
fn a_helper_of_another_file_sends_what_it_is_given() {
    let helper = "def exec_ddl(engine, sql):\n    with engine.begin() as conn:\n        conn.execute(text(sql))\n";
    let text = "from project.helpers import exec_ddl\n\n\ndef upgrade(engine):\n    exec_ddl(engine, 'DROP TABLE t')\n";
    let reading = with_helper(text, helper);
    let operation = &reading.migrations[0].operations[0];
    assert_eq!(operation.statement.span.slice(text), "DROP TABLE t");
    assert_eq!(operation.context.scope.kind, TransactionKind::Explicit);
    assert_eq!(operation.context.helpers, ["upgrade", "exec_ddl"]);
    assert_eq!(reading.calls.not_followed(), 0);
}

#[test]
fn a_helper_whose_text_it_is_shows_the_call_that_leads_there() {
    let text = "import helpers\n\n\ndef upgrade(conn):\n    helpers.drop(conn)\n";
    let reading = with_helper(text, "def drop(conn):\n    conn.execute('DROP TABLE t')\n");
    let operation = &reading.migrations[0].operations[0];
    assert_eq!(operation.statement.span.slice(text), "helpers.drop(conn)");
    assert_eq!(operation.context.via.len(), 1);
    assert_eq!(operation.context.origins, [FileId(1)]);
}

#[test]
fn an_import_that_nothing_uses_is_not_read() {
    struct Refuses;
    impl Modules for Refuses {
        fn module(&self, _: &SourceFile, _: u32, dotted: &str) -> Option<std::sync::Arc<SourceFile>> {
            assert_ne!(dotted, "application");
            None
        }
    }
    let text =
        "from application import app\nimport application\n\n\ndef upgrade(conn):\n    conn.execute('DROP TABLE t')\n";
    let reading = Reader::default().read(&source(text), &Refuses);
    assert_eq!((reading.migrations.len(), reading.problems.len()), (1, 0));
}

#[test]
fn files_that_import_each_other_come_to_an_end() {
    let text = "from helpers import later\n\n\ndef upgrade(conn):\n    later(conn)\n";
    assert_eq!(with_helper(text, "from helpers import later\nfrom project.helpers import *\n").migrations.len(), 0);
}

#[test]
fn a_loop_until_nothing_is_left_is_a_loop_in_the_transaction_around_it() {
    let text = "def upgrade(engine):\n    with engine.begin() as conn:\n        while True:\n            conn.execute(text('UPDATE t SET a = 1'))\n";
    let context = first(text).context;
    assert!(context.in_loop && context.loop_in_transaction && context.endless_loop);
    let text = "def upgrade(conn):\n    while True:\n        n = conn.execute(text('UPDATE t SET a = 1')).rowcount\n        conn.commit()\n        if not n:\n            break\n";
    let context = first(text).context;
    assert!(context.in_loop && !context.loop_in_transaction && !context.endless_loop);
}

#[test]
fn a_failure_that_is_caught_is_swallowed_and_one_that_is_raised_again_is_not() {
    let text =
        "def upgrade(conn):\n    try:\n        conn.execute('DROP TABLE t')\n    except Exception:\n        pass\n";
    assert!(first(text).context.failure_swallowed);
    let text =
        "def upgrade(conn):\n    try:\n        conn.execute('DROP TABLE t')\n    except Exception:\n        raise\n";
    assert!(!first(text).context.failure_swallowed);
}

#[test]
fn spans_lead_back_through_escapes_and_line_ends() {
    let text = "def upgrade(conn):\r\n    conn.execute('DROP\\n TABLE\\x20t; DROP TABLE \\u0075')\r\n";
    let reading = read(&source(text), &NoModules);
    let spans: Vec<_> = reading.migrations[0].operations.iter().map(|op| op.statement.span.slice(text)).collect();
    assert_eq!(spans, ["DROP\\n TABLE\\x20t", "DROP TABLE \\u0075"]);
}

#[test]
fn decorated_and_asynchronous_functions_are_entries() {
    let text = "@upgrade_table.register(description='x')\nasync def upgrade_v2(conn: Connection) -> None:\n    await conn.execute('ALTER TABLE t ADD a int')\n";
    assert_eq!(shown(text), "upgrade_v2\n  column.add t unknown | ALTER TABLE t ADD a int\n");
}

#[test]
fn a_commit_proves_that_the_driver_began_a_transaction() {
    let text =
        "def upgrade(conn):\n    conn.execute('DROP TABLE a')\n    conn.commit()\n    conn.execute('DROP TABLE b')\n";
    let reading = read(&source(text), &NoModules);
    let scopes: Vec<_> = reading.migrations[0].operations.iter().map(|op| op.context.scope).collect();
    assert!(scopes.iter().all(|scope| scope.kind == TransactionKind::Runner));
    assert_ne!(scopes[0].id, scopes[2].id);
}

#[test]
fn a_step_has_its_statement_and_the_one_that_undoes_it() {
    let text = "from yoyo import step\nsteps = [step('ALTER TABLE t ADD a int', 'ALTER TABLE t DROP a')]\n";
    assert_eq!(
        shown(text),
        "migrate\n  column.add t runner | ALTER TABLE t ADD a int\nmigrate (down)\n  column.drop t runner | ALTER TABLE t DROP a\n"
    );
}

#[test]
fn sql_that_an_upgrade_returns_to_aerich_is_executed() {
    let text = "async def upgrade(db: BaseDBAsyncClient) -> str:\n    return \"\"\"ALTER TABLE t ADD a int\"\"\"\n\n\nasync def downgrade(db) -> str:\n    return \"\"\"ALTER TABLE t DROP a\"\"\"\n";
    assert_eq!(
        shown(text),
        "upgrade\n  column.add t runner | ALTER TABLE t ADD a int\ndowngrade (down)\n  column.drop t runner | ALTER TABLE t DROP a\n"
    );
}

#[test]
fn rows_of_a_session_are_inserted_and_changed() {
    let text = "def upgrade(session):\n    session.add_all([Note(a=1), Note(a=2)])\n    for note in session.query(Note).all():\n        note.author = 'x'\n    session.commit()\n";
    let operations = &read(&source(text), &NoModules).migrations[0].operations;
    let Details::Data(inserted) = &operations[0].details else { panic!("an insert") };
    assert_eq!((inserted.source, inserted.rows), (Some(DataSource::Orm), Some(2)));
    let Details::Data(changed) = &operations[1].details else { panic!("an update") };
    assert_eq!((operations[1].kind, &changed.condition), (OpKind::DataUpdate, &Where::Unknown));
    assert!(operations[1].context.in_loop);
}

#[test]
fn rows_copied_by_a_cursor_are_inserted() {
    let text = "def upgrade(cur, f):\n    cur.copy_from(f, 'notes')\n";
    assert_eq!(shown(text), "upgrade\n  data.insert notes unknown | cur.copy_from(f, 'notes')\n");
}

#[test]
fn a_loop_over_rows_that_were_read_is_told_from_others() {
    let per_row = |loop_: &str| {
        let text = format!(
            "def upgrade(conn, given):\n    rows = conn.execute('SELECT id FROM a').fetchall()\n    {loop_}:\n        conn.execute('INSERT INTO b (id) VALUES (%s)', (row,))\n"
        );
        let operation = operations(&text).into_iter().find(|op| op.kind == OpKind::DataInsert).expect("an insert");
        operation.context.per_row
    };
    assert!(per_row("for row in rows"));
    assert!(per_row("for row in [r for r in rows]"));
    assert!(per_row("for row, in rows"));
    assert!(!per_row("for row in given"));
    assert!(!per_row("for row in (1, 2)"));
}

#[test]
fn the_session_of_flask_works_in_a_transaction() {
    let kind = |receiver: &str| {
        let text = format!("def run(db, other):\n    {receiver}.execute('DROP TABLE t')\n");
        first(&text).context.scope.kind
    };
    assert_eq!(kind("db.session"), TransactionKind::Runner);
    assert_eq!(kind("other.thing"), TransactionKind::Unknown);
}

#[test]
fn sql_that_a_pattern_rewrites_is_the_sql_that_is_sent() {
    for rewrite in ["re.sub(r'\\?', '%s', sql)", "MARK.sub('%s', sql)"] {
        let text = format!(
            "import re\nMARK = re.compile('x')\n\n\ndef run(cursor, sql):\n    cursor.execute({rewrite})\n\n\ndef upgrade(cursor):\n    run(cursor, 'UPDATE t SET a = 1')\n"
        );
        assert!(shown(&text).contains("data.update t"), "{}", shown(&text));
    }
}

#[test]
fn what_an_index_object_says_is_kept() {
    let text = "def upgrade(conn):\n    Index('IX_a', notes.c.author, unique=True).create(conn)\n";
    let operation = first(text);
    let Details::Index(index) = &operation.details else { panic!("an index") };
    assert!(index.unique);
    assert_eq!(index.columns[0].text, "author");
    assert_eq!(operation.name.expect("a name").to_string(), "ix_a");
    assert_eq!(operation.table.expect("a table").to_string(), "notes");
}

#[test]
fn membership_is_a_guard_only_where_it_speaks_of_objects() {
    let kind = |test: &str| {
        let text = format!("def upgrade(conn):\n    if {test}:\n        conn.execute('DROP TABLE t')\n");
        first(&text).context.guards[0].kind.clone()
    };
    assert_eq!(kind("'note' not in columns"), GuardKind::Absent);
    assert_eq!(kind("'t' in inspect(conn).get_table_names()"), GuardKind::Present);
    assert_eq!(kind("mode in sys.argv"), GuardKind::Other);
    assert_eq!(kind("'--force' not in arguments"), GuardKind::Other);
}

#[test]
fn the_origin_of_a_list_tells_what_it_holds() {
    let text = "def upgrade(conn):\n    names = [row[1] for row in conn.execute('PRAGMA table_info(t)')]\n    if 'a' not in names:\n        conn.execute('ALTER TABLE t ADD a int')\n";
    assert!(shown(text).contains("column.add t unknown absent |"), "{}", shown(text));
}

#[test]
fn cases_are_guards_and_dispatch() {
    let text = "def main(conn, action):\n    match action:\n        case 'up':\n            conn.execute('DROP TABLE a')\n        case 'down' | 'rollback':\n            conn.execute('DROP TABLE b')\n";
    let down = "main (down)\n  table.drop b unknown other other | DROP TABLE b\n";
    assert_eq!(shown(text), format!("main\n  table.drop a unknown other | DROP TABLE a\n{down}"));
}

#[test]
fn generators_and_nested_comprehensions_are_lists() {
    let text = "def statements():\n    yield 'DROP TABLE a'\n    yield from ['DROP TABLE b']\n\n\ndef upgrade(conn):\n    for sql in statements():\n        conn.execute(sql)\n    for sql in [f'DROP TABLE {s}.{t}' for s in ('x', 'y') for t in ('c', 'd')]:\n        conn.execute(sql)\n";
    assert_eq!(shown(text).matches("table.drop").count(), 6, "{}", shown(text));
}

#[test]
fn a_conditional_argument_of_a_template_gives_both_statements() {
    for template in ["'CREATE INDEX %s i ON t (a)' % c", "'CREATE INDEX {} i ON t (a)'.format(c)"] {
        let text =
            format!("def upgrade(conn, pg):\n    c = 'CONCURRENTLY' if pg else ''\n    conn.execute({template})\n");
        assert_eq!(shown(&text).matches("index.create t").count(), 2, "{}", shown(&text));
    }
}

#[test]
fn the_end_of_following_is_said_at_its_place() {
    let unresolved = |text: &str| {
        let reading = read(&source(text), &NoModules);
        let operations = reading.migrations.iter().flat_map(|migration| &migration.operations);
        let opaque = operations.filter(|op| matches!(op.details, Details::Opaque(OpaqueReason::Unresolved(_))));
        opaque.map(|op| op.statement.span.start).collect::<Vec<_>>()
    };
    let names: Vec<_> = (0..2_001).map(|at| format!("'t{at}'")).collect();
    let names = names.join(", ");
    let text = format!("def upgrade(conn):\n    for name in [{names}]:\n        conn.execute('DROP TABLE ' + name)\n");
    assert_eq!(unresolved(&text).len(), 1);
    let deep: Vec<_> = (0..30).map(|at| format!("def f{at}(conn):\n    f{}(conn)\n\n\n", at + 1)).collect();
    let deep = deep.concat();
    assert_eq!(unresolved(&format!("{deep}def f30(conn):\n    conn.execute('DROP TABLE t')\n")).len(), 1);
}

#[test]
fn a_text_that_a_function_splits_is_read_whole() {
    let text = "SQL = '''\nCREATE INDEX i ON t (a);\nCREATE INDEX j ON t (b);\n'''\n\n\ndef upgrade(cur):\n    for statement in get_statements(SQL.splitlines()):\n        cur.execute(statement)\n\n\ndef get_statements(lines):\n    for line in lines:\n        yield line.partition(';')[0]\n";
    assert_eq!(
        shown(text),
        "upgrade\n  index.create t unknown | CREATE INDEX i ON t (a)\n  index.create t unknown | CREATE INDEX j ON t (b)\n"
    );
}

/// Why each operation that is not known is not.
fn reasons(text: &str) -> Vec<String> {
    let unresolved = |op: Operation| match op.details {
        Details::Opaque(OpaqueReason::Unresolved(reason)) => Some(reason),
        _ => None,
    };
    operations(text).into_iter().filter_map(unresolved).collect()
}

#[test]
fn a_directive_from_elsewhere_is_named() {
    let text = "from alembic import op\n\n\ndef upgrade():\n    op.create_entity(view)\n";
    assert_eq!(reasons(text), ["`create_entity` is a directive that is defined elsewhere"]);
}

#[test]
fn a_method_of_something_unknown_is_unknown_for_its_reason() {
    let text = "def upgrade(conn):\n    conn.execute(load().split(';')[0])\n";
    assert_eq!(reasons(text), ["`load` is not defined in this project"]);
}

#[test]
fn a_call_that_sends_one_of_two_unknown_texts_is_told_once() {
    let text = "def upgrade(conn):\n    sql = load() if fast() else other()\n    conn.execute(sql)\n";
    assert_eq!(reasons(text).len(), 1);
}

#[test]
fn what_is_chosen_by_the_dialect_is_chosen_for_the_code_around_it() {
    let text = "from alembic import op\nimport sqlalchemy as sa\n\n\ndef kind():\n    if op.get_bind().dialect.name == 'mysql':\n        return sa.Text()\n    return sa.JSON()\n\n\ndef upgrade():\n    if op.get_bind().dialect.name == 'mysql':\n        sql = 'DROP TABLE `a`'\n    else:\n        sql = 'DROP TABLE b'\n    op.execute(sql)\n    op.add_column('t', sa.Column('c', kind()))\n";
    assert_eq!(
        shown(text),
        "upgrade\n  table.drop b runner | DROP TABLE b\n  column.add t runner | op.add_column('t', sa.Column('c', kind()))\n"
    );
    let Details::Column(column) = operations(text).remove(1).details else { panic!("a column") };
    assert_eq!(column.data_type.map(|of| of.to_string()).as_deref(), Some("json"));
}

#[test]
fn helpers_that_call_themselves_or_each_other_come_to_an_end() {
    let text = "from alembic import op\n\n\ndef a(n):\n    op.execute(f'DROP TABLE a{n}')\n    b(n)\n\n\ndef b(n):\n    a(n)\n\n\ndef upgrade():\n    a(1)\n";
    assert!(shown(text).contains("table.drop a1"), "{}", shown(text));
}

/// Files of one folder, by name.
struct Beside(std::collections::BTreeMap<&'static str, std::sync::Arc<SourceFile>>);

impl Beside {
    fn of(files: &[(&'static str, &str)]) -> Self {
        let file = |(at, (name, text)): (usize, &(&'static str, &str))| {
            let id = FileId(u32::try_from(at + 1).expect("few files"));
            let python = std::path::Path::new(name).extension().is_some_and(|ending| ending == "py");
            let language = if python { Language::Python } else { Language::Sql };
            (*name, std::sync::Arc::new(SourceFile::of_text(id, name, text, language)))
        };
        Self(files.iter().enumerate().map(file).collect())
    }
}

impl Modules for Beside {
    fn module(&self, _: &SourceFile, _: u32, dotted: &str) -> Option<std::sync::Arc<SourceFile>> {
        self.0.get(format!("{dotted}.py").as_str()).cloned()
    }

    fn included(&self, _: &SourceFile, path: &str, _: bool) -> Option<std::sync::Arc<SourceFile>> {
        self.0.get(path.trim_start_matches("./")).cloned()
    }

    fn earlier(&self, from: &SourceFile) -> Vec<String> {
        let names = self.0.keys().filter(|name| **name < from.path.as_str());
        names.filter_map(|name| name.strip_suffix(".py")).map(str::to_owned).collect()
    }
}

/// The statements of a reading, with the transactions they run in.
fn statements(reading: &Reading) -> Vec<String> {
    let all = reading.migrations.iter().flat_map(|migration| {
        let back = if migration.direction == Direction::Down { "down " } else { "" };
        migration.operations.iter().map(move |op| (back, op))
    });
    all.map(|(back, op)| format!("{back}{}: {}", op.context.scope.kind.as_str(), op.statement.text)).collect()
}

#[test]
fn a_file_beside_the_script_is_read_where_its_path_is_constant() {
    let files = Beside::of(&[("x.sql", "DROP TABLE a;"), ("sub/y.sql", "DROP TABLE b;")]);
    let text = "import os\nfrom pathlib import Path\nHERE = Path(__file__).resolve().parent\nD = os.path.dirname(__file__)\n\n\ndef run(conn, name):\n    conn.execute(open('x.sql').read())\n    conn.execute((HERE / 'sub' / 'y.sql').read_text())\n    with open(os.path.join(D, 'x.sql')) as f:\n        conn.execute(f.read())\n    conn.execute(open(name).read())\n    conn.execute((HERE / name).read_text())\n";
    let reading = read(&source(text), &files);
    assert_eq!((reading.calls.resolved, reading.calls.not_followed()), (3, 2));
    assert_eq!(statements(&reading)[..2], ["unknown: DROP TABLE a", "unknown: DROP TABLE b"]);
}

#[test]
fn psycopg_composes_statements_of_quoted_names() {
    let text = "from psycopg2 import sql\n\n\ndef run(cur):\n    q = sql.SQL('CREATE INDEX {} ON {t} ({})')\n    cur.execute(q.format(sql.Identifier('i'), sql.SQL(', ').join(map(sql.Identifier, ['a', 'b'])), t=sql.Identifier('s', 't')))\n";
    let reading = read(&source(text), &NoModules);
    assert_eq!(statements(&reading), ["unknown: CREATE INDEX i ON s.t (a, b)"]);
}

#[test]
fn tables_of_sqlalchemy_migrate_change_themselves() {
    let text = "from sqlalchemy import *\n\n\ndef upgrade(migrate_engine):\n    meta = MetaData(bind=migrate_engine)\n    t = Table('t', meta, autoload=True)\n    Column('a', Integer).create(t)\n    t.c.b.alter(name='c')\n    t.c.d.drop()\n    t.create_column(Column('e', String(5)))\n    migrate_engine.execute('DROP TABLE u')\n";
    let expected = [
        "none: ALTER TABLE t ADD COLUMN a INTEGER",
        "none: ALTER TABLE t RENAME b TO c",
        "none: ALTER TABLE t DROP COLUMN d",
        "none: ALTER TABLE t ADD COLUMN e VARCHAR(5)",
        "none: DROP TABLE u",
    ];
    assert_eq!(statements(&read(&source(text), &NoModules)), expected);
}

#[test]
fn constructs_that_add_constraints_are_statements() {
    let text = "from sqlalchemy import *\nfrom sqlalchemy.schema import AddConstraint, DropConstraint\nt = Table('t', MetaData(), Column('a', Integer))\n\n\ndef run(conn):\n    conn.execute(AddConstraint(UniqueConstraint(t.c.a, name='u')))\n    conn.execute(DropConstraint(UniqueConstraint(t.c.a, name='v')))\n";
    let expected = ["unknown: ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)", "unknown: ALTER TABLE t DROP CONSTRAINT v"];
    assert_eq!(statements(&read(&source(text), &NoModules)), expected);
}

#[test]
fn peewee_knows_the_fields_of_the_migrations_before() {
    let models = "import peewee as pw\n\n\ndef migrate(migrator, database, **kwargs):\n    @migrator.create_model\n    class Boat(pw.Model):\n        code = pw.CharField(primary_key=True, max_length=8)\n\n    @migrator.create_model\n    class Trip(pw.Model):\n        boat = pw.ForeignKeyField(Boat)\n";
    let files = Beside::of(&[("001_a.py", models)]);
    let text = "def migrate(migrator, database, **kwargs):\n    migrator.rename_field('trip', 'boat', 'ship')\n    migrator.add_fields('trip', spare=pw.ForeignKeyField(migrator.orm['boat'], null=True))\n    migrator.remove_fields('other', 'x', cascade=False)\n\n\ndef rollback(migrator, database, **kwargs):\n    migrator.remove_fields('trip', 'spare')\n";
    let file = SourceFile { runner: Runner::PeeweeMigrate, path: "002_b.py".to_owned(), ..source(text) };
    let expected = [
        "runner: ALTER TABLE trip RENAME COLUMN boat_id TO ship_id",
        "runner: ALTER TABLE trip ADD COLUMN spare_id VARCHAR(8) REFERENCES boat (code)",
        "runner: CREATE INDEX trip_spare_id ON trip (spare_id)",
        "runner: ALTER TABLE other DROP COLUMN x",
        "down runner: ALTER TABLE trip DROP COLUMN spare_id CASCADE",
    ];
    assert_eq!(statements(&read(&file, &files)), expected);
}

#[test]
fn yoyo_takes_steps_back_in_the_opposite_order_on_one_connection() {
    let text = "from yoyo import step\nstep('CREATE TABLE a (i int)', 'DROP TABLE a')\nstep('CREATE TABLE b (i int)', 'DROP TABLE b', ignore_errors='all')\n__transactional__ = False\n";
    let file = SourceFile { runner: Runner::Yoyo, ..source(text) };
    let reading = read(&file, &NoModules);
    let expected = [
        "none: CREATE TABLE a (i int)",
        "none: CREATE TABLE b (i int)",
        "down none: DROP TABLE b",
        "down none: DROP TABLE a",
    ];
    assert_eq!(statements(&reading), expected);
    let up = &reading.migrations.first().expect("a way forward").operations;
    assert_eq!(up.iter().map(|op| op.context.failure_swallowed).collect::<Vec<_>>(), [false, true]);
    assert!(up.windows(2).all(|two| two[0].context.scope.id == two[1].context.scope.id));
}

#[test]
fn what_comes_from_outside_is_told_from_what_is_quoted_or_computed() {
    let text = "import os, sys\nfrom psycopg2 import sql\n\n\ndef run(cur):\n    cur.execute('SELECT a FROM t')\n    for (a,) in cur.fetchall():\n        cur.execute(f'DELETE FROM t WHERE a = {a}')\n        cur.execute(f'DELETE FROM t WHERE b = {a + 1}')\n        cur.execute(f'DROP TABLE \"{a}\"')\n        cur.execute(sql.SQL('DROP TABLE {}').format(sql.Identifier(a)))\n    cur.execute('DROP TABLE ' + os.environ['X'])\n    cur.execute('DROP TABLE %s' % os.getenv('X'))\n    cur.execute('DROP TABLE {}'.format(sys.argv[1]))\n";
    let reading = read(&source(text), &NoModules);
    let all = reading.migrations.iter().flat_map(|migration| &migration.operations);
    let origins: Vec<_> = all.map(|op| op.context.spliced.as_ref().map_or("", |spliced| spliced.origin)).collect();
    assert_eq!(origins, ["", "row", "", "", "", "environment", "environment", "argument"]);
}

#[test]
fn rows_of_piccolo_and_peewee_are_written_when_they_are_saved() {
    let text = "from piccolo.apps.migrations.auto.migration_manager import MigrationManager\nfrom piccolo.table import Table\n\n\nclass TripLog(Table):\n    pass\n\n\nasync def forwards():\n    manager = MigrationManager(migration_id='1', app_name='x')\n\n    async def run():\n        for row in await TripLog.objects().where(TripLog.note.is_null()).run():\n            row.note = 'x'\n            await row.save().run()\n        await TripLog.update({'note': 'y'}).where(TripLog.id == 1)\n        await TripLog(note='z').save().run()\n        await TripLog.alter().rename_column(TripLog.note, 'text').run()\n\n    manager.add_raw(run)\n    return manager\n";
    let file = SourceFile { runner: Runner::Piccolo, ..source(text) };
    let all = read(&file, &NoModules).migrations;
    let told = |op: &Operation| {
        let table = op.table.as_ref().map(ToString::to_string).unwrap_or_default();
        (op.kind.as_str(), table, op.context.in_loop)
    };
    let up: Vec<_> =
        all.iter().filter(|m| m.direction == Direction::Up).flat_map(|m| &m.operations).map(told).collect();
    let table = || "trip_log".to_owned();
    let expected = [
        ("data.update", table(), true),
        ("data.update", table(), false),
        ("data.insert", table(), false),
        ("column.rename", table(), false),
    ];
    assert_eq!(up, expected);

    let text = "import peewee as pw\n\n\nclass Trip(pw.Model):\n    note = pw.TextField(null=True)\n\n\ndef migrate(migrator, database, **kwargs):\n    for trip in Trip.select().where(Trip.note >> None):\n        trip.note = 'x'\n        trip.save()\n    for boat in Boats.all():\n        boat.save()\n";
    let file = SourceFile { runner: Runner::PeeweeMigrate, ..source(text) };
    let reading = read(&file, &NoModules);
    let up: Vec<_> = reading.migrations.iter().flat_map(|m| &m.operations).map(told).map(|(kind, ..)| kind).collect();
    assert_eq!(up, ["data.update", "data.update"]);
}

#[test]
fn objects_that_are_read_and_changed_in_a_loop_are_written_one_by_one() {
    let loops = [
        "    for trip in Trip.query.filter(Trip.note.is_(None)).all():\n        trip.note = 'x'\n",
        "    for at, trip in enumerate(db.session.query(Trip).all(), 1):\n        trip.note = 'x'\n",
        "    found = db.session.execute(select(Trip))\n    for trip in found.scalars().all():\n        trip.note = 'x'\n",
        "    for boat in Boat.query.all():\n        first = Trip.query.filter_by(boat=boat.id).all()[0]\n        first.note = 'x'\n",
    ];
    for body in loops {
        let text = format!(
            "from app import db\nfrom sqlalchemy import select\n\n\nclass Trip(db.Model):\n    __tablename__ = 'trip'\n\n\nclass Boat(db.Model):\n    __tablename__ = 'boat'\n\n\ndef migrate():\n{body}    db.session.commit()\n"
        );
        let reading = read(&source(&text), &NoModules);
        let mut all = reading.migrations.iter().flat_map(|migration| &migration.operations);
        let update = all.find(|op| op.kind == OpKind::DataUpdate).expect("a row is written");
        assert!(update.context.in_loop, "{text}");
        assert_eq!(update.table.as_ref().map(ToString::to_string).as_deref(), Some("trip"), "{text}");
    }
}

#[test]
fn starting_the_application_is_no_part_of_a_migration() {
    let app = "def create_app():\n    conn.execute('UPDATE t SET a = 1')\n";
    let files = Beside::of(&[("app.py", app)]);
    let text = "from app import create_app\n\n\ndef migrate(conn):\n    create_app()\n    conn.execute('ALTER TABLE t ADD b int')\n";
    assert_eq!(statements(&read(&source(text), &files)), ["unknown: ALTER TABLE t ADD b int"]);
}

#[test]
fn an_address_and_a_dictionary_are_looked_through() {
    let text = "def migrate(conn):\n    wanted = {'a': 'int', 'b': 'text'}\n    missing = {name: kind for name, kind in wanted.items() if name not in there}\n    for name, kind in missing.items():\n        conn.execute(f'ALTER TABLE t ADD {name} {kind}')\n    if URL.startswith('postgresql://'):\n        conn.execute('DROP TABLE u')\n";
    let expected = "migrate\n  column.add t unknown | ALTER TABLE t ADD {name} {kind}\n  column.add t unknown | ALTER TABLE t ADD {name} {kind}\n  table.drop u unknownpostgres | DROP TABLE u\n";
    assert_eq!(shown(text), expected);
}

#[test]
fn yoyo_says_what_a_migration_waits_for() {
    let text = "from yoyo import group, step\n\n__depends__ = {'0001.boats', '0002.trips'}\nsteps = [group([step('CREATE TABLE a (i int)')], ignore_errors='all')]\n";
    let file = SourceFile { runner: Runner::Yoyo, path: "m/0003.a.py".to_owned(), ..source(text) };
    let reading = read(&file, &NoModules);
    let revision = reading.revisions.first().expect("steps make a migration");
    let parents: Vec<_> = revision.parents.iter().filter_map(|id| id.known()).map(ToString::to_string).collect();
    assert_eq!(
        (revision.id.name.as_str(), parents),
        ("0003.a", vec!["0001.boats".to_owned(), "0002.trips".to_owned()])
    );
    assert!(reading.migrations.iter().flat_map(|m| &m.operations).all(|op| op.context.failure_swallowed));
}

#[test]
fn the_table_of_a_mapped_class_makes_and_drops_itself() {
    let text = "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.orm import declarative_base\nrevision = 'a'\ndown_revision = None\nBase = declarative_base()\n\n\nclass Tag(Base):\n    __tablename__ = 'tag'\n    id = sa.Column(sa.Integer, primary_key=True)\n    label = sa.Column('name', sa.String(9))\n\n\ndef upgrade():\n    bind = op.get_bind()\n    Tag.__table__.create(bind)\n    Tag.__table__.drop(bind)\n";
    let texts: Vec<_> = operations(text).iter().map(|op| op.statement.text.clone()).collect();
    assert_eq!(texts, ["CREATE TABLE tag (id SERIAL NOT NULL, name VARCHAR(9), PRIMARY KEY (id))", "DROP TABLE tag"]);
}

#[test]
fn a_template_of_dollars_is_filled() {
    let text = "from string import Template\n\n\ndef run(conn):\n    conn.execute(Template('DROP TABLE $t; SELECT $$1, ${t}_id').substitute(t='orders'))\n";
    let texts: Vec<_> = operations(text).iter().map(|op| op.statement.text.clone()).collect();
    assert_eq!(texts, ["DROP TABLE orders", "SELECT $1, orders_id"]);
}

#[test]
fn classes_with_many_ways_up_are_not_searched_on_all_of_them() {
    let levels = (1..12).map(|at| format!("class C{at}({}):\n    pass\n", vec![format!("C{}", at - 1); 8].join(", ")));
    let classes: String = levels.collect();
    let text =
        format!("class C0:\n    pass\n{classes}def migrate(conn):\n    C11().go()\n    conn.execute('DROP TABLE t')\n");
    assert_eq!(statements(&read(&source(&text), &NoModules)), ["unknown: DROP TABLE t"]);
}

#[test]
fn a_list_of_mappings_runs_a_statement_for_each() {
    let looped = |parameters: &str| {
        let text = format!(
            "def run(conn):\n    found = []\n    for row in conn.execute('SELECT id FROM t').fetchall():\n        \
             found.append({{'id': row.id}})\n    conn.execute('UPDATE t SET a = 1 WHERE id = :id', {parameters})\n"
        );
        let all = operations(&text);
        let update = all.iter().find(|op| op.kind == OpKind::DataUpdate).expect("rows are changed");
        update.context.in_loop
    };
    assert!(looped("found"));
    // One set of parameters, or sets that are written out.
    assert!(!looped("[5]") && !looped("{'id': 5}") && !looped("[{'id': 5}, {'id': 6}]"));
}

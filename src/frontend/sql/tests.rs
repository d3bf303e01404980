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
    for (_, word) in
        [(data.skip_locked, "skip-locked"), (data.on_conflict, "on-conflict")].iter().filter(|(set, _)| *set)
    {
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
    check(
        "DROP INDEX CONCURRENTLY IF EXISTS a, s.b",
        &["index.drop .a concurrently if-exists @0..40", "index.drop .s.b concurrently if-exists @0..40"],
    );
    check("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", &["index.reindex/table t concurrently @0..39"]);
}

#[test]
fn each_action_of_alter_table_is_an_operation() {
    check(
        "ALTER TABLE ONLY t ADD COLUMN a int DEFAULT (1), DROP COLUMN b, FROBNICATE c, ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
        &[
            "column.add t .a @19..47",
            "column.drop t .b @49..62",
            "opaque t not-understood @64..76",
            "constraint.add t .k @78..118",
        ],
    );
    check("ALTER TABLE t ALTER c SET NOT NULL", &["column.set-not-null t .c @0..34"]);
    check("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", &["partition.detach t .p concurrently @0..45"]);
    check("ALTER TABLE t ATTACH PARTITION p DEFAULT", &["partition.attach/default t .p @0..40"]);
}

#[test]
fn changes_of_rows_are_read() {
    check(
        "UPDATE t AS x SET a = 1, b = x.c WHERE x.a IS NULL AND id > $1",
        &["data.update t a:=1 b:=x.c [a IsNull None] [id Order Parameter] @0..62"],
    );
    check("DELETE FROM t WHERE true", &["data.delete t where-always @0..24"]);
    check(
        "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 500 FOR UPDATE SKIP LOCKED)",
        &["data.delete t [id In Query { limited: true }] limit=Some(500) skip-locked @0..77"],
    );
    check(
        "WITH b AS (SELECT id FROM t LIMIT %s) UPDATE t SET a = 1 FROM b WHERE t.id = b.id",
        &["data.update t a:=1 [id Equal Expression(\"b.id\")] limit=None @0..81"],
    );
    check(
        "INSERT INTO t (a, b) VALUES (1, 2), (3, 4) ON CONFLICT DO NOTHING",
        &["data.insert t values rows=2 on-conflict @0..65"],
    );
    check("INSERT INTO t SELECT * FROM u", &["data.insert t select @0..29"]);
}

#[test]
fn a_block_is_read_to_the_statements_inside_it() {
    check(
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'x') THEN CREATE TYPE x AS ENUM ('a'); END IF; END $$;",
        &["type.create/enum .x if-not-exists conditional @75..102"],
    );
    check(
        "DO $$ DECLARE n int; BEGIN n := 1; EXECUTE format('DROP TABLE %I', n); EXECUTE q; END $$",
        &["table.drop {n} @51..64", "opaque unresolved @79..80"],
    );
    check(
        "DO $x$ BEGIN ALTER TABLE t ADD COLUMN a int; EXCEPTION WHEN duplicate_column THEN RAISE NOTICE 'x'; END; $x$",
        &["column.add t .a if-not-exists @13..43"],
    );
    check("DO $$ BEGIN RAISE NOTICE 'DROP TABLE t'; END $$", &["other/do @0..47"]);
    check("DO LANGUAGE 'plpgsql' $$ BEGIN DROP TABLE t; END $$", &["table.drop t @31..43"]);
    check("DO $$ BEGIN DROP TABLE t; END $$ LANGUAGE 'plpgsql'", &["table.drop t @12..24"]);
    check(
        "DO $$ DECLARE s text := 'DROP TABLE a'; BEGIN EXECUTE s; s := format('DROP TABLE %s', 'b'); EXECUTE s; END $$",
        &["table.drop a @25..37", "table.drop b @70..89"],
    );
    check("DO 'BEGIN EXECUTE ''DROP TABLE t''; END'", &["table.drop t @20..32"]);
}

#[test]
fn what_is_not_understood_is_kept() {
    check("FROBNICATE t; DROP TABLE t", &["opaque broken @0..12", "table.drop t @14..26"]);
    check("ON orders(note)", &["opaque broken @0..15"]);
    check("CREATE WOMBAT w", &["opaque not-understood @0..15"]);
    check(":statement; {{ body }};", &["opaque unresolved @0..10", "opaque unresolved @12..22"]);
    check(" ; -- nothing\n/* /* */ ; */ ;", &[]);
}

/// Kind, table, name and condition of each operation, without places.
fn brief(sql: &str, dialect: Dialect) -> Vec<String> {
    let cut = |line: String| line.rsplit_once(" @").map_or(line.clone(), |(before, _)| before.to_owned());
    lines(sql, dialect).into_iter().map(cut).collect()
}

#[test]
fn a_batch_is_read_statement_by_statement() {
    let read = |sql: &str| brief(sql, Dialect::Mssql);
    assert_eq!(
        read("ALTER TABLE a ADD x int\nALTER TABLE a DROP COLUMN y\nCREATE TABLE z (id int)\nTRUNCATE TABLE q"),
        ["column.add a .x", "column.drop a .y", "table.create z", "table.truncate q"]
    );
    assert_eq!(
        read("ALTER TABLE z ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES b (a) ON DELETE SET NULL ON UPDATE CASCADE"),
        ["constraint.add z .k"]
    );
    assert_eq!(read("SET NOCOUNT ON\nDELETE FROM t"), ["session.set nocount=ON", "data.delete t"]);
    assert_eq!(
        read("GRANT SELECT, INSERT ON z TO r WITH GRANT OPTION\nDROP TABLE z"),
        ["privilege.grant z", "table.drop z"]
    );
    assert_eq!(
        read("WITH w AS (SELECT 1 AS a) DELETE FROM z WHERE id IN (SELECT a FROM w)\nDROP TABLE IF EXISTS z").len(),
        2
    );
    assert_eq!(read("INSERT INTO z (id) SELECT id FROM a UNION ALL SELECT id FROM b\nDROP TABLE a").len(), 2);
    assert_eq!(
        read("MERGE z AS t USING a AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET b = 3 WHEN NOT MATCHED THEN INSERT (id) VALUES (1);\nDROP TABLE a").len(),
        2
    );
}

#[test]
fn control_flow_of_a_batch_is_followed() {
    let read = |sql: &str| brief(sql, Dialect::Mssql);
    assert_eq!(
        read(
            "IF NOT EXISTS (SELECT 1 FROM sys.columns WHERE name = 'c')\nBEGIN\n ALTER TABLE t ADD c int\n CREATE INDEX i ON t (c)\nEND\nDROP TABLE u"
        ),
        ["column.add t .c if-not-exists conditional", "index.create t .i if-not-exists conditional", "table.drop u"]
    );
    assert_eq!(
        read("IF OBJECT_ID('t') IS NOT NULL DROP TABLE t ELSE PRINT 'none'"),
        ["table.drop t if-exists conditional", "other/message conditional"]
    );
    assert_eq!(
        read(
            "BEGIN TRY\nBEGIN TRAN\nTRUNCATE TABLE t\nCOMMIT\nEND TRY\nBEGIN CATCH\nROLLBACK\nEND CATCH\nDROP TABLE t"
        ),
        [
            "transaction.begin",
            "table.truncate t",
            "transaction.commit",
            "transaction.rollback conditional",
            "table.drop t"
        ]
    );
    let text =
        SqlText::of_file(FileId(0), "WHILE @n < 3 BEGIN DELETE FROM t WHERE a = 1 END DELETE FROM u WHERE a = 1");
    let options = ReadOptions { dialect: Dialect::Mssql, ..ReadOptions::default() };
    let looped: Vec<bool> = super::read(&text, options).iter().map(|op| op.in_loop).collect();
    assert_eq!(looped, [true, false]);
    assert_eq!(read("EXEC('DROP TABLE t'); EXEC sp_executesql N'DROP TABLE u'"), ["table.drop t", "table.drop u"]);
    assert_eq!(read("EXEC (@text)"), ["opaque unresolved"]);
    assert_eq!(
        read(
            "EXEC sp_rename 'dbo.t.c', 'd', 'COLUMN'\nEXEC sp_rename N'[dbo].[t]', N'u'\nEXEC sp_rename @newname = 'j', @objname = 't.i', @objtype = 'INDEX'"
        ),
        ["column.rename dbo.t .c", "table.rename dbo.t", "index.rename t .i"]
    );
    // Neither unclosed nor unopened blocks are an error of the reader.
    assert_eq!(read("BEGIN BEGIN DROP TABLE t"), ["table.drop t"]);
    assert_eq!(read("END END DROP TABLE t"), ["table.drop t"]);
}

#[test]
fn a_delimiter_ends_the_word_it_stands_at() {
    assert_eq!(
        brief(
            "DELIMITER $$\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET a = 1; END$$\nDELIMITER ;\nDROP TABLE t;",
            Dialect::Mysql
        ),
        ["trigger.create t .g", "table.drop t"]
    );
}

#[test]
fn a_delimiter_leaves_the_statements_of_postgres_apart() {
    let function = "CREATE FUNCTION f() RETURNS void AS $$ BEGIN DROP TABLE t; END; $$ LANGUAGE plpgsql;";
    let sql =
        format!("delimiter d//\n{function}\nd//\nSELECT f();\nDROP FUNCTION f();\ndelimiter d//\nDROP TABLE u;\nd//");
    let found = brief(&sql, Dialect::Postgres);
    assert_eq!(found.iter().filter(|op| *op == "table.drop t").count(), 1, "{found:#?}");
    assert_eq!(found.last().map(String::as_str), Some("table.drop u"), "{found:#?}");
}

#[test]
fn each_member_of_an_operator_family_is_an_operation() {
    let sql =
        "ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (int4, int2), FUNCTION 1 (int4, int2) cmp(int4, int2)";
    let parts: Vec<_> = read(&SqlText::of_file(FileId(0), sql), ReadOptions::default())
        .into_iter()
        .map(|op| match op.details {
            Details::Object(details) => details.part.unwrap_or_default(),
            _ => String::new(),
        })
        .collect();
    assert_eq!(parts, ["operator 1 (int4, int2)", "function 1 (int4, int2)"]);
}

#[test]
fn a_call_runs_its_procedure_once() {
    let body = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; UPDATE u SET a = 1; END $$;";
    let runs = |sql: &str| brief(&format!("{body}{sql}"), Dialect::Postgres).split_off(1);
    assert_eq!(runs("CALL p()"), ["table.drop t", "data.update u a:=1"]);
    assert_eq!(runs("DECLARE c CURSOR FOR SELECT p()"), ["data.select/cursor"]);
    assert_eq!(runs("SELECT p()").len(), 3);
    let block = "DO $$ BEGIN EXECUTE pg_catalog.format('DROP TABLE %I', 't'); END $$";
    assert_eq!(brief(block, Dialect::Postgres), ["table.drop t"]);
}

#[test]
fn text_of_clients_is_no_statement() {
    check(
        "\\set ON_ERROR_STOP on\nCOPY t (a) FROM stdin;\n1\n2;\n\\.\nDROP TABLE t;",
        &["data.insert t copy rows=2 @22..43", "table.drop t @53..65"],
    );
    check("\u{feff}DROP TABLE t", &["table.drop t @3..15"]);
}

#[test]
fn settings_and_transactions_are_read() {
    check(
        "BEGIN; SET LOCAL lock_timeout = '5s'; RESET ALL; COMMIT",
        &[
            "transaction.begin @0..5",
            "session.set lock_timeout=5s local @7..36",
            "session.set all=? @38..47",
            "transaction.commit @49..55",
        ],
    );
    check("SELECT set_config('lock_timeout', '5s', true)", &["session.set lock_timeout=5s local @0..45"]);
    check("SAVEPOINT a; ROLLBACK TO a", &["other/savepoint .a @0..11", "other/rollback-to .a @13..26"]);
}

#[test]
fn unknown_parts_leave_the_rest_of_a_statement() {
    check("CREATE INDEX idx_{name}_x ON {table} (note)", &["index.create {table} .idx_{name}_x @0..43"]);
    check(
        "ALTER TABLE \"{{ index .Options \"Namespace\" }}\".\"users\" DROP a",
        &["column.drop {{ index .Options \"Namespace\" }}.users .a @0..61"],
    );
    check("CREATE {unique}INDEX i ON t (a)", &["index.create t .i @0..31"]);
    check("CREATE {unique} INDEX {concurrently} {name} ON t (a)", &["index.create t .{name} @0..52"]);
    check("ALTER TABLE {schema}.orders DROP COLUMN %s", &["column.drop {schema}.orders .%s @0..42"]);
}

#[test]
fn other_dialects_are_read() {
    assert_eq!(
        lines("ALTER TABLE `t` ADD INDEX i (a(10)), CHANGE a b INT NOT NULL, ALGORITHM=INPLACE", Dialect::Mysql),
        [
            "index.create t .i @16..35",
            "column.rename t .a @37..60",
            "column.retype/change t .a @37..60",
            "table.alter/online t @62..79",
        ]
    );
    assert_eq!(
        lines(
            "DELIMITER //\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET a = 1; END//\nDELIMITER ;\nDROP TABLE t;",
            Dialect::Mysql
        ),
        ["trigger.create t .g @13..82", "table.drop t @97..109"]
    );
    assert_eq!(
        lines(
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE u SET a = 1; DELETE FROM v; END; DROP TABLE t",
            Dialect::Sqlite
        ),
        ["trigger.create t .g @0..79", "table.drop t @81..93"]
    );
    assert_eq!(
        lines("INSERT OR IGNORE INTO [t] VALUES (1)", Dialect::Sqlite),
        ["data.insert t values rows=1 on-conflict @0..36"]
    );
    assert_eq!(
        lines("ALTER TABLE dbo.t ADD a int, b int\nGO\nDROP TABLE #x\nGO", Dialect::Mssql),
        ["column.add dbo.t .a @18..27", "column.add dbo.t .b @29..34", "table.drop #x @38..51"]
    );
}

#[test]
fn hostile_text_is_read_to_its_end() {
    let nested = format!("SELECT {}1{}; DROP TABLE t", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(lines(&nested, Dialect::Postgres).len(), 2);
    let odd = [
        "DELETE FROM t WHERE ".to_owned() + &"(".repeat(40_000),
        "SELECT ".to_owned() + &"(".repeat(40_000),
        "SELECT 'abc".to_owned(),
        "DO $$ BEGIN DROP TABLE t".to_owned(),
        "(".repeat(10_000),
        ")".repeat(10_000),
        "DELETE FROM t WHERE ".to_owned() + &"(".repeat(10_000),
        "DELETE FROM t WHERE a".to_owned() + &" AND (a".repeat(10_000),
        "((((".repeat(3_000) + "SELECT 1",
        "SELECT 1".to_owned() + &" + 1".repeat(50_000),
        "{".repeat(50_000),
        "/*".repeat(50_000),
        "$a".repeat(50_000),
        "DO $$ BEGIN ".to_owned() + &"IF a THEN ".repeat(20_000) + "DROP TABLE t; END $$",
        "EXPLAIN ".repeat(20_000),
        "WITH a AS (".repeat(5_000),
        "\0\\\u{10fffd}'".to_owned(),
        "CREATE TABLE t (".repeat(2_000),
        "CASE WHEN BEGIN END ; ".repeat(1_000),
        // These reach the second opinion: DELETE without FROM.
        "DELETE t WHERE 1".to_owned() + &" + 1".repeat(990),
        "DELETE t WHERE ".to_owned() + &"NOT ".repeat(1_900) + "a",
        "DELETE t WHERE ".to_owned() + &"- ".repeat(1_900) + "1",
        "DELETE t WHERE ".to_owned() + &"(".repeat(190) + "1" + &")".repeat(190),
        "DELETE t WHERE ".to_owned() + &"CASE WHEN a THEN ".repeat(450),
        "DELETE t WHERE ".to_owned() + &"a IN (SELECT ".repeat(190),
    ];
    for text in odd {
        for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite, Dialect::Mssql] {
            let _ = lines(&text, dialect);
        }
    }
}

#[test]
fn a_fingerprint_is_that_of_the_tokens() {
    let of = |sql: &str| {
        let text = SqlText::of_file(FileId(0), sql);
        read(&text, ReadOptions::default()).first().map(|op| op.statement.fingerprint)
    };
    assert_eq!(of("DROP  TABLE t -- now"), of("drop\n/* x */ table T"));
    assert_ne!(of("DROP TABLE t"), of("DROP TABLE \"T\""));
    assert_ne!(of("DROP TABLE a b"), of("DROP TABLE ab"));
}

/// The column and constraint parts of a statement, in short.
fn parts(sql: &str) -> Vec<String> {
    let text = SqlText::of_file(FileId(0), sql);
    let column = |c: &crate::ir::ColumnDetails| {
        let mut out = c.name.clone().unwrap_or_default();
        if let Some(of) = &c.data_type {
            let _ = write!(out, " {of}");
        }
        let flags = [
            (c.not_null, "not-null"),
            (c.primary_key, "pk"),
            (c.unique, "unique"),
            (c.identity, "identity"),
            (c.generated_stored, "stored"),
        ];
        for (_, word) in flags.iter().filter(|(set, _)| *set) {
            let _ = write!(out, " {word}");
        }
        for (word, value) in [("default", &c.default), ("check", &c.check), ("using", &c.using)] {
            if let Some(value) = value {
                let _ = write!(out, " {word}={value}");
            }
        }
        if let Some(to) = &c.references {
            let _ = write!(out, " -> {}({})", to.table, to.columns.join(","));
        }
        out
    };
    let constraint = |c: &crate::ir::ConstraintDetails| {
        let to = c.references.as_ref().map(|to| format!(" -> {}", to.table)).unwrap_or_default();
        let using = c.using_index.as_ref().map(|index| format!(" using {index}")).unwrap_or_default();
        let valid = if c.not_valid { " not-valid" } else { "" };
        format!("{:?} {}({}){to}{using}{valid}", c.kind, c.name.clone().unwrap_or_default(), c.columns.join(","))
    };
    let mut found = Vec::new();
    for op in read(&text, ReadOptions::default()) {
        match &op.details {
            Details::Table(table) => {
                found.extend(table.columns.iter().map(column));
                found.extend(table.constraints.iter().map(constraint));
            }
            Details::Column(details) => found.push(column(details)),
            Details::Constraint(details) => found.push(constraint(details)),
            _ => found.push(show(&op)),
        }
    }
    found
}

#[test]
fn columns_and_constraints_are_read() {
    assert_eq!(
        parts(
            "CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name varchar(40)[] NOT NULL \
             DEFAULT 'a' || 'b' COLLATE \"C\" UNIQUE, at timestamptz(3) DEFAULT now(), o int REFERENCES s.o (id) \
             ON DELETE SET NULL CHECK (o > 0), g int GENERATED ALWAYS AS (o * 2) STORED, UNIQUE (id, o), \
             CONSTRAINT f FOREIGN KEY (o) REFERENCES p, EXCLUDE USING gist (c WITH &&), LIKE u INCLUDING ALL)"
        ),
        [
            "id bigint not-null pk identity",
            "name character varying(40)[] not-null unique default='a' || 'b'",
            "at timestamptz(3) default=now()",
            "o integer check=o > 0 -> s.o(id)",
            "g integer stored",
            "Unique (id,o)",
            "ForeignKey f(o) -> p",
            "Exclusion (c)",
        ]
        .map(|line| line.replace("timestamptz", "timestamp with time zone"))
    );
    assert_eq!(
        parts(
            "ALTER TABLE t ALTER COLUMN c TYPE numeric(10, 2) USING c::numeric, ADD PRIMARY KEY USING INDEX i, ADD CONSTRAINT n NOT NULL c NOT VALID, ADD d timestamp with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP AT TIME ZONE 'utc'"
        ),
        [
            "c numeric(10,2) using=c::numeric",
            "PrimaryKey () using i",
            "NotNull n(c) not-valid",
            "d timestamp with time zone not-null default=CURRENT_TIMESTAMP AT TIME ZONE 'utc'",
        ]
    );
}

#[test]
fn conditions_are_read_to_their_terms() {
    check(
        "DELETE FROM t WHERE (a = 1 AND (b IN (1, 2) AND c = ANY(%s))) AND d BETWEEN 1 AND 2 AND NOT e",
        &[
            "data.delete t [a Equal Literal(\"1\")] [b In Literal(\"1, 2\")] [c In Parameter] [d Between Literal(\"1 AND 2\")] \
         [e Equal Literal(\"false\")] limit=Some(2)(list) @0..93",
        ],
    );
    check(
        "UPDATE t AS x SET a = 1 FROM s WHERE s.id = x.t_id AND s.b = 2",
        &["data.update t a:=1 [t_id Equal Expression(\"s.id\")] … @0..62"],
    );
    check("DELETE FROM t WHERE a = 1 OR b = 2", &["data.delete t … @0..34"]);
    check("UPDATE t SET a = 1 WHERE coalesce(b, '') = '' AND 1=1", &["data.update t a:=1 [b IsNull None] @0..53"]);
    check(
        "WITH d AS (DELETE FROM a WHERE id IN (SELECT id FROM a LIMIT 9) RETURNING *) INSERT INTO b SELECT * FROM d",
        &[
            "data.delete a [id In Query { limited: true }] limit=Some(9) @11..75",
            "data.insert b select limit=Some(9) @0..106",
        ],
    );
    check(
        "UPDATE t SET (a, b) = (1, 2), t.c = s.d FROM s WHERE t.id IS NOT DISTINCT FROM s.id",
        &["data.update t a:=1 b:=2 c:=s.d [id Equal Expression(\"s.id\")] @0..83"],
    );
}

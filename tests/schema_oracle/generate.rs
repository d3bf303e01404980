//! Random DDL over a few names, so that statements meet the same objects again and again. What a server refuses is left
//! out by the test; enough is taken that hundreds of statements build on each other.

/// A small generator whose numbers depend on its seed alone (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("fits")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn maybe<'a>(&mut self, text: &'a str) -> &'a str {
        if self.one_in(2) { text } else { "" }
    }
}

const TABLES: &[&str] = &["t1", "t2", "t3", "s1.t4", "\"Big\"", "t6", "p1", "p2", "p1_a", "p1_b", "child"];
const COLUMNS: &[&str] = &["a", "b", "c", "\"Dee\"", "e", "f", "id"];
const TYPES: &[&str] = &[
    "int",
    "bigint",
    "text",
    "varchar(20)",
    "varchar",
    "numeric(10,2)",
    "numeric(8)",
    "timestamptz",
    "timestamp(3)",
    "boolean",
    "char",
    "char(3)",
    "jsonb",
    "uuid",
    "float",
    "float4",
    "date",
    "int[]",
    "mood",
    "small",
    "s1.kind",
    "time(2) with time zone",
    "serial",
    "bigserial",
    "bit(3)",
    "double precision",
    "text[]",
];
const NAMES: &[&str] = &["n1", "n2", "n3", "n4", "n5"];
const VIEWS: &[&str] = &["v1", "v2", "m1"];

fn constraint(r: &mut Random) -> String {
    match r.below(7) {
        0 => "NOT NULL".to_owned(),
        1 => "UNIQUE".to_owned(),
        2 => "PRIMARY KEY".to_owned(),
        3 => format!("CHECK ({} IS NOT NULL)", r.pick(COLUMNS)),
        4 => format!("REFERENCES {}", r.pick(TABLES)),
        5 => "DEFAULT NULL".to_owned(),
        _ => format!("CONSTRAINT {} NOT NULL", r.pick(NAMES)),
    }
}

fn column(r: &mut Random) -> String {
    let mut text = format!("{} {}", r.pick(COLUMNS), r.pick(TYPES));
    if r.one_in(9) {
        return format!("{} int GENERATED {} AS IDENTITY", r.pick(COLUMNS), r.pick(&["ALWAYS", "BY DEFAULT"]));
    }
    if r.one_in(3) {
        text.push(' ');
        text.push_str(&constraint(r));
    }
    text
}

fn table_constraint(r: &mut Random) -> String {
    let name = if r.one_in(2) { format!("CONSTRAINT {} ", r.pick(NAMES)) } else { String::new() };
    let body = match r.below(5) {
        0 => format!("PRIMARY KEY ({})", r.pick(COLUMNS)),
        1 => format!("UNIQUE ({}, {})", r.pick(COLUMNS), r.pick(COLUMNS)),
        2 => format!("CHECK ({} IS NOT NULL OR {} IS NULL)", r.pick(COLUMNS), r.pick(COLUMNS)),
        3 => format!("FOREIGN KEY ({}) REFERENCES {}", r.pick(COLUMNS), r.pick(TABLES)),
        _ => format!("UNIQUE ({})", r.pick(COLUMNS)),
    };
    format!("{name}{body}")
}

fn create_table(r: &mut Random) -> String {
    let table = r.pick(TABLES);
    match r.below(12) {
        0 => return format!("CREATE TABLE {table} AS SELECT * FROM {}", r.pick(TABLES)),
        1 => {
            let options =
                r.pick(&["", "INCLUDING ALL", "INCLUDING DEFAULTS INCLUDING INDEXES", "INCLUDING CONSTRAINTS"]);
            return format!("CREATE TABLE {table} (LIKE {} {options})", r.pick(TABLES));
        }
        2 => return format!("CREATE TABLE {table} ({}) INHERITS ({})", column(r), r.pick(TABLES)),
        3 | 4 => {
            return format!(
                "CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})",
                r.pick(&["p1_a", "p1_b", "t6"]),
                r.pick(&["p1", "p2"]),
                r.below(5) * 10,
                50 + r.below(5) * 10
            );
        }
        5 | 6 => {
            let key = r.pick(&["a", "id"]);
            return format!(
                "CREATE TABLE {} ({key} int, b text, c int) PARTITION BY RANGE ({key})",
                r.pick(&["p1", "p2"])
            );
        }
        _ => {}
    }
    let mut parts: Vec<String> = (0..=r.below(5)).map(|_| column(r)).collect();
    if r.one_in(2) {
        parts.push(table_constraint(r));
    }
    format!(
        "CREATE {}TABLE {}{table} ({})",
        if r.one_in(12) { "UNLOGGED " } else { "" },
        r.maybe("IF NOT EXISTS "),
        parts.join(", ")
    )
}

fn alter_table(r: &mut Random) -> String {
    let (table, column_name) = (r.pick(TABLES), r.pick(COLUMNS));
    let action = match r.below(22) {
        0..=3 => format!("ADD COLUMN {}{}", r.maybe("IF NOT EXISTS "), column(r)),
        4 | 5 => format!("DROP COLUMN {column_name}{}", r.maybe(" CASCADE")),
        6 => format!("RENAME COLUMN {column_name} TO {}", r.pick(COLUMNS)),
        7 => format!("ALTER COLUMN {column_name} TYPE {0} USING NULL::{0}", r.pick(TYPES)),
        8 => format!("ALTER COLUMN {column_name} SET NOT NULL"),
        9 => format!("ALTER COLUMN {column_name} DROP NOT NULL"),
        10 => format!("ALTER COLUMN {column_name} SET DEFAULT NULL"),
        11 => format!("ALTER COLUMN {column_name} DROP DEFAULT, ADD COLUMN {}", column(r)),
        12..=14 => format!("ADD {}{}", table_constraint(r), if r.one_in(4) { " NOT VALID" } else { "" }),
        15 => format!("DROP CONSTRAINT {}{}", r.pick(NAMES), r.maybe(" CASCADE")),
        16 => format!("VALIDATE CONSTRAINT {}", r.pick(NAMES)),
        17 => format!("RENAME CONSTRAINT {} TO {}", r.pick(NAMES), r.pick(NAMES)),
        18 => format!("RENAME TO {}", r.pick(&["t1", "t2", "t3", "\"Big\"", "t6", "child"])),
        19 => format!("SET SCHEMA {}", r.pick(&["public", "s1"])),
        20 => format!("{} INHERIT {}", r.maybe("NO"), r.pick(TABLES)),
        _ => match r.below(4) {
            0 => format!("ALTER COLUMN {column_name} ADD GENERATED BY DEFAULT AS IDENTITY"),
            1 => format!("ALTER COLUMN {column_name} DROP IDENTITY"),
            2 => format!("DETACH PARTITION {}", r.pick(&["p1_a", "p1_b", "t6"])),
            _ => format!(
                "ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})",
                r.pick(&["p1_a", "p1_b", "t6"]),
                r.below(5) * 10,
                50 + r.below(5) * 10
            ),
        },
    };
    format!("ALTER TABLE {}{table} {action}", r.maybe("IF EXISTS "))
}

fn index(r: &mut Random) -> String {
    match r.below(8) {
        0 => format!("DROP INDEX {}{}", r.maybe("IF EXISTS "), r.pick(NAMES)),
        1 => format!("ALTER INDEX {} RENAME TO {}", r.pick(NAMES), r.pick(NAMES)),
        2 => format!("CREATE INDEX ON {} (lower({}))", r.pick(TABLES), r.pick(COLUMNS)),
        3 => format!("CREATE INDEX ON {} ({}, {})", r.pick(TABLES), r.pick(COLUMNS), r.pick(COLUMNS)),
        4 => format!(
            "ALTER TABLE {} ADD CONSTRAINT {} UNIQUE USING INDEX {}",
            r.pick(TABLES),
            r.pick(NAMES),
            r.pick(NAMES)
        ),
        _ => format!(
            "CREATE {}INDEX {}{} ON {}{} ({}) {}",
            r.maybe("UNIQUE "),
            r.maybe("IF NOT EXISTS "),
            r.pick(NAMES),
            if r.one_in(6) { "ONLY " } else { "" },
            r.pick(TABLES),
            r.pick(COLUMNS),
            if r.one_in(4) { format!("WHERE {} IS NOT NULL", r.pick(COLUMNS)) } else { String::new() },
        ),
    }
}

fn other(r: &mut Random) -> String {
    match r.below(22) {
        0 => "CREATE TYPE mood AS ENUM ('sad', 'ok')".to_owned(),
        1 => format!(
            "ALTER TYPE mood ADD VALUE '{}' {} 'ok'",
            r.pick(&["x", "y", "z", "w"]),
            r.pick(&["BEFORE", "AFTER"])
        ),
        2 => format!("ALTER TYPE mood RENAME VALUE '{}' TO '{}'", r.pick(&["x", "y", "sad"]), r.pick(&["q", "p"])),
        3 => "CREATE DOMAIN small AS int CHECK (VALUE < 100)".to_owned(),
        4 => format!(
            "ALTER DOMAIN small {}",
            r.pick(&["SET NOT NULL", "DROP NOT NULL", "ADD CHECK (VALUE > 0)", "SET DEFAULT 1", "DROP DEFAULT"])
        ),
        5 => format!("DROP {} CASCADE", r.pick(&["TYPE mood", "DOMAIN small", "TYPE s1.kind"])),
        6 => "CREATE TYPE s1.kind AS (x int, y text)".to_owned(),
        7 => format!(
            "ALTER TYPE s1.kind {}",
            r.pick(&["ADD ATTRIBUTE z int", "DROP ATTRIBUTE y", "RENAME ATTRIBUTE x TO w"])
        ),
        8 | 9 => format!(
            "CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}",
            r.pick(&["v1", "v2"]),
            r.pick(COLUMNS),
            r.pick(TABLES)
        ),
        10 => format!("CREATE VIEW {} AS SELECT x.* FROM {} x", r.pick(&["v1", "v2"]), r.pick(TABLES)),
        11 => format!("CREATE VIEW v2 (one, two) AS SELECT a, b AS bee FROM {}", r.pick(TABLES)),
        12 => format!("CREATE MATERIALIZED VIEW m1 AS SELECT a, count(*) FROM {} GROUP BY a", r.pick(TABLES)),
        13 => format!("DROP {} {}", r.pick(&["VIEW v1", "VIEW v2", "MATERIALIZED VIEW m1"]), r.maybe("CASCADE")),
        14 => format!(
            "CREATE SEQUENCE {}{} {}",
            r.maybe("IF NOT EXISTS "),
            r.pick(&["q1", "q2"]),
            r.pick(&["", "AS int", "OWNED BY t1.a", "OWNED BY t2.id"])
        ),
        15 => format!(
            "{} {}",
            r.pick(&["DROP SEQUENCE", "ALTER SEQUENCE"]),
            r.pick(&["q1", "q2", "q1 OWNED BY t3.b", "q2 OWNED BY NONE", "q1 RENAME TO q2"])
        ),
        16 => format!(
            "CREATE OR REPLACE FUNCTION fn(x {}) RETURNS int LANGUAGE sql {} AS 'SELECT 1'",
            r.pick(&["int", "text", "int, y text"]),
            r.pick(&["", "IMMUTABLE", "STABLE"])
        ),
        17 => format!(
            "{} FUNCTION fn({}) {}",
            r.pick(&["DROP", "ALTER"]),
            r.pick(&["int", "text"]),
            r.pick(&["", "STABLE", "RENAME TO gn"])
        ),
        18 => format!("ALTER {} RENAME TO {}", r.pick(&["VIEW v1", "TABLE v2", "MATERIALIZED VIEW m1"]), r.pick(VIEWS)),
        19 => "CREATE SCHEMA IF NOT EXISTS s1".to_owned(),
        20 => format!("BEGIN;\n{};\nROLLBACK", create_table(r)),
        _ => format!(
            "ALTER TYPE {}",
            r.pick(&["mood RENAME TO feeling", "feeling RENAME TO mood", "mood ADD VALUE IF NOT EXISTS 'ok'"])
        ),
    }
}

/// The next statement.
pub(crate) fn statement(r: &mut Random) -> String {
    match r.below(20) {
        0..=3 => create_table(r),
        4..=10 => alter_table(r),
        11..=13 => index(r),
        14 => format!("DROP TABLE {}{} {}", r.maybe("IF EXISTS "), r.pick(TABLES), r.maybe("CASCADE")),
        _ => other(r),
    }
}

//! What a run costs grows as its input does, whatever the shape of that.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use crate::support::project;

/// Seconds of processor time that a check of the folder takes: other work on the machine does not count.
fn seconds(folder: &Path) -> f64 {
    let output = Command::new("sh")
        .args(["-c", "\"$0\" check --output-format json . >out.json 2>err.txt; times", env!("CARGO_BIN_EXE_ddlint")])
        .current_dir(folder)
        .output()
        .expect("a shell");
    let text = String::from_utf8(output.stdout).expect("text");
    // The second line tells of the children: user and system time, as `0m1.25s`.
    let words: Vec<&str> = text.lines().nth(1).expect("two lines").split_whitespace().collect();
    let parse = |word: &str| {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m').expect("minutes and seconds");
        minutes.parse::<f64>().expect("minutes") * 60.0 + seconds.parse::<f64>().expect("seconds")
    };
    words.into_iter().map(parse).sum()
}

/// Four times the input costs no more than eight times the time. What costs the square of its input costs sixteen.
fn grows_with_its_input(name: &str, path: &str, small: usize, text: &dyn Fn(usize) -> String) {
    /// A machine can be late for any reason; three times in a row it is not.
    const ATTEMPTS: usize = 3;
    let of = |text: String| {
        let folder = project(&[(path, text.as_bytes())]);
        seconds(folder.path())
    };
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        // To read the rules costs the same for any input.
        let start = of(String::new());
        let (less, more) = (of(text(small)) - start, of(text(small * 4)) - start);
        if more < less.max(0.03) * 8.0 {
            return;
        }
        seen.push((less, more));
    }
    panic!("{name}: {seen:?}");
}

fn each(count: usize, between: &str, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(between)
}

#[test]
fn of_sql() {
    const SQL: &str = "migrations/0001_a.sql";
    let create = "CREATE TABLE t (id int PRIMARY KEY, a int, b int);\n";
    grows_with_its_input("many keys and indexes of one table", SQL, 60, &|n| {
        let one = |i| {
            format!(
                "ALTER TABLE t ADD CONSTRAINT f{i} FOREIGN KEY (a) REFERENCES t (id);\nCREATE INDEX i{i} ON t (a);\nUPDATE t SET b = {i} WHERE id = 1;"
            )
        };
        format!("{create}{}\n{}", each(n, "\n", one), "ALTER TABLE t ALTER COLUMN a TYPE bigint;\n".repeat(10))
    });
    grows_with_its_input("partitions", SQL, 150, &|n| {
        let one = |i| format!("CREATE TABLE p{i} PARTITION OF t FOR VALUES FROM ({i}) TO ({});", i + 1);
        format!(
            "CREATE TABLE t (id int) PARTITION BY RANGE (id);\n{}\nALTER TABLE t ADD COLUMN a int;\n",
            each(n, "\n", one)
        )
    });
    grows_with_its_input("a query of many tables", SQL, 500, &|n| {
        format!("UPDATE t SET a = 1 FROM {};\n", each(n, ", ", |i| format!("t{i} JOIN u{i} ON t{i}.a = u{i}.a")))
    });
    grows_with_its_input("columns of an enum that grows", SQL, 200, &|n| {
        let one = |i| format!("CREATE TABLE t{i} (a e);\nALTER TYPE e ADD VALUE 'v{i}';");
        format!("CREATE TYPE e AS ENUM ('a');\n{}\n", each(n, "\n", one))
    });
    grows_with_its_input("objects and roles of one grant", SQL, 300, &|n| {
        let names = |prefix: &str| each(n, ", ", |i| format!("{prefix}{i}"));
        format!("GRANT SELECT ON {} TO {};\n", names("t"), names("r"))
    });
    grows_with_its_input("a long search path", SQL, 150, &|n| {
        let path = format!("SET search_path = {};\n", each(n, ", ", |i| format!("s{i}")));
        path + &each(n, "\n", |i| format!("ALTER TABLE t ADD COLUMN b{i} int;"))
    });
    grows_with_its_input("indexes without names", SQL, 100, &|n| {
        format!("{create}{}\n", "CREATE INDEX ON t (a);\n".repeat(n))
    });
}

#[test]
fn of_python() {
    const SCRIPT: &str = "migrate.py";
    let run = |body: String| format!("def run(conn, x):\n{body}\n");
    let alter = |i: usize| format!("conn.execute('ALTER TABLE t ADD COLUMN c{i} int')");
    grows_with_its_input("arms of one condition", SCRIPT, 150, &|n| {
        let arms = each(n, "\n", |i| format!("    elif x == {i}:\n        {}", alter(i)));
        run(format!("    if x == -1:\n        pass\n{arms}"))
    });
    grows_with_its_input("early exits", SCRIPT, 150, &|n| {
        run(each(n, "\n", |i| format!("    if x == {i}:\n        return\n    {}", alter(i))))
    });
    grows_with_its_input("variables under conditions", SCRIPT, 250, &|n| {
        let one = |i| format!("    v{i} = 'a{i}'\n    if x == {i}:\n        v{i} = 'b'");
        run(format!("{}\n    {}", each(n, "\n", one), alter(0)))
    });
    grows_with_its_input("fields of one model", "shop/migrations/0001_initial.py", 120, &|n| {
        let fields = each(n, "\n", |i| format!("            ('f{i}', models.CharField(max_length=20)),"));
        let changes =
            each(n, "\n", |i| format!("        migrations.AlterField('M', 'f{i}', models.CharField(max_length=30)),"));
        format!(
            "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.CreateModel(name='M', fields=[\n            ('id', models.AutoField(primary_key=True)),\n{fields}\n        ]),\n{changes}\n    ]\n"
        )
    });
}

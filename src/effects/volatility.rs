//! How far the result of an expression can be relied on.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::view::{Found, Schema};
use super::words::{Word, words};
use crate::ir::Tri;

/// A function's volatility, from the best to the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Volatility {
    /// The same arguments always give the same result.
    Immutable,
    /// They do within one statement: `now()`.
    Stable,
    /// They do not: `random()`, `clock_timestamp()`.
    Volatile,
}

/// The servers' own functions: `scripts/functions` writes it from `pg_proc`.
const FUNCTIONS: &str = include_str!("functions.tsv");

/// Functions of extensions that come with the server and are often the default of a column: volatile all of them.
/// Source: the extensions' scripts (`contrib/uuid-ossp`, `contrib/pgcrypto`).
const OF_EXTENSIONS: &[&str] =
    &["uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_salt"];

/// Words before a parenthesis that call no function.
const NO_CALLS: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "case",
    "cast",
    "coalesce",
    "distinct",
    "else",
    "exists",
    "extract",
    "filter",
    "from",
    "greatest",
    "in",
    "is",
    "least",
    "like",
    "not",
    "nullif",
    "or",
    "over",
    "row",
    "select",
    "some",
    "then",
    "values",
    "when",
    "where",
    "bit",
    "char",
    "character",
    "decimal",
    "float",
    "interval",
    "numeric",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "varbit",
    "varchar",
    "varying",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "collation",
    "grouping",
    "overlay",
    "position",
    "substring",
    "trim",
    "normalize",
    "treat",
    "xmlconcat",
    "xmlelement",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "json_array",
    "json_object",
    "json_scalar",
    "json_serialize",
    "json_value",
    "json_query",
    "json_exists",
    "merge_action",
];

/// What an expression asks of the server beyond reading its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Calls {
    /// Whether it has to be computed anew for each row.
    pub(super) volatile: Tri,
    /// Sequences that are written out as the argument of `nextval`.
    pub(super) sequences: Vec<String>,
}

/// Reads an expression as `version` of the server would.
pub(super) fn calls(expression: &str, schema: &dyn Schema, version: u32) -> Calls {
    let mut calls = Calls { volatile: Tri::No, sequences: Vec::new() };
    let mut all = words(expression).peekable();
    let mut before = None;
    while let Some(word) = all.next() {
        if let (Some(name), true) = (word.name(), all.peek().is_some_and(|next| next.is_sign('('))) {
            // What follows `::` is a type with a length.
            let of_type = before == Some(Word::Cast);
            let keyword = matches!(&word, Word::Plain(name) if NO_CALLS.contains(&name.as_str()));
            if !of_type && !keyword {
                calls.volatile = calls.volatile.or(volatile(name, schema, version));
                if name == "nextval" {
                    all.next();
                    if let Some(Word::Text(sequence)) = all.peek() {
                        calls.sequences.push(sequence.clone());
                    }
                }
            }
        }
        before = Some(word);
    }
    calls
}

/// Whether a function of that name is volatile.
fn volatile(name: &str, schema: &dyn Schema, version: u32) -> Tri {
    match schema.function(name) {
        Found::Known(volatility) => return (volatility == Volatility::Volatile).into(),
        Found::Unknown if built_in(name, version).is_none() => return of_extension(name),
        Found::Unknown | Found::Absent => {}
    }
    match built_in(name, version) {
        Some("v") => Tri::Yes,
        Some(answers) if !answers.contains('v') => Tri::No,
        Some(_) => Tri::Unknown,
        None => of_extension(name),
    }
}

fn of_extension(name: &str) -> Tri {
    if OF_EXTENSIONS.contains(&name) { Tri::Yes } else { Tri::Unknown }
}

/// The answers of the server's functions of that name; where the version is newer than all that were asked, those of
/// the newest.
fn built_in(name: &str, version: u32) -> Option<&'static str> {
    /// For each name its answers, and the first and last major that gives them.
    type Table = BTreeMap<&'static str, Vec<(&'static str, u32, u32)>>;
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table = Table::new();
        for line in FUNCTIONS.lines() {
            let mut fields = line.split('\t');
            if let (Some(name), Some(answers)) = (fields.next(), fields.next()) {
                let (from, to) = fields.next().and_then(|range| range.split_once('-')).unwrap_or_default();
                let row = (answers, from.parse().unwrap_or(0), to.parse().unwrap_or(u32::MAX));
                table.entry(name).or_default().push(row);
            }
        }
        table
    });
    table.get(name)?.iter().find(|(_, from, to)| (*from..=*to).contains(&version)).map(|(answers, ..)| *answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::view::Nothing;

    fn volatile(expression: &str) -> Tri {
        calls(expression, &Nothing, 14).volatile
    }

    #[test]
    fn functions_of_the_server_are_known() {
        for expression in ["now()", "'a'", "CURRENT_TIMESTAMP(3)", "now() + interval '1 day'", "x::numeric(10, 2)"] {
            assert_eq!(volatile(expression), Tri::No, "{expression}");
        }
        for expression in ["random()", "1 + (random() * 5)::int", "pg_catalog.gen_random_uuid()", "uuid_generate_v4()"]
        {
            assert_eq!(volatile(expression), Tri::Yes, "{expression}");
        }
        assert_eq!(volatile("my_token()"), Tri::Unknown);
        assert_eq!(calls("uuidv7()", &Nothing, 17).volatile, Tri::Unknown);
        assert_eq!(calls("uuidv7()", &Nothing, 18).volatile, Tri::Yes);
    }

    #[test]
    fn the_sequence_of_a_default_is_named() {
        assert_eq!(calls("nextval('a.b'::regclass)", &Nothing, 14).sequences, ["a.b"]);
    }
}

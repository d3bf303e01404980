//! Which changes of a column's type leave the rows as they are stored.
//!
//! Source: `ATColumnChangeRequiresRewrite` (src/backend/commands/tablecmds.c), the support functions of length
//! coercions (`varchar_support`, `numeric_support`, `timestamp_support`, `interval_support`, `varbit_support`), and the
//! binary-coercible casts of `pg_cast`; measured in fixtures/effects/column-type.sql.

use super::Server;
use super::view::{DefinedType, Found, Schema};
use super::words::{Word, bare, words};
use crate::ir::{Tri, TypeName};

/// Domains over domains are followed no deeper.
const DEEPEST: usize = 16;

/// Changes that store the same bytes.
const SAME_BYTES: &[(&str, &str)] = &[
    ("cidr", "inet"),
    ("xml", "text"),
    ("xml", "character varying"),
    ("integer", "oid"),
    ("oid", "integer"),
    ("text", "citext"),
    ("citext", "text"),
    ("citext", "character varying"),
    ("character varying", "citext"),
];

/// Types whose values are numbers of an object: each stores the same as `oid`.
const OF_OBJECTS: &[&str] = &[
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// Types of the server that are told apart here.
const BUILT_IN: &[&str] = &[
    "bigint",
    "bit",
    "bit varying",
    "boolean",
    "box",
    "bytea",
    "character",
    "character varying",
    "cidr",
    "circle",
    "date",
    "double precision",
    "inet",
    "int4range",
    "int8range",
    "integer",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "oid",
    "path",
    "point",
    "polygon",
    "real",
    "smallint",
    "text",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
    "tsquery",
    "tsvector",
    "uuid",
    "xml",
];

/// What becomes of a column's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Change {
    /// They are stored anew.
    pub(super) rewrite: Tri,
    /// The new type sorts them as the old one did: an index on the column can be kept.
    pub(super) same_order: Tri,
}

/// What a change `from` one type `to` another does to the values.
pub(super) fn change(from: &TypeName, to: &TypeName, schema: &dyn Schema, server: Server) -> Change {
    if from == to && !to.arguments.is_empty() {
        return NOTHING;
    }
    let Some((to, constrained)) = base(to, schema) else { return UNKNOWN };
    let Some((from, _)) = base(from, schema) else { return UNKNOWN };
    let change = plain(&from, &to, schema, server);
    Change { rewrite: change.rewrite.or(constrained), ..change }
}

const UNKNOWN: Change = Change { rewrite: Tri::Unknown, same_order: Tri::Unknown };
const REWRITE: Change = Change { rewrite: Tri::Yes, same_order: Tri::No };
const NOTHING: Change = Change { rewrite: Tri::No, same_order: Tri::Yes };

/// The type that a domain is made of, and whether one of the domains on the way has constraints.
pub(super) fn base(of: &TypeName, schema: &dyn Schema) -> Option<(TypeName, Tri)> {
    let mut found = of.clone();
    let mut constrained = Tri::No;
    for _ in 0..DEEPEST {
        if found.dimensions > 0 || BUILT_IN.contains(&found.name.as_str()) {
            return Some((found, constrained));
        }
        match schema.type_named(&found.name) {
            Found::Known(DefinedType::Domain { base, constrained: own, .. }) => {
                found = base;
                constrained = constrained.or(own.into());
            }
            Found::Known(_) | Found::Absent => return Some((found, constrained)),
            Found::Unknown => {
                let of_server = OF_OBJECTS.contains(&found.name.as_str())
                    || SAME_BYTES.iter().any(|(a, b)| *a == found.name || *b == found.name);
                return Some((found, if of_server { constrained } else { constrained.or(Tri::Unknown) }));
            }
        }
    }
    None
}

/// Between two types that are no domains.
fn plain(from: &TypeName, to: &TypeName, schema: &dyn Schema, server: Server) -> Change {
    if from.dimensions > 0 || to.dimensions > 0 {
        // Elements are coerced one by one, unless nothing is asked of them.
        let same = from.name == to.name && (from.dimensions > 0) == (to.dimensions > 0);
        return if same && (to.arguments.is_empty() || to.arguments == from.arguments) { NOTHING } else { REWRITE };
    }
    if from.name == to.name {
        return same_name(from, to);
    }
    match (from.name.as_str(), to.name.as_str()) {
        ("text", "character varying") => {
            if to.arguments.is_empty() {
                NOTHING
            } else {
                REWRITE
            }
        }
        ("character varying", "text") => NOTHING,
        ("timestamp without time zone", "timestamp with time zone")
        | ("timestamp with time zone", "timestamp without time zone") => {
            let length = precision(from, to);
            Change { rewrite: length.rewrite.or(!server.utc), same_order: Tri::No }
        }
        (one, other) if SAME_BYTES.contains(&(one, other)) && to.arguments.is_empty() => {
            Change { rewrite: Tri::No, same_order: (one == "cidr" || one == "xml").into() }
        }
        (one, "oid") if OF_OBJECTS.contains(&one) => NOTHING,
        ("oid", other) if OF_OBJECTS.contains(&other) => NOTHING,
        (one, other) => {
            let known = |name: &str| {
                BUILT_IN.contains(&name)
                    || OF_OBJECTS.contains(&name)
                    || matches!(schema.type_named(name), Found::Known(_))
            };
            // Types of extensions may have casts of their own.
            if known(one) && known(other) { REWRITE } else { UNKNOWN }
        }
    }
}

/// Between two lengths of one type.
fn same_name(from: &TypeName, to: &TypeName) -> Change {
    let answer = |kept: bool| if kept { NOTHING } else { REWRITE };
    if from.arguments == to.arguments {
        // `bpchar` is read as `character`, which without a length would be one of 1.
        return if from.name == "character" && from.arguments.is_empty() { UNKNOWN } else { NOTHING };
    }
    let number = |of: &TypeName, at: usize| of.arguments.get(at).and_then(|text| text.trim().parse::<i64>().ok());
    match from.name.as_str() {
        "character varying" | "bit varying" => {
            answer(to.arguments.is_empty() || matches!((number(from, 0), number(to, 0)), (Some(a), Some(b)) if b >= a))
        }
        "numeric" => answer(
            to.arguments.is_empty()
                || matches!((number(from, 0), number(to, 0)), (Some(a), Some(b)) if b >= a
                    && number(from, 1).unwrap_or(0) == number(to, 1).unwrap_or(0)),
        ),
        "timestamp without time zone"
        | "timestamp with time zone"
        | "time without time zone"
        | "time with time zone"
        | "interval" => precision(from, to),
        "character" if to.arguments.is_empty() => UNKNOWN,
        "character" | "bit" => REWRITE,
        _ => UNKNOWN,
    }
}

/// Digits of a second: six where none are asked for.
fn precision(from: &TypeName, to: &TypeName) -> Change {
    const ALL: i64 = 6;
    let digits = |of: &TypeName| match of.arguments.first() {
        Some(text) => text.trim().parse::<i64>().ok(),
        None => Some(ALL),
    };
    match (digits(from), digits(to)) {
        (Some(from), Some(to)) if to >= from || to >= ALL => NOTHING,
        (Some(_), Some(_)) => REWRITE,
        _ => UNKNOWN,
    }
}

/// Whether USING says no more than what happens without it: the column itself, or a cast of it to the new type.
pub(super) fn using_is_plain(using: &str, column: &str, to: &TypeName) -> bool {
    let mut expression = bare(words(using).collect());
    if expression.first().is_some_and(|word| word.is("cast")) {
        expression.remove(0);
        expression = bare(expression);
        let Some(at) = expression.iter().position(|word| word.is("as")) else { return false };
        if !is_type(expression.get(at + 1..).unwrap_or_default(), to) {
            return false;
        }
        expression.truncate(at);
    } else if let Some(at) = expression.iter().rposition(|word| *word == Word::Cast) {
        if !is_type(expression.get(at + 1..).unwrap_or_default(), to) {
            return false;
        }
        expression.truncate(at);
    }
    let expression = bare(expression);
    matches!(expression.as_slice(), [only] if only.name() == Some(column))
        || matches!(expression.as_slice(), [_, dot, last] if dot.is_sign('.') && last.name() == Some(column))
}

/// Whether the words are a way to write the type.
fn is_type(written: &[Word], of: &TypeName) -> bool {
    let mut text = String::new();
    for word in written {
        match word {
            Word::Plain(word) | Word::Quoted(word) => {
                if text.ends_with(char::is_alphanumeric) {
                    text.push(' ');
                }
                text.push_str(word);
            }
            Word::Number(number) => text.push_str(number),
            Word::Sign(sign) => text.push(*sign),
            Word::Text(_) | Word::Cast => return false,
        }
    }
    let (name, rest) = text.split_at(text.find(['(', '[']).unwrap_or(text.len()));
    let name = match name.trim_start_matches("pg_catalog.") {
        "int" | "int4" => "integer",
        "int8" => "bigint",
        "int2" => "smallint",
        "bool" => "boolean",
        "varchar" => "character varying",
        "decimal" => "numeric",
        "float8" => "double precision",
        "float4" => "real",
        "timestamptz" => "timestamp with time zone",
        "timestamp" => "timestamp without time zone",
        "varbit" => "bit varying",
        "bpchar" | "char" => "character",
        other => other,
    };
    let expected = of.to_string();
    format!("{name}{rest}") == expected.replace(", ", ",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::view::Nothing;

    fn of(name: &str, arguments: &[&str]) -> TypeName {
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        TypeName { name: name.to_owned(), arguments, dimensions: 0 }
    }

    fn rewrites(from: &TypeName, to: &TypeName) -> Tri {
        change(from, to, &Nothing, Server { version: 14, utc: Tri::Unknown }).rewrite
    }

    #[test]
    fn what_grows_is_kept() {
        let varchar = |length| of("character varying", &[length]);
        assert_eq!(rewrites(&varchar("10"), &varchar("20")), Tri::No);
        assert_eq!(rewrites(&varchar("20"), &varchar("10")), Tri::Yes);
        assert_eq!(rewrites(&varchar("20"), &of("text", &[])), Tri::No);
        assert_eq!(rewrites(&of("numeric", &["10", "2"]), &of("numeric", &["12", "2"])), Tri::No);
        assert_eq!(rewrites(&of("numeric", &["10", "2"]), &of("numeric", &["12", "3"])), Tri::Yes);
        assert_eq!(rewrites(&of("integer", &[]), &of("bigint", &[])), Tri::Yes);
        assert_eq!(rewrites(&of("geometry", &[]), &of("text", &[])), Tri::Unknown);
    }

    #[test]
    fn using_says_no_more_than_the_change() {
        let to = of("character varying", &["50"]);
        for using in [
            "note",
            "(note)",
            "note::varchar(50)",
            "CAST(note AS varchar(50))",
            "\"note\"::character varying(50)",
            "orders.note",
        ] {
            assert!(using_is_plain(using, "note", &to), "{using}");
        }
        for using in ["upper(note)", "note::text", "body", "note || ''", "note::varchar(40)"] {
            assert!(!using_is_plain(using, "note", &to), "{using}");
        }
    }
}

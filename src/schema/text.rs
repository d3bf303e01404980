//! Expressions as text: which names they mention, and what they say after one of them has been renamed.

/// A piece of an expression.
enum Piece<'a> {
    /// A name, folded, and the text it is written as.
    Name(String, &'a str),
    /// Anything else: strings, operators, white space.
    Other(&'a str),
}

/// Cuts an expression into names and what is between them. What stands in strings and comments is no name.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' => rest.get(1..).and_then(|t| t.find('\'')).map_or(rest.len(), |at| at + 2),
            '"' => rest.get(1..).and_then(|t| t.find('"')).map_or(rest.len(), |at| at + 2),
            c if c.is_alphabetic() || c == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(rest.len())
            }
            c if c.is_ascii_digit() => {
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(end.min(rest.len()));
        found.push(match first {
            '"' => Piece::Name(piece.trim_matches('"').to_owned(), piece),
            c if c.is_alphabetic() || c == '_' => Piece::Name(piece.to_lowercase(), piece),
            _ => Piece::Other(piece),
        });
        rest = after;
    }
    found
}

/// Whether the text of a default is NULL, which is the same as none: `NULL`, `NULL::character varying`.
pub(super) fn is_null(default: &str) -> bool {
    let value = default.split("::").next().unwrap_or(default);
    value.trim().trim_matches(['(', ')']).eq_ignore_ascii_case("null")
}

/// Every name in `text`.
pub(super) fn names(text: &str) -> impl Iterator<Item = String> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Name(name, _) => Some(name),
        Piece::Other(_) => None,
    })
}

/// Whether `text` mentions `name`.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    names(text).any(|found| found == name)
}

/// `text` with every `old` written as `new`.
pub(super) fn renamed(text: &str, old: &str, new: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Name(name, _) if name == old => result.push_str(&quoted(new)),
            Piece::Name(_, written) | Piece::Other(written) => result.push_str(written),
        }
    }
    result
}

/// A name as it has to be written so that the server takes it as it is.
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Words that are no names without quotes. Source: PostgreSQL documentation, appendix "SQL Key Words": reserved, and
/// those that can be a function or type only.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_hold_no_names() {
        assert!(mentions("a > 'b' AND \"C\" < d2", "C"));
        assert!(!mentions("a > 'b'", "b"));
        assert_eq!(renamed("lower(a) = 'a' || \"a\"", "a", "Note"), "lower(\"Note\") = 'a' || \"Note\"");
        assert_eq!(renamed("a'", "a", "b"), "b'");
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(quoted("note_2"), "note_2");
        assert_eq!(quoted("userId"), "\"userId\"");
        assert_eq!(quoted("order"), "\"order\"");
    }
}

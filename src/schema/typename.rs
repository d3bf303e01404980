//! Types as the server keeps them.

use crate::ir::TypeName;

/// The type that `serial` and its like stand for.
pub(super) fn serial(name: &TypeName) -> Option<&'static str> {
    match name.name.as_str() {
        "serial" => Some("integer"),
        "bigserial" => Some("bigint"),
        "smallserial" => Some("smallint"),
        _ => None,
    }
}

/// A type as the server writes it with `format_type`, in our parts: `numeric(10)` is `numeric(10,0)`, `char` is
/// `character(1)`. Source: PostgreSQL documentation, "Data Types".
pub fn normalised(of: &TypeName) -> TypeName {
    let mut result = of.clone();
    result.arguments = of.arguments.iter().map(|argument| argument.split_whitespace().collect()).collect();
    if let Some(plain) = serial(of) {
        plain.clone_into(&mut result.name);
    }
    result.dimensions = of.dimensions.min(1);
    let first: Option<u32> = result.arguments.first().and_then(|argument| argument.parse().ok());
    match result.name.as_str() {
        "float" => {
            let name = if first.is_some_and(|digits| digits < 25) { "real" } else { "double precision" };
            name.clone_into(&mut result.name);
            result.arguments.clear();
        }
        "numeric" if result.arguments.len() == 1 => result.arguments.push("0".to_owned()),
        "character" | "bit" if result.arguments.is_empty() => result.arguments.push("1".to_owned()),
        "national character" | "nchar" => {
            "character".clone_into(&mut result.name);
            if result.arguments.is_empty() {
                result.arguments.push("1".to_owned());
            }
        }
        "national character varying" | "nvarchar" => "character varying".clone_into(&mut result.name),
        _ => {}
    }
    result
}

/// A type as SQL: arguments stand before `with time zone`, and names of the user's are quoted where they must be.
pub fn as_sql(of: &TypeName) -> String {
    let (name, suffix) = match of.name.find(" with") {
        Some(at) if of.name.starts_with("time") => of.name.split_at(at),
        _ => (of.name.as_str(), ""),
    };
    let own = name.contains(' ') || name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let mut text =
        if own { name.to_owned() } else { name.split('.').map(super::text::quoted).collect::<Vec<_>>().join(".") };
    if !of.arguments.is_empty() {
        text.push('(');
        text.push_str(&of.arguments.join(","));
        text.push(')');
    }
    text.push_str(suffix);
    for _ in 0..of.dimensions {
        text.push_str("[]");
    }
    text
}

/// Types of two words that may stand where a name and a type could.
const LONG: &[&str] = &[
    "double precision",
    "character varying",
    "bit varying",
    "timestamp with",
    "timestamp without",
    "time with",
    "time without",
];

/// Other words for a type.
const WORDS: &[(&str, &str)] = &[
    ("int", "integer"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("bool", "boolean"),
    ("varchar", "character varying"),
    ("char", "character"),
    ("bpchar", "character"),
    ("decimal", "numeric"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("float4", "real"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timetz", "time with time zone"),
    ("time", "time without time zone"),
    ("varbit", "bit varying"),
];

/// The types of the arguments that tell one function from another of the same name: those of IN, INOUT and VARIADIC
/// arguments, without lengths. Source: PostgreSQL documentation, CREATE FUNCTION, "Overloading".
pub(super) fn arguments(text: &str) -> Vec<String> {
    split(&uncommented(text)).into_iter().filter_map(argument).collect()
}

/// `text` without its comments.
fn uncommented(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '-', '/']) {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        let ends = |open: usize, end: &str, with: usize| {
            after.get(open..).and_then(|inner| inner.find(end)).map_or(after.len(), |end| open + end + with)
        };
        let (kept, length) = match after.get(..2) {
            Some("--") => (false, ends(2, "\n", 0)),
            Some("/*") => (false, ends(2, "*/", 2)),
            _ if after.starts_with('\'') => (true, ends(1, "'", 1)),
            _ => (true, 1),
        };
        let (piece, next) = after.split_at(length.min(after.len()));
        plain.push_str(if kept { piece } else { " " });
        rest = next;
    }
    plain + rest
}

/// The parts between the commas that stand in no parentheses and no string.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start, mut string) = (Vec::new(), 0_usize, 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => string = !string,
            _ if string => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// `text` in lower case, but for what is quoted.
fn folded(text: &str) -> String {
    let parts = text.split('"').enumerate();
    let fold = |(at, part): (usize, &str)| if at % 2 == 0 { part.to_lowercase() } else { part.to_owned() };
    parts.map(fold).collect::<Vec<_>>().join("\"")
}

fn argument(text: &str) -> Option<String> {
    let lower = folded(text);
    let end = [" default ", "=", ":="].iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(lower.len());
    let mut words: Vec<&str> = lower.get(..end)?.split_whitespace().collect();
    match words.first().copied() {
        Some("out") if words.len() > 1 => return None,
        Some("in" | "inout" | "variadic") if words.len() > 1 => {
            words.remove(0);
        }
        _ => {}
    }
    let whole = words.join(" ");
    let typed = LONG.iter().any(|long| whole.starts_with(long));
    let words = if words.len() > 1 && !typed && !words.get(1).is_some_and(|word| word.starts_with('(')) {
        words.get(1..)?
    } else {
        &words
    };
    Some(plain(&words.join(" ")))
}

/// A written type without its length, under the server's own name for it.
pub(super) fn plain(text: &str) -> String {
    let mut name = String::new();
    let mut depth = 0_usize;
    for letter in text.trim().chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => name.push(letter),
            _ => {}
        }
    }
    let name = name.trim().trim_start_matches("pg_catalog.").replace(" [", "[");
    let (base, array) = name.find('[').map_or((name.as_str(), ""), |at| (name.get(..at).unwrap_or_default(), "[]"));
    let base = base.trim();
    let base = WORDS.iter().find(|(word, _)| *word == base).map_or(base, |(_, own)| own);
    let base = base.rsplit('.').next().unwrap_or(base).trim_matches('"');
    format!("{base}{array}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_told_from_their_names() {
        assert_eq!(
            arguments("a int, OUT b text, c double precision DEFAULT 1, varchar(10)[]"),
            ["integer", "double precision", "character varying[]"]
        );
        assert_eq!(arguments("INOUT x public.mood, VARIADIC numeric[]"), ["mood", "numeric[]"]);
        assert_eq!(arguments("of_limit public.\"RateLimit\""), ["RateLimit"]);
        assert_eq!(arguments("a int, -- the user's, or (\n b text /* , */ DEFAULT '--'"), ["integer", "text"]);
        assert!(arguments(" ").is_empty());
    }

    #[test]
    fn types_are_written_as_the_server_does() {
        let of = |name: &str, arguments: &[&str], dimensions| TypeName {
            name: name.to_owned(),
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            dimensions,
        };
        assert_eq!(as_sql(&normalised(&of("numeric", &["10"], 0))), "numeric(10,0)");
        assert_eq!(as_sql(&normalised(&of("timestamp with time zone", &["3"], 2))), "timestamp(3) with time zone[]");
        assert_eq!(as_sql(&normalised(&of("serial", &[], 0))), "integer");
        assert_eq!(as_sql(&of("public.Mood", &[], 0)), "public.\"Mood\"");
    }
}

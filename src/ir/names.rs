//! The names that PostgreSQL gives to objects whose statement names none.
//!
//! Source: `makeObjectName`, `ChooseRelationName`, `ChooseIndexName`, `ChooseIndexNameAddition` and
//! `ChooseIndexColumnNames` (src/backend/commands/indexcmds.c), `ChooseForeignKeyConstraintNameAddition`
//! (commands/tablecmds.c), `ChooseExtendedStatisticNameAddition` (commands/statscmds.c), `FigureColname`
//! (parser/parse_target.c), the same in PostgreSQL 13 to 18.

use super::{ConstraintDetails, ConstraintKind, IndexColumn, IndexDetails};

/// Longest name in bytes that the server keeps: `NAMEDATALEN - 1`.
pub const LONGEST: usize = 63;

/// `first_second_label`, where `first` and `second` are shortened, the longer one first, until all of it fits.
pub fn object(first: &str, second: Option<&str>, label: &str) -> String {
    let written = second.map_or(0, |_| 1) + label.len() + 1;
    let room = LONGEST.saturating_sub(written);
    let (mut one, mut two) = (first.len(), second.map_or(0, str::len));
    while one + two > room {
        if one > two {
            one -= 1;
        } else {
            two -= 1;
        }
    }
    let mut name = cut(first, one).to_owned();
    if let Some(second) = second {
        name.push('_');
        name.push_str(cut(second, two));
    }
    name.push('_');
    name.push_str(label);
    name
}

/// So many names are tried one after the other.
const TRIED: u32 = 8;

/// The first of `label`, `label1`, `label2` … whose name is not taken: how the server avoids a name that is there. Where
/// very many are taken, one is found whose number follows a taken one: a gap further down may be passed over.
pub fn free(first: &str, second: Option<&str>, label: &str, taken: impl Fn(&str) -> bool) -> String {
    let name = |pass: u32| match pass {
        0 => object(first, second, label),
        _ => object(first, second, &format!("{label}{pass}")),
    };
    if let Some(name) = (0..TRIED).map(name).find(|name| !taken(name)) {
        return name;
    }
    let (mut below, mut above) = (TRIED - 1, TRIED * 2);
    while taken(&name(above)) && above < u32::MAX / 2 {
        (below, above) = (above, above * 2);
    }
    while above - below > 1 {
        let middle = below.midpoint(above);
        if taken(&name(middle)) {
            below = middle;
        } else {
            above = middle;
        }
    }
    name(above)
}

/// The parts of a name, for [`object`] and [`free`]: what stands between the table's name and the label, and the label.
pub type Parts = (Option<String>, &'static str);

/// The parts of an index's name: `t_a_b_idx` from `CREATE INDEX ON t (a) INCLUDE (b)`.
pub fn index(index: &IndexDetails) -> Parts {
    keys(&index.columns, &index.include)
}

fn keys(keys: &[IndexColumn], include: &[String]) -> Parts {
    let mut names: Vec<String> = Vec::new();
    for key in keys {
        let name = if key.expression { expression(&key.text) } else { Some(key.text.clone()) };
        names.push(unique(&name.unwrap_or_else(|| "expr".to_owned()), &names));
    }
    for column in include {
        names.push(unique(column, &names));
    }
    (Some(joined(&names)), "idx")
}

/// The parts of a constraint's name, which is also that of the index behind it; `None` where it depends on more than is
/// written. A check is named after its column where it uses exactly one of them, which the caller must know.
pub fn constraint(constraint: &ConstraintDetails) -> Option<Parts> {
    let columns = || Some(joined(&constraint.columns.iter().chain(&constraint.include).cloned().collect::<Vec<_>>()));
    match constraint.kind {
        ConstraintKind::PrimaryKey => Some((None, "pkey")),
        ConstraintKind::Unique => Some((columns(), "key")),
        ConstraintKind::ForeignKey => Some((Some(joined(&constraint.columns)), "fkey")),
        ConstraintKind::Check => Some((None, "check")),
        ConstraintKind::Exclusion => {
            let (second, _) = keys(&constraint.keys, &constraint.include);
            Some((second, "excl"))
        }
        ConstraintKind::NotNull => Some((columns(), "not_null")),
        ConstraintKind::Named => None,
    }
}

/// The parts of the name of the sequence behind a serial or identity column.
pub fn sequence(column: &str) -> Parts {
    (Some(column.to_owned()), "seq")
}

/// The parts of the name of extended statistics on columns and expressions.
pub fn statistics(keys: &[IndexColumn]) -> Parts {
    let names: Vec<String> =
        keys.iter().map(|key| if key.expression { "expr".to_owned() } else { key.text.clone() }).collect();
    (Some(joined(&names)), "stat")
}

/// Column names joined by `_`, up to the one that makes it longer than a name can be.
fn joined(names: &[String]) -> String {
    let mut all = String::new();
    for name in names {
        if !all.is_empty() {
            all.push('_');
        }
        all.push_str(name);
        if all.len() > LONGEST {
            break;
        }
    }
    all
}

/// `name`, with a number behind it where the index has such a column already.
fn unique(name: &str, before: &[String]) -> String {
    let mut own = name.to_owned();
    let mut pass = 0_u32;
    while before.contains(&own) {
        pass += 1;
        let number = pass.to_string();
        own = format!("{}{number}", cut(name, LONGEST - number.len()));
    }
    own
}

/// The name that an expression suggests: that of the function called, of the column or attribute it comes down to, of
/// the type it is cast to; `None` for any other.
pub fn expression(text: &str) -> Option<String> {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').filter(|_| closing(text) == Some(text.len() - 1)) {
        text = inner.get(..inner.len() - 1)?.trim();
    }
    if let Some(at) = last_cast(text) {
        let (value, name) = text.split_at(at);
        return expression(value).or_else(|| type_name(name.trim_start_matches(':')));
    }
    let (name, rest) = dotted(text)?;
    let rest = rest.trim_start();
    match name.as_str() {
        "case" if text.len() > 3 && text.get(text.len() - 3..)?.eq_ignore_ascii_case("end") => return Some(name),
        "array" if rest.starts_with('[') && rest.ends_with(']') => return Some(name),
        "cast" => return cast(rest),
        _ if starts_with_word(rest, "collate") => return Some(name),
        _ => {}
    }
    let whole = rest.is_empty() || (rest.starts_with('(') && closing(rest) == Some(rest.len() - 1));
    whole.then_some(name)
}

/// The name that `(value AS type)` suggests.
fn cast(parenthesis: &str) -> Option<String> {
    let inner = parenthesis.strip_prefix('(')?.strip_suffix(')')?;
    let at = inner.to_ascii_lowercase().rfind(" as ")?;
    let (value, name) = inner.split_at(at);
    expression(value).or_else(|| type_name(name.get(" as ".len()..)?))
}

fn starts_with_word(text: &str, word: &str) -> bool {
    let (start, rest) = text.split_at(text.floor_char_boundary(word.len()));
    start.eq_ignore_ascii_case(word) && !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
}

/// Where the parenthesis that opens `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    outside_quotes(text).find_map(|(at, letter)| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at)
    })
}

/// Where the `::` of a cast of everything before it starts: the last one that no operator follows or precedes.
fn last_cast(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut last = None;
    let mut operator = false;
    for (at, letter) in outside_quotes(text) {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && text.get(at..at + 2) == Some("::") => last = Some(at),
            '+' | '-' | '*' | '/' | '<' | '>' | '=' | '|' | '&' | '%' | '#' | '~' if depth == 0 => operator = true,
            _ => {}
        }
    }
    last.filter(|_| !operator)
}

/// The characters that stand in no string and in no quoted name.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |(_, letter)| match quote {
        Some(open) => {
            if *letter == open {
                quote = None;
            }
            false
        }
        None if matches!(letter, '\'' | '"') => {
            quote = Some(*letter);
            false
        }
        None => true,
    })
}

/// The last part of the dotted name that `text` starts with, folded, and what follows it.
fn dotted(text: &str) -> Option<(String, &str)> {
    let (mut name, mut rest) = identifier(text)?;
    while let Some(after) = rest.strip_prefix('.') {
        (name, rest) = identifier(after)?;
    }
    Some((name, rest))
}

fn identifier(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"')?;
        return Some((quoted.get(..end)?.to_owned(), quoted.get(end + 1..)?));
    }
    let end =
        text.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$'))).unwrap_or(text.len());
    let word = text.get(..end)?;
    let named = word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    named.then(|| Some((word.to_lowercase(), text.get(end..)?)))?
}

/// The server's name of a type as the grammar hands it on: `int4` for `integer`.
fn type_name(text: &str) -> Option<String> {
    let (name, _) = dotted(text.trim())?;
    let own = match name.as_str() {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "boolean" => "bool",
        "real" => "float4",
        "double" | "float" => "float8",
        "decimal" | "dec" => "numeric",
        "character" if text.to_lowercase().contains("varying") => "varchar",
        "character" | "char" => "bpchar",
        "timestamp" if text.to_lowercase().contains("with time zone") => "timestamptz",
        "time" if text.to_lowercase().contains("with time zone") => "timetz",
        other => other,
    };
    Some(own.to_owned())
}

/// The first `length` bytes, fewer where a character would be cut.
fn cut(text: &str, length: usize) -> &str {
    text.get(..text.floor_char_boundary(length)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(text: &str) -> IndexColumn {
        IndexColumn { text: text.to_owned(), ..IndexColumn::default() }
    }

    fn key(text: &str) -> IndexColumn {
        IndexColumn { expression: true, ..column(text) }
    }

    fn index_name(table: &str, columns: Vec<IndexColumn>, include: &[&str]) -> String {
        let include = include.iter().map(|&name| name.to_owned()).collect();
        let (second, label) = index(&IndexDetails { columns, include, ..IndexDetails::default() });
        object(table, second.as_deref(), label)
    }

    #[test]
    fn an_index_is_named_after_all_its_columns() {
        assert_eq!(index_name("t", vec![column("a"), column("b")], &["c"]), "t_a_b_c_idx");
        assert_eq!(index_name("t", vec![column("a"), column("a")], &[]), "t_a_a1_idx");
    }

    #[test]
    fn an_expression_lends_its_function_or_type() {
        let name = |text: &str| index_name("t", vec![key(text)], &[]);
        assert_eq!(name("lower(a)"), "t_lower_idx");
        assert_eq!(name("(a || b)"), "t_expr_idx");
        assert_eq!(name("(pg_catalog.upper(a))"), "t_upper_idx");
        assert_eq!(name("((data ->> 'x:y')::integer)"), "t_int4_idx");
        assert_eq!(name("(a::text)"), "t_a_idx");
        assert_eq!(name("(lower(a) || lower(b))"), "t_expr_idx");
        assert_eq!(name("(a::text || b::text)"), "t_expr_idx");
        assert_eq!(name("CAST(a AS bigint)"), "t_a_idx");
        assert_eq!(name("(CASE WHEN c > 1 THEN 1 END)"), "t_case_idx");
        assert_eq!(name("(ARRAY[c])"), "t_array_idx");
        assert_eq!(name("(a COLLATE \"C\")"), "t_a_idx");
        assert_eq!(name("(c IS NULL)"), "t_expr_idx");
    }

    #[test]
    fn the_longer_part_is_cut_first() {
        let table = "a".repeat(60);
        let name = object(&table, Some("account_identifier"), "idx");
        assert_eq!(name, format!("{}_account_identifier_idx", "a".repeat(63 - 23)));
        let name = object(&"ä".repeat(40), None, "pkey");
        assert_eq!(name.len(), 63);
        assert_eq!(name, format!("{}_pkey", "ä".repeat(29)), "58 bytes are 29 characters");
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = ["t_a_key", "t_a_key1"];
        assert_eq!(free("t", Some("a"), "key", |name| taken.contains(&name)), "t_a_key2");
        let many = |name: &str| name.trim_start_matches("t_key").parse::<u32>().map_or(true, |number| number < 9_999);
        assert_eq!(free("t", None, "key", many), "t_key9999");
    }

    #[test]
    fn constraints_have_labels_of_their_own() {
        let of = |kind| {
            let columns = vec!["a".to_owned(), "b".to_owned()];
            let keys = vec![column("a"), key("lower(b)")];
            let parts = constraint(&ConstraintDetails { kind, columns, keys, ..ConstraintDetails::default() });
            parts.map(|(second, label)| object("t", second.as_deref(), label))
        };
        assert_eq!(of(ConstraintKind::PrimaryKey).as_deref(), Some("t_pkey"));
        assert_eq!(of(ConstraintKind::Unique).as_deref(), Some("t_a_b_key"));
        assert_eq!(of(ConstraintKind::ForeignKey).as_deref(), Some("t_a_b_fkey"));
        assert_eq!(of(ConstraintKind::Exclusion).as_deref(), Some("t_a_lower_excl"));
        assert_eq!(of(ConstraintKind::Named), None);
    }
}

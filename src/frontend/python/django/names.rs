//! Names that Django derives: indexes, constraints, many-to-many tables; and those that the server derives where
//! Django writes none.

use super::super::digest::md5 as digest;
use crate::ir::names;

/// `_create_index_name` of Django's schema editor: table, columns and a digest of both, shortened to fit.
pub(super) fn index_name(table: &str, columns: &[&str], suffix: &str, limit: Option<usize>) -> String {
    let table = own_name(table);
    let mut all = vec![table];
    all.extend(columns);
    let mut hash = format!("{}{suffix}", digest(&all, 8));
    let limit = limit.unwrap_or(200);
    let columns = columns.join("_");
    let name = format!("{table}_{columns}_{hash}");
    if name.chars().count() <= limit {
        return name;
    }
    if hash.chars().count() > limit / 3 {
        hash = cut(&hash, limit / 3);
    }
    let other = (limit - hash.chars().count()) / 2 - 1;
    let name = format!("{}_{}_{hash}", cut(table, other), cut(&columns, other));
    if name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        let kept = name.chars().count().saturating_sub(1);
        return format!("D{}", cut(&name, kept));
    }
    name
}

/// `Index.set_name_with_model`: 11 characters of the table, 7 of the first column, a digest of 6.
pub(super) fn meta_index_name(table: &str, columns: &[(String, bool)], suffix: &str) -> String {
    let table = own_name(table);
    let first = columns.first().map_or("", |(column, _)| column.as_str());
    let mut parts = vec![table.to_owned()];
    parts.extend(
        columns.iter().map(|(column, descending)| if *descending { format!("-{column}") } else { column.clone() }),
    );
    parts.push(suffix.to_owned());
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let name = format!("{}_{}_{}_{suffix}", cut(table, 11), cut(first, 7), digest(&parts, 6));
    if name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        format!("D{}", name.get(1..).unwrap_or_default())
    } else {
        name
    }
}

/// `truncate_name` of Django, for the names of tables.
pub(super) fn truncated(name: &str, limit: usize) -> String {
    let plain = name.trim_matches('"');
    if plain.chars().count() <= limit {
        return name.to_owned();
    }
    format!("{}{}", cut(plain, limit - 4), digest(&[plain], 4))
}

/// The name that PostgreSQL gives a constraint without one.
pub(super) fn server_name(table: &str, column: &str, label: &str) -> String {
    names::object(own_name(table), Some(column).filter(|column| !column.is_empty()), label)
}

/// The name without its schema: Django takes `"schema"."table"` as a name in quotes.
fn own_name(table: &str) -> &str {
    match table.split_once("\".\"") {
        Some((_, own)) => own.trim_matches('"'),
        None => table.trim_matches('"'),
    }
}

/// A name in double quotes, unless it is in quotes already.
pub(super) fn quoted(name: &str) -> String {
    if name.starts_with('"') && name.ends_with('"') && name.len() > 1 { name.to_owned() } else { format!("\"{name}\"") }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

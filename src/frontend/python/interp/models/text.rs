//! What the text of a file shows before it is read.

use std::collections::BTreeSet;

/// The table's name that Flask-SQLAlchemy gives to a class: `OrderLine` is `order_line`, `HTTPLog` is `http_log`.
/// Source: flask_sqlalchemy, `camel_to_snake_case`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let small = |letter: Option<&char>| letter.is_some_and(char::is_ascii_lowercase);
        let begins = small(before) || before.is_some_and(char::is_ascii_digit) || (before.is_some() && small(after));
        if letter.is_ascii_uppercase() && begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// Whether the text of a file can hold a model of one of `tables`, names in lower case: it has the name, however
/// capitals stand in it, or a class whose name can lead to it, or computes names of tables.
pub(in super::super::super) fn may_map(text: &str, tables: &BTreeSet<String>) -> bool {
    let has_name = || {
        let lower = text.to_lowercase();
        tables.iter().any(|table| lower.contains(table.as_str()))
    };
    let leads = |class: &str| {
        let (lower, snake) = (class.to_lowercase(), snake(class));
        // `shop_orderline`, and `shop_orderline_tags` of a field that joins it to others.
        let between = format!("_{lower}_");
        tables.iter().any(|table| table.ends_with(&lower) || *table == snake || table.contains(&between))
    };
    let mut classes = text.lines().filter_map(|line| line.trim_start().strip_prefix("class "));
    let name = |rest: &str| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().map(str::to_owned);
    has_name() || classes.any(|rest| name(rest).is_some_and(|name| leads(&name))) || computes_names(text)
}

/// Whether a text makes the name of a table of something else than a string.
fn computes_names(text: &str) -> bool {
    let literal = |rest: &str| rest.trim_start().starts_with(['"', '\'']);
    // The first on a line tells: a line of a megabyte is not gone through for each.
    let assigned = |word: &str| {
        text.lines().filter_map(|line| line.split_once(word)).any(|(_, rest)| match rest.split_once('=') {
            // `def __tablename__(cls)`, and `__tablename__: str = NAME`.
            Some((before, after)) if before.trim().is_empty() || before.trim_start().starts_with(':') => {
                !literal(after)
            }
            _ => rest.trim_start().starts_with('('),
        })
    };
    let called = text.match_indices("Table(").any(|(at, word)| {
        let whole = !text.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        whole && text.get(at + word.len()..).is_some_and(|rest| !literal(rest))
    });
    (called && text.contains("sqlalchemy"))
        || assigned("__tablename__")
        || assigned("db_table")
        || text.contains("HistoricalRecords(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_shows_whether_it_can_map_a_table() {
        let tables = BTreeSet::from(["orderline".to_owned()]);
        for text in [
            "class Line(Base):\n    __tablename__ = 'OrderLine'\n",
            "class OrderLine(models.Model):\n    pass\n",
            "class Line(Base):\n    __tablename__: str = PREFIX + 'line'\n",
            "class Line(Base):\n    @declared_attr\n    def __tablename__(cls):\n        return cls.NAME\n",
        ] {
            assert!(may_map(text, &tables), "{text}");
        }
        assert!(!may_map("class Tag(Base):\n    __tablename__ = 'tag'\n", &tables));
    }
}

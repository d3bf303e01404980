//! What the text of a file shows before it is read.

use std::collections::BTreeSet;

/// Underscores of a name that are looked at; a server's names hold no more.
const MAX_BARS: usize = 40;

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

/// Names that a table of a class can have where a rule that is not known makes it of the class's name: `OrderLine` is
/// `orderline` or `order_line`, or `order_lines`.
pub(super) fn likely_names(class: &str) -> BTreeSet<String> {
    let plural = |name: &str| match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if name.ends_with(['s', 'x']) || name.ends_with("ch") || name.ends_with("sh") => format!("{name}es"),
        _ => format!("{name}s"),
    };
    let singular = [class.to_lowercase(), snake(class)];
    let plurals: Vec<String> = singular.iter().flat_map(|name| [plural(name), format!("{name}s")]).collect();
    singular.into_iter().chain(plurals).collect()
}

/// Tables whose models are looked for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The names that are words.
    names: BTreeSet<String>,
    /// Names that are none: with a dash, say.
    odd: Vec<String>,
    /// The names read from their ends, for those that end with something.
    reversed: BTreeSet<String>,
    /// What stands between underscores in them: `shop_orderline_tags` of a field that joins it to others.
    between: BTreeSet<String>,
}

impl Wanted {
    /// Tables of these names, however they are written.
    pub fn new(tables: &BTreeSet<String>) -> Self {
        let mut wanted = Self::default();
        for table in tables.iter().map(|table| table.to_lowercase()) {
            wanted.reversed.insert(table.chars().rev().collect());
            let bars: Vec<usize> = table.match_indices('_').map(|(at, _)| at).take(MAX_BARS).collect();
            for (at, from) in bars.iter().enumerate() {
                let inner = bars.iter().skip(at + 1).filter_map(|to| table.get(from + 1..*to));
                wanted.between.extend(inner.map(str::to_owned));
            }
            if table.chars().all(is_word) {
                wanted.names.insert(table);
            } else {
                wanted.odd.push(table);
            }
        }
        wanted
    }

    /// Whether the text of a file can hold a model of one of the tables: it has the name, however capitals stand in it,
    /// or a class whose name can lead to it, or computes names of tables.
    pub fn in_text(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let has_name = lower.split(|c| !is_word(c)).any(|word| self.names.contains(word))
            || self.odd.iter().any(|table| lower.contains(table.as_str()));
        let mut classes = text.lines().filter_map(|line| line.trim_start().strip_prefix("class "));
        let name = |rest: &str| rest.split(|c: char| !is_word(c)).next().map(str::to_owned);
        has_name || classes.any(|rest| name(rest).is_some_and(|class| self.leads(&class))) || computes_names(text)
    }

    /// Whether a class of this name can have one of the tables.
    fn leads(&self, class: &str) -> bool {
        let lower = class.to_lowercase();
        let end: String = lower.chars().rev().collect();
        let ends = self.reversed.range(end.clone()..).next().is_some_and(|table| table.starts_with(&end));
        ends || self.between.contains(&lower) || likely_names(class).iter().any(|name| self.names.contains(name))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
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
        let wanted = Wanted::new(&BTreeSet::from(["orderline".to_owned()]));
        for text in [
            "class Line(Base):\n    __tablename__ = 'OrderLine'\n",
            "class OrderLine(models.Model):\n    pass\n",
            "class Line(Base):\n    __tablename__: str = PREFIX + 'line'\n",
            "class Line(Base):\n    @declared_attr\n    def __tablename__(cls):\n        return cls.NAME\n",
        ] {
            assert!(wanted.in_text(text), "{text}");
        }
        assert!(!wanted.in_text("class Tag(Base):\n    __tablename__ = 'tag'\n"));
    }

    #[test]
    fn parts_of_a_name_lead_to_its_class() {
        let of = |table: &str| Wanted::new(&BTreeSet::from([table.to_owned()]));
        assert!(of("shop_orderline_tags").in_text("class OrderLine(models.Model):"));
        assert!(of("shop_orderline").in_text("class OrderLine(models.Model):"));
        assert!(of("order_lines").in_text("class OrderLine(Base):"));
        assert!(of("policies").in_text("class Policy(Base):"));
        assert!(of("order-lines").in_text("x = Table('order-lines', metadata)"));
        assert!(!of("shop_orderline").in_text("class Tag(models.Model):"));
        assert!(!of("orderline").in_text("class Tag(Base):\n    __tablename__ = 'orderlines2'\n"));
    }
}

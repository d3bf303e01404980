//! Writes SQL whose names keep their places in the source.

use std::rc::Rc;

use super::super::strings;
use super::super::value::{Text, Value};
use super::naming::Naming;
use super::reserved::is_reserved;
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::ir::Unknown;
use crate::span::Span;

/// SQL that is being written.
#[derive(Clone, Debug)]
pub(in super::super) struct Writer {
    pub(in super::super) out: SqlText,
    /// The call that it is written for: the place of every word that stands nowhere in the source.
    pub(in super::super) place: Span,
    pub(in super::super) dialect: Dialect,
    /// Parts that are not known and are values, which the library sends beside the statement.
    values: usize,
    /// What names are derived from.
    pub(super) naming: Rc<Naming>,
}

impl Writer {
    pub(in super::super) fn new(place: Span, dialect: Dialect) -> Self {
        Self { out: SqlText::default(), place, dialect, values: 0, naming: Rc::default() }
    }

    /// A writer of another statement of the same call.
    pub(in super::super) fn another(&self) -> Self {
        Self { naming: self.naming.clone(), ..Self::new(self.place, self.dialect) }
    }

    /// Writes words of SQL.
    pub(in super::super) fn word(&mut self, text: &str) {
        self.out.push(text, self.place);
    }

    pub(in super::super) fn append(&mut self, text: &SqlText) {
        self.out.append(text);
    }

    /// Writes a part that is not known.
    pub(in super::super) fn hole(&mut self, reason: &str) {
        let text = "{…}".to_owned();
        self.out.push_hole(Unknown { reason: reason.to_owned(), text, span: self.place });
    }

    /// Writes what stands for a value that is no string.
    pub(in super::super) fn unknown(&mut self, value: &Value<'_>, reason: &str) {
        match value {
            Value::Unknown(opaque) => self.out.push_hole(opaque.unknown.clone()),
            Value::Either(values) => self.hole(&format!("it is one of {} values", values.len())),
            _ => self.hole(reason),
        }
    }

    /// Writes what stands for a value of a statement, which is sent beside it.
    pub(super) fn value(&mut self, value: &Value<'_>, reason: &str) {
        self.values += 1;
        self.unknown(value, reason);
    }

    /// Whether all of the statement is known but for values that are sent beside it.
    pub(in super::super) fn is_whole(&self) -> bool {
        self.out.holes().count() <= self.values
    }

    /// Writes the name that a value is.
    pub(in super::super) fn name(&mut self, value: &Value<'_>) {
        match value {
            Value::Text(text) => self.name_text(&text.sql),
            Value::Record(record) => {
                let inner = record.fields.borrow().get("0").cloned();
                match inner {
                    // `quoted_name("x", quote=True)`, `sa.column("x")`
                    Some(inner @ (Value::Text(_) | Value::Unknown(_))) => self.name(&inner),
                    _ => self.hole("the name is not known"),
                }
            }
            other => self.unknown(other, "the name is not known"),
        }
    }

    /// Writes a name, quoted where it has to be.
    pub(in super::super) fn name_text(&mut self, name: &SqlText) {
        if !name.is_known() || !needs_quotes(&name.text, self.dialect) {
            self.append(name);
            return;
        }
        let span = name.span(0..name.text.len());
        self.out.push(&quoted(&name.text, self.dialect), span);
    }

    /// Writes a dotted name part by part.
    pub(in super::super) fn dotted(&mut self, name: &SqlText) {
        let mut at = 0;
        for (number, part) in name.text.split('.').enumerate() {
            if number > 0 {
                self.word(".");
            }
            self.name_text(&name.part(at..at + part.len()));
            at += part.len() + 1;
        }
    }

    /// Writes a table's name.
    pub(in super::super) fn table(&mut self, schema: Option<&Value<'_>>, name: &Value<'_>) {
        match schema {
            Some(Value::Text(schema)) if !schema.sql.text.is_empty() => {
                self.dotted(&schema.sql);
                self.word(".");
            }
            None | Some(Value::None | Value::Text(_)) => {}
            Some(other) => {
                self.unknown(other, "the schema is not known");
                self.word(".");
            }
        }
        self.name(name);
    }

    /// Writes names, joined by commas; a list that is not known is a hole.
    pub(in super::super) fn names(&mut self, list: &Value<'_>) {
        let Some(items) = Value::items(list) else {
            self.unknown(list, "the names are not known");
            return;
        };
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.word(", ");
            }
            self.name(item);
        }
    }

    /// Writes a string as a literal.
    pub(in super::super) fn literal(&mut self, text: &Text) {
        self.values += text.sql.holes().count();
        self.word("'");
        let quotes = SqlText::default();
        let mut twice = quotes;
        twice.push("''", self.place);
        let escaped = strings::replace(&text.sql, "'", &twice);
        self.append(&escaped);
        self.word("'");
    }

    /// Writes a value as SQL gives it: a phrase such as `CASCADE`, or a number.
    pub(in super::super) fn phrase(&mut self, value: &Value<'_>) {
        match value {
            Value::Text(text) => self.append(&text.sql),
            Value::Int(int) => self.word(&int.to_string()),
            Value::Bool(true) => self.word("true"),
            Value::Bool(false) => self.word("false"),
            other => self.unknown(other, "the option is not known"),
        }
    }
}

fn needs_quotes(name: &str, dialect: Dialect) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$';
    let start = |c: char| c.is_ascii_digit() || c == '$';
    name.is_empty() || name.starts_with(start) || !name.chars().all(legal) || is_reserved(name, dialect)
}

fn quoted(name: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Mysql {
        format!("`{}`", name.replace('`', "``"))
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_the_server_would_read_something_else() {
        for (name, expected) in [("orders", false), ("Orders", true), ("user", true), ("1st", true), ("a-b", true)] {
            assert_eq!(needs_quotes(name, Dialect::Postgres), expected, "{name}");
        }
    }
}

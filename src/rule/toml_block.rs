//! TOML with places: values of a table, each with its bytes of the page.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Fault;

/// A value as written, and its bytes of the page, quotes included.
#[derive(Clone, Copy)]
pub(super) struct Written<'t> {
    value: &'t DeValue<'t>,
    start: usize,
    end: usize,
}

impl<'t> Written<'t> {
    fn new(value: &'t Spanned<DeValue<'t>>, base: usize) -> Self {
        let span = value.span();
        Self { value: value.get_ref(), start: base + span.start, end: base + span.end }
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(super) fn value(&self) -> &'t DeValue<'t> {
        self.value
    }

    /// The error "`key` is …", of another type than `wanted`.
    pub(super) fn mismatch(&self, key: &str, wanted: &str) -> Fault {
        Fault::new(self.range(), format!("`{key}` is {wanted}, not {}", describe(self.value)))
    }

    pub(super) fn text(&self, key: &str) -> Result<&'t str, Fault> {
        self.value.as_str().ok_or_else(|| self.mismatch(key, "a string"))
    }

    pub(super) fn bool(&self, key: &str) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.mismatch(key, "true or false"))
    }

    /// A string, or each string of a list.
    pub(super) fn words(&self, key: &str, base: usize) -> Result<Vec<(&'t str, Range<usize>)>, Fault> {
        match self.value {
            DeValue::String(word) => Ok(vec![(word.as_ref(), self.range())]),
            DeValue::Array(elements) => elements
                .iter()
                .map(|element| {
                    let element = Written::new(element, base);
                    Ok((element.text(key)?, element.range()))
                })
                .collect(),
            _ => Err(self.mismatch(key, "a string or a list of strings")),
        }
    }
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A table of the page; `base` is where the block it stands in starts.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    pub(super) entries: &'t DeTable<'t>,
    pub(super) base: usize,
    /// The bytes said of a key that is missing.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'t> Table<'t> {
    pub(super) fn get(&self, key: &str) -> Option<Written<'t>> {
        self.entries.get(key).map(|value| Written::new(value, self.base))
    }

    /// Every key with its bytes and value, in the order of keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t str, Range<usize>, Written<'t>)> + '_ {
        self.entries.iter().map(|(key, value)| {
            let span = key.span();
            let range = self.base + span.start..self.base + span.end;
            (key.get_ref().as_ref(), range, Written::new(value, self.base))
        })
    }

    pub(super) fn require(&self, key: &str, help: &str) -> Result<Written<'t>, Fault> {
        self.get(key).ok_or_else(|| Fault::new(self.start..self.end, format!("`{key}` is missing")).help(help))
    }

    /// The table under `key`, if there is one.
    pub(super) fn table(&self, key: &str) -> Result<Option<Table<'t>>, Fault> {
        self.get(key).map(|written| self.inner(key, &written)).transpose()
    }

    pub(super) fn inner(&self, key: &str, written: &Written<'t>) -> Result<Table<'t>, Fault> {
        let entries = written.value.as_table().ok_or_else(|| written.mismatch(key, "a table"))?;
        Ok(Table { entries, base: self.base, start: written.start, end: written.end })
    }

    /// Every key must be one of `known`.
    pub(super) fn check_keys(&self, known: &[&str]) -> Result<(), Fault> {
        match self.entries().find(|(key, _, _)| !known.contains(key)) {
            Some((key, range, _)) => Err(Fault::unknown(range, "key", key, known)),
            None => Ok(()),
        }
    }
}

/// The bytes of the page for the bytes `inner` of the string literal that stands at `literal`: escapes are longer in
/// the page than in the value.
pub(super) fn inside(page: &str, literal: &Range<usize>, inner: &Range<usize>) -> Range<usize> {
    let raw = page.get(literal.clone()).unwrap_or_default();
    let start = raw_offset(raw, inner.start);
    // What stands for nothing (a backslash at a line's end) comes before the text, not with it.
    let joined = raw.get(start..).filter(|rest| raw.starts_with('"') && rest.starts_with('\\'));
    let joined = joined.map_or((0, 1), |rest| escape(rest.get(1..).unwrap_or_default()));
    let start = if joined.1 == 0 { start + 1 + joined.0 } else { start };
    literal.start + start..literal.start + raw_offset(raw, inner.end).max(start)
}

/// The offset in the literal `raw` of the byte at `offset` of its value.
fn raw_offset(raw: &str, offset: usize) -> usize {
    let quote = raw.chars().next().unwrap_or('"');
    let long = raw.starts_with("\"\"\"") || raw.starts_with("'''");
    let mut at = if long { 3 } else { 1 };
    if long {
        // A line's end just after the opening quotes is no part of the value.
        let rest = raw.get(at..).unwrap_or_default();
        at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let mut value = 0;
    while value < offset {
        let Some(character) = raw.get(at..).and_then(|rest| rest.chars().next()) else { break };
        if quote == '"' && character == '\\' {
            let (length, bytes) = escape(raw.get(at + 1..).unwrap_or_default());
            at += 1 + length;
            value += bytes;
        } else {
            at += character.len_utf8();
            value += character.len_utf8();
        }
    }
    at
}

/// Bytes of the escape after its backslash, and bytes of what it stands for.
fn escape(rest: &str) -> (usize, usize) {
    let digits = match rest.chars().next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        // At a line's end, that and all white space after it go.
        Some(space) if space.is_whitespace() => return (rest.len() - rest.trim_start().len(), 0),
        Some(other) => return (other.len_utf8(), 1),
        None => return (0, 0),
    };
    let code = rest.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    (1 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
}

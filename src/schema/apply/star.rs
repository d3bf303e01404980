//! `*` in the query of a view, which the server keeps as the columns that it stands for when the view is made.

use super::Apply;
use crate::ir::{Output, QueryDetails};
use crate::schema::text::quoted;

impl Apply<'_> {
    /// `query` with each `*` of its select list as the columns that it stands for now; `None` where it has none, or not
    /// all of them are known. Source: `expandRelAttrs` (src/backend/parser/parse_relation.c).
    pub(super) fn without_stars(&self, query: &QueryDetails) -> Option<QueryDetails> {
        let (outputs, from) = (query.columns.as_ref()?, query.from.as_ref()?);
        let mut columns = Vec::with_capacity(outputs.len());
        let mut lists = Vec::new();
        for output in outputs {
            let Output::Star(of) = output else {
                columns.push(output.clone());
                continue;
            };
            let mut list = Vec::new();
            for (name, alias) in from.iter().filter(|(_, alias)| of.as_ref().is_none_or(|of| of == alias)) {
                let id = self.find(name).filter(|id| self.state(*id).is_some_and(|state| state.complete))?;
                for column in self.live_columns(id) {
                    let column = self.column_state(column)?.name.clone();
                    list.push(format!("{}.{}", quoted(alias), quoted(&column)));
                    columns.push(Output::Column { of: Some(alias.clone()), column, name: None });
                }
            }
            lists.push(list.join(", "));
        }
        let places = stars(&query.text);
        if lists.is_empty() || places.len() != lists.len() || lists.iter().any(String::is_empty) {
            return None;
        }
        let mut text = String::with_capacity(query.text.len());
        let mut end = 0;
        for (place, list) in places.into_iter().zip(&lists) {
            text.push_str(query.text.get(end..place.start)?);
            text.push_str(list);
            end = place.end;
        }
        text.push_str(query.text.get(end..)?);
        let mut words = query.words.clone();
        words.extend(columns.iter().filter_map(|output| match output {
            Output::Column { column, .. } => Some(column.clone()),
            Output::Star(_) | Output::Expression { .. } => None,
        }));
        words.sort();
        words.dedup();
        Some(QueryDetails { text, columns: Some(columns), words, ..query.clone() })
    }
}

/// Where `*` and `t.*` stand in the select list of a query, with the name before the dot.
fn stars(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let (mut depth, mut quote) = (0_usize, None);
    // Where the present entry of the list begins.
    let mut entry = 0;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != letter),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => entry = at + 1,
            (None, '*') if depth == 0 => {
                let before = text.get(entry..at).unwrap_or_default();
                let start = before.rfind(char::is_whitespace).map_or(entry, |space| entry + space + 1);
                let first = before.split_whitespace().all(|word| {
                    word.ends_with('.')
                        || ["select", "all", "distinct"].iter().any(|own| word.eq_ignore_ascii_case(own))
                });
                if first {
                    found.push(start..at + 1);
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_told_from_a_product() {
        let of = |text: &'static str| -> Vec<&str> {
            stars(text).into_iter().map(|place| text.get(place).expect("a place in it")).collect()
        };
        assert_eq!(of("SELECT *, a * b, x.*, count(*), '*' FROM x"), ["*", "x.*"]);
        assert_eq!(of("select distinct \"X\".* from \"X\""), ["\"X\".*"]);
    }
}

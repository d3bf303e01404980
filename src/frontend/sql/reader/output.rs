//! What a relation made from a query gets of it: its columns, and what it depends on.

use std::collections::BTreeSet;

use super::{column, query};
use crate::frontend::sql::cursor::Cursor;
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Known, Output, QualifiedName, QueryDetails};

/// Words that end FROM.
const AFTER_FROM: &[&str] =
    &["WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION", "INTERSECT", "EXCEPT"];

/// Words that join two relations.
const JOINS: &[&str] = &["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER"];

/// Reads the query that `c` stands at.
pub(super) fn read(c: Cursor<'_>) -> QueryDetails {
    let mut own = c;
    while own.at_kind(Kind::Open) {
        let Some(inner) = own.group().filter(|_| own.done()) else { break };
        own = inner;
    }
    let defined = with_names(&mut own);
    let mut reads = query::tables_read(c);
    reads.retain(|name| name.schema.is_some() || !defined.contains(&name.name));
    reads.sort();
    reads.dedup();
    let all_read = query::reads_all(c);
    let mut details = QueryDetails { text: c.shown(), reads, all_read, words: words(c), ..QueryDetails::default() };
    if own.eat("SELECT") {
        own.eat("ALL");
        if own.eat("DISTINCT") && own.eat("ON") {
            own.group();
        }
        let list =
            own.until_word(&["INTO", "FROM", "WHERE", "GROUP", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT"]);
        own.until_word(&["FROM"]);
        own.eat("FROM");
        details.columns = Some(list.split_commas().into_iter().map(output).collect());
        details.from = from(own.until_word(AFTER_FROM)).filter(|relations| {
            relations.iter().all(|(name, _)| name.schema.is_some() || !defined.contains(&name.name))
        });
    } else if own.eat("TABLE")
        && let Ok(Known::Known(name, _)) = own.relation()
    {
        details.columns = Some(vec![Output::Star(None)]);
        details.from = Some(vec![(name.clone(), name.name)]);
    }
    details
}

/// Takes a WITH; the names that it defines.
fn with_names(c: &mut Cursor<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if !c.eat("WITH") {
        return names;
    }
    c.eat("RECURSIVE");
    while let Some(name) = c.ident_text() {
        names.insert(name);
        c.group();
        c.eat("AS");
        c.eat("NOT");
        c.eat("MATERIALIZED");
        c.group();
        // SEARCH and CYCLE.
        c.until(|c| c.at_kind(Kind::Comma) || c.is_any(&["SELECT", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE"]));
        if !c.eat_kind(Kind::Comma) {
            break;
        }
    }
    names
}

/// The relations after FROM, where all of it is relations and their conditions.
fn from(mut c: Cursor<'_>) -> Option<Vec<(QualifiedName, String)>> {
    let mut relations = Vec::new();
    while !c.done() {
        c.eat("LATERAL");
        if !matches!(c.kind(), Some(Kind::Word | Kind::Quoted)) {
            return None;
        }
        let name = c.relation().ok()?.known()?.clone();
        if c.at_kind(Kind::Open) {
            return None;
        }
        let named =
            c.eat("AS") || !(c.done() || c.at_kind(Kind::Comma) || c.is("ON") || c.is("USING") || c.is_any(JOINS));
        let alias = if named { c.ident_text()? } else { name.name.clone() };
        if c.at_kind(Kind::Open) {
            return None;
        }
        relations.push((name, alias));
        if c.is("NATURAL") || c.is("USING") {
            // Columns of the same name are one.
            return None;
        }
        while !c.done() && !c.at_kind(Kind::Comma) && !c.is("JOIN") {
            if c.is_any(&["NATURAL", "USING"]) {
                return None;
            }
            c.skip();
        }
        c.step();
    }
    Some(relations)
}

fn output(c: Cursor<'_>) -> Output {
    let mut item = c;
    let plain = |c: &Cursor<'_>| matches!(c.kind(), Some(Kind::Word | Kind::Quoted));
    if item.eat_operator("*") && item.done() {
        return Output::Star(None);
    }
    item = c;
    if plain(&item) {
        let (mut of, mut last) = (None, item.ident_text());
        while item.eat_kind(Kind::Dot) {
            of = last.take();
            if item.eat_operator("*") {
                return Output::Star(of);
            }
            last = item.ident_text();
        }
        let column = last.unwrap_or_default();
        if item.done() {
            return Output::Column { of, column, name: None };
        }
        let mut alias = item;
        let written = alias.eat("AS") || plain(&alias);
        if written && let Some(name) = alias.ident_text().filter(|_| alias.done()) {
            return Output::Column { of, column, name: Some(name) };
        }
    }
    expression(c)
}

fn expression(c: Cursor<'_>) -> Output {
    // The last AS that stands outside parentheses, or the name that follows an operand without one.
    let mut item = c;
    let before = item.until_word(&["AS"]);
    let mut name = None;
    let mut value = c;
    if item.eat("AS") {
        name = item.ident_text();
        value = before;
    } else if let [.., operand, last] = c.rest()
        && matches!(last.kind, Kind::Word | Kind::Quoted)
        && matches!(operand.kind, Kind::Close | Kind::String | Kind::Number)
        && !c.source(last).eq_ignore_ascii_case("END")
    {
        value = c.over(c.rest().get(..c.rest().len() - 1).unwrap_or_default());
        name = c.over(c.rest().get(c.rest().len() - 1..).unwrap_or_default()).ident_text();
    }
    let data_type = cast(value);
    let name = name.or_else(|| crate::ir::names::expression(&value.shown()));
    Output::Expression { name, data_type }
}

/// The type at the end of `value::type`, where no operator follows the cast.
fn cast(mut c: Cursor<'_>) -> Option<crate::ir::TypeName> {
    let mut found = None;
    while !c.done() {
        if c.eat_operator("::") {
            found = column::type_name(&mut c).filter(|_| c.done());
        } else if c.at_kind(Kind::Operator) {
            return None;
        } else {
            c.skip();
        }
    }
    found
}

/// Every word that can be a name.
fn words(mut c: Cursor<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    while !c.done() {
        if matches!(c.kind(), Some(Kind::Word | Kind::Quoted)) {
            found.extend(c.ident_text());
        } else {
            c.step();
        }
    }
    found.into_iter().collect()
}

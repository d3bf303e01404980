//! What is asked of a query as a whole: its LIMIT, the tables it reads, what its WITH defines.

use std::collections::BTreeMap;

use crate::frontend::sql::cursor::Cursor;
use crate::frontend::sql::lexer::Kind;
use crate::ir::{DataDetails, Known, QualifiedName, TermOperator, TermValue, Where};

/// A LIMIT, and its number where it is one.
pub(super) type Limit = Option<u64>;

/// What a WITH has defined so far: the name of each sub-query, and its LIMIT where it has one.
pub(super) type Ctes = BTreeMap<String, Option<Limit>>;

/// The LIMIT of a query at its own level; `Some(None)` where it is no literal.
pub(super) fn own_limit(mut c: Cursor<'_>) -> Option<Limit> {
    while !c.done() {
        if c.eat("LIMIT") {
            return if c.is_any(&["ALL", "NULL"]) { None } else { Some(number(&c)) };
        }
        if c.eat("FETCH FIRST") || c.eat("FETCH NEXT") {
            return Some(if c.is_any(&["ROW", "ROWS"]) { Some(1) } else { number(&c) });
        }
        if c.eat("TOP") {
            let inner = c.group().unwrap_or(c);
            return Some(number(&inner));
        }
        c.skip();
    }
    None
}

fn number(c: &Cursor<'_>) -> Limit {
    c.peek().and_then(|token| c.source(token).parse().ok())
}

/// Tables named after FROM, JOIN and USING, at any depth.
pub(super) fn tables_read(mut c: Cursor<'_>) -> Vec<QualifiedName> {
    let mut found = Vec::new();
    // For each open parenthesis: whether it is that of a function that has a FROM of its own, `extract(day from d)`.
    let mut calls: Vec<bool> = Vec::new();
    while !c.done() {
        if c.at_kind(Kind::Word) {
            if c.eat_any(&["EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION"]) {
                if c.eat_kind(Kind::Open) {
                    calls.push(true);
                }
                continue;
            }
            let plain = !calls.last().is_some_and(|call| *call);
            if c.eat("DISTINCT FROM") {
                continue;
            }
            if plain && c.eat_any(&["FROM", "JOIN", "USING"]) {
                sources(&mut c, &mut found);
                continue;
            }
        } else if c.at_kind(Kind::Open) {
            calls.push(false);
        } else if c.at_kind(Kind::Close) {
            calls.pop();
        }
        c.step();
    }
    found
}

/// Words after a WITH that begins no query.
const AFTER_WITH: &[&str] = &["NO", "DATA", "CHECK", "LOCAL", "CASCADED", "TIME", "ORDINALITY", "TIES"];

/// Whether the names after FROM in a query are all that it reads: no part is unknown, and none may be that of a WITH
/// query.
pub(super) fn reads_all(c: Cursor<'_>) -> bool {
    let mut words = c;
    while !words.done() {
        if words.eat("WITH") && !words.is_any(AFTER_WITH) && words.at_kind(Kind::Word) {
            return false;
        }
        words.step();
    }
    c.text.first_hole(c.range()).is_none()
}

/// Names between commas after FROM.
fn sources(c: &mut Cursor<'_>, found: &mut Vec<QualifiedName>) {
    loop {
        c.eat("LATERAL");
        if !matches!(c.kind(), Some(Kind::Word | Kind::Quoted)) || c.is_any(&["SELECT", "STDIN", "UNNEST"]) {
            return;
        }
        let Ok(name) = c.relation() else { return };
        if c.at_kind(Kind::Open) {
            return;
        }
        if let Known::Known(name, _) = name {
            found.push(name);
        }
        if c.eat("AS") || (matches!(c.kind(), Some(Kind::Word | Kind::Quoted)) && follows_alias(c)) {
            c.step();
        }
        if !c.eat_kind(Kind::Comma) {
            return;
        }
    }
}

/// Whether the word here is an alias in a list: a comma follows it.
fn follows_alias(c: &Cursor<'_>) -> bool {
    c.peek_nth(1).is_some_and(|t| t.kind == Kind::Comma)
}

/// What is asked of a whole statement, once.
pub(super) struct Whole {
    /// What its WITH has defined so far.
    pub(super) ctes: Ctes,
    skip_locked: bool,
    not_exists: bool,
}

impl Whole {
    pub(super) fn new(cursor: Cursor<'_>) -> Self {
        Self {
            ctes: Ctes::new(),
            skip_locked: cursor.has_inside("SKIP LOCKED"),
            not_exists: cursor.has_inside("NOT EXISTS")
                || cursor.has_inside("NOT IN")
                || cursor.has_inside("EXCEPT")
                || (cursor.has_inside("LEFT") && cursor.has_inside("IS NULL")),
        }
    }

    /// The LIMIT of the first limited sub-query of the WITH that `c` reads from.
    pub(super) fn cte_limit(&self, c: Cursor<'_>) -> Option<Limit> {
        if self.ctes.is_empty() {
            return None;
        }
        tables_read(c).iter().find_map(|name| self.ctes.get(&name.name).copied().flatten())
    }

    pub(super) fn details(&self, target: Option<&Known<QualifiedName>>, part: Cursor<'_>) -> DataDetails {
        let target = target.and_then(Known::known);
        let mut reads = tables_read(part);
        reads.retain(|name| Some(name) != target && !self.ctes.contains_key(&name.name));
        reads.sort();
        reads.dedup();
        DataDetails { skip_locked: self.skip_locked, not_exists: self.not_exists, reads, ..DataDetails::default() }
    }

    /// Fills the bound on the rows of UPDATE or DELETE.
    pub(super) fn bound(&self, details: &mut DataDetails, after_target: Cursor<'_>) {
        let mut found = own_limit(after_target).or_else(|| self.cte_limit(after_target));
        let mut list = None;
        if let Where::Predicate(predicate) = &details.condition {
            for term in &predicate.terms {
                match (&term.operator, &term.value) {
                    (TermOperator::In | TermOperator::Equal, TermValue::Query { limited: true }) => {
                        found = found.or_else(|| Some(picked_limit(after_target)));
                    }
                    (TermOperator::In, TermValue::Literal(text)) => list = Some(text.split(',').count() as u64),
                    _ => {}
                }
            }
        }
        if found.is_none() {
            found = derived_limit(after_target);
        }
        details.limited = found.is_some();
        details.limit = found.flatten().or(list);
    }
}

/// The number of the first LIMIT at any depth.
fn picked_limit(mut c: Cursor<'_>) -> Limit {
    while !c.done() {
        if c.eat("LIMIT") || c.eat("FETCH FIRST") || c.eat("FETCH NEXT") {
            return number(&c);
        }
        c.step();
    }
    None
}

/// The LIMIT of a sub-query after FROM, USING or JOIN.
pub(super) fn derived_limit(mut c: Cursor<'_>) -> Option<Limit> {
    while !c.done() {
        if c.eat_any(&["FROM", "USING", "JOIN"]) {
            if let Some(limit) = c.group().and_then(own_limit) {
                return Some(limit);
            }
        } else {
            c.skip();
        }
    }
    None
}

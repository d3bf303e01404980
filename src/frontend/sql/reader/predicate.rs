//! WHERE conditions.

use crate::frontend::sql::cursor::Cursor;
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Predicate, Term, TermOperator, TermValue, Where};

/// Reads a condition: the comparisons that AND joins at its top level. `own` are the names that the changed table goes
/// by; a comparison of another table's columns is no term. Empty where every column counts.
pub(super) fn condition(c: Cursor<'_>, own: &[String]) -> Where {
    if c.done() {
        return Where::Unknown;
    }
    let text = c.shown();
    let mut predicate = Predicate { text, terms: Vec::new(), complete: true };
    let mut always = true;
    let mut unknown = false;
    // What is still to be looked at; a stack and no recursion, as parentheses nest as deep as the input likes.
    let mut work = vec![c];
    while let Some(mut part) = work.pop() {
        if let Some(inner) = enclosed(part) {
            work.push(inner);
            continue;
        }
        if part.has("OR") || part.has("XOR") {
            predicate.complete = false;
            always = false;
            continue;
        }
        let mut parts = Vec::new();
        while !part.done() {
            let mut between = false;
            let start = part;
            while !part.done() && (between || !part.is("AND")) {
                between = (between || part.is("BETWEEN")) && !part.is("AND");
                part.skip();
            }
            let count = start.rest().len() - part.rest().len();
            parts.push(start.over(start.rest().get(..count).unwrap_or_default()));
            part.eat("AND");
        }
        if parts.len() > 1 {
            work.extend(parts.into_iter().rev());
            continue;
        }
        let Some(one) = parts.pop() else { continue };
        if is_true(one) {
            continue;
        }
        always = false;
        unknown |= one.at_kind(Kind::Hole) && one.rest().len() == 1;
        match term(one, own) {
            Some(term) => predicate.terms.push(term),
            None => predicate.complete = false,
        }
    }
    if always {
        Where::Always
    } else if unknown && predicate.terms.is_empty() {
        Where::Unknown
    } else {
        Where::Predicate(predicate)
    }
}

/// The inside, where parentheses enclose all of it.
fn enclosed(part: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut ahead = part;
    if !part.at_kind(Kind::Open) {
        return None;
    }
    let inner = ahead.group()?;
    (ahead.done() && !inner.is_any(&["SELECT", "WITH"])).then_some(inner)
}

fn is_true(mut one: Cursor<'_>) -> bool {
    let (first, count) = (one.peek(), one.rest().len());
    if count == 1 {
        return one.is("TRUE") || first.is_some_and(|t| t.kind == Kind::Number && one.source(t) == "1");
    }
    let literal = first.is_some_and(|t| matches!(t.kind, Kind::Number | Kind::String) && !t.hole);
    one.step();
    let equal = one.eat_operator("=");
    literal && equal && count == 3 && one.peek().zip(first).is_some_and(|(a, b)| one.source(a) == one.source(b))
}

/// The column here, without qualifier, where it is one of the changed table.
fn column(c: &mut Cursor<'_>, own: &[String]) -> Option<String> {
    let (qualifier, name) = any_column(c)?;
    let foreign = qualifier.is_some_and(|qualifier| !own.is_empty() && !own.contains(&qualifier));
    (!foreign).then_some(name)
}

/// The column here and its qualifier.
fn any_column(c: &mut Cursor<'_>) -> Option<(Option<String>, String)> {
    let token = c.peek()?;
    if !matches!(token.kind, Kind::Word | Kind::Quoted) || c.is_any(&["NOT", "EXISTS", "CASE", "NULL", "TRUE", "FALSE"])
    {
        return None;
    }
    let mut qualifier = None;
    let mut name = c.ident_text()?;
    while c.eat_kind(Kind::Dot) {
        qualifier = Some(name);
        name = c.ident_text()?;
    }
    (!c.at_kind(Kind::Open)).then_some((qualifier, name))
}

fn term(one: Cursor<'_>, own: &[String]) -> Option<Term> {
    let mut c = one;
    if let Some(column) = coalesced(&mut c, own) {
        return Some(Term { column, operator: TermOperator::IsNull, value: TermValue::None });
    }
    let mut c = one;
    let negated = c.eat("NOT");
    let column = if c.at_kind(Kind::Open) && !negated {
        row(&mut c)?
    } else if let Some(column) = column(&mut c, own) {
        column
    } else {
        return reversed(one, own);
    };
    if c.done() {
        let value = TermValue::Literal((!negated).to_string());
        return Some(Term { column, operator: TermOperator::Equal, value });
    }
    if negated {
        return Some(Term { column, operator: TermOperator::Other, value: TermValue::Expression(one.shown()) });
    }
    let (operator, value) = comparison(&mut c);
    Some(Term { column, operator, value })
}

/// `(a, b)` before IN.
fn row(c: &mut Cursor<'_>) -> Option<String> {
    let inner = c.group()?;
    (!inner.is("SELECT")).then(|| inner.column_list().join(", "))
}

/// `coalesce(column, literal) = literal`
fn coalesced(c: &mut Cursor<'_>, own: &[String]) -> Option<String> {
    if !c.eat("COALESCE") {
        return None;
    }
    let parts = c.group()?.split_commas();
    let [first, second] = parts.as_slice() else { return None };
    let column = column(&mut first.clone(), own)?;
    (c.eat_operator("=") && c.shown() == second.shown() && second.rest().len() == 1).then_some(column)
}

/// `1 = column`, `other.id = column`
fn reversed(one: Cursor<'_>, own: &[String]) -> Option<Term> {
    let mut c = one;
    if matches!(c.kind()?, Kind::Number | Kind::String | Kind::Param) {
        c.step();
    } else {
        any_column(&mut c)?;
    }
    let count = one.rest().len() - c.rest().len();
    let value = one.over(one.rest().get(..count)?);
    let operator = symbol(&mut c)?;
    let column = column(&mut c, own)?;
    c.done().then(|| Term { column, operator, value: value_of(value) })
}

fn symbol(c: &mut Cursor<'_>) -> Option<TermOperator> {
    let token = c.peek().filter(|t| t.kind == Kind::Operator)?;
    let operator = match c.source(token) {
        "=" | "==" | "<=>" => TermOperator::Equal,
        "<>" | "!=" => TermOperator::NotEqual,
        "<" | "<=" | ">" | ">=" => TermOperator::Order,
        _ => return None,
    };
    c.step();
    c.eat_operator("=");
    Some(operator)
}

/// What follows the column.
fn comparison(c: &mut Cursor<'_>) -> (TermOperator, TermValue) {
    if c.eat("IS NOT NULL") || c.eat("NOTNULL") {
        return (TermOperator::IsNotNull, TermValue::None);
    }
    if c.eat("IS NULL") || c.eat("ISNULL") {
        return (TermOperator::IsNull, TermValue::None);
    }
    if c.eat("IS NOT DISTINCT FROM") {
        return (TermOperator::Equal, value_of(*c));
    }
    if c.eat("IS DISTINCT FROM") {
        return (TermOperator::NotEqual, value_of(*c));
    }
    if c.eat("IS NOT") {
        return (TermOperator::NotEqual, TermValue::Literal(c.shown().to_lowercase()));
    }
    if c.eat("IS") {
        return (TermOperator::Equal, TermValue::Literal(c.shown().to_lowercase()));
    }
    if c.eat("BETWEEN") {
        return (TermOperator::Between, between(*c));
    }
    if c.eat("IN") {
        let list = c.group().unwrap_or(*c);
        return (TermOperator::In, list_of(list));
    }
    if let Some(operator) = symbol(c) {
        if operator == TermOperator::Equal && c.eat_any(&["ANY", "SOME"]) {
            let mut inner = c.group().unwrap_or(*c);
            if inner.eat("ARRAY") {
                inner = inner.group().unwrap_or(inner);
            }
            return (TermOperator::In, list_of(inner));
        }
        return (operator, value_of(*c));
    }
    (TermOperator::Other, TermValue::Expression(c.shown()))
}

/// `low AND high`: what is said of both.
fn between(mut c: Cursor<'_>) -> TermValue {
    let text = c.shown();
    c.eat_any(&["SYMMETRIC"]);
    let low = value_of(c.until_word(&["AND"]));
    c.eat("AND");
    match (low, value_of(c)) {
        (TermValue::Literal(_), TermValue::Literal(_)) => TermValue::Literal(text),
        (TermValue::Parameter, TermValue::Parameter | TermValue::Literal(_))
        | (TermValue::Literal(_), TermValue::Parameter) => TermValue::Parameter,
        _ => TermValue::Expression(text),
    }
}

fn list_of(list: Cursor<'_>) -> TermValue {
    if list.is_any(&["SELECT", "WITH", "VALUES"]) {
        return TermValue::Query { limited: super::query::own_limit(list).is_some() };
    }
    let literal = |kind: Kind| matches!(kind, Kind::Number | Kind::String | Kind::Comma | Kind::Operator);
    if list.rest().iter().all(|t| literal(t.kind) && !t.hole) && !list.done() {
        return TermValue::Literal(list.shown());
    }
    value_of(list)
}

fn value_of(c: Cursor<'_>) -> TermValue {
    if let Some(inner) = { c }.group().filter(|inner| inner.is_any(&["SELECT", "WITH"])) {
        return TermValue::Query { limited: super::query::own_limit(inner).is_some() };
    }
    let rest = c.rest();
    let is = |kinds: &[Kind]| rest.iter().all(|t| kinds.contains(&t.kind));
    let constant = rest.len() == 1 && c.is_any(&["TRUE", "FALSE", "NULL", "CURRENT_TIMESTAMP", "CURRENT_DATE"]);
    if constant || (is(&[Kind::Number, Kind::String, Kind::Operator]) && !rest.iter().any(|t| t.hole)) {
        return TermValue::Literal(c.shown());
    }
    let first = rest.first().map(|t| t.kind);
    let cast = rest.get(1).is_none_or(|t| c.source(t) == "::");
    if rest.iter().any(|t| t.hole) && rest.len() == 1 || cast && matches!(first, Some(Kind::Param | Kind::Hole)) {
        return TermValue::Parameter;
    }
    TermValue::Expression(c.shown())
}

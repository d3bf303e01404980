//! The value of expressions that make SQL text: literals, `||`, `format()`, variables that hold such text.

use std::collections::BTreeMap;

use super::routine::Shared;
use crate::frontend::sql::cursor::{Cursor, unquote};
use crate::frontend::sql::lexer::{Kind, Token};
use crate::frontend::text::{HOLE, SqlText};
use crate::ir::Unknown;
use crate::span::Span;

/// The texts that a variable may hold; `None` where one of them is not known.
pub(super) type Variables = BTreeMap<String, Vec<Option<SqlText>>>;

/// The text that a string literal stands for, with its places.
pub(super) fn literal(c: &Cursor<'_>, token: &Token) -> SqlText {
    let source = c.source(token);
    let start = token.start as usize;
    if token.kind == Kind::Dollar {
        let tag = source.get(1..).and_then(|rest| rest.find('$')).map_or(2, |at| at + 2);
        let end = (token.end as usize).saturating_sub(if token.unterminated { 0 } else { tag });
        return c.text.part(start + tag..end.max(start + tag));
    }
    let Some(open) = source.find('\'') else { return c.text.part(start..token.end as usize) };
    let escapes = source.starts_with(['e', 'E']);
    let end = source.len() - usize::from(!token.unterminated && source.len() > open + 1);
    let mut text = SqlText::default();
    let mut from = open + 1;
    let mut at = from;
    let bytes = source.as_bytes();
    while at < end {
        let doubled = bytes.get(at) == Some(&b'\'') && bytes.get(at + 1) == Some(&b'\'');
        if doubled || (escapes && bytes.get(at) == Some(&b'\\') && at + 1 < end) {
            text.append(&c.text.part(start + from..start + at));
            let escape = c.text.span(start + at..start + at + 2);
            let meant = match bytes.get(at + 1) {
                Some(b'n') => "\n",
                Some(b't') => "\t",
                Some(b'\\') => "\\",
                _ => "'",
            };
            text.push(meant, escape);
            at += 2;
            from = at;
        } else {
            at += 1;
        }
    }
    text.append(&c.text.part(start + from..start + end.max(from)));
    text
}

/// A text of which something is known.
fn told(text: SqlText) -> Option<SqlText> {
    let mut letters = text.text.chars();
    let only_hole = letters.next() == Some(HOLE) && letters.next().is_none();
    (!only_hole).then_some(text)
}

/// What a loop has appended to a text so far.
pub(super) fn appended(text: &SqlText, what: Cursor<'_>) -> SqlText {
    let mut text = text.clone();
    let reason = "a loop appends to it when the block runs".to_owned();
    text.push_hole(Unknown { reason, text: "{…}".to_owned(), span: what.span() });
    text
}

/// A part whose value `what` gives, and which stands at `span`.
fn hole(text: &mut SqlText, what: Cursor<'_>, span: Span) {
    let shown = what.shown();
    let reason = format!("`{shown}` is worked out when the block runs");
    text.push_hole(Unknown { reason, text: format!("{{{shown}}}"), span });
}

/// The texts in variables, and how much may still be copied from them.
pub(super) struct Texts<'s> {
    pub(super) values: Variables,
    pub(super) shared: &'s Shared,
}

impl Texts<'_> {
    /// What the expression may be: where it begins with a variable of several texts, one for each.
    pub(super) fn alternatives(&self, expression: Cursor<'_>) -> Vec<Option<SqlText>> {
        let mut rest = expression;
        let first = rest.until(|c| c.at_operator("||"));
        let Some(known) = self.variable(first) else { return vec![told(self.evaluate(expression))] };
        if rest.done() {
            return known.clone();
        }
        rest.step();
        let tail = self.evaluate(rest);
        let with_tail = |text: &SqlText| {
            let mut text = text.clone();
            text.append(&tail);
            text
        };
        let affordable = |text: &&SqlText| self.shared.spend(text.text.len() + tail.text.len());
        known.iter().map(|text| text.as_ref().filter(affordable).map(with_tail)).collect()
    }

    /// The texts of the variable that the expression is.
    fn variable(&self, expression: Cursor<'_>) -> Option<&Vec<Option<SqlText>>> {
        let token = expression.peek()?;
        if !matches!(token.kind, Kind::Word | Kind::Param) || expression.rest().len() != 1 {
            return None;
        }
        self.values.get(&expression.source(token).to_lowercase())
    }

    /// The one text of the variable that the expression is.
    fn constant(&self, expression: Cursor<'_>) -> Option<&SqlText> {
        match self.variable(expression)?.as_slice() {
            [Some(text)] if self.shared.spend(text.text.len()) => Some(text),
            _ => None,
        }
    }

    /// The value of an expression of strings; what is not known is a hole.
    pub(super) fn evaluate(&self, expression: Cursor<'_>) -> SqlText {
        let mut c = expression;
        let mut enclosed = 0;
        while let Some(inner) = { c }.group() {
            let mut ahead = c;
            ahead.group();
            if !ahead.done() || enclosed > 100 {
                break;
            }
            c = inner;
            enclosed += 1;
        }
        let mut text = SqlText::default();
        while !c.done() {
            let part = c.until(|c| c.at_operator("||"));
            c.step();
            self.operand(&mut text, part);
        }
        text
    }

    /// One operand of `||`.
    fn operand(&self, text: &mut SqlText, mut part: Cursor<'_>) {
        let whole = part;
        if let Some(known) = self.constant(part) {
            text.append(known);
            return;
        }
        // `pg_catalog.format(…)`, where the search path is empty.
        if part.is("PG_CATALOG") && part.peek_nth(1).is_some_and(|t| t.kind == Kind::Dot) {
            part.step();
            part.step();
        }
        match part.peek() {
            Some(token) if matches!(token.kind, Kind::String | Kind::Dollar) => {
                let token = *token;
                text.append(&literal(&part, &token));
                part.step();
                while let Some(next) = part.peek().filter(|t| t.kind == Kind::String) {
                    text.append(&literal(&part, next));
                    part.step();
                }
            }
            Some(_) if part.eat("FORMAT") && part.at_kind(Kind::Open) => {
                let arguments = part.group().map(Cursor::split_commas).unwrap_or_default();
                self.format(text, &arguments, whole);
            }
            Some(_) if part.eat("CONCAT") && part.at_kind(Kind::Open) => {
                for argument in part.group().map(Cursor::split_commas).unwrap_or_default() {
                    self.simple(text, argument);
                }
            }
            Some(_) if part.eat("QUOTE_IDENT") && part.at_kind(Kind::Open) => {
                self.simple(text, part.group().unwrap_or(whole));
            }
            _ => hole(text, whole, whole.span()),
        }
    }

    /// A literal or a variable; else a hole.
    fn simple(&self, text: &mut SqlText, argument: Cursor<'_>) {
        let literals = argument.peek().filter(|t| argument.rest().len() == 1 && t.kind == Kind::String);
        match (self.constant(argument), literals) {
            (Some(known), _) => text.append(known),
            (None, Some(token)) => text.append(&literal(&argument, token)),
            (None, None) => hole(text, argument, argument.span()),
        }
    }

    /// `format('text', arguments)`
    fn format(&self, text: &mut SqlText, arguments: &[Cursor<'_>], whole: Cursor<'_>) {
        let Some(first) = arguments.first() else { return };
        let pattern = match (first.peek(), self.constant(*first)) {
            (_, Some(known)) => known.clone(),
            (Some(token), None) if matches!(token.kind, Kind::String | Kind::Dollar) => {
                let mut pattern = SqlText::default();
                let mut c = *first;
                while let Some(token) = c.peek().filter(|t| matches!(t.kind, Kind::String | Kind::Dollar)) {
                    pattern.append(&literal(&c, token));
                    c.step();
                }
                pattern
            }
            _ => {
                hole(text, whole, whole.span());
                return;
            }
        };
        let mut next = 1;
        let mut from = 0;
        let bytes = pattern.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes.get(at) != Some(&b'%') {
                at += 1;
                continue;
            }
            text.append(&pattern.part(from..at));
            let mut end = at + 1;
            while bytes.get(end).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'$' | b'-')) {
                end += 1;
            }
            if let Some(position) = pattern.text.get(at + 1..end).and_then(|digits| digits.strip_suffix('$')) {
                next = position.parse().unwrap_or(next);
            }
            match bytes.get(end) {
                Some(b'%') => text.push("%", pattern.span(at..end + 1)),
                Some(letter @ (b'I' | b's' | b'L')) => {
                    let argument = arguments.get(next).copied().unwrap_or(whole);
                    next += 1;
                    self.filled(text, argument, *letter, pattern.span(at..end + 1));
                }
                _ => {}
            }
            at = (end + 1).min(bytes.len());
            from = at;
        }
        text.append(&pattern.part(from.min(bytes.len())..bytes.len()));
    }

    /// An argument of `format()` in its place.
    fn filled(&self, text: &mut SqlText, argument: Cursor<'_>, letter: u8, place: Span) {
        let constant = argument.peek().filter(|t| argument.rest().len() == 1 && t.kind == Kind::String && !t.hole);
        match (self.constant(argument).filter(|_| letter != b'L'), constant.filter(|_| letter != b'L')) {
            (Some(known), _) => text.append(known),
            (None, Some(constant)) => text.push(&unquote(argument.source(constant)), argument.span()),
            (None, None) => hole(text, argument, place),
        }
    }
}

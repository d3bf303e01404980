//! Walking over the tokens of a statement.

use std::ops::Range;

use super::lexer::{Kind, Token};
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::ir::{Known, QualifiedName, Unknown};
use crate::span::Span;

/// Why something could not be read: what was expected.
pub(super) type Read<T = ()> = Result<T, &'static str>;

/// A place in a run of tokens. Copied to look ahead.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a SqlText,
    pub(super) dialect: Dialect,
    tokens: &'a [Token],
    at: usize,
}

/// Keywords that follow the name of an object: before one of them an unknown part is the name.
const AFTER_NAMES: &[&str] = &[
    "AS",
    "OF",
    "ON",
    "LIKE",
    "PARTITION",
    "WITH",
    "WITHOUT",
    "USING",
    "INHERITS",
    "CASCADE",
    "RESTRICT",
    "SELECT",
    "TABLESPACE",
    "ENGINE",
    "ALGORITHM",
    "LOCK",
    "SERVER",
];

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a SqlText, dialect: Dialect, tokens: &'a [Token]) -> Self {
        Self { text, dialect, tokens, at: 0 }
    }

    /// The tokens from here on.
    pub(super) fn rest(&self) -> &'a [Token] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek_nth(&self, n: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + n)
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.peek().map(|token| token.kind)
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Text of a token as it stands.
    pub(super) fn source(&self, token: &Token) -> &'a str {
        self.text.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// The token here as it stands, whatever it is.
    pub(super) fn shown_token(&self) -> &'a str {
        self.peek().map_or("", |token| self.source(token))
    }

    /// The word here; empty where none is.
    pub(super) fn word(&self) -> &'a str {
        self.peek().map_or("", |token| if token.kind == Kind::Word { self.source(token) } else { "" })
    }

    fn is_nth(&self, n: usize, word: &str) -> bool {
        self.peek_nth(n).is_some_and(|t| t.kind == Kind::Word && self.source(t).eq_ignore_ascii_case(word))
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.is_nth(0, word)
    }

    /// The token before this one.
    pub(super) fn before(&self) -> Option<&'a Token> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    /// Whether the token before this one is `word`.
    pub(super) fn follows(&self, word: &str) -> bool {
        self.before().is_some_and(|t| t.kind == Kind::Word && self.source(t).eq_ignore_ascii_case(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether the words of `phrase`, separated by spaces, stand here.
    pub(super) fn at_phrase(&self, phrase: &str) -> bool {
        phrase.split(' ').enumerate().all(|(n, word)| self.is_nth(n, word))
    }

    /// Takes the words of `phrase`, all or none.
    pub(super) fn eat(&mut self, phrase: &str) -> bool {
        let found = self.at_phrase(phrase);
        if found {
            self.at += phrase.split(' ').count();
        }
        found
    }

    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    pub(super) fn expect(&mut self, phrase: &'static str) -> Read {
        if self.eat(phrase) { Ok(()) } else { Err(phrase) }
    }

    pub(super) fn at_kind(&self, kind: Kind) -> bool {
        self.kind() == Some(kind)
    }

    pub(super) fn eat_kind(&mut self, kind: Kind) -> bool {
        let found = self.at_kind(kind);
        self.at += usize::from(found);
        found
    }

    /// Takes an unknown part that stands by itself: a hole, or the variable of a template.
    pub(super) fn eat_unknown(&mut self) -> bool {
        let found = self.peek().is_some_and(|t| t.kind == Kind::Hole || (t.kind == Kind::Param && t.hole));
        self.at += usize::from(found);
        found
    }

    /// Takes `word`, also with an unknown part joined to its front: `{unique}INDEX`.
    pub(super) fn eat_end_of(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|t| {
            let text = self.source(t);
            let from = text.len().saturating_sub(word.len());
            t.kind == Kind::Word && t.hole && text.get(from..).is_some_and(|end| end.eq_ignore_ascii_case(word))
        });
        self.at += usize::from(found);
        found || self.eat(word)
    }

    pub(super) fn at_operator(&self, operator: &str) -> bool {
        self.peek().is_some_and(|t| t.kind == Kind::Operator && self.source(t) == operator)
    }

    pub(super) fn eat_operator(&mut self, operator: &str) -> bool {
        let found = self.at_operator(operator);
        self.at += usize::from(found);
        found
    }

    /// Takes one token, or a bracketed group as a whole.
    pub(super) fn skip(&mut self) {
        let pair = self.peek().map_or(0, |token| token.pair as usize);
        self.at = (self.at + pair + 1).min(self.tokens.len());
    }

    /// Takes one token, also where it opens a group.
    pub(super) fn step(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len());
    }

    /// The inside of the parentheses that open here, which are taken. Those never closed reach to the end.
    pub(super) fn group(&mut self) -> Option<Cursor<'a>> {
        let token = self.peek()?;
        if !matches!(token.kind, Kind::Open | Kind::OpenBracket) {
            return None;
        }
        let start = self.at + 1;
        let end = if token.pair == 0 { self.tokens.len() } else { self.at + token.pair as usize };
        let end = end.min(self.tokens.len());
        self.at = (end + 1).min(self.tokens.len());
        Some(self.over(self.tokens.get(start..end).unwrap_or_default()))
    }

    /// A cursor over other tokens of the same text.
    pub(super) fn over(&self, tokens: &'a [Token]) -> Cursor<'a> {
        Cursor { tokens, at: 0, ..*self }
    }

    /// Skips to the first place outside brackets where `stop` holds, and returns what was skipped.
    pub(super) fn until(&mut self, stop: impl Fn(&Cursor<'a>) -> bool) -> Cursor<'a> {
        let start = self.at;
        while !self.done() && !stop(self) {
            self.skip();
        }
        self.over(self.tokens.get(start..self.at).unwrap_or_default())
    }

    /// Skips to one of `words`, or to the end.
    pub(super) fn until_word(&mut self, words: &[&str]) -> Cursor<'a> {
        self.until(|c| c.is_any(words))
    }

    /// The parts between commas outside brackets. Blank parts are left out.
    pub(super) fn split_commas(mut self) -> Vec<Cursor<'a>> {
        let mut parts = Vec::new();
        while !self.done() {
            let part = self.until(|c| c.at_kind(Kind::Comma));
            if !part.done() {
                parts.push(part);
            }
            self.eat_kind(Kind::Comma);
        }
        parts
    }

    /// Whether a word stands anywhere from here on outside brackets.
    pub(super) fn has(mut self, phrase: &str) -> bool {
        self.until(|c| c.at_phrase(phrase));
        !self.done()
    }

    /// Whether the words stand anywhere from here on, inside brackets too.
    pub(super) fn has_inside(mut self, phrase: &str) -> bool {
        while !self.done() {
            if self.at_phrase(phrase) {
                return true;
            }
            self.step();
        }
        false
    }

    /// The bytes from here to the end of the tokens.
    pub(super) fn range(&self) -> Range<usize> {
        match (self.rest().first(), self.rest().last()) {
            (Some(first), Some(last)) => first.start as usize..last.end as usize,
            _ => 0..0,
        }
    }

    /// The bytes from here to just before `end`.
    pub(super) fn range_to(&self, end: &Cursor<'a>) -> Range<usize> {
        let count = end.at.saturating_sub(self.at);
        self.over(self.rest().get(..count).unwrap_or_default()).range()
    }

    /// The text from here to the end of the tokens, unknown parts as the source has them.
    pub(super) fn shown(&self) -> String {
        self.text.shown(self.range())
    }

    pub(super) fn span(&self) -> Span {
        self.text.span(self.range())
    }

    /// What is said of the unknown part in `range`.
    pub(super) fn unknown(&self, range: Range<usize>) -> Unknown {
        let text = self.text.shown(range.clone());
        let reason = self
            .text
            .first_hole(range.clone())
            .map_or_else(|| format!("`{text}` is filled in when it runs"), |hole| hole.reason.clone());
        Unknown { reason, text, span: self.text.span(range) }
    }

    fn is_name(&self) -> bool {
        match self.kind() {
            Some(Kind::Word | Kind::Quoted | Kind::Hole | Kind::Param) => true,
            // MySQL's ANSI quotes, and SQLite's misquoted names.
            Some(Kind::String) => matches!(self.dialect, Dialect::Mysql | Dialect::Sqlite),
            _ => false,
        }
    }

    /// One name, folded; `Err` holds the text where it is not known.
    fn part(&mut self) -> Option<Result<String, String>> {
        let token = self.peek().filter(|_| self.is_name())?;
        let text = self.source(token);
        self.at += 1;
        let shown = || self.text.shown(token.start as usize..token.end as usize);
        Some(match token.kind {
            Kind::Quoted | Kind::String if token.hole => Err(unquote(&shown())),
            _ if token.hole => Err(shown()),
            Kind::Word => Ok(text.to_lowercase()),
            Kind::Quoted | Kind::String => Ok(unquote(text)),
            _ => Err(shown()),
        })
    }

    /// A name that has no schema, folded.
    pub(super) fn ident(&mut self) -> Option<Known<String>> {
        let start = *self;
        let part = self.part()?;
        let range = start.range_to(self);
        Some(match part {
            Ok(name) => Known::Known(name, self.text.span(range)),
            Err(_) => Known::Unknown(self.unknown(range)),
        })
    }

    /// A name that has no schema, folded, or the text that stands for it.
    pub(super) fn ident_text(&mut self) -> Option<String> {
        self.part().map(|part| part.unwrap_or_else(|text| text))
    }

    /// A name that may have a schema. Where only the schema is unknown, its text stands for it.
    pub(super) fn name(&mut self) -> Read<Known<QualifiedName>> {
        let start = *self;
        let mut schema = None;
        let mut last = self.part().ok_or("a name")?;
        while self.at_kind(Kind::Dot) {
            let mut ahead = *self;
            ahead.at += 1;
            let Some(part) = ahead.part() else { break };
            schema = Some(last.unwrap_or_else(spaced));
            last = part;
            *self = ahead;
        }
        let range = start.range_to(self);
        Ok(match last {
            Ok(name) => Known::Known(QualifiedName { schema, name }, self.text.span(range)),
            Err(_) => Known::Unknown(self.unknown(range)),
        })
    }

    /// `column`, `table.column` or `schema.table.column`: the table where it is named, and the column.
    pub(super) fn column(&mut self) -> Read<(Option<Known<QualifiedName>>, Known<QualifiedName>)> {
        let start = *self;
        let mut before: Option<Cursor<'a>> = None;
        let mut last = *self;
        if self.part().is_none() {
            return Err("a column");
        }
        while self.at_kind(Kind::Dot) {
            let mut ahead = *self;
            ahead.at += 1;
            let next = ahead;
            if ahead.part().is_none() {
                break;
            }
            before = Some(*self);
            last = next;
            *self = ahead;
        }
        let table = match before {
            Some(dot) => {
                let count = dot.at.saturating_sub(start.at);
                let mut table = start.over(start.rest().get(..count).unwrap_or_default());
                Some(table.name()?)
            }
            None => None,
        };
        Ok((table, last.ident().ok_or("a column")?.map(QualifiedName::bare)))
    }

    /// Takes an unknown part that a name, or a further unknown part, follows: it is no name itself.
    pub(super) fn eat_unknown_before_name(&mut self) -> bool {
        let mut ahead = *self;
        let found = ahead.eat_unknown() && ahead.is_name() && !ahead.is_any(AFTER_NAMES);
        if found {
            *self = ahead;
        }
        found
    }

    /// `[ONLY] name [*]`, also in parentheses.
    pub(super) fn relation(&mut self) -> Read<Known<QualifiedName>> {
        if self.is("ONLY") && self.peek_nth(1).is_some_and(|t| t.kind != Kind::Operator && t.kind != Kind::Dot) {
            self.at += 1;
            if let Some(mut group) = self.group() {
                return group.name();
            }
        }
        let name = self.name()?;
        self.eat_operator("*");
        Ok(name)
    }

    /// Names between commas, up to something else.
    pub(super) fn names(&mut self) -> Read<Vec<Known<QualifiedName>>> {
        let mut names = vec![self.relation()?];
        while self.eat_kind(Kind::Comma) {
            names.push(self.relation()?);
        }
        Ok(names)
    }

    /// The first name of each part between commas of a group: a list of columns.
    pub(super) fn column_list(self) -> Vec<String> {
        self.split_commas().into_iter().filter_map(|mut part| part.ident_text()).collect()
    }

    pub(super) fn if_exists(&mut self) -> bool {
        self.eat("IF EXISTS")
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
        self.eat("IF NOT EXISTS")
    }
}

/// A quoted name or string without its quotes.
pub(super) fn unquote(text: &str) -> String {
    let Some(open) = text.find(['\'', '"', '`', '[']) else { return text.to_owned() };
    let inner = text.get(open + 1..).unwrap_or_default();
    let quote = match text.as_bytes().get(open) {
        Some(b'[') => ']',
        Some(byte) => char::from(*byte),
        None => return text.to_owned(),
    };
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    if quote == ']' { inner.to_owned() } else { inner.replace(&format!("{quote}{quote}"), &quote.to_string()) }
}

/// The text that stands for a schema, written the same wherever it is: `{{ .Schema }}` is `{{.Schema}}`.
fn spaced(text: String) -> String {
    match text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(inner) => format!("{{{{ {} }}}}", inner.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => text,
    }
}

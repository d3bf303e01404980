//! Tokens to statements.

use std::ops::Range;

use super::lexer::{Kind, Lexer, Token};
use crate::config::Dialect;

/// The tokens of one statement.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Its tokens, without what ends it. Never empty.
    pub(super) tokens: Vec<Token>,
    /// Rows of the data that follows `COPY … FROM stdin`.
    pub(super) copied: Option<u64>,
    /// A closing bracket opens nothing, or an opening one is not closed.
    pub(super) unbalanced: bool,
}

impl Piece {
    /// The bytes it covers.
    pub(super) fn range(&self) -> Range<usize> {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => first.start as usize..last.end as usize,
            _ => 0..0,
        }
    }
}

/// The statements of a text, one after the other.
pub(super) struct Splitter<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    dialect: Dialect,
}

/// How far a body between BEGIN and END has been entered.
#[derive(Default)]
struct Body {
    /// The statement is one that can have a body.
    possible: Option<bool>,
    /// BEGIN and CASE that wait for their END.
    depth: usize,
    /// The token before was END, and what it closed counted.
    closed: bool,
}

impl<'a> Splitter<'a> {
    /// The statements in the bytes `range` of `text`.
    pub(super) fn new(text: &'a str, range: Range<usize>, dialect: Dialect) -> Self {
        Self { text, lexer: Lexer::new(text, range, dialect), dialect }
    }

    fn word(&self, token: &Token) -> &'a str {
        if token.kind == Kind::Word {
            self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
        } else {
            ""
        }
    }

    fn is(&self, token: Option<&Token>, words: &[&str]) -> bool {
        token.is_some_and(|token| {
            let text = self.word(token);
            words.iter().any(|word| text.eq_ignore_ascii_case(word))
        })
    }

    /// Whether the statement that starts with `tokens` can hold statements between BEGIN and END; `None` while it is
    /// too short to say.
    fn can_have_body(&self, tokens: &[Token]) -> Option<bool> {
        if !self.is(tokens.first(), &["CREATE", "ALTER"]) {
            // T-SQL's IF, WHILE and BEGIN stand anywhere; BEGIN TRAN is told apart by its caller.
            return Some(self.dialect == Dialect::Mssql);
        }
        let objects = ["TRIGGER", "FUNCTION", "PROCEDURE", "PROC", "EVENT"];
        if self.is(tokens.last(), &objects) {
            return Some(true);
        }
        let others = ["TABLE", "INDEX", "VIEW", "SCHEMA", "DATABASE", "TYPE", "SEQUENCE", "EXTENSION", "ROLE", "USER"];
        // The modifiers before the object: OR REPLACE, DEFINER = `root`@`%`, IF NOT EXISTS.
        (self.is(tokens.last(), &others) || tokens.len() > 16).then_some(false)
    }

    /// Follows BEGIN … END of a body.
    fn follow(&self, body: &mut Body, tokens: &[Token]) {
        if body.possible.is_none() {
            body.possible = self.can_have_body(tokens);
        }
        let last = tokens.last();
        if body.possible != Some(true) || last.is_none_or(|t| t.kind != Kind::Word) {
            body.closed = false;
            return;
        }
        if body.closed && self.is(last, &["IF", "LOOP", "WHILE", "REPEAT", "FOR"]) {
            // END IF closes an IF, and those are not counted.
            body.depth += 1;
            body.closed = false;
        } else if self.is(last, &["TRAN", "TRANSACTION", "DISTRIBUTED"]) && self.dialect == Dialect::Mssql {
            let before = tokens.len().checked_sub(2).and_then(|at| tokens.get(at));
            if self.is(before, &["BEGIN"]) {
                body.depth = body.depth.saturating_sub(1);
            }
            body.closed = false;
        } else if self.is(last, &["BEGIN"]) || (self.is(last, &["CASE"]) && body.depth > 0 && !body.closed) {
            body.depth += 1;
            body.closed = false;
        } else if self.is(last, &["END"]) && body.depth > 0 {
            body.depth -= 1;
            body.closed = true;
        } else {
            body.closed = false;
        }
    }

    fn copies_from_stdin(&self, tokens: &[Token]) -> bool {
        self.is(tokens.first(), &["COPY"])
            && tokens.windows(2).any(|pair| self.is(pair.first(), &["FROM"]) && self.is(pair.last(), &["STDIN"]))
    }

    /// CREATE RULE … DO ( …; … ) is the one statement with `;` between parentheses.
    fn is_rule(&self, tokens: &[Token]) -> bool {
        self.is(tokens.first(), &["CREATE"]) && tokens.iter().skip(1).take(3).any(|t| self.is(Some(t), &["RULE"]))
    }
}

impl Iterator for Splitter<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let mut piece = Piece::default();
        let mut open: Vec<usize> = Vec::new();
        let mut body = Body::default();
        while let Some(token) = self.lexer.next() {
            let at = piece.tokens.len();
            match token.kind {
                Kind::End => {
                    let inside = body.depth > 0 || (!open.is_empty() && self.is_rule(&piece.tokens));
                    let semicolon = token.end - token.start == 1;
                    if piece.tokens.is_empty() {
                        continue;
                    }
                    if inside && semicolon {
                        body.closed = false;
                        piece.tokens.push(token);
                        continue;
                    }
                    if self.copies_from_stdin(&piece.tokens) {
                        piece.copied = self.lexer.skip_copy_data();
                    }
                    piece.unbalanced |= !open.is_empty();
                    return Some(piece);
                }
                Kind::Open | Kind::OpenBracket => open.push(at),
                Kind::Close | Kind::CloseBracket => {
                    let opens = if token.kind == Kind::Close { Kind::Open } else { Kind::OpenBracket };
                    let mut matched = false;
                    while let Some(start) = open.pop() {
                        if let Some(begin) = piece.tokens.get_mut(start)
                            && begin.kind == opens
                        {
                            begin.pair = u32::try_from(at - start).unwrap_or(0);
                            matched = true;
                            break;
                        }
                    }
                    piece.unbalanced |= !matched;
                }
                _ => {}
            }
            piece.tokens.push(token);
            self.follow(&mut body, &piece.tokens);
        }
        piece.unbalanced |= !open.is_empty();
        (!piece.tokens.is_empty()).then_some(piece)
    }
}

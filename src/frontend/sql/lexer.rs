//! SQL text to tokens.
//!
//! Tolerant by design: every byte sequence gives tokens, in one pass over the text and without recursion. It knows what
//! several dialects and their clients write (psql's `\set`, MySQL's `DELIMITER`, `GO`), placeholders of drivers, and
//! the variables of templates. Comments and white space give no tokens.

use crate::config::Dialect;
use crate::frontend::text::HOLE;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A keyword or an unquoted name. With a hole beside its letters the hole is part of it.
    Word,
    /// A quoted name.
    Quoted,
    /// A string in quotes.
    String,
    /// A dollar-quoted string.
    Dollar,
    /// A number.
    Number,
    /// A bind parameter, or a variable of a client or template.
    Param,
    /// An unknown part that stands by itself.
    Hole,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// Any other operator.
    Operator,
    /// What ends a statement: `;`, `GO`, a psql command.
    End,
}

/// One token: what it is and the bytes of the text it covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// It holds a part that is not known: a hole, or a variable of a template.
    pub(super) hole: bool,
    /// A quote in it is never closed.
    pub(super) unterminated: bool,
    /// Offset of its first byte.
    pub(super) start: u32,
    /// Offset just after its last byte.
    pub(super) end: u32,
    /// For an opening bracket: how many tokens further on its closing one is; 0 where there is none.
    pub(super) pair: u32,
}

/// Longest first, so that the first that fits is the operator.
const OPERATORS: &[&str] = &[
    "->>", "#>>", "!~*", "<=>", "!~~", "::", ":=", "<>", "!=", "<=", ">=", "=>", "||", "->", "#>", "@>", "<@", "~*",
    "!~", "&&", "?|", "?&", "@@", "<<", ">>", "%%", "**", "~~",
];

/// A template's variable is looked for no further than this, so that a stray `{` costs little.
const LONGEST_VARIABLE: usize = 256;

/// The tokens of a text, one after the other.
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// MySQL's `DELIMITER //`.
    delimiter: Option<&'a str>,
    /// No token of the present statement was seen yet.
    at_start: bool,
    /// It is known that no line `\.` follows.
    no_copy_end: bool,
}

impl<'a> Lexer<'a> {
    /// Tokens of the bytes `range` of `text`.
    pub(super) fn new(text: &'a str, range: std::ops::Range<usize>, dialect: Dialect) -> Self {
        let text = text.get(..range.end).unwrap_or(text);
        Self {
            text,
            bytes: text.as_bytes(),
            at: range.start,
            dialect,
            delimiter: None,
            at_start: true,
            no_copy_end: false,
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    /// Skips white space and comments.
    fn skip_blank(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0 => self.at += 1,
                b'-' if self.byte(self.at + 1) == b'-' && self.dashes_are_comment() => self.skip_line(),
                b'#' if self.dialect == Dialect::Mysql => self.skip_line(),
                b'/' if self.byte(self.at + 1) == b'*' => self.skip_block_comment(),
                // The end of MySQL's `/*! … */`, whose inside is code.
                b'*' if self.byte(self.at + 1) == b'/' && self.dialect == Dialect::Mysql => self.at += 2,
                0x80.. => match self.rest(self.at).chars().next() {
                    Some(c) if c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}') => self.at += c.len_utf8(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// MySQL takes `--` for a comment only before white space: `5--1` is 6.
    fn dashes_are_comment(&self) -> bool {
        self.dialect != Dialect::Mysql || matches!(self.byte(self.at + 2), 0..=b' ' | b'-')
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && !matches!(self.byte(self.at), b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn skip_block_comment(&mut self) {
        if self.dialect == Dialect::Mysql && self.byte(self.at + 2) == b'!' {
            self.at += 3;
            while self.byte(self.at).is_ascii_digit() {
                self.at += 1;
            }
            return;
        }
        let nests = matches!(self.dialect, Dialect::Postgres | Dialect::Mssql);
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (b'/', b'*') if nests || depth == 0 => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
    }

    fn token(&mut self, kind: Kind, start: usize, end: usize) -> Token {
        // `source` reads no file of 4 GiB, and a text put together from files is cut off there too.
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let end = end.min(self.bytes.len());
        self.at = end.max(start);
        self.at_start = kind == Kind::End;
        Token { kind, hole: false, unterminated: false, start: offset(start), end: offset(self.at), pair: 0 }
    }

    /// Reads to the closing `quote`; a doubled one and, with `escapes`, one after a backslash belong to the text.
    fn quoted(&mut self, kind: Kind, start: usize, open: usize, quote: u8, escapes: bool) -> Token {
        let mut at = open + 1;
        let mut hole = false;
        let mut closed = false;
        while at < self.bytes.len() {
            let byte = self.byte(at);
            if byte == quote {
                if self.byte(at + 1) == quote && quote != b']' {
                    at += 2;
                    continue;
                }
                closed = true;
                at += 1;
                break;
            }
            match byte {
                b'\\' if escapes => at += 2,
                0xf4 if self.is_hole(at) => {
                    hole = true;
                    at += HOLE.len_utf8();
                }
                b'{' | b'$' | b'%' if kind == Kind::Quoted => {
                    let variable = self.variable(at);
                    hole |= variable.is_some();
                    // `{{ … }}` can hold quotes of its own.
                    at += variable.filter(|_| self.byte(at + 1) == b'{').unwrap_or(1);
                }
                _ => at += 1,
            }
        }
        Token { hole, unterminated: !closed, ..self.token(kind, start, at) }
    }

    fn is_hole(&self, at: usize) -> bool {
        self.byte(at) == 0xf4 && self.rest(at).starts_with(HOLE)
    }

    /// Length of the template variable at `at`: `{{ x }}`, `${x}`, `{x}`, `%(x)s`, `%s`, `%I`.
    fn variable(&self, at: usize) -> Option<usize> {
        let window = self.bytes.get(at..self.bytes.len().min(at + LONGEST_VARIABLE))?;
        let until = |from: usize, close: &[u8]| {
            let inner = window.get(from..)?;
            // Not beyond what no variable holds, so that each brace is looked at once.
            let line = inner.iter().position(|b| matches!(b, b'\n' | b'{' | b';')).unwrap_or(inner.len());
            let found = inner.get(..line)?.windows(close.len()).position(|w| w == close)?;
            Some(from + found + close.len())
        };
        match (window.first()?, window.get(1)?) {
            (b'{', b'{') => until(2, b"}}"),
            (b'$', b'{') => until(2, b"}"),
            (b'{', _) => until(1, b"}"),
            (b'%', b'(') => until(2, b")s"),
            (b'%', b's' | b'I' | b'L' | b'd') if !window.get(2).is_some_and(u8::is_ascii_alphanumeric) => Some(2),
            _ => None,
        }
    }

    /// The next piece of a word: its length and whether it is unknown.
    fn word_piece(&self, at: usize) -> Option<(usize, bool)> {
        let byte = *self.bytes.get(at)?;
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' && self.byte(at + 1) != b'{' {
            return Some((1, false));
        }
        match byte {
            0x80.. => {
                let c = self.rest(at).chars().next()?;
                (!c.is_whitespace() && c != '\u{feff}').then_some((c.len_utf8(), c == HOLE))
            }
            b'{' | b'%' | b'$' => self.variable(at).map(|length| (length, true)),
            _ => None,
        }
    }

    fn word(&mut self, start: usize) -> Token {
        let mut at = start;
        let (mut pieces, mut holes) = (0_usize, 0_usize);
        while let Some((length, hole)) = self.word_piece(at) {
            // MySQL's client looks for the delimiter wherever no quote is open: `END$$` is two tokens.
            if self.delimiter.is_some_and(|delimiter| self.rest(at).starts_with(delimiter)) {
                break;
            }
            at += length;
            pieces += 1;
            holes += usize::from(hole);
        }
        if at == start {
            // An odd character that begins nothing.
            let length = self.rest(start).chars().next().map_or(1, char::len_utf8);
            return self.token(Kind::Operator, start, start + length);
        }
        let kind = match (pieces, holes) {
            (1, 1) if self.is_hole(start) => Kind::Hole,
            (1, 1) => Kind::Param,
            _ => Kind::Word,
        };
        Token { hole: holes > 0, ..self.token(kind, start, at) }
    }

    fn number(&mut self, start: usize) -> Token {
        let mut at = start;
        let mut hole = false;
        loop {
            let byte = self.byte(at);
            let exponent = matches!(byte, b'+' | b'-')
                && matches!(self.byte(at - 1), b'e' | b'E')
                && !self.rest(start).starts_with("0x");
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || (exponent && at > start) {
                at += 1;
            } else if self.is_hole(at) {
                hole = true;
                at += HOLE.len_utf8();
            } else {
                break;
            }
        }
        let kind = if hole { Kind::Param } else { Kind::Number };
        Token { hole, ..self.token(kind, start, at) }
    }

    /// `$1`, `$tag$ … $tag$`, `${variable}`.
    fn dollar(&mut self, start: usize) -> Token {
        if self.variable(start).is_some() {
            return self.word(start);
        }
        if self.byte(start + 1).is_ascii_digit() {
            let digits = self.bytes.iter().skip(start + 1).take_while(|b| b.is_ascii_digit()).count();
            return self.token(Kind::Param, start, start + 1 + digits);
        }
        let tag =
            self.bytes.iter().skip(start + 1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80);
        let close = start + 1 + tag.count();
        if self.byte(close) != b'$' {
            return self.token(Kind::Operator, start, start + 1);
        }
        let tag = self.text.get(start..=close).unwrap_or("$$");
        let body = close + 1;
        let found = self.rest(body).find(tag);
        let end = found.map_or(self.bytes.len(), |at| body + at + tag.len());
        let hole = self.text.get(body..end).is_some_and(|inside| inside.contains(HOLE));
        Token { hole, unterminated: found.is_none(), ..self.token(Kind::Dollar, start, end) }
    }

    /// `:name`, `:'name'`, `:"name"`, `@name`.
    fn parameter(&mut self, start: usize) -> Option<Token> {
        let mut at = start + 1;
        if self.byte(start) == b'@' && self.byte(at) == b'@' {
            at += 1;
        }
        let first = self.byte(at);
        if self.byte(start) == b':' && matches!(first, b'\'' | b'"') {
            let token = self.quoted(Kind::Param, start, at, first, false);
            return Some(Token { hole: true, ..token });
        }
        if !(first.is_ascii_alphabetic() || first == b'_') {
            return None;
        }
        let length = self.bytes.iter().skip(at).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        Some(self.token(Kind::Param, start, at + length))
    }

    fn operator(&mut self, start: usize) -> Token {
        let rest = self.rest(start);
        let length = OPERATORS.iter().find(|op| rest.starts_with(**op)).map_or(1, |op| op.len());
        self.token(Kind::Operator, start, start + length)
    }

    /// The bytes up to the end of the line.
    fn line_end(&self, from: usize) -> usize {
        let inner = self.bytes.get(from..).unwrap_or_default();
        from + inner.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(inner.len())
    }

    /// Words that are commands of a client and not of the server.
    fn client_command(&mut self, start: usize) -> Option<Token> {
        let rest = self.rest(start);
        let is = |word: &str| {
            let follows = rest.as_bytes().get(word.len());
            rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
                && follows.is_none_or(u8::is_ascii_whitespace)
        };
        if self.at_start && is("DELIMITER") {
            let end = self.line_end(start);
            let delimiter = self.text.get(start + 9..end).unwrap_or_default().trim();
            self.delimiter = (!delimiter.is_empty() && delimiter != ";").then_some(delimiter);
            return Some(self.token(Kind::End, start, end));
        }
        if self.dialect == Dialect::Mssql && is("GO") {
            let mut before = self.bytes.get(..start).unwrap_or_default().iter().rev();
            let first = before.find(|b| !matches!(b, b' ' | b'\t')).is_none_or(|b| matches!(b, b'\n' | b'\r'));
            let end = self.line_end(start);
            let after = self.text.get(start + 2..end).unwrap_or_default().trim();
            if first && (after.is_empty() || after.bytes().all(|b| b.is_ascii_digit())) {
                return Some(self.token(Kind::End, start, end));
            }
        }
        None
    }

    /// A string with a letter before its quote: `E'…'`, `U&"…"`.
    fn prefixed(&mut self, start: usize) -> Option<Token> {
        let first = self.byte(start).to_ascii_lowercase();
        let second = self.byte(start + 1);
        if second == b'\'' && matches!(first, b'e' | b'b' | b'x' | b'n') {
            return Some(self.quoted(Kind::String, start, start + 1, b'\'', first == b'e' || self.backslashes()));
        }
        if first == b'u' && second == b'&' {
            return match self.byte(start + 2) {
                b'\'' => Some(self.quoted(Kind::String, start, start + 2, b'\'', false)),
                b'"' => Some(self.quoted(Kind::Quoted, start, start + 2, b'"', false)),
                _ => None,
            };
        }
        None
    }

    fn backslashes(&self) -> bool {
        self.dialect == Dialect::Mysql
    }

    /// After `COPY … FROM stdin;`: skips the data up to the line `\.` and returns its number of rows. Where no such
    /// line follows, nothing is skipped: the driver sends the data.
    pub(super) fn skip_copy_data(&mut self) -> Option<u64> {
        if self.no_copy_end {
            return None;
        }
        let from = self.line_end(self.at);
        let found = self
            .rest(from)
            .match_indices("\n\\.")
            .map(|(at, _)| from + at)
            .find(|at| matches!(self.byte(at + 3), b'\r' | b'\n' | 0));
        let Some(end) = found else {
            self.no_copy_end = true;
            return None;
        };
        let data = self.text.get(from..end).unwrap_or_default();
        self.at = end + 3;
        Some(data.bytes().filter(|b| *b == b'\n').count() as u64)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blank();
        let start = self.at;
        let byte = *self.bytes.get(start)?;
        if let Some(delimiter) = self.delimiter
            && self.rest(start).starts_with(delimiter)
        {
            return Some(self.token(Kind::End, start, start + delimiter.len()));
        }
        let next = self.byte(start + 1);
        let brackets_quote = matches!(self.dialect, Dialect::Mssql | Dialect::Sqlite);
        Some(match byte {
            // PostgreSQL's bodies are quoted, so a runner that took over DELIMITER from MySQL changes nothing there.
            b';' if self.delimiter.is_none() || self.dialect == Dialect::Postgres => {
                self.token(Kind::End, start, start + 1)
            }
            b'(' => self.token(Kind::Open, start, start + 1),
            b')' => self.token(Kind::Close, start, start + 1),
            b'[' if brackets_quote => self.quoted(Kind::Quoted, start, start, b']', false),
            b'[' => self.token(Kind::OpenBracket, start, start + 1),
            b']' => self.token(Kind::CloseBracket, start, start + 1),
            b',' => self.token(Kind::Comma, start, start + 1),
            b'.' if next.is_ascii_digit() => self.number(start),
            b'.' => self.token(Kind::Dot, start, start + 1),
            b'\'' => self.quoted(Kind::String, start, start, b'\'', self.backslashes()),
            b'"' if self.dialect == Dialect::Mysql => self.quoted(Kind::String, start, start, b'"', true),
            b'"' => self.quoted(Kind::Quoted, start, start, b'"', false),
            b'`' => self.quoted(Kind::Quoted, start, start, b'`', false),
            b'$' => self.dollar(start),
            b'\\' => {
                let end = self.line_end(start);
                let command = self.text.get(start..end).unwrap_or_default().to_ascii_lowercase();
                let token = self.token(Kind::End, start, end);
                if command.starts_with("\\copy ") && command.contains(" stdin") {
                    self.skip_copy_data();
                }
                token
            }
            b'0'..=b'9' => self.number(start),
            b':' if next == b':' || next == b'=' => self.operator(start),
            b':' | b'@' => match self.parameter(start) {
                Some(token) => token,
                None => self.operator(start),
            },
            b'?' if !matches!(next, b'|' | b'&') => self.token(Kind::Param, start, start + 1),
            b'{' | b'%' if self.variable(start).is_some() => self.word(start),
            b'#' if self.dialect == Dialect::Mssql => {
                // A temporary table: `#name`, `##name`.
                let marks = if next == b'#' { 2 } else { 1 };
                let mut token = self.word(start + marks);
                token.start = u32::try_from(start).unwrap_or(u32::MAX);
                token
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                if let Some(token) = self.client_command(start) {
                    token
                } else if let Some(token) = self.prefixed(start) {
                    token
                } else {
                    self.word(start)
                }
            }
            0x80.. => self.word(start),
            _ => self.operator(start),
        })
    }
}

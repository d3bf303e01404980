//! Characters to tokens.

use std::ops::Range;

use super::ExprError;

/// A token and its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    /// `index.concurrently`, also `true` and `in`: words joined by dots without space.
    Word(String),
    Int(i64),
    Text(String),
    /// An operator or punctuation mark, as spelt.
    Mark(&'static str),
}

/// Two-character marks stand before their first character's own.
const MARKS: [&str; 16] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-"];

/// Reads every token of `source`.
pub(super) fn read(source: &str) -> Result<Vec<Token>, ExprError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let (kind, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = word_length(rest);
            (TokenKind::Word(rest[..length].to_owned()), length)
        } else if first.is_ascii_digit() {
            number(rest, at)?
        } else if first == '"' || first == '\'' {
            text(rest, first, at)?
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            (TokenKind::Mark(mark), mark.len())
        } else {
            return Err(stray(first, at));
        };
        tokens.push(Token { kind, range: at..at + length });
        at += length;
    }
    Ok(tokens)
}

fn stray(first: char, at: usize) -> ExprError {
    let error = ExprError::new(at..at + first.len_utf8(), format!("unexpected `{first}`"));
    match first {
        '=' => error.help("`==` compares"),
        '&' => error.help("`&&` means and"),
        '|' => error.help("`||` means or"),
        '+' | '*' | '/' | '%' => error.help("there is no arithmetic in conditions"),
        _ => error,
    }
}

/// Bytes of the dotted word that `rest` starts with. All of it is ASCII, so the length is a character boundary.
fn word_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let starts_next = |next: Option<&u8>| next.is_some_and(|next| next.is_ascii_alphabetic() || *next == b'_');
        if byte.is_ascii_alphanumeric() || *byte == b'_' || (*byte == b'.' && starts_next(bytes.get(at + 1))) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

fn number(rest: &str, at: usize) -> Result<(TokenKind, usize), ExprError> {
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let digits = &rest[..length];
    match digits.parse() {
        Ok(value) => Ok((TokenKind::Int(value), length)),
        Err(_) => Err(ExprError::new(at..at + length, format!("`{digits}` is no whole number of 64 bits"))),
    }
}

fn text(rest: &str, quote: char, at: usize) -> Result<(TokenKind, usize), ExprError> {
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        if character == quote {
            return Ok((TokenKind::Text(value), offset + 1));
        }
        if character != '\\' {
            value.push(character);
            continue;
        }
        let Some((_, escaped)) = characters.next() else { break };
        value.push(match escaped {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' | '"' | '\'' | '`' | '?' => escaped,
            _ => {
                let range = at + offset..at + offset + 1 + escaped.len_utf8();
                return Err(ExprError::new(range, format!("`\\{escaped}` is no escape of strings"))
                    .help("write a backslash as `\\\\`; the escapes are `\\\\ \\\" \\' \\n \\r \\t`"));
            }
        });
    }
    Err(ExprError::new(at..at + rest.len(), format!("the string is not closed: {quote} is missing")))
}

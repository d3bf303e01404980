//! String literals with the place of every byte, and operations on strings that keep the places.

use crate::frontend::text::SqlText;
use crate::span::{FileId, Span};

/// Quotes and prefix of a literal: what its parts need to be decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoting {
    /// Offset of the first byte inside the quotes.
    pub(super) start: usize,
    /// Offset just after the last byte inside the quotes.
    pub(super) end: usize,
    /// Backslashes are ordinary characters.
    pub(super) raw: bool,
}

/// Finds the inside of the literal that fills `start..end` of `source`.
pub(super) fn quoting(source: &str, start: usize, end: usize) -> Quoting {
    let text = source.get(start..end).unwrap_or_default();
    let prefix = text.find(['"', '\'']).unwrap_or(0);
    let raw = text.get(..prefix).is_some_and(|p| p.contains(['r', 'R']));
    let body = text.get(prefix..).unwrap_or_default();
    let quote = if body.starts_with("\"\"\"") || body.starts_with("'''") { 3 } else { 1 };
    let from = start + prefix + quote;
    let mark = body.get(..quote).unwrap_or_default();
    // An unterminated literal has no closing quote to leave out.
    let closed = body.len() >= 2 * quote && body.ends_with(mark);
    Quoting { start: from.min(end), end: if closed { end - quote } else { end }.max(from.min(end)), raw }
}

/// Appends the decoded bytes `start..end` of `source` to `out`. `braces`: `{{` and `}}` stand for one brace.
pub(super) fn decode(out: &mut SqlText, source: &str, file: FileId, range: (usize, usize), raw: bool, braces: bool) {
    let (start, end) = range;
    let text = source.get(start..end).unwrap_or_default();
    let mut run = 0;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|t| t.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (len, replacement) = if c == '\\' && !raw {
            escape(rest)
        } else if braces && (rest.starts_with("{{") || rest.starts_with("}}")) {
            (2, c.to_string())
        } else if rest.starts_with("\r\n") {
            (2, "\n".to_owned())
        } else {
            at += c.len_utf8();
            continue;
        };
        out.push(text.get(run..at).unwrap_or_default(), Span::new(file, start + run, start + at));
        out.push(&replacement, Span::new(file, start + at, start + at + len));
        at += len;
        run = at;
    }
    out.push(text.get(run..).unwrap_or_default(), Span::new(file, start + run, end.max(start + run)));
}

/// Length of the escape at the start of `text` and what it stands for.
fn escape(text: &str) -> (usize, String) {
    let mut chars = text.chars();
    chars.next();
    let Some(c) = chars.next() else { return (1, "\\".to_owned()) };
    let simple = |s: &str| (1 + c.len_utf8(), s.to_owned());
    let number = |from: usize, digits: usize, radix: u32| {
        let hex = text.get(from..from + digits).unwrap_or_default();
        let value = u32::from_str_radix(hex, radix).ok().and_then(char::from_u32);
        value.map_or_else(|| (2, "?".to_owned()), |v| (from + digits, v.to_string()))
    };
    match c {
        '\n' => simple(""),
        '\r' => (if text.starts_with("\\\r\n") { 3 } else { 2 }, String::new()),
        'n' => simple("\n"),
        't' => simple("\t"),
        'r' => simple("\r"),
        '\\' | '\'' | '"' => simple(c.encode_utf8(&mut [0; 4])),
        'a' | 'b' | 'f' | 'v' => simple(" "),
        'x' => number(2, 2, 16),
        'u' => number(2, 4, 16),
        'U' => number(2, 8, 16),
        '0'..='7' => {
            let digits = text.bytes().skip(1).take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            number(1, digits, 8)
        }
        'N' => match text.find('}') {
            Some(close) if text.starts_with("\\N{") => (close + 1, "?".to_owned()),
            _ => simple("\\N"),
        },
        // Python keeps the backslash of an escape it does not know.
        other => (1 + other.len_utf8(), format!("\\{other}")),
    }
}

/// `strip`, `lstrip` and `rstrip`.
pub(super) fn strip(text: &SqlText, left: bool, right: bool, of: Option<&str>) -> SqlText {
    let out = |c: char| of.map_or_else(|| c.is_whitespace(), |set| set.contains(c));
    let full = &text.text;
    let start = if left { full.len() - full.trim_start_matches(out).len() } else { 0 };
    let end = if right { full.trim_end_matches(out).len() } else { full.len() };
    text.part(start..end.max(start))
}

/// `textwrap.dedent`: leading white space goes from each line; how much of it does not matter to SQL.
pub(super) fn dedent(text: &SqlText) -> SqlText {
    let margin = text
        .text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let mut out = SqlText::default();
    let mut at = 0;
    for line in text.text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        out.append(&text.part(at + indent.min(margin)..at + line.len()));
        at += line.len();
    }
    out
}

/// `replace(from, to)`.
pub(super) fn replace(text: &SqlText, from: &str, to: &SqlText) -> SqlText {
    let mut out = SqlText::default();
    let mut at = 0;
    if !from.is_empty() {
        for (found, _) in text.text.match_indices(from) {
            out.append(&text.part(at..found));
            // The place of what was replaced, so that the statement's bytes stay in one piece.
            let span = text.span(found..found + from.len());
            if to.is_known() {
                out.push(&to.text, span);
            } else {
                out.append(to);
            }
            at = found + from.len();
        }
    }
    out.append(&text.part(at..text.text.len()));
    out
}

/// `lower` and `upper` keep places where no character changes its length.
pub(super) fn change_case(text: &SqlText, upper: bool) -> SqlText {
    let mut out = SqlText::default();
    for (at, c) in text.text.char_indices() {
        let range = at..at + c.len_utf8();
        if text.hole_at(at).is_some() || !c.is_ascii() {
            out.append(&text.part(range));
        } else {
            let changed = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            let place = text.span(range);
            out.push(changed.encode_utf8(&mut [0; 4]), place);
        }
    }
    out
}

/// A piece of a `%` or `format` template.
pub(super) enum Piece {
    /// Literal bytes of the template, and what they stand for.
    Copy(usize, usize),
    /// One character for an escaped pair (`%%`, `{{`).
    Escaped(char, usize),
    /// A field: its name (empty for the next positional one) and bytes.
    Field(String, usize, usize),
}

/// Cuts a `str.format` template.
pub(super) fn format_pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let (mut run, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let pair = bytes.get(at + 1) == Some(byte);
        if (*byte == b'{' || *byte == b'}') && pair {
            out.push(Piece::Copy(run, at));
            out.push(Piece::Escaped(char::from(*byte), at));
            at += 2;
            run = at;
        } else if *byte == b'{' {
            let Some(close) = text.get(at..).and_then(|t| t.find('}')) else { break };
            out.push(Piece::Copy(run, at));
            let inside = text.get(at + 1..at + close).unwrap_or_default();
            let name = inside.split([':', '!']).next().unwrap_or_default();
            out.push(Piece::Field(name.to_owned(), at, at + close + 1));
            at += close + 1;
            run = at;
        } else {
            at += 1;
        }
    }
    out.push(Piece::Copy(run, text.len()));
    out
}

/// Cuts a template of `string.Template`: `$name`, `${name}`, `$$`.
pub(super) fn dollar_pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let (mut run, mut at) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('$')) {
        let from = at + found;
        let rest = text.get(from + 1..).unwrap_or_default();
        let (braced, rest) = rest.strip_prefix('{').map_or((false, rest), |rest| (true, rest));
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        let closed = !braced || rest.get(length..).is_some_and(|rest| rest.starts_with('}'));
        let named = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && closed;
        at = from + 1;
        if !braced && rest.starts_with('$') {
            out.push(Piece::Copy(run, from));
            out.push(Piece::Escaped('$', from));
            at = from + 2;
            run = at;
        } else if named {
            at = from + 1 + length + if braced { 2 } else { 0 };
            out.push(Piece::Copy(run, from));
            out.push(Piece::Field(name.to_owned(), from, at));
            run = at;
        }
    }
    out.push(Piece::Copy(run, text.len()));
    out
}

/// Cuts a `%` template.
pub(super) fn percent_pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let (mut run, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        let mut name = String::new();
        if bytes.get(end) == Some(&b'%') {
            out.push(Piece::Copy(run, at));
            out.push(Piece::Escaped('%', at));
            at += 2;
            run = at;
            continue;
        }
        if bytes.get(end) == Some(&b'(')
            && let Some(close) = text.get(end..).and_then(|t| t.find(')'))
        {
            text.get(end + 1..end + close).unwrap_or_default().clone_into(&mut name);
            end += close + 1;
        }
        while bytes.get(end).is_some_and(|b| b.is_ascii_digit() || b"-+ #.".contains(b)) {
            end += 1;
        }
        if bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
            out.push(Piece::Copy(run, at));
            out.push(Piece::Field(name, at, end + 1));
            at = end + 1;
            run = at;
        } else {
            at += 1;
        }
    }
    out.push(Piece::Copy(run, text.len()));
    out
}

//! The only door to the Python parser: text → syntax tree, never failing.

use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Mod, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

/// Larger texts are read by tokens only: no migration script is that long.
const MAX_BYTES: usize = 4 << 20;
/// Nesting of brackets and chained operators; deeper trees would threaten the stack of every walk over them.
const MAX_DEPTH: usize = 500;

/// A parsed file.
#[derive(Debug)]
pub(super) struct Parsed {
    /// Statements of the module; what could be recovered where the source is damaged.
    pub(super) body: Vec<Stmt>,
    /// First error: its bytes and the parser's words.
    pub(super) error: Option<(usize, usize, String)>,
    /// Bytes of every string literal, in order, for sources that are damaged.
    pub(super) strings: Vec<(usize, usize)>,
    /// Modules imported anywhere in it: leading dots, dotted name.
    pub(super) imports: Vec<(u32, String)>,
    /// Bytes of each comment.
    pub(super) comments: Vec<(usize, usize)>,
}

/// Parses `text`.
pub(super) fn parse(text: &str) -> Parsed {
    let nothing = |message: &str| Parsed {
        body: Vec::new(),
        error: Some((0, 0, message.to_owned())),
        strings: plain_strings(text),
        imports: Vec::new(),
        comments: Vec::new(),
    };
    if text.len() > MAX_BYTES {
        return nothing("the file is too large to be read as Python");
    }
    if too_deep(text) {
        return nothing("brackets or operators are nested too deeply");
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let error = parsed.errors().first().map(|e| {
        let range = e.location;
        (range.start().to_usize(), range.end().to_usize(), e.error.to_string())
    });
    let (mut strings, mut comments) = (Vec::new(), Vec::new());
    for token in parsed.tokens() {
        let range = (token.start().to_usize(), token.end().to_usize());
        match token.kind() {
            TokenKind::String => strings.push(range),
            TokenKind::Comment => comments.push(range),
            _ => {}
        }
    }
    let body: Vec<Stmt> = match parsed.into_syntax() {
        Mod::Module(module) => module.body.into_iter().collect(),
        Mod::Expression(_) => Vec::new(),
    };
    let mut imports = Imports::default();
    imports.visit_body(&body);
    Parsed { body, error, strings, imports: imports.found, comments }
}

#[derive(Default)]
struct Imports {
    found: Vec<(u32, String)>,
}

impl<'a> StatementVisitor<'a> for Imports {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                self.found.extend(import.names.iter().map(|alias| (0, alias.name.to_string())));
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
                for alias in &import.names {
                    let dotted =
                        if module.is_empty() { alias.name.to_string() } else { format!("{module}.{}", alias.name) };
                    self.found.push((import.level, dotted));
                }
                self.found.push((import.level, module));
            }
            _ => walk_stmt(self, stmt),
        }
    }
}

/// Whether the tree of `text` would be deeper than [`MAX_DEPTH`]: brackets and operators, strings left out.
fn too_deep(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut open: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at = skip_to(bytes, at, b'\n'),
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                open.push(depth);
                depth += 1;
                if open.len() > MAX_DEPTH {
                    return true;
                }
            }
            b')' | b']' | b'}' => depth = open.pop().unwrap_or(0) + 1,
            b',' => depth = open.last().map_or(0, |base| base + 1),
            b'\n' | b';' if open.is_empty() => depth = 0,
            b'-' | b'~' | b'+' | b'*' | b'/' | b'%' | b'|' | b'&' | b'^' | b'.' | b'@' => depth += 1,
            // `not`, `lambda`, `if` and `await` chain without an operator: three letters and a space at least.
            b' ' => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                if [&b"not "[..], b"lambda", b"if ", b"else ", b"await "].iter().any(|word| rest.starts_with(word)) {
                    depth += 1;
                }
            }
            _ => {}
        }
        if depth > MAX_DEPTH * 4 {
            return true;
        }
        at += 1;
    }
    false
}

fn skip_to(bytes: &[u8], from: usize, stop: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().position(|b| *b == stop).map_or(bytes.len(), |n| from + n.saturating_sub(1))
}

/// Offset just after the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let Some(quote) = bytes.get(at).copied() else { return at };
    let triple = bytes.get(at..at + 3).is_some_and(|three| three.iter().all(|b| *b == quote));
    let mut i = at + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(i) {
        if *byte == b'\\' {
            i += 2;
            continue;
        }
        if !triple && *byte == b'\n' {
            return i;
        }
        if *byte == quote {
            if !triple {
                return i + 1;
            }
            if bytes.get(i..i + 3).is_some_and(|three| three.iter().all(|b| *b == quote)) {
                return i + 3;
            }
        }
        i += 1;
    }
    bytes.len()
}

/// Strings of a text that is not parsed.
fn plain_strings(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at = skip_to(bytes, at, b'\n') + 1,
            b'"' | b'\'' => {
                let end = string_end(bytes, at).min(bytes.len());
                found.push((at, end));
                at = end.max(at + 1);
            }
            _ => at += 1,
        }
    }
    found
}

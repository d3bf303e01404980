//! psql: its commands, its variables, and the files it includes.
//!
//! Source: PostgreSQL documentation, "psql", sections "Meta-Commands" and "Variables"; `src/bin/psql/psqlscan.l`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Sent;
use crate::frontend::text::SqlText;
use crate::ir::{Guard, GuardKind, Unknown};
use crate::source::{Modules, SourceFile};
use crate::span::{FileId, Span};

/// Files include each other no deeper than this.
const DEEPEST: usize = 16;

/// Of conditions inside each other, this many are told.
const DEEPEST_CONDITION: usize = 16;

/// Bytes of a condition that are told.
const LONGEST_CONDITION: usize = 256;

/// Bytes that all included files together may have: a few files can include each other very often.
const MOST: usize = 64 << 20;

/// The texts that psql sends for a file: one for each connection, and one for each part under a condition.
pub(super) fn sent(file: &SourceFile, modules: &dyn Modules) -> Vec<Sent> {
    let mut script = Script {
        modules,
        sent: vec![Sent::default()],
        variables: BTreeMap::new(),
        conditions: Vec::new(),
        open: BTreeSet::new(),
        left: MOST.max(file.text.len()),
        quit: false,
    };
    script.run(file, 0);
    script.sent
}

struct Script<'m> {
    modules: &'m dyn Modules,
    sent: Vec<Sent>,
    /// What `\set` gave a value.
    variables: BTreeMap<String, String>,
    /// Conditions that are open.
    conditions: Vec<Guard>,
    /// Files that are being read.
    open: BTreeSet<FileId>,
    /// Bytes that may still be read or filled in.
    left: usize,
    /// `\q`
    quit: bool,
}

/// A file while it is read.
struct Input<'a> {
    file: &'a SourceFile,
    at: usize,
    /// What is copied so far.
    copied: usize,
    /// Where the present statement starts.
    statement: usize,
}

impl<'a> Input<'a> {
    fn rest(&self) -> &'a str {
        self.file.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.file.id, from, to)
    }

    /// Moves behind `close`, which is looked for `skip` bytes from here; to the end where there is none.
    fn beyond(&mut self, skip: usize, close: &str) {
        let from = (self.at + skip).min(self.file.text.len());
        let found = self.file.text.get(from..).and_then(|rest| rest.find(close));
        self.at = found.map_or(self.file.text.len(), |at| from + at + close.len());
    }

    /// Moves behind a comment; one before a statement is no part of it.
    fn between(&mut self, skip: impl FnOnce(&mut Self)) {
        let before = self.file.text.get(self.statement..self.at).unwrap_or_default();
        let leads = before.len() < 256 && before.trim().is_empty();
        skip(self);
        if leads {
            self.statement = self.at;
        }
    }

    /// Moves behind a string in single quotes.
    fn string(&mut self, escapes: bool) {
        let bytes = self.file.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' if escapes => self.at += 1,
                b'\'' if bytes.get(self.at) == Some(&b'\'') => self.at += 1,
                b'\'' => return,
                _ => {}
            }
        }
        self.at = self.at.min(bytes.len());
    }

    /// Moves behind a block comment, which nests.
    fn comment(&mut self) {
        let bytes = self.file.text.as_bytes();
        let mut depth = 0_usize;
        while self.at < bytes.len() {
            match (bytes.get(self.at), bytes.get(self.at + 1)) {
                (Some(b'/'), Some(b'*')) => depth += 1,
                (Some(b'*'), Some(b'/')) => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return;
            }
        }
    }

    /// The tag of a dollar quote that opens here.
    fn dollar(&self) -> Option<&'a str> {
        let rest = self.rest();
        let close = rest.get(1..)?.find(|c: char| !c.is_alphanumeric() && c != '_')? + 1;
        let digit = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        rest.get(..=close).filter(|tag| tag.ends_with('$') && !digit)
    }

    /// The line from here.
    fn line(&self) -> &'a str {
        let rest = self.rest();
        rest.get(..rest.find('\n').unwrap_or(rest.len())).unwrap_or_default()
    }
}

impl Script<'_> {
    fn run(&mut self, file: &SourceFile, depth: usize) {
        if self.left < file.text.len() || !self.open.insert(file.id) {
            return;
        }
        self.left -= file.text.len();
        let conditions = self.conditions.len();
        let mut input = Input { file, at: 0, copied: 0, statement: 0 };
        while let Some(byte) = file.text.as_bytes().get(input.at).filter(|_| !self.quit) {
            let next = file.text.as_bytes().get(input.at + 1);
            match (byte, next) {
                (b'\'', _) => {
                    let before = input.at.checked_sub(1).and_then(|at| file.text.as_bytes().get(at));
                    input.string(matches!(before, Some(b'e' | b'E')));
                }
                (b'"', _) => input.beyond(1, "\""),
                (b'-', Some(b'-')) => input.between(|input| input.beyond(2, "\n")),
                (b'/', Some(b'*')) => input.between(Input::comment),
                (b'$', _) => match input.dollar() {
                    Some(tag) => input.beyond(tag.len(), tag),
                    None => input.at += 1,
                },
                (b';', _) => Self::end_statement(&mut input),
                (b':', Some(b':' | b'=')) => input.at += 2,
                (b':', _) => self.variable(&mut input),
                (b'\\', _) => self.command(&mut input, depth),
                _ => input.at += 1,
            }
        }
        self.copy(&mut input);
        // Conditions do not reach beyond their file.
        if self.conditions.len() > conditions {
            self.conditions.truncate(conditions);
            self.part(false);
        }
        self.open.remove(&file.id);
    }

    fn text(&mut self) -> &mut SqlText {
        if self.sent.is_empty() {
            self.sent.push(Sent::default());
        }
        let last = self.sent.len() - 1;
        // Made above where there was none.
        &mut self.sent[last].text
    }

    fn copy(&mut self, input: &mut Input<'_>) {
        let (from, to) = (input.copied, input.at.min(input.file.text.len()));
        let text = input.file.text.get(from..to).unwrap_or_default();
        self.text().push(text, input.span(from, to));
        input.copied = to;
    }

    /// Behind `COPY … FROM stdin;` stand data, up to the line `\.`.
    fn end_statement(input: &mut Input<'_>) {
        let statement = input.file.text.get(input.statement..input.at).unwrap_or_default().trim_start();
        let copies = statement.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("copy"))
            && statement.to_ascii_lowercase().contains("stdin");
        if copies {
            input.beyond(0, "\n\\.");
        } else {
            input.at += 1;
        }
        input.statement = input.at;
    }

    /// `:x`, `:'x'`, `:"x"`
    fn variable(&mut self, input: &mut Input<'_>) {
        let rest = input.rest().get(1..).unwrap_or_default();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let inner = rest.get(usize::from(quote.is_some())..).unwrap_or_default();
        let length = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        let closed = quote.is_none_or(|quote| inner.get(length..).is_some_and(|rest| rest.starts_with(quote)));
        let name = inner.get(..length).unwrap_or_default();
        let slice = quote.is_none() && name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !closed || slice {
            input.at += 1;
            return;
        }
        self.copy(input);
        let start = input.at;
        input.at += 1 + length + 2 * usize::from(quote.is_some());
        input.copied = input.at;
        let span = input.span(start, input.at);
        // A long value can be named very often.
        let affordable = self.variables.get(name).filter(|value| value.len() <= self.left).cloned();
        self.left -= affordable.as_ref().map_or(0, String::len);
        match affordable {
            Some(value) => {
                let value = match quote {
                    Some(quote) => {
                        let doubled = value.replace(quote, &format!("{quote}{quote}"));
                        format!("{quote}{doubled}{quote}")
                    }
                    None => value,
                };
                self.text().push(&value, span);
            }
            None => {
                let shown = input.file.text.get(start..input.at).unwrap_or_default().to_owned();
                let reason = format!("`{name}` is given to psql from outside");
                self.text().push_hole(Unknown { reason, text: shown, span });
            }
        }
    }

    /// A command with a backslash. It ends where the line does.
    fn command(&mut self, input: &mut Input<'_>, depth: usize) {
        let line = input.line();
        let start = input.at;
        input.at += line.len();
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let rest = line.get(name.len()..).unwrap_or_default().trim();
        let argument = words.next().map(unquoted).unwrap_or_default();
        let span = input.span(start, start + line.trim_end().len());
        // What it leaves to the reader of statements is that a statement ends here.
        if name == "\\copy" {
            input.at = start;
            self.copy(input);
            input.at = start + line.len();
            input.copied = input.at;
        } else {
            self.copy(input);
        }
        match name {
            "\\set" => {
                let value = rest.get(rest.split_whitespace().next().map_or(0, str::len)..).unwrap_or_default().trim();
                // What holds a variable or runs a program has no value that is known here.
                if value.contains([':', '`']) {
                    self.variables.remove(&argument);
                } else {
                    self.variables.insert(argument, unquoted(value));
                }
            }
            "\\unset" | "\\prompt" | "\\getenv" => {
                self.variables.remove(&argument);
            }
            "\\i" | "\\ir" | "\\include" | "\\include_relative" => {
                let beside = matches!(name, "\\ir" | "\\include_relative");
                let known = !argument.is_empty() && !argument.contains(':') && depth < DEEPEST;
                if let Some(file) = known.then(|| self.modules.included(input.file, &argument, beside)).flatten() {
                    let file: Arc<SourceFile> = file;
                    self.text().push("\n", span);
                    self.run(&file, depth + 1);
                    self.text().push("\n", span);
                }
            }
            "\\if" => self.condition(line, span),
            "\\elif" | "\\else" => {
                self.conditions.pop();
                self.condition(line, span);
            }
            "\\endif" => {
                self.conditions.pop();
                self.part(false);
            }
            "\\c" | "\\connect" => self.part(true),
            "\\q" | "\\quit" if self.conditions.is_empty() && depth == 0 => self.quit = true,
            "\\copy" => self.copy_command(input, start, rest),
            _ => {}
        }
        input.statement = input.at;
    }

    /// `\copy t from 'file'` sends `COPY t FROM STDIN`, and then the file.
    fn copy_command(&mut self, input: &mut Input<'_>, start: usize, rest: &str) {
        let end = input.at;
        let length = "\\copy".len();
        let text = self.text();
        text.push("\nCOPY", input.span(start, start + length));
        text.push(rest_of(input.file, start + length, end), input.span(start + length, end));
        text.push(";\n", input.span(end, end));
        if rest.to_ascii_lowercase().contains(" stdin") {
            input.beyond(0, "\n\\.");
            input.copied = input.at;
        }
    }

    fn condition(&mut self, line: &str, span: Span) {
        // It is told with every operation under it.
        let told = line.get(..line.floor_char_boundary(LONGEST_CONDITION)).unwrap_or(line);
        self.conditions.push(Guard { kind: GuardKind::Other, text: told.trim_end().to_owned(), span });
        self.part(false);
    }

    /// Begins another text: under other conditions, or on another connection.
    fn part(&mut self, connects: bool) {
        let guards = self.conditions.iter().take(DEEPEST_CONDITION).cloned().collect();
        self.sent.push(Sent { text: SqlText::default(), guards, connects });
    }
}

fn rest_of(file: &SourceFile, from: usize, to: usize) -> &str {
    file.text.get(from..to).unwrap_or_default().trim_end_matches([';', '\r'])
}

/// A word of a command without its quotes.
fn unquoted(word: &str) -> String {
    let word = word.trim_end_matches(';');
    match word.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => word.trim_matches('"').to_owned(),
    }
}

//! Finding comments in SQL and Python: enough of a lexer to know a comment from a string, and no more.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::config::Dialect;
use crate::source::{Language, SourceFile};

/// A comment and the line that it speaks about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Comment {
    /// Its bytes, with its delimiters.
    pub(super) range: Range<usize>,
    /// First line of what it speaks about, 1-based: its own line where code shares it, else the next one with code.
    pub(super) first: usize,
    /// Last line of it: in Python a bracket or string that opens or closes on the line belongs to it as a whole.
    pub(super) last: usize,
    /// Whether no code stands before it in the file (but for a Python docstring).
    pub(super) leading: bool,
}

/// The comments of `file`, in order.
pub(super) fn comments(file: &SourceFile) -> Vec<Comment> {
    let mut found = match file.language {
        Language::Sql => sql(file, 0..file.text.len(), false),
        Language::Python => python(file),
    };
    found.sort_by_key(|comment| comment.range.start);
    found
}

/// The lines that hold code, rising, and the comments between, as a lexer meets them.
#[derive(Default)]
struct Lines {
    code: Vec<usize>,
    comments: Vec<Range<usize>>,
}

impl Lines {
    fn code(&mut self, line: usize) {
        if self.code.last() != Some(&line) {
            self.code.push(line);
        }
    }

    /// The line that a comment on `line` speaks about.
    fn target(&self, line: usize) -> usize {
        let next = self.code.partition_point(|code| *code < line);
        self.code.get(next).copied().unwrap_or(line)
    }
}

/// The comments of SQL in `whole`. `quoted` is set for SQL in a Python string, where `\n` ends a line too.
fn sql(file: &SourceFile, whole: Range<usize>, quoted: bool) -> Vec<Comment> {
    let bytes = file.text.as_bytes();
    let tags = dollar_tags(&file.text, whole.clone());
    let mut lines = Lines::default();
    let mut first_code = None;
    // Bodies between dollar quotes are read on their own, so that an odd apostrophe in one ends with it.
    let mut regions = vec![whole];
    while let Some(region) = regions.pop() {
        let mut at = region.start;
        while at < region.end {
            let rest = bytes.get(at..region.end).unwrap_or_default();
            let end = match rest {
                [b'-', b'-', ..] => at + line_end(rest, quoted),
                [b'#', ..] if file.dialect == Dialect::Mysql && !quoted => at + line_end(rest, false),
                [b'/', b'*', ..] => at + block_comment_end(rest, file.dialect != Dialect::Mysql),
                [byte, ..] if byte.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                _ => {
                    lines.code.push(file.lines.line(to_u32(at)));
                    first_code = Some(first_code.map_or(at, |first: usize| first.min(at)));
                    at = sql_token(bytes, at, region.end, file.dialect, &tags, &mut regions);
                    continue;
                }
            };
            lines.comments.push(at..end);
            at = end;
        }
    }
    lines.code.sort_unstable();
    lines.code.dedup();
    let comment = |range: Range<usize>| {
        let target = lines.target(file.lines.line(to_u32(range.end.saturating_sub(1))));
        let leading = !quoted && first_code.is_none_or(|first| range.start < first);
        Comment { first: target, last: target, leading, range }
    };
    lines.comments.iter().cloned().map(comment).collect()
}

/// The end of the token at `at` (or of the character, where nothing longer matters).
fn sql_token(
    bytes: &[u8],
    at: usize,
    end: usize,
    dialect: Dialect,
    tags: &Tags<'_>,
    regions: &mut Vec<Range<usize>>,
) -> usize {
    let rest = bytes.get(at..end).unwrap_or_default();
    match rest {
        [quote @ (b'\'' | b'"' | b'`'), body @ ..] => {
            // Doubled quotes need no care: the second half is a string of its own that starts where this one ends.
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            let escapes = *quote == b'\'' && (dialect == Dialect::Mysql || matches!(before, Some(b'e' | b'E')));
            at + 1 + string_end(body, *quote, escapes)
        }
        [b'$', ..] => {
            let Some(tag) = tags.at(at) else { return at + 1 };
            let body = at + tag.len();
            match tags.next(tag, body).filter(|close| close + tag.len() <= end) {
                Some(close) => {
                    regions.push(body..close);
                    close + tag.len()
                }
                None => body,
            }
        }
        _ => at + 1,
    }
}

/// Bytes of a string's `body` up to and with the closing `quote`.
fn string_end(body: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        if *byte == quote {
            return at + 1;
        }
        at += if escapes && *byte == b'\\' { 2 } else { 1 };
    }
    body.len()
}

/// Bytes up to the end of the line, which in a quoted text can be the two characters `\n`.
fn line_end(rest: &[u8], quoted: bool) -> usize {
    let ends = |at: &usize| match rest.get(*at) {
        Some(b'\n' | b'\r') => true,
        Some(b'\\') => quoted && rest.get(at + 1) == Some(&b'n'),
        _ => false,
    };
    (0..rest.len()).find(ends).unwrap_or(rest.len())
}

/// Bytes of the `/* … */` that `rest` starts with; without an end it reaches to the end of `rest`.
fn block_comment_end(rest: &[u8], nests: bool) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while at < rest.len() && depth > 0 {
        match rest.get(at..at + 2) {
            Some(b"*/") => {
                depth -= 1;
                at += 2;
            }
            Some(b"/*") if nests => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    at.min(rest.len())
}

/// Every `$tag$` of a text and where it stands, so that a search for the closing one is no scan.
struct Tags<'t> {
    by_place: BTreeMap<usize, &'t str>,
    by_tag: BTreeMap<&'t str, Vec<usize>>,
}

impl<'t> Tags<'t> {
    fn at(&self, at: usize) -> Option<&'t str> {
        self.by_place.get(&at).copied()
    }

    fn next(&self, tag: &str, from: usize) -> Option<usize> {
        let places = self.by_tag.get(tag)?;
        places.get(places.partition_point(|place| *place < from)).copied()
    }
}

fn dollar_tags(text: &str, range: Range<usize>) -> Tags<'_> {
    let mut tags = Tags { by_place: BTreeMap::new(), by_tag: BTreeMap::new() };
    let (base, part) = (range.start, text.get(range).unwrap_or_default());
    let mut open: Option<usize> = None;
    for (at, byte) in part.bytes().enumerate() {
        match (byte, open) {
            (b'$', Some(start)) => {
                if let Some(tag) = part.get(start..=at) {
                    tags.by_place.insert(base + start, tag);
                    tags.by_tag.entry(tag).or_default().push(base + start);
                }
                open = Some(at);
            }
            (b'$', None) => open = Some(at),
            (b, Some(start)) if b == b'_' || b >= 0x80 || b.is_ascii_alphabetic() => open = Some(start),
            (b, Some(start)) if b.is_ascii_digit() && at > start + 1 => open = Some(start),
            _ => open = None,
        }
    }
    tags
}

/// The comments of a Python file, and those of SQL in its strings.
fn python(file: &SourceFile) -> Vec<Comment> {
    let lexed = PythonLexer::run(file);
    let comment = |range: &Range<usize>| {
        let line = lexed.lines.target(file.lines.line(to_u32(range.start)));
        Comment {
            range: range.clone(),
            first: lexed.closes.get(&line).copied().unwrap_or(line),
            last: lexed.opens.get(&line).copied().unwrap_or(line),
            leading: lexed.first_code.is_none_or(|first| range.start < first),
        }
    };
    let mut found: Vec<Comment> = lexed.lines.comments.iter().map(comment).collect();
    for string in &lexed.strings {
        let text = file.text.get(string.clone()).unwrap_or_default();
        if text.contains(super::directive::MARK) {
            found.extend(sql(file, string.clone(), true));
        }
    }
    found
}

/// A pass over a Python file.
#[derive(Default)]
struct PythonLexer {
    lines: Lines,
    /// Contents of strings that are not docstrings.
    strings: Vec<Range<usize>>,
    /// For a line: the last line of what opens on it.
    opens: BTreeMap<usize, usize>,
    /// For a line: the first line of what closes on it.
    closes: BTreeMap<usize, usize>,
    /// Start of the first code that is no docstring.
    first_code: Option<usize>,
    /// Lines of the brackets that are open.
    brackets: Vec<usize>,
}

impl PythonLexer {
    fn run(file: &SourceFile) -> Self {
        let bytes = file.text.as_bytes();
        let mut this = Self::default();
        // Where the logical line has no code yet: a string there is a docstring.
        let mut fresh = true;
        let mut at = if file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        while let Some(byte) = bytes.get(at) {
            let line = file.lines.line(to_u32(at));
            match byte {
                b'\n' | b'\r' => {
                    fresh = fresh || this.brackets.is_empty();
                    at += 1;
                }
                b if b.is_ascii_whitespace() => at += 1,
                b'#' => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let end = at + line_end(rest, false);
                    this.lines.comments.push(at..end);
                    at = end;
                }
                b'"' | b'\'' => {
                    let (content, end) = python_string(bytes, at, *byte);
                    this.lines.code(line);
                    let last = file.lines.line(to_u32(end.saturating_sub(1)));
                    this.lines.code(last);
                    this.group(line, last);
                    if !(fresh && this.brackets.is_empty()) {
                        this.strings.push(content);
                        this.first_code.get_or_insert(at);
                    }
                    fresh = false;
                    at = end;
                }
                // The prefix of a string says nothing about whether it is a docstring.
                b if b.is_ascii_alphabetic() && string_prefix(bytes.get(at..).unwrap_or_default()) => at += 1,
                b => {
                    this.lines.code(line);
                    this.first_code.get_or_insert(at);
                    fresh = false;
                    match b {
                        b'(' | b'[' | b'{' => this.brackets.push(line),
                        b')' | b']' | b'}' => {
                            if let Some(open) = this.brackets.pop() {
                                this.group(open, line);
                            }
                        }
                        _ => {}
                    }
                    at += if *b == b'\\' { 2 } else { 1 };
                }
            }
        }
        this
    }

    /// Notes that something opens on line `first` and closes on line `last`.
    fn group(&mut self, first: usize, last: usize) {
        if first < last {
            let opens = self.opens.entry(first).or_insert(last);
            *opens = last.max(*opens);
            let closes = self.closes.entry(last).or_insert(first);
            *closes = first.min(*closes);
        }
    }
}

/// Whether `rest` starts with one or two letters and a quote.
fn string_prefix(rest: &[u8]) -> bool {
    let quote = |at: usize| matches!(rest.get(at), Some(b'"' | b'\''));
    let letter = |at: usize| {
        let letter = rest.get(at).map(u8::to_ascii_lowercase);
        matches!(letter, Some(b'r' | b'b' | b'f' | b'u' | b't'))
    };
    letter(0) && (quote(1) || (letter(1) && quote(2)))
}

/// Content and end of the Python string whose first quote is at `at`. A string of one line without an end ends with
/// its line, so that one odd quote does not hide the rest of the file.
fn python_string(bytes: &[u8], at: usize, quote: u8) -> (Range<usize>, usize) {
    let triple = bytes.get(at..at + 3) == Some(&[quote; 3]);
    let start = at + if triple { 3 } else { 1 };
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 1,
            b if *b == quote && !triple => return (start..end, end + 1),
            b if *b == quote && bytes.get(end..end + 3) == Some(&[quote; 3]) => return (start..end, end + 3),
            b'\n' if !triple => return (start..end, end),
            _ => {}
        }
        end += 1;
    }
    (start.min(bytes.len())..bytes.len(), bytes.len())
}

/// Offsets are below 4 GiB: `source` reads no larger file.
fn to_u32(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

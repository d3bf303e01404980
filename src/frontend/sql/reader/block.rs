//! DO blocks: the statements inside PL/pgSQL, without its control flow.

use std::collections::BTreeMap;

use super::{DEEPEST, Guarded, Reader};
use crate::frontend::sql::cursor::{Cursor, Read, unquote};
use crate::frontend::sql::lexer::{Kind, Token};
use crate::frontend::sql::split::Splitter;
use crate::frontend::text::SqlText;
use crate::ir::{OpKind, OpaqueReason, Operation, Unknown};
use crate::span::Span;

/// Frames of a block that are followed no deeper than this; a handler marks what its block did.
const FRAMES: usize = 64;

/// What an END closes.
struct Frame {
    kind: Flow,
    /// Operations before it.
    before: usize,
    /// What held outside it.
    conditional: bool,
    guard: Guarded,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Block,
    Handler,
    If,
    Loop,
    Case,
}

/// Words that begin PL/pgSQL statements which do nothing to the schema or its rows.
const NOISE: &[&str] = &[
    "RAISE",
    "RETURN",
    "NULL",
    "ASSERT",
    "GET",
    "OPEN",
    "FETCH",
    "CLOSE",
    "EXIT",
    "CONTINUE",
    "MOVE",
    "SELECT",
    "EXCEPTION",
];

/// Conditions of a handler that say the object was there already.
const ALREADY: &[&str] = &[
    "DUPLICATE_OBJECT",
    "DUPLICATE_TABLE",
    "DUPLICATE_COLUMN",
    "DUPLICATE_SCHEMA",
    "DUPLICATE_FUNCTION",
    "DUPLICATE_ALIAS",
    "DUPLICATE_DATABASE",
    "INVALID_TABLE_DEFINITION",
    "UNIQUE_VIOLATION",
    "OTHERS",
];

/// Conditions of a handler that say the object was not there.
const MISSING: &[&str] = &["UNDEFINED_OBJECT", "UNDEFINED_TABLE", "UNDEFINED_COLUMN", "UNDEFINED_FUNCTION", "OTHERS"];

impl<'a> Reader<'a> {
    /// DO, after DO.
    pub(super) fn block(&mut self, c: &mut Cursor<'a>) -> Read {
        let mut language = None;
        let mut body = None;
        while let Some(token) = c.peek() {
            if token.kind == Kind::Param {
                let reason = c.unknown(token.start as usize..token.end as usize).reason;
                self.unresolved(reason);
                return Ok(());
            }
            if c.eat("LANGUAGE") {
                language = c.ident_text();
            } else if matches!(token.kind, Kind::Dollar | Kind::String) {
                body = Some(*token);
                c.step();
            } else {
                return Err("the text of a block");
            }
        }
        let body = body.ok_or("the text of a block")?;
        if language.is_some_and(|language| language != "plpgsql") {
            self.opaque(OpaqueReason::NotUnderstood("a block in another language".to_owned()), self.span);
            return Ok(());
        }
        if self.depth >= DEEPEST {
            self.opaque(OpaqueReason::NotUnderstood("blocks are nested too deeply".to_owned()), self.span);
            return Ok(());
        }
        let before = self.operations.len();
        let whole = self.span;
        let mut inner = match body.kind {
            Kind::Dollar => {
                let source = c.source(&body);
                let tag = source.get(1..).and_then(|rest| rest.find('$')).map_or(2, |at| at + 2);
                let start = body.start as usize + tag;
                let end = (body.end as usize).saturating_sub(if body.unterminated { 0 } else { tag }).max(start);
                self.flow(self.text, start..end)
            }
            _ => {
                let text = literal(c, &body);
                let range = 0..text.text.len();
                self.flow(&text, range)
            }
        };
        self.span = whole;
        self.operations.append(&mut inner);
        if self.operations.len() == before {
            self.other("do");
        }
        Ok(())
    }

    /// Reads the body of a block.
    fn flow(&self, text: &SqlText, range: std::ops::Range<usize>) -> Vec<Operation> {
        let pieces: Vec<_> = Splitter::new(&text.text, range, self.dialect()).collect();
        let mut walker = Walker { frames: Vec::new(), variables: BTreeMap::new() };
        let mut reader = Reader {
            text,
            statement: std::sync::Arc::clone(&self.statement),
            span: self.span,
            conditional: self.conditional,
            guard: self.guard,
            depth: self.depth + 1,
            operations: Vec::new(),
        };
        let mut declaring = false;
        for piece in &pieces {
            walker.piece(&mut reader, &piece.tokens, &mut declaring);
        }
        reader.operations
    }

    /// EXECUTE expression, after EXECUTE. `variables` are what was assigned before it.
    fn execute(&mut self, mut c: Cursor<'_>, variables: &BTreeMap<String, SqlText>) {
        let expression = c.until_word(&["INTO", "USING"]);
        let variable = Some(expression.word().to_lowercase()).filter(|_| expression.rest().len() == 1);
        let text = match variable.and_then(|name| variables.get(&name)) {
            Some(value) => value.clone(),
            None => evaluate(expression),
        };
        if text.text.starts_with(crate::frontend::text::HOLE) || text.text.is_empty() {
            let reason = format!("`{}` is made when the block runs", expression.shown());
            self.span = expression.span();
            self.unresolved(reason);
            return;
        }
        if self.depth >= DEEPEST {
            self.unresolved("blocks are nested too deeply".to_owned());
            return;
        }
        let length = text.text.len();
        let mut inner = super::read_inside(self, &text, 0..length);
        self.operations.append(&mut inner);
    }
}

/// Follows the control flow.
struct Walker {
    frames: Vec<Frame>,
    /// The text last assigned to each variable.
    variables: BTreeMap<String, SqlText>,
}

impl Walker {
    /// One piece between semicolons: control words, then at most one statement.
    fn piece<'t>(&mut self, reader: &mut Reader<'t>, tokens: &'t [Token], declaring: &mut bool) {
        let mut c = Cursor::new(reader.text, reader.dialect(), tokens);
        while !c.done() {
            if c.at_operator("<<") {
                c.until(|c| c.at_operator(">>"));
                c.step();
            } else if c.eat("DECLARE") {
                *declaring = true;
            } else if c.eat("BEGIN") {
                *declaring = false;
                self.open(reader, Flow::Block, Guarded::No);
            } else if *declaring {
                self.assign(c);
                return;
            } else if c.eat("END") {
                c.eat_any(&["IF", "LOOP", "CASE"]);
                self.close(reader);
                return;
            } else if !self.control(reader, &mut c) {
                break;
            }
        }
        if !c.done() {
            self.plain(reader, c);
        }
    }

    /// IF, LOOP, CASE, EXCEPTION and their parts; `false` where a plain statement stands here.
    fn control<'t>(&mut self, reader: &mut Reader<'t>, c: &mut Cursor<'t>) -> bool {
        if c.eat("IF") {
            let guard = says(up_to_then(c));
            self.open(reader, Flow::If, guard);
        } else if c.eat_any(&["ELSIF", "ELSEIF"]) {
            let guard = says(up_to_then(c));
            self.branch(reader, guard);
        } else if c.eat("ELSE") {
            self.branch(reader, Guarded::No);
        } else if c.is_any(&["WHILE", "FOR", "FOREACH", "LOOP"]) {
            c.until_word(&["LOOP"]);
            c.eat("LOOP");
            self.open(reader, Flow::Loop, Guarded::No);
        } else if c.eat("CASE") {
            c.until_word(&["WHEN"]);
            self.open(reader, Flow::Case, Guarded::No);
        } else if c.is("EXCEPTION") && self.frames.last().is_some_and(|f| f.kind == Flow::Block) {
            c.eat("EXCEPTION");
            if let Some(frame) = self.frames.last_mut() {
                frame.kind = Flow::Handler;
            }
            reader.conditional = true;
        } else if c.eat("WHEN") {
            let condition = up_to_then(c);
            self.handles(reader, condition);
        } else {
            return false;
        }
        true
    }

    fn open(&mut self, reader: &mut Reader<'_>, kind: Flow, guard: Guarded) {
        let before = reader.operations.len();
        self.frames.push(Frame { kind, before, conditional: reader.conditional, guard: reader.guard });
        reader.conditional |= kind != Flow::Block;
        if guard != Guarded::No {
            reader.guard = guard;
        }
    }

    fn branch(&mut self, reader: &mut Reader<'_>, guard: Guarded) {
        let outside = self.frames.last().map_or(Guarded::No, |frame| frame.guard);
        reader.guard = if guard == Guarded::No { outside } else { guard };
    }

    fn close(&mut self, reader: &mut Reader<'_>) {
        if let Some(frame) = self.frames.pop() {
            reader.conditional = frame.conditional;
            reader.guard = frame.guard;
        }
    }

    /// WHEN conditions THEN of a handler: what the block did is known to bear the object being there, or missing.
    fn handles(&mut self, reader: &mut Reader<'_>, condition: Cursor<'_>) {
        let depth = self.frames.len();
        let Some(frame) = self.frames.last().filter(|f| f.kind == Flow::Handler && depth <= FRAMES) else { return };
        let says = |words: &[&str]| words.iter().any(|word| condition.has(word));
        let (already, missing) = (says(ALREADY), says(MISSING));
        for op in reader.operations.iter_mut().skip(frame.before) {
            op.if_not_exists |= already && super::creates(op.kind);
            op.if_exists |= missing && super::drops(op.kind);
        }
    }

    /// Keeps the text that `variable := 'text'` assigns, for the EXECUTE that runs it.
    fn assign(&mut self, mut c: Cursor<'_>) {
        let Some(name) = c.ident_text() else { return };
        c.until(|c| c.at_operator(":=") || c.at_operator("=") || c.is("DEFAULT"));
        c.step();
        if c.rest().iter().any(|t| matches!(t.kind, Kind::String | Kind::Dollar)) {
            self.variables.insert(name, evaluate(c));
        } else {
            self.variables.remove(&name);
        }
    }

    fn plain<'t>(&mut self, reader: &mut Reader<'t>, mut c: Cursor<'t>) {
        reader.span = c.span();
        let (place, before) = (reader.span, reader.operations.len());
        if c.eat("EXECUTE") {
            reader.execute(c, &self.variables);
        } else if c.eat("PERFORM") {
            if c.eat("SET_CONFIG") {
                reader.set_config(&mut c);
            } else if c.has_inside("SET_CONFIG") {
                c.until_word(&["SET_CONFIG"]);
                c.eat("SET_CONFIG");
                reader.set_config(&mut c);
            }
        } else if is_assignment(c) {
            self.assign(c);
        } else if c.is_any(NOISE) {
        } else if c.is_any(&["COMMIT", "ROLLBACK"]) {
            let kind = if c.is("COMMIT") { OpKind::TransactionCommit } else { OpKind::TransactionRollback };
            let op = reader.op(kind);
            reader.push(op);
        } else {
            reader.statement(c.rest(), false);
        }
        for op in reader.operations.iter_mut().skip(before) {
            op.nested.get_or_insert(place);
        }
    }
}

/// The condition up to THEN, which is taken. A CASE in it has a THEN of its own.
fn up_to_then<'t>(c: &mut Cursor<'t>) -> Cursor<'t> {
    let start = *c;
    let mut cases = 0_usize;
    while !c.done() {
        if c.is("CASE") {
            cases += 1;
        } else if c.is("END") {
            cases = cases.saturating_sub(1);
        } else if c.is("THEN") && cases == 0 {
            break;
        }
        c.skip();
    }
    let count = start.rest().len() - c.rest().len();
    c.eat("THEN");
    start.over(start.rest().get(..count).unwrap_or_default())
}

/// Whether a condition asks for something to be there, or not.
fn says(condition: Cursor<'_>) -> Guarded {
    if condition.has("NOT EXISTS") || condition.has("IS NULL") || condition.has("NOT FOUND") {
        Guarded::Absent
    } else if condition.has("EXISTS") || condition.has("IS NOT NULL") || condition.is("FOUND") {
        Guarded::Present
    } else {
        Guarded::No
    }
}

/// `x := …`, `x.y = …`, `x[1] := …`
fn is_assignment(mut c: Cursor<'_>) -> bool {
    if !matches!(c.kind(), Some(Kind::Word | Kind::Quoted | Kind::Param)) {
        return false;
    }
    c.step();
    while c.at_kind(Kind::Dot) || c.at_kind(Kind::OpenBracket) {
        let dot = c.at_kind(Kind::Dot);
        c.skip();
        if dot {
            c.step();
        }
    }
    c.at_operator(":=") || c.at_operator("=")
}

/// The text that a string literal stands for, with its places.
fn literal(c: &Cursor<'_>, token: &Token) -> SqlText {
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

/// A part whose value `what` gives, and which stands at `span`.
fn hole(text: &mut SqlText, what: Cursor<'_>, span: Span) {
    let shown = what.shown();
    let reason = format!("`{shown}` is worked out when the block runs");
    text.push_hole(Unknown { reason, text: format!("{{{shown}}}"), span });
}

/// The value of an expression of strings; what is not known is a hole.
fn evaluate(expression: Cursor<'_>) -> SqlText {
    let mut c = expression;
    let mut text = SqlText::default();
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
    while !c.done() {
        let mut part = c.until(|c| c.at_operator("||"));
        c.step();
        let whole = part;
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
                format(&mut text, &arguments, whole);
            }
            _ => hole(&mut text, whole, whole.span()),
        }
    }
    text
}

/// `format('text', arguments)`
fn format(text: &mut SqlText, arguments: &[Cursor<'_>], whole: Cursor<'_>) {
    let Some(first) = arguments.first() else { return };
    let Some(token) = first.peek().filter(|t| matches!(t.kind, Kind::String | Kind::Dollar)) else {
        hole(text, whole, whole.span());
        return;
    };
    let pattern = literal(first, token);
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
            Some(b'I' | b's' | b'L') => {
                let argument = arguments.get(next).copied().unwrap_or(whole);
                next += 1;
                let constant = argument.peek().filter(|t| {
                    argument.rest().len() == 1 && t.kind == Kind::String && !t.hole && bytes.get(end) != Some(&b'L')
                });
                match constant {
                    Some(constant) => text.push(&unquote(argument.source(constant)), argument.span()),
                    None => hole(text, argument, pattern.span(at..end + 1)),
                }
            }
            _ => {}
        }
        at = (end + 1).min(bytes.len());
        from = at;
    }
    text.append(&pattern.part(from.min(bytes.len())..bytes.len()));
}

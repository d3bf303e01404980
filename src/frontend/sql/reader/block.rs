//! DO blocks and the bodies of functions: the statements inside PL/pgSQL, and under which control flow they stand.

use std::collections::BTreeMap;

use super::strings::{Texts, Variables, appended, literal};
use super::{DEEPEST, Guarded, Reader};
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::{Kind, Token};
use crate::frontend::sql::split::{Piece, Splitter};
use crate::frontend::text::SqlText;
use crate::ir::{OpKind, OpaqueReason, Operation};

/// Frames of a block that are followed no deeper than this; a handler marks what its block did.
const FRAMES: usize = 64;

/// What an END closes.
struct Frame {
    kind: Flow,
    /// Operations before it.
    before: usize,
    /// Operations before its handlers.
    body: usize,
    /// A handler bears that an object is there already.
    already: bool,
    /// A handler bears that an object is not there.
    missing: bool,
    /// What held outside it.
    conditional: bool,
    guard: Guarded,
    in_loop: bool,
    /// What variables may hold at any time in and after a loop that appends to them.
    appended: BTreeMap<String, Vec<Option<SqlText>>>,
    /// What the variables held that the present branch assigns.
    saved: BTreeMap<String, Option<Vec<Option<SqlText>>>>,
    /// What becomes of the variables that its branches have assigned.
    results: BTreeMap<String, Outcome>,
    /// Branches that have ended.
    branches: usize,
    /// One of them is the ELSE.
    exhaustive: bool,
}

/// A variable that branches assign.
struct Outcome {
    /// By how many of them.
    branches: usize,
    /// What it held before.
    before: Option<Vec<Option<SqlText>>>,
    /// What it may hold now.
    now: Vec<Option<SqlText>>,
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
                language = super::catalog::label(c)?.known().map(|name| name.name.clone());
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
                self.flow(self.text, start..end, Variables::new())
            }
            _ => {
                let text = literal(c, &body);
                let range = 0..text.text.len();
                self.flow(&text, range, Variables::new())
            }
        };
        self.span = whole;
        self.operations.append(&mut inner);
        if self.operations.len() == before {
            self.other("do");
        }
        Ok(())
    }

    /// Reads the body of a block, whose parameters hold `given`.
    pub(super) fn flow(&self, text: &SqlText, range: std::ops::Range<usize>, given: Variables) -> Vec<Operation> {
        let pieces: Vec<_> = Splitter::new(&text.text, range, self.dialect()).collect();
        let texts = Texts { values: given, shared: self.shared };
        let loops = loops(text, self.dialect(), &pieces, &texts);
        let mut walker = Walker { frames: Vec::new(), texts, loops: loops.into_iter() };
        let mut reader = self.inside(text);
        let mut declaring = false;
        for piece in &pieces {
            walker.piece(&mut reader, &piece.tokens, &mut declaring);
        }
        reader.operations
    }

    /// EXECUTE expression, after EXECUTE.
    fn execute(&mut self, mut c: Cursor<'_>, texts: &Texts<'_>) {
        let expression = c.until_word(&["INTO", "USING"]);
        let alternatives = texts.alternatives(expression);
        let several = alternatives.len() > 1;
        let outside = self.conditional;
        self.conditional |= several;
        let mut told = false;
        for text in alternatives {
            match text.filter(|t| !t.text.starts_with(crate::frontend::text::HOLE) && !t.text.is_empty()) {
                Some(text) => self.execute_text(&text),
                None if told => {}
                None => {
                    told = true;
                    self.span = expression.span();
                    self.unresolved(format!("`{}` is made when the block runs", expression.shown()));
                }
            }
        }
        self.conditional = outside;
    }

    pub(super) fn execute_text(&mut self, text: &SqlText) {
        let length = text.text.len();
        if self.depth >= DEEPEST || !self.shared.spend(length) {
            self.unresolved("blocks are nested too deeply".to_owned());
            return;
        }
        let mut inner = super::read_inside(self, text, 0..length);
        self.operations.append(&mut inner);
    }
}

/// The texts that each loop assigns to variables, by the order in which the loops begin.
#[derive(Default)]
struct Assigned<'a> {
    values: BTreeMap<String, Vec<Option<SqlText>>>,
    /// Variables to which the loop only appends (`x := x || …`), and where.
    appended: BTreeMap<String, Cursor<'a>>,
}

/// A variable may hold no more texts than this; then it is not known.
const ALTERNATIVES: usize = 4;

/// Loops in loops that are told apart; an assignment is that of so many around it.
const LOOPS: usize = 8;

/// Adds what `more` holds, each text once.
fn join(known: &mut Vec<Option<SqlText>>, more: Vec<Option<SqlText>>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
    if known.len() > ALTERNATIVES {
        known.clear();
        known.push(None);
    }
}

/// What the loops of a block assign: at the head of a loop a variable may hold what an earlier round left in it.
fn loops<'a>(text: &'a SqlText, dialect: Dialect, pieces: &'a [Piece], texts: &Texts<'_>) -> Vec<Assigned<'a>> {
    let mut found: Vec<Assigned<'a>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for piece in pieces {
        let mut c = Cursor::new(text, dialect, &piece.tokens);
        let mut statement = c;
        while !c.done() {
            if c.is("LOOP") && c.follows("END") {
                open.pop();
            } else if c.is("LOOP") {
                open.push(found.len());
                found.push(Assigned::default());
            }
            let begins = c.is_any(&["LOOP", "THEN", "ELSE", "BEGIN"]) || c.at_operator(">>");
            c.skip();
            if begins {
                statement = c;
            }
        }
        if open.is_empty() {
            continue;
        }
        let appends = appends(statement);
        for (name, values) in assigned(statement, texts) {
            for at in open.iter().rev().take(LOOPS) {
                let Some(of_loop) = found.get_mut(*at) else { continue };
                if appends && !of_loop.values.contains_key(&name) {
                    of_loop.appended.insert(name.clone(), statement);
                } else {
                    of_loop.appended.remove(&name);
                    join(of_loop.values.entry(name.clone()).or_default(), values.clone());
                }
            }
        }
    }
    found
}

/// `x := x || …`
fn appends(c: Cursor<'_>) -> bool {
    let mut value = c;
    let name = value.word();
    value.step();
    if !(value.eat_operator(":=") || value.eat_operator("=")) || !value.is(name) || name.is_empty() {
        return false;
    }
    value.step();
    value.at_operator("||")
}

/// The variables that a statement assigns, with what they may hold then.
fn assigned(mut c: Cursor<'_>, texts: &Texts<'_>) -> Vec<(String, Vec<Option<SqlText>>)> {
    if is_assignment(c) {
        let Some(name) = c.ident_text() else { return Vec::new() };
        c.until(|c| c.at_operator(":=") || c.at_operator("=") || c.is("DEFAULT"));
        c.step();
        return vec![(name, texts.alternatives(c))];
    }
    let mut names = Vec::new();
    if c.eat("GET") {
        c.until_word(&["DIAGNOSTICS"]);
        c.step();
        names.extend(c.split_commas().into_iter().filter_map(|mut part| part.ident_text()));
    } else if c.is_any(&["SELECT", "EXECUTE", "FETCH", "WITH", "INSERT", "UPDATE", "DELETE"]) {
        let insert = c.eat("INSERT INTO");
        c.until_word(&["INTO"]);
        if c.eat("INTO") || (insert && c.eat("INTO")) {
            c.eat("STRICT");
            let list = c.until_word(&["FROM", "USING", "WHERE"]);
            names.extend(list.split_commas().into_iter().filter_map(|mut part| part.ident_text()));
        }
    }
    names.into_iter().map(|name| (name, vec![None])).collect()
}

/// Follows the control flow.
struct Walker<'s, 'p> {
    frames: Vec<Frame>,
    /// What variables hold.
    texts: Texts<'s>,
    /// What the loops that are still to come assign.
    loops: std::vec::IntoIter<Assigned<'p>>,
}

impl Walker<'_, '_> {
    /// One piece between semicolons: control words, then at most one statement.
    fn piece<'t>(&mut self, reader: &mut Reader<'t>, tokens: &'t [Token], declaring: &mut bool) {
        let mut c = Cursor::new(reader.text, reader.dialect(), tokens);
        while !c.done() {
            if c.at_operator("<<") {
                c.until(|c| c.at_operator(">>"));
                c.step();
            } else if c.eat_operator("#") {
                // An option of the function, which no semicolon ends: `#variable_conflict use_column`.
                c.step();
                c.step();
            } else if c.eat("DECLARE") {
                *declaring = true;
            } else if c.eat("BEGIN") {
                *declaring = false;
                self.open(reader, Flow::Block, Guarded::No);
            } else if *declaring {
                self.declare(c);
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
            if let Some(frame) = self.frames.last_mut() {
                frame.exhaustive = true;
            }
        } else if c.is_any(&["WHILE", "FOR", "FOREACH", "LOOP"]) {
            let head = c.until_word(&["LOOP"]);
            c.eat("LOOP");
            self.looped(reader, head);
            self.open(reader, Flow::Loop, Guarded::No);
        } else if c.eat("CASE") {
            c.until_word(&["WHEN"]);
            c.eat("WHEN");
            up_to_then(c);
            self.open(reader, Flow::Case, Guarded::No);
        } else if c.is("EXCEPTION") && self.frames.last().is_some_and(|f| f.kind == Flow::Block) {
            c.eat("EXCEPTION");
            if let Some(frame) = self.frames.last_mut() {
                frame.kind = Flow::Handler;
                frame.body = reader.operations.len();
            }
            reader.conditional = true;
        } else if c.eat("WHEN") {
            let condition = up_to_then(c);
            self.end_branch();
            self.handles(condition);
        } else {
            return false;
        }
        true
    }

    /// `FOR row IN query LOOP`: the query runs, and the row is not known.
    fn looped<'t>(&mut self, reader: &mut Reader<'t>, mut head: Cursor<'t>) {
        if !head.eat_any(&["FOR", "FOREACH"]) {
            reader.run_calls(head);
            return;
        }
        let variables = head.until_word(&["IN"]);
        for mut part in variables.split_commas() {
            if let Some(name) = part.ident_text() {
                self.set(name, vec![None]);
            }
        }
        head.eat("IN");
        self.query(reader, head);
    }

    /// A query whose rows the block takes: only what it changes is told.
    fn query<'t>(&self, reader: &mut Reader<'t>, mut c: Cursor<'t>) {
        let (whole, before) = (c.range(), reader.operations.len());
        let place = c.span();
        if c.eat("EXECUTE") {
            reader.span = place;
            reader.execute(c, &self.texts);
        } else if c.is_any(&["WITH", "INSERT", "UPDATE", "DELETE", "MERGE"]) {
            reader.statement(c.rest(), false);
        } else {
            reader.span = place;
            reader.run_calls(c);
        }
        let added = reader.operations.split_off(before);
        reader.operations.extend(added.into_iter().filter(|op| op.kind != OpKind::DataSelect));
        super::nest(reader.operations.get_mut(before..).unwrap_or_default(), c.text, &whole);
    }

    fn open(&mut self, reader: &mut Reader<'_>, kind: Flow, guard: Guarded) {
        let before = reader.operations.len();
        self.frames.push(Frame {
            kind,
            before,
            body: before,
            already: false,
            missing: false,
            conditional: reader.conditional,
            guard: reader.guard,
            in_loop: reader.in_loop,
            appended: BTreeMap::new(),
            saved: BTreeMap::new(),
            results: BTreeMap::new(),
            branches: 0,
            exhaustive: false,
        });
        reader.conditional |= kind != Flow::Block;
        reader.in_loop |= kind == Flow::Loop;
        if guard != Guarded::No {
            reader.guard = guard;
        }
        if kind == Flow::Loop {
            let assigned = self.loops.next().unwrap_or_default();
            for (name, values) in assigned.values {
                let mut known = self.texts.values.get(&name).cloned().unwrap_or_default();
                join(&mut known, values);
                self.set(name, known);
            }
            for (name, place) in assigned.appended {
                let known = self.texts.values.get(&name).cloned().unwrap_or_else(|| vec![None]);
                let known =
                    known.iter().map(|text| text.as_ref().map(|text| appended(text, place))).collect::<Vec<_>>();
                if let Some(frame) = self.frames.last_mut() {
                    frame.appended.insert(name.clone(), Vec::clone(&known));
                }
                self.set(name, known);
            }
        }
    }

    fn branch(&mut self, reader: &mut Reader<'_>, guard: Guarded) {
        let outside = self.frames.last().map_or(Guarded::No, |frame| frame.guard);
        reader.guard = if guard == Guarded::No { outside } else { guard };
        self.end_branch();
    }

    /// What a branch has assigned is put aside, and what held before it holds again.
    fn end_branch(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.branches += 1;
        for (name, old) in std::mem::take(&mut frame.saved) {
            let now = match &old {
                Some(old) => self.texts.values.insert(name.clone(), old.clone()),
                None => self.texts.values.remove(&name),
            };
            let result =
                frame.results.entry(name).or_insert_with(|| Outcome { branches: 0, before: old, now: Vec::new() });
            result.branches += 1;
            join(&mut result.now, now.unwrap_or_else(|| vec![None]));
        }
    }

    fn close(&mut self, reader: &mut Reader<'_>) {
        self.end_branch();
        let Some(frame) = self.frames.pop() else { return };
        reader.conditional = frame.conditional;
        reader.guard = frame.guard;
        reader.in_loop = frame.in_loop;
        self.handled(&mut reader.operations, &frame);
        if frame.kind == Flow::Loop && !frame.in_loop {
            rounds(reader.operations.get_mut(frame.before..).unwrap_or_default());
        }
        for (name, Outcome { branches, before, now: mut values }) in frame.results {
            if let Some(head) = frame.appended.get(&name) {
                // What stood at the head of the loop covers all that its rounds can leave.
                self.set(name, head.clone());
                continue;
            }
            // Where some branch assigns nothing, the old value may still be there.
            if !(frame.exhaustive && branches == frame.branches) && frame.kind != Flow::Block {
                join(&mut values, before.unwrap_or_default());
            }
            self.set(name, values);
        }
    }

    /// WHEN conditions THEN of a handler.
    fn handles(&mut self, condition: Cursor<'_>) {
        let Some(frame) = self.frames.last_mut().filter(|frame| frame.kind == Flow::Handler) else { return };
        let says = |words: &[&str]| words.iter().any(|word| condition.has(word));
        frame.already |= says(ALREADY);
        frame.missing |= says(MISSING);
    }

    /// What a block did before its handlers is known to bear the object being there, or missing, where they say so.
    fn handled(&self, operations: &mut [Operation], frame: &Frame) {
        if self.frames.len() >= FRAMES || !(frame.already || frame.missing) {
            return;
        }
        for op in operations.get_mut(frame.before..frame.body).unwrap_or_default() {
            op.if_not_exists |= frame.already && super::creates(op.kind);
            op.if_exists |= frame.missing && super::drops(op.kind);
        }
    }

    /// Gives a variable a value, and keeps the one it had before the branch.
    fn set(&mut self, name: String, values: Vec<Option<SqlText>>) {
        let old = self.texts.values.insert(name.clone(), values);
        if let Some(frame) = self.frames.last_mut() {
            frame.saved.entry(name).or_insert(old);
        }
    }

    /// `variable type [:= value]`
    fn declare(&mut self, mut c: Cursor<'_>) {
        let Some(name) = c.ident_text() else { return };
        c.until(|c| c.at_operator(":=") || c.at_operator("=") || c.is("DEFAULT"));
        if c.done() {
            self.texts.values.remove(&name);
            return;
        }
        c.step();
        let values = self.texts.alternatives(c);
        self.set(name, values);
    }

    fn plain<'t>(&mut self, reader: &mut Reader<'t>, c: Cursor<'t>) {
        reader.span = c.span();
        let before = reader.operations.len();
        self.statement(reader, c);
        for (name, values) in assigned(c, &self.texts) {
            self.set(name, values);
        }
        super::nest(reader.operations.get_mut(before..).unwrap_or_default(), c.text, &c.range());
    }

    /// A statement of PL/pgSQL that is no control flow.
    fn statement<'t>(&self, reader: &mut Reader<'t>, mut c: Cursor<'t>) {
        if c.eat("EXECUTE") {
            reader.execute(c, &self.texts);
        } else if c.eat("PERFORM") {
            perform(reader, c);
        } else if c.eat("RETURN QUERY") || c.at_phrase("OPEN") {
            if c.eat("OPEN") {
                c.until_word(&["FOR"]);
                c.step();
            }
            self.query(reader, c);
        } else if is_assignment(c) || c.is_any(NOISE) {
            reader.run_calls(c);
        } else if c.is_any(&["COMMIT", "ROLLBACK"]) {
            let kind = if c.is("COMMIT") { OpKind::TransactionCommit } else { OpKind::TransactionRollback };
            let op = reader.op(kind);
            reader.push(op);
        } else {
            reader.statement(c.rest(), false);
        }
    }
}

/// PERFORM query, after PERFORM.
fn perform<'t>(reader: &mut Reader<'t>, c: Cursor<'t>) {
    let mut rest = c;
    if c.has_inside("SET_CONFIG") {
        while !rest.done() && !rest.is("SET_CONFIG") {
            rest.step();
        }
        rest.eat("SET_CONFIG");
        reader.set_config(&mut rest);
        return;
    }
    let before = reader.operations.len();
    reader.run_calls(c);
    if reader.operations.len() == before {
        reader.run_unknown(c);
    }
}

/// All rounds of a loop share a transaction, unless a COMMIT stands in it.
fn rounds(operations: &mut [Operation]) {
    let commits = operations.iter().any(|op| op.kind == OpKind::TransactionCommit);
    for op in operations {
        op.loop_in_transaction = !commits;
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
pub(super) fn says(condition: Cursor<'_>) -> Guarded {
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

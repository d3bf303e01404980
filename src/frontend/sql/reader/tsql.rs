//! T-SQL batches: statements that no semicolon need end, under IF, WHILE, BEGIN … END and TRY … CATCH.
//!
//! T-SQL reserves the words that begin statements, so that one of them outside brackets begins the next statement,
//! except where the grammar of the present one has a place for it.

use super::block::says;
use super::strings::literal;
use super::{DEEPEST, Guarded, Reader};
use crate::frontend::sql::cursor::{Cursor, Read, unquote};
use crate::frontend::sql::lexer::{Kind, Token};
use crate::ir::{ColumnDetails, Details, IndexDetails, Known, OpKind, OpaqueReason, QualifiedName, TableDetails};

/// Words that begin a statement.
const STARTERS: &[&str] = &[
    "ALTER",
    "BEGIN",
    "BREAK",
    "COMMIT",
    "CONTINUE",
    "CREATE",
    "DBCC",
    "DECLARE",
    "DELETE",
    "DENY",
    "DROP",
    "ELSE",
    "END",
    "EXEC",
    "EXECUTE",
    "GOTO",
    "GRANT",
    "IF",
    "INSERT",
    "MERGE",
    "PRINT",
    "RAISERROR",
    "RETURN",
    "REVOKE",
    "ROLLBACK",
    "SELECT",
    "SET",
    "THROW",
    "TRUNCATE",
    "UPDATE",
    "USE",
    "WAITFOR",
    "WHILE",
];

/// Statements of T-SQL that change neither schema nor rows, with their detail.
const HARMLESS: &[(&str, &str)] = &[
    ("BREAK", "control"),
    ("CONTINUE", "control"),
    ("DECLARE", "declare"),
    ("GOTO", "control"),
    ("PRINT", "message"),
    ("RAISERROR", "message"),
    ("RETURN", "control"),
    ("THROW", "message"),
    ("WAITFOR", "control"),
];

/// Words after which a word that could begin a statement belongs to the present one.
const JOINING: &[&str] = &["ALL", "AS", "BULK", "DELETE", "EXCEPT", "FOR", "INTERSECT", "OR", "THEN", "UNION", "WITH"];

/// What can be made, changed and dropped: before IF EXISTS one of these stands, and no condition.
const OBJECTS: &[&str] = &[
    "COLUMN",
    "CONSTRAINT",
    "DATABASE",
    "FUNCTION",
    "INDEX",
    "LOGIN",
    "PROC",
    "PROCEDURE",
    "ROLE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "STATISTICS",
    "SYNONYM",
    "TABLE",
    "TRIGGER",
    "TYPE",
    "USER",
    "VIEW",
];

/// What holds around the statement that is read.
#[derive(Clone, Copy)]
struct Around {
    conditional: bool,
    guard: Guarded,
    in_loop: bool,
}

impl<'a> Reader<'a> {
    /// Reads the statements of a batch; `false` where it is a single one, which is then not read.
    pub(super) fn batch(&mut self, tokens: &'a [Token]) -> bool {
        let mut c = Cursor::new(self.text, self.dialect(), tokens);
        let mut ahead = c;
        next_statement(&mut ahead);
        let controls =
            c.is_any(&["IF", "WHILE", "BEGIN", "END", "ELSE"]) || HARMLESS.iter().any(|(word, _)| c.is(word));
        if ahead.done() && !controls {
            return false;
        }
        let whole = self.span;
        // Frames of BEGIN, and what held before the IF or WHILE whose statement is still to come.
        let mut frames: Vec<Around> = Vec::new();
        let mut pending: Option<Around> = None;
        while !c.done() {
            if c.eat_kind(Kind::End) {
                continue;
            }
            if c.is_any(&["IF", "WHILE", "ELSE"]) {
                pending.get_or_insert(self.around());
                self.condition(&mut c);
            } else if c.is("BEGIN") && !begins_transaction(&c) {
                c.step();
                frames.push(pending.take().unwrap_or_else(|| self.around()));
                let handler = c.eat("CATCH");
                c.eat("TRY");
                self.conditional |= handler;
            } else if c.eat("END") {
                c.eat_any(&["TRY", "CATCH"]);
                if let Some(around) = frames.pop() {
                    self.restore(around);
                }
            } else {
                let start = c;
                next_statement(&mut c);
                let count = start.rest().len() - c.rest().len();
                self.of_batch(start.over(start.rest().get(..count).unwrap_or_default()));
                if let Some(around) = pending.take() {
                    self.restore(around);
                }
            }
        }
        if let Some(around) = frames.first().copied().or(pending) {
            self.restore(around);
        }
        self.span = whole;
        true
    }

    fn around(&self) -> Around {
        Around { conditional: self.conditional, guard: self.guard, in_loop: self.in_loop }
    }

    fn restore(&mut self, around: Around) {
        (self.conditional, self.guard, self.in_loop) = (around.conditional, around.guard, around.in_loop);
    }

    /// IF condition, WHILE condition, ELSE: what follows stands under it.
    fn condition(&mut self, c: &mut Cursor<'a>) {
        let (looped, otherwise) = (c.is("WHILE"), c.is("ELSE"));
        c.step();
        self.conditional = true;
        self.in_loop |= looped;
        if otherwise {
            return;
        }
        let start = *c;
        // `IF UPDATE(column)` is a condition, and in a condition CASE has an END of its own.
        let mut cases = 0_usize;
        c.until_counting(&mut cases);
        let count = start.rest().len() - c.rest().len();
        let condition = start.over(start.rest().get(..count).unwrap_or_default());
        let guard = asks(condition);
        if guard != Guarded::No {
            self.guard = guard;
        }
    }

    fn of_batch(&mut self, c: Cursor<'a>) {
        let before = self.operations.len();
        let place = c.span();
        match HARMLESS.iter().find(|(word, _)| c.is(word)) {
            Some((_, detail)) => {
                self.span = place;
                self.other(detail);
            }
            None => self.single(c.rest(), false),
        }
        for op in self.operations.iter_mut().skip(before) {
            op.nested.get_or_insert(place);
        }
    }

    /// EXEC, after the word: a text, a procedure of the server that renames or runs a text, or any other procedure.
    pub(super) fn exec(&mut self, c: &mut Cursor<'a>) -> Read {
        if let Some(group) = { *c }.group() {
            self.exec_text(group);
            return Ok(());
        }
        let mut ahead = *c;
        let name = ahead.name()?;
        match name.known().map(|name| name.name.as_str()) {
            Some("sp_executesql") => {
                let arguments = ahead.split_commas();
                if let Some(first) = arguments.first() {
                    let mut text = *first;
                    if text.at_kind(Kind::Param) && text.peek_nth(1).is_some_and(|t| text.source(t) == "=") {
                        text.step();
                        text.step();
                    }
                    self.exec_text(text);
                    return Ok(());
                }
                self.call(c)
            }
            Some("sp_rename") if self.rename_procedure(ahead).is_some() => Ok(()),
            _ => self.call(c),
        }
    }

    /// A text that EXEC runs: read where it is one literal.
    fn exec_text(&mut self, c: Cursor<'a>) {
        let known = c.peek().filter(|t| t.kind == Kind::String && !t.hole && c.rest().len() == 1);
        if let Some(token) = known
            && self.depth < DEEPEST
        {
            self.execute_text(&literal(&c, token));
            return;
        }
        let reason = format!("`{}` is made when the batch runs", c.shown());
        self.opaque(OpaqueReason::Unresolved(reason), self.span);
    }

    /// `sp_rename 'name', 'new' [, 'COLUMN' | 'INDEX' | 'OBJECT']`, after the procedure's name.
    fn rename_procedure(&mut self, arguments: Cursor<'a>) -> Option<()> {
        let mut given = [None, None, None];
        for (at, part) in arguments.split_commas().into_iter().enumerate().take(given.len()) {
            let mut part = part;
            let mut place = at;
            if part.at_kind(Kind::Param) {
                // Arguments by name, in any order.
                let name = part.shown_token().to_lowercase();
                place = ["@objname", "@newname", "@objtype"].iter().position(|known| *known == name)?;
                part.step();
                part.eat_operator("=");
            }
            let token =
                part.peek().filter(|t| matches!(t.kind, Kind::String | Kind::Quoted | Kind::Word) && !t.hole)?;
            *given.get_mut(place)? = Some(unquote(part.source(token)));
        }
        let [Some(old), Some(new), sort] = given else { return None };
        let mut path = path(&old);
        let last = path.pop()?;
        let sort = sort.unwrap_or_default().to_ascii_uppercase();
        let known = |name: QualifiedName| Known::Known(name, self.span);
        let qualified = |mut path: Vec<String>| {
            let name = path.pop()?;
            Some(QualifiedName { schema: path.pop(), name })
        };
        let mut op = match sort.as_str() {
            "COLUMN" => {
                let mut op = self.op(OpKind::ColumnRename);
                let details =
                    ColumnDetails { name: Some(last.clone()), new_name: Some(new), ..ColumnDetails::default() };
                op.details = Details::Column(Box::new(details));
                op
            }
            "INDEX" => {
                let mut op = self.op(OpKind::IndexRename);
                op.details = Details::Index(Box::new(IndexDetails { new_name: Some(new), ..IndexDetails::default() }));
                op
            }
            "" | "OBJECT" => {
                let mut op = self.op(OpKind::TableRename);
                let schema = path.pop();
                op.table = Some(known(QualifiedName { schema: schema.clone(), name: last }));
                let new_name = Some(known(QualifiedName { schema, name: new }));
                op.details = Details::Table(Box::new(TableDetails { new_name, ..TableDetails::default() }));
                self.push(op);
                return Some(());
            }
            _ => return None,
        };
        op.table = Some(known(qualified(path)?));
        op.name = Some(known(QualifiedName::bare(last)));
        self.push(op);
        Some(())
    }
}

impl Cursor<'_> {
    /// Skips to the word that begins a statement; CASE … END is not one.
    fn until_counting(&mut self, cases: &mut usize) {
        while !self.done() && !self.at_kind(Kind::End) {
            if self.is("CASE") {
                *cases += 1;
            } else if *cases > 0 {
                *cases -= usize::from(self.is("END"));
            } else if self.is_any(STARTERS) && !(self.is("UPDATE") && self.peek_nth(1).is_some_and(is_open)) {
                return;
            }
            self.skip();
        }
    }
}

fn is_open(token: &Token) -> bool {
    token.kind == Kind::Open
}

/// What a condition asks of the object: as in PL/pgSQL, and T-SQL's `OBJECT_ID(…) IS NULL`.
fn asks(condition: Cursor<'_>) -> Guarded {
    if condition.at_phrase("NOT EXISTS") { Guarded::Absent } else { says(condition) }
}

/// BEGIN TRAN, BEGIN TRANSACTION and BEGIN DISTRIBUTED TRANSACTION open no block.
fn begins_transaction(c: &Cursor<'_>) -> bool {
    ["TRAN", "TRANSACTION", "DISTRIBUTED"].iter().any(|word| c.at_phrase(&format!("BEGIN {word}")))
}

/// Skips the statement here, up to the one that follows it.
fn next_statement(c: &mut Cursor<'_>) {
    let first = *c;
    // The definition of a module is all that its batch holds.
    if first.is_any(&["CREATE", "ALTER"]) {
        let mut head = first;
        head.step();
        head.eat("OR ALTER");
        if head.is_any(&["PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "VIEW"]) {
            c.until(|_| false);
            return;
        }
    }
    let mut state = Within {
        first,
        privileges: first.is_any(&["GRANT", "DENY", "REVOKE"]),
        cases: 0,
        main: !first.is("WITH"),
        set: false,
        source: false,
    };
    c.step();
    while !c.done() && !c.at_kind(Kind::End) {
        if c.is("CASE") {
            state.cases += 1;
        } else if state.cases > 0 {
            state.cases -= usize::from(c.is("END"));
        } else if c.is_any(STARTERS) && !state.privileges && state.starts(c) {
            return;
        }
        // The roles follow, and after them the next statement.
        state.privileges &= !c.is_any(&["TO", "FROM"]);
        state.source |= c.is_any(&["VALUES", "SELECT", "EXEC", "EXECUTE"]) || c.at_phrase("DEFAULT VALUES");
        state.set |= c.is("SET");
        state.main |= c.is_any(&["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);
        c.skip();
    }
}

/// How far a statement has been followed.
struct Within<'a> {
    first: Cursor<'a>,
    /// In the list of privileges and objects of GRANT and its like, whose words could begin statements.
    privileges: bool,
    /// CASE that waits for its END.
    cases: usize,
    /// After a WITH its statement has begun.
    main: bool,
    /// SET has been seen.
    set: bool,
    /// What an INSERT inserts has begun.
    source: bool,
}

impl Within<'_> {
    /// Whether the word here begins a statement.
    fn starts(&self, c: &Cursor<'_>) -> bool {
        if JOINING.iter().any(|word| c.follows(word)) {
            return false;
        }
        let next_is = |word: &str| {
            let mut ahead = *c;
            ahead.step();
            ahead.is(word)
        };
        let opens = c.peek_nth(1).is_some_and(is_open);
        let after_option = self.first.is("SET") || !c.follows("ON");
        match c.word().to_ascii_uppercase().as_str() {
            "IF" => !(next_is("EXISTS") && OBJECTS.iter().any(|word| c.follows(word))),
            "ALTER" | "DROP" => !(self.first.is("ALTER") && (next_is("COLUMN") || next_is("CONSTRAINT"))),
            "SELECT" => self.main && (!self.first.is("INSERT") || self.source),
            "EXEC" | "EXECUTE" => !self.first.is("INSERT") || self.source,
            "INSERT" | "MERGE" => self.main,
            // ON DELETE and ON UPDATE of a foreign key; after SET NOCOUNT ON a statement begins.
            "DELETE" => self.main && after_option,
            "UPDATE" => self.main && !opens && after_option,
            "SET" => {
                let updates = (self.first.is("UPDATE") || self.first.is("WITH")) && !self.set;
                !updates
                    && !opens
                    && !self.first.is("MERGE")
                    && !self.first.at_phrase("ALTER DATABASE")
                    && !c.follows("UPDATE")
            }
            "GRANT" => !c.follows("WITH"),
            _ => true,
        }
    }
}

/// The parts of a name in a string: `dbo.t.c`, `[dbo].[a.b]`.
fn path(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut close = None;
    for letter in text.chars() {
        match (close, letter) {
            (Some(end), _) if letter == end => close = None,
            (None, '[') => close = Some(']'),
            (None, '"') => close = Some('"'),
            (None, '.') => parts.push(String::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.push(letter);
                }
            }
        }
    }
    parts
}

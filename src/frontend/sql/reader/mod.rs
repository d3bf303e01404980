//! Statements to operations.
//!
//! One module per family. A function that reads a statement returns what it expected where the statement is not as it
//! knows it; [`super::parse`] is then asked for a second opinion.

mod alter;
mod alter_options;
mod block;
mod catalog;
mod column;
mod constraint;
mod data;
mod index;
mod object;
mod output;
mod predicate;
mod privilege;
mod query;
mod routine;
mod session;
mod strings;
mod table;
mod tsql;

use std::ops::Range;
use std::sync::Arc;

use self::routine::Shared;
use super::cursor::{Cursor, Read};
use super::lexer::{Kind, Token};
use super::parse;
use super::split::{Piece, Splitter};
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::ir::{Details, Nested, OpKind, OpaqueReason, Operation, Statement};
use crate::span::Span;

/// Statements inside statements (DO, EXECUTE) are read no deeper than this.
const DEEPEST: usize = 8;

/// Reads the statements of one text that belong to one statement sent to the server.
pub(super) struct Reader<'a> {
    text: &'a SqlText,
    statement: Arc<Statement>,
    /// The place of the statement that is read; inside a block not the whole of `statement`.
    span: Span,
    /// Under an IF, a loop or an exception handler of a block.
    conditional: bool,
    /// In a loop of a block.
    in_loop: bool,
    /// What the condition it is under says of the object.
    guard: Guarded,
    /// What the text has defined so far.
    shared: &'a Shared,
    depth: usize,
    operations: Vec<Operation>,
}

impl<'a> Reader<'a> {
    fn dialect(&self) -> Dialect {
        self.statement.dialect
    }

    /// An operation that is the whole of the statement being read.
    fn op(&self, kind: OpKind) -> Operation {
        let mut op = Operation::new(kind, Arc::clone(&self.statement));
        op.span = self.span;
        op.conditional = self.conditional;
        op.in_loop = self.in_loop;
        op.loop_in_transaction = self.in_loop;
        op
    }

    /// A reader of another text, or of a part of this one, that belongs to the same statement.
    fn inside<'t>(&self, text: &'t SqlText) -> Reader<'t>
    where
        'a: 't,
    {
        Reader {
            text,
            statement: Arc::clone(&self.statement),
            span: self.span,
            conditional: self.conditional,
            in_loop: self.in_loop,
            guard: self.guard,
            shared: self.shared,
            depth: self.depth + 1,
            operations: Vec::new(),
        }
    }

    fn push(&mut self, mut op: Operation) {
        op.if_not_exists |= self.guard == Guarded::Absent && creates(op.kind);
        op.if_exists |= self.guard == Guarded::Present && drops(op.kind);
        self.operations.push(op);
    }

    /// A statement that is known and changes nothing this program looks at.
    fn other(&mut self, detail: &'static str) {
        let mut op = self.op(OpKind::Other);
        op.detail = detail;
        self.push(op);
    }

    fn opaque(&mut self, reason: OpaqueReason, span: Span) {
        let mut op = self.op(OpKind::Opaque);
        op.details = Details::Opaque(reason);
        op.span = span;
        self.push(op);
    }

    /// Reads one statement. Never fails: what is not understood becomes opaque.
    fn statement(&mut self, tokens: &'a [Token], unbalanced: bool) {
        if self.dialect() == Dialect::Mssql && self.batch(tokens) {
            return;
        }
        self.single(tokens, unbalanced);
    }

    /// Reads one statement that is known to be one.
    fn single(&mut self, tokens: &'a [Token], unbalanced: bool) {
        let cursor = Cursor::new(self.text, self.dialect(), tokens);
        let before = self.operations.len();
        self.span = cursor.span();
        if let Some(next) = runs_on(cursor) {
            let reason = format!("`{next}` begins another statement, and no semicolon ends this one");
            return self.opaque(OpaqueReason::Broken(reason), self.span);
        }
        let Err(expected) = self.dispatch(cursor) else {
            if self.operations.iter().skip(before).any(|op| op.kind.family() == "data") {
                let own = self.operations.len();
                self.run_calls(evaluated(cursor));
                let mut list = cursor;
                if self.operations.len() == own && list.eat("SELECT") && self.dialect() == Dialect::Postgres {
                    self.run_unknown(list);
                }
            }
            return;
        };
        self.operations.truncate(before);
        let reason = doubt(&cursor, expected, unbalanced);
        self.span = cursor.span();
        self.opaque(reason, self.span);
    }

    fn dispatch(&mut self, mut c: Cursor<'a>) -> Read {
        match c.kind() {
            Some(Kind::Open) => return self.parenthesised(c),
            Some(Kind::Word) => {}
            _ => return Err("a statement"),
        }
        let word = c.word().to_ascii_uppercase();
        let start = c;
        c.step();
        match word.as_str() {
            "CREATE" => self.create(&mut c),
            "ALTER" => self.alter(&mut c),
            "DROP" => self.drop_object(&mut c),
            "TRUNCATE" => self.truncate(&mut c),
            "LOCK" | "UNLOCK" => self.lock(&mut c),
            "REINDEX" => self.reindex(&mut c),
            "REFRESH" => self.refresh(&mut c),
            "CLUSTER" => self.cluster(&mut c),
            "VACUUM" => self.vacuum(&mut c),
            "ANALYZE" | "ANALYSE" if !c.at_kind(Kind::Dot) => self.vacuum(&mut start.clone()),
            "SECURITY" => self.security_label(&mut start.clone()),
            "IMPORT" if self.dialect() == Dialect::Postgres => self.import(&mut start.clone()),
            "REASSIGN" => {
                c.expect("OWNED BY")?;
                self.of_roles(&mut c, "reassign-owned")
            }
            "RENAME" => self.rename_tables(&mut c),
            "COMMENT" => self.comment(&mut c),
            "GRANT" => self.privilege(&mut c, OpKind::PrivilegeGrant),
            "REVOKE" => self.privilege(&mut c, OpKind::PrivilegeRevoke),
            "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "MERGE" | "COPY" | "WITH" | "SELECT" | "VALUES" | "TABLE"
            | "LOAD" | "\\COPY" => self.data(start),
            "DO" => self.block(&mut c),
            _ => self.session(start),
        }
    }
}

/// What the IF around a statement asks of the object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guarded {
    /// There is none, or it asks something else.
    No,
    /// That it is not there.
    Absent,
    /// That it is there.
    Present,
}

/// Whether `IF EXISTS` makes sense of it.
fn drops(kind: OpKind) -> bool {
    kind.as_str().rsplit('.').next() == Some("drop")
}

/// Whether `IF NOT EXISTS` makes sense of it.
fn creates(kind: OpKind) -> bool {
    kind.as_str().ends_with(".create")
        || matches!(kind, OpKind::ColumnAdd | OpKind::ConstraintAdd | OpKind::EnumAddValue | OpKind::PartitionAttach)
}

/// Words that can begin a statement in some dialect. What begins with none of them and holds no unknown part cannot
/// be a statement.
const FIRST_WORDS: &[&str] = &[
    "ABORT",
    "ALTER",
    "ANALYZE",
    "ANALYSE",
    "ATTACH",
    "BEGIN",
    "BINLOG",
    "CACHE",
    "CALL",
    "CHANGE",
    "CHECK",
    "CHECKPOINT",
    "CHECKSUM",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DBCC",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DENY",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DISCARD",
    "DISABLE",
    "DO",
    "DROP",
    "ENABLE",
    "END",
    "EXEC",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "FLUSH",
    "FROM",
    "GET",
    "GRANT",
    "HANDLER",
    "HELP",
    "IF",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "OPEN",
    "OPTIMIZE",
    "PRAGMA",
    "PREPARE",
    "PRINT",
    "PURGE",
    "RAISERROR",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "REPAIR",
    "REPLACE",
    "RESET",
    "RESTORE",
    "BACKUP",
    "RETURN",
    "REVOKE",
    "ROLLBACK",
    "SAVE",
    "SAVEPOINT",
    "SECURITY",
    "SELECT",
    "SET",
    "SHOW",
    "SHUTDOWN",
    "SIGNAL",
    "START",
    "STOP",
    "TABLE",
    "THROW",
    "TRUNCATE",
    "UNINSTALL",
    "UNLISTEN",
    "UNLOCK",
    "UPDATE",
    "USE",
    "VACUUM",
    "VALUES",
    "WAITFOR",
    "WHILE",
    "WITH",
    "XA",
];

/// What of a statement is evaluated as it runs: not the query of a cursor, which runs as rows are fetched, and of a CALL
/// the arguments, since the procedure itself has been followed.
fn evaluated(statement: Cursor<'_>) -> Cursor<'_> {
    let mut c = statement;
    if c.dialect == Dialect::Postgres && c.is("DECLARE") {
        return c.over(&[]);
    }
    if c.eat("CALL") {
        let _ = c.name();
        return c.group().unwrap_or(c);
    }
    statement
}

/// The words of a statement that begins on a line of its own inside an ALTER TABLE, where none can stand: the semicolon
/// before it was forgotten. T-SQL needs none.
fn runs_on(statement: Cursor<'_>) -> Option<&'static str> {
    const STARTS: &[&str] = &["ALTER TABLE", "CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "INSERT INTO"];
    let mut c = statement;
    if c.dialect == Dialect::Mssql || !c.eat("ALTER TABLE") {
        return None;
    }
    while let Some(token) = c.peek() {
        let line = c.before().and_then(|before| c.text.text.get(before.end as usize..token.start as usize));
        if line.is_some_and(|between| between.contains('\n'))
            && let Some(found) = STARTS.iter().find(|phrase| c.at_phrase(phrase))
        {
            return Some(found);
        }
        // What stands in brackets is passed over.
        if c.group().is_none() {
            c.step();
        }
    }
    None
}

/// Why a statement that was not read is opaque.
fn doubt(c: &Cursor<'_>, expected: &'static str, unbalanced: bool) -> OpaqueReason {
    let range = c.range();
    if let Some(first) = c.peek()
        && (matches!(first.kind, Kind::Hole | Kind::Param) || (first.hole && c.rest().len() == 1))
    {
        return OpaqueReason::Unresolved(c.unknown(first.start as usize..first.end as usize).reason);
    }
    let reason = format!("expected {expected}");
    let filled = c.text.first_hole(range.clone()).is_some()
        || c.rest().iter().any(|t| t.hole || matches!(t.kind, Kind::Param | Kind::Hole));
    let text = c.text.text.get(range).unwrap_or_default();
    match parse::opinion(text, c.rest(), c.dialect) {
        parse::Opinion::Accepted | parse::Opinion::NotAsked => OpaqueReason::NotUnderstood(reason),
        parse::Opinion::Refused(message) => {
            let possible = c.is_any(FIRST_WORDS) || c.at_kind(Kind::Open);
            if !filled && (unbalanced || !possible) {
                OpaqueReason::Broken(message)
            } else {
                OpaqueReason::NotUnderstood(reason)
            }
        }
    }
}

/// What is the same for every statement of a text.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) dialect: Dialect,
    pub(super) query: u32,
}

/// Reads every statement of `text`.
pub(super) fn read(text: &SqlText, origin: Origin) -> Vec<Operation> {
    let mut operations = Vec::new();
    let shared = Shared::new(text.text.len());
    let mut splitter = Splitter::new(&text.text, 0..text.text.len(), origin.dialect);
    let mut next = splitter.next();
    let mut first = true;
    while let Some(piece) = next {
        next = splitter.next();
        let shares_query = !first || next.is_some();
        first = false;
        let range = piece.range();
        let statement = Arc::new(Statement {
            span: text.span(range.clone()),
            text: text.shown(range.clone()),
            fingerprint: super::fingerprint(&text.text, &piece.tokens),
            query: origin.query,
            shares_query,
            dialect: origin.dialect,
            implied: false,
        });
        operations.append(&mut read_piece(text, &piece, statement, &shared));
    }
    operations
}

fn read_piece(text: &SqlText, piece: &Piece, statement: Arc<Statement>, shared: &Shared) -> Vec<Operation> {
    let mut reader = Reader {
        text,
        span: statement.span,
        statement,
        conditional: false,
        in_loop: false,
        guard: Guarded::No,
        shared,
        depth: 0,
        operations: Vec::new(),
    };
    reader.statement(&piece.tokens, piece.unbalanced);
    if let Some(rows) = piece.copied {
        for op in &mut reader.operations {
            if let Details::Data(data) = &mut op.details {
                data.rows = Some(rows);
            }
        }
    }
    reader.operations
}

/// Reads the statements in `range` of another text (or of the same one) as parts of the statement of `outer`.
fn read_inside(outer: &Reader<'_>, text: &SqlText, range: Range<usize>) -> Vec<Operation> {
    let mut operations = Vec::new();
    for piece in Splitter::new(&text.text, range, outer.dialect()) {
        let mut reader = outer.inside(text);
        reader.statement(&piece.tokens, piece.unbalanced);
        nest(&mut reader.operations, text, &piece.range());
        operations.append(&mut reader.operations);
    }
    operations
}

/// Says of operations that the statement in `range` of `text` is theirs, where no statement inside it is.
fn nest(operations: &mut [Operation], text: &SqlText, range: &Range<usize>) {
    let mut made = None;
    for op in operations.iter_mut().filter(|op| op.nested.is_none()) {
        let nested = made
            .get_or_insert_with(|| Nested { span: text.span(range.clone()), text: text.shown(range.clone()).into() });
        op.nested = Some(nested.clone());
    }
}

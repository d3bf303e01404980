//! Transactions, settings, and statements that change nothing of the schema.

use super::Reader;
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read, unquote};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{CodeDetails, Details, Known, OpKind, QualifiedName, SettingDetails};

/// The first words of statements that are known and harmless.
const HARMLESS: &[(&str, &str)] = &[
    ("SAVE", "savepoint"),
    ("SHOW", "show"),
    ("DISCARD", "discard"),
    ("LISTEN", "listen"),
    ("UNLISTEN", "listen"),
    ("NOTIFY", "notify"),
    ("DEALLOCATE", "prepare"),
    ("FETCH", "cursor"),
    ("MOVE", "cursor"),
    ("CLOSE", "cursor"),
    ("OPEN", "cursor"),
    ("CHECKPOINT", "checkpoint"),
    ("PRAGMA", "pragma"),
    ("USE", "use"),
    ("DESCRIBE", "show"),
    ("DESC", "show"),
    ("PRINT", "print"),
    ("ATTACH", "attach"),
    ("DETACH", "attach"),
    ("FLUSH", "flush"),
    ("OPTIMIZE", "optimize"),
    ("CHECK", "check"),
    ("REPAIR", "repair"),
    ("KILL", "kill"),
    ("XA", "xa"),
];

/// Those of other servers than PostgreSQL.
const HARMLESS_ELSEWHERE: &[(&str, &str)] = &[
    ("BACKUP", "backup"),
    ("BINLOG", "binlog"),
    ("CACHE", "cache"),
    ("CHECKSUM", "check"),
    ("DBCC", "check"),
    ("DENY", "deny"),
    ("DISABLE", "disable"),
    ("ENABLE", "enable"),
    ("GET", "show"),
    ("HANDLER", "cursor"),
    ("HELP", "show"),
    ("INSTALL", "plugin"),
    ("PURGE", "binlog"),
    ("RESIGNAL", "signal"),
    ("RESTORE", "backup"),
    ("SIGNAL", "signal"),
    ("STOP", "replication"),
    ("CHANGE", "replication"),
    ("UNINSTALL", "plugin"),
];

impl<'a> Reader<'a> {
    /// Statements that begin with a word of no other family. The cursor stands at that word.
    pub(super) fn session(&mut self, mut c: Cursor<'a>) -> Read {
        let next = c.peek_nth(1);
        let assigned = next.is_some_and(|t| matches!(t.kind, Kind::Dot | Kind::Open) || c.source(t) == "=");
        if assigned && !c.is_any(&["EXPLAIN", "ANALYZE", "EXEC", "EXECUTE"]) {
            return Err("a statement");
        }
        if c.eat_any(&["BEGIN", "START"]) {
            let _ = c.eat_any(&["TRANSACTION", "WORK", "TRAN", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"]);
            self.transaction(OpKind::TransactionBegin, "");
            return Ok(());
        }
        if c.eat_any(&["COMMIT", "END"]) {
            if c.eat("PREPARED") {
                self.other("two-phase");
                return Ok(());
            }
            self.transaction(OpKind::TransactionCommit, chain(c));
            return Ok(());
        }
        if c.eat_any(&["ROLLBACK", "ABORT"]) {
            if c.eat("PREPARED") {
                self.other("two-phase");
                return Ok(());
            }
            if c.has("TO") {
                c.until_word(&["TO"]);
                c.eat("TO");
                self.savepoint("rollback-to", c);
                return Ok(());
            }
            self.transaction(OpKind::TransactionRollback, chain(c));
            return Ok(());
        }
        if c.is_any(&["SAVEPOINT", "RELEASE"]) {
            let detail = if c.eat("RELEASE") { "release" } else { "savepoint" };
            self.savepoint(detail, c);
            return Ok(());
        }
        if c.at_phrase("PREPARE TRANSACTION") {
            // The block ends here; what it did waits for COMMIT PREPARED.
            let mut op = self.op(OpKind::TransactionCommit);
            op.detail = "prepare";
            self.push(op);
            return Ok(());
        }
        if c.eat("PREPARE") {
            return self.prepare(&mut c);
        }
        if c.eat("EXPLAIN") {
            return self.explain(&mut c);
        }
        if c.eat("DECLARE") {
            return self.declare(&mut c);
        }
        if c.eat("SET") {
            return self.set(&mut c);
        }
        if c.eat("RESET") {
            let name =
                if c.eat("SESSION AUTHORIZATION") { "session_authorization".to_owned() } else { setting_name(&mut c)? };
            self.setting(name, None, false);
            return Ok(());
        }
        if c.eat("CALL") {
            return self.call(&mut c);
        }
        if c.eat_any(&["EXEC", "EXECUTE"]) {
            return match self.dialect() {
                Dialect::Postgres => self.execute_prepared(&mut c),
                Dialect::Mssql => self.exec(&mut c),
                _ => self.call(&mut c),
            };
        }
        let elsewhere = HARMLESS_ELSEWHERE.iter().filter(|_| self.dialect() != Dialect::Postgres);
        let harmless = HARMLESS.iter().chain(elsewhere).find(|(word, _)| c.is(word));
        let &(_, detail) = harmless.ok_or("a statement")?;
        self.other(detail);
        Ok(())
    }

    fn transaction(&mut self, kind: OpKind, detail: &'static str) {
        let mut op = self.op(kind);
        op.detail = detail;
        self.push(op);
    }

    /// EXPLAIN, which executes the statement with ANALYZE.
    fn explain(&mut self, c: &mut Cursor<'a>) -> Read {
        let mut executes = false;
        if c.at_kind(Kind::Open) && !c.peek_nth(1).is_some_and(|t| matches!(t.kind, Kind::Open)) {
            let mut ahead = *c;
            let options = ahead.group().unwrap_or(ahead);
            if !options.is_any(&["SELECT", "WITH", "VALUES", "TABLE"]) {
                executes = options.split_commas().into_iter().any(|mut option| {
                    option.eat_any(&["ANALYZE", "ANALYSE"])
                        && !option.is_any(&["FALSE", "OFF"])
                        && option.shown() != "0"
                });
                *c = ahead;
            }
        }
        while c.is_any(&["ANALYZE", "ANALYSE", "VERBOSE"]) {
            executes |= !c.is("VERBOSE");
            c.step();
        }
        if executes && !c.is("EXPLAIN") && !c.done() {
            if let Some(token) = c.peek().filter(|t| matches!(t.kind, Kind::Hole | Kind::Param)) {
                let reason = c.unknown(token.start as usize..token.end as usize).reason;
                self.unresolved(reason);
                return Ok(());
            }
            return self.dispatch(*c);
        }
        self.other("explain");
        Ok(())
    }

    /// DECLARE name CURSOR FOR query.
    fn declare(&mut self, c: &mut Cursor<'a>) -> Read {
        c.until_word(&["FOR"]);
        if !c.eat("FOR") {
            self.other("cursor");
            return Ok(());
        }
        let before = self.operations.len();
        let read = if c.at_kind(Kind::Open) { self.parenthesised(*c) } else { self.data(*c) };
        read?;
        for op in self.operations.iter_mut().skip(before) {
            op.detail = "cursor";
        }
        Ok(())
    }

    fn set(&mut self, c: &mut Cursor<'a>) -> Read {
        if c.is_any(&["TRANSACTION", "CONSTRAINTS"]) || c.at_phrase("SESSION CHARACTERISTICS") {
            self.other("set-transaction");
            return Ok(());
        }
        let local = c.eat("LOCAL");
        if c.eat("SESSION AUTHORIZATION") || c.eat("LOCAL SESSION AUTHORIZATION") {
            let value = value(c);
            self.setting("session_authorization".to_owned(), value, local);
            return Ok(());
        }
        c.eat_any(&["SESSION", "GLOBAL", "PERSIST"]);
        if c.eat("TIME ZONE") {
            let value = value(c);
            self.setting("timezone".to_owned(), value, local);
            return Ok(());
        }
        if c.is_any(&["ROLE", "NAMES"]) {
            let name = c.ident_text().unwrap_or_default();
            let value = value(c);
            self.setting(name, value, local);
            return Ok(());
        }
        let name = setting_name(c)?;
        let _ = c.eat_operator("=") || c.eat_operator(":=") || c.eat("TO");
        let value = value(c);
        self.setting(name, value, local);
        Ok(())
    }

    pub(super) fn setting(&mut self, name: String, value: Option<String>, local: bool) {
        let mut op = self.op(OpKind::SessionSet);
        op.details = Details::Setting(SettingDetails { name, value, local });
        self.push(op);
    }

    /// SAVEPOINT, RELEASE and ROLLBACK TO, before the name.
    fn savepoint(&mut self, detail: &'static str, mut c: Cursor<'a>) {
        c.eat("SAVEPOINT");
        let mut op = self.op(OpKind::Other);
        op.detail = detail;
        op.name = c.name().ok();
        self.push(op);
    }

    /// `set_config('name', 'value', is_local)`, after the function's name.
    pub(super) fn set_config(&mut self, c: &mut Cursor<'a>) {
        let Some(arguments) = c.group() else { return };
        let parts = arguments.split_commas();
        let text = |n: usize| {
            let token = parts.get(n)?.peek().filter(|t| t.kind == Kind::String && !t.hole)?;
            Some(unquote(arguments.source(token)))
        };
        let Some(name) = text(0) else { return };
        let local = parts.get(2).is_some_and(|flag| flag.is("TRUE"));
        self.setting(name.to_lowercase(), text(1), local);
    }

    pub(super) fn call(&mut self, c: &mut Cursor<'a>) -> Read {
        if !matches!(c.kind(), Some(Kind::Word | Kind::Quoted)) {
            return Err("the name of a procedure");
        }
        let name = c.name()?;
        let before = self.operations.len();
        self.run_routine(&name, *c);
        if self.operations.len() == before {
            self.run(name);
        }
        Ok(())
    }

    /// A query that is nothing but the call of a function: it is called for what it does, where it is not the server's
    /// own. `c` stands at the list of the SELECT.
    pub(super) fn run_unknown(&mut self, c: Cursor<'a>) {
        let mut c = c;
        let Ok(name) = c.name() else { return };
        if c.group().is_some() && c.done() && name.known().is_some_and(super::routine::is_users) {
            self.run(name);
        }
    }

    /// A function that is called for what it does.
    pub(super) fn run(&mut self, name: Known<QualifiedName>) {
        let mut op = self.op(OpKind::CodeRun);
        op.details = Details::Code(CodeDetails { name: name.to_string() });
        op.name = Some(name);
        self.push(op);
    }
}

/// COMMIT AND CHAIN opens the next block at once.
fn chain(c: Cursor<'_>) -> &'static str {
    if c.has("AND CHAIN") { "chain" } else { "" }
}

fn setting_name(c: &mut Cursor<'_>) -> Read<String> {
    if matches!(c.kind(), Some(Kind::Param)) {
        // MySQL: SET @variable = …, SET @@session.sql_mode = ….
        let mut name = c.peek().map_or("", |token| c.source(token)).to_lowercase();
        c.step();
        while c.eat_kind(Kind::Dot) {
            name.push('.');
            name.push_str(&c.ident_text().unwrap_or_default());
        }
        return Ok(name);
    }
    Ok(c.name()?.to_string().to_lowercase())
}

/// The value of a setting without quotes.
fn value(c: &mut Cursor<'_>) -> Option<String> {
    let token = c.peek()?;
    if c.is("DEFAULT") || c.rest().iter().any(|t| t.hole || t.kind == Kind::Param) {
        return None;
    }
    if c.rest().len() == 1 && matches!(token.kind, Kind::String | Kind::Quoted) {
        return Some(unquote(c.source(token)));
    }
    Some(c.shown())
}

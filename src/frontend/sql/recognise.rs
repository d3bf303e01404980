//! Telling SQL from prose.

use super::cursor::Cursor;
use super::lexer::{Kind, Lexer, Token};
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::span::FileId;

/// Tokens that are looked at.
const LOOKED_AT: usize = 64;

/// First and second words that no sentence has.
const PAIRS: &[(&str, &[&str])] = &[
    (
        "DROP",
        &[
            "INDEX",
            "TABLE",
            "VIEW",
            "MATERIALIZED",
            "TYPE",
            "SEQUENCE",
            "SCHEMA",
            "FUNCTION",
            "TRIGGER",
            "POLICY",
            "EXTENSION",
            "DATABASE",
            "DOMAIN",
            "PROCEDURE",
            "ROLE",
            "USER",
            "PUBLICATION",
            "OWNED",
        ],
    ),
    (
        "ALTER",
        &[
            "TABLE",
            "INDEX",
            "TYPE",
            "SEQUENCE",
            "DATABASE",
            "DOMAIN",
            "FUNCTION",
            "ROLE",
            "USER",
            "SCHEMA",
            "VIEW",
            "POLICY",
            "TRIGGER",
            "EXTENSION",
            "PUBLICATION",
            "SYSTEM",
            "MATERIALIZED",
            "DEFAULT",
            "PROCEDURE",
        ],
    ),
    (
        "CREATE",
        &[
            "INDEX",
            "UNIQUE",
            "TABLE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "VIEW",
            "MATERIALIZED",
            "TYPE",
            "SEQUENCE",
            "SCHEMA",
            "FUNCTION",
            "PROCEDURE",
            "TRIGGER",
            "POLICY",
            "EXTENSION",
            "DATABASE",
            "DOMAIN",
            "ROLE",
            "USER",
            "OR",
            "PUBLICATION",
            "AGGREGATE",
            "CONSTRAINT",
            "EVENT",
            "FULLTEXT",
            "VIRTUAL",
            "RULE",
            "CAST",
            "OPERATOR",
        ],
    ),
    ("TRUNCATE", &["TABLE", "ONLY"]),
    ("REINDEX", &["INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"]),
    ("REFRESH", &["MATERIALIZED"]),
    ("LOCK", &["TABLE", "TABLES"]),
    ("RENAME", &["TABLE"]),
    ("VACUUM", &["FULL", "ANALYZE", "FREEZE", "VERBOSE"]),
    ("COMMENT", &["ON"]),
    ("START", &["TRANSACTION"]),
    ("BEGIN", &["TRANSACTION", "WORK", "IMMEDIATE", "EXCLUSIVE", "TRAN"]),
    ("COMMIT", &["TRANSACTION", "WORK", "PREPARED"]),
    ("ROLLBACK", &["TRANSACTION", "WORK", "TO"]),
];

/// Statements of one word.
const ALONE: &[&str] = &["BEGIN", "COMMIT", "ROLLBACK", "VACUUM", "ANALYZE", "CHECKPOINT"];

/// Whether `text` starts as a SQL statement does. Made to refuse sentences: "Create a user", "Update available".
pub fn looks_like_sql(text: &str) -> bool {
    let mut lexer = Lexer::new(text, 0..text.len(), Dialect::Postgres);
    let mut tokens: Vec<Token> = Vec::new();
    let mut ended = false;
    while tokens.len() < LOOKED_AT {
        match lexer.next() {
            Some(token) if token.kind == Kind::End && tokens.is_empty() => {}
            Some(token) if token.kind == Kind::End => {
                ended = true;
                break;
            }
            Some(token) => tokens.push(token),
            None => break,
        }
    }
    // Positions are of no interest here, so the text has none.
    let sql = SqlText::of_file(FileId::default(), text);
    let c = Cursor::new(&sql, Dialect::Postgres, &tokens);
    starts_statement(c, ended)
}

fn starts_statement(mut c: Cursor<'_>, ended: bool) -> bool {
    if c.rest().len() == 1 {
        let shouted = c.word().bytes().all(|b| b.is_ascii_uppercase());
        return c.is_any(ALONE) && (ended || shouted);
    }
    if let Some((_, seconds)) = PAIRS.iter().find(|(first, _)| c.is(first)) {
        let mut second = c;
        second.step();
        if second.is_any(seconds) {
            return named(&c);
        }
    }
    let start = c;
    if c.eat("UPDATE") {
        c.eat("ONLY");
        return target(&mut c) && {
            c.until(|c| c.is("SET"));
            c.eat("SET") && (assigns(c) || c.at_kind(Kind::Hole) || c.at_kind(Kind::Param) || c.at_kind(Kind::Open))
        };
    }
    if c.eat("DELETE FROM") {
        return target(&mut c)
            && (c.done()
                || c.is_any(&["WHERE", "USING", "AS", "RETURNING"])
                || c.peek_nth(1).is_some_and(|_| c.has("WHERE") || c.has("USING")));
    }
    if c.eat("INSERT") || c.eat("REPLACE") || c.eat("MERGE") {
        let _ = c.eat("IGNORE")
            || (c.eat("OR") && {
                c.step();
                true
            });
        return c.eat("INTO")
            && target(&mut c)
            && (c.at_kind(Kind::Open)
                || c.has("VALUES")
                || c.has("SELECT")
                || c.has("USING")
                || c.has("DEFAULT VALUES"));
    }
    if c.eat("COPY") {
        return target(&mut c)
            && (c.has("STDIN") || c.has("STDOUT") || c.rest().iter().any(|t| t.kind == Kind::String));
    }
    if c.eat("WITH") {
        c.eat("RECURSIVE");
        c.ident_text();
        c.group();
        return c.eat("AS") && (c.at_kind(Kind::Open) || c.is_any(&["MATERIALIZED", "NOT"]));
    }
    if c.eat("SELECT") {
        return selects(c, &start);
    }
    if c.eat("SET") {
        let _ = c.eat("LOCAL") || c.eat("SESSION");
        return c.ident_text().is_some() && {
            while c.eat_kind(Kind::Dot) {
                c.step();
            }
            c.at_operator("=") || (c.is("TO") && c.rest().len() == 2)
        };
    }
    if c.eat("DO") {
        return c.at_kind(Kind::Dollar) || c.is("LANGUAGE");
    }
    if c.eat("GRANT") || c.eat("REVOKE") {
        return (c.has("ON") || c.rest().len() <= 3) && (c.has("TO") || c.has("FROM"));
    }
    if c.eat("TRUNCATE") || c.eat("VACUUM") || c.eat("ANALYZE") || c.eat("PRAGMA") || c.eat("CALL") {
        return target(&mut c)
            && (c.done()
                || c.at_kind(Kind::Open)
                || c.at_kind(Kind::Comma)
                || c.at_operator("=")
                || c.is_any(&["CASCADE", "RESTRICT", "RESTART"]));
    }
    c.eat("EXPLAIN") && (c.at_kind(Kind::Open) || c.is("ANALYZE") || starts_statement(c, ended))
}

/// Whether something is named after the words of DDL: "create table with users" names nothing that way.
fn named(c: &Cursor<'_>) -> bool {
    let articles = ["A", "AN", "THE", "FOR", "OF", "AND", "IS", "ARE", "WITH", "FROM", "FAILED", "THIS", "THAT"];
    let mut rest = *c;
    rest.step();
    rest.step();
    if rest.done() {
        return false;
    }
    let prose = rest.is_any(&articles) && !c.at_phrase("CREATE OR");
    // What follows the name is checked where sentences start the same way: "create index for faster search".
    let kinds = rest.rest().iter().skip(1);
    let words = kinds.clone().all(|t| t.kind == Kind::Word) && rest.rest().len() > 2;
    let known = [
        "ON",
        "ADD",
        "DROP",
        "ALTER",
        "RENAME",
        "AS",
        "EXISTS",
        "CASCADE",
        "SET",
        "TO",
        "WITH",
        "OWNER",
        "IS",
        "ENABLE",
        "DISABLE",
        "CONCURRENTLY",
        "VALIDATE",
        "ATTACH",
        "DETACH",
        "VALUE",
        "INDEX",
        "AUTHORIZATION",
    ];
    !prose && (!words || known.iter().any(|word| rest.has(word)))
}

/// A name that is no article or preposition.
fn target(c: &mut Cursor<'_>) -> bool {
    let prose = ["A", "AN", "THE", "THIS", "THAT", "ALL", "YOUR", "EACH", "EVERY"];
    !c.is_any(&prose) && c.relation().is_ok()
}

/// `column = …`
fn assigns(mut c: Cursor<'_>) -> bool {
    if c.name().is_err() {
        return false;
    }
    while c.at_kind(Kind::OpenBracket) {
        c.skip();
    }
    c.at_operator("=")
}

/// SELECT of something that a sentence does not have: a star, a call, a literal, commas, or FROM and a table.
fn selects(c: Cursor<'_>, start: &Cursor<'_>) -> bool {
    if c.is_any(&["A", "AN", "THE", "YOUR", "ALL", "FROM", "THIS", "ONE"])
        && c.peek_nth(1).is_some_and(|t| t.kind == Kind::Word)
        && !c.has("WHERE")
    {
        return false;
    }
    let first = c.at_operator("*") || c.at_kind(Kind::Number) || c.at_kind(Kind::String) || c.at_kind(Kind::Open);
    let call = c.peek_nth(1).is_some_and(|t| t.kind == Kind::Open && c.source(t) == "(");
    let shouted = start.word().bytes().all(|b| b.is_ascii_uppercase());
    first || call || (c.has("FROM") && (shouted || c.has("WHERE") || c.rest().len() <= 6))
}

#[cfg(test)]
mod tests {
    use super::looks_like_sql;

    #[test]
    fn statements_are_sql() {
        for sql in [
            "UPDATE users SET x=1",
            "create index concurrently i on t(a)",
            "WITH x AS (SELECT 1) UPDATE t SET a = 1",
            "\n  -- why\n  ALTER TABLE t ADD COLUMN a int",
            "DROP TABLE IF EXISTS t",
            "drop table t",
            "INSERT INTO t (a) VALUES (1)",
            "DELETE FROM t",
            "delete from t where a",
            "SELECT 1",
            "select a, b from t",
            "SET lock_timeout = '5s'",
            "SET LOCAL statement_timeout TO 0",
            "BEGIN",
            "commit;",
            "VACUUM ANALYZE t",
            "TRUNCATE t",
            "DO $$ BEGIN END $$",
            "COMMENT ON TABLE t IS 'x'",
            "GRANT SELECT ON t TO r",
            "PRAGMA foreign_keys = ON",
            "CREATE EXTENSION IF NOT EXISTS pg_trgm",
            "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ $$",
        ] {
            assert!(looks_like_sql(sql), "{sql}");
        }
    }

    #[test]
    fn sentences_are_not() {
        for text in [
            "Create a user",
            "Update available",
            "Delete the file",
            "Update the users table",
            "Update users set in the cache",
            "Drop the table",
            "Create index for faster search",
            "Create table of contents",
            "Alter table failed",
            "Delete from the list",
            "Select a file from the list",
            "Select an option",
            "Begin",
            "Commit the change",
            "Set the value",
            "Insert into the slot",
            "With great power",
            "Lock",
            "",
            "42",
            "Grant access",
            "Copy files to disk",
        ] {
            assert!(!looks_like_sql(text), "{text}");
        }
    }
}

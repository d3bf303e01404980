//! Indexes.

use super::Reader;
use super::table::Modifiers;
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Details, Doubt, IndexColumn, IndexDetails, OpKind};

/// Words after a key that are not part of it.
const KEY_OPTIONS: &[&str] = &["ASC", "DESC", "NULLS", "COLLATE"];

/// The keys of an index.
pub(super) fn keys(group: Cursor<'_>) -> Vec<IndexColumn> {
    group.split_commas().into_iter().map(key).collect()
}

fn key(mut part: Cursor<'_>) -> IndexColumn {
    let whole = part;
    let (text, expression) = if let Some(inner) = part.group() {
        (inner.shown(), true)
    } else {
        let name = part.ident_text();
        let call = part.at_kind(Kind::Open) && !length(&part);
        match name {
            Some(name) if !call && !part.at_kind(Kind::Dot) => {
                part.group();
                (name, false)
            }
            _ => {
                part = whole;
                // `schema.function(arguments)`, then the operator class.
                while !part.done() && !part.at_kind(Kind::Open) && !part.is_any(KEY_OPTIONS) {
                    part.step();
                }
                part.group();
                (part.text.shown(whole.range_to(&part)), true)
            }
        }
    };
    IndexColumn { text, expression, options: part.shown() }
}

/// MySQL's `name(10)`: the first ten characters.
fn length(part: &Cursor<'_>) -> bool {
    let mut ahead = *part;
    ahead.group().is_some_and(|inner| inner.at_kind(Kind::Number) && inner.rest().len() == 1)
}

/// What follows the table: `[USING m] (keys) [INCLUDE …] [WHERE …]`.
pub(super) fn definition(c: &mut Cursor<'_>, details: &mut IndexDetails) {
    if c.eat("USING") {
        details.method = c.ident_text();
    }
    details.columns = c.group().map(keys).unwrap_or_default();
    while !c.done() {
        if c.eat("INCLUDE") {
            details.include = c.group().map(Cursor::column_list).unwrap_or_default();
        } else if c.eat("USING") {
            details.method = c.ident_text();
        } else if c.eat("NULLS NOT DISTINCT") {
            details.nulls_not_distinct = true;
        } else if c.is("WITH") && c.peek_nth(1).is_some_and(|t| t.kind == Kind::Open) {
            c.step();
            details.parameters = c.group().map(|inner| inner.shown());
        } else if c.eat("TABLESPACE") {
            details.tablespace = c.ident_text();
        } else if c.eat("WHERE") {
            details.predicate = Some(c.shown());
            return;
        } else {
            c.skip();
        }
    }
}

impl Reader<'_> {
    /// CREATE INDEX, after INDEX.
    pub(super) fn create_index(&mut self, c: &mut Cursor<'_>, found: Modifiers) -> Read {
        let mut op = self.op(OpKind::IndexCreate);
        let unique = found.unique;
        // `CREATE {unique}INDEX`: the unknown part is joined to the word.
        if found.unknown || c.before().is_some_and(|t| t.hole) {
            op.doubt(Doubt::Unique);
        }
        op.concurrently = c.eat("CONCURRENTLY") || c.eat("ASYNC");
        op.if_not_exists = c.if_not_exists();
        let mut details = IndexDetails { unique, concurrently: op.concurrently, ..IndexDetails::default() };
        if !c.is("ON") && !c.is("USING") {
            op.name = Some(c.name()?);
            // `INDEX {concurrently} {name} ON`: the part next to ON is the name.
            while !c.is("ON") && op.name.as_ref().is_some_and(|name| name.known().is_none()) {
                if !op.concurrently {
                    op.doubt(Doubt::Concurrently);
                }
                op.doubt(Doubt::IfNotExists);
                op.if_not_exists |= c.if_not_exists();
                op.name = Some(c.name()?);
            }
        }
        if c.eat("USING") {
            details.method = c.ident_text();
        }
        c.expect("ON")?;
        details.only = c.is("ONLY");
        op.table = Some(c.relation()?);
        let at = *c;
        definition(c, &mut details);
        if c.dialect == Dialect::Mssql && online(at) {
            // T-SQL's WITH (ONLINE = ON) lets writes go on as CONCURRENTLY does.
            op.concurrently = true;
            details.concurrently = true;
        }
        if details.columns.is_empty() && c.text.is_known() && self.dialect() != crate::config::Dialect::Mssql {
            return Err("the keys of the index");
        }
        op.details = Details::Index(Box::new(details));
        self.push(op);
        Ok(())
    }

    /// DROP INDEX, after INDEX.
    pub(super) fn drop_index(&mut self, c: &mut Cursor<'_>) -> Read {
        let concurrently = c.eat("CONCURRENTLY");
        let mut if_exists = c.if_exists();
        let mut doubts = Vec::new();
        while c.eat_unknown_before_name() {
            if !concurrently {
                doubts.push(Doubt::Concurrently);
            }
            if_exists |= c.if_exists();
            if !if_exists {
                doubts.push(Doubt::IfExists);
            }
        }
        let names = c.names()?;
        let table = if c.eat("ON") { Some(c.name()?) } else { None };
        let cascade = c.has("CASCADE");
        for name in names {
            let mut op = self.op(OpKind::IndexDrop);
            (op.concurrently, op.if_exists, op.cascade) = (concurrently, if_exists, cascade);
            op.table.clone_from(&table);
            for word in &doubts {
                op.doubt(*word);
            }
            op.name = Some(name);
            op.details = Details::Index(Box::new(IndexDetails { concurrently, ..IndexDetails::default() }));
            self.push(op);
        }
        Ok(())
    }

    /// REINDEX.
    pub(super) fn reindex(&mut self, c: &mut Cursor<'_>) -> Read {
        let options = c.group();
        let mut op = self.op(OpKind::IndexReindex);
        op.detail = ["INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"]
            .into_iter()
            .zip(["index", "table", "schema", "database", "system"])
            .find_map(|(word, detail)| c.eat(word).then_some(detail))
            .unwrap_or("");
        op.concurrently = c.eat("CONCURRENTLY") || options.is_some_and(concurrently_option);
        if c.eat_unknown_before_name() && !op.concurrently {
            op.doubt(Doubt::Concurrently);
        }
        let name = if c.done() { None } else { Some(c.name()?) };
        if op.detail == "table" {
            op.table = name;
        } else {
            op.name = name;
        }
        let concurrently = op.concurrently;
        op.details = Details::Index(Box::new(IndexDetails { concurrently, ..IndexDetails::default() }));
        self.push(op);
        Ok(())
    }
}

/// Whether a key is declared here as MySQL and T-SQL let CREATE TABLE and ADD do: `KEY name (a)`, `INDEX (a)`.
pub(super) fn declared(c: &Cursor<'_>) -> bool {
    let open = |n: usize| c.peek_nth(n).is_some_and(|t| t.kind == Kind::Open);
    let special = c.is_any(&["FULLTEXT", "SPATIAL"]);
    // A column can be called `key` or `index` and have a type with arguments: `key varchar(10)`.
    let at = usize::from(special && c.peek_nth(1).is_some_and(|t| t.kind == Kind::Word));
    let mysql = c.dialect != Dialect::Postgres && c.dialect != Dialect::Sqlite;
    (special && (open(1) || open(2) || open(3)))
        || (c.is_any(&["INDEX", "KEY"]) && (open(at + 1) || (mysql && (open(2) || open(3) || c.at_phrase("INDEX IF")))))
}

/// T-SQL's `WITH (ONLINE = ON)`.
pub(super) fn online(mut c: Cursor<'_>) -> bool {
    c.until_word(&["WITH"]);
    c.step();
    c.group().is_some_and(|options| {
        options
            .split_commas()
            .into_iter()
            .any(|mut option| option.eat("ONLINE") && option.eat_operator("=") && option.is("ON"))
    })
}

/// `(CONCURRENTLY)` and `(CONCURRENTLY true)`.
fn concurrently_option(options: Cursor<'_>) -> bool {
    options
        .split_commas()
        .into_iter()
        .any(|mut option| option.eat("CONCURRENTLY") && !option.is_any(&["FALSE", "OFF"]) && option.shown() != "0")
}

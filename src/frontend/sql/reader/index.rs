//! Indexes.

use super::Reader;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Details, IndexColumn, IndexDetails, Known, OpKind, QualifiedName};

/// Words after a key that are not part of it.
const KEY_OPTIONS: &[&str] = &["ASC", "DESC", "NULLS", "COLLATE"];

/// The keys of an index.
pub(super) fn keys(group: Cursor<'_>) -> Vec<IndexColumn> {
    group.split_commas().into_iter().map(key).collect()
}

fn key(mut part: Cursor<'_>) -> IndexColumn {
    let whole = part;
    if let Some(inner) = part.group() {
        return IndexColumn { text: inner.shown(), expression: true };
    }
    let name = part.ident_text();
    let call = part.at_kind(Kind::Open) && !length(&part);
    match name {
        Some(name) if !call && !part.at_kind(Kind::Dot) => IndexColumn { text: name, expression: false },
        _ => {
            let mut rest = whole;
            let text = rest.until_word(KEY_OPTIONS).shown();
            IndexColumn { text, expression: true }
        }
    }
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
    pub(super) fn create_index(&mut self, c: &mut Cursor<'_>, unique: bool) -> Read {
        let mut op = self.op(OpKind::IndexCreate);
        op.concurrently = c.eat("CONCURRENTLY") || c.eat("ASYNC");
        op.if_not_exists = c.if_not_exists();
        let mut details = IndexDetails { unique, concurrently: op.concurrently, ..IndexDetails::default() };
        if !c.is("ON") && !c.is("USING") {
            op.name = Some(c.name()?);
            // `INDEX {concurrently} {name} ON`: the part next to ON is the name.
            while !c.is("ON") && op.name.as_ref().is_some_and(|name| name.known().is_none()) {
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
        definition(c, &mut details);
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
        let if_exists = c.if_exists();
        let names = c.names()?;
        let table = if c.eat("ON") { Some(c.name()?) } else { None };
        let cascade = c.has("CASCADE");
        for name in names {
            let mut op = self.op(OpKind::IndexDrop);
            (op.concurrently, op.if_exists, op.cascade) = (concurrently, if_exists, cascade);
            op.table.clone_from(&table);
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

    /// ALTER INDEX, after INDEX.
    pub(super) fn alter_index(&mut self, c: &mut Cursor<'_>) -> Read {
        let if_exists = c.if_exists();
        let name = c.name()?;
        self.index_action(c, name, if_exists)
    }

    fn index_action(&mut self, c: &mut Cursor<'_>, name: Known<QualifiedName>, if_exists: bool) -> Read {
        let mut op = self.op(OpKind::Other);
        (op.if_exists, op.name) = (if_exists, Some(name));
        if c.eat("RENAME TO") {
            op.kind = OpKind::IndexRename;
            let new_name = c.ident_text();
            op.details = Details::Index(Box::new(IndexDetails { new_name, ..IndexDetails::default() }));
        } else if c.eat("ATTACH PARTITION") {
            op.kind = OpKind::PartitionAttach;
            op.detail = "index";
            op.table = op.name.take();
            op.name = Some(c.name()?);
        } else if c.eat("SET TABLESPACE") {
            op.kind = OpKind::TableSetStorage;
            op.detail = "index-tablespace";
        } else {
            op.detail = "alter-index";
        }
        self.push(op);
        Ok(())
    }
}

/// `(CONCURRENTLY)` and `(CONCURRENTLY true)`.
fn concurrently_option(options: Cursor<'_>) -> bool {
    options
        .split_commas()
        .into_iter()
        .any(|mut option| option.eat("CONCURRENTLY") && !option.is_any(&["FALSE", "OFF"]) && option.shown() != "0")
}

//! Tables: CREATE, DROP, TRUNCATE, LOCK and what rewrites them.

use super::{Reader, column, constraint, index, output};
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{
    ColumnDetails, ConstraintKind, Details, Doubt, IndexDetails, Known, Like, OpKind, QualifiedName, TableDetails,
};

/// What stands before TABLE in CREATE TABLE.
#[derive(Clone, Copy, Default)]
pub(super) struct Modifiers {
    pub(super) or_replace: bool,
    pub(super) temporary: bool,
    pub(super) unlogged: bool,
    pub(super) unique: bool,
    /// An unknown part stands among them.
    pub(super) unknown: bool,
}

pub(super) fn column_details(change: impl FnOnce(&mut ColumnDetails)) -> Details {
    let mut details = ColumnDetails::default();
    change(&mut details);
    Details::Column(Box::new(details))
}

pub(super) fn named_constraint(
    name: Option<String>,
    change: impl FnOnce(&mut crate::ir::ConstraintDetails),
) -> Details {
    let mut details = constraint::named(ConstraintKind::Named, name);
    change(&mut details);
    Details::Constraint(Box::new(details))
}

pub(super) fn qualified(name: Option<Known<String>>) -> Option<Known<QualifiedName>> {
    name.map(|name| name.map(QualifiedName::bare))
}

impl<'a> Reader<'a> {
    /// CREATE TABLE and CREATE FOREIGN TABLE, after TABLE.
    pub(super) fn create_table(&mut self, c: &mut Cursor<'a>, modifiers: Modifiers, kind: OpKind) -> Read {
        let mut op = self.op(kind);
        op.if_not_exists = c.if_not_exists() || modifiers.or_replace;
        if (c.eat_unknown_before_name() || modifiers.unknown) && !op.if_not_exists {
            op.doubt(Doubt::IfNotExists);
        }
        op.table = Some(c.name()?);
        if kind == OpKind::ForeignTableCreate {
            op.name.clone_from(&op.table);
        }
        let in_temp = op.table.as_ref().and_then(Known::known).and_then(|name| name.schema.as_deref());
        let mut details = TableDetails {
            temporary: modifiers.temporary || in_temp == Some("pg_temp"),
            unlogged: modifiers.unlogged,
            ..TableDetails::default()
        };
        if c.eat("PARTITION OF") {
            details.partition_of = Some(c.name()?);
        } else if c.eat("OF") {
            details.of_type = Some(c.name()?);
        } else if c.is("LIKE") {
            details.like.extend(like(c));
        }
        let bare = details.partition_of.is_none() && details.of_type.is_none() && details.like.is_empty();
        let body = c.group();
        if let Some(body) = body {
            for part in body.split_commas() {
                table_element(part, &mut details);
            }
        } else if c.done() && bare && kind == OpKind::TableCreate && c.text.is_known() {
            return Err("the columns of the table");
        }
        if let Some(query) = body.filter(|b| b.is_any(&["SELECT", "WITH", "TABLE", "VALUES"])) {
            details.as_select = true;
            details.query = Some(output::read(query));
        }
        let executes = table_clauses(c, &mut details);
        details.partitioned = details.partition_key.is_some();
        op.details = Details::Table(Box::new(details));
        self.push(op);
        if let Some(name) = executes {
            self.run_prepared(&name);
        }
        Ok(())
    }

    /// DROP TABLE, after TABLE.
    pub(super) fn drop_tables(&mut self, c: &mut Cursor<'a>, kind: OpKind) -> Read {
        let if_exists = c.if_exists();
        let only = c.is("ONLY");
        let names = c.names()?;
        let cascade = c.has("CASCADE");
        for name in names {
            let mut op = self.op(kind);
            (op.if_exists, op.cascade, op.table, op.only) = (if_exists, cascade, Some(name), only);
            self.push(op);
        }
        Ok(())
    }

    pub(super) fn truncate(&mut self, c: &mut Cursor<'a>) -> Read {
        c.eat("TABLE");
        self.drop_tables(c, OpKind::TableTruncate)
    }

    /// LOCK TABLE, and MySQL's LOCK TABLES and UNLOCK TABLES.
    pub(super) fn lock(&mut self, c: &mut Cursor<'a>) -> Read {
        if c.eat_any(&["TABLES", "INSTANCE"]) && c.done() {
            self.other("unlock");
            return Ok(());
        }
        c.eat("TABLE");
        for part in c.until_word(&["IN", "NOWAIT"]).split_commas() {
            let mut part = part;
            let mut op = self.op(OpKind::TableLock);
            op.only = part.is("ONLY");
            op.table = Some(part.relation()?);
            op.detail = lock_mode(c);
            self.push(op);
        }
        Ok(())
    }

    /// MySQL's RENAME TABLE a TO b, c TO d.
    pub(super) fn rename_tables(&mut self, c: &mut Cursor<'a>) -> Read {
        if !c.eat_any(&["TABLE", "TABLES"]) {
            return Err("TABLE");
        }
        for mut part in c.split_commas() {
            let span = part.span();
            let mut op = self.op(OpKind::TableRename);
            op.span = span;
            op.table = Some(part.name()?);
            part.expect("TO")?;
            let new_name = Some(part.name()?);
            op.details = Details::Table(Box::new(TableDetails { new_name, ..TableDetails::default() }));
            self.push(op);
        }
        Ok(())
    }

    pub(super) fn cluster(&mut self, c: &mut Cursor<'a>) -> Read {
        c.group();
        c.eat("VERBOSE");
        let mut op = self.op(OpKind::TableSetStorage);
        op.detail = "cluster";
        if !c.done() {
            let first = c.name()?;
            if c.eat("ON") {
                // Before PostgreSQL 8.4: CLUSTER index ON table.
                op.name = Some(first);
                op.table = Some(c.name()?);
            } else {
                op.table = Some(first);
                if c.eat("USING") {
                    op.name = Some(c.name()?);
                }
            }
        }
        self.push(op);
        Ok(())
    }

    /// VACUUM, and ANALYZE where the cursor stands at it.
    pub(super) fn vacuum(&mut self, c: &mut Cursor<'a>) -> Read {
        let analyze = c.eat_any(&["ANALYZE", "ANALYSE"]);
        let mut full = c.group().is_some_and(|options| full_option(options));
        while c.is_any(&["FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"]) {
            full |= c.is("FULL");
            c.step();
        }
        c.eat_any(&["TABLE", "TABLES"]);
        let (kind, detail) = match (analyze, full) {
            (true, _) => (OpKind::TableAnalyze, ""),
            (_, true) => (OpKind::TableSetStorage, "vacuum-full"),
            _ => (OpKind::TableVacuum, ""),
        };
        let mut tables = Vec::new();
        for mut part in c.split_commas() {
            tables.push(Some(part.relation()?));
        }
        if tables.is_empty() {
            tables.push(None);
        }
        for table in tables {
            let mut op = self.op(kind);
            (op.detail, op.table) = (detail, table);
            self.push(op);
        }
        Ok(())
    }
}

/// What follows the columns. Returns the prepared statement of AS EXECUTE.
fn table_clauses(c: &mut Cursor<'_>, details: &mut TableDetails) -> Option<String> {
    while !c.done() {
        let start = *c;
        if c.eat("INHERITS") {
            let parents = c.group().map(Cursor::split_commas).unwrap_or_default();
            details.parents = parents.into_iter().filter_map(|mut part| part.name().ok()).collect();
        } else if c.eat("PARTITION BY") {
            let key = *c;
            c.eat_any(&["LINEAR"]);
            c.step();
            c.group();
            details.partition_key = Some(c.text.shown(key.range_to(c)));
        } else if c.eat("FOR VALUES") {
            if c.eat("FROM") {
                c.group();
                c.eat("TO");
            } else {
                c.eat_any(&["IN", "WITH"]);
            }
            c.group();
            details.bound = Some(c.text.shown(start.range_to(c)));
        } else if details.partition_of.is_some() && c.eat("DEFAULT") {
            details.bound = Some("DEFAULT".to_owned());
        } else if c.eat_any(&["USING", "ENGINE"]) {
            c.eat_operator("=");
            details.method = c.ident_text();
        } else if c.is("WITH") && c.peek_nth(1).is_some_and(|t| t.kind == Kind::Open) {
            c.step();
            details.parameters = c.group().map(|inner| inner.shown());
        } else if c.eat("TABLESPACE") {
            details.tablespace = c.ident_text();
        } else if c.eat("AS EXECUTE") {
            details.as_select = true;
            return c.ident_text();
        } else if c.is_any(&["AS", "SELECT"]) {
            c.eat("AS");
            details.as_select = true;
            // What could be read as columns without types are their names.
            if details.columns.iter().all(|column| column.data_type.is_none()) {
                details.names =
                    std::mem::take(&mut details.columns).into_iter().filter_map(|column| column.name).collect();
            }
            details.query = Some(output::read(*c));
            return None;
        } else {
            c.skip();
        }
    }
    None
}

/// `LIKE table INCLUDING ALL EXCLUDING INDEXES`
fn like(c: &mut Cursor<'_>) -> Option<Like> {
    c.eat("LIKE");
    let table = c.name().ok()?;
    let mut options = Vec::new();
    while c.is_any(&["INCLUDING", "EXCLUDING"]) {
        let sign = if c.is("INCLUDING") { '+' } else { '-' };
        c.step();
        options.push(format!("{sign}{}", c.word().to_lowercase()));
        c.step();
    }
    Some(Like { table, options })
}

/// A column, constraint, key or LIKE between the parentheses of CREATE TABLE.
fn table_element(mut part: Cursor<'_>, details: &mut TableDetails) {
    if part.is("SELECT") {
        return;
    }
    if part.is("LIKE") && !part.rest().is_empty() {
        details.like.extend(like(&mut part));
        return;
    }
    if constraint::starts(&part) {
        if let Ok((constraint, _)) = constraint::read(&mut part) {
            details.constraints.push(constraint);
        }
        return;
    }
    if index::declared(&part) {
        let unique = part.eat("UNIQUE");
        part.eat_any(&["FULLTEXT", "SPATIAL"]);
        part.eat_any(&["INDEX", "KEY"]);
        let name = if part.at_kind(Kind::Open) { None } else { part.ident_text() };
        let mut declared = IndexDetails { unique, ..IndexDetails::default() };
        index::definition(&mut part, &mut declared);
        details.indexes.push((name, declared));
        return;
    }
    if let Some(name) = part.ident_text() {
        part.eat("WITH OPTIONS");
        details.columns.push(column::definition(&mut part, Some(name)));
    }
}

fn lock_mode(c: &Cursor<'_>) -> &'static str {
    let modes = [
        ("ACCESS SHARE", "access-share"),
        ("ROW SHARE", "row-share"),
        ("ROW EXCLUSIVE", "row-exclusive"),
        ("SHARE UPDATE EXCLUSIVE", "share-update-exclusive"),
        ("SHARE ROW EXCLUSIVE", "share-row-exclusive"),
        ("SHARE", "share"),
        ("EXCLUSIVE", "exclusive"),
    ];
    let mut mode = *c;
    if !mode.eat("IN") {
        return "access-exclusive";
    }
    modes.iter().find(|(words, _)| mode.at_phrase(words)).map_or("access-exclusive", |(_, detail)| detail)
}

fn full_option(options: Cursor<'_>) -> bool {
    options.split_commas().into_iter().any(|mut option| option.eat("FULL") && !option.is_any(&["FALSE", "OFF"]))
}

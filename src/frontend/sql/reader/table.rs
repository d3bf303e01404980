//! Tables: CREATE, ALTER, DROP, TRUNCATE, LOCK and what rewrites them.

use super::{Reader, column, constraint, index};
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{
    ColumnDetails, ConstraintKind, Details, IndexDetails, Known, OpKind, OpaqueReason, Operation, QualifiedName,
    TableDetails,
};

/// What stands before TABLE in CREATE TABLE.
#[derive(Clone, Copy, Default)]
pub(super) struct Modifiers {
    pub(super) or_replace: bool,
    pub(super) temporary: bool,
    pub(super) unlogged: bool,
}

/// ALTER TABLE as far as it is the same for each of its actions.
struct Target {
    table: Known<QualifiedName>,
    if_exists: bool,
    count: usize,
}

fn column_details(change: impl FnOnce(&mut ColumnDetails)) -> Details {
    let mut details = ColumnDetails::default();
    change(&mut details);
    Details::Column(Box::new(details))
}

fn named_constraint(name: Option<String>, change: impl FnOnce(&mut crate::ir::ConstraintDetails)) -> Details {
    let mut details = constraint::named(ConstraintKind::Named, name);
    change(&mut details);
    Details::Constraint(Box::new(details))
}

fn qualified(name: Option<Known<String>>) -> Option<Known<QualifiedName>> {
    name.map(|name| name.map(QualifiedName::bare))
}

impl<'a> Reader<'a> {
    /// CREATE TABLE, after TABLE.
    pub(super) fn create_table(&mut self, c: &mut Cursor<'a>, modifiers: Modifiers, detail: &'static str) -> Read {
        let mut op = self.op(OpKind::TableCreate);
        op.detail = detail;
        op.if_not_exists = c.if_not_exists() || modifiers.or_replace;
        op.table = Some(c.name()?);
        let in_temp = op.table.as_ref().and_then(Known::known).and_then(|name| name.schema.as_deref());
        let mut details = TableDetails {
            temporary: modifiers.temporary || in_temp == Some("pg_temp"),
            unlogged: modifiers.unlogged,
            ..TableDetails::default()
        };
        if c.eat("PARTITION OF") {
            details.partition_of = Some(c.name()?);
        }
        let typed = c.eat("OF") || c.eat("LIKE");
        if typed {
            c.name()?;
        }
        let body = c.group();
        if let Some(body) = body {
            for part in body.split_commas() {
                table_element(part, &mut details);
            }
        } else if c.done() && details.partition_of.is_none() && !typed && detail.is_empty() && c.text.is_known() {
            return Err("the columns of the table");
        }
        details.partitioned = c.has("PARTITION BY");
        details.as_select = body.is_some_and(|b| b.is("SELECT")) || c.has("AS") || c.has("SELECT");
        op.details = Details::Table(Box::new(details));
        self.push(op);
        Ok(())
    }

    /// DROP TABLE, after TABLE.
    pub(super) fn drop_tables(&mut self, c: &mut Cursor<'a>, kind: OpKind) -> Read {
        let if_exists = c.if_exists();
        let names = c.names()?;
        let cascade = c.has("CASCADE");
        for name in names {
            let mut op = self.op(kind);
            (op.if_exists, op.cascade, op.table) = (if_exists, cascade, Some(name));
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

    pub(super) fn vacuum(&mut self, c: &mut Cursor<'a>) -> Read {
        let mut full = c.group().is_some_and(|options| full_option(options));
        while c.is_any(&["FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"]) {
            full |= c.is("FULL");
            c.step();
        }
        let (kind, detail) = if full { (OpKind::TableSetStorage, "vacuum-full") } else { (OpKind::Other, "vacuum") };
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

    /// ALTER TABLE, after TABLE. Each action is an operation of its own, so that one that is not known hides no other.
    pub(super) fn alter_table(&mut self, c: &mut Cursor<'a>) -> Read {
        c.eat("IGNORE");
        if c.eat("ALL IN TABLESPACE") {
            let mut op = self.op(OpKind::TableSetStorage);
            op.detail = "tablespace";
            self.push(op);
            return Ok(());
        }
        let if_exists = c.if_exists();
        let table = c.relation()?;
        c.eat("WITH CHECK");
        c.eat("WITH NOCHECK");
        let actions = c.split_commas();
        if actions.is_empty() {
            return Err("an action");
        }
        let target = Target { table, if_exists, count: actions.len() };
        // T-SQL and MySQL let the word ADD or DROP stand for the actions after it.
        let mut carried = None;
        for action in actions {
            let mut c = action;
            let known = ["ADD", "DROP", "ALTER", "RENAME", "SET", "VALIDATE", "MODIFY", "CHANGE", "ATTACH", "DETACH"];
            if c.is_any(&known) {
                carried = if c.is("ADD") { Some(true) } else { c.is("DROP").then_some(false) };
            }
            let before = self.operations.len();
            let mut read = self.action(&target, &mut c);
            if read.is_err() && self.dialect() == crate::config::Dialect::Mssql && carried == Some(true) {
                self.operations.truncate(before);
                let mut again = action;
                read = self.add(&target, &mut again, action.span());
            }
            if let Err(expected) = read {
                self.operations.truncate(before);
                let filled = action.text.first_hole(action.range());
                let reason = filled.map_or_else(
                    || OpaqueReason::NotUnderstood(format!("expected {expected}")),
                    |hole| OpaqueReason::Unresolved(hole.reason.clone()),
                );
                let mut op = self.action_op(&target, OpKind::Opaque, action.span());
                op.details = Details::Opaque(reason);
                self.push(op);
            }
        }
        Ok(())
    }

    fn action_op(&self, target: &Target, kind: OpKind, span: crate::span::Span) -> Operation {
        let mut op = self.op(kind);
        op.table = Some(target.table.clone());
        op.if_exists = false;
        if target.count > 1 {
            op.span = span;
        }
        op
    }

    fn action(&mut self, target: &Target, c: &mut Cursor<'a>) -> Read {
        let span = c.span();
        if c.eat("ADD") {
            self.add(target, c, span)
        } else if c.eat("DROP") {
            self.drop_part(target, c, span)
        } else if c.eat("ALTER") {
            self.alter_part(target, c, span)
        } else if c.eat("RENAME") {
            self.rename_part(target, c, span)
        } else if c.is_any(&["MODIFY", "CHANGE"]) {
            self.modify_column(target, c, span)
        } else {
            self.table_option(target, c, span)
        }
    }

    fn add(&mut self, target: &Target, c: &mut Cursor<'a>, span: crate::span::Span) -> Read {
        if constraint::starts(c) {
            let mut op = self.action_op(target, OpKind::ConstraintAdd, span);
            op.if_not_exists = c.at_phrase("CONSTRAINT IF NOT EXISTS");
            let (details, name) = constraint::read(c)?;
            op.name = name;
            op.details = Details::Constraint(Box::new(details));
            self.push(op);
            return Ok(());
        }
        let unique = c.eat("UNIQUE");
        let special = c.eat_any(&["FULLTEXT", "SPATIAL"]);
        if c.eat_any(&["INDEX", "KEY"]) || unique || special {
            let mut op = self.action_op(target, OpKind::IndexCreate, span);
            op.if_not_exists = c.if_not_exists();
            if !c.at_kind(Kind::Open) && !c.is("USING") {
                op.name = qualified(c.ident());
            }
            let mut details = IndexDetails { unique, ..IndexDetails::default() };
            index::definition(c, &mut details);
            op.details = Details::Index(Box::new(details));
            self.push(op);
            return Ok(());
        }
        if c.eat("PARTITION") {
            let mut op = self.action_op(target, OpKind::PartitionAttach, span);
            op.detail = "add-partition";
            self.push(op);
            return Ok(());
        }
        c.eat("COLUMN");
        let if_not_exists = c.if_not_exists();
        let parts = match c.group() {
            // MySQL: ADD COLUMN (a int, b int).
            Some(inner) => inner.split_commas(),
            None => vec![*c],
        };
        for mut part in parts {
            let mut op = self.action_op(target, OpKind::ColumnAdd, span);
            op.if_not_exists = if_not_exists;
            let name = part.ident().ok_or("a column")?;
            let details = column::definition(&mut part, name.known().cloned());
            if details.data_type.is_none() && name.known().is_some() && self.dialect() != crate::config::Dialect::Sqlite
            {
                return Err("the type of the column");
            }
            op.name = qualified(Some(name));
            op.details = Details::Column(Box::new(details));
            self.push(op);
        }
        Ok(())
    }

    fn drop_part(&mut self, target: &Target, c: &mut Cursor<'a>, span: crate::span::Span) -> Read {
        let cascade = c.has("CASCADE");
        if c.eat("PRIMARY KEY") {
            let mut op = self.action_op(target, OpKind::ConstraintDrop, span);
            let details = constraint::named(ConstraintKind::PrimaryKey, None);
            op.details = Details::Constraint(Box::new(details));
            self.push(op);
            return Ok(());
        }
        let foreign = c.eat("FOREIGN KEY");
        let (kind, if_exists) = if foreign || c.eat("CONSTRAINT") || c.eat("CHECK") {
            (OpKind::ConstraintDrop, c.if_exists())
        } else if c.eat_any(&["INDEX", "KEY"]) {
            (OpKind::IndexDrop, c.if_exists())
        } else if c.eat("PARTITION") {
            (OpKind::PartitionDetach, false)
        } else {
            c.eat("COLUMN");
            (OpKind::ColumnDrop, c.if_exists())
        };
        let mut op = self.action_op(target, kind, span);
        let name = c.ident().ok_or("a name")?;
        (op.if_exists, op.cascade) = (if_exists, cascade);
        op.details = match kind {
            OpKind::ConstraintDrop => named_constraint(name.known().cloned(), |details| {
                if foreign {
                    details.kind = ConstraintKind::ForeignKey;
                }
            }),
            OpKind::ColumnDrop => column_details(|details| details.name = name.known().cloned()),
            OpKind::IndexDrop => Details::Index(Box::default()),
            _ => Details::None,
        };
        op.name = qualified(Some(name));
        self.push(op);
        Ok(())
    }

    fn alter_part(&mut self, target: &Target, c: &mut Cursor<'a>, span: crate::span::Span) -> Read {
        if c.eat("CONSTRAINT") || c.eat("INDEX") || c.eat("CHECK") {
            let mut op = self.action_op(target, OpKind::Other, span);
            op.detail = "alter-constraint";
            op.name = qualified(c.ident());
            self.push(op);
            return Ok(());
        }
        c.eat("COLUMN");
        let name = c.ident().ok_or("a column")?;
        let column = name.known().cloned();
        let (kind, details) = column_action(c, column)?;
        let mut op = self.action_op(target, kind, span);
        if kind == OpKind::Other {
            op.detail = "alter-column";
        }
        op.name = qualified(Some(name));
        op.details = details;
        self.push(op);
        Ok(())
    }

    fn rename_part(&mut self, target: &Target, c: &mut Cursor<'a>, span: crate::span::Span) -> Read {
        if c.eat("TO") || c.eat("AS") {
            let mut op = self.action_op(target, OpKind::TableRename, span);
            op.if_exists = target.if_exists;
            let new_name = Some(c.name()?);
            op.details = Details::Table(Box::new(TableDetails { new_name, ..TableDetails::default() }));
            self.push(op);
            return Ok(());
        }
        let kind = if c.eat("CONSTRAINT") {
            OpKind::ConstraintRename
        } else if c.eat_any(&["INDEX", "KEY"]) {
            OpKind::IndexRename
        } else {
            c.eat("COLUMN");
            OpKind::ColumnRename
        };
        let name = c.ident().ok_or("a name")?;
        c.expect("TO")?;
        let new_name = Some(c.ident_text().ok_or("the new name")?);
        let mut op = self.action_op(target, kind, span);
        op.details = match kind {
            OpKind::ConstraintRename => named_constraint(name.known().cloned(), |d| d.new_name = new_name),
            OpKind::IndexRename => Details::Index(Box::new(IndexDetails { new_name, ..IndexDetails::default() })),
            _ => column_details(|d| {
                d.name = name.known().cloned();
                d.new_name = new_name;
            }),
        };
        op.name = qualified(Some(name));
        self.push(op);
        Ok(())
    }

    /// MySQL's MODIFY column … and CHANGE old new ….
    fn modify_column(&mut self, target: &Target, c: &mut Cursor<'a>, span: crate::span::Span) -> Read {
        let change = c.eat("CHANGE");
        c.eat("MODIFY");
        c.eat("COLUMN");
        let name = c.ident().ok_or("a column")?;
        let column = name.known().cloned();
        let new_name = if change { c.ident_text() } else { None };
        if new_name.is_some() && new_name != column {
            let mut op = self.action_op(target, OpKind::ColumnRename, span);
            op.name = qualified(Some(name.clone()));
            op.details = column_details(|d| {
                d.name.clone_from(&column);
                d.new_name.clone_from(&new_name);
            });
            self.push(op);
        }
        let mut op = self.action_op(target, OpKind::ColumnRetype, span);
        op.detail = if change { "change" } else { "modify" };
        let details = column::definition(c, new_name.or(column));
        op.name = qualified(Some(name));
        op.details = Details::Column(Box::new(details));
        self.push(op);
        Ok(())
    }

    /// The actions that are about the table as a whole.
    fn table_option(&mut self, target: &Target, c: &mut Cursor<'a>, span: crate::span::Span) -> Read {
        let mut op = self.action_op(target, OpKind::TableSetStorage, span);
        if c.eat("VALIDATE CONSTRAINT") {
            op.kind = OpKind::ConstraintValidate;
            let name = c.ident().ok_or("a constraint")?;
            op.details = named_constraint(name.known().cloned(), |_| {});
            op.name = qualified(Some(name));
        } else if c.at_phrase("ATTACH PARTITION") || c.at_phrase("DETACH PARTITION") {
            let detach = c.eat("DETACH PARTITION");
            c.eat("ATTACH PARTITION");
            op.kind = if detach { OpKind::PartitionDetach } else { OpKind::PartitionAttach };
            op.if_exists = c.if_exists();
            op.name = Some(c.name()?);
            op.concurrently = c.has("CONCURRENTLY");
            op.detail = if c.has("DEFAULT") && !c.has("VALUES") {
                "default"
            } else if c.has("FINALIZE") {
                "finalize"
            } else {
                ""
            };
        } else if c.eat_any(&["ENABLE", "DISABLE", "FORCE", "NO FORCE"]) {
            c.eat_any(&["REPLICA", "ALWAYS"]);
            op.kind = if c.at_phrase("ROW LEVEL SECURITY") {
                OpKind::PolicyAlter
            } else if c.eat("TRIGGER") {
                op.name = Some(c.name()?);
                OpKind::TriggerAlter
            } else {
                op.detail = "rule-or-keys";
                OpKind::Other
            };
        } else {
            op.detail = storage(c)?;
            if matches!(op.detail, "schema" | "owner" | "inherit" | "replica-identity" | "online") {
                op.kind = OpKind::Other;
            }
        }
        self.push(op);
        Ok(())
    }
}

/// What ALTER TABLE sets about the table's storage and standing.
fn storage(c: &mut Cursor<'_>) -> Read<&'static str> {
    let words: &[(&str, &str)] = &[
        ("SET LOGGED", "logged"),
        ("SET UNLOGGED", "unlogged"),
        ("SET TABLESPACE", "tablespace"),
        ("SET ACCESS METHOD", "access-method"),
        ("SET SCHEMA", "schema"),
        ("SET WITHOUT CLUSTER", "no-cluster"),
        ("SET WITHOUT OIDS", "parameters"),
        ("SET WITH OIDS", "parameters"),
        ("SET", "parameters"),
        ("RESET", "parameters"),
        ("CLUSTER ON", "cluster"),
        ("OWNER TO", "owner"),
        ("REPLICA IDENTITY", "replica-identity"),
        ("INHERIT", "inherit"),
        ("NO INHERIT", "inherit"),
        ("OF", "inherit"),
        ("NOT OF", "inherit"),
        ("OPTIONS", "parameters"),
        ("ENGINE", "engine"),
        ("AUTO_INCREMENT", "parameters"),
        ("CONVERT TO", "charset"),
        ("DEFAULT CHARACTER SET", "parameters"),
        ("DEFAULT CHARSET", "parameters"),
        ("CHARACTER SET", "parameters"),
        ("COLLATE", "parameters"),
        ("COMMENT", "parameters"),
        ("ROW_FORMAT", "row-format"),
        ("ALGORITHM", "online"),
        ("LOCK", "online"),
        ("FORCE", "engine"),
        ("ORDER BY", "engine"),
        ("TABLESPACE", "tablespace"),
    ];
    let found = words.iter().find(|(phrase, _)| c.at_phrase(phrase));
    let &(phrase, detail) = found.ok_or("an action of ALTER TABLE that is known")?;
    c.eat(phrase);
    Ok(detail)
}

/// ALTER COLUMN, after the column.
fn column_action(c: &mut Cursor<'_>, column: Option<String>) -> Read<(OpKind, Details)> {
    let mut details = ColumnDetails { name: column, ..ColumnDetails::default() };
    let kind = if c.eat("SET NOT NULL") {
        details.not_null = true;
        OpKind::ColumnSetNotNull
    } else if c.eat("DROP NOT NULL") {
        OpKind::ColumnDropNotNull
    } else if c.eat("SET DEFAULT") {
        details.default = Some(c.shown());
        OpKind::ColumnSetDefault
    } else if c.eat("DROP DEFAULT") {
        OpKind::ColumnDropDefault
    } else if c.eat("SET DATA TYPE") || c.eat("TYPE") {
        details = column::definition(c, details.name);
        OpKind::ColumnRetype
    } else if c.is_any(&["SET", "RESET", "ADD", "DROP", "RESTART", "OPTIONS"]) || c.done() {
        details.identity = c.has("IDENTITY");
        OpKind::Other
    } else {
        // T-SQL: ALTER COLUMN c type [NOT NULL].
        details = column::definition(c, details.name);
        if details.data_type.is_none() {
            return Err("what is altered of the column");
        }
        OpKind::ColumnRetype
    };
    Ok((kind, Details::Column(Box::new(details))))
}

/// A column, constraint, key or LIKE between the parentheses of CREATE TABLE.
fn table_element(mut part: Cursor<'_>, details: &mut TableDetails) {
    if part.is_any(&["LIKE", "SELECT"]) {
        return;
    }
    if constraint::starts(&part) {
        if let Ok((constraint, _)) = constraint::read(&mut part) {
            details.constraints.push(constraint);
        }
        return;
    }
    let key = part.is_any(&["INDEX", "KEY", "FULLTEXT", "SPATIAL"]);
    if key
        && (part.peek_nth(1).is_some_and(|t| t.kind == Kind::Open)
            || part.peek_nth(2).is_some_and(|t| t.kind == Kind::Open && part.is_any(&["INDEX", "KEY"])))
    {
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

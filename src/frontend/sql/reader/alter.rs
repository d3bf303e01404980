//! ALTER TABLE, and ALTER of what the server keeps as relations: views, indexes, sequences, foreign tables.

use std::sync::Arc;

use super::table::{column_details, named_constraint, qualified};
use super::{Reader, column, constraint, index};
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{
    ColumnDetails, ConstraintKind, Details, Doubt, IndexDetails, Known, OpKind, OpaqueReason, Operation, QualifiedName,
    Statement, TableDetails,
};
use crate::span::Span;

/// The word after ALTER. The server lets ALTER TABLE act on a view or an index: the written word decides the kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Table,
    Foreign,
    View,
    Matview,
    Index,
    Sequence,
}

impl Word {
    /// Each with the words it is written as.
    pub(super) const ALL: &'static [(&'static str, Self)] = &[
        ("TABLE", Self::Table),
        ("FOREIGN TABLE", Self::Foreign),
        ("MATERIALIZED VIEW", Self::Matview),
        ("VIEW", Self::View),
        ("INDEX", Self::Index),
        ("SEQUENCE", Self::Sequence),
    ];

    pub(super) fn alter(self) -> OpKind {
        match self {
            Self::Table => OpKind::TableAlter,
            Self::Foreign => OpKind::ForeignTableAlter,
            Self::View => OpKind::ViewAlter,
            Self::Matview => OpKind::MatviewAlter,
            Self::Index => OpKind::IndexAlter,
            Self::Sequence => OpKind::SequenceAlter,
        }
    }

    pub(super) fn rename(self) -> OpKind {
        match self {
            Self::Table => OpKind::TableRename,
            Self::Foreign => OpKind::ForeignTableRename,
            Self::View => OpKind::ViewRename,
            Self::Matview => OpKind::MatviewRename,
            Self::Index => OpKind::IndexRename,
            Self::Sequence => OpKind::SequenceRename,
        }
    }

    /// Whether it names an object of its own and not a table.
    fn is_named(self) -> bool {
        matches!(self, Self::Index | Self::Sequence)
    }
}

/// ALTER TABLE as far as it is the same for each of its actions.
pub(super) struct Target {
    pub(super) word: Word,
    pub(super) table: Known<QualifiedName>,
    pub(super) if_exists: bool,
    pub(super) only: bool,
    pub(super) count: usize,
}

impl<'a> Reader<'a> {
    /// ALTER of a relation, after the word. Each action is an operation of its own, so that one that is not known hides
    /// no other.
    pub(super) fn alter_relation(&mut self, c: &mut Cursor<'a>, word: Word) -> Read {
        c.eat("IGNORE");
        if c.eat("ALL IN TABLESPACE") {
            let kind = if word == Word::Table { OpKind::TableSetStorage } else { word.alter() };
            let mut op = self.op(kind);
            (op.detail, op.name) = ("all-in-tablespace", Some(c.name()?));
            self.push(op);
            return Ok(());
        }
        let if_exists = c.if_exists();
        let only = c.is("ONLY");
        let table = c.relation()?;
        if self.dialect() == Dialect::Mssql && word == Word::Index {
            return self.rebuild_index(c, table);
        }
        if matches!(word, Word::View | Word::Matview) && (c.is_any(&["AS", "WITH"]) || c.at_kind(Kind::Open)) {
            // MySQL and T-SQL define the view anew.
            let mut op = self.op(word.alter());
            op.detail = "definition";
            (op.table, op.name) = (Some(table.clone()), Some(table));
            self.push(op);
            return Ok(());
        }
        c.eat("WITH CHECK");
        c.eat("WITH NOCHECK");
        let actions = c.split_commas();
        if actions.is_empty() {
            return Err("an action");
        }
        let target = Target { word, table, if_exists, only, count: actions.len() };
        if word.is_named() {
            return actions.into_iter().try_for_each(|mut action| self.named_action(&target, &mut action));
        }
        self.actions(&target, actions);
        Ok(())
    }

    fn actions(&mut self, target: &Target, actions: Vec<Cursor<'a>>) {
        // T-SQL and MySQL let the word ADD or DROP stand for the actions after it.
        let mut carried = None;
        for action in actions {
            let mut c = action;
            let known = ["ADD", "DROP", "ALTER", "RENAME", "SET", "VALIDATE", "MODIFY", "CHANGE", "ATTACH", "DETACH"];
            if c.is_any(&known) {
                carried = if c.is("ADD") { Some(true) } else { c.is("DROP").then_some(false) };
            }
            let before = self.operations.len();
            let mut read = self.action(target, &mut c);
            if read.is_err()
                && let Some(add) = carried.filter(|_| self.dialect() == Dialect::Mssql)
            {
                self.operations.truncate(before);
                let mut again = action;
                let span = action.span();
                read = if add { self.add(target, &mut again, span) } else { self.drop_part(target, &mut again, span) };
            }
            if let Err(expected) = read {
                self.operations.truncate(before);
                let filled = action.text.first_hole(action.range());
                let reason = filled.map_or_else(
                    || OpaqueReason::NotUnderstood(format!("expected {expected}")),
                    |hole| OpaqueReason::Unresolved(hole.reason.clone()),
                );
                let mut op = self.action_op(target, OpKind::Opaque, action.span());
                op.details = Details::Opaque(reason);
                self.push(op);
            }
        }
    }

    pub(super) fn action_op(&self, target: &Target, kind: OpKind, span: Span) -> Operation {
        let mut op = self.op(kind);
        op.table = Some(target.table.clone());
        op.only = target.only;
        op.table_if_exists = target.if_exists;
        if kind == target.word.alter() || kind == target.word.rename() || kind == OpKind::TableSetStorage {
            op.if_exists = target.if_exists;
            if target.word != Word::Table {
                op.name = Some(target.table.clone());
            }
        }
        if target.count > 1 {
            op.span = span;
        }
        op
    }

    fn action(&mut self, target: &Target, c: &mut Cursor<'a>) -> Read {
        let span = c.span();
        if c.at_phrase("ADD PARTITION") || c.at_phrase("DROP PARTITION") || c.at_phrase("TRUNCATE PARTITION") {
            self.partition(target, c, span);
            Ok(())
        } else if c.eat("ADD") {
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

    fn add(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
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
        if index::declared(c) || unique || special {
            c.eat_any(&["INDEX", "KEY"]);
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
            if column::eat_unknown(&mut part) && !if_not_exists {
                // `ADD COLUMN {if not exists} note text`.
                op.doubt(Doubt::IfNotExists);
            }
            let name = part.ident().ok_or("a column")?;
            let details = column::definition(&mut part, name.known().cloned());
            if details.data_type.is_none() && name.known().is_some() && !self.needs_no_type(&details) {
                return Err("the type of the column");
            }
            op.name = qualified(Some(name));
            op.details = Details::Column(Box::new(details));
            self.push(op);
        }
        Ok(())
    }

    /// SQLite's columns need no type, and T-SQL's computed ones have none.
    fn needs_no_type(&self, details: &ColumnDetails) -> bool {
        self.dialect() == Dialect::Sqlite || (self.dialect() == Dialect::Mssql && details.generated.is_some())
    }

    fn drop_part(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
        let cascade = c.has("CASCADE");
        if c.eat("PRIMARY KEY") {
            let mut op = self.action_op(target, OpKind::ConstraintDrop, span);
            let details = constraint::named(ConstraintKind::PrimaryKey, None);
            op.details = Details::Constraint(Box::new(details));
            self.push(op);
            return Ok(());
        }
        if c.at_phrase("SYSTEM VERSIONING") || c.at_phrase("PERIOD FOR") {
            let mut op = self.action_op(target, target.word.alter(), span);
            op.detail = "versioning";
            self.push(op);
            return Ok(());
        }
        // A column may be called `check`, `index` or `key`: then nothing follows the word.
        let word = c.rest().len() > 1;
        let foreign = c.eat("FOREIGN KEY");
        let (kind, if_exists) = if foreign || c.eat("CONSTRAINT") || (word && c.eat("CHECK")) {
            (OpKind::ConstraintDrop, c.if_exists())
        } else if word && self.dialect() != Dialect::Postgres && c.eat_any(&["INDEX", "KEY"]) {
            (OpKind::IndexDrop, c.if_exists())
        } else {
            c.eat("COLUMN");
            (OpKind::ColumnDrop, c.if_exists())
        };
        let mut op = self.action_op(target, kind, span);
        if kind == OpKind::ColumnDrop && c.eat_unknown_before_name() && !if_exists {
            op.doubt(Doubt::IfExists);
        }
        let name = c.ident().ok_or("a name")?;
        (op.if_exists, op.cascade) = (if_exists, cascade);
        op.details = match kind {
            OpKind::ConstraintDrop => named_constraint(name.known().cloned(), |details| {
                if foreign {
                    details.kind = ConstraintKind::ForeignKey;
                }
            }),
            OpKind::ColumnDrop => column_details(|details| details.name = name.known().cloned()),
            _ => Details::Index(Box::default()),
        };
        op.name = qualified(Some(name));
        self.push(op);
        Ok(())
    }

    fn alter_part(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
        let word = c.rest().len() > 1 && !c.at_phrase("INDEX SET") && !c.at_phrase("CHECK SET");
        if c.eat("CONSTRAINT") || (word && self.dialect() != Dialect::Postgres && c.eat_any(&["INDEX", "CHECK"])) {
            let kind = if c.follows("INDEX") { OpKind::IndexAlter } else { OpKind::ConstraintAlter };
            let mut op = self.action_op(target, kind, span);
            let name = c.ident().ok_or("a constraint")?;
            if kind == OpKind::ConstraintAlter {
                op.detail = if c.has("NOT ENFORCED") {
                    "not-enforced"
                } else if c.has("ENFORCED") {
                    "enforced"
                } else if c.has("INHERIT") {
                    "inherit"
                } else {
                    ""
                };
                op.details = named_constraint(name.known().cloned(), |d| constraint::attributes(c, d));
            }
            op.name = qualified(Some(name));
            self.push(op);
            return Ok(());
        }
        c.eat("COLUMN");
        let name = match c.peek().filter(|t| t.kind == Kind::Number) {
            Some(number) => {
                // The number of an index's expression, or of a column.
                let name =
                    Known::Known(c.source(number).to_owned(), c.text.span(number.start as usize..number.end as usize));
                c.step();
                name
            }
            None => c.ident().ok_or("a column")?,
        };
        let column = name.known().cloned();
        let (kind, detail, details) = column_action(c, column)?;
        let mut op = self.action_op(target, kind, span);
        op.detail = detail;
        op.name = qualified(Some(name));
        op.details = details;
        self.push(op);
        Ok(())
    }

    fn rename_part(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
        if c.eat_any(&["TO", "AS"]) || (self.dialect() == Dialect::Mysql && c.rest().len() == 1) {
            let mut op = self.action_op(target, target.word.rename(), span);
            let new_name = Some(c.name()?);
            op.details = Details::Table(Box::new(TableDetails { new_name, ..TableDetails::default() }));
            self.push(op);
            return Ok(());
        }
        let word = c.rest().len() > 3;
        let kind = if word && c.eat("CONSTRAINT") {
            OpKind::ConstraintRename
        } else if word && self.dialect() != Dialect::Postgres && c.eat_any(&["INDEX", "KEY"]) {
            OpKind::IndexRename
        } else {
            if word {
                c.eat("COLUMN");
            }
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
    fn modify_column(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
        // PostgreSQL has neither word: what a script for several databases sends so is not for it.
        let foreign = self.dialect() == Dialect::Postgres;
        let statement = Arc::new(Statement { dialect: Dialect::Mysql, ..(*self.statement).clone() });
        let placed = |op: Operation| if foreign { Operation { statement: statement.clone(), ..op } } else { op };
        let change = c.eat("CHANGE");
        c.eat("MODIFY");
        c.eat("COLUMN");
        c.if_exists();
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
            self.push(placed(op));
        }
        let mut op = self.action_op(target, OpKind::ColumnRetype, span);
        op.detail = if change { "change" } else { "modify" };
        let details = column::definition(c, new_name.or(column));
        op.name = qualified(Some(name));
        op.details = Details::Column(Box::new(details));
        self.push(placed(op));
        Ok(())
    }

    /// MySQL's ADD, DROP and TRUNCATE PARTITION.
    fn partition(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) {
        let (kind, detail) = if c.eat("ADD PARTITION") {
            (OpKind::PartitionAttach, "add-partition")
        } else if c.eat("DROP PARTITION") {
            (OpKind::PartitionDetach, "drop-partition")
        } else {
            c.eat("TRUNCATE PARTITION");
            (OpKind::TableTruncate, "partition")
        };
        let mut op = self.action_op(target, kind, span);
        op.detail = detail;
        op.if_exists = c.if_exists();
        op.if_not_exists = c.if_not_exists();
        if !c.at_kind(Kind::Open) {
            op.name = qualified(c.ident());
        }
        self.push(op);
    }
}

/// ALTER COLUMN, after the column: kind, detail and details.
fn column_action(c: &mut Cursor<'_>, column: Option<String>) -> Read<(OpKind, &'static str, Details)> {
    let mut details = ColumnDetails { name: column, ..ColumnDetails::default() };
    let mut detail = "";
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
    } else if let Some(word) = column_alteration(c) {
        detail = word;
        if word == "add-identity" {
            details.identity_always = c.eat("ALWAYS");
            c.until(|c| c.at_kind(Kind::Open));
            details.sequence = c.group().and_then(column::sequence_name);
        }
        match word {
            "alter-identity" => details.identity_always = c.is("ALWAYS"),
            "storage" => details.storage = c.ident_text().map(|word| word.to_lowercase()),
            "compression" => details.compression = c.ident_text().map(|word| word.to_lowercase()),
            "set-expression" => details.generated = Some(c.shown()),
            _ => {}
        }
        details.identity = word == "add-identity";
        OpKind::ColumnAlter
    } else if c.done() {
        return Err("what is altered of the column");
    } else {
        // T-SQL: ALTER COLUMN c type [NOT NULL].
        details = column::definition(c, details.name);
        if details.data_type.is_none() {
            return Err("what is altered of the column");
        }
        OpKind::ColumnRetype
    };
    Ok((kind, detail, Details::Column(Box::new(details))))
}

/// What ALTER COLUMN does that has no kind of its own.
fn column_alteration(c: &mut Cursor<'_>) -> Option<&'static str> {
    let words: &[(&str, &str)] = &[
        ("SET STATISTICS", "statistics"),
        ("SET STORAGE", "storage"),
        ("SET COMPRESSION", "compression"),
        ("SET EXPRESSION AS", "set-expression"),
        ("DROP EXPRESSION", "drop-expression"),
        ("ADD GENERATED", "add-identity"),
        ("DROP IDENTITY", "drop-identity"),
        ("SET GENERATED", "alter-identity"),
        ("RESTART", "alter-identity"),
        ("OPTIONS", "options"),
        ("RESET", "options"),
        ("SET VISIBLE", "visible"),
        ("SET INVISIBLE", "visible"),
        ("ADD", "property"),
        ("DROP", "property"),
    ];
    if let Some((_, detail)) = words.iter().find(|(phrase, _)| c.eat(phrase)) {
        return Some(detail);
    }
    if c.eat("SET") {
        // `SET (n_distinct = 5)`, else an option of the identity's sequence: `SET INCREMENT BY 2`.
        return Some(if c.at_kind(Kind::Open) { "options" } else { "alter-identity" });
    }
    None
}

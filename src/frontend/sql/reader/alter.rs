//! ALTER TABLE, and ALTER of what the server keeps as relations: views, indexes, sequences, foreign tables.

use super::table::{column_details, named_constraint, qualified};
use super::{Reader, column, constraint, index, object};
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{
    ColumnDetails, ConstraintKind, Details, Doubt, IndexDetails, Known, ObjectDetails, OpKind, OpaqueReason, Operation,
    QualifiedName, TableDetails,
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

    fn alter(self) -> OpKind {
        match self {
            Self::Table => OpKind::TableAlter,
            Self::Foreign => OpKind::ForeignTableAlter,
            Self::View => OpKind::ViewAlter,
            Self::Matview => OpKind::MatviewAlter,
            Self::Index => OpKind::IndexAlter,
            Self::Sequence => OpKind::SequenceAlter,
        }
    }

    fn rename(self) -> OpKind {
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
struct Target {
    word: Word,
    table: Known<QualifiedName>,
    if_exists: bool,
    count: usize,
}

/// What an action is about: the words it begins with, and its detail. Longer phrases first.
const ACTIONS: &[(&str, &str)] = &[
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
    ("CLUSTER ON", "cluster-on"),
    ("OWNER TO", "owner"),
    ("OWNED BY", "owned-by"),
    ("REPLICA IDENTITY", "replica-identity"),
    ("INHERIT", "inherit"),
    ("NO INHERIT", "no-inherit"),
    ("OF", "of-type"),
    ("NOT OF", "not-of-type"),
    ("NO DEPENDS ON", "depends"),
    ("DEPENDS ON", "depends"),
    ("OPTIONS", "options"),
    ("ENGINE", "engine"),
    ("AUTO_INCREMENT", "parameters"),
    ("CONVERT TO", "charset"),
    ("DEFAULT CHARACTER SET", "parameters"),
    ("DEFAULT CHARSET", "parameters"),
    ("DEFAULT COLLATE", "parameters"),
    ("CHARACTER SET", "parameters"),
    ("CHARSET", "parameters"),
    ("COLLATE", "parameters"),
    ("COMMENT", "parameters"),
    ("ROW_FORMAT", "row-format"),
    ("KEY_BLOCK_SIZE", "row-format"),
    ("ALGORITHM", "online"),
    ("LOCK", "online"),
    ("WITH VALIDATION", "online"),
    ("WITHOUT VALIDATION", "online"),
    ("FORCE", "engine"),
    ("ORDER BY", "engine"),
    ("TABLESPACE", "tablespace"),
    ("DISCARD TABLESPACE", "tablespace"),
    ("IMPORT TABLESPACE", "tablespace"),
    ("PARTITION BY", "partitioning"),
    ("REMOVE PARTITIONING", "partitioning"),
    ("COALESCE PARTITION", "partitioning"),
    ("REORGANIZE PARTITION", "partitioning"),
    ("EXCHANGE PARTITION", "partitioning"),
    ("REBUILD", "engine"),
    ("SWITCH", "partitioning"),
    ("ANALYZE PARTITION", "partition-upkeep"),
    ("CHECK PARTITION", "partition-upkeep"),
    ("OPTIMIZE PARTITION", "partition-upkeep"),
    ("REBUILD PARTITION", "partition-upkeep"),
    ("REPAIR PARTITION", "partition-upkeep"),
    ("ENABLE KEYS", "keys"),
    ("DISABLE KEYS", "keys"),
    ("ENABLE CHANGE_TRACKING", "parameters"),
    ("DISABLE CHANGE_TRACKING", "parameters"),
];

/// Details that say how the table is stored.
const STORAGE: &[&str] = &[
    "logged",
    "unlogged",
    "tablespace",
    "access-method",
    "no-cluster",
    "cluster-on",
    "parameters",
    "engine",
    "charset",
    "row-format",
];

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
        let target = Target { word, table, if_exists, count: actions.len() };
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

    fn action_op(&self, target: &Target, kind: OpKind, span: Span) -> Operation {
        let mut op = self.op(kind);
        op.table = Some(target.table.clone());
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
            self.partition(target, c, span)
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

    /// MySQL's ADD, DROP and TRUNCATE PARTITION.
    fn partition(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
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
        Ok(())
    }

    /// The actions that are about the table as a whole.
    fn table_option(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
        if c.eat("VALIDATE CONSTRAINT") {
            let mut op = self.action_op(target, OpKind::ConstraintValidate, span);
            let name = c.ident().ok_or("a constraint")?;
            op.details = named_constraint(name.known().cloned(), |_| {});
            op.name = qualified(Some(name));
            self.push(op);
            return Ok(());
        }
        if c.at_phrase("ATTACH PARTITION") || c.at_phrase("DETACH PARTITION") {
            return self.attach(target, c, span);
        }
        if c.is_any(&["ENABLE", "DISABLE", "FORCE", "NO", "CHECK", "NOCHECK"])
            && let Some(op) = self.switch(target, *c, span)
        {
            self.push(op);
            return Ok(());
        }
        let found = ACTIONS.iter().find(|(phrase, _)| c.eat(phrase));
        let &(_, detail) = found.ok_or("an action of ALTER TABLE that is known")?;
        let storage = target.word == Word::Table && STORAGE.contains(&detail);
        let kind = if storage { OpKind::TableSetStorage } else { target.word.alter() };
        let mut op = self.action_op(target, kind, span);
        op.detail = detail;
        let mut details = TableDetails::default();
        match detail {
            "schema" => details.new_name = object::moved(Some(&target.table), c),
            "inherit" | "no-inherit" => details.parents.extend(c.name().ok()),
            "of-type" => details.of_type = c.name().ok(),
            "tablespace" => details.tablespace = c.ident_text(),
            "access-method" => details.method = c.ident_text(),
            "parameters" if c.at_kind(Kind::Open) => details.parameters = Some(c.shown()),
            "cluster-on" => op.name = Some(c.name()?),
            _ => {}
        }
        if details != TableDetails::default() {
            op.details = Details::Table(Box::new(details));
        }
        self.push(op);
        Ok(())
    }

    fn attach(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
        let detach = c.eat("DETACH PARTITION");
        c.eat("ATTACH PARTITION");
        let kind = if detach { OpKind::PartitionDetach } else { OpKind::PartitionAttach };
        let mut op = self.action_op(target, kind, span);
        op.if_exists = c.if_exists();
        op.name = Some(c.name()?);
        op.concurrently = c.has("CONCURRENTLY");
        if detach && !op.concurrently && c.rest().iter().any(|t| t.hole) {
            op.doubt(Doubt::Concurrently);
        }
        op.detail = if c.has("DEFAULT") && !c.has("VALUES") {
            "default"
        } else if c.has("FINALIZE") {
            "finalize"
        } else {
            ""
        };
        if !detach && !c.done() {
            let bound = Some(c.shown());
            op.details = Details::Table(Box::new(TableDetails { bound, ..TableDetails::default() }));
        }
        self.push(op);
        Ok(())
    }

    /// ENABLE and DISABLE of triggers, rules and row level security; T-SQL's CHECK and NOCHECK CONSTRAINT.
    fn switch(&self, target: &Target, mut c: Cursor<'a>, span: Span) -> Option<Operation> {
        let detail = if c.eat("DISABLE") {
            "disable"
        } else if c.eat("NO FORCE") {
            "no-force"
        } else if c.eat("FORCE") {
            "force"
        } else if c.eat("CHECK") {
            "check"
        } else if c.eat("NOCHECK") {
            "no-check"
        } else if c.eat("ENABLE ALWAYS") {
            "enable-always"
        } else if c.eat("ENABLE REPLICA") {
            "enable-replica"
        } else {
            c.eat("ENABLE");
            "enable"
        };
        let kind = if c.eat("ROW LEVEL SECURITY") {
            OpKind::PolicyAlter
        } else if c.eat("TRIGGER") {
            OpKind::TriggerAlter
        } else if c.eat("RULE") {
            OpKind::RuleAlter
        } else if c.eat("CONSTRAINT") {
            OpKind::ConstraintAlter
        } else {
            return None;
        };
        let mut op = self.action_op(target, kind, span);
        op.detail = detail;
        // ALL and USER stand for many.
        if kind != OpKind::PolicyAlter && !(c.is_any(&["ALL", "USER"]) && c.rest().len() == 1) {
            op.name = c.name().ok();
        }
        Some(op)
    }

    /// An action on an index or a sequence: each is an operation on the object itself.
    fn named_action(&mut self, target: &Target, c: &mut Cursor<'a>) -> Read {
        let mut op = self.op(target.word.alter());
        op.if_exists = target.if_exists;
        op.name = Some(target.table.clone());
        if target.count > 1 {
            op.span = c.span();
        }
        if c.eat("RENAME TO") {
            op.kind = target.word.rename();
            let new = c.name()?;
            op.details = match target.word {
                Word::Index => {
                    let new_name = Some(new.to_string());
                    Details::Index(Box::new(IndexDetails { new_name, ..IndexDetails::default() }))
                }
                _ => Details::Object(Box::new(ObjectDetails { new_name: Some(new), ..ObjectDetails::default() })),
            };
        } else if c.eat("ATTACH PARTITION") {
            op.kind = OpKind::PartitionAttach;
            op.detail = "index";
            op.table = op.name.take();
            op.name = Some(c.name()?);
        } else if c.eat("OWNED BY") {
            op.detail = "owned-by";
            if !c.is("NONE") {
                let (table, column) = c.column()?;
                op.table = table;
                let part = column.known().map(|column| column.name.clone());
                op.details = Details::Object(Box::new(ObjectDetails { part, ..ObjectDetails::default() }));
            }
        } else if c.has("SET STATISTICS") {
            op.detail = "statistics";
        } else if let Some((phrase, detail)) = ACTIONS.iter().find(|(phrase, _)| c.at_phrase(phrase)) {
            c.eat(phrase);
            op.detail = detail;
            if *detail == "schema" {
                let new_name = object::moved(op.name.as_ref(), c);
                op.details = Details::Object(Box::new(ObjectDetails { new_name, ..ObjectDetails::default() }));
            }
        } else {
            // Options of a sequence, and actions that only a table takes.
            op.detail = "options";
        }
        self.push(op);
        Ok(())
    }

    /// T-SQL's ALTER INDEX name ON table REBUILD | REORGANIZE | DISABLE | SET.
    fn rebuild_index(&mut self, c: &mut Cursor<'a>, name: Known<QualifiedName>) -> Read {
        let mut op = self.op(OpKind::IndexAlter);
        op.name = Some(name).filter(|name| name.known().is_none_or(|name| name.name != "all"));
        if c.eat("ON") {
            op.table = Some(c.name()?);
        }
        (op.kind, op.detail) = if c.eat("REBUILD") {
            (OpKind::IndexReindex, "rebuild")
        } else if c.eat("REORGANIZE") {
            (OpKind::IndexAlter, "reorganize")
        } else if c.eat("DISABLE") {
            (OpKind::IndexAlter, "disable")
        } else {
            (OpKind::IndexAlter, "parameters")
        };
        let concurrently = index::online(*c);
        op.concurrently = concurrently;
        op.details = Details::Index(Box::new(IndexDetails { concurrently, ..IndexDetails::default() }));
        self.push(op);
        Ok(())
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

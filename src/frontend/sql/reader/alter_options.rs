//! The actions of ALTER that are about a relation as a whole.

use super::alter::{Target, Word};
use super::table::{named_constraint, qualified};
use super::{Reader, index, object};
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Details, Doubt, IndexDetails, Known, ObjectDetails, OpKind, Operation, QualifiedName, TableDetails};
use crate::span::Span;

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
    /// The actions that are about the table as a whole.
    pub(super) fn table_option(&mut self, target: &Target, c: &mut Cursor<'a>, span: Span) -> Read {
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
    pub(super) fn named_action(&mut self, target: &Target, c: &mut Cursor<'a>) -> Read {
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
    pub(super) fn rebuild_index(&mut self, c: &mut Cursor<'a>, name: Known<QualifiedName>) -> Read {
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

//! CREATE, ALTER and DROP of everything that is not a table or an index; COMMENT, GRANT and REVOKE.

use super::Reader;
use super::table::Modifiers;
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Details, Known, OpKind, OpaqueReason, QualifiedName, TableDetails};

/// An object: the words it is named with, and its kinds of CREATE, ALTER and DROP.
type Object = (&'static str, OpKind, OpKind, OpKind);

/// Longer phrases first.
const OBJECTS: &[Object] = &[
    ("MATERIALIZED VIEW", OpKind::MatviewCreate, OpKind::Other, OpKind::MatviewDrop),
    ("VIEW", OpKind::ViewCreate, OpKind::Other, OpKind::ViewDrop),
    ("TYPE", OpKind::TypeCreate, OpKind::Other, OpKind::TypeDrop),
    ("DOMAIN", OpKind::DomainCreate, OpKind::DomainAlter, OpKind::TypeDrop),
    ("SEQUENCE", OpKind::SequenceCreate, OpKind::SequenceAlter, OpKind::SequenceDrop),
    ("FUNCTION", OpKind::FunctionCreate, OpKind::FunctionAlter, OpKind::FunctionDrop),
    ("PROCEDURE", OpKind::FunctionCreate, OpKind::FunctionAlter, OpKind::FunctionDrop),
    ("PROC", OpKind::FunctionCreate, OpKind::FunctionAlter, OpKind::FunctionDrop),
    ("ROUTINE", OpKind::FunctionCreate, OpKind::FunctionAlter, OpKind::FunctionDrop),
    ("AGGREGATE", OpKind::FunctionCreate, OpKind::FunctionAlter, OpKind::FunctionDrop),
    ("CONSTRAINT TRIGGER", OpKind::TriggerCreate, OpKind::TriggerAlter, OpKind::TriggerDrop),
    ("TRIGGER", OpKind::TriggerCreate, OpKind::TriggerAlter, OpKind::TriggerDrop),
    ("POLICY", OpKind::PolicyCreate, OpKind::PolicyAlter, OpKind::PolicyDrop),
    ("EXTENSION", OpKind::ExtensionCreate, OpKind::ExtensionAlter, OpKind::ExtensionDrop),
    ("SCHEMA", OpKind::SchemaCreate, OpKind::SchemaAlter, OpKind::SchemaDrop),
    ("DATABASE", OpKind::DatabaseCreate, OpKind::DatabaseAlter, OpKind::DatabaseDrop),
    ("ROLE", OpKind::RoleCreate, OpKind::RoleAlter, OpKind::RoleDrop),
    ("USER MAPPING", OpKind::Other, OpKind::Other, OpKind::Other),
    ("USER", OpKind::RoleCreate, OpKind::RoleAlter, OpKind::RoleDrop),
    ("GROUP", OpKind::RoleCreate, OpKind::RoleAlter, OpKind::RoleDrop),
    ("LOGIN", OpKind::RoleCreate, OpKind::RoleAlter, OpKind::RoleDrop),
    ("PUBLICATION", OpKind::PublicationCreate, OpKind::PublicationAlter, OpKind::PublicationDrop),
];

/// Objects that no rule looks at.
const UNINTERESTING: &[&str] = &[
    "EVENT TRIGGER",
    "EVENT",
    "COLLATION",
    "CONVERSION",
    "OPERATOR",
    "CAST",
    "RULE",
    "SERVER",
    "FOREIGN DATA",
    "LANGUAGE",
    "TEXT SEARCH",
    "STATISTICS",
    "TABLESPACE",
    "SUBSCRIPTION",
    "TRANSFORM",
    "ACCESS METHOD",
    "SYNONYM",
    "DEFAULT",
    "LARGE OBJECT",
    "SYSTEM",
    "OWNED BY",
    "DEFAULT PRIVILEGES",
    "INSTANCE",
    "SECRET",
    "CONSTRAINT",
    "USER MAPPING",
];

fn object(c: &mut Cursor<'_>) -> Option<Object> {
    let found = OBJECTS.iter().find(|(phrase, ..)| c.at_phrase(phrase))?;
    c.eat(found.0);
    Some(*found)
}

fn uninteresting(c: &Cursor<'_>) -> bool {
    UNINTERESTING.iter().any(|phrase| c.at_phrase(phrase))
}

/// Words before the object that change nothing this program looks at.
const SILENT: &[&str] = &[
    "GLOBAL",
    "LOCAL",
    "RECURSIVE",
    "TRUSTED",
    "PROCEDURAL",
    "FULLTEXT",
    "SPATIAL",
    "CLUSTERED",
    "NONCLUSTERED",
    "COLUMNSTORE",
    "VIRTUAL",
    "EXTERNAL",
    "SECURE",
    "SQL SECURITY DEFINER",
    "SQL SECURITY INVOKER",
];

/// Words between CREATE and the object. An unknown part there is one of them.
fn modifiers(c: &mut Cursor<'_>) -> (Modifiers, bool) {
    let mut found = Modifiers::default();
    let mut unique = false;
    loop {
        if c.eat("OR REPLACE") || c.eat("OR ALTER") {
            found.or_replace = true;
        } else if c.eat_any(&["TEMP", "TEMPORARY"]) {
            found.temporary = true;
        } else if c.eat("UNLOGGED") {
            found.unlogged = true;
        } else if c.eat("UNIQUE") {
            unique = true;
        } else if c.eat_any(&["ALGORITHM", "DEFINER"]) {
            c.until_word(&["SQL", "VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "EVENT", "AGGREGATE"]);
        } else if !c.eat_any(SILENT) && !c.eat_unknown() {
            return (found, unique);
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn create(&mut self, c: &mut Cursor<'a>) -> Read {
        let (found, unique) = modifiers(c);
        if c.eat_end_of("INDEX") {
            return self.create_index(c, unique);
        }
        if c.eat("FOREIGN TABLE") {
            return self.create_table(c, found, "foreign");
        }
        if c.eat_end_of("TABLE") {
            return self.create_table(c, found, "");
        }
        let start = *c;
        if let Some((phrase, kind, ..)) = object(c)
            && kind != OpKind::Other
        {
            return self.create_object(c, phrase, kind, found);
        }
        if uninteresting(&start) {
            self.other("create");
            return Ok(());
        }
        Err("what to create")
    }

    fn create_object(&mut self, c: &mut Cursor<'a>, phrase: &str, kind: OpKind, found: Modifiers) -> Read {
        let mut op = self.op(kind);
        op.if_not_exists = c.if_not_exists() || found.or_replace;
        let unnamed = (kind == OpKind::SchemaCreate && c.is("AUTHORIZATION")) || phrase == "TRIGGER" && c.is("ON");
        let name = if unnamed { None } else { Some(c.name()?) };
        if matches!(kind, OpKind::ViewCreate | OpKind::MatviewCreate) {
            op.table.clone_from(&name);
        }
        if matches!(kind, OpKind::TriggerCreate | OpKind::PolicyCreate) {
            let mut rest = *c;
            rest.until(|c| c.is("ON"));
            if rest.eat("ON") {
                op.table = Some(rest.relation()?);
            }
        }
        if kind == OpKind::TypeCreate {
            op.detail = if c.at_phrase("AS ENUM") {
                "enum"
            } else if c.at_phrase("AS RANGE") {
                "range"
            } else if c.is("AS") {
                "composite"
            } else {
                ""
            };
        }
        if kind == OpKind::FunctionCreate {
            op.detail = if c.has("SECURITY DEFINER") { "security-definer" } else { "" };
        }
        op.name = name;
        self.push(op);
        if kind == OpKind::SchemaCreate {
            // CREATE SCHEMA s CREATE TABLE …: its elements are statements.
            self.schema_elements(c);
        }
        Ok(())
    }

    fn schema_elements(&mut self, c: &mut Cursor<'a>) {
        c.until_word(&["CREATE", "GRANT"]);
        let whole = self.span;
        while !c.done() && c.dialect == Dialect::Postgres {
            let start = *c;
            c.step();
            c.until_word(&["CREATE", "GRANT"]);
            let count = start.rest().len() - c.rest().len();
            self.statement(start.rest().get(..count).unwrap_or_default(), false);
        }
        self.span = whole;
    }

    pub(super) fn alter(&mut self, c: &mut Cursor<'a>) -> Read {
        if c.eat("TABLE") || c.eat("FOREIGN TABLE") || c.eat("ONLINE TABLE") {
            return self.alter_table(c);
        }
        if c.eat("INDEX") {
            return self.alter_index(c);
        }
        let (found, _) = modifiers(c);
        let start = *c;
        let Some((phrase, _, kind, _)) = object(c) else {
            if uninteresting(&start) {
                self.other("alter");
                return Ok(());
            }
            return Err("what to alter");
        };
        let mut op = self.op(kind);
        op.if_exists = c.if_exists();
        op.if_not_exists = found.or_replace;
        op.name = Some(c.name()?);
        match phrase {
            "VIEW" | "MATERIALIZED VIEW" => {
                op.detail = "alter-view";
                op.table = op.name.take();
                if c.eat("RENAME TO") {
                    op.kind = OpKind::TableRename;
                    op.detail = "view";
                    let new_name = Some(c.name()?);
                    op.details = Details::Table(Box::new(TableDetails { new_name, ..TableDetails::default() }));
                }
            }
            "TYPE" => {
                op.detail = "alter-type";
                if c.eat("ADD VALUE") {
                    op.kind = OpKind::EnumAddValue;
                    op.detail = "";
                    op.if_not_exists = c.if_not_exists();
                } else if c.eat("RENAME VALUE") {
                    op.kind = OpKind::EnumRenameValue;
                    op.detail = "";
                }
            }
            "TRIGGER" | "POLICY" if c.eat("ON") => op.table = Some(c.relation()?),
            _ => {}
        }
        self.push(op);
        Ok(())
    }

    pub(super) fn drop_object(&mut self, c: &mut Cursor<'a>) -> Read {
        c.eat("TEMPORARY");
        if c.eat("INDEX") {
            return self.drop_index(c);
        }
        if c.eat("TABLE") || c.eat("FOREIGN TABLE") || c.eat("TABLES") {
            return self.drop_tables(c, OpKind::TableDrop);
        }
        let start = *c;
        let Some((phrase, _, _, kind)) = object(c).filter(|object| object.3 != OpKind::Other) else {
            if uninteresting(&start) {
                self.other("drop");
                return Ok(());
            }
            return Err("what to drop");
        };
        let if_exists = c.if_exists();
        let cascade = c.has("CASCADE");
        for mut part in c.until(|c| c.is_any(&["CASCADE", "RESTRICT"])).split_commas() {
            let mut op = self.op(kind);
            (op.if_exists, op.cascade) = (if_exists, cascade);
            let name = part.name()?;
            if matches!(phrase, "VIEW" | "MATERIALIZED VIEW") {
                op.table = Some(name.clone());
            } else if part.eat("ON") {
                op.table = Some(part.relation()?);
            }
            op.name = Some(name);
            self.push(op);
        }
        Ok(())
    }

    /// REFRESH MATERIALIZED VIEW.
    pub(super) fn refresh(&mut self, c: &mut Cursor<'a>) -> Read {
        c.expect("MATERIALIZED VIEW")?;
        let mut op = self.op(OpKind::MatviewRefresh);
        op.concurrently = c.eat("CONCURRENTLY");
        let name = c.name()?;
        op.table = Some(name.clone());
        op.name = Some(name);
        op.detail = if c.at_phrase("WITH NO DATA") { "no-data" } else { "" };
        self.push(op);
        Ok(())
    }

    pub(super) fn comment(&mut self, c: &mut Cursor<'a>) -> Read {
        c.expect("ON")?;
        let mut op = self.op(OpKind::CommentSet);
        if c.eat_any(&["TABLE", "VIEW", "FOREIGN TABLE", "MATERIALIZED VIEW"]) {
            op.table = Some(c.name()?);
        } else if c.eat("COLUMN") {
            let mut name = c.name()?;
            if let Known::Known(column, span) = &name
                && let Some(table) = column.schema.clone()
            {
                op.table = Some(Known::Known(QualifiedName::bare(table), *span));
                name = Known::Known(QualifiedName::bare(column.name.clone()), *span);
            }
            op.name = Some(name);
        } else {
            let mut rest = *c;
            rest.until_word(&["ON", "IS"]);
            if rest.eat("ON") {
                op.table = rest.name().ok();
            }
        }
        self.push(op);
        Ok(())
    }

    pub(super) fn privilege(&mut self, c: &mut Cursor<'a>, kind: OpKind) -> Read {
        let mut op = self.op(kind);
        c.until_word(&["ON", "TO", "FROM"]);
        if c.done() && c.text.is_known() {
            return Err("what is granted");
        }
        if c.eat("ON") {
            let on_table = c.eat("TABLE")
                || !c.is_any(&[
                    "SCHEMA",
                    "SEQUENCE",
                    "FUNCTION",
                    "PROCEDURE",
                    "ROUTINE",
                    "DATABASE",
                    "DOMAIN",
                    "TYPE",
                    "LANGUAGE",
                    "LARGE",
                    "PARAMETER",
                    "TABLESPACE",
                    "FOREIGN",
                    "ALL",
                ]);
            if on_table && matches!(c.kind(), Some(Kind::Word | Kind::Quoted | Kind::Hole)) {
                op.table = c.name().ok();
            }
        }
        self.push(op);
        Ok(())
    }
}

impl Reader<'_> {
    /// A statement whose text is made when it runs.
    pub(super) fn unresolved(&mut self, reason: String) {
        self.opaque(OpaqueReason::Unresolved(reason), self.span);
    }
}

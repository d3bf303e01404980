//! GRANT and REVOKE, COMMENT, SECURITY LABEL: statements about objects of every sort.

use std::sync::Arc;

use super::Reader;
use super::catalog::{Named, Object, Shape, label};
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Details, Known, OpKind, PrivilegeDetails, QualifiedName};

/// `ALL … IN SCHEMA`, and the detail.
const ALL_IN_SCHEMA: &[(&str, &str)] = &[
    ("ALL TABLES IN SCHEMA", "all-tables"),
    ("ALL SEQUENCES IN SCHEMA", "all-sequences"),
    ("ALL FUNCTIONS IN SCHEMA", "all-functions"),
    ("ALL PROCEDURES IN SCHEMA", "all-procedures"),
    ("ALL ROUTINES IN SCHEMA", "all-routines"),
];

impl<'a> Reader<'a> {
    /// COMMENT ON object IS text.
    pub(super) fn comment(&mut self, c: &mut Cursor<'a>) -> Read {
        c.expect("ON")?;
        self.described(c, OpKind::CommentSet)
    }

    /// SECURITY LABEL [FOR provider] ON object IS label.
    pub(super) fn security_label(&mut self, c: &mut Cursor<'a>) -> Read {
        c.expect("SECURITY LABEL")?;
        if c.eat("FOR") {
            label(c)?;
        }
        c.expect("ON")?;
        self.described(c, OpKind::SecurityLabelSet)
    }

    fn described(&mut self, c: &mut Cursor<'a>, kind: OpKind) -> Read {
        let mut op = self.op(kind);
        if c.eat("COLUMN") {
            let (table, column) = c.column()?;
            (op.detail, op.table, op.name) = ("column", table, Some(column));
        } else if c.eat("CONSTRAINT") {
            op.detail = "constraint";
            op.name = Some(c.name()?);
            c.expect("ON")?;
            if c.eat("DOMAIN") {
                op.detail = "domain-constraint";
                op.table = Some(c.name()?);
            } else {
                op.table = Some(c.relation()?);
            }
        } else {
            let object = Object::read(c).ok_or("what the text is about")?;
            // `IS` follows: a table called `t` is not `t IS …`.
            let named = Named::read(c, object.shape)?;
            (op.table, op.name) = (named.table, named.name);
            op.detail = detail(object);
            if let Some(details) = named.details {
                op.details = Details::Object(Box::new(details));
            }
        }
        self.push(op);
        Ok(())
    }

    /// GRANT and REVOKE: an operation for each object, or for each role.
    pub(super) fn privilege(&mut self, c: &mut Cursor<'a>, kind: OpKind) -> Read {
        let _ = c.eat("GRANT OPTION FOR") || c.eat("ADMIN OPTION FOR") || c.eat("INHERIT OPTION FOR");
        let list = c.until_word(&["ON", "TO", "FROM"]);
        if c.done() && c.text.is_known() {
            return Err("what is granted");
        }
        let mut details = PrivilegeDetails { privileges: privileges(list), ..PrivilegeDetails::default() };
        let on = c.eat("ON");
        let objects = if on { c.until_word(&["TO", "FROM"]) } else { list };
        details.grantees = grantees(*c);
        details.grant_option = c.has("WITH GRANT OPTION") || c.has("WITH ADMIN");
        let cascade = c.has("CASCADE");
        let before = self.operations.len();
        if on {
            self.granted_on(objects, kind)?;
        } else {
            for mut role in objects.split_commas() {
                let mut op = self.op(kind);
                op.detail = "role";
                op.name = role.name().ok();
                self.push(op);
            }
        }
        let details = Arc::new(details);
        for op in self.operations.iter_mut().skip(before) {
            op.cascade = cascade;
            op.details = Details::Privilege(Arc::clone(&details));
        }
        Ok(())
    }

    /// The objects after ON.
    fn granted_on(&mut self, mut c: Cursor<'a>, kind: OpKind) -> Read {
        if let Some((_, detail)) = ALL_IN_SCHEMA.iter().find(|(phrase, _)| c.eat(phrase)) {
            for mut part in c.split_commas() {
                let mut op = self.op(kind);
                (op.detail, op.name) = (detail, Some(part.name()?));
                self.push(op);
            }
            return Ok(());
        }
        let start = c;
        let mut object = None;
        // A table may be called `type` or `language`: then a comma, or nothing, follows.
        if !matches!(c.peek_nth(1).map(|t| t.kind), None | Some(Kind::Comma | Kind::Dot)) {
            object = Object::read(&mut c);
            if object.is_none() && c.eat("PARAMETER") {
                return self.granted_parts(c, kind, Shape::Plain, "parameter");
            }
        }
        let (shape, detail) = object.map_or((Shape::Table, ""), |object| (object.shape, detail(object)));
        let c = if object.is_some() { c } else { start };
        self.granted_parts(c, kind, shape, detail)
    }

    fn granted_parts(&mut self, c: Cursor<'a>, kind: OpKind, shape: Shape, detail: &'static str) -> Read {
        for mut part in c.split_commas() {
            let mut op = self.op(kind);
            let named = Named::read(&mut part, shape)?;
            (op.table, op.name, op.detail) = (named.table, named.name, detail);
            self.push(op);
        }
        Ok(())
    }

    /// ALTER DEFAULT PRIVILEGES [FOR ROLE roles] [IN SCHEMA schemas] GRANT … ON TABLES TO ….
    pub(super) fn default_privileges(&mut self, c: &mut Cursor<'a>) -> Read {
        let mut schemas: Vec<Option<Known<QualifiedName>>> = Vec::new();
        while !c.done() && !c.is_any(&["GRANT", "REVOKE"]) {
            if c.eat("IN SCHEMA") {
                let list = c.until_word(&["FOR", "GRANT", "REVOKE"]);
                schemas.extend(list.split_commas().into_iter().map(|mut part| part.name().ok()));
            } else {
                c.skip();
            }
        }
        let kind = if c.eat("GRANT") {
            OpKind::PrivilegeGrant
        } else {
            c.expect("REVOKE")?;
            OpKind::PrivilegeRevoke
        };
        c.eat("GRANT OPTION FOR");
        let privileges = privileges(c.until_word(&["ON"]));
        c.expect("ON")?;
        let details = PrivilegeDetails { privileges, grantees: grantees(*c), grant_option: c.has("WITH GRANT OPTION") };
        let details = Arc::new(details);
        if schemas.is_empty() {
            schemas.push(None);
        }
        for schema in schemas {
            let mut op = self.op(kind);
            (op.detail, op.name) = ("default", schema);
            op.details = Details::Privilege(Arc::clone(&details));
            self.push(op);
        }
        Ok(())
    }
}

/// The sort of object where it is no table.
fn detail(object: Object) -> &'static str {
    if object.detail.is_empty() { object.alter.family() } else { object.detail }
}

/// `SELECT (a, b), UPDATE` to their words.
fn privileges(list: Cursor<'_>) -> Vec<String> {
    let words = |mut part: Cursor<'_>| part.until(|c| c.at_kind(Kind::Open)).shown().to_lowercase();
    list.split_commas().into_iter().map(words).collect()
}

/// The names after TO or FROM.
fn grantees(mut c: Cursor<'_>) -> Vec<String> {
    c.until_word(&["TO", "FROM"]);
    c.step();
    let list = c.until_word(&["WITH", "GRANTED", "CASCADE", "RESTRICT"]);
    let name = |mut part: Cursor<'_>| {
        part.eat("GROUP");
        part.ident_text()
    };
    list.split_commas().into_iter().filter_map(name).collect()
}

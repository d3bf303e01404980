//! Table constraints.

use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{ConstraintDetails, ConstraintKind, Known, QualifiedName, References};

/// A constraint of which only the sort is known.
pub(super) fn named(kind: ConstraintKind, name: Option<String>) -> ConstraintDetails {
    ConstraintDetails {
        kind,
        name,
        columns: Vec::new(),
        references: None,
        not_valid: false,
        using_index: None,
        expression: None,
        new_name: None,
    }
}

/// `REFERENCES table [(columns)] …`; the actions after it are left to the caller.
pub(super) fn references(c: &mut Cursor<'_>) -> Option<References> {
    if !c.eat("REFERENCES") {
        return None;
    }
    let table = c.name().ok()?;
    let columns = c.group().map(Cursor::column_list).unwrap_or_default();
    while !c.done() {
        if c.eat("MATCH") {
            c.skip();
        } else if c.eat("ON DELETE") || c.eat("ON UPDATE") {
            if !(c.eat("SET NULL") || c.eat("SET DEFAULT")) {
                let _ = c.eat("NO ACTION") || c.eat_any(&["CASCADE", "RESTRICT"]);
            }
            c.group();
        } else {
            break;
        }
    }
    Some(References { table, columns })
}

/// Whether a table constraint, not a column, starts here.
pub(super) fn starts(c: &Cursor<'_>) -> bool {
    let open = |n: usize| c.peek_nth(n).is_some_and(|t| t.kind == Kind::Open);
    c.is("CONSTRAINT")
        || c.at_phrase("PRIMARY KEY")
        || c.at_phrase("FOREIGN KEY")
        || c.at_phrase("UNIQUE USING")
        || c.at_phrase("UNIQUE KEY")
        || c.at_phrase("UNIQUE INDEX")
        || c.at_phrase("UNIQUE NULLS")
        || c.at_phrase("NOT NULL")
        || (c.is("UNIQUE") && (open(1) || open(2)))
        || (c.is("CHECK") && open(1))
        || (c.is("EXCLUDE") && (open(1) || c.at_phrase("EXCLUDE USING")))
}

/// A table constraint and its name.
pub(super) fn read(c: &mut Cursor<'_>) -> Read<(ConstraintDetails, Option<Known<QualifiedName>>)> {
    let mut name = None;
    if c.eat("CONSTRAINT") && !c.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) {
        c.if_not_exists();
        name = c.ident();
    }
    let text = name.as_ref().and_then(Known::known).cloned();
    let mut details = named(ConstraintKind::Named, text);
    let mut written = None;
    if c.eat("PRIMARY KEY") {
        details.kind = ConstraintKind::PrimaryKey;
        keys(c, &mut details);
    } else if c.eat("UNIQUE") {
        details.kind = ConstraintKind::Unique;
        c.eat_any(&["KEY", "INDEX"]);
        c.eat("NULLS NOT DISTINCT");
        if !c.at_kind(Kind::Open) && !c.is("USING") {
            // MySQL: UNIQUE KEY name (columns).
            written = c.ident();
        }
        keys(c, &mut details);
    } else if c.eat("FOREIGN KEY") {
        details.kind = ConstraintKind::ForeignKey;
        c.if_not_exists();
        if !c.at_kind(Kind::Open) {
            written = c.ident();
        }
        details.columns = c.group().ok_or("columns")?.column_list();
        details.references = references(c);
    } else if c.eat("CHECK") {
        details.kind = ConstraintKind::Check;
        details.expression = Some(c.group().ok_or("a condition")?.shown());
    } else if c.eat("EXCLUDE") {
        details.kind = ConstraintKind::Exclusion;
        details.expression = Some(c.shown());
        if c.eat("USING") {
            c.skip();
        }
        c.group();
    } else if c.eat("NOT NULL") {
        details.kind = ConstraintKind::NotNull;
        details.columns.extend(c.ident_text());
    } else {
        return Err("a constraint");
    }
    details.not_valid = c.has("NOT VALID");
    if name.is_none() {
        details.name = written.as_ref().and_then(Known::known).cloned();
        name = written;
    }
    Ok((details, name.map(|name| name.map(QualifiedName::bare))))
}

/// `(columns)` or `USING INDEX name`.
fn keys(c: &mut Cursor<'_>, details: &mut ConstraintDetails) {
    if c.eat("USING INDEX") {
        details.using_index = c.ident_text();
        return;
    }
    if c.eat("USING") {
        c.skip();
    }
    c.eat_any(&["CLUSTERED", "NONCLUSTERED"]);
    details.columns = c.group().map(Cursor::column_list).unwrap_or_default();
    let mut rest = *c;
    rest.until(|c| c.at_phrase("USING INDEX"));
    if rest.eat("USING INDEX") && !rest.is("TABLESPACE") {
        details.using_index = rest.ident_text();
    }
}

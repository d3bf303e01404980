//! Table constraints.

use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{ConstraintDetails, ConstraintKind, IndexColumn, Known, QualifiedName, References, ReferentialAction};

/// A constraint of which only the sort is known.
pub(super) fn named(kind: ConstraintKind, name: Option<String>) -> ConstraintDetails {
    ConstraintDetails { kind, name, ..ConstraintDetails::default() }
}

/// `REFERENCES table [(columns)] [MATCH …] [ON DELETE …] [ON UPDATE …]`
pub(super) fn references(c: &mut Cursor<'_>) -> Option<References> {
    if !c.eat("REFERENCES") {
        return None;
    }
    let table = c.name().ok()?;
    let columns = c.group().map(Cursor::column_list).unwrap_or_default();
    let mut to = References { table, columns, on_delete: None, on_update: None, matching: None };
    while !c.done() {
        if c.eat("MATCH") {
            to.matching = c.ident_text();
        } else if c.eat("ON DELETE") {
            to.on_delete = action(c);
        } else if c.eat("ON UPDATE") {
            to.on_update = action(c);
        } else {
            break;
        }
    }
    Some(to)
}

fn action(c: &mut Cursor<'_>) -> Option<ReferentialAction> {
    let actions = [
        ("SET NULL", ReferentialAction::SetNull),
        ("SET DEFAULT", ReferentialAction::SetDefault),
        ("NO ACTION", ReferentialAction::NoAction),
        ("CASCADE", ReferentialAction::Cascade),
        ("RESTRICT", ReferentialAction::Restrict),
    ];
    let found = actions.into_iter().find(|(phrase, _)| c.eat(phrase)).map(|(_, action)| action);
    // SET NULL (columns)
    c.group();
    found
}

/// One word of what may follow a constraint; `false` where none stands here.
pub(super) fn attribute(c: &mut Cursor<'_>, details: &mut ConstraintDetails) -> bool {
    if c.eat("NOT DEFERRABLE") {
        details.deferrable = false;
    } else if c.eat("DEFERRABLE") {
        details.deferrable = true;
    } else if c.eat("INITIALLY DEFERRED") {
        (details.deferrable, details.initially_deferred) = (true, true);
    } else if c.eat("INITIALLY IMMEDIATE") {
        details.initially_deferred = false;
    } else if c.eat("NO INHERIT") {
        details.no_inherit = true;
    } else if c.eat("INHERIT") {
        details.no_inherit = false;
    } else if c.eat("NOT VALID") {
        details.not_valid = true;
    } else if c.eat("NOT ENFORCED") {
        details.not_enforced = true;
    } else if c.eat("ENFORCED") {
        details.not_enforced = false;
    } else if c.eat("NULLS NOT DISTINCT") {
        details.nulls_not_distinct = true;
    } else if c.eat("INCLUDE") {
        details.include = c.group().map(Cursor::column_list).unwrap_or_default();
    } else {
        return false;
    }
    true
}

/// What follows a constraint.
pub(super) fn attributes(c: &mut Cursor<'_>, details: &mut ConstraintDetails) {
    while !c.done() {
        if !attribute(c, details) {
            c.skip();
        }
    }
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
    if c.eat("CONSTRAINT") && !(c.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) && unnamed(c)) {
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
        details.nulls_not_distinct = c.eat("NULLS NOT DISTINCT");
        c.eat("NULLS DISTINCT");
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
        let start = *c;
        if c.eat("USING") {
            c.skip();
        }
        if let Some(elements) = c.group() {
            details.keys = elements.split_commas().into_iter().map(element).collect();
            let columns = details.keys.iter().filter(|key| !key.expression);
            details.columns = columns.map(|key| key.text.clone()).collect();
        }
        if c.eat("WHERE") {
            c.group();
        }
        details.expression = Some(c.text.shown(start.range_to(c)));
    } else if c.eat("NOT NULL") {
        details.kind = ConstraintKind::NotNull;
        details.columns.extend(c.ident_text());
    } else {
        return Err("a constraint");
    }
    attributes(c, &mut details);
    if name.is_none() {
        details.name = written.as_ref().and_then(Known::known).cloned();
        name = written;
    }
    Ok((details, name.map(|name| name.map(QualifiedName::bare))))
}

/// `column WITH operator`, `(expression) WITH operator`
fn element(mut c: Cursor<'_>) -> IndexColumn {
    let key = c.until_word(&["WITH"]);
    let mut name = key;
    let operators = c.shown();
    match name.ident_text() {
        // An operator class, an order, may follow the column.
        Some(text) if !name.at_kind(Kind::Open) && !name.at_kind(Kind::Dot) => {
            let options = [name.shown(), operators].join(" ").trim().to_owned();
            IndexColumn { text, expression: false, options }
        }
        _ => IndexColumn { text: key.shown(), expression: true, options: operators },
    }
}

/// Whether the constraint starts right after the word CONSTRAINT, as MySQL lets it.
fn unnamed(c: &Cursor<'_>) -> bool {
    c.at_phrase("PRIMARY KEY") || c.at_phrase("FOREIGN KEY") || !c.peek_nth(1).is_some_and(|t| t.kind == Kind::Word)
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

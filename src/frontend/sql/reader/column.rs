//! Column definitions and types.

use super::constraint;
use crate::frontend::sql::cursor::Cursor;
use crate::frontend::sql::lexer::Kind;
use crate::ir::{ColumnDetails, ConstraintKind, TypeName};

/// Words that end a type, a default or another part of a column definition.
const CLAUSES: &[&str] = &[
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "CONSTRAINT",
    "GENERATED",
    "COLLATE",
    "USING",
    "COMMENT",
    "AUTO_INCREMENT",
    "AUTOINCREMENT",
    "IDENTITY",
    "AFTER",
    "FIRST",
    "ON",
    "AS",
    "KEY",
    "STORAGE",
    "COMPRESSION",
    "VIRTUAL",
    "STORED",
    "DEFERRABLE",
    "INITIALLY",
    "INVISIBLE",
    "VISIBLE",
    "ENCODE",
    "OPTIONS",
    "ALGORITHM",
    "LOCK",
    "SPARSE",
    "ROWGUIDCOL",
    "PERSISTED",
    "WITH",
];

/// Names that are two or more words.
const LONG_NAMES: &[&str] = &[
    "double precision",
    "character varying",
    "national character varying",
    "national character",
    "char varying",
    "bit varying",
    "long varchar",
    "long raw",
];

/// The server's own name of a type.
fn canonical(name: &str) -> Option<&'static str> {
    Some(match name {
        "int" | "int4" | "integer" => "integer",
        "int8" | "bigint" => "bigint",
        "int2" | "smallint" => "smallint",
        "bool" | "boolean" => "boolean",
        "varchar" | "character varying" | "char varying" => "character varying",
        "char" | "bpchar" | "character" => "character",
        "decimal" | "numeric" | "dec" => "numeric",
        "float8" | "double precision" | "double" => "double precision",
        "float4" | "real" => "real",
        "timestamptz" | "timestamp with time zone" => "timestamp with time zone",
        "timestamp" | "timestamp without time zone" => "timestamp without time zone",
        "timetz" | "time with time zone" => "time with time zone",
        "time" | "time without time zone" => "time without time zone",
        "serial4" | "serial" => "serial",
        "serial8" | "bigserial" => "bigserial",
        "serial2" | "smallserial" => "smallserial",
        "varbit" | "bit varying" => "bit varying",
        _ => return None,
    })
}

/// A type; the cursor is left after it.
pub(super) fn type_name(c: &mut Cursor<'_>) -> Option<TypeName> {
    let mut of = TypeName::default();
    c.eat("SETOF");
    let long = LONG_NAMES.iter().find(|name| c.at_phrase(name));
    let mut name = if let Some(long) = long {
        c.eat(long);
        (*long).to_owned()
    } else {
        if CLAUSES.iter().any(|clause| c.is(clause)) {
            return None;
        }
        c.name().ok()?.to_string()
    };
    if c.at_kind(Kind::Open)
        && let Some(inner) = c.group()
    {
        of.arguments = inner.split_commas().iter().map(Cursor::shown).collect();
    }
    for (phrase, suffix) in [("WITH TIME ZONE", " with time zone"), ("WITHOUT TIME ZONE", " without time zone")] {
        if c.eat(phrase) {
            name.push_str(suffix);
        }
    }
    while c.eat_any(&["UNSIGNED", "SIGNED", "ZEROFILL", "VARYING"]) {}
    if c.eat("CHARACTER SET") || c.eat("CHARSET") {
        c.skip();
    }
    if name == "interval" {
        // `interval day to second (3)`
        while c.eat_any(&["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"]) {}
        c.group();
    }
    if c.eat("ARRAY") {
        of.dimensions = 1;
        c.group();
    }
    while c.at_kind(Kind::OpenBracket) {
        c.skip();
        of.dimensions = of.dimensions.saturating_add(1);
    }
    if c.eat_operator("%") {
        c.skip();
    }
    let plain = name.strip_prefix("pg_catalog.").unwrap_or(&name);
    of.name = canonical(plain).map_or_else(|| plain.to_owned(), ToOwned::to_owned);
    Some(of)
}

/// An expression up to the next clause. The word it starts with belongs to it: `DEFAULT NULL`.
pub(super) fn expression<'a>(c: &mut Cursor<'a>) -> Cursor<'a> {
    let start = *c;
    c.skip();
    loop {
        // An operator, a dot or a cast wants one more operand, whatever its word: `1 + default_of()`.
        let follows = c.at_kind(Kind::Operator) || c.at_kind(Kind::Dot);
        if c.done() {
            break;
        }
        if follows {
            c.skip();
            if !c.done() {
                c.skip();
            }
        } else if c.at_phrase("AT TIME ZONE") || !c.is_any(CLAUSES) {
            c.skip();
        } else {
            break;
        }
    }
    let count = start.rest().len() - c.rest().len();
    start.over(start.rest().get(..count).unwrap_or_default())
}

/// Takes an unknown part before the name of a column: a name, then a type follow it.
pub(super) fn eat_unknown(c: &mut Cursor<'_>) -> bool {
    let mut ahead = *c;
    let named = |c: &Cursor<'_>| matches!(c.kind(), Some(Kind::Word | Kind::Quoted | Kind::Param | Kind::Hole));
    let found = ahead.eat_unknown() && named(&ahead) && !LONG_NAMES.iter().any(|name| ahead.at_phrase(name)) && {
        let mut after = ahead;
        after.step();
        named(&after) && !after.is_any(CLAUSES)
    };
    if found {
        *c = ahead;
    }
    found
}

/// A column definition after its name.
pub(super) fn definition(c: &mut Cursor<'_>, name: Option<String>) -> ColumnDetails {
    let mut column = ColumnDetails { name, data_type: type_name(c), ..ColumnDetails::default() };
    if let Some(of) = &column.data_type
        && of.name.ends_with("serial")
    {
        column.not_null = true;
    }
    let mut name = None;
    while !c.done() {
        clause(c, &mut column, &mut name);
    }
    column
}

/// Keeps a constraint that is written on the column.
fn constrain(column: &mut ColumnDetails, name: &mut Option<String>, kind: ConstraintKind) -> Option<usize> {
    let mut details = constraint::named(kind, name.take());
    details.columns.extend(column.name.clone());
    column.constraints.push(details);
    column.constraints.len().checked_sub(1)
}

/// One clause of a column definition. `name` is that of the constraint that follows.
fn clause(c: &mut Cursor<'_>, column: &mut ColumnDetails, name: &mut Option<String>) {
    if c.eat("CONSTRAINT") {
        *name = c.ident_text();
        return;
    }
    if let Some(last) = column.constraints.last_mut()
        && constraint::attribute(c, last)
    {
        return;
    }
    if c.eat("NOT NULL") {
        column.not_null = true;
        constrain(column, name, ConstraintKind::NotNull);
    } else if c.eat("NOT DEFERRABLE") || c.eat("NULL") {
    } else if c.eat("DEFAULT") {
        column.default = Some(expression(c).shown());
    } else if c.eat("PRIMARY KEY") {
        column.primary_key = true;
        column.not_null = true;
        constrain(column, name, ConstraintKind::PrimaryKey);
    } else if c.eat("UNIQUE") {
        column.unique = true;
        c.eat("KEY");
        constrain(column, name, ConstraintKind::Unique);
    } else if c.eat("CHECK") {
        column.check = c.group().map(|inner| inner.shown());
        let expression = column.check.clone();
        let at = constrain(column, name, ConstraintKind::Check);
        if let Some(details) = at.and_then(|at| column.constraints.get_mut(at)) {
            details.expression = expression;
        }
    } else if c.is("REFERENCES") {
        column.references = constraint::references(c);
        if column.references.is_none() {
            c.step();
        }
        let references = column.references.clone();
        let at = constrain(column, name, ConstraintKind::ForeignKey);
        if let Some(details) = at.and_then(|at| column.constraints.get_mut(at)) {
            details.references = references;
        }
    } else if c.eat("COLLATE") {
        column.collation = c.name().ok().map(|name| name.to_string());
    } else if c.eat("STORAGE") {
        column.storage = c.ident_text().map(|word| word.to_lowercase());
    } else if c.eat("COMPRESSION") {
        column.compression = c.ident_text().map(|word| word.to_lowercase());
    } else if c.eat("USING") {
        column.using = Some(expression(c).shown());
    } else if c.eat("GENERATED") {
        generated(c, column);
    } else if c.eat("AS") {
        // MySQL and SQLite leave GENERATED ALWAYS out.
        column.generated = c.group().map(|inner| inner.shown());
        column.generated_stored = c.eat("STORED") || c.eat("PERSISTED");
    } else if c.eat("IDENTITY") {
        column.identity = true;
        c.group();
    } else {
        c.skip();
    }
}

/// SEQUENCE NAME among the options of an identity.
pub(super) fn sequence_name(mut options: Cursor<'_>) -> Option<crate::ir::QualifiedName> {
    options.until(|c| c.at_phrase("SEQUENCE NAME"));
    options.eat("SEQUENCE NAME");
    options.name().ok()?.known().cloned()
}

fn generated(c: &mut Cursor<'_>, column: &mut ColumnDetails) {
    let always = c.eat("ALWAYS");
    c.eat("BY DEFAULT");
    c.eat("ON NULL");
    c.eat("AS");
    if c.eat("IDENTITY") {
        column.identity = true;
        column.identity_always = always;
        column.not_null = true;
        column.sequence = c.group().and_then(sequence_name);
    } else {
        column.generated = c.group().map(|inner| inner.shown());
        column.generated_stored = !c.eat("VIRTUAL") && c.eat("STORED");
    }
}

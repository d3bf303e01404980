//! Column definitions and types.

use super::constraint;
use crate::frontend::sql::cursor::Cursor;
use crate::frontend::sql::lexer::Kind;
use crate::ir::{ColumnDetails, TypeName};

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
    if let Some(inner) = c.group() {
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
        c.until(|c| c.at_kind(Kind::OpenBracket) || c.at_kind(Kind::Comma) || c.is_any(CLAUSES));
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

/// A column definition after its name.
pub(super) fn definition(c: &mut Cursor<'_>, name: Option<String>) -> ColumnDetails {
    let mut column = ColumnDetails { name, data_type: type_name(c), ..ColumnDetails::default() };
    if let Some(of) = &column.data_type
        && of.name.ends_with("serial")
    {
        column.not_null = true;
    }
    while !c.done() {
        clause(c, &mut column);
    }
    column
}

/// One clause of a column definition.
fn clause(c: &mut Cursor<'_>, column: &mut ColumnDetails) {
    if c.eat("CONSTRAINT") {
        c.ident_text();
    } else if c.eat("NOT NULL") {
        column.not_null = true;
    } else if c.eat("NOT DEFERRABLE") || c.eat("NULL") {
    } else if c.eat("DEFAULT") {
        column.default = Some(expression(c).shown());
    } else if c.eat("PRIMARY KEY") {
        column.primary_key = true;
        column.not_null = true;
    } else if c.eat("UNIQUE") {
        column.unique = true;
        c.eat("KEY");
    } else if c.eat("CHECK") {
        column.check = c.group().map(|inner| inner.shown());
    } else if c.is("REFERENCES") {
        column.references = constraint::references(c);
    } else if c.eat("COLLATE") {
        column.collation = c.name().ok().map(|name| name.to_string());
    } else if c.eat("USING") {
        column.using = Some(expression(c).shown());
    } else if c.eat("GENERATED") {
        generated(c, column);
    } else if c.eat("AS") {
        // MySQL and SQLite leave GENERATED ALWAYS out.
        c.group();
        column.generated_stored = c.eat("STORED") || c.eat("PERSISTED");
    } else if c.eat("IDENTITY") {
        column.identity = true;
        c.group();
    } else {
        c.skip();
    }
}

fn generated(c: &mut Cursor<'_>, column: &mut ColumnDetails) {
    let _ = c.eat("ALWAYS") || c.eat("BY DEFAULT");
    c.eat("ON NULL");
    c.eat("AS");
    if c.eat("IDENTITY") {
        column.identity = true;
        column.not_null = true;
        c.group();
    } else {
        c.group();
        column.generated_stored = !c.eat("VIRTUAL") && c.eat("STORED");
    }
}

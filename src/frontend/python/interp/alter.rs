//! `alter_column` and `drop_constraint`: the directives that each server wants in words of its own.
//!
//! Source: `alembic.ddl.impl`, `alembic.ddl.postgresql` and `alembic.ddl.mysql`.

use super::super::sqlalchemy::{self as sa, Args, Kind, Nameless, Writer};
use super::super::value::Value;
use super::alembic::{alter, if_word};
use crate::config::Dialect;

/// What `alter_column` was given.
struct Change<'v, 'a> {
    args: &'v Args<'a>,
    column: &'v Value<'a>,
    data_type: Option<&'v Value<'a>>,
    /// Its new name.
    name: Option<&'v Value<'a>>,
    /// A comment; `None` inside takes it away.
    comment: Option<&'v Value<'a>>,
    /// A default; `None` inside takes it away.
    default: Option<&'v Value<'a>>,
}

impl<'v, 'a> Change<'v, 'a> {
    fn of(args: &'v Args<'a>, none: &'v Value<'a>) -> Self {
        let asked =
            |names: &[&str]| names.iter().find_map(|name| args.given(name)).filter(|v| v.truth() != Some(false));
        let set = |name: &str| args.named(name).filter(|value| !matches!(value, Value::Bool(_)));
        Self {
            args,
            column: args.get(1, &["column_name"]).unwrap_or(none),
            data_type: asked(&["type_", "type"]),
            name: asked(&["new_column_name", "name"]),
            comment: set("comment"),
            default: set("server_default"),
        }
    }
}

/// The statements of `alter_column`.
pub(super) fn alter_column(args: &Args<'_>, w: &Writer) -> Vec<Writer> {
    let none = Value::None;
    let change = Change::of(args, &none);
    if w.dialect == Dialect::Mysql { one_by_redefinition(&change, w) } else { one_by_one(&change, w) }
}

/// `ALTER TABLE t ALTER COLUMN c `.
fn of_column(args: &Args<'_>, column: &Value<'_>, w: &Writer) -> Writer {
    let mut one = alter(w, args, 0);
    one.word(" ALTER COLUMN ");
    one.name(column);
    one.word(" ");
    one
}

/// A statement for each thing that changes.
fn one_by_one(of: &Change<'_, '_>, w: &Writer) -> Vec<Writer> {
    let Change { args, column, data_type, .. } = *of;
    let change = || of_column(args, column, w);
    let mut found = Vec::new();
    if let (Some(before), Some(_)) = (args.given("existing_type").filter(|v| v.truth() != Some(false)), data_type)
        && let Some(check) = sa::type_check_name(w, column, before)
    {
        let mut one = alter(w, args, 0);
        one.word(" DROP CONSTRAINT ");
        one.name(&check);
        found.push(one);
    }
    // PostgreSQL has the type changed first, the others last.
    let postgres = w.dialect == Dialect::Postgres;
    found.extend(data_type.filter(|_| postgres).map(|data_type| changed_type(change(), args, data_type)));
    if let Some(nullable) = args.given("nullable") {
        let mut one = change();
        match nullable.truth() {
            Some(true) => one.word("DROP NOT NULL"),
            Some(false) => one.word("SET NOT NULL"),
            None => one.unknown(nullable, "whether it is nullable is not known"),
        }
        found.push(one);
    }
    found.extend(changed_default(of, &change));
    found.extend(data_type.filter(|_| !postgres).map(|data_type| changed_type(change(), args, data_type)));
    if let Some(comment) = of.comment {
        let mut one = w.another();
        one.word("COMMENT ON COLUMN ");
        one.table(args.given("schema"), args.get(0, &["table_name"]).unwrap_or(&Value::None));
        one.word(".");
        one.name(column);
        one.word(" IS ");
        one.expression(comment, false);
        found.push(one);
    }
    if let Some(name) = of.name {
        let mut one = alter(w, args, 0);
        one.word(" RENAME ");
        one.name(column);
        one.word(" TO ");
        one.name(name);
        found.push(one);
    }
    if let Some(check) = data_type.and_then(|data_type| sa::type_check(w, column, data_type)) {
        let mut one = alter(w, args, 0);
        one.word(" ADD ");
        one.append(&check.out);
        found.push(one);
    }
    found
}

/// `ALTER COLUMN … TYPE …`.
fn changed_type(mut one: Writer, args: &Args<'_>, data_type: &Value<'_>) -> Writer {
    one.word("TYPE ");
    sa::write_type(&mut one, data_type);
    if let Some(using) = args.given("postgresql_using").filter(|_| one.dialect == Dialect::Postgres) {
        one.word(" USING ");
        one.phrase(using);
    }
    one
}

/// What `server_default` of `alter_column` changes.
fn changed_default(of: &Change<'_, '_>, change: &dyn Fn() -> Writer) -> Option<Writer> {
    let value = of.default?;
    let identity =
        |value: Option<&Value<'_>>| matches!(value, Some(Value::Record(record)) if record.class == "Identity");
    let before = of.args.given("existing_server_default");
    let mut one = change();
    match value {
        Value::None if identity(before) => one.word("DROP IDENTITY"),
        Value::None => one.word("DROP DEFAULT"),
        Value::Record(record) if record.class == "Identity" && !identity(before) => {
            one.word("ADD");
            sa::write_identity(&mut one, record);
        }
        Value::Record(record) if record.class == "Identity" => {
            let of = Args::of_record(record);
            let always = of.get(0, &["always"]).and_then(Value::truth) == Some(true);
            one.word(if always { "SET GENERATED ALWAYS" } else { "SET GENERATED BY DEFAULT" });
        }
        value => {
            one.word("SET DEFAULT ");
            sa::write_default(&mut one, value);
        }
    }
    Some(one)
}

/// MySQL has a column defined anew, with all that it had.
fn one_by_redefinition(of: &Change<'_, '_>, w: &Writer) -> Vec<Writer> {
    let args = of.args;
    let existing = |name: &str| args.given(name).filter(|value| !matches!(value, Value::Bool(false)));
    let data_type = of.data_type.or_else(|| existing("existing_type"));
    // A moment may have a function for its default, which only CHANGE takes.
    let moment = data_type.is_some_and(sa::is_moment) && !matches!(args.named("server_default"), Some(Value::None));
    let change = of.name.is_some() || moment;
    let modify = of.data_type.is_some()
        || of.comment.is_some()
        || args.given("nullable").is_some()
        || args.given("autoincrement").is_some();
    let mut one = alter(w, args, 0);
    if !(change || modify) {
        let Some(default) = of.default else { return Vec::new() };
        one = of_column(args, of.column, w);
        match default {
            Value::None => one.word("DROP DEFAULT"),
            value => {
                one.word("SET DEFAULT ");
                sa::write_default(&mut one, value);
            }
        }
        return vec![one];
    }
    one.word(if change { " CHANGE " } else { " MODIFY " });
    one.name(of.column);
    one.word(" ");
    if change {
        one.name(of.name.unwrap_or(of.column));
        one.word(" ");
    }
    match data_type {
        Some(data_type) => sa::write_type(&mut one, data_type),
        None => one.hole("the type is not given"),
    }
    let nullable = args.given("nullable").or_else(|| args.given("existing_nullable"));
    match nullable.map(|value| (value, value.truth())) {
        None | Some((_, Some(true))) => one.word(" NULL"),
        Some((_, Some(false))) => one.word(" NOT NULL"),
        Some((value, None)) => {
            one.word(" ");
            one.unknown(value, "whether it is nullable is not known");
        }
    }
    if args.flag("autoincrement") || (args.given("autoincrement").is_none() && args.flag("existing_autoincrement")) {
        one.word(" AUTO_INCREMENT");
    }
    let default = of.default.or_else(|| existing("existing_server_default"));
    if let Some(default) = default.filter(|default| !matches!(default, Value::None)) {
        let mut text = one.another();
        if sa::write_default(&mut text, default) {
            one.word(" DEFAULT ");
            one.append(&text.out);
        }
    }
    let comment = of.comment.or_else(|| existing("existing_comment"));
    if let Some(comment) = comment.filter(|comment| !matches!(comment, Value::None)) {
        one.word(" COMMENT ");
        one.expression(comment, false);
    }
    vec![one]
}

/// The statement of `drop_constraint`.
pub(super) fn drop_constraint(args: &Args<'_>, w: &Writer) -> Writer {
    let mut one = alter(w, args, 1);
    let given = args.get(0, &["constraint_name", "name"]);
    let kind = args.get(2, &["type_"]).and_then(Value::as_str).and_then(Kind::of_type);
    let name = match kind {
        Some(kind) => one.derived(&Nameless::new(kind, given, Vec::new())),
        None => given.cloned(),
    };
    let words = match (w.dialect, kind) {
        (Dialect::Mysql, Some(Kind::PrimaryKey)) => {
            one.word(" DROP PRIMARY KEY");
            return one;
        }
        (Dialect::Mysql, Some(Kind::ForeignKey)) => " DROP FOREIGN KEY ",
        (Dialect::Mysql, Some(Kind::Unique)) => " DROP INDEX ",
        (Dialect::Mysql, Some(Kind::Check)) => " DROP CHECK ",
        _ => " DROP CONSTRAINT ",
    };
    one.word(words);
    if_word(&mut one, args, "if_exists", "IF EXISTS ");
    one.name(&name.unwrap_or(Value::None));
    one
}

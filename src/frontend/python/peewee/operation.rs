//! The operations of `playhouse.migrate`.

use super::super::sqlalchemy::{Args, Writer};
use super::super::value::{Text, Value};
use super::field::{Field, clause};
use super::model::{Index, Model, Models, create_index, index_name};
use crate::config::Dialect;

/// What a migrator can be asked for.
pub(in super::super) const OPERATIONS: &[&str] = &[
    "add_column",
    "add_column_default",
    "add_constraint",
    "add_foreign_key_constraint",
    "add_index",
    "add_not_null",
    "add_unique",
    "alter_add_column",
    "alter_column_type",
    "apply_default",
    "change_column",
    "drop_column",
    "drop_column_default",
    "drop_constraint",
    "drop_foreign_key_constraint",
    "drop_index",
    "drop_not_null",
    "drop_table",
    "rename_column",
    "rename_table",
    "set_search_path",
    "sql",
];

/// The statements of an operation, in order; `schema` is the migrator's.
pub(in super::super) fn operation<'a>(
    name: &str,
    args: &Args<'a>,
    schema: Option<&Value<'a>>,
    w: &Writer,
    models: &Models<'a>,
) -> Vec<Writer> {
    let none = Value::None;
    let at = |at: usize, names: &[&str]| args.get(at, names).unwrap_or(&none);
    let table = at(0, &["table", "old_name", "sql", "schema_name"]);
    match name {
        "add_column" => add_column(args, schema, w, models),
        "alter_add_column" => vec![alter_add_column(args, schema, w, models)],
        "apply_default" => field_at(args, 2)
            .map(|field| apply_default(w, schema, table, at(1, &["column_name"]), &field))
            .into_iter()
            .collect(),
        "change_column" => change_column(args, schema, w, models),
        "sql" => {
            let mut one = w.another();
            if let Value::Text(text) = table {
                one.append(&text.sql);
            } else {
                one.unknown(table, "the statement is made by code");
            }
            vec![one]
        }
        "set_search_path" => {
            let mut one = w.another();
            one.word("SET search_path TO ");
            one.name(table);
            vec![one]
        }
        "drop_table" => {
            let schema = args.get(3, &["schema"]).filter(|given| !matches!(given, Value::None)).or(schema);
            vec![drop_table(w, schema, table, at(1, &["safe"]).truth() == Some(true), at(2, &["cascade"]))]
        }
        "add_index" => {
            let columns = at(1, &["columns"]);
            let columns = columns.items().unwrap_or_else(|| vec![columns.clone()]);
            let options = Index {
                unique: at(2, &["unique"]).truth() == Some(true),
                using: args.get(3, &["using"]),
                condition: args.get(4, &["where"]),
                safe: args.flag("safe"),
            };
            let own = args.given("name").cloned().unwrap_or_else(|| index_name(table, &columns));
            let mut one = w.another();
            create_index(&mut one, &own, (schema, table), &columns, &options);
            vec![one]
        }
        "drop_index" => {
            let mut one = w.another();
            one.word("DROP INDEX ");
            one.table(schema, at(1, &["index_name"]));
            if w.dialect == Dialect::Mysql {
                one.word(" ON ");
                one.table(schema, table);
            }
            vec![one]
        }
        // The server is asked for its name.
        "drop_foreign_key_constraint" => {
            let mut one = alter(w, schema, table);
            one.word("DROP CONSTRAINT ");
            one.hole("the name is read from the database");
            vec![one]
        }
        _ => vec![alteration(name, args, schema, w)],
    }
}

/// `ALTER TABLE t` with one action.
fn alteration<'a>(name: &str, args: &Args<'a>, schema: Option<&Value<'a>>, w: &Writer) -> Writer {
    let none = Value::None;
    let at = |at: usize, names: &[&str]| args.get(at, names).unwrap_or(&none);
    let mut one = alter(w, schema, at(0, &["table", "old_name"]));
    let column = at(1, &["column", "column_name", "old_name", "name", "new_name"]);
    match name {
        "drop_column" => {
            one.word("DROP COLUMN ");
            one.name(column);
            let cascade = args.get(2, &["cascade"]).is_none_or(|cascade| cascade.truth() != Some(false));
            if cascade && w.dialect == Dialect::Postgres {
                one.word(" CASCADE");
            }
        }
        "rename_column" => {
            one.word("RENAME COLUMN ");
            one.name(column);
            one.word(" TO ");
            one.name(at(2, &["new_name"]));
        }
        "rename_table" => {
            one.word("RENAME TO ");
            one.name(at(1, &["new_name"]));
        }
        "add_constraint" => {
            one.word("ADD CONSTRAINT ");
            one.name(column);
            one.word(" ");
            clause(&mut one, at(2, &["constraint"]));
        }
        "drop_constraint" => {
            one.word("DROP CONSTRAINT ");
            one.name(column);
        }
        "add_unique" => {
            let columns = args.positional.get(1..).unwrap_or_default();
            let names: Option<Vec<&str>> = columns.iter().map(Value::as_str).collect();
            one.word("ADD CONSTRAINT ");
            match names {
                Some(names) => one.word(&format!("uniq_{}", names.join("_"))),
                None => one.hole("the name is made of names that are not known"),
            }
            one.word(" UNIQUE (");
            one.names(&Value::list(columns.to_vec(), w.place));
            one.word(")");
        }
        "add_foreign_key_constraint" => foreign_key(&mut one, args),
        _ => {
            one.word("ALTER COLUMN ");
            one.name(column);
            match name {
                "add_not_null" => one.word(" SET NOT NULL"),
                "drop_not_null" => one.word(" DROP NOT NULL"),
                "drop_column_default" => one.word(" DROP DEFAULT"),
                "alter_column_type" => {
                    one.word(" TYPE ");
                    match field_at(args, 2) {
                        Some(field) => field.data_type(&mut one, &Models::default(), None),
                        None => one.unknown(at(2, &["field"]), "the field is made by code"),
                    }
                    if let Some(cast) = args.get(3, &["cast"]).filter(|cast| !matches!(cast, Value::None)) {
                        one.word(" USING ");
                        one.phrase(cast);
                    }
                }
                _ => {
                    one.word(" SET DEFAULT ");
                    let default = at(2, &["default"]);
                    match default {
                        // A call of a function or a literal of SQL is taken for what it is.
                        Value::Text(text) if text.sql.text.ends_with([')', '\'']) => one.append(&text.sql),
                        other => one.expression(other, false),
                    }
                }
            }
        }
    }
    one
}

fn foreign_key(w: &mut Writer, args: &Args<'_>) {
    let none = Value::None;
    let at = |at: usize, names: &[&str]| args.get(at, names).unwrap_or(&none);
    let (table, column, rel) = (at(0, &["table"]), at(1, &["column_name"]), at(2, &["rel"]));
    w.word("ADD CONSTRAINT ");
    match (args.given("constraint_name"), table.as_str(), column.as_str(), rel.as_str()) {
        (Some(name), ..) => w.name(name),
        (None, Some(table), Some(column), Some(rel)) => w.word(&format!("fk_{table}_{column}_refs_{rel}")),
        _ => w.hole("the name is made of names that are not known"),
    }
    w.word(" FOREIGN KEY (");
    w.name(column);
    w.word(") REFERENCES ");
    w.table(args.given("rel_schema"), rel);
    w.word(" (");
    w.name(at(3, &["rel_column"]));
    w.word(")");
    for (place, option, word) in [(4, "on_delete", " ON DELETE "), (5, "on_update", " ON UPDATE ")] {
        if let Some(action) = args.get(place, &[option]).filter(|action| !matches!(action, Value::None)) {
            w.word(word);
            w.phrase(action);
        }
    }
}

/// `ALTER TABLE t `.
fn alter(w: &Writer, schema: Option<&Value<'_>>, table: &Value<'_>) -> Writer {
    let mut one = w.another();
    one.word("ALTER TABLE ");
    one.table(schema, table);
    one.word(" ");
    one
}

pub(in super::super) fn drop_table(
    w: &Writer,
    schema: Option<&Value<'_>>,
    table: &Value<'_>,
    safe: bool,
    cascade: &Value<'_>,
) -> Writer {
    let mut one = w.another();
    one.word(if safe { "DROP TABLE IF EXISTS " } else { "DROP TABLE " });
    one.table(schema, table);
    // SQLite has no such word.
    if cascade.truth() == Some(true) && w.dialect != Dialect::Sqlite {
        one.word(" CASCADE");
    }
    one
}

/// The field among the arguments.
fn field_at<'a>(args: &Args<'a>, at: usize) -> Option<Field<'a>> {
    match args.get(at, &["field"])? {
        Value::Record(record) => {
            let name = args.get(1, &["column_name", "column"]).and_then(Value::as_str).unwrap_or_default();
            Some(Field { name: name.to_owned(), record: record.clone() })
        }
        _ => None,
    }
}

/// `UPDATE t SET c = …`: rows that are there already get the default.
fn apply_default<'a>(
    w: &Writer,
    schema: Option<&Value<'a>>,
    table: &Value<'a>,
    column: &Value<'a>,
    field: &Field<'a>,
) -> Writer {
    let mut one = w.another();
    one.word("UPDATE ");
    one.table(schema, table);
    one.word(" SET ");
    one.name(column);
    one.word(" = ");
    match field.default() {
        Some(Value::Text(text)) => one.literal(&Text { marked: false, ..(*text).clone() }),
        Some(value @ (Value::Int(_) | Value::Bool(_))) => one.phrase(&value),
        // A function of Python is called, and what it gives is a parameter.
        _ => one.word("%s"),
    }
    one
}

fn alter_add_column<'a>(args: &Args<'a>, schema: Option<&Value<'a>>, w: &Writer, models: &Models<'a>) -> Writer {
    let none = Value::None;
    let table = args.get(0, &["table"]).unwrap_or(&none);
    let column = args.get(1, &["column_name"]).unwrap_or(&none);
    let mut one = alter(w, schema, table);
    one.word("ADD COLUMN ");
    let Some(field) = field_at(args, 2) else {
        one.unknown(args.get(2, &["field"]).unwrap_or(&none), "the field is made by code");
        return one;
    };
    let own = models.find(table).unwrap_or_else(|| Model::of_table(table.clone()));
    let strict = args.get(3, &["allow_not_null"]).and_then(Value::truth) == Some(true);
    field.ddl(&mut one, models, Some(&own), !strict || field.null(), column);
    if field.is_key() && w.dialect != Dialect::Mysql {
        one.word(" REFERENCES ");
        field.reference(&mut one, models, Some(&own));
        field.actions(&mut one);
    }
    one
}

fn add_column<'a>(args: &Args<'a>, schema: Option<&Value<'a>>, w: &Writer, models: &Models<'a>) -> Vec<Writer> {
    let none = Value::None;
    let mut found = vec![alter_add_column(args, schema, w, models)];
    let Some(field) = field_at(args, 2) else { return found };
    let table = args.get(0, &["table"]).unwrap_or(&none);
    let column = args.get(1, &["column_name"]).unwrap_or(&none);
    let strict = args.get(3, &["allow_not_null"]).and_then(Value::truth) == Some(true);
    if !field.null() && !strict {
        found.push(apply_default(w, schema, table, column, &field));
        if w.dialect != Dialect::Sqlite {
            let mut one = alter(w, schema, table);
            one.word("ALTER COLUMN ");
            one.name(column);
            one.word(" SET NOT NULL");
            found.push(one);
        }
    }
    if field.indexed() {
        let columns = [column.clone()];
        let mut one = w.another();
        let using = field.args().given("index_type").cloned();
        let options = Index { unique: field.unique(), using: using.as_ref(), ..Index::default() };
        create_index(&mut one, &index_name(table, &columns), (schema, table), &columns, &options);
        found.push(one);
    }
    found
}

/// peewee-migrate's own: the type, then NOT NULL and the default.
fn change_column<'a>(args: &Args<'a>, schema: Option<&Value<'a>>, w: &Writer, models: &Models<'a>) -> Vec<Writer> {
    let none = Value::None;
    let Some(field) = field_at(args, 2) else { return Vec::new() };
    let table = args.get(0, &["table"]).unwrap_or(&none);
    let column = args.get(1, &["column_name"]).unwrap_or(&none);
    let action = |word: &str| {
        let mut one = alter(w, schema, table);
        one.word("ALTER COLUMN ");
        one.name(column);
        one.word(word);
        one
    };
    let mut typed = action(" TYPE ");
    field.data_type(&mut typed, models, models.find(table).as_ref());
    let mut found = vec![typed];
    if let Some(default) = field.default() {
        let mut one = action(" SET DEFAULT ");
        match default {
            Value::Text(text) => one.literal(&Text { marked: false, ..(*text).clone() }),
            value @ (Value::Int(_) | Value::Bool(_)) => one.phrase(&value),
            _ => one.hole("the default is computed"),
        }
        found.push(one);
    }
    if !field.null() {
        found.push(action(" SET NOT NULL"));
    }
    found
}

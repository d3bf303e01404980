//! The statements of a `MigrationManager`, in the order in which it sends them, whatever the order of the calls.

use std::collections::{BTreeMap, BTreeSet};

use super::super::sqlalchemy::{Args, Writer, word};
use super::super::value::Value;
use super::column::{Column, action, literal, member, params};
use crate::config::Dialect;
use crate::span::Span;

/// A call of a method of the manager.
#[derive(Clone, Debug)]
pub(in super::super) struct Call<'a> {
    pub(in super::super) name: String,
    pub(in super::super) args: Args<'a>,
    pub(in super::super) span: Span,
    /// The statement that it is in.
    pub(in super::super) at: Span,
}

/// What a call comes to.
#[derive(Debug)]
pub(in super::super) enum Plan {
    /// A statement.
    Send(Writer),
    /// What the manager takes from the migrations before, which is not worked out.
    Unknown(&'static str),
}

/// What is done, with the number of the call that it is done for.
pub(in super::super) type Planned = Vec<(usize, Plan)>;

const SNAPSHOT: &str = "it is taken from the migrations before";

impl<'a> Call<'a> {
    fn arg(&self, at: usize, names: &[&str]) -> Option<Value<'a>> {
        self.args.get(at, names).filter(|value| !matches!(value, Value::None)).cloned()
    }

    fn class(&self) -> Option<String> {
        self.args.get(0, &["class_name", "table_class_name"]).and_then(member)
    }

    fn table(&self) -> Value<'a> {
        self.arg(1, &["tablename"]).unwrap_or(Value::None)
    }

    fn schema(&self) -> Option<Value<'a>> {
        self.arg(usize::MAX, &["schema"])
    }

    fn writer(&self, dialect: Dialect) -> Writer {
        Writer::new(self.span, dialect)
    }

    /// `ALTER TABLE t `.
    fn alter(&self, dialect: Dialect) -> Writer {
        let mut w = self.writer(dialect);
        w.word("ALTER TABLE ");
        w.table(self.schema().as_ref(), &self.table());
        w.word(" ");
        w
    }
}

/// The statements of all calls, forward or back.
pub(in super::super) fn plan(calls: &[Call<'_>], back: bool, dialect: Dialect) -> Planned {
    let mut found = Planned::new();
    let made: BTreeSet<String> = calls.iter().filter(|call| call.name == "add_table").filter_map(Call::class).collect();
    let in_new = |call: &Call<'_>| call.class().is_some_and(|class| made.contains(&class));
    let by_class = by_class(calls);
    let all = |name: &'static str| calls.iter().enumerate().filter(move |(_, call)| call.name == name);
    let mut tables: Vec<usize> = created(calls);
    if back {
        tables.reverse();
    }
    for at in tables {
        let Some(call) = calls.get(at) else { continue };
        if back {
            let mut w = call.writer(dialect);
            drop_table(&mut w, call, dialect != Dialect::Sqlite);
            found.push((at, Plan::Send(w)));
        } else {
            found.extend(create(call, calls, &by_class, dialect).into_iter().map(|w| (at, Plan::Send(w))));
        }
    }
    for (at, call) in all("change_table_schema") {
        found.extend(move_table(call, back, dialect).into_iter().map(|w| (at, Plan::Send(w))));
    }
    for (at, call) in all("rename_table") {
        let (old, new) = (call.arg(1, &["old_tablename"]), call.arg(3, &["new_tablename"]));
        let (old, new) = if back { (new, old) } else { (old, new) };
        let mut w = call.writer(dialect);
        w.word("ALTER TABLE ");
        w.table(call.schema().as_ref(), &old.unwrap_or(Value::None));
        w.word(" RENAME TO ");
        w.name(&new.unwrap_or(Value::None));
        found.push((at, Plan::Send(w)));
    }
    for (at, call) in grouped(calls, "add_column").filter(|(_, call)| !in_new(call)) {
        found.extend(add_column(call, back, dialect).into_iter().map(|w| (at, Plan::Send(w))));
    }
    for (at, call) in grouped(calls, "drop_column") {
        let mut w = call.alter(dialect);
        if back {
            w.word("ADD COLUMN ");
            w.name(&call.arg(3, &["db_column_name"]).or_else(|| call.arg(2, &["column_name"])).unwrap_or(Value::None));
            w.word(" ");
            w.hole(SNAPSHOT);
        } else {
            w.word("DROP COLUMN ");
            w.name(&call.arg(3, &["db_column_name"]).or_else(|| call.arg(2, &["column_name"])).unwrap_or(Value::None));
        }
        found.push((at, Plan::Send(w)));
    }
    for (at, call) in all("drop_table") {
        if back {
            found.push((at, Plan::Unknown("the table is taken from the migrations before")));
        } else {
            let mut w = call.writer(dialect);
            drop_table(&mut w, call, false);
            found.push((at, Plan::Send(w)));
        }
    }
    for (at, call) in grouped(calls, "rename_column") {
        let old = call.arg(4, &["old_db_column_name"]).or_else(|| call.arg(2, &["old_column_name"]));
        let new = call.arg(5, &["new_db_column_name"]).or_else(|| call.arg(3, &["new_column_name"]));
        let (old, new) = if back { (new, old) } else { (old, new) };
        let mut w = call.alter(dialect);
        w.word("RENAME COLUMN ");
        w.name(&old.unwrap_or(Value::None));
        w.word(" TO ");
        w.name(&new.unwrap_or(Value::None));
        found.push((at, Plan::Send(w)));
    }
    for (at, call) in grouped(calls, "alter_column") {
        found.extend(alter_column(call, back, dialect).into_iter().map(|w| (at, Plan::Send(w))));
    }
    for (at, call) in grouped(calls, "add_constraint").filter(|(_, call)| !in_new(call)) {
        let mut w = call.alter(dialect);
        if back {
            w.word("DROP CONSTRAINT IF EXISTS ");
            w.name(&call.arg(2, &["constraint_name"]).unwrap_or(Value::None));
        } else {
            constraint(&mut w, call);
        }
        found.push((at, Plan::Send(w)));
    }
    for (at, call) in grouped(calls, "drop_constraint") {
        let mut w = call.alter(dialect);
        if back {
            found.push((at, Plan::Unknown("the constraint is taken from the migrations before")));
            continue;
        }
        w.word("DROP CONSTRAINT IF EXISTS ");
        w.name(&call.arg(2, &["constraint_name"]).unwrap_or(Value::None));
        found.push((at, Plan::Send(w)));
    }
    found
}

/// The calls by the class that they are about.
fn by_class(calls: &[Call<'_>]) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, call) in calls.iter().enumerate() {
        found.entry(call.class().unwrap_or_default()).or_default().push(at);
    }
    found
}

/// The calls of one name, those of one table next to each other.
fn grouped<'c, 'a>(calls: &'c [Call<'a>], name: &'static str) -> impl Iterator<Item = (usize, &'c Call<'a>)> {
    let mut first = BTreeMap::new();
    let mut found: Vec<(usize, usize, &Call<'a>)> = Vec::new();
    for (at, call) in calls.iter().enumerate().filter(|(_, call)| call.name == name) {
        let group = *first.entry(call.class().unwrap_or_default()).or_insert(at);
        found.push((group, at, call));
    }
    found.sort_by_key(|(group, at, _)| (*group, *at));
    found.into_iter().map(|(_, at, call)| (at, call))
}

/// The calls that make tables, what is referred to before what refers to it.
fn created(calls: &[Call<'_>]) -> Vec<usize> {
    let tables: Vec<usize> =
        calls.iter().enumerate().filter(|(_, call)| call.name == "add_table").map(|(at, _)| at).collect();
    let name = |at: usize| calls.get(at).and_then(|call| call.table().as_str().map(str::to_owned));
    let known: BTreeMap<String, usize> = tables.iter().filter_map(|at| Some((name(*at)?, *at))).collect();
    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.name == "add_column") {
        let column = Column::of_call(&call.args, call.span);
        if let (Some(own), Some(other)) = (call.table().as_str(), column.refers_to())
            && own != other
        {
            needs.entry(own.to_owned()).or_default().push(other);
        }
    }
    let mut order: Vec<usize> = Vec::with_capacity(tables.len());
    let mut done = BTreeSet::new();
    // As often as a chain of tables is long; what stands in a circle comes as it is written.
    for _ in 0..tables.len().min(64) {
        let before = order.len();
        for at in &tables {
            let own = name(*at).unwrap_or_default();
            let waits = needs.get(&own).is_some_and(|needs| {
                needs.iter().any(|other| known.get(other).is_some_and(|other| !done.contains(other)))
            });
            if !waits && done.insert(*at) {
                order.push(*at);
            }
        }
        if order.len() == before {
            break;
        }
    }
    order.extend(tables.iter().copied().filter(|at| !done.contains(at)));
    order
}

fn drop_table(w: &mut Writer, call: &Call<'_>, cascade: bool) {
    w.word("DROP TABLE ");
    w.table(call.arg(2, &["schema"]).as_ref(), &call.table());
    w.word(if cascade { " CASCADE" } else { "" });
}

/// CREATE TABLE with its columns, its indexes, its constraints.
fn create<'a>(
    call: &Call<'a>,
    calls: &[Call<'a>],
    by_class: &BTreeMap<String, Vec<usize>>,
    dialect: Dialect,
) -> Vec<Writer> {
    let mut found = Vec::new();
    let (schema, table) = (call.arg(2, &["schema"]), call.table());
    if let Some(schema) = schema.as_ref().filter(|name| name.as_str() != Some("public"))
        && dialect != Dialect::Sqlite
    {
        let mut w = call.writer(dialect);
        w.word("CREATE SCHEMA IF NOT EXISTS ");
        w.name(schema);
        found.push(w);
    }
    let own = call.class().and_then(|class| by_class.get(&class));
    let named = |name: &'static str| {
        let own = own.into_iter().flatten().filter_map(|at| calls.get(*at));
        own.filter(move |other| other.name == name)
    };
    let columns = named("add_column");
    let mut columns: Vec<Column<'a>> = columns.map(|call| Column::of_call(&call.args, call.span)).collect();
    if !columns.iter().any(Column::primary) {
        columns.insert(0, Column::implicit_key(call.span));
    }
    let mut w = call.writer(dialect);
    w.word("CREATE TABLE ");
    w.table(schema.as_ref(), &table);
    w.word(" (");
    for (at, column) in columns.iter().enumerate() {
        w.word(if at > 0 { ", " } else { "" });
        column.ddl(&mut w, &table);
    }
    w.word(")");
    found.push(w);
    for column in columns.iter().filter(|column| column.indexed()) {
        let mut w = Writer::new(column.place, dialect);
        create_index(&mut w, (schema.as_ref(), &table), &column.name, column.param("index_method"), false);
        found.push(w);
    }
    for call in named("add_constraint") {
        let mut w = call.alter(dialect);
        constraint(&mut w, call);
        found.push(w);
    }
    found
}

fn create_index(
    w: &mut Writer,
    table: (Option<&Value<'_>>, &Value<'_>),
    column: &Value<'_>,
    method: Option<&Value<'_>>,
    safe: bool,
) {
    w.word(if safe { "CREATE INDEX IF NOT EXISTS " } else { "CREATE INDEX " });
    index_name(w, table.1, column);
    w.word(" ON ");
    w.table(table.0, table.1);
    if w.dialect != Dialect::Sqlite {
        w.word(" USING ");
        w.word(&method.and_then(member).unwrap_or_else(|| "btree".to_owned()));
    }
    w.word(" (");
    w.name(column);
    w.word(")");
}

fn index_name(w: &mut Writer, table: &Value<'_>, column: &Value<'_>) {
    match (table.as_str(), column.as_str()) {
        (Some(table), Some(column)) => w.word(&format!("{table}_{column}")),
        _ => w.hole("the name is made of names that are not known"),
    }
}

fn add_column(call: &Call<'_>, back: bool, dialect: Dialect) -> Vec<Writer> {
    let column = Column::of_call(&call.args, call.span);
    let mut w = call.alter(dialect);
    if back {
        w.word("DROP COLUMN ");
        w.name(&column.name);
        return vec![w];
    }
    let table = call.table();
    w.word("ADD COLUMN ");
    column.ddl(&mut w, &table);
    let mut found = vec![w];
    if column.indexed() {
        // Without the method that the column asks for. Source: `MigrationManager._run_add_columns`.
        let mut w = call.writer(dialect);
        create_index(&mut w, (call.schema().as_ref(), &table), &column.name, None, false);
        found.push(w);
    }
    found
}

fn move_table(call: &Call<'_>, back: bool, dialect: Dialect) -> Vec<Writer> {
    let (new, old) = (call.arg(2, &["new_schema"]), call.arg(3, &["old_schema"]));
    let (new, old) = if back { (old, new) } else { (new, old) };
    let mut found = Vec::new();
    if let Some(schema) = new.as_ref().filter(|name| name.as_str() != Some("public")) {
        let mut w = call.writer(dialect);
        w.word("CREATE SCHEMA IF NOT EXISTS ");
        w.name(schema);
        found.push(w);
    }
    let mut w = call.writer(dialect);
    w.word("ALTER TABLE ");
    w.table(old.as_ref(), &call.table());
    w.word(" SET SCHEMA ");
    w.name(&new.unwrap_or_else(|| word("public", call.span)));
    found.push(w);
    found
}

/// `ADD CONSTRAINT c UNIQUE (…)` or CHECK.
fn constraint(w: &mut Writer, call: &Call<'_>) {
    let given = params(call.args.get(4, &["params"])).unwrap_or_default();
    let param = |name: &str| given.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value);
    w.word("ADD CONSTRAINT ");
    w.name(&call.arg(2, &["constraint_name"]).unwrap_or(Value::None));
    match call.args.get(3, &["constraint_class"]).and_then(member).as_deref() {
        Some("Unique") => {
            let nulls = param("nulls_distinct").and_then(Value::truth) == Some(false);
            w.word(if nulls { " UNIQUE NULLS NOT DISTINCT (" } else { " UNIQUE (" });
            w.names(param("columns").unwrap_or(&Value::None));
            w.word(")");
        }
        Some("Check") => {
            w.word(" CHECK (");
            w.phrase(param("condition").unwrap_or(&Value::None));
            w.word(")");
        }
        _ => {
            w.word(" ");
            w.hole("the constraint's class is defined elsewhere");
        }
    }
}

/// What is changed of a column, in Piccolo's order.
fn alter_column(call: &Call<'_>, back: bool, dialect: Dialect) -> Vec<Writer> {
    let (new, old) = (call.args.get(4, &["params"]), call.args.get(5, &["old_params"]));
    let (new, old) = if back { (old, new) } else { (new, old) };
    let (class, old_class) = (call.arg(6, &["column_class"]), call.arg(7, &["old_column_class"]));
    let (class, old_class) = if back { (old_class, class) } else { (class, old_class) };
    let name = call.arg(3, &["db_column_name"]).or_else(|| call.arg(2, &["column_name"])).unwrap_or(Value::None);
    let (given, before) = (params(new).unwrap_or_default(), params(old).unwrap_or_default());
    let param = |name: &str| given.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value);
    let mut found = Vec::new();
    let action_on = |words: &str| {
        let mut w = call.alter(dialect);
        w.word("ALTER COLUMN ");
        w.name(&name);
        w.word(words);
        w
    };
    if let (Some(class), Some(old_class)) = (&class, &old_class)
        && member(class) != member(old_class)
    {
        let column = Column::of_class(&name, class, new, call.span);
        let was = Column::of_class(&name, old_class, old, call.span);
        let cast = column.sort() != was.sort();
        let kept = before.iter().any(|(own, value)| own == "default" && matches!(value, Value::None));
        if cast && !kept {
            found.push(action_on(" DROP DEFAULT"));
        }
        let counts = |class: &Value<'_>| matches!(member(class).as_deref(), Some("Serial" | "BigSerial"));
        if !(counts(class) && counts(old_class)) {
            let mut w = action_on(" TYPE ");
            column.data_type(&mut w);
            if cast {
                w.word(" USING ");
                w.name(&name);
                w.word("::");
                column.data_type(&mut w);
            }
            found.push(w);
        }
    }
    let actions = (param("on_delete"), param("on_update"));
    if actions.0.is_some() || actions.1.is_some() {
        let mut w = call.alter(dialect);
        w.word("DROP CONSTRAINT IF EXISTS ");
        w.hole("the name is read from the database");
        found.push(w);
        let mut w = call.alter(dialect);
        w.word("ADD CONSTRAINT ");
        w.hole("the name is made of the column's");
        w.word(" FOREIGN KEY (");
        w.name(&name);
        w.word(") REFERENCES ");
        w.hole(SNAPSHOT);
        for (value, words) in [(actions.0, " ON DELETE "), (actions.1, " ON UPDATE ")] {
            if value.is_some() {
                w.word(words);
                action(&mut w, value);
            }
        }
        found.push(w);
    }
    if let Some(null) = param("null").and_then(Value::truth) {
        found.push(action_on(if null { " DROP NOT NULL" } else { " SET NOT NULL" }));
    }
    if let Some(length) = param("length").filter(|length| !matches!(length, Value::None)) {
        let mut w = action_on(" TYPE VARCHAR(");
        w.phrase(length);
        w.word(")");
        found.push(w);
    }
    if let Some(unique) = param("unique").and_then(Value::truth) {
        let mut w = call.alter(dialect);
        if unique {
            w.word("ADD UNIQUE (");
            w.name(&name);
            w.word(")");
        } else {
            w.word("DROP CONSTRAINT ");
            match (call.table().as_str(), name.as_str()) {
                (Some(table), Some(column)) => w.word(&format!("\"{table}_{column}_key\"")),
                _ => w.hole("the name is made of names that are not known"),
            }
        }
        found.push(w);
    }
    found.extend(index_change(call, &name, param("index"), param("index_method"), dialect));
    if let Some(default) = param("default") {
        if matches!(default, Value::None) {
            found.push(action_on(" DROP DEFAULT"));
        } else {
            let mut w = action_on(" SET DEFAULT ");
            literal(&mut w, default);
            found.push(w);
        }
    }
    if let Some(digits) = param("digits") {
        let mut w = action_on(" TYPE NUMERIC");
        if let Some([precision, scale]) = digits.items().as_deref() {
            w.word("(");
            w.phrase(precision);
            w.word(", ");
            w.phrase(scale);
            w.word(")");
        }
        found.push(w);
    }
    found
}

fn index_change<'a>(
    call: &Call<'a>,
    name: &Value<'a>,
    index: Option<&Value<'a>>,
    method: Option<&Value<'a>>,
    dialect: Dialect,
) -> Vec<Writer> {
    let table = call.table();
    // The name of the column in Python, whatever it is called in the database. Source: `DropIndex.column_names`.
    let column = call.arg(2, &["column_name"]).unwrap_or_else(|| name.clone());
    let dropped = || {
        let mut w = call.writer(dialect);
        w.word("DROP INDEX IF EXISTS ");
        index_name(&mut w, &table, &column);
        w
    };
    let made = || {
        let mut w = call.writer(dialect);
        create_index(&mut w, (call.schema().as_ref(), &table), name, method, true);
        w
    };
    match (index.map(Value::truth), method) {
        (Some(Some(true)), _) => vec![made()],
        (Some(_), _) => vec![dropped()],
        (None, Some(_)) => vec![dropped(), made()],
        (None, None) => Vec::new(),
    }
}

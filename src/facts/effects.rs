//! What the server does for an operation, in the words that rules about locks need.
//!
//! The answers are those of the effects model on the folded schema; what is not known stays so.

use crate::effects::view::{Part, RelationKind};
use crate::effects::{LockMode, Schema};
use crate::expr::Value;
use crate::ir::{ColumnDetails, ConstraintDetails, ConstraintKind, Details, Known, OpKind, QualifiedName, Tri, names};

use super::View;
use super::held::relation_preexisting;
use super::sight::Sight;

/// A list of names; unknown where there is none that is known, and others are possible.
fn list(part: &Part<QualifiedName>, test: impl Fn(&QualifiedName) -> bool) -> Value {
    let found: Vec<_> = part.items.iter().filter(|name| test(name)).map(ToString::to_string).collect();
    if found.is_empty() && !part.complete { Value::Unknown } else { Value::List(found) }
}

/// Tables that are read in full while nobody else can write to them. Those that are new are nobody's yet.
pub(super) fn scanned(v: &View<'_>) -> Value {
    let effects = v.effects();
    let held = |name: &QualifiedName| {
        effects.locks.iter().any(|lock| lock.mode.blocks_writes() && lock.relation.as_deref() == Some(name))
    };
    list(&effects.scans, |name| held(name) && relation_preexisting(v, name) != Tri::No)
}

/// Tables that are written anew.
pub(super) fn rewritten(v: &View<'_>) -> Value {
    list(&v.effects().rewrites, |_| true)
}

/// Tables that are read in full because a partition comes: itself, or the default partition, which may hold rows of its
/// own. A default partition that the history does not tell of is taken not to be there, and a check that is not
/// understood to say what it was made for.
pub(super) fn scanned_for_partition(v: &View<'_>) -> Value {
    let new = v.op.kind == OpKind::TableCreate;
    let partition = matches!(&v.op.details, Details::Table(details) if details.partition_of.is_some());
    let attached = v.op.name.as_ref().and_then(Known::known);
    let known = attached.zip(v.before()).is_some_and(|(name, before)| before.relation(name).known().is_some());
    match scanned(v) {
        // Where a program makes up the name, it makes the table too.
        Value::Unknown if new || known || attached.is_none() => Value::List(Vec::new()),
        _ if new && !partition => Value::List(Vec::new()),
        value => value,
    }
}

/// Whether rows are read to build the index that is created. Partitions are often made outside of migrations, so that a
/// partitioned table is taken to have some; ONLY is taken to be written of a partitioned table.
pub(super) fn index_built(v: &View<'_>) -> Tri {
    let Details::Index(details) = &v.op.details else { return Tri::No };
    let built = v.effects().builds_any();
    match (details.only, built) {
        (true, Tri::Unknown) => Tri::No,
        (false, Tri::No) if partitioned(v) => Tri::Yes,
        _ => built,
    }
}

/// Whether the table acted on is partitioned, as the history tells.
pub(super) fn partitioned(v: &View<'_>) -> bool {
    let kind = v.table().map(|name| Sight(v).relation(name).map(|relation| relation.kind));
    kind.and_then(crate::effects::view::Found::known) == Some(RelationKind::Partitioned) || v.table_partitioned()
}

/// How to build the index while others write, as an order.
pub(super) fn index_way_out(v: &View<'_>) -> String {
    if !partitioned(v) {
        return "write CREATE INDEX CONCURRENTLY, and run it outside a transaction".to_owned();
    }
    let name = v.op.name.as_ref().and_then(Known::known).map_or("the index", |name| &name.name);
    format!(
        "CONCURRENTLY is refused on a partitioned table: create it ON ONLY the parent, build one CONCURRENTLY on each \
         partition, and attach those with ALTER INDEX {name} ATTACH PARTITION"
    )
}

/// Other relations than the one acted on that existed before the migration, and whose writes wait.
pub(super) fn other_relations(v: &View<'_>) -> Value {
    let effects = v.effects();
    let own = v.table();
    let mut found: Vec<String> = Vec::new();
    for lock in effects.locks.iter().filter(|lock| lock.mode.blocks_writes()) {
        let Some(name) = lock.relation.as_deref().filter(|name| !own.is_some_and(|own| own.same_object(name))) else {
            continue;
        };
        let text = name.to_string();
        if is_table(v, name) && relation_preexisting(v, name) == Tri::Yes && !found.contains(&text) {
            found.push(text);
        }
    }
    if found.is_empty() && effects.others.is_some_and(LockMode::blocks_writes) {
        Value::Unknown
    } else {
        Value::List(found)
    }
}

/// Whether a name is that of a relation with rows; that of one that is not known is taken to be.
fn is_table(v: &View<'_>, name: &QualifiedName) -> bool {
    let kind = v.before().and_then(|before| before.relation(name).known()).map(|relation| relation.state.kind);
    kind.is_none_or(|kind| kind.is_table() || kind == crate::schema::RelationKind::Matview)
}

/// What a change of a column's type does to what is stored: `rewrite`, `rebuild` of indexes, `scan` for its checks, or
/// `none`. Not known where the old type is not.
pub(super) fn type_change(v: &View<'_>) -> Value {
    if v.op.kind != OpKind::ColumnRetype {
        return Value::Unknown;
    }
    let effects = v.effects();
    let word = match effects.rewrites_any() {
        Tri::Unknown if effects.rebuilds.items.is_empty() => return Value::Unknown,
        Tri::Unknown => "rebuild",
        Tri::Yes => "rewrite",
        Tri::No if !effects.rebuilds.items.is_empty() => "rebuild",
        Tri::No if !effects.scans.items.is_empty() => "scan",
        Tri::No => "none",
    };
    Value::Str(word.to_owned())
}

/// The same as a clause: "rewrites the table and its indexes".
pub(super) fn type_change_said(v: &View<'_>) -> Value {
    let table = v.table().map_or_else(|| "the table".to_owned(), |table| format!("`{table}`"));
    let Value::Str(word) = type_change(v) else {
        let unless = if changes_time_zone(v) { " (not where TimeZone is UTC)" } else { "" };
        return Value::Str(format!("may rewrite {table}{unless}"));
    };
    let said = match word.as_str() {
        "rewrite" => format!("rewrites {table} and its indexes"),
        "rebuild" => {
            let indexes = &v.effects().rebuilds.items;
            let names: Vec<_> = indexes.iter().map(|index| format!("`{index}`")).collect();
            format!("builds {} of {table} anew", names.join(", "))
        }
        "scan" => format!("reads all of {table} to check its constraints"),
        _ => format!("leaves {table} as it is stored"),
    };
    Value::Str(said)
}

/// Whether a column goes from `timestamp` to `timestamptz` or back: where `TimeZone` is UTC the values stay as they are.
fn changes_time_zone(v: &View<'_>) -> bool {
    let time = |of: Option<crate::ir::TypeName>| of.is_some_and(|of| of.name.starts_with("timestamp"));
    time(super::catalogue::old_type(v)) && time(super::catalogue::new_type(v))
}

fn added_column<'a>(v: &'a View<'_>) -> Option<&'a ColumnDetails> {
    match &v.op.details {
        Details::Column(column) if v.op.kind == OpKind::ColumnAdd => Some(column),
        _ => None,
    }
}

/// Why the values of a new column are worked out row by row, in words; empty where nothing says that they are.
pub(super) fn computed(v: &View<'_>) -> Value {
    let Some(column) = added_column(v) else { return Value::Unknown };
    let serial = column.data_type.as_ref().is_some_and(|of| of.name.ends_with("serial"));
    let certain = v.effects().rewrites_any() == Tri::Yes;
    let default = column.default.as_deref().map(str::trim).filter(|text| !text.eq_ignore_ascii_case("null"));
    let said = match (&column.data_type, default) {
        (Some(of), _) if serial => format!("`{of}` draws a number for each row"),
        _ if column.identity => "an identity draws a number for each row".to_owned(),
        _ if column.generated_stored => "a stored generated column is computed for each row".to_owned(),
        (_, Some(text)) if text.contains('(') => {
            let word = if certain { "is" } else { "may be" };
            format!("its default `{}` {word} computed for each row", shortened(text))
        }
        (Some(of), _) if certain => format!("its type `{of}` is a domain, which is checked for each row"),
        _ => String::new(),
    };
    Value::Str(said)
}

/// A text for a message: one line of it, and not too much.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    let start: String = line.chars().take(MOST).collect();
    format!("{start}…")
}

/// Constraints that are added: by ADD CONSTRAINT, or written on a new column.
fn added(v: &View<'_>) -> Vec<ConstraintDetails> {
    match &v.op.details {
        Details::Constraint(constraint) if v.op.kind == OpKind::ConstraintAdd => vec![constraint.as_ref().clone()],
        Details::Column(column) if v.op.kind == OpKind::ColumnAdd => {
            let own = column.name.clone().or_else(|| v.op.name.as_ref().and_then(Known::known).map(|n| n.name.clone()));
            let with_columns = |constraint: &ConstraintDetails| {
                let mut constraint = constraint.clone();
                if constraint.columns.is_empty() {
                    constraint.columns.extend(own.clone());
                }
                constraint
            };
            column.constraints.iter().map(with_columns).collect()
        }
        Details::Table(table) if v.op.kind == OpKind::TableCreate => {
            table.columns.iter().flat_map(|column| &column.constraints).chain(&table.constraints).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// Sorts of the constraints that are added.
pub(super) fn kinds(v: &View<'_>) -> Value {
    let mut kinds: Vec<String> = added(v).iter().map(|constraint| constraint.kind.as_str().to_owned()).collect();
    if let Some(column) = added_column(v) {
        let written = [
            (column.unique, "unique"),
            (column.primary_key, "primary-key"),
            (column.references.is_some(), "foreign-key"),
        ];
        kinds.extend(written.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()));
    }
    kinds.sort();
    kinds.dedup();
    Value::List(kinds)
}

/// The constraint that a message is about: the foreign key, or the first that is none.
fn meant(v: &View<'_>, foreign_key: bool) -> Option<ConstraintDetails> {
    let all = added(v);
    let is = |constraint: &&ConstraintDetails| {
        (constraint.kind == ConstraintKind::ForeignKey) == foreign_key && constraint.kind != ConstraintKind::NotNull
    };
    let found =
        all.iter().find(is).or_else(|| all.iter().find(|c| (c.kind == ConstraintKind::ForeignKey) == foreign_key));
    found.cloned()
}

/// The name of a constraint that is added: the one written, or the one that the server chooses.
pub(super) fn name(v: &View<'_>, foreign_key: bool) -> Value {
    let Some(constraint) = meant(v, foreign_key) else { return Value::Unknown };
    let of_operation = v.op.name.as_ref().filter(|_| v.op.kind == OpKind::ConstraintAdd);
    if let Some(name) = of_operation.and_then(Known::known).map(|name| &name.name).or(constraint.name.as_ref()) {
        return Value::Str(name.clone());
    }
    let (Some(table), Some((second, label))) = (v.table(), names::constraint(&constraint)) else {
        return Value::Unknown;
    };
    let of_one = match constraint.columns.as_slice() {
        [only] if constraint.kind == ConstraintKind::Check => Some(only.clone()),
        _ => None,
    };
    Value::Str(names::object(&table.name, second.or(of_one).as_deref(), label))
}

/// The columns of that constraint.
pub(super) fn columns(v: &View<'_>, foreign_key: bool) -> Value {
    let columns = meant(v, foreign_key).map(|constraint| constraint.columns).unwrap_or_default();
    if columns.is_empty() { Value::Unknown } else { Value::Str(columns.join(", ")) }
}

/// The table that a foreign key refers to.
pub(super) fn references(v: &View<'_>) -> Value {
    let written = meant(v, true).and_then(|constraint| constraint.references);
    let of_column = || added_column(v).and_then(|column| column.references.clone());
    match written.or_else(of_column).map(|to| to.table) {
        Some(Known::Known(name, _)) => Value::Str(name.to_string()),
        _ => Value::Unknown,
    }
}

/// The tables at both ends of a foreign key, in words.
pub(super) fn tables(v: &View<'_>) -> Value {
    let own = v.table().map(ToString::to_string);
    let said = match (own, references(v)) {
        (Some(own), Value::Str(other)) if own != other => format!("`{own}` and `{other}`"),
        (Some(one), _) | (None, Value::Str(one)) => format!("`{one}`"),
        (None, _) => "both tables".to_owned(),
    };
    Value::Str(said)
}

/// Whether a foreign key that is added is looked up for the rows that are there. That of a new column is where the
/// column gets a value. Source: `ATExecAddColumn` and `ATAddForeignKeyConstraint` (src/backend/commands/tablecmds.c).
pub(super) fn validated(v: &View<'_>) -> Tri {
    match &v.op.details {
        Details::Constraint(key) if key.kind == ConstraintKind::ForeignKey => {
            Tri::from(!key.not_valid && !key.not_enforced)
        }
        Details::Column(column) if column.references.is_some() && v.op.kind == OpKind::ColumnAdd => {
            Tri::from(column.default.is_some() || super::table::filled_by_server(column))
        }
        _ => Tri::No,
    }
}

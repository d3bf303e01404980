//! What an operation meets in the catalogue that is folded from the migrations before it.

use std::collections::BTreeSet;

use crate::config::Dialect;
use crate::effects::keys::{self, Fit};
use crate::ir::names::LONGEST;
use crate::ir::{
    ColumnDetails, ConstraintDetails, ConstraintKind, Details, Known, OpKind, QualifiedName, Tri, TypeName,
};
use crate::schema::{Found, IndexState, Relation, RelationKind, Snapshot, as_sql};

use super::View;

fn known(name: Option<&Known<QualifiedName>>) -> Option<&QualifiedName> {
    name.and_then(Known::known)
}

/// The table acted on, as it is before the operation.
fn table<'a>(v: &'a View<'_>) -> Option<Relation<'a>> {
    v.before()?.relation(v.table()?).known()
}

/// Constraints that the operation writes, each with the table that they are on.
fn constraints<'a>(v: &'a View<'_>) -> Vec<&'a ConstraintDetails> {
    match &v.op.details {
        Details::Constraint(details) if v.op.kind == OpKind::ConstraintAdd => vec![details],
        Details::Column(details) if v.op.kind == OpKind::ColumnAdd => details.constraints.iter().collect(),
        Details::Table(details) if v.op.kind == OpKind::TableCreate => {
            details.columns.iter().flat_map(|column| &column.constraints).chain(&details.constraints).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the operation needs its table to be there.
fn needs_table(v: &View<'_>) -> bool {
    let op = v.op;
    let creates = op.kind.as_str().ends_with(".create") && !matches!(op.kind, OpKind::IndexCreate);
    let of_table =
        matches!(op.kind.family(), "table" | "column" | "index" | "constraint" | "partition" | "trigger" | "policy")
            || matches!(op.kind, OpKind::DataInsert | OpKind::DataUpdate | OpKind::DataDelete);
    let tolerant = op.table_if_exists || (op.if_exists && op.kind.family() == "table");
    // An index is named without its table where it is dropped or altered.
    let named = op.kind.family() != "index" || op.kind == OpKind::IndexCreate;
    of_table && !creates && !tolerant && named && op.kind != OpKind::TableVacuum
}

/// Whether the operation certainly runs and is one of PostgreSQL: a condition around it may ask for the very object, and
/// whoever goes on after a failure may count on it.
fn judged(v: &View<'_>) -> bool {
    let asked = v.op.conditional || v.op.context.failure_swallowed || v.op.context.guards.kinds().has_others();
    v.op.statement.dialect == Dialect::Postgres && !asked
}

/// Relations that the operation needs and that are certainly not there.
pub(super) fn missing_tables(v: &View<'_>) -> Vec<String> {
    let Some(before) = v.before().filter(|_| judged(v)) else { return Vec::new() };
    let mut wanted: Vec<&QualifiedName> = Vec::new();
    if needs_table(v) {
        wanted.extend(known(v.op.table.as_ref()));
    }
    let own = known(v.op.table.as_ref());
    wanted.extend(constraints(v).iter().filter_map(|c| known(c.references.as_ref().map(|to| &to.table))));
    if let Details::Table(details) = &v.op.details
        && v.op.kind == OpKind::TableCreate
    {
        wanted.extend(details.partition_of.iter().chain(&details.parents).filter_map(Known::known));
        wanted.extend(details.like.iter().filter_map(|like| like.table.known()));
        // A table may refer to itself.
        wanted.retain(|name| !own.is_some_and(|own| own.same_object(name)));
    }
    let mut missing: Vec<String> = Vec::new();
    for name in wanted {
        // What keeps the runner's books is the runner's.
        let books = super::model::keeps_books(&name.name);
        // What the migrations of another folder make can be there, too: a program may apply several.
        let elsewhere = !before.was_seen(name) && v.model.world.is_spoken_of_beside(v.at.0, &name.name);
        if !books
            && !elsewhere
            && matches!(before.relation(name), Found::Absent)
            && !missing.contains(&name.to_string())
        {
            missing.push(name.to_string());
        }
    }
    missing
}

/// Columns that the operation needs and that are certainly not there, as `table.column`.
pub(super) fn missing_columns(v: &View<'_>) -> Vec<String> {
    let Some(before) = v.before().filter(|_| judged(v)) else { return Vec::new() };
    let mut missing = Vec::new();
    let mut want = |table: Option<&QualifiedName>, columns: &[String], known: &[ColumnDetails]| {
        let Some(relation) = table.and_then(|name| before.relation(name).known()) else { return };
        for column in columns {
            // A name that is put together at run time shows its unknown part.
            if column.contains('{') {
                continue;
            }
            let own = known.iter().any(|own| own.name.as_ref() == Some(column));
            let found = relation.column(column);
            if matches!(found, Found::Absent) && !own && !is_system(column) && relation.state.kind != RelationKind::View
            {
                let text = format!("{}.{column}", relation.state.name.name);
                if !missing.contains(&text) {
                    missing.push(text);
                }
            }
        }
    };
    let own = known(v.op.table.as_ref());
    match &v.op.details {
        Details::Column(details) if !matches!(v.op.kind, OpKind::ColumnAdd) && !v.op.if_exists => {
            let named = known(v.op.name.as_ref()).map(|name| name.name.clone()).or_else(|| details.name.clone());
            want(own, named.as_slice(), &[]);
        }
        Details::Index(details) if v.op.kind == OpKind::IndexCreate => {
            let keys = details.columns.iter().filter(|key| !key.expression).map(|key| key.text.clone());
            want(own, &keys.chain(details.include.iter().cloned()).collect::<Vec<_>>(), &[]);
        }
        Details::Constraint(details) if v.op.kind == OpKind::ConstraintAdd && details.kind != ConstraintKind::Check => {
            want(own, &details.columns, &[]);
        }
        Details::Data(details) if matches!(v.op.kind, OpKind::DataInsert | OpKind::DataUpdate) => {
            let assigned = details.assignments.iter().map(|assignment| assignment.column.clone());
            let all: Vec<_> = details.columns.iter().cloned().chain(assigned).collect();
            want(own, &all, &[]);
        }
        _ => {}
    }
    for constraint in constraints(v) {
        let Some(to) = &constraint.references else { continue };
        let other = to.table.known().filter(|name| !own.is_some_and(|own| own.same_object(name)));
        want(other, &to.columns, &[]);
    }
    missing
}

/// Columns that every table has. Source: PostgreSQL documentation, "System Columns".
fn is_system(column: &str) -> bool {
    matches!(column, "ctid" | "tableoid" | "xmin" | "xmax" | "cmin" | "cmax" | "oid")
}

/// What the operation makes is there already; the sort and the name of it.
pub(super) fn exists_already(v: &View<'_>) -> (Tri, String) {
    let no = (Tri::No, String::new());
    let Some(before) = v.before().filter(|_| judged(v)) else { return no };
    let name = known(v.op.name.as_ref());
    let found = match (v.op.kind, &v.op.details) {
        (_, Details::Table(details)) if details.temporary => return no,
        (OpKind::TableCreate | OpKind::ViewCreate | OpKind::MatviewCreate, _) => {
            v.table().or(name).map(|name| match before.in_the_way(name) {
                // A table that was only spoken of may be made here for the first time: the files have no order.
                Found::Known(there) if there.state.kind.is_table() && !there.state.complete => Found::Unknown,
                found => found.map(|relation| format!("{} `{name}`", relation.state.kind.as_sql())),
            })
        }
        (OpKind::SequenceCreate, _) => {
            name.map(|name| before.in_the_way(name).map(|there| format!("{} `{name}`", there.state.kind.as_sql())))
        }
        (OpKind::IndexCreate, _) => name.zip(table(v)).map(|(name, table)| {
            let schema = table.state.name.schema.clone();
            let full = QualifiedName { schema, name: name.name.clone() };
            before.relation(&full).map(|there| format!("{} `{}`", there.state.kind.as_sql(), name.name))
        }),
        (OpKind::ColumnAdd, _) => name.zip(table(v)).map(|(name, table)| {
            table.column(&name.name).map(|_| format!("column `{}` of `{}`", name.name, table.state.name.name))
        }),
        (OpKind::ConstraintAdd, Details::Constraint(details)) => {
            details.name.as_ref().zip(table(v)).map(|(name, table)| {
                table.constraint(name).map(|_| format!("constraint `{name}` of `{}`", table.state.name.name))
            })
        }
        (OpKind::TypeCreate | OpKind::DomainCreate, _) => name.map(|name| {
            let found = before.type_named(name);
            let real = found.map(|of| !matches!(of.state.sort, crate::schema::TypeSort::Other("shell")));
            if real == Found::Known(true) { Found::Known(format!("type `{name}`")) } else { Found::Unknown }
        }),
        (OpKind::EnumAddValue, Details::Object(details)) => details.part.as_ref().zip(name).map(|(label, name)| {
            let there = before.type_named(name).map(|of| of.has_label(label));
            if there == Found::Known(true) {
                Found::Known(format!("value `{label}` of `{name}`"))
            } else {
                Found::Unknown
            }
        }),
        _ => None,
    };
    match found {
        Some(Found::Known(what)) => (Tri::Yes, what),
        _ => no,
    }
}

/// The type of the column before a change of it.
pub(super) fn old_type(v: &View<'_>) -> Option<TypeName> {
    let folded = || {
        let name = known(v.op.name.as_ref())?;
        let column = table(v)?.column(&name.name).known()?;
        column.state.data_type.as_deref().cloned()
    };
    let said = || match &v.op.details {
        Details::Column(details) => details.old_type.as_ref().map(crate::schema::normalised),
        _ => None,
    };
    folded().or_else(said)
}

/// The type that a column gets.
pub(super) fn new_type(v: &View<'_>) -> Option<TypeName> {
    match &v.op.details {
        Details::Column(details) => details.data_type.as_ref().map(crate::schema::normalised),
        _ => None,
    }
}

/// Whether values of the old type exist that the new one refuses or cuts.
pub(super) fn narrowed(v: &View<'_>) -> Tri {
    let (Some(old), Some(new)) = (old_type(v), new_type(v)) else { return Tri::Unknown };
    narrower(&old, &new)
}

fn narrower(old: &TypeName, new: &TypeName) -> Tri {
    if old == new {
        return Tri::No;
    }
    let number = |of: &TypeName, at: usize| of.arguments.get(at).and_then(|text| text.parse::<i64>().ok());
    let whole = |name: &str| ["smallint", "integer", "bigint"].iter().position(|own| *own == name);
    let text = |name: &str| matches!(name, "text" | "character varying" | "character" | "citext");
    let (from, to) = (old.name.as_str(), new.name.as_str());
    // A type that is known only while the program runs is shown in braces.
    if old.dimensions != new.dimensions || from.contains('{') || to.contains('{') {
        return Tri::Unknown;
    }
    if let (Some(from), Some(to)) = (whole(from), whole(to)) {
        return (to < from).into();
    }
    // A length that the source computes.
    if old.arguments.iter().chain(&new.arguments).any(|argument| argument.contains('{')) {
        return Tri::Unknown;
    }
    if text(from) && text(to) {
        return match (number(old, 0), number(new, 0)) {
            (_, None) => Tri::No,
            (None, Some(_)) => Tri::Yes,
            (Some(old), Some(new)) => (new < old).into(),
        };
    }
    match (from, to) {
        ("numeric", "numeric") => match (number(old, 0), number(new, 0)) {
            (_, None) => Tri::No,
            (None, Some(_)) => Tri::Yes,
            (Some(digits), Some(fewer)) => {
                let (scale, new_scale) = (number(old, 1).unwrap_or(0), number(new, 1).unwrap_or(0));
                (fewer.saturating_sub(new_scale) < digits.saturating_sub(scale) || new_scale < scale).into()
            }
        },
        (from, to) if matches!(from, "numeric" | "double precision" | "real") && whole(to).is_some() => Tri::Yes,
        ("double precision", "real") | ("timestamp with time zone" | "timestamp without time zone", "date") => Tri::Yes,
        ("text" | "character varying", to) if !text(to) => Tri::Yes,
        _ => Tri::Unknown,
    }
}

/// The first foreign key of the operation whose columns do not go with those that they refer to: how, and said in words.
pub(super) fn foreign_key_mismatch(v: &View<'_>) -> Option<(Fit, String)> {
    let after = v.after()?;
    let own = after.relation(v.table()?).known()?;
    let mut found: Option<(Fit, String)> = None;
    for constraint in constraints(v) {
        let Some(to) = &constraint.references else { continue };
        let Some(other) = to.table.known().and_then(|name| after.relation(name).known()) else { continue };
        for (own_name, other_name) in constraint.columns.iter().zip(target_columns(&to.columns, &other)) {
            let (Some(one), Some(two)) = (own.column(own_name).known(), other.column(&other_name).known()) else {
                continue;
            };
            let (Some(first), Some(second)) = (&one.state.data_type, &two.state.data_type) else { continue };
            // Types that somebody defined are not looked into.
            if one.state.user_type.is_some() || two.state.user_type.is_some() {
                continue;
            }
            let fit = keys::fit(first, second);
            let worse = match fit {
                Fit::Alike | Fit::Unknown => false,
                Fit::Cast => found.is_none(),
                Fit::Narrower | Fit::Refused => found.as_ref().is_none_or(|(known, _)| *known == Fit::Cast),
            };
            if worse {
                let words = format!(
                    "`{}.{own_name}` is {} and `{}.{other_name}` is {}",
                    own.state.name.name,
                    as_sql(first),
                    other.state.name.name,
                    as_sql(second)
                );
                found = Some((fit, words));
            }
        }
    }
    found
}

fn target_columns(written: &[String], other: &Relation<'_>) -> Vec<String> {
    if written.is_empty() { other.primary_key().into_iter().map(ToOwned::to_owned).collect() } else { written.to_vec() }
}

/// The first foreign key of the operation that refers to columns that no unique constraint or index is on: the columns,
/// as `table (a, b)`.
pub(super) fn foreign_key_target_not_unique(v: &View<'_>) -> Option<String> {
    let after = v.after()?;
    for constraint in constraints(v) {
        let Some(to) = &constraint.references else { continue };
        let Some(other) = to.table.known().and_then(|name| after.relation(name).known()) else { continue };
        if !other.is_complete() || to.columns.is_empty() {
            continue;
        }
        let wanted: BTreeSet<&str> = to.columns.iter().map(String::as_str).collect();
        let unique = other.indexes().iter().any(|(_, index)| {
            let keys: Option<BTreeSet<&str>> =
                index.keys.iter().map(|key| key.column.map(|id| after.column_name(id))).collect();
            index.unique && index.predicate.is_none() && keys.as_ref() == Some(&wanted)
        });
        let known = to.columns.iter().all(|column| other.column(column).known().is_some());
        if !unique && known {
            return Some(format!("{} ({})", other.state.name.name, to.columns.join(", ")));
        }
    }
    None
}

/// The first foreign key of the operation whose columns lead no index at the end of the migration: its columns.
pub(super) fn foreign_key_without_index(v: &View<'_>) -> Option<String> {
    let end = v.model.world.end(v.at.0)?;
    let own = end.relation(v.table()?).known().filter(Relation::is_complete)?;
    for constraint in constraints(v).into_iter().filter(|constraint| constraint.references.is_some()) {
        let still = end_has(&own, constraint);
        let covered = own.indexes().iter().any(|(_, index)| leads(end, &index.keys, &constraint.columns));
        if still && !covered && !constraint.columns.is_empty() {
            return Some(constraint.columns.join(", "));
        }
    }
    None
}

/// Whether the foreign key is there at the end of the migration.
fn end_has(own: &Relation<'_>, constraint: &ConstraintDetails) -> bool {
    own.constraints().iter().any(|there| {
        there.state.kind == ConstraintKind::ForeignKey
            && there.state.exists == Tri::Yes
            && own.snapshot().column_names(&there.state.columns) == constraint.columns
    })
}

/// Whether the first keys are these columns, in any order.
fn leads(snapshot: Snapshot<'_>, keys: &[crate::schema::KeyState], columns: &[String]) -> bool {
    let first = keys.iter().take(columns.len());
    let names: Vec<_> = first.filter_map(|key| key.column).map(|id| snapshot.column_name(id)).collect();
    names.len() == columns.len() && columns.iter().all(|column| names.contains(&column.as_str()))
}

/// The index that the one being made repeats: one of the same kind whose keys begin with all of its keys.
pub(super) fn repeated_index(v: &View<'_>) -> Option<String> {
    let Details::Index(new) = &v.op.details else { return None };
    let before = v.before()?;
    let table = table(v)?;
    let own = known(v.op.name.as_ref()).map(|name| name.name.as_str());
    let method = new.method.as_deref().unwrap_or("btree").to_lowercase();
    let repeats = |snapshot: &Snapshot<'_>, relation: &Relation<'_>, index: &IndexState, later: bool| {
        let keys = index.keys.iter().map(|key| {
            (
                key.column.map(|id| snapshot.column_name(id)).or(key.expression.as_deref()).unwrap_or_default(),
                key.options.as_str(),
            )
        });
        let keys: Vec<_> = keys.collect();
        let new_keys: Vec<_> = new.columns.iter().map(|key| (key.text.as_str(), key.options.as_str())).collect();
        let whole = keys.len() == new_keys.len();
        // A unique index also says something; only one that is on the very same keys says it already. Of two that say
        // the same the later one is reported.
        let enough = match (new.unique, later) {
            (true, _) => !later && index.unique && whole,
            (false, true) if whole => index.unique,
            (false, _) => whole || method == "btree",
        };
        relation.state.exists == Tri::Yes
            && Some(relation.state.name.name.as_str()) != own
            && index.valid == Tri::Yes
            && index.method == method
            && index.predicate == new.predicate
            && new.include.iter().all(|name| snapshot.column_names(&index.include).contains(&name.as_str()))
            && enough
            && keys.starts_with(&new_keys)
    };
    let end = v.model.world.end(v.at.0)?;
    let found = table.indexes().into_iter().find(|(relation, index)| repeats(&before, relation, index, false));
    if let Some((relation, _)) = found {
        // What the migration drops afterwards is being replaced.
        let name = relation.state.name.clone();
        return end.relation(&name).known().map(|_| name.name);
    }
    // A wider one that the same migration makes afterwards serves the same searches, if both stay. A tool that makes the
    // narrow one by itself cannot be told to leave it out.
    if v.op.statement.implied {
        return None;
    }
    end.relation(known(v.op.name.as_ref())?).known()?;
    let table = end.relation(v.table()?).known()?;
    let wider = table.indexes().into_iter().find(|(relation, index)| repeats(&end, relation, index, true));
    wider.map(|(relation, _)| relation.state.name.name.clone())
}

/// A column that stands twice in the keys of an index, in a list of columns, or in a SET list.
pub(super) fn repeated_column(v: &View<'_>) -> Option<String> {
    let twice = |names: Vec<&str>| {
        let mut seen = BTreeSet::new();
        names.into_iter().find(|name| !seen.insert(*name)).map(ToOwned::to_owned)
    };
    match &v.op.details {
        Details::Index(details) => {
            let plain = details.columns.iter().filter(|key| !key.expression && key.options.is_empty());
            twice(plain.map(|key| key.text.as_str()).chain(details.include.iter().map(String::as_str)).collect())
        }
        Details::Data(details) => {
            twice(details.assignments.iter().map(|assignment| assignment.column.as_str()).collect())
                .or_else(|| twice(details.columns.iter().map(String::as_str).collect()))
        }
        _ => None,
    }
}

/// Names that the operation gives and that are longer than the server keeps.
pub(super) fn long_names(v: &View<'_>) -> Vec<String> {
    if v.op.statement.dialect != Dialect::Postgres {
        return Vec::new();
    }
    let op = v.op;
    let mut names: Vec<&str> = Vec::new();
    if op.kind.as_str().ends_with(".create") || matches!(op.kind, OpKind::ColumnAdd | OpKind::ConstraintAdd) {
        names.extend(known(op.name.as_ref()).map(|name| name.name.as_str()));
        if matches!(op.kind.family(), "table" | "view" | "matview") {
            names.extend(known(op.table.as_ref()).map(|name| name.name.as_str()));
        }
    }
    match &op.details {
        Details::Table(details) => {
            names.extend(details.columns.iter().filter_map(|column| column.name.as_deref()));
            names.extend(details.new_name.as_ref().and_then(Known::known).map(|name| name.name.as_str()));
        }
        Details::Column(details) => names.extend(details.new_name.as_deref()),
        Details::Constraint(details) => names.extend(details.new_name.as_deref()),
        Details::Index(details) => names.extend(details.new_name.as_deref()),
        _ => {}
    }
    names.extend(constraints(v).iter().filter_map(|constraint| constraint.name.as_deref()));
    // What holds an unknown part is not the name yet.
    let mut long: Vec<String> = names
        .into_iter()
        .filter(|name| name.len() > LONGEST && !name.contains(['{', '$']))
        .map(ToOwned::to_owned)
        .collect();
    long.sort();
    long.dedup();
    long
}

/// Whether the constraint that is added NOT VALID is still not validated where the history ends. That of the last
/// migration may be validated by the next.
pub(super) fn never_validated(v: &View<'_>) -> Tri {
    let Details::Constraint(details) = &v.op.details else { return Tri::No };
    if !details.not_valid || v.op.kind != OpKind::ConstraintAdd {
        return Tri::No;
    }
    let (Some(name), Some(table)) = (&details.name, v.table()) else { return Tri::Unknown };
    let Some((last, end)) = v.model.world.last_of(v.at.0) else { return Tri::Unknown };
    if last == v.at.0 {
        return Tri::No;
    }
    let constraint = end.relation(table).known().and_then(|relation| relation.constraint(name).known());
    constraint.map_or(Tri::No, |constraint| !constraint.state.validated)
}

/// Why an index stays INVALID that the operation makes or builds anew, as a clause: the migrations end before all
/// partitions have theirs attached to it, or a failed build is caught and what it leaves is not dropped.
pub(super) fn left_invalid(v: &View<'_>) -> Option<String> {
    let Details::Index(details) = &v.op.details else { return None };
    let name = known(v.op.name.as_ref())?;
    if v.op.kind == OpKind::IndexCreate && details.only {
        return unattached(v, name);
    }
    let caught = v.op.context.failure_swallowed && v.op.is_concurrent() == Tri::Yes;
    // One that is kept by IF NOT EXISTS is another matter.
    if !caught || v.op.if_not_exists || v.object.dropped_before {
        return None;
    }
    let still = v.model.world.end(v.at.0).is_some_and(|end| end.relation(name).known().is_some());
    let builds = matches!(v.op.kind, OpKind::IndexCreate | OpKind::IndexReindex);
    (builds && still).then(|| "a failed build is caught, and what it leaves behind is not dropped".to_owned())
}

/// The same for an index that is made ON ONLY a partitioned table. What the last migration leaves undone the next one may
/// do, unless it has begun with it.
fn unattached(v: &View<'_>, name: &QualifiedName) -> Option<String> {
    let (last, end) = v.model.world.last_of(v.at.0)?;
    let index = end.relation(name).known()?;
    let attached = index.children();
    if index.state.index.as_ref()?.valid != Tri::No || (last == v.at.0 && attached.is_empty()) {
        return None;
    }
    let with: BTreeSet<_> = attached.iter().filter_map(|index| Some(index.state.index.as_ref()?.table)).collect();
    let table = end.relation(v.table()?).known()?;
    let partitions = table.children();
    let without = partitions.iter().find(|partition| !with.contains(&partition.id))?;
    Some(format!("no index of the partition `{}` is attached to it", without.state.name.name))
}

/// The sort of constraint that is added.
pub(super) fn constraint_kind(v: &View<'_>) -> &'static str {
    match &v.op.details {
        Details::Index(details) if v.op.kind == OpKind::IndexCreate && details.unique => "unique",
        Details::Constraint(details) if details.using_index.is_some() => "existing-index",
        Details::Constraint(details) => details.kind.as_str(),
        _ => "",
    }
}

/// Whether the column acted on was there before this migration.
pub(super) fn column_preexisting(v: &View<'_>) -> Tri {
    let table = v.table_preexisting();
    let (Some(start), Some(name), Some(column)) = (v.model.world.start(v.at.0), v.table(), known(v.op.name.as_ref()))
    else {
        return table;
    };
    let Some(before) = v.before().and_then(|before| before.relation(name).known()) else { return table };
    let Some(now) = before.column(&column.name).known() else { return table };
    match start.column_of(now.id) {
        Some(then) if then.state.exists != Tri::No => table,
        _ => table.and(Tri::No),
    }
}

/// Whether the same migration makes a view under the name that the relation loses.
pub(super) fn view_takes_name(v: &View<'_>) -> Tri {
    let (Some(name), Some(end)) = (v.table(), v.model.world.end(v.at.0)) else { return Tri::Unknown };
    let view = end.possible(name).is_some_and(|relation| relation.state.kind == RelationKind::View);
    view.into()
}

/// Views that read the table (or, for a column, that mention it), as they are before the operation.
pub(super) fn read_by(v: &View<'_>) -> Vec<String> {
    let Some(relation) = table(v) else { return Vec::new() };
    let column = if v.op.kind.family() == "column" { known(v.op.name.as_ref()) } else { None };
    let readers = relation.read_by().into_iter().filter(|view| {
        let words = view.state.query.as_ref().map(|query| &query.words);
        column.is_none_or(|column| words.is_some_and(|words| words.contains(&column.name)))
    });
    readers.map(|view| view.state.name.name.clone()).collect()
}

/// The old table makes room for one that is built anew under its name: created, filled, the old one dropped, the new one
/// renamed; or the old one renamed away, the new one created under its name and filled, and the old one dropped. What is
/// made again only to be dropped in the end has a name for the time of the migration, and is what an earlier attempt left.
pub(super) fn rebuilt(v: &View<'_>) -> Tri {
    let (Some(name), Some(end)) = (v.table(), v.model.world.end(v.at.0)) else { return Tri::Unknown };
    let Some(start) = v.model.world.start(v.at.0) else { return Tri::Unknown };
    let scratch = v.op.kind == OpKind::TableDrop && v.op.if_exists && v.model.takes_later(v.at, name);
    let leftover = scratch && start.relation(name).known().is_none();
    if leftover || v.model.gave_way(v.at, name) || v.model.replaces(v.at.0, v.op, name) {
        return Tri::Yes;
    }
    let before = start.possible(name).map(|relation| relation.id);
    let after = end.possible(name);
    let stored = |kind: RelationKind| kind.is_table() || kind == RelationKind::Matview;
    let another = after.is_some_and(|after| stored(after.state.kind) && Some(after.id) != before);
    // A table that earlier migrations have made holds rows, and they have to come along.
    let table = start.possible(name).is_some_and(|before| before.state.kind.is_table());
    (another && (!table || v.model.carries_rows(v.at.0))).into()
}

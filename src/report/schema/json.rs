//! The schema as JSON, for other programs. What is not known is `null`.

use serde_json::{Value, json};

use super::{Described, lasting, shown, type_sql};
use crate::ir::{ConstraintKind, Tri};
use crate::schema::{Generated, Maybe, Relation, RelationKind, Snapshot, Type, TypeSort, as_sql};

/// The version of the form.
const VERSION: u32 = 1;

/// The schemas of all projects.
pub fn json(projects: &[Described<'_>]) -> String {
    let projects: Vec<Value> = projects.iter().map(project).collect();
    format!("{:#}\n", json!({"schema": VERSION, "projects": projects}))
}

fn project(project: &Described<'_>) -> Value {
    let snapshot = &project.snapshot;
    let relations = lasting(snapshot);
    let of = |kinds: &[RelationKind], make: &dyn Fn(&Relation<'_>) -> Value| -> Vec<Value> {
        relations.iter().filter(|relation| kinds.contains(&relation.state.kind)).map(make).collect()
    };
    json!({
        "runner": project.runner,
        "root": project.root,
        "dialect": project.dialect,
        "complete": snapshot.is_complete(),
        "schemas": snapshot.schemas(),
        "types": snapshot.types().iter().map(|of| type_of(snapshot, of)).collect::<Vec<_>>(),
        "tables": of(
            &[RelationKind::Table, RelationKind::Partitioned, RelationKind::Foreign],
            &|relation| table(snapshot, relation),
        ),
        "views": of(&[RelationKind::View, RelationKind::Matview], &|relation| view(snapshot, relation)),
        "sequences": of(&[RelationKind::Sequence], &|relation| sequence(snapshot, relation)),
        "functions": snapshot.routines().iter().map(|routine| json!({
            "name": shown(&routine.name),
            "arguments": routine.arguments,
            "kind": if routine.procedure { "procedure" } else { "function" },
            "volatility": routine.volatility,
            "exists": tri(routine.exists),
        })).collect::<Vec<_>>(),
    })
}

/// `null` where it is not known.
fn tri(answer: Tri) -> Value {
    match answer {
        Tri::Yes => Value::Bool(true),
        Tri::No => Value::Bool(false),
        Tri::Unknown => Value::Null,
    }
}

fn type_of(snapshot: &Snapshot<'_>, of: &Type<'_>) -> Value {
    let mut value = json!({"name": shown(&of.state.name), "exists": tri(of.state.exists)});
    match &of.state.sort {
        TypeSort::Enum => {
            value["kind"] = json!("enum");
            value["labels"] = of.labels().iter().map(|label| label.label.clone()).collect();
        }
        TypeSort::Domain(domain) => {
            value["kind"] = json!("domain");
            value["base"] = json!(as_sql(&domain.base));
            value["not_null"] = json!(domain.not_null);
            value["checks"] = domain.checks.iter().map(|(name, _)| name.clone()).collect();
        }
        TypeSort::Composite(_) => {
            value["kind"] = json!("composite");
            value["columns"] = of.attributes().map_or(Value::Null, |relation| columns(snapshot, &relation));
        }
        TypeSort::Other(sort) => value["kind"] = json!(sort),
    }
    value
}

fn columns(snapshot: &Snapshot<'_>, relation: &Relation<'_>) -> Value {
    let column = |column: crate::schema::Column<'_>| {
        let state = column.state;
        json!({
            "name": state.name,
            "type": type_sql(snapshot, state),
            "nullable": tri(!state.not_null),
            "default": match &state.default { Maybe::Yes(text) => json!(text.as_ref()), _ => Value::Null },
            "has_default": tri(state.default.is_there()),
            "generated": match &state.generated {
                Generated::No => Value::Null,
                Generated::Stored(text) | Generated::Virtual(text) => json!(text),
            },
            "identity": state.identity.map(|always| if always { "always" } else { "by default" }),
            "exists": tri(state.exists),
        })
    };
    relation.columns().into_iter().map(column).collect()
}

fn table(snapshot: &Snapshot<'_>, relation: &Relation<'_>) -> Value {
    let constraints = relation.constraints().into_iter().map(|constraint| {
        let state = constraint.state;
        let other = state.references.as_ref().and_then(|(id, _)| snapshot.relation_of(*id));
        let index = state.index.and_then(|id| snapshot.relation_of(id));
        json!({
            "name": state.name,
            "kind": match state.kind {
                ConstraintKind::PrimaryKey => "primary key",
                ConstraintKind::Unique => "unique",
                ConstraintKind::ForeignKey => "foreign key",
                ConstraintKind::Check => "check",
                ConstraintKind::Exclusion => "exclusion",
                ConstraintKind::NotNull => "not null",
                ConstraintKind::Named => "constraint",
            },
            "columns": snapshot.column_names(&state.columns),
            "expression": state.expression.as_deref(),
            "references": other.map(|other| shown(&other.state.name)),
            "referenced_columns": state.references.as_ref().map(|(_, to)| snapshot.column_names(to)),
            "validated": tri(state.validated),
            "index": index.map(|index| index.state.name.name.clone()),
            "exists": tri(state.exists),
        })
    });
    let mut value = head(snapshot, relation);
    value["constraints"] = constraints.collect();
    value["partition_key"] = json!(relation.state.partition_key.as_deref());
    value["bound"] = json!(relation.state.bound.as_deref());
    value["parents"] = relation.parents().iter().map(|parent| shown(&parent.state.name)).collect();
    value
}

/// What tables and views have in common.
fn head(snapshot: &Snapshot<'_>, relation: &Relation<'_>) -> Value {
    json!({
        "name": shown(&relation.state.name),
        "kind": relation.state.kind.as_sql(),
        "complete": relation.state.complete,
        "exists": tri(relation.state.exists),
        "columns": columns(snapshot, relation),
        "indexes": indexes(snapshot, relation),
    })
}

fn indexes(snapshot: &Snapshot<'_>, relation: &Relation<'_>) -> Value {
    let index = |(relation, index): (Relation<'_>, &crate::schema::IndexState)| {
        let keys = index.keys.iter().map(|key| match (&key.expression, key.column) {
            (Some(expression), _) => expression.clone(),
            (None, Some(column)) => snapshot.column_name(column).to_owned(),
            (None, None) => String::new(),
        });
        json!({
            "name": relation.state.name.name,
            "keys": keys.collect::<Vec<_>>(),
            "include": snapshot.column_names(&index.include),
            "unique": index.unique,
            "method": index.method,
            "predicate": index.predicate,
            "valid": tri(index.valid),
            "constraint": index.constraint,
            "exists": tri(relation.state.exists),
        })
    };
    relation.indexes().into_iter().map(index).collect()
}

fn view(snapshot: &Snapshot<'_>, relation: &Relation<'_>) -> Value {
    let reads = relation.state.query.as_ref().map(|query| query.reads.iter().map(shown).collect::<Vec<_>>());
    let mut value = head(snapshot, relation);
    value["reads"] = json!(reads);
    value
}

fn sequence(snapshot: &Snapshot<'_>, relation: &Relation<'_>) -> Value {
    let sequence = relation.state.sequence.as_ref();
    let owner = sequence.and_then(|sequence| sequence.owner).and_then(|column| {
        let table = snapshot.relation_with(column)?;
        Some(format!("{}.{}", shown(&table.state.name), snapshot.column_name(column)))
    });
    json!({
        "name": shown(&relation.state.name),
        "type": sequence.and_then(|sequence| sequence.data_type.as_ref()).map_or_else(|| "bigint".to_owned(), as_sql),
        "owned_by": owner,
        "identity": sequence.is_some_and(|sequence| sequence.identity),
        "exists": tri(relation.state.exists),
    })
}

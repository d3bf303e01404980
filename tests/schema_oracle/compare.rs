//! The folded catalogue in the words of `catalogue.sql`, and the comparison.

use std::collections::BTreeMap;

use ddlint::ir::{ConstraintKind, QualifiedName, Tri};
use ddlint::schema::{Generated, Maybe, Relation, RelationKind, Snapshot, TypeSort, as_sql};

/// What is not known agrees with everything.
const UNKNOWN: &str = "?";

/// Stands before the sort of what may not be there.
const MAYBE: &str = "maybe ";

fn doubt(line: &mut [String]) {
    if let Some(sort) = line.first_mut().filter(|sort| !sort.starts_with(MAYBE)) {
        sort.insert_str(0, MAYBE);
    }
}

fn tri(answer: Tri, yes: &str, no: &str) -> String {
    match answer {
        Tri::Yes => yes,
        Tri::No => no,
        Tri::Unknown => UNKNOWN,
    }
    .to_owned()
}

fn full(name: &QualifiedName) -> String {
    format!("{}.{}", name.schema.as_deref().unwrap_or("public"), name.name)
}

fn flag(value: bool) -> String {
    if value { "t" } else { "f" }.to_owned()
}

/// The lines of a folded catalogue.
pub(crate) fn lines(snapshot: &Snapshot<'_>) -> Vec<String> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for schema in snapshot.schemas().into_iter().filter(|schema| *schema != "public") {
        found.push(vec!["schema".to_owned(), schema.to_owned()]);
    }
    for relation in snapshot.relations().into_iter().filter(|relation| !relation.state.temporary) {
        let before = found.len();
        relation_lines(snapshot, &relation, &mut found);
        if relation.state.exists == Tri::Unknown {
            found.iter_mut().skip(before).for_each(|line| doubt(line));
        }
    }
    for of in snapshot.types() {
        let name = full(&of.state.name);
        match &of.state.sort {
            TypeSort::Enum => {
                let labels: Vec<_> = of.labels().into_iter().map(|label| label.label.clone()).collect();
                found.push(vec!["enum".to_owned(), name, labels.join(",")]);
            }
            TypeSort::Domain(domain) => {
                let mut checks: Vec<_> = domain.checks.iter().map(|(name, _)| name.clone()).collect();
                checks.sort();
                found.push(vec![
                    "domain".to_owned(),
                    name,
                    as_sql(&domain.base),
                    flag(domain.not_null),
                    flag(domain.default.is_some()),
                    checks.join(","),
                ]);
            }
            TypeSort::Composite(_) | TypeSort::Other(_) => {}
        }
    }
    for routine in snapshot.routines().into_iter().filter(|routine| routine.name.schema.as_deref() != Some("pg_temp")) {
        let name = format!("{}({})", full(&routine.name), routine.arguments.join(", "));
        found.push(vec!["function".to_owned(), name, routine.volatility.to_owned(), flag(routine.procedure)]);
        if routine.exists == Tri::Unknown {
            found.last_mut().into_iter().for_each(|line| doubt(line));
        }
    }
    found.into_iter().map(|fields| fields.join("\t")).collect()
}

fn type_of(snapshot: &Snapshot<'_>, column: &ddlint::schema::ColumnState) -> String {
    let Some(of) = &column.data_type else { return UNKNOWN.to_owned() };
    let Some(user) = column.user_type.and_then(|id| snapshot.type_of(id)) else { return as_sql(of) };
    let name = &user.state.name;
    let quoted = ddlint::schema::quoted(&name.name);
    let base = match name.schema.as_deref() {
        Some("public") | None => quoted,
        Some(schema) => format!("{}.{quoted}", ddlint::schema::quoted(schema)),
    };
    format!("{base}{}", "[]".repeat(usize::from(of.dimensions)))
}

fn relation_lines(snapshot: &Snapshot<'_>, relation: &Relation<'_>, found: &mut Vec<Vec<String>>) {
    let state = relation.state;
    let name = full(&state.name);
    let kind = match state.kind {
        RelationKind::Table => "table",
        RelationKind::Partitioned => "partitioned",
        RelationKind::Index => "index",
        RelationKind::View => "view",
        RelationKind::Matview => "matview",
        RelationKind::Sequence => "sequence",
        RelationKind::Foreign => "foreign",
        RelationKind::Composite => "composite",
    };
    found.push(vec!["relation".to_owned(), name.clone(), kind.to_owned(), tri(state.unlogged, "true", "false")]);
    let is_table = state.kind.is_table();
    for column in relation.columns() {
        let default = match &column.state.default {
            Maybe::Yes(_) => Tri::Yes,
            Maybe::No => Tri::No,
            Maybe::Unknown => Tri::Unknown,
        };
        found.push(vec![
            "column".to_owned(),
            format!("{name}.{}", column.state.name),
            type_of(snapshot, column.state),
            if is_table { tri(column.state.not_null, "true", "false") } else { "false".to_owned() },
            if is_table { tri(default, "true", "false") } else { "false".to_owned() },
            if column.state.generated == Generated::No { "no" } else { "stored" }.to_owned(),
            column.state.identity.map_or("no", |always| if always { "always" } else { "default" }).to_owned(),
        ]);
        if column.state.exists == Tri::Unknown {
            found.last_mut().into_iter().for_each(|line| doubt(line));
        }
    }
    for constraint in relation.constraints() {
        let state = constraint.state;
        let sort = match state.kind {
            ConstraintKind::PrimaryKey => "p",
            ConstraintKind::Unique => "u",
            ConstraintKind::ForeignKey => "f",
            ConstraintKind::Check => "c",
            ConstraintKind::Exclusion => "x",
            ConstraintKind::NotNull | ConstraintKind::Named => continue,
        };
        let columns = if matches!(sort, "c" | "x") { Vec::new() } else { snapshot.column_names(&state.columns) };
        let other = state.references.as_ref().and_then(|(id, _)| snapshot.relation_of(*id));
        let to = state.references.as_ref().map(|(_, to)| snapshot.column_names(to).join(",")).unwrap_or_default();
        let index = state.index.and_then(|id| snapshot.relation_of(id)).map(|index| index.state.name.name.clone());
        found.push(vec![
            "constraint".to_owned(),
            format!("{name}.{}", state.name),
            sort.to_owned(),
            tri(state.validated, "t", "f"),
            columns.join(","),
            other.map(|other| full(&other.state.name)).unwrap_or_default(),
            to,
            index.unwrap_or_default(),
        ]);
        if state.exists == Tri::Unknown {
            found.last_mut().into_iter().for_each(|line| doubt(line));
        }
    }
    if let Some(index) = &state.index {
        let table = snapshot.relation_of(index.table).map(|table| table.state.name.name.clone()).unwrap_or_default();
        let keys = index.keys.iter().map(|key| key.column.map_or("()", |id| snapshot.column_name(id)).to_owned());
        let keys: Vec<_> = keys.chain(index.include.iter().map(|id| snapshot.column_name(*id).to_owned())).collect();
        found.push(vec![
            "index".to_owned(),
            name.clone(),
            table,
            flag(index.unique),
            flag(index.primary),
            tri(index.valid, "t", "f"),
            index.method.clone(),
            keys.join(","),
            index.include.len().to_string(),
            flag(index.predicate.is_some()),
            relation.parents().first().map(|parent| parent.state.name.name.clone()).unwrap_or_default(),
        ]);
    } else {
        for parent in relation.parents() {
            let pair = format!("{name} {}", full(&parent.state.name));
            found.push(vec!["parent".to_owned(), pair, flag(state.bound.is_some())]);
        }
    }
    if let Some(sequence) = &state.sequence {
        let of = sequence.data_type.as_ref().map_or_else(|| "bigint".to_owned(), as_sql);
        let owner = sequence.owner.and_then(|id| {
            let table = snapshot.relation_with(id)?;
            Some(format!("{}.{}", table.state.name.name, snapshot.column_name(id)))
        });
        found.push(vec!["sequence".to_owned(), name, of, owner.unwrap_or_default()]);
    }
}

/// What the two say differently, a line each.
pub(crate) fn differences(folded: &[String], server: &[String]) -> Vec<String> {
    let map = |lines: &[String]| -> BTreeMap<String, Vec<String>> {
        lines
            .iter()
            .map(|line| {
                let mut fields: Vec<String> = line.split('\t').map(ToOwned::to_owned).collect();
                let rest = fields.split_off(fields.len().min(2));
                (fields.join(" "), rest)
            })
            .collect()
    };
    let is_doubted = |line: &&String| line.starts_with(MAYBE);
    let maybe: Vec<String> = folded.iter().filter(is_doubted).map(|line| line[MAYBE.len()..].to_owned()).collect();
    let sure: Vec<String> = folded.iter().filter(|line| !is_doubted(line)).cloned().collect();
    let (mut ours, maybe, theirs) = (map(&sure), map(&maybe), map(server));
    // What may be there is compared where it is.
    ours.extend(maybe.into_iter().filter(|(key, _)| theirs.contains_key(key)));
    let mut found = Vec::new();
    for (key, server) in &theirs {
        match ours.get(key) {
            None => found.push(format!("only the server: {key} {}", server.join(" | "))),
            Some(own) => {
                let same = own.len() == server.len() && own.iter().zip(server).all(|(a, b)| a == b || a == UNKNOWN);
                if !same {
                    found.push(format!("{key}: folded {}, server {}", own.join(" | "), server.join(" | ")));
                }
            }
        }
    }
    found.extend(
        ours.iter()
            .filter(|(key, _)| !theirs.contains_key(*key))
            .map(|(key, own)| format!("only folded: {key} {}", own.join(" | "))),
    );
    found
}

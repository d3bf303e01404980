//! The tables and what refers to what, as an entity relationship diagram of Mermaid.

use std::fmt::Write as _;

use super::{Described, lasting, shown, type_sql};
use crate::ir::{ConstraintKind, Tri};
use crate::schema::Relation;

/// One diagram for all projects.
pub fn mermaid(projects: &[Described<'_>]) -> String {
    let mut out = String::from("erDiagram\n");
    for project in projects {
        let tables: Vec<_> =
            lasting(&project.snapshot).into_iter().filter(|relation| relation.state.kind.is_table()).collect();
        for table in &tables {
            entity(&mut out, project, table);
        }
        for table in &tables {
            relationships(&mut out, project, table);
        }
    }
    out
}

/// A name that Mermaid takes as one: it stands in quotes, in which it knows no others.
fn entity_name(relation: &Relation<'_>) -> String {
    format!("\"{}\"", shown(&relation.state.name).replace('"', "'"))
}

/// A word that Mermaid takes for a type or an attribute: letters, digits, `_`, `-`, `(`, `)`, `[` and `]`.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-' | '(' | ')' | '[' | ']') { c } else { '_' };
    let text: String = text.chars().map(plain).collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
}

fn entity(out: &mut String, project: &Described<'_>, table: &Relation<'_>) {
    // Writing to a string does not fail, here and below.
    let _ = writeln!(out, "    {} {{", entity_name(table));
    let constraints = table.constraints();
    for column in table.columns() {
        let in_one = |kind: ConstraintKind| {
            constraints
                .iter()
                .any(|constraint| constraint.state.kind == kind && constraint.state.columns.contains(&column.id))
        };
        let alone = constraints.iter().any(|constraint| {
            constraint.state.kind == ConstraintKind::Unique && constraint.state.columns == [column.id]
        });
        let mut keys = Vec::new();
        if in_one(ConstraintKind::PrimaryKey) {
            keys.push("PK");
        }
        if in_one(ConstraintKind::ForeignKey) {
            keys.push("FK");
        }
        if alone {
            keys.push("UK");
        }
        let data_type = type_sql(&project.snapshot, column.state).unwrap_or_else(|| "unknown".to_owned());
        let keys = if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) };
        let _ = writeln!(out, "        {} {}{keys}", word(&data_type), word(&column.state.name));
    }
    let _ = writeln!(out, "    }}");
}

fn relationships(out: &mut String, project: &Described<'_>, table: &Relation<'_>) {
    for constraint in table.constraints() {
        let other = constraint.state.references.as_ref().and_then(|(id, _)| project.snapshot.relation_of(*id));
        let Some(other) = other.filter(|other| other.state.exists != Tri::No && !constraint.state.inherited) else {
            continue;
        };
        let columns = constraint.state.columns.iter().filter_map(|id| project.snapshot.column_of(*id));
        let optional = columns.map(|column| column.state.not_null).any(|not_null| not_null != Tri::Yes);
        let one = if optional { "|o" } else { "||" };
        let label = constraint.state.name.replace('"', "'");
        let _ = writeln!(out, "    {} {one}--o{{ {} : \"{label}\"", entity_name(&other), entity_name(table));
    }
}

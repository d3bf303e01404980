//! Names that are longer than the server keeps.

use crate::config::Dialect;
use crate::ir::names::LONGEST;
use crate::ir::{ColumnDetails, ConstraintDetails, Details, Known, Operation, QualifiedName};

fn shorten(name: &mut String) {
    name.truncate(name.floor_char_boundary(LONGEST));
}

fn shorten_known(name: &mut Option<Known<QualifiedName>>) {
    if let Some(Known::Known(name, _)) = name {
        shorten(&mut name.name);
    }
}

fn shorten_constraint(constraint: &mut ConstraintDetails) {
    let names = [&mut constraint.name, &mut constraint.new_name, &mut constraint.using_index];
    for name in names.into_iter().flatten() {
        shorten(name);
    }
    if let Some(to) = &mut constraint.references
        && let Known::Known(name, _) = &mut to.table
    {
        shorten(&mut name.name);
    }
}

fn is_long(name: &str) -> bool {
    name.len() > LONGEST
}

fn has_long_constraint(constraint: &ConstraintDetails) -> bool {
    let names = [&constraint.name, &constraint.new_name, &constraint.using_index];
    let to = constraint.references.as_ref().and_then(|to| to.table.known());
    names.into_iter().flatten().any(|name| is_long(name)) || to.is_some_and(|name| is_long(&name.name))
}

fn has_long_column(column: &ColumnDetails) -> bool {
    [&column.name, &column.new_name].into_iter().flatten().any(|name| is_long(name))
        || column.constraints.iter().any(has_long_constraint)
}

/// Whether one of the names that [`cut`] shortens is long. Not asked of the text: an operation may be one of thousands
/// of a statement.
fn has_long(details: &Details) -> bool {
    match details {
        Details::Table(details) => {
            details.new_name.as_ref().and_then(Known::known).is_some_and(|name| is_long(&name.name))
                || details.columns.iter().any(has_long_column)
                || details.constraints.iter().any(has_long_constraint)
        }
        Details::Column(details) => has_long_column(details),
        Details::Constraint(details) => has_long_constraint(details),
        Details::Index(details) => details.new_name.as_deref().is_some_and(is_long),
        _ => false,
    }
}

/// The operation with its long names as the server cuts them; `None` where it has none. Source: PostgreSQL
/// documentation, "Identifiers and Key Words".
pub(super) fn cut(operation: &Operation) -> Option<Operation> {
    if operation.statement.dialect != Dialect::Postgres {
        return None;
    }
    let long = |name: &Option<Known<QualifiedName>>| {
        name.as_ref().and_then(Known::known).is_some_and(|name| name.name.len() > LONGEST)
    };
    let inside = has_long(&operation.details);
    if !inside && !long(&operation.table) && !long(&operation.name) {
        return None;
    }
    let mut op = operation.clone();
    shorten_known(&mut op.table);
    shorten_known(&mut op.name);
    match &mut op.details {
        Details::Table(details) => {
            shorten_known(&mut details.new_name);
            for constraint in &mut details.constraints {
                shorten_constraint(constraint);
            }
            for column in &mut details.columns {
                column.name.iter_mut().for_each(shorten);
                column.constraints.iter_mut().for_each(shorten_constraint);
            }
        }
        Details::Column(details) => {
            details.name.iter_mut().chain(&mut details.new_name).for_each(shorten);
            details.constraints.iter_mut().for_each(shorten_constraint);
        }
        Details::Constraint(details) => shorten_constraint(details),
        Details::Index(details) => details.new_name.iter_mut().for_each(shorten),
        _ => {}
    }
    Some(op)
}

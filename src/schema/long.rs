//! Names that are longer than the server keeps.

use crate::config::Dialect;
use crate::ir::{ConstraintDetails, Details, Known, Operation, QualifiedName};

/// Longest name in bytes: `NAMEDATALEN - 1`.
const LONGEST: usize = 63;

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

/// The operation with its long names as the server cuts them; `None` where it has none. Source: PostgreSQL
/// documentation, "Identifiers and Key Words".
pub(super) fn cut(operation: &Operation) -> Option<Operation> {
    if operation.statement.dialect != Dialect::Postgres {
        return None;
    }
    let long = |name: &Option<Known<QualifiedName>>| {
        name.as_ref().and_then(Known::known).is_some_and(|name| name.name.len() > LONGEST)
    };
    let inside = match &operation.details {
        Details::Table(_) | Details::Column(_) | Details::Constraint(_) | Details::Index(_) => operation
            .statement
            .text
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word.len() > LONGEST),
        _ => false,
    };
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

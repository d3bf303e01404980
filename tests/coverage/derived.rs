//! What a statement makes besides the object that it names, under names that the server derives.

use ddlint::ir::{
    ColumnDetails, ConstraintDetails, ConstraintKind, Details, IndexDetails, OpKind, Operation, QualifiedName, names,
};

use super::claims::{Action, Claim};

/// What is claimed of indexes behind constraints, sequences behind columns, and foreign keys.
pub(super) fn of(op: &Operation) -> Vec<Claim> {
    if op.kind == OpKind::OperatorClassCreate {
        // A family of the same name, where none is named.
        let name = op.name.as_ref().and_then(|name| name.known().cloned());
        return vec![Claim { certain: false, ..Claim::new(Action::Create, &["operator family"], name) }];
    }
    let Some(table) = op.table.as_ref().and_then(|table| table.known().cloned()) else { return Vec::new() };
    match (&op.details, op.kind) {
        (Details::Table(details), OpKind::TableCreate | OpKind::ForeignTableCreate) => {
            let columns = details.columns.iter().flat_map(|column| behind_column(&table, column));
            columns.chain(details.constraints.iter().flat_map(|one| behind_constraint(&table, one))).collect()
        }
        (Details::Column(column), OpKind::ColumnAdd) => by_alter_table(behind_column(&table, column)),
        (Details::Column(column), OpKind::ColumnAlter) if op.detail == "add-identity" => sequence(&table, column),
        // Identity columns have sequences of their own that are altered with them.
        (Details::Column(column), OpKind::ColumnAlter) if op.detail == "alter-identity" => {
            sequence(&table, column).into_iter().skip(1).collect()
        }
        (Details::Constraint(constraint), OpKind::ConstraintAdd) => {
            by_alter_table(behind_constraint(&table, constraint))
        }
        _ => Vec::new(),
    }
}

/// Of an index that ALTER TABLE makes, event triggers are told with the table.
fn by_alter_table(mut claims: Vec<Claim>) -> Vec<Claim> {
    for claim in claims.iter_mut().filter(|claim| claim.is_index()) {
        claim.certain = false;
    }
    claims
}

/// The name of an index whose statement gives none.
pub(super) fn index(table: &QualifiedName, index: &IndexDetails) -> QualifiedName {
    derive(table, &names::index(index))
}

fn derive(table: &QualifiedName, (second, label): &names::Parts) -> QualifiedName {
    QualifiedName { schema: table.schema.clone(), name: names::object(&table.name, second.as_deref(), label) }
}

fn behind_column(table: &QualifiedName, column: &ColumnDetails) -> Vec<Claim> {
    let mut claims = Vec::new();
    let serial = column.data_type.as_ref().is_some_and(|one| one.name.contains("serial"));
    if serial || column.identity {
        claims.extend(sequence(table, column));
    }
    for constraint in &column.constraints {
        let mut constraint = constraint.clone();
        if constraint.columns.is_empty() {
            constraint.columns.extend(column.name.clone());
        }
        claims.extend(behind_constraint(table, &constraint));
    }
    claims
}

fn sequence(table: &QualifiedName, column: &ColumnDetails) -> Vec<Claim> {
    let Some(column) = &column.name else { return Vec::new() };
    let name = derive(table, &names::sequence(column));
    let claim = |action| Claim::new(action, &["sequence"], Some(name.clone())).numbered();
    vec![claim(Action::Create), claim(Action::Alter)]
}

fn behind_constraint(table: &QualifiedName, constraint: &ConstraintDetails) -> Vec<Claim> {
    match constraint.kind {
        ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::Exclusion
            if constraint.using_index.is_none() =>
        {
            let derived = names::constraint(constraint).map(|parts| derive(table, &parts));
            let given = constraint.name.clone().map(QualifiedName::bare);
            let numbered = given.is_none();
            let claim = Claim::new(Action::Create, &["index"], given.or(derived));
            vec![if numbered { claim.numbered() } else { claim }]
        }
        // The server adds a foreign key by a command of its own.
        ConstraintKind::ForeignKey => vec![Claim::new(Action::Alter, &["table", "foreign table"], Some(table.clone()))],
        _ => Vec::new(),
    }
}

//! A folded schema as SQL, JSON and a diagram.

mod json;
mod mermaid;
mod sql;

pub use json::json;
pub use mermaid::mermaid;
pub use sql::sql;

use crate::ir::QualifiedName;
use crate::schema::{ColumnState, Relation, Snapshot, as_sql, quoted};

/// The schema of one project.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// What applies its migrations.
    pub runner: &'a str,
    /// Its folder.
    pub root: &'a str,
    /// The dialect it is in.
    pub dialect: &'a str,
    /// Its state.
    pub snapshot: Snapshot<'a>,
}

/// A name with its schema, where that is not `public`, as SQL.
fn name_sql(name: &QualifiedName) -> String {
    match name.schema.as_deref() {
        None | Some("public") => quoted(&name.name),
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
    }
}

/// A name with its schema, where that is not `public`, as people write it.
fn shown(name: &QualifiedName) -> String {
    match name.schema.as_deref() {
        None | Some("public") => name.name.clone(),
        Some(schema) => format!("{schema}.{}", name.name),
    }
}

/// The type of a column as SQL, under the name that it has now; `None` where it is not known.
fn type_sql(snapshot: &Snapshot<'_>, column: &ColumnState) -> Option<String> {
    let of = column.data_type.as_deref()?;
    let Some(user) = column.user_type.and_then(|id| snapshot.type_of(id)) else { return Some(as_sql(of)) };
    Some(format!("{}{}", name_sql(&user.state.name), "[]".repeat(usize::from(of.dimensions))))
}

/// Relations that outlive a session.
fn lasting<'a>(snapshot: &Snapshot<'a>) -> Vec<Relation<'a>> {
    snapshot.relations().into_iter().filter(|relation| !relation.state.temporary).collect()
}

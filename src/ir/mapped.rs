//! Tables as the classes of an object-relational mapper describe them.

use std::collections::BTreeSet;

use super::QualifiedName;

/// A table that a class of the program maps: each SELECT and INSERT of the mapper names its columns.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MappedTable {
    /// The file of the class, as shown.
    pub path: String,
    /// The class, or the field that makes a table of its own, or the table itself where it is made by a call.
    pub class: String,
    /// The table; `None` where its name is computed.
    pub table: Option<QualifiedName>,
    /// Columns that are certainly mapped.
    pub columns: BTreeSet<String>,
    /// Names of which it is not known whether they are columns.
    pub doubtful: BTreeSet<String>,
    /// Nothing is left out: no base class is one of another project, and no column is read from the database.
    pub whole: bool,
}

impl MappedTable {
    /// Whether `name` can be the table's. Servers and mappers differ about case.
    pub fn is(&self, name: &QualifiedName) -> bool {
        self.table.as_ref().is_some_and(|own| {
            let schemas = own.schema.as_deref().zip(name.schema.as_deref());
            own.name.eq_ignore_ascii_case(&name.name) && schemas.is_none_or(|(a, b)| a.eq_ignore_ascii_case(b))
        })
    }

    /// Whether the column is certainly mapped.
    pub fn maps(&self, column: &str) -> bool {
        holds(&self.columns, column)
    }

    /// Whether it is known that the column is not mapped.
    pub fn leaves_out(&self, column: &str) -> bool {
        self.whole && !self.maps(column) && !holds(&self.doubtful, column)
    }
}

fn holds(names: &BTreeSet<String>, name: &str) -> bool {
    names.contains(name) || names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

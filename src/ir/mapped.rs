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
    /// Names that the table may well have where what computes its name is not known, in lower case.
    pub likely: BTreeSet<String>,
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

    /// Whether `name` is one that mappers give to the table of such a class, where what names it is not known.
    pub fn may_be(&self, name: &QualifiedName) -> bool {
        self.table.is_none() && self.likely.contains(&name.name.to_lowercase())
    }

    /// Whether the column is certainly mapped.
    pub fn maps(&self, column: &str) -> bool {
        holds(&self.columns, column)
    }

    /// Whether the column is mapped, or it is not known whether it is.
    pub fn may_hold(&self, column: &str) -> bool {
        self.maps(column) || holds(&self.doubtful, column)
    }

    /// Whether it is known that the column is not mapped.
    pub fn leaves_out(&self, column: &str) -> bool {
        self.whole && !self.may_hold(column)
    }
}

fn holds(names: &BTreeSet<String>, name: &str) -> bool {
    names.contains(name) || names.iter().any(|own| clipped(own).eq_ignore_ascii_case(clipped(name)))
}

/// A name as far as PostgreSQL keeps it, in bytes; a mapper's may be longer.
fn clipped(name: &str) -> &str {
    name.get(..name.floor_char_boundary(63)).unwrap_or(name)
}

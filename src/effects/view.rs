//! What the model asks about the schema as it stands just before an operation.
//!
//! Whoever knows a schema answers through [`Schema`]: the catalogue that is folded from the migrations, or, in the
//! tests, the catalogue of a real server. What is not known stays so: an answer is [`Found::Unknown`], a [`Tri`], or a
//! [`Part`] that says whether it is all there is.

pub use crate::schema::{Found, Generated};

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use crate::ir::{ConstraintKind, QualifiedName, Tri, TypeName};

use super::Volatility;

/// The schema just before an operation.
pub trait Schema {
    /// The relation of any sort (table, view, index, sequence …) that a name means.
    fn relation(&self, name: &QualifiedName) -> Found<Relation<'_>>;

    /// The type that somebody defined (a domain, an enum …) and a name means. Not asked for types of the server.
    fn type_named(&self, name: &str) -> Found<DefinedType>;

    /// How far the result of a function that somebody defined can be relied on, the worst of all of that name. Not
    /// there: the server's own function of that name is meant. A volatile function in SQL is not known: where its body
    /// allows it, the server puts that in place of the call, and only what is in it counts.
    fn function(&self, name: &str) -> Found<Volatility>;
}

/// Parts of something, and whether they are all of its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part<T> {
    /// Those that are known.
    pub items: Vec<T>,
    /// Whether there are no others.
    pub complete: bool,
}

impl<T> Default for Part<T> {
    /// Nothing is known.
    fn default() -> Self {
        Self { items: Vec::new(), complete: false }
    }
}

impl<T> Part<T> {
    /// All there is.
    pub fn all(items: Vec<T>) -> Self {
        Self { items, complete: true }
    }

    /// The first that meets `test`.
    pub fn find(&self, test: impl Fn(&T) -> bool) -> Found<&T> {
        match self.items.iter().find(|item| test(item)) {
            Some(item) => Found::Known(item),
            None if self.complete => Found::Absent,
            None => Found::Unknown,
        }
    }

    /// Whether one of them meets `test`.
    pub fn any(&self, test: impl Fn(&T) -> Tri) -> Tri {
        let start = if self.complete { Tri::No } else { Tri::Unknown };
        self.items.iter().fold(start, |answer, item| answer.or(test(item)))
    }
}

/// Parts that are worked out when they are first looked at: a table may have thousands, and most operations ask for few.
pub struct Lazy<'a, T>(Arc<LazyLock<Part<T>, Worker<'a, T>>>);

/// What works parts out.
type Worker<'a, T> = Box<dyn FnOnce() -> Part<T> + Send + 'a>;

impl<'a, T> Lazy<'a, T> {
    /// The parts that `work` will give.
    pub fn new(work: impl FnOnce() -> Part<T> + Send + 'a) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(work))))
    }
}

impl<'a, T: Send + 'a> From<Part<T>> for Lazy<'a, T> {
    fn from(part: Part<T>) -> Self {
        Self::new(move || part)
    }
}

impl<'a, T: Send + 'a> Default for Lazy<'a, T> {
    /// Nothing is known.
    fn default() -> Self {
        Part::default().into()
    }
}

impl<T> Clone for Lazy<'_, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Lazy<'_, T> {
    type Target = Part<T>;

    fn deref(&self) -> &Part<T> {
        &self.0
    }
}

/// A relation: what has a row in `pg_class`.
#[derive(Clone, Default)]
pub struct Relation<'a> {
    /// Its name as it was made.
    pub name: QualifiedName,
    /// Its sort.
    pub kind: RelationKind,
    /// Whether it holds no rows (a table made by this very migration, in which nothing was inserted).
    pub empty: Option<bool>,
    /// UNLOGGED or LOGGED.
    pub unlogged: Option<bool>,
    /// Columns in order, without those that were dropped.
    pub columns: Lazy<'a, Column>,
    /// Constraints, also inherited ones and, from version 18 on, NOT NULL.
    pub constraints: Lazy<'a, Constraint>,
    /// Indexes, also those that belong to constraints.
    pub indexes: Lazy<'a, Index>,
    /// Foreign keys of other tables that refer to it: the table, and the name of the constraint.
    pub referenced_by: Lazy<'a, (QualifiedName, Option<String>)>,
    /// Its direct partitions, and tables that inherit from it; for an index, the indexes of partitions attached to it.
    pub children: Lazy<'a, QualifiedName>,
    /// The table that it is a partition of, tables that it inherits from; for an index, what it is attached to.
    pub parents: Lazy<'a, QualifiedName>,
    /// Partition of: the text of its bound (`FOR VALUES IN (1)`, `DEFAULT`).
    pub bound: Option<String>,
    /// The partition key: `RANGE (created_at)`.
    pub partition_key: Option<String>,
    /// Views, materialized views and rules that read it.
    pub read_by: Lazy<'a, QualifiedName>,
    /// For a view or materialized view, the relations that its query reads.
    pub reads: Lazy<'a, QualifiedName>,
    /// For an index, its table; for a sequence, the table of the column that owns it.
    pub table: Found<QualifiedName>,
}

/// The sort of a relation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum RelationKind {
    /// A table that holds rows.
    #[default]
    Table,
    /// A partitioned table.
    Partitioned,
    /// An index.
    Index,
    /// An index of a partitioned table.
    PartitionedIndex,
    /// A view.
    View,
    /// A materialized view.
    Matview,
    /// A sequence.
    Sequence,
    /// A foreign table.
    Foreign,
    /// A composite type.
    Composite,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, normalised as [`TypeName`] is. `serial` is `integer`.
    pub data_type: Option<TypeName>,
    /// Its collation, where it is not that of its type.
    pub collation: Option<String>,
    /// Whether it may not be null.
    pub not_null: Option<bool>,
    /// Text of its default, also of a serial column; `None` where it has none.
    pub default: Option<String>,
    /// GENERATED ALWAYS AS an expression.
    pub generated: Generated,
    /// GENERATED AS IDENTITY.
    pub identity: bool,
    /// The sequence that belongs to it: of serial, identity and OWNED BY.
    pub sequence: Option<QualifiedName>,
}

/// A constraint of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constraint {
    /// Its name, chosen by the server where none is written.
    pub name: Option<String>,
    /// Its sort.
    pub kind: ConstraintKind,
    /// The columns it is on; for CHECK those it mentions, as far as known.
    pub columns: Vec<String>,
    /// Text of CHECK without the outer parentheses, of EXCLUDE.
    pub expression: Option<String>,
    /// Whether all rows are known to meet it: not NOT VALID, or validated since.
    pub validated: Option<bool>,
    /// NOT ENFORCED.
    pub not_enforced: bool,
    /// NO INHERIT.
    pub no_inherit: bool,
    /// The index behind it.
    pub index: Option<QualifiedName>,
    /// The table that a foreign key refers to.
    pub references: Option<QualifiedName>,
}

/// An index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Index {
    /// Its name.
    pub name: QualifiedName,
    /// Keys in order: the column, or `None` and the expression's text.
    pub keys: Vec<Key>,
    /// INCLUDE.
    pub include: Vec<String>,
    /// UNIQUE.
    pub unique: bool,
    /// Access method; empty for btree.
    pub method: String,
    /// Text of WHERE.
    pub predicate: Option<String>,
    /// The name of the constraint that it belongs to.
    pub constraint: Option<String>,
    /// A primary key.
    pub primary: bool,
    /// Whether it can be used: false after a build that failed.
    pub valid: Option<bool>,
    /// CLUSTER ON was said of it.
    pub clustered: bool,
}

/// One key of an index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// The column, where it is one.
    pub column: Option<String>,
    /// The column or the expression, as text.
    pub text: String,
    /// What follows it: collation, operator class, order.
    pub options: String,
}

/// A type that somebody defined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DefinedType {
    /// A domain.
    Domain {
        /// Its base type.
        base: TypeName,
        /// Whether it has a CHECK or NOT NULL.
        constrained: bool,
        /// Whether it has a constraint that is not a mere NOT NULL.
        checked: bool,
        /// Text of its default.
        default: Option<String>,
        /// Columns of this type: table and column.
        columns: Part<(QualifiedName, String)>,
    },
    /// An enum.
    Enum,
    /// A composite type.
    Composite {
        /// Tables that are made OF it, and tables with a column of it.
        tables: Part<QualifiedName>,
    },
    /// Anything else: ranges, base types.
    Other,
}

/// Nothing is known of the schema.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Schema for Nothing {
    fn relation(&self, _: &QualifiedName) -> Found<Relation<'_>> {
        Found::Unknown
    }

    fn type_named(&self, _: &str) -> Found<DefinedType> {
        Found::Unknown
    }

    fn function(&self, _: &str) -> Found<Volatility> {
        Found::Unknown
    }
}

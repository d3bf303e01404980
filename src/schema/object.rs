//! What is known of one object at one step.

use std::sync::Arc;

use super::{ColumnId, RelationId, TypeId};
use crate::ir::{ConstraintKind, QualifiedName, QueryDetails, ReferentialAction, Tri, TypeName};

/// A value that is there, is not there, or may be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Maybe<T> {
    /// There is none.
    #[default]
    No,
    /// This one.
    Yes(T),
    /// It is not known whether there is one, or which.
    Unknown,
}

impl<T> Maybe<T> {
    /// The value, where it is certainly there.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No | Self::Unknown => None,
        }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> Tri {
        match self {
            Self::Yes(_) => Tri::Yes,
            Self::No => Tri::No,
            Self::Unknown => Tri::Unknown,
        }
    }
}

impl<T> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::No, Self::Yes)
    }
}

/// What something is where it is not known which of two states it is in.
pub(super) trait Either {
    fn either(&self, other: &Self) -> Self;
}

impl Either for Tri {
    fn either(&self, other: &Self) -> Self {
        if self == other { *self } else { Self::Unknown }
    }
}

impl<T: Clone + PartialEq> Either for Maybe<T> {
    fn either(&self, other: &Self) -> Self {
        if self == other { self.clone() } else { Self::Unknown }
    }
}

/// For values whose `None` is "not known".
fn same<T: Clone + PartialEq>(one: Option<&T>, other: Option<&T>) -> Option<T> {
    if one == other { one.cloned() } else { None }
}

/// The sort of a relation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RelationKind {
    /// A table that holds rows.
    Table,
    /// A partitioned table.
    Partitioned,
    /// An index; on a partitioned table too.
    Index,
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

impl RelationKind {
    /// What it is called in SQL.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::Table | Self::Partitioned => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::Matview => "materialized view",
            Self::Sequence => "sequence",
            Self::Foreign => "foreign table",
            Self::Composite => "composite type",
        }
    }

    /// Whether it is a table, partitioned or foreign too.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Partitioned | Self::Foreign)
    }
}

/// A relation, without its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelationState {
    /// Whether it is there.
    pub exists: Tri,
    /// Its name, with its schema.
    pub name: QualifiedName,
    /// Its sort.
    pub kind: RelationKind,
    /// UNLOGGED.
    pub unlogged: Tri,
    /// TEMPORARY.
    pub temporary: bool,
    /// Whether all its columns and constraints are known: it was seen being made.
    pub complete: bool,
    /// PARTITION BY: `RANGE (created_at)`.
    pub partition_key: Option<Arc<str>>,
    /// Partition of: the text of its bound.
    pub bound: Option<Arc<str>>,
    /// The table that it is a partition of; tables that it inherits from; for an index, the one it is attached to.
    pub parents: Vec<RelationId>,
    /// What a view is defined by.
    pub query: Option<Arc<QueryDetails>>,
    /// The relations that a view reads.
    pub reads: Vec<RelationId>,
    /// What an index is.
    pub index: Option<Arc<IndexState>>,
    /// What a sequence is.
    pub sequence: Option<Arc<SequenceState>>,
}

impl Either for RelationState {
    fn either(&self, other: &Self) -> Self {
        Self {
            exists: self.exists.either(&other.exists),
            unlogged: self.unlogged.either(&other.unlogged),
            complete: self.complete && other.complete,
            query: same(self.query.as_ref(), other.query.as_ref()),
            ..other.clone()
        }
    }
}

/// An index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexState {
    /// The relation it is on.
    pub table: RelationId,
    /// Keys in order.
    pub keys: Vec<KeyState>,
    /// INCLUDE.
    pub include: Vec<ColumnId>,
    /// UNIQUE.
    pub unique: bool,
    /// It is that of a primary key.
    pub primary: bool,
    /// Access method.
    pub method: String,
    /// Text of WHERE.
    pub predicate: Option<String>,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// Whether it can be used: not where it is ON ONLY a partitioned table, and not attached everywhere.
    pub valid: Tri,
    /// It belongs to a constraint, which has the same name.
    pub constraint: bool,
}

/// One key of an index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyState {
    /// The column, where it is one.
    pub column: Option<ColumnId>,
    /// The expression, where it is one.
    pub expression: Option<String>,
    /// What follows it: collation, operator class, order.
    pub options: String,
}

/// A sequence.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SequenceState {
    /// The column that it goes with.
    pub owner: Option<ColumnId>,
    /// It is that of an identity column.
    pub identity: bool,
    /// Its type; `bigint` where none is written.
    pub data_type: Option<TypeName>,
}

/// Whether a column is computed from others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Generated {
    /// It is not.
    #[default]
    No,
    /// STORED, from this expression.
    Stored(String),
    /// VIRTUAL, from this expression.
    Virtual(String),
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnState {
    /// Whether it is there.
    pub exists: Tri,
    /// Its name.
    pub name: String,
    /// Its type, normalised; `serial` is `integer`. `None` where it is not known.
    pub data_type: Option<Arc<TypeName>>,
    /// That type, where somebody defined it.
    pub user_type: Option<TypeId>,
    /// Whether it refuses NULL.
    pub not_null: Tri,
    /// Text of its default.
    pub default: Maybe<Arc<str>>,
    /// Whether it is computed.
    pub generated: Generated,
    /// GENERATED … AS IDENTITY; whether ALWAYS.
    pub identity: Option<bool>,
    /// COLLATE.
    pub collation: Option<String>,
    /// The sequence of serial and identity.
    pub sequence: Option<RelationId>,
    /// It is declared for its table itself, and does not only come from a parent.
    pub local: bool,
}

impl Either for ColumnState {
    fn either(&self, other: &Self) -> Self {
        let known = same(self.data_type.as_ref(), other.data_type.as_ref());
        Self {
            exists: self.exists.either(&other.exists),
            user_type: if known.is_some() { other.user_type } else { None },
            data_type: known,
            not_null: self.not_null.either(&other.not_null),
            default: self.default.either(&other.default),
            ..other.clone()
        }
    }
}

/// A constraint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConstraintState {
    /// Whether it is there.
    pub exists: Tri,
    /// Its name.
    pub name: String,
    /// Its table.
    pub table: RelationId,
    /// Its sort.
    pub kind: ConstraintKind,
    /// The columns it is on; for CHECK those that it mentions.
    pub columns: Vec<ColumnId>,
    /// Text of CHECK or EXCLUDE.
    pub expression: Option<Arc<str>>,
    /// Whether all rows are known to meet it.
    pub validated: Tri,
    /// NOT ENFORCED.
    pub not_enforced: bool,
    /// NO INHERIT.
    pub no_inherit: bool,
    /// DEFERRABLE, and INITIALLY DEFERRED.
    pub deferrable: (bool, bool),
    /// The index behind it.
    pub index: Option<RelationId>,
    /// The table and columns that a foreign key refers to.
    pub references: Option<(RelationId, Vec<ColumnId>)>,
    /// ON DELETE and ON UPDATE.
    pub actions: (Option<ReferentialAction>, Option<ReferentialAction>),
    /// It comes from a parent.
    pub inherited: bool,
}

impl Either for ConstraintState {
    fn either(&self, other: &Self) -> Self {
        Self {
            exists: self.exists.either(&other.exists),
            validated: self.validated.either(&other.validated),
            ..other.clone()
        }
    }
}

/// A type that somebody defined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeState {
    /// Whether it is there.
    pub exists: Tri,
    /// Its name, with its schema.
    pub name: QualifiedName,
    /// What it is.
    pub sort: TypeSort,
}

impl Either for TypeState {
    fn either(&self, other: &Self) -> Self {
        Self { exists: self.exists.either(&other.exists), ..other.clone() }
    }
}

/// The sort of a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TypeSort {
    /// An enum. Its labels are parts of their own.
    Enum,
    /// A domain.
    Domain(Arc<DomainState>),
    /// A composite type. Its attributes are the columns of a relation of the same name.
    Composite(RelationId),
    /// Ranges, base types, shells.
    Other(&'static str),
}

/// A domain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DomainState {
    /// Its base type.
    pub base: TypeName,
    /// NOT NULL.
    pub not_null: bool,
    /// Text of its default.
    pub default: Option<String>,
    /// Its checks: name and text.
    pub checks: Vec<(String, String)>,
}

/// A value of an enum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelState {
    /// Whether it is there.
    pub exists: Tri,
    /// The value.
    pub label: String,
    /// What it is sorted by.
    pub rank: Rank,
}

/// The place of a value among those of its enum, as the server keeps it: a value that is added between two others gets
/// the mean of theirs. Source: `AddEnumLabel` (src/backend/catalog/pg_enum.c).
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
pub struct Rank(pub f64);

impl Eq for Rank {}

/// A function or procedure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoutineState {
    /// Whether it is there.
    pub exists: Tri,
    /// Its name, with its schema.
    pub name: QualifiedName,
    /// The types of its arguments, normalised.
    pub arguments: Vec<String>,
    /// Text between its parentheses.
    pub written: String,
    /// It is a procedure.
    pub procedure: bool,
    /// IMMUTABLE, STABLE or VOLATILE, in lower case.
    pub volatility: &'static str,
    /// Text of RETURNS.
    pub returns: Option<String>,
    /// What a call of it can change.
    pub reach: Reach,
    /// The whole statement.
    pub text: Arc<str>,
}

/// What a call of a function can change, by the words of its text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// Rows at the most.
    Rows,
    /// It can make and drop objects, but not change a table.
    Objects,
    /// Anything.
    Tables,
}

impl Reach {
    /// Of the function that `text` creates.
    pub(super) fn of(text: &str) -> Self {
        let mut creates = 0_usize;
        let mut reach = Self::Rows;
        // What it executes stands in strings.
        let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        for word in words.map(str::to_ascii_lowercase) {
            match word.as_str() {
                "alter" => return Self::Tables,
                "execute" | "drop" | "rename" | "perform" | "call" => reach = Self::Objects,
                "create" => creates += 1,
                _ => {}
            }
        }
        // The statement itself begins with CREATE.
        if creates > 1 { Self::Objects } else { reach }
    }
}

impl Either for RoutineState {
    fn either(&self, other: &Self) -> Self {
        Self { exists: self.exists.either(&other.exists), ..other.clone() }
    }
}

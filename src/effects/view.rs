//! What the model asks about the schema as it stands just before an operation.
//!
//! Whoever knows a schema answers through [`Schema`]: the catalogue that is folded from the migrations, or, in the
//! tests, the catalogue of a real server. What is not known stays so: an answer is [`Found::Unknown`], a [`Tri`], or a
//! [`Part`] that says whether it is all there is.

pub use crate::schema::{Found, Generated};

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

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

    /// The same by value.
    pub fn take(self, test: impl Fn(&T) -> bool) -> Found<T> {
        let absent = if self.complete { Found::Absent } else { Found::Unknown };
        self.items.into_iter().find(|item| test(item)).map_or(absent, Found::Known)
    }

    /// Those that meet `test`.
    #[must_use]
    pub fn only(mut self, test: impl Fn(&T) -> bool) -> Self {
        self.items.retain(|item| test(item));
        self
    }

    /// Whether one of them meets `test`.
    pub fn any(&self, test: impl Fn(&T) -> Tri) -> Tri {
        let start = if self.complete { Tri::No } else { Tri::Unknown };
        self.items.iter().fold(start, |answer, item| answer.or(test(item)))
    }
}

/// What tells the parts of a relation. A table may have thousands, and most operations ask for few: what is asked for
/// by name is found without working out the others.
pub trait Parts {
    /// Columns in order, without those that were dropped.
    fn columns(&self) -> Part<Column>;

    /// Constraints, also inherited ones and, from version 18 on, NOT NULL.
    fn constraints(&self) -> Part<Constraint>;

    /// Indexes, also those that belong to constraints.
    fn indexes(&self) -> Part<Index>;

    /// Foreign keys of other tables that refer to it: the table, and the name of the constraint.
    fn referenced_by(&self) -> Part<(QualifiedName, Option<String>)>;

    /// Its direct partitions, and tables that inherit from it; for an index, the indexes of partitions attached to it.
    fn children(&self) -> Part<QualifiedName>;

    /// Those of its children among which are the default partition and all whose bound is not known.
    fn unbounded(&self) -> Part<QualifiedName> {
        self.children()
    }

    /// The table that it is a partition of, tables that it inherits from; for an index, what it is attached to.
    fn parents(&self) -> Part<QualifiedName>;

    /// Views, materialized views and rules that read it.
    fn read_by(&self) -> Part<QualifiedName>;

    /// For a view or materialized view, the relations that its query reads.
    fn reads(&self) -> Part<QualifiedName>;

    /// Whether its columns, constraints and indexes are all known.
    fn is_complete(&self) -> bool {
        self.columns().complete && self.constraints().complete && self.indexes().complete
    }

    /// Whether it has a foreign key.
    fn refers(&self) -> bool {
        self.constraints().items.iter().any(|constraint| constraint.kind == ConstraintKind::ForeignKey)
    }

    /// Whether a foreign key refers to it, or one may that is not known.
    fn may_be_referenced(&self) -> bool {
        let Part { items, complete } = self.referenced_by();
        !items.is_empty() || !complete
    }

    /// Whether no other foreign keys refer to it, and no other views read it, than those that are known.
    fn knows_users(&self) -> bool {
        self.referenced_by().complete && self.read_by().complete
    }

    /// The column of that name.
    fn column(&self, name: &str) -> Found<Column> {
        self.columns().take(|column| column.name == name)
    }

    /// Columns that a sequence belongs to.
    fn numbered(&self) -> Part<Column> {
        self.columns().only(|column| column.sequence.is_some())
    }

    /// The constraint of that name.
    fn constraint(&self, name: &str) -> Found<Constraint> {
        self.constraints().take(|constraint| constraint.name.as_deref() == Some(name))
    }

    /// Constraints of that sort.
    fn constraints_of(&self, kind: ConstraintKind) -> Part<Constraint> {
        self.constraints().only(|constraint| constraint.kind == kind)
    }

    /// Constraints that are on a column, and every check: its expression may mention the column.
    fn constraints_on(&self, column: &str) -> Part<Constraint> {
        self.constraints().only(|constraint| {
            constraint.kind == ConstraintKind::Check || constraint.columns.iter().any(|name| name == column)
        })
    }

    /// The names of its indexes.
    fn index_names(&self) -> Part<Arc<QualifiedName>> {
        let Part { items, complete } = self.indexes();
        Part { items: items.into_iter().map(|index| Arc::new(index.name)).collect(), complete }
    }

    /// Indexes that have a column, and those with an expression or a predicate, which may mention it.
    fn indexes_on(&self, column: &str) -> Part<Index> {
        self.indexes().only(|index| {
            index.predicate.is_some()
                || index.keys.iter().any(|key| key.column.as_deref().is_none_or(|name| name == column))
                || index.include.iter().any(|name| name == column)
        })
    }
}

/// Parts that are all there already.
#[derive(Clone, Default, Debug)]
pub struct Given {
    /// See [`Parts::columns`].
    pub columns: Part<Column>,
    /// See [`Parts::constraints`].
    pub constraints: Part<Constraint>,
    /// See [`Parts::indexes`].
    pub indexes: Part<Index>,
    /// See [`Parts::referenced_by`].
    pub referenced_by: Part<(QualifiedName, Option<String>)>,
    /// See [`Parts::children`].
    pub children: Part<QualifiedName>,
    /// See [`Parts::parents`].
    pub parents: Part<QualifiedName>,
    /// See [`Parts::read_by`].
    pub read_by: Part<QualifiedName>,
    /// See [`Parts::reads`].
    pub reads: Part<QualifiedName>,
}

impl Parts for Given {
    fn columns(&self) -> Part<Column> {
        self.columns.clone()
    }

    fn constraints(&self) -> Part<Constraint> {
        self.constraints.clone()
    }

    fn indexes(&self) -> Part<Index> {
        self.indexes.clone()
    }

    fn referenced_by(&self) -> Part<(QualifiedName, Option<String>)> {
        self.referenced_by.clone()
    }

    fn children(&self) -> Part<QualifiedName> {
        self.children.clone()
    }

    fn parents(&self) -> Part<QualifiedName> {
        self.parents.clone()
    }

    fn read_by(&self) -> Part<QualifiedName> {
        self.read_by.clone()
    }

    fn reads(&self) -> Part<QualifiedName> {
        self.reads.clone()
    }
}

/// The parts of a relation, each worked out when it is first looked at. Where nobody tells them, nothing is known of them.
#[derive(Clone, Default)]
pub struct Told<'a>(Option<Rc<Answers<'a>>>);

/// Who tells the parts, and what has been asked for so far.
struct Answers<'a> {
    by: Box<dyn Parts + 'a>,
    columns: OnceCell<Part<Column>>,
    constraints: OnceCell<Part<Constraint>>,
    indexes: OnceCell<Part<Index>>,
    index_names: OnceCell<Part<Arc<QualifiedName>>>,
    referenced_by: OnceCell<Part<(QualifiedName, Option<String>)>>,
    children: OnceCell<Part<QualifiedName>>,
    parents: OnceCell<Part<QualifiedName>>,
    read_by: OnceCell<Part<QualifiedName>>,
    reads: OnceCell<Part<QualifiedName>>,
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
    /// Partition of: the text of its bound (`FOR VALUES IN (1)`, `DEFAULT`).
    pub bound: Option<String>,
    /// The partition key: `RANGE (created_at)`.
    pub partition_key: Option<String>,
    /// For an index, its table; for a sequence, the table of the column that owns it.
    pub table: Found<QualifiedName>,
    /// Its parts.
    pub parts: Told<'a>,
}

/// The parts that nobody tells.
trait Untold: Sized + 'static {
    const UNTOLD: &'static Part<Self> = &Part { items: Vec::new(), complete: false };
}

impl<T: 'static> Untold for T {}

impl<'a> Told<'a> {
    /// The parts that `by` tells.
    pub fn by(by: impl Parts + 'a) -> Self {
        Self(Some(Rc::new(Answers {
            by: Box::new(by),
            columns: OnceCell::new(),
            constraints: OnceCell::new(),
            indexes: OnceCell::new(),
            index_names: OnceCell::new(),
            referenced_by: OnceCell::new(),
            children: OnceCell::new(),
            parents: OnceCell::new(),
            read_by: OnceCell::new(),
            reads: OnceCell::new(),
        })))
    }
}

impl Relation<'_> {
    /// See [`Parts::columns`].
    pub fn columns(&self) -> &Part<Column> {
        self.parts.0.as_ref().map_or(Column::UNTOLD, |told| told.columns.get_or_init(|| told.by.columns()))
    }

    /// See [`Parts::constraints`].
    pub fn constraints(&self) -> &Part<Constraint> {
        self.parts.0.as_ref().map_or(Constraint::UNTOLD, |told| told.constraints.get_or_init(|| told.by.constraints()))
    }

    /// See [`Parts::indexes`].
    pub fn indexes(&self) -> &Part<Index> {
        self.parts.0.as_ref().map_or(Index::UNTOLD, |told| told.indexes.get_or_init(|| told.by.indexes()))
    }

    /// See [`Parts::index_names`].
    pub fn index_names(&self) -> &Part<Arc<QualifiedName>> {
        self.parts.0.as_ref().map_or(Untold::UNTOLD, |told| told.index_names.get_or_init(|| told.by.index_names()))
    }

    /// See [`Parts::referenced_by`].
    pub fn referenced_by(&self) -> &Part<(QualifiedName, Option<String>)> {
        self.parts.0.as_ref().map_or(Untold::UNTOLD, |told| told.referenced_by.get_or_init(|| told.by.referenced_by()))
    }

    /// See [`Parts::children`].
    pub fn children(&self) -> &Part<QualifiedName> {
        self.parts.0.as_ref().map_or(Untold::UNTOLD, |told| told.children.get_or_init(|| told.by.children()))
    }

    /// See [`Parts::parents`].
    pub fn parents(&self) -> &Part<QualifiedName> {
        self.parts.0.as_ref().map_or(Untold::UNTOLD, |told| told.parents.get_or_init(|| told.by.parents()))
    }

    /// See [`Parts::read_by`].
    pub fn read_by(&self) -> &Part<QualifiedName> {
        self.parts.0.as_ref().map_or(Untold::UNTOLD, |told| told.read_by.get_or_init(|| told.by.read_by()))
    }

    /// See [`Parts::reads`].
    pub fn reads(&self) -> &Part<QualifiedName> {
        self.parts.0.as_ref().map_or(Untold::UNTOLD, |told| told.reads.get_or_init(|| told.by.reads()))
    }

    /// See [`Parts::unbounded`].
    pub fn unbounded(&self) -> Part<QualifiedName> {
        self.parts.0.as_ref().map_or_else(Part::default, |told| told.by.unbounded())
    }

    /// See [`Parts::is_complete`].
    pub fn is_complete(&self) -> bool {
        self.parts.0.as_ref().is_some_and(|told| told.by.is_complete())
    }

    /// See [`Parts::refers`].
    pub fn refers(&self) -> bool {
        self.parts.0.as_ref().is_some_and(|told| told.by.refers())
    }

    /// See [`Parts::may_be_referenced`].
    pub fn may_be_referenced(&self) -> bool {
        self.parts.0.as_ref().is_none_or(|told| told.by.may_be_referenced())
    }

    /// See [`Parts::knows_users`].
    pub fn knows_users(&self) -> bool {
        self.parts.0.as_ref().is_some_and(|told| told.by.knows_users())
    }

    /// See [`Parts::column`].
    pub fn column(&self, name: &str) -> Found<Column> {
        self.parts.0.as_ref().map_or(Found::Unknown, |told| told.by.column(name))
    }

    /// See [`Parts::numbered`].
    pub fn numbered(&self) -> Part<Column> {
        self.parts.0.as_ref().map_or_else(Part::default, |told| told.by.numbered())
    }

    /// See [`Parts::constraint`].
    pub fn constraint(&self, name: &str) -> Found<Constraint> {
        self.parts.0.as_ref().map_or(Found::Unknown, |told| told.by.constraint(name))
    }

    /// See [`Parts::constraints_of`].
    pub fn constraints_of(&self, kind: ConstraintKind) -> Part<Constraint> {
        self.parts.0.as_ref().map_or_else(Part::default, |told| told.by.constraints_of(kind))
    }

    /// See [`Parts::constraints_on`].
    pub fn constraints_on(&self, column: &str) -> Part<Constraint> {
        self.parts.0.as_ref().map_or_else(Part::default, |told| told.by.constraints_on(column))
    }

    /// See [`Parts::indexes_on`].
    pub fn indexes_on(&self, column: &str) -> Part<Index> {
        self.parts.0.as_ref().map_or_else(Part::default, |told| told.by.indexes_on(column))
    }
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

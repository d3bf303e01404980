//! What is particular to a family of operations.

use super::{Known, QualifiedName};

/// The family's own part of an operation.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Details {
    /// Nothing more to say.
    #[default]
    None,
    /// `table.*`
    Table(Box<TableDetails>),
    /// `column.*`
    Column(Box<ColumnDetails>),
    /// `index.*`
    Index(Box<IndexDetails>),
    /// `constraint.*`
    Constraint(Box<ConstraintDetails>),
    /// `data.*`
    Data(Box<DataDetails>),
    /// `session.set`
    Setting(SettingDetails),
    /// `view.create`, `matview.create`
    View(Box<ViewDetails>),
    /// `type.create`, `domain.create`
    Type(Box<TypeDetails>),
    /// What is said of any other object: its arguments, its new name, the part that is changed.
    Object(Box<ObjectDetails>),
    /// `privilege.*`
    Privilege(Box<PrivilegeDetails>),
    /// `code.run`
    Code(CodeDetails),
    /// `opaque`, and `other` where the statement is empty
    Opaque(OpaqueReason),
}

/// A table that is created, or its new name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableDetails {
    /// Columns in order.
    pub columns: Vec<ColumnDetails>,
    /// Table constraints.
    pub constraints: Vec<ConstraintDetails>,
    /// TEMPORARY, or in `pg_temp`.
    pub temporary: bool,
    /// UNLOGGED.
    pub unlogged: bool,
    /// Filled by AS SELECT.
    pub as_select: bool,
    /// Names of the columns of AS SELECT, where they are written after the table's name.
    pub names: Vec<String>,
    /// That query.
    pub query: Option<QueryDetails>,
    /// PARTITION BY: the table itself holds no rows.
    pub partitioned: bool,
    /// PARTITION OF this table.
    pub partition_of: Option<Known<QualifiedName>>,
    /// Text after PARTITION OF: `FOR VALUES FROM (1) TO (10)`, `DEFAULT`.
    pub bound: Option<String>,
    /// Text of PARTITION BY: `RANGE (created_at)`.
    pub partition_key: Option<String>,
    /// INHERITS.
    pub parents: Vec<Known<QualifiedName>>,
    /// LIKE, in order.
    pub like: Vec<Like>,
    /// OF a composite type.
    pub of_type: Option<Known<QualifiedName>>,
    /// Keys that MySQL and T-SQL declare among the columns, each with its name.
    pub indexes: Vec<(Option<String>, IndexDetails)>,
    /// Text of WITH (storage parameters).
    pub parameters: Option<String>,
    /// TABLESPACE.
    pub tablespace: Option<String>,
    /// USING access method, ENGINE.
    pub method: Option<String>,
    /// The new name of `table.rename`, and of SET SCHEMA.
    pub new_name: Option<Known<QualifiedName>>,
}

/// A view.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ViewDetails {
    /// TEMPORARY.
    pub temporary: bool,
    /// Names of its columns, where they are written after its own.
    pub names: Vec<String>,
    /// What it is defined by.
    pub query: QueryDetails,
}

/// A query, as far as the relation made from it goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QueryDetails {
    /// Its text.
    pub text: String,
    /// Relations read at any depth, without those that its WITH defines.
    pub reads: Vec<QualifiedName>,
    /// Those are all: no part of it is unknown, and no name may be that of a WITH query.
    pub all_read: bool,
    /// What stands after FROM at the top: each relation and the name it goes by; `None` where it is no list of relations.
    pub from: Option<Vec<(QualifiedName, String)>>,
    /// The select list; `None` where it is not known.
    pub columns: Option<Vec<Output>>,
    /// Every word of it that can be a name, sorted.
    pub words: Vec<String>,
}

impl QueryDetails {
    /// What it reads, where that is known.
    pub fn known_reads(&self) -> Option<&[QualifiedName]> {
        self.all_read.then_some(self.reads.as_slice())
    }
}

/// One entry of a select list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// `*` or `t.*`, with the name before the dot.
    Star(Option<String>),
    /// `column` or `t.column`.
    Column {
        /// The name before the dot.
        of: Option<String>,
        /// The column.
        column: String,
        /// The name it gets, where one is written.
        name: Option<String>,
    },
    /// Anything else.
    Expression {
        /// The name it gets, where it is known.
        name: Option<String>,
        /// Its type, where it ends in a cast.
        data_type: Option<TypeName>,
    },
}

/// A table whose columns are copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Like {
    /// The table.
    pub table: Known<QualifiedName>,
    /// INCLUDING and EXCLUDING in the order written: `+all`, `-indexes`, in lower case.
    pub options: Vec<String>,
}

/// A column that is added, or what is changed of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnDetails {
    /// Its name, folded; `None` where it is not known (see the operation's `name`).
    pub name: Option<String>,
    /// Its type, or its new type.
    pub data_type: Option<TypeName>,
    /// The type that it has before it is changed, where the source says so: `existing_type=` of Alembic.
    pub old_type: Option<TypeName>,
    /// NOT NULL is written.
    pub not_null: bool,
    /// Text of DEFAULT.
    pub default: Option<String>,
    /// It has no DEFAULT, and one that only the program applies: SQLAlchemy's `default=`.
    pub mapper_default: bool,
    /// GENERATED … STORED.
    pub generated_stored: bool,
    /// Text of the expression a column is generated from, stored or not.
    pub generated: Option<String>,
    /// GENERATED … AS IDENTITY.
    pub identity: bool,
    /// It is GENERATED ALWAYS AS IDENTITY.
    pub identity_always: bool,
    /// The sequence of the identity, where its options name one.
    pub sequence: Option<QualifiedName>,
    /// PRIMARY KEY is written on the column.
    pub primary_key: bool,
    /// UNIQUE is written on the column.
    pub unique: bool,
    /// REFERENCES.
    pub references: Option<References>,
    /// CHECK is written on the column.
    pub check: Option<String>,
    /// Text of USING in a type change.
    pub using: Option<String>,
    /// COLLATE.
    pub collation: Option<String>,
    /// STORAGE.
    pub storage: Option<String>,
    /// COMPRESSION.
    pub compression: Option<String>,
    /// The constraints written on the column, in order, with the names they are given.
    pub constraints: Vec<ConstraintDetails>,
    /// New name of `column.rename`.
    pub new_name: Option<String>,
}

/// A type as written, normalised: `character varying(40)[]`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TypeName {
    /// The server's name of it in lower case (`int4` and `int` become `integer`).
    pub name: String,
    /// Arguments in parentheses.
    pub arguments: Vec<String>,
    /// Number of array dimensions.
    pub dimensions: u8,
}

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if !self.arguments.is_empty() {
            write!(f, "({})", self.arguments.join(","))?;
        }
        for _ in 0..self.dimensions {
            f.write_str("[]")?;
        }
        Ok(())
    }
}

/// The other end of a foreign key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct References {
    /// The referenced table.
    pub table: Known<QualifiedName>,
    /// The referenced columns, empty where the primary key is meant.
    pub columns: Vec<String>,
    /// ON DELETE.
    pub on_delete: Option<ReferentialAction>,
    /// ON UPDATE.
    pub on_update: Option<ReferentialAction>,
    /// MATCH: `full`, `partial`, `simple`.
    pub matching: Option<String>,
}

/// What happens to the rows that refer to a row that goes or changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReferentialAction {
    /// NO ACTION.
    NoAction,
    /// RESTRICT.
    Restrict,
    /// CASCADE.
    Cascade,
    /// SET NULL.
    SetNull,
    /// SET DEFAULT.
    SetDefault,
}

/// An index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IndexDetails {
    /// UNIQUE.
    pub unique: bool,
    /// CONCURRENTLY.
    pub concurrently: bool,
    /// ON ONLY.
    pub only: bool,
    /// USING method, lower case.
    pub method: Option<String>,
    /// Keys in order.
    pub columns: Vec<IndexColumn>,
    /// INCLUDE.
    pub include: Vec<String>,
    /// Text of WHERE.
    pub predicate: Option<String>,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// Text of WITH (storage parameters).
    pub parameters: Option<String>,
    /// TABLESPACE.
    pub tablespace: Option<String>,
    /// New name of `index.rename`.
    pub new_name: Option<String>,
}

/// One key of an index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IndexColumn {
    /// The column's folded name, or the expression's text.
    pub text: String,
    /// Whether it is an expression.
    pub expression: bool,
    /// What follows it: collation, operator class, order, as written.
    pub options: String,
}

/// A constraint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConstraintDetails {
    /// Its sort.
    pub kind: ConstraintKind,
    /// Its name, where one is written and known.
    pub name: Option<String>,
    /// Columns it is on.
    pub columns: Vec<String>,
    /// EXCLUDE: its elements, each with its operator in the options; expressions are among them, not in `columns`.
    pub keys: Vec<IndexColumn>,
    /// FOREIGN KEY … REFERENCES.
    pub references: Option<References>,
    /// NOT VALID.
    pub not_valid: bool,
    /// USING INDEX.
    pub using_index: Option<String>,
    /// Text of CHECK or EXCLUDE.
    pub expression: Option<String>,
    /// INCLUDE.
    pub include: Vec<String>,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub initially_deferred: bool,
    /// NO INHERIT.
    pub no_inherit: bool,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// NOT ENFORCED (PostgreSQL 18).
    pub not_enforced: bool,
    /// New name of `constraint.rename`.
    pub new_name: Option<String>,
}

/// The sort of a constraint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ConstraintKind {
    /// PRIMARY KEY.
    PrimaryKey,
    /// UNIQUE.
    Unique,
    /// FOREIGN KEY.
    ForeignKey,
    /// CHECK.
    Check,
    /// EXCLUDE.
    Exclusion,
    /// NOT NULL as a named table constraint (PostgreSQL 18).
    NotNull,
    /// Only the name is known (DROP, VALIDATE, RENAME).
    #[default]
    Named,
}

impl ConstraintKind {
    /// The word used in conditions of rules; empty where the sort is not known.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrimaryKey => "primary-key",
            Self::Unique => "unique",
            Self::ForeignKey => "foreign-key",
            Self::Check => "check",
            Self::Exclusion => "exclusion",
            Self::NotNull => "not-null",
            Self::Named => "",
        }
    }
}

/// A change, or a read, of rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DataDetails {
    /// Where inserted rows come from.
    pub source: Option<DataSource>,
    /// Rows written out in VALUES, or in COPY data.
    pub rows: Option<u64>,
    /// A mapper writes a list of objects with it: `bulk_create`, `bulk_update_mappings`.
    pub bulk: bool,
    /// SET list.
    pub assignments: Vec<Assignment>,
    /// Columns of the INSERT list.
    pub columns: Vec<String>,
    /// WHERE of the changed table.
    pub condition: Where,
    /// A LIMIT bounds the rows of one statement, at the statement or in the sub-query that picks its keys.
    pub limited: bool,
    /// That LIMIT where it is a number; also the size of a literal key list.
    pub limit: Option<u64>,
    /// FOR UPDATE SKIP LOCKED is in it.
    pub skip_locked: bool,
    /// ON CONFLICT, INSERT IGNORE, OR IGNORE, ON DUPLICATE KEY.
    pub on_conflict: bool,
    /// A sub-query in it says NOT EXISTS or is a left join that keeps what is absent.
    pub not_exists: bool,
    /// Other tables it reads, for the JSON and for effects.
    pub reads: Vec<QualifiedName>,
}

/// Where inserted rows come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DataSource {
    /// VALUES.
    Values,
    /// SELECT.
    Select,
    /// COPY.
    Copy,
    /// An object-relational mapper.
    Orm,
}

impl DataSource {
    /// The word that rules use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Select => "select",
            Self::Copy => "copy",
            Self::Orm => "orm",
        }
    }
}

/// One `column = value` of a SET list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The column, folded.
    pub column: String,
    /// Text of the value.
    pub value: String,
}

/// Which rows a statement is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Where {
    /// No WHERE is written.
    #[default]
    Absent,
    /// A condition that every row meets: `true`, `1 = 1`.
    Always,
    /// A condition.
    Predicate(Predicate),
    /// Part of the statement is not known and may hold the WHERE.
    Unknown,
}

/// A WHERE condition, as far as its top level goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Predicate {
    /// Its text.
    pub text: String,
    /// The comparisons joined by AND at its top level.
    pub terms: Vec<Term>,
    /// Whether `terms` is all there is: no OR, no unknown part.
    pub complete: bool,
}

/// One comparison: `note IS NULL`, `id > $1`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// The column, folded, without qualifier.
    pub column: String,
    /// The comparison.
    pub operator: TermOperator,
    /// What it is compared with.
    pub value: TermValue,
}

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TermOperator {
    /// `=`
    Equal,
    /// `<>`, `!=`, IS DISTINCT FROM
    NotEqual,
    /// `<`, `<=`, `>`, `>=`
    Order,
    /// BETWEEN
    Between,
    /// IN (…), = ANY (…)
    In,
    /// IS NULL, also `coalesce(c, '') = ''`
    IsNull,
    /// IS NOT NULL
    IsNotNull,
    /// Anything else
    Other,
}

/// The other side of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TermValue {
    /// A literal, as written; a list of literals for IN.
    Literal(String),
    /// A bind parameter or a value filled in by the program.
    Parameter,
    /// A sub-query.
    Query {
        /// It has a LIMIT.
        limited: bool,
    },
    /// Another column or expression.
    Expression(String),
    /// Nothing (IS NULL).
    None,
}

/// A session setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettingDetails {
    /// Its name in lower case: `lock_timeout`.
    pub name: String,
    /// Its value without quotes; `None` for DEFAULT and RESET, or where unknown.
    pub value: Option<String>,
    /// SET LOCAL: until the end of the transaction.
    pub local: bool,
}

/// A type or domain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TypeDetails {
    /// Labels of an enum, in order.
    pub labels: Vec<String>,
    /// Attributes of a composite type.
    pub attributes: Vec<ColumnDetails>,
    /// A domain as a column: its type, default, NOT NULL and constraints.
    pub domain: Option<ColumnDetails>,
}

/// What is said of an object that has no details of its own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObjectDetails {
    /// Text between the parentheses of a function's or operator's name.
    pub arguments: Option<String>,
    /// The new name, also of SET SCHEMA.
    pub new_name: Option<Known<QualifiedName>>,
    /// The part that is changed: the attribute of a type, the value of an enum, the constraint of a domain; the method
    /// of an operator class.
    pub part: Option<String>,
    /// Its new name.
    pub new_part: Option<String>,
    /// A constraint that is added to a domain.
    pub constraint: Option<ConstraintDetails>,
    /// The type that an attribute gets; that of a sequence.
    pub data_type: Option<TypeName>,
    /// Text of SET DEFAULT of a domain.
    pub default: Option<String>,
    /// Where the value of an enum is added: before (`true`) or after another one.
    pub beside: Option<(bool, String)>,
    /// IMMUTABLE, STABLE or VOLATILE of a function, in lower case.
    pub volatility: Option<&'static str>,
    /// Text of RETURNS.
    pub returns: Option<String>,
}

/// What is granted or revoked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PrivilegeDetails {
    /// The privileges in lower case, columns left out: `select`, `all privileges`; the roles of a membership.
    pub privileges: Vec<String>,
    /// Who gets or loses them, folded.
    pub grantees: Vec<String>,
    /// WITH GRANT OPTION, WITH ADMIN OPTION.
    pub grant_option: bool,
}

/// Code that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeDetails {
    /// The function's name as called.
    pub name: String,
}

/// Why an operation is opaque.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OpaqueReason {
    /// The text of the statement is not known: why.
    Unresolved(String),
    /// The statement is not understood, though it may be valid: why.
    NotUnderstood(String),
    /// No dialect parses it: what the parser said.
    Broken(String),
    /// An execute call whose SQL is blank.
    Empty,
}

//! The facts: name, type, one sentence, getter.

use crate::effects::keys::Fit;
use crate::expr::{Type, Value};
use crate::history::Timeout;
use crate::ir::{
    ColumnDetails, DataDetails, DataSource, Details, Doubt, IndexDetails, Known, OpKind, OpaqueReason, Tri, Where,
};

use super::{Size, View, catalogue, data, effects, enums, held, settings, transaction};

/// A fact.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// The name rules use.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
    /// One sentence.
    pub doc: &'static str,
    /// Families of operations, or single kinds, that it says something about; empty for all.
    pub families: &'static [&'static str],
    /// Reads it.
    pub get: fn(&View<'_>) -> Value,
}

/// Operations that take a name away which statements of a program may have.
const TAKES_AWAY: &[&str] = &["column.drop", "column.rename", "table.drop", "table.rename"];

/// Every fact, in the order of the documentation.
pub const FACTS: &[Fact] = &[
    Fact {
        name: "op.kind",
        ty: Type::Str,
        doc: "The kind of operation, `index.create`.",
        families: &[],
        get: |v| Value::Str(v.op.kind.as_str().to_owned()),
    },
    Fact {
        name: "op.sql",
        ty: Type::Str,
        doc: "What the operation is called in SQL, for messages: `CREATE INDEX`.",
        families: &[],
        get: |v| Value::Str(v.op.kind.as_sql()),
    },
    Fact {
        name: "op.detail",
        ty: Type::Str,
        doc: "The finer word where one kind covers several statements: `vacuum-full`, `unlogged`.",
        families: &[],
        get: |v| Value::Str(v.op.detail.to_owned()),
    },
    Fact {
        name: "op.spliced",
        ty: Type::Str,
        doc: "Where a part of the statement's text comes from that is put into it without quoting: a `row` of the database, the `environment`, an `argument` of the command; empty where there is none.",
        families: &[],
        get: |v| Value::Str(v.op.context.spliced.as_ref().map_or("", |spliced| spliced.origin).to_owned()),
    },
    Fact {
        name: "op.spliced_text",
        ty: Type::Str,
        doc: "That part as the source has it, for messages: `{row.name}`.",
        families: &[],
        get: |v| Value::Str(v.op.context.spliced.as_ref().map_or(String::new(), |spliced| spliced.text.clone())),
    },
    Fact {
        name: "op.name",
        ty: Type::Str,
        doc: "Name of the object created, changed or dropped.",
        families: &[],
        get: |v| name(v),
    },
    Fact {
        name: "op.role",
        ty: Type::Str,
        doc: "Role of the source: `migrations`, `indexes`, `backfills`.",
        families: &[],
        get: |v| Value::Str(v.migration.role.as_str().to_owned()),
    },
    Fact {
        name: "op.migration",
        ty: Type::Str,
        doc: "Name of the migration.",
        families: &[],
        get: |v| Value::Str(v.migration.name.clone()),
    },
    Fact {
        name: "op.dialect",
        ty: Type::Str,
        doc: "Dialect of the statement: `postgres`, `mysql`, `sqlite`, `mssql`.",
        families: &[],
        get: |v| Value::Str(v.op.statement.dialect.as_str().to_owned()),
    },
    Fact {
        name: "op.concurrently",
        ty: Type::Bool,
        doc: "CONCURRENTLY is written.",
        families: &[],
        get: |v| tri(v.op.is_concurrent()),
    },
    Fact {
        name: "op.if_exists",
        ty: Type::Bool,
        doc: "IF EXISTS is written.",
        families: &[],
        get: |v| tri(v.op.flag(v.op.if_exists, Doubt::IfExists)),
    },
    Fact {
        name: "op.if_not_exists",
        ty: Type::Bool,
        doc: "IF NOT EXISTS or OR REPLACE is written.",
        families: &[],
        get: |v| tri(v.op.flag(v.op.if_not_exists, Doubt::IfNotExists)),
    },
    Fact {
        name: "op.temporary",
        ty: Type::Bool,
        doc: "TEMPORARY is written: the table is gone with its session.",
        families: &[],
        get: |v| Value::Bool(matches!(&v.op.details, Details::Table(table) if table.temporary)),
    },
    Fact {
        name: "op.cascade",
        ty: Type::Bool,
        doc: "CASCADE is written.",
        families: &[],
        get: |v| Value::Bool(v.op.cascade),
    },
    Fact {
        name: "op.written",
        ty: Type::Bool,
        doc: "The statement is written in the source, not made by a tool with words and objects that stand nowhere in it.",
        families: &[],
        get: |v| Value::Bool(!v.op.statement.implied),
    },
    Fact {
        name: "op.guarded",
        ty: Type::Bool,
        doc: "A repeated run passes over it: IF [NOT] EXISTS, a condition in the code that asks for the object, or a failure that is caught.",
        families: &[],
        get: |v| tri(v.guarded()),
    },
    Fact {
        name: "op.changes_schema",
        ty: Type::Bool,
        doc: "It changes the schema.",
        families: &[],
        get: |v| Value::Bool(v.op.kind.changes_schema()),
    },
    Fact {
        name: "op.changes_data",
        ty: Type::Bool,
        doc: "It changes rows.",
        families: &[],
        get: |v| Value::Bool(v.op.kind.changes_data()),
    },
    Fact {
        name: "op.in_loop",
        ty: Type::Bool,
        doc: "It runs in a loop that goes on once per row or until nothing is left.",
        families: &[],
        get: |v| Value::Bool(v.op.context.in_loop || v.op.in_loop),
    },
    Fact {
        name: "op.loop_in_transaction",
        ty: Type::Bool,
        doc: "All rounds of its loop share one transaction.",
        families: &[],
        get: |v| tri(loop_in_transaction(v)),
    },
    Fact {
        name: "op.loop_endless",
        ty: Type::Bool,
        doc: "Its loop has no condition and no exit.",
        families: &[],
        get: |v| Value::Bool(v.op.context.endless_loop),
    },
    Fact {
        name: "op.in_block",
        ty: Type::Bool,
        doc: "It stands in a block of procedural code (DO), not at the top.",
        families: &[],
        get: |v| Value::Bool(v.op.nested.is_some()),
    },
    Fact {
        name: "op.dropped_before",
        ty: Type::Bool,
        doc: "The same migration drops an object of this kind and name first.",
        families: &[],
        get: |v| Value::Bool(v.object.dropped_before),
    },
    Fact {
        name: "op.exists_already",
        ty: Type::Bool,
        doc: "What it makes is there already, as the migrations before it say.",
        families: &[],
        get: |v| tri(catalogue::exists_already(v).0),
    },
    Fact {
        name: "op.exists_as",
        ty: Type::Str,
        doc: "What is there already, in words: table `orders`.",
        families: &[],
        get: |v| Value::Str(catalogue::exists_already(v).1),
    },
    Fact {
        name: "op.missing_tables",
        ty: Type::List,
        doc: "Tables that it needs and that are certainly not there, as the migrations before it say.",
        families: &[],
        get: |v| Value::List(catalogue::missing_tables(v)),
    },
    Fact {
        name: "op.missing_columns",
        ty: Type::List,
        doc: "Columns that it needs and that are certainly not there, as `table.column`.",
        families: &[],
        get: |v| Value::List(catalogue::missing_columns(v)),
    },
    Fact {
        name: "op.repeated_column",
        ty: Type::Str,
        doc: "A column that stands twice among the keys of an index, in a list of columns, or in a SET list; empty where none does.",
        families: &["index", "data"],
        get: |v| Value::Str(catalogue::repeated_column(v).unwrap_or_default()),
    },
    Fact {
        name: "op.long_names",
        ty: Type::List,
        doc: "Names that it gives and that are longer than the 63 bytes PostgreSQL keeps.",
        families: &[],
        get: |v| Value::List(catalogue::long_names(v)),
    },
    Fact {
        name: "op.preexisting",
        ty: Type::Bool,
        doc: "The object named (a column, an index, a type) existed before this migration.",
        families: &[],
        get: |v| tri(preexisting(v)),
    },
    Fact {
        name: "op.mapping",
        ty: Type::Str,
        doc: "What models of SQLAlchemy or Django say of a column or table that goes or gets another name: `mapped` by the release that runs (`--diff-base`) or by the working tree, `unmapped` by the release that runs, `unknown`.",
        families: TAKES_AWAY,
        get: |v| Value::Str(v.mapping().to_owned()),
    },
    Fact {
        name: "op.mapper",
        ty: Type::Str,
        doc: "For the end of a message: which model maps it, else empty.",
        families: TAKES_AWAY,
        get: |v| Value::Str(v.mapper()),
    },
    Fact {
        name: "table.name",
        ty: Type::Str,
        doc: "Name of the table (or other relation) acted on.",
        families: &[],
        get: |v| table(v),
    },
    Fact {
        name: "table.preexisting",
        ty: Type::Bool,
        doc: "The table existed before this migration, so that other sessions may use it.",
        families: &[],
        get: |v| tri(v.table_preexisting()),
    },
    Fact {
        name: "table.small",
        ty: Type::Bool,
        doc: "The table is named small in the configuration, or a migration tool keeps its books in it.",
        families: &[],
        get: |v| if v.table().is_some() { Value::Bool(v.small()) } else { Value::Unknown },
    },
    Fact {
        name: "table.large",
        ty: Type::Bool,
        doc: "The table is named large in the configuration, or measured so (see `table.size`).",
        families: &[],
        get: |v| v.table().map_or(Value::Unknown, |table| Value::Bool(v.size_of(table) == Some(Size::Large))),
    },
    Fact {
        name: "table.size",
        ty: Type::Str,
        doc: "How large the table is, as the configuration names it or the statistics measure it: `small`, `middling`, `large`.",
        families: &[],
        get: |v| {
            let size = v.table().and_then(|table| v.size_of(table));
            size.map_or(Value::Unknown, |size| Value::Str(size.as_str().to_owned()))
        },
    },
    Fact {
        name: "table.rows",
        ty: Type::Int,
        doc: "Rows of the table, where the statistics tell.",
        families: &[],
        get: |v| v.table().and_then(|table| v.measured(table)?.rows).map_or(Value::Unknown, int),
    },
    Fact {
        name: "table.bytes",
        ty: Type::Int,
        doc: "Bytes of the table without its indexes, where the statistics tell.",
        families: &[],
        get: |v| v.table().and_then(|table| v.measured(table)).map_or(Value::Unknown, |table| int(table.bytes)),
    },
    Fact {
        name: "table.reads",
        ty: Type::Int,
        doc: "Scans of the table since the server's counters were reset, where the statistics tell.",
        families: &[],
        get: |v| v.table().and_then(|table| v.measured(table)?.reads).map_or(Value::Unknown, int),
    },
    Fact {
        name: "table.writes",
        ty: Type::Int,
        doc: "Rows of the table written since the server's counters were reset, where the statistics tell.",
        families: &[],
        get: |v| v.table().and_then(|table| v.measured(table)?.writes).map_or(Value::Unknown, int),
    },
    Fact {
        name: "table.locked_in_previous_file",
        ty: Type::Bool,
        doc: "The file that the runner applies just before this one takes a lock on the table that blocks other sessions.",
        families: &[],
        get: |v| Value::Bool(v.locked_in_previous_file()),
    },
    Fact { name: "index.name", ty: Type::Str, doc: "Name of the index.", families: &["index"], get: |v| name(v) },
    Fact {
        name: "table.read_by",
        ty: Type::List,
        doc: "Views that read the table; for a column, those that mention it.",
        families: &["table", "column"],
        get: |v| Value::List(catalogue::read_by(v)),
    },
    Fact {
        name: "table.view_takes_name",
        ty: Type::Bool,
        doc: "The same migration leaves a view under the name of the table.",
        families: &["table", "view", "matview"],
        get: |v| tri(catalogue::view_takes_name(v)),
    },
    Fact {
        name: "table.rebuilt",
        ty: Type::Bool,
        doc: "The same migration leaves another table under its name: built anew, filled, and renamed.",
        families: &["table", "view", "matview"],
        get: |v| tri(catalogue::rebuilt(v)),
    },
    Fact {
        name: "column.not_null",
        ty: Type::Bool,
        doc: "NOT NULL or PRIMARY KEY is written of the column.",
        families: &["column"],
        get: |v| column(v, |column| Value::Bool(column.not_null)),
    },
    Fact {
        name: "column.filled_by_server",
        ty: Type::Bool,
        doc: "The server gives the column a value where an INSERT names none: a default, an identity, serial, generated.",
        families: &["column"],
        get: |v| column(v, |column| Value::Bool(filled_by_server(column))),
    },
    Fact {
        name: "column.default_elsewhere",
        ty: Type::Str,
        doc: "For the end of a message: that its default is one which only the program applies (SQLAlchemy's `default=`), else empty.",
        families: &["column"],
        get: |v| {
            let clause =
                |on: bool| if on { ": its `default=` is applied by the program, not by the server" } else { "" };
            column(v, |column| Value::Str(clause(column.mapper_default).to_owned()))
        },
    },
    Fact {
        name: "column.default_gone",
        ty: Type::Str,
        doc: "For a column that is added: that the same migration drops its default again, as a clause; else empty.",
        families: &["column"],
        get: |v| Value::Str(v.default_gone().to_owned()),
    },
    Fact {
        name: "column.default_temporary",
        ty: Type::Bool,
        doc: "For a default that is dropped: the same migration has set it.",
        families: &["column"],
        get: |v| Value::Bool(v.default_temporary()),
    },
    Fact {
        name: "column.old_type",
        ty: Type::Str,
        doc: "Type of the column before it is changed, where the history tells.",
        families: &["column"],
        get: |v| type_text(catalogue::old_type(v)),
    },
    Fact {
        name: "column.new_type",
        ty: Type::Str,
        doc: "Type that the column gets.",
        families: &["column"],
        get: |v| type_text(catalogue::new_type(v)),
    },
    Fact {
        name: "column.narrowed",
        ty: Type::Bool,
        doc: "Values of the old type exist that the new one refuses or cuts.",
        families: &["column"],
        get: |v| tri(catalogue::narrowed(v)),
    },
    Fact {
        name: "column.type_change",
        ty: Type::Str,
        doc: "What a change of type does to what is stored: `rewrite` of the table, `rebuild` of indexes, `scan` for its checks, `none`.",
        families: &["column"],
        get: |v| effects::type_change(v),
    },
    Fact {
        name: "column.type_change_said",
        ty: Type::Str,
        doc: "The same as a clause: rewrites `orders` and its indexes.",
        families: &["column"],
        get: |v| effects::type_change_said(v),
    },
    Fact {
        name: "column.computed",
        ty: Type::Str,
        doc: "Why the server works out the values of a new column row by row, as a clause; empty where nothing says that it does.",
        families: &["column"],
        get: |v| effects::computed(v),
    },
    Fact {
        name: "foreign_key.validated",
        ty: Type::Bool,
        doc: "The foreign key is looked up for the rows that are there: no NOT VALID, and for a new column a value for them.",
        families: &["column", "constraint"],
        get: |v| tri(effects::validated(v)),
    },
    Fact {
        name: "foreign_key.name",
        ty: Type::Str,
        doc: "Name of the foreign key, the one that the server chooses where none is written.",
        families: &["column", "constraint"],
        get: |v| effects::name(v, true),
    },
    Fact {
        name: "foreign_key.columns",
        ty: Type::Str,
        doc: "Its columns: `a, b`.",
        families: &["column", "constraint"],
        get: |v| effects::columns(v, true),
    },
    Fact {
        name: "foreign_key.references",
        ty: Type::Str,
        doc: "The table that it refers to.",
        families: &["table", "column", "constraint"],
        get: |v| effects::references(v),
    },
    Fact {
        name: "foreign_key.tables",
        ty: Type::Str,
        doc: "The tables at both ends of it, in words.",
        families: &["column", "constraint"],
        get: |v| effects::tables(v),
    },
    Fact {
        name: "foreign_key.mismatch",
        ty: Type::Str,
        doc: "The columns of a foreign key whose types do not go together, in words; empty where all do.",
        families: &["table", "column", "constraint"],
        get: |v| Value::Str(catalogue::foreign_key_mismatch(v).map_or_else(String::new, |(_, words)| words)),
    },
    Fact {
        name: "foreign_key.mismatch_effect",
        ty: Type::Str,
        doc: "What comes of that, as a clause: `the server refuses it`.",
        families: &["table", "column", "constraint"],
        get: |v| Value::Str(catalogue::foreign_key_mismatch(v).map_or("", |(fit, _)| fit.effect()).to_owned()),
    },
    Fact {
        name: "foreign_key.cast",
        ty: Type::Bool,
        doc: "The server takes the foreign key, but casts its column for every comparison.",
        families: &["table", "column", "constraint"],
        get: |v| Value::Bool(catalogue::foreign_key_mismatch(v).is_some_and(|(fit, _)| fit == Fit::Cast)),
    },
    Fact {
        name: "foreign_key.target_not_unique",
        ty: Type::Str,
        doc: "The columns that a foreign key refers to and no unique constraint or index is on; empty where there are none.",
        families: &["table", "column", "constraint"],
        get: |v| Value::Str(catalogue::foreign_key_target_not_unique(v).unwrap_or_default()),
    },
    Fact {
        name: "foreign_key.without_index",
        ty: Type::Str,
        doc: "The columns of a foreign key that lead no index when the migration ends; empty where there are none.",
        families: &["table", "column", "constraint"],
        get: |v| Value::Str(catalogue::foreign_key_without_index(v).unwrap_or_default()),
    },
    Fact {
        name: "constraint.kind",
        ty: Type::Str,
        doc: "Sort of the constraint that is added: `primary-key`, `unique`, `foreign-key`, `check`, `exclusion`, `not-null`; `unique` for a unique index too; `existing-index` where one is used.",
        families: &["constraint", "index"],
        get: |v| Value::Str(catalogue::constraint_kind(v).to_owned()),
    },
    Fact {
        name: "constraint.kinds",
        ty: Type::List,
        doc: "Sorts of the constraints that are added or written on a new column, in the words of `constraint.kind`; also of one that uses an index.",
        families: &["table", "column", "constraint"],
        get: |v| effects::kinds(v),
    },
    Fact {
        name: "constraint.name",
        ty: Type::Str,
        doc: "Name of the constraint that is added, the one that the server chooses where none is written.",
        families: &["column", "constraint"],
        get: |v| effects::name(v, false),
    },
    Fact {
        name: "constraint.columns",
        ty: Type::Str,
        doc: "Its columns: `a, b`.",
        families: &["column", "constraint"],
        get: |v| effects::columns(v, false),
    },
    Fact {
        name: "partition.scanned",
        ty: Type::List,
        doc: "Tables that are read in full because a partition comes: the partition, or the default partition.",
        families: &["partition", "table.create"],
        get: |v| effects::scanned_for_partition(v),
    },
    Fact {
        name: "constraint.never_validated",
        ty: Type::Bool,
        doc: "It is added NOT VALID, and no later migration validates or drops it.",
        families: &["constraint"],
        get: |v| tri(catalogue::never_validated(v)),
    },
    Fact {
        name: "index.repeats",
        ty: Type::Str,
        doc: "An index of the same kind whose keys begin with all of its keys, there already or made later by the same migration; empty where there is none.",
        families: &["index"],
        get: |v| Value::Str(catalogue::repeated_index(v).unwrap_or_default()),
    },
    Fact {
        name: "index.built",
        ty: Type::Bool,
        doc: "Rows are read to build the index: not for ON ONLY a partitioned table, nor where IF NOT EXISTS finds it.",
        families: &["index"],
        get: |v| tri(effects::index_built(v)),
    },
    Fact {
        name: "index.way_out",
        ty: Type::Str,
        doc: "How to build the index while others write, as an order.",
        families: &["index"],
        get: |v| Value::Str(effects::index_way_out(v)),
    },
    Fact {
        name: "index.left_invalid",
        ty: Type::Str,
        doc: "Why the index stays INVALID, as a clause: a partition has none attached to it when the migrations end, or a failed build is caught and not dropped; empty where nothing says so.",
        families: &["index"],
        get: |v| Value::Str(catalogue::left_invalid(v).unwrap_or_default()),
    },
    Fact {
        name: "index.named",
        ty: Type::Bool,
        doc: "The index has a name in the statement.",
        families: &["index"],
        get: |v| Value::Bool(v.op.name.is_some()),
    },
    Fact {
        name: "index.unique",
        ty: Type::Bool,
        doc: "UNIQUE is written.",
        families: &["index"],
        get: |v| index(v, |i| tri(v.op.flag(i.unique, Doubt::Unique))),
    },
    Fact {
        name: "index.concurrently",
        ty: Type::Bool,
        doc: "CONCURRENTLY is written.",
        families: &["index"],
        get: |v| tri(v.op.is_concurrent()),
    },
    Fact {
        name: "data.source",
        ty: Type::Str,
        doc: "Where inserted rows come from: `values`, `select`, `copy`, `orm`; empty where none are inserted.",
        families: &["data"],
        get: |v| data(v, |d| Value::Str(d.source.map(DataSource::as_str).unwrap_or_default().to_owned())),
    },
    Fact {
        name: "data.rows",
        ty: Type::Int,
        doc: "Rows written out in the statement; 0 where they come from elsewhere.",
        families: &["data"],
        get: |v| v.written_rows().map_or(Value::Unknown, int),
    },
    Fact {
        name: "data.condition",
        ty: Type::Str,
        doc: "Which rows are changed: `absent` (no WHERE), `always` (WHERE true), `predicate`.",
        families: &["data"],
        get: |v| condition(v),
    },
    Fact {
        name: "data.keyed_by_literals",
        ty: Type::Bool,
        doc: "The WHERE picks rows by primary key equal to literals, or the one row that the program picks outside of a loop.",
        families: &["data"],
        get: |v| Value::Bool(data::keyed_by_literals(v)),
    },
    Fact {
        name: "data.batched",
        ty: Type::Bool,
        doc: "One statement changes a bounded number of rows: by LIMIT, a range of keys or a list of keys.",
        families: &["data"],
        get: |v| data(v, |d| tri(data::batched(d))),
    },
    Fact {
        name: "data.limit",
        ty: Type::Int,
        doc: "The LIMIT; 0 where there is none.",
        families: &["data"],
        get: |v| {
            data(v, |d| match d.limit {
                None if d.limited => Value::Unknown,
                limit => int(limit.unwrap_or(0)),
            })
        },
    },
    Fact {
        name: "data.row_by_row",
        ty: Type::Bool,
        doc: "It changes one row, and runs again for each row that a loop of the program reads.",
        families: &["data"],
        get: |v| Value::Bool(data::row_by_row(v)),
    },
    Fact {
        name: "data.skip_locked",
        ty: Type::Bool,
        doc: "FOR UPDATE SKIP LOCKED picks the rows.",
        families: &["data"],
        get: |v| data(v, |d| Value::Bool(d.skip_locked)),
    },
    Fact {
        name: "data.idempotent",
        ty: Type::Bool,
        doc: "A second run finds nothing to do: the change makes its own condition false.",
        families: &["data"],
        get: |v| data(v, |d| tri(data::idempotent(v, d))),
    },
    Fact {
        name: "column.filled_here",
        ty: Type::Bool,
        doc: "UPDATE fills a column that is tightened here, earlier in the same transaction.",
        families: &["column", "constraint", "index"],
        get: |v| tri(v.filled_here()),
    },
    Fact {
        name: "constraint.added_here",
        ty: Type::Bool,
        doc: "The constraint was added NOT VALID earlier in the same transaction.",
        families: &["constraint"],
        get: |v| tri(v.added_not_valid_here()),
    },
    Fact {
        name: "enum.used_early",
        ty: Type::Bool,
        doc: "It uses a value that the same transaction added to an enum, and that the server does not let it use yet.",
        families: &[],
        get: |v| tri(enums::used(v).0),
    },
    Fact {
        name: "enum.value",
        ty: Type::Str,
        doc: "That value; for ADD VALUE, the value added.",
        families: &[],
        get: |v| enum_value(v),
    },
    Fact {
        name: "transaction.kind",
        ty: Type::Str,
        doc: "Whose transaction block is open: `runner`, `explicit`, `none`, `unknown`.",
        families: &[],
        get: |v| Value::Str(v.state.transaction.as_str().to_owned()),
    },
    Fact {
        name: "transaction.open",
        ty: Type::Bool,
        doc: "A transaction block is open.",
        families: &[],
        get: |v| tri(v.transaction_open()),
    },
    Fact {
        name: "transaction.alters_existing",
        ty: Type::Bool,
        doc: "The same transaction takes a lock that blocks writes for a schema change of an existing table.",
        families: &[],
        get: |v| tri(alters_existing(v)),
    },
    Fact {
        name: "transaction.cause",
        ty: Type::Str,
        doc: "What opened the transaction, as a clause: `BEGIN has opened a transaction`.",
        families: &[],
        get: |v| Value::Str(transaction::cause(v)),
    },
    Fact {
        name: "transaction.way_out",
        ty: Type::Str,
        doc: "How to run the operation outside the transaction, as an order that names the runner's marker.",
        families: &[],
        get: |v| Value::Str(transaction::way_out(v)),
    },
    Fact {
        name: "transaction.bound",
        ty: Type::Bool,
        doc: "A transaction block is open, or the operation stands in a DO block, which always runs inside one.",
        families: &[],
        get: |v| tri(transaction::bound(v)),
    },
    Fact {
        name: "transaction.outer",
        ty: Type::Str,
        doc: "For BEGIN, whose transaction is open already: `runner`, `explicit`, or empty.",
        families: &["transaction"],
        get: |v| Value::Str(transaction::outer(v).to_owned()),
    },
    Fact {
        name: "transaction.uncommitted",
        ty: Type::Bool,
        doc: "For BEGIN, that nothing in the file ends the transaction.",
        families: &["transaction"],
        get: |v| Value::Bool(transaction::uncommitted(v)),
    },
    Fact {
        name: "transaction.batch",
        ty: Type::Bool,
        doc: "The runner applies all pending files in one transaction.",
        families: &[],
        get: |v| Value::Bool(v.op.context.scope.batch),
    },
    Fact {
        name: "transaction.holds",
        ty: Type::Str,
        doc: "The first existing table that an earlier statement of the same transaction has locked ACCESS EXCLUSIVE, and that this one does not lock so by itself; empty where there is none.",
        families: &[],
        get: |v| Value::Str(v.holds().map_or_else(String::new, |(table, _)| table.to_string())),
    },
    Fact {
        name: "transaction.tables_locked",
        ty: Type::Int,
        doc: "How many existing tables the transaction has locked against writes up to here, this operation's among them; a partitioned table counts once.",
        families: &[],
        get: |v| int(u64::try_from(v.tables_locked()).unwrap_or(u64::MAX)),
    },
    Fact {
        name: "transaction.locked_tables",
        ty: Type::Str,
        doc: "The existing tables that the transaction locks against writes before it ends, in words: `a`, `b` and 3 more.",
        families: &[],
        get: |v| Value::Str(held::in_words(v)),
    },
    Fact {
        name: "migration.partial",
        ty: Type::Bool,
        doc: "A failed run can leave a part of the migration behind: it makes several changes that do not commit together, or nothing is known to record that it ran.",
        families: &[],
        get: |v| Value::Bool(v.partial()),
    },
    Fact {
        name: "migration.by_hand",
        ty: Type::Bool,
        doc: "No runner of the file is known and no code beside it could load it, and it changes a table that was there before, or the folder is written to be applied again.",
        families: &[],
        get: |v| Value::Bool(v.by_hand()),
    },
    Fact {
        name: "migration.version",
        ty: Type::Str,
        doc: "The version as the file's name has it; empty where it has none.",
        families: &[],
        get: |v| Value::Str(v.version().to_owned()),
    },
    Fact {
        name: "migration.twin",
        ty: Type::Str,
        doc: "Name of an earlier file of the same version, where the runner tells migrations apart by version; else empty.",
        families: &[],
        get: |v| Value::Str(v.twin().to_owned()),
    },
    Fact {
        name: "migration.missing_version",
        ty: Type::Str,
        doc: "The number before that of the file, where no file has it and those of the folder are counted without gaps; else empty.",
        families: &[],
        get: |v| Value::Str(v.missing_version().to_owned()),
    },
    Fact {
        name: "migration.passed_over_by",
        ty: Type::Str,
        doc: "The runner of the folder, where it does not read a file of this name; else empty.",
        families: &[],
        get: |v| Value::Str(v.passed_over().to_owned()),
    },
    Fact {
        name: "migration.naming",
        ty: Type::Str,
        doc: "How that runner wants its files named, as an example.",
        families: &[],
        get: |v| Value::Str(v.naming().to_owned()),
    },
    Fact {
        name: "migration.one_way",
        ty: Type::Bool,
        doc: "It has no way back, and the files before it have one.",
        families: &[],
        get: |v| Value::Bool(v.model.marks.one_way.contains(&v.migration.span.file)),
    },
    Fact {
        name: "lock.mode",
        ty: Type::Str,
        doc: "The strongest lock taken, `ACCESS EXCLUSIVE`.",
        families: &[],
        get: |v| v.effects().strongest().map_or(Value::Unknown, |mode| Value::Str(mode.as_sql().to_owned())),
    },
    Fact {
        name: "lock.blocks_reads",
        ty: Type::Bool,
        doc: "Other sessions cannot read the table meanwhile.",
        families: &[],
        get: |v| tri(v.effects().blocks_reads()),
    },
    Fact {
        name: "lock.blocks_writes",
        ty: Type::Bool,
        doc: "Other sessions cannot write to the table meanwhile.",
        families: &[],
        get: |v| tri(v.effects().blocks_writes()),
    },
    Fact {
        name: "lock.others",
        ty: Type::List,
        doc: "Other tables than the one acted on that existed before this migration, and that others cannot write to meanwhile.",
        families: &[],
        get: |v| effects::other_relations(v),
    },
    Fact {
        name: "effect.refuses_transaction",
        ty: Type::Bool,
        doc: "The server refuses the statement inside a transaction block.",
        families: &[],
        get: |v| refuses_transaction(v),
    },
    Fact {
        name: "effect.command",
        ty: Type::Str,
        doc: "The command as the server names it when it refuses it inside a transaction block; empty where it does not.",
        families: &[],
        get: |v| Value::Str(transaction::refused(v).unwrap_or_default().to_owned()),
    },
    Fact {
        name: "effect.scans",
        ty: Type::Bool,
        doc: "A table is read in full.",
        families: &[],
        get: |v| tri(v.effects().scans_any()),
    },
    Fact {
        name: "effect.work",
        ty: Type::Str,
        doc: "What it certainly does to existing tables that takes longer the larger they are, in words: reads all of `orders`; empty where nothing is known.",
        families: &[],
        get: |v| Value::Str(v.work().map_or_else(String::new, |work| work.words())),
    },
    Fact {
        name: "effect.scanned",
        ty: Type::List,
        doc: "Tables that are read in full while others cannot write to them.",
        families: &[],
        get: |v| effects::scanned(v),
    },
    Fact {
        name: "effect.rewrites",
        ty: Type::Bool,
        doc: "A table is written anew.",
        families: &[],
        get: |v| tri(v.effects().rewrites_any()),
    },
    Fact {
        name: "effect.rewritten",
        ty: Type::List,
        doc: "Tables that are written anew.",
        families: &[],
        get: |v| effects::rewritten(v),
    },
    Fact {
        name: "effect.builds",
        ty: Type::Bool,
        doc: "An index is built, new or anew.",
        families: &[],
        get: |v| tri(v.effects().builds_any()),
    },
    Fact {
        name: "timeout.lock",
        ty: Type::Bool,
        doc: "A `lock_timeout` is in force: set in the session, or by an earlier migration for the database or the role that migrates.",
        families: &[],
        get: |v| Value::Bool(v.lock_timeout()),
    },
    Fact {
        name: "timeout.statement",
        ty: Type::Bool,
        doc: "A `statement_timeout` is in force.",
        families: &[],
        get: |v| Value::Bool(v.state.timeouts.statement.is_set()),
    },
    Fact {
        name: "timeout.idle",
        ty: Type::Bool,
        doc: "An `idle_in_transaction_session_timeout` is in force.",
        families: &[],
        get: |v| Value::Bool(v.state.timeouts.idle.is_set()),
    },
    Fact {
        name: "timeout.statement_off",
        ty: Type::Bool,
        doc: "`statement_timeout` is switched off in the source.",
        families: &[],
        get: |v| Value::Bool(v.state.timeouts.statement == Timeout::Milliseconds(0)),
    },
    Fact {
        name: "timeout.shortest",
        ty: Type::Int,
        doc: "The smaller of `lock_timeout` and `statement_timeout` in force, in milliseconds.",
        families: &[],
        get: |v| settings::shortest(v).map_or(Value::Unknown, |(_, limit)| int(limit)),
    },
    Fact {
        name: "timeout.shortest_name",
        ty: Type::Str,
        doc: "Which of the two it is, with its value: `lock_timeout = 5s`.",
        families: &[],
        get: |v| settings::shortest(v).map_or(Value::Unknown, |shortest| Value::Str(settings::written(shortest))),
    },
    Fact {
        name: "record.exists",
        ty: Type::Bool,
        doc: "It comes from a record of a registry.",
        families: &[],
        get: |v| Value::Bool(v.record().is_some()),
    },
    Fact {
        name: "record.faults",
        ty: Type::List,
        doc: "What is wrong with the record as a record: fields that are missing, fields that say something else than its SQL.",
        families: &[],
        get: |v| Value::List(v.record_faults()),
    },
    Fact {
        name: "record.duplicate",
        ty: Type::Bool,
        doc: "An earlier record of the registry has the same name.",
        families: &[],
        get: |v| Value::Bool(v.record_is_duplicate()),
    },
    Fact {
        name: "code.name",
        ty: Type::Str,
        doc: "The function called, or the one of the project through which the statement is sent and whose name says that it changes data.",
        families: &["code", "opaque"],
        get: |v| code_name(v),
    },
    Fact {
        name: "code.changes_data",
        ty: Type::Bool,
        doc: "The function is named as one that changes data (setting `data-functions`).",
        families: &["code", "opaque"],
        get: |v| code_changes_data(v),
    },
    Fact {
        name: "opaque.reason",
        ty: Type::Str,
        doc: "Why it is not understood: `unresolved`, `not-understood`, `broken`, `empty`; empty for what is understood.",
        families: &["opaque", "other"],
        get: |v| Value::Str(opaque(v).0.to_owned()),
    },
    Fact {
        name: "opaque.why",
        ty: Type::Str,
        doc: "The same in words.",
        families: &["opaque", "other"],
        get: |v| Value::Str(opaque(v).1),
    },
    Fact {
        name: "setting.name",
        ty: Type::Str,
        doc: "The session setting, in lower case.",
        families: &["session"],
        get: |v| setting_name(v),
    },
    Fact {
        name: "setting.milliseconds",
        ty: Type::Int,
        doc: "The setting's value as a time, in milliseconds; 0 for no limit.",
        families: &["session"],
        get: |v| settings::milliseconds(v).map_or(Value::Unknown, int),
    },
    Fact {
        name: "setting.too_late",
        ty: Type::Bool,
        doc: "A statement before it waits for a lock that blocks others, with no limit: in the same transaction for SET LOCAL, in the same migration for SET.",
        families: &["session"],
        get: |v| Value::Bool(v.follows_unlimited()),
    },
    Fact {
        name: "setting.covers_blocking",
        ty: Type::Bool,
        doc: "A statement after it takes a lock that blocks others while the limit is switched off; not where the migration is the first of its folder and creates the tables.",
        families: &["session"],
        get: |v| Value::Bool(v.covers_blocking()),
    },
    Fact {
        name: "project.has_index_registry",
        ty: Type::Bool,
        doc: "The project keeps an index registry.",
        families: &[],
        get: |v| Value::Bool(v.model.has_index_registry),
    },
    Fact {
        name: "project.sets_lock_timeout",
        ty: Type::Bool,
        doc: "The project sets `lock_timeout` in this source, in one that runs before it or of which it is not known when it runs, or in an index registry or backfill.",
        families: &[],
        get: |v| Value::Bool(v.follows_limit_policy()),
    },
    Fact {
        name: "runner.name",
        ty: Type::Str,
        doc: "What applies the file: `flyway`, `goose`, `plain` where it is not recognised.",
        families: &[],
        get: |v| Value::Str(v.migration.runner.as_str().to_owned()),
    },
    Fact {
        name: "runner.opt_out",
        ty: Type::Str,
        doc: "What to write so that the runner applies the file outside a transaction, as an order.",
        families: &[],
        get: |v| v.migration.runner.opt_out().map_or(Value::Unknown, |text| Value::Str(text.to_owned())),
    },
    Fact {
        name: "server.version",
        ty: Type::Int,
        doc: "Major version of the server that migrations run on (setting `target-version`).",
        families: &[],
        get: |v| int(u64::from(v.server_version())),
    },
];

fn tri(answer: Tri) -> Value {
    match answer {
        Tri::Yes => Value::Bool(true),
        Tri::No => Value::Bool(false),
        Tri::Unknown => Value::Unknown,
    }
}

fn int(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn name(v: &View<'_>) -> Value {
    v.op.name.as_ref().and_then(Known::known).map_or(Value::Unknown, |name| Value::Str(name.name.clone()))
}

fn table(v: &View<'_>) -> Value {
    v.table().map_or(Value::Unknown, |table| Value::Str(table.to_string()))
}

fn index(v: &View<'_>, get: impl Fn(&IndexDetails) -> Value) -> Value {
    match &v.op.details {
        Details::Index(index) => get(index),
        _ => Value::Unknown,
    }
}

fn column(v: &View<'_>, get: impl Fn(&ColumnDetails) -> Value) -> Value {
    match &v.op.details {
        Details::Column(column) => get(column),
        _ => Value::Unknown,
    }
}

pub(super) fn filled_by_server(column: &ColumnDetails) -> bool {
    let null = |text: &String| text.trim().eq_ignore_ascii_case("null");
    column.default.as_ref().is_some_and(|text| !null(text))
        || column.identity
        || column.generated.is_some()
        || column.data_type.as_ref().is_some_and(|of| of.name.ends_with("serial"))
}

fn type_text(of: Option<crate::ir::TypeName>) -> Value {
    of.map_or(Value::Unknown, |of| Value::Str(crate::schema::as_sql(&of)))
}

/// An index is as new as its table, or newer; a type has no table.
fn preexisting(v: &View<'_>) -> Tri {
    if v.op.kind.family() == "column" {
        return catalogue::column_preexisting(v);
    }
    let table = if v.table().is_some() { v.table_preexisting() } else { Tri::Yes };
    v.object.object_preexisting.and(table)
}

fn data(v: &View<'_>, get: impl Fn(&DataDetails) -> Value) -> Value {
    data::details(v).map_or(Value::Unknown, get)
}

fn condition(v: &View<'_>) -> Value {
    let word = match v.condition() {
        Some(Where::Absent) => "absent",
        Some(Where::Always) => "always",
        Some(Where::Predicate(_)) => "predicate",
        Some(Where::Unknown) | None => return Value::Unknown,
    };
    Value::Str(word.to_owned())
}

fn refuses_transaction(v: &View<'_>) -> Value {
    let refuses = transaction::refused(v).is_some();
    if !refuses && v.op.is_concurrent() == Tri::Unknown { Value::Unknown } else { Value::Bool(refuses) }
}

fn loop_in_transaction(v: &View<'_>) -> Tri {
    // A loop of a DO block or function without a COMMIT runs in one transaction, whoever has opened it.
    if v.op.in_loop && v.op.loop_in_transaction {
        return Tri::Yes;
    }
    Tri::from(v.op.context.in_loop && v.op.context.loop_in_transaction).and(v.transaction_open())
}

fn alters_existing(v: &View<'_>) -> Tri {
    let together = v.transaction_open();
    together.and(v.model.alters_existing(v))
}

fn code(v: &View<'_>) -> Option<String> {
    match &v.op.details {
        Details::Code(code) => Some(code.name.clone()),
        _ => v.op.context.helpers.iter().find(|name| changes_data(v, name)).cloned(),
    }
}

fn changes_data(v: &View<'_>, name: &str) -> bool {
    let own = name.rsplit('.').next().unwrap_or_default();
    v.model.policy.data_functions.is_match(own)
}

fn code_name(v: &View<'_>) -> Value {
    code(v).map_or(Value::Unknown, Value::Str)
}

fn code_changes_data(v: &View<'_>) -> Value {
    Value::Bool(code(v).is_some_and(|name| changes_data(v, &name)))
}

fn opaque(v: &View<'_>) -> (&'static str, String) {
    match &v.op.details {
        Details::Opaque(OpaqueReason::Unresolved(why)) => ("unresolved", why.clone()),
        Details::Opaque(OpaqueReason::NotUnderstood(why)) => ("not-understood", why.clone()),
        Details::Opaque(OpaqueReason::Broken(why)) => ("broken", why.clone()),
        Details::Opaque(OpaqueReason::Empty) => ("empty", "the SQL is blank".to_owned()),
        _ if v.op.kind == OpKind::Opaque => ("not-understood", String::new()),
        _ => ("", String::new()),
    }
}

fn enum_value(v: &View<'_>) -> Value {
    let value = if v.op.kind == OpKind::EnumAddValue { enums::added(v.op).cloned() } else { enums::used(v).1 };
    value.map_or(Value::Unknown, Value::Str)
}

fn setting_name(v: &View<'_>) -> Value {
    match &v.op.details {
        Details::Setting(setting) => Value::Str(setting.name.clone()),
        _ => Value::Unknown,
    }
}

//! The vocabulary: operations, what they act on, and the migrations that hold them.
//!
//! Every frontend speaks it and every later room reads nothing else of a source.

mod details;
mod guards;
mod kind;
mod known;
mod mapped;
mod migration;
mod name;
pub mod names;
mod operation;
mod revision;

pub use details::{
    Assignment, CodeDetails, ColumnDetails, ConstraintDetails, ConstraintKind, DataDetails, DataSource, Details,
    IndexColumn, IndexDetails, Like, ObjectDetails, OpaqueReason, Output, Predicate, PrivilegeDetails, QueryDetails,
    References, ReferentialAction, SettingDetails, TableDetails, Term, TermOperator, TermValue, TypeDetails, TypeName,
    ViewDetails, Where,
};
pub use guards::{Guard, GuardKind, Guards, Kinds};
pub use kind::OpKind;
pub use known::{Known, Tri, Unknown};
pub use mapped::MappedTable;
pub use migration::{Direction, Line, Migration};
pub use name::QualifiedName;
pub use operation::{Context, Doubt, Nested, Operation, Record, Scope, Spliced, Statement, TransactionKind, restate};
pub use revision::{Back, Revision, RevisionId};

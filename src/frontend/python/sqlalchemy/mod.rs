//! SQLAlchemy: what its tables, columns, types and expressions are in SQL.
//!
//! A construct is written as the SQL text that the library would send, and read by the SQL reader like any other
//! text: a directive and a statement then mean the same by construction. Every name keeps its place in the source,
//! and what is not known is a hole.

mod args;
mod column;
mod constraint;
mod expression;
mod index;
mod library;
mod naming;
mod reserved;
mod rows;
mod table;
mod types;
mod vendor;
mod writer;

pub(super) use args::Args;
pub(super) use column::{
    Column, followers, type_check, type_check_name, write_counting, write_default, write_identity,
};
pub(super) use constraint::{Owner, constraint, foreign_key_options, name as constraint_name};
pub(super) use expression::{attribute, operator, qualified, word};
pub(super) use index::index_on;
pub(super) use library::{function, method, not};
pub(super) use naming::{Convention, Kind, Nameless};
pub(super) use rows::{inserts, write as write_construct};
pub(super) use table::Table;
pub(super) use types::{FOR_DIALECT, is_moment, write as write_type, write_named as write_named_type};
pub(super) use writer::Writer;

//! Peewee: what its models, fields and operations of migrations are in SQL.
//!
//! As with SQLAlchemy, each is written as the text that Peewee would send, with the places of its names, and read by the
//! SQL reader. Source: Peewee's `SchemaManager` and `Field.ddl`, `playhouse/migrate.py`, and peewee-migrate's
//! `migrator.py`.

mod field;
mod model;
mod operation;

pub(super) use field::{Field, is_field};
pub(super) use model::{Model, Models, index_name, snake_case};
pub(super) use operation::{OPERATIONS, drop_table, operation};

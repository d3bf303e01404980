//! Piccolo: what the calls of its `MigrationManager` are in SQL.
//!
//! Source: Piccolo's `apps/migrations/auto/migration_manager.py` (which statements, in which order), `query/methods` and
//! `columns` (their text).

mod column;
mod manager;

pub(super) use manager::{Call, Plan, plan};

//! The catalogue as the migrations leave it: what existed before and after each operation.
//!
//! [`World`] folds the migrations of each project, in the order in which its runner applies them. Every object keeps
//! what it was from step to step ([`History`]), so a [`Snapshot`] before any operation costs nothing to make, and the
//! cost of folding grows with the number of changes, not with the size of the schema. What runs under a condition
//! leaves both possibilities: answers are [`crate::ir::Tri`], [`Maybe`] or [`Found`].

mod apply;
mod catalogue;
mod fold;
mod history;
mod long;
mod object;
mod snapshot;
mod text;
mod typename;
mod world;

pub use catalogue::Catalogue;
pub use fold::{ObjectState, fold};
pub use history::{ColumnId, ConstraintId, History, RelationId, RoutineId, Step, TypeId};
pub use object::{
    ColumnState, ConstraintState, DomainState, Generated, IndexState, KeyState, LabelState, Maybe, Rank, Reach,
    RelationKind, RelationState, RoutineState, SequenceState, TypeSort, TypeState,
};
pub use snapshot::{Column, Constraint, Found, Relation, Snapshot, Type};
pub use text::quoted;
pub use typename::{as_sql, normalised};
pub use world::World;

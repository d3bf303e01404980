//! The catalogue as the migrations leave it: what existed before an operation.

mod fold;

pub use fold::{Catalogue, ObjectState, fold};

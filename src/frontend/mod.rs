//! From sources to operations. A frontend never fails: what it cannot read becomes an opaque operation.

pub mod python;
pub mod sql;
pub mod text;

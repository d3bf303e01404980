//! Configuration: as typed (`raw`) and as meant (`settings`).

mod dialect;

pub use dialect::Dialect;

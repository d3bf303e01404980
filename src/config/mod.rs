//! Configuration: as typed (`raw`) and as meant (`settings`).

mod dialect;
mod error;
mod raw;
mod role;
mod runner;
mod settings;
mod statistics;

pub use dialect::Dialect;
pub use error::ConfigError;
pub use role::Role;
pub use runner::Runner;
pub use settings::{RuleSettings, Settings, SourceSettings, TARGET_VERSION};
pub use statistics::{Measured, Sizes, Statistics};

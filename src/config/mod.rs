//! Configuration: as typed (`raw`) and as meant (`settings`).

mod dialect;
mod error;
mod raw;
mod role;
mod runner;
mod settings;

pub use dialect::Dialect;
pub use error::ConfigError;
pub use role::Role;
pub use runner::Runner;
pub use settings::{RuleSettings, Settings, SourceSettings, TARGET_VERSION};

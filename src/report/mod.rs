//! From findings to bytes: one module per format, each a pure function of the outcome.
//!
//! No format looks at a clock, an absolute path or the environment: the same outcome and the same [`Options`] give the
//! same bytes.

mod concise;
mod format;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod line_hash;
mod markdown;
mod place;
mod rdjson;
#[cfg(test)]
mod sample;
mod sarif;
pub mod schema;
mod text;

pub use format::{Format, Options, UnknownFormat, render};

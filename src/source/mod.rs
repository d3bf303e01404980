//! The sources of a run: which files, what they are, what is in them. The only room that touches the file system.

mod decode;
mod file;
mod files;
mod modules;
mod recognise;
mod runner;
mod sources;
mod walk;

pub use file::{Language, Place, Problem, Role, SourceFile};
pub use files::{ConfigFile, config_files, pages, read_text, repository, write_text};
pub use modules::{Modules, NoModules};
pub use runner::Runner;
pub use sources::{Skipped, SourceError, Sources};
pub use walk::globs as matcher;

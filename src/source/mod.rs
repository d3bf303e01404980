//! The sources of a run: which files, what they are, what is in them. The only room that touches the file system.

mod decode;
mod file;
mod files;
mod modules;
mod recognise;
mod sources;
mod walk;

pub use file::{Language, Problem, Role, Runner, SourceFile};
pub use files::{ConfigFile, config_files, pages, read_text, repository, write_text};
pub use modules::{Modules, NoModules};
pub use walk::globs as matcher;
pub use sources::{Skipped, SourceError, Sources};

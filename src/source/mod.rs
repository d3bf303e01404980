//! The sources of a run: which files, what they are, what is in them. The only room that touches the file system.

mod decode;
mod detect;
mod dialects;
mod file;
mod files;
mod globs;
mod listed;
mod modules;
mod recognise;
mod runner;
mod sources;
mod tree;
mod walk;

pub use crate::config::{Role, Runner};
pub use detect::Neighbours;
pub use dialects::has_own_folder;
pub use file::{Evidence, Language, Place, Problem, SourceFile};
pub use files::{ConfigFile, config_files, pages, project, read_text, repository, write_text};
pub use modules::{Modules, NoModules};
pub use recognise::is_tortoise;
pub use runner::About;
pub use sources::{Skipped, SourceError, Sources};
pub use tree::{Models, Tree};
pub use walk::globs as matcher;

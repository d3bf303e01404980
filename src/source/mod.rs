//! The sources of a run: which files, what they are, what is in them. The only room that touches the file system.

mod file;
mod modules;

pub use file::{Language, Problem, Role, Runner, SourceFile};
pub use modules::{Modules, NoModules};

//! What a runner applies as one unit.

use std::sync::Arc;

use super::Operation;
use crate::source::{Role, Runner};
use crate::span::Span;

/// Which way a migration goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// Forward.
    Up,
    /// Back.
    Down,
}

impl Direction {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The line of migrations that one is a part of: those that make one schema together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Line {
    /// Those of the project that its file belongs to by its place.
    #[default]
    Place,
    /// Those that share one database, in whichever folders: the apps of a Django site, a graph of Alembic with several
    /// `version_locations`. Named after a folder of theirs.
    Site(Arc<str>),
    /// Those of one of several databases that the same files are applied to, each with functions of its own: a bind of
    /// Flask-Migrate, an engine of Alembic's template `multidb`.
    Database {
        /// Its name; empty for the one that has none.
        name: Arc<str>,
        /// What a line of the files would be called.
        site: Option<Arc<str>>,
    },
    /// None: it stands for others, which are there too and are part of the line (a squashed migration).
    Beside,
}

/// An ordered list of operations that a runner applies as one unit: the up section of a SQL file, one numbered
/// block of a script, one function that a runner calls.
///
/// A file with several blocks gives several migrations, in the order in which they run. Transactions can span them:
/// see [`super::Scope`].
#[derive(Clone, Debug)]
pub struct Migration {
    /// Name for output: the block's heading or function, else the file's stem.
    pub name: String,
    /// The block, or the whole file.
    pub span: Span,
    /// Which way it goes.
    pub direction: Direction,
    /// Which of the three pillars the source belongs to.
    pub role: Role,
    /// What applies it.
    pub runner: Runner,
    /// Which migrations it follows.
    pub line: Line,
    /// What it does, in order of execution.
    pub operations: Vec<Operation>,
}

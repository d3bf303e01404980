//! Revisions: the nodes of the graph that some runners keep instead of a line of numbers.

use std::fmt;

use super::Known;
use crate::source::Runner;
use crate::span::Span;

/// What names a revision: Alembic's identifier, Django's application and name, or the name of yoyo's file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RevisionId {
    /// The application, where names are unique in one only.
    pub app: Option<String>,
    /// The identifier or name. A reference may also say `__first__` or `__latest__` (Django), a branch label, or the
    /// beginning of an identifier (Alembic).
    pub name: String,
}

impl RevisionId {
    /// An identifier that is unique by itself.
    pub fn bare(name: impl Into<String>) -> Self {
        Self { app: None, name: name.into() }
    }

    /// A name in an application.
    pub fn of_app(app: impl Into<String>, name: impl Into<String>) -> Self {
        Self { app: Some(app.into()), name: name.into() }
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.app {
            Some(app) => write!(f, "{app}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What a file says of its place in the graph.
#[derive(Clone, Debug)]
pub struct Revision {
    /// What applies it, and says how its names are meant.
    pub runner: Runner,
    /// Its own name.
    pub id: RevisionId,
    /// Where it says so; its file is the revision's file.
    pub span: Span,
    /// The revisions that it follows: Alembic's `down_revision`, Django's `dependencies`, yoyo's `__depends__`. Several make a
    /// merge (Alembic) or are the last ones of other applications (Django); none make a root.
    pub parents: Vec<Known<RevisionId>>,
    /// Revisions that must be applied before it without being its parents: Alembic's `depends_on`.
    pub depends_on: Vec<Known<RevisionId>>,
    /// Names of the branch that it opens: Alembic's `branch_labels`.
    pub labels: Vec<String>,
    /// Revisions that it stands for: a squashed migration's `replaces`.
    pub replaces: Vec<RevisionId>,
    /// Revisions that must be applied after it: Django's `run_before`.
    pub run_before: Vec<Known<RevisionId>>,
    /// It is a root because it says so, not because it names no parent (Django's `initial`).
    pub initial: bool,
    /// How it is taken back.
    pub back: Back,
}

impl Revision {
    /// A root that says nothing more.
    pub fn new(runner: Runner, id: RevisionId, span: Span) -> Self {
        Self {
            runner,
            id,
            span,
            parents: Vec::new(),
            depends_on: Vec::new(),
            labels: Vec::new(),
            replaces: Vec::new(),
            run_before: Vec::new(),
            initial: false,
            back: Back::Present,
        }
    }
}

/// How a revision is taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Back {
    /// There is a way.
    Present,
    /// There is none: no function, no section.
    Missing,
    /// It does nothing (`pass`) at this place.
    Empty(Span),
    /// It refuses to, or some of its steps cannot be taken back: where, and why as a clause.
    Refused(Vec<(Span, String)>),
}

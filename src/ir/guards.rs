//! Conditions around an operation.
//!
//! Each arm of a long chain of conditions stands under all that were asked before it, and so does all that follows an
//! early exit. So conditions are a list that grows at its inner end and shares what is around: to stand under one more
//! costs the same however many there are, and where two lists part is found in a few steps.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::config::Dialect;
use crate::span::Span;

/// A condition in the source around an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    /// What it asks.
    pub kind: GuardKind,
    /// Its text in the source.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What a guard asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GuardKind {
    /// The operation runs only if an object is absent (`if not check_column_exists(...)`).
    Absent,
    /// The operation runs only if an object is present (`if table_exists(...)`).
    Present,
    /// The operation runs only on this dialect.
    Dialect(Dialect),
    /// Any other condition.
    Other,
}

/// The kinds of guards that a list has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kinds(u8);

impl Kinds {
    const DIALECTS: u8 = 0b1111_0000;

    fn of(kind: &GuardKind) -> Self {
        Self(match kind {
            GuardKind::Absent => 1,
            GuardKind::Present => 2,
            GuardKind::Other => 4,
            GuardKind::Dialect(Dialect::Postgres) => 16,
            GuardKind::Dialect(Dialect::Mysql) => 32,
            GuardKind::Dialect(Dialect::Sqlite) => 64,
            GuardKind::Dialect(Dialect::Mssql) => 128,
        })
    }

    /// Whether a guard of that kind is among them.
    pub fn has(self, kind: &GuardKind) -> bool {
        self.0 & Self::of(kind).0 != 0
    }

    /// Whether one asks for a dialect.
    pub fn has_dialect(self) -> bool {
        self.0 & Self::DIALECTS != 0
    }

    /// Whether one asks for another dialect than that one.
    pub fn has_dialect_but(self, dialect: Dialect) -> bool {
        self.0 & Self::DIALECTS & !Self::of(&GuardKind::Dialect(dialect)).0 != 0
    }

    /// Whether one asks for anything else than a dialect.
    pub fn has_others(self) -> bool {
        self.0 & !Self::DIALECTS != 0
    }
}

/// Conditions within one another.
#[derive(Clone, Default)]
pub struct Guards(Option<Arc<Node>>);

struct Node {
    guard: Guard,
    around: Guards,
    /// One further out, at such distances that any of them is reached in a few steps.
    jump: Guards,
    count: usize,
    kinds: Kinds,
    dialect: Option<Dialect>,
    key: u64,
}

impl Guards {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |node| node.count)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds one inside all others.
    pub fn push(&mut self, guard: Guard) {
        let around = std::mem::take(self);
        // Distances double: a number has as many of them as it has digits in the skew-binary system.
        let jump = match &around.0 {
            Some(node) => {
                let far = node.jump.0.as_ref().map_or_else(Self::default, |next| next.jump.clone());
                if node.count - node.jump.len() == node.jump.len() - far.len() { far } else { around.clone() }
            }
            None => Self::default(),
        };
        let mut hasher = DefaultHasher::new();
        (around.key(), guard.span, &guard.text).hash(&mut hasher);
        let dialect = match guard.kind {
            GuardKind::Dialect(dialect) => Some(dialect),
            _ => around.dialect(),
        };
        *self = Self(Some(Arc::new(Node {
            count: around.len() + 1,
            kinds: Kinds(around.kinds().0 | Kinds::of(&guard.kind).0),
            dialect,
            key: hasher.finish(),
            guard,
            jump,
            around,
        })));
    }

    /// Takes the innermost away.
    pub fn pop(&mut self) {
        if let Some(node) = &self.0 {
            let around = node.around.clone();
            *self = around;
        }
    }

    /// The innermost.
    pub fn innermost(&self) -> Option<&Guard> {
        self.0.as_ref().map(|node| &node.guard)
    }

    /// All of them, the innermost first.
    pub fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.inside(0)
    }

    /// Those inside the first `count`, the innermost first.
    pub fn inside(&self, count: usize) -> impl Iterator<Item = &Guard> {
        std::iter::successors(self.0.as_ref(), |node| node.around.0.as_ref())
            .take_while(move |node| node.count > count)
            .map(|node| &node.guard)
    }

    /// Their kinds.
    pub fn kinds(&self) -> Kinds {
        self.0.as_ref().map_or_else(Kinds::default, |node| node.kinds)
    }

    /// The dialect that the innermost of those that ask for one asks for.
    pub fn dialect(&self) -> Option<Dialect> {
        self.0.as_ref().and_then(|node| node.dialect)
    }

    /// The same number for the same conditions.
    pub fn key(&self) -> u64 {
        self.0.as_ref().map_or(0, |node| node.key)
    }

    /// Whether one of two operations runs only where the other does not: they stand in different arms of one condition.
    pub fn exclude(&self, other: &Self) -> bool {
        let shared = self.shared(other);
        // Arms of one condition part with what they ask of it.
        if let (Some(one), Some(two)) = (self.outer(shared + 1).innermost(), other.outer(shared + 1).innermost())
            && one.contradicts(two)
        {
            return true;
        }
        let (few, many) = if self.len() < other.len() { (self, other) } else { (other, self) };
        let mut asked: BTreeMap<Span, (&str, bool)> = BTreeMap::new();
        for guard in few.inside(shared) {
            let (text, several) = asked.entry(guard.span).or_insert((&guard.text, false));
            *several |= *text != guard.text;
        }
        !asked.is_empty()
            && many
                .inside(shared)
                .any(|guard| asked.get(&guard.span).is_some_and(|(text, several)| *several || *text != guard.text))
    }

    /// Whether what was made under these is there wherever an operation under `other` runs. What a branch for one server
    /// makes is what that server has; a condition that asks for the very object says nothing.
    pub fn reach(&self, other: &Self) -> bool {
        let shared = self.shared(other);
        let asks = |guard: &&Guard| matches!(guard.kind, GuardKind::Other | GuardKind::Present);
        if let (Some(own), Some(there)) = (self.outer(shared + 1).innermost(), other.outer(shared + 1).innermost())
            && asks(&own)
            && own.contradicts(there)
        {
            return false;
        }
        self.inside(shared).filter(asks).all(|guard| other.iter().any(|there| there == guard))
    }

    /// The first `count`, from outside.
    fn outer(&self, count: usize) -> &Self {
        let mut at = self;
        while let Some(node) = at.0.as_ref().filter(|node| node.count > count) {
            at = if node.jump.len() >= count { &node.jump } else { &node.around };
        }
        at
    }

    /// How many both have in common, from outside.
    fn shared(&self, other: &Self) -> usize {
        let count = self.len().min(other.len());
        let (mut one, mut two) = (self.outer(count), other.outer(count));
        while let (Some(a), Some(b)) = (&one.0, &two.0) {
            if Arc::ptr_eq(a, b) {
                break;
            }
            let apart = match (&a.jump.0, &b.jump.0) {
                (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
                _ => false,
            };
            (one, two) = if apart { (&a.jump, &b.jump) } else { (&a.around, &b.around) };
        }
        one.len()
    }
}

impl Guard {
    /// Whether the other asks the opposite of the same condition.
    fn contradicts(&self, other: &Self) -> bool {
        self.span == other.span && self.text != other.text
    }
}

impl Extend<Guard> for Guards {
    fn extend<I: IntoIterator<Item = Guard>>(&mut self, guards: I) {
        for guard in guards {
            self.push(guard);
        }
    }
}

impl FromIterator<Guard> for Guards {
    fn from_iter<I: IntoIterator<Item = Guard>>(guards: I) -> Self {
        let mut all = Self::default();
        all.extend(guards);
        all
    }
}

impl std::fmt::Debug for Guards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Drop for Guards {
    /// One after the other: a list can be longer than the stack is deep.
    fn drop(&mut self) {
        let Some(mut last) = self.0.take().and_then(Arc::into_inner) else { return };
        let mut open = Vec::new();
        loop {
            open.extend([last.around.0.take(), last.jump.0.take()].into_iter().flatten());
            last = loop {
                let Some(next) = open.pop() else { return };
                if let Some(node) = Arc::into_inner(next) {
                    break node;
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    fn guard(at: usize, text: &str) -> Guard {
        Guard { kind: GuardKind::Other, text: text.to_owned(), span: Span::new(FileId(0), at, at + 1) }
    }

    #[test]
    fn arms_of_one_condition_exclude_each_other() {
        let mut against = Guards::from_iter([guard(1, "around")]);
        let mut arms = Vec::new();
        for at in 2..3_000 {
            let mut arm = against.clone();
            arm.push(guard(at, "yes"));
            arms.push(arm);
            against.push(guard(at, "no"));
        }
        for (a, b) in [(0, 1), (7, 2_900), (2_997, 0), (1_024, 1_023)] {
            assert!(arms[a].exclude(&arms[b]) && !arms[a].reach(&arms[b]), "{a} and {b}");
        }
        assert!(!arms[5].exclude(&arms[5]) && arms[5].reach(&arms[5]));
        let mut inner = arms[5].clone();
        inner.push(guard(1, "around"));
        assert!(!inner.exclude(&arms[5]) && arms[5].reach(&inner) && inner.reach(&arms[5]));
        inner.push(guard(9_000, "more"));
        assert!(!inner.reach(&arms[5]) && inner.exclude(&arms[6]) && against.exclude(&inner));
        assert_eq!((against.len(), against.inside(2_990).count()), (2_999, 9));
    }

    #[test]
    fn a_very_long_list_is_dropped_and_told() {
        let mut all: Guards = (0..200_000).map(|at| guard(at, "no")).collect();
        assert_eq!((all.shared(&all.clone()), all.outer(77).len()), (200_000, 77));
        all.pop();
        let one = Guards::from_iter([Guard { kind: GuardKind::Dialect(Dialect::Sqlite), ..guard(1, "x") }]);
        assert!(one.kinds().has_dialect_but(Dialect::Postgres) && !one.kinds().has_dialect_but(Dialect::Sqlite));
        assert!(!one.kinds().has_others() && one.dialect() == Some(Dialect::Sqlite) && all.dialect().is_none());
    }
}

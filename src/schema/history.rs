//! Values that change from step to step, and are asked for as they were at any of them.

use std::marker::PhantomData;

/// The number of an operation in the order in which all are run. The state *at* a step is the one just before its
/// operation.
pub type Step = u32;

/// What something was from each step on. A change costs one version, whatever the rest of the catalogue holds; asking
/// costs a binary search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History<T> {
    versions: Vec<(Step, T)>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { versions: Vec::new() }
    }
}

impl<T> History<T> {
    /// Something that is `value` from `since` on.
    pub(super) fn new(since: Step, value: T) -> Self {
        Self { versions: vec![(since, value)] }
    }

    /// What it is at `step`; `None` before it was anything.
    pub fn at(&self, step: Step) -> Option<&T> {
        let after = self.versions.partition_point(|(since, _)| *since <= step);
        after.checked_sub(1).and_then(|last| self.versions.get(last)).map(|(_, value)| value)
    }

    /// The first step at which it is what it is at `step`.
    pub fn since(&self, step: Step) -> Option<Step> {
        let after = self.versions.partition_point(|(since, _)| *since <= step);
        after.checked_sub(1).and_then(|last| self.versions.get(last)).map(|(since, _)| *since)
    }

    /// The first step at which it was anything.
    pub fn first(&self) -> Option<Step> {
        self.versions.first().map(|(since, _)| *since)
    }

    /// What it is after everything that is known.
    pub fn last(&self) -> Option<&T> {
        self.versions.last().map(|(_, value)| value)
    }

    /// It is `value` from `since` on, which is no step before the last one.
    pub(super) fn set(&mut self, since: Step, value: T) {
        match self.versions.last_mut() {
            Some(last) if last.0 >= since => last.1 = value,
            _ => self.versions.push((since, value)),
        }
    }
}

/// A number that only its [`Arena`] hands out.
pub(super) trait Key: Copy {
    /// The key of the item at `index`.
    fn of(index: u32) -> Self;
    /// Where its item is.
    fn index(self) -> usize;
}

/// Declares a key.
macro_rules! key {
    ($($(#[doc = $doc:literal])* $name:ident)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u32);

        impl Key for $name {
            fn of(index: u32) -> Self {
                Self(index)
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

key! {
    /// A relation: table, view, index, sequence …
    RelationId
    /// A column.
    ColumnId
    /// A constraint.
    ConstraintId
    /// A type that somebody defined.
    TypeId
    /// A function or procedure.
    RoutineId
}

/// Items by number. Nothing is ever taken out.
#[derive(Clone, Debug)]
pub(super) struct Arena<K, T> {
    items: Vec<T>,
    key: PhantomData<K>,
}

impl<K, T> Default for Arena<K, T> {
    fn default() -> Self {
        Self { items: Vec::new(), key: PhantomData }
    }
}

impl<K: Key, T> Arena<K, T> {
    pub(super) fn push(&mut self, item: T) -> K {
        // More than four thousand million objects do not fit the memory before they do not fit the number.
        let key = K::of(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
        self.items.push(item);
        key
    }

    /// Every key, in the order in which the items came.
    pub(super) fn keys(&self) -> impl Iterator<Item = K> + use<K, T> {
        (0..u32::try_from(self.items.len()).unwrap_or(u32::MAX)).map(K::of)
    }
}

impl<K: Key, T> std::ops::Index<K> for Arena<K, T> {
    type Output = T;

    fn index(&self, key: K) -> &T {
        // A key is handed out by `push` alone, and no item is taken out.
        &self.items[key.index()]
    }
}

impl<K: Key, T> std::ops::IndexMut<K> for Arena<K, T> {
    fn index_mut(&mut self, key: K) -> &mut T {
        // As above.
        &mut self.items[key.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_asked_for_as_it_was() {
        let mut history = History::new(3, 'a');
        history.set(5, 'b');
        history.set(5, 'c');
        assert_eq!(
            (history.at(2), history.at(3), history.at(4), history.at(9)),
            (None, Some(&'a'), Some(&'a'), Some(&'c'))
        );
        assert_eq!((history.first(), history.since(8)), (Some(3), Some(5)));
    }
}

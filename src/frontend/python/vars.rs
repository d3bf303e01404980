//! Variables, with a way back to what they were.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::value::Value;

/// Variables by name. Each arm of a condition begins with what was there before it: while some are run, what each change
/// replaces is noted, so that an arm costs what it changes, and not what there is.
#[derive(Debug, Default)]
pub(super) struct Vars<'a> {
    held: BTreeMap<&'a str, Value<'a>>,
    /// What was there before each change, while changes are noted.
    journal: Vec<(&'a str, Option<Value<'a>>)>,
    /// How many ask for changes to be noted.
    noting: u32,
}

/// What changed since a mark: the variables, as they are now.
pub(super) type Changed<'a> = BTreeMap<&'a str, Value<'a>>;

/// A moment that [`Vars::back_to`] goes back to.
#[derive(Debug)]
pub(super) struct Mark(usize);

impl<'a> Deref for Vars<'a> {
    type Target = BTreeMap<&'a str, Value<'a>>;

    fn deref(&self) -> &Self::Target {
        &self.held
    }
}

impl<'a> Vars<'a> {
    pub(super) fn insert(&mut self, name: &'a str, value: Value<'a>) {
        let before = self.held.insert(name, value);
        if self.noting > 0 {
            self.journal.push((name, before));
        }
    }

    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = (&'a str, Value<'a>)>) {
        for (name, value) in values {
            self.insert(name, value);
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.journal.clear();
    }

    /// Notes changes from here on.
    pub(super) fn mark(&mut self) -> Mark {
        self.noting += 1;
        Mark(self.journal.len())
    }

    /// Notes no changes any more, as far as the mark asked for it.
    pub(super) fn unmark(&mut self, _: Mark) {
        self.noting = self.noting.saturating_sub(1);
        if self.noting == 0 {
            self.journal.clear();
        }
    }

    /// Takes back all changes since `mark`, and tells them.
    pub(super) fn back_to(&mut self, mark: &Mark) -> Changed<'a> {
        let mut changed = BTreeMap::new();
        while self.journal.len() > mark.0
            && let Some((name, before)) = self.journal.pop()
        {
            let now = match before {
                Some(value) => self.held.insert(name, value),
                None => self.held.remove(name),
            };
            // The last change of a name comes first here.
            if let Some(now) = now {
                changed.entry(name).or_insert(now);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_and_taken_back() {
        let mut vars = Vars::default();
        vars.insert("a", Value::Bool(true));
        let outer = vars.mark();
        vars.insert("a", Value::None);
        let inner = vars.mark();
        vars.insert("b", Value::None);
        vars.insert("a", Value::Bool(false));
        vars.insert("b", Value::Bool(true));
        let changed = vars.back_to(&inner);
        assert!(
            matches!(changed.get("a"), Some(Value::Bool(false))) && matches!(changed.get("b"), Some(Value::Bool(true)))
        );
        assert!(matches!(vars.get("a"), Some(Value::None)) && !vars.contains_key("b"));
        vars.unmark(inner);
        assert_eq!(vars.back_to(&outer).len(), 1);
        vars.unmark(outer);
        assert!(matches!(vars.get("a"), Some(Value::Bool(true))) && vars.journal.is_empty());
    }
}

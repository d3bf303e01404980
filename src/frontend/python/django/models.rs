//! The models of the state, with a way back to what they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::state::{Key, Model};

/// Models by app and name. A model is shared until it is changed, so that looking at one while others change costs
/// nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Models {
    held: BTreeMap<Key, Arc<Model>>,
    /// What was there before each change, while changes are noted.
    journal: Vec<(Key, Option<Arc<Model>>)>,
    /// How many ask for changes to be noted.
    noting: u32,
}

/// A moment that [`Models::back_to`] goes back to.
#[derive(Debug)]
pub(super) struct Mark(usize);

impl Models {
    pub(super) fn get(&self, key: &Key) -> Option<&Model> {
        self.held.get(key).map(AsRef::as_ref)
    }

    /// All of them, by app and name.
    pub(super) fn all(&self) -> impl Iterator<Item = &Model> {
        self.held.values().map(AsRef::as_ref)
    }

    pub(super) fn shared(&self, key: &Key) -> Option<Arc<Model>> {
        self.held.get(key).cloned()
    }

    pub(super) fn contains_key(&self, key: &Key) -> bool {
        self.held.contains_key(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut Model> {
        let model = self.held.get_mut(key)?;
        if self.noting > 0 {
            self.journal.push((key.clone(), Some(model.clone())));
        }
        Some(Arc::make_mut(model))
    }

    pub(super) fn insert(&mut self, key: Key, model: Arc<Model>) {
        let before = self.held.insert(key.clone(), model);
        if self.noting > 0 {
            self.journal.push((key, before));
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let before = self.held.remove(key);
        if self.noting > 0 {
            self.journal.push((key.clone(), before));
        }
    }

    /// Notes changes from here on.
    pub(super) fn mark(&mut self) -> Mark {
        self.noting += 1;
        Mark(self.journal.len())
    }

    /// Takes back all changes since `mark`.
    pub(super) fn back_to(&mut self, mark: &Mark) {
        while self.journal.len() > mark.0
            && let Some((key, before)) = self.journal.pop()
        {
            match before {
                Some(model) => self.held.insert(key, model),
                None => self.held.remove(&key),
            };
        }
        self.noting = self.noting.saturating_sub(1);
    }

    /// The models of an app.
    pub(super) fn of_app(&self, app: &str) -> Vec<(Key, Arc<Model>)> {
        let from = self.held.range((app.to_owned(), String::new())..);
        from.take_while(|(key, _)| key.0 == app).map(|(key, model)| (key.clone(), model.clone())).collect()
    }

    /// Gives an app these models instead of those that it has.
    pub(super) fn set_app(&mut self, app: &str, models: Vec<(Key, Arc<Model>)>) {
        for (key, _) in self.of_app(app) {
            self.remove(&key);
        }
        for (key, model) in models {
            self.insert(key, model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        ("shop".to_owned(), name.to_owned())
    }

    #[test]
    fn changes_are_taken_back_in_turn() {
        let mut models = Models::default();
        models.insert(key("order"), Arc::default());
        let outer = models.mark();
        models.get_mut(&key("order")).expect("it is there").name = "Order".to_owned();
        let inner = models.mark();
        models.remove(&key("order"));
        models.insert(key("line"), Arc::default());
        models.back_to(&inner);
        assert_eq!(models.get(&key("order")).expect("it is back").name, "Order");
        assert!(!models.contains_key(&key("line")));
        models.back_to(&outer);
        assert_eq!(models.get(&key("order")).expect("it is there").name, "");
        assert_eq!(models.of_app("shop").len(), 1);
    }
}

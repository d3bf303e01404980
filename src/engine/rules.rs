//! The rules of a run: built-in pages and a team's, with the configuration applied.

use crate::facts::{self, FACTS, Schema};
use crate::ir::OpKind;
use crate::rule::{FactLookup, FactNames};

impl FactNames for Schema {
    fn lookup(&self, name: &str, kinds: &[OpKind]) -> FactLookup {
        match facts::find(name) {
            Some((id, fact)) if kinds.iter().any(|kind| fact.applies_to(*kind)) => FactLookup::Found(id, fact.ty),
            Some((_, fact)) => FactLookup::WrongKind(Self::kinds(fact)),
            None => FactLookup::Missing,
        }
    }

    fn all(&self) -> Vec<String> {
        FACTS.iter().map(|fact| fact.name.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule;

    #[test]
    fn every_built_in_page_loads() {
        let (rules, errors) = rule::load_all(&[], &Schema);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n\n"));
        assert!(rules.len() > 30, "the pages are embedded");
    }
}

//! The closed table of facts that rules may mention.
//!
//! A rule sees facts and nothing else. Each has a name, a type, one sentence, and a getter; analysis that a rule
//! needs and no fact tells is added here as a fact that other rules can use, never inside a rule.

mod by_hand;
mod catalogue;
mod data;
mod effects;
mod enums;
mod files;
mod held;
mod limits;
mod mapped;
mod marks;
mod model;
mod settings;
mod sight;
mod size;
mod table;
mod transaction;
mod work;

pub use mapped::{Mapped, Models};
pub use model::{Model, Policy, View};
pub(crate) use size::{Size, Weight};
pub use table::{FACTS, Fact};

use crate::ir::OpKind;

/// Number of a fact: its place in [`FACTS`].
pub type FactId = u32;

/// The fact of that name.
pub fn find(name: &str) -> Option<(FactId, &'static Fact)> {
    // The table has under a hundred entries and names are looked up once per rule.
    let at = FACTS.iter().position(|fact| fact.name == name)?;
    Some((FactId::try_from(at).ok()?, FACTS.get(at)?))
}

impl Fact {
    /// Whether the fact says something about operations of `kind`.
    pub fn applies_to(&self, kind: OpKind) -> bool {
        self.families.is_empty() || self.families.contains(&kind.family()) || self.families.contains(&kind.as_str())
    }
}

/// The facts as the schema that rule pages are checked against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schema;

impl Schema {
    /// The kinds of operation that `fact` says something about.
    pub fn kinds(fact: &Fact) -> Vec<OpKind> {
        OpKind::ALL.iter().copied().filter(|kind| fact.applies_to(*kind)).collect()
    }
}

//! What a team can set of a rule, and the names that a rule's condition and sentences may use.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::expr::{self, Type, Value};
use crate::ir::OpKind;

/// Option numbers start here; fact numbers stay below.
const FIRST_OPTION: u32 = 1 << 31;

/// What is known of a fact for operations of some kinds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FactLookup {
    /// It exists, for one of the kinds at least: its number (below 2³¹) and type.
    Found(u32, Type),
    /// It exists, but for none of the kinds; those it exists for.
    WrongKind(Vec<OpKind>),
    /// There is no such fact.
    Missing,
}

/// The closed schema of facts.
pub trait FactNames {
    /// What `name` is for operations of `kinds`.
    fn lookup(&self, name: &str, kinds: &[OpKind]) -> FactLookup;

    /// Every fact's name, for "did you mean".
    fn all(&self) -> Vec<String>;
}

/// Something a team can set of a rule: `[rules.index-name] pattern = …`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleOption {
    /// Its value; that of the page until [`super::Rule::with_options`] gives another. Never unknown.
    pub default: Value,
    /// One sentence on what it sets.
    pub doc: String,
}

/// Facts of some kinds and options of a rule, as one set of names. An option `seed-rows` is `option.seed_rows`.
pub(super) struct RuleNames<'n> {
    facts: &'n dyn FactNames,
    kinds: &'n [OpKind],
    options: &'n BTreeMap<String, RuleOption>,
    /// Numbers of the options that were looked up. Compilation asks through `&self`, hence the cell.
    used: RefCell<BTreeSet<u32>>,
}

impl<'n> RuleNames<'n> {
    pub(super) fn new(
        facts: &'n dyn FactNames,
        kinds: &'n [OpKind],
        options: &'n BTreeMap<String, RuleOption>,
    ) -> Self {
        Self { facts, kinds, options, used: RefCell::default() }
    }

    /// The first option that nothing mentions.
    pub(super) fn unused(&self) -> Option<&'n str> {
        let used = self.used.borrow();
        numbered(self.options).find(|(id, _, _)| !used.contains(id)).map(|(_, name, _)| name)
    }
}

/// Options with their numbers: by name, so that they are the same whenever the names are.
pub(super) fn numbered(options: &BTreeMap<String, RuleOption>) -> impl Iterator<Item = (u32, &str, &RuleOption)> {
    (FIRST_OPTION..).zip(options).map(|(id, (name, option))| (id, name.as_str(), option))
}

impl expr::Names for RuleNames<'_> {
    fn lookup(&self, name: &str) -> expr::Lookup {
        if let Some(option) = name.strip_prefix("option.") {
            let found = numbered(self.options).find(|(_, name, _)| name.replace('-', "_") == option);
            return found.map_or(expr::Lookup::Missing, |(id, _, option)| {
                self.used.borrow_mut().insert(id);
                expr::Lookup::Constant(id, option.default.clone())
            });
        }
        match self.facts.lookup(name, self.kinds) {
            FactLookup::Found(id, kind) => expr::Lookup::Fact(id, kind),
            FactLookup::WrongKind(kinds) => expr::Lookup::Elsewhere(elsewhere(&kinds)),
            FactLookup::Missing => expr::Lookup::Missing,
        }
    }

    fn all(&self) -> Vec<String> {
        let mut names = self.facts.all();
        names.extend(self.options.keys().map(|name| format!("option.{}", name.replace('-', "_"))));
        names
    }
}

/// "is a fact of `index.create` and `index.drop`, and this rule is on none of them".
fn elsewhere(kinds: &[OpKind]) -> String {
    let mut shown: Vec<String> = kinds.iter().take(4).map(|kind| format!("`{}`", kind.as_str())).collect();
    if kinds.len() > shown.len() {
        shown.push("others".to_owned());
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("is a fact of {} and {last}, and this rule is on none of them", rest.join(", "))
        }
        Some((only, _)) => format!("is a fact of {only}, and this rule is not on it"),
        None => "is a fact of no operation that this rule is on".to_owned(),
    }
}

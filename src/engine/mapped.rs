//! Models beside migrations: read only where a migration takes away what they may map.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::RuleSet;
use crate::facts::{self, FACTS, Mapped, Model, Models};
use crate::frontend::{Reader, may_map};
use crate::rule::Rule;
use crate::source::{SourceFile, Sources, Tree};

/// The models that `rules` ask for: those of the base of the comparison, and, where the whole project is judged, those
/// of the working tree.
pub(super) fn read(model: &Model, files: &[Arc<SourceFile>], sources: &Sources, rules: &[Arc<Rule>]) -> Mapped {
    let mut mapped = Mapped::default();
    if !rules.iter().any(|rule| asks(rule)) {
        return mapped;
    }
    let going = model.takes_away();
    if let Some(base) = sources.base() {
        mapped.past = going.iter().copied().filter(|at| has_run(model, files, base, *at)).collect();
        let new: Vec<_> = going.iter().copied().filter(|at| !mapped.past.contains(at)).collect();
        mapped.base = models(model, base, &new);
    }
    if sources.whole() {
        let new = model.newest(&going).into_iter().filter(|at| !mapped.past.contains(at));
        let new: Vec<_> = new.collect();
        mapped.tree = models(model, &sources.tree(), &new);
        mapped.newest = new.into_iter().collect();
    }
    mapped
}

/// The rules that models have told something: what they would have said without is not known.
pub(super) fn evident<'r>(model: &Model, rules: &'r RuleSet) -> BTreeSet<&'r str> {
    let Mapped { base, past, tree, .. } = &model.mapped;
    let told = base.is_some() || tree.is_some() || !past.is_empty();
    rules.all.iter().filter(|rule| told && asks(rule)).map(|rule| rule.name.as_str()).collect()
}

/// Whether a rule mentions what models map.
fn asks(rule: &Rule) -> bool {
    let names = ["op.mapping", "op.mapper"];
    let mentioned = rule.when.iter().flat_map(|when| when.facts().iter().copied()).chain(rule.message.facts());
    mentioned.filter_map(|id| FACTS.get(id as usize)).any(|fact: &facts::Fact| names.contains(&fact.name))
}

/// Whether the base has the statement too.
fn has_run(model: &Model, files: &[Arc<SourceFile>], base: &Tree, at: (usize, usize)) -> bool {
    let Some(view) = model.view(at.0, at.1) else { return false };
    let span = view.op.statement.span;
    let Some(file) = files.get(span.file.0 as usize) else { return false };
    let statement = span.slice(&file.text);
    base.text(&file.path)
        .is_some_and(|then| then.text == file.text || (!statement.is_empty() && then.text.contains(statement)))
}

/// The models of `tree` of the tables that `operations` act on; `None` where there are no operations.
fn models(model: &Model, tree: &Tree, operations: &[(usize, usize)]) -> Option<Models> {
    let views = operations.iter().filter_map(|at| model.view(at.0, at.1));
    let wanted: BTreeSet<String> = views.filter_map(|view| Some(view.table()?.name.to_lowercase())).collect();
    if wanted.is_empty() {
        return None;
    }
    let (files, any) = tree.models(&|text| may_map(text, &wanted));
    let reader = Reader::default();
    let mut found = Models { revision: tree.revision().map(str::to_owned), any, ..Models::default() };
    for file in files {
        match reader.mapped(&file, tree) {
            Some(tables) => found.tables.extend(tables),
            None => found.damaged = true,
        }
    }
    found.tables.sort();
    Some(found)
}

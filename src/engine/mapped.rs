//! Models beside migrations: read only where a migration takes away what they may map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::RuleSet;
use crate::facts::{self, FACTS, Mapped, Model, Models};
use crate::frontend::{Reader, Wanted};
use crate::rule::Rule;
use crate::source::{self, SourceFile, Sources, Tree};
use crate::span::FileId;

/// Bytes of a file of the base that are looked through for statements which are not there, before the rest counts as
/// new: a thousand statements on a file as long as any that people write.
const MAX_SPENT: usize = 256 << 20;

/// The models that `rules` ask for: those of the base of the comparison, and, where the whole project is judged, those
/// of the working tree.
pub(super) fn read(model: &Model, files: &[Arc<SourceFile>], sources: &Sources, rules: &[Arc<Rule>]) -> Mapped {
    let mut mapped = Mapped::default();
    if !rules.iter().any(|rule| asks(rule)) {
        return mapped;
    }
    let going = model.takes_away();
    if let Some(base) = sources.base() {
        mapped.past = past(model, files, base, &going);
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

/// A file as the base has it.
struct Then {
    file: Arc<SourceFile>,
    /// Nothing was changed in it since.
    same: bool,
    /// Where the statement ends that was found last.
    at: usize,
    /// Bytes that were looked through for nothing.
    spent: usize,
}

impl Then {
    fn of(base: &Tree, now: &SourceFile) -> Option<Self> {
        base.before(now).map(|file| Self { same: file.text == now.text, file, at: 0, spent: 0 })
    }

    /// Statements are asked for in their order, which most changes of a file leave: what stands behind the one before is
    /// looked at first, so that the whole is gone through once.
    fn has(&mut self, statement: &str) -> bool {
        if statement.is_empty() || self.spent > MAX_SPENT {
            return false;
        }
        let text = &self.file.text;
        let behind = text.get(self.at..).and_then(|rest| rest.find(statement)).map(|found| self.at + found);
        let Some(found) = behind.or_else(|| text.find(statement)) else {
            self.spent = self.spent.saturating_add(text.len());
            return false;
        };
        self.at = found + statement.len();
        true
    }
}

/// Those of `operations` whose statements the base has too.
fn past(
    model: &Model,
    files: &[Arc<SourceFile>],
    base: &Tree,
    operations: &[(usize, usize)],
) -> BTreeSet<(usize, usize)> {
    let mut before: BTreeMap<FileId, Option<Then>> = BTreeMap::new();
    let mut has_run = |at: &(usize, usize)| {
        let span = model.view(at.0, at.1)?.op.statement.span;
        let file = files.get(span.file.0 as usize)?;
        let then = before.entry(file.id).or_insert_with(|| Then::of(base, file)).as_mut()?;
        Some(then.same || then.has(span.slice(&file.text)))
    };
    operations.iter().copied().filter(|at| has_run(at) == Some(true)).collect()
}

/// The models of `tree` of the tables that `operations` act on; `None` where there are no operations.
fn models(model: &Model, tree: &Tree, operations: &[(usize, usize)]) -> Option<Models> {
    let views = operations.iter().filter_map(|at| model.view(at.0, at.1));
    let wanted: BTreeSet<String> = views.filter_map(|view| Some(view.table()?.name.to_lowercase())).collect();
    if wanted.is_empty() {
        return None;
    }
    let wanted = Wanted::new(&wanted);
    let source::Models { files, any, skipped } = tree.models(&|text| wanted.in_text(text));
    let reader = Reader::default();
    let revision = tree.revision().map(str::to_owned);
    let mut found = Models { revision, any, damaged: skipped, ..Models::default() };
    for file in files {
        let (tables, whole) = reader.mapped(&file, tree);
        found.tables.extend(tables);
        found.damaged |= !whole;
    }
    found.tables.sort();
    Some(found)
}

//! The order in which Django runs migrations: dependencies across apps, `run_before`, `replaces`.

use std::collections::{BTreeMap, BTreeSet};

use super::value::DjangoMigration;

type Node = (String, String);

/// The migrations by number in an order that Django can run them in: each after all it depends on, by app and name
/// where nothing else decides. Squashed migrations come instead of those that they replace. What is in a cycle comes
/// last, by name.
pub(super) fn order(migrations: &[DjangoMigration]) -> Vec<usize> {
    let mut numbers: BTreeMap<Node, usize> = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate() {
        numbers.entry((migration.app.clone(), migration.name.clone())).or_insert(at);
    }
    let replaced = replaced(migrations, &numbers);
    let resolve = |node: &Node| -> Vec<usize> {
        let found = numbers.get(node).copied();
        found.map(|at| replaced.get(&at).copied().unwrap_or(at)).into_iter().collect()
    };
    let mut firsts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut children: BTreeSet<usize> = BTreeSet::new();
    for (at, migration) in migrations.iter().enumerate() {
        let own = migration.dependencies.iter().filter(|(app, name)| *app == migration.app && !name.starts_with("__"));
        let own: Vec<usize> = own.flat_map(&resolve).collect();
        if own.is_empty() && !replaced.contains_key(&at) {
            firsts.entry(&migration.app).or_default().push(at);
        }
        children.extend(own);
    }
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); migrations.len()];
    let mut depend = |child: usize, parent: usize| {
        if child != parent
            && let Some(parents) = after.get_mut(child)
        {
            parents.insert(parent);
        }
    };
    for (at, migration) in migrations.iter().enumerate() {
        let at = replaced.get(&at).copied().unwrap_or(at);
        for node in &migration.dependencies {
            let parents = match node.1.as_str() {
                "__first__" => firsts.get(node.0.as_str()).cloned().unwrap_or_default(),
                "__latest__" => {
                    let of_app =
                        numbers.range((node.0.clone(), String::new())..).take_while(|(key, _)| key.0 == node.0);
                    of_app.map(|(_, at)| *at).filter(|at| !children.contains(at)).collect()
                }
                _ => resolve(node),
            };
            parents.into_iter().for_each(|parent| depend(at, parent));
        }
        for node in &migration.run_before {
            resolve(node).into_iter().for_each(|child| depend(child, at));
        }
    }
    let gone: BTreeSet<usize> = replaced.keys().copied().collect();
    let name = |at: usize| migrations.get(at).map(|migration| (migration.app.clone(), migration.name.clone(), at));
    sorted(&after, &gone, name)
}

/// Which migration comes instead of which. One that replaces only what is no longer there, or not all there, still
/// counts: the project at hand is taken to be the whole one.
fn replaced(migrations: &[DjangoMigration], numbers: &BTreeMap<Node, usize>) -> BTreeMap<usize, usize> {
    let mut replaced = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate() {
        for node in &migration.replaces {
            if let Some(old) = numbers.get(node).filter(|old| **old != at) {
                replaced.insert(*old, at);
            }
        }
    }
    // One that replaces may be replaced itself.
    let direct = replaced.clone();
    for by in replaced.values_mut() {
        for _ in 0..16 {
            match direct.get(by) {
                Some(next) if next != by => *by = *next,
                _ => break,
            }
        }
    }
    replaced
}

/// Kahn's algorithm with the smallest name first.
fn sorted<K: Ord + Clone>(
    after: &[BTreeSet<usize>],
    gone: &BTreeSet<usize>,
    name: impl Fn(usize) -> Option<K>,
) -> Vec<usize> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    let mut open: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    for (child, parents) in after.iter().enumerate() {
        for parent in parents {
            if let Some(children) = before.get_mut(*parent) {
                children.push(child);
            }
        }
    }
    let ready = |at: &usize| open.get(*at) == Some(&0) && !gone.contains(at);
    let mut queue: BTreeMap<K, usize> = (0..after.len()).filter(ready).filter_map(|at| Some((name(at)?, at))).collect();
    let mut done = Vec::new();
    while let Some((_, at)) = queue.pop_first() {
        done.push(at);
        for child in before.get(at).into_iter().flatten() {
            let Some(left) = open.get_mut(*child) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0
                && !gone.contains(child)
                && let Some(name) = name(*child)
            {
                queue.insert(name, *child);
            }
        }
    }
    let seen: BTreeSet<usize> = done.iter().copied().collect();
    let mut rest: Vec<usize> = (0..after.len()).filter(|at| !seen.contains(at) && !gone.contains(at)).collect();
    rest.sort_by_key(|at| name(*at));
    done.extend(rest);
    done
}

//! The order in which Django runs migrations: dependencies across apps, `run_before`, `replaces`.

use std::collections::{BTreeMap, BTreeSet};

use super::value::DjangoMigration;

type Node = (String, String);

/// A migration in the order of its graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stop {
    /// Its number.
    pub(super) at: usize,
    /// It is a squashed migration, and all that it replaces are there: they are run, it is read beside them.
    pub(super) beside: bool,
}

/// The migrations in an order that Django can run them in: each after all it depends on, by app and name where nothing
/// else decides.
///
/// Of a squashed migration and those that it replaces, a database has run either. Where those that it replaces are all
/// there, they are the line, since databases in use have run them; it comes after the last of them. Where some are gone
/// already, it comes instead of the rest. `users` is the app of the model of users.
pub(super) fn order(migrations: &[DjangoMigration], users: Option<&str>) -> Vec<Stop> {
    let mut numbers: BTreeMap<Node, usize> = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate() {
        numbers.entry((migration.app.clone(), migration.name.clone())).or_insert(at);
    }
    let beside = beside(migrations, &numbers);
    let replaced = replaced(migrations, &numbers, &beside);
    // What is gone is still named by others: the one that replaces it stands for it.
    let mut stands: BTreeMap<&Node, usize> = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate() {
        for node in &migration.replaces {
            stands.entry(node).or_insert(at);
        }
    }
    let resolve = |node: &Node| -> Option<usize> {
        let found = numbers.get(node).or_else(|| stands.get(node)).copied()?;
        Some(replaced.get(&found).copied().unwrap_or(found))
    };
    let mut firsts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut children: BTreeSet<usize> = BTreeSet::new();
    for (at, migration) in migrations.iter().enumerate() {
        let own = migration.dependencies.iter().filter(|(app, name)| *app == migration.app && !name.starts_with("__"));
        let own: Vec<usize> = own.filter_map(&resolve).collect();
        if own.is_empty() && !replaced.contains_key(&at) && !beside.contains(&at) {
            firsts.entry(&migration.app).or_default().push(at);
        }
        children.extend(own);
    }
    let mut lasts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for ((app, _), at) in numbers.iter().filter(|(_, at)| !children.contains(at) && !beside.contains(at)) {
        lasts.entry(app).or_default().push(*at);
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
        for node in migration.replaces.iter().filter(|_| beside.contains(&at)) {
            if let Some(parent) = resolve(node) {
                depend(at, parent);
            }
        }
        let at = replaced.get(&at).copied().unwrap_or(at);
        for node in &migration.dependencies {
            let app = if node.0 == super::USERS { users.unwrap_or_default() } else { node.0.as_str() };
            let parents = match node.1.as_str() {
                "__first__" => firsts.get(app).cloned().unwrap_or_default(),
                "__latest__" => lasts.get(app).cloned().unwrap_or_default(),
                _ => resolve(node).into_iter().collect(),
            };
            for parent in parents {
                depend(at, parent);
            }
        }
        for child in migration.run_before.iter().filter_map(&resolve) {
            depend(child, at);
        }
    }
    let gone: BTreeSet<usize> = replaced.keys().copied().collect();
    let name = |at: usize| migrations.get(at).map(|migration| (migration.app.clone(), migration.name.clone(), at));
    let sorted = sorted(&after, &gone, name).into_iter();
    sorted.map(|at| Stop { at, beside: beside.contains(&at) }).collect()
}

/// The squashed migrations whose predecessors are all there.
fn beside(migrations: &[DjangoMigration], numbers: &BTreeMap<Node, usize>) -> BTreeSet<usize> {
    let whole = |(at, migration): &(usize, &DjangoMigration)| {
        let there = |node| numbers.get(node).is_some_and(|old| old != at);
        !migration.replaces.is_empty() && migration.replaces.iter().all(there)
    };
    migrations.iter().enumerate().filter(whole).map(|(at, _)| at).collect()
}

/// Which migration comes instead of which.
fn replaced(
    migrations: &[DjangoMigration],
    numbers: &BTreeMap<Node, usize>,
    beside: &BTreeSet<usize>,
) -> BTreeMap<usize, usize> {
    let mut replaced = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate().filter(|(at, _)| !beside.contains(at)) {
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

/// The plan of Django: from each migration that nothing depends on, by name, all that it depends on, the parent with
/// the greatest name first. What is in a cycle comes as it is met.
fn sorted<K: Ord + Clone>(
    after: &[BTreeSet<usize>],
    gone: &BTreeSet<usize>,
    name: impl Fn(usize) -> Option<K>,
) -> Vec<usize> {
    let parents: BTreeSet<usize> = after.iter().flatten().copied().collect();
    let mut starts: Vec<usize> = (0..after.len()).filter(|at| !gone.contains(at)).collect();
    // Leaves first; whatever is left after them is in a cycle.
    starts.sort_by_key(|at| (parents.contains(at), name(*at)));
    let (mut entered, mut done) = (BTreeSet::new(), Vec::new());
    for start in starts {
        let mut stack = vec![(start, false)];
        while let Some((at, processed)) = stack.pop() {
            if processed {
                done.push(at);
            } else if !gone.contains(&at) && entered.insert(at) {
                stack.push((at, true));
                let mut next: Vec<usize> = after.get(at).into_iter().flatten().copied().collect();
                next.sort_by_key(|at| name(*at));
                stack.extend(next.into_iter().map(|at| (at, false)));
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(app: &str, name: &str, dependencies: &[(&str, &str)]) -> DjangoMigration {
        let dependencies = dependencies.iter().map(|(app, name)| ((*app).to_owned(), (*name).to_owned())).collect();
        DjangoMigration { app: app.to_owned(), name: name.to_owned(), dependencies, ..DjangoMigration::default() }
    }

    fn names(migrations: &[DjangoMigration]) -> Vec<String> {
        let shown = |stop: Stop| {
            let migration = &migrations[stop.at];
            format!("{}.{}{}", migration.app, migration.name, if stop.beside { " beside" } else { "" })
        };
        order(migrations, None).into_iter().map(shown).collect()
    }

    #[test]
    fn of_two_branches_the_greater_name_comes_first() {
        let all = [
            migration("a", "1", &[]),
            migration("a", "2_left", &[("a", "1")]),
            migration("a", "2_right", &[("a", "1")]),
            migration("a", "3_merge", &[("a", "2_left"), ("a", "2_right")]),
        ];
        assert_eq!(names(&all), ["a.1", "a.2_right", "a.2_left", "a.3_merge"]);
    }

    #[test]
    fn run_before_turns_a_dependency_round() {
        let mut all = [migration("a", "1", &[]), migration("b", "1", &[])];
        all[1].run_before = vec![("a".to_owned(), "1".to_owned())];
        assert_eq!(names(&all), ["b.1", "a.1"]);
    }

    #[test]
    fn a_squashed_migration_stands_beside_those_it_replaces_or_comes_instead_of_what_is_left_of_them() {
        let mut all = [
            migration("a", "1", &[]),
            migration("a", "2", &[("a", "1")]),
            migration("a", "1_squashed", &[]),
            migration("a", "3", &[("a", "2")]),
        ];
        all[2].replaces = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        let line = ["a.1", "a.2", "a.1_squashed beside", "a.3"];
        assert_eq!(names(&all), line);
        all[3].dependencies = vec![("a".to_owned(), "1_squashed".to_owned())];
        assert_eq!(names(&all), line);
        all[2].replaces.push(("a".to_owned(), "gone".to_owned()));
        assert_eq!(names(&all), ["a.1_squashed", "a.3"]);
    }

    #[test]
    fn a_dependency_on_what_is_gone_is_one_on_what_replaces_it() {
        let mut all = [migration("a", "1", &[("b", "1")]), migration("b", "1_squashed", &[])];
        all[1].replaces = vec![("b".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        assert_eq!(names(&all), ["b.1_squashed", "a.1"]);
    }

    #[test]
    fn a_cycle_loses_no_migration() {
        let all = [migration("a", "1", &[("a", "2")]), migration("a", "2", &[("a", "1")]), migration("b", "1", &[])];
        let mut names = names(&all);
        names.sort();
        assert_eq!(names, ["a.1", "a.2", "b.1"]);
    }

    #[test]
    fn thousands_are_ordered_in_one_pass() {
        let name = |n: usize| format!("{n:05}");
        let all: Vec<_> = (0..5_000)
            .map(|n| {
                migration(
                    "a",
                    &name(n),
                    if n == 0 { vec![] } else { vec![("a", name(n - 1))] }
                        .iter()
                        .map(|(a, b)| (*a, b.as_str()))
                        .collect::<Vec<_>>()
                        .as_slice(),
                )
            })
            .collect();
        assert_eq!(
            order(&all, None).into_iter().map(|stop| stop.at).collect::<Vec<_>>(),
            (0..5_000).collect::<Vec<_>>()
        );
    }
}

//! The graph that revisions make: in which order they are applied, and what is wrong with it.
//!
//! Source: Alembic's `script.revision.RevisionMap` (heads, branches, partial identifiers); Django's
//! `db.migrations.loader.MigrationLoader` and `graph.MigrationGraph` (replaced migrations, leaf nodes of an app); yoyo's
//! `migrations.py` (`Migration.load`, `topological_sort`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Severity;
use crate::ir::{Back, Known, Revision, RevisionId};
use crate::source::{Problem, Runner, SourceFile};
use crate::span::{FileId, Span};

/// Fewest letters of an identifier that may stand for the whole of it.
const PARTIAL: usize = 4;

/// Revisions tied by what they name.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    revisions: Vec<Revision>,
    /// For each revision, what must be applied before it.
    before: Vec<BTreeSet<usize>>,
    /// For each revision, its parents alone.
    parents: Vec<BTreeSet<usize>>,
    /// References to what is not there: the revision, and the name with its place.
    missing: Vec<(usize, RevisionId, Span)>,
    /// The number of the first revision of its graph, for each.
    part: Vec<usize>,
    by_id: BTreeMap<RevisionId, Vec<usize>>,
    /// By a revision that another stands for: that other one.
    stands: BTreeMap<usize, usize>,
    /// Revisions of an application.
    apps: BTreeMap<String, Vec<usize>>,
    /// Files in the order in which their runner applies them, where that is known better than from the graph.
    settled: Vec<FileId>,
}

impl Graph {
    /// Files of revisions that stand for others: their runner applies one only where none of those was applied, so to a
    /// database that holds nothing of it yet. Source: Django's `MigrationLoader.build_graph`.
    pub fn replacing(&self) -> BTreeSet<FileId> {
        let replacing = self.revisions.iter().filter(|revision| !revision.replaces.is_empty());
        replacing.map(|revision| revision.span.file).collect()
    }

    /// Files of revisions that say they begin an app, and the app. Where one needs several (its models refer to another
    /// app's, and the other way round), all of them run when it is installed. Source: Django's `Migration.initial`.
    pub fn initial(&self) -> BTreeMap<FileId, &str> {
        let initial = self.revisions.iter().filter(|revision| revision.initial);
        initial.filter_map(|revision| Some((revision.span.file, revision.id.app.as_deref()?))).collect()
    }

    /// Ties revisions together; `files` are all that were read, by number.
    pub fn new(mut revisions: Vec<Revision>, files: &[Arc<SourceFile>]) -> Self {
        let path = |revision: &Revision| files.get(revision.span.file.0 as usize).map_or("", |file| file.path.as_str());
        let split = |revision: &Revision| path(revision).rsplit_once('/').unwrap_or(("", path(revision)));
        revisions.sort_by(|a, b| (split(a), a.span.start).cmp(&(split(b), b.span.start)));
        let folders: Vec<&str> =
            revisions.iter().map(|revision| path(revision).rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
        let mut by_id: BTreeMap<RevisionId, Vec<usize>> = BTreeMap::new();
        let mut labels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut replacing: BTreeMap<RevisionId, Vec<usize>> = BTreeMap::new();
        let mut firsts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut apps: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, revision) in revisions.iter().enumerate() {
            by_id.entry(revision.id.clone()).or_default().push(at);
            for label in &revision.labels {
                labels.entry(label).or_default().push(at);
            }
            for id in &revision.replaces {
                replacing.entry(id.clone()).or_default().push(at);
            }
            if let Some(app) = &revision.id.app {
                apps.entry(app.clone()).or_default().push(at);
                let own = |parent: &Known<RevisionId>| parent.known().is_some_and(|id| id.app.as_ref() == Some(app));
                let firsts: &mut Vec<usize> = firsts.entry(app).or_default();
                firsts.extend(Some(at).filter(|_| !revision.parents.iter().any(own)));
            }
        }
        let find = |from: usize, id: &RevisionId| -> Option<usize> {
            let near = |found: &Vec<usize>| nearest(&folders, from, found);
            // The whole name of a file, or none.
            if revisions.get(from).is_some_and(|revision| revision.runner == Runner::Yoyo) {
                return by_id.get(id).and_then(near);
            }
            if let Some(app) = &id.app {
                if id.name == "__first__" {
                    return firsts.get(app.as_str()).and_then(near);
                }
                return by_id.get(id).or_else(|| replacing.get(id)).and_then(near);
            }
            // `branch@revision`
            let name = id.name.rsplit('@').next().unwrap_or_default();
            if let Some(found) = by_id.get(id).or_else(|| labels.get(name)) {
                return near(found);
            }
            if name.len() < PARTIAL {
                return None;
            }
            let start = RevisionId::bare(name);
            let mut found = by_id.range(start..).take_while(|(other, _)| other.name.starts_with(name));
            let first = found.next()?;
            found.next().is_none().then(|| near(first.1)).flatten()
        };
        let count = revisions.len();
        let (mut before, mut parents, mut missing) =
            (vec![BTreeSet::new(); count], vec![BTreeSet::new(); count], Vec::new());
        for (at, revision) in revisions.iter().enumerate() {
            let asked = revision.parents.iter().map(|id| (id, true));
            for (id, parent) in asked.chain(revision.depends_on.iter().map(|id| (id, false))) {
                let Known::Known(id, span) = id else { continue };
                match find(at, id) {
                    Some(found) => {
                        before.get_mut(at).map(|all| all.insert(found));
                        let app = revisions.get(found).map(|found| &found.id.app);
                        if parent && app == Some(&revision.id.app) {
                            parents.get_mut(at).map(|all| all.insert(found));
                        }
                    }
                    None => missing.push((at, id.clone(), *span)),
                }
            }
            for later in revision.run_before.iter().filter_map(Known::known) {
                if let Some(later) = find(at, later).filter(|later| *later != at) {
                    before.get_mut(later).map(|all| all.insert(at));
                }
            }
        }
        // What a squashed migration replaces, near it.
        let mut stands = BTreeMap::new();
        for (at, revision) in revisions.iter().enumerate() {
            let old =
                revision.replaces.iter().filter_map(|id| by_id.get(id).and_then(|all| nearest(&folders, at, all)));
            stands.extend(old.filter(|old| *old != at).map(|old| (old, at)));
        }
        // Applications that are not here bring migrations of their own.
        missing.retain(|(_, id, _)| {
            let here = |app: &String| apps.contains_key(app) && !id.name.starts_with("__");
            id.app.as_ref().is_none_or(here)
        });
        let part = parts(&folders, &before);
        Self { revisions, before, parents, missing, part, by_id, stands, apps, settled: Vec::new() }
    }

    /// Says in which order a runner applies some of the files.
    #[must_use]
    pub fn settled(self, settled: Vec<FileId>) -> Self {
        Self { settled, ..self }
    }

    /// The line of the revisions whose graph lies in several folders (`version_locations`): they make one schema
    /// together. Named after the first of those folders.
    pub fn lines(&self, files: &[Arc<SourceFile>]) -> BTreeMap<FileId, Arc<str>> {
        let path = |file: FileId| files.get(file.0 as usize).map_or("", |file| file.path.as_str());
        let folder = |file: FileId| path(file).rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut folders: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (at, revision) in self.revisions.iter().enumerate().filter(|(_, revision)| revision.id.app.is_none()) {
            folders.entry(self.part_of(at)).or_default().insert(folder(revision.span.file));
        }
        let names: BTreeMap<usize, Arc<str>> = folders
            .into_iter()
            .filter(|(_, all)| all.len() > 1)
            .filter_map(|(part, all)| Some((part, Arc::from(*all.first()?))))
            .collect();
        let line = |(at, revision): (usize, &Revision)| {
            Some((revision.span.file, names.get(&self.part_of(at)).filter(|_| revision.id.app.is_none())?.clone()))
        };
        self.revisions.iter().enumerate().filter_map(line).collect()
    }

    /// Branches of one graph that nothing ties together, of graphs that have several: the files of each, in order.
    pub(super) fn untied(&self) -> Vec<Vec<Vec<FileId>>> {
        // No folder ties them here.
        let apart: Vec<String> = (0..self.revisions.len()).map(|at| at.to_string()).collect();
        let branch = parts(&apart.iter().map(String::as_str).collect::<Vec<_>>(), &self.before);
        let order = self.order();
        let mut graphs: BTreeMap<usize, BTreeMap<usize, BTreeSet<(usize, FileId)>>> = BTreeMap::new();
        for (at, revision) in self.revisions.iter().enumerate().filter(|(_, revision)| revision.id.app.is_none()) {
            let file = revision.span.file;
            let number = order.get(&file).copied().unwrap_or(usize::MAX);
            let branches = graphs.entry(self.part_of(at)).or_default();
            branches.entry(branch.get(at).copied().unwrap_or(at)).or_default().insert((number, file));
        }
        let several = graphs.into_values().filter(|branches| branches.len() > 1);
        let files = |all: BTreeSet<(usize, FileId)>| all.into_iter().map(|(_, file)| file).collect();
        several.map(|branches| branches.into_values().map(files).collect()).collect()
    }

    /// Whether there is any revision.
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    /// The files in the order in which their revisions can be applied, each with its number: what is named comes before
    /// what names it, else by path. What stands in a circle comes last.
    pub fn order(&self) -> BTreeMap<FileId, usize> {
        let mut open: Vec<usize> = self.before.iter().map(BTreeSet::len).collect();
        let after = after(&self.before);
        let mut ready: BTreeSet<(usize, usize)> =
            (0..open.len()).filter(|at| open.get(*at) == Some(&0)).map(|at| (self.part_of(at), at)).collect();
        let mut order = BTreeMap::new();
        for file in &self.settled {
            let next = order.len();
            order.entry(*file).or_insert(next);
        }
        while let Some((_, at)) = ready.pop_first() {
            if let Some(revision) = self.revisions.get(at) {
                let next = order.len();
                order.entry(revision.span.file).or_insert(next);
            }
            for later in after.get(at).into_iter().flatten() {
                if let Some(left) = open.get_mut(*later) {
                    *left -= 1;
                    if *left == 0 {
                        ready.insert((self.part_of(*later), *later));
                    }
                }
            }
        }
        for revision in &self.revisions {
            let next = order.len();
            order.entry(revision.span.file).or_insert(next);
        }
        order
    }

    fn part_of(&self, at: usize) -> usize {
        self.part.get(at).copied().unwrap_or(at)
    }

    /// The files of revisions that are `new` and that one which is not follows, each with such a one. Those that stand for
    /// others are left out: a database that has those has them too.
    pub fn followed(
        &self,
        is_new: &dyn Fn(FileId) -> bool,
        is_old: &dyn Fn(FileId) -> bool,
    ) -> BTreeMap<FileId, FileId> {
        let mut found = BTreeMap::new();
        let mut by = vec![None; self.revisions.len()];
        for (start, revision) in self.revisions.iter().enumerate() {
            let old = revision.span.file;
            let mut open = if is_old(old) { vec![start] } else { Vec::new() };
            while let Some(at) = open.pop() {
                let Some(slot) = by.get_mut(at).filter(|slot| slot.is_none()) else { continue };
                *slot = Some(old);
                open.extend(self.before.get(at).into_iter().flatten());
            }
        }
        for (revision, by) in self.revisions.iter().zip(by) {
            let counts = is_new(revision.span.file) && revision.replaces.is_empty();
            found.extend(by.filter(|_| counts).map(|by| (revision.span.file, by)));
        }
        found
    }

    /// What is wrong with the graph. `whole`: every migration of that file's folder was read.
    pub fn problems(&self, whole: &dyn Fn(FileId) -> bool) -> Vec<Problem> {
        let mut problems = self.cycles();
        problems.extend(self.twins());
        problems.extend(self.ways_back());
        let known = |at: usize| self.revisions.get(at).is_some_and(|revision| whole(revision.span.file));
        // Of an application it is enough that one of its folders was not read in full.
        let partly = |(_, all): &(&String, &Vec<usize>)| !all.iter().all(|at| known(*at));
        let partly: BTreeSet<&String> = self.apps.iter().filter(partly).map(|(app, _)| app).collect();
        let read = |id: &RevisionId| id.app.as_ref().is_none_or(|app| !partly.contains(app));
        for (at, id, span) in self.missing.iter().filter(|(at, id, _)| known(*at) && read(id)) {
            let own = self.shown(*at);
            problems.push(Problem {
                rule: "missing-parent",
                span: *span,
                severity: Severity::Error,
                message: format!("`{own}` follows `{id}`, which no migration is"),
                help: Some("bring the missing migration back, or name the one that it is to follow".to_owned()),
            });
        }
        problems.extend(self.heads().into_iter().filter(|(at, _)| known(*at)).filter_map(|(at, other)| {
            let revision = self.revisions.get(at)?;
            let (merge, place) = match &revision.id.app {
                Some(app) => ("manage.py makemigrations --merge", format!(" in `{app}`")),
                None => ("alembic merge heads", String::new()),
            };
            Some(Problem {
                rule: "multiple-heads",
                span: revision.span,
                severity: Severity::Error,
                message: format!("`{}` and `{}` both come last{place}", self.shown(other), revision.id.name),
                help: Some(format!("let one follow the other, or merge them with `{merge}`")),
            })
        }));
        problems
    }

    fn shown(&self, at: usize) -> String {
        self.revisions.get(at).map(|revision| revision.id.to_string()).unwrap_or_default()
    }

    /// Heads beyond the first of one branch, each with that first one.
    fn heads(&self) -> Vec<(usize, usize)> {
        let mut followed = vec![false; self.revisions.len()];
        for parent in self.parents.iter().flatten().flat_map(|parent| [*parent, self.standing_for(*parent)]) {
            if let Some(followed) = followed.get_mut(parent) {
                *followed = true;
            }
        }
        let labels = self.branches();
        // A graph over applications has a head in each.
        let mut first: BTreeMap<(usize, Option<&String>, &BTreeSet<String>), usize> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, revision) in self.revisions.iter().enumerate() {
            // yoyo orders what does not wait for each other by name.
            let several = revision.runner == Runner::Yoyo;
            if several || followed.get(at) == Some(&true) || self.stands.contains_key(&at) {
                continue;
            }
            let Some(own) = labels.get(at) else { continue };
            match first.get(&(self.part_of(at), revision.id.app.as_ref(), own)) {
                Some(other) => found.push((at, *other)),
                None => {
                    first.insert((self.part_of(at), revision.id.app.as_ref(), own), at);
                }
            }
        }
        found
    }

    /// The revision that is run in place of one on a new database: a squashed one, or itself.
    fn standing_for(&self, at: usize) -> usize {
        let mut at = at;
        // Squashed migrations are squashed again now and then.
        for _ in 0..16 {
            match self.stands.get(&at) {
                Some(next) => at = *next,
                None => break,
            }
        }
        at
    }

    /// For each revision what comes before it where squashed ones are run in place of those that they stand for.
    fn squashed(&self) -> Vec<BTreeSet<usize>> {
        if self.stands.is_empty() {
            return self.before.clone();
        }
        let mut squashed = vec![BTreeSet::new(); self.before.len()];
        for (at, before) in self.before.iter().enumerate() {
            let at = self.standing_for(at);
            let before = before.iter().map(|before| self.standing_for(*before)).filter(|before| *before != at);
            if let Some(all) = squashed.get_mut(at) {
                all.extend(before);
            }
        }
        squashed
    }

    /// The labels of the branches that each revision is on: its own and those of what it follows.
    fn branches(&self) -> Vec<BTreeSet<String>> {
        let mut labels: Vec<BTreeSet<String>> =
            self.revisions.iter().map(|revision| revision.labels.iter().cloned().collect()).collect();
        let order = self.order();
        let mut ordered: Vec<usize> = (0..self.revisions.len()).collect();
        ordered.sort_by_key(|at| self.revisions.get(*at).and_then(|revision| order.get(&revision.span.file)));
        for at in ordered {
            let inherited: BTreeSet<String> = self
                .parents
                .get(at)
                .into_iter()
                .flatten()
                .filter_map(|parent| labels.get(*parent))
                .flatten()
                .cloned()
                .collect();
            if let Some(own) = labels.get_mut(at) {
                own.extend(inherited);
            }
        }
        labels
    }

    fn cycles(&self) -> Vec<Problem> {
        let before = self.squashed();
        let mut open: Vec<usize> = before.iter().map(BTreeSet::len).collect();
        let after = after(&before);
        let mut ready: Vec<usize> = (0..open.len()).filter(|at| open.get(*at) == Some(&0)).collect();
        while let Some(at) = ready.pop() {
            for later in after.get(at).into_iter().flatten() {
                if let Some(left) = open.get_mut(*later) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(*later);
                    }
                }
            }
        }
        let mut told = BTreeSet::new();
        let mut problems = Vec::new();
        let stuck = |at: usize| open.get(at).is_some_and(|left| *left > 0);
        for start in (0..open.len()).filter(|at| stuck(*at)) {
            // Following what is stuck leads into a circle.
            let (mut at, mut path) = (start, Vec::new());
            while !told.contains(&at) && !path.contains(&at) && path.len() < 1_000 {
                path.push(at);
                let next = before.get(at).into_iter().flatten().copied().find(|next| stuck(*next));
                let Some(next) = next else { break };
                at = next;
            }
            let circle = path.iter().position(|one| *one == at).map(|from| path.split_off(from));
            told.extend(path);
            let Some(circle) = circle.filter(|_| !told.contains(&at)) else { continue };
            told.extend(circle.iter().copied());
            let Some(revision) = self.revisions.get(at) else { continue };
            let names: Vec<String> =
                circle.iter().take(6).chain([&at]).map(|at| format!("`{}`", self.shown(*at))).collect();
            problems.push(Problem {
                rule: "dependency-cycle",
                span: revision.span,
                severity: Severity::Error,
                message: format!("migrations wait for each other: {}", names.join(" after ")),
                help: Some("let one of them follow what stood before it when it was written".to_owned()),
            });
        }
        problems
    }

    /// Revisions of one name.
    fn twins(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (id, all) in &self.by_id {
            let own: Vec<_> = all.iter().filter(|at| self.revisions.get(**at).is_some_and(|r| r.id == *id)).collect();
            for (before, at) in own.iter().zip(own.iter().skip(1)) {
                let Some(revision) = self.revisions.get(**at).filter(|_| self.part_of(**at) == self.part_of(**before))
                else {
                    continue;
                };
                problems.push(Problem {
                    rule: "duplicate-version",
                    span: revision.span,
                    severity: Severity::Error,
                    message: format!("revision `{id}` is that of another migration too"),
                    help: Some("give the newer of the two an identifier of its own".to_owned()),
                });
            }
        }
        problems
    }

    /// The files whose way back is missing, does nothing, or refuses.
    pub fn one_way(&self) -> BTreeSet<FileId> {
        let one_way = self.revisions.iter().filter(|revision| revision.back != Back::Present);
        one_way.map(|revision| revision.span.file).collect()
    }

    /// Revisions without a way back, where those before them have one.
    fn missing_ways_back(&self) -> Vec<Problem> {
        let order = self.order();
        let mut ordered: Vec<usize> = (0..self.revisions.len()).collect();
        ordered.sort_by_key(|at| self.revisions.get(*at).and_then(|revision| order.get(&revision.span.file)));
        // How many with a way back come before, without a break, in each graph.
        let mut with: BTreeMap<usize, usize> = BTreeMap::new();
        let mut problems = Vec::new();
        for at in ordered {
            let Some(revision) = self.revisions.get(at).filter(|revision| revision.id.app.is_none()) else { continue };
            let before = with.entry(self.part_of(at)).or_default();
            if revision.back != Back::Missing {
                *before += 1;
                continue;
            }
            if *before >= 2 {
                problems.push(Problem {
                    rule: "missing-down",
                    span: revision.span,
                    severity: Severity::Info,
                    message: "nothing takes this migration back".to_owned(),
                    help: Some("write `downgrade`, or let it raise an error that says why there is none".to_owned()),
                });
            }
            *before = 0;
        }
        problems
    }

    fn ways_back(&self) -> Vec<Problem> {
        let mut problems = self.missing_ways_back();
        for revision in &self.revisions {
            let (span, message) = match &revision.back {
                Back::Empty(span) => (*span, "taking this migration back does nothing".to_owned()),
                Back::Refused(all) => match all.first() {
                    Some((span, reason)) => (*span, format!("this migration cannot be taken back: {reason}")),
                    None => continue,
                },
                Back::Present | Back::Missing => continue,
            };
            let help = match revision.id.app {
                Some(_) => "give the operation its reverse, a `noop` where there is nothing to take back",
                None => "write the way back, or say in a comment why there is none",
            };
            problems.push(Problem {
                rule: "irreversible-down",
                span,
                severity: Severity::Info,
                message,
                help: Some(help.to_owned()),
            });
        }
        problems
    }
}

/// For each revision, those that come after it.
fn after(before: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let mut after = vec![Vec::new(); before.len()];
    for (at, before) in before.iter().enumerate() {
        for earlier in before {
            if let Some(list) = after.get_mut(*earlier) {
                list.push(at);
            }
        }
    }
    after
}

/// Of `found`, which are in the order of their folders: the one in the folder of `from`, else the one whose folder has
/// most in common with it.
fn nearest(folders: &[&str], from: usize, found: &[usize]) -> Option<usize> {
    let own = folders.get(from).copied().unwrap_or_default();
    let folder = |at: usize| folders.get(at).copied().unwrap_or_default();
    let place = found.partition_point(|at| folder(*at) < own);
    let common = |at: usize| own.bytes().zip(folder(at).bytes()).take_while(|(a, b)| a == b).count();
    let beside =
        [place.checked_sub(1), Some(place)].into_iter().flatten().filter_map(|place| found.get(place).copied());
    beside.max_by_key(|at| (folder(*at) == own, common(*at)))
}

/// Which graph each revision is of: those of one folder, and of folders whose revisions name each other's.
fn parts(folders: &[&str], before: &[BTreeSet<usize>]) -> Vec<usize> {
    fn top(root: &mut [usize], mut at: usize) -> usize {
        while let Some(up) = root.get(at).copied().filter(|up| *up != at) {
            let above = root.get(up).copied().unwrap_or(up);
            if let Some(slot) = root.get_mut(at) {
                *slot = above;
            }
            at = up;
        }
        at
    }
    let mut root: Vec<usize> = (0..folders.len()).collect();
    let mut join = |a: usize, b: usize| {
        let (a, b) = (top(&mut root, a), top(&mut root, b));
        if let Some(slot) = root.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    };
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, folder) in folders.iter().enumerate() {
        let other = *first.entry(folder).or_insert(at);
        join(other, at);
    }
    for (at, all) in before.iter().enumerate() {
        for other in all {
            join(at, *other);
        }
    }
    (0..folders.len()).map(|at| top(&mut root, at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Language;

    /// Revisions as `name: parents; labels`, one file each.
    fn graph(lines: &[(&str, &str, &[&str], &[&str])]) -> Graph {
        let mut files = Vec::new();
        let mut revisions = Vec::new();
        for (path, name, parents, labels) in lines {
            let id = FileId(u32::try_from(files.len()).expect("few files"));
            files.push(Arc::new(SourceFile::of_text(id, path, "", Language::Python)));
            let mut revision = Revision::new(Runner::Alembic, RevisionId::bare(*name), Span::file(id));
            revision.parents = parents.iter().map(|p| Known::Known(RevisionId::bare(*p), Span::file(id))).collect();
            revision.labels = labels.iter().map(ToString::to_string).collect();
            revisions.push(revision);
        }
        Graph::new(revisions, &files)
    }

    fn found(graph: &Graph) -> Vec<(&'static str, String)> {
        graph.problems(&|_| true).into_iter().map(|problem| (problem.rule, problem.message)).collect()
    }

    #[test]
    fn revisions_come_after_what_they_follow_whatever_their_names() {
        let graph = graph(&[("v/a.py", "c", &["b"], &[]), ("v/b.py", "a", &[], &[]), ("v/c.py", "b", &["a"], &[])]);
        let order: Vec<_> = graph.order().into_iter().map(|(file, at)| (file.0, at)).collect();
        assert_eq!(order, [(0, 2), (1, 0), (2, 1)]);
        assert!(found(&graph).is_empty());
    }

    #[test]
    fn two_that_come_last_are_told_and_labelled_branches_are_not() {
        let plain = graph(&[("v/a.py", "a", &[], &[]), ("v/b.py", "b", &["a"], &[]), ("v/c.py", "c", &["a"], &[])]);
        assert_eq!(found(&plain), [("multiple-heads", "`b` and `c` both come last".to_owned())]);
        let labelled = graph(&[
            ("v/a.py", "a", &[], &[]),
            ("v/b.py", "b", &["a"], &["expand"]),
            ("v/c.py", "c", &["a"], &["contract"]),
        ]);
        assert!(found(&labelled).is_empty());
        let merged = graph(&[
            ("v/a.py", "a", &[], &[]),
            ("v/b.py", "b", &["a"], &[]),
            ("v/c.py", "c", &["a"], &[]),
            ("v/d.py", "d", &["b", "c"], &[]),
        ]);
        assert!(found(&merged).is_empty());
    }

    #[test]
    fn a_circle_and_a_missing_parent_and_a_twin_are_told() {
        let circle = graph(&[("v/a.py", "a", &["b"], &[]), ("v/b.py", "b", &["a"], &[])]);
        assert_eq!(
            found(&circle),
            [("dependency-cycle", "migrations wait for each other: `a` after `b` after `a`".to_owned())]
        );
        let missing = graph(&[("v/a.py", "a", &["gone"], &[])]);
        assert_eq!(found(&missing), [("missing-parent", "`a` follows `gone`, which no migration is".to_owned())]);
        let twins = graph(&[("v/a.py", "a", &[], &[]), ("v/b.py", "a", &[], &[]), ("v/c.py", "c", &["a"], &[])]);
        assert!(found(&twins).iter().any(|(rule, _)| *rule == "duplicate-version"));
    }

    #[test]
    fn an_identifier_may_be_cut_short() {
        let cut = graph(&[("v/a.py", "a1b2c3d4e5f6", &[], &[]), ("v/b.py", "b", &["a1b2c3"], &[])]);
        assert!(found(&cut).is_empty());
    }

    #[test]
    fn projects_of_other_folders_have_heads_of_their_own() {
        let two = graph(&[("x/a.py", "a", &[], &[]), ("y/b.py", "b", &[], &[])]);
        assert!(found(&two).is_empty());
        let tied = graph(&[("x/a.py", "a", &[], &[]), ("y/b.py", "b", &["a"], &[]), ("y/c.py", "c", &["a"], &[])]);
        assert_eq!(found(&tied).len(), 1);
    }

    #[test]
    fn a_long_line_is_walked_in_time() {
        let names: Vec<String> = (0..5_000).map(|at| format!("r{at:05}")).collect();
        let files: Vec<_> = (0..5_000_u32)
            .map(|id| Arc::new(SourceFile::of_text(FileId(id), &format!("v/{id}.py"), "", Language::Python)))
            .collect();
        let revisions = (0_u32..).zip(&names).map(|(id, name)| {
            let mut revision = Revision::new(Runner::Alembic, RevisionId::bare(name.clone()), Span::file(FileId(id)));
            let before = (id > 0).then(|| names[id as usize - 1].clone());
            revision.parents.extend(before.map(|name| Known::Known(RevisionId::bare(name), Span::file(FileId(id)))));
            revision
        });
        let graph = Graph::new(revisions.collect(), &files);
        assert_eq!(graph.order()[&FileId(4_999)], 4_999);
        assert!(found(&graph).is_empty());
    }

    #[test]
    fn yoyo_knows_whole_names_and_several_that_come_last() {
        let of = |path: &str, depends: &[&str], number: u32| {
            let id = FileId(number);
            let file = Arc::new(SourceFile::of_text(id, path, "", Language::Python));
            let name = path.rsplit('/').next().and_then(|name| name.strip_suffix(".py")).unwrap_or_default();
            let mut revision = Revision::new(Runner::Yoyo, RevisionId::bare(name), Span::file(id));
            revision.parents = depends.iter().map(|p| Known::Known(RevisionId::bare(*p), Span::file(id))).collect();
            (file, revision)
        };
        let all = [
            of("m/0001.alter.py", &["0001.create"], 0),
            of("m/0001.create.py", &[], 1),
            of("m/0002.more.py", &["0001.create"], 2),
            of("m/0003.lost.py", &["0001"], 3),
        ];
        let (files, revisions): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let graph = Graph::new(revisions, &files);
        let order: Vec<_> = graph.order().into_iter().map(|(file, at)| (file.0, at)).collect();
        assert_eq!(order, [(0, 1), (1, 0), (2, 2), (3, 3)]);
        assert_eq!(found(&graph), [("missing-parent", "`0003.lost` follows `0001`, which no migration is".to_owned())]);
    }
}

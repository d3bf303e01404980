//! The files that scripts of psql include: read where they are included, and said where they are not there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::{Skipped, Sources};
use crate::config::Runner;
use crate::diagnostic::Severity;
use crate::source::{Modules as _, Problem, SourceFile};
use crate::span::{FileId, Span};

/// A line `\\i file` or `\\ir file` of a script.
struct Include<'t> {
    /// The file as written.
    path: &'t str,
    /// Where that is written, in bytes.
    at: Range<usize>,
    /// It is relative to the script's own folder (`\\ir`), and not to that of the process.
    beside: bool,
}

impl Sources {
    /// A file that a script of psql includes is read where it is included: there is known what is open and set.
    pub(super) fn set_included_aside(&mut self) {
        let files: BTreeMap<FileId, Arc<SourceFile>> = self.judged.iter().map(|f| (f.id, Arc::clone(f))).collect();
        let mut edges: BTreeMap<FileId, Vec<FileId>> = BTreeMap::new();
        for file in self.judged.iter().filter(|file| matches!(file.runner, Runner::Psql | Runner::Sqitch)) {
            let found = includes(&file.text).filter_map(|one| self.included(file, one.path, one.beside));
            let read = found.filter(|found| files.contains_key(&found.id) && found.id != file.id);
            let plain = read.filter(|found| matches!(found.runner, Runner::Psql | Runner::Plain));
            edges.insert(file.id, plain.map(|found| found.id).collect());
            self.problems.extend(self.missing_includes(file));
        }
        let by = included_by(self.judged.iter().map(|file| file.id), &edges);
        self.judged.retain(|file| !by.contains_key(&file.id));
        let mut loaded = self.lock();
        for id in by.keys() {
            if let Some(slot) = loaded.files.get_mut(id.0 as usize) {
                *slot = Arc::new(SourceFile { source: false, ..(**slot).clone() });
            }
        }
        drop(loaded);
        self.skipped.extend(by.into_iter().filter_map(|(id, by)| {
            let why = format!("`{}` includes it, and is read with it", files.get(&by)?.path);
            Some(Skipped { path: files.get(&id)?.path.clone(), why })
        }));
    }

    /// The files that are included and not there. What `\\i` means depends on where psql is started, and what stands
    /// below `\\if` may never be read: these are not looked at.
    fn missing_includes(&self, file: &SourceFile) -> Vec<Problem> {
        if file.text.lines().any(|line| line.trim_start().starts_with("\\if")) {
            return Vec::new();
        }
        let own = self.root.join(&file.path);
        let Some(folder) = own.parent() else { return Vec::new() };
        let gone = includes(&file.text).filter(|one| one.beside && !folder.join(one.path).exists());
        gone.map(|one| Problem {
            rule: "missing-file",
            span: Span::new(file.id, one.at.start, one.at.end),
            severity: Severity::Error,
            message: format!("`{}` is included and not there", one.path),
            help: Some("bring the file back, or take the line out".to_owned()),
        })
        .collect()
    }
}

/// The files that are read with another, and with which. Of files that include each other, the first is read for itself.
fn included_by(
    files: impl Iterator<Item = FileId> + Clone,
    edges: &BTreeMap<FileId, Vec<FileId>>,
) -> BTreeMap<FileId, FileId> {
    let targets: BTreeSet<FileId> = edges.values().flatten().copied().collect();
    let tops = files.clone().filter(|id| !targets.contains(id));
    let mut by = BTreeMap::new();
    let mut seen = BTreeSet::new();
    // Those that nothing includes come first; what they do not reach goes round in a circle.
    for start in tops.chain(files) {
        let mut open = vec![start];
        if !seen.insert(start) {
            continue;
        }
        while let Some(at) = open.pop() {
            for next in edges.get(&at).into_iter().flatten() {
                if seen.insert(*next) {
                    by.insert(*next, at);
                    open.push(*next);
                }
            }
        }
    }
    by
}

/// The files that a script of psql includes.
fn includes(text: &str) -> impl Iterator<Item = Include<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let from = start;
        start += line.len();
        let rest = line.trim_start().strip_prefix('\\')?;
        let (command, rest) = rest.split_once([' ', '\t'])?;
        let beside = match command {
            "i" | "include" => false,
            "ir" | "include_relative" => true,
            _ => return None,
        };
        let word = rest.split_whitespace().next()?;
        let path = word.trim_matches(['\'', '"', ';']);
        // What holds a variable is not known.
        if path.is_empty() || path.contains(':') {
            return None;
        }
        // The path stands behind the command, so the search finds it there.
        let at = from + (line.len() - rest.len()) + rest.find(path)?;
        Some(Include { path, at: at..at + path.len(), beside })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_includes_names_its_file() {
        let text = "\\set a b\n \\i one.sql\n\\ir 'two.sql';\n\\i :file\n\\include three.sql\r\nSELECT '\\i no.sql';\n";
        let found: Vec<_> = includes(text).map(|one| (&text[one.at], one.beside)).collect();
        assert_eq!(found, [("one.sql", false), ("two.sql", true), ("three.sql", false)]);
    }

    #[test]
    fn in_a_circle_one_file_is_read_for_itself() {
        let id = FileId;
        let edges = BTreeMap::from([(id(1), vec![id(2)]), (id(2), vec![id(3)]), (id(3), vec![id(1)])]);
        let by = included_by([0, 1, 2, 3].map(id).into_iter(), &edges);
        assert_eq!(by, BTreeMap::from([(id(2), id(1)), (id(3), id(2))]));
    }

    #[test]
    fn what_a_top_script_includes_is_read_with_it() {
        let id = FileId;
        let edges = BTreeMap::from([(id(5), vec![id(1), id(2)]), (id(2), vec![id(1)])]);
        let by = included_by([1, 2, 5].map(id).into_iter(), &edges);
        assert_eq!(by, BTreeMap::from([(id(1), id(5)), (id(2), id(5))]));
    }
}

//! Files and the lists that runners keep of them, where the two do not agree.

use std::path::Path;

use super::detect::{Detected, Entry, Folder, List};
use super::recognise::is_sql;
use super::{Problem, Runner};
use crate::diagnostic::Severity;
use crate::span::{FileId, Span};

/// Whether files of `runner` are those that the list is kept of: beside an `atlas.sum` can lie files that Atlas only
/// checks and another runner applies.
pub(super) fn concerns(list: &List, runner: Runner) -> bool {
    matches!(
        (list.path, runner),
        ("meta/_journal.json", Runner::Drizzle) | ("sqitch.plan", Runner::Sqitch) | ("atlas.sum", _)
    )
}

/// A reworked change has as many names as there are tags to the next one; where none of so many is there, it is not said.
const MOST_NAMES: usize = 256;

/// Whether the file of an entry is there, in the folder `base` that the list is in.
pub(super) fn there(list: &List, entry: &Entry, base: &Path) -> bool {
    entry.tags.len() > MOST_NAMES || list.names(entry).any(|name| base.join(name).is_file())
}

/// The problem of a list, which is the file `own`, that names a file that is not there.
pub(super) fn missing(list: &List, entry: &Entry, own: FileId) -> Problem {
    Problem {
        rule: "missing-file",
        span: Span::new(own, entry.at.start, entry.at.end),
        severity: Severity::Error,
        message: format!("{} names `{}`, which is not there", list.called, entry.file),
        help: Some(format!("bring the file back, or take it out of the list; {}", list.repair)),
    }
}

/// The problem of a file that the list of its folder does not name.
pub(super) fn unlisted(folder: &Folder, detected: &Detected, name: &str) -> Option<Problem> {
    let list = folder.upwards().find_map(|at| at.list.as_ref())?;
    let forward = !detected.down && detected.place.listed.is_none();
    let here = folder.list.is_some() || detected.runner == Runner::Sqitch;
    if !forward || !here || !concerns(list, detected.runner) || !is_sql(name) {
        return None;
    }
    // Another runner's files beside an `atlas.sum` have no number of their own.
    if list.number(name).is_some() {
        return None;
    }
    Some(Problem {
        rule: "missing-file",
        span: Span::file(FileId(0)),
        severity: Severity::Error,
        message: format!("{} does not name this file, {}", list.called, list.unlisted),
        help: Some(list.repair.to_owned()),
    })
}

//! The baseline: findings that were there before and do not count.
//!
//! A text file with a header and one line per finding, sorted, its fields separated by tabs:
//!
//! ```text
//! # ddlint baseline 1
//! rule  path  fingerprint  ordinal  # excerpt
//! ```
//!
//! The fingerprint is made of the rule and of the statement's tokens, never of a line number, so that the file changes
//! only when findings come or go, and two branches that add lines do not conflict (`merge=union` is right for it). The
//! ordinal, from 1, tells findings apart that are otherwise the same. The excerpt is for the reviewer and is not read.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crate::diagnostic::Diagnostic;

/// The first line of a baseline file.
const HEADER: &str = "# ddlint baseline ";
/// The version of the format that is written, and the newest that is read.
const VERSION: u32 = 1;
/// Characters of an excerpt.
const EXCERPT: usize = 60;

/// What findings of a baseline are told apart by, but for the ordinal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    rule: String,
    path: String,
    fingerprint: String,
}

/// One line of a baseline file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Name of the rule.
    pub rule: String,
    /// Path of the file, relative to the project's root.
    pub path: String,
    /// Fingerprint of rule and statement, 16 hexadecimal digits.
    pub fingerprint: String,
    /// Which of the findings that agree in all of the above, from 1.
    pub ordinal: u32,
    /// The start of the statement, for people.
    pub excerpt: String,
}

/// A finding to be written into a baseline.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'d> {
    /// Path of its file, relative to the project's root.
    pub path: &'d str,
    /// The finding.
    pub diagnostic: &'d Diagnostic,
    /// The source it is about: shown, shortened, as the excerpt.
    pub source: &'d str,
}

/// A line of a baseline file that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaselineError {
    /// 1-based line.
    pub line: usize,
    /// What is wrong with it and what to do.
    pub message: String,
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for BaselineError {}

/// The lines of one key, and how many of them a run has found again.
#[derive(Clone, Default, Debug)]
struct Slot {
    /// Excerpts by ordinal.
    lines: BTreeMap<u32, String>,
    /// Number of findings that used one.
    found: usize,
}

impl Slot {
    /// Uses one line, if one is left.
    fn take(&mut self) -> bool {
        let left = self.found < self.lines.len();
        self.found += usize::from(left);
        left
    }
}

/// A baseline, and what of it a run has found again.
#[derive(Clone, Default, Debug)]
pub struct Baseline {
    slots: BTreeMap<Key, Slot>,
    /// Paths by rule and fingerprint: where to look for a finding whose file was renamed.
    paths: BTreeMap<(String, String), VecDeque<String>>,
}

impl Baseline {
    /// The baseline that holds `findings`, in any order.
    pub fn of<'d>(findings: impl IntoIterator<Item = Finding<'d>>) -> Self {
        let mut this = Self::default();
        for Finding { path, diagnostic, source } in findings {
            let slot = this.slots.entry(key(path, diagnostic)).or_default();
            let ordinal = u32::try_from(slot.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
            slot.lines.insert(ordinal, excerpt(source));
        }
        this.index();
        this
    }

    /// Reads a baseline file. Lines given twice, as a merge can leave them, count once.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut this = Self::default();
        let mut headed = false;
        for (number, line) in (1..).zip(text.strip_prefix('\u{feff}').unwrap_or(text).lines()) {
            let error = |message: &str| BaselineError { line: number, message: message.to_owned() };
            if let Some(version) = line.strip_prefix(HEADER) {
                match version.trim().parse::<u32>() {
                    Ok(version) if version <= VERSION => headed = true,
                    _ => {
                        return Err(error(&format!(
                            "version `{}` of the baseline format is not known; write the file anew with \
                             `ddlint baseline create`",
                            version.trim()
                        )));
                    }
                }
                continue;
            }
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) {
                return Err(error("a merge left this conflict marker; keep the lines of both sides and delete it"));
            }
            if !headed {
                return Err(error("this is no baseline: it does not start with `# ddlint baseline 1`"));
            }
            let entry = parse_line(line).map_err(error)?;
            let key = Key { rule: entry.rule, path: entry.path, fingerprint: entry.fingerprint };
            this.slots.entry(key).or_default().lines.insert(entry.ordinal, entry.excerpt);
        }
        this.index();
        Ok(this)
    }

    fn index(&mut self) {
        for key in self.slots.keys() {
            let paths = self.paths.entry((key.rule.clone(), key.fingerprint.clone())).or_default();
            paths.push_back(key.path.clone());
        }
    }

    /// Whether the baseline holds this finding. Each line answers for one finding: the 26th of 25 is not held.
    ///
    /// `exists` tells whether the project still has a path. A line of a file that is gone answers for the same
    /// statement in another file: the file was renamed.
    pub fn matches(&mut self, path: &str, diagnostic: &Diagnostic, exists: &dyn Fn(&str) -> bool) -> bool {
        let key = key(path, diagnostic);
        if self.slots.get_mut(&key).is_some_and(Slot::take) {
            return true;
        }
        let Key { rule, fingerprint, .. } = key;
        let Some(paths) = self.paths.get_mut(&(rule.clone(), fingerprint.clone())) else { return false };
        // Paths that cannot answer any more are dropped, so that all questions together look at each path once.
        while let Some(old) = paths.front() {
            let gone = old != path && !exists(old);
            let key = Key { rule: rule.clone(), path: old.clone(), fingerprint: fingerprint.clone() };
            if gone && self.slots.get_mut(&key).is_some_and(Slot::take) {
                return true;
            }
            paths.pop_front();
        }
        false
    }

    /// The lines that no finding has used, sorted. `covered` tells whether the run has judged a path or the path is
    /// gone: what was not looked at is not stale.
    pub fn stale(&self, covered: &dyn Fn(&str) -> bool) -> Vec<Entry> {
        let slots = self.slots.iter().filter(|(key, slot)| slot.found < slot.lines.len() && covered(&key.path));
        slots.flat_map(|(key, slot)| slot.lines.iter().skip(slot.found).map(|line| entry(key, line))).collect()
    }

    /// Removes `entries`.
    pub fn remove(&mut self, entries: &[Entry]) {
        for Entry { rule, path, fingerprint, ordinal, .. } in entries {
            let key = Key { rule: rule.clone(), path: path.clone(), fingerprint: fingerprint.clone() };
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.lines.remove(ordinal);
                if slot.lines.is_empty() {
                    self.slots.remove(&key);
                }
            }
        }
    }

    /// Adds `entries`.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for Entry { rule, path, fingerprint, ordinal, excerpt } in entries {
            self.slots.entry(Key { rule, path, fingerprint }).or_default().lines.insert(ordinal, excerpt);
        }
        self.paths.clear();
        self.index();
    }

    /// The lines, sorted.
    pub fn entries(&self) -> Vec<Entry> {
        self.slots.iter().flat_map(|(key, slot)| slot.lines.iter().map(|line| entry(key, line))).collect()
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.slots.values().map(|slot| slot.lines.len()).sum()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The file's text; the same findings give the same bytes.
    pub fn render(&self) -> String {
        let mut out = format!("{HEADER}{VERSION}\n");
        for entry in self.entries() {
            out.push_str(&entry.to_string());
            out.push('\n');
        }
        out
    }
}

impl fmt::Display for Entry {
    /// The entry as its line in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, path, fingerprint, ordinal, excerpt } = self;
        write!(f, "{rule}\t{}\t{fingerprint}\t{ordinal}\t# {excerpt}", escape(path))
    }
}

fn key(path: &str, diagnostic: &Diagnostic) -> Key {
    Key { rule: diagnostic.rule.clone(), path: path.to_owned(), fingerprint: diagnostic.fingerprint.clone() }
}

fn entry(key: &Key, (ordinal, excerpt): (&u32, &String)) -> Entry {
    Entry {
        rule: key.rule.clone(),
        path: key.path.clone(),
        fingerprint: key.fingerprint.clone(),
        ordinal: *ordinal,
        excerpt: excerpt.clone(),
    }
}

fn parse_line(line: &str) -> Result<Entry, &'static str> {
    let mut fields = line.splitn(5, '\t');
    let mut field = || fields.next().filter(|field| !field.is_empty());
    let (Some(rule), Some(path), Some(fingerprint), Some(ordinal)) = (field(), field(), field(), field()) else {
        return Err("expected `rule`, `path`, `fingerprint` and `ordinal`, separated by tabs");
    };
    if fingerprint.len() != 16 || !fingerprint.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err("the third field is no fingerprint: expected 16 hexadecimal digits");
    }
    let ordinal = match ordinal.parse() {
        Ok(ordinal) if ordinal > 0 => ordinal,
        _ => return Err("the fourth field is no ordinal: expected a number from 1"),
    };
    let excerpt = field().map_or("", |field| field.strip_prefix("# ").unwrap_or(field)).to_owned();
    Ok(Entry { rule: rule.to_owned(), path: unescape(path), fingerprint: fingerprint.to_owned(), ordinal, excerpt })
}

/// The start of `source` on one line: runs of white space and control characters become one space.
fn excerpt(source: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in source.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if length > 0 {
            out.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= EXCERPT {
                out.push('…');
                return out;
            }
            out.push(c);
            length += 1;
        }
    }
    out
}

/// A path as a field: the characters that end fields and lines are written as `\t`, `\n`, `\r`.
fn escape(path: &str) -> String {
    path.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// Undoes [`escape`]; any other escaped character stands for itself.
fn unescape(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(c) = characters.next() {
        match (c, if c == '\\' { characters.next() } else { None }) {
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            (_, Some(escaped)) => out.push(escaped),
            (c, None) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{About, Confidence, Severity, Status};
    use crate::span::Span;

    fn diagnostic(rule: &str, fingerprint: u64) -> Diagnostic {
        Diagnostic {
            statement: Span::default(),
            span: Span::default(),
            rule: rule.to_owned(),
            group: String::new(),
            severity: Severity::Error,
            confidence: Confidence::High,
            message: String::new(),
            label: String::new(),
            related: Vec::new(),
            help: None,
            url: None,
            about: About::default(),
            fingerprint: format!("{fingerprint:016x}"),
            status: Status::New,
            justification: None,
            fix: None,
        }
    }

    fn finding<'d>(path: &'d str, diagnostic: &'d Diagnostic) -> Finding<'d> {
        Finding { path, diagnostic, source: "UPDATE users\n  SET plan = 'free'" }
    }

    const ALL_EXIST: &dyn Fn(&str) -> bool = &|_| true;

    #[test]
    fn the_file_is_sorted_and_has_no_line_numbers() {
        let (update, index) = (diagnostic("backfill-in-migration", 0xb), diagnostic("index-not-concurrent", 0xa));
        let baseline = Baseline::of([
            finding("b.sql", &index),
            finding("b\tc.sql", &update),
            finding("a.sql", &update),
            finding("a.sql", &update),
        ]);
        let text = baseline.render();
        insta::assert_snapshot!(text.replace('\t', "→"), @r"
        # ddlint baseline 1
        backfill-in-migration→a.sql→000000000000000b→1→# UPDATE users SET plan = 'free'
        backfill-in-migration→a.sql→000000000000000b→2→# UPDATE users SET plan = 'free'
        backfill-in-migration→b\tc.sql→000000000000000b→1→# UPDATE users SET plan = 'free'
        index-not-concurrent→b.sql→000000000000000a→1→# UPDATE users SET plan = 'free'
        ");
        assert_eq!(Baseline::parse(&text).unwrap().render(), text, "reading and writing changes nothing");
    }

    #[test]
    fn the_third_of_two_counts() {
        let update = diagnostic("backfill-in-migration", 1);
        let mut baseline = Baseline::of([finding("a.sql", &update), finding("a.sql", &update)]);
        assert!(baseline.matches("a.sql", &update, ALL_EXIST));
        assert!(baseline.matches("a.sql", &update, ALL_EXIST));
        assert!(!baseline.matches("a.sql", &update, ALL_EXIST));
    }

    #[test]
    fn another_statement_rule_or_file_counts() {
        let update = diagnostic("backfill-in-migration", 1);
        let mut baseline = Baseline::of([finding("a.sql", &update)]);
        assert!(!baseline.matches("a.sql", &diagnostic("backfill-in-migration", 2), ALL_EXIST));
        assert!(!baseline.matches("a.sql", &diagnostic("backfill-without-where", 1), ALL_EXIST));
        assert!(!baseline.matches("copy.sql", &update, ALL_EXIST));
        assert!(baseline.matches("a.sql", &update, ALL_EXIST));
    }

    #[test]
    fn a_renamed_file_keeps_its_baseline_once() {
        let update = diagnostic("backfill-in-migration", 1);
        let mut baseline = Baseline::of([finding("old.sql", &update)]);
        let exists = |path: &str| path != "old.sql";
        assert!(baseline.matches("new.sql", &update, &exists));
        assert!(!baseline.matches("newer.sql", &update, &exists));
    }

    #[test]
    fn what_no_finding_used_is_stale_where_it_was_looked_for() {
        let (update, index) = (diagnostic("backfill-in-migration", 1), diagnostic("index-not-concurrent", 2));
        let mut baseline = Baseline::of([
            finding("a.sql", &update),
            finding("a.sql", &update),
            finding("b.sql", &index),
            finding("unread.sql", &index),
        ]);
        assert!(baseline.matches("a.sql", &update, ALL_EXIST));
        let stale = baseline.stale(&|path| path != "unread.sql");
        let shown: Vec<_> = stale.iter().map(|entry| (entry.path.as_str(), entry.ordinal)).collect();
        assert_eq!(shown, [("a.sql", 2), ("b.sql", 1)]);
        baseline.remove(&stale);
        assert_eq!(baseline.len(), 2);
    }

    #[test]
    fn a_union_merge_is_read_as_the_union() {
        let update = diagnostic("backfill-in-migration", 1);
        let text = Baseline::of([finding("a.sql", &update)]).render();
        assert_eq!(Baseline::parse(&format!("{text}{text}")).unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_explained_by_line() {
        let message = |text: &str| Baseline::parse(text).unwrap_err().to_string();
        let head = "# ddlint baseline 1\n\n";
        insta::assert_snapshot!(message("rule\tpath"), @"line 1: this is no baseline: it does not start with `# ddlint baseline 1`");
        insta::assert_snapshot!(message("# ddlint baseline 2"), @"line 1: version `2` of the baseline format is not known; write the file anew with `ddlint baseline create`");
        insta::assert_snapshot!(message(&format!("{head}rule\tpath")), @"line 3: expected `rule`, `path`, `fingerprint` and `ordinal`, separated by tabs");
        insta::assert_snapshot!(message(&format!("{head}rule\tpath\tzz\t1")), @"line 3: the third field is no fingerprint: expected 16 hexadecimal digits");
        insta::assert_snapshot!(message(&format!("{head}rule\tpath\t0123456789abcdef\t0")), @"line 3: the fourth field is no ordinal: expected a number from 1");
        insta::assert_snapshot!(message(&format!("{head}<<<<<<< HEAD")), @"line 3: a merge left this conflict marker; keep the lines of both sides and delete it");
    }
}

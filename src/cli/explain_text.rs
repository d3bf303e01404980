//! `ddlint explain` for people: what each statement locks, and for how long.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::explain::lines;
use crate::effects::LockMode;
use crate::engine::Explained;
use crate::report::Options;
use crate::source::SourceFile;

/// Characters of a statement that are shown.
const SHOWN: usize = 88;

/// Relations of one statement that are shown, the strongest locks first.
const RELATIONS: usize = 8;

/// An operation and its file.
type Row<'e> = (&'e Explained, Arc<SourceFile>);

/// Statements that work under a lock and are listed for a transaction.
const WORKING: usize = 4;

/// The whole answer.
pub(super) fn text(rows: &[Row<'_>], options: Options) -> String {
    let mut page = Page { out: String::new(), options, gutter: ' ' };
    let heading = |(one, file): &Row<'_>| format!("{}: {} ({})", file.path, one.migration, one.direction);
    let mut first = true;
    for migration in rows.chunk_by(|a, b| heading(a) == heading(b)) {
        if let Some(row) = migration.first() {
            if !std::mem::take(&mut first) {
                page.out.push('\n');
            }
            let heading = page.bold(&heading(row));
            page.out.push_str(&heading);
            page.out.push('\n');
        }
        for transaction in migration.chunk_by(|a, b| a.0.group == b.0.group) {
            page.transaction(transaction);
        }
    }
    page.out
}

struct Page {
    out: String,
    options: Options,
    /// The line at the left that holds the statements of a transaction together.
    gutter: char,
}

impl Page {
    /// A line that begins with the number of one of the source.
    fn numbered(&mut self, number: usize, text: &str) {
        let line = format!(" {} {number:>5}  {text}", self.gutter);
        self.line(&line);
    }

    /// A line about the statement above it, with the bar of its lock.
    fn barred(&mut self, bar: &str, text: &str) {
        let line = format!(" {}        {bar} {text}", self.gutter);
        self.line(&line);
    }

    /// A line about the statement above it.
    fn remark(&mut self, text: &str) {
        let line = format!(" {}        {:9}{text}", self.gutter, "");
        self.line(&line);
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// The statements that commit together, and what is held meanwhile.
    fn transaction(&mut self, rows: &[Row<'_>]) {
        let Some((first, _)) = rows.first() else { return };
        let held = held(rows);
        let statements = rows.chunk_by(|a, b| a.0.span == b.0.span).count();
        let whose = match first.transaction {
            "runner" => Some("transaction of the runner"),
            "explicit" => Some("transaction"),
            "unknown" if statements > 1 => Some("if all of this is one transaction"),
            _ => None,
        };
        let unicode = self.options.unicode;
        let (opening, going_on, closing) = match (whose, first.transaction, unicode) {
            (None, ..) => (' ', ' ', ' '),
            (_, "unknown", true) => ('┊', '┊', '┊'),
            (_, "unknown", false) => (':', ':', ':'),
            (_, _, true) => ('┌', '│', '└'),
            (_, _, false) => ('|', '|', '|'),
        };
        self.gutter = if held.is_some() { opening } else { going_on };
        for statement in rows.chunk_by(|a, b| a.0.span == b.0.span) {
            self.statement(statement, going_on, whose.is_none());
            self.gutter = going_on;
        }
        let (Some(whose), Some(held)) = (whose, held) else { return };
        self.gutter = closing;
        let end =
            if statements > 1 { format!("from line {} until commit", held.line) } else { "until commit".to_owned() };
        let text = self.bold(&format!("{whose}: {} on {} is held {end}", held.mode.as_sql(), held.relation));
        let bar = self.bar(Some(held.mode));
        self.barred(&bar, &text);
        self.gutter = ' ';
        if held.tables > 1 {
            self.remark(&format!("{} tables are locked against writes", held.tables));
        }
        let working = working(rows);
        if !working.is_empty() {
            let text = format!("meanwhile {}", working.join("; "));
            let text = self.colour(RED, &text);
            self.remark(&text);
        }
        if held.mode.blocks_writes() {
            self.limit(held.limit.as_deref());
        }
    }

    /// How long a lock is waited for.
    fn limit(&mut self, limit: Option<&str>) {
        match limit {
            Some(limit) => self.remark(limit),
            None => {
                let text =
                    self.colour(YELLOW, "no lock_timeout: the wait for the lock, and of all behind it, has no limit");
                self.remark(&text);
            }
        }
    }

    /// A statement: its text, a line for each relation it locks, and what it does to them. `alone`: it commits by itself.
    fn statement(&mut self, rows: &[Row<'_>], going_on: char, alone: bool) {
        let Some((one, file)) = rows.first() else { return };
        let statement: String = one.statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = statement.chars().take(SHOWN).collect();
        let rest = if short.len() < statement.len() { " …" } else { "" };
        self.numbered(lines(one, file).0, &format!("{short}{rest}"));
        self.gutter = going_on;
        let locks = strongest_first(rows);
        let known = rows.iter().all(|(one, _)| one.locks.is_some());
        let silent =
            rows.iter().all(|(one, _)| one.kind.starts_with("transaction.") || one.kind.starts_with("session."));
        if locks.is_empty() && !silent {
            let words = if known { "no lock on a table that is there" } else { "lock not known" };
            let bar = self.bar(None);
            self.barred(&bar, words);
        }
        for (relation, mode) in locks.iter().take(RELATIONS) {
            let new = is_new(rows, relation);
            let bar = if new { self.cells(Some(*mode)) } else { self.bar(Some(*mode)) };
            let waits = if new { ", made here: nobody waits" } else { waits(*mode) };
            let size = rows.iter().find_map(|(one, _)| one.sizes.get(*relation));
            let size = size.map_or_else(String::new, |size| format!(" ({size})"));
            self.barred(&bar, &format!("{relation}{size}: {}{waits}", mode.as_sql()));
        }
        if let Some(more) = locks.len().checked_sub(RELATIONS).filter(|more| *more > 0) {
            self.remark(&format!("and {more} more"));
        }
        let strongest = locks.first().map(|(_, mode)| *mode);
        let others = rows.iter().filter_map(|(one, _)| one.others).max().filter(|_| known && !locks.is_empty());
        if let Some(mode) = others.filter(|mode| Some(*mode) > strongest) {
            self.remark(&format!("perhaps others, which the history does not tell: up to {}", mode.as_sql()));
        }
        let work = work(rows);
        if !work.is_empty() {
            self.remark(&work.join("; "));
        }
        if let Some(command) = rows.iter().find_map(|(one, _)| one.refused) {
            let open = one.transaction == "runner" || one.transaction == "explicit";
            let text = format!("{command} is refused inside a transaction block");
            let text = if open { self.colour(RED, &format!("{text}, and one is open")) } else { text };
            self.remark(&text);
        }
        let blocks = locks.iter().any(|(relation, mode)| mode.blocks_writes() && !is_new(rows, relation));
        if alone && blocks {
            self.limit(one.lock_timeout.as_deref());
        }
    }

    /// Eight cells, as many of them filled as there are modes up to this one.
    fn cells(&self, mode: Option<LockMode>) -> String {
        let filled = mode.map_or(0, |mode| LockMode::ALL.iter().filter(|other| **other <= mode).count());
        let (full, empty) = if self.options.unicode { ("█", "░") } else { ("#", ".") };
        full.repeat(filled) + &empty.repeat(LockMode::ALL.len() - filled)
    }

    /// The cells in the colour of who waits.
    fn bar(&self, mode: Option<LockMode>) -> String {
        let bar = self.cells(mode);
        match mode {
            Some(mode) if mode.blocks_reads() => self.colour(RED, &bar),
            Some(mode) if mode.blocks_writes() => self.colour(YELLOW, &bar),
            Some(_) => self.colour(GREEN, &bar),
            None => bar,
        }
    }

    fn bold(&self, text: &str) -> String {
        self.colour("1", text)
    }

    fn colour(&self, code: &str, text: &str) -> String {
        if self.options.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";

/// Who has to wait.
fn waits(mode: LockMode) -> &'static str {
    match (mode.blocks_reads(), mode.blocks_writes()) {
        (true, _) => ", reads and writes wait",
        (false, true) => ", writes wait",
        (false, false) if mode == LockMode::ShareUpdateExclusive => ", reads and writes go on",
        (false, false) => "",
    }
}

/// What a transaction holds until it ends.
struct Held {
    /// Its strongest lock, the relation that is on, and the line that takes it first.
    mode: LockMode,
    relation: String,
    line: usize,
    /// Existing tables that it locks against writes.
    tables: usize,
    /// The limit for the wait for its first lock that blocks others.
    limit: Option<String>,
}

/// What the statements of a transaction hold together, of relations that other sessions use.
fn held(rows: &[Row<'_>]) -> Option<Held> {
    let mut strongest: BTreeMap<LockMode, (&str, usize)> = BTreeMap::new();
    let mut tables = BTreeSet::new();
    let mut limit = None;
    for row in rows {
        let (one, file) = row;
        for (relation, mode) in one.locks.iter().flatten() {
            if is_new(std::slice::from_ref(row), relation) || one.indexes.contains(relation) {
                continue;
            }
            strongest.entry(*mode).or_insert((relation, lines(one, file).0));
            if mode.blocks_writes() {
                tables.insert(relation);
                limit.get_or_insert_with(|| one.lock_timeout.clone());
            }
        }
    }
    let (mode, (relation, line)) = strongest.pop_last()?;
    Some(Held { mode, relation: relation.to_owned(), line, tables: tables.len(), limit: limit.flatten() })
}

/// Long work of statements while an earlier one holds a table ACCESS EXCLUSIVE.
fn working(rows: &[Row<'_>]) -> Vec<String> {
    let all = rows.iter().filter(|(one, _)| one.holds.is_some());
    let mut said: Vec<String> = all
        .filter_map(|(one, file)| {
            Some(format!("line {} {}", lines(one, file).0, one.work.as_deref()?.replace('`', "")))
        })
        .collect();
    said.dedup();
    if let Some(more) = said.len().checked_sub(WORKING).filter(|more| *more > 0) {
        said.truncate(WORKING);
        said.push(format!("{more} more"));
    }
    said
}

/// Whether the relation is made by the migration that the statement is part of.
fn is_new(rows: &[Row<'_>], relation: &str) -> bool {
    rows.iter().any(|(one, _)| one.new && one.table.as_deref() == Some(relation))
}

/// The strongest lock on each relation of a statement; those on indexes only where there are no others.
fn strongest_first<'e>(rows: &'e [Row<'_>]) -> Vec<(&'e str, LockMode)> {
    let mut locks: BTreeMap<&str, LockMode> = BTreeMap::new();
    let mut of_indexes: BTreeMap<&str, LockMode> = BTreeMap::new();
    for (one, relation, mode) in
        rows.iter().flat_map(|(one, _)| one.locks.iter().flatten().map(move |(r, m)| (one, r, m)))
    {
        let of = if one.indexes.contains(relation) { &mut of_indexes } else { &mut locks };
        let held = of.entry(relation).or_insert(*mode);
        *held = (*held).max(*mode);
    }
    if locks.is_empty() {
        locks = of_indexes;
    }
    let mut locks: Vec<_> = locks.into_iter().collect();
    locks.sort_by_key(|(relation, mode)| (std::cmp::Reverse(*mode), *relation));
    locks
}

/// What is written anew, built and read in full.
fn work(rows: &[Row<'_>]) -> Vec<String> {
    let all = |part: fn(&Explained) -> &Option<Vec<String>>| {
        let mut names: Vec<&str> =
            rows.iter().flat_map(|(one, _)| part(one).iter().flatten()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        (names.join(", "), rows.iter().any(|(one, _)| part(one).is_none()))
    };
    let (rewritten, _) = all(|one| &one.rewrites);
    if !rewritten.is_empty() {
        // That reads the table and builds its indexes.
        return vec![format!("rewrites {rewritten} and its indexes")];
    }
    let mut said = Vec::new();
    for (verb, may, part) in [
        ("rewrites", "may rewrite the table", all(|one| &one.rewrites)),
        ("builds an index of", "may build an index", all(|one| &one.builds)),
        ("reads all of", "may read all of the table", all(|one| &one.scans)),
    ] {
        match part {
            (names, _) if !names.is_empty() => {
                let mut text = String::new();
                // Writing to a string does not fail.
                let _ = write!(text, "{verb} {names}");
                said.push(text);
            }
            (_, true) => said.push(may.to_owned()),
            _ => {}
        }
    }
    said
}

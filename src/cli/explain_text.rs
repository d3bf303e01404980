//! `ddlint explain` for people: what each statement locks, and for how long.

use std::collections::BTreeMap;
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

/// The whole answer.
pub(super) fn text(rows: &[Row<'_>], options: Options) -> String {
    let mut page = Page { out: String::new(), options };
    let heading = |(one, file): &Row<'_>| format!("{}: {} ({})", file.path, one.migration, one.direction);
    let mut first = true;
    for migration in rows.chunk_by(|a, b| heading(a) == heading(b)) {
        if let Some(row) = migration.first() {
            if !std::mem::take(&mut first) {
                page.line("");
            }
            let heading = page.bold(&heading(row));
            page.line(&heading);
        }
        for transaction in migration.chunk_by(|a, b| a.0.group == b.0.group) {
            for statement in transaction.chunk_by(|a, b| a.0.span == b.0.span) {
                page.statement(statement);
            }
            page.transaction(transaction);
        }
    }
    page.out
}

struct Page {
    out: String,
    options: Options,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// A statement: its text, a line for each relation it locks, and what it does to them.
    fn statement(&mut self, rows: &[Row<'_>]) {
        let Some((one, file)) = rows.first() else { return };
        let statement: String = one.statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = statement.chars().take(SHOWN).collect();
        let rest = if short.len() < statement.len() { " …" } else { "" };
        self.line(&format!("  {:>5}  {short}{rest}", lines(one, file).0));
        let locks = strongest_first(rows);
        let known = rows.iter().all(|(one, _)| one.locks.is_some());
        let silent =
            rows.iter().all(|(one, _)| one.kind.starts_with("transaction.") || one.kind.starts_with("session."));
        if locks.is_empty() && !silent {
            let words = if known { "no lock on a table that is there" } else { "lock not known" };
            let bar = self.bar(None);
            self.line(&format!("         {bar} {words}"));
        }
        for (relation, mode) in locks.iter().take(RELATIONS) {
            let bar = self.bar(Some(*mode));
            let new = rows.iter().any(|(one, _)| one.new && one.table.as_deref() == Some(relation));
            let waits = if new { ", made here: nobody waits" } else { waits(*mode) };
            self.line(&format!("         {bar} {relation}: {}{waits}", mode.as_sql()));
        }
        if let Some(more) = locks.len().checked_sub(RELATIONS).filter(|more| *more > 0) {
            self.line(&format!("                  and {more} more"));
        }
        let strongest = locks.first().map(|(_, mode)| *mode);
        let others = rows.iter().filter_map(|(one, _)| one.others).max().filter(|_| known && !locks.is_empty());
        if let Some(mode) = others.filter(|mode| Some(*mode) > strongest) {
            self.line(&format!(
                "                  perhaps others, which the history does not tell: up to {}",
                mode.as_sql()
            ));
        }
        let work = work(rows);
        if !work.is_empty() {
            self.line(&format!("                  {}", work.join("; ")));
        }
        if let Some(command) = rows.iter().find_map(|(one, _)| one.refused) {
            let open = one.transaction == "runner" || one.transaction == "explicit";
            let text = format!("{command} is refused inside a transaction block");
            let text = if open { self.colour(RED, &format!("{text}, and one is open")) } else { text };
            self.line(&format!("                  {text}"));
        }
    }

    /// The strongest lock that is held until the transaction ends.
    fn transaction(&mut self, rows: &[Row<'_>]) {
        let Some((first, file)) = rows.first() else { return };
        let statements = rows.chunk_by(|a, b| a.0.span == b.0.span).count();
        let whose = match first.transaction {
            "runner" => "transaction of the runner",
            "explicit" => "transaction",
            "unknown" if statements > 1 => "if all of this is one transaction",
            _ => return,
        };
        let mut held: BTreeMap<LockMode, (&str, usize)> = BTreeMap::new();
        for (one, _) in rows {
            for (relation, mode) in one.locks.iter().flatten() {
                if one.new && one.table.as_ref() == Some(relation) {
                    continue;
                }
                held.entry(*mode).or_insert((relation, lines(one, file).0));
            }
        }
        let Some((mode, (relation, line))) = held.last_key_value() else { return };
        let end = if statements > 1 { format!("from line {line} until commit") } else { "until commit".to_owned() };
        let bar = self.bar(Some(*mode));
        let text = format!("{whose}: {} on {relation} is held {end}", mode.as_sql());
        self.line(&format!("         {bar} {}", self.bold(&text)));
    }

    /// Eight cells, as many of them filled as there are modes up to this one.
    fn bar(&self, mode: Option<LockMode>) -> String {
        let filled = mode.map_or(0, |mode| LockMode::ALL.iter().filter(|other| **other <= mode).count());
        let (full, empty) = if self.options.unicode { ("█", "░") } else { ("#", ".") };
        let bar = full.repeat(filled) + &empty.repeat(LockMode::ALL.len() - filled);
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
        (false, false) => "",
    }
}

/// The strongest lock on each relation of a statement.
fn strongest_first<'e>(rows: &'e [Row<'_>]) -> Vec<(&'e str, LockMode)> {
    let mut locks: BTreeMap<&str, LockMode> = BTreeMap::new();
    for (relation, mode) in rows.iter().flat_map(|(one, _)| one.locks.iter().flatten()) {
        let held = locks.entry(relation).or_insert(*mode);
        *held = (*held).max(*mode);
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

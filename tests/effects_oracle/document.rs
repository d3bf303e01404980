//! docs/locks.md, from what was measured.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::OfServer;
use super::cases::{Case, Topic};
use super::measure::Measured;

const HEAD: &str = "\
# Locks, rewrites and scans

What PostgreSQL does for a statement, measured on real servers. `DDLINT_BLESS=1 cargo test --test main effects_oracle`
wrote this page from their answers, not from the model that the rules ask; the same test compares the two.

";

const EXPLAINED: &str = "\
Each statement runs on what its section gives. **Locks** are those on relations that were there before, the strongest
of each, read from `pg_locks`; TOAST tables are left out. With them, another session's `SELECT` (*reads*) or `INSERT`,
`UPDATE`, `DELETE` (*writes*) on the relation waits until the transaction ends. **Rewritten** is a table or materialized
view that gets a new file with rows in it, **built** a table for which an index is built, new or anew, **scanned** a table
with rows that is read in full. Full scans are avoided by the settings of the test where a query has a choice, so that
a small table is read as a large one would be. *No* in the column *block* means that the server refuses the statement
inside a transaction block; its locks are those seen while another session keeps it waiting, for tables alone.

";

/// The page.
pub(crate) fn page(topics: &[Topic], runs: &[OfServer], cases: &[&Case], disagreements: usize) -> String {
    let mut out = String::from(HEAD);
    let majors: Vec<_> = runs.iter().map(|(major, _)| major.to_string()).collect();
    let count: usize = runs.iter().map(|(_, runs)| runs.iter().flatten().count()).sum();
    let idle = cases.iter().filter(|case| case.idle).count();
    let open = cases.iter().filter(|case| !case.unknown.is_empty()).count();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "| | |\n|---|---|\n| cases | {} |\n| versions | {} |\n| measurements (case × version) | {count} |\n\
         | disagreements with the model | {disagreements} |\n| of these cases: a part is decided by the plan, by the \
         rows or by what the schema does not hold, and the model may leave it open | {open} |\n| of these cases: there \
         is nothing to do, which the model need not know | {idle} |\n",
        cases.len(),
        majors.join(", "),
    );
    out.push_str(EXPLAINED);
    let mut at = 0;
    for topic in topics {
        section(&mut out, topic, at, runs);
        at += topic.cases.len();
    }
    out
}

fn section(out: &mut String, topic: &Topic, first: usize, runs: &[OfServer]) {
    let _ = writeln!(out, "## {}\n", topic.title);
    if !topic.prose.is_empty() {
        let _ = writeln!(out, "{}\n", topic.prose);
    }
    let given = topic.given.trim();
    if !given.is_empty() {
        let _ = writeln!(out, "Given:\n\n```sql\n{given}\n```\n");
    }
    out.push_str(
        "| case | version | locks | waits | rewritten | built | scanned | block |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (offset, case) in topic.cases.iter().enumerate() {
        let measured =
            runs.iter().filter_map(|(major, runs)| Some((*major, &runs.get(first + offset)?.as_ref()?.measured)));
        let mut groups: Vec<(RangeInclusive<u8>, &Measured)> = Vec::new();
        for (major, measured) in measured {
            match groups.last_mut() {
                Some((range, other)) if *other == measured => *range = *range.start()..=major,
                _ => groups.push((major..=major, measured)),
            }
        }
        for (at, (range, measured)) in groups.iter().enumerate() {
            let said = if at == 0 { said(case) } else { String::new() };
            row(out, &said, range, measured);
        }
    }
    out.push('\n');
}

/// The name of a case, its own part of what is given, and its statement.
fn said(case: &Case) -> String {
    let cell = |sql: &str| {
        let one = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        // A bar would end the cell, also within code.
        format!("`{}`", one.trim_end_matches(';').replace('|', "\\|"))
    };
    let mut text = case.name.clone();
    if !case.own.trim().is_empty() {
        let _ = write!(text, "<br>given {}", cell(&case.own));
    }
    let _ = write!(text, "<br>{}", cell(&case.statement));
    text
}

fn row(out: &mut String, said: &str, range: &RangeInclusive<u8>, measured: &Measured) {
    let versions = if range.start() == range.end() {
        range.start().to_string()
    } else {
        format!("{}–{}", range.start(), range.end())
    };
    let locks = measured.locks.iter().map(|(relation, modes)| {
        let modes: Vec<_> = modes.iter().map(|mode| mode.as_sql()).collect();
        format!("{relation}: {}", modes.join(", "))
    });
    let waits = |test: fn(ddlint::effects::LockMode) -> bool| measured.locks.values().flatten().any(|mode| test(*mode));
    let waits = match (waits(ddlint::effects::LockMode::blocks_reads), waits(ddlint::effects::LockMode::blocks_writes))
    {
        (true, _) => "reads, writes",
        (false, true) => "writes",
        (false, false) => "",
    };
    let names = |names: &std::collections::BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        out,
        "| {said} | {versions} | {} | {waits} | {} | {} | {} | {} |",
        locks.collect::<Vec<_>>().join("<br>"),
        names(&measured.rewrites),
        names(&measured.builds),
        names(&measured.scans),
        if measured.refuses_transaction { "no" } else { "yes" },
    );
}

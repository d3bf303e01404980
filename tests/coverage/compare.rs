//! The two comparisons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ddlint::ir::{Details, OpKind, OpaqueReason, Operation};

use super::claims::{self, Claim};
use super::consequence;
use super::{Event, Noted};

/// How many of `total` are as they should be, and those that are not.
pub(crate) struct Outcome {
    /// What is counted.
    pub(crate) what: &'static str,
    /// How many were compared.
    pub(crate) total: usize,
    /// Those that are not as they should be: the test, the statement on one line, and what is wrong.
    pub(crate) wrong: Vec<(String, String, String)>,
    /// What was left out, by its reason.
    pub(crate) left_out: BTreeMap<&'static str, usize>,
}

impl Outcome {
    /// The share that is as it should be.
    pub(crate) fn share(&self) -> f64 {
        let wrong = u32::try_from(self.wrong.len()).unwrap_or(u32::MAX);
        let total = u32::try_from(self.total.max(1)).unwrap_or(u32::MAX);
        1.0 - f64::from(wrong) / f64::from(total)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = self.total - self.wrong.len();
        writeln!(f, "{}: {right} of {} ({:.3} %)", self.what, self.total, 100.0 * self.share())?;
        for (file, statement, wrong) in &self.wrong {
            writeln!(f, "  {file}: {statement}\n      {wrong}")?;
        }
        Ok(())
    }
}

/// A statement on one line, cut where it is long.
fn one_line(sql: &str) -> String {
    let mut line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > 160 {
        line.truncate(line.floor_char_boundary(157));
        line.push('…');
    }
    line
}

/// Whether the statements that the server can parse are typed.
pub(crate) fn typed(noted: &[Noted], read: &[Vec<Operation>]) -> Outcome {
    let mut wrong = Vec::new();
    let mut total = 0;
    for (one, operations) in noted.iter().zip(read).filter(|(one, _)| one.parses()) {
        if one.sql.trim_matches([';', ' ', '\n']).is_empty() {
            continue;
        }
        total += 1;
        // A text that a block or a called function makes when it runs is said to be unresolved; the statement is typed.
        let unresolved = |op: &Operation| matches!(op.details, Details::Opaque(OpaqueReason::Unresolved(_)));
        let opaque = operations.iter().find(|op| op.kind == OpKind::Opaque && !unresolved(op));
        let problem = match opaque {
            Some(op) => format!("{:?}", op.details),
            None if operations.is_empty() => "nothing is read".to_owned(),
            None => continue,
        };
        wrong.push((one.file.clone(), one_line(&one.sql), problem));
    }
    Outcome { what: "statements typed", total, wrong, left_out: BTreeMap::new() }
}

/// Whether the objects that operations name are those that the server saw.
pub(crate) fn events(noted: &[Noted], read: &[Vec<Operation>]) -> Outcome {
    let mut wrong = Vec::new();
    let mut total = 0;
    let mut left_out = BTreeMap::new();
    for (one, operations) in noted.iter().zip(read) {
        if one.sqlstate.is_some() {
            continue;
        }
        let seen: Vec<&Event> = one.events.iter().filter(|event| claims::counts(event)).collect();
        let claims: Vec<Claim> = operations.iter().flat_map(claims::of).collect();
        let (compared, problems) = settle(&seen, operations, &claims, &mut left_out);
        total += compared;
        wrong.extend(problems.into_iter().map(|problem| (one.file.clone(), one_line(&one.sql), problem)));
    }
    Outcome { what: "objects agreed on", total, wrong, left_out }
}

/// Compares what was seen with what is claimed: how many were compared, and what has no counterpart.
fn settle(
    seen: &[&Event],
    operations: &[Operation],
    claims: &[Claim],
    left_out: &mut BTreeMap<&'static str, usize>,
) -> (usize, Vec<String>) {
    let mut met: Vec<bool> = vec![false; claims.len()];
    let mut problems: BTreeSet<String> = BTreeSet::new();
    let mut compared = 0;
    for event in seen {
        let mut found = false;
        for (claim, met) in claims.iter().zip(&mut met) {
            if claim.meets(event) {
                *met = true;
                found = true;
            }
        }
        if !found && let Some(reason) = consequence::reason(event, operations, claims) {
            *left_out.entry(reason).or_default() += 1;
            continue;
        }
        compared += 1;
        if !found {
            let identity = event.identity.as_deref().unwrap_or("-");
            problems.insert(format!("seen, not read: {} {} {identity}", event.tag, event.object_type));
        }
    }
    for (claim, met) in claims.iter().zip(met) {
        if !met && claim.certain {
            compared += 1;
            problems.insert(format!("read, not seen: {claim}"));
        }
    }
    (compared, problems.into_iter().collect())
}

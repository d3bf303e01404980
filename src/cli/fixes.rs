//! `ddlint check --fix`.

use super::output::{Failure, note};
use super::verdict::CLEAN;
use crate::diagnostic::{Applicability, Status};
use crate::engine::Outcome;
use crate::fix;
use crate::source::{self, Sources};

/// Writes the fixes of the findings that count into their files: the safe ones, with `unsafe_too` all.
pub(super) fn write(outcome: &Outcome, sources: &Sources, unsafe_too: bool) -> Result<u8, Failure> {
    let (mut made, mut left) = (0, 0);
    for file in &outcome.files {
        let mut edits = Vec::new();
        let findings = outcome.diagnostics.iter().filter(|d| d.span.file == file.id && d.status == Status::New);
        for fix in findings.filter_map(|diagnostic| diagnostic.fix.as_ref()) {
            if fix.applicability == Applicability::Safe || unsafe_too {
                edits.extend(fix.edits.iter().cloned());
            } else {
                left += 1;
            }
        }
        if !edits.is_empty() {
            let (text, count) = fix::apply(&file.text, &edits);
            source::write_text(&sources.root().join(&file.path), &text)?;
            made += count;
        }
    }
    let hint = if left > 0 { format!("; {left} more with --unsafe-fixes") } else { String::new() };
    note(&format!("{made} fixes made{hint}"));
    Ok(CLEAN)
}

//! What a run of `check` says and returns.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::args::CheckArgs;
use crate::diagnostic::Severity;
use crate::engine::{Outcome, Summary};
use crate::report::{self, Format, Options};

/// Nothing was found that counts.
pub const CLEAN: u8 = 0;
/// Something was found that counts.
pub const FINDINGS: u8 = 1;
/// The run could not be done: usage, configuration, a path that cannot be read.
pub const FAILURE: u8 = 2;

/// The exit code of a run. The format of the report has no say in it.
pub fn exit_code(summary: &Summary, fail_on: Option<Severity>, exit_zero: bool) -> u8 {
    let counting = match fail_on {
        Some(Severity::Error) => summary.errors,
        Some(Severity::Warning) => summary.errors + summary.warnings,
        Some(Severity::Info) => summary.errors + summary.warnings + summary.infos,
        None => 0,
    };
    if counting == 0 || exit_zero { CLEAN } else { FINDINGS }
}

/// The report of `outcome` as `args` ask for it, and the exit code.
pub fn report(
    outcome: &Outcome,
    args: &CheckArgs,
    format: Format,
    fail_on: Option<Severity>,
    quiet: bool,
    options: Options,
) -> (String, u8) {
    let code = exit_code(&outcome.summary, fail_on, args.exit_zero);
    let options = Options { show_suppressed: args.show_suppressed, summary: !quiet, exit_code: code, ..options };
    let text_for_people = matches!(format, Format::Full | Format::Concise);
    let text = if args.statistics && text_for_people {
        statistics(outcome, &options)
    } else {
        report::render(format, outcome, &options)
    };
    (text, code)
}

/// Findings counted by rule, most first.
pub fn statistics(outcome: &Outcome, options: &Options) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for diagnostic in options.shown(outcome) {
        *counts.entry((&diagnostic.rule, diagnostic.severity.as_str())).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
    let width = rows.first().map_or(1, |(_, count)| count.to_string().len());
    let mut out = String::new();
    for ((rule, severity), count) in rows {
        // Writing to a `String` does not fail.
        let _ = writeln!(out, "{count:width$}  {severity:7}  {rule}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_follows_fail_on_and_nothing_else() {
        let found = |errors, warnings, infos| Summary { errors, warnings, infos, ..Summary::default() };
        for (summary, fail_on, exit_zero, expected) in [
            (found(0, 0, 9), Some(Severity::Warning), false, CLEAN),
            (found(0, 1, 0), Some(Severity::Warning), false, FINDINGS),
            (found(0, 1, 0), Some(Severity::Error), false, CLEAN),
            (found(1, 0, 0), Some(Severity::Error), false, FINDINGS),
            (found(1, 1, 0), None, false, CLEAN),
            (found(1, 1, 0), Some(Severity::Warning), true, CLEAN),
            (Summary { baselined: 25, suppressed: 3, ..Summary::default() }, Some(Severity::Warning), false, CLEAN),
        ] {
            assert_eq!(exit_code(&summary, fail_on, exit_zero), expected, "{summary:?} {fail_on:?}");
        }
    }
}

//! Comments that silence findings.
//!
//! `-- ddlint: ignore[rule, other-rule] reason`, likewise after `#` and in `/* … */`: on a line of the statement, or on
//! the lines directly before it. `ignore-block[…]` silences the migration block or function that the comment stands in
//! (or directly before), `ignore-file[…]`, before the first statement, the file. Without a list all rules are meant.
//!
//! In Python the comment can be Python's or stand in the SQL string; the statement's line is then the whole call: a
//! bracket or string that opens or closes on the line belongs to it.

mod directive;
mod lex;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Severity;
use crate::diagnostic::did_you_mean;
use crate::source::{Problem, SourceFile};
use crate::span::{FileId, LineIndex, Span};

use directive::{Directive, MARK, Malformed, Reach};
use lex::Comment;

/// Why a finding is silenced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Justification {
    /// The comment that silences it.
    pub span: Span,
    /// The reason it gives.
    pub reason: Option<String>,
}

/// A suppression comment of the file.
#[derive(Clone, Debug)]
struct Suppression {
    comment: Comment,
    span: Span,
    directive: Directive,
    /// The rules it has silenced; of `directive.rules` by position, or the one entry that stands for all rules.
    used: Vec<bool>,
}

/// One rule of one suppression comment, by the lines that it speaks about.
#[derive(Clone, Copy, Debug)]
struct Claim {
    first: usize,
    last: usize,
    suppression: usize,
    /// Position in [`Suppression::used`].
    rule: usize,
}

/// The claims of a rule, sorted by first line, with the farthest-reaching one so far at each position: with it a
/// question is answered by binary search, however the claims overlap.
#[derive(Clone, Default, Debug)]
struct Claims {
    sorted: Vec<Claim>,
    farthest: Vec<usize>,
}

impl Claims {
    fn seal(&mut self) {
        self.sorted.sort_by_key(|claim| (claim.first, claim.last));
        let mut best = 0;
        for (at, claim) in self.sorted.iter().enumerate() {
            if self.sorted.get(best).is_none_or(|farthest| claim.last >= farthest.last) {
                best = at;
            }
            self.farthest.push(best);
        }
    }

    /// A claim that shares a line with `first..=last`: the nearest that starts there or before.
    fn find(&self, first: usize, last: usize) -> Option<Claim> {
        let before = self.sorted.partition_point(|claim| claim.first <= last);
        let nearest = before.checked_sub(1)?;
        let candidates = [Some(nearest), self.farthest.get(nearest).copied()];
        candidates.into_iter().flatten().filter_map(|at| self.sorted.get(at)).find(|claim| claim.last >= first).copied()
    }
}

/// The suppression comments of a file, and which of them were of use.
#[derive(Clone, Default, Debug)]
pub struct Suppressions {
    file: FileId,
    lines: Option<LineIndex>,
    all: Vec<Suppression>,
    malformed: Vec<(Span, Malformed)>,
    /// Statement claims by rule; the empty name for those that mean every rule.
    statements: BTreeMap<String, Claims>,
    /// Block claims likewise; their lines are those of the comment.
    blocks: BTreeMap<String, Claims>,
    /// File claims likewise, the first of each.
    files: BTreeMap<String, Claim>,
}

impl Suppressions {
    /// Reads the comments of `file`. Costs a search for the mark where there is none.
    pub fn scan(file: &SourceFile) -> Self {
        let mut this = Self { file: file.id, ..Self::default() };
        if !file.text.contains(MARK) {
            return this;
        }
        this.lines = Some(file.lines.clone());
        for comment in lex::comments(file) {
            let span = Span::new(file.id, comment.range.start, comment.range.end);
            match directive::parse(span.slice(&file.text), comment.range.start) {
                None => {}
                Some(Err(malformed)) => this.malformed.push((span, malformed)),
                Some(Ok(directive)) => this.add(comment, span, directive, file),
            }
        }
        for claims in this.statements.values_mut().chain(this.blocks.values_mut()) {
            claims.seal();
        }
        this
    }

    fn add(&mut self, comment: Comment, span: Span, directive: Directive, file: &SourceFile) {
        let names: Vec<String> = match &directive.rules {
            Some(rules) => rules.iter().map(|(name, _)| name.clone()).collect(),
            None => vec![String::new()],
        };
        for (rule, name) in names.iter().enumerate() {
            let mut claim = Claim { first: comment.first, last: comment.last, suppression: self.all.len(), rule };
            match directive.reach {
                Reach::Statement => self.statements.entry(name.clone()).or_default().sorted.push(claim),
                Reach::Block => {
                    (claim.first, claim.last) = (file.lines.line(span.start), comment.first);
                    self.blocks.entry(name.clone()).or_default().sorted.push(claim);
                }
                Reach::File if comment.leading => {
                    self.files.entry(name.clone()).or_insert(claim);
                }
                Reach::File => {}
            }
        }
        let used = vec![false; names.len()];
        self.all.push(Suppression { comment, span, directive, used });
    }

    /// Whether a comment silences `rule` at `span`, the finding's primary place, in `statement`, in `block`; the
    /// comment is then of use.
    ///
    /// The nearest comment answers: on the lines of `span`, then of `statement`, then for the block, then for the file.
    pub fn apply(&mut self, span: Span, statement: Span, block: Option<Span>, rule: &str) -> Option<Justification> {
        let claim = [rule, ""].into_iter().find_map(|name| self.claim(span, statement, block, name))?;
        let suppression = self.all.get_mut(claim.suppression)?;
        if let Some(used) = suppression.used.get_mut(claim.rule) {
            *used = true;
        }
        Some(Justification { span: suppression.span, reason: suppression.directive.reason.clone() })
    }

    fn claim(&self, span: Span, statement: Span, block: Option<Span>, name: &str) -> Option<Claim> {
        let lines = |of: Span| {
            let index = self.lines.as_ref().filter(|_| of.file == self.file)?;
            Some((index.line(of.start), index.line(of.end.max(of.start + 1) - 1)))
        };
        let at = |claims: &BTreeMap<String, Claims>, of: Span| {
            let (first, last) = lines(of)?;
            claims.get(name)?.find(first, last)
        };
        at(&self.statements, span)
            .or_else(|| at(&self.statements, statement))
            .or_else(|| at(&self.blocks, block?))
            .or_else(|| self.files.get(name).filter(|_| span.file == self.file).copied())
    }

    /// What is wrong with the comments, in order: rules `unknown-rule` (not in `known`), `unused-suppression` (silenced
    /// nothing; only for rules in `enabled`, the others had no chance) and, with `require_reason`,
    /// `suppression-without-reason`. To be asked after the last [`Self::apply`].
    pub fn problems(&self, known: &BTreeSet<&str>, enabled: &BTreeSet<&str>, require_reason: bool) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.malformed.iter().map(malformed).collect();
        for suppression in &self.all {
            if require_reason && suppression.directive.reason.is_none() {
                problems.push(without_reason(suppression));
            }
            let Some(rules) = &suppression.directive.rules else {
                if !suppression.used.contains(&true) {
                    problems.push(unused(suppression, suppression.span, None));
                }
                continue;
            };
            for ((name, range), used) in rules.iter().zip(&suppression.used) {
                let span = Span::new(self.file, range.start, range.end);
                if !known.contains(name.as_str()) {
                    problems.push(unknown(span, name, known));
                } else if !used && enabled.contains(name.as_str()) {
                    problems.push(unused(suppression, span, Some(name)));
                }
            }
        }
        problems.sort_by_key(|problem| (problem.span, problem.rule));
        problems
    }
}

fn warning(rule: &'static str, span: Span, message: String, help: String) -> Problem {
    Problem { rule, span, severity: Severity::Warning, message, help: Some(help) }
}

fn malformed((span, Malformed(message)): &(Span, Malformed)) -> Problem {
    let help =
        format!("write `{MARK} ignore[rule] reason`, or `ignore-block` or `ignore-file` for more than a statement");
    warning("unused-suppression", *span, message.clone(), help)
}

fn without_reason(suppression: &Suppression) -> Problem {
    let word = suppression.directive.reach.as_str();
    let message = format!("`{MARK} {word}` gives no reason");
    warning(
        "suppression-without-reason",
        suppression.span,
        message,
        "say after the list why this is fine here".to_owned(),
    )
}

fn unused(suppression: &Suppression, span: Span, rule: Option<&str>) -> Problem {
    let reach = suppression.directive.reach;
    let what = rule.map_or_else(|| "any rule".to_owned(), |rule| format!("`{rule}`"));
    let (message, help) = match reach {
        Reach::File if !suppression.comment.leading => (
            format!("`{MARK} ignore-file` counts only before the first statement"),
            "move the comment to the start of the file, or use `ignore` or `ignore-block`",
        ),
        Reach::File => (format!("no finding of {what} in this file"), "delete the comment"),
        Reach::Block => (format!("no finding of {what} in this block"), "delete the comment"),
        Reach::Statement => (format!("no finding of {what} at this statement"), "delete the comment"),
    };
    warning("unused-suppression", span, message, help.to_owned())
}

fn unknown(span: Span, name: &str, known: &BTreeSet<&str>) -> Problem {
    let meant = did_you_mean(name, known.iter().copied());
    let help = meant.unwrap_or_else(|| "`ddlint rule` lists the rules".to_owned());
    warning("unknown-rule", span, format!("no rule is named `{name}`"), help)
}

#[cfg(test)]
mod tests;

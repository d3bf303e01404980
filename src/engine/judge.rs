//! Puts every operation before every rule that is about its kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::diagnostic::{About, Confidence, Diagnostic, Fix, Label, Severity, Status};
use crate::expr::{Env, Value};
use crate::facts::{FACTS, FactId, Model, Size, View, Weight};
use crate::fix;
use crate::ir::{Details, Direction, Known, OpKind, Operation, QualifiedName, Tri};
use crate::rule::{LabelAt, OnUnknown, OncePer, Rule};
use crate::source::SourceFile;
use crate::span::Span;

/// A finding with what suppressions need to know about it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) diagnostic: Diagnostic,
    /// The migration it is in.
    pub(super) block: Span,
}

/// Rules by the kind of operation they are about.
pub(super) struct Judge<'a> {
    model: &'a Model,
    files: &'a [Arc<SourceFile>],
    by_kind: BTreeMap<OpKind, Vec<&'a Arc<Rule>>>,
    /// What rules that speak once have spoken about.
    said: BTreeSet<(&'a str, OncePer, (u32, usize))>,
}

/// The facts of one operation, as conditions ask for them.
struct Facts<'a>(View<'a>);

impl Env for Facts<'_> {
    fn get(&self, id: u32) -> Value {
        FACTS.get(id as usize).map_or(Value::Unknown, |fact| (fact.get)(&self.0))
    }
}

impl Facts<'_> {
    /// The value as it reads in a message: what is not known is shown as the source has it.
    fn show(&self, id: FactId) -> String {
        match self.get(id) {
            Value::Unknown => self.shown_unknown(id),
            value => value.to_string(),
        }
    }

    fn shown_unknown(&self, id: FactId) -> String {
        let op = self.0.op;
        // The server names an index for which no name is written; its keys are what a reader finds in the statement.
        if let (None, Details::Index(index), Some("index.name" | "op.name")) = (&op.name, &op.details, fact_name(id)) {
            let keys: Vec<_> = index.columns.iter().map(|key| key.text.as_str()).collect();
            return format!("({})", keys.join(", "));
        }
        let written = match fact_name(id) {
            Some("table.name" | "effect.rewritten" | "effect.scanned") => op.table.as_ref().or(op.name.as_ref()),
            Some("op.name" | "index.name" | "partition.scanned") => op.name.as_ref().or(op.table.as_ref()),
            _ => return "?".to_owned(),
        };
        // VACUUM FULL and REINDEX without a name are about all there is.
        let all = if op.kind.family() == "table" { "every table" } else { "?" };
        written.map_or_else(|| all.to_owned(), ToString::to_string)
    }
}

fn fact_name(id: FactId) -> Option<&'static str> {
    FACTS.get(id as usize).map(|fact| fact.name)
}

impl<'a> Judge<'a> {
    /// `rules` are those enabled, with their severities as configured.
    pub(super) fn new(model: &'a Model, rules: &'a [Arc<Rule>], files: &'a [Arc<SourceFile>]) -> Self {
        let mut by_kind: BTreeMap<OpKind, Vec<&Arc<Rule>>> = BTreeMap::new();
        for rule in rules.iter().filter(|rule| !rule.raised_by_engine) {
            for kind in &rule.on {
                by_kind.entry(*kind).or_default().push(rule);
            }
        }
        Self { model, files, by_kind, said: BTreeSet::new() }
    }

    /// Every finding, in the order of the operations.
    pub(super) fn findings(mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (m, migration) in self.model.timeline.migrations.iter().enumerate() {
            if migration.direction == Direction::Down {
                continue;
            }
            for o in 0..migration.operations.len() {
                if let Some(view) = self.model.view(m, o) {
                    self.operation((m, o), view, &mut findings);
                }
            }
        }
        findings
    }

    fn operation(&mut self, at: (usize, usize), view: View<'a>, findings: &mut Vec<Finding>) {
        let Some(rules) = self.by_kind.get(&view.op.kind) else { return };
        let facts = Facts(view);
        let mut hits = Vec::new();
        for rule in rules {
            let dialect = rule.dialects.is_empty() || rule.dialects.contains(&view.op.statement.dialect);
            let role = rule.roles.is_empty() || rule.roles.contains(&view.migration.role);
            if !dialect || !role {
                continue;
            }
            let confidence = match rule.when.as_ref().map_or(Tri::Yes, |when| when.eval(&facts)) {
                Tri::Yes if doubtful(rule, &facts) => Confidence::Low,
                Tri::Yes => rule.confidence,
                Tri::Unknown if rule.on_unknown == OnUnknown::Report => Confidence::Low,
                Tri::Unknown | Tri::No => continue,
            };
            hits.push((Arc::clone(rule), rule.name.as_str(), confidence));
        }
        for (rule, name, confidence) in hits {
            if self.says(name, rule.once_per, at, &view) {
                let mut finding = finding(&rule, confidence, &facts);
                finding.diagnostic.fix = self.fix(&rule, &view);
                findings.push(finding);
            }
        }
    }

    /// The rewrite that the rule asks for. A file whose offsets are not those on disk is not rewritten.
    fn fix(&self, rule: &Rule, view: &View<'_>) -> Option<Fix> {
        let name = rule.fix.as_deref()?;
        // The server refuses to build an index of a partitioned table CONCURRENTLY.
        if name == "index-concurrently" && view.table_is_partitioned() {
            return None;
        }
        let file = self.files.get(view.op.span.file.0 as usize).filter(|file| file.exact)?;
        fix::propose(name, view.op, &file.text, view.transaction_open())
    }

    /// Whether the rule has not spoken yet where it speaks once.
    fn says(&mut self, rule: &'a str, once: OncePer, at: (usize, usize), view: &View<'_>) -> bool {
        let place = match once {
            OncePer::Operation => return true,
            OncePer::Statement => (view.op.statement.span.file.0, view.op.statement.span.start as usize),
            OncePer::Transaction => (0, view.state.group),
            OncePer::Migration => (0, at.0),
            OncePer::File => (view.migration.span.file.0, 0),
            OncePer::Project => (0, view.project()),
        };
        self.said.insert((rule, once, place))
    }
}

/// Whether the page says that a finding here has low confidence.
fn doubtful(rule: &Rule, facts: &Facts<'_>) -> bool {
    rule.doubt.as_ref().is_some_and(|doubt| doubt.eval(facts) == Tri::Yes)
}

fn finding(rule: &Rule, confidence: Confidence, facts: &Facts<'_>) -> Finding {
    let view = facts.0;
    let op = view.op;
    let show = |id: u32| facts.show(id);
    let statement = op.place();
    let escalated = rule.escalate.as_ref().filter(|escalate| escalate.when.eval(facts) == Tri::Yes);
    let severity = escalated.map_or(rule.severity, |escalate| escalate.severity.max(rule.severity));
    let weight = if rule.by_size { view.weight() } else { Weight::default() };
    let severity = match weight.size {
        Some(Size::Large) => severity.raised(),
        Some(Size::Small) => severity.lowered(),
        Some(Size::Middling) | None => severity,
    };
    let message = std::iter::once(rule.message.render(&show)).chain(weight.evidence).collect::<Vec<_>>().join("; ");
    let mut related: Vec<_> = op
        .context
        .via
        .iter()
        .filter(|via| **via != op.span)
        .map(|via| Label { span: *via, text: "called from here".to_owned() })
        .collect();
    related.extend(around(rule, &view));
    let about = About {
        kind: Some(op.kind.as_str()),
        table: view.table().map(ToString::to_string),
        name: op.name.as_ref().and_then(|name| name.known()).map(ToString::to_string),
    };
    let diagnostic = Diagnostic {
        span: place(rule.label_at, op),
        statement,
        rule: rule.name.clone(),
        group: rule.group.clone(),
        severity,
        confidence: confidence.min(op.context.confidence.unwrap_or(Confidence::High)),
        message,
        label: rule.label.render(&show),
        related,
        help: rule.help.as_ref().map(|help| help.render(&show)),
        url: rule.url.clone(),
        fingerprint: fingerprint(&rule.name, op.statement.fingerprint, &about),
        about,
        status: Status::New,
        justification: None,
        fix: None,
    };
    Finding { diagnostic, block: view.migration.span }
}

/// Other places of the transaction that the rule's facts are about.
fn around(rule: &Rule, view: &View<'_>) -> Vec<Label> {
    /// A message about hundreds of tables does not need them all.
    const MOST: usize = 8;
    let mut labels = Vec::new();
    if !mentions(rule, "transaction.") {
        return labels;
    }
    if let Some(opened) = view.model.timeline.transactions.get(view.state.group).and_then(|t| t.opened) {
        labels.push(Label { span: opened, text: "the transaction is opened here".to_owned() });
    }
    if mentions(rule, "transaction.holds")
        && let Some((table, operation)) = view.holds()
    {
        let text = format!("`{table}` is locked from here to the commit");
        labels.push(Label { span: operation.span, text });
    }
    if mentions(rule, "transaction.tables_locked") {
        let tables = view.locked_tables().filter(|(_, operation)| operation.span != view.op.span).take(MOST);
        let label = |(table, operation): (&QualifiedName, &Operation)| Label {
            span: operation.span,
            text: format!("`{table}` is locked here"),
        };
        labels.extend(tables.map(label));
    }
    labels
}

/// The bytes that a rule underlines.
fn place(at: LabelAt, op: &Operation) -> Span {
    match at {
        LabelAt::Op => op.span,
        LabelAt::Statement => op.place(),
        LabelAt::Table => op.table.as_ref().map_or(op.span, Known::span),
        LabelAt::Name => op.name.as_ref().map_or(op.span, Known::span),
    }
}

/// Whether the rule's condition mentions a fact that starts with `prefix`.
fn mentions(rule: &Rule, prefix: &str) -> bool {
    let named = |id: &u32| FACTS.get(*id as usize).is_some_and(|fact| fact.name.starts_with(prefix));
    rule.when.as_ref().is_some_and(|when| when.facts().iter().any(named))
}

/// The key of a finding: rule, statement and object, never a line.
fn fingerprint(rule: &str, statement: u64, about: &About) -> String {
    let mut hash = Xxh3::new();
    for part in [
        rule,
        about.kind.unwrap_or_default(),
        about.table.as_deref().unwrap_or_default(),
        about.name.as_deref().unwrap_or_default(),
    ] {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    hash.update(&statement.to_le_bytes());
    format!("{:016x}", hash.digest())
}

/// A finding that the engine raises about a file.
pub(super) fn about_file(
    rule: &Rule,
    severity: Severity,
    span: Span,
    message: String,
    help: Option<String>,
) -> Finding {
    let mut hash = Xxh3::new();
    hash.update(rule.name.as_bytes());
    hash.update(message.as_bytes());
    let diagnostic = Diagnostic {
        span,
        statement: span,
        rule: rule.name.clone(),
        group: rule.group.clone(),
        severity,
        confidence: Confidence::High,
        message,
        label: String::new(),
        related: Vec::new(),
        help,
        url: rule.url.clone(),
        about: About::default(),
        fingerprint: format!("{:016x}", hash.digest()),
        status: Status::New,
        justification: None,
        fix: None,
    };
    Finding { diagnostic, block: span }
}

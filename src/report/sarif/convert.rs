//! From an outcome to the objects of SARIF.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::model::{
    ArtifactChange, ArtifactLocation, AutomationDetails, Configuration, Content, Descriptor, DescriptorReference,
    Driver, Fingerprints, Fix, Invocation, Location, Log, Message, Notification, PhysicalLocation, Region, Replacement,
    Result, ResultProperties, RuleProperties, Run, Suppression, Tool, UriBase, UriBases,
};
use crate::diagnostic::{self, Confidence, Diagnostic, Severity, Status};
use crate::engine::Outcome;
use crate::report::Options;
use crate::report::line_hash::LineHashes;
use crate::report::place::{Place, Places, Unit};
use crate::rule::Rule;
use crate::span::{FileId, Span};

/// The rules whose findings say that a source could not be read as it is: tool notifications as well.
const NOTIFICATIONS: [&str; 2] = ["encoding", "parse-error"];
/// GitHub refuses longer texts of a rule, in characters.
const TEXT_LIMIT: usize = 1024;

/// The log of `outcome`.
pub(super) fn log(outcome: &Outcome, options: &Options) -> Log {
    let shown: Vec<&Diagnostic> = options.shown(outcome).collect();
    let (rules, index) = rules(outcome, &shown);
    let converter = Converter {
        places: Places::new(outcome),
        hashes: outcome.files.iter().map(|_| OnceCell::new()).collect(),
        index,
        show_suppressed: options.show_suppressed,
        baseline: options.show_suppressed && shown.iter().any(|d| d.status == Status::Baselined),
    };
    let unread = shown.iter().filter(|d| d.status == Status::New && NOTIFICATIONS.contains(&d.rule.as_str()));
    let invocation = Invocation {
        // Exit code 1 tells of findings; the run itself came to its end.
        execution_successful: options.exit_code <= 1,
        exit_code: options.exit_code,
        tool_execution_notifications: unread.map(|diagnostic| converter.notification(diagnostic)).collect(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let driver = Driver { name: env!("CARGO_PKG_NAME"), version, semantic_version: version, rules };
    let run = Run {
        tool: Tool { driver },
        invocations: [invocation],
        automation_details: AutomationDetails { id: "ddlint/" },
        original_uri_base_ids: UriBases { root: UriBase { description: plain("The root of the project.") } },
        column_kind: "utf16CodeUnits",
        results: shown.iter().map(|diagnostic| converter.result(diagnostic)).collect(),
    };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
}

/// The descriptors of the enabled rules (also of those without findings, so that alerts get closed) and of any other
/// rule that something shown is of; and the position of each by name.
fn rules<'o>(outcome: &'o Outcome, shown: &[&'o Diagnostic]) -> (Vec<Descriptor>, BTreeMap<&'o str, usize>) {
    let mut index = BTreeMap::new();
    let mut descriptors = Vec::new();
    for rule in &outcome.rules {
        index.insert(rule.name.as_str(), descriptors.len());
        descriptors.push(descriptor(rule));
    }
    for diagnostic in shown {
        index.entry(diagnostic.rule.as_str()).or_insert_with(|| {
            descriptors.push(nameless(diagnostic));
            descriptors.len() - 1
        });
    }
    (descriptors, index)
}

fn descriptor(rule: &Rule) -> Descriptor {
    let help = rule.url.as_ref().map_or_else(
        || format!("See `ddlint rule {}`.", rule.name),
        |url| format!("See {url} or `ddlint rule {}`.", rule.name),
    );
    Descriptor {
        id: rule.name.clone(),
        short_description: plain(&sentence(&rule.title)),
        full_description: plain(&sentence(&rule.summary)),
        help_uri: rule.url.clone(),
        help: Message { text: help, markdown: Some(rule.markdown.clone()) },
        default_configuration: Configuration { enabled: rule.enabled, level: level(rule.severity) },
        properties: properties(rule.severity, rule.confidence, &rule.group),
    }
}

/// The descriptor of a rule that is not among the enabled ones: as much as a finding of it tells.
fn nameless(diagnostic: &Diagnostic) -> Descriptor {
    let text = sentence(&diagnostic.rule.replace('-', " "));
    Descriptor {
        id: diagnostic.rule.clone(),
        short_description: plain(&text),
        full_description: plain(&text),
        help_uri: diagnostic.url.clone(),
        help: plain(&format!("See `ddlint rule {}`.", diagnostic.rule)),
        default_configuration: Configuration { enabled: true, level: level(diagnostic.severity) },
        properties: properties(diagnostic.severity, diagnostic.confidence, &diagnostic.group),
    }
}

fn properties(severity: Severity, confidence: Confidence, group: &str) -> RuleProperties {
    let problem_severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    };
    let tags = ["database", "migrations", group].into_iter().filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    RuleProperties { precision: confidence.as_str(), problem_severity, tags }
}

struct Converter<'o> {
    places: Places<'o>,
    /// By `FileId`, made on first use.
    hashes: Vec<OnceCell<LineHashes>>,
    index: BTreeMap<&'o str, usize>,
    show_suppressed: bool,
    baseline: bool,
}

impl Converter<'_> {
    fn result(&self, diagnostic: &Diagnostic) -> Result {
        let labels = diagnostic.related.iter().enumerate();
        let related = labels.map(|(at, label)| Location {
            id: Some(at + 1),
            message: (!label.text.is_empty()).then(|| plain(&label.text)),
            physical_location: self.physical(label.span),
        });
        Result {
            rule_id: diagnostic.rule.clone(),
            rule_index: self.rule_index(diagnostic),
            level: level(diagnostic.severity),
            message: message(diagnostic),
            locations: [self.location(diagnostic.span)],
            related_locations: related.collect(),
            partial_fingerprints: Fingerprints {
                line_hash: self.line_hash(diagnostic.span),
                own: diagnostic.fingerprint.clone(),
            },
            suppressions: self.show_suppressed.then(|| suppressions(diagnostic)),
            baseline_state: self.baseline.then_some(match diagnostic.status {
                Status::Baselined => "unchanged",
                Status::New | Status::Suppressed => "new",
            }),
            fixes: diagnostic.fix.iter().map(|fix| self.fix(fix)).collect(),
            properties: ResultProperties {
                confidence: diagnostic.confidence.as_str(),
                operation: diagnostic.about.kind,
                table: diagnostic.about.table.clone(),
            },
        }
    }

    fn notification(&self, diagnostic: &Diagnostic) -> Notification {
        Notification {
            associated_rule: DescriptorReference { id: diagnostic.rule.clone(), index: self.rule_index(diagnostic) },
            level: level(diagnostic.severity),
            message: message(diagnostic),
            locations: vec![self.location(diagnostic.span)],
        }
    }

    /// Every rule of a result is in the index: see [`rules`].
    fn rule_index(&self, diagnostic: &Diagnostic) -> usize {
        self.index.get(diagnostic.rule.as_str()).copied().unwrap_or_default()
    }

    fn location(&self, span: Span) -> Location {
        Location { id: None, physical_location: self.physical(span), message: None }
    }

    /// The first line of `span` as the region, and all of it as the context where that is more.
    fn physical(&self, span: Span) -> PhysicalLocation {
        let first = self.places.first_line(span);
        PhysicalLocation {
            artifact_location: self.artifact(span.file),
            region: self.region(first),
            context_region: (first != span && !span.is_empty()).then(|| self.region(span)),
        }
    }

    fn region(&self, span: Span) -> Region {
        let Place { line, column, end_line, end_column } = self.places.place(span, Unit::Utf16);
        Region { start_line: line, start_column: column, end_line, end_column }
    }

    fn artifact(&self, file: FileId) -> ArtifactLocation {
        ArtifactLocation { uri: uri(self.places.path(file)), uri_base_id: "SRCROOT" }
    }

    fn line_hash(&self, span: Span) -> Option<String> {
        let file = self.places.file(span.file)?;
        let hashes = self.hashes.get(span.file.0 as usize)?.get_or_init(|| LineHashes::new(&file.text));
        hashes.line(file.lines.line(span.start))
    }

    fn fix(&self, fix: &diagnostic::Fix) -> Fix {
        let mut changes: BTreeMap<FileId, Vec<Replacement>> = BTreeMap::new();
        for edit in &fix.edits {
            changes.entry(edit.span.file).or_default().push(Replacement {
                deleted_region: self.region(edit.span),
                inserted_content: (!edit.text.is_empty()).then(|| Content { text: edit.text.clone() }),
            });
        }
        let change = |(file, replacements)| ArtifactChange { artifact_location: self.artifact(file), replacements };
        Fix { description: plain(&fix.description), artifact_changes: changes.into_iter().map(change).collect() }
    }
}

fn suppressions(diagnostic: &Diagnostic) -> Vec<Suppression> {
    let kind = match diagnostic.status {
        Status::New => return Vec::new(),
        Status::Baselined => "external",
        Status::Suppressed => "inSource",
    };
    vec![Suppression { kind, justification: diagnostic.justification.clone() }]
}

/// Headline and help as sentences: GitHub takes the first one as the title of the alert.
fn message(diagnostic: &Diagnostic) -> Message {
    let mut text = sentence(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        text.push_str(" Help: ");
        text.push_str(&sentence(help));
    }
    // `[text](1)` would be a link to a related location (§3.11.6); a message holds names of others, never links.
    plain(&text.replace("](", "]\u{200b}("))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// `text` with a full stop, and no longer than GitHub takes.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut out: String = text.chars().take(TEXT_LIMIT - 1).collect();
    if !out.ends_with(['.', '?', '!', '…']) {
        out.push(if out.len() < text.len() { '…' } else { '.' });
    }
    out
}

fn plain(text: &str) -> Message {
    Message { text: text.to_owned(), markdown: None }
}

/// `path` as a relative reference (RFC 3986): all but unreserved characters and `/` percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 0xF] {
                out.push(char::from_digit(u32::from(digit), 16).map_or('0', |digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_percent_encoded() {
        assert_eq!(uri("db/0002 été:1%.sql"), "db/0002%20%C3%A9t%C3%A9%3A1%25.sql");
    }

    #[test]
    fn a_headline_becomes_a_sentence() {
        assert_eq!(sentence("building `ix` blocks writes"), "building `ix` blocks writes.");
        assert_eq!(sentence("did you mean `x`?"), "did you mean `x`?");
        assert_eq!(sentence(&"é".repeat(2000)).chars().count(), TEXT_LIMIT);
    }
}

//! Findings in the words of the protocol.

use std::str::FromStr;

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Range, Uri,
};

use super::client::Client;
use super::position::Positions;
use super::project::Judgement;
use crate::diagnostic::{self, Severity, Status};
use crate::span::Span;

/// What findings are signed with.
pub(super) const SOURCE: &str = "ddlint";

/// A document's findings, each beside what the editor sees of it.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// What was found and read; absent where the document was left alone.
    pub(super) judgement: Option<Judgement>,
    /// Finds columns in the document.
    pub(super) positions: Option<Positions>,
    /// What the editor sees, with the position of the finding in the outcome.
    pub(super) shown: Vec<(usize, Diagnostic)>,
}

impl Judged {
    /// The findings of `judgement` that count and lie in the document, which is at `uri`.
    pub(super) fn new(judgement: Judgement, uri: &Uri, client: &Client) -> Self {
        let positions = Positions::new(&judgement.file.text, client.encoding);
        let findings = judgement.outcome.diagnostics.iter().enumerate();
        let own = findings.filter(|(_, found)| found.status == Status::New && found.span.file == judgement.file.id);
        let shown = own.map(|(at, found)| (at, show(found, &judgement, &positions, uri, client))).collect();
        Self { judgement: Some(judgement), positions: Some(positions), shown }
    }

    /// The findings that share a place with `range`, as the engine and as the editor has them.
    pub(super) fn at(&self, range: Range) -> impl Iterator<Item = (&diagnostic::Diagnostic, &Diagnostic)> {
        let near = self
            .shown
            .iter()
            .filter(move |(_, shown)| shown.range.start <= range.end && range.start <= shown.range.end);
        near.filter_map(|(at, shown)| Some((self.judgement.as_ref()?.outcome.diagnostics.get(*at)?, shown)))
    }

    /// The diagnostics for the editor.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        self.shown.iter().map(|(_, shown)| shown.clone()).collect()
    }
}

fn show(
    found: &diagnostic::Diagnostic,
    judgement: &Judgement,
    positions: &Positions,
    uri: &Uri,
    client: &Client,
) -> Diagnostic {
    let file = &judgement.file;
    let label = Some(found.label.clone()).filter(|label| !label.is_empty());
    let help = found.help.as_ref().map(|help| format!("help: {help}"));
    let message: Vec<String> = [Some(found.message.clone()), label, help].into_iter().flatten().collect();
    let own = found.related.iter().filter(|label| client.related && label.span.file == file.id);
    let related: Vec<DiagnosticRelatedInformation> = own
        .map(|label| DiagnosticRelatedInformation {
            location: Location { uri: uri.clone(), range: positions.range(file, label.span) },
            message: label.text.clone(),
        })
        .collect();
    let url = found.url.as_ref().and_then(|url| Uri::from_str(url).ok());
    Diagnostic {
        range: positions.range(file, visible(found.span, judgement)),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(found.rule.clone())),
        code_description: url.map(|href| CodeDescription { href }),
        source: Some(SOURCE.to_owned()),
        message: message.join("\n"),
        related_information: Some(related).filter(|related| !related.is_empty()),
        tags: None,
        data: None,
    }
}

/// `span`, or for an empty one, which an editor would not show, the rest of its line.
fn visible(span: Span, judgement: &Judgement) -> Span {
    if !span.is_empty() {
        return span;
    }
    let rest = judgement.file.text.get(span.start as usize..).unwrap_or_default();
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    Span::new(span.file, span.start as usize, span.start as usize + line.len())
}

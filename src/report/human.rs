//! `full`: source excerpts with underlines, drawn by miette. The only module that names it.

mod excerpt;

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles};

use super::Options;
use super::place::{Place, Places, Unit};
use super::text::printable;
use crate::diagnostic::{Diagnostic, Label, Severity, Status};
use crate::engine::{Outcome, Summary};
use crate::span::Span;
use excerpt::Excerpt;

/// Lines of source shown before and after the labelled ones.
const CONTEXT_LINES: usize = 1;
/// A label over more lines than this is drawn on its first line only: a screen of source explains nothing.
const LABEL_LINES: usize = 8;
/// Related places drawn in the excerpt, and as many in excerpts of their own; the others are only named, so that a
/// finding stays on one screen.
const RELATED_DRAWN: usize = 4;
/// Widths below this leave no room for text beside the frame.
const NARROWEST: usize = 40;

/// Renders every finding with its excerpt, then what they add up to.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    let places = Places::new(outcome);
    let handler = handler(options);
    let mut out = String::new();
    let mut first_rule = None;
    for diagnostic in options.shown(outcome) {
        first_rule.get_or_insert(diagnostic.rule.as_str());
        let view = View::new(diagnostic, &places, options);
        // miette fails only where a label is out of its source; then the finding is said in one line, not lost.
        let before = out.len();
        let mut reports = std::iter::once(&view).chain(&view.related);
        let drawn = reports.try_for_each(|report| handler.render_report(&mut out, report));
        if drawn.is_err() {
            out.truncate(before);
            out.push_str(&one_line(diagnostic, &places));
        }
        out.push('\n');
    }
    if options.summary {
        out.push_str(&footer(&outcome.summary, first_rule));
    }
    out
}

fn handler(options: &Options) -> GraphicalReportHandler {
    let characters = if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_context_lines(CONTEXT_LINES)
        .with_width(options.width.max(NARROWEST))
        .with_links(options.hyperlinks)
        .with_urls(options.hyperlinks)
        .with_link_display_text("")
        .without_syntax_highlighting()
}

/// A finding as miette sees it.
#[derive(Debug)]
struct View<'o> {
    code: Option<String>,
    severity: Severity,
    message: String,
    help: Option<String>,
    url: Option<&'o str>,
    excerpt: Excerpt<'o>,
    labels: Vec<LabeledSpan>,
    related: Vec<View<'o>>,
}

impl<'o> View<'o> {
    fn new(diagnostic: &'o Diagnostic, places: &Places<'o>, options: &Options) -> Self {
        let status = match diagnostic.status {
            Status::New => "",
            Status::Baselined => " (baselined)",
            Status::Suppressed => " (suppressed)",
        };
        let primary = clip(places, diagnostic.span);
        let mut labels = vec![label(primary, &diagnostic.label, true)];
        let mut beside = Vec::new();
        let mut related = Vec::new();
        let mut named = Vec::new();
        for other in &diagnostic.related {
            let span = clip(places, other.span);
            if beside.len() < RELATED_DRAWN && excerpt::beside(places, primary, span) {
                beside.push(span);
                labels.push(label(span, &other.text, false));
            } else if related.len() < RELATED_DRAWN {
                related.push(Self::note(other, places));
            } else {
                let Place { line, column, .. } = places.place(other.span, Unit::Character);
                named.push(format!("{}:{line}:{column}: {}", places.path(other.span.file), other.text));
            }
        }
        let mut help: Vec<String> = diagnostic.help.iter().map(|help| printable(help).into_owned()).collect();
        help.extend(diagnostic.fix.iter().map(|fix| format!("fix available: {}", printable(&fix.description))));
        help.extend(named.iter().map(|line| printable(line).into_owned()));
        Self {
            code: Some(format!("{}[{}]{status}", diagnostic.severity.as_str(), diagnostic.rule)),
            severity: diagnostic.severity,
            message: printable(&diagnostic.message).into_owned(),
            help: (!help.is_empty()).then(|| help.join("\n")),
            url: diagnostic.url.as_deref().filter(|_| options.hyperlinks),
            excerpt: Excerpt::new(places, primary, &beside),
            labels,
            related,
        }
    }

    /// Another place that explains a finding, as an excerpt of its own.
    fn note(other: &Label, places: &Places<'o>) -> Self {
        let span = clip(places, other.span);
        Self {
            code: None,
            severity: Severity::Info,
            message: printable(&other.text).into_owned(),
            help: None,
            url: None,
            excerpt: Excerpt::new(places, span, &[]),
            labels: vec![label(span, "", true)],
            related: Vec::new(),
        }
    }
}

fn label(span: Span, text: &str, primary: bool) -> LabeledSpan {
    let text = (!text.is_empty()).then(|| printable(text).into_owned());
    let place = (span.range().start, span.len());
    if primary { LabeledSpan::new_primary_with_span(text, place) } else { LabeledSpan::new_with_span(text, place) }
}

/// `span`, or its first line where it has many, within the text and on character boundaries.
fn clip(places: &Places<'_>, span: Span) -> Span {
    let Some(file) = places.file(span.file) else { return span };
    let boundary = |at: usize| file.text.floor_char_boundary(at.min(file.text.len()));
    let span = Span::new(span.file, boundary(span.range().start), boundary(span.range().end));
    let lines = file.lines.line(span.end) - file.lines.line(span.start) + 1;
    if lines > LABEL_LINES || span.len() > excerpt::WIDEST {
        excerpt::narrow(places.first_line(span), &file.text)
    } else {
        span
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for View<'_> {}

impl miette::Diagnostic for View<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display + 'a>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn url<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.url.map(|url| Box::new(url) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn one_line(diagnostic: &Diagnostic, places: &Places<'_>) -> String {
    let Place { line, column, .. } = places.place(diagnostic.span, Unit::Character);
    let (path, message) = (printable(places.path(diagnostic.span.file)), printable(&diagnostic.message));
    format!("{path}:{line}:{column}: {}[{}] {message}\n", diagnostic.severity.as_str(), diagnostic.rule)
}

/// "Found 3 errors and 2 warnings in 4 files (12 migrations, 40 operations); 25 baselined, 1 suppressed".
fn footer(summary: &Summary, first_rule: Option<&str>) -> String {
    let found = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "note")];
    let found: Vec<String> = found.iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(*n, what)).collect();
    let found = match found.as_slice() {
        [] => "nothing".to_owned(),
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        all => all.concat(),
    };
    let mut line = format!(
        "Found {found} in {} ({}, {})",
        count(summary.files, "file"),
        count(summary.migrations, "migration"),
        count(summary.operations, "operation")
    );
    let silent = [
        (summary.baselined, "baselined"),
        (summary.suppressed, "suppressed"),
        (summary.opaque, "not understood"),
        (summary.unresolved, "not followed"),
    ];
    let silent: Vec<String> = silent.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !silent.is_empty() {
        line.push_str("; ");
        line.push_str(&silent.join(", "));
    }
    line.push('\n');
    if let Some(rule) = first_rule {
        line.push_str("`ddlint rule ");
        line.push_str(rule);
        line.push_str("` says more\n");
    }
    line
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;

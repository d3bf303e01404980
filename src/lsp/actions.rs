//! What can be done about a finding: its fix, and a comment that silences it.

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, Diagnostic, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use super::client::Client;
use super::judged::Judged;
use super::position::Positions;
use super::project::Judgement;
use crate::diagnostic::{self, Applicability, Edit};
use crate::engine::suppress::Suppressions;
use crate::source::{Language, SourceFile};
use crate::span::{LineIndex, Span};

/// Findings about suppressions, which no suppression silences.
const NOT_SUPPRESSIBLE: &[&str] = &["unknown-rule", "unused-suppression", "suppression-without-reason"];

/// Findings of one request that are looked at: trying a suppression reads the file, and a menu is short.
const MOST: usize = 32;

/// A document as the editor names it.
pub(super) struct Target<'d> {
    /// Its address.
    pub(super) uri: &'d Uri,
    /// The version that was judged.
    pub(super) version: i32,
}

/// What can be done about the findings in `range`.
pub(super) fn actions(judged: &Judged, range: Range, target: &Target<'_>, client: &Client) -> Vec<CodeActionOrCommand> {
    let (Some(judgement), Some(positions)) = (&judged.judgement, &judged.positions) else { return Vec::new() };
    let mut offered = Vec::new();
    for (found, shown) in judged.at(range).take(MOST) {
        let action = |title: String, preferred: bool, edits: &[Edit]| {
            action(title, preferred, shown, changes(edits, judgement, positions, target, client))
        };
        let fix = found.fix.as_ref().filter(|fix| fix.edits.iter().all(|edit| edit.span.file == judgement.file.id));
        if let Some(fix) = fix {
            let safe = fix.applicability == Applicability::Safe;
            let look = if safe { "" } else { " (wants a look)" };
            offered.push(action(format!("ddlint: {}{look}", fix.description), safe, &fix.edits));
        }
        if let Some(edit) = suppression(found, &judgement.file) {
            offered.push(action(format!("ddlint: ignore {} for this statement", found.rule), false, &[edit]));
        }
    }
    offered
}

fn action(title: String, preferred: bool, shown: &Diagnostic, edit: WorkspaceEdit) -> CodeActionOrCommand {
    CodeActionOrCommand::CodeAction(CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![shown.clone()]),
        edit: Some(edit),
        is_preferred: preferred.then_some(true),
        ..CodeAction::default()
    })
}

/// `edits` as the editor takes them: of the version that was judged, where it can say that.
fn changes(
    edits: &[Edit],
    judgement: &Judgement,
    positions: &Positions,
    target: &Target<'_>,
    client: &Client,
) -> WorkspaceEdit {
    let edits = edits
        .iter()
        .map(|edit| TextEdit { range: positions.range(&judgement.file, edit.span), new_text: edit.text.clone() });
    let uri = target.uri.clone();
    if client.versioned_edits {
        let text_document = OptionalVersionedTextDocumentIdentifier { uri, version: Some(target.version) };
        let edit = TextDocumentEdit { text_document, edits: edits.map(OneOf::Left).collect() };
        WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(vec![edit])), ..WorkspaceEdit::default() }
    } else {
        WorkspaceEdit { changes: Some([(uri, edits.collect())].into_iter().collect()), ..WorkspaceEdit::default() }
    }
}

/// A comment line above the statement of `found` that silences it.
///
/// In Python the statement may stand in the middle of a string, where a comment is SQL's; which of the two works is
/// found by reading the file with it. Where neither does, nothing is offered.
fn suppression(found: &diagnostic::Diagnostic, file: &SourceFile) -> Option<Edit> {
    if NOT_SUPPRESSIBLE.contains(&found.rule.as_str()) {
        return None;
    }
    let line = file.lines.line(found.statement.start);
    let start = file.lines.start_of(line) as usize;
    let before = file.text.get(..start)?;
    // A line that is continued on the next one takes no comment between.
    if before.trim_end_matches(['\n', '\r']).ends_with('\\') {
        return None;
    }
    let rest = file.text.get(start..)?;
    let indent = rest.get(..rest.len() - rest.trim_start_matches([' ', '\t']).len())?;
    let crlf = rest.split_once('\n').map_or(before, |(line, _)| line).trim_end_matches('\n').ends_with('\r');
    let newline = if crlf { "\r\n" } else { "\n" };
    let marks: &[&str] = if file.language == Language::Python { &["#", "--"] } else { &["--"] };
    marks.iter().find_map(|mark| {
        let text = format!("{indent}{mark} ddlint: ignore[{}]{newline}", found.rule);
        let edit = Edit { span: Span::new(file.id, start, start), text };
        silences(&edit, found, file).then_some(edit)
    })
}

/// Whether `file` with the insertion `edit` made has a comment that silences `found`.
fn silences(edit: &Edit, found: &diagnostic::Diagnostic, file: &SourceFile) -> bool {
    let at = edit.span.start;
    let (Some(before), Some(after)) = (file.text.get(..at as usize), file.text.get(at as usize..)) else {
        return false;
    };
    let text = format!("{before}{}{after}", edit.text);
    let inserted = u32::try_from(edit.text.len()).unwrap_or_default();
    let moved = |span: Span| {
        let shift = |offset: u32| if offset >= at { offset.saturating_add(inserted) } else { offset };
        Span { file: span.file, start: shift(span.start), end: shift(span.end) }
    };
    let edited = SourceFile { lines: LineIndex::new(&text), text, problems: Vec::new(), ..file.clone() };
    let mut suppressions = Suppressions::scan(&edited);
    suppressions.apply(moved(found.span), moved(found.statement), None, &found.rule).is_some()
}

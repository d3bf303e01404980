//! What the editor can do and where it stands, from `initialize`.

use std::path::PathBuf;

use lsp_types::{InitializeParams, MarkupKind, Uri};

use super::name;
use super::position::Encoding;

/// What is known of the editor.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// What its columns count.
    pub(super) encoding: Encoding,
    /// It asks for findings, so none are pushed.
    pub(super) pulls: bool,
    /// It asks again when it is told that findings have changed.
    pub(super) refreshes: bool,
    /// It shows other places that explain a finding.
    pub(super) related: bool,
    /// It takes edits of a given version of a document.
    pub(super) versioned_edits: bool,
    /// It tells when a file it is asked to watch changes.
    pub(super) watches: bool,
    /// It renders Markdown.
    pub(super) markdown: bool,
    /// The folder that it has open, the first where there are several.
    pub(super) root: Option<PathBuf>,
}

impl Client {
    /// Reads what the editor says of itself.
    pub(super) fn new(params: &InitializeParams) -> Self {
        let capabilities = &params.capabilities;
        let general = capabilities.general.as_ref();
        let document = capabilities.text_document.as_ref();
        let workspace = capabilities.workspace.as_ref();
        let yes = |said: Option<bool>| said.unwrap_or_default();
        let hover = document.and_then(|document| document.hover.as_ref()?.content_format.as_ref());
        Self {
            encoding: Encoding::choose(general.and_then(|general| general.position_encodings.as_deref())),
            pulls: document.is_some_and(|document| document.diagnostic.is_some()),
            refreshes: yes(workspace.and_then(|workspace| workspace.diagnostic.as_ref()?.refresh_support)),
            related: yes(document.and_then(|document| document.publish_diagnostics.as_ref()?.related_information)),
            versioned_edits: yes(workspace.and_then(|workspace| workspace.workspace_edit.as_ref()?.document_changes)),
            watches: yes(
                workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref()?.dynamic_registration)
            ),
            markdown: hover.is_none_or(|formats| formats.contains(&MarkupKind::Markdown)),
            root: root(params),
        }
    }
}

/// The folder that is open: what newer editors say first.
fn root(params: &InitializeParams) -> Option<PathBuf> {
    let folder = params.workspace_folders.as_ref().and_then(|folders| folders.first());
    // Older editors have nothing else.
    #[allow(deprecated)]
    let old: Option<&Uri> = params.root_uri.as_ref();
    name::path(folder.map(|folder| &folder.uri).or(old)?)
}

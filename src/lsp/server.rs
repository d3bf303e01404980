//! The session: which documents are open, what the editor asks, what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeConfiguration, DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Exit, Notification as _, PublishDiagnostics, ShowMessage,
};
use lsp_types::request::{
    CodeActionRequest, DocumentDiagnosticRequest, HoverRequest, RegisterCapability, Request as _, Shutdown,
    WorkspaceDiagnosticRefresh,
};
use lsp_types::{
    CodeActionKind, CodeActionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentDiagnosticParams, DocumentDiagnosticReport, FullDocumentDiagnosticReport,
    HoverParams, MessageType, PublishDiagnosticsParams, RelatedFullDocumentDiagnosticReport, ShowMessageParams, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::actions::{self, Target};
use super::client::Client;
use super::judged::Judged;
use super::project::{Configured, Project};
use super::{hover, name};

/// How long no message must come before findings are pushed: nobody reads them while typing.
const PAUSE: Duration = Duration::from_millis(60);

/// An open document.
struct Document {
    uri: Uri,
    version: i32,
    language: String,
    text: String,
    /// What was found in this text; absent where it was not judged yet.
    judged: Option<Judged>,
}

/// A session with an editor.
pub(super) struct Server<'c> {
    connection: &'c Connection,
    client: Client,
    configured: Configured,
    /// The open documents by address.
    documents: BTreeMap<String, Document>,
    /// The projects by the folder that their configuration was looked for from.
    projects: BTreeMap<PathBuf, Arc<Project>>,
    /// What the user has been told about the configuration, before it was read again and since.
    told: [BTreeSet<String>; 2],
    /// Number of the next request to the editor.
    next: i32,
    /// The editor has said `shutdown`.
    shut: bool,
}

impl<'c> Server<'c> {
    /// A session that has been initialised.
    pub(super) fn new(connection: &'c Connection, client: Client, configured: Configured) -> Self {
        Self {
            connection,
            client,
            configured,
            documents: BTreeMap::new(),
            projects: BTreeMap::new(),
            told: Default::default(),
            next: 1,
            shut: false,
        }
    }

    /// Serves until `exit`, or until the editor is gone. Whether it has said `shutdown` before.
    pub(super) fn run(mut self) -> bool {
        self.watch();
        loop {
            let Some(message) = self.receive() else { return false };
            match message {
                Message::Request(request) => {
                    let answer = self.answer(request);
                    self.send(Message::Response(answer));
                }
                Message::Notification(notification) if notification.method == Exit::METHOD => return self.shut,
                Message::Notification(notification) => self.note(notification),
                // Nothing that is asked of the editor has an answer that matters.
                Message::Response(_) => {}
            }
        }
    }

    /// The next message; findings are pushed while there is none. `None` when the editor is gone.
    fn receive(&mut self) -> Option<Message> {
        loop {
            let stale = self.documents.iter().find(|(_, document)| document.judged.is_none());
            let Some(key) = stale.map(|(key, _)| key.clone()).filter(|_| !self.client.pulls) else {
                return self.connection.receiver.recv().ok();
            };
            match self.connection.receiver.recv_timeout(PAUSE) {
                Ok(message) => return Some(message),
                Err(error) if error.is_timeout() => self.publish(&key),
                Err(_) => return None,
            }
        }
    }

    /// An editor that does not listen any more is noticed where it is listened to.
    fn send(&self, message: Message) {
        let _ = self.connection.sender.send(message);
    }

    fn notify<N: lsp_types::notification::Notification>(&self, params: N::Params) {
        self.send(Message::Notification(Notification::new(N::METHOD.to_owned(), params)));
    }

    fn ask(&mut self, method: &str, params: impl Serialize) {
        let id = RequestId::from(self.next);
        self.next = self.next.wrapping_add(1);
        self.send(Message::Request(Request::new(id, method.to_owned(), params)));
    }

    fn tell(&self, typ: MessageType, message: String) {
        self.notify::<ShowMessage>(ShowMessageParams { typ, message });
    }

    /// Asks to be told when a configuration changes.
    fn watch(&mut self) {
        if self.client.watches {
            let globs = ["**/ddlint.toml", "**/.ddlint.toml", "**/pyproject.toml"];
            let watchers: Vec<Value> = globs.iter().map(|glob| json!({"globPattern": glob})).collect();
            let options = json!({"watchers": watchers});
            let method = DidChangeWatchedFiles::METHOD;
            let registration = json!({"id": "configuration", "method": method, "registerOptions": options});
            self.ask(RegisterCapability::METHOD, json!({"registrations": [registration]}));
        }
    }

    fn note(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        // A notification has no answer; one that cannot be read changes nothing.
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value(params) {
                    self.open(params);
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value(params) {
                    self.change(params);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value(params) {
                    self.close(params);
                }
            }
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD | DidChangeConfiguration::METHOD => {
                self.reload();
            }
            _ => {}
        }
    }

    fn open(&mut self, params: DidOpenTextDocumentParams) {
        let item = params.text_document;
        let document = Document {
            version: item.version,
            language: item.language_id,
            text: item.text,
            judged: None,
            uri: item.uri,
        };
        self.documents.insert(document.uri.as_str().to_owned(), document);
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) {
        let id = params.text_document;
        // Each change is the whole text, as was agreed, so the last one counts.
        let text = params.content_changes.into_iter().next_back();
        if let (Some(document), Some(change)) = (self.documents.get_mut(id.uri.as_str()), text) {
            document.version = id.version;
            document.text = change.text;
            document.judged = None;
        }
    }

    fn close(&mut self, params: DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        let open = self.documents.remove(uri.as_str()).is_some();
        if open && !self.client.pulls {
            self.notify::<PublishDiagnostics>(PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version: None });
        }
    }

    /// Something on disk has changed: a configuration, a rule page, a helper that a migration imports.
    fn reload(&mut self) {
        self.projects.clear();
        let [before, since] = &mut self.told;
        *before = std::mem::take(since);
        for document in self.documents.values_mut() {
            document.judged = None;
        }
        if self.client.pulls && self.client.refreshes && !self.documents.is_empty() {
            self.ask(WorkspaceDiagnosticRefresh::METHOD, ());
        }
    }

    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            _ if self.shut => Err((ErrorCode::InvalidRequest, "the session is over".to_owned())),
            Shutdown::METHOD => {
                self.shut = true;
                Ok(Value::Null)
            }
            DocumentDiagnosticRequest::METHOD => read(params).map(|params| to_value(self.pull(&params))),
            CodeActionRequest::METHOD => read(params).map(|params| to_value(self.actions(&params))),
            HoverRequest::METHOD => read(params).map(|params| to_value(self.hover(&params))),
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not offered"))),
        };
        match answer {
            Ok(value) => Response::new_ok(id, value),
            Err((code, message)) => Response::new_err(id, code as i32, message),
        }
    }

    fn pull(&mut self, params: &DocumentDiagnosticParams) -> DocumentDiagnosticReport {
        let key = params.text_document.uri.as_str();
        self.judge(key);
        let judged = self.documents.get(key).and_then(|document| document.judged.as_ref());
        let items = judged.map(Judged::diagnostics).unwrap_or_default();
        let report = FullDocumentDiagnosticReport { result_id: None, items };
        RelatedFullDocumentDiagnosticReport { related_documents: None, full_document_diagnostic_report: report }.into()
    }

    fn actions(&mut self, params: &CodeActionParams) -> Vec<lsp_types::CodeActionOrCommand> {
        let key = params.text_document.uri.as_str();
        // A kind stands for those below it, and the empty one for all.
        let wanted = |kind: &CodeActionKind| *kind == CodeActionKind::EMPTY || *kind == CodeActionKind::QUICKFIX;
        if params.context.only.as_ref().is_some_and(|only| !only.iter().any(wanted)) {
            return Vec::new();
        }
        self.judge(key);
        let Some(document) = self.documents.get(key) else { return Vec::new() };
        let Some(judged) = &document.judged else { return Vec::new() };
        let target = Target { uri: &document.uri, version: document.version };
        actions::actions(judged, params.range, &target, &self.client)
    }

    fn hover(&mut self, params: &HoverParams) -> Option<lsp_types::Hover> {
        let place = &params.text_document_position_params;
        let key = place.text_document.uri.as_str();
        self.judge(key);
        let document = self.documents.get(key)?;
        let project = self.projects.get(&self.start(&document.uri))?;
        hover::hover(document.judged.as_ref()?, &project.rules, place.position, &self.client)
    }

    fn publish(&mut self, key: &str) {
        self.judge(key);
        let Some(document) = self.documents.get(key) else { return };
        self.notify::<PublishDiagnostics>(PublishDiagnosticsParams {
            uri: document.uri.clone(),
            diagnostics: document.judged.as_ref().map(Judged::diagnostics).unwrap_or_default(),
            version: Some(document.version),
        });
    }

    /// The folder that the configuration of a document is looked for from.
    fn start(&self, uri: &Uri) -> PathBuf {
        let own = name::path(uri).and_then(|path| path.parent().map(PathBuf::from));
        own.or_else(|| self.client.root.clone()).unwrap_or_default()
    }

    fn project(&mut self, uri: &Uri) -> Arc<Project> {
        let start = self.start(uri);
        if let Some(project) = self.projects.get(&start) {
            return Arc::clone(project);
        }
        let project = Arc::new(Project::load(&self.configured, &start, self.client.root.as_deref()));
        for problem in &project.problems {
            let [before, since] = &mut self.told;
            // The same configuration is found from several folders, and again after each save.
            if since.insert(problem.clone()) && !before.contains(problem) {
                self.tell(MessageType::WARNING, format!("ddlint goes on without this: {problem}"));
            }
        }
        self.projects.insert(start, Arc::clone(&project));
        project
    }

    /// Judges the document where that was not done since its last change.
    fn judge(&mut self, key: &str) {
        let Some(document) = self.documents.get(key).filter(|document| document.judged.is_none()) else { return };
        let uri = document.uri.clone();
        let project = self.project(&uri);
        let Some(document) = self.documents.get_mut(key) else { return };
        let path = name::path(&uri).unwrap_or_else(|| PathBuf::from("untitled"));
        let shown = path.strip_prefix(&project.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let judgement = match name::judged_as(&shown, &document.language) {
            Some(name) => project.judge(&document.text, &name),
            None => Ok(None),
        };
        let (judged, failure) = match judgement {
            Ok(judgement) => (judgement.map(|j| Judged::new(j, &uri, &self.client)), None),
            Err(failure) => (None, Some(failure)),
        };
        document.judged = Some(judged.unwrap_or_default());
        if let Some(failure) = failure {
            self.tell(MessageType::ERROR, format!("ddlint cannot judge `{shown}`; please report this bug: {failure}"));
        }
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

/// The types of the protocol are structs of strings and numbers, which cannot fail to serialise.
fn to_value(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

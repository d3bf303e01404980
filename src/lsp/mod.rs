//! The language server: findings, fixes and rule pages in an editor.
//!
//! It is synchronous. Notifications change what is known of the open documents; a document is judged when its findings
//! are asked for, or, where the editor wants them pushed, when no message has come for a moment.

mod actions;
mod client;
mod hover;
mod judged;
mod name;
mod position;
mod project;
mod server;

use std::fmt;

use lsp_server::{Connection, Message, ProtocolError};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, DiagnosticOptions, DiagnosticServerCapabilities,
    HoverProviderCapability, InitializeParams, SaveOptions, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions,
};
use serde_json::json;

use client::Client;
pub use project::Configured;
use server::Server;

/// Why the server cannot go on: the editor does not keep to the protocol, or is gone.
#[derive(Debug)]
pub struct ServerError(String);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

impl From<ProtocolError> for ServerError {
    fn from(error: ProtocolError) -> Self {
        Self(format!("language server: {error}"))
    }
}

/// Serves the editor on standard input and output, until it says `exit`. Whether it has said `shutdown` before.
pub fn serve(configured: Configured) -> Result<bool, ServerError> {
    let (connection, threads) = Connection::stdio();
    let ending = talk(&connection, configured);
    // The writing thread ends when nobody can send to it any more.
    drop(connection);
    let ending = ending?;
    threads.join().map_err(|error| ServerError(format!("language server: {error}")))?;
    Ok(ending)
}

/// One session, from `initialize` to `exit`.
fn talk(connection: &Connection, configured: Configured) -> Result<bool, ServerError> {
    let (id, params) = connection.initialize_start()?;
    let params: InitializeParams = match serde_json::from_value(params) {
        Ok(params) => params,
        Err(error) => {
            let code = lsp_server::ErrorCode::InvalidParams as i32;
            let answer = lsp_server::Response::new_err(id, code, error.to_string());
            // Whether or not the editor still hears it, the session is over.
            let _ = connection.sender.send(Message::Response(answer));
            return Err(ServerError(format!("language server: `initialize` cannot be read: {error}")));
        }
    };
    let client = Client::new(&params);
    let answer = json!({
        "capabilities": capabilities(&client),
        "serverInfo": {"name": "ddlint", "version": env!("CARGO_PKG_VERSION")},
    });
    connection.initialize_finish(id, answer)?;
    Ok(Server::new(connection, client, configured).run())
}

/// What is offered to `client`.
fn capabilities(client: &Client) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(SaveOptions { include_text: Some(false) }.into()),
        ..TextDocumentSyncOptions::default()
    };
    let actions =
        CodeActionOptions { code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]), ..CodeActionOptions::default() };
    // Findings that are both pushed and pulled would be shown twice.
    let pull = client.pulls.then(|| {
        DiagnosticServerCapabilities::Options(DiagnosticOptions {
            identifier: Some(judged::SOURCE.to_owned()),
            // A helper that a migration imports changes what the migration does.
            inter_file_dependencies: true,
            ..DiagnosticOptions::default()
        })
    });
    ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        diagnostic_provider: pull,
        ..ServerCapabilities::default()
    }
}

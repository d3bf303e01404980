//! The language server, spoken to as editors do: JSON in frames over pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ddlint, project, root};

/// An emoji is one character, two UTF-16 units and four bytes, and the SQL stands behind it on its line.
const TEXT: &str = "/* 🐘 */ CREATE INDEX orders_at ON orders (at);\n";

/// How long an answer may take; a test machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    next: i64,
    root: String,
}

impl Editor {
    /// Starts the server and says hello with `capabilities`; what the server offers.
    fn start(folder: &Path, capabilities: &Value) -> (Self, Value) {
        Self::start_with(folder, capabilities, &[])
    }

    /// Likewise, with more on the command line.
    fn start_with(folder: &Path, capabilities: &Value, arguments: &[&str]) -> (Self, Value) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ddlint"))
            .arg("server")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program was built");
        let (sender, messages) = channel();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        let path = folder.to_string_lossy().replace('\\', "/");
        let root = format!("file:///{}", path.trim_start_matches('/'));
        let mut editor = Self { child, input, messages, next: 1, root };
        let folders = json!([{"uri": editor.root, "name": "project"}]);
        let hello =
            json!({"processId": null, "rootUri": null, "capabilities": capabilities, "workspaceFolders": folders});
        let offered = editor.ask("initialize", &hello);
        editor.tell("initialized", &json!({}));
        (editor, offered["capabilities"].clone())
    }

    fn write(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().expect("still open");
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server listens");
        input.flush().expect("the server listens");
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// The whole answer to a request.
    fn answer(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next;
        self.next += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        self.wait(|message| message["id"] == id && message["method"].is_null())
    }

    /// The result of a request that succeeds.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The next message that is `wanted`.
    fn wait(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the server answers");
            if wanted(&message) {
                return message;
            }
        }
    }

    /// What the server says next by `method`.
    fn told(&self, method: &str) -> Value {
        self.wait(|message| message["method"] == method)["params"].clone()
    }

    fn uri(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    fn open(&mut self, path: &str, language: &str, text: &str) {
        let item = json!({"uri": self.uri(path), "languageId": language, "version": 1, "text": text});
        self.tell("textDocument/didOpen", &json!({"textDocument": item}));
    }

    fn change(&mut self, path: &str, version: i64, text: &str) {
        let document = json!({"uri": self.uri(path), "version": version});
        self.tell("textDocument/didChange", &json!({"textDocument": document, "contentChanges": [{"text": text}]}));
    }

    fn pull(&mut self, path: &str) -> Vec<Value> {
        let document = json!({"uri": self.uri(path)});
        let report = self.ask("textDocument/diagnostic", &json!({"textDocument": document}));
        assert_eq!(report["kind"], "full");
        report["items"].as_array().cloned().expect("a list")
    }

    fn actions(&mut self, path: &str, range: &Value) -> Vec<Value> {
        let document = json!({"uri": self.uri(path)});
        let params = json!({"textDocument": document, "range": range, "context": {"diagnostics": []}});
        self.ask("textDocument/codeAction", &params).as_array().cloned().expect("a list")
    }

    /// Says goodbye; the exit code.
    fn stop(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", &Value::Null), Value::Null);
        self.tell("exit", &Value::Null);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Editor {
    /// No server is left behind by a test that fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next message, `None` at the end.
fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let mut body = vec![0; length?];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn vs_code() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {"workspaceEdit": {"documentChanges": true}},
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "versionSupport": true},
            "hover": {"contentFormat": ["markdown", "plaintext"]},
        },
    })
}

fn neovim() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "textDocument": {"diagnostic": {"dynamicRegistration": false}},
    })
}

fn one<'v>(found: &'v [Value], rule: &str) -> &'v Value {
    let mut of_rule = found.iter().filter(|finding| finding["code"] == rule);
    let first = of_rule.next().unwrap_or_else(|| panic!("no {rule} in {found:?}"));
    assert!(of_rule.next().is_none(), "{rule} is found once");
    first
}

fn titled<'v>(actions: &'v [Value], part: &str) -> &'v Value {
    let with = |action: &&Value| action["title"].as_str().is_some_and(|title| title.contains(part));
    actions.iter().find(with).unwrap_or_else(|| panic!("no `{part}` in {actions:?}"))
}

/// The text that an edit at one place makes of `text`, columns counted by `units`.
fn edited(text: &str, edit: &Value, units: fn(char) -> usize) -> String {
    let at = &edit["range"]["start"];
    assert_eq!(at, &edit["range"]["end"], "an insertion");
    let number = |value: &Value| usize::try_from(value.as_u64().expect("a number")).expect("small");
    let start: usize = text.split_inclusive('\n').take(number(&at["line"])).map(str::len).sum();
    let (mut offset, mut column) = (start, 0);
    for character in text[start..].chars() {
        if column == number(&at["character"]) {
            break;
        }
        column += units(character);
        offset += character.len_utf8();
    }
    format!("{}{}{}", &text[..offset], edit["newText"].as_str().expect("a text"), &text[offset..])
}

#[test]
fn vs_code_is_pushed_findings_with_columns_in_utf_16() {
    let folder = project(&[]);
    let (mut editor, offered) = Editor::start(folder.path(), &vs_code());
    assert_eq!(offered["positionEncoding"], "utf-16");
    assert!(offered["diagnosticProvider"].is_null(), "what is pushed is not pulled as well");

    editor.open("migrations/0001.sql", "sql", TEXT);
    let published = editor.told("textDocument/publishDiagnostics");
    assert_eq!((&published["uri"], &published["version"]), (&json!(editor.uri("migrations/0001.sql")), &json!(1)));
    let found = published["diagnostics"].as_array().cloned().expect("a list");
    let finding = one(&found, "index-not-concurrent");
    assert_eq!((&finding["source"], &finding["severity"]), (&json!("ddlint"), &json!(1)));
    assert_eq!(finding["range"]["start"], json!({"line": 0, "character": 9}));
    assert!(finding["message"].as_str().is_some_and(|message| message.contains("`orders_at`")), "{finding}");

    let actions = editor.actions("migrations/0001.sql", &finding["range"]);
    let fix = titled(&actions, "write CONCURRENTLY");
    assert_eq!(fix["kind"], "quickfix");
    let change = &fix["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 1);
    let fixed = edited(TEXT, &change["edits"][0], char::len_utf16);
    assert_eq!(fixed, "/* 🐘 */ CREATE INDEX CONCURRENTLY orders_at ON orders (at);\n");

    editor.change("migrations/0001.sql", 2, &fixed);
    let published = editor.told("textDocument/publishDiagnostics");
    assert_eq!(published["version"], 2);
    assert!(!published.to_string().contains("index-not-concurrent"), "{published}");

    let document = json!({"uri": editor.uri("migrations/0001.sql")});
    editor.tell("textDocument/didClose", &json!({"textDocument": document}));
    assert_eq!(editor.told("textDocument/publishDiagnostics")["diagnostics"], json!([]));
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn neovim_pulls_findings_with_columns_in_bytes() {
    let folder = project(&[]);
    let (mut editor, offered) = Editor::start(folder.path(), &neovim());
    assert_eq!(offered["positionEncoding"], "utf-8");
    assert_eq!(offered["diagnosticProvider"]["identifier"], "ddlint");

    editor.open("migrations/0001.sql", "sql", TEXT);
    let found = editor.pull("migrations/0001.sql");
    let finding = one(&found, "index-not-concurrent").clone();
    assert_eq!(finding["range"]["start"], json!({"line": 0, "character": 11}));

    let actions = editor.actions("migrations/0001.sql", &finding["range"]);
    let edit = &titled(&actions, "write CONCURRENTLY")["edit"]["changes"][editor.uri("migrations/0001.sql")][0];
    let fixed = edited(TEXT, edit, char::len_utf8);
    assert_eq!(fixed, "/* 🐘 */ CREATE INDEX CONCURRENTLY orders_at ON orders (at);\n");

    let place =
        json!({"textDocument": {"uri": editor.uri("migrations/0001.sql")}, "position": finding["range"]["start"]});
    let hover = editor.ask("textDocument/hover", &place);
    assert_eq!(hover["contents"]["kind"], "markdown");
    let page = hover["contents"]["value"].as_str().expect("a page");
    assert!(page.starts_with("# Index built without CONCURRENTLY") && !page.contains("```toml rule"), "{page}");

    editor.change("migrations/0001.sql", 2, "SELECT 1;\n");
    assert_eq!(editor.pull("migrations/0001.sql"), Vec::<Value>::new());
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn other_places_that_explain_a_finding_are_shown() {
    let folder = project(&[]);
    let text = "BEGIN;\nCREATE INDEX CONCURRENTLY orders_at ON orders (at);\nCOMMIT;\n";
    let related = |capabilities: &Value| {
        let (mut editor, _) = Editor::start(folder.path(), capabilities);
        editor.open("migrations/0001.sql", "sql", text);
        let published = editor.told("textDocument/publishDiagnostics");
        let found = published["diagnostics"].as_array().cloned().expect("a list");
        let related = one(&found, "concurrent-in-transaction")["relatedInformation"].clone();
        let uri = editor.uri("migrations/0001.sql");
        assert_eq!(editor.stop(), Some(0));
        (related, uri)
    };
    let (shown, uri) = related(&vs_code());
    assert_eq!(shown[0]["message"], "the transaction is opened here");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 5}});
    assert_eq!(shown[0]["location"], json!({"uri": uri, "range": range}));
    assert_eq!(related(&json!({})).0, Value::Null, "an editor that does not say so does not show them");
}

#[test]
fn an_editor_shows_what_check_says_about_the_file() {
    let folder = root().join("fixtures/three-pillars");
    let list = std::fs::read_to_string(folder.join("expected.txt")).expect("the list is there");
    let rows = list.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut paths: Vec<&str> = rows.filter_map(|line| line.split('\t').next()).collect();
    paths.dedup();
    let (mut editor, _) = Editor::start(&folder, &neovim());
    for path in paths {
        let text = std::fs::read_to_string(folder.join(path)).expect("the file is there");
        let python = Path::new(path).extension().is_some_and(|extension| extension == "py");
        editor.open(path, if python { "python" } else { "sql" }, &text);
        let shown: Vec<_> = editor.pull(path).iter().map(|found| found["code"].clone()).collect();
        let run = ddlint(&folder, &["check", path, "--output-format", "json"]);
        let own = run.findings().into_iter().filter(|finding| finding["path"] == path);
        assert_eq!(shown, own.map(|finding| finding["rule"].clone()).collect::<Vec<_>>(), "{path}");
    }
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn a_suppression_is_written_where_it_works() {
    let folder = project(&[]);
    let (mut editor, _) = Editor::start(folder.path(), &neovim());
    let in_sql = "BEGIN;\r\n    CREATE INDEX orders_at ON orders (at);\r\nCOMMIT;\r\n";
    let on_a_line = "def up(conn):\n    conn.execute(\"CREATE INDEX orders_at ON orders (at)\")\n";
    let in_a_string = "def up(conn):\n    conn.execute(\"\"\"\n        CREATE INDEX orders_at\n            ON orders (at);\n    \"\"\")\n";
    let comment = |mark: &str, indent: &str| format!("{indent}{mark} ddlint: ignore[index-not-concurrent]");
    for (path, language, text, line) in [
        ("migrations/0001.sql", "sql", in_sql, comment("--", "    ") + "\r"),
        ("migrations/0002.py", "python", on_a_line, comment("#", "    ")),
        ("migrations/0003.py", "python", in_a_string, comment("--", "        ")),
    ] {
        editor.open(path, language, text);
        let found = editor.pull(path);
        let range = one(&found, "index-not-concurrent")["range"].clone();
        let actions = editor.actions(path, &range);
        let action = titled(&actions, "ignore index-not-concurrent");
        let silenced = edited(text, &action["edit"]["changes"][editor.uri(path)][0], char::len_utf8);
        assert!(silenced.split('\n').any(|found| found == line), "{silenced}");
        editor.change(path, 2, &silenced);
        let rules: Vec<_> = editor.pull(path).iter().map(|finding| finding["code"].clone()).collect();
        assert!(!rules.contains(&json!("index-not-concurrent")), "{rules:?}: {silenced}");
        assert!(!rules.contains(&json!("unused-suppression")), "{rules:?}: {silenced}");
    }
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn the_configuration_counts_and_an_error_in_it_is_shown() {
    let folder = project(&[("ddlint.toml", b"ignore = ['index-not-concurrent']\n")]);
    let (mut editor, _) = Editor::start(folder.path(), &neovim());
    editor.open("migrations/0001.sql", "sql", TEXT);
    let rules = |found: Vec<Value>| found.iter().map(|finding| finding["code"].to_string()).collect::<String>();
    assert!(!rules(editor.pull("migrations/0001.sql")).contains("index-not-concurrent"));

    std::fs::write(folder.path().join("ddlint.toml"), "ignroe = ['index-not-concurrent']\n").expect("a file");
    let changed = json!({"changes": [{"uri": editor.uri("ddlint.toml"), "type": 2}]});
    editor.tell("workspace/didChangeWatchedFiles", &changed);
    let document = json!({"uri": editor.uri("migrations/0001.sql")});
    editor.write(&json!({
        "jsonrpc": "2.0",
        "id": "again",
        "method": "textDocument/diagnostic",
        "params": {"textDocument": document},
    }));
    let shown = editor.told("window/showMessage");
    let message = shown["message"].as_str().expect("a message");
    assert!(message.contains("did you mean `ignore`?"), "{message}");
    let answer = editor.wait(|message| message["id"] == "again");
    assert!(answer.to_string().contains("index-not-concurrent"), "the defaults hold: {answer}");
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn the_command_line_says_which_configuration_is_read() {
    let ignores = b"ignore = ['index-not-concurrent']\n";
    let folder = project(&[("ddlint.toml", ignores), ("other.toml", b"ignore = ['lock-timeout-missing']\n")]);
    for (arguments, expected) in [
        (&[][..], &["lock-timeout-missing"][..]),
        (&["--config", "other.toml"], &["index-not-concurrent"]),
        (&["--isolated"], &["index-not-concurrent", "lock-timeout-missing"]),
    ] {
        let (mut editor, _) = Editor::start_with(folder.path(), &neovim(), arguments);
        editor.open("migrations/0001.sql", "sql", TEXT);
        let rules: Vec<_> = editor.pull("migrations/0001.sql").iter().map(|found| found["code"].clone()).collect();
        assert_eq!(rules, expected, "{arguments:?}");
        assert_eq!(editor.stop(), Some(0));
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_the_session_goes_on() {
    let folder = project(&[]);
    let (mut editor, _) = Editor::start(folder.path(), &neovim());
    assert_eq!(editor.answer("textDocument/rename", &json!({}))["error"]["code"], -32601);
    assert_eq!(editor.answer("textDocument/hover", &json!({"position": "here"}))["error"]["code"], -32602);
    editor.tell("textDocument/didOpen", &json!({"textDocument": 1}));
    assert_eq!(editor.pull("never/opened.sql"), Vec::<Value>::new());
    editor.open("notes.md", "markdown", "DROP TABLE orders;\n");
    assert_eq!(editor.pull("notes.md"), Vec::<Value>::new());
    let deep = format!("SELECT {}1{};\n{TEXT}", "(".repeat(10_000), ")".repeat(10_000));
    editor.open("migrations/deep.sql", "sql", &deep);
    one(&editor.pull("migrations/deep.sql"), "index-not-concurrent");
    assert_eq!(editor.stop(), Some(0));
}

#[test]
fn an_editor_that_leaves_without_a_word_is_a_failure() {
    let folder = project(&[]);
    let (mut editor, _) = Editor::start(folder.path(), &vs_code());
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.child.wait().expect("it ends").code(), Some(1));
    let (mut editor, _) = Editor::start(folder.path(), &vs_code());
    editor.input = None;
    assert_eq!(editor.child.wait().expect("it ends").code(), Some(1));
}

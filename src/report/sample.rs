//! An outcome to render in tests: two files, a finding of each severity and status, places in Python strings.

use std::sync::Arc;

use crate::diagnostic::{About, Applicability, Confidence, Diagnostic, Edit, Fix, Label, Severity, Status};
use crate::engine::{Outcome, Summary};
use crate::rule::Rule;
use crate::source::{Language, SourceFile};
use crate::span::{FileId, Span};

/// A SQL file with a character that UTF-16 writes in two units.
pub(super) const SQL: &str = "CREATE TABLE orders (note text); -- 😀\n/* 😀 */ CREATE INDEX ix ON orders (note);\n";

/// A Python file with SQL in a string.
pub(super) const PYTHON: &str = "\
def run_36(engine):
    exec_ddl(
        engine,
        \"\"\"
        UPDATE users
        SET plan = 'free'
        \"\"\",
    )
";

/// The file `path` with `text`.
pub(super) fn file(id: u32, path: &str, text: &str) -> SourceFile {
    let python = path.rsplit('.').next() == Some("py");
    let language = if python { Language::Python } else { Language::Sql };
    SourceFile::of_text(FileId(id), path, text, language)
}

/// An outcome of `files` with `diagnostics`.
pub(super) fn outcome_of(files: &[(&str, &str)], diagnostics: Vec<Diagnostic>) -> Outcome {
    let files = (0..).zip(files).map(|(id, (path, text))| Arc::new(file(id, path, text))).collect();
    Outcome { files, diagnostics, ..Outcome::default() }
}

/// The span of the first `needle` in `text`.
pub(super) fn span_of(id: u32, text: &str, needle: &str) -> Span {
    let start = text.find(needle).expect("the sample holds it");
    Span::new(FileId(id), start, start + needle.len())
}

/// A finding of `rule` at `span`.
pub(super) fn diagnostic(rule: &str, severity: Severity, span: Span, message: &str) -> Diagnostic {
    Diagnostic {
        span,
        statement: span,
        rule: rule.to_owned(),
        group: "locking".to_owned(),
        severity,
        confidence: Confidence::High,
        message: message.to_owned(),
        label: String::new(),
        related: Vec::new(),
        help: None,
        url: None,
        about: About::default(),
        fingerprint: "00000000000000aa".to_owned(),
        status: Status::New,
        justification: None,
        fix: None,
    }
}

/// A rule of the sample.
pub(super) fn rule(name: &str, title: &str, group: &str, severity: Severity) -> Arc<Rule> {
    Arc::new(Rule {
        name: name.to_owned(),
        title: title.to_owned(),
        summary: format!("{title} is what this rule is about."),
        group: group.to_owned(),
        severity,
        enabled: true,
        markdown: format!("# {title}\n\n{title} is what this rule is about.\n\n## Why\n\nBecause it blocks writes.\n"),
        url: Some(format!("https://example.org/rules/{name}")),
        ..Rule::default()
    })
}

/// The sample.
pub(super) fn outcome() -> Outcome {
    let (sql, python) = ("db/migrations/0002 note.sql", "server/db_migrate.py");
    let mut index = diagnostic(
        "index-not-concurrent",
        Severity::Error,
        span_of(0, SQL, "CREATE INDEX ix ON orders (note)"),
        "building index `ix` blocks writes to `orders`",
    );
    index.label = "takes SHARE lock for the whole build".to_owned();
    index.help = Some("create it CONCURRENTLY, outside a transaction".to_owned());
    index.url = Some("https://example.org/rules/index-not-concurrent".to_owned());
    index.about = About { kind: Some("index.create"), table: Some("orders".to_owned()), name: Some("ix".to_owned()) };
    index.related = vec![
        Label { span: span_of(0, SQL, "orders"), text: "the table is created here".to_owned() },
        Label { span: span_of(1, PYTHON, "exec_ddl"), text: "the transaction is opened here".to_owned() },
    ];
    let at = span_of(0, SQL, "INDEX");
    index.fix = Some(Fix {
        description: "build the index CONCURRENTLY".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { span: Span { start: at.end, ..at }, text: " CONCURRENTLY".to_owned() }],
    });
    let parse = diagnostic("parse-error", Severity::Warning, span_of(0, SQL, "text"), "this cannot be read");
    let mut update = diagnostic(
        "backfill-in-migration",
        Severity::Error,
        span_of(1, PYTHON, "UPDATE users\n        SET plan = 'free'"),
        "`UPDATE` changes rows of `users` in a migration",
    );
    update.group = "data".to_owned();
    update.fingerprint = "00000000000000bb".to_owned();
    let mut baselined = update.clone();
    baselined.status = Status::Baselined;
    let mut suppressed = diagnostic("parse-error", Severity::Info, Span::file(FileId(1)), "an old file");
    suppressed.status = Status::Suppressed;
    suppressed.justification = Some("kept as it was".to_owned());
    let mut outcome = outcome_of(&[(sql, SQL), (python, PYTHON)], vec![parse, index, suppressed, update, baselined]);
    outcome.rules = vec![
        rule("backfill-in-migration", "Rows changed in a migration", "data", Severity::Error),
        rule("index-not-concurrent", "Index built without CONCURRENTLY", "locking", Severity::Error),
        rule("parse-error", "Source that cannot be read", "correctness", Severity::Warning),
    ];
    outcome.summary = Summary {
        files: 2,
        migrations: 3,
        operations: 4,
        errors: 2,
        warnings: 1,
        baselined: 1,
        suppressed: 1,
        ..Summary::default()
    };
    outcome
}

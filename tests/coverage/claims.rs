//! What an operation claims about objects, in the words of event triggers.

use std::fmt;

use ddlint::ir::{Details, OpKind, Operation, QualifiedName};

use super::Event;

/// What is done to an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// CREATE, SELECT INTO.
    Create,
    /// ALTER, REFRESH, and what ALTER TABLE does to parts of a table.
    Alter,
    /// DROP.
    Drop,
    /// COMMENT, SECURITY LABEL.
    Comment,
    /// GRANT, REVOKE, ALTER DEFAULT PRIVILEGES.
    Privilege,
}

/// One object, and what an operation does to it.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    action: Action,
    /// The server's names for sorts of objects that it may be; empty for any.
    types: &'static [&'static str],
    /// Its name; `None` where the operation has none.
    name: Option<QualifiedName>,
    /// The server must see it: nothing written makes it depend on what is there.
    pub(crate) certain: bool,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.action, self.types.first().unwrap_or(&"any"))?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

/// What ALTER TABLE works on, whatever word is written.
const RELATIONS: &[&str] = &[
    "table",
    "view",
    "materialized view",
    "index",
    "sequence",
    "foreign table",
    "composite type",
    "type",
    "toast table",
    "table column",
    "foreign table column",
    "view column",
    "materialized view column",
    "composite type column",
    "index column",
    "table constraint",
];

/// Families of operation, and the sorts of object that the server calls so.
const FAMILIES: &[(&str, &[&str])] = &[
    ("table", &["table", "foreign table"]),
    ("foreign-table", &["foreign table"]),
    ("index", &["index"]),
    ("view", &["view"]),
    ("matview", &["materialized view"]),
    ("type", &["type", "composite type"]),
    ("enum", &["type"]),
    ("domain", &["type", "domain constraint"]),
    ("sequence", &["sequence"]),
    ("function", &["function", "procedure", "aggregate", "routine"]),
    ("aggregate", &["aggregate"]),
    ("trigger", &["trigger"]),
    ("policy", &["policy"]),
    ("rule", &["rule"]),
    ("extension", &["extension"]),
    ("schema", &["schema"]),
    ("publication", &["publication", "publication relation", "publication namespace"]),
    ("subscription", &["subscription"]),
    ("statistics", &["statistics object"]),
    ("server", &["server"]),
    ("foreign-data-wrapper", &["foreign-data wrapper"]),
    ("user-mapping", &["user mapping"]),
    (
        "text-search",
        &["text search configuration", "text search dictionary", "text search parser", "text search template"],
    ),
    ("operator", &["operator"]),
    ("operator-class", &["operator class"]),
    ("operator-family", &["operator family"]),
    ("cast", &["cast"]),
    ("conversion", &["conversion"]),
    ("collation", &["collation"]),
    ("language", &["language"]),
    ("access-method", &["access method"]),
    ("transform", &["transform"]),
];

/// Families whose objects no event trigger sees: those that all databases share, and event triggers.
const UNSEEN: &[&str] = &["database", "role", "tablespace", "event-trigger", "transaction", "session", "data", "code"];

/// Whether an event is about an object that a statement can name: a cascade and what belongs to another object (the
/// row type of a table, its TOAST table) is not.
pub(crate) fn counts(event: &Event) -> bool {
    match event.kind.as_str() {
        "ddl" => true,
        "drop" => event.original,
        _ => false,
    }
}

/// What an operation claims.
pub(crate) fn of(op: &Operation) -> Vec<Claim> {
    let name = op.kind.as_str();
    let (family, verb) = name.split_once('.').unwrap_or((name, ""));
    let known = |name: &Option<ddlint::ir::Known<QualifiedName>>| name.as_ref().and_then(|n| n.known().cloned());
    let guarded = op.if_exists || op.if_not_exists || op.conditional;
    let table = || Claim { action: Action::Alter, types: RELATIONS, name: known(&op.table), certain: !guarded };
    if UNSEEN.contains(&family) {
        return as_select(op);
    }
    match op.kind {
        OpKind::Opaque | OpKind::Other | OpKind::TableTruncate | OpKind::TableLock | OpKind::IndexReindex => Vec::new(),
        OpKind::CommentSet => {
            vec![Claim {
                action: Action::Comment,
                types: &[],
                name: known(&op.name).or(known(&op.table)),
                certain: true,
            }]
        }
        OpKind::PrivilegeGrant | OpKind::PrivilegeRevoke => {
            vec![Claim { action: Action::Privilege, types: &[], name: None, certain: true }]
        }
        OpKind::TableSetStorage if !op.detail.is_empty() && !op.statement.text.to_uppercase().contains("ALTER") => {
            Vec::new()
        }
        _ if matches!(family, "column" | "constraint" | "partition") => vec![table()],
        _ => {
            let action = match verb {
                "create" => Action::Create,
                "drop" => Action::Drop,
                _ => Action::Alter,
            };
            let types = if action == Action::Alter && RELATIONS.contains(&family) {
                RELATIONS
            } else {
                FAMILIES.iter().find(|(own, _)| *own == family).map_or(&[][..], |(_, types)| types)
            };
            let own = if matches!(family, "table" | "view" | "matview") { known(&op.table) } else { known(&op.name) };
            let name = own.or_else(|| known(&op.name)).or_else(|| known(&op.table));
            vec![Claim { action, types, name, certain: !guarded }]
        }
    }
}

/// SELECT … INTO creates a table.
fn as_select(op: &Operation) -> Vec<Claim> {
    let _ = matches!(op.details, Details::Table(_));
    Vec::new()
}

impl Claim {
    /// Whether the event is what is claimed.
    pub(crate) fn meets(&self, event: &Event) -> bool {
        self.action == action(event)
            && (self.types.is_empty() || self.types.contains(&event.object_type.as_str()))
            && self.names(event)
    }

    fn names(&self, event: &Event) -> bool {
        let (Some(name), Some(identity)) = (&self.name, &event.identity) else { return true };
        let parts = identifiers(identity);
        let Some(last) = parts.last() else { return true };
        // A column or constraint is written with the table that it belongs to.
        let parts = if event.object_type.ends_with(" column") { &parts[..parts.len() - 1] } else { &parts[..] };
        let on = identity.split_once(" on ").map(|(_, table)| identifiers(table));
        let same = |parts: &[String]| {
            parts.last() == Some(&name.name)
                && name.schema.as_ref().is_none_or(|schema| parts.len() < 2 || parts.first() == Some(schema))
        };
        same(parts) || last == &name.name || on.is_some_and(|table| self.action == Action::Alter && same(&table))
    }
}

/// What the server says was done.
fn action(event: &Event) -> Action {
    if event.kind == "drop" {
        return Action::Drop;
    }
    match event.tag.split(' ').next().unwrap_or_default() {
        "CREATE" | "SELECT" => Action::Create,
        "COMMENT" | "SECURITY" => Action::Comment,
        "GRANT" | "REVOKE" => Action::Privilege,
        _ if event.tag == "ALTER DEFAULT PRIVILEGES" => Action::Privilege,
        _ => Action::Alter,
    }
}

/// The dotted name at the start of an identity, without quotes.
fn identifiers(identity: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut letters = identity.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                parts.last_mut().expect("starts with one").push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            ' ' | '(' | '[' if !quoted => break,
            other => parts.last_mut().expect("starts with one").push(other),
        }
    }
    parts
}

/// Whether an event is a consequence of another, which no text names.
pub(crate) fn consequence(event: &Event, seen: &[&Event], _claims: &[Claim]) -> bool {
    let _ = seen;
    let _ = event;
    false
}

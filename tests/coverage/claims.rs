//! What an operation claims about objects, in the words of event triggers.

use std::fmt;

use ddlint::ir::{Details, Known, OpKind, Operation, QualifiedName};

use super::{Event, derived};

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
    pub(super) action: Action,
    /// The server's names for sorts of objects that it may be; empty for any.
    pub(super) types: &'static [&'static str],
    /// Its name; `None` where the operation has none.
    pub(super) name: Option<QualifiedName>,
    /// The table that it is a part of.
    pub(super) of: Option<QualifiedName>,
    /// The server made up the name and may have put a number behind it.
    pub(super) numbered: bool,
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
const UNSEEN: &[&str] = &[
    "database",
    "role",
    "tablespace",
    "system",
    "event-trigger",
    "transaction",
    "session",
    "data",
    "code",
    "other",
    "opaque",
];

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
    let (family, verb) = op.kind.as_str().split_once('.').unwrap_or((op.kind.as_str(), ""));
    let shared = matches!(op.detail, "database" | "role" | "tablespace" | "event-trigger" | "parameter");
    if UNSEEN.contains(&family) || (shared && matches!(family, "privilege" | "comment" | "security-label")) {
        return Vec::new();
    }
    let mut claims = match op.kind {
        OpKind::TableTruncate
        | OpKind::TableLock
        | OpKind::IndexReindex
        | OpKind::TableVacuum
        | OpKind::TableAnalyze => Vec::new(),
        // ALL IN TABLESPACE names no object that is altered.
        _ if op.detail == "all-in-tablespace" => Vec::new(),
        OpKind::TableSetStorage if matches!(op.detail, "cluster" | "vacuum-full") => Vec::new(),
        OpKind::CommentSet | OpKind::SecurityLabelSet => {
            vec![Claim {
                certain: true,
                ..Claim::new(Action::Comment, &[], known(op.name.as_ref()).or(known(op.table.as_ref())))
            }]
        }
        OpKind::PrivilegeGrant | OpKind::PrivilegeRevoke => vec![Claim::new(Action::Privilege, &[], None)],
        OpKind::ColumnRename | OpKind::ConstraintRename => {
            vec![Claim { of: known(op.table.as_ref()), ..Claim::new(Action::Alter, RELATIONS, new_name(op)) }]
        }
        OpKind::TypeAlter | OpKind::DomainAlter => of_type(op),
        // Where it is enabled as it was, nothing is reported.
        OpKind::TriggerAlter | OpKind::RuleAlter if SWITCHES.contains(&op.detail) => {
            vec![Claim { certain: false, ..Claim::new(Action::Alter, RELATIONS, known(op.table.as_ref())) }]
        }
        OpKind::PolicyAlter if SWITCHES.contains(&op.detail) => {
            vec![Claim::new(Action::Alter, RELATIONS, known(op.table.as_ref()))]
        }
        OpKind::PublicationAlter if names_member(op) => vec![member(op)],
        _ if matches!(family, "column" | "constraint" | "partition") => part(op),
        _ => vec![object(op, family, verb)],
    };
    claims.extend(derived::of(op));
    // Of what EXPLAIN ANALYZE runs, event triggers are told nothing. ALTER TABLE IF EXISTS … ADD is guarded by the table.
    let text = op.statement.text.to_uppercase();
    let unseen = text.contains("EXPLAIN") || text.contains(" IF EXISTS");
    let guarded = unseen || op.if_exists || op.if_not_exists || op.conditional;
    for claim in &mut claims {
        claim.certain &= !guarded;
    }
    claims
}

/// What ALTER TABLE says of triggers, rules and policies of the table.
const SWITCHES: &[&str] = &["enable", "disable", "force", "no-force", "enable-always", "enable-replica"];

/// The name that is known.
fn known(name: Option<&Known<QualifiedName>>) -> Option<QualifiedName> {
    name.and_then(|name| name.known().cloned())
}

/// The name that the object has afterwards, in the schema that it is in afterwards.
fn new_name(op: &Operation) -> Option<QualifiedName> {
    match &op.details {
        Details::Table(table) => known(table.new_name.as_ref()),
        Details::Object(object) => known(object.new_name.as_ref()),
        Details::Column(column) => column.new_name.clone().map(QualifiedName::bare),
        Details::Constraint(constraint) => constraint.new_name.clone().map(QualifiedName::bare),
        Details::Index(index) => index.new_name.clone().map(QualifiedName::bare),
        _ => None,
    }
}

/// A part of a table: the table is altered, and a part that goes is dropped.
fn part(op: &Operation) -> Vec<Claim> {
    let mut claims = vec![Claim::new(Action::Alter, RELATIONS, known(op.table.as_ref()))];
    let dropped: &[&str] = match op.kind {
        OpKind::ColumnDrop => &["table column", "foreign table column", "composite type column"],
        OpKind::ConstraintDrop => &["table constraint"],
        OpKind::ColumnAlter if op.detail == "drop-expression" => &["default value"],
        OpKind::ColumnDropDefault => {
            // Nothing is dropped where there was no default.
            claims.push(Claim {
                certain: false,
                ..Claim::new(Action::Drop, &["default value"], known(op.name.as_ref()))
            });
            &[]
        }
        _ => &[],
    };
    if !dropped.is_empty() {
        claims
            .push(Claim { of: known(op.table.as_ref()), ..Claim::new(Action::Drop, dropped, known(op.name.as_ref())) });
    }
    claims
}

/// What ALTER TYPE and ALTER DOMAIN do: to the type, to an attribute, to a constraint.
fn of_type(op: &Operation) -> Vec<Claim> {
    let whole = Claim::new(
        Action::Alter,
        &["type", "composite type", "domain"],
        new_name(op).or_else(|| known(op.name.as_ref())),
    );
    let Details::Object(details) = &op.details else { return vec![whole] };
    let part = |name: &Option<String>| name.clone().map(QualifiedName::bare);
    let of = known(op.name.as_ref());
    match op.detail {
        "drop-attribute" => {
            let columns = &["composite type column", "table column"];
            vec![whole, Claim { of, ..Claim::new(Action::Drop, columns, part(&details.part)) }]
        }
        "rename-attribute" => {
            vec![Claim { of, ..Claim::new(Action::Alter, &["composite type column"], part(&details.new_part)) }]
        }
        "drop-constraint" => {
            vec![whole, Claim { of, ..Claim::new(Action::Drop, &["domain constraint"], part(&details.part)) }]
        }
        "rename-constraint" => {
            vec![Claim { of, ..Claim::new(Action::Alter, &["domain constraint"], part(&details.new_part)) }]
        }
        _ => vec![whole],
    }
}

/// Whether a table or schema joins or leaves: else an option of the publication is changed.
fn names_member(op: &Operation) -> bool {
    op.table.is_some() || matches!(&op.details, Details::Object(object) if object.part.is_some())
}

/// A table or schema that joins or leaves a publication.
fn member(op: &Operation) -> Claim {
    let action = if op.detail == "drop" { Action::Drop } else { Action::Alter };
    let schema = match &op.details {
        Details::Object(object) => object.part.clone().map(QualifiedName::bare),
        _ => None,
    };
    let types = if schema.is_some() { &["publication namespace"] } else { &["publication relation"] };
    // CURRENT_SCHEMA is no name.
    let schema = schema.filter(|name| name.name != "current_schema");
    // A table that stays as it was is not touched by SET TABLE.
    let certain = op.detail != "set";
    Claim { certain, ..Claim::new(action, types, schema.or_else(|| known(op.table.as_ref()))) }
}

/// An object of its own.
fn object(op: &Operation, family: &str, verb: &str) -> Claim {
    let action = match verb {
        "create" => Action::Create,
        "drop" => Action::Drop,
        _ => Action::Alter,
    };
    let types = if action == Action::Alter
        && RELATIONS.contains(&family.replace("matview", "materialized view").replace('-', " ").as_str())
    {
        RELATIONS
    } else {
        FAMILIES.iter().find(|(own, _)| *own == family).map_or(&[][..], |(_, types)| types)
    };
    let named = |name: &QualifiedName| QualifiedName::bare(name.name.clone());
    let own = if matches!(family, "table" | "foreign-table" | "view" | "matview") {
        known(op.table.as_ref()).or_else(|| known(op.name.as_ref()))
    } else {
        known(op.name.as_ref())
    };
    let name = match new_name(op) {
        // ALTER … SET SCHEMA and RENAME TO: what follows is no part of the old schema.
        Some(new) => Some(if op.detail == "schema" { new } else { named(&new) }),
        None => own,
    };
    if name.is_none()
        && let (Details::Index(index), Some(table)) = (&op.details, known(op.table.as_ref()))
    {
        return Claim::new(action, types, Some(derived::index(&table, index))).numbered();
    }
    Claim::new(action, types, name)
}

impl Claim {
    /// A claim that must be met.
    pub(super) fn new(action: Action, types: &'static [&'static str], name: Option<QualifiedName>) -> Self {
        Self { action, types, name, of: None, numbered: false, certain: true }
    }

    /// The same, with a name that the server made up.
    pub(super) fn numbered(self) -> Self {
        Self { numbered: true, ..self }
    }

    /// Whether an index is claimed.
    pub(super) fn is_index(&self) -> bool {
        self.types == ["index"]
    }

    /// Whether the event is what is claimed.
    pub(crate) fn meets(&self, event: &Event) -> bool {
        self.action == action(event)
            && (self.types.is_empty() || self.types.contains(&event.object_type.as_str()))
            && self.names(event)
    }

    fn names(&self, event: &Event) -> bool {
        let (Some(name), Some(identity)) = (&self.name, &event.identity) else { return true };
        match event.object_type.as_str() {
            "cast" => return canonical_cast(&name.name) == canonical_cast(identity),
            "user mapping" => return same_mapping(&name.name, identity),
            "transform" => return true,
            _ => {}
        }
        let parts = Identity::of(event, identity);
        parts.is(name, self.numbered) && self.of.as_ref().is_none_or(|table| parts.is_on(table))
    }

    /// Whether the event is about the part of another table that has the same name.
    pub(super) fn meets_elsewhere(&self, event: &Event) -> bool {
        self.of.is_some() && Self { of: None, ..self.clone() }.meets(event)
    }
}

/// `(integer as text)` for a cast, whatever its types are called in the text.
fn canonical_cast(name: &str) -> Vec<String> {
    let canonical = |word: &str| {
        let word = word.rsplit('.').next().unwrap_or(word).trim_matches(['(', ')']).to_lowercase();
        match word.as_str() {
            "int4" | "int" => "integer".to_owned(),
            "int8" => "bigint".to_owned(),
            "float4" => "real".to_owned(),
            "float8" | "double" => "double precision".to_owned(),
            _ => word,
        }
    };
    name.split_whitespace().map(canonical).filter(|word| word != "precision").collect()
}

/// `alice on server s`, where the text may say CURRENT_USER.
fn same_mapping(name: &str, identity: &str) -> bool {
    let current = |user: &str| matches!(user, "current_user" | "user" | "current_role");
    match (name.split_once(" on server "), identity.split_once(" on server ")) {
        (Some((user, server)), Some((other, other_server))) => {
            (user == other || current(user)) && server.trim_matches('"') == other_server.trim_matches('"')
        }
        _ => name == identity,
    }
}

/// The name of an object as event triggers write it.
struct Identity {
    /// Its own name, behind the schema where it has one.
    own: Vec<String>,
    /// The table that it is a part of.
    on: Vec<String>,
}

impl Identity {
    fn of(event: &Event, identity: &str) -> Self {
        let identity = identity.strip_prefix("for ").unwrap_or(identity);
        let mut own = identifiers(identity);
        // A session's own schema for what is temporary has the number of the session.
        if let Some(schema) = own.first_mut().filter(|schema| schema.starts_with("pg_temp_")) {
            schema.truncate("pg_temp".len());
        }
        let on = identity.split_once(" on ").map(|(_, table)| identifiers(table)).unwrap_or_default();
        if event.object_type.ends_with(" column") || event.object_type == "default value" {
            let column = own.pop();
            return Self { own: column.into_iter().collect(), on: own };
        }
        Self { own, on }
    }

    fn is(&self, name: &QualifiedName, numbered: bool) -> bool {
        let Some(own) = self.own.last() else { return false };
        let schema = self.own.len().checked_sub(2).and_then(|at| self.own.get(at));
        let number = |rest: &str| rest.is_empty() || (numbered && rest.parse::<u32>().is_ok());
        own.strip_prefix(name.name.as_str()).is_some_and(number)
            && name.schema.as_ref().is_none_or(|one| schema.is_none_or(|other| one == other))
    }

    fn is_on(&self, table: &QualifiedName) -> bool {
        self.on.last() == Some(&table.name)
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

//! The sorts of objects, the words they are called by, and how each is named.
//!
//! Source: PostgreSQL documentation, the CREATE, ALTER, DROP and COMMENT pages.

use crate::frontend::sql::cursor::{Cursor, Read, unquote};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Known, ObjectDetails, OpKind, QualifiedName};

/// A sort of object.
#[derive(Clone, Copy)]
pub(super) struct Object {
    /// The words it is called by.
    pub(super) phrase: &'static str,
    /// How one of it is named.
    pub(super) shape: Shape,
    /// Kind of CREATE; `Other` where there is none.
    pub(super) create: OpKind,
    /// Kind of ALTER.
    pub(super) alter: OpKind,
    /// Kind of ALTER … RENAME TO.
    pub(super) rename: OpKind,
    /// Kind of DROP; `Other` where there is none.
    pub(super) drop: OpKind,
    /// Detail of CREATE and DROP, where the kind covers several sorts.
    pub(super) detail: &'static str,
}

/// How an object is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A table: its name is the operation's `table`.
    Table,
    /// A view or the like: its name is `table` and `name`.
    Relation,
    /// A name.
    Plain,
    /// `name ON table`
    OnTable,
    /// `name (arguments)`
    Signature,
    /// `+ (left, right)`
    Operator,
    /// `name USING method`
    Using,
    /// `(source AS target)`
    Cast,
    /// `FOR type LANGUAGE name`
    Transform,
    /// `FOR user SERVER name`
    UserMapping,
    /// A number.
    Number,
}

impl Object {
    const fn new(phrase: &'static str, shape: Shape, create: OpKind, alter: OpKind, drop: OpKind) -> Self {
        Self { phrase, shape, create, alter, rename: alter, drop, detail: "" }
    }

    const fn renamed(self, rename: OpKind) -> Self {
        Self { rename, ..self }
    }

    const fn detail(self, detail: &'static str) -> Self {
        Self { detail, ..self }
    }

    /// The sort of object that is called here; its words are taken.
    pub(super) fn read(c: &mut Cursor<'_>) -> Option<Self> {
        c.eat("PROCEDURAL");
        OBJECTS.iter().find(|object| c.eat(object.phrase)).copied()
    }
}

/// Longer phrases before those they begin with.
const OBJECTS: &[Object] = {
    use OpKind as K;
    use Shape::{Cast, Number, OnTable, Operator, Plain, Relation, Signature, Table, Transform, UserMapping, Using};
    &[
        Object::new("TABLE", Table, K::TableCreate, K::TableAlter, K::TableDrop).renamed(K::TableRename),
        Object::new("FOREIGN TABLE", Relation, K::ForeignTableCreate, K::ForeignTableAlter, K::ForeignTableDrop)
            .renamed(K::ForeignTableRename),
        Object::new("INDEX", Plain, K::IndexCreate, K::IndexAlter, K::IndexDrop).renamed(K::IndexRename),
        Object::new("MATERIALIZED VIEW", Relation, K::MatviewCreate, K::MatviewAlter, K::MatviewDrop)
            .renamed(K::MatviewRename),
        Object::new("VIEW", Relation, K::ViewCreate, K::ViewAlter, K::ViewDrop).renamed(K::ViewRename),
        Object::new("SEQUENCE", Plain, K::SequenceCreate, K::SequenceAlter, K::SequenceDrop).renamed(K::SequenceRename),
        Object::new("TYPE", Plain, K::TypeCreate, K::TypeAlter, K::TypeDrop).renamed(K::TypeRename),
        Object::new("DOMAIN", Plain, K::DomainCreate, K::DomainAlter, K::DomainDrop).renamed(K::DomainRename),
        Object::new("FUNCTION", Signature, K::FunctionCreate, K::FunctionAlter, K::FunctionDrop)
            .renamed(K::FunctionRename),
        Object::new("PROCEDURE", Signature, K::FunctionCreate, K::FunctionAlter, K::FunctionDrop)
            .renamed(K::FunctionRename)
            .detail("procedure"),
        Object::new("PROC", Signature, K::FunctionCreate, K::FunctionAlter, K::FunctionDrop)
            .renamed(K::FunctionRename)
            .detail("procedure"),
        Object::new("ROUTINE", Signature, K::Other, K::FunctionAlter, K::FunctionDrop)
            .renamed(K::FunctionRename)
            .detail("routine"),
        Object::new("AGGREGATE", Signature, K::AggregateCreate, K::AggregateAlter, K::AggregateDrop),
        Object::new("EVENT TRIGGER", Plain, K::EventTriggerCreate, K::EventTriggerAlter, K::EventTriggerDrop),
        Object::new("CONSTRAINT TRIGGER", OnTable, K::TriggerCreate, K::TriggerAlter, K::TriggerDrop),
        Object::new("TRIGGER", OnTable, K::TriggerCreate, K::TriggerAlter, K::TriggerDrop),
        Object::new("RULE", OnTable, K::RuleCreate, K::RuleAlter, K::RuleDrop),
        Object::new("POLICY", OnTable, K::PolicyCreate, K::PolicyAlter, K::PolicyDrop),
        Object::new("EXTENSION", Plain, K::ExtensionCreate, K::ExtensionAlter, K::ExtensionDrop),
        Object::new("LANGUAGE", Plain, K::LanguageCreate, K::LanguageAlter, K::LanguageDrop),
        Object::new("COLLATION", Plain, K::CollationCreate, K::CollationAlter, K::CollationDrop),
        Object::new("DEFAULT CONVERSION", Plain, K::ConversionCreate, K::Other, K::Other).detail("default"),
        Object::new("CONVERSION", Plain, K::ConversionCreate, K::ConversionAlter, K::ConversionDrop),
        Object::new("CAST", Cast, K::CastCreate, K::Other, K::CastDrop),
        Object::new("TRANSFORM", Transform, K::TransformCreate, K::Other, K::TransformDrop),
        Object::new("OPERATOR CLASS", Using, K::OperatorClassCreate, K::OperatorClassAlter, K::OperatorClassDrop),
        Object::new("OPERATOR FAMILY", Using, K::OperatorFamilyCreate, K::OperatorFamilyAlter, K::OperatorFamilyDrop),
        Object::new("OPERATOR", Operator, K::OperatorCreate, K::OperatorAlter, K::OperatorDrop),
        Object::new("ACCESS METHOD", Plain, K::AccessMethodCreate, K::Other, K::AccessMethodDrop),
        Object::new("TEXT SEARCH CONFIGURATION", Plain, K::TextSearchCreate, K::TextSearchAlter, K::TextSearchDrop)
            .detail("configuration"),
        Object::new("TEXT SEARCH DICTIONARY", Plain, K::TextSearchCreate, K::TextSearchAlter, K::TextSearchDrop)
            .detail("dictionary"),
        Object::new("TEXT SEARCH PARSER", Plain, K::TextSearchCreate, K::TextSearchAlter, K::TextSearchDrop)
            .detail("parser"),
        Object::new("TEXT SEARCH TEMPLATE", Plain, K::TextSearchCreate, K::TextSearchAlter, K::TextSearchDrop)
            .detail("template"),
        Object::new("STATISTICS", Plain, K::StatisticsCreate, K::StatisticsAlter, K::StatisticsDrop),
        Object::new(
            "FOREIGN DATA WRAPPER",
            Plain,
            K::ForeignDataWrapperCreate,
            K::ForeignDataWrapperAlter,
            K::ForeignDataWrapperDrop,
        ),
        // GRANT says FOREIGN SERVER, every other statement SERVER.
        Object::new("FOREIGN SERVER", Plain, K::Other, K::Other, K::Other),
        Object::new("SERVER", Plain, K::ServerCreate, K::ServerAlter, K::ServerDrop),
        Object::new("USER MAPPING", UserMapping, K::UserMappingCreate, K::UserMappingAlter, K::UserMappingDrop),
        Object::new("SCHEMA", Plain, K::SchemaCreate, K::SchemaAlter, K::SchemaDrop).renamed(K::SchemaRename),
        Object::new("DATABASE", Plain, K::DatabaseCreate, K::DatabaseAlter, K::DatabaseDrop),
        Object::new("TABLESPACE", Plain, K::TablespaceCreate, K::TablespaceAlter, K::TablespaceDrop),
        Object::new("LARGE OBJECT", Number, K::Other, K::LargeObjectAlter, K::Other),
        Object::new("ROLE", Plain, K::RoleCreate, K::RoleAlter, K::RoleDrop),
        Object::new("USER", Plain, K::RoleCreate, K::RoleAlter, K::RoleDrop).detail("user"),
        Object::new("GROUP", Plain, K::RoleCreate, K::RoleAlter, K::RoleDrop).detail("group"),
        Object::new("LOGIN", Plain, K::RoleCreate, K::RoleAlter, K::RoleDrop).detail("login"),
        Object::new("PUBLICATION", Plain, K::PublicationCreate, K::PublicationAlter, K::PublicationDrop),
        Object::new("SUBSCRIPTION", Plain, K::SubscriptionCreate, K::SubscriptionAlter, K::SubscriptionDrop),
    ]
};

/// An object as a statement names it.
#[derive(Clone, Default)]
pub(super) struct Named {
    /// The relation.
    pub(super) table: Option<Known<QualifiedName>>,
    /// The object.
    pub(super) name: Option<Known<QualifiedName>>,
    /// Its arguments, or the method it is for.
    pub(super) details: Option<ObjectDetails>,
}

impl Named {
    /// Reads a name of `shape`; the cursor is left after it.
    pub(super) fn read(c: &mut Cursor<'_>, shape: Shape) -> Read<Self> {
        let mut named = Self::default();
        match shape {
            Shape::Table => named.table = Some(c.relation()?),
            Shape::Relation => {
                named.table = Some(c.relation()?);
                named.name.clone_from(&named.table);
            }
            Shape::Plain => named.name = Some(label(c)?),
            Shape::OnTable => {
                named.name = Some(c.name()?);
                if c.eat("ON") {
                    named.table = Some(c.relation()?);
                }
            }
            Shape::Signature => {
                named.name = Some(c.name()?);
                named.details = c.group().map(|inner| arguments(&inner));
            }
            Shape::Operator => {
                named.name = Some(operator(c)?);
                named.details = c.group().map(|inner| arguments(&inner));
            }
            Shape::Using => {
                named.name = Some(c.name()?);
                if c.eat("USING") {
                    let method = c.ident_text();
                    named.details = Some(ObjectDetails { part: method, ..ObjectDetails::default() });
                }
            }
            Shape::Cast => {
                let start = *c;
                let inner = c.group().ok_or("the types of the cast")?;
                named.name = Some(written(&start, c, &format!("({})", inner.shown())));
            }
            Shape::Transform => {
                let start = *c;
                c.expect("FOR")?;
                let of = c.until_word(&["LANGUAGE"]).shown();
                c.expect("LANGUAGE")?;
                let language = label(c)?;
                named.name = Some(written(&start, c, &format!("for {of} language {language}")));
            }
            Shape::UserMapping => {
                let start = *c;
                c.expect("FOR")?;
                let user = c.ident_text().ok_or("a user")?;
                let server = if c.eat("SERVER") { c.ident_text() } else { None };
                let text = server.map_or_else(|| user.clone(), |server| format!("{user} on server {server}"));
                named.name = Some(written(&start, c, &text));
            }
            Shape::Number => {
                let token = c.peek().filter(|t| matches!(t.kind, Kind::Number | Kind::Param | Kind::Hole));
                let text = c.source(token.ok_or("a number")?).to_owned();
                let start = *c;
                c.step();
                named.name = Some(written(&start, c, &text));
            }
        }
        Ok(named)
    }
}

fn arguments(inner: &Cursor<'_>) -> ObjectDetails {
    ObjectDetails { arguments: Some(inner.shown()), ..ObjectDetails::default() }
}

/// A name that the statement has no single word for.
fn written(start: &Cursor<'_>, end: &Cursor<'_>, text: &str) -> Known<QualifiedName> {
    let range = start.range_to(end);
    if start.text.first_hole(range.clone()).is_some() {
        return Known::Unknown(start.unknown(range));
    }
    Known::Known(QualifiedName::bare(text.to_lowercase()), start.text.span(range))
}

/// A name, also one written as a string: `LANGUAGE 'plpgsql'`.
pub(super) fn label(c: &mut Cursor<'_>) -> Read<Known<QualifiedName>> {
    if let Some(token) = c.peek().filter(|t| t.kind == Kind::String) {
        let start = *c;
        let text = unquote(c.source(token));
        c.step();
        let range = start.range_to(c);
        return Ok(Known::Known(QualifiedName::bare(text), start.text.span(range)));
    }
    c.name()
}

/// The symbol of an operator, with its schema where one is written.
fn operator(c: &mut Cursor<'_>) -> Read<Known<QualifiedName>> {
    let start = *c;
    let mut schema = None;
    while matches!(c.kind(), Some(Kind::Word | Kind::Quoted)) {
        let part = c.ident_text();
        if !c.eat_kind(Kind::Dot) {
            return Err("an operator");
        }
        schema = part;
    }
    let symbol = *c;
    // What the lexer takes for several operators, or for a parameter, is one here: it ends at its parenthesis.
    c.until(|c| !matches!(c.kind(), Some(Kind::Operator | Kind::Param | Kind::Hole)));
    let range = symbol.range_to(c);
    if range.is_empty() {
        return Err("an operator");
    }
    if c.text.first_hole(range.clone()).is_some() {
        return Ok(Known::Unknown(start.unknown(range)));
    }
    let name = c.text.text.get(range).unwrap_or_default().to_owned();
    Ok(Known::Known(QualifiedName { schema, name }, c.text.span(start.range_to(c))))
}

//! CREATE, ALTER and DROP of everything that is not a table or an index.

use super::Reader;
use super::alter::Word;
use super::catalog::{Named, Object, Shape};
use super::table::Modifiers;
use super::{column, constraint, output, routine};
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read, unquote};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{
    ColumnDetails, Details, Known, ObjectDetails, OpKind, OpaqueReason, QualifiedName, TypeDetails, ViewDetails,
};

/// Objects of other servers that no rule looks at.
const UNINTERESTING: &[&str] = &[
    "ALIAS",
    "EVENT",
    "SYNONYM",
    "DEFAULT",
    "INSTANCE",
    "SECRET",
    "CONSTRAINT",
    "RESOURCE",
    "UNDO",
    "SPATIAL REFERENCE",
];

fn uninteresting(c: &Cursor<'_>) -> bool {
    UNINTERESTING.iter().any(|phrase| c.at_phrase(phrase))
}

/// Words before the object that change nothing this program looks at.
const SILENT: &[&str] = &[
    "GLOBAL",
    "LOCAL",
    "RECURSIVE",
    "TRUSTED",
    "PROCEDURAL",
    "FULLTEXT",
    // CockroachDB.
    "INVERTED",
    "SPATIAL",
    "INVERTED",
    "CLUSTERED",
    "NONCLUSTERED",
    "COLUMNSTORE",
    "VIRTUAL",
    "EXTERNAL",
    "SECURE",
    "SQL SECURITY DEFINER",
    "SQL SECURITY INVOKER",
];

/// Words between CREATE and the object. An unknown part there is one of them.
fn modifiers(c: &mut Cursor<'_>) -> Modifiers {
    let mut found = Modifiers::default();
    loop {
        if c.eat("OR REPLACE") || c.eat("OR ALTER") {
            found.or_replace = true;
        } else if c.eat_any(&["TEMP", "TEMPORARY"]) {
            found.temporary = true;
        } else if c.eat("UNLOGGED") {
            found.unlogged = true;
        } else if c.eat("UNIQUE") {
            found.unique = true;
        } else if c.eat_any(&["ALGORITHM", "DEFINER"]) {
            c.until_word(&["SQL", "VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "EVENT", "AGGREGATE"]);
        } else if c.eat_unknown() {
            found.unknown = true;
        } else if !c.eat_any(SILENT) {
            return found;
        }
    }
}

/// What ALTER does to an object: the words it begins with, and the detail. Longer phrases first.
const ALTERATIONS: &[(&str, &str)] = &[
    ("OWNER TO", "owner"),
    ("OWNED BY", "owned-by"),
    ("SET SCHEMA", "schema"),
    ("RENAME TO", "rename"),
    ("RENAME COLUMN", "rename-column"),
    ("RENAME CONSTRAINT", "rename-constraint"),
    ("RENAME ATTRIBUTE", "rename-attribute"),
    ("RENAME VALUE", "rename-value"),
    ("NO DEPENDS ON", "depends"),
    ("DEPENDS ON", "depends"),
    ("SET STATISTICS", "statistics"),
    ("SET TABLESPACE", "tablespace"),
    ("SET LOGGED", "logged"),
    ("SET UNLOGGED", "unlogged"),
    ("SET DEFAULT", "set-default"),
    ("DROP DEFAULT", "drop-default"),
    ("SET NOT NULL", "set-not-null"),
    ("DROP NOT NULL", "drop-not-null"),
    ("ADD ATTRIBUTE", "add-attribute"),
    ("DROP ATTRIBUTE", "drop-attribute"),
    ("ALTER ATTRIBUTE", "alter-attribute"),
    ("DROP CONSTRAINT", "drop-constraint"),
    ("VALIDATE CONSTRAINT", "validate-constraint"),
    ("ADD MAPPING", "mapping"),
    ("ALTER MAPPING", "mapping"),
    ("DROP MAPPING", "mapping"),
    ("ATTACH PARTITION", "attach"),
    ("ENABLE", "enable"),
    ("DISABLE", "disable"),
    ("REFRESH", "refresh"),
    ("UPDATE", "update"),
    ("ADD", "add"),
    ("DROP", "drop"),
    ("CONNECTION", "connection"),
    ("SKIP", "skip"),
    ("OPTIONS", "options"),
    ("VERSION", "options"),
    ("HANDLER", "options"),
    ("NO HANDLER", "options"),
    ("VALIDATOR", "options"),
    ("NO VALIDATOR", "options"),
    ("RESET", "reset"),
    ("SET", "set"),
    ("ALTER COLUMN", "column"),
    ("ALTER", "column"),
];

/// The detail of what stands here; its words are taken.
fn alteration(c: &mut Cursor<'_>) -> Option<&'static str> {
    ALTERATIONS.iter().find(|(phrase, _)| c.eat(phrase)).map(|(_, detail)| *detail)
}

impl<'a> Reader<'a> {
    pub(super) fn create(&mut self, c: &mut Cursor<'a>) -> Read {
        let found = modifiers(c);
        if c.eat_end_of("INDEX") {
            return self.create_index(c, found);
        }
        if c.eat("FOREIGN TABLE") {
            return self.create_table(c, found, OpKind::ForeignTableCreate);
        }
        if c.eat_end_of("TABLE") {
            return self.create_table(c, found, OpKind::TableCreate);
        }
        if c.eat("SCHEMA") {
            return self.create_schema(c);
        }
        if c.eat("STATISTICS") {
            return self.create_statistics(c);
        }
        if c.eat("ASSERTION") {
            // SQL's, which PostgreSQL parses and refuses: a constraint of no table.
            let mut op = self.op(OpKind::ConstraintAdd);
            op.detail = "assertion";
            op.name = Some(c.name()?);
            self.push(op);
            return Ok(());
        }
        let start = *c;
        if let Some(object) = Object::read(c).filter(|object| object.create != OpKind::Other) {
            return self.create_object(c, object, found);
        }
        if uninteresting(&start) {
            self.other("create");
            return Ok(());
        }
        Err("what to create")
    }

    fn create_object(&mut self, c: &mut Cursor<'a>, object: Object, found: Modifiers) -> Read {
        let kind = object.create;
        let mut op = self.op(kind);
        op.detail = object.detail;
        op.if_not_exists = c.if_not_exists() || found.or_replace;
        if found.unknown && !op.if_not_exists {
            op.doubt(crate::ir::Doubt::IfNotExists);
        }
        let nameless = object.shape == Shape::OnTable && c.is("ON");
        // CREATE RULE name AS ON event TO table; CREATE TRIGGER name BEFORE event ON table.
        let shape = if object.shape == Shape::OnTable { Shape::Plain } else { object.shape };
        let named = if nameless { Named::default() } else { Named::read(c, shape)? };
        (op.table, op.name) = (named.table, named.name);
        let mut details = named.details.map_or(Details::None, |details| Details::Object(Box::new(details)));
        let mut rest = *c;
        match kind {
            OpKind::TriggerCreate | OpKind::PolicyCreate => {
                rest.until_word(&["ON"]);
                if rest.eat("ON") {
                    op.table = Some(rest.relation()?);
                }
            }
            OpKind::RuleCreate => {
                rest.expect("AS ON")?;
                rest.until_word(&["TO"]);
                rest.expect("TO")?;
                op.table = Some(rest.relation()?);
            }
            OpKind::TypeCreate => (op.detail, details) = type_details(c),
            OpKind::DomainCreate => {
                c.eat("AS");
                let name = op.name.as_ref().and_then(Known::known).map(|name| name.name.clone());
                let domain = Some(column::definition(c, name));
                details = Details::Type(Box::new(TypeDetails { domain, ..TypeDetails::default() }));
            }
            OpKind::FunctionCreate => {
                if c.has("SECURITY DEFINER") {
                    op.detail = "security-definer";
                }
                if let Details::Object(details) = &mut details {
                    routine::details(*c, details);
                }
                let arguments = match &details {
                    Details::Object(details) => details.arguments.clone().unwrap_or_default(),
                    _ => String::new(),
                };
                self.remember_function(op.name.as_ref().and_then(Known::known), &arguments, *c);
            }
            OpKind::SequenceCreate => {
                let mut of = *c;
                let data_type = if of.eat("AS") { column::type_name(&mut of) } else { None };
                rest.until(|c| c.at_phrase("OWNED BY"));
                let part;
                (op.table, part) = owner_column(rest);
                if data_type.is_some() || part.is_some() || found.temporary {
                    op.detail = if found.temporary { "temporary" } else { op.detail };
                    details = Details::Object(Box::new(ObjectDetails { part, data_type, ..ObjectDetails::default() }));
                }
            }
            OpKind::ViewCreate | OpKind::MatviewCreate => {
                let columns = c.group().map(Cursor::column_list).unwrap_or_default();
                if kind == OpKind::MatviewCreate && rest.has("NO DATA") {
                    op.detail = "no-data";
                }
                rest.until_word(&["AS"]);
                rest.eat("AS");
                let query = output::read(rest);
                let of_view = ViewDetails { temporary: found.temporary, names: columns, query };
                details = Details::View(Box::new(of_view));
            }
            _ => {}
        }
        op.details = details;
        self.push(op);
        Ok(())
    }

    fn create_schema(&mut self, c: &mut Cursor<'a>) -> Read {
        let mut op = self.op(OpKind::SchemaCreate);
        op.if_not_exists = c.if_not_exists();
        if !c.is("AUTHORIZATION") {
            op.name = Some(c.name()?);
        }
        if c.eat("AUTHORIZATION") {
            // Without a name of its own the schema has that of its owner.
            let session = c.is_any(&["CURRENT_ROLE", "CURRENT_USER", "SESSION_USER"]);
            let owner = c.name()?;
            if !session {
                op.name.get_or_insert(owner);
            }
        }
        let schema = op.name.as_ref().and_then(Known::known).map(|name| name.name.clone());
        self.push(op);
        self.schema_elements(c, schema.as_deref());
        Ok(())
    }

    /// CREATE SCHEMA s CREATE TABLE …: its elements are statements, whose objects go to that schema.
    fn schema_elements(&mut self, c: &mut Cursor<'a>, schema: Option<&str>) {
        c.until_word(&["CREATE", "GRANT"]);
        let whole = self.span;
        let before = self.operations.len();
        while !c.done() && c.dialect == Dialect::Postgres {
            let start = *c;
            c.step();
            c.until_word(&["CREATE", "GRANT"]);
            let count = start.rest().len() - c.rest().len();
            self.statement(start.rest().get(..count).unwrap_or_default(), false);
        }
        for op in self.operations.iter_mut().skip(before) {
            let of_table = !matches!(op.kind, OpKind::IndexCreate | OpKind::TriggerCreate);
            for name in op.table.iter_mut().chain(op.name.iter_mut().filter(|_| of_table)) {
                if let (Known::Known(name, _), Some(schema)) = (name, schema)
                    && op.kind != OpKind::PrivilegeGrant
                {
                    name.schema.get_or_insert_with(|| schema.to_owned());
                }
            }
        }
        self.span = whole;
    }

    /// CREATE STATISTICS [name] [(kinds)] ON columns FROM table.
    fn create_statistics(&mut self, c: &mut Cursor<'a>) -> Read {
        let mut op = self.op(OpKind::StatisticsCreate);
        op.if_not_exists = c.if_not_exists();
        if !c.is("ON") && !c.at_kind(Kind::Open) {
            op.name = Some(c.name()?);
        }
        c.until_word(&["FROM"]);
        if c.eat("FROM") {
            op.table = c.relation().ok();
        }
        self.push(op);
        Ok(())
    }

    pub(super) fn alter(&mut self, c: &mut Cursor<'a>) -> Read {
        c.eat("ONLINE");
        for (phrase, word) in Word::ALL {
            if c.eat(phrase) {
                return self.alter_relation(c, *word);
            }
        }
        if c.eat("DEFAULT PRIVILEGES") {
            return self.default_privileges(c);
        }
        if c.eat("SYSTEM") {
            self.alter_system(c);
            return Ok(());
        }
        let found = modifiers(c);
        if found.or_replace || c.is("VIEW") {
            // MySQL's ALTER ALGORITHM = … VIEW.
            if c.eat("VIEW") {
                return self.alter_relation(c, Word::View);
            }
        }
        let start = *c;
        let Some(object) = Object::read(c).filter(|object| object.alter != OpKind::Other) else {
            if uninteresting(&start) {
                self.other("alter");
                return Ok(());
            }
            return Err("what to alter");
        };
        self.alter_object(c, object)
    }

    fn alter_system(&mut self, c: &mut Cursor<'a>) {
        let mut op = self.op(OpKind::SystemAlter);
        op.detail = if c.eat("RESET") { "reset" } else { "set" };
        c.eat("SET");
        op.name = c.name().ok();
        self.push(op);
    }

    fn alter_object(&mut self, c: &mut Cursor<'a>, object: Object) -> Read {
        let mut op = self.op(object.alter);
        op.if_exists = c.if_exists();
        let named = Named::read(c, object.shape)?;
        (op.table, op.name) = (named.table, named.name);
        let mut details = named.details.unwrap_or_default();
        match object.alter {
            OpKind::TypeAlter => return self.alter_type(c, &op),
            OpKind::ExtensionAlter if c.is_any(&["ADD", "DROP"]) => {
                op.detail = if c.eat("ADD") { "add-member" } else { "drop-member" };
                c.step();
                self.push(op);
                return Ok(());
            }
            OpKind::PublicationAlter
                if c.is_any(&["ADD", "DROP"])
                    || ["SET TABLE", "SET TABLES", "SET ALL"].iter().any(|phrase| c.at_phrase(phrase)) =>
            {
                return self.alter_members(c, &op);
            }
            OpKind::OperatorFamilyAlter if c.is_any(&["ADD", "DROP"]) => {
                op.detail = if c.eat("ADD") { "add" } else { "drop" };
                self.family_members(c, &op, &details);
                return Ok(());
            }
            OpKind::RoleAlter => {
                c.eat("IN DATABASE");
                if c.follows("DATABASE") {
                    c.ident_text();
                }
            }
            _ => {}
        }
        let found = alteration(c);
        op.detail = match found {
            Some(detail) => detail,
            // The rest is a list of options: of a role, of a database, of a function (STRICT, COST 5), of a sequence,
            // of a policy, of a text search dictionary.
            None if c.done() && !matches!(object.alter, OpKind::RoleAlter | OpKind::DatabaseAlter) => {
                return Err("what to alter of it");
            }
            None => "options",
        };
        match op.detail {
            "rename" => {
                op.kind = object.rename;
                details.new_name = Some(c.name()?);
            }
            "schema" => details.new_name = moved(op.name.as_ref(), c),
            "rename-constraint" => {
                details.part = c.ident_text();
                c.eat("TO");
                details.new_part = c.ident_text();
            }
            "drop-constraint" | "validate-constraint" => {
                op.if_exists = c.if_exists();
                op.cascade = c.has("CASCADE");
                details.part = c.ident_text();
            }
            "add" if object.alter == OpKind::DomainAlter => {
                op.detail = "add-constraint";
                let (constraint, name) = constraint::read(c)?;
                details.part = name.as_ref().and_then(Known::known).map(|name| name.name.clone());
                details.constraint = Some(constraint);
            }
            "owned-by" => (op.table, details.part) = owner_column_after(*c),
            "set-default" => details.default = Some(c.shown()),
            "options" if op.kind == OpKind::FunctionAlter => details.volatility = routine::volatility(*c),
            _ => {}
        }
        if details != ObjectDetails::default() {
            op.details = Details::Object(Box::new(details));
        }
        self.push(op);
        Ok(())
    }

    /// ALTER TYPE, after the name: an operation for each attribute that is changed.
    fn alter_type(&mut self, c: &mut Cursor<'a>, template: &crate::ir::Operation) -> Read {
        let parts = c.split_commas();
        let several = parts.len() > 1;
        for mut part in parts {
            let mut op = template.clone();
            if several {
                op.span = part.span();
            }
            let mut details = ObjectDetails::default();
            if part.eat("ADD VALUE") {
                op.kind = OpKind::EnumAddValue;
                op.if_not_exists = part.if_not_exists();
                details.part = string(&part);
                part.step();
                let before = part.is("BEFORE");
                if before || part.is("AFTER") {
                    part.step();
                    details.beside = string(&part).map(|label| (before, label));
                }
            } else {
                op.detail = alteration(&mut part).ok_or("what to alter of the type")?;
                match op.detail {
                    "rename" => {
                        op.kind = OpKind::TypeRename;
                        details.new_name = Some(part.name()?);
                    }
                    "schema" => details.new_name = moved(op.name.as_ref(), &mut part),
                    "rename-value" => {
                        (op.kind, op.detail) = (OpKind::EnumRenameValue, "");
                        details.part = string(&part);
                        part.step();
                        part.eat("TO");
                        details.new_part = string(&part);
                    }
                    "rename-attribute" => {
                        op.cascade = part.has("CASCADE");
                        details.part = part.ident_text();
                        part.eat("TO");
                        details.new_part = part.ident_text();
                    }
                    "add-attribute" | "drop-attribute" | "alter-attribute" => {
                        op.if_exists = part.if_exists();
                        op.cascade = part.has("CASCADE");
                        details.part = part.ident_text();
                        let _ = part.eat("SET DATA TYPE") || part.eat("TYPE");
                        details.data_type = column::type_name(&mut part).filter(|_| op.detail != "drop-attribute");
                    }
                    _ => {}
                }
            }
            if details != ObjectDetails::default() {
                op.details = Details::Object(Box::new(details));
            }
            self.push(op);
        }
        Ok(())
    }

    /// ALTER OPERATOR FAMILY … ADD, DROP: an operation for each member, whose `part` is `operator 1 (int4, int2)`.
    fn family_members(&mut self, c: &mut Cursor<'a>, template: &crate::ir::Operation, details: &ObjectDetails) {
        for mut part in c.split_commas() {
            let member = part.until(|c| c.at_kind(Kind::Number)).shown().to_lowercase();
            let number = part.shown_token();
            part.step();
            // Of ADD OPERATOR the operator stands before the types; of DROP the types follow the number.
            part.until(|c| c.at_kind(Kind::Open));
            let types = part.group().map(|inner| inner.shown()).unwrap_or_default();
            let mut op = template.clone();
            let part = Some(format!("{member} {number} ({types})"));
            op.details = Details::Object(Box::new(ObjectDetails { part, ..details.clone() }));
            self.push(op);
        }
    }

    /// ALTER PUBLICATION … ADD, SET, DROP: an operation for each table or schema.
    fn alter_members(&mut self, c: &mut Cursor<'a>, template: &crate::ir::Operation) -> Read {
        let detail = alteration(c).ok_or("what to alter of the publication")?;
        let mut schemas = false;
        for mut part in c.split_commas() {
            if part.eat("TABLES IN SCHEMA") || part.eat("ALL TABLES IN SCHEMA") {
                schemas = true;
            } else if part.eat("TABLE") {
                schemas = false;
            }
            let mut op = template.clone();
            op.detail = detail;
            if schemas {
                let part = part.ident_text();
                op.details = Details::Object(Box::new(ObjectDetails { part, ..ObjectDetails::default() }));
            } else {
                op.table = Some(part.relation()?);
            }
            self.push(op);
        }
        Ok(())
    }

    pub(super) fn drop_object(&mut self, c: &mut Cursor<'a>) -> Read {
        c.eat("TEMPORARY");
        if c.eat("INDEX") {
            return self.drop_index(c);
        }
        if c.eat("TABLES") {
            return self.drop_tables(c, OpKind::TableDrop);
        }
        if c.eat("OWNED BY") {
            return self.of_roles(c, "drop-owned");
        }
        let start = *c;
        let Some(object) = Object::read(c).filter(|object| object.drop != OpKind::Other) else {
            if uninteresting(&start) {
                self.other("drop");
                return Ok(());
            }
            return Err("what to drop");
        };
        let if_exists = c.if_exists();
        let cascade = c.has("CASCADE");
        let parts = c.split_commas();
        if parts.is_empty() {
            return Err("what to drop");
        }
        for mut part in parts {
            let mut op = self.op(object.drop);
            (op.if_exists, op.cascade, op.detail) = (if_exists, cascade, object.detail);
            let named = Named::read(&mut part, object.shape)?;
            (op.table, op.name) = (named.table, named.name);
            if let Some(details) = named.details {
                op.details = Details::Object(Box::new(details));
            }
            self.push(op);
        }
        Ok(())
    }

    /// REASSIGN OWNED BY and DROP OWNED BY, after BY: an operation for each role.
    pub(super) fn of_roles(&mut self, c: &mut Cursor<'a>, detail: &'static str) -> Read {
        let cascade = c.has("CASCADE");
        for mut part in c.until_word(&["TO", "CASCADE", "RESTRICT"]).split_commas() {
            let mut op = self.op(OpKind::RoleAlter);
            (op.detail, op.cascade, op.name) = (detail, cascade, Some(part.name()?));
            self.push(op);
        }
        Ok(())
    }

    /// REFRESH MATERIALIZED VIEW.
    pub(super) fn refresh(&mut self, c: &mut Cursor<'a>) -> Read {
        c.expect("MATERIALIZED VIEW")?;
        let mut op = self.op(OpKind::MatviewRefresh);
        op.concurrently = c.eat("CONCURRENTLY");
        if c.eat_unknown_before_name() && !op.concurrently {
            op.doubt(crate::ir::Doubt::Concurrently);
        }
        let name = c.name()?;
        op.table = Some(name.clone());
        op.name = Some(name);
        op.detail = if c.at_phrase("WITH NO DATA") { "no-data" } else { "" };
        self.push(op);
        Ok(())
    }

    /// IMPORT FOREIGN SCHEMA remote [LIMIT TO (…)] FROM SERVER server INTO schema.
    pub(super) fn import(&mut self, c: &mut Cursor<'a>) -> Read {
        c.expect("IMPORT FOREIGN SCHEMA")?;
        let remote = c.name()?;
        let limited = if c.eat("LIMIT TO") { c.group() } else { None };
        c.until_word(&["INTO"]);
        c.expect("INTO")?;
        let into = c.ident_text();
        let tables: Vec<Known<QualifiedName>> = match limited {
            Some(list) => {
                let in_schema = |name: QualifiedName| QualifiedName { schema: into.clone(), ..name };
                list.split_commas().into_iter().filter_map(|mut part| Some(part.name().ok()?.map(in_schema))).collect()
            }
            None => vec![Known::Unknown(crate::ir::Unknown {
                reason: format!("the tables of `{remote}` are those of another server"),
                text: format!("{}.*", into.unwrap_or_default()),
                span: remote.span(),
            })],
        };
        for table in tables {
            let mut op = self.op(OpKind::ForeignTableCreate);
            (op.detail, op.name, op.table) = ("import", Some(table.clone()), Some(table));
            self.push(op);
        }
        Ok(())
    }

    /// A statement whose text is made when it runs.
    pub(super) fn unresolved(&mut self, reason: String) {
        self.opaque(OpaqueReason::Unresolved(reason), self.span);
    }
}

/// The name after SET SCHEMA.
pub(super) fn moved(name: Option<&Known<QualifiedName>>, c: &mut Cursor<'_>) -> Option<Known<QualifiedName>> {
    let schema = c.ident()?;
    let name = name?.known()?.name.clone();
    Some(schema.map(|schema| QualifiedName { schema: Some(schema), name }))
}

/// The text of the string here.
fn string(c: &Cursor<'_>) -> Option<String> {
    let token = c.peek().filter(|t| t.kind == Kind::String && !t.hole)?;
    Some(unquote(c.source(token)))
}

/// The table and the column of OWNED BY table.column.
fn owner_column(mut c: Cursor<'_>) -> (Option<Known<QualifiedName>>, Option<String>) {
    if c.eat("OWNED BY") { owner_column_after(c) } else { (None, None) }
}

fn owner_column_after(mut c: Cursor<'_>) -> (Option<Known<QualifiedName>>, Option<String>) {
    if c.is("NONE") {
        return (None, None);
    }
    let Ok((table, column)) = c.column() else { return (None, None) };
    (table, column.known().map(|column| column.name.clone()))
}

/// What stands after the name in CREATE TYPE.
fn type_details(c: &mut Cursor<'_>) -> (&'static str, Details) {
    let mut details = TypeDetails::default();
    let detail = if c.eat("AS ENUM") {
        let labels = c.group().map(Cursor::split_commas).unwrap_or_default();
        details.labels = labels.iter().filter_map(string).collect();
        "enum"
    } else if c.eat("AS RANGE") {
        "range"
    } else if c.eat("AS") {
        let parts = c.group().map(Cursor::split_commas).unwrap_or_default();
        details.attributes = parts.into_iter().map(attribute).collect();
        "composite"
    } else if c.done() {
        "shell"
    } else if c.eat("FROM") {
        // T-SQL's alias type.
        details.domain = Some(column::definition(c, None));
        "alias"
    } else {
        "base"
    };
    (detail, Details::Type(Box::new(details)))
}

fn attribute(mut part: Cursor<'_>) -> ColumnDetails {
    let name = part.ident_text();
    column::definition(&mut part, name)
}

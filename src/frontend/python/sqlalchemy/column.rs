//! Columns, and what follows a table or column that has them: types before, indexes and comments after.

use std::rc::Rc;

use super::super::value::{Record, Value};
use super::constraint::{Owner, constraint, foreign_key_options, name, references, referred};
use super::index::index_on;
use super::naming::{Kind, Nameless};
use super::types;
use super::{Args, Writer};
use crate::config::Dialect;

/// Classes that stand in a column beside its type.
/// Source: the subclasses of `SchemaItem` that `Column` accepts.
const ITEMS: &[&str] = &[
    "CheckConstraint",
    "Computed",
    "ColumnDefault",
    "DefaultClause",
    "FetchedValue",
    "ForeignKey",
    "Identity",
    "PassiveDefault",
    "Sequence",
    "UniqueConstraint",
];

/// A `Column(…)` taken apart.
#[derive(Clone, Debug)]
pub(in super::super) struct Column<'a> {
    pub(in super::super) name: Value<'a>,
    pub(in super::super) data_type: Option<Value<'a>>,
    pub(super) args: Args<'a>,
    items: Vec<Rc<Record<'a>>>,
}

/// A constraint that a column has by an option.
type OfColumn = Writer;

impl<'a> Column<'a> {
    /// The column that a value is.
    pub(in super::super) fn of(value: &Value<'a>) -> Option<Self> {
        let Value::Record(record) = value else { return None };
        if !(record.class == "Column" || record.class == "column") {
            return None;
        }
        let args = Args::of_record(record);
        let mut rest = args.positional.iter().peekable();
        let first = rest.next_if(|first| matches!(first, Value::Text(_) | Value::Unknown(_) | Value::Either(_)));
        let first = match first {
            // A type where the name is given by keyword.
            Some(value) if args.named.contains_key("name") && !matches!(value, Value::Text(_)) => None,
            first => first,
        };
        let name = first.or_else(|| args.named("name")).cloned().unwrap_or(Value::None);
        let (mut data_type, mut items) = (args.named("type_").cloned(), Vec::new());
        for value in rest {
            match value {
                Value::Record(record) if ITEMS.contains(&record.class.as_str()) => items.push(record.clone()),
                Value::None => {}
                other => data_type = data_type.or_else(|| Some(other.clone())),
            }
        }
        Some(Self { name, data_type, args, items })
    }
    fn item(&self, class: &str) -> Option<&Record<'a>> {
        let own = self.items.iter().find(|record| record.class == class).map(AsRef::as_ref);
        own.or_else(|| match self.args.given("server_default") {
            Some(Value::Record(record)) if record.class == class => Some(&**record),
            _ => None,
        })
    }

    /// `primary_key=True`.
    pub(in super::super) fn primary(&self) -> bool {
        self.args.flag("primary_key")
    }

    /// Whether its default is one that the library applies, and the server does not know.
    pub(in super::super) fn has_mapper_default(&self) -> bool {
        let mapper = ["default", "insert_default"].iter().any(|option| self.args.given(option).is_some());
        mapper && self.args.given("server_default").is_none()
    }

    /// Whether the column counts up by itself where it is the only one of the primary key, or says so.
    pub(in super::super) fn counts(&self, only: bool) -> bool {
        let integer = self.data_type.as_ref().is_some_and(|of| types::serial(of).is_some());
        let foreign = self.item("ForeignKey").is_some();
        let default = self.args.given("server_default").is_some() || self.args.given("default").is_some();
        let asked = match self.args.given("autoincrement") {
            Some(Value::Text(_)) => {
                let word = self.args.given("autoincrement").and_then(Value::as_str);
                only && !default && (word == Some("ignore_fk") || !foreign)
            }
            Some(value) => value.truth() == Some(true),
            None if self.args.named.contains_key("autoincrement") => false,
            None => only && !foreign && !default,
        };
        integer && asked && self.item("Sequence").is_none() && self.item("Identity").is_none()
    }

    /// Writes the column as it stands in CREATE TABLE or after ADD COLUMN.
    ///
    /// `key`: it is of the primary key; `counts`: it is numbered by the server.
    pub(in super::super) fn write(&self, w: &mut Writer, key: bool, counts: bool) {
        w.name(&self.name);
        w.word(" ");
        let serial = self.data_type.as_ref().and_then(types::serial).filter(|_| counts);
        match (serial, w.dialect) {
            (Some(serial), Dialect::Postgres) => w.word(serial),
            _ => {
                match &self.data_type {
                    Some(data_type) => types::write(w, data_type),
                    None if self.item("ForeignKey").is_some() => w.hole("the type is that of the column it refers to"),
                    None => w.hole("the type is not given"),
                }
                self.default(w);
            }
        }
        let identity = self.item("Identity").filter(|_| w.dialect == Dialect::Postgres);
        if let Some(computed) = self.item("Computed") {
            Self::computed(w, computed);
        }
        if let Some(identity) = identity {
            write_identity(w, identity);
        }
        match self.args.named("nullable").map(|value| (value, value.truth())) {
            Some((_, Some(true))) if identity.is_some() => w.word(" NULL"),
            Some((value, None)) => {
                w.word(" ");
                w.unknown(value, "whether it is nullable is not known");
            }
            Some((_, Some(false))) if identity.is_none() => w.word(" NOT NULL"),
            None if key && identity.is_none() => w.word(" NOT NULL"),
            _ => {}
        }
        if w.dialect == Dialect::Mysql {
            if let Some(comment) = self.args.given("comment") {
                w.word(" COMMENT ");
                w.expression(comment, false);
            }
            w.word(if counts { " AUTO_INCREMENT" } else { "" });
        }
        for record in self.items.iter().filter(|record| record.class == "CheckConstraint") {
            w.word(" ");
            constraint(w, record);
        }
    }

    fn default(&self, w: &mut Writer) {
        let given = self.args.given("server_default").cloned();
        let clause = self.items.iter().find(|item| matches!(item.class.as_str(), "DefaultClause" | "PassiveDefault"));
        let given = given.or_else(|| clause.and_then(|item| item.fields.borrow().get("0").cloned()));
        if let Some(value) = given {
            let mut text = w.another();
            if write_default(&mut text, &value) {
                w.word(" DEFAULT ");
                w.append(&text.out);
            }
        }
    }

    fn computed(w: &mut Writer, computed: &Record<'_>) {
        let args = Args::of_record(computed);
        w.word(" GENERATED ALWAYS AS (");
        match args.get(0, &["sqltext"]) {
            Some(Value::Text(text)) => w.append(&text.sql),
            Some(other) => w.expression(other, false),
            None => w.hole("the expression is not known"),
        }
        // Where nothing is said, what every server before PostgreSQL 18 makes of it.
        let stored = args.get(1, &["persisted"]).and_then(Value::truth) != Some(false);
        w.word(if stored { ") STORED" } else { ") VIRTUAL" });
    }

    /// The table constraints that the column's options make: foreign keys, UNIQUE, the CHECK of an enum.
    ///
    /// `later`: foreign keys with `use_alter` are left to a directive of their own.
    pub(in super::super) fn constraints(&self, w: &Writer, later: bool) -> Vec<OfColumn> {
        let mut found = Vec::new();
        for record in self.items.iter().filter(|record| record.class == "ForeignKey") {
            let args = Args::of_record(record);
            if later && args.flag("use_alter") {
                continue;
            }
            let mut one = w.another();
            let own = vec![self.name.clone()];
            let target = args.get(0, &["column"]);
            let referred = target.and_then(|target| referred(&one, std::slice::from_ref(target), &own));
            name(&mut one, &Nameless { referred, ..Nameless::new(Kind::ForeignKey, args.given("name"), own) });
            one.word("FOREIGN KEY(");
            one.name(&self.name);
            one.word(") REFERENCES ");
            match target {
                Some(target) => references(&mut one, std::slice::from_ref(target), &self.name),
                None => one.hole("what it refers to is not known"),
            }
            foreign_key_options(&mut one, &args);
            found.push(one);
        }
        let unique = self.args.flag("unique") && !self.args.flag("index");
        if unique {
            let mut one = w.another();
            name(&mut one, &Nameless::new(Kind::Unique, None, vec![self.name.clone()]));
            one.word("UNIQUE (");
            one.name(&self.name);
            one.word(")");
            found.push(one);
        }
        found.extend(self.data_type.as_ref().and_then(|data_type| type_check(w, &self.name, data_type)));
        found
    }

    /// The statements that stand after the column's own: its index and its comment.
    fn after(&self, w: &Writer, owner: Owner<'_, 'a>) -> Vec<Writer> {
        let mut found = Vec::new();
        if self.args.flag("index") {
            let mut one = w.another();
            let name = one.index_name(&self.name, owner);
            let mut options = Args::default();
            options.named.extend(self.args.named("unique").map(|unique| ("unique".to_owned(), unique.clone())));
            let keys = [self.name.clone()];
            index_on(&mut one, Some(&name), (owner.schema, owner.table), &keys, &options);
            found.push(one);
        }
        if let Some(comment) = self.args.given("comment").filter(|_| w.dialect == Dialect::Postgres) {
            let mut one = w.another();
            one.word("COMMENT ON COLUMN ");
            one.table(owner.schema, owner.table);
            one.word(".");
            one.name(&self.name);
            one.word(" IS ");
            one.expression(comment, false);
            found.push(one);
        }
        found
    }
}

/// Writes the value of a DEFAULT; whether there is one.
pub(in super::super) fn write_default(w: &mut Writer, value: &Value<'_>) -> bool {
    match value {
        Value::Text(text) if text.marked => w.append(&text.sql),
        Value::Text(text) => w.literal(text),
        Value::Record(record) if matches!(record.class.as_str(), "DefaultClause" | "ColumnDefault") => {
            let inner = record.fields.borrow().get("0").cloned().unwrap_or(Value::None);
            return write_default(w, &inner);
        }
        Value::Record(record) if matches!(record.class.as_str(), "FetchedValue" | "Identity" | "Computed") => {
            return false;
        }
        other => w.expression(other, false),
    }
    true
}

/// `GENERATED … AS IDENTITY (…)`.
pub(in super::super) fn write_identity(w: &mut Writer, identity: &Record<'_>) {
    let args = Args::of_record(identity);
    let always = args.get(0, &["always"]).and_then(Value::truth) == Some(true);
    w.word(if always { " GENERATED ALWAYS AS IDENTITY" } else { " GENERATED BY DEFAULT AS IDENTITY" });
    let mut options = w.another();
    write_counting(&mut options, &args);
    if !options.out.text.is_empty() {
        w.word(" (");
        w.append(&options.out);
        w.word(")");
    }
}

/// How a sequence counts.
pub(in super::super) fn write_counting(w: &mut Writer, args: &Args<'_>) {
    let numbers = [
        ("increment", "INCREMENT BY "),
        ("start", "START WITH "),
        ("minvalue", "MINVALUE "),
        ("maxvalue", "MAXVALUE "),
        ("cache", "CACHE "),
    ];
    let mut between = "";
    for (option, words) in numbers {
        if let Some(value) = args.given(option) {
            w.word(between);
            w.word(words);
            w.phrase(value);
            between = " ";
        }
    }
    for (option, words) in [("nominvalue", "NO MINVALUE"), ("nomaxvalue", "NO MAXVALUE"), ("cycle", "CYCLE")] {
        if args.flag(option) {
            w.word(between);
            w.word(words);
            between = " ";
        }
    }
}

/// The CHECK that an enum which is no type of the server has, where it is asked for.
pub(in super::super) fn type_check<'a>(w: &Writer, column: &Value<'a>, data_type: &Value<'a>) -> Option<Writer> {
    let of = types::resolve(data_type, 0)?;
    // A number stands for a boolean where the server has none.
    let number = matches!(of.class.as_str(), "Boolean" | "BOOLEAN") && w.dialect != Dialect::Postgres;
    let text = of.class == "Enum" && !types::is_native_enum(&of, w.dialect);
    if !((text || number) && of.args.flag("create_constraint")) {
        return None;
    }
    let mut one = w.another();
    let given = types::type_name(&of, &one);
    name(&mut one, &Nameless::new(Kind::Check, given.as_ref(), vec![column.clone()]));
    one.word("CHECK (");
    one.name(column);
    one.word(" IN (");
    if number {
        one.word("0, 1");
    } else {
        types::label_list(&mut one, &of);
    }
    one.word("))");
    Some(one)
}

/// The name of that CHECK.
pub(in super::super) fn type_check_name<'a>(
    w: &Writer,
    column: &Value<'a>,
    data_type: &Value<'a>,
) -> Option<Value<'a>> {
    type_check(w, column, data_type)?;
    let given = types::type_name(&types::resolve(data_type, 0)?, w);
    w.derived(&Nameless::new(Kind::Check, given.as_ref(), vec![column.clone()]))
}

/// The types that are created before a table with these columns: those of the server's own that carry their creation.
/// Each with its name as written, to tell it from one that is there already.
pub(super) fn enum_types(w: &Writer, types: &[Value<'_>]) -> Vec<(String, Writer)> {
    let mut found = Vec::new();
    for value in types {
        let Some(mut of) = types::resolve(value, 0) else { continue };
        if matches!(of.class.as_str(), "ARRAY" | "Array")
            && let Some(inner) = of.args.get(0, &["item_type"]).and_then(|inner| types::resolve(inner, 0))
        {
            of = inner;
        }
        let created = types::is_native_enum(&of, w.dialect)
            && of.args.truth("create_type") != Some(false)
            && of.args.given("metadata").is_none()
            && types::labels(&of).is_some_and(|labels| !labels.is_empty());
        if created {
            let mut named = w.another();
            types::named(&mut named, &of);
            found.push((named.out.text, types::create(&of, w)));
        }
    }
    found
}

/// The statements that follow the one that makes these columns: indexes and comments.
pub(in super::super) fn followers<'a>(w: &Writer, columns: &[Column<'a>], owner: Owner<'_, 'a>) -> Vec<Writer> {
    let (mut indexes, mut comments) = (Vec::new(), Vec::new());
    for one in columns.iter().flat_map(|column| column.after(w, owner)) {
        if one.out.text.starts_with("COMMENT") { comments.push(one) } else { indexes.push(one) }
    }
    indexes.into_iter().chain(comments).collect()
}

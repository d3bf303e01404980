//! Models: the tables they make.

use std::rc::Rc;

use super::super::sqlalchemy::{Writer, word};
use super::super::value::{Class, Record, Value};
use super::field::{Field, clause, is_field};
use crate::span::Span;

/// Base classes are followed this far.
const MAX_DEPTH: u32 = 10;
/// The longest name that Peewee makes up. Source: `_truncate_constraint_name`.
const MAX_NAME: usize = 64;

/// A model.
#[derive(Clone, Debug)]
pub(in super::super) struct Model<'a> {
    /// The name of its class.
    pub(in super::super) class: String,
    pub(in super::super) table: Value<'a>,
    pub(in super::super) schema: Option<Value<'a>>,
    pub(in super::super) fields: Vec<Field<'a>>,
    /// Names of fields, and whether the index is unique.
    pub(in super::super) indexes: Vec<(Vec<String>, bool)>,
    constraints: Vec<Value<'a>>,
    /// The fields of a key of several.
    pub(in super::super) composite: Option<Vec<String>>,
    /// What the names of its indexes begin with.
    prefix: Option<String>,
    /// The database that it is bound to.
    pub(in super::super) database: Option<Value<'a>>,
}

impl<'a> Model<'a> {
    /// A model of which only the table's name is known.
    pub(in super::super) fn of_table(table: Value<'a>) -> Self {
        let (class, prefix) = (String::new(), table.as_str().map(str::to_owned));
        let (fields, indexes, constraints) = (Vec::new(), Vec::new(), Vec::new());
        let (schema, composite, database) = (None, None, None);
        Self { class, table, schema, fields, indexes, constraints, composite, prefix, database }
    }

    /// The model that a class declares.
    pub(in super::super) fn of_class(class: &Rc<Class<'a>>) -> Self {
        let option = |name: &str| meta(class, name, 0, true);
        let own = |name: &str| meta(class, name, 0, false);
        let lower = class.name.to_lowercase();
        let legacy = option("legacy_table_names").and_then(|value| value.truth()) != Some(false);
        let made = if legacy { lower.clone() } else { snake_case(class.name) };
        let table = own("table_name").or_else(|| own("db_table")).unwrap_or_else(|| word(&made, class.span));
        let prefix = if legacy { Some(lower) } else { table.as_str().map(str::to_owned) };
        let mut fields = Vec::new();
        fields_of(class, &mut fields, 0);
        let key = option("primary_key");
        let composite = match &key {
            Some(Value::Record(record)) if record.class == "CompositeKey" => {
                let names = record.fields.borrow();
                Some(names.values().filter_map(|name| name.as_str().map(str::to_owned)).collect())
            }
            _ => None,
        };
        let keyless = key.as_ref().and_then(Value::truth) == Some(false);
        if composite.is_none() && !keyless && !fields.iter().any(Field::primary) {
            fields.insert(0, implicit_key(class.span));
        }
        let schema = option("schema").filter(|value| !matches!(value, Value::None));
        let constraints = option("constraints").as_ref().and_then(Value::items).unwrap_or_default();
        let indexes = own("indexes").as_ref().map(indexes_of).unwrap_or_default();
        let (class, database) = (class.name.to_owned(), option("database"));
        Self { class, table, schema, fields, indexes, constraints, composite, prefix, database }
    }

    pub(in super::super) fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The column of a field; a field that is not known has a column of its name.
    pub(in super::super) fn column(&self, name: &Value<'a>) -> Value<'a> {
        let known = name.as_str().and_then(|name| self.field(name));
        known.map_or_else(|| name.clone(), Field::column)
    }

    /// The field that a key refers to.
    pub(in super::super) fn key_of(&self, key: &Field<'a>) -> Option<Field<'a>> {
        let args = key.args();
        match args.given("field").or_else(|| args.given("to_field")) {
            Some(Value::Record(record)) => self.fields.iter().find(|field| Rc::ptr_eq(&field.record, record)).cloned(),
            // `Quay.id`, where the key is one that Peewee makes.
            Some(Value::Unknown(opaque)) => {
                self.field(opaque.unknown.text.trim_matches(['{', '}']).rsplit('.').next()?).cloned()
            }
            Some(name) => self.field(name.as_str()?).cloned(),
            None => self.fields.iter().find(|field| field.primary()).cloned(),
        }
    }

    /// CREATE TABLE, then the indexes.
    pub(in super::super) fn create(&self, w: &Writer, models: &Models<'a>, safe: bool) -> Vec<Writer> {
        let mut one = w.another();
        one.word(if safe { "CREATE TABLE IF NOT EXISTS " } else { "CREATE TABLE " });
        one.table(self.schema.as_ref(), &self.table);
        one.word(" (");
        let mut first = true;
        let mut comma = |w: &mut Writer| {
            if !std::mem::take(&mut first) {
                w.word(", ");
            }
        };
        for field in &self.fields {
            comma(&mut one);
            field.ddl(&mut one, models, Some(self), field.null(), &field.column());
        }
        if let Some(names) = &self.composite {
            comma(&mut one);
            one.word("PRIMARY KEY (");
            for (at, name) in names.iter().enumerate() {
                one.word(if at > 0 { ", " } else { "" });
                let column = self.field(name).map_or_else(|| word(name, w.place), Field::column);
                one.name(&column);
            }
            one.word(")");
        }
        for field in self.fields.iter().filter(|field| field.is_key()) {
            if field.record.class == "DeferredForeignKey" {
                continue;
            }
            comma(&mut one);
            if let Some(name) = field.args().given("constraint_name") {
                one.word("CONSTRAINT ");
                one.name(name);
                one.word(" ");
            }
            one.word("FOREIGN KEY (");
            one.name(&field.column());
            one.word(") REFERENCES ");
            field.reference(&mut one, models, Some(self));
            field.actions(&mut one);
            if let Some(when) = field.args().given("deferrable") {
                one.word(" DEFERRABLE ");
                one.phrase(when);
            }
        }
        for constraint in &self.constraints {
            comma(&mut one);
            clause(&mut one, constraint);
        }
        one.word(")");
        let mut found = vec![one];
        found.extend(self.create_indexes(w, safe));
        found
    }

    fn create_indexes(&self, w: &Writer, safe: bool) -> Vec<Writer> {
        let single = self.fields.iter().filter(|field| field.indexed() && !field.primary());
        let single = single.map(|field| {
            let using = field.args().given("index_type").cloned();
            (vec![field.column()], field.unique(), using, field.place())
        });
        let several = self.indexes.iter().map(|(names, unique)| {
            let columns = names.iter().map(|name| {
                let known = self.field(name);
                known.map_or_else(|| word(name, w.place), Field::column)
            });
            (columns.collect(), *unique, None, w.place)
        });
        let all = single.chain(several);
        all.map(|(columns, unique, using, place)| {
            let prefix = self.prefix.as_ref().map(|prefix| word(prefix, place));
            let name = index_name(prefix.as_ref().unwrap_or(&self.table), &columns);
            let mut one = Writer::new(place, w.dialect);
            let options = Index { unique, safe, using: using.as_ref(), ..Index::default() };
            create_index(&mut one, &name, (self.schema.as_ref(), &self.table), &columns, &options);
            one
        })
        .collect()
    }
}

/// How an index is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Index<'v, 'a> {
    pub(super) unique: bool,
    pub(super) safe: bool,
    pub(super) using: Option<&'v Value<'a>>,
    pub(super) condition: Option<&'v Value<'a>>,
}

/// Writes CREATE INDEX.
pub(super) fn create_index(
    w: &mut Writer,
    name: &Value<'_>,
    table: (Option<&Value<'_>>, &Value<'_>),
    columns: &[Value<'_>],
    options: &Index<'_, '_>,
) {
    w.word(if options.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
    w.word(if options.safe { "IF NOT EXISTS " } else { "" });
    w.name(name);
    w.word(" ON ");
    w.table(table.0, table.1);
    if let Some(using) = options.using.filter(|using| !matches!(using, Value::None)) {
        w.word(" USING ");
        w.phrase(using);
    }
    w.word(" (");
    for (at, column) in columns.iter().enumerate() {
        w.word(if at > 0 { ", " } else { "" });
        w.name(column);
    }
    w.word(")");
    if let Some(condition) = options.condition.filter(|condition| !matches!(condition, Value::None)) {
        w.word(" WHERE ");
        w.expression(condition, false);
    }
}

/// The name that Peewee gives an index: the table's and those of the columns.
pub(in super::super) fn index_name<'a>(table: &Value<'a>, columns: &[Value<'a>]) -> Value<'a> {
    let parts: Option<Vec<&str>> = std::iter::once(table).chain(columns).map(Value::as_str).collect();
    let Some(parts) = parts else {
        let span = Span::default();
        return Value::unknown("the name is made of names that are not known", "{…}", span);
    };
    let name = parts.join("_");
    let place = match columns.first().unwrap_or(table) {
        Value::Text(text) => text.sql.span(0..text.sql.text.len()),
        _ => Span::default(),
    };
    if name.len() > MAX_NAME {
        // A digest of it is put at its end, which is not worked out.
        return Value::unknown("the name is cut, and ends with a digest", "{…}", place);
    }
    word(&name, place)
}

/// The fields of a class, those of its bases first.
fn fields_of<'a>(class: &Rc<Class<'a>>, found: &mut Vec<Field<'a>>, depth: u32) {
    if depth > MAX_DEPTH {
        return;
    }
    for base in &class.bases {
        if let Value::Class(base) = base {
            fields_of(base, found, depth + 1);
        }
    }
    let vars = class.env.vars.borrow();
    let mut own: Vec<Field<'a>> = vars
        .iter()
        .filter_map(|(name, value)| match value {
            Value::Record(record) if is_field(value) => {
                Some(Field { name: (*name).to_owned(), record: record.clone() })
            }
            _ => None,
        })
        .collect();
    own.sort_by_key(|field| field.place().start);
    found.retain(|field| !own.iter().any(|other| other.name == field.name));
    found.extend(own);
    // The key comes first. Source: `Field._sort_key`.
    found.sort_by_key(|field| !field.primary());
}

/// The key of a model that declares none.
fn implicit_key<'a>(place: Span) -> Field<'a> {
    let class = "AutoField".to_owned();
    let record = Record { class, of: None, fields: std::cell::RefCell::default(), span: place };
    Field { name: "id".to_owned(), record: Rc::new(record) }
}

/// An option of the inner class `Meta`, also of the classes it is derived from where those count.
fn meta<'a>(class: &Class<'a>, name: &str, depth: u32, inherited: bool) -> Option<Value<'a>> {
    let own = match class.env.vars.borrow().get("Meta") {
        Some(Value::Class(meta)) => meta.attribute(name, 0),
        _ => None,
    };
    own.or_else(|| {
        let bases = class.bases.iter().filter(|_| inherited && depth < MAX_DEPTH);
        bases
            .filter_map(|base| if let Value::Class(base) = base { Some(base) } else { None })
            .find_map(|base| meta(base, name, depth + 1, true))
    })
}

/// `indexes = ((("a", "b"), True),)`.
fn indexes_of(value: &Value<'_>) -> Vec<(Vec<String>, bool)> {
    let pairs = value.items().unwrap_or_default();
    let index = |pair: Value<'_>| {
        let pair = pair.items()?;
        let names = match pair.first()? {
            Value::Text(_) => vec![pair.first()?.as_str()?.to_owned()],
            list => list.items()?.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        };
        Some((names, pair.get(1)?.truth()?))
    };
    pairs.into_iter().filter_map(index).collect()
}

/// `UserProfile` to `user_profile`. Source: `make_snake_case`.
pub(in super::super) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let starts = before.is_some_and(|before| {
            before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
        });
        if letter.is_ascii_uppercase() && starts {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The models that migrations have made so far.
#[derive(Debug, Default)]
pub(in super::super) struct Models<'a> {
    known: Vec<Model<'a>>,
    /// `JSONField` is the one of `playhouse.postgres_ext`.
    pub(in super::super) extended_json: bool,
}

impl<'a> Models<'a> {
    pub(in super::super) fn new(extended_json: bool) -> Self {
        Self { known: Vec::new(), extended_json }
    }

    /// The model of a class, or of the name of one or of its table; a table that nothing made has no known fields.
    pub(in super::super) fn find(&self, value: &Value<'a>) -> Option<Model<'a>> {
        let known = |name: &str| {
            let mut found = self.known.iter().rev();
            found.find(|model| model.class == name || model.table.as_str() == Some(name)).cloned()
        };
        match value {
            Value::Class(class) => Some(known(class.name).unwrap_or_else(|| Model::of_class(class))),
            Value::Text(_) => Some(value.as_str().and_then(known).unwrap_or_else(|| Model::of_table(value.clone()))),
            Value::Record(record) if record.class == "#model" => {
                let name = record.fields.borrow().get("0").cloned()?;
                self.find(&name).filter(|_| !matches!(name, Value::Record(_)))
            }
            _ => None,
        }
    }

    /// Keeps a model as it is from here on.
    pub(in super::super) fn keep(&mut self, model: Model<'a>) {
        let same = |other: &Model<'_>| match (model.table.as_str(), other.table.as_str()) {
            (Some(own), Some(other)) => own == other,
            _ => false,
        };
        self.known.retain(|other| !same(other));
        if self.known.len() < 2_000 {
            self.known.push(model);
        }
    }

    /// Forgets a model.
    pub(in super::super) fn forget(&mut self, model: &Model<'a>) {
        self.known.retain(|other| other.class != model.class || other.table.as_str() != model.table.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_of_classes_become_names_of_tables() {
        for (class, table) in [("User", "user"), ("UserProfile", "user_profile"), ("APIKey", "api_key")] {
            assert_eq!(snake_case(class), table);
        }
    }
}

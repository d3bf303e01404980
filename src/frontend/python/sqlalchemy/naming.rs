//! Naming conventions: what constraints and indexes are called where the source does not say.
//!
//! Source: `sqlalchemy.sql.naming`, and `truncate_and_render_constraint_name` of its compiler.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::super::digest::md5;
use super::super::value::{Text, Value};
use super::constraint::Owner;
use super::{Args, Writer};
use crate::config::Dialect;
use crate::frontend::text::SqlText;

/// What has a name by convention.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) enum Kind {
    Index,
    PrimaryKey,
    Unique,
    Check,
    ForeignKey,
}

impl Kind {
    /// The key that a convention has for it: the library's short one, or the name of its class.
    fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "ix" | "Index" => Self::Index,
            "pk" | "PrimaryKeyConstraint" => Self::PrimaryKey,
            "uq" | "UniqueConstraint" => Self::Unique,
            "ck" | "CheckConstraint" => Self::Check,
            "fk" | "ForeignKeyConstraint" => Self::ForeignKey,
            _ => return None,
        })
    }

    /// What `type_` of Alembic's `drop_constraint` means.
    pub(in super::super) fn of_type(word: &str) -> Option<Self> {
        Some(match word {
            "primary" => Self::PrimaryKey,
            "unique" => Self::Unique,
            "check" => Self::Check,
            "foreignkey" => Self::ForeignKey,
            _ => return None,
        })
    }
}

/// A convention: a template for each kind. A template that is not known in the source is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in super::super) struct Convention(BTreeMap<Kind, Option<String>>);

impl Convention {
    /// What `naming_convention` of a `MetaData` says.
    pub(in super::super) fn of(value: &Value<'_>) -> Option<Self> {
        let Value::Dict(pairs, _) = value else { return None };
        let mut templates = BTreeMap::new();
        for (key, template) in pairs.borrow().iter() {
            let name = key.as_str().or_else(|| key.path().and_then(|path| path.rsplit('.').next()));
            if let Some(kind) = name.and_then(Kind::of_key) {
                // `None` turns a convention off.
                if !matches!(template, Value::None) {
                    templates.insert(kind, template.as_str().map(str::to_owned));
                }
            }
        }
        Some(Self(templates))
    }

    /// The convention of a `MetaData` record.
    pub(in super::super) fn of_metadata(value: &Value<'_>) -> Option<Self> {
        let Value::Record(record) = value else { return None };
        if record.class != "MetaData" {
            return None;
        }
        Self::of(Args::of_record(record).given("naming_convention")?)
    }
}

/// The table that names are derived for, and by which convention.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Naming {
    convention: Option<Arc<Convention>>,
    schema: Option<SqlText>,
    table: Option<SqlText>,
}

/// A constraint or index that may have a name.
#[derive(Clone, Debug)]
pub(in super::super) struct Nameless<'v, 'a> {
    pub(in super::super) kind: Kind,
    /// The name that the source gives.
    pub(in super::super) given: Option<&'v Value<'a>>,
    /// Its columns.
    pub(in super::super) columns: Vec<Value<'a>>,
    /// The table and the columns that a foreign key refers to.
    pub(in super::super) referred: Option<(SqlText, Vec<SqlText>)>,
}

impl<'v, 'a> Nameless<'v, 'a> {
    pub(in super::super) fn new(kind: Kind, given: Option<&'v Value<'a>>, columns: Vec<Value<'a>>) -> Self {
        Self { kind, given: given.filter(|given| !matches!(given, Value::None)), columns, referred: None }
    }
}

/// The text that stands for a part of a name which is not known.
fn unknown(w: &Writer, reason: &str) -> SqlText {
    let mut out = w.another();
    out.hole(reason);
    out.out
}

/// A name as text, with a hole where it is not known.
fn text_of(w: &Writer, value: &Value<'_>) -> SqlText {
    let inner = match value {
        Value::Record(record) => {
            let fields = record.fields.borrow();
            fields.get("0").or_else(|| fields.get("name")).cloned()
        }
        _ => None,
    };
    match inner.as_ref().unwrap_or(value) {
        Value::Text(text) if !text.marked => text.sql.clone(),
        _ => unknown(w, "the name by convention depends on an expression"),
    }
}

impl Writer {
    /// The same, for names by `convention`.
    pub(in super::super) fn under(mut self, convention: Option<Arc<Convention>>) -> Self {
        self.naming = Rc::new(Naming { convention, ..Naming::default() });
        self
    }

    /// Notes the table that what is written next belongs to.
    pub(in super::super) fn of_table(&mut self, schema: Option<&Value<'_>>, table: &Value<'_>) {
        if self.naming.convention.is_none() {
            return;
        }
        let given = schema.filter(|schema| !matches!(schema, Value::None));
        let schema = given.map(|schema| text_of(self, schema)).filter(|schema| !schema.text.is_empty());
        let table = Some(text_of(self, table));
        self.naming = Rc::new(Naming { convention: self.naming.convention.clone(), schema, table });
    }

    /// The name of a constraint or index; `None` where the server gives it one.
    pub(in super::super) fn derived<'a>(&self, of: &Nameless<'_, 'a>) -> Option<Value<'a>> {
        if let Some(Value::Text(text)) = of.given
            && text.final_name
        {
            return Some(self.cut_to_fit(text.sql.clone()));
        }
        let templates = self.naming.convention.as_ref().map(|convention| &convention.0);
        let Some(template) = templates.and_then(|templates| templates.get(&of.kind)) else { return of.given.cloned() };
        let Some(template) = template else {
            return of
                .given
                .cloned()
                .or_else(|| Some(Value::text(unknown(self, "the naming convention is made by code"))));
        };
        let wraps = template.contains("constraint_name");
        // A template that wants a name leaves what has none alone: the library refuses it.
        if of.given.is_some() != wraps {
            return of.given.cloned();
        }
        let mut name = self.expanded(template, of);
        if name.is_known() {
            // It stands nowhere as a whole: its place is that of the name it holds, or the call.
            let place = match of.given {
                Some(Value::Text(given)) => given.sql.span(0..given.sql.text.len()),
                _ => self.place,
            };
            let text = std::mem::take(&mut name.text);
            name = SqlText::default();
            name.push(&text, place);
        }
        Some(self.cut_to_fit(name))
    }

    /// A template with its `%(token)s` filled in.
    fn expanded(&self, template: &str, of: &Nameless<'_, '_>) -> SqlText {
        let mut out = SqlText::default();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('%') {
            out.push(before, self.place);
            let token = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
            rest = match token {
                Some((token, after)) => {
                    out.append(&self.token(token, of));
                    after
                }
                None => {
                    out.push("%", self.place);
                    after.strip_prefix('%').unwrap_or(after)
                }
            };
        }
        out.push(rest, self.place);
        out
    }

    fn token(&self, token: &str, of: &Nameless<'_, '_>) -> SqlText {
        let missing = || unknown(self, "the naming convention has a part of its own");
        match token {
            "table_name" => return self.naming.table.clone().unwrap_or_else(missing),
            "constraint_name" => return of.given.map_or_else(missing, |given| text_of(self, given)),
            "referred_table_name" => {
                return of.referred.as_ref().map_or_else(missing, |(table, _)| last_part(table));
            }
            _ => {}
        }
        let Some((which, of_what)) = column_token(token) else { return missing() };
        let part = |at: usize| -> Option<SqlText> {
            match of_what {
                What::Referred => of.referred.as_ref()?.1.get(at).cloned(),
                What::Name => of.columns.get(at).map(|column| text_of(self, column)),
                What::Label => of.columns.get(at).map(|column| self.label(&text_of(self, column))),
            }
        };
        match which {
            Which::One(at) => part(at).unwrap_or_default(),
            Which::All(between) => {
                let mut out = SqlText::default();
                for (at, one) in (0..).map_while(&part).enumerate() {
                    if at > 0 {
                        out.push(between, self.place);
                    }
                    out.append(&one);
                }
                out
            }
        }
    }

    /// `schema_table_column`.
    fn label(&self, column: &SqlText) -> SqlText {
        let mut out = SqlText::default();
        for part in [&self.naming.schema, &self.naming.table].into_iter().flatten() {
            let mut under = SqlText::default();
            under.push("_", self.place);
            out.append(&super::super::strings::replace(part, ".", &under));
            out.push("_", self.place);
        }
        out.append(column);
        out
    }

    /// A derived name: one that is too long is cut, and ends in a digest of the whole.
    fn cut_to_fit<'a>(&self, name: SqlText) -> Value<'a> {
        let limit = match self.dialect {
            Dialect::Postgres => 63,
            Dialect::Mysql => 64,
            Dialect::Mssql => 128,
            Dialect::Sqlite => 9_999,
        };
        let long = name.is_known() && name.text.chars().count() > limit;
        let sql = if long {
            let head: String = name.text.chars().take(limit - 8).collect();
            let full = md5(&[&name.text], 32);
            let tail = full.get(28..).unwrap_or_default();
            let mut cut = SqlText::default();
            cut.push(&format!("{head}_{tail}"), name.span(0..name.text.len()));
            cut
        } else {
            name
        };
        Value::Text(Rc::new(Text { sql, final_name: true, ..Text::default() }))
    }

    /// `ix_table_column`, with the schema before it: what an index is called where no convention says otherwise.
    pub(super) fn index_name<'a>(&self, column: &Value<'a>, owner: Owner<'_, 'a>) -> Value<'a> {
        let mut w = self.another();
        let mut convention = w.naming.convention.as_deref().cloned().unwrap_or_default();
        convention.0.entry(Kind::Index).or_insert_with(|| Some("ix_%(column_0_label)s".to_owned()));
        w.naming = Rc::new(Naming { convention: Some(Arc::new(convention)), ..Naming::default() });
        w.of_table(owner.schema, owner.table);
        w.derived(&Nameless::new(Kind::Index, None, vec![column.clone()])).unwrap_or(Value::None)
    }
}

/// Which columns a token is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Which {
    One(usize),
    /// All, with this between them.
    All(&'static str),
}

/// What a token says of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Name,
    Label,
    Referred,
}

/// `column_0_name`, `column_0_N_name`, `column_0N_label`, `referred_column_0_name`.
fn column_token(token: &str) -> Option<(Which, What)> {
    let (referred, rest) = match token.strip_prefix("referred_") {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    let (which, what) = rest.strip_prefix("column_")?.rsplit_once('_')?;
    let what = match (what, referred) {
        ("name", true) => What::Referred,
        // The key of a column is its name, unless a model says otherwise.
        ("name" | "key", false) => What::Name,
        ("label", false) => What::Label,
        _ => return None,
    };
    let which = match which {
        "0_N" => Which::All("_"),
        "0N" => Which::All(""),
        number => Which::One(number.parse().ok()?),
    };
    Some((which, what))
}

/// The last part of a dotted name.
fn last_part(name: &SqlText) -> SqlText {
    let from = name.text.rfind('.').map_or(0, |at| at + 1);
    name.part(from..name.text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_library() {
        assert_eq!(column_token("column_0_name"), Some((Which::One(0), What::Name)));
        assert_eq!(column_token("column_2_label"), Some((Which::One(2), What::Label)));
        assert_eq!(column_token("column_0N_name"), Some((Which::All(""), What::Name)));
        assert_eq!(column_token("referred_column_0_N_name"), Some((Which::All("_"), What::Referred)));
        assert_eq!(column_token("column_0_colour"), None);
        assert_eq!(column_token("short_name"), None);
    }
}

//! Tables.

use std::rc::Rc;

use super::super::value::{Record, Value};
use super::constraint::{Owner, constraint};
use super::index::{index_on, storage};
use super::naming::{Convention, Kind, Nameless};
use super::{Args, Column, Writer, column};
use crate::config::Dialect;

/// A `Table(…)` or `create_table(…)` taken apart.
#[derive(Clone, Debug)]
pub(in super::super) struct Table<'a> {
    pub(in super::super) name: Value<'a>,
    pub(in super::super) columns: Vec<Column<'a>>,
    constraints: Vec<Rc<Record<'a>>>,
    indexes: Vec<Rc<Record<'a>>>,
    /// Parts of which it is not known what they are.
    others: Vec<Value<'a>>,
    args: Args<'a>,
}

impl<'a> Table<'a> {
    /// The table that a call with these arguments makes.
    pub(in super::super) fn of(args: Args<'a>) -> Self {
        let name = args.get(0, &["table_name", "name"]).cloned().unwrap_or(Value::None);
        let (mut columns, mut constraints, mut indexes, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for value in args.positional.iter().skip(1) {
            match value {
                Value::Record(record) if matches!(record.class.as_str(), "Column" | "column") => {
                    columns.extend(Column::of(value));
                }
                Value::Record(record) if record.class == "MetaData" => {}
                Value::Record(record) if record.class == "Index" => indexes.push(record.clone()),
                Value::Record(record) if record.class.ends_with("Constraint") => constraints.push(record.clone()),
                Value::None => {}
                other => others.push(other.clone()),
            }
        }
        Self { name, columns, constraints, indexes, others, args }
    }

    pub(in super::super) fn schema(&self) -> Option<&Value<'a>> {
        self.args.given("schema")
    }

    /// The table as the owner of what stands in it.
    pub(in super::super) fn owner(&self) -> Owner<'_, 'a> {
        Owner { schema: self.schema(), table: &self.name }
    }

    /// The convention of the `MetaData` that it belongs to.
    pub(in super::super) fn convention(&self) -> Option<Convention> {
        self.args.positional.get(1).or_else(|| self.args.named("metadata")).and_then(Convention::of_metadata)
    }

    /// The columns of the primary key, by the columns' own word or by a constraint's.
    fn key(&self) -> Vec<String> {
        let own = self.columns.iter().filter(|column| column.primary()).filter_map(|column| column.name.as_str());
        let own = own.map(str::to_owned);
        let constraint = self.constraints.iter().find(|record| record.class == "PrimaryKeyConstraint");
        let listed = constraint.map(|record| Args::of_record(record).positional).unwrap_or_default();
        own.chain(listed.iter().filter_map(|name| name.as_str().map(str::to_owned))).collect()
    }

    /// `CREATE TABLE …`.
    pub(in super::super) fn write(&self, w: &mut Writer) {
        w.word("CREATE ");
        for prefix in self.args.given("prefixes").and_then(Value::items).unwrap_or_default() {
            w.phrase(&prefix);
            w.word(" ");
        }
        w.word("TABLE ");
        match self.args.given("if_not_exists").map(|value| (value, value.truth())) {
            Some((_, Some(true))) => w.word("IF NOT EXISTS "),
            Some((value, None)) => {
                w.unknown(value, "whether it may exist is not known");
                w.word(" ");
            }
            _ => {}
        }
        w.table(self.schema(), &self.name);
        w.word(" (");
        let mut first = true;
        let mut comma = |w: &mut Writer| {
            if !std::mem::take(&mut first) {
                w.word(", ");
            }
        };
        let key = self.key();
        let in_key = |column: &Column<'_>| column.name.as_str().is_some_and(|name| key.iter().any(|k| k == name));
        for one in &self.columns {
            comma(w);
            let of_key = in_key(one);
            one.write(w, of_key, of_key && one.counts(key.len() == 1));
        }
        for other in &self.others {
            comma(w);
            w.unknown(other, "the columns are made by code");
        }
        self.primary_key(w, &mut comma);
        // Of tables that refer to each other a key is left out here, and added by a directive of its own.
        let alters = w.dialect != Dialect::Sqlite;
        let later = |record: &Record<'a>| alters && Args::of_record(record).flag("use_alter");
        for record in self.constraints.iter().filter(|record| record.class != "PrimaryKeyConstraint") {
            if later(record) {
                continue;
            }
            let mut one = w.another();
            if constraint(&mut one, record) {
                comma(w);
                w.append(&one.out);
            }
        }
        let of_columns: Vec<_> = self.columns.iter().flat_map(|column| column.constraints(w, alters)).collect();
        for one in of_columns {
            comma(w);
            w.append(&one.out);
        }
        w.word(")");
        self.options(w);
    }

    fn primary_key(&self, w: &mut Writer, comma: &mut impl FnMut(&mut Writer)) {
        let explicit = self.constraints.iter().find(|record| record.class == "PrimaryKeyConstraint");
        let own: Vec<_> = self.columns.iter().filter(|column| column.primary()).collect();
        if let Some(record) = explicit {
            let named = !Args::of_record(record).positional.is_empty();
            if named || own.is_empty() {
                // Without columns there is no key.
                if named {
                    comma(w);
                    constraint(w, record);
                }
                return;
            }
        }
        if !own.is_empty() {
            comma(w);
            let explicit = explicit.map(|record| Args::of_record(record));
            let given = explicit.as_ref().and_then(|args| args.given("name"));
            let columns = own.iter().map(|column| column.name.clone()).collect();
            super::constraint::name(w, &Nameless::new(Kind::PrimaryKey, given, columns));
            w.word("PRIMARY KEY (");
            for (at, column) in own.iter().enumerate() {
                if at > 0 {
                    w.word(", ");
                }
                w.name(&column.name);
            }
            w.word(")");
        }
    }

    fn options(&self, w: &mut Writer) {
        match w.dialect {
            Dialect::Postgres => {}
            Dialect::Mysql => return self.mysql_options(w),
            Dialect::Sqlite | Dialect::Mssql => return,
        }
        let phrases = [
            ("postgresql_inherits", " INHERITS ( ", " )"),
            ("postgresql_partition_by", " PARTITION BY ", ""),
            ("postgresql_using", " USING ", ""),
        ];
        for (option, before, after) in phrases {
            if let Some(value) = self.args.given(option) {
                w.word(before);
                match value.items() {
                    Some(_) => w.names(value),
                    None => w.phrase(value),
                }
                w.word(after);
            }
        }
        if let Some(parameters) = self.args.given("postgresql_with") {
            w.word(" WITH (");
            storage(w, parameters);
            w.word(")");
        }
        if let Some(on_commit) = self.args.given("postgresql_on_commit") {
            let mut words = w.another();
            words.phrase(on_commit);
            w.word(" ON COMMIT ");
            w.word(&words.out.text.replace('_', " ").to_uppercase());
        }
        if let Some(tablespace) = self.args.given("postgresql_tablespace") {
            w.word(" TABLESPACE ");
            w.name(tablespace);
        }
    }

    fn mysql_options(&self, w: &mut Writer) {
        let options = [
            ("mysql_engine", " ENGINE="),
            ("mysql_charset", " CHARSET="),
            ("mysql_default_charset", " CHARSET="),
            ("mysql_collate", " COLLATE "),
            ("mysql_row_format", " ROW_FORMAT="),
        ];
        for (option, words) in options {
            // In capitals too, as MySQL's own manual has them.
            let found = self.args.named.iter().find(|(name, _)| name.eq_ignore_ascii_case(option));
            if let Some((_, value)) = found {
                w.word(words);
                w.phrase(value);
            }
        }
        if let Some(comment) = self.args.given("comment") {
            w.word(" COMMENT=");
            w.expression(comment, false);
        }
    }

    /// The types that are created before it.
    pub(in super::super) fn types(&self, w: &Writer) -> Vec<(String, Writer)> {
        let types: Vec<_> = self.columns.iter().filter_map(|column| column.data_type.clone()).collect();
        column::enum_types(w, &types)
    }

    /// The statements after it: indexes, comments.
    pub(in super::super) fn followers(&self, w: &Writer) -> Vec<Writer> {
        let of_columns = column::followers(w, &self.columns, self.owner());
        let (comments, mut found): (Vec<_>, Vec<_>) =
            of_columns.into_iter().partition(|one| one.out.text.starts_with("COMMENT"));
        for record in &self.indexes {
            let args = Args::of_record(record);
            let mut one = w.another();
            let keys = args.positional.get(1..).unwrap_or_default();
            let name = one.derived(&Nameless::new(Kind::Index, args.get(0, &["name"]), keys.to_vec()));
            index_on(&mut one, name.as_ref(), (self.schema(), &self.name), keys, &args);
            found.push(one);
        }
        if let Some(comment) = self.args.given("comment").filter(|_| w.dialect == Dialect::Postgres) {
            let mut one = w.another();
            one.word("COMMENT ON TABLE ");
            one.table(self.schema(), &self.name);
            one.word(" IS ");
            one.expression(comment, false);
            found.push(one);
        }
        found.extend(comments);
        found
    }
}

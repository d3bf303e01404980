//! Statements as Django's schema editor makes them, and what the server's catalogue holds after them.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{index_name, quoted, server_name};
use crate::config::Dialect;
use crate::frontend::text::SqlText;
use crate::ir::Unknown;
use crate::span::Span;

/// Around the shown text of a part that is not known: private-use characters, which no source has in a name.
pub(super) const OPEN: char = '\u{10fffa}';
/// The other end.
pub(super) const CLOSE: char = '\u{10fffb}';

/// A statement with its unknown parts as holes, all of it standing at `span`.
pub(super) fn text(sql: &str, span: Span) -> SqlText {
    let mut out = SqlText::default();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push(before, span);
        let (shown, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        let reason = "it is known only while the program runs".to_owned();
        out.push_hole(Unknown { reason, text: shown.to_owned(), span });
        rest = after;
    }
    out.push(rest, span);
    out
}

/// A statement whose names follow renamed tables and columns as long as it waits.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    /// CREATE INDEX, and what Django makes of a constraint that only an index can hold.
    Index(Index),
    /// UNIQUE as a constraint.
    Unique { table: String, name: Option<String>, columns: Vec<String>, tail: &'static str, nulls: &'static str },
    /// FOREIGN KEY.
    ForeignKey { table: String, column: String, to_table: String, to_column: String, suffix: &'static str },
    /// CHECK or EXCLUDE.
    Constraint { table: String, name: String, body: String, check: bool },
}

/// An index.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) table: String,
    /// Its name; derived from table, columns and suffix where there is none.
    pub(super) name: Option<String>,
    pub(super) suffix: &'static str,
    pub(super) unique: bool,
    pub(super) concurrently: bool,
    /// ` USING gin`.
    pub(super) using: String,
    /// Columns, each with its operator class and order as they follow it.
    pub(super) columns: Vec<(String, String)>,
    /// Expressions in place of columns.
    pub(super) expressions: String,
    pub(super) include: Vec<String>,
    /// ` WITH (…)`, ` NULLS NOT DISTINCT`.
    pub(super) extra: String,
    /// ` WHERE …`.
    pub(super) condition: String,
}

/// Deferrability of Django's foreign keys on PostgreSQL and SQLite.
pub(super) const DEFERRABLE: &str = " DEFERRABLE INITIALLY DEFERRED";

/// The length that names of indexes are cut to.
pub(super) fn limit(dialect: Dialect) -> Option<usize> {
    (dialect != Dialect::Sqlite).then_some(63)
}

impl Wait {
    /// The statement's text.
    pub(super) fn render(&self, dialect: Dialect) -> String {
        match self {
            Self::Index(index) => index.render(dialect),
            Self::Unique { table, columns, tail, nulls, .. } => {
                let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
                let (name, columns) = (quoted(&self.name(dialect)), columns.join(", "));
                if dialect == Dialect::Sqlite {
                    return format!("CREATE UNIQUE INDEX {name} ON {} ({columns})", quoted(table));
                }
                format!("ALTER TABLE {} ADD CONSTRAINT {name} UNIQUE{nulls} ({columns}){tail}", quoted(table))
            }
            Self::ForeignKey { table, column, to_table, to_column, .. } => format!(
                "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){DEFERRABLE}",
                quoted(table),
                quoted(&self.name(dialect)),
                quoted(column),
                quoted(to_table),
                quoted(to_column)
            ),
            Self::Constraint { table, name, body, .. } => {
                format!("ALTER TABLE {} ADD CONSTRAINT {} {body}", quoted(table), quoted(name))
            }
        }
    }

    /// The name of what it makes.
    pub(super) fn name(&self, dialect: Dialect) -> String {
        match self {
            Self::Index(index) => index.name(dialect),
            Self::Unique { table, name, columns, .. } => name.clone().unwrap_or_else(|| {
                let columns: Vec<_> = columns.iter().map(String::as_str).collect();
                index_name(table, &columns, "_uniq", limit(dialect))
            }),
            Self::ForeignKey { table, column, to_table, to_column, suffix } => {
                let suffix = match *suffix {
                    "" => format!("_fk_{}_{to_column}", to_table.trim_matches('"')),
                    suffix => suffix.to_owned(),
                };
                index_name(table, &[column], &suffix, limit(dialect))
            }
            Self::Constraint { name, .. } => name.clone(),
        }
    }

    fn tables(&mut self) -> Vec<&mut String> {
        match self {
            Self::Index(index) => vec![&mut index.table],
            Self::Unique { table, .. } | Self::Constraint { table, .. } => vec![table],
            Self::ForeignKey { table, to_table, .. } => vec![table, to_table],
        }
    }

    pub(super) fn rename_table(&mut self, old: &str, new: &str) {
        for table in self.tables().into_iter().filter(|table| *table == old) {
            new.clone_into(table);
        }
    }

    pub(super) fn rename_column(&mut self, of: &str, old: &str, new: &str) {
        let mut columns: Vec<&mut String> = Vec::new();
        match self {
            Self::Index(index) if index.table == of => {
                columns.extend(index.columns.iter_mut().map(|(column, _)| column));
                columns.extend(&mut index.include);
            }
            Self::Unique { table, columns: all, .. } if table == of => columns.extend(all),
            Self::ForeignKey { table, column, to_table, to_column, .. } => {
                if table == of {
                    columns.push(column);
                }
                if to_table == of {
                    columns.push(to_column);
                }
            }
            _ => {}
        }
        for column in columns.into_iter().filter(|column| *column == old) {
            new.clone_into(column);
        }
    }

    pub(super) fn mentions_table(&self, of: &str) -> bool {
        match self {
            Self::Index(index) => index.table == of,
            Self::Unique { table, .. } | Self::Constraint { table, .. } => table == of,
            Self::ForeignKey { table, to_table, .. } => table == of || to_table == of,
        }
    }

    pub(super) fn mentions_column(&self, of: &str, wanted: &str) -> bool {
        match self {
            Self::Index(index) => {
                index.table == of
                    && (index.columns.iter().any(|(column, _)| column == wanted)
                        || index.include.iter().any(|column| column == wanted))
            }
            Self::Unique { table, columns, .. } => table == of && columns.iter().any(|column| column == wanted),
            Self::ForeignKey { table, column, to_table, to_column, .. } => {
                (table == of && column == wanted) || (to_table == of && to_column == wanted)
            }
            Self::Constraint { .. } => false,
        }
    }
}

impl Index {
    fn name(&self, dialect: Dialect) -> String {
        self.name.clone().unwrap_or_else(|| {
            let columns: Vec<_> = self.columns.iter().map(|(column, _)| column.as_str()).collect();
            index_name(&self.table, &columns, self.suffix, limit(dialect))
        })
    }

    fn render(&self, dialect: Dialect) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let concurrently = if self.concurrently { "CONCURRENTLY " } else { "" };
        let keys: Vec<_> = self.columns.iter().map(|(column, tail)| format!("{}{tail}", quoted(column))).collect();
        let keys = if self.expressions.is_empty() { keys.join(", ") } else { self.expressions.clone() };
        let include: Vec<_> = self.include.iter().map(|column| quoted(column)).collect();
        let include = if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", include.join(", ")) };
        let using = if dialect == Dialect::Sqlite { "" } else { &self.using };
        format!(
            "CREATE {unique}INDEX {concurrently}{} ON {}{using} ({keys}){include}{}{}",
            quoted(&self.name(dialect)),
            quoted(&self.table),
            self.extra,
            self.condition
        )
    }
}

/// A constraint or index as Django's introspection shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) unique: bool,
    pub(super) primary_key: bool,
    /// It is an index without a constraint; `btree` where it is a plain one.
    pub(super) index: bool,
    pub(super) btree: bool,
    pub(super) check: bool,
    /// The referenced table.
    pub(super) foreign_key: Option<String>,
}

/// Constraints and indexes of the tables, as the migrations so far have made them: Django asks the server for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    tables: BTreeMap<String, Vec<Entry>>,
    /// Tables with a foreign key to a table; only ever added to.
    referrers: BTreeMap<String, BTreeSet<String>>,
    /// Sequences of columns that count by themselves, by table and column.
    sequences: BTreeMap<(String, String), String>,
}

impl Catalogue {
    pub(super) fn add(&mut self, table: &str, entry: Entry) {
        if let Some(to) = &entry.foreign_key {
            self.referrers.entry(to.clone()).or_default().insert(table.to_owned());
        }
        self.tables.entry(table.to_owned()).or_default().push(entry);
    }

    /// What a column's own definition makes: its key, UNIQUE, CHECK.
    pub(super) fn add_column(&mut self, table: &str, column: &str, (key, unique, check): (bool, bool, bool)) {
        let columns = || vec![column.to_owned()];
        if key {
            let name = server_name(table, "", "pkey");
            let (unique, primary_key) = (true, true);
            self.add(table, Entry { name, columns: columns(), unique, primary_key, ..Entry::default() });
        } else if unique {
            let name = server_name(table, column, "key");
            self.add(table, Entry { name, columns: columns(), unique: true, ..Entry::default() });
        }
        if check {
            let name = server_name(table, column, "check");
            self.add(table, Entry { name, columns: columns(), check: true, ..Entry::default() });
        }
    }

    /// Notes that a column counts by itself.
    pub(super) fn count(&mut self, table: &str, column: &str) {
        self.sequences.insert((table.to_owned(), column.to_owned()), server_name(table, column, "seq"));
    }

    /// The sequence of a column.
    pub(super) fn sequence(&self, table: &str, column: &str) -> Option<&str> {
        self.sequences.get(&(table.to_owned(), column.to_owned())).map(String::as_str)
    }

    fn move_sequences(&mut self, table: &str, new: impl Fn(&str) -> (String, String)) {
        let held = self.sequences.range((table.to_owned(), String::new())..);
        let held: Vec<String> =
            held.take_while(|((of, _), _)| of == table).map(|((_, column), _)| column.clone()).collect();
        for column in held {
            if let Some(name) = self.sequences.remove(&(table.to_owned(), column.clone())) {
                self.sequences.insert(new(&column), name);
            }
        }
    }

    /// Notes a statement that is sent.
    pub(super) fn send(&mut self, statement: &Wait, dialect: Dialect) {
        let name = statement.name(dialect);
        match statement {
            Wait::Index(index) => {
                // The server lists what an index includes among its columns.
                let columns = index.columns.iter().map(|(column, _)| column).chain(&index.include).cloned().collect();
                let btree = matches!(index.using.as_str(), "" | " USING btree");
                let unique = index.unique;
                self.add(&index.table, Entry { name, columns, unique, index: true, btree, ..Entry::default() });
            }
            Wait::Unique { table, columns, .. } => {
                self.add(table, Entry { name, columns: columns.clone(), unique: true, ..Entry::default() });
            }
            Wait::ForeignKey { table, column, to_table, .. } => {
                let foreign_key = Some(to_table.clone());
                self.add(table, Entry { name, columns: vec![column.clone()], foreign_key, ..Entry::default() });
            }
            Wait::Constraint { table, check, .. } => {
                self.add(table, Entry { name, check: *check, ..Entry::default() });
            }
        }
    }

    /// Names of what `wanted` picks on exactly these columns.
    pub(super) fn names(&self, table: &str, columns: &[&str], wanted: impl Fn(&Entry) -> bool) -> Vec<String> {
        let entries = self.tables.get(table).into_iter().flatten();
        let found = entries
            .filter(|entry| columns.is_empty() || entry.columns.iter().map(String::as_str).eq(columns.iter().copied()));
        let mut names: Vec<_> = found.filter(|entry| wanted(entry)).map(|entry| entry.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(super) fn remove(&mut self, table: &str, name: &str) {
        if let Some(entries) = self.tables.get_mut(table) {
            entries.retain(|entry| entry.name != name);
        }
    }

    pub(super) fn rename(&mut self, table: &str, old: &str, new: &str) {
        for entry in self.tables.get_mut(table).into_iter().flatten().filter(|entry| entry.name == old) {
            new.clone_into(&mut entry.name);
        }
    }

    pub(super) fn drop_column(&mut self, table: &str, column: &str) {
        if let Some(entries) = self.tables.get_mut(table) {
            entries.retain(|entry| !entry.columns.iter().any(|held| held == column));
        }
    }

    pub(super) fn rename_column(&mut self, table: &str, old: &str, new: &str) {
        self.move_sequences(table, |column| (table.to_owned(), if column == old { new } else { column }.to_owned()));
        let entries = self.tables.get_mut(table).into_iter().flatten();
        for column in entries.flat_map(|entry| &mut entry.columns).filter(|column| *column == old) {
            new.clone_into(column);
        }
    }

    pub(super) fn drop_table(&mut self, table: &str) {
        self.tables.remove(table);
        for referrer in self.referrers.remove(table).unwrap_or_default() {
            if let Some(entries) = self.tables.get_mut(&referrer) {
                entries.retain(|entry| entry.foreign_key.as_deref() != Some(table));
            }
        }
    }

    pub(super) fn rename_table(&mut self, old: &str, new: &str) {
        self.move_sequences(old, |column| (new.to_owned(), column.to_owned()));
        if let Some(entries) = self.tables.remove(old) {
            for to in entries.iter().filter_map(|entry| entry.foreign_key.clone()) {
                self.referrers.entry(to).or_default().insert(new.to_owned());
            }
            self.tables.insert(new.to_owned(), entries);
        }
        let referrers = self.referrers.remove(old).unwrap_or_default();
        for referrer in &referrers {
            let entries = self.tables.get_mut(referrer).into_iter().flatten();
            for to in entries.filter_map(|entry| entry.foreign_key.as_mut()).filter(|to| *to == old) {
                new.clone_into(to);
            }
        }
        self.referrers.entry(new.to_owned()).or_default().extend(referrers);
    }
}

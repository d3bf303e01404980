//! Alembic's directives: each is written as the SQL that Alembic sends for it, and sent.
//!
//! Source: `alembic.operations.toimpl` (which statements a directive is, in which order) and `alembic.ddl` (their text).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::super::sqlalchemy::{self as sa, Args, Column, Kind, Nameless, Owner, Table, Writer};
use super::super::value::{Conn, Record, Text, Value};
use super::Interp;
use super::alter::{alter_column, drop_constraint};
use crate::config::Dialect;
use crate::frontend::sql::{self, ReadOptions};
use crate::frontend::text::SqlText;
use crate::ir::{Details, TransactionKind, TypeName};
use crate::span::Span;

/// The module of the directives.
pub(super) const OP: &str = "alembic.op";
/// The class of what `batch_alter_table` gives.
const BATCH: &str = "#batch";
/// The class of the migration context.
const CONTEXT: &str = "#context";
/// The class of what `autocommit_block` gives.
pub(super) const AUTOCOMMIT: &str = "#autocommit";

/// Names that the argument goes by which is the table.
const TABLE: &[&str] = &["table_name", "source_table", "old_table_name", "tablename", "source"];

/// Which argument of a directive is the table that a batch knows already.
fn place_of_table(directive: &str) -> Option<usize> {
    Some(match directive {
        "add_column" | "alter_column" | "drop_column" | "create_table_comment" | "drop_table_comment" => 0,
        "create_index"
        | "drop_index"
        | "create_unique_constraint"
        | "create_primary_key"
        | "create_foreign_key"
        | "create_check_constraint"
        | "create_exclude_constraint"
        | "drop_constraint" => 1,
        _ => return None,
    })
}

/// Values by the names of arguments, as a record of no class of the project has them.
pub(super) fn record<'a>(class: &str, args: Args<'a>, span: Span) -> Record<'a> {
    let positional = args.positional.into_iter().enumerate().map(|(at, value)| (at.to_string(), value));
    let fields: BTreeMap<_, _> = positional.chain(args.named).collect();
    Record { class: class.to_owned(), of: None, fields: RefCell::new(fields), span }
}

impl<'a> Interp<'a> {
    /// The connection that migrations are applied on.
    pub(super) fn migration_conn(&mut self) -> Rc<Conn> {
        if let Some(conn) = &self.migration {
            return conn.clone();
        }
        let mut scope = self.fresh(TransactionKind::Runner, None);
        let settings = self.env_settings();
        scope.batch = settings.batch;
        let conn = Rc::new(Conn::new(scope));
        self.migration = Some(conn.clone());
        let place = self.frame().map(|frame| frame.at).unwrap_or_default();
        for sql in settings.timeouts.iter().cloned() {
            let text = Text { sql, marked: true, ..Text::default() };
            self.emit(&text, &conn, place);
        }
        conn
    }

    /// A method of the directives' module, of a batch, of the context; `None` for other receivers.
    pub(super) fn alembic_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        args: Args<'a>,
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        match base.path() {
            Some(OP | "alembic.context") => return Some(self.directive(base, name, args, call)),
            // What a custom operation reaches the connection by.
            Some("alembic.op.impl" | "alembic.op.migration_context" | "alembic.op.migration_context.impl")
                if name == "execute" =>
            {
                return Some(self.directive(base, name, args, call));
            }
            _ => {}
        }
        let Value::Record(record) = base else { return None };
        match (record.class.as_str(), name) {
            (BATCH, _) => {
                let mut args = args;
                if name == "alter_column" && args.positional.len() > 1 {
                    let conn = self.migration_conn();
                    let reason = "Alembic takes no second place here: all but the column's name go by keyword";
                    self.emit_opaque(reason, &conn, self.span(call));
                    return Some(Value::None);
                }
                if let Some(at) = place_of_table(name) {
                    let fields = record.fields.borrow();
                    args.insert(at, fields.get("table").cloned().unwrap_or(Value::None));
                    let schema = if name == "create_foreign_key" { "source_schema" } else { "schema" };
                    args.named.extend(fields.get("schema").map(|value| (schema.to_owned(), value.clone())));
                }
                Some(self.directive(base, name, args, call))
            }
            (CONTEXT, "autocommit_block") => {
                Some(Value::Record(Rc::new(self::record(AUTOCOMMIT, Args::default(), span))))
            }
            (CONTEXT, "execute") => Some(self.directive(base, name, args, call)),
            (CONTEXT, _) => Some(self.unknown("it is known only while the program runs", call)),
            _ => None,
        }
    }

    /// An attribute of the migration context or of a batch.
    pub(super) fn alembic_attribute(&mut self, base: &Record<'a>, name: &str) -> Option<Value<'a>> {
        match name {
            "bind" | "connection" if base.class == CONTEXT => Some(self.migration_handle()),
            // Where Alembic's default is changed, it is for all tables alike: their names stay told apart without it.
            "version_table_schema" if base.class == CONTEXT => Some(Value::None),
            _ => None,
        }
    }

    fn migration_handle(&mut self) -> Value<'a> {
        let conn = self.migration_conn();
        Value::handle(false, false, conn)
    }

    fn directive(&mut self, base: &Value<'a>, name: &str, mut args: Args<'a>, call: &'a ExprCall) -> Value<'a> {
        let span = self.span(call);
        for (_, value) in args.named.iter_mut().filter(|(name, _)| name.ends_with("type_") || name.ends_with("type")) {
            *value = self.typed(value, span);
        }
        match name {
            "get_bind" => return self.migration_handle(),
            "get_context" | "get_impl" => return Value::Record(Rc::new(record(CONTEXT, Args::default(), span))),
            "f" => {
                return match args.get(0, &["name"]) {
                    Some(Value::Text(text)) => Value::Text(Rc::new(Text { final_name: true, ..(**text).clone() })),
                    other => other.cloned().unwrap_or(Value::None),
                };
            }
            "inline_literal" => return args.get(0, &["value"]).cloned().unwrap_or(Value::None),
            "batch_alter_table" => {
                let mut fields = Args::default();
                let table = args.get(0, &["table_name"]).cloned().unwrap_or(Value::None);
                fields.named.insert("table".to_owned(), table);
                let schema = args.get(1, &["schema"]).filter(|schema| !matches!(schema, Value::None));
                fields.named.extend(schema.map(|schema| ("schema".to_owned(), schema.clone())));
                return Value::Record(Rc::new(record(BATCH, fields, span)));
            }
            "execute" => {
                if let Some(value) = args.get(0, &["sqltext", "sql"]).cloned() {
                    let conn = self.migration_conn();
                    self.send(&value, &conn, span);
                }
                return Value::None;
            }
            "run_async" => {
                if let Some(function) = args.positional.first().cloned() {
                    let handle = self.migration_handle();
                    self.apply(&function, &[handle], &[], call, span);
                }
                return Value::None;
            }
            "configure" => {
                if let Some(metadata) = args.given("target_metadata") {
                    self.configured.get_or_insert_with(|| metadata.clone());
                }
                return Value::None;
            }
            "invoke" => {
                let object = args.positional.first().cloned().unwrap_or(Value::None);
                return match self.invoke(base, &object, call) {
                    Some(value) => value,
                    None => self.directive_elsewhere(name, call),
                };
            }
            "is_offline_mode" | "get_x_argument" | "get_tag_argument" | "register_operation" | "implementation_for"
            | "begin_transaction" | "run_migrations" => {
                return self.unknown("it is known only while the program runs", call);
            }
            _ => {}
        }
        let conn = self.migration_conn();
        let mut w = Writer::new(span, self.dialect()).under(self.env_settings().convention.clone());
        if name == "create_table" {
            let table = Table::of(args.clone());
            self.directive = true;
            self.create_table(&table, w, &conn, span);
            self.directive = false;
            return Value::Record(Rc::new(record("Table", args, span)));
        }
        if let Some(at) = place_of_table(name) {
            let schema = args.given("schema").or_else(|| args.given("source_schema"));
            w.of_table(schema, args.get(at, TABLE).unwrap_or(&Value::None));
        }
        let Some(written) = Self::directive_sql(name, &args, &w) else {
            return match self.custom_directive(base, name, &args, call) {
                Some(value) => value,
                None => match super::extra::directive(name, &args, &w) {
                    Some(written) => self.write_all(written, &conn, span),
                    None => self.directive_elsewhere(name, call),
                },
            };
        };
        let column = if name == "add_column" { args.get(1, &["column"]).and_then(Column::of) } else { None };
        self.mapper_default = column.is_some_and(|column| column.has_mapper_default());
        self.old_type = if name == "alter_column" { existing_type(&args, &w) } else { None };
        let rows = args.get(1, &["rows"]).filter(|_| name == "bulk_insert");
        let from_rows = rows.is_some_and(|rows| self.is_grown(rows) || super::comprehension::gives_rows(rows));
        let before = std::mem::replace(&mut self.from_rows, from_rows);
        self.write_all(written, &conn, span);
        self.from_rows = before;
        (self.mapper_default, self.old_type) = (false, None);
        Value::None
    }

    /// Sends the statements of a directive.
    fn write_all(&mut self, written: Vec<Writer>, conn: &Rc<Conn>, span: Span) -> Value<'a> {
        self.directive = true;
        for one in written {
            self.write_out(one, conn, span);
        }
        self.directive = false;
        Value::None
    }

    /// Sends what was written.
    pub(super) fn write_out(&mut self, written: Writer, conn: &Rc<Conn>, span: Span) {
        let whole = written.is_whole();
        let text = Text { sql: written.out, marked: true, ..Text::default() };
        // Names are quoted and values are parameters there.
        let composed = std::mem::replace(&mut self.composed, true);
        self.whole = whole;
        self.emit(&text, conn, span);
        (self.whole, self.composed) = (false, composed);
    }

    /// CREATE TABLE with what stands around it.
    pub(super) fn create_table(&mut self, table: &Table<'a>, mut w: Writer, conn: &Rc<Conn>, span: Span) {
        w.of_table(table.schema(), &table.name);
        for (name, one) in table.types(&w) {
            // One run creates a type once, whichever table brings it.
            if self.types.insert((name, self.out.entry)) {
                self.write_out(one, conn, span);
            }
        }
        let mut one = w.another();
        table.write(&mut one);
        self.write_out(one, conn, span);
        for one in table.followers(&w) {
            self.write_out(one, conn, span);
        }
    }

    /// The statements of a directive; `None` where it is none of Alembic's own.
    pub(super) fn directive_sql(name: &str, args: &Args<'a>, w: &Writer) -> Option<Vec<Writer>> {
        Some(match name {
            "add_column" => Self::add_column(args, w),
            "alter_column" => alter_column(args, w),
            "drop_column" => {
                let mut one = alter(w, args, 0);
                one.word(" DROP COLUMN ");
                if_word(&mut one, args, "if_exists", "IF EXISTS ");
                one.name(args.get(1, &["column_name"]).unwrap_or(&Value::None));
                vec![one]
            }
            "drop_table" => {
                let mut one = w.another();
                one.word("DROP TABLE ");
                if_word(&mut one, args, "if_exists", "IF EXISTS ");
                one.table(args.get(1, &["schema"]), args.get(0, &["table_name", "name"]).unwrap_or(&Value::None));
                vec![one]
            }
            "rename_table" => {
                let mut one = alter(w, args, 0);
                one.word(" RENAME TO ");
                one.name(args.get(1, &["new_table_name"]).unwrap_or(&Value::None));
                vec![one]
            }
            "create_index" => {
                let mut one = w.another();
                let keys = args.get(2, &["columns"]);
                let keys = keys.map_or_else(Vec::new, |keys| Value::items(keys).unwrap_or_else(|| vec![keys.clone()]));
                let table = args.get(1, &["table_name", "tablename"]).unwrap_or(&Value::None);
                let given = args.get(0, &["index_name", "name"]);
                let name = one.derived(&Nameless::new(Kind::Index, given, keys.clone()));
                sa::index_on(&mut one, name.as_ref(), (args.given("schema"), table), &keys, args);
                vec![one]
            }
            "drop_index" => {
                let mut one = w.another();
                one.word("DROP INDEX ");
                if w.dialect == Dialect::Postgres {
                    if_word(&mut one, args, "postgresql_concurrently", "CONCURRENTLY ");
                }
                if_word(&mut one, args, "if_exists", "IF EXISTS ");
                let given = args.get(0, &["index_name", "name"]);
                let name = one.derived(&Nameless::new(Kind::Index, given, Vec::new()));
                let name = name.unwrap_or(Value::None);
                if w.dialect == Dialect::Mysql {
                    // There an index is its table's.
                    one.name(&name);
                    one.word(" ON ");
                    one.table(args.given("schema"), args.get(1, TABLE).unwrap_or(&Value::None));
                } else {
                    one.table(args.given("schema"), &name);
                }
                vec![one]
            }
            "drop_constraint" => vec![drop_constraint(args, w)],
            "create_table_comment" | "drop_table_comment" => {
                let comment = args.get(1, &["comment"]).filter(|_| name == "create_table_comment");
                let mut one = w.another();
                if w.dialect == Dialect::Mysql {
                    one = alter(w, args, 0);
                    one.word(" COMMENT ");
                    let none = Value::text(SqlText::default());
                    one.expression(comment.unwrap_or(&none), false);
                    return Some(vec![one]);
                }
                one.word("COMMENT ON TABLE ");
                one.table(args.given("schema"), args.get(0, &["table_name"]).unwrap_or(&Value::None));
                one.word(" IS ");
                one.expression(comment.unwrap_or(&Value::None), false);
                vec![one]
            }
            "bulk_insert" => {
                let mut one = w.another();
                let table = args.get(0, &["table"]).unwrap_or(&Value::None);
                let rows = args.get(1, &["rows"]);
                if rows.and_then(Value::items).is_some_and(|rows| rows.is_empty()) {
                    return Some(Vec::new());
                }
                sa::inserts(&mut one, table, rows);
                vec![one]
            }
            _ => vec![add_constraint(name, args, w)?],
        })
    }

    fn add_column(args: &Args<'a>, w: &Writer) -> Vec<Writer> {
        let mut one = alter(w, args, 0);
        one.word(" ADD COLUMN ");
        if_word(&mut one, args, "if_not_exists", "IF NOT EXISTS ");
        let given = args.get(1, &["column"]).unwrap_or(&Value::None);
        let Some(column) = Column::of(given) else {
            one.unknown(given, "the column is made by code");
            return vec![one];
        };
        let inline_key = args.flag("inline_primary_key") && column.primary();
        column.write(&mut one, column.primary(), column.primary() && column.counts(true));
        if inline_key {
            one.word(" PRIMARY KEY");
        }
        let mut constraints = column.constraints(w, false);
        if args.flag("inline_references")
            && let Some(at) = constraints.iter().position(|one| one.out.text.contains("FOREIGN KEY("))
        {
            let foreign = constraints.remove(at);
            let text = &foreign.out.text;
            let from = text.find("REFERENCES").unwrap_or(text.len());
            one.word(" ");
            one.append(&foreign.out.part(from..text.len()));
        }
        let table = args.get(0, &["table_name"]).unwrap_or(&Value::None);
        let mut found = vec![one];
        for constraint in constraints {
            let mut one = alter(w, args, 0);
            one.word(" ADD ");
            one.append(&constraint.out);
            found.push(one);
        }
        found.extend(sa::followers(w, &[column], Owner { schema: args.given("schema"), table }));
        found
    }

    /// A directive that is none of Alembic's own: said, not guessed.
    fn directive_elsewhere(&mut self, name: &str, call: &'a ExprCall) -> Value<'a> {
        let reason = format!("`{name}` is a directive that is defined elsewhere");
        let conn = self.migration_conn();
        self.directive = true;
        self.emit_opaque(&reason, &conn, self.span(call));
        self.directive = false;
        self.unknown(&reason, call)
    }
}

/// The type that `existing_type=` says a column has.
fn existing_type(args: &Args<'_>, w: &Writer) -> Option<TypeName> {
    let given = args.given("existing_type").filter(|given| !matches!(given, Value::Bool(_)))?;
    let mut one = w.another();
    one.word("ALTER TABLE t ALTER COLUMN c TYPE ");
    sa::write_type(&mut one, given);
    if !one.out.is_known() {
        return None;
    }
    let options = ReadOptions { dialect: w.dialect, query: 0 };
    sql::read(&one.out, options).into_iter().find_map(|operation| match operation.details {
        Details::Column(column) => column.data_type,
        _ => None,
    })
}

/// `ALTER TABLE t`, where the table is the argument at `at`.
pub(super) fn alter(w: &Writer, args: &Args<'_>, at: usize) -> Writer {
    let mut one = w.another();
    one.word("ALTER TABLE ");
    let table = args.get(at, TABLE);
    let schema = args.given("schema").or_else(|| args.given("source_schema"));
    one.table(schema, table.unwrap_or(&Value::None));
    one
}

/// Writes a word where an option asks for it, and a hole where that is not known.
pub(super) fn if_word(w: &mut Writer, args: &Args<'_>, option: &str, word: &str) {
    match args.given(option).map(|value| (value, value.truth())) {
        Some((_, Some(true))) => w.word(word),
        Some((value, None)) => {
            w.unknown(value, "the option is not known");
            w.word(" ");
        }
        _ => {}
    }
}

fn add_constraint(name: &str, args: &Args<'_>, w: &Writer) -> Option<Writer> {
    let class = match name {
        "create_primary_key" => "PrimaryKeyConstraint",
        "create_unique_constraint" => "UniqueConstraint",
        "create_check_constraint" => "CheckConstraint",
        "create_foreign_key" => "ForeignKeyConstraint",
        "create_exclude_constraint" => "ExcludeConstraint",
        _ => return None,
    };
    let mut one = alter(w, args, 1);
    one.word(" ADD ");
    let mut parts = Args { positional: Vec::new(), named: args.named.clone() };
    let own = args.get(0, &["constraint_name", "name"]).cloned().unwrap_or(Value::None);
    parts.named.insert("name".to_owned(), own);
    match class {
        "ForeignKeyConstraint" => {
            foreign_key(&mut one, args, &parts);
            return Some(one);
        }
        "CheckConstraint" => {
            parts.positional.extend(args.get(2, &["condition"]).cloned());
        }
        "ExcludeConstraint" => parts.positional.extend(args.positional.iter().skip(2).cloned()),
        _ => {
            let columns = args.get(2, &["columns", "local_cols"])?;
            match Value::items(columns) {
                Some(columns) => parts.positional.extend(columns),
                None => parts.positional.push(columns.clone()),
            }
        }
    }
    let record = record(class, parts, w.place);
    sa::constraint(&mut one, &record);
    Some(one)
}

fn foreign_key<'a>(one: &mut Writer, args: &Args<'a>, parts: &Args<'a>) {
    let own = args.get(3, &["local_cols"]).and_then(Value::items).unwrap_or_default();
    let text = |value: &Value<'_>| if let Value::Text(text) = value { Some(text.sql.clone()) } else { None };
    let table = args.get(2, &["referent_table", "referent"]).and_then(text);
    let remote = args.get(4, &["remote_cols"]).and_then(Value::items);
    let remote = remote.and_then(|remote| remote.iter().map(text).collect::<Option<Vec<_>>>());
    let referred = table.zip(remote);
    sa::constraint_name(one, &Nameless { referred, ..Nameless::new(Kind::ForeignKey, parts.given("name"), own) });
    one.word("FOREIGN KEY(");
    one.names(args.get(3, &["local_cols"]).unwrap_or(&Value::None));
    one.word(") REFERENCES ");
    one.table(args.given("referent_schema"), args.get(2, &["referent_table", "referent"]).unwrap_or(&Value::None));
    one.word(" (");
    one.names(args.get(4, &["remote_cols"]).unwrap_or(&Value::None));
    one.word(")");
    sa::foreign_key_options(one, args);
}

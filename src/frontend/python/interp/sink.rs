//! Where SQL leaves the program.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::sqlalchemy::Args;
use super::super::value::{READ, Record, Text, Value, origin};
use super::call::{Named, keyword};
use super::{Interp, last_name};
use crate::frontend::sql;
use crate::ir::{CodeDetails, Details, OpKind, TransactionKind};

/// Whether a value reads as SQL.
fn is_sql(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.marked || sql::looks_like_sql(&text.sql.text))
}

/// Verbs that send a statement once for each set of parameters.
const PER_ROW: [&str; 3] = ["executemany", "execute_many", "execute_batch"];

/// Methods whose first argument is SQL.
const VERBS: &[&str] = &[
    "execute",
    "executemany",
    "execute_batch",
    "executescript",
    "exec_driver_sql",
    "scalar",
    "scalars",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetch_all",
    "fetch_one",
    "fetch_val",
    "fetchone",
    "fetchall",
    "execute_many",
    "execute_write",
    "run_sql",
    "raw",
    "execute_sql",
    "execute_query",
    "execute_query_dict",
    "execute_insert",
    "execute_script",
    "run_ddl",
];

/// Methods of cursors (PEP 249) and results that give rows.
const FETCHES: &[&str] = &["fetchall", "fetchmany", "fetchone"];

/// Methods of SQLAlchemy's results that give rows, or the result in another shape.
const RESULTS: &[&str] = &[
    "all",
    "columns",
    "first",
    "mappings",
    "one",
    "one_or_none",
    "partitions",
    "scalars",
    "tuples",
    "unique",
    "yield_per",
];

/// Names of receivers that talk to a database where nothing else is known of them.
const RECEIVERS: &[&str] = &[
    "conn",
    "connection",
    "cur",
    "cursor",
    "c",
    "db",
    "database",
    "session",
    "engine",
    "op",
    "bind",
    "tx",
    "txn",
    "trans",
    "transaction",
    "schema_editor",
    "client",
    "pool",
    "con",
    "dbapi_connection",
    "raw_connection",
    "driver",
];

/// Whether parameters are a list of mappings, each for a run of the statement of its own (SQLAlchemy's `executemany`), that
/// hold what is known only while the program runs. A list of plain values is one set of a driver's parameters.
fn are_sets_of_parameters(parameters: &Value<'_>) -> bool {
    let Value::List(items, _) = parameters else { return false };
    let read = |value: &Value<'_>| matches!(value, Value::Unknown(_) | Value::Either(_));
    let items = items.borrow();
    let mut sets = items.iter().map(|item| match item {
        Value::Dict(pairs, _) => Some(pairs.borrow().iter().any(|(_, value)| read(value))),
        _ => None,
    });
    !items.is_empty() && sets.clone().all(|set| set.is_some()) && sets.any(|set| set == Some(true))
}

impl<'a> Interp<'a> {
    /// A method of a connection, or of anything that may be one.
    pub(super) fn database_method(
        &mut self,
        base: &Value<'a>,
        name: &'a str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        let argument = arguments.first().cloned();
        let given = argument
            .or_else(|| keyword(named, "statement"))
            .or_else(|| keyword(named, "sql"))
            .or_else(|| keyword(named, "query"));
        if VERBS.contains(&name)
            && let Some(value) = &given
            && Self::is_sink(base, name, value, call)
        {
            // Piccolo's tables work in the transaction that is open, whatever they are.
            let own = name == "raw" && self.tool.runner == crate::source::Runner::Piccolo;
            let conn = if own { self.tool_conn() } else { self.conn_of(base) };
            // Once for each set of parameters.
            let rows = arguments.get(1).is_some_and(|sets| {
                self.is_grown(sets) || (PER_ROW.contains(&name) && super::comprehension::gives_rows(sets))
            });
            let many = rows || PER_ROW.contains(&name) || arguments.get(1).is_some_and(are_sets_of_parameters);
            if many {
                self.loops.push(None);
            }
            let before = std::mem::replace(&mut self.from_rows, rows);
            match (value, arguments.get(1)) {
                (Value::Construct(construct), Some(rows @ (Value::List(..) | Value::Dict(..)))) => {
                    let mut construct = (**construct).clone();
                    let args = Args { positional: vec![rows.clone()], ..Args::default() };
                    Self::extend_construct(&mut construct, "values", &args, span);
                    self.emit_construct(&construct, &conn, span);
                }
                _ => self.send(value, &conn, span),
            }
            self.from_rows = before;
            if many {
                self.loops.pop();
            }
            if let Some(rows) = self.objects_read(value, &conn, call) {
                return rows;
            }
            return self.unknown(READ, call);
        }
        match (name, &given) {
            ("copy_expert" | "copy", Some(value)) if name == "copy_expert" || is_sql(value) => {
                let conn = self.conn_of(base);
                self.send(value, &conn, span);
                return self.unknown("it is written to by the program", call);
            }
            ("create" | "create_all", _)
                if matches!(base, Value::Record(r) if r.class == "Index") || name == "create_all" =>
            {
                let bind = arguments.first().cloned().or_else(|| keyword(named, "bind")).unwrap_or(Value::None);
                let conn = self.conn_of(&bind);
                self.create(base, name, &conn, span);
                return Value::None;
            }
            _ => {}
        }
        if let Some(value) = self.row_method(base, name, arguments, named, call) {
            return value;
        }
        if let Some(value) = self.handle_method(base, name, named, call) {
            return value;
        }
        let table_method =
            matches!(base, Value::Unknown(_) | Value::Record(_)) && matches!(name, "update" | "insert" | "delete");
        if (name == "query" || (table_method && arguments.is_empty()))
            && let Some(value) = self.construct(name, Some(base), arguments, named, call)
        {
            return value;
        }
        // What a cursor or a result gives; `all` and the like only where the result is known to be one.
        let fetches = FETCHES.contains(&name) && matches!(base, Value::Handle(_) | Value::Unknown(_));
        if fetches || (base.is_read() && RESULTS.contains(&name)) {
            // Objects that were read stay such.
            let objects = matches!(base, Value::Unknown(opaque) if opaque.row_of.is_some());
            return if objects { base.clone() } else { self.unknown(READ, call) };
        }
        let value = self.library_call(name, arguments, named, call);
        match (base, &value) {
            // A method of something unknown is unknown for that one's reason, and not for want of a function.
            (Value::Unknown(of), Value::Unknown(found))
                if of.path.is_none() && found.unknown.span == span && origin(&found.unknown.reason).is_none() =>
            {
                Value::unknown(of.unknown.reason.clone(), found.unknown.text.clone(), span)
            }
            _ => value,
        }
    }

    /// `module.function(…)` of a library: the same functions as without the module's name.
    fn library_call(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        if let Some(value) = arguments.first().and_then(|value| self.text_function(name, value, call)) {
            return value;
        }
        match (name, arguments.first()) {
            ("Identifier" | "Literal" | "quote_ident", Some(_)) => {
                let span = self.span(call);
                self.quoted(arguments, span)
            }
            ("Placeholder", _) => {
                let span = self.span(call);
                super::super::sqlalchemy::word("%s", span)
            }
            ("run" | "run_until_complete" | "gather", Some(value)) => value.clone(),
            _ => self.database_call(name, arguments, named, call),
        }
    }

    /// A function that makes a text of a text: `text("…")`, `dedent("…")`; `None` for any other.
    pub(super) fn text_function(&mut self, name: &str, value: &Value<'a>, call: &'a ExprCall) -> Option<Value<'a>> {
        let span = self.span(call);
        match name {
            "text" | "DDL" | "SQL" | "TextClause" => Some(self.mark(value, span)),
            "dedent" | "cleandoc" => {
                let text = self.text_of(value, span);
                let sql = super::super::strings::dedent(&text.sql);
                Some(Value::Text(Rc::new(Text { sql, ..text })))
            }
            _ => None,
        }
    }

    /// A function outside the project.
    pub(super) fn database_call(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        if let Some(value) = self.open_database(name, arguments, named, span) {
            return value;
        }
        match name {
            "execute_values" | "execute_batch" => {
                if let (Some(cursor), Some(value)) = (arguments.first(), arguments.get(1)) {
                    let conn = self.conn_of(cursor);
                    self.send(value, &conn, span);
                }
                return Value::None;
            }
            "RunSQL" => {
                // What undoes it is not run with the migration.
                if let Some(value) = arguments.first().cloned().or_else(|| keyword(named, "sql")) {
                    let conn = self.new_conn(TransactionKind::Unknown, None);
                    self.send(&value, &conn, span);
                }
                return Value::None;
            }
            "step" if self.step(arguments, named, span) => return Value::None,
            "group" | "transaction" if self.group(named, span) => return Value::None,
            "migrate" if self.migrate_call(arguments) => return Value::None,
            _ => {}
        }
        if matches!(name, "update" | "insert" | "delete" | "select")
            && matches!(&*call.func, Expr::Name(_) | Expr::Attribute(_))
            && let Some(value) = self.construct(name, None, arguments, named, call)
        {
            return value;
        }
        let lower = name.to_lowercase();
        let changes = lower == "exec_dml"
            || lower.contains("backfill")
            || lower.starts_with("populate_")
            || lower.starts_with("migrate_data");
        if changes {
            let conn = self.new_conn(TransactionKind::Unknown, None);
            let details = Details::Code(CodeDetails { name: name.to_owned() });
            self.emit_plain(OpKind::CodeRun, "", Some(details), &conn, span);
        }
        // A reader over a text, or what a library makes of one: `StringIO(SQL)`, `sqlparse.split(SQL)`.
        if let [Value::Text(text)] = arguments
            && let Some(part) = self.piece_of(text, call)
        {
            return part;
        }
        // `re.sub(pattern, replacement, SQL)`, `PATTERN.sub(replacement, SQL)`: an adapter that rewrites placeholders.
        if matches!(name, "sub" | "subn")
            && let Some(Value::Text(text)) = arguments.iter().take(3).next_back()
            && let Some(part) = self.piece_of(text, call)
        {
            return part;
        }
        if let Some(part) = arguments.iter().find(|argument| self.script_of(argument).is_some()) {
            return self.part_of(part, call, "it is made from a part of a text");
        }
        let upper = name.chars().next().is_some_and(char::is_uppercase);
        if upper {
            let positional = arguments.iter().enumerate().map(|(at, value)| (at.to_string(), value));
            let named = named.iter().map(|(name, value)| ((*name).to_owned(), value));
            let given = positional.chain(named).map(|(name, value)| (name, self.typed(value, span)));
            let fields: std::collections::BTreeMap<String, Value<'a>> = given.collect();
            let (class, fields) = (name.to_owned(), std::cell::RefCell::new(fields));
            let made = Value::Record(Rc::new(Record { class, of: None, fields, span }));
            self.note_table(&made);
            return made;
        }
        self.unknown(&format!("`{name}` is not defined in this project"), call)
    }

    /// Whether a call is one that sends SQL: by what the receiver is, by what is sent, by the receiver's name.
    fn is_sink(base: &Value<'a>, name: &str, value: &Value<'a>, call: &ExprCall) -> bool {
        if let Value::Handle(_) = base {
            return true;
        }
        let sends_sql = value.alternatives().iter().any(|value| match value {
            Value::Text(text) => text.marked || sql::looks_like_sql(&text.sql.text),
            Value::Construct(_) => true,
            Value::Record(record) => record.of.is_none() && super::schema::is_ddl(&record.class),
            _ => false,
        });
        if sends_sql {
            return true;
        }
        let receiver = match &*call.func {
            Expr::Attribute(attribute) => last_name(&attribute.value).trim_start_matches('_').to_lowercase(),
            _ => String::new(),
        };
        let known = RECEIVERS.iter().any(|known| receiver == *known)
            || ["conn", "cursor", "session", "engine"].iter().any(|part| receiver.ends_with(part));
        known
            && (name.starts_with("exec") || matches!(value, Value::Text(_)))
            && !matches!(value, Value::Function(_) | Value::Record(_) | Value::List(..) | Value::Dict(..))
    }
}

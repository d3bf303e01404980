//! Where SQL leaves the program.

use std::rc::Rc;
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::blocks::Emitted;
use super::super::sqlalchemy::{Args, Writer};
use super::super::value::{Conn, Construct, READ, Record, Text, Value};
use super::call::{Named, keyword};
use super::{Interp, last_name};
use crate::config::Dialect;
use crate::frontend::sql::{self, ReadOptions};
use crate::ir::{
    CodeDetails, Context, DataDetails, DataSource, Details, Direction, GuardKind, IndexColumn, IndexDetails, Known,
    OpKind, OpaqueReason, Operation, Predicate, QualifiedName, Scope, Statement, TransactionKind, Unknown, Where,
    restate,
};
use crate::span::{FileId, Span};

/// Whether a value reads as SQL.
fn is_sql(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.marked || sql::looks_like_sql(&text.sql.text))
}

/// What `Index("name", T.c.column, unique=True)` says of the index.
fn describe_index(operation: &mut Operation, record: &Record<'_>) {
    let fields = record.fields.borrow();
    let known = |name: &str, span| Known::Known(QualifiedName::bare(name.to_lowercase()), span);
    operation.name = fields.get("0").and_then(Value::as_str).map(|name| known(name, record.span));
    let keys = fields.iter().filter(|(at, _)| at.parse::<u32>().is_ok_and(|at| at > 0));
    let keys: Vec<_> = keys.map(|(_, value)| value).collect();
    let column = |value: &&Value<'_>| {
        let text = match value {
            Value::Text(_) => value.as_str()?.to_owned(),
            // `{notes.c.author}` is shown where the table is no string of the source.
            Value::Unknown(opaque) => opaque.unknown.text.trim_matches(['{', '}']).rsplit('.').next()?.to_owned(),
            _ => return None,
        };
        Some(IndexColumn { text: text.to_lowercase(), ..IndexColumn::default() })
    };
    let columns = keys.iter().filter_map(column).collect();
    let unique = fields.get("unique").and_then(Value::truth) == Some(true);
    let concurrently = fields.get("postgresql_concurrently").and_then(Value::truth) == Some(true);
    operation.concurrently = concurrently;
    operation.details = Details::Index(Box::new(IndexDetails { unique, concurrently, columns, ..Default::default() }));
    operation.table = keys.iter().find_map(|value| {
        let Value::Unknown(opaque) = value else { return None };
        let text = opaque.unknown.text.trim_matches(['{', '}']);
        let (owner, _) = text.rsplit_once('.')?;
        let shown = owner.trim_end_matches(".c").trim_end_matches(".columns").to_owned();
        let reason = "the table is named elsewhere".to_owned();
        Some(Known::Unknown(Unknown { reason, text: shown, span: opaque.unknown.span }))
    });
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
            let many = PER_ROW.contains(&name);
            if many {
                self.loops.push(None);
            }
            match (value, arguments.get(1)) {
                (Value::Construct(construct), Some(rows @ (Value::List(..) | Value::Dict(..)))) => {
                    let mut construct = (**construct).clone();
                    let args = Args { positional: vec![rows.clone()], ..Args::default() };
                    Self::extend_construct(&mut construct, "values", &args, span);
                    self.emit_construct(&construct, &conn, span);
                }
                _ => self.send(value, &conn, span),
            }
            if many {
                self.loops.pop();
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
            return self.unknown(READ, call);
        }
        let value = self.library_call(name, arguments, named, call);
        match (base, &value) {
            // A method of something unknown is unknown for that one's reason, and not for want of a function.
            (Value::Unknown(of), Value::Unknown(found)) if of.path.is_none() && found.unknown.span == span => {
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
            ("Identifier" | "Literal" | "run" | "run_until_complete" | "gather", Some(value)) => value.clone(),
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
            let mut fields: std::collections::BTreeMap<String, Value<'a>> =
                arguments.iter().enumerate().map(|(at, value)| (at.to_string(), value.clone())).collect();
            fields.extend(named.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
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

    /// Sends a value: a text, one of several, a list of them, or a statement made of calls.
    pub(super) fn send(&mut self, value: &Value<'a>, conn: &Rc<Conn>, span: Span) {
        match value {
            Value::Either(values) => {
                for value in values.iter() {
                    self.send(value, conn, span);
                }
            }
            Value::List(items, _) => {
                for item in items.borrow().clone().iter().take(2_000) {
                    if let Value::Text(_) = item {
                        self.send(item, conn, span);
                    }
                }
            }
            Value::Construct(construct) => self.emit_construct(construct, conn, span),
            Value::Record(record) if self.send_record(record, conn, span) => {}
            Value::None => {}
            other => {
                let text = self.text_of(other, span);
                self.emit(&text, conn, span);
            }
        }
    }

    pub(super) fn emit(&mut self, text: &Text, conn: &Rc<Conn>, call: Span) {
        let only_hole =
            text.sql.text.trim().chars().count() == 1 && text.sql.first_hole(0..text.sql.text.len()).is_some();
        if self.quiet > 0 {
            return;
        }
        if text.parameter && only_hole {
            self.defer(text, conn, call);
            return;
        }
        self.out.sent.insert(call);
        let script = text.sql.first_hole(0..text.sql.text.len()).and_then(|hole| self.scripts.get(&hole.span)).cloned();
        if let Some(script) = script
            && !sql::looks_like_sql(&text.sql.text)
        {
            // Taken apart in a way that is not followed, and sent piece by piece.
            let before = std::mem::replace(&mut self.apart, true);
            self.emit(&Text { marked: true, ..(*script).clone() }, conn, call);
            self.apart = before;
            return;
        }
        self.spend(text.sql.text.len());
        let root = self.units.first().map(|unit| unit.file.id).unwrap_or_default();
        // Of what is not known at all, the place is the call that sends it.
        let place = self.anchor(text, call, root).or_else(|| Some(call).filter(|call| only_hole && call.file == root));
        let query = self.out.next_query();
        let dialect = self.dialect();
        let mut operations = sql::read(&text.sql, ReadOptions { dialect, query });
        if operations.is_empty() {
            // White space and comments only.
            let literal = text.sql.places().next().filter(|place| place.file == root);
            let at = literal.or_else(|| self.outer_call(text)).unwrap_or(call);
            operations.push(self.plain(OpKind::Opaque, Details::Opaque(OpaqueReason::Empty), at, dialect, query));
        }
        if self.apart {
            restate(&mut operations, |statement| Statement { shares_query: false, ..statement.clone() });
        }
        if let Some(place) = place {
            for operation in &mut operations {
                operation.span = place;
                if let Some(nested) = &mut operation.nested {
                    nested.span = place;
                }
            }
            restate(&mut operations, |statement| Statement { span: place, ..statement.clone() });
        }
        let unresolved =
            operations.iter().any(|op| matches!(&op.details, Details::Opaque(OpaqueReason::Unresolved(_))));
        let counted = self.outer_call(text).unwrap_or(call);
        self.out.count(counted, !unresolved);
        let files: std::collections::BTreeSet<FileId> = text.sql.places().map(|place| place.file).collect();
        let origins = if files.contains(&root) { Vec::new() } else { files.into_iter().collect() };
        self.place_operations(operations, conn.scope.get(), origins);
    }

    /// Keeps a wrapper's own call: it sends what callers pass, and is unresolved only if no file of the project calls
    /// it.
    fn defer(&mut self, text: &Text, conn: &Rc<Conn>, call: Span) {
        let hole = text.sql.first_hole(0..text.sql.text.len());
        let reason = hole.map_or_else(|| "it is passed as an argument".to_owned(), |hole| hole.reason.clone());
        let details = Details::Opaque(OpaqueReason::Unresolved(reason));
        let mut operation = self.plain(OpKind::Opaque, details, call, self.dialect(), 0);
        operation.context = Arc::new(Context { scope: conn.scope.get(), ..Context::default() });
        self.out.defer(call, operation);
    }

    /// The call that a statement put together from arguments is reported at; `None` where its literal is the place.
    fn anchor(&self, text: &Text, call: Span, root: crate::span::FileId) -> Option<Span> {
        let foreign = text.sql.places().any(|place| place.file != root);
        let blank = text.sql.places().next().is_none();
        if text.mixed.is_none() && !foreign && !blank {
            return None;
        }
        let from = text.mixed.map_or(usize::MAX, |depth| depth as usize + 1);
        let chosen = self.frames.get(from).and_then(|frame| frame.call).filter(|span| span.file == root);
        let innermost = || self.frames.iter().rev().filter_map(|frame| frame.call).find(|span| span.file == root);
        Some(chosen.unwrap_or_else(|| if call.file == root { call } else { innermost().unwrap_or(call) }))
    }

    /// The call that passed the text, where one did.
    fn outer_call(&self, text: &Text) -> Option<Span> {
        let depth = [text.passed, text.mixed].into_iter().flatten().min()?;
        self.frames.get(depth as usize + 1)?.call
    }

    /// The dialect of the branch, else of the file.
    pub(super) fn dialect(&self) -> Dialect {
        self.dialect_at(self.guards.len())
    }

    /// The same under the first `guards` only.
    pub(super) fn dialect_at(&self, guards: usize) -> Dialect {
        let around = self.guards.get(..guards).unwrap_or(&self.guards);
        let branch = around.iter().rev().find_map(|guard| match guard.kind {
            GuardKind::Dialect(dialect) => Some(dialect),
            _ => None,
        });
        branch.unwrap_or(self.out.dialect)
    }

    fn plain(&self, kind: OpKind, details: Details, span: Span, dialect: Dialect, query: u32) -> Operation {
        let text = span.slice(self.file_text(span)).to_owned();
        let fingerprint = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        let statement = Statement { span, text, fingerprint, query, shares_query: false, dialect, implied: false };
        let mut operation = Operation::new(kind, Arc::new(statement));
        operation.details = details;
        operation
    }

    /// The call in the file being read that leads to `span`, and the other file that `span` stands in, if it does.
    fn call_in_root(&self, span: Span) -> (Span, Vec<FileId>) {
        let root = self.units.first().map(|unit| unit.file.id).unwrap_or_default();
        if span.file == root {
            return (span, Vec::new());
        }
        let outer = self.frames.iter().rev().filter_map(|frame| frame.call).find(|call| call.file == root);
        (outer.unwrap_or(span), vec![span.file])
    }

    /// Emits an operation that is a call and no text.
    pub(super) fn emit_plain(
        &mut self,
        kind: OpKind,
        detail: &'static str,
        details: Option<Details>,
        conn: &Rc<Conn>,
        span: Span,
    ) {
        if self.quiet > 0 {
            return;
        }
        let (span, _) = self.call_in_root(span);
        let query = self.out.next_query();
        let mut operation = self.plain(kind, details.unwrap_or_default(), span, self.dialect(), query);
        operation.detail = detail;
        self.place_operations(vec![operation], conn.scope.get(), Vec::new());
    }

    /// Emits a change of rows that is no text.
    pub(super) fn emit_rows(
        &mut self,
        kind: OpKind,
        detail: &'static str,
        table: Option<Known<QualifiedName>>,
        details: DataDetails,
        conn: &Rc<Conn>,
        span: Span,
    ) {
        if self.quiet > 0 {
            return;
        }
        let (span, origins) = self.call_in_root(span);
        let query = self.out.next_query();
        let mut operation = self.plain(kind, Details::Data(Box::new(details)), span, self.dialect(), query);
        operation.table = table;
        operation.detail = detail;
        self.out.count(span, true);
        self.place_operations(vec![operation], conn.scope.get(), origins);
    }

    /// Emits a statement that is made of calls.
    pub(super) fn emit_construct(&mut self, construct: &Construct<'a>, conn: &Rc<Conn>, span: Span) {
        if Self::has_table(&construct.target) {
            let mut written = Writer::new(span, self.dialect());
            super::super::sqlalchemy::write_construct(&mut written, construct);
            return self.write_out(written, conn, span);
        }
        let condition = match &construct.filter {
            Some(text) => Where::Predicate(Predicate { text: text.clone(), terms: Vec::new(), complete: false }),
            None => Where::Absent,
        };
        let written = construct.rows.as_ref().and_then(Value::items).map(|rows| rows.len() as u64);
        let (source, rows) = match (construct.kind, &construct.source, construct.values.is_empty()) {
            (OpKind::DataInsert, Some(_), _) => (Some(DataSource::Select), None),
            (OpKind::DataInsert, None, false) if construct.rows.is_none() => (Some(DataSource::Values), Some(1)),
            (OpKind::DataInsert, None, _) => (Some(DataSource::Orm), written),
            _ => (None, None),
        };
        let details = DataDetails { source, rows, condition, ..DataDetails::default() };
        self.emit_rows(construct.kind, "", Some(construct.table.clone()), details, conn, span);
    }

    fn create(&mut self, base: &Value<'a>, name: &str, conn: &Rc<Conn>, span: Span) {
        if name == "create_all" {
            let details = Details::Code(CodeDetails { name: "create_all".to_owned() });
            self.emit_plain(OpKind::CodeRun, "", Some(details), conn, span);
        } else if let Value::Record(record) = base
            && self.quiet == 0
        {
            let query = self.out.next_query();
            let mut operation = self.plain(OpKind::IndexCreate, Details::None, span, self.dialect(), query);
            describe_index(&mut operation, record);
            self.out.count(span, true);
            self.place_operations(vec![operation], conn.scope.get(), Vec::new());
        }
    }

    /// Emits an operation of which it is known only where it is, and why no more.
    pub(super) fn emit_opaque(&mut self, reason: &str, conn: &Rc<Conn>, span: Span) {
        if self.quiet > 0 {
            return;
        }
        let (span, origins) = self.call_in_root(span);
        let details = Details::Opaque(OpaqueReason::Unresolved(reason.to_owned()));
        let query = self.out.next_query();
        let operation = self.plain(OpKind::Opaque, details, span, self.dialect(), query);
        self.out.count(span, false);
        self.place_operations(vec![operation], conn.scope.get(), origins);
    }

    /// Says, once for each place, that the program goes on where it is not followed.
    pub(super) fn cut(&mut self, reason: &str) {
        let root = self.units.first().map(|unit| unit.file.id).unwrap_or_default();
        let Some(at) = self.frames.iter().rev().map(|frame| frame.at).find(|at| at.file == root) else { return };
        if self.quiet > 0 || !self.cuts.insert(at) {
            return;
        }
        let details = Details::Opaque(OpaqueReason::Unresolved(reason.to_owned()));
        let scope = self.fresh(TransactionKind::Unknown, None);
        let query = self.out.next_query();
        let operation = self.plain(OpKind::Opaque, details, at, self.dialect(), query);
        self.out.count(at, false);
        self.place_operations(vec![operation], scope, Vec::new());
    }

    /// Gives operations their circumstances and puts them into their block.
    fn place_operations(&mut self, mut operations: Vec<Operation>, scope: Scope, origins: Vec<FileId>) {
        let root = self.frames.iter().filter(|frame| frame.unit == 0);
        let named =
            |frame: &super::Frame<'a>| frame.function.as_ref().filter(|f| f.name != "lambda").map(|f| (f.name, f.span));
        let functions: Vec<_> = root.clone().filter_map(named).collect();
        let lines = root.clone().map(|frame| frame.at.start).collect::<Vec<_>>();
        let via: Vec<_> = self.frames.iter().filter_map(|frame| frame.call).collect();
        let in_transaction = scope.kind != TransactionKind::None
            && self.loops.iter().flatten().any(|before| scope.id <= *before && scope.id > 0);
        let literal_here = operations.first().is_some_and(|op| {
            self.frames
                .last()
                .is_some_and(|f| f.unit == 0 && f.function.as_ref().is_none_or(|f| f.span.contains(op.span)))
        });
        let helpers = self.frames.iter().filter_map(|frame| frame.function.as_ref());
        let context = Arc::new(Context {
            origins,
            helpers: helpers.map(|function| function.name.to_owned()).collect(),
            function: functions.last().map(|(name, _)| (*name).to_owned()),
            guards: self.guards.clone(),
            scope,
            in_loop: !self.loops.is_empty(),
            per_row: self.row_loops > 0,
            loop_in_transaction: in_transaction,
            endless_loop: self.endless > 0,
            failure_swallowed: self.swallowed > 0,
            confidence: self.out.confidence,
            via: if literal_here { Vec::new() } else { via },
            record: None,
        });
        for operation in &mut operations {
            operation.context = context.clone();
            if let (OpKind::ColumnAdd, Details::Column(column)) = (operation.kind, &mut operation.details) {
                column.mapper_default = self.mapper_default;
            }
        }
        if let Some(captured) = &mut self.django.captured {
            captured.extend(operations);
            return;
        }
        let direction = self.frames.last().map_or(Direction::Up, |frame| frame.direction);
        self.out.push(Emitted { operations, direction, functions, lines });
    }
}

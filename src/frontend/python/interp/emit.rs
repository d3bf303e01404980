//! What is sent becomes operations: read, placed, and given the circumstances of the run.

use std::rc::Rc;
use std::sync::Arc;

use super::super::blocks::{Emitted, Followed};
use super::super::sqlalchemy::Writer;
use super::super::value::{Conn, Construct, Record, Text, Value, origin};
use super::Interp;
use crate::config::Dialect;
use crate::frontend::sql::{self, ReadOptions};
use crate::frontend::text::{HOLE, SqlText};
use crate::ir::{
    CodeDetails, Context, DataDetails, DataSource, Details, Direction, GuardKind, IndexColumn, IndexDetails, Known,
    OpKind, OpaqueReason, Operation, Predicate, QualifiedName, Scope, Spliced, Statement, TransactionKind, Unknown,
    Where, restate,
};
use crate::span::{FileId, Span};

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

/// The first part of a text that comes from outside and is not in quotes that a name may have.
fn spliced(sql: &SqlText) -> Option<Spliced> {
    sql.holes().find_map(|(at, hole)| {
        let origin = origin(&hole.reason)?;
        let before = sql.text.get(..at)?.chars().next_back();
        let after = sql.text.get(at + HOLE.len_utf8()..)?.chars().next();
        let in_quotes =
            matches!((before, after), (Some('"'), Some('"')) | (Some('`'), Some('`')) | (Some('['), Some(']')));
        // `{n:d}` is a number.
        let number = hole.text.trim_end_matches('}').ends_with(":d");
        (!in_quotes && !number).then(|| Spliced { text: hole.text.clone(), origin })
    })
}

impl<'a> Interp<'a> {
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
        let followed = match (unresolved, self.whole || text.sql.is_known()) {
            (true, _) => Followed::Not,
            (false, true) => Followed::Whole,
            (false, false) => Followed::Part,
        };
        self.out.count(counted, followed, self.directive);
        let files: std::collections::BTreeSet<FileId> = text.sql.places().map(|place| place.file).collect();
        // Another file's template that this file fills is not that file's alone.
        let filled = text.mixed.and_then(|depth| self.frames.get(depth as usize + 1)?.call);
        let own = files.contains(&root) || filled.is_some_and(|call| call.file == root);
        let origins = if own { Vec::new() } else { files.into_iter().collect() };
        self.spliced = spliced(&text.sql).filter(|_| !self.composed);
        self.place_operations(operations, conn.now(), origins);
        self.spliced = None;
    }

    /// Keeps a wrapper's own call: it sends what callers pass, and is unresolved only if no file of the project calls
    /// it.
    fn defer(&mut self, text: &Text, conn: &Rc<Conn>, call: Span) {
        let hole = text.sql.first_hole(0..text.sql.text.len());
        let reason = hole.map_or_else(|| "it is passed as an argument".to_owned(), |hole| hole.reason.clone());
        let details = Details::Opaque(OpaqueReason::Unresolved(reason));
        let mut operation = self.plain(OpKind::Opaque, details, call, self.dialect(), 0);
        operation.context = Arc::new(Context { scope: conn.now(), ..Context::default() });
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
    pub(super) fn call_in_root(&self, span: Span) -> (Span, Vec<FileId>) {
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
        self.place_operations(vec![operation], conn.now(), Vec::new());
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
        self.out.count(span, Followed::Whole, false);
        self.place_operations(vec![operation], conn.now(), origins);
    }

    /// Emits a statement that is made of calls.
    pub(super) fn emit_construct(&mut self, construct: &Construct<'a>, conn: &Rc<Conn>, span: Span) {
        let before = self.from_rows;
        self.from_rows |= construct.rows.as_ref().is_some_and(|rows| self.is_grown(rows));
        self.emit_made(construct, conn, span);
        self.from_rows = before;
    }

    fn emit_made(&mut self, construct: &Construct<'a>, conn: &Rc<Conn>, span: Span) {
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

    /// Creates an index by its own method, or all tables of a metadata.
    pub(super) fn create(&mut self, base: &Value<'a>, name: &str, conn: &Rc<Conn>, span: Span) {
        if name == "create_all" {
            let details = Details::Code(CodeDetails { name: "create_all".to_owned() });
            self.emit_plain(OpKind::CodeRun, "", Some(details), conn, span);
        } else if let Value::Record(record) = base
            && self.quiet == 0
        {
            let query = self.out.next_query();
            let mut operation = self.plain(OpKind::IndexCreate, Details::None, span, self.dialect(), query);
            describe_index(&mut operation, record);
            self.out.count(span, Followed::Whole, false);
            self.place_operations(vec![operation], conn.now(), Vec::new());
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
        self.out.count(span, Followed::Not, self.directive);
        self.place_operations(vec![operation], conn.now(), origins);
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
        self.out.count(at, Followed::Not, false);
        self.place_operations(vec![operation], scope, Vec::new());
    }

    /// Says that a call runs what is not followed.
    pub(super) fn emit_unresolved(&mut self, reason: &str, span: Span) {
        if self.quiet > 0 {
            return;
        }
        let details = Details::Opaque(OpaqueReason::Unresolved(reason.to_owned()));
        let query = self.out.next_query();
        let operation = self.plain(OpKind::Opaque, details, span, self.dialect(), query);
        self.out.count(span, Followed::Not, false);
        let scope = self.django.conn.now();
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
            spliced: None,
        });
        let around = self.spliced.as_ref().map(|spliced| {
            let context = Context { spliced: Some(spliced.clone()), ..(*context).clone() };
            (spliced.text.as_str(), Arc::new(context))
        });
        for operation in &mut operations {
            operation.context = match &around {
                Some((shown, around)) if operation.statement.text.contains(shown) => around.clone(),
                _ => context.clone(),
            };
            match (operation.kind, &mut operation.details) {
                (OpKind::ColumnAdd, Details::Column(column)) => column.mapper_default = self.mapper_default,
                (OpKind::ColumnRetype, Details::Column(column)) => column.old_type.clone_from(&self.old_type),
                (OpKind::DataInsert, Details::Data(data)) if self.from_rows => data.rows = Some(0),
                _ => {}
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

//! What an expression is known to be.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, Parameters, Stmt, StmtClassDef};

use crate::frontend::text::SqlText;
use crate::ir::{Known, OpKind, QualifiedName, Scope, Unknown};
use crate::span::Span;

/// Why a value is not known that a query gave.
pub(super) const READ: &str = "it is read from the database";

/// Why a value is not known that the environment gave.
pub(super) const ENVIRONMENT: &str = "it is read from the environment";
/// Why a value is not known that the command line or a person gave.
pub(super) const ARGUMENT: &str = "it is an argument of the command";
/// Why a name or value that was quoted for SQL is not known: whatever it is, it is safe.
const QUOTED: &str = "it is quoted while the program runs";

/// Where a value comes from that is not the program's own, by why it is not known. The reason travels with every part of
/// a value, and is lost where it is computed with.
pub(super) fn origin(reason: &str) -> Option<&'static str> {
    match reason {
        READ => Some("row"),
        ENVIRONMENT => Some("environment"),
        ARGUMENT => Some("argument"),
        _ => None,
    }
}

/// A string with the places of its bytes and the way it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// The text.
    pub(super) sql: SqlText,
    /// Outermost frame that passed it (all of it) as an argument.
    pub(super) passed: Option<u32>,
    /// Outermost frame whose argument is only a part of it.
    pub(super) mixed: Option<u32>,
    /// Wrapped in `text(…)`: certainly SQL.
    pub(super) marked: bool,
    /// It is nothing but the value of an entry function's parameter.
    pub(super) parameter: bool,
    /// A name that no naming convention changes: `op.f("…")`.
    pub(super) final_name: bool,
}

impl Text {
    /// Notes that `other` became a part of this text.
    pub(super) fn mix(&mut self, other: &Self) {
        let from = [self.mixed, other.mixed, other.passed];
        self.mixed = from.into_iter().flatten().min();
    }
}

/// A connection and its transaction, shared by all that works on the connection.
#[derive(Debug, Default)]
pub(super) struct Conn {
    /// Unique in the file.
    pub(super) id: u32,
    /// The transaction now open.
    pub(super) scope: Cell<Scope>,
}

impl Conn {
    pub(super) fn new(scope: Scope) -> Self {
        Self { id: scope.id, scope: Cell::new(scope) }
    }

    /// The transaction now open, for what is sent.
    pub(super) fn now(&self) -> Scope {
        Scope { connection: self.id, ..self.scope.get() }
    }
}

/// An engine, connection, cursor or session.
#[derive(Debug)]
pub(super) struct Handle {
    /// It is an engine or pool: connections come from it.
    pub(super) engine: bool,
    /// Engine whose connections commit by themselves.
    pub(super) autocommit: bool,
    /// A session over a connection that is in a transaction already: what it commits, that transaction keeps.
    pub(super) joined: bool,
    /// Its connection.
    pub(super) conn: Rc<Conn>,
}

/// A value that is not known, with what is remembered of it.
#[derive(Debug)]
pub(super) struct Opaque<'a> {
    /// Why.
    pub(super) unknown: Unknown,
    /// It is (a part of) a parameter of an entry function.
    pub(super) parameter: bool,
    /// The connection it turns out to be.
    pub(super) conn: OnceCell<Rc<Conn>>,
    /// The connection that it is a row of, where it is one.
    pub(super) row_of: Option<Rc<Conn>>,
    /// The table of that row.
    pub(super) table: Option<Known<QualifiedName>>,
    /// The attribute of a model or of an object that it is, where Django's mapper may lead on from it.
    pub(super) related: Option<Rc<Related>>,
    /// Its attributes that were asked for.
    pub(super) attributes: RefCell<BTreeMap<String, Value<'a>>>,
    /// The dotted name of what it is in a library: `sqlalchemy.func.now`, `alembic.op`.
    pub(super) path: Option<Rc<str>>,
}

impl Opaque<'_> {
    /// A value of which no more is known than why it is not.
    fn new(unknown: Unknown) -> Self {
        Self {
            unknown,
            parameter: false,
            conn: OnceCell::new(),
            row_of: None,
            table: None,
            related: None,
            attributes: RefCell::default(),
            path: None,
        }
    }

    /// Whether it is what SQLAlchemy reads of the database's tables: `metadata.tables`, and the classes of `automap_base()`.
    pub(super) fn holds_tables(&self) -> bool {
        self.row_of.is_none() && [".tables}", ".classes}"].iter().any(|end| self.unknown.text.ends_with(end))
    }
}

/// A function's code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body<'a> {
    Block(&'a [Stmt]),
    Expression(&'a Expr),
}

/// A function or lambda with what it closes over.
#[derive(Clone, Debug)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// Index of its file.
    pub(super) unit: usize,
    pub(super) parameters: Option<&'a Parameters>,
    pub(super) body: Body<'a>,
    pub(super) env: Rc<Env<'a>>,
    pub(super) bound: Option<Value<'a>>,
    /// What `functools.partial` gave it.
    pub(super) applied: Option<Rc<Applied<'a>>>,
    /// A context manager written as a generator.
    pub(super) manager: bool,
    pub(super) span: Span,
}

/// Arguments that a function is given before it is called.
#[derive(Debug)]
pub(super) struct Applied<'a> {
    pub(super) positional: Vec<Value<'a>>,
    pub(super) named: Vec<(&'a str, Value<'a>)>,
}

/// A class of the project.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    pub(super) env: Rc<Env<'a>>,
    pub(super) bases: Vec<Value<'a>>,
    /// Fields in order of annotation, for dataclasses and named tuples.
    pub(super) fields: Vec<&'a str>,
    /// What is written.
    pub(super) def: &'a StmtClassDef,
    /// Ways up from it to the classes of the project that it is derived from, by which it is searched; see
    /// [`Class::weigh`].
    pub(super) ways: usize,
}

/// Most ways up from a class: one with more is no class that a person wrote.
const MAX_WAYS: usize = 500;

impl<'a> Class<'a> {
    /// The base classes that a class is searched by, and how many ways up there are. Those on which there are too many
    /// (each of ten classes derived from eight of the level above) are not known, so that a search stays short.
    pub(super) fn weigh(bases: Vec<Value<'a>>) -> (Vec<Value<'a>>, usize) {
        let mut ways: usize = 1;
        let bases = bases.into_iter().map(|base| {
            let own = base.alternatives();
            let own = own.iter().map(|base| if let Value::Class(base) = base { base.ways } else { 0 });
            let with = own.fold(ways, usize::saturating_add);
            if with > MAX_WAYS {
                return Value::Crowded;
            }
            ways = with;
            base
        });
        (bases.collect(), ways)
    }

    /// An attribute of the class or of one it is derived from.
    pub(super) fn attribute(&self, name: &str, depth: u32) -> Option<Value<'a>> {
        let own = self.env.vars.borrow().get(name).cloned();
        own.or_else(|| {
            self.bases.iter().filter(|_| depth < 10).find_map(|base| match base {
                Value::Class(base) => base.attribute(name, depth + 1),
                // `class Base(declarative_base(metadata=…))`.
                Value::Record(base) if base.of.is_none() => base.fields.borrow().get(name).cloned(),
                _ => None,
            })
        })
    }
}

/// An instance, or a call of a class that is not known with its arguments.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) class: String,
    pub(super) of: Option<Rc<Class<'a>>>,
    pub(super) fields: RefCell<BTreeMap<String, Value<'a>>>,
    pub(super) span: Span,
}

/// A name that is imported, looked up when it is first used.
#[derive(Debug)]
pub(super) struct Import<'a> {
    /// Index of the file that imports.
    pub(super) unit: usize,
    pub(super) level: u32,
    pub(super) module: String,
    /// The name in the module; `None` for the module itself.
    pub(super) name: Option<&'a str>,
    /// What it is; `None` inside where the project does not have it.
    pub(super) found: OnceCell<Option<Value<'a>>>,
    /// It is being looked up: files that import each other come back here.
    pub(super) busy: Cell<bool>,
    /// What stands for it where the project does not have it.
    pub(super) external: OnceCell<Value<'a>>,
}

/// A statement built by calls instead of text.
#[derive(Clone, Debug)]
pub(super) struct Construct<'a> {
    pub(super) kind: OpKind,
    pub(super) table: Known<QualifiedName>,
    pub(super) filter: Option<String>,
    pub(super) conn: Option<Rc<Conn>>,
    /// The table or its class.
    pub(super) target: Value<'a>,
    /// What WHERE asks, joined by AND.
    pub(super) filters: Vec<Value<'a>>,
    /// Columns with what is set.
    pub(super) values: Vec<(Value<'a>, Value<'a>)>,
    /// Rows given as a list.
    pub(super) rows: Option<Value<'a>>,
    /// What is selected.
    pub(super) columns: Vec<Value<'a>>,
    /// Columns and the query that fills them.
    pub(super) source: Option<Box<(Value<'a>, Value<'a>)>>,
    /// Most rows.
    pub(super) limit: Option<Value<'a>>,
}

impl<'a> Construct<'a> {
    /// A statement on a table, to which nothing is added yet.
    pub(super) fn new(kind: OpKind, table: Known<QualifiedName>, target: Value<'a>) -> Self {
        Self {
            kind,
            table,
            filter: None,
            conn: None,
            target,
            filters: Vec::new(),
            values: Vec::new(),
            rows: None,
            columns: Vec::new(),
            source: None,
            limit: None,
        }
    }
}

/// Rows that Django's mapper is asked for.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) table: Known<QualifiedName>,
    /// What `filter` and `exclude` say.
    pub(super) filter: Option<crate::ir::Predicate>,
    /// The model's class is imported, and so is today's and not that of the migration.
    pub(super) imported: bool,
    /// `iterator()`: not all rows are held in memory.
    pub(super) streamed: bool,
    /// It is one row of a loop over all.
    pub(super) row: bool,
    /// `values()`, `values_list()`: dictionaries and tuples, no objects.
    pub(super) plain: bool,
}

impl Default for Query {
    fn default() -> Self {
        let unknown = Unknown { reason: String::new(), text: "{model}".to_owned(), span: Span::default() };
        let table = Known::Unknown(unknown);
        Self { table, filter: None, imported: false, streamed: false, row: false, plain: false }
    }
}

/// What an attribute of a model or of an object leads to: another object, many of them, or nothing but a value.
#[derive(Clone, Debug)]
pub(super) struct Related {
    /// What it leads to.
    pub(super) query: Query,
    /// The table between the two models, where the attribute joins many to many.
    pub(super) through: Known<QualifiedName>,
    /// It is the class that was asked, not an object.
    pub(super) of_class: bool,
}

/// What Django gives the functions of a migration, and names outside the project.
#[derive(Debug)]
pub(super) enum Dj {
    /// A name by its dotted path.
    Foreign(String),
    /// The registry of historic models.
    Apps,
    /// A model.
    Model(Query),
    /// A manager or queryset.
    Query(Query),
    /// An object; whether it is new.
    Row(Query, bool),
}

/// A sequence that the program may change.
pub(super) type Items<'a> = Rc<RefCell<Vec<Value<'a>>>>;
/// A mapping in order.
pub(super) type Pairs<'a> = Rc<RefCell<Vec<(Value<'a>, Value<'a>)>>>;

/// What an expression is known to be.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Text(Rc<Text>),
    Int(i64),
    Bool(bool),
    None,
    List(Items<'a>, Span),
    Dict(Pairs<'a>, Span),
    Record(Rc<Record<'a>>),
    Function(Rc<Function<'a>>),
    Class(Rc<Class<'a>>),
    Module(usize),
    Import(Rc<Import<'a>>),
    /// Of a module that is one too many to be followed.
    Crowded,
    Handle(Rc<Handle>),
    Construct(Rc<Construct<'a>>),
    /// Something of Django; only in its migrations.
    Django(Rc<Dj>),
    Either(Rc<Vec<Value<'a>>>),
    /// Rows of `zip` and `enumerate` over sequences of unknown length.
    Zip(Rc<Vec<Value<'a>>>),
    Unknown(Rc<Opaque<'a>>),
}

/// Variables of a module, class or call.
#[derive(Debug, Default)]
pub(super) struct Env<'a> {
    pub(super) vars: RefCell<BTreeMap<&'a str, Value<'a>>>,
    pub(super) parent: Option<Rc<Env<'a>>>,
}

impl<'a> Env<'a> {
    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        let mut at = Some(self);
        while let Some(env) = at {
            if let Some(value) = env.vars.borrow().get(name) {
                return Some(value.clone());
            }
            at = env.parent.as_deref();
        }
        None
    }
}

impl Value<'_> {
    /// An engine (or pool), a connection, a cursor.
    pub(super) fn handle(engine: bool, autocommit: bool, conn: Rc<Conn>) -> Self {
        Self::Handle(Rc::new(Handle { engine, autocommit, joined: false, conn }))
    }

    pub(super) fn unknown(reason: impl Into<String>, text: impl Into<String>, span: Span) -> Self {
        Self::opaque(Unknown { reason: reason.into(), text: text.into(), span }, false)
    }

    pub(super) fn opaque(unknown: Unknown, parameter: bool) -> Self {
        Self::Unknown(Rc::new(Opaque { parameter, ..Opaque::new(unknown) }))
    }

    /// An attribute of a model or of one of its objects.
    pub(super) fn related(unknown: Unknown, related: Related) -> Self {
        Self::Unknown(Rc::new(Opaque { related: Some(Rc::new(related)), ..Opaque::new(unknown) }))
    }

    /// Something of a library, of which only its dotted name is known.
    pub(super) fn external(unknown: Unknown, path: &str) -> Self {
        Self::Unknown(Rc::new(Opaque { path: Some(Rc::from(path)), ..Opaque::new(unknown) }))
    }

    /// The dotted name of what it is in a library.
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::Unknown(opaque) => opaque.path.as_deref(),
            _ => None,
        }
    }

    /// A row, or rows, that the program reads through objects.
    pub(super) fn rows(unknown: Unknown, conn: Rc<Conn>, table: Option<Known<QualifiedName>>) -> Self {
        Self::Unknown(Rc::new(Opaque { row_of: Some(conn), table, ..Opaque::new(unknown) }))
    }

    /// Whether it is, or is made from, what a query gave. The reason travels with every part of a value.
    pub(super) fn is_read(&self) -> bool {
        match self {
            Self::Unknown(opaque) => opaque.row_of.is_some() || opaque.unknown.reason == READ,
            // `session.query(Model)`.
            Self::Construct(construct) => construct.conn.is_some(),
            Self::Django(django) => matches!(&**django, Dj::Query(_)),
            Self::Zip(parts) => parts.iter().any(|part| !matches!(part, Self::Zip(_)) && part.is_read()),
            _ => false,
        }
    }

    /// Whether it is one of the objects that a loop over a queryset sees.
    pub(super) fn is_object_read(&self) -> bool {
        matches!(self, Self::Django(django) if matches!(&**django, Dj::Row(query, _) if query.row))
    }

    /// The same value, quoted as SQL wants it: what is known stays, and what is not is safe to put into a statement.
    pub(super) fn quoted(&self) -> Self {
        let safe = |unknown: &Unknown| match origin(&unknown.reason) {
            Some(_) => Unknown { reason: QUOTED.to_owned(), ..unknown.clone() },
            None => unknown.clone(),
        };
        match self {
            Self::Unknown(opaque) => Self::opaque(safe(&opaque.unknown), opaque.parameter),
            Self::Text(text) if !text.sql.is_known() => {
                let mut sql = SqlText::default();
                let mut from = 0;
                for (at, hole) in text.sql.holes() {
                    sql.append(&text.sql.part(from..at));
                    sql.push_hole(safe(hole));
                    from = at + crate::frontend::text::HOLE.len_utf8();
                }
                sql.append(&text.sql.part(from..text.sql.text.len()));
                Self::Text(Rc::new(Text { sql, ..(**text).clone() }))
            }
            other => other.clone(),
        }
    }

    pub(super) fn list(items: Vec<Self>, span: Span) -> Self {
        Self::List(Rc::new(RefCell::new(items)), span)
    }

    pub(super) fn text(sql: SqlText) -> Self {
        Self::Text(Rc::new(Text { sql, ..Text::default() }))
    }

    pub(super) fn is_parameter(&self) -> bool {
        match self {
            Self::Unknown(opaque) => opaque.parameter,
            Self::Text(text) => text.parameter,
            _ => false,
        }
    }

    /// The text of a string that is known in full.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) if text.sql.is_known() => Some(&text.sql.text),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::None => Some(false),
            Self::Int(value) => Some(*value != 0),
            Self::Text(text) if text.sql.is_known() => Some(!text.sql.text.is_empty()),
            Self::Function(_) | Self::Class(_) | Self::Module(_) | Self::Record(_) => Some(true),
            _ => None,
        }
    }

    /// Whether two values are certainly the same or certainly not.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(_), Self::Text(_)) => Some(self.as_str()? == other.as_str()?),
            (Self::Int(a), Self::Int(b)) => Some(a == b),
            (Self::Bool(a), Self::Bool(b)) => Some(a == b),
            (Self::None, Self::None) => Some(true),
            // An object that is asked for may not be there.
            (Self::Unknown(_) | Self::Either(_) | Self::Django(_), _)
            | (_, Self::Unknown(_) | Self::Either(_) | Self::Django(_)) => None,
            (Self::None, _) | (_, Self::None) => Some(false),
            _ => None,
        }
    }

    /// The same object, cheaply.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Rc::ptr_eq(a, b) || (a.sql == b.sql),
            (Self::List(a, _), Self::List(b, _)) => Rc::ptr_eq(a, b),
            (Self::Dict(a, _), Self::Dict(b, _)) => Rc::ptr_eq(a, b),
            (Self::Record(a), Self::Record(b)) => Rc::ptr_eq(a, b),
            (Self::Function(a), Self::Function(b)) => Rc::ptr_eq(a, b),
            (Self::Class(a), Self::Class(b)) => Rc::ptr_eq(a, b),
            (Self::Handle(a), Self::Handle(b)) => Rc::ptr_eq(a, b),
            // Unknown for the same reason at the same place.
            (Self::Unknown(a), Self::Unknown(b)) => Rc::ptr_eq(a, b) || a.unknown.span == b.unknown.span,
            (Self::Either(a), Self::Either(b)) | (Self::Zip(a), Self::Zip(b)) => Rc::ptr_eq(a, b),
            (Self::Module(a), Self::Module(b)) => a == b,
            (Self::Import(a), Self::Import(b)) => Rc::ptr_eq(a, b),
            (Self::Django(a), Self::Django(b)) => Rc::ptr_eq(a, b),
            _ => self.equals(other) == Some(true),
        }
    }

    /// The values it can be.
    pub(super) fn alternatives(&self) -> Vec<Self> {
        match self {
            Self::Either(values) => values.to_vec(),
            other => vec![other.clone()],
        }
    }

    /// One of two values; more than eight are not told apart any more.
    pub(super) fn join(self, other: Self) -> Self {
        if self.same(&other) {
            return self;
        }
        let mut values = self.alternatives();
        let others = if let Self::Either(others) = other { others.to_vec() } else { vec![other] };
        for value in others {
            if values.len() < 8 && !values.iter().any(|v| v.same(&value)) {
                values.push(value);
            }
        }
        Self::Either(Rc::new(values))
    }

    /// The elements that a loop over it sees, where they are known.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(items, _) => Some(items.borrow().clone()),
            Self::Dict(pairs, _) => Some(pairs.borrow().iter().map(|(key, _)| key.clone()).collect()),
            Self::Either(values) => {
                let lists: Vec<_> =
                    values.iter().map(|v| if let Self::Either(_) = v { None } else { v.items() }).collect();
                let lists: Option<Vec<_>> = lists.into_iter().collect();
                lists.map(|lists| lists.into_iter().flatten().collect())
            }
            _ => None,
        }
    }
}

//! Models: what classes of SQLAlchemy, SQLModel, Flask-SQLAlchemy and Django say of the tables that a program uses.
//!
//! A file is run as a Django migration is: names of libraries stand for their dotted paths, and calls of them are taken
//! down as they are written. What a class inherits is followed through the project.

mod django;
mod library;
mod naming;
mod text;

use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};

use self::library::{adds_nothing, known_columns};
pub use self::text::Wanted;
use super::super::django::{Call, Py, model_tables};
use super::super::value::{Class, Dj, Record, Value};
use super::{Interp, last_name};
use crate::ir::{MappedTable, QualifiedName};

/// The path that stands for `db = SQLAlchemy()`: all that Flask's models are made of are its attributes.
pub(super) const FLASK: &str = "flask_sqlalchemy.db";
/// Classes between a class and one that it is derived from.
const MAX_DEPTH: u32 = 10;

/// What stands in a class of SQLAlchemy or SQLModel and is no column.
const NO_COLUMNS: &[&str] = &[
    "Relationship",
    "association_proxy",
    "backref",
    "column_property",
    "dynamic_loader",
    "hybrid_property",
    "query_expression",
    "relation",
    "relationship",
    "synonym",
];

/// What a class of the project is derived from.
enum Base<'a> {
    /// A class of the project.
    Own(Rc<Class<'a>>),
    /// One of a library, by its dotted path.
    Library(String),
    /// What a call makes: `declarative_base()`.
    Made(Rc<Record<'a>>),
    /// Not known.
    Unknown,
}

/// The columns of a table, as they are gathered.
#[derive(Default)]
struct Columns {
    certain: BTreeSet<String>,
    doubtful: BTreeSet<String>,
    partial: bool,
    /// Something says that they are a table's: what Pydantic calls fields are not.
    mapped: bool,
}

/// A table's schema and name; `None` where the name is computed.
type Name = Option<QualifiedName>;

impl<'a> Interp<'a> {
    /// The tables that the file's models map.
    pub(in super::super) fn mapped_tables(&mut self) -> Vec<MappedTable> {
        self.django.on = true;
        self.quiet += 1;
        let env = self.module_env(0);
        let Some(file) = self.units.first().map(|unit| unit.file) else { return Vec::new() };
        let values: Vec<Value<'a>> = env.vars.borrow().values().flat_map(Value::alternatives).collect();
        // `from shop.apps import *` behind a class may take its name, but not the class.
        let values = values.into_iter().chain(self.classes.clone().into_iter().map(Value::Class));
        let values: Vec<Value<'a>> = values.collect();
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        for value in values {
            match value {
                Value::Class(class) if class.span.file == file.id && seen.insert(class.span) => {
                    match self.declared(&class) {
                        Some(declared) => found.extend(model_tables(&declared, &file.path, self.dialect())),
                        None => found.extend(self.mapped_class(&class, &file.path)),
                    }
                }
                Value::Record(record) if record.span.file == file.id && seen.insert(record.span) => {
                    found.extend(self.core_table(&record, &file.path));
                }
                _ => {}
            }
        }
        self.forget();
        found
    }

    /// What a class is derived from, nearest first.
    fn bases(class: &Class<'a>) -> Vec<Base<'a>> {
        let written = class.def.arguments.as_deref().map_or(&[][..], |arguments| &arguments.args);
        let bases = class.bases.iter().zip(written).flat_map(|(value, expr)| {
            value.alternatives().into_iter().map(move |value| match value {
                Value::Class(class) => Base::Own(class),
                Value::Record(record) => Base::Made(record),
                Value::Django(django) => match &*django {
                    Dj::Foreign(path) => Base::Library(path.clone()),
                    _ => Base::Unknown,
                },
                // `Generic[T]`, and `db.Model` of an object that the project makes in a way of its own.
                _ => match expr {
                    Expr::Subscript(subscript) => Base::Library(last_name(&subscript.value).to_owned()),
                    Expr::Attribute(attribute) if attribute.attr.as_str() == "Model" => {
                        Base::Library("?.Model".to_owned())
                    }
                    _ => Base::Unknown,
                },
            })
        });
        bases.collect()
    }

    /// Whether a class, or one that it is derived from, satisfies `is` by a path of a library.
    fn comes_from(class: &Class<'a>, is: &dyn Fn(&str) -> bool, depth: u32) -> bool {
        depth < MAX_DEPTH
            && Self::bases(class).iter().any(|base| match base {
                Base::Own(class) => Self::comes_from(class, is, depth + 1),
                Base::Library(path) => is(path),
                Base::Made(_) | Base::Unknown => false,
            })
    }

    fn own(class: &Class<'a>, name: &str) -> Option<Value<'a>> {
        class.env.vars.borrow().get(name).cloned()
    }

    /// A call that is an attribute's value, as it is written.
    fn taken_down(&mut self, value: &Value<'a>) -> Option<Call> {
        let Value::Record(record) = value else { return None };
        self.py_call(record, 0)
    }

    /// Whether a class is mapped to a table of its own.
    fn is_mapped(&mut self, class: &Rc<Class<'a>>) -> bool {
        Self::can_be_mapped(class) && self.own_table(class, class, 0).is_some()
    }

    /// Whether a class is one that a mapper maps: derived from a declarative base, and none itself. Others are mixed into
    /// such classes.
    fn can_be_mapped(class: &Class<'a>) -> bool {
        let decorated = class.def.decorator_list.iter().any(|one| last_name(&one.expression).starts_with("mapped"));
        if decorated || Self::is_sqlmodel_table(class) {
            return true;
        }
        let is_base = Self::bases(class).iter().any(|base| matches!(base, Base::Library(path) if begins(path)));
        let plain = Self::comes_from(class, &|path| path.rsplit('.').next() == Some("SQLModel"), 0);
        !is_base && !plain && Self::is_declarative(class, 0)
    }

    /// Whether a class leads to a declarative base, as far as can be seen.
    fn is_declarative(class: &Class<'a>, depth: u32) -> bool {
        let made = class.def.decorator_list.iter().any(|one| last_name(&one.expression) == "as_declarative");
        made && depth > 0
            || depth < MAX_DEPTH
                && Self::bases(class).iter().any(|base| match base {
                    Base::Own(base) => Self::is_declarative(base, depth + 1),
                    Base::Library(path) => {
                        let last = path.rsplit('.').next().unwrap_or(path);
                        !matches!(last, "ABC" | "AsyncAttrs" | "Generic" | "MappedAsDataclass" | "Protocol" | "object")
                    }
                    Base::Made(_) | Base::Unknown => true,
                })
    }

    fn has_mapped_parent(&mut self, class: &Class<'a>, depth: u32) -> bool {
        self.mapped_parent(class, depth).is_some()
    }

    /// The nearest class with a table of its own that a class is derived from.
    fn mapped_parent(&mut self, class: &Class<'a>, depth: u32) -> Option<Rc<Class<'a>>> {
        if depth > MAX_DEPTH {
            return None;
        }
        Self::bases(class).into_iter().find_map(|base| {
            let Base::Own(base) = base else { return None };
            if self.is_mapped(&base) { Some(base) } else { self.mapped_parent(&base, depth + 1) }
        })
    }

    /// The table of a class of SQLAlchemy or what builds upon it.
    fn mapped_class(&mut self, class: &Rc<Class<'a>>, path: &str) -> Option<MappedTable> {
        let is_abstract = Self::own(class, "__abstract__").is_some_and(|value| value.truth() != Some(false));
        if is_abstract || !Self::can_be_mapped(class) {
            return None;
        }
        let table = match self.own_table(class, class, 0) {
            Some(name) => name,
            None => match self.mapped_parent(class, 0) {
                // One of several classes of one table.
                Some(parent) => self.own_table(&parent, &parent, 0)?,
                None if Self::is_named_elsewhere(class, 0) => None,
                None => return None,
            },
        };
        let mut columns = Columns::default();
        if let Some(Value::Record(record)) = Self::own(class, "__table__") {
            match self.py_call(&record, 0) {
                Some(call) => of_call(&call, &mut columns),
                None => columns.partial = true,
            }
        }
        let plain = Self::comes_from(class, &|path| path.rsplit('.').next() == Some("SQLModel"), 0);
        self.columns_of(class, class, plain, &mut columns, 0);
        // A class of another project names the table of those that are derived from it, if they are mapped at all.
        let hidden = table.is_none() && Self::own(class, "__tablename__").is_none();
        let likely = if hidden { text::likely_names(class.name) } else { BTreeSet::new() };
        let is_mapped = table.is_some() || columns.mapped;
        is_mapped.then(|| MappedTable { likely, ..columns.into_table(path, class.name, table) })
    }

    /// The columns that stand in a class and in those that it is derived from and that have no table of their own.
    fn columns_of(
        &mut self,
        class: &Rc<Class<'a>>,
        of: &Rc<Class<'a>>,
        plain: bool,
        columns: &mut Columns,
        depth: u32,
    ) {
        if depth > MAX_DEPTH || !self.spend(1) {
            columns.partial = true;
            return;
        }
        // What runs for each class that is derived from this one may add columns to it.
        columns.partial |= ["__mapper_cls__", "__init_subclass__"].iter().any(|hook| Self::own(class, hook).is_some());
        let declared = declared_attributes(class);
        let vars: Vec<(&'a str, Value<'a>)> =
            class.env.vars.borrow().iter().map(|(name, value)| (*name, value.clone())).collect();
        for (name, value) in vars {
            if name.starts_with("__") {
                continue;
            }
            match value {
                Value::Function(_) if declared.contains(name) => {
                    let given = self.said_of(&value, of);
                    self.column(name, &given, columns, 0);
                }
                Value::Function(_) => {}
                value => self.column(name, &value, columns, 0),
            }
        }
        for (name, annotation, given) in annotated(class) {
            let column = match annotation {
                "Mapped" => true,
                "ClassVar" | "InitVar" | "WriteOnlyMapped" | "DynamicMapped" => false,
                _ => plain,
            };
            // What a call gives is told by the call.
            if column && !given && !name.starts_with("__") {
                columns.certain.insert(name.to_owned());
            }
            columns.mapped |= annotation == "Mapped";
            if annotation == "ClassVar" {
                columns.doubtful.remove(name);
            }
        }
        for base in Self::bases(class) {
            match base {
                Base::Own(base) if self.is_mapped(&base) => {}
                Base::Own(base) => self.columns_of(&base, of, plain, columns, depth + 1),
                Base::Library(path) => {
                    columns.certain.extend(known_columns(&path).into_iter().flatten().map(|name| (*name).to_owned()));
                    columns.partial |= !adds_nothing(&path);
                }
                Base::Made(record) => match self.taken_down(&Value::Record(record.clone())) {
                    Some(call) if matches!(call.name(), "declarative_base" | "generate_base") => {
                        match Self::made_of(&record) {
                            Some(base) => self.columns_of(&base, of, plain, columns, depth + 1),
                            None => columns.partial |= call.get("cls").is_some(),
                        }
                    }
                    _ => columns.partial = true,
                },
                Base::Unknown => columns.partial = true,
            }
        }
    }

    /// Notes what an attribute is: a column, none, or perhaps one.
    fn column(&mut self, name: &str, value: &Value<'a>, columns: &mut Columns, depth: u32) {
        match value {
            // A call of something that is not known, whose arguments are not taken down.
            Value::Record(record) if record.fields.borrow().contains_key("0") => {
                columns.doubtful.insert(name.to_owned());
                columns.doubtful.extend(record.fields.borrow().get("0").and_then(Value::as_str).map(str::to_owned));
            }
            Value::Record(record) => {
                let Some(call) = self.py_call(record, 0) else { return };
                let first = record.fields.borrow().get("=0").cloned();
                if is_column(&call) {
                    columns.mapped = true;
                    columns.certain.insert(column_name(&call).unwrap_or(name).to_owned());
                } else if call.name() == "Field" {
                    let own = call.get("sa_column").and_then(Py::call).and_then(column_name);
                    columns.certain.insert(own.unwrap_or(name).to_owned());
                } else if matches!(call.name(), "deferred" | "column_property") && depth < 3 {
                    if let Some(inner @ Value::Record(_)) = first {
                        self.column(name, &inner, columns, depth + 1);
                    }
                } else if call.name() == "composite" && depth < 3 {
                    let inner: Vec<Value<'a>> = record.fields.borrow().values().cloned().collect();
                    for value in inner.iter().filter(|value| matches!(value, Value::Record(_))) {
                        self.column(name, value, columns, depth + 1);
                    }
                } else if !NO_COLUMNS.contains(&call.name()) {
                    columns.doubtful.insert(name.to_owned());
                    columns.doubtful.extend(call.args.first().and_then(Py::as_str).map(str::to_owned));
                }
            }
            Value::Either(values) => values.iter().for_each(|value| self.column(name, value, columns, depth + 1)),
            Value::Unknown(_) | Value::Crowded => {
                columns.doubtful.insert(name.to_owned());
            }
            _ => {}
        }
    }

    /// The table that a call of `Table` makes.
    fn core_table(&mut self, record: &Rc<Record<'a>>, path: &str) -> Option<MappedTable> {
        let call = self.py_call(record, 0).filter(|call| call.name() == "Table")?;
        // A table of Alembic's or of a report has no `MetaData` beside its name.
        call.args.get(1)?;
        let mut columns = Columns::default();
        of_call(&call, &mut columns);
        let table = table_name(&call);
        let shown = table.as_ref().map_or("Table", |table| table.name.as_str()).to_owned();
        Some(columns.into_table(path, &shown, table))
    }

    /// What stands for an object of Flask-SQLAlchemy whose class the project derives.
    pub(super) fn flask(&self, value: &Value<'a>) -> Option<Value<'a>> {
        let Value::Record(record) = value else { return None };
        let of_flask = self.lineage(record).iter().any(|path| path.ends_with("flask_sqlalchemy.SQLAlchemy"));
        of_flask.then(|| Self::foreign(FLASK))
    }
}

impl Columns {
    fn into_table(self, path: &str, class: &str, table: Name) -> MappedTable {
        MappedTable {
            path: path.to_owned(),
            class: class.to_owned(),
            table,
            columns: self.certain,
            doubtful: self.doubtful,
            whole: !self.partial,
            likely: BTreeSet::new(),
        }
    }
}

/// Whether a path is one of a library that maps: `mapped_column(…)` in a function makes a column there.
pub(super) fn of_mapper(path: &str) -> bool {
    ["sqlalchemy.", "sqlmodel.", FLASK].iter().any(|library| path.starts_with(library))
}

fn is_column(call: &Call) -> bool {
    call.is("Column") || call.is("mapped_column")
}

/// The name that a column is given in its call.
fn column_name(call: &Call) -> Option<&str> {
    call.args.first().and_then(Py::as_str).or_else(|| call.text("name"))
}

/// The name of the table that a call of `Table` makes.
fn table_name(call: &Call) -> Name {
    let name = call.args.first().and_then(Py::as_str).or_else(|| call.text("name"))?;
    let of_metadata = || call.args.get(1).and_then(Py::call).and_then(|metadata| metadata.text("schema"));
    let schema = call.text("schema").or_else(of_metadata).map(str::to_owned);
    Some(QualifiedName { schema, name: name.to_owned() })
}

fn is_true(value: &Expr) -> bool {
    matches!(value, Expr::BooleanLiteral(literal) if literal.value)
}

/// The columns in a call of `Table`.
fn of_call(call: &Call, columns: &mut Columns) {
    for (at, part) in call.args.iter().enumerate().skip(1) {
        match part {
            Py::Call(part) if is_column(part) => match column_name(part) {
                Some(name) => {
                    columns.certain.insert(name.to_owned());
                }
                None => columns.partial = true,
            },
            Py::Call(part) if part.name().ends_with("Constraint") || part.name() == "Index" => {}
            Py::None => {}
            // The `MetaData`, which Flask's `db.Table` has of its own.
            _ if at == 1 => {}
            _ => columns.partial = true,
        }
    }
    // The columns are those that the database has when the program starts.
    columns.partial |= ["autoload", "autoload_with"].iter().any(|option| call.get(option).is_some());
}

/// Methods that are `declared_attr`.
fn declared_attributes<'a>(class: &Class<'a>) -> BTreeSet<&'a str> {
    let functions = class.def.body.iter().filter_map(|stmt| match stmt {
        Stmt::FunctionDef(def) => Some(def),
        _ => None,
    });
    let declared = functions.filter(|def| {
        def.decorator_list.iter().any(|decorator| {
            let of = match &decorator.expression {
                // `declared_attr.directive`
                Expr::Attribute(attribute) if last_name(&attribute.value) == "declared_attr" => &attribute.value,
                other => other,
            };
            last_name(of) == "declared_attr"
        })
    });
    declared.map(|def| def.name.as_str()).collect()
}

/// Names with an annotation: the annotation's own name, and whether a call stands behind it.
fn annotated<'a>(class: &Class<'a>) -> Vec<(&'a str, &'a str, bool)> {
    let fields = class.def.body.iter().filter_map(|stmt| {
        let Stmt::AnnAssign(field) = stmt else { return None };
        let name = field.target.as_name_expr()?.id.as_str();
        let annotation = match &*field.annotation {
            Expr::Subscript(subscript) => last_name(&subscript.value),
            other => last_name(other),
        };
        Some((name, annotation, matches!(field.value.as_deref(), Some(Expr::Call(_)))))
    });
    fields.collect()
}

/// Whether a class that is derived from this one is a declarative base.
fn begins(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("DeclarativeBase" | "DeclarativeBaseNoMeta"))
}

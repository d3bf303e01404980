//! Models: what classes of SQLAlchemy, SQLModel, Flask-SQLAlchemy and Django say of the tables that a program uses.
//!
//! A file is run as a Django migration is: names of libraries stand for their dotted paths, and calls of them are taken
//! down as they are written. What a class inherits is followed through the project.

use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};

use super::super::django::{Call, Declared, Py, model_tables};
use super::super::value::{Class, Dj, Record, Value};
use super::{Interp, last_name};
use crate::ir::{MappedTable, QualifiedName};

/// Classes between a class and one that it is derived from.
const MAX_DEPTH: u32 = 10;

/// Base classes of libraries that add no column.
const PLAIN: &[&str] = &[
    "ABC",
    "AsyncAttrs",
    "DeclarativeBase",
    "DeclarativeBaseNoMeta",
    "Generic",
    "MappedAsDataclass",
    "Protocol",
    "SQLModel",
    "flask_appbuilder.Model",
    "flask_appbuilder.models.sqla.Model",
    "object",
];

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

    /// The table that a class names itself, for the class `of`; `None` where it has none of its own.
    fn own_table(&mut self, class: &Rc<Class<'a>>, of: &Rc<Class<'a>>, depth: u32) -> Option<Name> {
        if depth > MAX_DEPTH || !self.spend(1) {
            return Some(None);
        }
        if Self::own(class, "__abstract__").is_some_and(|value| value.truth() != Some(false)) && depth == 0 {
            return None;
        }
        if let Some(Value::Record(table)) = Self::own(class, "__table__") {
            return Some(self.py_call(&table, 0).and_then(|call| table_name(&call)));
        }
        let named = Self::own(class, "__tablename__").map(|value| self.of_class(&value, of));
        match named {
            Some(Value::None) => return None,
            Some(value) => {
                let schema = self.schema_of(of);
                return Some(value.as_str().map(|name| QualifiedName { schema, name: name.to_owned() }));
            }
            None => {}
        }
        let bases = Self::bases(class);
        for base in &bases {
            // What a mixin says holds for every class; a table of a model is that model's own.
            if let Base::Own(base) = base
                && let Some(name) = self.mixed_in_table(base, of, depth)
            {
                return Some(name);
            }
        }
        if depth > 0 {
            return None;
        }
        let name = if Self::is_sqlmodel_table(class) {
            class.name.to_lowercase()
        } else if Self::comes_from(class, &is_flask_model, 0) && !self.has_mapped_parent(class, 0) {
            snake(class.name)
        } else {
            return None;
        };
        Some(Some(QualifiedName { schema: self.schema_of(of), name }))
    }

    fn mixed_in_table(&mut self, base: &Rc<Class<'a>>, of: &Rc<Class<'a>>, depth: u32) -> Option<Name> {
        let is_abstract = Self::own(base, "__abstract__").is_some_and(|value| value.truth() != Some(false));
        let plain_text = matches!(Self::own(base, "__tablename__"), Some(Value::Text(_)));
        // A table with a fixed name that is not abstract is the parent's.
        if !is_abstract && (plain_text || Self::own(base, "__table__").is_some()) {
            return None;
        }
        self.own_table(base, of, depth + 1)
    }

    /// Whether a class is mapped to a table of its own.
    fn is_mapped(&mut self, class: &Rc<Class<'a>>) -> bool {
        self.own_table(class, class, 0).is_some()
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

    fn is_sqlmodel_table(class: &Class<'a>) -> bool {
        let keywords = class.def.arguments.iter().flat_map(|arguments| &arguments.keywords);
        let mut asked = keywords.filter(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == "table"));
        asked.any(|keyword| matches!(&keyword.value, Expr::BooleanLiteral(literal) if literal.value))
    }

    /// A value, or what a `declared_attr` gives for a class.
    fn of_class(&mut self, value: &Value<'a>, of: &Rc<Class<'a>>) -> Value<'a> {
        let Value::Function(function) = value else { return value.clone() };
        // Most take the class's name: `return cls.__name__.lower()`.
        let bound = super::call::bound(function, &Value::Class(of.clone()));
        self.enter(&bound, &[], &[], Some(function.span), false)
    }

    /// The schema in `__table_args__`.
    fn schema_of(&mut self, class: &Rc<Class<'a>>) -> Option<String> {
        let value = class.attribute("__table_args__", 0)?;
        let value = self.of_class(&value, class);
        let options = match &value {
            Value::List(items, _) => items.borrow().last().cloned()?,
            other => other.clone(),
        };
        let Value::Dict(pairs, _) = options else { return None };
        let pairs = pairs.borrow();
        let (_, schema) = pairs.iter().find(|(key, _)| key.as_str() == Some("schema"))?;
        schema.as_str().map(str::to_owned)
    }

    /// The table of a class of SQLAlchemy or what builds upon it.
    fn mapped_class(&mut self, class: &Rc<Class<'a>>, path: &str) -> Option<MappedTable> {
        let is_abstract = Self::own(class, "__abstract__").is_some_and(|value| value.truth() != Some(false));
        if is_abstract {
            return None;
        }
        let table = match self.own_table(class, class, 0) {
            Some(name) => name,
            // One of several classes of one table.
            None => self.mapped_parent(class, 0).and_then(|parent| self.own_table(&parent, &parent, 0))?,
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
        Some(columns.into_table(path, class.name, table))
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
        let declared = declared_attributes(class);
        let vars: Vec<(&'a str, Value<'a>)> =
            class.env.vars.borrow().iter().map(|(name, value)| (*name, value.clone())).collect();
        for (name, value) in vars {
            if name.starts_with("__") {
                continue;
            }
            match value {
                Value::Function(_) if declared.contains(name) => {
                    let given = self.of_class(&value, of);
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
        }
        for base in Self::bases(class) {
            match base {
                Base::Own(base) if self.is_mapped(&base) => {}
                Base::Own(base) => self.columns_of(&base, of, plain, columns, depth + 1),
                Base::Library(path) => columns.partial |= !adds_nothing(&path),
                Base::Made(record) => match self.taken_down(&Value::Record(record.clone())) {
                    Some(call) if matches!(call.name(), "declarative_base" | "generate_base") => {
                        let given = record.fields.borrow().get("=cls").cloned();
                        match given {
                            Some(Value::Class(base)) => self.columns_of(&base, of, plain, columns, depth + 1),
                            Some(_) => columns.partial = true,
                            None => {}
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
            Value::Record(record) => {
                let Some(call) = self.py_call(record, 0) else { return };
                let first = record.fields.borrow().get("=0").cloned();
                if is_column(&call) {
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

    /// What a class of Django says; `None` where it is none.
    fn declared(&mut self, class: &Rc<Class<'a>>) -> Option<Declared> {
        if !self.is_django(class, 0) {
            return None;
        }
        let meta = self.meta(class, 0);
        let flag = |name: &str| {
            let own = Self::own(class, "Meta").and_then(|meta| match meta {
                Value::Class(meta) => Self::own(&meta, name),
                _ => None,
            });
            own.is_some_and(|value| value.truth() != Some(false))
        };
        let option = |name: &str| meta.as_ref().and_then(|meta| meta.attribute(name, 0));
        let app = match option("app_label").map(|value| value.as_str().map(str::to_owned)) {
            Some(said) => said,
            None => Some(self.app_of_models()),
        };
        let db_table = option("db_table").map(|value| value.as_str().map(str::to_owned));
        let ordered = option("order_with_respect_to").is_some_and(|value| !matches!(value, Value::None));
        let mut declared = Declared {
            name: class.name.to_owned(),
            app,
            db_table,
            ordered,
            // A proxy's table is that of its parent, and an abstract class has none.
            without_table: flag("abstract") || flag("proxy"),
            ..Declared::default()
        };
        if !declared.without_table {
            self.fields_of(class, &mut declared, 0);
        }
        Some(declared)
    }

    /// Whether a class is derived from Django's `Model`, as far as can be seen: one of a library counts where the class
    /// has fields of Django.
    fn is_django(&mut self, class: &Rc<Class<'a>>, depth: u32) -> bool {
        if depth > MAX_DEPTH || !self.spend(1) {
            return false;
        }
        let is = |path: &str| path.ends_with("db.models.Model") || path.ends_with("db.models.base.Model");
        if Self::comes_from(class, &is, 0) {
            return true;
        }
        let foreign = Self::comes_from(class, &|path| !PLAIN.contains(&path), 0);
        let of_django = |value: &Value<'a>| match value {
            Value::Record(record) => {
                let path = self.lineage(record).pop().unwrap_or_default();
                path.starts_with("django.db.models.") && (path.ends_with("Field") || path.ends_with("Key"))
            }
            _ => false,
        };
        foreign && class.env.vars.borrow().values().any(of_django)
    }

    /// The `Meta` of a class, or the one that it gets from an abstract class.
    fn meta(&mut self, class: &Rc<Class<'a>>, depth: u32) -> Option<Rc<Class<'a>>> {
        if let Some(Value::Class(meta)) = Self::own(class, "Meta") {
            return Some(meta);
        }
        let mut bases = Self::bases(class).into_iter().filter(|_| depth < MAX_DEPTH);
        bases.find_map(|base| match base {
            Base::Own(base) if Self::is_abstract(&base) => self.meta(&base, depth + 1),
            _ => None,
        })
    }

    fn is_abstract(class: &Class<'a>) -> bool {
        let Some(Value::Class(meta)) = Self::own(class, "Meta") else { return false };
        Self::own(&meta, "abstract").is_some_and(|value| value.truth() == Some(true))
    }

    /// Notes the fields of a class and of the abstract classes that it is derived from.
    fn fields_of(&mut self, class: &Rc<Class<'a>>, declared: &mut Declared, depth: u32) {
        if depth > MAX_DEPTH || !self.spend(1) {
            declared.partial = true;
            return;
        }
        let vars: Vec<(&'a str, Value<'a>)> =
            class.env.vars.borrow().iter().map(|(name, value)| (*name, value.clone())).collect();
        for (name, value) in vars {
            if name.starts_with("__") || declared.fields.contains_key(name) {
                continue;
            }
            match &value {
                Value::Record(record) => {
                    let call = self.py_call(record, 0);
                    declared.fields.insert(name.to_owned(), call);
                }
                // `name = None` takes an inherited field away.
                Value::None | Value::Unknown(_) | Value::Either(_) | Value::Crowded => {
                    declared.fields.insert(name.to_owned(), None);
                }
                _ => {}
            }
        }
        for base in Self::bases(class) {
            match base {
                Base::Own(base) if Self::is_abstract(&base) || !self.is_django(&base, 0) => {
                    self.fields_of(&base, declared, depth + 1);
                }
                Base::Own(base) => declared.parents.push(base.name.to_lowercase()),
                Base::Library(path) => declared.inherit(&path),
                Base::Made(_) | Base::Unknown => declared.partial = true,
            }
        }
    }

    /// The label of the app that the file's models are of: the one of the nearest folder that is an app, which has
    /// migrations or a configuration; else of the folder that holds the models.
    fn app_of_models(&mut self) -> String {
        if !self.django.app.is_empty() {
            return self.django.app.clone();
        }
        let path = self.units.first().map_or("", |unit| unit.file.path.as_str());
        let folders: Vec<&str> = path.rsplit('/').skip(1).take(4).collect();
        let mut label = None;
        for (up, folder) in folders.iter().enumerate() {
            let level = u32::try_from(up + 1).unwrap_or(1);
            if self.module(0, level, "apps").is_some() || self.module(0, level, "migrations").is_some() {
                label = Some(self.label_at(level).unwrap_or_else(|| (*folder).to_owned()));
                break;
            }
        }
        let beside = || folders.iter().find(|folder| **folder != "models").map(|folder| (*folder).to_owned());
        self.django.app = label.or_else(beside).unwrap_or_default();
        self.django.app.clone()
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
        }
    }
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
    Some(QualifiedName { schema: call.text("schema").map(str::to_owned), name: name.to_owned() })
}

/// The columns in a call of `Table`.
fn of_call(call: &Call, columns: &mut Columns) {
    for part in call.args.iter().skip(2) {
        match part {
            Py::Call(part) if is_column(part) => match column_name(part) {
                Some(name) => {
                    columns.certain.insert(name.to_owned());
                }
                None => columns.partial = true,
            },
            Py::Call(part) if part.name().ends_with("Constraint") || part.name() == "Index" => {}
            Py::None => {}
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

fn is_flask_model(path: &str) -> bool {
    path == "?.Model" || path.ends_with("flask_sqlalchemy.db.Model")
}

fn adds_nothing(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    PLAIN.contains(&path) || PLAIN.contains(&last) || is_flask_model(path)
}

/// The table's name that Flask-SQLAlchemy gives to a class: `OrderLine` is `order_line`, `HTTPLog` is `http_log`.
/// Source: flask_sqlalchemy, `camel_to_snake_case`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let small = |letter: Option<&char>| letter.is_some_and(char::is_ascii_lowercase);
        let begins = small(before) || before.is_some_and(char::is_ascii_digit) || (before.is_some() && small(after));
        if letter.is_ascii_uppercase() && begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// Whether the text of a file can hold a model of one of `tables`, names in lower case: it has the name, or a class whose
/// name can lead to it, or computes names of tables.
pub(in super::super) fn may_map(text: &str, tables: &BTreeSet<String>) -> bool {
    let has_name = || tables.iter().any(|table| text.contains(table.as_str()));
    let leads = |class: &str| {
        let (lower, snake) = (class.to_lowercase(), snake(class));
        // `shop_orderline`, and `shop_orderline_tags` of a field that joins it to others.
        let between = format!("_{lower}_");
        tables.iter().any(|table| table.ends_with(&lower) || *table == snake || table.contains(&between))
    };
    let mut classes = text.lines().filter_map(|line| line.trim_start().strip_prefix("class "));
    let name = |rest: &str| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().map(str::to_owned);
    has_name() || classes.any(|rest| name(rest).is_some_and(|name| leads(&name))) || computes_names(text)
}

/// Whether a text makes the name of a table of something else than a string.
fn computes_names(text: &str) -> bool {
    let literal = |rest: &str| rest.trim_start().starts_with(['"', '\'']);
    let assigned = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let line = text.get(at + word.len()..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            // `def __tablename__(cls)`, and `__tablename__: str = NAME`.
            match line.split_once('=') {
                Some((before, after)) if before.trim().is_empty() || before.trim_start().starts_with(':') => {
                    !literal(after)
                }
                _ => line.trim_start().starts_with('('),
            }
        })
    };
    let called = text.match_indices("Table(").any(|(at, word)| {
        let whole = !text.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        whole && text.get(at + word.len()..).is_some_and(|rest| !literal(rest))
    });
    (called && text.contains("sqlalchemy")) || assigned("__tablename__") || assigned("db_table")
        || text.contains("HistoricalRecords(")
}

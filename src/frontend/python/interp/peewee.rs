//! Peewee where it reaches a database: operations of `playhouse.migrate`, the migrator of peewee-migrate, models that
//! create and drop their tables.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::peewee::{self as pw, Field, Model, OPERATIONS};
use super::super::sqlalchemy::{Args, Writer, word};
use super::super::value::{Class, Conn, Construct, Function, READ, Record, Value};
use super::call::Named;
use super::{Interp, last_name};
use crate::ir::{Known, OpKind, QualifiedName, TransactionKind, Unknown};
use crate::span::Span;

/// The migrator of peewee-migrate.
pub(super) const MIGRATOR: &str = "peewee_migrate.Migrator";
/// Its models by the names of their tables.
pub(super) const ORM: &str = "peewee_migrate.Migrator.orm";
/// Classes of databases.
pub(super) const DATABASES: &[&str] = &[
    "MySQLDatabase",
    "PooledMySQLDatabase",
    "PooledPostgresqlDatabase",
    "PooledPostgresqlExtDatabase",
    "PooledSqliteDatabase",
    "PostgresqlDatabase",
    "PostgresqlExtDatabase",
    "SqliteDatabase",
    "SqliteExtDatabase",
];
/// Classes of migrators of `playhouse.migrate`.
const MIGRATORS: &[&str] =
    &["CockroachDBMigrator", "MySQLMigrator", "PostgresqlMigrator", "SchemaMigrator", "SqliteMigrator"];
/// The class of an operation that waits to be run.
const OPERATION: &str = "#migrate";

/// The model of a table, of which the migrations before may have told the fields.
pub(super) fn model_named<'a>(name: &Value<'a>, span: Span) -> Value<'a> {
    record("#model", Args { positional: vec![name.clone()], ..Args::default() }, span)
}

fn record<'a>(class: &str, args: Args<'a>, span: Span) -> Value<'a> {
    Value::Record(Rc::new(super::alembic::record(class, args, span)))
}

/// The name of a model's table.
fn table_known(model: &Model<'_>, span: Span) -> Known<QualifiedName> {
    match model.table.as_str() {
        Some(name) => Known::Known(QualifiedName::bare(name), span),
        None => Known::Unknown(Unknown {
            reason: "the table's name is made by code".to_owned(),
            text: "{table}".to_owned(),
            span,
        }),
    }
}

/// Whether a class is a model: it is derived from Peewee's, or has fields.
fn is_model(class: &Class<'_>, depth: u32) -> bool {
    let own = class.env.vars.borrow();
    // `Model` of SQLAlchemy and Django have no fields of these names.
    own.values().any(pw::is_field)
        || class.bases.iter().any(|base| match base {
            Value::Class(base) if depth < 10 => is_model(base, depth + 1),
            Value::Unknown(opaque) => {
                // `from playhouse.migrate import *` brings it, too.
                matches!(opaque.path.as_deref(), Some("peewee.Model" | "playhouse.migrate.Model"))
            }
            _ => false,
        })
}

impl<'a> Interp<'a> {
    /// `Model._meta`, which names the model's table. Source: peewee `Metadata.table_name`, before version 3 `db_table`.
    pub(super) fn peewee_meta(&self, class: &Rc<Class<'a>>, name: &str, span: Span) -> Option<Value<'a>> {
        if name != "_meta" || !is_model(class, 0) {
            return None;
        }
        let table = self.tool.models.find(&Value::Class(class.clone()))?.table;
        let named = ["table_name", "db_table"].map(|name| (name.to_owned(), table.clone())).into();
        Some(record("#meta", Args { positional: Vec::new(), named }, span))
    }

    /// The table of a class that is a model.
    pub(super) fn peewee_table(&self, class: &Value<'a>, span: Span) -> Option<Known<QualifiedName>> {
        let Value::Class(of) = class else { return None };
        is_model(of, 0).then(|| self.tool.models.find(class)).flatten().map(|model| table_known(&model, span))
    }

    /// A method of a migrator, an operation, a model or a database of Peewee; `None` for other receivers.
    pub(super) fn peewee_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        if base.path() == Some(MIGRATOR) {
            return Some(self.migrator(name, arguments, named, call));
        }
        match base {
            Value::Record(record) if record.class == OPERATION && name == "run" => {
                self.run_waiting(record);
                Some(Value::None)
            }
            Value::Record(of) if of.of.is_none() && MIGRATORS.contains(&of.class.as_str()) => match name {
                "migrate" => self.migrate_call(arguments).then_some(Value::None),
                _ if OPERATIONS.contains(&name) => {
                    let database = of.fields.borrow().get("0").cloned().unwrap_or(Value::None);
                    let schema = of.fields.borrow().get("schema").cloned();
                    Some(Self::waiting(name, arguments, named, (database, schema), span))
                }
                _ => None,
            },
            _ if name == "from_database" && self.tool.playhouse => {
                Some(record("SchemaMigrator", Args::of_call(arguments, named), span))
            }
            // A migrator that is made elsewhere.
            Value::Unknown(opaque) if self.tool.playhouse && OPERATIONS.contains(&name) => {
                let shown = opaque.unknown.text.contains("migrator");
                let database = (base.clone(), None);
                shown.then(|| Self::waiting(name, arguments, named, database, span))
            }
            Value::Class(class) if is_model(class, 0) => self.model_method(base, class, name, arguments, named, call),
            Value::Handle(_) | Value::Unknown(_) if matches!(name, "create_tables" | "drop_tables") => {
                let classes = arguments.first().and_then(Value::items)?;
                let args = Args::of_call(arguments, named);
                let models: Vec<_> = classes.iter().map(|class| self.tool.models.find(class)).collect();
                let conn = self.peewee_conn(base);
                for model in models.into_iter().flatten() {
                    self.model_table(&model, name == "create_tables", &args, &conn, span);
                }
                Some(Value::None)
            }
            _ => None,
        }
    }

    /// An operation as a value.
    fn waiting(
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        (database, schema): (Value<'a>, Option<Value<'a>>),
        span: Span,
    ) -> Value<'a> {
        let mut args = Args::of_call(arguments, named);
        args.named.insert("#name".to_owned(), word(name, span));
        args.named.insert("#database".to_owned(), database);
        args.named.extend(schema.map(|schema| ("#schema".to_owned(), schema)));
        record(OPERATION, args, span)
    }

    /// `migrate(operation, …)`; whether its arguments are operations.
    pub(super) fn migrate_call(&mut self, arguments: &[Value<'a>]) -> bool {
        let mut any = false;
        for argument in arguments {
            for value in argument.items().unwrap_or_else(|| vec![argument.clone()]) {
                for value in value.alternatives() {
                    if let Value::Record(record) = &value
                        && record.class == OPERATION
                    {
                        any = true;
                        self.run_waiting(record);
                    }
                }
            }
        }
        any
    }

    fn run_waiting(&mut self, record: &Rc<Record<'a>>) {
        let mut args = Args::of_record(record);
        let name = args.named.remove("#name").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        let database = args.named.remove("#database").unwrap_or(Value::None);
        let schema = args.named.remove("#schema");
        let conn = self.peewee_conn(&database);
        self.operate(&name, &args, schema.as_ref(), &conn, record.span);
    }

    fn operate(&mut self, name: &str, args: &Args<'a>, schema: Option<&Value<'a>>, conn: &Rc<Conn>, span: Span) {
        let w = Writer::new(span, self.dialect());
        for written in pw::operation(name, args, schema, &w, &self.tool.models) {
            self.write_out(written, conn, span);
        }
    }

    /// The connection behind one of Peewee's databases, which commits each statement where nothing says otherwise.
    fn peewee_conn(&mut self, database: &Value<'a>) -> Rc<Conn> {
        let conn = self.conn_of(database);
        let scope = conn.now();
        if scope.kind == TransactionKind::Unknown {
            let scope = self.fresh(TransactionKind::None, None);
            conn.scope.set(scope);
        }
        conn
    }

    /// The connection that a model works on.
    fn model_conn(&mut self, model: &Model<'a>) -> Rc<Conn> {
        match &model.database {
            Some(database @ Value::Handle(_)) => self.peewee_conn(database),
            _ => self.tool_conn(),
        }
    }

    /// Creates or drops a model's table.
    fn model_table(&mut self, model: &Model<'a>, create: bool, args: &Args<'a>, conn: &Rc<Conn>, span: Span) {
        let w = Writer::new(span, self.dialect());
        let safe = args.truth("safe") != Some(false);
        let written = if create {
            model.create(&w, &self.tool.models, safe)
        } else {
            let cascade = args.named("cascade").cloned().unwrap_or(Value::None);
            vec![pw::drop_table(&w, model.schema.as_ref(), &model.table, safe, &cascade)]
        };
        for one in written {
            self.write_out(one, conn, span);
        }
    }

    fn model_method(
        &mut self,
        base: &Value<'a>,
        class: &Rc<Class<'a>>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        if class.attribute(name, 0).is_some() {
            return None;
        }
        let kind = match name {
            "create_table" | "drop_table" => {
                let model = self.tool.models.find(base)?;
                let conn = self.model_conn(&model);
                self.model_table(&model, name == "create_table", &Args::of_call(arguments, named), &conn, span);
                return Some(Value::None);
            }
            "select" | "filter" | "get" | "get_by_id" | "get_or_none" => {
                let model = self.tool.models.find(base)?;
                let unknown = Unknown { reason: READ.to_owned(), text: format!("{{{}}}", self.shown(call)), span };
                let conn = self.model_conn(&model);
                return Some(Value::rows(unknown, conn, Some(table_known(&model, span))));
            }
            "update" => OpKind::DataUpdate,
            "delete" => OpKind::DataDelete,
            "insert" | "insert_many" | "create" | "bulk_create" => OpKind::DataInsert,
            _ => return None,
        };
        let model = self.tool.models.find(base)?;
        let table = table_known(&model, span);
        let own = self.model_conn(&model);
        let construct = Construct { conn: Some(own), ..Construct::new(kind, table, Value::None) };
        if matches!(name, "create" | "bulk_create") {
            let conn = self.model_conn(&model);
            self.emit_construct(&construct, &conn, span);
            return Some(self.unknown("it is a row that is made", call));
        }
        Some(Value::Construct(Rc::new(construct)))
    }

    /// A decorator of a class: `@migrator.create_model`.
    pub(super) fn decorated(&mut self, decorator: &'a Expr, class: &Value<'a>, span: Span) {
        let Expr::Attribute(attribute) = decorator else { return };
        if matches!(attribute.attr.as_str(), "create_model" | "create_table") {
            let base = self.eval(&attribute.value);
            if base.path() == Some(MIGRATOR) {
                self.create_model(class, span);
            }
        }
    }

    fn create_model(&mut self, class: &Value<'a>, span: Span) {
        let Value::Class(of) = class else { return };
        let model = Model::of_class(of);
        self.tool.models.keep(model.clone());
        let conn = self.tool_conn();
        self.model_table(&model, true, &Args::default(), &conn, span);
    }

    /// A method of peewee-migrate's migrator. Source: peewee-migrate `migrator.py`.
    ///
    /// Its operations wait until the function has ended; what the function sends itself comes before them. They are told
    /// in the order in which they stand.
    fn migrator(&mut self, name: &str, arguments: &[Value<'a>], named: &[Named<'a>], call: &'a ExprCall) -> Value<'a> {
        let span = self.span(call);
        let conn = self.tool_conn();
        let first = arguments.first().cloned().unwrap_or(Value::None);
        match name {
            "sql" | "execute" => {
                self.send(&first, &conn, span);
                return Value::None;
            }
            "python" | "run" => {
                let rest = arguments.get(1..).unwrap_or_default();
                return self.apply(&first, rest, named, call, span);
            }
            "create_model" | "create_table" => {
                self.create_model(&first, span);
                return first;
            }
            _ => {}
        }
        let known = self.tool.models.find(&first);
        let mut model =
            known.unwrap_or_else(|| Model::of_table(self.part_of(&first, call, "the model is made by code")));
        let rest = arguments.get(1..).unwrap_or_default().to_vec();
        let table = model.table.clone();
        let operate = |this: &mut Self, name: &str, positional: Vec<Value<'a>>| {
            let args = Args { positional, ..Args::default() };
            this.operate(name, &args, None, &conn, span);
        };
        match name {
            "remove_model" | "drop_table" => {
                let cascade = named.iter().find(|(name, _)| *name == "cascade").map(|(_, value)| value.clone());
                let w = Writer::new(span, self.dialect());
                let cascade = cascade.unwrap_or(Value::Bool(true));
                let written = pw::drop_table(&w, model.schema.as_ref(), &table, false, &cascade);
                self.write_out(written, &conn, span);
                self.tool.models.forget(&model);
                return Value::None;
            }
            "add_fields" | "add_columns" | "change_fields" | "change_columns" => {
                let strict = named.iter().any(|(name, value)| *name == "allow_not_null" && value.truth() == Some(true));
                for (name, value) in named {
                    let Value::Record(record) = value else { continue };
                    if !pw::is_field(value) {
                        continue;
                    }
                    let field = Field { name: (*name).to_owned(), record: record.clone() };
                    self.tool.models.keep(model.clone());
                    if matches!(*name, "allow_not_null") {
                        continue;
                    }
                    if call_name(call).starts_with("add") {
                        self.add_field(&model, &field, value, strict, &conn, span);
                    } else {
                        self.change_field(&model, &field, value, &conn, span);
                    }
                    model.fields.retain(|other| other.name != field.name);
                    model.fields.push(field);
                }
            }
            "remove_fields" | "drop_columns" => {
                let cascade = named.iter().find(|(name, _)| *name == "cascade").map(|(_, value)| value.clone());
                // In the order of the model's fields; names that it does not have are told last.
                let mut removed = rest.clone();
                let place =
                    |name: &Value<'a>| model.fields.iter().position(|field| Some(field.name.as_str()) == name.as_str());
                removed.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
                for name in &removed {
                    let column = model.column(name);
                    let field = name.as_str().and_then(|name| model.field(name)).cloned();
                    if field.as_ref().is_some_and(Field::unique) {
                        let index = pw::index_name(&table, std::slice::from_ref(&column));
                        operate(self, "drop_index", vec![table.clone(), index]);
                    }
                    let cascade = cascade.clone().unwrap_or(Value::Bool(true));
                    operate(self, "drop_column", vec![table.clone(), column, cascade]);
                    model.fields.retain(|field| Some(field.name.as_str()) != name.as_str());
                }
            }
            "rename_field" | "rename_column" => {
                if let [old, new, ..] = rest.as_slice() {
                    let field = old.as_str().and_then(|name| model.field(name)).cloned();
                    let (from, mut to) = (model.column(old), new.clone());
                    if let (true, Some(name)) = (field.as_ref().is_some_and(Field::is_key), new.as_str()) {
                        to = word(&format!("{name}_id"), span);
                    }
                    operate(self, "rename_column", vec![table.clone(), from, to]);
                    if let (Some(field), Some(name)) = (field, new.as_str()) {
                        model.fields.retain(|other| other.name != field.name);
                        model.fields.push(Field { name: name.to_owned(), ..field });
                    }
                }
            }
            "rename_table" => {
                let new = rest.first().cloned().unwrap_or(Value::None);
                operate(self, "rename_table", vec![table.clone(), new.clone()]);
                self.tool.models.forget(&model);
                model.table = new;
            }
            "add_index" => {
                let columns: Vec<_> = rest.iter().map(|name| model.column(name)).collect();
                let mut args = Args::of_call(&[table.clone(), Value::list(columns, span)], named);
                args.named.entry("unique".to_owned()).or_insert(Value::Bool(false));
                self.operate(name, &args, None, &conn, span);
            }
            "drop_index" => {
                let columns: Vec<_> = rest.iter().map(|name| model.column(name)).collect();
                let index = pw::index_name(&table, &columns);
                operate(self, name, vec![table.clone(), index]);
            }
            "add_not_null" | "drop_not_null" => {
                for name_of in &rest {
                    operate(self, name, vec![table.clone(), model.column(name_of)]);
                }
            }
            // Rows get it; the column does not.
            "add_default" => {
                if let [name, default, ..] = rest.as_slice() {
                    let args = Args { named: [("default".to_owned(), default.clone())].into(), ..Args::default() };
                    let field = record("CharField", args, span);
                    operate(self, "apply_default", vec![table.clone(), name.clone(), field]);
                }
            }
            "add_constraint" => operate(self, name, [vec![table.clone()], rest].concat()),
            "drop_constraints" => {
                for name_of in &rest {
                    operate(self, "drop_constraint", vec![table.clone(), name_of.clone()]);
                }
            }
            _ => {
                let reason = format!("`{name}` is not a method of peewee-migrate that is known");
                self.emit_opaque(&reason, &conn, span);
                return self.unknown(&reason, call);
            }
        }
        self.tool.models.keep(model);
        first
    }

    fn add_field(
        &mut self,
        model: &Model<'a>,
        field: &Field<'a>,
        value: &Value<'a>,
        strict: bool,
        conn: &Rc<Conn>,
        span: Span,
    ) {
        let mut args = Args { positional: vec![model.table.clone(), field.column(), value.clone()], ..Args::default() };
        args.named.insert("allow_not_null".to_owned(), Value::Bool(strict));
        self.operate("add_column", &args, None, conn, span);
        if field.null() && field.default().is_some() {
            self.operate("apply_default", &args, None, conn, span);
        }
    }

    fn change_field(&mut self, model: &Model<'a>, field: &Field<'a>, value: &Value<'a>, conn: &Rc<Conn>, span: Span) {
        let old = model.field(&field.name).cloned();
        let table = model.table.clone();
        let (from, column) = (old.as_ref().unwrap_or(field).column(), field.column());
        let one = |this: &mut Self, name: &str, rest: Vec<Value<'a>>| {
            let positional = [vec![table.clone()], rest].concat();
            this.operate(name, &Args { positional, ..Args::default() }, None, conn, span);
        };
        // Of a field that nothing has told, the new one is taken for the old one.
        if old.as_ref().unwrap_or(field).is_key() {
            one(self, "drop_foreign_key_constraint", vec![from.clone()]);
        }
        if from.as_str() != column.as_str() {
            one(self, "rename_column", vec![from, column.clone()]);
        }
        if field.is_key() {
            self.change_key(model, field, conn, span);
            return;
        }
        one(self, "change_column", vec![column.clone(), value.clone()]);
        let was = old.as_ref().map_or_else(|| field.unique(), Field::unique);
        if field.unique() && !was {
            one(self, "add_index", vec![Value::list(vec![column], span), Value::Bool(true)]);
        } else if was && !field.unique() {
            // The column's name is given for that of the index. Source: `Migrator.change_fields`.
            one(self, "drop_index", vec![column]);
        }
    }

    /// A key to another table is made anew.
    fn change_key(&mut self, model: &Model<'a>, field: &Field<'a>, conn: &Rc<Conn>, span: Span) {
        let target = field.target(&self.tool.models, Some(model));
        let other = target.as_ref().and_then(|model| model.key_of(field));
        let table = target.as_ref().map_or(Value::None, |model| model.table.clone());
        let key = other.map_or(Value::None, |field| word(&field.name, span));
        let own = field.args();
        let action = |name: &str| own.given(name).cloned().unwrap_or_else(|| word("RESTRICT", span));
        let positional =
            vec![model.table.clone(), field.column(), table, key, action("on_delete"), action("on_update")];
        let args = Args { positional, ..Args::default() };
        self.operate("add_foreign_key_constraint", &args, None, conn, span);
    }

    /// Runs the migrations before this one for the models that they leave, without effects.
    pub(super) fn replay(&mut self) {
        let Some(own) = self.units.first().map(|unit| unit.file) else { return };
        let three = |name: &String| name.bytes().take_while(u8::is_ascii_digit).count() == 3;
        let earlier: Vec<String> = self.program.modules.earlier(own).into_iter().filter(three).collect();
        for name in earlier {
            let Some(unit) = self.module(0, 1, &name) else { return };
            let env = self.module_env(unit);
            if let Some(Value::Function(function)) = env.get("migrate") {
                self.replay_one(&function);
            }
        }
    }

    fn replay_one(&mut self, function: &Rc<Function<'a>>) {
        self.quiet += 1;
        let handed = self.handed(function);
        self.enter(function, &handed, &[], None, false);
        self.quiet -= 1;
        self.migration = None;
    }
}

fn call_name(call: &ExprCall) -> &str {
    last_name(&call.func)
}

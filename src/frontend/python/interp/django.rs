//! Django migrations: the class `Migration` is evaluated, and its operations are taken down as they are written; SQL
//! and functions that they give are run at once, with what they send.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall};

use super::super::django::{Call, DjangoMigration, Step, USERS};
use super::super::site::Site;
use super::super::value::{Class, Dj, Record, Text, Value};
use super::call::Named;
use super::{Interp, models};
use crate::config::Dialect;
use crate::ir::{Back, Known, Operation, Revision, RevisionId, Scope, TransactionKind, Unknown};
use crate::source::Runner;
use crate::span::Span;

/// Values within one another.
pub(super) const MAX_NESTING: u32 = 40;

/// What a run remembers of a Django migration.
#[derive(Debug, Default)]
pub(super) struct Django<'a> {
    /// The file is one.
    pub(super) on: bool,
    /// What is being sent by the operation that is run.
    pub(super) captured: Option<Vec<Operation>>,
    /// The connection that the migration is run on.
    pub(super) conn: Rc<super::super::value::Conn>,
    /// The app's label.
    pub(super) app: String,
    /// The operation that is run has called what it inherits from Django's own.
    pub(super) inherited: bool,
    /// Operations that cannot be taken back: where, and why as a clause.
    pub(super) one_way: Vec<(Span, String)>,
    /// What dotted paths into the project lead to.
    pub(super) paths: BTreeMap<String, Option<Value<'a>>>,
}

/// The key of an argument in a record: others are attributes that the class sets itself.
fn argument_key(name: &str) -> String {
    format!("={name}")
}

impl<'a> Interp<'a> {
    /// Reads the class `Migration`, if the file has one; what it says.
    pub(super) fn migration(&mut self) -> Option<DjangoMigration> {
        let env = self.module_env(0);
        let Some(Value::Class(class)) = env.get("Migration") else { return None };
        let file = self.units.first()?.file;
        let site = self.site();
        let mut parts = file.path.rsplit('/');
        let name = parts.next().unwrap_or_default().trim_end_matches(".py").to_owned();
        let folder = parts.nth(1).unwrap_or_default().to_owned();
        self.django.app = self.app_says(2, "label").unwrap_or(folder);
        let atomic = class.attribute("atomic", 0).map_or(Some(true), |value| value.truth());
        let kind = match atomic {
            Some(true) => TransactionKind::Runner,
            Some(false) => TransactionKind::None,
            None => TransactionKind::Unknown,
        };
        self.next_id = self.next_id.max(1);
        self.django.conn.scope.set(Scope { kind, id: 1, ..Scope::default() });
        let pairs = |name: &str| -> Vec<((String, String), Span)> {
            let value = class.attribute(name, 0);
            value.and_then(|value| Value::items(&value)).unwrap_or_default().iter().filter_map(Self::node).collect()
        };
        let plain = |name: &str| pairs(name).into_iter().map(|(node, _)| node).collect();
        let mut migration = DjangoMigration {
            name,
            span: class.span,
            dependencies: plain("dependencies"),
            run_before: plain("run_before"),
            replaces: plain("replaces"),
            atomic,
            ..DjangoMigration::default()
        };
        migration.app.clone_from(&self.django.app);
        migration.user_model.clone_from(&site.user_model);
        migration.auto_field = self.app_says(2, "default_auto_field").or_else(|| site.auto_field.clone());
        let operations = self.operations_of(&class).unwrap_or_else(|| Value::list(Vec::new(), class.span));
        migration.operations = self.steps(&operations, 0);
        let named = |name: &str| -> Vec<Known<RevisionId>> {
            let place = |span: Span| if span.file == class.span.file { span } else { class.span };
            let all = pairs(name).into_iter();
            let all = all.filter(|((app, _), _)| app != USERS);
            all.map(|((app, name), span)| Known::Known(RevisionId::of_app(app, name), place(span))).collect()
        };
        let mut revision =
            Revision::new(Runner::Django, RevisionId::of_app(&*migration.app, &*migration.name), class.span);
        (revision.parents, revision.run_before) = (named("dependencies"), named("run_before"));
        revision.replaces = migration.replaces.iter().map(|(app, name)| RevisionId::of_app(app, name)).collect();
        revision.initial = class.attribute("initial", 0).and_then(|value| value.truth()) == Some(true);
        let one_way = std::mem::take(&mut self.django.one_way);
        revision.back = if one_way.is_empty() { Back::Present } else { Back::Refused(one_way) };
        migration.revision = Some(revision);
        Some(migration)
    }

    /// The list of operations: that of the class, unless its constructor sets another.
    fn operations_of(&mut self, class: &Rc<Class<'a>>) -> Option<Value<'a>> {
        let own = class.attribute("operations", 0);
        if let Some(Value::Function(_)) = class.attribute("__init__", 0)
            && let Value::Record(record) = self.django_instance(class, &[], &[], class.span)
        {
            let set = record.fields.borrow().get("operations").cloned();
            return set.or(own);
        }
        own
    }

    /// A name as Django quotes it: not at all where it is quoted already.
    fn quoted_name(&mut self, name: &Value<'a>, span: Span) -> Value<'a> {
        let text = self.text_of(name, span);
        if text.sql.text.starts_with('"') {
            return Value::Text(Rc::new(text));
        }
        let mut sql = crate::frontend::text::SqlText::default();
        sql.push("\"", span);
        sql.append(&text.sql);
        sql.push("\"", span);
        Value::Text(Rc::new(Text { sql, ..text }))
    }

    /// What the site's settings say.
    fn site(&self) -> std::sync::Arc<Site> {
        let Some(file) = self.units.first().map(|unit| unit.file) else { return std::sync::Arc::default() };
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.program.reader.site(folder, || super::super::site::settings(file, self.program))
    }

    /// What the app's own configuration says of `name`, in `apps.py` of the folder that the file reaches with so many
    /// leading dots, or in its `__init__.py`.
    pub(super) fn app_says(&mut self, level: u32, name: &str) -> Option<String> {
        ["apps", ""].into_iter().find_map(|module| {
            let unit = self.module(0, level, module)?;
            let env = self.module_env(unit);
            let classes: Vec<_> = env.vars.borrow().values().cloned().collect();
            classes.iter().find_map(|value| {
                let Value::Class(class) = value else { return None };
                let said = class.env.vars.borrow().get(name).cloned()?;
                said.alternatives().iter().find_map(|value| value.as_str().map(str::to_owned))
            })
        })
    }

    /// A dependency: app and name, and where it stands; the model of users is what its app begins with.
    fn node(value: &Value<'a>) -> Option<((String, String), Span)> {
        match value {
            Value::List(items, span) => {
                let items = items.borrow();
                let name = match items.get(1)? {
                    Value::Text(_) => items.get(1)?.as_str()?.to_owned(),
                    _ => "__first__".to_owned(),
                };
                Some(((items.first()?.as_str()?.to_owned(), name), *span))
            }
            Value::Record(record) => {
                let setting = record.fields.borrow().get("=0").cloned()?;
                if let Value::Django(django) = &setting
                    && matches!(&**django, Dj::Foreign(path) if path.ends_with("settings.AUTH_USER_MODEL"))
                {
                    return Some(((USERS.to_owned(), "__first__".to_owned()), record.span));
                }
                let text = setting.as_str()?.to_owned();
                Some(((text.split('.').next()?.to_owned(), "__first__".to_owned()), record.span))
            }
            _ => None,
        }
    }

    /// The operations of a list.
    fn steps(&mut self, value: &Value<'a>, depth: u32) -> Vec<Step> {
        let value = match value {
            // Lists of several branches: the longest is the one that is meant for a real database.
            Value::Either(values) => {
                let longest = values.iter().max_by_key(|value| Value::items(value).map_or(0, |items| items.len()));
                longest.cloned().unwrap_or(Value::None)
            }
            other => other.clone(),
        };
        let span = match &value {
            Value::List(_, span) => *span,
            Value::Unknown(opaque) => opaque.unknown.span,
            _ => Span::default(),
        };
        match Value::items(&value) {
            Some(items) => items.iter().filter_map(|item| self.migration_step(item, span, depth)).collect(),
            None if matches!(value, Value::None) => Vec::new(),
            None => vec![Step::Unknown(unknown_of(&value, span))],
        }
    }

    fn migration_step(&mut self, value: &Value<'a>, around: Span, depth: u32) -> Option<Step> {
        if depth > MAX_NESTING || !self.spend(1) {
            return None;
        }
        let value = match value {
            // One for each database: that of PostgreSQL is the one that is judged.
            Value::Either(values) => {
                let own =
                    |value: &&Value<'a>| matches!(value, Value::Record(record) if record.class.contains(".postgres."));
                let any = |value: &&Value<'a>| matches!(value, Value::Record(_));
                values.iter().find(own).or_else(|| values.iter().find(any)).unwrap_or(value)
            }
            value => value,
        };
        let Value::Record(record) = value else {
            if let Value::None = value {
                return None;
            }
            return Some(Step::Unknown(unknown_of(value, around)));
        };
        let names: Vec<String> = self.lineage(record).into_iter().map(|path| last(&path).to_owned()).collect();
        let is = |name: &str| names.iter().any(|held| held == name);
        let at = |place: usize, name: &str| {
            let fields = record.fields.borrow();
            fields.get(&argument_key(name)).or_else(|| fields.get(&format!("={place}"))).cloned()
        };
        let own = record.of.as_ref().and_then(|class| class.attribute("database_forwards", 0));
        let span = self.in_root(record.span, around);
        if is("SeparateDatabaseAndState") {
            let database = at(0, "database_operations").unwrap_or(Value::None);
            let state = at(1, "state_operations").unwrap_or(Value::None);
            let (database, state) = (self.steps(&database, depth + 1), self.steps(&state, depth + 1));
            return Some(Step::Separate(database, state, span));
        }
        if let Some(Value::Function(function)) = own {
            let outer = std::mem::take(&mut self.django.inherited);
            let forward = self.run_operation(&function, value, span);
            let inherited = std::mem::replace(&mut self.django.inherited, outer);
            let backward = record.of.as_ref().and_then(|class| class.attribute("database_backwards", 0));
            let backward = match backward {
                Some(Value::Function(function)) => self.run_operation(&function, value, span),
                _ => Vec::new(),
            };
            let state = self.py_call(record, depth).map(|call| Step::Call(Call { span, ..call }));
            let known = names.iter().any(|name| STATE_OPERATIONS.contains(&name.as_str()));
            if let (true, true, Some(call)) = (inherited, known, &state) {
                let own = Step::Done(forward, backward, Vec::new());
                return Some(Step::Separate(vec![own, call.clone()], vec![call.clone()], span));
            }
            return Some(Step::Done(forward, backward, state.filter(|_| known).into_iter().collect()));
        }
        if is("RunSQL") {
            if at(1, "reverse_sql").is_none_or(|value| matches!(value, Value::None)) {
                self.django.one_way.push((span, "`RunSQL` is given no `reverse_sql`".to_owned()));
            }
            let forward = self.run_sql(at(0, "sql"), span);
            let backward = self.run_sql(at(1, "reverse_sql"), span);
            let state = at(2, "state_operations").unwrap_or(Value::None);
            return Some(Step::Done(forward, backward, self.steps(&state, depth + 1)));
        }
        if is("RunPython") {
            let atomic = at(2, "atomic").and_then(|value| value.truth()) == Some(true);
            let (code, reverse) = (at(0, "code"), at(1, "reverse_code"));
            if reverse.as_ref().is_none_or(|value| matches!(value, Value::None)) {
                self.django.one_way.push((span, "`RunPython` is given no `reverse_code`".to_owned()));
            }
            return Some(Step::Done(
                self.run_python(code, atomic, span),
                self.run_python(reverse, atomic, span),
                Vec::new(),
            ));
        }
        let mut call = self.py_call(record, depth)?;
        call.span = span;
        Some(Step::Call(call))
    }

    /// The place of a call, in the file being read.
    fn in_root(&self, span: Span, around: Span) -> Span {
        if self.units.first().is_some_and(|unit| unit.file.id == span.file) { span } else { around }
    }

    /// A name outside the project.
    pub(super) fn foreign(path: impl Into<String>) -> Value<'a> {
        Value::Django(Rc::new(Dj::Foreign(path.into())))
    }

    /// A call that is taken down as it is written.
    pub(super) fn foreign_record(path: &str, arguments: &[Value<'a>], named: &[Named<'a>], span: Span) -> Value<'a> {
        let mut fields: BTreeMap<String, Value<'a>> =
            arguments.iter().enumerate().map(|(at, value)| (format!("={at}"), value.clone())).collect();
        fields.extend(named.iter().map(|(name, value)| (argument_key(name), value.clone())));
        Value::Record(Rc::new(Record { class: path.to_owned(), of: None, fields: RefCell::new(fields), span }))
    }

    /// An instance of a class of the project, with what its class is given in the end.
    pub(super) fn django_instance(
        &mut self,
        class: &Rc<Class<'a>>,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Value<'a> {
        let fields = RefCell::new(BTreeMap::new());
        let record = Rc::new(Record { class: class.name.to_owned(), of: Some(class.clone()), fields, span });
        give(&record, arguments, named);
        let this = Value::Record(record);
        if let Some(Value::Function(init)) = class.attribute("__init__", 0) {
            let init = super::call::bound(&init, &this);
            self.quiet += 1;
            self.enter(&init, arguments, named, Some(span), false);
            self.quiet -= 1;
        }
        self.flask(&this).unwrap_or(this)
    }

    /// `super().method(…)` of an object of the project.
    pub(super) fn super_call(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Value<'a> {
        let function = self.frame().and_then(|frame| frame.function.clone());
        let Some((function, Value::Record(record))) = function.and_then(|f| Some((f.clone(), f.bound.clone()?))) else {
            return Value::None;
        };
        let base = record.of.as_ref().and_then(|class| above(class, function.span, 0));
        let method = base.iter().find_map(|bases| {
            bases.iter().find_map(|base| if let Value::Class(base) = base { base.attribute(name, 0) } else { None })
        });
        if let Some(Value::Function(method)) = method {
            let bound = super::call::bound(&method, &Value::Record(record));
            return self.enter(&bound, arguments, named, Some(span), false);
        }
        // The operation of Django's own does what it does.
        if name == "database_forwards" {
            self.django.inherited = true;
            return Value::None;
        }
        if name == "__init__" {
            record.fields.borrow_mut().retain(|key, _| !key.starts_with('='));
            give(&record, arguments, named);
            return Value::None;
        }
        Value::unknown("what it inherits is not in the project", format!("{{super().{name}()}}"), span)
    }

    /// What `getattr(settings, "NAME", default)` gives where nobody has set it: a project sets few of the names that
    /// packages ask for.
    pub(super) fn unset(base: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Option<Value<'a>> {
        let Value::Django(django) = base else { return None };
        let settings = matches!(&**django, Dj::Foreign(path) if path.ends_with("django.conf.settings"));
        arguments.get(2).filter(|_| settings && name != "AUTH_USER_MODEL").cloned()
    }

    /// `connection.vendor` where a module or class asks for it: its operations are picked for the server that is judged.
    pub(super) fn vendor(&self, path: &str, name: &str, span: Span) -> Option<Value<'a>> {
        let asked = name == "vendor" && (path.ends_with("django.db.connection") || path.ends_with("connections[]"));
        if !asked || self.frame().is_some_and(|frame| frame.function.is_some()) {
            return None;
        }
        let mut vendor = crate::frontend::text::SqlText::default();
        let word = match self.dialect() {
            Dialect::Postgres => "postgresql",
            Dialect::Mysql => "mysql",
            Dialect::Sqlite => "sqlite",
            Dialect::Mssql => "microsoft",
        };
        vendor.push(word, span);
        Some(Value::text(vendor))
    }

    /// What a dotted path into the project leads to.
    pub(super) fn along(&mut self, path: &str) -> Option<Value<'a>> {
        if path.starts_with("django.") {
            return None;
        }
        if let Some(known) = self.django.paths.get(path) {
            return known.clone();
        }
        let (module, name) = path.rsplit_once('.')?;
        let found = self.module(0, 0, module).and_then(|unit| self.module_env(unit).get(name));
        let found = found.and_then(|value| self.used(value));
        self.django.paths.insert(path.to_owned(), found.clone());
        found
    }

    /// Models that a project can swap by way of the package `swapper`: nobody has, as far as is known.
    fn swapper(path: &str, arguments: &[Value<'a>], span: Span) -> Option<Value<'a>> {
        let (app, model) = (arguments.first()?.as_str()?, arguments.get(1)?.as_str()?);
        let text = |parts: &[&str]| {
            let mut text = crate::frontend::text::SqlText::default();
            text.push(&parts.concat(), span);
            Value::text(text)
        };
        match path {
            "swapper.get_model_name" => Some(text(&[app, ".", model])),
            "swapper.dependency" => Some(Value::list(vec![text(&[app]), text(&["__first__"])], span)),
            _ => None,
        }
    }

    /// The call of a name outside the project.
    pub(super) fn call_foreign(
        &mut self,
        path: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        if let Some(value) = self.along(path)
            && matches!(value, Value::Function(_) | Value::Class(_))
        {
            return self.apply(&value, arguments, named, call, span);
        }
        let name = last(path);
        if let Some(value) = path.strip_prefix("re.").and_then(|name| self.pattern_call(name, arguments, named, span)) {
            return value;
        }
        if let Some(value) = Self::swapper(path, arguments, span) {
            return value;
        }
        if name == "SQLAlchemy" {
            return Self::foreign(models::FLASK);
        }
        // `Column = partial(db.Column, nullable=False)`.
        if path == "functools.partial"
            && let Some(function) = arguments.first()
        {
            return function.clone();
        }
        if name == "import_string" {
            match arguments.first() {
                Some(Value::Text(text)) if text.sql.is_known() => return Self::foreign(text.sql.text.clone()),
                Some(Value::Django(django)) => {
                    if let Dj::Foreign(path) = &**django
                        && path.ends_with("DEFAULT_AUTO_FIELD")
                    {
                        return Self::foreign("django.db.models.AutoField");
                    }
                }
                _ => {}
            }
        }
        if let Some(value) = self.path_function(name, arguments, call) {
            return value;
        }
        if name == "partial" {
            return self.builtin(name, arguments, named, call);
        }
        if path.ends_with(".quote_name") {
            let quoted = arguments.first().cloned().or_else(|| super::call::keyword(named, "name"));
            return self.quoted_name(&quoted.unwrap_or(Value::None), span);
        }
        if name == "get_user_model" {
            return Self::user_model(span);
        }
        // Its pages are parts of the query.
        if let ("Paginator" | "AsyncPaginator", Some(Value::Django(rows))) = (name, arguments.first())
            && let Dj::Query(_) = &**rows
        {
            return Value::Django(rows.clone());
        }
        let inside = self.frame().is_some_and(|frame| frame.function.is_some());
        let plain = inside && !models::of_mapper(path) && !name.chars().next().is_some_and(char::is_uppercase);
        let builtin = !path.contains('.') && !matches!(name, "swappable_dependency");
        if plain || (builtin && !matches!(&*call.func, Expr::Attribute(_))) || name.starts_with("get_") {
            return self.builtin(name, arguments, named, call);
        }
        Self::foreign_record(path, arguments, named, span)
    }
}

/// Operations of Django that change its state.
const STATE_OPERATIONS: &[&str] = &[
    "CreateModel",
    "DeleteModel",
    "RenameModel",
    "AlterModelTable",
    "AlterModelTableComment",
    "AlterModelOptions",
    "AlterOrderWithRespectTo",
    "AlterUniqueTogether",
    "AlterIndexTogether",
    "AddField",
    "AlterField",
    "RemoveField",
    "RenameField",
    "AddIndex",
    "AddIndexConcurrently",
    "RemoveIndex",
    "RemoveIndexConcurrently",
    "RenameIndex",
    "AddConstraint",
    "AddConstraintNotValid",
    "AlterConstraint",
    "RemoveConstraint",
];

/// Notes the arguments of a call on its record.
fn give<'a>(record: &Record<'a>, arguments: &[Value<'a>], named: &[Named<'a>]) {
    let mut fields = record.fields.borrow_mut();
    fields.extend(arguments.iter().enumerate().map(|(at, value)| (format!("={at}"), value.clone())));
    fields.extend(named.iter().map(|(name, value)| (argument_key(name), value.clone())));
}

/// What the class that holds the method at `span` is derived from.
fn above<'a>(class: &Class<'a>, span: Span, depth: u32) -> Option<Vec<Value<'a>>> {
    let holds = class.env.vars.borrow().values().any(|value| matches!(value, Value::Function(f) if f.span == span));
    if holds {
        return Some(class.bases.clone());
    }
    let mut bases = class.bases.iter().filter(|_| depth < 10);
    bases.find_map(|base| if let Value::Class(base) = base { above(base, span, depth + 1) } else { None })
}

pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Why a value is not known.
pub(super) fn unknown_of(value: &Value<'_>, span: Span) -> Unknown {
    match value {
        Value::Unknown(opaque) => opaque.unknown.clone(),
        _ => Unknown { reason: "the value is not followed".to_owned(), text: "{…}".to_owned(), span },
    }
}

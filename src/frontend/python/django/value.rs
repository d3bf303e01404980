//! What a migration file says, with nothing left of the interpreter that read it.

use crate::ir::{Migration, Operation, Revision, Unknown};
use crate::span::Span;

use super::field::NOT_IN_DATABASE;

/// The names of the parameters of Django's operations, in their order.
const PARAMETERS: &[(&[&str], &[&str])] = &[
    (&["CreateModel"], &["name", "fields", "options", "bases", "managers"]),
    (&["DeleteModel"], &["name"]),
    (&["RenameModel"], &["old_name", "new_name"]),
    (&["AddField", "AlterField"], &["model_name", "name", "field", "preserve_default"]),
    (&["RemoveField"], &["model_name", "name"]),
    (&["RenameField"], &["model_name", "old_name", "new_name"]),
    (&["AlterModelTable"], &["name", "table"]),
    (&["AlterUniqueTogether"], &["name", "unique_together"]),
    (&["AlterIndexTogether"], &["name", "index_together"]),
    (&["AlterOrderWithRespectTo"], &["name", "order_with_respect_to"]),
    (&["AddIndex", "AddIndexConcurrently"], &["model_name", "index"]),
    (&["RemoveIndex", "RemoveIndexConcurrently", "RemoveConstraint"], &["model_name", "name"]),
    (&["AddConstraint", "AddConstraintNotValid"], &["model_name", "constraint"]),
];

/// The options of a model that a database shows.
const OPTIONS: &[&str] = &[
    "constraints",
    "db_table",
    "db_table_comment",
    "db_tablespace",
    "index_together",
    "indexes",
    "managed",
    "order_with_respect_to",
    "proxy",
    "swappable",
    "unique_together",
];

/// A value of the source.
#[derive(Clone, PartialEq, Debug)]
pub enum Py {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as written.
    Number(String),
    /// A string.
    Text(String),
    /// A list, tuple or set.
    List(Vec<Py>),
    /// A dictionary.
    Dict(Vec<(Py, Py)>),
    /// A call of a class, or an expression over such (`Q(a=1) | Q(b=2)` has the path `|`).
    Call(Box<Call>),
    /// A function or class, and what calling it without arguments gives.
    Name(String, Box<Py>),
    /// Not known.
    Unknown(Unknown),
}

/// A call that the source makes, not run.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// What is called, by its full dotted path: `django.db.models.CharField`.
    pub path: String,
    /// The paths of what that class is derived from, nearest first, where it is one of the project.
    pub bases: Vec<String>,
    /// Positional arguments.
    pub args: Vec<Py>,
    /// Keyword arguments in order.
    pub kwargs: Vec<(String, Py)>,
    /// What `db_type` of the project's class gives.
    pub db_type: Option<String>,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Call {
    /// The same call, wherever it stands.
    fn eq(&self, other: &Self) -> bool {
        let pairs = |call: &Self| {
            let mut pairs = call.kwargs.clone();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            pairs
        };
        self.path == other.path && self.args == other.args && pairs(self) == pairs(other)
    }
}

impl Call {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        last(&self.path)
    }

    /// A keyword argument.
    pub fn get(&self, name: &str) -> Option<&Py> {
        self.kwargs.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// An argument given by place or by name.
    pub fn argument(&self, at: usize, name: &str) -> Option<&Py> {
        self.get(name).or_else(|| self.args.get(at))
    }

    /// A keyword argument that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Py::as_str)
    }

    /// A keyword argument that is a truth value.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Py::Bool(value) => Some(*value),
            Py::None => Some(false),
            Py::Int(value) => Some(*value != 0),
            _ => None,
        }
    }

    /// Whether the class, or one that it is derived from, has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name() == name || self.bases.iter().any(|base| last(base) == name)
    }

    /// The same operation with its arguments by name.
    fn named(&self) -> Self {
        let names = PARAMETERS.iter().find(|(operations, _)| operations.contains(&self.name()));
        let names = names.map_or(&[][..], |(_, names)| *names);
        let mut call = Self { args: Vec::new(), ..self.clone() };
        for (at, value) in self.args.iter().enumerate() {
            match names.get(at) {
                Some(name) => call.kwargs.push(((*name).to_owned(), value.clone())),
                None => call.args.push(value.clone()),
            }
        }
        call.kwargs.retain(|(name, _)| name != "managers" && name != "preserve_default");
        if let Some((_, Py::Dict(options))) = call.kwargs.iter_mut().find(|(name, _)| name == "options") {
            options.retain(|(name, _)| name.as_str().is_some_and(|name| OPTIONS.contains(&name)));
        }
        call.kwargs.retain(|(name, value)| !(name == "options" && *value == Py::Dict(Vec::new())));
        call
    }

    /// Writes it without places, and without what no database shows.
    fn say(&self, out: &mut String) {
        out.push_str(&self.path);
        out.push('(');
        for argument in &self.args {
            argument.say(out);
            out.push(',');
        }
        let mut named: Vec<&(String, Py)> = self.kwargs.iter().collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let shows = |name: &str| name == "db_column" || !NOT_IN_DATABASE.contains(&name);
        for (name, value) in named.into_iter().filter(|(name, _)| shows(name)) {
            out.push_str(name);
            out.push('=');
            value.say(out);
            out.push(',');
        }
        out.push(')');
    }

    /// Sets a keyword argument.
    pub fn set(&mut self, name: &str, value: Py) {
        match self.kwargs.iter_mut().find(|(key, _)| key == name) {
            Some((_, slot)) => *slot = value,
            None => self.kwargs.push((name.to_owned(), value)),
        }
    }
}

/// The last part of a dotted path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

impl Py {
    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The elements of a list; of a dictionary its keys.
    pub fn items(&self) -> Vec<&Self> {
        match self {
            Self::List(items) => items.iter().collect(),
            Self::Dict(pairs) => pairs.iter().map(|(key, _)| key).collect(),
            _ => Vec::new(),
        }
    }

    /// The strings of a list.
    pub fn strings(&self) -> Vec<String> {
        self.items().into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// Writes it without places.
    fn say(&self, out: &mut String) {
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Number(text) | Self::Name(text, _) => out.push_str(text),
            Self::Text(text) => out.extend(format!("{text:?}").chars()),
            Self::List(items) => {
                out.push('[');
                for item in items {
                    item.say(out);
                    out.push(',');
                }
                out.push(']');
            }
            Self::Dict(pairs) => {
                out.push('{');
                for (key, value) in pairs {
                    key.say(out);
                    out.push(':');
                    value.say(out);
                    out.push(',');
                }
                out.push('}');
            }
            Self::Call(call) => call.say(out),
            Self::Unknown(unknown) => out.push_str(&unknown.text),
        }
    }

    /// The call, where it is one.
    pub fn call(&self) -> Option<&Call> {
        if let Self::Call(call) = self { Some(call) } else { None }
    }

    /// The value of a key of a dictionary.
    pub fn key(&self, name: &str) -> Option<&Self> {
        let Self::Dict(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
    }
}

/// One migration of a Django app.
#[derive(Clone, Debug, Default)]
pub struct DjangoMigration {
    /// The app's label.
    pub app: String,
    /// Its name: that of the file.
    pub name: String,
    /// The class, or the file where there is none.
    pub span: Span,
    /// `dependencies`: app and name (`__first__`, `__latest__`).
    pub dependencies: Vec<(String, String)>,
    /// `run_before`.
    pub run_before: Vec<(String, String)>,
    /// `replaces`.
    pub replaces: Vec<(String, String)>,
    /// The same as its place in the graph, and how it is taken back.
    pub revision: Option<Revision>,
    /// `atomic`, where it is known.
    pub atomic: Option<bool>,
    /// `operations`.
    pub operations: Vec<Step>,
    /// What the project's setting `AUTH_USER_MODEL` is, where its settings were seen.
    pub user_model: Option<String>,
    /// The class of keys that nobody wrote, where the app's configuration or the project's settings say it.
    pub auto_field: Option<String>,
    /// An empty migration with the file's name, role and runner.
    pub shell: Option<Migration>,
}

impl DjangoMigration {
    /// How many operations of Django it has, known or not; those that stand in one another each count.
    pub fn directives(&self) -> usize {
        self.operations.iter().map(Step::directives).sum()
    }

    /// What it does to a database, operation by operation, each as a text with its place. Two versions of a file that
    /// do the same have the same texts, however they are written.
    pub fn said(&self) -> Vec<(String, Span)> {
        let mut said = Vec::new();
        self.operations.iter().for_each(|step| step.said(&mut said));
        said
    }
}

/// One operation of a migration.
#[derive(Clone, Debug)]
pub enum Step {
    /// A call of an operation's class.
    Call(Call),
    /// `SeparateDatabaseAndState`: what is done, what is noted.
    Separate(Vec<Step>, Vec<Step>, Span),
    /// What was read at once, since it needs no state: SQL and functions; the way back after it, and the state steps.
    Done(Vec<Operation>, Vec<Operation>, Vec<Step>),
    /// Not known.
    Unknown(Unknown),
}

impl Step {
    fn said(&self, said: &mut Vec<(String, Span)>) {
        match self {
            // These change what Django knows, and nothing else.
            Self::Call(call) if call.is("AlterModelOptions") || call.is("AlterModelManagers") => {}
            Self::Call(call) => {
                let mut text = String::new();
                call.named().say(&mut text);
                said.push((text, call.span));
            }
            Self::Separate(database, ..) => database.iter().for_each(|step| step.said(said)),
            Self::Done(forward, ..) => {
                let text = |op: &Operation| format!("{:016x}", op.statement.fingerprint);
                said.extend(forward.iter().map(|op| (text(op), op.statement.span)));
            }
            Self::Unknown(unknown) => said.push((unknown.text.clone(), unknown.span)),
        }
    }

    fn directives(&self) -> usize {
        let all = |steps: &[Self]| steps.iter().map(Self::directives).sum::<usize>();
        match self {
            Self::Call(_) | Self::Unknown(_) => 1,
            Self::Separate(database, state, _) => all(database) + all(state),
            Self::Done(_, _, state) => 1 + all(state),
        }
    }
}

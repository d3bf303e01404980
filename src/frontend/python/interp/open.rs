//! Files that a script reads: `open("x.sql").read()`, `(HERE / "x.sql").read_text()`, where the path is known.

use std::rc::Rc;

use ruff_python_ast::ExprCall;

use super::super::sqlalchemy::Args;
use super::super::value::{Text, Value};
use super::Interp;
use crate::frontend::text::SqlText;
use crate::span::Span;

/// A path relative to the folder of the file that names it.
const PATH: &str = "#path";
/// A file that is open.
const FILE: &str = "#file";
/// Most parts of a path.
const MAX_PARTS: usize = 40;

impl<'a> Interp<'a> {
    /// `__file__`.
    pub(super) fn own_path(&self, span: Span) -> Value<'a> {
        let path = self.units.get(self.unit()).map_or("", |unit| unit.file.path.as_str());
        Self::path_at(path.rsplit('/').next().unwrap_or_default(), span)
    }

    fn path_at(path: &str, span: Span) -> Value<'a> {
        let text = super::super::sqlalchemy::word(path, span);
        let args = Args { positional: vec![text], ..Args::default() };
        Value::Record(Rc::new(super::alembic::record(PATH, args, span)))
    }

    /// The path that a value is, and whether it is relative to the file.
    fn path_of(value: &Value<'a>) -> Option<(String, bool)> {
        match value {
            Value::Record(record) if record.class == PATH => {
                Some((record.fields.borrow().get("0")?.as_str()?.to_owned(), true))
            }
            // `Path("x.sql")`
            Value::Record(record) if record.of.is_none() && matches!(record.class.as_str(), "Path" | "PurePath") => {
                let inner = record.fields.borrow().get("0").cloned()?;
                if let Value::Record(_) = &inner {
                    return None;
                }
                Self::path_of(&inner)
            }
            Value::Text(_) => Some((value.as_str()?.to_owned(), false)),
            _ => None,
        }
    }

    fn parent(path: &str, span: Span) -> Value<'a> {
        let parent = match path.trim_end_matches('/').rsplit_once('/') {
            Some((parent, last)) if last != ".." => parent.to_owned(),
            None if !matches!(path, "" | "." | "..") => ".".to_owned(),
            _ if matches!(path, "" | ".") => "..".to_owned(),
            _ => format!("{path}/.."),
        };
        Self::path_at(&parent, span)
    }

    /// A path and what is below it; `None` where either is not known.
    pub(super) fn below(base: &Value<'a>, rest: &[Value<'a>], span: Span) -> Option<Value<'a>> {
        let Value::Record(record) = base else { return None };
        if record.class != PATH || rest.len() > MAX_PARTS {
            return None;
        }
        let (mut path, _) = Self::path_of(base)?;
        for part in rest {
            path = format!("{path}/{}", part.as_str()?);
        }
        Some(Self::path_at(&path, span))
    }

    /// An attribute of a path: `.parent`.
    pub(super) fn path_attribute(base: &Value<'a>, name: &str, span: Span) -> Option<Value<'a>> {
        let Value::Record(record) = base else { return None };
        if record.class != PATH || name != "parent" {
            return None;
        }
        Some(Self::parent(&Self::path_of(base)?.0, span))
    }

    /// A function or method that makes a path, opens a file or reads it; `None` for any other.
    pub(super) fn path_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        if let Value::Record(record) = base
            && record.class == FILE
        {
            let inner = record.fields.borrow().get("0").cloned()?;
            return match name {
                "read" | "read_text" => Some(inner),
                _ => None,
            };
        }
        let is_path = matches!(base, Value::Record(record) if record.class == PATH || record.class == "Path");
        match name {
            "resolve" | "absolute" | "expanduser" if is_path => return Some(base.clone()),
            "joinpath" if is_path => return Self::below(base, arguments, span),
            "with_name" if is_path => {
                let parent = Self::parent(&Self::path_of(base)?.0, span);
                return Self::below(&parent, arguments, span);
            }
            "read_text" if is_path => return self.file_at(base),
            "open" if is_path => return self.opened(base, span),
            _ => {}
        }
        // `os.path`, whatever it is imported as.
        base.path().filter(|path| matches!(*path, "os.path" | "io" | "codecs" | "pathlib"))?;
        self.path_function(name, arguments, call)
    }

    /// `open(path)`, `dirname(__file__)`, `join(HERE, "x.sql")`, `Path(__file__)`.
    pub(super) fn path_function(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        let first = arguments.first()?;
        let own = matches!(first, Value::Record(record) if record.class == PATH);
        match name {
            "open" => self.opened(first, span),
            "dirname" if own => Some(Self::parent(&Self::path_of(first)?.0, span)),
            "abspath" | "realpath" | "normpath" | "str" | "fspath" | "Path" if own => Some(first.clone()),
            "join" if own => Self::below(first, arguments.get(1..)?, span),
            _ => None,
        }
    }

    fn opened(&mut self, path: &Value<'a>, span: Span) -> Option<Value<'a>> {
        let text = self.file_at(path)?;
        let args = Args { positional: vec![text], ..Args::default() };
        Some(Value::Record(Rc::new(super::alembic::record(FILE, args, span))))
    }

    /// The text of the SQL file at a path.
    fn file_at(&mut self, path: &Value<'a>) -> Option<Value<'a>> {
        let (path, beside) = Self::path_of(path)?;
        if !path.to_ascii_lowercase().ends_with(".sql") {
            return None;
        }
        let from = self.units.get(self.unit())?.file;
        let file = self.program.modules.included(from, &path, beside)?;
        self.spend(file.text.len() / 8);
        let sql = SqlText::of_file(file.id, &file.text);
        Some(Value::Text(Rc::new(Text { sql, marked: true, ..Text::default() })))
    }
}

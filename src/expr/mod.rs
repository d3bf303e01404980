//! The condition language of rules: a strict, statically checked subset of CEL with three-valued answers.
//!
//! Pure: it knows nothing of migrations. The names that a condition may use, and their types, are given by
//! [`Names`]; their values by [`Env`]. Everything that can be wrong with a condition is said by [`compile`], with the
//! range of bytes it is about, so that evaluation has no errors.
//!
//! | written | means |
//! |---|---|
//! | `a && b`, `a \|\| b`, `!a` | Kleene's strong logic: `unknown && false` is no, `unknown \|\| true` is yes |
//! | `==` `!=` | two values of one type: truth, number, string, list |
//! | `<` `<=` `>` `>=` | numbers |
//! | `s in list` | a string and a list; of a literal list each element is asked for itself |
//! | `s.startsWith(t)` `s.endsWith(t)` `s.contains(t)` | strings |
//! | `s.matches(re)` | somewhere in `s`; `re` is a literal or a constant name, compiled when the rule is loaded |
//! | `size(x)`, `x.size()` | characters of a string, elements of a list |
//! | `list.exists(v, cond)`, `list.all(v, cond)` | `v` stands for each element in turn |
//!
//! A comparison with a value that is not known is unknown.

mod check;
mod lexer;
mod program;
mod syntax;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

pub use program::Program;

/// Longest condition, in bytes.
pub const MAX_SOURCE: usize = 4096;

/// Deepest nesting of parentheses, negations, lists and calls.
pub const MAX_DEPTH: usize = 64;

/// The type of an expression.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A string.
    Str,
    /// A list of strings.
    List,
}

impl Type {
    /// The type as said in messages: "a string".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a number",
            Self::Str => "a string",
            Self::List => "a list",
        }
    }
}

/// A value of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string.
    Str(String),
    /// A list of strings.
    List(Vec<String>),
    /// The source does not say.
    Unknown,
}

impl Value {
    /// Its type; none where it is not known.
    pub fn kind(&self) -> Option<Type> {
        match self {
            Self::Bool(_) => Some(Type::Bool),
            Self::Int(_) => Some(Type::Int),
            Self::Str(_) => Some(Type::Str),
            Self::List(_) => Some(Type::List),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for Value {
    /// The value as it reads in a sentence: strings bare, lists with commas, `unknown`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Str(value) => value.fmt(f),
            Self::List(values) => f.write_str(&values.join(", ")),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What is known of a name when a condition is compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// A fact: the number under which [`Env`] gives its value, and its type.
    Fact(u32, Type),
    /// A constant, which [`Program::rebind`] can replace under this number. Never [`Value::Unknown`].
    Constant(u32, Value),
    /// A name that exists and cannot be used here; the reason as a clause ("is a fact of `index.create`").
    Elsewhere(String),
    /// No such name.
    Missing,
}

/// The names that a condition may use.
pub trait Names {
    /// What `name` stands for.
    fn lookup(&self, name: &str) -> Lookup;

    /// Every name that can be used, for "did you mean".
    fn all(&self) -> Vec<String>;
}

/// The values of the names.
pub trait Env {
    /// The value of the fact with this number. A value of another type than was declared counts as unknown.
    fn get(&self, id: u32) -> Value;
}

/// What is wrong with a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExprError {
    /// The bytes of the condition that it is about.
    pub range: Range<usize>,
    /// What is wrong, as a clause.
    pub message: String,
    /// What was probably meant, to stand in place of `range`.
    pub suggestion: Option<String>,
    /// What to do, where it is not the suggestion.
    pub help: Option<String>,
}

impl ExprError {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), suggestion: None, help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The suggestion or the help as a sentence.
    pub fn advice(&self) -> Option<String> {
        match &self.suggestion {
            Some(word) => Some(format!("did you mean `{word}`?")),
            None => self.help.clone(),
        }
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl std::error::Error for ExprError {}

/// Reads and checks a condition. Its result is true or false, or not known.
pub fn compile(source: &str, names: &dyn Names) -> Result<Program, ExprError> {
    if source.len() > MAX_SOURCE {
        let message = format!("a condition has at most {MAX_SOURCE} bytes, this one has {}", source.len());
        return Err(ExprError::new(0..source.len(), message));
    }
    let tokens = lexer::read(source)?;
    let tree = syntax::parse(source, &tokens)?;
    check::check(source, &tree, names)
}

/// The error for a name that is not there, with the nearest that is.
pub(crate) fn unknown_name(range: Range<usize>, name: &str, names: &[String]) -> ExprError {
    let mut error = ExprError::new(range, format!("unknown fact `{name}`"));
    error.suggestion =
        crate::diagnostic::nearest(name, names.iter().map(String::as_str)).or_else(|| only_ending(name, names));
    error
}

/// The one name whose part after the dot is `name`.
fn only_ending(name: &str, names: &[String]) -> Option<String> {
    let mut ending = names.iter().filter(|full| full.rsplit_once('.').is_some_and(|(_, last)| last == name));
    let first = ending.next()?;
    ending.next().is_none().then(|| first.clone())
}

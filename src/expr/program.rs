//! A checked condition and its evaluation. The tree is split by type, so that evaluation cannot fail.

use std::borrow::Cow;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::{Env, ExprError, Value};
use crate::ir::Tri;

/// `exists` and `all` within one another; each level multiplies the work by the length of a list.
pub(super) const MAX_LOCALS: usize = 2;

/// Bytes that a compiled regular expression may take.
const MAX_REGEX: usize = 1 << 20;

/// A condition that was read and checked.
#[derive(Clone, Debug)]
pub struct Program {
    source: String,
    test: Test,
    facts: Vec<u32>,
}

impl Program {
    pub(super) fn new(source: &str, test: Test, facts: Vec<u32>) -> Self {
        Self { source: source.to_owned(), test, facts }
    }

    /// The condition as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The numbers of the facts it mentions, sorted.
    pub fn facts(&self) -> &[u32] {
        &self.facts
    }

    /// The answer. Reads no fact whose value cannot change it any more.
    pub fn eval(&self, env: &dyn Env) -> Tri {
        self.test.eval(&Scope { env, locals: [""; MAX_LOCALS] })
    }

    /// The same condition with other values for its constants; `None` keeps one as it is.
    ///
    /// Fails where a value is of another type than before, or is no regular expression where one is wanted.
    pub fn rebind(&self, constants: &dyn Fn(u32) -> Option<Value>) -> Result<Self, ExprError> {
        let mut program = self.clone();
        program.test.rebind(&Rebind { constants, whole: 0..self.source.len() })?;
        Ok(program)
    }
}

/// Facts, and the variables of `exists` and `all` around a place.
#[derive(Clone, Copy)]
struct Scope<'s> {
    env: &'s dyn Env,
    locals: [&'s str; MAX_LOCALS],
}

/// New values for constants.
struct Rebind<'r> {
    constants: &'r dyn Fn(u32) -> Option<Value>,
    /// All of the condition, for errors that have no better place.
    whole: Range<usize>,
}

impl Rebind<'_> {
    fn mismatch(&self) -> ExprError {
        ExprError::new(self.whole.clone(), "the value is of another type than the default")
    }
}

/// Where a value of one type comes from.
#[derive(Clone, Debug)]
pub(super) enum Leaf<T> {
    Literal(T),
    Fact(u32),
    Constant(u32, T),
}

impl<T> Leaf<T> {
    fn rebind(&mut self, rebind: &Rebind<'_>, read: fn(Value) -> Option<T>) -> Result<(), ExprError> {
        if let Self::Constant(id, current) = self
            && let Some(value) = (rebind.constants)(*id)
        {
            *current = read(value).ok_or_else(|| rebind.mismatch())?;
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "one signature for the four types")]
fn as_bool(value: Value) -> Option<bool> {
    if let Value::Bool(value) = value { Some(value) } else { None }
}

#[expect(clippy::needless_pass_by_value, reason = "one signature for the four types")]
fn as_int(value: Value) -> Option<i64> {
    if let Value::Int(value) = value { Some(value) } else { None }
}

fn as_text(value: Value) -> Option<String> {
    if let Value::Str(value) = value { Some(value) } else { None }
}

fn as_list(value: Value) -> Option<Vec<String>> {
    if let Value::List(value) = value { Some(value) } else { None }
}

/// Something true or false.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Leaf(Leaf<bool>),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
    Same(Box<Test>, Box<Test>),
    Compare(Order, Number, Number),
    EqualText(Text, Text),
    EqualList(List, List),
    In(Text, List),
    Search(Search, Text, Text),
    Matches(Text, Pattern),
    Exists(List, usize, Box<Test>),
    ForAll(List, usize, Box<Test>),
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
}

/// Where in a string another is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Search {
    Start,
    End,
    Anywhere,
}

/// A number.
#[derive(Clone, Debug)]
pub(super) enum Number {
    Leaf(Leaf<i64>),
    Characters(Text),
    Elements(List),
}

/// A string.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Leaf(Leaf<String>),
    Local(usize),
}

/// A list of strings.
#[derive(Clone, Debug)]
pub(super) enum List {
    Literal(Vec<Text>),
    Leaf(Leaf<Vec<String>>),
}

/// A regular expression, with the constant it came from.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    constant: Option<u32>,
    range: Range<usize>,
}

impl Pattern {
    pub(super) fn new(text: &str, constant: Option<u32>, range: Range<usize>) -> Result<Self, ExprError> {
        match RegexBuilder::new(text).size_limit(MAX_REGEX).build() {
            Ok(regex) => Ok(Self { regex, constant, range }),
            Err(error) => {
                // The crate draws a picture of several lines; the reason is in the last.
                let picture = error.to_string();
                let reason = picture.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(ExprError::new(range, format!("`{text}` is no regular expression: {reason}")))
            }
        }
    }
}

impl Test {
    fn eval(&self, scope: &Scope<'_>) -> Tri {
        match self {
            Self::Leaf(Leaf::Literal(value) | Leaf::Constant(_, value)) => Tri::from(*value),
            Self::Leaf(Leaf::Fact(id)) => as_bool(scope.env.get(*id)).map_or(Tri::Unknown, Tri::from),
            Self::Not(inner) => !inner.eval(scope),
            Self::And(tests) => every(tests.iter().map(|test| test.eval(scope))),
            Self::Or(tests) => some(tests.iter().map(|test| test.eval(scope))),
            Self::Same(left, right) => match (left.eval(scope), right.eval(scope)) {
                (Tri::Unknown, _) | (_, Tri::Unknown) => Tri::Unknown,
                (left, right) => Tri::from(left == right),
            },
            Self::Compare(order, left, right) => both(left.eval(scope), right.eval(scope), |left, right| match order {
                Order::Equal => left == right,
                Order::Less => left < right,
                Order::LessOrEqual => left <= right,
            }),
            Self::EqualText(left, right) => both(left.eval(scope), right.eval(scope), |left, right| left == right),
            Self::EqualList(left, right) => both(left.eval(scope), right.eval(scope), |left, right| left == right),
            Self::In(text, list) => contains(text, list, scope),
            Self::Search(search, text, part) => both(text.eval(scope), part.eval(scope), |text, part| match search {
                Search::Start => text.starts_with(part.as_ref()),
                Search::End => text.ends_with(part.as_ref()),
                Search::Anywhere => text.contains(part.as_ref()),
            }),
            Self::Matches(text, pattern) => {
                text.eval(scope).map_or(Tri::Unknown, |text| Tri::from(pattern.regex.is_match(&text)))
            }
            Self::Exists(list, local, test) => each(list, *local, test, scope, |answers| some(answers)),
            Self::ForAll(list, local, test) => each(list, *local, test, scope, |answers| every(answers)),
        }
    }

    fn rebind(&mut self, rebind: &Rebind<'_>) -> Result<(), ExprError> {
        match self {
            Self::Leaf(leaf) => leaf.rebind(rebind, as_bool),
            Self::Not(inner) => inner.rebind(rebind),
            Self::And(tests) | Self::Or(tests) => tests.iter_mut().try_for_each(|test| test.rebind(rebind)),
            Self::Same(left, right) => left.rebind(rebind).and_then(|()| right.rebind(rebind)),
            Self::Compare(_, left, right) => left.rebind(rebind).and_then(|()| right.rebind(rebind)),
            Self::EqualText(left, right) | Self::Search(_, left, right) => {
                left.rebind(rebind).and_then(|()| right.rebind(rebind))
            }
            Self::EqualList(left, right) => left.rebind(rebind).and_then(|()| right.rebind(rebind)),
            Self::In(text, list) => text.rebind(rebind).and_then(|()| list.rebind(rebind)),
            Self::Matches(text, pattern) => {
                text.rebind(rebind)?;
                if let Some(value) = pattern.constant.and_then(rebind.constants) {
                    let value = as_text(value).ok_or_else(|| rebind.mismatch())?;
                    *pattern = Pattern::new(&value, pattern.constant, pattern.range.clone())?;
                }
                Ok(())
            }
            Self::Exists(list, _, test) | Self::ForAll(list, _, test) => {
                list.rebind(rebind).and_then(|()| test.rebind(rebind))
            }
        }
    }
}

impl Number {
    fn eval(&self, scope: &Scope<'_>) -> Option<i64> {
        let size = match self {
            Self::Leaf(Leaf::Literal(value) | Leaf::Constant(_, value)) => return Some(*value),
            Self::Leaf(Leaf::Fact(id)) => return as_int(scope.env.get(*id)),
            Self::Characters(text) => text.eval(scope)?.chars().count(),
            // The length of a literal list is known even where an element is not.
            Self::Elements(List::Literal(elements)) => elements.len(),
            Self::Elements(list) => list.eval(scope)?.len(),
        };
        Some(i64::try_from(size).unwrap_or(i64::MAX))
    }

    fn rebind(&mut self, rebind: &Rebind<'_>) -> Result<(), ExprError> {
        match self {
            Self::Leaf(leaf) => leaf.rebind(rebind, as_int),
            Self::Characters(text) => text.rebind(rebind),
            Self::Elements(list) => list.rebind(rebind),
        }
    }
}

impl Text {
    fn eval<'s>(&'s self, scope: &Scope<'s>) -> Option<Cow<'s, str>> {
        match self {
            Self::Leaf(Leaf::Literal(value) | Leaf::Constant(_, value)) => Some(Cow::Borrowed(value)),
            Self::Leaf(Leaf::Fact(id)) => as_text(scope.env.get(*id)).map(Cow::Owned),
            Self::Local(local) => scope.locals.get(*local).copied().map(Cow::Borrowed),
        }
    }

    fn rebind(&mut self, rebind: &Rebind<'_>) -> Result<(), ExprError> {
        match self {
            Self::Leaf(leaf) => leaf.rebind(rebind, as_text),
            Self::Local(_) => Ok(()),
        }
    }
}

impl List {
    fn eval<'s>(&'s self, scope: &Scope<'s>) -> Option<Cow<'s, [String]>> {
        match self {
            Self::Literal(elements) => {
                let values = elements.iter().map(|element| element.eval(scope).map(Cow::into_owned));
                values.collect::<Option<Vec<_>>>().map(Cow::Owned)
            }
            Self::Leaf(Leaf::Literal(value) | Leaf::Constant(_, value)) => Some(Cow::Borrowed(value)),
            Self::Leaf(Leaf::Fact(id)) => as_list(scope.env.get(*id)).map(Cow::Owned),
        }
    }

    fn rebind(&mut self, rebind: &Rebind<'_>) -> Result<(), ExprError> {
        match self {
            Self::Literal(elements) => elements.iter_mut().try_for_each(|element| element.rebind(rebind)),
            Self::Leaf(leaf) => leaf.rebind(rebind, as_list),
        }
    }
}

/// All hold. Stops at the first that does not.
fn every(answers: impl Iterator<Item = Tri>) -> Tri {
    let mut result = Tri::Yes;
    for answer in answers {
        result = result.and(answer);
        if result == Tri::No {
            break;
        }
    }
    result
}

/// One holds. Stops at the first that does.
fn some(answers: impl Iterator<Item = Tri>) -> Tri {
    let mut result = Tri::No;
    for answer in answers {
        result = result.or(answer);
        if result == Tri::Yes {
            break;
        }
    }
    result
}

fn both<T, U>(left: Option<T>, right: Option<U>, compare: impl FnOnce(T, U) -> bool) -> Tri {
    match (left, right) {
        (Some(left), Some(right)) => Tri::from(compare(left, right)),
        _ => Tri::Unknown,
    }
}

fn contains(text: &Text, list: &List, scope: &Scope<'_>) -> Tri {
    let text = text.eval(scope);
    match list {
        List::Literal(elements) => some(
            elements.iter().map(|element| both(text.as_ref(), element.eval(scope), |text, element| *text == element)),
        ),
        // Nothing is in an empty list, whatever it is.
        List::Leaf(_) => match list.eval(scope) {
            Some(values) if values.is_empty() => Tri::No,
            values => both(text, values, |text, values| values.iter().any(|value| *value == text)),
        },
    }
}

/// The answers of `test` for each element of `list`, joined.
fn each(
    list: &List,
    local: usize,
    test: &Test,
    scope: &Scope<'_>,
    join: fn(&mut dyn Iterator<Item = Tri>) -> Tri,
) -> Tri {
    let Some(values) = list.eval(scope) else { return Tri::Unknown };
    join(&mut values.iter().map(|value| {
        let mut inner = Scope { env: scope.env, locals: scope.locals };
        if let Some(slot) = inner.locals.get_mut(local) {
            *slot = value;
        }
        test.eval(&inner)
    }))
}

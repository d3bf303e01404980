//! The tree to a program: names are looked up, types are checked, regular expressions compiled.

use std::collections::BTreeSet;
use std::ops::Range;

use super::program::{Leaf, List, MAX_LOCALS, Number, Order, Pattern, Program, Search, Test, Text};
use super::syntax::{Call, Node, Relation, Tree};
use super::{ExprError, Lookup, Names, Type, Value, unknown_name};
use crate::diagnostic::nearest;

/// Functions and methods, for "did you mean".
const FUNCTIONS: [&str; 7] = ["startsWith", "endsWith", "contains", "matches", "size", "exists", "all"];

/// Checks `tree`, the whole of the condition `source`.
pub(super) fn check(source: &str, tree: &Tree, names: &dyn Names) -> Result<Program, ExprError> {
    let mut checker = Checker { source, names, locals: Vec::new(), facts: BTreeSet::new() };
    let test = checker.test(tree, "a condition is true or false")?;
    Ok(Program::new(source, test, checker.facts.into_iter().collect()))
}

/// A part of the condition with its type.
enum Typed {
    Bool(Test),
    Int(Number),
    Str(Text),
    List(List),
}

impl Typed {
    fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Str(_) => Type::Str,
            Self::List(_) => Type::List,
        }
    }
}

struct Checker<'c> {
    source: &'c str,
    names: &'c dyn Names,
    /// Variables of `exists` and `all`, outermost first.
    locals: Vec<String>,
    facts: BTreeSet<u32>,
}

impl Checker<'_> {
    fn shown(&self, range: &Range<usize>) -> &str {
        self.source.get(range.clone()).unwrap_or_default()
    }

    /// The error "`index.name` is a string; why".
    fn mismatch(&self, tree: &Tree, found: &Typed, why: &str) -> ExprError {
        let message = format!("`{}` is {}; {why}", self.shown(&tree.range), found.kind().describe());
        ExprError::new(tree.range.clone(), message)
    }

    fn test(&mut self, tree: &Tree, why: &str) -> Result<Test, ExprError> {
        match self.typed(tree)? {
            Typed::Bool(test) => Ok(test),
            other => Err(self.mismatch(tree, &other, why)),
        }
    }

    fn text(&mut self, tree: &Tree, why: &str) -> Result<Text, ExprError> {
        match self.typed(tree)? {
            Typed::Str(text) => Ok(text),
            other => Err(self.mismatch(tree, &other, why)),
        }
    }

    fn number(&mut self, tree: &Tree, why: &str) -> Result<Number, ExprError> {
        match self.typed(tree)? {
            Typed::Int(number) => Ok(number),
            other => Err(self.mismatch(tree, &other, why)),
        }
    }

    fn list(&mut self, tree: &Tree, why: &str) -> Result<List, ExprError> {
        match self.typed(tree)? {
            Typed::List(list) => Ok(list),
            other => Err(self.mismatch(tree, &other, why)),
        }
    }

    fn typed(&mut self, tree: &Tree) -> Result<Typed, ExprError> {
        Ok(match &tree.node {
            Node::Bool(value) => Typed::Bool(Test::Leaf(Leaf::Literal(*value))),
            Node::Int(value) => Typed::Int(Number::Leaf(Leaf::Literal(*value))),
            Node::Text(value) => Typed::Str(Text::Leaf(Leaf::Literal(value.clone()))),
            Node::List(elements) => {
                let texts = elements.iter().map(|element| self.text(element, "lists hold strings"));
                Typed::List(List::Literal(texts.collect::<Result<_, _>>()?))
            }
            Node::Name(name) => self.name(name, &tree.range)?,
            Node::Not(inner) => Typed::Bool(Test::Not(Box::new(self.test(inner, "`!` negates true or false")?))),
            Node::And(operands) => Typed::Bool(Test::And(self.tests(operands, "`&&` joins conditions")?)),
            Node::Or(operands) => Typed::Bool(Test::Or(self.tests(operands, "`||` joins conditions")?)),
            Node::Relation(relation, left, right) => Typed::Bool(self.relation(*relation, tree, left, right)?),
            Node::Call(call) => self.call(tree, call)?,
        })
    }

    fn tests(&mut self, operands: &[Tree], why: &str) -> Result<Vec<Test>, ExprError> {
        operands.iter().map(|operand| self.test(operand, why)).collect()
    }

    fn name(&mut self, name: &str, range: &Range<usize>) -> Result<Typed, ExprError> {
        if let Some(local) = self.locals.iter().position(|local| local == name) {
            return Ok(Typed::Str(Text::Local(local)));
        }
        match self.names.lookup(name) {
            Lookup::Fact(id, kind) => {
                self.facts.insert(id);
                Ok(match kind {
                    Type::Bool => Typed::Bool(Test::Leaf(Leaf::Fact(id))),
                    Type::Int => Typed::Int(Number::Leaf(Leaf::Fact(id))),
                    Type::Str => Typed::Str(Text::Leaf(Leaf::Fact(id))),
                    Type::List => Typed::List(List::Leaf(Leaf::Fact(id))),
                })
            }
            Lookup::Constant(id, value) => match value {
                Value::Bool(value) => Ok(Typed::Bool(Test::Leaf(Leaf::Constant(id, value)))),
                Value::Int(value) => Ok(Typed::Int(Number::Leaf(Leaf::Constant(id, value)))),
                Value::Str(value) => Ok(Typed::Str(Text::Leaf(Leaf::Constant(id, value)))),
                Value::List(value) => Ok(Typed::List(List::Leaf(Leaf::Constant(id, value)))),
                Value::Unknown => Err(ExprError::new(range.clone(), format!("`{name}` has no value"))),
            },
            Lookup::Elsewhere(reason) => Err(ExprError::new(range.clone(), format!("`{name}` {reason}"))),
            Lookup::Missing => {
                let mut known = self.names.all();
                known.extend(self.locals.iter().cloned());
                Err(unknown_name(range.clone(), name, &known))
            }
        }
    }

    fn relation(&mut self, relation: Relation, whole: &Tree, left: &Tree, right: &Tree) -> Result<Test, ExprError> {
        let numbers = format!("`{}` compares numbers", relation.as_str());
        match relation {
            Relation::Equal => self.equal(whole, left, right),
            Relation::NotEqual => self.equal(whole, left, right).map(|test| Test::Not(Box::new(test))),
            Relation::Less | Relation::LessOrEqual => {
                let order = if relation == Relation::Less { Order::Less } else { Order::LessOrEqual };
                Ok(Test::Compare(order, self.number(left, &numbers)?, self.number(right, &numbers)?))
            }
            Relation::Greater | Relation::GreaterOrEqual => {
                let order = if relation == Relation::Greater { Order::Less } else { Order::LessOrEqual };
                let (left, right) = (self.number(left, &numbers)?, self.number(right, &numbers)?);
                Ok(Test::Compare(order, right, left))
            }
            Relation::In => {
                let text = self.text(left, "`in` looks for a string in a list")?;
                let list = self
                    .list(right, "`in` looks for a string in a list")
                    .map_err(|error| error.help("`text.contains(part)` looks for a string in a string"))?;
                Ok(Test::In(text, list))
            }
        }
    }

    fn equal(&mut self, whole: &Tree, left: &Tree, right: &Tree) -> Result<Test, ExprError> {
        Ok(match (self.typed(left)?, self.typed(right)?) {
            (Typed::Bool(left), Typed::Bool(right)) => Test::Same(Box::new(left), Box::new(right)),
            (Typed::Int(left), Typed::Int(right)) => Test::Compare(Order::Equal, left, right),
            (Typed::Str(left), Typed::Str(right)) => Test::EqualText(left, right),
            (Typed::List(left), Typed::List(right)) => Test::EqualList(left, right),
            (one, other) => {
                let message = format!(
                    "`{}` is {} and `{}` is {}; only values of one type compare",
                    self.shown(&left.range),
                    one.kind().describe(),
                    self.shown(&right.range),
                    other.kind().describe(),
                );
                return Err(ExprError::new(whole.range.clone(), message));
            }
        })
    }

    fn call(&mut self, tree: &Tree, call: &Call) -> Result<Typed, ExprError> {
        let Some(receiver) = &call.receiver else { return self.function(tree, call) };
        let strings = format!("`{}` is for strings", call.function);
        let lists = format!("`{}` is for lists", call.function);
        Ok(match call.function.as_str() {
            "startsWith" | "endsWith" | "contains" => {
                let search = match call.function.as_str() {
                    "startsWith" => Search::Start,
                    "endsWith" => Search::End,
                    _ => Search::Anywhere,
                };
                let [part] = arguments(tree, call)?;
                let text = self.text(receiver, &strings).map_err(|error| {
                    if call.function == "contains" { error.help("for a list write `x in list`") } else { error }
                })?;
                Typed::Bool(Test::Search(search, text, self.text(part, &strings)?))
            }
            "matches" => {
                let [pattern] = arguments(tree, call)?;
                let text = self.text(receiver, &strings)?;
                Typed::Bool(Test::Matches(text, self.pattern(pattern)?))
            }
            "size" => {
                let [] = arguments(tree, call)?;
                self.size(receiver)?
            }
            "exists" | "all" => {
                let [variable, condition] = arguments(tree, call)?;
                let list = self.list(receiver, &lists)?;
                let local = self.declare(variable)?;
                let test = Box::new(self.test(condition, "the second argument is a condition")?);
                self.locals.pop();
                let exists = call.function == "exists";
                Typed::Bool(if exists { Test::Exists(list, local, test) } else { Test::ForAll(list, local, test) })
            }
            _ => return Err(unknown_function(call)),
        })
    }

    fn function(&mut self, tree: &Tree, call: &Call) -> Result<Typed, ExprError> {
        if call.function == "size" {
            let [value] = arguments(tree, call)?;
            return self.size(value);
        }
        if FUNCTIONS.contains(&call.function.as_str()) {
            let message = format!("`{}` is a method", call.function);
            let help = format!("write `value.{}(…)`", call.function);
            return Err(ExprError::new(call.function_range.clone(), message).help(help));
        }
        Err(unknown_function(call))
    }

    fn size(&mut self, value: &Tree) -> Result<Typed, ExprError> {
        match self.typed(value)? {
            Typed::Str(text) => Ok(Typed::Int(Number::Characters(text))),
            Typed::List(list) => Ok(Typed::Int(Number::Elements(list))),
            other => Err(self.mismatch(value, &other, "`size` is for strings and lists")),
        }
    }

    /// The variable of `exists` or `all`; its place among the variables.
    fn declare(&mut self, variable: &Tree) -> Result<usize, ExprError> {
        let Node::Name(name) = &variable.node else {
            return Err(ExprError::new(variable.range.clone(), "the first argument is a name for each element"));
        };
        let taken = self.locals.contains(name) || self.names.lookup(name) != Lookup::Missing;
        if name.contains('.') || taken {
            let message = if taken { "already means something else" } else { "has a dot, and a variable has none" };
            return Err(ExprError::new(variable.range.clone(), format!("`{name}` {message}")));
        }
        if self.locals.len() >= MAX_LOCALS {
            let message = format!("`exists` and `all` nest at most {MAX_LOCALS} levels deep");
            return Err(ExprError::new(variable.range.clone(), message));
        }
        self.locals.push(name.clone());
        Ok(self.locals.len() - 1)
    }

    fn pattern(&mut self, tree: &Tree) -> Result<Pattern, ExprError> {
        match self.text(tree, "`matches` is for strings")? {
            Text::Leaf(Leaf::Literal(text)) => Pattern::new(&text, None, tree.range.clone()),
            Text::Leaf(Leaf::Constant(id, text)) => Pattern::new(&text, Some(id), tree.range.clone()),
            Text::Leaf(Leaf::Fact(_)) | Text::Local(_) => {
                Err(ExprError::new(tree.range.clone(), "a regular expression is a literal or an option, never a fact")
                    .help("`contains` looks for a string as it is"))
            }
        }
    }
}

/// The arguments, of which there must be `N`.
fn arguments<'t, const N: usize>(tree: &Tree, call: &'t Call) -> Result<[&'t Tree; N], ExprError> {
    let found: Vec<&Tree> = call.arguments.iter().collect();
    let count = found.len();
    found.try_into().map_err(|_| {
        let plural = if N == 1 { "" } else { "s" };
        let message = format!("`{}` takes {N} argument{plural}, here it has {count}", call.function);
        ExprError::new(tree.range.clone(), message)
    })
}

fn unknown_function(call: &Call) -> ExprError {
    let mut error = ExprError::new(call.function_range.clone(), format!("unknown function `{}`", call.function));
    error.suggestion = nearest(&call.function, FUNCTIONS.into_iter());
    if error.suggestion.is_none() {
        error.help = Some(format!("there are `{}`", FUNCTIONS.join("`, `")));
    }
    error
}

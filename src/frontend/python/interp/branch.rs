//! Branches: each arm is run from the same start, under what its test asks, and what the arms leave is joined.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, MatchCase, Pattern, Singleton, Stmt, StmtIf, StmtMatch};

use super::super::guards;
use super::super::value::Value;
use super::{Flow, Interp};
use crate::config::Dialect;
use crate::ir::{Direction, Guard, GuardKind};

/// Patterns within one another.
const MAX_PATTERNS: u32 = 20;

/// When an arm is run.
#[derive(Clone, Copy)]
enum Test<'a> {
    Always,
    If(&'a Expr),
    Case(&'a MatchCase),
}

/// What a test comes to.
#[derive(Default)]
struct Asked {
    taken: Option<bool>,
    /// The guard where it holds, and where it does not.
    guards: Option<(Guard, Guard)>,
    /// It asks for the way back.
    down: bool,
}

/// The value that a `match` statement looks at, and its text.
struct Subject<'a> {
    value: Value<'a>,
    shown: String,
}

type Arm<'a> = (Test<'a>, &'a [Stmt]);
type Vars<'a> = BTreeMap<&'a str, Value<'a>>;

impl<'a> Interp<'a> {
    pub(super) fn branch(&mut self, stmt: &'a StmtIf) -> Flow {
        let test = |test: Option<&'a Expr>| test.map_or(Test::Always, Test::If);
        let mut arms: Vec<Arm<'a>> = vec![(Test::If(&stmt.test), &stmt.body)];
        arms.extend(stmt.elif_else_clauses.iter().map(|clause| (test(clause.test.as_ref()), &clause.body[..])));
        self.arms(arms, None)
    }

    pub(super) fn match_cases(&mut self, stmt: &'a StmtMatch) -> Flow {
        let subject = Subject { value: self.eval(&stmt.subject), shown: self.shown(&*stmt.subject) };
        let arms = stmt.cases.iter().map(|case| (Test::Case(case), &case.body[..])).collect();
        self.arms(arms, Some(&subject))
    }

    fn arms(&mut self, mut arms: Vec<Arm<'a>>, subject: Option<&Subject<'a>>) -> Flow {
        if !matches!(arms.last(), Some((Test::Always, _))) {
            arms.push((Test::Always, &[]));
        }
        let env = self.env();
        let base = self.guards.len();
        let start = env.vars.borrow().clone();
        let direction = self.frame().map_or(Direction::Up, |frame| frame.direction);
        let current = self.dialect();
        let mut joined: Option<Vars<'a>> = None;
        // Whether what is joined so far is of arms for the dialect that goes on after them.
        let mut joined_fits = false;
        let mut flow: Option<Flow> = None;
        let (mut rest, mut negations) = (Vec::new(), Vec::new());
        for (test, body) in arms {
            self.spend(start.len() / 4);
            env.vars.borrow_mut().clone_from(&start);
            self.guards.truncate(base);
            self.guards.extend(negations.iter().cloned());
            let asked = self.ask(test, subject);
            if asked.taken == Some(false) {
                continue;
            }
            self.guards.extend(asked.guards.as_ref().map(|(positive, _)| positive.clone()));
            if let Some(frame) = self.frames.last_mut() {
                frame.direction = if asked.down { Direction::Down } else { direction };
            }
            let ended = self.block(body);
            if ended == Flow::Next {
                let after = std::mem::take(&mut *env.vars.borrow_mut());
                let fits = self.fits(base, current);
                joined = Some(match joined {
                    Some(before) if joined_fits && !fits => before,
                    Some(before) if joined_fits == fits => join(before, after),
                    _ => after,
                });
                joined_fits |= fits;
            }
            flow = Some(flow.map_or(ended, |before| either(before, ended)));
            if let Some((_, negative)) = asked.guards {
                rest.extend((ended != Flow::Next).then(|| negative.clone()));
                negations.push(negative);
            }
            if asked.taken == Some(true) {
                break;
            }
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.direction = direction;
        }
        env.vars.replace(joined.unwrap_or(start));
        self.guards.truncate(base);
        // What an arm that leaves asked is known to be false from here to the end of the block.
        self.guards.extend(rest);
        flow.unwrap_or(Flow::Next)
    }

    /// Whether no guard from `base` on asks for another dialect.
    pub(super) fn fits(&self, base: usize, dialect: Dialect) -> bool {
        let guards = self.guards.get(base..).unwrap_or_default();
        !guards.iter().any(|guard| matches!(guard.kind, GuardKind::Dialect(other) if other != dialect))
    }

    /// What a test comes to, where it is known: also by the dialect, as one that is asked for is that of the code around.
    pub(super) fn decided(&mut self, test: &'a Expr) -> Option<bool> {
        if let Some(truth) = self.eval(test).truth() {
            return Some(truth);
        }
        let (yes, no) = self.classify(test, "");
        let of = |guard: &Guard| match guard.kind {
            GuardKind::Dialect(dialect) => Some(dialect == self.dialect()),
            _ => None,
        };
        of(&yes).or_else(|| of(&no).map(|holds| !holds))
    }

    /// The guard for where a test holds, and for where it does not; a dialect may be named by a constant.
    fn classify(&mut self, test: &'a Expr, origin: &str) -> (Guard, Guard) {
        let (mut yes, mut no) = guards::classify(test, origin, self.out.dialect, self.source(), self.span(test));
        if let (GuardKind::Other, GuardKind::Other, Expr::Compare(compare)) = (&yes.kind, &no.kind, test)
            && let ([op], [right]) = (&*compare.ops, &*compare.comparators)
            && names_value(right)
        {
            let right = self.eval(right);
            let kinds = Self::dialect_named(&right).map(|dialect| guards::by_dialect(dialect, *op, self.out.dialect));
            if let Some((holds, fails)) = kinds {
                (yes.kind, no.kind) = (holds, fails);
            }
        }
        (yes, no)
    }

    fn ask(&mut self, test: Test<'a>, subject: Option<&Subject<'a>>) -> Asked {
        match (test, subject) {
            (Test::If(test), _) => {
                let value = self.eval(test);
                let taken = if guards::is_main(test) { Some(true) } else { value.truth() };
                let origin = match guards::looked_through(test).and_then(|name| self.env().get(name)) {
                    Some(Value::Unknown(opaque)) => opaque.unknown.text.clone(),
                    _ => String::new(),
                };
                let guards = taken.is_none().then(|| self.classify(test, &origin));
                Asked { taken, guards, down: guards::asks_for_down(test) }
            }
            (Test::Case(case), Some(subject)) => {
                let mut taken = self.matches(&case.pattern, &subject.value, 0);
                if let Some(guard) = &case.guard {
                    let holds = self.eval(guard).truth();
                    taken =
                        if taken == Some(true) || holds == Some(false) { holds } else { taken.filter(|taken| !taken) };
                }
                let guards = taken.is_none().then(|| self.case_guard(case, subject));
                Asked { taken, guards, down: strings(&case.pattern, 0).into_iter().any(guards::is_down_text) }
            }
            _ => Asked { taken: Some(true), ..Asked::default() },
        }
    }

    fn case_guard(&self, case: &'a MatchCase, subject: &Subject<'a>) -> (Guard, Guard) {
        let dialect = strings(&case.pattern, 0).into_iter().find_map(guards::dialect_of);
        let kind = dialect.map_or(GuardKind::Other, GuardKind::Dialect);
        let text = format!("{} matches {}", subject.shown, self.shown(&case.pattern));
        let span = self.span(&case.pattern);
        let negative = Guard { kind: GuardKind::Other, text: format!("not ({text})"), span };
        (Guard { kind, text, span }, negative)
    }

    /// Whether a value certainly fits a pattern, or certainly does not; binds the pattern's names.
    fn matches(&mut self, pattern: &'a Pattern, value: &Value<'a>, depth: u32) -> Option<bool> {
        if depth > MAX_PATTERNS {
            return None;
        }
        match pattern {
            Pattern::MatchValue(pattern) => {
                let wanted = self.eval(&pattern.value);
                value.equals(&wanted)
            }
            Pattern::MatchSingleton(pattern) => value.equals(&match pattern.value {
                Singleton::None => Value::None,
                Singleton::True => Value::Bool(true),
                Singleton::False => Value::Bool(false),
            }),
            Pattern::MatchAs(pattern) => {
                if let Some(name) = &pattern.name {
                    self.env().vars.borrow_mut().insert(name.as_str(), value.clone());
                }
                pattern.pattern.as_ref().map_or(Some(true), |inner| self.matches(inner, value, depth + 1))
            }
            Pattern::MatchOr(pattern) => {
                let answers: Vec<_> =
                    pattern.patterns.iter().map(|inner| self.matches(inner, value, depth + 1)).collect();
                if answers.contains(&Some(true)) {
                    return Some(true);
                }
                answers.iter().all(|answer| *answer == Some(false)).then_some(false)
            }
            Pattern::MatchSequence(pattern) => {
                let items = if let Value::List(items, _) = value { items.borrow().clone() } else { Vec::new() };
                for (at, inner) in pattern.patterns.iter().enumerate() {
                    let reason = "it is matched in a value that is not known";
                    let part = items.get(at).cloned().unwrap_or_else(|| self.part_of(value, inner, reason));
                    self.matches(inner, &part, depth + 1);
                }
                None
            }
            _ => None,
        }
    }
}

/// The strings among a pattern's alternatives.
fn strings(pattern: &Pattern, depth: u32) -> Vec<&Expr> {
    match pattern {
        Pattern::MatchValue(pattern) => vec![&*pattern.value],
        Pattern::MatchOr(pattern) if depth < MAX_PATTERNS => {
            pattern.patterns.iter().flat_map(|inner| strings(inner, depth + 1)).collect()
        }
        _ => Vec::new(),
    }
}

/// How a statement ends of which one arm ends so and another so.
fn either(one: Flow, other: Flow) -> Flow {
    match (one, other) {
        (Flow::Next, _) | (_, Flow::Next) => Flow::Next,
        (Flow::Leave, other) => other,
        (one, _) => one,
    }
}

/// The variables after one of two ways.
pub(super) fn join<'a>(mut left: Vars<'a>, right: Vars<'a>) -> Vars<'a> {
    for (name, value) in right {
        let value = match left.remove(name) {
            Some(other) => other.join(value),
            None => value,
        };
        left.insert(name, value);
    }
    left
}

/// Whether an expression is a name, or a list of names: to look what it is runs nothing.
fn names_value(expr: &Expr) -> bool {
    match expr {
        Expr::Name(_) => true,
        Expr::Attribute(attribute) => names_value(&attribute.value),
        Expr::Tuple(tuple) => tuple.elts.iter().all(|item| names_value(item) || item.is_literal_expr()),
        Expr::List(list) => list.elts.iter().all(|item| names_value(item) || item.is_literal_expr()),
        _ => false,
    }
}

//! What a text has defined and runs later: functions and procedures, prepared statements.
//!
//! Creating a function runs nothing of it. A call in the same text runs its body: the statements in it become
//! operations of the statement that calls.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::strings::{Variables, literal};
use super::{DEEPEST, Reader};
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::frontend::text::SqlText;
use crate::ir::{Known, ObjectDetails, OpKind, QualifiedName};

/// What the statements of one text share.
pub(super) struct Shared {
    /// Functions and procedures by their own name.
    routines: RefCell<BTreeMap<String, Vec<Routine>>>,
    /// Prepared statements.
    prepared: RefCell<BTreeMap<String, SqlText>>,
    /// Names of the routines that are being run, so that recursion ends.
    running: RefCell<Vec<QualifiedName>>,
    /// Bytes that may still be read again (bodies of called routines, texts in variables), so that the cost stays
    /// linear in the text.
    budget: Cell<usize>,
}

/// A function or procedure.
#[derive(Clone)]
struct Routine {
    name: QualifiedName,
    /// Where the arguments are the same, a later definition replaces this one.
    arguments: String,
    /// The names of those that a call gives, empty for one without a name.
    parameters: Vec<String>,
    body: Body,
}

#[derive(Clone)]
enum Body {
    /// Statements.
    Sql(SqlText),
    /// A PL/pgSQL block.
    Block(SqlText),
    /// In a language that is not read.
    Foreign,
}

impl Shared {
    /// For a text of `length` bytes.
    pub(super) fn new(length: usize) -> Self {
        Self {
            routines: RefCell::default(),
            prepared: RefCell::default(),
            running: RefCell::default(),
            budget: Cell::new(length.saturating_mul(8).saturating_add(1 << 20)),
        }
    }

    /// Takes `bytes` of the budget; `false` where it is used up.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let left = self.budget.get().checked_sub(bytes);
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }
}

impl<'a> Reader<'a> {
    /// Keeps the body of CREATE FUNCTION or PROCEDURE; the cursor stands after the arguments.
    pub(super) fn remember_function(&mut self, name: Option<&QualifiedName>, arguments: &str, mut c: Cursor<'a>) {
        let Some(name) = name.filter(|_| c.dialect == Dialect::Postgres) else { return };
        let mut language = None;
        let mut text = None;
        let mut is_sql = false;
        while !c.done() {
            if c.eat("LANGUAGE") {
                language = super::catalog::label(&mut c).ok().and_then(|name| name.known().cloned());
            } else if c.eat("AS") {
                let body = c.peek().filter(|t| matches!(t.kind, Kind::String | Kind::Dollar));
                text = body.map(|token| literal(&c, token));
            } else if c.eat("BEGIN ATOMIC") {
                let tokens = c.rest();
                let body = c.over(tokens.get(..tokens.len().saturating_sub(1)).unwrap_or_default());
                (text, is_sql) = (Some(c.text.part(body.range())), true);
                break;
            } else if c.eat("RETURN") {
                let mut select = SqlText::default();
                select.push("SELECT ", c.span());
                select.append(&c.text.part(c.range()));
                (text, is_sql) = (Some(select), true);
                break;
            } else {
                c.skip();
            }
        }
        let language = language.map_or_else(String::new, |name| name.name.to_lowercase());
        let body = match text {
            Some(text) if is_sql || language == "sql" => Body::Sql(text),
            Some(text) if language == "plpgsql" => Body::Block(text),
            _ => Body::Foreign,
        };
        let parameters = parameters(arguments);
        let routine = Routine { name: name.clone(), arguments: arguments.to_owned(), parameters, body };
        let mut routines = self.shared.routines.borrow_mut();
        let same = routines.entry(name.name.clone()).or_default();
        let known = same.iter().position(|known| known.name == routine.name && known.arguments == routine.arguments);
        match known {
            Some(at) => same.splice(at..=at, [routine]).for_each(drop),
            // So many of one name are not told apart by their calls.
            None if same.len() < 8 => same.push(routine),
            None => {}
        }
    }

    /// Reads what a call of `name` runs, whose arguments stand at `call`; `false` where that is not known.
    pub(super) fn run_routine(&mut self, name: &Known<QualifiedName>, call: Cursor<'_>) -> bool {
        let Some(name) = name.known() else { return false };
        let routines: Vec<Routine> = {
            let known = self.shared.routines.borrow();
            let same = known.get(&name.name).map(Vec::as_slice).unwrap_or_default();
            let fits = |routine: &&Routine| {
                routine.name.schema.is_none() || name.schema.is_none() || routine.name.schema == name.schema
            };
            same.iter().filter(fits).cloned().collect()
        };
        if routines.is_empty() || self.depth >= DEEPEST {
            return false;
        }
        let several = routines.len() > 1;
        let mut known = true;
        for routine in routines {
            if self.shared.running.borrow().contains(&routine.name) {
                continue;
            }
            let (Body::Sql(text) | Body::Block(text)) = &routine.body else {
                known = false;
                continue;
            };
            if !self.shared.spend(text.text.len()) {
                return false;
            }
            self.shared.running.borrow_mut().push(routine.name.clone());
            let range = 0..text.text.len();
            let mut inner = match &routine.body {
                Body::Block(_) => self.flow(text, range, self.given(&routine, call)),
                _ => super::read_inside(self, text, range),
            };
            self.shared.running.borrow_mut().pop();
            for op in &mut inner {
                op.conditional |= several;
            }
            // What a function selects for its caller is no statement of the migration.
            inner.retain(|op| op.kind != OpKind::DataSelect);
            self.operations.append(&mut inner);
        }
        known
    }

    /// The parameters of `routine` that the call gives a literal: by name, and by number (`$1`).
    fn given(&self, routine: &Routine, mut call: Cursor<'_>) -> Variables {
        let mut given = Variables::new();
        let Some(arguments) = call.group() else { return given };
        for (number, mut argument) in arguments.split_commas().into_iter().enumerate() {
            let mut ahead = argument;
            let named = ahead.ident_text().filter(|_| ahead.eat_operator("=>") || ahead.eat_operator(":="));
            let at = match &named {
                Some(name) => routine.parameters.iter().position(|parameter| parameter == name),
                None => Some(number),
            };
            if named.is_some() {
                argument = ahead;
            }
            let (Some(at), Some(token)) = (at, argument.peek()) else { continue };
            if argument.rest().len() != 1 || token.hole || !matches!(token.kind, Kind::String | Kind::Dollar) {
                continue;
            }
            let text = literal(&argument, token);
            if !self.shared.spend(text.text.len()) {
                continue;
            }
            if let Some(name) = routine.parameters.get(at).filter(|name| !name.is_empty()) {
                given.insert(name.clone(), vec![Some(text.clone())]);
            }
            given.insert(format!("${}", at + 1), vec![Some(text)]);
        }
        given
    }

    /// Reads what the calls among the tokens of `c` run.
    pub(super) fn run_calls(&mut self, mut c: Cursor<'a>) {
        if self.shared.routines.borrow().is_empty() {
            return;
        }
        let span = self.span;
        while !c.done() {
            let named = matches!(c.kind(), Some(Kind::Word | Kind::Quoted));
            let target = c.before().is_some_and(|t| {
                let word = c.source(t);
                ["INTO", "TABLE", "UPDATE"].iter().any(|before| word.eq_ignore_ascii_case(before))
            });
            let mut ahead = c;
            if named
                && let Ok(name) = ahead.name()
                && ahead.at_kind(Kind::Open)
                && !target
            {
                self.run_routine(&name, ahead);
                c = ahead;
            }
            c.step();
        }
        self.span = span;
    }

    /// PREPARE name [(types)] AS statement, after PREPARE.
    pub(super) fn prepare(&mut self, c: &mut Cursor<'a>) -> Read {
        let name = c.ident_text().ok_or("a name")?;
        c.group();
        let text = if c.eat("AS") {
            Some(c.text.part(c.range()))
        } else if c.eat("FROM") {
            // MySQL's: the text is a string.
            c.peek().filter(|t| t.kind == Kind::String).map(|token| literal(c, token))
        } else {
            return Err("AS");
        };
        let mut prepared = self.shared.prepared.borrow_mut();
        match text {
            Some(text) => prepared.insert(name, text),
            None => prepared.remove(&name),
        };
        drop(prepared);
        self.other("prepare");
        Ok(())
    }

    /// EXECUTE name, after EXECUTE.
    pub(super) fn execute_prepared(&mut self, c: &mut Cursor<'a>) -> Read {
        let name = c.name()?;
        if !self.run_prepared(&name.to_string()) {
            self.run(name);
        }
        Ok(())
    }

    /// Reads the prepared statement of that name; `false` where it is not known.
    pub(super) fn run_prepared(&mut self, name: &str) -> bool {
        let Some(text) = self.shared.prepared.borrow().get(name).cloned() else { return false };
        if self.depth >= DEEPEST || !self.shared.spend(text.text.len()) {
            return false;
        }
        let mut inner = super::read_inside(self, &text, 0..text.text.len());
        self.operations.append(&mut inner);
        true
    }
}

/// The names of the parameters that a call gives, from the text between the parentheses of CREATE FUNCTION; empty for
/// one that has none.
fn parameters(arguments: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = arguments.split(|letter| {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    let mut names = Vec::new();
    for part in parts {
        let mut words = part.split_whitespace().peekable();
        let mode =
            words.next_if(|word| ["IN", "OUT", "INOUT", "VARIADIC"].iter().any(|mode| word.eq_ignore_ascii_case(mode)));
        if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("out")) {
            continue;
        }
        let first = words.next().unwrap_or_default();
        // A type alone can be of several words: `double precision`, `timestamp with time zone`.
        let second = words.next().filter(|word| !["precision", "varying", "with", "without"].contains(word));
        let name = second.map_or_else(String::new, |_| match first.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"').to_owned(),
            None => first.to_lowercase(),
        });
        names.push(name);
    }
    names
}

/// Schemas whose functions are the server's own.
const OWN_SCHEMAS: &[&str] = &["pg_catalog", "information_schema"];

/// How the names of the server's own functions begin, as far as statements call them for themselves.
const OWN: &[&str] = &[
    "pg_",
    "array_",
    "binary_",
    "bit_",
    "bool_",
    "col_",
    "current_",
    "date_",
    "enum_",
    "format_",
    "has_",
    "inet_",
    "json_",
    "jsonb_",
    "lo_",
    "make_",
    "obj_",
    "query_",
    "quote_",
    "range_",
    "regexp_",
    "row_",
    "set_",
    "shobj_",
    "split_",
    "starts_",
    "string_",
    "to_",
    "transaction_",
    "trim_",
    "ts_",
    "txid_",
    "width_",
    "xml_",
    "clock_",
    "statement_",
    "gen_random_",
    "float8_",
    "num_",
    "percentile_",
    "cume_",
    "dense_",
    "percent_",
    "first_",
    "last_",
    "nth_",
    "lag_",
    "parse_",
    "convert_",
    "overlay_",
    "like_",
    "generate_",
    "setval",
    "nextval",
    "currval",
    "justify_",
    "isfinite",
    "octet_",
    "char_",
    "bit_",
    "cardinality",
    "int8_",
    "int4_",
    "int2_",
    "text_",
    "box_",
    "in_",
    "is_",
    "similar_",
    "substring_",
    "timeofday",
    "tsvector_",
    "websearch_",
    "phraseto_",
    "plainto_",
    "numnode",
    "xpath_",
    "cursor_",
    "database_",
    "query_",
    "schema_",
    "table_to_",
    "ascii_",
    "point_",
    "circle_",
    "line_",
    "path_",
    "poly_",
];

/// Whether a bare call of `name` is one of a function that the server does not bring: it has a schema of its own, or
/// a name of several words that none of the server's begin with.
pub(super) fn is_users(name: &QualifiedName) -> bool {
    match &name.schema {
        Some(schema) => !OWN_SCHEMAS.contains(&schema.as_str()),
        None => name.name.contains('_') && !OWN.iter().any(|own| name.name.starts_with(own)),
    }
}

/// What stands after the arguments of a function.
pub(super) fn details(mut c: Cursor<'_>, details: &mut ObjectDetails) {
    if c.eat("RETURNS") {
        let start = c;
        if c.eat("TABLE") {
            c.group();
        } else {
            super::column::type_name(&mut c);
        }
        details.returns = Some(c.text.shown(start.range_to(&c)));
    }
    details.volatility = volatility(c);
}

/// IMMUTABLE, STABLE or VOLATILE, where one is written outside the body.
pub(super) fn volatility(mut c: Cursor<'_>) -> Option<&'static str> {
    let words = [("IMMUTABLE", "immutable"), ("STABLE", "stable"), ("VOLATILE", "volatile")];
    while !c.done() {
        if c.is_any(&["BEGIN", "RETURN"]) {
            return None;
        }
        if c.eat("AS") || c.eat("LANGUAGE") {
            c.skip();
        } else if let Some((_, found)) = words.iter().find(|(word, _)| c.is(word)) {
            return Some(found);
        } else {
            c.skip();
        }
    }
    None
}

//! An abstract interpreter: runs a script over values that may not be known, entering the functions it calls, and
//! collects what would be sent to a database.

mod alembic;
mod alter;
mod attribute;
mod branch;
mod builtin;
mod changeset;
mod call;
mod comprehension;
mod custom;
mod decorated;
mod django;
mod django_code;
mod django_value;
mod emit;
mod env;
mod event;
mod expr;
mod extra;
mod import;
mod mapped;
mod method;
mod models;
mod objects;
mod open;
mod orm;
mod pattern;
mod peewee;
mod piccolo;
mod relation;
mod revision;
mod rows;
mod runners;
mod schema;
mod sink;
mod stmt;
mod template;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

pub(super) use self::env::Settings;
pub use self::models::Wanted;
use super::blocks::Output;
use super::modules::Program;
use super::parse::Parsed;
use super::value::{Body, Conn, Env, Function, Value};
use crate::ir::{Direction, Guards, Scope, TransactionKind, Unknown};
use crate::source::SourceFile;
use crate::span::Span;

/// Steps that the code of an imported module may take, besides one for two of its bytes: more than it takes to run it once.
const IMPORT_STEPS: u64 = 2_000;

/// Calls entered below one another.
const MAX_FRAMES: usize = 16;
/// Expressions and statements nested in one another, all frames together.
const MAX_DEPTH: u32 = 900;

/// A file with its tree.
#[derive(Clone, Copy)]
pub(super) struct Unit<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) parsed: &'a Parsed,
}

/// One call in progress.
struct Frame<'a> {
    unit: usize,
    env: Rc<Env<'a>>,
    function: Option<Rc<Function<'a>>>,
    /// The call expression, in the frame before.
    call: Option<Span>,
    /// What it returned so far, and whether where no other dialect is asked for.
    returns: Vec<(Value<'a>, bool)>,
    /// The guards around the call.
    guards: Guards,
    /// What a generator has given so far.
    yields: Option<Vec<Value<'a>>>,
    /// The statement being run.
    at: Span,
    direction: Direction,
}

impl Frame<'_> {
    /// The call, or the function where nothing has called it.
    fn place(&self) -> Option<Span> {
        self.call.or_else(|| self.function.as_ref().map(|function| function.span))
    }
}

/// How a statement ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    Next,
    Continue,
    Break,
    Leave,
}

/// The machine.
pub(super) struct Interp<'a> {
    /// The script, then what it was seen to use of what it imports.
    units: Vec<Unit<'a>>,
    program: Program<'a>,
    /// Bytes of imported files that may still earn steps.
    share: usize,
    /// A module was not loaded because there were too many.
    crowded: bool,
    envs: Vec<Option<Rc<Env<'a>>>>,
    /// Environments that may hold functions that hold them; emptied at the end.
    cycles: Vec<Rc<Env<'a>>>,
    frames: Vec<Frame<'a>>,
    guards: Guards,
    /// For each enclosing loop of unknown length, the transactions opened before it; `None` where it commits.
    loops: Vec<Option<u32>>,
    /// How many of them run over rows that were read from a database.
    row_loops: u32,
    /// Lists, by where they are made, that a loop over rows has added to: they have an element for each row.
    grown: BTreeSet<Span>,
    /// What is being sent inserts one row for each of what was read.
    from_rows: bool,
    /// Texts of which parts are sent that were not followed, by the place that their unknown parts name.
    scripts: std::collections::BTreeMap<Span, Rc<super::value::Text>>,
    /// The statements of what is being sent are sent one by one.
    apart: bool,
    /// Loops around that have no condition and no way out.
    endless: u32,
    swallowed: u32,
    steps: u64,
    /// Imported modules that are being run, one in another.
    importing: u32,
    /// Steps that what they import has earned, for when they have run.
    put_by: u64,
    depth: u32,
    next_id: u32,
    /// Above zero: values are wanted, effects are not (the body of an imported module).
    quiet: u32,
    reached: BTreeSet<Span>,
    /// Places at which following the program was given up.
    cuts: BTreeSet<Span>,
    /// Names that nothing in the project defines.
    names: BTreeMap<&'a str, Value<'a>>,
    /// The connection of Alembic's migrations, made on first use.
    migration: Option<Rc<Conn>>,
    /// What `env.py` arranges, read on first use.
    settings: Option<Arc<env::Settings>>,
    /// Directives that the project adds.
    custom: custom::Custom<'a>,
    /// The column that is being added has a default that only the program applies.
    mapper_default: bool,
    /// The type that a column has which a directive changes, where it says so.
    old_type: Option<crate::ir::TypeName>,
    /// The `target_metadata` that `env.py` configures.
    configured: Option<Value<'a>>,
    /// What is sent when a table is made or goes.
    listeners: Vec<event::Listener<'a>>,
    /// The classes of the file, also those whose names stand for something else in the end.
    classes: Vec<Rc<super::value::Class<'a>>>,
    /// Tables that were made by calls.
    tables: Vec<Rc<super::value::Record<'a>>>,
    /// Types that were created with a table, by entry function.
    types: BTreeSet<(String, u32)>,
    django: django::Django<'a>,
    /// What comes from outside in the text that is being sent.
    spliced: Option<crate::ir::Spliced>,
    /// What is being sent is written by a library, which quotes what it is given.
    composed: bool,
    /// Nothing of what is being sent is unknown but values.
    whole: bool,
    /// What is sent is that of a directive.
    directive: bool,
    /// What a migration tool other than those is asked to do.
    tool: tool::Tool<'a>,
    pub(super) out: Output,
}

impl<'a> Interp<'a> {
    pub(super) fn new(file: &'a SourceFile, parsed: &'a Parsed, program: Program<'a>, out: Output) -> Self {
        Self {
            units: vec![Unit { file, parsed }],
            program,
            // A bounded share: a script must not run a whole application.
            share: 100_000,
            crowded: false,
            envs: vec![None],
            cycles: Vec::new(),
            frames: Vec::new(),
            guards: Guards::default(),
            loops: Vec::new(),
            row_loops: 0,
            grown: BTreeSet::new(),
            from_rows: false,
            scripts: std::collections::BTreeMap::new(),
            apart: false,
            endless: 0,
            swallowed: 0,
            steps: 200_000 + 20 * file.text.len() as u64,
            importing: 0,
            put_by: 0,
            depth: 0,
            next_id: 0,
            quiet: 0,
            reached: BTreeSet::new(),
            cuts: BTreeSet::new(),
            names: BTreeMap::new(),
            migration: None,
            settings: None,
            custom: custom::Custom::default(),
            mapper_default: false,
            old_type: None,
            configured: None,
            listeners: Vec::new(),
            classes: Vec::new(),
            tables: Vec::new(),
            types: BTreeSet::new(),
            django: django::Django { on: super::django::is_migration(&file.text), ..django::Django::default() },
            spliced: None,
            composed: false,
            whole: false,
            directive: false,
            tool: tool::Tool::new(file),
            out,
        }
    }

    /// Runs the file: its module code, then every function that nothing has called.
    pub(super) fn run(&mut self) {
        let Some(&Unit { file, parsed }) = self.units.first() else { return };
        self.out.entry = 0;
        let env = self.module_env(0);
        if self.django.on
            && let Some(migration) = self.migration()
        {
            self.out.django = Some(migration);
            self.forget();
            return;
        }
        self.run_tool(&env);
        let mut functions = Vec::new();
        functions_of(&parsed.body, None, &mut functions);
        let mut used = BTreeSet::new();
        names_used(&file.text, &mut used);
        for first in [true, false] {
            for (class, def) in &functions {
                let span = self.span_in(0, *def);
                let once = !used.contains(def.name.as_str());
                if self.reached.contains(&span) || (first && !once) {
                    continue;
                }
                self.run_entry(&env, class.as_deref(), def, span);
            }
        }
        self.registries(&env);
        if functions.iter().any(|(class, def)| class.is_none() && chooses_database(def, &file.text)) {
            self.out.by_database();
        }
        self.out.revisions.extend(self.revision(&env));
        self.forget();
    }

    /// Lets go of functions that hold their environments, and so themselves.
    fn forget(&mut self) {
        for env in self.cycles.drain(..) {
            env.vars.borrow_mut().clear();
        }
    }

    /// Ties operations to the registry records they come from, and emits what no loop over the records has.
    fn registries(&mut self, env: &Rc<Env<'a>>) {
        let entries = super::registry::collect(env, self.units.first().map_or("", |unit| unit.file.text.as_str()));
        self.out.shape = super::registry::shape(&entries);
        self.out.entry = 0;
        let places = self.out.places();
        for entry in &entries {
            for text in &entry.sql {
                if !places.covers(text.sql.span(0..text.sql.text.len())) {
                    let conn = self.new_conn(TransactionKind::Unknown, None);
                    self.emit(text, &conn, entry.record.span);
                }
            }
        }
        self.out.attach(&entries);
    }

    fn run_entry(
        &mut self,
        env: &Rc<Env<'a>>,
        class: Option<&str>,
        def: &'a ruff_python_ast::StmtFunctionDef,
        span: Span,
    ) {
        self.out.entry = span.start.saturating_add(1);
        self.migration = None;
        let value = match class {
            Some(class) => {
                let Some(Value::Class(class)) = env.get(class) else { return };
                let this = self.instance(&class, &[], &[], class.span, true);
                self.attribute_of(&this, def.name.as_str(), span)
            }
            None => match env.get(def.name.as_str()) {
                Some(Value::Function(function)) if function.span == span => Value::Function(function),
                _ => self.function(def, 0, env),
            },
        };
        if let Value::Function(function) = value {
            self.enter(&function, &[], &[], None, true);
        }
    }

    /// The variables of a file, its module code run on first need.
    fn module_env(&mut self, unit: usize) -> Rc<Env<'a>> {
        if let Some(Some(env)) = self.envs.get(unit) {
            return env.clone();
        }
        let env: Rc<Env<'a>> = Rc::default();
        self.cycles.push(env.clone());
        if let Some(slot) = self.envs.get_mut(unit) {
            *slot = Some(env.clone());
        }
        let Some(&source) = self.units.get(unit) else { return env };
        let quiet = u32::from(unit != 0);
        self.quiet += quiet;
        // Wherever its first use stands, a module runs by itself.
        let frames = std::mem::take(&mut self.frames);
        let (guards, loops) = (std::mem::take(&mut self.guards), std::mem::take(&mut self.loops));
        let around = (std::mem::take(&mut self.swallowed), std::mem::take(&mut self.endless));
        let row_loops = std::mem::take(&mut self.row_loops);
        self.frames.push(Frame {
            unit,
            env: env.clone(),
            function: None,
            call: None,
            returns: Vec::new(),
            guards: Guards::default(),
            yields: None,
            at: Span::file(source.file.id),
            direction: Direction::Up,
        });
        if unit == 0 {
            self.block(&source.parsed.body);
        } else {
            // What an application does when it is imported is not to use up what its migrations need.
            let all = self.steps;
            let own = all.min(IMPORT_STEPS + source.file.text.len() as u64 / 2);
            self.steps = own;
            self.importing += 1;
            self.block(&source.parsed.body);
            self.importing -= 1;
            self.steps += all - own;
            if self.importing == 0 && self.steps > 0 {
                self.steps += std::mem::take(&mut self.put_by);
            }
        }
        (self.frames, self.guards, self.loops) = (frames, guards, loops);
        self.row_loops = row_loops;
        (self.swallowed, self.endless) = around;
        self.quiet -= quiet;
        env
    }

    fn frame(&self) -> Option<&Frame<'a>> {
        self.frames.last()
    }

    fn unit(&self) -> usize {
        self.frame().map_or(0, |frame| frame.unit)
    }

    fn source(&self) -> &'a str {
        self.units.get(self.unit()).map_or("", |unit| unit.file.text.as_str())
    }

    fn span_in(&self, unit: usize, node: &impl Ranged) -> Span {
        let file = self.units.get(unit).map_or_else(Default::default, |unit| unit.file.id);
        Span::new(file, node.start().to_usize(), node.end().to_usize())
    }

    fn span(&self, node: &impl Ranged) -> Span {
        self.span_in(self.unit(), node)
    }

    fn shown(&self, node: &impl Ranged) -> String {
        let text = self.source().get(node.start().to_usize()..node.end().to_usize()).unwrap_or_default();
        let mut text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > 60 {
            text = text.chars().take(59).collect::<String>() + "…";
        }
        text
    }

    fn env(&self) -> Rc<Env<'a>> {
        self.frame().map(|frame| frame.env.clone()).unwrap_or_default()
    }

    fn unknown(&self, reason: &str, node: &impl Ranged) -> Value<'a> {
        Value::unknown(reason, format!("{{{}}}", self.shown(node)), self.span(node))
    }

    /// Takes `cost` from the budget; `false` when nothing is left.
    fn spend(&mut self, cost: usize) -> bool {
        let before = self.steps;
        self.steps = before.saturating_sub(cost as u64 + 1);
        if self.steps == 0 && before > 0 && self.importing == 0 {
            self.out.exhausted = true;
            self.cut("the program is too long to be followed from here on");
        }
        self.steps > 0
    }

    fn fresh(&mut self, kind: TransactionKind, opened: Option<Span>) -> Scope {
        self.next_id += 1;
        Scope { kind, id: self.next_id, opened, ..Scope::default() }
    }

    fn new_conn(&mut self, kind: TransactionKind, opened: Option<Span>) -> Rc<Conn> {
        Rc::new(Conn::new(self.fresh(kind, opened)))
    }

    /// The connection behind a receiver, made up where nothing is known of it.
    fn conn_of(&mut self, value: &Value<'a>) -> Rc<Conn> {
        match value {
            Value::Handle(handle) => handle.conn.clone(),
            Value::Unknown(opaque) => match opaque.conn.get() {
                Some(conn) => conn.clone(),
                None => {
                    let conn = self.new_conn(TransactionKind::Unknown, None);
                    opaque.conn.get_or_init(|| conn).clone()
                }
            },
            Value::Construct(construct) if construct.conn.is_some() => construct.conn.clone().unwrap_or_default(),
            Value::Either(values) => match values.iter().find(|v| matches!(v, Value::Handle(_))).or(values.first()) {
                Some(first) => self.conn_of(&first.clone()),
                None => Rc::default(),
            },
            _ => self.new_conn(TransactionKind::Unknown, None),
        }
    }

    fn function(&mut self, def: &'a ruff_python_ast::StmtFunctionDef, unit: usize, env: &Rc<Env<'a>>) -> Value<'a> {
        Value::Function(Rc::new(Function {
            name: def.name.as_str(),
            unit,
            parameters: Some(&def.parameters),
            body: Body::Block(&def.body),
            env: env.clone(),
            bound: None,
            applied: None,
            manager: def.decorator_list.iter().any(|d| last_name(&d.expression).ends_with("contextmanager")),
            property: def.decorator_list.iter().any(|d| last_name(&d.expression).ends_with("property")),
            span: self.span_in(unit, def),
        }))
    }

    /// A parameter that no call passes.
    fn parameter(&self, name: &str, unit: usize, node: &impl Ranged) -> Value<'a> {
        let reason = format!("`{name}` is a parameter that no call in this repository passes");
        Value::opaque(Unknown { reason, text: format!("{{{name}}}"), span: self.span_in(unit, node) }, true)
    }
}

/// Whether a migration of Alembic calls a function for the database that it is told: `def upgrade(engine_name)`, whose
/// body is `globals()["upgrade_%s" % engine_name]()`.
fn chooses_database(def: &ruff_python_ast::StmtFunctionDef, text: &str) -> bool {
    let span = def.range();
    let body = text.get(span.start().to_usize()..span.end().to_usize()).unwrap_or_default();
    def.name.as_str() == "upgrade" && !def.parameters.is_empty() && body.contains("globals()[")
}

/// Functions of the module and methods of its classes, in order.
fn functions_of<'a>(
    body: &'a [Stmt],
    class: Option<&str>,
    found: &mut Vec<(Option<String>, &'a ruff_python_ast::StmtFunctionDef)>,
) {
    for stmt in body {
        match stmt {
            Stmt::FunctionDef(def) => found.push((class.map(ToOwned::to_owned), def)),
            Stmt::ClassDef(def) if class.is_none() => functions_of(&def.body, Some(def.name.as_str()), found),
            Stmt::If(stmt) if class.is_none() => functions_of(&stmt.body, None, found),
            Stmt::Try(stmt) if class.is_none() => functions_of(&stmt.body, None, found),
            _ => {}
        }
    }
}

/// Words that stand at two places or more of `text` as identifiers: a function among them is used somewhere.
fn names_used<'t>(text: &'t str, used: &mut BTreeSet<&'t str>) {
    let mut once = BTreeSet::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        if !word.is_empty() && !once.insert(word) {
            used.insert(word);
        }
    }
}

/// The last name of `a.b.c`, also of a call's function.
fn last_name(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Call(call) => last_name(&call.func),
        _ => "",
    }
}

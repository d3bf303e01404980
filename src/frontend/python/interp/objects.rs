//! Rows and tables of Piccolo, and rows of Peewee, that migrations write through their classes.
//!
//! Source: Piccolo `table.py` (`Table.save`, `objects`, `update`, `insert`, `alter`) and `query/methods`; peewee `Model`
//! (`save`, `delete_instance`).

use std::rc::Rc;

use ruff_python_ast::{ExprCall, StmtClassDef};

use super::super::peewee::snake_case;
use super::super::piccolo::{Call, plan};
use super::super::sqlalchemy::Args;
use super::super::value::{Class, READ, Value};
use super::Interp;
use crate::frontend::text::SqlText;
use crate::ir::{
    DataDetails, DataSource, Known, OpKind, Predicate, QualifiedName, Term, TermOperator, TermValue, Unknown, Where,
};
use crate::source::Runner;

/// The name under which a table keeps its own, as SQLAlchemy's do.
const NAME: &str = "__tablename__";
/// Methods of a query that give a query, its rows, or one of them.
const CHAINED: &[&str] = &[
    "batch",
    "columns",
    "distinct",
    "execute",
    "first",
    "for_update",
    "get",
    "get_or_none",
    "group_by",
    "having",
    "iterator",
    "join",
    "limit",
    "lock_rows",
    "objects",
    "offset",
    "order_by",
    "output",
    "paginate",
    "prefetch",
    "run",
    "run_sync",
    "switch",
    "where",
];
/// What `Model.alter()` gives.
const ALTER: &str = "#alter";

impl<'a> Interp<'a> {
    /// Gives a table of Piccolo its name: as it says itself, else that of the class in small letters.
    /// Source: Piccolo `table.py`, `Table.__init_subclass__`, and `utils/naming.py`.
    pub(super) fn name_table(&self, def: &'a StmtClassDef, class: &Class<'a>) {
        if self.tool.runner != Runner::Piccolo || !is_table(class, 0) {
            return;
        }
        let given = class.env.vars.borrow().get("#tablename").filter(|name| matches!(name, Value::Text(_))).cloned();
        let name = given.unwrap_or_else(|| {
            let mut name = SqlText::default();
            name.push(&snake_case(class.name), self.span(&def.name));
            Value::text(name)
        });
        class.env.vars.borrow_mut().insert(NAME, name);
    }

    /// Whether rows are objects of Piccolo or Peewee, which are written when they are saved.
    pub(super) fn saves_rows(&self) -> bool {
        matches!(self.tool.runner, Runner::Piccolo | Runner::PeeweeMigrate) || self.tool.playhouse
    }

    /// A method of a table's class, of a row, or of what was asked of them; `None` for other receivers.
    pub(super) fn object_method(
        &mut self,
        base: &Value<'a>,
        name: &'a str,
        args: &Args<'a>,
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        match base {
            Value::Class(class) if is_table(class, 0) => self.of_class(base, class, name, args, call),
            Value::Record(record) if record.of.is_none() && record.class == ALTER => {
                let table = record.fields.borrow().get("table").cloned().unwrap_or(Value::None);
                Some(self.altered(base, &table, name, args, call))
            }
            Value::Record(record) => {
                let class = record.of.as_ref()?;
                let table = if is_table(class, 0) {
                    self.table_named(class, call)
                } else {
                    self.peewee_table(&Value::Class(class.clone()), self.span(call))?
                };
                self.row_written(table, true, name, call)
            }
            Value::Unknown(opaque) => {
                let table = match (&opaque.row_of, &opaque.table) {
                    (Some(_), Some(_)) if CHAINED.contains(&name) => return Some(base.clone()),
                    (Some(_), Some(table)) => table.clone(),
                    // One of what another part of the program has read.
                    _ if call.arguments.is_empty() && self.is_loop_variable(call) => {
                        let reason = "the rows are read elsewhere".to_owned();
                        let text = opaque.unknown.text.clone();
                        Known::Unknown(Unknown { reason, text, span: self.span(call) })
                    }
                    _ => return None,
                };
                self.row_written(table, false, name, call)
            }
            Value::Construct(construct) if matches!(name, "run" | "run_sync") && construct.conn.is_none() => {
                Some(self.awaited(base.clone(), call))
            }
            _ => None,
        }
    }

    /// Sends what is awaited: an `update` or `insert` is complete then.
    pub(super) fn awaited(&mut self, value: Value<'a>, expr: &'a impl ruff_text_size::Ranged) -> Value<'a> {
        if self.tool.runner == Runner::Piccolo
            && let Value::Construct(construct) = &value
            && construct.kind != OpKind::DataSelect
        {
            let (conn, span) = (self.tool_conn(), self.span(expr));
            self.emit_construct(construct, &conn, span);
            return Value::None;
        }
        value
    }

    fn of_class(
        &mut self,
        base: &Value<'a>,
        class: &Rc<Class<'a>>,
        name: &'a str,
        args: &Args<'a>,
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let span = self.span(call);
        match name {
            "objects" | "select" => {
                let reason = READ.to_owned();
                let unknown = Unknown { reason, text: format!("{{{}}}", self.shown(call)), span };
                let conn = self.tool_conn();
                Some(Value::rows(unknown, conn, Some(self.table_named(class, call))))
            }
            "update" | "insert" | "delete" => {
                let Value::Construct(made) = self.construct(name, Some(base), &[], &[], call)? else { return None };
                let mut made = (*made).clone();
                if name == "insert" {
                    made.rows = Some(Value::list(args.positional.clone(), span));
                } else if name == "update" {
                    let values = args.get(0, &["values"]).cloned().into_iter().collect();
                    let args = Args { positional: values, named: args.named.clone() };
                    Self::extend_construct(&mut made, "values", &args, span);
                }
                Some(Value::Construct(Rc::new(made)))
            }
            "alter" => {
                let table = class.env.vars.borrow().get(NAME).cloned()?;
                let args = Args { named: [("table".to_owned(), table)].into(), ..Args::default() };
                Some(Value::Record(Rc::new(super::alembic::record(ALTER, args, span))))
            }
            _ => None,
        }
    }

    /// A change that `Model.alter()` is asked for, which the manager has a call for too.
    fn altered(
        &mut self,
        base: &Value<'a>,
        table: &Value<'a>,
        name: &str,
        args: &Args<'a>,
        call: &'a ExprCall,
    ) -> Value<'a> {
        let span = self.span(call);
        // A column is given by its name, or as the attribute of the class.
        let column = |at: usize, names: &[&str]| {
            let given = args.get(at, names).cloned().unwrap_or(Value::None);
            let attribute = call.arguments.args.get(at).and_then(|expr| expr.as_attribute_expr());
            match (&given, attribute) {
                (Value::Text(_), _) | (_, None) => given,
                (_, Some(attribute)) => {
                    let mut name = SqlText::default();
                    name.push(attribute.attr.as_str(), self.span(&attribute.attr));
                    Value::text(name)
                }
            }
        };
        let mut given: Vec<(&str, Value<'a>)> = vec![("tablename", table.clone())];
        match name {
            "rename_column" => {
                given.push(("old_column_name", column(0, &["column"])));
                given.push(("new_column_name", column(1, &["new_name"])));
            }
            "drop_column" => given.push(("column_name", column(0, &["column"]))),
            "drop_table" => {}
            "run" | "run_sync" => return base.clone(),
            _ => {
                let conn = self.tool_conn();
                self.emit_opaque("the change of Piccolo's table is not followed", &conn, span);
                return base.clone();
            }
        }
        let named = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let call = Call { name: name.to_owned(), args: Args { positional: Vec::new(), named }, span, at: span };
        let conn = self.tool_conn();
        for (_, planned) in plan(&[call], false, self.dialect()) {
            self.carry_out(planned, &conn, span);
        }
        base.clone()
    }

    /// A row that is saved or removed; `None` for other methods. `fresh`: it was made here and not read.
    fn row_written(
        &mut self,
        table: Known<QualifiedName>,
        fresh: bool,
        name: &str,
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        let (kind, condition) = match name {
            "save" if fresh => (OpKind::DataInsert, Where::Absent),
            "save" | "remove" | "delete_instance" => {
                let term = Term { column: "id".to_owned(), operator: TermOperator::Equal, value: TermValue::Parameter };
                let own = Predicate { text: "id = …".to_owned(), terms: vec![term], complete: true };
                let kind = if name == "save" { OpKind::DataUpdate } else { OpKind::DataDelete };
                (kind, Where::Predicate(own))
            }
            _ => return None,
        };
        let rows = (fresh && self.loops.is_empty()).then_some(1);
        let source = (kind == OpKind::DataInsert).then_some(DataSource::Orm);
        let details = DataDetails { source, rows, condition, ..DataDetails::default() };
        let (conn, span) = (self.tool_conn(), self.span(call));
        self.emit_rows(kind, "", Some(table), details, &conn, span);
        Some(Value::None)
    }

    /// Whether the method is that of a plain name in a loop: `user.save()`.
    fn is_loop_variable(&self, call: &'a ExprCall) -> bool {
        let receiver = call.func.as_attribute_expr().map(|attribute| &*attribute.value);
        !self.loops.is_empty() && receiver.is_some_and(ruff_python_ast::Expr::is_name_expr)
    }

    fn table_named(&self, class: &Class<'a>, call: &'a ExprCall) -> Known<QualifiedName> {
        let span = self.span(call);
        let name = class.env.vars.borrow().get(NAME).and_then(|name| name.as_str().map(str::to_owned));
        match name {
            Some(name) => Known::Known(QualifiedName::bare(name), span),
            None => {
                let reason = "the table's name is not known".to_owned();
                Known::Unknown(Unknown { reason, text: format!("{{{}}}", class.name), span })
            }
        }
    }
}

/// Whether a class is a table of Piccolo.
fn is_table(class: &Class<'_>, depth: u32) -> bool {
    let of_piccolo = |path: &str| path.starts_with("piccolo") && path.ends_with(".Table");
    class.bases.iter().any(|base| match base {
        Value::Class(base) => depth < 10 && is_table(base, depth + 1),
        Value::Import(import) => import.name.is_some_and(|name| of_piccolo(&format!("{}.{name}", import.module))),
        other => other.path().is_some_and(of_piccolo),
    })
}

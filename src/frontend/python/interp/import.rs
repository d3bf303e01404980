//! Imports: a name is bound to the promise of its value, which is kept when the name is used.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;

use ruff_python_ast::Stmt;

use super::super::value::{ARGUMENT, ENVIRONMENT, Import, Value};
use super::{Interp, Unit};
use crate::frontend::sql;
use crate::ir::Unknown;
use crate::source::SourceFile;
use crate::span::Span;

/// Why a function of a module is not followed where a script uses very many.
const CROWDED: &str = "more modules are imported than are followed";

/// What stands for all names of a library: `from sqlalchemy import *`.
pub(super) const STAR: &str = "*";

impl<'a> Interp<'a> {
    pub(super) fn import(&mut self, stmt: &'a Stmt) {
        let (env, unit) = (self.env(), self.unit());
        let promise = |level, module: String, name| {
            let (found, busy, external) = (OnceCell::new(), Cell::new(false), OnceCell::new());
            Value::Import(Rc::new(Import { unit, level, module, name, found, busy, external }))
        };
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    if alias.asname.is_some() || !alias.name.contains('.') {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                        env.vars.borrow_mut().insert(bound, promise(0, alias.name.to_string(), None));
                    } else if let Some((root @ ("sqlalchemy" | "alembic"), _)) = alias.name.split_once('.') {
                        env.vars.borrow_mut().insert(root, promise(0, root.to_owned(), None));
                    } else if let Some((root, _)) = alias.name.split_once('.')
                        && !self.django.on
                        && self.is_package(unit, root)
                    {
                        env.vars.borrow_mut().insert(root, promise(0, root.to_owned(), None));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name == "*" {
                        if let Some(from) = self.module(unit, import.level, &module) {
                            let vars = self.module_env(from).vars.borrow().clone();
                            env.vars.borrow_mut().extend(vars);
                        } else if matches!(module.split('.').next(), Some("sqlalchemy" | "peewee" | "playhouse")) {
                            // Names that nothing else defines are taken to come from it.
                            env.vars.borrow_mut().insert(STAR, promise(import.level, module.clone(), None));
                        }
                        continue;
                    }
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    env.vars.borrow_mut().insert(bound, promise(import.level, module.clone(), Some(name)));
                }
            }
            _ => {}
        }
    }

    /// Whether a package of the project has this name.
    fn is_package(&self, from: usize, root: &str) -> bool {
        let file = self.units.get(from).and_then(|unit| self.program.module(unit.file, 0, root));
        file.is_some_and(|file| file.path.ends_with("__init__.py"))
    }

    /// The value behind a name; `None` where it is imported and the project does not have it.
    pub(super) fn used(&mut self, value: Value<'a>) -> Option<Value<'a>> {
        match value {
            Value::Import(import) => {
                if let Some(found) = import.found.get() {
                    return found.clone();
                }
                if import.busy.replace(true) {
                    return None;
                }
                self.crowded = false;
                let mut found = self.imported(&import);
                if found.is_none() && std::mem::take(&mut self.crowded) {
                    found = Some(Value::Crowded);
                }
                import.busy.set(false);
                import.found.get_or_init(|| found).clone()
            }
            Value::Either(values) if values.iter().any(|value| matches!(value, Value::Import(_))) => {
                let known: Vec<_> = values.iter().filter_map(|value| self.used(value.clone())).collect();
                // `except ImportError: name = None` says nothing of what the library has.
                let none = known.iter().all(|value| matches!(value, Value::None));
                if none && known.len() < values.len() { None } else { known.into_iter().reduce(Value::join) }
            }
            other => Some(other),
        }
    }

    /// The value behind a name; what is imported from elsewhere is known by its dotted name.
    pub(super) fn used_or_external(&mut self, value: &Value<'a>, span: Span) -> Option<Value<'a>> {
        if let Some(found) = self.used(value.clone()) {
            return Some(found);
        }
        let import = value.alternatives().into_iter().find_map(|value| match value {
            Value::Import(import) if import.level == 0 => Some(import),
            _ => None,
        })?;
        // What a module of a Django project passes on is what its own import would be.
        let passed_on = self.django.on;
        let make = || {
            let shown = import.name.unwrap_or(&import.module);
            let path = import.name.map_or_else(|| import.module.clone(), |name| format!("{}.{name}", import.module));
            if passed_on {
                return Self::foreign(path);
            }
            let reason = match path.as_str() {
                "os.environ" => ENVIRONMENT.to_owned(),
                "sys.argv" => ARGUMENT.to_owned(),
                _ => format!("`{shown}` is not defined in this project"),
            };
            Value::external(Unknown { reason, text: format!("{{{shown}}}"), span }, &path)
        };
        Some(import.external.get_or_init(make).clone())
    }

    fn imported(&mut self, import: &Import<'a>) -> Option<Value<'a>> {
        if is_library(import) {
            return None;
        }
        let source = self.module(import.unit, import.level, &import.module);
        let Some(name) = import.name else { return source.map(Value::Module) };
        let value = source.and_then(|source| self.module_env(source).get(name));
        let place = self.frame().map(|frame| frame.at).unwrap_or_default();
        if let Some(value) = value.and_then(|value| self.used_or_external(&value, place)) {
            return Some(value);
        }
        let dotted = if import.module.is_empty() { name.to_owned() } else { format!("{}.{name}", import.module) };
        self.module(import.unit, import.level, &dotted).map(Value::Module)
    }

    /// Says that a function is not followed to its file, where it is given SQL or a connection.
    pub(super) fn beyond(&mut self, arguments: &[Value<'a>]) {
        let works = |value: &Value<'a>| match value {
            Value::Handle(_) => true,
            Value::Text(text) => text.marked || sql::looks_like_sql(&text.sql.text),
            _ => false,
        };
        if arguments.iter().any(works) {
            self.cut(CROWDED);
        }
    }

    /// The index of an imported file, loaded on first use.
    pub(super) fn module(&mut self, from: usize, level: u32, dotted: &str) -> Option<usize> {
        let from = self.units.get(from)?.file;
        let file = self.program.module(from, level, dotted)?;
        self.unit_of(&file)
    }

    /// The index of a file of the project, loaded on first use.
    pub(super) fn unit_of(&mut self, file: &Arc<SourceFile>) -> Option<usize> {
        if let Some(known) = self.units.iter().position(|unit| unit.file.id == file.id) {
            return Some(known);
        }
        let at = self.units.len();
        let Some(slot) = self.program.slots.get(at - 1) else {
            self.crowded = true;
            return None;
        };
        let (file, parsed) = slot.get_or_init(|| {
            let parsed = self.program.reader.tree(file);
            (Arc::clone(file), parsed)
        });
        let earned = file.text.len().min(self.share);
        self.share -= earned;
        if self.importing > 0 {
            self.put_by += 20 * earned as u64;
        } else if self.steps > 0 {
            self.steps += 20 * earned as u64;
        }
        self.units.push(Unit { file, parsed });
        self.envs.push(None);
        Some(at)
    }
}

/// Whether an import is one of SQLAlchemy or of Alembic's directives: a folder of the project may have the same name.
fn is_library(import: &Import<'_>) -> bool {
    let root = import.module.split('.').next().unwrap_or_default();
    let directives = import.module == "alembic" && matches!(import.name, Some("op" | "context"));
    import.level == 0 && (root == "sqlalchemy" || directives)
}

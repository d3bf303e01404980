//! Directives that a project adds to Alembic's own.
//!
//! Source: `alembic.operations.base.Operations`: `register_operation` names a method of a class, which makes an object
//! of it and invokes that; `implementation_for` names the function that then runs.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use ruff_python_ast::{Decorator, Expr, ExprCall, StmtClassDef, StmtFunctionDef};

use super::super::sqlalchemy::Args;
use super::super::value::{Function, Value};
use super::call::Named;
use super::{Interp, last_name};
use crate::source::SourceFile;
use crate::span::Span;

/// Files that are looked through for a directive.
const MAX_FILES: usize = 200;
/// Imports of imports that are looked through.
const MAX_STEPS: u32 = 3;

/// What a project adds.
#[derive(Debug, Default)]
pub(super) struct Custom<'a> {
    /// By the directive's name: the class, and the name of its method.
    directives: BTreeMap<String, (Value<'a>, String)>,
    /// By the place of the class of objects that are invoked.
    implementations: Vec<(Span, Rc<Function<'a>>)>,
    /// The project's files were looked through.
    searched: bool,
}

/// The call of a decorator that calls `name`.
fn decorator<'a>(list: &'a [Decorator], name: &str) -> impl Iterator<Item = &'a ExprCall> {
    list.iter().filter_map(move |one| match &one.expression {
        Expr::Call(call) if last_name(&call.func) == name => Some(call),
        _ => None,
    })
}

impl<'a> Interp<'a> {
    /// Notes the directives that a class is registered for.
    pub(super) fn register_class(&mut self, def: &'a StmtClassDef, class: &Value<'a>) {
        for call in decorator(&def.decorator_list, "register_operation") {
            let word = |at: usize| call.arguments.args.get(at).and_then(|arg| arg.as_string_literal_expr());
            let Some(name) = word(0).map(|name| name.value.to_str().to_owned()) else { continue };
            let source = call.arguments.find_argument_value("sourcename", 1);
            let source = source.and_then(|arg| arg.as_string_literal_expr()).map(|name| name.value.to_str().to_owned());
            let source = source.unwrap_or_else(|| name.clone());
            self.custom.directives.insert(name, (class.clone(), source));
        }
    }

    /// Notes the class whose objects a function carries out.
    pub(super) fn register_function(&mut self, def: &'a StmtFunctionDef, function: &Value<'a>) {
        for call in decorator(&def.decorator_list, "implementation_for") {
            let Some(class) = call.arguments.args.first() else { continue };
            if let (Value::Class(class), Value::Function(function)) = (self.eval(class), function) {
                self.custom.implementations.push((class.span, function.clone()));
            }
        }
    }

    /// Runs a directive of the project; `None` where the project has none of this name.
    pub(super) fn custom_directive(
        &mut self,
        base: &Value<'a>,
        name: &str,
        args: &Args<'a>,
        call: &'a ExprCall,
    ) -> Option<Value<'a>> {
        if !self.custom.directives.contains_key(name) {
            self.search_directives();
        }
        let (class, source) = self.custom.directives.get(name).cloned()?;
        let Value::Class(of) = &class else { return None };
        let Some(Value::Function(method)) = of.attribute(&source, 0) else { return None };
        let mut arguments = Vec::with_capacity(args.positional.len() + 2);
        // A class method is given its class, any method the directives.
        let takes_class = method.parameters.and_then(|all| all.posonlyargs.iter().chain(&all.args).next());
        if takes_class.is_some_and(|first| matches!(first.parameter.name.as_str(), "cls" | "klass" | "class_")) {
            arguments.push(class.clone());
        }
        arguments.push(base.clone());
        arguments.extend(args.positional.iter().cloned());
        let named = args.named.iter();
        let named: Vec<(String, Value<'a>)> = named.map(|(name, value)| (name.clone(), value.clone())).collect();
        let named: Vec<Named<'a>> =
            named.into_iter().filter_map(|(name, value)| Some((self.interned(&name)?, value))).collect();
        let span = self.span(call);
        Some(self.enter(&method, &arguments, &named, Some(span), false))
    }

    /// `operations.invoke(object)`; `None` where no function of the project carries the object out.
    pub(super) fn invoke(&mut self, base: &Value<'a>, object: &Value<'a>, call: &'a ExprCall) -> Option<Value<'a>> {
        let Value::Record(record) = object else { return None };
        let class = record.of.as_ref()?.span;
        let find = |this: &Self| {
            let all = this.custom.implementations.iter().rev();
            all.into_iter().find(|(of, _)| *of == class).map(|(_, function)| function.clone())
        };
        let function = find(self).or_else(|| {
            self.search_directives();
            find(self)
        })?;
        let span = self.span(call);
        Some(self.enter(&function, &[base.clone(), object.clone()], &[], Some(span), false))
    }

    /// Runs the modules that register directives: those that the migration or `env.py` imports, and what they import.
    fn search_directives(&mut self) {
        if std::mem::replace(&mut self.custom.searched, true) {
            return;
        }
        let Some(own) = self.units.first() else { return };
        let mut seen = BTreeSet::from([own.file.id]);
        let imports = own.parsed.imports.iter();
        let modules = imports.filter_map(|(level, dotted)| self.program.module(own.file, *level, dotted));
        let mut queue: Vec<(Arc<SourceFile>, u32)> = modules.map(|file| (file, 1)).collect();
        queue.extend(self.env_file().map(|file| (file, 0)));
        let mut at = 0;
        while let Some((file, step)) = queue.get(at).cloned() {
            at += 1;
            if !seen.insert(file.id) {
                continue;
            }
            let registers = ["register_operation", "implementation_for"].iter().any(|word| file.text.contains(word));
            if let Some(unit) = registers.then(|| self.unit_of(&file)).flatten() {
                self.module_env(unit);
            }
            if step < MAX_STEPS && queue.len() < MAX_FILES {
                let tree = self.program.reader.tree(&file);
                for (level, dotted) in &tree.imports {
                    queue.extend(self.program.module(&file, *level, dotted).map(|found| (found, step + 1)));
                }
            }
        }
    }
}

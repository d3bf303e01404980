//! Comprehensions: loops that make a list, a set, a dictionary or a generator.

use std::rc::Rc;

use ruff_python_ast::{Comprehension, Expr, ExprDictComp};

use super::super::value::{READ, Value};
use super::Interp;
use super::stmt::MAX_ROUNDS;

/// Loops of one comprehension.
const MAX_LOOPS: u32 = 8;

impl<'a> Interp<'a> {
    pub(super) fn comprehension(
        &mut self,
        element: &'a Expr,
        generators: &'a [Comprehension],
        expr: &'a Expr,
    ) -> Value<'a> {
        let mut out = Vec::new();
        match self.generate(element, generators, &mut out, 0) {
            Ok(()) => Value::list(out, self.span(expr)),
            Err(rows @ Value::Django(_)) if self.django.on && Self::object_of(&rows).is_some() => rows,
            // A list that is made of rows has one element for each.
            Err(iterated) if gives_rows(&iterated) => {
                self.grown.insert(self.span(expr));
                self.unknown(READ, expr)
            }
            Err(iterated) => self.part_of(&iterated, expr, "it is built from values that are not known"),
        }
    }

    pub(super) fn dict_comprehension(&mut self, comp: &'a ExprDictComp, expr: &'a Expr) -> Value<'a> {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        // `{**pairs for pairs in all}` has no key.
        let Some(key) = &comp.key else { return self.unknown("it is built from other dictionaries", expr) };
        let made = self.generate(key, &comp.generators, &mut keys, 0);
        match made.and_then(|()| self.generate(&comp.value, &comp.generators, &mut values, 0)) {
            Ok(()) => {
                let pairs = keys.into_iter().zip(values).collect();
                Value::Dict(Rc::new(std::cell::RefCell::new(pairs)), self.span(expr))
            }
            Err(iterated) if gives_rows(&iterated) => self.unknown(READ, expr),
            Err(iterated) => self.part_of(&iterated, expr, "it is built from values that are not known"),
        }
    }

    /// Runs the loops of a comprehension, outermost first; the error is what a loop cannot be run over.
    fn generate(
        &mut self,
        element: &'a Expr,
        generators: &'a [Comprehension],
        out: &mut Vec<Value<'a>>,
        depth: u32,
    ) -> Result<(), Value<'a>> {
        let Some((generator, inner)) = generators.split_first() else {
            let value = self.eval(element);
            out.push(value);
            return Ok(());
        };
        let iterated = self.eval(&generator.iter);
        let Some(items) = Value::items(&iterated).filter(|_| depth < MAX_LOOPS) else {
            let reason = "it comes from a loop over values that are not known";
            let row = self.row_of(&iterated, &generator.target);
            self.assign(&generator.target, row.unwrap_or_else(|| self.part_of(&iterated, &generator.target, reason)));
            let rows = u32::from(gives_rows(&iterated));
            self.loops.push(None);
            self.row_loops += rows;
            let made = self.eval(element);
            self.row_loops -= rows;
            self.loops.pop();
            return Err(Self::mapped_rows(&made).filter(|_| depth == 0).unwrap_or(iterated));
        };
        for item in items {
            if out.len() >= MAX_ROUNDS {
                self.cut("the list has more elements than are followed");
                break;
            }
            if !self.spend(1) {
                break;
            }
            self.assign(&generator.target, item);
            if generator.ifs.iter().all(|test| self.eval(test).truth() != Some(false)) {
                self.generate(element, inner, out, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// Whether a loop over it sees rows; a cursor is iterated for those of its last statement.
pub(super) fn gives_rows(iterated: &Value<'_>) -> bool {
    iterated.is_read() || matches!(iterated, Value::Handle(_))
}

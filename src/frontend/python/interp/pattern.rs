//! Regular expressions over names: `re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__)`.

use super::super::pattern::Pattern;
use super::super::sqlalchemy as sa;
use super::super::value::{Dj, Value};
use super::Interp;
use super::call::Named;
use crate::frontend::sql;
use crate::span::Span;

/// What stands for a pattern that is compiled.
const COMPILED: &str = "re.compile";

impl<'a> Interp<'a> {
    /// A method of the module `re` or of a pattern; `None` where it is none, or one that is not followed.
    pub(super) fn pattern_method(
        &mut self,
        base: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        match base {
            Value::Record(record) if record.class == COMPILED => {
                let pattern = record.fields.borrow().get("=0").cloned()?;
                self.matched(&pattern, name, arguments, named, span)
            }
            Value::Django(django) if matches!(&**django, Dj::Foreign(path) if path == "re") => {
                self.pattern_call(name, arguments, named, span)
            }
            Value::Unknown(opaque) if opaque.path.as_deref() == Some("re") => {
                self.pattern_call(name, arguments, named, span)
            }
            _ => None,
        }
    }

    /// A function of the module `re`.
    pub(super) fn pattern_call(
        &mut self,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        if name == "compile" && self.django.on {
            return Some(Self::foreign_record(COMPILED, arguments, named, span));
        }
        let (pattern, rest) = arguments.split_first()?;
        self.matched(pattern, name, rest, named, span)
    }

    fn matched(
        &mut self,
        pattern: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        named: &[Named<'a>],
        span: Span,
    ) -> Option<Value<'a>> {
        let subject = arguments.get(usize::from(name == "sub"))?.as_str().filter(|text| !sql::looks_like_sql(text))?;
        let written = pattern.as_str()?;
        let expected = if name == "sub" { 2 } else { 1 };
        if !matches!(name, "sub" | "split" | "findall") || arguments.len() != expected || !named.is_empty() {
            return None;
        }
        // To compile a pattern costs more than a step.
        self.spend(written.len() + subject.len());
        let pattern = Pattern::new(written)?;
        let words =
            |parts: Vec<String>| Value::list(parts.into_iter().map(|part| sa::word(&part, span)).collect(), span);
        match name {
            "sub" => Some(sa::word(&pattern.sub(subject, arguments.first()?.as_str()?)?, span)),
            "split" => pattern.split(subject).map(words),
            _ => pattern.find_all(subject).map(words),
        }
    }
}

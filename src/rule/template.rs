//! Sentences with facts in them: "building index `{index.name}` blocks writes".

use std::ops::Range;

use crate::expr::{ExprError, Lookup, Names, Value, unknown_name};

/// A sentence with places for facts, checked when the rule is loaded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Fact(u32),
    Constant(u32, Value),
}

impl Template {
    /// Reads `source`: `{name}` stands for a fact or option, `{{` and `}}` for braces. Ranges of errors are bytes of
    /// `source`.
    pub fn parse(source: &str, names: &dyn Names) -> Result<Self, ExprError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(found) = source.get(at..).and_then(|rest| rest.find(['{', '}'])) {
            // Braces are one byte each: these places are character boundaries.
            let brace = at + found;
            text.push_str(&source[at..brace]);
            let rest = &source[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                text.push_str(&rest[..1]);
                at = brace + 2;
            } else if rest.starts_with('}') {
                return Err(ExprError::new(brace..brace + 1, "`}` closes nothing").help("write a brace as `}}`"));
            } else {
                let Some(length) = rest.find('}') else {
                    return Err(ExprError::new(brace..brace + 1, "`{` is not closed").help("write a brace as `{{`"));
                };
                parts.extend((!text.is_empty()).then(|| Part::Text(std::mem::take(&mut text))));
                parts.push(placeholder(&rest[1..length], brace + 1..brace + length, names)?);
                at = brace + length + 1;
            }
        }
        text.push_str(source.get(at..).unwrap_or_default());
        parts.extend((!text.is_empty()).then_some(Part::Text(text)));
        Ok(Self { parts })
    }

    /// The sentence; `fact` gives the text of each fact by its number.
    pub fn render(&self, fact: &dyn Fn(u32) -> String) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Fact(id) => text.push_str(&fact(*id)),
                Part::Constant(_, value) => text.push_str(&value.to_string()),
            }
        }
        text
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The numbers of the facts it mentions, in order.
    pub fn facts(&self) -> impl Iterator<Item = u32> + '_ {
        self.parts.iter().filter_map(|part| if let Part::Fact(id) = part { Some(*id) } else { None })
    }

    /// The same sentence with other values for its constants; `None` keeps one as it is.
    #[must_use]
    pub fn rebind(&self, constants: &dyn Fn(u32) -> Option<Value>) -> Self {
        let mut template = self.clone();
        for part in &mut template.parts {
            if let Part::Constant(id, current) = part
                && let Some(value) = constants(*id)
            {
                *current = value;
            }
        }
        template
    }
}

fn placeholder(written: &str, range: Range<usize>, names: &dyn Names) -> Result<Part, ExprError> {
    let name = written.trim();
    match names.lookup(name) {
        Lookup::Fact(id, _) => Ok(Part::Fact(id)),
        Lookup::Constant(id, value) => Ok(Part::Constant(id, value)),
        Lookup::Elsewhere(reason) => Err(ExprError::new(range, format!("`{name}` {reason}"))),
        Lookup::Missing => Err(unknown_name(range, name, &names.all())),
    }
}

//! Operations of functions name tables by their models: what the tables are called is known when the state is.

use std::sync::Arc;

use super::editor::Editor;
use super::field::Field;
use super::path::{End, nowhere};
use super::state::Model;
use crate::ir::{Details, Known, OpKind, Operation, QualifiedName, Statement, Where};
use crate::span::Span;

/// The schema under which functions of a migration name a table by its model; see [`model_table`].
const MODELS: &str = "\u{10fffa}model";
/// Around app and model where a text has the name of a table; private-use characters, which no source has in a name.
const OPEN: char = '\u{10ffe0}';
/// Between app and model.
const BETWEEN: char = '\u{10ffe1}';
/// After them; see [`OPEN`].
const CLOSE: char = '\u{10ffe2}';

/// A table that is known only as a model yet.
pub(in crate::frontend::python) fn model_table(app: &str, model: &str, span: Span) -> Known<QualifiedName> {
    let name = format!("{app}.{}", model.to_lowercase());
    Known::Known(QualifiedName { schema: Some(MODELS.to_owned()), name }, span)
}

/// The table of the model of users, whichever it is.
pub(in crate::frontend::python) fn user_table(span: Span) -> Known<QualifiedName> {
    model_table(super::path::SETTINGS, super::path::USER, span)
}

/// Whether a name is one of [`model_table`].
pub(super) fn is_model(name: &QualifiedName) -> bool {
    name.schema.as_deref() == Some(MODELS)
}

/// The name of such a table as it stands in a text.
pub(in crate::frontend::python) fn table_word(table: &QualifiedName) -> String {
    match table.name.split_once('.').filter(|_| is_model(table)) {
        Some((app, model)) => format!("{OPEN}{app}{BETWEEN}{model}{CLOSE}"),
        None => table.name.clone(),
    }
}

impl Editor {
    /// An operation of a function, with the table of its model; `None` where what was taken for rows is a value.
    pub(super) fn resolved(&self, operation: &Operation) -> Option<Operation> {
        let mut operation = operation.clone();
        if let Some(Known::Known(name, span)) = &operation.table
            && is_model(name)
        {
            let span = *span;
            let key = match self.state.end_of(&name.name) {
                End::Value => return None,
                End::Model(key) => key,
                End::Referrer(key) => {
                    // `customer.orders.add(order)` changes the order.
                    operation.kind = OpKind::DataUpdate;
                    key
                }
                End::Join(table) => {
                    operation.table = Some(Known::Known(qualified(&table), span));
                    return Some(operation);
                }
                End::Unknown(path) => {
                    operation.table = Some(nowhere(&path, span));
                    return Some(operation);
                }
            };
            let table = qualified(&self.state.table_of(&key));
            if let Details::Data(data) = &mut operation.details {
                let model = self.state.models.get(&self.state.concrete(&key));
                data.assignments.retain_mut(|assignment| match self.column_of(model, &assignment.column) {
                    Some(column) => {
                        assignment.column = column;
                        true
                    }
                    None => false,
                });
                if let Where::Predicate(predicate) = &mut data.condition {
                    let before = predicate.terms.len();
                    predicate.terms.retain_mut(|term| match self.column_of(model, &term.column) {
                        Some(column) => {
                            term.column = column;
                            true
                        }
                        None => false,
                    });
                    predicate.complete &= predicate.terms.len() == before;
                }
            }
            operation.table = Some(Known::Known(table, span));
        }
        if operation.statement.text.contains(OPEN) {
            self.put_tables(&mut operation);
        }
        Some(operation)
    }

    /// The column of a model's own table that a function names by its field; `None` where it is a column of a table
    /// that the model is derived from, or no column of a table at all.
    fn column_of(&self, model: Option<&Model>, name: &str) -> Option<String> {
        let Some(model) = model else { return Some(name.to_owned()) };
        if let Some(field) = model.field(name) {
            return (self.state.column_type(model, field).is_some()).then(|| field.column());
        }
        let name = if name == "pk" { "id" } else { name };
        // `order_id` for the field `order`; the key that a model has where nobody wrote one.
        let by_column = model.fields.iter().map(Field::column).find(|column| column == name);
        by_column.or_else(|| model.pk().filter(|_| name == "id").map(Field::column))
    }

    /// Puts the names of tables where the text of a statement has models.
    fn put_tables(&self, operation: &mut Operation) {
        let text = self.with_tables(&operation.statement.text);
        operation.statement = Arc::new(Statement { text, ..(*operation.statement).clone() });
        for name in [&mut operation.table, &mut operation.name].into_iter().flatten() {
            if let Known::Known(name, _) = name {
                name.name = self.with_tables(&name.name);
            }
        }
        if let Details::Constraint(constraint) = &mut operation.details
            && let Some(references) = &mut constraint.references
            && let Known::Known(name, _) = &mut references.table
        {
            name.name = self.with_tables(&name.name);
        }
    }

    fn with_tables(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out += before;
            let (word, after) = after.split_once(CLOSE).unwrap_or((after, ""));
            let (app, model) = word.split_once(BETWEEN).unwrap_or(("", word));
            let table = match self.state.end_of(&format!("{app}.{model}")) {
                End::Model(key) | End::Referrer(key) => self.state.table_of(&key),
                End::Join(table) => table,
                End::Value | End::Unknown(_) => model.to_owned(),
            };
            out += table.trim_matches('"');
            rest = after;
        }
        out + rest
    }
}

/// A table's name as Django has it: `"schema"."table"` names a schema.
fn qualified(table: &str) -> QualifiedName {
    match table.split_once("\".\"") {
        Some((schema, name)) => {
            QualifiedName { schema: Some(schema.trim_matches('"').to_owned()), name: name.trim_matches('"').to_owned() }
        }
        None => QualifiedName::bare(table.trim_matches('"')),
    }
}

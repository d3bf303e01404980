//! Where the attributes of models lead: `order.lines` to the model that refers to orders, `order.tags` to tags by way of
//! the table between them, `order.note` nowhere.

use super::field::Field;
use super::state::{Key, Model, State};
use super::value::Py;
use crate::ir::{Known, QualifiedName, Unknown};
use crate::span::Span;

/// Before the name of an attribute whose objects are meant.
const OBJECT: char = '/';
/// Before the name of an attribute where the rows that join objects are meant.
const BETWEEN: char = '|';
/// Attributes of attributes that are followed.
const MAX_LEAPS: usize = 8;

/// Stands for the app of the model of users.
pub(super) const SETTINGS: &str = "settings";
/// Stands for the model of users.
pub(super) const USER: &str = "auth_user_model";

/// Relations of Django's own models, whose migrations are not in the project: app, model, attribute; app and model that
/// it leads to; the table between, where they are joined many to many.
const CONTRIB: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("auth", "group", "permissions", "auth", "permission", "auth_group_permissions"),
    ("auth", "permission", "group_set", "auth", "group", "auth_group_permissions"),
    ("auth", "user", "groups", "auth", "group", "auth_user_groups"),
    ("auth", "group", "user_set", "auth", "user", "auth_user_groups"),
    ("auth", "user", "user_permissions", "auth", "permission", "auth_user_user_permissions"),
    ("auth", "permission", "user_set", "auth", "user", "auth_user_user_permissions"),
    ("auth", "permission", "content_type", "contenttypes", "contenttype", ""),
];

/// What of an attribute is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::frontend::python) enum Leap {
    /// The object or objects that it leads to.
    Object,
    /// The rows that join them to the object that has the attribute.
    Between,
}

/// The table that an attribute of a model leads to, known only as a path yet; see [`super::late::model_table`].
pub(in crate::frontend::python) fn led(
    from: &Known<QualifiedName>,
    attribute: &str,
    leap: Leap,
    span: Span,
) -> Known<QualifiedName> {
    let mark = if leap == Leap::Object { OBJECT } else { BETWEEN };
    match from {
        Known::Known(name, _) if super::late::is_model(name) && leaps(&name.name) < MAX_LEAPS => {
            let name = QualifiedName { schema: name.schema.clone(), name: format!("{}{mark}{attribute}", name.name) };
            Known::Known(name, span)
        }
        Known::Known(name, _) => nowhere(&format!("{}.{attribute}", name.name), span),
        Known::Unknown(unknown) => nowhere(&format!("{}.{attribute}", unknown.text.trim_matches(['{', '}'])), span),
    }
}

/// A table that the state does not tell either.
pub(super) fn nowhere(path: &str, span: Span) -> Known<QualifiedName> {
    Known::Unknown(Unknown { reason: "the field tells the table".to_owned(), text: format!("{{{path}}}"), span })
}

fn leaps(path: &str) -> usize {
    path.matches([OBJECT, BETWEEN]).count()
}

/// Where a path ends.
#[derive(Debug)]
pub(super) enum End {
    /// At a model.
    Model(Key),
    /// At the rows that join many to many.
    Join(String),
    /// At a model that refers to the one before: its objects are changed to refer to another.
    Referrer(Key),
    /// At a value.
    Value,
    /// It goes through a model that the project does not have: what it is called.
    Unknown(String),
}

impl State {
    /// Where a path leads, which begins with app and model.
    pub(super) fn end_of(&self, path: &str) -> End {
        let mut rest = path;
        let start = rest.find([OBJECT, BETWEEN]).unwrap_or(rest.len());
        let (model, after) = rest.split_at_checked(start).unwrap_or((rest, ""));
        rest = after;
        let (app, model) = model.split_once('.').unwrap_or(("", model));
        let mut at: Key = (app.to_owned(), model.to_owned());
        if (app, model) == (SETTINGS, USER) {
            at = super::state::split(self.user_model.as_deref().unwrap_or("auth.User"), app);
        }
        while let Some(mark) = rest.chars().next() {
            let ahead = rest.get(mark.len_utf8()..).unwrap_or_default();
            let end = ahead.find([OBJECT, BETWEEN]).unwrap_or(ahead.len());
            let (name, after) = ahead.split_at_checked(end).unwrap_or((ahead, ""));
            rest = after;
            let last = rest.is_empty();
            let step = match self.models.get(&self.concrete(&at)) {
                Some(model) => self.step(model, name),
                None => self.back(&at, name).unwrap_or_else(|| contrib(&at, name)),
            };
            match (step, mark) {
                (Step::Value, _) | (Step::Forward(_), BETWEEN) => return End::Value,
                (Step::Many(_, join), BETWEEN) => {
                    return join.map_or_else(|| End::Unknown(path.replace([OBJECT, BETWEEN], ".")), End::Join);
                }
                (Step::Back(to), BETWEEN) if last => return End::Referrer(to),
                (Step::Forward(to) | Step::Many(to, _) | Step::Back(to), _) => at = to,
                (Step::Unknown, _) => return End::Unknown(path.replace([OBJECT, BETWEEN], ".")),
            }
        }
        End::Model(at)
    }

    /// What an attribute of a model's objects is.
    fn step(&self, model: &Model, name: &str) -> Step {
        let own = std::iter::once(model).chain(model.bases.iter().filter_map(|base| self.models.get(base)));
        for model in own {
            if let Some(field) = model.field(name) {
                return self.forward(model, field);
            }
            if let Some(found) = self.back(&model.key(), name) {
                return found;
            }
        }
        // Its model may come later in the order of migrations, or the manager gives it.
        Step::Unknown
    }

    fn forward(&self, model: &Model, field: &Field) -> Step {
        if !field.is_relation() && !field.is_many_to_many() {
            // A field of the project's own may be a relation.
            let own = field.call.get("to").is_some();
            return if own { Step::Unknown } else { Step::Value };
        }
        let Some(to) = field.to().and_then(|to| self.named(to, &model.app, &model.name)) else { return Step::Unknown };
        if field.is_relation() { Step::Forward(to) } else { Step::Many(to, self.join(model, field)) }
    }

    /// The table between the two sides of a many-to-many field.
    fn join(&self, model: &Model, field: &Field) -> Option<String> {
        match field.through() {
            Some(through) => {
                self.named(through, &model.app, &model.name).map(|key| self.table_of(&self.concrete(&key)))
            }
            None => self.through(model, field).map(|join| join.table(self.dialect)),
        }
    }

    /// The way back along a relation of another model, by the name that it gives or that Django does.
    fn back(&self, model: &Key, name: &str) -> Option<Step> {
        for (key, relation) in self.references(model) {
            let Some(referrer) = self.models.get(&key) else { continue };
            let Some(field) = referrer.field(&relation) else { continue };
            let accessor = match field.call.get("related_name") {
                Some(Py::Text(text)) => text.replace("%(class)s", &key.1).replace("%(app_label)s", &key.0),
                _ if field.kind == "OneToOneField" => key.1.clone(),
                _ => format!("{}_set", key.1),
            };
            if accessor == name {
                let many = field.is_many_to_many();
                return Some(if many { Step::Many(key, self.join(referrer, field)) } else { Step::Back(key) });
            }
        }
        None
    }
}

/// What an attribute of a model of Django's own is.
fn contrib(key: &Key, name: &str) -> Step {
    let found = CONTRIB.iter().find(|(app, model, attribute, ..)| (*app, *model, *attribute) == (&key.0, &key.1, name));
    match found {
        Some((.., app, model, "")) => Step::Forward(((*app).to_owned(), (*model).to_owned())),
        Some((.., app, model, join)) => Step::Many(((*app).to_owned(), (*model).to_owned()), Some((*join).to_owned())),
        None => Step::Unknown,
    }
}

/// What an attribute is.
enum Step {
    /// A relation to one object.
    Forward(Key),
    /// A relation to many, and the table between.
    Many(Key, Option<String>),
    /// Objects that refer to the one that has the attribute.
    Back(Key),
    Value,
    Unknown,
}

//! Models of Django: fields, those of abstract classes among them, and what `Meta` says.

use std::rc::Rc;

use super::super::super::django::Declared;
use super::super::super::value::{Class, Value};
use super::super::Interp;
use super::library::is_plain;
use super::{Base, MAX_DEPTH};

impl<'a> Interp<'a> {
    /// What a class of Django says; `None` where it is none.
    pub(super) fn declared(&mut self, class: &Rc<Class<'a>>) -> Option<Declared> {
        if !self.is_django(class, 0) {
            return None;
        }
        let meta = Self::meta(class, 0);
        let flag = |name: &str| {
            let own = Self::own(class, "Meta").and_then(|meta| match meta {
                Value::Class(meta) => Self::own(&meta, name),
                _ => None,
            });
            own.is_some_and(|value| value.truth() != Some(false))
        };
        let option = |name: &str| meta.as_ref().and_then(|meta| meta.attribute(name, 0));
        let app = match option("app_label").map(|value| value.as_str().map(str::to_owned)) {
            Some(said) => said,
            None => Some(self.app_of_models()),
        };
        let db_table = option("db_table").map(|value| self.py(&value, 0));
        let ordered = option("order_with_respect_to").is_some_and(|value| !matches!(value, Value::None));
        let mut declared = Declared {
            name: class.name.to_owned(),
            app,
            db_table,
            ordered,
            // A proxy's table is that of its parent, and an abstract class has none.
            without_table: flag("abstract") || flag("proxy"),
            ..Declared::default()
        };
        if !declared.without_table {
            self.fields_of(class, &mut declared, 0);
        }
        Some(declared)
    }

    /// Whether a class is derived from Django's `Model`, as far as can be seen: one of a library counts where the class
    /// has fields of Django.
    fn is_django(&mut self, class: &Rc<Class<'a>>, depth: u32) -> bool {
        if depth > MAX_DEPTH || !self.spend(1) {
            return false;
        }
        let is = |path: &str| path.ends_with("db.models.Model") || path.ends_with("db.models.base.Model");
        if Self::comes_from(class, &is, 0) {
            return true;
        }
        Self::comes_from(class, &|path| !is_plain(path), 0) && self.has_fields(class, 0)
    }

    /// Whether a class, or one of the project that it is derived from, has fields of Django.
    fn has_fields(&self, class: &Rc<Class<'a>>, depth: u32) -> bool {
        let of_django = |value: &Value<'a>| match value {
            Value::Record(record) => {
                let path = self.lineage(record).pop().unwrap_or_default();
                path.starts_with("django.db.models.") && (path.ends_with("Field") || path.ends_with("Key"))
            }
            _ => false,
        };
        let own = class.env.vars.borrow().values().any(of_django);
        own || depth < MAX_DEPTH
            && Self::bases(class).iter().any(|base| match base {
                Base::Own(base) => self.has_fields(base, depth + 1),
                _ => false,
            })
    }

    /// The `Meta` of a class, or the one that it gets from an abstract class.
    fn meta(class: &Rc<Class<'a>>, depth: u32) -> Option<Rc<Class<'a>>> {
        if let Some(Value::Class(meta)) = Self::own(class, "Meta") {
            return Some(meta);
        }
        let mut bases = Self::bases(class).into_iter().filter(|_| depth < MAX_DEPTH);
        bases.find_map(|base| match base {
            Base::Own(base) if Self::is_abstract(&base) => Self::meta(&base, depth + 1),
            _ => None,
        })
    }

    fn is_abstract(class: &Class<'a>) -> bool {
        let Some(Value::Class(meta)) = Self::own(class, "Meta") else { return false };
        Self::own(&meta, "abstract").is_some_and(|value| value.truth() == Some(true))
    }

    /// Notes the fields of a class and of the abstract classes that it is derived from.
    fn fields_of(&mut self, class: &Rc<Class<'a>>, declared: &mut Declared, depth: u32) {
        if depth > MAX_DEPTH || !self.spend(1) {
            declared.partial = true;
            return;
        }
        let vars: Vec<(&'a str, Value<'a>)> =
            class.env.vars.borrow().iter().map(|(name, value)| (*name, value.clone())).collect();
        for (name, value) in vars {
            if name.starts_with("__") || declared.fields.contains_key(name) {
                continue;
            }
            match &value {
                Value::Record(record) => {
                    let call = self.py_call(record, 0);
                    declared.fields.insert(name.to_owned(), call);
                }
                // `name = None` takes an inherited field away.
                Value::None | Value::Unknown(_) | Value::Either(_) | Value::Crowded => {
                    declared.fields.insert(name.to_owned(), None);
                }
                _ => {}
            }
        }
        for base in Self::bases(class) {
            match base {
                Base::Own(base) if Self::is_abstract(&base) || !self.is_django(&base, 0) => {
                    self.fields_of(&base, declared, depth + 1);
                }
                Base::Own(base) => declared.parents.push(base.name.to_lowercase()),
                Base::Library(path) => declared.inherit(&path),
                Base::Made(_) | Base::Unknown => declared.partial = true,
            }
        }
    }

    /// The label of the app that the file's models are of: the one of the nearest folder that is an app, which has
    /// migrations or a configuration; else of the folder that holds the models.
    fn app_of_models(&mut self) -> String {
        if !self.django.app.is_empty() {
            return self.django.app.clone();
        }
        let path = self.units.first().map_or("", |unit| unit.file.path.as_str());
        let folders: Vec<&str> = path.rsplit('/').skip(1).take(4).collect();
        let mut label = None;
        for (up, folder) in folders.iter().enumerate() {
            let level = u32::try_from(up + 1).unwrap_or(1);
            if self.module(0, level, "apps").is_some() || self.module(0, level, "migrations").is_some() {
                label = Some(self.app_says(level, "label").unwrap_or_else(|| (*folder).to_owned()));
                break;
            }
        }
        let beside = || folders.iter().find(|folder| **folder != "models").map(|folder| (*folder).to_owned());
        self.django.app = label.or_else(beside).unwrap_or_default();
        self.django.app.clone()
    }
}

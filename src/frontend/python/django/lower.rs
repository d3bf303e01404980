//! Operations of migrations, run over the state: each says what it sends and what it leaves.

use std::sync::Arc;

use super::editor::Editor;
use super::field::Field;
use super::names::quoted;
use super::state::{Model, together};
use super::value::{Call, DjangoMigration, Py, Step};
use crate::ir::{Context, Details, OpKind, OpaqueReason, Operation, Scope, Statement, TransactionKind};
use crate::span::Span;

/// Steps within one another (`SeparateDatabaseAndState`).
const MAX_DEPTH: u32 = 50;

impl Editor {
    /// Runs one migration; what it sends, forward and back.
    pub(super) fn migration(&mut self, migration: &DjangoMigration) -> (Vec<Operation>, Vec<Operation>) {
        self.waiting.clear();
        self.span = migration.span;
        self.query = 0;
        let mut back = Vec::new();
        for step in &migration.operations {
            self.context = Arc::new(context(migration));
            self.step(&migration.app, step, (true, true), &mut back, 0);
        }
        self.finish();
        (std::mem::take(&mut self.sent), back)
    }

    /// Runs a step: on the database, on the state, on both.
    fn step(&mut self, app: &str, step: &Step, on: (bool, bool), back: &mut Vec<Operation>, depth: u32) {
        let silent = self.silent;
        match step {
            Step::Call(call) => {
                self.span = call.span;
                // The database's own catalogue is noted either way, so that what follows is read right.
                self.silent |= !on.0;
                if on.0 || on.1 {
                    self.operation(app, call, on);
                }
            }
            Step::Separate(database, state, _) if depth < MAX_DEPTH => {
                // The database's steps see the state as they change it themselves.
                let before = self.state.models.mark();
                for step in database {
                    self.step(app, step, (on.0, true), back, depth + 1);
                }
                self.state.models.back_to(&before);
                for step in state {
                    self.step(app, step, (false, on.1), back, depth + 1);
                }
            }
            Step::Separate(..) => {}
            Step::Done(forward, backward, state) => {
                if on.0 && !self.silent {
                    for operation in forward {
                        let operation = self.resolved(operation);
                        self.sent.extend(operation);
                    }
                    back.extend(backward.iter().filter_map(|operation| self.resolved(operation)));
                }
                for step in state {
                    self.step(app, step, (false, on.1), back, depth + 1);
                }
            }
            Step::Unknown(unknown) => self.opaque(unknown.span, &unknown.reason),
        }
        self.silent = silent;
    }

    pub(super) fn opaque(&mut self, span: Span, reason: &str) {
        if self.silent {
            return;
        }
        self.query += 1;
        let statement = Statement {
            span,
            text: String::new(),
            fingerprint: 0,
            query: self.query,
            shares_query: false,
            dialect: self.dialect(),
            implied: true,
        };
        let mut operation = Operation::new(OpKind::Opaque, Arc::new(statement));
        operation.details = Details::Opaque(OpaqueReason::NotUnderstood(reason.to_owned()));
        operation.context = self.context.clone();
        self.sent.push(operation);
    }

    fn operation(&mut self, app: &str, call: &Call, on: (bool, bool)) {
        // The class itself, else what it is derived from.
        let names = std::iter::once(call.path.as_str()).chain(call.bases.iter().map(String::as_str));
        for path in names {
            if self.known_operation(app, super::value::last(path), call, on) {
                return;
            }
        }
        let reason = format!("the operation `{}` is not known", call.name());
        if call.bases.is_empty() || on.0 {
            self.opaque(call.span, &reason);
        }
    }

    #[expect(clippy::match_same_arms, reason = "one row for each, as a table")]
    fn known_operation(&mut self, app: &str, name: &str, call: &Call, on: (bool, bool)) -> bool {
        let text = |at, name| call.argument(at, name).and_then(Py::as_str).unwrap_or_default().to_owned();
        match name {
            "CreateModel" => self.create(app, call),
            "DeleteModel" => self.delete(app, &text(0, "name")),
            "RenameModel" => self.rename(app, &text(0, "old_name"), &text(1, "new_name")),
            "AlterModelTable" => self.option(app, &text(0, "name"), "db_table", call.argument(1, "table")),
            "AlterModelTableComment" => self.table_comment(app, &text(0, "name"), call.argument(1, "table_comment")),
            "AlterModelOptions" => self.options(app, &text(0, "name"), call.argument(1, "options")),
            "AlterModelManagers" => {}
            "AlterUniqueTogether" => self.together(app, &text(0, "name"), "unique_together", call),
            "AlterIndexTogether" => self.together(app, &text(0, "name"), "index_together", call),
            "AlterOrderWithRespectTo" => {
                let field = call.argument(1, "order_with_respect_to").cloned();
                self.order(app, &text(0, "name"), field);
            }
            "AddField" | "AlterField" => {
                let Some(field) = call.argument(2, "field").and_then(Py::call) else {
                    self.opaque(call.span, "the field is not known");
                    return true;
                };
                let field = Field::new(&text(1, "name"), field.clone());
                let keep = call.argument(3, "preserve_default") != Some(&Py::Bool(false));
                if name == "AddField" {
                    self.add(app, &text(0, "model_name"), &field, keep);
                } else {
                    self.change(app, &text(0, "model_name"), &field, keep);
                }
            }
            "RemoveField" => self.remove(app, &text(0, "model_name"), &text(1, "name")),
            "RenameField" => {
                self.rename_field(app, &text(0, "model_name"), &text(1, "old_name"), &text(2, "new_name"));
            }
            "AddIndex" | "AddIndexConcurrently" => {
                let index = call.argument(1, "index").and_then(Py::call);
                self.add_index(app, &text(0, "model_name"), index, name.ends_with("Concurrently"));
            }
            "RemoveIndex" | "RemoveIndexConcurrently" => {
                self.remove_index(app, &text(0, "model_name"), &text(1, "name"), name.ends_with("Concurrently"));
            }
            "RenameIndex" => self.rename_index(app, call),
            "AddConstraint" | "AddConstraintNotValid" => {
                let constraint = call.argument(1, "constraint").and_then(Py::call).cloned();
                self.add_meta_constraint(app, &text(0, "model_name"), constraint, name.ends_with("NotValid"));
            }
            "RemoveConstraint" => self.remove_meta_constraint(app, &text(0, "model_name"), &text(1, "name")),
            "AlterConstraint" => self.alter_meta_constraint(app, call),
            "ValidateConstraint" => {
                let name = text(1, "name");
                if let Some(model) = self.managed(app, &text(0, "model_name")) {
                    self.alter(&model.table(self.dialect()), &format!("VALIDATE CONSTRAINT {}", quoted(&name)));
                }
            }
            "RunSQL" | "RunPython" => self.opaque(call.span, "its argument is not known"),
            "CreateCollation" | "RemoveCollation" => self.collation(name, call),
            // Marks for the tools that check migrations.
            "IgnoreMigration" => {}
            _ => return self.extension(name, call) || !on.0 && on.1 && name == "Operation",
        }
        true
    }

    fn extension(&mut self, name: &str, call: &Call) -> bool {
        let extension = match name {
            "CreateExtension" => call.argument(0, "name").and_then(Py::as_str).unwrap_or_default(),
            "BloomExtension" => "bloom",
            "BtreeGinExtension" => "btree_gin",
            "BtreeGistExtension" => "btree_gist",
            "CITextExtension" => "citext",
            "CryptoExtension" => "pgcrypto",
            "HStoreExtension" => "hstore",
            "TrigramExtension" => "pg_trgm",
            "UnaccentExtension" => "unaccent",
            _ => return false,
        };
        if !self.sqlite() {
            self.send(&format!("CREATE EXTENSION IF NOT EXISTS {}", quoted(extension)));
        }
        true
    }

    fn collation(&mut self, name: &str, call: &Call) {
        if self.sqlite() {
            return;
        }
        let text = |at, name| call.argument(at, name).and_then(Py::as_str);
        let collation = quoted(text(0, "name").unwrap_or_default());
        if name == "RemoveCollation" {
            return self.send(&format!("DROP COLLATION {collation}"));
        }
        let mut parts = vec![format!("locale={}", quoted(text(1, "locale").unwrap_or_default()))];
        match text(2, "provider") {
            Some("libc") | None => {}
            Some(provider) => parts.push(format!("provider={}", quoted(provider))),
        }
        if call.argument(3, "deterministic") == Some(&Py::Bool(false)) {
            parts.push("deterministic=false".to_owned());
            self.state.loose_collations.extend(text(0, "name").map(str::to_owned));
        }
        self.send(&format!("CREATE COLLATION {collation} ({})", parts.join(", ")));
    }

    /// A model whose table migrations change.
    pub(super) fn managed(&self, app: &str, name: &str) -> Option<Arc<Model>> {
        self.state.shared(app, name).filter(|model| model.managed())
    }

    pub(super) fn model_mut(&mut self, app: &str, name: &str) -> Option<&mut Model> {
        let key = (app.to_owned(), name.to_lowercase());
        if !self.state.models.contains_key(&key) {
            self.missing(app, name);
        }
        self.state.models.get_mut(&key)
    }

    pub(super) fn missing(&mut self, app: &str, name: &str) {
        let (reason, span) = (format!("no migration before this one creates the model `{app}.{name}`"), self.span);
        self.opaque(span, &reason);
    }

    fn create(&mut self, app: &str, call: &Call) {
        let name = call.argument(0, "name").and_then(Py::as_str).unwrap_or_default().to_owned();
        let mut model = Model { app: app.to_owned(), name, ..Model::default() };
        let Some(Py::List(fields)) = call.argument(1, "fields") else {
            return self.opaque(call.span, "the list of fields is not known");
        };
        for field in fields {
            match field {
                Py::List(pair) => {
                    if let [Py::Text(name), Py::Call(call)] = &pair[..] {
                        model.fields.push(Field::new(name, (**call).clone()));
                    } else {
                        self.opaque(call.span, "a field is not known");
                    }
                }
                _ => self.opaque(call.span, "a field is not known"),
            }
        }
        if let Some(Py::Dict(options)) = call.argument(2, "options") {
            for (key, value) in options {
                match key.as_str() {
                    Some("indexes") => model.indexes = calls(value),
                    Some("constraints") => model.constraints = calls(value),
                    Some(name) => model.set_option(name, Some(value.clone())),
                    None => {}
                }
            }
        }
        for base in call.argument(3, "bases").map(Py::items).unwrap_or_default() {
            if let Py::Text(text) = base
                && text.contains('.')
            {
                model.bases.extend(self.state.named(base, app, ""));
            } else if let Py::Name(path, _) = base {
                // A class of the project stands for itself where it is a model of the state.
                let key = self.state.named(&Py::Name(path.clone(), Box::new(Py::None)), app, "");
                model.bases.extend(key.filter(|key| self.state.models.contains_key(key)));
            }
        }
        if model.option("order_with_respect_to").is_some_and(|value| !matches!(value, Py::None)) {
            model.fields.push(order_field(call.span));
        }
        let key = model.key();
        model.swapped = model.option("swappable").and_then(Py::as_str) == Some("AUTH_USER_MODEL")
            && self
                .state
                .user_model
                .as_deref()
                .is_some_and(|user| user.to_lowercase() != format!("{}.{}", key.0, key.1));
        let model = Arc::new(model);
        self.state.models.insert(key.clone(), model.clone());
        self.state.refer(&key);
        if model.managed() {
            self.create_model(&model);
        }
    }

    fn delete(&mut self, app: &str, name: &str) {
        let key = (app.to_owned(), name.to_lowercase());
        match self.state.models.shared(&key) {
            Some(model) if model.managed() => self.delete_model(&model),
            Some(_) => {}
            None => self.missing(app, name),
        }
        self.state.models.remove(&key);
    }

    /// Sets an option of the model that its table follows.
    fn option(&mut self, app: &str, name: &str, option: &str, value: Option<&Py>) {
        let dialect = self.dialect();
        let before = self.managed(app, name);
        let throughs = |editor: &Self, model: &Model| -> Vec<Model> {
            model.fields.iter().filter_map(|field| editor.state.through(model, field)).collect()
        };
        let old = before.as_ref().map(|model| (model.table(dialect), throughs(self, model)));
        let value = value.filter(|value| !matches!(value, Py::None)).cloned();
        if let Some(model) = self.model_mut(app, name) {
            model.set_option(option, value);
        }
        if let (Some((table, joins)), Some(after)) = (old, self.managed(app, name)) {
            self.rename_table(&table, &after.table(dialect));
            for (before, after) in joins.iter().zip(throughs(self, &after)) {
                self.rename_table(&before.table(dialect), &after.table(dialect));
            }
        }
    }

    fn table_comment(&mut self, app: &str, name: &str, value: Option<&Py>) {
        let value = value.filter(|value| !matches!(value, Py::None)).cloned();
        let text = value.as_ref().and_then(Py::as_str).unwrap_or_default().replace('\'', "''");
        if let Some(model) = self.model_mut(app, name) {
            model.set_option("db_table_comment", value);
        }
        if let Some(model) = self.managed(app, name).filter(|_| !self.sqlite()) {
            self.send(&format!("COMMENT ON TABLE {} IS '{text}'", quoted(&model.table(self.dialect()))));
        }
    }

    fn options(&mut self, app: &str, name: &str, options: Option<&Py>) {
        /// What `AlterModelOptions` takes away where it does not name it.
        const KEYS: &[&str] = &["managed", "default_manager_name", "base_manager_name"];
        let Some(model) = self.model_mut(app, name) else { return };
        for key in KEYS {
            model.set_option(key, options.and_then(|options| options.key(key)).cloned());
        }
    }

    fn together(&mut self, app: &str, name: &str, option: &str, call: &Call) {
        let value = call.argument(1, option).cloned();
        let Some(model) = self.model_mut(app, name) else { return };
        let before = model.together(option);
        let after = value.as_ref().map(together).unwrap_or_default();
        model.set_option(option, value.filter(|value| !matches!(value, Py::None)));
        let Some(model) = self.managed(app, name) else { return };
        let table = model.table(self.dialect());
        let unique = option == "unique_together";
        let compiler = |names: &[String]| -> Vec<String> {
            let columns = names.iter().map(|name| model.field(name).map_or_else(|| name.clone(), Field::column));
            columns.collect()
        };
        for names in before.iter().filter(|names| !after.contains(names)) {
            let columns = compiler(names);
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let found = self.catalogue.names(&table, &columns, |entry| {
                if unique { entry.unique && !entry.primary_key && !entry.index } else { entry.index && !entry.unique }
            });
            if let Some(name) = found.first() {
                if unique && !self.sqlite() {
                    self.drop_constraint(&table, name);
                } else {
                    self.drop_index(&table, name, false);
                }
            }
        }
        for names in after.iter().filter(|names| !before.contains(names)) {
            let statement = if unique { self.unique_of(&model, names) } else { self.composed_index(&model, names) };
            self.execute(&statement);
        }
    }

    /// An index of `index_together`.
    fn composed_index(&self, model: &Model, names: &[String]) -> super::sql::Wait {
        let columns = names.iter().map(|name| model.field(name).map_or_else(|| name.clone(), Field::column));
        super::sql::Wait::Index(super::sql::Index {
            table: model.table(self.dialect()),
            suffix: "_idx",
            columns: columns.map(|column| (column, String::new())).collect(),
            ..super::sql::Index::default()
        })
    }

    fn order(&mut self, app: &str, name: &str, field: Option<Py>) {
        let span = self.span;
        let value = field.filter(|value| !matches!(value, Py::None));
        let Some(before) = self.state.shared(app, name) else { return self.missing(app, name) };
        let had = before.option("order_with_respect_to").is_some();
        let has = value.is_some();
        if let Some(model) = self.model_mut(app, name) {
            model.set_option("order_with_respect_to", value);
            model.fields.retain(|field| field.name != "_order" || has);
            if has && !had {
                model.fields.push(order_field(span));
            }
        }
        let mut field = order_field(span);
        match (had, has, before.managed()) {
            (false, true, true) => {
                field.call.set("default", Py::Int(0));
                self.add_column(&before, &field);
            }
            (true, false, true) => self.remove_column(&before, &field),
            _ => {}
        }
    }

    pub(super) fn add_column(&mut self, model: &Model, field: &Field) {
        if self.sqlite() { self.sqlite_add(model, field) } else { self.add_field(model, field) }
    }

    pub(super) fn remove_column(&mut self, model: &Model, field: &Field) {
        if self.sqlite() { self.sqlite_remove(model, field) } else { self.remove_field(model, field) }
    }
}

/// Where the statements of a migration run.
fn context(migration: &DjangoMigration) -> Context {
    let kind = match migration.atomic {
        Some(true) => TransactionKind::Runner,
        Some(false) => TransactionKind::None,
        None => TransactionKind::Unknown,
    };
    Context { scope: Scope { kind, id: 1, ..Scope::default() }, ..Context::default() }
}

fn order_field(span: Span) -> Field {
    Field::new("_order", Call { path: "django.db.models.fields.proxy.OrderWrt".to_owned(), span, ..Call::default() })
}

fn calls(value: &Py) -> Vec<Call> {
    value.items().into_iter().filter_map(Py::call).cloned().collect()
}

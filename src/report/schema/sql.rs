//! Statements that make the schema on an empty database.
//!
//! The order is that of `pg_dump`: what constrains comes after what is constrained, partitions are attached, and foreign
//! keys come last, so that no statement needs one that follows.

use std::fmt::Write as _;

use super::{Described, lasting, name_sql, type_sql};
use crate::ir::{ConstraintKind, ReferentialAction, Tri};
use crate::schema::{
    Constraint, Generated, IndexState, Maybe, Relation, RelationKind, RoutineState, Snapshot, Type, TypeSort, as_sql,
    quoted,
};

/// The statements, project by project.
pub fn sql(projects: &[Described<'_>]) -> String {
    let mut out = String::new();
    for project in projects {
        if projects.len() > 1 {
            let root = if project.root.is_empty() { "." } else { project.root };
            // Writing to a string does not fail, here and below.
            let _ = writeln!(out, "-- {} ({}, {})\n", root, project.runner, project.dialect);
        }
        Writer { snapshot: project.snapshot, out: &mut out }.all();
    }
    out
}

struct Writer<'a, 'o> {
    snapshot: Snapshot<'a>,
    out: &'o mut String,
}

impl<'a> Writer<'a, '_> {
    fn all(&mut self) {
        let relations = lasting(&self.snapshot);
        let (known, partly): (Vec<_>, Vec<_>) = relations.into_iter().partition(|relation| self.is_whole(relation));
        for relation in partly.iter().filter(|relation| relation.state.index.is_none()) {
            let kind = relation.state.kind.as_sql();
            let _ = writeln!(self.out, "-- {kind} {}: not all of it is known", name_sql(&relation.state.name));
        }
        let of = |kinds: &[RelationKind]| -> Vec<Relation<'a>> {
            let mut of: Vec<_> =
                known.iter().copied().filter(|relation| kinds.contains(&relation.state.kind)).collect();
            // In the order in which they were made, so that a view comes after what it reads.
            of.sort_by_key(|relation| relation.id);
            of
        };
        let tables = of(&[RelationKind::Table, RelationKind::Partitioned]);
        let routines = self.snapshot.routines();
        let (late, early): (Vec<&RoutineState>, Vec<_>) =
            routines.into_iter().partition(|routine| needs_table(routine, &known));
        if !late.is_empty() || !early.is_empty() {
            self.line("SET check_function_bodies = false");
        }
        for schema in self.snapshot.schemas().into_iter().filter(|schema| *schema != "public") {
            self.line(&format!("CREATE SCHEMA {}", quoted(schema)));
        }
        for of in &self.snapshot.types() {
            self.type_of(of);
        }
        for relation in &of(&[RelationKind::Sequence]) {
            self.sequence(relation);
        }
        for routine in early {
            self.routine(routine);
        }
        for table in &tables {
            self.table(table);
        }
        for routine in late {
            self.routine(routine);
        }
        for table in &tables {
            self.constraints(table);
        }
        for table in &tables {
            self.indexes(table);
        }
        for table in &tables {
            self.parents(table);
        }
        for relation in &of(&[RelationKind::Sequence]) {
            self.owner(relation);
        }
        for table in &tables {
            self.foreign_keys(table);
        }
        for view in of(&[RelationKind::View, RelationKind::Matview]) {
            self.view(&view);
            self.indexes(&view);
        }
    }

    fn line(&mut self, statement: &str) {
        let _ = writeln!(self.out, "{};", statement.trim().trim_end_matches(';'));
    }

    fn is_whole(&self, relation: &Relation<'_>) -> bool {
        let index = relation.state.index.as_ref();
        let table = index.and_then(|index| self.snapshot.relation_of(index.table));
        relation.state.complete && table.is_none_or(|table| table.state.complete)
    }

    /// Says of what may or may not be there that it may not.
    fn doubt(&mut self, exists: Tri, what: &str) {
        if exists == Tri::Unknown {
            let _ = writeln!(self.out, "-- {what} may not be there: it is made or dropped under a condition");
        }
    }

    fn type_of(&mut self, of: &Type<'a>) {
        let name = name_sql(&of.state.name);
        self.doubt(of.state.exists, &name);
        match &of.state.sort {
            TypeSort::Enum => {
                let labels: Vec<_> = of.labels().iter().map(|label| literal(&label.label)).collect();
                self.line(&format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", ")));
            }
            TypeSort::Domain(domain) => {
                let mut text = format!("CREATE DOMAIN {name} AS {}", as_sql(&domain.base));
                if let Some(default) = domain.default.as_ref().filter(|text| !text.is_empty()) {
                    let _ = write!(text, " DEFAULT {default}");
                }
                if domain.not_null {
                    text.push_str(" NOT NULL");
                }
                for (check, expression) in &domain.checks {
                    let _ = write!(text, " CONSTRAINT {} CHECK ({expression})", quoted(check));
                }
                self.line(&text);
            }
            TypeSort::Composite(_) => {
                let columns = of.attributes().map(|relation| relation.columns()).unwrap_or_default();
                let parts: Vec<_> = columns
                    .iter()
                    .map(|column| {
                        let data_type = type_sql(&self.snapshot, column.state).unwrap_or_else(|| "text".to_owned());
                        format!("{} {data_type}", quoted(&column.state.name))
                    })
                    .collect();
                self.line(&format!("CREATE TYPE {name} AS ({})", parts.join(", ")));
            }
            TypeSort::Other(sort) => {
                let _ = writeln!(self.out, "-- type {name}: {sort}");
            }
        }
    }

    fn sequence(&mut self, relation: &Relation<'a>) {
        let Some(sequence) = relation.state.sequence.as_ref().filter(|sequence| !sequence.identity) else { return };
        let of = sequence.data_type.as_ref().map(|of| format!(" AS {}", as_sql(of))).unwrap_or_default();
        self.line(&format!("CREATE SEQUENCE {}{of}", name_sql(&relation.state.name)));
    }

    fn owner(&mut self, relation: &Relation<'a>) {
        let sequence = relation.state.sequence.as_ref().filter(|sequence| !sequence.identity);
        let Some(column) = sequence.and_then(|sequence| sequence.owner) else { return };
        let Some(table) = self.snapshot.relation_with(column).filter(|table| table.state.complete) else { return };
        let column = quoted(self.snapshot.column_name(column));
        let sequence = name_sql(&relation.state.name);
        self.line(&format!("ALTER SEQUENCE {sequence} OWNED BY {}.{column}", name_sql(&table.state.name)));
    }

    /// A function as it was written, under the name that it has now.
    fn routine(&mut self, routine: &RoutineState) {
        let name = name_sql(&routine.name);
        let kind = if routine.procedure { "PROCEDURE" } else { "FUNCTION" };
        let written = routine.text.trim_start();
        let head = written.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"));
        let Some((_, rest)) = written.split_once('(').filter(|_| head) else {
            let _ = writeln!(self.out, "-- {kind} {name}: made inside another statement");
            return;
        };
        self.line(&format!("CREATE OR REPLACE {kind} {name}({rest}"));
        let lower = rest.to_lowercase();
        let said = ["immutable", "stable"].into_iter().find(|word| lower.contains(word)).unwrap_or("volatile");
        if !routine.procedure && said != routine.volatility {
            let arguments = routine.arguments.join(", ");
            self.line(&format!("ALTER FUNCTION {name}({arguments}) {}", routine.volatility.to_uppercase()));
        }
    }

    fn table(&mut self, table: &Relation<'a>) {
        let name = name_sql(&table.state.name);
        self.doubt(table.state.exists, &name);
        let unlogged = if table.state.unlogged == Tri::Yes { "UNLOGGED " } else { "" };
        let _ = write!(self.out, "CREATE {unlogged}TABLE {name} (");
        for (at, column) in table.columns().iter().enumerate() {
            self.out.push_str(if at == 0 { "\n    " } else { ",\n    " });
            let state = column.state;
            let data_type = type_sql(&self.snapshot, state).unwrap_or_else(|| "/* type not known */ text".to_owned());
            let _ = write!(self.out, "{} {data_type}", quoted(&state.name));
            if let Some(collation) = &state.collation {
                let _ = write!(self.out, " COLLATE {}", quoted(collation));
            }
            match (&state.generated, state.identity, &state.default) {
                (Generated::Stored(text), ..) => {
                    let _ = write!(self.out, " GENERATED ALWAYS AS ({text}) STORED");
                }
                (Generated::Virtual(text), ..) => {
                    let _ = write!(self.out, " GENERATED ALWAYS AS ({text}) VIRTUAL");
                }
                // That of a partition comes from its parent when it is attached.
                (_, Some(always), _) if state.local => {
                    let word = if always { "ALWAYS" } else { "BY DEFAULT" };
                    let sequence = state.sequence.and_then(|id| self.snapshot.relation_of(id));
                    let named = sequence.map(|of| format!(" (SEQUENCE NAME {})", name_sql(&of.state.name)));
                    let _ = write!(self.out, " GENERATED {word} AS IDENTITY{}", named.unwrap_or_default());
                }
                (_, _, Maybe::Yes(text)) => {
                    let _ = write!(self.out, " DEFAULT {text}");
                }
                _ => {}
            }
            if state.not_null == Tri::Yes {
                self.out.push_str(" NOT NULL");
            }
        }
        let key = table.state.partition_key.as_ref().map(|key| format!(" PARTITION BY {key}")).unwrap_or_default();
        let _ = writeln!(self.out, "\n){key};");
    }

    fn constraints(&mut self, table: &Relation<'a>) {
        for constraint in table.constraints().into_iter().filter(|c| c.state.kind != ConstraintKind::ForeignKey) {
            let columns = self.list(&constraint.state.columns);
            let body = match constraint.state.kind {
                ConstraintKind::PrimaryKey => format!("PRIMARY KEY ({columns}){}", self.include(&constraint)),
                ConstraintKind::Unique => format!("UNIQUE ({columns}){}", self.include(&constraint)),
                ConstraintKind::Check => {
                    format!("CHECK ({})", constraint.state.expression.as_deref().unwrap_or("true"))
                }
                ConstraintKind::Exclusion => {
                    format!("EXCLUDE {}", constraint.state.expression.as_deref().unwrap_or_default())
                }
                ConstraintKind::NotNull | ConstraintKind::ForeignKey | ConstraintKind::Named => continue,
            };
            self.constraint(table, &constraint, &body);
        }
    }

    fn include(&self, constraint: &Constraint<'_>) -> String {
        let index = constraint.state.index.and_then(|id| self.snapshot.relation_of(id));
        let include = index.and_then(|index| index.state.index.as_ref()).map(|index| self.list(&index.include));
        include.filter(|list| !list.is_empty()).map(|list| format!(" INCLUDE ({list})")).unwrap_or_default()
    }

    fn constraint(&mut self, table: &Relation<'a>, constraint: &Constraint<'_>, body: &str) {
        let state = constraint.state;
        self.doubt(state.exists, &state.name);
        let mut text =
            format!("ALTER TABLE {} ADD CONSTRAINT {} {body}", name_sql(&table.state.name), quoted(&state.name));
        if state.no_inherit {
            text.push_str(" NO INHERIT");
        }
        text.push_str(match state.deferrable {
            (_, true) => " DEFERRABLE INITIALLY DEFERRED",
            (true, false) => " DEFERRABLE",
            _ => "",
        });
        if state.not_enforced {
            text.push_str(" NOT ENFORCED");
        } else if state.validated == Tri::No {
            text.push_str(" NOT VALID");
        }
        self.line(&text);
    }

    fn foreign_keys(&mut self, table: &Relation<'a>) {
        for constraint in table.constraints().into_iter().filter(|c| c.state.kind == ConstraintKind::ForeignKey) {
            let Some((other, to)) = &constraint.state.references else { continue };
            let Some(other) = self.snapshot.relation_of(*other) else { continue };
            // That of a partition came with its parent's.
            if constraint.state.inherited {
                continue;
            }
            if !other.state.complete || other.state.exists == Tri::No {
                let _ = writeln!(
                    self.out,
                    "-- foreign key {} of {}: not all of {} is known",
                    quoted(&constraint.state.name),
                    name_sql(&table.state.name),
                    name_sql(&other.state.name)
                );
                continue;
            }
            let mut body = format!(
                "FOREIGN KEY ({}) REFERENCES {}",
                self.list(&constraint.state.columns),
                name_sql(&other.state.name)
            );
            if !to.is_empty() {
                let _ = write!(body, " ({})", self.list(to));
            }
            for (word, action) in [("DELETE", constraint.state.actions.0), ("UPDATE", constraint.state.actions.1)] {
                if let Some(action) = action {
                    let _ = write!(body, " ON {word} {}", action_sql(action));
                }
            }
            self.constraint(table, &constraint, &body);
        }
    }

    fn indexes(&mut self, table: &Relation<'a>) {
        for (relation, index) in table.indexes().into_iter().filter(|(_, index)| !index.constraint) {
            self.doubt(relation.state.exists, &name_sql(&relation.state.name));
            let text = self.index(table, &relation, index);
            self.line(&text);
        }
    }

    fn index(&self, table: &Relation<'_>, relation: &Relation<'_>, index: &IndexState) -> String {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let keys: Vec<_> = index
            .keys
            .iter()
            .map(|key| {
                let text = match (&key.expression, key.column) {
                    (Some(expression), _) => format!("({expression})"),
                    (None, Some(column)) => quoted(self.snapshot.column_name(column)),
                    (None, None) => String::new(),
                };
                format!("{text} {}", key.options).trim().to_owned()
            })
            .collect();
        let only = if index.valid == Tri::No && table.state.kind == RelationKind::Partitioned { "ONLY " } else { "" };
        let mut text = format!(
            "CREATE {unique}INDEX {} ON {only}{} USING {} ({})",
            quoted(&relation.state.name.name),
            name_sql(&table.state.name),
            index.method,
            keys.join(", ")
        );
        if !index.include.is_empty() {
            let _ = write!(text, " INCLUDE ({})", self.list(&index.include));
        }
        if index.nulls_not_distinct {
            text.push_str(" NULLS NOT DISTINCT");
        }
        if let Some(predicate) = &index.predicate {
            let _ = write!(text, " WHERE {predicate}");
        }
        text
    }

    fn parents(&mut self, table: &Relation<'a>) {
        for parent in table.parents().into_iter().filter(|parent| parent.state.complete) {
            let (own, above) = (name_sql(&table.state.name), name_sql(&parent.state.name));
            match &table.state.bound {
                Some(bound) => self.line(&format!("ALTER TABLE {above} ATTACH PARTITION {own} {bound}")),
                None => self.line(&format!("ALTER TABLE {own} INHERIT {above}")),
            }
        }
    }

    fn view(&mut self, view: &Relation<'a>) {
        let Some(query) = &view.state.query else { return };
        self.doubt(view.state.exists, &name_sql(&view.state.name));
        let kind = if view.state.kind == RelationKind::Matview { "MATERIALIZED VIEW" } else { "VIEW" };
        let columns: Vec<_> = view.columns().iter().map(|column| quoted(&column.state.name)).collect();
        let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
        // A table that it reads may have gone to another schema since.
        let read = view.state.reads.iter().filter_map(|id| self.snapshot.relation_of(*id));
        let mut schemas: std::collections::BTreeSet<_> =
            read.filter_map(|of| of.state.name.schema.as_deref()).collect();
        let public = schemas.remove("public");
        let elsewhere = !schemas.is_empty();
        let mut path: Vec<_> = schemas.into_iter().map(quoted).collect();
        path.insert(if public { 0 } else { path.len() }, "public".to_owned());
        let mut name = name_sql(&view.state.name);
        if elsewhere {
            self.line(&format!("SET search_path = {}", path.join(", ")));
            if !name.contains('.') {
                name = format!("public.{name}");
            }
        }
        self.line(&format!("CREATE {kind} {name}{columns} AS {}", query.text));
        if elsewhere {
            self.line("RESET search_path");
        }
    }

    fn list(&self, columns: &[crate::schema::ColumnId]) -> String {
        self.snapshot.column_names(columns).into_iter().map(quoted).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a function takes or returns the rows of a table, so that it comes after it.
fn needs_table(routine: &RoutineState, relations: &[Relation<'_>]) -> bool {
    let written = format!("{} {}", routine.written, routine.returns.as_deref().unwrap_or_default()).to_lowercase();
    let words: std::collections::BTreeSet<&str> = written.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    relations.iter().any(|relation| words.contains(relation.state.name.name.as_str()))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn action_sql(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::NoAction => "NO ACTION",
        ReferentialAction::Restrict => "RESTRICT",
        ReferentialAction::Cascade => "CASCADE",
        ReferentialAction::SetNull => "SET NULL",
        ReferentialAction::SetDefault => "SET DEFAULT",
    }
}

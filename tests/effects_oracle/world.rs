//! The schema that a real server had, as the model asks for it.

use std::collections::BTreeMap;

use ddlint::config::Dialect;
use ddlint::effects::Volatility;
use ddlint::effects::view::{
    Column, Constraint, DefinedType, Found, Generated, Given, Index, Key, Part, Relation, RelationKind, Schema, Told,
};
use ddlint::frontend::sql::{ReadOptions, read};
use ddlint::frontend::text::SqlText;
use ddlint::ir::{ConstraintKind, Details, Operation, QualifiedName, TypeName};
use ddlint::span::FileId;
use serde_json::Value;

/// The catalogue of a server.
pub(crate) struct World {
    /// As the server tells them, and whether they hold no rows.
    relations: BTreeMap<String, (Value, bool)>,
    types: BTreeMap<String, DefinedType>,
    functions: BTreeMap<String, Found<Volatility>>,
}

/// Reads a statement as a migration's.
pub(crate) fn operations(sql: &str) -> Vec<Operation> {
    read(&SqlText::of_file(FileId(0), sql), ReadOptions { dialect: Dialect::Postgres, ..ReadOptions::default() })
}

/// A type as the frontend reads it.
fn type_name(text: &str) -> Option<TypeName> {
    let operation = operations(&format!("CREATE TABLE t (c {text});")).into_iter().next()?;
    match operation.details {
        Details::Table(table) => table.columns.into_iter().next()?.data_type,
        _ => None,
    }
}

fn name(value: &Value) -> Option<QualifiedName> {
    Some(QualifiedName::bare(value.as_str()?))
}

fn names(value: &Value) -> Part<QualifiedName> {
    Part::all(value.as_array().into_iter().flatten().filter_map(name).collect())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(text).collect()
}

fn list<T>(value: &Value, make: impl Fn(&Value) -> T) -> Part<T> {
    Part::all(value.as_array().into_iter().flatten().map(make).collect())
}

impl World {
    /// From what `oracle.state()` says.
    pub(crate) fn new(state: &Value) -> Self {
        let relations = state["relations"].as_array().into_iter().flatten().map(|value| {
            let name = text(&value["name"]).unwrap_or_default();
            let empty = state["rows"][&name] == 0;
            (name, (value.clone(), empty))
        });
        let types = state["types"].as_array().into_iter().flatten();
        let mut functions: BTreeMap<String, Vec<(Volatility, bool)>> = BTreeMap::new();
        for function in state["functions"].as_array().into_iter().flatten() {
            let volatility = match function[1].as_str() {
                Some("i") => Volatility::Immutable,
                Some("s") => Volatility::Stable,
                _ => Volatility::Volatile,
            };
            let of_name = functions.entry(function[0].as_str().unwrap_or_default().to_owned()).or_default();
            of_name.push((volatility, function[2] == "sql"));
        }
        let worst = |all: Vec<(Volatility, bool)>| match all.into_iter().max() {
            // The body may be put in place of the call.
            Some((Volatility::Volatile, true)) | None => Found::Unknown,
            Some((volatility, _)) => Found::Known(volatility),
        };
        Self {
            relations: relations.collect(),
            types: types.map(|value| (value["name"].as_str().unwrap_or_default().to_owned(), defined(value))).collect(),
            functions: functions.into_iter().map(|(name, all)| (name, worst(all))).collect(),
        }
    }

    /// The sort of a relation.
    pub(crate) fn kind(&self, name: &str) -> Option<RelationKind> {
        self.relations.get(name).map(|(value, _)| kind(value))
    }
}

impl Schema for World {
    fn relation(&self, name: &QualifiedName) -> Found<Relation<'_>> {
        let found = self.relations.get(&name.name);
        found.map_or(Found::Absent, |(value, empty)| Found::Known(relation(value, *empty)))
    }

    fn type_named(&self, name: &str) -> Found<DefinedType> {
        self.types.get(name).cloned().map_or(Found::Absent, Found::Known)
    }

    fn function(&self, name: &str) -> Found<Volatility> {
        self.functions.get(name).copied().unwrap_or(Found::Absent)
    }
}

fn defined(value: &Value) -> DefinedType {
    match value["sort"].as_str() {
        Some("d") => DefinedType::Domain {
            base: value["base"].as_str().and_then(type_name).unwrap_or_default(),
            constrained: value["checked"] == true || value["not_null"] == true,
            checked: value["checked"] == true,
            default: text(&value["default"]),
            columns: list(&value["columns"], |column| {
                (name(&column[0]).unwrap_or_default(), text(&column[1]).unwrap_or_default())
            }),
        },
        Some("e") => DefinedType::Enum,
        Some("c") => DefinedType::Composite { tables: names(&value["tables"]) },
        _ => DefinedType::Other,
    }
}

fn kind(relation: &Value) -> RelationKind {
    match relation["kind"].as_str() {
        Some("p") => RelationKind::Partitioned,
        Some("i") => RelationKind::Index,
        Some("I") => RelationKind::PartitionedIndex,
        Some("v") => RelationKind::View,
        Some("m") => RelationKind::Matview,
        Some("S") => RelationKind::Sequence,
        Some("f") => RelationKind::Foreign,
        Some("c") => RelationKind::Composite,
        _ => RelationKind::Table,
    }
}

fn relation<'a>(value: &Value, empty: bool) -> Relation<'a> {
    let parts = Given {
        columns: list(&value["columns"], column),
        constraints: list(&value["constraints"], constraint),
        indexes: list(&value["indexes"], index),
        referenced_by: list(&value["referenced_by"], |pair| (name(&pair[0]).unwrap_or_default(), text(&pair[1]))),
        children: names(&value["children"]),
        parents: names(&value["parents"]),
        read_by: names(&value["read_by"]),
        reads: names(&value["reads"]),
    };
    Relation {
        kind: kind(value),
        empty: Some(empty),
        unlogged: Some(value["unlogged"] == true),
        bound: text(&value["bound"]),
        partition_key: text(&value["key"]),
        table: name(&value["table"]).map_or(Found::Absent, Found::Known),
        name: name(&value["name"]).unwrap_or_default(),
        parts: Told::by(parts),
    }
}

fn column(value: &Value) -> Column {
    let expression = text(&value["default"]);
    let generated = match value["generated"].as_str() {
        Some("s") => Generated::Stored(expression.clone().unwrap_or_default()),
        Some("v") => Generated::Virtual(expression.clone().unwrap_or_default()),
        _ => Generated::No,
    };
    Column {
        name: text(&value["name"]).unwrap_or_default(),
        data_type: value["type"].as_str().and_then(type_name),
        collation: text(&value["collation"]),
        not_null: Some(value["not_null"] == true),
        default: expression.filter(|_| generated == Generated::No),
        generated,
        identity: value["identity"] == true,
        sequence: name(&value["sequence"]),
    }
}

fn constraint(value: &Value) -> Constraint {
    Constraint {
        name: text(&value["name"]),
        kind: match value["kind"].as_str() {
            Some("p") => ConstraintKind::PrimaryKey,
            Some("u") => ConstraintKind::Unique,
            Some("f") => ConstraintKind::ForeignKey,
            Some("c") => ConstraintKind::Check,
            Some("x") => ConstraintKind::Exclusion,
            Some("n") => ConstraintKind::NotNull,
            _ => ConstraintKind::Named,
        },
        columns: texts(&value["columns"]),
        expression: text(&value["expression"]),
        validated: Some(value["validated"] == true),
        not_enforced: value["not_enforced"] == true,
        no_inherit: value["no_inherit"] == true,
        index: name(&value["index"]),
        references: name(&value["references"]),
    }
}

fn index(value: &Value) -> Index {
    let key = |value: &Value| Key {
        column: text(&value["column"]),
        text: text(&value["text"]).unwrap_or_default(),
        options: text(&value["options"]).unwrap_or_default(),
    };
    Index {
        name: name(&value["name"]).unwrap_or_default(),
        keys: list(&value["keys"], key).items,
        include: texts(&value["include"]),
        unique: value["unique"] == true,
        method: text(&value["method"]).unwrap_or_default(),
        predicate: text(&value["predicate"]),
        constraint: text(&value["constraint"]),
        primary: value["primary"] == true,
        valid: Some(value["valid"] == true),
        clustered: value["clustered"] == true,
    }
}

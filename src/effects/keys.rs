//! Whether a foreign key can join columns of two types, and what the comparison costs.
//!
//! Source: `ATAddForeignKeyConstraint` in the server's `tablecmds.c`: the operator is looked for in the family of the
//! unique index for both types; where there is none, the referring type must have an implicit cast to that of the
//! index. `tests/keys.rs` asks real servers for every pair.

use crate::ir::TypeName;

/// How the type of a referring column goes with that of the column that it refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// Both are compared as they are.
    Alike,
    /// Likewise, but the column that refers cannot hold all values of the other.
    Narrower,
    /// The referring column is cast for every comparison, so that its index is of no use.
    Cast,
    /// The server refuses the constraint.
    Refused,
    /// One of the types is not the server's own, or nothing is known of it.
    Unknown,
}

impl Fit {
    /// What comes of it, as a clause about the column that refers; empty where nothing does.
    pub fn effect(self) -> &'static str {
        match self {
            Self::Refused => "the server refuses it",
            Self::Narrower => "a key that is too large for it can never be referred to",
            Self::Cast => "it is cast for every comparison, and its index is of no use",
            Self::Alike | Self::Unknown => "",
        }
    }
}

/// Types whose comparison operators are in one family.
const FAMILIES: &[&[&str]] = &[
    &["smallint", "integer", "bigint"],
    &["date", "timestamp without time zone", "timestamp with time zone"],
    &["real", "double precision"],
    &["text", "character varying"],
    &["character"],
    &["numeric"],
    &["uuid"],
    &["boolean"],
    &["bytea"],
    &["inet", "cidr"],
    &["macaddr"],
    &["interval"],
    &["time without time zone"],
    &["time with time zone"],
];

/// Families (by their first type) whose types are cast to those of the other one where the statement does not say so.
const IMPLICIT: &[(&str, &str)] = &[
    ("smallint", "numeric"),
    ("smallint", "real"),
    ("numeric", "real"),
    ("text", "character"),
    ("character", "text"),
    ("time without time zone", "time with time zone"),
    ("time without time zone", "interval"),
];

/// Whole numbers, from small to large.
const WHOLE: [&str; 3] = ["smallint", "integer", "bigint"];

/// How a column of type `referring` goes with one of type `referred`. Both are normalised.
pub fn fit(referring: &TypeName, referred: &TypeName) -> Fit {
    if referring.dimensions > 0 || referred.dimensions > 0 {
        return if referring.name == referred.name && referring.dimensions == referred.dimensions {
            Fit::Alike
        } else {
            Fit::Unknown
        };
    }
    let (from, to) = (referring.name.as_str(), referred.name.as_str());
    if from == to {
        return Fit::Alike;
    }
    let family = |name: &str| FAMILIES.iter().find(|family| family.contains(&name)).and_then(|f| f.first()).copied();
    let (Some(of), Some(other)) = (family(from), family(to)) else { return Fit::Unknown };
    if of == other {
        let size = |name: &str| WHOLE.iter().position(|own| *own == name);
        return if size(from) < size(to) { Fit::Narrower } else { Fit::Alike };
    }
    if IMPLICIT.contains(&(of, other)) { Fit::Cast } else { Fit::Refused }
}

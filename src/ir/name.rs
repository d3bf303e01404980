//! Names of database objects.

use std::fmt;

/// A name with an optional schema, folded as the server folds it: unquoted parts are in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct QualifiedName {
    /// The schema, where the source names one.
    pub schema: Option<String>,
    /// The object's own name.
    pub name: String,
}

impl QualifiedName {
    /// A name without schema.
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// Whether both can name the same object. An absent schema and `public` are taken to be the same, as the
    /// default `search_path` does.
    pub fn same_object(&self, other: &Self) -> bool {
        self.name == other.name && self.schema_or_public() == other.schema_or_public()
    }

    /// The schema that is named, else the one that a search path leads to where nobody changed it.
    pub fn schema_or_public(&self) -> &str {
        self.schema.as_deref().unwrap_or("public")
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

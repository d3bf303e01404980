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
        fn schema(name: &QualifiedName) -> &str {
            name.schema.as_deref().unwrap_or("public")
        }
        self.name == other.name && schema(self) == schema(other)
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

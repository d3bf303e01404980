//! The three pillars.

/// Which of the three pillars a source belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Schema changes that must succeed.
    #[default]
    Migrations,
    /// The index registry: CREATE INDEX CONCURRENTLY, built after deployment.
    Indexes,
    /// The backfill registry: batched, idempotent changes of data.
    Backfills,
}

impl Role {
    /// The word in configuration, rules and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migrations => "migrations",
            Self::Indexes => "indexes",
            Self::Backfills => "backfills",
        }
    }
}

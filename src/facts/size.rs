//! How large tables are: as the configuration names them, else as a server measured them.

use crate::config::Measured;
use crate::ir::QualifiedName;

use super::View;

/// How large a table is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Size {
    Small,
    Middling,
    Large,
}

impl Size {
    /// The word in conditions.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Middling => "middling",
            Self::Large => "large",
        }
    }
}

/// What the tables of an operation weigh together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Weight {
    /// Large where one of them is, small where all are; `None` where that is not known.
    pub(crate) size: Option<Size>,
    /// What it is known from, a clause for each table: `orders` has about 12 million rows, 9 GB.
    pub(crate) evidence: Vec<String>,
}

impl View<'_> {
    /// What was measured of a table.
    pub(crate) fn measured(&self, table: &QualifiedName) -> Option<&Measured> {
        self.model.policy.statistics.table(table.schema.as_deref(), &table.name)
    }

    /// How large a table is.
    pub(super) fn size_of(&self, table: &QualifiedName) -> Option<Size> {
        let policy = &self.model.policy;
        if policy.names_small(table) {
            return Some(Size::Small);
        }
        if policy.names_large(table) {
            return Some(Size::Large);
        }
        let measured = self.measured(table)?;
        Some(match (measured.is_large(policy.sizes), measured.is_small(policy.sizes)) {
            (true, _) => Size::Large,
            (false, true) => Size::Small,
            (false, false) => Size::Middling,
        })
    }

    /// How large the tables are that the operation works on; where it does no work on any, the table acted on.
    pub(crate) fn weight(&self) -> Weight {
        let policy = &self.model.policy;
        if policy.knows_no_sizes() {
            return Weight::default();
        }
        let tables = self.work().map(|work| work.tables).or_else(|| Some(vec![self.table()?.clone()]));
        let tables = tables.unwrap_or_default();
        let sizes: Option<Vec<Size>> = tables.iter().map(|table| self.size_of(table)).collect();
        let large = tables.iter().any(|table| self.size_of(table) == Some(Size::Large));
        let evidence = tables.iter().filter_map(|table| match self.measured(table) {
            _ if policy.names_large(table) => Some(format!("the configuration names `{table}` large")),
            _ if policy.names_small(table) => Some(format!("the configuration names `{table}` small")),
            Some(measured) => Some(format!("`{table}` has {measured}")),
            None => None,
        });
        Weight {
            size: if large { Some(Size::Large) } else { sizes.and_then(|sizes| sizes.into_iter().max()) },
            evidence: evidence.collect(),
        }
    }
}

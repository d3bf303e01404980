//! Table-level lock modes.
//!
//! Source: PostgreSQL documentation, "Explicit Locking", table "Conflicting Lock Modes".

use std::sync::Arc;

use crate::ir::QualifiedName;

/// A table-level lock mode, from weak to strong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LockMode {
    /// SELECT.
    AccessShare,
    /// SELECT FOR UPDATE.
    RowShare,
    /// INSERT, UPDATE, DELETE.
    RowExclusive,
    /// VACUUM, CREATE INDEX CONCURRENTLY.
    ShareUpdateExclusive,
    /// CREATE INDEX.
    Share,
    /// CREATE TRIGGER, ADD FOREIGN KEY.
    ShareRowExclusive,
    /// REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// DROP TABLE, most of ALTER TABLE.
    AccessExclusive,
}

impl LockMode {
    /// Every mode, from weak to strong.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// Whether a session that holds this mode makes another one wait that wants `other`.
    pub fn conflicts_with(self, other: Self) -> bool {
        let (weaker, stronger) = if self < other { (self, other) } else { (other, self) };
        // The weakest mode that conflicts, of those that are not weaker.
        let least = match weaker {
            Self::AccessShare => Self::AccessExclusive,
            Self::RowShare => Self::Exclusive,
            Self::RowExclusive => Self::Share,
            Self::Share => Self::ShareRowExclusive,
            own => own,
        };
        stronger >= least
    }

    /// Whether all that `other` makes wait, waits for this mode too.
    pub fn implies(self, other: Self) -> bool {
        Self::ALL.iter().all(|mode| !other.conflicts_with(*mode) || self.conflicts_with(*mode))
    }

    /// As the view `pg_locks` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// As the documentation and LOCK TABLE spell it.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// Conflicts with ACCESS SHARE.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Conflicts with ROW EXCLUSIVE.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }
}

/// A lock on a relation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lock {
    /// The relation, where it is known. Each change of a table's rows locks all of its indexes, so that very many locks
    /// share a name.
    pub relation: Option<Arc<QualifiedName>>,
    /// The mode.
    pub mode: LockMode,
}

#[cfg(test)]
mod tests {
    use super::LockMode;

    /// The table of the documentation, row by row: which modes each one conflicts with.
    #[test]
    fn modes_conflict_as_documented() {
        let table = [
            "AccessExclusive",
            "Exclusive AccessExclusive",
            "Share ShareRowExclusive Exclusive AccessExclusive",
            "ShareUpdateExclusive Share ShareRowExclusive Exclusive AccessExclusive",
            "RowExclusive ShareUpdateExclusive ShareRowExclusive Exclusive AccessExclusive",
            "RowExclusive ShareUpdateExclusive Share ShareRowExclusive Exclusive AccessExclusive",
            "RowShare RowExclusive ShareUpdateExclusive Share ShareRowExclusive Exclusive AccessExclusive",
            "AccessShare RowShare RowExclusive ShareUpdateExclusive Share ShareRowExclusive Exclusive AccessExclusive",
        ];
        for (mode, row) in LockMode::ALL.iter().zip(table) {
            let conflicts: Vec<_> = LockMode::ALL.iter().filter(|other| mode.conflicts_with(**other)).collect();
            let expected: Vec<_> = row.split(' ').map(|name| format!("{name}Lock")).collect();
            assert_eq!(conflicts.iter().map(|mode| mode.as_str()).collect::<Vec<_>>(), expected, "{mode:?}");
        }
    }

    #[test]
    fn a_stronger_mode_implies_a_weaker_one_but_for_the_two_in_the_middle() {
        assert!(LockMode::AccessExclusive.implies(LockMode::AccessShare));
        assert!(LockMode::ShareRowExclusive.implies(LockMode::Share));
        assert!(LockMode::ShareRowExclusive.implies(LockMode::ShareUpdateExclusive));
        assert!(!LockMode::Share.implies(LockMode::ShareUpdateExclusive));
        assert!(!LockMode::AccessShare.implies(LockMode::RowShare));
    }
}

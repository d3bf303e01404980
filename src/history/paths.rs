//! Statements that a source sends on several paths.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ir::{Context, Migration, Scope, TransactionKind};
use crate::span::Span;

/// A statement that a source sends inside a transaction on one path and outside of any on another is in neither for
/// certain: a condition picks the path, and what it asks may well be whether the statement bears a transaction. The
/// transaction of such statements becomes unknown.
pub(super) fn settle(migrations: &mut [Migration]) {
    let mut kinds: BTreeMap<(Span, u64), BTreeSet<TransactionKind>> = BTreeMap::new();
    let key = |op: &crate::ir::Operation| (op.statement.span, op.statement.fingerprint);
    for op in migrations.iter().flat_map(|migration| &migration.operations) {
        kinds.entry(key(op)).or_default().insert(op.context.scope.kind);
    }
    kinds.retain(|_, kinds| kinds.len() > 1 && kinds.contains(&TransactionKind::None));
    if kinds.is_empty() {
        return;
    }
    for op in migrations.iter_mut().flat_map(|migration| &mut migration.operations) {
        if kinds.contains_key(&key(op)) && op.context.scope.kind != TransactionKind::Unknown {
            let scope = Scope { kind: TransactionKind::Unknown, ..op.context.scope };
            op.context = Arc::new(Context { scope, ..(*op.context).clone() });
        }
    }
}

//! Session settings that limit a wait.

use crate::history::Timeout;
use crate::ir::Details;

use super::View;

/// The smaller of the limits in force, and the setting it is of.
pub(super) fn shortest(view: &View<'_>) -> Option<(&'static str, u64)> {
    let timeouts = view.state.timeouts;
    let limits = [("lock_timeout", timeouts.lock.limit()), ("statement_timeout", timeouts.statement.limit())];
    limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))).min_by_key(|(_, limit)| *limit)
}

/// As it reads in a message: `lock_timeout = 5s`.
pub(super) fn written((name, limit): (&'static str, u64)) -> String {
    match limit {
        0 => format!("{name} = 0"),
        _ if limit % 60_000 == 0 => format!("{name} = {}min", limit / 60_000),
        _ if limit % 1_000 == 0 => format!("{name} = {}s", limit / 1_000),
        _ => format!("{name} = {limit}ms"),
    }
}

/// The value of the setting as a time, where it is known.
pub(super) fn milliseconds(view: &View<'_>) -> Option<u64> {
    let Details::Setting(setting) = &view.op.details else { return None };
    match Timeout::parse(setting.value.as_deref()?) {
        Timeout::Milliseconds(value) => Some(value),
        Timeout::Set | Timeout::Unset => None,
    }
}

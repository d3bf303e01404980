//! Where a project limits the wait for locks: as its policy, and for every session.

use std::collections::BTreeMap;

use crate::history::{self, Timeout};
use crate::ir::{Details, OpKind, Operation};
use crate::source::{Role, Runner};

use super::View;

/// The place of an operation: its migration and its number there.
type Place = (usize, usize);

/// What is remembered of `lock_timeout`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Limits {
    /// By project: where it is first set.
    set: BTreeMap<usize, Place>,
    /// An index registry or a backfill sets it.
    set_beside: bool,
    /// By project: where it is first set for all later sessions of the database, or of the role that migrates.
    standing: BTreeMap<usize, Place>,
}

impl Limits {
    /// Takes in an operation. They come in the order in which they run.
    pub(super) fn add(&mut self, view: &View<'_>, project: usize) {
        match (view.op.kind, &view.op.details) {
            (_, Details::Setting(setting)) if setting.name == "lock_timeout" => {
                // A dump begins with 0, which is no limit and no policy.
                let off = setting.value.as_deref().is_some_and(|v| Timeout::parse(v) == Timeout::Milliseconds(0));
                if !off {
                    self.set.entry(project).or_insert(view.at);
                    self.set_beside |= view.migration.role != Role::Migrations;
                }
            }
            (OpKind::DatabaseAlter | OpKind::RoleAlter, _) if stands(view.op) => {
                self.standing.entry(project).or_insert(view.at);
            }
            _ => {}
        }
    }
}

/// Whether it sets `lock_timeout` for sessions to come: of the database, of all roles, or of one that is there to migrate.
fn stands(op: &Operation) -> bool {
    /// No statement that sets something is longer, in bytes.
    const LONGEST: usize = 1_000;
    let text = op.text();
    if text.len() > LONGEST {
        return false;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty()).collect();
    let sets = words.windows(2).any(|pair| *pair == ["set", "lock_timeout"]);
    let role = words.get(2).copied().unwrap_or_default();
    let migrates = ["all", "current_user", "current_role", "session_user"].contains(&role) || role.contains("migrat");
    sets && (op.kind == OpKind::DatabaseAlter || migrates)
}

impl View<'_> {
    /// Whether the project shows by other sources that it limits the wait for locks: one that runs before this one, one
    /// of which it is not known when it runs, an index registry or a backfill. What is older than the policy cannot
    /// follow it.
    pub(super) fn follows_limit_policy(&self) -> bool {
        let limits = &self.model.marks.limits;
        let Some((first, _)) = limits.set.get(&self.project()) else { return limits.set_beside };
        let same_file =
            self.model.timeline.migrations.get(*first).is_some_and(|m| m.span.file == self.migration.span.file);
        let named = !matches!(self.migration.runner, Runner::Plain | Runner::Psql | Runner::Script);
        let ordered = named || self.model.file(self.migration.span.file).is_some_and(|f| history::version(f).is_some());
        same_file || !ordered || *first < self.at.0 || limits.set_beside
    }

    /// Whether a `lock_timeout` is in force.
    pub(super) fn lock_timeout(&self) -> bool {
        let own = self.state.timeouts.lock;
        let standing = || {
            let place = self.model.marks.limits.standing.get(&self.project());
            // Sessions that are open when it is set do not have it.
            place.is_some_and(|place| {
                let setter = self.model.timeline.migrations.get(place.0);
                place.0 < self.at.0 && setter.is_some_and(|setter| setter.span.file != self.migration.span.file)
            })
        };
        own.is_set() || (own == Timeout::Unset && standing())
    }

    /// The same in words: `lock_timeout = 5s`.
    pub(crate) fn lock_timeout_in_words(&self) -> Option<String> {
        let limit = self.state.timeouts.lock.limit();
        let known = limit.map(|limit| super::settings::written(("lock_timeout", limit)));
        known.or_else(|| self.lock_timeout().then(|| "a lock_timeout is set".to_owned()))
    }
}

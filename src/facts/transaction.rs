//! Which transaction an operation runs in, in words.

use crate::effects;
use crate::history::{End, Opener};
use crate::ir::{Direction, GuardKind, OpKind, Tri};
use crate::source::{Language, Runner};

use super::View;

/// What opened the transaction, as a clause: "BEGIN has opened a transaction".
pub(super) fn cause(view: &View<'_>) -> String {
    if view.op.nested.is_some() {
        return "a block runs in one transaction".to_owned();
    }
    let runner = view.migration.runner;
    let named = !matches!(runner, Runner::Plain | Runner::Psql | Runner::Script);
    let who = if named { runner.as_str() } else { "what applies it" };
    let sql = is_sql(view);
    match opener(view) {
        Opener::Begin => "BEGIN has opened a transaction".to_owned(),
        Opener::Block => match written(view) {
            Some(text) => format!("`{text}` has opened a transaction"),
            None => "a transaction has been opened".to_owned(),
        },
        Opener::Runner if view.op.context.scope.batch => format!("{who} applies all pending files in one transaction"),
        Opener::Runner if sql => format!("{who} runs the file in a transaction"),
        Opener::Runner if named => format!("{who} runs the migration in a transaction"),
        Opener::Runner => "the connection opens a transaction with its first statement".to_owned(),
        Opener::Query if sql => format!("{who} sends several statements as one string, and they share a transaction"),
        Opener::Query => "the statements of one string share a transaction".to_owned(),
        Opener::Nothing => "a transaction is open".to_owned(),
    }
}

/// How to run the operation outside the transaction, as an order.
pub(super) fn way_out(view: &View<'_>) -> String {
    if view.op.nested.is_some() {
        return "run it as a statement of its own, not in a block".to_owned();
    }
    let runner = view.migration.runner;
    let sql = is_sql(view);
    let marker = || runner.opt_out().map(str::to_owned);
    let autocommit = "run it on a connection in AUTOCOMMIT mode, outside of `begin()`";
    match opener(view) {
        Opener::Begin if view.op.statement.shares_query && sql => {
            "give it a file of its own: what shares a string with other statements is never outside a transaction"
                .to_owned()
        }
        Opener::Begin if view.op.statement.shares_query => "send it in a call of its own, outside BEGIN".to_owned(),
        Opener::Begin => "put it before BEGIN or after COMMIT".to_owned(),
        Opener::Block => autocommit.to_owned(),
        Opener::Query if sql => marker()
            .unwrap_or_else(|| "give it a file of its own: a single statement runs outside a transaction".to_owned()),
        Opener::Query => "send it in a call of its own, on a connection in AUTOCOMMIT mode".to_owned(),
        Opener::Runner | Opener::Nothing => match (marker(), runner) {
            (Some(marker), _) => marker,
            (None, Runner::Alembic) => "run it inside `with op.get_context().autocommit_block():`".to_owned(),
            (None, Runner::Django) => "set `atomic = False` in the migration".to_owned(),
            (None, _) if sql => "apply it by itself, outside the transaction".to_owned(),
            (None, _) => autocommit.to_owned(),
        },
    }
}

/// The command that the server refuses inside a transaction block, where it is one.
pub(super) fn refused(view: &View<'_>) -> Option<&'static str> {
    let command = effects::refused_in_transaction(view.op, view.table_partitioned())?;
    if command == "DROP SUBSCRIPTION" && slot_is_given_up(view) {
        return None;
    }
    Some(command)
}

/// Whether an earlier statement of the migration takes the replication slot from a subscription, which can then be
/// dropped in a transaction. Source: PostgreSQL documentation, DROP SUBSCRIPTION.
fn slot_is_given_up(view: &View<'_>) -> bool {
    // A migration has few statements about subscriptions; one with more is not looked through.
    let before = view.migration.operations.iter().take(view.at.1.min(1_000));
    let altered = before.filter(|op| op.kind == OpKind::SubscriptionAlter);
    altered.map(|op| op.text().to_lowercase()).any(|text| {
        let word = |word| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
        word("subscription") && word("slot_name") && word("none")
    })
}

/// Whether BEGIN opens a transaction that nothing in the file ends.
pub(super) fn uncommitted(view: &View<'_>) -> bool {
    let transaction = view.model.timeline.transactions.get(view.state.group);
    let left_open = transaction.is_some_and(|transaction| {
        transaction.opener == Opener::Begin
            && transaction.end == End::Unwritten
            && transaction.opened == Some(view.op.span)
    });
    // golang-migrate ends it with the COMMIT of its own books; a program can end it in ways that are not followed.
    left_open
        && view.op.kind == OpKind::TransactionBegin
        && !view.state.reopens
        && view.migration.direction == Direction::Up
        && view.migration.runner != Runner::GolangMigrate
        && is_sql(view)
}

/// Whether it runs in a transaction block: one is open, or it stands in a block, which is inside one always.
pub(super) fn bound(view: &View<'_>) -> Tri {
    if view.op.nested.is_some() { Tri::Yes } else { view.transaction_open() }
}

/// Whose transaction a BEGIN finds open. A condition around it may well ask whether one is, and the drivers of SQLite
/// begin theirs late.
pub(super) fn outer(view: &View<'_>) -> &'static str {
    let asked = view.op.context.guards.kinds().has(&GuardKind::Other);
    let late = || !is_sql(view) && view.migration.operations.iter().any(|op| op.detail == "pragma");
    match view.state.outer {
        Some(outer) if !asked && !late() => outer.as_str(),
        _ => "",
    }
}

fn opener(view: &View<'_>) -> Opener {
    view.model.timeline.transactions.get(view.state.group).map_or(Opener::Nothing, |transaction| transaction.opener)
}

/// What opens the transaction, as the source has it: `engine.begin()`.
fn written(view: &View<'_>) -> Option<String> {
    const LONGEST: usize = 60;
    let opened = view.model.timeline.transactions.get(view.state.group)?.opened?;
    let file = view.model.file(opened.file)?;
    let text = file.text.get(opened.start as usize..opened.end as usize)?.trim();
    (text.len() <= LONGEST && !text.contains(['\n', '`'])).then(|| text.to_owned())
}

fn is_sql(view: &View<'_>) -> bool {
    view.model.file(view.migration.span.file).is_some_and(|file| file.language == Language::Sql)
}

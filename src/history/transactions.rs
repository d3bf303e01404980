//! Replays BEGIN, COMMIT and SET over the operations of each file.

use crate::ir::{Details, Migration, OpKind, Operation, TransactionKind};
use crate::span::Span;

use super::session::{Replay, Step};
use super::{Timeouts, Zone};

/// What is open and set when an operation runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OperationState {
    /// Whose transaction block is open.
    pub transaction: TransactionKind,
    /// Which transaction of the timeline it is part of. Operations without a transaction block have one each;
    /// where it is not known, all of one connection are taken together.
    pub group: usize,
    /// Timeouts in force.
    pub timeouts: Timeouts,
    /// The time zone in force.
    pub zone: Zone,
    /// For a BEGIN, whose transaction is open already; the server warns and begins nothing.
    pub outer: Option<TransactionKind>,
    /// A COMMIT before it ended the transaction that is arranged around the file. A BEGIN gives that back, for what
    /// ends it later.
    pub reopens: bool,
}

/// What opened a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Opener {
    /// Nothing: there is none, or nothing is known of it.
    #[default]
    Nothing,
    /// BEGIN or START TRANSACTION, written in SQL.
    Begin,
    /// A block of the program: `engine.begin()`, `transaction.atomic()`.
    Block,
    /// What applies the file, or the connection with its first statement.
    Runner,
    /// The server, around the statements of one query string.
    Query,
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum End {
    /// By nothing that is written: what opened it ends it, or nothing does.
    #[default]
    Unwritten,
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Rollback,
}

/// Operations that commit together (or, where that is not known, run on one connection).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Transaction {
    /// Whose it is.
    pub kind: TransactionKind,
    /// What opened it.
    pub opener: Opener,
    /// The place in the source that opens it.
    pub opened: Option<Span>,
    /// How it ends.
    pub end: End,
    /// Its operations as (migration, operation), in order.
    pub operations: Vec<(usize, usize)>,
}

/// The migrations in order, with what is open and set at each operation.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The migrations in order.
    pub migrations: Vec<Migration>,
    /// For each migration, the state at each of its operations.
    pub states: Vec<Vec<OperationState>>,
    /// The transactions.
    pub transactions: Vec<Transaction>,
}

impl Timeline {
    /// Replays `migrations`, which are in order, those of one file next to each other.
    ///
    /// A transaction never spans files here, also where a runner applies all pending files in one
    /// ([`crate::ir::Scope::batch`]): which of them are pending together is known at deployment only.
    pub fn new(mut migrations: Vec<Migration>) -> Self {
        super::paths::settle(&mut migrations);
        let mut replay = Replay::default();
        let mut states = Vec::with_capacity(migrations.len());
        let mut previous = None;
        for (index, migration) in migrations.iter().enumerate() {
            let file = (migration.span.file, migration.direction);
            if previous != Some(file) {
                replay.next_file();
                previous = Some(file);
            }
            let steps = migration.operations.iter().enumerate();
            states.push(steps.map(|(at, operation)| replay.step((index, at), operation)).collect());
        }
        Self { migrations, states, transactions: replay.transactions }
    }

    /// The transaction that an operation is part of.
    pub fn transaction(&self, migration: usize, operation: usize) -> Option<&Transaction> {
        self.transactions.get(self.state(migration, operation)?.group)
    }

    /// The state at an operation.
    pub fn state(&self, migration: usize, operation: usize) -> Option<&OperationState> {
        self.states.get(migration)?.get(operation)
    }

    /// The operation at a place.
    pub fn operation(&self, (migration, operation): (usize, usize)) -> Option<&Operation> {
        self.migrations.get(migration)?.operations.get(operation)
    }

    /// The operations of a transaction.
    pub fn operations<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = &'a Operation> {
        transaction.operations.iter().filter_map(|at| self.operation(*at))
    }
}

/// What an operation is to a transaction.
pub(super) fn step_of(operation: &Operation) -> Step<'_> {
    let chain = operation.detail == "chain";
    match (operation.kind, &operation.details) {
        (OpKind::TransactionBegin, _) => Step::Begin,
        (OpKind::TransactionCommit, _) => Step::End(End::Commit, chain),
        (OpKind::TransactionRollback, _) => Step::End(End::Rollback, chain),
        (OpKind::SessionSet, Details::Setting(setting)) => Step::Set(setting),
        _ => Step::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Dialect;
    use crate::frontend::Reader;
    use crate::source::{Language, NoModules, Runner, SourceFile};
    use crate::span::FileId;

    /// One word for each statement: whose transaction it runs in, and its number.
    fn replay(runner: Runner, dialect: Dialect, text: &str) -> (String, Timeline) {
        let mut file = SourceFile::of_text(FileId(0), "db/migrations/0001_a.sql", text, Language::Sql);
        (file.runner, file.dialect) = (runner, dialect);
        let timeline = Timeline::new(Reader::default().read(&file, &NoModules).migrations);
        let mut words = Vec::new();
        for state in timeline.states.iter().flatten() {
            words.push(format!("{}{}", state.transaction.as_str(), state.group));
        }
        (words.join(" "), timeline)
    }

    fn goose(text: &str) -> String {
        replay(Runner::Goose, Dialect::Postgres, text).0
    }

    fn one_string(text: &str) -> String {
        replay(Runner::Prisma, Dialect::Postgres, text).0
    }

    fn plain(text: &str) -> String {
        replay(Runner::Plain, Dialect::Postgres, text).0
    }

    /// Each statement by itself, outside a transaction: goose sends what a line ends.
    fn autocommit(text: &str) -> (String, Timeline) {
        let text = format!("-- +goose NO TRANSACTION\n-- +goose Up\n{}", text.replace("; ", ";\n"));
        replay(Runner::Goose, Dialect::Postgres, &text)
    }

    #[test]
    fn begin_and_commit_are_a_transaction() {
        // Where nothing is known of the runner, it may send the file as one string.
        assert_eq!(plain("BEGIN; SELECT 1; COMMIT; SELECT 2;"), "explicit0 explicit0 explicit0 unknown1");
        assert_eq!(autocommit("BEGIN; SELECT 1; COMMIT; SELECT 2;").0, "explicit0 explicit0 explicit0 none1");
        assert_eq!(plain("START TRANSACTION; SELECT 1; END;"), "explicit0 explicit0 explicit0");
        assert_eq!(plain("BEGIN; SELECT 1; ABORT; BEGIN; COMMIT"), "explicit0 explicit0 explicit0 explicit1 explicit1");
    }

    #[test]
    fn a_savepoint_ends_nothing() {
        let text = "BEGIN; SAVEPOINT s; ROLLBACK TO SAVEPOINT s; RELEASE s; SELECT 1; COMMIT;";
        assert_eq!(plain(text), ["explicit0"; 6].join(" "));
    }

    #[test]
    fn and_chain_begins_the_next_one() {
        assert_eq!(plain("BEGIN; COMMIT AND CHAIN; SELECT 1; COMMIT"), "explicit0 explicit0 explicit1 explicit1");
        assert_eq!(plain("BEGIN; COMMIT AND NO CHAIN; SELECT 1"), "explicit0 explicit0 unknown1");
        assert_eq!(goose("-- +goose Up\nROLLBACK AND CHAIN; SELECT 1;"), "runner0 runner1");
    }

    #[test]
    fn prepare_transaction_leaves_none_open() {
        assert_eq!(goose("-- +goose Up\nPREPARE TRANSACTION 'x';\nSELECT 1;"), "runner0 none1");
        assert_eq!(plain("BEGIN; PREPARE p AS SELECT 1; SELECT 2"), "explicit0 explicit0 explicit0");
    }

    #[test]
    fn a_begin_inside_the_runners_transaction_begins_nothing() {
        let (words, timeline) =
            replay(Runner::Goose, Dialect::Postgres, "-- +goose Up\nSELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT;\nSELECT 3;");
        assert_eq!(words, "runner0 runner0 runner0 runner0 none1");
        let outer: Vec<_> = timeline.states[0].iter().filter_map(|state| state.outer).collect();
        assert_eq!(outer, [TransactionKind::Runner]);
    }

    #[test]
    fn a_second_begin_begins_nothing() {
        let (words, timeline) = replay(Runner::Plain, Dialect::Postgres, "BEGIN; BEGIN; COMMIT; SELECT 1");
        assert_eq!(words, "explicit0 explicit0 explicit0 unknown1");
        assert_eq!(timeline.states[0][1].outer, Some(TransactionKind::Explicit));
        assert_eq!(timeline.states[0][0].outer, None);
    }

    /// Each was tried on PostgreSQL 15 with `psql -c`.
    #[test]
    fn statements_of_one_string_share_an_implicit_transaction() {
        assert_eq!(one_string("SELECT 1; SELECT 2;"), "runner0 runner0");
        assert_eq!(one_string("VACUUM;"), "none0");
        // BEGIN takes in what came before it; after COMMIT the rest of the string is the next implicit one.
        assert_eq!(
            one_string("SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3; SELECT 4"),
            "runner0 explicit0 explicit0 explicit0 runner1 runner1"
        );
        assert_eq!(one_string("SELECT 1; COMMIT; SELECT 2"), "runner0 runner0 runner1");
    }

    #[test]
    fn other_servers_know_no_implicit_transaction() {
        assert_eq!(replay(Runner::Prisma, Dialect::Mysql, "SELECT 1; SELECT 2;").0, "none0 none1");
    }

    #[test]
    fn mysql_commits_before_a_change_of_the_schema() {
        let text = "BEGIN; DELETE FROM t; ALTER TABLE t ADD n int; DELETE FROM t;";
        assert_eq!(replay(Runner::Prisma, Dialect::Mysql, text).0, "explicit0 explicit0 none1 none2");
    }

    #[test]
    fn transactions_of_tsql_are_counted() {
        let text = "BEGIN TRAN; BEGIN TRAN; COMMIT; SELECT 1; COMMIT; SELECT 2;";
        let (words, _) = replay(Runner::Prisma, Dialect::Mssql, text);
        assert_eq!(words, "explicit0 explicit0 explicit0 explicit0 explicit0 none1");
        let text = "BEGIN TRAN; BEGIN TRAN; ROLLBACK; SELECT 1;";
        assert_eq!(replay(Runner::Prisma, Dialect::Mssql, text).0, "explicit0 explicit0 explicit0 none1");
    }

    #[test]
    fn a_begin_can_give_back_what_a_commit_ended() {
        let (_, timeline) = replay(Runner::Goose, Dialect::Sqlite, "-- +goose Up\nCOMMIT; PRAGMA x = on; BEGIN;");
        let reopens: Vec<_> = timeline.states[0].iter().map(|state| state.reopens).collect();
        assert_eq!(reopens, [false, true, true]);
    }

    #[test]
    fn a_rollback_takes_back_what_was_set() {
        let lock = |text: &str| {
            let (_, timeline) = replay(Runner::Plain, Dialect::Postgres, text);
            timeline.states[0].iter().map(|state| state.timeouts.lock.limit()).collect::<Vec<_>>().pop().flatten()
        };
        assert_eq!(lock("BEGIN; SET lock_timeout = 5; ROLLBACK; SELECT 1"), None);
        assert_eq!(lock("BEGIN; SET lock_timeout = 5; COMMIT; SELECT 1"), Some(5));
        assert_eq!(lock("BEGIN; SET LOCAL lock_timeout = 5; SELECT 1"), Some(5));
        assert_eq!(lock("BEGIN; SET LOCAL lock_timeout = 5; COMMIT; SELECT 1"), None);
        assert_eq!(lock("BEGIN; SET LOCAL lock_timeout = 5; SET lock_timeout = 7; SELECT 1"), Some(7));
        assert_eq!(lock("BEGIN; SET lock_timeout = 7; SET LOCAL lock_timeout = 5; COMMIT; SELECT 1"), Some(7));
        // Outside a transaction block SET LOCAL does nothing.
        let (_, timeline) = autocommit("SET LOCAL lock_timeout = 5; SELECT 1");
        assert_eq!(timeline.states[0][1].timeouts.lock.limit(), None);
    }

    #[test]
    fn the_time_zone_is_that_of_the_last_set() {
        let zone = |text: &str| {
            let (_, timeline) = replay(Runner::Plain, Dialect::Postgres, text);
            timeline.states[0].last().map(|state| state.zone)
        };
        assert_eq!(zone("SELECT 1"), Some(Zone::Unset));
        assert_eq!(zone("SET TIME ZONE 'UTC'; SELECT 1"), Some(Zone::Utc));
        assert_eq!(zone("SET TimeZone TO 'utc'; SET timezone = 'Asia/Tokyo'; SELECT 1"), Some(Zone::Other));
        assert_eq!(zone("BEGIN; SET LOCAL timezone = 'UTC'; SELECT 1"), Some(Zone::Utc));
        assert_eq!(zone("BEGIN; SET LOCAL timezone = 'UTC'; COMMIT; SELECT 1"), Some(Zone::Unset));
        assert_eq!(zone("BEGIN; SET timezone = 'UTC'; ROLLBACK; SELECT 1"), Some(Zone::Unset));
        assert_eq!(zone("SET timezone = 'UTC'; RESET timezone; SELECT 1"), Some(Zone::Set));
    }

    #[test]
    fn the_end_of_a_transaction_is_known() {
        let ends = |text: &str| {
            let (_, timeline) = replay(Runner::Plain, Dialect::Postgres, text);
            timeline.transactions.iter().map(|transaction| transaction.end).collect::<Vec<_>>()
        };
        assert_eq!(ends("BEGIN; COMMIT"), [End::Commit]);
        assert_eq!(ends("BEGIN; ROLLBACK; BEGIN; SELECT 1"), [End::Rollback, End::Unwritten]);
    }
}

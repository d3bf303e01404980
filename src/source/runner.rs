//! What is known of each runner, in words: for docs/runners.md, and for the advice of rules. How its files are found is
//! in `recognise`, how they are cut into what is sent in `frontend::runners`.

use crate::config::Runner;

/// A runner in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    /// What shows that a file is its.
    pub recognised: &'static str,
    /// How the way forward and the way back are told apart.
    pub directions: &'static str,
    /// What orders its files.
    pub order: &'static str,
    /// Which transaction it opens, and what it sends to the server in one string.
    pub transaction: &'static str,
    /// What to write so that it opens none, as an order to the reader.
    pub opt_out: Option<&'static str>,
    /// What it fills in before it sends.
    pub placeholders: &'static str,
}

/// A table row.
const fn about(
    recognised: &'static str,
    directions: &'static str,
    order: &'static str,
    transaction: &'static str,
    opt_out: Option<&'static str>,
    placeholders: &'static str,
) -> About {
    About { recognised, directions, order, transaction, opt_out, placeholders }
}

impl Runner {
    /// What to write so that a file of this runner is applied outside a transaction, as an order to the reader; `None`
    /// where the runner opens none, or has no way to leave it out.
    pub fn opt_out(self) -> Option<&'static str> {
        self.about().opt_out
    }

    /// What becomes of a migration that comes before one which it has applied already, as a clause; `None` where it
    /// applies it late, or that is not known.
    ///
    /// Sources: Flyway's parameter `outOfOrder`; goose `internal/gooseutil/resolve.go`; node-pg-migrate `src/runner.ts`
    /// (`checkOrder`); refinery `refinery_core/src/traits/mod.rs` (`abort_missing`); Atlas `migrate apply --exec-order`;
    /// supabase/cli `internal/migration/up`; golang-migrate keeps one version in `schema_migrations`; Alembic's
    /// `RevisionMap` counts all that an applied revision follows as applied; Django's `check_consistent_history`.
    pub fn late(self) -> Option<&'static str> {
        Some(match self {
            Self::Flyway => "Flyway refuses to go on unless `outOfOrder` is set",
            Self::Goose => "goose refuses to go on without `-allow-missing`",
            Self::NodePgMigrate => "node-pg-migrate refuses to go on while it checks the order",
            Self::Refinery => "refinery refuses to go on while it aborts on missing migrations",
            Self::Atlas => "Atlas refuses to go on with its `linear` order",
            Self::Supabase => "`supabase db push` refuses to go on without `--include-all`",
            Self::GolangMigrate => "golang-migrate remembers the newest version alone, and never applies it there",
            Self::Alembic => "Alembic counts it as applied there, and never runs it",
            Self::Django => "Django refuses to go on with an inconsistent history",
            _ => return None,
        })
    }

    /// What becomes of a change to the text of a migration that it has applied, where it compares texts, as a clause.
    ///
    /// Sources: Flyway's checksums of versioned migrations; sqlx `sqlx-core/src/migrate/migrator.rs`
    /// (`VersionMismatch`); refinery `refinery_core/src/traits/mod.rs` (`abort_divergent`); postgres-migrations
    /// `src/validation.ts`.
    pub fn compares(self) -> Option<&'static str> {
        Some(match self {
            Self::Flyway => "Flyway compares checksums, and refuses to go on",
            Self::Sqlx => "sqlx compares checksums, and refuses to go on",
            Self::Refinery => "refinery compares checksums, and refuses to go on",
            Self::PostgresMigrations => "postgres-migrations compares checksums, and refuses to go on",
            _ => return None,
        })
    }

    /// The runner in words.
    pub fn about(self) -> About {
        match self {
            Self::Plain => about(
                "a folder or a name of migrations, and nothing that shows a runner",
                "`.down.sql`, `down.sql`, `_rollback.sql`, a folder `down`, `revert` or `rollback`",
                "the number in the name, else the name",
                "not known",
                None,
                "`{x}`, `{{ x }}`, `${x}`, `:x`, `%(x)s`",
            ),
            Self::Psql => about(
                "commands of psql in the file: `\\set`, `\\i`, `\\connect` …",
                "as for plain files",
                "the number in the name; `\\i` and `\\ir` are read in place",
                "none; each statement by itself (`psql -1` is not seen)",
                None,
                "`:x`, `:'x'`, `:\"x\"`; those that `\\set` gives a value are filled in",
            ),
            Self::Script => {
                about("Python that runs SQL", "names of functions", "order of calls", "followed", None, "—")
            }
            Self::Alembic => about(
                "`revision` and `down_revision` in a Python file",
                "`upgrade`, `downgrade`",
                "`down_revision`",
                "one a revision or one a run, as `env.py` says",
                Some("run it in `with op.get_context().autocommit_block():`"),
                "—",
            ),
            Self::Django => about(
                "a class `Migration(migrations.Migration)`",
                "`reverse_code`, `reverse_sql`",
                "`dependencies`",
                "one a migration",
                Some("set `atomic = False` in the class `Migration`"),
                "—",
            ),
            Self::Aerich => about(
                "`BaseDBAsyncClient` of Tortoise or `MODELS_STATE` in a Python file with `async def upgrade(db)`; `-- upgrade --` in a SQL file of a version before 0.6",
                "`upgrade`, `downgrade`",
                "the number in the name",
                "one a migration; what `upgrade` returns is sent as one string; none (for the way forward) with `RUN_IN_TRANSACTION = False`, but several statements still share the implicit transaction of that string",
                Some("set `RUN_IN_TRANSACTION = False` in the file, and keep one statement in it"),
                "—",
            ),
            Self::PeeweeMigrate => about(
                "`def migrate(migrator, …)` in a Python file",
                "`migrate`, `rollback`",
                "the name, which begins with three digits",
                "one a migration",
                None,
                "—",
            ),
            Self::Piccolo => about(
                "`MigrationManager` of Piccolo in a Python file, or `async def forwards()` in a folder `piccolo_migrations`",
                "`forwards`; the way back is worked out from it",
                "the name, which is a date",
                "one a migration; functions given to `add_raw` come first in it",
                Some("write `MigrationManager(…, wrap_in_transaction=False)`"),
                "—",
            ),
            Self::Atlas => about(
                "`atlas.sum` beside the file, or a comment `-- atlas:…`",
                "up only",
                "`atlas.sum`, else the version in the name",
                "one a file (`--tx-mode file`); statements one by one",
                Some("put `-- atlas:txmode none` on the first line of the file, and an empty line after it"),
                "`{{ x }}`",
            ),
            Self::Dbmate => about(
                "`-- migrate:up`",
                "`-- migrate:up`, `-- migrate:down`",
                "the number in the name",
                "one a section, which is sent as one string; with `transaction:false` several statements still share the implicit transaction of that string",
                Some("write `-- migrate:up transaction:false`, and keep one statement in the section"),
                "none",
            ),
            Self::Diesel => about(
                "`up.sql` and `down.sql` in a folder of their own, with `diesel.toml` above or `diesel` in `Cargo.toml`",
                "`up.sql`, `down.sql`",
                "the name of the folder up to `_`",
                "one a migration; the file is sent as one string",
                Some(
                    "put `run_in_transaction = false` into a `metadata.toml` beside `up.sql`, and keep one statement in the file",
                ),
                "none",
            ),
            Self::Drizzle => about(
                "`meta/_journal.json` beside the file, or `migration.sql` beside `snapshot.json`",
                "up only",
                "the journal",
                "one for all that is pending; each part between `--> statement-breakpoint` is one string; an embedded `COMMIT` ends it",
                None,
                "none",
            ),
            Self::Flyway => about(
                "`V1__x.sql`, `U1__x.sql`, `R__x.sql`, `B1__x.sql` (or as `flyway.conf`, `flyway.toml` say), callbacks such as `beforeMigrate.sql`",
                "`U` goes back",
                "the version in the name, then those that repeat",
                "one a file (with `group` one for all); none where every statement is one that Flyway knows to refuse a transaction, or the `.conf` beside it says so; statements one by one",
                Some(
                    "keep it alone in its file, or put `executeInTransaction=false` into a file beside it, named as it is with `.conf` added",
                ),
                "`${x}`, or between the configured prefix and suffix",
            ),
            Self::GolangMigrate => about(
                "`1_x.up.sql`, `1_x.down.sql`",
                "`.up.sql`, `.down.sql`",
                "the number in the name",
                "none, but the file is one string and so one implicit transaction; `x-multi-statement` in the address of the database is not seen",
                Some("keep the statement alone in its file"),
                "none",
            ),
            Self::Goose => about(
                "`-- +goose Up`",
                "`-- +goose Up`, `-- +goose Down`",
                "the number in the name",
                "one a migration; a statement ends at a line that ends with `;`, and `StatementBegin` to `StatementEnd` is one string",
                Some("put `-- +goose NO TRANSACTION` at the top of the file"),
                "`$X`, `${X}` between `-- +goose ENVSUB ON` and `OFF`",
            ),
            Self::Hasura => about(
                "`up.sql` and `down.sql` in a folder named with 13 digits, or `config.yaml` of Hasura above",
                "`up.sql`, `down.sql`",
                "the number in the name of the folder",
                "one a migration; the file is sent as one string",
                None,
                "none",
            ),
            Self::Liquibase => about(
                "`--liquibase formatted sql` on the first line",
                "`--rollback`, `/* liquibase rollback … */`",
                "changesets in order of the file",
                "one a changeset; statements one by one unless `splitStatements:false`",
                Some("write `runInTransaction:false` on the line of `--changeset`"),
                "`${x}`",
            ),
            Self::NodePgMigrate => about(
                "`-- Up Migration`, or `node-pg-migrate` in `package.json` above",
                "`-- Up Migration`, `-- Down Migration`",
                "the number in the name",
                "one for all that is pending; the section is sent as one string",
                Some("write the migration in JavaScript with `pgm.noTransaction()`"),
                "none",
            ),
            Self::Pop => about(
                "`1_x.up.sql` in a project that uses `gobuffalo/pop` or `ory/pop` and not golang-migrate, or beside `.fizz` or `.autocommit.up.sql`",
                "`.up.sql`, `.down.sql`",
                "the number in the name",
                "one a migration, which is sent as one string; Ory's `popx` opens none on CockroachDB and MySQL",
                Some(
                    "name the file `….autocommit.up.sql`, which only Ory's `popx` knows, and keep one statement in it",
                ),
                "`{{ x }}`",
            ),
            Self::PostgresMigrations => about(
                "`-- postgres-migrations disable-transaction`, or `postgres-migrations` in `package.json` above",
                "up only",
                "the number in the name, from 1 without gaps",
                "one a file, which is sent as one string",
                Some("write `-- postgres-migrations disable-transaction` into the file, and keep one statement in it"),
                "none",
            ),
            Self::Prisma => about(
                "`migration.sql` in a folder of its own, with `migration_lock.toml` above or below `prisma/migrations`",
                "up only; `down.sql` beside it goes back",
                "the name of the folder",
                "none, but the file is one string and so one implicit transaction; from 7.4 on statements one by one, where the engine can parse the file",
                Some("keep the statement alone in its migration"),
                "none",
            ),
            Self::Refinery => about(
                "`V1__x.sql`, `U1__x.sql` with `refinery` in `Cargo.toml` above, or `refinery.toml`",
                "up only: `U` is a migration out of order",
                "the version in the name",
                "one a file (or one for all, as the program says); the file is sent as one string",
                None,
                "none",
            ),
            Self::SqlMigrate => about(
                "`-- +migrate Up`",
                "`-- +migrate Up`, `-- +migrate Down`",
                "the number in the name, else the name",
                "one a section; a statement ends at a line that ends with `;`",
                Some("write `-- +migrate Up notransaction`"),
                "none",
            ),
            Self::Sqitch => about(
                "`sqitch.plan` or `sqitch.conf` above a folder `deploy`, `revert` or `verify`",
                "`deploy`, `revert`; `verify` changes nothing and is passed over",
                "`sqitch.plan`",
                "none: psql runs the file, which opens its own",
                Some("leave out `BEGIN` and `COMMIT`"),
                "as for psql",
            ),
            Self::Sqlx => about(
                "`1_x.sql`, `1_x.up.sql` with `sqlx` in `Cargo.toml` above, or `-- no-transaction` at the start",
                "`.down.sql` goes back",
                "the number in the name",
                "one a file, which is sent as one string",
                Some("put `-- no-transaction` at the very start of the file, and keep one statement in it"),
                "none",
            ),
            Self::Supabase => about(
                "`supabase/migrations/1_x.sql`",
                "up only",
                "the number in the name",
                "none, but the statements of a file are sent in one pipeline and so in one implicit transaction; those that Supabase knows to refuse one are sent by themselves",
                None,
                "none",
            ),
            Self::Tern => about(
                "`---- create above / drop below ----`, or `tern.conf` beside the file or above",
                "`---- create above / drop below ----`",
                "the number in the name, from 1 without gaps",
                "one a migration, which is sent as one string; without it statements one by one",
                Some("write the line `---- tern: disable-tx ----` into the section"),
                "`{{ x }}`",
            ),
            Self::Yoyo => about(
                "`x.rollback.sql` beside the file, `-- depends:`, `-- transactional:`, or `yoyo.ini` above; in Python `yoyo` imported, or `steps = [step(…`",
                "`.rollback.sql`; the second argument of `step`",
                "`-- depends:` and `__depends__`, else the name",
                "one a migration; statements one by one",
                Some(
                    "write `-- transactional: false` on the first line of the file that goes forward, in Python `__transactional__ = False`",
                ),
                "none",
            ),
        }
    }

    /// What the facts of [`Runner::about`] are taken from: documentation, and code where that says more. What the runners
    /// did that can be run here stands in `fixtures/runners/README.md`.
    pub fn source(self) -> &'static str {
        match self {
            Self::Plain => "—",
            Self::Psql => "[psql](https://www.postgresql.org/docs/current/app-psql.html); run",
            Self::Script => "the code itself, which is followed",
            Self::Alembic => "[`autocommit_block`](https://alembic.sqlalchemy.org/en/latest/api/runtime.html)",
            Self::Django => "[Writing migrations](https://docs.djangoproject.com/en/stable/howto/writing-migrations/)",
            Self::Aerich => {
                "[Aerich](https://github.com/tortoise/aerich); `aerich/__init__.py`, `Command.upgrade`; run"
            }
            Self::PeeweeMigrate => {
                "[peewee-migrate](https://github.com/klen/peewee_migrate) `router.py`, `migrator.py`; peewee `playhouse/migrate.py`; run"
            }
            Self::Piccolo => {
                "[Piccolo](https://piccolo-orm.readthedocs.io/en/latest/piccolo/migrations/index.html) `migration_manager.py`; run"
            }
            Self::Atlas => "[Transactions](https://atlasgo.io/versioned/apply); ariga/atlas `sql/migrate`",
            Self::Dbmate => {
                "[README](https://github.com/amacneil/dbmate#migration-options); `pkg/dbmate/migration.go`; run"
            }
            Self::Diesel => "[diesel_migrations](https://docs.rs/diesel_migrations), `file_based_migrations.rs`; run",
            Self::Drizzle => "drizzle-team/drizzle-orm `src/migrator.ts`, `pg-core/dialect.ts`; run",
            Self::Flyway => {
                "[Script configuration](https://documentation.red-gate.com/fd/script-configuration-277579012.html); flyway/flyway `PostgreSQLParser`"
            }
            Self::GolangMigrate => {
                "[PostgreSQL driver](https://github.com/golang-migrate/migrate/tree/master/database/postgres); sent by psql"
            }
            Self::Goose => {
                "[Annotations](https://pressly.github.io/goose/documentation/annotations/); pressly/goose `internal/sqlparser`"
            }
            Self::Hasura => "[`run_sql`](https://hasura.io/docs/2.0/api-reference/schema-api/run-sql/)",
            Self::Liquibase => {
                "[Formatted SQL](https://docs.liquibase.com/concepts/changelogs/sql-format.html); `AbstractFormattedChangeLogParser`"
            }
            Self::NodePgMigrate => {
                "[SQL migrations](https://salsita.github.io/node-pg-migrate/); `src/sqlMigration.ts`, `src/runner.ts`; run"
            }
            Self::Pop => {
                "gobuffalo/pop `migrator.go`, `migration_content.go`; ory/x `popx/match.go`, `popx/migrator.go`"
            }
            Self::PostgresMigrations => {
                "[README](https://github.com/ThomWright/postgres-migrations); `src/run-migration.ts`; run"
            }
            Self::Prisma => "prisma/prisma-engines, pull requests 5767 and 5847; run",
            Self::Refinery => "[refinery](https://docs.rs/refinery); rust-db/refinery `refinery_core`; run",
            Self::SqlMigrate => "[README](https://github.com/rubenv/sql-migrate); `sqlparse`; run",
            Self::Sqitch => "[sqitch](https://sqitch.org/docs/); `App::Sqitch::Engine::pg`; run",
            Self::Sqlx => {
                "[`migrate!`](https://docs.rs/sqlx/latest/sqlx/macro.migrate.html); `sqlx-core/src/migrate/source.rs`; run"
            }
            Self::Supabase => "supabase/cli, pull requests 5671, 6009 and 6276",
            Self::Tern => "[README](https://github.com/jackc/tern); `migrate/migrate.go`",
            Self::Yoyo => "[yoyo](https://ollycope.com/software/yoyo/latest/); `migrations.py`; run",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_an_order_to_the_reader() {
        for runner in Runner::ALL {
            let said = runner.opt_out().unwrap_or("put");
            let verb = said.split(' ').next().unwrap_or_default();
            assert!(
                ["put", "write", "keep", "set", "run", "leave", "name"].contains(&verb),
                "{}: {said}",
                runner.as_str()
            );
        }
    }

    #[test]
    fn names_are_read_back() {
        for runner in Runner::ALL {
            assert_eq!(Runner::parse(runner.as_str()), Some(*runner));
        }
    }
}

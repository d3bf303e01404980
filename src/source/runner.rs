//! The programs that apply migrations.

/// Declares [`Runner`] and the table of names in one place.
macro_rules! runners {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)*) => {
        /// The program that applies a source.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub enum Runner {
            $($(#[$meta])* $variant,)*
        }

        impl Runner {
            /// Every runner.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in output and configuration.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

runners! {
    /// Not recognised: plain SQL, one statement after the other.
    #[default]
    Plain = "plain",
    /// psql, with its own commands (`\i`, `\set`).
    Psql = "psql",
    /// A home-made Python script.
    Script = "script",
    /// Alembic.
    Alembic = "alembic",
    /// Django.
    Django = "django",
    /// Atlas.
    Atlas = "atlas",
    /// dbmate.
    Dbmate = "dbmate",
    /// Diesel.
    Diesel = "diesel",
    /// Drizzle.
    Drizzle = "drizzle",
    /// Flyway.
    Flyway = "flyway",
    /// golang-migrate.
    GolangMigrate = "golang-migrate",
    /// goose.
    Goose = "goose",
    /// Hasura.
    Hasura = "hasura",
    /// Liquibase formatted SQL.
    Liquibase = "liquibase",
    /// node-pg-migrate.
    NodePgMigrate = "node-pg-migrate",
    /// postgres-migrations.
    PostgresMigrations = "postgres-migrations",
    /// Prisma.
    Prisma = "prisma",
    /// refinery.
    Refinery = "refinery",
    /// sql-migrate.
    SqlMigrate = "sql-migrate",
    /// sqitch.
    Sqitch = "sqitch",
    /// sqlx.
    Sqlx = "sqlx",
    /// Supabase.
    Supabase = "supabase",
    /// tern.
    Tern = "tern",
    /// yoyo.
    Yoyo = "yoyo",
}

impl Runner {
    /// The runner of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|runner| runner.as_str() == name)
    }

    /// What to write so that a file of this runner is applied outside a transaction, as an order to the reader; `None`
    /// where the runner opens none, or has no way to leave it out.
    pub fn opt_out(self) -> Option<&'static str> {
        match self {
            Self::Goose => Some("put `-- +goose NO TRANSACTION` at the top of the file"),
            Self::Dbmate => Some("write `-- migrate:up transaction:false`, and one statement in the section"),
            Self::Sqlx => Some("put `-- no-transaction` on the first line of the file"),
            Self::Diesel => Some("put `run_in_transaction = false` into a `metadata.toml` beside `up.sql`"),
            _ => None,
        }
    }
}

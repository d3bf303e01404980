//! The programs that apply migrations. They are named here because the configuration names them; what is known of each
//! is in `source::runner` and `frontend::runners`.

/// Declares [`Runner`] and the table of names in one place.
macro_rules! runners {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)*) => {
        /// The program that applies a source.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Deserialize)]
        pub enum Runner {
            $($(#[$meta])* #[serde(rename = $name)] $variant,)*
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

            /// The runner of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|runner| runner.as_str() == name)
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
    /// Aerich, for Tortoise ORM.
    Aerich = "aerich",
    /// Peewee, by peewee-migrate.
    PeeweeMigrate = "peewee-migrate",
    /// Piccolo.
    Piccolo = "piccolo",
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
    /// pop.
    Pop = "pop",
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

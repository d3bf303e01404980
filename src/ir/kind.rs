//! The kinds of operation, under the names that rules and JSON use.

/// Declares [`OpKind`] and the table of names in one place.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// What an operation does to the database.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum OpKind {
            $($(#[doc = $doc])* $variant,)*
        }

        impl OpKind {
            /// Every kind, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in rules and JSON, `index.create`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// CREATE TABLE, also AS SELECT.
    TableCreate = "table.create",
    /// DROP TABLE.
    TableDrop = "table.drop",
    /// ALTER TABLE … RENAME TO.
    TableRename = "table.rename",
    /// TRUNCATE.
    TableTruncate = "table.truncate",
    /// LOCK TABLE.
    TableLock = "table.lock",
    /// SET LOGGED, UNLOGGED, TABLESPACE, ACCESS METHOD, storage parameters, CLUSTER, VACUUM FULL; see `op.detail`.
    TableSetStorage = "table.set-storage",
    /// ADD COLUMN.
    ColumnAdd = "column.add",
    /// DROP COLUMN.
    ColumnDrop = "column.drop",
    /// RENAME COLUMN.
    ColumnRename = "column.rename",
    /// ALTER COLUMN … TYPE.
    ColumnRetype = "column.retype",
    /// ALTER COLUMN … SET NOT NULL.
    ColumnSetNotNull = "column.set-not-null",
    /// ALTER COLUMN … DROP NOT NULL.
    ColumnDropNotNull = "column.drop-not-null",
    /// ALTER COLUMN … SET DEFAULT.
    ColumnSetDefault = "column.set-default",
    /// ALTER COLUMN … DROP DEFAULT.
    ColumnDropDefault = "column.drop-default",
    /// CREATE INDEX.
    IndexCreate = "index.create",
    /// DROP INDEX.
    IndexDrop = "index.drop",
    /// ALTER INDEX … RENAME.
    IndexRename = "index.rename",
    /// REINDEX.
    IndexReindex = "index.reindex",
    /// ADD CONSTRAINT.
    ConstraintAdd = "constraint.add",
    /// DROP CONSTRAINT.
    ConstraintDrop = "constraint.drop",
    /// VALIDATE CONSTRAINT.
    ConstraintValidate = "constraint.validate",
    /// RENAME CONSTRAINT.
    ConstraintRename = "constraint.rename",
    /// ATTACH PARTITION.
    PartitionAttach = "partition.attach",
    /// DETACH PARTITION.
    PartitionDetach = "partition.detach",
    /// CREATE VIEW.
    ViewCreate = "view.create",
    /// DROP VIEW.
    ViewDrop = "view.drop",
    /// CREATE MATERIALIZED VIEW.
    MatviewCreate = "matview.create",
    /// REFRESH MATERIALIZED VIEW.
    MatviewRefresh = "matview.refresh",
    /// DROP MATERIALIZED VIEW.
    MatviewDrop = "matview.drop",
    /// CREATE TYPE.
    TypeCreate = "type.create",
    /// DROP TYPE.
    TypeDrop = "type.drop",
    /// ALTER TYPE … ADD VALUE.
    EnumAddValue = "enum.add-value",
    /// ALTER TYPE … RENAME VALUE.
    EnumRenameValue = "enum.rename-value",
    /// CREATE DOMAIN.
    DomainCreate = "domain.create",
    /// ALTER DOMAIN.
    DomainAlter = "domain.alter",
    /// CREATE SEQUENCE.
    SequenceCreate = "sequence.create",
    /// ALTER SEQUENCE.
    SequenceAlter = "sequence.alter",
    /// DROP SEQUENCE.
    SequenceDrop = "sequence.drop",
    /// CREATE FUNCTION or PROCEDURE.
    FunctionCreate = "function.create",
    /// ALTER FUNCTION or PROCEDURE.
    FunctionAlter = "function.alter",
    /// DROP FUNCTION or PROCEDURE.
    FunctionDrop = "function.drop",
    /// CREATE TRIGGER.
    TriggerCreate = "trigger.create",
    /// ENABLE or DISABLE TRIGGER, ALTER TRIGGER.
    TriggerAlter = "trigger.alter",
    /// DROP TRIGGER.
    TriggerDrop = "trigger.drop",
    /// CREATE POLICY.
    PolicyCreate = "policy.create",
    /// ALTER POLICY, ENABLE ROW LEVEL SECURITY.
    PolicyAlter = "policy.alter",
    /// DROP POLICY.
    PolicyDrop = "policy.drop",
    /// CREATE EXTENSION.
    ExtensionCreate = "extension.create",
    /// ALTER EXTENSION.
    ExtensionAlter = "extension.alter",
    /// DROP EXTENSION.
    ExtensionDrop = "extension.drop",
    /// CREATE SCHEMA.
    SchemaCreate = "schema.create",
    /// ALTER SCHEMA.
    SchemaAlter = "schema.alter",
    /// DROP SCHEMA.
    SchemaDrop = "schema.drop",
    /// CREATE DATABASE.
    DatabaseCreate = "database.create",
    /// ALTER DATABASE.
    DatabaseAlter = "database.alter",
    /// DROP DATABASE.
    DatabaseDrop = "database.drop",
    /// CREATE ROLE or USER.
    RoleCreate = "role.create",
    /// ALTER ROLE or USER.
    RoleAlter = "role.alter",
    /// DROP ROLE or USER.
    RoleDrop = "role.drop",
    /// GRANT.
    PrivilegeGrant = "privilege.grant",
    /// REVOKE.
    PrivilegeRevoke = "privilege.revoke",
    /// COMMENT ON.
    CommentSet = "comment.set",
    /// CREATE PUBLICATION.
    PublicationCreate = "publication.create",
    /// ALTER PUBLICATION.
    PublicationAlter = "publication.alter",
    /// DROP PUBLICATION.
    PublicationDrop = "publication.drop",
    /// UPDATE.
    DataUpdate = "data.update",
    /// DELETE.
    DataDelete = "data.delete",
    /// INSERT, COPY … FROM; see `op.source`.
    DataInsert = "data.insert",
    /// MERGE.
    DataMerge = "data.merge",
    /// SELECT and other reads.
    DataSelect = "data.select",
    /// BEGIN.
    TransactionBegin = "transaction.begin",
    /// COMMIT.
    TransactionCommit = "transaction.commit",
    /// ROLLBACK.
    TransactionRollback = "transaction.rollback",
    /// SET.
    SessionSet = "session.set",
    /// A function of the migration's own language, or a called function in SQL.
    CodeRun = "code.run",
    /// Parsed and known to be harmless.
    Other = "other",
    /// Not understood; see `opaque.reason`.
    Opaque = "opaque",
}

impl OpKind {
    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The part of the name before the dot: `index`.
    pub fn family(self) -> &'static str {
        let name = self.as_str();
        name.split_once('.').map_or(name, |(family, _)| family)
    }

    /// What it is called in SQL, for messages: `CREATE INDEX`.
    pub fn as_sql(self) -> String {
        match self {
            Self::TableTruncate => "TRUNCATE".to_owned(),
            Self::TableLock => "LOCK TABLE".to_owned(),
            Self::TableRename => "RENAME TABLE".to_owned(),
            Self::TableSetStorage => "ALTER TABLE … SET".to_owned(),
            Self::ColumnRetype => "ALTER COLUMN … TYPE".to_owned(),
            Self::ColumnSetNotNull => "SET NOT NULL".to_owned(),
            Self::ColumnDropNotNull => "DROP NOT NULL".to_owned(),
            Self::ColumnSetDefault => "SET DEFAULT".to_owned(),
            Self::ColumnDropDefault => "DROP DEFAULT".to_owned(),
            Self::IndexReindex => "REINDEX".to_owned(),
            Self::EnumAddValue | Self::EnumRenameValue | Self::DomainAlter => "ALTER TYPE".to_owned(),
            Self::PrivilegeGrant => "GRANT".to_owned(),
            Self::PrivilegeRevoke => "REVOKE".to_owned(),
            Self::CommentSet => "COMMENT".to_owned(),
            Self::SessionSet => "SET".to_owned(),
            Self::CodeRun => "a call".to_owned(),
            Self::Other | Self::Opaque => "the statement".to_owned(),
            _ => {
                let (family, verb) = self.as_str().split_once('.').unwrap_or((self.as_str(), ""));
                let family = if family == "matview" { "materialized view" } else { family };
                match family {
                    "data" | "transaction" => verb.to_uppercase(),
                    _ => format!("{verb} {family}").to_uppercase(),
                }
            }
        }
    }

    /// Whether rows are changed.
    pub fn changes_data(self) -> bool {
        matches!(self, Self::DataUpdate | Self::DataDelete | Self::DataInsert | Self::DataMerge | Self::TableTruncate)
    }

    /// Whether the schema is changed.
    pub fn changes_schema(self) -> bool {
        !matches!(self.family(), "data" | "transaction" | "session" | "code" | "other" | "opaque" | "privilege")
            && !matches!(self, Self::TableTruncate | Self::TableLock | Self::MatviewRefresh | Self::IndexReindex)
    }
}

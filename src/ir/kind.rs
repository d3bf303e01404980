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
    /// ALTER TABLE … OWNER TO, SET SCHEMA, INHERIT, REPLICA IDENTITY and the like; see `op.detail`.
    TableAlter = "table.alter",
    /// TRUNCATE.
    TableTruncate = "table.truncate",
    /// LOCK TABLE.
    TableLock = "table.lock",
    /// SET LOGGED, UNLOGGED, TABLESPACE, ACCESS METHOD, storage parameters, CLUSTER, VACUUM FULL; see `op.detail`.
    TableSetStorage = "table.set-storage",
    /// VACUUM without FULL.
    TableVacuum = "table.vacuum",
    /// ANALYZE.
    TableAnalyze = "table.analyze",
    /// ADD COLUMN.
    ColumnAdd = "column.add",
    /// DROP COLUMN.
    ColumnDrop = "column.drop",
    /// RENAME COLUMN.
    ColumnRename = "column.rename",
    /// ALTER COLUMN … SET STATISTICS, STORAGE, COMPRESSION, options, identity; see `op.detail`.
    ColumnAlter = "column.alter",
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
    /// ALTER INDEX; see `op.detail`.
    IndexAlter = "index.alter",
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
    /// ALTER CONSTRAINT.
    ConstraintAlter = "constraint.alter",
    /// ATTACH PARTITION.
    PartitionAttach = "partition.attach",
    /// DETACH PARTITION.
    PartitionDetach = "partition.detach",
    /// CREATE VIEW.
    ViewCreate = "view.create",
    /// ALTER VIEW; see `op.detail`.
    ViewAlter = "view.alter",
    /// ALTER VIEW … RENAME TO.
    ViewRename = "view.rename",
    /// DROP VIEW.
    ViewDrop = "view.drop",
    /// CREATE MATERIALIZED VIEW.
    MatviewCreate = "matview.create",
    /// REFRESH MATERIALIZED VIEW.
    MatviewRefresh = "matview.refresh",
    /// ALTER MATERIALIZED VIEW; see `op.detail`.
    MatviewAlter = "matview.alter",
    /// ALTER MATERIALIZED VIEW … RENAME TO.
    MatviewRename = "matview.rename",
    /// DROP MATERIALIZED VIEW.
    MatviewDrop = "matview.drop",
    /// CREATE FOREIGN TABLE, IMPORT FOREIGN SCHEMA (`import`).
    ForeignTableCreate = "foreign-table.create",
    /// ALTER FOREIGN TABLE; see `op.detail`.
    ForeignTableAlter = "foreign-table.alter",
    /// ALTER FOREIGN TABLE … RENAME TO.
    ForeignTableRename = "foreign-table.rename",
    /// DROP FOREIGN TABLE.
    ForeignTableDrop = "foreign-table.drop",
    /// CREATE TYPE.
    TypeCreate = "type.create",
    /// ALTER TYPE; see `op.detail`.
    TypeAlter = "type.alter",
    /// ALTER TYPE … RENAME TO.
    TypeRename = "type.rename",
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
    /// ALTER DOMAIN … RENAME TO.
    DomainRename = "domain.rename",
    /// DROP DOMAIN.
    DomainDrop = "domain.drop",
    /// CREATE SEQUENCE.
    SequenceCreate = "sequence.create",
    /// ALTER SEQUENCE.
    SequenceAlter = "sequence.alter",
    /// ALTER SEQUENCE … RENAME TO.
    SequenceRename = "sequence.rename",
    /// DROP SEQUENCE.
    SequenceDrop = "sequence.drop",
    /// CREATE FUNCTION or PROCEDURE.
    FunctionCreate = "function.create",
    /// ALTER FUNCTION or PROCEDURE.
    FunctionAlter = "function.alter",
    /// ALTER FUNCTION or PROCEDURE … RENAME TO.
    FunctionRename = "function.rename",
    /// DROP FUNCTION or PROCEDURE.
    FunctionDrop = "function.drop",
    /// CREATE AGGREGATE.
    AggregateCreate = "aggregate.create",
    /// ALTER AGGREGATE; see `op.detail`.
    AggregateAlter = "aggregate.alter",
    /// DROP AGGREGATE.
    AggregateDrop = "aggregate.drop",
    /// CREATE TRIGGER.
    TriggerCreate = "trigger.create",
    /// ENABLE or DISABLE TRIGGER, ALTER TRIGGER; see `op.detail`.
    TriggerAlter = "trigger.alter",
    /// DROP TRIGGER.
    TriggerDrop = "trigger.drop",
    /// CREATE EVENT TRIGGER.
    EventTriggerCreate = "event-trigger.create",
    /// ALTER EVENT TRIGGER; see `op.detail`.
    EventTriggerAlter = "event-trigger.alter",
    /// DROP EVENT TRIGGER.
    EventTriggerDrop = "event-trigger.drop",
    /// CREATE RULE.
    RuleCreate = "rule.create",
    /// ALTER RULE, ENABLE or DISABLE RULE; see `op.detail`.
    RuleAlter = "rule.alter",
    /// DROP RULE.
    RuleDrop = "rule.drop",
    /// CREATE POLICY.
    PolicyCreate = "policy.create",
    /// ALTER POLICY, ENABLE or FORCE ROW LEVEL SECURITY; see `op.detail`.
    PolicyAlter = "policy.alter",
    /// DROP POLICY.
    PolicyDrop = "policy.drop",
    /// CREATE EXTENSION.
    ExtensionCreate = "extension.create",
    /// ALTER EXTENSION.
    ExtensionAlter = "extension.alter",
    /// DROP EXTENSION.
    ExtensionDrop = "extension.drop",
    /// CREATE LANGUAGE.
    LanguageCreate = "language.create",
    /// ALTER LANGUAGE; see `op.detail`.
    LanguageAlter = "language.alter",
    /// DROP LANGUAGE.
    LanguageDrop = "language.drop",
    /// CREATE COLLATION.
    CollationCreate = "collation.create",
    /// ALTER COLLATION; see `op.detail`.
    CollationAlter = "collation.alter",
    /// DROP COLLATION.
    CollationDrop = "collation.drop",
    /// CREATE CONVERSION.
    ConversionCreate = "conversion.create",
    /// ALTER CONVERSION; see `op.detail`.
    ConversionAlter = "conversion.alter",
    /// DROP CONVERSION.
    ConversionDrop = "conversion.drop",
    /// CREATE CAST.
    CastCreate = "cast.create",
    /// DROP CAST.
    CastDrop = "cast.drop",
    /// CREATE TRANSFORM.
    TransformCreate = "transform.create",
    /// DROP TRANSFORM.
    TransformDrop = "transform.drop",
    /// CREATE OPERATOR.
    OperatorCreate = "operator.create",
    /// ALTER OPERATOR; see `op.detail`.
    OperatorAlter = "operator.alter",
    /// DROP OPERATOR.
    OperatorDrop = "operator.drop",
    /// CREATE OPERATOR CLASS.
    OperatorClassCreate = "operator-class.create",
    /// ALTER OPERATOR CLASS; see `op.detail`.
    OperatorClassAlter = "operator-class.alter",
    /// DROP OPERATOR CLASS.
    OperatorClassDrop = "operator-class.drop",
    /// CREATE OPERATOR FAMILY.
    OperatorFamilyCreate = "operator-family.create",
    /// ALTER OPERATOR FAMILY; see `op.detail`.
    OperatorFamilyAlter = "operator-family.alter",
    /// DROP OPERATOR FAMILY.
    OperatorFamilyDrop = "operator-family.drop",
    /// CREATE ACCESS METHOD.
    AccessMethodCreate = "access-method.create",
    /// DROP ACCESS METHOD.
    AccessMethodDrop = "access-method.drop",
    /// CREATE TEXT SEARCH CONFIGURATION, DICTIONARY, PARSER or TEMPLATE.
    TextSearchCreate = "text-search.create",
    /// ALTER TEXT SEARCH CONFIGURATION, DICTIONARY, PARSER or TEMPLATE; see `op.detail`.
    TextSearchAlter = "text-search.alter",
    /// DROP TEXT SEARCH CONFIGURATION, DICTIONARY, PARSER or TEMPLATE.
    TextSearchDrop = "text-search.drop",
    /// CREATE STATISTICS.
    StatisticsCreate = "statistics.create",
    /// ALTER STATISTICS; see `op.detail`.
    StatisticsAlter = "statistics.alter",
    /// DROP STATISTICS.
    StatisticsDrop = "statistics.drop",
    /// CREATE FOREIGN DATA WRAPPER.
    ForeignDataWrapperCreate = "foreign-data-wrapper.create",
    /// ALTER FOREIGN DATA WRAPPER; see `op.detail`.
    ForeignDataWrapperAlter = "foreign-data-wrapper.alter",
    /// DROP FOREIGN DATA WRAPPER.
    ForeignDataWrapperDrop = "foreign-data-wrapper.drop",
    /// CREATE SERVER.
    ServerCreate = "server.create",
    /// ALTER SERVER; see `op.detail`.
    ServerAlter = "server.alter",
    /// DROP SERVER.
    ServerDrop = "server.drop",
    /// CREATE USER MAPPING.
    UserMappingCreate = "user-mapping.create",
    /// ALTER USER MAPPING; see `op.detail`.
    UserMappingAlter = "user-mapping.alter",
    /// DROP USER MAPPING.
    UserMappingDrop = "user-mapping.drop",
    /// CREATE SCHEMA.
    SchemaCreate = "schema.create",
    /// ALTER SCHEMA.
    SchemaAlter = "schema.alter",
    /// ALTER SCHEMA … RENAME TO.
    SchemaRename = "schema.rename",
    /// DROP SCHEMA.
    SchemaDrop = "schema.drop",
    /// CREATE DATABASE.
    DatabaseCreate = "database.create",
    /// ALTER DATABASE.
    DatabaseAlter = "database.alter",
    /// DROP DATABASE.
    DatabaseDrop = "database.drop",
    /// CREATE TABLESPACE.
    TablespaceCreate = "tablespace.create",
    /// ALTER TABLESPACE; see `op.detail`.
    TablespaceAlter = "tablespace.alter",
    /// DROP TABLESPACE.
    TablespaceDrop = "tablespace.drop",
    /// ALTER LARGE OBJECT; see `op.detail`.
    LargeObjectAlter = "large-object.alter",
    /// ALTER SYSTEM.
    SystemAlter = "system.alter",
    /// CREATE ROLE or USER.
    RoleCreate = "role.create",
    /// ALTER ROLE or USER, REASSIGN OWNED, DROP OWNED; see `op.detail`.
    RoleAlter = "role.alter",
    /// DROP ROLE or USER.
    RoleDrop = "role.drop",
    /// GRANT; `role` for a membership, `default` for ALTER DEFAULT PRIVILEGES.
    PrivilegeGrant = "privilege.grant",
    /// REVOKE; details as of GRANT.
    PrivilegeRevoke = "privilege.revoke",
    /// COMMENT ON.
    CommentSet = "comment.set",
    /// SECURITY LABEL.
    SecurityLabelSet = "security-label.set",
    /// CREATE PUBLICATION.
    PublicationCreate = "publication.create",
    /// ALTER PUBLICATION.
    PublicationAlter = "publication.alter",
    /// DROP PUBLICATION.
    PublicationDrop = "publication.drop",
    /// CREATE SUBSCRIPTION.
    SubscriptionCreate = "subscription.create",
    /// ALTER SUBSCRIPTION; see `op.detail`.
    SubscriptionAlter = "subscription.alter",
    /// DROP SUBSCRIPTION.
    SubscriptionDrop = "subscription.drop",
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
    /// Parsed, known to be harmless, and about no named object.
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
            Self::TableVacuum => "VACUUM".to_owned(),
            Self::TableAnalyze => "ANALYZE".to_owned(),
            Self::SecurityLabelSet => "SECURITY LABEL".to_owned(),
            Self::ColumnRetype => "ALTER COLUMN … TYPE".to_owned(),
            Self::ColumnSetNotNull => "SET NOT NULL".to_owned(),
            Self::ColumnDropNotNull => "DROP NOT NULL".to_owned(),
            Self::ColumnSetDefault => "SET DEFAULT".to_owned(),
            Self::ColumnDropDefault => "DROP DEFAULT".to_owned(),
            Self::IndexReindex => "REINDEX".to_owned(),
            Self::EnumAddValue | Self::EnumRenameValue => "ALTER TYPE".to_owned(),
            Self::PrivilegeGrant => "GRANT".to_owned(),
            Self::PrivilegeRevoke => "REVOKE".to_owned(),
            Self::CommentSet => "COMMENT".to_owned(),
            Self::SessionSet => "SET".to_owned(),
            Self::CodeRun => "a call".to_owned(),
            Self::Other | Self::Opaque => "the statement".to_owned(),
            _ => {
                let (family, verb) = self.as_str().split_once('.').unwrap_or((self.as_str(), ""));
                let family =
                    if family == "matview" { "materialized view".to_owned() } else { family.replace('-', " ") };
                match family.as_str() {
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
        !matches!(
            self.family(),
            "data" | "transaction" | "session" | "code" | "other" | "opaque" | "privilege" | "system"
        ) && !matches!(
            self,
            Self::TableTruncate
                | Self::TableLock
                | Self::TableVacuum
                | Self::TableAnalyze
                | Self::MatviewRefresh
                | Self::IndexReindex
        )
    }
}

//! What classes of libraries add to the models that are derived from them.

/// Base classes of libraries that add no column and name no table.
const PLAIN: &[&str] = &[
    "ABC",
    "AsyncAttrs",
    "DeclarativeBase",
    "DeclarativeBaseNoMeta",
    "Generic",
    "MappedAsDataclass",
    "Protocol",
    "SQLModel",
    "flask_appbuilder.Model",
    "flask_appbuilder.models.sqla.Model",
    "object",
    "oslo_db.sqlalchemy.models.ModelBase",
];

/// Classes that are mixed into models, by the package that has them, with their columns. What else they add in another
/// version is not known, so they tell what is there and never what is not.
/// The packages are told by how their names begin.
/// Sources: oslo.db `sqlalchemy/models.py`; neutron-lib `db/model_base.py`; Authlib `integrations/sqla_oauth2`.
const MIXINS: &[(&str, &str, &[&str])] = &[
    ("oslo_db", "TimestampMixin", &["created_at", "updated_at"]),
    ("oslo_db", "SoftDeleteMixin", &["deleted_at", "deleted"]),
    ("neutron_lib", "HasId", &["id"]),
    ("neutron_lib", "HasProject", &["project_id"]),
    ("neutron_lib", "HasProjectNoIndex", &["project_id"]),
    ("neutron_lib", "HasProjectPrimaryKey", &["project_id"]),
    ("neutron_lib", "HasProjectPrimaryUniqueKey", &["project_id"]),
    ("neutron_lib", "HasStatusDescription", &["status", "status_description"]),
    (
        "authlib",
        "OAuth2ClientMixin",
        &["client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at", "client_metadata"],
    ),
    ("authlib", "OAuth2AuthorizationCodeMixin", &["code", "client_id", "redirect_uri", "response_type", "scope"]),
    ("authlib", "OAuth2TokenMixin", &["client_id", "token_type", "access_token", "refresh_token", "scope"]),
    ("fastapi_users", "SQLAlchemyBaseUserTable", USER),
    ("fastapi_users", "SQLAlchemyBaseUserTableUUID", USER),
    ("fastapi_users", "SQLAlchemyBaseOAuthAccountTable", ACCOUNT),
    ("fastapi_users", "SQLAlchemyBaseOAuthAccountTableUUID", ACCOUNT),
    ("fastapi_users", "SQLAlchemyBaseAccessTokenTable", &["token", "created_at"]),
    ("fastapi_users", "SQLAlchemyBaseAccessTokenTableUUID", &["token", "created_at", "user_id"]),
];

/// Source: fastapi-users-db-sqlalchemy.
const USER: &[&str] = &["email", "hashed_password", "is_active", "is_superuser", "is_verified"];
const ACCOUNT: &[&str] = &["oauth_name", "access_token", "expires_at", "refresh_token", "account_id", "account_email"];

/// Classes that name the table of those that are derived from them, by how their names begin. Source: as above.
const TABLES: &[(&str, &str)] = &[
    ("SQLAlchemyBaseUserTable", "user"),
    ("SQLAlchemyBaseOAuthAccountTable", "oauth_account"),
    ("SQLAlchemyBaseAccessTokenTable", "accesstoken"),
];

/// Whether a class is one of those that every mapper has models derived from.
pub(super) fn is_plain(path: &str) -> bool {
    PLAIN.contains(&path)
}

/// Whether a class of a library adds no column, and no name of a table.
pub(super) fn adds_nothing(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    PLAIN.contains(&path) || PLAIN.contains(&last) || is_flask_model(path)
}

/// The columns that a class of a library is known to add.
pub(super) fn known_columns(path: &str) -> Option<&'static [&'static str]> {
    let class = path.rsplit('.').next()?;
    // `Mixin[UUID]` is told by its name alone.
    let mut found = MIXINS.iter().filter(|(of, name, _)| *name == class && (path == class || path.starts_with(of)));
    found.next().map(|(.., columns)| *columns)
}

/// The table that a class of a library names for the one that is derived from it.
pub(super) fn known_table(path: &str) -> Option<&'static str> {
    let class = path.rsplit('.').next()?;
    TABLES.iter().find(|(begin, _)| class.starts_with(begin)).map(|(_, table)| *table)
}

/// Whether it is the `Model` of Flask-SQLAlchemy.
pub(super) fn is_flask_model(path: &str) -> bool {
    path == "?.Model" || path.ends_with("flask_sqlalchemy.db.Model")
}

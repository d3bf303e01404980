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
    let (package, class) = (path.split('.').next()?, path.rsplit('.').next()?);
    MIXINS.iter().find(|(of, name, _)| *of == package && *name == class).map(|(.., columns)| *columns)
}

/// Whether it is the `Model` of Flask-SQLAlchemy.
pub(super) fn is_flask_model(path: &str) -> bool {
    path == "?.Model" || path.ends_with("flask_sqlalchemy.db.Model")
}

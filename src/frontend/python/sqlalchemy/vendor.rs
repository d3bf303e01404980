//! Types of other libraries: each stands for one of SQLAlchemy's own, which it hands to the server.
//!
//! Source: the `impl` and `load_dialect_impl` of the types of SQLAlchemy-Utils, oslo.db, FastAPI Users, and the DDL that
//! pgvector-python and GeoAlchemy 2 write.

use super::super::value::Value;
use super::Writer;
use super::types::{self, Type};
use crate::config::Dialect;

/// Writes a type of another library; whether it is one.
pub(super) fn write(w: &mut Writer, of: &Type<'_>) -> bool {
    let postgres = w.dialect == Dialect::Postgres;
    let class = of.class.as_str();
    match class {
        "ChoiceType" => match of.args.get(1, &["impl"]).filter(|inner| !matches!(inner, Value::None)) {
            Some(inner) => types::write(w, inner),
            None => w.word("VARCHAR(255)"),
        },
        "IPAddressType" | "TimezoneType" | "EmailType" | "LocaleType" | "ColorType" | "PhoneNumberType"
        | "CountryType" | "CurrencyType" => text(w, of),
        "URLType" | "ScalarListType" => w.word("TEXT"),
        "JSONType" => w.word(if postgres { "JSON" } else { "TEXT" }),
        "StringEncryptedType" => {
            w.word("VARCHAR");
            types::arguments(w, of, &[]);
        }
        "EncryptedType" | "PasswordType" => w.word(if postgres { "BYTEA" } else { "BLOB" }),
        "ArrowType" => w.word(if postgres { "TIMESTAMP WITHOUT TIME ZONE" } else { "DATETIME" }),
        "TIMESTAMPAware" => w.word(if postgres { "TIMESTAMP WITH TIME ZONE" } else { "DATETIME" }),
        "UUIDType" if postgres => w.word("UUID"),
        "UUIDType" if of.args.get(0, &["binary"]).and_then(Value::truth) == Some(false) => w.word("CHAR(32)"),
        "UUIDType" => w.word("BINARY(16)"),
        "GUID" => w.word(if postgres { "UUID" } else { "CHAR(36)" }),
        "IntRangeType" | "Int8RangeType" | "DateRangeType" | "NumericRangeType" | "DateTimeRangeType" => {
            w.word(match (postgres, class) {
                (false, _) => "VARCHAR(255)",
                (_, "IntRangeType") => "INT4RANGE",
                (_, "Int8RangeType") => "INT8RANGE",
                (_, "DateRangeType") => "DATERANGE",
                (_, "NumericRangeType") => "NUMRANGE",
                _ => "TSRANGE",
            });
        }
        "TSVectorType" => w.word("TSVECTOR"),
        "Ltree" | "LtreeType" => w.word("LTREE"),
        "SoftDeleteInteger" => w.word("INTEGER"),
        "JsonEncodedType" | "JsonEncodedDict" | "JsonEncodedList" => {
            let mysql = |option: &str| w.dialect == Dialect::Mysql && of.args.flag(option);
            let (long, medium) = (mysql("mysql_as_long"), mysql("mysql_as_medium"));
            w.word(if long {
                "LONGTEXT"
            } else if medium {
                "MEDIUMTEXT"
            } else {
                "TEXT"
            });
        }
        "Vector" | "VECTOR" | "HALFVEC" | "HalfVector" => {
            w.word(if class.to_uppercase().starts_with("HALF") { "HALFVEC" } else { "VECTOR" });
            types::arguments(w, of, &["dim"]);
        }
        "Geometry" | "Geography" => {
            w.word(if class == "Geometry" { "geometry(" } else { "geography(" });
            match of.args.get(0, &["geometry_type"]) {
                Some(shape) => w.phrase(shape),
                None => w.word("GEOMETRY"),
            }
            w.word(",");
            match of.args.get(1, &["srid"]) {
                Some(srid) => w.phrase(srid),
                None => w.word("-1"),
            }
            w.word(")");
        }
        _ => return false,
    }
    true
}

/// A text of the length that its class has where none is given.
fn text(w: &mut Writer, of: &Type<'_>) {
    let (at, option, length) = match of.class.as_str() {
        "EmailType" => (0, "length", "255"),
        "IPAddressType" => (0, "max_length", "50"),
        "ColorType" => (0, "max_length", "20"),
        "PhoneNumberType" => (1, "max_length", "20"),
        "TimezoneType" => (usize::MAX, "", "50"),
        "LocaleType" => (usize::MAX, "", "10"),
        "CurrencyType" => (usize::MAX, "", "3"),
        _ => (usize::MAX, "", "2"),
    };
    w.word("VARCHAR(");
    match of.args.get(at, &[option]) {
        Some(given) => w.phrase(given),
        None => w.word(length),
    }
    w.word(")");
}

//! Fields: what their class is, and the columns they make.

use super::value::{Call, Py, last};
use crate::config::Dialect;

/// A field of a model.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// The call that makes it.
    pub(super) call: Call,
    /// What Django calls its internal type; empty where the class is not known.
    pub(super) kind: &'static str,
}

/// Classes whose columns are of another class's type: field class, internal type, `max_length` where none is given.
const CLASSES: &[(&str, &str, i64)] = &[
    ("AutoField", "AutoField", 0),
    ("BigAutoField", "BigAutoField", 0),
    ("SmallAutoField", "SmallAutoField", 0),
    ("BinaryField", "BinaryField", 0),
    ("NullBooleanField", "NullBooleanField", 0),
    ("BooleanField", "BooleanField", 0),
    ("EmailField", "CharField", 254),
    ("URLField", "CharField", 200),
    ("CommaSeparatedIntegerField", "CharField", 0),
    ("CICharField", "CITextField", 0),
    ("CIEmailField", "CITextField", 0),
    ("CITextField", "CITextField", 0),
    ("CharField", "CharField", 0),
    ("DateTimeRangeField", "DateTimeRangeField", 0),
    ("DateRangeField", "DateRangeField", 0),
    ("BigIntegerRangeField", "BigIntegerRangeField", 0),
    ("IntegerRangeField", "IntegerRangeField", 0),
    ("DecimalRangeField", "DecimalRangeField", 0),
    ("FloatRangeField", "DecimalRangeField", 0),
    ("DateTimeField", "DateTimeField", 0),
    ("DateField", "DateField", 0),
    ("DecimalField", "DecimalField", 0),
    ("DurationField", "DurationField", 0),
    ("FilePathField", "FilePathField", 100),
    ("ImageField", "FileField", 100),
    ("FileField", "FileField", 100),
    ("FloatField", "FloatField", 0),
    ("PositiveBigIntegerField", "PositiveBigIntegerField", 0),
    ("PositiveSmallIntegerField", "PositiveSmallIntegerField", 0),
    ("PositiveIntegerField", "PositiveIntegerField", 0),
    ("SmallIntegerField", "SmallIntegerField", 0),
    ("BigIntegerField", "BigIntegerField", 0),
    ("OrderWrt", "IntegerField", 0),
    ("IntegerField", "IntegerField", 0),
    ("GenericIPAddressField", "GenericIPAddressField", 0),
    ("IPAddressField", "IPAddressField", 0),
    ("JSONField", "JSONField", 0),
    ("SlugField", "SlugField", 50),
    ("TextField", "TextField", 0),
    ("TimeField", "TimeField", 0),
    ("UUIDField", "UUIDField", 0),
    ("HStoreField", "HStoreField", 0),
    ("SearchVectorField", "SearchVectorField", 0),
    ("ArrayField", "ArrayField", 0),
    ("GeneratedField", "GeneratedField", 0),
    ("GenericForeignKey", "Virtual", 0),
    ("GenericRelation", "Virtual", 0),
    ("CompositePrimaryKey", "Virtual", 0),
    ("OneToOneField", "OneToOneField", 0),
    ("ForeignKey", "ForeignKey", 0),
    ("ManyToManyField", "ManyToManyField", 0),
    ("PointField", "Geometry", 0),
    ("LineStringField", "Geometry", 0),
    ("PolygonField", "Geometry", 0),
    ("MultiPointField", "Geometry", 0),
    ("MultiLineStringField", "Geometry", 0),
    ("MultiPolygonField", "Geometry", 0),
    ("GeometryCollectionField", "Geometry", 0),
    ("GeometryField", "Geometry", 0),
    ("RasterField", "Raster", 0),
];

/// Fields of packages that projects use, which are not named for what they are: class, internal type, `max_length`.
const FOREIGN: &[(&str, &str, i64)] = &[
    ("TaggableManager", "Virtual", 0),
    ("ClusterTaggableManager", "Virtual", 0),
    ("GM2MField", "Virtual", 0),
    ("CountryField", "CharField", 2),
    ("LanguageField", "CharField", 3),
    ("PhoneNumberField", "CharField", 128),
    ("TimeZoneField", "CharField", 63),
    ("ColorField", "CharField", 25),
    ("FSMField", "CharField", 50),
    ("ShortUUIDField", "CharField", 22),
    ("ParentalKey", "ForeignKey", 0),
    ("ParentalManyToManyField", "ManyToManyField", 0),
    ("SortedManyToManyField", "ManyToManyField", 0),
    ("RichTextField", "TextField", 0),
    ("StreamField", "JSONField", 0),
    ("PickledObjectField", "TextField", 0),
    ("TreeOneToOneField", "OneToOneField", 0),
    ("ThumbnailerImageField", "FileField", 100),
    ("StdImageField", "FileField", 100),
    ("ProcessedImageField", "FileField", 100),
    ("CreationDateTimeField", "DateTimeField", 0),
    ("ModificationDateTimeField", "DateTimeField", 0),
    ("AutoCreatedField", "DateTimeField", 0),
    ("AutoLastModifiedField", "DateTimeField", 0),
    ("StatusField", "CharField", 100),
    ("MonitorField", "DateTimeField", 0),
    ("MoneyField", "DecimalField", 0),
    ("CurrencyField", "CharField", 3),
    ("CourseKeyField", "CharField", 255),
    ("UsageKeyField", "CharField", 255),
    ("LearningContextKeyField", "CharField", 255),
    ("VarbinaryIPField", "BinaryField", 0),
];

/// Attributes that no column shows (`Field.non_db_attrs`).
pub(super) const NOT_IN_DATABASE: &[&str] = &[
    "blank",
    "choices",
    "db_column",
    "editable",
    "error_messages",
    "help_text",
    "limit_choices_to",
    "on_delete",
    "related_name",
    "related_query_name",
    "validators",
    "verbose_name",
];

impl Field {
    pub(super) fn new(name: &str, call: Call) -> Self {
        let (kind, length) = classify(&call);
        let mut call = call;
        let sized = matches!(kind, "CharField" | "SlugField" | "FileField" | "FilePathField");
        if sized && length > 0 && call.get("max_length").is_none() {
            call.kwargs.push(("max_length".to_owned(), Py::Int(length)));
        }
        Self { name: name.to_owned(), call, kind }
    }

    pub(super) fn is_relation(&self) -> bool {
        matches!(self.kind, "ForeignKey" | "OneToOneField")
    }

    pub(super) fn is_many_to_many(&self) -> bool {
        self.kind == "ManyToManyField"
    }

    pub(super) fn is_auto(&self) -> bool {
        matches!(self.kind, "AutoField" | "BigAutoField" | "SmallAutoField")
    }

    /// The column's name.
    pub(super) fn column(&self) -> String {
        match self.call.text("db_column") {
            Some(column) => column.to_owned(),
            None if self.is_relation() => format!("{}_id", self.name),
            None => self.name.clone(),
        }
    }

    pub(super) fn primary_key(&self) -> bool {
        self.call.flag("primary_key") == Some(true)
    }

    /// UNIQUE, as a primary key and a one-to-one relation are too.
    pub(super) fn unique(&self) -> bool {
        self.call.flag("unique") == Some(true) || self.primary_key() || self.kind == "OneToOneField"
    }

    pub(super) fn null(&self) -> bool {
        self.call.flag("null") == Some(true) || self.kind == "NullBooleanField"
    }

    pub(super) fn db_index(&self) -> bool {
        self.call.flag("db_index").unwrap_or(self.is_relation() || self.kind == "SlugField")
            // A spatial index is one of its own sort.
            && self.kind != "Geometry"
    }

    pub(super) fn db_constraint(&self) -> bool {
        self.call.flag("db_constraint").unwrap_or(true)
    }

    pub(super) fn db_default(&self) -> Option<&Py> {
        self.call.get("db_default").filter(|value| !is_not_provided(value))
    }

    pub(super) fn has_default(&self) -> bool {
        self.call.get("default").is_some_and(|value| !is_not_provided(value))
    }

    /// Its `through`, where one is named.
    pub(super) fn through(&self) -> Option<&Py> {
        self.call.get("through").filter(|value| !matches!(value, Py::None))
    }

    /// What a field that names another model names: a string or a name of the settings.
    pub(super) fn to(&self) -> Option<&Py> {
        self.call.argument(0, "to")
    }

    pub(super) fn generated(&self) -> bool {
        self.kind == "GeneratedField"
    }

    /// Whether empty text can be its value (`empty_strings_allowed`).
    fn takes_empty(&self) -> bool {
        matches!(
            self.kind,
            "CharField"
                | "TextField"
                | "SlugField"
                | "FileField"
                | "FilePathField"
                | "BinaryField"
                | "CITextField"
                | ""
        )
    }

    /// The value that existing rows get (`effective_default`); `None` where there is none.
    pub(super) fn effective_default(&self) -> Option<Py> {
        if self.has_default() {
            let value = self.call.get("default").cloned()?;
            let value = if let Py::Name(name, given) = value { called(&name, *given) } else { value };
            return (!matches!(value, Py::None)).then_some(value);
        }
        if !self.null() && self.call.flag("blank") == Some(true) && self.takes_empty() {
            return Some(Py::Text(String::new()));
        }
        let now = self.call.flag("auto_now") == Some(true) || self.call.flag("auto_now_add") == Some(true);
        now.then(|| Py::Name("now".to_owned(), Box::new(Py::None)))
    }

    /// Whether a change to `new` is one that the database sees.
    pub(super) fn differs(&self, new: &Self, same_target: bool) -> bool {
        let seen = |call: &Call| {
            let mut call = call.clone();
            let names: [&str; 4] = ["to", "verbose_name", "from_fields", "to_fields"];
            for (at, value) in std::mem::take(&mut call.args).into_iter().enumerate() {
                // Of a relation the first argument is `to`, of a plain field it is `verbose_name`.
                let relation = self.is_relation() || self.is_many_to_many();
                let name = if relation { names.get(at) } else { names.get(1).filter(|_| value.as_str().is_some()) };
                match name {
                    Some(name) => call.set(name, value),
                    None => call.args.push(value),
                }
            }
            call.kwargs.retain(|(name, value)| {
                let default = match name.as_str() {
                    "null" | "unique" | "primary_key" | "db_persist" => *value == Py::Bool(false),
                    "db_index" => *value == Py::Bool(self.is_relation() || self.kind == "SlugField"),
                    "db_constraint" => *value == Py::Bool(true),
                    "default" | "db_default" => is_not_provided(value),
                    _ => false,
                };
                !(default
                    || NOT_IN_DATABASE.contains(&name.as_str())
                    || (same_target && matches!(name.as_str(), "to" | "to_field")))
            });
            call
        };
        self.column() != new.column() || seen(&self.call) != seen(&new.call)
    }

    /// The type of its column without relations; `None` where it has none.
    #[expect(clippy::match_same_arms, reason = "one row for each, as a table")]
    pub(super) fn own_type(&self, dialect: Dialect) -> Option<String> {
        if let Some(text) = &self.call.db_type {
            return Some(text.clone());
        }
        let postgres = dialect != Dialect::Sqlite;
        let length = || self.call.get("max_length").map(number);
        let pick = |pg: &str, lite: &str| Some(if postgres { pg } else { lite }.to_owned());
        match self.kind {
            "AutoField" => pick("integer", "integer"),
            "BigAutoField" => pick("bigint", "integer"),
            "SmallAutoField" => pick("smallint", "integer"),
            "BinaryField" => pick("bytea", "BLOB"),
            "BooleanField" | "NullBooleanField" => pick("boolean", "bool"),
            "CharField" | "SlugField" | "FileField" | "FilePathField" => match length() {
                Some(length) if length != "None" => Some(format!("varchar({length})")),
                _ => pick("varchar", "varchar"),
            },
            "DateField" => pick("date", "date"),
            "DateTimeField" => pick("timestamp with time zone", "datetime"),
            "DecimalField" if postgres => {
                let part = |name: &str| self.call.get(name).map(number);
                match (part("max_digits"), part("decimal_places")) {
                    (Some(digits), Some(places)) if digits != "None" => Some(format!("numeric({digits}, {places})")),
                    _ => Some("numeric".to_owned()),
                }
            }
            "DecimalField" => pick("numeric", "decimal"),
            "DurationField" => pick("interval", "bigint"),
            "FloatField" => pick("double precision", "real"),
            "IntegerField" => pick("integer", "integer"),
            "BigIntegerField" => pick("bigint", "bigint"),
            "SmallIntegerField" => pick("smallint", "smallint"),
            "PositiveBigIntegerField" => pick("bigint", "bigint unsigned"),
            "PositiveIntegerField" => pick("integer", "integer unsigned"),
            "PositiveSmallIntegerField" => pick("smallint", "smallint unsigned"),
            "IPAddressField" => pick("inet", "char(15)"),
            "GenericIPAddressField" => pick("inet", "char(39)"),
            "JSONField" => pick("jsonb", "text"),
            "TextField" => pick("text", "text"),
            "TimeField" => pick("time", "time"),
            "UUIDField" => pick("uuid", "char(32)"),
            "CITextField" => pick("citext", "text"),
            "HStoreField" => pick("hstore", "hstore"),
            "SearchVectorField" => pick("tsvector", "tsvector"),
            "IntegerRangeField" => pick("int4range", "int4range"),
            "BigIntegerRangeField" => pick("int8range", "int8range"),
            "DecimalRangeField" => pick("numrange", "numrange"),
            "DateTimeRangeField" => pick("tstzrange", "tstzrange"),
            "DateRangeField" => pick("daterange", "daterange"),
            "ArrayField" => {
                let base = Self::new("", self.call.argument(0, "base_field")?.call()?.clone());
                let size = self.call.argument(1, "size").map(number).filter(|size| size != "None");
                Some(format!("{}[{}]", base.own_type(dialect)?, size.unwrap_or_default()))
            }
            "GeneratedField" => Self::new("", self.call.get("output_field")?.call()?.clone()).own_type(dialect),
            "Geometry" => {
                let class = last(&self.call.path).trim_end_matches("Field").to_uppercase();
                let srid = self.call.get("srid").map_or_else(|| "4326".to_owned(), number);
                let geography = self.call.flag("geography") == Some(true);
                let word = if geography { "geography" } else { "geometry" };
                Some(format!("{word}({class},{srid})"))
            }
            "Raster" => pick("raster", "raster"),
            "ManyToManyField" | "Virtual" => None,
            _ => Some(unknown_type(&self.call)),
        }
    }

    /// The text of a CHECK on its column.
    pub(super) fn check(&self, column: &str, dialect: Dialect) -> Option<String> {
        match self.kind {
            "PositiveBigIntegerField" | "PositiveIntegerField" | "PositiveSmallIntegerField" => {
                Some(format!("\"{column}\" >= 0"))
            }
            "JSONField" if dialect == Dialect::Sqlite => {
                Some(format!("(JSON_VALID(\"{column}\") OR \"{column}\" IS NULL)"))
            }
            _ => None,
        }
    }
}

/// What stands in SQL for something that is not known; see [`super::sql::Script`].
pub(super) fn hole(text: &str) -> String {
    format!("{}{}{}", super::sql::OPEN, text, super::sql::CLOSE)
}

fn unknown_type(call: &Call) -> String {
    hole(&format!("{{type of {}}}", call.name()))
}

/// What a class is, from its name or from those it is derived from.
fn classify(call: &Call) -> (&'static str, i64) {
    let paths = || std::iter::once(&call.path).chain(&call.bases).map(|path| last(path));
    let find = |table: &'static [(&'static str, &'static str, i64)]| {
        paths()
            .find_map(|name| table.iter().find(|(class, ..)| *class == name))
            .map(|(_, kind, length)| (*kind, *length))
    };
    let ends = || {
        // `I18nTextField`, `TreeForeignKey`, `AutoSlugField`: named for what it is, the longest name first.
        let names = paths().filter_map(|name| {
            CLASSES.iter().filter(|(class, ..)| name.ends_with(class)).max_by_key(|(class, ..)| class.len())
        });
        names.map(|(_, kind, length)| (*kind, *length)).next()
    };
    find(CLASSES).or_else(|| find(FOREIGN)).or_else(ends).unwrap_or(("", 0))
}

/// `NOT_PROVIDED` written out.
fn is_not_provided(value: &Py) -> bool {
    match value {
        Py::Name(name, _) => last(name) == "NOT_PROVIDED",
        Py::Call(call) => call.name() == "NOT_PROVIDED",
        _ => false,
    }
}

/// What calling a default gives.
fn called(name: &str, given: Py) -> Py {
    match last(name) {
        "dict" | "OrderedDict" => Py::Dict(Vec::new()),
        "list" | "set" | "tuple" => Py::List(Vec::new()),
        "str" => Py::Text(String::new()),
        "bool" => Py::Bool(false),
        "int" => Py::Int(0),
        _ if !matches!(given, Py::Unknown(_)) => given,
        _ => Py::Name(name.to_owned(), Box::new(Py::None)),
    }
}

/// A number, or what is no number, as written into a type.
fn number(value: &Py) -> String {
    match value {
        Py::Int(int) => int.to_string(),
        Py::Number(text) => text.clone(),
        Py::None => "None".to_owned(),
        Py::Unknown(unknown) => hole(&unknown.text),
        _ => hole("{length}"),
    }
}

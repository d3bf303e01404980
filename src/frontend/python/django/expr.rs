//! Expressions of Django in SQL: conditions (`Q`), functions, defaults.

use super::field::{Field, hole};
use super::names::quoted;
use super::state::{Model, State};
use super::value::Py;
use crate::config::Dialect;

/// Expressions within one another.
const MAX_DEPTH: u32 = 60;

/// Turns expressions on a model into SQL.
#[derive(Clone, Copy)]
pub(super) struct Compiler<'a> {
    pub(super) state: &'a State,
    pub(super) model: &'a Model,
}

/// A condition on the way to its text.
enum Node {
    Leaf(String),
    Group { and: bool, negated: bool, children: Vec<Node> },
}

impl Compiler<'_> {
    /// The field of a name, also `pk` and `author_id`; of a parent where the model inherits it.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        if name == "pk" {
            return self.model.pk();
        }
        let named = |field: &&Field| field.name == name || field.column() == name;
        self.model.fields.iter().find(named).or_else(|| {
            let parents = self.model.bases.iter().filter_map(|base| self.state.models.get(base));
            parents.flat_map(|parent| &parent.fields).find(named)
        })
    }

    /// The column of a field's name.
    pub(super) fn column(&self, name: &str) -> String {
        self.field(name).map_or_else(|| name.to_owned(), Field::column)
    }

    /// `metadata__owner`, which is a key in a field of JSON. Source: `KeyTransform.as_postgresql` in
    /// django/db/models/fields/json.py.
    fn key_of_json(&self, name: &str) -> Option<String> {
        let (first, keys) = name.split_once("__").filter(|_| self.field(name).is_none())?;
        let field = self.field(first).filter(|field| field.kind == "JSONField")?;
        let column = quoted(&field.column());
        let keys: Vec<String> = keys.split("__").map(|key| key.replace('\'', "''")).collect();
        Some(match keys.as_slice() {
            [key] => format!("({column} -> '{key}')"),
            keys => format!("({column} #> '{{{}}}')", keys.join(",")),
        })
    }

    /// A condition.
    pub(super) fn condition(&self, q: &Py) -> String {
        match self.node(q, false, 0) {
            Some(node) => render(&node, 0),
            None => hole(&shown(q)),
        }
    }

    fn node(&self, q: &Py, negated: bool, depth: u32) -> Option<Node> {
        let call = q.call().filter(|_| depth < MAX_DEPTH)?;
        match call.path.as_str() {
            "&" | "|" => {
                let and = call.path == "&";
                let mut children = Vec::new();
                for side in &call.args {
                    add(&mut children, self.node(side, negated, depth + 1)?, and);
                }
                Some(Node::Group { and, negated: false, children })
            }
            "~" => {
                let inner = self.node(call.args.first()?, !negated, depth + 1)?;
                Some(Node::Group { and: true, negated: true, children: vec![inner] })
            }
            _ if call.name() == "Q" => {
                let and = call.text("_connector") != Some("OR");
                let negation = call.flag("_negated") == Some(true);
                let negated = negated != negation;
                let mut children = Vec::new();
                for argument in &call.args {
                    let child = match argument {
                        Py::List(pair) => match &pair[..] {
                            [Py::Text(path), value] => self.lookup(path, value, negated, depth)?,
                            _ => return None,
                        },
                        other => self.node(other, negated, depth + 1)?,
                    };
                    add(&mut children, child, and);
                }
                let mut named: Vec<_> = call.kwargs.iter().filter(|(name, _)| !name.starts_with('_')).collect();
                named.sort_by(|a, b| a.0.cmp(&b.0));
                for (path, value) in named {
                    add(&mut children, self.lookup(path, value, negated, depth)?, and);
                }
                Some(Node::Group { and, negated: negation, children })
            }
            _ => Some(Node::Leaf(self.expression(q, depth + 1)?)),
        }
    }

    fn lookup(&self, path: &str, value: &Py, negated: bool, depth: u32) -> Option<Node> {
        let (name, lookup) = match path.rsplit_once("__") {
            Some((name, lookup)) => (name, lookup),
            None => (path, "exact"),
        };
        let field = self.field(name)?;
        let column = quoted(&field.column());
        let relation = field.is_relation();
        let side = |value: &Py| self.value(value, depth + 1);
        let null = matches!(value, Py::None);
        let sql = match lookup {
            "exact" if null => format!("{column} IS NULL"),
            "exact" => match (value, field.kind) {
                (Py::Bool(true), "BooleanField") => column.clone(),
                (Py::Bool(false), "BooleanField") => format!("NOT {column}"),
                _ => format!("{column} = {}", side(value)?),
            },
            "isnull" => match value {
                Py::Bool(true) => format!("{column} IS NULL"),
                _ => format!("{column} IS NOT NULL"),
            },
            "gt" => format!("{column} > {}", side(value)?),
            "gte" => format!("{column} >= {}", side(value)?),
            "lt" => format!("{column} < {}", side(value)?),
            "lte" => format!("{column} <= {}", side(value)?),
            "in" => {
                let items: Option<Vec<_>> = value.items().into_iter().map(side).collect();
                format!("{column} IN ({})", items?.join(", "))
            }
            "range" => match value.items()[..] {
                [from, to] => format!("{column} BETWEEN {} AND {}", side(from)?, side(to)?),
                _ => return None,
            },
            "startswith" | "contains" | "endswith" if !relation => {
                let text = value.as_str()?.replace('\'', "''").replace('%', "\\%").replace('_', "\\_");
                let (before, after) =
                    (if lookup == "startswith" { "" } else { "%" }, if lookup == "endswith" { "" } else { "%" });
                format!("{column}::text LIKE '{before}{text}{after}'")
            }
            "regex" => format!("{column}::text ~ {}", side(value)?),
            _ => return None,
        };
        let leaf = Node::Leaf(sql);
        // What is excluded where the column can be NULL excludes the NULLs from the comparison.
        if negated && field.null() && !matches!(lookup, "isnull") && !null {
            let known = Node::Leaf(format!("{column} IS NOT NULL"));
            return Some(Node::Group { and: true, negated: false, children: vec![leaf, known] });
        }
        Some(leaf)
    }

    /// A value or expression on the right of a comparison.
    fn value(&self, value: &Py, depth: u32) -> Option<String> {
        match value {
            Py::Call(_) => self.expression(value, depth),
            other => literal(other, self.state.dialect),
        }
    }

    /// An expression; a string names a field.
    pub(super) fn expression(&self, value: &Py, depth: u32) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let call = match value {
            Py::Text(name) => return Some(quoted(&self.column(name))),
            Py::Call(call) => call,
            other => return literal(other, self.state.dialect),
        };
        let next = |value: &Py| self.expression(value, depth + 1);
        let arguments = || call.args.iter().map(next).collect::<Option<Vec<_>>>().map(|all| all.join(", "));
        match call.path.as_str() {
            "+" | "-" | "*" | "/" | "%" => {
                let [left, right] = &call.args[..] else { return None };
                return Some(format!("({} {} {})", next(left)?, call.path, next(right)?));
            }
            ".desc" => return Some(format!("{} DESC{}", next(call.args.first()?)?, nulls(call))),
            ".asc" => return Some(format!("{} ASC{}", next(call.args.first()?)?, nulls(call))),
            _ => {}
        }
        match call.name() {
            "F" => {
                let name = call.argument(0, "name")?.as_str()?;
                Some(self.key_of_json(name).unwrap_or_else(|| quoted(&self.column(name))))
            }
            "Value" => literal(call.argument(0, "value")?, self.state.dialect),
            "Q" => Some(render(&self.node(value, false, depth + 1)?, 0)),
            "OpClass" => {
                Some(format!("{} {}", next(call.argument(0, "expression")?)?, call.argument(1, "name")?.as_str()?))
            }
            "OrderBy" => {
                let order = if call.flag("descending") == Some(true) { "DESC" } else { "ASC" };
                Some(format!("{} {order}{}", next(call.argument(0, "expression")?)?, nulls(call)))
            }
            "Now" if self.state.dialect == Dialect::Sqlite => Some("STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')".to_owned()),
            "Now" => Some("STATEMENT_TIMESTAMP()".to_owned()),
            "RandomUUID" => Some("GEN_RANDOM_UUID()".to_owned()),
            "TransactionNow" => Some("CURRENT_TIMESTAMP".to_owned()),
            "Pi" | "Random" | "Lower" | "Upper" | "Length" | "Abs" | "Coalesce" | "Trim" | "LTrim" | "RTrim"
            | "Greatest" | "Least" | "Ceil" | "Floor" | "MD5" | "Reverse" => {
                let name = match call.name() {
                    "Ceil" => "CEILING".to_owned(),
                    "Trim" => "BTRIM".to_owned(),
                    name => name.to_uppercase(),
                };
                Some(format!("{name}({})", arguments()?))
            }
            "Concat" => Some(call.args.iter().map(next).collect::<Option<Vec<_>>>()?.join(" || ")),
            "Cast" => {
                let kind =
                    Field::new("", call.argument(1, "output_field")?.call()?.clone()).own_type(self.state.dialect)?;
                Some(format!("({})::{kind}", next(call.args.first()?)?))
            }
            "Collate" => Some(format!(
                "{} COLLATE {}",
                next(call.args.first()?)?,
                quoted(call.argument(1, "collation")?.as_str()?)
            )),
            "Func" => Some(format!("{}({})", call.text("function")?, arguments()?)),
            "RawSQL" => Some(format!("({})", call.args.first()?.as_str()?)),
            _ => None,
        }
    }

    /// The keys of an index on expressions: what is no plain column stands in parentheses.
    pub(super) fn index_keys(&self, expressions: &[Py]) -> String {
        let key = |value: &Py| {
            let (inner, tail) = match value {
                Py::Call(call) if call.path == ".desc" => (call.args.first(), format!(" DESC{}", nulls(call))),
                Py::Call(call) if call.path == ".asc" => (call.args.first(), format!(" ASC{}", nulls(call))),
                Py::Call(call) if call.name() == "OrderBy" => {
                    let order = if call.flag("descending") == Some(true) { " DESC" } else { " ASC" };
                    (call.argument(0, "expression"), format!("{order}{}", nulls(call)))
                }
                Py::Call(call) if call.name() == "OpClass" => {
                    let class = call.argument(1, "name").and_then(Py::as_str).unwrap_or_default();
                    (call.argument(0, "expression"), format!(" {class}"))
                }
                other => (Some(other), String::new()),
            };
            let plain = inner.is_some_and(|inner| match inner {
                Py::Text(_) => true,
                Py::Call(call) => {
                    let name = call.argument(0, "name").and_then(Py::as_str).unwrap_or_default();
                    call.name() == "F" && self.key_of_json(name).is_none()
                }
                _ => false,
            });
            let sql = inner.and_then(|inner| self.expression(inner, 0)).unwrap_or_else(|| hole("{expression}"));
            if plain { format!("{sql}{tail}") } else { format!("({sql}){tail}") }
        };
        expressions.iter().map(key).collect::<Vec<_>>().join(", ")
    }
}

/// Where NULLs come in an order.
fn nulls(order: &super::value::Call) -> &'static str {
    match (order.flag("nulls_first"), order.flag("nulls_last")) {
        (Some(true), _) => " NULLS FIRST",
        (_, Some(true)) => " NULLS LAST",
        _ => "",
    }
}

/// Adds a child; a group of the same sort, or of one, is dissolved.
fn add(children: &mut Vec<Node>, child: Node, and: bool) {
    match child {
        Node::Group { and: same, negated: false, children: inner } if same == and || inner.len() == 1 => {
            children.extend(inner);
        }
        other => children.push(other),
    }
}

fn render(node: &Node, depth: u32) -> String {
    match node {
        Node::Leaf(sql) => sql.clone(),
        Node::Group { and, negated, children } => {
            if depth > MAX_DEPTH {
                return hole("{condition}");
            }
            let word = if *and { " AND " } else { " OR " };
            let mut parts = Vec::new();
            for child in children {
                match child {
                    // `NOT (a)` needs no second pair.
                    Node::Group { negated: false, and: same, children: inner }
                        if *negated && children.len() == 1 && (*same == *and || inner.len() == 1) =>
                    {
                        parts.extend(inner.iter().map(|inner| render(inner, depth + 1)));
                    }
                    Node::Group { negated: false, children: inner, and } if *negated && children.len() == 1 => {
                        let word = if *and { " AND " } else { " OR " };
                        parts.push(inner.iter().map(|inner| render(inner, depth + 1)).collect::<Vec<_>>().join(word));
                    }
                    other => parts.push(render(other, depth + 1)),
                }
            }
            let sql = parts.join(word);
            match (negated, parts.len()) {
                (true, _) => format!("NOT ({sql})"),
                (false, 0 | 1) => sql,
                _ => format!("({sql})"),
            }
        }
    }
}

/// A value as a literal; `None` where it is no plain value.
pub(super) fn literal(value: &Py, dialect: Dialect) -> Option<String> {
    let postgres = dialect != Dialect::Sqlite;
    Some(match value {
        Py::None => "NULL".to_owned(),
        Py::Bool(value) if postgres => value.to_string(),
        Py::Bool(value) => i32::from(*value).to_string(),
        Py::Int(value) => value.to_string(),
        Py::Number(text) => text.clone(),
        Py::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Py::Call(call) if matches!(call.name(), "Decimal") => match call.args.first()? {
            Py::Text(text) => text.clone(),
            other => literal(other, dialect)?,
        },
        Py::Call(call) if call.name() == "Value" => literal(call.argument(0, "value")?, dialect)?,
        Py::List(items) if items.is_empty() => "'{}'".to_owned(),
        _ => return None,
    })
}

/// The default of a column in SQL.
pub(super) fn default(value: &Py, field: &Field, dialect: Dialect) -> String {
    // What the driver writes after a value that it adapts.
    let cast = if dialect == Dialect::Sqlite { "" } else { "::jsonb" };
    match (value, field.kind) {
        (Py::Dict(_) | Py::List(_), "JSONField") => match json(value, 0) {
            Some(text) => format!("'{}'{cast}", text.replace('\'', "''")),
            None => hole(&shown(value)),
        },
        (Py::Dict(pairs), "HStoreField") if pairs.is_empty() => "''::hstore".to_owned(),
        (Py::Dict(pairs), _) if pairs.is_empty() => "'{}'".to_owned(),
        (Py::Text(text), "JSONField") => format!("'\"{}\"'{cast}", text.replace('\'', "''")),
        (Py::Bool(value), "JSONField") => format!("'{value}'{cast}"),
        (Py::Int(value), "JSONField") => format!("'{value}'{cast}"),
        (
            Py::Text(text),
            "IntegerField"
            | "BigIntegerField"
            | "SmallIntegerField"
            | "PositiveIntegerField"
            | "DecimalField"
            | "FloatField",
        ) if text.parse::<f64>().is_ok() => text.clone(),
        (Py::Int(value), "DecimalField") if dialect == Dialect::Sqlite => format!("'{value}'"),
        (Py::Int(value), "CharField" | "TextField" | "SlugField") => format!("'{value}'"),
        (Py::Int(value), "BooleanField") => literal(&Py::Bool(*value != 0), dialect).unwrap_or_default(),
        (Py::Bool(value), kind) if kind != "BooleanField" && kind.ends_with("IntegerField") => {
            i32::from(*value).to_string()
        }
        // A value of its own for every run, and so no constant of the source.
        (Py::Name(..) | Py::Call(_), _) => literal(value, dialect).unwrap_or_else(|| "'…'".to_owned()),
        _ => literal(value, dialect).unwrap_or_else(|| hole(&shown(value))),
    }
}

/// A value as `json.dumps` of Python writes it; `None` where a part of it is not known or no ASCII.
fn json(value: &Py, depth: u32) -> Option<String> {
    if depth > 20 {
        return None;
    }
    let inner = |value: &Py| json(value, depth + 1);
    Some(match value {
        Py::None => "null".to_owned(),
        Py::Bool(value) => value.to_string(),
        Py::Int(value) => value.to_string(),
        Py::Number(text) => text.clone(),
        Py::Text(text) if text.chars().all(|c| matches!(c, ' '..='~')) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Py::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(inner).collect();
            format!("[{}]", items?.join(", "))
        }
        Py::Dict(pairs) => {
            let pair = |(key, value): &(Py, Py)| Some(format!("{}: {}", json(key, depth + 1)?, inner(value)?));
            let pairs: Option<Vec<_>> = pairs.iter().filter(|(key, _)| key.as_str().is_some()).map(pair).collect();
            format!("{{{}}}", pairs?.join(", "))
        }
        _ => return None,
    })
}

/// A value as it is shown where it is not known.
pub(super) fn shown(value: &Py) -> String {
    match value {
        Py::Unknown(unknown) => unknown.text.clone(),
        Py::Call(call) => format!("{{{}(…)}}", call.name()),
        Py::Name(name, _) => format!("{{{name}}}"),
        _ => "{…}".to_owned(),
    }
}

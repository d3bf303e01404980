//! Conditions: what a test in the source asks.

use ruff_python_ast::{BoolOp, CmpOp, Expr, UnaryOp};

use crate::config::Dialect;
use crate::ir::{Guard, GuardKind};
use crate::span::Span;

/// Parts of `a.b(c).d` that are looked at.
const MAX_PARTS: u32 = 8;

/// `__name__ == "__main__"`.
pub(super) fn is_main(test: &Expr) -> bool {
    matches!(test, Expr::Compare(compare)
        if matches!(&*compare.left, Expr::Name(name) if name.id.as_str() == "__name__"))
}

/// `action == "downgrade"`, `args.rollback`: the way back is asked for.
pub(super) fn asks_for_down(test: &Expr) -> bool {
    match test {
        Expr::Compare(compare) if matches!(&*compare.ops, [CmpOp::Eq | CmpOp::In]) => {
            std::iter::once(&*compare.left).chain(&compare.comparators).any(is_down_text)
        }
        Expr::BoolOp(op) => op.values.iter().any(asks_for_down),
        Expr::Attribute(attribute) => is_down(attribute.attr.as_str()),
        Expr::Name(name) => is_down(name.id.as_str()),
        _ => false,
    }
}

/// Whether a string is the command that asks for the way back.
pub(super) fn is_down_text(expr: &Expr) -> bool {
    matches!(expr, Expr::StringLiteral(text) if is_down(text.value.to_str().trim_start_matches('-')))
}

/// Whether a function of this name cuts a text into statements.
pub(super) fn splits_statements(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("statements") || (name.contains("split") && name.contains("sql"))
}

/// Whether a function of this name starts the application. A script calls it for its settings and its connection; what
/// else the application does when it starts is no part of the migration.
pub(super) fn makes_application(name: &str) -> bool {
    matches!(
        name,
        "create_app"
            | "make_app"
            | "build_app"
            | "get_app"
            | "init_app"
            | "create_application"
            | "get_wsgi_application"
    )
}

/// Whether a function or command of this name undoes a migration.
pub(super) fn is_down(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = ["downgrade", "down", "rollback", "revert", "undo", "reverse", "backward", "backwards"];
    words.iter().any(|word| {
        name == *word
            || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'))
            || name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'))
    })
}

/// The guard for where `test` holds, and for where it does not.
///
/// `origin` is the text that made the list which the test looks through, where it is a variable; `own` is the dialect of
/// the file.
pub(super) fn classify(test: &Expr, origin: &str, own: Dialect, source: &str, span: Span) -> (Guard, Guard) {
    let shown = span.slice(source).split_whitespace().collect::<Vec<_>>().join(" ");
    let (yes, no) = kinds(test, origin, own, 0);
    let negated = match shown.strip_prefix("not ") {
        Some(rest) => rest.to_owned(),
        None => format!("not ({shown})"),
    };
    (Guard { kind: yes, text: shown, span }, Guard { kind: no, text: negated, span })
}

fn kinds(test: &Expr, origin: &str, own: Dialect, depth: u32) -> (GuardKind, GuardKind) {
    let other = (GuardKind::Other, GuardKind::Other);
    if depth > 20 {
        return other;
    }
    match test {
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => {
            let (yes, no) = kinds(&unary.operand, origin, own, depth + 1);
            (no, yes)
        }
        Expr::BoolOp(op) => {
            let parts: Vec<_> = op.values.iter().map(|value| kinds(value, origin, own, depth + 1)).collect();
            // `a and b` holds: each holds. `a or b` fails: each fails.
            let pick =
                |all: Vec<GuardKind>| all.into_iter().find(|k| *k != GuardKind::Other).unwrap_or(GuardKind::Other);
            match op.op {
                BoolOp::And => (pick(parts.into_iter().map(|p| p.0).collect()), GuardKind::Other),
                BoolOp::Or => (GuardKind::Other, pick(parts.into_iter().map(|p| p.1).collect())),
            }
        }
        Expr::Compare(compare) => {
            let [op] = &*compare.ops else { return other };
            let Some(right) = compare.comparators.first() else { return other };
            if let Some(dialect) = dialect_of(&compare.left).or_else(|| dialect_of(right)) {
                return by_dialect(dialect, *op, own);
            }
            if let Some((inside, outside)) = among(right, own) {
                return match op {
                    CmpOp::In => (inside, outside),
                    CmpOp::NotIn => (outside, inside),
                    _ => other,
                };
            }
            match op {
                CmpOp::In if asks_for_objects(&compare.left, right, origin) => (GuardKind::Present, GuardKind::Absent),
                CmpOp::NotIn if asks_for_objects(&compare.left, right, origin) => {
                    (GuardKind::Absent, GuardKind::Present)
                }
                CmpOp::Is | CmpOp::Eq if right.is_none_literal_expr() && asks_existence(&compare.left) => {
                    (GuardKind::Absent, GuardKind::Present)
                }
                CmpOp::IsNot if right.is_none_literal_expr() && asks_existence(&compare.left) => {
                    (GuardKind::Present, GuardKind::Absent)
                }
                _ => other,
            }
        }
        Expr::Call(_) | Expr::Name(_) | Expr::Attribute(_) => {
            let name = match test {
                // `isinstance(engine, PostgresEngine)`: the class says it.
                Expr::Call(call) if name_of(&call.func) == "isinstance" => {
                    call.arguments.args.get(1).map_or("", |class| match class {
                        // `mysql.dialect`, the class of SQLAlchemy.
                        Expr::Attribute(attribute) if attribute.attr.as_str() == "dialect" => name_of(&attribute.value),
                        other => name_of(other),
                    })
                }
                // `url.startswith("postgresql://")`
                Expr::Call(call) if name_of(&call.func) == "startswith" => match call.arguments.args.first() {
                    Some(Expr::StringLiteral(start)) => start.value.to_str(),
                    _ => "",
                },
                _ => name_of(test),
            };
            let name = name.to_lowercase();
            let dialect = if name.contains("postgres") || matches!(name.as_str(), "is_pg" | "pgdialect") {
                Some(Dialect::Postgres)
            } else if name.contains("sqlite") {
                Some(Dialect::Sqlite)
            } else if name.contains("mysql") {
                Some(Dialect::Mysql)
            } else {
                None
            };
            match dialect {
                Some(dialect) => by_dialect(dialect, CmpOp::Eq, own),
                None if asks_existence(test) => (GuardKind::Present, GuardKind::Absent),
                None => other,
            }
        }
        Expr::Await(inner) => kinds(&inner.value, origin, own, depth + 1),
        Expr::Named(inner) => kinds(&inner.value, origin, own, depth + 1),
        _ => other,
    }
}

/// The guards for where the database is of a dialect, and for where it is not. `op` is what compares, `own` the dialect of
/// the file.
///
/// What is not of another dialect is of the file's own. A script that tells PostgreSQL from another database means SQLite
/// by the other nearly always, and the other way round.
pub(super) fn by_dialect(dialect: Dialect, op: CmpOp, own: Dialect) -> (GuardKind, GuardKind) {
    let other = match dialect {
        _ if dialect != own && own != Dialect::Postgres => GuardKind::Dialect(own),
        Dialect::Postgres => GuardKind::Dialect(Dialect::Sqlite),
        Dialect::Sqlite => GuardKind::Dialect(Dialect::Postgres),
        Dialect::Mysql | Dialect::Mssql => GuardKind::Other,
    };
    match op {
        CmpOp::NotEq | CmpOp::NotIn | CmpOp::IsNot => (other, GuardKind::Dialect(dialect)),
        _ => (GuardKind::Dialect(dialect), other),
    }
}

fn name_of(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Call(call) => name_of(&call.func),
        _ => "",
    }
}

/// Whether a text has a word for the objects of a schema.
fn speaks_of_objects(text: &str) -> bool {
    let text = text.to_lowercase();
    let words = ["column", "cols", "table", "index", "idx", "constraint", "exist", "schema", "field", "fk", "pragma"];
    words.iter().any(|word| text.contains(word))
}

/// The variable that a test looks through: `columns` in `"note" not in columns`.
pub(super) fn looked_through(test: &Expr) -> Option<&str> {
    let mut at = test;
    while let Expr::UnaryOp(unary) = at {
        at = &unary.operand;
    }
    let Expr::Compare(compare) = at else { return None };
    Some(compare.comparators.first()?.as_name_expr()?.id.as_str())
}

/// `"note" in columns`: what is looked through is a list of the database's objects, or what is looked for is one.
fn asks_for_objects(wanted: &Expr, all: &Expr, origin: &str) -> bool {
    let speaks = |expr: &Expr| {
        let mut at = expr;
        for _ in 0..MAX_PARTS {
            if speaks_of_objects(name_of(at)) {
                return true;
            }
            at = match at {
                Expr::Call(call) => &call.func,
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Subscript(subscript) => &subscript.value,
                Expr::ListComp(comp) => &comp.elt,
                Expr::SetComp(comp) => &comp.elt,
                Expr::Generator(comp) => &comp.elt,
                Expr::Await(inner) => &inner.value,
                _ => return false,
            };
        }
        false
    };
    let iterated = match all {
        Expr::ListComp(comp) => comp.generators.first(),
        Expr::SetComp(comp) => comp.generators.first(),
        Expr::Generator(comp) => comp.generators.first(),
        _ => None,
    };
    let first = if let Expr::Call(call) = all { call.arguments.args.first() } else { None };
    speaks(all)
        || (all.is_name_expr() && speaks_of_objects(origin))
        || iterated.is_some_and(|generator| speaks(&generator.iter))
        || first.is_some_and(speaks)
        || (speaks(wanted) && !matches!(all, Expr::List(_) | Expr::Tuple(_) | Expr::Set(_)))
}

fn asks_existence(expr: &Expr) -> bool {
    let name = name_of(expr).to_lowercase();
    ["exist", "has_", "is_present", "present"].iter().any(|word| name.contains(word))
}

/// The dialect that a string names.
pub(super) fn dialect_of(expr: &Expr) -> Option<Dialect> {
    let text = match expr {
        Expr::StringLiteral(text) => text,
        // `dialect in ("mysql", "mariadb")`: where all are names of one.
        Expr::Tuple(list) => return of_all(&list.elts),
        Expr::List(list) => return of_all(&list.elts),
        Expr::Set(list) => return of_all(&list.elts),
        _ => return None,
    };
    dialect_word(text.value.to_str())
}

fn of_all(names: &[Expr]) -> Option<Dialect> {
    let mut found = names.iter().map(|name| if name.is_string_literal_expr() { dialect_of(name) } else { None });
    let first = found.next()??;
    found.all(|other| other == Some(first)).then_some(first)
}

/// The guards for where the database is one of several that are named, the file's own among them, and for where it is
/// none of them; `None` for any other list.
fn among(names: &Expr, own: Dialect) -> Option<(GuardKind, GuardKind)> {
    let items = match names {
        Expr::Tuple(list) => &list.elts,
        Expr::List(list) => &list.elts,
        Expr::Set(list) => &list.elts,
        _ => return None,
    };
    let dialects: Vec<Dialect> = items.iter().filter_map(dialect_of).collect();
    let mut others = [Dialect::Postgres, Dialect::Sqlite, Dialect::Mysql, Dialect::Mssql].into_iter();
    let other = others.find(|dialect| !dialects.contains(dialect));
    let outside = other.map_or(GuardKind::Other, GuardKind::Dialect);
    dialects.contains(&own).then_some((GuardKind::Dialect(own), outside))
}

/// The dialect of a name, as SQLAlchemy, its drivers and URLs write it.
pub(super) fn dialect_word(name: &str) -> Option<Dialect> {
    let name = name.to_lowercase();
    // `mysql+pymysql`
    let name = name.split('+').next().unwrap_or_default();
    match name.trim_end_matches("://").trim_end_matches(':') {
        "postgresql" | "postgres" | "pg" | "psycopg2" | "psycopg" | "asyncpg" | "pg8000" => Some(Dialect::Postgres),
        "sqlite" | "sqlite3" | "pysqlite" | "aiosqlite" => Some(Dialect::Sqlite),
        "mysql" | "mariadb" | "pymysql" | "mysqldb" | "mysqlconnector" | "aiomysql" | "asyncmy" => Some(Dialect::Mysql),
        "mssql" | "pymssql" => Some(Dialect::Mssql),
        _ => None,
    }
}

//! Conditions: what a test in the source asks.

use ruff_python_ast::{BoolOp, CmpOp, Expr, UnaryOp};

use crate::config::Dialect;
use crate::ir::{Guard, GuardKind};
use crate::span::Span;

/// `__name__ == "__main__"`.
pub(super) fn is_main(test: &Expr) -> bool {
    matches!(test, Expr::Compare(compare)
        if matches!(&*compare.left, Expr::Name(name) if name.id.as_str() == "__name__"))
}

/// `action == "downgrade"`, `args.rollback`: the way back is asked for.
pub(super) fn asks_for_down(test: &Expr) -> bool {
    match test {
        Expr::Compare(compare) if matches!(&*compare.ops, [CmpOp::Eq | CmpOp::In]) => {
            std::iter::once(&*compare.left).chain(&compare.comparators).any(|side| match side {
                Expr::StringLiteral(literal) => is_down(literal.value.to_str().trim_start_matches('-')),
                _ => false,
            })
        }
        Expr::BoolOp(op) => op.values.iter().any(asks_for_down),
        Expr::Attribute(attribute) => is_down(attribute.attr.as_str()),
        Expr::Name(name) => is_down(name.id.as_str()),
        _ => false,
    }
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
pub(super) fn classify(test: &Expr, source: &str, span: Span) -> (Guard, Guard) {
    let shown = span.slice(source).split_whitespace().collect::<Vec<_>>().join(" ");
    let (yes, no) = kinds(test, 0);
    let negated = match shown.strip_prefix("not ") {
        Some(rest) => rest.to_owned(),
        None => format!("not ({shown})"),
    };
    (Guard { kind: yes, text: shown, span }, Guard { kind: no, text: negated, span })
}

fn kinds(test: &Expr, depth: u32) -> (GuardKind, GuardKind) {
    let other = (GuardKind::Other, GuardKind::Other);
    if depth > 20 {
        return other;
    }
    match test {
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => {
            let (yes, no) = kinds(&unary.operand, depth + 1);
            (no, yes)
        }
        Expr::BoolOp(op) => {
            let parts: Vec<_> = op.values.iter().map(|value| kinds(value, depth + 1)).collect();
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
                let (yes, no) = by_dialect(dialect);
                return match op {
                    CmpOp::NotEq | CmpOp::NotIn => (no, yes),
                    _ => (yes, no),
                };
            }
            match op {
                CmpOp::In => (GuardKind::Present, GuardKind::Absent),
                CmpOp::NotIn => (GuardKind::Absent, GuardKind::Present),
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
                Expr::Call(call) if name_of(&call.func) == "isinstance" => call.arguments.args.get(1).map_or("", name_of),
                _ => name_of(test),
            };
            let name = name.to_lowercase();
            let dialect = if name.contains("postgres") || name == "is_pg" {
                Some(Dialect::Postgres)
            } else if name.contains("sqlite") {
                Some(Dialect::Sqlite)
            } else if name.contains("mysql") {
                Some(Dialect::Mysql)
            } else {
                None
            };
            match dialect {
                Some(dialect) => by_dialect(dialect),
                None if asks_existence(test) => (GuardKind::Present, GuardKind::Absent),
                None => other,
            }
        }
        Expr::Await(inner) => kinds(&inner.value, depth + 1),
        Expr::Named(inner) => kinds(&inner.value, depth + 1),
        _ => other,
    }
}

/// The guards for where the database is of a dialect, and for where it is not. A script that tells PostgreSQL from
/// another database means SQLite by the other nearly always, and the other way round.
fn by_dialect(dialect: Dialect) -> (GuardKind, GuardKind) {
    let other = match dialect {
        Dialect::Postgres => GuardKind::Dialect(Dialect::Sqlite),
        Dialect::Sqlite => GuardKind::Dialect(Dialect::Postgres),
        Dialect::Mysql | Dialect::Mssql => GuardKind::Other,
    };
    (GuardKind::Dialect(dialect), other)
}

fn name_of(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Call(call) => name_of(&call.func),
        _ => "",
    }
}

fn asks_existence(expr: &Expr) -> bool {
    let name = name_of(expr).to_lowercase();
    ["exist", "has_", "is_present", "present"].iter().any(|word| name.contains(word))
}

fn dialect_of(expr: &Expr) -> Option<Dialect> {
    let Expr::StringLiteral(text) = expr else { return None };
    match text.value.to_str().to_lowercase().trim_end_matches("://").trim_end_matches(':') {
        "postgresql" | "postgres" | "pg" | "psycopg2" | "asyncpg" => Some(Dialect::Postgres),
        "sqlite" | "sqlite3" => Some(Dialect::Sqlite),
        "mysql" | "mariadb" => Some(Dialect::Mysql),
        "mssql" => Some(Dialect::Mssql),
        _ => None,
    }
}

//! The second opinion on a statement's grammar, and the only place that names `sqlparser`.

use sqlparser::dialect::{
    self as grammar, GenericDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect,
};
use sqlparser::parser::Parser;

use super::lexer::{Kind, Token};
use crate::config::Dialect;

/// What the parser says of a statement.
#[derive(Debug)]
pub(super) enum Opinion {
    /// Some dialect takes it.
    Accepted,
    /// None does: what the statement's own dialect says.
    Refused(String),
    /// It is too long or too deep to be given to the parser.
    NotAsked,
}

/// The parser's trees are taken down recursively, so that a chain of this many operators must fit the stack.
const MOST_TOKENS: usize = 2_000;

/// Brackets within brackets; the parser has a limit of its own, below this.
const DEEPEST: usize = 200;

/// Asks every dialect, the statement's own first.
pub(super) fn opinion(text: &str, tokens: &[Token], dialect: Dialect) -> Opinion {
    if tokens.len() > MOST_TOKENS || text.len() > 16 * MOST_TOKENS || depth(tokens) > DEEPEST {
        return Opinion::NotAsked;
    }
    let own: &dyn grammar::Dialect = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Mysql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Mssql => &MsSqlDialect {},
    };
    let message = match Parser::parse_sql(own, text) {
        Ok(_) => return Opinion::Accepted,
        Err(error) => error.to_string(),
    };
    let others: [&dyn grammar::Dialect; 5] =
        [&GenericDialect {}, &PostgreSqlDialect {}, &MySqlDialect {}, &SQLiteDialect {}, &MsSqlDialect {}];
    if others.into_iter().any(|other| Parser::parse_sql(other, text).is_ok()) {
        return Opinion::Accepted;
    }
    let message = message.strip_prefix("sql parser error: ").unwrap_or(&message);
    // The parser counts lines within the statement; the finding has the place in the file.
    let message = message.split_once(" at Line:").map_or(message, |(before, _)| before);
    Opinion::Refused(message.to_owned())
}

fn depth(tokens: &[Token]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for token in tokens {
        match token.kind {
            Kind::Open | Kind::OpenBracket => now += 1,
            Kind::Close | Kind::CloseBracket => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

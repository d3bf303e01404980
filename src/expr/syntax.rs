//! Tokens to a tree, by recursive descent with a limit of depth.

use std::ops::Range;

use super::lexer::{Token, TokenKind};
use super::{ExprError, MAX_DEPTH};

/// A node of the tree and its bytes.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) range: Range<usize>,
    pub(super) node: Node,
}

#[derive(Debug)]
pub(super) enum Node {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Tree>),
    Name(String),
    Not(Box<Tree>),
    /// A chain of `&&`: flat, so that its length costs no depth.
    And(Vec<Tree>),
    /// A chain of `||`.
    Or(Vec<Tree>),
    Relation(Relation, Box<Tree>, Box<Tree>),
    Call(Box<Call>),
}

/// `receiver.function(arguments)`, or `function(arguments)`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) receiver: Option<Tree>,
    pub(super) function: String,
    pub(super) function_range: Range<usize>,
    pub(super) arguments: Vec<Tree>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Relation {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
        }
    }
}

/// Reads the whole of `tokens` as one expression.
pub(super) fn parse(source: &str, tokens: &[Token]) -> Result<Tree, ExprError> {
    let mut parser = Parser { tokens, at: 0, depth: 0, end: source.len() };
    let tree = parser.or()?;
    match parser.peek() {
        None => Ok(tree),
        Some(token) => Err(unexpected(token, "an operator or the end")),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    /// Bytes of the source, where "missing at the end" points.
    end: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn is_mark(&self, mark: &str) -> bool {
        self.peek().is_some_and(|token| matches!(token.kind, TokenKind::Mark(found) if found == mark))
    }

    /// Steps over `mark` if it is next.
    fn eat(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    /// Steps over `mark`, which must be next; returns the end of its bytes.
    fn expect(&mut self, mark: &str) -> Result<usize, ExprError> {
        match self.peek() {
            Some(token) if self.is_mark(mark) => {
                self.at += 1;
                Ok(token.range.end)
            }
            Some(token) => Err(unexpected(token, &format!("`{mark}`"))),
            None => Err(self.missing(&format!("`{mark}`"))),
        }
    }

    fn missing(&self, wanted: &str) -> ExprError {
        ExprError::new(self.end..self.end, format!("{wanted} is missing at the end"))
    }

    /// Enters one level of nesting. Levels are left by restoring `depth`; on errors nothing is read any more.
    fn enter(&mut self) -> Result<(), ExprError> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let range = self.peek().map_or(self.end..self.end, |token| token.range.clone());
        Err(ExprError::new(range, format!("nested more than {MAX_DEPTH} levels deep")))
    }

    fn or(&mut self) -> Result<Tree, ExprError> {
        let first = self.and()?;
        self.chain(first, "||", Self::and, Node::Or)
    }

    fn and(&mut self) -> Result<Tree, ExprError> {
        let first = self.relation()?;
        self.chain(first, "&&", Self::relation, Node::And)
    }

    fn chain(
        &mut self,
        first: Tree,
        mark: &str,
        operand: fn(&mut Self) -> Result<Tree, ExprError>,
        node: fn(Vec<Tree>) -> Node,
    ) -> Result<Tree, ExprError> {
        if !self.is_mark(mark) {
            return Ok(first);
        }
        let mut range = first.range.clone();
        let mut operands = vec![first];
        while self.eat(mark) {
            let next = operand(self)?;
            range.end = next.range.end;
            operands.push(next);
        }
        Ok(Tree { range, node: node(operands) })
    }

    fn relation(&mut self) -> Result<Tree, ExprError> {
        let left = self.unary()?;
        let Some(relation) = self.relation_mark() else { return Ok(left) };
        self.at += 1;
        let right = self.unary()?;
        if self.relation_mark().is_some() {
            let range = self.peek().map_or(self.end..self.end, |token| token.range.clone());
            return Err(ExprError::new(range, "comparisons do not chain").help("put parentheses, or `&&` between two"));
        }
        let range = left.range.start..right.range.end;
        Ok(Tree { range, node: Node::Relation(relation, Box::new(left), Box::new(right)) })
    }

    fn relation_mark(&self) -> Option<Relation> {
        match &self.peek()?.kind {
            TokenKind::Word(word) if word == "in" => Some(Relation::In),
            TokenKind::Mark("==") => Some(Relation::Equal),
            TokenKind::Mark("!=") => Some(Relation::NotEqual),
            TokenKind::Mark("<") => Some(Relation::Less),
            TokenKind::Mark("<=") => Some(Relation::LessOrEqual),
            TokenKind::Mark(">") => Some(Relation::Greater),
            TokenKind::Mark(">=") => Some(Relation::GreaterOrEqual),
            _ => None,
        }
    }

    fn unary(&mut self) -> Result<Tree, ExprError> {
        let Some(token) = self.peek() else { return Err(self.missing("a value")) };
        if self.eat("!") {
            let depth = self.depth;
            self.enter()?;
            let operand = self.unary()?;
            self.depth = depth;
            let range = token.range.start..operand.range.end;
            return Ok(Tree { range, node: Node::Not(Box::new(operand)) });
        }
        if self.eat("-") {
            return match self.peek().map(|next| (&next.kind, next.range.end)) {
                // Negation cannot overflow: the lexer reads no negative numbers.
                Some((TokenKind::Int(value), end)) => {
                    self.at += 1;
                    Ok(Tree { range: token.range.start..end, node: Node::Int(-value) })
                }
                _ => Err(unexpected(token, "a value")),
            };
        }
        self.postfix(token)
    }

    /// A primary expression and the method calls after it.
    fn postfix(&mut self, token: &'t Token) -> Result<Tree, ExprError> {
        let depth = self.depth;
        self.enter()?;
        let mut tree = self.primary(token)?;
        while self.eat(".") {
            self.enter()?;
            let Some(Token { kind: TokenKind::Word(word), range }) = self.peek() else {
                return Err(match self.peek() {
                    Some(token) => unexpected(token, "the name of a method"),
                    None => self.missing("the name of a method"),
                });
            };
            self.at += 1;
            tree = self.call(Some(tree), word.clone(), range.clone())?;
        }
        self.depth = depth;
        Ok(tree)
    }

    fn primary(&mut self, token: &'t Token) -> Result<Tree, ExprError> {
        let range = token.range.clone();
        let node = match &token.kind {
            TokenKind::Int(value) => Node::Int(*value),
            TokenKind::Text(value) => Node::Text(value.clone()),
            TokenKind::Word(word) if word == "in" => return Err(unexpected(token, "a value")),
            TokenKind::Word(word) => {
                self.at += 1;
                return self.word(word, range);
            }
            TokenKind::Mark("(") => {
                self.at += 1;
                let inner = self.or()?;
                let end = self.expect(")")?;
                return Ok(Tree { range: range.start..end, node: inner.node });
            }
            TokenKind::Mark("[") => {
                self.at += 1;
                let (elements, end) = self.until("]")?;
                return Ok(Tree { range: range.start..end, node: Node::List(elements) });
            }
            TokenKind::Mark(_) => return Err(unexpected(token, "a value")),
        };
        self.at += 1;
        Ok(Tree { range, node })
    }

    /// A literal word, a name, a function call, or a name and a method call (`index.name.matches(…)`).
    fn word(&mut self, word: &str, range: Range<usize>) -> Result<Tree, ExprError> {
        if self.is_mark("(") {
            return match word.rsplit_once('.') {
                Some((name, method)) => {
                    let dot = range.start + name.len();
                    let receiver = Tree { range: range.start..dot, node: Node::Name(name.to_owned()) };
                    self.call(Some(receiver), method.to_owned(), dot + 1..range.end)
                }
                None => self.call(None, word.to_owned(), range),
            };
        }
        let node = match word {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            "not" | "NOT" => {
                let mut error = ExprError::new(range, format!("`{word}` is no operator"));
                error.suggestion = Some("!".to_owned());
                return Err(error);
            }
            "null" => {
                return Err(ExprError::new(range, "there is no null: a fact is a value or not known")
                    .help("compare with `\"\"`, or use a fact that asks"));
            }
            _ => Node::Name(word.to_owned()),
        };
        Ok(Tree { range, node })
    }

    fn call(
        &mut self,
        receiver: Option<Tree>,
        function: String,
        function_range: Range<usize>,
    ) -> Result<Tree, ExprError> {
        self.expect("(")?;
        let (arguments, end) = self.until(")")?;
        let start = receiver.as_ref().map_or(function_range.start, |tree| tree.range.start);
        let call = Call { receiver, function, function_range, arguments };
        Ok(Tree { range: start..end, node: Node::Call(Box::new(call)) })
    }

    /// Expressions with commas between them up to `close`; a comma may follow the last.
    fn until(&mut self, close: &str) -> Result<(Vec<Tree>, usize), ExprError> {
        let mut trees = Vec::new();
        while !self.is_mark(close) {
            trees.push(self.or()?);
            if !self.eat(",") {
                break;
            }
        }
        let end = self.expect(close)?;
        Ok((trees, end))
    }
}

fn unexpected(token: &Token, wanted: &str) -> ExprError {
    let found = match &token.kind {
        TokenKind::Word(word) => word.clone(),
        TokenKind::Int(value) => value.to_string(),
        TokenKind::Text(value) => format!("\"{value}\""),
        TokenKind::Mark(mark) => (*mark).to_owned(),
    };
    let mut error = ExprError::new(token.range.clone(), format!("expected {wanted}, found `{found}`"));
    match found.as_str() {
        "and" | "AND" => error.suggestion = Some("&&".to_owned()),
        "or" | "OR" => error.suggestion = Some("||".to_owned()),
        "-" => error = error.help("names are joined by `_` and `.`, and there is no arithmetic"),
        _ => {}
    }
    error
}

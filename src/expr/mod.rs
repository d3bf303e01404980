//! stub
/// t
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// b
    Bool,
    /// b
    Int,
    /// b
    Str,
    /// b
    List,
}
/// v
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// b
    Bool(bool),
    /// b
    Int(i64),
    /// b
    Str(String),
    /// b
    List(Vec<String>),
    /// b
    Unknown,
}

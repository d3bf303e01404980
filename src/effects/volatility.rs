//! How far the result of a function can be relied on.

/// A function's volatility, from the best to the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Volatility {
    /// The same arguments always give the same result.
    Immutable,
    /// They do within one statement: `now()`.
    Stable,
    /// They do not: `random()`, `clock_timestamp()`.
    Volatile,
}

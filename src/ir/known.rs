//! Values that may not be known, and answers that may not be known.

use crate::span::Span;

/// A value read from a source, or the reason why it could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known<T> {
    /// The value and where it stands.
    Known(T, Span),
    /// It could not be read.
    Unknown(Unknown),
}

/// Why a value could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The reason as a clause: "`name` is a parameter that no call in this repository passes".
    pub reason: String,
    /// What stands in the source instead, to show in messages: `{table}_{suffix}`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl<T> Known<T> {
    /// The value, if known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value, _) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Where the value, or what stands for it, is.
    pub fn span(&self) -> Span {
        match self {
            Self::Known(_, span) => *span,
            Self::Unknown(unknown) => unknown.span,
        }
    }

    /// The same with the known value changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value, span) => Known::Known(change(value), span),
            Self::Unknown(unknown) => Known::Unknown(unknown),
        }
    }
}

impl<T: std::fmt::Display> std::fmt::Display for Known<T> {
    /// The value, or the text that stands for it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(value, _) => value.fmt(f),
            Self::Unknown(unknown) => f.write_str(&unknown.text),
        }
    }
}

/// A three-valued answer (Kleene's strong logic).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Tri {
    /// Certainly so.
    Yes,
    /// Certainly not so.
    No,
    /// The source does not say.
    Unknown,
}

impl Tri {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// At least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }
}

impl std::ops::Not for Tri {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

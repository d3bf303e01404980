//! Named rewrites of a source that a rule can ask for.

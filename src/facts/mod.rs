//! The closed table of facts that rules may mention.

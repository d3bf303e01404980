//! The condition language of rules: a strict, statically checked subset of CEL with three-valued answers.

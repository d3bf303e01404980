//! The catalogue as the migrations leave it: what existed before an operation.

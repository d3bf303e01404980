//! From findings to bytes.

//! What a server does for an operation: locks, rewrites, scans, whether a transaction block is allowed.

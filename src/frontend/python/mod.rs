//! Python: parse → evaluate → operations.

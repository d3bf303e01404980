//! Rules: one Markdown page each, compiled and checked when loaded.

//! The sections of a SQL file, as the comments of its runner mark them.

use std::ops::Range;

use crate::ir::Direction;

/// A part of a SQL file that its runner applies as one unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Which way it goes.
    pub direction: Direction,
    /// The bytes of the file it covers, markers included.
    pub range: Range<usize>,
    /// Whether the runner opens a transaction around it, where a marker says so.
    pub transaction: Option<bool>,
    /// A name that a marker gives it.
    pub name: Option<String>,
    /// Parts that are sent to the server as one string (`-- +goose StatementBegin` to `StatementEnd`).
    pub together: Vec<Range<usize>>,
}

impl Section {
    fn new(direction: Direction, start: usize) -> Self {
        Self { direction, range: start..start, transaction: None, name: None, together: Vec::new() }
    }
}

/// What a marker says.
enum Marker {
    /// A section starts, with a transaction of its own or not where it says so.
    Start(Direction, Option<bool>),
    /// The whole file runs with, or without, a transaction.
    File(bool),
    /// One string starts.
    Together,
    /// It ends.
    Apart,
}

/// The sections of `text`. A file without markers is one section that goes up.
pub fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut whole_file = None;
    let mut together = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        match marker(line) {
            Some(Marker::Start(direction, transaction)) => {
                if let Some(last) = found.last_mut() {
                    last.range.end = start;
                }
                found.push(Section { transaction, ..Section::new(direction, start) });
            }
            Some(Marker::File(transaction)) => whole_file = whole_file.or(Some(transaction)),
            Some(Marker::Together) => together = Some(at),
            Some(Marker::Apart) => {
                if let (Some(from), Some(section)) = (together.take(), found.last_mut()) {
                    section.together.push(from..start);
                }
            }
            None => {}
        }
    }
    if found.is_empty() {
        found.push(Section::new(Direction::Up, 0));
    }
    if let Some(last) = found.last_mut() {
        last.range.end = text.len();
    }
    for section in &mut found {
        section.transaction = section.transaction.or(whole_file);
    }
    found
}

/// The marker on a line. Markers are comments, and their case is free as most runners have it.
fn marker(line: &str) -> Option<Marker> {
    let comment = line.trim_start_matches('\u{feff}').trim().strip_prefix("--")?.trim_start().to_ascii_lowercase();
    let mut words = comment.split_ascii_whitespace();
    let first = words.next()?;
    let rest: Vec<&str> = words.collect();
    let transaction = || {
        if rest.contains(&"transaction:false") || rest.contains(&"notransaction") {
            Some(false)
        } else {
            rest.contains(&"transaction:true").then_some(true)
        }
    };
    match (first, rest.as_slice()) {
        ("+goose" | "+migrate", ["up", ..]) | ("migrate:up", _) => Some(Marker::Start(Direction::Up, transaction())),
        ("+goose" | "+migrate", ["down", ..]) | ("migrate:down", _) => {
            Some(Marker::Start(Direction::Down, transaction()))
        }
        ("+goose", ["no", "transaction", ..])
        | ("atlas:txmode", ["none", ..])
        | ("postgres-migrations", ["disable-transaction", ..])
        | ("no-transaction", _) => Some(Marker::File(false)),
        ("atlas:txmode", ["file" | "all", ..]) => Some(Marker::File(true)),
        ("+goose" | "+migrate", ["statementbegin", ..]) => Some(Marker::Together),
        ("+goose" | "+migrate", ["statementend", ..]) => Some(Marker::Apart),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> Vec<String> {
        let line = |s: &Section| format!("{} {:?} {:?}", s.direction.as_str(), s.transaction, &text[s.range.clone()]);
        sections(text).iter().map(line).collect()
    }

    #[test]
    fn a_file_without_markers_goes_up() {
        assert_eq!(show("SELECT 1;"), [r#"up None "SELECT 1;""#]);
        assert_eq!(show("-- no-transaction\nx"), [r#"up Some(false) "-- no-transaction\nx""#]);
        assert_eq!(show(""), [r#"up None """#]);
    }

    #[test]
    fn markers_part_the_file() {
        assert_eq!(
            show("-- +goose Up\nA;\n-- +goose Down\nB;"),
            [r#"up None "-- +goose Up\nA;\n""#, r#"down None "-- +goose Down\nB;""#,]
        );
        assert_eq!(
            show("-- migrate:up transaction:false\nA;\n-- migrate:down\n"),
            [r#"up Some(false) "-- migrate:up transaction:false\nA;\n""#, r#"down None "-- migrate:down\n""#,]
        );
        assert_eq!(show("-- +goose NO TRANSACTION\n-- +goose Up\nA"), [r#"up Some(false) "-- +goose Up\nA""#]);
    }

    #[test]
    fn statements_sent_together_are_told() {
        let text = "-- +goose Up\n-- +goose StatementBegin\nA; B;\n-- +goose StatementEnd\nC;";
        let together = &sections(text)[0].together;
        assert_eq!(together.iter().map(|r| &text[r.clone()]).collect::<Vec<_>>(), ["A; B;\n"]);
    }
}

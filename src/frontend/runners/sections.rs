//! Runners whose markers part a file, or say one thing about it.

use std::ops::Range;

use super::{Cut, Section, comment, lines, refused};
use crate::ir::{Direction, Known, Revision, RevisionId};
use crate::source::{Runner, SourceFile};
use crate::span::Span;

/// The section that a line begins, with what it says of a transaction.
type Begins<'t> = &'t dyn Fn(&str) -> Option<(Direction, Option<bool>)>;

/// Cuts a text at lines that begin a section. What stands before the first is in none.
fn part(text: &str, begins: Begins<'_>) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for (range, line) in lines(text) {
        let Some((direction, transaction)) = begins(line) else { continue };
        if let Some(last) = found.last_mut() {
            last.range.end = range.start;
        }
        let mut section = Section::new(direction, range.start..text.len()).in_one();
        section.transaction = transaction.map(|on| (on, range));
        found.push(section);
    }
    for section in &mut found {
        section.pieces = vec![section.range.clone()];
    }
    found
}

/// The word after `migrate:` on a line of dbmate, and what follows it. dbmate wants the marker at the start of the line.
/// Source: dbmate `pkg/dbmate/migration.go`.
pub(super) fn dbmate_marker(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let word = if rest.starts_with("up") { "up" } else { rest.get(..4).filter(|word| *word == "down")? };
    let options = rest.get(word.len()..)?;
    (options.is_empty() || options.starts_with(char::is_whitespace)).then_some((word, options))
}

/// dbmate: a section is one string, and its options are pairs behind the marker.
pub(super) fn dbmate(file: &SourceFile) -> Cut {
    let text = file.text.as_str();
    let sections = part(text, &|line| {
        let (word, options) = dbmate_marker(line)?;
        let direction = if word == "up" { Direction::Up } else { Direction::Down };
        let mut said = options.split_whitespace().filter_map(|pair| pair.split_once(':'));
        let transaction = said.rfind(|(key, _)| *key == "transaction").map(|(_, value)| value != "false");
        Some((direction, transaction))
    });
    let mut cut = Cut { sections, ..Cut::default() };
    let first = cut.sections.first().map_or(0, |section| section.range.start);
    let before = text.get(..first).unwrap_or_default();
    let mut statements = lines(before).filter(|(_, line)| !line.trim().is_empty() && comment(line).is_none());
    if let Some((range, _)) = statements.next() {
        let message = "dbmate refuses a file with a statement before `-- migrate:up`".to_owned();
        cut.problems.push(refused(file, range, message, "put the marker on the first line"));
    }
    cut
}

/// Aerich before 0.6, whose files were SQL: `-- upgrade --` and `-- downgrade --` end their lines, and may stand behind a
/// statement. The first of each counts. Statements are sent one by one.
/// Source: aerich 0.5.8 `utils.py`, `get_version_content_from_file`.
pub(super) fn aerich(text: &str) -> Cut {
    // White space at the end of the file, in bytes.
    let blank = text.len() - text.trim_end().len();
    let find = |marker: &str| {
        let ends = |at: &usize| {
            let rest = text.get(at + marker.len()..).unwrap_or_default();
            rest.len() <= blank || rest.starts_with('\n') || rest.starts_with("\r\n")
        };
        text.match_indices(marker).map(|(at, _)| at).find(ends)
    };
    let Some(up) = find("-- upgrade --") else { return Cut::default() };
    let down = find("-- downgrade --").filter(|down| *down > up);
    let mut sections = vec![Section::new(Direction::Up, up..down.unwrap_or(text.len()))];
    sections.extend(down.map(|down| Section::new(Direction::Down, down..text.len())));
    Cut { sections, ..Cut::default() }
}

/// Whether a line is node-pg-migrate's `-- Up Migration` or `-- Down Migration`.
pub(super) fn migration_comment(line: &str) -> Option<Direction> {
    let mut words = comment(line)?.split_whitespace();
    let direction = match words.next()?.to_ascii_lowercase().as_str() {
        "up" => Direction::Up,
        "down" => Direction::Down,
        _ => return None,
    };
    let second = words.next()?.to_ascii_lowercase();
    second.starts_with("migration").then_some(direction)
}

/// node-pg-migrate: the first marker of each direction counts. Without one the whole file goes up.
/// Source: node-pg-migrate `src/sqlMigration.ts`.
pub(super) fn node_pg_migrate(text: &str) -> Cut {
    let mut sections = part(text, &|line| Some((migration_comment(line)?, None)));
    if let Some(first) = sections.first().filter(|first| first.direction == Direction::Down) {
        // What stands before a lone `Down` goes up.
        let up = Section::new(Direction::Up, 0..first.range.start).in_one();
        if !sections.iter().any(|section| section.direction == Direction::Up) {
            sections.insert(0, up);
        }
    }
    if sections.is_empty() {
        sections.push(Section::new(Direction::Up, 0..text.len()).in_one());
    }
    Cut { sections, ..Cut::default() }
}

/// What parts a migration of tern.
pub(super) const TERN_DIVIDER: &str = "---- create above / drop below ----";
/// What keeps tern from opening a transaction. It has a line of its own.
pub(super) const TERN_DISABLE: &str = "---- tern: disable-tx ----";

/// tern: a section is one string, or with `disable-tx` each statement is one. Source: tern `migrate/migrate.go`.
pub(super) fn tern(text: &str) -> Cut {
    let (up, down) = match text.find(TERN_DIVIDER) {
        Some(at) => (0..at, Some(at + TERN_DIVIDER.len()..text.len())),
        None => (0..text.len(), None),
    };
    let section = |direction, range: Range<usize>| {
        let inside = text.get(range.clone()).unwrap_or_default();
        let at = inside.match_indices(TERN_DISABLE).map(|(at, _)| at).find(|at| {
            let rest = inside.get(at + TERN_DISABLE.len()..).unwrap_or_default();
            let starts = *at == 0 || inside.as_bytes().get(at - 1) == Some(&b'\n');
            // The last line is trimmed, so that a carriage return behind it does no harm.
            starts && (rest.starts_with('\n') || rest.trim().is_empty())
        });
        let mut section = Section::new(direction, range.clone());
        section.strings = at.is_none();
        section.transaction = at.map(|at| {
            let start = range.start + at;
            (false, start..start + TERN_DISABLE.len())
        });
        section
    };
    let mut sections = vec![section(Direction::Up, up)];
    sections.extend(down.map(|down| section(Direction::Down, down)));
    Cut { sections, ..Cut::default() }
}

/// Drizzle: what stands between breakpoints is one string. Source: drizzle-orm `src/migrator.ts`.
pub(super) fn drizzle(text: &str) -> Cut {
    const BREAKPOINT: &str = "--> statement-breakpoint";
    let mut section = Section::new(Direction::Up, 0..text.len()).in_one();
    section.pieces.clear();
    let mut from = 0;
    for (at, _) in text.match_indices(BREAKPOINT) {
        section.pieces.push(from..at);
        from = at + BREAKPOINT.len();
    }
    section.pieces.push(from..text.len());
    Cut { sections: vec![section], ..Cut::default() }
}

/// The marker of sqlx. It counts at the very start of the file and nowhere else.
pub(super) const SQLX: &str = "-- no-transaction";

/// sqlx. Source: sqlx `sqlx-core/src/migrate/source.rs`.
pub(super) fn sqlx(text: &str) -> Cut {
    let mut section = Section::new(Direction::Up, 0..text.len()).in_one();
    section.transaction = text.starts_with(SQLX).then_some((false, 0..SQLX.len()));
    Cut { sections: vec![section], ..Cut::default() }
}

/// The marker of postgres-migrations, which counts wherever it stands.
pub(super) const POSTGRES_MIGRATIONS: &str = "-- postgres-migrations disable-transaction";

/// postgres-migrations. Source: postgres-migrations `src/run-migration.ts`.
pub(super) fn postgres_migrations(text: &str) -> Cut {
    let mut section = Section::new(Direction::Up, 0..text.len()).in_one();
    let marker = text.find(POSTGRES_MIGRATIONS);
    section.transaction = marker.map(|at| (false, at..at + POSTGRES_MIGRATIONS.len()));
    Cut { sections: vec![section], ..Cut::default() }
}

/// The value of yoyo's `-- transactional: …`.
pub(super) fn transactional(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("--")?.trim_start().strip_prefix("transactional")?;
    rest.trim_start().strip_prefix(':').map(str::trim)
}

/// The lines before the first statement, where yoyo looks for what it is told.
fn yoyo_head(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    lines(text).take_while(|(_, line)| line.trim().is_empty() || line.trim_start().starts_with("--"))
}

/// The migration of yoyo that a SQL file is: it is named after the file, and `-- depends: …` says what it waits for, on
/// as many lines as it likes. Source: yoyo `migrations.py`, `parse_metadata_from_sql_comments`.
pub(super) fn yoyo_revision(file: &SourceFile) -> Option<Revision> {
    let name = file.path.rsplit('/').next()?.strip_suffix(".sql")?;
    let text = file.text.as_str();
    let mut revision = Revision::new(Runner::Yoyo, RevisionId::bare(name), Span::file(file.id));
    for (range, line) in yoyo_head(text) {
        let said = line.trim_start().strip_prefix("--").and_then(|rest| rest.trim_start().strip_prefix("depends"));
        let Some(names) = said.and_then(|rest| rest.trim_start().strip_prefix(':')) else { continue };
        let start = range.end - names.len();
        let mut at = 0;
        for word in names.split_whitespace() {
            // A word of the text is found in it, behind those before.
            at += names.get(at..).and_then(|rest| rest.find(word)).unwrap_or_default();
            let span = Span::new(file.id, start + at, start + at + word.len());
            revision.parents.push(Known::Known(RevisionId::bare(word), span));
            at += word.len();
        }
    }
    if let Some(Known::Known(_, span)) = revision.parents.first() {
        revision.span = *span;
    }
    Some(revision)
}

/// yoyo: what it is told stands before the first statement of the file that goes forward, and holds for both ways.
/// Source: yoyo `migrations.py`.
pub(super) fn yoyo(file: &SourceFile) -> Cut {
    let text = file.text.as_str();
    let mut section = Section::new(Direction::Up, 0..text.len());
    if file.down {
        return Cut { sections: vec![section], ..Cut::default() };
    }
    for (range, line) in yoyo_head(text) {
        if let Some(value) = transactional(line) {
            section.transaction = Some((!value.eq_ignore_ascii_case("false"), range));
        }
    }
    Cut { sections: vec![section], ..Cut::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Language;
    use crate::span::FileId;

    #[test]
    fn what_a_file_of_yoyo_waits_for_stands_before_its_first_statement() {
        let text = "-- Boats.\n-- depends: 0001.a  0002.b\n--depends: 0003.c\nDROP TABLE a;\n-- depends: 0004.d\n";
        let file = SourceFile::of_text(FileId(0), "m/0005.boats.sql", text, Language::Sql);
        let revision = yoyo_revision(&file).expect("the file has a name");
        let shown = |parent: &Known<RevisionId>| match parent {
            Known::Known(id, span) => (id.to_string(), span.slice(text).to_owned()),
            Known::Unknown(unknown) => (unknown.text.clone(), String::new()),
        };
        let parents: Vec<_> = revision.parents.iter().map(shown).collect();
        let expected = ["0001.a", "0002.b", "0003.c"].map(|name| (name.to_owned(), name.to_owned()));
        assert_eq!((revision.id.name.as_str(), parents), ("0005.boats", expected.to_vec()));
    }
}

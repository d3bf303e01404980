//! Comments that look like a marker of a runner and are none: misspelt, or in a place where the runner does not look.
//!
//! A comment counts only where it begins as the runner's markers do, so that prose is left alone.

use std::ops::Range;

use super::sections::{POSTGRES_MIGRATIONS, SQLX, TERN_DISABLE, TERN_DIVIDER, dbmate_marker, transactional};
use super::{atlas, comment, lines, liquibase};
use crate::diagnostic::Severity;
use crate::source::{Problem, Runner, SourceFile};
use crate::span::Span;

/// What is wrong with a comment: what the runner makes of it, and what was probably meant.
struct Wrong {
    message: String,
    help: String,
}

/// More of them in one file are one mistake, and said once.
const MOST: usize = 20;

/// The comments of `file` that look like markers and are none.
pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let mut found = Vec::new();
    let heading = atlas::heading(&file.text);
    for (range, line) in lines(&file.text) {
        let Some(said) = comment(line) else { continue };
        let Some(mut wrong) = wrong(file, heading, &range, line, said) else { continue };
        if line.contains('\r') {
            wrong = one_line(file.runner);
        }
        let start = range.start + (line.len() - line.trim_start().len());
        found.push(Problem {
            rule: "unknown-marker",
            span: Span::new(file.id, start, range.end.max(start)),
            severity: Severity::Warning,
            message: wrong.message,
            help: Some(wrong.help),
        });
        if found.len() == MOST {
            break;
        }
    }
    found
}

/// What begins a marker of which runner.
fn wrong(file: &SourceFile, heading: usize, range: &Range<usize>, line: &str, said: &str) -> Option<Wrong> {
    let lower = said.get(..said.floor_char_boundary(40)).unwrap_or(said).to_ascii_lowercase();
    let lower = lower.as_str();
    let runner = file.runner;
    if lower.starts_with("+goose") || (runner == Runner::Goose && lower.starts_with("goose")) {
        goose(line, said)
    } else if lower.starts_with("+migrate") {
        sql_migrate(line, said)
    } else if lower.starts_with("migrate:") || (runner == Runner::Dbmate && lower.starts_with("migrate ")) {
        dbmate(line, said)
    } else if lower.starts_with("atlas:") || lower.starts_with("atlas ") && runner == Runner::Atlas {
        atlas_directive(heading, range, line, said)
    } else if lower.starts_with("postgres-migration") || lower.starts_with("postgres_migration") {
        // A project that loads its files itself has markers of its own.
        let meant = lower.contains("transact") || nearest(said, &[POSTGRES_MIGRATIONS]).is_some();
        (meant && !line.contains(POSTGRES_MIGRATIONS))
            .then(|| misspelt(said, "postgres-migrations", POSTGRES_MIGRATIONS))
    } else if lower.starts_with("tern:") || lower.starts_with("create above") {
        tern(file, range, line, said)
    } else if lower.starts_with("no") {
        no_transaction(file, range, line, lower)
    } else if runner == Runner::Yoyo && lower.starts_with("transaction") {
        yoyo(file, range, line, said)
    } else if lower.starts_with("> statement")
        || lower.starts_with(">statement")
        || lower.starts_with("statement-break")
    {
        (!line.contains("--> statement-breakpoint"))
            .then(|| misspelt(said, "Drizzle", "--> statement-breakpoint"))
            .filter(|_| nearest(said, &["statement-breakpoint"]).is_some())
    } else if runner == Runner::Liquibase {
        liquibase_marker(line, said)
    } else if range.start == 0 && lower.starts_with("liqu") && lower.len() < 40 {
        close("liquibase formatted sql", &lower.split_whitespace().collect::<Vec<_>>().join(" "), 4)
            .then(|| misspelt(said, "Liquibase", "--liquibase formatted sql"))
    } else if runner == Runner::NodePgMigrate {
        node_pg_migrate(line, said)
    } else {
        None
    }
}

/// Lines that end as they did on the first Macintosh.
fn one_line(runner: Runner) -> Wrong {
    Wrong {
        message: format!(
            "a carriage return alone ends no line for {}, which takes this for one comment",
            runner.as_str()
        ),
        help: "end the lines of the file with a line feed".to_owned(),
    }
}

fn misspelt(said: &str, runner: &str, meant: &str) -> Wrong {
    Wrong {
        message: format!("`{said}` is no marker of {runner}, which takes it for a comment"),
        help: format!("did you mean `{meant}`?"),
    }
}

/// Whether two words differ in `most` letters or fewer.
fn close(a: &str, b: &str, most: usize) -> bool {
    a.len().abs_diff(b.len()) <= most && strsim::damerau_levenshtein(a, b) <= most
}

/// The word of a list that `said` is most likely a slip of. Blanks, dashes and case do not count.
fn nearest<'w>(said: &str, words: &[&'w str]) -> Option<&'w str> {
    let bare = |word: &str| -> String {
        word.chars().filter(|c| c.is_alphanumeric()).take(64).map(|c| c.to_ascii_lowercase()).collect()
    };
    let said = bare(said);
    let distance = |word: &str| strsim::damerau_levenshtein(&said, &bare(word));
    let limit = (said.chars().count() / 3).max(1);
    words
        .iter()
        .map(|word| (distance(word), *word))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, word)| word)
}

fn goose(line: &str, said: &str) -> Option<Wrong> {
    const WORDS: &[&str] =
        &["Up", "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION", "ENVSUB ON", "ENVSUB OFF"];
    let rest = said.get(if said.starts_with('+') { "+goose".len() } else { "goose".len() }..)?.trim();
    let known = WORDS.iter().any(|word| word.eq_ignore_ascii_case(rest));
    if !said.starts_with('+') {
        let meant = nearest(rest, WORDS)?;
        return Some(misspelt(said, "goose", &format!("-- +goose {meant}")));
    }
    if known && line.starts_with([' ', '\t']) {
        return Some(Wrong {
            message: "goose refuses a marker that white space stands before".to_owned(),
            help: format!("start the line with `-- {said}`"),
        });
    }
    if known {
        return None;
    }
    let help = match nearest(rest, WORDS) {
        Some(meant) => format!("did you mean `-- +goose {meant}`?"),
        None => format!("goose knows {}", WORDS.join(", ")),
    };
    Some(Wrong { message: format!("goose knows no marker `{said}` and refuses the file"), help })
}

fn sql_migrate(line: &str, said: &str) -> Option<Wrong> {
    const WORDS: &[&str] = &["Up", "Down", "StatementBegin", "StatementEnd"];
    let mut words = said.get("+migrate".len()..)?.split_whitespace();
    let word = words.next().unwrap_or_default();
    let options: Vec<&str> = words.collect();
    let well = line.starts_with("-- +migrate ") && WORDS.contains(&word);
    if well && options.iter().all(|option| *option == "notransaction") {
        return None;
    }
    let meant = nearest(word, WORDS).unwrap_or("Up");
    let option = if options.is_empty() { "" } else { " notransaction" };
    let written = format!("-- +migrate {meant}{option}");
    let strange = options.iter().find(|option| **option != "notransaction").filter(|_| well);
    Some(match strange {
        Some(option) => Wrong {
            message: format!("sql-migrate knows no option `{option}` and passes it over"),
            help: format!("did you mean `{written}`?"),
        },
        None => misspelt(said, "sql-migrate", &written),
    })
}

fn dbmate(line: &str, said: &str) -> Option<Wrong> {
    let Some((word, options)) = dbmate_marker(line) else {
        let rest = said.get("migrate:".len()..)?;
        let (word, options) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let meant = nearest(word, &["up", "down"])?;
        let space = if options.is_empty() { "" } else { " " };
        return Some(misspelt(said, "dbmate", &format!("-- migrate:{meant}{space}{}", options.trim())));
    };
    let strange = options.split_whitespace().find(|pair| !matches!(*pair, "transaction:false" | "transaction:true"))?;
    // Options are pairs; dbmate passes over those that it does not know, as it does over prose behind the marker.
    let meant = nearest(strange, &["transaction:false", "transaction:true"])?;
    Some(Wrong {
        message: format!("dbmate knows no option `{strange}` and passes it over"),
        help: format!("did you mean `-- migrate:{word} {meant}`?"),
    })
}

/// `heading` is where the comments end in which directives of the file count.
fn atlas_directive(heading: usize, range: &Range<usize>, line: &str, said: &str) -> Option<Wrong> {
    const NAMES: &[&str] = &["txmode", "delimiter", "checkpoint", "nolint", "sum", "import", "txtar", "baseline"];
    let (name, arguments) = atlas::directive(line.trim()).or_else(|| said.get(6..)?.split_once(' '))?;
    if !NAMES.contains(&name) {
        let meant = nearest(name, NAMES)?;
        return Some(misspelt(said, "Atlas", format!("-- atlas:{meant} {arguments}").trim_end()));
    }
    if name != "txmode" {
        return None;
    }
    if !matches!(arguments, "none" | "file") {
        let meant = nearest(arguments, &["none", "file"]).unwrap_or("file");
        return Some(Wrong {
            message: format!("Atlas takes no `{arguments}` for the transaction mode of a file and refuses it"),
            help: format!("did you mean `-- atlas:txmode {meant}`?"),
        });
    }
    (range.start >= heading).then(|| Wrong {
        message: "Atlas does not see this: the comments at the start of the file end with an empty line".to_owned(),
        help: "put it on the first line, and an empty line (without a carriage return) behind it".to_owned(),
    })
}

fn tern(file: &SourceFile, range: &Range<usize>, line: &str, said: &str) -> Option<Wrong> {
    if said.to_ascii_lowercase().starts_with("create above") {
        let near = close("create above / drop below", said.trim_end_matches(['-', ' ']), 6);
        return (near && !line.contains(TERN_DIVIDER)).then(|| misspelt(said, "tern", TERN_DIVIDER));
    }
    let rest = file.text.get(range.end..).unwrap_or_default();
    if line == TERN_DISABLE && rest.starts_with('\r') && !rest.trim().is_empty() {
        return Some(Wrong {
            message: "tern does not see this marker: a carriage return ends the line".to_owned(),
            help: "end the lines of the file with a line feed alone".to_owned(),
        });
    }
    (line != TERN_DISABLE).then(|| misspelt(said, "tern", TERN_DISABLE))
}

fn no_transaction(file: &SourceFile, range: &Range<usize>, line: &str, lower: &str) -> Option<Wrong> {
    let bare: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    // Prose can begin so, too: the marker is all there is.
    if !close("notransaction", &bare, 2) {
        return None;
    }
    match file.runner {
        Runner::Goose => Some(misspelt(lower, "goose", "-- +goose NO TRANSACTION")),
        Runner::Sqlx | Runner::Plain if line.starts_with(SQLX) && range.start == 0 => None,
        Runner::Sqlx if line.starts_with(SQLX) => Some(Wrong {
            message: "sqlx reads `-- no-transaction` at the very start of a file and nowhere else".to_owned(),
            help: "move it to the first line".to_owned(),
        }),
        Runner::Sqlx => Some(misspelt(lower, "sqlx", SQLX)),
        Runner::Plain if range.start == 0 => Some(misspelt(lower, "sqlx", SQLX)),
        _ => None,
    }
}

fn yoyo(file: &SourceFile, range: &Range<usize>, line: &str, said: &str) -> Option<Wrong> {
    let Some(value) = transactional(line) else {
        let word = said.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let value = said.get(word.len()..)?.trim_start().strip_prefix([':', '='])?.trim();
        return nearest(word, &["transactional"])
            .map(|_| misspelt(said, "yoyo", &format!("-- transactional: {}", value.to_ascii_lowercase())));
    };
    if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") {
        return Some(Wrong {
            message: format!("yoyo takes no `{value}` for `transactional` and refuses the file"),
            help: "write `-- transactional: false` or `-- transactional: true`".to_owned(),
        });
    }
    if file.down {
        return Some(Wrong {
            message: "yoyo reads `-- transactional` in the file that goes forward, for both ways, and not here"
                .to_owned(),
            help: "move it to the first line of that file".to_owned(),
        });
    }
    let before = file.text.get(..range.start).unwrap_or_default();
    let leads = before.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with("--"));
    (!leads).then(|| Wrong {
        message: "yoyo reads `-- transactional` before the first statement and nowhere else".to_owned(),
        help: "move it to the first line".to_owned(),
    })
}

fn node_pg_migrate(line: &str, said: &str) -> Option<Wrong> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let [first, second] = words.as_slice() else { return None };
    let direction = ["Up", "Down"].into_iter().find(|word| word.eq_ignore_ascii_case(first))?;
    let near =
        close("migration", &second.to_ascii_lowercase(), 2) && super::sections::migration_comment(line).is_none();
    near.then(|| misspelt(said, "node-pg-migrate", &format!("-- {direction} Migration")))
}

fn liquibase_marker(line: &str, said: &str) -> Option<Wrong> {
    const ATTRIBUTES: &[&str] = &[
        "runInTransaction",
        "splitStatements",
        "stripComments",
        "endDelimiter",
        "runOnChange",
        "runAlways",
        "failOnError",
        "dbms",
        "context",
        "contextFilter",
        "labels",
        "logicalFilePath",
        "rollbackSplitStatements",
        "rollbackEndDelimiter",
        "runOrder",
        "runWith",
        "ignore",
        "created",
        "objectQuotingStrategy",
        "validCheckSum",
    ];
    if let Some(attributes) = liquibase::changeset(line) {
        // The first pair is author and id.
        let mut pairs = attributes.split_whitespace().skip(1).filter_map(|pair| pair.split_once([':', '=']));
        return pairs.find_map(|(key, value)| {
            if ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                return None;
            }
            let meant = nearest(key, ATTRIBUTES)?;
            Some(Wrong {
                message: format!("Liquibase knows no attribute `{key}` and passes it over"),
                help: format!("did you mean `{meant}:{value}`?"),
            })
        });
    }
    let word = said.split_whitespace().next()?;
    if word.eq_ignore_ascii_case("changeset") {
        return None;
    }
    let author = said.get(word.len()..)?.split_whitespace().next()?;
    let slip = close("changeset", &word.to_ascii_lowercase(), 2) && author.contains(':');
    slip.then(|| misspelt(said, "Liquibase", &format!("--changeset{}", said.get(word.len()..).unwrap_or_default())))
}

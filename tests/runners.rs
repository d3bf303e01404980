//! `fixtures/runners` holds a small project for each migration runner, laid out as that runner wants it. For each there
//! is a snapshot of what is recognised and of every operation; and, written by hand from the runner's documentation and
//! from what the real one did (fixtures/runners/README.md), the transaction that each operation runs in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use ddlint::source::Runner;

use crate::support::{ddlint, root, same_as_committed};

/// The file, its direction, and the transaction of its operations: one word for all of them, or one for each in order.
/// BEGIN, COMMIT and the like are left out.
type Row = (&'static str, &'static str, &'static str);

/// What each project is, read with the eyes of its runner. A project without rows has no operations.
#[rustfmt::skip]
const EXPECTED: &[(&str, &[Row])] = &[
    ("aerich", &[
        ("migrations/models/0_20240301090000_init.py", "up", "runner"),
        ("migrations/models/1_20240308143000_index_harvest.py", "up", "none"),
        // Only the way forward is asked for outside a transaction.
        ("migrations/models/1_20240308143000_index_harvest.py", "down", "runner"),
        // The query is sent by itself; what is returned is one string, which the server runs in one transaction.
        ("migrations/models/2_20240402081500_sort.py", "up", "none runner runner"),
        ("migrations/models/2_20240402081500_sort.py", "down", "runner"),
        ("migrations/models/10_20240711170000_drop_sort.py", "up", "runner"),
        ("migrations/models/10_20240711170000_drop_sort.py", "down", "runner"),
        // Before 0.6 files were SQL.
        ("migrations/old/0_20211212183750_init.sql", "up", "runner"),
        ("migrations/old/0_20211212183750_init.sql", "down", "runner"),
    ]),
    ("atlas", &[
        ("migrations/20240601093000_venues.sql", "up", "runner"),
        ("migrations/20240608140000_tickets_by_venue.sql", "up", "none"),
        ("migrations/20240615101500_ticket_price.sql", "up", "runner"),
    ]),
    ("dbmate", &[
        ("db/migrations/20240311081500_create_appointments.sql", "up", "runner"),
        ("db/migrations/20240311081500_create_appointments.sql", "down", "runner"),
        ("db/migrations/20240318140200_index_appointments.sql", "up", "none"),
        ("db/migrations/20240318140200_index_appointments.sql", "down", "none"),
        // Two statements in one string: the server runs them in a transaction of its own, whatever the marker says.
        ("db/migrations/20240402093000_split_reminders.sql", "up", "runner"),
        ("db/migrations/20240402093000_split_reminders.sql", "down", "runner"),
    ]),
    ("diesel", &[
        ("migrations/00000000000000_diesel_initial_setup/up.sql", "up", "runner"),
        ("migrations/00000000000000_diesel_initial_setup/down.sql", "down", "runner"),
        ("migrations/2024-02-01-120000_create_recipes/up.sql", "up", "runner"),
        ("migrations/2024-02-01-120000_create_recipes/down.sql", "down", "runner"),
        ("migrations/2024-02-20-091500_index_recipe_titles/up.sql", "up", "none"),
        ("migrations/2024-02-20-091500_index_recipe_titles/down.sql", "down", "none"),
    ]),
    ("drizzle", &[
        ("drizzle/0000_brave_falcon.sql", "up", "runner"),
        ("drizzle/0001_quiet_otter.sql", "up", "runner"),
        ("drizzle/0002_index_episodes.sql", "up", "none"),
    ]),
    ("flyway", &[
        ("src/main/resources/db/migration/V1__create_accounts.sql", "up", "runner"),
        ("src/main/resources/db/migration/V2__index_transfers.sql", "up", "none"),
        ("src/main/resources/db/migration/V3__add_reference.sql", "up", "runner"),
        ("src/main/resources/db/migration/V4__rebuild_index.sql", "up", "none"),
        ("src/main/resources/db/migration/U3__add_reference.sql", "down", "runner"),
        ("src/main/resources/db/migration/R__balances.sql", "up", "runner"),
    ]),
    ("golang-migrate", &[
        ("db/migrations/000001_create_books.up.sql", "up", "explicit"),
        ("db/migrations/000001_create_books.down.sql", "down", "explicit"),
        ("db/migrations/000002_index_loans_due_on.up.sql", "up", "none"),
        ("db/migrations/000002_index_loans_due_on.down.sql", "down", "none"),
        ("db/migrations/000003_add_renewals.up.sql", "up", "runner"),
        ("db/migrations/000003_add_renewals.down.sql", "down", "runner"),
    ]),
    ("goose", &[
        ("migrations/20240110090000_create_parcels.sql", "up", "runner"),
        ("migrations/20240110090000_create_parcels.sql", "down", "runner"),
        ("migrations/20240115103000_index_parcels.sql", "up", "none"),
        ("migrations/20240115103000_index_parcels.sql", "down", "none"),
        ("migrations/20240202160500_grant_to_reader.sql", "up", "runner"),
        ("migrations/20240202160500_grant_to_reader.sql", "down", "runner"),
    ]),
    ("hasura", &[
        ("migrations/default/1704963600000_create_table_singers/up.sql", "up", "runner"),
        ("migrations/default/1704963600000_create_table_singers/down.sql", "down", "runner"),
        ("migrations/default/1705568400000_alter_table_singers_add_column_joined_on/up.sql", "up", "runner"),
        ("migrations/default/1705568400000_alter_table_singers_add_column_joined_on/down.sql", "down", "runner"),
    ]),
    ("liquibase", &[
        ("db/changelog/changes/001-rooms.sql", "up", "runner"),
        ("db/changelog/changes/001-rooms.sql", "down", "runner"),
        ("db/changelog/changes/002-index-bookings.sql", "up", "none runner"),
        ("db/changelog/changes/002-index-bookings.sql", "down", "none runner"),
    ]),
    ("node-pg-migrate", &[
        ("migrations/1709020800000_create-plots.sql", "up", "runner"),
        ("migrations/1709020800000_create-plots.sql", "down", "runner"),
        ("migrations/1709107200000_index-leases.sql", "up", "runner"),
        ("migrations/1709107200000_index-leases.sql", "down", "runner"),
        ("migrations/1709193600000_add-water-meter.sql", "up", "runner"),
    ]),
    // Nobody knows who applies a plain folder, and how.
    ("numbered", &[
        ("sql/001_create_loaves.sql", "up", "unknown"),
        ("sql/002_add_price.sql", "up", "unknown"),
        ("sql/003_index_flour.sql", "up", "unknown"),
    ]),
    ("peewee-migrate", &[
        ("migrations/001_ferry.py", "up", "runner"),
        ("migrations/001_ferry.py", "down", "runner"),
        ("migrations/002_delays.py", "up", "runner"),
        ("migrations/002_delays.py", "down", "runner"),
    ]),
    ("piccolo", &[
        ("choir/piccolo_migrations/choir_2024_04_05t10_00_00_120000.py", "up", "runner"),
        ("choir/piccolo_migrations/choir_2024_04_05t10_00_00_120000.py", "down", "runner"),
        ("choir/piccolo_migrations/choir_2024_04_19t18_30_00_000000.py", "up", "none"),
        ("choir/piccolo_migrations/choir_2024_04_19t18_30_00_000000.py", "down", "none"),
        ("choir/piccolo_migrations/choir_2024_05_02t09_15_00_000000.py", "up", "runner"),
        ("choir/piccolo_migrations/choir_2024_05_02t09_15_00_000000.py", "down", "runner"),
    ]),
    // A transaction around a single statement, unlike golang-migrate, whose names it has: the index fails.
    ("pop", &[
        ("migrations/20240410080000_create_ferries.up.sql", "up", "runner"),
        ("migrations/20240410080000_create_ferries.down.sql", "down", "runner"),
        ("migrations/20240417080000_index_sailings.up.sql", "up", "runner"),
        ("migrations/20240417080000_index_sailings.down.sql", "down", "runner"),
    ]),
    ("postgres-migrations", &[
        ("migrations/1_create-teams.sql", "up", "runner"),
        ("migrations/2_index-answers.sql", "up", "none"),
        ("migrations/3_rename-points.sql", "up", "runner"),
    ]),
    ("prisma", &[
        ("prisma/migrations/20240204101112_init/migration.sql", "up", "runner"),
        ("prisma/migrations/20240219143000_issue_subscriber_index/migration.sql", "up", "none"),
        ("prisma/migrations/20240301090000_issue_sent_at/migration.sql", "up", "runner"),
    ]),
    ("psql", &[
        ("steps/010_telescopes.sql", "up", "explicit"),
        ("steps/020_index.sql", "up", "none explicit explicit none"),
    ]),
    // Rails migrations are Ruby, and structure.sql is a dump.
    ("rails", &[]),
    ("refinery", &[
        ("migrations/V1__stations.sql", "up", "runner"),
        ("migrations/V2__index_readings.sql", "up", "runner"),
        // For refinery the U stands for unversioned, not for undo.
        ("migrations/U3__station_names.sql", "up", "runner"),
    ]),
    ("sqitch", &[
        ("deploy/exhibits.sql", "up", "explicit"),
        ("deploy/exhibit_index.sql", "up", "none"),
        ("deploy/loans.sql", "up", "explicit"),
        ("revert/exhibits.sql", "down", "explicit"),
        ("revert/exhibit_index.sql", "down", "none"),
        ("revert/loans.sql", "down", "explicit"),
    ]),
    ("sql-migrate", &[
        ("migrations/1-create_hives.sql", "up", "runner"),
        ("migrations/1-create_hives.sql", "down", "runner"),
        ("migrations/2-index_hives.sql", "up", "none"),
        ("migrations/2-index_hives.sql", "down", "none"),
        ("migrations/3-add_harvests.sql", "up", "runner"),
        ("migrations/3-add_harvests.sql", "down", "runner"),
    ]),
    ("sqlx", &[
        ("migrations/20240301100000_stalls.up.sql", "up", "runner"),
        ("migrations/20240301100000_stalls.down.sql", "down", "runner"),
        ("migrations/20240312083000_takings_by_day.up.sql", "up", "none"),
        ("migrations/20240312083000_takings_by_day.down.sql", "down", "none"),
        ("reports/migrations/20240405070000_monthly_report.sql", "up", "runner"),
        // Out of sqlx's transaction, but both statements are in one string.
        ("reports/migrations/20240406070000_index_report.sql", "up", "runner"),
    ]),
    ("supabase", &[
        ("supabase/migrations/20240512190000_tools.sql", "up", "runner"),
        // Sent by itself since 2.109 of the command line (supabase/cli, pull requests 5671 and 6276).
        ("supabase/migrations/20240519120000_index_tools_owner.sql", "up", "none"),
        ("supabase/migrations/20240601080000_lend_until.sql", "up", "runner"),
    ]),
    ("tern", &[
        ("001_create_crossings.sql", "up", "runner"),
        ("001_create_crossings.sql", "down", "runner"),
        ("002_index_passengers.sql", "up", "none"),
        ("002_index_passengers.sql", "down", "none"),
        ("003_add_deck.sql", "up", "runner"),
        ("003_add_deck.sql", "down", "runner"),
    ]),
    ("tsql", &[
        ("migrations/0001_create_jobs.sql", "up", "none"),
        ("migrations/0002_add_mileage.sql", "up", "explicit"),
    ]),
    ("yoyo", &[
        ("migrations/0001.create-bicycles.sql", "up", "runner"),
        ("migrations/0001.create-bicycles.rollback.sql", "down", "runner"),
        ("migrations/0002.index-rides.sql", "up", "none"),
        ("migrations/0002.index-rides.rollback.sql", "down", "none"),
        ("migrations/0003.retire.py", "up", "runner"),
        ("migrations/0003.retire.py", "down", "runner"),
        ("migrations/0004.lights.py", "up", "none"),
        ("migrations/0004.lights.py", "down", "none"),
    ]),
];

fn fixtures() -> PathBuf {
    root().join("fixtures/runners")
}

/// A copy of a runner's project.
pub(crate) fn copy(name: &str) -> tempfile::TempDir {
    copy_of(&fixtures().join(name))
}

/// A copy of a project at a place of its own: below `fixtures` it would be taken for the test that it is.
pub(crate) fn copy_of(project: &Path) -> tempfile::TempDir {
    fn copy_folder(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("the project is there") {
            let entry = entry.expect("the project is there");
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy_folder(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).expect("a copy");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_folder(project, folder.path());
    folder
}

/// The operations of the sources in a folder, as `ddlint explain` tells them.
pub(crate) fn explain(folder: &Path) -> Vec<Value> {
    let run = ddlint(folder, &["explain", ".", "--output-format", "json"]);
    if run.code != 0 {
        return Vec::new();
    }
    let json: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.out));
    json["operations"].as_array().cloned().unwrap_or_default()
}

fn text<'a>(operation: &'a Value, field: &str) -> &'a str {
    operation[field].as_str().unwrap_or("-")
}

/// One line an operation: what the reviewer of a snapshot looks at.
pub(crate) fn lines(operations: &[Value]) -> String {
    operations.iter().fold(String::new(), |mut lines, operation| {
        let [path, direction, transaction, kind, table, name] =
            ["path", "direction", "transaction", "kind", "table", "name"].map(|field| text(operation, field));
        let line = &operation["line"];
        let _ = writeln!(lines, "{path}:{line} {direction} {transaction} {kind} {table} {name}");
        lines
    })
}

/// The transactions of a file in one direction: one word where they are all the same.
fn found(operations: &[Value]) -> BTreeMap<(String, String), String> {
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for operation in operations.iter().filter(|one| !text(one, "kind").starts_with("transaction.")) {
        let place = (text(operation, "path").to_owned(), text(operation, "direction").to_owned());
        found.entry(place).or_default().push(text(operation, "transaction").to_owned());
    }
    let word = |words: Vec<String>| match words.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone(),
        _ => words.join(" "),
    };
    found.into_iter().map(|(place, words)| (place, word(words))).collect()
}

/// Snapshots in `folder`, one file for each name.
pub(crate) fn snapshots(folder: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(folder);
    settings
}

#[test]
fn every_project_has_its_expectations() {
    let folders = std::fs::read_dir(fixtures()).expect("the fixtures are there");
    let mut names: Vec<_> = folders
        .map(|entry| entry.expect("the fixtures are there"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let expected: Vec<_> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected);
}

#[test]
fn every_operation_runs_in_the_transaction_that_its_runner_gives_it() {
    let mut wrong = String::new();
    for (name, rows) in EXPECTED {
        let found = found(&explain(copy(name).path()));
        let expected: BTreeMap<_, _> = rows
            .iter()
            .map(|(path, way, words)| (((*path).to_owned(), (*way).to_owned()), (*words).to_owned()))
            .collect();
        for place in found.keys().chain(expected.keys().filter(|place| !found.contains_key(*place))) {
            let (is, should) = (found.get(place), expected.get(place));
            if is != should {
                let or = |words: Option<&String>| words.map_or("not there", String::as_str).to_owned();
                let _ = writeln!(wrong, "{name}/{} {}: {}, should be {}", place.0, place.1, or(is), or(should));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Writes (with `DDLINT_BLESS` set) or checks the page that is generated from what the program knows of each runner.
#[test]
fn the_documentation_of_runners_is_that_of_the_table() {
    let mut page = String::from(INTRODUCTION);
    for runner in Runner::ALL {
        let about = runner.about();
        let _ = write!(page, "\n## {}\n\n", runner.as_str());
        let rows = [
            ("Recognised by", about.recognised),
            ("Up and down", about.directions),
            ("Order", about.order),
            ("Transaction", about.transaction),
            ("To leave it out", about.opt_out.unwrap_or("—")),
            ("Filled in", about.placeholders),
            ("Source", runner.source()),
        ];
        for (name, said) in rows.into_iter().filter(|(_, said)| *said != "—") {
            let _ = writeln!(page, "- **{name}:** {said}");
        }
    }
    same_as_committed("docs/runners.md", &page);
}

const INTRODUCTION: &str = "\
# Runners

Generated from `src/source/runner.rs` by `DDLINT_BLESS=1 cargo test documentation_of_runners`.

A file is read as the program that applies it would: which part of it goes up, what is sent to the server in one string,
and whether a transaction is open. That program is recognised without configuration, for each file by itself. A marker in
the file counts before what lies beside it or above it, and that before what the file is called. What lies above is
looked at up to the top of the repository, whatever folder ddlint is started in.

`ddlint check --show-files` says for each file what was recognised, and why. Where it is wrong, say so:

```toml
[[source]]
path = \"services/billing/sql\"
runner = \"dbmate\"
dialect = \"mysql\"
transaction = false
```

The first `[[source]]` whose `path` fits and that says something of the matter counts. PostgreSQL runs several statements
of one string in one transaction, also where the runner opens none; \"one string\" below is about that. A source that ends
in \"run\" was compared with the real program on a real server
([what they did](../fixtures/runners/README.md#what-the-real-runners-did)).
";

#[test]
fn what_is_recognised_and_read_of_every_project() {
    snapshots("snapshots/runners").bind(|| {
        for (name, _) in EXPECTED {
            let folder = copy(name);
            let files = ddlint(folder.path(), &["check", ".", "--show-files"]);
            let operations = lines(&explain(folder.path()));
            insta::assert_snapshot!(*name, format!("{}{}\n{operations}", files.out, files.err));
        }
    });
}

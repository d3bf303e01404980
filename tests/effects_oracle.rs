//! What real servers do for the cases in fixtures/effects, against what the model says.
//!
//! `scripts/postgres` makes the servers available. Environment: `DDLINT_CASE` runs only the cases whose title contains
//! it, `DDLINT_LOCKS=kept` compares with the last measurement instead of measuring again, `DDLINT_BLESS` writes
//! docs/locks.md from what is measured.

mod cases;
mod compare;
mod document;
mod measure;
pub(crate) mod server;
mod world;

use std::io::Write as _;
use std::thread;

use serde_json::Value;

use cases::Case;
use measure::Run;
use server::Server;

/// Runs on one server, a place for each case.
type OfServer = (u8, Vec<Option<Run>>);

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/locks.json");

/// The majors that are asked, or `None` with a line that says why there are none.
pub(crate) fn majors() -> Option<Vec<u8>> {
    let majors = server::available();
    let wanted: Vec<u8> = (13..=18).collect();
    let missing: Vec<_> = wanted.iter().filter(|major| !majors.contains(major)).map(u8::to_string).collect();
    if missing.is_empty() {
        return Some(wanted);
    }
    let missing = missing.join(" ");
    assert!(
        std::env::var_os("CI").is_none(),
        "no psql, or no PostgreSQL {missing}: scripts/postgres install {missing}"
    );
    // Past the test harness, which shows what a test prints only where it fails.
    let line = format!("skipped: no psql, or no PostgreSQL {missing}; scripts/postgres install {missing} brings them");
    let _ = writeln!(std::io::stderr(), "{line}");
    None
}

/// Runs the cases on all servers at once.
fn measure(majors: &[u8], cases: &[&Case]) -> Vec<OfServer> {
    thread::scope(|scope| {
        let started = majors.iter().map(|major| scope.spawn(|| (*major, measure::all(&Server::start(*major), cases))));
        let started: Vec<_> = started.collect();
        started.into_iter().map(|server| server.join().expect("a server was asked")).collect()
    })
}

/// Keeps what was measured, so that the model can be compared with it again.
fn keep(runs: &[OfServer], cases: &[&Case]) {
    let of_server = |runs: &[Option<Run>]| {
        let runs = cases.iter().zip(runs).filter_map(|(case, run)| Some((case.title(), run.as_ref()?.to_json())));
        Value::Object(runs.collect())
    };
    let all: serde_json::Map<_, _> = runs.iter().map(|(major, runs)| (major.to_string(), of_server(runs))).collect();
    std::fs::write(KEPT, Value::Object(all).to_string()).expect("target is writable");
}

fn kept(cases: &[&Case]) -> Vec<OfServer> {
    let text = std::fs::read_to_string(KEPT).expect("a measurement was kept");
    let all: Value = serde_json::from_str(&text).expect("it is JSON");
    let of_server = |runs: &Value| cases.iter().map(|case| runs.get(case.title()).map(Run::of_json)).collect();
    let servers = all.as_object().into_iter().flatten();
    servers.map(|(major, runs)| (major.parse().expect("a major"), of_server(runs))).collect()
}

/// Compares docs/locks.md with what was measured now, or writes it.
fn compare_page(page: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/locks.md");
    if std::env::var_os("DDLINT_BLESS").is_some() {
        std::fs::write(path, page).expect("docs is writable");
        return;
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let differs = written.lines().zip(page.lines()).find(|(one, other)| one != other);
    assert!(
        written == page,
        "docs/locks.md is not what is measured now, DDLINT_BLESS=1 writes it anew; first difference: {differs:?}"
    );
}

#[test]
fn the_model_says_what_servers_do() {
    let Some(majors) = majors() else { return };
    let topics = cases::topics();
    let only = std::env::var("DDLINT_CASE").unwrap_or_default();
    let cases: Vec<_> =
        topics.iter().flat_map(|topic| &topic.cases).filter(|case| case.title().contains(&only)).collect();
    let runs = if std::env::var("DDLINT_LOCKS").is_ok_and(|how| how == "kept") {
        kept(&cases)
    } else {
        let runs = measure(&majors, &cases);
        if only.is_empty() {
            keep(&runs, &cases);
        }
        runs
    };
    let mut wrong = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        // The same sentence for several majors is said once.
        let mut said: Vec<(Vec<String>, String)> = Vec::new();
        for (major, runs) in &runs {
            let Some(run) = runs.get(at).and_then(Option::as_ref) else { continue };
            for sentence in compare::disagreements(case, *major, run) {
                match said.iter_mut().find(|(_, other)| *other == sentence) {
                    Some((majors, _)) => majors.push(major.to_string()),
                    None => said.push((vec![major.to_string()], sentence)),
                }
            }
        }
        wrong.extend(said.into_iter().map(|(majors, text)| format!("{} [{}]: {text}", case.title(), majors.join(" "))));
    }
    if only.is_empty() {
        compare_page(&document::page(&topics, &runs, &cases, wrong.len()));
    }
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
}

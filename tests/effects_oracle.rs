//! What real servers do for the cases in fixtures/effects, against what the model says.
//!
//! `scripts/locks` makes the servers available, runs this, and writes docs/locks.md from what was measured.

mod cases;
mod measure;
mod server;

use std::thread;

use cases::Case;
use measure::Run;
use server::Server;

/// The majors that are asked, or `None` with a line that says why there are none.
fn majors() -> Option<Vec<u8>> {
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
    println!("skipped: no psql, or no PostgreSQL {missing}; scripts/postgres install {missing} brings them");
    None
}

/// Runs the cases on all servers at once.
fn measure(majors: &[u8], cases: &[&Case]) -> Vec<(u8, Vec<Option<Run>>)> {
    thread::scope(|scope| {
        let started = majors.iter().map(|major| scope.spawn(|| (*major, measure::all(&Server::start(*major), cases))));
        let started: Vec<_> = started.collect();
        started.into_iter().map(|server| server.join().expect("a server was asked")).collect()
    })
}

#[test]
fn the_model_says_what_servers_do() {
    let Some(majors) = majors() else { return };
    let topics = cases::topics();
    let only = std::env::var("DDLINT_CASE").unwrap_or_default();
    let cases: Vec<_> =
        topics.iter().flat_map(|topic| &topic.cases).filter(|case| case.title().contains(&only)).collect();
    let start = std::time::Instant::now();
    let runs = measure(&majors, &cases);
    let kept: serde_json::Map<String, serde_json::Value> = runs.iter().map(|(major, runs)| {
        let runs = cases.iter().zip(runs).filter_map(|(case, run)| Some((case.title(), run.as_ref()?.to_json())));
        (major.to_string(), runs.collect::<serde_json::Map<_, _>>().into())
    }).collect();
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/target/locks.json"), serde_json::Value::from(kept).to_string()).expect("it can be written");
    for (at, case) in cases.iter().enumerate() {
        println!("## {}", case.title());
        let mut last = None;
        for (major, runs) in &runs {
            let Some(run) = &runs[at] else { continue };
            if last != Some(&run.measured) {
                println!("{major}: {:?}", run.measured);
            }
            last = Some(&run.measured);
        }
    }
    eprintln!("{:?}", start.elapsed());
}

//! Runs cases on a server and notes what it does.

use std::collections::{BTreeMap, BTreeSet};

use ddlint::effects::LockMode;
use serde_json::{Value, json};

use super::cases::Case;
use super::server::{Server, Session};

/// What a server does for a case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Measured {
    /// The error with which it refuses the statement, in a transaction block or not.
    pub(crate) error: Option<String>,
    /// It refuses the statement inside a transaction block.
    pub(crate) refuses_transaction: bool,
    /// For each relation that was there before, the modes that no other one of them implies.
    pub(crate) locks: BTreeMap<String, BTreeSet<LockMode>>,
    /// Tables and materialized views that get new storage with rows in it.
    pub(crate) rewrites: BTreeSet<String>,
    /// Indexes that were there before and are built anew.
    pub(crate) rebuilds: BTreeSet<String>,
    /// Tables with rows for which an index is built, new or anew.
    pub(crate) builds: BTreeSet<String>,
    /// Tables and materialized views that are read in full.
    pub(crate) scans: BTreeSet<String>,
}

/// A case on a server: what it did, and the state it met.
pub(crate) struct Run {
    /// What it did.
    pub(crate) measured: Measured,
    /// The schema just before.
    pub(crate) state: Value,
}

/// Runs every case meant for the server.
pub(crate) fn all(server: &Server, cases: &[&Case]) -> Vec<Option<Run>> {
    let mut session = server.session();
    let said = session.run(&format!(
        "\\set ON_ERROR_STOP 0\n{}\nALTER SYSTEM SET autovacuum = off;\nSELECT pg_reload_conf();\n\
         CREATE ROLE someone; CREATE ROLE other;",
        include_str!("probe.sql")
    ));
    assert_eq!(said, ["t"], "the probe is accepted by {}", server.major);
    session.run("COPY (SELECT 1) TO PROGRAM 'mkdir -p tablespace/one';");
    let folder = session.value("SHOW data_directory;");
    let said = session.run(&format!("CREATE TABLESPACE elsewhere LOCATION '{folder}/tablespace/one';"));
    assert!(said.iter().all(|line| line.starts_with("WARNING") || line.starts_with("LOCATION")), "{said:?}");
    let mut bench =
        Bench { session, worker: server.session(), holder: server.session(), schemas: 0, major: server.major };
    cases.iter().map(|case| case.runs_on(server.major).then(|| bench.case(case))).collect()
}

struct Bench {
    /// Sets up and looks; runs what a transaction block can hold.
    session: Session,
    /// Runs what none can hold.
    worker: Session,
    /// Holds what the worker waits for.
    holder: Session,
    schemas: u32,
    major: u8,
}

impl Bench {
    /// Makes a new schema with what is given, and returns its name and its state.
    fn set_up(&mut self, case: &Case) -> (String, Value) {
        self.schemas += 1;
        let schema = format!("s{}", self.schemas);
        let said = self
            .session
            .run(&format!("RESET ALL;\nCREATE SCHEMA {schema};\nSET search_path = {schema};\n{}", case.setup));
        let wrong = said.iter().find(|line| line.starts_with("ERROR"));
        assert!(wrong.is_none(), "{}: on {} what is given fails: {wrong:?}", case.title(), self.major);
        let state = self.session.value("SELECT oracle.state();");
        (schema, serde_json::from_str(&state).expect("the state is JSON"))
    }

    fn case(&mut self, case: &Case) -> Run {
        let (schema, mut state) = self.set_up(case);
        let said = self.session.run(&format!(
            "BEGIN;\nSELECT '@@before', oracle.counters();\nSET LOCAL client_min_messages = debug1;\n\\warn @@run\n{}\n\\warn @@ran\n\
             SET LOCAL client_min_messages = warning;\nSELECT '@@after', oracle.after(pg_backend_pid());\nROLLBACK;",
            case.statement
        ));
        let during = said.iter().skip_while(|line| *line != "@@run").take_while(|line| *line != "@@ran");
        let during: Vec<_> = during.cloned().collect();
        let after = said.iter().find_map(|line| line.strip_prefix("@@after|"));
        // Counters are handed on to the collector between two transactions, and start anew then.
        let before = said.iter().find_map(|line| line.strip_prefix("@@before|")).expect("counters are noted");
        state["counters"] = serde_json::from_str(before).expect("counters are JSON");
        let measured = match after {
            Some(after) => {
                let after: Value = serde_json::from_str(after).expect("what was noted is JSON");
                note(&state, &after, &during)
            }
            None if during.iter().any(|line| line.starts_with("ERROR:  25001")) => {
                self.outside(case, state.clone(), &schema)
            }
            None => Measured { error: error(&during), ..Measured::default() },
        };
        Run { measured, state }
    }

    /// A statement that no transaction block may hold. It is run several times; each time another session holds
    /// another lock on one of the relations, and what the statement has and wants while it waits is noted.
    fn outside(&mut self, case: &Case, state: Value, schema: &str) -> Measured {
        let mut all = Measured { refuses_transaction: true, ..Measured::default() };
        let tables: Vec<_> = state["storage"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, relation)| matches!(relation["kind"].as_str(), Some("r" | "p")))
            .map(|(_, relation)| relation["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        let modes = ["ACCESS SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"];
        let mut stages = vec![None];
        stages.extend(tables.iter().flat_map(|table| modes.iter().map(move |mode| Some((table.clone(), *mode)))));
        let mut first = Some((schema.to_owned(), state));
        for stage in stages {
            let (schema, state) = first.take().unwrap_or_else(|| self.set_up(case));
            let path = format!("SET search_path = {schema};");
            self.holder.run(&path);
            self.worker.run(&format!("RESET ALL; {path}"));
            if let Some((table, mode)) = &stage {
                self.holder.run(&format!("BEGIN; LOCK TABLE ONLY {table} IN {mode} MODE;"));
            }
            self.worker.send(&format!(
                "SET client_min_messages = debug1;\n\\warn @@run\n{}\n\\warn @@ran\nRESET client_min_messages;",
                case.statement
            ));
            let mut locks = Value::Null;
            if stage.is_some() {
                let waiting = self.session.value(&format!("SELECT oracle.wait({});", self.worker.pid));
                locks = serde_json::from_str(&waiting).expect("what was noted is JSON");
                self.holder.run("ROLLBACK;");
            }
            let during = self.worker.finish();
            if let Some(error) = error(&during) {
                all.error = Some(error);
                return all;
            }
            let mut after: Value = serde_json::from_str(&self.session.value("SELECT oracle.after(0);")).expect("JSON");
            after["locks"] = locks;
            // The counters of what has been committed are elsewhere; its messages tell enough.
            after["counters"] = Value::Null;
            all.add(note(&state, &after, &during));
        }
        all
    }
}

impl Measured {
    fn add(&mut self, other: Self) {
        for (relation, modes) in other.locks {
            self.locks.entry(relation).or_default().extend(modes);
        }
        for modes in self.locks.values_mut() {
            strongest(modes);
        }
        self.rewrites.extend(other.rewrites);
        self.rebuilds.extend(other.rebuilds);
        self.builds.extend(other.builds);
        self.scans.extend(other.scans);
    }
}

/// What was measured, to be kept in a file.
impl Run {
    /// As JSON.
    pub(crate) fn to_json(&self) -> Value {
        let measured = &self.measured;
        let modes = |modes: &BTreeSet<LockMode>| modes.iter().map(|mode| mode.as_str()).collect::<Vec<_>>();
        let locks: BTreeMap<_, _> = measured.locks.iter().map(|(name, all)| (name, modes(all))).collect();
        json!({
            "error": measured.error, "refuses_transaction": measured.refuses_transaction, "locks": locks,
            "rewrites": measured.rewrites, "rebuilds": measured.rebuilds, "builds": measured.builds,
            "scans": measured.scans, "state": self.state,
        })
    }

    /// From what [`Self::to_json`] wrote.
    pub(crate) fn of_json(value: &Value) -> Self {
        let names = |key: &str| {
            value[key].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
        };
        let modes =
            |value: &Value| value.as_array().into_iter().flatten().filter_map(|name| mode(name.as_str()?)).collect();
        let measured = Measured {
            error: value["error"].as_str().map(str::to_owned),
            refuses_transaction: value["refuses_transaction"] == true,
            locks: value["locks"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, all)| (name.clone(), modes(all)))
                .collect(),
            rewrites: names("rewrites"),
            rebuilds: names("rebuilds"),
            builds: names("builds"),
            scans: names("scans"),
        };
        Self { measured, state: value["state"].clone() }
    }
}

fn error(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| line.strip_prefix("ERROR:  ")).map(str::to_owned)
}

/// The name in quotes after `words` in a message.
fn quoted<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    line.split_once(words)?.1.split('"').next()
}

fn note(state: &Value, after: &Value, messages: &[String]) -> Measured {
    let empty = serde_json::Map::new();
    let before = state["storage"].as_object().unwrap_or(&empty);
    let now = after["storage"].as_object().unwrap_or(&empty);
    let name = |oid: &str| before.get(oid).and_then(|relation| relation["name"].as_str()).map(str::to_owned);
    let mut measured = Measured::default();
    for lock in after["locks"].as_array().into_iter().flatten() {
        let relation = lock[0].as_str().and_then(name);
        if let (Some(relation), Some(mode)) = (relation, lock[1].as_str().and_then(mode)) {
            measured.locks.entry(relation).or_default().insert(mode);
        }
    }
    for modes in measured.locks.values_mut() {
        strongest(modes);
    }
    for (oid, relation) in before {
        let Some(later) = now.get(oid) else { continue };
        let name = relation["name"].as_str().unwrap_or_default();
        let renewed = relation["file"] != later["file"] && !later["file"].is_null();
        match relation["kind"].as_str() {
            // What is written anew is read for it, but for the rows of a materialized view, which are read elsewhere.
            Some("r") if renewed && later["size"].as_u64() > Some(0) => {
                measured.rewrites.insert(name.to_owned());
                measured.scans.insert(name.to_owned());
            }
            Some("m") if renewed && later["size"].as_u64() > Some(0) => {
                measured.rewrites.insert(name.to_owned());
            }
            _ => {}
        }
        let counts = |of: &Value| {
            let of = &of["counters"][name];
            (of[0].as_u64().unwrap_or(0), of[1].as_u64().unwrap_or(0))
        };
        let (old, new) = (counts(state), counts(after));
        // Few rows are read in full also where one is looked up.
        let rows = state["rows"][name].as_u64().unwrap_or(0);
        // The few rows of a table that is emptied meanwhile are not read.
        let filled = rows > 0 && later["size"].as_u64() > Some(0);
        if filled && (new.0 > old.0 || new.1 >= old.1 + rows.max(10)) {
            measured.scans.insert(name.to_owned());
        }
    }
    let there = |name: &str| before.values().find(|relation| relation["name"] == name);
    for line in messages.iter().filter(|line| line.starts_with("DEBUG:")) {
        if let (Some(index), Some(table)) = (quoted(line, "building index \""), quoted(line, " on table \""))
            && there(table).is_some_and(|table| now_size(now, table) > 0)
        {
            measured.builds.insert(table.to_owned());
            measured.scans.insert(table.to_owned());
            if there(index).is_some() {
                measured.rebuilds.insert(index.to_owned());
            }
        }
    }
    measured
}

/// The size of a relation that is still there, else the size it had.
fn now_size(now: &serde_json::Map<String, Value>, relation: &Value) -> u64 {
    let same = now.values().find(|later| later["name"] == relation["name"]);
    same.unwrap_or(relation)["size"].as_u64().unwrap_or(0)
}

fn mode(name: &str) -> Option<LockMode> {
    LockMode::ALL.iter().copied().find(|mode| mode.as_str() == name)
}

/// Keeps the modes that no other one of them implies.
pub(crate) fn strongest(modes: &mut BTreeSet<LockMode>) {
    let all = modes.clone();
    modes.retain(|mode| !all.iter().any(|other| other != mode && other.implies(*mode)));
}

//! The case files: fixtures/effects/*.sql.
//!
//! A file is one topic. It starts with its title and prose as comments. `-- given` starts what every case of the file
//! finds, `-- case: NAME` a case. In a case, what stands above the line `-- when` is its own part of what is given, and
//! what stands below is the statement that is measured. Lines between the name and the first statement say more:
//!
//! - `-- versions: 14-` or `12-17` or `15`: the majors on which it is run; all of them where nothing is said
//! - `-- unknown: locks, rewrites, scans` or `all`: what no schema decides (a plan, the data), so that the model may not
//!   know it; what it says must be so all the same
//! - `-- idle`: the statement finds nothing to do, which the model need not know where the schema does not tell: it
//!   may then say what would be done otherwise
//! - `-- set: TimeZone=UTC`: a setting of the session that the model is told of

use std::collections::BTreeSet;
use std::path::Path;

/// One topic.
pub(crate) struct Topic {
    /// First line.
    pub(crate) title: String,
    /// What follows it.
    pub(crate) prose: String,
    /// What every case finds.
    pub(crate) given: String,
    /// The cases in order.
    pub(crate) cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file it stands in.
    pub(crate) topic: String,
    /// Its name, unique in its file.
    pub(crate) name: String,
    /// Its own part of what is there before.
    pub(crate) own: String,
    /// What is there before.
    pub(crate) setup: String,
    /// What is measured.
    pub(crate) statement: String,
    /// First and last major.
    pub(crate) versions: (u8, u8),
    /// What the model may not know.
    pub(crate) unknown: BTreeSet<String>,
    /// The statement finds nothing to do.
    pub(crate) idle: bool,
    /// Whether the session's time zone is UTC, where it is set.
    pub(crate) utc: Option<bool>,
}

impl Case {
    /// How messages call it.
    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.topic, self.name)
    }

    /// Whether it is run on a major.
    pub(crate) fn runs_on(&self, major: u8) -> bool {
        (self.versions.0..=self.versions.1).contains(&major)
    }
}

/// Every topic, by file name.
pub(crate) fn topics() -> Vec<Topic> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/effects");
    let entries = std::fs::read_dir(&folder).expect("fixtures/effects can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("fixtures/effects can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    paths.sort();
    paths.iter().map(|path| topic(path)).collect()
}

fn topic(path: &Path) -> Topic {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("case files are UTF-8");
    let mut parts = text.split("\n-- case: ");
    let head = parts.next().unwrap_or_default();
    let (prose, given) = head.split_once("\n-- given\n").unwrap_or((head, ""));
    let mut prose = prose.lines().map(|line| line.trim_start_matches("--").trim());
    let title = prose.next().unwrap_or_default().to_owned();
    let prose = prose.collect::<Vec<_>>().join("\n").trim().to_owned();
    let cases: Vec<_> = parts.map(|part| case(&name, given, part)).collect();
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "{name}.sql: two cases have one name");
    Topic { title, prose, given: given.to_owned(), cases }
}

fn case(topic: &str, given: &str, part: &str) -> Case {
    let (name, mut body) = part.split_once('\n').unwrap_or((part, ""));
    let mut case = Case {
        topic: topic.to_owned(),
        name: name.trim().to_owned(),
        own: String::new(),
        setup: String::new(),
        statement: String::new(),
        versions: (0, u8::MAX),
        unknown: BTreeSet::new(),
        idle: false,
        utc: None,
    };
    let mut settings = String::new();
    while let Some((line, rest)) = body.split_once('\n') {
        if let Some(versions) = line.strip_prefix("-- versions: ") {
            let (first, last) = versions.split_once('-').unwrap_or((versions, versions));
            let major = |text: &str, or: u8| if text.is_empty() { or } else { text.parse().expect("a major") };
            case.versions = (major(first, 0), major(last, u8::MAX));
        } else if let Some(unknown) = line.strip_prefix("-- unknown: ") {
            let all = ["locks", "rewrites", "rebuilds", "builds", "scans"];
            let words = unknown.split(", ").flat_map(|word| if word == "all" { all.to_vec() } else { vec![word] });
            case.unknown = words.map(str::to_owned).collect();
        } else if line == "-- idle" {
            case.idle = true;
        } else if let Some(setting) = line.strip_prefix("-- set: ") {
            case.utc = setting.strip_prefix("TimeZone=").map(|zone| zone == "UTC").or(case.utc);
            let (name, value) = setting.split_once('=').expect("a setting has a value");
            settings = format!("SET {name} = '{value}';\n");
        } else {
            break;
        }
        body = rest;
    }
    let (own, statement) = body.split_once("-- when\n").unwrap_or(("", body));
    case.own = format!("{settings}{own}");
    format!("{given}\n{settings}{own}").trim().clone_into(&mut case.setup);
    statement.trim().clone_into(&mut case.statement);
    assert!(case.statement.ends_with(';'), "{}: no statement", case.title());
    case
}

//! The lists that some runners keep beside their files: Drizzle's journal, Atlas's sums, sqitch's plan.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::config::Dialect;

/// A file that a list names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::source) struct Entry {
    /// Its path relative to the folder of the migrations.
    pub(in crate::source) file: String,
    /// The tags of the list that its name may end in: those between a change of sqitch and the next of that name.
    pub(in crate::source) tags: Range<usize>,
    /// Where the list names it, in bytes.
    pub(in crate::source) at: Range<usize>,
}

/// A list of files in the order in which they are applied.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::source) struct List {
    /// The list's own path, relative to the folder of the migrations.
    pub(in crate::source) path: &'static str,
    /// What it is called where files of it are spoken of: "the journal".
    pub(in crate::source) called: &'static str,
    /// What happens to a file that it does not name, as a clause.
    pub(in crate::source) unlisted: &'static str,
    /// What makes files and list agree, as an order to the reader.
    pub(in crate::source) repair: &'static str,
    /// The files it names.
    pub(in crate::source) entries: Vec<Entry>,
    /// Their numbers by path.
    numbers: BTreeMap<String, usize>,
    /// The tags of sqitch, in order.
    tags: Vec<String>,
    /// Their numbers, and the number of the first entry behind each.
    places: BTreeMap<String, (usize, usize)>,
    /// The numbers of entries that were reworked, by the path that all of them would have.
    reworked: BTreeMap<String, Vec<usize>>,
    /// The dialect it says the files are written in.
    pub(in crate::source) dialect: Option<Dialect>,
}

impl List {
    fn with(self, entries: Vec<Entry>) -> Self {
        let whole = entries.iter().enumerate().filter(|(_, entry)| entry.tags.is_empty());
        let numbers = whole.map(|(number, entry)| (entry.file.clone(), number)).collect();
        Self { entries, numbers, ..self }
    }

    /// The number of a file in it.
    pub(in crate::source) fn number(&self, file: &str) -> Option<usize> {
        self.numbers.get(file).copied().or_else(|| self.reworked(file))
    }

    /// The number of `x@tag.sql`: the last change of that name before the tag, if another one follows.
    fn reworked(&self, file: &str) -> Option<usize> {
        let (name, tag) = file.strip_suffix(".sql")?.rsplit_once('@')?;
        let numbers = self.reworked.get(&format!("{name}.sql"))?;
        let (tag, until) = self.places.get(tag)?;
        let number = *numbers.get(numbers.partition_point(|number| number < until).checked_sub(1)?)?;
        self.entries.get(number)?.tags.contains(tag).then_some(number)
    }

    /// The names that the file of an entry may have.
    pub(in crate::source) fn names(&self, entry: &Entry) -> impl Iterator<Item = String> {
        let stem = entry.file.trim_end_matches(".sql").to_owned();
        let tags = self.tags.get(entry.tags.clone()).unwrap_or_default();
        let plain = entry.tags.is_empty().then(|| entry.file.clone());
        plain.into_iter().chain(tags.iter().map(move |tag| format!("{stem}@{tag}.sql")))
    }
}

/// Drizzle's `meta/_journal.json`. `None` where it is no journal.
/// Source: drizzle-orm `src/migrator.ts`: an entry's `tag` names the file.
pub(super) fn journal(text: &str) -> Option<List> {
    let json: serde_json::Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let mut from = 0;
    let mut entries = Vec::new();
    for entry in json.get("entries")?.as_array()? {
        let tag = entry.get("tag")?.as_str()?;
        // Entries stand in the order of the text, so each is looked for behind the one before.
        let quoted = format!("\"{tag}\"");
        let at = text.get(from..).and_then(|rest| rest.find(&quoted)).map_or(0..0, |at| {
            let start = from + at + 1;
            start..start + tag.len()
        });
        from = at.end.max(from);
        entries.push(Entry { file: format!("{tag}.sql"), tags: 0..0, at });
    }
    let dialect = match json.get("dialect").and_then(serde_json::Value::as_str) {
        Some("postgresql" | "pg") => Some(Dialect::Postgres),
        Some("mysql" | "singlestore") => Some(Dialect::Mysql),
        Some("sqlite" | "turso") => Some(Dialect::Sqlite),
        _ => None,
    };
    let list = List {
        path: "meta/_journal.json",
        called: "the journal",
        unlisted: "so Drizzle never applies it",
        repair: "generate migrations with `drizzle-kit generate`, which keeps both in step",
        dialect,
        ..List::default()
    };
    Some(list.with(entries))
}

/// Atlas's `atlas.sum`: a line for the folder, then one for each file.
pub(super) fn sums(text: &str) -> List {
    let mut entries = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some((name, _)) = line.rsplit_once(" h1:") {
            entries.push(Entry { file: name.to_owned(), tags: 0..0, at: at..at + name.len() });
        }
        at += line.len();
    }
    let list = List {
        path: "atlas.sum",
        called: "`atlas.sum`",
        unlisted: "so Atlas refuses the folder",
        repair: "run `atlas migrate hash` once the files are as they should be",
        ..List::default()
    };
    list.with(entries)
}

/// Sqitch's plan. A change that was reworked keeps its former script under one of the tags between the two: `x@v1.sql`.
/// Source: sqitch documentation, "sqitchchanges" and "sqitch-rework"; `App::Sqitch::Plan::Change`, which takes the first
/// of those tags that there is a file for.
pub(super) fn plan(text: &str) -> List {
    let mut entries: Vec<Entry> = Vec::new();
    let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tags: Vec<String> = Vec::new();
    let mut places = BTreeMap::new();
    let mut reworked: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let word = line.split_whitespace().next().unwrap_or_default();
        if let Some(tag) = word.strip_prefix('@') {
            places.insert(tag.to_owned(), (tags.len(), entries.len()));
            tags.push(tag.to_owned());
            continue;
        }
        if word.is_empty() || word.starts_with(['#', '%']) {
            continue;
        }
        if let Some(before) = latest.insert(word, entries.len())
            && let Some(entry) = entries.get_mut(before)
        {
            entry.tags.end = tags.len();
            if !entry.tags.is_empty() {
                reworked.entry(entry.file.clone()).or_default().push(before);
            }
        }
        let tags = tags.len()..tags.len();
        entries.push(Entry { file: format!("deploy/{word}.sql"), tags, at: start..start + word.len() });
    }
    // What no other change of the name follows was not reworked.
    for number in latest.into_values() {
        if let Some(entry) = entries.get_mut(number) {
            entry.tags = 0..0;
        }
    }
    let plan = List {
        path: "sqitch.plan",
        called: "`sqitch.plan`",
        unlisted: "so sqitch never deploys it",
        repair: "`sqitch add` writes a change into the plan together with its scripts",
        tags,
        places,
        reworked,
        ..List::default()
    };
    plan.with(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &List) -> Vec<&str> {
        list.entries.iter().map(|entry| entry.file.as_str()).collect()
    }

    #[test]
    fn a_journal_names_files_by_their_tags() {
        let text =
            r#"{"version":"7","dialect":"postgresql","entries":[{"idx":0,"tag":"0000_a"},{"idx":1,"tag":"0001_b"}]}"#;
        let list = journal(text).expect("a journal");
        assert_eq!(files(&list), ["0000_a.sql", "0001_b.sql"]);
        assert_eq!(list.dialect, Some(Dialect::Postgres));
        assert_eq!(&text[list.entries[1].at.clone()], "0001_b");
        assert_eq!(list.number("0001_b.sql"), Some(1));
        assert_eq!(journal("[1"), None);
    }

    #[test]
    fn sums_name_files_after_a_line_for_the_folder() {
        assert_eq!(files(&sums("h1:abc=\n1_a b.sql h1:x=\n2.sql h1:y=\n")), ["1_a b.sql", "2.sql"]);
    }

    #[test]
    fn a_reworked_change_keeps_its_former_script() {
        let text = "%syntax-version=1.0.0\n%project=x\n\na 2024-01-01T00:00:00Z N <n@x> # a\n@v0 2024Z N <n@x>\nb [a] 2024Z N <n@x>\n@v1 2024Z N <n@x>\n\na [a@v1] 2024Z N <n@x> # again\n@v2 2024Z N <n@x>\n";
        let list = plan(text);
        let names: Vec<Vec<String>> = list.entries.iter().map(|entry| list.names(entry).collect()).collect();
        assert_eq!(names, [vec!["deploy/a@v0.sql", "deploy/a@v1.sql"], vec!["deploy/b.sql"], vec!["deploy/a.sql"]]);
        let number = |file: &str| list.number(&format!("deploy/{file}.sql"));
        assert_eq!(["a", "a@v0", "a@v1", "b"].map(number), [Some(2), Some(0), Some(0), Some(1)]);
        // No rework follows the last tag, nor one of `b`.
        assert_eq!(["a@v2", "b@v1", "a@v9"].map(number), [None; 3]);
    }
}

//! The `toml rule` block: what a rule judges, when, and what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::Fault;
use super::options::{FactNames, RuleNames, RuleOption};
use super::page::Fence;
use super::toml_block::{Table, Written, inside};
use super::{Escalate, LabelAt, OnUnknown, OncePer, Rule, Template, is_kebab};
use crate::config::Dialect;
use crate::diagnostic::{Confidence, Severity};
use crate::expr::{self, ExprError, Value};
use crate::ir::OpKind;
use crate::source::Role;

const KEYS: [&str; 20] = [
    "since",
    "group",
    "severity",
    "confidence",
    "default",
    "on",
    "dialect",
    "role",
    "when",
    "message",
    "label",
    "help",
    "on-unknown",
    "once-per",
    "fix",
    "options",
    "raised-by",
    "escalate",
    "doubt",
    "by-size",
];

/// Keys that mean nothing on a page that only documents a rule of the engine.
const ENGINE_SAYS: [&str; 12] =
    ["on", "dialect", "role", "when", "message", "label", "help", "on-unknown", "fix", "escalate", "doubt", "by-size"];

/// Groups of the built-in rules. A team may have others.
const GROUPS: [&str; 15] = [
    "locking",
    "data",
    "compatibility",
    "transaction",
    "idempotency",
    "correctness",
    "history",
    "registry",
    "backfill",
    "naming",
    "types",
    "security",
    "policy",
    "mysql",
    "sqlite",
];

/// Groups that are off unless a configuration turns them on.
const OPT_IN: [&str; 4] = ["naming", "types", "security", "policy"];

/// Groups of rules about what takes as long as a table is large.
const BY_SIZE: [&str; 2] = ["locking", "data"];

/// Keys that `[rules.NAME]` of a configuration has besides options.
const RESERVED: [&str; 2] = ["severity", "enabled"];

const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];
const CONFIDENCES: [(&str, Confidence); 3] =
    [("high", Confidence::High), ("medium", Confidence::Medium), ("low", Confidence::Low)];
pub(super) const DIALECTS: [(&str, Dialect); 4] = [
    ("postgres", Dialect::Postgres),
    ("mysql", Dialect::Mysql),
    ("sqlite", Dialect::Sqlite),
    ("mssql", Dialect::Mssql),
];
pub(super) const ROLES: [(&str, Role); 3] =
    [("migrations", Role::Migrations), ("indexes", Role::Indexes), ("backfills", Role::Backfills)];
const PLACES: [(&str, LabelAt); 4] =
    [("op", LabelAt::Op), ("statement", LabelAt::Statement), ("table", LabelAt::Table), ("name", LabelAt::Name)];
const ON_UNKNOWN: [(&str, OnUnknown); 2] = [("quiet", OnUnknown::Quiet), ("report", OnUnknown::Report)];
const ONCE_PER: [(&str, OncePer); 6] = [
    ("operation", OncePer::Operation),
    ("statement", OncePer::Statement),
    ("transaction", OncePer::Transaction),
    ("migration", OncePer::Migration),
    ("file", OncePer::File),
    ("project", OncePer::Project),
];
const RAISED_BY: [(&str, bool); 1] = [("engine", true)];

/// Reads the block; what stands elsewhere on the page is left empty.
pub(super) fn read(page: &str, fence: &Fence<'_>, facts: &dyn FactNames) -> Result<Rule, Fault> {
    let root = DeTable::parse(fence.text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        Fault::new(
            fence.text_start + span.start..fence.text_start + span.end,
            format!("no TOML: {}", error.message().trim()),
        )
    })?;
    let info = &fence.info_range;
    let head = Table { entries: root.get_ref(), base: fence.text_start, start: info.start, end: info.end };
    head.check_keys(&KEYS)?;

    let group = group(&head)?;
    let severity = head.require("severity", "one of `error`, `warning`, `info`")?;
    let mut rule = Rule {
        severity: one_of(&severity, "severity", &SEVERITIES)?,
        enabled: head.get("default").map_or(Ok(!OPT_IN.contains(&group)), |written| written.bool("default"))?,
        by_size: head.get("by-size").map_or(Ok(BY_SIZE.contains(&group)), |written| written.bool("by-size"))?,
        group: group.to_owned(),
        since: head.get("since").map(|written| written.text("since").map(str::to_owned)).transpose()?,
        confidence: choice(&head, "confidence", &CONFIDENCES)?.unwrap_or(Confidence::High),
        raised_by_engine: choice(&head, "raised-by", &RAISED_BY)?.unwrap_or(false),
        dialects: choices(&head, "dialect", &DIALECTS)?,
        roles: choices(&head, "role", &ROLES)?,
        on_unknown: choice(&head, "on-unknown", &ON_UNKNOWN)?.unwrap_or_default(),
        once_per: choice(&head, "once-per", &ONCE_PER)?.unwrap_or_default(),
        fix: head.get("fix").map(|written| written.text("fix").map(str::to_owned)).transpose()?,
        options: options(&head)?,
        on: kinds(&head)?,
        ..Rule::default()
    };
    if rule.raised_by_engine {
        return match ENGINE_SAYS.into_iter().find_map(|key| head.get(key)) {
            Some(written) => {
                Err(Fault::new(written.range(), "the engine raises this rule; the page only documents it")
                    .help("remove the key, or `raised-by`"))
            }
            None => Ok(rule),
        };
    }
    head.require("on", "the kinds of operation to judge: `on = \"index.create\"`")?;
    let message = head.require("message", "the headline of a finding")?;
    if message.text("message")?.trim().is_empty() {
        return Err(Fault::new(message.range(), "`message` is empty").help("the headline of a finding"));
    }
    sentences(page, &head, &mut rule, facts)?;
    Ok(rule)
}

/// The parts that mention facts.
fn sentences(page: &str, head: &Table<'_>, rule: &mut Rule, facts: &dyn FactNames) -> Result<(), Fault> {
    let names = RuleNames::new(facts, &rule.on, &rule.options);
    let when = match head.get("when") {
        Some(written) => {
            let program = expr::compile(written.text("when")?, &names);
            Some(program.map_err(|error| expression(page, &written, error))?)
        }
        None => None,
    };
    let doubt = match head.get("doubt") {
        Some(written) => {
            Some(expr::compile(written.text("doubt")?, &names).map_err(|error| expression(page, &written, error))?)
        }
        None => None,
    };
    let template = |key: &str, written: &Written<'_>| {
        Template::parse(written.text(key)?, &names).map_err(|error| expression(page, written, error))
    };
    let message = head.get("message").map(|written| template("message", &written)).transpose()?.unwrap_or_default();
    let help = head.get("help").map(|written| template("help", &written)).transpose()?;
    let (label, label_at) = match head.get("label") {
        Some(written) if matches!(written.value(), DeValue::Table(_)) => {
            let table = head.inner("label", &written)?;
            table.check_keys(&["at", "text"])?;
            let text = table.get("text").map(|written| template("text", &written)).transpose()?;
            (text.unwrap_or_default(), choice(&table, "at", &PLACES)?.unwrap_or_default())
        }
        Some(written) => (template("label", &written)?, LabelAt::default()),
        None => (Template::default(), LabelAt::default()),
    };
    let escalate = match head.table("escalate")? {
        Some(table) => {
            table.check_keys(&["severity", "when"])?;
            let severity = table.require("severity", "the severity on evidence")?;
            let raised = one_of(&severity, "severity", &SEVERITIES)?;
            if raised <= rule.severity {
                let fault =
                    Fault::new(severity.range(), format!("the rule is of severity `{}`", rule.severity.as_str()));
                return Err(fault.help("escalate to a higher one"));
            }
            let when = table.require("when", "the evidence: a condition")?;
            let program = expr::compile(when.text("when")?, &names).map_err(|error| expression(page, &when, error))?;
            Some(Escalate { severity: raised, when: program })
        }
        None => None,
    };
    if let Some(unused) = names.unused() {
        let place = head
            .table("options")?
            .and_then(|options| options.entries().find(|(name, _, _)| *name == unused).map(|(_, range, _)| range));
        let fault = Fault::new(place.unwrap_or(head.start..head.end), format!("option `{unused}` is never mentioned"));
        return Err(fault.help(format!("use `option.{}`, or remove it", unused.replace('-', "_"))));
    }
    (rule.when, rule.message, rule.label, rule.label_at, rule.help) = (when, message, label, label_at, help);
    (rule.escalate, rule.doubt) = (escalate, doubt);
    Ok(())
}

/// An error inside a string of the block, at its place on the page.
fn expression(page: &str, written: &Written<'_>, error: ExprError) -> Fault {
    let help = error.advice();
    Fault { range: inside(page, &written.range(), &error.range), message: error.message, help }
}

fn group<'t>(head: &Table<'t>) -> Result<&'t str, Fault> {
    let written = head.require("group", &format!("one of `{}`, or one of your own", GROUPS.join("`, `")))?;
    let group = written.text("group")?;
    if !is_kebab(group) {
        let fault = Fault::new(written.range(), format!("`{group}` is no name of a group"));
        return Err(fault.help("lower-case letters, digits and `-`"));
    }
    // A group of one's own is fine; one that is nearly a built-in's is a slip of the pen.
    let near = GROUPS.into_iter().find(|known| *known != group && strsim::damerau_levenshtein(known, group) == 1);
    match near {
        Some(near) if !GROUPS.contains(&group) => {
            let fault = Fault::new(written.range(), format!("unknown group `{group}`"));
            Err(fault.help(format!("did you mean `{near}`?")))
        }
        _ => Ok(group),
    }
}

fn find<T: Copy>(word: &str, range: Range<usize>, key: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        Fault::unknown(range, key, word, &known)
    })
}

fn one_of<T: Copy>(written: &Written<'_>, key: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    find(written.text(key)?, written.range(), key, words)
}

fn choice<T: Copy>(table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Fault> {
    table.get(key).map(|written| one_of(&written, key, words)).transpose()
}

fn choices<T: Copy + Ord>(head: &Table<'_>, key: &str, words: &[(&str, T)]) -> Result<Vec<T>, Fault> {
    let Some(written) = head.get(key) else { return Ok(Vec::new()) };
    let found = written.words(key, head.base)?.into_iter().map(|(word, range)| find(word, range, key, words));
    Ok(found.collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect())
}

/// The kinds of operation under `on`: names, `data.*`, `*`.
fn kinds(head: &Table<'_>) -> Result<Vec<OpKind>, Fault> {
    let Some(written) = head.get("on") else { return Ok(Vec::new()) };
    let mut kinds = BTreeSet::new();
    for (word, range) in written.words("on", head.base)? {
        let covered: Vec<OpKind> = OpKind::ALL.iter().copied().filter(|kind| covers(word, *kind)).collect();
        if covered.is_empty() {
            return Err(unknown_kind(word, range));
        }
        kinds.extend(covered);
    }
    if kinds.is_empty() {
        return Err(Fault::new(written.range(), "`on` names no kind of operation"));
    }
    Ok(kinds.into_iter().collect())
}

fn unknown_kind(word: &str, range: Range<usize>) -> Fault {
    let families: BTreeSet<String> = OpKind::ALL
        .iter()
        .filter(|kind| kind.as_str() != kind.family())
        .map(|kind| format!("{}.*", kind.family()))
        .collect();
    let mut names: Vec<&str> = OpKind::ALL.iter().map(|kind| kind.as_str()).collect();
    names.extend(families.iter().map(String::as_str));
    Fault::unknown(range, "kind of operation", word, &names)
}

/// Whether `word` of `on` stands for `kind`.
fn covers(word: &str, kind: OpKind) -> bool {
    match word.strip_suffix('*') {
        Some("") => true,
        Some(family) => family.ends_with('.') && kind.as_str().starts_with(family),
        None => kind.as_str() == word,
    }
}

fn options(head: &Table<'_>) -> Result<BTreeMap<String, RuleOption>, Fault> {
    let Some(table) = head.table("options")? else { return Ok(BTreeMap::new()) };
    let mut options = BTreeMap::new();
    for (name, range, written) in table.entries() {
        // An option is a name in conditions too, which starts with a letter.
        let plain = is_kebab(name) && name.starts_with(|first: char| first.is_ascii_lowercase());
        if !plain || RESERVED.contains(&name) {
            let fault = Fault::new(range, format!("`{name}` is no name for an option"));
            return Err(fault.help("lower-case letters, digits and `-`; not `severity` and not `enabled`"));
        }
        let option = table.inner(name, &written)?;
        option.check_keys(&["default", "doc"])?;
        let default = option.require("default", "the value where no configuration sets it")?;
        let doc = option.require("doc", "one sentence on what it sets")?.text("doc")?.trim();
        let Some(value) = value_of_written(default.value()) else {
            return Err(default.mismatch("default", "true or false, a number, a string or a list of strings"));
        };
        if doc.is_empty() {
            return Err(Fault::new(range, format!("option `{name}` has no `doc`")).help("one sentence on what it sets"));
        }
        options.insert(name.to_owned(), RuleOption { default: value, doc: doc.to_owned() });
    }
    Ok(options)
}

fn value_of_written(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Integer(value) => i64::from_str_radix(value.as_str(), value.radix()).ok().map(Value::Int),
        DeValue::String(value) => Some(Value::Str(value.clone().into_owned())),
        DeValue::Array(values) => {
            let texts = values.iter().map(|value| value.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map(Value::List)
        }
        _ => None,
    }
}

/// The value of a setting, where it has one of the types of options.
pub(super) fn value_of(value: &toml::Value) -> Option<Value> {
    match value {
        toml::Value::Boolean(value) => Some(Value::Bool(*value)),
        toml::Value::Integer(value) => Some(Value::Int(*value)),
        toml::Value::String(value) => Some(Value::Str(value.clone())),
        toml::Value::Array(values) => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>().map(Value::List)
        }
        _ => None,
    }
}

//! Pages by example.

use super::*;
use crate::expr::Env;
use crate::ir::Tri;

/// Three facts; `index.concurrently` is one of indexes only.
struct Facts;

impl FactNames for Facts {
    fn lookup(&self, name: &str, kinds: &[OpKind]) -> FactLookup {
        match name {
            "index.concurrently" if !kinds.iter().any(|kind| kind.family() == "index") => {
                FactLookup::WrongKind(vec![OpKind::IndexCreate, OpKind::IndexDrop])
            }
            "index.concurrently" => FactLookup::Found(0, Type::Bool),
            "op.name" => FactLookup::Found(1, Type::Str),
            "table.name" => FactLookup::Found(2, Type::Str),
            _ => FactLookup::Missing,
        }
    }

    fn all(&self) -> Vec<String> {
        ["index.concurrently", "op.name", "table.name"].map(str::to_owned).to_vec()
    }
}

impl Env for Facts {
    fn get(&self, id: u32) -> Value {
        match id {
            0 => Value::Bool(false),
            1 => Value::Str("ix_orders_note".to_owned()),
            _ => Value::Unknown,
        }
    }
}

const HEAD: &str = r#"group = "locking"
severity = "error"
on = "index.create"
when = "!index.concurrently"
message = "building `{op.name}` blocks writes"
"#;

fn page(head: &str, rest: &str) -> String {
    format!("# Index built\n\nIt blocks\nwrites.\n\n```toml rule\n{head}```\n\n## Why\nBecause.\n{rest}")
}

fn load_page(head: &str, rest: &str) -> Result<Rule, RuleError> {
    load("index-built", "rules/index-built.md", &page(head, rest), &Facts)
}

/// The rule of `HEAD` with more keys.
fn with(more: &str) -> Result<Rule, RuleError> {
    load_page(&format!("{HEAD}{more}"), "")
}

fn shown(result: Result<Rule, RuleError>) -> String {
    result.expect_err("the page has an error").to_string()
}

#[test]
fn a_page_is_a_rule() {
    let rule = load_page(HEAD, "").expect("loads");
    assert_eq!((rule.title.as_str(), rule.summary.as_str()), ("Index built", "It blocks writes."));
    assert_eq!(rule.markdown, "# Index built\n\nIt blocks\nwrites.\n\n## Why\nBecause.\n");
    assert_eq!((rule.severity, rule.enabled, rule.confidence), (Severity::Error, true, Confidence::High));
    assert_eq!(rule.on, [OpKind::IndexCreate]);
    assert_eq!((rule.on_unknown, rule.once_per, rule.label_at), (OnUnknown::Quiet, OncePer::Operation, LabelAt::Op));
    assert_eq!(rule.when.expect("a condition").eval(&Facts), Tri::Yes);
    assert_eq!(rule.message.render(&|id| Facts.get(id).to_string()), "building `ix_orders_note` blocks writes");
}

#[test]
fn keys_have_the_meaning_they_say() {
    let rule = with(
        "dialect = ['postgres', 'sqlite']\nrole = 'indexes'\non-unknown = 'report'\nonce-per = 'transaction'\n\
         confidence = 'low'\ndefault = false\nlabel = { at = 'table', text = 'on {table.name}' }\nfix = 'x'\n\
         help = 'a {{brace}} stays'\nsince = '0.1.0'\n",
    )
    .expect("loads");
    assert_eq!(rule.dialects, [Dialect::Postgres, Dialect::Sqlite]);
    assert_eq!(rule.roles, [Role::Indexes]);
    assert_eq!(
        (rule.on_unknown, rule.once_per, rule.label_at),
        (OnUnknown::Report, OncePer::Transaction, LabelAt::Table)
    );
    assert_eq!((rule.confidence, rule.enabled), (Confidence::Low, false));
    assert_eq!(rule.help.expect("help").render(&|_| String::new()), "a {brace} stays");
}

#[test]
fn opt_in_groups_are_off_by_default() {
    let rule = load_page(&HEAD.replace("locking", "naming"), "").expect("loads");
    assert!(!rule.enabled);
    assert!(load_page(&format!("{}default = true\n", HEAD.replace("locking", "naming")), "").expect("loads").enabled);
}

#[test]
fn kinds_are_names_families_or_all() {
    let on = |on: &str| load_page(&HEAD.replace("\"index.create\"", on).replace("!index.concurrently", "true"), "");
    let kinds = on("['data.*', 'index.drop']").expect("loads").on;
    assert!(kinds.contains(&OpKind::DataMerge) && kinds.contains(&OpKind::IndexDrop) && kinds.len() == 6, "{kinds:?}");
    assert_eq!(on("'*'").expect("loads").on, OpKind::ALL);
    assert!(on("['*', 'index.drop']").is_ok());
    assert!(shown(on("'index.creat'")).contains("help: did you mean `index.create`?"));
    assert!(shown(on("'indx.*'")).contains("help: did you mean `index.*`?"));
    assert!(shown(on("[]")).contains("names no kind"));
}

#[test]
fn a_misspelt_fact_is_underlined_in_the_page() {
    let error = load_page(&HEAD.replace("index.concurrently", "index.concurently"), "").expect_err("misspelt");
    assert_eq!((error.line, error.column), (10, 10));
    assert_eq!(
        error.to_string(),
        "rules/index-built.md:10:10: unknown fact `index.concurently`
   |
10 | when = \"!index.concurently\"
   |          ^^^^^^^^^^^^^^^^^
   = help: did you mean `index.concurrently`?"
    );
}

#[test]
fn places_are_right_after_escapes_and_in_long_strings() {
    let place = |when: &str| {
        let text = page(&HEAD.replace("\"!index.concurrently\"", when), "");
        let error = load("index-built", "p.md", &text, &Facts).expect_err(when);
        (error.line, error.column, error.width)
    };
    // After `when = `, the literal starts in column 8.
    assert_eq!(place(r#""'\u00e9\"' == oops""#), (10, 23, 4));
    assert_eq!(place("'oops'"), (10, 9, 4));
    assert_eq!(place("'''\ntrue &&\n  oops'''"), (12, 3, 4));
    assert_eq!(place("\"\"\"\r\ntrue && \\\n   oops\"\"\""), (12, 4, 4));
    assert_eq!(place("'''\r\ntrue &&\r\n  oops'''"), (12, 3, 4));
    assert_eq!(place("'\"é\" == oops'"), (10, 16, 4));
}

#[test]
fn a_fact_of_other_operations_is_refused() {
    let text = shown(load_page(&HEAD.replace("index.create", "data.update"), ""));
    assert!(text.contains("`index.concurrently` is a fact of `index.create` and `index.drop`"), "{text}");
}

#[test]
fn sentences_are_checked_too() {
    let text = shown(load_page(&HEAD.replace("{op.name}", "{op.nam}"), ""));
    assert!(text.contains("p.nam}`") && text.contains("11:23") && text.contains("did you mean `op.name`?"), "{text}");
    assert!(shown(with("help = 'a { b'\n")).contains("write a brace as `{{`"));
    assert!(shown(with("help = 'a } b'\n")).contains("write a brace as `}}`"));
    assert!(shown(with("label = { text = '{oops}' }\n")).contains("unknown fact `oops`"));
}

#[test]
fn severity_rises_on_evidence() {
    let more = "severity = 'error'\nwhen = 'index.concurrently'\n";
    let rule = load_page(&format!("{}[escalate]\n{more}", HEAD.replace("\"error\"", "\"info\"")), "").expect("loads");
    let escalate = rule.escalate.expect("is written");
    assert_eq!((escalate.severity, escalate.when.eval(&Facts)), (Severity::Error, Tri::No));
    assert!(shown(with(&format!("[escalate]\n{more}"))).contains("the rule is of severity `error`"));
    assert!(shown(with("[escalate]\nwhen = 'oops'\n")).contains("`severity` is missing"));
}

#[test]
fn mistakes_in_the_block_are_explained() {
    for (more, message) in [
        ("wehn = 'x'\n", "unknown key `wehn`\n   |\n12 | wehn = 'x'\n   | ^^^^\n   = help: did you mean `when`?"),
        ("role = 'index'\n", "unknown role `index`"),
        ("confidence = 3\n", "`confidence` is a string, not a number"),
        ("default = 'no'\n", "`default` is true or false, not a string"),
        ("label = { at = 'tabel' }\n", "did you mean `table`?"),
        ("help = 'x\n", "no TOML"),
        ("group = 'x'\n", "no TOML"),
        ("raised-by = 'engine'\n", "the page only documents it"),
    ] {
        let text = shown(with(more));
        assert!(text.contains(message), "{more}: {text}");
    }
    for (from, to, message) in [
        ("\"error\"", "\"eror\"", "unknown severity `eror`"),
        ("building `{op.name}` blocks writes", " ", "`message` is empty"),
        ("severity", "severty", "did you mean `severity`?"),
        ("locking", "lockng", "did you mean `locking`?"),
        ("severity = \"error\"\n", "", "`severity` is missing"),
        ("!index.concurrently", "op.name.matches('(')", "unclosed group"),
    ] {
        let text = shown(load_page(&HEAD.replace(from, to), ""));
        assert!(text.contains(message), "{to}: {text}");
    }
}

#[test]
fn mistakes_in_the_page_are_explained() {
    for (text, message) in [
        ("", "the page has no title"),
        ("# T\n## Why\nx\n", "the page has no summary"),
        ("# T\nx\n", "the page has no `toml rule` block"),
        ("# T\nx\n```toml\n```\n", "is it this one?"),
        ("# T\nx\n```toml rule\n", "this block is never closed"),
    ] {
        let error = load("r", "r.md", text, &Facts).expect_err(text).to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
    assert!(load("Bad Name", "r.md", &page(HEAD, ""), &Facts).is_err());
    assert!(shown(load_page(HEAD, "```toml rule\n```\n")).contains("this is a second"));
}

#[test]
fn a_page_of_the_engine_has_no_condition() {
    let rule = load_page("group = 'correctness'\nseverity = 'info'\nraised-by = 'engine'\n", "").expect("loads");
    assert!(rule.raised_by_engine && rule.on.is_empty() && rule.message.is_empty());
}

const OPTIONS: &str = "
[options.pattern]
default = '^uq_'
doc = 'what names look like'

[options.seed-rows]
default = 1_000
doc = 'rows that are few'
";

fn optional() -> Rule {
    let head =
        HEAD.replace("!index.concurrently", "!op.name.matches(option.pattern)").replace("writes", "{option.seed_rows}");
    load_page(&format!("{head}{OPTIONS}"), "").expect("loads")
}

#[test]
fn options_are_set_and_checked() {
    let set = |text: &str| optional().with_options(&text.parse().expect("TOML"));
    let ask = |rule: &Rule| rule.when.as_ref().map(|when| when.eval(&Facts));
    let say = |rule: &Rule| rule.message.render(&|_| "x".to_owned());

    assert_eq!((ask(&optional()), say(&optional())), (Some(Tri::Yes), "building `x` blocks 1000".to_owned()));
    let other = set("pattern = '^ix_'\nseed-rows = 5").expect("both exist");
    assert_eq!((ask(&other), say(&other)), (Some(Tri::No), "building `x` blocks 5".to_owned()));
    assert_eq!(other.options["seed-rows"].default, Value::Int(5));

    assert!(set("patern = ''").expect_err("misspelt").contains("did you mean `pattern`?"));
    assert!(set("pattern = 3").expect_err("number").contains("option `pattern` of `index-built` is a string, not `3`"));
    assert!(set("pattern = '('").expect_err("no regex").contains("unclosed group"));
    assert!(load_page(HEAD, "").expect("loads").with_options(&"a = 1".parse().expect("TOML")).is_err());
}

#[test]
fn options_are_declared_in_full() {
    assert!(shown(with("[options.few]\ndefault = 1\ndoc = 'x'\n")).contains("option `few` is never mentioned"));
    assert!(shown(with("[options.few]\ndefault = 1\n")).contains("`doc` is missing"));
    assert!(shown(with("[options.few]\ndefault = 1.5\ndoc = 'x'\n")).contains("not a fraction"));
    assert!(shown(with("[options.severity]\ndefault = 1\ndoc = 'x'\n")).contains("no name for an option"));
}

#[test]
fn examples_are_blocks_and_projects() {
    let rest = "
## Reports
```sql mysql version=5.7
CREATE INDEX a ON t (x);
```
Better:
```sql fixed
CREATE INDEX CONCURRENTLY a ON t (x);
```
````python script role=backfills
'''
```
'''
````
### Two files
```toml path=ddlint.toml
[roles]
```
They belong together.
```python path=a.py
import b
```
```python path=lib/b.py
```
## Stays quiet
  ```sql
  SELECT 1;
    -- more
  ```
```text
no example
```
## Links
```sql
not an example either
```
";
    let examples = load_page(HEAD, rest).expect("loads").examples;
    let paths: Vec<Vec<&str>> =
        examples.iter().map(|example| example.files.iter().map(|file| file.path.as_str()).collect()).collect();
    assert_eq!(
        paths,
        [
            vec!["migrations/0001_example.sql"],
            vec!["migrations/0001_example.py"],
            vec!["ddlint.toml", "a.py", "lib/b.py"],
            vec!["migrations/0001_example.sql"],
        ]
    );
    assert_eq!(examples[0].files[0].dialect, Some(Dialect::Mysql));
    assert_eq!(examples[0].files[0].attributes["version"], "5.7");
    assert_eq!(examples[0].fixed.as_deref(), Some("CREATE INDEX CONCURRENTLY a ON t (x);\n"));
    assert_eq!(examples[1].files[0].text, "'''\n```\n'''\n");
    assert_eq!(examples[1].files[0].role, Some(Role::Backfills));
    assert_eq!((examples[2].expect, examples[3].expect), (Expect::Reports, Expect::Quiet));
    assert_eq!(examples[3].files[0].text, "SELECT 1;\n  -- more\n");
    assert_eq!(page(HEAD, rest).lines().nth(examples[2].line - 1), Some("```toml path=ddlint.toml"));
}

#[test]
fn mistakes_in_examples_are_explained() {
    for (block, message) in [
        ("```sqll\n```", "unknown language `sqll`"),
        ("```\n```", "the block has no language"),
        ("```sql mysq\n```", "did you mean `mysql`?"),
        ("```sql role=backfill\n```", "did you mean `backfills`?"),
        ("```sql path\n```", "`path` needs a value"),
        ("```sql pth=a.sql\n```", "did you mean `path`?"),
        ("```sql fixed\n```", "the example before it"),
        ("```toml path=ddlint.toml\n```", "nothing to judge"),
        ("```toml\n```", "a configuration needs a path"),
        ("```sql path=a.sql\n```\n```sql path=a.sql\n```", "`a.sql` is there already"),
    ] {
        let text = shown(load_page(HEAD, &format!("## Reports\n{block}\n")));
        assert!(text.contains(message), "{block}: {text}");
    }
}

#[test]
fn pages_of_other_systems_and_hostile_ones_are_read() {
    let text = format!("\u{feff}{}", page(HEAD, "## Reports\n```sql\nSELECT 1;\n```\n").replace('\n', "\r\n"));
    assert_eq!(load("r", "r.md", &text, &Facts).expect("loads").examples.len(), 1);

    let refused = |text: String| load("r", "r.md", &text, &Facts).expect_err("refused").to_string();
    assert!(refused("x".repeat(1 << 20)).contains("a page has at most"));
    assert!(refused(page(&format!("x = {}\n", "[".repeat(10_000)), "")).contains("no TOML"));
    let long = format!("when = \"{} oops\"\n", "true ||".repeat(100));
    let text = refused(page(&HEAD.replace("when = \"!index.concurrently\"\n", &long), ""));
    assert!(text.lines().all(|line| line.len() < 200) && text.contains("|| oops\""), "{text}");
    assert!(refused("`\u{0}\t# \n".repeat(10_000)).contains("no title"));
    assert!(refused("```\n".repeat(50_001)).contains("never closed"));
}

#[test]
fn a_teams_page_cannot_have_the_name_of_another() {
    let one = Page { name: "index-built".to_owned(), path: "team/index-built.md".to_owned(), text: page(HEAD, "") };
    let other = Page { path: "more/index-built.md".to_owned(), ..one.clone() };
    let (rules, errors) = load_all(&[one, other], &Facts);
    assert!(rules.iter().any(|rule| rule.path == "team/index-built.md"));
    assert!(errors.iter().any(|error| error.path == "more/index-built.md" && error.message.contains("already")));
}

#[test]
fn built_in_pages_are_sorted_and_named_once() {
    assert!(builtin_pages().is_sorted_by(|one, other| one.0 < other.0));
}

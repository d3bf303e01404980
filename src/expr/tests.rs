//! The condition language by example.

use std::cell::Cell;

use super::*;
use crate::ir::Tri::{self, No, Unknown, Yes};

/// Facts for tests: `yes`, `no` and `maybe` are truth values, `maybe` never known; likewise one known and one
/// unknown of each other type. `option.pattern` and `option.none`, an empty list, are constants.
struct Schema;

const FACTS: [(&str, Type); 10] = [
    ("yes", Type::Bool),
    ("no", Type::Bool),
    ("maybe", Type::Bool),
    ("index.name", Type::Str),
    ("table.name", Type::Str),
    ("index.columns", Type::List),
    ("table.columns", Type::List),
    ("batch.size", Type::Int),
    ("server.version", Type::Int),
    ("index.concurrently", Type::Bool),
];

impl Names for Schema {
    fn lookup(&self, name: &str) -> Lookup {
        if name == "option.pattern" {
            return Lookup::Constant(1000, Value::Str("^uq_".to_owned()));
        }
        if name == "option.none" {
            return Lookup::Constant(1001, Value::List(Vec::new()));
        }
        if name == "data.rows" {
            return Lookup::Elsewhere("is a fact of `data.update`, and this rule is not on it".to_owned());
        }
        let found = (0..).zip(FACTS).find(|(_, (fact, _))| *fact == name);
        found.map_or(Lookup::Missing, |(id, (_, kind))| Lookup::Fact(id, kind))
    }

    fn all(&self) -> Vec<String> {
        FACTS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

#[derive(Default)]
struct Facts {
    reads: Cell<usize>,
}

impl Env for Facts {
    fn get(&self, id: u32) -> Value {
        self.reads.set(self.reads.get() + 1);
        match id {
            0 => Value::Bool(true),
            1 => Value::Bool(false),
            3 => Value::Str("uq_orders_note".to_owned()),
            5 => Value::List(vec!["note".to_owned(), "état".to_owned()]),
            8 => Value::Int(15),
            // `index.concurrently` is declared as true or false.
            9 => Value::Int(1),
            _ => Value::Unknown,
        }
    }
}

fn eval(source: &str) -> Tri {
    compile(source, &Schema).unwrap_or_else(|error| panic!("{source}: {error}")).eval(&Facts::default())
}

fn error(source: &str) -> (String, String) {
    let error = compile(source, &Schema).expect_err(source);
    (source[error.range.clone()].to_owned(), error.to_string())
}

#[test]
fn and_or_not_follow_kleenes_tables() {
    let values = [("yes", Yes), ("no", No), ("maybe", Unknown)];
    for (left, a) in values {
        assert_eq!(eval(&format!("!{left}")), !a);
        for (right, b) in values {
            assert_eq!(eval(&format!("{left} && {right}")), a.and(b), "{left} && {right}");
            assert_eq!(eval(&format!("{left} || {right}")), a.or(b), "{left} || {right}");
        }
    }
    assert_eq!(eval("maybe && no"), No);
    assert_eq!(eval("maybe || yes"), Yes);
    assert_eq!(eval("maybe == maybe"), Unknown);
}

#[test]
fn and_binds_closer_than_or_and_parentheses_closest() {
    assert_eq!(eval("yes || no && no"), Yes);
    assert_eq!(eval("(yes || no) && no"), No);
    assert_eq!(eval("!no && !(no || no)"), Yes);
}

#[test]
fn comparisons_know_their_types_and_the_unknown() {
    for (source, answer) in [
        ("server.version >= 12", Yes),
        ("server.version < 12", No),
        ("15 <= server.version && server.version > 14", Yes),
        ("server.version == -15", No),
        ("batch.size > 1000", Unknown),
        ("index.name == 'uq_orders_note'", Yes),
        ("index.name != \"uq_orders_note\"", No),
        ("table.name != 'orders'", Unknown),
        ("yes == (server.version > 1)", Yes),
        ("index.columns == ['note', 'état']", Yes),
        ("size(index.name) == 14", Yes),
        ("index.columns.size() == 2", Yes),
        ("size('é') == 1", Yes),
        ("size(table.columns) > 1", Unknown),
    ] {
        assert_eq!(eval(source), answer, "{source}");
    }
}

#[test]
fn strings_and_lists_are_searched() {
    for (source, answer) in [
        ("index.name.startsWith('uq_')", Yes),
        ("index.name.endsWith('_key')", No),
        ("index.name.contains('orders')", Yes),
        ("table.name.contains('orders')", Unknown),
        ("index.name.matches('^uq_[a-z]+_note$')", Yes),
        ("index.name.matches(option.pattern)", Yes),
        ("'note' in index.columns", Yes),
        ("table.name in index.columns", Unknown),
        ("table.name in []", No),
        ("table.name in option.none", No),
        ("'orders' in ['orders', table.name]", Yes),
        ("'orders' in ['payments', table.name]", Unknown),
        (
            r#""\"\\\n" == '"\\
'"#,
            Yes,
        ),
    ] {
        assert_eq!(eval(source), answer, "{source}");
    }
}

#[test]
fn exists_and_all_join_the_answers_of_the_elements() {
    for (source, answer) in [
        ("index.columns.exists(c, c == 'note')", Yes),
        ("index.columns.exists(c, c == 'other')", No),
        ("index.columns.exists(c, c == table.name)", Unknown),
        ("index.columns.exists(c, c == table.name || c == 'note')", Yes),
        ("index.columns.all(c, c.startsWith('n'))", No),
        ("index.columns.all(c, size(c) == 4)", Yes),
        ("[].all(c, no)", Yes),
        ("[].exists(c, yes)", No),
        ("table.columns.all(c, yes)", Unknown),
        ("index.columns.all(a, index.columns.exists(b, a == b))", Yes),
    ] {
        assert_eq!(eval(source), answer, "{source}");
    }
}

#[test]
fn what_cannot_change_the_answer_is_not_read() {
    let facts = Facts::default();
    let program = compile("no && maybe && index.name == 'x'", &Schema).expect("compiles");
    assert_eq!(program.eval(&facts), No);
    assert_eq!(facts.reads.get(), 1);
    assert_eq!(program.facts(), [1, 2, 3]);
}

#[test]
fn a_value_of_another_type_than_declared_is_unknown() {
    assert_eq!(eval("index.concurrently"), Unknown);
}

#[test]
fn constants_can_be_replaced_and_stay_checked() {
    let program = compile("index.name.matches(option.pattern)", &Schema).expect("compiles");
    let with = |text: &str| {
        let value = Value::Str(text.to_owned());
        program.rebind(&move |id| (id == 1000).then(|| value.clone()))
    };
    assert_eq!(with("_key$").expect("a regular expression").eval(&Facts::default()), No);
    assert!(with("(").expect_err("not one").message.contains("unclosed group"));
    assert!(program.rebind(&|_| Some(Value::Int(1))).is_err());
}

#[test]
fn mistakes_are_explained_at_their_place() {
    for (source, place, message) in [
        ("!index.concurently", "index.concurently", "did you mean `index.concurrently`?"),
        ("concurrently", "concurrently", "did you mean `index.concurrently`?"),
        ("yes && data.rows", "data.rows", "is a fact of `data.update`"),
        ("yes && index.name", "index.name", "is a string; `&&` joins conditions"),
        ("index.name", "index.name", "a condition is true or false"),
        ("index.name < 'b'", "index.name", "`<` compares numbers"),
        ("index.name == 3", "index.name == 3", "only values of one type compare"),
        ("'x' in index.name", "index.name", "looks for a string in a string"),
        ("index.columns.contains('x')", "index.columns", "for a list write `x in list`"),
        ("index.name.matches('(')", "'('", "unclosed group"),
        ("index.name.matches(table.name)", "table.name", "never a fact"),
        ("index.name.startswith('x')", "startswith", "did you mean `startsWith`?"),
        ("matches(index.name)", "matches", "`matches` is a method"),
        ("index.name.startsWith()", "index.name.startsWith()", "takes 1 argument, here it has 0"),
        ("index.columns.exists(yes, yes)", "yes", "already means something else"),
        ("yes and no", "and", "did you mean `&&`?"),
        ("not yes", "not", "did you mean `!`?"),
        ("yes = no", "=", "`==` compares"),
        ("yes & no", "&", "`&&` means and"),
        ("1 < 2 < 3", "<", "comparisons do not chain"),
        ("index.name == null", "null", "there is no null"),
        ("op.table-name == 'x'", "-", "joined by `_` and `.`"),
        ("(yes", "", "`)` is missing at the end"),
        ("yes)", ")", "expected an operator or the end"),
        ("", "", "a value is missing"),
        ("index.name == 'x", "'x", "the string is not closed"),
        (r"index.name.matches('\d')", r"\d", "write a backslash as"),
        ("server.version > 99999999999999999999", "99999999999999999999", "no whole number"),
        ("server.version > 12abc", "12abc", "no whole number"),
        ("[1].size() == 1", "1", "lists hold strings"),
        ("yes ? no : yes", "?", "unexpected `?`"),
    ] {
        let (found_place, found) = error(source);
        assert!(found.contains(message), "{source}: {found}");
        assert_eq!(found_place, place, "{source}");
    }
}

#[test]
fn hostile_conditions_are_refused_and_not_followed() {
    let deep = |open: &str, middle: &str, close: &str, times: usize| {
        compile(&format!("{}{middle}{}", open.repeat(times), close.repeat(times)), &Schema)
    };
    assert!(deep("(", "yes", ")", 60).is_ok());
    assert!(deep("(", "yes", ")", 100).expect_err("deep").message.contains("nested more than 64"));
    assert!(deep("(", "yes", ")", 10_000).expect_err("long").message.contains("at most 4096 bytes"));
    assert!(deep("!", "yes", "", 4000).expect_err("deep").message.contains("nested"));
    assert!(deep("[", "", "]", 1000).expect_err("deep").message.contains("nested"));
    assert!(deep("size(", "'x'", ")", 500).expect_err("deep").message.contains("nested"));
    assert!(deep("'x'", "", ".size()", 500).is_err());
    assert!(deep("yes && ", "yes", "", 500).is_ok());
    assert!(deep("index.columns.exists(c, ", "yes", ")", 3).is_err());
    assert!(compile("index.name.matches('(a{1000}){1000}')", &Schema).is_err());
    assert!(compile("\u{0}\u{feff}é", &Schema).is_err());
}

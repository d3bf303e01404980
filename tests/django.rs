//! Django's migrations are read as Django runs them: what is worked out from the files equals what Django sends to a
//! real server.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::{Server, ddlint, project, run, set_up};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The interpreter of an environment that has Django.
fn python() -> Option<String> {
    let path = set_up("scripts/python-tools", &["django==5.2.*", "psycopg[binary]"])?;
    Some(path.trim().to_owned())
}

/// Statements by `app/migrations/name.py`.
type Sent = BTreeMap<String, Vec<String>>;

/// One white space between words, no semicolon at the end. Parts of one string are told apart as the reader does.
fn statements(sql: &str) -> Vec<String> {
    let parts = sql.split("; ").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let parts = parts.map(|part| part.trim_end_matches(';').to_owned()).filter(|part| !part.is_empty());
    parts.map(|part| if part.contains(" \"new__") { without_order(&part) } else { part }).collect()
}

/// Django's order of columns in a table that it makes anew on SQLite is that in which the fields' objects happened to
/// be made; it is not followed.
fn without_order(sql: &str) -> String {
    let mut parts: Vec<&str> = sql.split([',', '(', ')']).map(str::trim).collect();
    parts.sort_unstable();
    parts.join(", ")
}

/// What Django sends.
fn sent(script_output: &str) -> Sent {
    let lines = script_output.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is an object"));
    lines
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let all = line["sql"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let all = all.flat_map(statements).collect();
            (format!("{}/migrations/{}.py", text("app"), text("name")), all)
        })
        .collect()
}

/// What ddlint works out.
fn worked_out(folder: &Path) -> Sent {
    let run = ddlint(folder, &["explain", "--output-format", "json", "."]);
    let json: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
    let mut all: Sent = BTreeMap::new();
    // A statement of several operations is there once for each: only what follows it at another place is another one.
    let mut last = (String::new(), Value::Null, String::new());
    for operation in json["operations"].as_array().into_iter().flatten().filter(|op| op["direction"] == "up") {
        let path = operation["path"].as_str().unwrap_or_default();
        let path = path.rsplit('/').take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
        let text = operation["statement"].as_str().unwrap_or_default().to_owned();
        assert_ne!(operation["kind"], "opaque", "{path}: {operation}");
        let this = (path.clone(), operation["line"].clone(), text.clone());
        if this != last {
            all.entry(path).or_default().extend(statements(&text));
            last = this;
        }
    }
    all
}

/// Both, migration by migration. The order in which Django follows the relations of a renamed model is that of a set,
/// and what is sent twice in a row is one line of ours: so the statements are compared as a set.
fn compare(django: &Sent, ours: &Sent) -> usize {
    let (wrong, count) = differences(django, ours);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    count
}

/// What differs, and how many statements there are.
fn differences(django: &Sent, ours: &Sent) -> (Vec<String>, usize) {
    let mut wrong = Vec::new();
    for (path, theirs) in django {
        let sorted = |all: &[String]| all.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        let (theirs, ours) = (sorted(theirs), sorted(ours.get(path).map_or(&[], Vec::as_slice)));
        wrong.extend(theirs.difference(&ours).map(|sql| format!("{path}: not seen: {sql}")));
        wrong.extend(ours.difference(&theirs).map(|sql| format!("{path}: not sent: {sql}")));
    }
    (wrong, django.values().map(Vec::len).sum())
}

#[test]
fn a_project_that_uses_every_operation_sends_what_is_worked_out() {
    let (Some(python), Some(server)) = (python(), Server::start()) else { return };
    let arguments = ["scripts/django-sql", "fixtures/django", "postgres", &server.folder, &server.port];
    let output = run(&python, &arguments);
    let count = compare(&sent(&output), &worked_out(&Path::new(ROOT).join("fixtures/django")));
    assert!(count > 130, "{count} statements were compared");
}

/// Random migrations, run on a database of `dialect`; of PostgreSQL's own, with the finer options, where it is `finer`.
fn random(seed: &str, migrations: &str, dialect: &str, finer: bool) {
    let Some(python) = python() else { return };
    let folder = project(&[("ddlint.toml", format!("dialect = \"{dialect}\"\n").as_bytes())]);
    let place = folder.path().to_str().expect("a path in UTF-8");
    let mut arguments = vec!["scripts/django-random", seed, migrations, place];
    arguments.extend(finer.then_some("postgres"));
    run(&python, &arguments);
    let server = if dialect == "postgres" { Server::start() } else { None };
    let mut arguments = vec!["scripts/django-sql", place, dialect];
    match &server {
        Some(server) => arguments.extend([server.folder.as_str(), server.port.as_str()]),
        None if dialect == "postgres" => return,
        None => {}
    }
    let output = run(&python, &arguments);
    let (wrong, count) = differences(&sent(&output), &worked_out(folder.path()));
    // Where SQLite's tables that join models follow a renamed model, not each rebuild is worked out.
    let allowed = if dialect == "sqlite" { count / 20 } else { 0 };
    assert!(wrong.len() <= allowed, "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 300, "{count} statements were compared");
}

#[test]
fn random_migrations_send_what_is_worked_out() {
    random("7", "200", "postgres", false);
    random("11", "200", "postgres", false);
}

#[test]
fn random_migrations_with_what_only_postgresql_has_send_what_is_worked_out() {
    random("21", "200", "postgres", true);
    random("22", "200", "postgres", true);
}

#[test]
fn random_migrations_rebuild_tables_of_sqlite_as_worked_out() {
    random("3", "150", "sqlite", false);
}

/// A migration of `operations` after one that makes a model.
fn after_orders(operations: &str) -> tempfile::TempDir {
    let initial = b"from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.CreateModel('Order', [('id', models.AutoField(primary_key=True)), ('note', models.TextField(null=True))]),\n    ]\n";
    project(&[("shop/migrations/0001_initial.py", initial), ("shop/migrations/0002_next.py", operations.as_bytes())])
}

/// Kind and table of what the second migration does.
fn second(folder: &Path) -> Vec<(String, String)> {
    let run = ddlint(folder, &["explain", "--output-format", "json", "shop/migrations/0002_next.py"]);
    let json: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
    let text = |op: &Value, key: &str| op[key].as_str().unwrap_or_default().to_owned();
    let all = json["operations"].as_array().into_iter().flatten().filter(|op| op["direction"] == "up");
    all.map(|op| (text(op, "kind"), text(op, "table"))).collect()
}

#[test]
fn functions_are_followed_to_the_tables_of_their_models() {
    let folder = after_orders(
        "from django.db import connection, migrations\n\n\
         def fill(apps, schema_editor):\n    Order = apps.get_model('shop', 'Order')\n\
         \x20   for order in Order.objects.filter(note=None).iterator():\n        order.note = ''\n        order.save()\n\
         \x20   Order.objects.exclude(note='').update(note='x')\n    Order.objects.bulk_update([], ['note'], batch_size=500)\n\
         \x20   with connection.cursor() as cursor:\n        cursor.execute('DELETE FROM shop_order')\n\
         \x20   schema_editor.execute('CREATE INDEX i ON shop_order (note)')\n\n\
         class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n\
         \x20   operations = [migrations.RunPython(fill, migrations.RunPython.noop)]\n",
    );
    let kinds = ["data.update", "data.update", "data.update", "data.delete", "index.create"];
    let expected: Vec<_> = kinds.iter().map(|kind| ((*kind).to_owned(), "shop_order".to_owned())).collect();
    assert_eq!(second(folder.path()), expected);
}

/// Models that refer to one another, and a migration of a function with this body.
fn related(body: &str) -> Vec<(String, String)> {
    let initial = b"from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.CreateModel('Tag', [('id', models.AutoField(primary_key=True))]),\n        migrations.CreateModel('Customer', [('id', models.AutoField(primary_key=True)), ('note', models.TextField())]),\n        migrations.CreateModel('Order', [\n            ('id', models.AutoField(primary_key=True)),\n            ('data', models.JSONField()),\n            ('customer', models.ForeignKey('shop.Customer', models.CASCADE, related_name='orders')),\n            ('tags', models.ManyToManyField('shop.Tag')),\n        ]),\n    ]\n";
    let next = format!(
        "from functools import partial\n\nfrom django.db import migrations\n\n\n\
         def fill(apps, schema_editor, more=None):\n    Order = apps.get_model('shop', 'Order')\n\
         \x20   Customer = apps.get_model('shop', 'Customer')\n{body}\n\n\
         class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n\
         \x20   operations = [migrations.RunPython(partial(fill, more=True), migrations.RunPython.noop)]\n"
    );
    let folder =
        project(&[("shop/migrations/0001_initial.py", initial), ("shop/migrations/0002_next.py", next.as_bytes())]);
    second(folder.path())
}

#[test]
fn relations_are_followed_to_the_tables_that_they_lead_to() {
    let cases = [
        ("    for order in Order.objects.all():\n        order.customer.save()", "data.update", "shop_customer"),
        ("    customer = Customer.objects.first()\n    customer.orders.create(data={})", "data.insert", "shop_order"),
        ("    customer = Customer.objects.all()[0]\n    customer.orders.add(more)", "data.update", "shop_order"),
        ("    for order in Order.objects.all():\n        order.tags.clear()", "data.delete", "shop_order_tags"),
        ("    Order.tags.through.objects.filter(tag=1).delete()", "data.delete", "shop_order_tags"),
        ("    Order.anything.filter(id=1).delete()", "data.delete", "shop_order"),
        (
            "    for customer in Customer.objects.all():\n        for at, order in enumerate(customer.orders.all()):\n            order.save()",
            "data.update",
            "shop_order",
        ),
        (
            "    one = Order.objects.first()\n    if one is None and more:\n        Customer.objects.create()",
            "data.insert",
            "shop_customer",
        ),
    ];
    for (body, kind, table) in cases {
        assert_eq!(related(body), [(kind.to_owned(), table.to_owned())], "{body}");
    }
    // A dictionary is no table.
    let body = "    for order in Order.objects.all():\n        order.data.clear()\n        order.data.update(a=1)";
    assert_eq!(related(body), []);
}

#[test]
fn settings_say_which_keys_nobody_wrote_and_who_the_users_are() {
    let manage = b"import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of_shop.settings')\n";
    let settings = b"INSTALLED_APPS = ['shop']\nDEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\nAUTH_USER_MODEL = 'people.Person'\n";
    let initial = b"from django.conf import settings\nfrom django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.CreateModel('Order', [\n            ('id', models.AutoField(primary_key=True)),\n            ('by', models.ManyToManyField(settings.AUTH_USER_MODEL)),\n        ]),\n    ]\n";
    let folder = project(&[
        ("manage.py", manage),
        ("site_of_shop/settings.py", settings),
        ("shop/migrations/0001_initial.py", initial),
    ]);
    let sent = worked_out(folder.path());
    let all = sent.values().flatten().cloned().collect::<Vec<_>>().join("\n");
    let key = "CREATE TABLE \"shop_order_by\" (\"id\" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY";
    assert!(all.contains(key), "{all}");
    assert!(all.contains("REFERENCES \"people_person\""), "{all}");
}

#[test]
fn one_file_is_read_with_the_state_that_its_dependencies_leave() {
    let folder = after_orders(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n\
         \x20   dependencies = [('shop', '0001_initial')]\n\
         \x20   operations = [migrations.AlterField('order', 'note', models.CharField(max_length=20, null=True))]\n",
    );
    assert_eq!(second(folder.path()), [("column.retype".to_owned(), "shop_order".to_owned())]);
}

#[test]
fn what_is_not_known_is_said_and_loses_nothing_else() {
    let folder = after_orders(
        "from django.db import migrations\nfrom elsewhere import Odd, steps\n\n\nclass Migration(migrations.Migration):\n\
         \x20   dependencies = [('shop', '0001_initial'), ('shop', '0002_next'), ('gone', '0001_initial')]\n\
         \x20   operations = [Odd(), migrations.RemoveField('order', 'missing'), migrations.RemoveField('order', 'note')]\n",
    );
    let kinds: Vec<_> = second(folder.path()).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["opaque", "opaque", "column.drop"]);
    let run = ddlint(folder.path(), &["check", "--exit-zero", "--output-format", "json", "."]);
    let calls = &serde_json::from_str::<serde_json::Value>(&run.out).expect("JSON")["summary"]["calls"];
    // The model that the first migration makes, and the field that goes.
    assert_eq!((&calls["directives"], &calls["unknown_directives"]), (&2.into(), &2.into()));
}

/// A file of migrations: `app/name` with its dependencies as `app.name`, its other attributes and its operations.
fn migration(path: &str, dependencies: &[&str], attributes: &str, operations: &str) -> (String, Vec<u8>) {
    let pairs: Vec<_> = dependencies
        .iter()
        .filter_map(|one| one.split_once('.'))
        .map(|(app, name)| format!("('{app}', '{name}')"))
        .collect();
    let (app, name) = path.split_once('/').expect("app and name");
    let text = format!(
        "from django.db import migrations, models\n\n\ndef fill(apps, schema_editor):\n    pass\n\n\n\
         class Migration(migrations.Migration):\n    dependencies = [{}]\n{attributes}    operations = [{operations}]\n",
        pairs.join(", ")
    );
    (format!("{app}/migrations/{name}.py"), text.into_bytes())
}

/// Rule and message of every finding of `rules`.
fn found(files: &[(String, Vec<u8>)], rules: &str) -> Vec<(String, String)> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_slice())).collect();
    let folder = project(&files);
    let run = ddlint(folder.path(), &["check", "--exit-zero", "--select", rules, "--output-format", "json", "."]);
    let json: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    json["findings"].as_array().into_iter().flatten().map(|one| (text(one, "rule"), text(one, "message"))).collect()
}

const GRAPH: &str = "multiple-heads,missing-parent,dependency-cycle,duplicate-version";
const ORDER: &str = "migrations.CreateModel('Order', [('id', models.AutoField(primary_key=True))])";

#[test]
fn two_last_migrations_of_an_app_are_told_and_those_of_two_apps_are_not() {
    let mut files = vec![
        migration("shop/0001", &["auth.0001_initial"], "", ORDER),
        migration("shop/0002_left", &["shop.0001"], "", ""),
        migration("cart/0001", &["shop.0001", "shop.__first__", "tax.__latest__"], "", ""),
    ];
    assert_eq!(found(&files, GRAPH), []);
    files.push(migration("shop/0002_right", &["shop.0001"], "", ""));
    let told = found(&files, GRAPH);
    assert_eq!(
        told,
        [("multiple-heads".to_owned(), "`shop.0002_left` and `0002_right` both come last in `shop`".to_owned())]
    );
    files.push(migration("shop/0003_merge", &["shop.0002_left", "shop.0002_right"], "", ""));
    assert_eq!(found(&files, GRAPH), []);
}

#[test]
fn a_dependency_is_missing_only_where_its_app_is_here() {
    let files = [
        migration("shop/0001", &["elsewhere.0007_gone"], "", ORDER),
        migration("cart/0001", &["shop.0002_gone"], "", ""),
    ];
    let told = found(&files, GRAPH);
    let message = "`cart.0001` follows `shop.0002_gone`, which no migration is".to_owned();
    assert_eq!(told, [("missing-parent".to_owned(), message)]);
}

#[test]
fn a_circle_over_apps_is_told() {
    let files = [
        migration("shop/0001", &["cart.0001"], "", ORDER),
        migration("cart/0001", &[], "    run_before = [('tax', '0001')]\n", ""),
        migration("tax/0001", &[], "    run_before = [('cart', '0001')]\n", ""),
    ];
    let told = found(&files, GRAPH);
    let rules: Vec<_> = told.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["dependency-cycle"], "{told:?}");
}

#[test]
fn a_squashed_migration_is_no_second_head_and_makes_nothing_twice() {
    let replaces = "    replaces = [('shop', '0001'), ('shop', '0002')]\n";
    let add = "migrations.AddField('order', 'note', models.TextField(null=True))";
    let files = [
        migration("shop/0001", &[], "", ORDER),
        migration("shop/0002", &["shop.0001"], "", add),
        migration("shop/0001_squashed_0002", &[], replaces, &format!("{ORDER}, {add}")),
        migration("shop/0003", &["shop.0002"], "", "migrations.RemoveField('order', 'note')"),
        migration("cart/0001", &["shop.0001_squashed_0002"], "", ""),
    ];
    assert_eq!(found(&files, &format!("{GRAPH},already-exists,unknown-column")), []);
    let told = found(&files, "column-dropped");
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_column_goes_after_its_field_has_gone_from_the_state() {
    let class = "\n\nclass RemoveLater(migrations.RemoveField):\n    def state_forwards(self, app_label, state):\n        pass\n\n    \
                 def database_forwards(self, app_label, schema_editor, from_state, to_state):\n        \
                 super().database_forwards(app_label, schema_editor, from_state, to_state)\n";
    let state = "migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField('order', 'note')])";
    let mut files = vec![
        migration("shop/0001", &[], "", ORDER),
        migration("shop/0002", &["shop.0001"], "", "migrations.AddField('order', 'note', models.TextField(null=True))"),
        migration("shop/0003", &["shop.0002"], "", state),
        migration("shop/0004", &["shop.0003"], "", "RemoveLater('order', 'note')"),
    ];
    let (_, text) = files.last_mut().expect("four");
    let at = text.windows(6).position(|word| word == b"\nclass").expect("a class");
    text.splice(at..at, class.bytes());
    assert_eq!(found(&files, "column-dropped").len(), 1);
}

#[test]
fn code_of_another_project_is_said() {
    let run = |code: &str| [migration("shop/0001", &[], "", &format!("{ORDER}, migrations.RunPython({code})"))];
    assert_eq!(found(&run("elsewhere.fill"), "unresolved-sql").len(), 1);
    assert_eq!(found(&run("migrations.RunPython.noop"), "unresolved-sql"), []);
    assert_eq!(found(&run("fill"), "unresolved-sql"), []);
}

#[test]
fn a_class_that_the_project_passes_on_is_the_library_s() {
    let index = "migrations.AddIndex('order', Index(fields=['-id'], name='order_id_idx'))";
    let mut files = vec![migration("shop/0001", &[], "", ORDER), migration("shop/0002", &["shop.0001"], "", index)];
    let (_, text) = files.last_mut().expect("two");
    text.splice(0..0, b"from shop.models import Index\n".iter().copied());
    files.push(("shop/models.py".to_owned(), b"from django.db.models import Index\n".to_vec()));
    assert_eq!(found(&files, "index-not-concurrent").len(), 1);
}

#[test]
fn what_begins_an_app_runs_when_it_is_installed() {
    let line = "migrations.CreateModel('Line', [('id', models.BigAutoField(primary_key=True))])";
    let index = "migrations.AddIndex('order', models.Index(fields=['id'], name='order_id_idx'))";
    let initial = "    initial = True\n";
    let begun = |body: &str| {
        [
            migration("shop/0001", &[], initial, &format!("{ORDER}, {line}")),
            migration("shop/0002", &["shop.0001"], body, index),
        ]
    };
    assert_eq!(found(&begun(initial), "index-not-concurrent"), []);
    assert_eq!(found(&begun(""), "index-not-concurrent").len(), 1);
    // An app that comes later finds the tables of the others full.
    let mut two = begun(initial).to_vec();
    two.truncate(1);
    let backfill = "migrations.RunSQL('UPDATE shop_order SET id = id + 1')";
    two.push(migration("bill/0001", &["shop.0001"], initial, backfill));
    assert_eq!(found(&two, "backfill-in-migration").len(), 1);
}

#[test]
fn what_cannot_be_taken_back_is_told() {
    let run = |operations: &str| {
        found(&[migration("shop/0001", &[], "", &format!("{ORDER}, {operations}"))], "irreversible-down")
    };
    let message =
        |reason: &str| ("irreversible-down".to_owned(), format!("this migration cannot be taken back: {reason}"));
    assert_eq!(run("migrations.RunPython(fill)"), [message("`RunPython` is given no `reverse_code`")]);
    assert_eq!(run("migrations.RunSQL('SELECT 1')"), [message("`RunSQL` is given no `reverse_sql`")]);
    assert_eq!(run("migrations.RunPython(fill, migrations.RunPython.noop)"), []);
    assert_eq!(run("migrations.RunSQL('SELECT 1', reverse_sql='')"), []);
}

#[test]
fn apps_of_a_site_share_one_history() {
    let rename = "migrations.RunSQL('ALTER TABLE shop_order RENAME TO purchases', '')";
    let files = [
        migration("shop/0001", &[], "", ORDER),
        migration("cart/0001", &["shop.0001"], "", rename),
        migration("tax/0001", &["cart.0001"], "", "migrations.RunSQL('DELETE FROM shop_order WHERE id = 1', '')"),
        migration("tax/0002", &["tax.0001"], "", "migrations.RunSQL('DELETE FROM brought_by_others WHERE id = 1', '')"),
    ];
    let told = found(&files, "unknown-table");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("shop_order"), "{told:?}");
}

#[test]
fn texts_name_the_tables_of_models_and_operations_do_what_they_inherit() {
    let folder = after_orders(
        "from django.db import migrations, models\n\n\n\
         def fill(apps, schema_editor):\n    table = apps.get_model('shop', 'Order')._meta.db_table\n\
         \x20   schema_editor.execute(f'ALTER TABLE {table} ALTER COLUMN note TYPE varchar(9)')\n\n\n\
         class IfThere(migrations.RemoveField):\n    def database_forwards(self, *arguments):\n\
         \x20       super().database_forwards(*arguments)\n\n\n\
         class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n\
         \x20   operations = [migrations.AlterModelTable('order', 'purchases'), migrations.RunPython(fill),\n\
         \x20                 IfThere('order', 'note')]\n",
    );
    let expected = [("table.rename", "shop_order"), ("column.retype", "purchases"), ("column.drop", "purchases")];
    assert_eq!(second(folder.path()), expected.map(|(kind, table)| (kind.to_owned(), table.to_owned())));
}

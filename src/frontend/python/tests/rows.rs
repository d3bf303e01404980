//! Functions that are registered, values of which there are two, and rows that become others.

use super::{operations, shown};
use crate::ir::{Details, OpKind, Operation};

fn inserted(text: &str) -> Operation {
    operations(text).into_iter().find(|op| op.kind == OpKind::DataInsert).expect("an insert")
}

fn rows(text: &str) -> Option<u64> {
    let Details::Data(data) = inserted(text).details else { panic!("rows") };
    data.rows
}

#[test]
fn steps_that_a_decorator_is_given_are_run_in_order() {
    let body = "    @step('one')\n    def _one(cur):\n        cur.execute('UPDATE a SET x = 1')\n\n    @step('two')\n    def _two(cur):\n        cur.execute('DELETE FROM b')\n\n    perform(db)\n";
    let text = format!("def upgrade(db):\n{body}");
    assert_eq!(
        shown(&text),
        "upgrade\n  data.update a unknown | UPDATE a SET x = 1\n  data.delete b unknown | DELETE FROM b\n"
    );
    // What is called is not run again, and what only changes a function registers nothing.
    assert_eq!(shown(&text.replace("perform(db)", "_one(db)\n    _two(db)")), shown(&text));
    assert_eq!(shown(&text.replace("@step('one')", "@wraps(f)").replace("@step('two')", "@cache")), "");
}

#[test]
fn what_except_sets_is_one_of_two_values() {
    let text = "try:\n    from zone import Zone\nexcept ImportError:\n    Zone = None\n\n\ndef upgrade(conn):\n    if Zone is None:\n        return\n    conn.execute('DELETE FROM a')\n";
    assert!(shown(text).contains("data.delete a"));
    let text = "def upgrade(conn):\n    try:\n        table = 'a'\n    except KeyError:\n        table = 'b'\n    conn.execute(f'DELETE FROM {table}')\n";
    let tables: Vec<_> = operations(text).iter().filter_map(|op| Some(op.table.as_ref()?.to_string())).collect();
    assert_eq!(tables, ["a", "b"]);
}

#[test]
fn each_object_of_a_row_can_be_changed() {
    let text = "def upgrade(session):\n    for order, item in session.query(Order, Item).all():\n        item.state = order.state\n    session.commit()\n";
    assert!(operations(text).iter().any(|op| op.kind == OpKind::DataUpdate && op.context.in_loop));
}

#[test]
fn a_list_that_a_loop_over_rows_fills_has_as_many_elements() {
    let fill = |rest: &str| {
        format!(
            "from alembic import op\n\n\ndef upgrade():\n    conn = op.get_bind()\n    made = []\n    for row in conn.execute('SELECT id FROM a'):\n        made.append({{'id': row.id}})\n{rest}"
        )
    };
    assert_eq!(rows(&fill("    op.bulk_insert(table('b', column('id')), made)\n")), Some(0));
    assert_eq!(rows(&fill("    conn.execute('INSERT INTO b (id) VALUES (:id)', made)\n")), Some(0));
    let each = fill("    for one in made:\n        conn.execute('INSERT INTO b (id) VALUES (:id)', one)\n");
    assert!(inserted(&each).context.per_row);
    let seed = "from alembic import op\n\n\ndef upgrade():\n    made = []\n    for name in ('x', 'y'):\n        made.append({'name': name})\n    op.bulk_insert(table('b', column('name')), made)\n";
    assert_eq!(rows(seed), Some(2));
}

#[test]
fn the_schema_of_alembic_own_table_is_the_default() {
    let text = "from alembic import context, op\n\n\ndef upgrade():\n    schema = context.get_context().version_table_schema + '.' if context.get_context().version_table_schema else ''\n    op.execute('DELETE FROM ' + schema + 'a')\n";
    assert!(shown(text).contains("data.delete a "), "{}", shown(text));
}

#[test]
fn a_part_between_known_bounds_is_known() {
    let sliced = |expression: &str| {
        let text = format!(
            "def upgrade(conn):\n    name = 'orders_old'\n    names = ['a', 'b', 'c']\n    for one in {expression}:\n        conn.execute(f'DELETE FROM {{one}}')\n"
        );
        let tables: Vec<_> = operations(&text).iter().filter_map(|op| Some(op.table.as_ref()?.to_string())).collect();
        tables.join(" ")
    };
    assert_eq!(sliced("[name[:-4], name[7:]]"), "orders old");
    assert_eq!(sliced("names[1:]"), "b c");
    assert_eq!(sliced("names[:-1]"), "a b");
}

/// The kind and table of what is written row by row.
fn written(body: &str) -> Vec<(OpKind, String)> {
    let text = format!(
        "from alembic import op\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n\n\ndef pages(query):\n    while True:\n        for one in query.limit(100):\n            yield one\n\n\ndef upgrade():\n    session = Session(bind=op.get_bind())\n{body}    session.commit()\n"
    );
    let all = operations(&text).into_iter().filter(|op| op.kind.as_str().starts_with("data.") && op.context.in_loop);
    let all = all.filter(|op| op.kind != OpKind::DataSelect);
    all.map(|op| (op.kind, op.table.map(|table| table.to_string()).unwrap_or_default())).collect()
}

#[test]
fn objects_of_a_session_are_deleted_and_changed_in_part() {
    let one = |kind, rest: &str| {
        let found = written(&format!("    for order in session.query(Order):\n        {rest}\n"));
        assert_eq!(found, [(kind, "orders".to_owned())], "{rest}");
    };
    one(OpKind::DataDelete, "session.delete(order)");
    one(OpKind::DataUpdate, "order.options['note'] = 1");
    one(OpKind::DataUpdate, "del order.options['note']");
    one(OpKind::DataUpdate, "order.customer.note = 'x'");
    let gathered = "    gone = []\n    for order in session.query(Order):\n        gone.append(order)\n    for order in gone:\n        session.delete(order)\n";
    assert_eq!(written(gathered), [(OpKind::DataDelete, "orders".to_owned())]);
    let paged = "    for order in pages(session.query(Order)):\n        order.note = ''\n";
    assert_eq!(written(paged), [(OpKind::DataUpdate, "orders".to_owned())]);
    assert_eq!(written("    session.delete(session.query(Order).first())\n"), []);
}

#[test]
fn a_statement_for_a_list_made_of_rows_is_run_for_each() {
    let text = "def upgrade(conn):\n    rows = conn.execute('SELECT id, name FROM a').fetchall()\n    sets = [{'id': key, 'name': name} for key, name in rows]\n    conn.execute('UPDATE a SET name = :name WHERE id = :id', sets)\n";
    assert!(operations(text).iter().any(|op| op.kind == OpKind::DataUpdate && op.context.in_loop));
}

/// What a revision of Alembic with this body writes: kind and table.
fn of_body(body: &str) -> Vec<String> {
    let text = format!(
        "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.ext.automap import automap_base\nfrom sqlalchemy.orm import Session\n\n\
         revision = 'a'\ndown_revision = None\n\n\ndef upgrade():\n    bind = op.get_bind()\n    session = Session(bind)\n    {}\n",
        body.replace('\n', "\n    ")
    );
    let said =
        |op: Operation| format!("{} {}", op.kind.as_str(), op.table.map_or("?".to_owned(), |table| table.to_string()));
    operations(&text).into_iter().filter(|op| op.kind != OpKind::DataSelect).map(said).collect()
}

#[test]
fn tables_and_classes_that_the_database_describes_have_their_names() {
    assert_eq!(
        of_body(
            "meta = sa.MetaData()\nmeta.reflect(bind=bind)\nbind.execute(meta.tables['orders'].update().values(a=1))"
        ),
        ["data.update orders"]
    );
    let classes = "Base = automap_base()\nBase.prepare(autoload_with=bind)\n";
    assert_eq!(
        of_body(&format!("{classes}for o in session.scalars(sa.select(Base.classes.orders)):\n    o.a = 1")),
        ["data.update orders"]
    );
    assert_eq!(of_body(&format!("{classes}session.query(Base.classes['orders']).delete()")), ["data.delete orders"]);
}

#[test]
fn an_attribute_is_set_by_name_too() {
    let set =
        "Base = automap_base()\nfor o in session.scalars(sa.select(Base.classes.orders)):\n    setattr(o, 'a', 1)";
    assert_eq!(of_body(set), ["data.update orders"]);
    assert_eq!(
        of_body(
            "class Plan:\n    pass\nplan = Plan()\nsetattr(plan, 'sql', 'DELETE FROM orders')\nop.execute(plan.sql)"
        ),
        ["data.delete orders"]
    );
}

#[test]
fn a_function_is_run_for_each_of_the_rows_that_it_is_mapped_over() {
    let mapped = "rows = bind.execute(sa.text('SELECT id FROM orders'))\nlist(map(lambda row: bind.execute(sa.text('DELETE FROM orders WHERE id = :id'), {'id': row.id}), rows))";
    assert_eq!(of_body(mapped), ["data.delete orders"]);
}

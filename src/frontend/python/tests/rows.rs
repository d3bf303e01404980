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

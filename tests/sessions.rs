//! Connections and sessions of SQLAlchemy: which transaction they work in, and what SET leaves on them.

use crate::support::{ddlint, project};

/// The names of `rules` that find something in a revision of Alembic with this body, which follows one that makes the table.
fn of_revision(rules: &str, body: &str) -> Vec<String> {
    let initial = b"from alembic import op\nimport sqlalchemy as sa\n\nrevision = '1'\ndown_revision = None\n\n\ndef upgrade():\n    op.create_table('orders', sa.Column('id', sa.BigInteger, primary_key=True), sa.Column('note', sa.Text))\n";
    let next = format!(
        "from alembic import op\nimport sqlalchemy as sa\nfrom sqlalchemy.orm import Session, scoped_session, sessionmaker\n\n\
         revision = '2'\ndown_revision = '1'\nMaker = sessionmaker()\n\n\ndef upgrade():\n    bind = op.get_bind()\n    {}\n",
        body.replace('\n', "\n    ")
    );
    let folder = project(&[("alembic/versions/1_a.py", initial), ("alembic/versions/2_b.py", next.as_bytes())]);
    ddlint(folder.path(), &["check", "--output-format", "json", "--exit-zero", "--select", rules, "."]).rules()
}

const ADD: &str = "op.add_column('orders', sa.Column('paid', sa.Boolean))";
const FILL: &str = "session.execute(sa.text('UPDATE orders SET paid = false'))\nsession.commit()";

#[test]
fn a_session_over_the_connection_of_alembic_commits_nothing() {
    let over = ["Session(bind=bind)", "Session(bind)", "sessionmaker(bind=bind)()", "Maker(bind=bind)"];
    for session in
        over.into_iter().chain(["scoped_session(sessionmaker(bind=bind))", "scoped_session(Maker)(bind=bind)"])
    {
        let body = format!("{ADD}\nsession = {session}\nsession.commit()\n{FILL}");
        assert_eq!(of_revision("mixed-schema-and-data", &body), ["mixed-schema-and-data"], "{session}");
    }
    let body = format!("{ADD}\nwith Session(bind) as session, session.begin():\n    {}", FILL.replace('\n', "\n    "));
    assert_eq!(of_revision("mixed-schema-and-data", &body), ["mixed-schema-and-data"]);
    let nested = "with bind.begin_nested():\n    bind.execute(sa.text('UPDATE orders SET paid = false'))";
    assert_eq!(of_revision("mixed-schema-and-data", &format!("{ADD}\n{nested}")), ["mixed-schema-and-data"]);
}

#[test]
fn the_connection_itself_commits_and_so_does_a_session_outside_of_a_transaction() {
    let body = format!("{ADD}\nbind.commit()\nsession = Session(bind)\n{FILL}");
    assert_eq!(of_revision("mixed-schema-and-data", &body), Vec::<String>::new());
    let body = format!(
        "with op.get_context().autocommit_block():\n    {ADD}\n    session = Session(bind)\n    {}",
        FILL.replace('\n', "\n    ")
    );
    assert_eq!(of_revision("mixed-schema-and-data", &body), Vec::<String>::new());
}

#[test]
fn a_session_of_an_engine_has_a_connection_of_its_own() {
    let script = |commit: &str| {
        format!(
            "from sqlalchemy import create_engine, text\nfrom sqlalchemy.orm import sessionmaker\n\n\
             engine = create_engine('postgresql://localhost/shop')\nMaker = sessionmaker(bind=engine)\n\n\n\
             def migrate():\n    session = Maker()\n    session.execute(text('ALTER TABLE orders ADD COLUMN paid boolean'))\n\
             {commit}    session.execute(text('UPDATE orders SET paid = false'))\n    session.commit()\n\n\nmigrate()\n"
        )
    };
    let found = |commit: &str| {
        let folder = project(&[("migrations/0001_paid.py", script(commit).as_bytes())]);
        let rules = ["--select", "mixed-schema-and-data", "."];
        ddlint(folder.path(), &[&["check", "--output-format", "json", "--exit-zero"], &rules[..]].concat()).rules()
    };
    assert_eq!(found(""), ["mixed-schema-and-data"]);
    assert_eq!(found("    session.commit()\n"), Vec::<String>::new());
}

#[test]
fn what_is_set_on_a_connection_outlives_its_transactions() {
    let waits = |body: &str| of_revision("lock-timeout-missing", body).len();
    let drop = "op.drop_column('orders', 'note')";
    let concurrently = "with op.get_context().autocommit_block():\n    op.create_index('ix', 'orders', ['note'], postgresql_concurrently=True)";
    let set = |how: &str| format!("op.execute(\"SET {how}lock_timeout = '4s'\")\n");
    assert_eq!(waits(&format!("{concurrently}\n{drop}")), 1);
    assert_eq!(waits(&format!("{}{concurrently}\n{drop}", set(""))), 0);
    assert_eq!(waits(&format!("{}bind.commit()\n{drop}", set(""))), 0);
    assert_eq!(waits(&format!("{}{concurrently}\n{drop}", set("LOCAL "))), 1);
    assert_eq!(waits(&format!("{}bind.rollback()\n{drop}", set(""))), 1);
}

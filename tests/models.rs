//! Models beside migrations, in real repositories of git: what the release that runs maps must stay, what it does not
//! map may go, and where that cannot be told the old answer holds.

use std::path::Path;

use crate::support::{Run, commit, ddlint, project, write};

const CHECK: &[&str] = &[
    "check",
    "--select",
    "column-dropped,column-dropped-while-mapped,column-renamed,table-dropped,table-renamed",
    "--output-format",
    "json",
];

/// Rule, severity and message of each finding, with the rules that belong to this.
fn check(folder: &Path, more: &[&str]) -> Vec<(String, String, String)> {
    let run = ddlint(folder, &[CHECK, more].concat());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = run.findings().into_iter();
    findings.map(|f| (text(&f["rule"]), text(&f["severity"]), text(&f["message"]))).collect()
}

fn rules(folder: &Path, more: &[&str]) -> Vec<String> {
    check(folder, more).into_iter().map(|(rule, ..)| rule).collect()
}

const DJANGO_FIRST: &str = "from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel('Tag', [('id', models.BigAutoField(primary_key=True)), ('name', models.TextField())]),
        migrations.CreateModel('Order', [
            ('id', models.BigAutoField(primary_key=True)),
            ('note', models.TextField(null=True)),
            ('buyer', models.ForeignKey('shop.Tag', models.CASCADE, null=True)),
            ('tags', models.ManyToManyField('shop.Tag')),
        ]),
    ]
";

/// A migration of Django with these operations.
fn django(operations: &str) -> String {
    format!(
        "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n    \
         dependencies = [('shop', '0001_initial')]\n    operations = [{operations}]\n"
    )
}

/// Models of Django in which the class `Order` has these fields.
fn django_models(fields: &str) -> String {
    format!(
        "from django.db import models\n\n\nclass Stamped(models.Model):\n    made = models.DateTimeField(null=True)\n\n    \
         class Meta:\n        abstract = True\n\n\nclass Tag(models.Model):\n    name = models.TextField()\n\n\n\
         class Order(Stamped):\n    made = None\n{fields}\n"
    )
}

const ALL_FIELDS: &str = "    note = models.TextField(null=True)\n    buyer = models.ForeignKey(Tag, models.CASCADE, \
                          null=True)\n    tags = models.ManyToManyField(Tag)\n";

#[test]
fn a_field_and_its_column_that_go_at_once_are_an_error() {
    let base = django_models(ALL_FIELDS);
    let folder = project(&[
        ("shop/migrations/__init__.py", b""),
        ("shop/migrations/0001_initial.py", DJANGO_FIRST.as_bytes()),
        ("shop/models.py", base.as_bytes()),
    ]);
    let path = folder.path();
    commit(path);
    let next = django(
        "migrations.RemoveField('order', 'note'), migrations.RemoveField('order', 'buyer'), \
         migrations.RemoveField('order', 'tags')",
    );
    let models = django_models("    pass\n");
    write(path, &[("shop/models.py", models.as_bytes()), ("shop/migrations/0002_next.py", next.as_bytes())]);

    let found = check(path, &["--diff-base", "HEAD"]);
    let expected = [
        (
            "column-dropped-while-mapped",
            "`note` of `shop_order` goes while a release needs it: `Order` in `shop/models.py` at `HEAD` maps it",
        ),
        (
            "column-dropped-while-mapped",
            "`buyer_id` of `shop_order` goes while a release needs it: `Order` in `shop/models.py` at `HEAD` maps it",
        ),
        (
            "table-dropped",
            "`shop_order_tags` goes while the running release may still read or write it: `Order.tags` in `shop/models.py` at `HEAD` maps it",
        ),
    ];
    let said: Vec<_> = found.iter().map(|(rule, _, message)| (rule.as_str(), message.as_str())).collect();
    assert_eq!(said, expected);
    assert!(found.iter().all(|(_, severity, _)| severity == "error"), "{found:?}");

    // The same of one file, of a folder of the repository, and of what an editor has not saved.
    assert_eq!(rules(path, &["--diff-base", "HEAD", "shop/migrations/0002_next.py"]).len(), 3);
    // Without a base, nothing is known of what runs, and the new models are right.
    assert_eq!(rules(path, &[]), ["column-dropped", "column-dropped", "table-dropped"]);

    // Once it has run there is nothing to say.
    commit(path);
    assert_eq!(rules(path, &["--diff-base", "HEAD"]), [""; 0]);
}

#[test]
fn what_the_running_release_has_not_mapped_may_go() {
    let base = django_models("    buyer = models.ForeignKey(Tag, models.CASCADE, null=True, db_column='customer')\n");
    let first = DJANGO_FIRST
        .replace("null=True)),\n            ('tags'", "null=True, db_column='customer')),\n            ('tags'");
    let folder = project(&[
        ("site/shop/migrations/__init__.py", b""),
        ("site/shop/migrations/0001_initial.py", first.as_bytes()),
        ("site/shop/models.py", base.as_bytes()),
    ]);
    let path = folder.path();
    commit(path);
    let next =
        django("migrations.RunSQL('ALTER TABLE shop_order DROP COLUMN note'), migrations.RemoveField('order', 'tags')");
    write(path, &[("site/shop/migrations/0002_next.py", next.as_bytes())]);
    assert_eq!(rules(path, &["--diff-base", "HEAD"]), [""; 0]);
    assert_eq!(rules(path, &[]), ["column-dropped", "table-dropped"]);
    // The column has another name than its field.
    let next = django("migrations.RemoveField('order', 'buyer')");
    write(path, &[("site/shop/migrations/0002_next.py", next.as_bytes())]);
    assert_eq!(rules(path, &["--diff-base", "HEAD"]), ["column-dropped-while-mapped"]);
}

#[test]
fn models_that_cannot_be_read_change_nothing() {
    let drop = django("migrations.RemoveField('order', 'note')");
    let mixed_in = "from django.db import models\nfrom elsewhere.models import Noted\n\n\nclass Order(Noted, models.Model):\n    x = models.TextField()\n";
    let named = "from django.db import models\nfrom elsewhere import prefix\n\n\nclass Order(models.Model):\n    note = models.TextField()\n\n    class Meta:\n        db_table = prefix('order')\n";
    let broken = "from django.db import models\n\n\nclass Order(models.Model:\n    x = models.TextField()\n";
    let none = "TABLES = ['shop_order']\n";
    for models in [mixed_in, named, broken, none] {
        let folder = project(&[
            ("shop/migrations/__init__.py", b""),
            ("shop/migrations/0001_initial.py", DJANGO_FIRST.as_bytes()),
            ("shop/models.py", models.as_bytes()),
        ]);
        let path = folder.path();
        commit(path);
        write(path, &[("shop/migrations/0002_next.py", drop.as_bytes())]);
        assert_eq!(rules(path, &["--diff-base", "HEAD"]), ["column-dropped"], "{models}");
    }
}

const ALEMBIC_FIRST: &str = "import sqlalchemy as sa
from alembic import op

revision = '1a'
down_revision = None


def upgrade():
    op.create_table(
        'orders',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('note', sa.Text),
        sa.Column('created', sa.DateTime),
    )
";

/// A repository of Alembic whose models are `files` at the base, and in which a new revision then does `what`.
fn alembic(files: &[(&str, &str)], what: &str) -> tempfile::TempDir {
    let folder = project(&[("app/migrations/versions/1a_first.py", ALEMBIC_FIRST.as_bytes())]);
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    write(folder.path(), &bytes);
    commit(folder.path());
    let next =
        format!("from alembic import op\n\nrevision = '2b'\ndown_revision = '1a'\n\n\ndef upgrade():\n    {what}\n");
    write(folder.path(), &[("app/migrations/versions/2b_next.py", next.as_bytes())]);
    folder
}

const BASE: &str = "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n";

#[test]
fn columns_of_sqlalchemy_are_found_however_they_are_written() {
    let classic = "import sqlalchemy as sa\nfrom ..base import Base\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = sa.Column(sa.Integer, primary_key=True)\n    remark = sa.Column('note', sa.Text)\n";
    let annotated = "from sqlalchemy.orm import Mapped, mapped_column\nfrom app.base import Base\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    note: Mapped[str | None]\n";
    let mixed_in = "from sqlalchemy import Column, Integer, Text\nfrom sqlalchemy.orm import declared_attr, deferred\nfrom app.base import Base\n\n\nclass Noted:\n    @declared_attr\n    def note(cls):\n        return deferred(Column(Text))\n\n\nclass Named(Base):\n    __abstract__ = True\n\n    @declared_attr\n    def __tablename__(cls):\n        return cls.__name__.lower()\n\n\nclass Orders(Noted, Named):\n    id = Column(Integer, primary_key=True)\n";
    let flask = "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n\n\nclass Orders(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n    note = db.Column(db.Text)\n";
    let core = "from sqlalchemy import Column, Integer, MetaData, Table, Text\n\nmetadata = MetaData()\norders = Table('orders', metadata, Column('id', Integer, primary_key=True), Column('note', Text))\n";
    let child = "from sqlalchemy import Column, Integer, Text\nfrom app.base import Base\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n\n\nclass Special(Order):\n    note = Column(Text)\n";
    let by_hand = "from sqlalchemy import Column, Integer, Table, Text\nfrom app.base import Base\n\n\nclass Order(Base):\n    __table__ = Table('orders', Base.metadata, Column('id', Integer, primary_key=True), Column('note', Text))\n";
    let sqlmodel = "from sqlmodel import Field, SQLModel\n\n\nclass OrderBase(SQLModel):\n    note: str | None = None\n\n\nclass Orders(OrderBase, table=True):\n    id: int | None = Field(default=None, primary_key=True)\n";
    let partial = "from functools import partial\nfrom flask_sqlalchemy import SQLAlchemy as Flask\n\n\nclass Database(Flask):\n    pass\n\n\ndb = Database(session_options={})\nColumn = partial(db.Column, nullable=False)\n\n\nclass Order(db.Model):\n    __tablename__ = 'orders'\n    id = Column(db.Integer, primary_key=True)\n    created = Column('note', db.Text)\n";
    let joining = "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\norders = db.Table('orders', db.Column('note', db.Text), db.Column('id', db.Integer))\n";
    let made = "from sqlalchemy import Column, Integer, Text\nfrom sqlalchemy.orm import declarative_base, declared_attr\n\n\nclass Noted:\n    @declared_attr\n    def __tablename__(cls):\n        return cls.__name__.lower()\n\n    note = Column(Text)\n\n\nclass Wrapped(Noted):\n    pass\n\n\nBase = declarative_base(cls=Wrapped)\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n";
    for models in [classic, annotated, mixed_in, flask, core, child, by_hand, sqlmodel, partial, joining, made] {
        let files = [("app/base.py", BASE), ("app/models/order.py", models)];
        let folder = alembic(&files, "op.drop_column('orders', 'note')");
        assert_eq!(rules(folder.path(), &["--diff-base", "HEAD"]), ["column-dropped-while-mapped"], "{models}");
        let folder = alembic(&files, "op.drop_column('orders', 'created')");
        assert_eq!(rules(folder.path(), &["--diff-base", "HEAD"]), [""; 0], "{models}");
    }
}

#[test]
fn what_is_not_certain_of_sqlalchemy_changes_nothing() {
    let head = "from sqlalchemy import Column, Integer, MetaData, Table, Text\nfrom app.base import Base\nfrom elsewhere import Noted, NAME, engine, note_column\n\n\n";
    let unknown_base =
        "class Order(Noted, Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n";
    let unknown_name = "class Order(Base):\n    __tablename__ = NAME\n    id = Column(Integer, primary_key=True)\n    note = Column(Text)\n";
    let reflected = "orders = Table('orders', MetaData(), autoload_with=engine)\n";
    let made_elsewhere = "class Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    note = note_column()\n";
    for models in [unknown_base, unknown_name, reflected, made_elsewhere] {
        let models = format!("{head}{models}");
        let files = [("app/base.py", BASE), ("app/models/order.py", &*models)];
        let folder = alembic(&files, "op.drop_column('orders', 'note')");
        assert_eq!(rules(folder.path(), &["--diff-base", "HEAD"]), ["column-dropped"], "{models}");
    }
    // The table of another program in the repository, which happens to have the same name.
    let other = "from sqlalchemy import Column, Integer, Text\nfrom sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    number = Column(Integer, primary_key=True)\n    weight = Column(Integer)\n    price = Column(Integer)\n    note = Column(Text)\n";
    let folder = alembic(&[("billing/models.py", other)], "op.drop_column('orders', 'note')");
    assert_eq!(rules(folder.path(), &["--diff-base", "HEAD"]), ["column-dropped"]);
}

#[test]
fn tables_and_new_names_are_judged_by_the_same_models() {
    let models = "from sqlalchemy import Column, Integer, Text\nfrom app.base import Base\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    note = Column(Text)\n";
    let gone = models.replace("orders", "purchases");
    let capitals = models.replace("'orders'", "'ORDERS'").replace("Order(", "Purchase(");
    let cases = [
        (models, "op.drop_table('orders')", vec![("table-dropped", "error")]),
        (&*gone, "op.drop_table('orders')", vec![]),
        (models, "op.rename_table('orders', 'purchases')", vec![("table-renamed", "error")]),
        (&*gone, "op.rename_table('orders', 'buys')", vec![]),
        // Spelt in capitals, and by a class of another name.
        (&*capitals, "op.drop_table('ORDERS')", vec![("table-dropped", "error")]),
        (models, "op.alter_column('orders', 'note', new_column_name='remark')", vec![("column-renamed", "error")]),
        (models, "op.alter_column('orders', 'created', new_column_name='made')", vec![]),
    ];
    for (models, what, expected) in cases {
        let folder = alembic(&[("app/base.py", BASE), ("app/models.py", models)], what);
        let found = check(folder.path(), &["--diff-base", "HEAD"]);
        let found: Vec<_> = found.iter().map(|(rule, severity, _)| (rule.as_str(), severity.as_str())).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_new_release_that_needs_what_goes_is_an_error_without_a_base_too() {
    let models = "from sqlalchemy import Column, Integer, Text\nfrom app.base import Base\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    note = Column(Text)\n";
    let folder = alembic(&[("app/base.py", BASE), ("app/models.py", models)], "op.drop_column('orders', 'note')");
    assert_eq!(rules(folder.path(), &[]), ["column-dropped-while-mapped"]);
    // One file by itself does not tell what comes after it.
    assert_eq!(rules(folder.path(), &["app/migrations/versions/2b_next.py"]), ["column-dropped"]);
    let again = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = '3c'\ndown_revision = '2b'\n\n\ndef upgrade():\n    op.add_column('orders', sa.Column('note', sa.Text))\n";
    write(folder.path(), &[("app/migrations/versions/3c_again.py", again.as_bytes())]);
    assert_eq!(rules(folder.path(), &[]), ["column-dropped"]);
}

#[test]
fn a_base_that_is_not_there_is_said() {
    let folder = project(&[("migrations/0001_a.sql", b"SELECT 1;\n")]);
    let refused = |run: &Run, words: &str| {
        assert_eq!(run.code, 2, "{}", run.out);
        assert!(run.err.contains(words), "{}", run.err);
    };
    refused(&ddlint(folder.path(), &["check", "--diff-base", "HEAD"]), "not a git repository");
    commit(folder.path());
    refused(&ddlint(folder.path(), &["check", "--diff-base", "origin/main"]), "git fetch");
    refused(&ddlint(folder.path(), &["check", "--diff-base=--help"]), "`--help` is no revision");
    assert_eq!(ddlint(folder.path(), &["check", "--diff-base", "HEAD"]).code, 0);
}

#[test]
fn a_project_below_the_repository_has_its_own_paths() {
    let models = "from app.base import Base\nimport sqlalchemy as sa\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = sa.Column(sa.Integer, primary_key=True)\n    note = sa.Column(sa.Text)\n";
    let folder = project(&[
        ("service/ddlint.toml", b""),
        ("service/app/base.py", BASE.as_bytes()),
        ("service/app/models.py", models.as_bytes()),
        ("service/migrations/0001_orders.sql", b"CREATE TABLE orders (id int PRIMARY KEY, note text);\n"),
    ]);
    commit(folder.path());
    write(folder.path(), &[("service/migrations/0002_note.sql", b"ALTER TABLE orders DROP COLUMN note;\n")]);
    let (inside, above) = (folder.path().join("service"), folder.path());
    assert_eq!(rules(&inside, &["--diff-base", "HEAD"]), ["column-dropped-while-mapped"]);
    assert_eq!(rules(above, &["service", "--diff-base", "HEAD"]), ["column-dropped-while-mapped"]);
}

#[test]
fn a_comment_that_a_run_without_a_base_needs_is_not_called_unused() {
    let folder = project(&[("migrations/0001_a.sql", b"CREATE TABLE orders (id int PRIMARY KEY, note text);\n")]);
    commit(folder.path());
    let drop = "-- ddlint: ignore[column-dropped] nobody reads it\nALTER TABLE orders DROP COLUMN note;\n";
    write(folder.path(), &[("migrations/0002_b.sql", drop.as_bytes())]);
    let said = |more: &[&str]| {
        let select = ["check", "--select", "column-dropped,unused-suppression", "--output-format", "json"];
        let run = ddlint(folder.path(), &[&select[..], more].concat());
        let new = run.findings().into_iter().filter(|finding| finding["status"] == "new");
        new.map(|finding| finding["rule"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(said(&[]), [""; 0]);
    commit(folder.path());
    assert_eq!(said(&["--diff-base", "HEAD"]), [""; 0]);
}

/// A repository of a table's migration and its model, and in the working tree a drop.
fn orders() -> tempfile::TempDir {
    let models = "from app.base import Base\nimport sqlalchemy as sa\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id = sa.Column(sa.Integer, primary_key=True)\n    note = sa.Column(sa.Text)\n";
    let folder = project(&[
        ("app/base.py", BASE.as_bytes()),
        ("app/models.py", models.as_bytes()),
        ("migrations/0001_orders.sql", b"CREATE TABLE orders (id int PRIMARY KEY, note text);\n"),
    ]);
    commit(folder.path());
    write(folder.path(), &[("migrations/0002_note.sql", b"ALTER TABLE orders DROP COLUMN note;\n")]);
    folder
}

/// Takes an object of the repository away, as a partial clone lacks it, and names it as git does.
fn lose(folder: &Path, object: &str) {
    let command = std::process::Command::new("git").current_dir(folder).args(["rev-parse", object]).output();
    let name = String::from_utf8(command.expect("git runs").stdout).expect("a name of an object");
    let (first, rest) = name.trim().split_at(2);
    std::fs::remove_file(folder.join(".git/objects").join(first).join(rest)).expect("an object of its own file");
}

/// What a run that is refused says.
fn refused(folder: &Path, base: &str) -> String {
    let run = ddlint(folder, &["check", &format!("--diff-base={base}")]);
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
    run.err
}

#[test]
fn a_base_that_is_no_commit_is_refused() {
    let folder = orders();
    let path = folder.path();
    for base in ["", "nope", "^HEAD", "HEAD..HEAD", "HEAD:app", "HEAD^{tree}", "--output=made", "-h", "HEAD\nHEAD"] {
        let said = refused(path, base);
        assert!(said.contains("is no revision") && said.contains("git fetch"), "{base}: {said}");
    }
    assert!(!path.join("made").exists());
    // What is not there under this name, and is there as the server's.
    let head = std::fs::read_to_string(path.join(".git/HEAD")).expect("a branch");
    let branch = head.trim().rsplit('/').next().expect("its name").to_owned();
    for arguments in [["update-ref", "refs/remotes/origin/live", "HEAD"], ["branch", "-m", "work"]] {
        let run = std::process::Command::new("git").current_dir(path).args(arguments).status();
        assert!(run.is_ok_and(|status| status.success()), "{branch}");
    }
    assert!(refused(path, "live").contains("did you mean `origin/live`?"));
}

#[test]
fn a_base_that_git_cannot_read_is_refused_in_its_words() {
    let folder = project(&[("migrations/0001_a.sql", b"ALTER TABLE orders DROP COLUMN note;\n")]);
    let said = refused(folder.path(), "HEAD");
    assert!(said.contains("not a git repository"), "{said}");

    // Nothing can be told from what a partial or damaged clone lacks.
    let folder = orders();
    lose(folder.path(), "HEAD:app/models.py");
    let said = refused(folder.path(), "HEAD");
    assert!(said.contains("`app/models.py`") && said.contains("partial"), "{said}");
    let folder = orders();
    lose(folder.path(), "HEAD^{tree}");
    assert!(refused(folder.path(), "HEAD").contains("git cannot read"));
}

/// A partial clone names the program that fetches what it lacks: reading must not run it.
#[test]
#[cfg(unix)]
fn nothing_that_a_repository_configures_is_run() {
    let folder = orders();
    let path = folder.path();
    lose(path, "HEAD:app/models.py");
    let made = path.join("made");
    let program = format!("touch {}", made.display());
    let remote = format!("ext::sh -c touch% {}", made.display());
    for (name, value) in [
        ("core.fsmonitor", program.as_str()),
        ("diff.external", &program),
        ("core.sshCommand", &program),
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &remote),
        ("protocol.ext.allow", "always"),
    ] {
        let run = std::process::Command::new("git").current_dir(path).args(["config", name, value]).status();
        assert!(run.is_ok_and(|status| status.success()), "{name}");
    }
    assert!(refused(path, "HEAD").contains("partial"));
    assert!(!made.exists());
    // The same repository does run it where git is let.
    let run =
        std::process::Command::new("git").current_dir(path).args(["cat-file", "-p", "HEAD:app/models.py"]).output();
    assert!(run.is_ok() && made.exists());
}

#[test]
fn a_migration_that_was_moved_has_run() {
    let folder = orders();
    let path = folder.path();
    commit(path);
    std::fs::create_dir(path.join("db")).expect("a folder of the test");
    std::fs::rename(path.join("migrations"), path.join("db/migrations")).expect("a folder of the test");
    assert_eq!(rules(path, &["--diff-base", "HEAD"]), [""; 0]);
    // What was changed on the way is new.
    write(path, &[("db/migrations/0002_note.sql", b"ALTER TABLE orders DROP COLUMN IF EXISTS note;\n")]);
    assert_eq!(rules(path, &["--diff-base", "HEAD"]), ["column-dropped-while-mapped"]);
}

/// A link out of the project shows nothing of what is there.
#[test]
#[cfg(unix)]
fn models_behind_a_link_out_of_the_project_are_not_read() {
    use std::os::unix::fs::symlink;
    let folder = orders();
    let path = folder.path();
    let outside = tempfile::tempdir().expect("a folder");
    for name in ["base.py", "models.py"] {
        std::fs::rename(path.join("app").join(name), outside.path().join(name)).expect("a file of the test");
    }
    symlink(outside.path().join("base.py"), path.join("app/base.py")).expect("a link");
    symlink(outside.path().join("models.py"), path.join("app/models.py")).expect("a link");
    assert_eq!(rules(path, &[]), ["column-dropped"]);
    // One that stays inside is as good as the file.
    std::fs::create_dir(path.join("lib")).expect("a folder of the test");
    for name in ["base.py", "models.py"] {
        std::fs::remove_file(path.join("app").join(name)).expect("the link");
        std::fs::rename(outside.path().join(name), path.join("lib").join(name)).expect("a file of the test");
        symlink(path.join("lib").join(name), path.join("app").join(name)).expect("a link");
    }
    assert_eq!(rules(path, &[]), ["column-dropped-while-mapped"]);
}

//! Models whose names or columns come from somewhere else: a base class that computes the table's name, a library's
//! mixin, a module that passes SQLAlchemy on, a table that is mapped by a call. What stands in a class is mapped, whatever
//! an unknown base may add; only what is absent is then unknown.

use std::path::Path;

use crate::support::{commit, ddlint, project, write};

/// Which rule speaks of each dropped column, in order; `quiet` where none does.
fn spoken(files: &[(&str, &str)], drops: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let folder = project(&files);
    let path = folder.path();
    commit(path);
    drop_columns(path, drops)
}

fn drop_columns(path: &Path, drops: &[(&str, &str)]) -> Vec<String> {
    let drops_of = |(table, column): &(&str, &str)| format!("ALTER TABLE {table} DROP COLUMN {column};");
    let sql = drops.iter().map(drops_of).collect::<Vec<_>>().join("\n");
    write(path, &[("drops/migrations/0001_drops.sql", sql.as_bytes())]);
    let select = "column-dropped,column-dropped-while-mapped";
    let run = ddlint(path, &["check", "--diff-base", "HEAD", "--select", select, "--output-format", "json"]);
    let findings = run.findings();
    let of_line = |line: usize| {
        let found = findings.iter().find(|finding| finding["line"] == line);
        found.map_or("quiet", |finding| finding["rule"].as_str().unwrap_or_default()).to_owned()
    };
    (1..=drops.len()).map(of_line).collect()
}

const MAPPED: &str = "column-dropped-while-mapped";
const UNKNOWN: &str = "column-dropped";

#[test]
fn a_name_that_a_pattern_makes_of_the_class() {
    let base = "import re\n\nfrom sqlalchemy.orm import DeclarativeBase, declared_attr\n\nCAMEL = \
                re.compile(r\"(?<!^)(?=[A-Z])\")\n\n\nclass Base(DeclarativeBase):\n    @declared_attr.directive\n    def \
                __tablename__(cls):\n        return CAMEL.sub(\"_\", cls.__name__).lower()\n";
    let models = "from sqlalchemy.orm import Mapped\n\nfrom app.base import Base\n\n\nclass OrderLine(Base):\n    id: \
                  Mapped[int]\n    note: Mapped[str]\n";
    let drops = [("order_line", "note"), ("order_line", "gone")];
    assert_eq!(spoken(&[("app/base.py", base), ("app/models.py", models)], &drops), [MAPPED, "quiet"]);

    // Cut by a function of its own, as a base that a call makes.
    let base = "import re\n\nfrom sqlalchemy.orm import declarative_base, declared_attr\n\n\ndef named(name):\n    parts = \
                re.split(\"(?=[A-Z])\", name)\n    return \"_\".join([part.lower() for part in parts if part])\n\n\nclass \
                Named:\n    @declared_attr\n    def __tablename__(self):\n        return \
                named(self.__name__)\n\n\nBase = declarative_base(cls=Named)\n";
    assert_eq!(spoken(&[("app/base.py", base), ("app/models.py", models)], &drops), [MAPPED, "quiet"]);
}

#[test]
fn what_a_library_adds_leaves_only_absence_unknown() {
    let models = "from oslo_db.sqlalchemy import models\nfrom sqlalchemy import Column, Text\nfrom sqlalchemy.orm import \
                  declarative_base\nfrom vendor.db import Stamped\n\nBase = declarative_base()\n\n\nclass \
                  Order(models.TimestampMixin, Stamped, Base):\n    __tablename__ = \"orders\"\n    note = \
                  Column(Text)\n";
    let drops = [("orders", "note"), ("orders", "created_at"), ("orders", "gone")];
    assert_eq!(spoken(&[("app/models.py", models)], &drops), [MAPPED, MAPPED, UNKNOWN]);
}

#[test]
fn a_module_that_passes_a_library_on() {
    let core = "import sqlalchemy as sql\nfrom sqlalchemy.orm import declarative_base\n\nModelBase = \
                declarative_base()\nColumn = sql.Column\nText = sql.Text\n";
    let models = "from app.common import sql\n\n\nclass Order(sql.ModelBase):\n    __tablename__ = \"orders\"\n    note = \
                  sql.Column(sql.Text)\n";
    let files =
        [("app/common/sql/core.py", core), ("app/common/sql/__init__.py", "from app.common.sql.core import *\n")];
    let files = [&files[..], &[("app/models.py", models)]].concat();
    assert_eq!(spoken(&files, &[("orders", "note"), ("orders", "gone")]), [MAPPED, "quiet"]);
}

#[test]
fn a_class_that_runs_when_it_is_derived_from_may_add_columns() {
    let models = "from flask_sqlalchemy import SQLAlchemy\nfrom sqlalchemy.orm import declared_attr\n\ndb = \
                  SQLAlchemy()\n\n\nclass Versioned:\n    @declared_attr\n    def __mapper_cls__(cls):\n        return \
                  versioned\n\n\nclass Order(db.Model, Versioned):\n    id = db.Column(db.Integer, \
                  primary_key=True)\n\n\nclass Tag(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n    kind = \
                  db.Column(db.Text)\n\n\nclass ColorTag(Tag):\n    id = db.Column(db.ForeignKey(\"tag.id\"), \
                  primary_key=True)\n    color = db.Column(db.Text)\n\n\nclass OldTag(Tag):\n    age = \
                  db.Column(db.Integer)\n";
    let drops = [("\"order\"", "version"), ("color_tag", "color"), ("tag", "color"), ("tag", "age"), ("tag", "gone")];
    assert_eq!(spoken(&[("app/models.py", models)], &drops), [UNKNOWN, MAPPED, "quiet", MAPPED, "quiet"]);
}

#[test]
fn schemas_and_long_names() {
    let long = "number_of_times_that_no_further_documents_were_seen_to_fill_the_table";
    let models = format!(
        "from sqlalchemy import Column, Integer, MetaData, Table\nfrom sqlalchemy.orm import declarative_base, \
         registry\n\nshop = MetaData(schema=\"shop\")\nBase = declarative_base(metadata=shop)\n\n\nclass Order(Base):\n    \
         __tablename__ = \"orders\"\n    {long} = Column(Integer)\n\n\nlines = Table(\"lines\", shop, Column(\"amount\", \
         Integer))\n\n\nclass Line:\n    pass\n\n\nregistry().map_imperatively(Line, lines)\n"
    );
    let drops = [
        ("shop.orders", &long[..63]),
        ("other.orders", &long[..63]),
        ("orders", long),
        ("shop.lines", "amount"),
        ("other.lines", "amount"),
    ];
    assert_eq!(spoken(&[("app/models.py", &models)], &drops), [MAPPED, UNKNOWN, MAPPED, MAPPED, UNKNOWN]);
}

/// An application that is made to be derived from: all that a model has is in an abstract class of another module, its
/// name stands for something else in the end, and histories are kept.
#[test]
fn models_of_django_with_nothing_of_their_own() {
    let parts = "from django.db import models\nfrom simple_history.models import HistoricalRecords\nfrom treebeard.mp_tree \
                 import MP_Node\n\n\nclass AbstractPartner(models.Model):\n    code = models.CharField()\n    history = \
                 HistoricalRecords(inherit=True)\n\n    class Meta:\n        abstract = True\n\n\nclass \
                 AbstractCategory(MP_Node):\n    name = models.TextField()\n    places = \
                 models.ManyToManyField[\"Partner\", \"Partner\"](AbstractPartner)\n\n    class Meta:\n        abstract = \
                 True\n";
    let models = "from shop.parts import AbstractCategory, AbstractPartner\nfrom shop.loading import get_model, \
                  is_model_registered\n\nif not is_model_registered(\"shop\", \"Partner\"):\n\n    class \
                  Partner(AbstractPartner):\n        pass\n\n\nclass Category(AbstractCategory):\n    pass\n\n\nCategory = \
                  get_model(\"shop\", \"Category\")\n";
    let files = [
        ("shop/parts.py", parts),
        ("shop/models.py", models),
        ("shop/migrations/__init__.py", ""),
        (
            "shop/loading.py",
            "from django.apps import apps\n\n\ndef get_model(app, name):\n    return apps.get_model(app, name)\n\n\ndef is_model_registered(app, name):\n    try:\n        apps.get_registered_model(app, name)\n    except LookupError:\n        return False\n    return True\n",
        ),
    ];
    let drops = [
        ("shop_partner", "code"),
        ("shop_partner", "gone"),
        ("shop_historicalpartner", "code"),
        ("shop_historicalpartner", "history_date"),
        ("shop_category", "numchild"),
        ("shop_category", "gone"),
        ("shop_category_places", "category_id"),
    ];
    assert_eq!(spoken(&files, &drops), [MAPPED, "quiet", MAPPED, MAPPED, MAPPED, UNKNOWN, MAPPED]);
}

/// `from permissions.models import X` in `shop/permissions/models.py` is not that file.
#[test]
fn a_module_of_the_same_path_in_a_package_is_not_meant() {
    let base = "from django.db import models\n\n\nclass AbstractPermission(models.Model):\n    level = \
                models.IntegerField()\n\n    class Meta:\n        abstract = True\n";
    let models = "from permissions.models import AbstractPermission\n\n\nclass ShopPermission(AbstractPermission):\n    class \
                  Meta:\n        db_table = \"shop_permission\"\n";
    let files = [
        ("permissions/__init__.py", ""),
        ("permissions/models.py", base),
        ("shop/__init__.py", ""),
        ("shop/permissions/__init__.py", ""),
        ("shop/permissions/models.py", models),
    ];
    assert_eq!(spoken(&files, &[("shop_permission", "level"), ("shop_permission", "gone")]), [MAPPED, "quiet"]);
}

/// What a library computes of the class's name is one of a few: it is that table's where all of its columns are there.
#[test]
fn a_table_that_is_named_out_of_sight() {
    let first = "\"\"\"first\"\"\"\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"1a\"\ndown_revision = \
                 None\n\n\ndef upgrade():\n    op.create_table(\"agents\", sa.Column(\"id\", sa.Integer()), \
                 sa.Column(\"host\", sa.Text()), sa.Column(\"topic\", sa.Text()))\n";
    let models = |fields: &str| {
        format!("import sqlalchemy as sa\nfrom vendor.db import BASE\n\n\nclass Agent(BASE):\n{fields}\n")
    };
    let both = "    host = sa.Column(sa.Text)\n    topic = sa.Column(sa.Text)\n";
    let more = "    host = sa.Column(sa.Text)\n    topic = sa.Column(sa.Text)\n    load = sa.Column(sa.Text)\n";
    let fields = "    host: str = Field(...)\n    topic: str = Field(...)\n";
    for (written, expected) in [(both, MAPPED), (more, UNKNOWN), (fields, UNKNOWN)] {
        let models = models(written);
        let files = [("alembic/versions/1a_first.py", first.as_bytes()), ("app/models.py", models.as_bytes())];
        let folder = project(&files);
        commit(folder.path());
        let next = "\"\"\"next\"\"\"\nfrom alembic import op\n\nrevision = \"2b\"\ndown_revision = \"1a\"\n\n\ndef \
                    upgrade():\n    op.drop_column(\"agents\", \"topic\")\n";
        write(folder.path(), &[("alembic/versions/2b_next.py", next.as_bytes())]);
        let select = "column-dropped,column-dropped-while-mapped";
        let run =
            ddlint(folder.path(), &["check", "--diff-base", "HEAD", "--select", select, "--output-format", "json"]);
        let found: Vec<String> =
            run.findings().iter().map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned()).collect();
        assert_eq!(found, [expected], "{written}");
    }
}

//! `ddlint explain`, as a person reads it.

use crate::support::{ddlint, project};

const MIGRATION: &str = "\
BEGIN;
ALTER TABLE orders ADD COLUMN a text, ADD COLUMN token uuid DEFAULT gen_random_uuid();
ALTER TABLE lines ADD CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders (id);
UPDATE lines SET note = '' WHERE note IS NULL;
CREATE TABLE shelves (id int PRIMARY KEY);
CREATE INDEX shelves_id ON shelves (id);
COMMIT;
CREATE INDEX CONCURRENTLY orders_a ON orders (a);
";

const EXPLAINED: &str = "\
migrations/0001_a.sql: 0001_a (up)
      1  BEGIN
      2  ALTER TABLE orders ADD COLUMN a text, ADD COLUMN token uuid DEFAULT gen_random_uuid()
         ████████ orders: ACCESS EXCLUSIVE, reads and writes wait
                  rewrites orders; may build an index; reads all of orders
      3  ALTER TABLE lines ADD CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders (i …
         ██████░░ lines: SHARE ROW EXCLUSIVE, writes wait
         ██████░░ orders: SHARE ROW EXCLUSIVE, writes wait
                  reads all of lines
      4  UPDATE lines SET note = '' WHERE note IS NULL
         ███░░░░░ lines: ROW EXCLUSIVE
                  may read all of the table
      5  CREATE TABLE shelves (id int PRIMARY KEY)
         ░░░░░░░░ no lock on a table that is there
      6  CREATE INDEX shelves_id ON shelves (id)
         █████░░░ shelves: SHARE, made here: nobody waits
                  builds an index of shelves; reads all of shelves
      7  COMMIT
         ████████ transaction: ACCESS EXCLUSIVE on orders is held from line 2 until commit
      8  CREATE INDEX CONCURRENTLY orders_a ON orders (a)
         ████░░░░ orders: SHARE UPDATE EXCLUSIVE
                  builds an index of orders; reads all of orders
                  CREATE INDEX CONCURRENTLY is refused inside a transaction block
";

#[test]
fn a_statement_shows_its_lock_and_a_transaction_its_strongest() {
    let folder = project(&[("migrations/0001_a.sql", MIGRATION.as_bytes())]);
    let run = ddlint(folder.path(), &["explain", "."]);
    assert_eq!(run.out, EXPLAINED);
}

#[test]
fn the_bar_has_the_colour_of_its_strength() {
    let folder = project(&[("migrations/0001_a.sql", b"DROP TABLE orders;\n")]);
    let run = ddlint(folder.path(), &["explain", ".", "--color", "always"]);
    assert!(run.out.contains("\u{1b}[31m████████\u{1b}[0m orders: ACCESS EXCLUSIVE"), "{}", run.out);
}

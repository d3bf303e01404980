//! Types of a foreign key's columns: what real servers take, refuse and cast, against what the model says.

use std::fmt::Write as _;

use ddlint::effects::keys::{Fit, fit};
use ddlint::ir::TypeName;

use crate::effects_oracle;
use crate::effects_oracle::server::Server;

const TYPES: [&str; 22] = [
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "double precision",
    "text",
    "character varying",
    "character",
    "uuid",
    "boolean",
    "bytea",
    "inet",
    "cidr",
    "macaddr",
    "interval",
    "date",
    "time without time zone",
    "time with time zone",
    "timestamp without time zone",
    "timestamp with time zone",
    "json",
];

/// For each pair: what refers, what it refers to, and `refused`, `cast` or `alike` by the operator that the server
/// compares them with.
const ASK: &str = "
CREATE FUNCTION ask(referring text, referred text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('CREATE TABLE a (x %s PRIMARY KEY)', referred);
    BEGIN
        EXECUTE format('CREATE TABLE b (y %s REFERENCES a (x))', referring);
        SELECT CASE
            WHEN o.oprright = t.atttypid THEN 'alike'
            WHEN EXISTS (
                SELECT FROM pg_cast
                WHERE castsource = t.atttypid AND casttarget = o.oprright AND castmethod = 'b' AND castcontext = 'i'
            ) AND o.oprright::regtype::text <> 'character' THEN 'alike'
            ELSE 'cast' END
        INTO answer
        FROM pg_constraint AS c
        JOIN pg_operator AS o ON o.oid = c.conpfeqop[1]
        JOIN pg_attribute AS t ON t.attrelid = c.conrelid AND t.attname = 'y'
        WHERE c.contype = 'f';
        DROP TABLE b;
    EXCEPTION WHEN datatype_mismatch THEN
        answer := 'refused';
    END;
    DROP TABLE a;
    RETURN answer;
END $$;
SET client_min_messages = error;
";

#[test]
fn servers_join_the_types_that_the_model_joins() {
    let Some(majors) = effects_oracle::majors() else { return };
    // The oldest and the newest: what lies between has the same families.
    for major in [majors.first(), majors.last()].into_iter().flatten() {
        let server = Server::start(*major);
        let mut script = ASK.to_owned();
        // A key cannot be of a type without an order.
        let keys = || TYPES.into_iter().filter(|name| *name != "json");
        let pairs: Vec<_> = keys().flat_map(|to| TYPES.into_iter().map(move |from| (from, to))).collect();
        for (from, to) in &pairs {
            let _ = writeln!(script, "SELECT ask('{from}', '{to}');");
        }
        let answers = server.answer(&script);
        let answers: Vec<&str> = answers.lines().collect();
        assert_eq!(answers.len(), pairs.len());
        let mut wrong = Vec::new();
        for ((from, to), answer) in pairs.iter().zip(answers) {
            let of = |name: &str| TypeName { name: name.to_owned(), ..TypeName::default() };
            let said = match fit(&of(from), &of(to)) {
                Fit::Alike | Fit::Narrower => "alike",
                Fit::Cast => "cast",
                Fit::Refused => "refused",
                Fit::Unknown => continue,
            };
            if said != answer {
                wrong.push(format!("{from} to {to}: {said}, and the server: {answer}"));
            }
        }
        assert!(wrong.is_empty(), "PostgreSQL {major}:\n{}", wrong.join("\n"));
    }
}

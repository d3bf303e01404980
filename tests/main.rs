//! The integration tests: one binary, one sentence a module.

mod support;

/// Alembic's directives, against the SQL that the real Alembic prints for them.
mod alembic;
/// Input that is wrong, damaged or hostile: a clear message, and nothing lost that can be read.
mod bad_input;
/// The program as a user meets it: exit codes, baseline, suppressions, formats.
mod cli;
/// What a run costs grows as its input does, whatever the shape of that.
mod cost;
/// What is read of PostgreSQL, against a real server and its own regression suite.
mod coverage;
/// Directives of libraries, statements that wait for events, projects of Flask-Migrate.
mod directives;
/// Django's migrations: what is worked out from the files against what Django sends to a real server.
mod django;
/// Types of a foreign key's columns: what real servers take, refuse and cast.
mod keys;
/// The language server, spoken to as two editors do.
mod lsp;
/// Models beside migrations, in real repositories of git: what a release maps must not go.
mod models;
/// Models whose names and columns come from somewhere else.
mod model_bases;
/// Peewee's and Piccolo's migrations, against what the tools send to a real server.
mod orms;
/// What real servers do for each statement, against what the model says.
mod effects_oracle;
/// `ddlint explain`, as a person reads it.
mod explain;
/// Every rule page is a test.
mod rules;
/// Each habit of a runner by itself: a marker, a placeholder, a name, a configuration.
mod runner_details;
/// `ddlint schema` on the command line.
mod schema_command;
/// The schema that migrations leave, against a real server that ran them.
mod schema_oracle;
/// A project for every migration runner: what is recognised, read and known of its transactions.
mod runners;
/// The real runners on a real server: transactions are as said.
mod real_runners;
/// Connections and sessions of SQLAlchemy: transactions, and what stays set.
mod sessions;
/// How large tables are: named, measured on a real server, and what that changes.
mod sizes;
/// The home-made migration system: every planted hazard is found, no trap.
mod three_pillars;
/// The repository keeps its own rules: module order, which room names which crate, lengths.
mod tidy;
/// What is said of ways back.
mod ways_back;

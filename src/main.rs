//! The `ddlint` program.

fn main() -> std::process::ExitCode {
    ddlint::cli::main()
}

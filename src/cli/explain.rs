//! `ddlint explain`.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use super::args::{ExplainArgs, GlobalArgs, SelectionArgs, TextOrJson};
use super::context::Context;
use super::output::{Failure, print};
use super::verdict::CLEAN;
use super::{explain_text, terminal};
use crate::engine::{Explained, Project};
use crate::source::SourceFile;

/// Shows what each statement does.
pub(super) fn run(args: &ExplainArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut context = Context::new(global, &SelectionArgs::default(), &args.paths)?;
    context.measure(args.stats.as_deref())?;
    let sources = context.sources(&args.paths, None, false)?;
    let project = Project::read(&sources, &context.settings);
    let explained = project.explain();
    let file = |one: &Explained| project.files.get(one.span.file.0 as usize).cloned();
    let rows = explained.iter().filter_map(|one| Some((one, file(one)?)));
    match args.output_format {
        TextOrJson::Json => {
            let rows: Vec<Value> = rows.map(|(one, file)| object(one, &file)).collect();
            print(&format!("{:#}\n", json!({"schema": 1, "operations": rows})))?;
        }
        TextOrJson::Text => {
            let options =
                terminal::options(global.color, std::io::stdout().is_terminal(), &|name| std::env::var_os(name));
            let rows: Vec<_> = rows.collect();
            print(&explain_text::text(&rows, options))?;
        }
    }
    Ok(CLEAN)
}

pub(super) fn lines(one: &Explained, file: &SourceFile) -> (usize, usize) {
    let last = one.span.end.max(one.span.start + 1) - 1;
    (file.lines.line(one.span.start), file.lines.line(last))
}

fn object(one: &Explained, file: &SourceFile) -> Value {
    let (line, end_line) = lines(one, file);
    let locks = one.locks.as_ref().map(|locks| {
        locks.iter().map(|(relation, mode)| json!({"relation": relation, "mode": mode.as_str()})).collect::<Vec<_>>()
    });
    json!({
        "path": file.path,
        "line": line,
        "end_line": end_line,
        "migration": one.migration,
        "kind": one.kind,
        "table": one.table,
        "name": one.name,
        "direction": one.direction,
        "transaction": one.transaction,
        "locks": locks,
        "blocks_reads": one.blocks_reads,
        "blocks_writes": one.blocks_writes,
        "rewrites": one.rewrites,
        "scans": one.scans,
        "statement": one.statement,
    })
}

//! `ddlint explain`.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::{ExplainArgs, GlobalArgs, SelectionArgs, TextOrJson};
use super::context::Context;
use super::output::{Failure, print};
use super::verdict::CLEAN;
use crate::engine::{Explained, Project};
use crate::source::SourceFile;

/// Characters of a statement that are shown.
const SHOWN: usize = 72;

/// Shows what each statement does.
pub(super) fn run(args: &ExplainArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let context = Context::new(global, &SelectionArgs::default(), &args.paths)?;
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
        TextOrJson::Text => print(&text(rows))?,
    }
    Ok(CLEAN)
}

fn lines(one: &Explained, file: &SourceFile) -> (usize, usize) {
    let last = one.span.end.max(one.span.start + 1) - 1;
    (file.lines.line(one.span.start), file.lines.line(last))
}

fn object(one: &Explained, file: &SourceFile) -> Value {
    let (line, end_line) = lines(one, file);
    let locks = one.locks.as_ref().map(|locks| {
        locks.iter().map(|(relation, mode)| json!({"relation": relation, "mode": mode})).collect::<Vec<_>>()
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

fn text<'e>(rows: impl Iterator<Item = (&'e Explained, Arc<SourceFile>)>) -> String {
    let mut out = String::new();
    let mut heading = String::new();
    for (one, file) in rows {
        let own = format!("{}: {} ({})", file.path, one.migration, one.direction);
        if own != heading {
            let gap = if heading.is_empty() { "" } else { "\n" };
            // Writing to a string does not fail.
            let _ = writeln!(out, "{gap}{own}");
            heading = own;
        }
        let statement: String = one.statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = statement.chars().take(SHOWN).collect();
        let rest = if short.len() < statement.len() { " …" } else { "" };
        let _ = writeln!(out, "  {:>5}  {short}{rest}", lines(one, &file).0);
        let object = one.table.iter().chain(&one.name).cloned().collect::<Vec<_>>().join(" ");
        let lock = match (&one.locks, one.strongest) {
            (_, Some(mode)) => mode.to_owned(),
            (Some(_), None) => "no table lock".to_owned(),
            (None, None) => "lock not known".to_owned(),
        };
        let waits = match (one.blocks_reads, one.blocks_writes) {
            (Some(true), _) => ", reads and writes wait",
            (Some(false), Some(true)) => ", writes wait",
            _ => "",
        };
        let rewrite = if one.rewrites.as_ref().is_some_and(|tables| !tables.is_empty()) { ", rewrite" } else { "" };
        let scan = if one.scans.as_ref().is_some_and(|tables| !tables.is_empty()) { ", scan" } else { "" };
        let _ = writeln!(
            out,
            "         {} {object}: {lock}{waits}{rewrite}{scan}; transaction: {}",
            one.kind, one.transaction
        );
    }
    out
}

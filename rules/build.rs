//! Embeds the pages of the built-in rules: every `rules/*.md`, sorted by name, as one table of names and texts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), String> {
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR for build scripts")?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    let rules = Path::new(&root).join("rules");
    // A folder is watched with all that is in it.
    println!("cargo::rerun-if-changed=rules");

    let mut table = String::from("&[\n");
    for (name, path) in pages(&rules)? {
        let path = path.to_str().ok_or_else(|| format!("{} is no UTF-8", path.display()))?;
        writeln!(table, "    ({name:?}, include_str!({path:?})),").map_err(|error| error.to_string())?;
    }
    table.push_str("]\n");

    let target = PathBuf::from(out).join("pages.rs");
    fs::write(&target, table).map_err(|error| format!("cannot write {}: {error}", target.display()))
}

/// Name and path of each page, sorted. A README is about the folder and no rule.
fn pages(rules: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut pages = Vec::new();
    let unreadable = |error| format!("cannot read {}: {error}", rules.display());
    for entry in fs::read_dir(rules).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.ok_or_else(|| format!("{}: the name of a rule is UTF-8", path.display()))?;
        if name != "README" {
            pages.push((name.to_owned(), path));
        }
    }
    pages.sort();
    Ok(pages)
}

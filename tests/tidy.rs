//! The repository keeps its own rules (docs/architecture.md, "Invariants").

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file under `src` with its text, by path relative to the repository.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path: PathBuf = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).expect("sources are UTF-8"));
            }
        }
    }
    assert!(found.len() > 30, "the walk found the sources");
    found
}

/// The modules in reading order, as lib.rs declares them.
fn order() -> Vec<String> {
    let lib = &sources()["src/lib.rs"];
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

/// The module that a file belongs to: `src/ir/kind.rs` to `ir`.
fn module(path: &str) -> &str {
    let inside = path.trim_start_matches("src/");
    inside.split(['/', '.']).next().unwrap_or_default()
}

/// The lines of code: comments and unit tests left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    let lines = text[..tests].lines().enumerate();
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let order = order();
    let place = |name: &str| order.iter().position(|module| module == name);
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(own) = place(module(&path)) else { continue };
        for (number, line) in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                let siblings = ["report", "lsp"];
                let sideways = used != module(&path) && siblings.contains(&used) && siblings.contains(&module(&path));
                if place(used).is_some_and(|used| used > own) || sideways {
                    wrong.push(format!("{path}:{}: {} uses {used}", number + 1, module(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `needle` may stand in code only below one of `homes`.
fn only_in(needle: &str, homes: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        wrong.extend(
            code(&text)
                .filter(|(_, line)| line.contains(needle))
                .map(|(number, _)| format!("{path}:{}: `{needle}` belongs into {homes:?}", number + 1)),
        );
    }
    wrong
}

#[test]
fn each_foreign_crate_has_one_home() {
    let homes: &[(&str, &[&str])] = &[
        ("sqlparser::", &["src/frontend/sql/"]),
        ("ruff_", &["src/frontend/python/"]),
        ("miette", &["src/report/human"]),
        ("std::fs", &["src/source/"]),
        ("walkdir", &["src/source/"]),
        ("clap", &["src/cli/"]),
        ("md5::", &["src/frontend/python/digest.rs"]),
        ("lsp_types", &["src/lsp/"]),
        ("lsp_server", &["src/lsp/"]),
        ("std::process::Command", &["src/source/"]),
        ("println!", &["src/cli/", "src/main.rs"]),
        ("stdout()", &["src/cli/", "src/main.rs"]),
        ("SystemTime", &[]),
        ("HashMap", &["src/frontend/"]),
    ];
    let wrong: Vec<_> = homes.iter().flat_map(|(needle, homes)| only_in(needle, homes)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_rooms_one_can_see_across() {
    // A table over the vocabulary is long and still one thing.
    let tables = ["src/facts/table.rs", "src/ir/kind.rs"];
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| !tables.contains(&path.as_str()))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 700)
        .collect();
    assert!(long.is_empty(), "split these: {long:?}");
}

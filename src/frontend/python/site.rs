//! What the settings of a Django site say, as far as migrations depend on it: read as text, never run.

use std::sync::Arc;

use ruff_python_ast::{Expr, Stmt};

use super::modules::Program;
use super::parse::Parsed;
use crate::source::SourceFile;

/// What a site's settings say.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    /// `AUTH_USER_MODEL`.
    pub(super) user_model: Option<String>,
    /// `DEFAULT_AUTO_FIELD`, a dotted path.
    pub(super) auto_field: Option<String>,
    /// It lists apps: it is a site's settings, and not one app's own.
    listed: bool,
}

/// Folders above a migration's in which settings are looked for.
const MAX_LEVELS: u32 = 6;
/// Settings that begin with other settings.
const MAX_STARS: u32 = 5;
/// Blocks within blocks.
const MAX_BLOCKS: u32 = 6;

/// Where settings are, seen from a folder above the migrations.
const PLACES: &[&str] = &[
    "settings",
    "settings.base",
    "settings.common",
    "settings.production",
    "core.settings",
    "core.settings.base",
    "app.settings",
    "app.settings.common",
    "config.settings",
    "config.settings.base",
];

/// The settings of the site that a migration belongs to: those that `manage.py` names, else those that are where settings
/// usually are.
pub(super) fn settings(migration: &SourceFile, program: Program<'_>) -> Site {
    let named = (2..=MAX_LEVELS).find_map(|level| {
        let manage = program.module(migration, level, "manage")?;
        let module = settings_module(&manage.text)?;
        // From the folder of `manage.py`.
        program.module(migration, level, &module).or_else(|| program.module(migration, 0, &module))
    });
    let mut site = Site::default();
    if let Some(file) = named {
        read(&file, program, &mut site, 0);
        return site;
    }
    for level in 2..=MAX_LEVELS {
        for place in PLACES {
            let Some(file) = program.module(migration, level, place) else { continue };
            read(&file, program, &mut site, 0);
            if site.listed {
                return site;
            }
            site = Site::default();
        }
    }
    site
}

/// What `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")` names.
fn settings_module(manage: &str) -> Option<String> {
    let (_, after) = manage.split_once("DJANGO_SETTINGS_MODULE")?;
    // The next string on the way: after the quote that ends the name comes the one that begins the value.
    let after = after.get(1..)?;
    let start = after.find(['"', '\''])?;
    let quoted = after.get(start + 1..)?;
    let name = quoted.get(..quoted.find(['"', '\''])?)?;
    let dotted = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
    dotted.then(|| name.to_owned())
}

fn read(file: &Arc<SourceFile>, program: Program<'_>, site: &mut Site, depth: u32) {
    let parsed: Arc<Parsed> = program.reader.tree(file);
    block(&parsed.body, file, program, site, (depth, 0));
}

/// Takes down the assignments of a block: a later one holds.
fn block(body: &[Stmt], file: &Arc<SourceFile>, program: Program<'_>, site: &mut Site, (stars, depth): (u32, u32)) {
    if depth > MAX_BLOCKS {
        return;
    }
    let within = (stars, depth + 1);
    for stmt in body {
        match stmt {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    note(target, &assign.value, site);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    note(&assign.target, value, site);
                }
            }
            Stmt::ImportFrom(import) if import.names.iter().any(|alias| alias.name.as_str() == "*") => {
                let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
                let found = (stars < MAX_STARS).then(|| program.module(file, import.level, &module)).flatten();
                if let Some(other) = found {
                    read(&other, program, site, stars + 1);
                }
            }
            // Classes of django-configurations.
            Stmt::ClassDef(class) => block(&class.body, file, program, site, within),
            Stmt::If(branch) => block(&branch.body, file, program, site, within),
            Stmt::Try(attempt) => block(&attempt.body, file, program, site, within),
            _ => {}
        }
    }
}

fn note(target: &Expr, value: &Expr, site: &mut Site) {
    let Expr::Name(name) = target else { return };
    let text = || match value {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    };
    match name.id.as_str() {
        "AUTH_USER_MODEL" => site.user_model = text(),
        "DEFAULT_AUTO_FIELD" => site.auto_field = text(),
        "INSTALLED_APPS" => site.listed = true,
        _ => {}
    }
}

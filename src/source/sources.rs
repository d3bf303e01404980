//! The files of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::GlobSet;

use super::recognise::{self, Verdict};
use super::{Language, Modules, Problem, Role, Runner, SourceFile, decode, walk};
use crate::config::Settings;
use crate::diagnostic::Severity;
use crate::span::{FileId, LineIndex, Span};

/// Longest Python file that is looked into to tell whether it is a migration, in bytes.
const MAX_LOOK: u64 = 4 << 20;

/// Why a run cannot start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceError {
    /// What is wrong, with the path.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

impl std::error::Error for SourceError {}

/// A file that looks relevant and is left alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Skipped {
    /// Path as shown.
    pub path: String,
    /// Why.
    pub why: String,
}

/// The files of a run: those to be judged, and helpers that were loaded because they are imported.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    judged: Vec<Arc<SourceFile>>,
    skipped: Vec<Skipped>,
    roles: [(Role, GlobSet); 3],
    settings: Settings,
    /// Every file that was read, by number, and the numbers by path. Frontends ask for helpers through `&self`.
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    files: Vec<Arc<SourceFile>>,
    by_path: BTreeMap<PathBuf, Option<FileId>>,
    /// Folders and whether a package above them uses sqlx.
    sqlx: BTreeMap<PathBuf, bool>,
}

impl Sources {
    /// Finds and reads the sources under `paths`, which are relative to the current folder or absolute. Paths are
    /// shown, and globs matched, relative to `root`.
    pub fn discover(paths: &[PathBuf], root: &Path, settings: &Settings) -> Result<Self, SourceError> {
        let root = std::path::absolute(root).map_err(|error| unreadable(root, &error))?;
        let mut this = Self::empty(&root, settings);
        for path in paths {
            let absolute = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
            if absolute.is_dir() {
                this.folder(&clean(&absolute));
            } else if absolute.exists() || absolute.is_symlink() {
                this.named(path, &clean(&absolute))?;
            } else {
                return Err(missing(path));
            }
        }
        this.judged.sort_by(|a, b| a.path.cmp(&b.path));
        this.judged.dedup_by(|a, b| a.path == b.path);
        this.skipped.sort();
        this.skipped.dedup();
        Ok(this)
    }

    /// A single source that is not on disk, named as it would be there.
    pub fn stdin(text: Vec<u8>, name: &str, root: &Path, settings: &Settings) -> Self {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let mut this = Self::empty(&root, settings);
        let path = clean(&root.join(name));
        let file = this.add(&path, text, "read from standard input".to_owned(), false);
        this.judged.push(file);
        this
    }

    fn empty(root: &Path, settings: &Settings) -> Self {
        let roles = [
            (Role::Indexes, walk::globs(&settings.indexes)),
            (Role::Backfills, walk::globs(&settings.backfills)),
            (Role::Migrations, walk::globs(&settings.migrations)),
        ];
        Self {
            root: clean(root),
            judged: Vec::new(),
            skipped: Vec::new(),
            roles,
            settings: settings.clone(),
            loaded: Mutex::default(),
        }
    }

    /// The files to be judged, by path.
    pub fn files(&self) -> &[Arc<SourceFile>] {
        &self.judged
    }

    /// Every file read so far, helpers included, by number.
    pub fn all(&self) -> Vec<Arc<SourceFile>> {
        self.lock().files.clone()
    }

    /// Files that look relevant and are left alone, by path.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The folder that paths are relative to.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is a file at the shown `path`.
    pub fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// A lock that a panic elsewhere left behind holds nothing half-done: each change of it is one insertion.
    fn lock(&self) -> std::sync::MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Path as shown: relative to the root, with `/`.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }

    /// A file given by name is read whatever it is called.
    fn named(&mut self, given: &Path, path: &Path) -> Result<(), SourceError> {
        let bytes = read(path).map_err(|error| unreadable(given, &error))?;
        if walk::globs(&self.settings.exclude).is_match(self.shown(path)) {
            self.skipped.push(Skipped { path: self.shown(path), why: "excluded by the configuration".to_owned() });
            return Ok(());
        }
        let file = self.add(path, bytes, "given by name".to_owned(), false);
        self.judged.push(file);
        Ok(())
    }

    /// Below a folder, files are read that are recognised; where none is, every file that holds DDL.
    fn folder(&mut self, start: &Path) {
        let exclude = walk::globs(&self.settings.exclude);
        let include = walk::globs(&self.settings.include);
        let before = self.judged.len();
        let mut left = Vec::new();
        for path in walk::files(start, self.settings.respect_gitignore) {
            let shown = self.shown(&path);
            if recognise::language(&shown).is_none() {
                continue;
            }
            if exclude.is_match(&shown) {
                self.skipped.push(Skipped { path: shown, why: "excluded by the configuration".to_owned() });
                continue;
            }
            let given = self.configured(&shown, &include);
            let verdict = given.map_or_else(|| recognise::by_path(&shown), Verdict::Read);
            match self.decide(&path, &shown, verdict) {
                Some(file) => self.judged.push(file),
                None => left.push((path, shown)),
            }
        }
        if self.judged.len() == before {
            self.everything(&left);
        }
    }

    /// Why the configuration says that a file is a source.
    fn configured(&self, shown: &str, include: &GlobSet) -> Option<String> {
        if include.is_match(shown) {
            return Some("included by the configuration".to_owned());
        }
        let role = self.roles.iter().find(|(_, globs)| globs.is_match(shown))?;
        Some(format!("has the role `{}` in the configuration", role.0.as_str()))
    }

    fn decide(&mut self, path: &Path, shown: &str, verdict: Verdict) -> Option<Arc<SourceFile>> {
        let mut bytes = None;
        let verdict = if verdict == Verdict::Look {
            let long = path.metadata().map_or(true, |data| data.len() > MAX_LOOK);
            if long && recognise::language(shown) == Some(Language::Python) {
                return None;
            }
            let read = read(path).ok()?;
            // Only told apart here: a file that is read is decoded with its problems below.
            let verdict = recognise::by_content(shown, &String::from_utf8_lossy(&read));
            bytes = Some(read);
            verdict
        } else {
            verdict
        };
        match verdict {
            Verdict::Read(why) => match bytes.map_or_else(|| read(path), Ok) {
                Ok(bytes) => Some(self.add(path, bytes, why, false)),
                Err(error) => Some(self.unreadable(path, &error)),
            },
            Verdict::Leave(why) => {
                self.skipped.push(Skipped { path: shown.to_owned(), why: why.to_owned() });
                None
            }
            Verdict::Other | Verdict::Look => None,
        }
    }

    /// Nothing was recognised in a folder that was given: what holds DDL is read after all.
    fn everything(&mut self, left: &[(PathBuf, String)]) {
        for (path, shown) in left {
            let Ok(bytes) = read(path) else { continue };
            let sql = recognise::language(shown) == Some(Language::Sql);
            let ddl = recognise::by_content(shown, &String::from_utf8_lossy(&bytes));
            if sql || matches!(ddl, Verdict::Read(_) | Verdict::Leave(_)) {
                self.skipped.retain(|skipped| skipped.path != *shown);
                let why = "nothing else in the folder is recognised as a migration".to_owned();
                let file = self.add(path, bytes, why, false);
                self.judged.push(file);
            }
        }
    }

    /// A file found by walking that cannot be read is said in a finding.
    fn unreadable(&mut self, path: &Path, error: &std::io::Error) -> Arc<SourceFile> {
        let mut file = self.build(path, Vec::new(), "found, and cannot be read".to_owned(), false);
        file.problems.push(Problem {
            rule: "encoding",
            span: Span::file(file.id),
            severity: Severity::Error,
            message: format!("the file cannot be read: {error}"),
            help: None,
        });
        self.keep(path, file)
    }

    fn add(&self, path: &Path, bytes: Vec<u8>, why: String, helper: bool) -> Arc<SourceFile> {
        let file = self.build(path, bytes, why, helper);
        self.keep(path, file)
    }

    fn keep(&self, path: &Path, mut file: SourceFile) -> Arc<SourceFile> {
        let mut loaded = self.lock();
        if let Some(Some(id)) = loaded.by_path.get(path)
            && let Some(known) = loaded.files.get(id.0 as usize)
        {
            return Arc::clone(known);
        }
        // There are fewer files than there are numbers: each took at least one system call to read.
        let id = FileId(u32::try_from(loaded.files.len()).unwrap_or(u32::MAX));
        file.id = id;
        for problem in &mut file.problems {
            problem.span.file = id;
        }
        let file = Arc::new(file);
        loaded.files.push(Arc::clone(&file));
        loaded.by_path.insert(path.to_owned(), Some(id));
        file
    }

    fn build(&self, path: &Path, bytes: Vec<u8>, why: String, helper: bool) -> SourceFile {
        let shown = self.shown(path);
        let decoded = decode::decode(FileId(0), bytes);
        let language = recognise::language(&shown).unwrap_or(Language::Sql);
        let by_configuration = self.roles.iter().find(|(_, globs)| globs.is_match(&shown)).map(|(role, _)| *role);
        let role = by_configuration.or_else(|| recognise::role(&shown).map(|(role, _)| role)).unwrap_or_default();
        let said = self.settings.sources.iter().find(|source| walk::globs([&source.path]).is_match(&shown));
        let dialect = said.and_then(|said| said.dialect).or_else(|| recognise::dialect(&shown));
        let by_content = || recognise::dialect_by_content(&decoded.text).filter(|_| language == Language::Sql);
        let dialect = dialect.or_else(by_content);
        let runner = said.and_then(|said| Runner::parse(said.runner.as_deref()?));
        SourceFile {
            id: FileId(0),
            lines: LineIndex::new(&decoded.text),
            language,
            role,
            runner: runner.unwrap_or_else(|| self.runner(path, &shown, &decoded.text, language)),
            dialect: dialect.unwrap_or(self.settings.dialect),
            source: !helper || self.recognised(&shown, &decoded.text),
            transaction: said.and_then(|said| said.transaction).or_else(|| transaction_beside(path)),
            down: recognise::goes_back(&shown),
            place: super::Place::default(),
            why,
            helper,
            problems: decoded.problem.into_iter().collect(),
            exact: decoded.exact,
            text: decoded.text,
            path: shown,
        }
    }

    /// The runner of a file; sqlx is known by the package that uses it.
    fn runner(&self, path: &Path, shown: &str, text: &str, language: Language) -> Runner {
        let runner = recognise::runner(shown, text, language);
        if runner == Runner::Plain && recognise::may_be_sqlx(shown) && self.uses_sqlx(path) {
            return Runner::Sqlx;
        }
        runner
    }

    /// Whether a `Cargo.toml` above `path` names sqlx; asked once for each folder.
    fn uses_sqlx(&self, path: &Path) -> bool {
        let Some(folder) = path.parent().filter(|folder| folder.starts_with(&self.root)) else { return false };
        if let Some(known) = self.lock().sqlx.get(folder) {
            return *known;
        }
        let here = std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("sqlx"));
        let answer = here || self.uses_sqlx(folder);
        self.lock().sqlx.insert(folder.to_owned(), answer);
        answer
    }

    /// Whether a walk would find a file to be a source.
    fn recognised(&self, shown: &str, text: &str) -> bool {
        let include = walk::globs(&self.settings.include);
        let verdict = match self.configured(shown, &include) {
            Some(why) => Verdict::Read(why),
            None => recognise::by_path(shown),
        };
        let verdict = if verdict == Verdict::Look { recognise::by_content(shown, text) } else { verdict };
        matches!(verdict, Verdict::Read(_)) && !walk::globs(&self.settings.exclude).is_match(shown)
    }

    /// The file of a module below `folder`: `a/b.py` or `a/b/__init__.py`.
    fn module_below(&self, folder: &Path, parts: &[&str]) -> Option<Arc<SourceFile>> {
        let mut path = folder.to_owned();
        path.extend(parts);
        [path.with_extension("py"), path.join("__init__.py")].into_iter().find_map(|candidate| self.helper(&candidate))
    }

    /// The file at `path`, loaded once.
    fn helper(&self, path: &Path) -> Option<Arc<SourceFile>> {
        {
            let loaded = self.lock();
            if let Some(known) = loaded.by_path.get(path) {
                return known.and_then(|id| loaded.files.get(id.0 as usize).cloned());
            }
        }
        let found =
            path.starts_with(&self.root) && path.is_file() && path.metadata().is_ok_and(|m| m.len() <= MAX_LOOK);
        let bytes = if found { read(path).ok() } else { None };
        let Some(bytes) = bytes else {
            self.lock().by_path.insert(path.to_owned(), None);
            return None;
        };
        Some(self.add(path, bytes, "imported".to_owned(), true))
    }
}

impl Modules for Sources {
    fn module(&self, from: &SourceFile, level: u32, dotted: &str) -> Option<Arc<SourceFile>> {
        let parts: Vec<&str> = dotted.split('.').filter(|part| !part.is_empty()).collect();
        let own = self.root.join(&from.path);
        let folder = own.parent()?;
        if level > 0 {
            let up = usize::try_from(level - 1).ok()?;
            return self.module_below(folder.ancestors().nth(up)?, &parts);
        }
        if parts.is_empty() {
            return None;
        }
        let ancestors = folder.ancestors().take_while(|ancestor| ancestor.starts_with(&self.root));
        for ancestor in ancestors {
            let found =
                self.module_below(ancestor, &parts).or_else(|| self.module_below(&ancestor.join("src"), &parts));
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// What a file beside `path` says about its transaction: Diesel's `metadata.toml`, Flyway's `NAME.sql.conf`.
fn transaction_beside(path: &Path) -> Option<bool> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let (file, key) = match name.as_str() {
        "up.sql" | "down.sql" => (path.with_file_name("metadata.toml"), "run_in_transaction"),
        _ if name.contains("__") => (path.with_file_name(format!("{name}.conf")), "executeInTransaction"),
        _ => return None,
    };
    let text = std::fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='))?;
    match value.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The path without `.` and `..`, which need no look at the disk here.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let data = std::fs::metadata(path)?;
    if !data.is_file() {
        // A pipe or a device may never end.
        return Err(std::io::Error::other("it is no regular file"));
    }
    let length = data.len();
    if length > decode::MAX_FILE {
        return Err(std::io::Error::other(format!("{length} bytes are more than can be read at once")));
    }
    std::fs::read(path)
}

fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError { message: format!("cannot read `{}`: {error}", path.display()), help: None }
}

/// The error for a path that is not there, with the name beside it that is nearest.
fn missing(path: &Path) -> SourceError {
    let message = format!("there is no file or folder `{}`", path.display());
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let near = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name), name))
        .filter(|(distance, _)| *distance <= (wanted.len() / 3).max(1))
        .min();
    let help = near.map(|(_, name)| format!("did you mean `{}`?", path.with_file_name(name).display()));
    SourceError { message, help }
}

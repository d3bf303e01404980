//! The files of a run.

mod included;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::detect::{self, Detected, Folder, Folders};
use super::globs::Globs;
use super::modules::lookup;
use super::recognise::{self, Verdict};
use super::{Evidence, Language, Modules, Problem, Runner, SourceFile, Tree, decode, dialects, listed, walk};
use crate::config::{Dialect, Settings};
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
    /// Only folders were given.
    whole: bool,
    skipped: Vec<Skipped>,
    globs: Globs,
    settings: Settings,
    /// What is wrong with the lists that runners keep of their files.
    problems: Vec<Problem>,
    /// The folders that were searched as a whole.
    searched: Vec<PathBuf>,
    /// The project as it runs now.
    base: Option<Tree>,
    /// Every file that was read, by number, and the numbers by path. Frontends ask for helpers through `&self`.
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    files: Vec<Arc<SourceFile>>,
    by_path: BTreeMap<PathBuf, Option<FileId>>,
    folders: Folders,
    /// The dialects that folders show, by folder, whether Python is asked about, and runner.
    dialects: BTreeMap<(PathBuf, bool, Runner), Option<(Dialect, String)>>,
}

impl Sources {
    /// Finds and reads the sources under `paths`, which are relative to the current folder or absolute. Paths are
    /// shown, and globs matched, relative to `root`.
    pub fn discover(paths: &[PathBuf], root: &Path, settings: &Settings) -> Result<Self, SourceError> {
        let root = std::path::absolute(root).map_err(|error| unreadable(root, &error))?;
        let mut this = Self::empty(&root, settings);
        this.whole = true;
        for path in paths {
            let absolute = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
            this.whole &= absolute.is_dir();
            if absolute.is_dir() {
                this.searched.push(clean(&absolute));
                this.folder(&clean(&absolute));
            } else if absolute.exists() || absolute.is_symlink() {
                this.named(path, &clean(&absolute))?;
            } else {
                return Err(missing(path));
            }
        }
        this.judged.sort_by(|a, b| a.path.cmp(&b.path));
        this.judged.dedup_by(|a, b| a.path == b.path);
        this.set_included_aside();
        this.skipped.sort();
        this.skipped.dedup();
        this.compare_lists();
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
        Self {
            root: clean(root),
            judged: Vec::new(),
            whole: false,
            skipped: Vec::new(),
            globs: Globs::new(settings),
            settings: settings.clone(),
            problems: Vec::new(),
            searched: Vec::new(),
            base: None,
            loaded: Mutex::default(),
        }
    }

    /// The files to be judged, by path.
    pub fn files(&self) -> &[Arc<SourceFile>] {
        &self.judged
    }

    /// Whether only folders were given, so that no file of a project is left out because another one was named.
    pub fn whole(&self) -> bool {
        self.whole
    }

    /// Every file read so far, helpers included, by number.
    pub fn all(&self) -> Vec<Arc<SourceFile>> {
        self.lock().files.clone()
    }

    /// Files that look relevant and are left alone, by path.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What is wrong with the lists that runners keep of their files: a journal, a plan.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The folder that paths are relative to.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Says that what runs now is the project as it is in `revision` of git.
    pub fn compared_with(mut self, revision: &str) -> Result<Self, SourceError> {
        self.base = Some(Tree::at(&self.root, revision)?);
        Ok(self)
    }

    /// The project as it runs now, where that is said.
    pub fn base(&self) -> Option<&Tree> {
        self.base.as_ref()
    }

    /// The project as it is on disk. Where nothing shows how far it reaches, it is what was searched.
    pub fn tree(&self) -> Tree {
        let bounded = self.root.ancestors().any(|folder| folder.join(".git").exists());
        let folders = if bounded { vec![self.root.clone()] } else { self.searched.clone() };
        Tree::disk(&self.root, folders, self.settings.respect_gitignore)
    }

    /// Whether all files beside the one at the shown `path` were looked at: its folder was searched, and it was not only
    /// named.
    pub fn is_whole(&self, path: &str) -> bool {
        let path = self.root.join(path);
        self.searched.iter().any(|folder| path.starts_with(folder))
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
        if self.globs.exclude.is_match(self.shown(path)) {
            self.skipped.push(Skipped { path: self.shown(path), why: "excluded by the configuration".to_owned() });
            return Ok(());
        }
        let file = self.add(path, bytes, "given by name".to_owned(), false);
        self.judged.push(file);
        Ok(())
    }

    /// Below a folder, files are read that are recognised; where none is, every file that holds DDL.
    fn folder(&mut self, start: &Path) {
        let given = self.shown(start);
        let before = self.judged.len();
        let mut left = Vec::new();
        for path in walk::files(start, self.settings.respect_gitignore) {
            let shown = self.shown(&path);
            if recognise::language(&shown).is_none() {
                continue;
            }
            if self.globs.exclude.is_match(&shown) {
                self.skipped.push(Skipped { path: shown, why: "excluded by the configuration".to_owned() });
                continue;
            }
            let verdict = self.verdict(&path, &shown, &given);
            match self.decide(&path, &shown, verdict) {
                Some(file) => self.judged.push(file),
                None => left.push((path, shown)),
            }
        }
        if self.judged.len() == before {
            self.everything(&left);
        }
    }

    /// What configuration, path and folder say of a file below the folder `given`.
    fn verdict(&self, path: &Path, shown: &str, given: &str) -> Verdict {
        if let Some(why) = self.globs.configured(shown) {
            return Verdict::Read(why);
        }
        let verdict = recognise::by_path(shown, given);
        if !matches!(verdict, Verdict::Read(_) | Verdict::Look) {
            return verdict;
        }
        if recognise::language(shown) == Some(Language::Python) {
            return detect::beside_django(&self.folder_of(path), name(shown)).unwrap_or(verdict);
        }
        detect::by_folder(&self.folder_of(path), name(shown)).unwrap_or(verdict)
    }

    /// The folder that a file is in, looked at once a run.
    fn folder_of(&self, path: &Path) -> Arc<Folder> {
        self.lock().folders.get(&self.root, path.parent().unwrap_or(path))
    }

    /// Compares the lists that runners keep with the files there are.
    fn compare_lists(&mut self) {
        let mut seen = std::collections::BTreeSet::new();
        for file in self.judged.clone() {
            let folder = self.folder_of(&self.root.join(&file.path));
            let Some((at, list)) = folder.upwards().find_map(|at| Some((at, at.list.as_ref()?))) else { continue };
            if !seen.insert(at.shown.clone()) {
                continue;
            }
            let base = self.root.join(&at.shown);
            let gone: Vec<_> = list.entries.iter().filter(|entry| !listed::there(list, entry, &base)).collect();
            if gone.is_empty() || !listed::concerns(list, file.runner) {
                continue;
            }
            if let Some(own) = self.helper(&base.join(list.path)) {
                self.problems.extend(gone.into_iter().map(|entry| listed::missing(list, entry, own.id)));
            }
        }
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
            let verdict = recognise::by_content(shown, &decode::text(&read));
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
            Verdict::Leave(why) | Verdict::Never(why) => {
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
            let ddl = recognise::by_content(shown, &decode::text(&bytes));
            if matches!(recognise::by_path(shown, ""), Verdict::Never(_)) || matches!(ddl, Verdict::Never(_)) {
                continue;
            }
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
        let folder = self.folder_of(path);
        let mut detected = self.detect(&folder, &shown, &decoded.text, language);
        match detected.runner {
            Runner::Yoyo if detected.down => detected.transaction = forward_of_yoyo(path),
            Runner::Flyway => detected.transaction = script_configuration(path),
            _ => {}
        }
        let by_name = || recognise::role(&shown);
        let (role, role_why) = self.globs.role(&shown).or_else(by_name).unwrap_or_default();
        let said = self.dialect(&shown, &decoded.text, language, &detected);
        let around = || {
            // What is imported is read in the dialect of what imports it.
            let asked = !(helper && language == Language::Python);
            asked.then(|| self.dialect_around(&folder, path, language, detected.runner)).flatten()
        };
        let default = || (self.settings.dialect, "the default".to_owned());
        let (dialect, dialect_why) = said.or_else(around).unwrap_or_else(default);
        let said = self.globs.said(&shown, |source| source.transaction);
        let said = said.map(|on| (on, "`[[source]]` in the configuration".to_owned()));
        let (transaction, transaction_why) = said.or(detected.transaction.clone()).unzip();
        let mut problems: Vec<Problem> = decoded.problem.into_iter().collect();
        if !helper {
            problems.extend(listed::unlisted(&folder, &detected, name(&shown)));
        }
        SourceFile {
            id: FileId(0),
            lines: LineIndex::new(&decoded.text),
            language,
            role,
            runner: detected.runner,
            dialect,
            target_version: self.globs.said(&shown, |source| source.target_version),
            source: !helper || self.recognised(path, &shown, &decoded.text),
            transaction,
            batch: detected.batch,
            mixed: detected.mixed,
            placeholder: detected.placeholder,
            down: detected.down,
            place: detected.place,
            evidence: Evidence {
                read: why,
                runner: detected.why,
                dialect: dialect_why,
                role: role_why.to_owned(),
                transaction: transaction_why,
            },
            helper,
            problems,
            exact: decoded.exact,
            text: decoded.text,
            path: shown,
        }
    }

    /// What applies a file: as the configuration says, else as is recognised.
    fn detect(&self, folder: &Folder, shown: &str, text: &str, language: Language) -> Detected {
        let said = self.globs.said(shown, |source| source.runner);
        if let Some(runner) = said {
            return detect::describe(runner, "`[[source]]` in the configuration".to_owned(), folder, name(shown));
        }
        match language {
            Language::Sql => detect::detect(folder, name(shown), text),
            Language::Python => {
                let (runner, why) = recognise::python_runner(shown, text);
                detect::describe(runner, why.to_owned(), folder, name(shown))
            }
        }
    }

    /// The dialect of a file and why. What the user says counts before what the project's files do.
    fn dialect(&self, shown: &str, text: &str, language: Language, detected: &Detected) -> Option<(Dialect, String)> {
        if let Some(dialect) = self.globs.said(shown, |source| source.dialect) {
            return Some((dialect, "`[[source]]` in the configuration".to_owned()));
        }
        if self.settings.dialect_given || self.settings.dialect != Dialect::default() {
            return Some((self.settings.dialect, "`dialect` in the configuration".to_owned()));
        }
        if let Some(found) = &detected.dialect {
            return Some(found.clone());
        }
        if let Some((dialect, word)) = recognise::dialect(shown) {
            return Some((dialect, format!("`{word}` in the path")));
        }
        let by_content = match language {
            Language::Sql => recognise::dialect_by_content(text),
            Language::Python => recognise::dialect_by_python(text),
        };
        by_content.map(|(dialect, why)| (dialect, why.to_owned()))
    }

    /// The dialect that the files around a source show, asked once for each folder, language and runner.
    fn dialect_around(
        &self,
        folder: &Folder,
        path: &Path,
        language: Language,
        runner: Runner,
    ) -> Option<(Dialect, String)> {
        let path = path.parent().unwrap_or(path);
        let key = (path.to_owned(), language == Language::Python, runner);
        if let Some(known) = self.lock().dialects.get(&key) {
            return known.clone();
        }
        // Each app of Django has a folder of its own, and what tells its server is no file beside them.
        let found = match runner {
            Runner::Django => dialects::of_django(&self.root, folder),
            _ => dialects::around(&self.root, folder, path, language, runner),
        };
        self.lock().dialects.insert(key, found.clone());
        found
    }

    /// Whether a walk would find a file to be a source.
    fn recognised(&self, path: &Path, shown: &str, text: &str) -> bool {
        let verdict = self.verdict(path, shown, "");
        let verdict = if verdict == Verdict::Look { recognise::by_content(shown, text) } else { verdict };
        matches!(verdict, Verdict::Read(_)) && !self.globs.exclude.is_match(shown)
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
    fn included(&self, from: &SourceFile, path: &str, beside: bool) -> Option<Arc<SourceFile>> {
        let own = self.root.join(&from.path);
        let folder = own.parent()?;
        let candidates = folder.ancestors().take_while(|ancestor| ancestor.starts_with(&self.root));
        let mut candidates = candidates.take(if beside { 1 } else { usize::MAX });
        candidates.find_map(|folder| self.helper(&clean(&folder.join(path))))
    }

    fn earlier(&self, from: &SourceFile) -> Vec<String> {
        let folder = self.folder_of(&self.root.join(&from.path));
        let own = name(&from.path);
        // A name with another dot cannot be imported.
        let stems = folder.names().filter(|other| *other < own).filter_map(|other| other.strip_suffix(".py"));
        stems.filter(|stem| !stem.contains('.')).map(str::to_owned).collect()
    }

    fn module(&self, from: &SourceFile, level: u32, dotted: &str) -> Option<Arc<SourceFile>> {
        lookup(&self.root, from, level, dotted, &|path| self.helper(path))
    }
}

/// Whether Flyway opens a transaction for a script, where the file says so that is named as the script with `.conf` added.
fn script_configuration(path: &Path) -> Option<(bool, String)> {
    let name = format!("{}.conf", path.file_name()?.to_str()?);
    let on = detect::execute_in_transaction(&decode::text(&read(&path.with_file_name(&name)).ok()?))?;
    Some((on, format!("`executeInTransaction={on}` in `{name}`")))
}

/// Whether yoyo opens a transaction for a way back: the file that goes forward says so for both.
/// Source: yoyo `migrations.py`, `Migration.load`.
fn forward_of_yoyo(path: &Path) -> Option<(bool, String)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".rollback.sql")?.to_owned() + ".sql";
    let text = decode::text(&read(&path.with_file_name(&name)).ok()?).into_owned();
    let head = text.lines().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with("--"));
    let said = head.filter_map(|line| line.trim_start().strip_prefix("--")?.trim_start().strip_prefix("transactional"));
    let value = said.filter_map(|rest| rest.trim_start().strip_prefix(':')).last()?.trim();
    Some((!value.eq_ignore_ascii_case("false"), format!("`-- transactional:` in `{name}`")))
}

/// The last part of a path as shown.
fn name(shown: &str) -> &str {
    shown.rsplit('/').next().unwrap_or(shown)
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

//! A project's Python files as a whole: those on disk, or those of a revision in git. For what programs say of the
//! database, which is no migration.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use regex::bytes::Regex;

use super::modules::lookup;
use super::{Language, Modules, Runner, SourceError, SourceFile, decode, recognise, walk};
use crate::span::FileId;

/// Longest file that is looked into, in bytes: longer ones are generated, and not by hand nor for a mapper.
const MAX_LOOK: u64 = 8 << 20;
/// Objects that git is asked for at once: their names fit into a pipe that nobody reads, so neither side waits for the
/// other to begin, even where the system gives a pipe no more than a page.
const AT_ONCE: usize = 60;

/// What a file that holds a model of SQLAlchemy, SQLModel, Flask-SQLAlchemy or Django has in it somewhere.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"__tablename__|__table__|Table\(|Column\(|mapped_column|Mapped\[|table ?= ?True|\.Model\b|class Meta\b|models\.\w+(?:Field|Key)\(").ok()
});

/// A class that may be a model with nothing of its own: all that it has is in the class that it is derived from.
static DERIVED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*class \w+\([^)]*(?:Abstract|Base|Mixin|Model)").ok());

/// The files that may hold models.
#[derive(Debug, Default)]
pub struct Models {
    /// By path.
    pub files: Vec<Arc<SourceFile>>,
    /// There was any at all, wanted or not.
    pub any: bool,
    /// One was too long to be looked into.
    pub skipped: bool,
}

/// A tree of files.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    from: From,
    loaded: Mutex<Loaded>,
}

/// Where the files are.
#[derive(Debug)]
enum From {
    /// In the working tree.
    Disk {
        /// The folders that are looked through.
        folders: Vec<PathBuf>,
        /// Whether what git ignores is left out.
        respect_gitignore: bool,
    },
    /// In a revision.
    Git {
        /// As the user names it.
        revision: String,
        /// The files by path, each with the name of its object.
        objects: BTreeMap<String, String>,
        /// Paths by the name of the file, put together when first asked for.
        named: OnceLock<BTreeMap<String, Vec<String>>>,
        batch: Mutex<Batch>,
        /// The first file that git knows of and did not give.
        absent: Mutex<Option<String>>,
    },
}

#[derive(Debug, Default)]
struct Loaded {
    files: Vec<Arc<SourceFile>>,
    by_path: BTreeMap<String, Option<FileId>>,
}

impl Tree {
    /// The files below `root` as they are on disk. Models are looked for in `folders`.
    pub(super) fn disk(root: &Path, folders: Vec<PathBuf>, respect_gitignore: bool) -> Self {
        Self { root: root.to_owned(), from: From::Disk { folders, respect_gitignore }, loaded: Mutex::default() }
    }

    /// The files below `root` as they are in `revision`, which git knows. Nothing is fetched and no hook runs.
    pub fn at(root: &Path, revision: &str) -> Result<Self, SourceError> {
        let commit = commit(root, revision)?;
        // Below a folder of the repository, only that is listed, and relative to it.
        let listed = run(root, &["ls-tree", "-r", "-z", &commit])?;
        let listed = listed.map_err(|said| unreadable(root, revision, &said))?;
        let listed = String::from_utf8_lossy(&listed);
        let objects = listed.split('\0').filter_map(|line| {
            let (about, path) = line.split_once('\t')?;
            let mut words = about.split(' ');
            // Links and other repositories are no files.
            let plain = words.next()?.starts_with("100") && words.next()? == "blob";
            plain.then(|| words.next().map(|object| (path.to_owned(), object.to_owned()))).flatten()
        });
        let objects = objects.collect();
        let batch = Mutex::new(Batch::start(root).map_err(|error| unusable(&error))?);
        let from = From::Git {
            revision: revision.to_owned(),
            objects,
            named: OnceLock::new(),
            batch,
            absent: Mutex::default(),
        };
        Ok(Self { root: root.to_owned(), from, loaded: Mutex::default() })
    }

    /// The revision as the user names it; `None` for the working tree.
    pub fn revision(&self) -> Option<&str> {
        match &self.from {
            From::Git { revision, .. } => Some(revision),
            From::Disk { .. } => None,
        }
    }

    /// A file of the revision that git could not give when it was asked: the clone is partial, or damaged. What was read
    /// without it proves nothing.
    pub fn absent(&self) -> Option<SourceError> {
        let From::Git { revision, absent, .. } = &self.from else { return None };
        let absent = absent.lock().unwrap_or_else(PoisonError::into_inner);
        let path = absent.as_ref()?;
        let message = format!("git knows `{path}` of `{revision}` and does not have its text");
        let help = "the clone is partial or damaged: `git fetch --refetch --no-filter` makes it whole";
        Some(SourceError { message, help: Some(help.to_owned()) })
    }

    /// Whether there is a file at the shown `path`, and its text.
    pub fn text(&self, path: &str) -> Option<Arc<SourceFile>> {
        {
            let loaded = self.lock();
            if let Some(known) = loaded.by_path.get(path) {
                return known.and_then(|id| loaded.files.get(id.0 as usize).cloned());
            }
        }
        let bytes = match &self.from {
            From::Disk { .. } => inside(&self.root, &self.root.join(path)).and_then(|path| on_disk(&path)),
            From::Git { objects, .. } => objects.get(path).and_then(|object| {
                let mut found = None;
                self.ask(&[(path, object)], &mut |_, bytes| found = bytes);
                found
            }),
        };
        self.keep(path, bytes.as_deref())
    }

    /// The file that was at the path of `file`; where there was none, one of its name and text elsewhere, which has been
    /// moved since.
    pub fn before(&self, file: &SourceFile) -> Option<Arc<SourceFile>> {
        if let Some(then) = self.text(&file.path) {
            return Some(then);
        }
        let From::Git { objects, named, .. } = &self.from else { return None };
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let named = named.get_or_init(|| {
            let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for path in objects.keys() {
                named.entry(name(path)).or_default().push(path.clone());
            }
            named
        });
        let mut alike = named.get(&name(&file.path)).into_iter().flatten();
        alike.find_map(|path| self.text(path).filter(|then| then.text == file.text))
    }

    /// The files that may hold models, as far as `wanted` wants their texts. Tests, examples, migrations and other
    /// people's code are left out.
    pub fn models(&self, wanted: &dyn Fn(&str) -> bool) -> Models {
        let (mut found, mut any, mut skipped) = (BTreeSet::new(), false, false);
        let mut look = |path: &str, bytes: Option<&[u8]>| {
            let Some(bytes) = bytes else {
                skipped = true;
                return;
            };
            let has = |marks: &Option<Regex>| marks.as_ref().is_some_and(|marks| marks.is_match(bytes));
            let marked = has(&MARKS);
            if !marked && !has(&DERIVED) {
                return;
            }
            let text = decode::text(bytes);
            // A migration may describe tables as it needs them.
            let is_test = path.ends_with("_test.py") && text.contains("def test");
            if is_test || recognise::python_runner(path, &text).0 != Runner::Script {
                return;
            }
            any |= marked;
            if wanted(&text) && (self.is_kept(path) || self.keep(path, Some(bytes)).is_some()) {
                found.insert(path.to_owned());
            }
        };
        match &self.from {
            From::Disk { folders, respect_gitignore } => {
                for path in folders.iter().flat_map(|folder| walk::files(folder, *respect_gitignore)) {
                    let shown = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    // The walk follows no folder that is a link, so only a file can lead out.
                    let file = || if path.is_symlink() { inside(&self.root, &path) } else { Some(path.clone()) };
                    if may_hold_models(&shown)
                        && let Some(path) = file()
                    {
                        look(&shown, on_disk(&path).as_deref());
                    }
                }
            }
            From::Git { objects, .. } => {
                let wanted = objects.iter().filter(|(path, _)| may_hold_models(path));
                let wanted: Vec<(&str, &String)> = wanted.map(|(path, object)| (path.as_str(), object)).collect();
                self.ask(&wanted, &mut |path, bytes| look(path, bytes.as_deref()));
            }
        }
        Models { files: found.iter().filter_map(|path| self.text(path)).collect(), any, skipped }
    }

    /// Whether the file at `path` has been read, and is there.
    fn is_kept(&self, path: &str) -> bool {
        self.lock().by_path.get(path).is_some_and(Option::is_some)
    }

    /// Gives the path and contents of each of `files`, paths with their objects, to `each`, without contents where one is
    /// too long; notes one that is missing.
    fn ask(&self, files: &[(&str, &String)], each: &mut dyn FnMut(&str, Option<Vec<u8>>)) {
        let From::Git { batch, absent, .. } = &self.from else { return };
        let names: Vec<&String> = files.iter().map(|(_, object)| *object).collect();
        let mut given = vec![false; files.len()];
        let mut take = |at: usize, bytes: Option<Vec<u8>>| {
            if let (Some((path, _)), Some(given)) = (files.get(at), given.get_mut(at)) {
                *given = true;
                each(path, bytes);
            }
        };
        // Where git ends early, what it has not given is missing.
        let _ = batch.lock().unwrap_or_else(PoisonError::into_inner).read(&names, &mut take);
        if let Some(((path, _), _)) = files.iter().zip(given).find(|(_, given)| !given) {
            let mut absent = absent.lock().unwrap_or_else(PoisonError::into_inner);
            absent.get_or_insert_with(|| (*path).to_owned());
        }
    }

    fn keep(&self, path: &str, bytes: Option<&[u8]>) -> Option<Arc<SourceFile>> {
        let mut loaded = self.lock();
        let Some(bytes) = bytes else {
            loaded.by_path.insert(path.to_owned(), None);
            return None;
        };
        // There are fewer files than there are numbers.
        let id = FileId(u32::try_from(loaded.files.len()).unwrap_or(u32::MAX));
        let language = recognise::language(path).unwrap_or(Language::Sql);
        let file = SourceFile::of_text(id, path, &decode::text(bytes), language);
        let file = Arc::new(SourceFile { helper: true, ..file });
        loaded.files.push(Arc::clone(&file));
        loaded.by_path.insert(path.to_owned(), Some(id));
        Some(file)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Modules for Tree {
    fn module(&self, from: &SourceFile, level: u32, dotted: &str) -> Option<Arc<SourceFile>> {
        lookup(&self.root, from, level, dotted, &|path| {
            self.text(&path.strip_prefix(&self.root).ok()?.to_string_lossy().replace('\\', "/"))
        })
    }
}

/// Whether a Python file of the program may be at `path`: no test, no migration, nothing built or borrowed.
fn may_hold_models(path: &str) -> bool {
    if recognise::language(path) != Some(Language::Python) {
        return false;
    }
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    let migrations = |part: &str| matches!(part, "migrations" | "alembic");
    let left_out = |part: &str| part.starts_with('.') || walk::VENDORED.contains(&part) || migrations(part);
    !folders.split('/').any(left_out) && !recognise::is_test(path)
}

fn on_disk(path: &Path) -> Option<Vec<u8>> {
    let data = std::fs::metadata(path).ok()?;
    if !data.is_file() || data.len() > MAX_LOOK {
        return None;
    }
    std::fs::read(path).ok()
}

/// Where a file of the project is, which may be a link: `None` where that is outside of `root`.
fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let (root, path) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
    path.starts_with(root).then_some(path)
}

/// A command of git in the folder `root`, which finds the repository by itself: a hook's variables name files relative
/// to another folder.
fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root).stdin(Stdio::null()).stderr(Stdio::null()).env("LC_ALL", "C");
    for name in ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    // An object that a partial clone lacks stays absent: nothing here reaches for the network, nor runs the program that
    // the repository names for that. A git before 2.45 does not know the first of these, and heeds the second.
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// What a command of git prints; where it fails, why it cannot go on, if it says so.
fn run(root: &Path, arguments: &[&str]) -> Result<Result<Vec<u8>, String>, SourceError> {
    let output = git(root).args(arguments).stderr(Stdio::piped()).output().map_err(|error| unusable(&error))?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Err(said.lines().find_map(|line| line.strip_prefix("fatal: ")).unwrap_or_default().trim().to_owned()))
}

/// The name of the commit that `revision` is.
fn commit(root: &Path, revision: &str) -> Result<String, SourceError> {
    let named = |revision: &str| {
        let commit = format!("{revision}^{{commit}}");
        run(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
    };
    let name = |out: Vec<u8>| {
        let name = String::from_utf8(out).unwrap_or_default().trim().to_owned();
        // `^main` is all that is not in it.
        (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(name)
    };
    let found = named(revision)?;
    if let Some(said) = found.as_ref().err().filter(|said| !said.is_empty()) {
        return Err(unreadable(root, revision, said));
    }
    if let Some(name) = found.ok().and_then(name) {
        return Ok(name);
    }
    // A job of CI that checks out one branch has the others under this name alone.
    let remote = format!("origin/{revision}");
    let help = if named(&remote)?.ok().and_then(name).is_some() {
        format!("did you mean `{remote}`?")
    } else {
        "name a branch, tag or commit that this clone has; a shallow one lacks most: `git fetch --depth 1 origin main` \
         brings `origin/main`"
            .to_owned()
    };
    let message = format!("`{revision}` is no revision of the repository at `{}`", root.display());
    Err(SourceError { message, help: Some(help) })
}

/// The error where git cannot read the repository, in git's words.
fn unreadable(root: &Path, revision: &str, said: &str) -> SourceError {
    let why = if said.is_empty() { String::new() } else { format!(": {said}") };
    let message = format!("git cannot read `{revision}` at `{}`{why}", root.display());
    let help = if said.contains("dubious ownership") {
        // As a job in a container finds what another user has checked out.
        "the folder is another user's: `git config --global --add safe.directory FOLDER` says that you trust it"
    } else {
        "`--diff-base` compares with a revision of the repository that the files are in"
    };
    SourceError { message, help: Some(help.to_owned()) }
}

fn unusable(error: &std::io::Error) -> SourceError {
    let help = "`--diff-base` reads the revision with git, which is to be installed".to_owned();
    SourceError { message: format!("cannot run `git`: {error}"), help: Some(help) }
}

/// A process that gives out objects.
#[derive(Debug)]
struct Batch {
    child: Child,
    /// `None` once it is to end.
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Batch {
    fn start(root: &Path) -> std::io::Result<Self> {
        let mut child = git(root).args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asks = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| std::io::Error::other("it has no output"))?;
        Ok(Self { child, asks, answers: BufReader::with_capacity(1 << 16, answers) })
    }

    /// Gives the contents of each object that is there to `each`, with its place in `objects`; `None` for one that is too
    /// long.
    fn read(&mut self, objects: &[&String], each: &mut dyn FnMut(usize, Option<Vec<u8>>)) -> std::io::Result<()> {
        let ended = || std::io::Error::other("it has ended");
        let mut header = String::new();
        for (number, some) in objects.chunks(AT_ONCE).enumerate() {
            let mut asked = String::new();
            for object in some {
                asked.push_str(object);
                asked.push('\n');
            }
            let asks = self.asks.as_mut().ok_or_else(ended)?;
            asks.write_all(asked.as_bytes())?;
            asks.flush()?;
            for at in 0..some.len() {
                header.clear();
                if self.answers.read_line(&mut header)? == 0 {
                    return Err(ended());
                }
                // `name type size`, or `name missing`.
                let Some(size) = header.trim_end().split(' ').nth(2).and_then(|size| size.parse::<u64>().ok()) else {
                    continue;
                };
                let mut bytes = Vec::new();
                if size <= MAX_LOOK {
                    (&mut self.answers).take(size).read_to_end(&mut bytes)?;
                } else {
                    std::io::copy(&mut (&mut self.answers).take(size), &mut std::io::sink())?;
                }
                self.answers.read_exact(&mut [0])?;
                each(number * AT_ONCE + at, (size <= MAX_LOOK).then_some(bytes));
            }
        }
        Ok(())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // Without anything more to come it ends by itself.
        self.asks = None;
        let _ = self.child.wait();
    }
}

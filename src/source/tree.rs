//! A project's Python files as a whole: those on disk, or those of a revision in git. For what programs say of the
//! database, which is no migration.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::bytes::Regex;

use super::modules::lookup;
use super::{Language, Modules, Runner, SourceError, SourceFile, decode, recognise, walk};
use crate::span::FileId;

/// Longest file that is looked into, in bytes.
const MAX_LOOK: u64 = 1 << 20;
/// Objects that git is asked for at once: their names fit into a pipe that nobody reads, so neither side waits for the
/// other to begin.
const AT_ONCE: usize = 256;

/// What a file that holds a model of SQLAlchemy, SQLModel, Flask-SQLAlchemy or Django has in it somewhere.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"__tablename__|__table__|Table\(|Column\(|mapped_column|Mapped\[|table ?= ?True|\.Model\b|class Meta\b|models\.\w+(?:Field|Key)\(").ok()
});

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
        batch: Mutex<Batch>,
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
        let commit = format!("{revision}^{{commit}}");
        let found = run(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let Some(commit) = found.as_deref().and_then(|out| std::str::from_utf8(out).ok()).map(str::trim) else {
            let message = format!("`{revision}` is no revision of the repository at `{}`", root.display());
            let help = "name one that is there, or fetch it first: a shallow clone lacks the others";
            return Err(SourceError { message, help: Some(help.to_owned()) });
        };
        // Below a folder of the repository, only that is listed, and relative to it.
        let listed = run(root, &["ls-tree", "-r", "-z", commit])?.unwrap_or_default();
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
        let from = From::Git { revision: revision.to_owned(), objects, batch };
        Ok(Self { root: root.to_owned(), from, loaded: Mutex::default() })
    }

    /// The revision as the user names it; `None` for the working tree.
    pub fn revision(&self) -> Option<&str> {
        match &self.from {
            From::Git { revision, .. } => Some(revision),
            From::Disk { .. } => None,
        }
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
            From::Disk { .. } => on_disk(&self.root.join(path)),
            From::Git { objects, batch, .. } => objects.get(path).and_then(|object| {
                let mut found = None;
                let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
                // What git does not give is not there.
                let _ = batch.read(&[object], &mut |_, bytes| found = Some(bytes));
                found
            }),
        };
        self.keep(path, bytes.as_deref())
    }

    /// The files that may hold models, by path, as far as `wanted` wants their texts; and whether there was any at all
    /// and all of them could be looked at. Tests, examples, migrations and other people's code are left out.
    pub fn models(&self, wanted: &dyn Fn(&str) -> bool) -> (Vec<Arc<SourceFile>>, bool) {
        let (mut found, mut any, mut whole) = (BTreeSet::new(), false, true);
        let mut look = |path: &str, bytes: &[u8]| {
            if !MARKS.as_ref().is_some_and(|marks| marks.is_match(bytes)) {
                return;
            }
            let text = decode::text(bytes);
            // A migration may describe tables as it needs them.
            let is_test = path.ends_with("_test.py") && text.contains("def test");
            if is_test || recognise::python_runner(path, &text).0 != Runner::Script {
                return;
            }
            any = true;
            if wanted(&text) && (self.is_kept(path) || self.keep(path, Some(bytes)).is_some()) {
                found.insert(path.to_owned());
            }
        };
        match &self.from {
            From::Disk { folders, respect_gitignore } => {
                for path in folders.iter().flat_map(|folder| walk::files(folder, *respect_gitignore)) {
                    let shown = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    if may_hold_models(&shown)
                        && let Some(bytes) = on_disk(&path)
                    {
                        look(&shown, &bytes);
                    }
                }
            }
            From::Git { objects, batch, .. } => {
                let (paths, objects): (Vec<&String>, Vec<&String>) =
                    objects.iter().filter(|(path, _)| may_hold_models(path)).unzip();
                let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
                let read = batch.read(&objects, &mut |at, bytes| {
                    if let Some(path) = paths.get(at) {
                        look(path, &bytes);
                    }
                });
                whole = read.is_ok();
            }
        }
        // Where git stops half-way, the other half may hold any model.
        let any = any && whole;
        (found.iter().filter_map(|path| self.text(path)).collect(), any)
    }

    /// Whether the file at `path` has been read, and is there.
    fn is_kept(&self, path: &str) -> bool {
        self.lock().by_path.get(path).is_some_and(Option::is_some)
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

/// A command of git in the folder `root`, which finds the repository by itself: a hook's variables name files relative
/// to another folder.
fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    // An object that a partial clone lacks stays absent: nothing here reaches for the network.
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// What a command of git prints; `None` where it fails.
fn run(root: &Path, arguments: &[&str]) -> Result<Option<Vec<u8>>, SourceError> {
    let output = git(root).args(arguments).output().map_err(|error| unusable(&error))?;
    Ok(output.status.success().then_some(output.stdout))
}

fn unusable(error: &std::io::Error) -> SourceError {
    SourceError { message: format!("cannot run `git`: {error}"), help: None }
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

    /// Gives the contents of each object that is there and not too long to `each`, with its place in `objects`.
    fn read(&mut self, objects: &[&String], each: &mut dyn FnMut(usize, Vec<u8>)) -> std::io::Result<()> {
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
                if size <= MAX_LOOK {
                    each(number * AT_ONCE + at, bytes);
                }
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

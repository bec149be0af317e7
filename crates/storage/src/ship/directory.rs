//! A folder as object storage: for a share that several machines mount, a second disk, and tests.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use accolade_engine::objects::{Object, Objects};

/// With this a file begins that is being written.
const UNFINISHED: &str = ".unfinished-";

/// Objects as files below a folder.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    next: AtomicU64,
}

impl Directory {
    /// The folder at `root`, created if it does not exist.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Self { root, next: AtomicU64::new(0) })
    }

    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        if !key.split('/').all(is_plain) {
            let what = format!("`{key}` is no key of an object");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        Ok(self.root.join(key))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        self.create_folder(folder)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let unfinished = folder.join(format!("{UNFINISHED}{}-{number}", std::process::id()));
        let file = File::create(&unfinished)?;
        let written = file.write_all_at(bytes, 0).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&unfinished, path)) {
            drop(fs::remove_file(&unfinished));
            return Err(error);
        }
        File::open(folder)?.sync_all()
    }

    /// Creates a folder and those above it, each for ever.
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || folder.is_dir() {
            return Ok(());
        }
        let above = folder.parent().unwrap_or(&self.root);
        self.create_folder(above)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => created?,
        }
        File::open(above)?.sync_all()
    }

    fn list_below(&self, folder: &Path, prefix: &str, found: &mut Vec<Object>) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let Some(key) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) else {
                continue;
            };
            let metadata = match fs::metadata(&path) {
                // It was removed meanwhile, or has got its name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            if metadata.is_dir() {
                if key.starts_with(prefix) || prefix.starts_with(key) {
                    self.list_below(&path, prefix, found)?;
                }
            } else if key.starts_with(prefix) && !key.contains(UNFINISHED) {
                let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                let put_at = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
                found.push(Object { key: key.to_owned(), bytes: metadata.len(), put_at });
            }
        }
        Ok(())
    }
}

fn named(what: &str, key: &str) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{what} `{key}`: {error}"))
}

impl Objects for Directory {
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        self.path(key).and_then(|path| self.write(&path, &bytes)).map_err(named("putting", key))
    }

    fn get(&self, key: &str, bytes: Range<u64>) -> io::Result<Vec<u8>> {
        let read = || {
            let file = File::open(self.path(key)?)?;
            let mut buffer = vec![0; (bytes.end - bytes.start) as usize];
            file.read_exact_at(&mut buffer, bytes.start)?;
            Ok(buffer)
        };
        read().map_err(named("reading", key))
    }

    fn get_all(&self, key: &str) -> io::Result<Vec<u8>> {
        self.path(key).and_then(fs::read).map_err(named("reading", key))
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        let mut found = Vec::new();
        self.list_below(&self.root, prefix, &mut found).map_err(named("listing", prefix))?;
        Ok(found)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        match self.path(key).and_then(fs::remove_file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(named("removing", key)),
        }
    }
}

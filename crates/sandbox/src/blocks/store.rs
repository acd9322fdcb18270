//! Where the files of blocks lie.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

/// A private directory, which is made when the first block is to be kept and which is gone when the last
/// one is.
#[derive(Debug)]
pub(crate) struct BlockStore {
    within: PathBuf,
    made: Mutex<Option<Arc<TempDir>>>,
    next: AtomicU64,
}

/// A file of the store. It is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct BlockFile {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    // Keeps the directory for as long as there is something in it.
    directory: Arc<TempDir>,
}

/// A file of the store that is not kept open, so that there may be many of them. It is removed when it is
/// dropped.
#[derive(Debug)]
pub(crate) struct ClosedFile {
    path: PathBuf,
    // Keeps the directory for as long as there is something in it.
    _directory: Arc<TempDir>,
}

impl BlockStore {
    /// A store in a directory, or in the one for temporary files.
    pub(crate) fn new(within: Option<&Path>) -> Self {
        BlockStore {
            within: within.map_or_else(std::env::temp_dir, Path::to_owned),
            made: Mutex::new(None),
            next: AtomicU64::new(1),
        }
    }

    /// A number that no other file of the store has.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes an empty file.
    pub(crate) fn create(&self, name: &str) -> io::Result<BlockFile> {
        BlockFile::create(self.directory()?, name)
    }

    /// Makes an empty file, to be written now and opened again whenever it is read.
    pub(crate) fn create_closed(&self, name: &str) -> io::Result<(File, ClosedFile)> {
        let directory = self.directory()?;
        let path = directory.path().join(name);
        let file = File::create_new(&path)?;
        let closed = ClosedFile {
            path,
            _directory: directory,
        };
        Ok((file, closed))
    }

    fn directory(&self) -> io::Result<Arc<TempDir>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = &*made {
            return Ok(Arc::clone(directory));
        }
        let mut builder = tempfile::Builder::new();
        let directory = builder.prefix("ami-sandbox-").tempdir_in(&self.within)?;
        Ok(Arc::clone(made.insert(Arc::new(directory))))
    }
}

impl BlockFile {
    /// Makes another file in the same directory.
    pub(super) fn beside(&self, name: &str) -> io::Result<BlockFile> {
        BlockFile::create(Arc::clone(&self.directory), name)
    }

    fn create(directory: Arc<TempDir>, name: &str) -> io::Result<Self> {
        let path = directory.path().join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        Ok(BlockFile {
            file: options.open(&path)?,
            path,
            directory,
        })
    }
}

impl ClosedFile {
    /// Opens it for reading.
    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

impl Drop for ClosedFile {
    fn drop(&mut self) {
        // What is left goes with the directory.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for BlockFile {
    fn drop(&mut self) {
        // What is left goes with the directory.
        let _ = std::fs::remove_file(&self.path);
    }
}

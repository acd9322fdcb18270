//! The copy of the tree, into the mounted image.

mod attributes;
mod data;
mod file;
mod links;
mod opening;

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, IFlags, Mode, OFlags, mkdirat, mknodat, openat, readlinkat, symlinkat,
    unlinkat,
};
use rustix::io::Errno;

use crate::descent::{DIRECTORY, Descent};
use crate::error::words;
use crate::filter::Packages;
use crate::select::Selection;
use crate::walk::{Entry, Visitor, is_gone, shown};
use crate::{Error, ErrorKind, Progress, Reason, Stage, Watch, devices};

use attributes::{Attributes, Lost};
use data::Buffer;
use links::Links;
use opening::Patience;

/// How many entries are copied between two words about progress.
const TELL_EVERY: u64 = 1000;

/// A tree that is being copied.
pub(crate) struct Copy<'a> {
    selection: &'a Selection,
    watch: &'a Watch<'a>,
    way: Descent,
    /// Attributes of the directories on the way, which they get when all is in them.
    pending: Vec<Attributes>,
    links: Links,
    buffer: Buffer,
    patience: Patience,
    packages: Packages,
    /// Flags that would forbid what is still to be done, such as immutable.
    flags: Vec<(Vec<u8>, IFlags)>,
    /// What the image's file system cannot keep.
    pub lost: Lost,
    /// Files, directories and whatever else so far.
    pub files: u64,
    /// Bytes of files so far.
    pub bytes: u64,
    at_most: u64,
}

impl<'a> Copy<'a> {
    /// Copies from one directory to another.
    pub(crate) fn new(
        selection: &'a Selection,
        watch: &'a Watch<'a>,
        from: OwnedFd,
        to: OwnedFd,
        at_most: u64,
    ) -> Result<Self, Error> {
        Ok(Self {
            selection,
            watch,
            way: Descent::new(to).map_err(|error| target(b"", error))?,
            pending: Vec::new(),
            links: Links::default(),
            buffer: Buffer::default(),
            patience: Patience::default(),
            packages: Packages::of(from),
            flags: Vec::new(),
            lost: Lost::default(),
            files: 0,
            bytes: 0,
            at_most,
        })
    }

    /// Sets what would have forbidden to work on the image. To be called when all is in it.
    pub(crate) fn finish(&mut self, top: BorrowedFd<'_>) -> Result<(), Error> {
        for (path, flags) in std::mem::take(&mut self.flags) {
            let (directory, name) = crate::descent::split(&path);
            let set = || {
                let directory = crate::descent::open_below(top, directory)?;
                let flags_of_open = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let name = if name.is_empty() { b"." } else { name };
                let file = openat(&directory, name, flags_of_open, Mode::empty())?;
                attributes::add_flags(file.as_fd(), flags)?;
                Ok(())
            };
            match set() {
                // A script may have removed it.
                Err(error) if is_missing(&error) => {}
                result => result.map_err(|error: std::io::Error| target(&path, error))?,
            }
        }
        Ok(())
    }

    /// How far it is.
    pub(crate) fn progress(&self, stage: Stage) -> Progress {
        Progress {
            stage,
            files: self.files,
            bytes: self.bytes,
            at_most: self.at_most,
        }
    }

    fn count(&mut self, bytes: u64) {
        const MIB: u64 = 1 << 20;
        let before = (self.files / TELL_EVERY, self.bytes / (16 * MIB));
        self.files += 1;
        self.bytes += bytes;
        if before != (self.files / TELL_EVERY, self.bytes / (16 * MIB)) {
            self.watch.tell(self.progress(Stage::Copying));
        }
    }

    fn here(&self) -> Result<BorrowedFd<'_>, Error> {
        self.way
            .here()
            .ok_or_else(|| Error::failed("the image was changed while it was filled"))
    }

    /// Removes an empty directory that the way has just come out of.
    fn remove(&mut self, path: &[u8]) -> Result<(), Error> {
        let (_, name) = crate::descent::split(path);
        let result = unlinkat(self.here()?, name, AtFlags::REMOVEDIR);
        result.map_err(|error| target(path, error))?;
        self.files -= 1;
        Ok(())
    }

    fn make(&mut self, entry: &Entry<'_>) -> Result<Option<Reason>, Error> {
        match entry.kind() {
            FileType::RegularFile => self.file(entry),
            FileType::Symlink => self.symlink(entry),
            FileType::Directory | FileType::Socket => Ok(None),
            kind => {
                let mode = Mode::from_raw_mode(entry.stat.st_mode);
                let here = self.here()?;
                mknodat(here, entry.name, kind, mode, entry.stat.st_rdev)
                    .map_err(|error| target(entry.path, error))?;
                self.attributes_of_name(entry)?;
                self.count(0);
                Ok(None)
            }
        }
    }

    fn symlink(&mut self, entry: &Entry<'_>) -> Result<Option<Reason>, Error> {
        let content = match readlinkat(entry.directory, entry.name, Vec::new()) {
            Ok(content) => content,
            Err(error) if is_gone(error) || error == Errno::INVAL => {
                return Ok(Some(Reason::Vanished));
            }
            Err(error) => return Err(crate::walk::failed(entry.path, error)),
        };
        symlinkat(content, self.here()?, entry.name).map_err(|error| target(entry.path, error))?;
        self.attributes_of_name(entry)?;
        self.count(0);
        Ok(None)
    }

    fn attributes_of_name(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        let attributes = Attributes::of_name(entry.directory, entry.name, entry.stat)
            .map_err(|error| crate::walk::failed(entry.path, error))?;
        let here = self.way.here();
        let here = here.ok_or_else(|| Error::failed("the image was changed"))?;
        attributes
            .give_name(here, entry.name, &mut self.lost)
            .map_err(|error| target(entry.path, error))
    }
}

impl Visitor for Copy<'_> {
    fn enter(&mut self, entry: &Entry<'_>, opened: BorrowedFd<'_>) -> Result<(), Error> {
        let attributes = Attributes::of(opened, entry.stat)
            .map_err(|error| crate::walk::failed(entry.path, error))?;
        if !entry.path.is_empty() {
            let here = self.here()?;
            let made = make_directory(here, entry.name);
            let directory = made.map_err(|error| target(entry.path, error))?;
            self.way
                .enter(directory)
                .map_err(|error| target(entry.path, error))?;
        }
        let late = attributes::flags(opened, self.here()?, true);
        if !late.is_empty() {
            self.flags.push((entry.path.to_vec(), late));
        }
        self.pending.push(attributes);
        self.count(0);
        Ok(())
    }

    fn leave(&mut self, path: &[u8], only_way: bool) -> Result<(), Error> {
        if path == b"dev" {
            devices::make(self.here()?).map_err(|error| target(path, error))?;
        }
        if let Some(attributes) = self.pending.pop() {
            let here = self.way.here();
            let here = here.ok_or_else(|| Error::failed("the image was changed"))?;
            let given = attributes.give(here, &mut self.lost);
            given.map_err(|error| target(path, error))?;
        }
        if path.is_empty() {
            return Ok(());
        }
        self.way.leave().map_err(|error| target(path, error))?;
        match only_way {
            true => self.remove(path),
            false => Ok(()),
        }
    }

    fn other(&mut self, entry: &Entry<'_>) -> Result<Option<Reason>, Error> {
        if let Some(first) = self.links.first(entry) {
            let top = self.way.top();
            let linked = links::link(top, &first, self.here()?, entry.name);
            if linked.map_err(|error| target(entry.path, error))? {
                self.count(0);
                return Ok(None);
            }
        }
        let outcome = self.make(entry)?;
        if outcome.is_none_or(|reason| reason == Reason::Changed) {
            self.links.remember(entry);
        }
        Ok(outcome)
    }
}

/// ext has a `lost+found` of its own already.
fn make_directory(here: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<OwnedFd> {
    match mkdirat(here, name, Mode::RWXU) {
        Err(Errno::EXIST) if name == c"lost+found" => {}
        result => result?,
    }
    openat(here, name, DIRECTORY, Mode::empty())
}

fn is_missing(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

/// An error of the image's side. That it is full is told apart: a size that would do belongs to it.
fn target(path: &[u8], error: impl Into<std::io::Error>) -> Error {
    let error: std::io::Error = error.into();
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOSPC | Errno::DQUOT) => Error::new(ErrorKind::TooSmall, "the image is full"),
        _ => {
            let path = shown(path);
            let path = path.to_string_lossy();
            let text = format!("{} in the image: {}", path.escape_debug(), words(&error));
            Error::failed(text)
        }
    }
}

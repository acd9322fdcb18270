//! The walk through the volume's tree. What is done on the way is a [`Visitor`]'s.

use std::ffi::{CStr, CString};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, Stat, openat, statat};
use rustix::io::Errno;

use crate::descent::{DIRECTORY, Descent};
use crate::mounts::join;
use crate::select::{Decision, Inherited, Known, Selection};
use crate::{Error, LeftOut, Reason, Report, Watch};

/// An entry of a directory.
pub(crate) struct Entry<'a> {
    /// Its directory.
    pub directory: BorrowedFd<'a>,
    /// Its name there.
    pub name: &'a CStr,
    /// Its path in the tree.
    pub path: &'a [u8],
    /// What it was when it was looked at.
    pub stat: &'a Stat,
    /// An include names it, or what it is in.
    pub included: bool,
    /// Only an empty file is to be there.
    pub emptied: bool,
}

/// What is done on the way.
pub(crate) trait Visitor {
    /// The walk goes into a directory, which is open.
    fn enter(&mut self, entry: &Entry<'_>, opened: BorrowedFd<'_>) -> Result<(), Error>;
    /// It comes out of one. One that was only a way to others is not wanted for itself.
    fn leave(&mut self, path: &[u8], only_way: bool) -> Result<(), Error>;
    /// It comes to anything else. Says why that is not there, or not as it was.
    fn other(&mut self, entry: &Entry<'_>) -> Result<Option<Reason>, Error>;
}

impl Entry<'_> {
    /// What it is.
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

/// A walk.
pub(crate) struct Walk<'a, V> {
    pub selection: &'a Selection,
    pub watch: &'a Watch<'a>,
    pub visitor: V,
    pub report: Report,
}

/// A directory on the way, with what is left to do in it.
struct Frame {
    path: Vec<u8>,
    names: std::vec::IntoIter<CString>,
    inherited: Inherited,
    /// Its own line in the report, if only included things are taken of what is in it.
    line: Option<usize>,
    /// It is in another such directory.
    only_way: bool,
    /// Something in it is taken.
    taken: bool,
}

/// What became of an entry.
enum Met {
    Taken,
    Left,
    Entered(Frame),
}

impl<V: Visitor> Walk<'_, V> {
    /// Goes through all that is selected below a directory; enters and leaves that one as well.
    pub(crate) fn run(&mut self, top: OwnedFd) -> Result<(), Error> {
        let stat = rustix::fs::fstat(&top).map_err(|error| failed(b"", error))?;
        let entry = Entry {
            directory: std::os::fd::AsFd::as_fd(&top),
            name: c".",
            path: b"",
            stat: &stat,
            included: false,
            emptied: false,
        };
        self.visitor.enter(&entry, entry.directory)?;
        let names = self.names(b"", entry.directory)?;
        let mut frames = vec![Frame {
            path: Vec::new(),
            names: names.into_iter(),
            inherited: Inherited::default(),
            line: None,
            only_way: false,
            taken: true,
        }];
        let mut way = Descent::new(top).map_err(|error| failed(b"", error))?;
        while let Some(frame) = frames.last_mut() {
            self.watch.check()?;
            match frame.names.next() {
                Some(name) => {
                    let path = join(&frame.path, name.as_bytes());
                    let inherited = frame.inherited;
                    let met = self.entry(&mut way, &name, path, inherited)?;
                    frame.taken |= matches!(met, Met::Taken);
                    if let Met::Entered(below) = met {
                        frames.push(below);
                    }
                }
                None => {
                    let only_way = frame.only_way && !frame.taken;
                    self.visitor.leave(&frame.path, only_way)?;
                    let result = way.leave();
                    result.map_err(|error| failed(&frame.path, error))?;
                    let taken = frame.taken;
                    if let Some(line) = frame.line.filter(|_| !taken) {
                        // The directory's own line says it of all that is in it.
                        self.report.left_out.truncate(line + 1);
                    }
                    frames.pop();
                    if let Some(above) = frames.last_mut() {
                        above.taken |= taken;
                    }
                }
            }
        }
        Ok(())
    }

    /// Does what is to be done with one entry.
    fn entry(
        &mut self,
        way: &mut Descent,
        name: &CStr,
        path: Vec<u8>,
        inherited: Inherited,
    ) -> Result<Met, Error> {
        let in_filtered = inherited.filtered.is_some();
        let Some(directory) = way.here() else {
            // What it was in was moved away.
            self.leave_out(&path, Reason::Vanished);
            return Ok(Met::Left);
        };
        let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if is_gone(error) => {
                self.leave_out(&path, Reason::Vanished);
                return Ok(Met::Left);
            }
            Err(_) if self.selection.excludes(&path) => {
                self.leave_out(&path, Reason::Excluded);
                return Ok(Met::Left);
            }
            Err(error) => return Err(failed(&path, error)),
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        let (decision, inherited) = self.selection.decide(&Known {
            path: &path,
            kind,
            id: (stat.st_dev, stat.st_ino),
            inherited,
        });
        if let Decision::Empty(reason) | Decision::OnlyIncluded(reason) | Decision::Leave(reason) =
            decision
        {
            self.leave_out(&path, reason);
        }
        let line = self.report.left_out.len().checked_sub(1);
        if matches!(decision, Decision::Leave(_)) {
            return Ok(Met::Left);
        }
        let entry = Entry {
            directory,
            name,
            path: &path,
            stat: &stat,
            included: inherited.included,
            emptied: matches!(decision, Decision::Empty(_)),
        };
        if kind != FileType::Directory {
            let left = self.visitor.other(&entry)?;
            if let Some(reason) = left {
                self.leave_out(&path, reason);
            }
            return Ok(match left {
                None | Some(Reason::Changed) => Met::Taken,
                Some(_) => Met::Left,
            });
        }
        let opened = match openat(directory, name, DIRECTORY, Mode::empty()) {
            Ok(opened) => opened,
            Err(error) if is_gone(error) => {
                self.leave_out(&path, Reason::Vanished);
                return Ok(Met::Left);
            }
            Err(error) => return Err(failed(&path, error)),
        };
        let here = std::os::fd::AsFd::as_fd(&opened);
        self.visitor.enter(&entry, here)?;
        let names = match decision {
            Decision::Empty(_) => Vec::new(),
            _ => self.names(&path, here)?,
        };
        way.enter(opened).map_err(|error| failed(&path, error))?;
        let is_way = matches!(decision, Decision::OnlyIncluded(_));
        Ok(Met::Entered(Frame {
            path,
            names: names.into_iter(),
            inherited,
            line: line.filter(|_| is_way),
            only_way: is_way && in_filtered,
            taken: !is_way,
        }))
    }

    /// The names in a directory, in the order of their inodes: so a disk is read forwards.
    fn names(&mut self, path: &[u8], directory: BorrowedFd<'_>) -> Result<Vec<CString>, Error> {
        let mut names = Vec::new();
        for entry in Dir::read_from(directory).map_err(|error| failed(path, error))? {
            let entry = match entry {
                Ok(entry) => entry,
                // The directory is being removed.
                Err(Errno::NOENT) => break,
                Err(error) => return Err(failed(path, error)),
            };
            let name = entry.file_name();
            if name != c"." && name != c".." {
                names.push((entry.ino(), name.to_owned()));
            }
        }
        names.sort_unstable_by_key(|(inode, _)| *inode);
        Ok(names.into_iter().map(|(_, name)| name).collect())
    }

    fn leave_out(&mut self, path: &[u8], reason: Reason) {
        self.report.left_out.push(LeftOut {
            path: shown(path),
            reason,
        });
    }
}

/// Was it there, and is it now gone, or something else?
pub(crate) fn is_gone(error: Errno) -> bool {
    matches!(
        error,
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE | Errno::NXIO
    )
}

/// An error with the path in the tree to which it belongs.
pub(crate) fn failed(path: &[u8], error: impl Into<std::io::Error>) -> Error {
    let error: std::io::Error = error.into();
    let path = shown(path);
    let words = crate::error::words(&error);
    Error::failed(format!(
        "{}: {words}",
        path.display().to_string().escape_debug()
    ))
}

/// A path with the slash before it.
pub(crate) fn shown(path: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec([b"/", path].concat()).into()
}

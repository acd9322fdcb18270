//! What is changed in an image for the time of a build, and put back afterwards.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Stat, Timespec, Timestamps, fstat, futimens};

use super::image::{Directory, Image};
use super::protection;
use crate::fault::{Result, note};
use crate::protocol::{Fault, FaultKind};

/// One thing that was done, in a directory of the image.
#[derive(Debug)]
pub(crate) struct Change {
    directory: PathBuf,
    name: OsString,
    kind: Kind,
    times: Times,
}

#[derive(Debug)]
enum Kind {
    /// An empty directory was made.
    Directory,
    /// A file of these bytes was made.
    File(Vec<u8>),
    /// A file of these bytes was made, and what was there before got this name.
    Instead(Vec<u8>, OsString),
}

/// A directory's times before a change, and when the change was.
#[derive(Debug)]
struct Times {
    before: Timestamps,
    after: (i64, u64),
}

/// All changes to an image, in their order.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    done: Vec<Change>,
}

impl Changes {
    /// Makes an empty directory, to mount on.
    pub(crate) fn make_directory(
        &mut self,
        image: &Image,
        directory: &Path,
        name: &OsStr,
    ) -> io::Result<()> {
        self.change(image, directory, name, Kind::Directory, |place| {
            place.make_directory(name)
        })
    }

    /// Makes a file where there is none.
    pub(crate) fn make_file(
        &mut self,
        image: &Image,
        directory: &Path,
        name: &OsStr,
        bytes: &[u8],
        mode: u32,
    ) -> io::Result<()> {
        let kind = Kind::File(bytes.to_vec());
        self.change(image, directory, name, kind, |place| {
            place.make_file(name, bytes, mode)
        })
    }

    /// Takes a file for ours that an earlier build left when it was killed.
    pub(crate) fn adopt_file(
        &mut self,
        image: &Image,
        directory: &Path,
        name: &OsStr,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.change(image, directory, name, Kind::File(bytes.to_vec()), |_| {
            Ok(())
        })
    }

    /// Gives what is there another name, and makes a file in its stead.
    ///
    /// Whatever it is — file, link, FIFO, directory —, it stays what it was: the same inode, with
    /// its owner, times and attributes.
    pub(crate) fn make_instead(
        &mut self,
        image: &Image,
        directory: &Path,
        name: &OsStr,
        aside: &OsStr,
        bytes: &[u8],
    ) -> io::Result<()> {
        let kind = Kind::Instead(bytes.to_vec(), aside.to_owned());
        self.change(image, directory, name, kind, |place| {
            place.rename(name, aside)?;
            place.make_file(name, bytes, 0o644).inspect_err(|_| {
                // There is nothing better to do with a second error than to tell the first.
                let _ = place.rename(aside, name);
            })
        })
    }

    fn change(
        &mut self,
        image: &Image,
        directory: &Path,
        name: &OsStr,
        kind: Kind,
        act: impl FnOnce(&Directory) -> io::Result<()>,
    ) -> io::Result<()> {
        let place = image.directory(directory)?;
        let before = fstat(&place)?;
        act(&place)?;
        let after = fstat(&place)?;
        self.done.push(Change {
            directory: directory.to_owned(),
            name: name.to_owned(),
            kind,
            times: Times {
                before: timestamps(&before),
                after: modified(&after),
            },
        });
        Ok(())
    }

    /// Puts everything back, last change first. What cannot be put back is told, and the rest is
    /// put back all the same.
    ///
    /// # Errors
    /// A file cannot be put back: what was lent to the image would stay in it. A mount point that
    /// stays is noted only.
    pub(crate) fn undo(&mut self, image: &Image, notes: &mut Vec<String>) -> Result<()> {
        let mut fault = None;
        while let Some(change) = self.done.pop() {
            let Err(error) = change.undo(image, notes) else {
                continue;
            };
            let path = change.directory.join(&change.name);
            let what = format!("{} is not as it was before the build", path.display());
            let said = note(what, error);
            if matches!(change.kind, Kind::Directory) {
                notes.push(said);
            } else {
                fault.get_or_insert(Fault::new(FaultKind::Image, said));
            }
        }
        fault.map_or(Ok(()), Err)
    }
}

impl Change {
    fn undo(&self, image: &Image, notes: &mut Vec<String>) -> io::Result<()> {
        let place = match image.directory(&self.directory) {
            Ok(place) => place,
            // The build removed the directory, and what we did in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let untouched = modified(&fstat(&place)?) == self.times.after;
        // The build may have made the directory one that cannot be changed, which it then is again.
        let kept = protection::take_off(place.as_fd());
        let done = match &self.kind {
            Kind::Directory => self.remove_directory(&place),
            Kind::File(bytes) if place.is_file_of(&self.name, bytes) => {
                place.remove_ours(&self.name)
            }
            Kind::File(_) => Ok(()),
            Kind::Instead(bytes, aside) => self.put_back(&place, bytes, aside, notes),
        };
        if done.is_ok() && untouched {
            futimens(place.as_fd(), &self.times.before)?;
        }
        protection::put_back(place.as_fd(), kept)?;
        done
    }

    fn remove_directory(&self, place: &Directory) -> io::Result<()> {
        match place.remove(&self.name, AtFlags::REMOVEDIR) {
            // The build put something there, or something else in its place: it means to keep it.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty
                        | io::ErrorKind::NotADirectory
                        | io::ErrorKind::NotFound
                ) =>
            {
                Ok(())
            }
            result => result,
        }
    }

    fn put_back(
        &self,
        place: &Directory,
        bytes: &[u8],
        aside: &OsStr,
        notes: &mut Vec<String>,
    ) -> io::Result<()> {
        if place.is_file_of(&self.name, bytes) {
            place.remove_ours(&self.name)?;
            return place.rename_protected(aside, &self.name);
        }
        // The build made another one: that is what the image shall have, and the old one goes.
        let path = self.directory.join(&self.name);
        notes.push(format!("{} is as the build made it", path.display()));
        match place.remove_ours(aside) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                place.remove(aside, AtFlags::REMOVEDIR)
            }
            result => result,
        }
    }
}

// The widths of a stat's fields differ between architectures.
#[allow(clippy::useless_conversion)]
fn modified(stat: &Stat) -> (i64, u64) {
    (stat.st_mtime.into(), stat.st_mtime_nsec.into())
}

// The widths of a stat's fields differ between architectures.
#[allow(clippy::useless_conversion)]
fn timestamps(stat: &Stat) -> Timestamps {
    let time = |seconds: i64, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: i64::try_from(nanoseconds).unwrap_or(0).into(),
    };
    let (seconds, nanoseconds) = modified(stat);
    Timestamps {
        last_access: time(stat.st_atime.into(), stat.st_atime_nsec.into()),
        last_modification: time(seconds, nanoseconds),
    }
}

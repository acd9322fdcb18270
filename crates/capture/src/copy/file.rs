//! One regular file: looked into, copied, and looked into again if it was written to meanwhile.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, ftruncate, openat, unlinkat};
use rustix::io::Errno;

use crate::walk::{Entry, is_gone};
use crate::{Error, Reason};

use super::attributes::{self, Attributes};
use super::data::Outcome;
use super::{Copy, target};

/// How often a file is copied that is written to meanwhile, and from which size on only once.
const ATTEMPTS: u32 = 3;
const LARGE: u64 = 256 << 20;

impl Copy<'_> {
    /// Copies it, or says why it is not there, or not as it was.
    pub(super) fn file(&mut self, entry: &Entry<'_>) -> Result<Option<Reason>, Error> {
        let failed = |error: std::io::Error| crate::walk::failed(entry.path, error);
        let opened = self.patience.open(entry.directory, entry.name, self.watch);
        let source = match opened {
            Ok(source) => source,
            Err(error) if is_gone(error) => return Ok(Some(Reason::Vanished)),
            Err(Errno::AGAIN) => {
                self.watch.check()?;
                return Ok(Some(Reason::Leased));
            }
            Err(error) => return Err(failed(error.into())),
        };
        let stat = fstat(&source).map_err(|error| failed(error.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            // Something else took its name.
            return Ok(Some(Reason::Vanished));
        }
        if let Some(reason) = self.look(entry, source.as_fd(), &stat)? {
            return Ok(Some(reason));
        }
        let create = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let to = openat(self.here()?, entry.name, create, Mode::RUSR | Mode::WUSR)
            .map_err(|error| target(entry.path, error))?;
        let flags = attributes::flags(source.as_fd(), to.as_fd(), false);
        let outcome = match entry.emptied {
            true => Outcome {
                stat,
                bytes: 0,
                changed: false,
            },
            false => match self.fill(entry, source.as_fd(), to.as_fd(), stat)? {
                Ok(outcome) => outcome,
                Err(reason) => {
                    unlinkat(self.here()?, entry.name, AtFlags::empty())
                        .map_err(|error| target(entry.path, error))?;
                    return Ok(Some(reason));
                }
            },
        };
        let attributes = Attributes::of(source.as_fd(), &outcome.stat).map_err(failed)?;
        attributes
            .give(to.as_fd(), &mut self.lost)
            .map_err(|error| target(entry.path, error))?;
        if !flags.is_empty() {
            self.flags.push((entry.path.to_vec(), flags));
        }
        self.count(outcome.bytes);
        Ok(outcome.changed.then_some(Reason::Changed))
    }

    /// Why a file is left out by what it contains.
    fn look(
        &mut self,
        entry: &Entry<'_>,
        file: BorrowedFd<'_>,
        stat: &Stat,
    ) -> Result<Option<Reason>, Error> {
        if entry.emptied || !self.selection.looks_into(entry.path, entry.included) {
            self.buffer.forget();
            return Ok(None);
        }
        let looked = self.buffer.look(file, stat, entry.path);
        let reason = looked.map_err(|error| crate::walk::failed(entry.path, error))?;
        Ok(reason.filter(|_| !self.packages.brought(entry.path)))
    }

    /// Copies a content until nobody writes to it meanwhile, or says why it must not be there: what
    /// was written may be a secret.
    fn fill(
        &mut self,
        entry: &Entry<'_>,
        source: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        mut stat: Stat,
    ) -> Result<Result<Outcome, Reason>, Error> {
        for attempt in 1.. {
            let outcome = self.buffer.copy(source, to, &stat, self.watch);
            let outcome = outcome.map_err(|fault| fault.into_error(entry.path))?;
            if !outcome.changed {
                return Ok(Ok(outcome));
            }
            let last = attempt == ATTEMPTS || outcome.bytes > LARGE;
            let looked_at = if last { to } else { source };
            stat = fstat(looked_at).map_err(|error| crate::walk::failed(entry.path, error))?;
            if let Some(reason) = self.look(entry, looked_at, &stat)? {
                return Ok(Err(reason));
            }
            if last {
                return Ok(Ok(outcome));
            }
            ftruncate(to, 0).map_err(|error| target(entry.path, error))?;
        }
        unreachable!("the last attempt returns")
    }
}

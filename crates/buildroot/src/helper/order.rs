//! What a caller asks for and hands over, checked before anything is done.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};

use super::loops;
use crate::fault::{Because, Result};
use crate::protocol::{Build, Fault, FaultKind};

/// The descriptors of a build, by what they are for.
#[derive(Debug)]
pub(crate) struct Handed {
    /// Standard input, output and error of the command.
    pub stdio: [OwnedFd; 3],
    /// The disk.
    pub disk: OwnedFd,
    /// The sources of the binds.
    pub sources: Vec<OwnedFd>,
}

impl Handed {
    /// Sorts and checks what came with a build.
    pub(crate) fn new(build: &Build, descriptors: Vec<OwnedFd>) -> Result<Self> {
        let wanted = 4 + build.binds.len();
        let given = descriptors.len();
        if given != wanted {
            return refuse(format!("{given} descriptors instead of {wanted}"));
        }
        let mut all = descriptors.into_iter();
        let (Some(stdin), Some(stdout), Some(stderr), Some(disk)) =
            (all.next(), all.next(), all.next(), all.next())
        else {
            return refuse("too few descriptors".to_owned());
        };
        let handed = Self {
            stdio: [stdin, stdout, stderr],
            disk,
            sources: all.collect(),
        };
        for stream in &handed.stdio {
            check_stream(stream.as_fd())?;
        }
        check_disk(handed.disk.as_fd())?;
        check_words(build)?;
        Ok(handed)
    }
}

/// A directory would be a way out of the image for the command, and no use as a stream.
fn check_stream(stream: BorrowedFd<'_>) -> Result<()> {
    let stat = fstat(stream).because(FaultKind::Refused, || "a stream".to_owned())?;
    let flags = fcntl_getfl(stream).because(FaultKind::Refused, || "a stream".to_owned())?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind.is_dir() || kind == FileType::BlockDevice || flags.contains(OFlags::PATH) {
        return refuse("standard input, output or error is no stream".to_owned());
    }
    Ok(())
}

/// That the caller could open it for writing is what gives the right to build in it.
fn check_disk(disk: BorrowedFd<'_>) -> Result<()> {
    let what = || "the disk".to_owned();
    let stat = fstat(disk).because(FaultKind::Refused, what)?;
    let flags = fcntl_getfl(disk).because(FaultKind::Refused, what)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind != FileType::RegularFile && kind != FileType::BlockDevice {
        return refuse("the disk is neither a regular file nor a block device".to_owned());
    }
    if flags.contains(OFlags::PATH) || !flags.contains(OFlags::RDWR) {
        return refuse("the disk is not open for reading and writing".to_owned());
    }
    let lock = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    match rustix::fs::flock(disk, lock) {
        Ok(()) => check_loops(disk),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Fault::new(
            FaultKind::Disk,
            "another program has the disk locked: another build in it, most likely",
        )),
        Err(error) => Err(error).because(FaultKind::Disk, || "the disk cannot be locked".into()),
    }
}

/// A device that is used is told from one that is not by the kernel; a file is not.
fn check_loops(disk: BorrowedFd<'_>) -> Result<()> {
    let shown = loops::showing(disk).because(FaultKind::Host, || "/sys/block".to_owned())?;
    match shown {
        None => Ok(()),
        Some(device) => {
            let message = format!(
                "the disk is shown by {device}, and may be mounted from there: take that down \
                 first (umount, losetup --detach)"
            );
            Err(Fault::new(FaultKind::Disk, message))
        }
    }
}

fn check_words(build: &Build) -> Result<()> {
    if build.command.is_empty() || build.command[0].is_empty() {
        return refuse("no command".to_owned());
    }
    let has_nul = |word: &OsStr| word.as_bytes().contains(&0);
    let binds = build.binds.iter().map(|bind| &bind.destination);
    let mut words = build.command.iter().chain(binds).chain(&build.directory);
    if words.any(|word| has_nul(word)) {
        return refuse("a word with a NUL in it".to_owned());
    }
    for (name, value) in &build.environment {
        if name.is_empty() || name.as_bytes().contains(&b'=') || has_nul(name) || has_nul(value) {
            let name = name.display();
            return refuse(format!("'{name}' cannot be a variable of the environment"));
        }
    }
    Ok(())
}

fn refuse<T>(message: String) -> Result<T> {
    Err(Fault::new(FaultKind::Refused, message))
}

//! What a disk is written to: a file, which is new or replaces one, or a block device.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ami_bundle_format::ImageSink;
use ami_bundle_format::directory::{Existing, ImageFile};
use ami_core::error::{Error, Kind};
use rustix::fs::{FallocateFlags, fallocate};

/// What is written at once where a device cannot be told to be zero.
const ZEROS: usize = 1 << 20;
/// Where devices are; what has no name there yet is no file that anybody wants.
const DEVICES: &str = "/dev";
/// The one place below it for files (Filesystem Hierarchy Standard, on Linux).
const SHARED_MEMORY: &str = "/dev/shm";

/// Where a disk goes.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    to: To,
}

#[derive(Debug)]
enum To {
    File(ImageFile),
    Device(File),
}

/// What is at a path.
enum Found {
    /// A file, or none yet, at this path.
    File(PathBuf),
    /// A block device.
    Device,
}

/// Checks that a disk can go to `path`, before it is known how large it is.
pub(crate) fn check(path: &Path, overwrites: bool) -> Result<(), Error> {
    match find(path, overwrites)? {
        // A new file has no name before it is whole, so this is only a look.
        Found::File(file) => create(path, &file, overwrites).map(drop),
        Found::Device => open_device(path).map(drop),
    }
}

impl Target {
    /// For a disk of `size` bytes. Links are followed; a file is replaced and a device written to only
    /// if `overwrites` says so.
    pub(crate) fn open(path: &Path, overwrites: bool, size: u64) -> Result<Self, Error> {
        let to = match find(path, overwrites)? {
            Found::File(file) => To::File(create(path, &file, overwrites)?),
            Found::Device => {
                let (device, room) = open_device(path)?;
                if room < size {
                    let what = format!("has {room} bytes, and the disk has {size}");
                    return Err(wrong(path, what));
                }
                To::Device(device)
            }
        };
        let path = path.to_owned();
        Ok(Self { path, to })
    }

    /// Ends it: the file gets its name, and the device has all of it.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let done = match self.to {
            To::File(file) => file.finish(),
            To::Device(device) => device.sync_all(),
        };
        done.map_err(|error| Error::failed(error.to_string()).of(self.path.display()))
    }

    fn explain(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }
}

impl ImageSink for Target {
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let done = match &mut self.to {
            To::File(file) => file.data(offset, bytes),
            To::Device(device) => device.write_all_at(bytes, offset),
        };
        done.map_err(|error| self.explain(&error))
    }

    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let done = match &mut self.to {
            To::File(file) => file.hole(offset, length),
            To::Device(device) => clear(device, offset, length),
        };
        done.map_err(|error| self.explain(&error))
    }
}

fn find(path: &Path, overwrites: bool) -> Result<Found, Error> {
    let cannot = |error: io::Error| wrong(path, error.to_string());
    let link = path.symlink_metadata();
    if matches!(&link, Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return match is_among_devices(path) {
            true => Err(wrong(path, "there is no such device".to_owned())),
            false => Ok(Found::File(path.to_owned())),
        };
    }
    let is_link = link.map_err(cannot)?.is_symlink();
    let real = match is_link {
        true => path.canonicalize().map_err(|error| {
            let what = format!("is a link that leads nowhere: {error}");
            wrong(path, what)
        })?,
        false => path.to_owned(),
    };
    let kind = real.metadata().map_err(cannot)?.file_type();
    if kind.is_dir() {
        let error = wrong(path, "is a directory".to_owned());
        return Err(error.hint("-d makes the file in it, with the image's name"));
    }
    if !kind.is_file() && !kind.is_block_device() {
        let error = wrong(path, "is neither a file nor a block device".to_owned());
        return Err(error.hint("-o - writes the disk to standard output"));
    }
    match (overwrites, kind.is_file()) {
        (true, true) => Ok(Found::File(real)),
        (true, false) => Ok(Found::Device),
        (false, true) => Err(exists(path)),
        (false, false) => {
            let error = wrong(path, "is a block device".to_owned());
            Err(error.hint("--overwrite writes over what is on it"))
        }
    }
}

fn is_among_devices(path: &Path) -> bool {
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    parent.is_some_and(|parent| parent.starts_with(DEVICES) && !parent.starts_with(SHARED_MEMORY))
}

fn create(path: &Path, file: &Path, overwrites: bool) -> Result<ImageFile, Error> {
    let existing = match overwrites {
        true => Existing::Replace,
        false => Existing::Refuse,
    };
    ImageFile::create(file, existing).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => wrong(path, error.to_string()),
    })
}

/// Opens a device that nothing else uses, which Linux sees to where a device is asked for alone
/// (open(2), `O_EXCL`), and finds its size in bytes.
fn open_device(path: &Path) -> Result<(File, u64), Error> {
    let alone = i32::try_from(rustix::fs::OFlags::EXCL.bits()).unwrap_or_default();
    let opened = File::options()
        .read(true)
        .write(true)
        .custom_flags(alone)
        .open(path);
    let mut device = opened.map_err(|error| match error.kind() {
        io::ErrorKind::ResourceBusy => wrong(
            path,
            "is in use: it, or a part of it, is mounted".to_owned(),
        ),
        _ => wrong(path, format!("cannot be opened: {error}")),
    })?;
    let size = device.seek(SeekFrom::End(0));
    let size = size.map_err(|error| wrong(path, format!("has no size: {error}")))?;
    Ok((device, size))
}

/// Makes a piece of a device zero, whatever was on it.
fn clear(device: &File, offset: u64, length: u64) -> io::Result<()> {
    let zeros = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    if fallocate(device, zeros, offset, length).is_ok() {
        return Ok(());
    }
    let zeros = vec![0; ZEROS];
    let mut at = offset;
    while at < offset + length {
        let piece = (offset + length - at).min(ZEROS as u64);
        let piece = usize::try_from(piece).unwrap_or(ZEROS);
        device.write_all_at(&zeros[..piece], at)?;
        at += piece as u64;
    }
    Ok(())
}

fn exists(path: &Path) -> Error {
    let error = wrong(path, "it exists already".to_owned());
    error.hint("replace it with --overwrite, or choose another")
}

fn wrong(path: &Path, what: String) -> Error {
    Error::new(Kind::Usage, what).of(path.display())
}

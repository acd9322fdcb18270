//! A disk that was opened and looked at, before anything is called.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ami_blocks::disk::Disk;
use ami_blocks::journal::Journal as Upload;
use ami_blocks::upload;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::shell_word;
use ami_disk::{Format, ReadAt, Source as Bytes};

use crate::convert::convert;
use crate::given::Driver;
use crate::looking::look;
use crate::machine::Evidence;
use crate::pipes;
use crate::register::Register;
use crate::sending::Journal;
use crate::size;
use crate::source::Source;

/// A disk, ready to be read.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Where its bytes come from.
    pub(crate) source: upload::Source,
    /// What messages call it.
    pub(crate) name: String,
    /// What is on it.
    pub(crate) evidence: Evidence,
    /// How many bytes it has at least, as its partition table says.
    pub(crate) least: u64,
    /// The size of the volume that it is to be, in GiB.
    pub(crate) size: u32,
    /// Where it is kept what was sent.
    pub(crate) journal: Option<PathBuf>,
    /// Whether it has the driver of the Elastic Network Adapter, if it is to tell that.
    pub(crate) ena: Option<Driver>,
}

/// Opens the disk. `None` when the tool was asked to stop meanwhile.
pub(crate) async fn open(
    context: &Context,
    request: &Register,
    source: Source,
) -> Result<Option<Opened>, Error> {
    let path = &match source {
        Source::Path(path) => path,
        Source::Input => {
            return pipes::standard_input(context, request).await;
        }
        Source::Given(given) => return given.open(context, &request.volumes).await,
        // The other sources are no disks.
        Source::Snapshot(_) | Source::Bundle(_) => return Ok(None),
    };
    let about = std::fs::metadata(path).map_err(|error| unusable(path, error))?;
    let kind = about.file_type();
    if kind.is_fifo() || kind.is_char_device() {
        return pipes::open(context, path, request).await;
    }
    if kind.is_dir() || kind.is_socket() {
        let what = if kind.is_dir() {
            "a directory"
        } else {
            "a socket"
        };
        let what = format!("is {what}, and a disk is a file, a block device or a pipe");
        return Err(Error::new(Kind::Usage, what).of(path.display()));
    }
    disk(context, path, &about, request).await
}

/// Opens a file or a block device; one of another format through qemu-img, if that is wanted.
async fn disk(
    context: &Context,
    path: &Path,
    about: &Metadata,
    request: &Register,
) -> Result<Option<Opened>, Error> {
    let refuse = |what: String| Error::new(Kind::Usage, what).of(path.display());
    let bytes = bytes_of(path).map_err(|error| unusable(path, error))?;
    if bytes.size() == 0 {
        return Err(refuse("is empty".to_owned()));
    }
    let format = Format::of(&*bytes).map_err(|why| refuse(why.to_string()))?;
    let is_wanted = request.sending.convert;
    let (disk, journal) = match format.qemu_name() {
        _ if format.is_raw() => {
            if is_wanted {
                context.progress.hint(&format!(
                    "{} is a raw disk: nothing to convert",
                    path.display()
                ));
            }
            let journal = journal(path, about, &request.sending.journal);
            (Arc::new(Disk::open(path)?), journal)
        }
        Some(name) if is_wanted => {
            let work_dir = request.sending.work_dir.as_deref();
            match convert(context, path, name, work_dir).await? {
                Some(disk) => (Arc::new(disk), None),
                None => return Ok(None),
            }
        }
        _ => return Err(not_raw(path, format, request)),
    };
    let size = size::of_disk(disk.size())
        .map_err(|why| refuse(format!("cannot be uploaded: it {why}")))?;
    let name = path.display().to_string();
    request.volumes.check_size(size, &name)?;
    let file = disk.file();
    let file = file.try_clone().map_err(|error| unusable(path, error))?;
    let looked = look(file).map_err(|why| refuse(why.to_string()))?;
    Ok(Some(Opened {
        name,
        evidence: looked.evidence,
        least: looked.least,
        size: request.volumes.size.unwrap_or(size),
        journal,
        ena: None,
        source: upload::Source::Disk(disk),
    }))
}

fn bytes_of(path: &Path) -> std::io::Result<Arc<dyn ReadAt>> {
    let bytes = Bytes::new(File::open(path)?).map_err(std::io::Error::other)?;
    Ok(Arc::new(bytes))
}

pub(crate) fn unusable(path: &Path, error: std::io::Error) -> Error {
    let what = format!("cannot be opened: {error}");
    Error::new(Kind::Usage, what).of(path.display())
}

/// Says what else it is, and which command makes a raw disk of it.
fn not_raw(path: &Path, format: Format, request: &Register) -> Error {
    let was_tried = request.sending.convert;
    let shown = path.display().to_string();
    let what = format!("is {}, not a raw disk", format.name());
    let error = Error::new(Kind::Usage, what).of(&shown);
    let by_hand = format.to_raw(&shown);
    match (unpacker(format), by_hand) {
        (Some(unpacker), _) => {
            let word = shell_word(&shown);
            let option = match request.snapshot_only {
                true => "--snapshot-only",
                false => "--arch ARCH",
            };
            error.hint(format!(
                "unpack it on its way: {unpacker} -dc {word} | ami-register-image --size SIZE {option} -"
            ))
        }
        (None, Some(line)) if format.qemu_name().is_some() && !was_tried => error.hint(format!(
            "make one of it, '{line}', or let --convert do that"
        )),
        (None, Some(line)) => error.hint(format!("make one of it first: {line}")),
        (None, None) => error.hint("no command makes a disk of it"),
    }
}

/// The program that unpacks it.
pub(crate) fn unpacker(format: Format) -> Option<&'static str> {
    match format {
        Format::Gzip => Some("gzip"),
        Format::Xz => Some("xz"),
        Format::Zstd => Some("zstd"),
        Format::Bzip2 => Some("bzip2"),
        Format::Lz4 => Some("lz4"),
        _ => None,
    }
}

/// Where the journal of a disk is kept.
fn journal(path: &Path, about: &Metadata, wish: &Journal) -> Option<PathBuf> {
    match wish {
        Journal::At(path) => Some(path.clone()),
        Journal::Nowhere => None,
        Journal::Beside if !about.is_file() => None,
        Journal::Beside => beside(path, about),
    }
}

/// The journal's place beside a disk file: beside the file itself, and not beside a link to it. Links
/// such as /dev/stdin stand for another file in every process, and lie where no file belongs.
fn beside(path: &Path, about: &Metadata) -> Option<PathBuf> {
    if !std::fs::symlink_metadata(path).ok()?.is_symlink() {
        return Upload::beside(path);
    }
    let file = std::fs::canonicalize(path).ok()?;
    // The name of an open file may have been removed, or stand for another one by now.
    let place = |about: &Metadata| (about.dev(), about.ino());
    let its = std::fs::metadata(&file).ok()?;
    if place(&its) != place(about) {
        return None;
    }
    Upload::beside(&file)
}

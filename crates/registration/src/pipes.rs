//! Disks that come through pipes. Their first block is read to see what they are; it is sent with the
//! rest.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use ami_blocks::block::BLOCK;
use ami_blocks::disk::{Disk, Stream};
use ami_blocks::upload;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_disk::{Format, ReadAt};

use crate::looking::{look, look_at_table};
use crate::opened::{Opened, unpacker, unusable};
use crate::register::Register;
use crate::run::until_stopped;
use crate::sending::Journal;
use crate::size;

const STDIN: &str = "standard input";

/// Opens the disk on standard input. `None` when the tool was asked to stop meanwhile.
pub(crate) async fn standard_input(
    context: &Context,
    request: &Register,
) -> Result<Option<Opened>, Error> {
    let stdin = std::io::stdin();
    let wrong = |what: String| Error::new(Kind::Usage, what).of(STDIN);
    if std::io::IsTerminal::is_terminal(&stdin) {
        return Err(wrong("is a terminal, and no disk".to_owned()));
    }
    let owned = stdin.as_fd().try_clone_to_owned();
    let mut file = File::from(owned.map_err(|error| wrong(format!("cannot be read: {error}")))?);
    match file.metadata() {
        Ok(about) if about.is_dir() => Err(wrong("is a directory".to_owned())),
        // A file that was redirected whole is as good as one that was named.
        Ok(about) if about.is_file() && file.stream_position().is_ok_and(|at| at == 0) => {
            redirected(file, request).map(Some)
        }
        _ => read(context, file, STDIN.to_owned(), request).await,
    }
}

/// Opens a named pipe or a character device. `None` when the tool was asked to stop meanwhile.
pub(crate) async fn open(
    context: &Context,
    path: &Path,
    request: &Register,
) -> Result<Option<Opened>, Error> {
    check(request)?;
    match open_slowly(context, path).await? {
        Some(file) => read(context, file, path.display().to_string(), request).await,
        None => Ok(None),
    }
}

fn redirected(file: File, request: &Register) -> Result<Opened, Error> {
    let refuse = |what: String| Error::new(Kind::Usage, what).of(STDIN);
    if matches!(request.sending.journal, Journal::At(_)) {
        return Err(Error::usage("--journal is for disks that are named"));
    }
    let again = |file: &File| {
        let file = file.try_clone();
        file.map_err(|error| refuse(format!("cannot be read: {error}")))
    };
    let disk = Disk::new(again(&file)?, Path::new(STDIN))?;
    let bytes = ami_disk::Source::new(again(&file)?).map_err(|why| refuse(why.to_string()))?;
    check_format(&bytes, STDIN)?;
    let looked = look(file).map_err(|why| refuse(why.to_string()))?;
    let size = size::of_disk(disk.size())
        .map_err(|why| refuse(format!("cannot be uploaded: it {why}")))?;
    request.volumes.check_size(size, STDIN)?;
    Ok(Opened {
        source: upload::Source::Disk(Arc::new(disk)),
        name: STDIN.to_owned(),
        evidence: looked.evidence,
        least: looked.least,
        size: request.volumes.size.unwrap_or(size),
        journal: None,
        ena: None,
    })
}

/// Reads the first block of a pipe, and sees what it is.
async fn read(
    context: &Context,
    file: File,
    name: String,
    request: &Register,
) -> Result<Option<Opened>, Error> {
    check(request)?;
    let size = request.volumes.size.unwrap_or(1);
    let refuse = |what: String| Error::new(Kind::Usage, what).of(&name);
    let Some(read) = until_stopped(context, first_block(file)).await else {
        return Ok(None);
    };
    let (file, bytes) = read.map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let head = Head {
        bytes,
        size: u64::from(size) << 30,
    };
    check_format(&head, &name)?;
    let looked = look_at_table(&head).map_err(|why| refuse(why.to_string()))?;
    let stream = Stream::new(file, name.clone()).after(head.bytes);
    Ok(Some(Opened {
        source: upload::Source::Stream(stream),
        name,
        evidence: looked.evidence,
        least: looked.least,
        size,
        journal: None,
        ena: None,
    }))
}

/// Reads the first block, or what there is of it.
pub(crate) async fn first_block<R: Read + Send + 'static>(
    mut from: R,
) -> std::io::Result<(R, Vec<u8>)> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut head = Vec::new();
        let read = from.by_ref().take(BLOCK as u64).read_to_end(&mut head);
        read.map(|_| (from, head))
    });
    let read = reading.await;
    read.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

/// Refuses what is no raw disk.
fn check_format(bytes: &dyn ReadAt, name: &str) -> Result<(), Error> {
    let refuse = |what: String| Error::new(Kind::Usage, what).of(name);
    let format = Format::of(bytes).map_err(|why| refuse(why.to_string()))?;
    if format.is_raw() {
        return Ok(());
    }
    let error = refuse(format!("is {}, not a raw disk", format.name()));
    Err(match unpacker(format) {
        Some(unpacker) => error.hint(format!("put '{unpacker} -dc |' in front")),
        None => error.hint("give it as a file, and let --convert make a disk of it"),
    })
}

/// The first bytes of a disk of that size; of the rest nothing is known, and it is taken for zeros.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
    pub(crate) size: u64,
}

impl ReadAt for Head {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.fill(0);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let known = self.bytes.get(start..).unwrap_or_default();
        let count = known.len().min(buffer.len());
        buffer[..count].copy_from_slice(&known[..count]);
        Ok(())
    }
}

/// A pipe has no size and cannot be read again.
fn check(request: &Register) -> Result<(), Error> {
    if request.volumes.size.is_none() {
        return Err(Error::usage("a pipe does not tell how large its disk is")
            .hint("say it with --size, such as --size 8G"));
    }
    if request.sending.convert {
        return Err(Error::usage(
            "--convert is for files: qemu-img cannot read a pipe",
        ));
    }
    if matches!(request.sending.journal, Journal::At(_)) {
        let what = "--journal is for files: a pipe cannot be read again from where it ended";
        return Err(Error::usage(what));
    }
    Ok(())
}

/// A named pipe opens when somebody writes to it, which may never happen.
async fn open_slowly(context: &Context, path: &Path) -> Result<Option<File>, Error> {
    let name = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || File::open(name));
    let opened = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(None),
        opened = opening => opened,
    };
    let opened = opened.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    opened.map(Some).map_err(|error| unusable(path, error))
}

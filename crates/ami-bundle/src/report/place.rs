//! Where a report goes: into a file that appears at once and whole, or straight into what is there
//! and is no file, a device or a pipe. Those are never replaced.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ami_core::error::{Error, Kind};
use rustix::fs::OFlags;

use crate::destination::check_directory;

/// How many links lead to a place at most, as in the kernel (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Looks whether a report can go there, and changes nothing.
///
/// # Errors
/// Usage errors: a directory, or none to be in.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    match path.metadata() {
        Ok(about) if about.is_dir() => {
            Err(Error::new(Kind::Usage, "is a directory").of(path.display()))
        }
        Ok(about) if !about.is_file() => Ok(()),
        _ if descriptor(path).is_some() => Ok(()),
        _ => check_directory(path.parent().unwrap_or(Path::new(""))),
    }
}

/// Has something written there. A file gets its name when all is in it, and only its owner may read
/// it; it may replace one that others can read.
pub(super) fn fill(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if let Some(open) = straight(path)? {
        let mut open = BufWriter::new(open);
        write(&mut open)?;
        return open.flush();
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let waiting = directory.join(format!(".ami-bundle.{}.report", std::process::id()));
    let written = create(&waiting).and_then(|mut file| {
        write(&mut file)?;
        file.flush()?;
        std::fs::rename(&waiting, path)
    });
    if written.is_err() {
        // It is of no use, and the error says what is wrong.
        let _ = std::fs::remove_file(&waiting);
    }
    written
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(BufWriter::new(file))
}

/// What is there and is written to as it is.
fn straight(path: &Path) -> io::Result<Option<File>> {
    if let Some(number) = descriptor(path) {
        // Opened again they would begin at their start once more.
        let ours = match number {
            1 => Some(rustix::stdio::stdout().try_clone_to_owned()?),
            2 => Some(rustix::stdio::stderr().try_clone_to_owned()?),
            _ => None,
        };
        return match ours {
            Some(ours) => Ok(Some(ours.into())),
            None => OpenOptions::new().append(true).open(path).map(Some),
        };
    }
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        // Nobody waits until a pipe has a reader: without one it is an error.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let file = OpenOptions::new()
            .write(true)
            .custom_flags(flags)
            .open(path)?;
        rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
        return Ok(Some(file));
    }
    Ok(None)
}

/// Which of our descriptors such a path names: `/dev/stderr`, `/dev/fd/63`.
fn descriptor(path: &Path) -> Option<u32> {
    let own = Path::new("/proc/self/fd").canonicalize().ok()?;
    let thread = Path::new("/proc/thread-self/fd").canonicalize().ok();
    let mut path: PathBuf = path.to_owned();
    for _ in 0..MOST_LINKS {
        let parent = match path.parent()? {
            parent if parent.as_os_str().is_empty() => Path::new("."),
            parent => parent,
        };
        let parent = parent.canonicalize().ok()?;
        let name = path.file_name()?;
        if parent == own || Some(&parent) == thread.as_ref() {
            return name.to_str()?.parse().ok();
        }
        path = parent.join(std::fs::read_link(parent.join(name)).ok()?);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{check, descriptor, fill};

    #[test]
    fn descriptors_are_told_by_their_paths() {
        for (path, number) in [
            ("/dev/stdout", Some(1)),
            ("/dev/stderr", Some(2)),
            ("/dev/fd/63", Some(63)),
            ("/proc/self/fd/5", Some(5)),
            ("/dev/null", None),
            ("report", None),
            ("/", None),
        ] {
            assert_eq!(descriptor(Path::new(path)), number, "{path}");
        }
    }

    #[test]
    fn pipes_are_written_to_and_links_are_replaced() {
        let place = tempfile::tempdir().expect("a directory");
        let at = |name: &str| place.path().join(name);
        let report = |path: &Path| fill(path, |to| to.write_all(b"new"));
        let mode = rustix::fs::Mode::RWXU;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), fifo, mode, 0).expect("a pipe");
        check(&at("pipe")).expect("it can be written to");
        assert!(report(&at("pipe")).is_err(), "nobody reads it");
        let mut both = std::fs::File::options();
        let mut reader = both.read(true).write(true).open(at("pipe")).expect("open");
        report(&at("pipe")).expect("written");
        let mut said = [0; 3];
        reader.read_exact(&mut said).expect("read");
        assert_eq!(&said, b"new");
        // What a link leads to may be anybody's file: the link goes, and not that.
        std::fs::write(at("other"), "old").expect("written");
        symlink("other", at("link")).expect("a link");
        report(&at("link")).expect("written");
        let read = |name: &str| std::fs::read_to_string(at(name)).expect("read");
        assert_eq!((read("other"), read("link")), ("old".into(), "new".into()));
        assert!(check(place.path()).is_err());
        assert!(check(&at("none/report")).is_err());
        assert_eq!(std::fs::read_dir(place.path()).expect("read").count(), 3);
    }
}

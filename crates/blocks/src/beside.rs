//! Where files are kept beside a disk, and how they get there to stay.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ami_core::error::Error;

/// `DIR/.NAME.SUFFIX` for `DIR/NAME`: hidden, and listed next to what it belongs to with `ls -a`.
/// None for a path that names no file, such as `..`.
pub(crate) fn beside(path: &Path, suffix: &str) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push(".");
    name.push(suffix);
    Some(path.with_file_name(name))
}

/// The directory that a path lies in.
pub(crate) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Makes sure that names which were made, changed or removed beside `path` outlast a loss of power:
/// fsync(2) of a file says nothing of the entry that its directory has of it.
pub(crate) fn settle(path: &Path) -> io::Result<()> {
    match File::open(directory(path))?.sync_all() {
        // Some file systems of the network and of user space cannot do that, and order it themselves.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// An error about a file: `FILE: cannot VERB it: CAUSE`.
pub(crate) fn cannot(verb: &str, path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot {verb} it: {error}")).of(path.display())
}

#[cfg(test)]
mod tests {
    use super::{beside, directory};
    use std::path::{Path, PathBuf};

    #[test]
    fn names_are_hidden_beside_the_file() {
        let name = |path| beside(Path::new(path), "ami-upload");
        assert_eq!(name("/d/a.raw"), Some("/d/.a.raw.ami-upload".into()));
        assert_eq!(name("a.raw"), Some(PathBuf::from(".a.raw.ami-upload")));
        assert_eq!(name("/"), None);
        assert_eq!(name("a/.."), None);
    }

    #[test]
    fn a_bare_name_lies_in_the_working_directory() {
        assert_eq!(directory(Path::new("a.raw")), Path::new("."));
        assert_eq!(directory(Path::new("d/a.raw")), Path::new("d"));
    }
}

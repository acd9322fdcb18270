//! Where files are kept beside a disk, and how they get there to stay.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ami_core::error::{Error, Kind};
use rustix::fs::{Access, access};

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

/// Checks that a file can be made there. What is written appears under another name first, so that it
/// takes the directory's permission.
///
/// # Errors
/// A usage error, for those who ask before anything is called.
pub(crate) fn check_directory(path: &Path) -> Result<(), Error> {
    if path.file_name().is_none() || path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(refused(path, "is no name for a file"));
    }
    let directory = directory(path);
    let usable = access(directory, Access::WRITE_OK | Access::EXEC_OK);
    usable.map_err(|error| {
        let (directory, error) = (directory.display(), io::Error::from(error));
        let what = format!("no file can be made in {directory}: {error}");
        refused(path, &what)
    })
}

/// Checks that a file can be made there, or one that is there be replaced.
///
/// # Errors
/// As [`check_directory`].
pub(crate) fn check_file(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => Err(refused(path, "is no regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(refused(path, &format!("cannot be looked at: {error}")))
        }
        _ => check_directory(path),
    }
}

/// A usage error about a file.
pub(crate) fn refused(path: &Path, what: &str) -> Error {
    Error::new(Kind::Usage, what).of(path.display())
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
    use super::{beside, check_file, directory};
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

    #[test]
    fn what_is_there_decides_about_a_place() {
        let home = tempfile::tempdir().expect("a directory");
        let at = |name: &str| home.path().join(name);
        std::fs::write(at("old"), "").expect("a file");
        for good in ["old", "new"] {
            check_file(&at(good)).expect(good);
        }
        for (name, why) in [
            (".", "DIR/.: is no regular file"),
            (
                "none/new",
                "DIR/none/new: no file can be made in DIR/none: ",
            ),
            ("old/new", "DIR/old/new: cannot be looked at: "),
            ("new/", "DIR/new/: is no name for a file"),
        ] {
            let error = check_file(&at(name)).expect_err(name);
            assert_eq!(error.kind().code(), 2);
            let text = error.to_string();
            let text = text.replace(&home.path().display().to_string(), "DIR");
            assert!(text.starts_with(why), "{text}");
        }
    }
}

//! Places that files are to be written to. What is wrong with one is told before anything is called,
//! and not when there is something to be written.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use ami_core::error::{Error, Kind};
use rustix::fs::{Access, access};

/// Refuses a place where no file can be made, or where what is there is none that could be replaced.
pub(crate) fn check_file(path: &Path) -> Result<(), Error> {
    match there(path)? {
        Some(there) if !there.is_file() => Err(refused(path, "is no regular file")),
        _ => check_directory(path),
    }
}

/// Refuses a place that no disk can be fetched to: a file that is there unless it may be replaced,
/// and a device unless it may be written to.
pub(crate) fn check_disk(path: &Path, overwrite: bool) -> Result<(), Error> {
    if path == Path::new("-") {
        return Err(refused(
            path,
            "is no file: a disk is not written from its start to its end",
        )
        .hint("a file of that name is ./-"));
    }
    match there(path)? {
        Some(there) if there.file_type().is_block_device() => match overwrite {
            true => Ok(()),
            false => Err(
                refused(path, "is a device, and what is on it would be lost")
                    .hint("--overwrite writes to it all the same"),
            ),
        },
        Some(there) if !there.is_file() => {
            Err(refused(path, "is neither a file nor a block device"))
        }
        Some(_) if !overwrite => {
            let refused = refused(path, "is there already");
            Err(refused.hint("name another file, or replace it with --overwrite"))
        }
        // The disk grows beside the file that a link leads to.
        Some(_) => match fs::canonicalize(path) {
            Ok(path) => check_directory(&path),
            Err(error) => Err(unknown(path, &error)),
        },
        None if fs::symlink_metadata(path).is_ok() => {
            Err(refused(path, "is a symbolic link that leads nowhere"))
        }
        None => check_directory(path),
    }
}

/// Are both there, and the same file?
pub(crate) fn are_same(one: &Path, other: &Path) -> bool {
    let place = |path| fs::metadata(path).map(|there| (there.dev(), there.ino()));
    matches!((place(one), place(other)), (Ok(one), Ok(other)) if one == other)
}

fn there(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::metadata(path) {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unknown(path, &error)),
    }
}

/// What is written appears under another name first, so that it takes the directory's permission.
fn check_directory(path: &Path) -> Result<(), Error> {
    if path.file_name().is_none() || path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(refused(path, "is no name for a file"));
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    let usable = access(directory, wanted).map_err(io::Error::from);
    usable.map_err(|error| {
        let directory = directory.display();
        refused(
            path,
            &format!("no file can be made in {directory}: {error}"),
        )
    })
}

fn unknown(path: &Path, error: &io::Error) -> Error {
    refused(path, &format!("cannot be looked at: {error}"))
}

fn refused(path: &Path, what: &str) -> Error {
    Error::new(Kind::Usage, what).of(path.display())
}

#[cfg(test)]
mod tests {
    use std::fs::write;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{are_same, check_disk, check_file};

    #[test]
    fn what_is_there_decides() {
        let home = tempfile::tempdir().expect("a directory");
        let at = |name: &str| home.path().join(name);
        write(at("old"), "").expect("a file");
        symlink("old", at("link")).expect("a link");
        symlink("nowhere", at("lost")).expect("a link");
        let said = |checked: Result<(), ami_core::error::Error>| {
            let text = checked.expect_err("refused").to_string();
            text.replace(&home.path().display().to_string(), "DIR")
        };
        for good in ["old", "new", "link"] {
            check_file(&at(good)).expect(good);
            check_disk(&at(good), true).expect(good);
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
            let text = said(check_file(&at(name)));
            assert!(text.starts_with(why), "{text}");
        }
        for name in ["old", "link"] {
            let text = said(check_disk(&at(name), false));
            assert!(text.contains("is there already"), "{text}");
        }
        let text = said(check_disk(&at("lost"), true));
        assert!(text.contains("leads nowhere"), "{text}");
        let error = check_disk(Path::new("/dev/null"), true).expect_err("a device");
        assert_eq!(error.kind().code(), 2);
        assert!(are_same(&at("old"), &at("link")) && !are_same(&at("new"), &at("new")));
    }
}

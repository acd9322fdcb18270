//! The directories and files in an image that something is mounted on, made where there are none.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FileType, OFlags};

use super::change::Changes;
use super::image::{Image, absolute, open_inside};
use crate::fault::{Because, Result};
use crate::protocol::{Bind, Fault, FaultKind};

/// What every build has file systems of its own on.
pub(crate) const OWN: [&str; 5] = ["dev", "proc", "sys", "run", "tmp"];

/// Makes what there is not to mount a build's own file systems on.
pub(crate) fn make_own(image: &Image, changes: &mut Changes) -> Result<()> {
    for name in OWN {
        let place = image.directory("/").because(FaultKind::Image, root)?;
        match place
            .look(name)
            .because(FaultKind::Image, || format!("/{name}"))?
        {
            None => changes
                .make_directory(image, Path::new("/"), OsStr::new(name))
                .because(FaultKind::Image, || format!("/{name} cannot be made"))?,
            Some(stat) => must_be_directory(name, FileType::from_raw_mode(stat.st_mode))?,
        }
    }
    Ok(())
}

/// An image in which one of these is a link is one that something went wrong with. Mounting where
/// it leads would hide that directory from the build.
fn must_be_directory(name: &str, kind: FileType) -> Result<()> {
    let what = match kind {
        FileType::Directory => return Ok(()),
        FileType::Symlink => "a symbolic link",
        _ => "no directory",
    };
    let message = format!("/{name} in the image is {what}, so nothing can be built in it");
    Err(Fault::new(FaultKind::Image, message))
}

/// Makes what there is not to mount a bind on, if that is to be in the image itself.
pub(crate) fn make_for_bind(
    image: &Image,
    bind: &Bind,
    is_directory: bool,
    changes: &mut Changes,
) -> Result<()> {
    let path = absolute(&bind.destination);
    let what = || format!("bind to {}", path.display());
    let mut directory = Path::new("/").to_owned();
    let names: Vec<&OsStr> = path.iter().skip(1).collect();
    let Some((last, above)) = names.split_last() else {
        let message = "bind to /: it would hide the image from the build";
        return Err(Fault::new(FaultKind::Refused, message));
    };
    for own in OWN {
        if names[0] == own {
            return within_own(own, names.len(), &path);
        }
    }
    for name in above {
        make_if_missing(image, &directory, name, true, changes).because(FaultKind::Image, what)?;
        directory.push(name);
    }
    make_if_missing(image, &directory, last, is_directory, changes)
        .because(FaultKind::Image, what)?;
    let place = open_inside(image.as_fd(), &path, OFlags::PATH).because(FaultKind::Image, what)?;
    let stat = rustix::fs::fstat(&place).because(FaultKind::Image, what)?;
    if FileType::from_raw_mode(stat.st_mode).is_dir() != is_directory {
        let message = format!(
            "{}: a directory can only be bound to a directory, and a file to a file",
            what()
        );
        return Err(Fault::new(FaultKind::Refused, message));
    }
    Ok(())
}

/// Refuses a bind that goes elsewhere than to the build's own `/run` and `/tmp`.
pub(crate) fn check_own(bind: &Bind) -> Result<()> {
    let path = absolute(&bind.destination);
    let names: Vec<&OsStr> = path.iter().skip(1).collect();
    let own = OWN
        .into_iter()
        .find(|own| names.first().is_some_and(|name| name == own));
    if let Some(own) = own {
        return within_own(own, names.len(), &path);
    }
    let message = format!(
        "bind to {}: with the host's programs binds go to /run or /tmp",
        path.display()
    );
    Err(Fault::new(FaultKind::Refused, message))
}

/// In the build's own `/run` and `/tmp` places are made when those are there; its other file systems
/// are for the kernel only.
fn within_own(own: &str, depth: usize, path: &Path) -> Result<()> {
    if depth > 1 && (own == "run" || own == "tmp") {
        return Ok(());
    }
    let message = format!(
        "bind to {}: the build has a /{own} of its own",
        path.display()
    );
    Err(Fault::new(FaultKind::Refused, message))
}

fn make_if_missing(
    image: &Image,
    directory: &Path,
    name: &OsStr,
    is_directory: bool,
    changes: &mut Changes,
) -> std::io::Result<()> {
    if image.directory(directory)?.look(name)?.is_some() {
        return Ok(());
    }
    if is_directory {
        changes.make_directory(image, directory, name)
    } else {
        changes.make_file(image, directory, name, b"", 0o644)
    }
}

fn root() -> String {
    "the root directory of the image".to_owned()
}

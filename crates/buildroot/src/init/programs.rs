//! A root made of the host's programs, with the image in a directory of it: for an image that has no
//! programs yet.
//!
//! Of the host there is what programs are made of, read-only, and nothing else.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat, readlinkat, symlinkat};
use rustix::mount::MountAttrFlags;

use super::plan::Plan;
use super::tree::{bind_attributes, empty};
use crate::fault::{Because, Result};
use crate::mounting::Mount;
use crate::protocol::{FaultKind, IMAGE_DIRECTORY};

/// Directories that a build has of its own.
const OWN: [&str; 5] = ["dev", "proc", "sys", "run", "tmp"];

/// Where programs and libraries are: directories, or links to where they are (file-hierarchy(7)).
const PARTS: [&str; 8] = [
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32",
];

/// What programs need to find libraries, and each other.
const SETTINGS: [&str; 3] = ["ld.so.cache", "ld.so.conf.d", "alternatives"];

/// Makes that root in the place of the image, which is given to be put into it.
pub(super) fn root(plan: &Plan, place: &OwnedFd, image: &Mount) -> Result<OwnedFd> {
    let what = || "the host's programs".to_owned();
    // Once something lies over the host's directory it is another one, so these come first.
    let parts = collect("/", &PARTS).because(FaultKind::Host, what)?;
    let settings = collect("/etc", &SETTINGS).because(FaultKind::Host, what)?;
    let root = empty("755", plan.root_user, MountAttrFlags::empty())?;
    let make = |path: &str| mkdirat(&root, path, Mode::from_raw_mode(0o755));
    for name in OWN.into_iter().chain(["etc", IMAGE_DIRECTORY]) {
        make(name.trim_start_matches('/')).because(FaultKind::Host, what)?;
    }
    root.put_at(place.as_fd()).because(FaultKind::Host, what)?;
    for (name, part) in parts {
        put(&root, name, part).because(FaultKind::Host, what)?;
    }
    for (name, part) in settings {
        put(&root, &format!("etc/{name}"), part).because(FaultKind::Host, what)?;
    }
    let name = IMAGE_DIRECTORY.trim_start_matches('/');
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let at = openat(&root, name, flags, Mode::empty()).because(FaultKind::Host, what)?;
    image.put_at(at.as_fd()).because(FaultKind::Host, what)?;
    Ok(root.into_root())
}

/// A part of the host.
enum Part {
    Link(std::ffi::CString),
    Mount { mount: Mount, is_directory: bool },
}

fn collect<'a>(directory: &str, names: &[&'a str]) -> std::io::Result<Vec<(&'a str, Part)>> {
    let mut found = Vec::new();
    for name in names {
        let path = Path::new(directory).join(name);
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if metadata.is_symlink() {
            found.push((*name, Part::Link(readlinkat(CWD, &path, Vec::new())?)));
            continue;
        }
        let place = openat(CWD, &path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let mount = Mount::of(place.as_fd())?;
        mount.restrict(bind_attributes(true), None)?;
        let is_directory = metadata.is_dir();
        found.push((
            *name,
            Part::Mount {
                mount,
                is_directory,
            },
        ));
    }
    Ok(found)
}

fn put(root: &Mount, name: &str, part: Part) -> std::io::Result<()> {
    let (mount, is_directory) = match part {
        Part::Link(target) => return Ok(symlinkat(target, root, name)?),
        Part::Mount {
            mount,
            is_directory,
        } => (mount, is_directory),
    };
    if is_directory {
        mkdirat(root, name, Mode::from_raw_mode(0o755))?;
    } else {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        openat(root, name, flags, Mode::from_raw_mode(0o644))?;
    }
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    mount.put_at(openat(root, name, flags, Mode::empty())?.as_fd())
}

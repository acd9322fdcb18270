//! The files of an image that a build needs to be different: who is asked for names, and whether
//! services start. Both are put back; nothing is ever mounted over them, since a package manager
//! could then not replace them.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::change::Changes;
use super::image::{Image, absolute};
use crate::fault::note;

/// Debian's packages ask this program before they start a service; 101 means that they must not.
const POLICY: &[u8] = b"#!/bin/sh\n# Written by ami-chroot for the time of a build.\nexit 101\n";

/// What `resolv.conf` is called while another is in its place.
const ASIDE: &str = ".resolv.conf.ami-chroot";

/// Forbids services to start, where Debian's packages would start them and nobody said yet what
/// they may do.
pub(crate) fn forbid_services(image: &Image, changes: &mut Changes, notes: &mut Vec<String>) {
    let (directory, name) = (Path::new("/usr/sbin"), OsStr::new("policy-rc.d"));
    let result = || -> io::Result<()> {
        if !image.has("/usr/bin/dpkg") {
            return Ok(());
        }
        let place = match image.directory(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            place => place?,
        };
        match place.look(name)? {
            None => changes.make_file(image, directory, name, POLICY, 0o755),
            Some(_) if place.is_file_of(name, POLICY) => {
                changes.adopt_file(image, directory, name, POLICY)
            }
            Some(_) => Ok(()),
        }
    }();
    if let Err(error) = result {
        notes.push(note("/usr/sbin/policy-rc.d cannot be written", error));
    }
}

/// Where the host's `resolv.conf` has to be written in the build's own `/run`, relative to it.
pub(crate) type InRun = PathBuf;

/// Lets the image ask whom the host asks for names. Where the image has a link into `/run`, the
/// build gets the file in its own `/run` and the image stays as it is.
pub(crate) fn lend_resolver(
    image: &Image,
    resolver: &[u8],
    changes: &mut Changes,
    notes: &mut Vec<String>,
) -> Option<InRun> {
    let (directory, name) = (Path::new("/etc"), OsStr::new("resolv.conf"));
    let result = || -> io::Result<Option<InRun>> {
        let place = match image.directory(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            place => place?,
        };
        let aside = OsStr::new(ASIDE);
        if place.look(aside)?.is_some() {
            // An earlier build was killed together with its helper.
            if place.look(name)?.is_some() {
                place.remove_ours(name)?;
            }
            place.rename_protected(aside, name)?;
            notes.push("/etc/resolv.conf was put back after a build that was killed".to_owned());
        }
        let Some(stat) = place.look(name)? else {
            changes.make_file(image, directory, name, resolver, 0o644)?;
            return Ok(None);
        };
        if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink()
            && let Some(path) = in_run(&place.read_link(name)?)
        {
            return Ok(Some(path));
        }
        changes.make_instead(image, directory, name, aside, resolver)?;
        Ok(None)
    }();
    result.unwrap_or_else(|error| {
        notes.push(note(
            "/etc/resolv.conf stays as it is during the build",
            error,
        ));
        None
    })
}

/// The part of a link's target below `/run`, if that is where it leads from `/etc`.
fn in_run(target: &Path) -> Option<InRun> {
    let whole = absolute(Path::new("/etc").join(target).as_os_str());
    let below = whole
        .strip_prefix("/run")
        .or_else(|_| whole.strip_prefix("/var/run"))
        .ok()?;
    (below != Path::new("")).then(|| below.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::in_run;

    #[test]
    fn links_into_run_are_known() {
        let stub = Path::new("systemd/resolve/stub-resolv.conf");
        for target in [
            "../run/systemd/resolve/stub-resolv.conf",
            "/run/systemd/resolve/stub-resolv.conf",
            "/var/run/systemd/resolve/stub-resolv.conf",
            "../../../run/./systemd/resolve/stub-resolv.conf",
        ] {
            assert_eq!(in_run(Path::new(target)).as_deref(), Some(stub), "{target}");
        }
        for target in [
            "/run",
            "resolv.conf",
            "/proc/1/root/run/x",
            "run/x",
            "/etc/run/x",
        ] {
            assert_eq!(in_run(Path::new(target)), None, "{target}");
        }
    }
}

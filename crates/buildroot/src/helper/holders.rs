//! Who still has files of an image open when its build is over: a build can hand them out of itself,
//! over a socket in a bind or of the host's network.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, openat, statx};

use super::disk::Device;
use super::filesystem::{self, Filesystem};
use crate::kernel;

/// Ends the file system for them, so that the image is what it was when the build ended, and says
/// what is known of them.
pub(crate) fn cut_off(filesystem: Filesystem, device: &Device) -> String {
    // While it is in use a further mount is one of the same file system.
    let root = filesystem::mount(filesystem, device, false)
        .ok()
        .and_then(|mount| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            openat(mount, ".", flags, Mode::empty()).ok()
        });
    let Some(root) = root else {
        return String::new();
    };
    let found = find(root.as_fd()).unwrap_or_default();
    // btrfs has nothing like it before Linux 6.19: there they go on.
    let _ = kernel::shut_down(root.as_fd());
    match found.is_empty() {
        true => ": the build sent a file of it to somebody".to_owned(),
        false => format!(": by process {}", found.join(", ")),
    }
}

/// The processes that have such files open, with their names.
fn find(root: BorrowedFd<'_>) -> std::io::Result<Vec<String>> {
    // A file system on a network that does not answer must not be asked.
    let flags = AtFlags::STATX_DONT_SYNC;
    let of = |path: &Path| statx(CWD, path, flags, StatxFlags::empty());
    let own = statx(root, "", flags | AtFlags::EMPTY_PATH, StatxFlags::empty())?;
    let ours = std::process::id().to_string();
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc")?.flatten() {
        let pid = process.file_name().display().to_string();
        if pid == ours || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        // One that has ended has nothing open.
        let files = std::fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten();
        let holds = files.flatten().any(|file| {
            of(&file.path()).is_ok_and(|stat| {
                (stat.stx_dev_major, stat.stx_dev_minor) == (own.stx_dev_major, own.stx_dev_minor)
            })
        });
        if holds {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            found.push(format!("{pid} ({})", name.trim().escape_debug()));
        }
    }
    Ok(found)
}

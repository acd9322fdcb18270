//! The file system that programs are run in: made once, of a busybox and of real files.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::disk::Files;
use crate::host;
use crate::workspace::{Workspace, status};

/// How much there is in it beside the programs, in bytes.
const CONTENT: u64 = 256 << 20;

/// The file of an ext4 file system of so many MiB, made if it is not there.
pub fn file(size: u64, workspace: &Workspace) -> Result<PathBuf, String> {
    let path = workspace.target.join(format!("bench-root-{size}.ext4"));
    if path.metadata().is_ok_and(|there| there.len() == size << 20) {
        return Ok(path);
    }
    let tree = workspace.target.join("bench-root");
    let filled = fill(&tree, workspace);
    filled.map_err(|error| format!("{}: {error}", tree.display()))?;
    let partial = path.with_extension("part");
    let sized = File::create(&partial).and_then(|file| file.set_len(size << 20));
    sized.map_err(|error| format!("{}: {error}", partial.display()))?;
    let made = status(
        Command::new("mkfs.ext4")
            .args(["-q", "-F", "-d"])
            .args([&tree, &partial]),
    )?;
    if made != 0 {
        return Err(format!("mkfs.ext4 ended with status {made}"));
    }
    fs::rename(&partial, &path)
        .and_then(|()| fs::remove_dir_all(&tree))
        .map_err(|error| format!("{}: {error}", partial.display()))?;
    Ok(path)
}

/// An empty directory to mount it on.
pub fn mount_point(workspace: &Workspace) -> Result<PathBuf, String> {
    let path = workspace.target.join("bench-mount");
    let made = fs::create_dir_all(&path);
    made.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// A tree in which programs can run, with files of this machine for content.
fn fill(tree: &Path, workspace: &Workspace) -> io::Result<()> {
    match fs::remove_dir_all(tree) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // As every distribution has them; the tool would make those that are missing, for a while.
    for name in [
        "bin", "content", "dev", "etc", "proc", "root", "run", "sys", "tmp",
    ] {
        fs::create_dir_all(tree.join(name))?;
    }
    let busybox = host::find("busybox").ok_or(io::ErrorKind::NotFound)?;
    fs::copy(busybox, tree.join("bin/busybox"))?;
    for applet in ["sh", "true"] {
        symlink("busybox", tree.join("bin").join(applet))?;
    }
    let mut left = CONTENT;
    for (number, file) in Files::of(workspace).enumerate() {
        if left < CONTENT / 256 {
            break;
        }
        // Files that may not be read, or go while they are, are no loss.
        if file.metadata().is_ok_and(|file| file.len() <= left) {
            let copied = fs::copy(file, tree.join("content").join(number.to_string()));
            left = left.saturating_sub(copied.unwrap_or(0));
        }
    }
    Ok(())
}

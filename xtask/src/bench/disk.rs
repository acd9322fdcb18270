//! The disk files that are uploaded: made once, of real files.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::rows::Disk;
use crate::workspace::Workspace;

/// Data is written in pieces of this size, and they begin at multiples of it.
const PIECE: u64 = 8 << 20;

/// The file of a disk, made if it is not there.
pub fn file(disk: &Disk, workspace: &Workspace) -> Result<PathBuf, String> {
    let name = format!("bench-disk-{}-{}.raw", disk.size, disk.data);
    let path = workspace.target.join(name);
    let (size, data) = (disk.size << 20, disk.data << 20);
    if path.metadata().is_ok_and(|there| there.len() == size) {
        return Ok(path);
    }
    let partial = path.with_extension("part");
    write(&partial, size, data, workspace)
        .and_then(|()| fs::rename(&partial, &path))
        .map_err(|error| format!("{}: {error}", partial.display()))?;
    Ok(path)
}

/// Spreads so much data evenly over a sparse file.
fn write(path: &Path, size: u64, data: u64, workspace: &Workspace) -> io::Result<()> {
    let file = File::create(path)?;
    file.set_len(size)?;
    let pieces = data / PIECE;
    let stride = size / PIECE / pieces.max(1) * PIECE;
    let mut files = Files::of(workspace);
    let mut piece = Vec::new();
    for number in 0..pieces {
        piece.clear();
        while (piece.len() as u64) < PIECE {
            let left = PIECE - piece.len() as u64;
            let next = files.next().ok_or(io::ErrorKind::UnexpectedEof)?;
            // Files that may not be read, or go while they are, are no loss.
            if let Ok(next) = File::open(next) {
                let _ = next.take(left).read_to_end(&mut piece);
            }
        }
        file.write_all_at(&piece, number * stride)?;
    }
    (&file).flush()
}

/// The regular files below some directories.
pub struct Files(Vec<PathBuf>);

impl Files {
    /// Of what this workspace was built of, and of what the system is made of: that is what disks hold.
    pub fn of(workspace: &Workspace) -> Self {
        Self(vec![workspace.target.join("debug"), "/usr".into()])
    }
}

impl Iterator for Files {
    type Item = PathBuf;

    fn next(&mut self) -> Option<PathBuf> {
        loop {
            let path = self.0.pop()?;
            let Ok(kind) = path.symlink_metadata() else {
                continue;
            };
            if kind.is_file() && kind.len() > 0 {
                return Some(path);
            }
            if kind.is_dir()
                && let Ok(entries) = fs::read_dir(&path)
            {
                self.0.extend(entries.flatten().map(|entry| entry.path()));
            }
        }
    }
}

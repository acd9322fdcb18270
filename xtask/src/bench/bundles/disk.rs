//! The disk that is bundled: half of it is what this system is made of, half is a hole.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

/// The size of the disk, in bytes.
const SIZE: u64 = 1 << 30;
/// How much of it is data.
const DATA: u64 = SIZE / 2;
/// Where that begins: where partitions do. An archive at the very beginning would be taken for one, which
/// is not bundled.
const BEGIN: u64 = 1 << 20;

/// Makes the disk if it is not there.
pub fn make(path: &Path) -> Result<(), String> {
    if path.metadata().is_ok_and(|there| there.len() == SIZE) {
        return Ok(());
    }
    let partial = path.with_extension("part");
    write(&partial)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|error| format!("{}: {error}", partial.display()))
}

/// Writes an archive of /usr, as often as it takes to fill the data.
fn write(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.seek(SeekFrom::Start(BEGIN))?;
    let mut left = DATA;
    while left > 0 {
        let copied = archive(&mut file, left)?;
        if copied == 0 {
            return Err(io::Error::other("tar gives no archive of /usr"));
        }
        left -= copied;
    }
    file.set_len(SIZE)
}

/// Writes so many bytes of an archive of /usr, or all where it has fewer, and gives their number.
fn archive(file: &mut File, most: u64) -> io::Result<u64> {
    let mut tar = Command::new("tar")
        .args(["-c", "-C", "/", "usr"])
        .stdout(Stdio::piped())
        // Files that may not be read, or change while they are, are no loss.
        .stderr(Stdio::null())
        .spawn()?;
    let copied = tar
        .stdout
        .take()
        .map_or(Ok(0), |output| io::copy(&mut output.take(most), file));
    // Nobody reads the rest: it ends by that.
    tar.wait()?;
    copied
}

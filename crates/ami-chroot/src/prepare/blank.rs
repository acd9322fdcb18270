//! A disk with an empty file system on it.
//!
//! It is made in a sparse file of the same size and then brought to the disk, of which there may be no
//! more than a descriptor: so the programs that make file systems need no privilege. What is not written
//! there is not written on the disk, which need not hold zeros: an encrypted one holds anything.

mod xfs_log;

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use ami_core::error::Error;

use crate::sparse;

/// Where partitions begin, as all tools of our time have it, and what is left behind the last one: the
/// second copy of the table is there.
const MARGIN: u64 = 1 << 20;
const SECTOR: u64 = 512;

/// A file system that bases may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Filesystem {
    #[default]
    Ext4,
    Xfs,
    Btrfs,
}

impl FromStr for Filesystem {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "ext4" => Ok(Self::Ext4),
            "xfs" => Ok(Self::Xfs),
            "btrfs" => Ok(Self::Btrfs),
            _ => Err(format!(
                "'{}' is none of ext4, xfs, btrfs",
                ami_core::escape::escape(word)
            )),
        }
    }
}

impl fmt::Display for Filesystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        })
    }
}

impl Filesystem {
    fn program(self) -> (&'static str, &'static [&'static str]) {
        match self {
            // The rest of its tables is not left to the kernel of the first boot.
            Self::Ext4 => (
                "mkfs.ext4",
                &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=1"],
            ),
            Self::Xfs => ("mkfs.xfs", &["-q", "-f"]),
            Self::Btrfs => ("mkfs.btrfs", &["-q", "-f"]),
        }
    }
}

/// Makes it on a disk, whatever that holds.
pub(super) fn make(
    disk: &File,
    bytes: u64,
    filesystem: Filesystem,
    gpt: bool,
) -> Result<(), Error> {
    let go_on = AtomicBool::new(false);
    let (offset, length) = match gpt {
        false => (0, bytes),
        true => {
            let table = blank(bytes)?;
            partition(&table, bytes)?;
            sparse::copy_data(&table, disk, 0, &go_on).map_err(|e| failed(&e))?;
            (MARGIN, bytes.saturating_sub(2 * MARGIN))
        }
    };
    let made = blank(length)?;
    let (program, options) = filesystem.program();
    run(program, options, &made, "")?;
    sparse::copy_data(&made, disk, offset, &go_on).map_err(|error| failed(&error))?;
    if filesystem == Filesystem::Xfs {
        let log = xfs_log::place(&made).map_err(|error| failed(&error))?;
        sparse::copy_part(&made, disk, log, offset, &go_on).map_err(|error| failed(&error))?;
    }
    disk.sync_all().map_err(|error| failed(&error))
}

/// A file without a name: whoever ends this tool by force leaves none.
fn blank(bytes: u64) -> Result<File, Error> {
    let file = tempfile::tempfile().map_err(|error| failed(&error))?;
    file.set_len(bytes).map_err(|error| failed(&error))?;
    Ok(file)
}

/// One partition, of the type that says that it is this machine's root (Discoverable Partitions
/// Specification).
fn partition(disk: &File, bytes: u64) -> Result<(), Error> {
    let kind = match std::env::consts::ARCH {
        "x86_64" => "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
        "aarch64" => "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
        _ => "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    };
    let (start, size) = (MARGIN / SECTOR, bytes.saturating_sub(2 * MARGIN) / SECTOR);
    let script = format!("label: gpt\nstart={start}, size={size}, type={kind}\n");
    run(
        "sfdisk",
        &["--quiet", "--no-reread", "--no-tell-kernel"],
        disk,
        &script,
    )
}

/// Runs a program on a file of this process, by the name that it has as long as it is open.
fn run(program: &str, options: &[&str], file: &File, input: &str) -> Result<(), Error> {
    let file = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    // Users' paths often leave out where these are.
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    let mut command = Command::new("/usr/bin/env");
    command
        .env("PATH", path)
        .arg(program)
        .args(options)
        .arg(file);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let failed = |why: &str| Error::failed(format!("{program}: {why}"));
    let mut child = command
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever needs it and does not get it says so.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| failed(&error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.is_empty() {
        true => Err(failed(&output.status.to_string())),
        false => Err(failed(&lines.join("; "))),
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::failed(format!("making the file system: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Write, stdout};
    use std::os::unix::fs::FileExt;
    use std::process::Command;

    use super::{Filesystem, make};

    /// A disk that holds anything but zeros, as an encrypted one may have where nothing was written.
    fn noise(bytes: u64) -> tempfile::NamedTempFile {
        let disk = tempfile::NamedTempFile::new().expect("a file");
        let mut number: u64 = 1;
        let block: Vec<u8> = (0..1 << 17)
            .flat_map(|_| {
                number ^= number << 13;
                number ^= number >> 7;
                number ^= number << 17;
                number.to_le_bytes()
            })
            .collect();
        for at in 0..bytes >> 20 {
            let written = disk.as_file().write_all_at(&block, at << 20);
            written.expect("written");
        }
        disk
    }

    /// The program that checks such a file system without changing it.
    fn check(filesystem: Filesystem, disk: &std::path::Path) -> Option<(bool, String)> {
        let (program, words): (_, &[&str]) = match filesystem {
            Filesystem::Ext4 => ("e2fsck", &["-f", "-n"]),
            Filesystem::Xfs => ("xfs_repair", &["-n", "-f"]),
            Filesystem::Btrfs => ("btrfs", &["check", "--force"]),
        };
        let output = Command::new("/usr/bin/env")
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .arg(program)
            .args(words)
            .arg(disk)
            .output()
            .expect("env");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code() != Some(127)).then(|| (output.status.success(), said))
    }

    #[test]
    fn what_was_on_the_disk_before_does_not_matter() {
        for filesystem in [Filesystem::Ext4, Filesystem::Xfs, Filesystem::Btrfs] {
            let bytes = 400 << 20;
            let disk = noise(bytes);
            let opened = File::options().read(true).write(true).open(disk.path());
            let Some(_) = check(filesystem, disk.path()) else {
                // Said whether the test fails or not, which the macros do not do.
                let said = writeln!(stdout(), "skipped: nothing checks {filesystem}");
                said.expect("a standard output");
                continue;
            };
            make(&opened.expect("open"), bytes, filesystem, false).expect("made");
            let (is_good, said) = check(filesystem, disk.path()).expect("checked");
            assert!(is_good, "{filesystem}: {said}");
        }
    }
}

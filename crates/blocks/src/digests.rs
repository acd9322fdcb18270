//! The digests of a disk's blocks, kept in a file so that a later disk can be compared with it.
//!
//! ```text
//! ami-tools digest list 1
//! snapshot snap-0123456789abcdef0@us-east-1
//! size 8589934592
//! block 524288
//! zeros kept
//! 0 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//! 17 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
//! end 2 c0535e4be2b79ffd93291305436bf889314e4a3faec05ecffcbb7df31ad9e51a
//! ```
//!
//! A line for each block with data, in the order of their indexes; blocks without a line are
//! zeros in the disk. In the snapshot they are so too where zeros were `kept`; where they were `skipped`,
//! it is encrypted and has noise there.
//! The last line counts them and has the SHA-256 of all lines before it: a list that is cut off or
//! was edited would otherwise let changed blocks pass for known ones.

mod read;

use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ami_core::error::Error;
use ami_core::reference::Located;
use sha2::{Digest as _, Sha256};

use crate::beside::{cannot, check_file, directory, refused, settle};
use crate::block::{BLOCK, Digest, blocks};
use crate::line::block_line;

/// What the first line says, up to the number of the version.
const NAME: &str = "ami-tools digest list";
/// The version that is written and read.
const VERSION: u64 = 1;

/// What is said of zeros that the snapshot has.
const KEPT: &str = "kept";
/// What is said of zeros that were left out of an encrypted snapshot.
const SKIPPED: &str = "skipped";

/// What a snapshot's blocks held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestList {
    /// The snapshot.
    pub snapshot: Located,
    /// The disk's size in bytes.
    pub size: u64,
    /// Do zeros of the disk read as noise in the snapshot?
    pub zeros_are_noise: bool,
    /// The digest of each block; `None` where there was nothing but zeros.
    pub blocks: Vec<Option<Digest>>,
}

impl DigestList {
    /// Reads a list.
    ///
    /// # Errors
    /// What cannot be read, is no such list, is cut short or was changed, with the line it shows in.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = fs::File::open(path).map_err(|error| cannot("open", path, &error))?;
        read::read(file).map_err(|wrong| wrong.of(path))
    }

    /// Checks whether a list can be written there: where nothing is, or another list.
    ///
    /// # Errors
    /// A usage error, for those who ask before anything is called.
    pub fn check_place(path: &Path) -> Result<(), Error> {
        check_file(path)?;
        let Ok(mut file) = fs::File::open(path) else {
            return Ok(());
        };
        let mut start = [0; NAME.len()];
        match file.read_exact(&mut start) {
            Ok(()) if start == NAME.as_bytes() => Ok(()),
            _ => Err(refused(path, "is there already, and is no list of digests")),
        }
    }

    /// Writes a list, whole or not at all; one of that name is replaced. Its mode is 0644 but for
    /// the umask.
    ///
    /// # Errors
    /// What cannot be written, and a name that a device or a directory has.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Self::check_place(path)?;
        if self.blocks.len() as u64 != blocks(self.size) {
            let what = "the list has not as many blocks as the disk";
            return Err(Error::failed(what).of(path.display()));
        }
        // Where a link leads to a list, that list is replaced and not the link.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.replace(&place)
            .map_err(|error| cannot("write", path, &error))
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        let mut temporary = tempfile::Builder::new()
            .prefix(".digests-")
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(directory(path))?;
        let mut writer = BufWriter::with_capacity(1 << 16, &mut temporary);
        self.print(&mut writer)?;
        writer.flush()?;
        drop(writer);
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|error| error.error)?;
        settle(path)
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut all = Sha256::new();
        let mut put = |line: String| {
            all.update(&line);
            out.write_all(line.as_bytes())
        };
        put(format!("{NAME} {VERSION}\n"))?;
        put(format!("snapshot {}\n", self.snapshot))?;
        put(format!("size {}\n", self.size))?;
        put(format!("block {BLOCK}\n"))?;
        let zeros = if self.zeros_are_noise { SKIPPED } else { KEPT };
        put(format!("zeros {zeros}\n"))?;
        let mut count = 0;
        for (index, digest) in (0..).zip(&self.blocks) {
            if let Some(digest) = digest {
                put(block_line(index, digest))?;
                count += 1;
            }
        }
        writeln!(out, "end {count} {}", Digest(all.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::DigestList;
    use crate::block::{BLOCK, Digest};
    use ami_core::reference::{Located, Reference};
    use std::os::unix::fs::PermissionsExt;

    fn list(blocks: usize) -> DigestList {
        let snapshot: Reference = "snap-0123456789abcdef0@eu-west-1".parse().expect("one");
        let digest = |n: usize| (!n.is_multiple_of(3)).then(|| Digest::of(&n.to_le_bytes()));
        DigestList {
            snapshot: Located {
                id: snapshot.id,
                region: snapshot.region.expect("a region"),
            },
            size: (blocks * BLOCK - 1) as u64,
            zeros_are_noise: blocks.is_multiple_of(2),
            blocks: (0..blocks).map(digest).collect(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("digests");
        for blocks in [1, 2, 3, 10, 2048] {
            list(blocks).write(&path).expect("written");
            assert_eq!(DigestList::read(&path).expect("read"), list(blocks));
        }
        let mode = path.metadata().expect("there").permissions().mode();
        // What a umask takes away, it takes from the others first.
        assert_eq!(mode & 0o7733 & !0o022, 0o600);
        let names = std::fs::read_dir(home.path()).expect("a directory");
        assert_eq!(names.count(), 1, "nothing is left beside it");
    }

    #[test]
    fn no_byte_can_be_cut_off_or_changed() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("digests");
        list(5).write(&path).expect("written");
        let whole = std::fs::read(&path).expect("read");
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).expect("cut");
            DigestList::read(&path).expect_err("cut");
            let mut changed = whole.clone();
            changed[length] ^= 1;
            std::fs::write(&path, &changed).expect("changed");
            DigestList::read(&path).expect_err("changed");
        }
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let home = tempfile::tempdir().expect("a directory");
        let error = list(1).write(home.path()).expect_err("a directory");
        assert!(
            error.to_string().ends_with(": is no regular file"),
            "{error}"
        );
        let path = home.path().join("nowhere/digests");
        let error = list(1).write(&path).expect_err("no directory");
        assert!(
            error.to_string().contains("no file can be made in"),
            "{error}"
        );
    }
}

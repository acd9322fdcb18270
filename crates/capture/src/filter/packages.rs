//! What packages have brought, as the data base of dpkg knows it: a key that everybody can fetch with
//! its package is no secret, and the package may not work without it.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use memchr::memmem::find;
use rustix::fs::{Dir, Mode, OFlags, openat};

use super::shipped::is_shipped;
use crate::descent::open_below;

/// Where dpkg has its lists of files, a path a line (deb-files(5) of old; dpkg-query(1)).
const LISTS: &[u8] = b"var/lib/dpkg/info";
/// The lists of a large system have some ten million bytes. More than this is no such thing.
const MOST: u64 = 256 << 20;

/// The packages of a tree. Their lists are read when somebody asks for the first time.
#[derive(Debug)]
pub(crate) struct Packages {
    top: OwnedFd,
    lists: Option<Vec<u8>>,
}

impl Packages {
    /// Of the tree below a directory.
    pub(crate) fn of(top: OwnedFd) -> Self {
        Self { top, lists: None }
    }

    /// Has a package brought this file, in the places where only packages have theirs?
    pub(crate) fn brought(&mut self, path: &[u8]) -> bool {
        if !is_shipped(path) || path.contains(&b'\n') {
            return false;
        }
        let lists = self.lists.get_or_insert_with(|| read(self.top.as_fd()));
        let has = |path: &[u8]| find(lists, &[b"\n/", path, b"\n"].concat()).is_some();
        // Packages of before both were one say `/lib` of what is in `/usr/lib`.
        has(path) || path.strip_prefix(b"usr/").is_some_and(has)
    }
}

/// All lists, one after the other. None where there is no such data base, or it cannot be read.
fn read(top: BorrowedFd<'_>) -> Vec<u8> {
    let mut text = b"\n".to_vec();
    let Ok(directory) = open_below(top, LISTS) else {
        return text;
    };
    let entries = Dir::read_from(&directory).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        if !name.to_bytes().ends_with(b".list") {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if let Ok(file) = openat(&directory, name, flags, Mode::empty()) {
            let left = MOST.saturating_sub(text.len() as u64);
            // What was read of it is right all the same.
            let _ = File::from(file).take(left).read_to_end(&mut text);
            text.push(b'\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Packages;

    #[test]
    fn lists_are_asked() {
        let top = tempfile::tempdir().expect("a directory");
        let info = top.path().join("var/lib/dpkg/info");
        std::fs::create_dir_all(&info).expect("directories");
        let write = |name: &str, text: &str| std::fs::write(info.join(name), text).expect("a list");
        write(
            "a.list",
            "/.\n/usr/share/a\n/usr/share/a/key.pem\n/etc/a.pem\n",
        );
        write("b.list", "/lib/b/key.pem");
        write("b.md5sums", "/usr/share/c/key.pem\n");
        let mut packages = Packages::of(std::fs::File::open(top.path()).expect("open").into());
        assert!(packages.brought(b"usr/share/a/key.pem"));
        assert!(packages.brought(b"usr/lib/b/key.pem"));
        assert!(packages.brought(b"lib/b/key.pem"));
        assert!(!packages.brought(b"usr/share/a/key"));
        assert!(!packages.brought(b"usr/share/c/key.pem"));
        assert!(!packages.brought(b"share/a/key.pem"));
        assert!(!packages.brought(b"etc/a.pem"));
    }
}

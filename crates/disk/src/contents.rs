//! What the files on a disk tell, read without mounting anything.
//!
//! ext2 to ext4, xfs, btrfs (uncompressed or compressed by zstd) and FAT are read. What was not
//! unmounted is read as its log would leave it, as far as the readers can; what cannot be read tells
//! nothing, and is no error. No more than [`BUDGET`] bytes are read of a file system.

mod budget;
mod evidence;
mod fat;
mod files;
mod machine;
mod tree;

use std::sync::Arc;

pub use budget::BUDGET;

use crate::layout::{Decision, Volume};
use crate::{Architecture, Error, Layout, ReadAt};
use files::Files;

/// Where a file system keeps what is below `/usr/lib/os-release` at the least (os-release(5)).
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];
/// File systems that are looked into for one question: more than disks have that are not made to
/// keep their readers busy.
const MANY: usize = 16;
/// More of it than anybody writes.
const OS_RELEASE_SIZE: usize = 16 << 10;

/// Looks into the volumes that may be the root, and notes which of them look like one, for
/// [`Layout::root`]. What cannot be looked into stays as it is.
pub fn look_for_roots(disk: &Arc<dyn ReadAt>, layout: &mut Layout) {
    let candidates = layout.volumes.iter_mut().filter(|v| v.may_be_root());
    for volume in candidates.take(MANY) {
        volume.looks_like_root = Files::open(disk, volume).map(|mut files| files.are_a_root());
    }
}

/// What the disk is made for, with the file that told it: programs and kernels on `root`, the type
/// of its partition, kernels on others, and boot loaders on the EFI system partition. None if
/// nothing tells. What is for i386 counts as x86_64 where there is something for that as well:
/// such systems run both.
///
/// # Errors
/// What contradicts, or is for a processor that EC2 has not. Boot loaders for several are fine as
/// long as one of them is for what the root is.
pub fn architecture(
    disk: &Arc<dyn ReadAt>,
    layout: &Layout,
    root: Option<&Volume>,
) -> Result<Option<Decision<Architecture>>, Error> {
    let system = evidence::of_system(disk, layout, root);
    let loaders = evidence::of_loaders(disk, layout);
    evidence::decide(&system, &loaders)
}

/// What a root calls itself: `PRETTY_NAME` of its os-release(5), else its `NAME`. Control characters
/// are as they were written. None if it says nothing or cannot be looked into.
pub fn os_name(disk: &Arc<dyn ReadAt>, root: &Volume) -> Option<String> {
    let mut files = Files::open(disk, root)?;
    let text = OS_RELEASE
        .iter()
        .find_map(|path| files.head(path, OS_RELEASE_SIZE))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    ["PRETTY_NAME=", "NAME="]
        .iter()
        .find_map(|key| text.lines().find_map(|line| line.strip_prefix(key)))
        .map(unquote)
        .filter(|name| !name.is_empty())
}

/// Values are quoted as for a shell.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| {
        let inner = value.strip_prefix(*quote)?;
        inner.strip_suffix(*quote)
    });
    let mut name = String::new();
    let mut letters = quoted.unwrap_or(value).chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next()),
            letter => name.push(letter),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_of_os_release() {
        for (value, name) in [
            (
                "\"Debian GNU/Linux 12 (bookworm)\"",
                "Debian GNU/Linux 12 (bookworm)",
            ),
            ("Alpine", "Alpine"),
            ("'x'", "x"),
            ("\"a \\\"b\\\" \\$c\"", "a \"b\" $c"),
            ("\"", "\""),
            ("\\", ""),
        ] {
            assert_eq!(super::unquote(value), name);
        }
    }
}

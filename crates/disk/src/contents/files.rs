//! The files of a root, as a process whose root it is would see them: links lead nowhere else.

use std::sync::Arc;

use super::budget::Budgeted;
use super::tree::{self, Tree, What};
use crate::ReadAt;
use crate::layout::Volume;
use crate::superblock::Kind;

/// Links that are followed for one path, as many as Linux follows (path_resolution(7)).
const LINKS: usize = 40;
/// Parts that a path, or what is left of it, may have: links to links must not make it grow, nor
/// directories that hold themselves.
const PARTS: usize = 64;
/// Subvolumes of btrfs that distributions install the root in, without making it the default: of
/// Ubuntu and Arch, of Fedora, of Debian.
const SUBVOLUMES: [&str; 3] = ["/@", "/root", "/@rootfs"];

/// An open file system.
pub(super) struct Files {
    tree: Box<dyn Tree>,
    /// What stands before every path: empty, or a subvolume.
    base: &'static str,
}

impl Files {
    /// Opens it; none if it cannot be read.
    pub(super) fn open(disk: &Arc<dyn ReadAt>, volume: &Volume) -> Option<Self> {
        let source = Budgeted::new(disk, volume);
        let kind = volume.kind()?;
        let tree = match kind {
            Kind::Ext2 | Kind::Ext3 | Kind::Ext4 => tree::ext(source)?,
            Kind::Xfs => tree::xfs(source)?,
            Kind::Btrfs => tree::btrfs(source)?,
            _ => return None,
        };
        let mut files = Self { tree, base: "" };
        if kind == Kind::Btrfs && !files.are_a_root() {
            let mut subvolumes = SUBVOLUMES.into_iter();
            files.base = subvolumes
                .find(|base| {
                    files.base = base;
                    files.are_a_root()
                })
                .unwrap_or_default();
        }
        Some(files)
    }

    /// Does it look like a root: has it `/etc`, and `/usr` or an os-release file?
    pub(super) fn are_a_root(&mut self) -> bool {
        let mut is = |path, what| self.find(path).is_some_and(|(_, found)| found == what);
        is("/etc", What::Directory)
            && (is("/usr", What::Directory) || is("/etc/os-release", What::File))
    }

    /// The first bytes of a file; as many as there are.
    pub(super) fn head(&mut self, path: &str, size: usize) -> Option<Vec<u8>> {
        let (path, What::File) = self.find(path)? else {
            return None;
        };
        let mut bytes = vec![0; size];
        let path = self.place(&path);
        let read = self.tree.read(&path, &mut bytes)?;
        bytes.truncate(read);
        Some(bytes)
    }

    /// The names in a directory that are UTF-8, in their order; none of them if there is none.
    pub(super) fn names(&mut self, path: &str) -> Vec<String> {
        let Some((path, What::Directory)) = self.find(path) else {
            return Vec::new();
        };
        let path = self.place(&path);
        let names = self.tree.names(&path).unwrap_or_default();
        let names = names
            .into_iter()
            .map(|name| String::from_utf8(name).unwrap_or_default());
        let mut names: Vec<String> = names
            .filter(|name| !matches!(&**name, "" | "." | ".."))
            .collect();
        names.sort();
        names
    }

    /// Follows links, and says what is at the end and where that is.
    pub(super) fn find(&mut self, path: &str) -> Option<(String, What)> {
        let mut left: Vec<String> = parts(path);
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            if done.len() > PARTS {
                return None;
            }
            let here = format!("/{}", done.join("/"));
            let place = self.place(&here);
            match self.tree.what(&place)? {
                What::Link => {
                    links += 1;
                    let target = String::from_utf8(self.tree.target(&place)?).ok()?;
                    if links > LINKS || left.len() > PARTS {
                        return None;
                    }
                    done.pop();
                    if target.starts_with('/') {
                        done.clear();
                    }
                    left.extend(parts(&target));
                }
                what if left.is_empty() => return Some((here, what)),
                What::Directory => {}
                _ => return None,
            }
        }
        Some((format!("/{}", done.join("/")), What::Directory))
    }

    fn place(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// The parts of a path, the first one last.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let mut parts: Vec<String> = parts.take(PARTS).map(str::to_owned).collect();
    parts.reverse();
    parts
}

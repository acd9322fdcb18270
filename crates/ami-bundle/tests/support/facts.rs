//! What a tree consists of, asked of the kernel file by file.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{SeekFrom, lgetxattr, llistxattr, seek};

use crate::support::{hex, sh, sha256};

/// All there is below a directory, by the path there: its own facts have the empty path. Sockets are
/// passed over.
pub fn facts(top: &Path) -> BTreeMap<OsString, String> {
    let mut found = BTreeMap::new();
    let mut names: BTreeMap<u64, OsString> = BTreeMap::new();
    let mut ways = vec![PathBuf::new()];
    while let Some(way) = ways.pop() {
        let path = top.join(&way);
        let about = fs::symlink_metadata(&path).expect("it is there");
        if about.file_type().is_socket() {
            continue;
        }
        if about.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory");
            ways.extend(entries.map(|entry| way.join(entry.expect("an entry").file_name())));
        } else if about.nlink() > 1 {
            let first = names
                .entry(about.ino())
                .or_insert_with(|| way.clone().into());
            let first = (*first).clone().min(way.clone().into());
            names.insert(about.ino(), first);
        }
        found.insert(way.into(), (about.ino(), told(&path, &about)));
    }
    let with_links = |(way, (inode, mut told)): (OsString, (u64, String))| {
        if let Some(first) = names.get(&inode) {
            let _ = writeln!(told, "is {first:?}");
        }
        (way, told)
    };
    found.into_iter().map(with_links).collect()
}

fn told(path: &Path, about: &fs::Metadata) -> String {
    let mut told = format!(
        "mode {:o} owner {}:{} modified {}.{:09} device {}\n",
        about.mode(),
        about.uid(),
        about.gid(),
        about.mtime(),
        about.mtime_nsec(),
        about.rdev()
    );
    let kind = about.file_type();
    if !kind.is_dir() {
        let _ = writeln!(told, "links {}", about.nlink());
    }
    if kind.is_symlink() {
        let _ = writeln!(told, "to {:?}", fs::read_link(path).expect("a link"));
    }
    if kind.is_file() {
        let bytes = fs::read(path).expect("a file");
        let _ = writeln!(told, "{} bytes, {}", bytes.len(), sha256(&bytes));
        let _ = writeln!(told, "data at {:?}", data(path));
    }
    for (name, value) in attributes(path) {
        let _ = writeln!(told, "{name} = {}", hex(&value));
    }
    told
}

/// Where data are in a file, in pages of 4 KiB: pairs of the first one and the one behind.
fn data(path: &Path) -> Vec<(u64, u64)> {
    let file = fs::File::open(path).expect("a file");
    let (mut all, mut at): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
    while let Ok(begin) = seek(&file, SeekFrom::Data(at)) {
        at = seek(&file, SeekFrom::Hole(begin)).expect("an end");
        let pages = (begin / 4096, at.div_ceil(4096));
        match all.last_mut() {
            Some(last) if last.1 >= pages.0 => last.1 = pages.1,
            _ => all.push(pages),
        }
    }
    all
}

/// Extended attributes, of which access control lists and capabilities are some.
fn attributes(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut names = vec![0; 64 << 10];
    let length = llistxattr(path, &mut names).expect("attributes");
    let names = names[..length].split(|byte| *byte == 0);
    let named = names.filter(|name| !name.is_empty());
    let value = |name: &[u8]| {
        let mut value = vec![0; 64 << 10];
        let length = lgetxattr(path, OsStr::from_bytes(name), &mut value).expect("an attribute");
        value.truncate(length);
        (String::from_utf8_lossy(name).into_owned(), value)
    };
    named.map(value).collect()
}

/// What differs, in words.
pub fn differences(
    expected: &BTreeMap<OsString, String>,
    actual: &BTreeMap<OsString, String>,
) -> Vec<String> {
    let ways = expected.keys().chain(actual.keys());
    let ways: std::collections::BTreeSet<_> = ways.collect();
    let differing = ways
        .into_iter()
        .filter(|way| expected.get(*way) != actual.get(*way));
    let told = differing.map(|way| {
        let (one, other) = (expected.get(way), actual.get(way));
        format!("{way:?}: {one:#?} became {other:#?}")
    });
    told.collect()
}

/// A disk file that is mounted to be looked at.
pub struct Mounted {
    pub path: PathBuf,
}

impl Mounted {
    pub fn new(disk: &Path, path: PathBuf) -> Self {
        fs::create_dir(&path).expect("a directory");
        sh("mount -o loop,ro \"$1\" \"$2\"", &[disk, &path]);
        Self { path }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(&self.path)
            .status();
    }
}

/// A name of bytes that need not be text.
pub fn name(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

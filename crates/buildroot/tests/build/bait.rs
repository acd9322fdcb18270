//! What a hostile image is to get hold of: files of the host, and where in an image somebody looks.
//!
//! The tests of ami-chroot use this file too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of the host that nothing may change, with the names in it that are looked for.
pub struct Bait {
    pub directory: PathBuf,
}

impl Bait {
    pub fn new(place: &Path) -> Self {
        let directory = place.join("bait");
        for name in ["etc", "usr/sbin", "usr/bin", "dev", "sub"] {
            fs::create_dir_all(directory.join(name)).expect("a directory");
        }
        for name in [
            "resolv.conf",
            "policy-rc.d",
            "passwd",
            "etc/resolv.conf",
            "usr/bin/dpkg",
        ] {
            fs::write(directory.join(name), "root:x:0:0:bait:/bait:/bin/sh\n").expect("written");
        }
        Self { directory }
    }

    pub fn path(&self) -> String {
        self.directory.display().to_string()
    }

    /// A line for every file in it, and what the files hold.
    pub fn listing(&self) -> String {
        let format = "%p %y %m %U:%G %n %s %T@ %l\\n";
        let script =
            format!("find \"$0\" -printf '{format}' | sort; cat \"$0\"/* 2>/dev/null; true");
        let output = Command::new("sh")
            .args(["-c", &script])
            .arg(&self.directory)
            .output();
        let text = output.expect("sh").stdout;
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Everything that the helper looks at or writes in an image.
pub const PLACES: [&str; 14] = [
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "workspace",
    "etc",
    "etc/resolv.conf",
    "etc/passwd",
    "etc/group",
    "usr",
    "usr/sbin",
    "usr/sbin/policy-rc.d",
    "usr/bin/dpkg",
];

/// Makes something else of a place in a tree.
pub fn put(tree: &Path, place: &str, make: &dyn Fn(&Path)) {
    let path = tree.join(place);
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(&path).expect("removed");
    } else {
        let _ = fs::remove_file(&path);
    }
    make(&path);
}

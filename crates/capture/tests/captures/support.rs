//! File systems to capture from, images to look into, and what is on them as other programs see it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ami_capture::{Captured, LeftOut, Order, Reason, Size, Watch, capture};
use tempfile::TempDir;

/// Can this test run? If not, says that it is skipped: past the test harness, which would keep it.
pub fn can(test: &str, programs: &[&str]) -> bool {
    let skip = |why: &str| {
        let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
        false
    };
    if !rustix::process::geteuid().is_root() {
        return skip("not root");
    }
    if !Path::new("/dev/loop-control").exists() {
        return skip("no loop devices");
    }
    for program in programs {
        let found = Command::new("sh")
            .args([
                "-c",
                "PATH=$PATH:/usr/sbin:/sbin; command -v \"$1\"",
                "sh",
                program,
            ])
            .stdout(Stdio::null())
            .status();
        if !found.is_ok_and(|status| status.success()) {
            return skip(&format!("no {program}"));
        }
    }
    true
}

/// Runs a shell script with words; its output is returned, and its failure the test's.
pub fn sh(script: &str, words: &[&Path]) -> String {
    let output = Command::new("bash")
        .args([
            "-euc",
            &format!("export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C; {script}"),
            "bash",
        ])
        .args(words)
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A directory in which a file is mounted, until it goes out of scope.
pub struct Mounted {
    pub path: PathBuf,
    _directory: TempDir,
}

impl Mounted {
    pub fn new(image: &Path, options: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("mounted");
        std::fs::create_dir(&path).expect("a directory");
        let script = format!("mount -o loop,{options} \"$1\" \"$2\"");
        sh(&script, &[image, &path]);
        Self {
            path,
            _directory: directory,
        }
    }

    /// An image, to be looked at only. xfs may have the volume's UUID, which is mounted.
    pub fn image(image: &Path, kind: &str) -> Self {
        let options = if kind == "xfs" { "ro,nouuid" } else { "ro" };
        Self::new(image, options)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
    }
}

/// An order for an image of moderate size with a name.
pub fn order(volume: &Path, work: &Path) -> Order {
    let mut order = Order::new(volume, work);
    order.file_name = Some("image".into());
    order.size = Size::Bytes(400 << 20);
    order
}

pub fn captured(order: &Order) -> Captured {
    capture(order, &Watch::default()).expect("an image")
}

/// What was left out, sorted.
pub fn left_out(captured: &Captured) -> Vec<(String, Reason)> {
    let shown = |one: &LeftOut| (one.path.to_string_lossy().into_owned(), one.reason);
    let mut all: Vec<_> = captured.report.left_out.iter().map(shown).collect();
    all.sort();
    all
}

/// All that find, getfattr and sha256sum know of a tree, by path. Names must be without line ends.
pub fn inventory(top: &Path) -> BTreeMap<String, String> {
    let script = r#"cd "$1"
        find . ! -path './lost+found' -printf '%p\t%y %m %U %G %n %T@ %l\n'
        find . -type f -printf '%p\tsize %s\n'
        find . \( -type c -o -type b \) -print0 | xargs -0r stat -c $'%n\tdevice %t:%T'
        find . -type f -print0 | xargs -0r sha256sum | sed -E 's/^([0-9a-f]+)  (.*)$/\2\t\1/'
        find . -links +1 -type f -printf '%i %p\n' | sort |
            awk '{ if ($1 != last) { last = $1; first = $2 } print $2 "\tis " first }'
        find . ! -path './lost+found' -print0 | xargs -0r getfattr -h -d -m - -e hex -- |
            awk '/^# file: /{ f = substr($0, 9) } /=/{ print "./" f "\t" $0 }'
        lsattr -dR . 2>/dev/null | awk '{ gsub(/[eI-]/, "", $1); if ($1 != "") print $2 "\tflags " $1 }' || true
    "#;
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in sh(script, &[top]).lines() {
        let (path, fact) = line.split_once('\t').expect("a path and a fact");
        known.entry(path.into()).or_default().push(fact.into());
    }
    known
        .into_iter()
        .map(|(path, mut facts)| {
            facts.sort();
            (path, facts.join("\n"))
        })
        .collect()
}

/// Are two trees the same, but for these paths and the mode and times of the top?
pub fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (inventory(one), inventory(other));
    let paths = |known: &BTreeMap<String, String>| known.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&one), paths(&other));
    for (path, facts) in &one {
        assert_eq!(facts, &other[path], "{path}");
    }
}

/// Writes files with their directories.
pub fn write(top: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = top.join(path);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
    std::fs::write(path, content).expect("a file");
}

//! Places for disks, and the tools that make them.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use ami_disk::{Layout, ReadAt, Source};

/// Tools that make file systems are not on everybody's path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A directory for one test, which goes with it.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// An empty disk.
    pub fn disk(&self, name: &str, size: u64) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).expect("a disk");
        file.set_len(size).expect("space for it");
        path
    }

    /// Writes a file and the directories that it needs.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        let parent = path.parent().expect("in the scratch directory");
        fs::create_dir_all(parent).expect("directories");
        fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Are all of these installed? If not, says that the test is skipped: past the test harness, which
/// would show it of failing tests only.
pub fn have(test: &str, tools: &[&str]) -> bool {
    let found = |tool: &&&str| PATH.split(':').any(|p| Path::new(p).join(tool).exists());
    let missing: Vec<&str> = tools.iter().filter(|t| !found(t)).copied().collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let _ = writeln!(std::io::stderr(), "skipped: {test}: no {missing}");
    }
    missing.is_empty()
}

/// Runs a tool that must succeed, with `input` to read; words are split at spaces.
pub fn run(line: &str, files: &[&Path], input: &str) -> String {
    let mut words = line.split_whitespace();
    let mut child = Command::new(words.next().expect("a tool"))
        .args(words)
        .args(files)
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        // mtools would otherwise mind that a disk's geometry is made up.
        .env("MTOOLS_SKIP_CHECK", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {text}{errors}");
    text
}

/// Copies what is not zero of one disk to a place on another.
pub fn put(disk: &Path, start: u64, part: &Path) {
    let part = File::open(part).expect("the part");
    let disk = OpenOptions::new().write(true).open(disk).expect("the disk");
    let size = part.metadata().expect("its size").len();
    let mut buffer = vec![0; 1 << 16];
    for at in (0..size).step_by(buffer.len()) {
        let read = part.read_at(&mut buffer, at).expect("read");
        if buffer[..read].iter().any(|byte| *byte != 0) {
            disk.write_all_at(&buffer[..read], start + at)
                .expect("write");
        }
    }
}

/// Overwrites some bytes.
pub fn patch(disk: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(disk).expect("the disk");
    file.seek(SeekFrom::Start(at)).expect("seek");
    file.write_all(bytes).expect("write");
}

pub fn open(disk: &Path) -> Arc<dyn ReadAt> {
    let file = File::open(disk).expect("the disk");
    Arc::new(Source::new(file).expect("its size"))
}

pub fn layout(disk: &Path) -> Layout {
    Layout::read(&*open(disk)).unwrap_or_else(|error| panic!("{}: {error}", disk.display()))
}

/// The header of a program for x86_64 (62), arm64 (183), i386 (3) or another processor.
pub fn program(machine: u8) -> Vec<u8> {
    let mut header = vec![0; 64];
    header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    header[18] = machine;
    header
}

/// The header of a boot loader for the machine of that number in PE's counting.
pub fn loader(machine: u16) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..2].copy_from_slice(b"MZ");
    header[0x3c] = 0x80;
    header[0x80..0x84].copy_from_slice(b"PE\0\0");
    header[0x84..0x86].copy_from_slice(&machine.to_le_bytes());
    header
}

//! What the tests of this tool share.
#![allow(
    dead_code,
    reason = "each test file is a program of its own, and none uses all of this"
)]

pub mod stream;
pub mod tree;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use ami_bundle_format::Manifest;
use ami_sandbox::{Config, Ownership, Sandbox};
use ami_testkit::Tool;
use tempfile::TempDir;

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";
pub const MIB: usize = 1 << 20;
/// The bucket of these tests.
pub const BUCKET: &str = "bundles";
/// The SHA-256 of the image of the fixture, as its README says.
pub const IMAGE: &str = "66815398a4b483d7c898bbc0a5eec6b9b51b1e1bbc70d4898af0144e71fd87a8";
/// What a bundle is made with.
pub const MAKE: [&str; 8] = [
    "-k",
    "pk.pem",
    "-c",
    "cert.pem",
    "--ec2cert",
    "ec2.pem",
    "--arch",
    "x86_64",
];

/// A directory with keys in it, in which the tool is run, and a sandbox as AWS is on a good day.
pub struct Desk {
    directory: TempDir,
    pub sandbox: Sandbox,
}

impl Desk {
    /// The keys `pk.pem` with `cert.pem`, and in place of EC2's `ec2-pk.pem` with `ec2.pem`.
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let desk = Self {
            directory,
            sandbox: Sandbox::start(config).expect("a sandbox"),
        };
        for (name, from) in [
            ("pk.pem", "keys/user-1024.key.pem"),
            ("cert.pem", "keys/user-1024.cert.pem"),
            ("ec2-pk.pem", "keys/fake-ec2-1024.key.pem"),
            ("ec2.pem", "keys/fake-ec2-1024.cert.pem"),
        ] {
            std::fs::copy(fixture(from), desk.path(name)).expect("a key");
            mode(&desk.path(name), 0o600);
        }
        desk
    }

    /// With a bucket that has ACLs.
    pub fn with_bucket() -> Self {
        let desk = Self::new();
        let bucket = |seed: &mut ami_sandbox::BucketSeed| {
            seed.ownership = Ownership::BucketOwnerPreferred;
            seed.blocks_public_access = false;
        };
        desk.sandbox.bucket(HOME, BUCKET, bucket);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// The names of the files there, but for the keys.
    pub fn names(&self) -> Vec<String> {
        names(self.directory.path())
            .into_iter()
            .filter(|name| !name.ends_with(".pem"))
            .collect()
    }

    /// The bundle of the fixture.
    pub fn with_fixture(self) -> Self {
        for name in ["disk.img.manifest.xml", "disk.img.part.0"] {
            std::fs::copy(fixture(&format!("ruby153/{name}")), self.path(name)).expect("a part");
        }
        self
    }

    /// The tool with arguments, run in the directory and led to the sandbox.
    pub fn bundle(&self, args: &[&str]) -> Tool<'_> {
        self.shell("exec ami-bundle \"$@\"").args(args)
    }

    /// A line for `sh`, whose words are added.
    pub fn shell(&self, line: &str) -> Tool<'_> {
        ami_testkit::shell(&format!("cd \"$0\" && {line}"))
            .args([self.directory.path()])
            .sandbox(&self.sandbox)
    }

    /// The words that make a bundle of a disk.
    pub fn image(&self, more: &[&str]) -> Tool<'_> {
        self.bundle(&["image"]).args(MAKE).args(more)
    }

    /// Reads a manifest.
    pub fn manifest(&self, name: &str) -> Manifest {
        Manifest::parse(&self.read(name)).expect("a manifest")
    }

    /// The keys of the objects in the bucket.
    pub fn keys(&self) -> Vec<String> {
        let objects = self.sandbox.objects(BUCKET).into_iter();
        objects.map(|object| object.key).collect()
    }

    pub fn object(&self, key: &str) -> ami_sandbox::StoredObject {
        let object = self.sandbox.object(BUCKET, key).expect("it can be read");
        object.unwrap_or_else(|| panic!("no {key} in {:?}", self.keys()))
    }
}

/// A file of the format's fixture.
pub fn fixture(name: &str) -> PathBuf {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../bundle/tests/data");
    Path::new(data).join(name)
}

pub fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("a mode");
}

/// The names in a directory.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&ami_bundle_format::pack::S3Digests::of(bytes).sha256)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that do not compress, the same each time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend((state.wrapping_mul(0x2545_f491_4f6c_dd1d)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Says something past the test harness, which shows only what failed.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs a line of `sh` with words, and gives what it prints.
pub fn sh(line: &str, words: &[&Path]) -> String {
    let line = format!("PATH=$PATH:/usr/sbin:/sbin; {line}");
    let mut command = Command::new("sh");
    command.args(["-euc", &line, "sh"]).args(words);
    let output = command.output().expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A bundle of five parts in a directory.
pub fn with_bundle() -> Desk {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(45 * MIB));
    let made = desk.bundle(&["image"]).args(MAKE);
    made.args([
        "-u",
        "111122223333",
        "-p",
        "web",
        "--compress=fast",
        "disk.raw",
    ])
    .run()
    .expect()
    .stdout_is("web.manifest.xml\n")
    .done();
    desk
}

//! Whole distributions, built with the tool itself: `cargo xtask test --slow`.

#[path = "../support/mod.rs"]
mod support;

mod boot;
mod packages;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use ami_testkit::Tool;
use support::{Place, have, skip};

/// How long a build that fetches packages may take.
const BUILD: Duration = Duration::from_secs(900);

/// A place with a base in it: the disk file `base.raw` with a minimal Debian, made by `--prepare-base`.
/// None where there can be no such thing, and it says why.
fn place_with_base() -> Option<Place> {
    let place = Place::new()?;
    let rootfs = rootfs()?;
    let words = ["--prepare-base", rootfs, "--size", "2G", "-o"];
    let base = place.path("base.raw");
    tool(&words)
        .args([&base])
        .run()
        .expect()
        .stdout_is(&line(&base))
        .done();
    Some(place)
}

/// The archive of a minimal Debian with apt. It is fetched once in a run of these tests.
fn rootfs() -> Option<&'static str> {
    static ROOTFS: OnceLock<Option<PathBuf>> = OnceLock::new();
    ROOTFS.get_or_init(fetch).as_deref().and_then(Path::to_str)
}

fn fetch() -> Option<PathBuf> {
    if !have("mmdebstrap") {
        skip("needs mmdebstrap");
        return None;
    }
    // There it is written over by the next run, so that these tests leave one archive at most.
    let archive = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bookworm.tar");
    let output = Command::new("mmdebstrap")
        .args(["--quiet", "--variant=minbase", "bookworm"])
        .arg(&archive)
        .arg("http://deb.debian.org/debian")
        .output()
        .expect("run");
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        skip(&format!("mmdebstrap: {}", said.trim_end()));
        return None;
    }
    Some(archive)
}

/// The tool, with time for packages to be fetched.
fn tool(words: &[&str]) -> Tool<'static> {
    ami_testkit::tool("ami-chroot").deadline(BUILD).args(words)
}

/// What the tool prints of a disk file.
fn line(disk: &Path) -> String {
    format!("{}\n", disk.display())
}

//! What of a build is left on this machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Place;

/// What of a build could be left on this machine.
#[derive(Debug, PartialEq)]
pub struct Host {
    mounts: Vec<String>,
    loops: BTreeSet<String>,
}

impl Host {
    /// As it is now, of what has to do with a directory.
    pub fn look(place: &Place) -> Self {
        Self::look_at(&place.path(""))
    }

    /// Says what there is of that directory though nothing should be.
    pub fn rest(directory: &Path) -> Option<String> {
        let is_clean = || {
            let now = Self::look_at(directory);
            now.mounts.is_empty() && now.loops.is_empty()
        };
        let end = Instant::now() + Duration::from_secs(5);
        while !is_clean() {
            if Instant::now() >= end {
                return Some(format!("left: {:?}", Self::look_at(directory)));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    fn look_at(directory: &Path) -> Self {
        let mut loops = loops();
        let own = directory.display().to_string();
        loops.retain(|file| file.contains(&own));
        Self {
            mounts: mounts(&own),
            loops,
        }
    }

    /// Waits until it is again as it was, and no helper runs any more for this place.
    pub fn expect_again(&self, place: &Place) {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let now = Self::look(place);
            if now.loops == self.loops && now.mounts == self.mounts {
                return;
            }
            assert!(Instant::now() < end, "left: {now:?}, before: {self:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What is mounted in a directory, or of a file there.
fn mounts(directory: &str) -> Vec<String> {
    let all = fs::read_to_string("/proc/self/mountinfo").expect("read");
    let own = all.lines().filter(|line| line.contains(directory));
    own.map(str::to_owned).collect()
}

/// The files behind all loop devices.
fn loops() -> BTreeSet<String> {
    let words = ["--list", "--noheadings", "-O", "BACK-FILE"];
    let output = Command::new("losetup")
        .args(words)
        .output()
        .expect("losetup");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

//! All processes that a test starts, with those that they start, in a control group of its own.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::machine::hierarchy;

/// Whoever was killed takes a moment to leave; sudo itself waits for two seconds.
const SOON: Duration = Duration::from_secs(15);

/// A control group that limits nothing. Where none can be made nothing is seen.
pub struct Watch {
    group: Option<PathBuf>,
}

impl Watch {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ami-chroot-test-{}-{number}", std::process::id());
        let group = hierarchy().map(|hierarchy| hierarchy.join(name));
        Self {
            group: group.filter(|group| fs::create_dir(group).is_ok()),
        }
    }

    /// The line by which a shell enters it, to be put before others.
    pub fn enter(&self) -> String {
        match &self.group {
            Some(group) => format!("echo $$ >{}/cgroup.procs; ", group.display()),
            None => String::new(),
        }
    }

    /// Can processes be seen here?
    pub fn sees(&self) -> bool {
        self.group.is_some()
    }

    fn pids(&self) -> Vec<u32> {
        let group = self.group.iter();
        let text = group.filter_map(|group| fs::read_to_string(group.join("cgroup.procs")).ok());
        let text: String = text.collect();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// The process of that name whose parent has another.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.pids().into_iter().find(|pid| {
            let parent = status(*pid, "PPid:").and_then(|text| text.parse().ok());
            let of_parent = parent.and_then(|pid: u32| status(pid, "Name:"));
            status(*pid, "Name:").as_deref() == Some(name) && of_parent.as_deref() != Some(name)
        })
    }

    /// What runs.
    pub fn names(&self) -> Vec<String> {
        let pids = self.pids().into_iter();
        pids.map(|pid| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            format!(
                "{pid} {}",
                String::from_utf8_lossy(&words).replace('\0', " ")
            )
        })
        .collect()
    }

    /// Waits until nothing runs any more; else says what does.
    pub fn empty(&self) -> Result<(), String> {
        let end = Instant::now() + SOON;
        while !self.pids().is_empty() {
            if Instant::now() >= end {
                return Err(format!("processes are left: {:?}", self.names()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(group) = &self.group else { return };
        for _ in 0..100 {
            for pid in self.pids() {
                super::kill(pid, "KILL");
            }
            if fs::remove_dir(group).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn status(pid: u32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().to_owned())
}

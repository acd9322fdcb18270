//! Control groups, of version 2 or 1, for the limits on what a command uses.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::janitor::{self, Janitor};
use crate::fault::{Because, Result};
use crate::protocol::{Fault, FaultKind, Limits};

/// What the groups are called: with the helper's process ID behind it.
const PREFIX: &str = "amichroot-";

/// The groups of a build.
#[derive(Debug)]
pub(crate) struct Groups {
    paths: Vec<PathBuf>,
    janitor: Option<Janitor>,
}

/// What limits a controller is given: files with what is written to them. Those that a kernel may
/// lack are not required.
struct Setting {
    controller: &'static str,
    /// File, value, required: of version 2.
    unified: Vec<(&'static str, String, bool)>,
    /// The same of version 1.
    legacy: Vec<(&'static str, String, bool)>,
}

fn settings(limits: &Limits) -> Vec<Setting> {
    let memory = limits.memory.map(|bytes| Setting {
        controller: "memory",
        unified: vec![
            ("memory.max", bytes.to_string(), true),
            ("memory.swap.max", "0".to_owned(), false),
        ],
        legacy: vec![
            ("memory.limit_in_bytes", bytes.to_string(), true),
            ("memory.memsw.limit_in_bytes", bytes.to_string(), false),
        ],
    });
    let pids = limits.pids.map(|count| {
        // The kernel has no more (PID_MAX_LIMIT), and takes no greater number.
        let count = match count {
            4_194_304.. => "max".to_owned(),
            count => count.to_string(),
        };
        Setting {
            controller: "pids",
            unified: vec![("pids.max", count.clone(), true)],
            legacy: vec![("pids.max", count, true)],
        }
    });
    memory.into_iter().chain(pids).collect()
}

impl Groups {
    /// Makes groups with these limits; none where there are no limits.
    ///
    /// # Errors
    /// A limit that cannot be set on this host: nothing may run without it.
    pub(crate) fn new(limits: &Limits) -> Result<Self> {
        let mut groups = Self {
            paths: Vec::new(),
            janitor: None,
        };
        let settings = settings(limits);
        if settings.is_empty() {
            return Ok(groups);
        }
        let mounts = Mounts::read().because(FaultKind::Host, || "/proc/self/mountinfo".into())?;
        let mut planned = Vec::new();
        for setting in &settings {
            planned.push(mounts.place(setting)?);
        }
        for place in &planned {
            sweep(&place.parent);
        }
        let mut paths: Vec<PathBuf> = planned.iter().map(Place::group).collect();
        paths.dedup();
        let janitor = Janitor::hire(&paths)
            .because(FaultKind::Host, || "what removes control groups".to_owned())?;
        groups.paths = paths;
        groups.janitor = Some(janitor);
        for (setting, place) in settings.iter().zip(&planned) {
            place.make(setting)?;
        }
        Ok(groups)
    }

    /// The files by which a process enters them.
    pub(crate) fn doors(&self) -> Result<Vec<OwnedFd>> {
        let open = |path: &PathBuf| -> io::Result<OwnedFd> {
            let file = File::options()
                .write(true)
                .open(path.join("cgroup.procs"))?;
            Ok(file.into())
        };
        let doors: io::Result<Vec<OwnedFd>> = self.paths.iter().map(open).collect();
        doors.because(FaultKind::Limits, || "a control group".to_owned())
    }

    /// How many processes were killed because memory had run out.
    pub(crate) fn killed_for_memory(&self) -> u64 {
        let count = |path: &PathBuf| -> Option<u64> {
            let text = std::fs::read_to_string(path.join("memory.events"))
                .or_else(|_| std::fs::read_to_string(path.join("memory.oom_control")))
                .ok()?;
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok())
        };
        self.paths.iter().filter_map(count).sum()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        if let Some(janitor) = self.janitor.take() {
            janitor.dismiss();
            // Mostly there is nothing left to remove.
            janitor::remove(&self.paths);
        }
    }
}

/// Where a group goes: below the root of a hierarchy.
#[derive(Debug, PartialEq)]
struct Place {
    parent: PathBuf,
    unified: bool,
}

impl Place {
    fn group(&self) -> PathBuf {
        self.parent.join(format!("{PREFIX}{}", std::process::id()))
    }

    fn make(&self, setting: &Setting) -> Result<()> {
        let group = self.group();
        let what = || format!("a limit of {}: {}", setting.controller, group.display());
        match std::fs::create_dir(&group) {
            // Version 2 has one group for both.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result.because(FaultKind::Limits, what)?,
        }
        let files = if self.unified {
            &setting.unified
        } else {
            &setting.legacy
        };
        for (file, value, required) in files {
            let result = std::fs::write(group.join(file), value);
            if *required {
                result.because(FaultKind::Limits, what)?;
            }
        }
        Ok(())
    }
}

/// The hierarchies of this host.
#[derive(Debug, Default, PartialEq)]
struct Mounts {
    unified: Option<PathBuf>,
    /// Each with its controllers.
    legacy: Vec<(PathBuf, Vec<String>)>,
}

impl Mounts {
    fn read() -> io::Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(
            "/proc/self/mountinfo",
        )?))
    }

    /// Reads `mountinfo` (proc(5)): after a dash come type, source and options of the file system.
    fn parse(text: &str) -> Self {
        let mut mounts = Self::default();
        for line in text.lines() {
            let Some((mount, filesystem)) = line.split_once(" - ") else {
                continue;
            };
            let mut fields = mount.split(' ');
            let (Some(root), Some(path)) = (fields.nth(3), fields.next()) else {
                continue;
            };
            let words: Vec<&str> = filesystem.split(' ').collect();
            let &[kind, _, options] = words.as_slice() else {
                continue;
            };
            match kind {
                "cgroup2" if mounts.unified.is_none() => mounts.unified = Some(path.into()),
                "cgroup" if root == "/" => {
                    let controllers = options.split(',').map(str::to_owned).collect();
                    mounts.legacy.push((path.into(), controllers));
                }
                _ => {}
            }
        }
        mounts
    }

    /// Where a controller can be used: version 2 if it has it, else version 1.
    fn place(&self, setting: &Setting) -> Result<Place> {
        let controller = setting.controller;
        if let Some(parent) = &self.unified
            && offers(parent, controller)
        {
            return Ok(Place {
                parent: parent.clone(),
                unified: true,
            });
        }
        let legacy = self.legacy.iter().find(|(path, controllers)| {
            let has = controllers.iter().any(|name| name == controller);
            // This also sees a file system that is mounted read-only, as in a container.
            let writable = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
            has && writable
        });
        let Some((parent, _)) = legacy else {
            let message = format!(
                "a limit of {controller} cannot be set: no control group of this host has that \
                 controller and can be written to"
            );
            return Err(Fault::new(FaultKind::Limits, message));
        };
        Ok(Place {
            parent: parent.clone(),
            unified: false,
        })
    }
}

/// Does the root of version 2 give a controller to groups below it, or can it be made to?
fn offers(root: &Path, controller: &str) -> bool {
    let lists = |file: &str| {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        text.split_whitespace().any(|name| name == controller)
    };
    if !lists("cgroup.controllers") {
        return false;
    }
    lists("cgroup.subtree_control")
        || std::fs::write(
            root.join("cgroup.subtree_control"),
            format!("+{controller}"),
        )
        .is_ok()
}

/// Removes groups of helpers that were killed together with their janitors.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            // One that is in use cannot be removed.
            let _ = janitor::remove_tree(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Mounts;

    #[test]
    fn hierarchies_are_found() {
        let text = "25 30 0:22 / /sys rw shared:7 - sysfs sysfs rw\n\
            33 25 0:28 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
            34 25 0:29 /docker/x /c rw - cgroup cgroup rw,pids\n\
            35 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";
        let mounts = Mounts::parse(text);
        let memory = vec!["rw".to_owned(), "memory".to_owned()];
        assert_eq!(
            mounts,
            Mounts {
                unified: Some("/sys/fs/cgroup/unified".into()),
                legacy: vec![(PathBuf::from("/sys/fs/cgroup/memory"), memory)],
            }
        );
    }
}

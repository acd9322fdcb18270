//! The mark on what a run makes until it is handed over: by it a sweep tells whether the run still
//! lives.

use std::path::Path;

use ami_core::id::{Id, Kind};
use rustix::process::{Pid, test_kill_process};

/// Where Linux tells one boot from another (proc(5)).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// What a mark says that could not be taken away from what was handed over.
pub(crate) const HANDED_OVER: &str = "handed-over";

/// Which process made a thing, on which instance. As a tag's value `i-ID BOOT NAMESPACE PID START`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The instance.
    pub(crate) instance: Id,
    boot: String,
    /// The PID namespace: numbers of processes mean nothing in another.
    namespace: u64,
    process: i32,
    /// When it was started, in ticks since the boot: numbers come back.
    start: u64,
}

/// What became of the process that a mark names, as far as this one can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is there, or may be.
    Lives,
    /// It is gone.
    Gone,
    /// It was on another instance.
    Elsewhere,
}

impl Mark {
    /// That of this process.
    pub(crate) fn own(instance: &Id) -> Self {
        let process = std::process::id().cast_signed();
        Self {
            instance: instance.clone(),
            boot: boot(),
            namespace: namespace(),
            process,
            start: start(process).unwrap_or_default(),
        }
    }

    /// As a tag's value.
    pub(crate) fn value(&self) -> String {
        format!(
            "{} {} {} {} {}",
            self.instance, self.boot, self.namespace, self.process, self.start
        )
    }

    /// Reads a tag's value.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mark = Self {
            instance: words.next()?.parse().ok()?,
            boot: words.next()?.to_owned(),
            namespace: words.next()?.parse().ok()?,
            process: words.next()?.parse().ok()?,
            start: words.next()?.parse().ok()?,
        };
        let is_whole = words.next().is_none() && mark.instance.kind() == Kind::Instance;
        is_whole.then_some(mark)
    }

    /// What became of the process, seen from this instance.
    pub(crate) fn fate(&self, here: &Id) -> Fate {
        if self.instance != *here {
            return Fate::Elsewhere;
        }
        if self.boot != boot() {
            return Fate::Gone;
        }
        // In a container, or seen from one, nobody can tell before the next boot.
        if self.namespace != namespace() {
            return Fate::Lives;
        }
        let Some(pid) = Pid::from_raw(self.process) else {
            return Fate::Gone;
        };
        match (test_kill_process(pid), start(self.process)) {
            (Err(rustix::io::Errno::SRCH), _) => Fate::Gone,
            (_, Some(start)) if start != self.start => Fate::Gone,
            _ => Fate::Lives,
        }
    }
}

fn boot() -> String {
    let text = std::fs::read_to_string(BOOT).unwrap_or_default();
    match text.trim() {
        "" => "unknown".to_owned(),
        text => text.to_owned(),
    }
}

/// The number of the PID namespace; 0 where that is not told.
fn namespace() -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino())
}

/// When a process was started: field 22 of its stat (proc_pid_stat(5)). The second field, its name,
/// may hold blanks and brackets.
fn start(process: i32) -> Option<u64> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(Path::new(&path)).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    fields.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Fate, Mark};
    use ami_core::id::Id;

    fn id(text: &str) -> Id {
        text.parse().expect("an ID")
    }

    #[test]
    fn marks_are_read_as_they_are_written() {
        let own = Mark::own(&id("i-12345678"));
        assert_eq!(Mark::parse(&own.value()), Some(own.clone()));
        assert!(own.value().len() < 256);
        for wrong in [
            "",
            "i-12345678",
            "vol-12345678 b 1 2 3",
            "i-12345678 b 1 2 3 4",
        ] {
            assert_eq!(Mark::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_what_is_surely_gone_is_gone() {
        let here = id("i-12345678");
        let own = Mark::own(&here);
        assert_eq!(own.fate(&here), Fate::Lives);
        assert_eq!(own.fate(&id("i-87654321")), Fate::Elsewhere);
        let with = |change: fn(&mut Mark)| {
            let mut mark = own.clone();
            change(&mut mark);
            mark.fate(&here)
        };
        assert_eq!(with(|mark| mark.boot = "another".to_owned()), Fate::Gone);
        assert_eq!(with(|mark| mark.namespace += 1), Fate::Lives);
        assert_eq!(with(|mark| mark.start += 1), Fate::Gone);
        assert_eq!(with(|mark| mark.process = i32::MAX), Fate::Gone);
        // Somebody else's process.
        assert_eq!(with(|mark| mark.process = 1), Fate::Gone);
    }
}

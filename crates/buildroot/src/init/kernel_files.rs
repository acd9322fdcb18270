//! The build's `/proc` and `/sys`: its own processes, and nothing by which the host is changed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::mount::MountAttrFlags;

use crate::fault::{Because, Result};
use crate::mounting::{Mount, data_only};
use crate::protocol::FaultKind;

/// Files by which root changes the kernel, whatever its capabilities: they may be read only. The
/// lists are those of the OCI runtimes (runtime-spec, config-linux.md; runc's defaults).
const READ_ONLY: [&str; 6] = ["bus", "fs", "irq", "mtrr", "sys", "sysrq-trigger"];

/// Files that tell what is the host's business: they are empty.
const MASKED: [&str; 12] = [
    "acpi",
    "asound",
    "interrupts",
    "kallsyms",
    "kcore",
    "keys",
    "kmsg",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
];

const MASKED_IN_SYS: [&str; 2] = ["firmware", "devices/virtual/powercap"];

/// Mounts both.
pub(crate) fn mount(proc: BorrowedFd<'_>, sys: BorrowedFd<'_>, null: &OwnedFd) -> Result<()> {
    let what = || "/proc".to_owned();
    let processes = Mount::new("proc", &[], data_only()).because(FaultKind::Host, what)?;
    processes.put_at(proc).because(FaultKind::Host, what)?;
    for name in READ_ONLY {
        if let Some(place) = find(&processes, name) {
            let again = Mount::of(place.as_fd()).because(FaultKind::Host, what)?;
            again
                .restrict(MountAttrFlags::MOUNT_ATTR_RDONLY, None)
                .because(FaultKind::Host, what)?;
            again.put_at(place.as_fd()).because(FaultKind::Host, what)?;
        }
    }
    for name in MASKED {
        mask(&processes, name, null)?;
    }
    let read_only = data_only() | MountAttrFlags::MOUNT_ATTR_RDONLY;
    let devices =
        Mount::new("sysfs", &[], read_only).because(FaultKind::Host, || "/sys".to_owned())?;
    devices
        .put_at(sys)
        .because(FaultKind::Host, || "/sys".to_owned())?;
    for name in MASKED_IN_SYS {
        mask(&devices, name, null)?;
    }
    Ok(())
}

/// Puts nothing over a file or directory.
fn mask(below: &Mount, name: &str, null: &OwnedFd) -> Result<()> {
    let what = || format!("{name}, to be hidden");
    let Some(place) = find(below, name) else {
        return Ok(());
    };
    let stat = fstat(&place).because(FaultKind::Host, what)?;
    let nothing = if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() {
        let read_only = data_only() | MountAttrFlags::MOUNT_ATTR_RDONLY;
        Mount::new("tmpfs", &[("mode", "755")], read_only)
    } else {
        Mount::of(null.as_fd())
    };
    nothing
        .because(FaultKind::Host, what)?
        .put_at(place.as_fd())
        .because(FaultKind::Host, what)
}

/// A file of the kernel's, if this kernel has it.
fn find(below: &Mount, name: &str) -> Option<OwnedFd> {
    openat(below, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()
}

//! What tells what a disk is made for, and what follows from it.

use std::sync::Arc;

use super::MANY;
use super::fat::Fat;
use super::files::Files;
use super::machine::{self, HEAD, Machine};
use super::tree::What;
use crate::layout::{Decision, Volume};
use crate::partitions::Purpose;
use crate::superblock::Kind;
use crate::{Architecture, Error, Layout, ReadAt};

/// Programs that a system has one of at the least.
const PROGRAMS: [&str; 7] = [
    "/usr/lib/systemd/systemd",
    "/sbin/init",
    "/bin/sh",
    "/bin/bash",
    "/usr/bin/bash",
    "/usr/bin/env",
    "/bin/busybox",
];
/// Loaders of programs tell less: those of other architectures may be there for emulators.
const LOADERS: [&str; 3] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux.so.2",
];
/// How the names of kernels begin.
const KERNELS: [&str; 3] = ["vmlinuz", "Image", "vmlinux"];
/// Kernels that are looked at in one directory.
const MANY_KERNELS: usize = 4;

/// Something that is made for a processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    machine: Machine,
    /// What says so: `/bin/sh on partition 1`.
    what: String,
}

/// What the root tells, and kernels on other file systems.
pub(super) fn of_system(
    disk: &Arc<dyn ReadAt>,
    layout: &Layout,
    root: Option<&Volume>,
) -> Vec<Evidence> {
    let mut found = Vec::new();
    if let Some(root) = root {
        if let Some(mut files) = Files::open(disk, root) {
            found.extend(programs(&mut files, root));
            found.extend(kernels(&mut files, "/boot", root));
        }
        found.extend(of_type(root));
    }
    let others = layout
        .volumes
        .iter()
        .filter(|volume| root.is_none_or(|root| root.start != volume.start))
        .filter(|volume| volume.kind().is_some_and(Kind::can_be_root));
    for volume in others.take(MANY) {
        if let Some(mut files) = Files::open(disk, volume) {
            found.extend(kernels(&mut files, "/", volume));
        }
    }
    found
}

/// What the boot loaders on EFI system partitions tell: `EFI/BOOT/BOOTX64.EFI` and all in the
/// directories beside it. The name of the first says it as well, but may be wrong.
pub(super) fn of_loaders(disk: &Arc<dyn ReadAt>, layout: &Layout) -> Vec<Evidence> {
    let mut found = Vec::new();
    let volumes = layout.volumes.iter();
    let volumes = volumes.filter(|volume| volume.kind() == Some(Kind::Vfat));
    for volume in volumes.take(MANY) {
        let window = volume.window(&**disk);
        let Some(fat) = Fat::open(&window) else {
            continue;
        };
        for (path, head) in fat.loaders(HEAD) {
            found.extend(evidence(&head, &path, volume));
        }
    }
    found
}

/// Weighs it. What is first in each list is named as the reason.
pub(super) fn decide(
    system: &[Evidence],
    loaders: &[Evidence],
) -> Result<Option<Decision<Architecture>>, Error> {
    let (strong, weak) = if system.is_empty() {
        (loaders, system)
    } else {
        (system, loaders)
    };
    let Some(first) = agreed(strong)? else {
        return Ok(None);
    };
    let fits = |other: &&Evidence| joined(first.machine, other.machine);
    if let Some(other) = weak.first()
        && !weak.iter().any(|other| fits(&other))
    {
        return Err(contradiction(first, other));
    }
    // A root of 32 bits with a kernel or a boot loader of 64 runs on either.
    let all = || strong.iter().chain(weak);
    let wider = all().find(|e| e.machine == Machine::Known(Architecture::X86_64));
    let deciding = match first.machine {
        Machine::Known(Architecture::I386) => wider.unwrap_or(first),
        _ => first,
    };
    match deciding.machine {
        Machine::Known(value) => Ok(Some(Decision {
            value,
            reason: format!("{} is made for it", deciding.what),
        })),
        Machine::Foreign(name) => Err(Error::Architecture(format!(
            "{} is made for {name}, which EC2 has not",
            deciding.what
        ))),
    }
}

/// The first, if all others are for the same.
fn agreed(list: &[Evidence]) -> Result<Option<&Evidence>, Error> {
    let Some(first) = list.first() else {
        return Ok(None);
    };
    match list.iter().find(|e| !joined(first.machine, e.machine)) {
        Some(other) => Err(contradiction(first, other)),
        None => Ok(Some(first)),
    }
}

/// Can they be parts of one system?
fn joined(one: Machine, other: Machine) -> bool {
    use Architecture::{I386, X86_64};
    let is_pc = |machine| matches!(machine, Machine::Known(I386 | X86_64));
    one == other || (is_pc(one) && is_pc(other))
}

fn contradiction(one: &Evidence, other: &Evidence) -> Error {
    let name = |machine| match machine {
        Machine::Known(architecture) => architecture.as_str(),
        Machine::Foreign(name) => name,
    };
    Error::Architecture(format!(
        "{} is made for {}, but {} for {}",
        one.what,
        name(one.machine),
        other.what,
        name(other.machine)
    ))
}

fn programs(files: &mut Files, root: &Volume) -> Vec<Evidence> {
    let mut look = |paths: &[&str]| -> Vec<Evidence> {
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for path in paths {
            let Some((at, What::File)) = files.find(path) else {
                continue;
            };
            if !seen.contains(&at) {
                let head = files.head(&at, HEAD).unwrap_or_default();
                found.extend(evidence(&head, path, root));
                seen.push(at);
            }
        }
        found
    };
    let programs = look(&PROGRAMS);
    if programs.is_empty() {
        return look(&LOADERS);
    }
    programs
}

fn kernels(files: &mut Files, directory: &str, volume: &Volume) -> Vec<Evidence> {
    let names = files.names(directory).into_iter();
    let kernels = names.filter(|name| KERNELS.iter().any(|kernel| name.starts_with(kernel)));
    kernels
        .take(MANY_KERNELS)
        .filter_map(|name| {
            let path = format!("{}/{name}", directory.trim_end_matches('/'));
            evidence(&files.head(&path, HEAD)?, &path, volume)
        })
        .collect()
}

fn of_type(root: &Volume) -> Option<Evidence> {
    match root.partition.as_ref()?.purpose {
        Purpose::Root(Some(architecture)) => Some(Evidence {
            machine: Machine::Known(architecture),
            what: format!("the type of {root}"),
        }),
        Purpose::Root(None) => Some(Evidence {
            machine: Machine::Foreign("another processor"),
            what: format!("the type of {root}"),
        }),
        _ => None,
    }
}

fn evidence(head: &[u8], path: &str, volume: &Volume) -> Option<Evidence> {
    Some(Evidence {
        machine: machine::of(head)?,
        what: format!("{path} on {volume}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Machine, decide};
    use crate::Architecture::{Arm64, I386, X86_64};

    fn evidence(machine: Machine, what: &str) -> Evidence {
        let what = what.to_owned();
        Evidence { machine, what }
    }

    fn decided(system: &[Evidence], loaders: &[Evidence]) -> Result<String, String> {
        match decide(system, loaders) {
            Ok(Some(decision)) => Ok(format!("{}: {}", decision.value, decision.reason)),
            Ok(None) => Ok("nothing".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn evidence_is_weighed() {
        let sh = |architecture| evidence(Machine::Known(architecture), "/bin/sh");
        let kernel = evidence(Machine::Known(X86_64), "the kernel");
        let boot = |architecture| evidence(Machine::Known(architecture), "BOOT.EFI");
        let ok = |text: &str| Ok(text.to_owned());
        let err = |text: &str| Err(text.to_owned());
        assert_eq!(decided(&[], &[]), ok("nothing"));
        let found = decided(&[sh(X86_64)], &[boot(X86_64)]);
        assert_eq!(found, ok("x86_64: /bin/sh is made for it"));
        let found = decided(&[sh(I386)], &[]);
        assert_eq!(found, ok("i386: /bin/sh is made for it"));
        let found = decided(&[sh(I386), kernel], &[]);
        assert_eq!(found, ok("x86_64: the kernel is made for it"));
        // A boot loader for more than the system is usual, one for anything else is not.
        let found = decided(&[sh(Arm64)], &[boot(X86_64), boot(Arm64)]);
        assert_eq!(found, ok("arm64: /bin/sh is made for it"));
        let found = decided(&[sh(Arm64)], &[boot(X86_64)]);
        let why = "/bin/sh is made for arm64, but BOOT.EFI for x86_64";
        assert_eq!(found, err(why));
        let found = decided(&[], &[boot(X86_64), boot(I386)]);
        assert_eq!(found, ok("x86_64: BOOT.EFI is made for it"));
        assert!(decided(&[], &[boot(X86_64), boot(Arm64)]).is_err());
        let foreign = evidence(Machine::Foreign("RISC-V"), "/bin/sh");
        let why = "/bin/sh is made for RISC-V, which EC2 has not";
        assert_eq!(decided(&[foreign], &[]), err(why));
    }
}

//! What the command may do: what package managers need, and no more.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, LinkNameSpaceType, clear_ambient_capability_set,
    move_into_link_name_space, remove_capability_from_bounding_set, set_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::filter;
use super::user::User;
use crate::kernel;
use crate::protocol::Network;

/// What packages need to be installed, and services to be tried: the set that containers commonly
/// have, and `LINUX_IMMUTABLE`, since images with `chattr +i` on a file are common.
///
/// Not among them: `SYS_ADMIN` (mounting; Debian's and Red Hat's packages do without),
/// `DAC_READ_SEARCH` (opens files of a bind's whole file system by their handles), `SYS_MODULE`,
/// `SYS_RAWIO`, `SYS_BOOT`, `SYS_TIME`, `SYS_PTRACE`, `MAC_ADMIN`, `AUDIT_CONTROL`, `NET_ADMIN`
/// and all others.
///
/// `NET_RAW` reads and writes whatever packets there are, so it is for a network of the build's own.
/// On the host's a program that has it by an attribute of its file (ping) is not run: EPERM.
fn kept(network: Network) -> CapabilitySet {
    let raw = match network {
        Network::Host => CapabilitySet::empty(),
        Network::None => CapabilitySet::NET_RAW,
    };
    raw | CapabilitySet::AUDIT_WRITE
        | CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::KILL
        | CapabilitySet::LINUX_IMMUTABLE
        | CapabilitySet::MKNOD
        | CapabilitySet::NET_BIND_SERVICE
        | CapabilitySet::SETFCAP
        | CapabilitySet::SETGID
        | CapabilitySet::SETPCAP
        | CapabilitySet::SETUID
        | CapabilitySet::SYS_CHROOT
}

/// Makes this process what the command is to run as. There is no way back.
pub(crate) fn confine(user: &User, users: Option<&OwnedFd>, network: Network) -> io::Result<()> {
    if let Some(users) = users {
        use std::os::fd::AsFd;
        move_into_link_name_space(users.as_fd(), Some(LinkNameSpaceType::User))?;
    }
    // While we may still do that without giving up set-user-ID programs for it.
    kernel::filter_system_calls(&filter::program())?;
    let kept = kept(network);
    bound_capabilities(kept)?;
    clear_ambient_capability_set()?;
    let groups: Vec<Gid> = user
        .groups
        .iter()
        .map(|group| Gid::from_raw(*group))
        .collect();
    set_thread_groups(&groups)?;
    let group = Gid::from_raw(user.group);
    set_thread_res_gid(group, group, group)?;
    let number = Uid::from_raw(user.user);
    set_thread_res_uid(number, number, number)?;
    let left = if user.user == 0 {
        kept
    } else {
        CapabilitySet::empty()
    };
    set_capabilities(
        None,
        CapabilitySets {
            effective: left,
            permitted: left,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// Programs that are run from now on cannot get any other capability, set-user-ID or not.
fn bound_capabilities(kept: CapabilitySet) -> io::Result<()> {
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if kept.contains(capability) {
            continue;
        }
        match remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // This kernel has no more of them.
            Err(Errno::INVAL) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

//! Growing an ext4 that is not mounted. The kernel grows a mounted one only for CAP_SYS_RESOURCE,
//! which root has everywhere but in some containers and small virtual machines.

use std::io;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, UnshareFlags, capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use super::fills;
use crate::fault::{Because, Result};
use crate::helper::alone::root_of;
use crate::helper::disk::Device;
use crate::helper::filesystem::{Filesystem, place};
use crate::helper::root::Root;
use crate::helper::users::root_user;
use crate::kernel::{self, size_of_file};
use crate::mounting::Mount;
use crate::protocol::{Fault, FaultKind};

/// Where the programs of e2fsprogs are.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Grows the file system on the device, if the kernel would not do it. Returns its size before and
/// after, if it has grown.
pub(crate) fn offline(device: &Device, root: &Root) -> Result<Option<(u64, u64)>> {
    let own = capabilities(None).because(FaultKind::Host, || "capabilities".to_owned())?;
    let before = root.size.unwrap_or(0);
    let length = size_of_file(device.as_fd()).because(FaultKind::Disk, || device.path())?;
    let by_kernel = own.effective.contains(CapabilitySet::SYS_RESOURCE);
    if root.filesystem != Filesystem::Ext4 || by_kernel || fills(length, before) {
        return Ok(None);
    }
    // It insists on being checked first. 1 says that there was something to repair.
    run("e2fsck", &["-f", "-p"], device, 1)?;
    run("resize2fs", &[], device, 0)?;
    Ok(Some((before, length)))
}

/// Runs a program on the device, as a user who has nothing else: the bytes may be made to do harm.
fn run(program: &str, words: &[&str], device: &Device, highest: i32) -> Result<()> {
    let (place, nobody) = (place()?, root_user());
    let root = root_of(device, nobody).because(FaultKind::Host, || device.path())?;
    let mut command = Command::new(program);
    command.args(words).arg(format!("{place}{}", device.path()));
    command.env_clear().env("PATH", PATH);
    kernel::before_exec(&mut command, move || step_down(&root, place, nobody));
    let output = command.stdin(Stdio::null()).output();
    let output = output.because(FaultKind::Host, || {
        format!("the ext4 cannot be grown without CAP_SYS_RESOURCE or {program}")
    })?;
    if output.status.code().is_some_and(|code| code <= highest) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let message = format!("the ext4 cannot be grown: {program}: {}", lines.join("; "));
    Err(Fault::new(FaultKind::Disk, message))
}

/// Puts the device where only this process sees it, and gives up all privilege.
fn step_down(root: &Mount, place: &str, user: u32) -> io::Result<()> {
    kernel::unshare(UnshareFlags::NEWNS)?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private)?;
    root.put_at_path(place)?;
    set_no_new_privs(true)?;
    set_thread_groups(&[])?;
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(user));
    set_thread_res_gid(group, group, group)?;
    // With the user go the capabilities (capabilities(7)).
    Ok(set_thread_res_uid(user, user, user)?)
}

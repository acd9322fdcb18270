//! Growing an ext4 that is not mounted. The kernel grows a mounted one only for CAP_SYS_RESOURCE,
//! which root has everywhere but in some containers and small virtual machines.

use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use rustix::thread::{CapabilitySet, capabilities};

use super::fills;
use crate::fault::{Because, Result};
use crate::helper::disk::Device;
use crate::helper::filesystem::Filesystem;
use crate::helper::root::Root;
use crate::kernel::size_of_file;
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
    let path = device.path();
    // It insists on being checked first. 1 says that there was something to repair.
    run("e2fsck", &["-f", "-p", &path], 1)?;
    run("resize2fs", &[&path], 0)?;
    Ok(Some((before, length)))
}

fn run(program: &str, words: &[&str], highest: i32) -> Result<()> {
    let mut command = Command::new(program);
    command.args(words).env_clear().env("PATH", PATH);
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

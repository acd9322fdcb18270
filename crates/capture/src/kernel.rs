//! The calls to the kernel for which `rustix` has no safe function, each behind one here.
//!
//! Invariant: all `unsafe` code of this crate is in this file.

#![allow(unsafe_code)]

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use linux_raw_sys::loop_device::{
    LO_FLAGS_AUTOCLEAR, LOOP_CLR_FD, LOOP_CONFIGURE, LOOP_CTL_GET_FREE, LOOP_SET_FD,
    LOOP_SET_STATUS64, loop_config, loop_info64,
};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::UnshareFlags;

/// Gives the calling thread namespaces of its own.
pub(crate) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    // SAFETY: what could make this unsafe is a table of descriptors that threads no longer share,
    // and nobody asks for that here.
    unsafe { rustix::thread::unshare_unsafe(namespaces - UnshareFlags::FILES) }?;
    Ok(())
}

/// The number of a loop device that is free, or was until now.
pub(crate) fn free_loop_device(control: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: this request takes no argument and writes nothing.
    let number = unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE as _) };
    u32::try_from(number).map_err(|_| io::Error::last_os_error())
}

/// Makes a loop device show a file, until nobody has the device open or mounted any more.
pub(crate) fn configure_loop_device(
    device: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
) -> io::Result<()> {
    // SAFETY: both are plain numbers and arrays of them, for which zeroes are values.
    let mut config: loop_config = unsafe { zeroed() };
    let mut info: loop_info64 = unsafe { zeroed() };
    info.lo_flags = LO_FLAGS_AUTOCLEAR as u32;
    for (to, from) in info.lo_file_name.iter_mut().zip(*b"ami-capture") {
        *to = from;
    }
    // A descriptor is never negative.
    config.fd = file.as_raw_fd() as u32;
    config.info = info;
    // SAFETY: the request reads one `loop_config`, which lives until the call returns.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE as _, &raw const config) };
    match check(result) {
        // Kernels before 5.8 do not know it.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOTTY)) => {
            configure_in_two_steps(device, file, &info)
        }
        result => result,
    }
}

fn configure_in_two_steps(
    device: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    info: &loop_info64,
) -> io::Result<()> {
    // SAFETY: the argument of this request is a descriptor.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_SET_FD as _, file.as_raw_fd()) };
    check(result)?;
    // SAFETY: the request reads one `loop_info64`, which lives until the call returns.
    let result = unsafe {
        libc::ioctl(
            device.as_raw_fd(),
            LOOP_SET_STATUS64 as _,
            std::ptr::from_ref(info),
        )
    };
    check(result).inspect_err(|_| {
        // SAFETY: this request takes no argument.
        unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CLR_FD as _, 0) };
    })
}

/// Lets the program that `command` becomes die with the thread that starts it.
pub(crate) fn die_with_parent(command: &mut Command) {
    // SAFETY: the child calls nothing but prctl(2), which takes no lock and no memory.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

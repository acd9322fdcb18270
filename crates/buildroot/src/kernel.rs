//! The calls to the kernel for which `rustix` has no safe function, each behind one here.
//!
//! Invariant: all `unsafe` code of this crate is in this file.

#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, size_of_val, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use linux_raw_sys::general::mount_attr;
use linux_raw_sys::loop_device::{
    LOOP_CONFIGURE, LOOP_CTL_GET_FREE, LOOP_GET_STATUS64, loop_config, loop_info64,
};
use rustix::thread::UnshareFlags;

/// Leaves these namespaces for new ones.
pub(crate) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    // SAFETY: what could make this unsafe is a table of descriptors that threads no longer share.
    // Nobody asks for that here, and this program has one thread.
    unsafe { rustix::thread::unshare_unsafe(namespaces - UnshareFlags::FILES) }?;
    Ok(())
}

/// Sets attributes of a mount and of those on it, given by a descriptor of its root; with `map`, lets
/// them show the owners of files as that user namespace maps them. What is mounted on them from now on
/// shows nowhere else, and what is mounted elsewhere does not show on them.
pub(crate) fn set_mount_attributes(
    mount: BorrowedFd<'_>,
    attributes: u32,
    map: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut request = mount_attr {
        attr_set: attributes.into(),
        attr_clr: 0,
        propagation: linux_raw_sys::general::MS_PRIVATE.into(),
        userns_fd: 0,
    };
    if let Some(map) = map {
        request.attr_set |= u64::from(linux_raw_sys::general::MOUNT_ATTR_IDMAP);
        // A descriptor is never negative.
        request.userns_fd = map.as_raw_fd() as u64;
    }
    // SAFETY: the path is a C string, and the kernel reads as many bytes of the request as it is
    // told there are. Both live until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const request,
            size_of::<mount_attr>(),
        )
    };
    check(result)
}

/// The number of a loop device that is free, or was until now.
pub(crate) fn free_loop_device(control: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: this request takes no argument and writes nothing.
    let number = unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE as _) };
    u32::try_from(number).map_err(|_| io::Error::last_os_error())
}

/// Makes a loop device show a part of a file, until nobody has the device open any more.
pub(crate) fn configure_loop_device(
    device: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    start: u64,
    length: u64,
    flags: u32,
) -> io::Result<()> {
    // SAFETY: both are plain numbers and arrays of them, for which zeroes are values.
    let mut config: loop_config = unsafe { zeroed() };
    let mut info: loop_info64 = unsafe { zeroed() };
    info.lo_offset = start;
    info.lo_sizelimit = length;
    info.lo_flags = flags;
    for (to, from) in info.lo_file_name.iter_mut().zip(*b"ami-chroot") {
        *to = from;
    }
    // A descriptor is never negative.
    config.fd = file.as_raw_fd() as u32;
    config.info = info;
    // SAFETY: the request reads one `loop_config`, which lives until the call returns.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE as _, &raw const config) };
    check(result.into())
}

/// The file that a loop device shows: the numbers of its file system and of itself, as fstat(2) has
/// them.
pub(crate) fn file_of_loop_device(device: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    // SAFETY: plain numbers and arrays of them, for which zeroes are values.
    let mut info: loop_info64 = unsafe { zeroed() };
    // SAFETY: this request writes a `loop_info64`.
    unsafe { ioctl_with(device, LOOP_GET_STATUS64.into(), &mut info) }?;
    Ok((info.lo_device, info.lo_inode))
}

/// An ioctl(2) that reads one value.
///
/// # Safety
/// `request` must be one that reads a `T`, and writes at most over what it read.
unsafe fn ioctl_with<T>(file: BorrowedFd<'_>, request: u64, value: &mut T) -> io::Result<()> {
    // SAFETY: by this function's contract; the value lives until the call returns.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), request as _, std::ptr::from_mut(value)) };
    check(result.into())
}

/// Lets a mounted ext4 have that many blocks.
pub(crate) fn resize_ext4(root: BorrowedFd<'_>, mut blocks: u64) -> io::Result<()> {
    const EXT4_IOC_RESIZE_FS: u64 = 0x4008_6610;
    // SAFETY: _IOW('f', 16, __u64) reads a u64.
    unsafe { ioctl_with(root, EXT4_IOC_RESIZE_FS, &mut blocks) }
}

/// Ends a mounted ext4 or xfs with all that was written on the disk: whoever still has a file of it
/// open can neither read nor write it.
pub(crate) fn shut_down(root: BorrowedFd<'_>) -> io::Result<()> {
    const FS_IOC_SHUTDOWN: u64 = 0x8004_587d;
    let mut with_all_written: u32 = 0;
    // SAFETY: _IOR('X', 125, __u32) reads a u32, whatever its name says.
    unsafe { ioctl_with(root, FS_IOC_SHUTDOWN, &mut with_all_written) }
}

/// Lets the data section of a mounted xfs have that many blocks.
pub(crate) fn grow_xfs(root: BorrowedFd<'_>, blocks: u64, inode_percent: u32) -> io::Result<()> {
    #[repr(C)]
    struct GrowData {
        new_blocks: u64,
        inode_percent: u32,
    }
    const XFS_IOC_FSGROWFSDATA: u64 = 0x4010_586e;
    let mut request = GrowData {
        new_blocks: blocks,
        inode_percent,
    };
    // SAFETY: _IOW('X', 110, struct xfs_growfs_data) reads that struct, 16 bytes long.
    unsafe { ioctl_with(root, XFS_IOC_FSGROWFSDATA, &mut request) }
}

/// The geometry of a mounted xfs: block size, blocks of its data section, percent for inodes.
pub(crate) fn xfs_geometry(root: BorrowedFd<'_>) -> io::Result<(u32, u64, u32)> {
    #[repr(C)]
    #[derive(Default)]
    struct Geometry {
        block_size: u32,
        realtime_extent: u32,
        group_blocks: u32,
        groups: u32,
        log_blocks: u32,
        sector_size: u32,
        inode_size: u32,
        inode_percent: u32,
        data_blocks: u64,
        rest: [u64; 9],
    }
    const XFS_IOC_FSGEOMETRY_V1: u64 = 0x8070_5864;
    let mut answer = Geometry::default();
    // SAFETY: _IOR('X', 100, struct xfs_fsop_geom_v1) writes that struct, 112 bytes long.
    unsafe { ioctl_with(root, XFS_IOC_FSGEOMETRY_V1, &mut answer) }?;
    Ok((answer.block_size, answer.data_blocks, answer.inode_percent))
}

/// Lets the only device of a mounted btrfs be used to its end.
pub(crate) fn grow_btrfs(root: BorrowedFd<'_>) -> io::Result<()> {
    #[repr(C)]
    struct VolumeArguments {
        descriptor: i64,
        name: [u8; 4088],
    }
    const BTRFS_IOC_RESIZE: u64 = 0x5000_9403;
    let mut request = VolumeArguments {
        descriptor: 0,
        name: [0; 4088],
    };
    request.name[..3].copy_from_slice(b"max");
    // SAFETY: _IOW(0x94, 3, struct btrfs_ioctl_vol_args) reads that struct, 4096 bytes long.
    unsafe { ioctl_with(root, BTRFS_IOC_RESIZE, &mut request) }
}

/// The UUID by which the kernel has a mounted btrfs: another one than its superblock's where two of
/// the same are mounted.
pub(crate) fn btrfs_uuid(root: BorrowedFd<'_>) -> io::Result<String> {
    #[repr(C)]
    struct Information {
        highest_number: u64,
        devices: u64,
        uuid: [u8; 16],
        rest: [u8; 992],
    }
    const BTRFS_IOC_FS_INFO: u64 = 0x8400_941f;
    let mut answer = Information {
        highest_number: 0,
        devices: 0,
        uuid: [0; 16],
        rest: [0; 992],
    };
    // SAFETY: _IOR(0x94, 31, struct btrfs_ioctl_fs_info_args) writes that struct, 1024 bytes long.
    unsafe { ioctl_with(root, BTRFS_IOC_FS_INFO, &mut answer) }?;
    let digits = format!("{:032x}", u128::from_be_bytes(answer.uuid));
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    Ok(parts.join("-"))
}

/// Tells the kernel the new length of a partition whose entry was rewritten.
pub(crate) fn resize_partition(
    disk: BorrowedFd<'_>,
    number: u32,
    start: u64,
    length: u64,
) -> io::Result<()> {
    #[repr(C)]
    struct Partition {
        start: i64,
        length: i64,
        number: i32,
        device_name: [u8; 64],
        volume_name: [u8; 64],
    }
    #[repr(C)]
    struct Argument {
        operation: i32,
        flags: i32,
        length: i32,
        data: *mut Partition,
    }
    const BLKPG: u64 = 0x1269;
    const BLKPG_RESIZE_PARTITION: i32 = 3;
    let too_far = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let mut partition = Partition {
        start: start.try_into().map_err(too_far)?,
        length: length.try_into().map_err(too_far)?,
        number: number.try_into().map_err(too_far)?,
        device_name: [0; 64],
        volume_name: [0; 64],
    };
    let mut argument = Argument {
        operation: BLKPG_RESIZE_PARTITION,
        flags: 0,
        length: size_of_val(&partition) as i32,
        data: &raw mut partition,
    };
    // SAFETY: it reads a `struct blkpg_ioctl_arg` and the `struct blkpg_partition` that this names.
    unsafe { ioctl_with(disk, BLKPG, &mut argument) }
}

/// What the controller of an NVMe disk says of itself: 4096 bytes, as the command Identify with CNS 01h
/// gives them (NVM Express Base Specification 1.4, section 5.15).
pub(crate) fn identify_nvme(disk: BorrowedFd<'_>) -> io::Result<[u8; 4096]> {
    /// `struct nvme_admin_cmd` of linux/nvme_ioctl.h: 72 bytes.
    #[repr(C)]
    #[derive(Default)]
    struct Command {
        opcode: u8,
        flags: u8,
        reserved: u16,
        namespace: u32,
        words_2_and_3: [u32; 2],
        metadata: u64,
        data: u64,
        metadata_length: u32,
        data_length: u32,
        words_10_to_15: [u32; 6],
        timeout_ms: u32,
        result: u32,
    }
    const { assert!(size_of::<Command>() == 72) };
    const NVME_IOCTL_ADMIN_CMD: u64 = 0xC048_4E41;
    const IDENTIFY: u8 = 0x06;
    const CONTROLLER: u32 = 0x01;
    let mut answer = [0; 4096];
    let mut command = Command {
        opcode: IDENTIFY,
        data: answer.as_mut_ptr() as u64,
        data_length: size_of_val(&answer) as u32,
        words_10_to_15: [CONTROLLER, 0, 0, 0, 0, 0],
        ..Command::default()
    };
    // SAFETY: _IOWR('N', 0x41, struct nvme_admin_cmd) reads and writes that struct; Identify writes
    // at most `data_length` bytes to `data`, which outlives the call.
    unsafe { ioctl_with(disk, NVME_IOCTL_ADMIN_CMD, &mut command) }?;
    Ok(answer)
}

/// Who made the pair of sockets that this is one end of: user and group.
///
/// The kernel noted it then, so it is not what anyone says. `rustix` has this call too, but not for
/// a peer outside of our PID namespace, which has no number in it.
pub(crate) fn owner_of_peer(socket: BorrowedFd<'_>) -> io::Result<(u32, u32)> {
    // SAFETY: plain numbers, for which zeroes are values.
    let mut credentials: libc::ucred = unsafe { zeroed() };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to the struct, and to `length`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    check(result.into())?;
    Ok((credentials.uid, credentials.gid))
}

/// Lets this process, and what it becomes, make only the system calls that the filter lets through.
pub(crate) fn filter_system_calls(filter: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel reads `len` instructions, and copies them before the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    };
    check(result)
}

/// Lets `first` run in the child of `command`, before it becomes another program.
pub(crate) fn before_exec(
    command: &mut Command,
    first: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: between fork and exec of a program that has several threads little may be called.
    // This program has one, so the child may do all that its parent might have done.
    unsafe { command.pre_exec(first) };
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The size of a block device or file, which it is left at the end of.
pub(crate) fn size_of_file(file: impl AsFd) -> io::Result<u64> {
    Ok(rustix::fs::seek(file, rustix::fs::SeekFrom::End(0))?)
}

/// Brings up the loopback interface of this network namespace.
pub(crate) fn raise_loopback() -> io::Result<()> {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )?;
    // SAFETY: plain numbers and arrays of them, for which zeroes are values.
    let mut request: libc::ifreq = unsafe { zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(*b"lo") {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: the request reads one `ifreq`.
    unsafe { ioctl_with(socket.as_fd(), libc::SIOCSIFFLAGS, &mut request) }
}

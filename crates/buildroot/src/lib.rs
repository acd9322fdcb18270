//! A build root: a command run in a disk's root file system, apart from the host, leaving nothing
//! behind whoever dies.
//!
//! Two programs take part. The *tool* is whatever the user started, and needs no privilege. The
//! *helper*, `amichroot`, has it, by sudo or because the tool is root; it is small, knows nothing of
//! AWS, and takes descriptors instead of paths. They talk over a socket ([`protocol`]); the tool's
//! side is [`client`].
//!
//! # How a build goes
//!
//! ```text
//! tool ── [sudo] ── helper ─┬─ PID 1 of the build ── the command
//!                           └─ janitor (where there are limits)
//! ```
//!
//! The helper's standard input is one end of a socket pair, since sudo closes all else. It finds the
//! root in the disk, makes a loop device that the kernel takes down by itself, leaves the host's
//! namespaces, mounts the root where only it sees it, and makes what changes in the image are
//! needed. PID 1 puts file systems of the build's own on a copy of that mount, makes it the only
//! tree of files that there is (pivot_root, the old one unmounted), starts the command and reaps.
//! When the command ends so does PID 1, and with it whatever is still running; the helper puts the
//! image in order, unmounts it, waits until the kernel has let go of the device, and reports.
//!
//! * Invariant: what is made for a build is gone with the processes that hold it: mounts and
//!   namespaces are private, loop devices have AUTOCLEAR, PID 1 dies with the helper, and the helper
//!   ends everything when its socket closes. Control groups alone outlive their makers, so the
//!   janitor waits for the helper's end to remove them.
//! * Invariant: nothing is mounted over a file of the image, since a package manager could not
//!   replace it then; only `--bind` does so, where the user says it.
//! * Invariant: paths in the image are resolved inside of it by the kernel (openat2,
//!   `RESOLVE_IN_ROOT`), and while no process of the build runs. Nothing is made on the way to the
//!   place of a bind once another bind is in the tree.
//! * Invariant: a file system is mounted with no other device in reach than its own, and the mounts
//!   of a build propagate to nobody's.
//! * Invariant: all `unsafe` code is in one file of calls to the kernel.
//!
//! An image that has no programs yet is filled by the host's: in such a build (`Programs::Host`) the
//! root is made of the host's programs, to be read only, and the image is a directory in it. So no
//! archive is unpacked with the host's files in reach.
//!
//! If the *helper* is killed (SIGKILL), nothing is left on the host, but the image stays as it was in
//! that moment: its own `resolv.conf` under another name, and a `policy-rc.d` that forbids services.
//! Whoever builds in a copy throws it away. Whoever builds in place builds once more, with `true` as
//! the command if need be: the next build finds both and puts them right.
//!
//! Two things stay on the host. Where limits need it, the controllers `memory` and `pids` are passed
//! on by the root of the control groups (`cgroup.subtree_control`), as systemd does too. And a pipe
//! that was a stream of a build of a caller who is not root keeps a mode that lets whoever gets at it
//! open it once more; it has no name, so nobody does who does not have it.
//!
//! # Whom the line in sudoers trusts
//!
//! ```text
//! %builders ALL=(root) NOPASSWD: /usr/libexec/ami-tools/amichroot ""
//! ```
//!
//! The empty argument forbids arguments; the helper takes none but one for tests. Its directory and
//! file must be root's. sudo must not keep a log of this command's input (`log_input`), which would
//! put a pipe in place of the socket.
//!
//! Who may call it can, as root does: mount any file that they can write, as ext4, xfs or btrfs, and
//! so have the kernel read what they made up, and change it while it reads; run programs in it; use
//! processes, memory and disk space as far as they set limits themselves; and, while a helper of
//! theirs is running, open an EBS volume that is attached to this instance in that time, unless it is
//! in use already — whoever attaches it. They cannot open any disk that was there before: one is told
//! from another by its serial number, and where it has none by the kernel's number of it (Linux 5.15)
//! or else by its name.
//!
//! A superblock cannot have the kernel use another device: one of several (btrfs) or with its journal
//! elsewhere (ext4) is refused. Since the caller can change it after that was looked at, the mount is
//! made where no path leads to any other device, and the devices of a btrfs are counted afterwards.
//! One thing is left: an ext4 names the device of its journal by number. Who changes that in the very
//! moment of the mount can have a journal used that lies on a device of its own, is of no file system
//! that is mounted, and has a UUID that they know. Where there are such journals, callers are trusted
//! not to.
//!
//! They do not become root by it: for a caller who is not root the command runs in a user namespace
//! in which root is nobody on the host. What they hand into the build, by descriptors, through a
//! shared directory or over a socket, is used with their own rights. A bind shows the caller's files
//! as those of the build's root, and what is made there is the caller's; towards other files the
//! build has the rights of a caller who is in no further group. What is mounted in a source comes
//! along, so that what it hides stays hidden; where it cannot, the bind is refused. In the image all
//! owners are as they would be otherwise. What is missing compared to a build by root: device files
//! cannot be made, and the immutable attribute cannot be set.
//!
//! # What a hostile command can still do
//!
//! * Anything to the image, which is what it is run for; its marks in it (services, users, kernels)
//!   act when the image is booted.
//! * Anything that the caller could to the directories that are bound without `ro`: `/workspace`
//!   above all. Who builds as root binds with root's rights.
//! * With the host's network, talk to whatever the host can: services on loopback, sockets in the
//!   abstract namespace, and the instance's metadata, which hands out the credentials of the
//!   instance's role unless IMDS forbids it to others. `--network none` has none of it.
//! * Send files of the image to others, over a socket in a bind or in the abstract namespace. While
//!   somebody has one open the device cannot be let go of: the build fails, says who it is as far as
//!   that can be seen, and ends the file system for them (ext4, xfs; btrfs knows no such thing before
//!   Linux 6.19, and there they could go on writing).
//! * With `--bootable`, anything to every byte of this disk.
//! * Fill memory, processes and the disk, where there are no limits.
//! * Use what the kernel gives to processes without privilege, and to a file system's writers. In a
//!   build by root there is one boundary less: root in it is root, without the capabilities to mount,
//!   to load modules, to trace, to open files by handle, to use raw devices, to change the network or
//!   to make raw sockets on the host's; without user namespaces of its own, in which it would have
//!   all that again; with `/proc` and `/sys` read-only where they change the kernel; and without
//!   keyrings, BPF, io_uring and other calls that no package needs.
//!
//! Linux 5.12 or later, for the mounts of callers who are not root (xfs: 5.12, btrfs: 5.15). Two
//! btrfs of one UUID, as copies of an image are, are mounted at once from Linux 6.7 on. Linux only:
//! elsewhere this crate is empty.

#![cfg(target_os = "linux")]

pub mod channel;
pub mod client;
mod fault;
pub mod helper;
mod init;
mod kernel;
mod mounting;
pub mod protocol;

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
//!   `RESOLVE_IN_ROOT`), and while no process of the build runs.
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
//! so have the kernel read what they made up; run programs in it; use processes, memory and disk
//! space as far as they set limits themselves; and, while a helper of theirs is running, open an EBS
//! volume that is attached to this instance in that time, unless it is in use already — whoever
//! attaches it. They cannot open any disk that was there before.
//!
//! They do not become root by it: for a caller who is not root the command runs in a user namespace
//! in which root is nobody on the host. What they hand into the build, by descriptors, through a
//! shared directory or over a socket, is used with their own rights. A bind shows the caller's files
//! as those of the build's root, and what is made there is the caller's; towards other files the
//! build has the rights of a caller who is in no further group. In the image all owners are as they
//! would be otherwise. What is missing compared to a build by root: device files cannot be made, and
//! the immutable attribute cannot be set.
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
//! * With `--bootable`, anything to every byte of this disk.
//! * Fill memory, processes and the disk, where there are no limits.
//! * Use what the kernel gives to processes without privilege, and to a file system's writers. In a
//!   build by root there is one boundary less: root in it is root, without the capabilities to
//!   mount, to load modules, to trace, to open files by handle, to use raw devices or to change the
//!   network; with `/proc` and `/sys` read-only where they change the kernel; and without keyrings,
//!   BPF, io_uring and other calls that no package needs.
//!
//! Linux 5.12 or later, for the mounts of callers who are not root (xfs: 5.12, btrfs: 5.15). Linux
//! only: elsewhere this crate is empty.

#![cfg(target_os = "linux")]

pub mod channel;
pub mod client;
mod fault;
pub mod helper;
mod init;
mod kernel;
mod mounting;
pub mod protocol;

//! The build's tree of files: the image, with file systems of its own on it, and nothing else.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2};
use rustix::mount::{MountAttrFlags, UnmountFlags, unmount};
use rustix::thread::UnshareFlags;

use super::plan::{Means, Plan};
use super::{devices, kernel_files, programs};
use crate::fault::{Because, Result};
use crate::helper::image::{absolute, open_inside};
use crate::kernel;
use crate::mounting::{Mount, NO_DEVICES, data_only};
use crate::protocol::{Bind, FaultKind, Programs};

/// Makes the tree in a mount namespace of our own, and makes it the only one that there is.
pub(crate) fn enter(plan: &Plan, means: &mut Means) -> Result<()> {
    let host = |what: &'static str| move || what.to_owned();
    kernel::unshare(UnshareFlags::NEWNS).because(FaultKind::Host, host("a mount namespace"))?;
    let root = root(plan, means)?;
    mount_own(&root, plan)?;
    let trees = std::mem::take(&mut means.trees);
    for ((bind, is_directory), tree) in plan.binds.iter().zip(trees) {
        put_bind(&root, bind, *is_directory, tree)?;
    }
    // Both places may be the same directory: the old root then lies over the new one, and the
    // image is all that is left when it is unmounted (pivot_root(2), notes).
    rustix::process::fchdir(&root).because(FaultKind::Host, host("the image"))?;
    rustix::process::pivot_root(".", ".").because(FaultKind::Host, host("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH).because(FaultKind::Host, host("the host's files"))?;
    rustix::process::chdir("/").because(FaultKind::Host, host("the image"))?;
    Ok(())
}

/// The root directory: a mount of the image of our own, over the helper's, on which owners show as
/// the build sees them, or what that is put into.
fn root(plan: &Plan, means: &Means) -> Result<OwnedFd> {
    let what = || "the image".to_owned();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let place = openat(CWD, &*plan.place, flags, Mode::empty()).because(FaultKind::Host, what)?;
    let mount = Mount::of(place.as_fd()).because(FaultKind::Host, what)?;
    let users = means.users.as_ref().map(AsFd::as_fd);
    mount
        .restrict(NO_DEVICES, users)
        .because(FaultKind::Host, || {
            "the image cannot be mounted with owners of its own (Linux 5.12 can, xfs and btrfs \
             later); run ami-chroot as root"
                .to_owned()
        })?;
    if plan.programs == Programs::Host {
        return programs::root(plan, &place, &mount);
    }
    mount.put_at(place.as_fd()).because(FaultKind::Host, what)?;
    Ok(mount.into_root())
}

/// The file systems that every build has of its own. Their places are all found before the first
/// of them is mounted, so that none of them lies within another.
fn mount_own(root: &OwnedFd, plan: &Plan) -> Result<()> {
    let place = |name: &str| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        openat2(root, name, flags, Mode::empty(), resolve)
            .because(FaultKind::Image, || format!("/{name} in the image"))
    };
    let (dev, proc, sys) = (place("dev")?, place("proc")?, place("sys")?);
    let (run, tmp) = (place("run")?, place("tmp")?);
    let null = devices::mount(dev.as_fd(), plan)?;
    kernel_files::mount(proc.as_fd(), sys.as_fd(), &null)?;
    let of_run = empty("755", plan.root_user, MountAttrFlags::empty())?;
    fill_run(&of_run, plan)?;
    of_run
        .put_at(run.as_fd())
        .because(FaultKind::Host, || "/run".to_owned())?;
    empty("1777", plan.root_user, MountAttrFlags::empty())?
        .put_at(tmp.as_fd())
        .because(FaultKind::Host, || "/tmp".to_owned())
}

/// A file system in memory, whose root directory is the build's root's.
pub(crate) fn empty(mode: &str, owner: u32, more: MountAttrFlags) -> Result<Mount> {
    let owner = owner.to_string();
    let options = [("mode", mode), ("uid", &owner), ("gid", &owner)];
    // Package managers run programs from /tmp and /run, so these may be run.
    let attributes = MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOSUID | more;
    Mount::new("tmpfs", &options, attributes).because(FaultKind::Host, || "a tmpfs".to_owned())
}

/// What programs expect in `/run`: a directory for locks, and the resolver's file if the image's
/// own is a link to there.
fn fill_run(run: &Mount, plan: &Plan) -> Result<()> {
    let what = || "/run".to_owned();
    make_directories(run, Path::new("lock"), 0o1777, plan.root_user)
        .because(FaultKind::Host, what)?;
    let Some((path, bytes)) = &plan.resolver else {
        return Ok(());
    };
    if let Some(above) = path.parent() {
        make_directories(run, above, 0o755, plan.root_user).because(FaultKind::Host, what)?;
    }
    let file = create_file(run, path, plan.root_user).because(FaultKind::Host, what)?;
    std::io::Write::write_all(&mut std::fs::File::from(file), bytes).because(FaultKind::Host, what)
}

fn create_file(run: &Mount, path: &Path, owner: u32) -> std::io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = openat(run, path, flags, Mode::from_raw_mode(0o644))?;
    own(file.as_fd(), owner)?;
    Ok(file)
}

/// Makes a directory, and those above it, in a file system that only we wrote to yet.
fn make_directories(below: impl AsFd, path: &Path, mode: u32, owner: u32) -> std::io::Result<()> {
    let mut whole = std::path::PathBuf::new();
    for name in path {
        whole.push(name);
        match mkdirat(&below, &whole, Mode::from_raw_mode(mode)) {
            Err(rustix::io::Errno::EXIST) => {}
            result => {
                result?;
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                own(openat(&below, &whole, flags, Mode::empty())?.as_fd(), owner)?;
            }
        }
    }
    Ok(())
}

fn own(file: std::os::fd::BorrowedFd<'_>, owner: u32) -> std::io::Result<()> {
    let (user, group) = (
        rustix::fs::Uid::from_raw(owner),
        rustix::fs::Gid::from_raw(owner),
    );
    Ok(rustix::fs::fchown(file, Some(user), Some(group))?)
}

/// Puts what the helper prepared where the caller wants it: the helper made the place in the image,
/// in `/run` and `/tmp` it is made here.
fn put_bind(root: &OwnedFd, bind: &Bind, is_directory: bool, tree: OwnedFd) -> Result<()> {
    let path = absolute(&bind.destination);
    let what = || format!("bind to {}", path.display());
    let mut names = path.iter().skip(1);
    let first = names.next().unwrap_or_default();
    if first == "run" || first == "tmp" {
        let own = open_inside(root.as_fd(), first, OFlags::PATH).because(FaultKind::Host, what)?;
        let below: std::path::PathBuf = names.collect();
        let above = below.parent().unwrap_or(Path::new(""));
        let directories = if is_directory { &below } else { above };
        make_directories(&own, directories, 0o755, 0).because(FaultKind::Host, what)?;
        if !is_directory {
            create_file_if_missing(&own, &below).because(FaultKind::Host, what)?;
        }
    }
    let place = open_inside(root.as_fd(), &path, OFlags::PATH).because(FaultKind::Image, what)?;
    Mount::from_root(tree)
        .put_at(place.as_fd())
        .because(FaultKind::Host, what)
}

fn create_file_if_missing(own: &OwnedFd, path: &Path) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(own, path, flags, Mode::from_raw_mode(0o644))?;
    Ok(())
}

/// What a bind may do at most: no device and no set-user-ID program on it does anything.
pub(crate) fn bind_attributes(read_only: bool) -> MountAttrFlags {
    let attributes = data_only() - MountAttrFlags::MOUNT_ATTR_NOEXEC;
    if read_only {
        attributes | MountAttrFlags::MOUNT_ATTR_RDONLY
    } else {
        attributes
    }
}

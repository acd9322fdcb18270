//! The build's tree of files: the image, with file systems of its own on it, and nothing else.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::mount::{MountAttrFlags, UnmountFlags, unmount};
use rustix::thread::UnshareFlags;

use super::own_places::{self, Own};
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
    let own = mount_own(&root, plan)?;
    // All places are made while nothing of the caller's is in the tree: a link in a bind would lead
    // wherever it says.
    let places = own_places::make(&own, &plan.binds, plan.root_user)?;
    // Both places may be the same directory: the old root then lies over the new one, and the
    // image is all that is left when it is unmounted (pivot_root(2), notes).
    rustix::process::fchdir(&root).because(FaultKind::Host, host("the image"))?;
    rustix::process::pivot_root(".", ".").because(FaultKind::Host, host("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH).because(FaultKind::Host, host("the host's files"))?;
    rustix::process::chdir("/").because(FaultKind::Host, host("the image"))?;
    let trees = std::mem::take(&mut means.trees);
    for (((bind, _), place), tree) in plan.binds.iter().zip(places).zip(trees) {
        put_bind(&root, bind, place, tree)?;
    }
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
fn mount_own(root: &OwnedFd, plan: &Plan) -> Result<Own> {
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
    let of_tmp = empty("1777", plan.root_user, MountAttrFlags::empty())?;
    of_tmp
        .put_at(tmp.as_fd())
        .because(FaultKind::Host, || "/tmp".to_owned())?;
    Ok(Own {
        run: of_run,
        tmp: of_tmp,
    })
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
    own_places::directories(run, Path::new("lock"), 0o1777, plan.root_user)
        .because(FaultKind::Host, what)?;
    let Some((path, bytes)) = &plan.resolver else {
        return Ok(());
    };
    let file = own_places::file(run, path, plan.root_user).because(FaultKind::Host, what)?;
    std::io::Write::write_all(&mut std::fs::File::from(file), bytes).because(FaultKind::Host, what)
}

/// Puts what the helper prepared where the caller wants it: at the place that was made for it in
/// `/run` or `/tmp`, or at the one that the helper made in the image.
///
/// The host's files are gone by now: whatever lies on the way, it cannot lead to them.
fn put_bind(root: &OwnedFd, bind: &Bind, place: Option<OwnedFd>, tree: OwnedFd) -> Result<()> {
    let path = absolute(&bind.destination);
    let what = || format!("bind to {}", path.display());
    let place = match place {
        Some(place) => place,
        None => open_inside(root.as_fd(), &path, OFlags::PATH).because(FaultKind::Image, what)?,
    };
    Mount::from_root(tree)
        .put_at(place.as_fd())
        .because(FaultKind::Host, what)
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

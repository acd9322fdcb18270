//! User namespaces, for builds of callers who are not root.
//!
//! Root in such a build is nobody on the host: even what the caller hands into the build while it
//! runs, over a socket or in a shared directory, is used with no more rights than the caller has.
//! Files in the image show their owners as if it were otherwise (mount_setattr(2),
//! `MOUNT_ATTR_IDMAP`).

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;

use rustix::thread::UnshareFlags;

use super::caller::Caller;
use super::role::{self, Role};
use crate::channel::Channel;
use crate::fault::{Because, Result};
use crate::kernel;
use crate::protocol::FaultKind;

/// How many users and groups an image may have.
const COUNT: u32 = 1 << 24;

/// The first of the users that are nobody's: beyond those of people, containers (524288 to
/// 1879048191 in systemd's UIDS-GIDS.md) and what the highest bit is set in.
const FIRST: u32 = 0x7000_0000;

/// How many builds have users of their own before two have the same: 15 times 2²⁴ fit below 2³¹.
const RANGES: u32 = 15;

/// The user of the host that is root in a build. What two builds share by chance is no file.
pub(crate) fn root_user() -> u32 {
    FIRST + std::process::id() % RANGES * COUNT
}

/// What the caller may not act as is shown as one of these: they are outside of every build, so
/// they give its root no power over a file, but they are somebody, so that its mode counts.
const STRANGERS: u32 = 0x8000_0000;

/// How many users and groups of the host are shown so. Beyond lies nobody who has files.
const KNOWN: u32 = 1 << 28;

/// `inside`, `outside` and how many: a line of `uid_map` (user_namespaces(7)).
type Extent = (u32, u32, u32);

/// A user namespace for a build: its users are those of a range that is nobody's.
pub(crate) fn for_build(root_user: u32) -> Result<OwnedFd> {
    let all = [(0, root_user, COUNT)];
    make(&all, &all)
}

/// A user namespace for the mount of a bind: the caller's files show as those of the build's root,
/// and what the build makes there is the caller's. Towards the files of all others the build has
/// the rights that the caller has who is in no further group.
pub(crate) fn for_binds(caller: Caller, root_user: u32) -> Result<OwnedFd> {
    make(
        &one_and_strangers(caller.user, root_user),
        &one_and_strangers(caller.group, root_user),
    )
}

fn one_and_strangers(own: u32, root_user: u32) -> Vec<Extent> {
    let below = own.min(KNOWN);
    let above = KNOWN.saturating_sub(own.saturating_add(1));
    let extents = [
        (0, STRANGERS, below),
        (own, root_user, 1),
        (KNOWN - above, STRANGERS + KNOWN - above, above),
    ];
    extents.into_iter().filter(|extent| extent.2 > 0).collect()
}

fn make(users: &[Extent], groups: &[Extent]) -> Result<OwnedFd> {
    let what = || {
        "a user namespace (user.max_user_namespaces may forbid it; root can build without)".into()
    };
    keep(users, groups).because(FaultKind::Host, what)
}

fn keep(users: &[Extent], groups: &[Extent]) -> io::Result<OwnedFd> {
    let mut player = role::start(Role::Users)?;
    let result = match player.channel.receive::<()>()? {
        Some(_) => {
            let process = format!("/proc/{}", player.child.id());
            let process = Path::new(&process);
            std::fs::write(process.join("uid_map"), lines(users))
                .and_then(|()| std::fs::write(process.join("gid_map"), lines(groups)))
                .and_then(|()| File::open(process.join("ns/user")))
        }
        None => Err(io::ErrorKind::Unsupported.into()),
    };
    player.channel.close();
    player.child.wait()?;
    Ok(result?.into())
}

fn lines(extents: &[Extent]) -> String {
    let line = |(inside, outside, count): &Extent| format!("{inside} {outside} {count}\n");
    extents.iter().map(line).collect()
}

/// Runs as the process that a namespace is made with.
pub(crate) fn run(channel: &Channel) -> ExitCode {
    if kernel::unshare(UnshareFlags::NEWUSER).is_err() || channel.send(&(), &[]).is_err() {
        return ExitCode::FAILURE;
    }
    // The namespace is held by others when the channel closes.
    let _ = channel.receive::<()>();
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::{FIRST, KNOWN, STRANGERS, one_and_strangers};

    #[test]
    fn everybody_is_somebody_and_the_caller_is_root() {
        let (rest, last) = (KNOWN - 1001, STRANGERS + 1001);
        assert_eq!(
            one_and_strangers(1000, FIRST),
            [(0, STRANGERS, 1000), (1000, FIRST, 1), (1001, last, rest)]
        );
        assert_eq!(
            one_and_strangers(0, FIRST),
            [(0, FIRST, 1), (1, STRANGERS + 1, KNOWN - 1)]
        );
        assert_eq!(one_and_strangers(KNOWN - 1, FIRST).len(), 2);
        let far = 1_234_567_890;
        assert_eq!(
            one_and_strangers(far, FIRST),
            [(0, STRANGERS, KNOWN), (far, FIRST, 1)]
        );
    }
}

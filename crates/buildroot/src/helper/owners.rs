//! Whose files are whose: in a build for root, everyone is who they are; in one for another user,
//! root in the build is nobody on the host.

use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags, fchmod, fcntl_getfl, fstat, fstatfs};

use super::caller::Caller;
use super::users;
use crate::fault::{Because, Result};
use crate::protocol::FaultKind;

/// The file system of pipes that have no name (linux/magic.h).
const PIPEFS_MAGIC: i64 = 0x5049_5045;

/// Who is who.
#[derive(Debug)]
pub(crate) struct Owners {
    /// The user of the host that is root in the build.
    pub root_user: u32,
    /// The namespace of the build's users, if they are not the host's.
    pub users: Option<OwnedFd>,
    /// The namespace by which binds show their owners.
    pub of_binds: Option<OwnedFd>,
}

impl Owners {
    /// Decides by who calls.
    pub(crate) fn of(caller: Caller, binds: bool) -> Result<Self> {
        if caller.is_root() {
            return Ok(Self {
                root_user: 0,
                users: None,
                of_binds: None,
            });
        }
        let root_user = users::root_user();
        let of_binds = binds.then(|| users::for_binds(caller, root_user));
        Ok(Self {
            root_user,
            users: Some(users::for_build(root_user)?),
            of_binds: of_binds.transpose()?,
        })
    }

    /// Lets the build open the pipes among its streams once more, as `/dev/stderr`, in the direction
    /// in which it has them. They have no name by which anyone else would look at them, and stay the
    /// caller's, who goes on using them.
    pub(crate) fn lend(&self, streams: &[OwnedFd]) -> Result<()> {
        if self.root_user == 0 {
            return Ok(());
        }
        let what = || "standard input, output or error".to_owned();
        for stream in streams {
            let stat = fstat(stream).because(FaultKind::Refused, what)?;
            let fifo = FileType::from_raw_mode(stat.st_mode).is_fifo();
            let system = fstatfs(stream).because(FaultKind::Refused, what)?;
            #[allow(clippy::useless_conversion)] // Its width differs between architectures.
            if fifo && i64::from(system.f_type) == PIPEFS_MAGIC {
                let flags = fcntl_getfl(stream).because(FaultKind::Refused, what)?;
                let mode = Mode::from_raw_mode(stat.st_mode) | for_others(flags);
                fchmod(stream, mode).because(FaultKind::Host, what)?;
            }
        }
        Ok(())
    }
}

/// What whoever has a descriptor with these flags can do with it anyway.
fn for_others(flags: OFlags) -> Mode {
    match flags & OFlags::RWMODE {
        OFlags::RDONLY => Mode::ROTH,
        OFlags::WRONLY => Mode::WOTH,
        _ => Mode::ROTH | Mode::WOTH,
    }
}

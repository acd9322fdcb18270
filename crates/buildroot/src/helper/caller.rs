//! Who calls the helper: with whose rights it acts.

use std::os::fd::BorrowedFd;

use rustix::net::{AddressFamily, sockopt};

use crate::fault::{Because, Result};
use crate::kernel;
use crate::protocol::{Fault, FaultKind};

/// The user that the tool runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Its number.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
}

impl Caller {
    /// Asks the kernel who made the socket, and sudo who called it: both must say the same.
    pub(crate) fn of(socket: BorrowedFd<'_>) -> Result<Self> {
        let domain = sockopt::socket_domain(socket);
        if domain != Ok(AddressFamily::UNIX) {
            let message = "amichroot is started by ami-chroot, not by hand: standard input is not \
                           its socket (if sudo keeps a log of the input of commands, it must not \
                           for this one: log_input)";
            return Err(Fault::new(FaultKind::Refused, message));
        }
        let (user, group) =
            kernel::owner_of_peer(socket).because(FaultKind::Host, || "who calls".to_owned())?;
        let by_sudo = std::env::var("SUDO_UID").ok();
        if !rustix::process::geteuid().is_root() {
            let message = "amichroot needs root: run ami-chroot as root, or let sudo run amichroot";
            return Err(Fault::new(FaultKind::Host, message));
        }
        agree(Self { user, group }, by_sudo.as_deref())
    }

    /// May it do anything anyway?
    pub(crate) fn is_root(self) -> bool {
        self.user == 0
    }
}

fn agree(caller: Caller, by_sudo: Option<&str>) -> Result<Caller> {
    match by_sudo.map(str::parse::<u32>) {
        None => Ok(caller),
        Some(Ok(told)) if told == caller.user => Ok(caller),
        Some(_) => {
            let message = format!(
                "the socket was made by user {}, but sudo was called by user {}",
                caller.user,
                by_sudo.unwrap_or_default().escape_debug()
            );
            Err(Fault::new(FaultKind::Refused, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, agree};

    #[test]
    fn kernel_and_sudo_must_agree() {
        let root = Caller { user: 0, group: 0 };
        let somebody = Caller {
            user: 1000,
            group: 100,
        };
        assert!(agree(root, None).expect("root").is_root());
        assert!(!agree(somebody, Some("1000")).expect("a user").is_root());
        for told in ["0", "1001", "", "x"] {
            assert!(agree(somebody, Some(told)).is_err(), "{told}");
        }
        assert!(agree(root, Some("1000")).is_err());
    }
}

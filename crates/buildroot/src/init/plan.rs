//! What the helper tells PID 1 of a build, and what that tells the helper.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::protocol::words;
use crate::protocol::{Bind, Ended, Fault, Leftover, Network, Programs, TerminalSize};

/// What PID 1 is to do. The descriptors beside it are named in [`Means`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Where the helper mounted the image.
    pub place: String,
    /// The build's binds, each with whether it is a directory.
    pub binds: Vec<(Bind, bool)>,
    /// The file for names, and where in `/run` it is to be.
    pub resolver: Option<(PathBuf, Vec<u8>)>,
    /// Whose programs it has.
    pub programs: Programs,
    /// What it sees of the network.
    pub network: Network,
    /// Devices to show beside those that every build has.
    pub nodes: Vec<Node>,
    /// The user of the host that is root in the build: 0, or the first of a range that is nobody's.
    pub root_user: u32,
    /// Variables for the command.
    #[serde(with = "words::pairs")]
    pub environment: Vec<(OsString, OsString)>,
    /// Whom it runs as.
    pub user: Option<String>,
    /// The size of its own terminal, if it is to have one.
    pub terminal: Option<TerminalSize>,
    /// Where it starts.
    #[serde(with = "words::one")]
    pub directory: OsString,
    /// The command and its arguments.
    #[serde(with = "words::list")]
    pub command: Vec<OsString>,
    /// How many control groups it is to enter.
    pub groups: usize,
}

/// A block device to show in `/dev`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Node {
    /// Its name.
    pub name: String,
    /// Its numbers.
    pub major: u32,
    /// Its numbers.
    pub minor: u32,
}

/// The descriptors of a plan.
#[derive(Debug)]
pub(crate) struct Means {
    /// Standard input, output and error of the command.
    pub stdio: [OwnedFd; 3],
    /// The mounts to put where the binds go.
    pub trees: Vec<OwnedFd>,
    /// The `cgroup.procs` to enter the groups by.
    pub groups: Vec<OwnedFd>,
    /// The user namespace to enter, where root in the build is not the host's.
    pub users: Option<OwnedFd>,
}

impl Means {
    /// Sorts the descriptors that came with a plan.
    pub(crate) fn new(plan: &Plan, descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut all = descriptors.into_iter();
        let stdio = [all.next()?, all.next()?, all.next()?];
        let trees: Vec<OwnedFd> = all.by_ref().take(plan.binds.len()).collect();
        let groups: Vec<OwnedFd> = all.by_ref().take(plan.groups).collect();
        let users = all.next();
        let complete = trees.len() == plan.binds.len()
            && groups.len() == plan.groups
            && users.is_some() == (plan.root_user != 0);
        complete.then_some(Self {
            stdio,
            trees,
            groups,
            users,
        })
    }
}

/// From PID 1 to the helper.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// The other end of the command's terminal comes along.
    Terminal,
    /// The command begins: from now on it can have done something.
    Started,
    /// It ended, or could not begin.
    Ended {
        /// How.
        ended: Ended,
        /// What was running beside it.
        leftovers: Vec<Leftover>,
    },
    /// The build root could not be set up.
    Failed(Fault),
}

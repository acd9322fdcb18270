//! What the tool and `amichroot` say to each other: one JSON object a message, descriptors beside it.
//!
//! A conversation: the helper says [`Answer::Ready`]; the tool may ask for volumes
//! ([`Ask::OpenVolume`]), then asks for one build ([`Ask::Build`]), may ask to stop it
//! ([`Ask::Stop`]), and gets one [`Answer::Finished`]. When the tool's end of the socket closes, the
//! helper ends everything.
//!
//! Invariant: nothing here names a file of the host. Files come as descriptors, so that the helper
//! acts on what the caller could open, never on what the helper could.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

pub(crate) mod words;

/// The version of these messages. Tool and helper are installed together; one that meets a
/// different one refuses, so nothing here is ever optional for the sake of an older half.
pub const VERSION: u32 = 2;

/// From the tool to the helper.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Open an EBS volume that was attached since the helper began.
    OpenVolume(OpenVolume),
    /// Run a command in a disk. The descriptors are standard input, output and error of the
    /// command, the disk, then the source of each bind.
    Build(Box<Build>),
    /// End the command: SIGTERM, and SIGKILL after the grace time. Asked again: SIGKILL.
    Stop {
        /// How long the command may take to end by itself.
        grace_ms: u64,
    },
}

/// From the helper to the tool.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The helper runs with the privilege that it needs.
    Ready {
        /// Its [`VERSION`].
        version: u32,
    },
    /// The volume is open; its descriptor comes along.
    VolumeOpened {
        /// The kernel's name of it, like `nvme1n1`.
        name: String,
    },
    /// The other end of the build's terminal comes along.
    Terminal,
    /// A step of the build begins.
    Step(Step),
    /// The build is over, and nothing of it is left.
    Finished(Box<Report>),
    /// What was asked for cannot be done. Nothing of it is left.
    Failed(Fault),
}

/// Which volume to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenVolume {
    /// Its ID, `vol-…`.
    pub volume: String,
    /// The device name that it was attached by, `/dev/sdf`: Xen and virtio know nothing else of it.
    pub attached_as: String,
    /// How long the device may take to appear.
    pub timeout_ms: u64,
}

/// A command to run, in what, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Which part of the disk is the root file system.
    pub root: Root,
    /// Let partition and file system fill the disk first.
    pub grow: bool,
    /// Who asked for the build throws the disk away if it does not end well: it need not be a whole
    /// file system at every moment until then, which makes package managers much faster.
    pub disposable: bool,
    /// Show the disk in the build's `/dev`, for a boot loader.
    pub bootable: bool,
    /// Whose programs the command is one of.
    pub programs: Programs,
    /// What the build sees of the network.
    pub network: Network,
    /// Directories and files of the host, as descriptors; `/workspace` is one of them.
    pub binds: Vec<Bind>,
    /// What the command may use.
    pub limits: Limits,
    /// Variables for the command, added to a small set of its own.
    #[serde(with = "words::pairs")]
    pub environment: Vec<(OsString, OsString)>,
    /// Whom it runs as, by the image's own `passwd`: `NAME`, `UID` or `UID:GID`. Root if not given.
    pub user: Option<String>,
    /// Give it a terminal of its own in the place of those of its streams that are terminals, of
    /// that size; its other end is [`Answer::Terminal`].
    pub terminal: Option<TerminalSize>,
    /// Where it starts. If not given, `/workspace` if there is one, else `/`.
    #[serde(with = "words::maybe")]
    pub directory: Option<OsString>,
    /// The command and its arguments.
    #[serde(with = "words::list")]
    pub command: Vec<OsString>,
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalSize {
    /// Its rows.
    pub rows: u16,
    /// Its columns.
    pub columns: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self {
            rows: 24,
            columns: 80,
        }
    }
}

/// Which part of a disk is the root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Root {
    /// The one that partition table and superblocks tell.
    Find,
    /// The partition of that number.
    Partition(u32),
    /// The bytes from there on.
    Region {
        /// Where it begins.
        start: u64,
        /// How long it is.
        length: u64,
    },
}

/// Whose programs there are in the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Programs {
    /// The image's: it is the build's root.
    Image,
    /// The host's, to be read only, with the image at [`IMAGE_DIRECTORY`]: to fill an image that
    /// has none yet. Nothing is prepared in the image, and binds go to `/run` or `/tmp`.
    Host,
}

/// Where the image is in a build with the host's programs.
pub const IMAGE_DIRECTORY: &str = "/image";

/// What the build sees of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// The host's, with the host's `resolv.conf`.
    Host,
    /// A loopback interface and nothing else.
    None,
}

/// A directory or file of the host that the build sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    /// Where, resolved inside the image.
    #[serde(with = "words::one")]
    pub destination: OsString,
    /// Must the build leave it as it is?
    pub read_only: bool,
}

/// What the command and all that it starts may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Processes.
    pub pids: Option<u64>,
}

/// A step of a build, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The file system is being mounted.
    Mount,
    /// Partition and file system are being grown.
    Grow,
    /// The command runs.
    Run,
    /// What was changed for the build is being put back.
    Restore,
    /// The file system is being unmounted and written out.
    Unmount,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// How the command ended.
    pub ended: Ended,
    /// What was still running when it had, and was killed.
    pub leftovers: Vec<Leftover>,
    /// What a person should know, a sentence each: files that could not be put back, or were left
    /// as the build made them.
    pub notes: Vec<String>,
    /// The root file system.
    pub root: MountedRoot,
    /// What it took.
    pub timings: Timings,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ended {
    /// By itself, with that status.
    Exited(u8),
    /// By that signal.
    Signaled(i32),
    /// It never began: no file of that name is in the image.
    NotFound,
    /// It never began: the file is there, but not the interpreter or loader that it names.
    NoInterpreter,
    /// It never began: the file cannot be run, and why.
    CannotRun(String),
}

impl Ended {
    /// The exit code that stands for it, as chroot(1) and shells have it.
    pub fn code(&self) -> u8 {
        match self {
            Self::Exited(status) => *status,
            Self::Signaled(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            Self::NotFound | Self::NoInterpreter => 127,
            Self::CannotRun(_) => 126,
        }
    }
}

/// A process that outlived the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leftover {
    /// Its number inside the build.
    pub pid: i32,
    /// Its name, as the kernel has it. Not to be trusted: any bytes that were UTF-8.
    pub name: String,
}

/// The root file system that was mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountedRoot {
    /// The number of its partition, if that was found by a table.
    pub partition: Option<u32>,
    /// `ext4`, `xfs` or `btrfs`.
    pub filesystem: String,
    /// Its size before and after, if it was grown.
    pub grown: Option<(u64, u64)>,
}

/// What the parts of a build took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// Until the command began.
    pub before_ms: u64,
    /// The command.
    pub command_ms: u64,
    /// From then until nothing was left.
    pub after_ms: u64,
}

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{message}")]
pub struct Fault {
    /// What kind of thing it is.
    pub kind: FaultKind,
    /// What, of what, and why; and what to do if that is known.
    pub message: String,
    /// How the command ended, if it had begun: the fault came afterwards.
    pub ended: Option<Ended>,
}

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is wrong, or is not for this caller.
    Refused,
    /// The disk: its device, its partition table, its file system.
    Disk,
    /// The image has something in a place that must be what it usually is.
    Image,
    /// A volume did not appear, or is in use.
    Volume,
    /// A limit cannot be set on this host.
    Limits,
    /// The host lacks or forbids something.
    Host,
    /// It was asked to stop before the command began.
    Stopped,
}

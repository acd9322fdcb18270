//! What is to be captured, and how.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::FileSystem;

/// What is to be captured, and how. [`Order::new`] gives one with the defaults.
#[derive(Debug, Clone)]
pub struct Order {
    /// The tree's top: a mount point, or any directory.
    pub volume: PathBuf,
    /// Where the image is made. It may be below the volume, or the volume's own top: the image itself
    /// is left out, and nothing else that lies there.
    pub work_dir: PathBuf,
    /// The image's name in the work directory, which must be free. None: it has no name, and is gone
    /// when the last descriptor of it is closed, however that comes about.
    pub file_name: Option<OsString>,
    /// How large the file system will be. The file is sparse, so this costs no space.
    pub size: Size,
    /// None: that of the volume, or ext4 where a volume is on something else (overlay, tmpfs).
    pub file_system: Option<FileSystem>,
    /// What to do where other file systems are mounted below the volume.
    pub others: OtherFileSystems,
    /// Files and directories to leave out. A directory stays, empty. Each is either a path that
    /// begins with the volume's or one as it will be in the image (`/srv/data` of the volume `/mnt/x`
    /// is `/mnt/x/srv/data`), and must exist.
    pub excludes: Vec<PathBuf>,
    /// The same of what the caller itself has there: nothing stays of it, not even an empty directory.
    pub own: Vec<PathBuf>,
    /// A file of patterns to leave out, one a line; blank lines and lines that begin with `#` say
    /// nothing. `*` and `?` stop at `/`, `**` does not; `[a-z]` and `{a,b}` are known. A pattern that
    /// begins with `/` begins at the top of the image; others match at any depth. One that ends with
    /// `/` matches directories only. Directories that match stay, empty.
    pub exclude_from: Option<PathBuf>,
    /// What the filter must not leave out, in the same patterns; of a directory all below it. They reach
    /// into directories that the filter leaves out, of which nothing else is taken. Neither excludes nor
    /// the places of the live system yield to it. The report's notes name those that fit nothing.
    pub includes: Vec<String>,
    /// Whether what is secret or belongs to this one machine is left out.
    pub filter: bool,
    /// What the image's `/etc/fstab` will be.
    pub fstab: Fstab,
    /// A program to run when all is copied, with the path at which the image is mounted as its only
    /// argument. It sees this machine and that mount, and has the umask 022; when it ends, so does all
    /// that it started.
    pub script: Option<PathBuf>,
}

/// How large the file system will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 10 GiB, as of the older tools: the most that the root of an S3-backed image can have, and what
    /// its instances will have, since nothing grows it later. More where the tree needs more: then
    /// what it needs with an eighth to spare, in whole GiB.
    Automatic,
    /// So many bytes; rounded down to whole MiB.
    Bytes(u64),
}

/// What to do where other file systems are mounted below the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherFileSystems {
    /// Their mount points stay as empty directories.
    LeaveOut,
    /// Those that are on disks of this machine are copied with the tree, the rest is left out. The
    /// places of the live system stay empty all the same, `/mnt` and `/media` among them. A file
    /// system that is mounted twice is copied once.
    TakeLocal,
}

/// What the image's `/etc/fstab` will be. What it was is kept as `fstab.old`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fstab {
    /// As in the tree.
    Keep,
    /// A copy of this file.
    Replace(PathBuf),
    /// A root line that fits the image, and nothing that a boot could wait for.
    Generate,
}

impl Order {
    /// Takes all of the volume's own file system, filtered, into an image without a name.
    pub fn new(volume: impl Into<PathBuf>, work_dir: impl Into<PathBuf>) -> Self {
        Self {
            volume: volume.into(),
            work_dir: work_dir.into(),
            file_name: None,
            size: Size::Automatic,
            file_system: None,
            others: OtherFileSystems::LeaveOut,
            excludes: Vec::new(),
            own: Vec::new(),
            exclude_from: None,
            includes: Vec::new(),
            filter: true,
            fstab: Fstab::Keep,
            script: None,
        }
    }
}

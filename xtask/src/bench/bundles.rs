//! Bundles beside the pipeline by which ec2-ami-tools make them, in a directory of their own.

mod check;
mod disk;
mod keys;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::rows::World;
use crate::sandbox;
use crate::workspace::{Workspace, status};

/// Where the commands of these rows are run: the names in their lines are those of files in there.
pub struct Bundles {
    directory: PathBuf,
    /// What the commands make.
    makes: Makes,
}

/// What a command leaves in the directory `made`.
#[derive(Clone, Copy)]
enum Makes {
    /// Parts of a bundle, and in ours a manifest.
    Parts,
    /// The disk that was in a bundle.
    Disk,
}

impl Bundles {
    /// The directory with all that the commands read, made as far as it is not there; nothing in
    /// worlds without bundles.
    pub fn of(world: &World, workspace: &Workspace) -> Result<Option<Self>, String> {
        let makes = match world {
            World::Bundling => Makes::Parts,
            World::Bundled => Makes::Disk,
            _ => return Ok(None),
        };
        let directory = workspace.target.join("bench-bundles");
        let made = fs::create_dir_all(&directory);
        made.map_err(|error| format!("{}: {error}", directory.display()))?;
        disk::make(&directory.join(DISK))?;
        keys::make(&directory)?;
        let bundles = Self { directory, makes };
        if matches!(makes, Makes::Disk) {
            bundles.bundle(workspace)?;
        }
        Ok(Some(bundles))
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Removes what the last command has made.
    pub fn clear(&self) -> Result<(), String> {
        empty(&self.directory.join("made"))
    }

    /// Compares what the last command has made with the disk, and gives its size where a bundle was
    /// made: that of its parts, in bytes.
    pub fn check(&self) -> Result<Option<u64>, String> {
        match self.makes {
            Makes::Parts => check::bundle(&self.directory, "made").map(Some),
            Makes::Disk => check::disk(&self.directory).map(|()| None),
        }
    }

    /// Makes the bundle that is to be opened, and leaves its key and its vector for the peer, which
    /// reads no manifest.
    fn bundle(&self, workspace: &Workspace) -> Result<(), String> {
        let bundle = self.directory.join("bundle");
        empty(&bundle)?;
        let mut command = Command::new(workspace.program("ami-bundle"));
        command
            .current_dir(&self.directory)
            .args(PACK)
            .args(["-d", "bundle", DISK])
            .stdout(Stdio::null());
        sandbox::detach(&mut command);
        match status(&mut command)? {
            0 => {}
            status => return Err(format!("ami-bundle ended with status {status}")),
        }
        let cipher = keys::of_manifest(&self.directory, &bundle.join(MANIFEST))?;
        cipher.write(&bundle)
    }
}

/// The disk's name.
const DISK: &str = "disk.img";
const MANIFEST: &str = "disk.img.manifest.xml";
/// Our command with what it needs to do without AWS; EC2's certificate is as good as the user's here.
const PACK: [&str; 11] = [
    "image",
    "-k",
    "pk.pem",
    "-c",
    "cert.pem",
    "--ec2cert",
    "cert.pem",
    "-u",
    "111122223333",
    "--arch",
    "x86_64",
];

/// Makes a directory that has nothing in it.
fn empty(directory: &Path) -> Result<(), String> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir(directory),
    }
    .map_err(|error| format!("{}: {error}", directory.display()))
}

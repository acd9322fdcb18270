//! A build from its order to its report: every step, and its undoing.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::UnshareFlags;

use super::binds::{self, Tree};
use super::bootable::Bootable;
use super::caller::Caller;
use super::change::Changes;
use super::disk::{Device, Disk};
use super::filesystem::{Filesystem, Mounted};
use super::groups::Groups;
use super::image::{Image, absolute};
use super::order::Handed;
use super::owners::Owners;
use super::role::{self, Role};
use super::root::Root;
use super::supervise::{self, Outcome, Signals};
use super::{files, grow, holders, mount_points, superblock};
use crate::channel::Channel;
use crate::fault::{Because, Result};
use crate::init::own_places::check_apart;
use crate::init::plan::{Node, Plan, Word};
use crate::kernel;
use crate::protocol::{
    Answer, Build, Fault, FaultKind, IMAGE_DIRECTORY, Leftover, MountedRoot, Network, Programs,
    Report, Step, Timings,
};

/// Whom a build is for, and who is told of it.
pub(crate) struct Site<'a> {
    pub caller: Caller,
    pub tool: &'a Channel,
    pub signals: &'a Signals,
}

/// What is prepared before anything is mounted.
struct Work<'a> {
    site: &'a Site<'a>,
    build: Build,
    stdio: [OwnedFd; 3],
    trees: Vec<Tree>,
    nodes: Vec<Node>,
    owners: Owners,
    groups: &'a Groups,
}

/// Runs a build. When this returns, nothing of it is left but what it wrote into the disk.
pub(crate) fn run(site: &Site<'_>, build: Build, descriptors: Vec<OwnedFd>) -> Result<Report> {
    let began = Instant::now();
    let handed = Handed::new(&build, descriptors)?;
    check_apart(&build.binds)?;
    let disk = Disk::new(handed.disk)?;
    let mut root = Root::find(&disk, build.root)?;
    superblock::check(&disk, &root)?;
    let owners = Owners::of(site.caller, !build.binds.is_empty())?;
    owners.lend(&handed.stdio)?;
    let trees = binds::open(&build.binds, handed.sources, &owners)?;
    let groups = Groups::new(&build.limits)?;
    site.tell(Step::Mount);
    let grow = build.grow;
    if grow {
        root = grow::partition(&disk, &root)?;
    }
    let device = disk.device(root.region)?;
    let mut grown = None;
    if grow {
        grown = grow::offline(&device, &root)?;
    }
    let bootable = build
        .bootable
        .then(|| Bootable::new(&disk, &device))
        .transpose()?;
    leave_namespaces(build.network)?;
    let mounted = Mounted::new(root.filesystem, &device, build.disposable)?;
    let mut nodes = Vec::new();
    let bootable = bootable.map(|mut bootable| {
        nodes = std::mem::take(&mut bootable.nodes);
        bootable
    });
    let work = Work {
        site,
        build,
        stdio: handed.stdio,
        trees,
        nodes,
        owners,
        groups: &groups,
    };
    let mut notes = Vec::new();
    let mut now_grown = Ok(None);
    if grow && grown.is_none() {
        site.tell(Step::Grow);
        now_grown = grow::filesystem(&mounted, &root);
    }
    let outcome = now_grown.and_then(|now| Ok((work.in_image(&mounted, &mut notes)?, now)));
    site.tell(Step::Unmount);
    let put_away = put_away(root.filesystem, mounted, device, bootable, &disk);
    let killed = groups.killed_for_memory();
    drop(groups);
    let (outcome, now_grown) = outcome?;
    let ended = outcome.ended()?;
    if let Err(mut fault) = put_away {
        fault.ended = Some(ended);
        return Err(fault);
    }
    if killed > 0 {
        notes.push(format!(
            "processes killed because memory had run out: {killed}"
        ));
    }
    Ok(Report {
        ended,
        timings: outcome.timings(began),
        leftovers: outcome.leftovers(),
        notes,
        root: MountedRoot {
            partition: root.partition,
            filesystem: root.filesystem.name().to_owned(),
            grown: grown.or(now_grown),
        },
    })
}

impl Site<'_> {
    /// Waits that long, or until the tool is gone, says something, or a signal comes.
    pub(crate) fn interrupted(&self, time: Duration) -> bool {
        let mut waited = [PollFd::new(self.tool, PollFlags::IN)];
        let time = Timespec::try_from(time).ok();
        let came = poll(&mut waited, time.as_ref()).is_ok_and(|count| count > 0);
        came || self.signals.any()
    }

    fn tell(&self, step: Step) {
        // If the tool is gone, that is seen where we wait.
        let _ = self.tool.send(&Answer::Step(step), &[]);
    }
}

/// From here on nothing that is mounted shows elsewhere, and the next process that we start is PID 1
/// of a namespace of its own.
fn leave_namespaces(network: Network) -> Result<()> {
    let mut namespaces = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    if network == Network::None {
        namespaces |= UnshareFlags::NEWNET;
    }
    kernel::unshare(namespaces).because(FaultKind::Host, || "namespaces".to_owned())
}

impl Work<'_> {
    /// From the first change in the image to the undoing of the last.
    fn in_image(self, mounted: &Mounted, notes: &mut Vec<String>) -> Result<Outcome> {
        let site = self.site;
        let root = mounted.root();
        let image = Image::new(root.because(FaultKind::Host, || "the image".to_owned())?);
        let mut changes = Changes::default();
        let outcome = self.in_changed_image(mounted, &image, &mut changes, notes);
        site.tell(Step::Restore);
        let undone = changes.undo(&image, notes);
        let outcome = outcome?;
        undone.map_err(|fault| Fault {
            ended: outcome.ended().ok(),
            ..fault
        })?;
        Ok(outcome)
    }

    fn in_changed_image(
        self,
        mounted: &Mounted,
        image: &Image,
        changes: &mut Changes,
        notes: &mut Vec<String>,
    ) -> Result<Outcome> {
        if self.build.programs == Programs::Host {
            for bind in &self.build.binds {
                mount_points::check_own(bind)?;
            }
            return self.run_init(mounted, None);
        }
        mount_points::make_own(image, changes)?;
        for (bind, tree) in self.build.binds.iter().zip(&self.trees) {
            mount_points::make_for_bind(image, bind, tree.is_directory, changes)?;
        }
        files::forbid_services(image, changes, notes);
        let mut resolver = None;
        if self.build.network == Network::Host {
            // A host without the file asks nobody for names, and neither can the build.
            let bytes = std::fs::read("/etc/resolv.conf").unwrap_or_default();
            let in_run = files::lend_resolver(image, &bytes, changes, notes);
            resolver = in_run.map(|path| (path, bytes));
        }
        self.run_init(mounted, resolver)
    }

    fn run_init(
        self,
        mounted: &Mounted,
        resolver: Option<(std::path::PathBuf, Vec<u8>)>,
    ) -> Result<Outcome> {
        let what = || "PID 1 of the build".to_owned();
        let doors = self.groups.doors()?;
        let directory = directory(&self.build);
        let binds = self.build.binds.into_iter().zip(&self.trees);
        let plan = Plan {
            place: mounted.place.to_owned(),
            binds: binds
                .map(|(bind, tree)| (bind, tree.is_directory))
                .collect(),
            resolver,
            programs: self.build.programs,
            network: self.build.network,
            nodes: self.nodes,
            root_user: self.owners.root_user,
            environment: self.build.environment,
            user: self.build.user,
            terminal: self.build.terminal,
            directory,
            command: self.build.command,
            groups: doors.len(),
        };
        let mut with: Vec<BorrowedFd<'_>> = self.stdio.iter().map(AsFd::as_fd).collect();
        with.extend(self.trees.iter().map(|tree| tree.mount.as_fd()));
        with.extend(doors.iter().map(AsFd::as_fd));
        with.extend(self.owners.users.as_ref().map(AsFd::as_fd));
        let player = role::start(Role::Init).because(FaultKind::Host, what)?;
        // If this fails PID 1 is gone, which is what waiting for it then tells.
        let _ = player.channel.send(&plan, &with);
        drop(with);
        // The command's streams shall close when the command closes them.
        drop((self.stdio, self.trees));
        supervise::wait(self.site.tool, self.site.signals, player)
    }
}

/// Where the command starts.
fn directory(build: &Build) -> OsString {
    let workspace = OsStr::new("/workspace");
    let has_workspace = || {
        let mut binds = build.binds.iter();
        binds.any(|bind| absolute(&bind.destination) == workspace)
    };
    match &build.directory {
        Some(directory) => directory.clone(),
        None if has_workspace() => workspace.to_owned(),
        None if build.programs == Programs::Host => IMAGE_DIRECTORY.into(),
        None => "/".into(),
    }
}

/// Unmounts and lets go of everything, with all bytes on the disk.
fn put_away(
    filesystem: Filesystem,
    mounted: Mounted,
    device: Device,
    bootable: Option<Bootable>,
    disk: &Disk,
) -> Result<()> {
    if let Err(error) = mounted.unmount() {
        let what = match is_about_writing(&error) {
            true => "not all that was written is on the disk",
            false => "the disk cannot be unmounted",
        };
        return Err(error).because(FaultKind::Disk, || what.to_owned());
    }
    let path = device.path();
    if let Err(error) = device.wait_until_unused() {
        let whom = holders::cut_off(filesystem, &device);
        return Err(error).because(FaultKind::Disk, || format!("{path} is still in use{whom}"));
    }
    let in_use = || format!("{path} is still in use");
    device.release().because(FaultKind::Disk, in_use)?;
    if let Some(bootable) = bootable {
        bootable.release().because(FaultKind::Disk, in_use)?;
    }
    disk.sync()
        .because(FaultKind::Disk, || "the disk cannot be written".to_owned())
}

/// What a file system says whose disk does not take what is written: that it has failed, that there is
/// no more room, or, ever after, that it is read-only.
fn is_about_writing(error: &io::Error) -> bool {
    use io::ErrorKind::{ReadOnlyFilesystem, StorageFull};
    let failed = Some(rustix::io::Errno::IO.raw_os_error());
    error.raw_os_error() == failed || matches!(error.kind(), ReadOnlyFilesystem | StorageFull)
}

impl Outcome {
    fn leftovers(&self) -> Vec<Leftover> {
        match &self.word {
            Some(Word::Ended { leftovers, .. }) => leftovers.clone(),
            _ => Vec::new(),
        }
    }

    fn timings(&self, began: Instant) -> Timings {
        let command = self.began.unwrap_or(self.over);
        let between = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        Timings {
            before_ms: between(began, command),
            command_ms: between(command, self.over),
            after_ms: between(self.over, Instant::now()),
        }
    }
}

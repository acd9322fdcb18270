//! How a capture goes: a room, an image in it, the copy, the finishing.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use crate::copy::Copy;
use crate::descent::open_below;
use crate::error::Because;
use crate::image::Image;
use crate::loops::Loop;
use crate::measure::{Need, USUAL, words};
use crate::plan::{file_system, plan};
use crate::room::Room;
use crate::select::Selection;
use crate::volume::Volume;
use crate::walk::Walk;
use crate::{
    Captured, Error, ErrorKind, FileSystem, Fstab, Order, Progress, Report, Size, Stage, Watch,
    fstab, making, notes, program,
};

/// Sizes are whole numbers of this, which suits all file systems.
const MIB: u64 = 1 << 20;

/// Makes the image.
///
/// It works on a thread with mounts of its own, and returns when that has ended.
///
/// # Errors
/// [`ErrorKind`] tells what can be done about them; the text is one line. No image is left then.
pub fn capture(order: &Order, watch: &Watch<'_>) -> Result<Captured, Error> {
    watch.check()?;
    let (volume, selection) = plan(order)?;
    let work = || Work::new(order, watch, &volume, selection).and_then(Work::run);
    let result = std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(result) => result,
        Err(_) => Err(Error::failed("a thread broke down")),
    });
    result.map_err(|error| explained(error, order))
}

/// A work directory that is full shows as a broken device.
fn explained(error: Error, order: &Order) -> Error {
    const FULL: u64 = 1 << 20;
    let left = rustix::fs::statvfs(&order.work_dir);
    let full = left.is_ok_and(|left| left.f_bavail * left.f_frsize < FULL);
    match error.kind() {
        ErrorKind::Failed if full => {
            let place = order.work_dir.display();
            Error::failed(format!("the file system of {place} is full ({error})"))
        }
        _ => error,
    }
}

/// A capture under way.
struct Work<'a> {
    order: &'a Order,
    watch: &'a Watch<'a>,
    volume: &'a Volume,
    selection: Selection,
    room: Room,
    kind: FileSystem,
    bytes: u64,
    /// What the volume's file systems hold.
    used: Need,
    image: Image,
}

/// What became of the copy.
struct Copied {
    files: u64,
    bytes: u64,
    report: Report,
}

impl<'a> Work<'a> {
    fn new(
        order: &'a Order,
        watch: &'a Watch<'a>,
        volume: &'a Volume,
        mut selection: Selection,
    ) -> Result<Self, Error> {
        let kind = file_system(order, volume);
        kind.check_programs()?;
        let fstab = match &order.fstab {
            Fstab::Replace(path) => Some(path.as_path()),
            _ => None,
        };
        let files = order.script.as_deref().into_iter().chain(fstab);
        let needed: Vec<&Path> = files.chain([order.work_dir.as_path()]).collect();
        let room = Room::enter(volume, &needed)?;
        let used = used(&room, volume)?;
        let bytes = match order.size {
            Size::Bytes(bytes) => bytes / MIB * MIB,
            // Counting takes a while, and mostly tells nothing new.
            Size::Automatic if used.size(kind) <= USUAL => USUAL,
            Size::Automatic => {
                watch.tell(at(Stage::Measuring, used));
                let source = room.source.as_fd();
                Need::of_tree(source, &selection, watch)?.usual_size(kind)
            }
        };
        let image = Image::new(&order.work_dir, bytes, order.file_name.is_some())?;
        let known = image.file().metadata().because(|| "the image")?;
        selection.without_image(&known);
        Ok(Self {
            order,
            watch,
            volume,
            selection,
            room,
            kind,
            bytes,
            used,
            image,
        })
    }

    fn run(self) -> Result<Captured, Error> {
        let (kind, watch) = (self.kind, self.watch);
        watch.tell(at(Stage::Making, self.used));
        // Only of a whole file system is it known how many files there are.
        let files = self.volume.identity.as_ref().map_or(0, |_| self.used.files);
        kind.make(self.image.file(), files, watch)?;
        let identity = self.identity()?;
        let device = Loop::over(self.image.file().as_fd()).because(|| "a loop device")?;
        let top = self.room.mount(&device, kind)?;
        let mut copied = match self.copy(&top, &identity) {
            Err(error) if error.kind() == ErrorKind::TooSmall => return Err(self.too_small()),
            result => result?,
        };
        watch.tell(Progress {
            files: copied.files,
            bytes: copied.bytes,
            ..at(Stage::Finishing, self.used)
        });
        self.room.unmount(top)?;
        device.finish().because(|| "writing the image")?;
        let (label, uuid) = (identity.label.as_deref(), identity.inherited());
        let uuid = kind.identify(self.image.file(), label, uuid, watch)?;
        watch.check()?;
        copied.report.notes.extend(identity.note);
        let name = self.order.file_name.as_deref();
        let (file, path) = self.image.finish(&self.order.work_dir, name)?;
        Ok(Captured {
            file,
            path,
            size: self.bytes,
            file_system: kind,
            label: identity.label,
            uuid,
            files: copied.files,
            bytes: copied.bytes,
            report: copied.report,
        })
    }

    /// Label and UUID that the image will have.
    fn identity(&self) -> Result<Identity, Error> {
        let own = making::read(self.image.file())?.uuid.unwrap_or_default();
        let volume = self.volume.identity.as_ref();
        let (label, note) = match volume.and_then(|known| known.label.clone()) {
            Some(label) if self.kind.takes_label(&label) => (Some(label), None),
            Some(label) => {
                let (label, kind) = (label.escape_debug(), self.kind);
                let note = format!("the label {label} is none that {kind} can have: left out");
                (None, Some(note))
            }
            None => (None, None),
        };
        Ok(Identity {
            label,
            own,
            volumes: volume.and_then(|known| known.uuid.clone()),
            note,
        })
    }

    fn copy(&self, top: &OwnedFd, identity: &Identity) -> Result<Copied, Error> {
        let watch = self.watch;
        watch.tell(at(Stage::Copying, self.used));
        let to = top.try_clone().because(|| "the image")?;
        let source = self.room.source.try_clone().because(|| "the volume")?;
        let from = source.try_clone().because(|| "the volume")?;
        let mut walk = Walk {
            selection: &self.selection,
            watch,
            visitor: Copy::new(&self.selection, watch, from, to, self.used.bytes)?,
            report: Report::default(),
        };
        walk.run(source)?;
        let (mut copy, mut report) = (walk.visitor, walk.report);
        let root = fstab::Root {
            kind: self.kind,
            label: identity.label.as_deref(),
            uuid: identity.inherited().unwrap_or(&identity.own),
        };
        let doubts = fstab::put(top.as_fd(), &self.order.fstab, &root)?;
        if let Some(script) = &self.order.script {
            watch.tell(copy.progress(Stage::Script));
            program::run_script(script, self.room.image(), watch)?;
        }
        copy.finish(top.as_fd())?;
        notes::add(&mut report, self.order, self.volume, &self.selection, &copy);
        report.notes.extend(doubts);
        Ok(Copied {
            files: copy.files,
            bytes: copy.bytes,
            report,
        })
    }

    /// The image is full: which size would do?
    fn too_small(&self) -> Error {
        let source = self.room.source.as_fd();
        let need = match Need::of_tree(source, &self.selection, self.watch) {
            Ok(need) => need.size(self.kind).max(self.bytes + self.bytes / 8),
            Err(error) => return error,
        };
        let (has, needs) = (words(self.bytes), words(need.next_multiple_of(MIB)));
        let text = format!("the image of {has} is full; {needs} would do");
        Error::new(ErrorKind::TooSmall, text)
    }
}

/// Label and UUID.
struct Identity {
    label: Option<String>,
    /// The UUID with which the image was made.
    own: String,
    /// The volume's.
    volumes: Option<String>,
    note: Option<String>,
}

impl Identity {
    /// The UUID that it is to get.
    fn inherited(&self) -> Option<&str> {
        self.volumes.as_deref()
    }
}

fn at(stage: Stage, used: Need) -> Progress {
    Progress {
        stage,
        files: 0,
        bytes: 0,
        at_most: used.bytes,
    }
}

/// What the volume's file system holds, and those that are taken with it.
fn used(room: &Room, volume: &Volume) -> Result<Need, Error> {
    let failed = || "the volume";
    let mut used = Need::of_file_system(room.source.as_fd()).because(failed)?;
    for rest in &volume.taken {
        let Ok(other) = open_below(room.source.as_fd(), rest) else {
            continue;
        };
        let more = Need::of_file_system(other.as_fd()).because(failed)?;
        used.bytes += more.bytes;
        used.files += more.files;
    }
    Ok(used)
}

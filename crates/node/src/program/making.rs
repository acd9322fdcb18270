//! From the tree to parts.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ami_bundle_format::keys::Recipients;
use ami_bundle_format::tar::Member;
use ami_bundle_format::{Certificate, ContentKey, Image, PackOptions, PartSink, Sha1, pack};
use ami_capture::{ErrorKind, OtherFileSystems, Progress, Report, Size, Stage, Watch, capture};

use super::link::Link;
use super::{Wrong, instance};
use crate::protocol::{Compression, Done, Event, Fstab, Keys, Order};

/// Paths that are told in one message.
const AT_ONCE: usize = 1000;
/// How often the progress is told.
const OFTEN: Duration = Duration::from_millis(200);

/// Bundles as ordered. The result has no parts yet: whoever takes them knows them.
pub(crate) fn make(
    directory: &Path,
    order: &Order,
    link: &Link,
    sink: &mut dyn PartSink,
) -> Result<Done, Wrong> {
    let origin = order.inherit.then(instance::origin).flatten();
    let wanted = wanted(directory, order)?;
    let certificate =
        |der: &[u8]| Certificate::parse(der).map_err(|why| Wrong::order(why.to_string()));
    let (user, ec2) = (
        certificate(&order.certificate)?,
        certificate(&order.ec2_certificate)?,
    );
    let last = Mutex::new((None::<Stage>, Instant::now()));
    let tell = |progress| tell(link, &last, progress);
    let watch = Watch {
        stop: Some(link.stop()),
        progress: Some(&tell),
    };
    let captured = capture(&wanted, &watch).map_err(|error| match error.kind() {
        ErrorKind::Order => Wrong::order(error.to_string()),
        _ => Wrong::new(error.to_string()),
    })?;
    report(link, &captured.report);
    let image = Image::open(captured.file).map_err(|error| Wrong::new(error.to_string()))?;
    let stored = image.stored();
    link.say(&Event::Image {
        size: image.size(),
        stored,
        of: order.identity(),
    });
    let wrong = |error: ami_bundle_format::Error| Wrong::new(error.to_string());
    let key = ContentKey::random().map_err(wrong)?;
    let recipients = Recipients {
        ec2: Some(&ec2),
        user: Some(&user),
    };
    let keys = key.encrypted_for(recipients).map_err(wrong)?;
    let options = PackOptions {
        compression: match order.compression {
            Compression::Fast => ami_bundle_format::Compression::Fast,
            Compression::Default => ami_bundle_format::Compression::Default,
            Compression::Best => ami_bundle_format::Compression::Best,
        },
        s3_digests: true,
        ..PackOptions::default()
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let member = Member {
        name: order.name.clone(),
        mode: 0o600,
        mtime: since.as_ref().map_or(0, Duration::as_secs),
    };
    let packed = pack(image, &member, &key, &options, link.stop(), sink).map_err(wrong)?;
    let Sha1(digest) = packed.digest;
    let system = rustix::system::uname();
    Ok(Done {
        digest,
        size: packed.size,
        bundled_size: packed.bundled_size,
        stored,
        parts: Vec::new(),
        keys: Keys {
            ec2_key: keys.ec2_key.unwrap_or_default(),
            ec2_iv: keys.ec2_iv.unwrap_or_default(),
            user_key: keys.user_key.unwrap_or_default(),
            user_iv: keys.user_iv.unwrap_or_default(),
        },
        machine: system.machine().to_string_lossy().into_owned(),
        kernel_version: system.release().to_string_lossy().into_owned(),
        origin,
        of: order.identity(),
    })
}

/// The order of the capture. What the tool has sent as text becomes files in the own directory, which
/// is left out as a whole.
fn wanted(directory: &Path, order: &Order) -> Result<ami_capture::Order, Wrong> {
    let mut wanted = ami_capture::Order::new(&order.volume, &order.work_dir);
    if let Some(size) = order.size {
        wanted.size = Size::Bytes(size);
    }
    if let Some(kind) = &order.file_system {
        let read = kind.parse();
        wanted.file_system = Some(read.map_err(|_| Wrong::order("an unknown file system"))?);
    }
    if order.all {
        wanted.others = OtherFileSystems::TakeLocal;
    }
    wanted.excludes.clone_from(&order.excludes);
    let volume = order.volume.canonicalize().unwrap_or_default();
    if directory.starts_with(&volume) && directory != volume {
        wanted.own.push(directory.to_owned());
    }
    wanted.includes.clone_from(&order.includes);
    wanted.filter = order.filter;
    let put = |name, text: &Option<Vec<u8>>, mode| {
        text.as_ref()
            .map(|text| put(directory, name, text, mode))
            .transpose()
    };
    wanted.exclude_from = put("exclude-from", &order.exclude_from, 0o600)?;
    wanted.script = put("script", &order.script, 0o700)?;
    wanted.fstab = match &order.fstab {
        Fstab::Keep => ami_capture::Fstab::Keep,
        Fstab::Generate => ami_capture::Fstab::Generate,
        Fstab::Text(text) => {
            let path = self::put(directory, "fstab", text, 0o600)?;
            ami_capture::Fstab::Replace(path)
        }
    };
    Ok(wanted)
}

fn put(directory: &Path, name: &str, text: &[u8], mode: u32) -> Result<PathBuf, Wrong> {
    let path = directory.join(name);
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(&path);
    file.and_then(|mut file| file.write_all(text))
        .map_err(|error| Wrong::new(format!("{}: {error}", path.display())))?;
    Ok(path)
}

fn tell(link: &Link, last: &Mutex<(Option<Stage>, Instant)>, progress: Progress) {
    let Ok(mut last) = last.lock() else { return };
    if last.0 != Some(progress.stage) {
        last.0 = Some(progress.stage);
        let stage = match progress.stage {
            Stage::Measuring => "measuring",
            Stage::Making => "making the file system",
            Stage::Copying => "copying",
            Stage::Script => "running the script",
            Stage::Finishing => "finishing the file system",
        };
        link.say(&Event::Stage(stage.to_owned()));
    } else if last.1.elapsed() < OFTEN {
        return;
    }
    last.1 = Instant::now();
    link.say(&Event::Progress {
        files: progress.files,
        bytes: progress.bytes,
        at_most: progress.at_most,
    });
}

fn report(link: &Link, report: &Report) {
    for note in &report.notes {
        link.say(&Event::Note(note.clone()));
    }
    for some in report.left_out.chunks(AT_ONCE) {
        let some = some.iter();
        // As JSON, paths are text.
        let words = some.map(|left_out| {
            let path = left_out.path.to_string_lossy().into_owned();
            (path.into(), left_out.reason.code().to_owned())
        });
        link.say(&Event::LeftOut(words.collect()));
    }
}

//! Whether a block device is in use by a file system that somebody can write to.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where a block device, one of its partitions, or what is made of them is mounted to be written to.
/// None where that cannot be found out.
pub(crate) fn written_at(device: &File) -> Option<String> {
    let number = device.metadata().ok()?.rdev();
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    let mut devices = vec![format!("{major}:{minor}")];
    let mut next = 0;
    while let Some(device) = devices.get(next) {
        let more = made_of(device);
        devices.extend(
            more.filter(|one| !devices.contains(one))
                .collect::<Vec<_>>(),
        );
        next += 1;
    }
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    table
        .lines()
        .filter_map(Mount::parse)
        .find(|mount| {
            let of_device = |device: &String| device == mount.device;
            // btrfs has numbers of its own, and names one of its devices.
            let of_source = || number_of(mount.source).is_some_and(|own| devices.contains(&own));
            mount.is_writable && (devices.iter().any(of_device) || of_source())
        })
        .map(|mount| unescape(mount.place))
}

/// Partitions of a device, and what is made of it: volumes of LVM, encrypted ones, RAIDs.
fn made_of(device: &str) -> impl Iterator<Item = String> {
    let top = Path::new("/sys/dev/block").join(device);
    let entries = [top.join("holders"), top]
        .into_iter()
        .flat_map(|directory| std::fs::read_dir(directory).into_iter().flatten().flatten());
    entries.filter_map(|entry| {
        let number = std::fs::read_to_string(entry.path().join("dev")).ok()?;
        Some(number.trim().to_owned())
    })
}

fn number_of(source: &str) -> Option<String> {
    let about = std::fs::metadata(unescape(source)).ok()?;
    let (major, minor) = (
        rustix::fs::major(about.rdev()),
        rustix::fs::minor(about.rdev()),
    );
    (major != 0).then(|| format!("{major}:{minor}"))
}

/// A line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
struct Mount<'a> {
    device: &'a str,
    place: &'a str,
    source: &'a str,
    is_writable: bool,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(2);
        let (device, _, place) = (fields.next()?, fields.next()?, fields.next()?);
        let mut fields = file_system.split(' ').skip(1);
        let source = fields.next()?;
        // Those of the file system: one mount of it may be read-only and another not.
        let options = fields.next()?;
        Some(Self {
            device,
            place,
            source,
            is_writable: options.split(',').any(|option| option == "rw"),
        })
    }
}

/// Blanks are written as `\040`.
fn unescape(field: &str) -> String {
    let known = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    known.iter().fold(field.to_owned(), |text, (code, letter)| {
        text.replace(code, letter)
    })
}

#[cfg(test)]
mod tests {
    use super::{Mount, unescape};

    #[test]
    fn mounts_are_read() {
        let line =
            "36 35 98:0 /mnt1 /mnt\\0402 ro,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let mount = Mount::parse(line).expect("a mount");
        assert_eq!((mount.device, mount.source), ("98:0", "/dev/root"));
        assert_eq!(unescape(mount.place), "/mnt 2");
        assert!(mount.is_writable);
        let line = line.replace("rw,errors", "ro,errors");
        assert!(!Mount::parse(&line).expect("a mount").is_writable);
        assert!(Mount::parse("nothing").is_none());
    }
}

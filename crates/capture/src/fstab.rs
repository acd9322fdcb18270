//! `/etc/fstab` of the image (fstab(5)).

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, statat};
use rustix::io::Errno;

use crate::error::Because;
use crate::{Error, FileSystem, Fstab};

/// Whom the root line is about.
#[derive(Debug)]
pub(crate) struct Root<'a> {
    pub kind: FileSystem,
    pub label: Option<&'a str>,
    pub uuid: &'a str,
}

/// Puts it into the image, and says what should be known of it.
pub(crate) fn put(
    top: BorrowedFd<'_>,
    order: &Fstab,
    root: &Root<'_>,
) -> Result<Vec<String>, Error> {
    let what = || "etc/fstab of the image";
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let etc = match openat(top, "etc", flags, Mode::empty()) {
        // Such a tree mounts nothing.
        Err(Errno::NOENT) if *order == Fstab::Keep => return Ok(Vec::new()),
        result => result.because(what)?,
    };
    let old = read(&etc).because(what)?;
    let text = match order {
        Fstab::Keep => {
            let text = old.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            return Ok(text.map_or_else(Vec::new, |text| doubts(&text, root)));
        }
        Fstab::Replace(path) => std::fs::read(path).because(|| path.display().to_string())?,
        Fstab::Generate => {
            let old = old.as_deref().map(String::from_utf8_lossy);
            generated(root, old.as_deref(), has_systemd(top)).into_bytes()
        }
    };
    match renameat(&etc, "fstab", &etc, "fstab.old") {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error).because(what),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o644);
    let file = openat(&etc, "fstab", flags, mode).because(what)?;
    File::from(file).write_all(&text).because(what)?;
    Ok(doubts(&String::from_utf8_lossy(&text), root))
}

fn read(etc: &impl std::os::fd::AsFd) -> std::io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match openat(etc, "fstab", flags, Mode::empty()) {
        Err(Errno::NOENT | Errno::LOOP) => Ok(None),
        result => {
            let mut text = Vec::new();
            File::from(result?).take(1 << 20).read_to_end(&mut text)?;
            Ok(Some(text))
        }
    }
}

/// systemd mounts the kernel's file systems without being told.
fn has_systemd(top: BorrowedFd<'_>) -> bool {
    ["lib/systemd/systemd", "usr/lib/systemd/systemd"]
        .iter()
        .any(|path| statat(top, *path, AtFlags::empty()).is_ok())
}

/// A table with what every start finds: the root, and where needed the kernel's own.
fn generated(root: &Root<'_>, old: Option<&str>, systemd: bool) -> String {
    // As the old table does, if its label is this one.
    let by_label = root.label.filter(|label| {
        let wanted = format!("LABEL={label}");
        old.is_some_and(|text| lines(text).any(|line| line.place == "/" && line.device == wanted))
    });
    let device = match by_label {
        Some(label) => format!("LABEL={label}"),
        None => format!("UUID={}", root.uuid),
    };
    let pass = match root.kind {
        FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => 1,
        FileSystem::Xfs | FileSystem::Btrfs => 0,
    };
    let mut text = format!("{device} / {} defaults 0 {pass}\n", root.kind);
    if !systemd {
        text.push_str("proc /proc proc defaults 0 0\n");
        text.push_str("sysfs /sys sysfs defaults 0 0\n");
        text.push_str("devpts /dev/pts devpts gid=5,mode=620 0 0\n");
        text.push_str("tmpfs /dev/shm tmpfs defaults 0 0\n");
    }
    text
}

/// A line of the table.
struct Line<'a> {
    device: &'a str,
    place: &'a str,
    kind: &'a str,
    options: &'a str,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let device = fields.next().filter(|first| !first.starts_with('#'))?;
        Some(Line {
            device,
            place: fields.next()?,
            kind: fields.next().unwrap_or_default(),
            options: fields.next().unwrap_or_default(),
        })
    })
}

/// What a start from the image would not find.
fn doubts(text: &str, root: &Root<'_>) -> Vec<String> {
    lines(text).filter_map(|line| doubt(&line, root)).collect()
}

fn doubt(line: &Line<'_>, root: &Root<'_>) -> Option<String> {
    let Line {
        device,
        place,
        kind,
        options,
    } = line;
    let shown = |text: &str| text.escape_debug().to_string();
    if *place == "/" {
        let unquoted = device.replace('"', "");
        let fits = match unquoted.split_once('=') {
            Some(("UUID", uuid)) => uuid.eq_ignore_ascii_case(root.uuid),
            Some(("LABEL", label)) => Some(label) == root.label,
            _ => true,
        };
        if !fits {
            let device = shown(device);
            return Some(format!(
                "fstab mounts {device} as the root, which is not the image"
            ));
        }
        if *kind != root.kind.as_str() && *kind != "auto" {
            let (kind, is) = (shown(kind), root.kind);
            return Some(format!(
                "fstab says that the root is {kind}, but the image is {is}"
            ));
        }
        let mut options = options.split(',');
        return options
            .any(|one| one.starts_with("subvol"))
            .then(|| "fstab wants a subvolume as the root, but the image has none".to_owned());
    }
    let waits = !options
        .split(',')
        .any(|one| matches!(one, "nofail" | "noauto" | "nobootwait"));
    let is_disk = device.starts_with("/dev/") || device.contains('=');
    (waits && is_disk).then(|| {
        let (device, place) = (shown(device), shown(place));
        format!("fstab wants {device} for {place}, and a start may wait for it in vain")
    })
}

#[cfg(test)]
mod tests {
    use super::{Root, doubts, generated};
    use crate::FileSystem;

    const ROOT: Root<'static> = Root {
        kind: FileSystem::Xfs,
        label: Some("root"),
        uuid: "11111111-2222-4333-8444-555555555555",
    };

    #[test]
    fn a_generated_table_names_the_root_as_the_old_one() {
        let by_uuid = "UUID=11111111-2222-4333-8444-555555555555 / xfs defaults 0 0\n";
        assert_eq!(generated(&ROOT, None, true), by_uuid);
        assert_eq!(generated(&ROOT, Some("LABEL=other / xfs"), true), by_uuid);
        let old = "#LABEL=x\nLABEL=root / xfs defaults 0 1\n/dev/xvdb /mnt auto nofail 0 2\n";
        let text = generated(&ROOT, Some(old), true);
        assert_eq!(text, "LABEL=root / xfs defaults 0 0\n");
        assert!(generated(&ROOT, None, false).contains("devpts"));
        assert!(doubts(&text, &ROOT).is_empty());
    }

    #[test]
    fn what_a_start_would_not_find_is_told() {
        let text = "UUID=0 / xfs defaults 0 0\n/dev/xvdb /mnt ext4 defaults\n\
                    /dev/xvdc /x ext4 nofail\ntmpfs /tmp tmpfs defaults\nLABEL=swap none swap sw\n";
        let told = doubts(text, &ROOT);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("UUID=0"));
        assert!(told[1].contains("/dev/xvdb"));
        assert!(told[2].contains("LABEL=swap"));
        let told = doubts("LABEL=root / xfs subvol=@ 0 0\n", &ROOT);
        assert!(told[0].contains("subvolume"), "{told:?}");
    }
}

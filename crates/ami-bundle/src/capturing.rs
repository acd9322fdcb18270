//! The options of bundling a running system, as an order for a capture.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ami_capture::{FileSystem, Fstab, Order, OtherFileSystems, Size};
use ami_cli::args::Args;
use ami_core::error::{Error, Kind};

use crate::keys::path;
use crate::size::bytes;

/// Where the file system is made unless somebody says.
const WORK_DIR: &str = "/var/tmp";

/// Reads the options. What they name is not looked at yet.
pub(crate) fn order(args: &Args) -> Result<Order, Error> {
    let volume = match args.operands() {
        [] => PathBuf::from("/"),
        [word] if !word.is_empty() => PathBuf::from(word),
        [_] => return Err(Error::usage("PATH is empty")),
        all => {
            let what = format!("one PATH is read, and {} are named", all.len());
            return Err(Error::usage(what));
        }
    };
    of(args, volume)
}

/// The same for that volume.
pub(crate) fn of(args: &Args, volume: PathBuf) -> Result<Order, Error> {
    let work_dir = path(args, "work-dir")?.unwrap_or_else(|| WORK_DIR.into());
    let mut order = Order::new(volume, work_dir);
    if let Some(size) = args.value("size", bytes)? {
        order.size = Size::Bytes(size);
    }
    order.file_system = args.value("filesystem", str::parse::<FileSystem>)?;
    if args.flag("all") {
        order.others = OtherFileSystems::TakeLocal;
    }
    let excludes = args.values("exclude", several)?.concat();
    order.excludes = excludes.into_iter().map(PathBuf::from).collect();
    order.exclude_from = path(args, "exclude-from")?;
    order.includes = args.values("include", patterns)?.concat();
    order.filter = !args.flag("no-filter");
    // It is a file: a bare name is not looked for where programs are.
    order.script = path(args, "script")?.map(|script| match std::path::absolute(&script) {
        Ok(whole) => whole,
        Err(_) => script,
    });
    order.fstab = match (path(args, "fstab")?, args.flag("generate-fstab")) {
        (Some(file), _) => Fstab::Replace(file),
        (None, true) => Fstab::Generate,
        (None, false) => Fstab::Keep,
    };
    Ok(order)
}

/// Leaves out what the tool has in the tree itself: the key that signs the bundle, which must never be
/// in one even where nothing is filtered, and the bundles in its destination, which would grow from
/// each to the next.
///
/// # Errors
/// The volume is not there.
pub(crate) fn leave_out_ours(
    order: &mut Order,
    key: Option<&Path>,
    destination: &Path,
) -> Result<(), Error> {
    let volume = order.volume.canonicalize().map_err(|error| {
        Error::new(Kind::Usage, format!("cannot be read: {error}")).of(order.volume.display())
    })?;
    let mut ours = bundles(destination);
    // What is not there is not in the tree; whoever needs it says so.
    ours.extend(key.and_then(|key| key.canonicalize().ok()));
    for path in ours {
        let is_below = path != volume && path.starts_with(&volume);
        if is_below {
            order.own.push(path);
        }
    }
    order.volume = volume;
    Ok(())
}

/// The files of bundles in a directory: each manifest with its parts, and what is left of a bundle
/// that was not finished.
fn bundles(directory: &Path) -> Vec<PathBuf> {
    const MANIFEST: &str = ".manifest.xml";
    let Ok(directory) = directory.canonicalize() else {
        return Vec::new();
    };
    let names = std::fs::read_dir(&directory)
        .into_iter()
        .flatten()
        .flatten();
    let names = names.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let names: Vec<String> = names.collect();
    let part = |name: &str| -> Option<String> {
        let (image, number) = name.rsplit_once(".part.")?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| image.to_owned())
    };
    let parts: HashSet<String> = names.iter().filter_map(|name| part(name)).collect();
    let is_bundle = |image: &str| {
        let manifest = format!("{image}{MANIFEST}");
        parts.contains(image) && names.contains(&manifest)
    };
    let is_ours = |name: &str| {
        let waits = name.starts_with(".ami-bundle.") && name.ends_with(".part");
        let image = name.strip_suffix(MANIFEST).map(str::to_owned);
        waits
            || image
                .or_else(|| part(name))
                .is_some_and(|image| is_bundle(&image))
    };
    let ours = names.iter().filter(|name| is_ours(name));
    ours.map(|name| directory.join(name)).collect()
}

/// Patterns between commas; those within braces are the pattern's own.
fn patterns(text: &str) -> Result<Vec<String>, String> {
    let (mut depth, mut escaped) = (0_u32, false);
    let parts = text.split(|letter: char| {
        let is_plain = !escaped;
        escaped = is_plain && letter == '\\';
        match letter {
            '{' if is_plain => depth += 1,
            '}' if is_plain => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && is_plain && depth == 0
    });
    not_empty(parts.map(str::to_owned).collect())
}

fn several(text: &str) -> Result<Vec<String>, String> {
    not_empty(text.split(',').map(str::to_owned).collect())
}

fn not_empty(words: Vec<String>) -> Result<Vec<String>, String> {
    match words.iter().any(String::is_empty) {
        true => Err("between commas is nothing".to_owned()),
        false => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::{bundles, patterns};

    #[test]
    fn commas_within_braces_do_not_part_patterns() {
        for (text, parts) in [
            ("a,b", &["a", "b"][..]),
            ("/a/{b,c}", &["/a/{b,c}"]),
            ("{a,{b,c}},d", &["{a,{b,c}}", "d"]),
            (r"\{a,b\}", &[r"\{a", r"b\}"]),
            (r"a\,b,c", &[r"a\,b", "c"]),
            (r"a\\,b", &[r"a\\", "b"]),
        ] {
            assert_eq!(patterns(text).expect("patterns"), parts, "{text}");
        }
        assert!(patterns("a,,b").is_err());
    }

    #[test]
    fn bundles_are_told_from_what_is_beside_them() {
        let place = tempfile::tempdir().expect("a directory");
        let mut ours = [
            ".ami-bundle.7.0.part",
            "web.manifest.xml",
            "web.part.0",
            "web.part.10",
        ];
        let others = [
            "web.part.x",
            "other.part.0",
            "web",
            "app.manifest.xml",
            "part.1",
        ];
        for name in ours.iter().chain(&others) {
            std::fs::write(place.path().join(name), "x").expect("a file");
        }
        std::fs::create_dir(place.path().join("d.manifest.xml")).expect("a directory");
        let mut found = bundles(place.path());
        found.sort();
        ours.sort_unstable();
        let top = place.path().canonicalize().expect("it is there");
        assert_eq!(found, ours.map(|name| top.join(name)));
    }
}

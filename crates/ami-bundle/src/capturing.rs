//! The options of bundling a running system, as an order for a capture.

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
    order.includes = args.values("include", several)?.concat();
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

/// Leaves out what the tool has in the tree itself: its own destination, and the key that signs the
/// bundle, which must never be in one even where nothing is filtered.
///
/// # Errors
/// The volume is not there.
pub(crate) fn leave_out_ours(order: &mut Order, ours: &[&Path]) -> Result<(), Error> {
    let volume = order.volume.canonicalize().map_err(|error| {
        Error::new(Kind::Usage, format!("cannot be read: {error}")).of(order.volume.display())
    })?;
    for path in ours {
        // What is not there is not in the tree; whoever needs it says so.
        let Ok(path) = path.canonicalize() else {
            continue;
        };
        let is_below = path != volume && path.starts_with(&volume);
        if is_below && !order.excludes.contains(&path) {
            order.excludes.push(path);
        }
    }
    order.volume = volume;
    Ok(())
}

fn several(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = text.split(',').map(str::to_owned).collect();
    match words.iter().any(String::is_empty) {
        true => Err("between commas is nothing".to_owned()),
        false => Ok(words),
    }
}

//! What an order asks for, checked before anything is made.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use crate::error::Because;
use crate::measure::words;
use crate::select::Selection;
use crate::volume::Volume;
use crate::{Error, FileSystem, Fstab, Order, Size, program};

/// Looks whether an order can be carried out: what it names is there and of the right kind. The same
/// is done by [`crate::capture`] before anything else.
///
/// # Errors
/// Those of [`crate::ErrorKind::Order`], and what the machine lacks.
pub fn check(order: &Order) -> Result<(), Error> {
    plan(order).map(drop)
}

/// Reads an order, and looks at its volume.
pub(crate) fn plan(order: &Order) -> Result<(Volume, Selection), Error> {
    for (what, path) in [
        ("volume", &order.volume),
        ("work directory", &order.work_dir),
    ] {
        if !path.is_dir() {
            let text = format!("{what} {} is no directory", path.display());
            return Err(Error::order(text));
        }
    }
    if let Some(name) = &order.file_name {
        let path = order.work_dir.join(name);
        let plain = path.file_name() == Some(name) && !name.as_bytes().contains(&b'/');
        if !plain {
            return Err(Error::order(format!("{} is no file name", name.display())));
        }
        if path.symlink_metadata().is_ok() {
            let text = format!("{} is there already", path.display());
            return Err(Error::order(text));
        }
    }
    if let Fstab::Replace(path) = &order.fstab {
        File::open(path)
            .because(|| format!("fstab {}", path.display()))
            .map_err(|error| Error::order(error.to_string()))?;
    }
    if let Some(path) = order
        .script
        .as_deref()
        .filter(|path| !program::is_program(path))
    {
        let text = format!("script {} is no program", path.display());
        return Err(Error::order(text));
    }
    let volume = Volume::find(&order.volume, order.others)?;
    let selection = Selection::new(order, &volume)?;
    let kind = file_system(order, &volume);
    if let Size::Bytes(bytes) = order.size
        && bytes < kind.least_bytes()
    {
        let least = words(kind.least_bytes());
        return Err(Error::order(format!("{kind} needs {least} at least")));
    }
    Ok((volume, selection))
}

/// The image's file system. ext4 is what everything can start from.
pub(crate) fn file_system(order: &Order, volume: &Volume) -> FileSystem {
    order
        .file_system
        .or(volume.file_system)
        .unwrap_or(FileSystem::Ext4)
}

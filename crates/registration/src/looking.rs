//! What a disk tells of the machine that it is for.

use std::fs::File;
use std::sync::Arc;

use ami_blocks::block::bytes;
use ami_core::escape::escape;
use ami_disk::layout::{Decision, Volume};
use ami_disk::partitions::{BootCode, TableKind};
use ami_disk::{Layout, ReadAt, Source, contents};

use crate::machine::{Evidence, Told};

/// Bytes of a sector of a volume (EBS User Guide, "Amazon EBS volume types").
const SECTOR: u32 = 512;

/// What was seen.
pub(crate) struct Looked {
    pub(crate) evidence: Evidence,
    /// How many bytes the disk has at least, as its partitions and its file system say.
    pub(crate) least: u64,
}

/// Looks at partitions and into file systems. What cannot be understood is no error: a disk may be
/// uploaded of which nothing is known here.
///
/// # Errors
/// A partition table that is damaged, that is for other sectors than volumes have, or that is of a
/// longer disk: no instance would start from it.
pub(crate) fn look(file: File) -> Result<Looked, ami_disk::Error> {
    let disk: Arc<dyn ReadAt> = Arc::new(Source::new(file)?);
    let mut looked = look_at_table(&*disk)?;
    if looked.least > disk.size() {
        let (least, size) = (bytes(looked.least), bytes(disk.size()));
        let what = format!("has {size}, but its file system has {least}; was it cut off?");
        return Err(ami_disk::Error::Table(what));
    }
    if let Some(evidence) = look_into(&disk) {
        looked.evidence = evidence;
    }
    Ok(looked)
}

/// Looks at the partition table only.
///
/// # Errors
/// As [`look`].
pub(crate) fn look_at_table(disk: &dyn ReadAt) -> Result<Looked, ami_disk::Error> {
    let why = "its files cannot be looked into before it is read";
    let layout = match Layout::read(disk) {
        Ok(layout) => layout,
        Err(why @ ami_disk::Error::Table(_)) => return Err(why),
        Err(why) => {
            let why_not = Some(escape(&why.to_string()));
            return Ok(Looked {
                evidence: Evidence {
                    why_not,
                    ..Evidence::default()
                },
                least: 0,
            });
        }
    };
    if layout.table.kind != TableKind::None && layout.table.sector_size != SECTOR {
        return Err(ami_disk::Error::Table(format!(
            "its partition table is for sectors of {} bytes, and those of volumes have {SECTOR}",
            layout.table.sector_size
        )));
    }
    let end = |volume: &Volume| match &volume.partition {
        Some(_) => volume.start + volume.length,
        None => {
            let superblock = volume.superblock.as_ref();
            superblock.and_then(|found| found.size).unwrap_or_default()
        }
    };
    let is_strange = is_strange(&layout);
    let boot_mode = layout.boot_mode();
    Ok(Looked {
        least: layout.volumes.iter().map(end).max().unwrap_or_default(),
        evidence: Evidence {
            architecture: None,
            boot_mode: boot_mode.map(|told| self::told(told.value.as_str(), told)),
            was_looked_at: true,
            why_not: Some(why.to_owned()),
            is_strange,
        },
    })
}

/// Is nothing on it known?
fn is_strange(layout: &Layout) -> bool {
    layout.table.kind == TableKind::None
        && layout.table.boot_code == BootCode::None
        && layout
            .volumes
            .iter()
            .all(|volume| volume.superblock.is_none())
}

/// Looks into the file systems, too.
fn look_into(disk: &Arc<dyn ReadAt>) -> Option<Evidence> {
    let mut layout = Layout::read(&**disk).ok()?;
    contents::look_for_roots(disk, &mut layout);
    let boot_mode = layout.boot_mode();
    // Without a root the boot loaders may still tell.
    let (root, no_root) = match layout.root() {
        Ok(root) => (Some(root.value), None),
        Err(why) => (None, Some(without_advice(&why.to_string()))),
    };
    let (architecture, why_not) = match contents::architecture(disk, &layout, root) {
        Ok(found) => (found, no_root),
        Err(why) => (None, Some(escape(&why.to_string()))),
    };
    Some(Evidence {
        architecture: architecture.map(|told| self::told(told.value.as_str(), told)),
        boot_mode: boot_mode.map(|told| self::told(told.value.as_str(), told)),
        was_looked_at: true,
        why_not,
        is_strange: is_strange(&layout),
    })
}

/// Which partition is the root cannot be said to this tool, which needs it for the architecture only.
fn without_advice(why: &str) -> String {
    let parts = why.split("; ").filter(|part| !part.contains("--partition"));
    escape(&parts.collect::<Vec<_>>().join("; "))
}

fn told<T>(word: &str, decision: Decision<T>) -> Told {
    Told {
        word: word.to_owned(),
        because: escape(&decision.reason),
    }
}

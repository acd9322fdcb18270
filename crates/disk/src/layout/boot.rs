//! How a disk boots.

use super::{BootMode, Decision, Layout};
use crate::partitions::{BootCode, Purpose, TableKind};

/// See [`Layout::boot_mode`].
pub(super) fn mode(layout: &Layout) -> Option<Decision<BootMode>> {
    let (value, reason) = match (uefi(layout), bios(layout)) {
        (Some(uefi), Some(bios)) => (BootMode::UefiPreferred, format!("{uefi}, and {bios}")),
        (Some(uefi), None) => (BootMode::Uefi, uefi),
        (None, Some(bios)) => (BootMode::LegacyBios, bios),
        (None, None) => return None,
    };
    Some(Decision { value, reason })
}

fn uefi(layout: &Layout) -> Option<String> {
    let number = number_of(layout, Purpose::EfiSystem)?;
    Some(format!("partition {number} is an EFI system partition"))
}

/// A BIOS starts the first sector's code and nothing else, so a partition that was made for a BIOS
/// is not enough.
fn bios(layout: &Layout) -> Option<String> {
    let partitions = &layout.table.partitions;
    let bootable = partitions.iter().find(|partition| partition.bootable);
    let is_gpt = matches!(layout.table.kind, TableKind::Gpt { .. });
    let bios_boot = number_of(layout, Purpose::BiosBoot);
    let place = match (layout.table.boot_code, bios_boot, bootable) {
        (BootCode::None, _, _) => return None,
        (_, Some(number), _) => format!("partition {number} is a BIOS boot partition"),
        (BootCode::Other, None, Some(partition)) => {
            format!("partition {} is marked as bootable", partition.number)
        }
        // On a GPT the rest of a loader has no place but a BIOS boot partition. Where there is none,
        // the code is a rest itself, of the table that was there before.
        (BootCode::Loader, None, _) if !is_gpt => {
            return Some("a boot loader is in the first sector".to_owned());
        }
        _ => return None,
    };
    Some(format!("{place} with boot code in the first sector"))
}

fn number_of(layout: &Layout, purpose: Purpose) -> Option<u32> {
    let partitions = &layout.table.partitions;
    let found = partitions
        .iter()
        .find(|partition| partition.purpose == purpose);
    found.map(|partition| partition.number)
}

//! The files of a FAT file system, as far as boot loaders are concerned.
//!
//! Only short names are read: what firmware starts is named `BOOTX64.EFI`, and all that has a longer
//! name has a short one as well. Crates that read FAT were tried: one is no longer kept up and wants
//! to write, the other brings some twenty more. Source: Microsoft, FAT32 File System Specification.

use crate::Window;
use crate::fields::{le16, le32};
use crate::source::up_to;
use crate::superblock::fat::{Geometry, Width, geometry};

/// How much of a directory is read: 4096 entries.
const DIRECTORY: usize = 128 << 10;
/// Boot loaders that are looked at.
const MANY: usize = 16;
/// Attributes: a label (with others, a part of a long name), a directory.
const LABEL: u8 = 0x08;
const FOLDER: u8 = 0x10;

/// An open file system.
pub(super) struct Fat<'a> {
    source: &'a Window<'a>,
    geometry: Geometry,
}

struct Entry {
    name: String,
    is_directory: bool,
    cluster: u32,
    size: u32,
}

impl<'a> Fat<'a> {
    pub(super) fn open(source: &'a Window<'a>) -> Option<Self> {
        let geometry = geometry(&up_to(source, 0, 512).ok()?)?;
        Some(Self { source, geometry })
    }

    /// The path and the first `size` bytes of each `*.EFI` in a directory of `EFI`, what is in `BOOT`
    /// first.
    pub(super) fn loaders(&self, size: usize) -> Vec<(String, Vec<u8>)> {
        let root = self.entries(&self.root());
        let efi = root.iter().find(|entry| is_named(entry, "EFI"));
        let mut vendors = efi.map_or_else(Vec::new, |efi| self.directory(efi));
        vendors.sort_by_key(|vendor| (vendor.name != "BOOT", vendor.name.clone()));
        let mut found = Vec::new();
        for vendor in vendors.iter().filter(|vendor| vendor.is_directory) {
            for entry in self.directory(vendor) {
                if found.len() < MANY && !entry.is_directory && entry.name.ends_with(".EFI") {
                    let size = size.min(entry.size as usize);
                    let path = format!("EFI/{}/{}", vendor.name, entry.name);
                    found.push((path, self.chain(entry.cluster, size)));
                }
            }
        }
        found
    }

    fn root(&self) -> Vec<u8> {
        if self.geometry.width == Width::Fat32 {
            return self.chain(self.geometry.root_cluster, DIRECTORY);
        }
        let (start, length) = self.geometry.root;
        let length = usize::try_from(length).unwrap_or(DIRECTORY);
        up_to(self.source, start, length.min(DIRECTORY)).unwrap_or_default()
    }

    fn directory(&self, entry: &Entry) -> Vec<Entry> {
        if !entry.is_directory {
            return Vec::new();
        }
        self.entries(&self.chain(entry.cluster, DIRECTORY))
    }

    /// Entries of 32 bytes, up to one that begins with a zero.
    fn entries(&self, bytes: &[u8]) -> Vec<Entry> {
        bytes
            .chunks_exact(32)
            .take_while(|entry| entry[0] != 0)
            .filter(|entry| entry[0] != 0xe5 && entry[11] & LABEL == 0 && entry[0] != b'.')
            .map(|entry| {
                let high = match self.geometry.width {
                    Width::Fat32 => u32::from(le16(entry, 20)),
                    Width::Fat12 | Width::Fat16 => 0,
                };
                Entry {
                    name: name(entry),
                    is_directory: entry[11] & FOLDER != 0,
                    cluster: high << 16 | u32::from(le16(entry, 26)),
                    size: le32(entry, 28),
                }
            })
            .collect()
    }

    /// The first `size` bytes of a chain of clusters. Each turn adds a cluster, so a chain that goes
    /// in circles ends as well.
    fn chain(&self, first: u32, size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut cluster = Some(first);
        while let Some(number) = cluster.filter(|_| bytes.len() < size) {
            let Some(index) = u64::from(number).checked_sub(2) else {
                break;
            };
            if index >= self.geometry.clusters {
                break;
            }
            let left = size - bytes.len();
            let length = usize::try_from(self.geometry.cluster).unwrap_or(left);
            let offset = self.geometry.data + index * self.geometry.cluster;
            let part = up_to(self.source, offset, length.min(left)).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            bytes.extend(part);
            cluster = self.next(number);
        }
        bytes
    }

    /// What the table says comes after a cluster; marks of the end are numbers of no cluster.
    fn next(&self, cluster: u32) -> Option<u32> {
        let cluster64 = u64::from(cluster);
        let table = self.geometry.table;
        let entry = |at: u64| up_to(self.source, table + at, 4).ok();
        Some(match self.geometry.width {
            Width::Fat12 => {
                let both = le16(&entry(cluster64 * 3 / 2)?, 0);
                u32::from(if cluster.is_multiple_of(2) {
                    both & 0xfff
                } else {
                    both >> 4
                })
            }
            Width::Fat16 => u32::from(le16(&entry(cluster64 * 2)?, 0)),
            Width::Fat32 => le32(&entry(cluster64 * 4)?, 0) & 0x0fff_ffff,
        })
    }
}

fn is_named(entry: &Entry, name: &str) -> bool {
    entry.is_directory && entry.name == name
}

/// `BOOTX64 EFI` becomes `BOOTX64.EFI`. Letters of other code pages become `_`.
fn name(entry: &[u8]) -> String {
    let part = |bytes: &[u8]| -> String {
        let letters = bytes.iter().map(|byte| match byte {
            byte if byte.is_ascii_graphic() || *byte == b' ' => char::from(*byte),
            _ => '_',
        });
        letters.collect::<String>().trim_end().to_owned()
    };
    let (stem, ending) = (part(&entry[..8]), part(&entry[8..11]));
    if ending.is_empty() {
        stem
    } else {
        format!("{stem}.{ending}")
    }
}

//! Is it a raw disk at all? Told by what is in it, never by its name.
//!
//! The first bytes of a raw disk are the program that a BIOS starts, or zeros. No magic below begins
//! like such a program, and those that are short or stand elsewhere are confirmed by a checksum or
//! by what stands around them.

use crate::fields::{be32, has, le32};
use crate::source::up_to;
use crate::{Error, ReadAt};

mod command;

/// What a file is, as far as it matters to whoever wants a raw disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A disk byte for byte, or at least nothing else that is known.
    Raw,
    /// QEMU's old copy-on-write format, version 1.
    Qcow,
    /// QEMU's copy-on-write format, versions 2 and 3.
    Qcow2,
    /// VMware's virtual disk: sparse, of ESX (`COWD`), or a text that names other files.
    Vmdk,
    /// Microsoft's virtual disk, fixed or dynamic.
    Vhd,
    /// Microsoft's newer virtual disk.
    Vhdx,
    /// VirtualBox's virtual disk.
    Vdi,
    /// QEMU's enhanced disk.
    Qed,
    /// Parallels' virtual disk.
    Parallels,
    /// An installation medium or another CD or DVD, even if it starts from a disk as well.
    Iso9660,
    /// An archive, or an appliance (`.ova`), which is one.
    Tar,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by xz.
    Xz,
    /// Compressed by zstd.
    Zstd,
    /// Compressed by bzip2.
    Bzip2,
    /// Compressed by lz4.
    Lz4,
    /// A zip archive.
    Zip,
    /// Android's sparse image.
    AndroidSparse,
}

/// Magics at the very start. Sources: the formats' own specifications as `file` (magic(5)) and
/// QEMU's `block/*.c` have them.
const AT_START: [(&[u8], Format); 17] = [
    (b"QED\0", Format::Qed),
    (b"KDMV", Format::Vmdk),
    (b"COWD", Format::Vmdk),
    (b"# Disk DescriptorFile", Format::Vmdk),
    // The copy of the footer that a dynamic disk begins with.
    (b"conectix", Format::Vhd),
    (b"vhdxfile", Format::Vhdx),
    (b"WithoutFreeSpace", Format::Parallels),
    (b"WithouFreSpacExt", Format::Parallels),
    (b"\x1f\x8b\x08", Format::Gzip),
    (b"\xfd7zXZ\0", Format::Xz),
    (b"\x28\xb5\x2f\xfd", Format::Zstd),
    (b"\x04\x22\x4d\x18", Format::Lz4),
    // Of lz4 before 2012, which `lz4 -l` still writes for kernels.
    (b"\x02\x21\x4c\x18", Format::Lz4),
    (b"PK\x03\x04", Format::Zip),
    // An archive in parts.
    (b"PK\x07\x08PK\x03\x04", Format::Zip),
    (b"\x3a\xff\x26\xed", Format::AndroidSparse),
    // Empty, which compresses to a trailer alone.
    (b"BZh9\x17\x72\x45\x38\x50\x90", Format::Bzip2),
];

/// Where an ISO 9660 image describes itself: sector 16 of 2048 bytes (ECMA-119, 8.4).
const ISO_DESCRIPTOR: u64 = 16 * 2048;
/// The size of the footer that every VHD ends with.
const VHD_FOOTER: u64 = 512;

impl Format {
    /// Looks at the first 512 bytes, the place where CDs say what they are, and the last 512 bytes.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn of(source: &dyn ReadAt) -> Result<Self, Error> {
        let head = up_to(source, 0, 512)?;
        if let Some(format) = at_start(&head) {
            return Ok(format);
        }
        let footer = source.size().checked_sub(VHD_FOOTER);
        if let Some(footer) = footer
            && is_vhd_footer(&up_to(source, footer, 512)?)
        {
            return Ok(Self::Vhd);
        }
        let descriptor = up_to(source, ISO_DESCRIPTOR, 132)?;
        if is_iso_descriptor(&descriptor) {
            return Ok(Self::Iso9660);
        }
        Ok(Self::Raw)
    }

    /// Can it be taken as it is?
    pub fn is_raw(self) -> bool {
        self == Self::Raw
    }

    /// What people call it, after "is" and before nothing: `a qcow2 image`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "a raw disk",
            Self::Qcow => "a qcow image",
            Self::Qcow2 => "a qcow2 image",
            Self::Vmdk => "a VMDK",
            Self::Vhd => "a VHD",
            Self::Vhdx => "a VHDX",
            Self::Vdi => "a VDI",
            Self::Qed => "a QED image",
            Self::Parallels => "a Parallels disk",
            Self::Iso9660 => "an ISO 9660 image (a CD or DVD)",
            Self::Tar => "a tar archive or an OVA",
            Self::Gzip => "compressed by gzip",
            Self::Xz => "compressed by xz",
            Self::Zstd => "compressed by zstd",
            Self::Bzip2 => "compressed by bzip2",
            Self::Lz4 => "compressed by lz4",
            Self::Zip => "a zip archive",
            Self::AndroidSparse => "an Android sparse image",
        }
    }

    /// qemu-img's name for it, if it reads it (`qemu-img --help`, "Supported formats").
    pub fn qemu_name(self) -> Option<&'static str> {
        match self {
            Self::Raw => Some("raw"),
            Self::Qcow => Some("qcow"),
            Self::Qcow2 => Some("qcow2"),
            Self::Vmdk => Some("vmdk"),
            Self::Vhd => Some("vpc"),
            Self::Vhdx => Some("vhdx"),
            Self::Vdi => Some("vdi"),
            Self::Qed => Some("qed"),
            Self::Parallels => Some("parallels"),
            _ => None,
        }
    }

    /// A line for a shell that makes a raw disk of `file`, or unpacks what is then to be asked
    /// again: `qemu-img convert -f qcow2 -O raw disk.qcow2 disk.raw`, `xz -dc disk.raw.xz >
    /// disk.raw`. Words are quoted where a shell needs it. None for what is raw already, and for a
    /// CD, of which no command makes a disk that boots.
    pub fn to_raw(self, file: &str) -> Option<String> {
        command::to_raw(self, file)
    }
}

fn at_start(head: &[u8]) -> Option<Format> {
    if let Some((_, format)) = AT_START.iter().find(|(magic, _)| has(head, 0, magic)) {
        return Some(*format);
    }
    if has(head, 0, b"QFI\xfb") {
        return match be32(head, 4) {
            1 => Some(Format::Qcow),
            2 | 3 => Some(Format::Qcow2),
            _ => None,
        };
    }
    // "BZh", the level, and the magic of the first block, which is pi.
    if has(head, 0, b"BZh") && has(head, 4, b"\x31\x41\x59\x26\x53\x59") {
        return Some(Format::Bzip2);
    }
    // The text before the magic differs with the program that wrote it.
    if has(head, 0, b"<<<") && le32(head, 64) == 0xbeda_107f {
        return Some(Format::Vdi);
    }
    is_tar(head).then_some(Format::Tar)
}

/// The sum of the header's bytes, its own field taken as spaces, stands in it in octal (POSIX
/// pax(1), "ustar Interchange Format").
fn is_tar(head: &[u8]) -> bool {
    if head.len() < 512 || !has(head, 257, b"ustar") {
        return false;
    }
    let sum: u32 = head
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            u32::from(if (148..156).contains(&at) {
                b' '
            } else {
                *byte
            })
        })
        .sum();
    let written = String::from_utf8_lossy(&head[148..156]);
    let written = written.trim_matches(|c: char| c == ' ' || c == '\0');
    u32::from_str_radix(written, 8) == Ok(sum)
}

/// The footer's checksum is the complement of the sum of all its other bytes (Microsoft, Virtual
/// Hard Disk Image Format Specification, "Hard Disk Footer Format").
fn is_vhd_footer(footer: &[u8]) -> bool {
    if !has(footer, 0, b"conectix") {
        return false;
    }
    let sum: u32 = footer
        .iter()
        .enumerate()
        .filter(|(at, _)| !(64..68).contains(at))
        .map(|(_, byte)| u32::from(*byte))
        .sum();
    !sum == be32(footer, 64)
}

/// A primary volume descriptor of version 1, whose block size says the same in both byte orders.
fn is_iso_descriptor(bytes: &[u8]) -> bool {
    has(bytes, 0, b"\x01CD001\x01") && matches!(bytes.get(128..132), Some([0, 8, 8, 0]))
}

#[cfg(test)]
mod tests {
    use super::Format;

    fn of(bytes: &[u8]) -> Format {
        Format::of(&bytes.to_vec()).expect("bytes can be read")
    }

    #[test]
    fn what_begins_with_its_magic() {
        let mut vdi = b"<<< QEMU VM Virtual Disk Image >>>\n".to_vec();
        vdi.resize(64, 0);
        vdi.extend([0x7f, 0x10, 0xda, 0xbe]);
        for (bytes, format) in [
            (&b"QFI\xfb\0\0\0\x01"[..], Format::Qcow),
            (b"QFI\xfb\0\0\0\x03", Format::Qcow2),
            (b"QFI\xfb\0\0\0\x09", Format::Raw),
            (b"KDMV\x01", Format::Vmdk),
            (b"# Disk DescriptorFile\nversion=1\n", Format::Vmdk),
            (b"vhdxfile", Format::Vhdx),
            (b"conectix", Format::Vhd),
            (&vdi, Format::Vdi),
            (b"\x1f\x8b\x08\0", Format::Gzip),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"BZh91AY&SY", Format::Bzip2),
            (b"BZhello", Format::Raw),
            (b"PK\x03\x04", Format::Zip),
            (b"", Format::Raw),
            (b"\xeb\x63\x90", Format::Raw),
        ] {
            assert_eq!(of(bytes), format, "{bytes:?}");
        }
    }

    #[test]
    fn a_checksum_decides_where_a_magic_could_be_chance() {
        let mut footer = [0; 512];
        footer[..8].copy_from_slice(b"conectix");
        let sum: u32 = footer.iter().map(|byte| u32::from(*byte)).sum();
        footer[64..68].copy_from_slice(&(!sum).to_be_bytes());
        let mut disk = vec![0; 2048];
        disk.extend(footer);
        assert_eq!(of(&disk), Format::Vhd);
        disk[2048 + 100] = 1;
        assert_eq!(of(&disk), Format::Raw);

        let mut code = vec![0; 512];
        code[257..262].copy_from_slice(b"ustar");
        assert_eq!(of(&code), Format::Raw);
        code[148..156].copy_from_slice(b"001457\0 ");
        assert_eq!(of(&code), Format::Tar);
    }
}

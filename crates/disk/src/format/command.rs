//! Lines for a shell that make raw disks of what are none.

use super::Format;

/// Endings that a name loses when it becomes a raw disk's.
const ENDINGS: [&str; 17] = [
    ".qcow2", ".qcow", ".vmdk", ".vhdx", ".vhd", ".vpc", ".vdi", ".qed", ".hdd", ".simg", ".gz",
    ".xz", ".zstd", ".zst", ".bz2", ".lz4", ".img",
];

/// See [`Format::to_raw`].
pub(super) fn to_raw(format: Format, file: &str) -> Option<String> {
    let from = word(file);
    let to = word(&raw_name(file));
    if let Some(name) = format.qemu_name().filter(|_| !format.is_raw()) {
        // Without -f a fixed VHD would be taken for a raw disk with some bytes too many.
        return Some(format!("qemu-img convert -f {name} -O raw {from} {to}"));
    }
    match format {
        Format::Gzip => Some(format!("gzip -dc {from} > {to}")),
        Format::Bzip2 => Some(format!("bzip2 -dc {from} > {to}")),
        Format::Xz => Some(format!("xz -dc {from} > {to}")),
        Format::Zstd => Some(format!("zstd -d {from} -o {to}")),
        Format::Lz4 => Some(format!("lz4 -d {from} {to}")),
        Format::Zip => Some(format!("unzip {from}")),
        Format::Tar => Some(format!("tar -xf {from}")),
        Format::AndroidSparse => Some(format!("simg2img {from} {to}")),
        _ => None,
    }
}

/// `disk.qcow2` becomes `disk.raw`; so do `disk.xz` and `disk.raw.xz`.
fn raw_name(file: &str) -> String {
    let stem = ENDINGS
        .iter()
        .find_map(|ending| {
            let at = file.len().checked_sub(ending.len())?;
            let (stem, end) = file.split_at_checked(at)?;
            let named = !stem.is_empty() && !stem.ends_with('/');
            (named && end.eq_ignore_ascii_case(ending)).then_some(stem)
        })
        .unwrap_or(file);
    match stem.strip_suffix(".raw") {
        Some(_) if stem.len() < file.len() => stem.to_owned(),
        _ => format!("{stem}.raw"),
    }
}

/// Quotes a file's name. One that would be taken for an option, or by QEMU for a protocol
/// (`nbd:…`), is led by `./`.
fn word(file: &str) -> String {
    let first = file.split('/').next().unwrap_or_default();
    let lead = if file.starts_with('-') || first.contains(':') {
        "./"
    } else {
        ""
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !file.is_empty() && file.chars().all(plain) {
        format!("{lead}{file}")
    } else {
        format!("'{lead}{}'", file.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn lines_that_can_be_pasted() {
        for (format, file, line) in [
            (
                Format::Qcow2,
                "disk.qcow2",
                "qemu-img convert -f qcow2 -O raw disk.qcow2 disk.raw",
            ),
            (
                Format::Vhd,
                "my disk.VHD",
                "qemu-img convert -f vpc -O raw 'my disk.VHD' 'my disk.raw'",
            ),
            (
                Format::Vmdk,
                "-d:x",
                "qemu-img convert -f vmdk -O raw ./-d:x ./-d:x.raw",
            ),
            (Format::Xz, "disk.raw.xz", "xz -dc disk.raw.xz > disk.raw"),
            (Format::Gzip, "disk.raw", "gzip -dc disk.raw > disk.raw.raw"),
            (Format::Zstd, "a/.zst", "zstd -d a/.zst -o a/.zst.raw"),
            (Format::Zstd, "it's", r"zstd -d 'it'\''s' -o 'it'\''s.raw'"),
            (Format::Tar, "vm.ova", "tar -xf vm.ova"),
        ] {
            assert_eq!(format.to_raw(file).as_deref(), Some(line));
        }
        assert_eq!(Format::Raw.to_raw("disk.raw"), None);
        assert_eq!(Format::Iso9660.to_raw("cd.iso"), None);
    }
}

//! Writes the archive's beginning; its data is the image's, and zeros end it.

use super::{
    BLOCK, Member, RECORD,
    header::{
        Block, CHECKSUM, ENTRY, GID, GNU_MAGIC, GROUP, KIND, MAGIC, MAP, MAP_MORE, MODE, MTIME,
        NAME, REAL_SIZE, SIZE, SPARSE, SPARSE_MORE, UID, USER, checksum, put,
    },
};
use crate::image::Extent;

/// Two blocks of zeros end an archive.
const END: u64 = 2 * BLOCK as u64;

/// How many bytes an archive has at most with `data` bytes in `extents` pieces.
pub(crate) fn archive_size(data: u64, extents: usize) -> u64 {
    // A long name takes two blocks, an entry at the end may mark the size.
    let blocks = 3 + (extents + 1).div_ceil(MAP.len() / ENTRY);
    (blocks * BLOCK) as u64 + data.next_multiple_of(BLOCK as u64) + END + RECORD
}

/// The header of a member of `size` bytes that has data in `extents`: its blocks up to the data.
pub(crate) fn head(member: &Member, size: u64, extents: &[Extent]) -> Vec<u8> {
    let mut out = Vec::new();
    let name = member.name.as_bytes();
    if name.len() > NAME.len() {
        long_name(&mut out, name);
    }
    let data: u64 = extents.iter().map(|extent| extent.length).sum();
    let mut block = common(name, data);
    put(&mut block[MODE], u64::from(member.mode & 0o7777));
    put(&mut block[MTIME], member.mtime);
    if data == size {
        block[KIND] = b'0';
        seal(&mut block);
        out.extend_from_slice(&block);
    } else {
        sparse(&mut out, block, size, extents);
    }
    out
}

fn sparse(out: &mut Vec<u8>, mut block: Block, size: u64, extents: &[Extent]) {
    block[KIND] = b'S';
    put(&mut block[REAL_SIZE], size);
    let mut entries = extents.to_vec();
    // A hole at the end is shown by an entry without data where the file ends.
    if extents.last().is_none_or(|last| last.end() < size) {
        entries.push(Extent {
            offset: size,
            length: 0,
        });
    }
    let (first, rest) = entries.split_at(entries.len().min(SPARSE.len() / ENTRY));
    list(&mut block[SPARSE], first);
    block[SPARSE_MORE] = u8::from(!rest.is_empty());
    seal(&mut block);
    out.extend_from_slice(&block);
    let mut pieces = rest.chunks(MAP.len() / ENTRY).peekable();
    while let Some(piece) = pieces.next() {
        let mut block = [0; BLOCK];
        list(&mut block[MAP], piece);
        block[MAP_MORE] = u8::from(pieces.peek().is_some());
        out.extend_from_slice(&block);
    }
}

fn list(area: &mut [u8], extents: &[Extent]) {
    for (entry, extent) in area.chunks_exact_mut(ENTRY).zip(extents) {
        let (offset, length) = entry.split_at_mut(ENTRY / 2);
        put(offset, extent.offset);
        put(length, extent.length);
    }
}

/// A name that has no place in a header stands in a member of its own before it.
fn long_name(out: &mut Vec<u8>, name: &[u8]) {
    let mut block = common(b"././@LongLink", name.len() as u64 + 1);
    block[KIND] = b'L';
    put(&mut block[MODE], 0o644);
    put(&mut block[MTIME], 0);
    seal(&mut block);
    out.extend_from_slice(&block);
    out.extend_from_slice(name);
    out.push(0);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

fn common(name: &[u8], size: u64) -> Block {
    let mut block = [0; BLOCK];
    let kept = name.len().min(NAME.len());
    block[NAME][..kept].copy_from_slice(&name[..kept]);
    put(&mut block[UID], 0);
    put(&mut block[GID], 0);
    put(&mut block[SIZE], size);
    block[MAGIC].copy_from_slice(GNU_MAGIC);
    block[USER][..4].copy_from_slice(b"root");
    block[GROUP][..4].copy_from_slice(b"root");
    block
}

fn seal(block: &mut Block) {
    let digits = format!("{:06o}\0 ", checksum(block));
    block[CHECKSUM].copy_from_slice(digits.as_bytes());
}

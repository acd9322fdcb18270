//! Whatever the bytes, and in whatever pieces they come, what is given out are pieces of one image, in
//! order and without gaps; with an archive that is read to its end, all of it.
#![no_main]

use std::io;

use ami_bundle_format::{ImageSink, tar::Reader};
use libfuzzer_sys::fuzz_target;

struct Order {
    at: u64,
    size: u64,
}

impl Order {
    fn take(&mut self, offset: u64, length: u64) -> io::Result<()> {
        assert_eq!(offset, self.at);
        assert!(length > 0);
        self.at += length;
        assert!(self.at <= self.size);
        Ok(())
    }
}

impl ImageSink for Order {
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.take(offset, bytes.len() as u64)
    }

    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.take(offset, length)
    }
}

fuzz_target!(|input: &[u8]| {
    // The first bytes say what the manifest would, and how the archive is cut.
    let [piece, high, low, archive @ ..] = input else {
        return;
    };
    let size = u64::from(u16::from_be_bytes([*high, *low]));
    let mut archive = archive.to_owned();
    mend(&mut archive);
    let mut order = Order { at: 0, size };
    let mut reader = Reader::new("disk", size);
    let mut pieces = archive.chunks(usize::from(*piece) + 1);
    let read = pieces.try_for_each(|bytes| reader.push(bytes, &mut order));
    if read.is_ok() && reader.finish().is_ok() {
        assert_eq!(order.at, size);
    }
});

/// Makes the checksums right of what may be headers, which chance would not.
fn mend(archive: &mut [u8]) {
    for block in archive.chunks_exact_mut(512) {
        if &block[257..262] == b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

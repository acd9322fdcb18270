//! A part of a disk as the readers of file systems want it, of which only so much is read.

use std::error::Error;
use std::io;
use std::sync::Arc;

use crate::layout::Volume;
use crate::{ReadAt, Window};

/// How many bytes are read of one file system at the most. A lookup takes some blocks, and a large
/// directory some hundred KiB; more is only asked for by logs that were not replayed, and by file
/// systems that were made to keep their readers busy.
pub const BUDGET: u64 = 32 << 20;

/// A volume of a disk, and what may still be read of it.
pub(super) struct Budgeted {
    disk: Arc<dyn ReadAt>,
    start: u64,
    length: u64,
    left: u64,
}

impl Budgeted {
    pub(super) fn new(disk: &Arc<dyn ReadAt>, volume: &Volume) -> Self {
        Self {
            disk: Arc::clone(disk),
            start: volume.start,
            length: volume.length,
            left: BUDGET,
        }
    }

    /// The volume's size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.length
    }

    pub(super) fn read_exact_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.left = self
            .left
            .checked_sub(buffer.len() as u64)
            .ok_or_else(|| io::Error::other("too much is to be read"))?;
        Window::new(&*self.disk, self.start, self.length).read_exact_at(offset, buffer)
    }
}

impl ext4_view::Ext4Read for Budgeted {
    fn read(
        &mut self,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Box<dyn Error + Send + Sync + 'static>> {
        Ok(self.read_exact_at(offset, buffer)?)
    }
}

impl lamxfs::BlockRead for Budgeted {
    type Error = io::Error;

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(offset, buffer)
    }
}

impl lambutter::BlockRead for Budgeted {
    type Error = io::Error;

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(offset, buffer)
    }
}

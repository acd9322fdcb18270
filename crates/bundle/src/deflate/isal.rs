//! igzip of Intel's ISA-L, which makes its way in assembly.

#![expect(unsafe_code, reason = "a C library's stream is made of pointers")]

use isal_sys::igzip_lib::{
    COMP_OK, IGZIP_DEFLATE, ISAL_DEF_LVL3_SMALL, NO_FLUSH, SYNC_FLUSH, isal_deflate,
    isal_deflate_init, isal_deflate_set_dict, isal_zstream,
};

use super::bound;

/// Its best level, at which it is still bound by little but memory.
const LEVEL: u32 = 3;

/// The memory of a level is what it gathers before it writes a block with codes of its own. Of programs,
/// this little makes bundles 1 % smaller than the most does, as codes then follow what they are for.
const MEMORY: u32 = ISAL_DEF_LVL3_SMALL;

/// A compressor with the memory that it wants.
pub(crate) struct Deflater {
    stream: Box<isal_zstream>,
    level_buffer: Vec<u8>,
}

impl Deflater {
    pub(super) fn new() -> Self {
        let stream = Box::<isal_zstream>::new_zeroed();
        Self {
            // SAFETY: the C structure is numbers, arrays of them and pointers, for all of which zeros
            // are values; `isal_deflate_init` gives them their own before each use.
            stream: unsafe { stream.assume_init() },
            level_buffer: vec![0; MEMORY as usize],
        }
    }

    /// Compresses a block; `None` when that failed.
    pub(super) fn block(&mut self, dictionary: &[u8], data: &[u8], last: bool) -> Option<Vec<u8>> {
        let mut out = vec![0; bound(data.len())];
        let stream = &mut *self.stream;
        // SAFETY: `stream` is a whole structure that this call may overwrite.
        unsafe { isal_deflate_init(stream) };
        stream.level = LEVEL;
        stream.level_buf = self.level_buffer.as_mut_ptr();
        stream.level_buf_size = u32::try_from(self.level_buffer.len()).ok()?;
        stream.gzip_flag = u16::try_from(IGZIP_DEFLATE).ok()?;
        stream.end_of_stream = u16::from(last);
        stream.flush = u16::try_from(if last { NO_FLUSH } else { SYNC_FLUSH }).ok()?;
        if !dictionary.is_empty() {
            let length = u32::try_from(dictionary.len()).ok()?;
            // SAFETY: the dictionary is of that length, and is copied, not written to.
            let set =
                unsafe { isal_deflate_set_dict(stream, dictionary.as_ptr().cast_mut(), length) };
            succeeded(set)?;
        }
        stream.next_in = data.as_ptr().cast_mut();
        stream.avail_in = u32::try_from(data.len()).ok()?;
        stream.next_out = out.as_mut_ptr();
        stream.avail_out = u32::try_from(out.len()).ok()?;
        // SAFETY: the input is read and the output is written within the lengths that were set above,
        // and both live longer than this call; so does the level's buffer.
        let status = unsafe { isal_deflate(stream) };
        succeeded(status)?;
        // With all input taken and room left, a flush is complete.
        let complete = stream.avail_in == 0 && stream.avail_out > 0;
        let made = out.len() - stream.avail_out as usize;
        (stream.next_in, stream.next_out) = (std::ptr::null_mut(), std::ptr::null_mut());
        stream.level_buf = std::ptr::null_mut();
        out.truncate(made);
        complete.then_some(out)
    }
}

fn succeeded(status: i32) -> Option<()> {
    (status == COMP_OK as i32).then_some(())
}

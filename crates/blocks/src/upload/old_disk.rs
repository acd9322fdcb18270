//! Is the old disk the one that the parent was made of? Only then can blocks be left out because they
//! are the same in both disks.
//!
//! All of it could only be told by fetching all of the parent. So a few blocks are compared, which
//! catches a disk that was confused with another one, or that was written to as a whole.

use ami_core::app::Context;
use ami_core::ebs::Ebs;
use ami_core::error::{Error, Kind};
use ami_core::id::Id;

use super::{Known, Request, Source};
use crate::block::{BLOCK, Digest};
use crate::disk::Disk;

/// How many blocks are compared.
const SAMPLES: usize = 8;

/// Refuses a disk as its own old disk: it was written to since, or there is nothing to be sent.
pub(super) fn check_is_another(request: &Request) -> Result<(), Error> {
    let known = request.parent.as_ref().map(|parent| &parent.known);
    if let (Source::Disk(disk), Some(Known::Disk(old))) = (&request.source, known)
        && disk.identity().device == old.identity().device
        && disk.identity().inode == old.identity().inode
    {
        let error = Error::new(
            Kind::Usage,
            "is the disk that is uploaded, not its old state",
        );
        return Err(error.of(old.path().display()));
    }
    Ok(())
}

/// Compares blocks that the parent has, spread over it, with those of the old disk.
pub(super) async fn check(
    context: &Context,
    ebs: &Ebs,
    parent: &Id,
    disk: &Disk,
) -> Result<(), Error> {
    let page = match ebs.blocks(parent, None).await {
        Ok(page) => page.blocks,
        Err(error) => return unverified(context, disk, error.of(parent)),
    };
    let stride = page.len().div_ceil(SAMPLES).max(1);
    let mut buffer = vec![0; BLOCK];
    for (index, token) in page.iter().step_by(stride) {
        let block = match ebs.get_block(parent, *index, token).await {
            Ok(block) => block,
            Err(error) => return unverified(context, disk, error.of(parent)),
        };
        let is_same = *index < disk.blocks()
            && disk.read_block(*index, &mut buffer).is_ok()
            && Digest::of(&buffer).0 == block.digest;
        if !is_same {
            let offset = u64::from(*index) * BLOCK as u64;
            let what = format!(
                "is not the disk that {parent} was made of: byte {offset} and what follows differ"
            );
            return Err(Error::failed(what).of(disk.path().display()));
        }
    }
    Ok(())
}

/// Who may not read the parent must be believed.
fn unverified(context: &Context, disk: &Disk, error: Error) -> Result<(), Error> {
    let text = format!(
        "{error}; so it is not checked whether {} is the disk of the parent",
        disk.path().display()
    );
    context.progress.hint(&text);
    Ok(())
}

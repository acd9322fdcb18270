//! The list of a snapshot's blocks, page by page, as far ahead as is needed.

use std::pin::Pin;

use ami_core::ebs::{BlockPage, Ebs};
use ami_core::error::Error;
use ami_core::id::Id;

use crate::block::BLOCKS_PER_GIB;

/// What EBS says of tokens that it does not know, or knows no more: those of pages live for an hour,
/// those of blocks for seven days (EBS direct API reference, ListSnapshotBlocks).
pub(super) const STALE: &str = "ValidationException";

type Page<'a> = Pin<Box<dyn Future<Output = Result<BlockPage, Error>> + 'a>>;

/// A list being read.
pub(super) struct Listing<'a> {
    ebs: &'a Ebs,
    snapshot: &'a Id,
    /// The size of the volume, in GiB.
    size: u32,
    /// The page that was asked for.
    asked: Option<Page<'a>>,
    /// Where the page after the last one begins.
    next: Next,
    /// The first index that no page has gone by yet.
    from: u32,
}

/// What there is after the pages that were read.
enum Next {
    /// The first page.
    First,
    /// The page with that token.
    Page(String),
    /// Nothing.
    End,
}

impl<'a> Listing<'a> {
    /// Asks for the first page: it tells how large the volume is.
    ///
    /// # Errors
    /// What EBS answers, and an answer without a size.
    pub(super) async fn begin(ebs: &'a Ebs, snapshot: &'a Id) -> Result<Self, Error> {
        let first = ebs.blocks(snapshot, None).await;
        let first = first.map_err(|error| error.of(snapshot))?;
        if first.size == 0 {
            return Err(Error::failed("EBS does not say how large it is").of(snapshot));
        }
        Ok(Self {
            ebs,
            snapshot,
            size: first.size,
            asked: Some(Box::pin(std::future::ready(Ok(first)))),
            next: Next::First,
            from: 0,
        })
    }

    /// The size of the volume, in GiB.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// How many blocks the volume has.
    pub(super) fn blocks(&self) -> u32 {
        self.size.saturating_mul(BLOCKS_PER_GIB)
    }

    /// Is there nothing to come?
    pub(super) fn is_over(&self) -> bool {
        self.asked.is_none() && matches!(self.next, Next::End)
    }

    /// Has a page been asked for that has not come?
    pub(super) fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }

    /// Begins at the first page again, for new tokens.
    pub(super) fn restart(&mut self) {
        self.asked = None;
        self.next = Next::First;
        self.from = 0;
    }

    /// Asks for the next page, unless one is under way.
    pub(super) fn ask(&mut self) {
        if self.asked.is_some() {
            return;
        }
        let token = match &self.next {
            Next::First => None,
            Next::Page(token) => Some(token.clone()),
            Next::End => return,
        };
        let (ebs, snapshot) = (self.ebs, self.snapshot);
        self.asked = Some(Box::pin(async move {
            ebs.blocks(snapshot, token.as_deref()).await
        }));
    }

    /// The blocks of the page that was asked for. Nothing is lost where this is given up and asked
    /// again.
    ///
    /// # Errors
    /// What EBS answers, [`STALE`] when a page is asked for too late; and a list that is none.
    pub(super) async fn page(&mut self) -> Result<Vec<(u32, String)>, Error> {
        let page = match &mut self.asked {
            Some(page) => page.await,
            None => std::future::pending().await,
        };
        self.asked = None;
        let page = page.map_err(|error| error.of(self.snapshot))?;
        for (index, _) in &page.blocks {
            if *index < self.from || *index >= self.blocks() {
                let what = format!("EBS lists block {index} where it cannot be");
                return Err(Error::failed(what).of(self.snapshot));
            }
            self.from = index + 1;
        }
        self.next = page.next.map_or(Next::End, Next::Page);
        Ok(page.blocks)
    }
}

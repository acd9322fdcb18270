//! How far the own images of a region are listed.
//!
//! In an account of 50,000 images a list of all takes 50 calls, and a line may end after three. But
//! nobody knows beforehand how long a line is, nor how long a list. So lists are read in instalments,
//! and after each that did not end it, lines go on by ID for as many steps as the instalment took
//! calls. With instalments of 4, 4, 8, 16 pages and so on no line takes more than about twice the
//! calls of the cheaper way: one of seven generations takes 11 at most instead of 52.
//!
//! The first instalment reads regions of up to 4,000 images whole: three regions with 10,000 images
//! together take twelve calls, whatever the length of the line.

use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::image::Image;

/// Pages of the first instalment.
const FIRST: usize = 4;

/// What is known of one region's list.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// Pages that were read.
    pages: usize,
    /// Where the next page begins, once one was read.
    rest: Option<String>,
    is_complete: bool,
    /// Steps that are to be made by ID before the next instalment.
    by_id: usize,
}

impl List {
    /// One that was read by somebody else.
    pub(super) fn complete() -> Self {
        Self {
            is_complete: true,
            ..Self::default()
        }
    }

    /// Is the next step to be made by ID?
    pub(super) fn takes_step_by_id(&mut self) -> bool {
        let is_due = self.by_id > 0;
        self.by_id = self.by_id.saturating_sub(1);
        is_due || self.is_complete
    }

    /// Reads the next instalment.
    ///
    /// # Errors
    /// What EC2 answers; pages that were read before are not asked for again.
    pub(super) async fn read(
        &mut self,
        gateway: &Ec2,
        mut each: impl FnMut(Image),
    ) -> Result<(), Error> {
        let instalment = self.pages.max(FIRST);
        for _ in 0..instalment {
            let (images, rest) = gateway.page_of_own_images(self.rest.clone()).await?;
            images.into_iter().for_each(&mut each);
            self.pages += 1;
            self.rest = rest;
            if self.rest.is_none() {
                self.is_complete = true;
                return Ok(());
            }
        }
        self.by_id = instalment;
        Ok(())
    }
}

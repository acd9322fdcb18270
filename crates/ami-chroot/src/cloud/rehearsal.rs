//! A dry run: each changing call of a build is asked of EC2 as a dry run of its own.
//!
//! The volume of the build and its snapshot are not there yet. What is to be done with them is asked
//! about IDs that nothing bears, so that nothing could come to harm even where a dry run is not heeded.
//! A missing permission is told then; that there is no such thing says nothing.

use ami_core::ec2::{NewSnapshot, of_stand_in};
use ami_core::error::{Error, Fault};
use ami_core::id::Id;
use ami_core::tag::{self, Tag};

use super::site::Site;

const NO_VOLUME: &str = "vol-00000000000000000";
const NO_SNAPSHOT: &str = "snap-00000000000000000";
/// A name that volumes are attached by.
const DEVICE: &str = "/dev/sdf";

/// The calls that were asked about, and what EC2 would refuse.
pub(crate) struct Asking<'a, 'b> {
    site: &'b Site<'a>,
    refused: Vec<Error>,
}

impl<'a, 'b> Asking<'a, 'b> {
    pub(crate) fn new(site: &'b Site<'a>) -> Self {
        Self {
            site,
            refused: Vec::new(),
        }
    }

    /// Notes the answer to a call just as the build would make it. Others are asked about even so:
    /// whoever lacks one permission often lacks several.
    pub(crate) fn exactly(&mut self, asked: Result<(), Error>) -> Result<(), Error> {
        match asked {
            Err(error) if error.fault() == Fault::Final => self.refused.push(error),
            other => return other,
        }
        Ok(())
    }

    /// Asks about all that is done with the volume of a build, and with the snapshot of it, which is
    /// to bear these tags.
    pub(crate) async fn about_the_volume(&mut self, tags: Vec<Tag>) -> Result<(), Error> {
        let (ec2, instance) = (&self.site.ec2, &self.site.this.id);
        let (volume, snapshot) = (id(NO_VOLUME)?, id(NO_SNAPSHOT)?);
        let new = NewSnapshot {
            volume: volume.clone(),
            description: None,
            tags,
            run: self.site.run.clone(),
        };
        let asked = [
            ec2.may_attach_volume(&volume, instance, DEVICE).await,
            ec2.may_delete_on_termination(instance, DEVICE).await,
            ec2.may_create_snapshot(&new).await,
            ec2.may_detach_volume(&volume).await,
            ec2.may_delete_volume(&volume).await,
            ec2.may_delete_snapshot(&snapshot).await,
            ec2.may_delete_tags(&snapshot, tag::HOST).await,
        ];
        for asked in asked {
            let asked = of_stand_in(asked).map_err(|error| {
                error.hint(
                    "EC2 was asked about a thing that does not exist yet; a policy that goes by tags or \
                     IDs may allow it for the real one",
                )
            });
            self.exactly(asked)?;
        }
        Ok(())
    }

    /// Says all that EC2 would refuse but the last, which is the result.
    pub(crate) fn answer(mut self) -> Result<(), Error> {
        let last = self.refused.pop();
        for error in &self.refused {
            self.site.context.fail(error);
        }
        last.map_or(Ok(()), Err)
    }
}

fn id(text: &str) -> Result<Id, Error> {
    let parsed = text.parse::<Id>();
    parsed.map_err(|why| Error::failed(why.to_string()).of(text))
}

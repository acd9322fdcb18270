//! Where a build is done: this instance, and the gateway to EC2 in its region.

use std::future::Future;
use std::rc::Rc;

use ami_core::app::Context;
use ami_core::chance;
use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::session::ThisInstance;
use ami_core::tag::{self, Tag};

use super::halt::Halt;
use crate::mark::Mark;

/// This instance, and one run on it.
pub(crate) struct Site<'a> {
    pub(crate) context: &'a Context,
    pub(crate) this: ThisInstance,
    pub(crate) ec2: Rc<Ec2>,
    /// The UUID that marks all that this run makes.
    pub(crate) run: String,
}

impl<'a> Site<'a> {
    /// Asks the metadata service where we are.
    pub(crate) async fn find(context: &'a Context) -> Result<Self, Halt> {
        context.progress.trace("asking which instance this is");
        let this = unless_stopped(context, context.session.this_instance()).await?;
        if let Some(region) = &context.settings.region
            && *region != this.region
        {
            let what = format!(
                "this instance is in {}, and -r says {region}: volumes are attached within a region",
                this.region
            );
            return Err(Error::usage(what).into());
        }
        let ec2 = context.session.ec2(&this.region).await;
        let text = format!("this is {} in {}", this.id, this.zone);
        context.progress.trace(&text);
        Ok(Self {
            context,
            this,
            ec2,
            run: chance::run_id(),
        })
    }

    /// The tag by which a sweep tells whether this run still lives.
    pub(crate) fn mark(&self) -> Tag {
        Tag::new(tag::HOST, Mark::own(&self.this.id).value())
    }

    /// Does what changes nothing, and gives it up when the tool is asked to stop.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Halt> {
        unless_stopped(self.context, work).await
    }

    /// Between two steps: was the tool asked to stop?
    pub(crate) fn check_stop(&self) -> Result<(), Halt> {
        match self.context.interrupt.seen() {
            Some(_) => Err(Halt::Stopped),
            None => Ok(()),
        }
    }

    /// The error of a step. One that came because the tool was asked to stop is no failure.
    pub(crate) fn halt(&self, error: Error) -> Halt {
        match self.context.interrupt.seen() {
            Some(_) => Halt::Stopped,
            None => Halt::Failed(error),
        }
    }
}

async fn unless_stopped<T>(
    context: &Context,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Halt> {
    tokio::select! {
        biased;
        _ = context.interrupt.arrived() => Err(Halt::Stopped),
        done = work => Ok(done?),
    }
}

//! A node that is made for its bundle, and ended whatever happens.
//!
//! * `wishes`: what is asked for; `desk` has this run's key and the hosts' keys.
//! * `key_pair` and `machine` make what EC2 has of it, and remove that; `answer` waits for ssh.
//! * `provision` makes the node what is to be bundled; `switch` ends it where this side is gone.

mod answer;
mod desk;
mod key_pair;
mod machine;
mod provision;
pub(super) mod switch;
mod wishes;

use std::rc::Rc;

use ami_core::app::Context;
use ami_core::chance;
use ami_core::cleanup::Stack;
use ami_core::ec2::{Ec2, Node};
use ami_core::error::Error;
use ami_core::id::Id;
use ami_registration::until_stopped;
use tokio::time::Instant;

use super::request::Request;
use super::ssh::Ssh;
use super::{hosts, on_node};
use desk::Desk;

pub(super) use provision::prepare;
pub(super) use wishes::Launch;

/// One launch.
struct Site<'a> {
    context: &'a Context,
    launch: &'a Launch,
    ec2: Rc<Ec2>,
    /// The UUID that marks all that this run makes.
    run: String,
}

/// Asks EC2 whether it would let a node be made.
pub(super) async fn rehearse(context: &Context, launch: &Launch) -> Result<(), Error> {
    let site = Site::new(context, launch).await?;
    if launch.key_name.is_none() {
        site.may_import().await?;
    }
    // The key pair of a run is not there before it, and is left out.
    site.may_make(launch.key_name.clone()).await
}

/// Makes a node, does on it all that is to be done, and ends it. False when the tool was stopped.
pub(super) async fn run(
    context: &Context,
    request: &mut Request,
    launch: &Launch,
) -> Result<bool, Error> {
    let site = Site::new(context, launch).await?;
    let mut made = Stack::new();
    let worked = site.carry_out(request, &mut made).await;
    context.interrupt.begin_undoing();
    if context.interrupt.seen().is_some() && !made.is_empty() {
        let text = "removing what was made; a second signal stops at once";
        context.progress.hint(text);
    }
    for left in made.unwind().await {
        let what = format!("{} is still there: {}", left.what, left.error);
        let error = Error::failed(what).hint(format!("to remove it: {}", left.by_hand));
        context.fail(&error);
    }
    worked
}

impl<'a> Site<'a> {
    async fn new(context: &'a Context, launch: &'a Launch) -> Result<Self, Error> {
        let region = match &launch.image.region {
            Some(region) => region.clone(),
            None => context.session.region().await?,
        };
        Ok(Self {
            context,
            launch,
            ec2: context.session.ec2(&region).await,
            run: chance::run_id(),
        })
    }

    async fn carry_out(&self, request: &mut Request, made: &mut Stack<'a>) -> Result<bool, Error> {
        let with_key = self.launch.key_name.is_none();
        let Some(desk) = until_stopped(self.context, Desk::make(with_key)).await else {
            return Ok(false);
        };
        let desk = desk?;
        let key_name = match &desk.public {
            Some(public) => Some(self.import(public, made).await?),
            None => self.launch.key_name.clone(),
        };
        if self.context.interrupt.seen().is_some() {
            return Ok(false);
        }
        let id = self.make(key_name, made).await?;
        let mut node = None;
        let worked = self.with_node(request, &desk, &id, &mut node).await;
        if self.launch.keep {
            self.tell_kept(&id, node.as_ref(), request);
        }
        worked
    }

    /// From an instance that was asked for to the end of what is done on it.
    async fn with_node(
        &self,
        request: &mut Request,
        desk: &Desk,
        id: &Id,
        found: &mut Option<Node>,
    ) -> Result<bool, Error> {
        let deadline = Instant::now() + self.launch.timeout;
        let Some(node) = until_stopped(self.context, self.running(id, deadline)).await else {
            return Ok(false);
        };
        let node = found.insert(node?);
        let host = hosts::address(self.context, request, node)?;
        let ssh = Ssh::new(request, host).of_new_node(desk.words(), !self.launch.keep);
        let answer = answer::wait(self.context, &ssh, deadline, self.launch.timeout);
        match until_stopped(self.context, answer).await {
            Some(answered) => answered?,
            None => return Ok(false),
        }
        on_node(self.context, request, &ssh).await
    }
}

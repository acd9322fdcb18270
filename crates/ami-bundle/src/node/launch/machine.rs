//! The instance: made, waited for, ended.

use std::rc::Rc;
use std::time::Duration;

use ami_core::app::Context;
use ami_core::chance;
use ami_core::cleanup::Stack;
use ami_core::ec2::{Ec2, NO_CAPACITY, NewInstance, Node};
use ami_core::error::{Error, Fault, Kind};
use ami_core::escape::escape;
use ami_core::id::Id;
use ami_core::retry::Backoff;
use ami_core::tag::Tag;
use ami_core::time::format_duration;
use tokio::time::{Instant, sleep};

use super::{Site, switch};
use crate::node::hosts;
use crate::node::request::Request;

/// How long EC2 may take to begin with an instance's end.
const ENDING: Duration = Duration::from_secs(2 * 60);

impl<'a> Site<'a> {
    /// Makes the instance. From before the call on it is on the stack, since an answer may be lost.
    pub(super) async fn make(
        &self,
        key_name: Option<String>,
        made: &mut Stack<'a>,
    ) -> Result<Id, Error> {
        let new = self.instance(key_name);
        let region = self.ec2.region();
        self.context.progress.hint(&format!(
            "launching a {} of {} in {region}",
            new.instance_type, new.image
        ));
        let by_hand = format!(
            "aws ec2 describe-instances --region {region} --filters Name=client-token,Values={} finds it",
            new.token
        );
        let undo = end_any(self.context, Rc::clone(&self.ec2), new.token.clone());
        let unknown = made.push("an instance that may have been launched", by_hand, undo);
        // A call under way is not given up: what it makes could not be found as surely.
        let id = match self.ec2.run_instance(&new).await {
            Ok(id) => id,
            Err(error) => {
                if error.fault() != Fault::Uncertain {
                    made.release(unknown);
                }
                return Err(self.explain(error));
            }
        };
        made.release(unknown);
        if !self.launch.keep {
            let undo = end(self.context, Rc::clone(&self.ec2), id.clone());
            made.push(format!("instance {id}"), by_hand_of(&self.ec2, &id), undo);
        }
        self.context.progress.trace(&format!("{id} is launched"));
        Ok(id)
    }

    /// Would that be allowed?
    pub(super) async fn may_make(&self, key_name: Option<String>) -> Result<(), Error> {
        let asked = self.ec2.may_run_instance(&self.instance(key_name)).await;
        asked.map_err(|error| self.explain(error))
    }

    fn instance(&self, key_name: Option<String>) -> NewInstance {
        let launch = self.launch;
        let image = &launch.image.id;
        NewInstance {
            image: image.clone(),
            instance_type: launch.instance_type.clone(),
            key_name,
            groups: launch.groups.clone(),
            subnet: launch.subnet.clone(),
            user_data: (!launch.keep).then(|| switch::USER_DATA.to_owned()),
            tags: vec![Tag::new("Name", format!("ami-bundle {image}"))],
            run: self.run.clone(),
            token: self.run.clone(),
        }
    }

    /// Says what to do about a refusal.
    fn explain(&self, error: Error) -> Error {
        let hint = match error.code() {
            Some(NO_CAPACITY) => {
                "another --instance-type, or a --subnet in another zone, may have room"
            }
            Some("VPCIdNotSpecified") => {
                "the account has no default VPC there; name one of its own with --subnet"
            }
            _ => "",
        };
        let error = error.of(&self.launch.image.id);
        match hint {
            "" => error,
            hint => error.hint(hint),
        }
    }

    /// Waits until the instance runs.
    pub(super) async fn running(&self, id: &Id, deadline: Instant) -> Result<Node, Error> {
        let start = Instant::now();
        let line = self.context.progress.watch(id.as_str());
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5), 1.4);
        loop {
            let node = self.ec2.node(id).await?;
            let state = node.as_ref().map(|node| node.state.as_str());
            match (node.as_ref(), state) {
                (Some(_), Some("pending")) => {}
                (Some(node), Some("running")) => return Ok(node.clone()),
                (Some(node), _) => return Err(lost(node)),
                // What was made a moment ago may not be known everywhere.
                (None, _) if start.elapsed() < self.ec2.grace() => {}
                (None, _) => {
                    let what = format!("EC2 does not know it in {}", self.ec2.region());
                    return Err(Error::new(Kind::NotFound, what).of(id));
                }
            }
            if let Some(line) = &line {
                line.show(state.unwrap_or("not known yet"), None);
            }
            if Instant::now() >= deadline {
                let limit = format_duration(self.launch.timeout);
                let what = format!("is not running after {limit}");
                return Err(Error::new(Kind::TimedOut, what).of(id));
            }
            let pause = backoff.next(chance::fraction());
            sleep(pause.min(deadline.duration_since(Instant::now()))).await;
        }
    }

    /// Says what is kept, and how it is ended.
    pub(super) fn tell_kept(&self, id: &Id, node: Option<&Node>, request: &Request) {
        let address = node.and_then(|node| hosts::of_node(request, node));
        let at = address.map(|address| format!(" at {}", escape(&address)));
        let at = at.unwrap_or_default();
        let by_hand = by_hand_of(&self.ec2, id);
        let mut text = format!("instance {id} is kept{at}; to terminate it: {by_hand}");
        if self.launch.key_name.is_none() {
            text +=
                "; the key of this run, which let ssh in, is gone: --key-name names one that stays";
        }
        self.context.progress.insist(&text);
    }
}

fn lost(node: &Node) -> Error {
    let why = node
        .reason
        .as_deref()
        .map(|why| format!(": {}", escape(why)));
    let why = why.unwrap_or_default();
    let what = format!("went to {} instead of running{why}", node.state);
    Error::failed(what).of(&node.id)
}

fn by_hand_of(ec2: &Ec2, id: &Id) -> String {
    let region = ec2.region();
    format!("aws ec2 terminate-instances --region {region} --instance-ids {id}")
}

/// Ends what a call has made whose answer was lost, if there is any.
async fn end_any(context: &Context, ec2: Rc<Ec2>, token: String) -> Result<(), Error> {
    let start = Instant::now();
    let mut backoff = Backoff::for_calls();
    loop {
        let found = ec2.instances_of_token(&token).await?;
        let is_over = start.elapsed() >= ec2.grace();
        if !found.is_empty() || is_over {
            for id in found {
                let ended = end(context, Rc::clone(&ec2), id.clone()).await;
                ended.map_err(|error| error.of(&id).adding(&by_hand_of(&ec2, &id)))?;
            }
            return Ok(());
        }
        sleep(backoff.next(chance::fraction())).await;
    }
}

/// Ends an instance, and sees that it does.
async fn end(context: &Context, ec2: Rc<Ec2>, id: Id) -> Result<(), Error> {
    let start = Instant::now();
    let mut backoff = Backoff::for_calls();
    loop {
        let asked = ec2.terminate_instance(&id).await;
        let is_unknown = |error: &Error| error.kind() == Kind::NotFound;
        match asked {
            // It may be too new to be known; what stays unknown is gone.
            Err(error) if is_unknown(&error) && start.elapsed() >= ec2.grace() => return Ok(()),
            Err(error) if is_unknown(&error) => {}
            Err(error) => return Err(error),
            // EC2 has taken the call; who may not look believes it.
            Ok(()) => match ec2.node(&id).await.ok().flatten() {
                Some(node) if !node.is_ending() => {
                    if start.elapsed() >= ENDING {
                        return Err(Error::failed(format!("it is {}", node.state)));
                    }
                }
                _ => {
                    let text = format!("instance {id} is being terminated");
                    context.progress.hint(&text);
                    return Ok(());
                }
            },
        }
        sleep(backoff.next(chance::fraction())).await;
    }
}

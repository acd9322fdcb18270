//! RunInstances and TerminateInstances, for one instance that a run needs for itself.

use std::cell::Cell;

use aws_sdk_ec2::types::{InstanceType, ResourceType, ShutdownBehavior};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::create_image::{filter, specification};
use super::described::id;
use super::{Ec2, would_be_allowed};
use crate::error::{Error, Fault};
use crate::id::Id;
use crate::tag::{self, Tag};

/// EC2's answer where a zone has no machine of that type left.
pub const NO_CAPACITY: &str = "InsufficientInstanceCapacity";

/// An instance to be launched, which ends for good when it shuts down. What is not said is left to EC2.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// The image.
    pub image: Id,
    /// Its type, such as `t3.small`.
    pub instance_type: String,
    /// The name of a key pair.
    pub key_name: Option<String>,
    /// IDs of security groups.
    pub groups: Vec<String>,
    /// The ID of a subnet.
    pub subnet: Option<String>,
    /// What it finds as its user data, as text.
    pub user_data: Option<String>,
    /// Its tags, and those of its volumes.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
    /// By which EC2 knows the request again: two requests with one token make one instance.
    pub token: String,
}

impl Ec2 {
    /// Launches an instance; with its tags on it and its volumes from the first moment. However often
    /// the call has to be made, there will be one.
    ///
    /// # Errors
    /// What EC2 refuses; with [`Fault::Uncertain`] when an answer was lost and an instance may run, which
    /// [`instances_of_token`](Self::instances_of_token) finds.
    pub async fn run_instance(&self, new: &NewInstance) -> Result<Id, Error> {
        let in_doubt = Cell::new(false);
        let made = self
            .patiently(async || {
                let made = self.send_run_instance(new, false).await;
                let is_lost = |error: &Error| error.fault() == Fault::Passing;
                in_doubt.set(in_doubt.get() || made.as_ref().is_err_and(is_lost));
                made
            })
            .await;
        made.map_err(|error| match in_doubt.get() {
            true => error.with_fault(Fault::Uncertain),
            false => error,
        })
    }

    /// Asks EC2 whether [`run_instance`](Self::run_instance) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_run_instance(&self, new: &NewInstance) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_run_instance(new, true).await)
            .await;
        would_be_allowed(asked)
    }

    async fn send_run_instance(&self, new: &NewInstance, dry_run: bool) -> Result<Id, Error> {
        let mut tags = new.tags.clone();
        tags.push(Tag::new(tag::RUN, &new.run));
        let groups = (!new.groups.is_empty()).then(|| new.groups.clone());
        let data = new.user_data.as_ref().map(|text| STANDARD.encode(text));
        let call = self
            .client
            .run_instances()
            .image_id(new.image.as_str())
            .instance_type(InstanceType::from(new.instance_type.as_str()))
            .min_count(1)
            .max_count(1)
            .set_key_name(new.key_name.clone())
            .set_security_group_ids(groups)
            .set_subnet_id(new.subnet.clone())
            .set_user_data(data)
            .instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate)
            .client_token(&new.token)
            .set_dry_run(dry_run.then_some(true))
            .tag_specifications(specification(ResourceType::Instance, &tags))
            .tag_specifications(specification(ResourceType::Volume, &tags))
            .send();
        let answer = self.once("RunInstances", call).await?;
        let made = answer.instances().iter().next();
        made.and_then(|made| id(made.instance_id())).ok_or_else(|| {
            Error::failed("EC2 launched an instance without giving its ID")
                .with_fault(Fault::Passing)
        })
    }

    /// The instances that were launched with a token and are not gone yet.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn instances_of_token(&self, token: &str) -> Result<Vec<Id>, Error> {
        let filters = vec![filter("client-token", [token.to_owned()])];
        let found = self
            .patiently(async || self.all_instances(Vec::new(), filters.clone()).await)
            .await?;
        let found = found.iter().filter_map(super::nodes::node);
        let there = found.filter(|node| !node.is_ending());
        Ok(there.map(|node| node.id).collect())
    }

    /// Terminates an instance. One that is gone already is terminated, too.
    ///
    /// # Errors
    /// What EC2 refuses; an instance that it does not know, or not yet, is an error as well.
    pub async fn terminate_instance(&self, instance: &Id) -> Result<(), Error> {
        let call = || {
            self.client
                .terminate_instances()
                .instance_ids(instance.as_str())
        };
        self.patiently(async || self.once("TerminateInstances", call().send()).await)
            .await
            .map(drop)
    }
}

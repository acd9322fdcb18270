//! Instances as machines that one logs in to.

use std::collections::BTreeMap;

use aws_sdk_ec2::types as sdk;

use super::Ec2;
use super::create_image::{escape_wildcards, filter};
use super::described::{id, state};
use crate::error::{Error, Kind as ErrorKind};
use crate::id::Id;
use crate::resource::State;

/// An instance, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its ID.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// Its public address, if it has one.
    pub public: Option<String>,
    /// Its private address, if it has one.
    pub private: Option<String>,
    /// Why it went to its state, in EC2's words.
    pub reason: Option<String>,
}

impl Node {
    /// Is it on the way to be gone, or gone already?
    pub fn is_ending(&self) -> bool {
        matches!(self.state.as_str(), "shutting-down" | "terminated")
    }
}

impl Ec2 {
    /// Describes one instance; `None` when EC2 knows no such one.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn node(&self, instance: &Id) -> Result<Option<Node>, Error> {
        let ids = vec![instance.to_string()];
        let found = self
            .patiently(async || self.all_instances(ids.clone(), Vec::new()).await)
            .await;
        match found {
            Ok(found) => Ok(found.iter().find_map(node)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The running instances of a group, by ID: those in the security group of that ID or name, and
    /// those whose tag `group` or `Name` has that value.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn nodes_of_group(&self, group: &str) -> Result<Vec<Node>, Error> {
        let mut nodes = BTreeMap::new();
        for by in [
            "instance.group-id",
            "instance.group-name",
            "tag:group",
            "tag:Name",
        ] {
            let filters = vec![
                filter("instance-state-name", ["running".to_owned()]),
                filter(by, [escape_wildcards(group)]),
            ];
            let found = self
                .patiently(async || self.all_instances(Vec::new(), filters.clone()).await)
                .await?;
            nodes.extend(found.iter().filter_map(node).map(|it| (it.id.clone(), it)));
        }
        Ok(nodes.into_values().collect())
    }
}

pub(super) fn node(instance: &sdk::Instance) -> Option<Node> {
    let name = instance.state().and_then(|state| state.name());
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let tag = instance.tags().iter().find(|tag| tag.key() == Some("Name"));
    let reason = instance.state_reason().and_then(|why| why.message());
    Some(Node {
        id: id(instance.instance_id())?,
        state: state(name.map(|name| name.as_str())),
        name: some(tag.and_then(|tag| tag.value())),
        public: some(instance.public_ip_address()),
        private: some(instance.private_ip_address()),
        reason: some(reason),
    })
}

//! What is to be known of an instance that volumes are attached to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types as sdk;

use super::Ec2;
use super::create_image::filter;
use super::described::{id, state};
use crate::error::{Error, Kind as ErrorKind};
use crate::id::Id;
use crate::resource::State;

/// An instance, and the devices that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceDetails {
    /// Its ID.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// Its zone.
    pub zone: String,
    /// The names of its devices that are taken.
    pub devices: BTreeSet<String>,
}

impl Ec2 {
    /// Describes one instance; `None` when EC2 knows no such one.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn instance_details(&self, instance: &Id) -> Result<Option<InstanceDetails>, Error> {
        let ids = vec![instance.to_string()];
        let found = self
            .patiently(async || self.all_instances(ids.clone(), Vec::new()).await)
            .await;
        match found {
            Ok(found) => Ok(found.iter().find_map(details)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The states of some instances; those that EC2 knows no more, or not yet, are left out.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn instance_states(&self, ids: &BTreeSet<Id>) -> Result<BTreeMap<Id, State>, Error> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        // By a filter unknown ones are left out, where by ID they would be an error for all.
        let filters = vec![filter("instance-id", ids.iter().map(Id::to_string))];
        let found = self
            .patiently(async || self.all_instances(Vec::new(), filters.clone()).await)
            .await?;
        let found = found.iter().filter_map(details);
        Ok(found
            .map(|instance| (instance.id, instance.state))
            .collect())
    }
}

fn details(instance: &sdk::Instance) -> Option<InstanceDetails> {
    let name = instance.state().and_then(|state| state.name());
    let zone = instance
        .placement()
        .and_then(|place| place.availability_zone());
    let devices = instance.block_device_mappings().iter();
    Some(InstanceDetails {
        id: id(instance.instance_id())?,
        state: state(name.map(|name| name.as_str())),
        zone: zone.unwrap_or_default().to_owned(),
        devices: devices
            .filter_map(|mapping| mapping.device_name().map(str::to_owned))
            .collect(),
    })
}

//! Where RunInstances puts instances: the subnet, the security groups, the key pair.

use crate::model::id::Kind;
use crate::model::network::Subnet;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::world::Region;

use super::call::Invocation;
use super::regions::zones;
use super::{key_pairs, security_groups};

/// What a launch says about its place.
pub(crate) struct WantedPlace {
    zone: Option<String>,
    subnet: Option<String>,
    group_ids: Vec<String>,
    group_names: Vec<String>,
    key_name: Option<String>,
}

/// The place as it is.
pub(crate) struct Place {
    pub(crate) zone: String,
    pub(crate) groups: Vec<String>,
    pub(crate) key_name: Option<String>,
}

impl WantedPlace {
    /// Subnet and groups come in the call or in its first network interface, not in both
    /// (RunInstances in the API reference).
    pub(crate) fn take(params: &Params) -> Result<Self, ApiError> {
        let placement = params.section("Placement");
        let mut place = WantedPlace {
            zone: placement.filled("AvailabilityZone"),
            subnet: params.filled("SubnetId"),
            group_ids: params.strings("SecurityGroupId"),
            group_names: params.strings("SecurityGroup"),
            key_name: params.filled("KeyName"),
        };
        if let Some(interface) = params.structs("NetworkInterface").into_iter().next() {
            let (subnet, groups) = (
                interface.opt("SubnetId"),
                interface.strings("SecurityGroupId"),
            );
            if place.subnet.is_some() || !place.group_ids.is_empty() {
                let message = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
                return Err(ApiError::combination(message));
            }
            (place.subnet, place.group_ids) = (subnet, groups);
        }
        Ok(place)
    }

    /// Finds what is named, and the default for what is not.
    pub(crate) fn resolve(&self, call: &Invocation<'_>) -> Result<Place, ApiError> {
        let me = &*call.caller.account;
        if let Some(name) = &self.key_name {
            let key = key_pairs::by_name(call.region(), me, name);
            key.ok_or_else(|| Kind::KeyPair.not_found(&[name]))?;
        }
        Ok(Place {
            zone: self.zone(me, &call.caller.region)?,
            groups: self.groups(call.region(), me)?,
            key_name: self.key_name.clone(),
        })
    }

    fn zone(&self, account: &str, region: &str) -> Result<String, ApiError> {
        let mut names = zones(region).into_iter().map(|zone| zone.name);
        if let Some(id) = &self.subnet {
            let found = names.find(|zone| Subnet::of(account, zone).id == *id);
            return found.ok_or_else(|| {
                let message = format!("The subnet ID '{id}' does not exist");
                ApiError::client("InvalidSubnetID.NotFound", message)
            });
        }
        let Some(wanted) = &self.zone else {
            return Ok(format!("{region}a"));
        };
        let found = names.find(|zone| zone == wanted);
        found.ok_or_else(|| {
            let message = format!("Invalid availability zone: [{wanted}]");
            ApiError::client("InvalidParameterValue", message)
        })
    }

    fn groups(&self, region: &Region, account: &str) -> Result<Vec<String>, ApiError> {
        let mut ids = Vec::new();
        for id in &self.group_ids {
            ids.push(security_groups::by_id(region, account, id)?.id.clone());
        }
        let default = security_groups::DEFAULT.to_owned();
        let none = self.group_ids.is_empty() && self.group_names.is_empty();
        for name in self.group_names.iter().chain(none.then_some(&default)) {
            let group = security_groups::by_name(region, account, name);
            let group = group.ok_or_else(|| Kind::SecurityGroup.not_found(&[name]))?;
            ids.push(group.id.clone());
        }
        Ok(ids)
    }
}

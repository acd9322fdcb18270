//! DescribeRegions and DescribeAvailabilityZones.

use crate::config::OptIn;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::filters::Filters;

/// Lists regions: the enabled ones, or all of them.
pub(crate) struct DescribeRegions {
    names: Vec<String>,
    all: bool,
    filters: Filters,
}

impl Action for DescribeRegions {
    fn take(params: &Params) -> Result<Self, ApiError> {
        const KNOWN: [&str; 3] = ["endpoint", "opt-in-status", "region-name"];
        Ok(DescribeRegions {
            names: params.strings("RegionName"),
            all: params.flag("AllRegions")?.unwrap_or(false),
            filters: Filters::take(params, &KNOWN)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let specs = &call.world().specs;
        let unknown = |name: &&String| specs.iter().all(|spec| spec.name != **name);
        if let Some(name) = self.names.iter().find(unknown) {
            let message = format!("Invalid values '{name}' for region names");
            return Err(ApiError::client("InvalidParameterValue", message));
        }
        let shown = specs.iter().filter(|spec| {
            let named = self.names.is_empty() || self.names.contains(&spec.name);
            let value = |filter: &str| match filter {
                "endpoint" => vec![endpoint(&spec.name)],
                "opt-in-status" => vec![spec.opt_in.as_str().to_owned()],
                _ => vec![spec.name.clone()],
            };
            // A region that is not enabled is shown when all are asked for, or when it is named.
            let enabled = spec.opt_in != OptIn::NotOptedIn || self.all || !self.names.is_empty();
            named && enabled && self.filters.pass(|_| true, value)
        });
        let mut xml = Xml::new();
        xml.list("regionInfo", shown, |xml, spec| {
            xml.text("regionName", &spec.name)
                .text("regionEndpoint", endpoint(&spec.name));
            xml.text("optInStatus", spec.opt_in.as_str());
        });
        Ok(xml)
    }
}

/// Lists the zones of the region of the call.
pub(crate) struct DescribeZones {
    names: Vec<String>,
    ids: Vec<String>,
    filters: Filters,
}

impl Action for DescribeZones {
    fn take(params: &Params) -> Result<Self, ApiError> {
        const KNOWN: [&str; 7] = [
            "group-name",
            "opt-in-status",
            "region-name",
            "state",
            "zone-id",
            "zone-name",
            "zone-type",
        ];
        params.accept("AllAvailabilityZones");
        Ok(DescribeZones {
            names: params.strings("ZoneName"),
            ids: params.strings("ZoneId"),
            filters: Filters::take(params, &KNOWN)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let region = &*call.caller.region;
        let zones = zones(region);
        let unknown = self
            .names
            .iter()
            .find(|name| zones.iter().all(|zone| zone.name != **name));
        if let Some(name) = unknown {
            let message = format!("Invalid availability zone: [{name}]");
            return Err(ApiError::client("InvalidParameterValue", message));
        }
        let shown = zones.iter().filter(|zone| {
            let value = |filter: &str| {
                vec![match filter {
                    "group-name" | "region-name" => region.to_owned(),
                    "opt-in-status" => "opt-in-not-required".to_owned(),
                    "state" => "available".to_owned(),
                    "zone-id" => zone.id.clone(),
                    "zone-name" => zone.name.clone(),
                    _ => "availability-zone".to_owned(),
                }]
            };
            (self.names.is_empty() || self.names.contains(&zone.name))
                && (self.ids.is_empty() || self.ids.contains(&zone.id))
                && self.filters.pass(|_| true, value)
        });
        let mut xml = Xml::new();
        xml.list("availabilityZoneInfo", shown, |xml, zone| {
            xml.text("zoneName", &zone.name)
                .text("zoneId", &zone.id)
                .text("zoneState", "available");
            xml.text("regionName", region).text("groupName", region);
            xml.text("networkBorderGroup", region)
                .text("zoneType", "availability-zone");
            xml.text("optInStatus", "opt-in-not-required")
                .list("messageSet", [(); 0], |_, ()| {});
        });
        Ok(xml)
    }
}

/// A zone with its name, such as `us-east-1a`, and its ID, such as `use1-az1`.
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) id: String,
}

/// Every region has three zones here.
pub(crate) fn zones(region: &str) -> Vec<Zone> {
    let zone = |(n, letter)| Zone {
        name: format!("{region}{letter}"),
        id: format!("{}-az{n}", short(region)),
    };
    (1..).zip(["a", "b", "c"]).map(zone).collect()
}

/// `ap-southeast-2` is `apse2` in the IDs of zones.
fn short(region: &str) -> String {
    let mut parts = region.split('-');
    let (area, place) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let first = place.chars().next();
    let second = ["northeast", "southeast", "northwest", "southwest"]
        .contains(&place)
        .then(|| place.chars().nth(5))
        .flatten();
    let letters: String = first.into_iter().chain(second).collect();
    format!("{area}{letters}{}", parts.next().unwrap_or_default())
}

fn endpoint(region: &str) -> String {
    format!("ec2.{region}.amazonaws.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_shorten_the_region() {
        assert_eq!(zones("us-east-1")[0].id, "use1-az1");
        assert_eq!(zones("ap-southeast-2")[2].id, "apse2-az3");
    }
}
